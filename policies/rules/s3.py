"""Amazon S3: buckets are private, encrypted, versioned and reached by TLS only."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import SENSITIVE, Config
from ..documents import conditions, everyone, public, statements, values
from ..graph import Resource, Stack
from ..rule import Finding, Severity, resource_rule, stack_rule
from ..values import View
from .stores import BUCKET, S3_GUIDE, SIDE, data_class

BLOCK = SIDE["the public access block"]
FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
POLICY = SIDE["a bucket policy (TLS only)"]


@stack_rule(
    "s3-public-access-blocked",
    title="Buckets block every form of public access",
    severity=Severity.CRITICAL,
    remedy="Add a BucketPublicAccessBlock for the bucket with all four flags true.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
)
def s3_public_access_blocked(stack: Stack, config: Config) -> Iterator[Finding]:
    for bucket in stack.of(BUCKET):
        blocks = stack.users(bucket, BLOCK, property="bucket")
        if not blocks:
            yield Finding(bucket, "has no BucketPublicAccessBlock.")
        for block in blocks:
            off = [flag for flag in FLAGS if not block.unknown(flag) and block.flag(flag) is not True]
            if off:
                yield Finding(block, f"{', '.join(off)} must be true (bucket {bucket.name}).")


@stack_rule(
    "s3-bucket-kms-encrypted",
    title="Buckets of sensitive data are encrypted with a customer key",
    severity=Severity.HIGH,
    remedy="Add a BucketServerSideEncryptionConfiguration with sseAlgorithm aws:kms and kmsMasterKeyId.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)
def s3_bucket_kms_encrypted(stack: Stack, config: Config) -> Iterator[Finding]:
    """Buckets that a service writes its logs to are left out: load balancers and S3 itself deliver to SSE-S3 only."""
    for bucket in stack.of(BUCKET):
        if _log_target(stack, bucket):
            continue
        sides = stack.users(bucket, SIDE["KMS encryption"], property="bucket")
        if not any(_kms(side) for side in sides) and not _kms(bucket.view("serverSideEncryptionConfiguration")):
            yield Finding(bucket, "has no default encryption with aws:kms and a kmsMasterKeyId.")


@stack_rule(
    "s3-acl-disabled",
    title="Buckets have access control lists turned off",
    severity=Severity.HIGH,
    remedy="Add BucketOwnershipControls with objectOwnership BucketOwnerEnforced and remove acl and grants.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
)
def s3_acl_disabled(stack: Stack, config: Config) -> Iterator[Finding]:
    for bucket in stack.of(BUCKET):
        controls = stack.users(bucket, SIDE["ownership controls (ACLs off)"], property="bucket")
        if not controls:
            yield Finding(bucket, "has no BucketOwnershipControls.")
        for each in controls:
            path = "rule.objectOwnership"
            if not each.unknown(path) and each.text(path) != "BucketOwnerEnforced":
                yield Finding(each, f"{path} must be BucketOwnerEnforced (bucket {bucket.name}).")
    for acl in stack.of("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2"):
        yield Finding(acl, "an access control list is used; access belongs into the bucket policy.")


@stack_rule(
    "s3-tls-only",
    title="Buckets refuse requests without TLS",
    severity=Severity.HIGH,
    remedy="Deny s3:* to everyone on the bucket and its objects when aws:SecureTransport is false.",
    url=S3_GUIDE,
)
def s3_tls_only(stack: Stack, config: Config) -> Iterator[Finding]:
    for bucket in stack.of(BUCKET):
        policies = stack.users(bucket, POLICY, property="bucket")
        if any(
            policy.unknown("policy") or any(map(_denies_plain, statements(policy, "policy"))) for policy in policies
        ):
            continue
        if bucket.unknown("policy") or any(map(_denies_plain, statements(bucket, "policy"))):
            continue
        yield Finding(bucket, "no bucket policy denies requests with aws:SecureTransport false.")


@stack_rule(
    "s3-versioning",
    title="Buckets keep versions",
    severity=Severity.HIGH,
    remedy="Add a BucketVersioning with status Enabled.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html",
)
def s3_versioning(stack: Stack, config: Config) -> Iterator[Finding]:
    path = "versioningConfiguration.status"
    for bucket in stack.of(BUCKET):
        sides = stack.users(bucket, SIDE["versioning"], property="bucket")
        beside = any(side.unknown(path) or side.text(path) == "Enabled" for side in sides)
        if not beside and not bucket.unknown("versioning") and not bucket.flag("versioning.enabled"):
            yield Finding(bucket, "versioning is not Enabled.")


@resource_rule(
    "s3-policy-no-public-principal",
    types=(POLICY, BUCKET),
    title="Bucket policies let no stranger in",
    severity=Severity.CRITICAL,
    remedy="Name the principal, or bind the statement to your account, organization or endpoint by a condition.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
)
def s3_policy_no_public_principal(resource: Resource, config: Config) -> Iterator[str]:
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone in: {', '.join(values(statement, 'Action')) or 'NotAction'}."


@resource_rule(
    "s3-force-destroy-off",
    types=(BUCKET,),
    title="Buckets of sensitive data are not emptied on deletion",
    severity=Severity.HIGH,
    remedy="Remove forceDestroy.",
    url=S3_GUIDE,
)
def s3_force_destroy_off(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("forceDestroy") and resource.tags().get(config.data_class_tag) in SENSITIVE:
        yield "forceDestroy would delete every object with the bucket."


@stack_rule(
    "s3-no-website-on-phi",
    title="Patient data is not hosted as a website",
    severity=Severity.HIGH,
    remedy="Serve it through CloudFront with origin access control, or by signed URLs.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html",
)
def s3_no_website_on_phi(stack: Stack, config: Config) -> Iterator[Finding]:
    for bucket in stack.of(BUCKET):
        if data_class(bucket, config) in SENSITIVE:
            for site in stack.users(
                bucket, "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration", property="bucket"
            ):
                yield Finding(site, f"{bucket.name} holds sensitive data; website endpoints have no TLS.")


def _log_target(stack: Stack, bucket: Resource) -> bool:
    """Whether a service that cannot use a customer key delivers logs to the bucket."""
    return bool(
        stack.users(bucket, SIDE["access logging"], property="targetBucket")
        or stack.users(
            bucket, "aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer", property="accessLogs"
        )
    )


def _kms(side: View) -> bool:
    """Whether an encryption configuration names a customer key; one that preview cannot read counts."""
    rules = "rules" if side.has("rules") else "rule"
    if side.unknown(rules):
        return True
    for rule in side.views(rules):
        default = rule.view("applyServerSideEncryptionByDefault")
        if default.text("sseAlgorithm") in ("aws:kms", "aws:kms:dsse") and default.has("kmsMasterKeyId"):
            return True
    return False


def _denies_plain(statement: View) -> bool:
    """Whether a statement denies everyone everything without TLS."""
    if statement.text("Effect") != "Deny" or not everyone(statement):
        return False
    if not {"s3:*", "*"} & set(values(statement, "Action")):
        return False
    return any(
        operator == "bool" and key == "aws:securetransport" and found == ["false"]
        for operator, key, found in conditions(statement)
    )
