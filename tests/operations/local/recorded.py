"""Event logs of real commands on the embedded AWS, and how they ended.

`first_preview` and `first_update` are of the stack `staging`, deployed for the first time, without the properties of
its resources; of the update only the first steps are kept. The others are of a program with two policies of IAM:
`unchanged` previews it once more, `failed_update` finds a name taken, `interrupted_update` got Ctrl-C before its first
step. `broken_preview` is of a program with a bucket whose name AWS refuses.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from operations.watched import Ended
from tests.operations.review import recorded as reviewed

FOLDER = Path(__file__).parent / "events"


def log(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]


def ended(name: str, code: int = 0) -> Ended:
    """A recorded command; one of those that `phi review` is tested with, too."""
    events = log(name) if (FOLDER / f"{name}.jsonl").exists() else reviewed.log(name)
    return of(*events, code=code)


def of(*events: dict[str, Any], code: int = 0, display: str = "", errors: str = "") -> Ended:
    return Ended(code=code, events=list(events), resources=0, display=display, errors=errors)
