"""One alarm for the whole system."""

from __future__ import annotations

import re

import pulumi
import pytest

from components.system_alarm import SystemAlarmArgs
from settings.observability import SystemAlarmSettings
from tests.unit.components.scopes import scope
from tests.unit.components.watching import DATABASE, EVERYTHING, FLEET, NODES, alarms, build
from tests.unit.conftest import Recorder

COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
MAINTENANCE = {"maintenance": {"title": "Maintenance", "namespace": "App", "metric": "Maintenance", "above": 0}}


def test_it_is_on_while_any_alarm_that_users_notice_is_on(recorded: Recorder) -> None:
    observability = build(recorded, **EVERYTHING)
    found = recorded.one(COMPOSITE).inputs
    assert found["alarmName"] == observability.system_alarm_name == "berthcare-staging-system-unhealthy"
    named = re.findall(r'ALARM\("([^"]+)"\)', found["alarmRule"])
    assert found["alarmRule"] == " OR ".join(f'ALARM("{name}")' for name in named)
    assert {name.removeprefix("berthcare-staging-") for name in named} == {
        "database-storage", "database-connections", "load-balancer-errors", "load-balancer-latency", "api-errors",
        "api-latency", "service-backend-tasks",
    }  # fmt: skip
    assert set(named) <= set(observability.alarm_names)
    (action,) = found["alarmActions"]
    assert found["okActions"] == [action]
    assert action.endswith(":berthcare-staging-alarms")
    assert "actionsSuppressor" not in found


def test_it_waits_for_the_alarms_it_names(recorded: Recorder) -> None:
    build(recorded, database=DATABASE)
    made = {entry.urn for entry in recorded.all("aws:cloudwatch/metricAlarm:MetricAlarm")}
    system = recorded.one("phi-platform:system_alarm:SystemAlarm")
    assert recorded.one(COMPOSITE).parent == system.urn  # nothing in a component is made before the component
    assert made <= system.dependencies


def test_an_alarm_can_silence_it_during_maintenance(recorded: Recorder) -> None:
    settings = {"custom": MAINTENANCE, "system_alarm": {"suppressor": "maintenance", "wait_seconds": 30}}
    build(recorded, settings, database=DATABASE)
    assert recorded.one(COMPOSITE).inputs["actionsSuppressor"] == {
        "alarm": "berthcare-staging-maintenance",
        "waitPeriod": 30,
        "extensionPeriod": 300,
    }


def test_a_suppressor_that_is_no_alarm_is_refused(recorded: Recorder) -> None:
    with pytest.raises(pulumi.RunError, match=r"system_alarm.suppressor: expected an alarm .* found maintenance"):
        build(recorded, {"system_alarm": {"suppressor": "maintenance"}}, database=DATABASE)


def test_a_custom_alarm_can_be_one_that_users_notice(recorded: Recorder) -> None:
    build(recorded, {"custom": {"maintenance": {**MAINTENANCE["maintenance"], "symptom": True}}}, fleet=FLEET)
    assert recorded.one(COMPOSITE).inputs["alarmRule"] == 'ALARM("berthcare-staging-maintenance")'


def test_without_such_alarms_or_by_setting_there_is_none(recorded: Recorder) -> None:
    assert build(recorded, cache_node_ids=NODES).system_alarm_name is None
    assert recorded.count(COMPOSITE) == 0
    assert "cache-001-cpu" in alarms(recorded)


def test_it_can_be_left_out(recorded: Recorder) -> None:
    assert build(recorded, {"system_alarm": None}, database=DATABASE).system_alarm_name is None
    assert recorded.count(COMPOSITE) == 0


def test_a_rule_over_nothing_or_over_too_much_is_refused() -> None:
    for symptoms, reason in ([], "got none"), ([f"alarm-{n:0200}" for n in range(60)], "10240 characters"):
        with pytest.raises(ValueError, match=reason):
            SystemAlarmArgs(scope=scope(), settings=SystemAlarmSettings(), symptoms=symptoms, topic_arn="arn")
