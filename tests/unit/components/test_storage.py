"""Buckets: names, encryption, versions, lifecycle, logs, copies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.bucket import BucketArgs, ObjectLock
from components.scope import DataClass
from components.storage import Storage, StorageArgs
from settings.naming import NamingSettings
from settings.observability import LockMode
from settings.storage import ArchiveClass, LifecycleSettings, StorageSettings
from tests.unit.components.scopes import KEY_ARN, RECOVERY_KEY_ARN, scope
from tests.unit.conftest import Recorder

RECORDED = {purpose: {"served_by_cdn": True} for purpose in ("photos", "documents", "signatures")}
BUCKET = "aws:s3/bucket:Bucket"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"


def build(
    recorded: Recorder,
    buckets: dict[str, Any] | None = None,
    *,
    recovery: bool = False,
    protect: bool = False,
    naming: NamingSettings | None = None,
    **settings: Any,
) -> Storage:
    section = StorageSettings.model_validate({"buckets": RECORDED if buckets is None else buckets, **settings})
    args = StorageArgs(
        scope=scope(protect=protect, naming=naming),
        settings=section,
        kms_key_arn=KEY_ARN,
        recovery_region="ca-west-1" if recovery else None,
        recovery_kms_key_arn=RECOVERY_KEY_ARN if recovery else None,
    )
    return recorded.run(lambda: Storage("storage", args))


def sidecars(recorded: Recorder, kind: str) -> dict[str, dict[str, Any]]:
    """Bucket name → inputs of its side resource."""
    type_ = f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}"
    return {inputs["bucket"]: inputs for _, inputs in recorded.of(type_)}


@pytest.mark.requirement("BER-STO-01", "BER-STO-02", "BER-STO-03", "BER-STO-04", "BER-TAG-02")
def test_the_recorded_buckets_have_the_recorded_names(recorded: Recorder) -> None:
    build(recorded)
    assert sorted(inputs["bucket"] for _, inputs in recorded.of(BUCKET)) == [
        "berthcare-documents-staging",
        "berthcare-logs-staging",
        "berthcare-photos-staging",
        "berthcare-signatures-staging",
    ]


@pytest.mark.requirement("BER-STO-11")
def test_a_suffix_ends_every_name(recorded: Recorder) -> None:
    build(recorded, recovery=True, naming=NamingSettings(bucket="{system}-{part}-{environment}-7x"))
    names = [inputs["bucket"] for _, inputs in recorded.of(BUCKET)]
    assert all("-staging-7x" in name for name in names)
    assert "berthcare-photos-staging-7x-dr" in names


@pytest.mark.requirement("BER-STO-05", "BER-STO-08")
def test_every_bucket_is_versioned_private_without_acls_and_never_emptied(recorded: Recorder) -> None:
    build(recorded, recovery=True)
    names = {inputs["bucket"] for _, inputs in recorded.of(BUCKET)}
    assert len(names) == 8
    for kind in ("BucketVersioning", "BucketPublicAccessBlock", "BucketOwnershipControls"):
        assert sidecars(recorded, kind).keys() == names
    for versioning in sidecars(recorded, "BucketVersioning").values():
        assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    for block in sidecars(recorded, "BucketPublicAccessBlock").values():
        flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        assert [block[flag] for flag in flags] == [True] * 4
    for controls in sidecars(recorded, "BucketOwnershipControls").values():
        assert controls["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    for _, bucket in recorded.of(BUCKET):
        assert bucket["forceDestroy"] is False
        assert "acl" not in bucket
    assert recorded.count("aws:s3/bucketAcl:BucketAcl") == 0


@pytest.mark.requirement("BER-STO-06", "BER-N09", "ALL-06")
def test_data_buckets_use_the_customer_key_and_the_logs_bucket_aes256(recorded: Recorder) -> None:
    build(recorded)
    rules = {
        name: inputs["rules"][0]
        for name, inputs in sidecars(recorded, "BucketServerSideEncryptionConfiguration").items()
    }
    logs = rules.pop("berthcare-logs-staging")
    assert logs["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert len(rules) == 3
    for rule in rules.values():
        default = rule["applyServerSideEncryptionByDefault"]
        assert default == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY_ARN}
        assert rule["bucketKeyEnabled"] is True
    assert all(rule["blockedEncryptionTypes"] == ["SSE-C"] for rule in [logs, *rules.values()])


@pytest.mark.requirement("BER-STO-07", "BER-STO-10", "BER-N19")
def test_old_objects_move_where_the_cdn_can_still_serve_them(recorded: Recorder) -> None:
    build(recorded)
    rules = {name: inputs["rules"][0] for name, inputs in sidecars(recorded, "BucketLifecycleConfiguration").items()}
    assert rules["berthcare-photos-staging"]["transitions"] == [{"storageClass": "GLACIER_IR", "days": 365}]
    assert rules["berthcare-logs-staging"]["transitions"] == [
        {"storageClass": "GLACIER", "days": 365},
        {"storageClass": "DEEP_ARCHIVE", "days": 2555},
    ]
    for rule in rules.values():
        assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 90}
        assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
        assert "expiration" not in rule


def test_a_bucket_nobody_serves_is_archived_in_glacier_and_expires_when_told(recorded: Recorder) -> None:
    build(recorded, {"uploads": {"lifecycle": {"archive_days": 30, "expire_days": 400}}})
    rule = sidecars(recorded, "BucketLifecycleConfiguration")["berthcare-uploads-staging"]["rules"][0]
    assert rule["transitions"] == [{"storageClass": "GLACIER", "days": 30}]
    assert rule["expiration"] == {"days": 400}


@pytest.mark.requirement("BER-STO-09", "BER-OBS-12")
def test_every_data_bucket_logs_into_the_logs_bucket_and_that_one_into_none(recorded: Recorder) -> None:
    build(recorded)
    logging = sidecars(recorded, "BucketLogging")
    assert "berthcare-logs-staging" not in logging
    assert len(logging) == 3
    for name, inputs in logging.items():
        assert (inputs["targetBucket"], inputs["targetPrefix"]) == ("berthcare-logs-staging", f"s3/{name}/")
    policy = recorded.one("aws:s3/bucketPolicy:BucketPolicy", "storage-logs-policy")
    entry = recorded.one("aws:s3/bucketLogging:BucketLogging", "storage-photos-logging")
    assert policy.urn in entry.dependencies  # S3 refuses a target that does not admit it yet


@pytest.mark.requirement("BER-EDG-05")
def test_buckets_of_the_cdn_leave_their_policy_to_it_and_the_others_have_one(recorded: Recorder) -> None:
    storage = build(recorded, {"photos": {"served_by_cdn": True}, "notes": {}})
    assert sidecars(recorded, "BucketPolicy").keys() == {"berthcare-logs-staging", "berthcare-notes-staging"}
    assert [statement["Sid"] for statement in storage.buckets["photos"].refusals] == [
        "TlsOnly", "Tls12OrNewer", "KmsOnly", "OwnKeysOnly",
    ]  # fmt: skip


@pytest.mark.requirement("ALL-08")
def test_policies_refuse_first_and_data_buckets_allow_nothing(recorded: Recorder) -> None:
    build(recorded, {"notes": {}})
    policies = {name: json.loads(p["policy"])["Statement"] for name, p in sidecars(recorded, "BucketPolicy").items()}
    assert {s["Effect"] for s in policies["berthcare-notes-staging"]} == {"Deny"}
    assert [s["Sid"] for s in policies["berthcare-logs-staging"]] == [
        "TlsOnly", "Tls12OrNewer", "S3AccessLogs", "LoadBalancerLogs", "CdnLogs",
    ]  # fmt: skip


@pytest.mark.requirement("ALL-12")
@pytest.mark.parametrize("protect", [False, True])
def test_buckets_are_protected_where_the_scope_says_so(recorded: Recorder, protect: bool) -> None:
    build(recorded, protect=protect, recovery=True)
    assert {entry.protect for entry in recorded.all(BUCKET)} == {protect}


@pytest.mark.requirement("ALL-11", "BER-TAG-01")
def test_the_tag_says_what_a_bucket_holds(recorded: Recorder) -> None:
    build(recorded, {"photos": {}, "site": {"data_class": "internal"}})
    classes = {inputs["bucket"]: inputs["tags"]["DataClass"] for _, inputs in recorded.of(BUCKET)}
    assert classes == {
        "berthcare-logs-staging": "internal",
        "berthcare-photos-staging": "phi",
        "berthcare-site-staging": "internal",
    }


def test_no_recovery_region_means_no_copies(recorded: Recorder) -> None:
    storage = build(recorded)
    assert storage.replicas == {}
    assert recorded.count(REPLICATION) == 0
    assert recorded.count("aws:iam/role:Role") == 0
    assert all("region" not in inputs for _, inputs in recorded.of(BUCKET))


@pytest.mark.requirement("BER-DR-04", "BER-DR-07", "BER-DR-14", "BER-N01", "ALL-15")
def test_patient_buckets_are_copied_within_15_minutes_to_the_recovery_region(recorded: Recorder) -> None:
    storage = build(recorded, {"photos": {}, "site": {"data_class": "internal"}}, recovery=True)
    assert {purpose: info.name for purpose, info in storage.replicas.items()} == {
        "photos": "berthcare-photos-staging-dr"
    }
    abroad = {inputs["bucket"] for _, inputs in recorded.of(BUCKET) if inputs.get("region") == "ca-west-1"}
    assert abroad == {"berthcare-logs-staging-dr", "berthcare-photos-staging-dr"}
    config = recorded.one(REPLICATION)
    (rule,) = config.inputs["rules"]
    assert (rule["id"], rule["status"], rule["priority"]) == ("Rule-1", "Enabled", 1)
    assert rule["deleteMarkerReplication"] == {"status": "Enabled"}
    assert rule["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}
    assert rule["destination"] == {
        "bucket": "arn:aws:s3:::berthcare-photos-staging-dr",
        "encryptionConfiguration": {"replicaKmsKeyId": RECOVERY_KEY_ARN},
        "replicationTime": {"status": "Enabled", "time": {"minutes": 15}},
        "metrics": {"status": "Enabled", "eventThreshold": {"minutes": 15}},
    }


def test_replication_waits_for_versioning_of_both_buckets_and_for_its_permissions(recorded: Recorder) -> None:
    build(recorded, {"photos": {}}, recovery=True)
    dependencies = recorded.one(REPLICATION).dependencies
    for name in ("storage-photos-versioning", "storage-photos-dr-versioning"):
        assert recorded.one("aws:s3/bucketVersioning:BucketVersioning", name).urn in dependencies
    assert recorded.one("aws:iam/rolePolicy:RolePolicy").urn in dependencies


def test_side_resources_of_a_copy_live_where_the_copy_lives(recorded: Recorder) -> None:
    build(recorded, {"photos": {}}, recovery=True)
    for entry in recorded.registrations:
        if entry.custom and str(entry.inputs.get("bucket", "")).endswith("-dr"):
            assert entry.inputs["region"] == "ca-west-1", entry.name
    logging = sidecars(recorded, "BucketLogging")
    assert logging["berthcare-photos-staging-dr"]["targetBucket"] == "berthcare-logs-staging-dr"


@pytest.mark.requirement("BER-DR-08", "BER-N18")
def test_the_replication_role_reads_sources_writes_copies_and_uses_two_keys(recorded: Recorder) -> None:
    build(recorded, {"photos": {}}, recovery=True)
    trust = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert [s["Principal"] for s in trust["Statement"]] == [{"Service": "s3.amazonaws.com"}]
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy").inputs
    assert policy["name"] == "ReplicationPolicy"
    by_sid = {s["Sid"]: s for s in json.loads(policy["policy"])["Statement"]}
    source, copy = "arn:aws:s3:::berthcare-photos-staging", "arn:aws:s3:::berthcare-photos-staging-dr"
    assert by_sid["ReadConfiguration"]["Resource"] == [source]
    assert "s3:GetObjectVersionTagging" in by_sid["ReadVersions"]["Action"]
    assert by_sid["ReadVersions"]["Resource"] == [f"{source}/*"]
    assert "s3:ReplicateTags" in by_sid["WriteCopies"]["Action"]
    assert by_sid["WriteCopies"]["Resource"] == [f"{copy}/*"]
    decrypt, encrypt = by_sid["DecryptSources"], by_sid["EncryptCopies"]
    assert decrypt["Condition"]["StringEquals"] == {"kms:ViaService": "s3.ca-central-1.amazonaws.com"}
    assert encrypt["Condition"]["StringEquals"] == {"kms:ViaService": "s3.ca-west-1.amazonaws.com"}
    assert all(s["Resource"] != "*" for s in by_sid.values())


def test_cors_names_exact_origins(recorded: Recorder) -> None:
    build(recorded, {"uploads": {"cors": {"origins": ["https://app.example.org"], "methods": ["PUT"]}}, "notes": {}})
    (cors,) = recorded.of("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration")
    (rule,) = cors[1]["corsRules"]
    assert (rule["allowedOrigins"], rule["allowedMethods"]) == (["https://app.example.org"], ["PUT"])


def test_every_name_and_document_is_known_before_anything_exists(recorded: Recorder) -> None:
    storage = build(recorded)
    assert storage.buckets["photos"].name == "berthcare-photos-staging"
    assert storage.buckets["photos"].arn == "arn:aws:s3:::berthcare-photos-staging"


def test_one_recovery_argument_without_the_other_is_refused() -> None:
    with pytest.raises(ValueError, match="both or neither"):
        StorageArgs(scope=scope(), settings=StorageSettings(), kms_key_arn=KEY_ARN, recovery_region="ca-west-1")


@pytest.mark.parametrize("name", ["ab", "Upper-case", "a" * 64, "dots.here", "under_score"])
def test_a_name_s3_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="bucket_name"):
        BucketArgs(
            scope=scope(),
            bucket_name=name,
            data_class=DataClass.PHI,
            lifecycle=LifecycleSettings(),
            archive_class=ArchiveClass.FLEXIBLE,
            kms_key_arn=KEY_ARN,
            logs_bucket=None,
            lock=ObjectLock(mode=LockMode.GOVERNANCE, days=1),
        )
