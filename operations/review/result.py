"""The result of a review: what an update would change, what the policies say, and a digest of both sides' agreement."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from operations.mistakes import Mistake
from operations.outputs import text_of

VERSION = 1

Operation = Literal["create", "import", "update", "replace", "delete", "read"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Property(_Model):
    """A property that changes.

    path: in the provider's names, `rules[0].expiration.days`.   before, after: as a person may see them; None where it
    is not set.   replaces: whether it is why the resource is replaced.
    """

    path: str
    before: Any
    after: Any
    replaces: bool = False


class Change(_Model):
    """What happens to one resource.

    id: what AWS knows it by, before.   data_store: what data is at stake, for types that hold data.   retained: whether
    it stays in AWS when it leaves the stack.   protected: whether Pulumi refuses to delete it.
    digest: SHA-256 over what is done, with the values, in hex.
    """

    urn: str
    type: str
    name: str
    operation: Operation
    id: str | None = None
    data_store: str | None = None
    retained: bool = False
    protected: bool = False
    properties: tuple[Property, ...] = ()
    digest: str

    @property
    def loses_data(self) -> bool:
        return self.data_store is not None and self.operation in ("replace", "delete") and not self.retained


class Finding(_Model):
    """What a policy says of one resource, or of the stack."""

    rule: str
    mandatory: bool
    severity: str
    urn: str
    name: str
    message: str
    safeguard: str = ""
    fix: str = ""
    url: str = ""

    @property
    def waived(self) -> bool:
        """Whether `policies/waivers.yaml` excuses it, as the pack says in the message."""
        return self.message.startswith("waived: ")


class Review(_Model):
    """A preview, read for a reviewer.

    unchanged: how many resources stay as they are.   outputs: the stack outputs that change.   packs: the policy packs
    that judged, and their versions.   problems: why the preview cannot be deployed, besides findings.
    cost: the difference it makes in a month, in words; None where it is not known.
    """

    version: Literal[1] = VERSION
    stack: str
    digest: str
    failed: bool
    unchanged: int
    changes: tuple[Change, ...]
    outputs: tuple[Property, ...] = ()
    findings: tuple[Finding, ...] = ()
    packs: dict[str, str]
    problems: tuple[str, ...] = ()
    cost: str | None = None

    @property
    def losses(self) -> list[Change]:
        """The changes that lose data."""
        return [change for change in self.changes if change.loses_data]

    @property
    def mandatory(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.mandatory]

    def count(self, operation: Operation) -> int:
        return sum(change.operation == operation for change in self.changes)


def digest(value: Any) -> str:
    """SHA-256 of plain data, in hex; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def load(file: Path) -> Review:
    """A review that `phi review --save` has written. Raises Mistake when the file holds none."""
    try:
        return Review.model_validate_json(text_of(file))
    except ValidationError as error:
        raise Mistake(
            f"{file}: expected a review as `phi review STACK --save` writes it, found something else "
            f"({error.error_count()} problems, first: {error.errors()[0]['msg']})."
        ) from None


def differences(reviewed: Review, now: Review) -> list[str]:
    """What a fresh preview proposes that the reviewed one did not, and the other way round, a line each."""
    before = {change.urn: change for change in reviewed.changes}
    after = {change.urn: change for change in now.changes}
    lines: list[str] = []
    for urn in sorted(before.keys() | after.keys()):
        old, new = before.get(urn), after.get(urn)
        if new is None and old is not None:
            lines.append(f"{old.name} ({old.type}): reviewed as {old.operation}, now nothing happens to it")
        elif old is None and new is not None:
            lines.append(f"{new.name} ({new.type}): now {new.operation}, not in the review")
        elif old is not None and new is not None and old.digest != new.digest:
            what = f"now {new.operation}" if old.operation != new.operation else "now with other values"
            lines.append(f"{old.name} ({old.type}): reviewed as {old.operation}, {what}")
    if not lines and reviewed.digest != now.digest:
        lines.append("the stack's outputs: now with other values")
    return lines
