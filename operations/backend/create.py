"""The home of a stack's state, made before anything else: buckets in two regions, and the key of its secrets.

What is bootstrap, and what the program builds: a stack whose settings have `recovery.state_backend` builds its two
buckets itself (`components/state_backend.py`; BER-DR-05 to 08): its first `up` keeps the state in a file, then
`phi backend move` brings it over. For such a stack only the key is made here, which cannot be a resource of the stack
whose secrets it opens. Every other stack gets key and buckets here, and the program knows nothing of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from operations.aws import Clients
from settings.jurisdiction import FACTS
from settings.recovery import state_alias, state_bucket
from settings.stack import Settings

RULE_ID = "state"
REPLICATION_MINUTES = 15
_VERSION_DAYS = 90
_LOG_DAYS = 2192  # six years (45 CFR 164.316(b)(2)(i))
_UPLOAD_DAYS = 7
_KEY_DESCRIPTION = "Secrets and buckets of the Pulumi state"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What `phi backend create` makes; every region lies in the jurisdiction (ALL-15).

    buckets: region → bucket of state, empty when the program builds them.   logs: region → bucket of access logs.
    alias: of the key, the same in both regions.   role: replicates.   tags: of everything.
    """

    account: str
    home: str
    recovery: str
    alias: str
    buckets: dict[str, str]
    logs: dict[str, str]
    role: str
    tags: dict[str, str]

    @property
    def url(self) -> str | None:
        """What `pulumi login` is given; None when the program builds the buckets."""
        return f"s3://{self.buckets[self.home]}?region={self.home}" if self.buckets else None

    @property
    def secrets_provider(self) -> str:
        """What `pulumi stack init --secrets-provider` is given."""
        return f"awskms://{self.alias}?region={self.home}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to make.   there: whether it exists already.   make: makes it, or puts its settings right."""

    what: str
    there: Callable[[], bool]
    make: Callable[[], None]


def planned(settings: Settings, account: str) -> Plan:
    """What a stack's state needs, named after the system: its environments in one account share the backend."""
    home = settings.region
    recovery = settings.recovery_region or FACTS[settings.jurisdiction].recovery[home]
    base = state_bucket(settings.system, account)
    own = settings.recovery is not None and settings.recovery.state_backend is not None
    return Plan(
        account=account,
        home=home,
        recovery=recovery,
        alias=state_alias(settings.system),
        buckets={} if own else {home: base, recovery: f"{base}-dr"},
        logs={} if own else {home: f"{base}-logs", recovery: f"{base}-dr-logs"},
        role=f"{settings.system}-pulumi-state-replication",
        tags={**settings.resource_tags, "ManagedBy": "phi backend", "DataClass": "internal"},
    )


def steps(plan: Plan, clients: Clients) -> Iterator[Step]:
    """What to make, in order; each may be repeated. Source: KMS Developer Guide, "Multi-Region keys"; S3 User Guide,
    "S3 Replication Time Control". BER-OPS-02, BER-DR-05 to 08, BER-N07."""
    made = _Maker(plan, clients)
    yield Step(what=f"key {plan.alias} in {plan.home}", there=made.key_there, make=made.key)
    yield Step(what=f"its replica in {plan.recovery}", there=made.replica_key_there, make=made.replica_key)
    for region, bucket in plan.logs.items():
        yield Step(what=f"bucket {bucket}", there=made.there(bucket, region), make=made.logs(bucket, region))
    for region, bucket in plan.buckets.items():
        yield Step(what=f"bucket {bucket}", there=made.there(bucket, region), make=made.state(bucket, region))
    if plan.buckets:
        yield Step(what=f"role {plan.role}", there=made.role_there, make=made.role)
        yield Step(what="replication", there=made.replicates, make=made.replicate)


