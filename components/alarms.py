"""Alarms: what is watched, from which value on, and the resources that watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

import pulumi

from components.on_call import advised
from components.scope import DataClass, Scope
from components.watched import WatchedDatabase
from settings.alarms import AlarmOverride, CustomAlarm, Missing
from settings.observability import AlarmTiming, CacheThresholds, CdnThresholds, DatabaseThresholds

_HOUR_SECONDS = 3600
_LONGEST_SECONDS = 86_400  # an alarm looks back, a day at most
_LONGEST_HOURLY_SECONDS = 604_800  # with periods of an hour or longer, a week
CDN_METRICS_REGION = "us-east-1"  # CloudFront publishes its metrics there only (ALL-07, BER-N08)


class Comparison(StrEnum):
    """On which side of the threshold the alarm is."""

    ABOVE = "GreaterThanThreshold"
    BELOW = "LessThanThreshold"


@dataclass(frozen=True)
class Unit:
    """Unit people set a threshold in.   label: as written after the number.   factor: to the metric's own unit."""

    label: str
    factor: float = 1


COUNT = Unit("")
PERCENT = Unit(" %")
PERCENT_OF_ONE = Unit(" %", 0.01)  # the metric says 0.01 where people say 1 %
MIB = Unit(" MiB", 1024**2)
GIB = Unit(" GiB", 1024**3)
SECONDS = Unit(" s")
MILLISECONDS = Unit(" ms")
MILLISECONDS_OF_SECONDS = Unit(" ms", 0.001)
MINUTES_OF_SECONDS = Unit(" minutes", 60)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric and what is made of its values in a period.   label: for people, on graphs."""

    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    label: str | None = None
    region: str | None = None


@dataclass(frozen=True, kw_only=True)
class Expression:
    """Metric math.   text: the formula over the names in `metrics` (CloudWatch User Guide, "Using metric math")."""

    text: str
    metrics: Mapping[str, Metric]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One metric, or an expression over several, and its threshold.

    key: part of the alarm's names.   title: what is measured, for people.
    namespace, metric: of an expression, what it stands for; they group graphs.
    statistic: `Average`, `Sum`, `Maximum`, … or `p95`.   threshold: in `unit`.
    region: where the metric is; None: the provider's region.
    period_seconds, evaluations: None: those of the settings.   datapoints: None: all evaluations.
    symptom: whether users notice; the alarm of the whole system listens to those.
    """

    key: str
    title: str
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    statistic: str
    comparison: Comparison
    threshold: float
    unit: Unit = COUNT
    missing: Missing
    region: str | None = None
    period_seconds: int | None = None
    evaluations: int | None = None
    datapoints: int | None = None
    expression: Expression | None = None
    symptom: bool = False

    @property
    def limit(self) -> float:
        """The threshold in the metric's own unit."""
        return self.threshold * self.unit.factor

    @property
    def description(self) -> str:
        """The alarm in words."""
        side = "above" if self.comparison is Comparison.ABOVE else "below"
        return f"{self.title} {side} {self.threshold:g}{self.unit.label}"


def overridden(alarms: Sequence[Alarm], overrides: Mapping[str, AlarmOverride], timing: AlarmTiming) -> list[Alarm]:
    """The alarms with the settings' changes; the more specific pattern (exact, then longer) is applied last.

    Raises pulumi.RunError for two alarms of one name, a pattern no alarm has, a statistic of an expression, and a
    period, evaluations and datapoints that AWS refuses together.
    """
    changed: dict[str, Alarm] = {}
    for alarm in alarms:
        if alarm.key in changed:
            raise pulumi.RunError(
                f"phi-platform:observability.custom.{alarm.key}: expected a name no other alarm of this stack has, "
                f"found {alarm.key}"
            )
        changed[alarm.key] = alarm
    for pattern in sorted(overrides, key=lambda text: ("*" not in text, len(text), text)):
        meant = [key for key in changed if fnmatchcase(key, pattern)]
        if not meant:
            raise pulumi.RunError(
                f"phi-platform:observability.overrides.{pattern}: expected an alarm of this stack, or several by *: "
                f"{', '.join(changed)}; found none of that name"
            )
        for key in meant:
            changed[key] = _changed(changed[key], overrides[pattern], pattern)
            _require_timing(changed[key], timing, pattern)
    return list(changed.values())


