"""Application Auto Scaling: scalable targets and their policies."""

from __future__ import annotations

from localaws.handler import Call, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import pascal

IDENTITY = ("serviceNamespace", "resourceId", "scalableDimension")


def identity(inputs: Props) -> Props:
    """What names a target in every call."""
    return {
        "ServiceNamespace": inputs["serviceNamespace"],
        "ResourceId": inputs["resourceId"],
        "ScalableDimension": inputs["scalableDimension"],
    }


@register
class Target(Shadowed):
    type = "aws:appautoscaling/target:Target"
    inputs = frozenset({*IDENTITY, "minCapacity", "maxCapacity", "roleArn", "suspendedState", "tags"})
    replace_on = frozenset(IDENTITY)
    cloudformation = "AWS::ApplicationAutoScaling::ScalableTarget"

    def imported(self, call: Call, id: str) -> str:
        """Imports name it as `NAMESPACE/RESOURCE/DIMENSION`."""
        return id.partition("/")[2].rpartition("/")[0] if ":" in id else id

    def make(self, call: Call, inputs: Props) -> str:
        self.change(call, "", {}, inputs)
        return inputs["resourceId"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        namespace = kept.get("serviceNamespace") or "ecs"
        found = call.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace=namespace, ResourceIds=[id]
        )["ScalableTargets"]
        if not found:
            return None
        return {
            "resourceId": id,
            "serviceNamespace": namespace,
            "scalableDimension": found[0]["ScalableDimension"],
            "minCapacity": found[0]["MinCapacity"],
            "maxCapacity": found[0]["MaxCapacity"],
            "arn": found[0].get("ScalableTargetARN"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("application-autoscaling").register_scalable_target(
            **identity(new), MinCapacity=new["minCapacity"], MaxCapacity=new["maxCapacity"]
        )

    def remove(self, call: Call, id: str, known: Props) -> None:
        if self.live(call, id, known) is None:
            return  # moto answers ValidationException where AWS says ObjectNotFoundException
        call.client("application-autoscaling").deregister_scalable_target(**identity(known))


@register
class Policy(Shadowed):
    type = "aws:appautoscaling/policy:Policy"
    inputs = frozenset(
        {*IDENTITY, "name", "policyType", "targetTrackingScalingPolicyConfiguration",
         "stepScalingPolicyConfiguration"}
    )  # fmt: skip
    replace_on = frozenset({*IDENTITY, "name", "policyType"})
    autoname = "name"

    def make(self, call: Call, inputs: Props) -> str:
        self.change(call, "", {}, inputs)
        return f"{inputs['serviceNamespace']}/{inputs['resourceId']}/{inputs['scalableDimension']}/{inputs['name']}"

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("application-autoscaling").describe_scaling_policies(
            ServiceNamespace=id.split("/", 1)[0], PolicyNames=[id.rsplit("/", 1)[-1]]
        )["ScalingPolicies"]
        found = [policy for policy in found if policy["PolicyName"] == id.rsplit("/", 1)[-1]]
        if not found:
            return None
        return {
            "name": found[0]["PolicyName"],
            "policyType": found[0]["PolicyType"],
            "resourceId": found[0]["ResourceId"],
            "serviceNamespace": found[0]["ServiceNamespace"],
            "scalableDimension": found[0]["ScalableDimension"],
            "arn": found[0]["PolicyARN"],
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        wire: Props = {}
        for name in ("targetTrackingScalingPolicyConfiguration", "stepScalingPolicyConfiguration"):
            if new.get(name):
                wire[pascal(name)] = pascal(new[name])
        call.client("application-autoscaling").put_scaling_policy(
            PolicyName=new["name"], PolicyType=new.get("policyType") or "StepScaling", **identity(new), **wire
        )

    def remove(self, call: Call, id: str, known: Props) -> None:
        if self.live(call, id, known) is None:
            return
        call.client("application-autoscaling").delete_scaling_policy(PolicyName=known["name"], **identity(known))
