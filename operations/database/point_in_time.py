"""Restoring a database to a moment of the past: a new instance or cluster beside the old one, as well protected.

AWS restores data and encryption; the network, the parameters, the backups, the logs and the password are ours to give,
or the copy would have the defaults (Amazon RDS User Guide, "Restoring a DB instance to a specified time"; Amazon Aurora
User Guide, "Restoring a DB cluster to a specified time").
BER-DB-05, FAC-DB-04, FAC-DR-07, LWO-DR-01, MSP-DB-07, OMN-DB-05; 45 CFR 164.308(a)(7)(ii)(B) disaster recovery plan.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from operations.aws import Clients
from operations.database.place import StackDatabase, login
from operations.mistakes import Mistake, Refused

POLL_SECONDS = 15.0
LONGEST_SECONDS = 4 * 3600
LONGEST_IDENTIFIER = 63
FAILED = {"failed", "incompatible-network", "incompatible-parameters", "incompatible-restore", "storage-full",
          "restore-error", "inaccessible-encryption-credentials"}  # fmt: skip

Resource = Mapping[str, Any]
Progress = Callable[[str, str], None]
"""(what is waited for, its status)"""

_INSTANCE = {
    # what describe says → what restore takes
    "DBInstanceClass": "DBInstanceClass", "MultiAZ": "MultiAZ", "StorageType": "StorageType",
    "MaxAllocatedStorage": "MaxAllocatedStorage", "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "IAMDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "BackupRetentionPeriod": "BackupRetentionPeriod", "PreferredBackupWindow": "PreferredBackupWindow",
    "CACertificateIdentifier": "CACertificateIdentifier",
}  # fmt: skip
_CLUSTER = {
    "DBSubnetGroup": "DBSubnetGroupName", "DBClusterParameterGroup": "DBClusterParameterGroupName", "Port": "Port",
    "IAMDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "BackupRetentionPeriod": "BackupRetentionPeriod", "PreferredBackupWindow": "PreferredBackupWindow",
    "StorageType": "StorageType",
}  # fmt: skip
_LATER = {
    # what only modify takes
    "PreferredMaintenanceWindow": "PreferredMaintenanceWindow", "MonitoringInterval": "MonitoringInterval",
    "MonitoringRoleArn": "MonitoringRoleArn", "PerformanceInsightsEnabled": "EnablePerformanceInsights",
    "PerformanceInsightsKMSKeyId": "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
}  # fmt: skip
_MEMBER = {
    "DBInstanceClass": "DBInstanceClass", "PromotionTier": "PromotionTier",
    "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade", "CACertificateIdentifier": "CACertificateIdentifier",
    "CopyTagsToSnapshot": "CopyTagsToSnapshot", **_LATER,
}  # fmt: skip

# What the restored one must have in common with the one it was restored from.
_SAME_INSTANCE = (
    "Engine", "EngineVersion", "StorageEncrypted", "KmsKeyId", "DBInstanceClass", "MultiAZ", "PubliclyAccessible",
    "DeletionProtection", "IAMDatabaseAuthenticationEnabled", "BackupRetentionPeriod", "CopyTagsToSnapshot",
    "CACertificateIdentifier", "MonitoringInterval", "PerformanceInsightsEnabled", "EnabledCloudwatchLogsExports",
)  # fmt: skip
_SAME_CLUSTER = (
    "Engine", "EngineVersion", "StorageEncrypted", "KmsKeyId", "DBSubnetGroup", "DBClusterParameterGroup",
    "DeletionProtection", "IAMDatabaseAuthenticationEnabled", "BackupRetentionPeriod", "CopyTagsToSnapshot",
    "EnabledCloudwatchLogsExports", "ServerlessV2ScalingConfiguration",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Restore:
    """A restore that can be shown before it is done.

    time: the moment, UTC; None: the latest there is.
    earliest, latest: between which it can be; None: AWS does not say.
    request: what the restore call gets.   later: what is set once the database is there, the password left out.
    members: instances of a cluster, as created.
    """

    source: str
    target: str
    aurora: bool
    time: datetime | None
    earliest: datetime | None
    latest: datetime | None
    request: Mapping[str, Any]
    later: Mapping[str, Any]
    members: tuple[Mapping[str, Any], ...]
    sets_password: bool


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was restored.   findings: how it differs from its source; empty when it is as well protected."""

    target: str
    address: str
    resource_id: str
    seconds: float
    findings: tuple[str, ...]


