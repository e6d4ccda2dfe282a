"""The whole system as one list of components, each given only what it needs of the ones before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi

from components.address import Address, AddressArgs, HealthCheck, HealthCheckArgs, WatchedTargets
from components.api import Api, ApiArgs, ApiDomain, CalledFunction, Tokens
from components.application_secrets import ApplicationSecrets, ApplicationSecretsArgs
from components.aurora import LOG_EXPORTS as AURORA_LOG_EXPORTS
from components.aurora import Aurora, AuroraArgs
from components.backup import BackupPlan, BackupPlanArgs, vault_name
from components.bastion import Bastion, BastionArgs, KeyPair, KeyPairArgs
from components.boundary import Boundary, BoundaryArgs
from components.break_glass import BreakGlass, BreakGlassArgs, break_glass_name
from components.bucket import BucketInfo
from components.cache import Cache, CacheArgs
from components.cdn import Cdn, CdnArgs, CdnCertificate
from components.certificates import Certificate, CertificateArgs, Domain, DomainArgs
from components.client_vpn import ClientVpn, ClientVpnArgs
from components.code_deploy import CodeDeploy, CodeDeployArgs, application_name
from components.connections import max_connections, serverless_max_connections
from components.database import LOG_EXPORTS, Database, DatabaseArgs
from components.deploy import DeployRoles, DeployRolesArgs
from components.detection import Detection, DetectionArgs
from components.directory import Directory, DirectoryArgs, UserBucket
from components.discovery import Discovery, DiscoveryArgs
from components.endpoints import Endpoints, EndpointsArgs
from components.fleet import Fleet, FleetArgs, ScalingRole, ScalingRoleArgs
from components.function import Code, Function, FunctionArgs, ImageCode, PackageCode
from components.grafana import GrafanaRole, GrafanaRoleArgs
from components.iam_documents import Statement, read_managed_password
from components.identity import TaskRoles, TaskRolesArgs
from components.keys import CDN_REGION, Keys, KeysArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network, NetworkArgs
from components.observability import Observability, ObservabilityArgs
from components.postgresql import Credentials, PostgresqlDatabase
from components.registry import Registry, RegistryArgs, image_address, repository_name
from components.replication import RULE_ID
from components.rotation import Rotation, RotationArgs
from components.scope import DataClass, Scope
from components.security_groups import SecurityGroups, SecurityGroupsArgs
from components.service import Cluster, ClusterArgs, SecretValue, Service, ServiceArgs, Target
from components.snapshot_copies import PART as SNAPSHOT_COPIES
from components.snapshot_copies import SnapshotCopies, SnapshotCopiesArgs
from components.state_backend import RULE_ID as STATE_RULE_ID
from components.state_backend import StateBackend, StateBackendArgs
from components.storage import Storage, StorageArgs
from components.tracing import Tracing, TracingArgs
from components.trail import Trail, TrailArgs
from components.watched import (
    Watched,
    WatchedApi,
    WatchedBackups,
    WatchedDatabase,
    WatchedFleet,
    WatchedFunction,
    WatchedLoadBalancer,
    WatchedReplication,
    WatchedService,
)
from components.web_acl import Guarded, WebAcl, WebAclArgs
from settings.base import Environment
from settings.compute import COLLECTOR, FLEET, ServiceSettings
from settings.database import AuroraSettings, RdsSettings
from settings.edge import Access, Dns, DomainSettings, SignInSettings
from settings.features import features
from settings.fleet import FleetSettings
from settings.functions import FunctionSettings
from settings.keys import Purpose
from settings.network import Nat
from settings.secrets import split_reference
from settings.stack import Settings
from settings.targets import TargetSettings

_HTTP = 80  # what the load balancer would send, before a service names its port (BER-NET-08, BER-N22)
_ANYWHERE = "0.0.0.0/0"

Outputs = dict[str, Any]


def build(settings: Settings) -> Outputs:  # one list, read from top to bottom
    """Declare every resource of the system the settings describe, as often as it has to be made (LWO-DR-03).

    Returns the stack's outputs (BER-OPS-06): addresses, names and ARNs, never a credential.
    Raises pulumi.RunError when AWS no longer offers a version the settings name (ALL-02).
    """
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
    edge = settings.edge
    domain_settings = None if edge is None else edge.domain
    balancer_settings = None if edge is None else edge.load_balancer
    acl_settings = None if edge is None else edge.web_acl
    cdn_settings = None if edge is None else edge.cdn
    vpn_settings = None if edge is None else edge.vpn
    discovery_settings = None if settings.compute is None else settings.compute.discovery
    services = {} if settings.compute is None else settings.compute.services
    targets: Mapping[str, TargetSettings] = {} if settings.compute is None else settings.compute.targets
    fleet_settings = None if settings.compute is None else settings.compute.fleet
    bastion_settings = settings.bastion
    recovery = settings.recovery
    recovery_region, objectives = settings.recovery_region, settings.recovery_objectives
    outputs: Outputs = {"region": settings.region, "account_id": scope.account_id}

    # --- base: limits of roles, keys, buckets, network, security groups
    if settings.identity.boundary:
        boundary = Boundary("boundary", BoundaryArgs(scope=scope, recovery_region=recovery_region))
        scope = replace(scope, boundary=boundary.arn)  # from here on, every role carries it
        outputs["permissions_boundary_arn"] = boundary.arn
    scaling_role = None if fleet_settings is None else ScalingRole("scaling-role", ScalingRoleArgs(scope=scope))
    keys = Keys(
        "keys",
        KeysArgs(
            scope=scope,
            settings=settings.keys,
            recovery_region=recovery_region,
            cdn=cdn_settings is not None,
            scaling_role_arn=None if scaling_role is None else scaling_role.arn,
        ),
        # KMS refuses a policy that names a role which does not exist yet
        None if scaling_role is None else pulumi.ResourceOptions(depends_on=[scaling_role]),
    )
    storage = Storage(
        "storage",
        StorageArgs(
            scope=scope,
            settings=settings.storage,
            kms_key_arn=keys.arns[Purpose.STORAGE],
            recovery_region=recovery_region,
            recovery_kms_key_arn=keys.recovery_arn,
            more_logged=[]
            if recovery is None or recovery.state_backend is None
            else [recovery.state_backend.bucket, recovery.state_backend.replica_bucket],
        ),
    )
    outputs["bucket_names"] = {purpose: bucket.id for purpose, bucket in storage.buckets.items()}
    outputs["replica_bucket_names"] = {purpose: bucket.id for purpose, bucket in storage.replicas.items()}
    outputs["logs_bucket_name"] = storage.logs_bucket.id
    database_port = 5432 if settings.database is None else settings.database.port
    cache_port = next((redis.port for redis in (settings.cache, settings.queue) if redis is not None), 6379)
    model = _model_address(fleet_settings)
    network = Network(
        "network",
        NetworkArgs(
            scope=scope,
            settings=settings.network,
            logs_key_arn=keys.arns[Purpose.LOGS],
            logs_bucket_arn=pulumi.Output.concat("arn:aws:s3:::", storage.logs_bucket_name),
            database_port=database_port,
            cache_port=cache_port,
            outside_ports=[] if model is None else [model[1]],
        ),
    )
    groups = SecurityGroups(
        "security-groups",
        SecurityGroupsArgs(
            scope=scope,
            vpc_id=network.vpc_id,
            load_balancer=_balanced(settings),
            entry_cidrs=_entry_cidrs(settings),
            entry_prefix_lists={}
            if balancer_settings is None
            else {prefix_list: prefix_list for prefix_list in balancer_settings.source_prefix_lists},
            https_prefix_lists=_health_checkers(settings),
            vpn=vpn_settings is not None,
            service_ports=[target.port for target in targets.values() if target.port is not None] or [_HTTP],
            discovery_ports=[]
            if discovery_settings is None
            else [service.port for service in services.values() if service.port is not None],
            database_port=database_port,
            cache_port=cache_port,
            internet=settings.network.nat is not Nat.NONE,
            gateway_prefix_lists=network.gateway_prefix_lists,
            bastion=bastion_settings is not None,
            ssh=bastion_settings is not None and bastion_settings.ssh is not None,
            model=model,
        ),
    )
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
    if bastion_settings is not None and groups.bastion_id is not None:
        if bastion_settings.ssh is not None:
            key_pair = KeyPair("administrators", KeyPairArgs(scope=scope, settings=bastion_settings.ssh))
        bastion = Bastion(
            "bastion",
            BastionArgs(
                scope=scope,
                settings=bastion_settings,
                image_id=aws.ssm.get_parameter(name=bastion_settings.image_parameter).insecure_value,
                subnet_id=network.application_subnet_ids[settings.network.zones[0]],
                security_group_id=groups.bastion_id,
                volumes_kms_key_arn=keys.arns[Purpose.VOLUMES],
            ),
            pulumi.ResourceOptions(depends_on=[network, groups]),  # its agent signs in when it starts
        )
        outputs["bastion_instance_id"] = bastion.instance_id

    # --- data: database, caches, secrets
    database: PostgresqlDatabase | None = None
    if settings.database is not None:
        _require_postgresql(settings.database.engine, settings.database.engine_version)
        database_wiring: dict[str, Any] = {
            "scope": scope,
            "subnet_ids": network.data_subnet_ids,
            "security_group_id": groups.database_id,
            "kms_key_arn": keys.arns[Purpose.DATABASE],
            "secrets_key_arn": keys.arns[Purpose.SECRETS],
            "logs_key_arn": keys.arns[Purpose.LOGS],
            "secret_recovery_days": settings.secrets.recovery_days,
        }
        if isinstance(settings.database, AuroraSettings):
            database = Aurora("database", AuroraArgs(settings=settings.database, **database_wiring))
            outputs |= {"aurora_cluster_endpoint": database.address, "aurora_database_name": database.database_name}
        else:
            database = Database(
                "database",
                DatabaseArgs(
                    settings=settings.database,
                    recovery_region=recovery.region if recovery is not None and recovery.database_backups else None,
                    recovery_kms_key_arn=keys.recovery_arn,
                    recovery_days=7 if objectives is None else objectives.database_copy_days,
                    **database_wiring,
                ),
            )
        outputs |= {
            "db_endpoint": database.endpoint,
            "db_address": database.address,
            "db_reader_address": database.reader_address,
            "db_identifier": database.identifier,
            "db_name": database.database_name,
            "db_credentials_secret_arn": database.administrator.secret_arn,
            "db_application_secret_arn": None if database.application is None else database.application.secret_arn,
        }
    caches: dict[str, Cache] = {}
    for part, redis in {"redis": settings.cache, "queue": settings.queue}.items():
        if redis is not None:
            caches[part] = Cache(
                "cache" if part == "redis" else part,
                CacheArgs(
                    scope=scope,
                    settings=redis,
                    subnet_ids=network.cache_subnet_ids,
                    security_group_id=groups.cache_id,
                    kms_key_arn=keys.arns[Purpose.CACHE],
                    secrets_key_arn=keys.arns[Purpose.SECRETS],
                    logs_key_arn=keys.arns[Purpose.LOGS],
                    part=part,
                    secret_path="cache" if part == "redis" else part,
                    secret_recovery_days=settings.secrets.recovery_days,
                ),
            )
            outputs |= {
                f"{part}_endpoint": caches[part].primary_endpoint,
                f"{part}_credentials_secret_arn": caches[part].secret_arn,
            }
    cache, queue = caches.get("redis"), caches.get("queue")
    application_secrets = ApplicationSecrets(
        "secrets",
        ApplicationSecretsArgs(
            scope=scope,
            settings=settings.secrets,
            kms_key_arn=keys.arns[Purpose.SECRETS],
            values=_references(settings, storage.buckets, database, cache),
        ),
    )
    outputs["secret_arns"] = application_secrets.arns

    # --- the way in: domain, VPN, load balancer, CDN
    domain = None
    certificates: dict[str, Certificate] = {}
    zone_id = None
    if domain_settings is not None and domain_settings.dns is Dns.ROUTE53:
        domain = Domain("domain", DomainArgs(scope=scope, settings=domain_settings))
        zone_id = domain.zone_id
        outputs["name_servers"] = domain.name_servers
    if vpn_settings is not None and domain_settings is not None:
        server_certificate_arn = vpn_settings.server_certificate_arn
        if server_certificate_arn is None:
            certificates["vpn"] = Certificate(
                "vpn-certificate",
                CertificateArgs(scope=scope, domain_name=f"vpn.{domain_settings.name}", zone_id=zone_id),
            )
        vpn = ClientVpn(
            "vpn",
            ClientVpnArgs(
                scope=scope,
                settings=vpn_settings,
                vpc_id=network.vpc_id,
                subnet_ids=network.application_subnet_ids,
                subnet_cidrs=network.application_cidrs,
                security_group_id=groups.vpn_id or "",
                server_certificate_arn=server_certificate_arn or certificates["vpn"].arn,
                logs_kms_key_arn=keys.arns[Purpose.LOGS],
            ),
            pulumi.ResourceOptions(depends_on=[network, groups]),
        )
        outputs |= {"vpn_endpoint_id": vpn.endpoint_id, "vpn_dns_name": vpn.dns_name}
    balancer = None
    if balancer_settings is not None and domain_settings is not None and groups.load_balancer_id is not None:
        certificate_arn = domain_settings.certificate_arn
        if certificate_arn is None:
            certificates["application"] = Certificate(
                "certificate",
                CertificateArgs(
                    scope=scope,
                    domain_name=domain_settings.name,
                    alternative_names=domain_settings.alternative_names,
                    zone_id=zone_id,
                ),
            )
        firewall = None
        if acl_settings is not None:
            firewall = WebAcl(
                "firewall",
                WebAclArgs(
                    scope=scope,
                    settings=acl_settings,
                    guarded=Guarded.LOAD_BALANCER,
                    logs_kms_key_arn=keys.arns[Purpose.LOGS],
                ),
            )
        balancer = LoadBalancer(
            "load-balancer",
            LoadBalancerArgs(
                scope=scope,
                settings=balancer_settings,
                vpc_id=network.vpc_id,
                subnet_ids=network.application_subnet_ids if balancer_settings.internal else network.public_subnet_ids,
                security_group_id=groups.load_balancer_id,
                certificate_arn=certificate_arn or certificates["application"].arn,
                logs_bucket_name=storage.logs_bucket_name,
                targets=targets,
                web_acl_arn=None if firewall is None else firewall.arn,
            ),
            pulumi.ResourceOptions(depends_on=[network]),  # its VPC needs the internet gateway first
        )
        outputs["load_balancer_dns_name"] = balancer.dns_name
        outputs["application_url"] = f"https://{domain_settings.name}"
        if edge is not None and edge.sign_in is not None:
            outputs |= _sign_in_urls(settings.environment, edge.sign_in, domain_settings.name, balancer.dns_name)
    cdn = None
    if cdn_settings is not None and keys.edge_arn is not None:
        cdn_certificate = None
        if domain_settings is not None:
            if domain_settings.cdn_certificate_arn is None:
                certificates["cdn"] = Certificate(
                    "cdn-certificate",
                    CertificateArgs(scope=scope, domain_name=domain_settings.cdn, zone_id=zone_id, region=CDN_REGION),
                )
            cdn_certificate = CdnCertificate(
                arn=domain_settings.cdn_certificate_arn or certificates["cdn"].arn,
                domain_name=domain_settings.cdn,
                zone_id=zone_id,
            )
        cdn_firewall = None
        if acl_settings is not None:
            cdn_firewall = WebAcl(
                "cdn-firewall",
                WebAclArgs(scope=scope, settings=acl_settings, guarded=Guarded.CDN, logs_kms_key_arn=keys.edge_arn),
            )
        cdn = Cdn(
            "cdn",
            CdnArgs(
                scope=scope,
                settings=cdn_settings,
                buckets={purpose: storage.buckets[purpose] for purpose in settings.storage.cdn_purposes},
                logs_bucket_arn=pulumi.Output.concat("arn:aws:s3:::", storage.logs_bucket_name),
                certificate=cdn_certificate,
                web_acl_arn=None if cdn_firewall is None else cdn_firewall.arn,
            ),
        )
        outputs |= {
            "cloudfront_domain_name": cdn.domain_name,
            "cloudfront_distribution_id": cdn.distribution_id,
            "cloudfront_key_ids": cdn.key_ids,
        }
    if domain_settings is not None and domain_settings.dns is Dns.EXTERNAL:
        outputs["dns_records"] = _records_elsewhere(domain_settings, balancer, cdn, certificates)

    # --- users, functions and their API
    api_settings, directory_settings = settings.api, settings.directory
    api_firewall = None
    if api_settings is not None and acl_settings is not None:
        api_firewall = WebAcl(
            "api-firewall",
            WebAclArgs(
                scope=scope,
                settings=acl_settings,
                guarded=Guarded.LOAD_BALANCER,
                logs_kms_key_arn=keys.arns[Purpose.LOGS],
                part="api",
            ),
        )
    directory = None
    if directory_settings is not None:
        identities = directory_settings.identity_pool
        directory = Directory(
            "directory",
            DirectoryArgs(
                scope=scope,
                settings=directory_settings,
                buckets={
                    purpose: UserBucket(name=storage.buckets[purpose].name, reach=reach, customer_key=True)
                    for purpose, reach in ({} if identities is None else identities.buckets).items()
                },
                key_aliases=[keys.aliases[Purpose.STORAGE]],
                web_acl_arn=None if api_firewall is None or not directory_settings.web_acl else api_firewall.arn,
            ),
        )
        outputs |= {
            "user_pool_id": directory.user_pool_id,
            "user_pool_arn": directory.user_pool_arn,
            "user_pool_client_id": directory.client_id,
            "identity_pool_id": directory.identity_pool_id,
            "user_attribute_values": {
                f"custom:{name}": list(attribute.values)
                for name, attribute in directory_settings.attributes.items()
                if attribute.values
            },
        }
    key_aliases = sorted({keys.aliases[Purpose.SECRETS], keys.aliases[Purpose.STORAGE]})
    backend_environment = _backend_environment(settings, database)
    functions: dict[str, Function] = {}
    for name, function in ({} if settings.compute is None else settings.compute.functions).items():
        login = database if function.database else None
        functions[name] = Function(
            f"function-{name}",
            FunctionArgs(
                scope=scope,
                settings=function,
                part=name,
                description=f"{settings.system} {settings.environment}: {name}",
                code=_code(function, storage.buckets),
                kms_key_arn=keys.arns[Purpose.SECRETS],
                logs_kms_key_arn=keys.arns[Purpose.LOGS],
                subnet_ids=network.application_subnet_ids,
                security_group_id=groups.service_id,
                environment={
                    **_function_environment(settings, function, storage.buckets),
                    **({} if login is None else backend_environment),
                },
                secret_names=_secret_names(login, [], None),
                bucket_names=[storage.buckets[purpose].name for purpose in function.buckets],
                statements=_managed_login(scope, settings, login),
                key_aliases=key_aliases,
            ),
            pulumi.ResourceOptions(depends_on=[network, groups]),  # it starts with every way out open
        )
    rotation = None
    if settings.database is not None and settings.database.rotates_own and database is not None:
        rotation = Rotation(
            "rotation",
            RotationArgs(
                scope=scope,
                administrator=database.administrator,
                application=database.application,
                days=settings.database.rotated_every_days or 0,
                subnet_ids=network.application_subnet_ids,
                security_group_id=groups.service_id,
                kms_key_arn=keys.arns[Purpose.SECRETS],
                logs_kms_key_arn=keys.arns[Purpose.LOGS],
                log_days=settings.database.log_days,
                key_aliases=[keys.aliases[Purpose.SECRETS]],
            ),
            pulumi.ResourceOptions(depends_on=[network, groups]),  # it starts with every way out open
        )
    copies = None
    wanted_copies = None if recovery is None else recovery.snapshot_copies
    if recovery is not None and wanted_copies is not None and database is not None and keys.recovery_arn is not None:
        copies = SnapshotCopies(
            SNAPSHOT_COPIES,
            SnapshotCopiesArgs(
                scope=scope,
                settings=wanted_copies,
                database=database.identifier,
                cluster=isinstance(settings.database, AuroraSettings),
                recovery_region=recovery.region,
                recovery_kms_key_arn=keys.recovery_arn,
                database_key_alias=keys.aliases[Purpose.DATABASE],
                recovery_key_alias=keys.recovery_alias,
                subnet_ids=network.application_subnet_ids,
                security_group_id=groups.service_id,
                kms_key_arn=keys.arns[Purpose.SECRETS],
                key_aliases=[keys.aliases[Purpose.SECRETS]],
                logs_kms_key_arn=keys.arns[Purpose.LOGS],
                log_days=settings.database.log_days if settings.database is not None else 365,
            ),
            pulumi.ResourceOptions(depends_on=[network, groups]),  # it starts with every way out open
        )
    own_functions = {
        name: part.function for name, part in (("rotation", rotation), (SNAPSHOT_COPIES, copies)) if part is not None
    }
    outputs |= {
        "backend_environment": backend_environment,
        "function_names": {name: function.name for name, function in functions.items()},
        "function_log_groups": {name: function.log_group_name for name, function in functions.items()},
    }
    api = None
    if api_settings is not None:
        api_domain = None
        if api_settings.domain_name is not None and domain is not None:
            api_certificate = Certificate(
                "api-certificate",
                CertificateArgs(scope=scope, domain_name=api_settings.domain_name, zone_id=domain.zone_id),
            )
            api_domain = ApiDomain(
                name=api_settings.domain_name, certificate_arn=api_certificate.arn, zone_id=domain.zone_id
            )
        api = Api(
            "api",
            ApiArgs(
                scope=scope,
                settings=api_settings,
                logs_kms_key_arn=keys.arns[Purpose.LOGS],
                functions={
                    name: CalledFunction(name=function.deployed_name, invoke_arn=function.invoke_arn)
                    for name, function in functions.items()
                },
                tokens=None
                if directory is None
                else Tokens(user_pool_arn=directory.user_pool_arn, client_id=directory.client_id),
                web_acl_arn=None if api_firewall is None else api_firewall.arn,
                domain=api_domain,
            ),
        )
        outputs |= {
            "api_endpoint": api.endpoint,
            "api_id": api.id,
            "api_stage": api.stage_name,
            "api_access_log_group_name": api.access_log_group_name,
            "api_execution_log_group_name": api.execution_log_group_name,
        }
    if settings.frontend is not None:
        facts = _frontend_facts(settings, storage.buckets, directory, api, cdn)
        told = {name: facts[fact] for name, fact in settings.frontend.variables.items()} | settings.frontend.values
        outputs["frontend_environment"] = {f"{settings.frontend.prefix}{name}": value for name, value in told.items()}

    # --- the application: roles, images, services, fleet
    stores = _secrets(database, cache, queue)
    secret_names = _secret_names(database, caches.values(), application_secrets)
    roles = None
    traced = settings.compute is not None and settings.compute.traced
    if services or fleet_settings is None:
        roles = TaskRoles(
            "roles",
            TaskRolesArgs(
                scope=scope,
                bucket_arns=[bucket.arn for bucket in storage.buckets.values()],
                secret_names=secret_names,
                key_aliases=key_aliases,
                repository_names=[
                    *(repository_name(scope, name, service.repository) for name, service in services.items()),
                    *([repository_name(scope, COLLECTOR)] if traced else []),
                ],
                tracing=traced,
                database_user=None if settings.compute is None else settings.compute.database_user,
            ),
        )
        outputs |= {"execution_role_arn": roles.execution_role_arn, "task_role_arn": roles.task_role_arn}
    if settings.identity.github is not None:
        deploy = DeployRoles(
            "deploy",
            DeployRolesArgs(
                scope=scope,
                settings=settings.identity.github,
                features=features(settings),
                bounded=settings.identity.boundary,
                release_buckets=[storage.buckets[name].name for name in settings.identity.github.release_buckets],
                recovery_region=recovery_region,
                state_backend=None if recovery is None else recovery.state_backend,
            ),
        )
        outputs |= {"deploy_role_arn": deploy.arn, "preview_role_arn": deploy.preview_arn}
    running: dict[str, Service] = {}
    cluster = None
    if settings.compute is not None and services and roles is not None:
        registry = Registry(
            "registry",
            RegistryArgs(
                scope=scope,
                settings=settings.compute.registry,
                services=[
                    *(name for name, service in services.items() if service.repository is None),
                    *([COLLECTOR] if traced else []),
                ],
                kms_key_arn=keys.arns[Purpose.REGISTRY],
            ),
        )
        cluster = Cluster(
            "cluster",
            ClusterArgs(scope=scope, settings=settings.compute, logs_kms_key_arn=keys.arns[Purpose.LOGS]),
        )
        discovery = None
        if discovery_settings is not None:
            discovery = Discovery(
                "discovery",
                DiscoveryArgs(
                    scope=scope,
                    settings=discovery_settings,
                    services=[name for name, service in services.items() if service.port is not None],
                    vpc_id=network.vpc_id,
                ),
            )
        environment = _environment(settings, storage.buckets, database, cache, queue, cdn)
        if discovery is not None:
            environment |= {
                f"{name.upper().replace('-', '_')}_URL": f"http://{address}:{services[name].port}"
                for name, address in discovery.addresses.items()
            }
        for name, service in services.items():
            running[name] = Service(
                name,
                ServiceArgs(
                    scope=scope,
                    settings=service,
                    service=name,
                    cluster_name=cluster.name,
                    cluster_arn=cluster.arn,
                    subnet_ids=network.application_subnet_ids,
                    security_group_id=groups.service_id,
                    execution_role_arn=roles.execution_role_arn,
                    task_role_arn=roles.task_role_arn,
                    target=_target(balancer, name),
                    discovery_arn=None if discovery is None else discovery.service_arns.get(name),
                    collector_image=image_address(
                        scope, repository_name(scope, COLLECTOR), settings.compute.collector.image
                    ),
                    logs_kms_key_arn=keys.arns[Purpose.LOGS],
                    secrets={**stores, **_chosen(service, application_secrets)},
                    environment=environment,
                ),
                pulumi.ResourceOptions(depends_on=[network, groups, roles]),  # tasks start with every way out open
            )
        outputs |= {
            "cluster_name": cluster.name,
            "service_names": {name: service.name for name, service in running.items()},
            "service_log_groups": {name: service.log_group_name for name, service in running.items()},
            "repository_urls": registry.repository_urls,
        }

    fleet = None
    if fleet_settings is not None and balancer is not None and scaling_role is not None:
        fleet = Fleet(
            FLEET,
            FleetArgs(
                scope=scope,
                settings=fleet_settings,
                subnet_ids=network.application_subnet_ids,
                security_group_id=groups.service_id,
                target_group_arn=balancer.target_group_arns[FLEET],
                load_balancer_arn_suffix=balancer.arn_suffix,
                target_group_arn_suffix=balancer.target_group_arn_suffixes[FLEET],
                scaling_role_arn=scaling_role.arn,
                volumes_kms_key_arn=keys.arns[Purpose.VOLUMES],
                logs_kms_key_arn=keys.arns[Purpose.LOGS],
                bucket_names={purpose: bucket.name for purpose, bucket in storage.buckets.items()},
                secret_names=secret_names,
                key_aliases=key_aliases,
                environment=_fleet_environment(scope, fleet_settings, storage.buckets),
                key_name=None if key_pair is None else key_pair.name,
            ),
            pulumi.ResourceOptions(depends_on=[network, groups]),  # instances start with every way out open
        )
        outputs |= {
            "autoscaling_group_name": fleet.group_name,
            "fleet_log_group": fleet.log_group_name,
            "fleet_role_arn": fleet.role_arn,
            "metrics_namespace": fleet.namespace,
        }

    # --- watching: alarms, dashboard, audit trail
    trail = None
    if settings.observability.trail is not None:
        trail = Trail(
            "trail",
            TrailArgs(
                scope=scope,
                settings=settings.observability.trail,
                kms_key_arn=keys.arns[Purpose.TRAIL],
                logs_kms_key_arn=keys.arns[Purpose.LOGS],
                logs_bucket_name=storage.logs_bucket_name,
                phi_bucket_arns=_recorded_buckets(settings, storage),
            ),
        )
        outputs |= {"trail_arn": trail.arn, "trail_bucket_name": trail.bucket_name}
    watched = Observability(
        "observability",
        ObservabilityArgs(
            scope=scope,
            settings=settings.observability,
            kms_key_arn=keys.arns[Purpose.NOTIFICATIONS],
            edge_kms_key_arn=keys.edge_arn,
            recovery_region=recovery_region,
            recovery_kms_key_arn=keys.recovery_arn,
            detection=settings.detection,
            watched=Watched(
                database=_watched_database(settings, database),
                cache_node_ids=() if cache is None else cache.node_ids,
                queue_node_ids=() if queue is None else queue.node_ids,
                distribution_id=None if cdn is None else cdn.distribution_id,
                load_balancer=None
                if balancer is None
                else WatchedLoadBalancer(
                    arn_suffix=balancer.arn_suffix, target_group_arn_suffixes=balancer.target_group_arn_suffixes
                ),
                services={
                    name: WatchedService(
                        cluster_name=cluster.name,
                        service_name=service.name,
                        min_tasks=services[name].min_tasks,
                        repository_name=repository_name(scope, name),
                        log_group_name=service.log_group_name,
                    )
                    for name, service in running.items()
                    if cluster is not None
                },
                fleet=None
                if fleet is None
                else WatchedFleet(
                    autoscaling_group_name=fleet.group_name,
                    deployment_application=application_name(scope),
                    log_group_names=[fleet.log_group_name],
                    metrics_namespace=fleet.namespace,
                ),
                api=None
                if api is None
                else WatchedApi(api_name=api.name, stage=api.stage_name, log_group_name=api.access_log_group_name),
                functions={
                    name: WatchedFunction(
                        function_name=function.name,
                        timeout_seconds=function.timeout_seconds,
                        dead_letter_queue_name=function.failures_queue_name,
                        log_group_name=function.log_group_name,
                    )
                    for name, function in {**functions, **own_functions}.items()
                },
                nat_gateway_ids=network.nat_gateway_ids,
                replications=_watched_replications(settings, storage),
                trail_log_group_name=None if trail is None else trail.log_group_name,
                flow_log_group_name=network.flow_log_group_name,
                certificates=domain is not None,
                backups=None
                if objectives is None
                else WatchedBackups(vault_name=vault_name(scope), age_minutes=objectives.backup_age_minutes),
                break_glass_role_name=None if settings.identity.break_glass is None else break_glass_name(scope),
            ),
        ),
    )
    outputs |= {
        "alarm_topic_arn": watched.topic_arn,
        "alarm_names": watched.alarm_names,
        "system_alarm_name": watched.system_alarm_name,
        "cloudwatch_dashboard_name": watched.dashboard_name,
        "dashboard_names": watched.dashboard_names,
    }
    if watched.edge_topic_arn is not None:
        outputs |= {"edge_alarm_topic_arn": watched.edge_topic_arn, "edge_alarm_names": watched.edge_alarm_names}
    if watched.recovery_topic_arn is not None:
        outputs |= {
            "recovery_alarm_topic_arn": watched.recovery_topic_arn,
            "recovery_alarm_names": watched.recovery_alarm_names,
        }
    Detection(
        "detection",
        DetectionArgs(
            scope=scope,
            settings=settings.detection,
            kms_key_arn=keys.arns[Purpose.TRAIL],
            key_alias=keys.aliases[Purpose.TRAIL],
            logs_bucket_name=storage.logs_bucket_name,
        ),
    )
    if settings.observability.tracing is not None:
        Tracing(
            "tracing",
            TracingArgs(scope=scope, settings=settings.observability.tracing, kms_key_arn=keys.arns[Purpose.LOGS]),
        )
    if settings.observability.grafana is not None:
        grafana = GrafanaRole("grafana", GrafanaRoleArgs(scope=scope, settings=settings.observability.grafana))
        outputs["grafana_role_arn"] = grafana.arn

    if fleet is not None and fleet_settings is not None and balancer is not None:
        release = fleet_settings.release
        releases = CodeDeploy(
            "releases",
            CodeDeployArgs(
                scope=scope,
                settings=release,
                autoscaling_group_name=fleet.ready_group_name,
                instance_role_arn=fleet.role_arn,
                target_group_name=balancer.target_group_names[FLEET],
                bucket_name=storage.buckets[release.bucket].name,
                key_aliases=[keys.aliases[Purpose.STORAGE]],
                alarm_names=_rollback_alarms(scope, fleet_settings, watched.alarm_names),
            ),
            pulumi.ResourceOptions(depends_on=[watched]),  # the alarms it watches
        )
        outputs |= {
            "codedeploy_application": releases.application_name,
            "codedeploy_group": releases.group_name,
            "codedeploy_bucket": storage.buckets[release.bucket].id,
        }

    # --- the application's name leads to it last: health check, records
    if edge is not None and domain_settings is not None and balancer is not None:
        health = None
        if edge.health_check is not None:
            health = HealthCheck(
                "health",
                HealthCheckArgs(
                    scope=scope,
                    settings=edge.health_check,
                    domain_name=domain_settings.name,
                    regions=edge.health_checker_regions,
                    watched=None
                    if edge.checked_from_outside
                    else _watched_targets(balancer, edge.health_check.target, watched.topic_arn),
                ),
            )
            outputs["health_check_id"] = health.id
        if zone_id is not None and domain_settings.records:
            Address(
                "address",
                AddressArgs(
                    names=domain_settings.names,
                    zone_id=zone_id,
                    target=balancer.dns_name,
                    target_zone_id=balancer.zone_id,
                    health_check_id=None if health is None else health.id,
                    failover=edge.failover,
                ),
            )

    # --- recovery: backups and the state, copied to the second region
    backups = None
    if recovery is not None and objectives is not None and keys.recovery_arn is not None:
        backups = BackupPlan(
            "backups",
            BackupPlanArgs(
                scope=scope,
                settings=recovery.backup_plan,
                objectives=objectives,
                kms_key_arn=keys.arns[Purpose.BACKUP],
                recovery_region=recovery.region,
                recovery_kms_key_arn=keys.recovery_arn,
                left_out_arns=[
                    storage.buckets[purpose].arn
                    for purpose, bucket in settings.storage.buckets.items()
                    if not bucket.versioned
                ],
                restore_testing=recovery.restore_testing,
                tested=_tested(settings, storage.buckets, database, groups.database_id, keys.arns[Purpose.STORAGE]),
            ),
        )
        outputs |= {
            "backup_vault_name": backups.vault_name,
            "restore_testing_plan_name": backups.restore_testing_plan_name,
        }
        if recovery.state_backend is not None:
            state = StateBackend(
                "state",
                StateBackendArgs(
                    scope=scope,
                    settings=recovery.state_backend,
                    logs_bucket_name=storage.logs_bucket_name,
                    recovery_region=recovery.region,
                    recovery_logs_bucket_name=storage.recovery_logs_bucket_name,
                ),
            )
            outputs["state_bucket_name"] = state.bucket_name
    if settings.identity.break_glass is not None:
        emergency = BreakGlass(
            "break-glass",
            BreakGlassArgs(
                scope=scope,
                settings=settings.identity.break_glass,
                bucket_arns=[bucket.arn for bucket in storage.buckets.values()],
                secret_patterns=scope.secret_patterns(),
                backup_role_name=None if backups is None else backups.role_name,
            ),
        )
        outputs["break_glass_role_arn"] = emergency.arn

    return {name: value for name, value in outputs.items() if value is not None and value not in ({}, [])}


def _require_postgresql(engine: str, version: str) -> None:
    """Ask AWS whether it offers the version, before anything is created (ALL-02, BER-N02, MSP-N01, OMN-N01)."""
    import pulumi_aws as aws

    try:
        aws.rds.get_engine_version(engine=engine, version=version)
    except Exception as error:
        offering = "Amazon Aurora" if engine.startswith("aurora") else "Amazon RDS"
        raise pulumi.RunError(
            f"phi-platform:database.engine_version: expected a PostgreSQL version {offering} offers in this region, "
            f"found {version}. List them with: aws rds describe-db-engine-versions --engine {engine} ({error})"
        ) from None


def _application_login(database: PostgresqlDatabase) -> Credentials:
    return database.application or database.administrator


def _secret_names(
    database: PostgresqlDatabase | None, caches: Iterable[Cache], application: ApplicationSecrets | None
) -> list[str]:
    """Secrets the application may read: its own login, never also the administrator's, and its own secrets."""
    login = None if database is None else _application_login(database).secret_name
    own = list[str]() if application is None else list(application.names.values())
    names = [login, *(cache.secret_name for cache in caches), *own]
    return [name for name in names if name is not None]


