"""How many connections fit, as the alarms count them."""

from __future__ import annotations

import pytest

from components.connections import serverless_max_connections


@pytest.mark.requirement("MSP-DB-02", "OMN-DB-02", "ALL-17")
@pytest.mark.parametrize(
    ("most", "connections"), [(1, 189), (4, 823), (8, 1669), (16, 3360), (32, 5000), (64, 5000), (256, 5000)]
)
def test_documented_capacities_have_their_documented_connections(most: float, connections: int) -> None:
    assert serverless_max_connections(1, most) == connections


@pytest.mark.parametrize(("least", "connections"), [(0.5, 2000), (1, 3360)])
def test_a_minimum_of_half_a_unit_caps_connections_at_two_thousand(least: float, connections: int) -> None:
    assert serverless_max_connections(least, 16) == connections
    assert serverless_max_connections(least, 4) == 823


def test_more_capacity_never_means_fewer_connections() -> None:
    counts = [serverless_max_connections(1, units / 2) for units in range(2, 513)]
    assert counts == sorted(counts)
