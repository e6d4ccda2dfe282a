"""From a stack's configuration to validated settings, or to the list of everything that is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, cast

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from settings import checks, schema
from settings.defaults import derive
from settings.problems import NAMESPACE, REGION_KEY, Problem, SettingsError, namespaced
from settings.stack import Settings

__all__ = ["Problem", "SettingsError", "from_file", "load"]

_SECRET_WORDS = re.compile(r"password|passwd|secret|token|credential|private_?key|api_?key", re.IGNORECASE)
_LONGEST_SHOWN = 120
_KEYS = r"[a-z_][\w.-]*(?:, [a-z_][\w.-]*)*"

Location = tuple[str | int, ...]


def load(config: Mapping[str, object], *, secrets: Collection[str] = ()) -> Settings:
    """Settings from a stack's configuration: `phi-platform:<section>` keys and `aws:region`.

    A value may be an object or the JSON text Pulumi passes objects as. Keys of other namespaces are left alone.
    secrets: keys whose value Pulumi decrypted; settings may not have any.
    Raises SettingsError listing every problem at once.
    """
    return _load({key: {"secure": ""} if key in secrets else value for key, value in config.items()}, "")


def from_file(path: Path | str) -> Settings:
    """Settings from a stack file (`Pulumi.<stack>.yaml`).

    Raises SettingsError listing every problem: in the YAML itself, else in the values.
    """
    path = Path(path)
    config, problems = _read(path)
    if problems:
        raise SettingsError(problems, path.name)
    return _load(config, path.name)


def _load(config: Mapping[str, object], source: str) -> Settings:
    problems: list[Problem] = []
    raw: dict[str, Any] = {}
    for key, value in config.items():
        namespace, _, name = key.partition(":")
        if key == REGION_KEY:
            raw["region"] = value
        elif namespace == NAMESPACE and name == "region":
            problems.append(Problem(path=key, expected=f"the region under {REGION_KEY}", found=_show((name,), value)))
        elif namespace == NAMESPACE:
            if name in Settings.model_fields:
                raw[name], broken = _decoded(key, value)
                problems += broken
            else:
                problems.append(_unknown((name,), schema.root(), {name: value}))
    unread = {problem.path for problem in problems}
    settings, found = validate(raw)
    problems += [problem for problem in found if problem.path not in unread]
    if settings is None or problems:
        raise SettingsError(problems, source)
    return settings


def validate(raw: Mapping[str, Any]) -> tuple[Settings | None, list[Problem]]:
    """Settings built from plain values with derived defaults, or None and every problem found.

    Checks across sections run over the sections that are valid by themselves, so one wrong key does not hide another.
    """
    complete = derive(raw)
    problems: list[Problem] = []
    valid: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        if name not in complete:
            if field.is_required():
                problems.append(_missing((name,)))
            else:
                valid[name] = field.get_default(call_default_factory=True)
            continue
        try:
            valid[name] = _adapter(name).validate_python(complete[name])
        except ValidationError as error:
            problems += _translate(name, error, complete)
    problems += checks.run(valid)
    return (None if problems else Settings.model_construct(**valid)), list(dict.fromkeys(problems))


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    field = Settings.model_fields[name]
    annotation: Any = field.annotation
    for constraint in field.metadata:
        annotation = Annotated[annotation, constraint]
    return TypeAdapter[Any](annotation)


def _decoded(key: str, value: object) -> tuple[Any, list[Problem]]:
    if _encrypted(value):
        fix = "Settings hold no secrets: the program generates them. Remove the key."
        return None, [Problem(path=key, expected="a plain value", found="an encrypted one", fix=fix)]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value), []
        except json.JSONDecodeError as error:
            found = f"text that ends or breaks at character {error.pos + 1}"
            return None, [Problem(path=key, expected="a section (JSON object)", found=found)]
    return cast("Any", value), []


def _encrypted(value: object) -> bool:
    """Whether Pulumi encrypted the value, or some of it."""
    if isinstance(value, Mapping):
        inside = cast("Mapping[str, object]", value)
        return set(inside) == {"secure"} or any(map(_encrypted, inside.values()))
    return isinstance(value, list) and any(map(_encrypted, cast("list[object]", value)))


# --- pydantic's findings in words -----------------------------------------------------------------------------------


def _translate(name: str, error: ValidationError, raw: Mapping[str, Any]) -> Iterator[Problem]:
    seen: set[Location] = set()
    for detail in error.errors(include_url=False):
        location = _real((name, *detail["loc"]), raw, missing=detail["type"] == "missing")
        if location in seen and detail["type"] not in ("missing", "extra_forbidden"):
            continue  # every branch of a union reports the same value
        seen.add(location)
        if detail["loc"][-1:] == ("[key]",):
            yield _wrong_name(location)
        elif detail["type"] == "value_error":
            yield from _of_validator(location, str(detail.get("ctx", {}).get("error", detail["msg"])), raw)
        else:
            yield _problem(location, detail, raw)


def _real(location: Location, raw: object, *, missing: bool) -> Location:
    """The location without what pydantic adds to name a branch of a union or a mapping's key."""
    real: list[str | int] = []
    node = raw
    for position, part in enumerate(location):
        if isinstance(node, Mapping):
            children = cast("Mapping[str, object]", node)
            if part in children:
                real.append(part)
                node = children[cast("str", part)]
            elif missing and position == len(location) - 1:
                real.append(part)
        elif isinstance(node, list) and isinstance(part, int):
            items = cast("list[object]", node)
            if part < len(items):
                real.append(part)
                node = items[part]
    return tuple(real)


