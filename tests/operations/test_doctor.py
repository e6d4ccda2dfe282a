"""`phi doctor` on accounts in memory: what is wrong is named with what to do, what is not told is unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from typer.testing import CliRunner

from operations.cli import app
from operations.doctor import account, backend, quotas, tools
from operations.doctor.point import Point, Verdict
from settings import load
from settings.stack import Settings

ROOT = Path(__file__).parents[2]
REGION = "ca-central-1"
ACCOUNT = "123456789012"


def client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region)


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


def settings(stack: str = "staging") -> Settings:
    return load.from_file(ROOT / f"Pulumi.{stack}.yaml")


def named(points: Iterator[Point]) -> dict[str, Point]:
    return {each.name: each for each in points}


class Quotas:
    """Service Quotas with one value for everything, or a refusal."""

    def __init__(self, value: float | None) -> None:
        self.value = value

    def get_service_quota(self, **_: str) -> dict[str, Any]:
        if self.value is None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetServiceQuota")
        return {"Quota": {"Value": self.value}}

    def __call__(self, service: str, region: str) -> Any:
        return self if service == "service-quotas" else client(service, region)


@pytest.mark.requirement("FAC-OPS-23", "BER-OPS-01")
def test_the_account_another_than_the_stacks_and_a_root_user_without_second_factor_are_wrong() -> None:
    found = named(account.points(settings(), client, account="444455556666"))
    assert (found["account"].verdict, found["account"].found) == (Verdict.WRONG, ACCOUNT)
    assert "444455556666" in found["account"].fix
    assert found["second factor of the root user"].verdict is Verdict.WRONG
    assert found["access keys of the root user"].verdict is Verdict.FINE
    assert found["credentials"].verdict is Verdict.FINE
    assert found["region ca-central-1"].verdict is Verdict.FINE
    assert named(account.points(settings(), client, account=ACCOUNT))["account"].verdict is Verdict.FINE


@pytest.mark.requirement("BER-OPS-01")
def test_a_region_the_account_must_switch_on_is_named_with_how() -> None:
    class Regions:
        def describe_regions(self, **_: bool) -> dict[str, Any]:
            held = {"ca-central-1": "opt-in-not-required", "ca-west-1": "not-opted-in"}
            return {"Regions": [{"RegionName": name, "OptInStatus": status} for name, status in held.items()]}

        def describe_availability_zones(self) -> dict[str, Any]:
            return {"AvailabilityZones": [{"ZoneName": "ca-central-1a"}]}

    def clients(service: str, region: str) -> Any:
        return Regions() if service == "ec2" else client(service, region)

    found = named(account.points(settings(), clients, account=None))
    assert found["region ca-central-1"].verdict is Verdict.FINE
    assert found["region ca-west-1"].verdict is Verdict.WRONG
    assert "--region-name ca-west-1" in found["region ca-west-1"].fix
    assert "does not have ca-central-1b" in found["availability zones"].fix


@pytest.mark.requirement("OMN-OPS-04")
def test_a_stack_that_counts_on_githubs_provider_misses_it_until_it_is_there() -> None:
    wanted = settings("omnirapeutic")
    name = "identity provider of GitHub"
    assert named(account.points(wanted, client, account=None))[name].verdict is Verdict.WRONG
    client("iam", REGION).create_open_id_connect_provider(
        Url=f"https://{account.GITHUB}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )
    assert named(account.points(wanted, client, account=None))[name].verdict is Verdict.FINE


def test_without_credentials_there_is_one_point_that_says_so() -> None:
    def refused(service: str, region: str) -> Any:
        raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetCallerIdentity")

    [point] = account.points(settings(), refused, account=None)
    assert (point.name, point.verdict) == ("credentials", Verdict.WRONG)
    assert "aws sso login" in point.fix


@pytest.mark.requirement("FAC-OPS-23")
def test_a_quota_too_small_is_wrong_and_one_nobody_tells_is_unknown() -> None:
    small = named(quotas.points(settings("production"), Quotas(1), deployed=False))
    assert small["quota of VPCs"].verdict is Verdict.WRONG, "the default VPC is one already"
    assert "--quota-code L-F678F1CE --desired-value 2" in small["quota of VPCs"].fix
    assert small["quota of vCPUs of Fargate"].verdict is Verdict.WRONG
    large = named(quotas.points(settings("production"), Quotas(100), deployed=False))
    assert {point.verdict for point in large.values()} == {Verdict.FINE}
    silent = named(quotas.points(settings("production"), Quotas(None), deployed=False))
    assert {point.verdict for point in silent.values()} == {Verdict.UNKNOWN}
    assert "quota of vCPUs of standard instances" not in large, "nothing runs on instances"


def test_a_deployed_stack_needs_no_second_vpc() -> None:
    found = named(quotas.points(settings(), Quotas(1), deployed=True))
    assert found["quota of VPCs"].verdict is Verdict.FINE


@pytest.mark.requirement("BER-OPS-02", "BER-OPS-09")
@pytest.mark.parametrize(
    ("stack", "url", "verdict", "said"),
    [
        ("production", "file:///tmp/state", Verdict.WRONG, "phi backend create production"),
        ("staging", "file:///tmp/state", Verdict.ADVICE, "phi backend create staging"),
        ("staging", "s3://kept?region=us-east-1", Verdict.WRONG, "ca-central-1, ca-west-1"),
        ("staging", f"s3://gone?region={REGION}", Verdict.WRONG, "phi backend create"),
        ("staging", f"s3://kept?region={REGION}", Verdict.WRONG, "versions"),
        ("staging", f"s3://versioned?region={REGION}", Verdict.FINE, ""),
    ],
)
def test_the_state_has_a_home_with_versions_in_the_jurisdiction(
    monkeypatch: pytest.MonkeyPatch, stack: str, url: str, verdict: Verdict, said: str
) -> None:
    s3 = client("s3", REGION)
    for bucket in ("kept", "versioned"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    monkeypatch.setenv("PULUMI_BACKEND_URL", url)
    found = backend.point_of(settings(stack), stack, client, ROOT, deployed=False)
    assert found.verdict is verdict
    assert said in found.fix


def program(folder: Path, name: str, says: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)


@pytest.mark.requirement("BER-OPS-01", "OMN-OPS-04")
def test_old_and_missing_tools_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "aws", "aws-cli/1.44.0 Python/3.11")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = named(tools.points(99))
    assert (found["AWS CLI"].verdict, found["AWS CLI"].found) == (Verdict.ADVICE, "1.44.0")
    assert (found["git"].verdict, found["git"].found) == (Verdict.WRONG, "not found")
    assert found["PostgreSQL client tools"].verdict is Verdict.ADVICE
    program(tmp_path, "aws", "aws-cli/2.31.0 Python/3.13")
    program(tmp_path, "git", "git version 2.47.1")
    found = named(tools.points(None))
    assert {found[name].verdict for name in ("AWS CLI", "git")} == {Verdict.FINE}


@pytest.mark.requirement("OMN-OPS-04", "FAC-OPS-23")
def test_the_command_tells_programs_everything_and_ends_with_1_when_something_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of this test")
    monkeypatch.chdir(ROOT)
    ended = CliRunner().invoke(app, ["doctor", "omnirapeutic", "--json"])
    assert ended.exit_code == 1
    found = {each["name"]: each for each in json.loads(ended.stdout)}
    assert found["agreement with AWS"]["verdict"] == "fine"
    assert date.fromisoformat(found["agreement with AWS"]["found"].split(",")[0]) == date(2026, 1, 31)
    assert found["backend"]["verdict"] == "wrong"
    assert all(each["fix"] for each in found.values() if each["verdict"] != "fine")


def test_what_the_account_keeps_aws_backup_from_is_wrong() -> None:
    held = {"Aurora": False, "RDS": True, "S3": False}

    class Backup:
        def describe_region_settings(self) -> dict[str, Any]:
            return {"ResourceTypeOptInPreference": held}

    def clients(service: str, region: str) -> Any:
        return Backup() if service == "backup" else client(service, region)

    found = named(account.points(settings(), clients, account=None))["AWS Backup"]
    assert (found.verdict, found.found) == (Verdict.WRONG, "off for S3")
    assert "--resource-type-opt-in-preference S3=true" in found.fix
    assert named(account.points(settings("mentalspace"), clients, account=None))["AWS Backup"].found == (
        "off for Aurora, S3"
    )
    held |= {"S3": True}
    assert named(account.points(settings(), clients, account=None))["AWS Backup"].verdict is Verdict.FINE