def _require_timing(alarm: Alarm, timing: AlarmTiming, pattern: str) -> None:
    """CloudWatch API reference, PutMetricAlarm: EvaluationPeriods, DatapointsToAlarm."""
    period, evaluations = alarm.period_seconds or timing.period_seconds, alarm.evaluations or timing.evaluations
    longest = _LONGEST_SECONDS if period < _HOUR_SECONDS else _LONGEST_HOURLY_SECONDS
    where = f"phi-platform:observability.overrides.{pattern}"
    if period * evaluations > longest:
        raise pulumi.RunError(
            f"{where}: expected period_seconds * evaluations of {longest:,} or less for {alarm.key}, "
            f"found {period} * {evaluations}"
        )
    if alarm.datapoints is not None and alarm.datapoints > evaluations:
        raise pulumi.RunError(
            f"{where}.datapoints: expected the evaluations of {alarm.key} ({evaluations}) or less, "
            f"found {alarm.datapoints}"
        )


def _changed(alarm: Alarm, override: AlarmOverride, pattern: str) -> Alarm:
    if override.statistic is not None and alarm.expression is not None:
        raise pulumi.RunError(
            f"phi-platform:observability.overrides.{pattern}.statistic: expected none, as {alarm.key} divides one "
            f"metric by another; found {override.statistic}"
        )
    given: dict[str, Any] = {
        name: value for name in type(override).model_fields if (value := getattr(override, name)) is not None
    }
    return replace(alarm, **given)


def custom_alarms(alarms: Mapping[str, CustomAlarm]) -> list[Alarm]:
    """The alarms a stack file describes itself, such as one on a queue's length (FAC-OBS-07, FAC-N30)."""
    return [
        Alarm(
            key=key,
            title=alarm.title,
            namespace=alarm.namespace,
            metric=alarm.metric,
            dimensions=alarm.dimensions,
            statistic=alarm.statistic,
            comparison=Comparison.BELOW if alarm.above is None else Comparison.ABOVE,
            threshold=(alarm.below or 0) if alarm.above is None else alarm.above,
            missing=alarm.missing,
            symptom=alarm.symptom,
        )
        for key, alarm in alarms.items()
    ]


def database_alarms(database: WatchedDatabase, thresholds: DatabaseThresholds) -> list[Alarm]:
    """CPU, freeable memory, connections, and free storage of an instance or capacity in use of a cluster.

    A cluster is watched by role, so that the alarms follow a failover; each read replica of an instance by itself.
    Source: BER-OBS-03 to 06, LWO-DB-07, ALL-17, MSP-N13, OMN-N15.
    """
    alarms = _database_alarms(database, thresholds, "", "Database", database.dimensions)
    if database.readers:
        readers = {**database.dimensions, "Role": "READER"}
        alarms += _database_alarms(database, thresholds, "reader-", "Database reader", readers)
    for number, identifier in enumerate(database.replicas, start=1):
        replica = {"DBInstanceIdentifier": identifier}
        prefix, who = f"replica-{number}-", f"Database replica {number}"
        alarms += _database_alarms(database, thresholds, prefix, who, replica)
        alarms.append(_lag(prefix, who, replica, thresholds))
    return alarms


