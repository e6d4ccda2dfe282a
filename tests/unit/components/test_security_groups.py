"""Security groups: each tier talks to the next, and to nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from components.scope import Scope
from components.security_groups import SecurityGroups, SecurityGroupsArgs
from tests.unit.conftest import Recorder

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
EXCLUSIVE = "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive"
SCOPE = Scope(
    system="clinic", environment="staging", region="ca-central-1", account_id="111122223333", protect=False
)  # fmt: skip


def build(recorded: Recorder, *, internet: bool = True, ports: Sequence[int] = (8080,), **more: Any) -> None:
    args = SecurityGroupsArgs(
        scope=SCOPE,
        vpc_id="vpc-1",
        service_ports=ports,
        internet=internet,
        gateway_prefix_lists={"s3": "pl-1"},
        **more,
    )
    recorded.run(lambda: SecurityGroups("security", args))


def edges(recorded: Recorder, type_: str) -> set[tuple[str, str, int]]:
    """(group, peer, port) of every rule, groups by role."""
    groups = recorded.all("aws:ec2/securityGroup:SecurityGroup")
    by_name = {group.name: group.inputs["name"].removeprefix("clinic-staging-") for group in groups}
    found: set[tuple[str, str, int]] = set()
    for entry in recorded.all(type_):
        owner = next(iter(entry.property_dependencies["securityGroupId"])).rpartition("::")[2]
        linked = entry.property_dependencies.get("referencedSecurityGroupId")
        if linked:
            peer = by_name[next(iter(linked)).rpartition("::")[2]]
        else:
            peer = entry.inputs.get("cidrIpv4") or entry.inputs["prefixListId"]
        assert entry.inputs["fromPort"] == entry.inputs["toPort"]
        assert entry.inputs["ipProtocol"] == "tcp"
        found.add((by_name[owner], peer, int(entry.inputs["fromPort"])))
    return found


@pytest.mark.requirement("BER-NET-07", "BER-NET-08", "BER-NET-09", "BER-NET-10", "BER-CMP-02", "BER-N21", "BER-N22")
@pytest.mark.requirement("FAC-NET-09", "FAC-NET-10", "LWO-NET-08", "LWO-NET-09", "LWO-NET-11")
def test_ways_in_form_a_chain_from_the_internet_to_the_data(recorded: Recorder) -> None:
    build(recorded)
    assert edges(recorded, INGRESS) == {
        ("load-balancer", "0.0.0.0/0", 443),
        ("load-balancer", "0.0.0.0/0", 80),
        ("service", "load-balancer", 8080),
        ("database", "service", 5432),
        ("cache", "service", 6379),
        ("endpoints", "service", 443),
    }


@pytest.mark.requirement("BER-NET-11", "FAC-NET-11")
def test_database_and_cache_have_no_way_out(recorded: Recorder) -> None:
    build(recorded)
    assert edges(recorded, EGRESS) == {
        ("load-balancer", "service", 8080),
        ("service", "database", 5432),
        ("service", "cache", 6379),
        ("service", "endpoints", 443),
        ("service", "pl-1", 443),
        ("service", "0.0.0.0/0", 443),
    }


def test_without_nat_the_service_has_no_way_to_the_internet(recorded: Recorder) -> None:
    build(recorded, internet=False)
    assert not any(peer == "0.0.0.0/0" for _, peer, _ in edges(recorded, EGRESS))


def test_a_rule_added_behind_pulumis_back_is_drift(recorded: Recorder) -> None:
    build(recorded)
    exclusive = recorded.of(EXCLUSIVE)
    assert len(exclusive) == recorded.count("aws:ec2/securityGroup:SecurityGroup") == 5
    kept = [rule for _, entry in exclusive for rule in (*entry["ingressRuleIds"], *entry["egressRuleIds"])]
    assert len(kept) == len(set(kept)) == recorded.count(INGRESS) + recorded.count(EGRESS)


def test_every_group_and_rule_says_what_it_is_for(recorded: Recorder) -> None:
    build(recorded)
    for type_ in ("aws:ec2/securityGroup:SecurityGroup", INGRESS, EGRESS):
        assert all(entry["description"] and entry["tags"]["Name"] for _, entry in recorded.of(type_))
    for _, group in recorded.of("aws:ec2/securityGroup:SecurityGroup"):
        assert "ingress" not in group
        assert "egress" not in group


@pytest.mark.requirement("LWO-NET-07")
def test_only_known_addresses_enter_and_health_checkers_over_https_alone(recorded: Recorder) -> None:
    build(
        recorded,
        entry_cidrs=["203.0.113.0/24"],
        entry_prefix_lists={"pl-office": "pl-2"},
        https_prefix_lists={"health-checkers": "pl-3"},
    )
    assert {edge for edge in edges(recorded, INGRESS) if edge[0] == "load-balancer"} == {
        ("load-balancer", "203.0.113.0/24", 443),
        ("load-balancer", "203.0.113.0/24", 80),
        ("load-balancer", "pl-2", 443),
        ("load-balancer", "pl-2", 80),
        ("load-balancer", "pl-3", 443),
    }


@pytest.mark.requirement("LWO-NET-12")
def test_the_vpn_leads_to_the_load_balancer_and_nowhere_else(recorded: Recorder) -> None:
    build(recorded, entry_cidrs=[], vpn=True)
    assert {edge for edge in edges(recorded, INGRESS) if edge[0] == "load-balancer"} == {
        ("load-balancer", "vpn", 443),
        ("load-balancer", "vpn", 80),
    }
    assert {edge for edge in edges(recorded, EGRESS) if edge[0] == "vpn"} == {
        ("vpn", "load-balancer", 443),
        ("vpn", "load-balancer", 80),
    }
    assert not {edge for edge in edges(recorded, INGRESS) if edge[0] == "vpn"}


def test_without_a_load_balancer_there_is_no_group_of_it_and_nothing_is_let_in_to_the_service(
    recorded: Recorder,
) -> None:
    build(recorded, load_balancer=False)
    ways = edges(recorded, INGRESS) | edges(recorded, EGRESS)
    assert not any("load-balancer" in edge for edge in ways)
    assert {edge for edge in edges(recorded, INGRESS) if edge[0] == "service" or edge[1] == "0.0.0.0/0"} == set()
    assert recorded.count(EXCLUSIVE) == recorded.count("aws:ec2/securityGroup:SecurityGroup") == 4


def test_a_vpn_without_a_load_balancer_is_refused() -> None:
    with pytest.raises(ValueError, match="vpn: want a load balancer"):
        SecurityGroupsArgs(scope=SCOPE, vpc_id="vpc-1", service_ports=[8080], vpn=True, load_balancer=False)


@pytest.mark.requirement("LWO-CMP-07")
@pytest.mark.parametrize("ports", [[], [8080, 9000, 8080]])
def test_services_reach_each_other_only_with_discovery(recorded: Recorder, ports: list[int]) -> None:
    build(recorded, discovery_ports=ports)
    among = {("service", "service", port) for port in ports}
    for type_ in (INGRESS, EGRESS):
        assert {edge for edge in edges(recorded, type_) if edge[:2] == ("service", "service")} == among


@pytest.mark.requirement(
    "FAC-NET-09", "FAC-NET-10", "FAC-NET-11", "FAC-NET-12", "FAC-NET-14", "FAC-NET-15", "FAC-NET-16", "FAC-NET-17",
    "FAC-NET-19", "FAC-NET-20", "FAC-NET-21",
)  # fmt: skip
def test_a_fleet_on_port_5000_has_the_recorded_rules(recorded: Recorder) -> None:
    build(recorded, ports=[5000])
    ways_in, ways_out = edges(recorded, INGRESS), edges(recorded, EGRESS)
    assert {edge for edge in ways_in if edge[0] == "load-balancer"} == {
        ("load-balancer", "0.0.0.0/0", 443),
        ("load-balancer", "0.0.0.0/0", 80),
    }
    assert {edge for edge in ways_out if edge[0] == "load-balancer"} == {("load-balancer", "service", 5000)}
    assert {edge for edge in ways_in if edge[0] == "service"} == {("service", "load-balancer", 5000)}
    assert {("service", "database", 5432), ("service", "cache", 6379), ("service", "0.0.0.0/0", 443)} <= ways_out
    assert {edge for edge in ways_in if edge[0] in ("database", "cache")} == {
        ("database", "service", 5432),
        ("cache", "service", 6379),
    }
    assert not {edge for edge in ways_out if edge[0] in ("database", "cache")}


@pytest.mark.requirement("FAC-N05", "FAC-NET-13", "FAC-NET-18")
def test_without_a_bastion_there_is_none_of_its_rules(recorded: Recorder) -> None:
    build(recorded)
    rules = edges(recorded, INGRESS) | edges(recorded, EGRESS)
    assert not any("bastion" in edge or edge[2] == 22 for edge in rules)


@pytest.mark.requirement("FAC-NET-18", "BER-NET-12", "MSP-NET-08", "OMN-OPS-14")
def test_a_bastion_reaches_the_data_and_nothing_reaches_it(recorded: Recorder) -> None:
    build(recorded, bastion=True)
    ways_in, ways_out = edges(recorded, INGRESS), edges(recorded, EGRESS)
    assert not {edge for edge in ways_in if edge[0] == "bastion"}
    assert {edge for edge in ways_in if edge[1] == "bastion"} == {
        ("database", "bastion", 5432),
        ("cache", "bastion", 6379),
        ("endpoints", "bastion", 443),
    }
    assert {edge for edge in ways_out if edge[0] == "bastion"} == {
        ("bastion", "database", 5432),
        ("bastion", "cache", 6379),
        ("bastion", "endpoints", 443),
        ("bastion", "0.0.0.0/0", 443),
    }
    assert not any(edge[2] == 22 for edge in ways_in | ways_out)
    assert recorded.count(EXCLUSIVE) == recorded.count("aws:ec2/securityGroup:SecurityGroup") == 6


@pytest.mark.requirement("FAC-NET-13")
def test_ssh_leads_from_the_bastion_to_the_fleet_only_when_asked_for(recorded: Recorder) -> None:
    build(recorded, bastion=True, ssh=True)
    assert {edge for edge in edges(recorded, INGRESS) if edge[2] == 22} == {("service", "bastion", 22)}
    assert {edge for edge in edges(recorded, EGRESS) if edge[2] == 22} == {("bastion", "service", 22)}


@pytest.mark.requirement("FAC-NET-22", "FAC-CMP-14")
def test_a_model_of_ones_own_opens_its_port_to_its_one_address(recorded: Recorder) -> None:
    build(recorded, model=("198.51.100.7", 11434))
    assert {edge for edge in edges(recorded, EGRESS) if edge[2] == 11434} == {("service", "198.51.100.7/32", 11434)}


def test_ssh_without_a_bastion_is_refused() -> None:
    with pytest.raises(ValueError, match="ssh: want a bastion"):
        SecurityGroupsArgs(scope=SCOPE, vpc_id="vpc-1", service_ports=[5000], ssh=True)
