"""Cluster and services: hardened tasks, private placement, rollback, scaling."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.service import Cluster, ClusterArgs, SecretValue, Service, ServiceArgs, Target
from settings.compute import ComputeSettings, ServiceSettings
from settings.naming import NamingSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, scope
from tests.unit.conftest import Recorder

SECRET_ARN = f"arn:aws:secretsmanager:ca-central-1:{ACCOUNT_ID}:secret:berthcare-staging-database-AbCdEf"
TARGET = Target(arn="arn:tg", load_balancer_arn_suffix="app/alb/1", arn_suffix="targetgroup/api/2")
TASK = "aws:ecs/taskDefinition:TaskDefinition"


def args(settings: dict[str, Any] | None = None, **more: Any) -> ServiceArgs:
    values: dict[str, Any] = {
        "scope": scope(),
        "settings": ServiceSettings.model_validate({"image": "1.0.0", "port": 8080, **(settings or {})}),
        "service": "api",
        "cluster_name": "berthcare-staging-services",
        "cluster_arn": f"arn:aws:ecs:ca-central-1:{ACCOUNT_ID}:cluster/berthcare-staging-services",
        "subnet_ids": {"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        "security_group_id": "sg-1",
        "execution_role_arn": f"arn:aws:iam::{ACCOUNT_ID}:role/execution",
        "task_role_arn": f"arn:aws:iam::{ACCOUNT_ID}:role/task",
        "target": TARGET,
        "logs_kms_key_arn": KEY_ARN,
        "secrets": {"DATABASE_PASSWORD": SecretValue(arn=SECRET_ARN, key="password")},
        "environment": {"DATABASE_HOST": "db.example.org"},
    }
    return ServiceArgs(**{**values, **more})


def build(recorded: Recorder, settings: dict[str, Any] | None = None, **more: Any) -> Service:
    return recorded.run(lambda: Service("api", args(settings, **more)))


def container(recorded: Recorder) -> dict[str, Any]:
    (only,) = json.loads(recorded.one(TASK).inputs["containerDefinitions"])
    return only


@pytest.mark.requirement("BER-CMP-01")
def test_the_container_cannot_change_itself_nor_its_host(recorded: Recorder) -> None:
    build(recorded)
    found = container(recorded)
    assert (found["readonlyRootFilesystem"], found["privileged"], found["user"]) == (True, False, "1000:1000")
    assert found["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert found["mountPoints"] == [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}]
    task = recorded.one(TASK).inputs
    assert (task["networkMode"], task["requiresCompatibilities"]) == ("awsvpc", ["FARGATE"])
    assert (task["cpu"], task["memory"]) == ("512", "1024")
    assert [volume["name"] for volume in task["volumes"]] == ["tmp"]
    assert task["executionRoleArn"] != task["taskRoleArn"]
    assert "pidMode" not in task
    assert "ipcMode" not in task


@pytest.mark.requirement("ALL-22")
def test_secrets_are_references_and_variables_are_plain(recorded: Recorder) -> None:
    build(recorded, {"environment": {"LOG_LEVEL": "info"}})
    found = container(recorded)
    assert found["secrets"] == [{"name": "DATABASE_PASSWORD", "valueFrom": f"{SECRET_ARN}:password::"}]
    assert found["environment"] == [
        {"name": "DATABASE_HOST", "value": "db.example.org"}, {"name": "LOG_LEVEL", "value": "info"},
    ]  # fmt: skip


@pytest.mark.parametrize(("version", "separator"), [("1.0.0", ":"), ("sha256:" + "0" * 64, "@")])
def test_the_image_comes_from_the_services_own_repository(recorded: Recorder, version: str, separator: str) -> None:
    build(recorded, {"image": version})
    repository = f"{ACCOUNT_ID}.dkr.ecr.ca-central-1.amazonaws.com/berthcare-staging-api"
    assert container(recorded)["image"] == f"{repository}{separator}{version}"


@pytest.mark.requirement("ALL-10")
def test_output_goes_to_an_encrypted_group_that_exists_first_and_nothing_is_dropped(recorded: Recorder) -> None:
    build(recorded)
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == "/berthcare/staging/api"
    assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (365, KEY_ARN)
    options = container(recorded)["logConfiguration"]["options"]
    assert options["awslogs-group"] == group.inputs["name"]
    assert options["mode"] == "blocking"
    assert "awslogs-create-group" not in options
    assert group.urn in recorded.one(TASK).dependencies


@pytest.mark.requirement("LWO-NET-10", "LWO-CMP-04", "LWO-CMP-01")
def test_tasks_are_private_and_a_failed_deployment_rolls_back(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one("aws:ecs/service:Service").inputs
    assert inputs["networkConfiguration"] == {
        "subnets": ["subnet-a", "subnet-b"], "securityGroups": ["sg-1"], "assignPublicIp": False,
    }  # fmt: skip
    assert inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (inputs["launchType"], inputs["platformVersion"]) == ("FARGATE", "LATEST")
    assert inputs["enableExecuteCommand"] is False
    assert (inputs["deploymentMinimumHealthyPercent"], inputs["desiredCount"]) == (100, 2)
    assert inputs["availabilityZoneRebalancing"] == "ENABLED"
    assert inputs["healthCheckGracePeriodSeconds"] == 60
    assert inputs["loadBalancers"][0]["containerPort"] == 8080
    assert "serviceRegistries" not in inputs


@pytest.mark.requirement("LWO-CMP-04", "LWO-CMP-05")
def test_the_number_of_tasks_follows_cpu_memory_and_requests(recorded: Recorder) -> None:
    build(recorded)
    target = recorded.one("aws:appautoscaling/target:Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 10)
    assert target["resourceId"] == "service/berthcare-staging-services/berthcare-staging-api"
    found = {
        name: inputs["targetTrackingScalingPolicyConfiguration"]
        for name, inputs in recorded.of("aws:appautoscaling/policy:Policy")
    }
    assert {name: policy["targetValue"] for name, policy in found.items()} == {
        "api-scaling-cpu": 70, "api-scaling-memory": 75, "api-scaling-requests": 1000,
    }  # fmt: skip
    requests = found["api-scaling-requests"]["predefinedMetricSpecification"]
    assert requests["resourceLabel"] == "app/alb/1/targetgroup/api/2"
    assert found["api-scaling-cpu"]["scaleInCooldown"] == 300


def test_requests_can_be_no_measure(recorded: Recorder) -> None:
    build(recorded, {"scaling": {"requests_per_target": None}})
    assert recorded.count("aws:appautoscaling/policy:Policy") == 2


def test_a_worker_has_no_port_no_targets_and_no_request_count(recorded: Recorder) -> None:
    build(recorded, {"port": None}, target=None)
    service = recorded.one("aws:ecs/service:Service").inputs
    assert not {"loadBalancers", "healthCheckGracePeriodSeconds", "serviceRegistries"} & service.keys()
    assert container(recorded)["portMappings"] == []
    assert {name for name, _ in recorded.of("aws:appautoscaling/policy:Policy")} == {
        "api-scaling-cpu",
        "api-scaling-memory",
    }


@pytest.mark.requirement("LWO-CMP-06")
@pytest.mark.parametrize("checked", [True, False])
def test_the_container_is_checked_from_inside_when_the_settings_say_how(recorded: Recorder, checked: bool) -> None:
    build(recorded, {"health": {"command": ["/bin/ok", "--fast"]}} if checked else {})
    assert container(recorded).get("healthCheck") == (
        {"command": ["CMD", "/bin/ok", "--fast"], "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 60}
        if checked
        else None
    )


@pytest.mark.requirement("LWO-CMP-07", "OMN-CMP-01")
def test_tasks_enter_the_discovery_as_they_start(recorded: Recorder) -> None:
    build(recorded, discovery_arn="arn:discovery")
    assert recorded.one("aws:ecs/service:Service").inputs["serviceRegistries"] == {"registryArn": "arn:discovery"}


@pytest.mark.requirement("LWO-CMP-09", "LWO-OBS-11")
def test_a_collector_takes_traces_on_localhost_and_is_as_closed_as_the_container(recorded: Recorder) -> None:
    build(recorded, {"tracing": True}, collector_image="public.ecr.aws/x/collector:v1")
    application, collector = json.loads(recorded.one(TASK).inputs["containerDefinitions"])
    variables = {item["name"]: item["value"] for item in application["environment"]}
    assert variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://localhost:4318"
    assert (collector["image"], collector["essential"]) == ("public.ecr.aws/x/collector:v1", False)
    for name in ("readonlyRootFilesystem", "privileged", "linuxParameters", "logConfiguration"):
        assert collector[name] == application[name]
    assert not collector["user"].startswith("0")
    ((name, configured),) = [(item["name"], json.loads(item["value"])) for item in collector["environment"]]
    assert name == "AOT_CONFIG_CONTENT"
    assert configured["exporters"] == {"awsxray": {"region": "ca-central-1"}}
    protocols = configured["receivers"]["otlp"]["protocols"]
    assert {protocol["endpoint"].partition(":")[0] for protocol in protocols.values()} == {"localhost"}


@pytest.mark.requirement("LWO-CMP-09")
def test_tracing_is_off_unless_asked_for(recorded: Recorder) -> None:
    build(recorded)
    assert container(recorded)["name"] == "api"
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in json.dumps(container(recorded))


@pytest.mark.requirement("LWO-CMP-02", "LWO-CMP-03", "LWO-TAG-01")
def test_service_family_and_repository_may_each_have_a_recorded_name(recorded: Recorder) -> None:
    names = {"service/api": "api-prod", "repository/api": "life-world-os-api"}
    naming = NamingSettings(environment="prod", resource="{system}-{part}-{environment}", names=names)
    service = build(recorded, scope=scope(naming=naming))
    assert recorded.one("aws:ecs/service:Service").inputs["name"] == service.name == "api-prod"
    assert recorded.one(TASK).inputs["family"] == "berthcare-api-prod"
    assert container(recorded)["image"].endswith("/life-world-os-api:1.0.0")


@pytest.mark.requirement("LWO-CMP-10")
def test_an_image_may_come_from_a_shared_repository(recorded: Recorder) -> None:
    build(recorded, {"repository": "shared/api"})
    assert container(recorded)["image"].endswith(".amazonaws.com/shared/api:1.0.0")


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ValueError, match="target: want one for a service with a port and paths only"):
        args(target=None)
    with pytest.raises(ValueError, match="target: want one"):
        args({"port": None})
    with pytest.raises(ValueError, match="collector_image: want one"):
        args({"tracing": True})
    with pytest.raises(ValueError, match="discovery_arn: want none"):
        args({"port": None}, target=None, discovery_arn="arn:discovery")


def test_a_variable_that_is_also_a_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="got twice: DATABASE_PASSWORD"):
        args(environment={"DATABASE_PASSWORD": "plain"})


def test_the_clusters_metrics_have_an_encrypted_group_before_ecs_makes_one(recorded: Recorder) -> None:
    settings = ComputeSettings.model_validate({"services": {"api": {"image": "1.0.0", "port": 8080}}})
    cluster_args = ClusterArgs(scope=scope(), settings=settings, logs_kms_key_arn=KEY_ARN)
    cluster: Cluster = recorded.run(lambda: Cluster("cluster", cluster_args))
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == "/aws/ecs/containerinsights/berthcare-staging-services/performance"
    assert group.inputs["kmsKeyId"] == KEY_ARN
    found = recorded.one("aws:ecs/cluster:Cluster")
    assert found.inputs["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    assert group.urn in found.dependencies
    assert cluster.name == "berthcare-staging-services"
