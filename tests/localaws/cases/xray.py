from __future__ import annotations

from tests.localaws.case import Case

KEY = "arn:aws:kms:ca-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
ANY = dict.fromkeys(("serviceName", "serviceType", "host", "httpMethod", "urlPath", "resourceArn"), "*")

CASES = [
    Case(
        "aws:xray/group:Group",
        {
            "groupName": "clinic-staging-trouble",
            "filterExpression": "fault OR responsetime > 1",
            "insightsConfiguration": {"insightsEnabled": True, "notificationsEnabled": False},
            "tags": {},
        },
        {"filterExpression": "fault OR responsetime > 2"},
    ),
    Case(
        "aws:xray/samplingRule:SamplingRule",
        {
            "ruleName": "clinic-staging-requests",
            "priority": 1000,
            "version": 1,
            "fixedRate": 0.05,
            "reservoirSize": 1,
            **ANY,
            "tags": {},
        },
        {"fixedRate": 0.1},
    ),
    Case("aws:xray/encryptionConfig:EncryptionConfig", {"type": "KMS", "keyId": KEY}, {"keyId": f"{KEY}0"}, gone=False),
]
