"""Checks across sections. Each names the sections it needs, and runs when those are valid by themselves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from settings.api import ApiSettings
from settings.base import Environment, weekly, windows_overlap
from settings.bastion import BastionSettings
from settings.cache import CacheSettings, Eviction
from settings.compute import FLEET, ComputeSettings
from settings.database import AuroraSettings, DatabaseSettings
from settings.directory import DirectorySettings
from settings.edge import EdgeSettings, ViewerAccess
from settings.frontend import FrontendSettings
from settings.identity import IdentitySettings
from settings.jurisdiction import FACTS, Jurisdiction, zones
from settings.naming import NamingSettings
from settings.network import GatewayService, InterfaceService, Nat, NetworkSettings, Traffic
from settings.objectives import objectives, unmet
from settings.observability import ObservabilitySettings
from settings.problems import Problem, namespaced
from settings.recovery import RecoverySettings
from settings.secrets import SecretsSettings, split_reference
from settings.storage import BucketDataClass, StorageSettings
from settings.subnets import misfits
from settings.tags import TagsSettings

Check = Callable[..., Iterator[Problem]]

LOG_FLOOR_DAYS = 365  # ALL-10
CDN_CERTIFICATE_REGION = "us-east-1"  # ALL-07
_LONGEST_BUCKET_NAME = 63
_STARTS_CLEAR_OF_WINDOWS = 4  # a day
_CHECKS: list[Check] = []


def _check(function: Check) -> Check:
    _CHECKS.append(function)
    return function


def run(valid: Mapping[str, Any]) -> list[Problem]:
    """Problems of every check whose sections are all in `valid`."""
    problems: list[Problem] = []
    for check in _CHECKS:
        needed = list(inspect.signature(check).parameters)
        if all(name in valid for name in needed):
            problems += check(**{name: valid[name] for name in needed})
    return problems


def _problem(path: str, expected: str, found: object, fix: str = "") -> Problem:
    section, dot, rest = path.partition(".")
    return Problem(path=f"{namespaced(section)}{dot}{rest}", expected=expected, found=str(found), fix=fix)


@_check
def _home(jurisdiction: Jurisdiction, region: str) -> Iterator[Problem]:
    """The home region lies in the jurisdiction; no waiver changes that (ALL-15, BER-OPS-09)."""
    regions = FACTS[jurisdiction].regions
    if region not in regions:
        expected = f"{' or '.join(regions)}, the regions of jurisdiction {jurisdiction}"
        yield _problem("region", expected, region, "Health data of this jurisdiction may live nowhere else.")


@_check
def _copies(
    jurisdiction: Jurisdiction, region: str, recovery: RecoverySettings | None, residency_waiver: Any
) -> Iterator[Problem]:
    """Copies stay in the jurisdiction unless a waiver is recorded (ALL-15, BER-N01)."""
    regions = FACTS[jurisdiction].regions
    waived = () if residency_waiver is None else residency_waiver.regions
    for position, extra in enumerate(waived):
        if extra in regions:
            yield _problem(
                f"residency_waiver.regions[{position}]", f"a region outside {jurisdiction}", extra, "Remove it."
            )
    if recovery is None or region not in regions:
        return
    allowed = [name for name in dict.fromkeys((*regions, *waived)) if name != region]
    if recovery.region not in allowed:
        fix = (
            ""
            if recovery.region == region
            else f"To keep copies elsewhere, record the decision under {namespaced('residency_waiver')}."
        )
        yield _problem(
            "recovery.region",
            f"{' or '.join(allowed)}, a region of {jurisdiction} other than {region}",
            recovery.region,
            fix,
        )


@_check
def _zones(region: str, network: NetworkSettings) -> Iterator[Problem]:
    """Zones exist in the region, each once."""
    offered = zones(region)
    for position, zone in enumerate(network.zones):
        path = f"network.zones[{position}]"
        if offered and zone not in offered:
            yield _problem(path, f"a zone of {region}: {', '.join(offered)}", zone)
        elif zone in network.zones[:position]:
            yield _problem(path, "every zone once", zone)


@_check
def _addresses(network: NetworkSettings) -> Iterator[Problem]:
    """Subnets fit the network and stay apart (ALL-03)."""
    for misfit in misfits(network):
        yield _problem(f"network.{misfit.path}", misfit.expected, misfit.found)


@_check
def _two_zones(
    environment: Environment,
    network: NetworkSettings,
    database: DatabaseSettings | None,
    cache: CacheSettings | None,
    queue: CacheSettings | None,
    edge: EdgeSettings | None,
) -> Iterator[Problem]:
    """Database, cache and load balancer need subnets in two zones (AWS); production always does (164.308(a)(7))."""
    if len(set(network.zones)) > 1:
        return
    needs = {
        "production": environment is Environment.PRODUCTION,
        "a database": database is not None,
        "a cache": cache is not None or queue is not None,
        "a load balancer": edge is not None and edge.load_balancer is not None,
    }
    wanting = [name for name, needed in needs.items() if needed]
    if wanting:
        yield _problem("network.zones", f"two or more zones, for {', '.join(wanting)}", ", ".join(network.zones))


@_check
def _flow_log_traffic(environment: Environment, network: NetworkSettings) -> Iterator[Problem]:
    """Production records all traffic: refused packets show attacks, accepted ones access (164.312(b), FAC-N31)."""
    if environment is Environment.PRODUCTION and network.flow_log_traffic is not Traffic.ALL:
        yield _problem("network.flow_log_traffic", "ALL in production", network.flow_log_traffic)


@_check
def _agreement(
    environment: Environment, jurisdiction: Jurisdiction, tags: TagsSettings, agreement: object
) -> Iterator[Problem]:
    """Production under HIPAA waits for the signed agreement with AWS (ALL-16, FAC-IAM-16)."""
    under_hipaa = tags.hipaa or jurisdiction is Jurisdiction.UNITED_STATES
    if environment is Environment.PRODUCTION and under_hipaa and agreement is None:
        fix = "Sign the AWS Business Associate Agreement (AWS Artifact), then record its date and reference."
        yield _problem("agreement", "signed and reference, of the agreement with AWS", "nothing", fix)


@_check
def _hipaa_tag(jurisdiction: Jurisdiction, tags: TagsSettings) -> Iterator[Problem]:
    """Systems under HIPAA say so on every resource (ALL-11)."""
    if jurisdiction is Jurisdiction.UNITED_STATES and not tags.hipaa:
        yield _problem("tags.hipaa", "true in the United States", "false", "Remove the key; true is the default.")


@_check
def _protected(environment: Environment, protect: bool) -> Iterator[Problem]:
    """Production stores refuse deletion (ALL-12)."""
    if environment is Environment.PRODUCTION and not protect:
        fix = "Remove the key; to delete a store on purpose, unprotect that one resource first."
        yield _problem("protect", "true in production", "false", fix)


@_check
def _log_floor(
    environment: Environment,
    network: NetworkSettings,
    compute: ComputeSettings | None,
    edge: EdgeSettings | None,
    api: ApiSettings | None,
) -> Iterator[Problem]:
    """Production keeps logs for a year (ALL-10)."""
    if environment is not Environment.PRODUCTION:
        return
    kept = {"network.flow_log_days": network.flow_log_days}
    if compute is not None:
        if compute.services:
            kept["compute.insights_days"] = compute.insights_days
        if compute.fleet is not None:
            kept["compute.fleet.log_days"] = compute.fleet.log_days
        kept |= {f"compute.services.{name}.log_days": service.log_days for name, service in compute.services.items()}
        kept |= {f"compute.functions.{name}.log_days": each.log_days for name, each in compute.functions.items()}
    if api is not None:
        kept["api.log_days"] = api.log_days
    if edge is not None and edge.web_acl is not None:
        kept["edge.web_acl.log_days"] = edge.web_acl.log_days
    if edge is not None and edge.vpn is not None:
        kept["edge.vpn.log_days"] = edge.vpn.log_days
    for path, days in kept.items():
        if days < LOG_FLOOR_DAYS:
            yield _problem(path, f"{LOG_FLOOR_DAYS} days or more in production", days)


@_check
def _public_edge(environment: Environment, edge: EdgeSettings | None) -> Iterator[Problem]:
    """Production has its own certificate, and patient objects need a signature (BER-N10, BER-N11, ALL-08)."""
    if environment is not Environment.PRODUCTION or edge is None or edge.cdn is None:
        return
    if edge.domain is None:
        fix = "CloudFront's own certificate admits TLS 1.0."
        yield _problem("edge.domain", "a domain for the CDN's certificate in production", "nothing", fix)
    if edge.cdn.viewer_access is ViewerAccess.OPEN:
        fix = "Give public_keys, and let the application sign URLs or cookies."
        yield _problem("edge.cdn.viewer_access", "signed in production", "open", fix)


@_check
def _cdn_buckets(edge: EdgeSettings | None, storage: StorageSettings) -> Iterator[Problem]:
    """A CDN serves buckets, and buckets marked for it have one (BER-EDG-01)."""
    served = storage.cdn_purposes
    cdn = None if edge is None else edge.cdn
    if cdn is None:
        for purpose in served:
            path = f"storage.buckets.{purpose}.served_by_cdn"
            yield _problem(path, "false without edge.cdn", "true", "Add edge.cdn, or remove the key.")
        return
    if not served:
        yield _problem("edge.cdn", "a bucket with served_by_cdn: true under storage.buckets", "none")
    elif cdn.default_bucket is not None and cdn.default_bucket not in served:
        yield _problem(
            "edge.cdn.default_bucket", f"one of {', '.join(served)}, the buckets the CDN serves", cdn.default_bucket
        )


@_check
def _break_glass(identity: IdentitySettings, observability: ObservabilitySettings) -> Iterator[Problem]:
    """Every use of the role for emergencies raises an alarm, which the audit trail feeds (164.312(a)(2)(ii), (b))."""
    if identity.break_glass is not None and observability.trail is None:
        yield _problem("observability.trail", "a trail, which sees identity.break_glass used", "null")


@_check
def _release_buckets(identity: IdentitySettings, storage: StorageSettings) -> Iterator[Problem]:
    """CI puts release archives into buckets the stack has, none of which holds patient data."""
    if identity.github is None:
        return
    for position, purpose in enumerate(identity.github.release_buckets):
        path, bucket = f"identity.github.release_buckets[{position}]", storage.buckets.get(purpose)
        if bucket is None:
            yield _problem(path, f"one of {', '.join(storage.buckets)}, under storage.buckets", purpose)
        elif bucket.data_class is not BucketDataClass.INTERNAL:
            yield _problem(path, "a bucket with data_class: internal", f"{purpose} ({bucket.data_class})")


@_check
def _cached_buckets(
    jurisdiction: Jurisdiction, edge: EdgeSettings | None, storage: StorageSettings
) -> Iterator[Problem]:
    """Edges keep patient data only where the jurisdiction has edges enough, of buckets they serve (BER-N12)."""
    cdn = None if edge is None else edge.cdn
    for position, purpose in enumerate(() if cdn is None else cdn.cached_buckets):
        path = f"edge.cdn.cached_buckets[{position}]"
        if purpose not in storage.cdn_purposes:
            yield _problem(path, f"one of {', '.join(storage.cdn_purposes)}, the buckets the CDN serves", purpose)
        elif jurisdiction is Jurisdiction.CANADA:
            fix = "Set edge.cdn.phi_cache_seconds, up to 300, instead."
            yield _problem(path, "no day-long copies at edges, which may lie outside Canada", purpose, fix)


@_check
def _bucket_names(
    system: str,
    environment: Environment,
    naming: NamingSettings,
    storage: StorageSettings,
    recovery: RecoverySettings | None,
) -> Iterator[Problem]:
    """Names of buckets and of their copies fit S3's limit (BER-TAG-02, BER-DR-14)."""
    word, account = naming.environment or environment, "1" * 12
    for purpose, bucket in storage.buckets.items():
        pattern = naming.bucket_names.get(purpose, naming.bucket)
        name = pattern.format(system=system, environment=word, part=purpose, account=account)
        if recovery is not None and bucket.wants_replica:
            name += "-dr"
        if len(name) > _LONGEST_BUCKET_NAME:
            expected = f"a bucket name of at most {_LONGEST_BUCKET_NAME} characters"
            yield _problem(
                f"storage.buckets.{purpose}", expected, f"{name} ({len(name)})", "Shorten the purpose or naming.bucket."
            )


