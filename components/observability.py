"""Everything that tells people how the system is: topics, alarms, dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.alarms import (
    CDN_METRICS_REGION,
    Alarm,
    Alarms,
    AlarmsArgs,
    WatchedDatabase,
    WatchedLoadBalancer,
    WatchedService,
    cache_alarms,
    cdn_alarms,
    database_alarms,
    load_balancer_alarms,
    service_alarms,
)
from components.dashboard import Dashboard, DashboardArgs
from components.notifications import AlarmTopic, AlarmTopicArgs
from components.scope import Scope
from components.security_events import SecurityEvents, SecurityEventsArgs, security_alarms
from settings.observability import ObservabilitySettings


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """Inputs of `Observability`; what is None or empty is not watched.

    kms_key_arn: key of the topic.   edge_kms_key_arn: key in us-east-1, needed with `distribution_id`.
    cache_node_ids, queue_node_ids: `<group>-001`, `<group>-002`, …   services: name → service.
    trail_log_group_name: log group of the audit trail, known once it exists.
    """

    scope: Scope
    settings: ObservabilitySettings
    kms_key_arn: pulumi.Input[str]
    edge_kms_key_arn: pulumi.Input[str] | None = None
    database: WatchedDatabase | None = None
    cache_node_ids: Sequence[str] = ()
    queue_node_ids: Sequence[str] = ()
    distribution_id: pulumi.Input[str] | None = None
    load_balancer: WatchedLoadBalancer | None = None
    services: Mapping[str, WatchedService] = field(default_factory=dict[str, WatchedService])
    trail_log_group_name: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        if self.distribution_id is not None and self.edge_kms_key_arn is None:
            raise ValueError("edge_kms_key_arn: want a key in us-east-1 for the alarms of the distribution, got none")


class Observability(pulumi.ComponentResource):
    """An alarm for every value the settings have a threshold for, one topic per region of alarms, one dashboard.

    Raises ValueError (from ObservabilityArgs) before anything is registered.
    Source: BER-OBS-01 to 10, BER-N08, BER-N25, BER-N31, ALL-07, ALL-17, ALL-18.
    """

    topic_arn: pulumi.Output[str]
    edge_topic_arn: pulumi.Output[str] | None  # in us-east-1
    alarm_names: list[str]
    edge_alarm_names: list[str]  # in us-east-1
    dashboard_name: str | None

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:observability:Observability", name, {}, opts)
        self._name = name
        self._args = args
        home, edge = _home_alarms(args), _edge_alarms(args)
        if args.trail_log_group_name is not None:
            SecurityEvents(
                f"{name}-security",
                SecurityEventsArgs(scope=args.scope, log_group_name=args.trail_log_group_name),
                pulumi.ResourceOptions(parent=self),
            )
        self.topic_arn, self.alarm_names = self._watch("alarms", home, args.kms_key_arn, None)
        self.edge_topic_arn, self.edge_alarm_names = None, []
        if edge and args.edge_kms_key_arn is not None:
            self.edge_topic_arn, self.edge_alarm_names = self._watch(
                "edge-alarms", edge, args.edge_kms_key_arn, CDN_METRICS_REGION
            )
        self.dashboard_name = None
        if args.settings.dashboard and (home or edge):
            dashboard = Dashboard(
                f"{name}-overview",
                DashboardArgs(
                    scope=args.scope, alarms=[*home, *edge], period_seconds=args.settings.timing.period_seconds
                ),
                pulumi.ResourceOptions(parent=self),
            )
            self.dashboard_name = dashboard.name
        self.register_outputs({"topic_arn": self.topic_arn, "dashboard_name": self.dashboard_name})

    def _watch(
        self, role: str, alarms: Sequence[Alarm], kms_key_arn: pulumi.Input[str], region: str | None
    ) -> tuple[pulumi.Output[str], list[str]]:
        args, child = self._args, pulumi.ResourceOptions(parent=self)
        topic = AlarmTopic(
            f"{self._name}-{role}-topic",
            AlarmTopicArgs(scope=args.scope, kms_key_arn=kms_key_arn, email=args.settings.alarm_email, region=region),
            child,
        )
        watch = Alarms(
            f"{self._name}-{role}",
            AlarmsArgs(scope=args.scope, timing=args.settings.timing, alarms=alarms, topic_arn=topic.arn),
            child,
        )
        return topic.arn, watch.names


def _home_alarms(args: ObservabilityArgs) -> list[Alarm]:
    settings = args.settings
    alarms: list[Alarm] = []
    if args.database is not None:
        alarms += database_alarms(args.database, settings.database)
    alarms += cache_alarms(args.cache_node_ids, settings.cache)
    alarms += cache_alarms(args.queue_node_ids, settings.cache, "queue")
    if args.load_balancer is not None:
        alarms += load_balancer_alarms(args.load_balancer, settings.load_balancer)
    for service, watched in args.services.items():
        alarms += service_alarms(service, watched, settings.service)
    if args.trail_log_group_name is not None:
        alarms += security_alarms(args.scope)
    return alarms


def _edge_alarms(args: ObservabilityArgs) -> list[Alarm]:
    return [] if args.distribution_id is None else cdn_alarms(args.distribution_id, args.settings.cdn)
