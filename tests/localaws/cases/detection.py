from __future__ import annotations

from typing import Any

from tests.localaws.case import Case, Need, Ref

ROLE = "arn:aws:iam::123456789012:role/clinic-staging-config"
DETECTOR = {"enable": True, "findingPublishingFrequency": "FIFTEEN_MINUTES", "tags": {"DataClass": "internal"}}
RECORDER: dict[str, Any] = {
    "name": "clinic-staging-recorder",
    "roleArn": ROLE,
    "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
    "recordingMode": {"recordingFrequency": "CONTINUOUS"},
}
CHANNEL: dict[str, Any] = {
    "name": "clinic-staging-recorder",
    "s3BucketName": "clinic-logs-staging",
    "s3KeyPrefix": "config",
    "snapshotDeliveryProperties": {"deliveryFrequency": "TwentyFour_Hours"},
}
HUB = {"enableDefaultStandards": False, "autoEnableControls": True, "controlFindingGenerator": "SECURITY_CONTROL"}
STANDARD = "arn:aws:securityhub:ca-central-1::standards/aws-foundational-security-best-practices/v/1.0.0"


def agents(status: str) -> list[dict[str, str]]:
    return [{"name": "EC2_AGENT_MANAGEMENT", "status": status}]


CASES = [
    Case("aws:guardduty/detector:Detector", DETECTOR, {"findingPublishingFrequency": "ONE_HOUR", "tags": {}}),
    Case(
        "aws:guardduty/detectorFeature:DetectorFeature",
        {
            "detectorId": Ref("detector"),
            "name": "RUNTIME_MONITORING",
            "status": "ENABLED",
            "additionalConfigurations": agents("ENABLED"),
        },
        {"status": "DISABLED", "additionalConfigurations": agents("DISABLED")},
        {"detector": Need("aws:guardduty/detector:Detector", DETECTOR)},
        gone=False,
    ),
    Case("aws:cfg/recorder:Recorder", RECORDER, {"recordingMode": {"recordingFrequency": "DAILY"}}),
    Case(
        "aws:cfg/deliveryChannel:DeliveryChannel",
        CHANNEL,
        {"snapshotDeliveryProperties": {"deliveryFrequency": "One_Hour"}},
        {"recorder": Need("aws:cfg/recorder:Recorder", RECORDER)},
    ),
    Case(
        "aws:cfg/recorderStatus:RecorderStatus",
        {"name": Ref("recorder"), "isEnabled": True},
        {"isEnabled": False},
        {
            "recorder": Need("aws:cfg/recorder:Recorder", RECORDER),
            "channel": Need("aws:cfg/deliveryChannel:DeliveryChannel", CHANNEL),
        },
        gone=False,
    ),
    Case(
        "aws:cfg/rule:Rule",
        {
            "name": "clinic-staging-encrypted-volumes",
            "description": "Managed rule ENCRYPTED_VOLUMES",
            "source": {"owner": "AWS", "sourceIdentifier": "ENCRYPTED_VOLUMES"},
            "tags": {"DataClass": "internal"},
        },
        {"description": "Volumes are encrypted", "tags": {"DataClass": "public"}},
        {"recorder": Need("aws:cfg/recorder:Recorder", RECORDER)},
    ),
    Case("aws:securityhub/account:Account", HUB, {"autoEnableControls": False}),
    Case(
        "aws:securityhub/standardsSubscription:StandardsSubscription",
        {"standardsArn": STANDARD},
        None,
        {"hub": Need("aws:securityhub/account:Account", HUB)},
    ),
    Case(
        "aws:accessanalyzer/analyzer:Analyzer",
        {"analyzerName": "clinic-staging-outside-access", "type": "ACCOUNT", "tags": {}},
        {"tags": {"DataClass": "internal"}},
    ),
]