@_check
def _replicas(storage: StorageSettings, recovery: RecoverySettings | None) -> Iterator[Problem]:
    """Replicas have a region to go to."""
    if recovery is not None:
        return
    for purpose, bucket in storage.buckets.items():
        if bucket.replicated:
            fix = f"Add {namespaced('recovery')}, or remove the key."
            yield _problem(f"storage.buckets.{purpose}.replicated", "false without a recovery region", "true", fix)


@_check
def _expiry(environment: Environment, storage: StorageSettings) -> Iterator[Problem]:
    """Production deletes patient data only when somebody answers for it; the law sets no such period (MSP-N05)."""
    if environment is not Environment.PRODUCTION:
        return
    for purpose, bucket in storage.buckets.items():
        cycle = bucket.lifecycle
        if bucket.data_class is BucketDataClass.PHI and cycle.expire_days is not None and not cycle.confirm_expiry:
            fix = "Add confirm_expiry: true when the law of every patient allows it, or remove expire_days."
            path = f"storage.buckets.{purpose}.lifecycle.expire_days"
            yield _problem(path, "no deletion of patient data in production", f"{cycle.expire_days} days", fix)


@_check
def _service_reachable(
    compute: ComputeSettings | None, edge: EdgeSettings | None, network: NetworkSettings
) -> Iterator[Problem]:
    """The application is behind the load balancer (BER-CMP-01); services reach the registry, by NAT or endpoints."""
    if compute is None:
        return
    if compute.targets and (edge is None or edge.load_balancer is None):
        yield _problem(
            "edge.load_balancer",
            "a load balancer in front of the application",
            "nothing",
            "Add load_balancer: {} and domain, or give services no paths.",
        )
    if network.nat is Nat.NONE and compute.services:
        wanted = [
            InterfaceService.ECR_API,
            InterfaceService.ECR_DKR,
            InterfaceService.KMS,
            InterfaceService.LOGS,
            InterfaceService.SECRETS_MANAGER,
        ]
        absent = [service.value for service in wanted if service not in network.interface_endpoints]
        if absent:
            expected = "ecr.api, ecr.dkr, kms, logs and secretsmanager, because services start without NAT"
            yield _problem("network.interface_endpoints", expected, f"no {', '.join(absent)}")
        if GatewayService.S3 not in network.gateway_endpoints:
            yield _problem(
                "network.gateway_endpoints", "s3, which serves image layers, because services start without NAT", "none"
            )


