"""Fargate cluster and services."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.registry import image_address, repository_name
from components.scope import DataClass, Scope
from settings.compute import COLLECTOR, ComputeSettings, ServiceSettings

# Where the collector listens: the task's own network, which containers share (Amazon ECS: task networking)
_TRACES_ADDRESS = "http://localhost:4318"


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """Inputs of `Cluster`.   logs_kms_key_arn: key of the log group behind the cluster's metrics."""

    scope: Scope
    settings: ComputeSettings
    logs_kms_key_arn: pulumi.Input[str]


class Cluster(pulumi.ComponentResource):
    """ECS cluster with Container Insights, whose log group exists before ECS would create one without key and end.

    Source: Amazon ECS Developer Guide, "Container Insights"; 45 CFR 164.312(b).
    """

    name: str  # physical name, known in advance
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:service:Cluster", name, {}, opts)
        from pulumi_aws import cloudwatch, ecs

        scope = args.scope
        self.name = scope.name("services")
        group_name = f"/aws/ecs/containerinsights/{self.name}/performance"
        group = cloudwatch.LogGroup(
            f"{name}-insights",
            name=group_name,
            retention_in_days=args.settings.insights_days,
            kms_key_id=args.logs_kms_key_arn,
            tags=scope.tagged(DataClass.INTERNAL, group_name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        cluster = ecs.Cluster(
            f"{name}-cluster",
            name=self.name,
            settings=[{"name": "containerInsights", "value": args.settings.container_insights.value}],
            tags=scope.tagged(DataClass.INTERNAL, self.name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
        )
        self.arn = cluster.arn
        self.register_outputs({"arn": self.arn})


@dataclass(frozen=True, kw_only=True)
class SecretValue:
    """A value in Secrets Manager.   arn: of the secret.   key: name in its JSON; None: its whole text is the value."""

    arn: pulumi.Input[str]
    key: str | None


@dataclass(frozen=True, kw_only=True)
class Target:
    """Target group of a service.

    arn: known once a listener forwards to it, as ECS demands.
    load_balancer_arn_suffix, arn_suffix: name the pair in the metric that counts requests per task.
    """

    arn: pulumi.Input[str]
    load_balancer_arn_suffix: pulumi.Input[str]
    arn_suffix: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """Inputs of `Service`.

    service: its name.   cluster_name, cluster_arn: where it runs.
    subnet_ids: private subnets, zone → id.   security_group_id: of the tasks.
    execution_role_arn: pulls the image, reads the secrets, writes logs.   task_role_arn: the application's own.
    target: where tasks register; None for a service the load balancer sends nothing to.
    discovery_arn: its entry in Cloud Map, or None.   collector_image: collector of a service with tracing.
    logs_kms_key_arn: key of the log group.   secrets: variable → value in Secrets Manager.
    environment: variables beside those of the settings, such as addresses of database and buckets.
    """

    scope: Scope
    settings: ServiceSettings
    service: str
    cluster_name: str
    cluster_arn: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    execution_role_arn: pulumi.Input[str]
    task_role_arn: pulumi.Input[str]
    target: Target | None = None
    discovery_arn: pulumi.Input[str] | None = None
    collector_image: str | None = None
    logs_kms_key_arn: pulumi.Input[str]
    secrets: Mapping[str, SecretValue] = field(default_factory=dict[str, SecretValue])
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])

    def __post_init__(self) -> None:
        twice = sorted({*self.secrets} & {*self.environment, *self.settings.environment})
        if twice:
            raise ValueError(f"secrets, environment: want different names, got twice: {', '.join(twice)}")
        if self.settings.routed != (self.target is not None):
            raise ValueError(f"target: want one for a service with a port and paths only, got {self.target}")
        if self.settings.tracing and self.collector_image is None:
            raise ValueError("collector_image: want one for a service with tracing, got none")
        if self.discovery_arn is not None and self.settings.port is None:
            raise ValueError("discovery_arn: want none for a service without a port")


class Service(pulumi.ComponentResource):
    """A Fargate service in private subnets: read-only root, no root user, no capabilities, no shell into tasks.

    A deployment that does not become healthy is rolled back; the number of tasks follows CPU, memory and requests.
    Raises ValueError (from ServiceArgs) before anything is registered.
    Tasks keep nothing on disks that outlive them (LWO-STO-01) and spread over the zones (LWO-DR-05).
    Source: BER-CMP-01, LWO-CMP-02 to 09; 45 CFR 164.312(a)(1), 164.312(b);
    Amazon ECS Developer Guide, "Fargate security".
    """

    name: str  # physical name, known in advance
    log_group_name: str
    task_definition_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:service:Service", name, {}, opts)
        from pulumi_aws import cloudwatch, ecs

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        self.name = scope.name(args.service, kind="service")
        family = scope.name(args.service, kind="family")
        self.log_group_name = f"/{scope.system}/{scope.environment}/{args.service}"
        group = cloudwatch.LogGroup(
            f"{name}-logs",
            name=self.log_group_name,
            retention_in_days=settings.log_days,
            kms_key_id=args.logs_kms_key_arn,
            tags=scope.tagged(DataClass.PHI, self.log_group_name),
            opts=child,
        )
        task = ecs.TaskDefinition(
            f"{name}-task",
            family=family,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(settings.cpu_units),
            memory=str(settings.memory_mib),
            runtime_platform={
                "operating_system_family": "LINUX",
                "cpu_architecture": settings.architecture.value,
            },
            execution_role_arn=args.execution_role_arn,
            task_role_arn=args.task_role_arn,
            container_definitions=pulumi.Output.json_dumps(
                [self._container(args), *([self._collector(args)] if settings.tracing else [])]
            ),
            volumes=[{"name": volume} for volume in _volumes(settings.writable_paths)],
            skip_destroy=True,  # earlier revisions stay usable, for ECS's own rollback and `phi release` (LWO-DR-02)
            tags=scope.tagged(DataClass.PHI, family),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
        )
        service = ecs.Service(
            f"{name}-service",
            name=self.name,
            cluster=args.cluster_arn,
            task_definition=task.arn,
            desired_count=settings.desired_tasks,
            launch_type="FARGATE",
            platform_version="LATEST",
            enable_execute_command=False,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            availability_zone_rebalancing="ENABLED",
            health_check_grace_period_seconds=None if args.target is None else settings.health_grace_seconds,
            network_configuration={
                "subnets": [*args.subnet_ids.values()],
                "security_groups": [args.security_group_id],
                "assign_public_ip": False,
            },
            load_balancers=[
                {
                    "target_group_arn": args.target.arn,
                    "container_name": args.service,
                    "container_port": settings.port,
                }
            ]
            if args.target is not None and settings.port is not None
            else None,
            service_registries=None if args.discovery_arn is None else {"registry_arn": args.discovery_arn},
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            tags=scope.tagged(DataClass.PHI, self.name),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["desiredCount"]),  # autoscaling owns it
        )
        self._scaling(name, args, service)
        self.task_definition_arn = task.arn
        self.register_outputs({"task_definition_arn": self.task_definition_arn})

    def _container(self, args: ServiceArgs) -> dict[str, object]:
        """The container as ECS and JSON name it; every list is sorted so that it never differs without a reason."""
        settings = args.settings
        variables = {**settings.environment, **args.environment}
        if settings.tracing:
            variables |= {"OTEL_EXPORTER_OTLP_ENDPOINT": _TRACES_ADDRESS, "OTEL_SERVICE_NAME": self.name}
        repository = repository_name(args.scope, args.service, settings.repository)
        return {
            "name": args.service,
            "image": image_address(args.scope, repository, settings.image),
            "essential": True,
            "user": settings.user,
            "privileged": False,
            "readonlyRootFilesystem": True,
            "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
            "stopTimeout": settings.stop_seconds,
            "portMappings": []
            if settings.port is None
            else [{"containerPort": settings.port, "hostPort": settings.port, "protocol": "tcp"}],
            **_health(settings),
            "mountPoints": [
                {"sourceVolume": volume, "containerPath": path, "readOnly": False}
                for volume, path in _volumes(settings.writable_paths).items()
            ],
            "environment": [{"name": key, "value": variables[key]} for key in sorted(variables)],
            "secrets": [
                {
                    "name": key,
                    "valueFrom": pulumi.Output.concat(value.arn, "" if value.key is None else f":{value.key}::"),
                }
                for key, value in sorted(args.secrets.items())
            ],
            "logConfiguration": self._output(args),
        }

    def _collector(self, args: ServiceArgs) -> dict[str, object]:
        """The collector beside the container: traces in over localhost, out to X-Ray as the task's role.

        The task lives on when it fails. Source: AWS Distro for OpenTelemetry, "Setting up the collector in ECS".
        """
        return {
            "name": COLLECTOR,
            "image": args.collector_image,
            "essential": False,
            "user": "4317:4317",
            "privileged": False,
            "readonlyRootFilesystem": True,
            "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
            "portMappings": [],
            "mountPoints": [],
            "environment": [{"name": "AOT_CONFIG_CONTENT", "value": json.dumps(_traces(args.scope.region))}],
            "secrets": [],
            "logConfiguration": self._output(args),
        }

    def _output(self, args: ServiceArgs) -> dict[str, object]:
        return {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": self.log_group_name,
                "awslogs-region": args.scope.region,
                "awslogs-stream-prefix": args.service,
                "mode": "blocking",  # the other mode drops what does not fit into its buffer
            },
        }

    def _scaling(self, name: str, args: ServiceArgs, service: pulumi.Resource) -> None:
        from pulumi_aws import appautoscaling
        from pulumi_aws.appautoscaling import (
            PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgsDict as Specification,
        )

        settings, targets = args.settings, args.settings.scaling
        target = appautoscaling.Target(
            f"{name}-capacity",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{args.cluster_name}/{self.name}",
            min_capacity=settings.min_tasks,
            max_capacity=settings.max_tasks,
            tags=args.scope.tagged(DataClass.INTERNAL, self.name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[service]),
        )
        metrics: dict[str, tuple[str, int]] = {
            "cpu": ("ECSServiceAverageCPUUtilization", targets.cpu_percent),
            "memory": ("ECSServiceAverageMemoryUtilization", targets.memory_percent),
        }
        if targets.requests_per_target is not None and args.target is not None:
            metrics["requests"] = ("ALBRequestCountPerTarget", targets.requests_per_target)
        for measure, (metric, value) in metrics.items():
            specification: Specification = {"predefined_metric_type": metric}
            if measure == "requests" and args.target is not None:
                specification["resource_label"] = pulumi.Output.concat(
                    args.target.load_balancer_arn_suffix, "/", args.target.arn_suffix
                )
            appautoscaling.Policy(
                f"{name}-scaling-{measure}",
                name=f"{self.name}-{measure}",
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                target_tracking_scaling_policy_configuration={
                    "predefined_metric_specification": specification,
                    "target_value": value,
                    "scale_out_cooldown": targets.scale_out_cooldown_seconds,
                    "scale_in_cooldown": targets.scale_in_cooldown_seconds,
                },
                opts=pulumi.ResourceOptions(parent=self),
            )


