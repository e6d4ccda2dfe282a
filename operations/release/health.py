"""Whether the application answers (FAC-OPS-06)."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from operations.mistakes import Mistake
from settings.stack import Settings

REQUEST_SECONDS = 10
FINE = range(200, 300)


def path_of(settings: Settings) -> str:
    """Path of the application's health page: what Route 53 asks, else the load balancer of what comes first."""
    edge, compute = settings.edge, settings.compute
    if edge is not None and edge.health_check is not None:
        return edge.health_check.path
    if compute is not None and compute.fleet is not None:
        return compute.fleet.health_path
    routed = {} if compute is None else compute.routed
    return min(routed.values(), key=lambda each: each.priority).health_path if routed else "/health"


class _Unfollowed(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, and not the wanted one: it may lead to another system that is well."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - urllib calls it so
        return None


def problem(url: str) -> str | None:
    """What is wrong with the answer to one GET of `url`; None: a status of 200 to 299.

    Raises Mistake for an address that is not HTTP.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise Mistake(f"Health check: expected an address that begins with https://, found {url}.")
    asked = urllib.request.Request(url, headers={"User-Agent": "phi-release"})  # noqa: S310 - the scheme is checked
    try:
        with urllib.request.build_opener(_Unfollowed).open(asked, timeout=REQUEST_SECONDS) as answer:
            status = int(answer.status)
    except urllib.error.HTTPError as error:
        status = error.code
    except (OSError, http.client.HTTPException) as error:
        return f"{url} does not answer: {getattr(error, 'reason', error) or type(error).__name__}"
    return None if status in FINE else f"{url} answers {status}, expected 200 to 299"


class _Through(http.client.HTTPSConnection):
    """A connection to one host that asks for another, whose certificate it must show."""

    def __init__(self, address: str, host: str) -> None:
        self._address, self._secure = address, ssl.create_default_context()
        super().__init__(host, timeout=REQUEST_SECONDS, context=self._secure)

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), timeout=REQUEST_SECONDS)
        self.sock = self._secure.wrap_socket(plain, server_hostname=self.host)


def problem_through(address: str, host: str, path: str, *, seconds: float, pause: float = 5) -> str | None:
    """The same as `wait` for `https://HOST/PATH` at another address, before the domain leads there."""
    return _until(lambda: _asked_through(address, host, path), seconds=seconds, pause=pause, tell=lambda _: None)


def _asked_through(address: str, host: str, path: str) -> str | None:
    where = f"https://{host}{path} at {address}"
    connection = _Through(address, host)
    try:
        connection.request("GET", path, headers={"User-Agent": "phi-dns"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{where} does not answer: {error or type(error).__name__}"
    finally:
        connection.close()
    return None if status in FINE else f"{where} answers {status}, expected 200 to 299"


def wait(url: str, *, seconds: float, pause: float = 5, tell: Callable[[str], None] = lambda _: None) -> str | None:
    """Ask until the answer is the wanted one, or for `seconds`; what was wrong the last time, or None."""
    return _until(lambda: problem(url), seconds=seconds, pause=pause, tell=tell)


def _until(asked: Callable[[], str | None], *, seconds: float, pause: float, tell: Callable[[str], None]) -> str | None:
    limit = time.monotonic() + seconds
    while (found := asked()) is not None and time.monotonic() + pause < limit:
        tell(found)
        time.sleep(pause)
    return found