@_check
def _fleet(compute: ComputeSettings | None, network: NetworkSettings, storage: StorageSettings) -> Iterator[Problem]:
    """Instances reach package mirrors and their agents' APIs (FAC-NET-16), and their buckets exist (FAC-N02)."""
    if compute is None or compute.fleet is None:
        return
    if network.nat is Nat.NONE:
        yield _problem("network.nat", "one or per-zone, because instances install packages over HTTPS", network.nat)
    wanted = {f"compute.fleet.buckets.{purpose}": purpose for purpose in compute.fleet.buckets}
    wanted["compute.fleet.release.bucket"] = compute.fleet.release.bucket
    existing = ", ".join(storage.buckets) or "none"
    for path, purpose in wanted.items():
        if purpose not in storage.buckets:
            yield _problem(path, f"one of the buckets under storage.buckets: {existing}", purpose)


@_check
def _bastion(
    bastion: BastionSettings | None, compute: ComputeSettings | None, network: NetworkSettings
) -> Iterator[Problem]:
    """The bastion is reached through Systems Manager, and SSH leads to a fleet (FAC-N05, FAC-NET-13)."""
    if bastion is None:
        return
    if bastion.ssh is not None and (compute is None or compute.fleet is None):
        yield _problem("bastion.ssh", "nothing without compute.fleet, which SSH would lead to", "SSH settings")
    needed = (InterfaceService.SSM, InterfaceService.SSM_MESSAGES)
    absent = [service.value for service in needed if service not in network.interface_endpoints]
    if network.nat is Nat.NONE and absent:
        expected = "ssm and ssmmessages, because the bastion is reached through them without NAT"
        yield _problem("network.interface_endpoints", expected, f"no {', '.join(absent)}")


