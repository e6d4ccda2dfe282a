"""IAM Access Analyzer."""

from __future__ import annotations

from typing import ClassVar

from localaws.emulated import Emulated
from localaws.handler import Call, Props, register


@register
class Analyzer(Emulated):
    type = "aws:accessanalyzer/analyzer:Analyzer"
    inputs = frozenset({"analyzerName", "type", "configuration", "tags"})
    replace_on = frozenset({"analyzerName", "type", "configuration"})
    cloudformation = "AWS::AccessAnalyzer::Analyzer"
    renames: ClassVar[dict[str, str]] = {"tags": "-", "configuration": "-"}

    def identify(self, call: Call, inputs: Props) -> str:
        return inputs["analyzerName"]

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": f"arn:aws:access-analyzer:{call.region}:{call.account_id}:analyzer/{id}"}
