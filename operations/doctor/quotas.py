"""Does the stack fit into the account's quotas? (FAC-OPS-23)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from operations.aws import Clients
from operations.doctor.account import asked
from operations.doctor.point import Point, point
from settings.database import AuroraSettings
from settings.stack import Settings

_CPU_UNITS = 1024


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota of Service Quotas in the home region.

    service, code: its keys there.   needed: what the stack adds at its peak.   used: what the account has already.
    """

    name: str
    service: str
    code: str
    needed: Callable[[Settings, Clients], float]
    used: Callable[[Any], int]
    client: str


def _count(operation: str, key: str) -> Callable[[Any], int]:
    def count(client: Any) -> int:
        if not client.can_paginate(operation):
            return len(getattr(client, operation)()[key])
        return sum(len(page[key]) for page in client.get_paginator(operation).paginate())

    return count


def _none_yet(_: Any) -> int:
    """What runs now is counted by CloudWatch only; the stack alone is compared."""
    return 0


def _databases(settings: Settings, _: Clients) -> float:
    database = settings.database
    if database is None:
        return 0
    return 1 + (database.readers if isinstance(database, AuroraSettings) else database.read_replicas)


def _fargate(settings: Settings, _: Clients) -> float:
    """Every service at its most tasks, twice: a deployment runs the old and the new ones side by side."""
    services = {} if settings.compute is None else settings.compute.services
    return 2 * sum(service.max_tasks * service.cpu_units / _CPU_UNITS for service in services.values())


def _instances(settings: Settings, clients: Clients) -> float:
    fleet = None if settings.compute is None else settings.compute.fleet
    if fleet is None:
        return 0
    kind = clients("ec2", settings.region).describe_instance_types(InstanceTypes=[fleet.instance_type])
    return fleet.max_instances * kind["InstanceTypes"][0]["VCpuInfo"]["DefaultVCpus"]


def _nats(settings: Settings, _: Clients) -> float:
    return len(settings.network.nat_zones)


QUOTAS = (
    Quota(
        name="VPCs", service="vpc", code="L-F678F1CE", needed=lambda *_: 1, client="ec2",
        used=_count("describe_vpcs", "Vpcs"),
    ),
    Quota(
        name="Elastic IP addresses", service="ec2", code="L-0263D0A3", needed=_nats, client="ec2",
        used=_count("describe_addresses", "Addresses"),
    ),
    Quota(
        name="NAT gateways per zone", service="vpc", code="L-FE5A380F",
        needed=lambda settings, _: 1 if settings.network.nat_zones else 0, client="ec2", used=_none_yet,
    ),
    Quota(
        name="database instances", service="rds", code="L-7B6409FD", needed=_databases, client="rds",
        used=_count("describe_db_instances", "DBInstances"),
    ),
    Quota(
        name="vCPUs of Fargate", service="fargate", code="L-3032A538", needed=_fargate, client="ecs", used=_none_yet,
    ),
    Quota(
        name="vCPUs of standard instances", service="ec2", code="L-1216C47A", needed=_instances, client="ec2",
        used=_none_yet,
    ),
)  # fmt: skip


def points(settings: Settings, clients: Clients, *, deployed: bool) -> Iterator[Point]:
    """Every quota the stack needs something of.   deployed: whether what the account has counts the stack already."""
    for quota in QUOTAS:
        yield from asked(f"quota of {quota.name}", lambda quota=quota: _quota(quota, settings, clients, deployed))


def _quota(quota: Quota, settings: Settings, clients: Clients, deployed: bool) -> Iterator[Point]:
    needed = quota.needed(settings, clients)
    if not needed:
        return
    answer = clients("service-quotas", settings.region).get_service_quota(
        ServiceCode=quota.service, QuotaCode=quota.code
    )
    most, used = float(answer["Quota"]["Value"]), quota.used(clients(quota.client, settings.region))
    more = 0 if deployed and used else needed
    yield point(
        f"quota of {quota.name}", used + more <= most, f"{most:g}: {used} in use, {more:g} more needed",
        f"`aws service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {quota.code} "
        f"--desired-value {used + more:g}`; it takes hours to days.",
        requirements=("FAC-OPS-23",),
    )  # fmt: skip
