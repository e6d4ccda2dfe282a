"""The network: tiers, routes, emptied defaults, endpoints, flow logs."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest
from pydantic import ValidationError

from components.endpoints import Endpoints, EndpointsArgs
from components.network import Network, NetworkArgs
from components.scope import Scope
from settings.network import FlowLogDestination, InterfaceService, Nat, NetworkSettings, TierSettings, Traffic
from tests.unit.conftest import Recorder

ZONES = ("ca-central-1a", "ca-central-1b")
SCOPE = Scope(
    system="clinic",
    environment="staging",
    region="ca-central-1",
    account_id="111122223333",
    protect=False,
    tags={"Project": "clinic"},
)
KEY = "arn:aws:kms:ca-central-1:111122223333:key/k"
_WIRED = ("database_port", "cache_port", "outside_ports", "logs_bucket_arn")


def build(recorded: Recorder, **values: Any) -> Network:
    ports = {name: values.pop(name) for name in _WIRED if name in values}
    settings = NetworkSettings(zones=values.pop("zones", ZONES), **values)
    args = NetworkArgs(scope=SCOPE, settings=settings, logs_key_arn=KEY, **ports)
    return recorded.run(lambda: Network("network", args))


def routes(recorded: Recorder) -> dict[str, dict[str, Any]]:
    return dict(recorded.of("aws:ec2/route:Route"))


@pytest.mark.requirement(
    "BER-NET-01", "BER-NET-02", "BER-NET-03", "BER-NET-05", "BER-N27", "BER-N28", "ALL-03", "MSP-NET-01", "MSP-NET-02",
    "MSP-N22", "LWO-NET-01", "OMN-NET-06",
)  # fmt: skip
def test_two_zones_give_four_subnets_of_twenty_bits(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.one("aws:ec2/vpc:Vpc").inputs["cidrBlock"] == "10.0.0.0/16"
    assert {name: entry["cidrBlock"] for name, entry in recorded.of("aws:ec2/subnet:Subnet")} == {
        "network-public-ca-central-1a": "10.0.0.0/20",
        "network-public-ca-central-1b": "10.0.16.0/20",
        "network-application-ca-central-1a": "10.0.64.0/20",
        "network-application-ca-central-1b": "10.0.80.0/20",
    }
    assert recorded.count("aws:ec2/internetGateway:InternetGateway") == 1


@pytest.mark.requirement("BER-N28")
def test_without_a_data_tier_the_data_subnets_are_the_applications(recorded: Recorder) -> None:
    network = build(recorded)
    assert network.data_subnet_ids == network.application_subnet_ids


@pytest.mark.requirement("FAC-NET-08", "MSP-NET-07")
def test_no_subnet_hands_out_public_addresses_and_each_names_its_tier(recorded: Recorder) -> None:
    build(recorded, data=TierSettings())
    entries = [entry for _, entry in recorded.of("aws:ec2/subnet:Subnet")]
    assert not any(entry["mapPublicIpOnLaunch"] for entry in entries)
    assert sorted(entry["tags"]["Tier"] for entry in entries) == ["application"] * 2 + ["data"] * 2 + ["public"] * 2


@pytest.mark.requirement(
    "BER-NET-04", "FAC-NET-06", "MSP-NET-03", "MSP-NET-05", "MSP-N16", "LWO-NET-03", "LWO-NET-05", "OMN-NET-07"
)
@pytest.mark.parametrize(("nat", "gateways"), [(Nat.NONE, 0), (Nat.ONE, 1), (Nat.PER_ZONE, 2)])
def test_nat_gateways_follow_the_setting(recorded: Recorder, nat: Nat, gateways: int) -> None:
    build(recorded, nat=nat)
    assert recorded.count("aws:ec2/natGateway:NatGateway") == recorded.count("aws:ec2/eip:Eip") == gateways
    private = [name for name in routes(recorded) if name.startswith("network-application")]
    assert len(private) == (2 if gateways else 0)


def test_addresses_and_nat_gateways_wait_for_the_internet_gateway(recorded: Recorder) -> None:
    build(recorded)
    gateway = recorded.one("aws:ec2/internetGateway:InternetGateway").urn
    for type_ in ("aws:ec2/eip:Eip", "aws:ec2/natGateway:NatGateway"):
        assert all(gateway in entry.dependencies for entry in recorded.all(type_))


@pytest.mark.requirement("BER-NET-11", "MSP-NET-04", "LWO-NET-04", "OMN-NET-08", "FAC-NET-04")
def test_data_subnets_have_tables_of_their_own_without_any_route(recorded: Recorder) -> None:
    build(recorded, data=TierSettings())
    tables = [entry for entry in recorded.all("aws:ec2/routeTable:RouteTable") if "-data-" in entry.name]
    assert len(tables) == 2
    assert not any("routes" in table.inputs for table in tables)
    urns = {table.urn for table in tables}
    for entry in recorded.all("aws:ec2/route:Route") + recorded.all("aws:ec2/vpcEndpoint:VpcEndpoint"):
        assert urns.isdisjoint(entry.dependencies)


@pytest.mark.requirement("BER-NET-11")
def test_the_data_acl_admits_the_application_subnets_on_data_ports_only(recorded: Recorder) -> None:
    build(recorded, data=TierSettings())
    acl = recorded.one("aws:ec2/networkAcl:NetworkAcl", "network-data-acl").inputs
    assert {(rule["cidrBlock"], rule["fromPort"], rule["toPort"]) for rule in acl["ingress"]} == {
        (cidr, port, port) for cidr in ("10.0.64.0/20", "10.0.80.0/20") for port in (5432, 6379)
    }
    assert {(rule["cidrBlock"], rule["fromPort"]) for rule in acl["egress"]} == {
        ("10.0.64.0/20", 1024),
        ("10.0.80.0/20", 1024),
    }


def test_no_acl_opens_an_administration_port_to_the_internet(recorded: Recorder) -> None:
    build(recorded, data=TierSettings())
    for name, acl in recorded.of("aws:ec2/networkAcl:NetworkAcl"):
        for rule in acl["ingress"]:
            if rule["cidrBlock"] == "0.0.0.0/0":
                assert rule["protocol"] == "6", name
                assert not any(rule["fromPort"] <= port <= rule["toPort"] for port in (20, 21, 22, 3389)), (name, rule)


def passes(recorded: Recorder, tier: str, way: str, port: int) -> bool:
    """Whether the ACL of a tier lets TCP from or to the internet pass on a port."""
    rules = recorded.one("aws:ec2/networkAcl:NetworkAcl", f"network-{tier}-acl").inputs[way]
    return any(rule["cidrBlock"] == "0.0.0.0/0" and rule["fromPort"] <= port <= rule["toPort"] for rule in rules)


@pytest.mark.parametrize("port", [1024, 3388, 3390, 32767, 65535])
def test_replies_from_outside_reach_whatever_port_lambda_or_nat_opened_the_connection_from(
    recorded: Recorder, port: int
) -> None:
    build(recorded)
    assert passes(recorded, "public", "ingress", port)
    assert passes(recorded, "application", "ingress", port)


def test_without_a_way_out_the_application_subnets_talk_to_the_vpc_only(recorded: Recorder) -> None:
    build(recorded, nat=Nat.NONE, gateway_endpoints=frozenset(), outside_ports=[11434])
    acl = recorded.one("aws:ec2/networkAcl:NetworkAcl", "network-application-acl").inputs
    assert {rule["cidrBlock"] for rule in (*acl["ingress"], *acl["egress"])} == {"10.0.0.0/16"}


@pytest.mark.requirement("FAC-NET-22")
@pytest.mark.parametrize("port", [444, 11434])
def test_another_port_is_opened_outside_only_where_it_is_asked_for(recorded: Recorder, port: int) -> None:
    build(recorded)
    assert not passes(recorded, "application", "egress", port)
    more = Recorder()
    build(more, outside_ports=[port])
    for tier in ("application", "public"):
        assert passes(more, tier, "egress", port)
        assert passes(more, tier, "egress", 443)


def test_every_subnet_has_an_acl_and_the_default_one_is_empty(recorded: Recorder) -> None:
    build(recorded, data=TierSettings())
    covered = [subnet for _, acl in recorded.of("aws:ec2/networkAcl:NetworkAcl") for subnet in acl["subnetIds"]]
    assert len(covered) == len(set(covered)) == 6
    default = recorded.one("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl").inputs
    assert default["ingress"] == default["egress"] == []


def test_the_default_security_group_and_route_table_are_adopted_and_empty(recorded: Recorder) -> None:
    build(recorded)
    group = recorded.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs
    assert group["ingress"] == group["egress"] == []
    assert recorded.one("aws:ec2/defaultRouteTable:DefaultRouteTable").inputs["routes"] == []


@pytest.mark.requirement("BER-NET-06", "BER-OBS-12", "ALL-10", "FAC-NET-07", "FAC-N31", "LWO-NET-06", "OMN-NET-09")
def test_flow_logs_record_all_traffic_into_an_encrypted_group_kept_a_year(recorded: Recorder) -> None:
    network = build(recorded)
    assert recorded.one("aws:ec2/flowLog:FlowLog").inputs["trafficType"] == "ALL"
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert (group["name"], group["retentionInDays"], group["kmsKeyId"]) == (network.flow_log_group_name, 365, KEY)


def test_the_flow_log_role_writes_to_its_group_only_and_serves_this_account_only(recorded: Recorder) -> None:
    build(recorded)
    trust = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    group = "arn:aws:logs:ca-central-1:111122223333:log-group:/aws/vpc/clinic-staging-flow-logs"
    assert policy["Statement"][0]["Resource"] == [group, f"{group}:*"]


def test_gateway_endpoints_serve_own_principals_and_own_resources(recorded: Recorder) -> None:
    network = build(recorded)
    for name, entry in recorded.of("aws:ec2/vpcEndpoint:VpcEndpoint"):
        statement = json.loads(entry["policy"])["Statement"][0]
        assert statement["Condition"]["StringEquals"] == {
            "aws:PrincipalAccount": "111122223333",
            "aws:ResourceAccount": "111122223333",
        }, name
        assert len(entry["routeTableIds"]) == 2
    assert set(network.gateway_prefix_lists) == {"s3", "dynamodb"}


@pytest.mark.requirement("FAC-N26")
def test_the_s3_endpoint_lets_agents_and_packages_of_aws_through_and_nobody_elses_buckets(recorded: Recorder) -> None:
    build(recorded)
    (policy,) = [
        json.loads(entry["policy"]) for name, entry in recorded.of("aws:ec2/vpcEndpoint:VpcEndpoint") if "s3" in name
    ]
    others = [statement for statement in policy["Statement"] if "Condition" not in statement]
    assert {statement["Action"] for statement in others} == {"s3:GetObject"}
    opened = {resource for statement in others for resource in flat(statement["Resource"])}
    assert {f"arn:aws:s3:::{agent}-ca-central-1/*" for agent in ("aws-codedeploy", "amazoncloudwatch-agent")} <= opened
    assert all("ca-central-1" in resource for resource in opened)


def flat(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_adding_a_zone_or_the_data_tier_moves_no_subnet(recorded: Recorder) -> None:
    build(recorded)
    before = {name: entry["cidrBlock"] for name, entry in recorded.of("aws:ec2/subnet:Subnet")}
    more = Recorder()
    build(more, zones=("ca-central-1d", *ZONES), data=TierSettings())
    after = {name: entry["cidrBlock"] for name, entry in more.of("aws:ec2/subnet:Subnet")}
    assert before.items() <= after.items()
    networks = [IPv4Network(cidr) for cidr in after.values()]
    assert len(networks) == 9
    assert not any(a.overlaps(b) for a in networks for b in networks if a is not b)


def test_explicit_cidrs_are_taken_as_given(recorded: Recorder) -> None:
    cidrs = {"ca-central-1a": IPv4Network("10.0.1.0/24"), "ca-central-1b": IPv4Network("10.0.2.0/24")}
    build(recorded, public=TierSettings(cidrs=cidrs), application=TierSettings(prefix=24))
    found = {name: entry["cidrBlock"] for name, entry in recorded.of("aws:ec2/subnet:Subnet")}
    assert found["network-public-ca-central-1b"] == "10.0.2.0/24"
    assert found["network-application-ca-central-1b"] == "10.0.65.0/24"


def test_interface_endpoints_are_private_and_for_this_account(recorded: Recorder) -> None:
    args = EndpointsArgs(
        scope=SCOPE,
        services=[InterfaceService.KMS, InterfaceService.ECR_API],
        vpc_id="vpc-1",
        subnet_ids={"ca-central-1a": "subnet-1", "ca-central-1b": "subnet-2"},
        security_group_id="sg-1",
    )
    recorded.run(lambda: Endpoints("endpoints", args))
    entries = dict(recorded.of("aws:ec2/vpcEndpoint:VpcEndpoint"))
    assert {entry["serviceName"] for entry in entries.values()} == {
        "com.amazonaws.ca-central-1.kms",
        "com.amazonaws.ca-central-1.ecr.api",
    }
    assert all(entry["privateDnsEnabled"] and entry["securityGroupIds"] == ["sg-1"] for entry in entries.values())


def cidrs(recorded: Recorder, tier: str) -> list[str]:
    """CIDRs of a tier's subnets, in the order of the zones."""
    subnets = {name: entry["cidrBlock"] for name, entry in recorded.of("aws:ec2/subnet:Subnet") if f"-{tier}-" in name}
    return [subnets[name] for name in sorted(subnets)]


