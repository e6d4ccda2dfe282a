"""Settings of an application on EC2: its instances, their number, what runs on them, how releases reach them."""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from settings.base import SECRET_NAME, LogRetentionDays, Section
from settings.instances import ImageParameter, InstanceType, require_one_processor
from settings.storage import BucketPurpose

Percent = Annotated[int, Field(ge=1, le=100)]
Minutes = Annotated[int, Field(ge=1, le=60)]
Cooldown = Annotated[int, Field(ge=0, le=3600)]


_MIRROR = "https://mirrors.edge.kernel.org/ubuntu"  # amd64 only


class FleetScalingSettings(Section):
    """When the fleet grows or shrinks by one instance (FAC-CMP-05, FAC-CMP-06, FAC-CMP-07)."""

    cpu_high_percent: Percent = 70
    """Average CPU of the group above which an instance is added."""
    cpu_high_minutes: Minutes = 5
    """Minutes in a row above `cpu_high_percent`."""
    cpu_low_percent: Percent = 30
    """Average CPU of the group below which an instance is removed."""
    cpu_low_minutes: Minutes = 10
    """Minutes in a row below `cpu_low_percent`."""
    requests_per_target: Annotated[int, Field(ge=1)] | None = 1000
    """Requests per minute and instance above which an instance is added; null: not a measure."""
    requests_minutes: Minutes = 1
    """Minutes in a row above `requests_per_target`."""
    scale_out_cooldown_seconds: Cooldown = 300
    """Seconds to wait after adding an instance."""
    scale_in_cooldown_seconds: Cooldown = 600
    """Seconds to wait after removing an instance."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.cpu_low_percent >= self.cpu_high_percent:
            raise ValueError(
                f"cpu_low_percent: expected less than cpu_high_percent ({self.cpu_high_percent}), "
                f"found {self.cpu_low_percent}"
            )
        return self


class RuntimeSettings(Section):
    """What an instance installs when it first starts, and tells the application (FAC-CMP-08, FAC-CMP-13, FAC-N26)."""

    node_major: Literal[20, 22, 24] = 22
    """Major version of Node.js; 20 is out of support since 30 April 2026 (FAC-N22)."""
    pm2_major: Annotated[int, Field(ge=5, le=9)] = 6
    """Major version of PM2, which keeps the application's processes running."""
    package_mirror: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(/[A-Za-z0-9._-]+)*/?$")] = _MIRROR
    """Ubuntu mirror that answers over HTTPS; Ubuntu's own answer on port 80 only, which stays closed (FAC-N26).
    Packages for arm64 are in mirrors of `ubuntu-ports` only."""
    environment: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] = Field(default_factory=dict)
    """Variables of the application, name → value; values that are no secrets. Error tracking (FAC-IAM-14, FAC-OBS-16):
    SENTRY_ENVIRONMENT and SENTRY_TRACES_SAMPLE_RATE here, the address with its key in `secrets.supplied`."""

    @model_validator(mode="after")
    def _no_secrets(self) -> Self:
        for name, value in self.environment.items():
            if SECRET_NAME.search(name):
                raise ValueError(f"environment.{name}: looks like a secret; give it through Secrets Manager")
            if not value.isprintable():
                raise ValueError(f"environment.{name}: expected one line of text")
        return self


class MetricsSettings(Section):
    """The application's own metrics, the only ones its instances may write (FAC-N08, FAC-N30)."""

    namespace: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/#:-]{1,255}$", examples=["Clinic/Imports"])] | None = None
    """Namespace of the metrics. Default: `<system>/application`."""
    queue_metric: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/#:-]{1,255}$")] = "QueueLength"
    """Metric that counts waiting jobs (FAC-OBS-07)."""

    @model_validator(mode="after")
    def _own(self) -> Self:
        if self.namespace is not None and self.namespace.startswith("AWS/"):
            raise ValueError("namespace: expected a name that does not begin with AWS/, which AWS keeps for itself")
        return self