def plan(database: StackDatabase, client: Clients, *, moment: datetime | None, identifier: str | None) -> Restore:
    """What restoring to a moment would take. Raises Mistake for a moment outside the backups, or a name in use."""
    rds = client("rds", database.region)
    now = datetime.now(UTC)
    target = identifier or _suffixed(database.identifier, f"-restored-{now:%Y%m%d%H%M}")
    if not target.startswith(f"{database.identifier}-") or len(target) > LONGEST_IDENTIFIER:
        raise Mistake(
            f"--identifier: expected a name of at most {LONGEST_IDENTIFIER} characters that begins with "
            f"{database.identifier}-, because the stack's roles know only such, found {target}."
        )
    source = describe(rds, database.identifier, aurora=database.aurora)
    if source is None:
        raise Refused(f"{database.identifier}: expected the stack's database, found none of that name in AWS.")
    if describe(rds, target, aurora=database.aurora) is not None:
        raise Mistake(f"--identifier: expected a name that is free, found {target} in use.")
    earliest, latest = _window(rds, database, source)
    _require_within(moment, earliest, latest)
    when = {"UseLatestRestorableTime": True} if moment is None else {
        "RestoreToTime" if database.aurora else "RestoreTime": moment
    }  # fmt: skip
    managed = source.get("MasterUserSecret")
    if database.aurora:
        request, later = (
            _cluster_request(source),
            _taken(source, {"PreferredMaintenanceWindow": "PreferredMaintenanceWindow"}),
        )
        request |= {"SourceDBClusterIdentifier": database.identifier, "DBClusterIdentifier": target, **when}
        members = tuple(_members(rds, source, database.identifier, target))
    else:
        request, later = _instance_request(source), _taken(source, _LATER)
        request |= {"SourceDBInstanceIdentifier": database.identifier, "TargetDBInstanceIdentifier": target, **when}
        members = ()
    if managed:
        later |= {"ManageMasterUserPassword": True, "MasterUserSecretKmsKeyId": managed["KmsKeyId"]}
    return Restore(
        source=database.identifier, target=target, aurora=database.aurora, time=moment, earliest=earliest,
        latest=latest, request=request, later=later, members=members, sets_password=not managed,
    )  # fmt: skip


def _suffixed(name: str, ending: str) -> str:
    return name[: LONGEST_IDENTIFIER - len(ending)].rstrip("-") + ending


def _taken(source: Resource, names: Mapping[str, str]) -> dict[str, Any]:
    return {wire: source[name] for name, wire in names.items() if source.get(name) not in (None, "")}


def _tags(source: Resource) -> list[dict[str, str]]:
    """Its own tags; AWS keeps those that begin with `aws:` to itself."""
    return [dict(tag) for tag in source.get("TagList", ()) if not tag["Key"].startswith("aws:")]


def _instance_request(source: Resource) -> dict[str, Any]:
    return {
        **_taken(source, _INSTANCE),
        "DBSubnetGroupName": source["DBSubnetGroup"]["DBSubnetGroupName"],
        "VpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in source["VpcSecurityGroups"]],
        "DBParameterGroupName": source["DBParameterGroups"][0]["DBParameterGroupName"],
        "Port": source["Endpoint"]["Port"],
        "EnableCloudwatchLogsExports": list(source.get("EnabledCloudwatchLogsExports", ())),
        "PubliclyAccessible": False,
        "CopyTagsToSnapshot": True,
        "DeletionProtection": True,
        "Tags": _tags(source),
    }


def _cluster_request(source: Resource) -> dict[str, Any]:
    capacity = source.get("ServerlessV2ScalingConfiguration")
    request = {
        **_taken(source, _CLUSTER),
        "RestoreType": "full-copy",
        "VpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in source["VpcSecurityGroups"]],
        "EnableCloudwatchLogsExports": list(source.get("EnabledCloudwatchLogsExports", ())),
        "CopyTagsToSnapshot": True,
        "DeletionProtection": True,
        "Tags": _tags(source),
    }
    if source.get("KmsKeyId"):
        request["KmsKeyId"] = source["KmsKeyId"]
    if capacity:
        request["ServerlessV2ScalingConfiguration"] = {
            name: capacity[name] for name in ("MinCapacity", "MaxCapacity") if name in capacity
        }
    return request


def _members(rds: Any, cluster: Resource, source: str, target: str) -> list[dict[str, Any]]:
    """An instance of the new cluster for each of the old one, the writer first."""
    ordered = sorted(cluster["DBClusterMembers"], key=lambda member: not member["IsClusterWriter"])
    found: list[dict[str, Any]] = []
    for number, member in enumerate(ordered, start=1):
        name = member["DBInstanceIdentifier"]
        instance = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        ending = name.removeprefix(source) if name.startswith(source) else f"-{number}"
        found.append({
            **_taken(instance, _MEMBER),
            "DBInstanceIdentifier": _suffixed(target, ending),
            "DBClusterIdentifier": target,
            "Engine": instance["Engine"],
            "PubliclyAccessible": False,
            "Tags": _tags(instance),
        })  # fmt: skip
    return found


def _window(rds: Any, database: StackDatabase, source: Resource) -> tuple[datetime | None, datetime | None]:
    """Between which moments the backups can restore."""
    if database.aurora:
        return source.get("EarliestRestorableTime"), source.get("LatestRestorableTime")
    backups = rds.describe_db_instance_automated_backups(DBInstanceIdentifier=database.identifier)
    own = [
        each for each in backups["DBInstanceAutomatedBackups"] if each.get("DbiResourceId") == source["DbiResourceId"]
    ]
    earliest = own[0].get("RestoreWindow", {}).get("EarliestTime") if own else None
    return earliest, source.get("LatestRestorableTime")


def _require_within(moment: datetime | None, earliest: datetime | None, latest: datetime | None) -> None:
    if moment is None:
        return
    if (earliest is not None and moment < earliest) or (latest is not None and moment > latest):
        between = f"{_shown(earliest)} to {_shown(latest)}"
        raise Mistake(f"--time: expected a moment that the backups hold ({between}), found {_shown(moment)}.")


def _shown(moment: datetime | None) -> str:
    return "…" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def describe(rds: Any, identifier: str, *, aurora: bool) -> dict[str, Any] | None:
    """An instance or a cluster as AWS describes it; None when there is none."""
    try:
        if aurora:
            return rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"][0]
        return rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("DBInstanceNotFound", "DBClusterNotFoundFault"):
            return None
        raise


def run(
    database: StackDatabase, client: Clients, restore: Restore, progress: Progress = lambda *_: None,
    poll_seconds: float = POLL_SECONDS,
) -> Restored:  # fmt: skip
    """Restore, wait, give the new one what a restore does not, and compare it with its source.

    Raises Refused when AWS ends in a state from which the database does not come up, or takes over four hours.
    """
    rds = client("rds", database.region)
    started = time.monotonic()
    _log_groups(client("logs", database.region), restore)
    if restore.aurora:
        rds.restore_db_cluster_to_point_in_time(**restore.request)
        _wait(rds, restore.target, aurora=True, progress=progress, poll_seconds=poll_seconds)
        for member in restore.members:
            rds.create_db_instance(**member)
        for member in restore.members:
            _wait(rds, member["DBInstanceIdentifier"], aurora=False, progress=progress, poll_seconds=poll_seconds)
    else:
        rds.restore_db_instance_to_point_in_time(**restore.request)
        _wait(rds, restore.target, aurora=False, progress=progress, poll_seconds=poll_seconds)
    later = dict(restore.later)
    if restore.sets_password:  # the one of then may have been changed since
        later["MasterUserPassword"] = login(client, database.region, database.administrator_secret).password
    if restore.aurora:
        rds.modify_db_cluster(DBClusterIdentifier=restore.target, ApplyImmediately=True, **later)
    else:
        rds.modify_db_instance(DBInstanceIdentifier=restore.target, ApplyImmediately=True, **later)
    restored = _wait(rds, restore.target, aurora=restore.aurora, progress=progress, poll_seconds=poll_seconds)
    source = describe(rds, restore.source, aurora=restore.aurora)
    return Restored(
        target=restore.target,
        address=restored["Endpoint"] if restore.aurora else restored["Endpoint"]["Address"],
        resource_id=restored["DbClusterResourceId" if restore.aurora else "DbiResourceId"],
        seconds=time.monotonic() - started,
        findings=tuple(differences(source or {}, restored, aurora=restore.aurora)),
    )


