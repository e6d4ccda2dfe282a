"""Amazon S3: buckets are private, encrypted, versioned and reached by TLS only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..conditions import data_class
from ..config import SENSITIVE, Config
from ..documents import conditions, everyone, public, statements, values
from ..expect import TRUE, none_of, one_of
from ..graph import Resource, Stack
from ..paths import BALANCER
from ..rule import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    Finding,
    Severity,
    linked_rule,
    requires,
    resource_rule,
    stack_rule,
)
from ..values import View, some
from .jurisdiction import not_allowed
from .stores import BUCKET, LOCK, REPLICATION, S3_GUIDE, SIDE

BLOCK = SIDE["the public access block"]
FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
POLICY = SIDE["a bucket policy (TLS only)"]
LIFECYCLE = SIDE["a lifecycle"]
TRAIL = "aws:cloudtrail/trail:Trail"
LOGS_OF_BALANCERS = ("accessLogs", "connectionLogs", "healthCheckLogs")
USER_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
_OF_RECORDS = re.compile(r"(?i)(?:^|[^a-z])(?:audit|cloudtrail|trail|logs?)(?:[^a-z]|$)")


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
    title="Buckets are encrypted with a customer key",
    severity=Severity.HIGH,
    remedy="Add a BucketServerSideEncryptionConfiguration with sseAlgorithm aws:kms and kmsMasterKeyId.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)
def s3_bucket_kms_encrypted(stack: Stack, config: Config) -> Iterator[Finding]:
    """Buckets that a service writes its logs to are left out: load balancers and S3 itself deliver to SSE-S3 only."""
    for bucket in stack.of(BUCKET):
        if log_target(stack, bucket):
            continue
        sides = stack.users(bucket, SIDE["KMS encryption"], property="bucket")
        if not any(_kms(side) for side in sides):
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
    for acl in stack.of("aws:s3/bucketAcl:BucketAcl"):
        yield Finding(acl, "an access control list is used; access belongs into the bucket policy.")


@linked_rule(
    "s3-tls-only",
    types=BUCKET,
    title="Buckets refuse requests without TLS",
    severity=Severity.HIGH,
    remedy="Deny s3:* to everyone on the bucket and its objects when aws:SecureTransport is false.",
    url=S3_GUIDE,
)
def s3_tls_only(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    policies = stack.users(bucket, POLICY, property="bucket")
    name = _name(bucket)
    if not some(policies, lambda each: any(_denies_plain(one, name) for one in statements(each, "policy"))):
        yield "no bucket policy denies requests with aws:SecureTransport false."


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
        if not beside:
            yield Finding(bucket, "versioning is not Enabled.")


def _closed(policy: Resource, stack: Stack) -> bool:
    """Whether the buckets of a policy let nobody in who is not of the account, whatever a public policy says.

    S3 User Guide, "Blocking public access": RestrictPublicBuckets.
    """
    buckets = stack.targets(policy, "bucket", BUCKET)
    return bool(buckets) and all(
        any(_restricts(block, bucket, stack) for block in stack.of(BLOCK)) for bucket in buckets
    )


def _restricts(block: Resource, bucket: Resource, stack: Stack) -> bool:
    """Whether a public access block is surely this bucket's, and keeps public policies from working."""
    flags = ("blockPublicPolicy", "restrictPublicBuckets")
    return stack.links(block, "bucket", bucket) and not any(
        block.unknown(flag) or not block.flag(flag) for flag in flags
    )


@resource_rule(
    "s3-policy-no-public-principal",
    types=POLICY,
    title="Bucket policies let no stranger in",
    severity=Severity.CRITICAL,
    remedy="Name the principal, or bind the statement to your account, organization or endpoint by a condition.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    settled=_closed,
)
def s3_policy_no_public_principal(resource: Resource, config: Config) -> Iterator[str]:
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone in: {', '.join(values(statement, 'Action')) or 'NotAction'}."


