"""Settings of the network: address space, zones, tiers, ways out."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import Field, model_validator

from settings.base import LogRetentionDays, PrivateCidr, Section, ZoneName

SMALLEST_PREFIX, LARGEST_PREFIX = 16, 28  # sizes of VPCs and subnets (Amazon VPC User Guide: VPC CIDR blocks)


class Tier(StrEnum):
    """Who may reach a subnet: the internet, the load balancer, only the application."""

    PUBLIC = "public"
    APPLICATION = "application"
    DATA = "data"
    CACHE = "cache"


class Nat(StrEnum):
    """How private subnets reach the internet."""

    NONE = "none"
    ONE = "one"
    PER_ZONE = "per-zone"


class Traffic(StrEnum):
    """Which packets flow logs record."""

    ALL = "ALL"
    ACCEPTED = "ACCEPT"
    REJECTED = "REJECT"


class FlowLogDestination(StrEnum):
    """Where flow logs go."""

    CLOUDWATCH = "cloudwatch"
    S3 = "s3"


class GatewayService(StrEnum):
    """Services with a gateway endpoint, which costs nothing."""

    S3 = "s3"
    DYNAMODB = "dynamodb"


class InterfaceService(StrEnum):
    """Services that may be reached through an interface endpoint instead of the internet."""

    AUTO_SCALING = "autoscaling"
    BACKUP = "backup"
    BEDROCK_RUNTIME = "bedrock-runtime"
    CODE_DEPLOY = "codedeploy"
    CODE_DEPLOY_AGENT = "codedeploy-commands-secure"
    EC2 = "ec2"
    ECR_API = "ecr.api"
    ECR_DKR = "ecr.dkr"
    ECS = "ecs"
    ECS_AGENT = "ecs-agent"
    ECS_TELEMETRY = "ecs-telemetry"
    ELASTIC_LOAD_BALANCING = "elasticloadbalancing"
    EVENTS = "events"
    KMS = "kms"
    LAMBDA = "lambda"
    LOGS = "logs"
    MONITORING = "monitoring"
    RDS = "rds"
    SECRETS_MANAGER = "secretsmanager"
    SNS = "sns"
    SQS = "sqs"
    SSM = "ssm"
    SSM_MESSAGES = "ssmmessages"
    EC2_MESSAGES = "ec2messages"
    STS = "sts"
    XRAY = "xray"


class TierSettings(Section):
    """Addresses of one tier's subnets, one subnet per zone."""

    prefix: Annotated[int, Field(ge=SMALLEST_PREFIX, le=LARGEST_PREFIX)] | None = None
    """Prefix length of each subnet, 16 to 28. Default: four more than the network's, so a /16 gives /20 (BER-N27)."""
    cidrs: Annotated[dict[ZoneName, IPv4Network], Field(min_length=1)] | None = None
    """Explicit CIDR of every zone's subnet, zone → CIDR, instead of computed ones."""

    @model_validator(mode="after")
    def _one_way(self) -> TierSettings:
        if self.prefix is not None and self.cidrs is not None:
            raise ValueError("prefix: expected nothing beside cidrs")
        return self


class NetworkSettings(Section):
    """A VPC over one or more availability zones (BER-NET-01 to 06, ALL-03)."""

    cidr: PrivateCidr = IPv4Network("10.0.0.0/16")
    """Address space of the VPC, a private network of /16 to /28."""
    zones: Annotated[tuple[ZoneName, ...], Field(min_length=1, max_length=6)]
    """Availability zones by full name. Default: zones a and b of the region."""
    public: TierSettings = TierSettings()
    """Subnets with a route to the internet gateway: load balancer and NAT gateways."""
    application: TierSettings = TierSettings()
    """Private subnets of the application; also of database and cache when there is no data tier (BER-N28)."""
    data: TierSettings | None = None
    """Isolated subnets of database and cache: no route to the internet, own network ACL. Absent: no such tier."""
    cache: TierSettings | None = None
    """Isolated subnets of the cache alone (FAC-NET-05); the data tier is then the database's. Absent: no such tier."""
    nat: Nat = Nat.PER_ZONE
    """NAT gateways of the application tier: none, one, or one per zone (BER-NET-04, MSP-NET-05)."""
    nat_count: Annotated[int, Field(ge=1, le=6)] | None = None
    """With `nat: per-zone`, how many zones have a gateway, in the order of `zones`; the others use the first zone's,
    whose failure cuts them off too (OMN-NET-05, OMN-N03). Default: all."""
    flow_log_traffic: Traffic = Traffic.ALL
    """Packets that flow logs record: ALL, ACCEPT or REJECT (FAC-N31). Evidence of access needs ALL."""
    flow_log_destination: FlowLogDestination = FlowLogDestination.CLOUDWATCH
    """`cloudwatch`: an encrypted log group that can be searched; `s3`: the bucket of access logs, cheaper (FAC-N31)."""
    flow_log_days: LogRetentionDays = 365
    """Days the log group keeps flow logs (BER-NET-06, ALL-10, FAC-N31); those in S3 follow `storage.logs.lifecycle`."""
    gateway_endpoints: frozenset[GatewayService] = frozenset(GatewayService)
    """Gateway endpoints in every private route table."""
    interface_endpoints: frozenset[InterfaceService] = frozenset()
    """Interface endpoints in the application subnets; each costs per zone and hour."""

    @property
    def tiers(self) -> Mapping[Tier, TierSettings]:
        """The tiers that are built."""
        tiers = {
            Tier.PUBLIC: self.public,
            Tier.APPLICATION: self.application,
            Tier.DATA: self.data,
            Tier.CACHE: self.cache,
        }
        return {tier: settings for tier, settings in tiers.items() if settings is not None}

    @property
    def nat_zones(self) -> tuple[str, ...]:
        """Zones that have a NAT gateway."""
        counts = {Nat.NONE: 0, Nat.ONE: 1, Nat.PER_ZONE: self.nat_count}
        return self.zones[: counts[self.nat]]

    @model_validator(mode="after")
    def _gateways(self) -> NetworkSettings:
        if self.nat_count is not None and self.nat is not Nat.PER_ZONE:
            raise ValueError(f"nat_count: expected nothing beside nat: {self.nat}, found {self.nat_count}")
        if self.nat_count is not None and self.nat_count > len(self.zones):
            raise ValueError(f"nat_count: expected at most {len(self.zones)}, one per zone, found {self.nat_count}")
        return self

    @model_validator(mode="after")
    def _size(self) -> NetworkSettings:
        if not SMALLEST_PREFIX <= self.cidr.prefixlen <= LARGEST_PREFIX:
            raise ValueError(f"cidr: expected a network of /16 to /28, found /{self.cidr.prefixlen}")
        return self
