"""Policy documents in one form, so that two that say the same compare as equal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote


def parsed(document: object) -> dict[str, Any]:
    """A policy document from JSON text, URL-encoded or not, or as boto3 gives it."""
    if isinstance(document, str):
        return json.loads(document if document.lstrip().startswith("{") else unquote(document))
    return cast("dict[str, Any]", document)


def statements(document: object) -> dict[str, Any]:
    """Statements of a policy by their Sid, else by their position; lists sorted, single values in lists."""
    held = parsed(document).get("Statement", [])
    listed = cast("list[dict[str, Any]]", held if isinstance(held, list) else [held])
    return {str(each.get("Sid") or number): _normal(each) for number, each in enumerate(listed, 1)}


def _normal(value: Any) -> Any:
    """AWS gives back a list of one as its only item: every value is a sorted list here."""
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {key: _normal(each) for key, each in sorted(members.items()) if key != "Sid"}
    listed = cast("list[Any]", value if isinstance(value, list) else [value])
    return sorted(str(each).lower() if isinstance(each, bool) else str(each) for each in listed)
