"""What the pack must know of a stack: its jurisdiction, its trusted accounts, its words for things."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

JURISDICTIONS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "canada": (frozenset({"ca-central-1", "ca-west-1"}), frozenset({"CA"})),
    "united-states": (frozenset({"us-east-1", "us-east-2", "us-west-1", "us-west-2"}), frozenset({"US"})),
}
"""Jurisdiction → its AWS regions and its countries."""

DATA_CLASSES = ("phi", "pii", "internal", "public")
SENSITIVE = ("phi", "pii")


SPECIAL = ("jurisdiction", "regions", "countries", "allowed_countries", "waivers", "extra")
"""Settings that `load` derives from each other."""

ELIGIBLE = frozenset((Path(__file__).parent / "eligible_services.txt").read_text().split())
"""Modules of pulumi-aws whose services AWS lists as HIPAA eligible, or that hold no data of their own (as budgets)."""


class ConfigError(Exception):
    """A setting of the pack that makes no sense, with what is accepted."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the pack; every one has a safe default.

    jurisdiction: where data may be. It is configured policy (contract, provincial law), not the text of a statute.
    countries: countries a CDN may serve, at least the jurisdiction's.   trusted_accounts: whom data may be shared with.
    data_class_tag: name of the tag that says how sensitive a resource is.   log_days: shortest retention of logs.
    strict: whether a mandatory rule that meets an unknown value on patient data fails the preview.
    accounts: the organization's own accounts, beside those that the stack itself shows.   organizations: its ids.
    baseline: whether the stack is where the account's own safeguards (detectors, recorders, password policy, alarms on
        the trail) are declared, so that a missing one is a finding. audit_elsewhere: whether another stack or the
        organization keeps this account's audit records.
    audit_days: how long audit evidence is kept (six years: the documentation period of 45 CFR 164.316(b)(2)(i)).
    registries: hosts (or host/path prefixes) that images may come from, beside the stack's own account.
    destinations: hosts outside AWS that may receive events.   mail_domains: whose people may be told of costs.
    services: AWS services that may hold patient data.
    waivers: file of the exceptions, instead of the pack's own.
    baseline_file: findings accepted before (see `baseline`).
    """

    jurisdiction: str = "canada"
    regions: frozenset[str] = JURISDICTIONS["canada"][0]
    countries: frozenset[str] = JURISDICTIONS["canada"][1]
    allowed_countries: frozenset[str] = frozenset({"CA", "US"})
    trusted_accounts: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    registries: frozenset[str] = frozenset()
    destinations: frozenset[str] = frozenset()
    mail_domains: frozenset[str] = frozenset()
    services: frozenset[str] = ELIGIBLE
    data_class_tag: str = "DataClass"
    tier_tag: str = "Tier"
    environment_tag: str = "Environment"
    owner_tag: str = "Owner"
    cost_tag: str = "CostCenter"
    exposure_tag: str = "Exposure"
    retention_tag: str = "Retention"
    purpose_tags: tuple[str, ...] = ("Purpose", "Project", "Application", "System")
    audit_days: int = 2190
    baseline: bool = False
    audit_elsewhere: bool = False
    log_days: int = 365
    backup_days: int = 7
    strict: bool = False
    waivers: str | None = None
    baseline_file: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


def load(settings: Mapping[str, Any], stack: Mapping[str, str] | None = None) -> Config:
    """The pack's settings: those given, else the stack's own jurisdiction, else Canada.

    settings: of the pack-config entry `region-allowed`.   stack: configuration of the stack under judgement
    (`phi-platform:jurisdiction`). Raises ConfigError.
    """
    stack = stack_configuration() if stack is None else stack
    problems = list(_problems(settings))
    if problems:
        raise ConfigError("\n".join(problems))
    name = str(settings.get("jurisdiction") or stack.get("phi-platform:jurisdiction") or "canada")
    regions, countries = settings.get("regions"), settings.get("countries")
    if name not in JURISDICTIONS and not (regions and countries):
        known = ", ".join(JURISDICTIONS)
        raise ConfigError(f"jurisdiction {name!r}: use {known}, or give regions and countries of your own")
    default_regions, default_countries = JURISDICTIONS.get(name, (frozenset(), frozenset()))
    return Config(
        jurisdiction=name,
        regions=frozenset(regions or default_regions),
        countries=frozenset(countries or default_countries),
        allowed_countries=frozenset(settings.get("allowedCountries") or {"CA", "US"})
        | frozenset(countries or default_countries),
        waivers=settings.get("waivers"),
        **_given(settings),
    )


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are plain values or lists, by the names they have in a pack-config file."""
    given: dict[str, Any] = {}
    for spec in fields(Config):
        if spec.name in SPECIAL:
            continue
        value = settings.get(_key(spec.name))
        if value is None or value == "":
            continue
        sort = type(spec.default)
        given[spec.name] = sort(value) if sort in (frozenset, tuple, int, bool) else str(value)
    return given


