"""Is the database up, private, encrypted, backed up and watched as the settings say?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen
from settings.database import AuroraSettings, RdsSettings
from settings.keys import Purpose

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"


def live_of(account: Account, resource: Resource) -> Mapping[str, Any]:
    """What RDS says of an instance or a cluster."""
    region = account.region(resource)
    if resource.type == CLUSTER:
        name = resource.outputs["clusterIdentifier"]
        return account.one("rds", "describe_db_clusters", "DBClusters", region=region, DBClusterIdentifier=name)
    name = resource.outputs["identifier"]
    return account.one("rds", "describe_db_instances", "DBInstances", region=region, DBInstanceIdentifier=name)


def _replica(resource: Resource) -> bool:
    return bool(resource.inputs.get("replicateSourceDb"))


@of(
    CLUSTER,
    INSTANCE,
    MEMBER,
    name="database-available",
    requirements=("OMN-OPS-08", "BER-OPS-08", "MSP-OPS-08"),
    fix="Read its events (`aws rds describe-events`); a database that waits for storage or a restart says so there.",
)
def _available(account: Account, resource: Resource) -> Iterator[Seen]:
    live = live_of(account, resource)
    yield seen("status", "available", live.get("Status") or live.get("DBInstanceStatus"))


@of(
    CLUSTER,
    INSTANCE,
    name="database-encrypted",
    requirements=("OMN-OPS-05", "OMN-OPS-08", "BER-DB-05"),
    fix="Encryption cannot be changed: restore an encrypted copy of a snapshot, and find out who made this database.",
)
def _encrypted(account: Account, resource: Resource) -> Iterator[Seen]:
    live = live_of(account, resource)
    yield seen("encryption", True, live["StorageEncrypted"])
    if not _replica(resource):
        yield seen("key", account.key(Purpose.DATABASE), live.get("KmsKeyId"))


@of(
    CLUSTER,
    INSTANCE,
    name="database-backups",
    requirements=("OMN-OPS-05", "OMN-OPS-08", "BER-DB-05", "MSP-DB-07"),
    fix="`pulumi up --refresh` sets the retention again; backups older than the shorter one are lost.",
)
def _backups(account: Account, resource: Resource) -> Iterator[Seen]:
    wanted = account.settings.database
    if wanted is None or _replica(resource):
        return
    live = live_of(account, resource)
    yield seen("days of backups", wanted.backup_days, live["BackupRetentionPeriod"])
    yield seen("backup window", wanted.backup_window, live["PreferredBackupWindow"])


@of(
    INSTANCE,
    name="database-multi-az",
    requirements=("OMN-OPS-08", "BER-OPS-08", "BER-DB-04"),
    fix="`pulumi up --refresh` makes the standby anew; until then a failed zone means a restore.",
)
def _multi_az(account: Account, resource: Resource) -> Iterator[Seen]:
    wanted = account.settings.database
    if isinstance(wanted, RdsSettings) and not _replica(resource):
        yield seen("Multi-AZ", wanted.multi_az, live_of(account, resource)["MultiAZ"])


@of(
    CLUSTER,
    name="database-members",
    requirements=("OMN-OPS-08", "BER-DB-04", "MSP-DB-03"),
    fix="`pulumi up --refresh` makes the missing instances anew.",
)
def _members(account: Account, resource: Resource) -> Iterator[Seen]:
    wanted = account.settings.database
    if isinstance(wanted, AuroraSettings):
        live = live_of(account, resource)
        writers = [each["IsClusterWriter"] for each in live["DBClusterMembers"]]
        yield seen("instances", 1 + wanted.readers, len(writers))
        capacity = live.get("ServerlessV2ScalingConfiguration") or {}
        found = (capacity.get("MinCapacity"), capacity.get("MaxCapacity"))
        yield seen("capacity, ACU", (wanted.min_acu, wanted.max_acu), found)


@of(
    CLUSTER,
    INSTANCE,
    name="database-logs",
    requirements=("OMN-OPS-08", "OMN-OPS-09", "BER-DB-07"),
    fix="`pulumi up --refresh` exports them again.",
)
def _log_exports(account: Account, resource: Resource) -> Iterator[Seen]:
    live = live_of(account, resource)
    wanted = sorted(resource.inputs.get("enabledCloudwatchLogsExports") or ())
    yield seen("logs in CloudWatch", wanted, sorted(live.get("EnabledCloudwatchLogsExports") or ()))


@of(
    INSTANCE,
    MEMBER,
    name="database-insights",
    requirements=("OMN-OPS-08", "BER-DB-07"),
    fix="`pulumi up --refresh` switches Performance Insights and enhanced monitoring on again.",
)
def _insights(account: Account, resource: Resource) -> Iterator[Seen]:
    wanted, live = account.settings.database, live_of(account, resource)
    if wanted is None:
        return
    asked = bool(resource.inputs.get("performanceInsightsEnabled"))
    yield seen("Performance Insights", asked, bool(live.get("PerformanceInsightsEnabled")))
    if live.get("PerformanceInsightsEnabled"):
        yield seen("days of history", wanted.insights_days, live.get("PerformanceInsightsRetentionPeriod"))
    yield seen("monitoring interval, seconds", wanted.monitoring_seconds, live.get("MonitoringInterval"))


@of(
    CLUSTER,
    INSTANCE,
    name="database-deletion-protection",
    requirements=("OMN-OPS-09", "MSP-OPS-04"),
    fix="`pulumi up --refresh` switches deletion protection on again.",
)
def _deletion_protection(account: Account, resource: Resource) -> Iterator[Seen]:
    yield seen("deletion protection", True, live_of(account, resource)["DeletionProtection"])


@of(
    INSTANCE,
    MEMBER,
    name="database-private",
    requirements=("FAC-OPS-22", "BER-DB-09"),
    fix="`pulumi up --refresh` takes the public address away; look into the logs who has connected.",
)
def _private(account: Account, resource: Resource) -> Iterator[Seen]:
    yield seen("public address", False, live_of(account, resource)["PubliclyAccessible"])


@of(
    CLUSTER,
    INSTANCE,
    name="database-groups",
    requirements=("BER-DB-09", "FAC-OPS-22"),
    fix="`pulumi up --refresh` gives the database its own security group again.",
)
def _groups(account: Account, resource: Resource) -> Iterator[Seen]:
    held = live_of(account, resource)["VpcSecurityGroups"]
    found = sorted(group["VpcSecurityGroupId"] for group in held)
    yield seen("security groups", sorted(resource.inputs.get("vpcSecurityGroupIds") or ()), found)


@of(
    CLUSTER,
    INSTANCE,
    name="database-version",
    requirements=("BER-DB-01", "BER-DB-10"),
    fix="Write the minor version AWS has moved to into `database.engine_version`; another major one needs an upgrade.",
)
def _version(account: Account, resource: Resource) -> Iterator[Seen]:
    wanted = account.settings.database
    if wanted is not None:
        found = live_of(account, resource)["EngineVersion"]
        moves = wanted.auto_minor_version_upgrade and found.split(".")[0] == wanted.major_version
        yield Seen(what="PostgreSQL", expected=wanted.engine_version, found=found, warns=moves)


@of(
    CLUSTER,
    INSTANCE,
    name="database-sign-in",
    requirements=("BER-DB-08",),
    fix="`pulumi up --refresh` sets it again.",
)
def _sign_in(account: Account, resource: Resource) -> Iterator[Seen]:
    wanted = account.settings.database
    if wanted is not None:
        found = bool(live_of(account, resource).get("IAMDatabaseAuthenticationEnabled"))
        yield seen("IAM authentication", wanted.iam_authentication, found)


@of(
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    name="database-parameters",
    requirements=("BER-DB-09", "OMN-OPS-09"),
    fix="`pulumi up --refresh` sets the parameters again; rds.force_ssl 1 is what refuses plain connections.",
)
def _parameters(account: Account, group: Resource) -> Iterator[Seen]:
    cluster = group.type.endswith("ClusterParameterGroup")
    operation, key = ("describe_db_cluster_parameters", "DBClusterParameterGroupName") if cluster else (
        "describe_db_parameters", "DBParameterGroupName",
    )  # fmt: skip
    live = account.all("rds", operation, "Parameters", region=account.region(group), **{key: group.outputs["name"]})
    values = {each["ParameterName"]: each.get("ParameterValue") for each in live}
    for wanted in group.inputs.get("parameters") or ():
        yield seen(wanted["name"], wanted["value"], values.get(wanted["name"]))


@of(
    CLUSTER,
    INSTANCE,
    name="database-parameter-group",
    requirements=("BER-DB-09",),
    fix="`pulumi up --refresh` gives the database its own parameter group again.",
)
def _parameter_group(account: Account, resource: Resource) -> Iterator[Seen]:
    live = live_of(account, resource)
    if resource.type == CLUSTER:
        yield seen(
            "parameter group", resource.inputs.get("dbClusterParameterGroupName"), live["DBClusterParameterGroup"]
        )
        return
    found = [each["DBParameterGroupName"] for each in live["DBParameterGroups"]]
    yield seen("parameter groups", [resource.inputs.get("parameterGroupName")], found)
