"""The permissions boundary: what a role can be given at most."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from components.boundary import Boundary, BoundaryArgs, boundary_arn
from components.deploy_policy import POLICY_LIMIT
from tests.unit.components.decisions import decide
from tests.unit.components.scopes import ACCOUNT_ID, scope
from tests.unit.conftest import Recorder

POLICY = "aws:iam/policy:Policy"
LOGS = f"arn:aws:logs:ca-central-1:{ACCOUNT_ID}"
OWN_ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-ecs-task"


def document(recorded: Recorder) -> str:
    recorded.run(lambda: Boundary("boundary", BoundaryArgs(scope=scope(), recovery_region="ca-west-1")))
    return recorded.one(POLICY).inputs["policy"]


@pytest.mark.requirement("OMN-N10", "FAC-IAM-17", "LWO-IAM-04")
@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [
        ("s3:GetObject", "arn:aws:s3:::berthcare-photos-staging/1.jpg", "allowed"),
        ("secretsmanager:GetSecretValue", "*", "allowed"),
        ("rds:CreateDBSnapshot", "*", "allowed"),
        ("iam:PassRole", OWN_ROLE, "allowed"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT_ID}:role/administrator", "not allowed"),
        ("iam:CreateUser", "*", "not allowed"),
        ("iam:GetRole", OWN_ROLE, "allowed"),
        ("rds-db:connect", f"arn:aws:rds-db:ca-central-1:{ACCOUNT_ID}:dbuser:db-1/app", "allowed"),
        ("iam:PutRolePolicy", OWN_ROLE, "not allowed"),
        ("sts:AssumeRole", OWN_ROLE, "not allowed"),
        ("organizations:LeaveOrganization", "*", "not allowed"),
        ("cloudtrail:StopLogging", "*", "not allowed"),
        ("kms:ScheduleKeyDeletion", "*", "denied"),
        ("kms:PutKeyPolicy", "*", "denied"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::berthcare-photos-staging", "denied"),
        ("s3:BypassGovernanceRetention", "*", "denied"),
        ("backup:DeleteRecoveryPoint", "*", "denied"),
        ("backup:DeleteBackupVaultLockConfiguration", "*", "denied"),
        ("logs:DeleteLogGroup", "*", "denied"),
        ("logs:PutRetentionPolicy", f"{LOGS}:log-group:/aws/lambda/berthcare-staging-rotation:*", "denied"),
        ("logs:PutRetentionPolicy", f"{LOGS}:log-group:RDSOSMetrics:*", "allowed"),  # Enhanced Monitoring
        ("guardduty:DeleteDetector", "*", "denied"),
        ("config:StopConfigurationRecorder", "*", "denied"),
    ],
)
def test_a_role_works_with_services_and_neither_gains_rights_nor_undoes_safeguards(
    recorded: Recorder, action: str, resource: str, decision: str
) -> None:
    assert decide(document(recorded), action, resource) == decision


@pytest.mark.requirement("ALL-15", "OMN-N10")
@pytest.mark.parametrize(
    ("region", "decision"),
    [("ca-central-1", "allowed"), ("ca-west-1", "allowed"), ("us-east-1", "allowed"), ("eu-west-1", "not allowed")],
)
def test_a_role_stays_in_the_stacks_regions_and_the_global_one(recorded: Recorder, region: str, decision: str) -> None:
    assert decide(document(recorded), "s3:CreateBucket", "*", aws__RequestedRegion=region) == decision


def test_its_arn_is_known_before_it_exists_and_it_fits(recorded: Recorder) -> None:
    text = document(recorded)
    assert len(re.sub(r"\s", "", text)) <= POLICY_LIMIT
    assert boundary_arn(scope()).endswith(f":policy/{recorded.one(POLICY).inputs['name']}")
    assert len(boundary_arn(replace(scope(), system="a" * 20, environment="development")).rpartition("/")[2]) <= 128
    assert all(statement["Sid"].isalnum() for statement in json.loads(text)["Statement"])


def test_signing_in_with_a_token_has_no_region_and_is_allowed(recorded: Recorder) -> None:
    user = f"arn:aws:rds-db:ca-central-1:{ACCOUNT_ID}:dbuser:db-1/app"
    assert decide(document(recorded), "rds-db:connect", user, aws__RequestedRegion=None) == "allowed"
