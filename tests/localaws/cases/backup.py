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
]
