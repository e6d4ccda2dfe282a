"""Reading what a resource says: every value is known, unknown (not before the update) or absent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

from google.protobuf.struct_pb2 import Struct, Value

T = TypeVar("T")


class _Unknown:
    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = _Unknown()
"""Stands in a resource's properties for a value that the preview cannot know."""

_UNKNOWN_TEXTS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a marker of Pulumi's wire format)
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


class NotKnown(Exception):
    """A rule asked for a value that preview cannot know. The frame notes the rule as unverified and goes on."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def plain(value: Any) -> Any:
    """The value with Pulumi's marks resolved: secrets opened, unknowns replaced by `UNKNOWN`. For tests and files."""
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWN_TEXTS else value
    if isinstance(value, Mapping):
        if _SIGNATURE in value:
            return _marked({str(key): plain(each) for key, each in value.items()})
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain(each) for each in value]
    return value


def from_struct(struct: Struct) -> dict[str, Any]:
    """The properties in a gRPC message as plain Python; about four times faster than by way of `MessageToDict`."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in _UNKNOWN_TEXTS else text
    if kind == "struct_value":
        fields = {key: _from_value(each) for key, each in value.struct_value.fields.items()}
        return _marked(fields) if _SIGNATURE in fields else fields
    if kind == "list_value":
        return [_from_value(each) for each in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        return value.number_value
    return None


def _marked(fields: dict[str, Any]) -> Any:
    """A value that Pulumi wraps: a secret, an output, or an asset (which stays an object without its mark)."""
    mark = fields.pop(_SIGNATURE)
    if mark == _SECRET:
        return fields.get("value")
    if mark == _OUTPUT:
        return fields.get("value", UNKNOWN)
    return fields


@lru_cache(maxsize=1024)
def from_json(text: str) -> Any:
    """What a JSON text says, None when it is none. The same texts are read by many rules, which share the answer."""
    try:
        return json.loads(text)
    except ValueError:
        return None


class View:
    """An object inside a resource's properties, read by dotted paths (`rule.apply.type`, `origins.0.domainName`).

    A step that meets a list without saying an index takes its first element, so a block that one provider version
    keeps as a list and another as an object is read by one path. Null and empty text count as absent. A value of the
    wrong type counts as absent too. Every reader except `has` and `names` raises `NotKnown` on an unknown value.
    """

    def __init__(self, value: Any, path: str = "") -> None:
        self._value = value
        self.path = path

    def _at(self, path: str) -> Any:
        value = self._value
        if type(value) is dict and "." not in path:
            return value.get(path)
        for step in path.split("."):
            if isinstance(value, list):
                if step.isdecimal():
                    value = value[int(step)] if int(step) < len(value) else None
                    continue
                value = value[0] if value else None
            if value is UNKNOWN:
                return UNKNOWN
            value = value.get(step) if isinstance(value, dict) else None
            if value is None:
                return None
        return value

    def where(self, path: str) -> str:
        """The full path, for messages."""
        return f"{self.path}.{path}" if self.path else path

    def has(self, path: str) -> bool:
        """Whether something is set there; an unknown value is something."""
        value = self._at(path)
        return not (value is None or value == "" or value == [] or value == {})

    def given(self, path: str) -> bool:
        """Whether something is set there, for what must not be; raises NotKnown when an object around it is unknown."""
        around = path.rpartition(".")[0]
        if around and self._at(around) is UNKNOWN:
            raise NotKnown(self.where(around))
        return self.has(path)

    def unknown(self, path: str) -> bool:
        """Whether the value there is set but unknown."""
        return self._at(path) is UNKNOWN

    def names(self) -> list[str]:
        """Names of the properties that are set."""
        return [key for key, value in self._value.items() if value is not None] if isinstance(self._value, dict) else []

    def get(self, path: str) -> Any:
        """The value there, or None."""
        value = self._at(path)
        if value is UNKNOWN:
            raise NotKnown(self.where(path))
        return value

    def flag(self, path: str) -> bool | None:
        """A boolean (providers send `"true"` for one), or None."""
        value = self.get(path)
        if isinstance(value, str) and value in ("true", "false"):
            return value == "true"
        return value if isinstance(value, bool) else None

    def number(self, path: str) -> float | None:
        """A number (also one written as text), or None."""
        value = self.get(path)
        if isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                return None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, path: str) -> str | None:
        """Text that is not empty, or None."""
        value = self.get(path)
        return value if isinstance(value, str) and value else None

    def texts(self, path: str) -> list[str]:
        """The texts of a list (a single text counts as a list of one)."""
        value = self.get(path)
        if isinstance(value, str):
            return [value] if value else []
        if not isinstance(value, list):
            return []
        for index, each in enumerate(value):
            if each is UNKNOWN:
                raise NotKnown(f"{self.where(path)}.{index}")
        return [each for each in value if isinstance(each, str)]

    def views(self, path: str) -> list[View]:
        """The objects of a list (a single object is a list of one); one that is unknown stays, and raises when read."""
        value = self.get(path)
        if isinstance(value, dict):
            return [View(value, self.where(path))]
        if not isinstance(value, list):
            return []
        return [
            View(each, f"{self.where(path)}.{index}")
            for index, each in enumerate(value)
            if isinstance(each, dict) or each is UNKNOWN
        ]

    def view(self, path: str) -> View:
        """The object there; an empty one when there is none."""
        return View(self.get(path), self.where(path))

    def mapping(self, path: str) -> dict[str, Any]:
        """The object there with its values as they are, `UNKNOWN` included."""
        value = self.get(path)
        return value if isinstance(value, dict) else {}

    def document(self, path: str) -> Any:
        """The value there; of text what it says as JSON, None when it is none."""
        value = self.get(path)
        return from_json(value) if isinstance(value, str) else value

    def leaves(self) -> Iterator[tuple[str, Any]]:
        """Every known value that is neither object nor list, with its path."""
        return _leaves(self._value, self.path)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    _collect(value, path, found)
    return iter(found)


def _collect(value: Any, path: str, found: list[tuple[str, Any]]) -> None:
    """Into one list: generators inside generators would hand each leaf up through every level."""
    if isinstance(value, dict):
        for key, each in value.items():
            _collect(each, f"{path}.{key}" if path else str(key), found)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _collect(each, f"{path}.{index}", found)
    elif value is not None and value is not UNKNOWN:
        found.append((path, value))


def texts_within(value: Any) -> Iterator[str]:
    """Every known text that is not empty in a value, at any depth."""
    return (each for _, each in _leaves(value, "") if isinstance(each, str) and each)


def some(items: Iterable[T], test: Callable[[T], bool]) -> bool:
    """Whether the test holds for an item; unknown (raises) only when none is known to hold and one could."""
    doubt: NotKnown | None = None
    for item in items:
        try:
            if test(item):
                return True
        except NotKnown as error:
            doubt = error
    if doubt is not None:
        raise doubt
    return False


def every(items: Iterable[T], test: Callable[[T], bool]) -> bool:
    """Whether the test holds for all items; unknown (raises) only when none is known to fail and one could."""
    return not some(items, lambda item: not test(item))
