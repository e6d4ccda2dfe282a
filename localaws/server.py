"""The process that is the embedded AWS: moto, its HTTP server and the two providers, until it is told to end."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import threading
import uuid
from collections.abc import Generator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from localaws.clients import fence

LOOPBACK = "127.0.0.1"
THREADS = 16
MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit
# Read by moto when it is first imported.
MOTO = {
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_ACM_VALIDATION_WAIT": "0",
    "AWS_DEFAULT_REGION": "ca-central-1",
}


class AlreadyRunning(Exception):
    """Another localaws holds the folder or the port."""


def serve(directory: Path, port: int = 0) -> None:
    """Serve until SIGTERM or SIGINT; the endpoint file in `directory` says where, from when everything answers.

    port: of moto's HTTP server; 0 takes a free one. Raises AlreadyRunning, before anything is started.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    directory.mkdir(parents=True, exist_ok=True)
    with _sole(directory), _account(port) as url:
        import localaws.services as _  # noqa: F401  registers the handlers
        from localaws.provider import AwsProvider
        from localaws.random_provider import RandomProvider

        aws, aws_port = _grpc(AwsProvider())
        random, random_port = _grpc(RandomProvider())
        endpoint = directory / "localaws.json"
        facts = {
            "pid": os.getpid(),
            "provider_port": aws_port,
            "random_port": random_port,
            "aws_url": url,
            "epoch": uuid.uuid4().hex,
        }
        draft = endpoint.with_suffix(".draft")
        draft.write_text(json.dumps(facts))
        draft.replace(endpoint)
        try:
            _warm()
            ended.wait()
        finally:
            endpoint.unlink(missing_ok=True)
            for server in (aws, random):
                server.stop(grace=1).wait()


def _warm() -> None:
    """Parse AWS's own policies while the engine starts: else the first question of a program waits a second for it."""
    from moto.iam.models import iam_backends

    from localaws.provider import ACCOUNT_ID

    _ = iam_backends[ACCOUNT_ID]["aws"]


@contextmanager
def _sole(directory: Path) -> Generator[None, None, None]:
    with (directory / "localaws.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"an embedded AWS already runs in {directory}; `phi local stop` ends it") from None
        yield


@contextmanager
def _account(port: int) -> Generator[str, None, None]:
    """Moto in this process and over HTTP: both see the same account."""
    if port and _taken(port):
        raise AlreadyRunning(f"port {port} on {LOOPBACK} is taken; choose another with --port")
    os.environ.update(MOTO)
    fence()
    from moto import mock_aws
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=port, verbose=False)
    with mock_aws():
        server.start()
        host, actual = server.get_host_and_port()
        try:
            yield f"http://{host}:{actual}"
        finally:
            server.stop()


def _taken(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _grpc(servicer: Any) -> tuple[grpc.Server, int]:
    limits = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port(f"{LOOPBACK}:0")
    server.start()
    return server, port
