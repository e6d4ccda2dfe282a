"""One thing that must be so before a stack is deployed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """WRONG: deploying fails, or must not happen.   ADVICE: works, with something missing.   UNKNOWN: nobody told."""

    FINE = "fine"
    WRONG = "wrong"
    ADVICE = "advice"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Point:
    """What was looked at.   found: in words.   fix: what to do, unless it is fine.   requirements: ids it holds."""

    name: str
    verdict: Verdict
    found: str
    fix: str = ""
    requirements: tuple[str, ...] = ()


def point(
    name: str, holds: bool, found: str, fix: str, *, advice: bool = False, requirements: tuple[str, ...] = ()
) -> Point:
    """A point that is fine when `holds`.   advice: whether it is only good to have."""
    verdict = Verdict.FINE if holds else Verdict.ADVICE if advice else Verdict.WRONG
    return Point(name=name, verdict=verdict, found=found, fix="" if holds else fix, requirements=requirements)