def _lag(prefix: str, who: str, replica: Mapping[str, str], thresholds: DatabaseThresholds) -> Alarm:
    """How far a read replica is behind its source (Amazon RDS User Guide, "Monitoring read replication")."""
    return Alarm(
        key=f"database-{prefix}lag",
        title=f"{who} behind its source",
        namespace="AWS/RDS",
        metric="ReplicaLag",
        dimensions=replica,
        statistic="Average",
        comparison=Comparison.ABOVE,
        threshold=thresholds.replica_lag_seconds,
        unit=SECONDS,
        missing=Missing.UNKNOWN,
    )


def _database_alarms(
    database: WatchedDatabase, thresholds: DatabaseThresholds, prefix: str, who: str, dimensions: Mapping[str, str]
) -> list[Alarm]:
    def alarm(
        key: str, title: str, metric: str, statistic: str, comparison: Comparison, threshold: float, unit: Unit
    ) -> Alarm:
        return Alarm(
            key=f"database-{prefix}{key}",
            title=f"{who} {title}",
            namespace="AWS/RDS",
            metric=metric,
            dimensions=dimensions,
            statistic=statistic,
            comparison=comparison,
            threshold=threshold,
            unit=unit,
            missing=Missing.UNKNOWN,
            symptom=key in ("storage", "connections"),  # out of either, the database refuses work
        )

    above, below = Comparison.ABOVE, Comparison.BELOW
    connections = database.max_connections * thresholds.connections_percent // 100
    most = f"connections, of {database.max_connections} at most,"
    return [
        alarm("cpu", "CPU", "CPUUtilization", "Average", above, thresholds.cpu_percent, PERCENT),
        alarm("memory", "freeable memory", "FreeableMemory", "Average", below, thresholds.freeable_memory_mib, MIB),
        alarm("storage", "free storage", "FreeStorageSpace", "Minimum", below, thresholds.free_storage_gib, GIB)
        if database.max_acu is None
        else alarm(  # an Aurora volume grows by itself; capacity is what runs out
            "capacity",
            f"capacity of {database.max_acu:g} ACU in use",
            "ACUUtilization",
            "Average",
            above,
            thresholds.acu_percent,
            PERCENT,
        ),
        alarm("connections", most, "DatabaseConnections", "Maximum", above, connections, COUNT),
    ]


def cache_alarms(node_ids: Sequence[str], thresholds: CacheThresholds, part: str = "cache") -> list[Alarm]:
    """CPU, memory, evictions, hit rate of every node (BER-OBS-07 to 09, FAC-OBS-06, FAC-N16).

    node_ids: `<group>-001`, `<group>-002`, …   part: what they are in the alarms' names; only a cache has a hit rate.
    """
    return [alarm for node in node_ids for alarm in _node_alarms(node, thresholds, part)]


def _node_alarms(node: str, thresholds: CacheThresholds, part: str) -> list[Alarm]:
    number = node.rpartition("-")[2]

    def alarm(
        key: str, title: str, metric: str, statistic: str, threshold: float, unit: Unit, missing: Missing
    ) -> Alarm:
        return Alarm(
            key=f"{part}-{number}-{key}",
            title=f"{part.capitalize()} node {number} {title}",
            namespace="AWS/ElastiCache",
            metric=metric,
            dimensions={"CacheClusterId": node},
            statistic=statistic,
            comparison=Comparison.BELOW if key == "hit-rate" else Comparison.ABOVE,
            threshold=threshold,
            unit=unit,
            missing=missing,
        )

    cpu, memory = thresholds.cpu_metric.value, "DatabaseMemoryUsagePercentage"
    alarms = [
        alarm("cpu", "CPU", cpu, "Average", thresholds.cpu_percent, PERCENT, Missing.UNKNOWN),
        alarm("memory", "memory", memory, "Average", thresholds.memory_percent, PERCENT, Missing.UNKNOWN),
        alarm("evictions", "evictions", "Evictions", "Sum", thresholds.evictions, COUNT, Missing.FINE),
    ]
    if thresholds.hit_rate_percent is not None and part == "cache":
        rate = thresholds.hit_rate_percent
        alarms.append(alarm("hit-rate", "hit rate", "CacheHitRate", "Average", rate, PERCENT, Missing.FINE))
    return alarms


