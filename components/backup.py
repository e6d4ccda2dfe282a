"""Backups of everything that holds patient data, with copies in the recovery region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.iam_documents import document, trust
from components.scope import DataClass, Scope
from settings.recovery import BackupPlanSettings

if TYPE_CHECKING:
    from pulumi_aws.backup import Vault

_POLICIES = {
    "backup": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
    "restore": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
    "s3-backup": "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup",
    "s3-restore": "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Restore",
}
_LONGEST_VAULT = 50


@dataclass(frozen=True, kw_only=True)
class BackupPlanArgs:
    """Inputs of `BackupPlan`.

    kms_key_arn: key of the home vault.   recovery_region, recovery_kms_key_arn: where copies go, and the key there.
    """

    scope: Scope
    settings: BackupPlanSettings
    kms_key_arn: pulumi.Input[str]
    recovery_region: str
    recovery_kms_key_arn: pulumi.Input[str]


class BackupPlan(pulumi.ComponentResource):
    """A daily backup of every resource of this stack tagged `DataClass=phi`, copied to the recovery region.

    Source: AWS Backup Developer Guide, "Creating backup copies across AWS Regions"; 45 CFR 164.308(a)(7)(ii)(A).
    """

    vault_name: str

    def __init__(self, name: str, args: BackupPlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:backup:BackupPlan", name, {}, opts)
        from pulumi_aws import backup, iam

        self._name, self._args = name, args
        child, scope, settings = pulumi.ResourceOptions(parent=self), args.scope, args.settings
        self.vault_name = scope.name("backups", limit=_LONGEST_VAULT)
        home = self._vault("home", args.kms_key_arn, None)
        copies = self._vault("copies", args.recovery_kms_key_arn, args.recovery_region)
        tags = scope.tagged(DataClass.PHI, self.vault_name)
        keep: backup.PlanRuleLifecycleArgsDict = {"delete_after": settings.keep_days}
        if settings.cold_after_days is not None:
            keep["cold_storage_after"] = settings.cold_after_days
        rule: backup.PlanRuleArgsDict = {
            "rule_name": "daily",
            "target_vault_name": home.name,
            "schedule": f"cron(0 {settings.daily_hour} * * ? *)",
            "start_window": 60,
            "completion_window": 480,
            "lifecycle": keep,
            "recovery_point_tags": tags,
            "copy_actions": [
                {"destination_vault_arn": copies.arn, "lifecycle": {"delete_after": settings.copy_keep_days}}
            ],
        }
        plan = backup.Plan(
            f"{name}-plan",
            name=self.vault_name,
            rules=[rule],
            tags=tags,
            opts=child,
        )
        physical = scope.name("backup", limit=64)
        role = iam.Role(
            f"{name}-role",
            name=physical,
            description="Lets AWS Backup read patient data into its vaults and restore it",
            assume_role_policy=trust("backup.amazonaws.com", scope),
            tags=scope.tagged(DataClass.PHI, physical),
            opts=child,
        )
        attached = [
            iam.RolePolicyAttachment(f"{name}-{part}", role=role.name, policy_arn=arn, opts=child)
            for part, arn in _POLICIES.items()
        ]
        backup.Selection(
            f"{name}-selection",
            name=self.vault_name,
            plan_id=plan.id,
            iam_role_arn=role.arn,
            resources=["*"],
            conditions=[
                {
                    "string_equals": [
                        {"key": "aws:ResourceTag/DataClass", "value": DataClass.PHI.value},
                        {"key": "aws:ResourceTag/Project", "value": scope.system},
                        {"key": "aws:ResourceTag/Environment", "value": scope.environment},
                    ]
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=attached),
        )
        self.register_outputs({"vault_name": self.vault_name})

    def _vault(self, role: str, kms_key_arn: pulumi.Input[str], region: str | None) -> Vault:
        """A vault nobody deletes recovery points from by hand: they end with their retention."""
        from pulumi_aws import backup

        scope = self._args.scope
        vault = backup.Vault(
            f"{self._name}-{role}",
            name=self.vault_name,
            kms_key_arn=kms_key_arn,
            force_destroy=False,
            region=region,
            tags=scope.tagged(DataClass.PHI, self.vault_name),
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect),
        )
        backup.VaultPolicy(
            f"{self._name}-{role}-policy",
            backup_vault_name=vault.name,
            policy=document(
                {
                    "Sid": "RefuseEarlyDeletion",
                    "Effect": "Deny",
                    "Principal": {"AWS": "*"},
                    "Action": ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
                    "Resource": "*",
                }
            ),
            region=region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return vault
