from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

TAGS = {"DataClass": "internal"}
VPC = {"vpc": Need("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", "tags": TAGS})}
SUBNET = {
    **VPC,
    "subnet": Need(
        "aws:ec2/subnet:Subnet",
        {"vpcId": Ref("vpc"), "availabilityZone": "ca-central-1a", "cidrBlock": "10.0.0.0/20", "tags": TAGS},
    ),
}
GATEWAY = {**VPC, "gateway": Need("aws:ec2/internetGateway:InternetGateway", {"vpcId": Ref("vpc"), "tags": TAGS})}
TABLE = {**VPC, "table": Need("aws:ec2/routeTable:RouteTable", {"vpcId": Ref("vpc"), "tags": TAGS})}
ADDRESS = {"address": Need("aws:ec2/eip:Eip", {"domain": "vpc", "tags": TAGS})}
GROUP = {
    **VPC,
    "group": Need(
        "aws:ec2/securityGroup:SecurityGroup",
        {"name": "clinic-service", "description": "Service", "vpcId": Ref("vpc"), "tags": TAGS},
    ),
}
RULE = {
    "securityGroupId": Ref("group"),
    "ipProtocol": "tcp",
    "fromPort": 443,
    "toPort": 443,
    "description": "HTTPS",
    "cidrIpv4": "10.0.0.0/16",
    "tags": TAGS,
}
LOGS = {
    "group": Need("aws:cloudwatch/logGroup:LogGroup", {"name": "/aws/vpc/clinic", "tags": {}}),
    "role": Need(
        "aws:iam/role:Role",
        {
            "name": "clinic-flow-logs",
            "assumeRolePolicy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                }
            ),
            "tags": {},
        },
    ),
}
ACL_RULE = {
    "ruleNo": 100,
    "protocol": "6",
    "action": "allow",
    "cidrBlock": "10.0.0.0/16",
    "fromPort": 443,
    "toPort": 443,
}


def endpoint_policy(sid: str) -> str:
    statement = {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


NEW_TAGS = {"tags": {"DataClass": "public"}}

CASES = [
    Case(
        "aws:ec2/vpc:Vpc",
        {"cidrBlock": "10.1.0.0/16", "enableDnsSupport": True, "enableDnsHostnames": True, "tags": TAGS},
        {"enableDnsHostnames": False, **NEW_TAGS},
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        {"vpcId": Ref("vpc"), "availabilityZone": "ca-central-1b", "cidrBlock": "10.0.16.0/20", "tags": TAGS},
        {"mapPublicIpOnLaunch": True, **NEW_TAGS},
        VPC,
    ),
    Case("aws:ec2/internetGateway:InternetGateway", {"vpcId": Ref("vpc"), "tags": TAGS}, NEW_TAGS, VPC),
    Case("aws:ec2/eip:Eip", {"domain": "vpc", "tags": TAGS}, NEW_TAGS),
    Case(
        "aws:ec2/natGateway:NatGateway",
        {"allocationId": Ref("address", "allocationId"), "subnetId": Ref("subnet"), "tags": TAGS},
        NEW_TAGS,
        {**SUBNET, **GATEWAY, **ADDRESS},
    ),
    Case("aws:ec2/routeTable:RouteTable", {"vpcId": Ref("vpc"), "tags": TAGS}, NEW_TAGS, VPC),
    Case(
        "aws:ec2/defaultRouteTable:DefaultRouteTable",
        {"defaultRouteTableId": Ref("vpc", "defaultRouteTableId"), "routes": [], "tags": TAGS},
        NEW_TAGS,
        VPC,
        gone=False,
        imports="{vpcId}",
    ),
    Case(
        "aws:ec2/route:Route",
        {"routeTableId": Ref("table"), "destinationCidrBlock": "0.0.0.0/0", "gatewayId": Ref("gateway")},
        None,
        {**TABLE, **GATEWAY},
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        {"routeTableId": Ref("table"), "subnetId": Ref("subnet")},
        None,
        {**SUBNET, **TABLE},
        imports="{subnetId}/{routeTableId}",
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {
            "vpcId": Ref("vpc"),
            "vpcEndpointType": "Gateway",
            "serviceName": "com.amazonaws.ca-central-1.s3",
            "routeTableIds": [Ref("table")],
            "policy": endpoint_policy("Own"),
            "tags": TAGS,
        },
        {"policy": endpoint_policy("OwnBuckets"), **NEW_TAGS},
        TABLE,
        name="VpcEndpoint-gateway",
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {
            "vpcId": Ref("vpc"),
            "vpcEndpointType": "Interface",
            "serviceName": "com.amazonaws.ca-central-1.secretsmanager",
            "subnetIds": [Ref("subnet")],
            "securityGroupIds": [Ref("group")],
            "privateDnsEnabled": True,
            "tags": TAGS,
        },
        NEW_TAGS,
        {**SUBNET, **GROUP},
        name="VpcEndpoint-interface",
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        {
            "vpcId": Ref("vpc"),
            "trafficType": "ALL",
            "logDestinationType": "cloud-watch-logs",
            "logDestination": Ref("group", "arn"),
            "iamRoleArn": Ref("role", "arn"),
            "maxAggregationInterval": 60,
            "tags": TAGS,
        },
        NEW_TAGS,
        {**VPC, **LOGS},
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        {
            "name": "clinic-inline",
            "description": "Inline rules",
            "vpcId": Ref("vpc"),
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}],
            "tags": TAGS,
        },
        {"ingress": [{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["10.0.0.0/16"]}], **NEW_TAGS},
        VPC,
    ),
    Case(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        {"vpcId": Ref("vpc"), "ingress": [], "egress": [], "tags": TAGS},
        NEW_TAGS,
        VPC,
        gone=False,
    ),
    Case("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", RULE, {"toPort": 444, **NEW_TAGS}, GROUP),
    Case("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", RULE, {"toPort": 444, **NEW_TAGS}, GROUP),
    Case(
        "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive",
        {"securityGroupId": Ref("group"), "ingressRuleIds": [Ref("rule")], "egressRuleIds": []},
        {"ingressRuleIds": []},
        {**GROUP, "rule": Need("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", RULE)},
        gone=False,
    ),
    Case(
        "aws:ec2/networkAcl:NetworkAcl",
        {"vpcId": Ref("vpc"), "subnetIds": [Ref("subnet")], "ingress": [ACL_RULE], "egress": [], "tags": TAGS},
        {"ingress": [{**ACL_RULE, "toPort": 444}], **NEW_TAGS},
        SUBNET,
    ),
    Case(
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        {"defaultNetworkAclId": Ref("vpc", "defaultNetworkAclId"), "ingress": [], "egress": [], "tags": TAGS},
        NEW_TAGS,
        VPC,
        gone=False,
    ),
]
