from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.ec2 import NEW_TAGS, TAGS, VPC

NAMESPACE = {"name": "clinic.internal", "description": "Services of clinic", "vpc": Ref("vpc"), "tags": TAGS}


def answers(seconds: int) -> dict[str, object]:
    return {
        "namespaceId": Ref("namespace"),
        "routingPolicy": "MULTIVALUE",
        "dnsRecords": [{"type": "A", "ttl": seconds}],
    }


CASES = [
    Case(
        "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
        NAMESPACE,
        {"description": "Services", **NEW_TAGS},
        VPC,
        imports="{id}:{vpc}",
    ),
    Case(
        "aws:servicediscovery/service:Service",
        {
            "name": "api",
            "dnsConfig": answers(10),
            "healthCheckCustomConfig": {"failureThreshold": 1},
            "forceDestroy": True,
            "tags": TAGS,
        },
        {"dnsConfig": answers(60), **NEW_TAGS},
        {**VPC, "namespace": Need("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", NAMESPACE)},
        unread=("forceDestroy",),
    ),
]
