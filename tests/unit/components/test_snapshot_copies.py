"""Copies of the database's snapshots: the function on an account of its own, and what it is allowed and called by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.rds.models import rds_backends

from components.functions.snapshot_copies import handler
from components.snapshot_copies import SnapshotCopies, SnapshotCopiesArgs
from settings.recovery import SnapshotCopiesSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, RECOVERY_KEY_ARN, scope
from tests.unit.conftest import Recorder

HOME, ABROAD, DATABASE = "ca-central-1", "ca-west-1", "clinic-staging-postgres"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An account with an encrypted database; gives the ARN of the key abroad."""
    with mock_aws():
        key = boto3.client("kms", region_name=ABROAD).create_key()["KeyMetadata"]["Arn"]
        common = {"Engine": "postgres", "MasterUsername": "clinic_admin"}
        boto3.client("rds", region_name=HOME).create_db_instance(
            DBInstanceIdentifier=DATABASE, DBInstanceClass="db.t4g.medium", AllocatedStorage=100, StorageEncrypted=True,
            ManageMasterUserPassword=True, Tags=[{"Key": "DataClass", "Value": "phi"}], CopyTagsToSnapshot=True,
            **common,
        )  # fmt: skip
        boto3.client("rds", region_name=HOME).create_db_cluster(
            DBClusterIdentifier=DATABASE, StorageEncrypted=True, ManageMasterUserPassword=True,
            MasterUsername="clinic_admin", Engine="aurora-postgresql",
        )  # fmt: skip
        for name, value in {
            "AWS_REGION": HOME, "DATABASE": DATABASE, "DATABASE_KIND": "instance", "RECOVERY_REGION": ABROAD,
            "RECOVERY_KEY_ARN": key, "KEEP": "2",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield key


def taken(day: int) -> None:
    """RDS takes its automated snapshot of a day."""
    name = f"rds:{DATABASE}-2026-01-{day:02}-06-05"
    rds_backends[DEFAULT_ACCOUNT_ID][HOME].create_auto_snapshot(DATABASE, name)


def copies() -> list[dict[str, Any]]:
    return boto3.client("rds", region_name=ABROAD).describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]


def names() -> list[str]:
    return [copy["DBSnapshotIdentifier"] for copy in copies()]


def fail(name: str) -> None:
    rds_backends[DEFAULT_ACCOUNT_ID][ABROAD].database_snapshots[name].status = "failed"


@pytest.mark.requirement("BER-DR-13", "BER-N16", "FAC-DR-05")
def test_the_newest_snapshot_is_copied_under_the_key_abroad_with_its_tags(account: str) -> None:
    taken(1)
    taken(2)
    done = handler.handler({}, None)
    assert done == {"copied": f"{DATABASE}-2026-01-02-06-05-dr", "pruned": [], "failed": []}
    (copy,) = copies()  # RDS's own first snapshot is older
    assert copy["DBSnapshotIdentifier"] == done["copied"]
    assert (copy["KmsKeyId"], copy["Encrypted"]) == (account, True)
    assert {"Key": "DataClass", "Value": "phi"} in copy["TagList"]


def test_a_snapshot_is_copied_once(account: str) -> None:
    taken(1)
    handler.handler({}, None)
    assert handler.handler({}, None)["copied"] is None
    assert len(copies()) == 1


@pytest.mark.requirement("BER-DR-13", "BER-N30")
def test_the_oldest_copies_go_and_those_of_other_databases_and_people_stay(account: str) -> None:
    taken(1)
    boto3.client("rds", region_name=ABROAD).copy_db_snapshot(
        SourceDBSnapshotIdentifier=f"arn:aws:rds:{HOME}:{DEFAULT_ACCOUNT_ID}:snapshot:rds:{DATABASE}-2026-01-01-06-05",
        TargetDBSnapshotIdentifier="before-the-release", KmsKeyId=account,
    )  # fmt: skip
    for day in range(2, 6):
        taken(day)
        handler.handler({}, None)
    assert sorted(names()) == [
        "before-the-release", f"{DATABASE}-2026-01-04-06-05-dr", f"{DATABASE}-2026-01-05-06-05-dr",
    ]  # fmt: skip


