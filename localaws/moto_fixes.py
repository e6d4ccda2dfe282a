"""Where moto refuses what AWS accepts, or takes long for it: its own code is replaced by a better version."""

from __future__ import annotations

import copy
import json
from fnmatch import fnmatchcase
from functools import cache
from typing import Any
from uuid import uuid4

LOG_DELIVERY = "logging.s3.amazonaws.com"


def apply() -> None:
    """Replace moto's code; doing it twice changes nothing."""
    from moto.iam.models import IAMBackend
    from moto.s3.models import FakeBucket

    fixed: Any = staticmethod(_admits_log_delivery)
    FakeBucket._log_permissions_enabled_policy = fixed  # pyright: ignore[reportPrivateUsage]
    managed: Any = _managed_policies
    IAMBackend._init_aws_policies = managed  # pyright: ignore[reportPrivateUsage]
    _count_cache_nodes()
    _tell_rotation_periods()
    _keep_performance_insights()
    _name_replicas_apart()
    _keep_how_users_sign_in()
    _lock_tokens()
    _show_members_of_replication_groups()
    _read_conditions_of_buckets()
    _end_deployments()


def _read_conditions_of_buckets() -> None:
    """Bucket policies that refuse calls without TLS, or uploads under a foreign key, do not refuse every call.

    moto takes a refusal for unconditional, so nothing could be read from or written to such a bucket. Calls to this
    machine count as made over TLS: nobody listens. Uploads under a foreign key are not refused here.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def permission(bucket: Any, action: str, resource: str) -> Any:
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(bucket.policy)
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        kept = [each for each in statements if not _about_transport_or_key(each)]
        if not kept:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({**policy, "Statement": kept})).is_action_permitted(action, resource)

    bucket_class: Any = FakeBucket
    bucket_class.get_permission = permission


def _about_transport_or_key(statement: dict[str, Any]) -> bool:
    keys = {key.lower() for operator in statement.get("Condition", {}).values() for key in operator}
    known = ("aws:securetransport", "s3:tlsversion", "s3:x-amz-server-side-encryption")
    return statement["Effect"] == "Deny" and bool(keys) and all(key.startswith(known) for key in keys)


def _show_members_of_replication_groups() -> None:
    """DescribeCacheClusters tells of a replication group's nodes too, with their network: moto knows it and is silent.

    Source: Amazon ElastiCache API Reference, CacheCluster.
    """
    from moto.elasticache.models import ElastiCacheBackend

    backend_class: Any = ElastiCacheBackend
    if hasattr(backend_class, "shows_members"):
        return
    plain = backend_class.describe_cache_clusters

    def describe(backend: Any, cache_cluster_id: str | None = None) -> list[Any]:
        members = {
            member: _member(member, group)
            for group in backend.replication_groups.values()
            for member in group.member_clusters
        }
        if cache_cluster_id in members:
            return [members[cache_cluster_id]]
        return [*plain(backend, cache_cluster_id), *members.values()]

    backend_class.describe_cache_clusters = describe
    backend_class.shows_members = True


def _member(name: str, group: Any) -> dict[str, Any]:
    return {
        "CacheClusterId": name,
        "ReplicationGroupId": group.replication_group_id,
        "CacheClusterStatus": group.status,
        "CacheNodeType": group.cache_node_type,
        "Engine": group.engine,
        "EngineVersion": group.engine_version,
        "NumCacheNodes": 1,
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "SecurityGroups": [{"SecurityGroupId": id, "Status": "active"} for id in group.security_group_ids or ()],
    }


def _end_deployments() -> None:
    """A CodeDeploy deployment has succeeded on the instances of its groups; moto's are created for ever.

    Source: AWS CodeDeploy API Reference, DeploymentInfo: status, deploymentOverview.
    """
    from moto.backends import get_backend
    from moto.codedeploy.models import CodeDeployBackend

    backend_class: Any = CodeDeployBackend
    if hasattr(backend_class, "ends_deployments"):
        return
    plain = backend_class.create_deployment

    def create(backend: Any, *, application_name: str, deployment_group_name: str, **more: Any) -> str:
        id = plain(backend, application_name, deployment_group_name, **more)
        made = backend.deployments[id]
        fleets: Any = get_backend("autoscaling")[backend.account_id][backend.region_name].autoscaling_groups
        of_group = backend.get_deployment_group(application_name, deployment_group_name).auto_scaling_groups
        made.deployment_overview["Succeeded"] = sum(
            len(fleets[each].instance_states) for each in of_group if each in fleets
        )
        made.status, made.start_time, made.complete_time = "Succeeded", made.create_time, made.create_time
        return id

    backend_class.create_deployment = create
    backend_class.ends_deployments = True


def _lock_tokens() -> None:
    """Lock tokens of WAF's IP sets in AWS's form, a UUID: moto's own clients would refuse the six characters it gives.

    Source: AWS WAFV2 API Reference, UpdateIPSet.
    """
    from moto.wafv2 import models

    ip_set: Any = models.FakeIPSet

    def token(kept: Any) -> str:
        return kept.__dict__["lock_token"]

    def keep(kept: Any, value: str) -> None:
        kept.__dict__["lock_token"] = str(uuid4())

    ip_set.lock_token = property(token, keep)


def _managed_policies(backend: Any) -> list[Any]:
    """AWS's own policies, parsed once: moto does so for every backend, twelve times an account, 0.2 s each."""
    return [copy.copy(policy) for policy in _parsed_policies(backend.account_id, backend.region_name)]


