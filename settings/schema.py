"""The JSON schema of a stack file, the table of settings, and what a key must be, said in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from settings.descriptions import described
from settings.problems import REGION_KEY, namespaced

Node = dict[str, Any]
DERIVED = {
    "protect": "true in production",
    "network": "all defaults",
    "network.zones": "zones a and b of the region",
    "keys": "all defaults",
    "queue.eviction": "noeviction",
    "tags.hipaa": "true in the United States",
    "recovery.region": "the jurisdiction's other region",
    "edge.cdn.countries": "the jurisdiction's countries",
    "compute.discovery.namespace": "`<system>.internal`",
}
"""What `settings.defaults` fills in, for the documentation."""

_LONGEST_PATTERN = 60  # a longer one explains nothing
_BUILT = Path(__file__).parent.parent / "docs"


@cache
def root() -> Node:
    """The JSON schema of `Settings`, without Pulumi's namespaces."""
    return described().model_json_schema(mode="validation")


def document() -> Node:
    """The JSON schema of a stack file (`Pulumi.<stack>.yaml`); editors complete and check it with this."""
    schema = root()
    optional = {path for path in DERIVED if "." not in path}
    definitions: dict[str, Node] = {name: _without_derived(name, node) for name, node in schema["$defs"].items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "phi-platform stack file",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "properties": {namespaced(name): node for name, node in schema["properties"].items()},
                "required": [namespaced(name) for name in schema["required"] if name not in optional],
                "patternProperties": {"^(?!phi-platform:)": {}},
                "additionalProperties": False,
            }
        },
        "$defs": definitions,
    }


def _without_derived(name: str, node: Node) -> Node:
    owners = {path.rpartition(".")[0]: path.rpartition(".")[2] for path in DERIVED if "." in path}
    derived = {key for path, key in owners.items() if _definition(path) == name}
    left = [key for key in node.get("required", []) if key not in derived]
    return {**{k: v for k, v in node.items() if k != "required"}, **({"required": left} if left else {})}


def _definition(path: str) -> str:
    schema = root()
    name = ""
    node: Node = schema
    for part in path.split("."):
        node = _branch(node.get("properties", {}).get(part, {}))
        name = str(node.get("$ref", "")).rpartition("/")[2]
        node = schema["$defs"].get(name, node)
    return name


def _branch(node: Node) -> Node:
    """The alternative of an optional value that is not null."""
    options: list[Node] = [option for option in node.get("anyOf", []) if option.get("type") != "null"]
    return {**node, **options[0]} if len(options) == 1 else node


def resolve(node: Node) -> Node:
    """`node` with its reference followed and its null alternative dropped."""
    node = _branch(node)
    while "$ref" in node:
        beside = {key: value for key, value in node.items() if key in ("description", "default")}
        node = {**root()["$defs"][node["$ref"].rpartition("/")[2]], **beside}
    return node


def alternatives(node: Node) -> list[Node]:
    """The shapes a value may have when there are several, null left out; empty when there is just one."""
    found: list[Node] = node.get("oneOf") or node.get("anyOf") or []
    return [resolve(option) for option in found if option.get("type") != "null"]


def at(location: Sequence[str | int]) -> Node:
    """What the schema says about a location (keys and list positions); empty when it says nothing."""
    node = root()
    for part in location:
        node = resolve(node)
        if isinstance(part, int):
            node = cast("Node", node.get("items", {}))
        else:
            steps = [step for option in alternatives(node) or [node] if (step := _step(option, part))]
            said = [{key: value for key, value in step.items() if key != "default"} for step in steps]
            several = any(each != said[0] for each in said)
            node = {"anyOf": said} if several else steps[0] if steps else Node()
    return resolve(node)


def _step(node: Node, key: str) -> Node:
    patterns = node.get("patternProperties", {})
    found = (
        node.get("properties", {}).get(key) or next(iter(patterns.values()), None) or node.get("additionalProperties")
    )
    return cast("Node", found) if isinstance(found, dict) else {}


def keys(node: Node) -> list[str]:
    """The keys an object may have, in the order they are documented; empty when any key may be used."""
    options = alternatives(node) or [node]
    return list(dict.fromkeys(key for option in options for key in option.get("properties", {})))


def chosen(node: Node, values: Mapping[str, object]) -> Node:
    """Of several shapes, the one that the constant keys in `values` (or their defaults) name; else the node itself."""
    for option in alternatives(node):
        constants = {key: each for key, each in option.get("properties", {}).items() if "const" in each}
        if constants and all(values.get(key, each.get("default")) == each["const"] for key, each in constants.items()):
            return option
    return node


def owner(node: Node, key: str) -> str:
    """Which shape has `key`, in words (`engine: aurora-postgresql`); empty when none, or each, has it."""
    options = alternatives(node)
    having = [option for option in options if key in option.get("properties", {})]
    if not having or len(having) == len(options):
        return ""
    constants = [
        f"{name}: {each['const']}"
        for option in having
        for name, each in option["properties"].items()
        if "const" in each
    ]
    return " or ".join(constants)


