"""Networks: tiers, routes, groups, ACLs, and what joins networks."""

from __future__ import annotations

from tests.policies.breaks.form import Break, added, change, changes, without
from tests.policies.sample import (
    ACCOUNT,
    CA,
    CW,
    GONE,
    INTERNAL,
    INTERNAL_KEY,
    PHI,
    STRANGER,
    US,
    Sample,
    arn,
    document,
)

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
OURS = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "*",
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
}
ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
STRONG = {
    f"tunnel{tunnel}{name}": value
    for tunnel in (1, 2)
    for name, value in {
        "IkeVersions": ["ikev2"],
        "Phase1IntegrityAlgorithms": ["SHA2-256"],
        "Phase2IntegrityAlgorithms": ["SHA2-256"],
        "Phase1DhGroupNumbers": [14, 20],
        "Phase2DhGroupNumbers": [14, 20],
        "LogOptions": {"cloudwatchLogOptions": {"logEnabled": True, "logGroupArn": arn("logs", "log-group:vpn")}},
    }.items()
}
MANY = [
    {"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": ["10.0.0.0/16"], "description": "TLS"}
    for port in range(8000, 8051)
]

LISTED = {"cidrIpv4": "203.0.113.0/24"}
PARTS = [f"{first}.{second}.0.0/9" for first in (11, 13) for second in (0, 128)]
"""Not one of them is the internet; together they are as large as a /7."""
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"


def _ways(ranges: list[str]) -> list[dict[str, object]]:
    ports = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "description": "TLS"}
    return [{**ports, "cidrBlocks": [each]} for each in ranges]


def _entries(ranges: list[str]) -> list[dict[str, object]]:
    shared = {"action": "allow", "protocol": "tcp", "fromPort": 443, "toPort": 443}
    return [{**shared, "ruleNo": 300 + index, "cidrBlock": each} for index, each in enumerate(ranges)]


