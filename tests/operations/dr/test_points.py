"""Recovery points and objectives on an account with a database, its copies, and replicated buckets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.rds.models import rds_backends

from operations.aws import client
from operations.dr import objects, points
from operations.dr.engine import Backend
from operations.dr.points import Status
from settings import load
from settings.stack import Settings

ROOT = Path(__file__).parents[3]
HOME, ABROAD, DATABASE = "ca-central-1", "ca-west-1", "berthcare-staging-postgres"
PURPOSES = ("photos", "documents", "signatures")
COPY = f"{DATABASE}-2026-01-01-06-05-dr"
OUTPUTS: dict[str, Any] = {
    "db_identifier": DATABASE,
    "bucket_names": {purpose: f"berthcare-{purpose}-staging" for purpose in PURPOSES},
    "replica_bucket_names": {purpose: f"berthcare-{purpose}-staging-dr" for purpose in PURPOSES},
}
STATE = ("berthcare-terraform-state", "berthcare-terraform-state-dr")


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load.from_file(ROOT / "Pulumi.berthcare.yaml")


@pytest.fixture
def account() -> Iterator[None]:
    """Everything as it should be."""
    with mock_aws():
        boto3.client("rds", region_name=HOME).create_db_instance(
            DBInstanceIdentifier=DATABASE, DBInstanceClass="db.t4g.medium", Engine="postgres", AllocatedStorage=100,
            MasterUsername="berthcare_admin", ManageMasterUserPassword=True, StorageEncrypted=True,
        )  # fmt: skip
        automated = next(iter(rds_backends[DEFAULT_ACCOUNT_ID][HOME].database_snapshots))
        key = boto3.client("kms", region_name=ABROAD).create_key()["KeyMetadata"]["Arn"]
        boto3.client("rds", region_name=ABROAD).copy_db_snapshot(
            SourceDBSnapshotIdentifier=f"arn:aws:rds:{HOME}:{DEFAULT_ACCOUNT_ID}:snapshot:{automated}",
            TargetDBSnapshotIdentifier=COPY, KmsKeyId=key,
        )  # fmt: skip
        for source, copy in (
            *((OUTPUTS["bucket_names"][each], OUTPUTS["replica_bucket_names"][each]) for each in PURPOSES), STATE,
        ):  # fmt: skip
            for name, region in ((source, HOME), (copy, ABROAD)):
                s3 = boto3.client("s3", region_name=region)
                s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
                s3.put_object(Bucket=name, Key="one", Body=b"the same")
        yield


def look(settings: Settings, *, hours: float = 0, spot_checks: int = 0) -> Status:
    """The status some hours from now: no copy is on its way any more after the first quarter."""
    now = datetime.now(UTC) + timedelta(hours=hours)
    return points.status(settings, OUTPUTS, client, spot_checks=spot_checks, now=now)


def unmet(status: Status) -> list[tuple[str, str]]:
    return [(each.store, each.what) for each in status.objectives if not each.met]


@pytest.mark.requirement("BER-DR-04", "BER-DR-11", "BER-DR-12", "BER-DR-14", "FAC-DR-01")
def test_fresh_copies_meet_every_objective(account: None, settings: Settings) -> None:
    found = look(settings, spot_checks=5)
    assert unmet(found) == []
    assert {(point.place, point.kind) for point in found.points} == {
        ("home", "any moment"), ("home", "automated snapshot"), ("recovery", "copied snapshot"),
    }  # fmt: skip


@pytest.mark.requirement("BER-DR-04", "BER-DR-13")
def test_a_copy_that_grows_old_is_told(account: None, settings: Settings) -> None:
    stores = unmet(look(settings, hours=27))
    assert ("database", "newest copied snapshot, which failover restores") in stores
    assert ("database", "newest point") in stores


def test_no_copied_snapshot_at_all_is_told(account: None, settings: Settings) -> None:
    boto3.client("rds", region_name=ABROAD).delete_db_snapshot(DBSnapshotIdentifier=COPY)
    assert ("database", "newest copied snapshot, which failover restores") in unmet(look(settings))


def test_a_copy_that_is_not_ready_does_not_count(account: None, settings: Settings) -> None:
    rds_backends[DEFAULT_ACCOUNT_ID][ABROAD].database_snapshots[COPY].status = "creating"
    assert ("database", "newest copied snapshot, which failover restores") in unmet(look(settings))


@pytest.mark.requirement("BER-DR-12")
def test_slow_replication_is_told(account: None, settings: Settings) -> None:
    dimensions = {
        "SourceBucket": "berthcare-photos-staging", "DestinationBucket": "berthcare-photos-staging-dr",
        "RuleId": "Rule-1",
    }  # fmt: skip
    boto3.client("cloudwatch", region_name=ABROAD).put_metric_data(
        Namespace="AWS/S3",
        MetricData=[{
            "MetricName": "ReplicationLatency", "Value": 901.0, "Unit": "Seconds",
            "Timestamp": datetime.now(UTC) - timedelta(minutes=5),
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        }],
    )  # fmt: skip
    assert unmet(look(settings)) == [("bucket photos", "replication latency of the last hour")]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.requirement("BER-DR-14")
def test_a_missing_object_is_told_once_replication_has_had_its_time(
    account: None, settings: Settings, late: bool
) -> None:
    boto3.client("s3", region_name=HOME).put_object(Bucket="berthcare-photos-staging", Key="new", Body=b"new")
    found = unmet(look(settings, hours=0.5 if late else 0))
    assert (("bucket photos", "objects, as in the bucket") in found) is late


@pytest.mark.requirement("BER-DR-14")
def test_content_that_differs_is_found_by_spot_checks_only(account: None, settings: Settings) -> None:
    boto3.client("s3", region_name=ABROAD).put_object(Bucket="berthcare-photos-staging-dr", Key="one", Body=b"the sane")
    assert unmet(look(settings)) == []
    assert unmet(look(settings, spot_checks=1)) == [("bucket photos", "objects, as in the bucket")]


@pytest.mark.requirement("BER-DR-11")
def test_a_state_that_is_only_at_home_is_told(account: None, settings: Settings) -> None:
    boto3.client("s3", region_name=HOME).put_object(Bucket=STATE[0], Key=".pulumi/stacks/phi-platform/berthcare.json")
    assert ("state", "objects, as in the bucket") in unmet(look(settings, hours=0.5))


@pytest.mark.requirement("BER-DR-11")
def test_the_state_of_the_recovery_stack_is_in_the_copy_only(account: None, settings: Settings) -> None:
    boto3.client("s3", region_name=ABROAD).put_object(
        Bucket=STATE[1], Key=".pulumi/stacks/phi-platform/berthcare-recovery.json"
    )
    assert unmet(look(settings)) == []


@pytest.mark.requirement("BER-DR-19")
def test_objects_that_are_missing_or_cut_short_are_brought_and_others_stay(account: None) -> None:
    home, abroad = (boto3.client("s3", region_name=region) for region in (HOME, ABROAD))
    source, target = "berthcare-photos-staging", "berthcare-photos-staging-dr"
    home.put_object(Bucket=source, Key="new", Body=b"new")
    home.put_object(Bucket=source, Key="one", Body=b"longer than before")
    abroad.put_object(Bucket=target, Key="extra", Body=b"extra")
    before = objects.compare(home, source, abroad, target)
    assert (before.missing, before.other, before.extra) == (("new",), ("one",), ("extra",))
    assert objects.bring(home, source, abroad, target) == []
    after = objects.compare(home, source, abroad, target, spot_checks=2)
    assert (after.missing, after.other, after.changed, after.extra) == ((), (), (), ("extra",))


@pytest.mark.requirement("BER-DR-22")
def test_what_was_written_over_by_something_of_the_same_size_is_brought_home(account: None) -> None:
    home, abroad = (boto3.client("s3", region_name=region) for region in (HOME, ABROAD))
    there, here = "berthcare-photos-staging-dr", "berthcare-photos-staging"
    abroad.put_object(Bucket=there, Key="one", Body=b"the sane")
    now = datetime.now(UTC)
    objects.bring(abroad, there, home, here, since=now + timedelta(minutes=1))
    assert objects.digest(home, here, "one") != objects.digest(abroad, there, "one")
    objects.bring(abroad, there, home, here, since=now - timedelta(minutes=1))
    assert objects.digest(home, here, "one") == objects.digest(abroad, there, "one")


@pytest.mark.requirement("BER-DR-15")
def test_locks_and_age_of_a_state_are_read_from_a_bucket_and_from_a_folder(account: None, tmp_path: Path) -> None:
    s3 = boto3.client("s3", region_name=ABROAD)
    lock, state = (
        ".pulumi/locks/organization/phi-platform/berthcare/1.json",
        ".pulumi/stacks/phi-platform/berthcare.json",
    )
    for key in (lock, state):
        s3.put_object(Bucket=STATE[1], Key=key, Body=b"{}")
        (tmp_path / key).parent.mkdir(parents=True)
        (tmp_path / key).write_text("{}")
    for backend in (Backend.bucket(STATE[1], ABROAD), Backend(url=f"file://{tmp_path}")):
        assert backend.locks(client, "berthcare") == [lock]
        assert backend.locks(client, "berth") == []
        written = backend.written(client, "berthcare")
        assert written is not None
        assert abs(datetime.now(UTC) - written) < timedelta(minutes=5)
        assert backend.written(client, "care") is None