def _references(
    settings: Settings, buckets: Mapping[str, BucketInfo], database: PostgresqlDatabase | None, cache: Cache | None
) -> dict[str, pulumi.Input[str]]:
    """What an assembled secret may refer to; see `settings.secrets.Reference`."""
    found: dict[str, pulumi.Input[str]] = {"region": settings.region}
    found |= {f"bucket.{purpose}": bucket.name for purpose, bucket in buckets.items()}
    if database is not None and settings.database is not None:
        found |= {
            "database.host": database.address,
            "database.port": str(settings.database.port),
            "database.name": database.database_name,
        }
        if database.reader_address is not None:
            found["database.reader_host"] = database.reader_address
    if cache is not None and settings.cache is not None:
        found |= {"cache.host": cache.primary_endpoint, "cache.port": str(settings.cache.port)}
    return found


def _chosen(service: ServiceSettings, application: ApplicationSecrets) -> dict[str, SecretValue]:
    """Variables of a service whose values are application secrets (LWO-IAM-05)."""
    found: dict[str, SecretValue] = {}
    for variable, reference in service.secrets.items():
        path, field = split_reference(reference)
        found[variable] = SecretValue(arn=application.arns[path], key=field)
    return found


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


def _target(balancer: LoadBalancer | None, service: str) -> Target | None:
    if balancer is None or service not in balancer.target_group_arns:
        return None
    return Target(
        arn=balancer.target_group_arns[service],
        load_balancer_arn_suffix=balancer.arn_suffix,
        arn_suffix=balancer.target_group_arn_suffixes[service],
    )