class RefreshSettings(Section):
    """Monthly replacement of every instance by one of the newest image, the way patches arrive (FAC-CMP-15)."""

    day: Annotated[int, Field(ge=1, le=28)] = 1
    """Day of the month, 1 to 28."""
    hour: Annotated[int, Field(ge=0, le=23)] = 8
    """Hour of the day it begins, UTC."""
    min_healthy_percent: Annotated[int, Field(ge=50, le=100)] = 100
    """Share of the desired instances that keep serving meanwhile."""
    max_healthy_percent: Annotated[int, Field(ge=101, le=200)] = 150
    """Most instances meanwhile, percent of the desired ones: new ones start before old ones go."""

    @model_validator(mode="after")
    def _near(self) -> Self:
        if self.max_healthy_percent - self.min_healthy_percent > 100:
            raise ValueError(
                f"max_healthy_percent: expected at most 100 above min_healthy_percent ({self.min_healthy_percent}), "
                f"found {self.max_healthy_percent}"
            )
        return self


class Pace(StrEnum):
    """How many instances of the fleet get a release at the same time."""

    ONE = "CodeDeployDefault.OneAtATime"
    HALF = "CodeDeployDefault.HalfAtATime"


class ReleaseSettings(Section):
    """CodeDeploy: releases in place, a part of the fleet at a time, without downtime (FAC-OPS-04, FAC-OPS-07).

    The application is named by the part `application`, see `naming.names`.
    """

    bucket: BucketPurpose = "deployments"
    """Purpose of the bucket that holds release archives (FAC-STO-03)."""
    group: Annotated[str, Field(pattern=r"^[A-Za-z0-9+=,.@_-]{1,100}$")] | None = None
    """Name of the deployment group. Default: the environment."""
    pace: Pace = Pace.ONE
    """`CodeDeployDefault.OneAtATime` or `CodeDeployDefault.HalfAtATime`."""
    rollback_alarms: Annotated[tuple[str, ...], Field(max_length=10)] = ("load-balancer-errors",)
    """Alarms that end a deployment and bring back the release before it, by the part of their name."""


class BucketAccess(StrEnum):
    """What the application may do with the objects of a bucket: all it needs, put only, or read only."""

    KEEP = "keep"
    DEPOSIT = "deposit"
    READ = "read"


class ModelService(StrEnum):
    """Where the language model is: nowhere, Amazon Bedrock in the home region, or a server of one's own."""

    NONE = "none"
    BEDROCK = "bedrock"
    ENDPOINT = "endpoint"


