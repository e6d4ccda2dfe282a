"""The buckets of the system, the bucket of their access logs, and the copies in the recovery region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.bucket import Bucket, BucketArgs, BucketInfo, ObjectLock
from components.bucket_policy import access_logs, bucket_arn, cdn_logs, flow_logs, load_balancer_logs
from components.replication import ReplicaPair, Replication, ReplicationArgs
from components.scope import DataClass, Scope
from settings.storage import ArchiveClass, BucketEncryption, BucketSettings, StorageSettings

LOAD_BALANCER_PREFIX = "load-balancer"
"""Where in the logs bucket the load balancer's logs go."""


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """Inputs of `Storage`.

    kms_key_arn: key of the objects of every bucket whose `encryption` is `customer-key`.
    recovery_region, recovery_kms_key_arn: where patient objects are copied to, and the key there; None: no copies.
    more_logged: names of other buckets that log here though their names do not follow the scope's pattern.
    """

    scope: Scope
    settings: StorageSettings
    kms_key_arn: pulumi.Input[str]
    recovery_region: str | None = None
    recovery_kms_key_arn: pulumi.Input[str] | None = None
    more_logged: Sequence[str] = ()

    def __post_init__(self) -> None:
        if (self.recovery_region is None) != (self.recovery_kms_key_arn is None):
            raise ValueError("recovery_region, recovery_kms_key_arn: want both or neither, got one")


class Storage(pulumi.ComponentResource):
    """Classified private buckets, their logs bucket and, with a recovery region, copies of patient objects there.

    Policies of buckets the CDN serves are written by `Cdn`, which knows the distribution.
    Copies are named `<bucket>-dr` (BER-DR-14); the recovery region has a logs bucket of its own, as S3 demands.
    Source: BER-STO-01 to 11, BER-DR-04, BER-DR-07, BER-N19; 45 CFR 164.312, 164.308(a)(7)(ii)(A).
    """

    buckets: dict[str, BucketInfo]  # purpose → bucket
    replicas: dict[str, BucketInfo]  # purpose → its copy in the recovery region
    logs_bucket_name: pulumi.Output[str]  # known to dependants once its policy admits their deliveries
    logs_bucket: BucketInfo
    recovery_logs_bucket_name: pulumi.Output[str] | None  # the same in the recovery region; None without copies there

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:storage:Storage", name, {}, opts)
        self._name = name
        self._args = args
        logs_name = args.scope.bucket("logs")
        logs = self._logs("logs", logs_name, None)
        self.logs_bucket, self.logs_bucket_name = logs.info, logs.ready_name
        buckets = {
            purpose: self._bucket(purpose, settings, logs.ready_name)
            for purpose, settings in args.settings.buckets.items()
        }
        self.buckets = {purpose: bucket.info for purpose, bucket in buckets.items()}
        self.recovery_logs_bucket_name = None
        self.replicas = self._replicate(buckets)
        self.register_outputs({"logs_bucket_name": self.logs_bucket_name})

    def _bucket(self, purpose: str, settings: BucketSettings, logs_bucket: pulumi.Output[str]) -> Bucket:
        args = self._args
        return Bucket(
            f"{self._name}-{purpose}",
            BucketArgs(
                scope=args.scope,
                bucket_name=args.scope.bucket(purpose),
                data_class=DataClass(settings.data_class.value),
                lifecycle=settings.lifecycle,
                archive_class=settings.archive_class,
                kms_key_arn=args.kms_key_arn if _customer_key(settings) else None,
                logs_bucket=logs_bucket,
                statements=None if settings.served_by_cdn else (),
                cors=settings.cors,
                lock=_lock(settings),
                versioned=settings.versioned,
                tiering=settings.tiering,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _logs(self, purpose: str, physical: str, region: str | None) -> Bucket:
        """Target of access logs. S3 does not deliver to a bucket with default object-lock retention, so it has none."""
        scope, settings = self._args.scope, self._args.settings
        arn = bucket_arn(physical)
        own_buckets = [bucket_arn(pattern) for pattern in (*scope.bucket_patterns(), *self._args.more_logged)]
        statements = access_logs(arn, scope.account_id, own_buckets, "s3/")
        if region is None:
            statements += load_balancer_logs(arn, scope.account_id, LOAD_BALANCER_PREFIX)
            statements += cdn_logs(arn, scope.account_id)
            statements += flow_logs(arn, scope.account_id, scope.region)
        return Bucket(
            f"{self._name}-{purpose}",
            BucketArgs(
                scope=scope,
                bucket_name=physical,
                data_class=DataClass.INTERNAL,
                lifecycle=settings.logs.lifecycle,
                archive_class=settings.logs.lifecycle.archive_class or ArchiveClass.FLEXIBLE,
                kms_key_arn=None,
                logs_bucket=None,
                statements=statements,
                region=region,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _replicate(self, buckets: dict[str, Bucket]) -> dict[str, BucketInfo]:
        args = self._args
        wanted = {purpose: s for purpose, s in args.settings.buckets.items() if s.wants_replica}
        if args.recovery_region is None or args.recovery_kms_key_arn is None or not wanted:
            return {}
        logs = self._logs("logs-dr", f"{self.logs_bucket.name}-dr", args.recovery_region)
        self.recovery_logs_bucket_name = logs.ready_name
        replicas: dict[str, BucketInfo] = {}
        pairs: dict[str, ReplicaPair] = {}
        for purpose, settings in wanted.items():
            source = buckets[purpose]
            replica = Bucket(
                f"{self._name}-{purpose}-dr",
                BucketArgs(
                    scope=args.scope,
                    bucket_name=f"{source.info.name}-dr",
                    data_class=source.info.data_class,
                    lifecycle=settings.lifecycle,
                    archive_class=settings.archive_class,
                    kms_key_arn=args.recovery_kms_key_arn if _customer_key(settings) else None,
                    logs_bucket=logs.ready_name,
                    region=args.recovery_region,
                    lock=_lock(settings),
                    tiering=settings.tiering,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            replicas[purpose] = replica.info
            pairs[purpose] = ReplicaPair(
                source_name=source.info.name,
                replica_name=replica.info.name,
                source=source.ready_name,
                replica=replica.ready_name,
                customer_key=_customer_key(settings),
                locked=settings.object_lock is not None,
            )
        Replication(
            f"{self._name}-replication",
            ReplicationArgs(
                scope=args.scope,
                pairs=pairs,
                replica_region=args.recovery_region,
                replica_kms_key_arn=args.recovery_kms_key_arn,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return replicas


def _customer_key(settings: BucketSettings) -> bool:
    return settings.encryption is BucketEncryption.CUSTOMER_KEY


def _lock(settings: BucketSettings) -> ObjectLock | None:
    lock = settings.object_lock
    return None if lock is None else ObjectLock(mode=lock.mode, days=lock.days)