def _watched_targets(balancer: LoadBalancer, target: str | None, topic_arn: pulumi.Input[str]) -> WatchedTargets:
    """The targets whose health stands for the application's; settings make sure that there are some."""
    chosen = target or next(iter(balancer.target_group_arn_suffixes))
    return WatchedTargets(
        load_balancer_arn_suffix=balancer.arn_suffix,
        target_group_arn_suffix=balancer.target_group_arn_suffixes[chosen],
        topic_arn=topic_arn,
    )


def _records_elsewhere(
    domain: DomainSettings,
    balancer: LoadBalancer | None,
    cdn: Cdn | None,
    certificates: Mapping[str, Certificate],
) -> list[pulumi.Input[Mapping[str, pulumi.Input[str]]]]:
    """DNS records to make where the domain is kept: CNAMEs, and the proofs of certificates (FAC-EDG-07, FAC-N04)."""
    records: list[pulumi.Input[Mapping[str, pulumi.Input[str]]]] = []
    if balancer is not None:
        records += [{"name": name, "type": "CNAME", "value": balancer.dns_name} for name in domain.names]
    if cdn is not None:
        records.append({"name": domain.cdn, "type": "CNAME", "value": cdn.domain_name})
    return [*records, *(proof for certificate in certificates.values() for proof in certificate.proofs)]


