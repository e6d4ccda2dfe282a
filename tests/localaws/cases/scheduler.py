from __future__ import annotations

import json

from tests.localaws.case import Case

TARGET = {
    "arn": "arn:aws:scheduler:::aws-sdk:autoscaling:startInstanceRefresh",
    "roleArn": "arn:aws:iam::123456789012:role/clinic-fleet-refresh",
    "input": json.dumps({"AutoScalingGroupName": "clinic-fleet", "Strategy": "Rolling"}),
    "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 3},
}

CASES = [
    Case(
        "aws:scheduler/schedule:Schedule",
        {
            "name": "clinic-fleet-refresh",
            "description": "Patches",
            "scheduleExpression": "cron(0 8 1 * ? *)",
            "scheduleExpressionTimezone": "UTC",
            "flexibleTimeWindow": {"mode": "OFF"},
            "state": "ENABLED",
            "target": TARGET,
        },
        {"scheduleExpression": "cron(0 9 2 * ? *)"},
    )
]
