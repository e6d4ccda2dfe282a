"""Buckets, keys, secrets."""

from __future__ import annotations

from typing import Any

from policies.config import Config
from tests.policies.breaks.form import Break, added, change, changes, without
from tests.policies.sample import (
    ACCOUNT,
    ACCOUNT_STATEMENT,
    CA,
    CW,
    INTERNAL,
    INTERNAL_KEY,
    KEY,
    PHI,
    RECOVERY_KEY,
    STRANGER,
    US,
    Sample,
    document,
    guards,
    tls_only,
)

BLOCKED: dict[str, Any] = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
TLS, TLS_12, OWN_KEY, OURS = tls_only("clinic-photos"), *guards("clinic-photos")
HOLDER = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/application"}
REPORT = {
    "destination": {
        "bucket": {
            "bucketArn": "arn:aws:s3:::clinic-logs",
            "accountId": ACCOUNT,
            "encryption": {"sseKms": {"keyId": KEY}},
        }
    }
}
BUCKET = "aws:s3/bucket:Bucket"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"

OLD_BUCKET = {
    "bucket": "clinic-photos",
    "id": "clinic-photos",
    "region": CA,
    "tags": PHI,
    "arn": "arn:aws:s3:::clinic-photos",
}
DEFAULT_KEY = {"applyServerSideEncryptionByDefaults": [{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}]}
IN_LISTS = {**OLD_BUCKET, "serverSideEncryptionConfigurations": [{"rules": [DEFAULT_KEY]}]}
REPLICA_KEY = {"replicaKmsKeyId": RECOVERY_KEY}


def _replicated(destination: dict[str, Any], chosen: bool = True) -> Break:
    """A replication inside a bucket, as `BucketV2` has it, instead of beside it."""
    objects = {"sseKmsEncryptedObjects": [{"enabled": chosen}]}
    copy = {"bucket": "arn:aws:s3:::clinic-photos-copy", **destination}
    rule = {"id": "all", "status": "Enabled", "destinations": [copy], "sourceSelectionCriterias": [objects]}
    inside = {**OLD_BUCKET, "replicationConfigurations": [{"rules": [rule]}]}
    return Break("photos", adds=Sample("aws:s3/bucketV2:BucketV2", inside), without=("photos-replication",))


SAMPLES: dict[str, Sample] = {
    "account-block": Sample("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", BLOCKED),
    "acceleration": Sample(
        "aws:s3/bucketAccelerateConfiguration:BucketAccelerateConfiguration", {"status": "Suspended"}
    ),
    "point": Sample(
        "aws:s3/accessPoint:AccessPoint",
        {"vpcConfiguration": {"vpcId": "vpc-1"}, "publicAccessBlockConfiguration": BLOCKED},
    ),
    "points": Sample(
        "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint",
        {
            "details": {
                "regions": [{"bucket": "clinic-photos", "region": CA}, {"bucket": "clinic-photos-copy", "region": CW}],
                "publicAccessBlock": BLOCKED,
            }
        },
    ),
    "inventory": Sample("aws:s3/inventory:Inventory", REPORT),
    "object": Sample("aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": "clinic-logs", "key": "readme"}),
    "photos-cors": Sample(
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
        {"bucket": "clinic-photos", "corsRules": [{"allowedOrigins": ["https://clinic.example.org"]}]},
    ),
    "secret-policy": Sample(
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        {"policy": document({**ANYONE, "Principal": HOLDER}), "blockPublicPolicy": True},
    ),
    "grant": Sample(
        "aws:kms/grant:Grant",
        {
            "granteePrincipal": f"arn:aws:iam::{ACCOUNT}:role/task",
            "operations": ["Decrypt"],
            "constraints": [{"encryptionContextEquals": {"purpose": "photos"}}],
        },
    ),
}

