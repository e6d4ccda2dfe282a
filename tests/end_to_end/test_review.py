"""A change is reviewed and deployed as reviewed by the real engine; a change nobody reviewed is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.review.result import Review
from tests.end_to_end.conftest import COMMAND_SECONDS, ROOT, Phi

pytestmark = pytest.mark.end_to_end


def phi(staging: Phi, *arguments: str, code: int = 0) -> str:
    """Run `phi` as after `eval "$(phi local env)"`."""
    environment = staging.run.environment("staging", staging.endpoint)
    done = subprocess.run(
        [sys.executable, "-m", "operations.cli", *arguments],
        cwd=staging.project,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )
    said = done.stdout + done.stderr
    staging.transcript.append(said)
    assert done.returncode == code, said
    return said


@pytest.fixture
def change(staging: Phi) -> Iterator[Path]:
    """The stack file as the engine reads it, put back and deployed afterwards."""
    file = staging.run.config_file("staging")
    before = file.read_text()
    yield file
    file.write_text(before)
    staging("up", "staging")


@pytest.mark.requirement("OMN-OPS-02", "MSP-OPS-01", "MSP-OPS-02")
def test_a_reviewed_change_is_deployed_an_unreviewed_one_is_not_and_the_way_back_is_the_same(
    staging: Phi, change: Path, tmp_path: Path
) -> None:
    original, review = change.read_text(), tmp_path / "review.json"

    def largest() -> int:
        (target,) = staging.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")[
            "ScalableTargets"
        ]
        return target["MaxCapacity"]

    def reviewed(text: str) -> Review:
        change.write_text(text)
        phi(staging, "review", "staging", "--save", str(review), "--comment", str(tmp_path / "comment.md"))
        return Review.model_validate_json(review.read_text())

    more = reviewed(original.replace("max_tasks: 2", "max_tasks: 4"))
    assert [(each.name, each.operation) for each in more.changes] == [("api-capacity", "update")]
    assert "api-capacity" in (tmp_path / "comment.md").read_text()

    change.write_text(original.replace("max_tasks: 2", "max_tasks: 40"))
    said = phi(staging, "deploy", "staging", "--reviewed", str(review), "--yes", code=1)
    assert "reviewed as update, now with other values" in said
    assert largest() == 2

    change.write_text(original.replace("max_tasks: 2", "max_tasks: 4"))
    phi(staging, "deploy", "staging", "--reviewed", str(review), "--yes")
    assert largest() == 4
    assert "nothing left to change" in phi(staging, "deploy", "staging", "--reviewed", str(review), "--yes")

    assert [each.name for each in reviewed(original).changes] == ["api-capacity"]
    phi(staging, "deploy", "staging", "--reviewed", str(review), "--yes")
    assert largest() == 2