@pytest.mark.requirement("FAC-NET-01", "FAC-NET-02", "FAC-NET-03", "FAC-NET-04", "FAC-NET-05", "FAC-N25", "ALL-03")
def test_four_tiers_of_two_zones_give_eight_blocks_of_twenty_four_bits_apart(recorded: Recorder) -> None:
    tiers = dict.fromkeys(("public", "application", "data", "cache"), TierSettings(prefix=24))
    network = build(recorded, **tiers)
    blocks = [IPv4Network(cidr) for tier in tiers for cidr in cidrs(recorded, tier)]
    assert [block.prefixlen for block in blocks] == [24] * 8
    assert not any(one.overlaps(other) for one in blocks for other in blocks if one is not other)
    assert all(block.subnet_of(IPv4Network("10.0.0.0/16")) for block in blocks)
    by_tier = (network.public_subnet_ids, network.application_subnet_ids, network.data_subnet_ids)
    assert all(network.cache_subnet_ids is not ids and ids.keys() == set(ZONES) for ids in by_tier)


@pytest.mark.requirement("FAC-NET-05", "FAC-NET-08")
def test_the_cache_tier_has_tables_without_any_route_and_an_acl_of_its_own(recorded: Recorder) -> None:
    build(recorded, data=TierSettings(), cache=TierSettings(), cache_port=6380)
    tables = {entry.urn for entry in recorded.all("aws:ec2/routeTable:RouteTable") if "-cache-" in entry.name}
    assert len(tables) == 2
    for entry in recorded.all("aws:ec2/route:Route") + recorded.all("aws:ec2/vpcEndpoint:VpcEndpoint"):
        assert tables.isdisjoint(entry.dependencies)
    opened = {
        tier: {rule["fromPort"] for rule in recorded.one("aws:ec2/networkAcl:NetworkAcl", tier).inputs["ingress"]}
        for tier in ("network-data-acl", "network-cache-acl")
    }
    assert opened == {"network-data-acl": {5432}, "network-cache-acl": {6380}}
    sources = {
        rule["cidrBlock"]
        for rule in recorded.one("aws:ec2/networkAcl:NetworkAcl", "network-cache-acl").inputs["ingress"]
    }
    assert sources == set(cidrs(recorded, "application"))


@pytest.mark.requirement("LWO-NET-04", "MSP-NET-04")
def test_without_a_cache_tier_the_cache_is_in_the_data_subnets(recorded: Recorder) -> None:
    network = build(recorded, data=TierSettings())
    assert network.cache_subnet_ids == network.data_subnet_ids != network.application_subnet_ids


@pytest.mark.requirement("FAC-NET-05", "BER-N27")
def test_adding_the_cache_tier_moves_no_subnet(recorded: Recorder) -> None:
    build(recorded, data=TierSettings())
    before = {name: entry["cidrBlock"] for name, entry in recorded.of("aws:ec2/subnet:Subnet")}
    more = Recorder()
    build(more, data=TierSettings(), cache=TierSettings())
    after = {name: entry["cidrBlock"] for name, entry in more.of("aws:ec2/subnet:Subnet")}
    assert before.items() < after.items()


THREE_ZONES = ("ca-central-1a", "ca-central-1b", "ca-central-1d")


@pytest.mark.requirement("OMN-NET-05", "OMN-NET-07", "OMN-N03", "MSP-N04")
def test_a_zone_without_a_gateway_uses_the_first_zones(recorded: Recorder) -> None:
    build(recorded, zones=THREE_ZONES, nat_count=2)
    gateways = {entry.urn: entry.name[-1] for entry in recorded.all("aws:ec2/natGateway:NatGateway")}
    assert sorted(gateways.values()) == ["a", "b"]
    used = {
        entry.name.removesuffix("-to-internet")[-1]: [
            gateways[urn] for urn in entry.property_dependencies["natGatewayId"]
        ]
        for entry in recorded.all("aws:ec2/route:Route")
        if "-application-" in entry.name
    }
    assert used == {"a": ["a"], "b": ["b"], "d": ["a"]}


@pytest.mark.requirement("OMN-N03")
@pytest.mark.parametrize(
    ("values", "fits"),
    [({"nat_count": 2}, True), ({"nat_count": 3}, False), ({"nat_count": 1, "nat": Nat.ONE}, False),
     ({"nat_count": 1, "nat": Nat.NONE}, False)],
)  # fmt: skip
def test_a_count_of_gateways_goes_with_per_zone_and_no_more_than_the_zones(values: dict[str, Any], fits: bool) -> None:
    if fits:
        assert NetworkSettings(zones=ZONES, **values).nat_zones == ZONES[: values["nat_count"]]
    else:
        with pytest.raises(ValidationError, match="nat_count: expected"):
            NetworkSettings(zones=ZONES, **values)


@pytest.mark.requirement("OMN-NET-01", "OMN-NET-02", "OMN-NET-03", "OMN-NET-04")
def test_the_recorded_blocks_of_three_zones_are_taken_as_given(recorded: Recorder) -> None:
    def tier(tens: int) -> TierSettings:
        blocks = {zone: IPv4Network(f"10.0.{tens + n}.0/24") for n, zone in enumerate(THREE_ZONES, start=1)}
        return TierSettings(cidrs=blocks)

    build(recorded, zones=THREE_ZONES, public=tier(0), application=tier(10), data=tier(20))
    assert cidrs(recorded, "public") == ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]
    assert cidrs(recorded, "application") == ["10.0.11.0/24", "10.0.12.0/24", "10.0.13.0/24"]
    assert cidrs(recorded, "data") == ["10.0.21.0/24", "10.0.22.0/24", "10.0.23.0/24"]