SAMPLES: dict[str, Sample] = {
    "nat": Sample(
        "aws:ec2/natGateway:NatGateway", {"id": "nat-1", "subnetId": "subnet-public", "allocationId": "eip-1"}
    ),
    "nat-b": Sample(
        "aws:ec2/natGateway:NatGateway", {"id": "nat-2", "subnetId": "subnet-public-b", "allocationId": "eip-2"}
    ),
    "default-acl": Sample("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", {"defaultNetworkAclId": "acl-default"}),
    "main-table": Sample(
        "aws:ec2/defaultRouteTable:DefaultRouteTable", {"id": "rtb-main", "defaultRouteTableId": "rtb-main"}
    ),
    "public-block": Sample(
        "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions", {"internetGatewayBlockMode": "block-ingress"}
    ),
    "egress-service": Sample(
        EGRESS,
        {
            "securityGroupId": "sg-service",
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "0.0.0.0/0",
            "description": "AWS",
        },
    ),
    "flow-log-bucket": Sample(
        FLOW_LOG,
        {
            "subnetId": "subnet-data",
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": "arn:aws:s3:::clinic-logs",
        },
    ),
    "flow-log-group": Sample(FLOW_LOG, {"subnetId": "subnet-data", "trafficType": "ALL", "logDestination": "/flow"}),
    "log-group-flow": Sample(
        "aws:cloudwatch/logGroup:LogGroup",
        {"id": "/flow", "name": "/flow", "kmsKeyId": INTERNAL_KEY, "retentionInDays": 365, "tags": INTERNAL},
    ),
    **{
        f"endpoint-{service}": Sample(
            ENDPOINT,
            {
                "id": f"vpce-{service}",
                "vpcId": "vpc-1",
                "serviceName": f"com.amazonaws.{CA}.{service}",
                "vpcEndpointType": "Gateway" if service == "s3" else "Interface",
                "policy": document(OURS),
                "securityGroupIds": ["sg-endpoints"],
                "subnetIds": ["subnet-application", "subnet-application-b"],
            },
        )
        for service in ("s3", "kms", "secretsmanager", "logs", "ecr.api", "ecr.dkr", "sts")
    },
    "endpoint-service": Sample(
        "aws:ec2/vpcEndpointService:VpcEndpointService",
        {"acceptanceRequired": True, "allowedPrincipals": [f"arn:aws:iam::{ACCOUNT}:root"], "supportedRegions": [CW]},
    ),
    "peering": Sample(
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        {"id": "pcx-1", "vpcId": "vpc-1", "peerVpcId": "vpc-2", "accepter": {"allowRemoteVpcDnsResolution": True}},
    ),
    "peering-west": Sample(
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        {"vpcId": "vpc-1", "peerVpcId": "vpc-3", "peerRegion": CW, "peerOwnerId": ACCOUNT},
    ),
    "route-peering": Sample(
        "aws:ec2/route:Route",
        {"routeTableId": "rtb-application", "destinationCidrBlock": "10.9.4.0/24", "vpcPeeringConnectionId": "pcx-1"},
    ),
    "transit": Sample(
        "aws:ec2transitgateway/transitGateway:TransitGateway",
        {"autoAcceptSharedAttachments": "disable", "defaultRouteTableAssociation": "disable"},
    ),
    "transit-peering": Sample(
        "aws:ec2transitgateway/peeringAttachment:PeeringAttachment", {"peerRegion": CW, "peerAccountId": ACCOUNT}
    ),
    "client-vpn": Sample(
        "aws:ec2clientvpn/endpoint:Endpoint",
        {
            "connectionLogOptions": {"enabled": True, "cloudwatchLogGroup": "/clinic/application"},
            "authenticationOptions": [{"type": "federated-authentication"}, {"type": "certificate-authentication"}],
            "sessionTimeoutHours": 8,
            "disconnectOnSessionTimeout": True,
            "splitTunnel": True,
            "clientRouteEnforcementOptions": {"enforced": True},
            "clientLoginBannerOptions": {"enabled": True, "bannerText": "For staff."},
        },
    ),
    "client-vpn-rule": Sample(
        "aws:ec2clientvpn/authorizationRule:AuthorizationRule",
        {"targetNetworkCidr": "10.0.2.0/23", "accessGroupId": "g"},
    ),
    "client-vpn-subnet": Sample(
        "aws:ec2clientvpn/networkAssociation:NetworkAssociation", {"subnetId": "subnet-application"}
    ),
    "vpn": Sample("aws:ec2/vpnConnection:VpnConnection", {"presharedKeyStorage": "SecretsManager", **STRONG}),
    "vpn-second": Sample("aws:ec2/vpnConnection:VpnConnection", {"presharedKeyStorage": "SecretsManager", **STRONG}),
}

