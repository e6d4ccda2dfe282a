"""What the embedded run puts in place, without an engine."""

from __future__ import annotations

import io
import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from operations.local import LocalError, LocalRun, isolated

STACK_FILE = """\
encryptionsalt: v1:of-another-backend
config:
  aws:region: ca-central-1
  phi-platform:system: clinic
"""


@pytest.fixture
def run(tmp_path: Path) -> LocalRun:
    (tmp_path / "Pulumi.yaml").write_text("name: phi-platform\nruntime: python\n")
    (tmp_path / "Pulumi.staging.yaml").write_text(STACK_FILE)
    run = LocalRun(
        project=tmp_path,
        directory=tmp_path / ".phi",
        policy_pack=tmp_path / "policies",
        console=Console(file=io.StringIO()),
    )
    run.create_passphrase()
    (run.bare_project / "Pulumi.staging.yaml").write_text("encryptionsalt: v1:of-this-folder\n")
    return run


def test_no_account_of_the_user_reaches_the_engine() -> None:
    environment = isolated({
        "HOME": "/home/someone", "AWS_PROFILE": "clinic", "AWS_SESSION_TOKEN": "real", "AWS_ACCESS_KEY_ID": "real",
        "PULUMI_ACCESS_TOKEN": "real", "NO_PROXY": "example.org",
    })  # fmt: skip
    assert "real" not in environment.values()
    assert "AWS_PROFILE" not in environment
    assert environment["HOME"] == "/home/someone"
    assert environment["AWS_CONFIG_FILE"] == os.devnull
    assert environment["NO_PROXY"] == "example.org,127.0.0.1,localhost"


def test_the_passphrase_is_the_owners_alone_and_stays_the_same(run: LocalRun) -> None:
    first = run.passphrase.read_text()
    run.create_passphrase()
    assert run.passphrase.read_text() == first
    assert len(first) >= 32
    assert stat.S_IMODE(run.passphrase.stat().st_mode) == 0o600


def test_the_engine_is_left_no_folder_for_its_debug_logs(run: LocalRun) -> None:
    (run.home / "logs").mkdir()
    (run.home / "logs" / "pulumi-20250101T000000.log").write_text("of an earlier version")
    run.keep_no_log()
    run.keep_no_log()
    assert (run.home / "logs").is_file()


def test_the_engine_reads_a_copy_with_this_folders_salt_and_the_stack_file_is_untouched(run: LocalRun) -> None:
    run.write_config("staging", yaml.safe_load(STACK_FILE))
    assert yaml.safe_load(run.config_file("staging").read_text()) == {
        "encryptionsalt": "v1:of-this-folder",
        "config": {"aws:region": "ca-central-1", "phi-platform:system": "clinic"},
    }
    assert run.stack_file("staging").read_text() == STACK_FILE


def test_values_encrypted_for_another_backend_are_named(run: LocalRun) -> None:
    with pytest.raises(LocalError, match=r"Pulumi\.staging\.yaml.*other:token"):
        run.write_config("staging", {"config": {"other:token": {"secure": "v1:abc"}}})


def test_a_missing_stack_file_is_answered_with_those_there_are(run: LocalRun) -> None:
    with pytest.raises(LocalError, match=r"No stack file Pulumi\.stagin\.yaml.*: staging"):
        run.stack_file("stagin")


def test_a_lock_is_released_only_when_its_engine_is_dead(run: LocalRun) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    locks = run.state / ".pulumi/locks/organization/phi-platform/staging"
    locks.mkdir(parents=True)
    for name, pid, host in (
        ("dead", ended.pid, socket.gethostname()),
        ("alive", os.getpid(), socket.gethostname()),
        ("elsewhere", ended.pid, "another-machine"),
    ):
        (locks / f"{name}.json").write_text(json.dumps({"pid": pid, "hostname": host}))
    run.release_dead_locks("staging")
    assert sorted(lock.stem for lock in locks.iterdir()) == ["alive", "elsewhere"]


def test_each_stack_remembers_the_account_it_was_deployed_to(run: LocalRun) -> None:
    assert run.deployed() == {}
    run.remember("staging", "first")
    run.remember("production", "second")
    run.remember("staging", None)
    assert run.deployed() == {"production": "second"}
