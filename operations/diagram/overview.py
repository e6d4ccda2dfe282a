"""The overview of a stack as a graph: of some 340 resources, the dozen or two that a person asks about.

People come in at the edge, requests go through compute to data, and data goes to the recovery region. What a network,
a policy or an alarm is made of stays out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from operations.mistakes import Mistake

_TIERS = ("public", "application", "data", "cache")
_KEPT_APART = ("logs", "trail", "state")
"""Buckets that are no data of the application: access logs, the audit trail, the program's own state."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A resource, wherever it is known from.   properties: by their names in the provider."""

    type: str
    name: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Node:
    """Something with an icon.   icon: key of `drawing.ICONS`.   cluster: where it is; empty for outside."""

    key: str
    label: str
    icon: str
    cluster: str


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A flow of requests or data, by keys of nodes.   copies: data that is copied, not asked for."""

    source: str
    target: str
    label: str = ""
    copies: bool = False


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A place: a region, a network, a tier.   parent: key of the one it is in; empty for none."""

    key: str
    label: str
    parent: str = ""


@dataclass(kw_only=True)
class Overview:
    """What is drawn. Clusters come before what is in them."""

    title: str
    clusters: dict[str, Cluster] = field(default_factory=dict[str, Cluster])
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    edges: list[Edge] = field(default_factory=list[Edge])


def overview(title: str, things: Iterable[Thing]) -> Overview:
    """The overview of a stack. Raises Mistake when there is no network in it to draw around."""
    return _Builder(title, list(things)).build()