def _key(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def schema() -> dict[str, Any]:
    """JSON schema of a pack-config file: the pack's settings under `region-allowed`, enforcement under any rule."""
    properties: dict[str, Any] = {}
    lines = " ".join((Config.__doc__ or "").split())
    for spec in fields(Config):
        if spec.name == "extra":
            continue
        standard: Any = spec.default
        kinds: dict[Any, dict[str, Any]] = {frozenset: _LIST, tuple: _LIST, bool: {"type": "boolean"}, int: _DAYS}
        kind = kinds.get(type(standard), {"type": "string"})
        about = re.search(rf"\b{spec.name}: (.*?)(?= [a-z_]+: |$)", lines)
        said = {"description": about[1].strip().rstrip(".") + "."} if about else {}
        ordered = sorted if isinstance(standard, frozenset) else list
        default: Any = ordered(standard) if kind is _LIST else standard
        properties[_key(spec.name)] = {**kind, **said, **({} if default is None else {"default": default})}
    level = {"enum": ["advisory", "mandatory", "remediate", "disabled"]}
    settings = {
        "type": "object",
        "properties": {"enforcementLevel": level, **properties},
        "additionalProperties": False,
    }
    rule = {"type": "object", "properties": {"enforcementLevel": level}, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the phi-platform policy pack",
        "type": "object",
        "properties": {"all": level, "region-allowed": {"anyOf": [level, settings]}},
        "additionalProperties": {"anyOf": [level, rule]},
    }


_LIST = {"type": "array", "items": {"type": "string"}}
_DAYS = {"type": "integer", "minimum": 1}


def _problems(settings: Mapping[str, Any]) -> Iterator[str]:
    """One line for each setting that is wrong: its key, what is expected, what was found."""
    known = {_key(spec.name): spec for spec in fields(Config) if spec.name != "extra"}
    for key, value in settings.items():
        spec = known.get(key)
        if spec is None:
            near = get_close_matches(key, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            yield f"{key}: expected one of {', '.join(known)}, found an unknown key.{hint}"
        elif value is None or value == "":
            continue
        elif isinstance(spec.default, bool):
            if not isinstance(value, bool):
                yield f"{key}: expected true or false, found {value!r}"
        elif isinstance(spec.default, int):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value) or value < 1:
                yield f"{key}: expected a whole number of at least 1, found {value!r}"
        elif isinstance(spec.default, (frozenset, tuple)):
            if isinstance(value, (str, Mapping)) or not isinstance(value, Collection) or not _texts(value):
                yield f"{key}: expected a list of texts, found {value!r}"
        elif not isinstance(value, str):
            yield f"{key}: expected text, found {value!r}"


def _texts(values: Collection[Any]) -> bool:
    return all(isinstance(each, str) for each in values)


def stack_configuration() -> dict[str, str]:
    """The configuration of the stack under judgement, as the engine hands it to the pack; empty without one."""
    text = os.environ.get("PULUMI_CONFIG") or "{}"
    return {str(key): str(value) for key, value in json.loads(text).items()}
