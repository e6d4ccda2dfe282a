"""Settings of alarms, costs, detection, tracing: recorded defaults, edges, refusals that say where and what."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from settings import load
from settings.alarms import AlarmOverride, CustomAlarm
from settings.base import Section
from settings.cost import BudgetSettings, CostSettings
from settings.detection import DetectionSettings, GuardDutySettings
from settings.observability import GrafanaSettings, ObservabilitySettings, TracingSettings, View
from tests.unit.settings.test_load import smallest

QUEUE = {"title": "Queue", "namespace": "Facnet/Validation", "metric": "QueueLength"}


def observed(**settings: Any) -> dict[str, Any]:
    return {"alarm_email": "ops@example.org", **settings}


@pytest.mark.requirement("MSP-N18", "FAC-OBS-02", "FAC-OBS-05", "LWO-OBS-03", "LWO-OBS-04", "LWO-OBS-07", "BER-N06")
def test_the_recorded_thresholds_are_the_defaults() -> None:
    settings = ObservabilitySettings.model_validate(observed())
    assert (settings.api.error_percent, settings.api.latency_milliseconds) == (1, 2000)
    assert (settings.load_balancer.error_percent, settings.load_balancer.errors) == (1, None)
    assert settings.load_balancer.latency_milliseconds == 1000
    assert (settings.service.cpu_percent, settings.service.memory_percent, settings.fleet.cpu_percent) == (80, 80, 80)
    assert (settings.replication.late_minutes, settings.replication.failed_operations) == (15, 0)
    assert (settings.nat.port_errors, settings.nat.dropped_packets) == (0, 0)


@pytest.mark.requirement("FAC-OBS-13")
def test_a_budget_tells_of_80_and_100_percent_and_of_the_forecast_by_default() -> None:
    budget = BudgetSettings(monthly_usd=700)
    assert (budget.actual_percent, budget.forecast_percent, budget.own_tags_only) == ((80, 100), (100,), False)


@pytest.mark.requirement("FAC-OBS-06", "LWO-OBS-11", "LWO-OBS-12", "BER-N24", "BER-OBS-02")
def test_what_is_optional_is_off_and_the_overview_is_on() -> None:
    settings = ObservabilitySettings.model_validate(observed())
    assert settings.cache.hit_rate_percent is None
    assert (settings.tracing, settings.grafana, settings.cost) == (None, None, None)
    assert settings.dashboards == (View.OVERVIEW,)
    assert DetectionSettings().model_dump() == {
        "guard_duty": None, "config": None, "security_hub": None, "access_analyzer": False,
    }  # fmt: skip


ACCEPTED: list[tuple[type[Section], dict[str, Any]]] = [
    (AlarmOverride, {"period_seconds": 60}),
    (AlarmOverride, {"statistic": "p100", "missing": "ignore"}),
    (CustomAlarm, {**QUEUE, "below": 0}),
    (CostSettings, {"budget": {"monthly_usd": 1}, "emails": [f"p{n}@example.org" for n in range(10)]}),
    (GuardDutySettings, {"severity": 1}),
    (GuardDutySettings, {"severity": 10}),
    (TracingSettings, {"sampled_percent": 0}),
    (TracingSettings, {"sampled_percent": 100}),
]


@pytest.mark.parametrize(("model", "values"), ACCEPTED)
def test_the_edge_of_every_range_is_accepted(model: type[Section], values: dict[str, Any]) -> None:
    assert model.model_validate(values)


REFUSED: list[tuple[type[Section], dict[str, Any], str]] = [
    (AlarmOverride, {}, "expected one of period_seconds, evaluations, datapoints, threshold, statistic, missing"),
    (AlarmOverride, {"period_seconds": 90}, "multiple of 60"),
    (AlarmOverride, {"statistic": "p101"}, "pattern"),
    (AlarmOverride, {"statistic": "Mean"}, "pattern"),
    (CustomAlarm, QUEUE, "found neither"),
    (CustomAlarm, {**QUEUE, "above": 1, "below": 0}, "found both"),
    (ObservabilitySettings, observed(overrides={"Database": {"datapoints": 1}}), "pattern"),
    (CostSettings, {"emails": [f"p{n}@example.org" for n in range(11)]}, "at most 10"),
    (GuardDutySettings, {"severity": 0.9}, "greater than or equal to 1"),
    (GuardDutySettings, {"severity": 10.1}, "less than or equal to 10"),
    (GuardDutySettings, {"features": ["EVERYTHING"]}, "S3_DATA_EVENTS"),
    (TracingSettings, {"sampled_percent": 101}, "less than or equal to 100"),
    (GrafanaSettings, {}, "found neither"),
    (GrafanaSettings, {"workspace": "g-0123456789", "external_id": "stack-1"}, "together with principal"),
    (GrafanaSettings, {"principal": "arn:aws:iam::444455556666:root"}, "together with principal"),
]


@pytest.mark.parametrize(("model", "values", "reason"), REFUSED)
def test_what_aws_would_refuse_is_refused_with_a_reason(
    model: type[Section], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(values)
    assert reason in str(refusal.value)


def problem(**settings: Any) -> str:
    with pytest.raises(load.SettingsError) as refusal:
        load.load({**smallest(), "phi-platform:observability": observed(**settings)})
    (only,) = refusal.value.problems
    return str(only)


@pytest.mark.requirement("MSP-N17")
def test_the_trail_records_buckets_of_this_stack_only() -> None:
    text = problem(trail={"data_events": ["videos"]})
    assert text.startswith("phi-platform:observability.trail.data_events[0]: expected one of")
    assert text.endswith("found videos.")


def test_a_problem_in_an_override_names_the_key_of_the_stack_file() -> None:
    assert problem(overrides={"database-cpu": {"period_seconds": 90}}).startswith(
        "phi-platform:observability.overrides.database-cpu.period_seconds: expected"
    )
