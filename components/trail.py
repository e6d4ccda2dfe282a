"""The audit trail of the account."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.bucket import Bucket, BucketArgs, ObjectLock
from components.bucket_policy import bucket_arn, trail
from components.scope import DataClass, Scope
from settings.observability import TrailSettings
from settings.storage import ArchiveClass, LifecycleSettings

_SHORTEST_ARCHIVE_DAYS = 90  # Glacier bills as many for every object (S3 User Guide: storage classes)


@dataclass(frozen=True, kw_only=True)
class TrailArgs:
    """Inputs of `Trail`.

    kms_key_arn: key of the log files, admitting CloudTrail.
    logs_kms_key_arn: key of the log group, admitting CloudWatch Logs; None: `kms_key_arn` admits both.
    logs_bucket_name: receives the access logs of the trail's bucket.
    phi_bucket_arns: buckets, of any region, whose every object access is recorded.
    """

    scope: Scope
    settings: TrailSettings
    kms_key_arn: pulumi.Input[str]
    logs_bucket_name: pulumi.Input[str]
    phi_bucket_arns: Sequence[str] = ()
    logs_kms_key_arn: pulumi.Input[str] | None = None


class Trail(pulumi.ComponentResource):
    """API calls of every region and accesses to patient objects, in locked, validated, encrypted files.

    Log files and their digests go to a bucket with object lock; events also to a log group, for searching.
    Reading a secret is an API call, and recorded with its caller (LWO-IAM-08).
    Source: CloudTrail User Guide, "Security best practices"; BER-N24, MSP-OBS-03, OMN-OBS-02.
    45 CFR 164.312(b), 164.316(b)(2)(i); PIPEDA s10.3.
    """

    arn: str  # known in advance, so that policies can name it
    bucket_name: str
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: TrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:trail:Trail", name, {}, opts)
        from pulumi_aws import cloudtrail, cloudwatch

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        physical = scope.name("trail")
        self.arn = scope.arn("cloudtrail", f"trail/{physical}")
        self.bucket_name = scope.bucket("trail")
        bucket = self._bucket(name, args)
        group_name = f"/aws/cloudtrail/{physical}"
        group = cloudwatch.LogGroup(
            f"{name}-events",
            name=group_name,
            retention_in_days=settings.log_days,
            kms_key_id=args.kms_key_arn if args.logs_kms_key_arn is None else args.logs_kms_key_arn,
            tags=scope.tagged(DataClass.INTERNAL, group_name),
            opts=child,
        )
        self.log_group_name = group.name
        role_arn = self._role(name, scope, group_name)
        objects = [f"{arn}/" for arn in args.phi_bucket_arns]
        cloudtrail.Trail(
            f"{name}-trail",
            name=physical,
            s3_bucket_name=bucket.ready_name,
            kms_key_id=args.kms_key_arn,
            enable_logging=True,
            enable_log_file_validation=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            cloud_watch_logs_group_arn=pulumi.Output.concat(group.arn, ":*"),
            cloud_watch_logs_role_arn=role_arn,
            event_selectors=[
                {
                    "read_write_type": "All",
                    "include_management_events": True,
                    "data_resources": [{"type": "AWS::S3::Object", "values": objects}] if objects else [],
                }
            ],
            insight_selectors=(
                [{"insight_type": "ApiCallRateInsight"}, {"insight_type": "ApiErrorRateInsight"}]
                if settings.insights
                else None
            ),
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        self.register_outputs({"arn": self.arn, "log_group_name": self.log_group_name})

    def _bucket(self, name: str, args: TrailArgs) -> Bucket:
        settings = args.settings
        return Bucket(
            f"{name}-files",
            BucketArgs(
                scope=args.scope,
                bucket_name=self.bucket_name,
                data_class=DataClass.INTERNAL,
                lifecycle=_lifecycle(settings.retention_days),
                archive_class=ArchiveClass.INSTANT,
                kms_key_arn=args.kms_key_arn,
                logs_bucket=args.logs_bucket_name,
                statements=trail(bucket_arn(self.bucket_name), args.scope.account_id, self.arn),
                lock=ObjectLock(mode=settings.lock_mode, days=settings.lock_days),
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _role(self, name: str, scope: Scope, group_name: str) -> pulumi.Output[str]:
        """Role with which CloudTrail writes its log streams; its ARN is known once it may."""
        from pulumi_aws import iam

        child = pulumi.ResourceOptions(parent=self)
        role_name = scope.name("trail-events", limit=64)
        role = iam.Role(
            f"{name}-role",
            name=role_name,
            description="Lets CloudTrail write events to CloudWatch Logs",
            assume_role_policy=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "cloudtrail.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                }
            ),
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.INTERNAL, role_name),
            opts=child,
        )
        streams = f"log-group:{group_name}:log-stream:{scope.account_id}_CloudTrail_*"
        policy = iam.RolePolicy(
            f"{name}-role-policy",
            name="WriteEvents",
            role=role.name,
            policy=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                            "Resource": scope.arn("logs", streams),
                        }
                    ],
                }
            ),
            opts=child,
        )
        return pulumi.Output.all(role.arn, policy.role).apply(lambda parts: str(parts[0]))


def _lifecycle(days: int) -> LifecycleSettings:
    """Log files are archived after a year, when they are kept long enough for that to pay."""
    whole = LifecycleSettings()
    archived = whole.archive_days is not None and days >= whole.archive_days + _SHORTEST_ARCHIVE_DAYS
    return LifecycleSettings(archive_days=whole.archive_days if archived else None, expire_days=days)
