"""Dashboards: what each view shows, in a form CloudWatch takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.watched import WatchedDatabase
from settings.observability import View
from tests.unit.components.watching import BALANCER, DATABASE, EVERYTHING, build
from tests.unit.conftest import Recorder

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
QUEUE = {
    "validation-queue": {"title": "Queue", "namespace": "Facnet/Validation", "metric": "QueueLength", "above": 100}
}


def bodies(recorded: Recorder, *views: View, **watched: Any) -> dict[str, list[dict[str, Any]]]:
    build(recorded, {"dashboards": list(views), "custom": QUEUE}, **(watched or EVERYTHING))
    return {
        inputs["dashboardName"].removeprefix("berthcare-staging-"): json.loads(inputs["dashboardBody"])["widgets"]
        for _, inputs in recorded.of(DASHBOARD)
    }


def shown(widgets: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Namespace and metric of every line."""
    return {
        (line[0], line[1])
        for widget in widgets
        if widget["type"] == "metric"
        for line in widget["properties"]["metrics"]
        if isinstance(line[0], str)
    }


@pytest.mark.requirement("FAC-OBS-08")
def test_application_health_shows_latency_errors_and_throughput(recorded: Recorder) -> None:
    found = shown(bodies(recorded, View.APPLICATION)["application"])
    assert {
        ("AWS/ApplicationELB", "TargetResponseTime"), ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"),
        ("AWS/ApplicationELB", "RequestCount"), ("AWS/ApiGateway", "Latency"), ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Count"), ("Facnet/Validation", "QueueLength"),
    } <= found  # fmt: skip


@pytest.mark.requirement("FAC-OBS-09", "LWO-OBS-08")
def test_database_performance_shows_connections_queries_and_disk(recorded: Recorder) -> None:
    found = {
        metric for namespace, metric in shown(bodies(recorded, View.DATABASE)["database"]) if namespace == "AWS/RDS"
    }
    assert {
        "DatabaseConnections", "DBLoad", "ReadIOPS", "WriteIOPS", "ReadThroughput", "WriteThroughput", "ReadLatency",
        "WriteLatency", "DiskQueueDepth", "CPUUtilization", "FreeStorageSpace",
    } <= found  # fmt: skip


@pytest.mark.requirement("FAC-OBS-10", "FAC-N23")
def test_infrastructure_shows_cpu_memory_and_network(recorded: Recorder) -> None:
    found = shown(bodies(recorded, View.INFRASTRUCTURE)["infrastructure"])
    assert {
        ("AWS/EC2", "CPUUtilization"), ("CWAgent", "mem_used_percent"), ("AWS/EC2", "NetworkIn"),
        ("AWS/EC2", "NetworkOut"), ("AWS/ECS", "MemoryUtilization"), ("AWS/NATGateway", "BytesOutToDestination"),
        ("AWS/RDS", "NetworkReceiveThroughput"),
    } <= found  # fmt: skip


@pytest.mark.requirement("LWO-OBS-08", "LWO-OBS-09", "LWO-N15")
def test_the_four_recorded_views_show_health_use_errors_and_requests(recorded: Recorder) -> None:
    found = bodies(recorded, View.SERVICE, View.UTILISATION, View.ERRORS, View.REQUESTS)
    assert set(found) == {"service", "utilisation", "errors", "requests"}
    health = found["service"]
    (states,) = (widget for widget in health if widget["type"] == "alarm")
    assert (
        "arn:aws:cloudwatch:ca-central-1:111122223333:alarm:berthcare-staging-database-cpu"
        in (states["properties"]["alarms"])
    )
    assert not any("cdn-errors" in arn for arn in states["properties"]["alarms"])  # it is in another region
    figures = [w["properties"]["title"] for w in health if w["properties"].get("view") == "singleValue"]
    assert figures == ["CPU, percent", "Memory, percent", "Requests", "Error rate, percent"]
    assert {("AWS/ECS", "CPUUtilization"), ("AWS/ECS", "MemoryUtilization"), ("AWS/RDS", "FreeStorageSpace"),
            ("ECS/ContainerInsights", "RunningTaskCount"), ("AWS/RDS", "DatabaseConnections")} <= shown(
        found["utilisation"])  # fmt: skip
    (lines,) = (widget["properties"] for widget in found["errors"] if widget["type"] == "log")
    assert lines["query"].startswith("SOURCE '/berthcare/staging/backend' | SOURCE '/aws/lambda/")
    assert ("AWS/ApplicationELB", "TargetConnectionErrorCount") in shown(found["errors"])
    assert {("AWS/ApplicationELB", "RequestCount"), ("AWS/ApplicationELB", "RequestCountPerTarget"),
            ("AWS/ApplicationELB", "TargetResponseTime")} <= shown(found["requests"])  # fmt: skip


