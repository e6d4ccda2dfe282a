"""CodeDeploy: releases in place, a part at a time, rolled back by themselves; a role that can do little else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.code_deploy import CodeDeploy, CodeDeployArgs
from components.scope import Scope
from settings.fleet import ReleaseSettings
from settings.naming import NamingSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN
from tests.unit.components.test_identity import decide
from tests.unit.conftest import Recorder

GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"
SCOPE = Scope(
    system="facnet-validator",
    environment="production",
    region="ca-central-1",
    account_id=ACCOUNT_ID,
    protect=True,
    naming=NamingSettings(environment="prod", names={"application": "facnet-validator"}),
)
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/facnet-validator-fleet-prod"
EC2 = f"arn:aws:ec2:ca-central-1:{ACCOUNT_ID}:"


def build(recorded: Recorder, settings: dict[str, Any] | None = None, **more: Any) -> CodeDeploy:
    values: dict[str, Any] = {
        "scope": SCOPE,
        "settings": ReleaseSettings.model_validate(settings or {}),
        "autoscaling_group_name": "facnet-validator-fleet-prod",
        "instance_role_arn": ROLE,
        "target_group_name": "facnet-validator-fleet-prod",
        "bucket_name": "facnet-validator-deployments-prod",
        "alarm_names": ["facnet-validator-load-balancer-target-errors-prod"],
    }
    return recorded.run(lambda: CodeDeploy("releases", CodeDeployArgs(**{**values, **more})))


def permissions(recorded: Recorder) -> str:
    return recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]


@pytest.mark.requirement("FAC-OPS-04")
def test_application_and_group_have_the_recorded_names(recorded: Recorder) -> None:
    releases = build(recorded)
    application = recorded.one("aws:codedeploy/application:Application").inputs
    assert (application["name"], application["computePlatform"]) == ("facnet-validator", "Server")
    group = recorded.one(GROUP).inputs
    assert (group["appName"], group["deploymentGroupName"]) == ("facnet-validator", "production")
    assert (releases.application_name, releases.group_name) == ("facnet-validator", "production")
    assert group["autoscalingGroups"] == ["facnet-validator-fleet-prod"]


@pytest.mark.requirement("FAC-OPS-07")
@pytest.mark.parametrize("pace", ["CodeDeployDefault.OneAtATime", "CodeDeployDefault.HalfAtATime"])
def test_a_release_takes_instances_out_of_the_load_balancer_a_part_at_a_time(recorded: Recorder, pace: str) -> None:
    build(recorded, {"pace": pace})
    group = recorded.one(GROUP).inputs
    assert group["deploymentConfigName"] == pace
    assert group["deploymentStyle"] == {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
    assert group["loadBalancerInfo"] == {"targetGroupInfos": [{"name": "facnet-validator-fleet-prod"}]}


@pytest.mark.requirement("FAC-OPS-07")
def test_a_release_that_fails_or_alarms_is_rolled_back(recorded: Recorder) -> None:
    build(recorded)
    group = recorded.one(GROUP).inputs
    assert group["autoRollbackConfiguration"]["enabled"] is True
    assert {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"} <= set(group["autoRollbackConfiguration"]["events"])
    assert group["alarmConfiguration"] == {
        "enabled": True,
        "alarms": ["facnet-validator-load-balancer-target-errors-prod"],
        "ignorePollAlarmFailure": False,
    }


def test_without_alarms_failures_still_roll_back(recorded: Recorder) -> None:
    build(recorded, alarm_names=[])
    group = recorded.one(GROUP).inputs
    assert group["autoRollbackConfiguration"]["events"] == ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]
    assert "alarmConfiguration" not in group


@pytest.mark.requirement("FAC-IAM-04", "FAC-N07")
def test_the_service_role_has_the_managed_policy_and_reads_release_archives(recorded: Recorder) -> None:
    build(recorded)
    attached = recorded.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attached.inputs["policyArn"] == "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole"
    trust = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"Service": "codedeploy.amazonaws.com"}
    document = permissions(recorded)
    release = "arn:aws:s3:::facnet-validator-deployments-prod/deployment-0a1b2c.zip"
    assert decide(document, "s3:GetObject", release) == "allowed"
    assert decide(document, "s3:PutObject", release) == "not allowed"
    assert decide(document, "s3:GetObject", "arn:aws:s3:::facnet-validator-uploads-prod/a.csv") == "not allowed"
    through = {"kms__ViaService": "s3.ca-central-1.amazonaws.com", "kms__ResourceAliases": [f"alias/{SCOPE.name('x')}"]}
    assert decide(document, "kms:Decrypt", KEY_ARN, **through) == "allowed"
    assert {attached.urn, recorded.one("aws:iam/rolePolicy:RolePolicy").urn} <= recorded.one(GROUP).dependencies


@pytest.mark.requirement("FAC-N07", "FAC-IAM-17")
def test_the_wildcards_of_the_plan_are_gone(recorded: Recorder) -> None:
    build(recorded)
    document = permissions(recorded)
    actions = [action for statement in json.loads(document)["Statement"] for action in statement["Action"]]
    assert not any("*" in action for action in actions)
    own = {"aws__ResourceTag/Project": "facnet-validator", "aws__ResourceTag/Environment": "production"}
    template = f"{EC2}launch-template/lt-1"
    assert decide(document, "ec2:RunInstances", template, **own) == "allowed"
    assert decide(document, "ec2:RunInstances", template) == "not allowed"
    assert decide(document, "ec2:RunInstances", f"{EC2}instance/*", ec2__LaunchTemplate=template) == "allowed"
    assert decide(document, "ec2:RunInstances", f"{EC2}instance/*") == "not allowed"
    passed = {"iam__PassedToService": "ec2.amazonaws.com"}
    assert decide(document, "iam:PassRole", ROLE, **passed) == "allowed"
    assert decide(document, "iam:PassRole", ROLE.replace("fleet", "other"), **passed) == "not allowed"
    assert decide(document, "iam:PassRole", ROLE, iam__PassedToService="lambda.amazonaws.com") == "not allowed"


def test_more_alarms_than_codedeploy_watches_are_refused(recorded: Recorder) -> None:
    build(recorded, alarm_names=[f"a{n}" for n in range(10)])
    with pytest.raises(ValueError, match="want at most 10"):
        build(recorded, alarm_names=[f"a{n}" for n in range(11)])
