"""Stores of patient data: complete protection, a class on everything, backups of all."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import data_class
from ..config import DATA_CLASSES, SENSITIVE, Config
from ..graph import Resource, Stack, known
from ..rule import Finding, Severity, resource_rule, stack_rule
from ..values import UNKNOWN

BUCKET = "aws:s3/bucket:Bucket"
SIDE = {
    "KMS encryption": "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "the public access block": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "ownership controls (ACLs off)": "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "a bucket policy (TLS only)": "aws:s3/bucketPolicy:BucketPolicy",
    "versioning": "aws:s3/bucketVersioning:BucketVersioning",
    "access logging": "aws:s3/bucketLogging:BucketLogging",
    "a lifecycle": "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
}
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
CLASSED = (
    BUCKET, "aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:dynamodb/table:Table", "aws:efs/fileSystem:FileSystem", "aws:sqs/queue:Queue", "aws:sns/topic:Topic",
    "aws:cloudwatch/logGroup:LogGroup", "aws:kms/key:Key", "aws:secretsmanager/secret:Secret",
    "aws:lambda/function:Function", "aws:backup/vault:Vault", "aws:ebs/volume:Volume",
)  # fmt: skip
BACKED_UP = ("aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "aws:dynamodb/table:Table", BUCKET)
S3_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"
TAG_GUIDE = "https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html"


@stack_rule(
    "s3-phi-bundle",
    title="Buckets of patient data have every safeguard S3 offers",
    severity=Severity.HIGH,
    remedy="Add the missing resources for the bucket; replicate it inside the jurisdiction.",
    url=S3_GUIDE,
)
def s3_phi_bundle(stack: Stack, config: Config) -> Iterator[Finding]:
    copies = {target.urn for each in stack.of(REPLICATION) for target in stack.targets(each, "rules", BUCKET)}
    for bucket in stack.of(BUCKET):
        if data_class(bucket, config) != "phi":
            continue
        missing = [what for what, type in SIDE.items() if not stack.users(bucket, type, property="bucket")]
        if bucket.urn not in copies and not stack.users(bucket, REPLICATION, property="bucket"):
            missing.append("replication inside the jurisdiction")
        if missing:
            yield Finding(bucket, f"holds patient data and lacks {', '.join(missing)}.")


@stack_rule(
    "phi-encryption-complete",
    title="Patient data is encrypted at rest with a customer key and in transit",
    severity=Severity.CRITICAL,
    remedy="Set the store's KMS key and enforce TLS.",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html",
)
def phi_encryption_complete(stack: Stack, config: Config) -> Iterator[Finding]:
    keys = {
        "aws:rds/instance:Instance": ("storageEncrypted", "kmsKeyId"),
        "aws:rds/cluster:Cluster": ("storageEncrypted", "kmsKeyId"),
        "aws:elasticache/replicationGroup:ReplicationGroup": ("atRestEncryptionEnabled", "kmsKeyId"),
    }
    for type, (switch, key) in keys.items():
        for store in stack.of(type):
            if data_class(store, config) != "phi":
                continue
            if not store.unknown(switch) and store.flag(switch) is not True:
                yield Finding(store, f"{switch} must be true.")
            if not store.has(key) and not store.has("replicateSourceDb"):  # a replica has its source's key
                yield Finding(store, f"{key} is not set: patient data needs a customer key.")
    for bucket in stack.of(BUCKET):
        if data_class(bucket, config) == "phi":
            sides = stack.users(bucket, SIDE["KMS encryption"], property="bucket")
            if not sides:
                yield Finding(bucket, "no server-side encryption with a customer key.")
            for side in sides:
                for rule in side.views("rules") if not side.unknown("rules") else []:
                    default = rule.view("applyServerSideEncryptionByDefault")
                    if default.text("sseAlgorithm") not in ("aws:kms", "aws:kms:dsse") or not default.has(
                        "kmsMasterKeyId"
                    ):
                        yield Finding(side, f"{default.path}: patient data needs aws:kms with kmsMasterKeyId.")


@resource_rule(
    "data-class-tag-required",
    types=CLASSED,
    title="Everything that can hold data says how sensitive it is",
    severity=Severity.MEDIUM,
    remedy="Tag it with the data class: phi, pii, internal or public.",
    url=TAG_GUIDE,
)
def data_class_tag_required(resource: Resource, config: Config) -> Iterator[str]:
    found = resource.tags().get(config.data_class_tag)
    if found is not UNKNOWN and found not in DATA_CLASSES:
        yield f"tags.{config.data_class_tag}: expected one of {', '.join(DATA_CLASSES)}."


@stack_rule(
    "data-class-tag-inherited",
    title="Copies of patient data carry the class of the original",
    severity=Severity.MEDIUM,
    remedy="Tag the copy with the class of what it copies.",
    url=TAG_GUIDE,
)
def data_class_tag_inherited(stack: Stack, config: Config) -> Iterator[Finding]:
    for replication in stack.of(REPLICATION):
        for source in stack.targets(replication, "bucket", BUCKET):
            for copy in stack.targets(replication, "rules", BUCKET):
                if _weaker(data_class(copy, config), data_class(source, config)):
                    yield Finding(copy, f"is a copy of {source.name} and carries a weaker class.")


@stack_rule(
    "backup-selection-covers-phi",
    title="Every store of patient data is in a backup",
    severity=Severity.HIGH,
    remedy="Select it in an AWS Backup selection, by ARN or by its tags.",
    url="https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html",
)
def backup_selection_covers_phi(stack: Stack, config: Config) -> Iterator[Finding]:
    copies = {target.urn for each in stack.of(REPLICATION) for target in stack.targets(each, "rules", BUCKET)}
    for store in stack.of(*BACKED_UP):
        if data_class(store, config) != "phi" or store.urn in copies:
            continue
        if not selected(stack, store):
            yield Finding(store, "holds patient data and is in no backup selection.")


def _weaker(copy: object, source: object) -> bool:
    return (
        source in SENSITIVE and copy is not UNKNOWN and (copy not in SENSITIVE or (source == "phi" and copy != "phi"))
    )


def selected(stack: Stack, store: Resource) -> bool:
    """Whether a backup selection of the stack covers the store."""
    return any(_selected(stack, each, store) for each in stack.of("aws:backup/selection:Selection"))


def _selected(stack: Stack, selection: Resource, store: Resource) -> bool:
    """By reference, or by tags the store has; a selection preview cannot read counts as covering."""
    if any(each is store for each in stack.targets(selection, "resources", store.type)):
        return True
    if selection.unknown("resources") or selection.unknown("conditions") or selection.unknown("selectionTags"):
        return True
    tags = store.tags() if known(store.tags) else {}
    wanted = [
        (str(item.text("key")).removeprefix("aws:ResourceTag/"), item.text("value"))
        for condition in selection.views("conditions")
        for item in condition.views("stringEquals")
    ]
    by_tags = bool(wanted) and all(tags.get(key) in (value, UNKNOWN) for key, value in wanted)
    by_tag = any(tags.get(tag.text("key") or "") == tag.text("value") for tag in selection.views("selectionTags"))
    everything = not selection.has("conditions") and not selection.has("selectionTags")
    return by_tags or by_tag or (everything and "*" in selection.texts("resources"))
