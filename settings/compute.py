"""Settings of the application: Fargate services and their repositories, EC2 instances, Lambda functions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import SECRET_NAME, DomainName, LogRetentionDays, Section
from settings.database import Identifier
from settings.fleet import FleetSettings
from settings.functions import FunctionName, FunctionSettings
from settings.secrets import SecretReference
from settings.targets import TargetSettings

FARGATE_MEMORY_MIB: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16_384 + 1, 1024)),
    4096: tuple(range(8192, 30_720 + 1, 1024)),
    8192: tuple(range(16_384, 61_440 + 1, 4096)),
    16_384: tuple(range(32_768, 122_880 + 1, 8192)),
}
"""Memory sizes Fargate offers for each CPU size (Amazon ECS Developer Guide: task CPU and memory)."""

MOST_RULE_VALUES = 5
"""Values in the conditions of one rule of a load balancer (Elastic Load Balancing quotas)."""

FLEET = "fleet"
"""What the fleet is called among the load balancer's targets; no service may have the name."""

ServiceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=20, examples=["api"])]
"""A service's name; part of every name it has."""

EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Architecture(StrEnum):
    """Processor the image is built for."""

    X86_64 = "X86_64"
    ARM64 = "ARM64"


class ContainerInsights(StrEnum):
    """Detail of the cluster's metrics."""

    ENABLED = "enabled"
    ENHANCED = "enhanced"


class ScalingSettings(Section):
    """Targets the number of tasks is steered to; each adds tasks above its target and removes them below."""

    cpu_percent: Annotated[int, Field(ge=10, le=95)] = 70
    """Average CPU of the service, percent of what its tasks reserve."""
    memory_percent: Annotated[int, Field(ge=10, le=95)] = 75
    """Average memory of the service, percent of what its tasks reserve."""
    requests_per_target: Annotated[int, Field(ge=1)] | None = 1000
    """Requests per minute and task; null: not a measure."""
    scale_out_cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    """Seconds to wait after adding tasks."""
    scale_in_cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """Seconds to wait after removing tasks."""


class ContainerHealthSettings(Section):
    """How ECS finds out, inside the task, whether the container works (LWO-CMP-06)."""

    command: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """Program in the image and its arguments; it ends with 0 when all is well. No shell is put in between."""
    interval_seconds: Annotated[int, Field(ge=5, le=300)] = 30
    """Seconds between two runs."""
    timeout_seconds: Annotated[int, Field(ge=2, le=60)] = 5
    """Seconds after which a run counts as failed."""
    retries: Annotated[int, Field(ge=1, le=10)] = 3
    """Failures in a row until the task is replaced."""
    start_seconds: Annotated[int, Field(ge=0, le=300)] = 60
    """Seconds after the start in which failures do not count."""


ImageVersion = Annotated[
    str, Field(pattern=r"^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$", examples=["2026.11.1"])
]


