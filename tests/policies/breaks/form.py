"""How a break is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from policies.config import Config
from tests.policies.sample import GONE, Sample, changed


@dataclass(frozen=True)
class Break:
    """One thing wrong in a system: a resource changed, added or removed.

    changes: paths of the sample → values; None removes the sample.   adds: the resource that is new.
    also: other mandatory rules that rightly see it too.   config: settings of the pack for it.
    without, beside: samples that go, or come, with it.
    """

    name: str
    changes: Mapping[str, Any] | None = None
    adds: Sample | None = None
    also: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    protect: bool = False
    config: Config | None = None
    without: tuple[str, ...] = ()
    beside: Mapping[str, Sample] = field(default_factory=dict[str, Sample])

    def apply(self, samples: Mapping[str, Sample]) -> dict[str, Sample]:
        """The samples, broken."""
        kept = {name: sample for name, sample in samples.items() if name not in self.without}
        kept |= self.beside
        if self.adds is not None:
            return {**kept, self.name: self.adds}
        if self.ignores:
            return {**kept, self.name: replace(kept[self.name], ignore_changes=self.ignores)}
        if self.changes is None:
            return {name: sample for name, sample in kept.items() if name != self.name}
        return {**kept, self.name: replace(changed(kept[self.name], self.changes), protect=self.protect)}

    def __str__(self) -> str:
        if self.adds is not None:
            return f"{self.name} added"
        if self.changes is None:
            return f"{self.name} {'ignoring ' + ','.join(self.ignores) if self.ignores else 'missing'}"
        said = {path: "-" if value is GONE else str(value)[:20] for path, value in self.changes.items()}
        return f"{self.name} " + ",".join(f"{path}={value}" for path, value in said.items())


def change(name: str, path: str, value: Any = GONE, *also: str) -> Break:
    """One property set to a value, or removed."""
    return Break(name, {path: value}, also=also)


def changes(name: str, given: Mapping[str, Any], *also: str) -> Break:
    """Several properties at once, where one alone says nothing."""
    return Break(name, given, also=also)


def without(name: str, *also: str, more: tuple[str, ...] = ()) -> Break:
    """A resource that is missing.   more: others that go with it."""
    return Break(name, also=also, without=more)


def added(name: str, type: str, properties: dict[str, Any], *also: str) -> Break:
    """A resource that should not be there, or not like this."""
    return Break(name, adds=Sample(type, properties), also=also)


def ignoring(name: str, *properties: str) -> Break:
    """Changes of properties that Pulumi would not see."""
    return Break(name, ignores=properties)
