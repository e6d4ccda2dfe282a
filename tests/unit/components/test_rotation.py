"""Rotation of the database's own passwords: who is called, when, and what the function may do."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import rotation
from components.postgresql import Credentials
from components.rotation import Rotation, RotationArgs
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, scope
from tests.unit.conftest import Recorder

SECRETS = f"arn:aws:secretsmanager:ca-central-1:{ACCOUNT_ID}:secret"


def credentials(name: str) -> Credentials:
    return Credentials(secret_arn=pulumi.Output.from_input(f"{SECRETS}:{name}-AbCdEf"), secret_name=name)


def args(**more: Any) -> RotationArgs:
    values: dict[str, Any] = {
        "scope": scope(),
        "administrator": credentials("database"),
        "application": credentials("database-application"),
        "days": 30,
        "subnet_ids": {"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        "security_group_id": "sg-service",
        "kms_key_arn": KEY_ARN,
        "logs_kms_key_arn": KEY_ARN,
        "log_days": 365,
        "key_aliases": ["alias/berthcare-staging-data"],
    }
    return RotationArgs(**{**values, **more})


def build(recorded: Recorder, **more: Any) -> None:
    recorded.run(lambda: Rotation("rotation", args(**more)))


@pytest.mark.requirement("MSP-N26", "OMN-IAM-09", "OMN-N13")
def test_both_passwords_are_rotated_on_schedule_and_not_at_once(recorded: Recorder) -> None:
    build(recorded)
    function = recorded.one("aws:lambda/function:Function")
    rotations = recorded.of("aws:secretsmanager/secretRotation:SecretRotation")
    assert {inputs["secretId"] for _, inputs in rotations} == {
        f"{SECRETS}:database-AbCdEf", f"{SECRETS}:database-application-AbCdEf",
    }  # fmt: skip
    for _, inputs in rotations:
        assert inputs["rotationLambdaArn"] == function.outputs["arn"]
        assert inputs["rotationRules"] == {"automaticallyAfterDays": 30}
        assert inputs["rotateImmediately"] is False


def test_without_a_user_of_the_applications_own_only_the_administrator_is_rotated(recorded: Recorder) -> None:
    build(recorded, application=None)
    (_, inputs), *others = recorded.of("aws:secretsmanager/secretRotation:SecretRotation")
    assert inputs["secretId"] == f"{SECRETS}:database-AbCdEf"
    assert others == []


def test_only_secrets_manager_of_this_account_may_call_it_and_only_for_these_secrets(recorded: Recorder) -> None:
    build(recorded)
    calls = recorded.of("aws:lambda/permission:Permission")
    assert {inputs["sourceArn"] for _, inputs in calls} == {
        f"{SECRETS}:database-AbCdEf", f"{SECRETS}:database-application-AbCdEf",
    }  # fmt: skip
    for _, inputs in calls:
        assert inputs["principal"] == "secretsmanager.amazonaws.com"
        assert inputs["sourceAccount"] == ACCOUNT_ID


def test_it_may_change_these_secrets_and_no_others(recorded: Recorder) -> None:
    build(recorded)
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    allowed = {
        action: statement["Resource"]
        for statement in policy
        for action in statement["Action"]
        if action.startswith("secretsmanager:")
    }
    assert allowed.keys() == {
        "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    }  # fmt: skip
    for resources in allowed.values():
        assert resources == [f"{SECRETS}:database-??????", f"{SECRETS}:database-application-??????"]


def test_it_gets_the_certificate_authorities_of_its_own_region(recorded: Recorder) -> None:
    build(recorded)
    variables = recorded.one("aws:lambda/function:Function").inputs["environment"]["variables"]
    assert variables["CERTIFICATES_URL"] == (
        "https://truststore.pki.rds.amazonaws.com/ca-central-1/ca-central-1-bundle.pem"
    )
    assert variables["ADMINISTRATOR_SECRET_ARN"] == f"{SECRETS}:database-AbCdEf"


@pytest.mark.parametrize(("days", "accepted"), [(0, False), (1, True), (365, True), (366, False)])
def test_days_are_one_to_a_year(days: int, accepted: bool, recorded: Recorder) -> None:
    if accepted:
        build(recorded, days=days)
    else:
        with pytest.raises(ValueError, match="days: want 1 to 365"):
            build(recorded, days=days)


def test_a_password_rds_rotates_is_not_taken(recorded: Recorder) -> None:
    def managed() -> Rotation:
        kept = Credentials(secret_arn=pulumi.Output.from_input("arn"), secret_name=None)
        return Rotation("rotation", args(administrator=kept))

    with pytest.raises(ValueError, match="administrator"):
        recorded.run(managed)


def test_its_code_brings_everything_it_imports_but_what_lambda_has(monkeypatch: pytest.MonkeyPatch) -> None:
    assets = rotation.code().assets
    assert "handler.py" in assets
    given = {name.partition("/")[0].removesuffix(".py") for name in assets}
    present = given | set(sys.stdlib_module_names) | {"boto3", "botocore"}
    wanted: set[str] = set()
    for name, asset in assets.items():
        if name.startswith(("handler", "pg8000/", "scramp/")):
            wanted |= imported(Path(asset.path))
    assert wanted - present == set()
    for asset in assets.values():
        assert not Path(asset.path).is_absolute(), "no path of this machine gets into the state"


def imported(file: Path) -> set[str]:
    """The first names of the modules a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - {"__future__"}