def _tested(
    settings: Settings,
    buckets: Mapping[str, BucketInfo],
    database: PostgresqlDatabase | None,
    database_group_id: pulumi.Input[str],
    storage_key_arn: pulumi.Input[str],
) -> dict[str, Mapping[str, pulumi.Input[str]]]:
    """What restore tests restore: the database into its own subnets and group, objects under the storage key."""
    found: dict[str, Mapping[str, pulumi.Input[str]]] = {}
    if database is not None:
        found["aurora" if isinstance(settings.database, AuroraSettings) else "rds"] = {
            "dbSubnetGroupName": database.identifier,  # the subnet group bears the database's name
            "vpcSecurityGroupIds": pulumi.Output.json_dumps([database_group_id]),
        }
    chosen = settings.storage.buckets
    if any(bucket.data_class is DataClass.PHI and chosen[purpose].versioned for purpose, bucket in buckets.items()):
        found["s3"] = {"encryptionType": "SSE-KMS", "kmsKey": storage_key_arn}
    return found


def _secrets(database: PostgresqlDatabase | None, cache: Cache | None, queue: Cache | None) -> dict[str, SecretValue]:
    """Variables whose value each task reads from Secrets Manager when it starts (BER-OPS-07)."""
    found: dict[str, SecretValue] = {}
    if database is not None:
        login = _application_login(database).secret_arn
        found["POSTGRES_USER"] = SecretValue(arn=login, key="username")
        found["POSTGRES_PASSWORD"] = SecretValue(arn=login, key="password")
    if cache is not None:
        found["REDIS_PASSWORD"] = SecretValue(arn=cache.secret_arn, key="auth_token")
    if queue is not None:
        found["QUEUE_REDIS_PASSWORD"] = SecretValue(arn=queue.secret_arn, key="auth_token")
    return found


