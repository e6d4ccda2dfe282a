"""Providers, tags, services, sharing, and where records and keys lead."""

from __future__ import annotations

import json

from tests.policies.breaks.form import Break, added, change, changes, without
from tests.policies.sample import (
    ACCOUNT,
    ACCOUNT_STATEMENT,
    CA,
    GONE,
    INTERNAL,
    KEY,
    LOGS_ENCRYPT,
    PHI,
    STRANGER,
    US,
    Sample,
    arn,
    document,
    guards,
    tls_only,
)

OURS = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
FOREIGN = {**ACCOUNT_STATEMENT, "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"}, "Action": "kms:Encrypt"}
IDENTITY = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity"
KEPT = {"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}
SERVICE = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": "*",
}
ANY_LOG_GROUP = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:*:*:log-group:*"}}

SAMPLES: dict[str, Sample] = {}

BREAKS: dict[str, list[Break]] = {
    "provider-account-pinned": [change("provider", "allowedAccountIds"), change("provider", "allowedAccountIds", "[]")],
    "provider-no-static-keys": [
        change("provider", "accessKey", "key"),
        change("provider", "secretKey", "word"),
    ],
    "provider-default-tags": [
        change("provider", "defaultTags"),
        change("provider", "defaultTags", json.dumps({"tags": {"DataClass": "phi"}})),
    ],
    "purpose-and-owner-tags": [change("database", "tags.Owner"), change("photos", "tags.Purpose")],
    "eligible-service-only": [added("game", "aws:gamelift/fleet:Fleet", {"name": "game"})],
    "supported-service-only": [
        added("game", "aws:glue/job:Job", {"name": "job"}),
        added("native", "aws-native:s3:Bucket", {"bucketName": "clinic-native"}),
    ],
    "deprecated-type-not-used": [
        added(
            "old",
            "aws:s3/bucketVersioningV2:BucketVersioningV2",
            {"bucket": "clinic-logs", "versioningConfiguration": {"status": "Enabled"}},
        ),
        added("old", "aws:rds/securityGroup:SecurityGroup", {}),
    ],
    "no-public-exposure-without-tag": [
        change("balancer-lb", "tags.Exposure"),
        change("cdn", "tags.Owner"),
        change("rest", "tags.Exposure", "internal"),
        change("http", "tags"),
    ],
    "cross-account-principal-allowlist": [
        change("key", "policy", document(ACCOUNT_STATEMENT, FOREIGN)),
        change(
            "photos-policy",
            "policy",
            document(
                tls_only("clinic-photos"),
                *guards("clinic-photos"),
                {**FOREIGN, "Principal": {"AWS": STRANGER}, "Action": "s3:GetObject"},
            ),
        ),
        changes("permission", {"principal": STRANGER}),
        change("vault-west-policy", "policy", document(KEPT, {**FOREIGN, "Principal": "*"})),
    ],
    "service-principal-source-bound": [
        change("queue", "policy", document(SERVICE)),
        change("key", "policy", document(ACCOUNT_STATEMENT, {**LOGS_ENCRYPT, "Condition": ANY_LOG_GROUP})),
    ],
    "write-only-fields-preferred": [
        change("database", "password", "word", "rds-managed-master-password"),
        change("aurora", "masterPassword", "word", "rds-managed-master-password"),
        change("cache", "authToken", "word", "elasticache-token-not-plain"),
        changes("secret-version", {"secretString": "word", "secretStringWoVersion": GONE}, "secret-value-not-in-state"),
        change("parameter-secret", "value", "word"),
    ],
    "stateful-phi-protected": [
        change("photos", "forceDestroy", True, "s3-force-destroy-off"),
        change("database", "deletionProtection", False, "rds-deletion-protection"),
        changes("files", {"tags": PHI, "kmsKeyId": KEY}),
    ],
    "stack-phi-audit-baseline": [
        without("recorder", "config-recorder-on", more=("recorder-status",)),
        without("detector", "guardduty-on"),
    ],
    "log-destinations-in-jurisdiction": [
        change("trail", "cloudWatchLogsGroupArn", arn("logs", "log-group:far", US)),
        change("flow-log-bucket", "logDestination", f"arn:aws:logs:{CA}:{STRANGER}:log-group:theirs"),
        change("log-export", "destinationArn", arn("kinesis", "stream/logs", US), "log-export-in-jurisdiction"),
    ],
    "kms-key-reference-in-jurisdiction": [
        change("queue", "kmsMasterKeyId", arn("kms", "key/far", US)),
        change("database", "performanceInsightsKmsKeyId", "arn:aws:kms:ca-central-1:111122223333:alias/aws/rds"),
        change(
            "photos-encryption", "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId", arn("kms", "key/far", US)
        ),
    ],
    "retention-within-bounds": [
        changes("log-group", {"tags.Retention": "2190"}),
        changes("log-group", {"tags.Retention": "30-90"}),
        changes("database", {"tags.Retention": "36"}),
    ],
}

ALLOWED: dict[str, list[Break]] = {
    "retention-within-bounds": [
        changes("log-group", {"tags.Retention": "365-2190"}),
        changes("log-group", {"tags.Retention": "six years"}),
    ],
    "kms-key-reference-in-jurisdiction": [change("queue", "kmsMasterKeyId", "alias/aws/sqs")],
    "stateful-phi-protected": [Break("files", {"tags": PHI, "kmsKeyId": KEY}, protect=True)],
    "no-public-exposure-without-tag": [changes("balancer-lb", {"internal": True, "tags": INTERNAL})],
    "deprecated-type-not-used": [added("names", "aws:ec2/vpcDhcpOptions:VpcDhcpOptions", {"domainName": "clinic"})],
    "cross-account-principal-allowlist": [
        change(
            "logs",
            "policy",
            document(
                tls_only("clinic-logs"),
                {**FOREIGN, "Principal": {"AWS": "arn:aws:iam::027434742980:root"}, "Action": "s3:PutObject"},
            ),
        ),
        change("vault-west-policy", "policy", document(KEPT, {**FOREIGN, "Principal": "*", "Condition": OURS})),
        change(
            "photos-policy",
            "policy",
            document({**FOREIGN, "Principal": {"AWS": f"{IDENTITY} E1"}, "Action": "s3:GetObject"}),
        ),
    ],
}
