"""Is Redis up, encrypted, and in two zones as the settings say?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen
from settings.cache import CacheSettings
from settings.keys import Purpose

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
_QUEUE = "queue"  # the second Redis, by the name the program gives its resources


def _live(account: Account, group: Resource) -> dict[str, Any]:
    return account.one(
        "elasticache", "describe_replication_groups", "ReplicationGroups",
        region=account.region(group), ReplicationGroupId=group.outputs["replicationGroupId"],
    )  # fmt: skip


def _wanted(account: Account, group: Resource) -> CacheSettings | None:
    return account.settings.queue if group.name.startswith(_QUEUE) else account.settings.cache


@of(
    GROUP,
    name="cache-available",
    requirements=("BER-OPS-08", "BER-CCH-02"),
    fix="Read its events (`aws elasticache describe-events`); `pulumi up --refresh` makes missing nodes anew.",
)
def _available(account: Account, group: Resource) -> Iterator[Seen]:
    wanted, live = _wanted(account, group), _live(account, group)
    yield seen("status", "available", live["Status"])
    if wanted is not None:
        yield seen("nodes", 1 + wanted.replicas, len(live["MemberClusters"]))
        yield seen("size of the nodes", wanted.node_type, live["CacheNodeType"])


@of(
    GROUP,
    name="cache-failover",
    requirements=("BER-CCH-02", "BER-DR-02"),
    fix="`pulumi up --refresh` switches failover on again.",
)
def _failover(account: Account, group: Resource) -> Iterator[Seen]:
    live = _live(account, group)
    yield seen("automatic failover", "enabled", live["AutomaticFailover"])
    yield seen("Multi-AZ", "enabled", live["MultiAZ"])


@of(
    GROUP,
    name="cache-encrypted",
    requirements=("BER-CCH-03", "BER-CCH-04", "FAC-OPS-22"),
    fix="`pulumi up --refresh` asks for TLS and the token again; encryption at rest cannot be changed afterwards.",
)
def _encrypted(account: Account, group: Resource) -> Iterator[Seen]:
    live = _live(account, group)
    yield seen("encryption at rest", True, live["AtRestEncryptionEnabled"])
    yield seen("encryption in transit", True, live["TransitEncryptionEnabled"])
    yield seen("token", True, live["AuthTokenEnabled"])
    yield seen("key", account.key(Purpose.CACHE), live.get("KmsKeyId"))


@of(
    GROUP,
    name="cache-snapshots",
    requirements=("BER-CCH-06",),
    fix="`pulumi up --refresh` sets the retention again.",
)
def _snapshots(account: Account, group: Resource) -> Iterator[Seen]:
    wanted = _wanted(account, group)
    if wanted is not None:
        yield seen("days of snapshots", wanted.snapshot_days, _live(account, group)["SnapshotRetentionLimit"])
