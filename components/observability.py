"""Everything that tells people how the system is: topics, alarms, events, dashboards, saved queries, costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from components.alarms import (
    CDN_METRICS_REGION,
    Alarm,
    Alarms,
    AlarmsArgs,
    cache_alarms,
    cdn_alarms,
    custom_alarms,
    database_alarms,
    overridden,
)
from components.compute_alarms import fleet_alarms, function_alarms, service_alarms
from components.costs import Costs, CostsArgs
from components.dashboard import Dashboards, DashboardsArgs
from components.dashboard_views import Shown, panels
from components.delivery_alarms import backup_alarms, failed_replication, late_replication, topic_alarms
from components.event_alerts import EventAlerts, EventAlertsArgs, event_patterns
from components.notifications import TOPIC, AlarmTopic, AlarmTopicArgs, Publisher
from components.saved_queries import SavedQueries, SavedQueriesArgs
from components.scope import Scope
from components.security_events import SecurityEvents, SecurityEventsArgs, security_alarms
from components.system_alarm import SystemAlarm, SystemAlarmArgs
from components.traffic_alarms import api_alarms, load_balancer_alarms, nat_alarms
from components.watched import Watched
from settings.detection import DetectionSettings
from settings.observability import ObservabilitySettings, SystemAlarmSettings, View


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """Inputs of `Observability`.

    kms_key_arn: key of the topic.   edge_kms_key_arn: key in us-east-1, needed with a distribution.
    recovery_region, recovery_kms_key_arn: where copies are, and the key there; needed with copied buckets.
    watched: what the system consists of.   detection: which findings there are to pass on.
    """

    scope: Scope
    settings: ObservabilitySettings
    kms_key_arn: pulumi.Input[str]
    edge_kms_key_arn: pulumi.Input[str] | None = None
    recovery_region: str | None = None
    recovery_kms_key_arn: pulumi.Input[str] | None = None
    watched: Watched = field(default_factory=Watched)
    detection: DetectionSettings = field(default_factory=DetectionSettings)

    def __post_init__(self) -> None:
        if self.watched.distribution_id is not None and self.edge_kms_key_arn is None:
            raise ValueError("edge_kms_key_arn: want a key in us-east-1 for the alarms of the distribution, got none")
        if self.watched.replications and (self.recovery_region is None or self.recovery_kms_key_arn is None):
            raise ValueError("recovery_region, recovery_kms_key_arn: want both for the alarms of copies, got less")


class Observability(pulumi.ComponentResource):
    """An alarm for every value the settings have a threshold for, one topic per region of alarms, one alarm for the
    whole system, events, dashboards, saved queries and costs.

    Raises ValueError (from ObservabilityArgs) before anything is registered, pulumi.RunError for settings that name an
    alarm the stack does not have.
    Source: BER-OBS-01 to 11, BER-N06, BER-N08, BER-N25, BER-N31, ALL-07, ALL-17, ALL-18.
    """

    topic_arn: pulumi.Output[str]
    edge_topic_arn: pulumi.Output[str] | None  # in us-east-1
    recovery_topic_arn: pulumi.Output[str] | None  # in the recovery region
    alarm_names: list[str]
    edge_alarm_names: list[str]  # in us-east-1
    recovery_alarm_names: list[str]  # in the recovery region
    system_alarm_name: str | None
    dashboard_name: str | None  # of the overview
    dashboard_names: dict[str, str]  # view → name

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:observability:Observability", name, {}, opts)
        self._name = name
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        settings, watched = args.settings, args.watched
        alarms = overridden(_alarms(args), settings.overrides, settings.timing)
        regions: dict[str, list[Alarm]] = {args.scope.region: []}
        for alarm in alarms:
            regions.setdefault(alarm.region or args.scope.region, []).append(alarm)
        home = regions.pop(args.scope.region)
        self.edge_topic_arn, self.edge_alarm_names = None, []
        self.recovery_topic_arn, self.recovery_alarm_names = None, []

        if watched.trail_log_group_name is not None:
            SecurityEvents(
                f"{name}-security",
                SecurityEventsArgs(
                    scope=args.scope,
                    log_group_name=watched.trail_log_group_name,
                    break_glass_role_name=watched.break_glass_role_name,
                ),
                child,
            )
        events = event_patterns(args.scope, settings.events, watched, args.detection)
        publishers = [Publisher.EVENTS] if events else []
        if settings.cost is not None:
            publishers += [Publisher.BUDGETS, Publisher.COST_ALERTS]
        self.topic_arn, watch = self._watch("alarms", home, args.kms_key_arn, None, publishers)
        self.alarm_names = watch.names
        for region, there in regions.items():
            at_edge = region == CDN_METRICS_REGION
            key = args.edge_kms_key_arn if at_edge and args.edge_kms_key_arn is not None else args.recovery_kms_key_arn
            if key is None:
                raise ValueError(f"recovery_kms_key_arn: want a key in {region} for the topic of its alarms, got none")
            role = "edge-alarms" if at_edge else "recovery-alarms"
            topic_arn, abroad = self._watch(role, there, key, region)
            if at_edge:
                self.edge_topic_arn, self.edge_alarm_names = topic_arn, abroad.names
            else:
                self.recovery_topic_arn, self.recovery_alarm_names = topic_arn, abroad.names
        self.system_alarm_name = None
        if settings.system_alarm is not None:
            self.system_alarm_name = self._system_alarm(settings.system_alarm, home, watch)
        if events:
            EventAlerts(
                f"{name}-events", EventAlertsArgs(scope=args.scope, patterns=events, topic_arn=self.topic_arn), child
            )
        if settings.cost is not None:
            Costs(f"{name}-costs", CostsArgs(scope=args.scope, settings=settings.cost, topic_arn=self.topic_arn), child)
        if settings.queries is not None:
            SavedQueries(
                f"{name}-queries",
                SavedQueriesArgs(scope=args.scope, settings=settings.queries, watched=watched),
                child,
            )
        self.dashboard_names = self._dashboards(alarms)
        self.dashboard_name = self.dashboard_names.get(View.OVERVIEW)
        self.register_outputs({"topic_arn": self.topic_arn, "dashboard_names": self.dashboard_names})

    def _watch(
        self,
        role: str,
        alarms: Sequence[Alarm],
        kms_key_arn: pulumi.Input[str],
        region: str | None,
        publishers: Sequence[Publisher] = (),
    ) -> tuple[pulumi.Output[str], Alarms]:
        args, child = self._args, pulumi.ResourceOptions(parent=self)
        topic = AlarmTopic(
            f"{self._name}-{role}-topic",
            AlarmTopicArgs(
                scope=args.scope,
                kms_key_arn=kms_key_arn,
                email=args.settings.alarm_email,
                publishers=publishers,
                region=region,
            ),
            child,
        )
        watch = Alarms(
            f"{self._name}-{role}",
            AlarmsArgs(scope=args.scope, timing=args.settings.timing, alarms=alarms, topic_arn=topic.arn),
            child,
        )
        return topic.arn, watch

    def _system_alarm(self, settings: SystemAlarmSettings, home: Sequence[Alarm], watch: Alarms) -> str | None:
        """Name of the system's alarm; None when no alarm of the home region is one that users notice."""
        names = dict(zip((alarm.key for alarm in home), watch.names, strict=True))
        symptoms = [names[alarm.key] for alarm in home if alarm.symptom]
        if settings.suppressor is not None and settings.suppressor not in names:
            raise pulumi.RunError(
                "phi-platform:observability.system_alarm.suppressor: expected an alarm of this stack: "
                f"{', '.join(names)}; found {settings.suppressor}"
            )
        if not symptoms:
            return None
        system = SystemAlarm(
            f"{self._name}-system",
            SystemAlarmArgs(
                scope=self._args.scope,
                settings=settings,
                symptoms=symptoms,
                topic_arn=self.topic_arn,
                suppressor=None if settings.suppressor is None else names[settings.suppressor],
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[watch]),  # AWS refuses a rule over alarms it does not know
        )
        return system.name

    def _dashboards(self, alarms: Sequence[Alarm]) -> dict[str, str]:
        args = self._args
        named = {args.scope.name(alarm.key, limit=255): alarm for alarm in alarms}
        shown = Shown(scope=args.scope, watched=args.watched, alarms=named)
        views = {view.value: found for view in args.settings.dashboards if (found := panels(view, shown))}
        if not views:
            return {}
        dashboards = Dashboards(
            f"{self._name}-dashboards",
            DashboardsArgs(scope=args.scope, panels=views, period_seconds=args.settings.timing.period_seconds),
            pulumi.ResourceOptions(parent=self),
        )
        return dashboards.names


