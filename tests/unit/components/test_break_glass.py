"""Access in an emergency: who takes it, with what, and what it leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from components.break_glass import BreakGlass, BreakGlassArgs, break_glass_name
from components.security_events import events
from operations.database.tunnel import DOCUMENT
from settings.identity import BreakGlassSettings
from tests.unit.components.decisions import decide
from tests.unit.components.scopes import ACCOUNT_ID, scope
from tests.unit.conftest import Recorder

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ON_CALL = f"arn:aws:iam::{ACCOUNT_ID}:user/on-call"
PHOTOS = "arn:aws:s3:::berthcare-photos-staging"
OWN = {"aws__ResourceTag/Project": "berthcare", "aws__ResourceTag/Environment": "staging"}


def build(recorded: Recorder, **settings: Any) -> BreakGlass:
    args = BreakGlassArgs(
        scope=scope(),
        settings=BreakGlassSettings.model_validate({"principals": [ON_CALL], **settings}),
        bucket_arns=[PHOTOS],
        secret_patterns=scope().secret_patterns(),
        backup_role_name="berthcare-staging-backup",
    )
    return recorded.run(lambda: BreakGlass("break-glass", args))


def test_only_named_principals_with_a_fresh_second_factor_take_it_for_an_hour(recorded: Recorder) -> None:
    build(recorded, mfa_minutes=10)
    role = recorded.one(ROLE).inputs
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"AWS": [ON_CALL]}
    assert statement["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThanEquals": {"aws:MultiFactorAuthAge": "600"},
    }
    assert role["maxSessionDuration"] == 3600
    assert role["tags"]["Access"] == "break-glass"


def test_its_use_is_found_in_the_trail_by_its_name(recorded: Recorder) -> None:
    made = build(recorded)
    assert recorded.one(ROLE).inputs["name"] == made.role_name == break_glass_name(scope())
    assert '"*:role/berthcare-staging-break-glass"' in events(made.role_name)["break-glass"]
    assert len(break_glass_name(replace(scope(), system="a" * 20, environment="development"))) <= 64


@pytest.mark.parametrize(
    ("action", "resource", "context", "decision"),
    [
        ("secretsmanager:GetSecretValue", "secret:berthcare/staging/database-AbCdEf", {}, "allowed"),
        ("secretsmanager:GetSecretValue", "secret:other/staging/database-AbCdEf", {}, "not allowed"),
        ("secretsmanager:PutSecretValue", "secret:berthcare/staging/database-AbCdEf", {}, "not allowed"),
        ("kms:Decrypt", "key/1", OWN, "allowed"),
        ("kms:Decrypt", "key/1", {}, "not allowed"),
        ("kms:ScheduleKeyDeletion", "key/1", OWN, "not allowed"),
        ("ssm:StartSession", "instance/i-1", OWN, "allowed"),
        ("backup:StartRestoreJob", "recovery-point:1", {}, "allowed"),
        ("backup:DeleteRecoveryPoint", "recovery-point:1", {}, "not allowed"),
        ("sts:AssumeRole", "role/administrator", {}, "denied"),
        ("iam:CreateUser", "user/x", {}, "not allowed"),
        ("cloudtrail:StopLogging", "trail/berthcare-staging-trail", {}, "not allowed"),
        ("s3:DeleteObject", "berthcare-photos-staging/1.jpg", {}, "not allowed"),
    ],
)
def test_it_reads_and_restores_and_neither_deletes_nor_hides(
    recorded: Recorder, action: str, resource: str, context: dict[str, Any], decision: str
) -> None:
    build(recorded)
    arn = f"arn:aws:{action.split(':')[0]}:ca-central-1:{ACCOUNT_ID}:{resource}"
    assert decide(recorded.one(POLICY).inputs["policy"], action, arn, **context) == decision


@pytest.mark.parametrize(
    ("account", "document", "decision"),
    [
        ("", DOCUMENT, "allowed"),
        (ACCOUNT_ID, "SSM-SessionManagerRunShell", "allowed"),
        ("", "AWS-StartSSHSession", "not allowed"),
    ],
)
def test_it_reaches_the_database_through_a_host(recorded: Recorder, account: str, document: str, decision: str) -> None:
    build(recorded)
    policy = recorded.one(POLICY).inputs["policy"]
    host = f"arn:aws:ec2:ca-central-1:{ACCOUNT_ID}:instance/i-1"
    assert decide(policy, "ssm:StartSession", host, **OWN) == "allowed"
    assert decide(policy, "ssm:StartSession", host) == "not allowed"
    assert decide(policy, "ssm:StartSession", f"arn:aws:ssm:ca-central-1:{account}:document/{document}") == decision


def test_it_ends_its_own_sessions_only(recorded: Recorder) -> None:
    build(recorded)
    session = f"arn:aws:ssm:ca-central-1:{ACCOUNT_ID}:session/on-call-1"
    (statement,) = (
        statement
        for statement in json.loads(recorded.one(POLICY).inputs["policy"])["Statement"]
        if "ssm:TerminateSession" in statement["Action"]
    )
    assert statement["Resource"] == [f"arn:aws:ssm:ca-central-1:{ACCOUNT_ID}:session/*"]
    assert statement["Condition"] == {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}}
    assert decide(recorded.one(POLICY).inputs["policy"], "ssm:TerminateSession", session) == "not allowed"


def test_it_restores_databases_of_the_stack_and_puts_objects_back(recorded: Recorder) -> None:
    build(recorded)
    policy = recorded.one(POLICY).inputs["policy"]
    database = f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:db:berthcare-staging-postgres-restored"
    assert decide(policy, "rds:RestoreDBInstanceToPointInTime", database) == "allowed"
    assert decide(policy, "rds:DeleteDBInstance", database) == "not allowed"
    assert decide(policy, "s3:PutObject", f"{PHOTOS}/1.jpg") == "allowed"
    for snapshot, decision in (("awsbackup:job-1", "allowed"), ("berthcare-staging-by-hand", "not allowed")):
        arn = f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:snapshot:{snapshot}"
        assert decide(policy, "backup:StartRestoreJob", arn) == decision
    backup = f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-backup"
    assert decide(policy, "iam:PassRole", backup, iam__PassedToService="backup.amazonaws.com") == "allowed"
    assert decide(policy, "iam:PassRole", backup, iam__PassedToService="ec2.amazonaws.com") == "not allowed"


@pytest.mark.parametrize("principal", ["*", "arn:aws:iam::111122223333:root", "111122223333"])
def test_whole_accounts_cannot_take_it(principal: str) -> None:
    with pytest.raises(ValidationError, match="principals"):
        BreakGlassSettings.model_validate({"principals": [principal]})
    with pytest.raises(ValidationError, match="principals"):
        BreakGlassSettings.model_validate({"principals": []})
