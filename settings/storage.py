"""Settings of the buckets: what each holds, how long, who may reach it."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import Section
from settings.observability import LockMode

AUDIT_DAYS = 2192
"""Six years, the least time audit evidence is kept (ALL-10; 45 CFR 164.316(b)(2)(i))."""

RESERVED_PURPOSES = frozenset({"config", "logs", "trail"})

BucketPurpose = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=20, examples=["photos"])]
"""What a bucket is for; part of its name."""

Days = Annotated[int, Field(ge=1, le=36_500)]


class BucketDataClass(StrEnum):
    """How sensitive the objects of a bucket are; its `DataClass` tag."""

    PHI = "phi"
    PII = "pii"
    INTERNAL = "internal"


class ArchiveClass(StrEnum):
    """Storage class of objects that have become old."""

    INSTANT = "GLACIER_IR"
    FLEXIBLE = "GLACIER"


class BucketEncryption(StrEnum):
    """Who keeps the key that encrypts a bucket's objects."""

    CUSTOMER_KEY = "customer-key"
    S3_MANAGED = "s3-managed"


class Method(StrEnum):
    """What a browser may do from another origin."""

    GET = "GET"
    HEAD = "HEAD"
    PUT = "PUT"
    POST = "POST"
    DELETE = "DELETE"


class LifecycleSettings(Section):
    """When objects move to cheaper storage and when versions go (BER-STO-07, BER-STO-10, BER-N19)."""

    archive_days: Days | None = 365
    """Days until an object moves to `archive_class`; null: never."""
    archive_class: ArchiveClass | None = None
    """`GLACIER_IR` or `GLACIER`. Default: `GLACIER_IR` behind the CDN, which cannot serve `GLACIER`; else `GLACIER`."""
    deep_archive_days: Days | None = None
    """Days until an object moves to Deep Archive, where reading takes 12 to 48 hours; null: never. Recorded: 2,555."""
    expire_days: Days | None = None
    """Days until an object is deleted; null: never."""
    confirm_expiry: bool = False
    """Whether somebody answers for `expire_days` deleting patient data; production asks for it (MSP-N05)."""
    noncurrent_days: Days = 90
    """Days a deleted or replaced version can be recovered (MSP-STO-03, MSP-DR-02: 30)."""
    abort_upload_days: Annotated[int, Field(ge=1, le=30)] = 7
    """Days until an incomplete multipart upload is dropped."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        steps = {
            "archive_days": self.archive_days,
            "deep_archive_days": self.deep_archive_days,
            "expire_days": self.expire_days,
        }
        given = [(name, days) for name, days in steps.items() if days is not None]
        for (first, early), (second, late) in pairwise(given):
            if late <= early:
                raise ValueError(f"{second}: expected more than {first} ({early} days), found {late}")
        if self.archive_days is not None and self.deep_archive_days is not None:
            stay = self.deep_archive_days - self.archive_days
            if stay < 90:
                raise ValueError(f"deep_archive_days: expected 90 or more days after archive_days, found {stay}")
        return self


class TieringSettings(Section):
    """S3 Intelligent-Tiering: S3 itself moves what nobody reads to cheaper tiers (MSP-STO-11, FAC-STO-06).

    Without an archive tier every object stays readable at once.
    """

    after_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """Days until an object enters Intelligent-Tiering (FAC-STO-06: 90)."""
    archive_days: Annotated[int, Field(ge=90, le=730)] | None = None
    """Days without a read until an object enters the Archive Access tier, read within 3 to 5 hours; null: never."""
    deep_archive_days: Annotated[int, Field(ge=180, le=730)] | None = None
    """Days without a read until the Deep Archive Access tier, read within 12 hours; null: never."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, second = self.archive_days, self.deep_archive_days
        if first is not None and second is not None and second <= first:
            raise ValueError(f"deep_archive_days: expected more than archive_days ({first} days), found {second}")
        return self

    @property
    def archives(self) -> bool:
        """Whether objects may need a restore before they can be read."""
        return self.archive_days is not None or self.deep_archive_days is not None


class ObjectLockSettings(Section):
    """Versions nobody can delete or overwrite for some days (S3 User Guide: Locking objects with Object Lock)."""

    mode: LockMode = LockMode.GOVERNANCE
    """`GOVERNANCE`: a special permission can lift it; `COMPLIANCE`: nobody can, the account's root included."""
    days: Days
    """Days from the creation of a version."""


class CorsSettings(Section):
    """Which web origins may use the bucket from a browser."""

    origins: Annotated[
        tuple[
            Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(:\d+)?$", examples=["https://app.example.org"])], ...
        ],
        Field(min_length=1),
    ]
    """Exact HTTPS origins; no wildcard."""
    methods: Annotated[tuple[Method, ...], Field(min_length=1)] = (Method.GET, Method.PUT)
    """HTTP methods."""
    headers: tuple[str, ...] = ("*",)
    """Request headers a browser may send."""
    expose_headers: tuple[str, ...] = ("ETag",)
    """Response headers a page may read."""
    max_age_seconds: Annotated[int, Field(ge=0, le=86_400)] = 3000
    """Seconds a browser keeps the answer of a preflight request."""


