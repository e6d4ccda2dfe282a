"""Secrets Manager: secrets, their values, rotation and policies."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shapes import camel, from_tags, to_tags

RECOVERY_DAYS = 30


@register
class Secret(Handler):
    type = "aws:secretsmanager/secret:Secret"
    inputs = frozenset(
        {"name", "description", "kmsKeyId", "recoveryWindowInDays", "tags", "forceOverwriteReplicaSecret"}
    )
    replace_on = frozenset({"name"})
    autoname = "name"
    cloudformation = "AWS::SecretsManager::Secret"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        optional = {"KmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}
        return call.client("secretsmanager").create_secret(
            Name=inputs["name"], Description=inputs.get("description") or "", Tags=to_tags(inputs["tags"]), **optional
        )["ARN"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("secretsmanager").describe_secret(SecretId=id)
        if found.get("DeletedDate"):
            return None
        return {
            "name": found["Name"],
            "arn": found["ARN"],
            "description": found.get("Description", ""),
            "kmsKeyId": found.get("KmsKeyId"),
            "recoveryWindowInDays": known.get("recoveryWindowInDays"),
            "tags": from_tags(found.get("Tags")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("secretsmanager")
        optional = {"KmsKeyId": new["kmsKeyId"]} if new.get("kmsKeyId") else {}
        client.update_secret(SecretId=id, Description=new.get("description") or "", **optional)
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(SecretId=id, TagKeys=gone)
        client.tag_resource(SecretId=id, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        """The name stays blocked for the recovery window, as on AWS (ALL-21); a window of 0 frees it at once."""
        if call.client("secretsmanager").describe_secret(SecretId=id).get("DeletedDate"):
            return
        days = known.get("recoveryWindowInDays")
        how = {"ForceDeleteWithoutRecovery": True} if days == 0 else {"RecoveryWindowInDays": days or RECOVERY_DAYS}
        call.client("secretsmanager").delete_secret(SecretId=id, **how)


@register
class SecretVersion(Handler):
    """A value. `secretStringWo` never leaves the account: only its version number is kept in the state."""

    type = "aws:secretsmanager/secretVersion:SecretVersion"
    inputs = frozenset({"secretId", "secretString", "secretStringWo", "secretStringWoVersion", "versionStages"})
    replace_on = frozenset({"secretId", "secretString"})
    write_only = frozenset({"secretStringWo"})
    secret = frozenset({"secretString"})

    def create(self, call: Call, inputs: Props) -> str:
        return f"{inputs['secretId']}|{self._put(call, inputs)}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        secret, version = id.split("|")
        if call.client("secretsmanager").describe_secret(SecretId=secret).get("DeletedDate"):
            return None
        found = call.client("secretsmanager").list_secret_version_ids(SecretId=secret, IncludeDeprecated=True)
        held = {item["VersionId"]: item.get("VersionStages", []) for item in found["Versions"]}
        if version not in held:
            return None
        live: Props = {
            "secretId": secret,
            "arn": found["ARN"],
            "versionId": version,
            "secretStringWoVersion": known.get("secretStringWoVersion"),
        }
        if known.get("secretString"):
            value = call.client("secretsmanager").get_secret_value(SecretId=secret, VersionId=version)
            live["secretString"] = value["SecretString"]
        return live

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        """A new write-only value is taken when its version number says so, as the official provider does."""
        if old.get("secretStringWoVersion") != new.get("secretStringWoVersion"):
            self._put(call, new, id.split("|")[1])

    def delete(self, call: Call, id: str, known: Props) -> None:
        """A version goes with its secret: AWS has no deletion of the current one."""

    def _put(self, call: Call, inputs: Props, version: str | None = None) -> str:
        value = inputs.get("secretStringWo") or inputs.get("secretString")
        client = call.client("secretsmanager")
        if version is not None:
            stages = {"SecretId": inputs["secretId"], "SecretString": value}
            return client.put_secret_value(**stages)["VersionId"]
        return client.put_secret_value(SecretId=inputs["secretId"], SecretString=value)["VersionId"]


@register
class SecretPolicy(Handler):
    type = "aws:secretsmanager/secretPolicy:SecretPolicy"
    inputs = frozenset({"secretArn", "policy", "blockPublicPolicy"})
    replace_on = frozenset({"secretArn"})

    def create(self, call: Call, inputs: Props) -> str:
        call.client("secretsmanager").put_resource_policy(
            SecretId=inputs["secretArn"],
            ResourcePolicy=inputs["policy"],
            BlockPublicPolicy=bool(inputs.get("blockPublicPolicy")),
        )
        return inputs["secretArn"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("secretsmanager").get_resource_policy(SecretId=id)
        if not found.get("ResourcePolicy"):
            return None
        return {
            "secretArn": id,
            "policy": found["ResourcePolicy"],
            "blockPublicPolicy": known.get("blockPublicPolicy"),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("secretsmanager").delete_resource_policy(SecretId=id)


@register
class SecretRotation(Handler):
    """When a secret is rotated. Secrets a service manages have no function of ours; moto keeps the days."""

    type = "aws:secretsmanager/secretRotation:SecretRotation"
    inputs = frozenset({"secretId", "rotateImmediately", "rotationLambdaArn", "rotationRules"})
    replace_on = frozenset({"secretId"})

    def create(self, call: Call, inputs: Props) -> str:
        self._rotate(call, inputs["secretId"], inputs)
        return inputs["secretId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("secretsmanager").describe_secret(SecretId=id)
        kept = call.store.of(self.type, call.region).get(id)
        if not found.get("RotationEnabled") or found.get("DeletedDate"):
            return None
        if kept is None:  # of a secret a service manages, the schedule is our own note: moto cannot cancel it
            if not found.get("RotationLambdaARN"):
                return None
            kept = {"rotationRules": camel(found.get("RotationRules"))}
        return {
            "secretId": id,
            "rotationEnabled": True,
            "rotationLambdaArn": found.get("RotationLambdaARN") or None,
            "rotationRules": kept["rotationRules"],
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._rotate(call, id, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        """Of a secret a service manages, only our own note of the schedule goes: moto cannot cancel its rotation."""
        call.store.of(self.type, call.region).pop(id, None)
        found = call.client("secretsmanager").describe_secret(SecretId=id)
        if found.get("RotationLambdaARN") and not found.get("DeletedDate"):
            call.client("secretsmanager").cancel_rotate_secret(SecretId=id)

    def _rotate(self, call: Call, id: str, inputs: Props) -> None:
        rules = inputs["rotationRules"]
        wire = {
            "AutomaticallyAfterDays": rules.get("automaticallyAfterDays"),
            "ScheduleExpression": rules.get("scheduleExpression"),
            "Duration": rules.get("duration"),
        }
        optional = {"RotationLambdaARN": inputs["rotationLambdaArn"]} if inputs.get("rotationLambdaArn") else {}
        call.client("secretsmanager").rotate_secret(
            SecretId=id,
            RotationRules={name: value for name, value in wire.items() if value is not None},
            RotateImmediately=inputs.get("rotateImmediately", True),
            **optional,
        )
        call.store.of(self.type, call.region)[id] = {"rotationRules": rules}
