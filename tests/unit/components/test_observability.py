"""Alarms with the recorded thresholds, in the metrics' own units and regions, and the dashboard that shows them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from components.alarms import Alarm, AlarmsArgs, cdn_alarms, database_alarms
from components.connections import max_connections, memory_gib
from components.observability import Observability, ObservabilityArgs
from components.security_events import EVENTS
from components.watched import Watched
from settings.observability import AlarmTiming, CdnThresholds, DatabaseThresholds, ObservabilitySettings
from tests.unit.components.scopes import EDGE_KEY_ARN, KEY_ARN, RECOVERY_KEY_ARN, scope
from tests.unit.components.watching import BACKUPS, BALANCER, DATABASE, REPLICATION, SERVICE, alarms, build
from tests.unit.conftest import Recorder

FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"


@pytest.mark.requirement(
    "BER-OBS-03", "BER-OBS-04", "BER-OBS-05", "BER-OBS-06", "ALL-17",
    "FAC-OBS-03", "FAC-OBS-04", "LWO-OBS-06", "MSP-OBS-05", "OMN-N15",
)  # fmt: skip
@pytest.mark.parametrize(
    ("key", "metric", "comparison", "threshold"),
    [
        ("database-cpu", "CPUUtilization", "GreaterThanThreshold", 80),
        ("database-memory", "FreeableMemory", "LessThanThreshold", 536_870_912),
        ("database-storage", "FreeStorageSpace", "LessThanThreshold", 10_737_418_240),
        ("database-connections", "DatabaseConnections", "GreaterThanThreshold", 320),
    ],
)
def test_database_alarms(recorded: Recorder, key: str, metric: str, comparison: str, threshold: int) -> None:
    build(recorded)
    found = alarms(recorded)[key]
    assert (found["namespace"], found["metricName"]) == ("AWS/RDS", metric)
    assert (found["comparisonOperator"], found["threshold"]) == (comparison, threshold)
    assert found["dimensions"] == {"DBInstanceIdentifier": "berthcare-staging-postgres"}
    assert found["treatMissingData"] == "missing"


@pytest.mark.requirement("BER-OBS-07", "BER-OBS-08", "BER-OBS-09")
@pytest.mark.parametrize("node", ["001", "002"])
@pytest.mark.parametrize(
    ("key", "metric", "statistic", "threshold"),
    [
        ("cpu", "CPUUtilization", "Average", 75),
        ("memory", "DatabaseMemoryUsagePercentage", "Average", 80),
        ("evictions", "Evictions", "Sum", 1000),
    ],
)
def test_cache_alarms_of_every_node(
    recorded: Recorder, node: str, key: str, metric: str, statistic: str, threshold: int
) -> None:
    build(recorded)
    found = alarms(recorded)[f"cache-{node}-{key}"]
    assert (found["namespace"], found["metricName"], found["statistic"]) == ("AWS/ElastiCache", metric, statistic)
    assert (found["comparisonOperator"], found["threshold"]) == ("GreaterThanThreshold", threshold)
    assert found["dimensions"] == {"CacheClusterId": f"berthcare-staging-redis-{node}"}


@pytest.mark.requirement("BER-OBS-10", "BER-N08", "ALL-07")
def test_the_cdn_alarm_and_its_topic_are_in_us_east_1_with_their_own_key(recorded: Recorder) -> None:
    observability = build(recorded)
    found = alarms(recorded)["cdn-errors"]
    assert (found["namespace"], found["metricName"], found["threshold"]) == ("AWS/CloudFront", "5xxErrorRate", 5)
    assert found["dimensions"] == {"DistributionId": "E1", "Region": "Global"}
    assert found["region"] == "us-east-1"
    assert all(":us-east-1:" in arn for arn in found["alarmActions"])
    topics = {inputs.get("region"): inputs["kmsMasterKeyId"] for _, inputs in recorded.of("aws:sns/topic:Topic")}
    assert topics == {None: KEY_ARN, "us-east-1": EDGE_KEY_ARN}
    assert observability.edge_alarm_names == ["berthcare-staging-cdn-errors"]


@pytest.mark.requirement("BER-N25")
def test_every_alarm_acts_after_two_periods_of_five_minutes_in_its_own_region(recorded: Recorder) -> None:
    build(recorded)
    assert len(alarms(recorded)) == 12
    for key, found in alarms(recorded).items():
        evaluations = 1 if key == "notifications-failed" else 2
        assert (found["period"], found["evaluationPeriods"], found["actionsEnabled"]) == (300, evaluations, True)
        (action,) = found["alarmActions"]
        assert f":{found.get('region', 'ca-central-1')}:" in action
        assert found["okActions"] == [action]
        assert found["treatMissingData"] in {"missing", "notBreaching", "breaching"}


@pytest.mark.requirement("ALL-01")
def test_thresholds_and_timing_are_settings(recorded: Recorder) -> None:
    build(
        recorded,
        {
            "timing": {"period_seconds": 60, "evaluations": 5},
            "database": {"cpu_percent": 50, "freeable_memory_mib": 1024},
            "cache": {"cpu_metric": "EngineCPUUtilization"},
        },
    )
    found = alarms(recorded)
    assert (found["database-cpu"]["threshold"], found["database-memory"]["threshold"]) == (50, 1_073_741_824)
    assert (found["database-cpu"]["period"], found["database-cpu"]["evaluationPeriods"]) == (60, 5)
    assert found["cache-001-cpu"]["metricName"] == "EngineCPUUtilization"


def test_what_does_not_exist_is_not_watched(recorded: Recorder) -> None:
    observability = build(recorded, database=DATABASE)
    found = {f"database-{key}" for key in ("cpu", "memory", "storage", "connections")}
    assert set(alarms(recorded)) == {*found, "notifications-failed"}
    assert recorded.count("aws:sns/topic:Topic") == 1
    assert observability.edge_topic_arn is None
    assert all("region" not in entry.inputs for entry in recorded.registrations if entry.custom)


def test_load_balancer_and_service_alarms(recorded: Recorder) -> None:
    build(recorded, load_balancer=BALANCER, services={"backend": SERVICE})
    found = alarms(recorded)
    assert set(found) == {
        "load-balancer-errors", "load-balancer-latency", "load-balancer-backend-unhealthy",
        "service-backend-cpu", "service-backend-memory", "service-backend-tasks", "notifications-failed",
    }  # fmt: skip
    latency = found["load-balancer-latency"]
    assert (latency["extendedStatistic"], latency["threshold"]) == ("p95", 1.0)
    assert "statistic" not in latency
    assert found["load-balancer-backend-unhealthy"]["dimensions"] == {
        "TargetGroup": "targetgroup/backend/2", "LoadBalancer": "app/alb/1",
    }  # fmt: skip
    tasks = found["service-backend-tasks"]
    assert (tasks["comparisonOperator"], tasks["threshold"]) == ("LessThanThreshold", 2)
    assert tasks["treatMissingData"] == "breaching"


@pytest.mark.requirement("BER-OBS-02", "BER-N31")
def test_the_dashboard_has_one_widget_for_every_metric_with_an_alarm(recorded: Recorder) -> None:
    observability = build(recorded)
    dashboard = recorded.one(DASHBOARD).inputs
    assert dashboard["dashboardName"] == observability.dashboard_name == "berthcare-staging-overview"
    widgets = json.loads(dashboard["dashboardBody"])["widgets"]
    shown = {tuple(widget["properties"]["metrics"][0][:2]) for widget in widgets}
    assert shown == {(inputs["namespace"], inputs["metricName"]) for inputs in alarms(recorded).values()}
    assert len(widgets) == len(shown) == 9
    lines = [tuple(line[:-1]) for widget in widgets for line in widget["properties"]["metrics"]]
    assert len(lines) == len(alarms(recorded))
    assert ("AWS/CloudFront", "5xxErrorRate", "DistributionId", "E1", "Region", "Global") in lines
    places = {(widget["x"], widget["y"]) for widget in widgets}
    assert len(places) == len(widgets)
    assert all(x + 8 <= 24 for x, _ in places)
    regions = {widget["properties"]["region"] for widget in widgets}
    assert regions == {"ca-central-1", "us-east-1"}


def test_events_of_the_trail_are_counted_and_the_first_one_is_an_alarm(recorded: Recorder) -> None:
    build(recorded, trail_log_group_name="/aws/cloudtrail/berthcare-staging-trail")
    filters = {inputs["metricTransformation"]["name"]: inputs for _, inputs in recorded.of(FILTER)}
    assert set(filters) == set(EVENTS)
    assert len(EVENTS) == 15
    for inputs in filters.values():
        assert inputs["logGroupName"] == "/aws/cloudtrail/berthcare-staging-trail"
        assert inputs["metricTransformation"]["namespace"] == "berthcare/staging/security"
        assert inputs["pattern"].startswith("{ ")
        assert inputs["pattern"].endswith(" }")
        assert len(inputs["pattern"]) <= 1024
        assert inputs["pattern"].count("(") == inputs["pattern"].count(")")
    found = alarms(recorded)
    assert set(found) == {*(f"security-{event}" for event in EVENTS), "notifications-failed"}
    for event in EVENTS:
        alarm = found[f"security-{event}"]
        assert (alarm["namespace"], alarm["metricName"]) == ("berthcare/staging/security", event)
        assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
        assert (alarm["evaluationPeriods"], alarm["treatMissingData"]) == (1, "notBreaching")


def test_without_a_trail_no_event_is_counted(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.count(FILTER) == 0


def test_the_dashboard_can_be_left_out(recorded: Recorder) -> None:
    assert build(recorded, {"dashboards": []}).dashboard_name is None
    assert recorded.count(DASHBOARD) == 0


@pytest.mark.requirement("BER-OBS-06")
@pytest.mark.parametrize(
    ("instance_class", "gib"),
    [("db.t4g.micro", 1), ("db.t4g.medium", 4), ("db.m6g.large", 8), ("db.r6g.2xlarge", 64), ("db.m6gd.4xlarge", 64)],
)
def test_memory_of_instance_classes(instance_class: str, gib: int) -> None:
    assert memory_gib(instance_class) == gib


@pytest.mark.requirement("BER-OBS-06")
def test_the_most_connections_lie_under_the_formulas_value_and_never_over_5000() -> None:
    assert max_connections("db.t4g.medium") == 392
    assert max_connections("db.t4g.micro") == 81
    assert max_connections("db.r6g.16xlarge") == 5000
    for size, gib in {"micro": 1, "small": 2, "medium": 4, "large": 8}.items():
        nominal = gib * 1024**3 // 9_531_392
        assert 0.7 * nominal < max_connections(f"db.t4g.{size}") < nominal


@pytest.mark.parametrize("instance_class", ["db.unknown", "t4g.medium", "db.z9.huge", ""])
def test_an_unknown_class_is_refused(instance_class: str) -> None:
    with pytest.raises(ValueError, match="set max_connections"):
        max_connections(instance_class)


def test_alarms_of_two_regions_cannot_share_a_topic() -> None:
    mixed: list[Alarm] = [*database_alarms(DATABASE, DatabaseThresholds()), *cdn_alarms("E1", CdnThresholds())]
    with pytest.raises(ValueError, match="got ca-central-1, us-east-1"):
        AlarmsArgs(scope=scope(), timing=AlarmTiming(), alarms=mixed, topic_arn="arn")


def test_a_distribution_without_a_key_in_its_region_is_refused() -> None:
    with pytest.raises(ValueError, match="edge_kms_key_arn"):
        ObservabilityArgs(
            scope=scope(),
            settings=ObservabilitySettings(alarm_email="ops@example.org"),
            kms_key_arn=KEY_ARN,
            watched=Watched(distribution_id="E1"),
        )


def test_copied_buckets_without_their_region_are_refused() -> None:
    with pytest.raises(ValueError, match="recovery_region, recovery_kms_key_arn"):
        ObservabilityArgs(
            scope=scope(),
            settings=ObservabilitySettings(alarm_email="ops@example.org"),
            kms_key_arn=KEY_ARN,
            watched=Watched(replications={"photos": REPLICATION}),
        )


@pytest.mark.requirement("BER-OBS-11", "BER-DR-12", "BER-N06")
def test_a_late_copy_alarms_in_the_copys_region(recorded: Recorder) -> None:
    observability = build(recorded, replications={"photos": REPLICATION})
    late = alarms(recorded)["photos-replication-late"]
    assert (late["namespace"], late["metricName"]) == ("AWS/S3", "ReplicationLatency")
    assert (late["statistic"], late["region"]) == ("Maximum", "ca-west-1")
    assert (late["comparisonOperator"], late["threshold"]) == ("GreaterThanThreshold", 15 * 60)
    assert late["dimensions"] == {
        "SourceBucket": "berthcare-photos", "DestinationBucket": "berthcare-photos-dr", "RuleId": "Rule-1",
    }  # fmt: skip
    pending = alarms(recorded)["photos-replication-pending"]
    assert (pending["metricName"], pending["statistic"]) == ("OperationsPendingReplication", "Maximum")
    assert (pending["threshold"], pending["region"]) == (1000, "ca-west-1")
    assert (late["treatMissingData"], pending["treatMissingData"]) == ("ignore", "ignore")  # a gap ends no alarm
    assert observability.recovery_alarm_names == [late["name"], pending["name"]]


@pytest.mark.requirement("BER-OBS-11", "BER-N06")
def test_a_failed_copy_alarms_in_the_sources_region(recorded: Recorder) -> None:
    build(recorded, replications={"photos": REPLICATION})
    failed = alarms(recorded)["photos-replication-failed"]
    assert failed["metricName"] == "OperationsFailedReplication"
    assert (failed["statistic"], failed["threshold"], failed.get("region")) == ("Sum", 0, None)
    assert all(":ca-central-1:" in arn for arn in failed["alarmActions"])


@pytest.mark.requirement("ALL-07", "ALL-18", "BER-OBS-01", "BER-OBS-11")
def test_alarms_of_copies_tell_a_topic_of_their_own_region_under_a_key_of_that_region(recorded: Recorder) -> None:
    build(recorded, replications={"photos": REPLICATION})
    late = alarms(recorded)["photos-replication-late"]
    (topic,) = (entry for entry in recorded.all("aws:sns/topic:Topic") if entry.inputs.get("region") == "ca-west-1")
    assert topic.inputs["kmsMasterKeyId"] == RECOVERY_KEY_ARN
    assert late["alarmActions"] == [topic.outputs["arn"]]
    told = {inputs["endpoint"] for _, inputs in recorded.of("aws:sns/topicSubscription:TopicSubscription")}
    assert told == {"ops@example.org"}


@pytest.mark.requirement("ALL-07")
@pytest.mark.parametrize("distribution", [None, "E1"])
def test_copies_in_us_east_1_share_the_topic_of_the_cdns_alarms(recorded: Recorder, distribution: str | None) -> None:
    args = ObservabilityArgs(
        scope=scope(),
        settings=ObservabilitySettings(alarm_email="ops@example.org"),
        kms_key_arn=KEY_ARN,
        edge_kms_key_arn=None if distribution is None else EDGE_KEY_ARN,
        recovery_region="us-east-1",
        recovery_kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/recovery",
        watched=Watched(replications={"photos": REPLICATION}, distribution_id=distribution),
    )
    recorded.run(lambda: Observability("observability", args))
    topics = [inputs for _, inputs in recorded.of("aws:sns/topic:Topic") if inputs.get("region") == "us-east-1"]
    assert len(topics) == 1
    assert topics[0]["kmsMasterKeyId"].startswith("arn:aws:kms:us-east-1:")


def test_every_use_of_the_role_for_emergencies_is_an_alarm(recorded: Recorder) -> None:
    build(recorded, trail_log_group_name="/aws/cloudtrail/trail", break_glass_role_name="berthcare-staging-break-glass")
    (found,) = (i for _, i in recorded.of(FILTER) if i["metricTransformation"]["name"] == "break-glass")
    assert found["pattern"] == (
        '{ ($.eventName = "AssumeRole*") && ($.requestParameters.roleArn = "*:role/berthcare-staging-break-glass") }'
    )
    alarm = alarms(recorded)["security-break-glass"]
    assert (alarm["comparisonOperator"], alarm["threshold"], alarm["evaluationPeriods"]) == (
        "GreaterThanThreshold", 0, 1,
    )  # fmt: skip


@pytest.mark.requirement("LWO-DB-07", "LWO-OBS-06", "ALL-17")
def test_each_read_replica_is_watched_by_itself_and_for_its_delay(recorded: Recorder) -> None:
    database = replace(DATABASE, replicas=["berthcare-staging-postgres-replica-1"])
    build(recorded, {"database": {"replica_lag_seconds": 60}}, database=database)
    found = {
        key: alarm for key, alarm in alarms(recorded).items()
        if alarm.get("dimensions") == {"DBInstanceIdentifier": "berthcare-staging-postgres-replica-1"}
    }  # fmt: skip
    assert found.keys() == {f"database-replica-1-{key}" for key in ("cpu", "memory", "storage", "connections", "lag")}
    lag = found["database-replica-1-lag"]
    assert (lag["namespace"], lag["metricName"], lag["statistic"]) == ("AWS/RDS", "ReplicaLag", "Average")
    assert (lag["threshold"], lag["comparisonOperator"]) == (60, "GreaterThanThreshold")


@pytest.mark.requirement("FAC-DR-01", "BER-DR-04", "MSP-DR-01")
def test_a_backup_that_was_not_made_in_time_is_an_alarm(recorded: Recorder) -> None:
    build(recorded, backups=BACKUPS)
    late = alarms(recorded)["backups-late"]
    assert (late["namespace"], late["metricName"], late["statistic"]) == (
        "AWS/Backup", "NumberOfBackupJobsCompleted", "Sum",
    )  # fmt: skip
    assert late["dimensions"] == {"BackupVaultName": "berthcare-staging-backups"}
    assert (late["comparisonOperator"], late["threshold"]) == ("LessThanThreshold", 1)
    assert (late["period"], late["evaluationPeriods"]) == (3600, 26)  # AWS takes seven days of hourly periods
    assert late["treatMissingData"] == "breaching"  # hours without a job have no value
