"""Two stacks in one account keep out of each other's way."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import Phi

pytestmark = pytest.mark.end_to_end

# What the random provider gives every password for an id: it is no resource of the account.
WITHOUT_IDENTITY = "none"
UNCHANGED = ("--", "preview", "--refresh", "--expect-no-changes")


def test_a_second_stack_comes_and_goes_without_a_trace_in_the_first(staging: Phi) -> None:
    before = {resource["urn"]: resource.get("id") for resource in staging.run.resources("staging")}

    staging("up", "berthcare")
    assert staging.run.stacks() == ["berthcare", "staging"]
    other = {resource["id"] for resource in staging.run.resources("berthcare") if resource.get("id")}
    shared = {id for id in before.values() if id and id in other} - {WITHOUT_IDENTITY}
    assert not shared, "both stacks hold the same resource"
    staging("run", "--stack", "staging", *UNCHANGED)
    staging("run", "--stack", "berthcare", *UNCHANGED)

    staging("down", "berthcare")
    assert staging.run.stacks() == ["staging"]
    staging("run", "--stack", "staging", *UNCHANGED)
    assert {resource["urn"]: resource.get("id") for resource in staging.run.resources("staging")} == before
