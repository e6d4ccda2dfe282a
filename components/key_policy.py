"""Key policies of the customer-managed keys: who may use a key, per purpose, and through which service."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from components.scope import Scope
from settings.keys import Purpose

Statement = dict[str, Any]

_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
_THROUGH: Mapping[Purpose, str] = {
    Purpose.DATABASE: "rds",
    Purpose.CACHE: "elasticache",
    Purpose.STORAGE: "s3",
    Purpose.SECRETS: "secretsmanager",
    Purpose.BACKUP: "backup",
    Purpose.VOLUMES: "ec2",
    Purpose.REGISTRY: "ecr",
}


def key_policy(
    scope: Scope, purposes: Iterable[Purpose], *, region: str, cdn: bool = False, scaling_role_arn: str | None = None
) -> str:
    """The policy of one key of `region` as JSON: the account administers it, the services of its purposes use it.

    cdn: whether CloudFront reads buckets encrypted with the key (ALL-19, BER-N09).
    scaling_role_arn: role that starts instances with encrypted disks; it must exist before the key does (FAC-CMP-09).
    S3 replication, RDS, ElastiCache, Secrets Manager and Backup use a key as the role that calls them.
    Source: AWS KMS Developer Guide (Key policies); CloudWatch Logs User Guide (Encrypt log data); CloudTrail User Guide
    (Configure KMS key policies); SNS Developer Guide (Key management); CloudFront Developer Guide (Restrict access);
    EC2 Auto Scaling User Guide (Required AWS KMS key policy for use with encrypted volumes).
    """
    wanted = [purpose for purpose in Purpose if purpose in set(purposes)]
    statements: list[Statement] = [_administration(scope)]
    through = sorted(f"{_THROUGH[purpose]}.{region}.amazonaws.com" for purpose in wanted if purpose in _THROUGH)
    if through:
        statements.append(_through_services(scope, through))
    if Purpose.STORAGE in wanted and cdn:
        statements.append(_cloudfront(scope))
    if Purpose.VOLUMES in wanted and scaling_role_arn is not None:
        statements += _volumes(scaling_role_arn)
    if Purpose.LOGS in wanted:
        statements.append(_logs(scope, region))
    if Purpose.NOTIFICATIONS in wanted:
        statements += _notifications(scope, region)
    if Purpose.TRAIL in wanted:
        statements += _trail(scope, region)
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _root(scope: Scope) -> dict[str, str]:
    return {"AWS": scope.arn("iam", "root", region="")}


def _administration(scope: Scope) -> Statement:
    return {
        "Sid": "AccountDelegatesToIam",
        "Effect": "Allow",
        "Principal": _root(scope),
        "Action": "kms:*",
        "Resource": "*",
    }


def _through_services(scope: Scope, services: list[str]) -> Statement:
    return {
        "Sid": "RolesOfTheAccountThroughServices",
        "Effect": "Allow",
        "Principal": _root(scope),
        "Action": [*_USE, "kms:CreateGrant"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": services, "kms:CallerAccount": scope.account_id}},
    }


def _cloudfront(scope: Scope) -> Statement:
    return {
        "Sid": "CloudFrontReadsEncryptedOrigins",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": scope.account_id},
            "ArnLike": {"aws:SourceArn": scope.arn("cloudfront", "distribution/*", region="")},
        },
    }


def _volumes(scaling_role_arn: str) -> list[Statement]:
    principal = {"AWS": scaling_role_arn}
    return [
        {
            "Sid": "AutoScalingStartsInstances",
            "Effect": "Allow",
            "Principal": principal,
            "Action": _USE,
            "Resource": "*",
        },
        {
            "Sid": "AutoScalingGrantsEc2",
            "Effect": "Allow",
            "Principal": principal,
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]


def _logs(scope: Scope, region: str) -> Statement:
    groups = scope.arn("logs", "log-group:*", region=region)
    return {
        "Sid": "CloudWatchLogsEncryptsGroups",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    }


def _notifications(scope: Scope, region: str) -> list[Statement]:
    topics = {"kms:EncryptionContext:aws:sns:topicArn": scope.arn("sns", "*", region=region)}
    publish = ["kms:Decrypt", "kms:GenerateDataKey*"]
    return [
        {
            "Sid": "AlarmsPublishToTopics",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": publish,
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": scope.account_id}, "ArnLike": topics},
        },
        {
            # SNS does not support aws:SourceAccount and aws:SourceArn here for EventBridge: nothing would be delivered
            "Sid": "EventsPublishToTopics",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": publish,
            "Resource": "*",
            "Condition": {"ArnLike": topics},
        },
        {
            # budgets and cost anomalies (Cost Management User Guide, "Creating an Amazon SNS topic")
            "Sid": "CostsPublishToTopics",
            "Effect": "Allow",
            "Principal": {"Service": ["budgets.amazonaws.com", "costalerts.amazonaws.com"]},
            "Action": publish,
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": scope.account_id}, "ArnLike": topics},
        },
    ]


def _trail(scope: Scope, region: str) -> list[Statement]:
    trails = {"aws:SourceArn": scope.arn("cloudtrail", f"trail/{scope.name('trail')}", region=region)}
    principal = {"Service": "cloudtrail.amazonaws.com"}
    context = {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{scope.account_id}:trail/*"}
    return [
        {
            "Sid": "CloudTrailEncryptsLogs",
            "Effect": "Allow",
            "Principal": principal,
            "Action": "kms:GenerateDataKey*",
            "Resource": "*",
            "Condition": {"ArnLike": trails, "StringLike": context},
        },
        {
            # Decrypt: needed when the trail's bucket has an S3 bucket key
            "Sid": "CloudTrailReadsItsKey",
            "Effect": "Allow",
            "Principal": principal,
            "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": {"ArnLike": trails},
        },
    ]
