"""The process: one per folder and port, ended without remains, and never able to leave this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import pytest

from localaws import lifecycle

ROOT = Path(__file__).parents[2]

# The process outlives its starter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    lifecycle.stop(tmp_path)


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "localaws", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_a_folder_has_one_process(folder: Path) -> None:
    first = lifecycle.start(folder)
    assert lifecycle.start(folder) == first
    second = serve("--directory", str(folder))
    assert second.returncode != 0
    assert "already runs" in second.stderr
    assert lifecycle.status(folder) == first


def test_a_second_copy_on_the_same_port_is_refused(folder: Path) -> None:
    port = urlsplit(lifecycle.start(folder).aws_url).port
    second = serve("--directory", str(folder / "other"), "--port", str(port))
    assert second.returncode != 0
    assert f"port {port}" in second.stderr


def test_stopping_leaves_nothing(folder: Path) -> None:
    endpoint = lifecycle.start(folder)
    lifecycle.stop(folder)
    assert not lifecycle.alive(endpoint.pid, named=b"localaws")
    assert lifecycle.status(folder) is None
    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection(("127.0.0.1", endpoint.provider_port), timeout=1),
    ):
        pass


def test_a_killed_process_is_seen_as_gone_and_started_anew(folder: Path) -> None:
    first = lifecycle.start(folder)
    os.kill(first.pid, signal.SIGKILL)
    os.waitpid(first.pid, 0)
    assert lifecycle.status(folder) is None
    second = lifecycle.start(folder)
    assert second.epoch != first.epoch


def test_it_survives_clients_that_hang_up(folder: Path) -> None:
    endpoint = lifecycle.start(folder)
    for port in (endpoint.provider_port, urlsplit(endpoint.aws_url).port):
        assert port is not None
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n")
    with urllib.request.urlopen(f"{endpoint.aws_url}/moto-api/data.json", timeout=10) as answer:
        assert answer.status == 200
    with grpc.insecure_channel(f"127.0.0.1:{endpoint.provider_port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=10)


def test_it_can_reach_nothing_but_this_machine() -> None:
    program = """
import socket
from localaws.clients import fence
fence()
for address in (("203.0.113.1", 443), ("sts.ca-central-1.amazonaws.com", 443), ("2001:db8::1", 443, 0, 0)):
    family = socket.AF_INET6 if len(address) == 4 else socket.AF_INET
    for call in ("connect", "connect_ex"):
        try:
            getattr(socket.socket(family), call)(address)
        except PermissionError:
            continue
        raise SystemExit(f"{call} to {address} was not refused")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
