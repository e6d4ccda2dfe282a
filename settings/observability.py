"""Settings of alarms, dashboard and audit trail."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import EmailAddress, LogRetentionDays, Section

AUDIT_DAYS = 2192

Percent = Annotated[int, Field(ge=1, le=100)]
Count = Annotated[int, Field(ge=0)]


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

    period_seconds: Annotated[int, Field(ge=60, le=86_400, multiple_of=60)] = 300
    """Length of one measurement."""
    evaluations: Annotated[int, Field(ge=1, le=100)] = 2
    """Measurements in a row beyond the threshold."""

    @model_validator(mode="after")
    def _one_day(self) -> Self:
        total = self.period_seconds * self.evaluations
        if total > 86_400:
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


class CdnThresholds(Section):
    """Alarms of the CDN (BER-OBS-10)."""

    error_percent: Percent = 5
    """Share of requests answered 5xx above this."""


class LoadBalancerThresholds(Section):
    """Alarms of the load balancer."""

    errors: Count = 10
    """Answers 5xx of the targets in one period above this."""
    latency_milliseconds: Annotated[int, Field(ge=1)] = 1000
    """95th percentile of the response time above this."""
    unhealthy_targets: Count = 0
    """Targets failing their health check above this."""


class ServiceThresholds(Section):
    """Alarms of every service."""

    cpu_percent: Percent = 85
    """CPU above this, percent of what the tasks reserve."""
    memory_percent: Percent = 85
    """Memory above this, percent of what the tasks reserve."""


class TrailSettings(Section):
    """CloudTrail: every API call in every region, and every access to patient objects (BER-IAM-09, BER-N24)."""

    retention_days: Annotated[int, Field(ge=AUDIT_DAYS, le=36_500)] = AUDIT_DAYS
    """Days log files are kept in the trail's bucket; six years or more (ALL-10)."""
    log_days: LogRetentionDays = AUDIT_DAYS
    """Days events are kept in CloudWatch Logs for searching."""
    lock_mode: LockMode = LockMode.GOVERNANCE
    """Object lock of log files: `GOVERNANCE`, or `COMPLIANCE`, which nobody can shorten, not even root."""
    lock_days: Annotated[int, Field(ge=1, le=36_500)] = AUDIT_DAYS
    """Days a log file cannot be deleted or changed."""
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
    """Alarms, their recipient, dashboard and audit trail (BER-OBS-01 to 10)."""

    alarm_email: EmailAddress
    """Who is told; must confirm the subscription before anything arrives (ALL-18)."""
    timing: AlarmTiming = AlarmTiming()
    """Period and evaluations of every alarm."""
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
    dashboard: bool = True
    """Whether a dashboard shows every metric that has an alarm (BER-OBS-02, BER-N31)."""
    trail: TrailSettings | None = TrailSettings()
    """Audit trail; null: none, when the account already has one."""
