"""The `random` provider: passwords, strings and ids, drawn from the operating system's source of randomness."""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from localaws.handler import Props
from localaws.values import decode, encode, identical, unknown

VERSION = "4.21.4"
SPECIAL = "!@#$%&*()-_=+[]{}<>:?"  # the official provider's default
CLASSES = (
    ("lower", "minLower", string.ascii_lowercase),
    ("upper", "minUpper", string.ascii_uppercase),
    ("numeric", "minNumeric", string.digits),
    ("special", "minSpecial", SPECIAL),
)

_shuffler = secrets.SystemRandom()


def draw(inputs: Props) -> str:
    """A text of `length` characters of the wanted classes. Raises ValueError when their minimums do not fit."""
    length = int(inputs["length"])
    required: list[str] = []
    alphabet = ""
    for wanted, minimum, characters in CLASSES:
        chosen = inputs.get("overrideSpecial") or characters if wanted == "special" else characters
        if inputs.get(wanted, inputs.get("number", True) if wanted == "numeric" else True):
            alphabet += chosen
            required += [secrets.choice(chosen) for _ in range(int(inputs.get(minimum) or 0))]
    if not alphabet:
        raise ValueError("every class of characters is switched off: nothing is left to draw from")
    if len(required) > length:
        raise ValueError(f"length {length} is shorter than the {len(required)} characters the minimums ask for")
    drawn = required + [secrets.choice(alphabet) for _ in range(length - len(required))]
    _shuffler.shuffle(drawn)
    return "".join(drawn)


def _text(inputs: Props) -> tuple[str, Props]:
    result = draw(inputs)
    return result, {"result": result}


def _password(inputs: Props) -> tuple[str, Props]:
    return "none", {"result": draw(inputs)}


def _identifier(inputs: Props) -> tuple[str, Props]:
    raw = secrets.token_bytes(int(inputs["byteLength"]))
    prefix = inputs.get("prefix") or ""
    return raw.hex(), {"hex": prefix + raw.hex(), "dec": prefix + str(int.from_bytes(raw, "big"))}


def _bytes(inputs: Props) -> tuple[str, Props]:
    raw = secrets.token_bytes(int(inputs["length"]))
    return "none", {"hex": raw.hex(), "base64": base64.b64encode(raw).decode()}


def _uuid(inputs: Props) -> tuple[str, Props]:
    result = str(uuid.uuid4())
    return result, {"result": result}


TYPES: dict[str, Callable[[Props], tuple[str, Props]]] = {
    "random:index/randomPassword:RandomPassword": _password,
    "random:index/randomString:RandomString": _text,
    "random:index/randomBytes:RandomBytes": _bytes,
    "random:index/randomId:RandomId": _identifier,
    "random:index/randomUuid:RandomUuid": _uuid,
}
SECRET_OUTPUTS = {
    "random:index/randomBytes:RandomBytes": frozenset({"hex", "base64"}),
    "random:index/randomPassword:RandomPassword": frozenset({"result"}),
}


class RandomProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Values live in the state alone, as with the official provider; a change of any input draws anew.

    `bcryptHash` of RandomPassword is not modelled: nothing here reads it.
    """

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True, accept_outputs=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Check(self, request: Any, context: Any) -> Any:
        if request.type not in TYPES:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the embedded random provider does not model {request.type}")
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        olds, news = decode(request.old_inputs)[0], decode(request.news)[0]
        changed = sorted(
            name
            for name in olds.keys() | news.keys()
            if unknown(news.get(name)) or not identical(olds.get(name), news.get(name))
        )
        changes = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, replaces=changed, diffs=changed)

    def Create(self, request: Any, context: Any) -> Any:
        inputs, secret = decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(inputs, secret))
        try:
            identity, drawn = TYPES[request.type](inputs)
        except ValueError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{request.type}: {error}")
            raise
        secret |= SECRET_OUTPUTS.get(request.type, frozenset())
        return provider_pb2.CreateResponse(id=identity, properties=encode({**inputs, **drawn, "id": identity}, secret))

    def Read(self, request: Any, context: Any) -> Any:
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Update(self, request: Any, context: Any) -> Any:
        return provider_pb2.UpdateResponse(properties=request.olds)

    def Delete(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()
