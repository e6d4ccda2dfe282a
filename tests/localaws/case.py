"""A contract case: one resource, what it needs first, and one change that AWS makes in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ref:
    """An output of a prerequisite: `Ref("vpc")` is its id, `Ref("key", "arn")` its ARN."""

    need: str
    output: str = "id"


@dataclass(frozen=True)
class Need:
    """A prerequisite: a resource that must exist first; its inputs may refer to earlier ones."""

    type: str
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One type's contract.

    type: resource type under test.   inputs: what it is created with; may hold `Ref`s.
    change: inputs that differ afterwards, changed in place; None when every change replaces.
    needs: prerequisites by name, in order.   gone: False for settings that AWS keeps after their resource is deleted.
    imports: id that `pulumi import` takes, with the id, inputs and outputs in braces; None when the official provider
    cannot import the type.   unread: inputs no account gives back (how to delete, the version of a write-only value):
    the first update after an import sets them.
    """

    type: str
    inputs: dict[str, Any]
    change: dict[str, Any] | None = None
    needs: dict[str, Need] = field(default_factory=dict[str, Need])
    gone: bool = True
    imports: str | None = "{id}"
    unread: tuple[str, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.type.rsplit(":", 1)[-1]
