from __future__ import annotations

from tests.localaws.case import Case, Need
from tests.localaws.cases.ecs import RUNNING, SERVICE

SCALED = {
    "resourceId": "service/clinic-staging/clinic-web",
    "scalableDimension": "ecs:service:DesiredCount",
    "serviceNamespace": "ecs",
}
TARGET = {**SCALED, "minCapacity": 1, "maxCapacity": 2}
SERVED = {**RUNNING, "service": Need("aws:ecs/service:Service", {"name": "clinic-web", **SERVICE})}


def tracking(percent: int) -> dict[str, object]:
    return {
        "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "scaleInCooldown": 300,
        "scaleOutCooldown": 60,
        "targetValue": percent,
    }


CASES = [
    Case(
        "aws:appautoscaling/target:Target",
        {**TARGET, "tags": {}},
        {"maxCapacity": 4},
        SERVED,
        imports="{serviceNamespace}/{resourceId}/{scalableDimension}",
    ),
    Case(
        "aws:appautoscaling/policy:Policy",
        {
            **SCALED,
            "name": "clinic-cpu",
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": tracking(70),
        },
        {"targetTrackingScalingPolicyConfiguration": tracking(50)},
        {**SERVED, "target": Need("aws:appautoscaling/target:Target", {**TARGET, "tags": {}})},
    ),
]
