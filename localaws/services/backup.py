"""AWS Backup: vaults, their policies, plans, selections."""

from __future__ import annotations

from typing import ClassVar

from localaws.emulated import Emulated
from localaws.handler import Call, Props, register
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