BREAKS: dict[str, list[Break]] = {
    "flow-log-store-hardened": [
        change("log-group-flow", "kmsKeyId", GONE, "log-group-cmk"),
        change("log-group-flow", "retentionInDays", GONE, "log-group-retention"),
        without("logs-block", "s3-public-access-blocked", "s3-log-target-hardened"),
    ],
    "flow-log-cross-account-off": [
        change("flow-log-bucket", "deliverCrossAccountRole", f"arn:aws:iam::{STRANGER}:role/take"),
    ],
    "vpc-multi-az": [change("subnet-data-b", "availabilityZone", f"{CA}a")],
    "vpc-public-private-separated": [
        change("subnet-data", "tags", {}),
        change("subnet-application-b", "tags.Tier", GONE),
        Break(
            "vpc",
            adds=Sample(
                "aws:ec2/vpc:Vpc",
                {"id": "vpc-1", "cidrBlock": "10.0.0.0/16", "defaultNetworkAclId": "acl-default", "tags": INTERNAL},
            ),
            without=tuple(f"subnet-{tier}{suffix}" for tier in ("application", "data") for suffix in ("", "-b")),
        ),
    ],
    "vpc-igw-authorized-only": [
        Break(
            "internet",
            adds=Sample("aws:ec2/internetGateway:InternetGateway", {"id": "igw-1", "vpcId": "vpc-1"}),
            without=("subnet-public", "subnet-public-b", "association-public", "association-public-b"),
        ),
    ],
    "vpc-block-public-access": [change("public-block", "internetGatewayBlockMode", "off")],
    "subnet-no-auto-ipv6": [change("subnet-application", "assignIpv6AddressOnCreation", True)],
    "main-route-table-empty": [
        Break(
            "main-table",
            {"routes": [{"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}]},
            without=("association-application",),
        ),
    ],
    "vpc-endpoints-present": [without("endpoint-kms")],
    "vpc-endpoint-multi-az": [change("endpoint-kms", "subnetIds", ["subnet-application"])],
    "vpc-endpoint-policy-bounded": [
        change("endpoint-kms", "policy"),
        change("endpoint-s3", "policy", document(ANYONE)),
        change("endpoint-s3", "policy", document({**OURS, "Condition": {"Bool": {"aws:SecureTransport": "true"}}})),
    ],
    "vpc-endpoint-region-local": [change("endpoint-kms", "serviceRegion", US)],
    "vpc-endpoint-service-manual-accept": [
        change("endpoint-service", "acceptanceRequired", False),
        change("endpoint-service", "allowedPrincipals", ["*"]),
        change("endpoint-service", "supportedRegions", [CW, US]),
    ],
    "vpc-peering-in-jurisdiction": [
        change("peering-west", "peerRegion", US),
        change("peering-west", "peerOwnerId", STRANGER),
        change("transit-peering", "peerRegion", "eu-west-1"),
        change("transit-peering", "peerAccountId", STRANGER),
    ],
    "vpc-peering-routes-least": [change("route-peering", "destinationCidrBlock", "10.9.0.0/16")],
    "vpc-peering-dns": [
        change("peering", "accepter"),
        change("peering", "accepter.allowRemoteVpcDnsResolution", False),
    ],
    "tgw-no-auto-accept": [
        change("transit", "autoAcceptSharedAttachments", "enable"),
        change("transit", "defaultRouteTableAssociation"),
    ],
    "vpc-encryption-control": [change("vpc", "tags", PHI)],
    "resolver-query-logging": [change("vpc", "tags", PHI)],
    "nat-only-in-public-tier": [change("nat", "subnetId", "subnet-application"), without("nat-b")],
    "sg-internet-ingress-only-on-entry-tier": [
        changes("ingress-balancer", {"fromPort": 8443, "toPort": 8443}),
        change("balancer-lb", "tags.Exposure", "restricted"),
        added(
            "open-endpoints",
            INGRESS,
            {
                "securityGroupId": "sg-endpoints",
                "ipProtocol": "tcp",
                "fromPort": 443,
                "toPort": 443,
                "cidrIpv4": "0.0.0.0/0",
            },
            "sg-inline-and-rules-not-mixed",
        ),
    ],
    "internet-not-in-parts": [
        change("group-endpoints", "ingress", _ways(PARTS)),
        change("group-cache", "egress", _ways(PARTS)),
        change("acl", "ingress", _entries(PARTS)),
        change("acl", "egress", _entries(PARTS)),
        added("everyone", PREFIX_LIST, {"id": "pl-1", "entries": [{"cidr": "0.0.0.0/1"}, {"cidr": "128.0.0.0/1"}]}),
        added("everyone", PREFIX_LIST, {"id": "pl-1", "entries": [{"cidr": each} for each in PARTS]}),
        Break(
            "everyone",
            adds=Sample(PREFIX_LIST, {"id": "pl-1"}),
            beside={
                f"entry-{each}": Sample(ENTRY, {"prefixListId": "pl-1", "cidr": each}) for each in ("::/1", "8000::/1")
            },
        ),
    ],
    "sg-no-wide-public-cidr": [
        changes("ingress-service", {"cidrIpv4": "8.8.0.0/16", "referencedSecurityGroupId": GONE}),
    ],
    "sg-egress-restricted": [
        changes("egress-service", {"ipProtocol": "-1", "fromPort": GONE, "toPort": GONE}),
        change("group-cache", "egress", [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]),
    ],
    "sg-rules-described": [
        change("group-cache", "description"),
        change("ingress-cache", "description"),
        change("group-endpoints", "ingress.0.description"),
    ],
    "sg-attached": [added("lonely", GROUP, {"id": "sg-lonely", "vpcId": "vpc-1", "description": "nothing"})],
    "sg-inline-and-rules-not-mixed": [
        change(
            "group-service",
            "ingress",
            [{"protocol": "tcp", "fromPort": 9000, "toPort": 9000, "cidrBlocks": ["10.0.0.0/16"]}],
        ),
        change(
            "group-service",
            "egress",
            [{"protocol": "tcp", "fromPort": 9000, "toPort": 9000, "cidrBlocks": ["10.0.0.0/16"]}],
        ),
    ],
    "sg-rule-count-bounded": [change("group-endpoints", "ingress", MANY)],
    "nacl-default-locked": [
        without("default-acl"),
        change(
            "default-acl",
            "ingress",
            [
                {
                    "ruleNo": 1,
                    "action": "allow",
                    "protocol": "tcp",
                    "cidrBlock": "10.0.0.0/8",
                    "fromPort": 1,
                    "toPort": 2,
                }
            ],
        ),
    ],
    "nacl-data-subnet-custom": [change("acl", "subnetIds", ["subnet-data"])],
    "nacl-used": [change("acl", "subnetIds")],
    "clientvpn-connection-logs": [
        change("client-vpn", "connectionLogOptions.enabled", False),
        change("client-vpn", "connectionLogOptions"),
    ],
    "clientvpn-federated": [change("client-vpn", "authenticationOptions", [{"type": "certificate-authentication"}])],
    "clientvpn-groups-only": [
        change("client-vpn-rule", "authorizeAllGroups", True),
        change("client-vpn-rule", "targetNetworkCidr", "0.0.0.0/0", "clientvpn-not-to-data-tier"),
    ],
    "clientvpn-not-to-data-tier": [
        change("client-vpn-rule", "targetNetworkCidr", "10.0.4.0/24"),
        change("client-vpn-subnet", "subnetId", "subnet-data"),
    ],
    "clientvpn-auto-logoff": [
        change("client-vpn", "sessionTimeoutHours", 12),
        change("client-vpn", "sessionTimeoutHours"),
        change("client-vpn", "disconnectOnSessionTimeout", False),
    ],
    "clientvpn-routes-enforced": [change("client-vpn", "clientRouteEnforcementOptions")],
    "clientvpn-banner": [change("client-vpn", "clientLoginBannerOptions.enabled", False)],
    "vpn-strong-crypto": [
        change("vpn", "tunnel1IkeVersions", ["ikev1", "ikev2"]),
        change("vpn", "tunnel2IkeVersions"),
        change("vpn", "tunnel2Phase1IntegrityAlgorithms", ["SHA1"]),
        change("vpn", "tunnel1Phase2DhGroupNumbers", [2, 14]),
    ],
    "vpn-tunnel-logs": [change("vpn", "tunnel2LogOptions")],
    "vpn-two-tunnels-routed": [without("vpn-second")],
}

ALLOWED: dict[str, list[Break]] = {
    "internet-not-in-parts": [
        change("group-endpoints", "ingress", _ways(PARTS[:-1])),
        change("group-endpoints", "ingress", _ways(["10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/12", "100.64.0.0/10"])),
        change("acl", "ingress", [*_entries(PARTS[:-1]), *({**each, "action": "deny"} for each in _entries(PARTS))]),
        added("partners", PREFIX_LIST, {"id": "pl-1", "entries": [{"cidr": "203.0.113.0/24"}, {"cidr": "10.0.0.0/8"}]}),
    ],
    "nat-only-in-public-tier": [changes("nat", {"connectivityType": "private", "subnetId": "subnet-application"})],
    "sg-egress-restricted": [changes("egress-service", {"ipProtocol": "-1", "cidrIpv4": "10.0.0.0/16"})],
    "sg-no-wide-public-cidr": [
        changes("ingress-service", {"cidrIpv4": "10.0.0.0/8", "referencedSecurityGroupId": GONE}),
        changes("ingress-service", {"cidrIpv4": "8.8.8.0/24", "referencedSecurityGroupId": GONE}),
    ],
    "clientvpn-routes-enforced": [changes("client-vpn", {"splitTunnel": False, "clientRouteEnforcementOptions": GONE})],
    "vpc-peering-dns": [changes("peering", {"accepter": GONE, "peerOwnerId": ACCOUNT})],
    "sg-internet-ingress-only-on-entry-tier": [
        changes("ingress-balancer", {"fromPort": 80, "toPort": 80}),
    ],
    "public-path-reachability": [Break("ingress-balancer", LISTED, without=("guard-lb", "guard-alb"))],
}
