"""Amazon CloudWatch and EventBridge, Kinesis: logs are encrypted and kept, alarms tell, events stay here."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import data_class
from ..config import Config
from ..documents import public
from ..expect import SET
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, Severity, linked_rule, requires, resource_rule, stack_rule
from .jurisdiction import not_allowed, region_of_arn

GROUP = "aws:cloudwatch/logGroup:LogGroup"
GUIDE = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/"
STREAM = "aws:kinesis/stream:Stream"
FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
EVENTS_GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide/"


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


@linked_rule(
    "log-group-undeletable-audit",
    types=GROUP,
    title="Audit logs are not deleted by mistake",
    severity=MEDIUM,
    remedy="Set deletionProtectionEnabled or skipDestroy: true.",
    url=GUIDE + "Working-with-log-groups-and-streams.html",
)
def undeletable(group: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    trails = stack.users(group, "aws:cloudtrail/trail:Trail", property="cloudWatchLogsGroupArn")
    if trails and not group.flag("deletionProtectionEnabled") and not group.flag("skipDestroy"):
        yield "neither deletionProtectionEnabled nor skipDestroy is true, and a trail writes to it."


@stack_rule(
    "log-group-masking",
    title="Logs of applications mask identifiers of people",
    severity=LOW,
    remedy="Add a LogDataProtectionPolicy of the group, or a LogAccountPolicy of type DATA_PROTECTION_POLICY.",
    url=GUIDE + "mask-sensitive-log-data.html",
)
def masking(stack: Stack, config: Config) -> Iterator[Finding]:
    account = [
        each
        for each in stack.of("aws:cloudwatch/logAccountPolicy:LogAccountPolicy")
        if each.unknown("policyType") or each.text("policyType") == "DATA_PROTECTION_POLICY"
    ]
    if account:
        return
    for group in stack.of(GROUP):
        policy = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"
        if data_class(group, config) == "phi" and not stack.users(group, policy, property="logGroupName"):
            yield Finding(group, "no LogDataProtectionPolicy masks what should not be in it.")


@resource_rule(
    "log-resource-policy-bounded",
    types=(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy",
    ),
    title="Logs are written and received by named principals",
    severity=HIGH,
    remedy="Name the principal, or bind the statement by aws:SourceAccount or aws:PrincipalOrgID.",
    url=GUIDE + "iam-access-control-overview-cwl.html",
)
def resource_policy(resource: Resource, config: Config) -> Iterator[str]:
    path = "policyDocument" if resource.type.endswith("LogResourcePolicy") else "accessPolicy"
    for statement in public(resource, path):
        yield f"{statement.path} lets anyone in."


@resource_rule(
    "log-cross-account-sharing-bounded",
    types=("aws:oam/sinkPolicy:SinkPolicy", "aws:oam/link:Link"),
    title="Measurements are shared with own accounts only",
    severity=MEDIUM,
    remedy="Name accounts of trustedAccounts, or bind the sink's policy to the organization.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account.html",
)
def sharing(resource: Resource, config: Config) -> Iterator[str]:
    own = config.accounts | config.trusted_accounts
    if resource.type.endswith("Link"):
        parts = (resource.text("sinkIdentifier") or "").split(":")
        if len(parts) > 4 and parts[4] not in own:
            yield "sinkIdentifier: the account is not a trusted one."
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone link to it."


@resource_rule(
    "log-stream-encrypted",
    types=(STREAM, FIREHOSE),
    title="Streams are encrypted with a key",
    severity=HIGH,
    remedy="Set encryptionType: KMS and kmsKeyId (serverSideEncryption of a delivery stream).",
    url="https://docs.aws.amazon.com/streams/latest/dev/server-side-encryption.html",
)
def stream_encrypted(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type == STREAM:
        if resource.text("encryptionType") != "KMS" or not resource.has("kmsKeyId"):
            yield "encryptionType must be KMS, with kmsKeyId."
    elif not resource.has("kinesisSourceConfiguration") and resource.flag("serverSideEncryption.enabled") is not True:
        yield "serverSideEncryption.enabled must be true."


@resource_rule(
    "alarm-actions",
    types=(ALARM, COMPOSITE),
    title="Alarms tell somebody",
    severity=MEDIUM,
    remedy="Set alarmActions, and leave actionsEnabled at true.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
)
def alarm_actions(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("alarmActions"):
        yield "alarmActions is not set."
    if resource.flag("actionsEnabled") is False:
        yield "actionsEnabled must not be false."


SECURITY_EVENTS = {
    "use of the root user": ("Root",),
    "sign-ins that fail": ("Failed authentication", "ConsoleLogin"),
    "sign-ins without a second factor": ("MFAUsed",),
    "calls that are refused": ("AccessDenied", "UnauthorizedOperation"),
    "changes of IAM": ("PutRolePolicy", "AttachRolePolicy", "CreatePolicy", "DeletePolicy"),
    "changes of the trail": ("StopLogging", "DeleteTrail"),
    "changes of AWS Config": ("StopConfigurationRecorder", "DeleteDeliveryChannel"),
    "keys that are disabled or deleted": ("ScheduleKeyDeletion", "DisableKey"),
    "changes of bucket policies": ("PutBucketPolicy", "PutBucketAcl", "DeleteBucketPolicy"),
    "changes of security groups": ("AuthorizeSecurityGroupIngress",),
    "changes of network ACLs": ("CreateNetworkAclEntry", "ReplaceNetworkAclEntry"),
    "changes of gateways": ("AttachInternetGateway", "CreateCustomerGateway"),
    "changes of route tables": ("CreateRoute", "ReplaceRoute"),
    "changes of networks": ("CreateVpc", "DeleteVpc", "ModifyVpcAttribute"),
    "changes of the organization": ("organizations.amazonaws.com",),
}
"""What is watched → words of a metric filter's pattern, any of which shows it (CIS AWS Foundations 4.1 to 4.15)."""


