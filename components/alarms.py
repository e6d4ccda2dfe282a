"""Alarms: what is watched, from which value on, and the resources that watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi

from components.scope import DataClass, Scope
from settings.observability import (
    AlarmTiming,
    CacheThresholds,
    CdnThresholds,
    DatabaseThresholds,
    LoadBalancerThresholds,
    ServiceThresholds,
)

CDN_METRICS_REGION = "us-east-1"  # CloudFront publishes its metrics there only (ALL-07, BER-N08)
_MIB, _GIB = 1024**2, 1024**3


class Comparison(StrEnum):
    """On which side of the threshold the alarm is."""

    ABOVE = "GreaterThanThreshold"
    BELOW = "LessThanThreshold"


class Missing(StrEnum):
    """What a period without data means.

    UNKNOWN: for values a living resource always reports; silence shows as INSUFFICIENT_DATA.
    FINE: for counts and rates that exist only when something happens.   BAD: silence is the failure itself.
    """

    UNKNOWN = "missing"
    FINE = "notBreaching"
    BAD = "breaching"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One metric and its threshold.

    key: part of the alarm's names.   title: for people.   statistic: `Average`, `Sum`, `Maximum`, … or `p95`.
    threshold: in the metric's own unit.   region: where the metric is; None: the provider's region.
    period_seconds, evaluations: None: those of the settings.
    """

    key: str
    title: str
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    comparison: Comparison
    threshold: float
    missing: Missing
    region: str | None = None
    period_seconds: int | None = None
    evaluations: int | None = None


@dataclass(frozen=True, kw_only=True)
class WatchedDatabase:
    """identifier: of the RDS instance, or of the Aurora cluster.   max_connections: the most an instance accepts.
    max_acu: most capacity of each instance of a Serverless v2 cluster; None: it is an RDS instance.
    readers: whether the cluster has readers.
    """

    identifier: str
    max_connections: int
    max_acu: float | None = None
    readers: bool = False


@dataclass(frozen=True, kw_only=True)
class WatchedLoadBalancer:
    """arn_suffix: of the load balancer.   target_group_arn_suffixes: service → suffix."""

    arn_suffix: pulumi.Input[str]
    target_group_arn_suffixes: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])


@dataclass(frozen=True, kw_only=True)
class WatchedService:
    """cluster_name, service_name: physical names.   min_tasks: fewest tasks that should run."""

    cluster_name: str
    service_name: str
    min_tasks: int


def database_alarms(database: WatchedDatabase, thresholds: DatabaseThresholds) -> list[Alarm]:
    """CPU, freeable memory (bytes), connections, and free storage (bytes) of an instance or capacity in use of a
    cluster (BER-OBS-03 to 06, ALL-17, MSP-N13, OMN-N15).

    A cluster is watched by role, so that the alarms follow a failover.
    """
    if database.max_acu is None:
        return _database_alarms(database, thresholds, "", "Database", {"DBInstanceIdentifier": database.identifier})
    roles = {"": ("Database", "WRITER"), "reader-": ("Database reader", "READER")}
    return [
        each
        for key, (title, role) in roles.items()
        if role == "WRITER" or database.readers
        for each in _database_alarms(
            database, thresholds, key, title, {"DBClusterIdentifier": database.identifier, "Role": role}
        )
    ]


def _database_alarms(
    database: WatchedDatabase, thresholds: DatabaseThresholds, prefix: str, who: str, dimensions: Mapping[str, str]
) -> list[Alarm]:
    def alarm(key: str, title: str, metric: str, statistic: str, comparison: Comparison, threshold: float) -> Alarm:
        return Alarm(
            key=f"database-{prefix}{key}",
            title=f"{who} {title}",
            namespace="AWS/RDS",
            metric=metric,
            dimensions=dimensions,
            statistic=statistic,
            comparison=comparison,
            threshold=threshold,
            missing=Missing.UNKNOWN,
        )

    connections = database.max_connections * thresholds.connections_percent // 100
    memory, storage = thresholds.freeable_memory_mib, thresholds.free_storage_gib
    return [
        alarm(
            "cpu",
            f"CPU above {thresholds.cpu_percent} %",
            "CPUUtilization",
            "Average",
            Comparison.ABOVE,
            thresholds.cpu_percent,
        ),
        alarm(
            "memory",
            f"freeable memory below {memory} MiB",
            "FreeableMemory",
            "Average",
            Comparison.BELOW,
            memory * _MIB,
        ),
        alarm(
            "storage",
            f"free storage below {storage} GiB",
            "FreeStorageSpace",
            "Minimum",
            Comparison.BELOW,
            storage * _GIB,
        )
        if database.max_acu is None
        else alarm(  # an Aurora volume grows by itself; capacity is what runs out
            "capacity",
            f"capacity above {thresholds.acu_percent} % of {database.max_acu:g} ACU",
            "ACUUtilization",
            "Average",
            Comparison.ABOVE,
            thresholds.acu_percent,
        ),
        alarm(
            "connections",
            f"connections above {connections} ({thresholds.connections_percent} % of {database.max_connections})",
            "DatabaseConnections",
            "Maximum",
            Comparison.ABOVE,
            connections,
        ),
    ]


