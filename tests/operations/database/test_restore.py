"""A restore to a moment, of an instance and of a cluster, in an account on this machine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from operations.database import point_in_time
from operations.database.commands import parsed
from operations.mistakes import Mistake
from tests.operations.database.conftest import REGION, Stack

SOURCE = "clinic-production-postgres"
LOG_GROUP = f"/aws/rds/instance/{SOURCE}/postgresql"


@pytest.fixture
def rds(aws: str) -> Any:
    return boto3.client("rds", region_name=REGION)


@pytest.fixture
def place(rds: Any) -> dict[str, Any]:
    """A network, parameters, key and monitoring role like a stack's."""
    ec2, kms = boto3.client("ec2", region_name=REGION), boto3.client("kms", region_name=REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    rds.create_db_subnet_group(DBSubnetGroupName=SOURCE, DBSubnetGroupDescription="private", SubnetIds=subnets)
    rds.create_db_parameter_group(
        DBParameterGroupName=f"{SOURCE}-17", DBParameterGroupFamily="postgres17", Description="TLS only"
    )
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=f"{SOURCE}-17", DBParameterGroupFamily="aurora-postgresql17", Description="TLS only"
    )
    key = kms.create_key()["KeyMetadata"]["Arn"]
    logs = boto3.client("logs", region_name=REGION)
    for group in (LOG_GROUP, f"/aws/rds/cluster/{SOURCE}/postgresql"):
        logs.create_log_group(logGroupName=group, kmsKeyId=key)
        logs.put_retention_policy(logGroupName=group, retentionInDays=365)
    return {
        "key": key,
        "group": ec2.create_security_group(GroupName="database", Description="database", VpcId=vpc)["GroupId"],
    }


TAGS = [{"Key": "DataClass", "Value": "phi"}, {"Key": "owner", "Value": "operations"}]


@pytest.fixture
def instance(rds: Any, place: dict[str, Any], stack: Stack) -> dict[str, Any]:
    return rds.create_db_instance(
        DBInstanceIdentifier=SOURCE, DBInstanceClass="db.t4g.medium", Engine="postgres", EngineVersion="17.6",
        AllocatedStorage=100, MaxAllocatedStorage=500, StorageType="gp3", StorageEncrypted=True, KmsKeyId=place["key"],
        DBName="clinic", MasterUsername="clinic_admin", MasterUserPassword=stack.server.password, Port=5432,
        DBSubnetGroupName=SOURCE, VpcSecurityGroupIds=[place["group"]], DBParameterGroupName=f"{SOURCE}-17",
        MultiAZ=True, PubliclyAccessible=False, DeletionProtection=True, CopyTagsToSnapshot=True,
        EnableIAMDatabaseAuthentication=True, BackupRetentionPeriod=7, PreferredBackupWindow="06:00-07:00",
        PreferredMaintenanceWindow="sun:08:00-sun:09:00", EnableCloudwatchLogsExports=["postgresql"], Tags=TAGS,
    )["DBInstance"]  # fmt: skip


@pytest.fixture
def cluster(rds: Any, place: dict[str, Any], stack: Stack) -> dict[str, Any]:
    rds.create_db_cluster(
        DBClusterIdentifier=SOURCE, Engine="aurora-postgresql", EngineVersion="17.6", DatabaseName="clinic",
        MasterUsername="postgres", MasterUserPassword=stack.server.password, StorageEncrypted=True,
        KmsKeyId=place["key"], DBSubnetGroupName=SOURCE, VpcSecurityGroupIds=[place["group"]],
        DBClusterParameterGroupName=f"{SOURCE}-17", DeletionProtection=True, CopyTagsToSnapshot=True,
        EnableIAMDatabaseAuthentication=True, BackupRetentionPeriod=35, PreferredBackupWindow="03:00-04:00", Port=5432,
        PreferredMaintenanceWindow="sun:08:00-sun:09:00", EnableCloudwatchLogsExports=["postgresql"],
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4}, Tags=TAGS,
    )  # fmt: skip
    for number in (1, 2):
        rds.create_db_instance(
            DBInstanceIdentifier=f"{SOURCE}-{number}", DBClusterIdentifier=SOURCE, Engine="aurora-postgresql",
            DBInstanceClass="db.serverless", PromotionTier=1, PubliclyAccessible=False, Tags=TAGS,
        )  # fmt: skip
    outputs = json.loads(stack.outputs.read_text())
    stack.outputs.write_text(json.dumps({**outputs, "aurora_cluster_endpoint": outputs["db_address"]}))
    return rds.describe_db_clusters(DBClusterIdentifier=SOURCE)["DBClusters"][0]


