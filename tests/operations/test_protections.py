"""Lifting protections, against a moto server on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from operations.protections import Account, lift, remove_remains

REGION = "ca-central-1"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Account(url=f"http://{host}:{port}", region=REGION)
    server.stop()


@pytest.mark.parametrize("url", ["https://rds.ca-central-1.amazonaws.com", "http://10.0.0.1:5000"])
def test_only_an_account_on_this_machine_is_ever_touched(url: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        Account(url=url, region=REGION)


def test_a_versioned_bucket_is_emptied_to_its_last_version(account: Account) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="records", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="records", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="records", Key="note", Body=b"one")
    s3.put_object(Bucket="records", Key="note", Body=b"two")
    s3.delete_object(Bucket="records", Key="note")
    lift(account, [{"type": "aws:s3/bucket:Bucket", "id": "records", "outputs": {"region": REGION}}])
    s3.delete_bucket(Bucket="records")
    assert s3.list_buckets()["Buckets"] == []


def test_a_protected_database_can_be_deleted_afterwards(account: Account) -> None:
    rds = account.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="clinic", DBInstanceClass="db.t4g.medium", Engine="postgres", AllocatedStorage=20,
        MasterUsername="admin_user", MasterUserPassword="only-for-this-test", DeletionProtection=True,
    )  # fmt: skip
    resource = {
        "type": "aws:rds/instance:Instance",
        "id": "db-ABC",
        "outputs": {"identifier": "clinic", "region": REGION, "finalSnapshotIdentifier": "clinic-final"},
    }
    lift(account, [resource])
    rds.delete_db_instance(DBInstanceIdentifier="clinic", FinalDBSnapshotIdentifier="clinic-final")
    remove_remains(account, [resource])
    assert rds.describe_db_snapshots()["DBSnapshots"] == []


def test_the_name_of_a_deleted_secret_is_free_again(account: Account) -> None:
    manager = account.client("secretsmanager")
    arn = manager.create_secret(Name="clinic-database", SecretString="only-for-this-test")["ARN"]
    manager.delete_secret(SecretId=arn, RecoveryWindowInDays=30)
    remove_remains(account, [{"type": "aws:secretsmanager/secret:Secret", "id": arn, "outputs": {"region": REGION}}])
    manager.create_secret(Name="clinic-database", SecretString="only-for-this-test")


def test_what_is_already_gone_is_passed_over(account: Account) -> None:
    lift(account, [
        {"type": "aws:s3/bucket:Bucket", "id": "never-made", "outputs": {"region": REGION}},
        {"type": "aws:rds/instance:Instance", "id": "db-X", "outputs": {"identifier": "never-made"}},
        {"type": "aws:ec2/vpc:Vpc", "id": "vpc-1", "outputs": {}},
    ])  # fmt: skip


def test_a_protected_cluster_can_be_deleted_and_made_again_afterwards(account: Account) -> None:
    rds = account.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="clinic", Engine="aurora-postgresql", MasterUsername="postgres",
        MasterUserPassword="only-for-this-test", DeletionProtection=True,
    )  # fmt: skip
    resource = {
        "type": "aws:rds/cluster:Cluster",
        "id": "clinic",
        "outputs": {"clusterIdentifier": "clinic", "region": REGION, "finalSnapshotIdentifier": "clinic-final"},
    }
    lift(account, [resource])
    rds.delete_db_cluster(DBClusterIdentifier="clinic", FinalDBSnapshotIdentifier="clinic-final")
    remove_remains(account, [resource])
    assert rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"] == []
