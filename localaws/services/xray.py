"""X-Ray: groups, sampling rules, the encryption of traces."""

from __future__ import annotations

from typing import ClassVar

from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Props, register


def refuse_values(operation: str, inputs: Props, low: dict[str, float], high: dict[str, float]) -> None:
    """Raise what X-Ray raises for numbers out of range."""
    for name, most in high.items():
        if not low.get(name, 0) <= inputs[name] <= most:
            text = f"{name}: {inputs[name]} is not between {low.get(name, 0):g} and {most:g}"
            refuse(operation, "InvalidRequestException", text)


@register
class Group(Emulated):
    type = "aws:xray/group:Group"
    inputs = frozenset({"groupName", "filterExpression", "insightsConfiguration", "tags"})
    replace_on = frozenset({"groupName"})
    cloudformation = "AWS::XRay::Group"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def identify(self, call: Call, inputs: Props) -> str:
        return f"arn:aws:xray:{call.region}:{call.account_id}:group/{inputs['groupName']}/EXAMPLE"

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": id}


@register
class SamplingRule(Emulated):
    type = "aws:xray/samplingRule:SamplingRule"
    inputs = frozenset(
        {"ruleName", "priority", "version", "fixedRate", "reservoirSize", "serviceName", "serviceType", "host",
         "httpMethod", "urlPath", "resourceArn", "attributes", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"ruleName", "version"})
    autoname = "ruleName"

    def identify(self, call: Call, inputs: Props) -> str:
        if len(inputs["ruleName"]) > 32:
            refuse("CreateSamplingRule", "InvalidRequestException", "ruleName: at most 32 characters")
        self._judge(inputs)
        return inputs["ruleName"]

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._judge(new)
        super().update(call, id, old, new)

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": f"arn:aws:xray:{call.region}:{call.account_id}:sampling-rule/{id}"}

    def _judge(self, inputs: Props) -> None:
        refuse_values("CreateSamplingRule", inputs, {"priority": 1}, {"priority": 9999, "fixedRate": 1})


@register
class EncryptionConfig(Emulated):
    """The one setting of a region; it stays when the program forgets it, as AWS has no deletion."""

    type = "aws:xray/encryptionConfig:EncryptionConfig"
    inputs = frozenset({"type", "keyId"})

    def identify(self, call: Call, inputs: Props) -> str:
        self._judge(inputs)
        call.store.of(self.type, call.region).pop(call.region, None)
        return call.region

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._judge(new)
        super().update(call, id, old, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        """Traces stay encrypted."""

    def _judge(self, inputs: Props) -> None:
        if (inputs["type"] == "KMS") != bool(inputs.get("keyId")):
            refuse("PutEncryptionConfig", "InvalidRequestException", "keyId: needed with type KMS, and only then")
