"""CodeDeploy: applications and deployment groups. Moto creates both and lacks the calls that change or delete them."""

from __future__ import annotations

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from localaws.handler import Call, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import from_tags, to_tags


def _backend(call: Call) -> Any:
    from moto.backends import get_backend

    backends: Any = get_backend("codedeploy")
    return backends[call.account_id][call.region]


def _tagged(call: Call, resource: str, old: Props, new: Props) -> None:
    """Make the tags of a resource those of `new`."""
    arn = f"arn:aws:codedeploy:{call.region}:{call.account_id}:{resource}"
    gone = [name for name in old["tags"] if name not in new["tags"]]
    if gone:
        call.client("codedeploy").untag_resource(ResourceArn=arn, TagKeys=gone)
    if new["tags"]:
        call.client("codedeploy").tag_resource(ResourceArn=arn, Tags=to_tags(new["tags"]))


def _tags_of(call: Call, resource: str) -> dict[str, str]:
    arn = f"arn:aws:codedeploy:{call.region}:{call.account_id}:{resource}"
    return from_tags(call.client("codedeploy").list_tags_for_resource(ResourceArn=arn)["Tags"])


@register
class Application(Shadowed):
    type = "aws:codedeploy/application:Application"
    inputs = frozenset({"name", "computePlatform", "tags"})
    replace_on = frozenset({"computePlatform", "name"})
    autoname = "name"
    cloudformation = "AWS::CodeDeploy::Application"
    renames: ClassVar[dict[str, str]] = {"name": "ApplicationName", "tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        call.client("codedeploy").create_application(
            applicationName=inputs["name"],
            computePlatform=inputs.get("computePlatform") or "Server",
            tags=to_tags(inputs["tags"]),
        )
        return inputs["name"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        try:
            found = call.client("codedeploy").get_application(applicationName=id)["application"]
        except ClientError as error:
            if "DoesNotExist" in str(error):
                return None
            raise
        return {
            "name": id,
            "computePlatform": found["computePlatform"],
            "applicationId": found["applicationId"],
            "arn": f"arn:aws:codedeploy:{call.region}:{call.account_id}:application:{id}",
            "tags": _tags_of(call, f"application:{id}"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        _tagged(call, f"application:{id}", old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        backend = _backend(call)
        backend.applications.pop(id, None)
        backend.deployment_groups.pop(id, None)


@register
class DeploymentGroup(Shadowed):
    type = "aws:codedeploy/deploymentGroup:DeploymentGroup"
    SAME = ("deploymentConfigName", "serviceRoleArn", "deploymentStyle", "outdatedInstancesStrategy")
    inputs = frozenset(
        {*SAME, "appName", "deploymentGroupName", "autoscalingGroups", "loadBalancerInfo", "autoRollbackConfiguration",
         "alarmConfiguration", "triggerConfigurations", "terminationHookEnabled", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"appName", "deploymentGroupName"})
    cloudformation = "AWS::CodeDeploy::DeploymentGroup"
    renames: ClassVar[dict[str, str]] = {
        "appName": "ApplicationName", "tags": "-", "autoscalingGroups": "-", "loadBalancerInfo": "-",
        "alarmConfiguration": "-"}  # fmt: skip

    def make(self, call: Call, inputs: Props) -> str:
        call.client("codedeploy").create_deployment_group(
            applicationName=inputs["appName"],
            deploymentGroupName=inputs["deploymentGroupName"],
            tags=to_tags(inputs["tags"]),
            **self._wire(inputs),
        )
        return f"{inputs['appName']}:{inputs['deploymentGroupName']}"

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        application, name = id.split(":", 1)
        try:
            found = call.client("codedeploy").get_deployment_group(
                applicationName=application, deploymentGroupName=name
            )["deploymentGroupInfo"]
        except ClientError as error:
            if "DoesNotExist" in str(error):
                return None
            raise
        balancer = found.get("loadBalancerInfo", {}).get("targetGroupInfoList", [])
        return {
            **{key: found.get(key) for key in self.SAME},
            "appName": application,
            "deploymentGroupName": name,
            "deploymentGroupId": found["deploymentGroupId"],
            "computePlatform": found["computePlatform"],
            "autoRollbackConfiguration": found.get("autoRollbackConfiguration"),
            "loadBalancerInfo": {"targetGroupInfos": balancer},
            "arn": f"arn:aws:codedeploy:{call.region}:{call.account_id}:deploymentgroup:{application}/{name}",
            "tags": _tags_of(call, f"deploymentgroup:{application}/{name}"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        application, name = id.split(":", 1)
        self.remove(call, id, old)
        call.client("codedeploy").create_deployment_group(
            applicationName=application, deploymentGroupName=name, tags=to_tags(new["tags"]), **self._wire(new)
        )
        _tagged(call, f"deploymentgroup:{application}/{name}", old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        application, name = id.split(":", 1)
        _backend(call).deployment_groups.get(application, {}).pop(name, None)

    def _wire(self, inputs: Props) -> Props:
        wire: Props = {name: inputs[name] for name in self.SAME if inputs.get(name)}
        if inputs.get("autoscalingGroups"):
            wire["autoScalingGroups"] = inputs["autoscalingGroups"]
        if inputs.get("autoRollbackConfiguration"):
            wire["autoRollbackConfiguration"] = inputs["autoRollbackConfiguration"]
        targets = (inputs.get("loadBalancerInfo") or {}).get("targetGroupInfos")
        if targets:
            wire["loadBalancerInfo"] = {"targetGroupInfoList": targets}
        alarms = inputs.get("alarmConfiguration")
        if alarms:
            wire["alarmConfiguration"] = {
                "enabled": bool(alarms.get("enabled")),
                "ignorePollAlarmFailure": bool(alarms.get("ignorePollAlarmFailure")),
                "alarms": [{"name": name} for name in alarms.get("alarms") or []],
            }
        if inputs.get("triggerConfigurations"):
            wire["triggerConfigurations"] = inputs["triggerConfigurations"]
        return wire
