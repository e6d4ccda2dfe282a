"""Settings of the PostgreSQL database: an Amazon RDS instance, or an Aurora Serverless v2 cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import Discriminator, Field, Tag, model_validator

from settings.base import DailyWindow, LogRetentionDays, Section, WeeklyWindow, daily_minutes, weekly_minutes
from settings.base import windows_overlap as overlap

SHORTEST_WINDOW_MINUTES = 30
LONGEST_MASTER_NAME = 16
MANAGED_ROTATION_DAYS = 30
INSIGHTS_ACU = 2
LONGEST_NAME = 63
SECOND_USER = "_second"
"""What the other of the application's two users has at the end of its name, where passwords are rotated here."""

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["clinic_admin"])]
"""A PostgreSQL name that needs no quotes and that RDS takes."""

EngineVersion = Annotated[str, Field(pattern=r"^\d{2}\.\d{1,2}$", examples=["17.11"])]
"""PostgreSQL version, major and minor."""

Acu = Annotated[float, Field(ge=0.5, le=256, multiple_of=0.5)]
"""Aurora capacity units: about 2 GiB of memory each, with the processor and network that go with it."""

_KEPT_USERS = frozenset(("admin", "public", "rdsadmin"))
_KEPT_PREFIXES = ("pg_", "rds_")
_RESERVED_TEXT = (
    "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create "
    "current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc "
    "distinct do else end except false fetch for foreign from grant group having in initially intersect into lateral "
    "leading limit localtime localtimestamp not null offset on only or order placing primary references returning "
    "select session_user some symmetric system_user table then to trailing true union unique user using variadic when "
    "where window with"
)
_RESERVED_WORDS = frozenset(_RESERVED_TEXT.split())
"""Words PostgreSQL reserves (PostgreSQL documentation, appendix C, "SQL Key Words")."""


