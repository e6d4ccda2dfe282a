"""Functions: least privilege, private, logged, and no failed call lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.function import Code, Function, FunctionArgs, ImageCode, PackageCode, python_archive
from components.iam_documents import allow
from settings.functions import RuntimeSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, scope
from tests.unit.conftest import Recorder

FUNCTION = "aws:lambda/function:Function"
PACKAGE = PackageCode(bucket="berthcare-code-staging", key="backend/1.0.0.zip", version="abc")
PYTHON = {"runtime": "python3.13", "handler": "app.handler"}


def args(code: Code = PACKAGE, settings: dict[str, Any] | None = None, **more: Any) -> FunctionArgs:
    values: dict[str, Any] = {
        "scope": scope(),
        "settings": RuntimeSettings.model_validate({**PYTHON, **(settings or {})}),
        "part": "backend",
        "description": "Answers patients",
        "code": code,
        "kms_key_arn": KEY_ARN,
        "logs_kms_key_arn": f"{KEY_ARN}-logs",
        "subnet_ids": {"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        "security_group_id": "sg-service",
    }
    return FunctionArgs(**{**values, **more})


def build(recorded: Recorder, *given: Any, **more: Any) -> Function:
    return recorded.run(lambda: Function("backend", args(*given, **more)))


def statements(recorded: Recorder) -> dict[str, Any]:
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


@pytest.mark.requirement("MSP-CMP-01", "MSP-N27")
def test_it_runs_in_private_subnets_as_the_group_the_database_admits(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.one(FUNCTION).inputs["vpcConfig"] == {
        "subnetIds": ["subnet-a", "subnet-b"],
        "securityGroupIds": ["sg-service"],
    }
    assert statements(recorded)["ReachTheNetwork"]["Action"] == [
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
    ]  # fmt: skip


def test_outside_the_vpc_it_may_not_touch_networks(recorded: Recorder) -> None:
    build(recorded, subnet_ids={}, security_group_id=None)
    assert "vpcConfig" not in recorded.one(FUNCTION).inputs
    assert "ReachTheNetwork" not in statements(recorded)


@pytest.mark.requirement("ALL-10", "ALL-19")
def test_its_output_goes_to_its_own_encrypted_group_which_exists_first(recorded: Recorder) -> None:
    function = build(recorded)
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == "/aws/lambda/berthcare-staging-backend" == function.log_group_name
    assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (365, f"{KEY_ARN}-logs")
    made = recorded.one(FUNCTION)
    assert made.inputs["loggingConfig"] == {"logFormat": "JSON", "logGroup": group.inputs["name"]}
    assert group.urn in made.dependencies
    assert statements(recorded)["WriteLogs"]["Resource"] == [
        f"arn:aws:logs:ca-central-1:{ACCOUNT_ID}:log-group:/aws/lambda/berthcare-staging-backend:*"
    ]


def test_its_rights_exist_before_it_does(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.one("aws:iam/rolePolicy:RolePolicy").urn in recorded.one(FUNCTION).dependencies


def test_calls_that_fail_are_kept_encrypted_for_fourteen_days(recorded: Recorder) -> None:
    function = build(recorded)
    queue = recorded.one("aws:sqs/queue:Queue")
    assert (queue.inputs["kmsMasterKeyId"], queue.inputs["messageRetentionSeconds"]) == (KEY_ARN, 1_209_600)
    assert recorded.one(FUNCTION).inputs["deadLetterConfig"] == {"targetArn": queue.outputs["arn"]}
    assert statements(recorded)["KeepFailedCalls"]["Resource"] == [function.failures_queue_arn]
    (refusal,) = json.loads(recorded.one("aws:sqs/queuePolicy:QueuePolicy").inputs["policy"])["Statement"]
    assert (refusal["Effect"], refusal["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert refusal["Resource"] == queue.outputs["arn"]


def test_variables_are_encrypted_with_the_customer_key(recorded: Recorder) -> None:
    build(recorded, settings={"environment": {"LOG_LEVEL": "info"}}, environment={"DATABASE_PORT": "5432"})
    inputs = recorded.one(FUNCTION).inputs
    assert inputs["kmsKeyArn"] == KEY_ARN
    assert inputs["environment"]["variables"] == {"LOG_LEVEL": "info", "DATABASE_PORT": "5432"}


@pytest.mark.requirement("MSP-CMP-02")
def test_it_reads_the_secrets_it_is_given_and_no_other(recorded: Recorder) -> None:
    build(recorded, secret_names=["mentalspace-ehr-db-credentials"])
    assert statements(recorded)["ReadSecrets"]["Resource"] == [
        f"arn:aws:secretsmanager:ca-central-1:{ACCOUNT_ID}:secret:mentalspace-ehr-db-credentials-??????"
    ]
    assert statements(recorded)["OpenSecrets"]["Condition"]["StringEquals"] == {
        "kms:ViaService": "secretsmanager.ca-central-1.amazonaws.com"
    }


def test_without_secrets_and_buckets_it_has_no_right_to_any(recorded: Recorder) -> None:
    build(recorded)
    assert set(statements(recorded)) == {
        "WriteLogs", "KeepFailedCalls", "EncryptFailedCalls", "ReadVariables", "ReachTheNetwork",
    }  # fmt: skip


def test_it_keeps_objects_of_its_buckets(recorded: Recorder) -> None:
    build(recorded, bucket_names=["berthcare-files-staging"])
    assert statements(recorded)["KeepObjects"]["Resource"] == ["arn:aws:s3:::berthcare-files-staging/*"]
    assert statements(recorded)["ListObjects"]["Resource"] == ["arn:aws:s3:::berthcare-files-staging"]


def test_others_may_add_what_their_code_does(recorded: Recorder) -> None:
    build(recorded, statements=[allow("CopySnapshots", ["rds:CopyDBSnapshot"], ["arn:aws:rds:*:*:snapshot:*"])])
    assert statements(recorded)["CopySnapshots"]["Action"] == ["rds:CopyDBSnapshot"]


def test_only_lambda_takes_its_role(recorded: Recorder) -> None:
    build(recorded)
    (trusted,) = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_code_may_be_a_package_an_image_or_a_folder(recorded: Recorder, tmp_path: Path) -> None:
    build(recorded)
    inputs = recorded.one(FUNCTION).inputs
    assert (inputs["s3Bucket"], inputs["s3Key"], inputs["s3ObjectVersion"]) == (
        "berthcare-code-staging", "backend/1.0.0.zip", "abc",
    )  # fmt: skip
    assert (inputs["packageType"], inputs["runtime"], inputs["handler"]) == ("Zip", "python3.13", "app.handler")

    image = Recorder()
    address = f"{ACCOUNT_ID}.dkr.ecr.ca-central-1.amazonaws.com/backend:1.0.0"
    build(image, ImageCode(address=address), settings={"runtime": None, "handler": None})
    inputs = image.one(FUNCTION).inputs
    assert (inputs["packageType"], inputs["imageUri"]) == ("Image", address)
    assert "runtime" not in inputs

    (tmp_path / "inner").mkdir()
    (tmp_path / "app.py").write_text("import inner.rules\n")
    (tmp_path / "inner" / "rules.py").write_text("RULES = ()\n")
    (tmp_path / "notes.txt").write_text("not code")
    folder = Recorder()
    build(folder, python_archive(tmp_path))
    assert folder.one(FUNCTION).inputs["code"] == {"app.py": "import inner.rules\n", "inner/rules.py": "RULES = ()\n"}


def test_a_folder_without_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder: want Python files, got none"):
        python_archive(tmp_path)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"security_group_id": None}, "want both or neither"),
        ({"environment": {"LOG_LEVEL": "x"}, "settings": {"environment": {"LOG_LEVEL": "y"}}}, "got twice: LOG_LEVEL"),
        ({"code": ImageCode(address="x")}, "want runtime and handler for a package"),
        ({"settings": {"handler": None}}, "want runtime and handler for a package"),
    ],
)
def test_wiring_that_cannot_work_is_refused_before_anything_is_registered(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        args(**more)


@pytest.mark.parametrize(("tracing", "mode"), [(True, "Active"), (False, "PassThrough")])
def test_tracing_is_a_choice(recorded: Recorder, tracing: bool, mode: str) -> None:
    build(recorded, settings={"tracing": tracing})
    assert recorded.one(FUNCTION).inputs["tracingConfig"] == {"mode": mode}
    assert ("Trace" in statements(recorded)) is tracing
