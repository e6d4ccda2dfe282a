"""One alarm for the whole system, made of the alarms that users notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.on_call import advised
from components.scope import DataClass, Scope
from settings.observability import SystemAlarmSettings

_LONGEST_RULE = 10_240  # characters (CloudWatch API reference: PutCompositeAlarm)


@dataclass(frozen=True, kw_only=True)
class SystemAlarmArgs:
    """Inputs of `SystemAlarm`.

    symptoms: names of the alarms, all of the home region and one or more.   suppressor: name of the one that silences.
    topic_arn: told when the system's alarm begins and ends.
    """

    scope: Scope
    settings: SystemAlarmSettings
    symptoms: Sequence[str]
    topic_arn: pulumi.Input[str]
    suppressor: str | None = None

    def __post_init__(self) -> None:
        if not self.symptoms:
            raise ValueError("symptoms: want one alarm or more, got none")
        if len(_rule(self.symptoms)) > _LONGEST_RULE:
            raise ValueError(f"symptoms: want a rule of at most {_LONGEST_RULE} characters, got {len(self.symptoms)}")


class SystemAlarm(pulumi.ComponentResource):
    """A composite alarm that is on while any alarm that users notice is on.

    The alarms it names must exist first.   Raises ValueError (from SystemAlarmArgs) before anything is registered.
    Source: CloudWatch User Guide, "Composite alarms"; 45 CFR 164.308(a)(6)(ii).
    """

    name: str  # physical name, known in advance

    def __init__(self, name: str, args: SystemAlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:system_alarm:SystemAlarm", name, {}, opts)
        from pulumi_aws import cloudwatch

        scope, settings = args.scope, args.settings
        self.name = scope.name("system-unhealthy", limit=255)
        cloudwatch.CompositeAlarm(
            f"{name}-alarm",
            alarm_name=self.name,
            alarm_description=advised(
                f"{scope.system} ({scope.environment}): users notice that something is wrong", "system-unhealthy"
            ),
            alarm_rule=_rule(args.symptoms),
            actions_enabled=True,
            alarm_actions=[args.topic_arn],
            ok_actions=[args.topic_arn],
            actions_suppressor=None
            if args.suppressor is None
            else {
                "alarm": args.suppressor,
                "wait_period": settings.wait_seconds,
                "extension_period": settings.extension_seconds,
            },
            tags=scope.tagged(DataClass.INTERNAL, self.name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": self.name})


def _rule(alarms: Sequence[str]) -> str:
    return " OR ".join(f'ALARM("{alarm}")' for alarm in alarms)
