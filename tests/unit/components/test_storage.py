"""Buckets: names, encryption, versions, lifecycle, logs, copies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from components.bucket import BucketArgs, ObjectLock
from components.scope import DataClass
from components.storage import Storage, StorageArgs
from settings.naming import NamingSettings
from settings.observability import LockMode
from settings.storage import ArchiveClass, BucketSettings, LifecycleSettings, StorageSettings
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
        "TlsOnly", "Tls12OrNewer", "S3AccessLogs", "LoadBalancerLogs", "CdnLogs", "FlowLogs", "FlowLogsCheck",
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


VIDEOS = {"encryption": "s3-managed", "versioned": False, "lifecycle": {"archive_days": 90, "expire_days": 365}}
FILES = {"encryption": "s3-managed", "lifecycle": {"archive_days": None, "noncurrent_days": 30}}
TIERING = "BucketIntelligentTieringConfiguration"


def lifecycle(recorded: Recorder, purpose: str) -> dict[str, Any]:
    (rule,) = sidecars(recorded, "BucketLifecycleConfiguration")[f"berthcare-{purpose}-staging"]["rules"]
    return rule


@pytest.mark.requirement("MSP-STO-02", "MSP-STO-05", "MSP-N21")
def test_a_bucket_may_leave_its_key_to_s3_and_its_copy_does_the_same(recorded: Recorder) -> None:
    build(recorded, {"files": FILES, "notes": {}}, recovery=True)
    configured = sidecars(recorded, "BucketServerSideEncryptionConfiguration")
    default = {name: entry["rules"][0]["applyServerSideEncryptionByDefault"] for name, entry in configured.items()}
    for name in ("berthcare-files-staging", "berthcare-files-staging-dr"):
        assert default[name] == {"sseAlgorithm": "AES256"}
        assert configured[name]["rules"][0]["blockedEncryptionTypes"] == ["SSE-C"]
    assert default["berthcare-notes-staging"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY_ARN}
    rules = {name: entry["rules"][0] for name, entry in sidecars(recorded, "BucketReplicationConfig").items()}
    assert "sourceSelectionCriteria" not in rules["berthcare-files-staging"]
    assert "encryptionConfiguration" not in rules["berthcare-files-staging"]["destination"]
    assert rules["berthcare-notes-staging"]["destination"]["encryptionConfiguration"]
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    (decrypt,) = (statement for statement in policy if statement["Sid"] == "DecryptSources")
    assert not any("files" in arn for arn in decrypt["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"])


@pytest.mark.requirement("MSP-STO-02")
def test_without_a_customer_key_the_policy_does_not_ask_for_one(recorded: Recorder) -> None:
    storage = build(recorded, {"files": FILES})
    assert [statement["Sid"] for statement in storage.buckets["files"].refusals] == ["TlsOnly", "Tls12OrNewer"]


@pytest.mark.requirement("MSP-STO-03", "MSP-DR-02")
def test_replaced_and_deleted_files_come_back_for_thirty_days(recorded: Recorder) -> None:
    build(recorded, {"files": FILES})
    assert sidecars(recorded, "BucketVersioning")["berthcare-files-staging"]["versioningConfiguration"] == {
        "status": "Enabled"
    }
    rule = lifecycle(recorded, "files")
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert rule["transitions"] == []
    assert "expiration" not in rule


@pytest.mark.requirement("MSP-STO-06", "MSP-STO-07", "MSP-STO-08", "MSP-N06")
def test_large_recordings_keep_no_versions_are_archived_readable_and_end_after_a_year(recorded: Recorder) -> None:
    storage = build(recorded, {"videos": {**VIDEOS, "served_by_cdn": True}}, recovery=True)
    assert "berthcare-videos-staging" not in sidecars(recorded, "BucketVersioning")
    rule = lifecycle(recorded, "videos")
    assert rule["transitions"] == [{"storageClass": "GLACIER_IR", "days": 90}]
    assert rule["expiration"] == {"days": 365}
    assert "noncurrentVersionExpiration" not in rule
    assert storage.replicas == {}
    assert storage.buckets["videos"].name == "berthcare-videos-staging"


@pytest.mark.requirement("MSP-STO-09")
def test_buckets_without_versions_or_customer_key_are_as_private_as_the_others(recorded: Recorder) -> None:
    build(recorded, {"files": FILES, "videos": VIDEOS})
    names = {inputs["bucket"] for _, inputs in recorded.of(BUCKET)}
    assert sidecars(recorded, "BucketPublicAccessBlock").keys() == names
    assert all(all(v for k, v in b.items() if k.startswith(("block", "ignore", "restrict")))
               for b in sidecars(recorded, "BucketPublicAccessBlock").values())  # fmt: skip


@pytest.mark.requirement("MSP-STO-11", "FAC-STO-06")
def test_tiering_moves_objects_after_its_days_and_archives_only_when_told(recorded: Recorder) -> None:
    files = {"lifecycle": {"archive_days": None}, "tiering": {"archive_days": 120, "deep_archive_days": 180}}
    backups = {"lifecycle": {"archive_days": None}, "tiering": {"after_days": 90}}
    build(recorded, {"files": files, "backups": backups})
    assert lifecycle(recorded, "files")["transitions"] == [{"storageClass": "INTELLIGENT_TIERING", "days": 0}]
    assert lifecycle(recorded, "backups")["transitions"] == [{"storageClass": "INTELLIGENT_TIERING", "days": 90}]
    assert sidecars(recorded, TIERING).keys() == {"berthcare-files-staging"}
    configured = sidecars(recorded, TIERING)["berthcare-files-staging"]
    assert (configured["name"], configured["status"]) == ("archive", "Enabled")
    assert configured["tierings"] == [
        {"accessTier": "ARCHIVE_ACCESS", "days": 120},
        {"accessTier": "DEEP_ARCHIVE_ACCESS", "days": 180},
    ]


def test_tiering_is_off_by_default(recorded: Recorder) -> None:
    build(recorded)
    assert sidecars(recorded, TIERING) == {}
    assert all("INTELLIGENT" not in json.dumps(entry) for _, entry in recorded.of(BUCKET))


def test_a_locked_bucket_has_a_locked_copy_whose_locks_may_be_copied(recorded: Recorder) -> None:
    build(recorded, {"consents": {"object_lock": {"mode": "COMPLIANCE", "days": 2192}}, "notes": {}}, recovery=True)
    locked = {inputs["bucket"] for _, inputs in recorded.of(BUCKET) if inputs["objectLockEnabled"]}
    assert locked == {"berthcare-consents-staging", "berthcare-consents-staging-dr"}
    for entry in sidecars(recorded, "BucketObjectLockConfiguration").values():
        assert entry["rule"]["defaultRetention"] == {"mode": "COMPLIANCE", "days": 2192}
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    (locks,) = (statement for statement in policy if statement["Sid"] == "ReadLocks")
    assert locks["Resource"] == ["arn:aws:s3:::berthcare-consents-staging/*"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"versioned": False, "replicated": True}, "replicated: expected false"),
        ({"versioned": False, "object_lock": {"days": 1}}, "object_lock: expected nothing"),
        ({"tiering": {}}, r"lifecycle\.archive_days: expected null"),
        ({"tiering": {"archive_days": 90}, "served_by_cdn": True, "lifecycle": {"archive_days": None}}, "tiering"),
        ({"tiering": {"archive_days": 200, "deep_archive_days": 180}}, "deep_archive_days: expected more"),
    ],
)
def test_settings_that_s3_or_the_cdn_would_refuse_are_refused_first(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BucketSettings.model_validate(values)


@pytest.mark.requirement("MSP-STO-06")
def test_patient_objects_without_versions_have_no_copy_even_where_others_have() -> None:
    assert BucketSettings().wants_replica is True
    assert BucketSettings(versioned=False).wants_replica is False


@pytest.mark.requirement("FAC-STO-01", "FAC-STO-02", "FAC-STO-03", "FAC-STO-04", "FAC-STO-05", "FAC-N01", "FAC-N02")
def test_facnets_buckets_end_in_the_account_have_keys_and_logs(recorded: Recorder) -> None:
    naming = NamingSettings(environment="prod", bucket="{system}-{part}-{environment}-{account}")
    build(recorded, {"uploads": {}, "backups": {}, "deployments": {"data_class": "internal"}}, naming=naming)
    names = {f"berthcare-{purpose}-prod-111122223333" for purpose in ("uploads", "backups", "deployments")}
    assert sidecars(recorded, "BucketLogging").keys() == names
    configured = sidecars(recorded, "BucketServerSideEncryptionConfiguration")
    for name in names:
        (rule,) = configured[name]["rules"]
        assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == KEY_ARN


@pytest.mark.requirement("MSP-N20")
def test_browsers_of_the_frontend_may_upload(recorded: Recorder) -> None:
    cors = {"origins": ["https://app.example.org", "https://example.org"], "methods": ["GET", "PUT", "POST", "HEAD"]}
    build(recorded, {"files": {**FILES, "cors": cors}})
    (rule,) = sidecars(recorded, "BucketCorsConfiguration")["berthcare-files-staging"]["corsRules"]
    assert rule["allowedMethods"] == ["GET", "PUT", "POST", "HEAD"]
    assert rule["exposeHeaders"] == ["ETag"]
