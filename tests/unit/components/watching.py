"""One system's worth of things to watch, and the observability built over it."""

from __future__ import annotations

from typing import Any

from components.observability import Observability, ObservabilityArgs
from components.watched import (
    Watched,
    WatchedApi,
    WatchedBackups,
    WatchedDatabase,
    WatchedFleet,
    WatchedFunction,
    WatchedLoadBalancer,
    WatchedReplication,
    WatchedService,
)
from settings.detection import DetectionSettings
from settings.observability import ObservabilitySettings
from tests.unit.components.scopes import EDGE_KEY_ARN, KEY_ARN, RECOVERY_KEY_ARN, scope
from tests.unit.conftest import Recorder

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DATABASE = WatchedDatabase(
    identifier="berthcare-staging-postgres",
    max_connections=400,
    log_group_names=["/aws/rds/instance/berthcare-staging-postgres/postgresql"],
)
NODES = ["berthcare-staging-redis-001", "berthcare-staging-redis-002"]
BALANCER = WatchedLoadBalancer(arn_suffix="app/alb/1", target_group_arn_suffixes={"backend": "targetgroup/backend/2"})
SERVICE = WatchedService(
    cluster_name="berthcare-staging-services",
    service_name="berthcare-staging-backend",
    min_tasks=2,
    repository_name="berthcare-staging-backend",
    log_group_name="/berthcare/staging/backend",
)
FLEET = WatchedFleet(
    autoscaling_group_name="berthcare-staging-fleet",
    deployment_application="berthcare-staging",
    log_group_names=["/berthcare/staging/fleet"],
)
API = WatchedApi(api_name="berthcare-staging-api", stage="prod", log_group_name="/berthcare/staging/api")
FUNCTION = WatchedFunction(
    function_name="berthcare-staging-notes",
    timeout_seconds=30,
    dead_letter_queue_name="berthcare-staging-notes-dead",
    log_group_name="/aws/lambda/berthcare-staging-notes",
)
REPLICATION = WatchedReplication(source="berthcare-photos", copy="berthcare-photos-dr", rule_id="Rule-1")
BACKUPS = WatchedBackups(vault_name="berthcare-staging-backups", age_minutes=26 * 60)
EVERYTHING: dict[str, Any] = {
    "database": DATABASE,
    "cache_node_ids": NODES,
    "distribution_id": "E1",
    "load_balancer": BALANCER,
    "services": {"backend": SERVICE},
    "fleet": FLEET,
    "api": API,
    "functions": {"notes": FUNCTION},
    "nat_gateway_ids": {"ca-central-1a": "nat-1"},
    "replications": {"photos": REPLICATION},
    "trail_log_group_name": "/aws/cloudtrail/berthcare-staging-trail",
    "flow_log_group_name": "/aws/vpc/berthcare-staging-flow-logs",
    "certificates": True,
    "backups": BACKUPS,
}


def build(
    recorded: Recorder,
    settings: dict[str, Any] | None = None,
    detection: dict[str, Any] | None = None,
    **watched: Any,
) -> Observability:
    """`Observability` with these settings over what is watched: database, cache and CDN unless told otherwise."""
    found = watched or {"database": DATABASE, "cache_node_ids": NODES, "distribution_id": "E1"}
    args = ObservabilityArgs(
        scope=scope(),
        settings=ObservabilitySettings.model_validate({"alarm_email": "ops@example.org", **(settings or {})}),
        kms_key_arn=KEY_ARN,
        edge_kms_key_arn=EDGE_KEY_ARN,
        recovery_region="ca-west-1",
        recovery_kms_key_arn=RECOVERY_KEY_ARN,
        watched=Watched(**found),
        detection=DetectionSettings.model_validate(detection or {}),
    )
    return recorded.run(lambda: Observability("observability", args))


def alarms(recorded: Recorder) -> dict[str, dict[str, Any]]:
    """Alarm, by its part of the name → inputs."""
    return {inputs["name"].removeprefix("berthcare-staging-"): inputs for _, inputs in recorded.of(ALARM)}
