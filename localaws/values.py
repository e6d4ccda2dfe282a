"""Property values between the engine's wire form and plain JSON; secrets, unknowns, and what counts as the same."""

from __future__ import annotations

import json
from typing import Any, cast

from google.protobuf import struct_pb2

from localaws.handler import Props

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a marker of the wire format
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWNS = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


class Unsupported(Exception):
    """A value localaws does not model, named by its property."""


def decode(struct: struct_pb2.Struct) -> tuple[Props, frozenset[str]]:
    """Plain properties, and the names of those that hold a secret at any depth."""
    secrets: set[str] = set()
    properties: Props = {}
    for name, value in struct.fields.items():
        found: list[bool] = []
        properties[name] = _decode(value, name, found)
        if found:
            secrets.add(name)
    return properties, frozenset(secrets)


def encode(properties: Props, secrets: frozenset[str] = frozenset()) -> struct_pb2.Struct:
    """Wire form; the named properties are marked secret. None stands for 'not set' and is left out."""
    struct = struct_pb2.Struct()
    for name, value in properties.items():
        if value is None:
            continue
        wire = {SIGNATURE: SECRET, "value": value} if name in secrets else value
        struct.fields[name].CopyFrom(_encode(wire))
    return struct


def unknown(value: object) -> bool:
    """Whether the value, or anything in it, is known only after other resources exist."""
    match value:
        case str():
            return value in UNKNOWNS
        case list():
            return any(unknown(item) for item in cast("list[object]", value))
        case dict():
            return any(unknown(item) for item in cast("dict[str, object]", value).values())
        case _:
            return False


def holds_files(value: object) -> bool:
    """Whether the value, or anything in it, is a file or an archive, which the engine marks like secrets."""
    match value:
        case list():
            return any(holds_files(item) for item in cast("list[object]", value))
        case dict():
            fields = cast("dict[str, object]", value)
            return fields.get(SIGNATURE) in (ASSET, ARCHIVE) or any(map(holds_files, fields.values()))
        case _:
            return False


def says_the_same(wanted: object, live: object) -> bool:
    """Whether the account holds what was asked for: documents by meaning, lists as sets, defaults AWS adds ignored."""
    if empty(wanted) or empty(live):
        return (empty(wanted) or wanted is False) and (empty(live) or live is False)
    if isinstance(wanted, dict) and isinstance(live, dict):
        held = cast("dict[str, object]", live)
        return all(says_the_same(value, held.get(name)) for name, value in cast("dict[str, object]", wanted).items())
    if isinstance(wanted, list) and isinstance(live, list):
        return _same_members(cast("list[object]", wanted), cast("list[object]", live))
    if isinstance(wanted, str) and isinstance(live, str):
        return wanted == live or _same_document(wanted, live)
    if isinstance(wanted, dict | list) or isinstance(live, dict | list):
        return False
    return wanted == live or str(wanted).lower() == str(live).lower()


def identical(left: object, right: object) -> bool:
    """Whether two sets of inputs ask for the same thing."""
    return says_the_same(left, right) and says_the_same(right, left)


def empty(value: object) -> bool:
    """Not set, to AWS: absent, an empty text or list, or a map of nothing but that."""
    if isinstance(value, dict):
        return all(empty(item) for item in cast("dict[str, object]", value).values())
    return value is None or value in ("", [])


def _decode(value: struct_pb2.Value, path: str, secrets: list[bool]) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_decode(item, path, secrets) for item in value.list_value.values]
        case "struct_value":
            fields = value.struct_value.fields
            signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
            if signature == SECRET:
                secrets.append(True)
                return _decode(fields["value"], path, secrets)
            if signature == OUTPUT:
                if fields["secret"].bool_value:
                    secrets.append(True)
                return _decode(fields["value"], path, secrets) if "value" in fields else UNKNOWN
            return {name: _decode(item, f"{path}.{name}", secrets) for name, item in fields.items()}
        case _:
            return None


def _encode(value: Any) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encode(item) for item in value]))
        case dict():
            fields = {name: _encode(item) for name, item in value.items()}
            return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
        case _:
            return struct_pb2.Value(string_value=str(value))


def _same_members(wanted: list[object], live: list[object]) -> bool:
    left = list(live)
    for item in wanted:
        match = next((index for index, held in enumerate(left) if says_the_same(item, held)), None)
        if match is None:
            return False
        del left[match]
    return not left


def _same_document(wanted: str, live: str) -> bool:
    if not (wanted.lstrip().startswith(("{", "[")) and live.lstrip().startswith(("{", "["))):
        return False
    try:
        return _normal(json.loads(wanted)) == _normal(json.loads(live))
    except ValueError:
        return False


def _normal(document: Any) -> Any:
    """A policy document in one form: AWS returns one-item lists as their item, and lists in its own order."""
    match document:
        case dict():
            return {name: _normal(value) for name, value in document.items()}
        case [only]:
            return _normal(only)
        case list():
            return sorted((_normal(item) for item in document), key=lambda item: json.dumps(item, sort_keys=True))
        case _:
            return document
