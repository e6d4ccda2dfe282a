"""The `aws` provider over its own protocol, in this process, on a fresh moto account per test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

import localaws.services  # noqa: F401  registers the handlers
from localaws.provider import AwsProvider
from localaws.server import MOTO
from localaws.values import decode, encode

os.environ.update(MOTO)

REGION = "ca-central-1"


class Refused(Exception):
    """The provider answered with an error."""


class Context:
    """What a gRPC servicer sees of its call."""

    def __init__(self, peer: str = "test") -> None:
        self._peer = peer

    def peer(self) -> str:
        return self._peer

    def abort(self, code: Any, details: str) -> None:
        raise Refused(f"{code.name}: {details}")


@dataclass(frozen=True)
class Made:
    """A resource as the engine knows it."""

    type: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class Account:
    """Speaks to the provider as the engine does."""

    def __init__(self, region: str = REGION, **configuration: str) -> None:
        self.provider = AwsProvider()
        self.context = Context()
        arguments = encode({"region": region, **configuration})
        self.provider.Configure(provider_pb2.ConfigureRequest(args=arguments), self.context)

    def check(
        self, type: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], Any]:
        request = provider_pb2.CheckRequest(
            type=type, name="case", news=encode(inputs), olds=encode(olds or {}), randomSeed=b"0123456789abcdef"
        )
        answer = self.provider.Check(request, self.context)
        return decode(answer.inputs)[0], [(failure.property, failure.reason) for failure in answer.failures]

    def create(self, type: str, inputs: dict[str, Any], *, preview: bool = False) -> Made:
        checked, failures = self.check(type, inputs)
        assert not failures, failures
        request = provider_pb2.CreateRequest(type=type, name="case", properties=encode(checked), preview=preview)
        answer = self.provider.Create(request, self.context)
        return Made(type, answer.id, checked, decode(answer.properties)[0])

    def read(self, made: Made) -> Made | None:
        request = provider_pb2.ReadRequest(
            type=made.type, id=made.id, properties=encode(made.outputs), inputs=encode(made.inputs)
        )
        answer = self.provider.Read(request, self.context)
        return Made(made.type, answer.id, decode(answer.inputs)[0], decode(answer.properties)[0]) if answer.id else None

    def adopt(self, type: str, id: str) -> Made | None:
        return self.read(Made(type, id, {}, {}))

    def forget(self) -> None:
        """What localaws keeps beside the account is gone: as if another tool had made everything in it."""
        self.provider._store._kept.clear()

    def diff(self, made: Made, inputs: dict[str, Any]) -> Any:
        return self.provider.Diff(
            provider_pb2.DiffRequest(
                type=made.type,
                id=made.id,
                olds=encode(made.outputs),
                old_inputs=encode(made.inputs),
                news=encode(inputs),
            ),
            self.context,
        )

    def update(self, made: Made, inputs: dict[str, Any]) -> Made:
        request = provider_pb2.UpdateRequest(
            type=made.type, id=made.id, olds=encode(made.outputs), old_inputs=encode(made.inputs), news=encode(inputs)
        )
        answer = self.provider.Update(request, self.context)
        return Made(made.type, made.id, inputs, decode(answer.properties)[0])

    def delete(self, made: Made) -> None:
        request = provider_pb2.DeleteRequest(
            type=made.type, id=made.id, properties=encode(made.outputs), old_inputs=encode(made.inputs)
        )
        self.provider.Delete(request, self.context)

    def invoke(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = self.provider.Invoke(provider_pb2.InvokeRequest(tok=token, args=encode(arguments)), self.context)
        return decode(getattr(answer, "return"))[0]

    def client(self, service: str, region: str = REGION) -> Any:
        return self.provider._clients.get(service, region)


@pytest.fixture
def account() -> Iterator[Account]:
    """An empty account in ca-central-1."""
    from moto import mock_aws

    with mock_aws():
        yield Account()


@pytest.fixture
def wire() -> type[struct_pb2.Struct]:
    """The engine's own form of properties."""
    return struct_pb2.Struct
