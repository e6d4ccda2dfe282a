"""What the internet reaches in an account, and what reaches the internet: read from the account, not from the program.

Two questions, answered by walking route tables, network ACLs, security groups, gateways and public addresses:

- `Account.entrances`: which things somebody on the internet can open a connection to, and by which path;
- `Account.exits`: from which subnets, and which databases and caches, a connection to the internet can be opened.

A path is the list of what lets it through, from end to end. Sources: Amazon VPC User Guide, "Route tables", "Network
ACLs", "NAT gateways"; Elastic Load Balancing, "Load balancer scheme"; Amazon RDS, "Hiding a DB instance in a VPC".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

Clients = Callable[[str], Any]  # service -> boto3 client of the account, in the region to walk
Network = IPv4Network | IPv6Network
Path = tuple[str, ...]
Ports = tuple[int, int]

SOMEWHERE = ip_network("198.51.100.7/32")  # an address of the internet that is nobody's (RFC 5737)
PRIVATE = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
EPHEMERAL: Ports = (1024, 65535)  # where answers arrive: network ACLs forget what was asked
ALL: Ports = (0, 65535)
TCP = ("tcp", "6", "-1")
INTERNET = "the internet"


@dataclass(frozen=True, kw_only=True)
class Thing:
    """What listens in a network: a load balancer, a database, a cache, an instance, a service.

    ports: TCP ports it listens on.   public: whether it has an address on the internet.   store: holds patient data.
    groups: its security groups; empty when the account does not say: then every group that admits its port counts.
    """

    kind: str
    name: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    public: bool = False
    store: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, kw_only=True)
class Way:
    """A connection that can be opened.

    what: the thing or subnet at this account's end.   path: what lets it through, from its beginning to its end.
    source: for an entrance, who comes in: a network, or a prefix list.
    """

    what: str
    path: Path
    source: str = ""
    port: int | None = None
    thing: Thing | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return " → ".join(self.path)


class Account:
    """One region of an account, read once. Raises botocore's ClientError when a question is refused."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    # The questions

    def entrances(self) -> list[Way]:
        """Every thing that somebody on the internet can connect to, once per source and port."""
        return [way for thing in self.things for way in self._into(thing)]

    def exits(self, subnets: Iterable[str]) -> list[Way]:
        """Ways from these subnets to the internet, whatever runs in them: routes and network ACLs let them through."""
        return [Way(what=subnet, path=path) for subnet in subnets for path in self._out_of(subnet)]

    def store_exits(self) -> list[Way]:
        """Ways from databases and caches to the internet: their security groups let them out as well."""
        return [
            Way(what=str(thing), path=(str(thing), f"{group} egress {cidr}", *path), thing=thing)
            for thing in self.things
            if thing.store
            for group, cidr in self._egress(thing)
            for subnet in thing.subnets
            for path in self._out_of(subnet)
        ]

    def subnets_of(self, tier: str) -> list[str]:
        """Subnets with that value of the tag `Tier`."""
        return [
            id
            for id, subnet in self.subnets.items()
            if any(tag["Key"] == "Tier" and tag["Value"] == tier for tag in subnet.get("Tags", ()))
        ]

    # The walk

    def _into(self, thing: Thing) -> Iterator[Way]:
        if not thing.public:
            return
        for port in thing.ports:
            for group, source in self._admitting(thing, port):
                for subnet in thing.subnets:
                    routes = [route for route in self._routes(subnet) if _target(route).startswith("igw-")]
                    acl = self._acl(subnet)
                    address = _address(source)
                    if not routes or not _acl_admits(acl, address, (port, port), egress=False):
                        continue
                    if not _acl_admits(acl, address, EPHEMERAL, egress=True):
                        continue
                    path = (
                        INTERNET,
                        _target(routes[0]),
                        subnet,
                        acl["NetworkAclId"],
                        f"{group} from {source}",
                        str(thing),
                    )
                    yield Way(what=str(thing), path=path, source=source, port=port, thing=thing)
                    break  # one subnet is enough to come in by

    def _out_of(self, subnet: str, seen: Path = ()) -> Iterator[Path]:
        acl = self._acl(subnet)
        if not (_acl_admits(acl, SOMEWHERE, ALL, egress=True) and _acl_admits(acl, SOMEWHERE, EPHEMERAL, egress=False)):
            return
        table = self._table(subnet)["RouteTableId"]
        for route in self._routes(subnet):
            target = _target(route)
            step = (subnet, acl["NetworkAclId"], f"{table} {_destination(route)}", target)
            if target.startswith("nat-"):
                place = self.nat_gateways.get(target, {}).get("SubnetId")
                if place and place not in (*seen, subnet):
                    yield from ((*step, *rest) for rest in self._out_of(place, (*seen, subnet)))
            else:
                yield (*step, INTERNET)

    def _routes(self, subnet: str) -> list[Any]:
        """Routes out of the network: not to itself, not to a service through an endpoint, not to private addresses."""
        found: list[Any] = []
        for route in self._table(subnet)["Routes"]:
            cidr = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
            target = _target(route)
            if route.get("State") == "blackhole" or target in ("", "local") or target.startswith("vpce-") or not cidr:
                continue
            if _public(ip_network(cidr)):
                found.append(route)
        return found

    def _admitting(self, thing: Thing, port: int) -> Iterator[tuple[str, str]]:
        """(group, source) for every source on the internet that a security group of the thing admits to a port."""
        vpcs = {self.subnets[subnet]["VpcId"] for subnet in thing.subnets}
        of_the_vpc = [id for id, group in self.security_groups.items() if group.get("VpcId") in vpcs]
        for id in thing.groups or of_the_vpc:
            for rule in self.security_groups[id]["IpPermissions"]:
                if _rule_admits(rule, port):
                    for source in _peers(rule):
                        yield id, source

    def _egress(self, thing: Thing) -> Iterator[tuple[str, str]]:
        for id in thing.groups:
            for rule in self.security_groups[id]["IpPermissionsEgress"]:
                for peer in _peers(rule):
                    if not peer.startswith("pl-"):  # a prefix list of egress is an AWS service's
                        yield id, peer

    def _table(self, subnet: str) -> Any:
        """The route table of a subnet; without one of its own, the main one of its VPC."""
        vpc = self.subnets[subnet]["VpcId"]
        main: Any = None
        for table in self.route_tables:
            for held in table["Associations"]:
                if held.get("SubnetId") == subnet:
                    return table
                if held.get("Main") and table["VpcId"] == vpc:
                    main = table
        return main

    def _acl(self, subnet: str) -> Any:
        """The network ACL of a subnet; without one of its own, the default one of its VPC."""
        for acl in self.network_acls:
            if any(held.get("SubnetId") == subnet for held in acl["Associations"]):
                return acl
        vpc = self.subnets[subnet]["VpcId"]
        return next(acl for acl in self.network_acls if acl["VpcId"] == vpc and acl["IsDefault"])

    # What the account holds

    def _all(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        client = self._clients(service)
        if client.can_paginate(operation):
            return [
                item for page in client.get_paginator(operation).paginate(**arguments) for item in page.get(key, ())
            ]
        return list(getattr(client, operation)(**arguments).get(key, ()))

    @cached_property
    def subnets(self) -> dict[str, Any]:
        return {each["SubnetId"]: each for each in self._all("ec2", "describe_subnets", "Subnets")}

    @cached_property
    def route_tables(self) -> list[Any]:
        return self._all("ec2", "describe_route_tables", "RouteTables")

    @cached_property
    def network_acls(self) -> list[Any]:
        return self._all("ec2", "describe_network_acls", "NetworkAcls")

    @cached_property
    def security_groups(self) -> dict[str, Any]:
        return {each["GroupId"]: each for each in self._all("ec2", "describe_security_groups", "SecurityGroups")}

    @cached_property
    def nat_gateways(self) -> dict[str, Any]:
        return {each["NatGatewayId"]: each for each in self._all("ec2", "describe_nat_gateways", "NatGateways")}

    @cached_property
    def things(self) -> list[Thing]:
        """Everything that listens, or could be reached, in the networks of the region."""
        return [
            *self._load_balancers(), *self._databases(), *self._caches(), *self._instances(), *self._services(),
        ]  # fmt: skip

    def _load_balancers(self) -> Iterator[Thing]:
        for each in self._all("elbv2", "describe_load_balancers", "LoadBalancers"):
            listeners = self._all("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=each["LoadBalancerArn"])
            yield Thing(
                kind="load balancer",
                name=each["LoadBalancerName"],
                subnets=tuple(zone["SubnetId"] for zone in each["AvailabilityZones"]),
                groups=tuple(each.get("SecurityGroups", ())),
                ports=tuple(listener["Port"] for listener in listeners),
                public=each["Scheme"] == "internet-facing",
            )

    def _databases(self) -> Iterator[Thing]:
        for each in self._all("rds", "describe_db_instances", "DBInstances"):
            group = each.get("DBSubnetGroup") or {}
            yield Thing(
                kind="database",
                name=each["DBInstanceIdentifier"],
                subnets=tuple(subnet["SubnetIdentifier"] for subnet in group.get("Subnets", ())),
                groups=tuple(held["VpcSecurityGroupId"] for held in each.get("VpcSecurityGroups", ())),
                ports=(each.get("Endpoint", {}).get("Port") or each.get("DbInstancePort") or 5432,),
                public=bool(each.get("PubliclyAccessible")),
                store=True,
            )

    def _caches(self) -> Iterator[Thing]:
        """Cache nodes; ElastiCache gives none an address outside its network."""
        groups = {
            each["CacheSubnetGroupName"]: tuple(subnet["SubnetIdentifier"] for subnet in each.get("Subnets", ()))
            for each in self._all("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups")
        }
        for each in self._all("elasticache", "describe_cache_clusters", "CacheClusters"):
            endpoint = each.get("ConfigurationEndpoint") or {}
            yield Thing(
                kind="cache",
                name=each["CacheClusterId"],
                subnets=groups.get(each.get("CacheSubnetGroupName", ""), ()),
                groups=tuple(held["SecurityGroupId"] for held in each.get("SecurityGroups", ())),
                ports=(endpoint.get("Port") or 6379,),
                store=True,
            )

    def _instances(self) -> Iterator[Thing]:
        for reservation in self._all("ec2", "describe_instances", "Reservations"):
            for each in reservation["Instances"]:
                if each["State"]["Name"] != "terminated" and each.get("SubnetId"):
                    yield Thing(
                        kind="instance",
                        name=each["InstanceId"],
                        subnets=(each["SubnetId"],),
                        groups=tuple(held["GroupId"] for held in each["SecurityGroups"]),
                        ports=self._open_ports(held["GroupId"] for held in each["SecurityGroups"]),
                        public=bool(each.get("PublicIpAddress")),
                    )

    def _services(self) -> Iterator[Thing]:
        for cluster in self._all("ecs", "list_clusters", "clusterArns"):
            names = self._all("ecs", "list_services", "serviceArns", cluster=cluster)
            for name in names:
                found = self._clients("ecs").describe_services(cluster=cluster, services=[name])["services"]
                for each in found:
                    network = each.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
                    yield Thing(
                        kind="service",
                        name=each["serviceName"],
                        subnets=tuple(network.get("subnets", ())),
                        groups=tuple(network.get("securityGroups", ())),
                        ports=self._open_ports(network.get("securityGroups", ())),
                        public=network.get("assignPublicIp") == "ENABLED",
                    )

    def _open_ports(self, groups: Iterable[str]) -> tuple[int, ...]:
        """The first port of every range that groups admit: what listens there is not known."""
        rules = [rule for id in groups for rule in self.security_groups[id]["IpPermissions"]]
        return tuple(sorted({rule.get("FromPort", 0) if rule["IpProtocol"] != "-1" else 0 for rule in rules}))


def _target(route: Any) -> str:
    for name in (
        "GatewayId", "NatGatewayId", "EgressOnlyInternetGatewayId", "TransitGatewayId", "VpcPeeringConnectionId",
        "NetworkInterfaceId", "InstanceId", "LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn",
    ):  # fmt: skip
        if route.get(name):
            return str(route[name])
    return ""


def _destination(route: Any) -> str:
    return str(route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock"))


def _public(network: Network) -> bool:
    """Whether a network holds an address of the internet."""
    return not any(
        network.version == private.version and network.subnet_of(private)  # pyright: ignore[reportArgumentType]
        for private in PRIVATE
    )


def _peers(rule: Any) -> Iterator[str]:
    """The sources or destinations of a security-group rule that lie on the internet, or are prefix lists."""
    for held in rule.get("IpRanges", ()):
        if _public(ip_network(held["CidrIp"])):
            yield held["CidrIp"]
    for held in rule.get("Ipv6Ranges", ()):
        if _public(ip_network(held["CidrIpv6"])):
            yield held["CidrIpv6"]
    for held in rule.get("PrefixListIds", ()):
        yield held["PrefixListId"]


def _rule_admits(rule: Any, port: int) -> bool:
    if rule["IpProtocol"] == "-1":
        return True
    return rule["IpProtocol"] in TCP and rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535)


def _address(source: str) -> Network:
    """One address of a source; of a prefix list, whose addresses the account does not tell here, any."""
    if source.startswith("pl-"):
        return SOMEWHERE
    network = ip_network(source)
    if network.prefixlen == 0 and network.version == 4:
        return SOMEWHERE
    return ip_network(network.network_address)


def _acl_admits(acl: Any, address: Network, ports: Ports, *, egress: bool) -> bool:
    """Whether an ACL lets TCP through to (from) an address, on one of these ports at least: the first rule decides."""
    undecided = [ports]
    for entry in sorted(acl["Entries"], key=lambda entry: int(entry["RuleNumber"])):
        if bool(entry["Egress"]) is not egress or str(entry.get("Protocol", "-1")) not in TCP:
            continue
        cidr = ip_network(entry.get("CidrBlock") or entry.get("Ipv6CidrBlock") or "0.0.0.0/0")
        if cidr.version != address.version or not address.subnet_of(cidr):  # pyright: ignore[reportArgumentType]
            continue
        held = entry.get("PortRange") or {}
        low, high = held.get("From", 0), held.get("To", 65535)
        met = [(max(low, a), min(high, b)) for a, b in undecided if max(low, a) <= min(high, b)]
        if met and entry["RuleAction"] == "allow":
            return True
        if met:
            undecided = [part for span in undecided for part in _without(span, (low, high))]
    return False


def _without(span: Ports, taken: Ports) -> Iterator[Ports]:
    if span[0] < taken[0]:
        yield span[0], min(span[1], taken[0] - 1)
    if span[1] > taken[1]:
        yield max(span[0], taken[1] + 1), span[1]
