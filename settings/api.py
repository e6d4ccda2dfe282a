"""Settings of the HTTP API: which paths exist, who may call them, and who answers."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from settings.base import DomainName, LogRetentionDays, Section
from settings.functions import FunctionName

RoutePath = Annotated[
    str,
    Field(
        pattern=r"^(/|(/([A-Za-z0-9_-]+|\{[A-Za-z][A-Za-z0-9_]*\+?\}))+)$",
        max_length=256,
        examples=["/patients/{id}"],
    ),
]
"""A path: parts are text, `{name}` (any one part), or at the end `{name+}` (all that follow)."""

Origin = Annotated[
    str,
    Field(
        pattern=r"^(\*|https://[a-z0-9.-]+(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?)$",
        max_length=255,
        examples=["https://app.example.org"],
    ),
]
"""A web origin: scheme and host, no path. `*` and this machine's own are for trying things out."""

_HEADER = r"^[A-Za-z0-9-]{1,64}$"


class ApiMethod(StrEnum):
    """HTTP methods; `OPTIONS` is answered by the API itself."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class ExecutionLogLevel(StrEnum):
    """What of the API's own work is logged; bodies never are."""

    INFO = "INFO"
    ERROR = "ERROR"


class ThrottleSettings(Section):
    """How many requests the API takes; more are answered 429 (MSP-EDG-08)."""

    rate: Annotated[int, Field(ge=1, le=100_000)] = 2000
    """Requests per second, lasting. The account's own limit (10,000 unless raised) stays above it."""
    burst: Annotated[int, Field(ge=1, le=100_000)] = 5000
    """Requests at one moment."""


class ApiCorsSettings(Section):
    """Web pages that may call the API (MSP-EDG-09, MSP-OPS-12)."""

    origins: Annotated[tuple[Origin, ...], Field(min_length=1, max_length=20)]
    """Exact origins; in production HTTPS only. The first is also the one that can read the API's own errors (401, 403,
    429, 5xx), because API Gateway allows one there."""
    headers: Annotated[tuple[Annotated[str, Field(pattern=_HEADER)], ...], Field(min_length=1)] = (
        "Authorization",
        "Content-Type",
    )
    """Request headers a page may send."""
    max_age_seconds: Annotated[int, Field(ge=0, le=86_400)] = 600
    """Seconds a browser keeps the answer of a preflight request."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.origins)) < len(self.origins):
            raise ValueError("origins: expected every origin once")
        if "*" in self.origins and len(self.origins) > 1:
            raise ValueError("origins: expected * alone, or exact origins only")
        return self


class MockSettings(Section):
    """An answer the API gives by itself, without code behind it (MSP-N28)."""

    status: Annotated[int, Field(ge=200, le=599)] = 200
    """HTTP status."""
    body: dict[str, Any] = Field(default_factory=dict)
    """The answer, JSON; the same for everyone, so never patient data."""

    @model_validator(mode="after")
    def _no_template(self) -> Self:
        marks = [mark for mark in "$#\\" if mark in json.dumps(self.body, ensure_ascii=False)]
        if marks:
            raise ValueError(f"body: expected text without {' '.join(marks)}, which API Gateway would interpret")
        return self


class RouteSettings(Section):
    """One path: its methods, and the function or the fixed answer behind it."""

    methods: Annotated[tuple[ApiMethod, ...], Field(min_length=1)]
    """HTTP methods."""
    function: FunctionName | None = None
    """Function under `compute.functions` that answers; or `mock`."""
    mock: MockSettings | None = None
    """Fixed answer; or `function`."""
    authenticated: bool = True
    """Whether callers need an ID token of the user directory; others get 401 (MSP-EDG-11)."""
    query: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")], ...] = ()
    """Query parameters a request must have; others get 400."""

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if (self.function is None) == (self.mock is None):
            raise ValueError("function, mock: expected one of them")
        if len(set(self.methods)) < len(self.methods):
            raise ValueError("methods: expected every method once")
        return self


class ApiSettings(Section):
    """API Gateway REST API, regional, TLS 1.2 or newer (MSP-EDG-07 to 12, MSP-N12, MSP-N28)."""

    stage: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")] = "prod"
    """Name of the stage; part of the address."""
    throttle: ThrottleSettings = ThrottleSettings()
    """Limits of the stage."""
    cors: ApiCorsSettings
    """Web pages that may call the API."""
    routes: Annotated[dict[RoutePath, RouteSettings], Field(min_length=1)]
    """Path → route."""
    log_level: ExecutionLogLevel = ExecutionLogLevel.INFO
    """Detail of the execution log, which names paths but never bodies: `INFO` (recorded) or `ERROR`."""
    log_days: LogRetentionDays = 365
    """Days the access log and the execution log are kept (ALL-10, MSP-OBS-01)."""
    create_log_role: bool = True
    """Whether this stack sets the role API Gateway logs with. An account has one per region: a second stack there says
    false (MSP-N12)."""
    tracing: bool = False
    """Whether AWS X-Ray records requests: durations, no content."""
    domain_name: DomainName | None = None
    """The API's own name, under `edge.domain`; its default address is then switched off. Absent: the default one."""

    @model_validator(mode="after")
    def _paths(self) -> Self:
        problems: list[str] = []
        variables: dict[str, str] = {}
        for path in self.routes:
            parts = path.strip("/").split("/")
            for depth, part in enumerate(parts):
                if not part.startswith("{"):
                    continue
                if part.endswith("+}") and depth < len(parts) - 1:
                    problems.append(f"routes: expected {part} at the end of its path, found {path}")
                other = variables.setdefault("/".join(parts[:depth]), part)
                if other != part:
                    problems.append(f"routes: expected {other}, as in another route, found {part} in {path}")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def functions(self) -> list[str]:
        """Functions the routes name, each once."""
        return list(dict.fromkeys(route.function for route in self.routes.values() if route.function is not None))
