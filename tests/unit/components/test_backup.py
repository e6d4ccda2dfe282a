"""Backups: of everything that holds patient data, daily, with copies far away that nobody deletes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from components.backup import BackupPlan, BackupPlanArgs
from components.scope import Scope
from settings.recovery import BackupPlanSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, RECOVERY_KEY_ARN, scope
from tests.unit.conftest import Recorder

VAULT, VAULT_POLICY = "aws:backup/vault:Vault", "aws:backup/vaultPolicy:VaultPolicy"
PLAN, SELECTION = "aws:backup/plan:Plan", "aws:backup/selection:Selection"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


def build(recorded: Recorder, *, where: Scope | None = None, **settings: Any) -> BackupPlan:
    args = BackupPlanArgs(
        scope=where or scope(),
        settings=BackupPlanSettings.model_validate(settings),
        kms_key_arn=KEY_ARN,
        recovery_region="ca-west-1",
        recovery_kms_key_arn=RECOVERY_KEY_ARN,
    )
    return recorded.run(lambda: BackupPlan("backups", args))


def rule(recorded: Recorder, **options: Any) -> dict[str, Any]:
    build(recorded, **options)
    (only,) = recorded.one(PLAN).inputs["rules"]
    return only


@pytest.mark.requirement("BER-DR-04", "BER-N16")
def test_each_region_has_a_vault_under_its_own_key(recorded: Recorder) -> None:
    backups = build(recorded)
    home = recorded.one(VAULT, "backups-home").inputs
    copies = recorded.one(VAULT, "backups-copies").inputs
    assert home["name"] == copies["name"] == backups.vault_name == "berthcare-staging-backups"
    assert (home.get("region"), home["kmsKeyArn"]) == (None, KEY_ARN)
    assert (copies["region"], copies["kmsKeyArn"]) == ("ca-west-1", RECOVERY_KEY_ARN)


def test_nobody_deletes_or_shortens_a_recovery_point_in_either_region(recorded: Recorder) -> None:
    build(recorded)
    policies = {inputs.get("region"): inputs for _, inputs in recorded.of(VAULT_POLICY)}
    assert policies.keys() == {None, "ca-west-1"}
    for inputs in policies.values():
        (statement,) = json.loads(inputs["policy"])["Statement"]
        assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
        assert statement["Resource"] == "*"
        assert statement["Action"] == ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"]
    assert all(inputs["forceDestroy"] is False for _, inputs in recorded.of(VAULT))


@pytest.mark.requirement("ALL-12")
@pytest.mark.parametrize("protect", [False, True])
def test_vaults_are_protected_in_production(recorded: Recorder, protect: bool) -> None:
    build(recorded, where=scope(protect=protect))
    assert [vault.protect for vault in recorded.all(VAULT)] == [protect] * 2


@pytest.mark.requirement("BER-DR-04", "ALL-01")
def test_a_backup_is_taken_every_day_and_kept_as_long_as_set(recorded: Recorder) -> None:
    daily = rule(recorded, daily_hour=4, keep_days=60, copy_keep_days=90)
    assert daily["schedule"] == "cron(0 4 * * ? *)"
    assert daily["completionWindow"] > daily["startWindow"] >= 60  # minutes
    assert daily["targetVaultName"] == "berthcare-staging-backups"
    assert daily["lifecycle"] == {"deleteAfter": 60}
    (copy,) = daily["copyActions"]
    assert copy["destinationVaultArn"] == recorded.one(VAULT, "backups-copies").outputs["arn"]
    assert ":ca-west-1:" in copy["destinationVaultArn"]
    assert copy["lifecycle"] == {"deleteAfter": 90}


@pytest.mark.requirement("ALL-14")
def test_the_daily_backup_begins_before_the_databases_own_windows(recorded: Recorder) -> None:
    assert rule(recorded)["schedule"] == "cron(0 3 * * ? *)"


def test_cold_storage_is_a_setting_that_leaves_the_ninety_days_aws_demands(recorded: Recorder) -> None:
    assert rule(recorded, keep_days=120, cold_after_days=30)["lifecycle"] == {
        "deleteAfter": 120,
        "coldStorageAfter": 30,
    }
    with pytest.raises(ValidationError, match="keep_days"):
        BackupPlanSettings(keep_days=100, cold_after_days=30)


def test_everything_of_this_stack_that_is_tagged_as_patient_data_is_backed_up(recorded: Recorder) -> None:
    build(recorded)
    selection = recorded.one(SELECTION)
    assert selection.inputs["resources"] == ["*"]
    (conditions,) = selection.inputs["conditions"]
    assert {each["key"]: each["value"] for each in conditions["stringEquals"]} == {
        "aws:ResourceTag/DataClass": "phi",
        "aws:ResourceTag/Project": "berthcare",
        "aws:ResourceTag/Environment": "staging",
    }


def test_the_role_may_back_up_and_restore_databases_and_buckets_before_it_is_used(recorded: Recorder) -> None:
    build(recorded)
    (statement,) = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "backup.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT_ID}
    attached = recorded.all(ATTACHMENT)
    assert {entry.inputs["policyArn"].rpartition("/")[2] for entry in attached} == {
        "AWSBackupServiceRolePolicyForBackup",
        "AWSBackupServiceRolePolicyForRestores",
        "AWSBackupServiceRolePolicyForS3Backup",
        "AWSBackupServiceRolePolicyForS3Restore",
    }
    assert {entry.urn for entry in attached} <= recorded.one(SELECTION).dependencies


@pytest.mark.requirement("ALL-11", "BER-TAG-01")
def test_vaults_plan_and_recovery_points_carry_the_tags_of_patient_data(recorded: Recorder) -> None:
    tags = {"Project": "berthcare", "DataClass": "phi", "Name": "berthcare-staging-backups"}
    assert rule(recorded)["recoveryPointTags"] == tags
    for kind in (VAULT, PLAN):
        assert all(inputs["tags"] == tags for _, inputs in recorded.of(kind))


@pytest.mark.requirement("BER-TAG-02")
def test_the_longest_names_fit(recorded: Recorder) -> None:
    backups = build(recorded, where=replace(scope(), system="a" * 20, environment="development"))
    assert len(backups.vault_name) <= 50
    assert len(recorded.one(PLAN).inputs["name"]) <= 50
    assert len(recorded.one(SELECTION).inputs["name"]) <= 50
    assert len(recorded.one("aws:iam/role:Role").inputs["name"]) <= 64