BREAKS: dict[str, list[Break]] = {
    "s3-bucket-key-enabled": [change("photos-encryption", "rules.0.bucketKeyEnabled", False)],
    "s3-customer-key-uploads-blocked": [change("photos-encryption", "rules.0.blockedEncryptionTypes")],
    "s3-account-public-access-blocked": [
        without("account-block"),
        change("account-block", "blockPublicAcls", False),
        change("account-block", "restrictPublicBuckets"),
    ],
    "s3-policy-no-lockout": [change("photos-policy", "policy", document(TLS, {**TLS, "Condition": {}}))],
    "s3-tls-12-minimum": [change("photos-policy", "policy", document(TLS, OWN_KEY, OURS))],
    "s3-foreign-key-uploads-denied": [change("photos-policy", "policy", document(TLS, TLS_12, OURS))],
    "s3-vpce-or-org-bound": [change("photos-policy", "policy", document(TLS, TLS_12, OWN_KEY))],
    "s3-mfa-delete": [change("trail-bucket-versioning", "versioningConfiguration.mfaDelete", "Disabled")],
    "s3-access-logging": [
        without("photos-logging", "s3-phi-bundle"),
        without("trail-bucket-logging", "cloudtrail-bucket-hardened"),
    ],
    "s3-log-target-hardened": [
        change("photos-logging", "targetBucket", "clinic-photos"),
        change("photos-logging", "targetBucket", "clinic-logs-west"),
        without("logs-lifecycle"),
    ],
    "s3-object-lock": [
        without("trail-lock", "cloudtrail-bucket-hardened"),
        change("trail-lock", "rule"),
    ],
    "s3-lifecycle": [
        change("photos-lifecycle", "rules.0.abortIncompleteMultipartUpload"),
        change("photos-lifecycle", "rules.0.noncurrentVersionExpiration"),
    ],
    "s3-lifecycle-keeps-minimum": [change("trail-bucket-lifecycle", "rules.0.expiration", {"days": 365})],
    "s3-replication-present": [change("photos-replication", "rules.0.status", "Disabled")],
    "s3-replica-encrypted": [
        change("photos-replication", "rules.0.destination.encryptionConfiguration"),
        change("photos-replication", "rules.0.sourceSelectionCriteria"),
        _replicated({}),
        _replicated(REPLICA_KEY, chosen=False),
    ],
    "s3-event-notifications": [without("photos-notification")],
    "s3-no-edge-acceleration": [change("acceleration", "status", "Enabled")],
    "s3-access-point-private": [
        change("point", "vpcConfiguration"),
        change("point", "publicAccessBlockConfiguration.blockPublicPolicy", False),
    ],
    "s3-mrap-in-jurisdiction": [
        change("points", "details.regions.1.region", US),
        change("points", "details.publicAccessBlock.blockPublicAcls", False),
    ],
    "s3-exports-in-jurisdiction": [
        change("inventory", "destination.bucket.accountId", STRANGER),
        change("inventory", "destination.bucket.encryption"),
    ],
    "s3-object-not-public": [
        change("object", "acl", "public-read"),
        added("copied", "aws:s3/objectCopy:ObjectCopy", {"acl": "authenticated-read"}),
    ],
    "s3-cors-bounded": [change("photos-cors", "corsRules.0.allowedOrigins", ["*"])],
    "s3-name-not-predictable": [
        Break(
            "assets",
            adds=Sample(BUCKET, {"bucket": "cdk-hnb659fds-assets-111122223333-ca-central-1", "tags": INTERNAL}),
            also=(
                "s3-public-access-blocked",
                "s3-bucket-kms-encrypted",
                "s3-acl-disabled",
                "s3-tls-only",
                "s3-versioning",
                "s3-access-logging",
            ),
        )
    ],
    # keys
    "kms-rotation-period": [change("key", "rotationPeriodInDays", 730)],
    "kms-policy-explicit": [change("key", "policy")],
    "kms-admin-use-separated": [
        change("key", "policy", document(ACCOUNT_STATEMENT, {**ACCOUNT_STATEMENT, "Principal": HOLDER})),
        change(
            "key-policy",
            "policy",
            document({**ACCOUNT_STATEMENT, "Principal": HOLDER, "Action": ["kms:PutKeyPolicy", "kms:Decrypt"]}),
        ),
    ],
    "kms-no-multi-region": [
        change("key", "multiRegion", True),
        added("imported", "aws:kms/externalKey:ExternalKey", {"multiRegion": True}),
    ],
    "kms-key-enabled": [change("key", "isEnabled", False)],
    "kms-key-per-class": [change("queue", "kmsMasterKeyId", KEY)],
    "kms-grant-bounded": [
        change("grant", "granteePrincipal", f"arn:aws:iam::{STRANGER}:role/task"),
        change("grant", "constraints"),
    ],
    "kms-external-material-approved": [
        added("outside", "aws:kms/customKeyStore:CustomKeyStore", {"customKeyStoreName": "hsm"})
    ],
    "kms-enclave-attestation": [changes("key", {"tags": {**PHI, "Use": "enclave"}})],
    "kms-described": [change("key", "description"), change("secret", "description"), change("function", "description")],
    # secrets
    "secret-rotation": [
        without("secret-rotation"),
        change("secret-rotation", "rotationRules.automaticallyAfterDays", 91),
        change("secret-rotation", "rotationRules"),
    ],
    "secret-policy-not-public": [
        change("secret-policy", "policy", document(ANYONE)),
        change("secret-policy", "blockPublicPolicy"),
        change("secret", "policy", document(ANYONE)),
    ],
}