def _problem(location: Location, detail: ErrorDetails, raw: Mapping[str, Any]) -> Problem:
    match detail["type"]:
        case "missing":
            return _missing(location)
        case "extra_forbidden":
            return _unknown(location, schema.at(location[:-1]), cast("Mapping[str, Any]", _value(location[:-1], raw)))
        case _:
            return Problem(
                path=_path(location),
                expected=schema.describe(schema.at(location)),
                found=_show(location, _value(location, raw)),
                fix=_hint(location, _value(location, raw)),
            )


def _of_validator(location: Location, message: str, raw: Mapping[str, Any]) -> Iterator[Problem]:
    """A validator's own message: one or more `key: expected A, found B`, keys relative to where it stands."""
    for piece in re.split(rf"; (?={_KEYS}: )", message):
        key, _, said = piece.partition(": ") if re.match(rf"{_KEYS}: ", piece) else ("", "", piece)
        place = location + _relative(location, key)
        if place == location and key:
            said = f"{key}, {said}"
        value = _value(place, raw)
        match = re.fullmatch(r"(?:(?P<context>.+?),? )?expected (?P<expected>.+?)(?:, found (?P<found>.+))?", said)
        if match is None:
            yield Problem(path=_path(place), expected="another value", found=_show(place, value), fix=_sentence(said))
            continue
        expected = match["expected"] + (f" ({match['context']})" if match["context"] else "")
        yield Problem(path=_path(place), expected=expected, found=match["found"] or _show(place, value))


def _relative(location: Location, key: str) -> Location:
    """`key` (dotted) below `location`, as far as the schema knows it."""
    parts = tuple(key.split(".")) if key else ()
    return parts if parts and schema.at((*location, *parts)) else ()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _missing(location: Location) -> Problem:
    node = schema.at(location)
    about = " ".join(str(node.get("description", "")).split()).partition(". ")[0].rstrip(".")
    return Problem(
        path=_path(location),
        expected=schema.describe(node),
        found="nothing",
        fix=f"Add it: {about}." if about else "Add it.",
    )


