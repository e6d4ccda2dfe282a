"""The dashboards on offer: which panels each has, from what the system consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.alarms import CDN_METRICS_REGION, Alarm, Metric
from components.graphs import Graph, LogTable, Look, Panel, States, watched_graphs
from components.saved_queries import application_log_groups
from components.scope import Scope
from components.traffic_alarms import BALANCER, error_share
from components.watched import Watched
from settings.observability import View

_MEMORY = ("mem_used_percent", "Average")  # of the CloudWatch agent, which measures inside instances (FAC-N23)
_NEWEST_ERRORS = (
    "fields @timestamp, @log, @message | filter @message like /(?i)(error|exception|fatal|panic)/ "
    "| sort @timestamp desc | limit 20"
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What dashboards are made from.   alarms: of every region, with their physical names."""

    scope: Scope
    watched: Watched
    alarms: Mapping[str, Alarm] = field(default_factory=dict[str, Alarm])


def panels(view: View, shown: Shown) -> list[Panel]:
    """The panels of one dashboard; empty when the system has nothing it could show."""
    return [panel for panel in _VIEWS[view](shown) if not (isinstance(panel, Graph) and _empty(panel))]


def _empty(graph: Graph) -> bool:
    return not graph.metrics and graph.expression is None


# --- families of metrics: one line for everything of a kind


def _balancer(watched: Watched, metric: str, *statistics: str) -> list[Metric]:
    if watched.load_balancer is None:
        return []
    dimensions = {"LoadBalancer": watched.load_balancer.arn_suffix}
    return _each(BALANCER, metric, dimensions, statistics)


def _api(watched: Watched, metric: str, *statistics: str) -> list[Metric]:
    if watched.api is None:
        return []
    dimensions = {"ApiName": watched.api.api_name, "Stage": watched.api.stage}
    return _each("AWS/ApiGateway", metric, dimensions, statistics)


def _database(watched: Watched, metric: str, *statistics: str) -> list[Metric]:
    if watched.database is None:
        return []
    return _each("AWS/RDS", metric, watched.database.dimensions, statistics)


def _instance(watched: Watched, metric: str, statistic: str) -> list[Metric]:
    """What only an RDS instance reports."""
    return (
        []
        if watched.database is None or watched.database.max_acu is not None
        else _database(watched, metric, statistic)
    )


def _cluster(watched: Watched, metric: str, statistic: str) -> list[Metric]:
    """What only an Aurora cluster reports."""
    serverless = watched.database is not None and watched.database.max_acu is not None
    return _database(watched, metric, statistic) if serverless else []


def _fleet(watched: Watched, namespace: str, metric: str, *statistics: str) -> list[Metric]:
    if watched.fleet is None:
        return []
    dimensions = {"AutoScalingGroupName": watched.fleet.autoscaling_group_name}
    return _each(namespace, metric, dimensions, statistics)


def _cdn(watched: Watched, metric: str, statistic: str) -> list[Metric]:
    if watched.distribution_id is None:
        return []
    dimensions = {"DistributionId": watched.distribution_id, "Region": "Global"}
    return [
        Metric(
            namespace="AWS/CloudFront",
            metric=metric,
            dimensions=dimensions,
            statistic=statistic,
            region=CDN_METRICS_REGION,
        )
    ]


def _services(watched: Watched, namespace: str, metric: str, statistic: str) -> list[Metric]:
    return [
        Metric(
            namespace=namespace,
            metric=metric,
            dimensions={"ClusterName": service.cluster_name, "ServiceName": service.service_name},
            statistic=statistic,
            label=name,
        )
        for name, service in watched.services.items()
    ]


def _functions(watched: Watched, metric: str, statistic: str) -> list[Metric]:
    return [
        Metric(
            namespace="AWS/Lambda",
            metric=metric,
            dimensions={"FunctionName": function.function_name},
            statistic=statistic,
            label=name,
        )
        for name, function in watched.functions.items()
    ]


def _cache(watched: Watched, metric: str, statistic: str) -> list[Metric]:
    return [
        Metric(namespace="AWS/ElastiCache", metric=metric, dimensions={"CacheClusterId": node}, statistic=statistic)
        for node in (*watched.cache_node_ids, *watched.queue_node_ids)
    ]


