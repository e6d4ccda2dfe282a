"""The way to a database in private subnets: a Session Manager session that forwards a local port to it.

It needs no open port and no key: the session runs through an instance of the stack, and CloudTrail records it.
Source: AWS Systems Manager User Guide, "Start a session", port forwarding to remote host; BER-NET-05, FAC-OPS-12.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from operations.aws import Clients
from operations.database.place import StackDatabase
from operations.mistakes import Mistake, Refused

DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"
LOOPBACK = "127.0.0.1"
START_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """A way through an instance.   target: its id.   port: the one on this machine."""

    region: str
    target: str
    address: str
    remote_port: int
    port: int

    @property
    def command(self) -> list[str]:
        """The command that opens it."""
        parameters = {
            "host": [self.address],
            "portNumber": [str(self.remote_port)],
            "localPortNumber": [str(self.port)],
        }
        return [
            "aws", "ssm", "start-session", "--region", self.region, "--target", self.target,
            "--document-name", DOCUMENT, "--parameters", json.dumps(parameters, separators=(",", ":")),
        ]  # fmt: skip


def plan(
    database: StackDatabase, client: Clients, *, target: str | None, port: int | None, address: str | None = None
) -> Tunnel:
    """The tunnel to a stack's database.

    target: instance to go through; default: the stack's bastion, else an instance of its fleet.
    port: local port; default: a free one.   address: another server in the same network, such as a restored one.
    Raises Mistake when there is no instance, Refused when Session Manager does not reach it.
    """
    chosen = target or database.bastion or _of_fleet(database, client)
    if chosen is None:
        raise Mistake(
            f"{database.stack}: expected a bastion or a fleet to pass through, found neither among its outputs. Add "
            "`phi-platform:bastion`, name an instance of the same network with --target, or use --direct inside it."
        )
    _require_online(database, client, chosen)
    return Tunnel(
        region=database.region,
        target=chosen,
        address=address or database.address,
        remote_port=database.port,
        port=port or _free_port(),
    )


def _of_fleet(database: StackDatabase, client: Clients) -> str | None:
    if database.fleet is None:
        return None
    groups = client("autoscaling", database.region).describe_auto_scaling_groups(
        AutoScalingGroupNames=[database.fleet]
    )["AutoScalingGroups"]
    healthy = (
        each["InstanceId"] for group in groups for each in group["Instances"] if each["LifecycleState"] == "InService"
    )
    return next(healthy, None)


def _require_online(database: StackDatabase, client: Clients, target: str) -> None:
    found = client("ssm", database.region).describe_instance_information(
        Filters=[{"Key": "InstanceIds", "Values": [target]}]
    )["InstanceInformationList"]
    status = found[0]["PingStatus"] if found else "not registered"
    if status != "Online":
        raise Refused(
            f"{target}: expected an instance that Session Manager reaches (Online), found {status}. Is it running, "
            "does its role allow Session Manager, and does its security group let HTTPS out?"
        )


def require_programs() -> None:
    """Raises Mistake that names the program that is missing, and where it comes from."""
    missing = [name for name in ("aws", "session-manager-plugin") if shutil.which(name) is None]
    if missing:
        raise Mistake(
            f'Session Manager needs {" and ".join(missing)} on PATH: see AWS CLI User Guide, "Installing", and Systems '
            'Manager User Guide, "Install the Session Manager plugin for the AWS CLI".'
        )


@contextlib.contextmanager
def opened(tunnel: Tunnel) -> Generator[None]:
    """Run the session; the port answers inside, and nothing is left of it afterwards.

    Raises Refused with the session's own words when it does not start.
    """
    require_programs()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            tunnel.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _wait(process, tunnel)
        except TimeoutError as error:
            _end(process)
            log.seek(0)
            said = " ".join(log.read().split()[-60:])
            raise Refused(f"The session to {tunnel.target} did not start: {said or error}") from None
        try:
            yield
        finally:
            _end(process)


def until_interrupted() -> None:
    """Wait for Ctrl-C."""
    while True:
        time.sleep(3600)


def session(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program on the terminal and give its exit code; Ctrl-C is the program's to handle."""
    process = subprocess.Popen(command, env=environment)
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return process.wait()


def _wait(process: subprocess.Popen[bytes], tunnel: Tunnel) -> None:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise TimeoutError(f"it ended with exit code {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, tunnel.port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"port {tunnel.port} does not answer")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the session and the plugin it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
