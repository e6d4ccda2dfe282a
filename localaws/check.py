"""What AWS would refuse, said at preview: the CloudFormation registry's schemas and tables that cfn-lint ships."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from jsonschema import Draft7Validator, RefResolver, ValidationError, validators  # pyright: ignore[reportDeprecated]  cfn-lint resolves so too

from localaws.clients import python_pattern
from localaws.handler import Handler, Props
from localaws.values import unknown

# What is wrong with a value, as opposed to what else a template would need (`required`) or may say.
JUDGED = frozenset({"enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "const"})
# Values that only a region's table knows: registry type -> tables under cfn-lint's `extensions/`.
TABLES = {
    "AWS::RDS::DBInstance": ("aws_rds_dbinstance/engine_version", "aws_rds_dbinstance/dbinstanceclass_enum"),
    "AWS::RDS::DBCluster": ("aws_rds_dbcluster/engine_version",),
    "AWS::ElastiCache::ReplicationGroup": (
        "aws_elasticache_cachecluster/engine_version",
        "aws_elasticache_cachecluster/cachenodetype_enum",
    ),
    "AWS::ElastiCache::CacheCluster": (
        "aws_elasticache_cachecluster/engine_version",
        "aws_elasticache_cachecluster/cachenodetype_enum",
    ),
}
SHOWN = 8  # accepted values listed in a message


def problems(handler: Handler, region: str, properties: Props) -> Iterator[tuple[str, str]]:
    """(property, what AWS accepts) for every value AWS would refuse in that region."""
    if handler.cloudformation is None:
        return
    schema = _schema(handler.cloudformation, region)
    if schema is None:
        yield "region", f"{handler.cloudformation} is not offered in {region}"
        return
    names: dict[str, str] = {}
    registry = _translate(properties, schema, schema, handler.renames, names, "")
    seen: set[tuple[str, str]] = set()
    resolver = cast("Any", RefResolver).from_schema(schema)  # pyright: ignore[reportDeprecated]
    judges = [_judge(schema, resolver=resolver)]
    judges += [_judge(table) for table in _tables(handler.cloudformation, region)]
    for validator in judges:
        for error in validator.iter_errors(registry):
            for leaf in _leaves(error):
                path = ".".join(str(part) for part in leaf.absolute_path)
                problem = (names.get(path, path), _sentence(leaf))
                if leaf.validator in JUDGED and path and problem not in seen:
                    seen.add(problem)
                    yield problem


def _pattern(_: Any, pattern: str, value: object, __: Any) -> Iterator[ValidationError]:
    """The registry's patterns are Java's; one that Python's engine cannot read is left to AWS."""
    try:
        fits = not isinstance(value, str) or re.search(python_pattern(pattern), value)
    except re.error:
        return
    if not fits:
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_judge = cast("Any", validators.extend(Draft7Validator, {"pattern": _pattern}))


def _leaves(error: Any) -> Iterator[Any]:
    """The errors behind an `allOf`; alternatives (`anyOf`, `oneOf`) are skipped: any branch may be the meant one."""
    if error.validator in ("allOf", "if") and error.context:
        for inner in error.context:
            yield from _leaves(inner)
    else:
        yield error


def _sentence(error: Any) -> str:
    value, wanted = error.instance, error.validator_value
    match error.validator:
        case "enum":
            accepted = [str(item) for item in wanted]
            near = sorted(accepted, key=lambda item: (item.split(".")[0] != str(value).split(".")[0], item))
            more = f" and {len(near) - SHOWN} more" if len(near) > SHOWN else ""
            return f"{value!r} is refused by AWS; accepted: {', '.join(near[:SHOWN])}{more}"
        case "pattern":
            return f"{value!r} is refused by AWS; it must match {wanted}"
        case "minLength" | "maxLength":
            bound = "at least" if error.validator == "minLength" else "at most"
            return f"{len(str(value))} characters are refused by AWS; {bound} {wanted} are accepted"
        case "minimum" | "maximum":
            bound = "at least" if error.validator == "minimum" else "at most"
            return f"{value} is refused by AWS; {bound} {wanted} is accepted"
        case _:
            return f"{value!r} is refused by AWS; it must be {wanted!r}"


def _translate(
    properties: Mapping[str, Any], node: Any, schema: Any, renames: Mapping[str, str], names: dict[str, str], path: str
) -> dict[str, Any]:
    """Properties under the registry's names; what the registry does not know, or nobody knows yet, is left out."""
    known = {name.lower(): name for name in node.get("properties", {})}
    translated: dict[str, Any] = {}
    for name, value in properties.items():
        target = known.get(renames.get(name, name).lower())
        if target is None or unknown(value) or value is None:
            continue
        child = _resolve(node["properties"][target], schema)
        where = f"{path}{target}"
        names[where] = name if not path else f"{names.get(path.rstrip('.'), path.rstrip('.'))}.{name}"
        translated[target] = _translate_value(value, child, schema, names, where)
    return translated


def _translate_value(value: Any, node: Any, schema: Any, names: dict[str, str], where: str) -> Any:
    if isinstance(value, dict):
        return _translate(cast("dict[str, Any]", value), node, schema, {}, names, f"{where}.")
    if isinstance(value, list):
        items = _resolve(node.get("items", {}), schema)
        members: list[Any] = []
        for index, item in enumerate(cast("list[Any]", value)):
            names[f"{where}.{index}"] = f"{names[where]}[{index}]"
            members.append(_translate_value(item, items, schema, names, f"{where}.{index}"))
        return members
    types = node.get("type", ())
    if isinstance(value, int) and not isinstance(value, bool) and types == "string":
        return str(value)
    return value


def _resolve(node: Any, schema: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = schema
        for part in cast("str", node["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return cast("Any", node) if isinstance(node, dict) else {}


@cache
def _schemas() -> Path:
    """Where cfn-lint keeps them. The package itself is not imported: it takes half a second, for its data alone."""
    spec = find_spec("cfnlint")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "data" / "schemas"


def _data(path: str) -> Any:
    return json.loads((_schemas() / path).read_text())


@cache
def _providers(region: str) -> dict[str, str]:
    return _data(f"providers/{region}.json")


@cache
def _schema(registry_type: str, region: str) -> dict[str, Any] | None:
    digest = _providers(region).get(registry_type)
    return None if digest is None else _data(f"resources/{digest}.json")


@cache
def _tables(registry_type: str, region: str) -> tuple[dict[str, Any], ...]:
    tables = [_data(f"extensions/{name}.json") for name in TABLES.get(registry_type, ())]
    return tuple(table.get(region, table) for table in tables)


def offered(registry_type: str, region: str, of: str, is_value: str, wanted: str) -> list[str]:
    """What a region's table accepts for one property when another has a value, e.g. versions of an engine."""
    for table in _tables(registry_type, region):
        for rule in table.get("allOf", ()):
            if rule.get("if", {}).get("properties", {}).get(of, {}).get("const") == is_value:
                enum = rule["then"]["properties"].get(wanted, {}).get("enum")
                if enum:
                    return list(enum)
    return []
