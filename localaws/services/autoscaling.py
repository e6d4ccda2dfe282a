"""EC2 Auto Scaling: groups, whose instances moto starts, and their policies."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import pascal

GROUP_TYPE = "auto-scaling-group"


@register
class Group(Shadowed):
    type = "aws:autoscaling/group:Group"
    SAME: ClassVar[dict[str, str]] = {
        "minSize": "MinSize", "maxSize": "MaxSize", "desiredCapacity": "DesiredCapacity",
        "defaultCooldown": "DefaultCooldown", "healthCheckType": "HealthCheckType",
        "healthCheckGracePeriod": "HealthCheckGracePeriod",
    }  # fmt: skip
    # moto has no such attribute, or never changes it
    OWN = frozenset(
        {"defaultInstanceWarmup", "instanceRefresh", "instanceMaintenancePolicy", "metricsGranularity",
         "serviceLinkedRoleArn", "forceDelete", "waitForCapacityTimeout", "waitForElbCapacity", "terminationPolicies"}
    )  # fmt: skip
    inputs = frozenset(
        {*SAME, *OWN, "name", "vpcZoneIdentifiers", "launchTemplate", "targetGroupArns", "enabledMetrics", "tags"}
    )
    replace_on = frozenset({"name"})
    autoname = "name"
    listed_tags = True
    cloudformation = "AWS::AutoScaling::AutoScalingGroup"
    renames: ClassVar[dict[str, str]] = {
        "name": "AutoScalingGroupName", "tags": "-", "defaultCooldown": "-", "vpcZoneIdentifiers": "-",
        "enabledMetrics": "-", "launchTemplate": "-", "minSize": "-", "maxSize": "-", "desiredCapacity": "-",
        "targetGroupArns": "TargetGroupARNs",
    }  # fmt: skip

    def make(self, call: Call, inputs: Props) -> str:
        client = call.client("autoscaling")
        client.create_auto_scaling_group(
            AutoScalingGroupName=inputs["name"],
            TargetGroupARNs=inputs.get("targetGroupArns") or [],
            Tags=self._tags(inputs),
            **self._wire(inputs),
        )
        self._metrics(call, inputs)
        return inputs["name"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[id])
        if not found["AutoScalingGroups"]:
            return None
        group = found["AutoScalingGroups"][0]
        template = group.get("LaunchTemplate") or {}
        return {
            **{name: group.get(wire) for name, wire in self.SAME.items()},
            "name": id,
            "arn": group["AutoScalingGroupARN"],
            "vpcZoneIdentifiers": [subnet for subnet in group["VPCZoneIdentifier"].split(",") if subnet],
            "launchTemplate": {"id": template.get("LaunchTemplateId"), "version": template.get("Version")},
            "targetGroupArns": group.get("TargetGroupARNs"),
            "enabledMetrics": [metric["Metric"] for metric in group.get("EnabledMetrics", [])],
            "availabilityZones": group.get("AvailabilityZones"),
            "tags": [
                {"key": tag["Key"], "value": tag["Value"], "propagateAtLaunch": tag["PropagateAtLaunch"]}
                for tag in group.get("Tags", [])
                if not tag["Key"].startswith("aws:")
            ],
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("autoscaling")
        wire = self._wire(new)
        if old.get("desiredCapacity") == new.get("desiredCapacity"):
            wire.pop("DesiredCapacity", None)  # scaling owns it
        client.update_auto_scaling_group(AutoScalingGroupName=id, **wire)
        before, after = set(old.get("targetGroupArns") or []), set(new.get("targetGroupArns") or [])
        if after - before:
            client.attach_load_balancer_target_groups(AutoScalingGroupName=id, TargetGroupARNs=sorted(after - before))
        if before - after:
            client.detach_load_balancer_target_groups(AutoScalingGroupName=id, TargetGroupARNs=sorted(before - after))
        gone = [tag for tag in self._tags(old) if tag["Key"] not in {tag["Key"] for tag in self._tags(new)}]
        if gone:
            client.delete_tags(Tags=gone)
        if new.get("tags"):
            client.create_or_update_tags(Tags=self._tags(new))
        self._metrics(call, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        client = call.client("autoscaling")
        if client.describe_auto_scaling_groups(AutoScalingGroupNames=[id])["AutoScalingGroups"]:
            client.delete_auto_scaling_group(AutoScalingGroupName=id, ForceDelete=True)

    def _wire(self, inputs: Props) -> Props:
        wire: Props = {key: inputs[name] for name, key in self.SAME.items() if inputs.get(name) is not None}
        wire["VPCZoneIdentifier"] = ",".join(inputs.get("vpcZoneIdentifiers") or [])
        template = inputs.get("launchTemplate") or {}
        if template:
            key = "LaunchTemplateId" if template.get("id") else "LaunchTemplateName"
            wire["LaunchTemplate"] = {
                key: template.get("id") or template["name"],
                "Version": str(template.get("version") or "$Default"),
            }
        return wire

    def _tags(self, inputs: Props) -> list[Props]:
        return [
            {
                "ResourceId": inputs["name"],
                "ResourceType": GROUP_TYPE,
                "Key": tag["key"],
                "Value": tag["value"],
                "PropagateAtLaunch": bool(tag.get("propagateAtLaunch")),
            }
            for tag in inputs.get("tags") or []
        ]

    def _metrics(self, call: Call, inputs: Props) -> None:
        if inputs.get("enabledMetrics"):
            call.client("autoscaling").enable_metrics_collection(
                AutoScalingGroupName=inputs["name"],
                Granularity=inputs.get("metricsGranularity") or "1Minute",
                Metrics=inputs["enabledMetrics"],
            )


@register
class Policy(Handler):
    type = "aws:autoscaling/policy:Policy"
    SAME = ("adjustmentType", "scalingAdjustment", "cooldown", "minAdjustmentMagnitude", "metricAggregationType",
            "estimatedInstanceWarmup", "targetTrackingConfiguration")  # fmt: skip
    inputs = frozenset({*SAME, "name", "autoscalingGroupName", "policyType", "stepAdjustments"})
    replace_on = frozenset({"name", "autoscalingGroupName"})
    autoname = "name"
    cloudformation = "AWS::AutoScaling::ScalingPolicy"
    renames: ClassVar[dict[str, str]] = {
        "name": "-", "autoscalingGroupName": "AutoScalingGroupName", "cooldown": "-"}  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        wire = {pascal(name): pascal(inputs[name]) if isinstance(inputs[name], dict) else inputs[name]
                for name in self.SAME if inputs.get(name) is not None}  # fmt: skip
        if inputs.get("stepAdjustments"):
            wire["StepAdjustments"] = [pascal(step) for step in inputs["stepAdjustments"]]
        call.client("autoscaling").put_scaling_policy(
            AutoScalingGroupName=inputs["autoscalingGroupName"],
            PolicyName=inputs["name"],
            PolicyType=inputs.get("policyType") or "SimpleScaling",
            **wire,
        )
        return inputs["name"]

    def imported(self, call: Call, id: str) -> str:
        """Imports name it as `GROUP/POLICY`."""
        return id.rpartition("/")[2]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("autoscaling")
        group = known.get("autoscalingGroupName")
        if group and not client.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]:
            return None  # a policy ends with its group
        of_group = {"AutoScalingGroupName": group} if group else {}
        found = client.describe_policies(PolicyNames=[id], **of_group)["ScalingPolicies"]
        if not found:
            return None
        live = {name: found[0].get(pascal(name)) for name in self.SAME if name != "targetTrackingConfiguration"}
        return {
            **live,
            "name": id,
            "autoscalingGroupName": found[0]["AutoScalingGroupName"],
            "policyType": found[0]["PolicyType"],
            "targetTrackingConfiguration": known.get("targetTrackingConfiguration"),
            "stepAdjustments": known.get("stepAdjustments"),
            "arn": found[0]["PolicyARN"],
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        if self.read(call, id, known) is not None:
            call.client("autoscaling").delete_policy(AutoScalingGroupName=known["autoscalingGroupName"], PolicyName=id)
