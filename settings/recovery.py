"""Settings of recovery: copies in another region, backups, the state's second home."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import RegionName, Section

BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", examples=["clinic-pulumi-state"])]

_COLD_STORAGE_DAYS = 90


class BackupPlanSettings(Section):
    """AWS Backup of everything tagged as patient data (45 CFR 164.308(a)(7)(ii)(A))."""

    daily_hour: Annotated[int, Field(ge=0, le=23)] = 3
    """Hour of the daily backup, UTC; ends an hour before the database's own windows begin."""
    keep_days: Annotated[int, Field(ge=7, le=36_500)] = 35
    """Days a backup is kept."""
    cold_after_days: Annotated[int, Field(ge=1)] | None = None
    """Days until a backup moves to cold storage, at least 90 before its end; absent: never."""
    copy_keep_days: Annotated[int, Field(ge=7, le=36_500)] = 35
    """Days the copy in the recovery region is kept."""

    @model_validator(mode="after")
    def _cold(self) -> Self:
        if self.cold_after_days is not None and self.keep_days < self.cold_after_days + _COLD_STORAGE_DAYS:
            raise ValueError(
                f"keep_days: expected {_COLD_STORAGE_DAYS} days or more after cold_after_days "
                f"({self.cold_after_days}), found {self.keep_days}"
            )
        return self


class StateBackendSettings(Section):
    """The bucket that keeps this program's state, and its copy in the recovery region (BER-DR-05 to BER-DR-08)."""

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
    """What survives the loss of a region."""

    region: RegionName
    """Where copies are kept; the jurisdiction's other region by default (BER-N01)."""
    database_backups: bool = True
    """Whether the database's automated backups are replicated there, for recovery to within minutes (BER-DR-13)."""
    database_backup_days: Annotated[int, Field(ge=1, le=35)] = 7
    """Days the replicated backups are kept (BER-N30)."""
    backup_plan: BackupPlanSettings = BackupPlanSettings()
    """AWS Backup, with copies in the recovery region."""
    state_backend: StateBackendSettings | None = None
    """The program's own state; absent: kept elsewhere."""
