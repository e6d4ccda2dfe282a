"""ElastiCache: subnet groups, parameter groups, replication groups."""

from __future__ import annotations

from typing import Any, ClassVar

from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shapes import from_tags, pascal, to_tags

_MODES_FROM = 7  # Redis version that can let clients in with and without TLS


def retag(call: Call, arn: str, old: Props, new: Props) -> None:
    """Make the tags of an ElastiCache resource those of `new`."""
    client = call.client("elasticache")
    gone = [name for name in old["tags"] if name not in new["tags"]]
    if gone:
        client.remove_tags_from_resource(ResourceName=arn, TagKeys=gone)
    if new["tags"]:
        client.add_tags_to_resource(ResourceName=arn, Tags=to_tags(new["tags"]))


@register
class SubnetGroup(Handler):
    """A subnet group; moto cannot change one: new subnets make it anew by its name, the rest is kept beside it."""

    type = "aws:elasticache/subnetGroup:SubnetGroup"
    inputs = frozenset({"name", "description", "subnetIds", "tags"})
    replace_on = frozenset({"name"})
    autoname = "name"
    cloudformation = "AWS::ElastiCache::SubnetGroup"
    renames: ClassVar[dict[str, str]] = {"name": "CacheSubnetGroupName", "tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        call.client("elasticache").create_cache_subnet_group(
            CacheSubnetGroupName=inputs["name"],
            CacheSubnetGroupDescription=inputs.get("description") or "Managed by Pulumi",
            SubnetIds=inputs["subnetIds"],
            Tags=to_tags(inputs["tags"]),
        )
        self._keep(call, inputs["name"], inputs)
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("elasticache").describe_cache_subnet_groups(CacheSubnetGroupName=id)["CacheSubnetGroups"]
        if not found:
            return None
        group = found[0]
        kept = call.store.of(self.type, call.region).get(id) or {"description": None, "tags": {}}
        return {
            "name": id,
            "description": kept["description"] or group["CacheSubnetGroupDescription"],
            "subnetIds": [subnet["SubnetIdentifier"] for subnet in group.get("Subnets", [])],
            "arn": f"arn:aws:elasticache:{call.region}:{call.account_id}:subnetgroup:{id}",
            "tags": kept["tags"],
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        if sorted(old["subnetIds"]) != sorted(new["subnetIds"]):
            self._forget(call, id)
            self.create(call, new)
        self._keep(call, id, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.store.of(self.type, call.region).pop(id, None)
        self._forget(call, id)

    def _forget(self, call: Call, id: str) -> None:
        """Moto has no DeleteCacheSubnetGroup: the group is taken out of its backend."""
        from moto.backends import get_backend

        backend: Any = get_backend("elasticache")
        backend[call.account_id][call.region].cache_subnet_groups.pop(id, None)

    def _keep(self, call: Call, id: str, inputs: Props) -> None:
        call.store.of(self.type, call.region)[id] = {"description": inputs.get("description"), "tags": inputs["tags"]}


@register
class ParameterGroup(Emulated):
    type = "aws:elasticache/parameterGroup:ParameterGroup"
    inputs = frozenset({"name", "family", "description", "parameters", "tags"})
    replace_on = frozenset({"name", "family", "description"})
    autoname = "name"
    cloudformation = "AWS::ElastiCache::ParameterGroup"
    renames: ClassVar[dict[str, str]] = {
        "name": "CacheParameterGroupName",
        "family": "CacheParameterGroupFamily",
        "parameters": "-",
        "tags": "-",
    }

    def identify(self, call: Call, inputs: Props) -> str:
        return inputs["name"]

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": f"arn:aws:elasticache:{call.region}:{call.account_id}:parametergroup:{id}"}


@register
class ReplicationGroup(Handler):
    """A replication group. Moto holds the group; what it does not model of it is kept beside it."""

    type = "aws:elasticache/replicationGroup:ReplicationGroup"
    WIRE: ClassVar[dict[str, str]] = {
        "description": "ReplicationGroupDescription", "engine": "Engine", "engineVersion": "EngineVersion",
        "nodeType": "CacheNodeType", "numCacheClusters": "NumCacheClusters",
        "numNodeGroups": "NumNodeGroups", "replicasPerNodeGroup": "ReplicasPerNodeGroup",
        "automaticFailoverEnabled": "AutomaticFailoverEnabled", "multiAzEnabled": "MultiAZEnabled",
        "atRestEncryptionEnabled": "AtRestEncryptionEnabled", "kmsKeyId": "KmsKeyId",
        "transitEncryptionEnabled": "TransitEncryptionEnabled", "transitEncryptionMode": "TransitEncryptionMode",
        "port": "Port", "parameterGroupName": "CacheParameterGroupName", "subnetGroupName": "CacheSubnetGroupName",
        "securityGroupIds": "SecurityGroupIds", "snapshotRetentionLimit": "SnapshotRetentionLimit",
        "snapshotWindow": "SnapshotWindow", "maintenanceWindow": "PreferredMaintenanceWindow",
        "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    }  # fmt: skip
    OWN = frozenset(
        {"replicationGroupId", "authToken", "authTokenWo", "authTokenWoVersion", "authTokenUpdateStrategy",
         "finalSnapshotIdentifier", "logDeliveryConfigurations", "applyImmediately", "notificationTopicArn",
         "userGroupIds", "tags"}
    )  # fmt: skip
    inputs = frozenset(WIRE) | OWN
    replace_on = frozenset(
        {"replicationGroupId", "atRestEncryptionEnabled", "kmsKeyId", "port", "subnetGroupName", "engine"}
    )
    write_only = frozenset({"authToken", "authTokenWo"})
    cloudformation = "AWS::ElastiCache::ReplicationGroup"
    renames: ClassVar[dict[str, str]] = {
        **WIRE, "description": "ReplicationGroupDescription", "tags": "-", "authToken": "-", "authTokenWo": "-",
        "transitEncryptionMode": "TransitEncryptionMode", "logDeliveryConfigurations": "LogDeliveryConfigurations",
    }  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        id = inputs["replicationGroupId"]
        wire = {target: inputs[name] for name, target in self.WIRE.items() if inputs.get(name) is not None}
        token = inputs.get("authTokenWo") or inputs.get("authToken")
        if token:
            wire["AuthToken"] = token
        version = str(inputs.get("engineVersion") or _MODES_FROM)
        if inputs.get("transitEncryptionMode") and int(version.split(".")[0]) < _MODES_FROM:
            refuse(
                "CreateReplicationGroup",
                "InvalidParameterCombination",
                f"transit encryption mode is not supported for engine version {version}",
            )
        if inputs.get("logDeliveryConfigurations"):
            wire["LogDeliveryConfigurations"] = [_delivery(item) for item in inputs["logDeliveryConfigurations"]]
        call.client("elasticache").create_replication_group(ReplicationGroupId=id, Tags=to_tags(inputs["tags"]), **wire)
        self._keep(call, id, inputs)
        return id

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("elasticache")
        found = client.describe_replication_groups(ReplicationGroupId=id)["ReplicationGroups"]
        if not found or found[0]["Status"] == "deleting":
            return None
        group = found[0]
        kept = call.store.of(self.type, call.region).get(id, {})
        nodes = group.get("NodeGroups") or [{}]
        primary = (nodes[0].get("PrimaryEndpoint") or {}).get("Address")
        arn = group["ARN"]
        members = group.get("MemberClusters") or [""]
        node = client.describe_cache_clusters(CacheClusterId=members[0])["CacheClusters"][0] if members[0] else {}
        live: dict[str, Any] = {
            "description": group.get("Description"),
            "automaticFailoverEnabled": group.get("AutomaticFailover") == "enabled",
            "multiAzEnabled": group.get("MultiAZ") == "enabled",
            "atRestEncryptionEnabled": group.get("AtRestEncryptionEnabled"),
            "transitEncryptionEnabled": group.get("TransitEncryptionEnabled"),
            "nodeType": group.get("CacheNodeType"),
            "kmsKeyId": group.get("KmsKeyId"),
            "snapshotRetentionLimit": group.get("SnapshotRetentionLimit"),
            "snapshotWindow": group.get("SnapshotWindow"),
            "engine": node.get("Engine"),
            "subnetGroupName": node.get("CacheSubnetGroupName"),
            "securityGroupIds": [held["SecurityGroupId"] for held in node.get("SecurityGroups", ())] or None,
        }
        return {
            **{name: kept.get(name) for name in self.inputs - self.write_only},
            **{name: value for name, value in live.items() if value is not None},
            "replicationGroupId": id,
            "arn": arn,
            "memberClusters": group.get("MemberClusters"),
            "primaryEndpointAddress": primary or f"{id}.local.cache.amazonaws.com",
            "readerEndpointAddress": (nodes[0].get("ReaderEndpoint") or {}).get("Address"),
            "engineVersionActual": kept.get("engineVersion"),
            "tags": from_tags(client.list_tags_for_resource(ResourceName=arn)["TagList"]),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._keep(call, id, new)
        if new.get("securityGroupIds"):
            self._regroup(call, id, new["securityGroupIds"])
        retag(call, f"arn:aws:elasticache:{call.region}:{call.account_id}:replicationgroup:{id}", old, new)

    def _regroup(self, call: Call, id: str, groups: list[str]) -> None:
        """Moto's ModifyReplicationGroup takes no security groups: they are written into its backend."""
        from moto.backends import get_backend

        backend: Any = get_backend("elasticache")
        backend[call.account_id][call.region].replication_groups[id].security_group_ids = groups

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("elasticache").delete_replication_group(ReplicationGroupId=id)
        call.store.of(self.type, call.region).pop(id, None)

    def _keep(self, call: Call, id: str, inputs: Props) -> None:
        call.store.of(self.type, call.region)[id] = {
            name: value for name, value in inputs.items() if name not in self.write_only
        }


def _delivery(item: Props) -> Props:
    details = (
        {"CloudWatchLogsDetails": {"LogGroup": item["destination"]}}
        if item["destinationType"] == "cloudwatch-logs"
        else {"KinesisFirehoseDetails": {"DeliveryStream": item["destination"]}}
    )
    return {
        **pascal({name: item[name] for name in ("destinationType", "logFormat", "logType")}),
        "DestinationDetails": details,
    }