class ServiceSettings(Section):
    """One Fargate service, behind the load balancer or for itself (BER-CMP-01, LWO-CMP-02)."""

    image: ImageVersion
    """Version to run from the service's own repository: an immutable tag, or a digest `sha256:…`."""
    repository: (
        Annotated[
            str, Field(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$", min_length=2, max_length=256, examples=["clinic-api"])
        ]
        | None
    ) = None
    """Image repository of this account and region that exists already, as one shared with another stack does
    (LWO-CMP-10); scanning and lifecycle are then that stack's. Absent: one is made."""
    port: Annotated[int, Field(ge=1, le=65_535)] | None
    """Port the container listens on, HTTP (BER-N22); null for a worker, which nothing connects to."""
    cpu_units: int = 512
    """CPU of one task: 256, 512, 1024, 2048, 4096, 8192 or 16384 units; 1,024 are one vCPU."""
    memory_mib: int = 1024
    """Memory of one task, MiB; Fargate offers certain sizes for each CPU size."""
    architecture: Architecture = Architecture.X86_64
    """Processor the image is built for."""
    min_tasks: Annotated[int, Field(ge=1, le=1000)] = 2
    """Fewest tasks."""
    desired_tasks: Annotated[int, Field(ge=1, le=1000)] = 2
    """Tasks at the first deployment; autoscaling decides afterwards."""
    max_tasks: Annotated[int, Field(ge=1, le=1000)] = 10
    """Most tasks."""
    health_path: Annotated[str, Field(pattern=r"^/[!-~]{0,1023}$")] = "/health"
    """Path the load balancer asks for; a healthy task answers 200."""
    health_grace_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    """Seconds a new task may take until failed health checks count."""
    stop_seconds: Annotated[int, Field(ge=2, le=120)] = 30
    """Seconds a task has between SIGTERM and SIGKILL, and the load balancer to drain it."""
    health: ContainerHealthSettings | None = None
    """Health check inside the task, beside the load balancer's (LWO-CMP-06); absent: none."""
    paths: Annotated[tuple[Annotated[str, Field(pattern=r"^/[!-~]{0,127}$")], ...], Field(max_length=4)] = ("/*",)
    """Path patterns of the requests this service gets from the load balancer, at most four; empty: none, so that only
    other services reach it. Nothing without a port."""
    hosts: Annotated[tuple[DomainName, ...], Field(max_length=4)] = ()
    """Hosts of the requests this service gets, of `edge.domain`; empty: any. Five patterns and hosts at most."""
    priority: Annotated[int, Field(ge=1, le=50_000)] = 100
    """Order in which the load balancer compares `paths`: lowest first, different for every service."""
    user: Annotated[str, Field(pattern=r"^[1-9]\d*(:[1-9]\d*)?$")] = "1000:1000"
    """Numeric user (and group) the container runs as; never root."""
    writable_paths: tuple[Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._-]+)+$")], ...] = ("/tmp",)  # noqa: S108
    """Directories of the container that may be written, on storage that ends with the task; the rest is read-only.
    Fargate keeps the owner an image gives a directory only when the image declares it with `VOLUME`."""
    environment: dict[EnvironmentName, str] = Field(default_factory=dict)
    """Variables of the container, name → value; values that are no secrets."""
    secrets: dict[EnvironmentName, SecretReference] = Field(default_factory=dict)
    """Variables whose value a task reads from Secrets Manager when it starts: name → `path` of a secret under
    `secrets`, or `path#field` where it has fields (LWO-IAM-05)."""
    tracing: bool = False
    """Whether a collector beside the container sends its traces to X-Ray (LWO-CMP-09); the application hands them to
    it by OpenTelemetry's protocol, at the address in `OTEL_EXPORTER_OTLP_ENDPOINT`."""
    scaling: ScalingSettings = ScalingSettings()
    """Automatic number of tasks."""
    log_days: LogRetentionDays = 365
    """Days the container's output is kept (ALL-10)."""

    @property
    def routed(self) -> bool:
        """Whether the load balancer sends requests to it."""
        return self.port is not None and bool(self.paths)

    @model_validator(mode="after")
    def _offered(self) -> Self:
        problems: list[str] = []
        if self.port is None:
            problems += [
                f"{key}: expected nothing without a port"
                for key in ("paths", "hosts")
                if key in self.model_fields_set and getattr(self, key)
            ]
        elif self.hosts and not self.paths:
            problems.append("hosts: expected nothing without paths")
        elif len(self.paths) + len(self.hosts) > MOST_RULE_VALUES:
            problems.append(
                f"paths, hosts: expected {MOST_RULE_VALUES} or fewer together, "
                f"found {len(self.paths) + len(self.hosts)}"
            )
        sizes = FARGATE_MEMORY_MIB.get(self.cpu_units)
        if sizes is None:
            expected = ", ".join(map(str, FARGATE_MEMORY_MIB))
            problems.append(f"cpu_units: expected one of {expected}, found {self.cpu_units}")
        elif self.memory_mib not in sizes:
            expected = ", ".join(map(str, sizes))
            problems.append(
                f"memory_mib: with {self.cpu_units} CPU units expected one of {expected}, found {self.memory_mib}"
            )
        if not self.min_tasks <= self.desired_tasks <= self.max_tasks:
            found = f"{self.min_tasks}, {self.desired_tasks}, {self.max_tasks}"
            problems.append(f"min_tasks, desired_tasks, max_tasks: expected rising numbers, found {found}")
        problems.extend(
            f"environment.{name}: looks like a secret; give it through Secrets Manager"
            for name in self.environment
            if SECRET_NAME.search(name)
        )
        problems.extend(
            f"secrets.{name}: expected a name that environment does not use, found {name}"
            for name in self.secrets
            if name in self.environment
        )
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def target_type(self) -> str:
        """Tasks register with the load balancer by their address."""
        return "ip"