class _Maker:
    def __init__(self, plan: Plan, clients: Clients) -> None:
        self._plan, self._clients = plan, clients

    # The key

    def _key(self, region: str) -> str | None:
        """ARN of the key behind the alias in a region."""
        kms = self._clients("kms", region)
        try:
            return kms.describe_key(KeyId=self._plan.alias)["KeyMetadata"]["Arn"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
            return None

    def _known_key(self, region: str) -> str:
        arn = self._key(region)
        if arn is None:
            raise RuntimeError(f"{self._plan.alias} in {region}: made earlier, and gone")
        return arn

    def key_there(self) -> bool:
        return self._key(self._plan.home) is not None

    def replica_key_there(self) -> bool:
        return self._key(self._plan.recovery) is not None

    def key(self) -> None:
        kms, arn = self._clients("kms", self._plan.home), self._key(self._plan.home)
        if arn is None:
            tags = [{"TagKey": key, "TagValue": value} for key, value in self._plan.tags.items()]
            arn = kms.create_key(Description=_KEY_DESCRIPTION, MultiRegion=True, Tags=tags)["KeyMetadata"]["Arn"]
            kms.create_alias(AliasName=self._plan.alias, TargetKeyId=arn)
        kms.enable_key_rotation(KeyId=arn)

    def replica_key(self) -> None:
        if self.replica_key_there():
            return
        tags = [{"TagKey": key, "TagValue": value} for key, value in self._plan.tags.items()]
        key = self._known_key(self._plan.home).rpartition("/")[2]  # the same id in every region
        copy = self._clients("kms", self._plan.home).replicate_key(
            KeyId=key, ReplicaRegion=self._plan.recovery, Description=_KEY_DESCRIPTION, Tags=tags
        )["ReplicaKeyMetadata"]["Arn"]
        self._clients("kms", self._plan.recovery).create_alias(AliasName=self._plan.alias, TargetKeyId=copy)

    # The buckets

    def there(self, bucket: str, region: str) -> Callable[[], bool]:
        def exists() -> bool:
            try:
                self._clients("s3", region).get_bucket_location(Bucket=bucket)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchBucket":
                    raise
                return False
            return True

        return exists

    def state(self, bucket: str, region: str) -> Callable[[], None]:
        def make() -> None:
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self._known_key(region)}
            expiry = {"NoncurrentVersionExpiration": {"NoncurrentDays": _VERSION_DAYS}}
            self._bucket(bucket, region, default, expiry, [])
            self._clients("s3", region).put_bucket_logging(
                Bucket=bucket,
                BucketLoggingStatus={
                    "LoggingEnabled": {"TargetBucket": self._plan.logs[region], "TargetPrefix": f"s3/{bucket}/"}
                },
            )

        return make

    def logs(self, bucket: str, region: str) -> Callable[[], None]:
        def make() -> None:
            delivery = {
                "Sid": "AccessLogs", "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
                "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/s3/*",
                "Condition": {"StringEquals": {"aws:SourceAccount": self._plan.account}},
            }  # fmt: skip
            expiry = {
                "Expiration": {"Days": _LOG_DAYS},
                "NoncurrentVersionExpiration": {"NoncurrentDays": _VERSION_DAYS},
            }
            self._bucket(bucket, region, {"SSEAlgorithm": "AES256"}, expiry, [delivery])

        return make

    def _bucket(
        self, bucket: str, region: str, default: dict[str, Any], expiry: dict[str, Any], statements: list[Any]
    ) -> None:
        """A private, versioned, encrypted bucket that refuses plain HTTP; one that exists gets the same settings."""
        s3 = self._clients("s3", region)
        if not self.there(bucket, region)():
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **place)
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )  # fmt: skip
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": "KMSMasterKeyID" in default}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        s3.put_bucket_policy(Bucket=bucket, Policy=_document(_tls_only(bucket), *statements))
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "keep", "Status": "Enabled", "Filter": {"Prefix": ""},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _UPLOAD_DAYS}, **expiry,
                    }
                ]
            },
        )  # fmt: skip
        tags = [{"Key": key, "Value": value} for key, value in self._plan.tags.items()]
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})

    # The copying

    def role_there(self) -> bool:
        try:
            self._clients("iam", self._plan.home).get_role(RoleName=self._plan.role)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            return False
        return True

    def role(self) -> None:
        plan, iam = self._plan, self._clients("iam", self._plan.home)
        source, copy = (f"arn:aws:s3:::{plan.buckets[region]}" for region in (plan.home, plan.recovery))
        trust = {
            "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": plan.account}},
        }  # fmt: skip
        if not self.role_there():
            iam.create_role(
                RoleName=plan.role,
                AssumeRolePolicyDocument=_document(trust),
                Description="Lets S3 copy the Pulumi state to the recovery region",
                Tags=[{"Key": key, "Value": value} for key, value in plan.tags.items()],
            )
        iam.put_role_policy(
            RoleName=plan.role,
            PolicyName="replicate",
            PolicyDocument=_document(
                _allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], source),
                _allow(
                    ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
                    f"{source}/*",
                ),
                _allow(["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], f"{copy}/*"),
                _allow(["kms:Decrypt"], self._known_key(plan.home)),
                _allow(["kms:Encrypt", "kms:GenerateDataKey"], self._known_key(plan.recovery)),
            ),
        )

    def replicates(self) -> bool:
        try:
            self._clients("s3", self._plan.home).get_bucket_replication(Bucket=self._plan.buckets[self._plan.home])
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ReplicationConfigurationNotFoundError", "NoSuchBucket"):
                raise
            return False
        return True

    def replicate(self) -> None:
        plan = self._plan
        minutes = {"Minutes": REPLICATION_MINUTES}
        self._clients("s3", plan.home).put_bucket_replication(
            Bucket=plan.buckets[plan.home],
            ReplicationConfiguration={
                "Role": f"arn:aws:iam::{plan.account}:role/{plan.role}",
                "Rules": [
                    {
                        "ID": RULE_ID, "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
                        "DeleteMarkerReplication": {"Status": "Enabled"},
                        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
                        "Destination": {
                            "Bucket": f"arn:aws:s3:::{plan.buckets[plan.recovery]}",
                            "EncryptionConfiguration": {"ReplicaKmsKeyID": self._known_key(plan.recovery)},
                            "ReplicationTime": {"Status": "Enabled", "Time": minutes},
                            "Metrics": {"Status": "Enabled", "EventThreshold": minutes},
                        },
                    }
                ],
            },
        )  # fmt: skip


def _document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _tls_only(bucket: str) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
