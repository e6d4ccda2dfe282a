from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

TOPIC = "arn:aws:sns:ca-central-1:123456789012:clinic-staging-alarms"
RULE = {
    "name": "clinic-staging-threat-events",
    "description": "Passes threats on",
    "eventPattern": json.dumps({"source": ["aws.guardduty"], "detail": {"severity": [{"numeric": [">=", 4]}]}}),
    "state": "ENABLED",
    "tags": {"DataClass": "internal"},
}

CASES = [
    Case(
        "aws:cloudwatch/eventRule:EventRule",
        RULE,
        {"eventPattern": json.dumps({"source": ["aws.guardduty"]}), "tags": {"DataClass": "public"}},
    ),
    Case(
        "aws:cloudwatch/eventTarget:EventTarget",
        {"rule": Ref("rule"), "targetId": "alarms", "arn": TOPIC},
        {"arn": f"{TOPIC}-other"},
        {"rule": Need("aws:cloudwatch/eventRule:EventRule", RULE)},
    ),
]
