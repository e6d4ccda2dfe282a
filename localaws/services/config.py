"""AWS Config: the recorder of a region, its delivery, its rules."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import camel, from_tags, pascal, to_tags


@register
class Recorder(Shadowed):
    type = "aws:cfg/recorder:Recorder"
    inputs = frozenset({"name", "roleArn", "recordingGroup", "recordingMode"})
    replace_on = frozenset({"name"})
    autoname = "name"
    cloudformation = "AWS::Config::ConfigurationRecorder"

    def make(self, call: Call, inputs: Props) -> str:
        group = inputs.get("recordingGroup") or {}
        wire: Props = {"name": inputs["name"], "roleARN": inputs["roleArn"]}
        if group:
            wire["recordingGroup"] = {name: group[name] for name in group if name != "recordingStrategies"}
        if inputs.get("recordingMode"):
            wire["recordingMode"] = {"recordingFrequency": inputs["recordingMode"]["recordingFrequency"]}
        call.client("config").put_configuration_recorder(ConfigurationRecorder=wire)
        return inputs["name"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("config").describe_configuration_recorders(ConfigurationRecorderNames=[id])
        recorder = found["ConfigurationRecorders"][0]
        group = recorder.get("recordingGroup") or {}
        wanted = kept.get("recordingGroup") or {}
        return {
            "name": id,
            "roleArn": recorder["roleARN"],
            "recordingGroup": {name: group.get(name) for name in wanted} or None,
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.make(call, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("config").delete_configuration_recorder(ConfigurationRecorderName=id)


@register
class DeliveryChannel(Handler):
    type = "aws:cfg/deliveryChannel:DeliveryChannel"
    inputs = frozenset(
        {"name", "s3BucketName", "s3KeyPrefix", "s3KmsKeyArn", "snsTopicArn", "snapshotDeliveryProperties"}
    )
    replace_on = frozenset({"name"})
    autoname = "name"
    cloudformation = "AWS::Config::DeliveryChannel"
    renames: ClassVar[dict[str, str]] = {"snapshotDeliveryProperties": "ConfigSnapshotDeliveryProperties"}
    WIRE: ClassVar[dict[str, str]] = {
        "name": "name", "s3BucketName": "s3BucketName", "s3KeyPrefix": "s3KeyPrefix", "s3KmsKeyArn": "s3KmsKeyArn",
        "snsTopicArn": "snsTopicARN", "snapshotDeliveryProperties": "configSnapshotDeliveryProperties",
    }  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        wire = {name: inputs[key] for key, name in self.WIRE.items() if inputs.get(key) is not None}
        call.client("config").put_delivery_channel(DeliveryChannel=wire)
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        channel = call.client("config").describe_delivery_channels(DeliveryChannelNames=[id])["DeliveryChannels"][0]
        return {key: channel.get(name) for key, name in self.WIRE.items()}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("config").delete_delivery_channel(DeliveryChannelName=id)


@register
class RecorderStatus(Handler):
    """Whether a recorder runs; its deletion stops it."""

    type = "aws:cfg/recorderStatus:RecorderStatus"
    inputs = frozenset({"name", "isEnabled"})
    replace_on = frozenset({"name"})

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("config")
        act = client.start_configuration_recorder if inputs["isEnabled"] else client.stop_configuration_recorder
        act(ConfigurationRecorderName=inputs["name"])
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("config").describe_configuration_recorder_status(ConfigurationRecorderNames=[id])
        return {"name": id, "isEnabled": found["ConfigurationRecordersStatus"][0]["recording"]}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("config").stop_configuration_recorder(ConfigurationRecorderName=id)


@register
class Rule(Handler):
    type = "aws:cfg/rule:Rule"
    inputs = frozenset(
        {"name", "description", "source", "inputParameters", "maximumExecutionFrequency", "scope", "tags"}
    )
    replace_on = frozenset({"name"})
    autoname = "name"
    cloudformation = "AWS::Config::ConfigRule"
    renames: ClassVar[dict[str, str]] = {
        "name": "ConfigRuleName", "tags": "-", "source": "-", "scope": "-", "inputParameters": "-"
    }  # fmt: skip
    SAME: ClassVar[tuple[str, ...]] = ("description", "inputParameters", "maximumExecutionFrequency")

    def create(self, call: Call, inputs: Props) -> str:
        rule: Props = {pascal(name): inputs[name] for name in self.SAME if inputs.get(name)}
        rule["ConfigRuleName"] = inputs["name"]
        rule["Source"] = pascal({key: inputs["source"].get(key) for key in ("owner", "sourceIdentifier")})
        if inputs.get("scope"):
            rule["Scope"] = pascal(inputs["scope"])
        call.client("config").put_config_rule(ConfigRule=rule, Tags=to_tags(inputs["tags"]))
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("config")
        found = client.describe_config_rules(ConfigRuleNames=[id])["ConfigRules"]
        if not found:
            return None
        rule = found[0]
        return {
            **{name: rule.get(pascal(name)) for name in self.SAME},
            "name": id,
            "arn": rule["ConfigRuleArn"],
            "ruleId": rule["ConfigRuleId"],
            "source": camel({key: rule["Source"].get(key) for key in ("Owner", "SourceIdentifier")}),
            "scope": camel(rule.get("Scope")),
            "tags": from_tags(client.list_tags_for_resource(ResourceArn=rule["ConfigRuleArn"]).get("Tags")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("config")
        self.create(call, {**new, "tags": {}})
        arn = client.describe_config_rules(ConfigRuleNames=[id])["ConfigRules"][0]["ConfigRuleArn"]
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(ResourceArn=arn, TagKeys=gone)
        if new["tags"]:
            client.tag_resource(ResourceArn=arn, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("config").delete_config_rule(ConfigRuleName=id)