@_check
def _objectives(
    database: DatabaseSettings | None, storage: StorageSettings, recovery: RecoverySettings | None
) -> Iterator[Problem]:
    """Backups meet the recovery objectives, or the objective is refused with the reason (FAC-DR-01, BER-DR-04)."""
    if recovery is not None:
        for found in unmet(recovery, database, storage):
            yield _problem(f"recovery.{found.path}", found.expected, found.found, found.why)


@_check
def _backup_hour(
    database: DatabaseSettings | None, storage: StorageSettings, recovery: RecoverySettings | None
) -> Iterator[Problem]:
    """AWS Backup does not start in, or within an hour before, RDS's own windows (AWS Backup, "Amazon RDS backups").

    Backups every few hours cannot keep clear of them; one that RDS refuses is followed by the next.
    """
    if database is None or recovery is None:
        return
    hours = objectives(recovery, database, storage).start_hours
    if len(hours) > _STARTS_CLEAR_OF_WINDOWS:
        return
    for hour in sorted((recovery.backup_plan.daily_hour + hour) % 24 for hour in hours):
        started = f"{hour:02}:00-{(hour + 2) % 24:02}:00"  # the hour it may start in, and the hour that must stay free
        if windows_overlap(started, weekly(database.backup_window)) or windows_overlap(
            started, database.maintenance_window
        ):
            yield _problem(
                "recovery.backup_plan.daily_hour",
                "an hour that, with the next one, is clear of database.backup_window "
                f"{database.backup_window} and database.maintenance_window {database.maintenance_window}",
                hour,
            )


