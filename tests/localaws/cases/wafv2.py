from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.lb import BALANCED


def seen(metric: str) -> dict[str, object]:
    return {"cloudwatchMetricsEnabled": True, "metricName": metric, "sampledRequestsEnabled": False}


def acl(requests: int) -> dict[str, object]:
    rate = {"aggregateKeyType": "IP", "evaluationWindowSec": 300, "limit": requests}
    managed = {"name": "AWSManagedRulesCommonRuleSet", "vendorName": "AWS"}
    return {
        "scope": "REGIONAL",
        "defaultAction": {"allow": {}},
        "visibilityConfig": seen("clinic"),
        "rules": [
            {
                "name": "rate",
                "priority": 1,
                "action": {"block": {}},
                "statement": {"rateBasedStatement": rate},
                "visibilityConfig": seen("rate"),
            },
            {
                "name": "common",
                "priority": 10,
                "overrideAction": {"none": {}},
                "statement": {"managedRuleGroupStatement": managed},
                "visibilityConfig": seen("common"),
            },
        ],
        "tags": {"DataClass": "internal"},
    }


ADDRESSES = {
    "name": "clinic-denied",
    "scope": "REGIONAL",
    "ipAddressVersion": "IPV4",
    "addresses": ["203.0.113.0/24"],
    "tags": {"DataClass": "internal"},
}


def denied(priority: int) -> dict[str, object]:
    return {
        "name": "denied",
        "priority": priority,
        "action": {"block": {}},
        "statement": {"ipSetReferenceStatement": {"arn": Ref("set", "arn")}},
        "visibilityConfig": seen("denied"),
    }


GUARD = {"acl": Need("aws:wafv2/webAcl:WebAcl", {"name": "clinic-guard", **acl(2000)})}
LOGS = "arn:aws:logs:ca-central-1:123456789012:log-group:aws-waf-logs-clinic"

CASES = [
    Case(
        "aws:wafv2/webAcl:WebAcl",
        {"name": "clinic", **acl(2000)},
        {"rules": acl(500)["rules"], "tags": {}},
        imports="{id}/{name}/{scope}",
    ),
    Case(
        "aws:wafv2/webAcl:WebAcl",
        {"name": "clinic-addresses", **acl(2000), "rules": [denied(2)]},
        {"rules": [denied(3)]},
        {"set": Need("aws:wafv2/ipSet:IpSet", ADDRESSES)},
        name="WebAcl-with-addresses",
    ),
    Case(
        "aws:wafv2/ipSet:IpSet",
        ADDRESSES,
        {"addresses": ["203.0.113.0/24", "198.51.100.7/32"], "tags": {}},
        imports="{id}/{name}/{scope}",
    ),
    Case(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        {"resourceArn": Ref("balancer"), "webAclArn": Ref("acl", "arn")},
        None,
        {**BALANCED, **GUARD},
    ),
    Case(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        {
            "resourceArn": Ref("acl", "arn"),
            "logDestinationConfigs": [LOGS],
            "redactedFields": [{"singleHeader": {"name": "authorization"}}],
        },
        {"redactedFields": [{"singleHeader": {"name": "cookie"}}]},
        GUARD,
    ),
]
