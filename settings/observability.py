"""Settings of alarms, dashboards, events and audit trail."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.alarms import AlarmOverride, AlarmPattern, CustomAlarm, Evaluations, Period
from settings.base import EmailAddress, LogRetentionDays, Section
from settings.cost import CostSettings

AUDIT_DAYS = 2192
_DAY_SECONDS = 86_400

Percent = Annotated[int, Field(ge=1, le=100)]
Share = Annotated[float, Field(gt=0, le=100)]
Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40, examples=["validation-queue"])]


class CacheCpuMetric(StrEnum):
    """What is meant by the cache's CPU: of the whole node (right up to 2 vCPU) or of the engine's thread."""

    NODE = "CPUUtilization"
    ENGINE = "EngineCPUUtilization"


class LockMode(StrEnum):
    """Who may delete a locked object early: nobody, or an administrator with a special permission."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


class AlarmTiming(Section):
    """When a measured value becomes an alarm (BER-N25)."""

    period_seconds: Period = 300
    """Length of one measurement."""
    evaluations: Evaluations = 2
    """Measurements in a row beyond the threshold."""

    @model_validator(mode="after")
    def _one_day(self) -> Self:
        total = self.period_seconds * self.evaluations
        if total > _DAY_SECONDS:
            raise ValueError(f"period_seconds * evaluations: expected 86,400 (a day) or less, found {total}")
        return self


class DatabaseThresholds(Section):
    """Alarms of the database (BER-OBS-03 to 06, ALL-17)."""

    cpu_percent: Percent = 80
    """CPU above this."""
    freeable_memory_mib: Annotated[int, Field(ge=1)] = 512
    """Freeable memory below this, MiB (1,048,576 bytes)."""
    free_storage_gib: Annotated[int, Field(ge=1)] = 10
    """Free storage below this, GiB (1,073,741,824 bytes); of RDS instances."""
    acu_percent: Percent = 90
    """Capacity in use above this share of `max_acu`; of Aurora clusters (ALL-17)."""
    connections_percent: Percent = 80
    """Connections above this share of the most the instance class allows."""
    max_connections: Annotated[int, Field(ge=6, le=262_143)] | None = None
    """The most connections. Default: PostgreSQL's default on RDS for the instance class or the capacity."""
    replica_lag_seconds: Annotated[int, Field(ge=1)] = 300
    """How far a read replica of an instance is behind, above this (LWO-DB-07)."""


class CacheThresholds(Section):
    """Alarms of every cache node (BER-OBS-07 to 09)."""

    cpu_percent: Percent = 75
    """CPU above this."""
    cpu_metric: CacheCpuMetric = CacheCpuMetric.NODE
    """`CPUUtilization` for nodes of up to 2 vCPU, `EngineCPUUtilization` for larger ones."""
    memory_percent: Percent = 80
    """Memory in use above this."""
    evictions: Count = 1000
    """Keys evicted in one period above this."""
    hit_rate_percent: Percent | None = None
    """Share of reads the cache could answer below this; null: no alarm. A cache of queues and sessions may be below it
    all the time (FAC-OBS-06, FAC-N24)."""


class CdnThresholds(Section):
    """Alarms of the CDN (BER-OBS-10)."""

    error_percent: Percent = 5
    """Share of requests answered 5xx above this."""


class LoadBalancerThresholds(Section):
    """Alarms of the load balancer (FAC-OBS-05, LWO-OBS-05, LWO-OBS-07)."""

    error_percent: Share | None = 1
    """Share of requests answered 5xx, by the targets or by the load balancer itself, above this; null: no alarm."""
    errors: Count | None = None
    """Answers 5xx in one period above this, of the targets and of the load balancer each; null: no alarm."""
    latency_milliseconds: Milliseconds = 1000
    """95th percentile of the response time of the targets above this."""
    unhealthy_targets: Count = 0
    """Targets failing their health check above this."""


class ServiceThresholds(Section):
    """Alarms of every service (LWO-OBS-03, LWO-OBS-04)."""

    cpu_percent: Percent = 80
    """CPU above this, percent of what the tasks reserve."""
    memory_percent: Percent = 80
    """Memory above this, percent of what the tasks reserve."""


class FleetThresholds(Section):
    """Alarms of the instances (FAC-OBS-02)."""

    cpu_percent: Percent = 80
    """Average CPU of the instances above this."""


class ApiThresholds(Section):
    """Alarms of the API (MSP-OBS-06, MSP-N18)."""

    error_percent: Share = 1
    """Share of requests answered 5xx above this."""
    latency_milliseconds: Milliseconds = 2000
    """95th percentile of the time from request to answer above this."""


class FunctionThresholds(Section):
    """Alarms of every function."""

    errors: Count = 0
    """Failed invocations in one period above this."""
    throttles: Count = 0
    """Refused invocations in one period above this."""
    duration_percent: Percent = 80
    """Longest invocation above this share of the function's time limit."""
    dead_letters: Count = 0
    """Messages waiting in the dead-letter queue above this."""


