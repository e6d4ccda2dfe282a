"""The application's own name, which leads to it last: health check and records."""

from __future__ import annotations

from typing import Any

import pulumi

from components.address import Address, AddressArgs, HealthCheck, HealthCheckArgs, WatchedTargets
from components.load_balancer import LoadBalancer
from layers.base import Base
from layers.entry import Entry
from layers.watching import Watching
from settings.stack import Settings


def build_address(settings: Settings, base: Base, entry: Entry, watching: Watching) -> dict[str, Any]:
    """The health check and the records of the domain, where there is a load balancer. Returns the outputs."""
    edge, balancer = settings.edge, entry.balancer
    if edge is None or edge.domain is None or balancer is None:
        return {}
    health = None
    if edge.health_check is not None:
        watched = _watched(balancer, edge.health_check.target, watching.observability.topic_arn)
        health = HealthCheck(
            "health",
            HealthCheckArgs(
                scope=base.scope,
                settings=edge.health_check,
                domain_name=edge.domain.name,
                regions=edge.health_checker_regions,
                watched=None if edge.checked_from_outside else watched,
            ),
        )
    if entry.zone_id is not None and edge.domain.records:
        Address(
            "address",
            AddressArgs(
                names=edge.domain.names,
                zone_id=entry.zone_id,
                target=balancer.dns_name,
                target_zone_id=balancer.zone_id,
                health_check_id=None if health is None else health.id,
                failover=edge.failover,
            ),
        )
    return {} if health is None else {"health_check_id": health.id}


def _watched(balancer: LoadBalancer, target: str | None, topic_arn: pulumi.Input[str]) -> WatchedTargets:
    """The targets whose health stands for the application's; settings make sure that there are some."""
    chosen = target or next(iter(balancer.target_group_arn_suffixes))
    return WatchedTargets(
        load_balancer_arn_suffix=balancer.arn_suffix,
        target_group_arn_suffix=balancer.target_group_arn_suffixes[chosen],
        topic_arn=topic_arn,
    )
