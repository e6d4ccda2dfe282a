"""Amazon ElastiCache: encrypted at rest and in transit, with a password that is not kept."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import in_production
from ..config import SENSITIVE, Config
from ..expect import NOT_FALSE, TRUE
from ..graph import Resource, Stack
from ..paths import SUBNET, internet_facing, tables_of
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, Severity, linked_rule, requires, resource_rule
from ..values import UNKNOWN
from .jurisdiction import not_allowed
from .reachability import tier

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
CLUSTER = "aws:elasticache/cluster:Cluster"
SERVERLESS = "aws:elasticache/serverlessCache:ServerlessCache"
GLOBAL = "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup"
USER = "aws:elasticache/user:User"
GUIDE = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/"


@resource_rule(
    "elasticache-at-rest",
    types=(GROUP,),
    title="Caches are encrypted at rest",
    severity=Severity.HIGH,
    remedy="Set atRestEncryptionEnabled: true and kmsKeyId.",
    url=GUIDE + "at-rest-encryption.html",
)
def at_rest(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("atRestEncryptionEnabled") is not True:
        yield "atRestEncryptionEnabled must be true."


@resource_rule(
    "elasticache-cmk",
    types=(GROUP,),
    title="Caches of sensitive data use a customer key",
    severity=Severity.HIGH,
    remedy="Set kmsKeyId to the ARN of a customer key.",
    url=GUIDE + "at-rest-encryption.html",
)
def cmk(resource: Resource, config: Config) -> Iterator[str]:
    if resource.tags().get(config.data_class_tag) in (*SENSITIVE, UNKNOWN) and not resource.has("kmsKeyId"):
        yield "kmsKeyId is not set."


@resource_rule(
    "elasticache-in-transit",
    types=(GROUP, CLUSTER),
    title="Caches are reached by TLS only",
    severity=Severity.HIGH,
    remedy="Set transitEncryptionEnabled: true, and transitEncryptionMode required where it is given.",
    url=GUIDE + "in-transit-encryption.html",
)
def in_transit(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type == CLUSTER and resource.has("replicationGroupId"):
        return
    if resource.flag("transitEncryptionEnabled") is not True:
        yield "transitEncryptionEnabled must be true."
    elif resource.text("transitEncryptionMode") == "preferred":
        yield "transitEncryptionMode preferred still lets clients in without TLS."


@resource_rule(
    "elasticache-auth",
    types=(GROUP,),
    title="Caches ask who connects",
    severity=Severity.HIGH,
    remedy="Set authTokenWo with authTokenWoVersion, or userGroupIds.",
    url=GUIDE + "auth.html",
)
def auth(resource: Resource, config: Config) -> Iterator[str]:
    """A write-only token is in what the program declares, never in what AWS reports."""
    kept = resource.declared is not None and resource.declares("authTokenWo")
    if not kept and not any(resource.has(name) for name in ("userGroupIds", "authToken", "authTokenWo")):
        yield "neither an auth token nor userGroupIds is set."


@resource_rule(
    "elasticache-token-not-plain",
    types=(GROUP, USER),
    title="Cache passwords stay out of the state",
    severity=Severity.CRITICAL,
    remedy="Use the write-only twin: authTokenWo, passwordsWo.",
    url=GUIDE + "auth.html",
)
def token_not_plain(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("authToken", "passwords", "authenticationMode.passwords"):
        if resource.given(name):
            yield f"{name} keeps the password in the state."


@resource_rule(
    "elasticache-no-plain-cluster",
    types=(CLUSTER,),
    title="Redis and Valkey caches are replication groups",
    severity=Severity.HIGH,
    remedy="Use a ReplicationGroup; a cluster on its own cannot be encrypted at rest.",
    url=GUIDE + "at-rest-encryption.html",
)
def no_plain_cluster(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("engine") in ("redis", "valkey") and not resource.has("replicationGroupId"):
        yield "replicationGroupId is not set: this cluster cannot be encrypted at rest."


@resource_rule(
    "elasticache-user-least",
    types=USER,
    title="Cache users may do what they need",
    severity=HIGH,
    remedy="Remove noPasswordRequired, and name key patterns and command categories in accessString.",
    url=GUIDE + "Clusters.RBAC.html",
)
def user_least(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("noPasswordRequired"):
        yield "noPasswordRequired must not be true."
    words = (resource.text("accessString") or "").split()
    if "on" in words and {"~*", "allkeys"} & set(words) and {"+@all", "allcommands"} & set(words):
        yield "accessString gives every command on every key."


multi_az = requires(
    "elasticache-multi-az",
    GROUP,
    {"automaticFailoverEnabled": TRUE, "multiAzEnabled": TRUE},
    when=in_production,
    title="Caches in production survive the loss of a zone",
    severity=MEDIUM,
    url=GUIDE + "AutoFailover.html",
)
SHORTEST_BACKUP_DAYS = 15


@resource_rule(
    "elasticache-backup",
    types=(GROUP, SERVERLESS),
    title="Caches that keep data are backed up",
    severity=MEDIUM,
    remedy=f"Set snapshotRetentionLimit to {SHORTEST_BACKUP_DAYS} or more, or tag Durable: false what can be lost.",
    url=GUIDE + "backups-automatic.html",
)
def backup(resource: Resource, config: Config) -> Iterator[str]:
    durable = str(resource.tags().get("Durable", "")).lower() not in ("false", "no")
    days = resource.number("snapshotRetentionLimit") or 0
    if durable and in_production(resource, config) and days < SHORTEST_BACKUP_DAYS:
        yield f"snapshotRetentionLimit: expected {SHORTEST_BACKUP_DAYS} or more, found {days:g}."


@linked_rule(
    "elasticache-private-subnets",
    types=(GROUP, CLUSTER),
    title="Caches are placed in subnets without a way to the internet",
    severity=HIGH,
    remedy="Set subnetGroupName to a subnet group of the data tier.",
    url=GUIDE + "SubnetGroups.html",
)
def private_subnets(cache: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if cache.has("replicationGroupId") and cache.type == CLUSTER:
        return
    if not cache.has("subnetGroupName") or (
        not cache.unknown("subnetGroupName") and cache.text("subnetGroupName") == "default"
    ):
        yield "subnetGroupName is not set: the cache would be in the default network."
    for group in stack.targets(cache, "subnetGroupName", "aws:elasticache/subnetGroup:SubnetGroup"):
        for subnet in stack.targets(group, "subnetIds", SUBNET):
            if tier(subnet, config) == "public" or (tables_of(stack, subnet) and internet_facing(stack, subnet)):
                yield Finding(group, f"subnetIds: {subnet.name} has a way to the internet.")


minor_upgrades = requires(
    "elasticache-minor-upgrades",
    (GROUP, CLUSTER),
    {"autoMinorVersionUpgrade": NOT_FALSE},
    title="Caches receive minor version upgrades",
    severity=LOW,
    url=GUIDE + "VersionManagement.html",
)


@resource_rule(
    "elasticache-logs",
    types=GROUP,
    title="Caches log slow commands and what the engine says",
    severity=LOW,
    remedy="Add logDeliveryConfigurations of slow-log and engine-log.",
    url=GUIDE + "Log_Delivery.html",
)
def logs(resource: Resource, config: Config) -> Iterator[str]:
    found = {each.text("logType") for each in resource.views("logDeliveryConfigurations")}
    missing = {"slow-log", "engine-log"} - found
    if missing:
        yield f"logDeliveryConfigurations lacks {', '.join(sorted(missing))}."


@linked_rule(
    "elasticache-global-in-jurisdiction",
    types=GLOBAL,
    title="Caches replicate inside the jurisdiction only",
    severity=CRITICAL,
    remedy="Keep every member in a region of the jurisdiction.",
    url=GUIDE + "Redis-Global-Datastore.html",
)
def global_members(store: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    members = stack.targets(store, "primaryReplicationGroupId", GROUP)
    members += stack.users(store, GROUP, property="globalReplicationGroupId")
    for member in members:
        region = member.region()
        if region is not None and region not in config.regions:
            yield Finding(member, f"region: the member would be in {not_allowed(region, config)}.")


@resource_rule(
    "elasticache-default-port",
    types=(GROUP, CLUSTER),
    title="Caches listen on a port of their own",
    severity=LOW,
    remedy="Set port to another number than 6379 and 11211.",
    url=GUIDE + "accessing-elasticache.html",
)
def default_port(resource: Resource, config: Config) -> Iterator[str]:
    if (resource.number("port") in (None, 6379, 11211) and not resource.has("replicationGroupId")) or (
        resource.type == GROUP and resource.number("port") in (None, 6379)
    ):
        yield "port is the default of the engine."
