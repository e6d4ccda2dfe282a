"""What can reach patient data, and what patient data can reach. Ways through the network: `paths`."""

from __future__ import annotations

from collections.abc import Iterator

from .. import paths
from ..config import Config
from ..graph import Resource, Stack
from ..paths import (
    INTERNET,
    SUBNET,
    SUBNET_GROUPS,
    TABLE,
    default_routes,
    of_internet,
    open_sources,
    sources,
    store_groups,
    tables_of,
)
from ..rule import CRITICAL, HIGH, Finding, stack_rule
from ..values import UNKNOWN

VPC_GUIDE = "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html"
GROUP_GUIDE = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html"

__all__ = ["INTERNET", "SUBNET", "SUBNET_GROUPS", "TABLE", "default_routes", "store_groups", "tables_of"]


def tier(subnet: Resource, config: Config) -> object:
    """The tier a subnet is tagged with: public, application, data."""
    return paths.tag(subnet, config.tier_tag)


def data_subnets(stack: Stack, config: Config) -> list[Resource]:
    """Subnets that databases and caches are placed in, and those tagged as the data tier."""
    return paths.data_subnets(stack, config.tier_tag)


@stack_rule(
    "data-subnet-no-default-route",
    title="Subnets of databases and caches have no route to everywhere",
    severity=HIGH,
    remedy="Give the data tier route tables of its own, without default route; reach AWS through endpoints.",
    url=VPC_GUIDE,
)
def data_subnet_no_default_route(stack: Stack, config: Config) -> Iterator[Finding]:
    for subnet in data_subnets(stack, config):
        for table in tables_of(stack, subnet):
            for route in default_routes(stack, table):
                yield Finding(route, f"{subnet.name} holds data, and this route leads out of its table {table.name}.")


@stack_rule(
    "route-igw-public-tier-only",
    title="Only public subnets route to an internet gateway",
    severity=HIGH,
    remedy="Route private subnets through NAT gateways or endpoints, never to the internet gateway.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html",
)
def route_igw_public_only(stack: Stack, config: Config) -> Iterator[Finding]:
    for subnet in stack.of(SUBNET):
        if tier(subnet, config) in ("public", UNKNOWN):
            continue
        for table in tables_of(stack, subnet):
            for route in default_routes(stack, table):
                if stack.targets(route, "gatewayId", INTERNET):
                    yield Finding(
                        route,
                        f"{subnet.name} is not of the public tier (tag {config.tier_tag}) and would face the internet.",
                    )


@stack_rule(
    "sg-chain-no-internet-to-data",
    title="Two security groups stand between the internet and patient data",
    severity=CRITICAL,
    remedy="Let the application's group only into the store's group, and the load balancer's only into that.",
    url=GROUP_GUIDE,
)
def sg_chain(stack: Stack, config: Config) -> Iterator[Finding]:
    for store, group in store_groups(stack):
        for near in [group, *sources(stack, group)]:
            for rule, cidr in of_internet(open_sources(stack, near)):
                path = f"internet → {near.name}" + ("" if near is group else f" → {group.name}")
                yield Finding(rule, f"{path} → {store.name}: {cidr} is let in fewer than two groups from the store.")


@stack_rule(
    "sg-data-tier-sources-are-groups",
    title="Stores let in security groups, not address ranges",
    severity=HIGH,
    remedy="Replace the CIDR by the security group of the application.",
    url=GROUP_GUIDE,
)
def sg_sources_are_groups(stack: Stack, config: Config) -> Iterator[Finding]:
    for store, group in store_groups(stack):
        for rule, cidr in open_sources(stack, group):
            yield Finding(rule, f"{group.name} of {store.name} lets in addresses ({cidr}) instead of a group.")


@stack_rule(
    "public-path-reachability",
    title="Every way from the internet to patient data passes TLS and a firewall",
    severity=CRITICAL,
    remedy="Put an HTTPS listener and a web ACL on every public load balancer in front of patient data.",
    url="https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html",
)
def public_path(stack: Stack, config: Config) -> Iterator[Finding]:
    for path in paths.paths(stack):
        if not path.entry.guarded:
            yield Finding(path.entry.resource, f"{path}: {path.entry.kind}.")
