"""AWS Backup: vaults under a key and a lock, plans often and long enough, restores tried."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import holds_patient_data, patient_data
from ..config import Config
from ..documents import statements, values
from ..expect import NOT_TRUE
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule, stack_rule

VAULT = "aws:backup/vault:Vault"
AIR_GAPPED = "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault"
PLAN = "aws:backup/plan:Plan"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
POLICY = "aws:backup/vaultPolicy:VaultPolicy"
GUIDE = "https://docs.aws.amazon.com/aws-backup/latest/devguide/"
SHORTEST_DAYS = 35


@resource_rule(
    "backup-vault-cmk",
    types=(VAULT, AIR_GAPPED),
    title="Backups are encrypted with a customer key",
    severity=HIGH,
    remedy="Set kmsKeyArn (encryptionKeyArn of an air-gapped vault).",
    url=GUIDE + "encryption.html",
)
def vault_cmk(resource: Resource, config: Config) -> Iterator[str]:
    name = "kmsKeyArn" if resource.type == VAULT else "encryptionKeyArn"
    if not resource.has(name):
        yield f"{name} is not set."


@linked_rule(
    "backup-vault-locked",
    types=VAULT,
    title="Backups of patient data cannot be deleted",
    severity=HIGH,
    remedy="Add a VaultLockConfiguration, or a VaultPolicy that denies backup:DeleteRecoveryPoint to everyone.",
    url=GUIDE + "vault-lock.html",
)
def vault_locked(vault: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not patient_data(vault, config) or stack.users(vault, LOCK, property="backupVaultName"):
        return
    for policy in stack.users(vault, POLICY, property="backupVaultName"):
        for each in statements(policy, "policy"):
            actions = {action.lower() for action in values(each, "Action")}
            if each.text("Effect") == "Deny" and actions & {
                "*",
                "backup:*",
                "backup:delete*",
                "backup:deleterecoverypoint",
            }:
                return
    yield "neither a VaultLockConfiguration nor a VaultPolicy that denies backup:DeleteRecoveryPoint."


def _rare(schedule: str) -> bool:
    """Whether a schedule runs less than daily; one that cannot be read is taken as often enough."""
    text = schedule.strip()
    if text.startswith("rate("):
        words = text[5:].rstrip(")").split()
        if len(words) == 2 and words[0].isdigit():
            days = {"day": 1.0, "hour": 1 / 24, "minute": 1 / 1440, "week": 7.0}.get(words[1].rstrip("s"), 0)
            return int(words[0]) * days > 1
    if text.startswith("cron("):
        fields = text[5:].rstrip(")").split()
        return len(fields) == 6 and (
            fields[2] not in ("*", "?", "1/1", "*/1") or fields[4] not in ("*", "?", "1-7", "SUN-SAT")
        )
    return False


@resource_rule(
    "backup-plan-frequency-retention",
    types=PLAN,
    title="Backups are made daily and kept 35 days or more",
    severity=HIGH,
    remedy=f"Give the plan a rule with a daily schedule and lifecycle.deleteAfter of {SHORTEST_DAYS} or more.",
    url=GUIDE + "creating-a-backup-plan.html",
)
def frequency(resource: Resource, config: Config) -> Iterator[str]:
    rules = resource.views("rules")
    if rules and all(_rare(rule.text("schedule") or "") and not rule.flag("enableContinuousBackup") for rule in rules):
        yield "rules: no schedule runs daily."
    kept = [rule.number("lifecycle.deleteAfter") for rule in rules]
    if rules and not any(days is None or days >= SHORTEST_DAYS for days in kept):
        yield f"rules: lifecycle.deleteAfter of {SHORTEST_DAYS} or more is expected of one."


@resource_rule(
    "backup-continuous",
    types=PLAN,
    title="Data can be restored to a moment",
    severity=LOW,
    remedy="Set enableContinuousBackup: true in a rule of the plan.",
    url=GUIDE + "point-in-time-recovery.html",
)
def continuous(resource: Resource, config: Config) -> Iterator[str]:
    if not any(rule.flag("enableContinuousBackup") for rule in resource.views("rules")):
        yield "no rule has enableContinuousBackup: true."


@resource_rule(
    "backup-copy-present",
    types=PLAN,
    title="Backups have a copy in a second vault",
    severity=MEDIUM,
    remedy="Add copyActions to a vault in another region of the jurisdiction.",
    url=GUIDE + "cross-region-backup.html",
)
def copy_present(resource: Resource, config: Config) -> Iterator[str]:
    if not any(rule.has("copyActions") for rule in resource.views("rules")):
        yield "no rule has copyActions."


force_destroy = requires(
    "backup-force-destroy-off",
    VAULT,
    {"forceDestroy": NOT_TRUE},
    title="Vaults are not emptied on deletion",
    severity=HIGH,
    url=GUIDE + "vaults.html",
)


@stack_rule(
    "backup-restore-tested",
    title="Restores are tried regularly",
    severity=LOW,
    remedy="Add a RestoreTestingPlan and a RestoreTestingSelection.",
    url=GUIDE + "restore-testing.html",
)
def restore_tested(stack: Stack, config: Config) -> Iterator[Finding]:
    plans = stack.of(PLAN)
    if plans and holds_patient_data(stack, config) and not stack.of("aws:backup/restoreTestingPlan:RestoreTestingPlan"):
        yield Finding(plans[0], "no RestoreTestingPlan tries what it saves.")


@stack_rule(
    "backup-reports",
    title="Backups are reported on",
    severity=LOW,
    remedy="Add a ReportPlan or a Framework.",
    url=GUIDE + "backup-audit-manager.html",
)
def reports(stack: Stack, config: Config) -> Iterator[Finding]:
    found = stack.of("aws:backup/reportPlan:ReportPlan", "aws:backup/framework:Framework")
    if config.baseline and stack.of(PLAN) and not found:
        yield Finding(stack.of(PLAN)[0], "neither a ReportPlan nor a Framework reports on it.")
