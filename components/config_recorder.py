"""AWS Config: the record of every change, and the rules the account must pass."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.bucket import Bucket, BucketArgs
from components.bucket_policy import bucket_arn
from components.iam_documents import allow, document, trust, use_keys
from components.scope import DataClass, Scope
from settings.detection import ConfigSettings
from settings.observability import AUDIT_DAYS
from settings.storage import ArchiveClass, LifecycleSettings

_POLICY = "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"


@dataclass(frozen=True, kw_only=True)
class ConfigRecorderArgs:
    """Inputs of `ConfigRecorder`.

    kms_key_arn, key_alias: key that encrypts the record.
    logs_bucket_name: receives the access logs of the record's bucket.
    """

    scope: Scope
    settings: ConfigSettings
    kms_key_arn: pulumi.Input[str]
    key_alias: str
    logs_bucket_name: pulumi.Input[str]


class ConfigRecorder(pulumi.ComponentResource):
    """A recorder of everything in the region and of global resources, its delivery, and managed rules.

    The record has a bucket of its own: AWS Config cannot write to one that locks new objects, as a trail's does.
    Source: AWS Config Developer Guide, "Managing the Delivery Channel", "Permissions for the IAM role assigned to AWS
    Config", "List of AWS Config managed rules"; BER-OBS-13; 45 CFR 164.308(a)(8) evaluation, 164.316(b)(1).
    """

    rule_names: list[str]

    def __init__(self, name: str, args: ConfigRecorderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:config_recorder:ConfigRecorder", name, {}, opts)
        from pulumi_aws import cfg

        self._name = name
        self._args = args
        recording = [] if args.settings.existing else [self._record()]
        self.rule_names = []
        for rule in args.settings.rules:
            part = rule.lower().replace("_", "-")
            physical = args.scope.name(part, limit=128)
            cfg.Rule(
                f"{name}-{part}",
                name=physical,
                description=f"Managed rule {rule}",
                source={"owner": "AWS", "source_identifier": rule},
                tags=args.scope.tagged(DataClass.INTERNAL, physical),
                opts=pulumi.ResourceOptions(parent=self, depends_on=recording),  # AWS refuses rules without a recorder
            )
            self.rule_names.append(physical)
        self.register_outputs({"rule_names": self.rule_names})

    def _record(self) -> pulumi.Resource:
        """Recorder, then channel, then start: AWS takes them in this order only."""
        from pulumi_aws import cfg

        name, args = self._name, self._args
        child = pulumi.ResourceOptions(parent=self)
        physical = args.scope.name("recorder")
        bucket_name = args.scope.bucket("config")
        bucket = Bucket(
            f"{name}-record",
            BucketArgs(
                scope=args.scope,
                bucket_name=bucket_name,
                data_class=DataClass.INTERNAL,
                lifecycle=LifecycleSettings(expire_days=AUDIT_DAYS),
                archive_class=ArchiveClass.INSTANT,
                kms_key_arn=args.kms_key_arn,
                logs_bucket=args.logs_bucket_name,
            ),
            child,
        )
        role_name = args.scope.name("config", limit=64)
        recorder = cfg.Recorder(
            f"{name}-recorder",
            name=physical,
            role_arn=args.scope.arn("iam", f"role/{role_name}", region=""),  # known before the role exists
            recording_group={"all_supported": True, "include_global_resource_types": True},
            recording_mode={"recording_frequency": args.settings.frequency.value},
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._role(role_name, bucket_name)),
        )
        channel = cfg.DeliveryChannel(
            f"{name}-channel",
            name=physical,
            s3_bucket_name=bucket.ready_name,
            s3_kms_key_arn=args.kms_key_arn,
            snapshot_delivery_properties={"delivery_frequency": "TwentyFour_Hours"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[recorder]),
        )
        return cfg.RecorderStatus(
            f"{name}-started",
            name=recorder.name,
            is_enabled=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[channel]),
        )

    def _role(self, physical: str, bucket_name: str) -> list[pulumi.Resource]:
        """What the role is made of, which reads configurations and writes the record."""
        from pulumi_aws import iam

        name, args, scope = self._name, self._args, self._args.scope
        child = pulumi.ResourceOptions(parent=self)
        bucket = bucket_arn(bucket_name)
        role = iam.Role(
            f"{name}-role",
            name=physical,
            description="Lets AWS Config record changes",
            assume_role_policy=trust("config.amazonaws.com", scope),
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        attached = iam.RolePolicyAttachment(f"{name}-role-reads", role=role.name, policy_arn=_POLICY, opts=child)
        written = iam.RolePolicy(
            f"{name}-role-writes",
            name="WriteRecord",
            role=role.name,
            policy=document(
                allow("FindBucket", ["s3:GetBucketAcl", "s3:ListBucket"], [bucket]),
                allow(
                    "WriteRecord",
                    ["s3:PutObject", "s3:PutObjectAcl"],
                    [f"{bucket}/AWSLogs/{scope.account_id}/Config/*"],
                    StringEquals={"s3:x-amz-acl": "bucket-owner-full-control"},
                ),
                use_keys(
                    "EncryptRecord", scope, ["kms:Decrypt", "kms:GenerateDataKey"], "s3", aliases=[args.key_alias]
                ),
            ),
            opts=child,
        )
        return [role, attached, written]
