"""The real engine keeps a stack's state in the embedded S3, in the bucket `phi backend create` makes for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from engine import install
from operations.backend import create, move, place, status
from operations.local import isolated
from settings import load
from tests.end_to_end.conftest import REGION, ROOT, Phi

pytestmark = pytest.mark.end_to_end

STACK, PROJECT = "staging", "kept"


@pytest.mark.requirement("BER-OPS-02", "BER-OPS-09", "BER-DR-16", "BER-DR-17", "BER-OPS-11")
def test_a_state_moves_into_the_bucket_and_is_the_same_there(
    phi_in: Callable[[Path], Phi], engine: install.Engine, tmp_path: Path
) -> None:
    phi = phi_in(ROOT)
    phi("start")
    plan = create.planned(load.from_file(ROOT / f"Pulumi.{STACK}.yaml"), "123456789012")
    for step in create.steps(plan, phi.client):
        step.make()

    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text(yaml.safe_dump({"name": PROJECT, "runtime": "python"}))
    (project / f"Pulumi.{STACK}.yaml").write_text(Path(ROOT / f"Pulumi.{STACK}.yaml").read_text())
    (tmp_path / "old").mkdir()
    old = f"file://{tmp_path / 'old'}"
    environment = {
        **isolated(os.environ), **install.environment(engine), "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "of this test", "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_BACKEND_URL": old,
        "AWS_REGION": REGION, "AWS_ENDPOINT_URL": phi.endpoint.aws_url, "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    place.pulumi("stack", "init", STACK, folder=project, environment=environment)
    exported = tmp_path / "exported.json"
    place.pulumi("stack", "export", "--stack", STACK, "--file", str(exported), folder=project, environment=environment)
    document = json.loads(exported.read_text())
    urn = f"urn:pulumi:{STACK}::{PROJECT}::pulumi:pulumi:Stack::{PROJECT}-{STACK}"
    stack = {"urn": urn, "type": "pulumi:pulumi:Stack", "custom": False, "outputs": {"region": REGION}}
    document["deployment"]["resources"] = [stack]
    exported.write_text(json.dumps(document))
    place.pulumi("stack", "import", "--stack", STACK, "--file", str(exported), folder=project, environment=environment)

    host = phi.endpoint.aws_url.removeprefix("http://")
    query = f"region={REGION}&endpoint={host}&disableSSL=true&s3ForcePathStyle=true"
    new = f"s3://{plan.buckets[REGION]}?{query}"

    def phi_backend(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "operations.cli", "backend", *arguments],
            cwd=project, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    moved = phi_backend("move", STACK, "--to", new, "--yes", "--json")
    assert moved.returncode == 0, moved.stdout + moved.stderr
    again = phi_backend("move", STACK, "--to", new, "--yes")
    assert (again.returncode, "expected no stack staging, found one" in again.stderr.replace("\n", " ")) == (2, True)

    there = environment | {"PULUMI_BACKEND_URL": new}
    copied = tmp_path / "copied.json"
    place.pulumi("stack", "export", "--stack", STACK, "--file", str(copied), folder=project, environment=there)
    assert move.compared(STACK, copied) == (1, json.loads(moved.stdout)["digest"])
    kept = tmp_path / "kept.json"
    place.pulumi("stack", "export", "--stack", STACK, "--file", str(kept), folder=project, environment=environment)
    assert move.compared(STACK, kept) == move.compared(STACK, copied), "the old one is as it was"

    bucket = place.place(new)
    s3 = phi.client("s3")
    held = s3.head_object(Bucket=bucket.bucket, Key=bucket.key("stacks", PROJECT, f"{STACK}.json"))
    assert held["ServerSideEncryption"] == "aws:kms"
    lock = bucket.key("locks", "organization", PROJECT, STACK, "left.json")
    s3.put_object(
        Bucket=bucket.bucket, Key=lock, Body=json.dumps({"pid": 1, "username": "ada", "hostname": "desk"}).encode()
    )
    refused = subprocess.run(
        [engine.pulumi, "stack", "rm", STACK, "--yes", "--force", "--non-interactive"],
        cwd=project, env=there, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode != 0, "the engine respects a lock in the bucket"
    found = status.read(phi.client, bucket, REGION, PROJECT, STACK, datetime.now(UTC) + timedelta(minutes=16))
    assert [each.user for each in found.locks] == ["ada"]
    assert found.primary.versioned
    assert found.copy is not None
