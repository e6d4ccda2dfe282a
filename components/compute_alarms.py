"""Alarms of what computes: instances, services, functions."""

from __future__ import annotations

from components.alarms import COUNT, MILLISECONDS, PERCENT, Alarm, Comparison
from components.watched import WatchedFleet, WatchedFunction, WatchedService
from settings.alarms import Missing
from settings.observability import FleetThresholds, FunctionThresholds, ServiceThresholds


def fleet_alarms(fleet: WatchedFleet, thresholds: FleetThresholds) -> list[Alarm]:
    """Average CPU of the instances (FAC-OBS-02)."""
    return [
        Alarm(
            key="fleet-cpu",
            title="CPU of the instances",
            namespace="AWS/EC2",
            metric="CPUUtilization",
            dimensions={"AutoScalingGroupName": fleet.autoscaling_group_name},
            statistic="Average",
            comparison=Comparison.ABOVE,
            threshold=thresholds.cpu_percent,
            unit=PERCENT,
            missing=Missing.UNKNOWN,
        )
    ]


def service_alarms(name: str, service: WatchedService, thresholds: ServiceThresholds) -> list[Alarm]:
    """CPU, memory and number of running tasks of a service; no report of running tasks is an alarm too.

    Source: LWO-OBS-03, LWO-OBS-04, LWO-N11, LWO-N15.
    """
    dimensions = {"ClusterName": service.cluster_name, "ServiceName": service.service_name}
    used = {
        "cpu": ("CPU", "CPUUtilization", thresholds.cpu_percent),
        "memory": ("memory", "MemoryUtilization", thresholds.memory_percent),
    }
    alarms = [
        Alarm(
            key=f"service-{name}-{key}",
            title=f"Service {name} {title}",
            namespace="AWS/ECS",
            metric=metric,
            dimensions=dimensions,
            statistic="Average",
            comparison=Comparison.ABOVE,
            threshold=threshold,
            unit=PERCENT,
            missing=Missing.UNKNOWN,
        )
        for key, (title, metric, threshold) in used.items()
    ]
    alarms.append(
        Alarm(
            key=f"service-{name}-tasks",
            title=f"Service {name} running tasks",
            namespace="ECS/ContainerInsights",
            metric="RunningTaskCount",
            dimensions=dimensions,
            statistic="Average",
            comparison=Comparison.BELOW,
            threshold=service.min_tasks,
            missing=Missing.BAD,
            symptom=True,
        )
    )
    return alarms


def function_alarms(name: str, function: WatchedFunction, thresholds: FunctionThresholds) -> list[Alarm]:
    """Failures, refusals, slowness near the limit, and what the function gave up on.

    One failure is enough: a function on a schedule has no second one in the next period.
    Source: AWS Lambda Developer Guide, "Types of metrics for Lambda functions".
    """
    slow = function.timeout_seconds * 1000 * thresholds.duration_percent / 100

    def alarm(key: str, title: str, metric: str, statistic: str, threshold: float) -> Alarm:
        return Alarm(
            key=f"function-{name}-{key}",
            title=f"Function {name} {title}",
            namespace="AWS/Lambda",
            metric=metric,
            dimensions={"FunctionName": function.function_name},
            statistic=statistic,
            comparison=Comparison.ABOVE,
            threshold=threshold,
            unit=MILLISECONDS if key == "duration" else COUNT,
            missing=Missing.FINE,
            evaluations=1 if key == "errors" else None,
        )

    alarms = [
        alarm("errors", "failures", "Errors", "Sum", thresholds.errors),
        alarm("throttles", "refusals", "Throttles", "Sum", thresholds.throttles),
        alarm("duration", "duration", "Duration", "Maximum", slow),
    ]
    if function.dead_letter_queue_name is not None:
        alarms.append(
            Alarm(
                key=f"function-{name}-dead-letters",
                title=f"Messages function {name} gave up on",
                namespace="AWS/SQS",
                metric="ApproximateNumberOfMessagesVisible",
                dimensions={"QueueName": function.dead_letter_queue_name},
                statistic="Maximum",
                comparison=Comparison.ABOVE,
                threshold=thresholds.dead_letters,
                missing=Missing.FINE,
            )
        )
    return alarms
