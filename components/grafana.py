"""The role with which Grafana reads metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from components.iam_documents import allow, document, trust
from components.scope import DataClass, Scope
from settings.observability import GrafanaSettings

_METRICS = (
    "cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmsForMetric",
    "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "ec2:DescribeRegions",
    "tag:GetResources",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class GrafanaRoleArgs:
    """Inputs of `GrafanaRole`."""

    scope: Scope
    settings: GrafanaSettings


class GrafanaRole(pulumi.ComponentResource):
    """A role that reads metrics and alarms and nothing else: log lines and traces may tell of patients.

    Source: Amazon Managed Grafana User Guide, "Amazon CloudWatch data source"; IAM User Guide, "Access to AWS accounts
    owned by third parties"; LWO-OBS-12; 45 CFR 164.312(a)(1), 164.502(b) minimum necessary.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: GrafanaRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:grafana:GrafanaRole", name, {}, opts)
        from pulumi_aws import iam

        child = pulumi.ResourceOptions(parent=self)
        physical = args.scope.name("grafana", limit=64)
        role = iam.Role(
            f"{name}-role",
            name=physical,
            description="Lets Grafana read metrics and alarms",
            assume_role_policy=_trust(args),
            permissions_boundary=args.scope.boundary,
            tags=args.scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        iam.RolePolicy(
            f"{name}-policy",
            name="ReadMetrics",
            role=role.name,
            policy=document(
                allow("ReadMetrics", _METRICS, ["*"], StringEquals={"aws:RequestedRegion": args.scope.region})
            ),
            opts=child,
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _trust(args: GrafanaRoleArgs) -> str:
    settings, scope = args.settings, args.scope
    if settings.workspace is not None:
        source = scope.arn("grafana", f"/workspaces/{settings.workspace}")
        return trust("grafana.amazonaws.com", scope, source=source)
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": settings.principal},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": settings.external_id}},
    }
    return document(statement)
