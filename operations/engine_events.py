"""What the engine says while it works, read from its event log (`--event-log FILE`) as it grows."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

_UNREAD = (b'"policyAnalyzeSummaryEvent"', b'"policyRemediateSummaryEvent"')
"""The names of all rules that a resource passed, for each resource twice: nine tenths of the log."""
_COLOURS = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")


class EventLog:
    """The event log of one engine command; the file is made empty, for its owner only.

    events: all that were read, without the names of the rules that passed.   refreshed, done: URNs of the resources
    that were asked for, and that have had their step, whatever came of it.
    """

    def __init__(self, file: Path) -> None:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        self.file = file
        self.events: list[dict[str, Any]] = []
        self.refreshed: set[str] = set()
        self.done: set[str] = set()
        self._position = 0

    def follow(self) -> list[dict[str, Any]]:
        """The events written since the last time; a line that is not whole yet waits for the next."""
        with self.file.open("rb") as file:
            file.seek(self._position)
            written = file.read()
        whole = written[: written.rfind(b"\n") + 1]
        self._position += len(whole)
        lines = (
            line for line in whole.splitlines() if line.strip() and not any(kind in line[:100] for kind in _UNREAD)
        )
        new = [cast("dict[str, Any]", json.loads(line)) for line in lines]
        for event in new:
            step = event.get("resOutputsEvent") or event.get("resOpFailedEvent")
            if step:
                counted = self.refreshed if step["metadata"]["op"] == "refresh" else self.done
                counted.add(step["metadata"]["urn"])
        self.events.extend(new)
        return new


class Diagnostic(NamedTuple):
    """What the program, the engine or a provider says.

    severity: info, warning or error.   urn: of the resource it is about; empty when it is about none.
    """

    severity: str
    urn: str
    message: str


class Summary(NamedTuple):
    """How a command ended.

    changes: resources by operation of the engine, `create` or `same`.   packs: policy packs that judged → versions.
    """

    changes: dict[str, int]
    seconds: int
    packs: dict[str, str]


def diagnostics(events: Iterable[Mapping[str, Any]]) -> Iterator[Diagnostic]:
    """What was said to people, in order; not the messages that only stand on the terminal for a while."""
    for event in events:
        said = event.get("diagnosticEvent")
        if said and said["severity"] != "debug" and not said.get("ephemeral"):
            yield Diagnostic(
                said["severity"].partition("#")[0], said.get("urn") or "", uncoloured(said["message"]).rstrip()
            )


def summary(events: Iterable[Mapping[str, Any]]) -> Summary | None:
    """How the command ended; None when it has not come so far."""
    for event in events:
        if "summaryEvent" in event:
            ended = event["summaryEvent"]
            return Summary(ended["resourceChanges"], ended["durationSeconds"], packs(ended))
    return None


def packs(ended: Mapping[str, Any]) -> dict[str, str]:
    """The policy packs that a `summaryEvent` names → their versions."""
    return {name.partition("|")[0]: version for name, version in (ended.get("PolicyPacks") or {}).items()}


def components(events: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """URN of every resource → name of the outermost component it is in; its own name when it is in none."""
    parents: dict[str, str] = {}
    for event in events:
        metadata = event.get("resourcePreEvent", {}).get("metadata")
        if metadata:
            parents[metadata["urn"]] = (metadata["new"] or metadata["old"]).get("parent") or ""
    root = next((urn for urn, parent in parents.items() if not parent and "::pulumi:pulumi:Stack::" in urn), "")

    def outermost(urn: str) -> str:
        while parents.get(urn) not in (None, "", root):
            urn = parents[urn]
        return urn.rpartition("::")[2]

    return {urn: outermost(urn) for urn in parents}


def uncoloured(message: str) -> str:
    """A message without the engine's colours."""
    return _COLOURS.sub("", message)
