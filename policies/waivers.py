"""Exceptions to rules, as data: which rule, for what, why, decided by whom, until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

FIELDS = ("rule", "resource", "reason", "owner", "until")
OPTIONAL = ("finding",)
FILE = Path(__file__).parent / "waivers.yaml"


@dataclass
class Waiver:
    """One exception.

    resource: glob over URNs.   until: last day it holds.   finding: glob over the rule's messages, so that what else
    the rule finds there is not excused with it.   used: whether it covered a finding.
    """

    rule: str
    resource: str
    reason: str
    owner: str
    until: date
    finding: str = "*"
    used: bool = field(default=False, compare=False)

    def covers(self, rule: str, urn: str, message: str, today: date) -> bool:
        """Whether it excuses this finding of the rule on the resource today."""
        of = self.rule == rule and fnmatchcase(urn, self.resource) and fnmatchcase(message, self.finding)
        return of and today <= self.until

    @property
    def of_any_stack(self) -> bool:
        """Whether it is for whichever stack needs it, so that one which does not is no reason to remove it."""
        return self.resource.startswith("urn:pulumi:*::")

    def concerns(self, stack: str, urns: Iterable[str]) -> bool:
        """Whether its pattern can mean resources of this stack: another stack's waiver is none of its business."""
        parts = self.resource.split("::")
        if len(parts) > 1 and parts[0].startswith("urn:pulumi:"):
            return fnmatchcase(stack, parts[0].removeprefix("urn:pulumi:"))
        return any(fnmatchcase(urn, self.resource) for urn in urns)


def load(path: Path, rules: Iterable[str]) -> tuple[list[Waiver], list[str]]:
    """Waivers of a file, and what is wrong with the entries that are none. A missing file has no waivers."""
    if not path.exists():
        return [], []
    entries = yaml.safe_load(path.read_text()) or []
    known = set(rules)
    waivers: list[Waiver] = []
    problems: list[str] = []
    for position, entry in enumerate(entries, start=1):
        wrong = list(_problems(entry, known))
        if wrong:
            problems.append(f"waiver {position} of {path.name}: {'; '.join(wrong)}")
        else:
            waivers.append(Waiver(**{name: entry[name] for name in (*FIELDS, *OPTIONAL) if name in entry}))
    return waivers, problems


def _problems(entry: Any, rules: set[str]) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"expected {', '.join(FIELDS)}"
        return
    for name in FIELDS:
        if not entry.get(name):
            yield f"{name} is missing"
    for name in sorted(entry.keys() - {*FIELDS, *OPTIONAL}):
        yield f"{name} is not a part of a waiver"
    if entry.get("rule") and entry["rule"] not in rules:
        yield f"rule {entry['rule']} does not exist"
    if entry.get("until") and not isinstance(entry["until"], date):
        yield "until must be a date, as 2027-06-30"
    if "finding" in entry and not (isinstance(entry["finding"], str) and entry["finding"]):
        yield "finding must be a pattern of what the rule says, as 'snapshotRetentionLimit: *'"
    if entry.get("reason") and len(str(entry["reason"])) < 20:
        yield "reason must say why, in 20 characters or more"
