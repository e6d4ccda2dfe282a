"""Cost Explorer: anomaly monitors and their subscriptions."""

from __future__ import annotations

from hashlib import sha256
from typing import ClassVar

from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Props, register


@register
class AnomalyMonitor(Emulated):
    type = "aws:costexplorer/anomalyMonitor:AnomalyMonitor"
    inputs = frozenset({"name", "monitorType", "monitorDimension", "monitorSpecification", "tags"})
    replace_on = frozenset({"monitorType", "monitorDimension", "monitorSpecification"})
    autoname = "name"
    cloudformation = "AWS::CE::AnomalyMonitor"
    renames: ClassVar[dict[str, str]] = {"name": "MonitorName", "tags": "-"}

    def identify(self, call: Call, inputs: Props) -> str:
        kept = call.store.of(self.type, call.region).values()
        if inputs.get("monitorDimension") and any(other.get("monitorDimension") for other in kept):
            refuse("CreateAnomalyMonitor", "LimitExceededException", "an account has one monitor of its services")
        return _arn(call, "anomalymonitor", inputs["name"])

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": id}


@register
class AnomalySubscription(Emulated):
    type = "aws:costexplorer/anomalySubscription:AnomalySubscription"
    inputs = frozenset(
        {"name", "frequency", "monitorArnLists", "subscribers", "thresholdExpression", "accountId", "tags"}
    )
    replace_on = frozenset({"name"})
    left_to_aws = frozenset({"accountId"})
    autoname = "name"
    cloudformation = "AWS::CE::AnomalySubscription"
    renames: ClassVar[dict[str, str]] = {
        "name": "SubscriptionName", "monitorArnLists": "MonitorArnList", "tags": "-", "thresholdExpression": "-"
    }  # fmt: skip

    def identify(self, call: Call, inputs: Props) -> str:
        kinds = {subscriber["type"] for subscriber in inputs["subscribers"]}
        immediate = inputs["frequency"] == "IMMEDIATE"
        if kinds != ({"SNS"} if immediate else {"EMAIL"}):
            text = "IMMEDIATE goes to SNS topics only, DAILY and WEEKLY to e-mail addresses only"
            refuse("CreateAnomalySubscription", "ValidationException", text)
        return _arn(call, "anomalysubscription", inputs["name"])

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": id, "accountId": inputs.get("accountId") or call.account_id}


def _arn(call: Call, kind: str, name: str) -> str:
    digits = sha256(name.encode()).hexdigest()
    unique = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
    return f"arn:aws:ce::{call.account_id}:{kind}/{unique}"
