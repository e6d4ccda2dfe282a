"""Objects of a bucket and of its copy: compared, and brought over where they are missing (BER-DR-14, BER-DR-19)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_LARGE_BYTES = 5 * 1024**3  # the most one CopyObject takes; S3 Batch Operations or DataSync copy more (BER-DR-19)


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is in a bucket: how many objects, of how many bytes together."""

    count: int
    size: int

    @property
    def shown(self) -> str:
        return f"{self.count:,} objects, {self.size:,} bytes"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A bucket and its copy.

    late: how many are not there yet, and need not be: younger than the time a copy may take.
    missing, other, extra, changed: keys that lack a copy, differ in size, are only in the copy, differ in content.
    """

    source: Held
    copy: Held
    late: int
    missing: tuple[str, ...]
    other: tuple[str, ...]
    extra: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the copy has everything, whatever it has besides."""
        return not (self.missing or self.other or self.changed)

    @property
    def same(self) -> bool:
        return self.complete and not self.extra

    @property
    def found(self) -> str:
        """In words, by numbers: keys may name patients."""
        parts = {
            "missing": len(self.missing), "of another size": len(self.other), "in the copy only": len(self.extra),
            "of another content": len(self.changed), "on their way": self.late,
        }  # fmt: skip
        wrong = [f"{number:,} {what}" for what, number in parts.items() if number]
        return self.copy.shown + (f" ({', '.join(wrong)})" if wrong else "")


def listing(s3: Any, bucket: str) -> dict[str, tuple[int, datetime]]:
    """Key → size in bytes, and when it was written."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {each["Key"]: (each["Size"], each["LastModified"]) for page in pages for each in page.get("Contents", ())}


def compare(
    source_client: Any, source: str, copy_client: Any, copy: str, *, spot_checks: int = 0,
    younger_than: datetime | None = None,
) -> Compared:  # fmt: skip
    """Compare count and size of all objects, and the content of some.

    spot_checks: of how many objects, spread over the bucket.   younger_than: objects written since may be missing.
    """
    there, copied = listing(source_client, source), listing(copy_client, copy)
    absent = [key for key in there if key not in copied]
    late = [key for key in absent if younger_than is not None and there[key][1] > younger_than]
    both = sorted(there.keys() & copied.keys())
    chosen = both[:: max(1, len(both) // spot_checks)][:spot_checks] if spot_checks else []
    return Compared(
        source=_held(there),
        copy=_held(copied),
        late=len(late),
        missing=tuple(sorted(set(absent) - set(late))),
        other=tuple(key for key in both if there[key][0] != copied[key][0]),
        extra=tuple(sorted(copied.keys() - there.keys())),
        changed=tuple(key for key in chosen if digest(source_client, source, key) != digest(copy_client, copy, key)),
    )


def bring(
    source_client: Any, source: str, target_client: Any, target: str, *, since: datetime | None = None
) -> list[str]:
    """Copy what the target lacks or has otherwise; the keys that are too large for it, which stay behind.

    since: objects written from then on are copied even when one of the same size is there: it may hold something else.
    Objects that are only in the target stay there: nothing is deleted.
    """
    there, held = listing(source_client, source), listing(target_client, target)
    large: list[str] = []
    for key, (size, written) in there.items():
        if key in held and held[key][0] == size and (since is None or written < since):
            continue
        if size > _LARGE_BYTES:
            large.append(key)
            continue
        target_client.copy_object(Bucket=target, Key=key, CopySource={"Bucket": source, "Key": key})
    return large


def _held(objects: Mapping[str, tuple[int, datetime]]) -> Held:
    return Held(count=len(objects), size=sum(size for size, _ in objects.values()))


def digest(s3: Any, bucket: str, key: str) -> str:
    """SHA-256 of an object's content."""
    found = hashlib.sha256()
    for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks():
        found.update(chunk)
    return found.hexdigest()
