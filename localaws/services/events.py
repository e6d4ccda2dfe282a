"""EventBridge: rules and their targets."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shapes import from_tags, to_tags

BUS = "default"


@register
class EventRule(Handler):
    type = "aws:cloudwatch/eventRule:EventRule"
    inputs = frozenset(
        {"name", "description", "eventBusName", "eventPattern", "scheduleExpression", "state", "roleArn",
         "forceDestroy", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"name", "eventBusName"})
    defaults: ClassVar[Props] = {"eventBusName": BUS}
    autoname = "name"
    cloudformation = "AWS::Events::Rule"
    renames: ClassVar[dict[str, str]] = {"tags": "-", "eventPattern": "-"}
    WIRE: ClassVar[dict[str, str]] = {
        "description": "Description", "eventBusName": "EventBusName", "eventPattern": "EventPattern",
        "scheduleExpression": "ScheduleExpression", "state": "State", "roleArn": "RoleArn",
    }  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        wire = {name: inputs[key] for key, name in self.WIRE.items() if inputs.get(key) is not None}
        tags = {"Tags": to_tags(inputs["tags"])} if inputs["tags"] else {}
        call.client("events").put_rule(Name=inputs["name"], **wire, **tags)
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("events")
        rule = client.describe_rule(Name=id, EventBusName=known.get("eventBusName") or BUS)
        live = {key: rule.get(name) for key, name in self.WIRE.items()}
        tags = from_tags(client.list_tags_for_resource(ResourceARN=rule["Arn"]).get("Tags"))
        return {**live, "name": id, "arn": rule["Arn"], "forceDestroy": known.get("forceDestroy"), "tags": tags}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("events")
        self.create(call, {**new, "tags": {}})
        arn = client.describe_rule(Name=id, EventBusName=new.get("eventBusName") or BUS)["Arn"]
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(ResourceARN=arn, TagKeys=gone)
        if new["tags"]:
            client.tag_resource(ResourceARN=arn, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("events").delete_rule(Name=id, EventBusName=known.get("eventBusName") or BUS)


@register
class EventTarget(Handler):
    type = "aws:cloudwatch/eventTarget:EventTarget"
    inputs = frozenset({"rule", "targetId", "arn", "eventBusName", "input", "inputPath", "roleArn"})
    replace_on = frozenset({"rule", "targetId", "eventBusName"})
    autoname = "targetId"
    WIRE: ClassVar[dict[str, str]] = {
        "targetId": "Id", "arn": "Arn", "input": "Input", "inputPath": "InputPath", "roleArn": "RoleArn"
    }  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        target = {name: inputs[key] for key, name in self.WIRE.items() if inputs.get(key) is not None}
        bus = inputs.get("eventBusName") or BUS
        call.client("events").put_targets(Rule=inputs["rule"], EventBusName=bus, Targets=[target])
        return f"{inputs['rule']}/{inputs['targetId']}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        rule, target_id = id.rsplit("/", 1)
        found = call.client("events").list_targets_by_rule(Rule=rule, EventBusName=known.get("eventBusName") or BUS)
        target = next((item for item in found["Targets"] if item["Id"] == target_id), None)
        if target is None:
            return None
        return {
            **{key: target.get(name) for key, name in self.WIRE.items()},
            "rule": rule,
            "eventBusName": known.get("eventBusName"),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        rule, target_id = id.rsplit("/", 1)
        call.client("events").remove_targets(Rule=rule, EventBusName=known.get("eventBusName") or BUS, Ids=[target_id])
