"""Who watches: audit trail, alarms, dashboards, detection, traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.aurora import LOG_EXPORTS as AURORA_LOG_EXPORTS
from components.backup import vault_name
from components.break_glass import break_glass_name
from components.code_deploy import application_name
from components.connections import max_connections, serverless_max_connections
from components.database import LOG_EXPORTS, Database
from components.detection import Detection, DetectionArgs
from components.grafana import GrafanaRole, GrafanaRoleArgs
from components.observability import Observability, ObservabilityArgs
from components.registry import repository_name
from components.replication import RULE_ID
from components.scope import DataClass
from components.state_backend import RULE_ID as STATE_RULE_ID
from components.storage import Storage
from components.tracing import Tracing, TracingArgs
from components.trail import Trail, TrailArgs
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
from layers.api import Apis
from layers.application import Application
from layers.base import Base
from layers.data import Data
from layers.entry import Entry
from layers.functions import Functions
from settings.database import RdsSettings
from settings.keys import Purpose
from settings.observability import TrailSettings
from settings.stack import Settings


@dataclass(frozen=True)
class Watching:
    """Alarms and topics, as the other layers use them."""

    observability: Observability
    outputs: dict[str, Any]


def build_watching(
    settings: Settings,
    base: Base,
    data: Data,
    entry: Entry,
    functions: Functions,
    apis: Apis,
    application: Application,
) -> Watching:
    """The trail first, whose log is watched; then alarms and dashboards of everything there is; then detection."""
    scope, keys = base.scope, base.keys
    outputs: dict[str, Any] = {}
    trail = None
    if settings.observability.trail is not None:
        trail = _trail(settings.observability.trail, base)
        outputs |= {"trail_arn": trail.arn, "trail_bucket_name": trail.bucket_name}
    observability = Observability(
        "observability",
        ObservabilityArgs(
            scope=scope,
            settings=settings.observability,
            kms_key_arn=keys.arns[Purpose.NOTIFICATIONS],
            edge_kms_key_arn=keys.edge_arn,
            recovery_region=settings.recovery_region,
            recovery_kms_key_arn=keys.recovery_arn,
            detection=settings.detection,
            watched=_watched(settings, base, data, entry, functions, apis, application, trail),
        ),
    )
    outputs |= {
        "alarm_topic_arn": observability.topic_arn,
        "alarm_names": observability.alarm_names,
        "system_alarm_name": observability.system_alarm_name,
        "cloudwatch_dashboard_name": observability.dashboard_name,
        "dashboard_names": observability.dashboard_names,
    }
    if observability.edge_topic_arn is not None:
        outputs |= {
            "edge_alarm_topic_arn": observability.edge_topic_arn,
            "edge_alarm_names": observability.edge_alarm_names,
        }
    if observability.recovery_topic_arn is not None:
        outputs |= {
            "recovery_alarm_topic_arn": observability.recovery_topic_arn,
            "recovery_alarm_names": observability.recovery_alarm_names,
        }
    Detection(
        "detection",
        DetectionArgs(
            scope=scope,
            settings=settings.detection,
            kms_key_arn=keys.arns[Purpose.TRAIL],
            key_alias=keys.aliases[Purpose.TRAIL],
            logs_bucket_name=base.storage.logs_bucket_name,
        ),
    )
    tracing, grafana = settings.observability.tracing, settings.observability.grafana
    if tracing is not None:
        Tracing("tracing", TracingArgs(scope=scope, settings=tracing, kms_key_arn=keys.arns[Purpose.LOGS]))
    if grafana is not None:
        outputs["grafana_role_arn"] = GrafanaRole("grafana", GrafanaRoleArgs(scope=scope, settings=grafana)).arn
    return Watching(observability=observability, outputs=outputs)


def _trail(trail: TrailSettings, base: Base) -> Trail:
    return Trail(
        "trail",
        TrailArgs(
            scope=base.scope,
            settings=trail,
            kms_key_arn=base.keys.arns[Purpose.TRAIL],
            logs_kms_key_arn=base.keys.arns[Purpose.LOGS],
            logs_bucket_name=base.storage.logs_bucket_name,
            phi_bucket_arns=_recorded_buckets(trail, base.storage),
        ),
    )


def _recorded_buckets(trail: TrailSettings, storage: Storage) -> list[str]:
    """Buckets, and their copies, whose every object access the trail records (MSP-N17)."""
    wanted = trail.data_events
    return [
        bucket.arn
        for purpose, bucket in (*storage.buckets.items(), *storage.replicas.items())
        if (bucket.data_class is DataClass.PHI if wanted is None else purpose in wanted)
    ]


def _watched(
    settings: Settings,
    base: Base,
    data: Data,
    entry: Entry,
    functions: Functions,
    apis: Apis,
    application: Application,
    trail: Trail | None,
) -> Watched:
    api, balancer, objectives = apis.api, entry.balancer, settings.recovery_objectives
    return Watched(
        database=_database(settings, data),
        cache_node_ids=() if data.cache is None else data.cache.node_ids,
        queue_node_ids=() if data.queue is None else data.queue.node_ids,
        distribution_id=None if entry.cdn is None else entry.cdn.distribution_id,
        load_balancer=None
        if balancer is None
        else WatchedLoadBalancer(
            arn_suffix=balancer.arn_suffix, target_group_arn_suffixes=balancer.target_group_arn_suffixes
        ),
        services=_services(settings, base, application),
        fleet=None
        if application.fleet is None
        else WatchedFleet(
            autoscaling_group_name=application.fleet.group_name,
            deployment_application=application_name(base.scope),
            log_group_names=[application.fleet.log_group_name],
            metrics_namespace=application.fleet.namespace,
        ),
        api=None
        if api is None
        else WatchedApi(api_name=api.name, stage=api.stage_name, log_group_name=api.access_log_group_name),
        functions={
            name: WatchedFunction(
                function_name=function.name,
                timeout_seconds=function.timeout_seconds,
                dead_letter_queue_name=function.failures_queue_name,
                log_group_name=function.log_group_name,
            )
            for name, function in {**functions.application, **functions.own}.items()
        },
        nat_gateway_ids=base.network.nat_gateway_ids,
        replications=_replications(settings, base.storage),
        trail_log_group_name=None if trail is None else trail.log_group_name,
        flow_log_group_name=base.network.flow_log_group_name,
        certificates=entry.zone_id is not None,
        backups=None
        if objectives is None
        else WatchedBackups(vault_name=vault_name(base.scope), age_minutes=objectives.backup_age_minutes),
        break_glass_role_name=None if settings.identity.break_glass is None else break_glass_name(base.scope),
    )


def _services(settings: Settings, base: Base, application: Application) -> dict[str, WatchedService]:
    cluster, compute = application.cluster, settings.compute
    if cluster is None or compute is None:
        return {}
    return {
        name: WatchedService(
            cluster_name=cluster.name,
            service_name=service.name,
            min_tasks=compute.services[name].min_tasks,
            repository_name=repository_name(base.scope, name),
            log_group_name=service.log_group_name,
        )
        for name, service in application.services.items()
    }


def _database(settings: Settings, data: Data) -> WatchedDatabase | None:
    database = data.database
    if database is None or settings.database is None:
        return None
    most = settings.observability.database.max_connections
    if isinstance(settings.database, RdsSettings):
        most = most or max_connections(settings.database.instance_class)
        return WatchedDatabase(
            identifier=database.identifier,
            max_connections=most,
            replicas=database.replica_identifiers if isinstance(database, Database) else (),
            log_group_names=[f"/aws/rds/instance/{database.identifier}/{export}" for export in LOG_EXPORTS],
        )
    aurora = settings.database
    return WatchedDatabase(
        identifier=database.identifier,
        max_connections=most or serverless_max_connections(aurora.min_acu, aurora.max_acu),
        max_acu=aurora.max_acu,
        readers=aurora.readers > 0,
        log_group_names=[f"/aws/rds/cluster/{database.identifier}/{export}" for export in AURORA_LOG_EXPORTS],
    )


def _replications(settings: Settings, storage: Storage) -> dict[str, WatchedReplication]:
    """Copied buckets and the copied state (BER-OBS-11, BER-N06)."""
    pairs = {
        purpose: WatchedReplication(source=storage.buckets[purpose].name, copy=copy.name, rule_id=RULE_ID)
        for purpose, copy in storage.replicas.items()
    }
    state = None if settings.recovery is None else settings.recovery.state_backend
    if state is not None:
        pairs["state"] = WatchedReplication(source=state.bucket, copy=state.replica_bucket, rule_id=STATE_RULE_ID)
    return pairs
