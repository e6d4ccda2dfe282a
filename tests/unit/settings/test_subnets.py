"""Subnet arithmetic: inside the network, apart, stable."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings.network import NetworkSettings, Tier, TierSettings
from settings.subnets import misfits, subnets

ZONES = ("ca-central-1a", "ca-central-1b", "ca-central-1d")


@pytest.mark.requirement("ALL-03", "BER-N27")
@given(
    prefix=st.integers(16, 24),
    block=st.integers(0, 255),
    count=st.integers(1, 3),
    data=st.booleans(),
)
def test_computed_subnets_lie_in_the_network_and_apart(prefix: int, block: int, count: int, data: bool) -> None:
    network = IPv4Network((f"10.{block}.0.0", prefix))
    settings = NetworkSettings(cidr=network, zones=ZONES[:count], data=TierSettings() if data else None)
    found = [cidr for tier in subnets(settings).values() for cidr in tier.values()]
    assert len(found) == count * (3 if data else 2)
    assert all(cidr.subnet_of(network) for cidr in found)
    assert not any(one.overlaps(other) for one in found for other in found if one is not other)


@pytest.mark.parametrize(("prefix", "fits"), [(19, False), (20, True), (28, True)])
def test_a_tier_of_four_letters_needs_blocks_of_a_sixteenth(prefix: int, fits: bool) -> None:
    settings = NetworkSettings(zones=("ca-central-1d",), application=TierSettings(prefix=prefix))
    assert bool(list(misfits(settings))) is not fits


def test_a_misfit_says_what_would_fit() -> None:
    settings = NetworkSettings(zones=("us-east-1f", "us-east-1a"))
    assert [(misfit.path, misfit.found) for misfit in misfits(settings)] == [
        ("public.prefix", "20"),
        ("application.prefix", "20"),
    ]
    assert all(misfit.expected.startswith("21 to 28") for misfit in misfits(settings))
    with pytest.raises(ValueError, match=r"public\.prefix: expected 21 to 28"):
        subnets(settings)


def test_a_network_too_small_asks_for_a_larger_one() -> None:
    (misfit, _) = misfits(NetworkSettings(cidr=IPv4Network("10.0.0.0/28"), zones=("ca-central-1a",)))
    assert misfit.expected.startswith("a network larger than") or misfit.expected.startswith("30")


def test_explicit_subnets_may_not_overlap_computed_ones() -> None:
    cidrs = {"ca-central-1a": IPv4Network("10.0.64.0/24")}
    settings = NetworkSettings(zones=("ca-central-1a",), public=TierSettings(cidrs=cidrs))
    assert [misfit.path for misfit in misfits(settings)] == ["application"]
    assert subnets(NetworkSettings(zones=("ca-central-1a",)))[Tier.APPLICATION]["ca-central-1a"] == IPv4Network(
        "10.0.64.0/20"
    )
