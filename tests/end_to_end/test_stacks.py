"""Each stack goes up, stays as it is, and goes away without a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localaws.lifecycle import alive
from operations.local import read_yaml, region_of
from tests.end_to_end.conftest import ROOT, Phi

pytestmark = pytest.mark.end_to_end

STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_goes_up_stays_unchanged_and_leaves_nothing(phi_in: Callable[[Path], Phi], stack: str) -> None:
    phi = phi_in(ROOT)
    stack_file = (ROOT / f"Pulumi.{stack}.yaml").read_text()

    first = phi("up", stack)
    assert f"{stack} on the embedded AWS" in first
    region = region_of(read_yaml(ROOT / f"Pulumi.{stack}.yaml"))
    assert phi.client("ec2", region).describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    assert phi.run.stacks() == [stack]

    phi("run", "--stack", stack, "--", "up", "--yes", "--skip-preview", "--expect-no-changes")
    phi("run", "--stack", stack, "--", "refresh", "--yes", "--skip-preview", "--expect-no-changes")
    phi("run", "--stack", stack, "--", "preview", "--refresh", "--expect-no-changes")

    process = phi.endpoint.pid
    phi("down", stack)
    assert not alive(process)
    assert not phi.directory.exists()
    assert (ROOT / f"Pulumi.{stack}.yaml").read_text() == stack_file