ALLOWED: dict[str, list[Break]] = {
    "s3-replica-encrypted": [_replicated(REPLICA_KEY)],
    "s3-replication-in-jurisdiction": [_replicated({**REPLICA_KEY, "accountId": ACCOUNT})],
    "s3-object-lock": [
        Break(
            "trail-bucket",
            {
                "objectLockEnabled": True,
                "objectLockConfiguration": {"rules": [{"defaultRetentions": [{"mode": "COMPLIANCE", "days": 2190}]}]},
            },
            without=("trail-lock",),
        )
    ],
    "s3-versioning": [
        Break(
            "photos",
            adds=Sample(BUCKET, {**OLD_BUCKET, "versioning": {"enabled": True}}),
            without=("photos-versioning",),
        ),
    ],
    "s3-bucket-kms-encrypted": [
        Break("photos", without=("photos-encryption",), adds=Sample("aws:s3/bucketV2:BucketV2", IN_LISTS)),
        Break(
            "delivered",
            adds=Sample(BUCKET, {"bucket": "delivered", "tags": INTERNAL}),
            beside={"balancer-own": Sample(BALANCER, {"connectionLogs": {"enabled": True, "bucket": "delivered"}})},
        ),
        Break(
            "photos",
            without=("photos-encryption",),
            adds=Sample(
                "aws:s3/bucketV2:BucketV2",
                {
                    **OLD_BUCKET,
                    "serverSideEncryptionConfigurations": [
                        {
                            "rules": [
                                {
                                    "applyServerSideEncryptionByDefault": {
                                        "sseAlgorithm": "aws:kms",
                                        "kmsMasterKeyId": KEY,
                                    }
                                }
                            ]
                        }
                    ],
                },
            ),
        ),
        Break(
            "photos",
            without=("photos-encryption",),
            adds=Sample(
                BUCKET,
                {
                    **OLD_BUCKET,
                    "serverSideEncryptionConfiguration": {
                        "rule": {
                            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
                        }
                    },
                },
            ),
        ),
    ],
    "s3-lifecycle": [
        Break(
            "photos",
            without=("photos-lifecycle",),
            adds=Sample(
                BUCKET,
                {
                    **OLD_BUCKET,
                    "lifecycleRules": [
                        {
                            "id": "old",
                            "enabled": True,
                            "noncurrentVersionExpiration": {"days": 90},
                            "abortIncompleteMultipartUploadDays": 7,
                        }
                    ],
                },
            ),
        ),
    ],
    "s3-access-logging": [
        Break(
            "photos",
            without=("photos-logging",),
            adds=Sample(BUCKET, {**OLD_BUCKET, "loggings": [{"targetBucket": "clinic-logs"}]}),
        ),
    ],
    "s3-tls-only": [
        Break("photos", without=("photos-policy",), adds=Sample(BUCKET, {**OLD_BUCKET, "policy": document(TLS)})),
    ],
    "s3-lifecycle-keeps-minimum": [change("trail-bucket-lifecycle", "rules.0.expiration", {"days": 2190})],
    "secret-rotation": [
        changes("secret-rotation", {"rotationRules": {"scheduleExpression": "rate(30 days)"}}),
        Break(  # its version's secretId is the secret's ARN
            "secret",
            without=("secret-rotation",),
            adds=Sample(
                "aws:secretsmanager/secretRotation:SecretRotation",
                {"rotationRules": {"automaticallyAfterDays": 30}},
                computed_from={"secretId": ("secret-version",)},
            ),
        ),
    ],
    "kms-external-material-approved": [
        Break(
            "outside",
            adds=Sample("aws:kms/customKeyStore:CustomKeyStore", {}),
            config=Config(baseline=True, accounts=frozenset({ACCOUNT}), extra={"externalKeys": ["outside"]}),
        ),
    ],
    "kms-key-per-class": [change("queue", "kmsMasterKeyId", INTERNAL_KEY)],
    "s3-cors-bounded": [changes("photos-cors", {"bucket": "clinic-logs", "corsRules.0.allowedOrigins": ["*"]})],
}
