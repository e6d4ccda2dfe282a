"""What a stack's data could be restored to today: every recovery point of database, buckets and state, with its age.

BER-DR-04, BER-DR-11, BER-DR-12, BER-DR-14, FAC-DR-01, FAC-DR-05; 45 CFR 164.308(a)(7)(ii)(A), (D).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from operations.aws import Clients
from operations.backend.status import replication_latency
from operations.dr import objects
from settings.database import AuroraSettings
from settings.objectives import COPY_MINUTES
from settings.recovery import RecoverySettings
from settings.stack import Settings

HOME, ABROAD = "home", "recovery"
COPY_ENDING = "-dr"
_DAY_MINUTES = 24 * 60
_RULE = "Rule-1"
_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class Point:
    """store: `database`, `bucket photos`, `state`.   place: HOME or ABROAD.   kind: how it was made.

    taken: when the data was like that.   name: what it is restored by; None: a moment.   key: it is encrypted with.
    """

    store: str
    place: str
    kind: str
    taken: datetime
    name: str | None = None
    key: str | None = None

    def age_minutes(self, now: datetime) -> float:
        return max((now - self.taken).total_seconds() / _MINUTE, 0)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One thing that must hold.   found: in words; None: it could not be told.   met: whether it holds."""

    store: str
    place: str
    what: str
    expected: str
    found: str
    met: bool


@dataclass(frozen=True, kw_only=True)
class Status:
    """points: all there are.   objectives: what must hold.   notes: what this account cannot tell."""

    points: tuple[Point, ...]
    objectives: tuple[Objective, ...]
    notes: tuple[str, ...]

    @property
    def met(self) -> bool:
        return all(each.met for each in self.objectives)


def status(
    settings: Settings, outputs: Mapping[str, Any], client: Clients, *, spot_checks: int = 0,
    now: datetime | None = None,
) -> Status:  # fmt: skip
    """Recovery points of a stack with a recovery region, and whether they meet its objectives.

    spot_checks: objects of each bucket whose content is compared with its copy's (BER-DR-14).
    """
    recovery, notes = settings.recovery, list[str]()
    if recovery is None:
        raise ValueError("settings: want a recovery region, got none")
    now = now or datetime.now(UTC)
    points: list[Point] = []
    if settings.database is not None:
        points += database_points(settings, outputs, client)
    vaults = _vault_points(settings, outputs, client, notes)
    points += vaults
    found = [
        *_database_objectives(settings, recovery, points, now),
        *_vault_objectives(settings, outputs, vaults, notes, now),
        *_bucket_objectives(settings, outputs, client, spot_checks, now),
        *_state_objectives(settings, recovery, client, now),
    ]
    return Status(points=tuple(points), objectives=tuple(found), notes=tuple(notes))


# The database


def database_points(settings: Settings, outputs: Mapping[str, Any], client: Clients) -> list[Point]:
    """Points of the database: any moment, automated snapshots, replicated backups, copied snapshots."""
    recovery, identifier = settings.recovery, str(outputs["db_identifier"])
    aurora = isinstance(settings.database, AuroraSettings)
    home = client("rds", settings.region)
    found: list[Point] = []
    latest = _latest_restorable(home, identifier, aurora)
    if latest is not None:
        found.append(Point(store="database", place=HOME, kind="any moment", taken=latest))
    found += snapshots(home, identifier, aurora=aurora, kind="automated", place=HOME, title="automated snapshot")
    if recovery is None:
        return found
    abroad = client("rds", recovery.region)
    found += [
        point
        for point in snapshots(abroad, identifier, aurora=aurora, kind="manual", place=ABROAD, title="copied snapshot")
        if point.name is not None and point.name.endswith(COPY_ENDING)
    ]
    if not aurora:
        backups = abroad.describe_db_instance_automated_backups(DBInstanceIdentifier=identifier)
        for backup in backups["DBInstanceAutomatedBackups"]:
            newest = backup.get("RestoreWindow", {}).get("LatestTime")
            if backup["Region"] == settings.region and newest is not None:
                found.append(Point(store="database", place=ABROAD, kind="replicated backups", taken=newest))
    return found


def _latest_restorable(rds: Any, identifier: str, aurora: bool) -> datetime | None:
    try:
        if aurora:
            return rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"][0].get("LatestRestorableTime")
        return rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0].get("LatestRestorableTime")
    except ClientError as error:
        if error.response["Error"]["Code"] in ("DBInstanceNotFound", "DBClusterNotFoundFault"):
            return None
        raise


def snapshots(rds: Any, identifier: str, *, aurora: bool, kind: str, place: str, title: str) -> list[Point]:
    """Snapshots that can be restored.   kind: `automated` or `manual`."""
    name = "DBClusterSnapshot" if aurora else "DBSnapshot"
    operation = "describe_db_cluster_snapshots" if aurora else "describe_db_snapshots"
    owner = "DBClusterIdentifier" if aurora else "DBInstanceIdentifier"
    pages = rds.get_paginator(operation).paginate(**{owner: identifier, "SnapshotType": kind})
    return [
        Point(
            store="database", place=place, kind=title, name=each[f"{name}Identifier"], key=each.get("KmsKeyId"),
            taken=each.get("OriginalSnapshotCreateTime") or each["SnapshotCreateTime"],
        )
        for page in pages
        for each in page[f"{name}s"]
        if each["Status"] == "available"
    ]  # fmt: skip


def newest(points: list[Point], *, place: str, kind: str | None = None) -> Point | None:
    """The newest of a place, of one kind or of any."""
    wanted = [point for point in points if point.place == place and kind in (None, point.kind)]
    return max(wanted, key=lambda point: point.taken, default=None)