@_check
def _queue(cache: CacheSettings | None, queue: CacheSettings | None) -> Iterator[Problem]:
    """Job queues lose nothing, and both Redis answer at the port their security group opens (FAC-N16)."""
    if queue is None:
        return
    if queue.eviction is not Eviction.NOEVICTION:
        fix = "A full queue refuses new jobs; one that evicts would lose accepted ones."
        yield _problem("queue.eviction", Eviction.NOEVICTION, queue.eviction, fix)
    if cache is not None and cache.port != queue.port:
        yield _problem("queue.port", f"{cache.port}, the port of the cache", queue.port)


@_check
def _secret_references(
    secrets: SecretsSettings,
    storage: StorageSettings,
    database: DatabaseSettings | None,
    cache: CacheSettings | None,
) -> Iterator[Problem]:
    """Assembled secrets refer to what the system has (FAC-IAM-12)."""
    known = {"region", *(f"bucket.{purpose}" for purpose in storage.buckets)}
    if database is not None:
        known |= {"database.host", "database.port", "database.name"}
        if (database.readers if isinstance(database, AuroraSettings) else database.read_replicas) > 0:
            known.add("database.reader_host")
    if cache is not None:
        known |= {"cache.host", "cache.port"}
    for key, reference in secrets.references():
        if reference not in known:
            expected = f"something this system has: {', '.join(sorted(known))}"
            yield _problem(f"secrets.{key}", expected, reference)


@_check
def _service_secrets(compute: ComputeSettings | None, secrets: SecretsSettings) -> Iterator[Problem]:
    """Services name secrets, and fields, that exist (LWO-IAM-05)."""
    for name, service in ({} if compute is None else compute.services).items():
        for variable, reference in service.secrets.items():
            path, field = split_reference(reference)
            where = f"compute.services.{name}.secrets.{variable}"
            if path not in secrets.paths:
                yield _problem(where, f"one of {', '.join(secrets.paths) or 'the secrets under secrets'}", path)
                continue
            fields = secrets.fields(path)
            if fields and field not in fields:
                yield _problem(where, " or ".join(f"{path}#{each}" for each in fields), reference)
            elif not fields and field is not None:
                yield _problem(where, f"{path}, whose whole text is the value", reference)