def _environment(
    settings: Settings,
    buckets: Mapping[str, BucketInfo],
    database: PostgresqlDatabase | None,
    cache: Cache | None,
    queue: Cache | None,
    cdn: Cdn | None,
) -> dict[str, pulumi.Input[str]]:
    """Variables that tell a task where things are (BER-OPS-07, BER-N14, BER-N15)."""
    found: dict[str, pulumi.Input[str]] = {"AWS_REGION": settings.region}
    for purpose, bucket in buckets.items():
        found[f"S3_BUCKET_{purpose.upper().replace('-', '_')}"] = bucket.name
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
    if cdn is not None:
        found["CLOUDFRONT_DOMAIN"] = cdn.domain_name
    return found


def _backend_environment(settings: Settings, database: PostgresqlDatabase | None) -> dict[str, pulumi.Input[str]]:
    """Where functions find the database and its password; a browser is never told (MSP-CMP-02, MSP-OUT-09)."""
    if database is None or settings.database is None:
        return {}
    return {
        "DATABASE_ENDPOINT": database.address,
        "DATABASE_PORT": str(settings.database.port),
        "DATABASE_NAME": database.database_name,
        "DATABASE_SECRET_ARN": _application_login(database).secret_arn,
    }


def _managed_login(scope: Scope, settings: Settings, database: PostgresqlDatabase | None) -> list[Statement]:
    """Permission to read a password RDS keeps under a name of its own, if it does."""
    if database is None or _application_login(database).secret_name is not None:
        return []
    aurora = isinstance(settings.database, AuroraSettings)
    return [read_managed_password(scope, database.identifier, cluster=aurora)]


