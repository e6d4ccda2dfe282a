"""A synthetic stack of `thousand:resources` resources in blocks of ten: enough kinds to give every rule work.

`thousand:services` are imported too, so that it costs what the imports of another program cost.
"""

from __future__ import annotations

import importlib
import json

import pulumi
from pulumi_aws import cloudwatch, s3, sns

ACCOUNT = "111122223333"
REGION = "ca-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
BLOCK = 10


def tags(name: str) -> dict[str, str]:
    return {
        "Project": "thousand",
        "Environment": "staging",
        "ManagedBy": "pulumi",
        "DataClass": "internal",
        "CostCenter": "benchmarks",
        "Owner": "platform",
        "Name": name,
    }


def block(index: int) -> None:
    """One bucket with its six side resources, a log group, an alarm and a topic."""
    name = f"thousand-{index:04d}"
    bucket = s3.Bucket(name, bucket=name, tags=tags(name), opts=pulumi.ResourceOptions(protect=True))
    s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    s3.BucketVersioning(name, bucket=bucket.id, versioning_configuration={"status": "Enabled"})
    s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            {
                "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": KEY},
                "bucket_key_enabled": True,
            }
        ],
    )
    s3.BucketOwnershipControls(name, bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"})
    s3.BucketLogging(name, bucket=bucket.id, target_bucket="thousand-logs", target_prefix=f"{name}/")
    s3.BucketPolicy(
        name,
        bucket=bucket.id,
        policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "RefusePlainHttp",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                    {
                        "Sid": "RefuseOldTls",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
                        "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
                    },
                ],
            }
        ),
    )
    cloudwatch.LogGroup(name, name=f"/thousand/{name}", retention_in_days=365, kms_key_id=KEY, tags=tags(name))
    cloudwatch.MetricAlarm(
        name,
        name=name,
        namespace="AWS/S3",
        metric_name="4xxErrors",
        statistic="Sum",
        period=300,
        evaluation_periods=2,
        threshold=100,
        comparison_operator="GreaterThanThreshold",
        alarm_actions=[f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"],
        tags=tags(name),
    )
    sns.Topic(name, name=name, kms_master_key_id=KEY, tags=tags(name))


for service in (pulumi.Config().get("services") or "").split():
    importlib.import_module(f"pulumi_aws.{'lambda_' if service == 'lambda' else service}")
for index in range(pulumi.Config().require_int("resources") // BLOCK):
    block(index)
