"""What `phi` prints for mistakes: all of them at once, exit code 2, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROKEN = sorted((ROOT / "tests/unit/settings/broken").glob("*.yaml"))


def phi(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "operations.cli", *arguments],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def project(folder: Path, stack_file: str) -> Path:
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (folder / "Pulumi.staging.yaml").write_text(stack_file)
    return folder


def test_there_are_ten_broken_stack_files_to_try() -> None:
    assert len(BROKEN) >= 10


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_a_broken_stack_file_gives_key_expected_and_found_for_each_problem(file: Path) -> None:
    shown = phi("settings", "show", str(file))
    assert shown.returncode == 2
    assert shown.stdout == ""
    first, *problems = shown.stderr.strip().splitlines()
    assert file.name in first
    assert int(first.split()[0]) == len(problems)
    for problem in problems:
        assert "expected" in problem
        assert "found" in problem


def test_up_with_a_broken_stack_file_ends_before_anything_is_started(tmp_path: Path) -> None:
    there = project(tmp_path, (ROOT / "Pulumi.staging.yaml").read_text().replace("ca-central-1", "us-east-1"))
    for command in ("up", "preview"):
        shown = phi("local", command, "staging", cwd=there)
        assert shown.returncode == 2
        assert "aws:region" in shown.stderr
        assert "us-east-1" in shown.stderr
    assert not (tmp_path / ".phi").exists()


def test_a_region_outside_the_jurisdiction_is_one_clear_line(tmp_path: Path) -> None:
    text = (ROOT / "Pulumi.staging.yaml").read_text().replace("aws:region: ca-central-1", "aws:region: us-east-1")
    shown = phi("settings", "show", cwd=project(tmp_path, text))
    lines = [line for line in shown.stderr.splitlines() if "aws:region" in line]
    assert len(lines) == 1
    assert "ca-central-1" in lines[0]


def test_a_stack_that_does_not_exist_is_answered_with_those_that_do() -> None:
    shown = phi("local", "preview", "stagin")
    assert shown.returncode == 1
    assert "Pulumi.stagin.yaml" in shown.stderr
    assert "staging" in shown.stderr


@pytest.mark.parametrize("stack", ["staging", "production", "berthcare"])
def test_every_stack_shows_its_settings_with_what_is_derived(stack: str) -> None:
    shown = json.loads(phi("settings", "show", stack, "--json").stdout)
    assert shown["region"] == "ca-central-1"
    assert shown["protect"] is (shown["environment"] == "production")


def test_the_schema_that_editors_use_is_the_one_the_settings_give() -> None:
    shown = phi("settings", "schema")
    assert json.loads(shown.stdout) == json.loads((ROOT / "docs/settings.schema.json").read_text())


def test_status_says_that_nothing_runs(tmp_path: Path) -> None:
    shown = phi("local", "status", "--json", cwd=project(tmp_path, "config: {}\n"))
    assert shown.returncode == 1
    assert json.loads(shown.stdout) == {"running": False, "stacks": []}


def test_help_has_the_width_of_the_terminal_and_not_of_the_source() -> None:
    assert "Exit codes: 0 no mandatory control failed, 1 some did, 2 a mistake." in phi("evidence", "--help").stdout
    assert "destroy the primary, fail over, compare the data, fail back." in phi("dr", "drill", "--help").stdout
