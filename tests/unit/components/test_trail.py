"""The audit trail: what it records, where it is kept, who may write."""

from __future__ import annotations

import json

import pytest

from components.trail import Trail, TrailArgs
from settings.observability import LockMode, TrailSettings
from tests.unit.components.scopes import KEY_ARN, scope
from tests.unit.conftest import Recorder

TRAIL = "aws:cloudtrail/trail:Trail"
PHOTOS = "arn:aws:s3:::berthcare-photos-staging"


def build(recorded: Recorder, settings: TrailSettings | None = None, *, protect: bool = False) -> Trail:
    args = TrailArgs(
        scope=scope(protect=protect),
        settings=settings or TrailSettings(),
        kms_key_arn=KEY_ARN,
        logs_bucket_name="berthcare-logs-staging",
        phi_bucket_arns=[PHOTOS],
    )
    return recorded.run(lambda: Trail("trail", args))


@pytest.mark.requirement("BER-IAM-09", "BER-N24")
def test_the_trail_covers_every_region_validates_encrypts_and_records_patient_objects(recorded: Recorder) -> None:
    trail = build(recorded)
    inputs = recorded.one(TRAIL).inputs
    for flag in ("enableLogging", "enableLogFileValidation", "isMultiRegionTrail", "includeGlobalServiceEvents"):
        assert inputs[flag] is True
    assert inputs["kmsKeyId"] == KEY_ARN
    assert inputs["name"] == "berthcare-staging-trail"
    assert trail.arn == "arn:aws:cloudtrail:ca-central-1:111122223333:trail/berthcare-staging-trail"
    (selector,) = inputs["eventSelectors"]
    assert (selector["readWriteType"], selector["includeManagementEvents"]) == ("All", True)
    assert "excludeManagementEventSources" not in selector
    assert selector["dataResources"] == [{"type": "AWS::S3::Object", "values": [f"{PHOTOS}/"]}]
    assert "insightSelectors" not in inputs


def test_the_bucket_admits_the_trail_before_the_trail_begins(recorded: Recorder) -> None:
    trail = build(recorded)
    policy = recorded.one("aws:s3/bucketPolicy:BucketPolicy")
    assert policy.urn in recorded.one(TRAIL).dependencies
    by_sid = {s["Sid"]: s for s in json.loads(policy.inputs["policy"])["Statement"]}
    assert by_sid["TrailWrite"]["Condition"]["StringEquals"]["aws:SourceArn"] == trail.arn
    assert by_sid["TlsOnly"]["Effect"] == "Deny"
    assert {sid for sid, s in by_sid.items() if s["Effect"] == "Allow"} == {"TrailAclCheck", "TrailWrite"}


@pytest.mark.requirement("ALL-10")
def test_files_are_locked_and_kept_for_six_years(recorded: Recorder) -> None:
    build(recorded)
    bucket = recorded.one("aws:s3/bucket:Bucket").inputs
    assert (bucket["bucket"], bucket["objectLockEnabled"]) == ("berthcare-trail-staging", True)
    lock = recorded.one("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration").inputs
    assert lock["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 2192}}
    rule = recorded.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"][0]
    assert rule["expiration"] == {"days": 2192}
    logging = recorded.one("aws:s3/bucketLogging:BucketLogging").inputs
    assert logging["targetBucket"] == "berthcare-logs-staging"
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert (group["retentionInDays"], group["kmsKeyId"]) == (2192, KEY_ARN)


def test_the_role_writes_streams_of_one_group_only(recorded: Recorder) -> None:
    build(recorded)
    (statement,) = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == (
        "arn:aws:logs:ca-central-1:111122223333:log-group:/aws/cloudtrail/berthcare-staging-trail"
        ":log-stream:111122223333_CloudTrail_*"
    )
    trail = recorded.one(TRAIL)
    assert trail.inputs["cloudWatchLogsGroupArn"].endswith(":log-group:/aws/cloudtrail/berthcare-staging-trail:*")
    assert recorded.one("aws:iam/rolePolicy:RolePolicy").urn in trail.dependencies


def test_lock_mode_and_insights_are_settings(recorded: Recorder) -> None:
    build(recorded, TrailSettings(lock_mode=LockMode.COMPLIANCE, insights=True))
    lock = recorded.one("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration").inputs
    assert lock["rule"]["defaultRetention"]["mode"] == "COMPLIANCE"
    assert len(recorded.one(TRAIL).inputs["insightSelectors"]) == 2


@pytest.mark.requirement("ALL-12")
def test_the_bucket_is_protected_in_production(recorded: Recorder) -> None:
    build(recorded, protect=True)
    assert recorded.one("aws:s3/bucket:Bucket").protect is True
