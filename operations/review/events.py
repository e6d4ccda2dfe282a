"""A review from the engine's event log (`pulumi preview --event-log FILE`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from operations.engine_events import packs, uncoloured
from operations.mistakes import Mistake
from operations.plan import STACK
from operations.review import masking
from operations.review.data_stores import DATA_STORES
from operations.review.result import Change, Finding, Operation, Property, Review, digest

# What a step of the engine is to a reviewer; the steps not named here (same, refresh, …) change nothing.
OPERATIONS: dict[str, Operation] = {
    "create": "create",
    "import": "import",
    "update": "update",
    "delete": "delete",
    "read": "read",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
    "read-replacement": "replace",
    "discard-replaced": "replace",
}
_FACTS = re.compile(r"^(Safeguard|Fix|More): (.*)$", re.MULTILINE)


@dataclass(kw_only=True)
class _Steps:
    """The steps of one resource, and its state before and after.

    keys: the properties for which it is replaced.   differing: all that the provider finds different.
    """

    names: set[str] = field(default_factory=set[str])
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    keys: list[str] = field(default_factory=list[str])
    differing: list[str] = field(default_factory=list[str])


def read(file: Path) -> Review:
    """The review of a preview. Raises Mistake for a file that is no event log."""
    return review(events(file), source=str(file))


def events(file: Path) -> Iterator[dict[str, Any]]:
    """The events of a log, in order."""
    try:
        with file.open() as lines:
            for line in lines:
                if line.strip():
                    event: Any = json.loads(line)
                    if not isinstance(event, dict):
                        raise ValueError("a line is no object")
                    yield cast("dict[str, Any]", event)
    except OSError as error:
        raise Mistake(f"{file}: cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise Mistake(f"{file}: expected what `pulumi preview --event-log` writes, found ({error}).") from None


def review(log: Iterable[Mapping[str, Any]], *, source: str) -> Review:
    """What a reviewer needs of a preview's events. Raises Mistake when they are none of a preview.

    source: what to call them in a message.
    """
    log = list(log)
    steps: dict[str, _Steps] = {}
    problems: list[str] = []
    outputs: tuple[Any, Any] = ({}, {})
    summary: dict[str, Any] | None = None
    for event in log:
        if "resourcePreEvent" in event:
            _note(steps, event["resourcePreEvent"]["metadata"])
        elif "resOutputsEvent" in event:
            metadata = event["resOutputsEvent"]["metadata"]
            if metadata["type"] == STACK:
                outputs = (_outputs(metadata.get("old")), _outputs(metadata.get("new")))
        elif "diagnosticEvent" in event and event["diagnosticEvent"].get("severity") == "error":
            problems.append(masking.text(_text(event["diagnosticEvent"]["message"])))
        elif "summaryEvent" in event:
            summary = event["summaryEvent"]
    if not steps and summary is None and not problems:
        raise Mistake(f"{source}: expected the events of a preview, found none.")
    judged_by = packs(summary or {})
    if summary is None:
        problems.append("The preview ended before it was complete.")
    elif not judged_by:
        problems.append("No policy pack judged this preview.")
    changes = tuple(sorted(_changes(steps), key=lambda change: change.urn))
    changed_outputs = tuple(_differences(outputs[0], outputs[1], ""))
    found = findings(log)
    mandatory = any(finding.mandatory for finding in found)
    return Review(
        stack=next((urn.split(":")[2] for urn in steps), ""),
        digest=digest([[change.digest for change in changes], [each.model_dump() for each in changed_outputs]]),
        failed=mandatory or bool(problems) or (summary or {}).get("result") == "failed",
        unchanged=sum(not _operation(each) for each in steps.values()),
        changes=changes,
        outputs=tuple(_shown(each) for each in changed_outputs),
        findings=tuple(found),
        packs=judged_by,
        problems=tuple(dict.fromkeys(each for each in problems if not (mandatory and each == "preview failed"))),
    )


def findings(log: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """What the policies say, mandatory findings first."""
    found = [_finding(event["policyEvent"]) for event in log if "policyEvent" in event]
    return sorted(found, key=lambda finding: (not finding.mandatory, finding.rule, finding.urn))


def _note(steps: dict[str, _Steps], metadata: Mapping[str, Any]) -> None:
    if metadata["op"] == "refresh":  # what is really there is the state before of the steps that follow
        return
    noted = steps.setdefault(metadata["urn"], _Steps())
    noted.names.add(metadata["op"])
    noted.before = noted.before or metadata.get("old")
    noted.after = noted.after or metadata.get("new")
    noted.keys.extend(metadata.get("keys") or ())
    noted.differing.extend(metadata.get("diffs") or ())


def _operation(steps: _Steps) -> Operation | None:
    found = {OPERATIONS[name] for name in steps.names if name in OPERATIONS}
    for operation in ("replace", "delete", "update", "import", "create", "read"):
        if operation in found:
            return operation
    return None


def _changes(all_steps: Mapping[str, _Steps]) -> Iterator[Change]:
    for urn, steps in all_steps.items():
        operation = _operation(steps)
        if operation is None:
            continue
        before, after = steps.before or {}, steps.after or {}
        type_ = (steps.after or before)["type"]
        old = masking.plain(before.get("inputs") or {})
        new = {} if operation == "delete" else masking.plain(after.get("inputs") or {})
        properties = tuple(
            each.model_copy(update={"replaces": operation == "replace" and _forces(each.path, steps.keys)})
            for each in (*_differences(old, new, ""), *_changed_secrets(old, new, steps.differing))
            if operation != "delete"
        )
        change = Change(
            urn=urn,
            type=type_,
            name=urn.rpartition("::")[2],
            operation=operation,
            id=before.get("id") or None,
            data_store=DATA_STORES.get(type_),
            retained=bool(before.get("retainOnDelete")),
            protected=bool((steps.after or before).get("protect")),
            properties=properties,
            digest="",
        )
        yield change.model_copy(
            update={
                "properties": tuple(_shown(each) for each in properties),
                "digest": digest([change.model_dump(), new]),
            }
        )


def _forces(path: str, keys: Iterable[str]) -> bool:
    return any(path == key or path.startswith((f"{key}.", f"{key}[")) or key.startswith(path) for key in keys)


def _differences(before: Any, after: Any, path: str) -> Iterator[Property]:
    """The leaves in which two values differ, named lists and JSON texts opened."""
    if before == after:
        return
    before, after = _opened(before, after)
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        for key in sorted(old.keys() | new.keys()):
            inner = f"{path}[{key}]" if isinstance(before, _Named) else f"{path}.{key}" if path else key
            yield from _differences(old.get(key), new.get(key), inner)
    elif isinstance(before, list) and isinstance(after, list):
        old, new = cast("list[Any]", before), cast("list[Any]", after)
        for index in range(max(len(old), len(new))):
            yield from _differences(
                old[index] if index < len(old) else None, new[index] if index < len(new) else None, f"{path}[{index}]"
            )
    elif before != after:
        yield Property(path=path, before=before, after=after)


def _changed_secrets(
    before: Mapping[str, Any], after: Mapping[str, Any], differing: Iterable[str]
) -> Iterator[Property]:
    """The secrets that get another value, which only the provider can see."""
    for name in sorted(set(differing)):
        if before.get(name) == after.get(name) == masking.SECRET:
            yield Property(path=name, before=masking.SECRET, after=masking.SECRET)


class _Named(dict[str, Any]):
    """A list whose members have names, by name."""


def _opened(before: Any, after: Any) -> tuple[Any, Any]:
    """Two values in the form in which their differences are smallest."""
    for open_ in (masking.document, _by_name):
        old, new = open_(before), open_(after)
        if old is not None and new is not None:
            before, after = old, new
    return before, after


def _by_name(value: Any) -> _Named | None:
    """A list of objects with names, all different, by name; None for another."""
    if not isinstance(value, list) or not value:
        return None
    members = cast("list[Any]", value)
    names = [cast("dict[str, Any]", each).get("name") for each in members if isinstance(each, dict)]
    if len(names) != len(members) or len(set(map(str, names))) != len(names) or None in names:
        return None
    return _Named({str(name): each for name, each in zip(names, members, strict=True)})


def _shown(changed: Property) -> Property:
    name = re.split(r"[.\[]", changed.path.rstrip("]"))[-1]
    if name == "value":  # of `environment[TOKEN].value`
        name = re.split(r"[.\[]", changed.path.removesuffix("].value"))[-1]
    return changed.model_copy(
        update={"before": masking.masked(changed.before, name), "after": masking.masked(changed.after, name)}
    )


def _outputs(state: Mapping[str, Any] | None) -> dict[str, Any]:
    return masking.plain((state or {}).get("outputs") or {})


def _finding(event: Mapping[str, Any]) -> Finding:
    text = masking.text(_text(event["message"]))
    facts = dict(cast("list[tuple[str, str]]", _FACTS.findall(text)))
    urn = event.get("resourceUrn") or ""
    return Finding(
        rule=event["policyName"],
        mandatory=event["enforcementLevel"] == "mandatory",
        severity=event.get("severity") or "",
        urn=urn,
        name=urn.rpartition("::")[2],
        message=_FACTS.sub("", text).strip(),
        safeguard=facts.get("Safeguard", ""),
        fix=facts.get("Fix", ""),
        url=facts.get("More", ""),
    )


def _text(message: str) -> str:
    return uncoloured(message).strip()
