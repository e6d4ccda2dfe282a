from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.autoscaling import SCALED
from tests.localaws.cases.iam import trust

TAGS = {"DataClass": "internal"}
DEPLOYED = {
    **SCALED,
    "service": Need(
        "aws:iam/role:Role",
        {"name": "clinic-code-deploy", "assumeRolePolicy": trust("codedeploy.amazonaws.com"), "tags": {}},
    ),
    "application": Need(
        "aws:codedeploy/application:Application", {"name": "clinic", "computePlatform": "Server", "tags": TAGS}
    ),
}

CASES = [
    Case(
        "aws:codedeploy/application:Application",
        {"name": "clinic-app", "computePlatform": "Server", "tags": TAGS},
        {"tags": {"DataClass": "public"}},
    ),
    Case(
        "aws:codedeploy/deploymentGroup:DeploymentGroup",
        {
            "appName": Ref("application"),
            "deploymentGroupName": "production",
            "serviceRoleArn": Ref("service", "arn"),
            "deploymentConfigName": "CodeDeployDefault.OneAtATime",
            "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "autoscalingGroups": [Ref("fleet", "name")],
            "loadBalancerInfo": {"targetGroupInfos": [{"name": "clinic-fleet"}]},
            "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
            "alarmConfiguration": {"enabled": True, "alarms": ["clinic-errors"], "ignorePollAlarmFailure": False},
            "outdatedInstancesStrategy": "UPDATE",
            "tags": TAGS,
        },
        {"deploymentConfigName": "CodeDeployDefault.HalfAtATime", "tags": {"DataClass": "public"}},
        DEPLOYED,
    ),
]
