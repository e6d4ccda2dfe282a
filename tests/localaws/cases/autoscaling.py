from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.ec2 import GROUP
from tests.localaws.cases.ec2_instances import TEMPLATE
from tests.localaws.cases.iam import LINKED
from tests.localaws.cases.lb import TARGETS
from tests.localaws.cases.rds import SUBNETS


def tags(data_class: str) -> list[dict[str, object]]:
    return [{"key": "DataClass", "value": data_class, "propagateAtLaunch": True}]


STARTED = {
    **SUBNETS,
    **LINKED,
    "group": GROUP["group"],
    "template": Need("aws:ec2/launchTemplate:LaunchTemplate", {"name": "clinic-fleet", **TEMPLATE}),
    "targets": Need("aws:lb/targetGroup:TargetGroup", {"name": "clinic-fleet", **TARGETS, "targetType": "instance"}),
}
FLEET = {
    "minSize": 2,
    "maxSize": 6,
    "desiredCapacity": 2,
    "vpcZoneIdentifiers": [Ref("subnet"), Ref("other")],
    "launchTemplate": {"id": Ref("template"), "version": "1"},
    "targetGroupArns": [Ref("targets")],
    "healthCheckType": "EC2",
    "healthCheckGracePeriod": 300,
    "defaultCooldown": 300,
    "defaultInstanceWarmup": 300,
    "enabledMetrics": ["GroupDesiredCapacity", "GroupInServiceInstances"],
    "metricsGranularity": "1Minute",
    "serviceLinkedRoleArn": Ref("linked"),
    "instanceRefresh": {"strategy": "Rolling", "preferences": {"minHealthyPercentage": 100}},
    "tags": tags("phi"),
}
SCALED = {**STARTED, "fleet": Need("aws:autoscaling/group:Group", {"name": "clinic-web", **FLEET})}

CASES = [
    Case(
        "aws:autoscaling/group:Group",
        {"name": "clinic-fleet", **FLEET},
        {"maxSize": 8, "healthCheckGracePeriod": 600, "tags": tags("internal")},
        STARTED,
    ),
    Case(
        "aws:autoscaling/policy:Policy",
        {
            "name": "clinic-cpu-high",
            "autoscalingGroupName": Ref("fleet", "name"),
            "policyType": "SimpleScaling",
            "adjustmentType": "ChangeInCapacity",
            "scalingAdjustment": 1,
            "cooldown": 300,
        },
        {"scalingAdjustment": 2, "cooldown": 600},
        SCALED,
        imports="{autoscalingGroupName}/{name}",
    ),
]