@linked_rule(
    "s3-force-destroy-off",
    types=BUCKET,
    title="Buckets of sensitive data and of records are not emptied on deletion",
    severity=Severity.HIGH,
    remedy="Remove forceDestroy.",
    url=S3_GUIDE,
)
def s3_force_destroy_off(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    """Buckets are known to keep records by their names too: what writes to them may be declared elsewhere."""
    if not bucket.flag("forceDestroy"):
        return
    names = [bucket.name, str(bucket.properties.get("bucket"))]
    of_records = any(_OF_RECORDS.search(name) for name in names) or _keeps_evidence(stack, bucket)
    if of_records or bucket.tags().get(config.data_class_tag) in SENSITIVE:
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


def log_target(stack: Stack, bucket: Resource) -> bool:
    """Whether a service that cannot use a customer key delivers logs to the bucket."""
    return bool(stack.users(bucket, SIDE["access logging"], property="targetBucket")) or any(
        stack.users(bucket, BALANCER, property=name) for name in LOGS_OF_BALANCERS
    )


def _name(bucket: Resource) -> str | None:
    return None if bucket.unknown("bucket") else bucket.text("bucket")


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


def _denies_plain(statement: View, bucket: str | None) -> bool:
    """Whether a statement denies everyone everything in the bucket without TLS, under no other condition."""
    if statement.text("Effect") != "Deny" or not everyone(statement):
        return False
    if not {"s3:*", "*"} & set(values(statement, "Action")):
        return False
    resources = values(statement, "Resource")
    whole = "*" in resources or f"arn:aws:s3:::{bucket}*" in resources
    both = any(each.endswith("/*") for each in resources) and any(not each.endswith("*") for each in resources)
    found = list(conditions(statement))
    return (whole or both or not resources) and found == [("bool", "aws:securetransport", ["false"])]


# Encryption, policies


bucket_key = requires(
    "s3-bucket-key-enabled",
    SIDE["KMS encryption"],
    {"bucketKeyEnabled": TRUE},
    each="rules",
    when=lambda resource, _: _kms(resource),
    title="Buckets ask KMS less often",
    severity=LOW,
    url=USER_GUIDE + "bucket-key.html",
)


@resource_rule(
    "s3-customer-key-uploads-blocked",
    types=SIDE["KMS encryption"],
    title="Objects cannot be encrypted with keys that only the uploader has",
    severity=MEDIUM,
    remedy="Set rules[].blockedEncryptionTypes: [SSE-C].",
    url=USER_GUIDE + "blocking-unblocking-s3-c-encryption-gpb.html",
)
def customer_keys_blocked(resource: Resource, config: Config) -> Iterator[str]:
    for rule in resource.views("rules"):
        if "SSE-C" not in rule.texts("blockedEncryptionTypes"):
            yield f"{rule.where('blockedEncryptionTypes')} must hold SSE-C: such objects can be held to ransom."


@stack_rule(
    "s3-account-public-access-blocked",
    title="The account blocks every form of public access to buckets",
    severity=HIGH,
    remedy="Add AccountPublicAccessBlock with all four flags true.",
    url=USER_GUIDE + "access-control-block-public-access.html",
)
def account_block(stack: Stack, config: Config) -> Iterator[Finding]:
    found = stack.of("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock")
    if config.baseline and not found:
        yield Finding(stack.root, "no AccountPublicAccessBlock.")
    for block in found:
        off = [flag for flag in FLAGS if not block.unknown(flag) and block.flag(flag) is not True]
        if off:
            yield Finding(block, f"{', '.join(off)} must be true.")


@resource_rule(
    "s3-policy-no-lockout",
    types=POLICY,
    title="Bucket policies cannot lock everyone out",
    severity=MEDIUM,
    remedy="Exclude an administrator's role from the Deny by a condition on aws:PrincipalArn.",
    url=USER_GUIDE + "example-bucket-policies.html",
)
def no_lockout(resource: Resource, config: Config) -> Iterator[str]:
    for each in statements(resource, "policy"):
        denied = each.text("Effect") == "Deny" and everyone(each) and {"s3:*", "*"} & set(values(each, "Action"))
        if denied and not each.has("Condition") and not each.has("NotPrincipal"):
            yield f"{each.path} denies everything to everyone."


@linked_rule(
    "s3-tls-12-minimum",
    types=BUCKET,
    title="Buckets refuse TLS older than 1.2",
    severity=LOW,
    remedy="Deny s3:* to everyone when s3:TlsVersion is less than 1.2.",
    url=USER_GUIDE + "example-bucket-policies.html",
)
def tls_12(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for each in _policy_statements(stack, bucket):
        for operator, key, _ in conditions(each):
            if each.text("Effect") == "Deny" and operator == "numericlessthan" and key == "s3:tlsversion":
                return
    yield "no bucket policy denies requests with s3:TlsVersion below 1.2."


@linked_rule(
    "s3-foreign-key-uploads-denied",
    types=BUCKET,
    title="Patient data is uploaded under the bucket's own key only",
    severity=LOW,
    remedy="Deny s3:PutObject when s3:x-amz-server-side-encryption-aws-kms-key-id is another key.",
    url=USER_GUIDE + "UsingKMSEncryption.html",
)
def foreign_keys(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if data_class(bucket, config) != "phi":
        return
    for each in _policy_statements(stack, bucket):
        keys = {key for _, key, _ in conditions(each)}
        if each.text("Effect") == "Deny" and "s3:x-amz-server-side-encryption-aws-kms-key-id" in keys:
            return
    yield "no bucket policy denies uploads under another key."


@linked_rule(
    "s3-vpce-or-org-bound",
    types=BUCKET,
    title="Patient data is read from the own network or organization only",
    severity=LOW,
    remedy="Deny s3:* unless aws:SourceVpce, aws:SourceVpc, aws:PrincipalOrgID or aws:PrincipalAccount is yours.",
    url=USER_GUIDE + "example-bucket-policies-vpc-endpoint.html",
)
def network_bound(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if data_class(bucket, config) != "phi":
        return
    wanted = {"aws:sourcevpce", "aws:sourcevpc", "aws:principalorgid", "aws:principalaccount", "aws:resourceaccount"}
    for each in _policy_statements(stack, bucket):
        if each.text("Effect") == "Deny" and wanted & {key for _, key, _ in conditions(each)}:
            return
    yield "no bucket policy denies requests from outside the network and the organization."


# Records of access


mfa_delete = requires(
    "s3-mfa-delete",
    SIDE["versioning"],
    {"versioningConfiguration.mfaDelete": one_of("Enabled")},
    when=lambda resource, _: any(word in str(resource.properties.get("bucket")) for word in ("audit", "trail")),
    title="Audit records are deleted with a second factor only",
    severity=LOW,
    url=USER_GUIDE + "MultiFactorAuthenticationDelete.html",
)


@linked_rule(
    "s3-access-logging",
    types=BUCKET,
    title="Buckets record who reads what",
    severity=MEDIUM,
    remedy="Add a BucketLogging with a targetBucket.",
    url=USER_GUIDE + "ServerLogs.html",
)
def access_logging(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not log_target(stack, bucket) and not stack.users(bucket, SIDE["access logging"], property="bucket"):
        yield "no BucketLogging."


@linked_rule(
    "s3-log-target-hardened",
    types=SIDE["access logging"],
    title="Records of access are kept apart and safe",
    severity=HIGH,
    remedy="Log to another bucket in the same region, not of patient data, versioned, blocked and with a lifecycle.",
    url=USER_GUIDE + "ServerLogs.html",
)
def log_target_hardened(logging: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for bucket in stack.targets(logging, "bucket", BUCKET):
        for target in stack.targets(logging, "targetBucket", BUCKET):
            if target is bucket:
                yield "targetBucket is the bucket itself: its records would record themselves."
            if data_class(target, config) == "phi":
                yield f"targetBucket: {target.name} holds patient data."
            if target.region() != bucket.region():
                yield f"targetBucket: {target.name} is in another region."
            lacks = [
                what
                for what in ("versioning", "the public access block", "a lifecycle")
                if not stack.users(target, SIDE[what], property="bucket")
            ]
            if lacks:
                yield Finding(target, f"receives records of access and lacks {', '.join(lacks)}.")


@linked_rule(
    "s3-object-lock",
    types=BUCKET,
    title="Audit records cannot be changed",
    severity=HIGH,
    remedy="Set objectLockEnabled: true on the bucket, and a BucketObjectLockConfiguration with a default retention.",
    url=USER_GUIDE + "object-lock.html",
)
def object_lock(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not stack.users(bucket, TRAIL, property="s3BucketName"):
        return  # AWS Config cannot write to a bucket that locks new objects: `config-delivery-hardened`
    locks = stack.users(bucket, LOCK, property="bucket")
    if not bucket.flag("objectLockEnabled") and not locks:
        yield "objectLockEnabled must be true: a trail writes its evidence here."
    elif not any(lock.unknown("rule") or lock.has("rule.defaultRetention") for lock in locks):
        yield "no BucketObjectLockConfiguration with a rule.defaultRetention."


# Life of objects


@linked_rule(
    "s3-lifecycle",
    types=BUCKET,
    title="Old versions and broken uploads end",
    severity=LOW,
    remedy="Add a BucketLifecycleConfiguration that expires noncurrent versions and aborts incomplete uploads.",
    url=USER_GUIDE + "object-lifecycle-mgmt.html",
)
def lifecycle(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    rules = [rule for each in stack.users(bucket, LIFECYCLE, property="bucket") for rule in each.views("rules")]
    if not any(rule.has("abortIncompleteMultipartUpload") for rule in rules):
        yield "no lifecycle rule aborts incomplete uploads."
    if not any(rule.has("noncurrentVersionExpiration") for rule in rules):
        yield "no lifecycle rule expires noncurrent versions."


@linked_rule(
    "s3-lifecycle-keeps-minimum",
    types=LIFECYCLE,
    title="Audit records are not deleted too early",
    severity=HIGH,
    remedy="Set expiration.days to the configured minimum of audit evidence or more (six years).",
    url=USER_GUIDE + "object-lifecycle-mgmt.html",
)
def lifecycle_minimum(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for bucket in stack.targets(resource, "bucket", BUCKET):
        if not _keeps_evidence(stack, bucket):
            continue
        for rule in resource.views("rules"):
            days = rule.number("expiration.days")
            if rule.text("status") == "Enabled" and days is not None and days < config.audit_days:
                yield f"{rule.where('expiration.days')}: expected {config.audit_days} or more, found {days:g}."


@linked_rule(
    "s3-replication-present",
    types=BUCKET,
    title="Patient data has a copy in another region of the jurisdiction",
    severity=MEDIUM,
    remedy="Add a BucketReplicationConfig with an enabled rule.",
    url=USER_GUIDE + "replication.html",
)
def replication_present(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if data_class(bucket, config) != "phi" or _copy(stack, bucket):
        return
    rules = [rule for each in stack.users(bucket, REPLICATION, property="bucket") for rule in each.views("rules")]
    if not any(rule.text("status") == "Enabled" for rule in rules):
        yield "no enabled replication rule."


@linked_rule(
    "s3-replica-encrypted",
    types=REPLICATION,
    title="Copies are encrypted with a key of their region",
    severity=HIGH,
    remedy="Set destination.encryptionConfiguration.replicaKmsKeyId and select sseKmsEncryptedObjects.",
    url=USER_GUIDE + "replication-config-for-kms-objects.html",
)
def replica_encrypted(replication: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    """Not of a bucket whose objects have no key: s3-bucket-kms-encrypted is about that one."""
    buckets = stack.targets(replication, "bucket", BUCKET)
    sides = [each for bucket in buckets for each in stack.users(bucket, SIDE["KMS encryption"], property="bucket")]
    if sides and not any(_kms(side) for side in sides):
        return
    for rule in replication.views("rules"):
        if rule.text("status") == "Disabled":
            continue
        key = "destination.encryptionConfiguration.replicaKmsKeyId"
        if not rule.has(key):
            yield f"{rule.where(key)} is not set."
        path = "sourceSelectionCriteria.sseKmsEncryptedObjects.status"
        if rule.text(path) != "Enabled":
            yield f"{rule.where(path)} must be Enabled, or objects under a key are not copied."


@linked_rule(
    "s3-event-notifications",
    types=BUCKET,
    title="Changes of patient data can be noticed",
    severity=LOW,
    remedy="Add a BucketNotification, as eventbridge: true.",
    url=USER_GUIDE + "EventNotifications.html",
)
def event_notifications(bucket: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    notification = "aws:s3/bucketNotification:BucketNotification"
    if data_class(bucket, config) == "phi" and not stack.users(bucket, notification, property="bucket"):
        yield "no BucketNotification."


# Ways in and out


no_acceleration = requires(
    "s3-no-edge-acceleration",
    "aws:s3/bucketAccelerateConfiguration:BucketAccelerateConfiguration",
    {"status": none_of("Enabled")},
    title="Uploads do not enter through edges abroad",
    severity=MEDIUM,
    url=USER_GUIDE + "transfer-acceleration.html",
)


@resource_rule(
    "s3-access-point-private",
    types="aws:s3/accessPoint:AccessPoint",
    title="Access points are of a network, not of the internet",
    severity=HIGH,
    remedy="Set vpcConfiguration.vpcId and leave publicAccessBlockConfiguration at true.",
    url=USER_GUIDE + "access-points-vpc.html",
)
def access_point(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("vpcConfiguration"):
        yield "vpcConfiguration is not set: the access point is on the internet."
    for flag in FLAGS:
        if resource.flag(f"publicAccessBlockConfiguration.{flag}") is False:
            yield f"publicAccessBlockConfiguration.{flag} must not be false."


@linked_rule(
    "s3-mrap-in-jurisdiction",
    types="aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint",
    title="Multi-Region access points stay in the jurisdiction",
    severity=CRITICAL,
    remedy="Name buckets of the jurisdiction's regions only, and block public access.",
    url=USER_GUIDE + "MultiRegionAccessPoints.html",
)
def mrap(point: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for member in point.views("details.regions"):
        names = [member.text("bucket")] if not member.unknown("bucket") else []
        buckets = [bucket for name in names if name for bucket in stack.named(name, BUCKET)]
        placed = {bucket.region() for bucket in buckets}
        if not member.unknown("region"):
            placed.add(member.text("region"))
        for region in sorted(each for each in placed if each is not None):
            if region not in config.regions:
                yield f"{member.where('bucket')} is in {not_allowed(region, config)}."
    for flag in FLAGS:
        if point.flag(f"details.publicAccessBlock.{flag}") is False:
            yield f"details.publicAccessBlock.{flag} must not be false."


_REPORTS = {
    "aws:s3/inventory:Inventory": ("destination.bucket", "bucketArn", "accountId"),
    "aws:s3/analyticsConfiguration:AnalyticsConfiguration": (
        "storageClassAnalysis.dataExport.destination.s3BucketDestination",
        "bucketArn",
        "bucketAccountId",
    ),
    "aws:s3control/storageLensConfiguration:StorageLensConfiguration": (
        "storageLensConfiguration.dataExport.s3BucketDestination",
        "arn",
        "accountId",
    ),
}


@linked_rule(
    "s3-exports-in-jurisdiction",
    types=tuple(_REPORTS),
    title="Reports about objects stay in the jurisdiction, encrypted",
    severity=HIGH,
    remedy="Send reports to an encrypted bucket of the jurisdiction, in a trusted account.",
    url=USER_GUIDE + "storage-inventory.html",
)
def exports(report: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    path, arn, account = _REPORTS[report.type]
    if not report.has(path):
        return
    for bucket in stack.targets(report, path.split(".")[0], BUCKET):
        region = bucket.region()
        if region is not None and region not in config.regions:
            yield f"{path}.{arn}: {bucket.name} is in {not_allowed(region, config)}."
    owner = report.text(f"{path}.{account}")
    if owner is not None and owner not in config.trusted_accounts | config.accounts:
        yield f"{path}.{account}: the account is not a trusted one."
    if report.type.endswith("AnalyticsConfiguration"):
        return
    if not report.has(f"{path}.encryption"):
        yield f"{path}.encryption is not set."


object_private = requires(
    "s3-object-not-public",
    ("aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/objectCopy:ObjectCopy"),
    {"acl": none_of("public-read", "public-read-write", "authenticated-read")},
    title="No object is public",
    severity=CRITICAL,
    remedy="Remove acl; serve public files through CloudFront.",
    url=USER_GUIDE + "about-object-ownership.html",
)


@linked_rule(
    "s3-cors-bounded",
    types="aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
    title="Patient data is read by named sites only",
    severity=MEDIUM,
    remedy="Name the origins in allowedOrigins.",
    url=USER_GUIDE + "cors.html",
)
def cors(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for bucket in stack.targets(resource, "bucket", BUCKET):
        if data_class(bucket, config) in SENSITIVE:
            for rule in resource.views("corsRules"):
                if "*" in rule.texts("allowedOrigins"):
                    yield f"{rule.where('allowedOrigins')} must not hold * ({bucket.name})."


_GUESSABLE = (
    "cdk-hnb659fds-assets-",
    "aws-glue-assets-",
    "aws-emr-studio-",
    "sagemaker-",
    "cf-templates-",
    "aws-athena-query-results-",
)


@resource_rule(
    "s3-name-not-predictable",
    types=BUCKET,
    title="Nobody can take a bucket's name first",
    severity=LOW,
    remedy="Choose a name that no service makes from account and region.",
    url=USER_GUIDE + "bucketnamingrules.html",
)
def name_not_predictable(resource: Resource, config: Config) -> Iterator[str]:
    if (resource.text("bucket") or "").startswith(_GUESSABLE):
        yield "bucket follows a pattern that a service uses by default."


def _policy_statements(stack: Stack, bucket: Resource) -> list[View]:
    return [each for policy in stack.users(bucket, POLICY, property="bucket") for each in statements(policy, "policy")]


def _keeps_evidence(stack: Stack, bucket: Resource) -> bool:
    """Whether a trail or a Config recorder writes to the bucket."""
    writers = (TRAIL, "aws:cfg/deliveryChannel:DeliveryChannel")
    return bool(stack.users(bucket, *writers, property="s3BucketName"))


def _copy(stack: Stack, bucket: Resource) -> bool:
    """Whether another bucket replicates to it."""
    return bool(stack.users(bucket, REPLICATION, property="rules"))
