from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

TAGS = {"DataClass": "phi"}
VAULT = "arn:aws:backup:ca-west-1:123456789012:backup-vault:clinic-copies"
VAULTS = {"vault": Need("aws:backup/vault:Vault", {"name": "clinic-backups", "tags": TAGS})}


def rules(days: int) -> list[dict[str, object]]:
    return [
        {
            "ruleName": "daily",
            "targetVaultName": Ref("vault"),
            "schedule": "cron(0 3 * * ? *)",
            "startWindow": 60,
            "completionWindow": 480,
            "lifecycle": {"deleteAfter": days},
            "copyActions": [{"destinationVaultArn": VAULT, "lifecycle": {"deleteAfter": days}}],
        }
    ]


def refusal(sid: str) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "backup:DeleteRecoveryPoint",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


PLANNED = {**VAULTS, "plan": Need("aws:backup/plan:Plan", {"name": "clinic-staging", "rules": rules(35), "tags": TAGS})}

TESTS = {
    "name": "clinic_restore",
    "scheduleExpression": "cron(0 12 1 1,4,7,10 ? *)",
    "startWindowHours": 24,
    "recoveryPointSelection": {
        "algorithm": "LATEST_WITHIN_WINDOW",
        "includeVaults": [Ref("vault", "arn")],
        "recoveryPointTypes": ["SNAPSHOT", "CONTINUOUS"],
        "selectionWindowDays": 2,
    },
    "tags": TAGS,
}

CASES = [
    Case("aws:backup/vault:Vault", {"name": "clinic", "tags": TAGS}, {"tags": {"DataClass": "internal"}}),
    Case(
        "aws:backup/vaultPolicy:VaultPolicy",
        {"backupVaultName": Ref("vault"), "policy": refusal("Keep")},
        {"policy": refusal("KeepAll")},
        VAULTS,
    ),
    Case(
        "aws:backup/plan:Plan",
        {"name": "clinic-daily", "rules": rules(35), "tags": TAGS},
        {"rules": rules(90), "tags": {}},
        VAULTS,
    ),
    Case(
        "aws:backup/selection:Selection",
        {
            "name": "phi",
            "planId": Ref("plan"),
            "iamRoleArn": "arn:aws:iam::123456789012:role/clinic-backup",
            "resources": ["*"],
            "conditions": [{"stringEquals": [{"key": "aws:ResourceTag/DataClass", "value": "phi"}]}],
        },
        None,
        PLANNED,
    ),
    Case(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        {"backupVaultName": Ref("vault"), "minRetentionDays": 7, "maxRetentionDays": 2192},
        None,
        VAULTS,
    ),
    Case(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        {"backupVaultName": Ref("vault"), "minRetentionDays": 7, "changeableForDays": 3},
        None,
        VAULTS,
        name="VaultLockConfiguration-compliance",
    ),
    Case("aws:backup/restoreTestingPlan:RestoreTestingPlan", TESTS, {"startWindowHours": 8, "tags": {}}, VAULTS),
    Case(
        "aws:backup/restoreTestingSelection:RestoreTestingSelection",
        {
            "name": "s3_clinic",
            "restoreTestingPlanName": Ref("tests", "name"),
            "protectedResourceType": "S3",
            "iamRoleArn": "arn:aws:iam::123456789012:role/clinic-backup",
            "protectedResourceConditions": {
                "stringEquals": [{"key": "aws:ResourceTag/DataClass", "value": "phi"}],
            },
            "validationWindowHours": 4,
        },
        {"validationWindowHours": 8, "restoreMetadataOverrides": {"encryptionType": "SSE-S3"}},
        {**VAULTS, "tests": Need("aws:backup/restoreTestingPlan:RestoreTestingPlan", TESTS)},
    ),
]
