"""Jurisdictions as data: where health data may live, and from where it may be viewed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Jurisdiction(StrEnum):
    """The legal regime a stack serves; decides the regions it may use."""

    CANADA = "canada"
    UNITED_STATES = "united-states"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a jurisdiction allows.

    regions: where patient data, backups and state may be kept (ALL-15).
    recovery: default recovery region per home region.
    countries: ISO 3166-1 alpha-2 codes of the viewers a CDN admits by default.   statute: the law the setting serves.
    """

    regions: tuple[str, ...]
    recovery: dict[str, str]
    countries: tuple[str, ...]
    statute: str


FACTS: dict[Jurisdiction, Facts] = {
    Jurisdiction.CANADA: Facts(
        regions=("ca-central-1", "ca-west-1"),
        recovery={"ca-central-1": "ca-west-1", "ca-west-1": "ca-central-1"},
        countries=("CA",),
        statute="PIPEDA",
    ),
    Jurisdiction.UNITED_STATES: Facts(
        regions=("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
        recovery={
            "us-east-1": "us-west-2",
            "us-east-2": "us-west-2",
            "us-west-1": "us-east-2",
            "us-west-2": "us-east-1",
        },
        countries=("US",),
        statute="HIPAA",
    ),
}

ZONES: dict[str, str] = {
    "ca-central-1": "abd",
    "ca-west-1": "abc",
    "us-east-1": "abcdef",
    "us-east-2": "abc",
    "us-west-1": "abc",
    "us-west-2": "abcd",
}
"""Letters of the availability zones each region offers (an account may see fewer of us-west-1's)."""


def zones(region: str) -> list[str]:
    """Full names of the region's availability zones; empty for a region no jurisdiction uses."""
    return [f"{region}{letter}" for letter in ZONES.get(region, "")]
