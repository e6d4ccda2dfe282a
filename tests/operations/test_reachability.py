"""The walk through an account's network, on accounts in which the answer is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from operations.reachability import Account

REGION = "ca-central-1"
ANYWHERE = "0.0.0.0/0"


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")


@dataclass
class Net:
    """A VPC with a public and a data subnet, each with a table of its own, and a database in the data subnet."""

    vpc: str
    public: str
    data: str
    public_table: str
    data_table: str
    gateway: str
    group: str

    def associate(self, subnet: str, table: str) -> None:
        client("ec2").associate_route_table(SubnetId=subnet, RouteTableId=table)

    def route(self, table: str, **target: str) -> None:
        client("ec2").create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, **target)

    def admit(self, cidr: str, port: int = 5432) -> None:
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}
        client("ec2").authorize_security_group_ingress(GroupId=self.group, IpPermissions=[permission])

    def acl(self, subnet: str, *entries: tuple[int, bool, str, str]) -> str:
        """An ACL of rules (number, egress, CIDR, allow or deny) for TCP, put on a subnet."""
        ec2 = client("ec2")
        acl = ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        for number, egress, cidr, action in entries:
            ec2.create_network_acl_entry(
                NetworkAclId=acl, RuleNumber=number, Egress=egress, CidrBlock=cidr, RuleAction=action, Protocol="6",
                PortRange={"From": 0, "To": 65535},
            )  # fmt: skip
        place = [{"Name": "association.subnet-id", "Values": [subnet]}]
        held = ec2.describe_network_acls(Filters=place)["NetworkAcls"][0]["Associations"]
        association = next(each["NetworkAclAssociationId"] for each in held if each["SubnetId"] == subnet)
        ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
        return acl


@pytest.fixture
def net() -> Iterator[Net]:
    with mock_aws():
        ec2 = client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone="ca-central-1a")["Subnet"][
                "SubnetId"
            ]
            for n in range(2)
        ]
        tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        group = ec2.create_security_group(GroupName="database", Description="d", VpcId=vpc)["GroupId"]
        net = Net(vpc, *subnets, *tables, gateway, group)
        net.associate(net.public, net.public_table)
        net.associate(net.data, net.data_table)
        net.route(net.public_table, GatewayId=gateway)
        yield net


def database(net: Net, *, subnet: str = "", public: bool = False) -> None:
    rds = client("rds")
    rds.create_db_subnet_group(DBSubnetGroupName="data", DBSubnetGroupDescription="d", SubnetIds=[subnet or net.data])
    rds.create_db_instance(
        DBInstanceIdentifier="records", Engine="postgres", DBInstanceClass="db.t4g.medium", AllocatedStorage=20,
        MasterUsername="owner", MasterUserPassword="secret-enough", DBSubnetGroupName="data", Port=5432,
        VpcSecurityGroupIds=[net.group], PubliclyAccessible=public,
    )  # fmt: skip


def paths(ways: list[Any]) -> list[tuple[str, ...]]:
    return [way.path for way in ways]


def test_without_a_route_nothing_leaves(net: Net) -> None:
    assert Account(client).exits([net.data]) == []
    assert [way.path[-1] for way in Account(client).exits([net.public])] == ["the internet"]


def test_a_route_through_nat_is_followed_to_the_gateway(net: Net) -> None:
    ec2 = client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=net.public, AllocationId=address)["NatGateway"]["NatGatewayId"]
    net.route(net.data_table, NatGatewayId=nat)
    (path,) = paths(Account(client).exits([net.data]))
    assert path[0] == net.data
    assert f"{net.data_table} {ANYWHERE}" in path
    assert path.index(nat) < path.index(net.public) < path.index(net.gateway)
    ec2.delete_route(RouteTableId=net.public_table, DestinationCidrBlock=ANYWHERE)
    assert Account(client).exits([net.data]) == [], "the NAT gateway's own way out is gone"


def test_a_network_acl_stops_what_a_route_would_let_through(net: Net) -> None:
    net.route(net.data_table, GatewayId=net.gateway)
    assert len(Account(client).exits([net.data])) == 1
    net.acl(net.data, (100, True, "10.0.0.0/16", "allow"), (100, False, "10.0.0.0/16", "allow"))
    assert Account(client).exits([net.data]) == []


def test_the_first_acl_rule_that_meets_an_address_decides(net: Net) -> None:
    net.route(net.data_table, GatewayId=net.gateway)
    both = ((200, True, ANYWHERE, "allow"), (200, False, ANYWHERE, "allow"))
    net.acl(net.data, (100, True, ANYWHERE, "deny"), *both)
    assert Account(client).exits([net.data]) == []
    net.acl(net.data, (300, True, ANYWHERE, "deny"), *both)
    assert len(Account(client).exits([net.data])) == 1


def test_a_subnet_without_a_table_uses_the_main_one(net: Net) -> None:
    ec2 = client("ec2")
    main = next(
        table["RouteTableId"]
        for table in ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [net.vpc]}])["RouteTables"]
        if any(held.get("Main") for held in table["Associations"])
    )
    stray = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.0.9.0/24")["Subnet"]["SubnetId"]
    assert Account(client).exits([stray]) == []
    net.route(main, GatewayId=net.gateway)
    assert len(Account(client).exits([stray])) == 1


def test_a_database_is_reached_only_when_every_gate_is_open(net: Net) -> None:
    database(net, public=True)
    assert Account(client).entrances() == []
    net.admit(ANYWHERE)
    assert Account(client).entrances() == [], "its subnet has no route to the internet gateway"
    net.route(net.data_table, GatewayId=net.gateway)
    (way,) = Account(client).entrances()
    assert (way.what, way.port, way.source) == ("database records", 5432, ANYWHERE)
    assert way.path[0] == "the internet"
    assert net.gateway in way.path
    assert f"{net.group} from {ANYWHERE}" in way.path
    client("rds").modify_db_instance(DBInstanceIdentifier="records", PubliclyAccessible=False)
    assert Account(client).entrances() == [], "it has no address on the internet"


def test_private_sources_are_not_the_internet(net: Net) -> None:
    database(net, subnet=net.public, public=True)
    for cidr in ("10.0.0.0/8", "192.168.1.0/24", "172.16.0.0/12"):
        net.admit(cidr)
    assert Account(client).entrances() == []
    net.admit("203.0.113.0/24")
    assert [way.source for way in Account(client).entrances()] == ["203.0.113.0/24"]


def test_another_port_is_no_entrance(net: Net) -> None:
    database(net, subnet=net.public, public=True)
    net.admit(ANYWHERE, port=443)
    assert Account(client).entrances() == []


def test_a_store_leaves_only_where_its_group_lets_it(net: Net) -> None:
    database(net)
    net.route(net.data_table, GatewayId=net.gateway)
    (way,) = Account(client).store_exits()
    assert way.path[:2] == ("database records", f"{net.group} egress {ANYWHERE}")
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}]
    client("ec2").revoke_security_group_egress(GroupId=net.group, IpPermissions=everything)
    assert Account(client).store_exits() == []


def test_a_load_balancer_faces_the_internet_only_when_it_says_so(net: Net) -> None:
    balancers = client("elbv2")
    ec2 = client("ec2")
    other = ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.0.7.0/24", AvailabilityZone="ca-central-1b")
    net.associate(other["Subnet"]["SubnetId"], net.public_table)
    net.admit(ANYWHERE, port=443)
    for scheme in ("internal", "internet-facing"):
        made = balancers.create_load_balancer(
            Name=scheme, Scheme=scheme, Subnets=[net.public, other["Subnet"]["SubnetId"]], SecurityGroups=[net.group]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        balancers.create_listener(
            LoadBalancerArn=made, Protocol="HTTP", Port=443,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
        )  # fmt: skip
    assert [way.what for way in Account(client).entrances()] == ["load balancer internet-facing"]