def _function_environment(
    settings: Settings, function: FunctionSettings, buckets: Mapping[str, BucketInfo]
) -> dict[str, pulumi.Input[str]]:
    """Buckets of a function, and the web pages it must name in its answers (MSP-EDG-09)."""
    found: dict[str, pulumi.Input[str]] = {
        f"S3_BUCKET_{purpose.upper().replace('-', '_')}": buckets[purpose].name for purpose in function.buckets
    }
    if settings.api is not None:
        found["CORS_ORIGINS"] = ",".join(settings.api.cors.origins)
    return found


def _code(function: FunctionSettings, buckets: Mapping[str, BucketInfo]) -> Code:
    package = function.package
    if package is not None:
        return PackageCode(bucket=buckets[package.bucket].id, key=package.key, version=package.version)
    if function.image is None:
        raise ValueError("package, image: want one of them, got neither")
    return ImageCode(address=function.image)


def _frontend_facts(
    settings: Settings,
    buckets: Mapping[str, BucketInfo],
    directory: Directory | None,
    api: Api | None,
    cdn: Cdn | None,
) -> dict[str, pulumi.Input[str]]:
    """What a browser application may be told: never anything of the database (MSP-IAM-13, MSP-OUT-01 to 08)."""
    found: dict[str, pulumi.Input[str]] = {"region": settings.region}
    found |= {f"buckets.{purpose}": bucket.id for purpose, bucket in buckets.items()}
    if directory is not None:
        found |= {"user_pool_id": directory.user_pool_id, "user_pool_client_id": directory.client_id}
        if directory.identity_pool_id is not None:
            found["identity_pool_id"] = directory.identity_pool_id
    if api is not None:
        found["api_endpoint"] = api.endpoint
    if cdn is not None:
        own = None if settings.edge is None or settings.edge.domain is None else settings.edge.domain.cdn
        found["cdn_url"] = pulumi.Output.concat("https://", own or cdn.domain_name)
    return found


