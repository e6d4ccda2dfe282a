"""Saved queries of CloudWatch Logs Insights over the system's log groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.scope import Scope
from components.watched import Watched
from settings.observability import QuerySettings

_NEWEST = ("sort @timestamp desc", "limit 100")


@dataclass(frozen=True, kw_only=True)
class SavedQuery:
    """A query.   log_groups: names of the groups it asks.   text: in the query language of Logs Insights."""

    log_groups: Sequence[pulumi.Input[str]]
    text: str


@dataclass(frozen=True, kw_only=True)
class SavedQueriesArgs:
    """Inputs of `SavedQueries`.   watched: its log groups are asked."""

    scope: Scope
    settings: QuerySettings
    watched: Watched


class SavedQueries(pulumi.ComponentResource):
    """The questions people ask first when something is wrong, one click away in the console.

    Source: CloudWatch Logs User Guide, "Logs Insights query syntax"; LWO-OBS-10; 45 CFR 164.308(a)(1)(ii)(D).
    """

    names: list[str]  # as shown in the console, in the folder `<system>-<environment>`

    def __init__(self, name: str, args: SavedQueriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:saved_queries:SavedQueries", name, {}, opts)
        from pulumi_aws import cloudwatch

        folder = f"{args.scope.system}-{args.scope.environment}"
        self.names = []
        for key, query in saved_queries(args.watched, args.settings).items():
            shown = f"{folder}/{key}"
            cloudwatch.QueryDefinition(
                f"{name}-{key}",
                name=shown,
                log_group_names=query.log_groups,
                query_string=query.text,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.names.append(shown)
        self.register_outputs({"names": self.names})


def application_log_groups(watched: Watched) -> list[str]:
    """Log groups of everything that runs the application."""
    groups = [service.log_group_name for service in watched.services.values()]
    groups += [function.log_group_name for function in watched.functions.values()]
    groups += () if watched.fleet is None else watched.fleet.log_group_names
    return [group for group in groups if group is not None]


def saved_queries(watched: Watched, settings: QuerySettings) -> dict[str, SavedQuery]:
    """Key → query, for every kind of log group the system has."""
    slow, duration = settings.slow_milliseconds, settings.duration_field
    found: dict[str, SavedQuery] = {}

    def add(key: str, groups: Sequence[pulumi.Input[str]], *steps: str) -> None:
        if groups:
            found[key] = SavedQuery(log_groups=groups, text="\n| ".join(steps))

    application = application_log_groups(watched)
    problem = "filter @message like /(?i)(error|exception|fatal|panic)/"
    add("application-errors", application, "fields @timestamp, @log, @message", problem, *_NEWEST)
    add("application-error-trend", application, problem, "stats count(*) as errors by bin(5m), @log")
    add(
        "application-slow-requests",
        application,
        f"fields @timestamp, @log, {duration}, @message",
        f"filter {duration} > {slow}",
        f"sort {duration} desc",
        "limit 100",
    )
    if watched.api is not None and watched.api.log_group_name is not None:
        access = [watched.api.log_group_name]
        add("api-errors", access, "fields @timestamp, @message", "filter status >= 500", *_NEWEST)
        add(
            "api-slow-requests",
            access,
            "fields @timestamp, responseLatency, @message",
            f"filter responseLatency > {slow}",
            "sort responseLatency desc",
            "limit 100",
        )
    if watched.database is not None:
        engine = watched.database.log_group_names
        add(
            "database-errors",
            engine,
            "fields @timestamp, @logStream, @message",
            "filter @message like /(ERROR|FATAL|PANIC):/",
            *_NEWEST,
        )
        add(
            "database-slow-statements",
            engine,
            "filter @message like /duration: /",
            "parse @message /duration: (?<milliseconds>[0-9.]+) ms/",
            f"filter milliseconds > {slow}",
            "fields @timestamp, milliseconds, @message",
            "sort milliseconds desc",
            "limit 100",
        )
    if watched.flow_log_group_name is not None:
        add(
            "network-refused",
            [watched.flow_log_group_name],
            'filter action = "REJECT"',
            "stats count(*) as refused by srcAddr, dstAddr, dstPort",
            "sort refused desc",
            "limit 100",
        )
    if watched.trail_log_group_name is not None:
        trail = [watched.trail_log_group_name]
        add(
            "audit-refused-calls",
            trail,
            "filter errorCode like /AccessDenied|UnauthorizedOperation/",
            "stats count(*) as refused by userIdentity.arn, eventSource, eventName",
            "sort refused desc",
            "limit 100",
        )
        add(
            "audit-changes",
            trail,
            "filter readOnly = 0",
            "fields @timestamp, userIdentity.arn, eventSource, eventName, sourceIPAddress",
            *_NEWEST,
        )
    return found
