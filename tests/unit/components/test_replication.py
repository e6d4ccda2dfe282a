"""Copies of buckets: whole, encrypted again, prompt, with just the permissions they need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from components.replication import ReplicaPair, Replication, ReplicationArgs
from components.scope import Scope
from tests.unit.components.scopes import ACCOUNT_ID, RECOVERY_KEY_ARN, scope
from tests.unit.conftest import Recorder

CONFIG = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"


def pair(purpose: str) -> ReplicaPair:
    source = f"berthcare-{purpose}-staging"
    return ReplicaPair(source_name=source, replica_name=f"{source}-dr", source=source, replica=f"{source}-dr")


def build(
    recorded: Recorder, purposes: Sequence[str] = ("photos", "documents"), where: Scope | None = None
) -> Replication:
    args = ReplicationArgs(
        scope=where or scope(),
        pairs={purpose: pair(purpose) for purpose in purposes},
        replica_region="ca-west-1",
        replica_kms_key_arn=RECOVERY_KEY_ARN,
    )
    return recorded.run(lambda: Replication("replication", args))


def rules(recorded: Recorder) -> dict[str, dict[str, Any]]:
    """Source bucket → its only rule."""
    build(recorded)
    found = {inputs["bucket"]: inputs["rules"] for _, inputs in recorded.of(CONFIG)}
    assert all(len(each) == 1 for each in found.values())
    return {bucket: each[0] for bucket, each in found.items()}


def statements(recorded: Recorder) -> dict[str, dict[str, Any]]:
    build(recorded)
    return {s["Sid"]: s for s in json.loads(recorded.one(ROLE_POLICY).inputs["policy"])["Statement"]}


@pytest.mark.requirement("BER-DR-04")
def test_every_bucket_has_one_rule_to_its_own_copy(recorded: Recorder) -> None:
    assert {bucket: rule["destination"]["bucket"] for bucket, rule in rules(recorded).items()} == {
        "berthcare-photos-staging": "arn:aws:s3:::berthcare-photos-staging-dr",
        "berthcare-documents-staging": "arn:aws:s3:::berthcare-documents-staging-dr",
    }
    assert sorted(name for name, _ in recorded.of(CONFIG)) == ["replication-documents", "replication-photos"]


@pytest.mark.requirement("BER-DR-07", "BER-N06")
def test_a_rule_copies_the_whole_bucket_with_its_delete_markers_under_a_known_id(recorded: Recorder) -> None:
    for rule in rules(recorded).values():
        assert (rule["id"], rule["status"], rule["priority"]) == ("Rule-1", "Enabled", 1)
        assert rule["filter"] == {"prefix": ""}
        assert rule["deleteMarkerReplication"] == {"status": "Enabled"}


@pytest.mark.requirement("BER-DR-04", "BER-DR-07")
def test_copies_are_there_within_fifteen_minutes_and_measured(recorded: Recorder) -> None:
    for rule in rules(recorded).values():
        assert rule["destination"]["replicationTime"] == {"status": "Enabled", "time": {"minutes": 15}}
        assert rule["destination"]["metrics"] == {"status": "Enabled", "eventThreshold": {"minutes": 15}}


@pytest.mark.requirement("ALL-19")
def test_encrypted_objects_are_encrypted_again_with_the_other_regions_key(recorded: Recorder) -> None:
    for rule in rules(recorded).values():
        assert rule["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}
        assert rule["destination"]["encryptionConfiguration"] == {"replicaKmsKeyId": RECOVERY_KEY_ARN}


@pytest.mark.requirement("BER-DR-08", "BER-N18")
def test_the_role_reads_the_sources_and_writes_the_copies_and_nothing_else(recorded: Recorder) -> None:
    found = statements(recorded)
    sources = ["arn:aws:s3:::berthcare-photos-staging", "arn:aws:s3:::berthcare-documents-staging"]
    assert all(statement["Effect"] == "Allow" for statement in found.values())
    assert found["ReadConfiguration"]["Resource"] == sources
    assert found["ReadConfiguration"]["Action"] == ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    assert found["ReadVersions"]["Resource"] == [f"{arn}/*" for arn in sources]
    assert found["ReadVersions"]["Action"] == [
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionTagging",
    ]
    assert found["WriteCopies"]["Resource"] == [f"{arn}-dr/*" for arn in sources]
    assert found["WriteCopies"]["Action"] == ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
    assert found.keys() == {"ReadConfiguration", "ReadVersions", "WriteCopies", "DecryptSources", "EncryptCopies"}


@pytest.mark.requirement("ALL-19", "BER-DR-08")
@pytest.mark.parametrize(
    ("sid", "region", "ending"), [("DecryptSources", "ca-central-1", ""), ("EncryptCopies", "ca-west-1", "-dr")]
)
def test_keys_are_used_for_just_these_buckets_through_s3(
    recorded: Recorder, sid: str, region: str, ending: str
) -> None:
    statement = statements(recorded)[sid]
    buckets = [f"arn:aws:s3:::berthcare-{purpose}-staging{ending}" for purpose in ("photos", "documents")]
    assert statement["Resource"] == f"arn:aws:kms:{region}:{ACCOUNT_ID}:key/*"
    assert statement["Condition"] == {
        "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [*buckets, *(f"{arn}/*" for arn in buckets)]},
    }


def test_sources_are_only_read_and_copies_only_written_with_their_keys(recorded: Recorder) -> None:
    found = statements(recorded)
    assert found["DecryptSources"]["Action"] == ["kms:Decrypt"]
    assert found["EncryptCopies"]["Action"] == ["kms:Encrypt", "kms:GenerateDataKey"]


@pytest.mark.requirement("BER-DR-08")
def test_only_s3_takes_the_role_and_it_has_its_permissions_first(recorded: Recorder) -> None:
    build(recorded)
    (trust,) = json.loads(recorded.one(ROLE).inputs["assumeRolePolicy"])["Statement"]
    assert (trust["Principal"], trust["Action"]) == ({"Service": "s3.amazonaws.com"}, "sts:AssumeRole")
    for entry in recorded.all(CONFIG):
        assert recorded.one(ROLE_POLICY).urn in entry.dependencies
        assert entry.inputs["role"] == recorded.one(ROLE).outputs["arn"]


@pytest.mark.requirement("BER-TAG-01", "BER-TAG-02", "ALL-11")
def test_the_role_is_named_and_tagged_as_the_rest(recorded: Recorder) -> None:
    build(recorded)
    role = recorded.one(ROLE).inputs
    assert role["name"] == "berthcare-staging-replication"
    assert role["tags"] == {"Project": "berthcare", "DataClass": "internal", "Name": role["name"]}


def test_the_longest_names_fit(recorded: Recorder) -> None:
    build(recorded, where=replace(scope(), system="a" * 20, environment="development"))
    assert len(recorded.one(ROLE).inputs["name"]) <= 64
