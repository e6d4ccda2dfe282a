"""Backups: of everything that holds patient data, daily, with copies far away that nobody deletes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from components.backup import BackupPlan, BackupPlanArgs
from components.scope import Scope
from settings.objectives import Objectives, objectives
from settings.recovery import BackupPlanSettings, RecoverySettings, RestoreTestingSettings, RestoreTestInterval
from settings.storage import StorageSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, RECOVERY_KEY_ARN, scope
from tests.unit.conftest import Recorder

VAULT, VAULT_POLICY = "aws:backup/vault:Vault", "aws:backup/vaultPolicy:VaultPolicy"
PLAN, SELECTION = "aws:backup/plan:Plan", "aws:backup/selection:Selection"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
TESTS = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
TEST = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
TESTED = {
    "restore_testing": RestoreTestingSettings(),
    "tested": {"rds": {"dbSubnetGroupName": "berthcare-staging-postgres"}, "s3": {}},
}
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


STORAGE = StorageSettings.model_validate({"buckets": {"photos": {}}})


def derived(**recovery: Any) -> Objectives:
    """What the objectives of a stack with a bucket of patient data derive."""
    return objectives(RecoverySettings.model_validate({"region": "ca-west-1", **recovery}), None, STORAGE)


def build(
    recorded: Recorder,
    *,
    where: Scope | None = None,
    wanted: Objectives | None = None,
    wiring: dict[str, Any] | None = None,
    **settings: Any,
) -> BackupPlan:
    args = BackupPlanArgs(
        scope=where or scope(),
        settings=BackupPlanSettings.model_validate(settings),
        objectives=wanted or derived(backup_plan={"continuous": False}),
        kms_key_arn=KEY_ARN,
        recovery_region="ca-west-1",
        recovery_kms_key_arn=RECOVERY_KEY_ARN,
        **(wiring or {}),
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
    long = replace(scope(), system="a" * 20, environment="development")
    backups = build(recorded, where=long, wanted=derived(), wiring=TESTED)
    assert len(backups.vault_name) <= 50
    for kind in (PLAN, SELECTION, TESTS, TEST):
        assert recorded.count(kind) > 0
        assert all(len(inputs["name"]) <= 50 for _, inputs in recorded.of(kind))
    assert len(recorded.one("aws:iam/role:Role").inputs["name"]) <= 64


@pytest.mark.requirement("FAC-DR-05", "FAC-DR-01")
def test_both_vaults_are_locked_and_the_lock_can_be_lifted_unless_told_otherwise(recorded: Recorder) -> None:
    build(recorded, lock={"min_days": 14, "max_days": 400})
    locks = {inputs.get("region"): inputs for _, inputs in recorded.of(LOCK)}
    assert locks.keys() == {None, "ca-west-1"}
    for lock in locks.values():
        assert (lock["minRetentionDays"], lock["maxRetentionDays"]) == (14, 400)
        assert "changeableForDays" not in lock
        assert lock["backupVaultName"] == "berthcare-staging-backups"


def test_a_compliance_lock_becomes_final_after_its_cooling_days(recorded: Recorder) -> None:
    build(recorded, lock={"mode": "COMPLIANCE", "cooling_days": 5})
    assert {lock["changeableForDays"] for _, lock in recorded.of(LOCK)} == {5}
    build(other := Recorder(), lock=None)
    assert other.count(LOCK) == 0


@pytest.mark.parametrize(("days", "fits"), [(2, False), (3, True)])
def test_a_final_lock_leaves_the_three_days_aws_demands(days: int, fits: bool) -> None:
    settings = {"lock": {"mode": "COMPLIANCE", "cooling_days": days}}
    if fits:
        assert BackupPlanSettings.model_validate(settings).lock is not None
    else:
        with pytest.raises(ValidationError, match="cooling_days"):
            BackupPlanSettings.model_validate(settings)
    with pytest.raises(ValidationError, match="max_days: expected min_days"):
        BackupPlanSettings.model_validate({"lock": {"min_days": 8, "max_days": 7}})


@pytest.mark.requirement("FAC-DR-01", "MSP-N15", "LWO-N13", "OMN-N12")
def test_buckets_go_back_to_any_second_when_the_recovery_point_is_minutes(recorded: Recorder) -> None:
    build(recorded, wanted=derived(rpo_minutes=5), keep_days=60)
    plan = recorded.one(PLAN, "backups-continuous").inputs
    (rule_,) = plan["rules"]
    assert rule_["enableContinuousBackup"] is True
    assert rule_["lifecycle"] == {"deleteAfter": 35}  # the longest AWS keeps them
    assert "copyActions" not in rule_
    chosen = recorded.one(SELECTION, "backups-continuous-selection").inputs
    assert chosen["resources"] == ["arn:aws:s3:::*"]  # never databases, whose own backups AWS Backup would take over
    assert len(chosen["conditions"][0]["stringEquals"]) == 3
    (daily,) = recorded.one(PLAN, "backups-plan").inputs["rules"]
    assert "enableContinuousBackup" not in daily


def test_an_hour_of_loss_or_more_needs_no_continuous_backup(recorded: Recorder) -> None:
    build(recorded, wanted=derived(rpo_minutes=60))
    assert recorded.count(PLAN) == recorded.count(SELECTION) == 1


@pytest.mark.requirement("FAC-N17", "BER-DR-04")
@pytest.mark.parametrize(
    ("hours", "starts", "completion"),
    [(24, "3", 480), (8, "3,11,19", 480), (1, ",".join(map(str, range(24))), 120)],
)  # fmt: skip
def test_backups_and_copies_follow_the_interval(recorded: Recorder, hours: int, starts: str, completion: int) -> None:
    build(recorded, wanted=replace(derived(), every_hours=hours, continuous=False))
    (only,) = recorded.one(PLAN).inputs["rules"]
    assert (only["schedule"], only["completionWindow"]) == (f"cron(0 {starts} * * ? *)", completion)
    assert len(only["copyActions"]) == 1


@pytest.mark.requirement("MSP-STO-06")
def test_buckets_without_versions_are_left_out_as_aws_backup_cannot_keep_them(recorded: Recorder) -> None:
    left_out = {"left_out_arns": ["arn:aws:s3:::berthcare-videos-staging"]}
    build(recorded, wanted=derived(), wiring=left_out)
    assert [inputs["notResources"] for _, inputs in recorded.of(SELECTION)] == [left_out["left_out_arns"]] * 2
    build(other := Recorder())
    assert "notResources" not in other.one(SELECTION).inputs


@pytest.mark.requirement("FAC-DR-06")
@pytest.mark.parametrize(
    ("every", "schedule"),
    [("weekly", "cron(0 12 ? * SUN *)"), ("monthly", "cron(0 12 1 * ? *)"), ("quarterly", "cron(0 12 1 1,4,7,10 ? *)")],
)
def test_every_kind_of_store_is_restored_on_schedule(recorded: Recorder, every: str, schedule: str) -> None:
    settings = RestoreTestingSettings(every=RestoreTestInterval(every))
    backups = build(recorded, wanted=derived(rto_minutes=200), wiring={**TESTED, "restore_testing": settings})
    plan = recorded.one(TESTS).inputs
    assert plan["scheduleExpression"] == schedule
    assert plan["name"] == backups.restore_testing_plan_name == "berthcare_staging_restore"
    chosen = plan["recoveryPointSelection"]
    assert chosen["includeVaults"] == [recorded.one(VAULT, "backups-home").outputs["arn"]]
    assert (chosen["algorithm"], chosen["selectionWindowDays"]) == ("LATEST_WITHIN_WINDOW", 2)
    assert chosen["recoveryPointTypes"] == ["SNAPSHOT", "CONTINUOUS"]
    tests = {inputs["protectedResourceType"]: inputs for _, inputs in recorded.of(TEST)}
    assert tests.keys() == {"RDS", "S3"}
    assert tests["RDS"]["restoreMetadataOverrides"] == {"dbSubnetGroupName": "berthcare-staging-postgres"}
    for test in tests.values():
        assert test["validationWindowHours"] == 4  # as long as a restore may take
        assert test.get("protectedResourceArns") is None  # the provider takes ARNs or conditions, never both
        assert len(test["protectedResourceConditions"]["stringEquals"]) == 3
    attached = {entry.urn for entry in recorded.all(ATTACHMENT)}
    assert all(attached <= entry.dependencies for entry in recorded.all(TEST))


def test_restore_tests_are_off_when_told_or_when_there_is_nothing_to_restore(recorded: Recorder) -> None:
    backups = build(recorded, wiring={**TESTED, "restore_testing": None})
    assert backups.restore_testing_plan_name is None
    assert recorded.count(TESTS) == recorded.count(TEST) == 0
    assert build(other := Recorder(), wiring={**TESTED, "tested": {}}).restore_testing_plan_name is None
    assert other.count(TESTS) == 0
    with pytest.raises(ValueError, match="want rds, aurora, s3, got efs"):
        build(Recorder(), wiring={"tested": {"efs": {}}})
