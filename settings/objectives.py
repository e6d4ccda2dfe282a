"""Recovery objectives: what a stack's RTO and RPO ask of its backups, and whether its settings can meet them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from settings.database import AuroraSettings, DatabaseSettings, RdsSettings
from settings.recovery import RecoverySettings
from settings.storage import BucketDataClass, StorageSettings

LOG_SHIPPING_MINUTES = 5
"""How far behind point-in-time recovery may be (Amazon RDS and Aurora user guides, "Restoring to a specified time")."""
REPLICATED_LOGS_MINUTES = 30
"""How far behind automated backups in another region may be (AWS Prescriptive Guidance, "Disaster recovery strategies
for Amazon RDS": 5 to 30 minutes)."""
REPLICATED_OBJECTS_MINUTES = 15
"""How far behind replicated objects may be (S3 User Guide, "S3 Replication Time Control")."""
COPY_MINUTES = 60
"""Time allowed for one backup to finish and its copy to arrive in the recovery region."""
START_MINUTES = 60
"""Time AWS Backup may take to start a job, the least it accepts."""
RESTORE_MINUTES = 60
"""Time a restored database needs before it serves; a standby in another zone takes over in 2 (BER-DR-01)."""
LONGEST_CONTINUOUS_DAYS = 35
"""Longest retention of continuous backups (AWS Backup Developer Guide, "Continuous backups")."""
_POINT_IN_TIME_BELOW_MINUTES = 60  # AWS Backup takes snapshots once an hour at most
_INTERVALS = (24, 12, 8, 6, 4, 3, 2, 1)


@dataclass(frozen=True, kw_only=True)
class Objectives:
    """What the objectives derive; minutes, hours or days as named.

    every_hours: interval of backups and of their copies.   continuous: whether buckets are also backed up continuously.
    retention_floor_days: least days any backup is kept.   database_copy_days: days of automated backups abroad.
    Ages at which an alarm is due: backup_age_minutes, copy_age_minutes of the newest backup and copy,
    restorable_age_minutes of the newest point the database can be restored to, replication_lag_minutes of objects.
    test_hours: hours a restored copy lives for its test, which is how long a restore may take.
    """

    every_hours: int
    continuous: bool
    retention_floor_days: int
    database_copy_days: int
    backup_age_minutes: int
    copy_age_minutes: int
    restorable_age_minutes: int
    replication_lag_minutes: int
    test_hours: int

    @property
    def start_hours(self) -> range:
        """Hours after the daily one at which backups start."""
        return range(0, 24, self.every_hours)


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """An objective the settings cannot meet: the key under `recovery`, what it must be, what it is, and why."""

    path: str
    expected: str
    found: str
    why: str = ""


def objectives(recovery: RecoverySettings, database: DatabaseSettings | None, storage: StorageSettings) -> Objectives:
    """What the objectives of a stack derive, for settings that `unmet` finds nothing against."""
    interval = recovery.backup_plan.every_hours or _interval(recovery, database, storage) or _INTERVALS[-1]
    continuous = recovery.backup_plan.continuous
    if continuous is None:
        continuous = recovery.rpo_minutes < _POINT_IN_TIME_BELOW_MINUTES
    age = interval * 60 + START_MINUTES + COPY_MINUTES
    return Objectives(
        every_hours=interval,
        continuous=continuous and bool(_patient_buckets(storage)),
        retention_floor_days=_retention_floor(database),
        database_copy_days=recovery.database_backup_days or _retention_floor(database),
        backup_age_minutes=age,
        copy_age_minutes=age + COPY_MINUTES,
        restorable_age_minutes=max(recovery.rpo_minutes, LOG_SHIPPING_MINUTES),
        replication_lag_minutes=REPLICATED_OBJECTS_MINUTES,
        test_hours=-(-recovery.rto_minutes // 60),
    )


def unmet(recovery: RecoverySettings, database: DatabaseSettings | None, storage: StorageSettings) -> Iterator[Unmet]:
    """Every objective the settings of the stack cannot meet, with the reason."""
    yield from _recovery_point(recovery, database)
    yield from _recovery_point_abroad(recovery, database, storage)
    yield from _recovery_time(recovery, database)
    yield from _retention(recovery, database, storage)


def _aurora(database: DatabaseSettings | None) -> bool:
    """Aurora's automated backups cannot be replicated to another region; those of RDS can."""
    return isinstance(database, AuroraSettings)


def _patient_buckets(storage: StorageSettings) -> list[str]:
    """Purposes of the buckets AWS Backup covers: those of patient data with versions, which it needs."""
    return [
        purpose
        for purpose, bucket in storage.buckets.items()
        if bucket.data_class is BucketDataClass.PHI and bucket.versioned
    ]


def _copied(recovery: RecoverySettings, database: DatabaseSettings | None, storage: StorageSettings) -> list[str]:
    """What reaches the recovery region only by copies of backups."""
    found = [f"storage.buckets.{name}" for name in _patient_buckets(storage) if not storage.buckets[name].wants_replica]
    if database is not None and (_aurora(database) or not recovery.database_backups):
        found.append("the database")
    return found


def _interval(recovery: RecoverySettings, database: DatabaseSettings | None, storage: StorageSettings) -> int | None:
    """Longest interval of backups whose copies meet the objective; None when none does."""
    if not _copied(recovery, database, storage):
        return _INTERVALS[0]
    return next((hours for hours in _INTERVALS if hours * 60 + COPY_MINUTES <= recovery.region_rpo_minutes), None)


def _retention_floor(database: DatabaseSettings | None) -> int:
    return 7 if database is None else database.backup_days


def _recovery_point(recovery: RecoverySettings, database: DatabaseSettings | None) -> Iterator[Unmet]:
    if database is not None and recovery.rpo_minutes < LOG_SHIPPING_MINUTES:
        yield Unmet(
            path="rpo_minutes",
            expected=f"{LOG_SHIPPING_MINUTES} or more",
            found=str(recovery.rpo_minutes),
            why=f"A database is restored to any point up to {LOG_SHIPPING_MINUTES} minutes ago.",
        )


def _recovery_point_abroad(
    recovery: RecoverySettings, database: DatabaseSettings | None, storage: StorageSettings
) -> Iterator[Unmet]:
    wanted, copied = recovery.region_rpo_minutes, _copied(recovery, database, storage)
    floors: list[tuple[int, str]] = []
    if copied:
        reason = f"Copies of hourly backups are the only way abroad for {', '.join(copied)}"
        if "the database" in copied and not _aurora(database):
            reason += "; set recovery.database_backups: true"
        floors.append((_INTERVALS[-1] * 60 + COPY_MINUTES, f"{reason}."))
    if database is not None and "the database" not in copied:
        floors.append((REPLICATED_LOGS_MINUTES, "Automated backups abroad may be that far behind."))
    if any(bucket.wants_replica for bucket in storage.buckets.values()):
        floors.append((REPLICATED_OBJECTS_MINUTES, "Replicated objects may be that far behind."))
    floor, why = max(floors, default=(0, ""))
    if wanted < floor:
        yield Unmet(path="region_rpo_minutes", expected=f"{floor} or more", found=str(wanted), why=why)
        return
    given, longest = recovery.backup_plan.every_hours, _interval(recovery, database, storage)
    if given is not None and longest is not None and given > longest:
        yield Unmet(
            path="backup_plan.every_hours",
            expected=f"{longest} or less",
            found=str(given),
            why=f"Copies every {given} hours lose more than region_rpo_minutes ({wanted}) of {', '.join(copied)}.",
        )


def _recovery_time(recovery: RecoverySettings, database: DatabaseSettings | None) -> Iterator[Unmet]:
    if database is None or recovery.rto_minutes >= RESTORE_MINUTES:
        return
    if isinstance(database, RdsSettings) and not database.multi_az:
        yield Unmet(
            path="rto_minutes",
            expected=f"{RESTORE_MINUTES} or more without database.multi_az",
            found=str(recovery.rto_minutes),
            why="The loss of a zone then means a restore.",
        )


def _retention(
    recovery: RecoverySettings, database: DatabaseSettings | None, storage: StorageSettings
) -> Iterator[Unmet]:
    plan, floor = recovery.backup_plan, _retention_floor(database)
    kept = [("backup_plan.keep_days", plan.keep_days), ("backup_plan.copy_keep_days", plan.copy_keep_days)]
    for path, days in kept:
        if days < floor:
            yield Unmet(
                path=path,
                expected=f"{floor} or more",
                found=str(days),
                why="Backups would end before the database's own (database.backup_days).",
            )
    lock = plan.lock
    if lock is None:
        return
    if objectives(recovery, database, storage).continuous:
        kept.append(("backup_plan.continuous", min(plan.keep_days, LONGEST_CONTINUOUS_DAYS)))
    for path, days in kept:
        if days < lock.min_days or (lock.max_days is not None and days > lock.max_days):
            most = "" if lock.max_days is None else f" to {lock.max_days}"
            yield Unmet(
                path=path,
                expected=f"backups kept for {lock.min_days}{most} days, which backup_plan.lock admits",
                found=f"{days} days",
                why="AWS Backup fails jobs outside it.",
            )
