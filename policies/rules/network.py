"""Amazon VPC: flow logs, security groups, network ACLs, subnets without public addresses."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..graph import Resource, Stack
from ..rule import Finding, Severity, resource_rule, stack_rule
from ..values import View
from .reachability import ANYWHERE, GROUP, GROUP_GUIDE, INGRESS, RULE, SUBNET

VPC = "aws:ec2/vpc:Vpc"
ADMIN_PORTS = (22, 3389)
DATA_PORTS = (20, 21, 23, 445, 1433, 1521, 2049, 3306, 4333, 5432, 5601, 6379, 9042, 9092, 9200, 11211, 27017)
NACL_PORTS = (20, 21, 22, 3389)
NETWORK_ACL = "aws:ec2/networkAcl:NetworkAcl"
NETWORK_ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
ALL_PORTS = (0, 65535)


def ways_in(resource: Resource) -> Iterator[View]:
    """What a group or a rule lets in, whichever of the provider's three shapes it has."""
    if resource.type == GROUP:
        yield from resource.views("ingress")
    elif resource.type == INGRESS or resource.text("type") == "ingress":
        yield resource


def from_internet(way: View) -> bool:
    """Whether a way in is open to every address."""
    names = ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")
    return any(cidr in ANYWHERE for name in names for cidr in way.texts(name))


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


def _open(resource: Resource, wanted: tuple[int, ...]) -> Iterator[str]:
    for way in ways_in(resource):
        first, last = ports(way)
        found = [str(port) for port in wanted if first <= port <= last]
        if found and _protocol(way) in ("-1", "tcp", "6", "udp", "17") and from_internet(way):
            where = f"{way.path}: " if way.path else ""
            yield f"{where}the internet is let in on {', '.join(found)}."


@stack_rule(
    "vpc-flow-logs-enabled",
    title="Every network records its traffic",
    severity=Severity.MEDIUM,
    remedy="Add a FlowLog of the VPC with trafficType ALL.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
)
def flow_logs(stack: Stack, config: Config) -> Iterator[Finding]:
    for vpc in stack.of(VPC):
        logs = stack.users(vpc, "aws:ec2/flowLog:FlowLog", property="vpcId")
        if not any(log.unknown("trafficType") or log.text("trafficType") == "ALL" for log in logs):
            yield Finding(vpc, "no FlowLog of all traffic.")


@stack_rule(
    "vpc-default-sg-closed",
    title="Default security groups are adopted and empty",
    severity=Severity.HIGH,
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
    severity=Severity.HIGH,
    remedy="Create a Vpc with private subnets.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html",
)
def default_vpc(resource: Resource, config: Config) -> Iterator[str]:
    yield "the default network gives every instance a public address."


@resource_rule(
    "subnet-no-auto-public-ip",
    types=(SUBNET,),
    title="Private subnets hand out no public addresses",
    severity=Severity.HIGH,
    remedy="Set mapPublicIpOnLaunch: false, or tag the subnet Tier: public.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/subnet-public-ip.html",
)
def no_auto_public_ip(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("mapPublicIpOnLaunch") and resource.tags().get("Tier") != "public":
        yield "mapPublicIpOnLaunch is true outside the public tier."


@resource_rule(
    "sg-no-admin-ports-from-internet",
    types=(GROUP, RULE, INGRESS),
    title="The internet does not reach administration ports",
    severity=Severity.CRITICAL,
    remedy="Remove the rule; use Session Manager.",
    url=GROUP_GUIDE,
)
def no_admin_ports(resource: Resource, config: Config) -> Iterator[str]:
    yield from _open(resource, ADMIN_PORTS)


@resource_rule(
    "sg-no-data-ports-from-internet",
    types=(GROUP, RULE, INGRESS),
    title="The internet does not reach ports of data stores",
    severity=Severity.CRITICAL,
    remedy="Let the application's security group in instead.",
    url=GROUP_GUIDE,
)
def no_data_ports(resource: Resource, config: Config) -> Iterator[str]:
    yield from _open(resource, DATA_PORTS)


@resource_rule(
    "sg-no-all-protocol-ingress",
    types=(GROUP, RULE, INGRESS),
    title="Security groups let in named ports only",
    severity=Severity.HIGH,
    remedy="Name protocol and ports.",
    url=GROUP_GUIDE,
)
def no_all_protocols(resource: Resource, config: Config) -> Iterator[str]:
    for way in ways_in(resource):
        if ports(way) == ALL_PORTS and not way.flag("self"):
            if resource.type == INGRESS and resource.unknown("referencedSecurityGroupId"):
                continue
            yield f"{way.path + ': ' if way.path else ''}every port is let in."


@resource_rule(
    "nacl-no-open-admin-ports",
    types=(NETWORK_ACL, NETWORK_ACL_RULE),
    title="Network ACLs do not let the internet reach administration ports",
    severity=Severity.HIGH,
    remedy="Deny ports 20 to 22 and 3389 from 0.0.0.0/0 before allowing other ports, or allow named ports only.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html",
)
def nacl_ports(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type == NETWORK_ACL_RULE:
        if resource.flag("egress") or resource.text("ruleAction") != "allow":
            return
        entries = [resource]
    else:
        entries = [each for each in resource.views("ingress") if each.text("action") == "allow"]
    for entry in entries:
        anywhere = {entry.text(name) for name in ("cidrBlock", "ipv6CidrBlock")} & set(ANYWHERE)
        first, last = ports(entry)
        found = [str(port) for port in NACL_PORTS if first <= port <= last]
        if anywhere and found and _protocol(entry) in ("-1", "6", "tcp"):
            yield f"{entry.path + ': ' if entry.path else ''}the internet is let in on {', '.join(found)}."
