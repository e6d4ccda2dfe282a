"""Settings of the application: Fargate services and their image repositories, Lambda functions."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import SECRET_NAME, LogRetentionDays, Section
from settings.functions import FunctionName, FunctionSettings
from settings.secrets import SecretReference

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


class ServiceSettings(Section):
    """One Fargate service behind the load balancer (BER-CMP-01)."""

    image: Annotated[
        str, Field(pattern=r"^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$", examples=["2026.11.1"])
    ]
    """Version to run from the service's own repository: an immutable tag, or a digest `sha256:…`."""
    port: Annotated[int, Field(ge=1, le=65_535)]
    """Port the container listens on, HTTP (BER-N22)."""
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
    paths: Annotated[
        tuple[Annotated[str, Field(pattern=r"^/[!-~]{0,127}$")], ...], Field(min_length=1, max_length=4)
    ] = ("/*",)
    """Path patterns of the requests this service gets, at most four."""
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
    scaling: ScalingSettings = ScalingSettings()
    """Automatic number of tasks."""
    log_days: LogRetentionDays = 365
    """Days the container's output is kept (ALL-10)."""

    @model_validator(mode="after")
    def _offered(self) -> Self:
        problems: list[str] = []
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


class RegistrySettings(Section):
    """Image repositories, one per service: immutable tags, scanned, encrypted with the customer key."""

    keep_images: Annotated[int, Field(ge=1, le=1000)] = 30
    """Newest images kept in each repository."""
    untagged_days: Annotated[int, Field(ge=1, le=365)] = 7
    """Days an image without a tag is kept."""


class ComputeSettings(Section):
    """Fargate cluster, services and repositories (BER-CMP-01); Lambda functions (MSP-CMP-01)."""

    services: dict[ServiceName, ServiceSettings] = Field(default_factory=dict)
    """Name → Fargate service."""
    functions: dict[FunctionName, FunctionSettings] = Field(default_factory=dict)
    """Name → Lambda function."""
    container_insights: ContainerInsights = ContainerInsights.ENHANCED
    """Detail of the cluster's metrics: `enabled` or `enhanced`."""
    insights_days: LogRetentionDays = 365
    """Days the log group behind the cluster's metrics is kept."""
    registry: RegistrySettings = RegistrySettings()
    """Image repositories."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.services or self.functions):
            raise ValueError("services, functions: expected one or more of them")
        return self

    @model_validator(mode="after")
    def _one_order(self) -> Self:
        taken: dict[int, str] = {}
        for name, service in self.services.items():
            other = taken.setdefault(service.priority, name)
            if other != name:
                raise ValueError(f"services.{name}.priority: {service.priority} is already taken by {other}")
        return self
