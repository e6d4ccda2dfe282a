"""Ways through a network: from the internet to the stores of a stack, step by step.

A way begins at something with a public address, in a subnet that routes to an internet gateway and whose network ACL
lets the internet in, behind a security group that does too; it goes on from group to group (or from the network's own
addresses to a group that lets them in) until a store. What the stack does not show (a subnet of another stack) counts
as open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .addresses import Network, internet, network, public
from .dialects import ACL_RULE, GROUP, INGRESS, ROUTE, WAYS_OUT
from .graph import Resource, Stack, known
from .values import UNKNOWN, View

SUBNET = "aws:ec2/subnet:Subnet"
TABLE = "aws:ec2/routeTable:RouteTable"
DEFAULT_TABLE = "aws:ec2/defaultRouteTable:DefaultRouteTable"
MAIN_TABLE = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
INTERNET = "aws:ec2/internetGateway:InternetGateway"
NETWORK_ACL = "aws:ec2/networkAcl:NetworkAcl"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX_ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"
VPC = "aws:ec2/vpc:Vpc"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
RESTRICTED = "restricted"
"""Exposure of a load balancer with a public address that lets in listed addresses only."""
_RANGES = (
    "cidrIpv4", "cidrIpv6", "cidrBlock", "ipv6CidrBlock", "destinationCidrBlock", "destinationIpv6CidrBlock", "cidr",
)  # fmt: skip
"""Properties that name an address range: of a group's rule, of an ACL's, of a route, of an entry of a prefix list."""
_LISTS = ("prefixListId", "destinationPrefixListId")
SUBNET_GROUPS = {
    "aws:rds/subnetGroup:SubnetGroup": ("dbSubnetGroupName",),
    "aws:elasticache/subnetGroup:SubnetGroup": ("subnetGroupName",),
    "aws:memorydb/subnetGroup:SubnetGroup": ("subnetGroupName",),
    "aws:docdb/subnetGroup:SubnetGroup": ("dbSubnetGroupName",),
    "aws:neptune/subnetGroup:SubnetGroup": ("neptuneSubnetGroupName",),
    "aws:redshift/subnetGroup:SubnetGroup": ("clusterSubnetGroupName",),
    "aws:dax/subnetGroup:SubnetGroup": ("subnetGroupName",),
}
STORES = {
    "aws:rds/instance:Instance": "vpcSecurityGroupIds",
    "aws:rds/cluster:Cluster": "vpcSecurityGroupIds",
    "aws:elasticache/replicationGroup:ReplicationGroup": "securityGroupIds",
    "aws:elasticache/serverlessCache:ServerlessCache": "securityGroupIds",
    "aws:elasticache/cluster:Cluster": "securityGroupIds",
    "aws:memorydb/cluster:Cluster": "securityGroupIds",
    "aws:docdb/cluster:Cluster": "vpcSecurityGroupIds",
    "aws:neptune/cluster:Cluster": "vpcSecurityGroupIds",
    "aws:redshift/cluster:Cluster": "vpcSecurityGroupIds",
    "aws:opensearch/domain:Domain": "vpcOptions",
    "aws:dax/cluster:Cluster": "securityGroupIds",
    "aws:efs/mountTarget:MountTarget": "securityGroups",
}
"""Type of a store → the property that names its security groups."""


@dataclass(frozen=True)
class Entry:
    """Something with a public address.   kind: how it is reached.   guarded: whether by TLS behind a web ACL."""

    resource: Resource
    groups: tuple[Resource, ...]
    subnets: tuple[Resource, ...]
    kind: str
    guarded: bool = False


@dataclass(frozen=True)
class Path:
    """A way from the internet to a store, as the names of what it passes."""

    entry: Entry
    steps: tuple[str, ...]
    store: Resource

    def __str__(self) -> str:
        return " → ".join(self.steps)


def tables_of(stack: Stack, subnet: Resource) -> list[Resource]:
    """Route tables a subnet is associated with."""
    associations = stack.users(subnet, ASSOCIATION, property="subnetId")
    return [table for each in associations for table in stack.targets(each, "routeTableId", TABLE)]


def default_routes(stack: Stack, table: Resource) -> list[Resource]:
    """Routes to the internet in a table, inline or beside it: alone, or with others that lead the same way."""
    by_way: dict[str, list[tuple[Resource, str]]] = {}
    for route in stack.users(table, ROUTE, property="routeTableId"):
        way = str([(route.properties.get(name), route.dependencies.get(name)) for name in WAYS_OUT if route.has(name)])
        by_way.setdefault(way, []).extend((route, range) for range in ranges_of(stack, route))
    found = [route for named in by_way.values() for route, _ in of_internet(named)]
    return list({route.urn: route for route in found}.values())


def data_subnets(stack: Stack, tier_tag: str) -> list[Resource]:
    """Subnets that databases and caches are placed in, and those tagged as the data tier."""
    found = {each.urn: each for each in stack.of(SUBNET) if tag(each, tier_tag) == "data"}
    for group in stack.of(*SUBNET_GROUPS):
        found.update((each.urn, each) for each in stack.targets(group, "subnetIds", SUBNET))
    return list(found.values())


def ranges_of(stack: Stack, rule: Resource) -> list[str]:
    """The address ranges that a rule of a group or an ACL, a route or a prefix list names, as far as they are known."""
    lists = [each for name in _LISTS for each in stack.targets(rule, name, PREFIX_LIST)]
    entries = [entry for each in lists for entry in entries_of(stack, each)]
    return [range for each in (rule, *entries) for name in _RANGES for range in _texts(each, name)]


def entries_of(stack: Stack, prefixes: Resource) -> list[View]:
    """What is in a prefix list, inline or beside it."""
    inline = prefixes.views("entries") if known(lambda: prefixes.views("entries")) else []
    return [*inline, *stack.users(prefixes, PREFIX_ENTRY, property="prefixListId")]


def of_internet(named: list[tuple[Resource, str]]) -> list[tuple[Resource, str]]:
    """Of (rule, range) those that are the internet: alone, or all with public addresses when only their sum is."""
    alone = [(rule, range) for rule, range in named if internet([range])]
    if alone or not internet(range for _, range in named):
        return alone
    return [(rule, range) for rule, range in named if public(range)]


def open_sources(stack: Stack, group: Resource) -> list[tuple[Resource, str]]:
    """(rule, CIDR) of every way into a group from an address range."""
    rules = stack.users(group, INGRESS, property="securityGroupId")
    return [(rule, range) for rule in rules for range in ranges_of(stack, rule)]


def sources(stack: Stack, group: Resource) -> list[Resource]:
    """Groups that a group lets in."""
    rules = stack.users(group, INGRESS, property="securityGroupId")
    found = [other for rule in rules for other in stack.targets(rule, "referencedSecurityGroupId", GROUP)]
    return [other for other in found if other is not group]


def store_groups(stack: Stack) -> list[tuple[Resource, Resource]]:
    """(store, its security group) of every database, cache and file system."""
    return [
        (store, group)
        for type, name in STORES.items()
        for store in stack.of(type)
        for group in stack.targets(store, name, GROUP)
    ]


def tag(resource: Resource, name: str) -> object:
    """A tag's value; `UNKNOWN` when preview cannot know it."""
    return resource.tags().get(name) if known(resource.tags) else UNKNOWN


