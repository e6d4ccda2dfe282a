"""The topic alarms and events are published to."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pulumi

from components.scope import DataClass, Scope

TOPIC = "alarms"  # part of the topic's name


class Publisher(StrEnum):
    """Services that may publish beside CloudWatch alarms."""

    EVENTS = "events.amazonaws.com"
    BUDGETS = "budgets.amazonaws.com"
    COST_ALERTS = "costalerts.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    """Inputs of `AlarmTopic`.

    kms_key_arn: customer key of the topic's region whose policy admits CloudWatch; with the AWS-managed key no alarm
        gets through (ALL-18).
    email: who is told; must confirm first.
    publishers: services that publish too.
    region: where the topic and its alarms are, as alarms cannot call a topic of another region (ALL-07); None: the
        provider's region.
    """

    scope: Scope
    kms_key_arn: pulumi.Input[str]
    email: str
    publishers: Collection[Publisher] = ()
    region: str | None = None


class AlarmTopic(pulumi.ComponentResource):
    """An encrypted topic with an e-mail subscription, published to by CloudWatch alarms and the named services alone.

    Messages name metrics and resources, never patients.
    Source: BER-OBS-01, ALL-07, ALL-18; Amazon SNS Developer Guide, "Access control"; 45 CFR 164.308(a)(6)(ii).
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:notifications:AlarmTopic", name, {}, opts)
        from pulumi_aws import sns

        child = pulumi.ResourceOptions(parent=self)
        physical = args.scope.name(TOPIC)
        topic = sns.Topic(
            f"{name}-topic",
            name=physical,
            kms_master_key_id=args.kms_key_arn,
            tags=args.scope.tagged(DataClass.INTERNAL, physical),
            region=args.region,
            opts=child,
        )
        policy = sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=_policy(args, physical),
            region=args.region,
            opts=child,
        )
        sns.TopicSubscription(
            f"{name}-email",
            topic=topic.arn,
            protocol="email",
            endpoint=args.email,
            region=args.region,
            opts=child,
        )
        self.arn = pulumi.Output.all(topic.arn, policy.arn).apply(lambda arns: str(arns[0]))
        self.register_outputs({"arn": self.arn})


def _policy(args: AlarmTopicArgs, topic: str) -> str:
    scope, region = args.scope, args.region
    arn = scope.arn("sns", topic, region=region)
    statements: list[dict[str, Any]] = [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "AlarmsPublish",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": scope.account_id},
                "ArnLike": {"aws:SourceArn": scope.arn("cloudwatch", "alarm:*", region=region)},
            },
        },
    ]
    statements += [_publishes(publisher, scope, arn) for publisher in Publisher if publisher in args.publishers]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _publishes(publisher: Publisher, scope: Scope, topic_arn: str) -> dict[str, Any]:
    statement = {
        "Sid": f"{publisher.name.title().replace('_', '')}Publish",
        "Effect": "Allow",
        "Principal": {"Service": publisher.value},
        "Action": "sns:Publish",
        "Resource": topic_arn,
    }
    if publisher is Publisher.EVENTS:
        # EventBridge fills no condition key when it publishes, so with one nothing would arrive (EventBridge User
        # Guide, "Using resource-based policies": no Condition blocks in topic policies)
        return statement
    return {**statement, "Condition": {"StringEquals": {"aws:SourceAccount": scope.account_id}}}