@_check
def _application_user(compute: ComputeSettings | None, database: DatabaseSettings | None) -> Iterator[Problem]:
    """Tasks read a password when they start, so one that is rotated cannot be theirs (LWO-IAM-07, MSP-N26)."""
    if compute is None or not compute.services or database is None or database.rotated_every_days is None:
        return
    if database.application_username is None:
        fix = "Tasks read a password only when they start; the administrator's is rotated while they run."
        yield _problem("database.application_username", "a user of the application's own", "nothing", fix)


@_check
def _recorded_buckets(observability: ObservabilitySettings, storage: StorageSettings) -> Iterator[Problem]:
    """The trail records accesses to buckets of this stack (MSP-N17)."""
    trail = observability.trail
    for position, purpose in enumerate((trail and trail.data_events) or ()):
        if purpose not in storage.buckets:
            expected = f"one of {', '.join(storage.buckets) or 'the buckets under storage.buckets, which are none'}"
            yield _problem(f"observability.trail.data_events[{position}]", expected, purpose)


@_check
def _sign_in(
    environment: Environment, jurisdiction: Jurisdiction, directory: DirectorySettings | None
) -> Iterator[Problem]:
    """Production asks every user for a second factor (MSP-IAM-02); codes are mailed from the jurisdiction (ALL-15)."""
    if directory is None:
        return
    if environment is Environment.PRODUCTION and not directory.mfa.required:
        yield _problem("directory.mfa.required", "true in production", "false", "Remove the key; true is the default.")
    regions = FACTS[jurisdiction].regions
    if directory.email is not None and directory.email.region not in regions:
        yield _problem("directory.email.identity_arn", f"an identity in {' or '.join(regions)}", directory.email.region)


@_check
def _users_buckets(directory: DirectorySettings | None, storage: StorageSettings) -> Iterator[Problem]:
    """Users reach buckets that exist (MSP-IAM-09)."""
    if directory is None or directory.identity_pool is None:
        return
    for purpose in directory.identity_pool.buckets:
        if purpose not in storage.buckets:
            expected = f"a bucket under storage.buckets ({', '.join(storage.buckets) or 'there is none'})"
            yield _problem(f"directory.identity_pool.buckets.{purpose}", expected, purpose)


@_check
def _api_parts(
    api: ApiSettings | None,
    directory: DirectorySettings | None,
    compute: ComputeSettings | None,
    edge: EdgeSettings | None,
) -> Iterator[Problem]:
    """An API has users to admit, functions to call and a zone for its name (MSP-EDG-11, MSP-N28)."""
    if api is None:
        return
    functions = {} if compute is None else compute.functions
    for path, route in api.routes.items():
        if route.authenticated and directory is None:
            fix = f"Add {namespaced('directory')}, which issues the tokens, or make it false."
            yield _problem(f"api.routes.{path}.authenticated", "false without a user directory", "true", fix)
        if route.function is not None and route.function not in functions:
            expected = f"a function under compute.functions ({', '.join(functions) or 'there is none'})"
            yield _problem(f"api.routes.{path}.function", expected, route.function)
    if api.domain_name is not None:
        domain = None if edge is None else edge.domain
        if domain is None:
            yield _problem("api.domain_name", "none without edge.domain", api.domain_name, "Add edge.domain.")
        elif domain.zone_id is None and not api.domain_name.endswith(f".{domain.name}"):
            yield _problem(
                "api.domain_name",
                f"a name under {domain.name}, the zone that is created",
                api.domain_name,
                "Or give edge.domain.zone_id.",
            )
        elif api.domain_name in (domain.name, domain.cdn):
            yield _problem("api.domain_name", "a name other than those of edge.domain", api.domain_name)


@_check
def _api_origins(environment: Environment, api: ApiSettings | None) -> Iterator[Problem]:
    """Production answers web pages of exact HTTPS origins only (MSP-EDG-09)."""
    if api is None or environment is not Environment.PRODUCTION:
        return
    for position, origin in enumerate(api.cors.origins):
        if not origin.startswith("https://"):
            yield _problem(f"api.cors.origins[{position}]", "an exact https:// origin in production", origin)