@pytest.mark.requirement("FAC-N31")
@pytest.mark.parametrize("traffic", list(Traffic))
def test_flow_logs_record_the_packets_and_days_that_are_set(recorded: Recorder, traffic: Traffic) -> None:
    build(recorded, flow_log_traffic=traffic, flow_log_days=400)
    assert recorded.one("aws:ec2/flowLog:FlowLog").inputs["trafficType"] == traffic.value
    assert recorded.one("aws:cloudwatch/logGroup:LogGroup").inputs["retentionInDays"] == 400


@pytest.mark.requirement("FAC-N31")
def test_flow_logs_may_go_to_the_logs_bucket_without_group_and_role(recorded: Recorder) -> None:
    bucket = "arn:aws:s3:::clinic-logs-staging"
    network = build(recorded, flow_log_destination=FlowLogDestination.S3, logs_bucket_arn=bucket)
    flow = recorded.one("aws:ec2/flowLog:FlowLog").inputs
    assert (flow["logDestinationType"], flow["logDestination"]) == ("s3", bucket)
    assert "iamRoleArn" not in flow
    assert not recorded.types & {"aws:cloudwatch/logGroup:LogGroup", "aws:iam/role:Role"}
    assert network.flow_log_group_name is None
    with pytest.raises(ValueError, match="logs_bucket_arn"):
        build(Recorder(), flow_log_destination=FlowLogDestination.S3)
