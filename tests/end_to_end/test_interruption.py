"""The embedded AWS killed in the middle of an update: a clear error, and the next update puts everything right."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localaws import lifecycle
from tests.end_to_end.conftest import COMMAND_SECONDS, ROOT, Phi

pytestmark = pytest.mark.end_to_end


def kill_during(phi: Phi, *, after_buckets: int) -> str:
    """Start `up`, kill the embedded AWS once it holds that many buckets, and give what `up` printed."""
    with phi.command("up", "staging") as process:
        deadline = time.monotonic() + COMMAND_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            endpoint = lifecycle.status(phi.directory)
            if endpoint is not None and len(phi.client("s3").list_buckets()["Buckets"]) >= after_buckets:
                os.kill(endpoint.pid, signal.SIGKILL)
                break
            time.sleep(0.05)
        output, _ = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 1, output
    return output


def test_a_killed_embedded_aws_is_named_and_the_next_up_converges(phi_in: Callable[[Path], Phi]) -> None:
    phi = phi_in(ROOT)
    output = kill_during(phi, after_buckets=1)
    assert "The embedded AWS" in output
    assert str(phi.directory / "localaws.log") in output.replace("\n", "")
    assert "Traceback" not in output

    assert "was started anew" in phi("up", "staging")
    phi("run", "--", "preview", "--refresh", "--expect-no-changes")

    buckets = [bucket["Name"] for bucket in phi.client("s3").list_buckets()["Buckets"]]
    recorded = [bucket["id"] for bucket in phi.resources("staging", "aws:s3/bucket:Bucket")]
    assert sorted(buckets) == sorted(recorded)
    vpcs = phi.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    assert [vpc["VpcId"] for vpc in vpcs] == [vpc["id"] for vpc in phi.resources("staging", "aws:ec2/vpc:Vpc")]
    databases = phi.client("rds").describe_db_instances()["DBInstances"]
    assert len(databases) == len(phi.resources("staging", "aws:rds/instance:Instance"))

    phi("down", "staging")
    assert not phi.directory.exists()
