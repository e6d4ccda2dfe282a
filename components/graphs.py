"""What a dashboard shows, described once, and its widgets as CloudWatch wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pulumi

from components.alarms import Alarm, Expression, Metric

_COLUMNS, _WIDTH, _HEIGHT = 3, 8, 6  # of a grid 24 wide


class Look(StrEnum):
    """How a graph is drawn: lines over time, or the newest values as figures."""

    LINES = "timeSeries"
    FIGURES = "singleValue"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Metrics, or an expression over some, in one picture.   limits: horizontal lines, the thresholds of alarms."""

    title: str
    metrics: Sequence[Metric] = ()
    expression: Expression | None = None
    look: Look = Look.LINES
    limits: Sequence[float] = ()
    period_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class States:
    """The states of alarms.   arns: of the alarms."""

    title: str
    arns: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class LogTable:
    """Newest lines of log groups.   log_groups: names, known in advance.   query: its steps after the source."""

    title: str
    log_groups: Sequence[str]
    query: str


Panel = Graph | States | LogTable


def watched_graphs(alarms: Sequence[Alarm]) -> list[Panel]:
    """One graph for every metric that has an alarm; what shares a metric shares its graph (BER-N31)."""
    groups: dict[tuple[str, str], list[Alarm]] = {}
    for alarm in alarms:
        groups.setdefault((alarm.namespace, alarm.metric), []).append(alarm)
    return [
        Graph(
            title=f"{namespace.rpartition('/')[2]} {metric}",
            metrics=[] if shown[0].expression is not None else [_line(alarm) for alarm in shown],
            expression=shown[0].expression,
            limits=sorted({alarm.limit for alarm in shown}),
            period_seconds=shown[0].period_seconds,
        )
        for (namespace, metric), shown in groups.items()
    ]


def _line(alarm: Alarm) -> Metric:
    return Metric(
        namespace=alarm.namespace,
        metric=alarm.metric,
        dimensions=alarm.dimensions,
        statistic=alarm.statistic,
        region=alarm.region,
    )


def body(panels: Sequence[Panel], *, region: str, period_seconds: int) -> pulumi.Output[str]:
    """The dashboard's body as JSON, three panels in a row, in their order.

    region: of panels that name none.   period_seconds: of graphs that name none.
    Source: CloudWatch User Guide, "Dashboard body structure and syntax".
    """
    widgets = [
        {
            **_widget(panel, region, period_seconds),
            "x": position % _COLUMNS * _WIDTH,
            "y": position // _COLUMNS * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
        }
        for position, panel in enumerate(panels)
    ]
    return pulumi.Output.json_dumps({"widgets": widgets})


def _widget(panel: Panel, region: str, period_seconds: int) -> dict[str, Any]:
    match panel:
        case States():
            return {"type": "alarm", "properties": {"title": panel.title, "alarms": list(panel.arns)}}
        case LogTable():
            sources = " | ".join(f"SOURCE '{group}'" for group in panel.log_groups)
            properties = {"title": panel.title, "view": "table", "region": region}
            return {"type": "log", "properties": {**properties, "query": f"{sources} | {panel.query}"}}
        case Graph():
            return {"type": "metric", "properties": _graph(panel, region, period_seconds)}


def _graph(graph: Graph, region: str, period_seconds: int) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": graph.title,
        "view": graph.look.value,
        "region": next((metric.region for metric in graph.metrics if metric.region), region),
        "period": graph.period_seconds or period_seconds,
        "metrics": _lines(graph),
    }
    if graph.limits:
        properties["annotations"] = {"horizontal": [{"label": "alarm", "value": value} for value in graph.limits]}
    return properties


def _lines(graph: Graph) -> list[list[Any]]:
    lines = [_metric(metric) for metric in graph.metrics]
    if graph.expression is not None:
        lines.append([{"expression": graph.expression.text, "label": graph.title, "id": "result"}])
        lines += [_metric(metric, id=name, visible=False) for name, metric in graph.expression.metrics.items()]
    return lines


def _metric(metric: Metric, **options: Any) -> list[Any]:
    shown = {"stat": metric.statistic, **({} if metric.label is None else {"label": metric.label}), **options}
    return [metric.namespace, metric.metric, *(part for pair in metric.dimensions.items() for part in pair), shown]
