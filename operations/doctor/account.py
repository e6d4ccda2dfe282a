"""Is the AWS account ready for a stack? (BER-OPS-01, FAC-OPS-23, OMN-OPS-04)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.aws import Clients
from operations.doctor.point import Point, Verdict, point
from settings.database import AuroraSettings
from settings.edge import Dns
from settings.stack import Settings

GITHUB = "token.actions.githubusercontent.com"


def points(settings: Settings, clients: Clients, *, account: str | None) -> Iterator[Point]:
    """What the account says; what it refuses to say is unknown, and named.

    account: the one the stack belongs to; None: any. Without credentials there is one point, which says so.
    """
    try:
        caller = clients("sts", settings.region).get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        yield Point(
            name="credentials", verdict=Verdict.WRONG, found=str(error),
            fix="Sign in, e.g. `aws sso login --profile NAME && export AWS_PROFILE=NAME`.",
            requirements=("BER-OPS-01",),
        )  # fmt: skip
        return
    yield _identity(caller)
    if account is not None:
        yield point(
            "account", caller["Account"] == account, caller["Account"],
            f"Sign in to account {account}, to which the stack belongs.", requirements=("FAC-OPS-23",),
        )  # fmt: skip
    parts: tuple[tuple[str, Callable[[Settings, Clients], Iterator[Point]]], ...] = (
        ("root user", _root),
        ("regions", _regions),
        ("identity provider of GitHub", _provider),
        ("domain", _domain),
        ("account-wide services", _detection),
        ("AWS Backup", _backup),
    )
    for name, look in parts:
        yield from asked(name, lambda look=look: look(settings, clients))


def asked(name: str, look: Callable[[], Iterator[Point]]) -> Iterator[Point]:
    """Points that ask AWS; a refused question is an unknown one."""
    try:
        yield from look()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        yield Point(
            name=name, verdict=Verdict.UNKNOWN, found=f"{error.operation_name}: {code}",
            fix=f"Allow the caller {error.operation_name}, or look in the console.",
        )  # fmt: skip


def _identity(caller: Any) -> Point:
    root = caller["Arn"].endswith(":root")
    return point(
        "credentials", not root, caller["Arn"], "Use a role or a person's own sign-in, never the root user.",
        requirements=("BER-OPS-01", "FAC-OPS-23"),
    )  # fmt: skip


def _root(settings: Settings, clients: Clients) -> Iterator[Point]:
    summary = clients("iam", settings.region).get_account_summary()["SummaryMap"]
    second = summary.get("AccountMFAEnabled") == 1
    yield point(
        "second factor of the root user", second, "on" if second else "off",
        "Sign in as the root user and add an MFA device (45 CFR 164.312(d)).", requirements=("FAC-OPS-23",),
    )  # fmt: skip
    keys = summary.get("AccountAccessKeysPresent", 0)
    yield point(
        "access keys of the root user", not keys, str(keys), "Delete them: nothing may sign in as root by a key.",
        requirements=("FAC-OPS-23",),
    )  # fmt: skip


def _regions(settings: Settings, clients: Clients) -> Iterator[Point]:
    """Home and recovery region; ca-west-1 is one that an account must switch on (AWS Account Management Guide)."""
    ec2 = clients("ec2", settings.region)
    held = {each["RegionName"]: each["OptInStatus"] for each in ec2.describe_regions(AllRegions=True)["Regions"]}
    for region in dict.fromkeys(filter(None, (settings.region, settings.recovery_region))):
        status = held.get(region, "unknown to AWS")
        yield point(
            f"region {region}", status in ("opted-in", "opt-in-not-required"), status,
            f"`aws account enable-region --region-name {region}`, then wait some minutes.",
            requirements=("BER-OPS-01", "BER-N01"),
        )  # fmt: skip
    zones = {each["ZoneName"] for each in ec2.describe_availability_zones()["AvailabilityZones"]}
    missing = sorted(set(settings.network.zones) - zones)
    yield point(
        "availability zones", not missing, ", ".join(settings.network.zones),
        f"network.zones: the account does not have {', '.join(missing)}; it has {', '.join(sorted(zones))}.",
    )  # fmt: skip


def _provider(settings: Settings, clients: Clients) -> Iterator[Point]:
    """An account has one provider for GitHub: either the stack makes it, or it is there (OMN-OPS-04)."""
    github = settings.identity.github
    if github is None:
        return
    providers = clients("iam", settings.region).list_open_id_connect_providers()["OpenIDConnectProviderList"]
    there = any(each["Arn"].endswith(f"/{GITHUB}") for each in providers)
    fix = "identity.github.create_provider: true makes it."
    if not github.create_provider:
        yield point("identity provider of GitHub", there, "there" if there else "missing", fix,
                    requirements=("OMN-OPS-04",))  # fmt: skip
    else:
        found = "there" if there else "made by the stack"
        yield Point(name="identity provider of GitHub", verdict=Verdict.FINE, found=found, requirements=("OMN-OPS-04",))


def _domain(settings: Settings, clients: Clients) -> Iterator[Point]:
    domain = None if settings.edge is None else settings.edge.domain
    if domain is None:
        return
    ids = ("FAC-OPS-23", "FAC-EDG-06")
    if domain.zone_id is not None:
        zone = clients("route53", settings.region).get_hosted_zone(Id=domain.zone_id)["HostedZone"]["Name"].rstrip(".")
        inside = domain.name == zone or domain.name.endswith(f".{zone}")
        yield point("hosted zone", inside, zone, f"edge.domain.zone_id: expected a zone of {domain.name}.",
                    requirements=ids)  # fmt: skip
    else:
        where = "at its own provider" if domain.dns is Dns.EXTERNAL else f"zone {domain.zone} is made by the stack"
        yield Point(
            name="domain", verdict=Verdict.ADVICE, found=f"{domain.name}: {where}",
            fix="The first `up` waits until the records, or the zone's name servers, are where the domain is kept.",
            requirements=ids,
        )  # fmt: skip
    for arn in filter(None, (domain.certificate_arn, domain.cdn_certificate_arn)):
        held = clients("acm", arn.split(":")[3]).describe_certificate(CertificateArn=arn)["Certificate"]
        yield point(f"certificate {held['DomainName']}", held["Status"] == "ISSUED", held["Status"],
                    f"{arn}: expected an issued certificate.", requirements=ids)  # fmt: skip


def _detection(settings: Settings, clients: Clients) -> Iterator[Point]:
    """What an account has once in a region; a second one is refused (BER-N24)."""
    wanted = settings.detection.guard_duty
    if wanted is not None:
        there = bool(clients("guardduty", settings.region).list_detectors()["DetectorIds"])
        if wanted.existing:
            yield point("GuardDuty", there, "there" if there else "missing", "detection.guard_duty.existing: false.")


def _backup(settings: Settings, clients: Clients) -> Iterator[Point]:
    """Types that the backup plan takes only while the account lets it, Region by Region.

    Source: AWS Backup Developer Guide, "AWS Backup service opt-in".
    """
    if settings.recovery is None:
        return
    held = clients("backup", settings.region).describe_region_settings()["ResourceTypeOptInPreference"]
    database = "Aurora" if isinstance(settings.database, AuroraSettings) else "RDS"
    wanted = ["S3"] if settings.database is None else [database, "S3"]
    off = [name for name in wanted if not held.get(name)]
    yield point(
        "AWS Backup", not off, f"off for {', '.join(off)}" if off else f"on for {', '.join(wanted)}",
        f"`aws backup update-region-settings --region {settings.region} --resource-type-opt-in-preference "
        f"{','.join(f'{name}=true' for name in off)}`: the backup plan leaves them out.",
    )  # fmt: skip
