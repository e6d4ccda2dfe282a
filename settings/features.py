"""What a stack uses: the parts of AWS its settings ask for, so that nobody is given rights over others."""

from __future__ import annotations

from enum import StrEnum

from settings.stack import Settings


class Feature(StrEnum):
    """A part of AWS that only some stacks use; network, buckets, keys, logs, alarms and topics are in all of them."""

    API = "api"
    BACKUP = "backup"
    BALANCER = "balancer"
    CACHE = "cache"
    CDN = "cdn"
    CONTAINERS = "containers"
    COST = "cost"
    DATABASE = "database"
    DETECTION = "detection"
    DIRECTORY = "directory"
    DOMAIN = "domain"
    ENDPOINTS = "endpoints"
    EVENTS = "events"
    FIREWALL = "firewall"
    FLEET = "fleet"
    FUNCTIONS = "functions"
    ROTATION = "rotation"
    SECRETS = "secrets"
    TRACING = "tracing"
    TRAIL = "trail"
    VPN = "vpn"


_SECTIONS: dict[Feature, tuple[str, ...]] = {
    Feature.API: ("api",),
    Feature.BACKUP: ("recovery",),
    Feature.BALANCER: ("edge.load_balancer",),
    Feature.CACHE: ("cache",),
    Feature.CDN: ("edge.cdn",),
    Feature.CONTAINERS: ("compute.services",),
    Feature.COST: ("observability.cost",),
    Feature.DATABASE: ("database",),
    Feature.DETECTION: tuple(
        f"detection.{part}" for part in ("guard_duty", "config", "security_hub", "access_analyzer")
    ),
    Feature.DIRECTORY: ("directory",),
    Feature.DOMAIN: ("edge.domain", "edge.load_balancer", "edge.cdn", "edge.vpn", "api", "compute.discovery"),
    Feature.ENDPOINTS: ("network.interface_endpoints",),
    Feature.EVENTS: ("observability.events", "recovery.snapshot_copies"),
    Feature.FIREWALL: ("edge.web_acl",),
    Feature.FLEET: ("compute.fleet", "bastion"),
    Feature.FUNCTIONS: ("compute.functions", "database.rotates_own", "recovery.snapshot_copies"),
    Feature.ROTATION: ("database.rotates_own",),
    Feature.SECRETS: ("database", "cache", "secrets"),
    Feature.TRACING: ("observability.tracing",),
    Feature.TRAIL: ("observability.trail",),
    Feature.VPN: ("edge.vpn",),
}
"""Feature → the settings, any of which asks for it."""


def features(settings: Settings) -> frozenset[Feature]:
    """The features a stack's settings ask for."""
    return frozenset(
        feature for feature, sections in _SECTIONS.items() if any(_given(settings, path) for path in sections)
    )


def _given(settings: Settings, path: str) -> bool:
    found: object = settings
    for name in path.split("."):
        found = getattr(found, name, None)
    return bool(found)
