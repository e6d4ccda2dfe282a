"""Client VPN: endpoints, the subnets they lead into, who may go where. Moto lacks all of it."""

from __future__ import annotations

from typing import ClassVar

from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Props, register

ENDPOINT = "aws:ec2clientvpn/endpoint:Endpoint"


def _endpoint(call: Call, inputs: Props) -> str:
    """The endpoint a part belongs to; AWS refuses parts of one that is not there."""
    endpoint = inputs["clientVpnEndpointId"]
    if endpoint not in call.store.of(ENDPOINT, call.region):
        refuse("ClientVpn", "InvalidClientVpnEndpointId.NotFound", f"{endpoint} does not exist")
    return endpoint


def _next(call: Call, kind: str, prefix: str) -> str:
    """A new id, as AWS's: prefix and seventeen hexadecimal digits."""
    counted = call.store.of(f"{kind} ids", call.region)
    number = len(counted) + 1
    counted[str(number)] = {}
    return f"{prefix}-{number:017x}"


@register
class Endpoint(Emulated):
    type = ENDPOINT
    inputs = frozenset(
        {"description", "clientCidrBlock", "serverCertificateArn", "authenticationOptions", "connectionLogOptions",
         "vpcId", "securityGroupIds", "splitTunnel", "transportProtocol", "vpnPort", "sessionTimeoutHours",
         "disconnectOnSessionTimeout", "selfServicePortal", "dnsServers", "clientLoginBannerOptions",
         "clientConnectOptions", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"clientCidrBlock", "authenticationOptions", "transportProtocol"})
    cloudformation = "AWS::EC2::ClientVpnEndpoint"
    renames: ClassVar[dict[str, str]] = {"authenticationOptions": "-", "connectionLogOptions": "-", "tags": "-"}

    def identify(self, call: Call, inputs: Props) -> str:
        return _next(call, self.type, "cvpn-endpoint")

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {
            "arn": f"arn:aws:ec2:{call.region}:{call.account_id}:client-vpn-endpoint/{id}",
            "dnsName": f"*.{id}.prod.clientvpn.{call.region}.amazonaws.com",
        }

    def delete(self, call: Call, id: str, known: Props) -> None:
        left = [
            association
            for association, kept in call.store.of(NetworkAssociation.type, call.region).items()
            if kept["clientVpnEndpointId"] == id
        ]
        if left:
            refuse("DeleteClientVpnEndpoint", "DependencyViolation", f"{id} still has associations: {', '.join(left)}")
        super().delete(call, id, known)


@register
class NetworkAssociation(Emulated):
    type = "aws:ec2clientvpn/networkAssociation:NetworkAssociation"
    inputs = frozenset({"clientVpnEndpointId", "subnetId"})
    replace_on = inputs
    cloudformation = "AWS::EC2::ClientVpnTargetNetworkAssociation"

    def identify(self, call: Call, inputs: Props) -> str:
        endpoint = _endpoint(call, inputs)
        client = call.client("ec2")

        def zone(subnet: str) -> str:
            return client.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailabilityZone"]

        wanted = zone(inputs["subnetId"])
        for kept in call.store.of(self.type, call.region).values():
            if kept["clientVpnEndpointId"] == endpoint and zone(kept["subnetId"]) == wanted:
                refuse("AssociateClientVpnTargetNetwork", "InvalidClientVpnDuplicateAssociation", f"{wanted} has one")
        return _next(call, self.type, "cvpn-assoc")

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        subnet = call.client("ec2").describe_subnets(SubnetIds=[inputs["subnetId"]])["Subnets"][0]
        return {"associationId": id, "vpcId": subnet["VpcId"]}


@register
class AuthorizationRule(Emulated):
    type = "aws:ec2clientvpn/authorizationRule:AuthorizationRule"
    inputs = frozenset(
        {"clientVpnEndpointId", "targetNetworkCidr", "accessGroupId", "authorizeAllGroups", "description"}
    )
    replace_on = inputs
    cloudformation = "AWS::EC2::ClientVpnAuthorizationRule"

    def identify(self, call: Call, inputs: Props) -> str:
        parts = [_endpoint(call, inputs), inputs["targetNetworkCidr"]]
        return ",".join([*parts, inputs["accessGroupId"]] if inputs.get("accessGroupId") else parts)
