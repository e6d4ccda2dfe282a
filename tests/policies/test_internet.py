"""The internet is what it is by whichever ranges it is named, for every rule and for the ways through the network."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.addresses import internet, public
from policies.paths import admitted, default_routes, internet_facing, paths
from policies.rule import Rule
from policies.rules import RULES
from tests.policies.breaks.form import Break, changes
from tests.policies.sample import Sample
from tests.policies.samples import SYSTEM, judged_again, stack

HALVES = ("0.0.0.0/1", "128.0.0.0/1")
BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ROUTE = "aws:ec2/route:Route"
OTHER = {"referencedSecurityGroupId": None}
ALL_PORTS = {"ipProtocol": "-1", "fromPort": None, "toPort": None}


@st.composite
def splits(draw: st.DrawFn, whole: str, most: int = 30) -> list[str]:
    """A range cut in two, and parts of it again, `most` times at most; in any order."""
    found = [ip_network(whole)]
    for _ in range(draw(st.integers(0, most))):
        place = draw(st.integers(0, len(found) - 1))
        if found[place].prefixlen < 24:
            found[place : place + 1] = found[place].subnets()
    return draw(st.permutations([str(each) for each in found]))


@given(splits("0.0.0.0/0"))
def test_every_split_of_ipv4_is_the_internet(ranges: list[str]) -> None:
    assert internet(ranges)


@given(splits("::/0"))
def test_every_split_of_ipv6_is_the_internet(ranges: list[str]) -> None:
    assert internet(ranges)


@given(splits("0.0.0.0/0"), st.data())
def test_a_split_of_which_a_part_is_missing_is_the_internet(ranges: list[str], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(ranges))
    assert internet(each for each in ranges if each != gone) is (len(ranges) > 1)


@given(st.lists(st.sampled_from(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")).flatmap(splits)))
def test_no_private_ranges_are_the_internet(groups: list[list[str]]) -> None:
    ranges = [each for group in groups for each in group]
    assert not internet(ranges)
    assert not any(public(each) for each in ranges)


@pytest.mark.parametrize(
    "ranges",
    [
        ["0.0.0.0/0"], ["::/0"], ["0.0.0.0/1"], ["128.0.0.0/1"], ["::/1"], ["2000::/3"], ["12.0.0.0/7"],
        ["11.0.0.0/8", "12.0.0.0/8"], ["64:ff9b::/96"], ["64:ff9b::/97"], ["203.0.113.7/0"],
    ],
    ids=str,
)  # fmt: skip
def test_wide_public_ranges_are_the_internet(ranges: list[str]) -> None:
    assert internet(ranges)


@pytest.mark.parametrize(
    "ranges",
    [
        [], ["fc00::/7"], ["fe80::/10"], ["10.0.0.0/7"], ["3.0.0.0/8"], ["3.0.0.0/8", "3.0.0.0/8"], ["2600::/16"],
        ["203.0.113.0/24", "198.51.100.0/24"], ["64:ff9b::a00:0/104"], ["text", ""],
    ],
    ids=str,
)  # fmt: skip
def test_private_ranges_and_lists_of_parties_are_not(ranges: list[str]) -> None:
    assert not internet(ranges)


def test_what_counts_is_public_addresses_once() -> None:
    assert IPv4Network("12.0.0.0/7").num_addresses == 2**25
    assert IPv6Network("2600::/15").num_addresses == 2**113
    assert not internet(["12.0.0.0/8"] * 5 + ["12.0.0.0/9"])


def named(name: str, given: Mapping[str, object], range: str) -> Break:
    """A sample changed; where a value is `...` it is the range."""
    return changes(name, {key: range if value is ... else value for key, value in given.items()})


SINGLE = {
    "sg-no-admin-ports-from-internet": ("ingress-balancer", {"fromPort": 22, "toPort": 22, "cidrIpv4": ...}),
    "sg-no-data-ports-from-internet": ("ingress-balancer", {"fromPort": 5432, "toPort": 5432, "cidrIpv4": ...}),
    "sg-internet-ingress-only-on-entry-tier": ("ingress-balancer", {"fromPort": 8443, "toPort": 8443, "cidrIpv4": ...}),
    "sg-egress-restricted": ("egress-service", {**ALL_PORTS, "cidrIpv4": ...}),
    "nacl-no-open-admin-ports": ("acl-rule", {"fromPort": 22, "toPort": 22, "cidrBlock": ...}),
    "clientvpn-groups-only": ("client-vpn-rule", {"targetNetworkCidr": ...}),
    "sg-chain-no-internet-to-data": ("ingress-service", {"referencedSecurityGroupId": None, "cidrIpv4": ...}),
    "data-subnet-no-default-route": (
        "route-application",
        {"routeTableId": "rtb-data", "natGatewayId": "nat-1", "destinationCidrBlock": ...},
    ),
    "route-igw-public-tier-only": (
        "route-application",
        {"natGatewayId": None, "gatewayId": "igw-1", "destinationCidrBlock": ...},
    ),
}
"""Rule → a sample and what makes it wrong; `...` stands for the range."""


@pytest.mark.parametrize("rule", SINGLE)
@pytest.mark.parametrize("range", [*HALVES, "0.0.0.0/0", "64.0.0.0/3"])
def test_a_rule_about_the_internet_knows_its_halves(rule: str, range: str) -> None:
    name, wrong = SINGLE[rule]
    assert rule in {found.rule.id for found in judged_again(named(name, wrong, range).apply(SYSTEM))}


@pytest.mark.parametrize("rule", SINGLE)
@pytest.mark.parametrize("range", ["10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10"])
def test_it_says_nothing_of_private_ranges(rule: str, range: str) -> None:
    name, right = SINGLE[rule]
    assert rule not in {found.rule.id for found in judged_again(named(name, right, range).apply(SYSTEM))}


def ingress(range: str) -> Sample:
    return Sample(
        INGRESS,
        {"securityGroupId": "sg-balancer", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": range},
    )


def without_guard(ranges: list[str]) -> dict[str, Sample]:
    """The system with a load balancer that has no web ACL, and that these ranges are let in to."""
    kept = {name: each for name, each in SYSTEM.items() if name not in ("guard-lb", "guard-alb", "ingress-balancer")}
    return kept | {f"way-{range}": ingress(range) for range in ranges}


@given(splits("0.0.0.0/0", most=10))
@settings(max_examples=30)
def test_the_way_from_the_internet_to_a_store_is_found_by_any_split(ranges: list[str]) -> None:
    assert [each for each in paths(stack(without_guard(ranges))) if not each.entry.guarded]


def test_listed_addresses_are_no_such_way() -> None:
    assert not paths(stack(without_guard(["203.0.113.0/24", "3.0.0.0/8"])))


def test_a_prefix_list_is_read_where_a_way_names_it() -> None:
    system = without_guard([])
    way = ingress("")
    del way.properties["cidrIpv4"]
    way.properties["prefixListId"] = "pl-1"
    prefixes = Sample("aws:ec2/managedPrefixList:ManagedPrefixList", {"id": "pl-1", "entries": [{"cidr": "0.0.0.0/1"}]})
    assert paths(stack({**system, "way": way, "list": prefixes}))
    partners = Sample("aws:ec2/managedPrefixList:ManagedPrefixList", {"id": "pl-1", "entries": [{"cidr": "3.0.0.0/8"}]})
    assert not paths(stack({**system, "way": way, "list": partners}))


@given(splits("0.0.0.0/0", most=10))
@settings(max_examples=30)
def test_routes_of_any_split_face_the_internet(ranges: list[str]) -> None:
    routes = {
        f"route-{range}": Sample(
            ROUTE, {"routeTableId": "rtb-public", "destinationCidrBlock": range, "gatewayId": "igw-1"}
        )
        for range in ranges
    }
    kept = {name: each for name, each in SYSTEM.items() if name != "route-public"}
    found = stack({**kept, **routes})
    subnet = next(each for each in found.of("aws:ec2/subnet:Subnet") if each.name == "subnet-public")
    assert internet_facing(found, subnet)
    none = stack(kept)
    assert not internet_facing(none, next(each for each in none.resources if each.name == "subnet-public"))


def test_a_route_to_one_party_through_the_gateway_is_no_default_route_beside_another_way_out() -> None:
    party = {"routeTableId": "rtb-application", "destinationCidrBlock": "203.0.113.0/24", "gatewayId": "igw-1"}
    found = stack({**SYSTEM, "party": Sample(ROUTE, party)})
    table = next(each for each in found.resources if each.name == "table-application")
    assert [each.name for each in default_routes(found, table)] == ["route-application"]


@pytest.mark.parametrize(("ranges", "open"), [(HALVES, True), (("3.0.0.0/8", "10.0.0.0/8"), False)], ids=str)
def test_a_network_acl_that_allows_the_halves_lets_the_internet_in(ranges: tuple[str, ...], open: bool) -> None:
    rules = {
        f"acl-{range}": Sample(SYSTEM["acl-rule"].type, {**SYSTEM["acl-rule"].properties, "cidrBlock": range})
        for range in ranges
    }
    kept = {name: each for name, each in SYSTEM.items() if name != "acl-rule"}
    found = stack({**kept, **rules})
    assert admitted(found, next(each for each in found.resources if each.name == "subnet-data")) is open
