"""Defaults that depend on the environment, the jurisdiction or the region: all of them, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from settings.base import Environment
from settings.cache import Eviction
from settings.jurisdiction import FACTS, Jurisdiction


def derive(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` settings with every derived default filled in where the stack file says nothing.

    protect: production only (ALL-12).   tags.hipaa: the United States only.
    network.zones: zones a and b of the region.
    queue.eviction: none (FAC-N16).
    recovery.region: the jurisdiction's other region (ALL-15).   edge.cdn.countries: the jurisdiction's (BER-EDG-03).
    compute.discovery.namespace: `<system>.internal` (LWO-CMP-07).
    """
    settings = dict(raw)
    settings.setdefault("network", {})
    settings.setdefault("keys", {})
    settings.setdefault("protect", raw.get("environment") == Environment.PRODUCTION)
    # a wrong region or jurisdiction is one problem, not the cause of others: the rest is filled in as for Canada
    jurisdiction = raw.get("jurisdiction")
    facts = FACTS[Jurisdiction(jurisdiction) if jurisdiction in list(Jurisdiction) else Jurisdiction.CANADA]
    given = raw.get("region")
    region = given if isinstance(given, str) else facts.regions[0]
    _fill(settings, "network", zones=[f"{region}a", f"{region}b"])
    _fill(settings, "tags", hipaa=jurisdiction == Jurisdiction.UNITED_STATES)
    _fill(settings, "queue", eviction=Eviction.NOEVICTION)
    _fill(settings, "recovery", region=facts.recovery.get(region, facts.regions[-1]))
    edge = settings.get("edge")
    if isinstance(edge, Mapping) and isinstance(edge.get("cdn"), Mapping):  # pyright: ignore[reportUnknownMemberType]
        settings["edge"] = {**edge, "cdn": {"countries": list(facts.countries), **edge["cdn"]}}
    compute = settings.get("compute")
    if isinstance(compute, Mapping) and isinstance(compute.get("discovery"), Mapping):  # pyright: ignore[reportUnknownMemberType]
        namespace = f"{raw.get('system')}.internal"
        settings["compute"] = {**compute, "discovery": {"namespace": namespace, **compute["discovery"]}}
    return settings


def _fill(settings: dict[str, Any], section: str, **defaults: Any) -> None:
    given = settings.get(section)
    if isinstance(given, Mapping):
        settings[section] = {**defaults, **given}
