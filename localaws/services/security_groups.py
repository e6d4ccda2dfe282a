"""EC2's security groups and their rules."""

from __future__ import annotations

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from localaws.handler import Call, Handler, Props, register
from localaws.services.ec2 import Tagged, arn, retag
from localaws.shapes import from_tags, to_tags

ALL = "-1"


@register
class SecurityGroup(Tagged):
    """A group; its rules are its own (inline) only when the program gives them so."""

    type = "aws:ec2/securityGroup:SecurityGroup"
    resource_type = "security-group"
    inputs = frozenset({"name", "description", "vpcId", "ingress", "egress", "revokeRulesOnDelete", "tags"})
    replace_on = frozenset({"name", "description", "vpcId"})
    left_to_aws = frozenset({"ingress", "egress"})
    defaults: ClassVar[Props] = {"revokeRulesOnDelete": False}
    autoname = "name"
    cloudformation = "AWS::EC2::SecurityGroup"
    renames: ClassVar[dict[str, str]] = {
        "name": "GroupName", "description": "GroupDescription", "ingress": "-", "egress": "-", "tags": "-"}  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("ec2")
        group = client.create_security_group(
            GroupName=inputs["name"],
            Description=inputs.get("description") or "Managed by Pulumi",
            VpcId=inputs["vpcId"],
            TagSpecifications=self.specification(inputs),
        )["GroupId"]
        # as the official provider: AWS's own "everything out" goes, only declared rules stay
        client.revoke_security_group_egress(
            GroupId=group, IpPermissions=[_permission({"protocol": ALL}, everywhere=True)]
        )
        self.change(call, group, {}, inputs)
        return group

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        group = call.client("ec2").describe_security_groups(GroupIds=[id])["SecurityGroups"][0]
        return {
            "name": group["GroupName"],
            "description": group["Description"],
            "vpcId": group["VpcId"],
            "ingress": [_rule(item) for item in group["IpPermissions"]],
            "egress": [_rule(item) for item in group["IpPermissionsEgress"]],
            "revokeRulesOnDelete": known.get("revokeRulesOnDelete"),
            "arn": arn(call, "security-group", id),
            "ownerId": call.account_id,
            "tags": from_tags(group.get("Tags")),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("ec2")
        for direction in ("ingress", "egress"):
            if new.get(direction) is None:
                continue
            group = client.describe_security_groups(GroupIds=[id])["SecurityGroups"][0]
            held = group["IpPermissions" if direction == "ingress" else "IpPermissionsEgress"]
            if held:
                getattr(client, f"revoke_security_group_{direction}")(GroupId=id, IpPermissions=held)
            if new[direction]:
                wanted = [_permission(rule) for rule in new[direction]]
                getattr(client, f"authorize_security_group_{direction}")(GroupId=id, IpPermissions=wanted)

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("ec2")
        if known.get("revokeRulesOnDelete"):
            group = client.describe_security_groups(GroupIds=[id])["SecurityGroups"][0]
            if group["IpPermissions"]:
                client.revoke_security_group_ingress(GroupId=id, IpPermissions=group["IpPermissions"])
            if group["IpPermissionsEgress"]:
                client.revoke_security_group_egress(GroupId=id, IpPermissions=group["IpPermissionsEgress"])
        client.delete_security_group(GroupId=id)


@register
class DefaultSecurityGroup(SecurityGroup):
    """The VPC's own group, adopted and emptied. AWS keeps it when its resource goes."""

    type = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    inputs = frozenset({"vpcId", "ingress", "egress", "tags"})
    replace_on = frozenset({"vpcId"})
    left_to_aws = frozenset()
    autoname = None
    cloudformation = None

    def create(self, call: Call, inputs: Props) -> str:
        by_vpc = [{"Name": "vpc-id", "Values": [inputs["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
        group = call.client("ec2").describe_security_groups(Filters=by_vpc)["SecurityGroups"][0]["GroupId"]
        retag(call, group, {}, inputs)
        self.change(call, group, {}, {"ingress": inputs.get("ingress") or [], "egress": inputs.get("egress") or []})
        return group

    def delete(self, call: Call, id: str, known: Props) -> None:
        """It goes with its VPC."""


class SecurityGroupRule(Handler):
    """One rule of one group, in one direction."""

    direction: ClassVar[str]
    inputs = frozenset(
        {"securityGroupId", "ipProtocol", "fromPort", "toPort", "description", "cidrIpv4", "cidrIpv6", "prefixListId",
         "referencedSecurityGroupId", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"securityGroupId"})

    def create(self, call: Call, inputs: Props) -> str:
        permission: Props = {"IpProtocol": inputs["ipProtocol"]}
        if inputs["ipProtocol"] != ALL:
            permission |= {"FromPort": inputs["fromPort"], "ToPort": inputs["toPort"]}
        description = {"Description": inputs["description"]} if inputs.get("description") else {}
        if inputs.get("cidrIpv4"):
            permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **description}]
        if inputs.get("cidrIpv6"):
            permission["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **description}]
        if inputs.get("prefixListId"):
            permission["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"], **description}]
        if inputs.get("referencedSecurityGroupId"):
            permission["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"], **description}]
        tags = to_tags(inputs["tags"])
        specification = [{"ResourceType": "security-group-rule", "Tags": tags}] if tags else []
        made = getattr(call.client("ec2"), f"authorize_security_group_{self.direction}")(
            GroupId=inputs["securityGroupId"], IpPermissions=[permission], TagSpecifications=specification
        )
        id = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        self._keep(call, id, inputs)
        return id

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        rule = find_rule(call, id)
        if rule is None:
            return None
        ports = rule["IpProtocol"] != ALL
        return {
            "securityGroupId": rule["GroupId"],
            "securityGroupRuleId": id,
            "ipProtocol": rule["IpProtocol"],
            "fromPort": rule.get("FromPort") if ports else None,
            "toPort": rule.get("ToPort") if ports else None,
            "description": rule.get("Description")
            or call.store.of(self.type, call.region).get(id, {}).get("description"),
            "cidrIpv4": rule.get("CidrIpv4"),
            "cidrIpv6": rule.get("CidrIpv6"),
            "prefixListId": rule.get("PrefixListId"),
            "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            "arn": arn(call, "security-group-rule", id),
            "tags": from_tags(rule.get("Tags")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        retag(call, id, old, new)
        changed = sorted(name for name in self.inputs - {"tags"} if old.get(name) != new.get(name))
        if changed:
            call.client("ec2").modify_security_group_rules(
                GroupId=new["securityGroupId"],
                SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": self._request(new)}],
            )
            self._keep(call, id, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        rule = find_rule(call, id)
        if rule is not None:
            getattr(call.client("ec2"), f"revoke_security_group_{self.direction}")(
                GroupId=rule["GroupId"], SecurityGroupRuleIds=[id]
            )

    def _keep(self, call: Call, id: str, inputs: Props) -> None:
        """Moto gives descriptions back for rules about CIDRs only."""
        call.store.of(self.type, call.region)[id] = {"description": inputs.get("description")}

    def _request(self, inputs: Props) -> Props:
        wire = {
            "IpProtocol": inputs["ipProtocol"],
            "FromPort": inputs.get("fromPort"),
            "ToPort": inputs.get("toPort"),
            "CidrIpv4": inputs.get("cidrIpv4"),
            "CidrIpv6": inputs.get("cidrIpv6"),
            "PrefixListId": inputs.get("prefixListId"),
            "ReferencedGroupId": inputs.get("referencedSecurityGroupId"),
            "Description": inputs.get("description"),
        }
        return {name: value for name, value in wire.items() if value is not None}


@register
class SecurityGroupIngressRule(SecurityGroupRule):
    type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "ingress"
    cloudformation = "AWS::EC2::SecurityGroupIngress"
    renames: ClassVar[dict[str, str]] = {"cidrIpv4": "CidrIp", "cidrIpv6": "CidrIpv6", "tags": "-"}


@register
class SecurityGroupEgressRule(SecurityGroupRule):
    type = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"
    cloudformation = "AWS::EC2::SecurityGroupEgress"
    renames: ClassVar[dict[str, str]] = {"cidrIpv4": "CidrIp", "cidrIpv6": "CidrIpv6", "tags": "-"}


@register
class SecurityGroupRulesExclusive(Handler):
    """The whole list of a group's rules: what is not on it is revoked, so a rule added by hand is drift."""

    type = "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive"
    inputs = frozenset({"securityGroupId", "ingressRuleIds", "egressRuleIds"})
    replace_on = frozenset({"securityGroupId"})

    def create(self, call: Call, inputs: Props) -> str:
        self._revoke_others(call, inputs)
        return inputs["securityGroupId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        call.client("ec2").describe_security_groups(GroupIds=[id])
        held = _rules(call, id)
        return {
            "securityGroupId": id,
            "ingressRuleIds": sorted(rule["SecurityGroupRuleId"] for rule in held if not rule["IsEgress"]),
            "egressRuleIds": sorted(rule["SecurityGroupRuleId"] for rule in held if rule["IsEgress"]),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._revoke_others(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        """The rules stay: they are resources of their own."""

    def _revoke_others(self, call: Call, inputs: Props) -> None:
        group, client = inputs["securityGroupId"], call.client("ec2")
        listed = {*(inputs.get("ingressRuleIds") or []), *(inputs.get("egressRuleIds") or [])}
        held = _rules(call, group)
        for rule in held:
            if rule["SecurityGroupRuleId"] not in listed:
                revoke = (
                    client.revoke_security_group_egress if rule["IsEgress"] else client.revoke_security_group_ingress
                )
                revoke(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])


def find_rule(call: Call, id: str) -> Any:
    """One rule by its id; None when it is gone."""
    try:
        found = call.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"]
    except ClientError:
        return None
    return found[0] if found else None


def _rules(call: Call, group: str) -> list[Any]:
    by_group = [{"Name": "group-id", "Values": [group]}]
    return call.client("ec2").describe_security_group_rules(Filters=by_group)["SecurityGroupRules"]


def _permission(rule: Props, *, everywhere: bool = False) -> Props:
    """An inline rule as EC2's permission."""
    permission: Props = {"IpProtocol": rule["protocol"]}
    if rule["protocol"] != ALL:
        permission |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    cidrs = ["0.0.0.0/0"] if everywhere else rule.get("cidrBlocks") or []
    description = {"Description": rule["description"]} if rule.get("description") else {}
    permission["IpRanges"] = [{"CidrIp": cidr, **description} for cidr in cidrs]
    groups = rule.get("securityGroups") or []
    permission["UserIdGroupPairs"] = [{"GroupId": group, **description} for group in groups]
    return permission


def _rule(permission: Props) -> Props:
    """EC2's permission as an inline rule."""
    ports = permission["IpProtocol"] != ALL
    return {
        "protocol": permission["IpProtocol"],
        "fromPort": permission.get("FromPort") if ports else 0,
        "toPort": permission.get("ToPort") if ports else 0,
        "cidrBlocks": [item["CidrIp"] for item in permission.get("IpRanges", [])],
        "securityGroups": [item["GroupId"] for item in permission.get("UserIdGroupPairs", [])],
    }