def _watched_database(settings: Settings, database: PostgresqlDatabase | None) -> WatchedDatabase | None:
    if database is None or settings.database is None:
        return None
    most = settings.observability.database.max_connections
    if isinstance(settings.database, RdsSettings):
        most = most or max_connections(settings.database.instance_class)
        return WatchedDatabase(
            identifier=database.identifier,
            max_connections=most,
            replicas=database.replica_identifiers if isinstance(database, Database) else (),
            log_group_names=[f"/aws/rds/instance/{database.identifier}/{export}" for export in LOG_EXPORTS],
        )
    aurora = settings.database
    return WatchedDatabase(
        identifier=database.identifier,
        max_connections=most or serverless_max_connections(aurora.min_acu, aurora.max_acu),
        max_acu=aurora.max_acu,
        readers=aurora.readers > 0,
        log_group_names=[f"/aws/rds/cluster/{database.identifier}/{export}" for export in AURORA_LOG_EXPORTS],
    )


def _watched_replications(settings: Settings, storage: Storage) -> dict[str, WatchedReplication]:
    """Copied buckets and the copied state (BER-OBS-11, BER-N06)."""
    pairs = {
        purpose: WatchedReplication(source=storage.buckets[purpose].name, copy=copy.name, rule_id=RULE_ID)
        for purpose, copy in storage.replicas.items()
    }
    state = None if settings.recovery is None else settings.recovery.state_backend
    if state is not None:
        pairs["state"] = WatchedReplication(source=state.bucket, copy=state.replica_bucket, rule_id=STATE_RULE_ID)
    return pairs


