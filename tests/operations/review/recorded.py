"""Event logs of real previews of the stack `staging`, and what they must become.

Recorded with `pulumi preview --event-log`, deployed before on the embedded AWS; of resources that stay the same only
type and URN are kept. `safe` gives tasks more memory and uploads more days, `replacement` renames the database and its
user, `policy_break` opens buckets to public policies.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from operations.review import events
from operations.review.result import Review

FOLDER = Path(__file__).parent
NAMES = ("safe", "replacement", "policy_break")
REVISION = "4f2c9d1a77aa0b1c2d3e4f5061728394a5b6c7d8"


def file(name: str) -> Path:
    return FOLDER / "events" / f"{name}.jsonl"


def comment(name: str) -> str:
    """What the comment must be."""
    return (FOLDER / "comments" / f"{name}.md").read_text()


def log(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file(name).read_text().splitlines()]


def review(name: str) -> Review:
    return events.read(file(name))


def step(op: str, type_: str, name: str, *, old: Any = None, new: Any = None, **more: Any) -> dict[str, Any]:
    """An event of one step, as the engine writes it. old, new: inputs."""
    urn = f"urn:pulumi:staging::phi-platform::{type_}::{name}"
    states = {
        key: None
        if inputs is None
        else {"type": type_, "urn": urn, "id": f"{name}-id", "inputs": copy.deepcopy(inputs)}
        for key, inputs in (("old", old), ("new", new))
    }
    if isinstance(states["old"], dict):
        states["old"] |= {key: more.pop(key) for key in ("retainOnDelete", "protect") if key in more}
    return {"resourcePreEvent": {"metadata": {"op": op, "urn": urn, "type": type_, **states, **more}}}


SUMMARY = {"summaryEvent": {"resourceChanges": {}, "PolicyPacks": {"phi-platform|local|policies": "0.1.0"}}}


def of(*steps: dict[str, Any]) -> Review:
    """The review of some steps, judged by the pack."""
    return events.review([*steps, SUMMARY], source="test")
