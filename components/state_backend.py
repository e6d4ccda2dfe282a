"""Where the program's own state lives, and its copy in the recovery region."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.bucket import Bucket, BucketArgs
from components.iam_documents import allow, document
from components.scope import DataClass, Scope
from settings.recovery import StateBackendSettings
from settings.storage import ArchiveClass, LifecycleSettings

RULE_ID = "Rule-1"  # BER-DR-07; replication metrics carry it as dimension RuleId (BER-N06)
REPLICATION_MINUTES = 15
_TRUST = document({"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"})


@dataclass(frozen=True, kw_only=True)
class StateBackendArgs:
    """Inputs of `StateBackend`.

    logs_bucket_name: target of the primary bucket's access logs.   recovery_region: home of the copy.
    recovery_logs_bucket_name: target of the copy's access logs, in its region; None: there is none.
    """

    scope: Scope
    settings: StateBackendSettings
    logs_bucket_name: pulumi.Input[str]
    recovery_region: str
    recovery_logs_bucket_name: pulumi.Input[str] | None = None


class StateBackend(pulumi.ComponentResource):
    """Two private, versioned buckets with the state in both within 15 minutes; `Observability` watches that.

    The state's secrets are encrypted by the engine; the buckets use AES256, which no lost key can close (BER-N07).
    Source: S3 User Guide, "S3 Replication Time Control"; 45 CFR 164.308(a)(7)(ii)(B) disaster recovery plan.
    BER-DR-05 to 08, ALL-09. Pulumi's locks are files in the bucket, so there is no lock table, local or global
    (BER-N03, BER-DR-09, BER-DR-10).
    """

    bucket_name: str
    replica_bucket_name: str

    def __init__(self, name: str, args: StateBackendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:state_backend:StateBackend", name, {}, opts)
        from pulumi_aws import iam, s3

        child, scope, settings = pulumi.ResourceOptions(parent=self), args.scope, args.settings
        self.bucket_name, self.replica_bucket_name = settings.bucket, settings.replica_bucket
        primary = self._bucket(f"{name}-primary", scope, settings.bucket, args.logs_bucket_name, None)
        replica = self._bucket(
            f"{name}-replica", scope, settings.replica_bucket, args.recovery_logs_bucket_name, args.recovery_region
        )
        role = iam.Role(
            f"{name}-role",
            name=settings.role_name,
            description="Lets S3 copy the state to the recovery region",
            assume_role_policy=_TRUST,
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.INTERNAL, settings.role_name),
            opts=child,
        )
        policy = iam.RolePolicy(
            f"{name}-policy", name="ReplicationPolicy", role=role.name, policy=_replication(settings), opts=child
        )
        s3.BucketReplicationConfig(
            f"{name}-replication",
            bucket=primary.ready_name,
            role=role.arn,
            rules=[
                {
                    "id": RULE_ID,
                    "status": "Enabled",
                    "priority": 1,
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Enabled"},
                    "destination": {
                        "bucket": pulumi.Output.concat("arn:aws:s3:::", replica.ready_name),
                        "replication_time": {"status": "Enabled", "time": {"minutes": REPLICATION_MINUTES}},
                        "metrics": {"status": "Enabled", "event_threshold": {"minutes": REPLICATION_MINUTES}},
                    },
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({"bucket_name": self.bucket_name, "replica_bucket_name": self.replica_bucket_name})

    def _bucket(
        self, name: str, scope: Scope, bucket: str, logs_bucket: pulumi.Input[str] | None, region: str | None
    ) -> Bucket:
        return Bucket(
            name,
            BucketArgs(
                scope=scope,
                bucket_name=bucket,
                data_class=DataClass.INTERNAL,
                lifecycle=LifecycleSettings(),
                archive_class=ArchiveClass.INSTANT,
                kms_key_arn=None,
                logs_bucket=logs_bucket,
                region=region,
            ),
            pulumi.ResourceOptions(parent=self),
        )


def _replication(settings: StateBackendSettings) -> str:
    """The recorded permissions and those for tags, which were missing (BER-DR-08, BER-N18)."""
    source, copy = f"arn:aws:s3:::{settings.bucket}", f"arn:aws:s3:::{settings.replica_bucket}"
    return document(
        allow("ReadConfiguration", ["s3:GetReplicationConfiguration", "s3:ListBucket"], [source]),
        allow(
            "ReadVersions",
            ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
            [f"{source}/*"],
        ),
        allow("WriteCopies", ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"], [f"{copy}/*"]),
    )