class RegistrySettings(Section):
    """Image repositories, one per service: immutable tags, scanned, encrypted with the customer key."""

    keep_images: Annotated[int, Field(ge=1, le=1000)] = 30
    """Newest images kept in each repository."""
    untagged_days: Annotated[int, Field(ge=1, le=365)] = 7
    """Days an image without a tag is kept."""


class DiscoverySettings(Section):
    """Names by which services find each other: `<service>.<namespace>`, inside the VPC only (LWO-CMP-07)."""

    namespace: DomainName
    """Private DNS namespace, for example `clinic.internal`. Default: `<system>.internal`."""
    ttl_seconds: Annotated[int, Field(ge=1, le=300)] = 10
    """Seconds an answer may be kept, and so the time until a stopped task is no longer asked."""


COLLECTOR = "collector"
"""Name of the trace collector's repository, and of its container."""


class CollectorSettings(Section):
    """The collector beside containers with `tracing`: AWS Distro for OpenTelemetry (LWO-CMP-09, LWO-OBS-11)."""

    image: ImageVersion = "v0.45.1"
    """Version to run from the stack's repository `collector`. Copy it there from
    `public.ecr.aws/aws-observability/aws-otel-collector`: what runs beside patient data comes from an own registry."""


class ComputeSettings(Section):
    """Fargate services (BER-CMP-01), a fleet of EC2 instances (FAC-CMP-01), Lambda functions (MSP-CMP-01)."""

    services: dict[ServiceName, ServiceSettings] = Field(default_factory=dict)
    """Name → Fargate service."""
    functions: dict[FunctionName, FunctionSettings] = Field(default_factory=dict)
    """Name → Lambda function."""
    fleet: FleetSettings | None = None
    """EC2 instances; absent: none."""
    container_insights: ContainerInsights = ContainerInsights.ENHANCED
    """Detail of the cluster's metrics: `enabled` or `enhanced`."""
    insights_days: LogRetentionDays = 365
    """Days the log group behind the cluster's metrics is kept."""
    registry: RegistrySettings = RegistrySettings()
    """Image repositories."""
    discovery: DiscoverySettings | None = None
    """Private names of the services, and the way between them; absent: services do not reach each other."""
    collector: CollectorSettings = CollectorSettings()
    """Collector of the services with `tracing: true`."""
    database_user: Identifier | None = None
    """PostgreSQL user as which tasks may sign in with a short-lived IAM token instead of a password (LWO-N07); a
    member of the role `rds_iam`. Absent: they may not."""

    @property
    def traced(self) -> bool:
        """Whether a service has a collector beside it."""
        return any(service.tracing for service in self.services.values())

    @property
    def routed(self) -> dict[str, ServiceSettings]:
        """Services the load balancer sends requests to."""
        return {name: service for name, service in self.services.items() if service.routed}

    @property
    def targets(self) -> Mapping[str, TargetSettings]:
        """Everything the load balancer sends requests to, by name."""
        found: dict[str, TargetSettings] = {**self.routed}
        return found if self.fleet is None else {**found, FLEET: self.fleet}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.services or self.functions or self.fleet):
            raise ValueError("services, functions, fleet: expected one or more of them")
        if FLEET in self.services:
            raise ValueError(f"services.{FLEET}: the name is the fleet's own; choose another")
        if self.traced and COLLECTOR in self.services:
            raise ValueError(f"services.{COLLECTOR}: the name is the trace collector's own; choose another")
        return self

    @model_validator(mode="after")
    def _one_order(self) -> Self:
        taken: dict[int, str] = {}
        for name, target in self.targets.items():
            other = taken.setdefault(target.priority, name)
            if other != name:
                path = name if name == FLEET else f"services.{name}"
                raise ValueError(f"{path}.priority: {target.priority} is already taken by {other}")
        return self
