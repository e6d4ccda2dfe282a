"""The stack file of a recovery stack: the same system in the recovery region, with names of its own (BER-N05).

IAM roles and buckets have names that are global, so those of the recovery stack end in `-dr` and `-recovery`; secrets
keep theirs. What belongs to the account and not to a region stays with the first stack.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from operations.mistakes import Mistake
from settings.jurisdiction import zones
from settings.naming import NamingSettings
from settings.stack import Settings

ENDING = "-recovery"
NAMESPACE = "phi-platform"
HEADER = """# yaml-language-server: $schema=docs/settings.schema.json
# Written by `phi dr`: the recovery stack of another one (docs/runbooks/failover.md).
"""
RESOURCE_ENDING = "-dr"
LEFT_OUT = {
    "recovery": "its copies would go to the region that is lost",
    "identity.github": "the identity provider of GitHub is the account's, and the first stack has it",
    "observability.cost": "budgets and anomaly monitors are the account's, and the first stack has them",
}
"""Settings a recovery stack goes without, and why."""

Config = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the database begins as.   identifier: name in the recovery region.   kms_key_arn: it is encrypted with."""

    identifier: str
    kms_key_arn: str


@dataclass(frozen=True, kw_only=True)
class Derived:
    """content: of the stack file.   notes: what a person should know of it."""

    content: Config
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        return HEADER + yaml.safe_dump(self.content, sort_keys=False, allow_unicode=True)


def name_of(stack: str) -> str:
    """`staging` → `staging-recovery`."""
    return f"{stack}{ENDING}"


def derive(source: Config, settings: Settings, snapshot: Snapshot | None) -> Derived:
    """The recovery stack's file, from that of the stack.

    source: what the stack file holds.   settings: the same, checked.   snapshot: None: the database begins empty.
    Raises Mistake for a stack without a recovery region.
    """
    if settings.recovery is None:
        raise Mistake("phi-platform:recovery: expected a recovery region, found none. Without it nothing is copied.")
    region, home = settings.recovery.region, settings.region
    config: Config = copy.deepcopy(source["config"])
    notes: list[str] = []
    for path, why in LEFT_OUT.items():
        if _remove(config, f"{NAMESPACE}:{path}".split(".")):
            notes.append(f"{NAMESPACE}:{path} is left out: {why}.")
    for bucket in _section(_section(config, "storage"), "buckets", own=False).values():
        if isinstance(bucket, dict):
            cast("Config", bucket).pop("replicated", None)
    config["aws:region"] = region
    moved = _zones(settings, region)
    config = _renamed(config, moved)
    _section(config, "network")["zones"] = list(moved.values())
    config[f"{NAMESPACE}:naming"] = _names(settings.naming)
    for name, otherwise in settings.recovery.stack.items():
        config[f"{NAMESPACE}:{name}"] = merged(config.get(f"{NAMESPACE}:{name}", {}), otherwise)
    if snapshot is not None and settings.database is not None:
        _section(config, "database")["snapshot"] = {
            "identifier": snapshot.identifier,
            "kms_key_arn": snapshot.kms_key_arn,
        }
    content: Config = {"config": config}
    provider = source.get("secretsprovider")
    if isinstance(provider, str):
        content["secretsprovider"] = provider.replace(home, region)
        if provider.startswith("awskms://") and "mrk-" not in provider:
            notes.append(
                "secretsprovider: a key of one region only; the recovery stack needs one in its own (BER-N07)."
            )
    if settings.edge is not None and settings.edge.domain is not None:
        notes.append("edge.domain: the names lead to the first stack until their records are changed.")
    notes += [f"{path} still names {home}: {value}" for path, value in _naming_region(config, home, "")]
    return Derived(content=content, notes=tuple(notes))


def difference(file: Path, derived: Derived) -> str | None:
    """How a recovery stack's file differs from what would be written today; None: only in snapshot and secrets key."""
    if not file.exists():
        return "none"
    config = copy.deepcopy(read(file).get("config") or {})
    for each in (config, expected := copy.deepcopy(derived.content["config"])):
        _section(each, "database").pop("snapshot", None)
    keys = sorted(key for key in {*config, *expected} if config.get(key, {}) != expected.get(key, {}))
    return f"another in {', '.join(keys)}" if keys else None


def read(file: Path) -> Config:
    """What a stack file holds. Raises Mistake when there is none."""
    try:
        return cast("Config", yaml.safe_load(file.read_text()) or {})
    except FileNotFoundError:
        raise Mistake(f"{file}: expected a stack file, found none.") from None


def merged(value: Any, otherwise: Any) -> Any:
    """Sections key by key; everything else is replaced."""
    if not (isinstance(value, dict) and isinstance(otherwise, dict)):
        return otherwise
    kept, given = cast("Config", value), cast("Config", otherwise)
    return {**kept, **{key: merged(kept.get(key), each) for key, each in given.items()}}


def _section(config: Config, name: str, *, own: bool = True) -> Config:
    return config.setdefault(f"{NAMESPACE}:{name}" if own else name, {})


def _remove(config: Config, path: list[str]) -> bool:
    *sections, last = path
    for name in sections:
        found = config.get(name)
        if not isinstance(found, dict):
            return False
        config = cast("Config", found)
    return config.pop(last, None) is not None


def _zones(settings: Settings, region: str) -> dict[str, str]:
    """Zone of the stack → zone of the recovery region that stands for it."""
    there, here = zones(region), settings.network.zones
    if len(there) < len(here):
        raise Mistake(
            f"phi-platform:network.zones: expected {len(there)} or fewer, which {region} has, found {len(here)}."
        )
    return dict(zip(here, there, strict=False))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same with zones under their new names, as keys and as values."""
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(each, names) for key, each in cast("Config", value).items()}
    if isinstance(value, list):
        return [_renamed(each, names) for each in cast("list[Any]", value)]
    return names.get(value, value) if isinstance(value, str) else value


def _names(naming: NamingSettings) -> Config:
    """Names of resources end in `-dr`, of buckets in `-recovery`; copies of buckets already end in `-dr`."""
    return {
        **naming.model_dump(exclude_defaults=True, mode="json"),
        "resource": f"{naming.resource}{RESOURCE_ENDING}",
        "bucket": f"{naming.bucket}{ENDING}",
        **(
            {"names": {part: f"{name}{RESOURCE_ENDING}" for part, name in naming.names.items()}} if naming.names else {}
        ),
        **(
            {"bucket_names": {purpose: f"{name}{ENDING}" for purpose, name in naming.bucket_names.items()}}
            if naming.bucket_names
            else {}
        ),
    }


def _naming_region(value: Any, region: str, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in cast("Mapping[str, Any]", value).items():
            yield from _naming_region(each, region, f"{path}.{key}".strip("."))
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _naming_region(each, region, path)
    elif isinstance(value, str) and region in value:
        yield path, value
