"""What single alarms do differently."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.unit.components.watching import BACKUPS, BALANCER, DATABASE, NODES, alarms, build
from tests.unit.conftest import Recorder


@pytest.mark.requirement("ALL-01", "BER-N25")
def test_one_alarm_changes_in_every_way_and_the_others_stay(recorded: Recorder) -> None:
    change = {
        "period_seconds": 60,
        "evaluations": 5,
        "datapoints": 3,
        "threshold": 90,
        "statistic": "p99.9",
        "missing": "breaching",
    }
    build(recorded, {"overrides": {"database-cpu": change}}, database=DATABASE)
    changed, other = alarms(recorded)["database-cpu"], alarms(recorded)["database-connections"]
    assert (changed["period"], changed["evaluationPeriods"], changed["datapointsToAlarm"]) == (60, 5, 3)
    assert (changed["threshold"], changed["extendedStatistic"]) == (90, "p99.9")
    assert changed["treatMissingData"] == "breaching"
    assert changed["alarmDescription"].startswith("Database CPU above 90 %. ")
    assert (other["period"], other["evaluationPeriods"], other["statistic"]) == (300, 2, "Maximum")
    assert "datapointsToAlarm" not in other


def test_a_threshold_is_given_in_the_unit_of_its_setting(recorded: Recorder) -> None:
    overrides = {"database-memory": {"threshold": 1024}, "load-balancer-latency": {"threshold": 500}}
    build(recorded, {"overrides": overrides}, database=DATABASE, load_balancer=BALANCER)
    assert alarms(recorded)["database-memory"]["threshold"] == 1_073_741_824
    assert alarms(recorded)["database-memory"]["alarmDescription"].startswith(
        "Database freeable memory below 1024 MiB. "
    )
    assert alarms(recorded)["load-balancer-latency"]["threshold"] == 0.5


def test_a_pattern_changes_several_alarms_and_the_more_specific_one_wins(recorded: Recorder) -> None:
    overrides = {
        "cache-002-cpu": {"threshold": 60},
        "*": {"evaluations": 4},
        "cache-*-cpu": {"threshold": 50, "evaluations": 3},
    }
    build(recorded, {"overrides": overrides}, cache_node_ids=NODES)
    found = alarms(recorded)
    assert (found["cache-001-cpu"]["threshold"], found["cache-001-cpu"]["evaluationPeriods"]) == (50, 3)
    assert (found["cache-002-cpu"]["threshold"], found["cache-002-cpu"]["evaluationPeriods"]) == (60, 3)
    assert (found["cache-001-memory"]["threshold"], found["cache-001-memory"]["evaluationPeriods"]) == (80, 4)


def refused(recorded: Recorder, settings: dict[str, Any], **watched: Any) -> str:
    with pytest.raises(pulumi.RunError) as refusal:
        build(recorded, settings, **watched)
    return str(refusal.value)


def test_a_pattern_without_an_alarm_is_refused_with_the_alarms_there_are(recorded: Recorder) -> None:
    text = refused(recorded, {"overrides": {"databse-cpu": {"threshold": 90}}}, database=DATABASE)
    assert text.startswith("phi-platform:observability.overrides.databse-cpu: expected an alarm of this stack")
    assert "database-cpu, database-memory" in text


@pytest.mark.parametrize(
    ("key", "change", "reason"),
    [
        ("database-cpu", {"period_seconds": 1800, "evaluations": 48}, None),
        ("database-cpu", {"period_seconds": 1800, "evaluations": 49}, "86,400 or less for database-cpu"),
        ("database-cpu", {"period_seconds": 86_400, "evaluations": 7}, None),
        ("database-cpu", {"period_seconds": 86_400, "evaluations": 8}, "604,800 or less for database-cpu"),
        ("database-cpu", {"datapoints": 2}, None),
        ("database-cpu", {"datapoints": 3}, "evaluations of database-cpu (2) or less, found 3"),
        ("backups-late", {"datapoints": 26}, None),  # of its own 26 evaluations
        ("backups-late", {"period_seconds": 43_200}, "604,800 or less for backups-late, found 43200 * 26"),
        ("notifications-failed", {"datapoints": 2}, "evaluations of notifications-failed (1) or less, found 2"),
    ],
)
def test_a_timing_that_cloudwatch_would_refuse_is_refused(
    recorded: Recorder, key: str, change: dict[str, Any], reason: str | None
) -> None:
    settings = {"overrides": {key: change}}
    if reason is None:
        build(recorded, settings, database=DATABASE, backups=BACKUPS)
        assert key in alarms(recorded)
    else:
        assert reason in refused(recorded, settings, database=DATABASE, backups=BACKUPS)


def test_an_expression_has_no_statistic_to_change(recorded: Recorder) -> None:
    overrides = {"load-balancer-errors": {"statistic": "Average"}}
    text = refused(recorded, {"overrides": overrides}, load_balancer=BALANCER)
    assert "overrides.load-balancer-errors.statistic: expected none" in text


def test_two_alarms_of_one_name_are_refused(recorded: Recorder) -> None:
    custom = {"database-cpu": {"title": "CPU", "namespace": "App", "metric": "Cpu", "above": 1}}
    text = refused(recorded, {"custom": custom}, database=DATABASE)
    assert "observability.custom.database-cpu: expected a name no other alarm of this stack has" in text
