"""Are backups made, copied and locked, and is the newest as young as the objectives say?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen

VAULT = "aws:backup/vault:Vault"
_SLACK_HOURS = 12  # a job starts within an hour and may take eight, and then it is copied


def _vault(account: Account, vault: Resource) -> dict[str, Any]:
    return account.ask(
        "backup", "describe_backup_vault", region=account.region(vault), BackupVaultName=vault.outputs["name"]
    )


@of(
    VAULT,
    name="backup-vault",
    requirements=("BER-DR-04", "FAC-DR-05"),
    fix="A vault's key cannot be changed; find out who made this one.",
)
def _encrypted(account: Account, vault: Resource) -> Iterator[Seen]:
    yield seen("key", vault.inputs.get("kmsKeyArn"), _vault(account, vault).get("EncryptionKeyArn"))


@of(
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    name="backup-locked",
    requirements=("FAC-DR-05", "OMN-OPS-09"),
    fix="`pulumi up --refresh` locks the vault again.",
)
def _locked(account: Account, lock: Resource) -> Iterator[Seen]:
    live = account.ask(
        "backup", "describe_backup_vault", region=account.region(lock), BackupVaultName=lock.inputs["backupVaultName"]
    )
    yield seen("locked", True, bool(live.get("Locked")))
    yield seen("least days", lock.inputs.get("minRetentionDays"), live.get("MinRetentionDays"))


@of(
    "aws:backup/plan:Plan",
    name="backup-plan",
    requirements=("BER-DR-04", "FAC-DR-05", "OMN-OPS-05"),
    fix="`pulumi up --refresh` puts schedule, retention and copies right.",
)
def _plan(account: Account, plan: Resource) -> Iterator[Seen]:
    live = account.ask("backup", "get_backup_plan", region=account.region(plan), BackupPlanId=plan.id)["BackupPlan"]
    wanted = {rule["ruleName"]: rule for rule in plan.inputs["rules"]}
    found = {rule["RuleName"]: rule for rule in live["Rules"]}
    yield seen("rules", sorted(wanted), sorted(found))
    for name in sorted(wanted.keys() & found.keys()):
        yield seen(f"schedule of {name}", wanted[name].get("schedule"), found[name].get("ScheduleExpression"))
        keep = (wanted[name].get("lifecycle") or {}).get("deleteAfter")
        yield seen(f"days kept by {name}", _days(keep), _days(found[name].get("Lifecycle", {}).get("DeleteAfterDays")))
        copies = [each["destinationVaultArn"] for each in wanted[name].get("copyActions") or ()]
        held = [each["DestinationBackupVaultArn"] for each in found[name].get("CopyActions") or ()]
        yield seen(f"copies of {name}", copies, held)


@of(
    VAULT,
    name="backup-recent",
    requirements=("BER-DR-04", "BER-OPS-09"),
    fix="Read the failed jobs (`aws backup list-backup-jobs --by-state FAILED`, `list-copy-jobs`).",
)
def _recent(account: Account, vault: Resource) -> Iterator[Seen]:
    objectives = account.settings.recovery_objectives
    if objectives is None:
        return
    most = timedelta(hours=objectives.every_hours + _SLACK_HOURS)
    made = _vault(account, vault).get("CreationDate")
    points = account.all(
        "backup", "list_recovery_points_by_backup_vault", "RecoveryPoints",
        region=account.region(vault), BackupVaultName=vault.outputs["name"],
    )  # fmt: skip
    newest = max((each["CreationDate"] for each in points), default=made)
    age = timedelta() if newest is None else account.now - newest
    found = "yes" if age <= most else f"newest is {int(age.total_seconds() // 3600)} hours old"
    yield seen(f"a recovery point in the last {int(most.total_seconds() // 3600)} hours", "yes", found)


@of(
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    name="backup-replicated",
    requirements=("BER-DR-13", "BER-DR-04"),
    fix="`pulumi up --refresh` starts the replication again.",
)
def _replicated(account: Account, replication: Resource) -> Iterator[Seen]:
    source = replication.inputs["sourceDbInstanceArn"]
    held = account.all(
        "rds",
        "describe_db_instance_automated_backups",
        "DBInstanceAutomatedBackups",
        region=account.region(replication),
    )
    states = [each["Status"] for each in held if each.get("DBInstanceArn") == source]
    yield seen("replicated backups", ["replicating"], states)


def _days(value: Any) -> int | None:
    return None if value is None else int(value)
