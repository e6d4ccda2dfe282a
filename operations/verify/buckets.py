"""Is every bucket private, encrypted, versioned, logged, and copied as the stack says?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen
from operations.verify.documents import statements

BUCKET = "aws:s3/bucket:Bucket"
_REFRESH = "`pulumi up --refresh` puts it right; CloudTrail says who changed it."


def _part(account: Account, bucket: Resource, type_: str) -> Resource | None:
    """The resource that keeps one part of a bucket's settings."""
    whole = f"aws:s3/{type_[0].lower()}{type_[1:]}:{type_}"
    return next((part for part in account.of(whole) if part.inputs.get("bucket") == bucket.id), None)


def _ask(account: Account, bucket: Resource, operation: str, *absent: str) -> dict[str, Any]:
    account.ask("s3", "get_bucket_location", region=account.region(bucket), Bucket=bucket.id)  # is it there at all
    return account.ask("s3", operation, region=account.region(bucket), absent=absent, Bucket=bucket.id)


@of(
    BUCKET,
    name="bucket-encrypted",
    requirements=("BER-OPS-08", "BER-STO-05", "OMN-OPS-07", "FAC-OPS-22"),
    fix=f"{_REFRESH} Objects written in between keep the encryption they were written with.",
)
def _encrypted(account: Account, bucket: Resource) -> Iterator[Seen]:
    part = _part(account, bucket, "BucketServerSideEncryptionConfiguration")
    live = _ask(account, bucket, "get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
    rules = live.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
    found = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    wanted = [] if part is None else [rule["applyServerSideEncryptionByDefault"] for rule in part.inputs["rules"]]
    yield seen("encryption", [each["sseAlgorithm"] for each in wanted], [each.get("SSEAlgorithm") for each in found])
    keys = [each.get("kmsMasterKeyId") for each in wanted]
    yield seen("key", keys, [each.get("KMSMasterKeyID") for each in found])


@of(BUCKET, name="bucket-versioned", requirements=("BER-OPS-08", "BER-STO-06", "BER-DR-06"), fix=_REFRESH)
def _versioned(account: Account, bucket: Resource) -> Iterator[Seen]:
    wanted = "Enabled" if _part(account, bucket, "BucketVersioning") is not None else "off"
    yield seen("versions", wanted, _ask(account, bucket, "get_bucket_versioning").get("Status", "off"))


@of(
    BUCKET,
    name="bucket-private",
    requirements=("FAC-OPS-22", "BER-STO-08"),
    fix=f"{_REFRESH} Look into the access logs for who has read.",
)
def _private(account: Account, bucket: Resource) -> Iterator[Seen]:
    live = _ask(account, bucket, "get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
    found = live.get("PublicAccessBlockConfiguration", {})
    for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"):
        yield seen(name, True, found.get(name, False))


@of(BUCKET, name="bucket-without-acls", requirements=("BER-STO-08",), fix=_REFRESH)
def _ownership(account: Account, bucket: Resource) -> Iterator[Seen]:
    live = _ask(account, bucket, "get_bucket_ownership_controls", "OwnershipControlsNotFoundError")
    rules = live.get("OwnershipControls", {}).get("Rules", ())
    yield seen("ownership of objects", ["BucketOwnerEnforced"], [rule["ObjectOwnership"] for rule in rules])


@of(
    BUCKET,
    name="bucket-policy",
    requirements=("BER-STO-09", "FAC-OPS-22", "BER-STO-05"),
    fix=f"{_REFRESH} The statement with aws:SecureTransport is what refuses plain HTTP.",
)
def _policy(account: Account, bucket: Resource) -> Iterator[Seen]:
    part = _part(account, bucket, "BucketPolicy")
    live = _ask(account, bucket, "get_bucket_policy", "NoSuchBucketPolicy")
    found = statements(json.loads(live["Policy"])) if live else {}
    wanted = {} if part is None else statements(part.inputs["policy"])
    for name in sorted(wanted.keys() | found.keys()):
        yield seen(f"statement {name}", wanted.get(name), found.get(name))


@of(
    BUCKET,
    name="bucket-lifecycle",
    requirements=("BER-OPS-09", "BER-STO-07", "BER-STO-10"),
    fix=f"{_REFRESH} A shorter one may have deleted objects already.",
)
def _lifecycle(account: Account, bucket: Resource) -> Iterator[Seen]:
    part = _part(account, bucket, "BucketLifecycleConfiguration")
    live = _ask(account, bucket, "get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration")
    wanted = [] if part is None else [_wanted_rule(rule) for rule in part.inputs["rules"]]
    yield seen("lifecycle", wanted, [_found_rule(rule) for rule in live.get("Rules", ())])


@of(
    BUCKET,
    name="bucket-logged",
    requirements=("BER-OBS-12", "BER-STO-04", "OMN-OPS-09"),
    fix=_REFRESH,
)
def _logged(account: Account, bucket: Resource) -> Iterator[Seen]:
    part = _part(account, bucket, "BucketLogging")
    live = _ask(account, bucket, "get_bucket_logging").get("LoggingEnabled", {})
    wanted = None if part is None else part.inputs["targetBucket"]
    yield seen("bucket of access logs", wanted, live.get("TargetBucket"))


@of(
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    name="bucket-replicated",
    requirements=("BER-DR-06", "BER-DR-07", "BER-DR-04"),
    fix=f"{_REFRESH} Objects written in between are copied by S3 Batch Replication.",
)
def _replicated(account: Account, part: Resource) -> Iterator[Seen]:
    live = account.ask(
        "s3", "get_bucket_replication", region=account.region(part),
        absent=("ReplicationConfigurationNotFoundError",), Bucket=part.inputs["bucket"],
    )  # fmt: skip
    rules = live.get("ReplicationConfiguration", {}).get("Rules", ())
    wanted = [(rule["status"], rule["destination"]["bucket"]) for rule in part.inputs["rules"]]
    yield seen("rules", wanted, [(rule["Status"], rule["Destination"]["Bucket"]) for rule in rules])


@of(
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    name="bucket-locked",
    requirements=("BER-IAM-09", "OMN-OPS-09"),
    fix=_REFRESH,
)
def _locked(account: Account, part: Resource) -> Iterator[Seen]:
    live = account.ask(
        "s3", "get_object_lock_configuration", region=account.region(part),
        absent=("ObjectLockConfigurationNotFoundError",), Bucket=part.inputs["bucket"],
    )  # fmt: skip
    found = live.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {})
    wanted = part.inputs["rule"]["defaultRetention"]
    yield seen("lock", (wanted["mode"], wanted.get("days")), (found.get("Mode"), found.get("Days")))


def _wanted_rule(rule: Any) -> dict[str, Any]:
    return _rule(
        rule["status"], [(each.get("storageClass"), each.get("days")) for each in rule.get("transitions") or ()],
        (rule.get("expiration") or {}).get("days"),
        (rule.get("noncurrentVersionExpiration") or {}).get("noncurrentDays"),
        (rule.get("abortIncompleteMultipartUpload") or {}).get("daysAfterInitiation"),
    )  # fmt: skip


def _found_rule(rule: Any) -> dict[str, Any]:
    return _rule(
        rule["Status"], [(each.get("StorageClass"), each.get("Days")) for each in rule.get("Transitions", ())],
        rule.get("Expiration", {}).get("Days"),
        rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
        rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
    )  # fmt: skip


def _rule(status: str, moves: list[tuple[Any, Any]], expire: Any, noncurrent: Any, abort: Any) -> dict[str, Any]:
    return {
        "status": status, "moves": sorted((str(name), _days(days)) for name, days in moves),
        "deleted after": _days(expire), "versions deleted after": _days(noncurrent),
        "uploads dropped after": _days(abort),
    }  # fmt: skip


def _days(value: Any) -> int | None:
    return None if value is None else int(value)