@_check
def _functions(
    region: str,
    compute: ComputeSettings | None,
    identity: IdentitySettings,
    storage: StorageSettings,
    network: NetworkSettings,
) -> Iterator[Problem]:
    """A function's code and buckets exist, in its region (AWS Lambda API reference: FunctionCode), and the job that
    deploys it may read the code: Lambda asks S3 for it as its caller."""
    for name, function in ({} if compute is None else compute.functions).items():
        path = f"compute.functions.{name}"
        named = {f"{path}.buckets[{position}]": purpose for position, purpose in enumerate(function.buckets)}
        if function.package is not None:
            named[f"{path}.package.bucket"] = function.package.bucket
        for place, purpose in named.items():
            if purpose not in storage.buckets:
                expected = f"a bucket under storage.buckets ({', '.join(storage.buckets) or 'there is none'})"
                yield _problem(place, expected, purpose)
        package, github = function.package, identity.github
        if package is not None and github is not None and package.bucket not in github.release_buckets:
            expected = f"{package.bucket}, where the deploying job must read {path}.package"
            yield _problem("identity.github.release_buckets", expected, ", ".join(github.release_buckets) or "nothing")
        if function.image is not None and function.image.split(".")[3] != region:
            yield _problem(f"{path}.image", f"an image in a registry of {region}", function.image.split(".")[3])
        endpoints = network.interface_endpoints
        if function.database and network.nat is Nat.NONE and InterfaceService.SECRETS_MANAGER not in endpoints:
            expected = f"secretsmanager, because {path} reads the database's secret without NAT"
            yield _problem("network.interface_endpoints", expected, ", ".join(endpoints) or "none")


@_check
def _rotation(
    database: DatabaseSettings | None, compute: ComputeSettings | None, network: NetworkSettings
) -> Iterator[Problem]:
    """A function of this program that rotates passwords reaches what it needs, and breaks no sign-in (OMN-N13)."""
    if database is None or not database.rotates_own:
        return
    if network.nat is Nat.NONE:
        expected = "one or per-zone, because database.rotation_days gets the certificate authorities of RDS by HTTPS"
        yield _problem("network.nat", expected, network.nat)
    users: list[str] = []
    if compute is not None:
        fleet = [] if compute.fleet is None else [FLEET]
        users = [*compute.services, *fleet, *(name for name, each in compute.functions.items() if each.database)]
    if users and database.application_username is None:
        expected = (
            f"a user for {', '.join(users)}, which would go on with the administrator's password of before a rotation "
            "(database.rotation_days)"
        )
        yield _problem("database.application_username", expected, "none")
    if compute is not None and "rotation" in compute.functions:
        expected = "another name, because database.rotation_days makes a function of this one"
        yield _problem("compute.functions.rotation", expected, "rotation")


@_check
def _snapshot_copies(
    recovery: RecoverySettings | None,
    database: DatabaseSettings | None,
    compute: ComputeSettings | None,
    network: NetworkSettings,
) -> Iterator[Problem]:
    """A function of this program that copies snapshots finds some, and reaches RDS in both regions (BER-DR-13)."""
    if recovery is None or recovery.snapshot_copies is None:
        return
    if database is None:
        yield _problem("recovery.snapshot_copies", "none without a database", "some", "Remove the key.")
    if network.nat is Nat.NONE:
        expected = "one or per-zone, because recovery.snapshot_copies reaches RDS of the other region by HTTPS"
        yield _problem("network.nat", expected, network.nat)
    if compute is not None and "snapshot-copies" in compute.functions:
        expected = "another name, because recovery.snapshot_copies makes a function of this one"
        yield _problem("compute.functions.snapshot-copies", expected, "snapshot-copies")


