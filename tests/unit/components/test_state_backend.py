"""The state's two buckets: private, versioned, the same within 15 minutes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from components.state_backend import StateBackend, StateBackendArgs
from settings.recovery import StateBackendSettings
from tests.unit.components.scopes import scope
from tests.unit.conftest import Recorder

BUCKET, COPY = "berthcare-terraform-state", "berthcare-terraform-state-dr"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"


def build(recorded: Recorder, *, protect: bool = False, **settings: Any) -> StateBackend:
    args = StateBackendArgs(
        scope=scope(protect=protect),
        settings=StateBackendSettings.model_validate({"bucket": BUCKET, "replica_bucket": COPY, **settings}),
        logs_bucket_name="berthcare-logs-staging",
        recovery_region="ca-west-1",
    )
    return recorded.run(lambda: StateBackend("state", args))


def sidecars(recorded: Recorder, kind: str) -> dict[str, dict[str, Any]]:
    """Bucket name → inputs of its side resource."""
    return {inputs["bucket"]: inputs for _, inputs in recorded.of(f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}")}


def rule(recorded: Recorder) -> dict[str, Any]:
    build(recorded)
    (only,) = recorded.one(REPLICATION).inputs["rules"]
    return only


@pytest.mark.requirement("BER-DR-05", "BER-OPS-02", "BER-N01", "BER-N05", "ALL-15")
def test_the_second_bucket_is_in_the_recovery_region_under_its_own_name(recorded: Recorder) -> None:
    backend = build(recorded)
    regions = {inputs["bucket"]: inputs.get("region") for _, inputs in recorded.of("aws:s3/bucket:Bucket")}
    assert regions == {BUCKET: None, COPY: "ca-west-1"}
    assert (backend.bucket_name, backend.replica_bucket_name) == (BUCKET, COPY)
    for entry in recorded.registrations:
        if entry.inputs.get("bucket") == COPY:
            assert entry.inputs["region"] == "ca-west-1", entry.name


@pytest.mark.requirement("BER-N05")
def test_one_name_for_both_buckets_is_refused() -> None:
    with pytest.raises(ValidationError, match="replica_bucket"):
        StateBackendSettings(bucket=BUCKET, replica_bucket=BUCKET)


@pytest.mark.requirement("BER-DR-05", "BER-DR-06", "ALL-09")
def test_both_buckets_are_versioned(recorded: Recorder) -> None:
    build(recorded)
    versioning = sidecars(recorded, "BucketVersioning")
    assert {name: inputs["versioningConfiguration"] for name, inputs in versioning.items()} == {
        BUCKET: {"status": "Enabled"},
        COPY: {"status": "Enabled"},
    }


@pytest.mark.requirement("BER-DR-05", "BER-N07", "ALL-09")
def test_both_buckets_use_aes256_so_that_no_lost_key_closes_the_state(recorded: Recorder) -> None:
    build(recorded)
    found = sidecars(recorded, "BucketServerSideEncryptionConfiguration")
    assert found.keys() == {BUCKET, COPY}
    for inputs in found.values():
        (only,) = inputs["rules"]
        assert only["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


@pytest.mark.requirement("BER-N18", "ALL-09")
def test_both_buckets_block_public_access(recorded: Recorder) -> None:
    build(recorded)
    found = sidecars(recorded, "BucketPublicAccessBlock")
    assert found.keys() == {BUCKET, COPY}
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(inputs[flag] is True for inputs in found.values() for flag in flags)


@pytest.mark.requirement("ALL-08")
def test_both_buckets_refuse_plain_http(recorded: Recorder) -> None:
    build(recorded)
    policies = sidecars(recorded, "BucketPolicy")
    assert policies.keys() == {BUCKET, COPY}
    for inputs in policies.values():
        refusals = [s for s in json.loads(inputs["policy"])["Statement"] if s["Effect"] == "Deny"]
        assert any(s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for s in refusals)


@pytest.mark.requirement("BER-DR-06", "BER-DR-07")
def test_the_whole_bucket_is_copied_with_delete_markers_within_fifteen_minutes(recorded: Recorder) -> None:
    found = rule(recorded)
    assert (found["id"], found["status"], found["priority"]) == ("Rule-1", "Enabled", 1)
    assert found["filter"] == {"prefix": ""}
    assert found["deleteMarkerReplication"] == {"status": "Enabled"}
    assert found["destination"] == {
        "bucket": f"arn:aws:s3:::{COPY}",
        "replicationTime": {"status": "Enabled", "time": {"minutes": 15}},
        "metrics": {"status": "Enabled", "eventThreshold": {"minutes": 15}},
    }
    assert recorded.one(REPLICATION).inputs["bucket"] == BUCKET


@pytest.mark.requirement("BER-DR-06")
def test_replication_waits_for_both_buckets_and_its_permissions(recorded: Recorder) -> None:
    build(recorded)
    dependencies = recorded.one(REPLICATION).dependencies
    for name in ("state-primary-versioning", "state-replica-versioning"):
        assert recorded.one("aws:s3/bucketVersioning:BucketVersioning", name).urn in dependencies
    assert recorded.one(ROLE_POLICY).urn in dependencies


@pytest.mark.requirement("BER-DR-08", "BER-N18")
def test_the_role_has_the_recorded_name_and_permissions_and_those_for_tags(recorded: Recorder) -> None:
    build(recorded)
    role, policy = recorded.one(ROLE).inputs, recorded.one(ROLE_POLICY).inputs
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert (role["name"], trust["Principal"]) == (
        "S3TerraformStateReplicationRole",
        {"Service": "s3.amazonaws.com"},
    )
    assert policy["name"] == "ReplicationPolicy"
    granted = {tuple(s["Resource"]): set(s["Action"]) for s in json.loads(policy["policy"])["Statement"]}
    assert granted == {
        (f"arn:aws:s3:::{BUCKET}",): {"s3:GetReplicationConfiguration", "s3:ListBucket"},
        (f"arn:aws:s3:::{BUCKET}/*",): {
            "s3:GetObjectVersionForReplication",
            "s3:GetObjectVersionAcl",
            "s3:GetObjectVersionTagging",
        },
        (f"arn:aws:s3:::{COPY}/*",): {"s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"},
    }


@pytest.mark.requirement("BER-OBS-12")
def test_access_to_the_state_is_logged(recorded: Recorder) -> None:
    build(recorded)
    logging = sidecars(recorded, "BucketLogging")[BUCKET]
    assert (logging["targetBucket"], logging["targetPrefix"]) == ("berthcare-logs-staging", f"s3/{BUCKET}/")


@pytest.mark.requirement("ALL-12")
@pytest.mark.parametrize("protect", [False, True])
def test_both_buckets_are_protected_in_production_and_never_emptied(recorded: Recorder, protect: bool) -> None:
    build(recorded, protect=protect)
    buckets = recorded.all("aws:s3/bucket:Bucket")
    assert [bucket.protect for bucket in buckets] == [protect] * 2
    assert all(bucket.inputs["forceDestroy"] is False for bucket in buckets)


@pytest.mark.requirement("BER-N03", "ALL-09", "BER-DR-09", "BER-DR-10")
def test_no_lock_table_is_made(recorded: Recorder) -> None:
    build(recorded)
    assert not any("dynamodb" in type_ for type_ in recorded.types)


@pytest.mark.requirement("ALL-11", "BER-TAG-01")
def test_everything_is_tagged_as_internal(recorded: Recorder) -> None:
    build(recorded)
    tagged = [entry.inputs["tags"] for entry in recorded.registrations if "tags" in entry.inputs]
    assert len(tagged) >= 3
    assert all(tags["DataClass"] == "internal" and tags["Project"] == "berthcare" for tags in tagged)
