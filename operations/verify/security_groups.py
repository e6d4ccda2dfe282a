"""Do security groups let in and out exactly what the stack says?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen

_RULES = {
    "in": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "out": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
}


@of(
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    name="security-group-rules",
    requirements=("BER-OPS-08", "FAC-OPS-22", "BER-NET-07"),
    fix="Find out who changed the group (CloudTrail), then `pulumi up --refresh`, which puts its rules right.",
)
def _rules(account: Account, group: Resource) -> Iterator[Seen]:
    account.one("ec2", "describe_security_groups", "SecurityGroups", GroupIds=[group.id])
    live = account.all(
        "ec2", "describe_security_group_rules", "SecurityGroupRules",
        Filters=[{"Name": "group-id", "Values": [str(group.id)]}],
    )  # fmt: skip
    for direction, type_ in _RULES.items():
        wanted = [_wanted(rule) for rule in account.of(type_) if rule.inputs["securityGroupId"] == group.id]
        found = [_found(rule) for rule in live if rule["IsEgress"] is (direction == "out")]
        yield seen(f"rules {direction}", sorted(wanted), sorted(found))


def _wanted(rule: Resource) -> str:
    inputs = rule.inputs
    peer = next(
        str(inputs[name])
        for name in ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
        if inputs.get(name)
    )
    return _text(str(inputs["ipProtocol"]), inputs.get("fromPort"), inputs.get("toPort"), peer)


def _found(rule: Any) -> str:
    peer = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId")
    return _text(
        rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"),
        peer or rule.get("ReferencedGroupInfo", {}).get("GroupId", "nothing known"),
    )  # fmt: skip


def _text(protocol: str, low: Any, high: Any, peer: str) -> str:
    """`tcp 443 0.0.0.0/0`."""
    if protocol == "-1":
        return f"all {peer}"
    return f"{protocol} {low if low == high else f'{low}-{high}'} {peer}"