class _Builder:
    def __init__(self, title: str, things: list[Thing]) -> None:
        self._things = sorted(things, key=lambda each: (each.type, each.name))
        self._drawn = Overview(title=title)
        zones = {str(each.properties.get("availabilityZone", "")) for each in self._of("ec2/subnet:Subnet")} - {""}
        if not zones:
            raise Mistake(f"{title} has no subnets: there is no network to draw.")
        self._zones = sorted(zones)
        self._region = self._zones[0][:-1]

    def build(self) -> Overview:
        self._places()
        self._edge()
        self._compute()
        self._data()
        self._watch()
        self._recovery()
        return self._drawn

    # Places

    def _places(self) -> None:
        vpc = self._of("ec2/vpc:Vpc")
        cidr = f" {vpc[0].properties.get('cidrBlock', '')}" if vpc else ""
        letters = ", ".join(zone[-1] for zone in self._zones)
        self._cluster("region", self._region)
        self._cluster("vpc", f"VPC{cidr}, zones {letters}", "region")
        tiers = {_tag(each, "Tier") for each in self._of("ec2/subnet:Subnet")}
        for tier in _TIERS:
            if tier in tiers:
                self._cluster(tier, f"{tier} subnets", "vpc")
        self._store_tier = "data" if "data" in tiers else "application"
        self._cache_tier = "cache" if "cache" in tiers else self._store_tier

    def _edge(self) -> None:
        self._way_in: list[str] = []
        distributions, zones = self._of("cloudfront/distribution:Distribution"), self._of("route53/zone:Zone")
        if distributions or zones:
            self._cluster("edge", "edge locations")
        if zones:
            self._node("dns", f"Route 53\n{zones[0].properties.get('name', '')}", "dns", "edge")
        if distributions:
            guarded = "\nweb ACL" if distributions[0].properties.get("webAclId") else ""
            self._node("cdn", f"CloudFront{guarded}", "cdn", "edge")
            self._way_in.append("cdn")
        for balancer in self._of("lb/loadBalancer:LoadBalancer"):
            internal = bool(balancer.properties.get("internal"))
            guarded = "\nweb ACL" if self._guards("load-balancer") else ""
            label = f"{'internal load balancer' if internal else 'load balancer'}\nHTTPS{guarded}"
            self._node("balancer", label, "balancer", "application" if internal else "public")
            if not internal:
                self._way_in.append("balancer")
        for _ in self._of("apigateway/restApi:RestApi"):
            guarded = "\nweb ACL" if self._guards("api") else ""
            self._node("api", f"API Gateway{guarded}", "api", "region")
            self._way_in.append("api")
        if self._of("cognito/userPool:UserPool"):
            self._node("directory", "Cognito\nusers", "directory", "region")
            self._way_in.append("directory")
        if self._of("ec2clientvpn/endpoint:Endpoint"):
            self._node("vpn", "Client VPN", "vpn", "application")
            self._way_in.append("vpn")
            if "balancer" in self._drawn.nodes:
                self._link("vpn", "balancer")
        gateways = self._of("ec2/natGateway:NatGateway")
        if gateways:
            self._node("nat", f"NAT\n{_count(len(gateways), 'gateway')}", "nat", "public")
        if self._way_in:
            self._node("people", "people", "people", "")
        for key in self._way_in:
            self._link("people", key, "sign in" if key == "directory" else "")
        if "dns" in self._drawn.nodes and self._way_in:
            self._link("people", "dns", "asks")

    def _compute(self) -> None:
        self._running: list[str] = []
        for service in self._of("ecs/service:Service"):
            name = service.name.removesuffix("-service")
            key = f"service-{name}"
            self._node(key, f"{name}\n{self._tasks(service)}", "service", "application")
            self._running.append(key)
            if service.properties.get("loadBalancers") and "balancer" in self._drawn.nodes:
                self._link("balancer", key)
        for group in self._of("autoscaling/group:Group"):
            least, most = (int(group.properties.get(key, 0)) for key in ("minSize", "maxSize"))
            template = self._of("ec2/launchTemplate:LaunchTemplate")
            size = template[0].properties.get("instanceType", "") if template else ""
            self._node("fleet", f"EC2 Auto Scaling\n{least} to {most} {size}", "fleet", "application")
            self._running.append("fleet")
            if "balancer" in self._drawn.nodes:
                self._link("balancer", "fleet")
        for function in self._of("lambda/function:Function"):
            name = function.name.removesuffix("-function")
            rotates = "rotation" in name
            self._node(f"function-{name}", f"Lambda\n{name}", "function", "application")
            if not rotates:
                self._running.append(f"function-{name}")
                if "api" in self._drawn.nodes:
                    self._link("api", f"function-{name}")
        if self._of("ec2/instance:Instance"):
            self._node("bastion", "bastion\nSession Manager", "instance", "application")
        if "nat" in self._drawn.nodes and self._running:
            self._link(self._running[0], "nat", "out")

    def _data(self) -> None:
        for instance in self._of("rds/instance:Instance"):
            if instance.properties.get("replicateSourceDb"):
                self._node(f"replica-{instance.name}", "read replica", "database", self._store_tier)
                self._link("database", f"replica-{instance.name}", copies=True)
                continue
            zones = ", two zones" if instance.properties.get("multiAz") else ""
            size = instance.properties.get("instanceClass", "")
            self._store("database", f"PostgreSQL\n{size}{zones}", "database", self._store_tier)
        for cluster in self._of("rds/cluster:Cluster"):
            capacity = cast("dict[str, Any]", cluster.properties.get("serverlessv2ScalingConfiguration") or {})
            instances = _count(len(self._of("rds/clusterInstance:ClusterInstance")), "instance")
            scale = f"{capacity.get('minCapacity', 0):g} to {capacity.get('maxCapacity', 0):g} ACU, {instances}"
            self._store("database", f"Aurora PostgreSQL\n{scale}", "aurora", self._store_tier)
        for group in self._of("elasticache/replicationGroup:ReplicationGroup"):
            name = group.name.removesuffix("-group")
            nodes = int(group.properties.get("numCacheClusters", 1))
            label = f"Redis, {name}\n{nodes} × {group.properties.get('nodeType', '')}"  # noqa: RUF001 - a count
            self._store(name, label, "cache", self._cache_tier)
        buckets = self._buckets(away=False)
        if buckets:
            self._store("buckets", f"{_count(len(buckets), 'bucket')}\n{', '.join(buckets)}", "bucket", "region")
            if "cdn" in self._drawn.nodes:
                served = self._served()
                self._link("cdn", "buckets", "" if len(served) in (0, len(buckets)) else ", ".join(served))
            if "directory" in self._drawn.nodes and self._of("cognito/identityPool:IdentityPool"):
                self._link("directory", "buckets", "own files")

    def _watch(self) -> None:
        """What has no flow of its own: one icon each, with how many there are."""
        self._cluster("watch", "keys, secrets, watch", "region")
        alarms = len(self._of("cloudwatch/metricAlarm:MetricAlarm"))
        counted = [
            (
                "keys",
                "KMS",
                "keys",
                len([each for each in self._of("kms/key:Key") if not self._elsewhere(each)]),
                "key",
            ),
            ("secrets", "Secrets Manager", "secrets", len(self._of("secretsmanager/secret:Secret")), "secret"),
            ("alarms", "CloudWatch", "alarms", alarms, "alarm"),
        ]
        for key, title, icon, number, word in counted:
            if number:
                self._node(key, f"{title}\n{_count(number, word)}", icon, "watch")
        if self._of("cloudtrail/trail:Trail"):
            self._node("trail", "CloudTrail\naudit trail", "trail", "watch")

    def _recovery(self) -> None:
        away = [str(each.properties["region"]) for each in self._things if self._abroad(each)]
        if not away:
            return
        self._cluster("recovery", f"{away[0]}, recovery")
        if self._of("rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"):
            self._node("database-copies", "PostgreSQL\nreplicated backups", "database", "recovery")
            self._link("database", "database-copies", "minutes", copies=True)
        copies = self._buckets(away=True)
        if copies and "buckets" in self._drawn.nodes:
            self._node("bucket-copies", f"{_count(len(copies), 'bucket')}\ncopies", "bucket", "recovery")
            self._link("buckets", "bucket-copies", "replication", copies=True)
        if any(self._abroad(each) for each in self._of("backup/vault:Vault")):
            self._node("backups", "AWS Backup\nlocked vault", "backup", "recovery")
            for store in ("database", "buckets"):
                if store in self._drawn.nodes:
                    self._link(store, "backups", copies=True)

    # Facts

    def _of(self, type_: str) -> list[Thing]:
        return [each for each in self._things if each.type == f"aws:{type_}"]

    def _elsewhere(self, thing: Thing) -> bool:
        """Whether it is in another region, the one of CloudFront's own things included."""
        return str(thing.properties.get("region") or self._region) != self._region

    def _abroad(self, thing: Thing) -> bool:
        """Whether it is in the recovery region: where backup vaults are, not where CloudFront's firewall is."""
        vaults = {each.properties.get("region") for each in self._of("backup/vault:Vault") if self._elsewhere(each)}
        return self._elsewhere(thing) and thing.properties.get("region") in vaults

    def _guards(self, part: str) -> bool:
        """Whether a firewall stands in front of a part of the system."""
        return any(each.name.startswith(part) for each in self._of("wafv2/webAclAssociation:WebAclAssociation"))

    def _tasks(self, service: Thing) -> str:
        wanted = str(service.properties.get("name", ""))
        for target in self._of("appautoscaling/target:Target"):
            if str(target.properties.get("resourceId", "")).endswith(f"/{wanted}"):
                least, most = (int(target.properties.get(key, 0)) for key in ("minCapacity", "maxCapacity"))
                return f"Fargate\n{least} to {most} tasks"
        return f"Fargate\n{_count(int(service.properties.get('desiredCount', 0)), 'task')}"

    def _buckets(self, *, away: bool) -> list[str]:
        """Purposes of the buckets that hold the application's data."""
        return [
            _purpose(each)
            for each in self._of("s3/bucket:Bucket")
            if self._elsewhere(each) == away and not _purpose(each).startswith(_KEPT_APART)
        ]

    def _served(self) -> list[str]:
        """Purposes of the buckets behind the CDN."""
        origins = [
            str(cast("dict[str, Any]", origin).get("domainName", ""))
            for each in self._of("cloudfront/distribution:Distribution")
            for origin in each.properties.get("origins") or []
        ]
        return [
            _purpose(each)
            for each in self._of("s3/bucket:Bucket")
            if any(origin.startswith(f"{each.properties.get('bucket')}.") for origin in origins)
        ]

    # Drawing

    def _cluster(self, key: str, label: str, parent: str = "") -> None:
        self._drawn.clusters[key] = Cluster(key=key, label=label, parent=parent)

    def _node(self, key: str, label: str, icon: str, cluster: str) -> None:
        self._drawn.nodes[key] = Node(key=key, label=label.rstrip(), icon=icon, cluster=cluster)

    def _store(self, key: str, label: str, icon: str, cluster: str) -> None:
        """A place of data, which everything that runs asks."""
        self._node(key, label, icon, cluster)
        for source in self._running:
            self._link(source, key)

    def _link(self, source: str, target: str, label: str = "", *, copies: bool = False) -> None:
        self._drawn.edges.append(Edge(source=source, target=target, label=label, copies=copies))


def _purpose(bucket: Thing) -> str:
    return bucket.name.removeprefix("storage-").removesuffix("-bucket")


def _tag(thing: Thing, name: str) -> str:
    tags = thing.properties.get("tags")
    return str(cast("dict[str, Any]", tags).get(name, "")) if isinstance(tags, dict) else ""


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
