"""Steps that are shown before they are done, written down when they are, and not done twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

C = TypeVar("C")
Facts = Mapping[str, Any]


class NotMet(Exception):
    """What stops a step: findings, one line each; exit code 1."""

    def __init__(self, step: str, findings: Iterable[str]) -> None:
        self.step, self.findings = step, tuple(findings)
        super().__init__(f"{step}: {'; '.join(self.findings)}")


@dataclass(frozen=True, kw_only=True)
class Step(Generic[C]):
    """One step.

    name: what the journal knows it by.   title: what it does, for people.   requirements: ids it serves.
    check: what speaks against doing it, looked at before.   act: do it; what is worth writing down.
    verify: what is wrong afterwards.
    """

    name: str
    title: str
    requirements: tuple[str, ...]
    act: Callable[[C], Facts]
    check: Callable[[C], Sequence[str]] = lambda _: ()
    verify: Callable[[C], Sequence[str]] = lambda _: ()


class Journal:
    """What has been done, in a file: a run that was interrupted goes on where it stopped."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.values: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"steps": {}}

    @property
    def begun(self) -> bool:
        """Whether anything has been done: what was refused at once begins anew, with a clock of its own."""
        return bool(self.values["steps"])

    @property
    def finished(self) -> bool:
        return "finished" in self.values

    def begin(self, **values: Any) -> None:
        """Write down when it began, and what it is about; once."""
        if not self.begun:
            self.note(started=now(), **values)

    def note(self, **values: Any) -> None:
        self.values |= values
        self.file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.file.with_suffix(".new")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(self.values, indent=2, default=str) + "\n")
        temporary.replace(self.file)

    def done(self, name: str) -> dict[str, Any] | None:
        """What a finished step has written down; None: it has to be done."""
        entry = self.values["steps"].get(name)
        return entry if entry is not None and "finished" in entry else None

    def record(self, name: str, entry: Mapping[str, Any]) -> None:
        self.note(steps={**self.values["steps"], name: dict(entry)})


def now() -> str:
    """This moment, UTC, as ISO 8601 with seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def run(
    steps: Sequence[Step[C]], case: C, journal: Journal, *, show: Callable[[Step[C], str], None],
    agree: Callable[[Step[C]], None], dry_run: bool = False,
) -> list[str]:  # fmt: skip
    """Do the steps that are not done yet, each after it was shown and agreed to.

    With `dry_run` nothing is done; the findings of the checks are given, for as far as they can be made now.
    Raises NotMet with what a check or a verification finds.
    """
    found: list[str] = []
    for step in steps:
        if journal.done(step.name) is not None:
            show(step, "done before")
            continue
        show(step, "would be done" if dry_run else "next")
        findings = step.check(case)
        if dry_run:
            found += [f"{step.name}: {finding}" for finding in findings]
            continue
        if findings:
            raise NotMet(step.name, findings)
        agree(step)
        entry: dict[str, Any] = {"started": now()}
        journal.record(step.name, entry)
        entry["facts"] = dict(step.act(case))
        journal.record(step.name, entry)
        findings = step.verify(case)
        if findings:
            raise NotMet(step.name, findings)
        journal.record(step.name, {**entry, "finished": now()})
    return found
