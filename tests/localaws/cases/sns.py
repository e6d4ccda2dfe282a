from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

TOPIC = {"topic": Need("aws:sns/topic:Topic", {"name": "clinic-staging-alarms", "tags": {}})}


def policy(sid: str) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": "arn:aws:sns:ca-central-1:123456789012:clinic-staging-alarms",
        "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


CASES = [
    Case(
        "aws:sns/topic:Topic",
        {"name": "clinic-alarms", "kmsMasterKeyId": "alias/clinic", "tags": {"DataClass": "internal"}},
        {"displayName": "Alarms", "tags": {"DataClass": "public"}},
    ),
    Case(
        "aws:sns/topicPolicy:TopicPolicy",
        {"arn": Ref("topic", "arn"), "policy": policy("Alarms")},
        {"policy": policy("AllAlarms")},
        TOPIC,
        gone=False,
    ),
    Case(
        "aws:sns/topicSubscription:TopicSubscription",
        {"topic": Ref("topic", "arn"), "protocol": "email", "endpoint": "platform@example.org"},
        None,
        TOPIC,
    ),
]
