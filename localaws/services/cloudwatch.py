"""CloudWatch: metric alarms, composite alarms, dashboards."""

from __future__ import annotations

import re
from typing import ClassVar

from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shapes import camel, from_tags, pascal, to_tags

_HOUR, _LONGEST, _LONGEST_HOURLY = 3600, 86_400, 604_800  # seconds an alarm looks back, by its period


@register
class MetricAlarm(Handler):
    type = "aws:cloudwatch/metricAlarm:MetricAlarm"
    inputs = frozenset(
        {
            "name", "namespace", "metricName", "statistic", "extendedStatistic", "dimensions", "period",
            "evaluationPeriods", "datapointsToAlarm", "threshold", "comparisonOperator", "treatMissingData", "unit",
            "alarmActions", "okActions", "insufficientDataActions", "alarmDescription", "actionsEnabled",
            "metricQueries", "tags",
        }
    )  # fmt: skip
    replace_on = frozenset({"name"})
    defaults: ClassVar[Props] = {"actionsEnabled": True}
    autoname = "name"
    cloudformation = "AWS::CloudWatch::Alarm"
    renames: ClassVar[dict[str, str]] = {
        "name": "AlarmName",
        "tags": "-",
        "dimensions": "-",
        "metricQueries": "-",
        "okActions": "OKActions",
    }
    WIRE: ClassVar[dict[str, str]] = {"okActions": "OKActions", "dimensions": "Dimensions"}
    SAME = inputs - {"name", "tags", "dimensions", "metricQueries", "okActions"}

    def create(self, call: Call, inputs: Props) -> str:
        self._require_timing(inputs)
        wire = {pascal(name): inputs[name] for name in self.SAME if inputs.get(name) is not None}
        if inputs.get("okActions"):
            wire["OKActions"] = inputs["okActions"]
        if inputs.get("dimensions"):
            wire["Dimensions"] = [{"Name": name, "Value": value} for name, value in inputs["dimensions"].items()]
        if inputs.get("metricQueries"):
            wire["Metrics"] = [self._query(query) for query in inputs["metricQueries"]]
        if inputs["tags"]:
            wire["Tags"] = to_tags(inputs["tags"])
        call.client("cloudwatch").put_metric_alarm(AlarmName=inputs["name"], **wire)
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("cloudwatch")
        found = client.describe_alarms(AlarmNames=[id])["MetricAlarms"]
        if not found:
            return None
        alarm = found[0]
        live = {name: alarm.get(pascal(name)) for name in self.SAME}
        tags = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"]).get("Tags")
        return {
            **live,
            "name": id,
            "arn": alarm["AlarmArn"],
            "okActions": alarm.get("OKActions"),
            "dimensions": {item["Name"]: item["Value"] for item in alarm.get("Dimensions", [])},
            "metricQueries": known.get("metricQueries") or [_queried(metric) for metric in alarm["Metrics"]]
            if alarm.get("Metrics")
            else None,
            "tags": from_tags(tags),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, {**new, "tags": {}})
        client = call.client("cloudwatch")
        arn = client.describe_alarms(AlarmNames=[id])["MetricAlarms"][0]["AlarmArn"]
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(ResourceARN=arn, TagKeys=gone)
        if new["tags"]:
            client.tag_resource(ResourceARN=arn, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("cloudwatch").delete_alarms(AlarmNames=[id])

    def _require_timing(self, inputs: Props) -> None:
        evaluations, datapoints = inputs["evaluationPeriods"], inputs.get("datapointsToAlarm")
        if datapoints is not None and datapoints > evaluations:
            refuse("PutMetricAlarm", "ValidationError", f"{datapoints} datapoints of {evaluations} evaluation periods")
        metrics = [query["metric"] for query in inputs.get("metricQueries") or () if query.get("metric")]
        for period in [each["period"] for each in (inputs, *metrics) if each.get("period")]:
            if period * evaluations > (_LONGEST if period < _HOUR else _LONGEST_HOURLY):
                refuse("PutMetricAlarm", "ValidationError", f"{evaluations} periods of {period} seconds are too long")

    def _query(self, query: Props) -> Props:
        wire = pascal({name: value for name, value in query.items() if name != "metric"})
        if query.get("metric"):
            metric = query["metric"]
            dimensions = [{"Name": name, "Value": value} for name, value in (metric.get("dimensions") or {}).items()]
            wire["MetricStat"] = {
                "Metric": {
                    "Namespace": metric["namespace"], "MetricName": metric["metricName"], "Dimensions": dimensions},
                "Period": metric["period"],
                "Stat": metric["stat"],
            }  # fmt: skip
        return wire


def _queried(metric: Props) -> Props:
    """A metric query as the provider has it."""
    query = camel({name: value for name, value in metric.items() if name != "MetricStat"})
    if metric.get("MetricStat"):
        held = metric["MetricStat"]
        query["metric"] = {
            "namespace": held["Metric"]["Namespace"],
            "metricName": held["Metric"]["MetricName"],
            "dimensions": {item["Name"]: item["Value"] for item in held["Metric"].get("Dimensions", [])},
            "period": held["Period"],
            "stat": held["Stat"],
        }
    return query


@register
class CompositeAlarm(Emulated):
    """A composite alarm; as on AWS, its rule and its suppressor name alarms that exist."""

    type = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
    inputs = frozenset(
        {"alarmName", "alarmRule", "alarmDescription", "actionsEnabled", "actionsSuppressor", "alarmActions",
         "okActions", "insufficientDataActions", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"alarmName"})
    cloudformation = "AWS::CloudWatch::CompositeAlarm"
    renames: ClassVar[dict[str, str]] = {"okActions": "OKActions", "tags": "-", "actionsSuppressor": "-"}

    def identify(self, call: Call, inputs: Props) -> str:
        self._judge(call, inputs)
        return inputs["alarmName"]

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": f"arn:aws:cloudwatch:{call.region}:{call.account_id}:alarm:{id}"}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._judge(call, new)
        super().update(call, id, old, new)

    def _judge(self, call: Call, inputs: Props) -> None:
        named = set(re.findall(r'(?:ALARM|OK|INSUFFICIENT_DATA)\("?([^")]+)"?\)', inputs["alarmRule"]))
        if not named:
            refuse("PutCompositeAlarm", "ValidationError", "AlarmRule: must name one alarm or more")
        if inputs.get("actionsSuppressor"):
            named.add(inputs["actionsSuppressor"]["alarm"].rsplit(":alarm:", 1)[-1])
        found = call.client("cloudwatch").describe_alarms(AlarmNames=sorted(named))["MetricAlarms"]
        known = {alarm["AlarmName"] for alarm in found} | set(call.store.of(self.type, call.region))
        if named - known:
            absent = ", ".join(sorted(named - known))
            refuse("PutCompositeAlarm", "ValidationError", f"alarms in the alarm rule do not exist: {absent}")


@register
class Dashboard(Handler):
    type = "aws:cloudwatch/dashboard:Dashboard"
    inputs = frozenset({"dashboardName", "dashboardBody"})
    replace_on = frozenset({"dashboardName"})
    autoname = "dashboardName"
    cloudformation = "AWS::CloudWatch::Dashboard"

    def create(self, call: Call, inputs: Props) -> str:
        call.client("cloudwatch").put_dashboard(
            DashboardName=inputs["dashboardName"], DashboardBody=inputs["dashboardBody"]
        )
        return inputs["dashboardName"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = camel(call.client("cloudwatch").get_dashboard(DashboardName=id))
        return {
            "dashboardName": id,
            "dashboardBody": found["dashboardBody"],
            "dashboardArn": found["dashboardArn"],
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("cloudwatch").delete_dashboards(DashboardNames=[id])
