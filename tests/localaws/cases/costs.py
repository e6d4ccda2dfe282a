from __future__ import annotations

from typing import Any

from tests.localaws.case import Case, Need, Ref

TOPIC = "arn:aws:sns:ca-central-1:123456789012:clinic-staging-alarms"
MONITOR = {"name": "clinic", "monitorType": "DIMENSIONAL", "monitorDimension": "SERVICE", "tags": {}}


def above(dollars: str) -> dict[str, Any]:
    return {
        "dimension": {
            "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
            "matchOptions": ["GREATER_THAN_OR_EQUAL"],
            "values": [dollars],
        }
    }


def notification(share: int) -> dict[str, Any]:
    return {
        "notificationType": "ACTUAL",
        "comparisonOperator": "GREATER_THAN",
        "threshold": share,
        "thresholdType": "PERCENTAGE",
        "subscriberSnsTopicArns": [TOPIC],
        "subscriberEmailAddresses": ["owner@example.org"],
    }


CASES = [
    Case(
        "aws:budgets/budget:Budget",
        {
            "name": "clinic-staging-monthly",
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "700",
            "limitUnit": "USD",
            "costFilters": [{"name": "TagKeyValue", "values": ["user:Project$clinic"]}],
            "notifications": [notification(80), notification(100)],
            "tags": {"DataClass": "internal"},
        },
        {"limitAmount": "800", "notifications": [notification(90)]},
    ),
    Case("aws:costexplorer/anomalyMonitor:AnomalyMonitor", MONITOR, {"name": "clinic-services"}),
    Case(
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        {
            "name": "clinic",
            "frequency": "IMMEDIATE",
            "monitorArnLists": [Ref("monitor", "arn")],
            "subscribers": [{"type": "SNS", "address": TOPIC}],
            "thresholdExpression": above("50"),
            "tags": {},
        },
        {"thresholdExpression": above("100")},
        {"monitor": Need("aws:costexplorer/anomalyMonitor:AnomalyMonitor", MONITOR)},
    ),
]
