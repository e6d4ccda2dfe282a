"""boto3 clients of the embedded account: cached, fenced to this machine, and as strict as AWS about parameters."""

from __future__ import annotations

import re
import socket
from typing import Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, OperationModel, StringShape, StructureShape

LOOPBACK = ("127.", "localhost", "::1", "0.0.0.0")  # noqa: S104  compared with, never bound to


class Clients:
    """One client per service and region; every call is checked against botocore's model before moto sees it."""

    def __init__(self) -> None:
        self._session = boto3.Session(aws_access_key_id="localaws", aws_secret_access_key="localaws")  # noqa: S106
        self._clients: dict[tuple[str, str], Any] = {}

    def get(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        key = (service, region)
        if key not in self._clients:
            config = Config(retries={"max_attempts": 1}, parameter_validation=True)
            client = cast("Any", self._session.client)(service, region_name=region, config=config)
            client.meta.events.register("before-parameter-build", check_parameters)
            self._clients[key] = client
        return self._clients[key]


def fence() -> None:
    """Refuse every connection that would leave this machine, whatever opens it. Raises PermissionError there."""
    connect = socket.socket.connect
    connect_ex = socket.socket.connect_ex

    def allowed(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not str(cast("object", host)).startswith(LOOPBACK):
            raise PermissionError(f"localaws never leaves this machine: connection to {host} refused")

    def guarded(self: socket.socket, address: Any) -> None:
        allowed(address)
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        allowed(address)
        return connect_ex(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_ex  # type: ignore[method-assign]


def check_parameters(params: dict[str, Any], model: OperationModel, **_: Any) -> None:
    """ClientError ValidationException for what the service's own model refuses and moto would take."""
    problems: list[str] = []
    if model.input_shape is not None:
        _check(params, model.input_shape, "", problems)
    if problems:
        error = {"Error": {"Code": "ValidationException", "Message": "; ".join(problems)}}
        raise ClientError(cast("Any", error), model.name)


def _check(value: Any, shape: Any, path: str, problems: list[str]) -> None:
    kind: type[object] = type(shape)
    if kind is StructureShape and isinstance(value, dict):
        for name, item in cast("dict[str, Any]", value).items():
            if name in shape.members:
                _check(item, shape.members[name], f"{path}.{name}" if path else name, problems)
    elif kind is ListShape and isinstance(value, list | tuple):
        _check_bounds(len(cast("list[Any]", value)), shape, path, "items", problems)
        for index, item in enumerate(cast("list[Any]", value)):
            _check(item, shape.member, f"{path}[{index}]", problems)
    elif kind is MapShape and isinstance(value, dict):
        for name, item in cast("dict[str, Any]", value).items():
            _check(item, shape.value, f"{path}.{name}", problems)
    elif kind is StringShape and isinstance(value, str):
        if shape.enum and value not in shape.enum:
            problems.append(f"{path}: {value!r} is not one of {', '.join(shape.enum)}")
        _check_bounds(len(value), shape, path, "characters", problems)
        pattern = cast("str | None", shape.metadata.get("pattern"))
        if pattern and not _matches(pattern, value):
            problems.append(f"{path}: does not match {pattern}")


def _check_bounds(size: int, shape: Any, path: str, unit: str, problems: list[str]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        problems.append(f"{path}: {size} {unit}, allowed are {low or 0} to {high or 'any number'}")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(python_pattern(pattern), value, re.DOTALL) is not None
    except re.error:
        return True  # a dialect Python's engine does not read; AWS has the last word


def python_pattern(pattern: str) -> str:
    """A pattern of AWS's, which are Java's, for Python's engine."""
    classes = {"\\p{L}": "\\w", "\\p{Z}": "\\s", "\\p{N}": "\\d", "\\p{M}": "", "\\p{S}": "", "\\p{P}": ""}
    for java, python in classes.items():
        pattern = pattern.replace(java, python)
    return pattern
