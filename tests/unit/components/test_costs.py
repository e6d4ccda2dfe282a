"""Budget and cost anomalies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.components.watching import DATABASE, build
from tests.unit.conftest import Recorder

BUDGET = "aws:budgets/budget:Budget"
MONITOR = "aws:costexplorer/anomalyMonitor:AnomalyMonitor"
SUBSCRIPTION = "aws:costexplorer/anomalySubscription:AnomalySubscription"
TOPIC = "arn:aws:sns:ca-central-1:111122223333:berthcare-staging-alarms"


def cost(recorded: Recorder, **settings: Any) -> None:
    build(recorded, {"cost": settings}, database=DATABASE)


@pytest.mark.requirement("FAC-OBS-13", "FAC-OBS-14")
def test_the_budget_tells_of_80_and_100_percent_spent_and_of_100_percent_expected(recorded: Recorder) -> None:
    cost(recorded, budget={"monthly_usd": 700})
    budget = recorded.one(BUDGET).inputs
    assert (budget["name"], budget["budgetType"], budget["timeUnit"]) == (
        "berthcare-staging-monthly",
        "COST",
        "MONTHLY",
    )
    assert (budget["limitAmount"], budget["limitUnit"]) == ("700", "USD")
    assert "costFilters" not in budget
    told = [(item["notificationType"], item["threshold"]) for item in budget["notifications"]]
    assert told == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    for item in budget["notifications"]:
        assert (item["comparisonOperator"], item["thresholdType"]) == ("GREATER_THAN", "PERCENTAGE")
        assert item["subscriberSnsTopicArns"] == [TOPIC]


@pytest.mark.requirement("FAC-OBS-13", "ALL-18")
def test_the_topic_admits_budgets_and_cost_alerts_when_there_are_costs_to_watch(recorded: Recorder) -> None:
    cost(recorded, budget={"monthly_usd": 700})
    policy = json.loads(recorded.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])
    services = {statement["Principal"].get("Service") for statement in policy["Statement"]}
    assert {"budgets.amazonaws.com", "costalerts.amazonaws.com"} <= services


def test_more_people_and_the_stacks_own_tags(recorded: Recorder) -> None:
    cost(recorded, budget={"monthly_usd": 700, "own_tags_only": True}, emails=["owner@example.org"])
    budget = recorded.one(BUDGET).inputs
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:Project$berthcare"]}]
    assert all(item["subscriberEmailAddresses"] == ["owner@example.org"] for item in budget["notifications"])


def test_anomalies_of_every_service_are_told_at_once(recorded: Recorder) -> None:
    cost(recorded, anomalies={"threshold_usd": 40})
    assert recorded.count(BUDGET) == 0
    monitor, subscription = recorded.one(MONITOR), recorded.one(SUBSCRIPTION).inputs
    assert (monitor.inputs["monitorType"], monitor.inputs["monitorDimension"]) == ("DIMENSIONAL", "SERVICE")
    assert subscription["monitorArnLists"] == [monitor.outputs["arn"]]
    assert (subscription["frequency"], subscription["subscribers"]) == (
        "IMMEDIATE", [{"type": "SNS", "address": TOPIC}],
    )  # fmt: skip
    assert subscription["thresholdExpression"]["dimension"] == {
        "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "matchOptions": ["GREATER_THAN_OR_EQUAL"], "values": ["40"],
    }  # fmt: skip


def test_an_account_that_watches_its_services_already_gets_a_monitor_of_the_stacks_tags(recorded: Recorder) -> None:
    cost(recorded, anomalies={"existing": True})
    monitor = recorded.one(MONITOR).inputs
    assert monitor["monitorType"] == "CUSTOM"
    assert "monitorDimension" not in monitor
    assert json.loads(monitor["monitorSpecification"])["Tags"]["Values"] == ["berthcare"]


def test_without_the_section_nothing_is_watched(recorded: Recorder) -> None:
    build(recorded, database=DATABASE)
    assert not {BUDGET, MONITOR, SUBSCRIPTION} & recorded.types
    assert "budgets.amazonaws.com" not in recorded.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"]
