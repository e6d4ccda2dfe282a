from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.rds import SUBNETS

TAGS = {"DataClass": "phi"}
GROUP = {
    **SUBNETS,
    "subnets": Need(
        "aws:elasticache/subnetGroup:SubnetGroup",
        {"name": "clinic", "description": "Private", "subnetIds": [Ref("subnet"), Ref("other")], "tags": TAGS},
    ),
}

CASES = [
    Case(
        "aws:elasticache/subnetGroup:SubnetGroup",
        {"name": "clinic-x", "description": "Private", "subnetIds": [Ref("subnet"), Ref("other")], "tags": TAGS},
        {"description": "Private subnets", "subnetIds": [Ref("subnet")], "tags": {"DataClass": "pii"}},
        SUBNETS,
    ),
    Case(
        "aws:elasticache/parameterGroup:ParameterGroup",
        {
            "name": "clinic-7",
            "family": "redis7",
            "description": "Memory",
            "parameters": [{"name": "maxmemory-policy", "value": "noeviction"}],
            "tags": TAGS,
        },
        {"parameters": [{"name": "maxmemory-policy", "value": "allkeys-lru"}]},
    ),
    Case(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        {
            "replicationGroupId": "clinic-staging-redis",
            "description": "Redis of the clinic",
            "engine": "redis",
            "engineVersion": "7.1",
            "nodeType": "cache.t4g.micro",
            "numCacheClusters": 2,
            "automaticFailoverEnabled": True,
            "multiAzEnabled": True,
            "atRestEncryptionEnabled": True,
            "transitEncryptionEnabled": True,
            "authTokenWo": "a-test-value-with-16-characters",
            "authTokenWoVersion": 1,
            "subnetGroupName": Ref("subnets"),
            "snapshotRetentionLimit": 5,
            "snapshotWindow": "06:00-07:00",
            "tags": TAGS,
        },
        {"maintenanceWindow": "sun:08:00-sun:09:00", "tags": {"DataClass": "pii"}},
        GROUP,
    ),
]
