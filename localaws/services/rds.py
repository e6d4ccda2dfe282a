"""RDS: subnet groups, parameter groups, instances, Aurora clusters, replicated backups."""

from __future__ import annotations

from typing import Any, ClassVar

from localaws import check
from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Handler, Props, invoke, register
from localaws.shadowed import Shadowed
from localaws.shapes import from_tags, to_tags


def retag(call: Call, arn: str, old: Props, new: Props) -> None:
    """Make the tags of an RDS resource those of `new`."""
    client = call.client("rds")
    gone = [name for name in old["tags"] if name not in new["tags"]]
    if gone:
        client.remove_tags_from_resource(ResourceName=arn, TagKeys=gone)
    if new["tags"]:
        client.add_tags_to_resource(ResourceName=arn, Tags=to_tags(new["tags"]))


def tags_of(call: Call, arn: str) -> dict[str, str]:
    """The tags of an RDS resource."""
    return from_tags(call.client("rds").list_tags_for_resource(ResourceName=arn)["TagList"])


def managed_secret(store: Props) -> list[Props] | None:
    """`masterUserSecrets` of an instance or a cluster: the secret RDS keeps its administrator's password in."""
    held = store.get("MasterUserSecret")
    if not held:
        return None
    return [{"secretArn": held["SecretArn"], "kmsKeyId": held.get("KmsKeyId"), "secretStatus": "active"}]