def cache_alarms(node_ids: Sequence[str], thresholds: CacheThresholds, part: str = "cache") -> list[Alarm]:
    """CPU, memory, evictions of every node (BER-OBS-07 to 09, FAC-N16).   node_ids: `<group>-001`, `<group>-002`, …
    part: what they are in the alarms' names.
    """
    alarms: list[Alarm] = []
    for node in node_ids:
        number = node.rpartition("-")[2]
        for key, title, metric, statistic, threshold, missing in (
            (
                "cpu",
                f"CPU above {thresholds.cpu_percent} %",
                thresholds.cpu_metric.value,
                "Average",
                thresholds.cpu_percent,
                Missing.UNKNOWN,
            ),
            (
                "memory",
                f"memory above {thresholds.memory_percent} %",
                "DatabaseMemoryUsagePercentage",
                "Average",
                thresholds.memory_percent,
                Missing.UNKNOWN,
            ),
            (
                "evictions",
                f"evictions above {thresholds.evictions}",
                "Evictions",
                "Sum",
                thresholds.evictions,
                Missing.FINE,
            ),
        ):
            alarms.append(
                Alarm(
                    key=f"{part}-{number}-{key}",
                    title=f"{part.capitalize()} node {number} {title}",
                    namespace="AWS/ElastiCache",
                    metric=metric,
                    dimensions={"CacheClusterId": node},
                    statistic=statistic,
                    comparison=Comparison.ABOVE,
                    threshold=threshold,
                    missing=missing,
                )
            )
    return alarms


def cdn_alarms(distribution_id: pulumi.Input[str], thresholds: CdnThresholds) -> list[Alarm]:
    """Share of requests answered 5xx, percent (BER-OBS-10)."""
    return [
        Alarm(
            key="cdn-errors",
            title=f"CDN 5xx above {thresholds.error_percent} %",
            namespace="AWS/CloudFront",
            metric="5xxErrorRate",
            dimensions={"DistributionId": distribution_id, "Region": "Global"},
            statistic="Average",
            comparison=Comparison.ABOVE,
            threshold=thresholds.error_percent,
            missing=Missing.FINE,
            region=CDN_METRICS_REGION,
        )
    ]


def load_balancer_alarms(balancer: WatchedLoadBalancer, thresholds: LoadBalancerThresholds) -> list[Alarm]:
    """Answers 5xx of targets and of the load balancer, response time (seconds), unhealthy targets of every service."""
    whole = {"LoadBalancer": balancer.arn_suffix}
    counted = {"target-errors": "HTTPCode_Target_5XX_Count", "own-errors": "HTTPCode_ELB_5XX_Count"}
    alarms = [
        Alarm(
            key=f"load-balancer-{key}",
            title=f"Load balancer {key.replace('-', ' ')} 5xx above {thresholds.errors}",
            namespace="AWS/ApplicationELB",
            metric=metric,
            dimensions=whole,
            statistic="Sum",
            comparison=Comparison.ABOVE,
            threshold=thresholds.errors,
            missing=Missing.FINE,
        )
        for key, metric in counted.items()
    ]
    alarms.append(
        Alarm(
            key="load-balancer-latency",
            title=f"Load balancer response time above {thresholds.latency_milliseconds} ms",
            namespace="AWS/ApplicationELB",
            metric="TargetResponseTime",
            dimensions=whole,
            statistic="p95",
            comparison=Comparison.ABOVE,
            threshold=thresholds.latency_milliseconds / 1000,
            missing=Missing.FINE,
        )
    )
    alarms += [
        Alarm(
            key=f"load-balancer-{service}-unhealthy",
            title=f"Unhealthy targets of {service} above {thresholds.unhealthy_targets}",
            namespace="AWS/ApplicationELB",
            metric="UnHealthyHostCount",
            dimensions={"TargetGroup": suffix, **whole},
            statistic="Maximum",
            comparison=Comparison.ABOVE,
            threshold=thresholds.unhealthy_targets,
            missing=Missing.UNKNOWN,
        )
        for service, suffix in balancer.target_group_arn_suffixes.items()
    ]
    return alarms


def service_alarms(name: str, service: WatchedService, thresholds: ServiceThresholds) -> list[Alarm]:
    """CPU, memory and number of running tasks of a service; no report of running tasks is an alarm too."""
    dimensions = {"ClusterName": service.cluster_name, "ServiceName": service.service_name}
    used = {
        "cpu": ("CPUUtilization", thresholds.cpu_percent),
        "memory": ("MemoryUtilization", thresholds.memory_percent),
    }
    alarms = [
        Alarm(
            key=f"service-{name}-{key}",
            title=f"Service {name} {key} above {threshold} %",
            namespace="AWS/ECS",
            metric=metric,
            dimensions=dimensions,
            statistic="Average",
            comparison=Comparison.ABOVE,
            threshold=threshold,
            missing=Missing.UNKNOWN,
        )
        for key, (metric, threshold) in used.items()
    ]
    alarms.append(
        Alarm(
            key=f"service-{name}-tasks",
            title=f"Service {name} runs fewer than {service.min_tasks} tasks",
            namespace="ECS/ContainerInsights",
            metric="RunningTaskCount",
            dimensions=dimensions,
            statistic="Average",
            comparison=Comparison.BELOW,
            threshold=service.min_tasks,
            missing=Missing.BAD,
        )
    )
    return alarms


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
        for alarm, physical in zip(args.alarms, self.names, strict=True):
            percentile = alarm.statistic.startswith("p")
            cloudwatch.MetricAlarm(
                f"{name}-{alarm.key}",
                name=physical,
                alarm_description=alarm.title,
                namespace=alarm.namespace,
                metric_name=alarm.metric,
                dimensions=alarm.dimensions,
                statistic=None if percentile else alarm.statistic,
                extended_statistic=alarm.statistic if percentile else None,
                comparison_operator=alarm.comparison.value,
                threshold=alarm.threshold,
                period=alarm.period_seconds or args.timing.period_seconds,
                evaluation_periods=alarm.evaluations or args.timing.evaluations,
                treat_missing_data=alarm.missing.value,
                actions_enabled=True,
                alarm_actions=[args.topic_arn],
                ok_actions=[args.topic_arn],
                tags=scope.tagged(DataClass.INTERNAL, physical),
                region=alarm.region,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"names": self.names})
