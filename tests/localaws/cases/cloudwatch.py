from __future__ import annotations

import json
from typing import Any

from tests.localaws.case import Case, Need, Ref


def body(title: str) -> str:
    return json.dumps({"widgets": [{"type": "text", "width": 6, "height": 2, "properties": {"markdown": title}}]})


TOPIC = "arn:aws:sns:ca-central-1:123456789012:clinic-staging-alarms"


def counted(metric: str) -> dict[str, Any]:
    return {
        "namespace": "AWS/ApplicationELB",
        "metricName": metric,
        "dimensions": {"LoadBalancer": "app/clinic/1"},
        "stat": "Sum",
        "period": 300,
    }


ALARM = {
    "name": "clinic-staging-api-errors",
    "namespace": "AWS/ApiGateway",
    "metricName": "5XXError",
    "statistic": "Average",
    "period": 300,
    "evaluationPeriods": 1,
    "threshold": 0.01,
    "comparisonOperator": "GreaterThanThreshold",
    "tags": {},
}

CASES = [
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "name": "clinic-staging-load-balancer-errors",
            "evaluationPeriods": 2,
            "threshold": 1,
            "comparisonOperator": "GreaterThanThreshold",
            "treatMissingData": "notBreaching",
            "alarmActions": [TOPIC],
            "metricQueries": [
                {"id": "result", "expression": "100 * errors / requests", "label": "5xx", "returnData": True},
                {"id": "errors", "returnData": False, "metric": counted("HTTPCode_Target_5XX_Count")},
                {"id": "requests", "returnData": False, "metric": counted("RequestCount")},
            ],
            "tags": {},
        },
        {"threshold": 2},
        name="metricAlarm:expression",
    ),
    Case(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        {
            "alarmName": "clinic-staging-system-unhealthy",
            "alarmRule": 'ALARM("clinic-staging-api-errors")',
            "alarmActions": [TOPIC],
            "okActions": [TOPIC],
            "actionsSuppressor": {"alarm": Ref("alarm"), "waitPeriod": 60, "extensionPeriod": 300},
            "tags": {"DataClass": "internal"},
        },
        {"alarmDescription": "Users notice"},
        {"alarm": Need("aws:cloudwatch/metricAlarm:MetricAlarm", ALARM)},
    ),
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
