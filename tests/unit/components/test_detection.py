"""GuardDuty, AWS Config, Security Hub, Access Analyzer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.detection import Detection, DetectionArgs
from settings.detection import HIPAA_RULES, DetectionSettings
from tests.unit.components.decisions import decide
from tests.unit.components.scopes import KEY_ARN, scope
from tests.unit.conftest import Recorder

FEATURE, RULE = "aws:guardduty/detectorFeature:DetectorFeature", "aws:cfg/rule:Rule"


def build(recorded: Recorder, **settings: Any) -> Detection:
    args = DetectionArgs(
        scope=scope(),
        settings=DetectionSettings.model_validate(settings),
        kms_key_arn=KEY_ARN,
        key_alias="alias/berthcare-staging-operations",
        logs_bucket_name="berthcare-logs-staging",
    )
    return recorded.run(lambda: Detection("detection", args))


@pytest.mark.requirement("BER-N24")
def test_everything_is_off_by_default(recorded: Recorder) -> None:
    build(recorded)
    assert not recorded.types


@pytest.mark.requirement("BER-OBS-13")
def test_guard_duty_switches_every_plan_on_or_off_on_purpose(recorded: Recorder) -> None:
    built = build(recorded, guard_duty={})
    detector = recorded.one("aws:guardduty/detector:Detector").inputs
    assert (detector["enable"], detector["findingPublishingFrequency"]) == (True, "FIFTEEN_MINUTES")
    status = {inputs["name"]: inputs["status"] for _, inputs in recorded.of(FEATURE)}
    assert status == {
        "S3_DATA_EVENTS": "ENABLED", "EBS_MALWARE_PROTECTION": "ENABLED", "RDS_LOGIN_EVENTS": "ENABLED",
        "LAMBDA_NETWORK_LOGS": "ENABLED", "RUNTIME_MONITORING": "ENABLED", "EKS_AUDIT_LOGS": "DISABLED",
    }  # fmt: skip
    runtime = next(inputs for _, inputs in recorded.of(FEATURE) if inputs["name"] == "RUNTIME_MONITORING")
    assert {item["name"]: item["status"] for item in runtime["additionalConfigurations"]} == {
        "EKS_ADDON_MANAGEMENT": "DISABLED", "ECS_FARGATE_AGENT_MANAGEMENT": "ENABLED",
        "EC2_AGENT_MANAGEMENT": "ENABLED",
    }  # fmt: skip
    assert built.detector_id is not None


def test_plans_can_be_chosen(recorded: Recorder) -> None:
    build(recorded, guard_duty={"features": ["S3_DATA_EVENTS"]})
    on = {inputs["name"] for _, inputs in recorded.of(FEATURE) if inputs["status"] == "ENABLED"}
    assert on == {"S3_DATA_EVENTS"}


def test_an_account_with_a_detector_gets_no_second_one(recorded: Recorder) -> None:
    assert build(recorded, guard_duty={"existing": True}).detector_id is None
    assert not recorded.types


@pytest.mark.requirement("BER-OBS-13")
def test_config_records_everything_into_an_encrypted_bucket_of_its_own(recorded: Recorder) -> None:
    build(recorded, config={})
    recorder = recorded.one("aws:cfg/recorder:Recorder")
    assert recorder.inputs["recordingGroup"] == {"allSupported": True, "includeGlobalResourceTypes": True}
    assert recorder.inputs["recordingMode"] == {"recordingFrequency": "CONTINUOUS"}
    channel = recorded.one("aws:cfg/deliveryChannel:DeliveryChannel")
    bucket = recorded.one("aws:s3/bucket:Bucket")
    assert channel.inputs["s3BucketName"] == bucket.inputs["bucket"] == "berthcare-config-staging"
    assert not bucket.inputs.get("objectLockEnabled")  # AWS Config could not write
    assert channel.inputs["s3KmsKeyArn"] == KEY_ARN
    started = recorded.one("aws:cfg/recorderStatus:RecorderStatus")
    assert started.inputs["isEnabled"] is True
    assert recorder.urn in channel.dependencies
    assert channel.urn in started.dependencies
    for rule in recorded.all(RULE):
        assert started.urn in rule.dependencies


@pytest.mark.requirement("BER-OBS-13")
def test_the_role_of_config_writes_its_record_only(recorded: Recorder) -> None:
    build(recorded, config={})
    role = recorded.one("aws:iam/role:Role").inputs
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "config.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    attached = recorded.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs
    assert attached["policyArn"] == "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    writes = [s["Resource"] for s in policy["Statement"] if "s3:PutObject" in s["Action"]]
    assert writes == [["arn:aws:s3:::berthcare-config-staging/AWSLogs/111122223333/Config/*"]]


def test_the_role_of_config_may_write_the_way_config_does(recorded: Recorder) -> None:
    build(recorded, config={})
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]
    checked = "arn:aws:s3:::berthcare-config-staging/AWSLogs/111122223333/Config/ConfigWritabilityCheckFile"
    for action in ("s3:PutObject", "s3:PutObjectAcl"):
        assert decide(policy, action, checked, **{"s3__x-amz-acl": "bucket-owner-full-control"}) == "allowed"
        assert decide(policy, action, checked, **{"s3__x-amz-acl": "public-read"}) == "not allowed"


@pytest.mark.requirement("BER-OBS-13")
def test_the_hipaa_rules_are_evaluated(recorded: Recorder) -> None:
    build(recorded, config={})
    found = {inputs["source"]["sourceIdentifier"]: inputs for _, inputs in recorded.of(RULE)}
    assert set(found) == set(HIPAA_RULES)
    assert all(inputs["source"]["owner"] == "AWS" and len(inputs["name"]) <= 128 for inputs in found.values())


def test_an_account_that_records_already_gets_the_rules_only(recorded: Recorder) -> None:
    build(recorded, config={"existing": True, "rules": ["ENCRYPTED_VOLUMES"]})
    assert recorded.types == {RULE}


def test_security_hub_judges_by_the_chosen_standards(recorded: Recorder) -> None:
    build(recorded, security_hub={"standards": ["nist-800-53/v/5.0.0"]})
    hub = recorded.one("aws:securityhub/account:Account")
    assert hub.inputs["enableDefaultStandards"] is False
    standard = recorded.one("aws:securityhub/standardsSubscription:StandardsSubscription")
    assert standard.inputs["standardsArn"] == "arn:aws:securityhub:ca-central-1::standards/nist-800-53/v/5.0.0"
    assert hub.urn in standard.dependencies


def test_an_existing_hub_gets_the_standards_only(recorded: Recorder) -> None:
    build(recorded, security_hub={"existing": True})
    assert recorded.types == {"aws:securityhub/standardsSubscription:StandardsSubscription"}


def test_access_from_outside_is_reported(recorded: Recorder) -> None:
    build(recorded, access_analyzer=True)
    analyzer = recorded.one("aws:accessanalyzer/analyzer:Analyzer").inputs
    assert (analyzer["analyzerName"], analyzer["type"]) == ("berthcare-staging-outside-access", "ACCOUNT")
