"""Amazon DynamoDB: tables under a customer key, restorable, protected, kept in the jurisdiction."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import sensitive
from ..config import Config
from ..documents import public
from ..expect import OWN_KEY, TRUE, one_of
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule
from .jurisdiction import not_allowed, region_of_arn
from .stores import BUCKET, selected

TABLE = "aws:dynamodb/table:Table"
REPLICA = "aws:dynamodb/tableReplica:TableReplica"
GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"

cmk = requires(
    "dynamodb-cmk",
    TABLE,
    {"serverSideEncryption.enabled": TRUE, "serverSideEncryption.kmsKeyArn": OWN_KEY},
    title="Tables are encrypted with a customer key",
    severity=HIGH,
    url=GUIDE + "EncryptionAtRest.html",
)
recovery = requires(
    "dynamodb-pitr",
    TABLE,
    {"pointInTimeRecovery.enabled": TRUE},
    title="Tables can be restored to any second",
    severity=HIGH,
    url=GUIDE + "Point-in-time-recovery.html",
)


@linked_rule(
    "dynamodb-in-backup-plan",
    types=TABLE,
    title="Tables of sensitive data are in a backup",
    severity=MEDIUM,
    remedy="Select it in an AWS Backup selection, by ARN or by its tags.",
    url="https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html",
)
def in_backup(table: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if sensitive(table, config) and not selected(stack, table):
        yield "no backup selection covers it."


deletion_protection = requires(
    "dynamodb-deletion-protection",
    TABLE,
    {"deletionProtectionEnabled": TRUE},
    title="Tables are protected against deletion",
    severity=HIGH,
    url=GUIDE + "WorkingWithTables.Basics.html",
)


@resource_rule(
    "dynamodb-replica-protected",
    types=(TABLE, REPLICA),
    title="Copies of tables are as protected as the original",
    severity=HIGH,
    remedy="Set kmsKeyArn, pointInTimeRecovery and deletionProtectionEnabled of each replica.",
    url=GUIDE + "GlobalTables.html",
)
def replica_protected(resource: Resource, config: Config) -> Iterator[str]:
    for view in resource.views("replicas") if resource.type == TABLE else [resource]:
        if not view.has("kmsKeyArn"):
            yield f"{view.where('kmsKeyArn')} is not set."
        for name in ("pointInTimeRecovery", "deletionProtectionEnabled"):
            if view.flag(name) is not True:
                yield f"{view.where(name)} must be true."


@linked_rule(
    "dynamodb-autoscaling",
    types=TABLE,
    title="Tables grow with their load",
    severity=LOW,
    remedy="Set billingMode: PAY_PER_REQUEST, or add an appautoscaling Target of the table.",
    url=GUIDE + "AutoScaling.html",
)
def autoscaling(table: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if table.text("billingMode") == "PAY_PER_REQUEST":
        return
    targets = stack.users(table, "aws:appautoscaling/target:Target", property="resourceId")
    name = None if table.unknown("name") else table.text("name")
    named = [
        each
        for each in stack.of("aws:appautoscaling/target:Target")
        if each.properties.get("resourceId") == f"table/{name}"
    ]
    if not targets and not named:
        yield "has a fixed capacity and no scaling target."


@resource_rule(
    "dynamodb-policy-bounded",
    types="aws:dynamodb/resourcePolicy:ResourcePolicy",
    title="Tables let no stranger in",
    severity=CRITICAL,
    remedy="Name the principal, or bind the statement to your organization.",
    url=GUIDE + "access-control-resource-based.html",
)
def policy_bounded(resource: Resource, config: Config) -> Iterator[str]:
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone in."


@linked_rule(
    "dynamodb-export-in-jurisdiction",
    types=(
        "aws:dynamodb/tableExport:TableExport",
        "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination",
    ),
    title="Tables are exported inside the jurisdiction, encrypted",
    severity=CRITICAL,
    remedy="Export to a bucket of the jurisdiction with s3SseAlgorithm KMS, or to a stream there.",
    url=GUIDE + "S3DataExport.HowItWorks.html",
)
def export(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if resource.type.endswith("KinesisStreamingDestination"):
        region = region_of_arn("" if resource.unknown("streamArn") else resource.text("streamArn") or "")
        placed = {each.region() for each in stack.targets(resource, "streamArn", "aws:kinesis/stream:Stream")}
        for each in sorted(one for one in {region or None, *placed} if one is not None):
            if each not in config.regions:
                yield f"streamArn: {not_allowed(each, config)}."
        return
    for bucket in stack.targets(resource, "s3Bucket", BUCKET):
        region = bucket.region()
        if region is not None and region not in config.regions:
            yield f"s3Bucket: {bucket.name} is in {not_allowed(region, config)}."
    owner = resource.text("s3BucketOwner")
    if owner is not None and owner not in config.accounts | config.trusted_accounts:
        yield "s3BucketOwner: the account is not a trusted one."
    if resource.text("s3SseAlgorithm") != "KMS":
        yield "s3SseAlgorithm must be KMS."


ttl_declared = requires(
    "dynamodb-ttl-declared",
    TABLE,
    {"ttl.enabled": TRUE},
    when=lambda resource, config: sensitive(resource, config) and config.retention_tag in resource.tags(),
    title="Items end when their retention says",
    severity=LOW,
    url=GUIDE + "TTL.html",
)
dax_encrypted = requires(
    "dax-encrypted",
    "aws:dax/cluster:Cluster",
    {"serverSideEncryption.enabled": TRUE, "clusterEndpointEncryptionType": one_of("TLS")},
    title="Caches of tables are encrypted at rest and in transit",
    severity=HIGH,
    url=GUIDE + "DAXEncryptionAtRest.html",
)
