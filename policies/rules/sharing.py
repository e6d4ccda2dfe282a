"""Who else is let in, and where records and keys lead: accounts, services, destinations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..conditions import patient_data
from ..config import Config
from ..documents import allows, bounded, conditions, public, statements, values
from ..graph import Resource, Stack
from ..rule import CRITICAL, EVERY, HIGH, LOW, Finding, linked_rule, resource_rule
from ..values import View, texts_within
from .iam import account_of, own_accounts
from .jurisdiction import excepted, not_allowed, region_of_arn

BEARING = {
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:s3/accessPoint:AccessPoint": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:kms/replicaKey:ReplicaKey": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:ecr/registryPolicy:RegistryPolicy": "policy",
    "aws:dynamodb/resourcePolicy:ResourcePolicy": "policy",
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "policy",
    "aws:opensearch/domainPolicy:DomainPolicy": "accessPolicies",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": "policy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:apigateway/restApiPolicy:RestApiPolicy": "policy",
    "aws:oam/sinkPolicy:SinkPolicy": "policy",
}
"""Types that carry a document about who may use them → where."""
UNGUARDED = ("aws:backup/vaultPolicy:VaultPolicy",)
"""Types of these that no rule of their own keeps from everyone."""
PERMISSION = "aws:lambda/permission:Permission"
AWS_ACCOUNTS = frozenset(
    {"127311923021", "033677994240", "027434742980", "797873946194", "985666609251", "507241528517", "098369216593",
     "754344448648", "589379963580", "718504428378", "383597477331", "600734575887", "114774131450", "783225319266",
     "582318560864", "054676820928", "156460612806", "652711504416", "635631232127", "009996457667", "897822967062",
     "076674570225", "cloudfront"}
)  # fmt: skip
"""Accounts by which Elastic Load Balancing delivers logs, one for each region that has one (Enable access logs), and
what stands for one in the ARN of an origin access identity, by which CloudFront reads a bucket."""


@linked_rule(
    "cross-account-principal-allowlist",
    types=(*BEARING, PERMISSION),
    title="Data is shared with trusted accounts only",
    severity=CRITICAL,
    remedy="Add the account to trustedAccounts (a contract must stand behind it), or remove it.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
)
def cross_account(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if resource.type in UNGUARDED:
        for each in public(resource, BEARING[resource.type]):
            yield f"{each.path} lets every account in."
    own = own_accounts(stack, config)
    if not own:
        return
    if resource.type == PERMISSION:
        account = account_of(resource.text("principal") or "")
        if account and account not in own:
            yield "principal is of an account that is not a trusted one."
        organization = resource.text("principalOrgId")
        if organization and config.organizations and organization not in config.organizations:
            yield "principalOrgId is another organization."
        return
    for each in statements(resource, BEARING[resource.type]):
        if not allows(each):
            continue
        strangers = [
            one for one in values(each, "Principal", "AWS") if account_of(one) not in (*own, *AWS_ACCOUNTS, "")
        ]
        if strangers:
            yield f"{each.path} lets an account in that is not a trusted one."
        for _, key, found in conditions(each):
            if key == "aws:principalorgid" and config.organizations and set(found) - config.organizations:
                yield f"{each.path} lets another organization in."


@resource_rule(
    "service-principal-source-bound",
    types=tuple(BEARING),
    title="Services act for this account only",
    severity=LOW,
    remedy="Add a condition on aws:SourceAccount or aws:SourceArn.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)
def service_bound(resource: Resource, config: Config) -> Iterator[str]:
    for each in statements(resource, BEARING[resource.type]):
        services = values(each, "Principal", "Service")
        if allows(each) and services and not bounded(each) and not _for_one_account(each):
            yield f"{each.path}: {services[0]} may act for any account."


def _for_one_account(statement: View) -> bool:
    """Whether a key encrypts for one account's log groups, trails or topics only: what is encrypted names it."""
    return any(
        key.startswith("kms:encryptioncontext:") and found and all(account_of(arn).isdigit() for arn in found)
        for _, key, found in conditions(statement)
    )


_RECORDS: dict[str, tuple[str, ...]] = {
    "aws:lb/loadBalancer:LoadBalancer": ("accessLogs", "connectionLogs", "healthCheckLogs"),
    "aws:cloudfront/distribution:Distribution": ("loggingConfig",),
    "aws:s3/bucketLogging:BucketLogging": ("targetBucket",),
    "aws:ec2/flowLog:FlowLog": ("logDestination",),
    "aws:cloudtrail/trail:Trail": ("s3BucketName", "cloudWatchLogsGroupArn"),
    "aws:cfg/deliveryChannel:DeliveryChannel": ("s3BucketName",),
    "aws:apigateway/stage:Stage": ("accessLogSettings",),
    "aws:apigatewayv2/stage:Stage": ("accessLogSettings",),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("logDeliveryConfigurations",),
    "aws:opensearch/domain:Domain": ("logPublishingOptions",),
    "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig": ("destinationArn",),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": ("deliveryDestinationConfiguration",),
    "aws:cognito/logDeliveryConfiguration:LogDeliveryConfiguration": ("logConfigurations",),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": ("destinationArn",),
    "aws:ec2clientvpn/endpoint:Endpoint": ("connectionLogOptions",),
}
"""Types → the properties that name where their records go."""


@linked_rule(
    "log-destinations-in-jurisdiction",
    types=tuple(_RECORDS),
    title="Records go to the jurisdiction, in trusted accounts",
    severity=HIGH,
    remedy="Name a bucket, log group or stream in a region of the jurisdiction, in a trusted account.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html",
)
def log_destinations(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    own = own_accounts(stack, config)
    for name in _RECORDS[resource.type]:
        for target in stack.targets(resource, name):
            region = target.region()
            if target.type not in _KEEPERS or region is None or region in config.regions:
                continue
            if not excepted(target, region, config) and not excepted(resource, region, config):
                yield f"{name}: {target.name} is in {not_allowed(region, config)}."
        for text in _arns(resource, name):
            region, account = region_of_arn(text), account_of(text)
            abroad = region and region not in config.regions and not excepted(resource, region, config)
            if abroad and not stack.named(text):
                yield f"{name}: {not_allowed(region, config)}."
            if account and own and account not in own:
                yield f"{name}: the account is not a trusted one."


_KEEPERS = (
    "aws:s3/bucket:Bucket",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:kinesis/stream:Stream",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
)


def _arns(resource: Resource, name: str) -> list[str]:
    return [text for text in texts_within(resource.properties.get(name)) if text.startswith("arn:")]


_KEY_NAME = re.compile(r"(?i)(?:kms.*key|kmskey|keyarn|encryptionkey)\w*$")


@resource_rule(
    "kms-key-reference-in-jurisdiction",
    types=EVERY,
    title="Data is encrypted with keys of the jurisdiction",
    severity=HIGH,
    remedy="Name a customer key in a region of the jurisdiction.",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html",
)
def key_reference(resource: Resource, config: Config) -> Iterator[str]:
    for path, value in resource.leaves():
        if not isinstance(value, str) or not (":kms:" in value or "alias/aws/" in value):
            continue
        name = next((step for step in reversed(path.split(".")) if not step.isdecimal()), "")
        if not _KEY_NAME.search(name):
            continue
        region = region_of_arn(value)
        if region and ":kms:" in value and region not in config.regions and not excepted(resource, region, config):
            yield f"{path}: {not_allowed(region, config)}."
        if "alias/aws/" in value and resource.has("tags") and patient_data(resource, config):
            yield f"{path} names a key that AWS manages; patient data needs a customer key."
