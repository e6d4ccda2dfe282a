"""The dashboards of the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.graphs import Panel, body
from components.scope import Scope


@dataclass(frozen=True, kw_only=True)
class DashboardsArgs:
    """Inputs of `Dashboards`.   panels: view → what it shows.   period_seconds: of graphs that name none."""

    scope: Scope
    panels: Mapping[str, Sequence[Panel]]
    period_seconds: int


class Dashboards(pulumi.ComponentResource):
    """A CloudWatch dashboard per view (BER-OBS-02, FAC-OBS-08 to 10, LWO-OBS-09).

    Source: CloudWatch User Guide, "Dashboard body structure and syntax".
    """

    names: dict[str, str]  # view → physical name, known in advance

    def __init__(self, name: str, args: DashboardsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:dashboard:Dashboards", name, {}, opts)
        from pulumi_aws import cloudwatch

        self.names = {}
        for view, panels in args.panels.items():
            physical = args.scope.name(view, limit=255)
            cloudwatch.Dashboard(
                f"{name}-{view}",
                dashboard_name=physical,
                dashboard_body=body(panels, region=args.scope.region, period_seconds=args.period_seconds),
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.names[view] = physical
        self.register_outputs({"names": self.names})
