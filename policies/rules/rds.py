"""Amazon RDS and Aurora: encrypted, private, backed up, kept, observed."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import SENSITIVE, Config
from ..graph import Resource, Stack
from ..rule import Finding, Severity, resource_rule, stack_rule
from ..values import UNKNOWN

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
GLOBAL = "aws:rds/globalCluster:GlobalCluster"
STORES = (INSTANCE, CLUSTER)
GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
EXPORTS = {"postgres": {"postgresql"}, "aurora-postgresql": {"postgresql"}, "mysql": {"audit", "error", "slowquery"},
           "mariadb": {"audit", "error", "slowquery"}, "aurora-mysql": {"audit", "error", "slowquery"}}  # fmt: skip
FORCED_TLS = {"rds.force_ssl": "1", "require_secure_transport": "ON"}


def copies(resource: Resource) -> bool:
    """Whether an instance takes its settings from what it copies: a read replica."""
    return resource.has("replicateSourceDb")


@resource_rule(
    "rds-storage-encrypted",
    types=(*STORES, GLOBAL),
    title="Databases are encrypted at rest",
    severity=Severity.CRITICAL,
    remedy="Set storageEncrypted: true and kmsKeyId to a customer key.",
    url=GUIDE + "Overview.Encryption.html",
)
def rds_storage_encrypted(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("storageEncrypted") is not True and not (
        copies(resource) and not resource.has("storageEncrypted")
    ):
        yield "storageEncrypted must be true; it cannot be turned on later without a new database."


@resource_rule(
    "rds-cmk",
    types=STORES,
    title="Databases of sensitive data use a customer key",
    severity=Severity.HIGH,
    remedy="Set kmsKeyId to the ARN of a customer key.",
    url=GUIDE + "Overview.Encryption.Keys.html",
)
def rds_cmk(resource: Resource, config: Config) -> Iterator[str]:
    sensitive = resource.tags().get(config.data_class_tag) in (*SENSITIVE, UNKNOWN)
    if sensitive and not resource.has("kmsKeyId") and not copies(resource):
        yield "kmsKeyId is not set: the key would be AWS's own, which no policy of yours governs."


@resource_rule(
    "rds-not-public",
    types=(INSTANCE, MEMBER),
    title="Databases have no public address",
    severity=Severity.CRITICAL,
    remedy="Set publiclyAccessible: false and place the database in private subnets.",
    url=GUIDE + "USER_VPC.WorkingWithRDSInstanceinaVPC.html",
)
def rds_not_public(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("publiclyAccessible"):
        yield "publiclyAccessible is true: the database would have a public address."


@resource_rule(
    "rds-backup-retention",
    types=STORES,
    title="Databases keep automated backups long enough",
    severity=Severity.HIGH,
    remedy="Set backupRetentionPeriod to the configured minimum or more (up to 35 days; AWS Backup keeps longer).",
    url=GUIDE + "USER_WorkingWithAutomatedBackups.html",
)
def rds_backup_retention(resource: Resource, config: Config) -> Iterator[str]:
    if copies(resource):
        return
    days = resource.number("backupRetentionPeriod") or 0
    if days < config.backup_days:
        yield f"backupRetentionPeriod: expected {config.backup_days} or more, found {days:g}."


@resource_rule(
    "rds-deletion-protection",
    types=(*STORES, GLOBAL),
    title="Databases are protected against deletion",
    severity=Severity.HIGH,
    remedy="Set deletionProtection: true.",
    url=GUIDE + "USER_DeleteInstance.html",
)
def rds_deletion_protection(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("deletionProtection") is not True:
        yield "deletionProtection must be true."


@resource_rule(
    "rds-final-snapshot",
    types=STORES,
    title="A last snapshot is taken when a database is deleted",
    severity=Severity.HIGH,
    remedy="Set skipFinalSnapshot: false and finalSnapshotIdentifier.",
    url=GUIDE + "USER_DeleteInstance.html",
)
def rds_final_snapshot(resource: Resource, config: Config) -> Iterator[str]:
    if copies(resource):
        return
    if resource.flag("skipFinalSnapshot"):
        yield "skipFinalSnapshot must be false."
    elif not resource.has("finalSnapshotIdentifier"):
        yield "finalSnapshotIdentifier is not set."


@resource_rule(
    "rds-copy-tags-to-snapshots",
    types=STORES,
    title="Snapshots carry the tags of their database",
    severity=Severity.MEDIUM,
    remedy="Set copyTagsToSnapshot: true.",
    url=GUIDE + "USER_Tagging.html",
)
def rds_copy_tags(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("copyTagsToSnapshot") is not True:
        yield "copyTagsToSnapshot must be true, or snapshots lose the data class."


@resource_rule(
    "rds-log-exports",
    types=STORES,
    title="Databases send their logs to CloudWatch",
    severity=Severity.MEDIUM,
    remedy="List the engine's logs in enabledCloudwatchLogsExports.",
    url=GUIDE + "USER_LogAccess.Procedural.UploadtoCloudWatch.html",
)
def rds_log_exports(resource: Resource, config: Config) -> Iterator[str]:
    engine = resource.text("engine") or ""
    missing = EXPORTS.get(engine, set()) - set(resource.texts("enabledCloudwatchLogsExports"))
    if missing:
        yield f"enabledCloudwatchLogsExports lacks {', '.join(sorted(missing))} (engine {engine})."


@resource_rule(
    "rds-minor-upgrades",
    types=(INSTANCE, MEMBER),
    title="Databases receive minor version upgrades",
    severity=Severity.MEDIUM,
    remedy="Remove autoMinorVersionUpgrade: false.",
    url=GUIDE + "USER_UpgradeDBInstance.Upgrading.html",
)
def rds_minor_upgrades(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("autoMinorVersionUpgrade") is False:
        yield "autoMinorVersionUpgrade is false: security fixes would wait for you."


@resource_rule(
    "rds-insights-cmk",
    types=(*STORES, MEMBER),
    title="Performance Insights is encrypted with a customer key",
    severity=Severity.MEDIUM,
    remedy="Set performanceInsightsKmsKeyId.",
    url=GUIDE + "USER_PerfInsights.Overview.html",
)
def rds_insights_cmk(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("performanceInsightsEnabled") and not resource.has("performanceInsightsKmsKeyId"):
        yield "performanceInsightsKmsKeyId is not set: the text of queries may hold patient data."


@stack_rule(
    "rds-force-tls",
    title="Databases refuse connections without TLS",
    severity=Severity.HIGH,
    remedy="Attach a parameter group with rds.force_ssl 1 (PostgreSQL) or require_secure_transport ON (MySQL).",
    url=GUIDE + "PostgreSQL.Concepts.General.SSL.html",
)
def rds_force_tls(stack: Stack, config: Config) -> Iterator[Finding]:
    groups = {
        INSTANCE: ("parameterGroupName", "aws:rds/parameterGroup:ParameterGroup"),
        CLUSTER: ("dbClusterParameterGroupName", "aws:rds/clusterParameterGroup:ClusterParameterGroup"),
    }
    for type, (property, group_type) in groups.items():
        for store in stack.of(type):
            found = stack.targets(store, property, group_type)
            if not found and not store.unknown(property):
                yield Finding(store, f"{property}: no parameter group of this stack, so TLS is not known to be forced.")
            for group in found:
                if not group.unknown("parameters") and not any(
                    FORCED_TLS.get(each.text("name") or "") == each.text("value") for each in group.views("parameters")
                ):
                    yield Finding(group, "parameters lack rds.force_ssl 1 or require_secure_transport ON.")
