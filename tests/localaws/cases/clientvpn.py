from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.ec2 import SUBNET, TAGS

ENDPOINT = {
    "clientCidrBlock": "10.255.0.0/22",
    "serverCertificateArn": "arn:aws:acm:ca-central-1:123456789012:certificate/server",
    "authenticationOptions": [
        {
            "type": "certificate-authentication",
            "rootCertificateChainArn": "arn:aws:acm:ca-central-1:123456789012:certificate/people",
        }
    ],
    "connectionLogOptions": {"enabled": True, "cloudwatchLogGroup": "/clinic/staging/vpn"},
    "splitTunnel": True,
    "transportProtocol": "udp",
    "sessionTimeoutHours": 8,
    "tags": TAGS,
}
NETWORK = {**SUBNET, "endpoint": Need("aws:ec2clientvpn/endpoint:Endpoint", ENDPOINT)}

CASES = [
    Case("aws:ec2clientvpn/endpoint:Endpoint", ENDPOINT, {"sessionTimeoutHours": 10, "tags": {"DataClass": "public"}}),
    Case(
        "aws:ec2clientvpn/networkAssociation:NetworkAssociation",
        {"clientVpnEndpointId": Ref("endpoint"), "subnetId": Ref("subnet")},
        None,
        NETWORK,
    ),
    Case(
        "aws:ec2clientvpn/authorizationRule:AuthorizationRule",
        {"clientVpnEndpointId": Ref("endpoint"), "targetNetworkCidr": "10.0.0.0/16", "authorizeAllGroups": True},
        None,
        NETWORK,
    ),
    Case(
        "aws:ec2clientvpn/authorizationRule:AuthorizationRule",
        {"clientVpnEndpointId": Ref("endpoint"), "targetNetworkCidr": "10.0.0.0/16", "accessGroupId": "clinicians"},
        None,
        NETWORK,
        name="AuthorizationRule-of-a-group",
    ),
]
