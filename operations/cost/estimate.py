"""What a stack costs in a month, line by line, computed from its settings, a price table and an assumed usage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from operations.cost.prices import Price, price
from operations.cost.usage import Amount, Usage, assumed
from settings.compute import Architecture, ComputeSettings
from settings.database import AuroraSettings, PostgresqlSettings, RdsSettings
from settings.edge import Dns
from settings.network import Nat
from settings.stack import Settings

HOURS = 730
"""Hours of a month, as AWS's own calculator counts them."""

_ZONES_OF_STANDBY = 2
_MANAGED_RULES = 4  # of every firewall, beside its rate limit (components/web_acl.py)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that costs: so many units of a price.

    component: part of the system it belongs to.   item: what it is, for people.   base, peak: units in a month.
    """

    component: str
    item: str
    price: Price
    base: float
    peak: float

    @property
    def base_usd(self) -> float:
        return self.base * self.price.usd

    @property
    def peak_usd(self) -> float:
        return self.peak * self.price.usd


@dataclass(frozen=True, kw_only=True)
class Total:
    """US dollars a month: usual, and at the most."""

    base_usd: float
    peak_usd: float


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A month of a stack.

    not_estimated: what costs money and is not in the lines, by name.   budget_usd: where its budget alert stands.
    """

    system: str
    environment: str
    region: str
    lines: tuple[Line, ...]
    not_estimated: tuple[str, ...]
    budget_usd: int | None

    @cached_property
    def total(self) -> Total:
        return _sum(self.lines)

    @cached_property
    def components(self) -> dict[str, Total]:
        """Total of every component, in the order of the lines."""
        return {name: _sum(self.of(component=name)) for name in dict.fromkeys(line.component for line in self.lines)}

    def of(self, *, component: str | None = None, prices: tuple[str, ...] = ()) -> tuple[Line, ...]:
        """The lines of a component, or of some prices, or of both."""
        return tuple(
            line
            for line in self.lines
            if (component is None or line.component == component) and (not prices or line.price.name in prices)
        )

    @property
    def beyond_budget(self) -> str | None:
        """What to say when the budget alert does not fit the estimate; None when it does, or when there is none."""
        if self.budget_usd is None:
            return None
        if self.total.base_usd > self.budget_usd:
            return "a usual month costs more than the budget: the alert goes off every month"
        if self.total.peak_usd > self.budget_usd:
            return "the busiest month costs more than the budget: the alert goes off then"
        return None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a component costs before and after, US dollars a month."""

    component: str
    before: Total
    after: Total

    @property
    def base_usd(self) -> float:
        return self.after.base_usd - self.before.base_usd

    @property
    def peak_usd(self) -> float:
        return self.after.peak_usd - self.before.peak_usd


NOTHING = Total(base_usd=0, peak_usd=0)


def estimate(settings: Settings, usage: Usage | None = None) -> Estimate:
    """The cost of a month of the stack the settings describe.

    usage: default: what is assumed for the system. Prices are on demand, without AWS's free allowances, which belong to
    the account and not to the stack. Raises Mistake for a size or region whose price is not known.
    """
    usage = usage or assumed(settings.system)
    lines = tuple(line for line in _lines(settings, usage) if line.peak > 0)
    cost = settings.observability.cost
    budget = None if cost is None or cost.budget is None else cost.budget.monthly_usd
    return Estimate(
        system=settings.system,
        environment=settings.environment,
        region=settings.region,
        lines=lines,
        not_estimated=tuple(_not_estimated(settings, usage)),
        budget_usd=budget,
    )


def difference(before: Settings, after: Settings) -> list[Change]:
    """What each component costs more or less after a change of the settings; those that cost the same are left out."""
    one, other = estimate(before).components, estimate(after).components
    changes = [
        Change(component=name, before=one.get(name, NOTHING), after=other.get(name, NOTHING))
        for name in dict.fromkeys((*one, *other))
    ]
    return [each for each in changes if round(each.base_usd, 2) or round(each.peak_usd, 2)]


def _sum(lines: tuple[Line, ...]) -> Total:
    return Total(base_usd=sum(line.base_usd for line in lines), peak_usd=sum(line.peak_usd for line in lines))


@dataclass(frozen=True)
class _Component:
    """Makes the lines of one component in one region."""

    name: str
    region: str

    def fixed(self, item: str, name: str, units: float) -> Line:
        return Line(component=self.name, item=item, price=price(name, self.region), base=units, peak=units)

    def hourly(self, item: str, name: str, count: float) -> Line:
        return self.fixed(item, name, count * HOURS)

    def used(self, item: str, name: str, amount: Amount, times: float = 1) -> Line:
        units = (amount.base * times, amount.peak * times)
        return Line(component=self.name, item=item, price=price(name, self.region), base=units[0], peak=units[1])


def _lines(settings: Settings, usage: Usage) -> Iterator[Line]:
    yield from _network(settings, usage)
    yield from _database(settings, usage)
    yield from _cache(settings)
    yield from _storage(settings, usage)
    if settings.compute is not None:
        yield from _compute(settings.compute, settings.region, usage)
    if settings.bastion is not None:
        bastion = _Component("bastion", settings.region)
        yield bastion.hourly(settings.bastion.instance_type, settings.bastion.instance_type, 1)
        yield bastion.fixed("disk", "ebs-gp3-gb-month", settings.bastion.volume_gib)
    yield from _edge(settings, usage)
    yield from _users(settings, usage)
    yield from _security(settings, usage)
    yield from _observability(settings, usage)
    yield from _recovery(settings, usage)


def _network(settings: Settings, usage: Usage) -> Iterator[Line]:
    network, balancer = settings.network, settings.edge and settings.edge.load_balancer
    part = _Component("network", settings.region)
    gateways = len(network.nat_zones)
    if gateways:
        yield part.hourly(f"NAT gateways: {gateways}", "nat-gateway-hour", gateways)
        yield part.used("data through NAT", "nat-gateway-gb", usage.nat_gb)
    addresses = gateways + (len(network.zones) if balancer is not None and not balancer.internal else 0)
    if addresses:
        yield part.hourly(f"public addresses: {addresses}", "public-address-hour", addresses)
    endpoints = len(network.interface_endpoints) * len(network.zones)
    if endpoints:
        yield part.hourly(f"interface endpoints: {endpoints}", "interface-endpoint-hour", endpoints)
    if network.nat is not Nat.NONE or balancer is not None or settings.api is not None:
        yield _Component("transfer", settings.region).used("data to the internet", "internet-gb", usage.internet_gb)


def _database(settings: Settings, usage: Usage) -> Iterator[Line]:
    part, database = _Component("database", settings.region), settings.database
    if isinstance(database, RdsSettings):
        zones = _ZONES_OF_STANDBY if database.multi_az else 1
        instances = zones + database.read_replicas
        what = f"{database.instance_class}{', two zones' if database.multi_az else ''}"
        what += f", {database.read_replicas} read replicas" if database.read_replicas else ""
        yield part.hourly(what, database.instance_class, instances)
        stored = database.storage_gib * instances
        yield part.fixed(f"{database.storage_gib} GiB of storage", "rds-storage-gb-month", stored)
    elif isinstance(database, AuroraSettings):
        instances = 1 + database.readers
        capacity = usage.acu or Amount(base=database.min_acu, peak=database.max_acu)
        what = (
            f"{instances} instances of {database.min_acu:g} to {database.max_acu:g} ACU, on average {capacity.base:g}"
        )
        yield part.used(f"{what} to {capacity.peak:g}", "aurora-acu-hour", capacity, instances * HOURS)
        yield part.used("storage", "aurora-storage-gb-month", usage.aurora_gb)
        yield part.used("reads and writes of storage", "aurora-million-requests", usage.aurora_million_requests)


def _cache(settings: Settings) -> Iterator[Line]:
    for name, redis in (("cache", settings.cache), ("queue", settings.queue)):
        if redis is not None:
            nodes = 1 + redis.replicas
            yield _Component(name, settings.region).hourly(f"{nodes} nodes {redis.node_type}", redis.node_type, nodes)


def _storage(settings: Settings, usage: Usage) -> Iterator[Line]:
    part = _Component("storage", settings.region)
    if settings.storage.buckets:
        yield part.used("objects, versions and logs", "storage-gb-month", usage.storage_gb)
        yield part.used("writes", "storage-thousand-puts", usage.puts_thousands)
        yield part.used("reads", "storage-thousand-gets", usage.gets_thousands)


def _compute(compute: ComputeSettings, region: str, usage: Usage) -> Iterator[Line]:
    part, fleet = _Component("compute", region), compute.fleet
    if fleet is not None:
        count = usage.instances or Amount(base=fleet.min_instances, peak=fleet.max_instances)
        yield part.used(
            f"{count.base:g} to {count.peak:g} instances {fleet.instance_type}", fleet.instance_type, count, HOURS
        )
        yield part.used(f"disks of {fleet.volume_gib} GiB", "ebs-gp3-gb-month", count, fleet.volume_gib)
    services = compute.services
    fewest, most = (sum(getattr(each, key) for each in services.values()) for key in ("min_tasks", "max_tasks"))
    for name, service in services.items():
        tasks = Amount(base=service.min_tasks, peak=service.max_tasks)
        if usage.tasks is not None:  # shared out as the settings would at their fewest and their most
            tasks = Amount(
                base=usage.tasks.base * service.min_tasks / fewest, peak=usage.tasks.peak * service.max_tasks / most
            )
        kind = "arm" if service.architecture is Architecture.ARM64 else "x86"
        cpu, memory = service.cpu_units / 1024, service.memory_mib / 1024
        what = f"{name}: {tasks.base:g} to {tasks.peak:g} tasks"
        yield part.used(f"{what}, {cpu:g} vCPU each", f"fargate-{kind}-vcpu-hour", tasks, cpu * HOURS)
        yield part.used(f"{what}, {memory:g} GB each", f"fargate-{kind}-gb-hour", tasks, memory * HOURS)
    if any(service.repository is None for service in services.values()):
        yield part.used("images", "ecr-gb-month", usage.images_gb)
    for name, function in compute.functions.items():
        calls, seconds = usage.function_million_requests, usage.function_seconds
        share = 1 / len(compute.functions)
        gigabytes = function.memory_mib / 1024 * 1_000_000 * share
        time = Amount(base=calls.base * seconds.base, peak=calls.peak * seconds.peak)
        yield part.used(f"{name}: calls", "lambda-million-requests", calls, share)
        yield part.used(f"{name}: time", "lambda-gb-second", time, gigabytes)


def _edge(settings: Settings, usage: Usage) -> Iterator[Line]:
    edge, region = settings.edge, settings.region
    if edge is None:
        return
    if edge.load_balancer is not None:
        part = _Component("load balancer", region)
        yield part.hourly("load balancer", "load-balancer-hour", 1)
        yield part.used("its capacity units", "load-balancer-lcu-hour", usage.load_balancer_lcus, HOURS)
    if edge.cdn is not None:
        part = _Component("CDN", region)
        yield part.used("data", "cdn-gb", usage.cdn_gb)
        yield part.used("requests", "cdn-million-requests", usage.cdn_million_requests)
    firewall = edge.web_acl
    guarded = sum(each is not None for each in (edge.load_balancer, edge.cdn, settings.api))
    if firewall is not None and guarded:
        part = _Component("firewall", region)
        rules = _MANAGED_RULES + 1 + sum(map(bool, (firewall.countries, firewall.allowed_cidrs, firewall.denied_cidrs)))
        yield part.fixed(f"firewalls: {guarded}", "firewall-month", guarded)
        yield part.fixed(f"rules: {rules} in each", "firewall-rule-month", guarded * rules)
        yield part.used("requests", "firewall-million-requests", usage.firewall_million_requests)
    domain = _Component("domain", region)
    if edge.domain is not None and edge.domain.dns is Dns.ROUTE53 and edge.domain.zone_id is None:
        yield domain.fixed("hosted zone", "hosted-zone-month", 1)
    if edge.health_check is not None:
        yield domain.fixed("health check", "health-check-month", 1)
        options = int(edge.checked_from_outside) + int(edge.health_check.interval_seconds == 10)
        yield domain.fixed("its options: HTTPS, 10 seconds", "health-check-option-month", options)
    if edge.vpn is not None:
        part = _Component("VPN", region)
        yield part.hourly("associations with subnets", "client-vpn-association-hour", len(settings.network.zones))
        yield part.used("connections", "client-vpn-connection-hour", usage.vpn_connection_hours)


def _users(settings: Settings, usage: Usage) -> Iterator[Line]:
    if settings.directory is not None:
        plan = f"directory-{settings.directory.plan}-user-month"
        yield _Component("directory", settings.region).used("monthly active users", plan, usage.monthly_users)
    if settings.api is not None:
        yield _Component("API", settings.region).used("requests", "api-million-requests", usage.api_million_requests)


def _security(settings: Settings, usage: Usage) -> Iterator[Line]:
    part = _Component("security", settings.region)
    cdn = settings.edge is not None and settings.edge.cdn is not None
    keys = len(settings.keys.names) + int(settings.recovery is not None) + int(cdn)
    yield part.fixed(f"keys: {keys}", "key-month", keys)
    secrets = (
        len(settings.secrets.paths)
        + _logins(settings.database)
        + sum(each is not None for each in (settings.cache, settings.queue))
    )
    yield part.fixed(f"secrets: {secrets}", "secret-month", secrets)
    if settings.observability.trail is not None:
        events = usage.trail_hundred_thousands
        yield part.used("recorded accesses to objects", "trail-hundred-thousand-data-events", events)
    if settings.detection.config is not None:
        yield part.used("recorded configurations", "config-item", usage.config_items)


def _logins(database: PostgresqlSettings | None) -> int:
    """Secrets of database users: the administrator's, and the application's."""
    if database is None:
        return 0
    return 1 if database.application_username is None else 2


def _observability(settings: Settings, usage: Usage) -> Iterator[Line]:
    part, observability = _Component("observability", settings.region), settings.observability
    yield part.used("alarms", "alarm-month", usage.alarms)
    if observability.system_alarm is not None:
        yield part.fixed("alarm of the system", "composite-alarm-month", 1)
    dashboards = len(observability.dashboards)
    yield part.fixed(f"dashboards: {dashboards}", "dashboard-month", dashboards)
    yield part.used("logs taken in", "log-gb", usage.log_gb)
    yield part.used("logs kept, a year's", "log-storage-gb-month", usage.log_gb, 12)


def _recovery(settings: Settings, usage: Usage) -> Iterator[Line]:
    recovery, aurora = settings.recovery, isinstance(settings.database, AuroraSettings)
    if recovery is None:
        return
    home, away = _Component("recovery", settings.region), _Component("recovery", recovery.region)
    backup = "aurora-backup-gb-month" if aurora else "rds-backup-gb-month"
    yield home.used("backups in the home region", backup, usage.backup_gb)
    yield away.used("their copies", backup, usage.backup_gb)
    if isinstance(settings.database, RdsSettings) and recovery.database_backups:
        yield away.used("replicated backups of the database", backup, usage.backup_gb)
    yield home.used("data to the recovery region", "other-region-gb", usage.other_region_gb)
    buckets = settings.storage.buckets.values()
    copied = sum(bucket.wants_replica for bucket in buckets)
    if copied:
        share = copied / len(buckets)
        yield away.used("copies of objects", "storage-gb-month", usage.storage_gb, share)
        yield home.used("copies within 15 minutes", "replication-time-control-gb", usage.other_region_gb, share)


def _not_estimated(settings: Settings, usage: Usage) -> Iterator[str]:
    """What costs money beside the lines: too little known of its quantity, or of its price."""
    database, detection, observability = settings.database, settings.detection, settings.observability
    if isinstance(database, PostgresqlSettings) and database.insights_days > 7:
        yield f"Performance Insights of {database.insights_days} days (7 are free)"
    if isinstance(database, AuroraSettings) and usage.acu is not None and usage.acu.peak < database.max_acu:
        most = database.max_acu * (1 + database.readers) * HOURS * price("aurora-acu-hour", settings.region).usd
        yield f"Aurora above {usage.acu.peak:g} ACU on average; at max_acu all month its instances cost US${most:,.0f}"
    if isinstance(database, RdsSettings):
        yield f"growth of the database beyond {database.storage_gib} GiB"
    if settings.compute is not None and settings.compute.services:
        yield "Container Insights, charged by observation"
    for name, section in (("GuardDuty", detection.guard_duty), ("Security Hub", detection.security_hub)):
        if section is not None:
            yield f"{name}, charged by what it looks at"
    if observability.trail is not None and observability.trail.insights:
        yield "CloudTrail Insights, charged by analysed event"
    if observability.tracing is not None:
        yield "X-Ray, charged by trace"
    fleet = None if settings.compute is None else settings.compute.fleet
    if fleet is not None and fleet.model.models:
        yield "Amazon Bedrock, charged by token"
    yield "data between availability zones, requests to KMS and Secrets Manager, archives colder than S3 Standard"
    yield "AWS Support, taxes; savings by reservations and by AWS's free allowances"