@_check
def _frontend_facts(
    frontend: FrontendSettings | None,
    directory: DirectorySettings | None,
    api: ApiSettings | None,
    edge: EdgeSettings | None,
    storage: StorageSettings,
) -> Iterator[Problem]:
    """A browser application is told what exists (MSP-OUT-01 to 08)."""
    if frontend is None:
        return
    exists = {
        "region": True,
        "user_pool_id": directory is not None,
        "user_pool_client_id": directory is not None,
        "identity_pool_id": directory is not None and directory.identity_pool is not None,
        "api_endpoint": api is not None,
        "cdn_url": edge is not None and edge.cdn is not None,
        **{f"buckets.{purpose}": True for purpose in storage.buckets},
    }
    there = ", ".join(fact for fact, present in exists.items() if present)
    for name, fact in frontend.variables.items():
        if not exists.get(fact, False):
            yield _problem(f"frontend.variables.{name}", f"something this stack has: {there}", fact)


@_check
def _database_user(compute: ComputeSettings | None, database: DatabaseSettings | None) -> Iterator[Problem]:
    """Tokens open a database that takes them (LWO-N07)."""
    if compute is None or compute.database_user is None:
        return
    if database is None or not database.iam_authentication:
        expected = "nothing without a database that has iam_authentication: true"
        yield _problem("compute.database_user", expected, compute.database_user)


@_check
def _certificates(region: str, edge: EdgeSettings | None) -> Iterator[Problem]:
    """Certificates are where they are used: the load balancer's and the VPN's at home, the CDN's in us-east-1."""
    if edge is None:
        return
    found: dict[str, tuple[str | None, str]] = {}
    if edge.domain is not None:
        found["domain.certificate_arn"] = (edge.domain.certificate_arn, region)
        found["domain.cdn_certificate_arn"] = (edge.domain.cdn_certificate_arn, CDN_CERTIFICATE_REGION)
    if edge.vpn is not None:
        found["vpn.server_certificate_arn"] = (edge.vpn.server_certificate_arn, region)
    for key, (arn, wanted) in found.items():
        if arn is not None and arn.split(":")[3] != wanted:
            yield _problem(f"edge.{key}", f"a certificate in {wanted}", arn)


@_check
def _vpn_addresses(network: NetworkSettings, edge: EdgeSettings | None) -> Iterator[Problem]:
    """Clients of the VPN have addresses of their own (AWS Client VPN, "Rules and best practices")."""
    vpn = None if edge is None else edge.vpn
    if vpn is not None and vpn.client_cidr.overlaps(network.cidr):
        expected = f"a network apart from network.cidr {network.cidr}"
        yield _problem("edge.vpn.client_cidr", expected, vpn.client_cidr)


@_check
def _hosts(edge: EdgeSettings | None, compute: ComputeSettings | None) -> Iterator[Problem]:
    """Hosts that services answer to are domains of the application, which have certificate and record (LWO-CMP-02)."""
    if compute is None or edge is None or edge.domain is None:
        return
    for name, service in compute.services.items():
        for position, host in enumerate(service.hosts):
            if host not in edge.domain.names:
                yield _problem(
                    f"compute.services.{name}.hosts[{position}]",
                    f"one of {', '.join(edge.domain.names)}",
                    host,
                    "Add it to edge.domain.alternative_names.",
                )


@_check
def _health_target(edge: EdgeSettings | None, compute: ComputeSettings | None) -> Iterator[Problem]:
    """An alarm can stand in for health checkers only where there are targets to count (LWO-N05)."""
    if edge is None or edge.health_check is None or edge.checked_from_outside or edge.load_balancer is None:
        return
    targets = [] if compute is None else list(compute.targets)
    wanted = edge.health_check.target
    if not targets:
        fix = "Health checkers do not reach this load balancer, and an alarm needs targets. Remove the key."
        yield _problem("edge.health_check", "nothing without a service behind the load balancer", "a check", fix)
    elif wanted is not None and wanted not in targets:
        yield _problem("edge.health_check.target", f"one of {', '.join(targets)}", wanted)


@_check
def _collector_reachable(network: NetworkSettings, compute: ComputeSettings | None) -> Iterator[Problem]:
    """Without NAT the collector's traces leave through an endpoint (LWO-CMP-09)."""
    if compute is None or network.nat is not Nat.NONE or not compute.traced:
        return
    if InterfaceService.XRAY not in network.interface_endpoints:
        expected = "xray, because services with tracing start without NAT"
        yield _problem("network.interface_endpoints", expected, "no xray")