def _recorded_buckets(settings: Settings, storage: Storage) -> list[str]:
    """Buckets, and their copies, whose every object access the trail records (MSP-N17)."""
    trail = settings.observability.trail
    wanted = None if trail is None else trail.data_events
    return [
        bucket.arn
        for purpose, bucket in (*storage.buckets.items(), *storage.replicas.items())
        if (bucket.data_class is DataClass.PHI if wanted is None else purpose in wanted)
    ]


def _model_address(fleet: FleetSettings | None) -> tuple[str, int] | None:
    """Where the language model answers, when it is a server of one's own (FAC-NET-22)."""
    if fleet is None or fleet.model.address is None:
        return None
    return str(fleet.model.address), fleet.model.port


def _fleet_environment(scope: Scope, fleet: FleetSettings, buckets: Mapping[str, BucketInfo]) -> dict[str, str]:
    """Variables that tell an instance where things are, all known in advance; hosts are in the secrets (FAC-CMP-13)."""
    named = {
        f"S3_BUCKET_{purpose.upper().replace('-', '_')}": buckets[purpose].name
        for purpose in fleet.buckets
        if purpose != fleet.release.bucket
    }
    return {**named, "SECRETS_PREFIX": scope.secret_prefix}


def _rollback_alarms(scope: Scope, fleet: FleetSettings, existing: Sequence[str]) -> list[str]:
    """Physical names of the alarms that end a deployment. Raises pulumi.RunError for one that does not exist."""
    found: list[str] = []
    for key in fleet.release.rollback_alarms:
        name = scope.name(key, limit=255)
        if name not in existing:
            raise pulumi.RunError(
                f"phi-platform:compute.fleet.release.rollback_alarms: expected parts of alarms of this stack, found "
                f"{key}. Alarms: {', '.join(existing)}"
            )
        found.append(name)
    return found


def _sign_in_urls(
    environment: Environment, sign_in: SignInSettings, domain: str, load_balancer: pulumi.Input[str]
) -> Outputs:
    """Addresses an identity provider must know; the load balancer's own, which the certificate does not name, are for
    trying things outside production (FAC-EDG-09, FAC-N10)."""
    hosts: list[pulumi.Input[str]] = [domain]
    if environment is not Environment.PRODUCTION:
        hosts.append(load_balancer)
    origins = [pulumi.Output.concat("https://", host) for host in hosts]
    return {
        "sign_in_callback_urls": [pulumi.Output.concat(o, path) for o in origins for path in sign_in.callback_paths],
        "sign_in_logout_urls": [pulumi.Output.concat(o, path) for o in origins for path in sign_in.logout_paths],
        "sign_in_web_origins": origins,
    }