@stack_rule(
    "security-alarms-present",
    title="Changes of what protects the account raise an alarm",
    severity=HIGH,
    remedy="Add a LogMetricFilter on the trail's log group and a MetricAlarm on its metric for each.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
)
def security_alarms(stack: Stack, config: Config) -> Iterator[Finding]:
    if not config.baseline:
        return
    filters = stack.of("aws:cloudwatch/logMetricFilter:LogMetricFilter")
    if any(each.unknown("pattern") for each in filters):
        return
    watched = {
        name
        for each in stack.of(ALARM)
        if not each.unknown("metricName") and (name := each.text("metricName")) is not None
    }
    patterns = [
        each.text("pattern") or ""
        for each in filters
        if each.unknown("metricTransformation") or each.text("metricTransformation.name") in watched
    ]
    missing = [
        what for what, words in SECURITY_EVENTS.items() if not any(word in text for text in patterns for word in words)
    ]
    if missing:
        yield Finding(stack.root, f"no filter with an alarm watches {', '.join(missing)}.")


# Events


@resource_rule(
    "event-bus-policy-bounded",
    types=("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "aws:cloudwatch/eventPermission:EventPermission"),
    title="Events are sent by named principals",
    severity=HIGH,
    remedy="Name the principal, or add a condition on aws:PrincipalOrgID.",
    url=EVENTS_GUIDE + "eb-event-bus-perms.html",
)
def bus_policy(resource: Resource, config: Config) -> Iterator[str]:
    permission = resource.type.endswith("EventPermission")
    if permission and resource.text("principal") == "*" and not resource.has("condition"):
        yield "principal * lets anyone send events."
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone send events."


@linked_rule(
    "event-target-in-jurisdiction",
    types=(
        TARGET,
        "aws:cloudwatch/eventEndpoint:EventEndpoint",
        "aws:cloudwatch/eventApiDestination:EventApiDestination",
    ),
    title="Events stay in the jurisdiction",
    severity=HIGH,
    remedy="Name targets in regions of the jurisdiction; add approved hosts to the pack setting destinations.",
    url=EVENTS_GUIDE + "eb-targets.html",
)
def event_target(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if resource.type == TARGET:
        shown = stack.targets(resource, "arn")
        placed = [each.region() or "" for each in shown] if shown else [region_of_arn(resource.text("arn") or "")]
        for region in sorted(set(placed)):
            if region and region not in config.regions:
                yield f"arn: {not_allowed(region, config)}."
    for bus in resource.views("eventBuses"):
        region = region_of_arn(bus.text("eventBusArn") or "")
        if region and region not in config.regions:
            yield f"{bus.where('eventBusArn')}: {not_allowed(region, config)}."
    route = resource.text("routingConfig.failoverConfig.secondary.route")
    if route is not None and route not in config.regions:
        yield f"routingConfig.failoverConfig.secondary.route: {not_allowed(route, config)}."
    address = resource.text("invocationEndpoint") if resource.type.endswith("EventApiDestination") else None
    if address is not None:
        host = address.split("//")[-1].split("/")[0]
        if host not in config.destinations:
            yield "invocationEndpoint: its host is not among the approved destinations."


event_dlq = requires(
    "event-target-dlq",
    TARGET,
    {"deadLetterConfig.arn": SET},
    title="Events that cannot be delivered are kept",
    severity=LOW,
    url=EVENTS_GUIDE + "eb-rule-dlq.html",
)
