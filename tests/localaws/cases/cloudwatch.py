from __future__ import annotations

import json

from tests.localaws.case import Case


def body(title: str) -> str:
    return json.dumps({"widgets": [{"type": "text", "width": 6, "height": 2, "properties": {"markdown": title}}]})


CASES = [
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "name": "clinic-staging-database-cpu",
            "namespace": "AWS/RDS",
            "metricName": "CPUUtilization",
            "statistic": "Average",
            "dimensions": {"DBInstanceIdentifier": "clinic-staging-db"},
            "period": 300,
            "evaluationPeriods": 2,
            "threshold": 80,
            "comparisonOperator": "GreaterThanThreshold",
            "treatMissingData": "missing",
            "alarmActions": ["arn:aws:sns:ca-central-1:123456789012:clinic-staging-alarms"],
            "tags": {"DataClass": "internal"},
        },
        {"threshold": 75.5, "tags": {"DataClass": "public"}},
    ),
    Case(
        "aws:cloudwatch/dashboard:Dashboard",
        {"dashboardName": "clinic-staging", "dashboardBody": body("Clinic")},
        {"dashboardBody": body("Clinic, staging")},
    ),
]
