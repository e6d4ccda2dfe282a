"""Each stack goes up, stays as it is, and goes away without a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localaws.lifecycle import alive
from operations import reachability
from operations.local import read_yaml, region_of
from tests.end_to_end import findings
from tests.end_to_end.conftest import ROOT, Phi
from tests.end_to_end.verified import Deployed

pytestmark = pytest.mark.end_to_end

PROTECTED = ("data", "cache", "database", "isolated")  # tiers without a way out, where a stack has them
FIRST = "first.events"
ENTRANCES = {"load balancer"}


def prove_closed(phi: Phi, region: str) -> None:
    """The account's own network: nothing leaves the protected tiers and the stores, and nothing else is let in."""
    account = reachability.Account(lambda service: phi.client(service, region))
    protected = [subnet for tier in PROTECTED for subnet in account.subnets_of(tier)]
    assert account.exits(protected) == []
    assert account.store_exits() == []
    assert {way.thing.kind for way in account.entrances() if way.thing} <= ENTRANCES


def previewed(phi: Phi, stack: str) -> str:
    """`up`, whose preview's events stay under a second name when it removes them."""
    phi.directory.mkdir()
    events = phi.directory / f"{stack}.preview.events"
    events.touch(mode=0o600)
    (phi.directory / FIRST).hardlink_to(events)
    return phi("up", stack)


STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


@pytest.mark.requirement("LWO-NET-04", "MSP-NET-04", "OMN-NET-08", "BER-DB-09", "FAC-DB-11", "MSP-DB-09", "LWO-N03")
@pytest.mark.requirement("LWO-DR-03")
@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_goes_up_stays_unchanged_and_leaves_nothing(phi_in: Callable[[Path], Phi], stack: str) -> None:
    phi = phi_in(ROOT)
    stack_file = (ROOT / f"Pulumi.{stack}.yaml").read_text()

    first = previewed(phi, stack)
    assert f"{stack} on the embedded AWS" in first
    region = region_of(read_yaml(ROOT / f"Pulumi.{stack}.yaml"))
    assert phi.client("ec2", region).describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    assert phi.run.stacks() == [stack]
    prove_closed(phi, region)
    findings.prove_equal(phi.directory / FIRST, stack, ROOT / f"Pulumi.{stack}.yaml")
    Deployed(phi, stack).prove_clean()

    phi("run", "--stack", stack, "--", "up", "--yes", "--skip-preview", "--expect-no-changes")
    phi("run", "--stack", stack, "--", "refresh", "--yes", "--skip-preview", "--expect-no-changes")
    phi("run", "--stack", stack, "--", "preview", "--refresh", "--expect-no-changes")

    process = phi.endpoint.pid
    phi("down", stack)
    assert not alive(process)
    assert not phi.directory.exists()
    assert (ROOT / f"Pulumi.{stack}.yaml").read_text() == stack_file
