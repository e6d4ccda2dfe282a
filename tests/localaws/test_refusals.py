"""The embedded AWS refuses what AWS would, names the property, and gives AWS's own error code."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.values import ARCHIVE, ASSET, SIGNATURE
from tests.localaws.cases.awslambda import code
from tests.localaws.conftest import Account, Made, Refused
from tests.localaws.test_contract import CASES, resolved

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
INSTANCE = {
    "identifier": "clinic",
    "engine": "postgres",
    "engineVersion": "17.11",
    "instanceClass": "db.t4g.medium",
    "allocatedStorage": 20,
    "username": "clinic",
    "tags": {},
}


@pytest.mark.parametrize(
    ("type", "inputs", "property"),
    [
        ("aws:rds/instance:Instance", {**INSTANCE, "instanceClass": "db.z9.tiny"}, "instanceClass"),
        ("aws:rds/instance:Instance", {**INSTANCE, "engineVersion": "17.99"}, "engineVersion"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "clinic", "retentionInDays": 12, "tags": {}}, "retentionInDays"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "a clinic!", "retentionInDays": 365, "tags": {}}, "name"),
        ("aws:kms/key:Key", {"deletionWindowInDays": 3, "tags": {}}, "deletionWindowInDays"),
        ("aws:iam/role:Role", {"name": "r" * 65, "assumeRolePolicy": "{}", "tags": {}}, "name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_that_aws_refuses_are_named_at_preview(
    account: Account, type: str, inputs: dict[str, Any], property: str
) -> None:
    _, failures = account.check(type, inputs)
    assert [name for name, _ in failures] == [property]


def test_an_input_that_is_not_modelled_is_refused_by_name(account: Account) -> None:
    _, failures = account.check("aws:s3/bucket:Bucket", {"bucket": "clinic", "accelerationStatus": "Enabled"})
    assert any("accelerationStatus" in f"{name} {reason}" for name, reason in failures)


def test_a_type_that_is_not_modelled_is_refused_by_name(account: Account) -> None:
    with pytest.raises(Refused, match="aws:redshift/cluster:Cluster"):
        account.check("aws:redshift/cluster:Cluster", {"clusterIdentifier": "clinic"})


def test_values_not_known_yet_pass_the_check(account: Account) -> None:
    _, failures = account.check("aws:rds/instance:Instance", {**INSTANCE, "instanceClass": UNKNOWN})
    assert failures == []


def made(account: Account, type: str) -> Made:
    """The resource of a contract case, with what it needs."""
    case = next(case for case in CASES if case.type == type)
    needs: dict[str, Made] = {}
    for name, need in case.needs.items():
        needs[name] = account.create(need.type, resolved(need.inputs, needs))
    return account.create(type, resolved(case.inputs, needs))


def test_files_are_refused_where_they_are_not_modelled(account: Account) -> None:
    archive = {SIGNATURE: ARCHIVE, "hash": "1", "assets": {"a": {SIGNATURE: ASSET, "text": "a"}}}
    _, failures = account.check("aws:s3/bucket:Bucket", {"bucket": "clinic-files", "tags": {"a": archive}})
    assert [name for name, _ in failures] == ["tags"]


def test_code_in_an_archive_is_what_runs(account: Account) -> None:
    function = made(account, "aws:lambda/function:Function")
    first = function.outputs["codeSha256"]
    assert first
    changed = account.update(function, {**function.inputs, "code": code("def handler(event, context): return 2")})
    assert changed.outputs["codeSha256"] != first


def test_a_user_pool_that_is_protected_is_not_deleted(account: Account) -> None:
    pool = made(account, "aws:cognito/userPool:UserPool")
    protected = account.update(pool, {**pool.inputs, "deletionProtection": "ACTIVE"})
    with pytest.raises(Refused, match="InvalidParameterException"):
        account.delete(protected)


def test_an_attribute_of_users_is_never_removed(account: Account) -> None:
    pool = made(account, "aws:cognito/userPool:UserPool")
    with pytest.raises(Refused, match="cannot modify or remove schema items"):
        account.update(pool, {**pool.inputs, "schemas": []})


def test_an_api_logs_nothing_without_the_accounts_role(account: Account) -> None:
    stage = made(account, "aws:apigateway/stage:Stage")
    account.client("apigateway").update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}]
    )
    with pytest.raises(Refused, match="CloudWatch Logs role ARN must be set"):
        account.update(stage, {**stage.inputs, "xrayTracingEnabled": True})


def test_a_deployment_that_a_stage_shows_is_not_deleted(account: Account) -> None:
    stage = made(account, "aws:apigateway/stage:Stage")
    api, id_ = stage.inputs["restApi"], stage.inputs["deployment"]
    with pytest.raises(Refused, match="Active stages pointing to this deployment"):
        account.delete(Made("aws:apigateway/deployment:Deployment", id_, {"restApi": api}, {"restApi": api}))


def test_a_method_keeps_what_stands_behind_it_when_it_changes(account: Account) -> None:
    answer = made(account, "aws:apigateway/integrationResponse:IntegrationResponse")
    key = {name: answer.inputs[name] for name in ("restApi", "resourceId", "httpMethod")}
    method = Made("aws:apigateway/method:Method", "m", {**key, "authorization": "NONE"}, {**key})
    account.update(method, {**method.inputs, "requestParameters": {"method.request.querystring.from": True}})
    kept = account.read(answer)
    assert kept is not None
    assert kept.inputs == answer.inputs


@pytest.mark.parametrize(
    ("type", "names"),
    [
        ("aws:cognito/userPoolClient:UserPoolClient", ("userPoolId", "id")),
        ("aws:apigateway/resource:Resource", ("restApi", "id")),
        ("aws:apigateway/stage:Stage", ("restApi", "stageName")),
        ("aws:apigateway/method:Method", ("restApi", "resourceId", "httpMethod")),
        ("aws:lambda/permission:Permission", ("function", "id")),
    ],
)
def test_parts_are_adopted_by_the_id_the_official_provider_takes(
    account: Account, type: str, names: tuple[str, ...]
) -> None:
    part = made(account, type)
    given = "/".join(part.id if name == "id" else part.inputs[name] for name in names)
    adopted = account.adopt(type, given)
    assert adopted is not None
    assert adopted.id == part.id


def test_what_the_account_refuses_carries_its_error_code(account: Account) -> None:
    bucket = account.create("aws:s3/bucket:Bucket", {"bucket": "clinic-documents", "tags": {}})
    account.client("s3").put_object(Bucket="clinic-documents", Key="visit", Body=b"")
    with pytest.raises(Refused, match="BucketNotEmpty"):
        account.delete(bucket)


@pytest.mark.parametrize(
    ("timing", "accepted"),
    [
        ({"period": 1800, "evaluationPeriods": 48}, True),
        ({"period": 1800, "evaluationPeriods": 49}, False),
        ({"period": 3600, "evaluationPeriods": 168}, True),
        ({"period": 3600, "evaluationPeriods": 169}, False),
        ({"period": 60, "evaluationPeriods": 2, "datapointsToAlarm": 2}, True),
        ({"period": 60, "evaluationPeriods": 2, "datapointsToAlarm": 3}, False),
    ],
)
def test_an_alarm_looks_back_a_day_or_a_week_by_its_period(
    account: Account, timing: dict[str, Any], accepted: bool
) -> None:
    alarm: dict[str, Any] = {
        "name": "clinic", "namespace": "AWS/RDS", "metricName": "CPUUtilization", "statistic": "Average",
        "comparisonOperator": "GreaterThanThreshold", "threshold": 80, "tags": {}, **timing,
    }  # fmt: skip
    if accepted:
        assert account.create("aws:cloudwatch/metricAlarm:MetricAlarm", alarm).id == "clinic"
    else:
        with pytest.raises(Refused, match="ValidationError"):
            account.create("aws:cloudwatch/metricAlarm:MetricAlarm", alarm)


@pytest.mark.parametrize("arns", [{}, {"protectedResourceArns": ["*"]}], ids=["neither", "both"])
def test_restore_tests_choose_by_arns_or_by_conditions(account: Account, arns: dict[str, Any]) -> None:
    plan = made(account, "aws:backup/restoreTestingPlan:RestoreTestingPlan")
    inputs: dict[str, Any] = {
        "name": "clinic_s3", "restoreTestingPlanName": plan.id, "protectedResourceType": "S3",
        "iamRoleArn": "arn:aws:iam::123456789012:role/clinic-backup", **arns,
    }  # fmt: skip
    if arns:
        own = [{"key": "aws:ResourceTag/DataClass", "value": "phi"}]
        inputs["protectedResourceConditions"] = {"stringEquals": own}
    with pytest.raises(Refused, match="exactly one of protectedResourceArns and protectedResourceConditions"):
        account.create("aws:backup/restoreTestingSelection:RestoreTestingSelection", inputs)


def test_a_bucket_made_by_hand_can_be_adopted(account: Account) -> None:
    account.client("s3").create_bucket(
        Bucket="made-by-hand", CreateBucketConfiguration={"LocationConstraint": "ca-central-1"}
    )
    adopted = account.adopt("aws:s3/bucket:Bucket", "made-by-hand")
    assert adopted is not None
    assert adopted.outputs["bucket"] == "made-by-hand"
    assert account.adopt("aws:s3/bucket:Bucket", "nobodys-bucket") is None
