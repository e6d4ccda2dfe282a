"""Instances of the embedded account: what their group and their template say of them holds."""

from __future__ import annotations

from typing import Any

from tests.localaws.cases import codedeploy
from tests.localaws.cases.autoscaling import FLEET, STARTED
from tests.localaws.conftest import Account, Made
from tests.localaws.test_contract import resolved

ARM_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def started(account: Account) -> tuple[Made, dict[str, Made], list[dict[str, Any]]]:
    made: dict[str, Made] = {}
    for name, need in STARTED.items():
        made[name] = account.create(need.type, resolved(need.inputs, made))
    group = account.create("aws:autoscaling/group:Group", resolved({"name": "clinic-fleet", **FLEET}, made))
    reservations = account.client("ec2").describe_instances()["Reservations"]
    return group, made, [machine for found in reservations for machine in found["Instances"]]


def test_a_group_starts_its_instances_in_its_templates_security_group(account: Account) -> None:
    _, made, machines = started(account)
    assert len(machines) == 2
    for machine in machines:
        assert [group["GroupId"] for group in machine["SecurityGroups"]] == [made["group"].id]
        assert machine["SubnetId"] in (made["subnet"].id, made["other"].id)
        assert "PublicIpAddress" not in machine
        assert {"Key": "DataClass", "Value": "phi"} in machine["Tags"]


def test_scaling_that_happened_outside_pulumi_is_kept_by_an_update(account: Account) -> None:
    group, _, _ = started(account)
    client = account.client("autoscaling")
    client.set_desired_capacity(AutoScalingGroupName="clinic-fleet", DesiredCapacity=3)
    account.update(group, {**group.inputs, "maxSize": 8})
    (live,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=["clinic-fleet"])["AutoScalingGroups"]
    assert (live["DesiredCapacity"], live["MaxSize"]) == (3, 8)


def test_the_end_of_a_group_ends_its_instances(account: Account) -> None:
    group, _, _ = started(account)
    account.delete(group)
    reservations = account.client("ec2").describe_instances()["Reservations"]
    assert {machine["State"]["Name"] for found in reservations for machine in found["Instances"]} == {"terminated"}


def test_a_changed_template_is_a_new_default_version(account: Account) -> None:
    _, made, _ = started(account)
    template = made["template"]
    changed = account.update(template, {**template.inputs, "instanceType": "t3.small"})
    assert (changed.outputs["latestVersion"], changed.outputs["defaultVersion"]) == (2, 2)
    retagged = account.update(changed, {**changed.inputs, "tags": {"DataClass": "internal"}})
    assert retagged.outputs["latestVersion"] == 2


def test_public_parameters_name_images(account: Account) -> None:
    found = account.invoke("aws:ssm/getParameter:getParameter", {"name": ARM_IMAGE})
    assert found["insecureValue"].startswith("ami-")
    assert found["value"] == found["insecureValue"]


def test_a_release_has_reached_every_instance_of_its_fleet(account: Account) -> None:
    made: dict[str, Made] = {}
    for name, need in codedeploy.DEPLOYED.items():
        made[name] = account.create(need.type, resolved(need.inputs, made))
    group = next(case for case in codedeploy.CASES if case.type.endswith("DeploymentGroup"))
    account.create(group.type, resolved(group.inputs, made))
    client, names = account.client("codedeploy"), {"applicationName": "clinic", "deploymentGroupName": "production"}
    archive = {"bucket": "clinic-releases", "key": "releases/1.zip", "bundleType": "zip"}
    id = client.create_deployment(**names, revision={"revisionType": "S3", "s3Location": archive})["deploymentId"]
    found = client.get_deployment(deploymentId=id)["deploymentInfo"]
    (fleet,) = account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert (found["status"], found["deploymentOverview"]["Succeeded"]) == ("Succeeded", len(fleet["Instances"]))
    assert client.list_deployments(**names, includeOnlyStatuses=["Created", "InProgress"])["deployments"] == []
