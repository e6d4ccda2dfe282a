"""Amazon SNS and Amazon SQS: messages are encrypted, come from those who are named, and go where they may."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import data_class, patient_data, sensitive
from ..config import Config
from ..documents import conditions, everyone, public, statements, values
from ..expect import OWN_KEY, SET, at_most
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule
from ..values import View
from .jurisdiction import not_allowed, region_of_arn

TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
SNS_GUIDE = "https://docs.aws.amazon.com/sns/latest/dg/"
SQS_GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
LONGEST_MESSAGE_SECONDS = 4 * 86_400


def denies_plain(statement: View) -> bool:
    """Whether a statement denies everyone requests without TLS."""
    if statement.text("Effect") != "Deny" or not everyone(statement):
        return False
    return any(
        operator == "bool" and key == "aws:securetransport" and found == ["false"]
        for operator, key, found in conditions(statement)
    )


# Topics

sns_cmk = requires(
    "sns-cmk",
    TOPIC,
    {"kmsMasterKeyId": OWN_KEY},
    title="Topics are encrypted with a customer key",
    severity=MEDIUM,
    remedy="Set kmsMasterKeyId to a customer key; alarms cannot publish under alias/aws/sns.",
    url=SNS_GUIDE + "sns-server-side-encryption.html",
)


@resource_rule(
    "sns-no-http-subscription",
    types=SUBSCRIPTION,
    title="Notices are not sent in clear",
    severity=HIGH,
    remedy="Use https.",
    url=SNS_GUIDE + "sns-security-best-practices.html",
)
def sns_no_http(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("protocol") == "http":
        yield "protocol must not be http."


@resource_rule(
    "sns-policy-bounded",
    types=TOPIC_POLICY,
    title="Topics let no stranger in",
    severity=HIGH,
    remedy="Name the principal, or bind the statement by AWS:SourceOwner, aws:SourceAccount or aws:PrincipalOrgID.",
    url=SNS_GUIDE + "sns-access-policy-use-cases.html",
)
def sns_policy(resource: Resource, config: Config) -> Iterator[str]:
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone in."


@linked_rule(
    "sns-tls-publish",
    types=TOPIC,
    title="Topics refuse requests without TLS",
    severity=LOW,
    remedy="Deny sns:Publish to everyone when aws:SecureTransport is false.",
    url=SNS_GUIDE + "sns-security-best-practices.html",
)
def sns_tls(topic: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    policies = stack.users(topic, TOPIC_POLICY, property="arn")
    if not any(denies_plain(each) for policy in policies for each in statements(policy, "policy")):
        yield "no policy denies requests without TLS."


@linked_rule(
    "sns-no-mail-or-sms-for-phi",
    types=SUBSCRIPTION,
    title="Patient data is not sent by mail or text message",
    severity=HIGH,
    remedy="Subscribe a queue, a function or an https endpoint.",
    url=SNS_GUIDE + "sns-create-subscribe-endpoint-to-topic.html",
)
def no_mail(subscription: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if subscription.text("protocol") in ("email", "email-json", "sms", "application"):
        for topic in stack.targets(subscription, "topic", TOPIC):
            if data_class(topic, config) == "phi":
                yield f"protocol: {topic.name} carries patient data."


@resource_rule(
    "sns-subscription-in-jurisdiction",
    types=SUBSCRIPTION,
    title="Messages stay in the jurisdiction",
    severity=HIGH,
    remedy="Subscribe queues and functions of regions of the jurisdiction, in trusted accounts.",
    url=SNS_GUIDE + "sns-cross-region-delivery.html",
)
def sns_subscription(resource: Resource, config: Config) -> Iterator[str]:
    endpoint = resource.text("endpoint") or ""
    region = region_of_arn(endpoint)
    if region and region not in config.regions:
        yield f"endpoint: {not_allowed(region, config)}."
    account = endpoint.split(":")[4] if region else ""
    if account and config.accounts and account not in config.accounts | config.trusted_accounts:
        yield "endpoint: the account is not a trusted one."


sns_dlq = requires(
    "sns-subscription-dlq",
    SUBSCRIPTION,
    {"redrivePolicy": SET},
    title="Messages that cannot be delivered are kept",
    severity=LOW,
    url=SNS_GUIDE + "sns-dead-letter-queues.html",
)


# Queues


@resource_rule(
    "sqs-encrypted",
    types=QUEUE,
    title="Queues are encrypted",
    severity=HIGH,
    remedy="Set kmsMasterKeyId, or sqsManagedSseEnabled: true.",
    url=SQS_GUIDE + "sqs-server-side-encryption.html",
)
def sqs_encrypted(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("kmsMasterKeyId") and resource.flag("sqsManagedSseEnabled") is not True:
        yield "kmsMasterKeyId is not set, and sqsManagedSseEnabled is not true."


sqs_cmk = requires(
    "sqs-cmk",
    QUEUE,
    {"kmsMasterKeyId": OWN_KEY},
    when=patient_data,
    title="Queues of patient data use a customer key",
    severity=HIGH,
    url=SQS_GUIDE + "sqs-key-management.html",
)


@linked_rule(
    "sqs-tls-only",
    types=QUEUE,
    title="Queues refuse requests without TLS",
    severity=LOW,
    remedy="Deny sqs:* to everyone when aws:SecureTransport is false.",
    url=SQS_GUIDE + "sqs-security-best-practices.html",
)
def sqs_tls(queue: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    policies = stack.users(queue, QUEUE_POLICY, property="queueUrl")
    if not any(denies_plain(each) for policy in policies for each in statements(policy, "policy")):
        yield "no policy denies requests without TLS."


@resource_rule(
    "sqs-policy-bounded",
    types=QUEUE_POLICY,
    title="Queues let no stranger in, and nobody do everything",
    severity=HIGH,
    remedy="Name principal and actions, or bind the statement by aws:SourceArn.",
    url=SQS_GUIDE + "sqs-basic-examples-of-iam-policies.html",
)
def sqs_policy(resource: Resource, config: Config) -> Iterator[str]:
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone in."
    for statement in statements(resource, "policy"):
        actions = {action.lower() for action in values(statement, "Action")}
        if statement.text("Effect") == "Allow" and actions & {"*", "sqs:*"} and not statement.has("Condition"):
            yield f"{statement.path} gives every action."


@linked_rule(
    "sqs-dlq",
    types=QUEUE,
    title="Messages that cannot be handled are set aside",
    severity=LOW,
    remedy="Set redrivePolicy to a second queue.",
    url=SQS_GUIDE + "sqs-dead-letter-queues.html",
)
def sqs_dlq(queue: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    beside = stack.users(queue, "aws:sqs/redrivePolicy:RedrivePolicy", property="queueUrl")
    own = [queue.properties.get("arn"), queue.properties.get("name")]
    is_target = any(
        str(name) in str(each.properties.get("redrivePolicy"))
        for each in stack.of(QUEUE, "aws:sqs/redrivePolicy:RedrivePolicy")
        for name in own
        if isinstance(name, str)
    ) or bool(stack.users(queue, QUEUE, "aws:sqs/redrivePolicy:RedrivePolicy", property="redrivePolicy"))
    if not queue.has("redrivePolicy") and not beside and not is_target:
        yield "redrivePolicy is not set."


sqs_retention = requires(
    "sqs-retention-bounded",
    QUEUE,
    {"messageRetentionSeconds": at_most(LONGEST_MESSAGE_SECONDS)},
    when=sensitive,
    title="Messages of patient data do not stay",
    severity=LOW,
    url=SQS_GUIDE + "sqs-configure-queue-parameters.html",
)
