"""A stack file made from another one and from what a person answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import yaml

from operations.mistakes import Mistake
from settings.base import Environment
from settings.descriptions import described
from settings.jurisdiction import FACTS, Jurisdiction, zones
from settings.load import load
from settings.problems import NAMESPACE, REGION_KEY
from settings.stack import Settings

_SCHEMA = "# yaml-language-server: $schema=docs/settings.schema.json"
_ANOTHERS = ("naming", "identity", "residency_waiver", "agreement")
"""Sections that say something of one system and its account only."""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines, such as public keys, line by line."""


def _lines(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _lines)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a person says of a new stack.

    region: home region; lies in the jurisdiction.   domain: of the application; None: the starting stack has none.
    signed, reference: day and place of the signed AWS agreement; None: there is none.
    """

    system: str
    environment: Environment
    jurisdiction: Jurisdiction
    region: str
    alarm_email: str
    owner: str
    cost_center: str
    domain: str | None = None
    signed: date | None = None
    reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class Start:
    """The stack whose parts and sizes a new one takes.   config: its values as written."""

    name: str
    config: Mapping[str, Any]
    settings: Settings

    @property
    def domain(self) -> str | None:
        """Its domain, which the new one replaces."""
        edge = self.settings.edge
        return None if edge is None or edge.domain is None else edge.domain.name


def start(file: Path) -> Start:
    """A starting stack. Raises Mistake when there is no such file, SettingsError when it is wrong itself."""
    if not file.exists():
        there = ", ".join(sorted(each.name.split(".")[1] for each in file.parent.glob("Pulumi.*.yaml"))) or "none"
        raise Mistake(f"{file.name}: expected a stack to start from, found none; there are: {there}.")
    config: dict[str, Any] = yaml.safe_load(file.read_text())["config"]
    return Start(name=file.name.split(".")[1], config=config, settings=load(config))


def drafted(start: Start, answers: Answers) -> dict[str, Any]:
    """The values of the new stack: the starting one's parts and sizes, with its places and names replaced."""
    kept = {key: value for key, value in start.config.items() if key.partition(":")[2] not in _ANOTHERS}
    config = cast("dict[str, Any]", _replaced(kept, _replacements(start, answers)))
    config[REGION_KEY] = answers.region
    for name in ("system", "environment", "jurisdiction"):
        config[_key(name)] = str(getattr(answers, name))
    config[_key("tags")] = {"owner": answers.owner, "cost_center": answers.cost_center}
    config[_key("observability")]["alarm_email"] = answers.alarm_email
    if answers.signed is not None:
        config[_key("agreement")] = {"signed": answers.signed.isoformat(), "reference": answers.reference}
    edge = config.get(_key("edge")) or {}
    if "countries" in (edge.get("cdn") or {}):
        edge["cdn"]["countries"] = list(FACTS[answers.jurisdiction].countries)
    for own in ("zone_id", "zone_name", "certificate_arn", "cdn_certificate_arn"):
        (edge.get("domain") or {}).pop(own, None)
    (config.get(_key("recovery")) or {}).pop("state_backend", None)
    return config


def text(config: Mapping[str, Any], start: Start, answers: Answers) -> str:
    """The stack file, each section under what it is for. Raises SettingsError when the values do not fit together."""
    load(config)
    order = ["region", *Settings.model_fields]
    lines = [
        _SCHEMA,
        f"# {answers.system}, {answers.environment}: parts and sizes of `{start.name}`. What else may be said is in",
        "# docs/settings.md; `phi settings show` prints what the file means, with every default.",
        "config:",
    ]
    for key in sorted(config, key=lambda key: order.index("region" if key == REGION_KEY else key.partition(":")[2])):
        name = "region" if key == REGION_KEY else key.partition(":")[2]
        about = (described().model_fields[name].description or "").split("\n")[0]
        written = yaml.dump({key: config[key]}, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
        lines += [f"  # {about}", *(f"  {line}" for line in written.rstrip("\n").split("\n"))]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return f"{NAMESPACE}:{name}"


def _replacements(start: Start, answers: Answers) -> dict[str, str]:
    """Text → text: regions, zones and domain of the starting stack, and its system's name."""
    before, recovery = start.settings, FACTS[answers.jurisdiction].recovery[answers.region]
    offered = zones(answers.region)
    if len(before.network.zones) > len(offered):
        raise Mistake(
            f"{answers.region} has {len(offered)} availability zones, {start.name} uses {len(before.network.zones)}: "
            "choose another region or starting stack."
        )
    found = dict(zip(before.network.zones, offered, strict=False))
    if before.recovery_region is not None:
        found[before.recovery_region] = recovery
    found[before.region] = answers.region
    if start.domain is not None and answers.domain is not None:
        found[start.domain] = answers.domain
    return found


def _replaced(value: Any, replacements: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {_text(key, replacements): _replaced(each, replacements) for key, each in members.items()}
    if isinstance(value, list):
        return [_replaced(each, replacements) for each in cast("list[Any]", value)]
    return _text(value, replacements) if isinstance(value, str) else value


def _text(value: str, replacements: Mapping[str, str]) -> str:
    """A text with the longest of its parts replaced, once: what was put in is not replaced again."""
    for before in sorted(replacements, key=len, reverse=True):
        if before in value:
            return value.replace(before, replacements[before])
    return value