def _health(settings: ServiceSettings) -> dict[str, object]:
    """The container's health check, as ECS and JSON name it (LWO-CMP-06)."""
    health = settings.health
    if health is None:
        return {}
    return {
        "healthCheck": {
            "command": ["CMD", *health.command],
            "interval": health.interval_seconds,
            "timeout": health.timeout_seconds,
            "retries": health.retries,
            "startPeriod": health.start_seconds,
        }
    }


def _traces(region: str) -> dict[str, object]:
    """What the collector does: nothing but hand traces on (AWS Distro for OpenTelemetry, X-Ray exporter)."""
    return {
        "receivers": {
            "otlp": {
                "protocols": {"grpc": {"endpoint": "localhost:4317"}, "http": {"endpoint": "localhost:4318"}},
            }
        },
        "processors": {
            "batch/traces": {"timeout": "1s", "send_batch_size": 50},
            "resourcedetection": {"detectors": ["env", "ecs"]},
        },
        "exporters": {"awsxray": {"region": region}},
        "service": {
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["resourcedetection", "batch/traces"],
                    "exporters": ["awsxray"],
                }
            }
        },
    }


def _volumes(paths: Sequence[str]) -> dict[str, str]:
    """Volume name → path in the container."""
    return {path.strip("/").replace("/", "-").replace(".", "_"): path for path in paths}
