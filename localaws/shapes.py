"""Between the provider's property names and AWS's: case, tags, and documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast


def pascal(value: Any) -> Any:
    """`camelCase` names as AWS's `PascalCase`, at every depth; a text is one name. Unset members are left out."""
    if isinstance(value, str):
        return value[:1].upper() + value[1:]
    return _renamed(value, lambda name: name[:1].upper() + name[1:])


def camel(value: Any) -> Any:
    """AWS's `PascalCase` names as `camelCase`, at every depth."""
    return _renamed(value, lambda name: name[:1].lower() + name[1:])


def to_tags(tags: Mapping[str, str], *, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """A map of tags as the list most services take."""
    return [{key: name, value: text} for name, text in tags.items()]


def from_tags(tags: Iterable[Mapping[str, str]] | None, *, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """The list most services give as a map of tags; AWS's own (`aws:`) left out."""
    return {tag[key]: tag[value] for tag in tags or [] if not tag[key].startswith("aws:")}


def _renamed(value: Any, rename: Any) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {rename(name): _renamed(item, rename) for name, item in items if item is not None}
    if isinstance(value, list):
        return [_renamed(item, rename) for item in cast("list[Any]", value)]
    return value
