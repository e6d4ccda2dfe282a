"""Settings of the customer-managed KMS keys: which purposes share one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from settings.base import Section


class Purpose(StrEnum):
    """What is encrypted; each purpose is assigned to exactly one key."""

    DATABASE = "database"
    CACHE = "cache"
    STORAGE = "storage"
    SECRETS = "secrets"
    BACKUP = "backup"
    VOLUMES = "volumes"
    REGISTRY = "registry"
    LOGS = "logs"
    NOTIFICATIONS = "notifications"
    TRAIL = "trail"


DEFAULT_ASSIGNMENTS: dict[Purpose, str] = {
    Purpose.DATABASE: "data",
    Purpose.CACHE: "data",
    Purpose.STORAGE: "data",
    Purpose.SECRETS: "data",
    Purpose.BACKUP: "data",
    Purpose.VOLUMES: "data",
    Purpose.REGISTRY: "operations",
    Purpose.LOGS: "operations",
    Purpose.NOTIFICATIONS: "operations",
    Purpose.TRAIL: "operations",
}

RESERVED = ("recovery", "edge")
"""Names of the keys the program adds in other regions."""

KeyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$", examples=["data"])]


class KeysSettings(Section):
    """Customer-managed KMS keys (BER-IAM-03, FAC-IAM-06, ALL-19)."""

    assignments: dict[Purpose, KeyName] = Field(
        default_factory=lambda: dict(DEFAULT_ASSIGNMENTS), validate_default=True
    )
    """Purpose → name of the key that encrypts it. Purposes left out keep their default: patient data under `data`,
    operational data under `operations`."""
    deletion_window_days: Annotated[int, Field(ge=7, le=30)] = 30
    """Days between the request to delete a key and its deletion, 7 to 30 (OMN-DR-02)."""
    rotation_days: Annotated[int, Field(ge=90, le=365)] = 365
    """Days between automatic rotations of the key material, 90 to 365."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        given: object = values.get("assignments")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not isinstance(given, dict):
            return values  # pyright: ignore[reportUnknownVariableType]
        return {**values, "assignments": {**DEFAULT_ASSIGNMENTS, **given}}  # pyright: ignore[reportUnknownVariableType]

    @model_validator(mode="after")
    def _free_names(self) -> KeysSettings:
        for purpose, name in self.assignments.items():
            if name in RESERVED:
                raise ValueError(
                    f"assignments.{purpose}: expected a name other than {' or '.join(RESERVED)}, found {name}"
                )
        return self

    @property
    def names(self) -> list[str]:
        """The distinct keys, in the order their first purpose is declared."""
        return list(dict.fromkeys(self.assignments[purpose] for purpose in Purpose))

    def purposes(self, name: str) -> list[Purpose]:
        """The purposes assigned to key `name`."""
        return [purpose for purpose in Purpose if self.assignments[purpose] == name]