@cache
def _parsed_policies(account_id: str, region: str) -> list[Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy

    return [
        AWSManagedPolicy.from_data(name, account_id, region, policy)
        for name, policy in json.loads(aws_managed_policies_data).items()
    ]


def _count_cache_nodes() -> None:
    """NumCacheClusters makes as many nodes; moto makes one, whatever is asked, unless ReplicasPerNodeGroup says more.

    Source: Amazon ElastiCache API Reference, CreateReplicationGroup.
    """
    from moto.elasticache.models import ReplicationGroup

    group_class: Any = ReplicationGroup
    if hasattr(group_class, "counts_nodes"):
        return
    plain = group_class._set_node_members_clusters_disabled

    def members(group: Any, *, num_cache_clusters: int, replicas_per_node_group: int | None, **more: Any) -> None:
        replicas = replicas_per_node_group or num_cache_clusters - 1
        plain(group, num_cache_clusters=num_cache_clusters, replicas_per_node_group=replicas, **more)

    group_class._set_node_members_clusters_disabled = members
    group_class.counts_nodes = True


def _tell_rotation_periods() -> None:
    """GetKeyRotationStatus tells the period; moto forgets it. Source: AWS KMS API Reference, GetKeyRotationStatus."""
    from moto.kms.responses import KmsResponse

    response_class: Any = KmsResponse
    if hasattr(response_class, "tells_periods"):
        return
    enable, status = response_class.enable_key_rotation, response_class.get_key_rotation_status

    def key(response: Any) -> Any:
        return response.kms_backend.keys[response.kms_backend.get_key_id(response._get_param("KeyId"))]

    def keep(response: Any) -> str:
        answer = enable(response)
        key(response).rotation_period_days = response._get_param("RotationPeriodInDays") or 365
        return answer

    def tell(response: Any) -> str:
        answer = json.loads(status(response))
        if answer["KeyRotationEnabled"]:
            answer["RotationPeriodInDays"] = getattr(key(response), "rotation_period_days", 365)
        return json.dumps(answer)

    response_class.enable_key_rotation, response_class.get_key_rotation_status = keep, tell
    response_class.tells_periods = True


def _name_replicas_apart() -> None:
    """A replica of a key has aliases of its own; moto's shares its primary's, so that none can have the same name.

    Source: AWS KMS Developer Guide, "Multi-Region keys: shared properties".
    """
    from moto.kms.models import KmsBackend

    backend_class: Any = KmsBackend
    if hasattr(backend_class, "names_replicas_apart"):
        return
    plain = backend_class.replicate_key

    def replicate(backend: Any, key_id: str, replica_region: str) -> Any:
        key = plain(backend, backend.get_key_id(key_id), replica_region)
        key.aliases = {}
        return key

    backend_class.replicate_key = replicate
    backend_class.names_replicas_apart = True


def _keep_performance_insights() -> None:
    """DescribeDBInstances tells of Performance Insights; moto forgets it.

    Source: Amazon RDS API Reference, DBInstance.
    """
    from moto.rds.models import DBInstance, RDSBackend

    instance_class: Any = DBInstance
    backend_class: Any = RDSBackend
    if hasattr(instance_class, "keeps_insights"):
        return
    make, modify = instance_class.__init__, backend_class.modify_db_instance

    def keep(instance: Any, given: dict[str, Any]) -> None:
        for asked, kept in (
            ("enable_performance_insights", "performance_insights_enabled"),
            ("performance_insights_retention_period", "performance_insights_retention_period"),
            ("performance_insights_kms_key_id", "performance_insights_kms_key_id"),
        ):
            if asked in given:
                setattr(instance, kept, given[asked])

    def made(instance: Any, *arguments: Any, **given: Any) -> None:
        make(instance, *arguments, **given)
        keep(instance, given)

    def modified(backend: Any, identifier: str, given: dict[str, Any]) -> Any:
        instance = modify(backend, identifier, given)
        keep(instance, given)
        return instance

    instance_class.__init__, backend_class.modify_db_instance = made, modified
    instance_class.keeps_insights = True


def _keep_how_users_sign_in() -> None:
    """UpdateUserPool cannot change what names a user; moto forgets it then, because the call does not carry it."""
    from moto.cognitoidp.models import CognitoIdpUserPool

    forgetful = CognitoIdpUserPool.update_extended_config
    if hasattr(forgetful, "fixed"):
        return

    def update(pool: Any, config: dict[str, Any]) -> None:
        before: dict[str, Any] = getattr(pool, "extended_config", {})
        kept = {name: before[name] for name in ("UsernameAttributes", "UsernameConfiguration") if name in before}
        forgetful(pool, {**kept, **(config or {})})

    update.fixed = True  # type: ignore[attr-defined]
    fixed: Any = update
    CognitoIdpUserPool.update_extended_config = fixed


def _admits_log_delivery(target_bucket: Any, target_prefix: str | None) -> bool:
    """Whether a bucket's policy lets S3 write access logs under a prefix; moto knows three literal ARNs only.

    Source: S3 User Guide, "Permissions for log delivery".
    """
    if not target_bucket.policy:
        return False
    wanted = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}log"
    for statement in json.loads(target_bucket.policy.decode())["Statement"]:
        principal = statement.get("Principal", {})
        services = _list(principal.get("Service") if isinstance(principal, dict) else None)
        if statement.get("Effect") == "Allow" and LOG_DELIVERY in services:
            actions, resources = _list(statement.get("Action")), _list(statement.get("Resource"))
            if any(fnmatchcase("s3:PutObject", action) for action in actions) and any(
                fnmatchcase(wanted, resource) for resource in resources
            ):
                return True
    return False


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []
