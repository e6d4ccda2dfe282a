"""Amazon VPC: tiers, routes, flow logs, security groups, network ACLs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..addresses import internet, network
from ..conditions import in_production, patient_data
from ..config import Config
from ..dialects import ACL_RULE, EGRESS, GROUP, INGRESS, OLD_GROUP_RULE
from ..expect import NOT_TRUE, SET
from ..graph import Resource, Stack
from ..paths import BALANCER, PREFIX_LIST, RESTRICTED, entries_of, ranges_of, tag
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule, stack_rule
from ..values import UNKNOWN, View
from .reachability import (
    GROUP_GUIDE,
    INTERNET,
    SUBNET,
    TABLE,
    data_subnets,
    default_routes,
    tables_of,
    tier,
)

VPC = "aws:ec2/vpc:Vpc"
ADMIN_PORTS = (22, 3389)
DATA_PORTS = (20, 21, 23, 445, 1433, 1521, 2049, 3306, 4333, 5432, 5601, 6379, 9042, 9092, 9200, 11211, 27017)
NACL_PORTS = (20, 21, 22, 3389)
NETWORK_ACL = "aws:ec2/networkAcl:NetworkAcl"
DEFAULT_ACL = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
NAT = "aws:ec2/natGateway:NatGateway"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ALL_PORTS = (0, 65535)
OF_GROUPS = (
    GROUP, INGRESS, EGRESS, OLD_GROUP_RULE, "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive",
    "aws:vpc/securityGroupVpcAssociation:SecurityGroupVpcAssociation",
)  # fmt: skip
"""Types that are about a security group without being in it."""
MOST_RULES = 50
SHORTEST_PUBLIC_PREFIX = 24
GUIDE = "https://docs.aws.amazon.com/vpc/latest/userguide/"


def from_internet(way: View) -> bool:
    """Whether a way in or out is open to the internet."""
    return internet([*way.texts("cidrIpv4"), *way.texts("cidrIpv6")])


def ports(way: View) -> tuple[int, int]:
    """First and last port of a way in; all of them when the protocol is every protocol."""
    if _protocol(way) == "-1":
        return ALL_PORTS
    first, last = way.number("fromPort"), way.number("toPort")
    return (0 if first is None or first < 0 else int(first), 65535 if last is None or last < 0 else int(last))


def _protocol(way: View) -> str:
    found = way.get("ipProtocol") if way.has("ipProtocol") else way.get("protocol")
    text = str(int(found)) if isinstance(found, float) else str(found or "-1")
    return "-1" if text == "all" else text


def _where(way: View) -> str:
    return f"{way.path}: " if way.path else ""


def _open(way: Resource, wanted: tuple[int, ...]) -> Iterator[str]:
    first, last = ports(way)
    found = [str(port) for port in wanted if first <= port <= last]
    if found and _protocol(way) in ("-1", "tcp", "6", "udp", "17") and from_internet(way):
        yield f"{_where(way)}the internet is let in on {', '.join(found)}."


@stack_rule(
    "vpc-flow-logs-enabled",
    title="Every network records its traffic",
    severity=MEDIUM,
    remedy="Add a FlowLog of the VPC with trafficType ALL.",
    url=GUIDE + "flow-logs.html",
)
def flow_logs(stack: Stack, config: Config) -> Iterator[Finding]:
    for vpc in stack.of(VPC):
        logs = stack.users(vpc, FLOW_LOG, property="vpcId")
        if not any(log.unknown("trafficType") or log.text("trafficType") == "ALL" for log in logs):
            yield Finding(vpc, "no FlowLog of all traffic.")


@linked_rule(
    "flow-log-store-hardened",
    types=FLOW_LOG,
    title="Records of traffic are encrypted and kept",
    severity=HIGH,
    remedy="Send the flow log to a log group with kmsKeyId and retentionInDays, or to a bucket of this stack.",
    url=GUIDE + "flow-logs-cwl.html",
)
def flow_log_store(log: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for group in stack.targets(log, "logDestination", "aws:cloudwatch/logGroup:LogGroup"):
        for name in ("kmsKeyId", "retentionInDays"):
            if not group.has(name):
                yield Finding(group, f"{name} is not set, and {log.name} writes to it.")
    if log.text("logDestinationType") == "s3":
        for bucket in stack.targets(log, "logDestination", "aws:s3/bucket:Bucket"):
            block = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
            if not stack.users(bucket, block, property="bucket"):
                yield Finding(bucket, f"does not block public access, and {log.name} writes to it.")


@resource_rule(
    "flow-log-cross-account-off",
    types=FLOW_LOG,
    title="Records of traffic stay with trusted accounts",
    severity=MEDIUM,
    remedy="Remove deliverCrossAccountRole, or add its account to trustedAccounts.",
    url=GUIDE + "flow-logs-s3.html",
)
def flow_log_account(resource: Resource, config: Config) -> Iterator[str]:
    account = (resource.text("deliverCrossAccountRole") or "::::").split(":")[4]
    if account and account not in config.trusted_accounts:
        yield "deliverCrossAccountRole is of an account that is not trusted."


@stack_rule(
    "vpc-default-sg-closed",
    title="Default security groups are adopted and empty",
    severity=HIGH,
    remedy="Add a DefaultSecurityGroup of the VPC without ingress and egress.",
    url=GROUP_GUIDE,
)
def default_group_closed(stack: Stack, config: Config) -> Iterator[Finding]:
    for vpc in stack.of(VPC):
        groups = stack.users(vpc, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", property="vpcId")
        if not groups:
            yield Finding(vpc, "its default security group is not adopted by a DefaultSecurityGroup.")
        for group in groups:
            for name in ("ingress", "egress"):
                if group.declares(name) and not group.unknown(name) and group.has(name):
                    yield Finding(group, f"{name} must be empty.")


@resource_rule(
    "vpc-default-not-used",
    types=("aws:ec2/defaultVpc:DefaultVpc", "aws:ec2/defaultSubnet:DefaultSubnet"),
    title="The account's default network is not used",
    severity=HIGH,
    remedy="Create a Vpc with private subnets.",
    url=GUIDE + "default-vpc.html",
)
def default_vpc(resource: Resource, config: Config) -> Iterator[str]:
    yield "the default network gives every instance a public address."


def _by_vpc_and_tier(stack: Stack, config: Config) -> dict[tuple[str, str], list[Resource]]:
    found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for vpc in stack.of(VPC):
        for subnet in stack.users(vpc, SUBNET, property="vpcId"):
            found[vpc.urn, str(tier(subnet, config) or "")].append(subnet)
    return found


@stack_rule(
    "vpc-multi-az",
    title="Every tier of a network spans two zones",
    severity=MEDIUM,
    remedy="Place the tier's subnets in two availability zones or more.",
    url="https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/availability-zones.html",
)
def vpc_multi_az(stack: Stack, config: Config) -> Iterator[Finding]:
    for (vpc, name), subnets in _by_vpc_and_tier(stack, config).items():
        zones = {
            each.text(zone)
            for each in subnets
            for zone in ("availabilityZone", "availabilityZoneId")
            if not each.unknown(zone) and each.has(zone)
        }
        if any(each.unknown("availabilityZone") or each.unknown("availabilityZoneId") for each in subnets):
            continue
        if len(zones) < 2:
            yield Finding(stack.by_urn[vpc], f"the {name or 'untagged'} tier is in one availability zone.")


@linked_rule(
    "vpc-public-private-separated",
    types=VPC,
    title="Networks have a private tier, and subnets say which tier they are of",
    severity=HIGH,
    remedy="Tag each subnet with its tier (public, application, data) and keep workloads in private ones.",
    url=GUIDE + "configure-subnets.html",
)
def public_private(vpc: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    subnets = stack.users(vpc, SUBNET, property="vpcId")
    for subnet in subnets:
        if not tier(subnet, config):
            yield Finding(subnet, f"tags.{config.tier_tag} is not set.")
    if subnets and all(tier(subnet, config) == "public" for subnet in subnets):
        yield "every subnet is public."


@stack_rule(
    "vpc-igw-authorized-only",
    title="Only networks with a public tier have an internet gateway",
    severity=HIGH,
    remedy="Remove the gateway, or tag the subnets of the public tier.",
    url=GUIDE + "VPC_Internet_Gateway.html",
)
def igw_authorized(stack: Stack, config: Config) -> Iterator[Finding]:
    gateways = stack.of(INTERNET, "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment")
    for gateway in gateways:
        for vpc in stack.targets(gateway, "vpcId", VPC):
            subnets = stack.users(vpc, SUBNET, property="vpcId")
            if subnets and not any(tier(each, config) in ("public", UNKNOWN) for each in subnets):
                yield Finding(gateway, f"{vpc.name} has no public tier that would need a way to the internet.")


@resource_rule(
    "vpc-block-public-access",
    types="aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions",
    title="Public access to networks is blocked where the account says so",
    severity=MEDIUM,
    remedy="Set internetGatewayBlockMode to block-bidirectional or block-ingress.",
    url=GUIDE + "security-vpc-bpa.html",
)
def block_public_access(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("internetGatewayBlockMode") not in ("block-bidirectional", "block-ingress"):
        yield "internetGatewayBlockMode must be block-bidirectional or block-ingress."


def _outside_public_tier(resource: Resource, config: Config) -> bool:
    return resource.tags().get(config.tier_tag) != "public"


no_auto_public_ip = requires(
    "subnet-no-auto-public-ip",
    SUBNET,
    {"mapPublicIpOnLaunch": NOT_TRUE},
    when=_outside_public_tier,
    title="Private subnets hand out no public addresses",
    severity=HIGH,
    remedy="Set mapPublicIpOnLaunch: false, or tag the subnet Tier: public.",
    url=GUIDE + "subnet-public-ip.html",
    why="the subnet is not of the public tier",
)
no_auto_ipv6 = requires(
    "subnet-no-auto-ipv6",
    SUBNET,
    {"assignIpv6AddressOnCreation": NOT_TRUE},
    when=_outside_public_tier,
    title="Private subnets hand out no IPv6 addresses, which are public",
    severity=MEDIUM,
    url=GUIDE + "subnet-public-ip.html",
)


@stack_rule(
    "main-route-table-empty",
    title="A subnet without a route table of its own has no way out",
    severity=HIGH,
    remedy="Associate every subnet with a route table, and leave the main one without a default route.",
    url=GUIDE + "VPC_Route_Tables.html",
)
def main_table_empty(stack: Stack, config: Config) -> Iterator[Finding]:
    mains = list(stack.of("aws:ec2/defaultRouteTable:DefaultRouteTable"))
    for each in stack.of("aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"):
        mains += stack.targets(each, "routeTableId", TABLE)
    alone = [subnet for subnet in stack.of(SUBNET) if not tables_of(stack, subnet)]
    if alone:
        for table in mains:
            for route in default_routes(stack, table):
                names = ", ".join(sorted(each.name for each in alone))
                yield Finding(route, f"{names} have no route table of their own and inherit this default route.")


@linked_rule(
    "vpc-encryption-control",
    types=VPC,
    title="Networks of patient data watch for traffic in clear",
    severity=LOW,
    remedy="Add a VpcEncryptionControl of the VPC with mode monitor or enforce.",
    url=GUIDE + "vpc-encryption-controls.html",
)
def encryption_control(vpc: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    control = "aws:ec2/vpcEncryptionControl:VpcEncryptionControl"
    if patient_data(vpc, config) and not stack.users(vpc, control, property="vpcId"):
        yield "no VpcEncryptionControl watches it."


@linked_rule(
    "resolver-query-logging",
    types=VPC,
    title="Networks of patient data record the names they look up",
    severity=LOW,
    remedy="Add a ResolverQueryLogConfig and its association with the VPC.",
    url="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs.html",
)
def resolver_logs(vpc: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    association = "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation"
    if patient_data(vpc, config) and not stack.users(vpc, association, property="resourceId"):
        yield "the names its resources look up are not recorded."


@stack_rule(
    "nat-only-in-public-tier",
    title="NAT gateways are in the public tier, one per zone in production",
    severity=LOW,
    remedy="Place each NAT gateway in a public subnet, one per availability zone.",
    url=GUIDE + "vpc-nat-gateway.html",
)
def nat_public(stack: Stack, config: Config) -> Iterator[Finding]:
    gateways = stack.of(NAT)
    for gateway in gateways:
        if not gateway.unknown("connectivityType") and gateway.text("connectivityType") == "private":
            continue
        for subnet in stack.targets(gateway, "subnetId", SUBNET):
            if tier(subnet, config) not in ("public", UNKNOWN):
                yield Finding(gateway, f"{subnet.name} is not of the public tier.")
    if len(gateways) == 1 and len(stack.of(SUBNET)) > 2 and in_production(gateways[0], config):
        yield Finding(gateways[0], "one NAT gateway serves every zone.")


# Security groups. Inline rules and rules with many sources arrive here one by one; see `dialects`.


@resource_rule(
    "sg-no-admin-ports-from-internet",
    types=INGRESS,
    title="The internet does not reach administration ports",
    severity=CRITICAL,
    remedy="Remove the rule; use Session Manager.",
    url=GROUP_GUIDE,
)
def no_admin_ports(resource: Resource, config: Config) -> Iterator[str]:
    yield from _open(resource, ADMIN_PORTS)


@resource_rule(
    "sg-no-data-ports-from-internet",
    types=INGRESS,
    title="The internet does not reach ports of data stores",
    severity=CRITICAL,
    remedy="Let the application's security group in instead.",
    url=GROUP_GUIDE,
)
def no_data_ports(resource: Resource, config: Config) -> Iterator[str]:
    yield from _open(resource, DATA_PORTS)


@linked_rule(
    "sg-no-all-protocol-ingress",
    types=INGRESS,
    title="Security groups let in named ports only",
    severity=HIGH,
    remedy="Name protocol and ports.",
    url=GROUP_GUIDE,
)
def no_all_protocols(way: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if ports(way) == ALL_PORTS and not way.flag("self") and not _from_itself(way, stack):
        yield f"{_where(way)}every port is let in."


def _from_itself(way: Resource, stack: Stack) -> bool:
    """Whether a group lets itself in by its id. Raises NotKnown."""
    source, own = "referencedSecurityGroupId", "securityGroupId"
    groups = stack.targets(way, source, GROUP)
    if groups:
        return groups == stack.targets(way, own, GROUP)
    return way.text(source) is not None and not way.unknown(own) and way.text(source) == way.text(own)


def members(stack: Stack, group: Resource) -> list[Resource]:
    """What is in a security group; components and outputs only repeat its id."""
    return [each for each in stack.users(group) if each.type.startswith("aws:") and each.type not in OF_GROUPS]


@linked_rule(
    "sg-internet-ingress-only-on-entry-tier",
    types=INGRESS,
    title="The internet is let in at load balancers only, on 443 and 80",
    severity=HIGH,
    remedy="Let the internet into the load balancer's group on 443 (80 to redirect), that group into the service's.",
    url=GROUP_GUIDE,
)
def entry_tier(way: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not from_internet(way):
        return
    first, last = ports(way)
    if first != last or first not in (80, 443):
        yield f"{_where(way)}the internet is let in on {first} to {last}; only 443 and 80 are for everyone."
        return
    for group in stack.targets(way, "securityGroupId", GROUP):
        balancers = stack.users(group, BALANCER, property="securityGroups")
        users = members(stack, group)
        if users and not any(each.unknown("internal") or not each.flag("internal") for each in balancers):
            used = ", ".join(sorted(each.name for each in users)[:3])
            yield f"{_where(way)}the internet is let into {group.name}, which no public load balancer has but {used}."
        for balancer in balancers:
            if tag(balancer, config.exposure_tag) == RESTRICTED:
                yield (
                    f"{_where(way)}the internet is let into {group.name} of {balancer.name}, whose tag "
                    f"{config.exposure_tag} says that listed addresses only are let in."
                )


@resource_rule(
    "sg-no-wide-public-cidr",
    types=INGRESS,
    title="Ranges of public addresses that are let in are narrow",
    severity=MEDIUM,
    remedy="Name ranges of /24 or narrower.",
    url=GROUP_GUIDE,
)
def no_wide_cidr(resource: Resource, config: Config) -> Iterator[str]:
    text = resource.text("cidrIpv4") or ""
    range = network(text)
    if range is None or internet([text]):
        return
    if range.is_global and range.prefixlen < SHORTEST_PUBLIC_PREFIX:
        yield f"{resource.where('cidrIpv4')}: a public range wider than /{SHORTEST_PUBLIC_PREFIX} is let in."


@resource_rule(
    "sg-egress-restricted",
    types=EGRESS,
    title="Security groups let out named ports only",
    severity=MEDIUM,
    remedy="Name protocol and ports, and the group, prefix list or range they lead to.",
    url=GROUP_GUIDE,
)
def egress_restricted(resource: Resource, config: Config) -> Iterator[str]:
    if ports(resource) == ALL_PORTS and from_internet(resource):
        yield f"{_where(resource)}everything is let out to everywhere."


rules_described = requires(
    "sg-rules-described",
    (GROUP, INGRESS, EGRESS),
    {"description": SET},
    title="Security groups and their rules say what they are for",
    severity=LOW,
    url=GROUP_GUIDE,
)


@stack_rule(
    "sg-attached",
    title="Every security group is used",
    severity=LOW,
    remedy="Remove the group, or attach it.",
    url=GROUP_GUIDE,
)
def group_attached(stack: Stack, config: Config) -> Iterator[Finding]:
    for group in stack.of(GROUP):
        references = members(stack, group)
        sources = stack.users(group, INGRESS, EGRESS, OLD_GROUP_RULE, property="referencedSecurityGroupId")
        if not references and not sources:
            yield Finding(group, "nothing of this stack uses it.")


@linked_rule(
    "sg-inline-and-rules-not-mixed",
    types=GROUP,
    title="A security group has its rules inline or beside it, not both",
    severity=HIGH,
    remedy="Move the inline rules into resources of their own.",
    url="https://www.pulumi.com/registry/packages/aws/api-docs/ec2/securitygroup/",
)
def not_mixed(group: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for name, kind in (("ingress", INGRESS), ("egress", EGRESS)):
        beside = [each for each in stack.users(group, kind, property="securityGroupId") if each.subject != group.urn]
        if beside and group.declares(name) and group.has(name):
            yield f"{name} is given, and {beside[0].name} beside it: each update removes the rules of the other."


@linked_rule(
    "sg-rule-count-bounded",
    types=GROUP,
    title="Security groups stay small enough to review",
    severity=LOW,
    remedy=f"Split the group: {MOST_RULES} rules or fewer.",
    url=GROUP_GUIDE,
)
def rule_count(group: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    count = len(stack.users(group, INGRESS, EGRESS, property="securityGroupId"))
    if count > MOST_RULES:
        yield f"has {count} rules."


# Network ACLs, and ranges of groups, ACLs and lists together


@linked_rule(
    "internet-not-in-parts",
    types=(GROUP, NETWORK_ACL, DEFAULT_ACL, PREFIX_LIST),
    title="The internet is named as one range, not in parts nor by a prefix list",
    severity=HIGH,
    remedy="Name 0.0.0.0/0 or ::/0 where everyone is meant, which is judged as that; else only the ranges you mean.",
    url=GUIDE + "managed-prefix-lists.html",
)
def internet_in_parts(owner: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for name, ranges in _named_together(owner, stack):
        parts = ranges if owner.type == PREFIX_LIST else [each for each in ranges if not internet([each])]
        if internet(parts):
            yield f"{name}: {len(parts)} of its ranges are together the internet."


def _named_together(owner: Resource, stack: Stack) -> Iterator[tuple[str, list[str]]]:
    """What a group lets in and out, what an ACL allows, what is in a prefix list: ranges that add up."""
    if owner.type == PREFIX_LIST:
        yield "entries", [range for entry in entries_of(stack, owner) for range in entry.texts("cidr")]
        return
    for name, kind in (("ingress", INGRESS), ("egress", EGRESS)):
        if owner.type == GROUP:
            rules = stack.users(owner, kind, property="securityGroupId")
        else:
            rules = [
                rule
                for rule in stack.users(owner, ACL_RULE, property="networkAclId")
                if rule.text("ruleAction") == "allow" and (rule.flag("egress") or False) == (name == "egress")
            ]
        yield name, [range for rule in rules for range in ranges_of(stack, rule)]


@linked_rule(
    "nacl-no-open-admin-ports",
    types=ACL_RULE,
    title="Network ACLs do not let the internet reach administration ports",
    severity=HIGH,
    remedy="Deny ports 20 to 22 and 3389 from 0.0.0.0/0 before allowing other ports, or allow named ports only.",
    url=GUIDE + "vpc-network-acls.html",
)
def nacl_ports(rule: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if rule.flag("egress") or rule.text("ruleAction") != "allow" or _protocol(rule) not in ("-1", "6", "tcp"):
        return
    if not internet([*rule.texts("cidrBlock"), *rule.texts("ipv6CidrBlock")]):
        return
    first, last = ports(rule)
    before = _denied_before(rule, stack)
    open = [port for port in NACL_PORTS if first <= port <= last and not any(port in denied for denied in before)]
    if open:
        yield f"{_where(rule)}the internet is let in on {', '.join(map(str, open))}."


def _denied_before(rule: Resource, stack: Stack) -> list[range]:
    """Ports that earlier rules of the same ACL deny to all whom this rule lets in."""
    acls = stack.targets(rule, "networkAclId", NETWORK_ACL, DEFAULT_ACL)
    found: list[range] = []
    for each in (other for acl in acls for other in stack.users(acl, ACL_RULE, property="networkAclId")):
        earlier = (each.number("ruleNumber") or 0) < (rule.number("ruleNumber") or 0)
        if earlier and not each.flag("egress") and each.text("ruleAction") == "deny":
            whole = all(_within(rule.text(name), each.text(name)) for name in ("cidrBlock", "ipv6CidrBlock"))
            if whole and _protocol(each) in ("-1", _protocol(rule)):
                first, last = ports(each)
                found.append(range(first, last + 1))
    return found


def _within(one: str | None, other: str | None) -> bool:
    """Whether a range is a part of another; nothing is a part of anything."""
    part, whole = network(one or ""), network(other or "")
    if part is None or whole is None:
        return part is None
    return whole.num_addresses >= part.num_addresses and whole.version == part.version and whole.overlaps(part)


@linked_rule(
    "nacl-default-locked",
    types=VPC,
    title="Default network ACLs are adopted and empty",
    severity=MEDIUM,
    remedy="Add a DefaultNetworkAcl of the VPC without ingress and egress.",
    url=GUIDE + "default-network-acl.html",
)
def default_acl_locked(vpc: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    acls = [each for each in stack.of(DEFAULT_ACL) if vpc.urn in each.dependencies.get("defaultNetworkAclId", ())]
    named = vpc.properties.get("defaultNetworkAclId")
    acls += [each for each in stack.of(DEFAULT_ACL) if named and each.properties.get("defaultNetworkAclId") == named]
    if not acls:
        yield "its default network ACL is not adopted by a DefaultNetworkAcl."
    for acl in acls:
        for name in ("ingress", "egress"):
            if acl.declares(name) and not acl.unknown(name) and acl.has(name):
                yield Finding(acl, f"{name} must be empty.")


@stack_rule(
    "nacl-data-subnet-custom",
    title="Subnets of databases and caches have a network ACL of their own",
    severity=MEDIUM,
    remedy="Add a NetworkAcl with the data subnets in subnetIds.",
    url=GUIDE + "custom-network-acl.html",
)
def data_subnet_acl(stack: Stack, config: Config) -> Iterator[Finding]:
    for subnet in data_subnets(stack, config):
        beside = stack.users(subnet, "aws:ec2/networkAclAssociation:NetworkAclAssociation", property="subnetId")
        if not beside and not stack.users(subnet, NETWORK_ACL, property="subnetIds"):
            yield Finding(subnet, "holds data and is under the default network ACL.")


@linked_rule(
    "nacl-used",
    types=NETWORK_ACL,
    title="Every network ACL guards a subnet",
    severity=LOW,
    remedy="Name the subnets in subnetIds, or remove the ACL.",
    url=GUIDE + "custom-network-acl.html",
)
def acl_used(acl: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not acl.has("subnetIds") and not stack.users(
        acl, "aws:ec2/networkAclAssociation:NetworkAclAssociation", property="networkAclId"
    ):
        yield "guards no subnet."