def restore(stack: Stack, *more: str) -> tuple[int, str, str]:
    return stack.phi("restore", stack.name, "--outputs", str(stack.outputs), "--poll-seconds", "0.1", *more)


@pytest.mark.requirement("FAC-DB-04", "FAC-DR-07", "BER-DB-05", "LWO-DR-01")
def test_an_instance_is_restored_as_well_protected_as_it_was(
    stack: Stack, instance: dict[str, Any], rds: Any, place: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    watch(monkeypatch, asked)
    moment = instance["LatestRestorableTime"] - timedelta(minutes=1)
    code, shown, said = restore(
        stack, "--time", moment.isoformat(), "--identifier", f"{SOURCE}-before-lunch", "--yes", "--json"
    )
    assert code == 0, said + shown
    report = json.loads(shown)
    assert report["restored"]["findings"] == []
    new = rds.describe_db_instances(DBInstanceIdentifier=f"{SOURCE}-before-lunch")["DBInstances"][0]
    assert new["StorageEncrypted"]
    assert new["KmsKeyId"] == place["key"]
    assert new["DBSubnetGroup"]["DBSubnetGroupName"] == SOURCE
    assert [group["VpcSecurityGroupId"] for group in new["VpcSecurityGroups"]] == [place["group"]]
    assert [group["DBParameterGroupName"] for group in new["DBParameterGroups"]] == [f"{SOURCE}-17"]
    assert new["DeletionProtection"]
    assert not new["PubliclyAccessible"]
    assert new["BackupRetentionPeriod"] == 7
    assert {tag["Key"] for tag in new["TagList"]} >= {"DataClass", "owner"}
    (request,) = [request for name, request in asked if name == "RestoreDBInstanceToPointInTime"]
    assert abs(request["RestoreTime"] - moment) < timedelta(seconds=1)
    assert "UseLatestRestorableTime" not in request
    (later,) = [request for name, request in asked if name == "ModifyDBInstance"]
    assert later["MasterUserPassword"] == stack.server.password
    assert later["PreferredMaintenanceWindow"] == "sun:08:00-sun:09:00"
    # the one there was is as it was
    old = rds.describe_db_instances(DBInstanceIdentifier=SOURCE)["DBInstances"][0]
    assert {**old, "LatestRestorableTime": 0} == {**rds_shape(instance, old), "LatestRestorableTime": 0}


def rds_shape(created: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """What creation answered, with the status that time has changed."""
    return {**created, "DBInstanceStatus": described["DBInstanceStatus"]}


def watch(monkeypatch: pytest.MonkeyPatch, asked: list[tuple[str, dict[str, Any]]]) -> None:
    """Note every call that is made to AWS, on its way."""
    import botocore.client

    real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def noted(self: Any, name: str, request: dict[str, Any]) -> Any:
        asked.append((name, request))
        return real(self, name, request)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", noted)


def test_the_logs_of_a_restored_database_are_encrypted_and_kept_like_the_old_ones(
    stack: Stack, instance: dict[str, Any], place: dict[str, Any]
) -> None:
    assert restore(stack, "--latest", "--identifier", f"{SOURCE}-new", "--yes")[0] == 0
    logs = boto3.client("logs", region_name=REGION)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=f"/aws/rds/instance/{SOURCE}-new/")["logGroups"]
    assert group["logGroupName"] == f"/aws/rds/instance/{SOURCE}-new/postgresql"
    assert group["kmsKeyId"] == place["key"]
    assert group["retentionInDays"] == 365


@pytest.mark.requirement("MSP-DB-07", "OMN-DB-05")
def test_a_cluster_is_restored_with_all_its_instances(
    stack: Stack, cluster: dict[str, Any], rds: Any, place: dict[str, Any]
) -> None:
    code, shown, said = restore(stack, "--latest", "--identifier", f"{SOURCE}-again", "--yes", "--json")
    assert code == 0, said + shown
    report = json.loads(shown)
    assert report["restored"]["findings"] == []
    assert report["plan"]["instances"] == [f"{SOURCE}-again-1", f"{SOURCE}-again-2"]
    new = rds.describe_db_clusters(DBClusterIdentifier=f"{SOURCE}-again")["DBClusters"][0]
    members = {member["DBInstanceIdentifier"] for member in new["DBClusterMembers"]}
    assert members == {
        f"{SOURCE}-again-1",
        f"{SOURCE}-again-2",
    }
    assert new["KmsKeyId"] == place["key"]
    assert new["DBClusterParameterGroup"] == f"{SOURCE}-17"
    assert new["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 4
    assert report["restored"]["address"] == new["Endpoint"]
    assert any("modify-db-cluster" in step for step in report["next"])


def test_a_dry_run_restores_nothing(stack: Stack, instance: dict[str, Any], rds: Any) -> None:
    code, shown, _ = restore(stack, "--latest", "--dry-run", "--json")
    assert code == 0
    assert json.loads(shown)["plan"]["from"] == SOURCE
    assert len(rds.describe_db_instances()["DBInstances"]) == 1


def test_nothing_is_restored_when_nobody_is_there_to_agree(stack: Stack, instance: dict[str, Any], rds: Any) -> None:
    code, _, said = restore(stack, "--latest")
    assert code == 2
    assert "--yes" in said
    assert len(rds.describe_db_instances()["DBInstances"]) == 1


def test_a_moment_the_backups_do_not_hold_is_refused(stack: Stack, instance: dict[str, Any]) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    code, _, said = restore(stack, "--time", later.isoformat(), "--yes")
    assert code == 2
    assert "the backups hold" in said


def test_a_name_in_use_is_refused(stack: Stack, instance: dict[str, Any]) -> None:
    assert restore(stack, "--latest", "--identifier", f"{SOURCE}-new", "--yes")[0] == 0
    code, _, said = restore(stack, "--latest", "--identifier", f"{SOURCE}-new", "--yes")
    assert code == 2
    assert f"{SOURCE}-new in use" in said


@pytest.mark.parametrize("name", ["clinic", SOURCE, f"{SOURCE}-{'n' * 40}"])
def test_a_name_that_the_stacks_roles_do_not_know_is_refused(name: str, stack: Stack, instance: dict[str, Any]) -> None:
    code, _, said = restore(stack, "--latest", "--identifier", name, "--yes")
    assert code == 2
    assert f"begins with {SOURCE}-" in said


def test_a_database_that_aws_does_not_have_is_a_refusal(stack: Stack) -> None:
    code, _, said = restore(stack, "--latest", "--yes")
    assert code == 3
    assert SOURCE in said


@pytest.mark.parametrize("options", [[], ["--latest", "--time", "2026-01-31T09:30:00Z"]])
def test_one_moment_is_asked_for(stack: Stack, options: list[str]) -> None:
    assert restore(stack, *options)[0] == 2


def test_a_moment_needs_its_time_zone() -> None:
    assert parsed("2026-01-31T04:30:00-05:00") == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    for text in ("2026-01-31T04:30:00", "yesterday"):
        with pytest.raises(Mistake, match="time zone"):
            parsed(text)


def test_what_the_restored_one_lacks_is_said(instance: dict[str, Any]) -> None:
    weaker = {**instance, "DeletionProtection": False, "KmsKeyId": "another", "DBParameterGroups": []}
    assert point_in_time.differences(instance, instance, aurora=False) == []
    found = point_in_time.differences(instance, weaker, aurora=False)
    assert [text.split(":")[0] for text in found] == ["KmsKeyId", "DeletionProtection", "DBParameterGroup"]


def test_the_next_steps_name_both_databases(stack: Stack, instance: dict[str, Any]) -> None:
    code, shown, _ = restore(stack, "--latest", "--identifier", f"{SOURCE}-new", "--yes", "--json")
    assert code == 0
    steps = json.loads(shown)["next"]
    assert steps[0].startswith(f"phi database connect {stack.name} --address {SOURCE}-new.")
    assert f"--db-instance-identifier {SOURCE} --new-db-instance-identifier {SOURCE}-before" in steps[1]
    assert f"--db-instance-identifier {SOURCE}-new --new-db-instance-identifier {SOURCE}" in steps[2]
    assert instance["DbiResourceId"] in steps[4]
