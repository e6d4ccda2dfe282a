"""Settings of the buckets: what each holds, how long, who may reach it."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import Section

AUDIT_DAYS = 2192
"""Six years, the least time audit evidence is kept (ALL-10; 45 CFR 164.316(b)(2)(i))."""

RESERVED_PURPOSES = frozenset({"logs", "trail"})

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
    noncurrent_days: Days = 90
    """Days a deleted or replaced version can be recovered."""
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
    """One bucket: private, versioned, encrypted with the customer key, TLS only, access-logged."""

    data_class: BucketDataClass = BucketDataClass.PHI
    """What the objects are: `phi`, `pii` or `internal`."""
    served_by_cdn: bool = False
    """Whether the CDN serves this bucket under `/<purpose>/`; its policy then admits the distribution alone."""
    replicated: bool | None = None
    """Whether objects are copied to the recovery region. Default: yes for phi when a recovery region is configured."""
    lifecycle: LifecycleSettings = LifecycleSettings()
    """Archive, expiry and recovery of objects."""
    cors: CorsSettings | None = None
    """Access from web pages; absent: none."""

    @model_validator(mode="after")
    def _servable(self) -> Self:
        if self.served_by_cdn and self.lifecycle.archive_class is ArchiveClass.FLEXIBLE:
            raise ValueError("lifecycle.archive_class: GLACIER objects cannot be served by CloudFront; use GLACIER_IR")
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
        return self.data_class is BucketDataClass.PHI if self.replicated is None else self.replicated


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
    """The buckets of the system and the bucket of their logs (BER-STO-01 to 11)."""

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
