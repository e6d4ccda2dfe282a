"""`phi backend` on an account in memory: what it makes, what it says of the state, which locks it releases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from localaws import moto_fixes
from operations.backend import commands, create, move, place, status
from operations.mistakes import Mistake, Refused
from settings import load
from settings.stack import Settings

ROOT = Path(__file__).parents[2]
HOME, WEST = "ca-central-1", "ca-west-1"
ACCOUNT = "123456789012"
PROJECT, STACK = "phi-platform", "staging"


def client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region)


@pytest.fixture
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        moto_fixes.apply()
        yield


def settings(stack: str = STACK) -> Settings:
    return load.from_file(ROOT / f"Pulumi.{stack}.yaml")


def made() -> create.Plan:
    plan = create.planned(settings(), ACCOUNT)
    for step in create.steps(plan, client):
        step.make()
    return plan


def put(bucket: str, key: str, body: object) -> None:
    client("s3", HOME).put_object(Bucket=bucket, Key=key, Body=json.dumps(body).encode())


@pytest.fixture
def state() -> place.Place:
    """A bucket that keeps a state, without a policy: moto takes a refusal of plain HTTP for one of everything."""
    client("s3", HOME).create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": HOME})
    put("kept", f".pulumi/stacks/{PROJECT}/{STACK}.json", {})
    return place.place(f"s3://kept?region={HOME}")


def lock(there: place.Place, name: str = "one", stack: str = STACK) -> str:
    key = there.key("locks", "organization", PROJECT, stack, f"{name}.json")
    put(there.bucket, key, {"pid": 42, "username": "ada", "hostname": "desk"})
    return key


@pytest.mark.usefixtures("_account")
@pytest.mark.requirement("BER-OPS-02", "BER-DR-05", "BER-DR-06", "BER-DR-07")
def test_the_state_gets_private_versioned_encrypted_logged_buckets_in_two_regions() -> None:
    plan = made()
    assert set(plan.buckets) == {HOME, WEST}, "both in the jurisdiction"
    for region, bucket in plan.buckets.items():
        s3 = client("s3", region)
        assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == region
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        assert f":{region}:" in rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
        [statement] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
        assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetBucket"] == plan.logs[region]
        [keep] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert keep["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    [rule] = client("s3", HOME).get_bucket_replication(Bucket=plan.buckets[HOME])["ReplicationConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{plan.buckets[WEST]}"
    assert rule["Destination"]["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}


@pytest.mark.usefixtures("_account")
@pytest.mark.requirement("BER-N07")
def test_the_key_of_the_secrets_is_one_key_in_both_regions() -> None:
    plan = made()
    keys = [client("kms", region).describe_key(KeyId=plan.alias)["KeyMetadata"] for region in (HOME, WEST)]
    assert keys[0]["MultiRegion"]
    assert keys[0]["KeyId"] == keys[1]["KeyId"]
    assert [key["Arn"].split(":")[3] for key in keys] == [HOME, WEST]


@pytest.mark.usefixtures("_account")
def test_making_it_twice_changes_nothing() -> None:
    plan = made()
    assert all(step.there() for step in create.steps(plan, client))
    made()
    assert len(client("kms", HOME).list_keys()["Keys"]) == 1


@pytest.mark.usefixtures("_account")
def test_a_stack_that_builds_its_buckets_gets_the_key_only() -> None:
    plan = create.planned(settings("berthcare"), ACCOUNT)
    assert (plan.buckets, plan.url) == ({}, None)
    assert [step.what for step in create.steps(plan, client)] == [
        "key alias/berthcare-pulumi-state in ca-central-1", "its replica in ca-west-1",
    ]  # fmt: skip


@pytest.mark.usefixtures("_account")
@pytest.mark.requirement("BER-DR-11", "BER-DR-12", "BER-OPS-11")
def test_status_names_a_missing_copy_missing_versions_and_a_stale_lock(state: place.Place) -> None:
    lock(state)
    later = datetime.now(UTC) + timedelta(minutes=16)
    found = status.read(client, state, HOME, PROJECT, STACK, later)
    assert [each.user for each in found.locks] == ["ada"]
    assert [problem.split(":")[0] for problem in found.problems] == [
        "kept keeps no versions",
        "kept is not copied to another region.",
        f"Locked for 16 minutes by ada on desk, process 42, since {found.locks[0].taken}"[:-9].rpartition(":")[0],
    ]


@pytest.mark.usefixtures("_account")
@pytest.mark.requirement("BER-DR-12")
def test_status_tells_the_latency_and_a_copy_that_is_behind(state: place.Place) -> None:
    client("s3", WEST).create_bucket(Bucket="copy", CreateBucketConfiguration={"LocationConstraint": WEST})
    for bucket, region in (("kept", HOME), ("copy", WEST)):
        client("s3", region).put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "Rule-1", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"}, "Destination": {"Bucket": "arn:aws:s3:::copy"},
    }  # fmt: skip
    client("s3", HOME).put_bucket_replication(
        Bucket="kept",
        ReplicationConfiguration={"Role": f"arn:aws:iam::{ACCOUNT}:role/copies", "Rules": [rule]},
    )
    dimensions = {"SourceBucket": "kept", "DestinationBucket": "copy", "RuleId": "Rule-1"}
    client("cloudwatch", WEST).put_metric_data(
        Namespace="AWS/S3",
        MetricData=[{
            "MetricName": "ReplicationLatency", "Value": 42, "Timestamp": datetime.now(UTC),
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        }],
    )  # fmt: skip
    soon, later = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (1, 20))
    fresh = status.read(client, state, HOME, PROJECT, STACK, soon)
    assert (fresh.problems, fresh.latency_seconds) == ((), 42)
    assert fresh.copy is not None
    assert fresh.copy.written is None
    [problem] = status.read(client, state, HOME, PROJECT, STACK, later).problems
    assert problem.startswith("The copy in ca-west-1 lacks")


@pytest.mark.usefixtures("_account")
def test_a_state_that_is_not_there_is_a_mistake(state: place.Place) -> None:
    with pytest.raises(Mistake, match=r"s3://kept/\.pulumi/stacks/phi-platform/other\.json"):
        status.read(client, state, HOME, PROJECT, "other", datetime.now(UTC))
    with pytest.raises(Mistake, match="the bucket nowhere"):
        status.read(client, place.place("s3://nowhere"), HOME, PROJECT, STACK, datetime.now(UTC))


@pytest.mark.usefixtures("_account")
@pytest.mark.requirement("BER-OPS-11")
def test_only_a_lock_older_than_15_minutes_of_this_stack_is_released(
    state: place.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = lock(state), lock(state, "two", "production")
    run = CliRunner()
    asked = ["unlock", STACK, "--url", f"s3://kept?region={HOME}", "--yes"]
    young = run.invoke(commands.app, asked)
    assert (young.exit_code, "not released" in young.output) == (1, True)
    assert place.locks(client, state, HOME, PROJECT, STACK) != []

    monkeypatch.setattr(place, "STALE_MINUTES", 0)
    old = run.invoke(commands.app, asked)
    assert old.exit_code == 0
    assert "ada on desk, process 42" in old.output.replace("\n", " ")
    listed = client("s3", HOME).list_objects_v2(Bucket="kept", Prefix=".pulumi/locks/")["Contents"]
    held = [each["Key"] for each in listed]
    assert (key in held, other in held) == (False, True)


@pytest.mark.parametrize("url", ["", "file://~", "https://api.pulumi.com", "s3://"])
def test_a_backend_that_is_no_bucket_is_a_mistake(url: str) -> None:
    with pytest.raises(Mistake, match="expected s3://bucket"):
        place.place(url)


PROVIDER = "awskms://alias/clinic?region=ca-central-1&awssdk=v2"


@pytest.mark.requirement("BER-N07")
@pytest.mark.parametrize("works", [True, False])
def test_the_copy_of_the_key_opens_state_and_stack_file_or_both_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    """The engine is stood in for: moto's keys cannot decrypt what their copy in another region encrypted."""
    imported: list[str] = []

    def pulumi(*arguments: str, folder: Path) -> str:
        file = Path(arguments[arguments.index("--file") + 1])
        if "export" in arguments:
            secrets = {"type": "cloud", "state": {"url": PROVIDER, "encryptedkey": "sealed"}}
            file.write_text(json.dumps({"version": 3, "deployment": {"secrets_providers": secrets}}))
        elif not works:
            raise Refused("the key's copy does not answer")
        else:
            imported.append(str(move.provider_of(json.loads(file.read_text()))))
        return ""

    monkeypatch.setattr(move, "pulumi", pulumi)
    file = tmp_path / "Pulumi.staging.yaml"
    before = f"secretsprovider: {PROVIDER}\nencryptedkey: sealed\nconfig: {{}} # as it was\n"
    file.write_text(before)
    after = "awskms://alias/clinic?region=ca-west-1&awssdk=v2"
    if works:
        assert move.rehome(tmp_path, STACK, WEST) == after
        assert imported == [after]
        assert file.read_text() == before.replace(PROVIDER, after)
    else:
        with pytest.raises(Refused):
            move.rehome(tmp_path, STACK, WEST)
        assert file.read_text() == before


@pytest.mark.parametrize(("url", "found"), [(None, "a passphrase"), ("gcpkms://key", "gcpkms://key")])
def test_secrets_under_no_kms_key_have_no_copy(url: str | None, found: str) -> None:
    with pytest.raises(Mistake, match=f"found {found}"):
        move.in_region(url, WEST)
