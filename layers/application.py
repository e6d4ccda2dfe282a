"""The application itself: its roles, images, Fargate services and fleet of instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from components.application_secrets import ApplicationSecrets
from components.discovery import Discovery, DiscoveryArgs
from components.fleet import Fleet, FleetArgs
from components.identity import TaskRoles, TaskRolesArgs
from components.load_balancer import LoadBalancer
from components.registry import Registry, RegistryArgs, image_address, repository_name
from components.service import Cluster, ClusterArgs, SecretValue, Service, ServiceArgs, Target
from layers.base import Base
from layers.data import Data
from layers.entry import Entry
from settings.compute import COLLECTOR, FLEET, ComputeSettings, DiscoverySettings, ServiceSettings
from settings.fleet import FleetSettings
from settings.keys import Purpose
from settings.secrets import split_reference
from settings.stack import Settings


@dataclass(frozen=True)
class Application:
    """What runs, as the other layers use it."""

    cluster: Cluster | None
    services: dict[str, Service]
    fleet: Fleet | None
    outputs: dict[str, Any]


def build_application(settings: Settings, base: Base, data: Data, entry: Entry) -> Application:
    """Services and the fleet of the stack file; the roles of tasks are there before the first service is."""
    compute = settings.compute
    fleet = None
    outputs: dict[str, Any] = {}
    cluster, services = None, dict[str, Service]()
    if compute is None or compute.services or compute.fleet is None:
        roles = _roles(compute, base, data)
        outputs |= {"execution_role_arn": roles.execution_role_arn, "task_role_arn": roles.task_role_arn}
        if compute is not None and compute.services:
            registry = _registry(compute, base)
            cluster = Cluster(
                "cluster",
                ClusterArgs(scope=base.scope, settings=compute, logs_kms_key_arn=base.keys.arns[Purpose.LOGS]),
            )
            services = _services(settings, compute, base, data, entry, roles, cluster)
            outputs |= {
                "cluster_name": cluster.name,
                "service_names": {name: service.name for name, service in services.items()},
                "service_log_groups": {name: service.log_group_name for name, service in services.items()},
                "repository_urls": registry.repository_urls,
            }
    if compute is not None and compute.fleet is not None:
        fleet = _fleet(compute.fleet, base, data, entry)
        outputs |= {
            "autoscaling_group_name": fleet.group_name,
            "fleet_log_group": fleet.log_group_name,
            "fleet_role_arn": fleet.role_arn,
            "metrics_namespace": fleet.namespace,
        }
    return Application(cluster=cluster, services=services, fleet=fleet, outputs=outputs)


def _roles(compute: ComputeSettings | None, base: Base, data: Data) -> TaskRoles:
    services = {} if compute is None else compute.services
    repositories = [repository_name(base.scope, name, service.repository) for name, service in services.items()]
    traced = compute is not None and compute.traced
    if traced:
        repositories.append(repository_name(base.scope, COLLECTOR))
    return TaskRoles(
        "roles",
        TaskRolesArgs(
            scope=base.scope,
            bucket_arns=[bucket.arn for bucket in base.storage.buckets.values()],
            secret_names=data.secret_names,
            key_aliases=base.application_key_aliases,
            repository_names=repositories,
            tracing=traced,
            database_user=None if compute is None else compute.database_user,
        ),
    )


def _registry(compute: ComputeSettings, base: Base) -> Registry:
    names = [name for name, service in compute.services.items() if service.repository is None]
    return Registry(
        "registry",
        RegistryArgs(
            scope=base.scope,
            settings=compute.registry,
            services=[*names, COLLECTOR] if compute.traced else names,
            kms_key_arn=base.keys.arns[Purpose.REGISTRY],
        ),
    )


def _services(
    settings: Settings,
    compute: ComputeSettings,
    base: Base,
    data: Data,
    entry: Entry,
    roles: TaskRoles,
    cluster: Cluster,
) -> dict[str, Service]:
    environment = _environment(settings, base, data, entry)
    found_by: dict[str, pulumi.Output[str]] = {}
    if compute.discovery is not None:
        discovery = _discovery(compute.discovery, compute, base)
        found_by = discovery.service_arns
        environment |= {
            f"{name.upper().replace('-', '_')}_URL": f"http://{address}:{compute.services[name].port}"
            for name, address in discovery.addresses.items()
        }
    stores = _secrets(data)
    return {
        name: Service(
            name,
            ServiceArgs(
                scope=base.scope,
                settings=service,
                service=name,
                cluster_name=cluster.name,
                cluster_arn=cluster.arn,
                subnet_ids=base.network.application_subnet_ids,
                security_group_id=base.groups.service_id,
                execution_role_arn=roles.execution_role_arn,
                task_role_arn=roles.task_role_arn,
                target=_target(entry.balancer, name),
                discovery_arn=found_by.get(name),
                collector_image=image_address(
                    base.scope, repository_name(base.scope, COLLECTOR), compute.collector.image
                ),
                logs_kms_key_arn=base.keys.arns[Purpose.LOGS],
                secrets={**stores, **_chosen(service, data.secrets)},
                environment=environment,
            ),
            pulumi.ResourceOptions.merge(base.ready, pulumi.ResourceOptions(depends_on=[roles])),
        )
        for name, service in compute.services.items()
    }


def _discovery(discovery: DiscoverySettings, compute: ComputeSettings, base: Base) -> Discovery:
    return Discovery(
        "discovery",
        DiscoveryArgs(
            scope=base.scope,
            settings=discovery,
            services=[name for name, service in compute.services.items() if service.port is not None],
            vpc_id=base.network.vpc_id,
        ),
    )


def _fleet(fleet: FleetSettings, base: Base, data: Data, entry: Entry) -> Fleet:
    balancer = entry.balancer
    assert balancer is not None  # settings ask for one with every fleet
    assert base.scaling_role_arn is not None  # there with every fleet
    return Fleet(
        FLEET,
        FleetArgs(
            scope=base.scope,
            settings=fleet,
            subnet_ids=base.network.application_subnet_ids,
            security_group_id=base.groups.service_id,
            target_group_arn=balancer.target_group_arns[FLEET],
            load_balancer_arn_suffix=balancer.arn_suffix,
            target_group_arn_suffix=balancer.target_group_arn_suffixes[FLEET],
            scaling_role_arn=base.scaling_role_arn,
            volumes_kms_key_arn=base.keys.arns[Purpose.VOLUMES],
            logs_kms_key_arn=base.keys.arns[Purpose.LOGS],
            bucket_names={purpose: bucket.name for purpose, bucket in base.storage.buckets.items()},
            secret_names=data.secret_names,
            key_aliases=base.application_key_aliases,
            environment=_fleet_environment(base, fleet),
            key_name=base.key_pair_name,
        ),
        base.ready,
    )


def _target(balancer: LoadBalancer | None, service: str) -> Target | None:
    if balancer is None or service not in balancer.target_group_arns:
        return None
    return Target(
        arn=balancer.target_group_arns[service],
        load_balancer_arn_suffix=balancer.arn_suffix,
        arn_suffix=balancer.target_group_arn_suffixes[service],
    )


def _secrets(data: Data) -> dict[str, SecretValue]:
    """Variables whose value each task reads from Secrets Manager when it starts (BER-OPS-07)."""
    found: dict[str, SecretValue] = {}
    if data.login is not None:
        found["POSTGRES_USER"] = SecretValue(arn=data.login.secret_arn, key="username")
        found["POSTGRES_PASSWORD"] = SecretValue(arn=data.login.secret_arn, key="password")
    if data.cache is not None:
        found["REDIS_PASSWORD"] = SecretValue(arn=data.cache.secret_arn, key="auth_token")
    if data.queue is not None:
        found["QUEUE_REDIS_PASSWORD"] = SecretValue(arn=data.queue.secret_arn, key="auth_token")
    return found


def _chosen(service: ServiceSettings, application: ApplicationSecrets) -> dict[str, SecretValue]:
    """Variables of a service whose values are application secrets (LWO-IAM-05)."""
    found: dict[str, SecretValue] = {}
    for variable, reference in service.secrets.items():
        path, field = split_reference(reference)
        found[variable] = SecretValue(arn=application.arns[path], key=field)
    return found


def _environment(settings: Settings, base: Base, data: Data, entry: Entry) -> dict[str, pulumi.Input[str]]:
    """Variables that tell a task where things are (BER-OPS-07, BER-N14, BER-N15)."""
    found: dict[str, pulumi.Input[str]] = {"AWS_REGION": settings.region}
    found |= base.bucket_variables(base.storage.buckets)
    database, cache, queue = data.database, data.cache, data.queue
    if database is not None and settings.database is not None:
        found["POSTGRES_HOST"] = database.address
        found["POSTGRES_PORT"] = str(settings.database.port)
        found["POSTGRES_DB"] = database.database_name
        found["PGSSLMODE"] = "verify-full"
        if database.reader_address is not None:
            found["POSTGRES_READER_HOST"] = database.reader_address
    if cache is not None and settings.cache is not None:
        found["REDIS_HOST"] = cache.primary_endpoint
        found["REDIS_PORT"] = str(settings.cache.port)
        found["REDIS_TLS"] = "true"
    if queue is not None and settings.queue is not None:
        found["QUEUE_REDIS_HOST"] = queue.primary_endpoint
        found["QUEUE_REDIS_PORT"] = str(settings.queue.port)
        found["QUEUE_REDIS_TLS"] = "true"
    if entry.cdn is not None:
        found["CLOUDFRONT_DOMAIN"] = entry.cdn.domain_name
    return found


def _fleet_environment(base: Base, fleet: FleetSettings) -> dict[str, str]:
    """Variables that tell an instance where things are, all known in advance; hosts are in the secrets (FAC-CMP-13)."""
    purposes = [purpose for purpose in fleet.buckets if purpose != fleet.release.bucket]
    return {**base.bucket_variables(purposes), "SECRETS_PREFIX": base.scope.secret_prefix}
