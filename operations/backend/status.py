"""How a stack's state is kept: how old, copied how far behind, locked by whom (BER-OPS-11, BER-DR-11, BER-DR-12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from operations.aws import Clients
from operations.backend.place import STALE_MINUTES, Lock, Place, locks
from operations.mistakes import Mistake

_METRIC_PERIOD_SECONDS = 3600  # BER-DR-12
_LATE_MINUTES = 15  # what S3 Replication Time Control promises


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A state in one bucket.   written: when it was last written; None: it is not there.   etag: what S3 made of it."""

    bucket: str
    region: str
    versioned: bool
    written: datetime | None
    replication: str | None


@dataclass(frozen=True, kw_only=True)
class Status:
    """A stack's state and its copy.   copy: None without replication.

    latency_seconds: the longest replication of the last hour; None: S3 reported none, as when nothing was written.
    problems: what is not as it should be, sentences.
    """

    primary: Kept
    copy: Kept | None
    latency_seconds: float | None
    locks: tuple[Lock, ...]
    problems: tuple[str, ...]


def read(clients: Clients, there: Place, region: str, project: str, stack: str, now: datetime) -> Status:
    """The status of a stack's state. Raises Mistake when the bucket or the state is not there."""
    key = there.key("stacks", project, f"{stack}.json")
    primary = _kept(clients, there.bucket, region, key)
    if primary is None or primary.written is None:
        what = f"the bucket {there.bucket}" if primary is None else f"s3://{there.bucket}/{key}"
        raise Mistake(f"{what}: expected the state of {stack}, found nothing; see `phi backend create` and `move`.")
    rule = _rule(clients, there.bucket, region)
    copy, latency = None, None
    if rule is not None:
        name = str(rule["Destination"]["Bucket"]).rpartition(":")[2]
        home = _region_of(clients, name, region)
        copy = _kept(clients, name, home, key)
        latency = replication_latency(clients("cloudwatch", home), there.bucket, name, str(rule.get("ID", "")), now)
    held = tuple(locks(clients, there, region, project, stack))
    return Status(
        primary=primary, copy=copy, latency_seconds=latency, locks=held,
        problems=tuple(_problems(primary, copy, rule, held, now)),
    )  # fmt: skip


def _problems(primary: Kept, copy: Kept | None, rule: Any, held: tuple[Lock, ...], now: datetime) -> list[str]:
    found: list[str] = []
    if not primary.versioned:
        found.append(f"{primary.bucket} keeps no versions: a damaged state cannot be brought back.")
    if rule is None or rule.get("Status") != "Enabled":
        found.append(f"{primary.bucket} is not copied to another region.")
    elif copy is None:
        found.append("The bucket of the copy is gone.")
    elif primary.written is not None and (copy.written is None or copy.written < primary.written):
        behind = now - primary.written
        if primary.replication == "FAILED" or behind > timedelta(minutes=_LATE_MINUTES):
            minutes = int(behind.total_seconds() // 60)
            found.append(f"The copy in {copy.region} lacks what was written {minutes} minutes ago.")
    for lock in held:
        if lock.minutes(now) >= STALE_MINUTES:
            found.append(f"Locked for {lock.minutes(now)} minutes by {lock}: see `phi backend unlock`.")
    return found


def _kept(clients: Clients, bucket: str, region: str, key: str) -> Kept | None:
    s3 = clients("s3", region)
    try:
        versioned = s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled"
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        return None
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        head = {}
    return Kept(
        bucket=bucket, region=region, versioned=versioned, written=head.get("LastModified"),
        replication=head.get("ReplicationStatus"),
    )  # fmt: skip


def _rule(clients: Clients, bucket: str, region: str) -> Any:
    try:
        rules = clients("s3", region).get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ReplicationConfigurationNotFoundError":
            raise
        return None
    return rules[0]


def _region_of(clients: Clients, bucket: str, fallback: str) -> str:
    try:
        return clients("s3", fallback).get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        return fallback


def replication_latency(cloudwatch: Any, source: str, copy: str, rule: str, now: datetime) -> float | None:
    """Longest replication of the last hour, seconds; None: nothing was replicated.

    cloudwatch: in the copy's region, where the metric is published, as Maximum only (BER-N06).
    """
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/S3",
        MetricName="ReplicationLatency",
        Dimensions=[
            {"Name": "SourceBucket", "Value": source},
            {"Name": "DestinationBucket", "Value": copy},
            {"Name": "RuleId", "Value": rule},
        ],
        StartTime=now - timedelta(seconds=_METRIC_PERIOD_SECONDS),
        EndTime=now,
        Period=_METRIC_PERIOD_SECONDS,
        Statistics=["Maximum"],
    )
    return max((float(point["Maximum"]) for point in answer["Datapoints"]), default=None)
