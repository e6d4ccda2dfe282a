"""Security Hub: the hub of a region, and the standards it judges by."""

from __future__ import annotations

from botocore.exceptions import ClientError

from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Props, register
from localaws.shadowed import Shadowed


@register
class Account(Shadowed):
    type = "aws:securityhub/account:Account"
    inputs = frozenset({"enableDefaultStandards", "autoEnableControls", "controlFindingGenerator"})
    replace_on = frozenset({"enableDefaultStandards"})
    cloudformation = "AWS::SecurityHub::Hub"

    def make(self, call: Call, inputs: Props) -> str:
        call.client("securityhub").enable_security_hub(
            EnableDefaultStandards=bool(inputs.get("enableDefaultStandards"))
        )
        return call.account_id

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        arn = _hub(call)
        return None if arn is None else {"arn": arn}

    def remove(self, call: Call, id: str, known: Props) -> None:
        if _hub(call) is not None:
            call.client("securityhub").disable_security_hub()


@register
class StandardsSubscription(Emulated):
    type = "aws:securityhub/standardsSubscription:StandardsSubscription"
    inputs = frozenset({"standardsArn"})
    replace_on = inputs
    cloudformation = "AWS::SecurityHub::Standard"

    def identify(self, call: Call, inputs: Props) -> str:
        if _hub(call) is None:
            refuse("BatchEnableStandards", "InvalidAccessException", "Security Hub is not enabled in this region")
        standard = inputs["standardsArn"].split(":")[-1].removeprefix("standards/")
        return f"arn:aws:securityhub:{call.region}:{call.account_id}:subscription/{standard}"


def _hub(call: Call) -> str | None:
    """ARN of the region's hub; None when it is not enabled, which AWS answers with a refusal."""
    try:
        return call.client("securityhub").describe_hub()["HubArn"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "InvalidAccessException":
            raise
        return None
