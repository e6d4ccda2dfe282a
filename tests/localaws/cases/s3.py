from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

BUCKET = {"bucket": Need("aws:s3/bucket:Bucket", {"bucket": "clinic-documents-staging", "tags": {"DataClass": "phi"}})}
VERSIONED = {
    **BUCKET,
    "versions": Need(
        "aws:s3/bucketVersioning:BucketVersioning",
        {"bucket": Ref("bucket"), "versioningConfiguration": {"status": "Enabled"}},
    ),
}
KEY = "arn:aws:kms:ca-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
REPLICA_KEY = "arn:aws:kms:ca-west-1:123456789012:key/11111111-2222-3333-4444-555555555556"


def policy(version: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "RefuseOldTls",
                    "Effect": "Deny",
                    "Principal": {"AWS": "*"},
                    "Action": "s3:*",
                    "Resource": ["arn:aws:s3:::clinic-documents-staging/*"],
                    "Condition": {"NumericLessThan": {"s3:TlsVersion": version}},
                }
            ],
        }
    )


def lifecycle(days: int) -> list[dict[str, object]]:
    return [
        {
            "id": "archive",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [{"days": days, "storageClass": "GLACIER_IR"}],
            "noncurrentVersionExpiration": {"noncurrentDays": 90},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]


CASES = [
    Case("aws:s3/bucket:Bucket", {"bucket": "clinic-x", "tags": {"DataClass": "phi"}}, {"tags": {"DataClass": "pii"}}),
    Case("aws:s3/bucket:Bucket", {"bucket": "clinic-x", "objectLockEnabled": True, "tags": {}}, name="Bucket-locked"),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        {"bucket": Ref("bucket"), "versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
        BUCKET,
        gone=False,
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {
            "bucket": Ref("bucket"),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
                    "bucketKeyEnabled": True,
                }
            ],
        },
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}, "bucketKeyEnabled": False}]},
        BUCKET,
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {
            "bucket": Ref("bucket"),
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        {"restrictPublicBuckets": False},
        BUCKET,
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"bucket": Ref("bucket"), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        BUCKET,
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        {"bucket": Ref("bucket"), "policy": policy("1.2")},
        {"policy": policy("1.3")},
        BUCKET,
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        {"bucket": Ref("bucket"), "targetBucket": Ref("logs"), "targetPrefix": "s3/documents/"},
        {"targetPrefix": "s3/"},
        {
            **BUCKET,
            "logs": Need("aws:s3/bucket:Bucket", {"bucket": "clinic-logs-staging", "tags": {}}),
            "policy": Need(
                "aws:s3/bucketPolicy:BucketPolicy",
                {
                    "bucket": Ref("logs"),
                    "policy": json.dumps(
                        {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Principal": {"Service": "logging.s3.amazonaws.com"},
                                    "Action": "s3:PutObject",
                                    "Resource": "arn:aws:s3:::clinic-logs-staging/*",
                                }
                            ],
                        }
                    ),
                },
            ),
        },
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        {"bucket": Ref("bucket"), "rules": lifecycle(365)},
        {"rules": lifecycle(400)},
        BUCKET,
    ),
    Case(
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
        {
            "bucket": Ref("bucket"),
            "corsRules": [
                {
                    "allowedMethods": ["GET", "PUT"],
                    "allowedOrigins": ["https://clinic.example.org"],
                    "allowedHeaders": ["*"],
                    "maxAgeSeconds": 3000,
                }
            ],
        },
        {"corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["https://clinic.example.org"]}]},
        BUCKET,
    ),
    Case(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        {"bucket": Ref("bucket"), "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 2192}}},
        {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 2193}}},
        {"bucket": Need("aws:s3/bucket:Bucket", {"bucket": "clinic-trail", "objectLockEnabled": True, "tags": {}})},
        gone=False,
    ),
    Case(
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        {
            "bucket": Ref("bucket"),
            "role": "arn:aws:iam::123456789012:role/clinic-staging-replication",
            "rules": [
                {
                    "id": "Rule-1",
                    "priority": 1,
                    "status": "Enabled",
                    "filter": {},
                    "deleteMarkerReplication": {"status": "Enabled"},
                    "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
                    "destination": {
                        "bucket": Ref("replica", "arn"),
                        "storageClass": "STANDARD",
                        "encryptionConfiguration": {"replicaKmsKeyId": REPLICA_KEY},
                        "replicationTime": {"status": "Enabled", "time": {"minutes": 15}},
                        "metrics": {"status": "Enabled", "eventThreshold": {"minutes": 15}},
                    },
                }
            ],
        },
        None,
        {
            **VERSIONED,
            "replica": Need("aws:s3/bucket:Bucket", {"bucket": "clinic-dr", "region": "ca-west-1", "tags": {}}),
            "replica-versions": Need(
                "aws:s3/bucketVersioning:BucketVersioning",
                {"bucket": Ref("replica"), "region": "ca-west-1", "versioningConfiguration": {"status": "Enabled"}},
            ),
        },
    ),
    Case(
        "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration",
        {
            "bucket": Ref("bucket"),
            "name": "archive",
            "status": "Enabled",
            "tierings": [{"accessTier": "ARCHIVE_ACCESS", "days": 120}],
        },
        {"tierings": [{"accessTier": "DEEP_ARCHIVE_ACCESS", "days": 180}]},
        BUCKET,
    ),
]
