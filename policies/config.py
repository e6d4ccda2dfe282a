"""What the pack must know of a stack: its jurisdiction, its trusted accounts, its words for things."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JURISDICTIONS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "canada": (frozenset({"ca-central-1", "ca-west-1"}), frozenset({"CA"})),
    "united-states": (frozenset({"us-east-1", "us-east-2", "us-west-1", "us-west-2"}), frozenset({"US"})),
}
"""Jurisdiction → its AWS regions and its countries."""

DATA_CLASSES = ("phi", "pii", "internal", "public")
SENSITIVE = ("phi", "pii")


class ConfigError(Exception):
    """A setting of the pack that makes no sense, with what is accepted."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the pack; every one has a safe default.

    jurisdiction: where data may be. It is configured policy (contract, provincial law), not the text of a statute.
    countries: countries a CDN may serve, at least the jurisdiction's.   trusted_accounts: whom data may be shared with.
    data_class_tag: name of the tag that says how sensitive a resource is.   log_days: shortest retention of logs.
    strict: whether a mandatory rule that meets an unknown value on patient data fails the preview.
    """

    jurisdiction: str = "canada"
    regions: frozenset[str] = JURISDICTIONS["canada"][0]
    countries: frozenset[str] = JURISDICTIONS["canada"][1]
    allowed_countries: frozenset[str] = frozenset({"CA", "US"})
    trusted_accounts: frozenset[str] = frozenset()
    data_class_tag: str = "DataClass"
    log_days: int = 365
    backup_days: int = 7
    strict: bool = False
    waivers: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


def load(settings: Mapping[str, Any], stack: Mapping[str, str] | None = None) -> Config:
    """The pack's settings: those given, else the stack's own jurisdiction, else Canada.

    settings: of the pack-config entry `region-allowed`.   stack: configuration of the stack under judgement
    (`phi-platform:jurisdiction`). Raises ConfigError.
    """
    stack = stack_configuration() if stack is None else stack
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
        trusted_accounts=frozenset(settings.get("trustedAccounts") or ()),
        data_class_tag=str(settings.get("dataClassTag") or "DataClass"),
        log_days=int(settings.get("logDays") or 365),
        backup_days=int(settings.get("backupDays") or 7),
        strict=bool(settings.get("strict")),
        waivers=settings.get("waivers"),
    )


def stack_configuration() -> dict[str, str]:
    """The configuration of the stack under judgement, as the engine hands it to the pack; empty without one."""
    text = os.environ.get("PULUMI_CONFIG") or "{}"
    return {str(key): str(value) for key, value in json.loads(text).items()}
