"""The README's table of measured stacks: what is in `docs/stacks.json`, between two comments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "docs" / "stacks.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- measured stacks -->", "<!-- end of measured stacks -->"
COLUMNS = {
    "up_seconds": "`make up`",
    "second_up_seconds": "again",
    "refresh_seconds": "refresh",
    "down_seconds": "`make down`",
}


def stacks() -> list[str]:
    """The stacks of the project, by name."""
    return sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


def measured() -> dict[str, Any]:
    """What `python -m docs.measure` found last: the machine, and seconds and resources of each stack."""
    return json.loads(MEASURED.read_text()) if MEASURED.exists() else {"machine": {}, "stacks": {}}


def table(found: dict[str, Any], names: list[str]) -> str:
    """The table of these stacks; a stack that was not measured says so."""
    lines = [f"| Stack | Resources | {' | '.join(COLUMNS.values())} |", "|---|---:|" + "---:|" * len(COLUMNS)]
    for name in names:
        row = found["stacks"].get(name)
        cells = ["not measured", *("" for _ in COLUMNS)]
        if row is not None:
            cells = [str(row["resources"]), *(f"{row[column]:.0f} s" for column in COLUMNS)]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    cores = found["machine"].get("cores")
    where = f" on {cores} cores" if cores else ""
    return "\n".join(
        [*lines, "", f"On the embedded AWS{where}, policies enforced; a second `up` and a refresh change nothing."]
    )


def readme() -> str:
    """The README with the table as it is now. Raises ValueError when its comments are missing."""
    text = README.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md: expected {BEGIN} and {END} around the table")
    return f"{head}{BEGIN}\n{table(measured(), stacks())}\n{END}{tail}"
