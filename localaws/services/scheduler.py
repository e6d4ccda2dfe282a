"""EventBridge Scheduler: schedules."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shapes import camel, pascal


@register
class Schedule(Handler):
    type = "aws:scheduler/schedule:Schedule"
    SAME: ClassVar[dict[str, str]] = {
        "description": "Description", "scheduleExpression": "ScheduleExpression",
        "scheduleExpressionTimezone": "ScheduleExpressionTimezone", "state": "State", "kmsKeyArn": "KmsKeyArn",
    }  # fmt: skip
    inputs = frozenset({*SAME, "name", "groupName", "flexibleTimeWindow", "target"})
    replace_on = frozenset({"name", "groupName"})
    autoname = "name"
    defaults: ClassVar[Props] = {"groupName": "default"}
    cloudformation = "AWS::Scheduler::Schedule"

    def create(self, call: Call, inputs: Props) -> str:
        group = inputs.get("groupName") or "default"
        call.client("scheduler").create_schedule(Name=inputs["name"], GroupName=group, **self._wire(inputs))
        return f"{group}/{inputs['name']}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        group, name = id.split("/", 1)
        found = call.client("scheduler").get_schedule(GroupName=group, Name=name)
        return {
            **{key: found.get(wire) for key, wire in self.SAME.items()},
            "name": name,
            "groupName": group,
            "arn": found["Arn"],
            "flexibleTimeWindow": camel(found["FlexibleTimeWindow"]),
            "target": camel(found["Target"]),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        group, name = id.split("/", 1)
        call.client("scheduler").update_schedule(GroupName=group, Name=name, **self._wire(new))

    def delete(self, call: Call, id: str, known: Props) -> None:
        group, name = id.split("/", 1)
        call.client("scheduler").delete_schedule(GroupName=group, Name=name)

    def _wire(self, inputs: Props) -> Props:
        wire: Props = {key: inputs[name] for name, key in self.SAME.items() if inputs.get(name)}
        return {**wire, "FlexibleTimeWindow": pascal(inputs["flexibleTimeWindow"]), "Target": pascal(inputs["target"])}
