"""AWS Backup: vaults, their policies and locks, plans, selections, restore tests."""

from __future__ import annotations

import re
from typing import ClassVar

from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import camel


def retag(call: Call, arn: str, old: Props, new: Props) -> None:
    """Make the tags of a Backup resource those of `new`."""
    gone = [name for name in old["tags"] if name not in new["tags"]]
    if gone:
        call.client("backup").untag_resource(ResourceArn=arn, TagKeyList=gone)
    if new["tags"]:
        call.client("backup").tag_resource(ResourceArn=arn, Tags=new["tags"])


@register
class Vault(Shadowed):
    type = "aws:backup/vault:Vault"
    inputs = frozenset({"name", "kmsKeyArn", "forceDestroy", "tags"})
    replace_on = frozenset({"name", "kmsKeyArn"})
    autoname = "name"
    cloudformation = "AWS::Backup::BackupVault"
    renames: ClassVar[dict[str, str]] = {"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn", "tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        key = {"EncryptionKeyArn": inputs["kmsKeyArn"]} if inputs.get("kmsKeyArn") else {}
        call.client("backup").create_backup_vault(BackupVaultName=inputs["name"], BackupVaultTags=inputs["tags"], **key)
        return inputs["name"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        vault = call.client("backup").describe_backup_vault(BackupVaultName=id)
        arn = vault["BackupVaultArn"]
        return {
            "name": id,
            "arn": arn,
            "recoveryPoints": vault.get("NumberOfRecoveryPoints", 0),
            "tags": call.client("backup").list_tags(ResourceArn=arn).get("Tags", {}),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        retag(call, f"arn:aws:backup:{call.region}:{call.account_id}:backup-vault:{id}", old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("backup").delete_backup_vault(BackupVaultName=id)


@register
class VaultPolicy(Emulated):
    type = "aws:backup/vaultPolicy:VaultPolicy"
    inputs = frozenset({"backupVaultName", "policy"})
    replace_on = frozenset({"backupVaultName"})

    def identify(self, call: Call, inputs: Props) -> str:
        return inputs["backupVaultName"]

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"backupVaultArn": f"arn:aws:backup:{call.region}:{call.account_id}:backup-vault:{id}"}


@register
class VaultLock(Handler):
    type = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
    inputs = frozenset({"backupVaultName", "changeableForDays", "maxRetentionDays", "minRetentionDays"})
    replace_on = inputs

    def create(self, call: Call, inputs: Props) -> str:
        limits = {name[0].upper() + name[1:]: inputs[name] for name in self.inputs if inputs.get(name) is not None}
        call.client("backup").put_backup_vault_lock_configuration(**limits)
        return inputs["backupVaultName"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        vaults = call.client("backup").list_backup_vaults()["BackupVaultList"]
        vault = next((vault for vault in vaults if vault["BackupVaultName"] == id), {})
        if not vault.get("Locked"):
            return None
        days = None
        if vault.get("LockDate"):
            days = known.get("changeableForDays") or (vault["LockDate"] - vault["CreationDate"]).days
        return {
            "backupVaultName": id,
            "backupVaultArn": vault["BackupVaultArn"],
            "minRetentionDays": vault.get("MinRetentionDays"),
            "maxRetentionDays": vault.get("MaxRetentionDays"),
            "changeableForDays": days,
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Every input replaces."""

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("backup").delete_backup_vault_lock_configuration(BackupVaultName=id)


@register
class Plan(Shadowed):
    type = "aws:backup/plan:Plan"
    inputs = frozenset({"name", "rules", "advancedBackupSettings", "tags"})
    replace_on = frozenset({"name"})
    autoname = "name"

    def make(self, call: Call, inputs: Props) -> str:
        return call.client("backup").create_backup_plan(
            BackupPlan={"BackupPlanName": inputs["name"], "Rules": [self._rule(rule) for rule in inputs["rules"]]},
            BackupPlanTags=inputs["tags"],
        )["BackupPlanId"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("backup").get_backup_plan(BackupPlanId=id)
        if found.get("DeletionDate"):
            return None
        names = {rule["RuleName"] for rule in found["BackupPlan"]["Rules"]}
        return {
            "name": found["BackupPlan"]["BackupPlanName"],
            "rules": [
                rule for rule in kept.get("rules") or camel(found["BackupPlan"]["Rules"]) if rule["ruleName"] in names
            ],
            "arn": found["BackupPlanArn"],
            "version": found["VersionId"],
            "tags": call.client("backup").list_tags(ResourceArn=found["BackupPlanArn"]).get("Tags", {}),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Moto has no UpdateBackupPlan: rules live beside the plan, tags in it."""
        arn = call.client("backup").get_backup_plan(BackupPlanId=id)["BackupPlanArn"]
        retag(call, arn, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("backup").delete_backup_plan(BackupPlanId=id)

    def _rule(self, rule: Props) -> Props:
        wire: Props = {
            "RuleName": rule["ruleName"],
            "TargetBackupVaultName": rule["targetVaultName"],
            "ScheduleExpression": rule["schedule"],
        }
        if rule.get("startWindow"):
            wire["StartWindowMinutes"] = rule["startWindow"]
        if rule.get("completionWindow"):
            wire["CompletionWindowMinutes"] = rule["completionWindow"]
        if rule.get("enableContinuousBackup"):
            wire["EnableContinuousBackup"] = True
        if rule.get("lifecycle"):
            wire["Lifecycle"] = self._lifecycle(rule["lifecycle"])
        if rule.get("copyActions"):
            wire["CopyActions"] = [
                {
                    "DestinationBackupVaultArn": action["destinationVaultArn"],
                    **({"Lifecycle": self._lifecycle(action["lifecycle"])} if action.get("lifecycle") else {}),
                }
                for action in rule["copyActions"]
            ]
        return wire

    def _lifecycle(self, lifecycle: Props) -> Props:
        names = {"deleteAfter": "DeleteAfterDays", "coldStorageAfter": "MoveToColdStorageAfterDays"}
        return {wire: lifecycle[name] for name, wire in names.items() if lifecycle.get(name)}


@register
class Selection(Emulated):
    type = "aws:backup/selection:Selection"
    inputs = frozenset({"name", "planId", "iamRoleArn", "resources", "notResources", "conditions", "selectionTags"})
    replace_on = inputs
    autoname = "name"

    def identify(self, call: Call, inputs: Props) -> str:
        return f"{inputs['planId']}|{inputs['name']}"


@register
class RestoreTestingPlan(Emulated):
    type = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
    inputs = frozenset(
        {"name", "recoveryPointSelection", "scheduleExpression", "scheduleExpressionTimezone", "startWindowHours",
         "tags"}
    )  # fmt: skip
    replace_on = frozenset({"name"})
    cloudformation = "AWS::Backup::RestoreTestingPlan"
    renames: ClassVar[dict[str, str]] = {"name": "RestoreTestingPlanName", "tags": "-"}

    def identify(self, call: Call, inputs: Props) -> str:
        _plain_name("CreateRestoreTestingPlan", inputs["name"])
        return inputs["name"]

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": f"arn:aws:backup:{call.region}:{call.account_id}:restore-testing-plan:{id}"}


@register
class RestoreTestingSelection(Emulated):
    type = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
    inputs = frozenset(
        {"name", "restoreTestingPlanName", "protectedResourceType", "iamRoleArn", "protectedResourceArns",
         "protectedResourceConditions", "restoreMetadataOverrides", "validationWindowHours"}
    )  # fmt: skip
    replace_on = frozenset({"name", "restoreTestingPlanName", "protectedResourceType"})
    cloudformation = "AWS::Backup::RestoreTestingSelection"
    renames: ClassVar[dict[str, str]] = {"name": "RestoreTestingSelectionName"}

    def identify(self, call: Call, inputs: Props) -> str:
        _plain_name("CreateRestoreTestingSelection", inputs["name"])
        plan = inputs["restoreTestingPlanName"]
        if plan not in call.store.of(RestoreTestingPlan.type, call.region):
            refuse("CreateRestoreTestingSelection", "ResourceNotFoundException", f"no restore testing plan {plan}")
        chosen = ("protectedResourceArns", "protectedResourceConditions")
        if sum(inputs.get(name) is not None for name in chosen) != 1:  # as the official provider says
            said = f"{inputs['name']}: exactly one of {' and '.join(chosen)}"
            refuse("CreateRestoreTestingSelection", "InvalidParameterValueException", said)
        return f"{inputs['name']}:{plan}"


def _plain_name(operation: str, name: str) -> None:
    if not re.fullmatch(r"\w{1,50}", name, re.ASCII):
        refuse(operation, "InvalidParameterValueException", f"{name}: letters, digits and _ only, at most 50")
