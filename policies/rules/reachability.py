"""What can reach patient data, and what patient data can reach."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..graph import Resource, Stack, known
from ..rule import Finding, Severity, stack_rule

SUBNET = "aws:ec2/subnet:Subnet"
ROUTE = "aws:ec2/route:Route"
TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SUBNET_GROUPS = ("aws:rds/subnetGroup:SubnetGroup", "aws:elasticache/subnetGroup:SubnetGroup")
STORES = {
    "aws:rds/instance:Instance": "vpcSecurityGroupIds",
    "aws:rds/cluster:Cluster": "vpcSecurityGroupIds",
    "aws:elasticache/replicationGroup:ReplicationGroup": "securityGroupIds",
}
ANYWHERE = ("0.0.0.0/0", "::/0")
WAYS_OUT = ("gatewayId", "natGatewayId", "transitGatewayId", "vpcPeeringConnectionId", "egressOnlyGatewayId")
VPC_GUIDE = "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html"
GROUP_GUIDE = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html"


def tables_of(stack: Stack, subnet: Resource) -> list[Resource]:
    """Route tables a subnet is associated with."""
    associations = stack.users(subnet, ASSOCIATION, property="subnetId")
    return [table for each in associations for table in stack.targets(each, "routeTableId", TABLE)]


def default_routes(stack: Stack, table: Resource) -> list[Resource]:
    """Routes to everywhere in a table, as resources of their own."""
    routes = stack.users(table, ROUTE, property="routeTableId")
    return [route for route in routes if _everywhere(route)]


def data_subnets(stack: Stack) -> list[Resource]:
    """Subnets that databases and caches are placed in, and those tagged as the data tier."""
    found = {each.urn: each for each in stack.of(SUBNET) if _tier(each) == "data"}
    for group in stack.of(*SUBNET_GROUPS):
        found.update((each.urn, each) for each in stack.targets(group, "subnetIds", SUBNET))
    return list(found.values())


def open_sources(stack: Stack, group: Resource) -> list[tuple[Resource, str]]:
    """(rule, CIDR) of every way into a group from an address range."""
    found: list[tuple[Resource, str]] = []
    for rule in stack.users(group, INGRESS, property="securityGroupId"):
        found += [(rule, cidr) for name in ("cidrIpv4", "cidrIpv6") for cidr in _texts(rule, name)]
    for rule in stack.users(group, RULE, property="securityGroupId"):
        if known(lambda rule=rule: rule.text("type")) and rule.text("type") == "ingress":
            found += [(rule, cidr) for name in ("cidrBlocks", "ipv6CidrBlocks") for cidr in _texts(rule, name)]
    if group.declares("ingress") and not group.unknown("ingress"):
        for inline in group.views("ingress"):
            found += [(group, cidr) for name in ("cidrBlocks", "ipv6CidrBlocks") for cidr in _texts(inline, name)]
    return found


def sources(stack: Stack, group: Resource) -> list[Resource]:
    """Groups that a group lets in."""
    rules = stack.users(group, INGRESS, property="securityGroupId")
    found = [other for rule in rules for other in stack.targets(rule, "referencedSecurityGroupId", GROUP)]
    for rule in stack.users(group, RULE, property="securityGroupId"):
        if known(lambda rule=rule: rule.text("type")) and rule.text("type") == "ingress":
            found += stack.targets(rule, "sourceSecurityGroupId", GROUP)
    return [other for other in found if other is not group]


def store_groups(stack: Stack) -> list[tuple[Resource, Resource]]:
    """(store, its security group) of every database and cache."""
    return [
        (store, group)
        for type, name in STORES.items()
        for store in stack.of(type)
        for group in stack.targets(store, name, GROUP)
    ]


def _everywhere(route: Resource) -> bool:
    names = ("destinationCidrBlock", "destinationIpv6CidrBlock")
    return any(cidr in ANYWHERE for name in names for cidr in _texts(route, name))


def _texts(view: object, name: str) -> list[str]:
    return view.texts(name) if known(lambda: view.texts(name)) else []  # type: ignore[attr-defined]


def _tier(subnet: Resource) -> object:
    return subnet.mapping("tags").get("Tier") if known(lambda: subnet.mapping("tags")) else None


@stack_rule(
    "data-subnet-no-default-route",
    title="Subnets of databases and caches have no route to everywhere",
    severity=Severity.HIGH,
    remedy="Give the data tier route tables of its own, without default route; reach AWS through endpoints.",
    url=VPC_GUIDE,
)
def data_subnet_no_default_route(stack: Stack, config: Config) -> Iterator[Finding]:
    for subnet in data_subnets(stack):
        for table in tables_of(stack, subnet):
            for route in default_routes(stack, table):
                yield Finding(route, f"{subnet.name} holds data, and this route leads out of its table {table.name}.")


@stack_rule(
    "route-igw-public-tier-only",
    title="Only public subnets route to an internet gateway",
    severity=Severity.HIGH,
    remedy="Route private subnets through NAT gateways or endpoints, never to the internet gateway.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html",
)
def route_igw_public_only(stack: Stack, config: Config) -> Iterator[Finding]:
    for subnet in stack.of(SUBNET):
        if _tier(subnet) == "public":
            continue
        for table in tables_of(stack, subnet):
            for route in default_routes(stack, table):
                if stack.targets(route, "gatewayId", "aws:ec2/internetGateway:InternetGateway"):
                    yield Finding(
                        route, f"{subnet.name} is not of the public tier (tag Tier) and would face the internet."
                    )


@stack_rule(
    "sg-chain-no-internet-to-data",
    title="Two security groups stand between the internet and patient data",
    severity=Severity.CRITICAL,
    remedy="Let the application's group only into the store's group, and the load balancer's only into that.",
    url=GROUP_GUIDE,
)
def sg_chain(stack: Stack, config: Config) -> Iterator[Finding]:
    for store, group in store_groups(stack):
        for near in [group, *sources(stack, group)]:
            for rule, cidr in open_sources(stack, near):
                if cidr in ANYWHERE:
                    path = f"internet → {near.name}" + ("" if near is group else f" → {group.name}")
                    yield Finding(
                        rule, f"{path} → {store.name}: {cidr} is let in fewer than two groups from the store."
                    )


@stack_rule(
    "sg-data-tier-sources-are-groups",
    title="Stores let in security groups, not address ranges",
    severity=Severity.HIGH,
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
    severity=Severity.CRITICAL,
    remedy="Put an HTTPS listener and a web ACL on every public load balancer in front of patient data.",
    url="https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html",
)
def public_path(stack: Stack, config: Config) -> Iterator[Finding]:
    stores = store_groups(stack)
    if not stores:
        return
    for balancer in stack.of("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"):
        if not known(lambda balancer=balancer: balancer.flag("internal")) or balancer.flag("internal"):
            continue
        own = stack.targets(balancer, "securityGroups", GROUP)
        reached = [store for store, group in stores if _reaches(stack, own, group)]
        guarded = stack.users(balancer, "aws:wafv2/webAclAssociation:WebAclAssociation", property="resourceArn")
        if reached and not guarded:
            names = ", ".join(sorted({store.name for store in reached}))
            yield Finding(
                balancer, f"internet → {balancer.name} → {names}: no web ACL is associated with the load balancer."
            )


def _reaches(stack: Stack, starts: list[Resource], goal: Resource) -> bool:
    """Whether references of groups lead from the starts to the goal."""
    seen: set[str] = set()
    ahead = [goal]
    while ahead:
        group = ahead.pop()
        if any(group is start for start in starts):
            return True
        if group.urn not in seen:
            seen.add(group.urn)
            ahead += sources(stack, group)
    return False
