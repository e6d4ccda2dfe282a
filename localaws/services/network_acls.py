"""EC2's network ACLs."""

from __future__ import annotations

from typing import Any

from localaws.handler import Call, Props, register
from localaws.services.ec2 import Tagged, arn, retag
from localaws.shapes import from_tags

LAST = 32767  # AWS's own closing rule


@register
class NetworkAcl(Tagged):
    """An ACL with its rules and its subnets."""

    type = "aws:ec2/networkAcl:NetworkAcl"
    resource_type = "network-acl"
    inputs = frozenset({"vpcId", "subnetIds", "ingress", "egress", "tags"})
    replace_on = frozenset({"vpcId"})

    def create(self, call: Call, inputs: Props) -> str:
        acl = call.client("ec2").create_network_acl(
            VpcId=inputs["vpcId"], TagSpecifications=self.specification(inputs)
        )["NetworkAcl"]["NetworkAclId"]
        self.change(call, acl, {}, inputs)
        return acl

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        acl = _acl(call, id)
        return {
            "vpcId": acl["VpcId"],
            "subnetIds": sorted(item["SubnetId"] for item in acl["Associations"]),
            "ingress": [
                _rule(entry) for entry in acl["Entries"] if not entry["Egress"] and entry["RuleNumber"] != LAST
            ],
            "egress": [_rule(entry) for entry in acl["Entries"] if entry["Egress"] and entry["RuleNumber"] != LAST],
            "arn": arn(call, "network-acl", id),
            "ownerId": call.account_id,
            "tags": from_tags(acl.get("Tags")),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("ec2")
        for entry in _acl(call, id)["Entries"]:
            if entry["RuleNumber"] != LAST:
                client.delete_network_acl_entry(NetworkAclId=id, RuleNumber=entry["RuleNumber"], Egress=entry["Egress"])
        for direction in ("ingress", "egress"):
            for rule in new.get(direction) or []:
                client.create_network_acl_entry(NetworkAclId=id, Egress=direction == "egress", **_entry(rule))
        for subnet in new.get("subnetIds") or []:
            _associate(call, id, subnet)

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("ec2")
        acl = _acl(call, id)
        if acl["Associations"]:
            own = [{"Name": "vpc-id", "Values": [acl["VpcId"]]}, {"Name": "default", "Values": ["true"]}]
            default = client.describe_network_acls(Filters=own)["NetworkAcls"][0]["NetworkAclId"]
            for association in acl["Associations"]:
                client.replace_network_acl_association(
                    AssociationId=association["NetworkAclAssociationId"], NetworkAclId=default
                )
        client.delete_network_acl(NetworkAclId=id)


@register
class DefaultNetworkAcl(NetworkAcl):
    """The VPC's own ACL, adopted: only the rules given. AWS keeps it when its resource goes."""

    type = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
    inputs = frozenset({"defaultNetworkAclId", "subnetIds", "ingress", "egress", "tags"})
    replace_on = frozenset({"defaultNetworkAclId"})

    def create(self, call: Call, inputs: Props) -> str:
        id = inputs["defaultNetworkAclId"]
        retag(call, id, {}, inputs)
        self.change(call, id, {}, inputs)
        return id

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        live = super().read(call, id, known)
        return None if live is None else {**live, "defaultNetworkAclId": id}

    def delete(self, call: Call, id: str, known: Props) -> None:
        """It goes with its VPC."""


def _acl(call: Call, id: str) -> Any:
    return call.client("ec2").describe_network_acls(NetworkAclIds=[id])["NetworkAcls"][0]


def _associate(call: Call, acl: str, subnet: str) -> None:
    client = call.client("ec2")
    of_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
    for held in client.describe_network_acls(Filters=of_subnet)["NetworkAcls"]:
        for association in held["Associations"]:
            if association["SubnetId"] == subnet and held["NetworkAclId"] != acl:
                client.replace_network_acl_association(
                    AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl
                )


def _entry(rule: Props) -> Props:
    entry: Props = {
        "RuleNumber": int(rule["ruleNo"]),
        "Protocol": str(rule["protocol"]),
        "RuleAction": rule["action"],
        "CidrBlock": rule["cidrBlock"],
    }
    if str(rule["protocol"]) != "-1":
        entry["PortRange"] = {"From": int(rule["fromPort"]), "To": int(rule["toPort"])}
    return entry


def _rule(entry: Props) -> Props:
    ports = entry.get("PortRange") or {}
    return {
        "ruleNo": entry["RuleNumber"],
        "protocol": entry["Protocol"],
        "action": entry["RuleAction"],
        "cidrBlock": entry.get("CidrBlock"),
        "fromPort": ports.get("From", 0),
        "toPort": ports.get("To", 0),
    }
