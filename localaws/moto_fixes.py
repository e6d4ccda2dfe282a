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
    _keep_how_users_sign_in()
    _lock_tokens()
    _show_members_of_replication_groups()
    _read_conditions_of_buckets()


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
