"""State and logs of a stack, and the first administrator of its directory, in an account of moto's."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from operations import outputs
from operations.cli import app
from operations.mistakes import Mistake

REGION = "us-east-1"


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> Generator[dict[str, Any]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    found: dict[str, Any] = {"region": REGION}
    monkeypatch.setattr(outputs, "read", lambda _: found)
    with mock_aws():
        yield found


def phi(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def pool(given: dict[str, Any]) -> Any:
    cognito: Any = boto3.client("cognito-idp", region_name=REGION)
    schema = [{"Name": "role", "AttributeDataType": "String", "Mutable": True}]
    made = cognito.create_user_pool(PoolName="users", UsernameAttributes=["email"], Schema=schema)["UserPool"]
    given |= {"user_pool_id": made["Id"], "user_attribute_values": {"custom:role": ["admin", "patient"]}}
    return cognito


@pytest.mark.requirement("MSP-OPS-05")
def test_the_first_administrator_is_invited_by_mail_and_no_password_is_seen(pool: Any, given: dict[str, Any]) -> None:
    done = phi("user", "create-admin", "mentalspace", "first@example.org", "--yes")
    assert done.exit_code == 0, done.output
    [user] = pool.list_users(UserPoolId=given["user_pool_id"])["Users"]
    assert user["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    attributes = {each["Name"]: each["Value"] for each in user["Attributes"]}
    assert (attributes["email"], attributes["custom:role"]) == ("first@example.org", "admin")
    again = phi("user", "create-admin", "mentalspace", "first@example.org", "--yes")
    assert isinstance(again.exception, Mistake)


@pytest.mark.parametrize("email", ["first", "first@", "@example.org", "a b@example.org"])
def test_something_that_is_no_address_is_refused(pool: Any, email: str) -> None:
    assert isinstance(phi("user", "create-admin", "mentalspace", email, "--yes").exception, Mistake)


def test_a_directory_without_the_role_is_refused(pool: Any, given: dict[str, Any]) -> None:
    given["user_attribute_values"] = {}
    done = phi("user", "create-admin", "mentalspace", "first@example.org", "--yes")
    assert "directory.attributes.role" in str(done.exception)
    assert pool.list_users(UserPoolId=given["user_pool_id"])["Users"] == []


@pytest.mark.requirement("MSP-OPS-09")
def test_the_log_of_the_api_is_shown_as_it_was_written(given: dict[str, Any]) -> None:
    given |= {"api_access_log_group_name": "/api", "function_log_groups": {"patients": "/patients"}}
    logs: Any = boto3.client("logs", region_name=REGION)
    logs.create_log_group(logGroupName="/api")
    logs.create_log_stream(logGroupName="/api", logStreamName="1")
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": "GET /patients :secret: [200]"}]
    logs.put_log_events(logGroupName="/api", logStreamName="1", logEvents=events)
    done = phi("logs", "mentalspace")
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith(" GET /patients :secret: [200]\n")
    assert "there are: api, patients" in str(phi("logs", "mentalspace", "nothing").exception)
    assert "found none; has anything been written" in str(phi("logs", "mentalspace", "patients").exception)


@pytest.mark.requirement("MSP-OPS-09")
def test_log_files_of_the_writer_are_listed(given: dict[str, Any]) -> None:
    rds: Any = boto3.client("rds", region_name=REGION)
    rds.create_db_cluster(DBClusterIdentifier="c", Engine="aurora-postgresql", MasterUsername="postgres",
                          ManageMasterUserPassword=True)  # fmt: skip
    rds.create_db_instance(DBInstanceIdentifier="c-1", DBClusterIdentifier="c", Engine="aurora-postgresql",
                           DBInstanceClass="db.serverless")  # fmt: skip
    given |= {"db_identifier": "c", "aurora_cluster_endpoint": "x"}
    done = phi("logs", "mentalspace", "database")
    assert done.exit_code == 0, done.output
    assert "c-1" in done.stdout


@pytest.mark.requirement("MSP-OPS-08")
def test_status_tells_of_every_part_and_ends_with_one_when_something_is_not_well(
    given: dict[str, Any], pool: Any
) -> None:
    rds: Any = boto3.client("rds", region_name=REGION)
    rds.create_db_cluster(DBClusterIdentifier="mentalspaceehr-production", Engine="aurora-postgresql",
                          MasterUsername="postgres", ManageMasterUserPassword=True)  # fmt: skip
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="mentalspace-files")
    cloudwatch: Any = boto3.client("cloudwatch", region_name=REGION)
    cloudwatch.put_metric_alarm(AlarmName="cpu", MetricName="CPUUtilization", Namespace="AWS/RDS", Period=60,
                                EvaluationPeriods=1, Threshold=1, Statistic="Average",
                                ComparisonOperator="GreaterThanThreshold")  # fmt: skip
    given |= {
        "db_identifier": "mentalspaceehr-production", "aurora_cluster_endpoint": "x",
        "bucket_names": {"files": "mentalspace-files"}, "alarm_names": ["cpu"],
    }  # fmt: skip
    done = phi("status", "mentalspace", "--json")
    assert done.exit_code == 0, done.output
    kinds = {part["kind"]: part["state"] for part in json.loads(done.stdout)}
    assert [*kinds] == ["database cluster", "bucket files", "directory", f"alarms in {REGION}"]

    cloudwatch.set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="test")
    given["bucket_names"] = {"files": "mentalspace-files", "videos": "mentalspace-videos"}
    done = phi("status", "mentalspace", "--json")
    assert done.exit_code == 1
    wrong = {part["kind"]: part["state"] for part in json.loads(done.stdout) if not part["well"]}
    assert wrong == {"bucket videos": "gone", f"alarms in {REGION}": "cpu"}
