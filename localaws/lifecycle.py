"""Starting, finding and ending the embedded AWS of a folder, from outside its process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 10
LOG_LINES = 15


class NotStarted(Exception):
    """The embedded AWS did not come up; the message holds the end of its log."""


@dataclass(frozen=True)
class Endpoint:
    """Where a running embedded AWS answers.

    epoch: differs for every start; the account is empty at each.
    aws_url: moto's HTTP endpoint, for boto3 or the AWS CLI.
    """

    pid: int
    provider_port: int
    random_port: int
    aws_url: str
    epoch: str


def start(directory: Path) -> Endpoint:
    """The embedded AWS of this folder, started when none runs. Raises NotStarted."""
    running = status(directory)
    if running is not None:
        return running
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "localaws.json").unlink(missing_ok=True)
    log = directory / "localaws.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "localaws", "--directory", str(directory)],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        endpoint = status(directory)
        if endpoint is not None:
            return endpoint
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
        process.wait()
    tail = "\n".join(log.read_text().splitlines()[-LOG_LINES:])
    raise NotStarted(f"The embedded AWS did not start; the end of {log}:\n{tail}")


def status(directory: Path) -> Endpoint | None:
    """The running embedded AWS of this folder; None when there is none."""
    try:
        endpoint = Endpoint(**json.loads((directory / "localaws.json").read_text()))
    except FileNotFoundError:
        return None
    return endpoint if _runs(endpoint.pid) else None


def stop(directory: Path) -> None:
    """End the embedded AWS of this folder and wait until it is gone; its account is lost."""
    endpoint = status(directory)
    if endpoint is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(endpoint.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while _runs(endpoint.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        if _runs(endpoint.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(endpoint.pid, signal.SIGKILL)
    (directory / "localaws.json").unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    """Whether this process lives and is a localaws (a number may have been given to another since)."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # our own child that ended would otherwise still look alive
    return alive(pid, named=b"localaws")


def alive(pid: int, *, named: bytes = b"") -> bool:
    """Whether a process of this number runs; one that has ended and waits for its parent does not.

    named: what its command line must hold, where the system tells command lines (Linux does, in `/proc`).
    """
    if Path("/proc/self/cmdline").exists():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return bool(command) and named in command
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
