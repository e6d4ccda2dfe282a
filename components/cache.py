"""Redis for sessions, queues and cached records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.scope import DataClass, Scope
from components.secrets import RECOVERY_DAYS, Secret, SecretArgs, password
from settings.cache import CacheSettings

if TYPE_CHECKING:
    from pulumi_aws import elasticache

LOGS = {"slow-log": "slow", "engine-log": "engine"}
_LONGEST_GROUP_ID = 40


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """Inputs of `Cache`.

    subnet_ids: zone → private subnet, two zones or more.   security_group_id: group that admits the application.
    kms_key_arn: key of data at rest.   secrets_key_arn: key of the token.   logs_key_arn: key of the engine's logs.
    part, secret_path: what it is in its names, and in its secret's.
    secret_recovery_days: days the deleted token can be restored.
    """

    scope: Scope
    settings: CacheSettings
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    part: str = "redis"
    secret_path: str = "cache"  # noqa: S105 - a path
    secret_recovery_days: int = RECOVERY_DAYS


class Cache(pulumi.ComponentResource):
    """A Redis replication group over two zones, encrypted at rest and in transit, that asks for a token.

    Source: Amazon ElastiCache User Guide, "HIPAA eligibility"; 45 CFR 164.312(a)(2)(iv), 164.312(d).
    BER-CCH-01 to 06, FAC-CCH-01 to 05, FAC-N16, BER-IAM-05, FAC-IAM-09, BER-DR-02, ALL-05, ALL-08,
    ALL-14.
    """

    primary_endpoint: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    secret_name: str
    replication_group_id: str
    node_ids: list[str]

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:cache:Cache", name, {}, opts)
        from pulumi_aws import elasticache

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        self.replication_group_id = scope.name(args.part, limit=_LONGEST_GROUP_ID)
        nodes = settings.replicas + 1
        self.node_ids = [f"{self.replication_group_id}-{number:03d}" for number in range(1, nodes + 1)]
        tags = scope.tagged(DataClass.PHI, self.replication_group_id)
        subnets = elasticache.SubnetGroup(
            f"{name}-subnets",
            name=self.replication_group_id,
            description="Private subnets of the cache",
            subnet_ids=list(args.subnet_ids.values()),
            tags=tags,
            opts=child,
        )
        major = settings.engine_version.split(".")[0]
        parameters = elasticache.ParameterGroup(
            f"{name}-parameters",
            name=f"{self.replication_group_id}-{major}",
            family=f"redis{major}",
            description="What happens when memory is full",
            parameters=[{"name": "maxmemory-policy", "value": settings.eviction.value}],
            tags=tags,
            opts=child,
        )
        token = password(f"{name}-token", self)
        group = elasticache.ReplicationGroup(
            f"{name}-group",
            replication_group_id=self.replication_group_id,
            description=f"Redis of {scope.system} {scope.environment}",
            engine="redis",
            engine_version=settings.engine_version,
            node_type=settings.node_type,
            num_cache_clusters=nodes,
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            at_rest_encryption_enabled=True,
            kms_key_id=args.kms_key_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token_wo=token,
            auth_token_wo_version=1,
            port=settings.port,
            parameter_group_name=parameters.name,
            subnet_group_name=subnets.name,
            security_group_ids=[args.security_group_id],
            snapshot_retention_limit=settings.snapshot_days,
            snapshot_window=settings.snapshot_window,
            maintenance_window=settings.maintenance_window,
            final_snapshot_identifier=f"{self.replication_group_id}-final",
            auto_minor_version_upgrade=True,
            log_delivery_configurations=self._logs(name, args),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect),
        )
        secret = Secret(
            f"{name}-credentials",
            SecretArgs(
                scope=scope,
                path=args.secret_path,
                description=f"Token of the {args.secret_path}",
                kms_key_arn=args.secrets_key_arn,
                value={
                    "auth_token": token,
                    "host": group.primary_endpoint_address,
                    "port": str(settings.port),
                    "engine": "redis",
                    "tls": "true",
                },
                recovery_days=args.secret_recovery_days,
            ),
            child,
        )
        self.primary_endpoint = group.primary_endpoint_address
        self.secret_arn, self.secret_name = secret.arn, secret.name
        self.register_outputs({"primary_endpoint": self.primary_endpoint, "secret_arn": self.secret_arn})

    def _logs(
        self, name: str, args: CacheArgs
    ) -> list[pulumi.Input[elasticache.ReplicationGroupLogDeliveryConfigurationArgsDict]]:
        from pulumi_aws import cloudwatch

        deliveries: list[pulumi.Input[elasticache.ReplicationGroupLogDeliveryConfigurationArgsDict]] = []
        for kind, short in LOGS.items():
            physical = f"/aws/elasticache/{self.replication_group_id}/{short}"
            group = cloudwatch.LogGroup(
                f"{name}-{short}-log",
                name=physical,
                retention_in_days=args.settings.log_days,
                kms_key_id=args.logs_key_arn,
                tags=args.scope.tagged(DataClass.PHI, physical),
                opts=pulumi.ResourceOptions(parent=self),
            )
            deliveries.append(
                {
                    "destination": group.name,
                    "destination_type": "cloudwatch-logs",
                    "log_format": "json",
                    "log_type": kind,
                }
            )
        return deliveries
