"""The `aws` provider of the embedded account: Pulumi's resource provider protocol over the handlers."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from localaws import check, moto_fixes
from localaws.clients import Clients
from localaws.handler import HANDLERS, INVOKES, Call, Handler, Props
from localaws.store import MemoryStore
from localaws.values import Unsupported, decode, empty, encode, holds_files, identical, says_the_same, unknown

VERSION = "7.51.1"  # the official provider whose names and shapes are modelled
ACCOUNT_ID = "123456789012"
ABROAD = re.compile(r"(.+)@([a-z]{2}(?:-[a-z]+)+-\d)")
GONE = ("NotFound", "NoSuch", "NotExist", "Nonexistent", "NonExistent")  # parts of the codes services have for it

log = logging.getLogger("localaws")
moto_lock = threading.RLock()  # moto is not made for threads


@dataclass(frozen=True)
class Configuration:
    """How one provider instance of a program is configured."""

    region: str
    default_tags: dict[str, str] = field(default_factory=dict[str, str])


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves every provider instance of every program; connections tell the instances apart."""

    def __init__(self) -> None:
        moto_fixes.apply()
        self._clients = Clients()
        self._store = MemoryStore()
        self._configurations: dict[str, Configuration] = {}

    # The instance

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
        old, new = decode(request.old_inputs)[0], decode(request.news)[0]
        changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        changed = [name for name in changed if name != "version"]
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            replaces=[name for name in changed if name == "region"],
            diffs=changed,
        )

    def Configure(self, request: Any, context: Any) -> Any:
        arguments = decode(request.args)[0]
        region = arguments.get("region")
        if not region or unknown(region):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "aws:region is not set: the embedded AWS needs a region")
        allowed = _json(arguments.get("allowedAccountIds"), [])
        if allowed and ACCOUNT_ID not in allowed:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"account {ACCOUNT_ID} is not among aws:allowedAccountIds {allowed}"
            )
        tags = _json(arguments.get("defaultTags"), {}).get("tags", {})
        self._configurations[context.peer()] = Configuration(region=str(region), default_tags=tags)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    # Resources

    def Check(self, request: Any, context: Any) -> Any:
        with _reported(context, request.type):
            handler = _handler(request.type)
            inputs, secrets = decode(request.news)
            olds = decode(request.olds)[0]
            if handler.autoname and empty(inputs.get(handler.autoname)):
                inputs[handler.autoname] = olds.get(handler.autoname) or _autoname(request.name, request.randomSeed)
            region = self._region(context, inputs)
            failures = [
                (name, f"{request.type}: the embedded AWS does not model this property")
                for name in sorted(inputs.keys() - handler.inputs - {"region"})
                if not empty(inputs[name])
            ]
            failures += [
                (name, f"{request.type}: the embedded AWS does not model files here")
                for name in sorted(inputs.keys() & handler.inputs - handler.archives)
                if holds_files(inputs[name])
            ]
            failures += check.problems(handler, region, inputs)
            return provider_pb2.CheckResponse(
                inputs=encode(inputs, secrets),
                failures=[provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in failures],
            )

    def Diff(self, request: Any, context: Any) -> Any:
        with _reported(context, request.type):
            handler = _handler(request.type)
            olds = decode(request.old_inputs if request.HasField("old_inputs") else request.olds)[0]
            news = decode(request.news)[0]
            ignored = set(request.ignoreChanges)
            changed = sorted(
                name
                for name in (olds.keys() | news.keys()) - ignored
                if unknown(news.get(name)) or _differs(handler, name, olds.get(name), news.get(name))
            )
            replaces = [name for name in changed if name in handler.replace_on or name == "region"]
            kinds = provider_pb2.PropertyDiff
            detailed = {
                name: kinds(
                    kind=_kind(name in replaces, name in olds, name in news),
                    inputDiff=True,
                )
                for name in changed
            }
            same_name = handler.autoname is None or handler.autoname not in changed
            return provider_pb2.DiffResponse(
                changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
                replaces=replaces,
                deleteBeforeReplace=bool(replaces) and same_name and not handler.side_by_side,
                diffs=changed,
                detailedDiff=detailed,
                hasDetailedDiff=True,
            )

    def Create(self, request: Any, context: Any) -> Any:
        with _reported(context, request.type):
            handler = _handler(request.type)
            inputs, secrets = decode(request.properties)
            if request.preview:
                return provider_pb2.CreateResponse(properties=encode(_shown(handler, inputs), secrets))
            call = self._call(context, inputs)
            identity = handler.create(call, self._with_default_tags(context, handler, inputs))
            outputs = self._outputs(context, handler, call, identity, inputs)
            return provider_pb2.CreateResponse(id=identity, properties=encode(outputs, secrets | handler.secret))

    def Read(self, request: Any, context: Any) -> Any:
        with _reported(context, request.type):
            handler = _handler(request.type)
            inputs, secrets = decode(request.inputs)
            known = decode(request.properties)[0]
            identity, abroad = request.id, None
            if not inputs and not known:
                identity, abroad = _import_id(identity)
            call = self._call(context, inputs or known or {"region": abroad})
            if not inputs and not known:
                identity = _gone_as_none(lambda: handler.imported(call, identity))
            live = None if identity is None else _gone_as_none(lambda: handler.read(call, identity, known))
            if live is None:
                return provider_pb2.ReadResponse(id="")
            live = self._without_default_tags(context, handler, live, inputs)
            if inputs:
                current = {name: _kept(name, value, live) for name, value in inputs.items()}
                if empty(inputs.get("tags")) and not empty(live.get("tags")) and "tags" in handler.inputs:
                    current["tags"] = live["tags"]
            else:
                current = {name: live[name] for name in sorted(handler.inputs) if not empty(live.get(name))}
                if abroad is not None:
                    current["region"] = abroad
            identity = str(live.get("id") or identity)
            outputs = self._outputs(context, handler, call, identity, current, live)
            return provider_pb2.ReadResponse(
                id=identity, properties=encode(outputs, secrets | handler.secret), inputs=encode(current, secrets)
            )

    def Update(self, request: Any, context: Any) -> Any:
        with _reported(context, request.type):
            handler = _handler(request.type)
            inputs, secrets = decode(request.news)
            state = decode(request.olds)[0]
            if request.preview:
                return provider_pb2.UpdateResponse(properties=encode({**state, **_shown(handler, inputs)}, secrets))
            old = decode(request.old_inputs)[0] or state
            call = self._call(context, inputs)
            handler.update(
                call,
                request.id,
                self._with_default_tags(context, handler, old),
                self._with_default_tags(context, handler, {**inputs, **_left(handler, old, inputs)}),
            )
            outputs = self._outputs(context, handler, call, request.id, inputs, known=state)
            return provider_pb2.UpdateResponse(properties=encode(outputs, secrets | handler.secret))

    def Delete(self, request: Any, context: Any) -> Any:
        with _reported(context, request.type):
            handler = _handler(request.type)
            known = {**decode(request.old_inputs)[0], **decode(request.properties)[0]}
            call = self._call(context, known)
            _gone_as_none(lambda: handler.delete(call, request.id, known))
            return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        with _reported(context, request.tok):
            function = INVOKES.get(request.tok)
            if function is None:
                raise Unsupported(f"the embedded AWS does not model the function {request.tok}")
            arguments, _ = decode(request.args)
            result = function(self._call(context, arguments), arguments)
            fields: Any = {"return": encode(result)}  # a word of Python's, so no keyword argument
            return provider_pb2.InvokeResponse(**fields)

    # One operation's parts

    def _configuration(self, context: Any) -> Configuration:
        return self._configurations.get(context.peer()) or Configuration(region="us-east-1")

    def _region(self, context: Any, properties: Props) -> str:
        region = properties.get("region")
        return str(region) if region and not unknown(region) else self._configuration(context).region

    def _call(self, context: Any, properties: Props) -> Call:
        region = self._region(context, properties)
        return Call(region=region, account_id=ACCOUNT_ID, store=self._store, clients=self._clients)

    def _with_default_tags(self, context: Any, handler: Handler, inputs: Props) -> Props:
        if not handler.tag_map:
            return inputs
        return {**inputs, "tags": {**self._configuration(context).default_tags, **(inputs.get("tags") or {})}}

    def _without_default_tags(self, context: Any, handler: Handler, live: Props, inputs: Props) -> Props:
        if "tags" not in live or not handler.tag_map:
            return live
        defaults, own = self._configuration(context).default_tags, inputs.get("tags") or {}
        tags = {
            name: value for name, value in (live["tags"] or {}).items() if name in own or defaults.get(name) != value
        }
        return {**live, "tags": tags}

    def _outputs(
        self,
        context: Any,
        handler: Handler,
        call: Call,
        identity: str,
        inputs: Props,
        live: Props | None = None,
        known: Props | None = None,
    ) -> Props:
        """Inputs overlaid by what the account holds, plus what every resource has."""
        if live is None:
            live = handler.read(call, identity, {**(known or {}), **inputs})
            if live is None:
                raise Unsupported(f"{handler.type} {identity} is gone right after it was written")
            live = self._without_default_tags(context, handler, live, inputs)
        outputs = _shown(handler, inputs)
        for name, value in live.items():
            if name not in handler.write_only and (name not in outputs or not says_the_same(outputs[name], value)):
                outputs[name] = value
        outputs.setdefault("region", call.region)
        if handler.tag_map:
            outputs["tagsAll"] = {**self._configuration(context).default_tags, **(outputs.get("tags") or {})}
        return {**outputs, "id": identity}