def _targets(watched: Watched, metric: str, statistic: str) -> list[Metric]:
    if watched.load_balancer is None:
        return []
    return [
        Metric(
            namespace=BALANCER,
            metric=metric,
            dimensions={"TargetGroup": suffix, "LoadBalancer": watched.load_balancer.arn_suffix},
            statistic=statistic,
            label=service,
        )
        for service, suffix in watched.load_balancer.target_group_arn_suffixes.items()
    ]


def _nat(watched: Watched, metric: str, statistic: str) -> list[Metric]:
    return [
        Metric(
            namespace="AWS/NATGateway",
            metric=metric,
            dimensions={"NatGatewayId": gateway},
            statistic=statistic,
            label=f"{zone} {metric}",
        )
        for zone, gateway in watched.nat_gateway_ids.items()
    ]


def _each(
    namespace: str, metric: str, dimensions: Mapping[str, pulumi.Input[str]], statistics: Sequence[str]
) -> list[Metric]:
    return [
        Metric(
            namespace=namespace,
            metric=metric,
            dimensions=dimensions,
            statistic=statistic,
            label=f"{metric} {statistic}" if len(statistics) > 1 else None,
        )
        for statistic in statistics
    ]


# --- views


def _overview(shown: Shown) -> list[Panel]:
    """Every metric that has an alarm (BER-OBS-02, BER-N31)."""
    return watched_graphs(list(shown.alarms.values()))


def _custom(shown: Shown) -> list[Panel]:
    """What the application measures itself."""
    own = [alarm for alarm in shown.alarms.values() if not alarm.namespace.startswith(("AWS/", "ECS/"))]
    return watched_graphs([alarm for alarm in own if not alarm.key.startswith("security-")])


def _latency(watched: Watched) -> Graph:
    return Graph(
        title="Latency",
        metrics=[
            *_balancer(watched, "TargetResponseTime", "Average", "p50", "p95", "p99"),
            *_api(watched, "Latency", "Average", "p95", "p99"),
            *_functions(watched, "Duration", "p95"),
        ],
    )


def _share_of_errors(watched: Watched, look: Look = Look.LINES) -> Graph:
    balancer = watched.load_balancer
    return Graph(
        title="Error rate, percent",
        expression=None if balancer is None else error_share(balancer.arn_suffix),
        look=look,
    )


def _errors_of_api(watched: Watched) -> Graph:
    return Graph(
        title="API error rate, share of one",
        metrics=[*_api(watched, "5XXError", "Average"), *_api(watched, "4XXError", "Average")],
    )


def _throughput(watched: Watched, look: Look = Look.LINES) -> Graph:
    return Graph(
        title="Requests",
        metrics=[
            *_balancer(watched, "RequestCount", "Sum"),
            *_api(watched, "Count", "SampleCount"),
            *_functions(watched, "Invocations", "Sum"),
        ],
        look=look,
    )


def _cpu(watched: Watched, look: Look = Look.LINES) -> Graph:
    return Graph(
        title="CPU, percent",
        metrics=[
            *_fleet(watched, "AWS/EC2", "CPUUtilization", "Average"),
            *_services(watched, "AWS/ECS", "CPUUtilization", "Average"),
            *_database(watched, "CPUUtilization", "Average"),
            *_cache(watched, "CPUUtilization", "Average"),
        ],
        look=look,
    )


def _memory(watched: Watched, look: Look = Look.LINES) -> Graph:
    return Graph(
        title="Memory, percent",
        metrics=[
            *([] if watched.fleet is None else _fleet(watched, watched.fleet.metrics_namespace, *_MEMORY)),
            *_services(watched, "AWS/ECS", "MemoryUtilization", "Average"),
            *_cache(watched, "DatabaseMemoryUsagePercentage", "Average"),
        ],
        look=look,
    )


def _tasks(watched: Watched) -> Graph:
    return Graph(
        title="Running tasks", metrics=_services(watched, "ECS/ContainerInsights", "RunningTaskCount", "Average")
    )


