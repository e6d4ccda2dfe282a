"""Amazon CloudWatch Logs and Amazon SNS: logs are encrypted and kept; notices are encrypted and sent by TLS."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..graph import Resource
from ..rule import Severity, resource_rule

GROUP = "aws:cloudwatch/logGroup:LogGroup"
GUIDE = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/"
SNS_GUIDE = "https://docs.aws.amazon.com/sns/latest/dg/"


@resource_rule(
    "log-group-cmk",
    types=(GROUP,),
    title="Logs are encrypted with a customer key",
    severity=Severity.HIGH,
    remedy="Set kmsKeyId to a key whose policy lets CloudWatch Logs use it.",
    url=GUIDE + "encrypt-log-data-kms.html",
)
def log_group_cmk(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("kmsKeyId"):
        yield "kmsKeyId is not set."


@resource_rule(
    "log-group-retention",
    types=(GROUP,),
    title="Logs are kept, and not for ever",
    severity=Severity.MEDIUM,
    remedy="Set retentionInDays to the configured minimum or more.",
    url=GUIDE + "Working-with-log-groups-and-streams.html",
)
def log_group_retention(resource: Resource, config: Config) -> Iterator[str]:
    days = resource.number("retentionInDays")
    if not days:
        yield f"retentionInDays is not set: expected {config.log_days} or more."
    elif days < config.log_days:
        yield f"retentionInDays: expected {config.log_days} or more, found {days:g}."


@resource_rule(
    "sns-cmk",
    types=("aws:sns/topic:Topic",),
    title="Topics are encrypted with a customer key",
    severity=Severity.MEDIUM,
    remedy="Set kmsMasterKeyId to a customer key; alarms cannot publish under alias/aws/sns.",
    url=SNS_GUIDE + "sns-server-side-encryption.html",
)
def sns_cmk(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("kmsMasterKeyId"):
        yield "kmsMasterKeyId is not set."


@resource_rule(
    "sns-no-http-subscription",
    types=("aws:sns/topicSubscription:TopicSubscription",),
    title="Notices are not sent in clear",
    severity=Severity.HIGH,
    remedy="Use https.",
    url=SNS_GUIDE + "sns-security-best-practices.html",
)
def sns_no_http(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("protocol") == "http":
        yield "protocol must not be http."