class ModelSettings(Section):
    """The language model the application asks (FAC-CMP-14); what it is asked may be health data (FAC-N18)."""

    service: ModelService = ModelService.NONE
    """`none`, `bedrock` or `endpoint`."""
    models: tuple[
        Annotated[str, Field(pattern=r"^[a-z0-9]+\.[A-Za-z0-9.:-]+$", examples=["vendor.model-v1:0"])], ...
    ] = ()
    """With `bedrock`: the models that may be asked, by id; only in the home region (ALL-15)."""
    url: Annotated[str, Field(max_length=500)] | None = None
    """With `endpoint`: where the server answers, `https://…`; plain HTTP is refused (FAC-N18)."""
    address: IPv4Address | None = None
    """With `endpoint`: its only address, the one the firewall opens the port of `url` to (FAC-NET-22)."""

    @property
    def port(self) -> int:
        """The port of the endpoint."""
        return 443 if self.url is None else urlsplit(self.url).port or 443

    @model_validator(mode="after")
    def _one(self) -> Self:
        problems: list[str] = []
        bedrock, endpoint = self.service is ModelService.BEDROCK, self.service is ModelService.ENDPOINT
        if bedrock != bool(self.models):
            problems.append(f"models: expected {'one or more' if bedrock else 'nothing'} with service {self.service}")
        for name, value in (("url", self.url), ("address", self.address)):
            if endpoint != (value is not None):
                expected = "one" if endpoint else "nothing"
                problems.append(f"{name}: expected {expected} with service {self.service}")
        if self.url is not None and not re.fullmatch(r"https://[a-z0-9.-]+(:\d{1,5})?(/[!-~]*)?", self.url):
            problems.append("url: expected https://<host>[:<port>][/<path>], because health data leaves only encrypted")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class FleetSettings(Section):
    """EC2 instances behind the load balancer, all alike and replaceable (FAC-CMP-01 to 09)."""

    instance_type: InstanceType = "t3.medium"
    """Size of an instance (FAC-CMP-02)."""
    image_parameter: ImageParameter = (
        "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    )
    """Image of the operating system, an Ubuntu; every new instance starts from the newest (FAC-CMP-03)."""
    min_instances: Annotated[int, Field(ge=1, le=100)] = 2
    """Fewest instances (FAC-CMP-04)."""
    desired_instances: Annotated[int, Field(ge=1, le=100)] = 2
    """Instances at the first deployment; scaling decides afterwards."""
    max_instances: Annotated[int, Field(ge=1, le=100)] = 6
    """Most instances."""
    volume_gib: Annotated[int, Field(ge=8, le=16_384)] = 30
    """Disk of an instance, encrypted gp3, GiB (FAC-CMP-09)."""
    port: Annotated[int, Field(ge=1024, le=65_535)] = 5000
    """Port the application listens on, HTTP (FAC-CMP-08)."""
    health_path: Annotated[str, Field(pattern=r"^/[!-~]{0,1023}$")] = "/api/health"
    """Path the load balancer asks for; a healthy instance answers 200. It decides who gets requests; an instance is
    only replaced when EC2 says it is broken, so that a database that is away does not cost every instance (FAC-N09)."""
    health_grace_seconds: Annotated[int, Field(ge=0, le=7200)] = 300
    """Seconds a new instance may take until its health counts, and until its metrics do."""
    stop_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    """Seconds the load balancer lets requests finish on an instance that goes."""
    paths: Annotated[
        tuple[Annotated[str, Field(pattern=r"^/[!-~]{0,127}$")], ...], Field(min_length=1, max_length=4)
    ] = ("/*",)
    """Path patterns of the requests the fleet gets, at most four."""
    priority: Annotated[int, Field(ge=1, le=50_000)] = 100
    """Order in which the load balancer compares `paths`: lowest first, different from every service's."""
    buckets: dict[BucketPurpose, BucketAccess] = Field(default_factory=dict)
    """Purpose of a bucket → what the application may do there: `keep` (read, write, delete, list), `deposit` (write),
    or `read` (read, list); no other bucket is open to it (FAC-IAM-01, FAC-N08)."""
    scaling: FleetScalingSettings = FleetScalingSettings()
    """Automatic number of instances."""
    runtime: RuntimeSettings = RuntimeSettings()
    """What an instance installs and tells the application."""
    metrics: MetricsSettings = MetricsSettings()
    """The application's own metrics."""
    refresh: RefreshSettings = RefreshSettings()
    """Monthly replacement of the instances."""
    release: ReleaseSettings = ReleaseSettings()
    """How releases reach the instances."""
    model: ModelSettings = ModelSettings()
    """The language model the application asks."""
    log_days: LogRetentionDays = 365
    """Days the application's log is kept (ALL-10)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.min_instances <= self.desired_instances <= self.max_instances:
            found = f"{self.min_instances}, {self.desired_instances}, {self.max_instances}"
            raise ValueError(f"min_instances, desired_instances, max_instances: expected rising numbers, found {found}")
        if self.buckets.get(self.release.bucket) is BucketAccess.DEPOSIT:
            raise ValueError(
                f"buckets.{self.release.bucket}: expected read or keep, as releases are read there, found deposit"
            )
        require_one_processor(self.instance_type, self.image_parameter)
        if "arm64" in self.image_parameter and self.runtime.package_mirror == _MIRROR:
            raise ValueError(f"runtime.package_mirror: expected a mirror of ubuntu-ports for arm64, found {_MIRROR}")
        return self

    @property
    def target_type(self) -> str:
        """Instances register with the load balancer by their id."""
        return "instance"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The fleet answers on every host of the domain."""
        return ()

    @property
    def bucket_access(self) -> dict[str, BucketAccess]:
        """Purpose → access in force: the CodeDeploy agent reads release archives, whatever else is said (FAC-N02)."""
        return {self.release.bucket: BucketAccess.READ, **self.buckets}