class BucketSettings(Section):
    """One private, access-logged bucket that refuses plain HTTP; the defaults are those of patient data."""

    data_class: BucketDataClass = BucketDataClass.PHI
    """What the objects are: `phi`, `pii` or `internal`."""
    encryption: BucketEncryption = BucketEncryption.CUSTOMER_KEY
    """`customer-key`: KMS with the storage key; `s3-managed`: SSE-S3 (MSP-STO-02, MSP-STO-05, MSP-N21)."""
    versioned: bool = True
    """Whether replaced and deleted objects can be recovered. Without versions there is no copy in the recovery region,
    no backup by AWS Backup and no object lock, which all need them (MSP-STO-06: false for large recordings)."""
    served_by_cdn: bool = False
    """Whether the CDN serves this bucket under `/<purpose>/`; its policy then admits the distribution alone."""
    replicated: bool | None = None
    """Whether objects are copied to the recovery region. Default: yes for phi when a recovery region is configured."""
    lifecycle: LifecycleSettings = LifecycleSettings()
    """Archive, expiry and recovery of objects."""
    tiering: TieringSettings | None = None
    """S3 Intelligent-Tiering; needs `lifecycle.archive_days: null`, which would archive objects first. Absent: none."""
    object_lock: ObjectLockSettings | None = None
    """Object Lock; a bucket is created with it or without, so adding it replaces the bucket. Absent: none."""
    cors: CorsSettings | None = None
    """Access from web pages; absent: none."""

    @model_validator(mode="after")
    def _servable(self) -> Self:
        if self.served_by_cdn and self.lifecycle.archive_class is ArchiveClass.FLEXIBLE:
            raise ValueError("lifecycle.archive_class: GLACIER objects cannot be served by CloudFront; use GLACIER_IR")
        if self.served_by_cdn and self.tiering is not None and self.tiering.archives:
            raise ValueError(
                "tiering: expected no archive_days and deep_archive_days, because CloudFront cannot restore objects"
            )
        return self

    @model_validator(mode="after")
    def _one_archive(self) -> Self:
        if self.tiering is not None and self.lifecycle.archive_days is not None:
            raise ValueError(
                f"lifecycle.archive_days: expected null beside tiering, found {self.lifecycle.archive_days}"
            )
        return self

    @model_validator(mode="after")
    def _versions_needed(self) -> Self:
        if self.versioned:
            return self
        if self.replicated:
            raise ValueError("replicated: expected false without versions, which replication needs")
        if self.object_lock is not None:
            raise ValueError("object_lock: expected nothing without versions, which it protects")
        return self

    @property
    def archive_class(self) -> ArchiveClass:
        """The archive class in force (BER-N19)."""
        if self.lifecycle.archive_class is not None:
            return self.lifecycle.archive_class
        return ArchiveClass.INSTANT if self.served_by_cdn else ArchiveClass.FLEXIBLE

    @property
    def wants_replica(self) -> bool:
        """Whether the bucket is copied when there is a recovery region."""
        if self.replicated is None:
            return self.versioned and self.data_class is BucketDataClass.PHI
        return self.replicated


class LogsBucketSettings(Section):
    """The bucket of load-balancer, S3 and CDN access logs, encrypted with AES256 (ALL-06, BER-STO-04)."""

    lifecycle: LifecycleSettings = LifecycleSettings(deep_archive_days=2555)
    """Archive and expiry of log files. Recorded: Glacier after 365 days, Deep Archive after 2,555."""

    @model_validator(mode="after")
    def _kept(self) -> Self:
        expiry = self.lifecycle.expire_days
        if expiry is not None and expiry < AUDIT_DAYS:
            raise ValueError(f"lifecycle.expire_days: expected {AUDIT_DAYS} (six years) or more, found {expiry}")
        return self


class StorageSettings(Section):
    """The buckets of the system and the bucket of their logs (BER-STO-01 to 11, FAC-STO-01 to 06, MSP-STO-01 to 11)."""

    buckets: dict[BucketPurpose, BucketSettings] = Field(default_factory=dict)
    """Purpose → bucket; `naming.bucket` says what it is called."""
    logs: LogsBucketSettings = LogsBucketSettings()
    """The bucket that receives access logs; it always exists."""

    @model_validator(mode="after")
    def _free_names(self) -> Self:
        taken = sorted(p for p in self.buckets if p in RESERVED_PURPOSES or p.endswith("-dr"))
        if taken:
            names = ", ".join(f"buckets.{purpose}" for purpose in taken)
            raise ValueError(f"{names}: the platform creates buckets of that name itself; choose another purpose")
        return self

    @property
    def cdn_purposes(self) -> list[str]:
        """Purposes of the buckets the CDN serves, in the order given."""
        return [purpose for purpose, bucket in self.buckets.items() if bucket.served_by_cdn]
