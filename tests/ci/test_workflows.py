"""The workflows: well formed, pinned, and safe against pull requests from forks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine import install
from engine.install import EngineError
from operations.cli import COMMANDS

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXAMPLES = sorted((ROOT / "docs/examples").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
SCRIPTS = [*sorted((ROOT / "ci").glob("*.sh")), ROOT / ".ci/run"]
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
TOOLS = Path(sys.executable).parent


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())


def triggers(workflow: dict[Any, Any]) -> Any:
    return workflow[True]  # YAML 1.1 reads `on` as a boolean


def jobs() -> Iterator[tuple[Path, str, dict[str, Any]]]:
    for file in (*WORKFLOWS, *EXAMPLES):
        for name, job in yaml.safe_load(file.read_text())["jobs"].items():
            yield file, name, job


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    """Shell steps included: actionlint runs the shellcheck of the virtual environment."""
    try:
        go = install.require_go()
    except EngineError as error:
        pytest.skip(str(error))
    command = [go, "run", ACTIONLINT, "-shellcheck", str(TOOLS / "shellcheck"), *map(str, (*WORKFLOWS, *EXAMPLES))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run([TOOLS / "shellcheck", *SCRIPTS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_script_stops_at_the_first_error() -> None:
    for script in SCRIPTS:
        assert "set -euo pipefail" in script.read_text(), script


def test_every_phi_command_the_scripts_run_exists() -> None:
    used = {name for script in SCRIPTS for name in re.findall(r"\.venv/bin/phi ([a-z]+)", script.read_text())}
    assert {"review", "deploy", "check"} <= used <= COMMANDS.keys()


def test_every_action_is_pinned_to_a_commit_with_its_version_beside() -> None:
    for file in (*WORKFLOWS, *EXAMPLES, *ACTIONS):
        for line in re.findall(r"uses: (.+)", file.read_text()):
            assert line.startswith("./") or re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_action_has_one_version() -> None:
    pins = {
        tuple(line.split("@"))
        for file in (*WORKFLOWS, *EXAMPLES, *ACTIONS)
        for line in re.findall(r"uses: ([\w/-]+@.+)", file.read_text())
    }
    assert len(pins) == len({name for name, _ in pins})


@pytest.mark.requirement("FAC-IAM-13", "ALL-13")
def test_no_workflow_uses_a_stored_key() -> None:
    """AWS is signed in to with short-lived tokens; GitHub with the job's own."""
    for file in (*WORKFLOWS, *EXAMPLES):
        text = re.sub(r"#.*", "", file.read_text())
        assert "secrets." not in text, file
        assert not re.search(r"(?i)aws_(secret_)?access_key", text), file


def test_no_job_has_more_rights_than_it_names() -> None:
    for file in (*WORKFLOWS, *EXAMPLES):
        assert yaml.safe_load(file.read_text())["permissions"] in ({}, {"contents": "read"}), file
    writers = set[tuple[str, str]]()
    for file, name, job in jobs():
        rights = job.get("permissions", {})
        if any(right == "write" for key, right in rights.items() if key != "id-token"):
            writers.add((file.stem, name))
    assert writers == {("review", "comment"), ("drift", "drift")}


def test_a_fork_gets_no_token_and_no_account() -> None:
    """Code of a fork runs in jobs without write rights and without AWS; what may write runs the base branch's code."""
    assert all("pull_request_target" not in file.read_text() for file in WORKFLOWS)
    on_pull_requests = [yaml.safe_load(file.read_text()) for file in WORKFLOWS if "pull_request:" in file.read_text()]
    assert len(on_pull_requests) == 2
    same = "github.event.pull_request.head.repo.full_name == github.repository"
    for workflow in on_pull_requests:
        for name, job in workflow["jobs"].items():
            rights = {**workflow["permissions"], **job.get("permissions", {})}
            if rights == {"contents": "read"}:
                continue
            assert same in job["if"] or job.get("needs") == "preview", name
    comment = read("review")["jobs"]["comment"]
    checkout = comment["steps"][0]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert [step["run"] for step in comment["steps"] if "run" in step] == [
        'python3 ci/note.py comment "$NUMBER" results/*/comment.md'
    ]


def test_no_step_pastes_what_others_wrote_into_a_shell() -> None:
    for file, name, job in jobs():
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), f"{file.name}: {name}"


def test_no_checkout_leaves_its_token_behind() -> None:
    for file, name, job in jobs():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, f"{file.name}: {name}"


def test_every_job_ends() -> None:
    assert all(job["timeout-minutes"] <= 120 for _, _, job in jobs())


@pytest.mark.requirement("OMN-OPS-01")
def test_a_pull_request_is_checked_previewed_and_commented() -> None:
    review = read("review")
    assert triggers(review)["pull_request"]["branches"] == ["main"]
    assert "ci/check.sh" in [step.get("run") for step in review["jobs"]["check"]["steps"]]
    assert 'ci/review.sh "$STACK"' in [step.get("run") for step in review["jobs"]["preview"]["steps"]]
    assert "make --no-print-directory check" in (ROOT / "ci/check.sh").read_text()


@pytest.mark.requirement("OMN-OPS-02", "BER-OPS-04")
def test_production_is_deployed_from_main_after_approval_and_as_it_was_reviewed() -> None:
    deploy = read("deploy")
    assert triggers(deploy)["push"]["branches"] == ["main"]
    production = deploy["jobs"]["production"]
    assert production["environment"] == "production"
    assert production["needs"] == "review-production"
    assert deploy["jobs"]["review-production"]["needs"] == "staging"
    reviewed = [
        step["with"] for step in deploy["jobs"]["review-production"]["steps"] if "upload" in step.get("uses", "")
    ]
    taken = [step["with"] for step in production["steps"] if "download" in step.get("uses", "")]
    assert [each["name"] for each in reviewed] == [each["name"] for each in taken]
    stored = [step["with"]["path"] for step in production["steps"] if "upload" in step.get("uses", "")]
    assert stored == ["results/production/outputs.json"]


def test_two_deployments_of_a_stack_never_run_at_once_and_none_is_cut_off() -> None:
    deploy = read("deploy")["jobs"]
    groups = [deploy[job]["concurrency"] for job in ("staging", "production")]
    assert groups == ["deploy-staging", "deploy-production"]


@pytest.mark.requirement("MSP-OPS-01")
def test_nothing_in_the_pipeline_skips_the_preview() -> None:
    for file in (*WORKFLOWS, *SCRIPTS, *EXAMPLES):
        assert "skip-preview" not in file.read_text()
        assert "--yolo" not in file.read_text()
        assert not re.search(r"pulumi\b.*\bup\b", file.read_text()), file


@pytest.mark.requirement("MSP-OPS-03")
def test_nothing_in_the_pipeline_destroys_a_stack() -> None:
    for file in (*WORKFLOWS, *SCRIPTS, *EXAMPLES):
        assert not re.search(r"\bdestroy\b|\blocal down\b|\bstack rm\b", file.read_text()), file


def test_dependencies_are_looked_after() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    assert {each["package-ecosystem"] for each in updates} == {"uv", "gomod", "github-actions"}
    for each in updates:
        for folder in each.get("directories", [each.get("directory")]):
            assert (ROOT / folder.lstrip("/")).is_dir()
