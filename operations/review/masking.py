"""What must not be read in a review: values the engine marks secret, and what looks like a credential."""

from __future__ import annotations

import importlib
import json
import re
from functools import cache
from typing import Any, cast

from operations import plan
from operations.state import SECRET as SECRET
from operations.state import marked_secret

UNKNOWN = "[known after the update]"
_SECRET_NAME = re.compile(r"(?i)secret_?(string|binary|value)(Wo)?$")
_WRITE_ONLY = re.compile(r"Wo$")  # `passwordWo`: an argument the provider never stores
_ASSIGNED = re.compile(
    r"(?i)((?:password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key)['\"]?\s*[:=]\s*['\"]?)"
    r"(?!arn:|\[secret\])[^\s'\",;)]{6,}"
)
_WORD_END = re.compile(r"(?=[\s'\",;<>)])")
_KEY_END = re.compile(r"-----END[A-Z ]*-----")


def plain(value: Any) -> Any:
    """A property of the engine's events with SECRET and UNKNOWN in place of what it marks so."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if marked_secret(members):
            return SECRET
        return {key: plain(each) for key, each in members.items()}
    if isinstance(value, list):
        return [plain(each) for each in cast("list[Any]", value)]
    if isinstance(value, str) and plan.UNKNOWN in value:
        return value.replace(plan.UNKNOWN, UNKNOWN)
    return value


def masked(value: Any, name: str = "") -> Any:
    """A value as a person may see it: without texts under names that say secret, without what looks like a credential.

    name: the key it stands under.
    """
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        named = members.get("name") or members.get("key")  # `{name: TOKEN, value: …}` of a container's environment
        return {
            key: masked(each, named if key == "value" and isinstance(named, str) else key)
            for key, each in members.items()
        }
    if isinstance(value, list):
        return [masked(each, name) for each in cast("list[Any]", value)]
    if not isinstance(value, str) or value in (SECRET, UNKNOWN):
        return value
    inner = document(value)
    if inner is not None:
        shown = masked(inner, name)
        return value if shown == inner else json.dumps(shown)
    says_secret = _SECRET_NAME.search(name) or _credentials().SECRET_NAME.search(_WRITE_ONLY.sub("", name))
    if says_secret and not value.startswith(_credentials().REFERENCES):
        return SECRET
    return SECRET if any(pattern.search(value) for pattern in _credentials().FORMATS.values()) else value


def document(value: Any) -> Any:
    """The object or list that a text is the JSON of; None for another value."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def text(message: str) -> str:
    """A message without what looks like a credential."""
    for pattern in _credentials().FORMATS.values():
        message = _without(message, pattern)
    return _ASSIGNED.sub(rf"\g<1>{SECRET}", message)


def _without(message: str, pattern: re.Pattern[str]) -> str:
    kept, position = "", 0
    for found in pattern.finditer(message):
        if found.start() >= position:
            rest = _KEY_END if "PRIVATE KEY" in found[0] else _WORD_END
            end = rest.search(message, found.end())
            kept, position = kept + message[position : found.start()] + SECRET, end.end() if end else len(message)
    return kept + message[position:]


@cache
def _credentials() -> Any:
    # By name, as `phi check` does: one table says what a credential looks like, and it is the pack's.
    return importlib.import_module("policies.credentials")
