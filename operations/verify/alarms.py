"""Would somebody be told: alarms on, topics subscribed, rules enabled?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
_REFRESH = "`pulumi up --refresh` puts the alarm right."
_SAME = {"Threshold": "threshold", "EvaluationPeriods": "evaluationPeriods", "ComparisonOperator": "comparisonOperator"}


def _live(account: Account, alarm: Resource) -> dict[str, Any]:
    composite = alarm.type == COMPOSITE
    return account.one(
        "cloudwatch", "describe_alarms", "CompositeAlarms" if composite else "MetricAlarms",
        region=account.region(alarm), AlarmNames=[alarm.id],
        AlarmTypes=["CompositeAlarm" if composite else "MetricAlarm"],
    )  # fmt: skip


@of(
    ALARM,
    COMPOSITE,
    name="alarm-enabled",
    requirements=("BER-OPS-08", "BER-OPS-13", "BER-OBS-03"),
    fix=f"`aws cloudwatch enable-alarm-actions` switches it on again. {_REFRESH}",
)
def _enabled(account: Account, alarm: Resource) -> Iterator[Seen]:
    live = _live(account, alarm)
    yield seen("actions enabled", alarm.inputs.get("actionsEnabled", True), live["ActionsEnabled"])
    yield seen("told", sorted(alarm.inputs.get("alarmActions") or ()), sorted(live.get("AlarmActions", ())))


@of(
    ALARM,
    name="alarm-threshold",
    requirements=("BER-OPS-08", "BER-OBS-03"),
    fix=_REFRESH,
)
def _threshold(account: Account, alarm: Resource) -> Iterator[Seen]:
    live = _live(account, alarm)
    for key, name in _SAME.items():
        if alarm.inputs.get(name) is not None:
            yield seen(name, alarm.inputs[name], live.get(key))


@of(
    "aws:sns/topicSubscription:TopicSubscription",
    name="alarm-subscription",
    requirements=("BER-OPS-08", "BER-OBS-01"),
    fix="Confirm the mail of AWS Notifications; `pulumi up --refresh` subscribes again what was unsubscribed.",
)
def _subscription(account: Account, subscription: Resource) -> Iterator[Seen]:
    topic, region = subscription.inputs["topic"], account.region(subscription)
    held = account.all("sns", "list_subscriptions_by_topic", "Subscriptions", region=region, TopicArn=topic)
    endpoint, protocol = subscription.inputs["endpoint"], subscription.inputs["protocol"]
    found = next((each for each in held if (each["Endpoint"], each["Protocol"]) == (endpoint, protocol)), None)
    if found is None:
        state = "gone"
    else:
        state = "confirmed" if found["SubscriptionArn"].startswith("arn:") else "waits for confirmation"
        if state == "confirmed":
            live = account.ask(
                "sns", "get_subscription_attributes", region=region, SubscriptionArn=found["SubscriptionArn"]
            )
            pending = live["Attributes"].get("PendingConfirmation") == "true"
            state = "waits for confirmation" if pending else state
    yield seen(f"subscription of {endpoint}", "confirmed", state)


@of(
    "aws:sns/topic:Topic",
    name="alarm-topic",
    requirements=("BER-OPS-08", "ALL-18"),
    fix="`pulumi up --refresh` encrypts the topic again.",
)
def _topic(account: Account, topic: Resource) -> Iterator[Seen]:
    live = account.ask("sns", "get_topic_attributes", region=account.region(topic), TopicArn=topic.id)["Attributes"]
    yield seen("key", topic.inputs.get("kmsMasterKeyId"), live.get("KmsMasterKeyId"))


@of(
    "aws:cloudwatch/eventRule:EventRule",
    name="alarm-events",
    requirements=("BER-OBS-02", "OMN-OPS-09"),
    fix="`aws events enable-rule` switches it on again; `pulumi up --refresh` makes its targets anew.",
)
def _events(account: Account, rule: Resource) -> Iterator[Seen]:
    region, name = account.region(rule), rule.outputs["name"]
    live = account.ask("events", "describe_rule", region=region, Name=name)
    yield seen("state", rule.inputs.get("state", "ENABLED"), live["State"])
    targets = account.all("events", "list_targets_by_rule", "Targets", region=region, Rule=name)
    wanted = {
        each.inputs["arn"]
        for each in account.of("aws:cloudwatch/eventTarget:EventTarget")
        if each.inputs["rule"] == name
    }
    yield seen("told", sorted(wanted), sorted(each["Arn"] for each in targets))


@of(
    "aws:cloudwatch/dashboard:Dashboard",
    name="alarm-dashboard",
    requirements=("BER-OPS-08", "BER-OBS-02"),
    fix="`pulumi up --refresh` puts the dashboard right; copy what you have drawn into one of your own first.",
)
def _dashboard(account: Account, dashboard: Resource) -> Iterator[Seen]:
    live = account.ask(
        "cloudwatch", "get_dashboard", region=account.region(dashboard),
        DashboardName=dashboard.outputs["dashboardName"],
    )  # fmt: skip
    wanted, found = json.loads(dashboard.inputs["dashboardBody"]), json.loads(live["DashboardBody"])
    yield Seen(what="as the stack draws it", expected=True, found=wanted == found, warns=True)
