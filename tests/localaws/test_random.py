"""The `random` provider: values are drawn once, kept, secret, and drawn anew only when asked."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from localaws.random_provider import RandomProvider
from localaws.values import decode, encode
from tests.localaws.conftest import Context

PASSWORD = "random:index/randomPassword:RandomPassword"
INPUTS = {"length": 32, "special": False, "minLower": 1, "minUpper": 1, "minNumeric": 1}


@pytest.fixture
def provider() -> RandomProvider:
    return RandomProvider()


def create(provider: RandomProvider, inputs: dict[str, Any]) -> tuple[str, Any]:
    request = provider_pb2.CreateRequest(type=PASSWORD, name="case", properties=encode(inputs))
    answer = provider.Create(request, Context())
    return answer.id, answer.properties


def test_a_password_is_what_was_asked_for(provider: RandomProvider) -> None:
    _, properties = create(provider, INPUTS)
    text = decode(properties)[0]["result"]
    assert len(text) == 32
    assert text.isalnum()
    assert any(letter.islower() for letter in text)
    assert any(letter.isupper() for letter in text)
    assert any(letter.isdigit() for letter in text)


def test_two_passwords_differ_and_neither_is_an_id(provider: RandomProvider) -> None:
    first, second = create(provider, INPUTS), create(provider, INPUTS)
    texts = [decode(properties)[0]["result"] for _, properties in (first, second)]
    assert texts[0] != texts[1]
    assert first[0] not in texts


def test_the_result_is_marked_secret(provider: RandomProvider) -> None:
    _, properties = create(provider, INPUTS)
    assert "1b47061264138c4ac30d75fd1eb44270" in str(properties["result"])


def test_a_refresh_keeps_the_value(provider: RandomProvider) -> None:
    id, properties = create(provider, INPUTS)
    request = provider_pb2.ReadRequest(type=PASSWORD, id=id, properties=properties, inputs=encode(INPUTS))
    answer = provider.Read(request, Context())
    assert decode(answer.properties)[0]["result"] == decode(properties)[0]["result"]


@pytest.mark.parametrize(("change", "replaced"), [({}, []), ({"length": 40}, ["length"])])
def test_only_a_change_draws_anew(provider: RandomProvider, change: dict[str, Any], replaced: list[str]) -> None:
    id, properties = create(provider, INPUTS)
    request = provider_pb2.DiffRequest(
        type=PASSWORD, id=id, olds=properties, old_inputs=encode(INPUTS), news=encode({**INPUTS, **change})
    )
    assert list(provider.Diff(request, Context()).replaces) == replaced


def test_random_bytes_come_as_secret_hexadecimal_text(provider: RandomProvider) -> None:
    kind = "random:index/randomBytes:RandomBytes"
    answer = provider.Create(
        provider_pb2.CreateRequest(type=kind, name="case", properties=encode({"length": 32})), Context()
    )
    drawn, secret = decode(answer.properties)
    assert len(bytes.fromhex(drawn["hex"])) == 32
    assert {"hex", "base64"} <= secret