def _unknown(location: Location, parent: schema.Node, siblings: Mapping[str, Any]) -> Problem:
    key = str(location[-1])
    known = [name for name in schema.keys(schema.chosen(parent, siblings)) if name != "region" or len(location) > 1]
    owner = schema.owner(parent, key)
    alike = _alike(key, [name for name in known if name not in siblings]) or _alike(key, known)
    fix = f"It belongs to {owner}." if owner else alike or "Remove it, or see docs/settings.md."
    return Problem(path=_path(location), expected="one of " + ", ".join(known), found=f"the unknown key {key}", fix=fix)


def _wrong_name(location: Location) -> Problem:
    """A mapping's key that is not one it may have."""
    parent = schema.at(location[:-1])
    names = {"type": "string", **schema.resolve(parent.get("propertyNames", {}))}
    for pattern in parent.get("patternProperties", {}):
        names["pattern"] = pattern
    return Problem(
        path=_path(location),
        expected=schema.describe(names),
        found=f"the name {location[-1]}",
        fix=_alike(str(location[-1]), names.get("enum", [])),
    )


def _alike(word: str, known: Iterable[object]) -> str:
    """Which of the known words may be meant; empty when none is much alike."""
    close = get_close_matches(word, list(map(str, known)), n=1, cutoff=0.7)
    return f"Did you mean {close[0]}?" if close else ""


def _hint(location: Location, value: object) -> str:
    node = schema.at(location)
    if isinstance(value, str) and "enum" in node:
        return _alike(value, node["enum"])
    if node.get("type") == "string" and isinstance(value, (bool, int, float)):
        return "Put it in quotes."
    return ""


def _value(location: Location, raw: object) -> object:
    node: Any = raw
    for part in location:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return None
    return node


def _show(location: Location, value: object) -> str:
    if any(isinstance(part, str) and _SECRET_WORDS.search(part) for part in location):
        return "a value that is not shown"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(cast('Sequence[object]', value))}"
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _path(location: Location) -> str:
    first, *rest = location
    text = namespaced(str(first))
    for part in rest:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text


# --- stack files ----------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML with dates as text, which also remembers the line of every repeated key."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.repeated: list[tuple[str, int]] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in names:
                    self.repeated.append((str(key.value), key.start_mark.line + 1))
                names.add(key.value)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> tuple[dict[str, object], list[Problem]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        stacks = ", ".join(sorted(each.name.split(".")[1] for each in path.parent.glob("Pulumi.*.yaml")))
        return {}, [
            Problem(
                path=str(path),
                expected="a stack file",
                found=error.strerror or "an unreadable file",
                fix=f"Stacks there: {stacks}." if stacks else "",
            )
        ]
    except UnicodeDecodeError:
        return {}, [Problem(path=path.name, expected="UTF-8 text", found="other bytes")]
    try:
        loader = _Loader(text)
        content: object = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        found = " ".join(filter(None, (error.problem, error.context))).removeprefix("found ")
        return {}, [Problem(path=f"{path.name}:{line}", expected="YAML", found=found, fix=_yaml_fix(found))]
    except yaml.YAMLError as error:
        return {}, [Problem(path=path.name, expected="YAML", found=" ".join(str(error).split()))]
    problems = [
        Problem(
            path=f"{path.name}:{line}",
            expected="every key once",
            found=f"{key} a second time",
            fix="Remove one of them.",
        )
        for key, line in sorted(loader.repeated, key=lambda pair: pair[1])
    ]
    if not isinstance(content, Mapping) or not isinstance(content.get("config"), Mapping):  # pyright: ignore[reportUnknownMemberType]
        fix = f"Write the settings under config:, as {NAMESPACE}:system and so on."
        problems.append(Problem(path=path.name, expected="a mapping named config", found="none", fix=fix))
        return {}, problems
    config = cast("Mapping[object, object]", content["config"])
    return {str(key): value for key, value in config.items()}, problems


def _yaml_fix(found: str) -> str:
    if "\\t" in found:
        return "Indent with spaces."
    return "Check the indentation and the quotes of this line and the one before."