def describe(node: Node) -> str:
    """What a value must be, in words: `a whole number from 7 to 35`."""
    node = resolve(node)
    examples = f" such as {_shown(node['examples'][0])}" if node.get("examples") else ""
    if "enum" in node:
        return "one of " + ", ".join(map(str, node["enum"]))
    if "const" in node:
        return str(node["const"])
    if "oneOf" in node:
        return f"a mapping with {', '.join(keys(node))}"
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(describe(option) for option in node["anyOf"] if option.get("type") != "null"))
    match node.get("type"):
        case "boolean":
            return "true or false"
        case "integer":
            return "a whole number" + _range(node, "minimum", "maximum") + _multiple(node)
        case "number":
            return "a number" + _range(node, "minimum", "maximum") + _multiple(node)
        case "string":
            return _text(node, examples)
        case "array":
            items: Node = node.get("items", {})
            inner = f", each {describe(items)}" if items and "properties" not in resolve(items) else ""
            return "a list" + _range(node, "minItems", "maxItems", " item(s)") + inner
        case "object":
            known = keys(node)
            return f"a mapping with {', '.join(known)}" if known else "a mapping"
        case _:
            return "a value"


def _text(node: Node, examples: str) -> str:
    formats = {
        "ipv4network": "a network in CIDR notation" + (examples or " such as 10.0.0.0/16"),
        "date": "a date" + (examples or " such as 2026-01-31"),
    }
    if node.get("format") in formats:
        return formats[node["format"]]
    pattern = str(node.get("pattern", ""))
    if pattern:
        shown = f" matching {pattern}" if not examples else f" ({pattern})" if len(pattern) <= _LONGEST_PATTERN else ""
        return "text" + _range(node, "minLength", "maxLength", " characters") + examples + shown
    return "text" + _range(node, "minLength", "maxLength", " characters") + examples


def _multiple(node: Node) -> str:
    return f", a multiple of {node['multipleOf']}" if "multipleOf" in node else ""


def _range(node: Node, low: str, high: str, unit: str = "") -> str:
    least = node.get(low, node.get("exclusiveMinimum") if low == "minimum" else None)
    most = node.get(high, node.get("exclusiveMaximum") if high == "maximum" else None)
    if least is not None and most is not None:
        return f" from {least} to {most}{unit}" if least != most else f" of {least}{unit}"
    if least is not None:
        return f" of at least {least}{unit}"
    return f" of at most {most}{unit}" if most is not None else ""


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def rows() -> Iterator[tuple[str, str, str, str]]:
    """(key, what it must be, default, description) of every setting, sections before what they contain."""
    schema = root()
    for name, node in schema["properties"].items():
        yield from _rows(name, node, name in schema["required"], ())


def _rows(path: str, node: Node, required: bool, seen: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    settled = resolve(node)
    title = str(settled.get("title", ""))
    default = DERIVED.get(path) or ("required" if required else _default(node))
    what = " ".join(str(settled.get("description", "")).split())
    inner = settled.get("items") if settled.get("type") == "array" else _entry(settled)
    body = resolve(inner) if isinstance(inner, dict) else settled  # pyright: ignore[reportUnknownArgumentType]
    nested = "properties" in body and title not in seen
    shapes = alternatives(settled) if "oneOf" in settled else []
    yield path, "a section" if shapes or (nested and body is settled) else describe(node), default, what
    for key in keys(settled) if shapes else ():
        having = [shape for shape in shapes if key in shape["properties"]]
        needed = all(key in shape.get("required", []) for shape in having)
        for row in _rows(f"{path}.{key}", _shared(having, key), needed, (*seen, title)):
            whose = owner(settled, key)
            yield (*row[:3], f"{row[3]} Only with `{whose}`." if whose else row[3])
    if nested:
        suffix = "" if body is settled else "[]" if settled.get("type") == "array" else ".<name>"
        for key, child in body["properties"].items():
            yield from _rows(f"{path}{suffix}.{key}", child, key in body.get("required", []), (*seen, title))


def _shared(shapes: Sequence[Node], key: str) -> Node:
    """A key of several shapes as one: its alternatives when they differ, with the first's default and description."""
    found: list[Node] = [shape["properties"][key] for shape in shapes]
    if "const" not in found[0] or len(found) == 1:
        return found[0]
    return {**{k: v for k, v in found[0].items() if k != "const"}, "enum": [each["const"] for each in found]}


def _entry(node: Node) -> object:
    """What a mapping with free keys holds."""
    return next(iter(node.get("patternProperties", {}).values()), None) or node.get("additionalProperties")


def _default(node: Node) -> str:
    if "default" not in node:
        return "its own defaults"
    value = node["default"]
    if value is None:
        return "absent"
    if isinstance(value, dict):
        return "its own defaults" if value else "{}"
    return _shown(value)


def table() -> str:
    """`docs/settings.md`: every setting, generated."""
    lines = [
        "# Settings",
        "",
        "Generated by `make docs`; do not edit.",
        "",
        "What a stack file (`Pulumi.<stack>.yaml`) may say under `config`.",
        f"Every key below is written `phi-platform:<key>`, except the region, which is `{REGION_KEY}`.",
        "A section that is absent is not built,",
        "except `network`, `keys` and `storage`, which have defaults. Unknown keys are refused.",
        "",
        "| Key | Value | Default | Meaning |",
        "|---|---|---|---|",
    ]
    for path, what, default, description in rows():
        cells = (f"`{path}`", what, default, description)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def files() -> dict[Path, str]:
    """The generated files and their content."""
    return {
        _BUILT / "settings.schema.json": json.dumps(document(), indent=2) + "\n",
        _BUILT / "settings.md": table(),
    }
