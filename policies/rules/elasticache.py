"""Amazon ElastiCache: encrypted at rest and in transit, with a password that is not kept."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import SENSITIVE, Config
from ..graph import Resource
from ..rule import Severity, resource_rule
from ..values import UNKNOWN

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
CLUSTER = "aws:elasticache/cluster:Cluster"
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
    if not any(resource.has(name) for name in ("userGroupIds", "authToken", "authTokenWo", "authTokenWoVersion")):
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
    for name in ("authToken", "passwords"):
        if resource.has(name):
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
