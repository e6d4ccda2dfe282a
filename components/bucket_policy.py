"""Bucket policies as pure functions: each returns statements, `document` joins them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]

CDN_LOGS_REGION = "us-east-1"  # CloudFront's log deliveries live there, whatever the region of the bucket


def bucket_arn(name: str) -> str:
    """ARN of a bucket by its name."""
    return f"arn:aws:s3:::{name}"


def document(statements: Iterable[Statement]) -> str:
    """The policy as JSON, known before anything exists, so that it can be judged at preview."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def tls_only(arn: str) -> list[Statement]:
    """Refuse plain HTTP and TLS before 1.2 (ALL-08; 45 CFR 164.312(e)(1))."""
    everyone = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    return [
        {"Sid": "TlsOnly", **everyone, "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Sid": "Tls12OrNewer", **everyone, "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
    ]


def own_keys_only(arn: str, keys_arn: str) -> list[Statement]:
    """Refuse uploads that ask for another kind of encryption than KMS, or for a key outside `keys_arn`.

    keys_arn: pattern of the account's own keys in the bucket's region.
    A request that names no key gets the bucket's own; an upload that names its key must name it by ARN.
    """
    upload = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:PutObject", "Resource": f"{arn}/*"}
    algorithm, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
    return [
        {
            "Sid": "KmsOnly",
            **upload,
            "Condition": {"Null": {algorithm: "false"}, "StringNotEquals": {algorithm: "aws:kms"}},
        },
        {
            "Sid": "OwnKeysOnly",
            **upload,
            "Condition": {"Null": {key: "false"}, "ArnNotLike": {key: keys_arn}},
        },
    ]


def access_logs(arn: str, account_id: str, source_arns: Sequence[str], prefix: str) -> list[Statement]:
    """Let S3 write the access logs of the buckets `source_arns` under `prefix`.

    Source: S3 User Guide, "Enabling Amazon S3 server access logging".
    """
    return [
        {
            "Sid": "S3AccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{arn}/{prefix}*",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": list(source_arns)},
            },
        }
    ]


def load_balancer_logs(arn: str, account_id: str, prefix: str) -> list[Statement]:
    """Let Elastic Load Balancing write access and connection logs of this account's load balancers under `prefix`.

    The service principal is the documented form for every region; account ids of single regions are its predecessor.
    The account in the resource's path binds the source: the service writes there for that account only.
    Source: Application Load Balancer User Guide, "Enable access logs".
    """
    return [
        {
            "Sid": "LoadBalancerLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{arn}/{prefix}/AWSLogs/{account_id}/*",
        }
    ]


def cdn_logs(arn: str, account_id: str) -> list[Statement]:
    """Let CloudFront's standard logging (v2) write through CloudWatch log delivery (CloudFront Developer Guide)."""
    return [
        {
            "Sid": "CdnLogs",
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{arn}/AWSLogs/{account_id}/CloudFront/*",
            "Condition": {
                "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{CDN_LOGS_REGION}:{account_id}:delivery-source:*"},
            },
        }
    ]


def flow_logs(arn: str, account_id: str, region: str) -> list[Statement]:
    """Let VPC Flow Logs of this account and region write (VPC User Guide: Amazon S3 bucket permissions for flow logs).

    AWS checks the bucket's ACL before each delivery, and would write these statements itself if they were missing.
    """
    source = {"StringEquals": {"aws:SourceAccount": account_id}}
    where = {"ArnLike": {"aws:SourceArn": f"arn:aws:logs:{region}:{account_id}:*"}}
    service = {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}}
    return [
        {
            "Sid": "FlowLogs",
            **service,
            "Action": "s3:PutObject",
            "Resource": f"{arn}/AWSLogs/{account_id}/vpcflowlogs/*",
            "Condition": {
                "StringEquals": {**source["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"},
                **where,
            },
        },
        {
            "Sid": "FlowLogsCheck",
            **service,
            "Action": ["s3:GetBucketAcl", "s3:ListBucket"],
            "Resource": arn,
            "Condition": {**source, **where},
        },
    ]


def trail(arn: str, account_id: str, trail_arn: str) -> list[Statement]:
    """Let one CloudTrail trail write its files (CloudTrail User Guide: S3 bucket policy for CloudTrail)."""
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    return [
        {
            "Sid": "TrailAclCheck",
            **service,
            "Action": "s3:GetBucketAcl",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:SourceArn": trail_arn}},
        },
        {
            "Sid": "TrailWrite",
            **service,
            "Action": "s3:PutObject",
            "Resource": f"{arn}/AWSLogs/{account_id}/*",
            "Condition": {
                "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": trail_arn},
            },
        },
    ]


def distribution_reads(arn: str, distribution_arn: Any, account_id: str) -> list[Statement]:
    """Let one CloudFront distribution read objects, and nobody else through CloudFront (BER-EDG-05).

    distribution_arn: may be an Output; then the document must be built with `pulumi.Output.json_dumps`.
    Source: CloudFront Developer Guide, "Restrict access to an Amazon S3 origin".
    """
    return [
        {
            "Sid": "DistributionReads",
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"{arn}/*",
            "Condition": {"StringEquals": {"aws:SourceArn": distribution_arn, "aws:SourceAccount": account_id}},
        }
    ]