def internet_facing(stack: Stack, subnet: Resource) -> bool:
    """Whether a subnet routes to an internet gateway; yes when the stack shows no table of it."""
    tables = tables_of(stack, subnet)
    if not tables:
        mains = [*stack.of(DEFAULT_TABLE)]
        mains += [table for each in stack.of(MAIN_TABLE) for table in stack.targets(each, "routeTableId", TABLE)]
        if not mains:
            return True
        tables = mains
    return any(
        stack.targets(route, "gatewayId", INTERNET) or str(route.properties.get("gatewayId", "")).startswith("igw-")
        for table in tables
        for route in default_routes(stack, table)
    )


def admitted(stack: Stack, subnet: Resource) -> bool:
    """Whether a subnet's network ACL lets anything in from the internet; yes when the stack shows no ACL of it."""
    acls = stack.users(subnet, NETWORK_ACL, property="subnetIds")
    if not acls:
        return True
    rules = [rule for acl in acls for rule in stack.users(acl, ACL_RULE, property="networkAclId")]
    ways = [rule for rule in rules if _lets_in(rule)]
    unknown = any(rule.unknown(name) for rule in ways for name in ("cidrBlock", "ipv6CidrBlock"))
    return not rules or unknown or internet(range for rule in ways for range in ranges_of(stack, rule))


def entries(stack: Stack) -> Iterator[Entry]:
    """Everything with a public address."""
    for balancer in stack.of(BALANCER):
        if balancer.unknown("internal") or balancer.flag("internal"):
            continue
        listeners = stack.users(balancer, "aws:lb/listener:Listener", property="loadBalancerArn")
        serving = [each for each in listeners if not _redirects(each)]
        tls = all(
            known(lambda each=each: each.text("protocol")) and each.text("protocol") in ("HTTPS", "TLS")
            for each in serving
        )
        walled = bool(stack.users(balancer, "aws:wafv2/webAclAssociation:WebAclAssociation", property="resourceArn"))
        yield Entry(
            balancer,
            tuple(stack.targets(balancer, "securityGroups", GROUP)),
            (*stack.targets(balancer, "subnets", SUBNET), *stack.targets(balancer, "subnetMappings", SUBNET)),
            "no web ACL is associated with the load balancer" if not walled else "a listener serves without TLS",
            tls and walled,
        )
    for type, groups, subnets, addressed in _PUBLIC:
        for each in stack.of(type):
            if addressed(stack, each):
                named = tuple(group for name in groups for group in stack.targets(each, name, GROUP))
                placed = tuple(subnet for name in subnets for subnet in stack.targets(each, name, SUBNET))
                yield Entry(each, named, placed, "it has a public address of its own")


