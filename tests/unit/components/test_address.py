"""The application's address: records, failover, health checks from outside and from an alarm."""

from __future__ import annotations

from typing import Any

import pytest

from components.address import Address, AddressArgs, HealthCheck, HealthCheckArgs, WatchedTargets
from settings.edge import FailoverSettings, HealthCheckSettings
from tests.unit.components.scopes import scope
from tests.unit.conftest import Recorder

RECORD = "aws:route53/record:Record"
CHECK = "aws:route53/healthCheck:HealthCheck"
FAILOVER = FailoverSettings(target="site.example.org", target_zone_id="Z3AQBSTGFYJSTF")
WATCHED = WatchedTargets(
    load_balancer_arn_suffix="app/alb/1", target_group_arn_suffix="targetgroup/api/2", topic_arn="arn:topic"
)


def address(recorded: Recorder, **more: Any) -> None:
    values: dict[str, Any] = {
        "names": ["app.example.org"],
        "zone_id": "Z1",
        "target": "alb.ca-central-1.elb.amazonaws.com",
        "target_zone_id": "ZQSVJUPU6J1EY",
    }
    recorded.run(lambda: Address("address", AddressArgs(**{**values, **more})))


def check(recorded: Recorder, **more: Any) -> None:
    settings = HealthCheckSettings(path="/api/health", failures=4)
    args = HealthCheckArgs(scope=scope(), settings=settings, domain_name="app.example.org", **more)
    recorded.run(lambda: HealthCheck("health", args))


@pytest.mark.requirement("LWO-EDG-05", "FAC-EDG-07", "FAC-N04")
def test_every_domain_is_an_alias_of_the_load_balancer(recorded: Recorder) -> None:
    address(recorded, names=["app.example.org", "api.example.org"])
    records = [inputs for _, inputs in recorded.of(RECORD)]
    assert sorted(record["name"] for record in records) == ["api.example.org", "app.example.org"]
    for record in records:
        assert (record["type"], record["zoneId"]) == ("A", "Z1")
        assert record["aliases"] == [
            {
                "name": "alb.ca-central-1.elb.amazonaws.com",
                "zoneId": "ZQSVJUPU6J1EY",
                "evaluateTargetHealth": True,
            }
        ]
        assert not {"records", "setIdentifier", "failoverRoutingPolicies", "healthCheckId"} & record.keys()


@pytest.mark.requirement("LWO-EDG-07")
def test_failover_answers_with_the_second_place_while_the_first_is_down(recorded: Recorder) -> None:
    address(recorded, failover=FAILOVER, health_check_id="check-1")
    first = recorded.one(RECORD, "address-record").inputs
    second = recorded.one(RECORD, "address-record-secondary").inputs
    assert first["failoverRoutingPolicies"] == [{"type": "PRIMARY"}]
    assert (first["setIdentifier"], first["healthCheckId"]) == ("primary", "check-1")
    assert second["failoverRoutingPolicies"] == [{"type": "SECONDARY"}]
    assert (second["setIdentifier"], second["name"]) == ("secondary", first["name"])
    assert second["aliases"] == [
        {"name": "site.example.org", "zoneId": "Z3AQBSTGFYJSTF", "evaluateTargetHealth": False}
    ]
    assert "healthCheckId" not in second


@pytest.mark.requirement("LWO-EDG-06", "LWO-N05")
@pytest.mark.parametrize("regions", [(), ("us-east-1", "us-west-1", "us-west-2")])
def test_health_checkers_ask_the_domain_over_https(recorded: Recorder, regions: tuple[str, ...]) -> None:
    check(recorded, regions=regions)
    found = recorded.one(CHECK).inputs
    assert (found["type"], found["port"], found["enableSni"]) == ("HTTPS", 443, True)
    assert (found["fqdn"], found["resourcePath"]) == ("app.example.org", "/api/health")
    assert (found["requestInterval"], found["failureThreshold"]) == (30, 4)
    assert found.get("regions", []) == list(regions)
    assert recorded.count("aws:cloudwatch/metricAlarm:MetricAlarm") == 0


@pytest.mark.requirement("LWO-EDG-06", "LWO-N05")
def test_where_health_checkers_do_not_reach_an_alarm_on_healthy_targets_decides(recorded: Recorder) -> None:
    check(recorded, watched=WATCHED)
    alarm = recorded.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs
    found = recorded.one(CHECK).inputs
    assert (found["type"], found["cloudwatchAlarmRegion"]) == ("CLOUDWATCH_METRIC", "ca-central-1")
    assert found["cloudwatchAlarmName"] == alarm["name"]
    assert found["insufficientDataHealthStatus"] == "Unhealthy"
    assert not {"fqdn", "port", "requestInterval", "failureThreshold"} & found.keys()
    assert (alarm["metricName"], alarm["comparisonOperator"], alarm["threshold"]) == (
        "HealthyHostCount",
        "LessThanThreshold",
        1,
    )
    assert alarm["dimensions"] == {"LoadBalancer": "app/alb/1", "TargetGroup": "targetgroup/api/2"}
    assert (alarm["period"], alarm["evaluationPeriods"], alarm["alarmActions"]) == (60, 4, ["arn:topic"])
