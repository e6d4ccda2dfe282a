"""The example of a release workflow: the order facnet's catalogue asks for, and its shell steps run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / "docs/examples/release.yml").read_text())
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["release"]["steps"]

AWS = """\
#!/usr/bin/env bash
echo "$*" >>"$PLAYED/asked"
case "$2" in
  create-deployment) echo d-EXAMPLE ;;
  get-deployment) head -n 1 "$PLAYED/status"; sed -i 1d "$PLAYED/status" ;;
esac
"""


@pytest.mark.requirement("FAC-OPS-01", "FAC-OPS-02")
def test_the_steps_have_the_order_of_the_catalogue() -> None:
    names = [step.get("name") or step["uses"].partition("@")[0] for step in STEPS]
    assert names == [
        "actions/checkout", "actions/setup-node", "Install", "Build", "aws-actions/configure-aws-credentials",
        "Package", "Upload", "Deploy", "Wait", "Verify",
    ]  # fmt: skip
    assert WORKFLOW[True] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    assert STEPS[1]["with"] == {"node-version": "20", "cache": "npm"}
    assert sorted(STEPS[3]["env"]) == ["VITE_AUTH0_AUDIENCE", "VITE_AUTH0_CLIENT_ID", "VITE_AUTH0_DOMAIN"]


@pytest.mark.requirement("FAC-OPS-03")
def test_the_archive_holds_what_the_fleet_runs() -> None:
    packed = step("Package")["run"].split()
    assert {"dist", "node_modules", "package.json", "ecosystem.config.aws.cjs"} <= set(packed)


def step(name: str) -> dict[str, Any]:
    return next(each for each in STEPS if each.get("name") == name)


def run(name: str, folder: Path, statuses: tuple[str, ...] = ()) -> tuple[int, list[str]]:
    """The exit code of a step, and what it asked AWS."""
    for program, text in (("aws", AWS), ("sleep", '#!/bin/sh\necho "sleep $*" >>"$PLAYED/asked"\n')):
        (folder / program).write_text(text)
        (folder / program).chmod(0o755)
    (folder / "status").write_text("".join(f"{status}\n" for status in statuses))
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}", "PLAYED": str(folder), "GITHUB_ENV": str(folder / "env"),
        "GITHUB_SHA": "4f2c9d1", "APPLICATION": "facnet-validator", "GROUP": "production", "BUCKET": "releases",
        "DEPLOYMENT": "d-EXAMPLE",
    }  # fmt: skip
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", step(name)["run"]], env=environment, check=False)
    return done.returncode, (folder / "asked").read_text().splitlines()


@pytest.mark.requirement("FAC-OPS-04")
def test_a_deployment_names_application_group_bundle_and_commit(tmp_path: Path) -> None:
    code, (asked,) = run("Deploy", tmp_path)
    assert code == 0
    for part in ("facnet-validator", "production", "bucket=releases,key=4f2c9d1.zip,bundleType=zip", "commit 4f2c9d1"):
        assert part in asked
    assert (tmp_path / "env").read_text() == "DEPLOYMENT=d-EXAMPLE\n"


@pytest.mark.requirement("FAC-OPS-05")
@pytest.mark.parametrize(
    ("statuses", "code", "waits"),
    [
        (("Created", "InProgress", "Succeeded"), 0, 2),
        (("InProgress", "Failed"), 1, 1),
        (("Stopped",), 1, 0),
        (("InProgress",) * 61, 1, 60),
    ],
)
def test_the_deployment_is_waited_for_every_10_s_at_most_600(
    tmp_path: Path, statuses: tuple[str, ...], code: int, waits: int
) -> None:
    ended, asked = run("Wait", tmp_path, statuses)
    assert ended == code
    assert asked.count("sleep 10") == waits


@pytest.mark.requirement("FAC-OPS-06")
def test_the_release_fails_when_health_does_not_answer() -> None:
    assert "--fail" in step("Verify")["run"]
    assert "/api/health" in step("Verify")["run"]
