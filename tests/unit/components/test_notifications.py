"""The alarm topic: key, publishers, recipient."""

from __future__ import annotations

import json

import pytest

from components.notifications import AlarmTopic, AlarmTopicArgs, Publisher
from tests.unit.components.scopes import EDGE_KEY_ARN, KEY_ARN, scope
from tests.unit.conftest import Recorder


def build(recorded: Recorder, region: str | None = None, publishers: tuple[Publisher, ...] = ()) -> AlarmTopic:
    args = AlarmTopicArgs(
        scope=scope(),
        kms_key_arn=KEY_ARN if region is None else EDGE_KEY_ARN,
        email="ops@example.org",
        publishers=publishers,
        region=region,
    )
    return recorded.run(lambda: AlarmTopic("topic", args))


@pytest.mark.requirement("BER-OBS-01", "ALL-18")
def test_the_topic_uses_the_customer_key_and_tells_one_address(recorded: Recorder) -> None:
    build(recorded)
    topic = recorded.one("aws:sns/topic:Topic").inputs
    assert (topic["name"], topic["kmsMasterKeyId"]) == ("berthcare-staging-alarms", KEY_ARN)
    subscription = recorded.one("aws:sns/topicSubscription:TopicSubscription").inputs
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "ops@example.org")


@pytest.mark.requirement("ALL-18")
def test_alarms_of_this_account_publish_and_nobody_without_tls(recorded: Recorder) -> None:
    build(recorded)
    deny, allow = json.loads(recorded.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert (allow["Principal"], allow["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert allow["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:ca-central-1:111122223333:alarm:*"},
    }
    assert allow["Resource"] == "arn:aws:sns:ca-central-1:111122223333:berthcare-staging-alarms"


@pytest.mark.requirement("ALL-07", "BER-N08")
def test_a_topic_of_another_region_lives_there_whole(recorded: Recorder) -> None:
    build(recorded, "us-east-1")
    assert {entry.inputs["region"] for entry in recorded.registrations if entry.custom} == {"us-east-1"}
    allow = json.loads(recorded.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])["Statement"][1]
    assert ":us-east-1:" in allow["Resource"]
    assert ":us-east-1:" in allow["Condition"]["ArnLike"]["aws:SourceArn"]


@pytest.mark.requirement("FAC-OBS-13", "ALL-18")
def test_events_budgets_and_cost_alerts_publish_when_they_are_used(recorded: Recorder) -> None:
    build(recorded, publishers=tuple(Publisher))
    policy = json.loads(recorded.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])
    found = {statement["Sid"]: statement for statement in policy["Statement"][2:]}
    assert {sid: statement["Principal"]["Service"] for sid, statement in found.items()} == {
        "EventsPublish": "events.amazonaws.com",
        "BudgetsPublish": "budgets.amazonaws.com",
        "CostAlertsPublish": "costalerts.amazonaws.com",
    }
    account = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    assert found["BudgetsPublish"]["Condition"] == found["CostAlertsPublish"]["Condition"] == account
    assert "Condition" not in found["EventsPublish"]  # EventBridge fills no condition key: with one, nothing arrives
