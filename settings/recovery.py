"""Settings of recovery: copies in another region, backups, the state's second home."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from settings.base import RegionName, Section
from settings.observability import LockMode

BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", examples=["clinic-pulumi-state"])]

_COLD_STORAGE_DAYS = 90


def state_bucket(system: str, account: str) -> str:
    """The bucket of state that `phi backend create` makes; environments of a system in one account share it."""
    return f"{system}-pulumi-state-{account}"


def state_alias(system: str) -> str:
    """Alias of the key that state's secrets, and that bucket, are encrypted with."""
    return f"alias/{system}-pulumi-state"


class RestoreTestInterval(StrEnum):
    """How often AWS Backup restores something to see that it can."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


class VaultLockSettings(Section):
    """Nobody shortens or deletes what is in the vaults (AWS Backup Developer Guide, "AWS Backup Vault Lock")."""

    mode: LockMode = LockMode.GOVERNANCE
    """`GOVERNANCE`: a special permission can lift the lock; `COMPLIANCE`: after `cooling_days` nobody can, ever."""
    min_days: Annotated[int, Field(ge=1, le=36_500)] = 7
    """Least days a backup may be kept; jobs that ask for less fail."""
    max_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """Most days a backup may be kept; jobs that ask for more fail. Absent: no limit."""
    cooling_days: Annotated[int, Field(ge=3, le=36_500)] = 3
    """Days after which a `COMPLIANCE` lock becomes final."""

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.max_days is not None and self.max_days < self.min_days:
            raise ValueError(f"max_days: expected min_days ({self.min_days}) or more, found {self.max_days}")
        return self


class RestoreTestingSettings(Section):
    """Restores AWS Backup does by itself and deletes again, as proof that backups work (FAC-DR-06)."""

    every: RestoreTestInterval = RestoreTestInterval.QUARTERLY
    """`weekly`, `monthly` or `quarterly`."""
    hour: Annotated[int, Field(ge=0, le=23)] = 12
    """Hour the test starts, UTC."""
    start_window_hours: Annotated[int, Field(ge=1, le=168)] = 24
    """Hours within which it must have started."""


class BackupPlanSettings(Section):
    """AWS Backup of everything tagged as patient data (45 CFR 164.308(a)(7)(ii)(A))."""

    daily_hour: Annotated[int, Field(ge=0, le=23)] = 3
    """Hour of the daily backup, UTC; ends an hour before the database's own windows begin."""
    every_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24] | None = None
    """Hours between backups and their copies. Default: the longest interval that meets `region_rpo_minutes` for what
    reaches the recovery region by no other way, else 24."""
    continuous: bool | None = None
    """Whether buckets of patient data can be restored to any second of the last 35 days. Default: yes when
    `rpo_minutes` is below 60. Databases always can, by their own automated backups."""
    keep_days: Annotated[int, Field(ge=7, le=36_500)] = 35
    """Days a backup is kept; not fewer than `database.backup_days`."""
    cold_after_days: Annotated[int, Field(ge=1)] | None = None
    """Days until a backup moves to cold storage, at least 90 before its end; absent: never."""
    copy_keep_days: Annotated[int, Field(ge=7, le=36_500)] = 35
    """Days the copy in the recovery region is kept; not fewer than `database.backup_days`."""
    lock: VaultLockSettings | None = VaultLockSettings()
    """Lock of both vaults; null: none."""

    @model_validator(mode="after")
    def _cold(self) -> Self:
        if self.cold_after_days is not None and self.keep_days < self.cold_after_days + _COLD_STORAGE_DAYS:
            raise ValueError(
                f"keep_days: expected {_COLD_STORAGE_DAYS} days or more after cold_after_days "
                f"({self.cold_after_days}), found {self.keep_days}"
            )
        return self


class SnapshotCopiesSettings(Section):
    """Copies of the database's automated snapshots in the recovery region, made by a function (BER-DR-13)."""

    every_hours: Annotated[int, Field(ge=1, le=24)] = 1
    """Hours between looks for a new snapshot; RDS takes one a day, so most find nothing to do."""
    keep: Annotated[int, Field(ge=1, le=100)] = 7
    """Copies kept; the newest is never removed (BER-N30)."""


class StateBackendSettings(Section):
    """The bucket that keeps this program's state, and its copy in the recovery region (BER-DR-05 to 08)."""

    bucket: BucketName
    """The primary bucket."""
    replica_bucket: BucketName
    """The bucket in the recovery region."""
    role_name: Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,64}$")] = "S3TerraformStateReplicationRole"
    """Name of the role S3 replicates with (BER-DR-08)."""

    @model_validator(mode="after")
    def _two_buckets(self) -> Self:
        if self.bucket == self.replica_bucket:
            raise ValueError(f"replica_bucket: expected another name than bucket, found {self.bucket}")
        return self


class RecoverySettings(Section):
    """What survives the loss of a zone or a region, how soon, and with how much loss."""

    region: RegionName
    """Where copies are kept; the jurisdiction's other region by default (BER-N01, FAC-N17)."""
    rto_minutes: Annotated[int, Field(ge=15, le=10_080)] = 240
    """Recovery time objective, minutes until service is back (FAC-DR-01, MSP-N15, LWO-N13, OMN-N12: 240;
    BER-DR-03: 45). Restored copies of restore tests live as long."""
    rpo_minutes: Annotated[int, Field(ge=1, le=10_080)] = 5
    """Recovery point objective within the region, minutes of data that may be lost (FAC-DR-01, MSP-N15, LWO-N13,
    OMN-N12: 5)."""
    region_rpo_minutes: Annotated[int, Field(ge=1, le=10_080)] = 1440
    """Recovery point objective after the loss of the region, minutes (BER-DR-04: 1,440; FAC-N17). Derives the interval
    of copies; what the settings cannot meet is refused."""
    database_backups: bool = True
    """Whether the database's automated backups are replicated there, for recovery to within minutes (BER-DR-13)."""
    database_backup_days: Annotated[int, Field(ge=1, le=35)] | None = None
    """Days the replicated backups are kept. Default: as many as `database.backup_days` (BER-N30)."""
    snapshot_copies: SnapshotCopiesSettings | None = None
    """Copies of the database's daily snapshots there, which a recovery stack is restored from; absent: none
    (BER-DR-13, FAC-DR-05)."""
    backup_plan: BackupPlanSettings = BackupPlanSettings()
    """AWS Backup, with copies in the recovery region."""
    restore_testing: RestoreTestingSettings | None = RestoreTestingSettings()
    """Restore tests of what AWS Backup keeps; null: none."""
    stack: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]], examples=[
        {"database": {"instance_class": "db.m6g.large"}}
    ])  # fmt: skip
    """What a recovery stack has otherwise: sections and their keys as in a stack file, such as an instance class where
    the other region does not offer the same. `phi dr plan` checks them."""
    state_backend: StateBackendSettings | None = None
    """The program's own state; absent: kept elsewhere."""
