"""What a preview proposes, read from the engine's event log (`pulumi preview --event-log`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

STACK = "pulumi:pulumi:Stack"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # how the engine writes a value that is known only after an update
ENVIRONMENT = {"PULUMI_DEBUG_COMMANDS": "true"}  # lets the engine accept `--event-log`


def changes_something(events: Iterable[Mapping[str, Any]]) -> bool:
    """Whether an update would change a resource or an output of the stack."""
    changes: dict[str, int] = {}
    outputs: tuple[Any, Any] = (None, None)
    for event in events:
        if "summaryEvent" in event:
            changes = event["summaryEvent"]["resourceChanges"]
        metadata = event.get("resOutputsEvent", {}).get("metadata", {})
        if metadata.get("type") == STACK:
            outputs = (_outputs(metadata.get("old")), _outputs(metadata.get("new")))
    return set(changes) != {"same"} or outputs[0] != outputs[1]


def _outputs(state: dict[str, Any] | None) -> Any:
    return None if state is None else state.get("outputs")
