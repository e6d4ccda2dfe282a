"""AWS CloudTrail: the audit trail is encrypted, provable and watched."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import data_class
from ..config import Config
from ..expect import SET
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, Severity, linked_rule, requires, resource_rule, stack_rule
from ..values import View
from .stores import BUCKET

TRAIL = "aws:cloudtrail/trail:Trail"
TABLE = "aws:dynamodb/table:Table"
GUIDE = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/"


@resource_rule(
    "cloudtrail-cmk",
    types=(TRAIL,),
    title="Audit logs are encrypted with a customer key",
    severity=Severity.HIGH,
    remedy="Set kmsKeyId.",
    url=GUIDE + "encrypting-cloudtrail-log-files-with-aws-kms.html",
)
def cmk(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("kmsKeyId"):
        yield "kmsKeyId is not set."


@resource_rule(
    "cloudtrail-validation",
    types=(TRAIL,),
    title="Audit logs can be proven untouched",
    severity=Severity.HIGH,
    remedy="Set enableLogFileValidation: true.",
    url=GUIDE + "cloudtrail-log-file-validation-intro.html",
)
def validation(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("enableLogFileValidation") is not True:
        yield "enableLogFileValidation must be true."


@resource_rule(
    "cloudtrail-cloudwatch",
    types=(TRAIL,),
    title="Audit logs can raise alarms",
    severity=Severity.MEDIUM,
    remedy="Set cloudWatchLogsGroupArn and cloudWatchLogsRoleArn.",
    url=GUIDE + "send-cloudtrail-events-to-cloudwatch-logs.html",
)
def cloudwatch(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("cloudWatchLogsGroupArn", "cloudWatchLogsRoleArn"):
        if not resource.has(name):
            yield f"{name} is not set."


@stack_rule(
    "cloudtrail-multi-region",
    title="The audit covers every region and what is global",
    severity=HIGH,
    remedy="Set isMultiRegionTrail, includeGlobalServiceEvents and enableLogging: true.",
    url=GUIDE + "receive-cloudtrail-log-files-from-multiple-regions.html",
)
def multi_region(stack: Stack, config: Config) -> Iterator[Finding]:
    trails = stack.of(TRAIL)
    if config.baseline and not trails:
        yield Finding(stack.root, "no trail.")
    for trail in trails:
        if not trail.unknown("isMultiRegionTrail") and trail.flag("isMultiRegionTrail") is not True:
            yield Finding(trail, "isMultiRegionTrail must be true.")
        for name in ("includeGlobalServiceEvents", "enableLogging"):
            if not trail.unknown(name) and trail.flag(name) is False:
                yield Finding(trail, f"{name} must not be false.")


@stack_rule(
    "cloudtrail-phi-data-events",
    title="Every read and write of patient data is recorded",
    severity=HIGH,
    remedy="Add data events (read and write) of S3 objects, for all buckets or for those of patient data.",
    url=GUIDE + "logging-data-events-with-cloudtrail.html",
)
def data_events(stack: Stack, config: Config) -> Iterator[Finding]:
    trails = stack.of(TRAIL)
    if not trails:
        return
    if any(trail.unknown("eventSelectors") or trail.unknown("advancedEventSelectors") for trail in trails):
        return
    for store in [*stack.of(BUCKET), *stack.of(TABLE)]:
        if data_class(store, config) != "phi":
            continue
        kind = "AWS::S3::Object" if store.type == BUCKET else "AWS::DynamoDB::Table"
        if not any(_records(stack, trail, store, kind) for trail in trails):
            yield Finding(store, f"no trail records reads and writes of it ({kind}).")


def _records(stack: Stack, trail: Resource, store: Resource, kind: str) -> bool:
    whole = {"arn:aws:s3", "arn:aws:s3:::", "arn:aws:dynamodb"}
    names = {str(store.properties.get(key)) for key in ("arn", "bucket", "name") if store.properties.get(key)}
    linked = store in stack.targets(trail, "eventSelectors") or store in stack.targets(trail, "advancedEventSelectors")
    for selector in trail.views("eventSelectors"):
        if selector.text("readWriteType") not in (None, "All"):
            continue
        for data in selector.views("dataResources"):
            if data.text("type") == kind and _names(data, "values", whole, names, linked):
                return True
    for selector in trail.views("advancedEventSelectors"):
        fields = {each.text("field"): each for each in selector.views("fieldSelectors")}
        about = fields.get("resources.type")
        if about is None or kind not in about.texts("equals") or "readOnly" in fields:
            continue
        where = fields.get("resources.ARN")
        if (
            where is None
            or linked
            or any(_names(where, key, whole, names, linked) for key in ("startsWiths", "equals"))
        ):
            return True
    return False


def _names(view: View, path: str, whole: set[str], names: set[str], linked: bool) -> bool:
    if view.unknown(path):
        return True
    values = view.get(path)
    for value in values if isinstance(values, list) else []:
        if not isinstance(value, str):
            return linked
        if value in whole or any(name in value.split(":::")[-1].split("/") or value.startswith(name) for name in names):
            return True
    return False


@linked_rule(
    "cloudtrail-bucket-hardened",
    types=TRAIL,
    title="Audit records are kept where they cannot be changed",
    severity=HIGH,
    remedy="Give the trail's bucket a public access block, versioning, object lock and access logging.",
    url=GUIDE + "best-practices-security.html",
)
def bucket_hardened(trail: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    wanted = {
        "a public access block": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "versioning": "aws:s3/bucketVersioning:BucketVersioning",
        "object lock": "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "access logging": "aws:s3/bucketLogging:BucketLogging",
    }
    for bucket in stack.targets(trail, "s3BucketName", BUCKET):
        missing = [what for what, type in wanted.items() if not stack.users(bucket, type, property="bucket")]
        if missing:
            yield Finding(bucket, f"keeps audit records and lacks {', '.join(missing)}.")


@resource_rule(
    "cloudtrail-no-kms-exclusion",
    types=TRAIL,
    title="The audit leaves out neither keys nor database queries",
    severity=MEDIUM,
    remedy="Remove excludeManagementEventSources, and notEquals on eventSource of management events.",
    url=GUIDE + "logging-management-events-with-cloudtrail.html",
)
def no_exclusion(resource: Resource, config: Config) -> Iterator[str]:
    for selector in resource.views("eventSelectors"):
        if selector.texts("excludeManagementEventSources"):
            yield f"{selector.where('excludeManagementEventSources')} must be empty."
        if selector.flag("includeManagementEvents") is False:
            yield f"{selector.where('includeManagementEvents')} must not be false."
    for selector in resource.views("advancedEventSelectors"):
        for field in selector.views("fieldSelectors"):
            if field.text("field") == "eventSource" and field.texts("notEquals"):
                yield f"{field.where('notEquals')} must be empty."


insights = requires(
    "cloudtrail-insights",
    TRAIL,
    {"insightSelectors": SET},
    title="Unusual activity is found in the audit",
    severity=LOW,
    url=GUIDE + "logging-insights-events-with-cloudtrail.html",
)
notify = requires(
    "cloudtrail-notify",
    TRAIL,
    {"snsTopicName": SET},
    title="New audit records are told",
    severity=LOW,
    url=GUIDE + "configure-sns-notifications-for-cloudtrail.html",
)


@resource_rule(
    "cloudtrail-lake-hardened",
    types="aws:cloudtrail/eventDataStore:EventDataStore",
    title="Event data stores are encrypted, kept and protected",
    severity=HIGH,
    remedy="Set kmsKeyId, retentionPeriod to six years, and leave terminationProtectionEnabled at true.",
    url=GUIDE + "cloudtrail-lake.html",
)
def lake(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("kmsKeyId"):
        yield "kmsKeyId is not set."
    days = resource.number("retentionPeriod")
    if days is not None and days < config.audit_days:
        yield f"retentionPeriod: expected {config.audit_days} or more, found {days:g}."
    if resource.flag("terminationProtectionEnabled") is False:
        yield "terminationProtectionEnabled must not be false."
