"""Subnet arithmetic: which CIDR each tier has in each zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations

from settings.network import LARGEST_PREFIX, SMALLEST_PREFIX, NetworkSettings, Tier

_SHARE_BITS = 2  # a computed tier owns one quarter of the network, whether the other tiers exist or not
_QUARTER = {Tier.PUBLIC: 0, Tier.APPLICATION: 1, Tier.DATA: 2, Tier.CACHE: 3}
_DEFAULT_BITS = 4  # subnet prefix minus network prefix


@dataclass(frozen=True)
class Misfit:
    """A subnet that cannot be built: where the setting is, what it must be, what it is."""

    path: str
    expected: str
    found: str


def subnets(settings: NetworkSettings) -> dict[Tier, dict[str, IPv4Network]]:
    """CIDR of every subnet, tier → zone → network.

    A computed tier owns a fixed quarter of the network, and a zone's block in it depends only on the zone's letter:
    adding a zone or a tier never moves another subnet (BER-N27, ALL-03). Raises ValueError naming every misfit.
    """
    found = list(misfits(settings))
    if found:
        raise ValueError("; ".join(f"{m.path}: expected {m.expected}, found {m.found}" for m in found))
    return {
        tier: {zone: network for zone in settings.zones if (network := _subnet(settings, tier, zone)) is not None}
        for tier in settings.tiers
    }


def misfits(settings: NetworkSettings) -> Iterator[Misfit]:
    """Every subnet that does not fit its network, a tier or AWS's limits, and every pair of tiers that overlaps."""
    placed: list[tuple[str, IPv4Network]] = []
    for tier, wanted in settings.tiers.items():
        if wanted.cidrs is not None:
            for zone in sorted(set(wanted.cidrs) ^ set(settings.zones)):
                given = zone in wanted.cidrs
                expected = "only zones listed in network.zones" if given else f"a CIDR for every zone, also {zone}"
                yield Misfit(f"{tier}.cidrs", expected, zone if given else ", ".join(sorted(wanted.cidrs)))
        for zone in dict.fromkeys(settings.zones):
            network = _subnet(settings, tier, zone)
            if network is None:
                if wanted.cidrs is None:
                    yield _too_many(settings, tier, zone)
                continue
            path = f"{tier}.cidrs.{zone}" if wanted.cidrs is not None else tier.value
            if not network.subnet_of(settings.cidr):
                yield Misfit(path, f"a part of the network {settings.cidr}", str(network))
            elif not SMALLEST_PREFIX <= network.prefixlen <= LARGEST_PREFIX:
                yield Misfit(path, "a subnet of /16 to /28", str(network))
            placed.append((path, network))
    for (first, one), (second, other) in combinations(placed, 2):
        if first != second and one.overlaps(other):
            yield Misfit(second, f"addresses apart from {one} ({first})", str(other))


def _prefix(settings: NetworkSettings, tier: Tier) -> int:
    return settings.tiers[tier].prefix or settings.cidr.prefixlen + _DEFAULT_BITS


def _subnet(settings: NetworkSettings, tier: Tier, zone: str) -> IPv4Network | None:
    wanted = settings.tiers[tier]
    if wanted.cidrs is not None:
        return wanted.cidrs.get(zone)
    quarter = list(settings.cidr.subnets(prefixlen_diff=_SHARE_BITS))[_QUARTER[tier]]
    prefix = _prefix(settings, tier)
    index = ord(zone[-1]) - ord("a")
    if not quarter.prefixlen <= prefix <= LARGEST_PREFIX or index >= 2 ** (prefix - quarter.prefixlen):
        return None
    size = 2 ** (32 - prefix)
    return IPv4Network((int(quarter.network_address) + index * size, prefix))


def _too_many(settings: NetworkSettings, tier: Tier, zone: str) -> Misfit:
    quarter = settings.cidr.prefixlen + _SHARE_BITS
    letters = ord(zone[-1]) - ord("a") + 1
    needed = quarter + (letters - 1).bit_length()
    expected = (
        f"{needed} to {LARGEST_PREFIX} (a tier owns a quarter of {settings.cidr}, {zone} is its block {letters})"
        if needed <= LARGEST_PREFIX
        else f"a network larger than {settings.cidr}, or explicit cidrs"
    )
    return Misfit(f"{tier}.prefix", expected, str(_prefix(settings, tier)))