def _application(shown: Shown) -> list[Panel]:
    """Latency, errors, throughput (FAC-OBS-08)."""
    watched = shown.watched
    errors = [
        *_balancer(watched, "HTTPCode_Target_5XX_Count", "Sum"),
        *_balancer(watched, "HTTPCode_ELB_5XX_Count", "Sum"),
        *_balancer(watched, "HTTPCode_Target_4XX_Count", "Sum"),
        *_functions(watched, "Errors", "Sum"),
    ]
    return [
        _latency(watched),
        _share_of_errors(watched),
        _errors_of_api(watched),
        Graph(title="Errors", metrics=errors),
        _throughput(watched),
        Graph(title="Healthy targets", metrics=_targets(watched, "HealthyHostCount", "Minimum")),
        Graph(title="CDN requests", metrics=_cdn(watched, "Requests", "Sum")),
        Graph(title="CDN error rate, percent", metrics=_cdn(watched, "5xxErrorRate", "Average")),
        *_custom(shown),
    ]


def _database_view(shown: Shown) -> list[Panel]:
    """Connections, queries, disk (FAC-OBS-09); queries as the sessions at work on them."""
    watched = shown.watched
    database = watched.database
    return [
        Graph(
            title="Connections",
            metrics=_database(watched, "DatabaseConnections", "Maximum", "Average"),
            limits=[] if database is None else [database.max_connections],
        ),
        Graph(
            title="Sessions at work on queries",
            metrics=[
                *_database(watched, "DBLoad", "Average"),
                *_database(watched, "DBLoadCPU", "Average"),
                *_database(watched, "DBLoadNonCPU", "Average"),
            ],
        ),
        Graph(
            title="Disk operations per second",
            metrics=[*_database(watched, "ReadIOPS", "Average"), *_database(watched, "WriteIOPS", "Average")],
        ),
        Graph(
            title="Disk bytes per second",
            metrics=[
                *_database(watched, "ReadThroughput", "Average"),
                *_database(watched, "WriteThroughput", "Average"),
            ],
        ),
        Graph(
            title="Disk latency, seconds",
            metrics=[*_database(watched, "ReadLatency", "Average"), *_database(watched, "WriteLatency", "Average")],
        ),
        Graph(title="Disk queue", metrics=_instance(watched, "DiskQueueDepth", "Average")),
        Graph(title="Commits per second", metrics=_cluster(watched, "CommitThroughput", "Average")),
        Graph(title="Capacity, ACU", metrics=_cluster(watched, "ServerlessDatabaseCapacity", "Average")),
        Graph(title="Capacity in use, percent", metrics=_cluster(watched, "ACUUtilization", "Average")),
        Graph(title="Free storage, bytes", metrics=_instance(watched, "FreeStorageSpace", "Minimum")),
        Graph(title="CPU, percent", metrics=_database(watched, "CPUUtilization", "Average")),
        Graph(title="Freeable memory, bytes", metrics=_database(watched, "FreeableMemory", "Average")),
        Graph(title="Cache hit rate, percent", metrics=_cache(watched, "CacheHitRate", "Average")),
        Graph(title="Cache connections", metrics=_cache(watched, "CurrConnections", "Maximum")),
    ]


def _infrastructure(shown: Shown) -> list[Panel]:
    """CPU, memory, network (FAC-OBS-10)."""
    watched = shown.watched
    return [
        _cpu(watched),
        _memory(watched),
        Graph(title="Database freeable memory, bytes", metrics=_database(watched, "FreeableMemory", "Average")),
        Graph(
            title="Network of the instances, bytes",
            metrics=[
                *_fleet(watched, "AWS/EC2", "NetworkIn", "Sum"),
                *_fleet(watched, "AWS/EC2", "NetworkOut", "Sum"),
            ],
        ),
        Graph(
            title="Network of the services, bytes per second",
            metrics=[
                *_services(watched, "ECS/ContainerInsights", "NetworkRxBytes", "Average"),
                *_services(watched, "ECS/ContainerInsights", "NetworkTxBytes", "Average"),
            ],
        ),
        Graph(
            title="Network of the database, bytes per second",
            metrics=[
                *_database(watched, "NetworkReceiveThroughput", "Average"),
                *_database(watched, "NetworkTransmitThroughput", "Average"),
            ],
        ),
        Graph(
            title="NAT gateways, bytes",
            metrics=[
                *_nat(watched, "BytesOutToDestination", "Sum"),
                *_nat(watched, "BytesInFromDestination", "Sum"),
            ],
        ),
        Graph(
            title="NAT gateways, errors",
            metrics=[*_nat(watched, "ErrorPortAllocation", "Sum"), *_nat(watched, "PacketsDropCount", "Sum")],
        ),
        Graph(
            title="Instances in service",
            metrics=_fleet(watched, "AWS/AutoScaling", "GroupInServiceInstances", "Average"),
        ),
        _tasks(watched),
    ]


