"""Whether the application answers, as a release asks it."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from operations.mistakes import Mistake
from operations.release import health


@contextmanager
def answering(*statuses: int) -> Generator[str]:
    """A server that gives these statuses in turn, and the last one from then on."""
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("Location", "https://example.org/")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/health"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.requirement("FAC-OPS-06")
@pytest.mark.parametrize(
    ("status", "fine"), [(200, True), (204, True), (299, True), (301, False), (404, False), (503, False)]
)
def test_only_an_answer_of_success_is_healthy(status: int, fine: bool) -> None:
    with answering(status) as url:
        found = health.problem(url)
    assert (found is None) is fine
    assert fine or str(status) in str(found)


def test_an_application_that_needs_a_moment_is_given_it() -> None:
    with answering(503, 503, 200) as url:
        assert health.wait(url, seconds=30, pause=0.01) is None


def test_nobody_there_is_said_with_the_address() -> None:
    assert "http://127.0.0.1:1/ does not answer" in str(health.wait("http://127.0.0.1:1/", seconds=0))


def test_another_kind_of_address_is_a_mistake() -> None:
    with pytest.raises(Mistake, match="https://"):
        health.problem("file:///etc/passwd")
