"""Settings of the PostgreSQL database."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import DailyWindow, LogRetentionDays, Section, WeeklyWindow, daily_minutes, weekly_minutes
from settings.base import windows_overlap as overlap

SHORTEST_WINDOW_MINUTES = 30

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["clinic_admin"])]
"""A PostgreSQL name that needs no quotes and that RDS takes."""

_RESERVED_USERS = ("admin", "public", "rdsadmin", "user")
_RESERVED_PREFIXES = ("pg_", "rds_")


class DatabaseSettings(Section):
    """Amazon RDS for PostgreSQL: private, encrypted, in two zones."""

    engine_version: Annotated[str, Field(pattern=r"^\d{2}\.\d{1,2}$", examples=["17.11"])]
    """PostgreSQL version, major and minor; checked against what AWS offers before anything is created (BER-N02)."""
    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")] = "db.t4g.medium"
    """Size of the instances (BER-DB-02)."""
    storage_gib: Annotated[int, Field(ge=20, le=65_536)] = 100
    """Storage at the start, GiB (BER-DB-03)."""
    max_storage_gib: Annotated[int, Field(ge=20, le=65_536)] = 500
    """Where automatic growth of the storage ends, GiB (BER-DB-03)."""
    multi_az: bool = True
    """A synchronous standby in another zone: failover in 1 to 2 minutes without loss (BER-DB-04, BER-DR-01)."""
    backup_days: Annotated[int, Field(ge=7, le=35)] = 7
    """Days automated backups are kept, for recovery to any point in time (BER-DB-05)."""
    backup_window: DailyWindow = "06:00-07:00"
    """Daily window of the automated backup, UTC."""
    maintenance_window: WeeklyWindow = "sun:08:00-sun:09:00"
    """Weekly window of maintenance, UTC; never overlaps the backup window (ALL-14)."""
    auto_minor_version_upgrade: bool = True
    """Whether AWS installs minor versions in the maintenance window (BER-DB-10)."""
    database_name: Identifier | None = None
    """Name of the first database; default: the system's name."""
    username: Identifier | None = None
    """Administrative user; default: `<system>_admin` (BER-DB-08)."""
    port: Annotated[int, Field(ge=1150, le=65_535)] = 5432
    """Port it listens on."""
    iam_authentication: bool = True
    """Whether people may sign in with short-lived IAM tokens instead of a password."""
    audit: bool = True
    """Whether pgAudit records changes of data definitions, roles and writes."""
    insights_days: Annotated[int, Field(ge=7, le=731)] = 7
    """Days of performance history; 7, or a multiple of 31 (BER-DB-07, BER-N23)."""
    monitoring_seconds: Annotated[int, Field(ge=1, le=60)] = 60
    """Interval of operating-system metrics: 1, 5, 10, 15, 30 or 60 seconds."""
    log_days: LogRetentionDays = 365
    """Days the engine's logs are kept (ALL-10)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.max_storage_gib < self.storage_gib * 1.1:
            raise ValueError(
                f"max_storage_gib: expected at least 10 % above storage_gib ({self.storage_gib}), "
                f"found {self.max_storage_gib}"
            )
        if self.monitoring_seconds not in (1, 5, 10, 15, 30, 60):
            raise ValueError(f"monitoring_seconds: expected 1, 5, 10, 15, 30 or 60, found {self.monitoring_seconds}")
        if self.insights_days != 7 and self.insights_days != 731 and self.insights_days % 31:
            raise ValueError(f"insights_days: expected 7, 731 or a multiple of 31, found {self.insights_days}")
        if self.username is not None and (
            self.username in _RESERVED_USERS or self.username.startswith(_RESERVED_PREFIXES)
        ):
            reserved = ", ".join((*_RESERVED_USERS, *(f"{prefix}…" for prefix in _RESERVED_PREFIXES)))
            raise ValueError(f"username: expected a name that RDS does not keep for itself ({reserved})")
        require_windows(self.backup_window, self.maintenance_window, "backup_window")
        return self

    @property
    def major_version(self) -> str:
        """The version that decides the parameter group's family."""
        return self.engine_version.split(".")[0]


def require_windows(daily: str, weekly: str, daily_name: str) -> None:
    """ValueError when AWS would refuse a pair of windows: too short, or overlapping (ALL-14)."""
    for name, minutes in ((daily_name, daily_minutes(daily)), ("maintenance_window", weekly_minutes(weekly))):
        if minutes < SHORTEST_WINDOW_MINUTES:
            raise ValueError(f"{name}: expected {SHORTEST_WINDOW_MINUTES} minutes or more, found {minutes}")
    if overlap(daily, weekly):
        raise ValueError(f"maintenance_window: expected no overlap with {daily_name} {daily}, found {weekly}")
