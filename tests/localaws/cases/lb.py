from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.rds import SUBNETS

TAGS = {"DataClass": "internal"}
LOAD_BALANCER = {
    "loadBalancerType": "application",
    "internal": False,
    "dropInvalidHeaderFields": True,
    "desyncMitigationMode": "strictest",
    "enableDeletionProtection": False,
    "enableWafFailOpen": False,
    "idleTimeout": 60,
    "subnets": [Ref("subnet"), Ref("other")],
    "tags": TAGS,
}
TARGETS = {
    "port": 8080,
    "protocol": "HTTP",
    "targetType": "ip",
    "vpcId": Ref("vpc"),
    "deregistrationDelay": 30,
    "healthCheck": {"enabled": True, "path": "/health", "port": "traffic-port", "protocol": "HTTP", "matcher": "200"},
    "tags": TAGS,
}
BALANCED = {
    **SUBNETS,
    "balancer": Need("aws:lb/loadBalancer:LoadBalancer", {"name": "clinic-staging", **LOAD_BALANCER}),
}
TO_HTTPS = [{"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}]
LISTENING = {
    **BALANCED,
    "targets": Need("aws:lb/targetGroup:TargetGroup", {"name": "clinic-api", **TARGETS}),
    "listener": Need(
        "aws:lb/listener:Listener",
        {"loadBalancerArn": Ref("balancer"), "port": 80, "protocol": "HTTP", "defaultActions": TO_HTTPS, "tags": {}},
    ),
}

CASES = [
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        {"name": "clinic-alb", **LOAD_BALANCER},
        {"idleTimeout": 120, "enableDeletionProtection": False, "tags": {"DataClass": "public"}},
        SUBNETS,
    ),
    Case(
        "aws:lb/targetGroup:TargetGroup",
        {"name": "clinic-web", **TARGETS},
        {"deregistrationDelay": 60, "tags": {"DataClass": "phi"}},
        SUBNETS,
    ),
    Case(
        "aws:lb/listener:Listener",
        {"loadBalancerArn": Ref("balancer"), "port": 80, "protocol": "HTTP", "defaultActions": TO_HTTPS, "tags": TAGS},
        {"port": 8080},
        BALANCED,
    ),
    Case(
        "aws:lb/listenerRule:ListenerRule",
        {
            "listenerArn": Ref("listener"),
            "priority": 100,
            "actions": [{"type": "forward", "targetGroupArn": Ref("targets")}],
            "conditions": [{"pathPattern": {"values": ["/*"]}}],
            "tags": TAGS,
        },
        {"priority": 200},
        LISTENING,
    ),
]
