"""Budget and cost anomalies of the account."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi

from components.scope import DataClass, Scope
from settings.cost import AnomalySettings, BudgetSettings, CostSettings


@dataclass(frozen=True, kw_only=True)
class CostsArgs:
    """Inputs of `Costs`.   topic_arn: topic that admits AWS Budgets and Cost Anomaly Detection."""

    scope: Scope
    settings: CostSettings
    topic_arn: pulumi.Input[str]


class Costs(pulumi.ComponentResource):
    """A monthly budget with notifications of spent and of expected shares, and alerts on unusual spending.

    Source: FAC-OBS-13, FAC-OBS-14; AWS Cost Management User Guide, "Managing your costs with AWS Budgets" and
    "Detecting unusual spend with AWS Cost Anomaly Detection".
    """

    budget_name: str | None

    def __init__(self, name: str, args: CostsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:costs:Costs", name, {}, opts)
        self._name = name
        self._args = args
        self.budget_name = None if args.settings.budget is None else self._budget(args.settings.budget)
        if args.settings.anomalies is not None:
            self._anomalies(args.settings.anomalies)
        self.register_outputs({"budget_name": self.budget_name})

    def _budget(self, settings: BudgetSettings) -> str:
        from pulumi_aws import budgets

        args, scope = self._args, self._args.scope
        physical = scope.name("monthly", limit=100)
        shares = [("ACTUAL", share) for share in settings.actual_percent]
        shares += [("FORECASTED", share) for share in settings.forecast_percent]
        own = [f"user:Project${scope.system}"] if settings.own_tags_only else []
        budgets.Budget(
            f"{self._name}-budget",
            name=physical,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(settings.monthly_usd),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": own}] if own else None,
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": share,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [args.topic_arn],
                    "subscriber_email_addresses": list(args.settings.emails),
                }
                for kind, share in shares
            ],
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return physical

    def _anomalies(self, settings: AnomalySettings) -> None:
        """Immediate alerts go to topics only; with a monitor of the services there already, one of the own tags."""
        from pulumi_aws import costexplorer

        args, scope = self._args, self._args.scope
        child = pulumi.ResourceOptions(parent=self)
        physical = scope.name("spending")
        tags = scope.tagged(DataClass.INTERNAL, physical)
        watched: dict[str, Any] = (
            {"monitor_type": "CUSTOM", "monitor_specification": _own_tags(scope)}
            if settings.existing
            else {"monitor_type": "DIMENSIONAL", "monitor_dimension": "SERVICE"}
        )
        monitor = costexplorer.AnomalyMonitor(f"{self._name}-monitor", name=physical, tags=tags, opts=child, **watched)
        costexplorer.AnomalySubscription(
            f"{self._name}-subscription",
            name=physical,
            frequency="IMMEDIATE",
            monitor_arn_lists=[monitor.arn],
            subscribers=[{"type": "SNS", "address": args.topic_arn}],
            threshold_expression={
                "dimension": {
                    "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "match_options": ["GREATER_THAN_OR_EQUAL"],
                    "values": [str(settings.threshold_usd)],
                }
            },
            tags=tags,
            opts=child,
        )


def _own_tags(scope: Scope) -> str:
    """The stack's `Project` tag as a cost expression, in the full form the API gives back."""
    empty = dict.fromkeys(("And", "CostCategories", "Dimensions", "Not", "Or"))
    return json.dumps({**empty, "Tags": {"Key": "Project", "MatchOptions": None, "Values": [scope.system]}})
