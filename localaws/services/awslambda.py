"""Lambda: functions and who may call them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any, ClassVar, cast

from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import camel, pascal
from localaws.values import ARCHIVE, SIGNATURE, Unsupported

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same code is the same archive, whenever it is packed


@register
class Function(Shadowed):
    type = "aws:lambda/function:Function"
    inputs = frozenset(
        {"name", "description", "role", "packageType", "runtime", "handler", "code", "s3Bucket", "s3Key",
         "s3ObjectVersion", "imageUri", "architectures", "memorySize", "timeout", "ephemeralStorage",
         "reservedConcurrentExecutions", "environment", "kmsKeyArn", "deadLetterConfig", "tracingConfig",
         "loggingConfig", "vpcConfig", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"name", "packageType"})
    defaults: ClassVar[Props] = {"packageType": "Zip"}
    autoname = "name"
    archives = frozenset({"code"})
    cloudformation = "AWS::Lambda::Function"
    renames: ClassVar[dict[str, str]] = {"name": "FunctionName", "code": "-", "tags": "-"}
    SETTINGS = ("description", "role", "runtime", "handler", "memorySize", "timeout", "ephemeralStorage", "environment",
                "deadLetterConfig", "tracingConfig", "loggingConfig", "vpcConfig")  # fmt: skip

    def make(self, call: Call, inputs: Props) -> str:
        client = call.client("lambda")
        client.create_function(
            FunctionName=inputs["name"],
            PackageType=inputs.get("packageType") or "Zip",
            Code=_code(inputs),
            Architectures=inputs.get("architectures") or ["x86_64"],
            Tags=inputs["tags"],
            **self._settings(inputs),
        )
        self._share(call, inputs["name"], inputs)
        return inputs["name"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("lambda").get_function(FunctionName=id)
        held = found["Configuration"]
        arn = held["FunctionArn"]
        functions = f"arn:aws:apigateway:{call.region}:lambda:path/2015-03-31/functions"
        network = held.get("VpcConfig") or {}
        return {
            "name": held["FunctionName"],
            "description": held.get("Description"),
            "role": held["Role"],
            "runtime": held.get("Runtime"),
            "handler": held.get("Handler"),
            "memorySize": held.get("MemorySize"),
            "timeout": held.get("Timeout"),
            "environment": camel(held.get("Environment")) and {"variables": held["Environment"]["Variables"]},
            "kmsKeyArn": held.get("KMSKeyArn"),
            "vpcConfig": {
                "subnetIds": network.get("SubnetIds", []),
                "securityGroupIds": network.get("SecurityGroupIds", []),
            },
            "reservedConcurrentExecutions": found.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
            "arn": arn,
            "qualifiedArn": f"{arn}:$LATEST",
            "invokeArn": f"{functions}/{arn}/invocations",
            "codeSha256": held.get("CodeSha256"),
            "version": held.get("Version"),
            "tags": found.get("Tags", {}),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("lambda")
        client.update_function_configuration(FunctionName=id, **self._settings(new))
        code = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri")
        if any(old.get(name) != new.get(name) for name in code):
            client.update_function_code(FunctionName=id, **_code(new))
        self._share(call, id, new)
        arn = f"arn:aws:lambda:{call.region}:{call.account_id}:function:{id}"
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(Resource=arn, TagKeys=gone)
        if new["tags"]:
            client.tag_resource(Resource=arn, Tags=new["tags"])

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("lambda").delete_function(FunctionName=id)

    def _settings(self, inputs: Props) -> Props:
        wire = {pascal(name): inputs[name] for name in self.SETTINGS if inputs.get(name)}
        for name in ("EphemeralStorage", "DeadLetterConfig", "TracingConfig", "LoggingConfig", "VpcConfig"):
            if name in wire:
                wire[name] = pascal(wire[name])
        if "Environment" in wire:
            wire["Environment"] = {"Variables": wire["Environment"].get("variables") or {}}
        if inputs.get("kmsKeyArn"):
            wire["KMSKeyArn"] = inputs["kmsKeyArn"]
        return wire

    def _share(self, call: Call, name: str, inputs: Props) -> None:
        client, wanted = call.client("lambda"), inputs.get("reservedConcurrentExecutions")
        if wanted is not None:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=wanted)
        elif "Concurrency" in client.get_function(FunctionName=name):
            client.delete_function_concurrency(FunctionName=name)


def _code(inputs: Props) -> Props:
    if inputs.get("imageUri"):
        return {"ImageUri": inputs["imageUri"]}
    if inputs.get("s3Bucket"):
        wire = {"S3Bucket": inputs["s3Bucket"], "S3Key": inputs["s3Key"]}
        version = inputs.get("s3ObjectVersion")
        return {**wire, "S3ObjectVersion": version} if version else wire
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in sorted(_files(inputs["code"], "code").items()):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return {"ZipFile": packed.getvalue()}


def _files(archive: Any, path: str) -> dict[str, bytes]:
    """Name → content of an archive as the engine sends it."""
    if not (isinstance(archive, dict) and cast("Props", archive).get(SIGNATURE) == ARCHIVE):
        raise Unsupported(f"{path}: expected an archive of files")
    found: dict[str, bytes] = {}
    for name, asset in cast("Props", archive).get("assets", {}).items():
        if asset.get(SIGNATURE) == ARCHIVE:
            found |= {f"{name}/{inner}": content for inner, content in _files(asset, f"{path}.{name}").items()}
        elif "text" in asset:
            found[name] = str(asset["text"]).encode()
        elif "path" in asset:
            found[name] = Path(asset["path"]).read_bytes()
        else:
            raise Unsupported(f"{path}.{name}: the embedded AWS takes texts and files of this machine only")
    if not found:
        raise Unsupported(f"{path}: the embedded AWS takes archives made of single files only")
    return found


@register
class Permission(Handler):
    type = "aws:lambda/permission:Permission"
    inputs = frozenset({"action", "function", "principal", "sourceArn", "sourceAccount", "statementId"})
    replace_on = inputs
    autoname = "statementId"
    cloudformation = "AWS::Lambda::Permission"
    renames: ClassVar[dict[str, str]] = {"function": "FunctionName", "statementId": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        optional = {pascal(name): inputs[name] for name in ("sourceArn", "sourceAccount") if inputs.get(name)}
        call.client("lambda").add_permission(
            FunctionName=inputs["function"],
            StatementId=inputs["statementId"],
            Action=inputs["action"],
            Principal=inputs["principal"],
            **optional,
        )
        return inputs["statementId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        function, statement_id = (known["function"], id) if known else id.split("/")  # imported as function/statement
        policy = json.loads(call.client("lambda").get_policy(FunctionName=function)["Policy"])
        statement = next((item for item in policy["Statement"] if item["Sid"] == statement_id), None)
        if statement is None:
            return None
        principal, condition = statement["Principal"], statement.get("Condition", {})
        return {
            "action": statement["Action"],
            "function": function,
            "principal": principal["Service"] if isinstance(principal, dict) else principal,
            "sourceArn": condition.get("ArnLike", {}).get("AWS:SourceArn"),
            "sourceAccount": condition.get("StringEquals", {}).get("AWS:SourceAccount"),
            "statementId": statement_id,
            "id": statement_id,
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Every input replaces."""

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("lambda").remove_permission(FunctionName=known["function"], StatementId=id)