def test_the_error_rate_is_drawn_from_the_expression_of_its_alarm(recorded: Recorder) -> None:
    widgets = bodies(recorded, View.ERRORS)["errors"]
    (rate,) = (w["properties"] for w in widgets if w["properties"]["title"] == "Error rate, percent")
    expression, *hidden = rate["metrics"]
    assert expression[0]["id"] == "result"
    assert [line[-1]["visible"] for line in hidden] == [False, False, False]
    assert {line[-1]["id"] for line in hidden} == {"requests", "target", "own"}
    assert all(name in expression[0]["expression"] for name in ("requests", "target", "own"))


@pytest.mark.parametrize("view", list(View))
def test_every_view_is_a_body_cloudwatch_takes(recorded: Recorder, view: View) -> None:
    (widgets,) = bodies(recorded, view).values()
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(places) == len(set(places))
    assert 1 <= len(widgets) <= 500
    for widget in widgets:
        assert widget["x"] + widget["width"] <= 24
        properties = widget["properties"]
        assert properties["title"]
        if widget["type"] != "metric":
            assert widget["type"] in ("alarm", "log")
            continue
        assert properties["view"] in ("timeSeries", "singleValue")
        assert properties["region"] in ("ca-central-1", "us-east-1", "ca-west-1")
        assert properties["period"] % 60 == 0
        ids = [line[-1]["id"] for line in properties["metrics"] if "id" in line[-1]]
        assert len(ids) == len(set(ids))
        assert properties["metrics"]
        for line in properties["metrics"]:
            options = line[-1]
            assert isinstance(options, dict)
            assert len(line) == 1 or (len(line) % 2 == 1 and all(isinstance(part, str) for part in line[:-1]))
            assert ("expression" in options) == (len(line) == 1)


def test_a_view_of_nothing_is_not_made(recorded: Recorder) -> None:
    found = bodies(recorded, View.DATABASE, View.REQUESTS, load_balancer=BALANCER)
    assert set(found) == {"requests"}


def test_names_of_all_dashboards_are_known(recorded: Recorder) -> None:
    built = build(recorded, {"dashboards": ["overview", "database"]}, database=DATABASE)
    assert built.dashboard_name == "berthcare-staging-overview"
    assert built.dashboard_names == {"overview": "berthcare-staging-overview", "database": "berthcare-staging-database"}


@pytest.mark.requirement("MSP-N18", "ALL-17")
def test_a_cluster_shows_its_writer_capacity_and_commits_and_no_disk_of_its_own(recorded: Recorder) -> None:
    cluster = WatchedDatabase(identifier="clinic-production", max_connections=823, max_acu=8, readers=True)
    widgets = bodies(recorded, View.DATABASE, database=cluster)["database"]
    found = {metric for _, metric in shown(widgets)}
    assert {"ServerlessDatabaseCapacity", "ACUUtilization", "CommitThroughput", "DatabaseConnections"} <= found
    assert not {"FreeStorageSpace", "DiskQueueDepth"} & found
    for widget in widgets:
        for line in widget["properties"]["metrics"]:
            assert line[2:6] == ["DBClusterIdentifier", "clinic-production", "Role", "WRITER"]
