"""What a change costs in a month, from the stack file before and after."""

from __future__ import annotations

from pathlib import Path

from operations.cost.estimate import difference
from operations.mistakes import Mistake
from settings import load


def monthly_difference(before: Path, after: Path) -> str:
    """The difference in words, `+12.40 USD a month, +20.00 in the busiest (database +12.40)`.

    Raises SettingsError for a stack file that is wrong.
    """
    try:
        changes = difference(load.from_file(before), load.from_file(after))
    except Mistake as unknown_price:
        return f"not estimated: {unknown_price}"
    if not changes:
        return "no difference"
    parts = ", ".join(f"{change.component} {change.base_usd:+,.2f}" for change in changes)
    usual, busiest = sum(change.base_usd for change in changes), sum(change.peak_usd for change in changes)
    return f"{usual:+,.2f} USD a month, {busiest:+,.2f} in the busiest ({parts})"