def _handler(token: str) -> Handler:
    handler = HANDLERS.get(token)
    if handler is None:
        raise Unsupported(f"the embedded AWS does not model {token} (docs/embedded-aws.md lists what it does)")
    return handler


def _shown(handler: Handler, inputs: Props) -> Props:
    """Inputs that may stand among outputs: write-only ones never come back."""
    return {name: value for name, value in inputs.items() if name not in handler.write_only}


def _kept(name: str, wanted: Any, live: Props) -> Any:
    """An input after a refresh: its own form while the account says the same, else what the account holds."""
    if name not in live or says_the_same(wanted, live[name]):
        return wanted
    return live[name]


def _differs(handler: Handler, name: str, old: Any, new: Any) -> bool:
    """Whether an update has something to do about an input; what AWS would have anyway counts as said."""
    if name in handler.left_to_aws:
        new = _left_as_is(old, new)
    default = handler.defaults.get(name)
    return not identical(_filled(default, old), _filled(default, new))


def _left(handler: Handler, old: Props, new: Props) -> Props:
    """Inputs of which AWS chose a part that the program says nothing of: an update leaves it as it is."""
    return {name: _left_as_is(old[name], new.get(name)) for name in handler.left_to_aws if name in old}


def _left_as_is(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**cast("dict[str, Any]", old), **cast("dict[str, Any]", new)}
    return old if empty(new) else new


