"""Alarms of load balancer, instances, services, API, functions, NAT, queues: the recorded values, on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from components.alarms import Alarms, AlarmsArgs
from components.compute_alarms import service_alarms
from settings.naming import NamingSettings
from settings.observability import AlarmTiming, ServiceThresholds
from tests.unit.components.scopes import scope
from tests.unit.components.watching import (
    API,
    BALANCER,
    DATABASE,
    EVERYTHING,
    FLEET,
    FUNCTION,
    NODES,
    SERVICE,
    alarms,
    build,
)
from tests.unit.conftest import Recorder


def measured(alarm: dict[str, Any]) -> tuple[Any, ...]:
    return (
        alarm["namespace"],
        alarm["metricName"],
        alarm.get("statistic") or alarm["extendedStatistic"],
        alarm["comparisonOperator"],
        alarm["threshold"],
    )


@pytest.mark.requirement("FAC-OBS-02")
def test_cpu_of_the_instances_above_80_percent_for_five_minutes(recorded: Recorder) -> None:
    build(recorded, {"overrides": {"fleet-cpu": {"evaluations": 1}}}, fleet=FLEET)
    found = alarms(recorded)["fleet-cpu"]
    assert measured(found) == ("AWS/EC2", "CPUUtilization", "Average", "GreaterThanThreshold", 80)
    assert (found["period"], found["evaluationPeriods"]) == (300, 1)
    assert found["dimensions"] == {"AutoScalingGroupName": "berthcare-staging-fleet"}


@pytest.mark.requirement("FAC-OBS-05", "FAC-N23", "LWO-OBS-05", "LWO-N11")
def test_errors_of_the_load_balancer_are_a_share_of_the_requests(recorded: Recorder) -> None:
    build(recorded, load_balancer=BALANCER)
    found = alarms(recorded)["load-balancer-errors"]
    assert (found["comparisonOperator"], found["threshold"]) == ("GreaterThanThreshold", 1)
    assert not {"namespace", "metricName", "statistic", "extendedStatistic", "period", "dimensions"} & found.keys()
    queries = {query["id"]: query for query in found["metricQueries"]}
    assert queries["result"]["returnData"] is True
    assert queries["result"]["expression"] == (
        "100 * (FILL(target, 0) + FILL(own, 0)) / MAX([FILL(requests, 0), FILL(target, 0) + FILL(own, 0)])"
    )
    counted = {id: query["metric"] for id, query in queries.items() if id != "result"}
    assert {id: metric["metricName"] for id, metric in counted.items()} == {
        "requests": "RequestCount",
        "target": "HTTPCode_Target_5XX_Count",
        "own": "HTTPCode_ELB_5XX_Count",
    }
    for metric in counted.values():
        assert (metric["namespace"], metric["stat"], metric["period"]) == ("AWS/ApplicationELB", "Sum", 300)
        assert metric["dimensions"] == {"LoadBalancer": "app/alb/1"}
    assert [query["returnData"] for query in found["metricQueries"]].count(True) == 1
    assert found["treatMissingData"] == "notBreaching"


def test_errors_of_the_load_balancer_can_be_counted_instead(recorded: Recorder) -> None:
    build(recorded, {"load_balancer": {"error_percent": None, "errors": 10}}, load_balancer=BALANCER)
    found = alarms(recorded)
    assert "load-balancer-errors" not in found
    for key, metric in {"target": "HTTPCode_Target_5XX_Count", "own": "HTTPCode_ELB_5XX_Count"}.items():
        assert measured(found[f"load-balancer-{key}-errors"]) == (
            "AWS/ApplicationELB", metric, "Sum", "GreaterThanThreshold", 10,
        )  # fmt: skip


@pytest.mark.requirement("LWO-OBS-07", "LWO-N11")
def test_latency_can_be_the_average_of_the_target_response_time_above_a_second(recorded: Recorder) -> None:
    build(recorded, {"overrides": {"load-balancer-latency": {"statistic": "Average"}}}, load_balancer=BALANCER)
    found = alarms(recorded)["load-balancer-latency"]
    assert measured(found) == ("AWS/ApplicationELB", "TargetResponseTime", "Average", "GreaterThanThreshold", 1)
    assert "extendedStatistic" not in found


@pytest.mark.requirement("LWO-OBS-03", "LWO-OBS-04", "LWO-N11")
@pytest.mark.parametrize(("key", "metric"), [("cpu", "CPUUtilization"), ("memory", "MemoryUtilization")])
def test_cpu_and_memory_of_every_service_above_80_percent(recorded: Recorder, key: str, metric: str) -> None:
    other = SERVICE.__class__(cluster_name=SERVICE.cluster_name, service_name="berthcare-staging-frontend", min_tasks=2)
    build(recorded, {"timing": {"evaluations": 1}}, services={"backend": SERVICE, "frontend": other})
    for service in ("backend", "frontend"):
        found = alarms(recorded)[f"service-{service}-{key}"]
        assert measured(found) == ("AWS/ECS", metric, "Average", "GreaterThanThreshold", 80)
        assert (found["period"], found["evaluationPeriods"]) == (300, 1)
        assert found["dimensions"] == {
            "ClusterName": "berthcare-staging-services", "ServiceName": f"berthcare-staging-{service}",
        }  # fmt: skip


@pytest.mark.requirement("BER-OBS-11", "BER-N25", "BER-DR-13")
def test_what_happens_once_is_an_alarm_the_first_time(recorded: Recorder) -> None:
    build(recorded, **EVERYTHING)
    found = alarms(recorded)
    once = [key for key in found if key.endswith(("-replication-failed", "notifications-failed"))]
    once += [key for key in found if key.startswith("function-") and key.endswith("-errors")]
    assert len(once) >= 3
    for key in once:  # a period later the count is zero again
        assert (found[key]["threshold"], found[key]["evaluationPeriods"], found[key]["period"]) == (0, 1, 300), key


@pytest.mark.requirement("LWO-OBS-03")
def test_an_alarm_can_have_the_recorded_name(recorded: Recorder) -> None:
    naming = NamingSettings(names={"service-backend-cpu": "backend-high-cpu"})
    args = AlarmsArgs(
        scope=scope(naming=naming),
        timing=AlarmTiming(),
        alarms=service_alarms("backend", SERVICE, ServiceThresholds()),
        topic_arn="arn:aws:sns:ca-central-1:111122223333:alarms",
    )
    found = recorded.run(lambda: Alarms("alarms", args))
    assert found.names[0] == "backend-high-cpu"
    assert any(
        inputs["name"] == "backend-high-cpu" for _, inputs in recorded.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    )


@pytest.mark.requirement("FAC-OBS-06", "FAC-N24")
def test_the_hit_rate_of_every_cache_node_is_watched_when_it_has_a_threshold(recorded: Recorder) -> None:
    settings = {"cache": {"hit_rate_percent": 80}, "overrides": {"cache-*-hit-rate": {"missing": "missing"}}}
    build(recorded, settings, cache_node_ids=NODES)
    for node in ("001", "002"):
        found = alarms(recorded)[f"cache-{node}-hit-rate"]
        assert measured(found) == ("AWS/ElastiCache", "CacheHitRate", "Average", "LessThanThreshold", 80)
        assert found["dimensions"] == {"CacheClusterId": f"berthcare-staging-redis-{node}"}
        assert found["treatMissingData"] == "missing"


@pytest.mark.requirement("FAC-N24")
def test_without_a_threshold_the_hit_rate_is_not_watched(recorded: Recorder) -> None:
    build(recorded, cache_node_ids=NODES)
    assert not [key for key in alarms(recorded) if key.endswith("hit-rate")]


@pytest.mark.requirement("FAC-OBS-07", "FAC-N30")
def test_a_metric_of_the_application_is_watched_as_the_stack_file_describes_it(recorded: Recorder) -> None:
    queue = {
        "title": "Validation queue",
        "namespace": "Facnet/Validation",
        "metric": "QueueLength",
        "dimensions": {"Queue": "validation"},
        "above": 100,
    }
    build(recorded, {"custom": {"validation-queue": queue}}, fleet=FLEET)
    found = alarms(recorded)["validation-queue"]
    assert measured(found) == ("Facnet/Validation", "QueueLength", "Maximum", "GreaterThanThreshold", 100)
    assert found["dimensions"] == {"Queue": "validation"}
    assert found["alarmDescription"].startswith("Validation queue above 100. ")
    assert found["treatMissingData"] == "notBreaching"


def test_a_custom_alarm_may_be_below_a_value(recorded: Recorder) -> None:
    settings = {"custom": {"workers": {"title": "Workers", "namespace": "App", "metric": "Workers", "below": 0.5}}}
    build(recorded, settings, fleet=FLEET)
    assert measured(alarms(recorded)["workers"])[3:] == ("LessThanThreshold", 0.5)


@pytest.mark.requirement("MSP-OBS-06", "MSP-N18")
def test_the_api_has_its_share_of_errors_and_its_latency_watched(recorded: Recorder) -> None:
    build(recorded, api=API)
    errors, latency = alarms(recorded)["api-errors"], alarms(recorded)["api-latency"]
    assert measured(errors) == ("AWS/ApiGateway", "5XXError", "Average", "GreaterThanThreshold", 0.01)
    assert measured(latency) == ("AWS/ApiGateway", "Latency", "p95", "GreaterThanThreshold", 2000)
    assert errors["dimensions"] == latency["dimensions"] == {"ApiName": "berthcare-staging-api", "Stage": "prod"}


@pytest.mark.requirement("MSP-N16")
def test_every_nat_gateway_has_its_errors_watched(recorded: Recorder) -> None:
    build(recorded, nat_gateway_ids={"ca-central-1a": "nat-1", "ca-central-1b": "nat-2"})
    for zone, gateway in {"ca-central-1a": "nat-1", "ca-central-1b": "nat-2"}.items():
        for key, metric in {"ports": "ErrorPortAllocation", "drops": "PacketsDropCount"}.items():
            found = alarms(recorded)[f"nat-{zone}-{key}"]
            assert measured(found) == ("AWS/NATGateway", metric, "Sum", "GreaterThanThreshold", 0)
            assert found["dimensions"] == {"NatGatewayId": gateway}


def test_a_function_has_failures_refusals_duration_and_dead_letters_watched(recorded: Recorder) -> None:
    build(recorded, functions={"notes": FUNCTION})
    found = alarms(recorded)
    for key, metric in {"errors": "Errors", "throttles": "Throttles"}.items():
        assert measured(found[f"function-notes-{key}"]) == ("AWS/Lambda", metric, "Sum", "GreaterThanThreshold", 0)
    duration = found["function-notes-duration"]
    assert measured(duration) == ("AWS/Lambda", "Duration", "Maximum", "GreaterThanThreshold", 24_000)  # 80 % of 30 s
    assert duration["dimensions"] == {"FunctionName": "berthcare-staging-notes"}
    dead = found["function-notes-dead-letters"]
    assert measured(dead) == (
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "GreaterThanThreshold", 0,
    )  # fmt: skip
    assert dead["dimensions"] == {"QueueName": "berthcare-staging-notes-dead"}


def test_notifications_that_reach_nobody_are_watched(recorded: Recorder) -> None:
    build(recorded, database=DATABASE)
    found = alarms(recorded)["notifications-failed"]
    assert measured(found) == ("AWS/SNS", "NumberOfNotificationsFailed", "Sum", "GreaterThanThreshold", 0)
    assert found["dimensions"] == {"TopicName": "berthcare-staging-alarms"}


@pytest.mark.requirement("BER-N25", "FAC-OBS-01", "LWO-OBS-02", "MSP-OBS-04")
def test_every_alarm_of_every_kind_tells_the_topic_of_its_region(recorded: Recorder) -> None:
    build(recorded, {"cache": {"hit_rate_percent": 80}}, **EVERYTHING)
    found = alarms(recorded)
    assert len(found) > 40
    for alarm in found.values():
        (action,) = alarm["alarmActions"]
        assert f":{alarm.get('region', 'ca-central-1')}:" in action
        assert alarm["okActions"] == [action]
        assert 1 <= len(alarm["name"]) <= 255
        assert alarm["alarmDescription"]
