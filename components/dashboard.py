"""The dashboard: one widget for every metric that has an alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.alarms import Alarm
from components.scope import Scope

_COLUMNS, _WIDTH, _HEIGHT = 3, 8, 6  # of a grid 24 wide


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """Inputs of `Dashboard`.   alarms: what it shows.   period_seconds: of every graph."""

    scope: Scope
    alarms: Sequence[Alarm]
    period_seconds: int


class Dashboard(pulumi.ComponentResource):
    """A CloudWatch dashboard with every watched metric and its threshold (BER-OBS-02, BER-N31).

    Nodes and services that share a metric share its widget.
    Source: CloudWatch User Guide, "Dashboard body structure".
    """

    name: str  # physical name, known in advance

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:dashboard:Dashboard", name, {}, opts)
        from pulumi_aws import cloudwatch

        self.name = args.scope.name("overview")
        cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=self.name,
            dashboard_body=pulumi.Output.json_dumps({"widgets": widgets(args)}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": self.name})


def widgets(args: DashboardArgs) -> list[dict[str, Any]]:
    """The widgets, three in a row, in the order of the alarms."""
    metrics: dict[tuple[str, str], list[Alarm]] = {}
    for alarm in args.alarms:
        metrics.setdefault((alarm.namespace, alarm.metric), []).append(alarm)
    return [
        {
            "type": "metric",
            "x": position % _COLUMNS * _WIDTH,
            "y": position // _COLUMNS * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": _graph(args, namespace, metric, shown),
        }
        for position, ((namespace, metric), shown) in enumerate(metrics.items())
    ]


def _graph(args: DashboardArgs, namespace: str, metric: str, shown: Sequence[Alarm]) -> dict[str, Any]:
    first = shown[0]
    thresholds = sorted({alarm.threshold for alarm in shown})
    return {
        "title": f"{namespace.rpartition('/')[2]} {metric}",
        "view": "timeSeries",
        "region": first.region or args.scope.region,
        "stat": first.statistic,
        "period": first.period_seconds or args.period_seconds,
        "metrics": [
            [namespace, metric, *(part for pair in alarm.dimensions.items() for part in pair)] for alarm in shown
        ],
        "annotations": {"horizontal": [{"label": "alarm", "value": threshold} for threshold in thresholds]},
    }