def _service(shown: Shown) -> list[Panel]:
    """Real-time health: states of the alarms, and the key figures now (LWO-OBS-09)."""
    watched = shown.watched
    home = [name for name, alarm in shown.alarms.items() if alarm.region in (None, shown.scope.region)]
    states: list[Panel] = (
        [States(title="Alarms", arns=[shown.scope.arn("cloudwatch", f"alarm:{name}") for name in home])] if home else []
    )
    return [
        *states,
        _cpu(watched, Look.FIGURES),
        _memory(watched, Look.FIGURES),
        _throughput(watched, Look.FIGURES),
        _share_of_errors(watched, Look.FIGURES),
        Graph(title="Healthy targets", metrics=_targets(watched, "HealthyHostCount", "Minimum")),
        _tasks(watched),
        _latency(watched),
    ]


def _utilisation(shown: Shown) -> list[Panel]:
    """What is used of what there is: services, database, cache (LWO-OBS-08, LWO-OBS-09)."""
    watched = shown.watched
    return [
        _cpu(watched),
        _memory(watched),
        _tasks(watched),
        Graph(title="Database connections", metrics=_database(watched, "DatabaseConnections", "Maximum")),
        Graph(title="Database free storage, bytes", metrics=_instance(watched, "FreeStorageSpace", "Minimum")),
        Graph(title="Database freeable memory, bytes", metrics=_database(watched, "FreeableMemory", "Average")),
        *_custom(shown),
    ]


def _errors(shown: Shown) -> list[Panel]:
    """Error rates and trends (LWO-OBS-09)."""
    watched = shown.watched
    groups = application_log_groups(watched)
    lines: list[Panel] = [LogTable(title="Newest errors", log_groups=groups, query=_NEWEST_ERRORS)] if groups else []
    return [
        _share_of_errors(watched),
        _errors_of_api(watched),
        Graph(title="Answers 5xx of the targets", metrics=_balancer(watched, "HTTPCode_Target_5XX_Count", "Sum")),
        Graph(title="Answers 5xx of the load balancer", metrics=_balancer(watched, "HTTPCode_ELB_5XX_Count", "Sum")),
        Graph(title="Answers 4xx", metrics=_balancer(watched, "HTTPCode_Target_4XX_Count", "Sum")),
        Graph(title="Connections targets refused", metrics=_balancer(watched, "TargetConnectionErrorCount", "Sum")),
        Graph(title="Function failures", metrics=_functions(watched, "Errors", "Sum")),
        Graph(title="CDN error rate, percent", metrics=_cdn(watched, "5xxErrorRate", "Average")),
        *lines,
    ]


def _requests(shown: Shown) -> list[Panel]:
    """How many requests, how fast, from how many connections (LWO-OBS-09)."""
    watched = shown.watched
    connections = [
        *_balancer(watched, "ActiveConnectionCount", "Sum"),
        *_balancer(watched, "NewConnectionCount", "Sum"),
    ]
    return [
        _throughput(watched),
        Graph(title="Requests per target", metrics=_targets(watched, "RequestCountPerTarget", "Sum")),
        _latency(watched),
        Graph(title="Connections", metrics=connections),
        Graph(title="Bytes processed", metrics=_balancer(watched, "ProcessedBytes", "Sum")),
        Graph(title="CDN requests", metrics=_cdn(watched, "Requests", "Sum")),
    ]


_VIEWS: dict[View, Callable[[Shown], list[Panel]]] = {
    View.OVERVIEW: _overview,
    View.APPLICATION: _application,
    View.DATABASE: _database_view,
    View.INFRASTRUCTURE: _infrastructure,
    View.SERVICE: _service,
    View.UTILISATION: _utilisation,
    View.ERRORS: _errors,
    View.REQUESTS: _requests,
}
