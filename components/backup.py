"""Backups of everything that holds patient data, with locked copies in the recovery region and restore tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi

from components.iam_documents import document, trust
from components.scope import DataClass, Scope
from settings.objectives import LONGEST_CONTINUOUS_DAYS, START_MINUTES, Objectives
from settings.observability import LockMode
from settings.recovery import BackupPlanSettings, RestoreTestingSettings, RestoreTestInterval

if TYPE_CHECKING:
    from pulumi_aws import backup
    from pulumi_aws.backup import Vault

_POLICIES = {
    "backup": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
    "restore": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
    "s3-backup": "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup",
    "s3-restore": "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Restore",
}
_LONGEST_VAULT = 50
_COMPLETION_MINUTES = 480
_TESTED = {"rds": "RDS", "aurora": "Aurora", "s3": "S3"}
_TEST_DAYS = {
    RestoreTestInterval.WEEKLY: "? * SUN *",
    RestoreTestInterval.MONTHLY: "1 * ? *",
    RestoreTestInterval.QUARTERLY: "1 1,4,7,10 ? *",
}
_TEST_SELECTION_DAYS = 2  # a test that finds no backup of the last days fails, as it should


def vault_name(scope: Scope) -> str:
    """Name of the vault, the same in both regions."""
    return scope.name("backups", limit=_LONGEST_VAULT)


@dataclass(frozen=True, kw_only=True)
class BackupPlanArgs:
    """Inputs of `BackupPlan`.

    objectives: what the recovery objectives derive (`settings.objectives.objectives`).
    kms_key_arn: key of the home vault.   recovery_region, recovery_kms_key_arn: where copies go, and the key there.
    left_out_arns: patient data that AWS Backup cannot keep: buckets without versions.
    restore_testing: restore tests; None: none.
    tested: what they restore (`rds`, `aurora`, `s3`), each with the metadata AWS Backup must not infer, such as the
        subnet group.
    """

    scope: Scope
    settings: BackupPlanSettings
    objectives: Objectives
    kms_key_arn: pulumi.Input[str]
    recovery_region: str
    recovery_kms_key_arn: pulumi.Input[str]
    left_out_arns: Sequence[str] = ()
    restore_testing: RestoreTestingSettings | None = None
    tested: Mapping[str, Mapping[str, pulumi.Input[str]]] = field(
        default_factory=dict[str, Mapping[str, "pulumi.Input[str]"]]
    )

    def __post_init__(self) -> None:
        unknown = sorted(set(self.tested) - set(_TESTED))
        if unknown:
            raise ValueError(f"tested: want {', '.join(_TESTED)}, got {', '.join(unknown)}")


class BackupPlan(pulumi.ComponentResource):
    """Backups of every resource of this stack tagged `DataClass=phi`, copied to the recovery region, locked and tested.

    Snapshots are taken at the interval the objectives derive; buckets are also backed up continuously when the recovery
    point asks for it. Databases are not: AWS Backup would take over their own automated backups, which already reach
    any point in time.
    Source: AWS Backup Developer Guide, "Creating backup copies across AWS Regions", "Continuous backups", "AWS Backup
    Vault Lock", "Restore testing"; 45 CFR 164.308(a)(7)(ii)(A), (D); FAC-DR-01, FAC-DR-05, FAC-DR-06, BER-DR-04.
    """

    vault_name: str
    role_name: str  # of the role AWS Backup backs up and restores with
    restore_testing_plan_name: str | None  # None without restore tests

    def __init__(self, name: str, args: BackupPlanArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:backup:BackupPlan", name, {}, opts)
        from pulumi_aws import backup, iam

        self._name, self._args = name, args
        child, scope, settings = pulumi.ResourceOptions(parent=self), args.scope, args.settings
        interval = args.objectives.every_hours
        hours = sorted((settings.daily_hour + hour) % 24 for hour in args.objectives.start_hours)
        self.vault_name = vault_name(scope)
        home = self._vault("home", args.kms_key_arn, None)
        copies = self._vault("copies", args.recovery_kms_key_arn, args.recovery_region)
        tags = scope.tagged(DataClass.PHI, self.vault_name)
        keep: backup.PlanRuleLifecycleArgsDict = {"delete_after": settings.keep_days}
        if settings.cold_after_days is not None:
            keep["cold_storage_after"] = settings.cold_after_days
        rule: backup.PlanRuleArgsDict = {
            "rule_name": "daily" if interval == 24 else f"every-{interval}-hours",
            "target_vault_name": home.name,
            "schedule": f"cron(0 {','.join(map(str, hours))} * * ? *)",
            "start_window": START_MINUTES,
            "completion_window": max(2 * START_MINUTES, min(_COMPLETION_MINUTES, interval * 60)),
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
        self.role_name = physical = scope.name("backup", limit=64)
        role = iam.Role(
            f"{name}-role",
            name=physical,
            description="Lets AWS Backup read patient data into its vaults and restore it",
            assume_role_policy=trust("backup.amazonaws.com", scope),
            permissions_boundary=args.scope.boundary,
            tags=scope.tagged(DataClass.PHI, physical),
            opts=child,
        )
        attached = [
            iam.RolePolicyAttachment(f"{name}-{part}", role=role.name, policy_arn=arn, opts=child)
            for part, arn in _POLICIES.items()
        ]
        self._after = pulumi.ResourceOptions(parent=self, depends_on=attached)
        self._selection("selection", self.vault_name, plan.id, role.arn, ["*"])
        if args.objectives.continuous:
            self._continuous(home, role.arn)
        self.restore_testing_plan_name = self._restore_tests(home, role.arn)
        self.register_outputs({"vault_name": self.vault_name})

    def _own(self) -> list[backup.SelectionConditionStringEqualArgsDict]:
        """The tags of this stack's patient data."""
        scope = self._args.scope
        return [
            {"key": "aws:ResourceTag/DataClass", "value": DataClass.PHI.value},
            {"key": "aws:ResourceTag/Project", "value": scope.system},
            {"key": "aws:ResourceTag/Environment", "value": scope.environment},
        ]

    def _selection(
        self, role: str, physical: str, plan_id: pulumi.Input[str], role_arn: pulumi.Input[str], resources: list[str]
    ) -> None:
        from pulumi_aws import backup

        backup.Selection(
            f"{self._name}-{role}",
            name=physical,
            plan_id=plan_id,
            iam_role_arn=role_arn,
            resources=resources,
            not_resources=list(self._args.left_out_arns) or None,
            conditions=[{"string_equals": self._own()}],
            opts=self._after,
        )

    def _continuous(self, home: Vault, role_arn: pulumi.Input[str]) -> None:
        """Buckets to any second of the last days; a plan of its own, because its selection is narrower."""
        from pulumi_aws import backup

        settings, physical = self._args.settings, self._args.scope.name("continuous", limit=_LONGEST_VAULT)
        tags = self._args.scope.tagged(DataClass.PHI, physical)
        plan = backup.Plan(
            f"{self._name}-continuous",
            name=physical,
            rules=[
                {
                    "rule_name": "continuous",
                    "target_vault_name": home.name,
                    "schedule": f"cron(0 {settings.daily_hour} * * ? *)",
                    "start_window": START_MINUTES,
                    "completion_window": _COMPLETION_MINUTES,
                    "enable_continuous_backup": True,
                    "lifecycle": {"delete_after": min(settings.keep_days, LONGEST_CONTINUOUS_DAYS)},
                    "recovery_point_tags": tags,
                }
            ],
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._selection("continuous-selection", physical, plan.id, role_arn, ["arn:aws:s3:::*"])

    def _restore_tests(self, home: Vault, role_arn: pulumi.Input[str]) -> str | None:
        """One restore of each kind of store, deleted again when its time is over (FAC-DR-06)."""
        settings = self._args.restore_testing
        if settings is None or not self._args.tested:
            return None
        from pulumi_aws import backup

        scope, continuous = self._args.scope, self._args.objectives.continuous
        physical = scope.name("restore", limit=_LONGEST_VAULT).replace("-", "_")  # letters, digits and _ only
        plan = backup.RestoreTestingPlan(
            f"{self._name}-restore-tests",
            name=physical,
            schedule_expression=f"cron(0 {settings.hour} {_TEST_DAYS[settings.every]})",
            start_window_hours=settings.start_window_hours,
            recovery_point_selection={
                "algorithm": "LATEST_WITHIN_WINDOW",
                "include_vaults": [home.arn],
                "recovery_point_types": ["SNAPSHOT", *(["CONTINUOUS"] if continuous else [])],
                "selection_window_days": _TEST_SELECTION_DAYS,
            },
            tags=scope.tagged(DataClass.PHI, physical),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for kind, metadata in self._args.tested.items():
            backup.RestoreTestingSelection(
                f"{self._name}-restore-tests-{kind}",
                name=f"{kind}_{physical}"[:_LONGEST_VAULT].rstrip("_"),
                restore_testing_plan_name=plan.name,
                protected_resource_type=_TESTED[kind],
                iam_role_arn=role_arn,
                protected_resource_conditions={"string_equals": self._own()},  # or ARNs, never both
                restore_metadata_overrides=dict(metadata) or None,
                validation_window_hours=self._args.objectives.test_hours,
                opts=self._after,
            )
        return physical

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
        lock = self._args.settings.lock
        if lock is not None:
            backup.VaultLockConfiguration(
                f"{self._name}-{role}-lock",
                backup_vault_name=vault.name,
                min_retention_days=lock.min_days,
                max_retention_days=lock.max_days,
                changeable_for_days=lock.cooling_days if lock.mode is LockMode.COMPLIANCE else None,
                region=region,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return vault
