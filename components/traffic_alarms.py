"""Alarms of what carries requests: load balancer, API, NAT gateways."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.alarms import (
    COUNT,
    MILLISECONDS,
    MILLISECONDS_OF_SECONDS,
    PERCENT,
    PERCENT_OF_ONE,
    Alarm,
    Comparison,
    Expression,
    Metric,
)
from components.watched import WatchedApi, WatchedLoadBalancer
from settings.alarms import Missing
from settings.observability import ApiThresholds, LoadBalancerThresholds, NatThresholds

BALANCER = "AWS/ApplicationELB"
_COUNTS = {"target-errors": "HTTPCode_Target_5XX_Count", "own-errors": "HTTPCode_ELB_5XX_Count"}


def error_share(load_balancer: pulumi.Input[str]) -> Expression:
    """Share of requests answered 5xx, percent.

    Requests without a healthy target are answered 503 by the load balancer, and are not in RequestCount: with none
    left, the share is 100 %. Without requests there is nothing to divide by, so no value.
    Source: Elastic Load Balancing User Guide, "CloudWatch metrics for your Application Load Balancer"; FAC-N23.
    """

    def count(metric: str) -> Metric:
        dimensions = {"LoadBalancer": load_balancer}
        return Metric(namespace=BALANCER, metric=metric, dimensions=dimensions, statistic="Sum")

    errors = "FILL(target, 0) + FILL(own, 0)"
    return Expression(
        text=f"100 * ({errors}) / MAX([FILL(requests, 0), {errors}])",
        metrics={
            "requests": count("RequestCount"),
            "target": count(_COUNTS["target-errors"]),
            "own": count(_COUNTS["own-errors"]),
        },
    )


def load_balancer_alarms(balancer: WatchedLoadBalancer, thresholds: LoadBalancerThresholds) -> list[Alarm]:
    """Answers 5xx as a share or as a count, response time, unhealthy targets of every service.

    Source: FAC-OBS-05, LWO-OBS-05, LWO-OBS-07, LWO-N11.
    """
    whole = {"LoadBalancer": balancer.arn_suffix}
    alarms: list[Alarm] = []
    if thresholds.error_percent is not None:
        alarms.append(
            Alarm(
                key="load-balancer-errors",
                title="Requests answered 5xx",
                namespace=BALANCER,
                metric="5xx",
                statistic="Sum",
                comparison=Comparison.ABOVE,
                threshold=thresholds.error_percent,
                unit=PERCENT,
                missing=Missing.FINE,
                expression=error_share(balancer.arn_suffix),
                symptom=True,
            )
        )
    if thresholds.errors is not None:
        alarms += [
            Alarm(
                key=f"load-balancer-{key}",
                title=f"Load balancer {key.replace('-', ' ')} 5xx",
                namespace=BALANCER,
                metric=metric,
                dimensions=whole,
                statistic="Sum",
                comparison=Comparison.ABOVE,
                threshold=thresholds.errors,
                unit=COUNT,
                missing=Missing.FINE,
                symptom=True,
            )
            for key, metric in _COUNTS.items()
        ]
    alarms.append(
        Alarm(
            key="load-balancer-latency",
            title="Response time",
            namespace=BALANCER,
            metric="TargetResponseTime",
            dimensions=whole,
            statistic="p95",
            comparison=Comparison.ABOVE,
            threshold=thresholds.latency_milliseconds,
            unit=MILLISECONDS_OF_SECONDS,
            missing=Missing.FINE,
            symptom=True,
        )
    )
    alarms += [
        Alarm(
            key=f"load-balancer-{service}-unhealthy",
            title=f"Unhealthy targets of {service}",
            namespace=BALANCER,
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


def api_alarms(api: WatchedApi, thresholds: ApiThresholds) -> list[Alarm]:
    """Share of requests answered 5xx, and time to the answer (MSP-OBS-06, MSP-N18).

    The average of `5XXError` is the share (API Gateway Developer Guide, "Amazon API Gateway metrics").
    """
    dimensions = {"ApiName": api.api_name, "Stage": api.stage}
    return [
        Alarm(
            key="api-errors",
            title="API requests answered 5xx",
            namespace="AWS/ApiGateway",
            metric="5XXError",
            dimensions=dimensions,
            statistic="Average",
            comparison=Comparison.ABOVE,
            threshold=thresholds.error_percent,
            unit=PERCENT_OF_ONE,
            missing=Missing.FINE,
            symptom=True,
        ),
        Alarm(
            key="api-latency",
            title="API response time",
            namespace="AWS/ApiGateway",
            metric="Latency",
            dimensions=dimensions,
            statistic="p95",
            comparison=Comparison.ABOVE,
            threshold=thresholds.latency_milliseconds,
            unit=MILLISECONDS,
            missing=Missing.FINE,
            symptom=True,
        ),
    ]


def nat_alarms(gateways: Mapping[str, pulumi.Input[str]], thresholds: NatThresholds) -> list[Alarm]:
    """Connections refused for want of a port, and dropped packets, of every gateway (MSP-N16).

    gateways: zone → id.   Source: Amazon VPC User Guide, "Monitor NAT gateways with Amazon CloudWatch".
    """
    counted = {
        "ports": ("refused connections", "ErrorPortAllocation", thresholds.port_errors),
        "drops": ("dropped packets", "PacketsDropCount", thresholds.dropped_packets),
    }
    return [
        Alarm(
            key=f"nat-{zone}-{key}",
            title=f"NAT gateway of {zone}: {title}",
            namespace="AWS/NATGateway",
            metric=metric,
            dimensions={"NatGatewayId": gateway},
            statistic="Sum",
            comparison=Comparison.ABOVE,
            threshold=threshold,
            missing=Missing.FINE,
        )
        for zone, gateway in gateways.items()
        for key, (title, metric, threshold) in counted.items()
    ]