def _wait(rds: Any, identifier: str, *, aurora: bool, progress: Progress, poll_seconds: float) -> dict[str, Any]:
    """Wait until it is available; the first status after a change may still be the one before it."""
    limit = time.monotonic() + LONGEST_SECONDS
    while True:
        found = describe(rds, identifier, aurora=aurora) or {}
        status = str(found.get("Status" if aurora else "DBInstanceStatus", "not there yet"))
        progress(identifier, status)
        if status == "available" and not found.get("PendingModifiedValues"):
            return found
        if status in FAILED:
            raise Refused(f"{identifier}: expected it to become available, found {status}. Its events in RDS say why.")
        if time.monotonic() > limit:
            raise Refused(f"{identifier}: still {status} after {timedelta(seconds=LONGEST_SECONDS)}.")
        time.sleep(poll_seconds)


def _log_groups(logs: Any, restore: Restore) -> None:
    """The log groups of the new one, with key and retention of the old one's: RDS would create them with neither."""
    kind = "cluster" if restore.aurora else "instance"
    for export in restore.request["EnableCloudwatchLogsExports"]:
        old, new = (f"/aws/rds/{kind}/{name}/{export}" for name in (restore.source, restore.target))
        found = logs.describe_log_groups(logGroupNamePrefix=old)["logGroups"]
        group = next((each for each in found if each["logGroupName"] == old), None)
        if group is None:
            continue
        key = {"kmsKeyId": group["kmsKeyId"]} if "kmsKeyId" in group else {}
        try:
            logs.create_log_group(logGroupName=new, **key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise
        if "retentionInDays" in group:
            logs.put_retention_policy(logGroupName=new, retentionInDays=group["retentionInDays"])


def differences(source: Resource, restored: Resource, *, aurora: bool) -> list[str]:
    """How a restored database differs from the one it was restored from, in words."""
    names = _SAME_CLUSTER if aurora else _SAME_INSTANCE
    pairs: dict[str, tuple[object, object]] = {
        name: (_plain(source.get(name)), _plain(restored.get(name))) for name in names
    }
    compared: dict[str, Callable[[Resource], object]] = {"VpcSecurityGroups": _security_groups}
    if not aurora:
        compared |= {"DBSubnetGroup": _subnet_group, "DBParameterGroup": _parameter_groups}
    pairs |= {name: (of(source), of(restored)) for name, of in compared.items()}
    return [
        f"{name}: expected {expected}, found {found}" for name, (expected, found) in pairs.items() if expected != found
    ]


def _security_groups(resource: Resource) -> list[str]:
    return sorted(group["VpcSecurityGroupId"] for group in resource.get("VpcSecurityGroups", ()))


def _subnet_group(instance: Resource) -> str | None:
    return instance.get("DBSubnetGroup", {}).get("DBSubnetGroupName")


def _parameter_groups(instance: Resource) -> list[str]:
    return [group["DBParameterGroupName"] for group in instance.get("DBParameterGroups", ())]


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, list) else value


def next_steps(database: StackDatabase, restored: Restored, old_resource_id: str) -> list[str]:
    """What a person does next, as commands: look, swap the names, tell the state."""
    kind, option = ("cluster", "db-cluster-identifier") if database.aurora else ("instance", "db-instance-identifier")
    modify = f"aws rds modify-db-{kind} --region {database.region} --apply-immediately --{option}"
    steps = [
        f"phi database connect {database.stack} --address {restored.address}",
        f"{modify} {database.identifier} --new-{option} {_suffixed(database.identifier, '-before')}",
        f"{modify} {restored.target} --new-{option} {database.identifier}",
    ]
    steps += [
        f"pulumi stack export --stack {database.stack} --file state.json",
        f"sed -i 's/{old_resource_id}/{restored.resource_id}/g' state.json",
        f"pulumi stack import --stack {database.stack} --file state.json",
        f"pulumi up --refresh --stack {database.stack}",
    ]
    return steps
