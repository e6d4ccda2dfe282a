from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.rds import SUBNETS

TAGS = {"DataClass": "phi"}
ROLE = "arn:aws:iam::123456789012:role/clinic-staging-ecs-task"
CONTAINER = {
    "name": "api",
    "image": "123456789012.dkr.ecr.ca-central-1.amazonaws.com/clinic-api:1.0.0",
    "essential": True,
}
TASK = {
    "cpu": "256",
    "memory": "512",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "executionRoleArn": ROLE,
    "taskRoleArn": ROLE,
    "volumes": [{"name": "tmp"}],
    "containerDefinitions": json.dumps([CONTAINER]),
    "tags": TAGS,
}
CLUSTER = {"settings": [{"name": "containerInsights", "value": "enhanced"}], "tags": TAGS}
RUNNING = {
    **SUBNETS,
    "cluster": Need("aws:ecs/cluster:Cluster", {"name": "clinic-staging", **CLUSTER}),
    "task": Need("aws:ecs/taskDefinition:TaskDefinition", {"family": "clinic-staging-api", **TASK}),
}
SERVICE = {
    "cluster": Ref("cluster"),
    "taskDefinition": Ref("task"),
    "desiredCount": 1,
    "launchType": "FARGATE",
    "enableExecuteCommand": False,
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    "networkConfiguration": {"assignPublicIp": False, "subnets": [Ref("subnet"), Ref("other")]},
    "tags": TAGS,
}

CASES = [
    Case(
        "aws:ecs/cluster:Cluster",
        {"name": "clinic", **CLUSTER},
        {"settings": [{"name": "containerInsights", "value": "enabled"}], "tags": {"DataClass": "internal"}},
        imports="{name}",
    ),
    Case("aws:ecs/taskDefinition:TaskDefinition", {"family": "clinic-api", **TASK}, {"tags": {"DataClass": "pii"}}),
    Case(
        "aws:ecs/service:Service",
        {"name": "clinic-api", **SERVICE},
        {"desiredCount": 2, "tags": {}},
        RUNNING,
        imports="clinic-staging/{name}",
    ),
]
