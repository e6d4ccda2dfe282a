"""Settings of application secrets: what is generated, signed, supplied by people, or assembled from outputs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import Section

SecretPath = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*(/[a-z0-9-]+)*$", max_length=60, examples=["auth0/login"])]
"""What a secret is; becomes its name by `naming.secret`, or has one of its own in `naming.secret_names`."""

FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$", examples=["client_id"])]
"""A field of a secret whose value is a JSON object."""

Version = Annotated[int, Field(ge=1, le=1_000_000)]

Reference = Annotated[
    str,
    Field(
        pattern=r"^(bucket\.[a-z][a-z0-9-]*|(database|cache)\.(host|port)|database\.(name|reader_host)|region)$",
        examples=["bucket.uploads"],
    ),
]
"""A value this system has: `bucket.<purpose>`, `database.host`, `database.reader_host`, `database.port`,
`database.name`, `cache.host`, `cache.port` or `region`."""


SecretReference = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9/-]*(#[A-Za-z_][A-Za-z0-9_]*)?$", examples=["auth0/login#client_secret"])
]
"""How a service names a secret: `path`, or `path#field` where the secret has fields."""


class Characters(StrEnum):
    """What a generated value is made of."""

    LETTERS_AND_DIGITS = "letters-and-digits"
    HEXADECIMAL = "hexadecimal"


class GeneratedSettings(Section):
    """A random value, drawn once, that nobody sees (OMN-IAM-06, LWO-IAM-06)."""

    length: Annotated[int, Field(ge=20, le=256)] = 64
    """Characters; even for hexadecimal ones, which hold half as many random bytes (FAC-DB-14)."""
    characters: Characters = Characters.LETTERS_AND_DIGITS
    """What it is made of; letters and digits fit into URLs (ALL-04)."""
    field: FieldName | None = None
    """Name of the field it is kept under. Absent: the whole secret is the value."""
    description: Annotated[str, Field(min_length=3, max_length=200)] = "Generated for the application"
    """What it opens, for people."""
    version: Version = 1
    """Raise it to draw another value: the manual rotation. Everything signed with the old one becomes invalid, and
    running tasks keep the old one until they start again (LWO-N10, OMN-N13)."""

    @model_validator(mode="after")
    def _whole_bytes(self) -> Self:
        if self.characters is Characters.HEXADECIMAL and self.length % 2:
            raise ValueError(f"length: expected an even number of hexadecimal characters, found {self.length}")
        return self


class TokenSettings(Section):
    """A JSON Web Token signed with a generated secret, HS256, as Supabase's anon and service keys are (OMN-N02)."""

    signed_with: SecretPath
    """The secret under `generated` whose value signs it."""
    role: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["service_role"])]
    """Claim `role`: the database role its bearer acts as."""
    issuer: Annotated[str, Field(min_length=1, max_length=200)] = "supabase"
    """Claim `iss`."""
    issued: date
    """Claim `iat`: midnight UTC of this day. A fixed day, so that the token changes only when its settings do."""
    valid_days: Annotated[int, Field(ge=1, le=3660)] = 3650
    """Days from `issued` to the claim `exp`."""
    field: FieldName | None = None
    """Name of the field it is kept under. Absent: the whole secret is the token."""
    description: Annotated[str, Field(min_length=3, max_length=200)] = "Signed token of the application"
    """What it opens, for people."""


class SuppliedSettings(Section):
    """A secret whose value people supply with `phi secrets set`; the program makes the place, and never writes to it
    (FAC-IAM-10, FAC-IAM-11, FAC-N29)."""

    fields: Annotated[tuple[FieldName, ...], Field(min_length=1)]
    """The fields its value must have."""
    description: Annotated[str, Field(min_length=3, max_length=200)] = "Supplied by the operator"
    """What it opens, for people."""


class AssembledSettings(Section):
    """A secret that tells the application where things are (FAC-IAM-12)."""

    fields: Annotated[dict[FieldName, Reference], Field(min_length=1)]
    """Field → what it refers to."""
    description: Annotated[str, Field(min_length=3, max_length=200)] = "Where things of this system are"
    """What it holds, for people."""


class SecretsSettings(Section):
    """Application secrets, encrypted with the key of secrets, readable by tasks and instances (FAC-IAM-07, OMN-IAM-09).

    A path is in one of the four lists. Only database passwords rotate by themselves (LWO-N10, OMN-N13).
    """

    recovery_days: Annotated[int, Field(ge=7, le=30)] = 30
    """Days a deleted secret can be restored, and its name is blocked: of all secrets, the database's and the cache's
    too (OMN-IAM-09, OMN-DR-02, ALL-21)."""
    generated: dict[SecretPath, GeneratedSettings] = Field(default_factory=dict)
    """Path → random value."""
    tokens: dict[SecretPath, TokenSettings] = Field(default_factory=dict)
    """Path → signed token."""
    supplied: dict[SecretPath, SuppliedSettings] = Field(default_factory=dict)
    """Path → secret whose value people supply."""
    assembled: dict[SecretPath, AssembledSettings] = Field(default_factory=dict)
    """Path → secret made of names and addresses of this system."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        problems = [
            f"tokens.{path}.signed_with: expected one of {', '.join(self.generated) or 'the paths of generated'}, "
            f"found {token.signed_with}"
            for path, token in self.tokens.items()
            if token.signed_with not in self.generated
        ]
        lists: dict[str, str] = {}
        for name, paths in (
            ("generated", self.generated),
            ("tokens", self.tokens),
            ("supplied", self.supplied),
            ("assembled", self.assembled),
        ):
            for path in paths:
                other = lists.setdefault(path, name)
                if other != name:
                    problems.append(f"{name}.{path}: expected every path once, found it under {other} too")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def paths(self) -> list[str]:
        """Every secret of the application."""
        return [*self.generated, *self.tokens, *self.supplied, *self.assembled]

    def fields(self, path: str) -> tuple[str, ...]:
        """The fields of a secret; empty when its whole text is the value."""
        if path in self.supplied:
            return self.supplied[path].fields
        if path in self.assembled:
            return tuple(self.assembled[path].fields)
        one = self.generated[path].field if path in self.generated else self.tokens[path].field
        return () if one is None else (one,)

    def references(self) -> Iterator[tuple[str, str]]:
        """(key in this section, reference) of every assembled field."""
        for path, secret in self.assembled.items():
            for field, reference in secret.fields.items():
                yield f"assembled.{path}.fields.{field}", reference


def split_reference(reference: str) -> tuple[str, str | None]:
    """Path and field of a `SecretReference`; no field: the whole secret."""
    path, _, field = reference.partition("#")
    return path, field or None