class NatThresholds(Section):
    """Alarms of every NAT gateway (MSP-N16)."""

    port_errors: Count = 0
    """Connections refused in one period for want of a port above this."""
    dropped_packets: Count = 0
    """Packets dropped in one period above this."""


class ReplicationThresholds(Section):
    """Alarms of every copied bucket (BER-OBS-11, BER-N06)."""

    late_minutes: Annotated[int, Field(ge=1, le=10_080)] = 15
    """Minutes the copy is behind above this; S3 promises 15."""
    pending_operations: Count = 1000
    """Operations waiting to be copied above this."""
    failed_operations: Count = 0
    """Operations in one period that were not copied above this."""


class DeliveryThresholds(Section):
    """Alarm of the topic itself."""

    failed_notifications: Count = 0
    """Notifications in one period that reached nobody above this."""


class SystemAlarmSettings(Section):
    """One alarm for the whole system, on as long as any alarm that users notice is on."""

    suppressor: Name | None = None
    """Alarm of this stack that silences the one of the system while it is on, such as a custom one that the
    application raises during maintenance; absent: none."""
    wait_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    """Seconds to wait for the suppressor when the system's alarm goes on."""
    extension_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """Seconds the silence goes on after the suppressor."""


class View(StrEnum):
    """Dashboards on offer.

    overview: every metric that has an alarm (BER-OBS-02).   application: latency, errors, throughput (FAC-OBS-08).
    database: connections, load, disk (FAC-OBS-09).   infrastructure: CPU, memory, network (FAC-OBS-10).
    service: state of every alarm and the key figures now.   utilisation: what is used of what there is.
    errors: error rates and their trend.   requests: how many, how fast, from how many connections (LWO-OBS-09).
    """

    OVERVIEW = "overview"
    APPLICATION = "application"
    DATABASE = "database"
    INFRASTRUCTURE = "infrastructure"
    SERVICE = "service"
    UTILISATION = "utilisation"
    ERRORS = "errors"
    REQUESTS = "requests"


class QuerySettings(Section):
    """Saved queries of CloudWatch Logs Insights (LWO-OBS-10)."""

    slow_milliseconds: Milliseconds = 1000
    """Requests and statements that take longer are slow."""
    duration_field: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,63}$")] = "duration_ms"
    """Field of the application's JSON log lines that holds the milliseconds of a request."""


class EventKind(StrEnum):
    """Events of AWS itself that people hear of, each when the stack has the thing."""

    DATABASE = "database"
    DEPLOYMENT = "deployment"
    BACKUP = "backup"
    IMAGE_SCAN = "image-scan"
    CERTIFICATE = "certificate"
    THREAT = "threat"
    COMPLIANCE = "compliance"
    OUTSIDE_ACCESS = "outside-access"
    HEALTH = "health"


class DatabaseEvent(StrEnum):
    """Categories of events of Amazon RDS."""

    AVAILABILITY = "availability"
    BACKUP = "backup"
    CONFIGURATION_CHANGE = "configuration change"
    DELETION = "deletion"
    FAILOVER = "failover"
    FAILURE = "failure"
    LOW_STORAGE = "low storage"
    MAINTENANCE = "maintenance"
    RECOVERY = "recovery"
    RESTORATION = "restoration"
    SECURITY = "security"


class EventSettings(Section):
    """Which events of AWS are passed on to the alarm topic."""

    kinds: tuple[EventKind, ...] = tuple(EventKind)
    """Kinds of events."""
    database: Annotated[tuple[DatabaseEvent, ...], Field(min_length=1)] = (
        DatabaseEvent.FAILOVER,
        DatabaseEvent.FAILURE,
        DatabaseEvent.LOW_STORAGE,
        DatabaseEvent.RECOVERY,
    )
    """Categories of events of the database; `backup` comes twice a day."""


class TracingSettings(Section):
    """AWS X-Ray: requests across services (LWO-OBS-11)."""

    sampled_percent: Annotated[float, Field(ge=0, le=100)] = 5
    """Share of requests that are traced beyond the reservoir."""
    reservoir_per_second: Annotated[int, Field(ge=0, le=1000)] = 1
    """Requests per second that are always traced."""
    slow_seconds: Annotated[int, Field(ge=1, le=900)] = 1
    """Traces that took longer, failed or were refused form the group to look at."""
    existing_encryption: bool = False
    """Whether the account encrypts traces with a key already: it has one setting in a region."""


