"""Where a component lives and what everything in it is called and tagged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING

from settings.naming import NamingSettings

if TYPE_CHECKING:
    import pulumi

_DIGEST = 8
_LONGEST_PART = 61  # settings.naming.PartName


class DataClass(StrEnum):
    """How sensitive what a resource holds is; the value of the `DataClass` tag."""

    PHI = "phi"
    PII = "pii"
    INTERNAL = "internal"
    PUBLIC = "public"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The facts every component shares: system, environment, account, region, tags.

    system: the product's name, first part of physical names (`berthcare`).
    environment: `development`, `staging` or `production`.
    region: home region of the stack.   account_id: the twelve digits of the account.
    protect: whether stores of patient data refuse deletion and replacement.
    tags: tags of every resource (`Project`, `Environment`, `ManagedBy`, `CostCenter`, ...; ALL-11).
    naming: patterns of physical names, and names that follow none.
    boundary: ARN of the permissions boundary every role carries, or None (OMN-N10).
    """

    system: str
    environment: str
    region: str
    account_id: str
    protect: bool
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    naming: NamingSettings = field(default_factory=NamingSettings)
    boundary: pulumi.Input[str] | None = None

    def name(self, part: str, *, kind: str = "", limit: int = 63) -> str:
        """Physical name of a part, `<system>-<environment>-<part>` by default, of at most `limit` characters.

        kind: what tells resources of one part apart in `naming.names`: `service/api`, then `api` (LWO-CMP-02).
        A name over the limit keeps its beginning and ends in a digest of the whole, so two long names never collide.
        Source: BER-TAG-02, OMN-TAG-02.
        """
        names = self.naming.names
        full = names.get(f"{kind}/{part}") or names.get(part) or self._filled(self.naming.resource, part)
        if len(full) <= limit:
            return full
        digest = sha256(full.encode()).hexdigest()[:_DIGEST]
        return f"{full[: limit - _DIGEST - 1].rstrip('-')}-{digest}"

    def name_patterns(self, *, limit: int = 63) -> list[str]:
        """Patterns (`*`, `?`) of IAM documents that together match whatever `name` returns with this limit.

        A pattern that begins with the part (`{part}-{system}`) says whose a name is only by its end, so shortened
        names, which lose it, are not matched: give such names in `naming.names`.
        """
        full = self._filled(self.naming.resource, "*")
        start, _, end = full.partition("*")
        kept = limit - _DIGEST - 1
        found = [full]
        if not end:
            found = [f"{start if len(start) <= kept else start[:kept].rstrip('-')}*"]
        elif start and len(start) + _LONGEST_PART + len(end) > limit:
            short = start[:kept]  # shortened names have one length, or one less where a hyphen was cut
            found += [f"{short}{'?' * (length - len(short))}-{'?' * _DIGEST}" for length in (kept, kept - 1)]
        for part in self.naming.names:
            name = self.name(part, limit=limit)
            if not any(fnmatchcase(name, pattern) for pattern in found):
                found.append(name)
        return found

    def bucket_patterns(self) -> list[str]:
        """Patterns that match every name `bucket` gives, and those of copies in the recovery region."""
        return [f"{name}*" for name in (self.bucket("*"), *self.naming.bucket_names.values())]

    def secret_patterns(self) -> list[str]:
        """Patterns of the last part of every secret's ARN, where Secrets Manager adds a hyphen and six characters."""
        return [f"{name}-??????" for name in (self.secret("*"), *self.naming.secret_names.values())]

    def bucket(self, purpose: str) -> str:
        """Physical name of a bucket, `<system>-<purpose>-<environment>` by default (BER-TAG-02, BER-STO-11)."""
        return self.naming.bucket_names.get(purpose) or self._filled(self.naming.bucket, purpose)

    def secret(self, path: str) -> str:
        """Physical name of a secret, `<system>/<environment>/<path>` by default."""
        return self.naming.secret_names.get(path) or self._filled(self.naming.secret, path)

    @property
    def secret_prefix(self) -> str:
        """What the names of all secrets begin with that follow the pattern."""
        return self.secret("*").partition("*")[0]

    def _filled(self, pattern: str, part: str) -> str:
        word = self.naming.environment or self.environment
        return pattern.format(system=self.system, environment=word, part=part, account=self.account_id)

    def tagged(self, data_class: DataClass, name: str, **more: str) -> dict[str, str]:
        """Tags of one resource: the stack's, its data class and its `Name`, then `more`."""
        return {**self.tags, "DataClass": data_class.value, "Name": name, **more}

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """ARN of a resource whose name is known before it exists, so documents can be judged at preview."""
        return f"arn:aws:{service}:{self.region if region is None else region}:{self.account_id}:{resource}"