def _alarms(args: ObservabilityArgs) -> list[Alarm]:
    """Alarms of every region, by what there is."""
    settings, watched = args.settings, args.watched
    alarms: list[Alarm] = []
    if watched.database is not None:
        alarms += database_alarms(watched.database, settings.database)
    alarms += cache_alarms(watched.cache_node_ids, settings.cache)
    alarms += cache_alarms(watched.queue_node_ids, settings.cache, "queue")
    if watched.load_balancer is not None:
        alarms += load_balancer_alarms(watched.load_balancer, settings.load_balancer)
    if watched.api is not None:
        alarms += api_alarms(watched.api, settings.api)
    if watched.fleet is not None:
        alarms += fleet_alarms(watched.fleet, settings.fleet)
    for name, service in watched.services.items():
        alarms += service_alarms(name, service, settings.service)
    for name, function in watched.functions.items():
        alarms += function_alarms(name, function, settings.function)
    alarms += nat_alarms(watched.nat_gateway_ids, settings.nat)
    for purpose, pair in watched.replications.items():
        alarms += failed_replication(purpose, pair, settings.replication)
    if watched.backups is not None:
        alarms += backup_alarms(watched.backups)
    alarms += custom_alarms(settings.custom)
    if watched.trail_log_group_name is not None:
        alarms += security_alarms(args.scope, watched.break_glass_role_name)
    alarms += topic_alarms(args.scope.name(TOPIC), settings.delivery)
    if watched.distribution_id is not None:
        alarms += cdn_alarms(watched.distribution_id, settings.cdn)
    if args.recovery_region is not None:
        for purpose, pair in watched.replications.items():
            alarms += late_replication(purpose, pair, settings.replication, args.recovery_region)
    return alarms
