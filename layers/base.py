"""What everything else stands on: limits of roles, keys, buckets, the network, its security groups, the bastion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from components.bastion import Bastion, BastionArgs, KeyPair, KeyPairArgs
from components.boundary import Boundary, BoundaryArgs
from components.endpoints import Endpoints, EndpointsArgs
from components.fleet import ScalingRole, ScalingRoleArgs
from components.keys import Keys, KeysArgs
from components.network import Network, NetworkArgs
from components.scope import Scope
from components.security_groups import SecurityGroups, SecurityGroupsArgs
from components.storage import Storage, StorageArgs
from settings.edge import Access
from settings.keys import Purpose
from settings.network import Nat
from settings.stack import Settings
from settings.targets import TargetSettings

_HTTP = 80  # what the load balancer would send, before a service names its port (BER-NET-08, BER-N22)
_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Base:
    """The base as the other layers use it.

    scope: names and tags, with the boundary that every role carries.   scaling_role_arn: of the role that starts a
    fleet's instances.   key_pair_name: for signing in to instances through the bastion.   ready: what a machine or a
    function waits for, as it starts with every way out open.
    """

    scope: Scope
    keys: Keys
    storage: Storage
    network: Network
    groups: SecurityGroups
    scaling_role_arn: str | None
    key_pair_name: pulumi.Output[str] | None
    outputs: dict[str, Any]

    @property
    def ready(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(depends_on=[self.network, self.groups])

    @property
    def application_key_aliases(self) -> list[str]:
        """Keys that the application opens secrets and objects with."""
        return sorted({self.keys.aliases[Purpose.SECRETS], self.keys.aliases[Purpose.STORAGE]})

    def bucket_variables(self, purposes: Iterable[str]) -> dict[str, str]:
        """Variables that tell an application its buckets."""
        buckets = self.storage.buckets
        return {f"S3_BUCKET_{purpose.upper().replace('-', '_')}": buckets[purpose].name for purpose in purposes}


def build_base(settings: Settings) -> Base:
    """Keys, buckets, network, groups, and the bastion when there is one."""
    import pulumi_aws as aws

    scope = Scope(
        system=settings.system,
        environment=settings.environment,
        region=settings.region,
        account_id=aws.get_caller_identity().account_id,
        protect=settings.protect,
        tags=settings.resource_tags,
        naming=settings.naming,
    )
    outputs: dict[str, Any] = {"region": settings.region, "account_id": scope.account_id}
    if settings.identity.boundary:
        boundary = Boundary("boundary", BoundaryArgs(scope=scope, recovery_region=settings.recovery_region))
        scope = replace(scope, boundary=boundary.arn)  # from here on, every role carries it
        outputs["permissions_boundary_arn"] = boundary.arn
    fleet = None if settings.compute is None else settings.compute.fleet
    scaling_role = None if fleet is None else ScalingRole("scaling-role", ScalingRoleArgs(scope=scope))
    keys = Keys(
        "keys",
        KeysArgs(
            scope=scope,
            settings=settings.keys,
            recovery_region=settings.recovery_region,
            cdn=settings.edge is not None and settings.edge.cdn is not None,
            scaling_role_arn=None if scaling_role is None else scaling_role.arn,
        ),
        # KMS refuses a policy that names a role which does not exist yet
        None if scaling_role is None else pulumi.ResourceOptions(depends_on=[scaling_role]),
    )
    storage = _storage(scope, settings, keys)
    network = Network(
        "network",
        NetworkArgs(
            scope=scope,
            settings=settings.network,
            logs_key_arn=keys.arns[Purpose.LOGS],
            logs_bucket_arn=pulumi.Output.concat("arn:aws:s3:::", storage.logs_bucket_name),
            database_port=_database_port(settings),
            cache_port=_cache_port(settings),
            outside_ports=[] if (model := _model_address(settings)) is None else [model[1]],
        ),
    )
    groups = _groups(scope, settings, network)
    if settings.network.interface_endpoints:
        Endpoints(
            "endpoints",
            EndpointsArgs(
                scope=scope,
                services=settings.network.interface_endpoints,
                vpc_id=network.vpc_id,
                subnet_ids=network.application_subnet_ids,
                security_group_id=groups.endpoints_id,
            ),
        )
    outputs |= {
        "bucket_names": {purpose: bucket.id for purpose, bucket in storage.buckets.items()},
        "replica_bucket_names": {purpose: bucket.id for purpose, bucket in storage.replicas.items()},
        "logs_bucket_name": storage.logs_bucket.id,
        "kms_key_arns": {**keys.by_name, **keys.arns},  # by key, and by what each encrypts (OMN-OPS-10)
        "vpc_id": network.vpc_id,
        "public_subnet_ids": network.public_subnet_ids,
        "application_subnet_ids": network.application_subnet_ids,
        "data_subnet_ids": network.data_subnet_ids,
        "cache_subnet_ids": network.cache_subnet_ids,
        "nat_gateway_ids": network.nat_gateway_ids,
        "flow_log_group_name": network.flow_log_group_name,
        "load_balancer_security_group_id": groups.load_balancer_id,
        "service_security_group_id": groups.service_id,
        "database_security_group_id": groups.database_id,
        "cache_security_group_id": groups.cache_id,
        "endpoints_security_group_id": groups.endpoints_id,
        "vpn_security_group_id": groups.vpn_id,
    }
    key_pair = None
    if settings.bastion is not None and groups.bastion_id is not None:
        if settings.bastion.ssh is not None:
            key_pair = KeyPair("administrators", KeyPairArgs(scope=scope, settings=settings.bastion.ssh))
        bastion = Bastion(
            "bastion",
            BastionArgs(
                scope=scope,
                settings=settings.bastion,
                image_id=aws.ssm.get_parameter(name=settings.bastion.image_parameter).insecure_value,
                subnet_id=network.application_subnet_ids[settings.network.zones[0]],
                security_group_id=groups.bastion_id,
                volumes_kms_key_arn=keys.arns[Purpose.VOLUMES],
            ),
            pulumi.ResourceOptions(depends_on=[network, groups]),  # its agent signs in when it starts
        )
        outputs["bastion_instance_id"] = bastion.instance_id
    return Base(
        scope=scope,
        keys=keys,
        storage=storage,
        network=network,
        groups=groups,
        scaling_role_arn=None if scaling_role is None else scaling_role.arn,
        key_pair_name=None if key_pair is None else key_pair.name,
        outputs=outputs,
    )


def _storage(scope: Scope, settings: Settings, keys: Keys) -> Storage:
    state = None if settings.recovery is None else settings.recovery.state_backend
    return Storage(
        "storage",
        StorageArgs(
            scope=scope,
            settings=settings.storage,
            kms_key_arn=keys.arns[Purpose.STORAGE],
            recovery_region=settings.recovery_region,
            recovery_kms_key_arn=keys.recovery_arn,
            more_logged=[] if state is None else [state.bucket, state.replica_bucket],
        ),
    )


def _groups(scope: Scope, settings: Settings, network: Network) -> SecurityGroups:
    edge, compute, bastion = settings.edge, settings.compute, settings.bastion
    balancer = None if edge is None else edge.load_balancer
    targets: Mapping[str, TargetSettings] = {} if compute is None else compute.targets
    discovered = {} if compute is None or compute.discovery is None else compute.services
    return SecurityGroups(
        "security-groups",
        SecurityGroupsArgs(
            scope=scope,
            vpc_id=network.vpc_id,
            load_balancer=_balanced(settings),
            entry_cidrs=_entry_cidrs(settings),
            entry_prefix_lists={}
            if balancer is None
            else {prefix_list: prefix_list for prefix_list in balancer.source_prefix_lists},
            https_prefix_lists=_health_checkers(settings),
            vpn=edge is not None and edge.vpn is not None,
            service_ports=[target.port for target in targets.values() if target.port is not None] or [_HTTP],
            discovery_ports=[service.port for service in discovered.values() if service.port is not None],
            database_port=_database_port(settings),
            cache_port=_cache_port(settings),
            internet=settings.network.nat is not Nat.NONE,
            gateway_prefix_lists=network.gateway_prefix_lists,
            bastion=bastion is not None,
            ssh=bastion is not None and bastion.ssh is not None,
            model=_model_address(settings),
        ),
    )


def _database_port(settings: Settings) -> int:
    return 5432 if settings.database is None else settings.database.port


def _cache_port(settings: Settings) -> int:
    return next((redis.port for redis in (settings.cache, settings.queue) if redis is not None), 6379)


def _balanced(settings: Settings) -> bool:
    """Whether there is a load balancer, or still may be: a base without its application has the group (BER-N21)."""
    waiting = settings.compute is None and settings.api is None
    return waiting or (settings.edge is not None and settings.edge.load_balancer is not None)


def _entry_cidrs(settings: Settings) -> tuple[str, ...]:
    """Address ranges the load balancer's group lets in; the group is there before the application is (BER-N21)."""
    edge = settings.edge
    balancer = None if edge is None else edge.load_balancer
    if edge is None or balancer is None or balancer.access is Access.PUBLIC:
        return (_ANYWHERE,)
    if balancer.internal and not (balancer.sources or balancer.source_prefix_lists or edge.vpn):
        return (str(settings.network.cidr),)
    return tuple(map(str, balancer.sources))


def _health_checkers(settings: Settings) -> dict[str, str]:
    """AWS's list of the addresses of Route 53's health checkers, when they are let in (LWO-N05)."""
    import pulumi_aws as aws

    balancer = None if settings.edge is None else settings.edge.load_balancer
    if balancer is None or not balancer.health_checkers:
        return {}
    name = f"com.amazonaws.{settings.region}.route53-healthchecks"
    try:
        return {"health-checkers": aws.ec2.get_managed_prefix_list(name=name).id}
    except Exception as error:
        raise pulumi.RunError(
            f"phi-platform:edge.load_balancer.health_checkers: expected false in {settings.region}, which has no "
            f"prefix list {name}, found true ({error})"
        ) from None


def _model_address(settings: Settings) -> tuple[str, int] | None:
    """Where the language model answers, when it is a server of one's own (FAC-NET-22)."""
    fleet = None if settings.compute is None else settings.compute.fleet
    if fleet is None or fleet.model.address is None:
        return None
    return str(fleet.model.address), fleet.model.port