def _database_objectives(
    settings: Settings, recovery: RecoverySettings, points: list[Point], now: datetime
) -> Iterator[Objective]:
    objectives = settings.recovery_objectives
    if settings.database is None or objectives is None:
        return
    own = [point for point in points if point.store == "database"]
    yield _age("database", HOME, "newest point", newest(own, place=HOME), objectives.restorable_age_minutes, now)
    yield _age("database", ABROAD, "newest point", newest(own, place=ABROAD), recovery.region_rpo_minutes, now)
    if recovery.snapshot_copies is not None:
        limit = _DAY_MINUTES + recovery.snapshot_copies.every_hours * 60 + COPY_MINUTES
        copy = newest(own, place=ABROAD, kind="copied snapshot")
        yield _age("database", ABROAD, "newest copied snapshot, which failover restores", copy, limit, now)


def _age(store: str, place: str, what: str, point: Point | None, limit: int, now: datetime) -> Objective:
    expected = f"at most {limit} minutes old"
    if point is None:
        return Objective(store=store, place=place, what=what, expected=expected, found="none", met=False)
    age = point.age_minutes(now)
    found = f"{age:,.0f} minutes ({point.kind})"
    return Objective(store=store, place=place, what=what, expected=expected, found=found, met=age <= limit)


# AWS Backup


def _vault_points(settings: Settings, outputs: Mapping[str, Any], client: Clients, notes: list[str]) -> list[Point]:
    """Recovery points of AWS Backup in both vaults."""
    vault, recovery = outputs.get("backup_vault_name"), settings.recovery
    if vault is None or recovery is None:
        return []
    names: dict[str, str] = outputs.get("bucket_names") or {}
    stores = {f"arn:aws:s3:::{name}": f"bucket {purpose}" for purpose, name in names.items()}
    found: list[Point] = []
    for place, region in ((HOME, settings.region), (ABROAD, recovery.region)):
        backup = client("backup", region)
        try:
            pages = list(backup.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=vault))
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            notes.append(f"The AWS Backup of this account lists no recovery points ({region}): a rehearsal.")
            continue
        for page in pages:
            for each in page["RecoveryPoints"]:
                if each["Status"] == "COMPLETED":
                    arn = str(each["ResourceArn"])
                    store = stores.get(arn, "database" if ":rds:" in arn else arn)
                    found.append(
                        Point(store=store, place=place, kind="AWS Backup", taken=each["CreationDate"],
                              name=each["RecoveryPointArn"], key=each.get("EncryptionKeyArn"))
                    )  # fmt: skip
    return found


def _vault_objectives(
    settings: Settings, outputs: Mapping[str, Any], points: list[Point], notes: list[str], now: datetime
) -> Iterator[Objective]:
    objectives = settings.recovery_objectives
    if objectives is None or "backup_vault_name" not in outputs or notes:
        return
    kept = settings.storage.buckets
    stores = [f"bucket {purpose}" for purpose in outputs.get("bucket_names", {}) if kept[purpose].versioned]
    for store in [*stores, *(["database"] if settings.database is not None else [])]:
        for place, limit in ((HOME, objectives.backup_age_minutes), (ABROAD, objectives.copy_age_minutes)):
            own = [point for point in points if point.store == store]
            yield _age(store, place, "newest backup of AWS Backup", newest(own, place=place), limit, now)


# Buckets and their copies


def _bucket_objectives(
    settings: Settings, outputs: Mapping[str, Any], client: Clients, spot_checks: int, now: datetime
) -> Iterator[Objective]:
    recovery, objectives = settings.recovery, settings.recovery_objectives
    copies: Mapping[str, str] = outputs.get("replica_bucket_names") or {}
    if recovery is None or objectives is None:
        return
    for purpose, copy in copies.items():
        source, store = str(outputs["bucket_names"][purpose]), f"bucket {purpose}"
        latency = replication_latency(client("cloudwatch", recovery.region), source, copy, _RULE, now)
        limit = objectives.replication_lag_minutes
        yield Objective(
            store=store, place=ABROAD, what="replication latency of the last hour", expected=f"at most {limit} minutes",
            found="nothing replicated" if latency is None else f"{latency / _MINUTE:.1f} minutes",
            met=latency is None or latency <= limit * _MINUTE,
        )  # fmt: skip
        compared = objects.compare(
            client("s3", settings.region), source, client("s3", recovery.region), copy, spot_checks=spot_checks,
            younger_than=now - timedelta(minutes=limit),
        )  # fmt: skip
        yield Objective(
            store=store, place=ABROAD, what="objects, as in the bucket", expected=compared.source.shown,
            found=compared.found, met=compared.same,
        )  # fmt: skip


# The program's own state


def _state_objectives(
    settings: Settings, recovery: RecoverySettings, client: Clients, now: datetime
) -> Iterator[Objective]:
    """Every state object is in both buckets, the same (BER-DR-11); that of the recovery stack is in the copy only."""
    kept, objectives = recovery.state_backend, settings.recovery_objectives
    if kept is None or objectives is None:
        return
    compared = objects.compare(
        client("s3", settings.region), kept.bucket, client("s3", recovery.region), kept.replica_bucket,
        younger_than=now - timedelta(minutes=objectives.replication_lag_minutes),
    )  # fmt: skip
    yield Objective(
        store="state", place=ABROAD, what="objects, as in the bucket", expected=compared.source.shown,
        found=compared.found, met=compared.complete,
    )  # fmt: skip