def test_the_last_copy_stays_whatever_the_settings_say(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEP", "0")
    taken(1)
    assert handler.handler({}, None)["pruned"] == []
    assert len(copies()) == 1


def test_a_copy_that_failed_is_made_again_and_told(account: str) -> None:
    taken(1)
    handler.handler({}, None)
    name = f"{DATABASE}-2026-01-01-06-05-dr"
    fail(name)
    with pytest.raises(RuntimeError, match=f"failed, and were removed: {name}"):
        handler.handler({}, None)
    (copy,) = copies()
    assert (copy["DBSnapshotIdentifier"], copy["Status"]) == (name, "available")


def test_a_database_without_a_snapshot_is_an_error(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE", "another")
    with pytest.raises(RuntimeError, match="want an automated snapshot"):
        handler.handler({}, None)


def test_what_aws_refuses_is_not_swallowed(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(1)
    monkeypatch.setenv("RECOVERY_KEY_ARN", f"arn:aws:kms:{ABROAD}:{DEFAULT_ACCOUNT_ID}:key/none")
    with pytest.raises(ClientError):
        handler.handler({}, None)


def test_snapshots_of_a_cluster_are_copied_too(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_KIND", "cluster")
    rds_backends[DEFAULT_ACCOUNT_ID][HOME].create_auto_cluster_snapshot(DATABASE, f"rds:{DATABASE}-2026-01-01-06-05")
    assert handler.handler({}, None)["copied"] == f"{DATABASE}-2026-01-01-06-05-dr"
    found = boto3.client("rds", region_name=ABROAD).describe_db_cluster_snapshots(SnapshotType="manual")
    assert [each["DBClusterSnapshotIdentifier"] for each in found["DBClusterSnapshots"]] == [
        f"{DATABASE}-2026-01-01-06-05-dr"
    ]


@pytest.mark.parametrize(
    ("snapshot", "copy"),
    [
        ("rds:clinic-2026-01-01-06-05", "clinic-2026-01-01-06-05-dr"),
        ("before--release-", "before-release-dr"),
        ("a" * 255, "a" * 252 + "-dr"),
    ],
)
@pytest.mark.requirement("BER-N16")
def test_names_of_copies_are_ones_that_rds_takes(snapshot: str, copy: str) -> None:
    assert handler.copy_name(snapshot) == copy


def build(recorded: Recorder, *, cluster: bool = False, every_hours: int = 1) -> None:
    args = SnapshotCopiesArgs(
        scope=scope(),
        settings=SnapshotCopiesSettings(every_hours=every_hours, keep=5),
        database="berthcare-staging-postgres",
        cluster=cluster,
        recovery_region=ABROAD,
        recovery_kms_key_arn=RECOVERY_KEY_ARN,
        database_key_alias="alias/berthcare-staging-data",
        recovery_key_alias="alias/berthcare-staging-recovery",
        subnet_ids={"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        security_group_id="sg-service",
        kms_key_arn=KEY_ARN,
        key_aliases=["alias/berthcare-staging-data"],
        logs_kms_key_arn=KEY_ARN,
        log_days=365,
    )
    recorded.run(lambda: SnapshotCopies("snapshot-copies", args))


@pytest.mark.parametrize(("hours", "rate"), [(1, "rate(1 hour)"), (6, "rate(6 hours)")])
@pytest.mark.requirement("BER-DR-13")
def test_a_rule_calls_the_function_on_schedule_and_nobody_else_may(hours: int, rate: str, recorded: Recorder) -> None:
    build(recorded, every_hours=hours)
    rule = recorded.one("aws:cloudwatch/eventRule:EventRule")
    assert rule.inputs["scheduleExpression"] == rate
    function = recorded.one("aws:lambda/function:Function")
    assert recorded.one("aws:cloudwatch/eventTarget:EventTarget").inputs["arn"] == function.outputs["arn"]
    allowed = recorded.one("aws:lambda/permission:Permission").inputs
    assert (allowed["principal"], allowed["sourceArn"]) == ("events.amazonaws.com", rule.outputs["arn"])
    assert function.inputs["environment"]["variables"] == {
        "DATABASE": "berthcare-staging-postgres", "DATABASE_KIND": "instance", "RECOVERY_REGION": ABROAD,
        "RECOVERY_KEY_ARN": RECOVERY_KEY_ARN, "KEEP": "5",
    }  # fmt: skip


@pytest.mark.parametrize("cluster", [False, True])
def test_it_may_delete_copies_of_this_database_and_nothing_else(cluster: bool, recorded: Recorder) -> None:
    build(recorded, cluster=cluster)
    kind, action = ("cluster-snapshot", "DBClusterSnapshot") if cluster else ("snapshot", "DBSnapshot")
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    deleting = [each for each in policy if any("Delete" in name for name in each["Action"] if name[:3] == "rds")]
    assert [each["Action"] for each in deleting] == [[f"rds:Delete{action}"]]
    copy = f"arn:aws:rds:{ABROAD}:{ACCOUNT_ID}:{kind}:berthcare-staging-postgres-*-dr"
    assert deleting[0]["Resource"] == [copy]
    keys = [each for each in policy if "kms:CreateGrant" in each["Action"]]
    assert [each["Condition"]["StringEquals"]["kms:ViaService"] for each in keys] == [
        f"rds.{HOME}.amazonaws.com", f"rds.{ABROAD}.amazonaws.com",
    ]  # fmt: skip