class GrafanaSettings(Section):
    """A role with which Grafana reads metrics, never logs (LWO-OBS-12). One of the two is given."""

    workspace: Annotated[str, Field(pattern=r"^g-[0-9a-f]{10}$", examples=["g-0123456789"])] | None = None
    """Workspace of Amazon Managed Grafana in this account and region that takes the role."""
    principal: Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:(role/[A-Za-z0-9+=,.@_/-]+|root)$")] | None = None
    """Account or role, by ARN, of a Grafana elsewhere; the policy pack wants its account under `trustedAccounts`."""
    external_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9+=,.@:/_-]{2,200}$")] | None = None
    """What `principal` must say when it takes the role; Grafana shows it."""

    @model_validator(mode="after")
    def _one_reader(self) -> Self:
        if (self.workspace is None) == (self.principal is None):
            found = "neither" if self.principal is None else "both"
            raise ValueError(f"workspace, principal: expected one of the two, found {found}")
        if (self.principal is None) != (self.external_id is None):
            raise ValueError("external_id: expected together with principal")
        return self


class TrailSettings(Section):
    """CloudTrail: every API call in every region, and every access to patient objects (BER-IAM-09, BER-N24)."""

    retention_days: Annotated[int, Field(ge=90, le=36_500)] = AUDIT_DAYS
    """Days log files are kept in the trail's bucket: six years by default, never under 90 (ALL-10, FAC-N11)."""
    log_days: LogRetentionDays = AUDIT_DAYS
    """Days events are kept in CloudWatch Logs for searching."""
    lock_mode: LockMode = LockMode.GOVERNANCE
    """Object lock of log files: `GOVERNANCE`, or `COMPLIANCE`, which nobody can shorten, not even root."""
    lock_days: Annotated[int, Field(ge=1, le=36_500)] = AUDIT_DAYS
    """Days a log file cannot be deleted or changed."""
    data_events: tuple[Name, ...] | None = None
    """Purposes of the buckets whose every object access is recorded; default: all that hold patient data (MSP-N17)."""
    insights: bool = False
    """Whether unusual rates of calls and errors are reported; costs per event."""

    @model_validator(mode="after")
    def _locked_while_kept(self) -> Self:
        if self.lock_days > self.retention_days:
            raise ValueError(
                f"lock_days: expected retention_days ({self.retention_days}) or less, found {self.lock_days}"
            )
        return self


class ObservabilitySettings(Section):
    """Alarms, their recipient, dashboards, events, costs and audit trail (BER-OBS-01 to 10)."""

    alarm_email: EmailAddress
    """Who is told; must confirm the subscription before anything arrives (ALL-18)."""
    timing: AlarmTiming = AlarmTiming()
    """Period and evaluations of every alarm but that of backups, and those on single events (a failed call, copy or
    notification, a change of a safeguard), which begin with the first."""
    database: DatabaseThresholds = DatabaseThresholds()
    """Thresholds of the database."""
    cache: CacheThresholds = CacheThresholds()
    """Thresholds of the cache."""
    cdn: CdnThresholds = CdnThresholds()
    """Thresholds of the CDN."""
    load_balancer: LoadBalancerThresholds = LoadBalancerThresholds()
    """Thresholds of the load balancer."""
    service: ServiceThresholds = ServiceThresholds()
    """Thresholds of the services."""
    fleet: FleetThresholds = FleetThresholds()
    """Thresholds of the instances."""
    api: ApiThresholds = ApiThresholds()
    """Thresholds of the API."""
    function: FunctionThresholds = FunctionThresholds()
    """Thresholds of the functions."""
    nat: NatThresholds = NatThresholds()
    """Thresholds of the NAT gateways."""
    replication: ReplicationThresholds = ReplicationThresholds()
    """Thresholds of the copied buckets."""
    delivery: DeliveryThresholds = DeliveryThresholds()
    """Thresholds of the topic."""
    custom: dict[Name, CustomAlarm] = Field(default_factory=dict)
    """More alarms, by their part of the name."""
    overrides: dict[AlarmPattern, AlarmOverride] = Field(default_factory=dict)
    """What single alarms do differently, by their part of the name; `*` stands for any characters, and the more
    specific pattern wins. A pattern without an alarm is refused."""
    system_alarm: SystemAlarmSettings | None = SystemAlarmSettings()
    """One alarm for the whole system; null: none."""
    dashboards: tuple[View, ...] = (View.OVERVIEW,)
    """Dashboards (BER-OBS-02, BER-N31, FAC-OBS-08 to 10, LWO-OBS-09)."""
    queries: QuerySettings | None = QuerySettings()
    """Saved queries over every log group; null: none."""
    events: EventSettings = EventSettings()
    """Events of AWS that are passed on."""
    cost: CostSettings | None = None
    """Budget and cost anomalies; absent: none."""
    tracing: TracingSettings | None = None
    """X-Ray; absent: none."""
    grafana: GrafanaSettings | None = None
    """Grafana; absent: none."""
    trail: TrailSettings | None = TrailSettings()
    """Audit trail; null: none, when the account already has one."""