@register
class SubnetGroup(Handler):
    type = "aws:rds/subnetGroup:SubnetGroup"
    inputs = frozenset({"name", "description", "subnetIds", "tags"})
    replace_on = frozenset({"name"})
    autoname = "name"
    cloudformation = "AWS::RDS::DBSubnetGroup"
    renames: ClassVar[dict[str, str]] = {
        "name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription", "tags": "-"}  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        call.client("rds").create_db_subnet_group(
            DBSubnetGroupName=inputs["name"],
            DBSubnetGroupDescription=inputs.get("description") or "Managed by Pulumi",
            SubnetIds=inputs["subnetIds"],
            Tags=to_tags(inputs["tags"]),
        )
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        group = call.client("rds").describe_db_subnet_groups(DBSubnetGroupName=id)["DBSubnetGroups"][0]
        arn = f"arn:aws:rds:{call.region}:{call.account_id}:subgrp:{id}"
        return {
            "name": id,
            "description": group["DBSubnetGroupDescription"],
            "subnetIds": [subnet["SubnetIdentifier"] for subnet in group["Subnets"]],
            "vpcId": group["VpcId"],
            "arn": arn,
            "tags": tags_of(call, arn),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Moto's modify loses the group, so it is made again under its name."""
        call.client("rds").delete_db_subnet_group(DBSubnetGroupName=id)
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("rds").delete_db_subnet_group(DBSubnetGroupName=id)


@register
class ParameterGroup(Handler):
    """A parameter group; moto gives parameters back unreliably, so the ones set are kept beside it."""

    type = "aws:rds/parameterGroup:ParameterGroup"
    inputs = frozenset({"name", "family", "description", "parameters", "skipDestroy", "tags"})
    replace_on = frozenset({"name", "family", "description"})
    autoname = "name"
    cloudformation = "AWS::RDS::DBParameterGroup"
    renames: ClassVar[dict[str, str]] = {"name": "DBParameterGroupName", "parameters": "-", "tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        call.client("rds").create_db_parameter_group(
            DBParameterGroupName=inputs["name"],
            DBParameterGroupFamily=inputs["family"],
            Description=inputs.get("description") or "Managed by Pulumi",
            Tags=to_tags(inputs["tags"]),
        )
        self._set(call, inputs["name"], inputs)
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("rds").describe_db_parameter_groups(DBParameterGroupName=id)["DBParameterGroups"]
        if not found:
            return None
        group = found[0]
        arn = f"arn:aws:rds:{call.region}:{call.account_id}:pg:{id}"
        return {
            "name": id,
            "family": group["DBParameterGroupFamily"],
            "description": group["Description"],
            "parameters": call.store.of(self.type, call.region).get(id, {}).get("parameters"),
            "arn": arn,
            "tags": tags_of(call, arn),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._set(call, id, new)
        retag(call, f"arn:aws:rds:{call.region}:{call.account_id}:pg:{id}", old, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("rds").delete_db_parameter_group(DBParameterGroupName=id)

    def _set(self, call: Call, name: str, inputs: Props) -> None:
        parameters = inputs.get("parameters") or []
        if parameters:
            call.client("rds").modify_db_parameter_group(
                DBParameterGroupName=name,
                Parameters=[
                    {
                        "ParameterName": item["name"],
                        "ParameterValue": item["value"],
                        "ApplyMethod": item.get("applyMethod") or "immediate",
                    }
                    for item in parameters
                ],
            )
        call.store.of(self.type, call.region)[name] = {"parameters": parameters}


@register
class Instance(Handler):
    """An instance. What moto does not model of it (see `KEPT`) is kept beside it."""

    type = "aws:rds/instance:Instance"
    WIRE: ClassVar[dict[str, str]] = {
        "engine": "Engine", "engineVersion": "EngineVersion", "instanceClass": "DBInstanceClass",
        "allocatedStorage": "AllocatedStorage", "maxAllocatedStorage": "MaxAllocatedStorage",
        "storageType": "StorageType", "iops": "Iops", "storageEncrypted": "StorageEncrypted", "kmsKeyId": "KmsKeyId",
        "dbName": "DBName", "username": "MasterUsername", "port": "Port", "parameterGroupName": "DBParameterGroupName",
        "dbSubnetGroupName": "DBSubnetGroupName", "vpcSecurityGroupIds": "VpcSecurityGroupIds",
        "publiclyAccessible": "PubliclyAccessible", "multiAz": "MultiAZ",
        "backupRetentionPeriod": "BackupRetentionPeriod", "backupWindow": "PreferredBackupWindow",
        "maintenanceWindow": "PreferredMaintenanceWindow", "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "copyTagsToSnapshot": "CopyTagsToSnapshot", "deletionProtection": "DeletionProtection",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "caCertIdentifier": "CACertificateIdentifier", "monitoringInterval": "MonitoringInterval",
        "monitoringRoleArn": "MonitoringRoleArn", "performanceInsightsEnabled": "EnablePerformanceInsights",
        "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
        "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports", "manageMasterUserPassword":
        "ManageMasterUserPassword", "masterUserSecretKmsKeyId": "MasterUserSecretKmsKeyId",
        "availabilityZone": "AvailabilityZone", "licenseModel": "LicenseModel",
    }  # fmt: skip
    OWN = frozenset(
        {"identifier", "password", "passwordWo", "passwordWoVersion", "skipFinalSnapshot", "finalSnapshotIdentifier",
         "deleteAutomatedBackups", "applyImmediately", "allowMajorVersionUpgrade", "replicateSourceDb",
         "snapshotIdentifier", "tags"}
    )  # fmt: skip
    inputs = frozenset(WIRE) | OWN
    replace_on = frozenset(
        {"identifier", "engine", "storageEncrypted", "kmsKeyId", "dbName", "username", "availabilityZone",
         "dbSubnetGroupName", "replicateSourceDb", "snapshotIdentifier"}
    )  # fmt: skip
    write_only = frozenset({"passwordWo", "password"})
    defaults: ClassVar[Props] = {"autoMinorVersionUpgrade": True, "skipFinalSnapshot": False}
    left_to_aws = frozenset(
        {"allocatedStorage", "availabilityZone", "backupRetentionPeriod", "backupWindow", "caCertIdentifier", "dbName",
         "dbSubnetGroupName", "engine", "engineVersion", "iops", "kmsKeyId", "licenseModel", "maintenanceWindow",
         "monitoringRoleArn", "multiAz", "parameterGroupName", "performanceInsightsKmsKeyId", "port", "storageType",
         "username", "vpcSecurityGroupIds"}
    )  # fmt: skip
    autoname = "identifier"
    cloudformation = "AWS::RDS::DBInstance"
    renames: ClassVar[dict[str, str]] = {
        **{name: wire for name, wire in WIRE.items() if wire not in ("DBName",)},
        "identifier": "DBInstanceIdentifier", "tags": "-", "password": "-", "passwordWo": "-",
        "vpcSecurityGroupIds": "VPCSecurityGroups", "caCertIdentifier": "CACertificateIdentifier",
        "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId", "allocatedStorage": "-",
    }  # fmt: skip
    LIVE: ClassVar[dict[str, str]] = {
        "engine": "Engine", "engineVersion": "EngineVersion", "instanceClass": "DBInstanceClass",
        "allocatedStorage": "AllocatedStorage", "storageType": "StorageType", "storageEncrypted": "StorageEncrypted",
        "kmsKeyId": "KmsKeyId", "dbName": "DBName", "username": "MasterUsername",
        "publiclyAccessible": "PubliclyAccessible", "multiAz": "MultiAZ",
        "backupRetentionPeriod": "BackupRetentionPeriod", "backupWindow": "PreferredBackupWindow",
        "maintenanceWindow": "PreferredMaintenanceWindow", "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "copyTagsToSnapshot": "CopyTagsToSnapshot", "deletionProtection": "DeletionProtection",
        "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    }  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        wire = {target: inputs[name] for name, target in self.WIRE.items() if inputs.get(name) is not None}
        password = inputs.get("passwordWo") or inputs.get("password")
        if password:
            wire["MasterUserPassword"] = password
        named = {"DBInstanceIdentifier": inputs["identifier"], "Tags": to_tags(inputs["tags"])}
        if inputs.get("replicateSourceDb"):
            self._replicate(call, inputs, named, wire)
        elif inputs.get("snapshotIdentifier"):
            self._restore(call, inputs, named, wire)
        else:
            call.client("rds").create_db_instance(**named, **wire)
        self._keep(call, inputs["identifier"], inputs)
        return inputs["identifier"]

    def _restore(self, call: Call, inputs: Props, named: Props, wire: Props) -> None:
        """From a snapshot: what a restore does not take is set afterwards, as the official provider does."""
        client, kept = call.client("rds"), {"Engine", "DBName", "StorageEncrypted"}
        taken = client.meta.service_model.operation_model("RestoreDBInstanceFromDBSnapshot").input_shape.members
        later = client.meta.service_model.operation_model("ModifyDBInstance").input_shape.members
        snapshot = client.describe_db_snapshots(DBSnapshotIdentifier=inputs["snapshotIdentifier"])["DBSnapshots"][0]
        if inputs.get("kmsKeyId") not in (None, snapshot.get("KmsKeyId")):
            refuse("CreateDBInstance", "InvalidParameterCombination",
                   f"kmsKeyId: the snapshot is encrypted with {snapshot.get('KmsKeyId')}")  # fmt: skip
        client.restore_db_instance_from_db_snapshot(
            DBSnapshotIdentifier=inputs["snapshotIdentifier"], **named,
            **{name: value for name, value in wire.items() if name in taken and name not in kept},
        )  # fmt: skip
        client.modify_db_instance(
            DBInstanceIdentifier=inputs["identifier"], ApplyImmediately=True,
            **{name: value for name, value in wire.items() if name in later and name not in taken},
        )  # fmt: skip

    def _replicate(self, call: Call, inputs: Props, named: Props, wire: Props) -> None:
        """A read replica: what its source decides is not asked for, as the official provider does not."""
        source = inputs["replicateSourceDb"]
        for name in ("kmsKeyId", "dbSubnetGroupName"):
            if inputs.get(name) and ":" not in source:
                refuse("CreateDBInstanceReadReplica", "InvalidParameterCombination",
                       f"{name} cannot be set for a replica in the region of its source")  # fmt: skip
        if ":" not in source:
            [described] = call.client("rds").describe_db_instances(DBInstanceIdentifier=source)["DBInstances"]
            if described.get("MasterUserSecret"):
                refuse("CreateDBInstanceReadReplica", "InvalidParameterCombination",
                       f"the password of {source} is managed by Secrets Manager: it can have no replica")  # fmt: skip
        accepted = call.client("rds").meta.service_model.operation_model("CreateDBInstanceReadReplica").input_shape
        asked = {name: value for name, value in wire.items() if name in accepted.members}
        call.client("rds").create_db_instance_read_replica(SourceDBInstanceIdentifier=source, **named, **asked)

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        instance = call.client("rds").describe_db_instances(DBInstanceIdentifier=id)["DBInstances"][0]
        live = {name: instance.get(wire) for name, wire in self.LIVE.items()}
        endpoint = instance.get("Endpoint", {})
        kept = call.store.of(self.type, call.region).get(id, {})
        port = kept.get("port") or endpoint.get("Port")
        host = endpoint.get("Address")
        groups = [group["VpcSecurityGroupId"] for group in instance.get("VpcSecurityGroups", [])]
        return {
            **{name: kept.get(name) for name in self.inputs - self.write_only - self.LIVE.keys()},
            **live,
            "identifier": id,
            "replicateSourceDb": kept.get("replicateSourceDb") or instance.get("ReadReplicaSourceDBInstanceIdentifier"),
            "port": port,
            "vpcSecurityGroupIds": groups or kept.get("vpcSecurityGroupIds"),
            "dbSubnetGroupName": instance.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
            "parameterGroupName": instance["DBParameterGroups"][0]["DBParameterGroupName"],
            "address": host,
            "endpoint": f"{host}:{port}",
            "arn": instance["DBInstanceArn"],
            "resourceId": instance.get("DbiResourceId"),
            "status": instance.get("DBInstanceStatus"),
            "engineVersionActual": instance.get("EngineVersion"),
            "masterUserSecrets": managed_secret(instance),
            "tags": tags_of(call, instance["DBInstanceArn"]),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        modifiable = self.WIRE.keys() - self.replace_on - {"enabledCloudwatchLogsExports", "port"}
        wire: dict[str, Any] = {
            self.WIRE[name]: new[name]
            for name in modifiable
            if old.get(name) != new.get(name) and new.get(name) is not None
        }
        if old.get("passwordWoVersion") != new.get("passwordWoVersion") and new.get("passwordWo"):
            wire["MasterUserPassword"] = new["passwordWo"]
        if wire:
            call.client("rds").modify_db_instance(DBInstanceIdentifier=id, ApplyImmediately=True, **wire)
        self._keep(call, id, new)
        retag(call, f"arn:aws:rds:{call.region}:{call.account_id}:db:{id}", old, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("rds")
        instance = client.describe_db_instances(DBInstanceIdentifier=id)["DBInstances"][0]
        if instance.get("DeletionProtection"):
            refuse(
                "DeleteDBInstance",
                "InvalidParameterCombination",
                f"Cannot delete protected DB Instance {id}, please disable deletion protection and try again.",
            )
        if known.get("skipFinalSnapshot"):
            client.delete_db_instance(DBInstanceIdentifier=id, SkipFinalSnapshot=True)
        else:
            snapshot = known.get("finalSnapshotIdentifier") or refuse(
                "DeleteDBInstance", "InvalidParameterCombination", "finalSnapshotIdentifier is required"
            )
            client.delete_db_instance(DBInstanceIdentifier=id, FinalDBSnapshotIdentifier=snapshot)
        call.store.of(self.type, call.region).pop(id, None)

    def _keep(self, call: Call, id: str, inputs: Props) -> None:
        call.store.of(self.type, call.region)[id] = {
            name: value for name, value in inputs.items() if name not in self.write_only
        }


@register
class ClusterParameterGroup(Shadowed):
    """A cluster's parameter group; the parameters set are kept beside it."""

    type = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
    inputs = frozenset({"name", "family", "description", "parameters", "tags"})
    replace_on = frozenset({"name", "family", "description"})
    autoname = "name"
    cloudformation = "AWS::RDS::DBClusterParameterGroup"
    renames: ClassVar[dict[str, str]] = {"name": "DBClusterParameterGroupName", "parameters": "-", "tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        call.client("rds").create_db_cluster_parameter_group(
            DBClusterParameterGroupName=inputs["name"],
            DBParameterGroupFamily=inputs["family"],
            Description=inputs.get("description") or "Managed by Pulumi",
            Tags=to_tags(inputs["tags"]),
        )
        self._set(call, inputs["name"], inputs)
        return inputs["name"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("rds").describe_db_cluster_parameter_groups(DBClusterParameterGroupName=id)
        if not found["DBClusterParameterGroups"]:
            return None
        group = found["DBClusterParameterGroups"][0]
        arn = f"arn:aws:rds:{call.region}:{call.account_id}:cluster-pg:{id}"
        return {
            "name": id,
            "family": group["DBParameterGroupFamily"],
            "description": group["Description"],
            "arn": arn,
            "tags": tags_of(call, arn),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._set(call, id, new)
        retag(call, f"arn:aws:rds:{call.region}:{call.account_id}:cluster-pg:{id}", old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("rds").delete_db_cluster_parameter_group(DBClusterParameterGroupName=id)

    def _set(self, call: Call, name: str, inputs: Props) -> None:
        parameters = [
            {
                "ParameterName": item["name"],
                "ParameterValue": item["value"],
                "ApplyMethod": item.get("applyMethod") or "immediate",
            }
            for item in inputs.get("parameters") or []
        ]
        if parameters:
            call.client("rds").modify_db_cluster_parameter_group(
                DBClusterParameterGroupName=name, Parameters=parameters
            )


@register
class Cluster(Shadowed):
    """An Aurora cluster; what moto gives back wins over what is kept beside it."""

    type = "aws:rds/cluster:Cluster"
    WIRE: ClassVar[dict[str, str]] = {
        "engine": "Engine", "engineMode": "EngineMode", "engineVersion": "EngineVersion",
        "storageEncrypted": "StorageEncrypted", "kmsKeyId": "KmsKeyId", "databaseName": "DatabaseName",
        "masterUsername": "MasterUsername", "manageMasterUserPassword": "ManageMasterUserPassword",
        "masterUserSecretKmsKeyId": "MasterUserSecretKmsKeyId", "port": "Port",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "dbClusterParameterGroupName": "DBClusterParameterGroupName", "dbSubnetGroupName": "DBSubnetGroupName",
        "vpcSecurityGroupIds": "VpcSecurityGroupIds", "backupRetentionPeriod": "BackupRetentionPeriod",
        "preferredBackupWindow": "PreferredBackupWindow", "preferredMaintenanceWindow": "PreferredMaintenanceWindow",
        "copyTagsToSnapshot": "CopyTagsToSnapshot", "deletionProtection": "DeletionProtection",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports", "storageType": "StorageType",
    }  # fmt: skip
    OWN = frozenset(
        {"clusterIdentifier", "masterPasswordWo", "masterPasswordWoVersion", "serverlessv2ScalingConfiguration",
         "deleteAutomatedBackups", "skipFinalSnapshot", "finalSnapshotIdentifier", "applyImmediately",
         "allowMajorVersionUpgrade", "snapshotIdentifier", "tags"}
    )  # fmt: skip
    inputs = frozenset(WIRE) | OWN
    replace_on = frozenset(
        {"clusterIdentifier", "engine", "engineMode", "storageEncrypted", "kmsKeyId", "databaseName", "masterUsername",
         "dbSubnetGroupName", "snapshotIdentifier"}
    )  # fmt: skip
    write_only = frozenset({"masterPasswordWo"})
    left_to_aws = frozenset({"dbClusterParameterGroupName", "dbSubnetGroupName", "kmsKeyId", "port"})
    autoname = "clusterIdentifier"
    cloudformation = "AWS::RDS::DBCluster"
    renames: ClassVar[dict[str, str]] = {
        **WIRE, "clusterIdentifier": "DBClusterIdentifier", "masterPasswordWo": "-", "tags": "-",
        "serverlessv2ScalingConfiguration": "ServerlessV2ScalingConfiguration",
    }  # fmt: skip
    LIVE: ClassVar[tuple[str, ...]] = (
        "engine", "engineMode", "engineVersion", "storageEncrypted", "databaseName", "masterUsername", "port",
        "backupRetentionPeriod", "preferredBackupWindow", "preferredMaintenanceWindow", "copyTagsToSnapshot",
        "deletionProtection",
    )  # fmt: skip
    REPLACED_BY_MODIFY = replace_on | {"enabledCloudwatchLogsExports", "storageType", "engine"}

    def make(self, call: Call, inputs: Props) -> str:
        wire = {target: inputs[name] for name, target in self.WIRE.items() if inputs.get(name) is not None}
        if inputs.get("masterPasswordWo"):
            wire["MasterUserPassword"] = inputs["masterPasswordWo"]
        named = {"DBClusterIdentifier": inputs["clusterIdentifier"], "Tags": to_tags(inputs["tags"])}
        if inputs.get("snapshotIdentifier"):
            self._restore(call, inputs, named, wire | _capacity(inputs))
        else:
            call.client("rds").create_db_cluster(**named, **wire, **_capacity(inputs))
        return inputs["clusterIdentifier"]

    def _restore(self, call: Call, inputs: Props, named: Props, wire: Props) -> None:
        """From a snapshot: what a restore does not take is set afterwards, as the official provider does."""
        client = call.client("rds")
        taken = client.meta.service_model.operation_model("RestoreDBClusterFromSnapshot").input_shape.members
        later = client.meta.service_model.operation_model("ModifyDBCluster").input_shape.members
        client.restore_db_cluster_from_snapshot(
            SnapshotIdentifier=inputs["snapshotIdentifier"], **named,
            **{name: value for name, value in wire.items() if name in taken},
        )  # fmt: skip
        client.modify_db_cluster(
            DBClusterIdentifier=inputs["clusterIdentifier"], ApplyImmediately=True,
            **{name: value for name, value in wire.items() if name in later and name not in taken},
        )  # fmt: skip

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        cluster = call.client("rds").describe_db_clusters(DBClusterIdentifier=id)["DBClusters"][0]
        capacity = cluster.get("ServerlessV2ScalingConfiguration")
        return {
            **{name: cluster.get(self.WIRE[name]) for name in self.LIVE},
            "clusterIdentifier": id,
            "kmsKeyId": cluster.get("KmsKeyId") if kept.get("kmsKeyId") else None,
            "dbSubnetGroupName": cluster.get("DBSubnetGroup"),
            "dbClusterParameterGroupName": cluster.get("DBClusterParameterGroup"),
            "vpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in cluster.get("VpcSecurityGroups", [])],
            "serverlessv2ScalingConfiguration": capacity
            and {"minCapacity": capacity["MinCapacity"], "maxCapacity": capacity["MaxCapacity"]},
            "endpoint": cluster["Endpoint"],
            "readerEndpoint": cluster["ReaderEndpoint"],
            "clusterMembers": [member["DBInstanceIdentifier"] for member in cluster.get("DBClusterMembers", [])],
            "clusterResourceId": cluster["DbClusterResourceId"],
            "hostedZoneId": cluster.get("HostedZoneId"),
            "engineVersionActual": cluster["EngineVersion"],
            "masterUserSecrets": managed_secret(cluster),
            "arn": cluster["DBClusterArn"],
            "tags": tags_of(call, cluster["DBClusterArn"]),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        wire: dict[str, Any] = {
            self.WIRE[name]: new[name]
            for name in self.WIRE.keys() - self.REPLACED_BY_MODIFY
            if old.get(name) != new.get(name) and new.get(name) is not None
        }
        if old.get("masterPasswordWoVersion") != new.get("masterPasswordWoVersion") and new.get("masterPasswordWo"):
            wire["MasterUserPassword"] = new["masterPasswordWo"]
        if old.get("serverlessv2ScalingConfiguration") != new.get("serverlessv2ScalingConfiguration"):
            wire |= _capacity(new)
        if wire:
            call.client("rds").modify_db_cluster(DBClusterIdentifier=id, ApplyImmediately=True, **wire)
        retag(call, f"arn:aws:rds:{call.region}:{call.account_id}:cluster:{id}", old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        client = call.client("rds")
        client.describe_db_clusters(DBClusterIdentifier=id)
        if known.get("skipFinalSnapshot"):
            client.delete_db_cluster(DBClusterIdentifier=id, SkipFinalSnapshot=True)
            return
        snapshot = known.get("finalSnapshotIdentifier") or refuse(
            "DeleteDBCluster", "InvalidParameterCombination", "finalSnapshotIdentifier is required"
        )
        client.delete_db_cluster(DBClusterIdentifier=id, FinalDBSnapshotIdentifier=snapshot)


@register
class ClusterInstance(Shadowed):
    """An instance of a cluster: the first is its writer."""

    type = "aws:rds/clusterInstance:ClusterInstance"
    WIRE: ClassVar[dict[str, str]] = {
        "clusterIdentifier": "DBClusterIdentifier", "engine": "Engine", "engineVersion": "EngineVersion",
        "instanceClass": "DBInstanceClass", "promotionTier": "PromotionTier",
        "dbSubnetGroupName": "DBSubnetGroupName", "publiclyAccessible": "PubliclyAccessible",
        "caCertIdentifier": "CACertificateIdentifier", "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "preferredMaintenanceWindow": "PreferredMaintenanceWindow", "copyTagsToSnapshot": "CopyTagsToSnapshot",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
        "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
        "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
        "monitoringInterval": "MonitoringInterval", "monitoringRoleArn": "MonitoringRoleArn",
        "availabilityZone": "AvailabilityZone", "dbParameterGroupName": "DBParameterGroupName",
    }  # fmt: skip
    inputs = frozenset(WIRE) | {"identifier", "applyImmediately", "tags"}
    replace_on = frozenset({"identifier", "clusterIdentifier", "engine", "availabilityZone", "dbSubnetGroupName"})
    left_to_aws = frozenset({"availabilityZone", "dbParameterGroupName", "dbSubnetGroupName"})
    autoname = "identifier"
    cloudformation = "AWS::RDS::DBInstance"
    renames: ClassVar[dict[str, str]] = {**WIRE, "identifier": "DBInstanceIdentifier", "tags": "-"}
    MODIFIED: ClassVar[frozenset[str]] = frozenset(
        {"instanceClass", "promotionTier", "publiclyAccessible", "autoMinorVersionUpgrade", "caCertIdentifier",
         "preferredMaintenanceWindow", "monitoringInterval", "monitoringRoleArn", "performanceInsightsEnabled",
         "performanceInsightsKmsKeyId", "performanceInsightsRetentionPeriod"}
    )  # fmt: skip

    def make(self, call: Call, inputs: Props) -> str:
        wire = {target: inputs[name] for name, target in self.WIRE.items() if inputs.get(name) is not None}
        call.client("rds").create_db_instance(
            DBInstanceIdentifier=inputs["identifier"], Tags=to_tags(inputs["tags"]), **wire
        )
        return inputs["identifier"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        instance = call.client("rds").describe_db_instances(DBInstanceIdentifier=id)["DBInstances"][0]
        cluster = call.client("rds").describe_db_clusters(DBClusterIdentifier=instance["DBClusterIdentifier"])
        roles = {
            each["DBInstanceIdentifier"]: each["IsClusterWriter"]
            for each in cluster["DBClusters"][0]["DBClusterMembers"]
        }
        endpoint = instance.get("Endpoint", {})
        return {
            "identifier": id,
            "clusterIdentifier": instance["DBClusterIdentifier"],
            "engine": instance["Engine"],
            "instanceClass": instance["DBInstanceClass"],
            "promotionTier": instance.get("PromotionTier"),
            "availabilityZone": instance.get("AvailabilityZone"),
            "publiclyAccessible": instance.get("PubliclyAccessible"),
            "autoMinorVersionUpgrade": instance.get("AutoMinorVersionUpgrade"),
            "preferredMaintenanceWindow": kept.get("preferredMaintenanceWindow")
            and instance.get("PreferredMaintenanceWindow"),
            "endpoint": endpoint.get("Address"),
            "port": endpoint.get("Port"),
            "dbiResourceId": instance.get("DbiResourceId"),
            "writer": roles.get(id),
            "engineVersionActual": instance.get("EngineVersion"),
            "arn": instance["DBInstanceArn"],
            "tags": tags_of(call, instance["DBInstanceArn"]),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        wire: dict[str, Any] = {
            self.WIRE[name]: new[name]
            for name in self.MODIFIED
            if old.get(name) != new.get(name) and new.get(name) is not None
        }
        if wire:
            call.client("rds").modify_db_instance(DBInstanceIdentifier=id, ApplyImmediately=True, **wire)
        retag(call, f"arn:aws:rds:{call.region}:{call.account_id}:db:{id}", old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("rds").delete_db_instance(DBInstanceIdentifier=id, SkipFinalSnapshot=True)


def _capacity(inputs: Props) -> Props:
    """The capacity range of a Serverless v2 cluster as the API takes it."""
    wanted = inputs.get("serverlessv2ScalingConfiguration")
    if not wanted:
        return {}
    least, most = wanted["minCapacity"], wanted["maxCapacity"]
    if least > most:
        refuse("CreateDBCluster", "InvalidParameterCombination", f"minCapacity {least} is above maxCapacity {most}")
    return {"ServerlessV2ScalingConfiguration": {"MinCapacity": least, "MaxCapacity": most}}


@register
class InstanceAutomatedBackupsReplication(Emulated):
    """Automated backups of an instance kept in another region: the region this resource is in."""

    type = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    inputs = frozenset({"sourceDbInstanceArn", "kmsKeyId", "retentionPeriod", "preSignedUrl"})
    replace_on = inputs

    def identify(self, call: Call, inputs: Props) -> str:
        source = str(inputs["sourceDbInstanceArn"])
        if source.split(":")[3] == call.region:
            refuse(
                "StartDBInstanceAutomatedBackupsReplication",
                "InvalidParameterValue",
                f"the source instance is in {call.region} too: backups are replicated to another region",
            )
        return f"arn:aws:rds:{call.region}:{call.account_id}:auto-backup:ab-{source.rsplit(':', 1)[-1]}"


@invoke("aws:rds/getEngineVersion:getEngineVersion")
def engine_version(call: Call, arguments: Props) -> Props:
    """The version AWS offers in the region, by cfn-lint's table; ClientError when there is none."""
    engine, wanted = arguments["engine"], str(arguments.get("version") or "")
    kind = "AWS::RDS::DBCluster" if engine.startswith("aurora") else "AWS::RDS::DBInstance"
    offered = check.offered(kind, call.region, "Engine", engine, "EngineVersion")
    found = [version for version in offered if version == wanted or (version.startswith(f"{wanted}.") and wanted)]
    if not found:
        refuse("DescribeDBEngineVersions", "InvalidParameterValue", f"no {engine} version {wanted} in {call.region}")
    version = found[-1]
    major = version.split(".")[0]
    return {
        "id": version, "engine": engine, "version": version, "versionActual": version,
        "parameterGroupFamily": f"{engine}{major}", "status": "available",
    }  # fmt: skip
