"""The topic alarms are published to."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    """Inputs of `AlarmTopic`.

    kms_key_arn: customer key of the topic's region whose policy admits CloudWatch; with the AWS-managed key no alarm
        gets through (ALL-18).
    email: who is told; must confirm first.
    region: where the topic and its alarms are, as alarms cannot call a topic of another region (ALL-07); None: the
        provider's region.
    """

    scope: Scope
    kms_key_arn: pulumi.Input[str]
    email: str
    region: str | None = None


class AlarmTopic(pulumi.ComponentResource):
    """An encrypted topic with an e-mail subscription, published to by CloudWatch alarms of this account alone.

    Messages name metrics and resources, never patients.
    Source: BER-OBS-01, ALL-07, ALL-18; Amazon SNS Developer Guide, "Access control"; 45 CFR 164.308(a)(6)(ii).
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:notifications:AlarmTopic", name, {}, opts)
        from pulumi_aws import sns

        child = pulumi.ResourceOptions(parent=self)
        physical = args.scope.name("alarms")
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
            policy=_policy(args.scope, physical, args.region),
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


def _policy(scope: Scope, topic: str, region: str | None) -> str:
    arn = scope.arn("sns", topic, region=region)
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
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
            ],
        }
    )