def cdn_alarms(distribution_id: pulumi.Input[str], thresholds: CdnThresholds) -> list[Alarm]:
    """Share of requests answered 5xx, percent (BER-OBS-10)."""
    return [
        Alarm(
            key="cdn-errors",
            title="CDN answers 5xx",
            namespace="AWS/CloudFront",
            metric="5xxErrorRate",
            dimensions={"DistributionId": distribution_id, "Region": "Global"},
            statistic="Average",
            comparison=Comparison.ABOVE,
            threshold=thresholds.error_percent,
            unit=PERCENT,
            missing=Missing.FINE,
            region=CDN_METRICS_REGION,
            symptom=True,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """Inputs of `Alarms`.   alarms: all of one region.   topic_arn: topic of the same region."""

    scope: Scope
    timing: AlarmTiming
    alarms: Sequence[Alarm]
    topic_arn: pulumi.Input[str]

    def __post_init__(self) -> None:
        regions = sorted({alarm.region or self.scope.region for alarm in self.alarms})
        if len(regions) > 1:
            raise ValueError(f"alarms: want one region, as their topic has one; got {', '.join(regions)}")


class Alarms(pulumi.ComponentResource):
    """CloudWatch alarms that tell the topic when they begin and when they end.

    Raises ValueError (from AlarmsArgs) before anything is registered.
    Source: BER-OBS-03 to 10, BER-N25, ALL-07, ALL-17; 45 CFR 164.308(a)(6)(ii).
    """

    names: list[str]  # physical names, known in advance

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:alarms:Alarms", name, {}, opts)
        from pulumi_aws import cloudwatch

        scope = args.scope
        self.names = [scope.name(alarm.key, limit=255) for alarm in args.alarms]
        child = pulumi.ResourceOptions(parent=self)
        for alarm, physical in zip(args.alarms, self.names, strict=True):
            cloudwatch.MetricAlarm(
                f"{name}-{alarm.key}",
                name=physical,
                alarm_description=advised(alarm.description, alarm.key),
                comparison_operator=alarm.comparison.value,
                threshold=alarm.limit,
                evaluation_periods=alarm.evaluations or args.timing.evaluations,
                datapoints_to_alarm=alarm.datapoints,
                treat_missing_data=alarm.missing.value,
                actions_enabled=True,
                alarm_actions=[args.topic_arn],
                ok_actions=[args.topic_arn],
                tags=scope.tagged(DataClass.INTERNAL, physical),
                region=alarm.region,
                opts=child,
                **_measured(alarm, alarm.period_seconds or args.timing.period_seconds),
            )
        self.register_outputs({"names": self.names})


def _measured(alarm: Alarm, period: int) -> dict[str, Any]:
    """One metric, or the queries of an expression; AWS takes either."""
    if alarm.expression is not None:
        return {"metric_queries": _queries(alarm.expression, alarm.title, period)}
    percentile = alarm.statistic.startswith("p")
    return {
        "namespace": alarm.namespace,
        "metric_name": alarm.metric,
        "dimensions": alarm.dimensions,
        "statistic": None if percentile else alarm.statistic,
        "extended_statistic": alarm.statistic if percentile else None,
        "period": period,
    }


def _queries(expression: Expression, title: str, period: int) -> list[dict[str, Any]]:
    metrics: list[dict[str, Any]] = [
        {
            "id": name,
            "return_data": False,
            "metric": {
                "namespace": metric.namespace,
                "metric_name": metric.metric,
                "dimensions": metric.dimensions,
                "stat": metric.statistic,
                "period": period,
            },
        }
        for name, metric in expression.metrics.items()
    ]
    return [{"id": "result", "expression": expression.text, "label": title, "return_data": True}, *metrics]
