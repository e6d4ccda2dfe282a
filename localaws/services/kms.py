"""KMS: customer keys and their aliases."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shapes import from_tags, to_tags

POLICY_NAME = "default"
ROTATION_DAYS = 365
DELETION_DAYS = 30


@register
class Key(Handler):
    type = "aws:kms/key:Key"
    inputs = frozenset(
        {
            "description", "policy", "enableKeyRotation", "rotationPeriodInDays", "deletionWindowInDays", "multiRegion",
            "keyUsage", "customerMasterKeySpec", "isEnabled", "tags", "bypassPolicyLockoutSafetyCheck",
        }
    )  # fmt: skip
    replace_on = frozenset({"multiRegion", "keyUsage", "customerMasterKeySpec"})
    defaults: ClassVar[Props] = {
        "keyUsage": "ENCRYPT_DECRYPT", "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "isEnabled": True,
        "rotationPeriodInDays": 365,
    }  # fmt: skip
    left_to_aws = frozenset({"policy"})
    write_only: ClassVar[frozenset[str]] = frozenset()
    cloudformation = "AWS::KMS::Key"
    renames: ClassVar[dict[str, str]] = {
        "policy": "-", "tags": "-", "deletionWindowInDays": "PendingWindowInDays", "isEnabled": "Enabled"}  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("kms")
        optional = {"Policy": inputs["policy"]} if inputs.get("policy") else {}
        key = client.create_key(
            Description=inputs.get("description") or "",
            MultiRegion=bool(inputs.get("multiRegion")),
            KeyUsage=inputs.get("keyUsage") or "ENCRYPT_DECRYPT",
            Tags=to_tags(inputs["tags"], key="TagKey", value="TagValue"),
            **optional,
        )["KeyMetadata"]["KeyId"]
        self._rotate(call, key, inputs)
        return key

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("kms")
        key = client.describe_key(KeyId=id)["KeyMetadata"]
        if key["KeyState"] == "PendingDeletion":
            return None
        rotation = client.get_key_rotation_status(KeyId=id)
        return {
            "keyId": key["KeyId"],
            "arn": key["Arn"],
            "description": key.get("Description", ""),
            "policy": client.get_key_policy(KeyId=id, PolicyName=POLICY_NAME)["Policy"],
            "enableKeyRotation": rotation["KeyRotationEnabled"],
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays") or known.get("rotationPeriodInDays"),
            "deletionWindowInDays": known.get("deletionWindowInDays"),
            "multiRegion": key.get("MultiRegion", False),
            "keyUsage": key.get("KeyUsage") or "ENCRYPT_DECRYPT",  # moto keeps none that was not asked for
            "customerMasterKeySpec": key.get("KeySpec"),
            "isEnabled": key["Enabled"],
            "tags": from_tags(client.list_resource_tags(KeyId=id).get("Tags"), key="TagKey", value="TagValue"),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("kms")
        client.update_key_description(KeyId=id, Description=new.get("description") or "")
        if new.get("policy"):
            client.put_key_policy(KeyId=id, PolicyName=POLICY_NAME, Policy=new["policy"])
        self._rotate(call, id, new)
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(KeyId=id, TagKeys=gone)
        client.tag_resource(KeyId=id, Tags=to_tags(new["tags"], key="TagKey", value="TagValue"))

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("kms")
        if client.describe_key(KeyId=id)["KeyMetadata"]["KeyState"] != "PendingDeletion":
            days = known.get("deletionWindowInDays") or DELETION_DAYS
            client.schedule_key_deletion(KeyId=id, PendingWindowInDays=days)

    def _rotate(self, call: Call, key: str, inputs: Props) -> None:
        if inputs.get("enableKeyRotation"):
            days = inputs.get("rotationPeriodInDays") or ROTATION_DAYS
            call.client("kms").enable_key_rotation(KeyId=key, RotationPeriodInDays=days)
        else:
            call.client("kms").disable_key_rotation(KeyId=key)


@register
class Alias(Handler):
    type = "aws:kms/alias:Alias"
    inputs = frozenset({"name", "targetKeyId"})
    replace_on = frozenset({"name"})
    cloudformation = "AWS::KMS::Alias"
    renames: ClassVar[dict[str, str]] = {"name": "AliasName"}

    def create(self, call: Call, inputs: Props) -> str:
        call.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        for page in call.client("kms").get_paginator("list_aliases").paginate():
            for alias in page["Aliases"]:
                if alias["AliasName"] == id and "TargetKeyId" in alias:
                    target = alias["TargetKeyId"]
                    key_arn = f"arn:aws:kms:{call.region}:{call.account_id}:key/{target.rsplit('/', 1)[-1]}"
                    wanted = str(known.get("targetKeyId", ""))
                    held = wanted if wanted.rsplit("/", 1)[-1] == target.rsplit("/", 1)[-1] else target
                    return {"name": id, "targetKeyId": held, "targetKeyArn": key_arn, "arn": alias["AliasArn"]}
        return None

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("kms").update_alias(AliasName=id, TargetKeyId=new["targetKeyId"])

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("kms").delete_alias(AliasName=id)