def paths(stack: Stack) -> list[Path]:
    """Every way from the internet to a store, guarded or not; the shortest for each entry and store."""
    if "paths" not in stack.notes:
        stack.notes["paths"] = list(_paths(stack))
    found: list[Path] = stack.notes["paths"]
    return found


def _paths(stack: Stack) -> Iterator[Path]:
    stores = store_groups(stack)
    reached = _forward(stack)
    for entry in entries(stack):
        if entry.subnets and not any(internet_facing(stack, each) and admitted(stack, each) for each in entry.subnets):
            continue
        if entry.groups and not any(_open_group(stack, group) for group in entry.groups):
            continue
        ways = _walk(entry.groups, reached)
        own = {store.urn for store, _ in stores if store is entry.resource}
        for store, group in stores:
            if store.urn in own:
                yield Path(entry, ("internet", store.name), store)
                own.discard(store.urn)
            elif group.urn in ways and store is not entry.resource:
                yield Path(entry, ("internet", entry.resource.name, *ways[group.urn], store.name), store)


def _forward(stack: Stack) -> dict[str, list[Resource]]:
    """Group → groups it may go on to: those that let it in, or let in a range of the network's own addresses."""
    ahead: dict[str, list[Resource]] = {}
    groups = stack.of(GROUP)
    inside = [range for vpc in stack.of(VPC) for text in _texts(vpc, "cidrBlock") if (range := network(text))]
    for group in groups:
        froms = sources(stack, group)
        ranges = [network(text) for _, text in open_sources(stack, group)]
        if any(range is not None and any(_overlap(range, own) for own in inside) for range in ranges):
            froms = [each for each in groups if each is not group]
        for each in froms:
            ahead.setdefault(each.urn, []).append(group)
    return ahead


def _walk(starts: tuple[Resource, ...], ahead: dict[str, list[Resource]]) -> dict[str, tuple[str, ...]]:
    """Group → names of the groups passed on the shortest way to it."""
    found: dict[str, tuple[str, ...]] = {start.urn: (f"group {start.name}",) for start in starts}
    queue = list(starts)
    while queue:
        here = queue.pop(0)
        for there in ahead.get(here.urn, ()):
            if there.urn not in found:
                found[there.urn] = (*found[here.urn], f"group {there.name}")
                queue.append(there)
    return found


def _open_group(stack: Stack, group: Resource) -> bool:
    rules = stack.users(group, INGRESS, property="securityGroupId")
    return internet(range for _, range in open_sources(stack, group)) or any(
        each.unknown("cidrIpv4") or each.unknown("cidrIpv6") for each in rules
    )


def _lets_in(rule: Resource) -> bool:
    """Whether a rule of a network ACL allows a way in; yes when that is not known."""
    if not known(lambda: (rule.flag("egress"), rule.text("ruleAction"))):
        return True
    return not rule.flag("egress") and rule.text("ruleAction") == "allow"


def _redirects(listener: Resource) -> bool:
    if not known(lambda: [each.text("type") for each in listener.views("defaultActions")]):
        return False
    actions = listener.views("defaultActions")
    return bool(actions) and all(each.text("type") == "redirect" for each in actions)


def _instance(stack: Stack, each: Resource) -> bool:
    if _flag(each, "associatePublicIpAddress"):
        return True
    fixed = stack.users(each, "aws:ec2/eip:Eip", property="instance")
    fixed += stack.users(each, "aws:ec2/eipAssociation:EipAssociation", property="instanceId")
    subnets = stack.targets(each, "subnetId", SUBNET)
    return bool(fixed) or any(_flag(subnet, "mapPublicIpOnLaunch") for subnet in subnets)


_PUBLIC = (
    ("aws:ec2/instance:Instance", ("vpcSecurityGroupIds",), ("subnetId",), _instance),
    (
        "aws:ecs/service:Service",
        ("networkConfiguration",),
        ("networkConfiguration",),
        lambda _, each: _flag(each, "networkConfiguration.assignPublicIp"),
    ),
    ("aws:rds/instance:Instance", ("vpcSecurityGroupIds",), (), lambda _, each: _flag(each, "publiclyAccessible")),
    ("aws:redshift/cluster:Cluster", ("vpcSecurityGroupIds",), (), lambda _, each: _flag(each, "publiclyAccessible")),
)


def _flag(view: View, path: str) -> bool:
    return known(lambda: view.flag(path)) and view.flag(path) is True


def _texts(view: View, name: str) -> list[str]:
    return view.texts(name) if known(lambda: view.texts(name)) else []


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