class SnapshotSettings(Section):
    """The snapshot a database begins as, with its data and users (BER-DR-19). Only looked at when it is created."""

    identifier: Annotated[
        str, Field(pattern=r"^(arn:aws:rds:[a-z0-9-]+:\d{12}:(cluster-)?snapshot:)?[A-Za-z][A-Za-z0-9:-]{0,254}$")
    ]
    """Name, or ARN, of a snapshot in the stack's region."""
    kms_key_arn: Annotated[str, Field(pattern=r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$")]
    """Key it is encrypted with. The database keeps it: RDS restores under no other."""


class PostgresqlSettings(Section):
    """What an RDS instance and an Aurora cluster have in common: private, encrypted, TLS only, backed up."""

    _administrator: ClassVar[str]

    engine_version: EngineVersion
    """PostgreSQL version, major and minor; checked against what AWS offers before anything is created (ALL-02, BER-N02,
    MSP-N01, OMN-N01)."""
    snapshot: SnapshotSettings | None = None
    """Snapshot it is restored from; absent: it begins empty."""
    backup_days: Annotated[int, Field(ge=7, le=35)] = 7
    """Days automated backups are kept, for recovery to any point in time (BER-DB-05, MSP-DB-07, OMN-DB-05)."""
    backup_window: DailyWindow = "06:00-07:00"
    """Daily window of the automated backup, UTC."""
    maintenance_window: WeeklyWindow = "sun:08:00-sun:09:00"
    """Weekly window of maintenance, UTC; never overlaps the backup window (ALL-14, FAC-DB-10)."""
    auto_minor_version_upgrade: bool = True
    """Whether AWS installs minor versions in the maintenance window (BER-DB-10); write the version it has moved to
    into `engine_version` afterwards."""
    database_name: Identifier | None = None
    """Name of the first database; default: the system's name."""
    username: Identifier | None = None
    """Administrative user, of at most 16 characters (FAC-N14, LWO-N06). Default: `<system>_admin` on RDS, its first
    part cut to fit (BER-DB-08); `postgres` on Aurora (MSP-DB-05, OMN-DB-11)."""
    application_username: Identifier | None = None
    """User the application signs in as, with a secret of its own; it is created in the database, with its grants, by
    `phi database` (FAC-DB-08, FAC-IAM-08). Absent: the application uses the administrative user."""
    managed_password: bool = False
    """Whether RDS itself generates, keeps and rotates the administrator's password, in a secret it names `rds!…`
    (MSP-N26, LWO-IAM-07, OMN-N13). False: it is generated here, and kept in a secret named by `naming`."""
    rotation_days: Annotated[int, Field(ge=1, le=365)] | None = None
    """Days between rotations of the administrator's password, and of the application's where both are generated here: a
    function of this program changes them then (OMN-IAM-09, OMN-N13). Default: 30 with `managed_password` (MSP-N26),
    else never."""
    port: Annotated[int, Field(ge=1150, le=65_535)] = 5432
    """Port it listens on."""
    iam_authentication: bool = True
    """Whether people may sign in with short-lived IAM tokens instead of a password."""
    audit: bool = True
    """Whether pgAudit records changes of data definitions, roles and writes (FAC-DB-13)."""
    insights_days: Annotated[int, Field(ge=7, le=731)] = 7
    """Days of performance history; 7, or a multiple of 31 (BER-DB-07, BER-N23, OMN-DB-08)."""
    monitoring_seconds: Annotated[int, Field(ge=1, le=60)] = 60
    """Interval of operating-system metrics: 1, 5, 10, 15, 30 or 60 seconds (LWO-DB-04)."""
    log_days: LogRetentionDays = 365
    """Days the engine's logs are kept (ALL-10, OMN-N16)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.monitoring_seconds not in (1, 5, 10, 15, 30, 60):
            raise ValueError(f"monitoring_seconds: expected 1, 5, 10, 15, 30 or 60, found {self.monitoring_seconds}")
        if self.insights_days != 7 and self.insights_days != 731 and self.insights_days % 31:
            raise ValueError(f"insights_days: expected 7, 731 or a multiple of 31, found {self.insights_days}")
        self._names()
        require_windows(self.backup_window, self.maintenance_window, "backup_window")
        return self

    def _names(self) -> None:
        for key, name in (("username", self.username), ("application_username", self.application_username)):
            if name is not None and (name in _KEPT_USERS | _RESERVED_WORDS or name.startswith(_KEPT_PREFIXES)):
                kept = ", ".join((*sorted(_KEPT_USERS), *(f"{prefix}…" for prefix in _KEPT_PREFIXES)))
                raise ValueError(
                    f"{key}: expected a name that neither RDS ({kept}) nor PostgreSQL keeps for itself, found {name}"
                )
        if self.database_name in _RESERVED_WORDS:
            raise ValueError(f"database_name: expected no word PostgreSQL reserves, found {self.database_name}")
        if self.username is not None and len(self.username) > LONGEST_MASTER_NAME:
            raise ValueError(
                f"username: expected {LONGEST_MASTER_NAME} characters or fewer, which is what RDS documents (FAC-N14), "
                f"found {self.username} ({len(self.username)})"
            )
        longest = LONGEST_NAME - len(SECOND_USER)
        if self.rotates_own and self.application_username is not None and len(self.application_username) > longest:
            raise ValueError(
                f"application_username: expected {longest} characters or fewer with rotation_days, because a second "
                f"user takes turns with it, found {self.application_username} ({len(self.application_username)})"
            )
        if self.username is not None and self.username == self.application_username:
            raise ValueError(f"application_username: expected another user than username, found {self.username}")

    @property
    def major_version(self) -> str:
        """The version that decides the parameter group's family."""
        return self.engine_version.split(".")[0]

    @property
    def rotated_every_days(self) -> int | None:
        """Days between rotations of the administrator's password; None: it is not rotated."""
        return self.rotation_days or (MANAGED_ROTATION_DAYS if self.managed_password else None)

    @property
    def rotates_own(self) -> bool:
        """Whether a function of this program rotates the passwords generated here."""
        return self.rotation_days is not None and not self.managed_password

    def named(self, system: str) -> str:
        """Name of the first database."""
        return self.database_name or system.replace("-", "_")

    def administrator(self, system: str) -> str:
        """Administrative user."""
        room = LONGEST_MASTER_NAME - len(self._administrator.format(system=""))
        return self.username or self._administrator.format(system=system.replace("-", "_")[:room])


class RdsSettings(PostgresqlSettings):
    """Amazon RDS for PostgreSQL: one instance, with a standby in another zone."""

    _administrator: ClassVar[str] = "{system}_admin"

    engine: Literal["postgres"] = "postgres"
    """`postgres`: an RDS instance.   `aurora-postgresql`: an Aurora Serverless v2 cluster."""
    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")] = "db.t4g.medium"
    """Size of the instances (BER-DB-02, FAC-DB-02, LWO-DB-01)."""
    storage_gib: Annotated[int, Field(ge=20, le=65_536)] = 100
    """Storage at the start, GiB (BER-DB-03, FAC-DB-03)."""
    max_storage_gib: Annotated[int, Field(ge=20, le=65_536)] = 500
    """Where automatic growth of the storage ends, GiB (BER-DB-03)."""
    multi_az: bool = True
    """A synchronous standby in another zone: failover in 1 to 2 minutes without loss (BER-DB-04, FAC-DB-12, LWO-DB-02).
    """
    read_replicas: Annotated[int, Field(ge=0, le=15)] = 0
    """Copies that answer queries and lag a little behind; none by default, and none with `managed_password`
    (LWO-DB-07)."""

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.max_storage_gib < self.storage_gib * 1.1:
            raise ValueError(
                f"max_storage_gib: expected at least 10 % above storage_gib ({self.storage_gib}), "
                f"found {self.max_storage_gib}"
            )
        if self.managed_password and self.read_replicas:
            raise ValueError(
                "managed_password: expected false with read_replicas, because RDS makes no replica of a database whose "
                "password it keeps; give rotation_days instead"
            )
        return self


class AuroraSettings(PostgresqlSettings):
    """Amazon Aurora PostgreSQL, Serverless v2: storage over three zones, a writer, and readers that take over."""

    _administrator: ClassVar[str] = "postgres"

    engine: Literal["aurora-postgresql"]
    """`postgres`: an RDS instance.   `aurora-postgresql`: an Aurora Serverless v2 cluster."""
    min_acu: Acu = 0.5
    """Least capacity of each instance, ACU; performance history wants 2 or more (MSP-DB-02, OMN-DB-02, OMN-N14)."""
    max_acu: Annotated[Acu, Field(ge=1)] = 4
    """Most capacity of each instance, ACU; it decides how many connections fit (MSP-DB-02, OMN-DB-02)."""
    readers: Annotated[int, Field(ge=0, le=15)] = 1
    """Instances beside the writer. The first scales with the writer and takes over from it (promotion tier 1); others
    scale by their own load (MSP-DB-03, MSP-N25, OMN-N04)."""

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.min_acu > self.max_acu:
            raise ValueError(f"max_acu: expected min_acu ({self.min_acu:g}) or more, found {self.max_acu:g}")
        return self


def _engine(values: Any) -> str:
    """Which of the two a section describes; a mistyped engine is judged as the one it resembles."""
    if isinstance(values, Mapping):
        named = cast("Mapping[str, object]", values).get("engine", "postgres")
    else:
        named = getattr(values, "engine", "postgres")
    return "aurora-postgresql" if "aurora" in str(named) else "postgres"


DatabaseSettings = Annotated[
    Annotated[RdsSettings, Tag("postgres")] | Annotated[AuroraSettings, Tag("aurora-postgresql")],
    Discriminator(_engine),
]
"""The database of a stack; `engine` decides which keys it has."""


def require_windows(daily: str, weekly: str, daily_name: str) -> None:
    """ValueError when AWS would refuse a pair of windows: too short, or overlapping (ALL-14)."""
    for name, minutes in ((daily_name, daily_minutes(daily)), ("maintenance_window", weekly_minutes(weekly))):
        if minutes < SHORTEST_WINDOW_MINUTES:
            raise ValueError(f"{name}: expected {SHORTEST_WINDOW_MINUTES} minutes or more, found {minutes}")
    if overlap(daily, weekly):
        raise ValueError(f"maintenance_window: expected no overlap with {daily_name} {daily}, found {weekly}")
