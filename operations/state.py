"""The resources of a deployed stack, as its state tells them; secrets stay out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from operations import outputs
from operations.mistakes import Mistake

SECRET = "[secret]"  # noqa: S105 - what is shown in place of one
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a state.

    name: the last part of its URN.   id: what AWS knows it by; None for a component.   parent: URN.
    inputs, outputs: its properties by their names in the provider; an encrypted one is SECRET.
    protect: whether Pulumi refuses to delete it.   dependencies: URNs it needs.
    """

    urn: str
    type: str
    name: str
    id: str | None
    parent: str | None
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    protect: bool
    dependencies: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class State:
    """A stack as last deployed.

    taken: when its state was written, as Pulumi says it (RFC 3339).   digest: SHA-256 of the state as read, in hex.
    """

    stack: str
    taken: str
    digest: str
    resources: tuple[Resource, ...]

    def of_type(self, type_: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == type_]


def read(stack: str, file: Path | None = None) -> State:
    """The state of a stack, from its backend or from a file that `pulumi stack export` has written.

    The backend is the one `pulumi` itself would use here: after `eval "$(phi local env --stack NAME)"` that of the
    embedded AWS. Raises Mistake for a file that is not a state, Refused when there is no engine, or it fails.
    """
    text = outputs.engine_answer(stack, "export") if file is None else outputs.text_of(file)
    source = str(file or "pulumi stack export")
    try:
        exported: Any = json.loads(text)
        deployment: dict[str, Any] = exported["deployment"]
        entries: list[dict[str, Any]] = deployment.get("resources") or []
        return State(
            stack=stack,
            taken=str((deployment.get("manifest") or {}).get("time", "")),
            digest=hashlib.sha256(text.encode()).hexdigest(),
            resources=tuple(_resource(entry) for entry in entries if not entry.get("delete")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Mistake(f"{source}: expected what `pulumi stack export` writes, found ({error!r}).") from None


def _resource(entry: dict[str, Any]) -> Resource:
    return Resource(
        urn=entry["urn"],
        type=entry["type"],
        name=entry["urn"].rpartition("::")[2],
        id=entry.get("id"),
        parent=entry.get("parent"),
        inputs=_plain(entry.get("inputs") or {}),
        outputs=_plain(entry.get("outputs") or {}),
        protect=bool(entry.get("protect")),
        dependencies=tuple(entry.get("dependencies") or ()),
    )


def marked_secret(members: Mapping[str, Any]) -> bool:
    """Whether an object of the engine's stands for a secret."""
    return members.get(_SIGNATURE) == _SECRET


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if marked_secret(members):
            return SECRET
        return {key: _plain(each) for key, each in members.items()}
    return [_plain(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value
