"""The account itself shows it: nothing leaves the data subnets, and of all things only the load balancer is public."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from operations.reachability import Account
from tests.end_to_end.conftest import Phi

pytestmark = pytest.mark.end_to_end

ANYWHERE = "0.0.0.0/0"


def walk(phi: Phi) -> Account:
    return Account(phi.client)


@contextmanager
def opened_network(phi: Phi, subnet: str) -> Iterator[str]:
    """The subnet behind an ACL that stops nothing; afterwards behind its own again."""
    ec2 = phi.client("ec2")
    place = [{"Name": "association.subnet-id", "Values": [subnet]}]
    own = ec2.describe_network_acls(Filters=place)["NetworkAcls"][0]
    acl = ec2.create_network_acl(VpcId=own["VpcId"])["NetworkAcl"]["NetworkAclId"]
    for egress in (True, False):
        ec2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=100, Egress=egress, CidrBlock=ANYWHERE, RuleAction="allow", Protocol="-1"
        )

    def associate(target: str) -> None:
        held = ec2.describe_network_acls(Filters=place)["NetworkAcls"][0]["Associations"]
        association = next(each["NetworkAclAssociationId"] for each in held if each["SubnetId"] == subnet)
        ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=target)

    associate(acl)
    try:
        yield acl
    finally:
        associate(own["NetworkAclId"])
        ec2.delete_network_acl(NetworkAclId=acl)


def table_of(phi: Phi, subnet: str) -> str:
    place = [{"Name": "association.subnet-id", "Values": [subnet]}]
    return phi.client("ec2").describe_route_tables(Filters=place)["RouteTables"][0]["RouteTableId"]


def gateway(phi: Phi) -> str:
    return phi.resources("staging", "aws:ec2/internetGateway:InternetGateway")[0]["id"]


@pytest.mark.requirement("LWO-NET-04", "MSP-NET-04", "OMN-NET-08")
def test_nothing_reaches_the_internet_from_data_subnets(staging: Phi) -> None:
    account = walk(staging)
    subnets = account.subnets_of("data")
    assert len(subnets) == 2
    assert {str(subnet) for thing in account.things if thing.store for subnet in thing.subnets} == set(subnets)
    assert account.exits(subnets) == []
    assert account.exits(account.subnets_of("application")) != [], "the walk does find the way through NAT"


@pytest.mark.requirement("BER-DB-09", "BER-N28")
def test_databases_and_caches_reach_nothing_outside_wherever_they_are(berthcare: Phi) -> None:
    account = walk(berthcare)
    assert {thing.kind for thing in account.things if thing.store} == {"database", "cache"}
    private = {subnet for thing in account.things if thing.store for subnet in thing.subnets}
    assert account.exits(private) != [], "their subnets have NAT, for the application"
    assert account.store_exits() == [], "yet their own security groups let nothing out"
    assert account.entrances() == []


@pytest.mark.requirement("BER-NET-07")
def test_the_load_balancer_is_the_only_thing_the_internet_reaches(staging: Phi) -> None:
    account = walk(staging)
    entrances = account.entrances()
    assert {way.thing.kind for way in entrances if way.thing} == {"load balancer"}
    assert {way.port for way in entrances} == {80, 443}
    assert len(account.things) > len({way.what for way in entrances})


def test_a_route_added_by_hand_is_stopped_by_the_network_acl_and_named_without_it(staging: Phi) -> None:
    ec2, subnet = staging.client("ec2"), walk(staging).subnets_of("data")[0]
    table = table_of(staging, subnet)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway(staging))
    try:
        assert walk(staging).exits([subnet]) == [], "the network ACL of the tier still stops it"
        with opened_network(staging, subnet) as acl:
            (way,) = walk(staging).exits([subnet])
            assert way.path == (subnet, acl, f"{table} {ANYWHERE}", gateway(staging), "the internet")
    finally:
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE)


def test_a_database_opened_by_hand_is_named_with_the_whole_path(staging: Phi) -> None:
    ec2, rds = staging.client("ec2"), staging.client("rds")
    account = walk(staging)
    database = next(thing for thing in account.things if thing.kind == "database")
    subnet, group, port = database.subnets[0], database.groups[0], database.ports[0]
    table = table_of(staging, subnet)
    rule = [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": ANYWHERE}]}]
    rds.modify_db_instance(DBInstanceIdentifier=database.name, PubliclyAccessible=True, ApplyImmediately=True)
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway(staging))
    try:
        with opened_network(staging, subnet) as acl:
            (way,) = [way for way in walk(staging).entrances() if way.thing and way.thing.store]
            assert way.what == str(database)
            source = f"{group} from {ANYWHERE}"
            assert way.path == ("the internet", gateway(staging), subnet, acl, source, str(database))
    finally:
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE)
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
        rds.modify_db_instance(DBInstanceIdentifier=database.name, PubliclyAccessible=False, ApplyImmediately=True)
    assert [way for way in walk(staging).entrances() if way.thing and way.thing.store] == []