def _filled(default: Any, value: Any) -> Any:
    if isinstance(default, dict) and isinstance(value, dict):
        return {**cast("dict[str, Any]", default), **cast("dict[str, Any]", value)}
    return default if value is None else value


def _import_id(id: str) -> tuple[str, str | None]:
    """(id, region) of the id that an import names: `ID@REGION` for a resource outside the provider's own region."""
    found = ABROAD.fullmatch(id)
    return (found[1], found[2]) if found else (id, None)


def _kind(replaces: bool, was: bool, is_now: bool) -> Any:
    kinds = provider_pb2.PropertyDiff
    if not was:
        return kinds.ADD_REPLACE if replaces else kinds.ADD
    if not is_now:
        return kinds.DELETE_REPLACE if replaces else kinds.DELETE
    return kinds.UPDATE_REPLACE if replaces else kinds.UPDATE


def _autoname(name: str, seed: bytes) -> str:
    """The program's name for the resource and seven hexadecimal digits, as the official provider names things."""
    return f"{name}-{seed.hex()[:7]}"


def _json(value: Any, default: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value else (value or default)


def _gone_as_none(operation: Callable[[], Any]) -> Any:
    try:
        return operation()
    except ClientError as error:
        if any(word in _code(error) for word in GONE):
            return None
        raise


def _code(error: ClientError) -> str:
    return str(cast("Any", error.response).get("Error", {}).get("Code", "Unknown"))


@contextmanager
def _reported(context: Any, token: str) -> Generator[None, None, None]:
    """One operation at a time; what goes wrong reaches the user as a sentence with AWS's own error code."""
    try:
        with moto_lock:
            yield
    except ClientError as error:
        message = str(cast("Any", error.response).get("Error", {}).get("Message", ""))
        text = f"{token}: {error.operation_name} failed: {_code(error)}: {message}"
        context.abort(grpc.StatusCode.UNKNOWN, text)
    except Unsupported as error:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
    except BotoCoreError as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{token}: {error}")
    except Exception as error:
        if type(error) is Exception and not error.args:  # how grpc itself ends an aborted operation
            raise
        log.exception("%s failed", token)
        context.abort(
            grpc.StatusCode.INTERNAL, f"{token}: {type(error).__name__}: {error} (a fault of localaws; see its log)"
        )
