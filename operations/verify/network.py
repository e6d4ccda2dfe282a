"""Is the network the one the settings describe, and does nothing lead where it should not?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from operations import reachability
from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, once, seen

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
NAT = "aws:ec2/natGateway:NatGateway"
ROUTE_TABLES = ("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable")
NETWORK_ACLS = ("aws:ec2/networkAcl:NetworkAcl", "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
_TARGETS = {
    "gatewayId": "GatewayId", "natGatewayId": "NatGatewayId", "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId", "networkInterfaceId": "NetworkInterfaceId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
}  # fmt: skip
_LAST_RULE = 32_767  # the one AWS adds to every ACL, which refuses the rest


@of(
    VPC,
    name="network-cidr",
    requirements=("OMN-OPS-05", "OMN-OPS-06", "BER-NET-01"),
    fix="An address space cannot be changed: find out whether the stack file or the account is wrong.",
)
def _cidr(account: Account, vpc: Resource) -> Iterator[Seen]:
    live = account.one("ec2", "describe_vpcs", "Vpcs", VpcIds=[vpc.id])
    yield seen("address space", str(account.settings.network.cidr), live["CidrBlock"])


@of(
    VPC,
    name="network-dns",
    requirements=("BER-NET-01",),
    fix="`pulumi up --refresh` switches DNS of the network on again.",
)
def _dns(account: Account, vpc: Resource) -> Iterator[Seen]:
    for attribute, key in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        live = account.ask("ec2", "describe_vpc_attribute", VpcId=vpc.id, Attribute=attribute)
        yield seen(attribute, True, live[key]["Value"])


@once(
    name="network-subnets-per-tier",
    requirements=("OMN-OPS-06", "BER-OPS-08", "BER-NET-02", "BER-NET-03"),
    fix="`pulumi up --refresh` makes the subnets that are missing; delete by hand what the stack does not know.",
)
def _subnets_per_tier(account: Account) -> Iterator[Seen]:
    settings = account.settings.network
    for vpc in account.of(VPC):
        held = account.all("ec2", "describe_subnets", "Subnets", Filters=[{"Name": "vpc-id", "Values": [str(vpc.id)]}])
        zones: dict[str, list[str]] = {tier.value: [] for tier in settings.tiers}
        for each in held:
            zones.setdefault(_tag(each, "Tier") or "without tag Tier", []).append(each["AvailabilityZone"])
        for tier, found in zones.items():
            wanted = sorted(settings.zones) if tier in {each.value for each in settings.tiers} else []
            yield seen(f"zones of the {tier} subnets", wanted, sorted(found))


@of(
    SUBNET,
    name="network-subnet",
    requirements=("BER-NET-02", "BER-NET-03", "OMN-OPS-06"),
    fix="`pulumi up --refresh` puts the subnet right.",
)
def _subnet(account: Account, subnet: Resource) -> Iterator[Seen]:
    live = account.one("ec2", "describe_subnets", "Subnets", SubnetIds=[subnet.id])
    yield seen("addresses", subnet.inputs["cidrBlock"], live["CidrBlock"])
    yield seen("public addresses", bool(subnet.inputs.get("mapPublicIpOnLaunch")), live["MapPublicIpOnLaunch"])


@of(
    NAT,
    name="network-nat",
    requirements=("OMN-OPS-06", "BER-OPS-08", "BER-NET-04"),
    fix="A NAT gateway that failed is made anew by `pulumi up --replace` of its URN; zones behind it have no way out.",
)
def _nat(account: Account, nat: Resource) -> Iterator[Seen]:
    live = account.one("ec2", "describe_nat_gateways", "NatGateways", NatGatewayIds=[nat.id])
    yield seen("state", "available", live["State"])


@once(
    name="network-nat-per-zone",
    requirements=("OMN-OPS-06", "BER-OPS-08", "BER-NET-04"),
    fix="`pulumi up --refresh` makes the NAT gateways the settings ask for.",
)
def _nat_per_zone(account: Account) -> Iterator[Seen]:
    subnets = {subnet.id: subnet.inputs["availabilityZone"] for subnet in account.of(SUBNET)}
    found = sorted(subnets[nat.inputs["subnetId"]] for nat in account.of(NAT))
    yield seen("zones with a NAT gateway", sorted(account.settings.network.nat_zones), found)


@of(
    "aws:ec2/internetGateway:InternetGateway",
    name="network-internet-gateway",
    requirements=("OMN-OPS-06",),
    fix="`pulumi up --refresh` attaches the gateway again.",
)
def _internet_gateway(account: Account, gateway: Resource) -> Iterator[Seen]:
    live = account.one("ec2", "describe_internet_gateways", "InternetGateways", InternetGatewayIds=[gateway.id])
    yield seen("attached to", [gateway.inputs.get("vpcId")], [each["VpcId"] for each in live.get("Attachments", ())])


@of(
    *ROUTE_TABLES,
    name="network-routes",
    requirements=("BER-NET-05", "OMN-OPS-06", "LWO-NET-04"),
    fix="Delete the route nobody asked for; `pulumi up --refresh` makes the missing ones anew.",
)
def _routes(account: Account, table: Resource) -> Iterator[Seen]:
    live = account.one("ec2", "describe_route_tables", "RouteTables", RouteTableIds=[table.id])
    wanted = {
        f"{route.inputs.get('destinationCidrBlock')} to {target}"
        for route in account.of("aws:ec2/route:Route")
        if route.inputs["routeTableId"] == table.id
        for target in (route.inputs[name] for name in _TARGETS if route.inputs.get(name))
    }
    found = {
        f"{each.get('DestinationCidrBlock') or each.get('DestinationIpv6CidrBlock')} to {_target(each)}"
        + (" (blackhole)" if each.get("State") == "blackhole" else "")
        for each in live["Routes"]
        if not _own(each)
    }
    yield seen("routes", sorted(wanted), sorted(found))


@of(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    name="network-route-table-of-subnet",
    requirements=("BER-NET-05",),
    fix="`pulumi up --refresh` gives the subnet its own route table again.",
)
def _association(account: Account, association: Resource) -> Iterator[Seen]:
    subnet = association.inputs["subnetId"]
    tables = account.all(
        "ec2", "describe_route_tables", "RouteTables",
        Filters=[{"Name": "association.subnet-id", "Values": [subnet]}],
    )  # fmt: skip
    yield seen(
        f"route table of {subnet}", [association.inputs["routeTableId"]], [table["RouteTableId"] for table in tables]
    )


@of(
    *NETWORK_ACLS,
    name="network-acl",
    requirements=("BER-NET-07", "OMN-NET-08"),
    fix="`pulumi up --refresh` puts the rules right.",
)
def _acl(account: Account, acl: Resource) -> Iterator[Seen]:
    live = account.one("ec2", "describe_network_acls", "NetworkAcls", NetworkAclIds=[acl.id])
    for direction, egress in (("ingress", False), ("egress", True)):
        wanted = sorted(_wanted_rule(rule) for rule in acl.inputs.get(direction) or ())
        found = sorted(
            _found_rule(entry)
            for entry in live["Entries"]
            if entry["Egress"] is egress and int(entry["RuleNumber"]) < _LAST_RULE
        )
        yield seen(direction, wanted, found)
    if "subnetIds" in acl.inputs:
        held = sorted(each["SubnetId"] for each in live.get("Associations", ()))
        yield seen("subnets", sorted(acl.inputs["subnetIds"] or ()), held)


@once(
    name="network-data-reaches-nothing",
    requirements=("LWO-NET-04", "MSP-NET-04", "OMN-NET-08", "BER-DB-09"),
    fix="Take away the route, the rule of the network ACL or of the security group that the path names.",
)
def _no_exit(account: Account) -> Iterator[Seen]:
    walk = _walk(account)
    own = [str(subnet.id) for subnet in account.of(SUBNET) if _tier(subnet) in {"data", "cache"}]
    if own:
        yield seen("ways from data subnets to the internet", [], [str(way) for way in walk.exits(own)])
    yield seen("ways from databases and caches to the internet", [], [str(way) for way in walk.store_exits()])


@once(
    name="network-only-the-load-balancer-is-public",
    requirements=("FAC-OPS-22", "BER-NET-07"),
    fix="Close the way in that is named: a public address, a security-group rule or a route.",
)
def _entrances(account: Account) -> Iterator[Seen]:
    ways = [way for way in _walk(account).entrances() if way.thing is None or way.thing.kind != "load balancer"]
    yield seen("ways in, other than the load balancer's", [], [str(way) for way in ways])


@of(
    "aws:ec2/flowLog:FlowLog",
    name="network-flow-logs",
    requirements=("OMN-OPS-06", "BER-OPS-08", "BER-NET-06"),
    fix="`pulumi up --refresh` starts them again; look at DeliverLogsErrorMessage when they are not delivered.",
)
def _flow_logs(account: Account, log: Resource) -> Iterator[Seen]:
    live = account.one("ec2", "describe_flow_logs", "FlowLogs", FlowLogIds=[log.id])
    yield seen("status", "ACTIVE", live["FlowLogStatus"])
    yield seen("delivery", "SUCCESS", live.get("DeliverLogsStatus", "SUCCESS"))
    yield seen("traffic", account.settings.network.flow_log_traffic.value, live["TrafficType"])


@of(
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    name="network-endpoints",
    requirements=("LWO-NET-04",),
    fix="`pulumi up --refresh` makes the endpoint right.",
)
def _endpoint(account: Account, endpoint: Resource) -> Iterator[Seen]:
    live = account.one("ec2", "describe_vpc_endpoints", "VpcEndpoints", VpcEndpointIds=[endpoint.id])
    yield seen("state", "available", live["State"].lower())
    if endpoint.inputs.get("routeTableIds"):
        yield seen("route tables", sorted(endpoint.inputs["routeTableIds"]), sorted(live.get("RouteTableIds", ())))


def _walk(account: Account) -> reachability.Account:
    return reachability.Account(partial(_client, account))


def _client(account: Account, service: str) -> Any:
    return account.client(service, account.settings.region)


def _tag(live: Any, name: str) -> str | None:
    return next((tag["Value"] for tag in live.get("Tags", ()) if tag["Key"] == name), None)


def _tier(subnet: Resource) -> str | None:
    return (subnet.inputs.get("tags") or {}).get("Tier")


def _target(route: Any) -> str:
    return next((str(route[name]) for name in _TARGETS.values() if route.get(name)), "nothing known")


def _own(route: Any) -> bool:
    """Whether a route comes with the table: to the network itself, or of a gateway endpoint."""
    return route.get("GatewayId") == "local" or str(route.get("GatewayId", "")).startswith("vpce-")


def _ports(protocol: str, low: Any, high: Any) -> str:
    return "all" if protocol == "-1" or low is None else f"{low}-{high}"


def _wanted_rule(rule: Any) -> tuple[int, str, str, str, str]:
    protocol = str(rule["protocol"])
    cidr = rule.get("cidrBlock") or rule.get("ipv6CidrBlock")
    return int(rule["ruleNo"]), rule["action"], protocol, cidr, _ports(protocol, rule["fromPort"], rule["toPort"])


def _found_rule(entry: Any) -> tuple[int, str, str, str, str]:
    protocol, ports = str(entry["Protocol"]), entry.get("PortRange") or {}
    cidr = entry.get("CidrBlock") or entry.get("Ipv6CidrBlock")
    span = _ports(protocol, ports.get("From"), ports.get("To"))
    return int(entry["RuleNumber"]), entry["RuleAction"], protocol, cidr, span
