"""The recorded cost lines of the reference systems beside what the estimate says of them.

BER-OPS-14, FAC-OPS-27, LWO-OPS-11, MSP-CST-01 to 09, OMN-OPS-13.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from operations.cost.estimate import Estimate, Total, estimate
from operations.cost.usage import assumed
from settings.stack import Settings

RECORDS = Path(__file__).parent / "recorded.yaml"
TOLERANCE = 0.15


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One recorded line.

    requirement: id of its row.   low, high: what is recorded, US dollars a month; the same without a range.
    estimated: what is compared with it: the usual month, the busiest, or both.   why: what explains a difference.
    """

    requirement: str
    what: str
    low: float
    high: float
    estimated: Total
    fitted: bool
    why: str | None

    @property
    def reproduced(self) -> bool:
        """Whether the estimate lies within 15 % of the record."""
        return (
            self.estimated.base_usd >= self.low * (1 - TOLERANCE)
            and self.estimated.peak_usd <= self.high * (1 + TOLERANCE)
        )  # fmt: skip


def stacks() -> dict[str, list[str]]:
    """Stack → the requirements that record its costs."""
    found: dict[str, list[str]] = {}
    for requirement, record in _records().items():
        found.setdefault(record["stack"], []).append(requirement)
    return found


def compare(requirement: str, settings: Settings) -> Iterator[Comparison]:
    """Every recorded line of a requirement, for the settings of its stack."""
    for line in _records()[requirement]["lines"]:
        of = estimate(settings, assumed(line.get("usage", settings.system)))
        low, high = line["usd"] if isinstance(line["usd"], list) else (line["usd"], line["usd"])
        yield Comparison(
            requirement=requirement,
            what=line["what"],
            low=low,
            high=high,
            estimated=_month(_part(of, line), line["month"]),
            fitted=line.get("fitted", False),
            why=line.get("why"),
        )


def _records() -> dict[str, Any]:
    return yaml.safe_load(RECORDS.read_text())


def _part(of: Estimate, line: dict[str, Any]) -> Total:
    lines = of.of(component=line.get("component"), prices=tuple(line.get("prices", ())))
    return Total(base_usd=sum(each.base_usd for each in lines), peak_usd=sum(each.peak_usd for each in lines))


def _month(part: Total, month: str) -> Total:
    if month == "both":
        return part
    usd = part.base_usd if month == "base" else part.peak_usd
    return Total(base_usd=usd, peak_usd=usd)
