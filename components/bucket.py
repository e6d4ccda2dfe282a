"""One bucket with everything S3 keeps in separate resources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.bucket_policy import Statement, bucket_arn, document, own_keys_only, tls_only
from components.scope import DataClass, Scope
from settings.observability import LockMode
from settings.storage import ArchiveClass, CorsSettings, LifecycleSettings, TieringSettings


@dataclass(frozen=True, kw_only=True)
class ObjectLock:
    """For how long every new object can be neither changed nor deleted.   days: 1 to 36,500."""

    mode: LockMode
    days: int


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """Inputs of `Bucket`.

    bucket_name: physical name, global: 3 to 63 lower-case letters, digits and hyphens.
    lifecycle, archive_class: when objects move to cheaper storage and when versions go.
    kms_key_arn: key of the objects, in the bucket's region; None: AES256, which targets of access logs need (ALL-06).
    logs_bucket: bucket of the same region that receives access logs, under `s3/<bucket_name>/`; its policy must already
        admit them. None: this bucket is such a target itself.
    statements: what the policy allows, beside the refusals every bucket has; None: another component writes the policy.
    region: where the bucket is; None: the provider's region.   lock: object lock; it cannot be added to log targets.
    versioned: whether versions are kept; object lock and replication need them.   tiering: S3 Intelligent-Tiering.
    """

    scope: Scope
    bucket_name: str
    data_class: DataClass
    lifecycle: LifecycleSettings
    archive_class: ArchiveClass
    kms_key_arn: pulumi.Input[str] | None
    logs_bucket: pulumi.Input[str] | None
    statements: Sequence[Statement] | None = ()
    region: str | None = None
    cors: CorsSettings | None = None
    lock: ObjectLock | None = None
    versioned: bool = True
    tiering: TieringSettings | None = None

    def __post_init__(self) -> None:
        if self.lock is not None and not self.versioned:
            raise ValueError("versioned: want True with an object lock, got False")
        name = self.bucket_name
        if not (3 <= len(name) <= 63 and name == name.lower() and name.replace("-", "").isalnum()):
            raise ValueError(f"bucket_name: want 3 to 63 lower-case letters, digits and hyphens, got {name!r}")

    @property
    def refusals(self) -> list[Statement]:
        """What the policy of every bucket refuses."""
        arn = bucket_arn(self.bucket_name)
        if self.kms_key_arn is None:
            return tls_only(arn)
        return [*tls_only(arn), *own_keys_only(arn, self.scope.arn("kms", "key/*", region=self.region))]


@dataclass(frozen=True, kw_only=True)
class BucketInfo:
    """What other components need to know of a bucket.

    name, arn: known before the bucket exists.   id: the same name, known to dependants once its parts are in place.
    regional_domain_name: its address as an origin.   refusals: statements its policy must carry, whoever writes it.
    """

    name: str
    arn: str
    data_class: DataClass
    id: pulumi.Input[str]
    regional_domain_name: pulumi.Input[str]
    refusals: Sequence[Statement]


class Bucket(pulumi.ComponentResource):
    """A private bucket: versioned unless told otherwise, encrypted, TLS only, without ACLs, logged, with a lifecycle.

    Raises ValueError (from BucketArgs) on a name S3 would refuse.
    Source: 45 CFR 164.312(a)(1), (a)(2)(iv), (c)(1), (e)(1); BER-STO-05 to 10.
    """

    info: BucketInfo
    ready_name: pulumi.Output[
        str
    ]  # the name, known to dependants once policy, public access block and versioning are in place

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:bucket:Bucket", name, {}, opts)
        from pulumi_aws import s3

        child = pulumi.ResourceOptions(parent=self)
        scope, region = args.scope, args.region
        self._bucket = bucket = s3.Bucket(
            f"{name}-bucket",
            bucket=args.bucket_name,
            object_lock_enabled=args.lock is not None,
            force_destroy=False,
            tags=scope.tagged(args.data_class, args.bucket_name),
            region=region,
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect),
        )
        block = s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=region,
            opts=child,
        )
        s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            region=region,
            opts=child,
        )
        self._versioning: list[s3.BucketVersioning] = []
        if args.versioned:  # without this resource a bucket has no versions; taking it away suspends them
            versioning = s3.BucketVersioning(
                f"{name}-versioning",
                bucket=bucket.bucket,
                versioning_configuration={"status": "Enabled"},
                region=region,
                opts=child,
            )
            self._versioning.append(versioning)
        self._encryption(name, args, child)
        self._lifecycle(name, args)
        self._tiering(name, args, child)
        if args.lock is not None:
            s3.BucketObjectLockConfiguration(
                f"{name}-lock",
                bucket=bucket.bucket,
                rule={"default_retention": {"mode": args.lock.mode.value, "days": args.lock.days}},
                region=region,
                opts=pulumi.ResourceOptions(parent=self, depends_on=self._versioning),
            )
        if args.logs_bucket is not None:
            s3.BucketLogging(
                f"{name}-logging",
                bucket=bucket.bucket,
                target_bucket=args.logs_bucket,
                target_prefix=f"s3/{args.bucket_name}/",
                region=region,
                opts=child,
            )
        if args.cors is not None:
            self._cors(name, args.cors, region, child)
        names = [bucket.bucket, block.bucket, *(versioning.bucket for versioning in self._versioning)]
        if args.statements is not None:
            policy = s3.BucketPolicy(
                f"{name}-policy",
                bucket=bucket.bucket,
                policy=document([*args.refusals, *args.statements]),
                region=region,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),  # S3 refuses to change both at once
            )
            names.append(policy.bucket)
        self.ready_name = pulumi.Output.all(*names).apply(lambda same: str(same[0]))
        self.info = BucketInfo(
            name=args.bucket_name,
            arn=bucket_arn(args.bucket_name),
            data_class=args.data_class,
            id=self.ready_name,
            regional_domain_name=bucket.bucket_regional_domain_name,
            refusals=args.refusals,
        )
        self.register_outputs({"name": self.ready_name})

    def _encryption(self, name: str, args: BucketArgs, child: pulumi.ResourceOptions) -> None:
        from pulumi_aws import s3

        default: s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgsDict
        if args.kms_key_arn is None:
            default = {"sse_algorithm": "AES256"}
        else:
            default = {"sse_algorithm": "aws:kms", "kms_master_key_id": args.kms_key_arn}
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=self._bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": default,
                    "bucket_key_enabled": args.kms_key_arn is not None,
                    "blocked_encryption_types": ["SSE-C"],
                }
            ],
            region=args.region,
            opts=child,
        )

    def _lifecycle(self, name: str, args: BucketArgs) -> None:
        from pulumi_aws import s3

        cycle = args.lifecycle
        steps = {
            "INTELLIGENT_TIERING": None if args.tiering is None else args.tiering.after_days,
            args.archive_class.value: cycle.archive_days,
            "DEEP_ARCHIVE": cycle.deep_archive_days,
        }
        rule: s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "keep",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [
                {"storage_class": storage_class, "days": days}
                for storage_class, days in steps.items()
                if days is not None
            ],
            "abort_incomplete_multipart_upload": {"days_after_initiation": cycle.abort_upload_days},
        }
        if args.versioned:
            rule["noncurrent_version_expiration"] = {"noncurrent_days": cycle.noncurrent_days}
        if cycle.expire_days is not None:
            rule["expiration"] = {"days": cycle.expire_days}
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=self._bucket.bucket,
            rules=[rule],
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._versioning),
        )

    def _tiering(self, name: str, args: BucketArgs, child: pulumi.ResourceOptions) -> None:
        """The archive tiers of Intelligent-Tiering, which objects only enter when a configuration names them."""
        if args.tiering is None or not args.tiering.archives:
            return
        from pulumi_aws import s3

        tiers = {
            "ARCHIVE_ACCESS": args.tiering.archive_days,
            "DEEP_ARCHIVE_ACCESS": args.tiering.deep_archive_days,
        }
        s3.BucketIntelligentTieringConfiguration(
            f"{name}-tiering",
            bucket=self._bucket.bucket,
            name="archive",
            status="Enabled",
            tierings=[{"access_tier": tier, "days": days} for tier, days in tiers.items() if days is not None],
            region=args.region,
            opts=child,
        )

    def _cors(self, name: str, cors: CorsSettings, region: str | None, child: pulumi.ResourceOptions) -> None:
        from pulumi_aws import s3

        s3.BucketCorsConfiguration(
            f"{name}-cors",
            bucket=self._bucket.bucket,
            cors_rules=[
                {
                    "allowed_origins": list(cors.origins),
                    "allowed_methods": [method.value for method in cors.methods],
                    "allowed_headers": list(cors.headers),
                    "expose_headers": list(cors.expose_headers),
                    "max_age_seconds": cors.max_age_seconds,
                }
            ],
            region=region,
            opts=child,
        )
