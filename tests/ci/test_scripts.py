"""The scripts that every pipeline runs, on recorded previews: a stand-in for the engine plays their event logs."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.operations.review import recorded

ROOT = Path(__file__).parents[2]

ENGINE = """\
#!/usr/bin/env bash
# Plays a recorded preview, and writes down what it was asked.
echo "$*" >>"$PLAYED/asked"
case "$1" in
  version) echo v3.259.0 ;;
  preview)
    while [ $# -gt 0 ]; do
      case "$1" in
        --event-log) cat "$PLAYED/events" >"$2" ;;
        --save-plan) echo plan >"$2"; stat -c %a "$(dirname "$2")" >"$PLAYED/mode" ;;
      esac
      shift
    done
    grep -q '"result":"failed"' "$PLAYED/events" && exit 1 || exit 0 ;;
  up) exit "$(cat "$PLAYED/up" 2>/dev/null || echo 0)" ;;
  stack) echo '{"vpc_id": "vpc-1", "password": "[secret]"}' ;;
esac
"""


@dataclass(frozen=True)
class Pipeline:
    """A machine on which the scripts run, its engine a stand-in."""

    folder: Path

    def play(self, name: str) -> None:
        (self.folder / "events").write_text(recorded.file(name).read_text())

    def reviewed(self, name: str) -> None:
        """Leave what `ci/review.sh` would."""
        self.results.mkdir(parents=True)
        (self.results / "review.json").write_text(recorded.review(name).model_dump_json())

    def run(self, script: str, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [ROOT / "ci" / script, *arguments],
            env={
                **os.environ,
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "PLAYED": str(self.folder),
                "RESULTS": str(self.folder / "results"),
                "REVISION": recorded.REVISION,
                "COLUMNS": "160",
            },
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        assert done.returncode == code, said
        return said

    @property
    def results(self) -> Path:
        return self.folder / "results/staging"

    @property
    def asked(self) -> list[str]:
        """What the engine was asked, without questions for its version."""
        lines = (self.folder / "asked").read_text().splitlines()
        return [line for line in lines if line != "version"]


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for name in ("pulumi", "pulumi-language-python"):
        (binaries / name).write_text(ENGINE)
        (binaries / name).chmod(0o755)
    return Pipeline(tmp_path)


@pytest.mark.requirement("OMN-OPS-01", "BER-OPS-04")
@pytest.mark.parametrize(("name", "code"), [("safe", 0), ("replacement", 0), ("policy_break", 1)])
def test_a_review_leaves_the_comment_and_the_review(pipeline: Pipeline, name: str, code: int) -> None:
    pipeline.play(name)
    pipeline.run("review.sh", "staging", code=code)
    assert (pipeline.results / "comment.md").read_text() == recorded.comment(name)
    review = json.loads((pipeline.results / "review.json").read_text())
    assert review["failed"] is bool(code)
    assert (pipeline.folder / "mode").read_text().strip() == "700"


@pytest.mark.requirement("OMN-OPS-02", "MSP-OPS-01")
def test_what_was_reviewed_is_deployed_to_its_plan_and_its_outputs_kept(pipeline: Pipeline) -> None:
    pipeline.play("safe")
    pipeline.reviewed("safe")
    pipeline.run("deploy.sh", "staging")
    preview, update, outputs = pipeline.asked
    assert preview.startswith("preview ")
    assert update.startswith("up --yes --plan ")
    assert outputs == "stack output --stack staging --json"
    plans = [line.partition("plan ")[2].split()[0] for line in (preview, update)]
    assert plans[0] == plans[1]
    assert not Path(plans[0]).exists()
    assert json.loads((pipeline.results / "outputs.json").read_text())["password"] == "[secret]"


@pytest.mark.requirement("OMN-OPS-02")
def test_other_changes_than_the_reviewed_ones_are_not_deployed(pipeline: Pipeline) -> None:
    pipeline.play("replacement")
    pipeline.reviewed("safe")
    said = pipeline.run("deploy.sh", "staging", code=1)
    assert "database-instance (aws:rds/instance:Instance): now replace, not in the review" in said
    assert not any(line.startswith("up") for line in pipeline.asked)
    assert not (pipeline.results / "outputs.json").exists()


def test_drift_is_told_and_named(pipeline: Pipeline) -> None:
    pipeline.play("safe")
    pipeline.run("drift.sh", "staging", code=1)
    assert "api-capacity" in (pipeline.results / "comment.md").read_text()
    assert "--refresh" in pipeline.asked[0]
