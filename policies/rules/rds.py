"""Amazon RDS and Aurora: encrypted, private, backed up, kept, observed."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import in_production, patient_data, sensitive
from ..config import SENSITIVE, Config
from ..expect import FALSE, NOT_TRUE, SET, TRUE, at_least, none_of
from ..graph import Resource, Stack
from ..paths import SUBNET, internet_facing, tables_of
from ..rule import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    Finding,
    Severity,
    linked_rule,
    requires,
    resource_rule,
    stack_rule,
)
from ..values import UNKNOWN
from .jurisdiction import not_allowed
from .reachability import tier
from .stores import BUCKET, selected

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
GLOBAL = "aws:rds/globalCluster:GlobalCluster"
STORES = (INSTANCE, CLUSTER)
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
SNAPSHOT_COPIES = ("aws:rds/snapshotCopy:SnapshotCopy", "aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy")
GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
EXPORTS = {"postgres": {"postgresql"}, "aurora-postgresql": {"postgresql"}, "mysql": {"audit", "error", "slowquery"},
           "mariadb": {"audit", "error", "slowquery"}, "aurora-mysql": {"audit", "error", "slowquery"}}  # fmt: skip
FORCED_TLS = {"rds.force_ssl": ("1",), "require_secure_transport": ("1", "ON")}


def copies(resource: Resource) -> bool:
    """Whether it takes its settings from what it copies: a read replica, a global cluster of one that exists."""
    return resource.has("replicateSourceDb") or resource.has("sourceDbClusterIdentifier")


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
                    each.text("value") in FORCED_TLS.get(each.text("name") or "", ())
                    for each in group.views("parameters")
                ):
                    yield Finding(group, "parameters lack rds.force_ssl 1 or require_secure_transport ON.")


@linked_rule(
    "rds-in-data-subnets",
    types=SUBNET_GROUP,
    title="Databases are placed in the data tier",
    severity=HIGH,
    remedy="Name subnets of the data tier, which route nowhere outside, in the subnet group.",
    url=GUIDE + "USER_VPC.WorkingWithRDSInstanceinaVPC.html",
)
def in_data_subnets(group: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for subnet in stack.targets(group, "subnetIds", SUBNET):
        if tier(subnet, config) == "public":
            yield f"subnetIds: {subnet.name} is of the public tier."
        elif internet_facing(stack, subnet) and tables_of(stack, subnet):
            yield f"subnetIds: {subnet.name} routes to the internet."


@linked_rule(
    "rds-multi-az",
    types=STORES,
    title="Databases in production survive the loss of a zone",
    severity=HIGH,
    remedy="Set multiAz: true; give an Aurora cluster two instances or more.",
    url=GUIDE + "Concepts.MultiAZ.html",
)
def multi_az(store: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not in_production(store, config) or copies(store) or store.has("replicationSourceIdentifier"):
        return
    if store.type == INSTANCE:
        if store.flag("multiAz") is not True:
            yield "multiAz must be true."
    elif (store.text("engine") or "").startswith("aurora"):
        members = stack.users(store, MEMBER, property="clusterIdentifier")
        if len(members) < 2:
            yield f"has {len(members)} instance: two or more, in different zones, are needed."


@linked_rule(
    "rds-in-backup-plan",
    types=STORES,
    title="Databases of sensitive data are in a backup",
    severity=HIGH,
    remedy="Select it in an AWS Backup selection, by ARN or by its tags.",
    url="https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html",
)
def in_backup_plan(store: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if sensitive(store, config) and not copies(store) and not selected(stack, store):
        yield "no backup selection covers it."


keep_backups = requires(
    "rds-keep-automated-backups",
    STORES,
    {"deleteAutomatedBackups": FALSE},
    when=lambda resource, config: patient_data(resource, config) and not copies(resource),
    title="Automated backups outlive their database",
    severity=MEDIUM,
    url=GUIDE + "USER_WorkingWithAutomatedBackups.html",
)


@linked_rule(
    "rds-log-groups-predeclared",
    types=STORES,
    title="Logs of databases go to groups that are encrypted and end",
    severity=MEDIUM,
    remedy="Declare a LogGroup /aws/rds/instance/NAME/LOG (or cluster) with kmsKeyId and retentionInDays for each.",
    url=GUIDE + "USER_LogAccess.Procedural.UploadtoCloudWatch.html",
)
def log_groups(store: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    kind, name = ("instance", "identifier") if store.type == INSTANCE else ("cluster", "clusterIdentifier")
    if not store.has(name):
        return
    identifier = store.text(name)
    groups = stack.of("aws:cloudwatch/logGroup:LogGroup")
    if any(group.unknown("name") for group in groups):
        return
    declared = {group.text("name") for group in groups}
    wanted = [f"/aws/rds/{kind}/{identifier}/{log}" for log in store.texts("enabledCloudwatchLogsExports")]
    missing = [each for each in wanted if each not in declared]
    if missing:
        yield f"enabledCloudwatchLogsExports: {', '.join(missing)} would be created by RDS, without key and end."


_AUDIT = {
    "postgres": ("pgaudit.log", "log_statement", "shared_preload_libraries"),
    "mysql": ("server_audit_logging", "general_log", "audit_log_policy"),
}


@linked_rule(
    "rds-audit-parameters",
    types=("aws:rds/parameterGroup:ParameterGroup", "aws:rds/clusterParameterGroup:ClusterParameterGroup"),
    title="Databases record who did what",
    severity=MEDIUM,
    remedy="Set pgaudit.log or log_statement (PostgreSQL), server_audit_logging (MySQL).",
    url=GUIDE + "Appendix.PostgreSQL.CommonDBATasks.pgaudit.html",
)
def audit_parameters(group: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    family = group.text("family") or ""
    found = {each.text("name") for each in group.views("parameters")}
    for engine, names in _AUDIT.items():
        if engine in family and not found & set(names):
            yield f"parameters set none of {', '.join(names)}."


iam_auth = requires(
    "rds-iam-auth",
    STORES,
    {"iamDatabaseAuthenticationEnabled": TRUE},
    title="People and services sign in to databases as themselves",
    severity=LOW,
    url=GUIDE + "UsingWithRDS.IAMDBAuth.html",
)


@resource_rule(
    "rds-master-user-not-default",
    types=STORES,
    title="The first database user has a name of its own",
    severity=LOW,
    remedy="Set username (masterUsername) to a name that cannot be guessed from the engine.",
    url=GUIDE + "CHAP_BestPractices.Security.html",
)
def master_user(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("username", "masterUsername"):
        if (resource.text(name) or "").lower() in (
            "admin",
            "administrator",
            "postgres",
            "root",
            "sa",
            "master",
            "mysql",
        ):
            yield f"{name} is a name that everyone tries first."


enhanced_monitoring = requires(
    "rds-enhanced-monitoring",
    (INSTANCE, MEMBER),
    {"monitoringInterval": at_least(1), "monitoringRoleArn": SET},
    title="Databases report what their host does",
    severity=LOW,
    url=GUIDE + "USER_Monitoring.OS.html",
)
OLDEST = {"postgres": (14,), "aurora-postgresql": (14,), "mysql": (8, 4), "aurora-mysql": (8,), "mariadb": (10, 11)}
"""Engine → oldest major version with standard support (Amazon RDS and Aurora release calendars, November 2026)."""


@resource_rule(
    "rds-engine-supported",
    types=STORES,
    title="Database engines are of a supported version",
    severity=MEDIUM,
    remedy="Choose a supported engineVersion; remove engineLifecycleSupport: open-source-rds-extended-support.",
    url=GUIDE + "extended-support.html",
)
def engine_supported(resource: Resource, config: Config) -> Iterator[str]:
    oldest = OLDEST.get(resource.text("engine") or "", ())
    named = (resource.text("engineVersion") or "").split(".")[: len(oldest)]
    if named and all(part.isdecimal() for part in named) and tuple(map(int, named)) < oldest[: len(named)]:
        first = ".".join(map(str, oldest))
        yield f"engineVersion {'.'.join(named)} is past its standard support; {first} is the oldest with it."
    if resource.text("engineLifecycleSupport") == "open-source-rds-extended-support":
        yield "engineLifecycleSupport lets an ended version run on."


ca_current = requires(
    "rds-ca-current",
    (INSTANCE, MEMBER),
    {"caCertIdentifier": none_of("rds-ca-2015", "rds-ca-2019", "rds-ca-2010")},
    title="Certificates of databases are of a current authority",
    severity=MEDIUM,
    remedy="Set caCertIdentifier: rds-ca-rsa2048-g1, or remove it.",
    url=GUIDE + "UsingWithRDS.SSL.html",
)
insights_on = requires(
    "rds-insights-on",
    (INSTANCE, MEMBER),
    {"performanceInsightsEnabled": TRUE},
    when=in_production,
    title="Load of databases in production is recorded",
    severity=LOW,
    url=GUIDE + "USER_PerfInsights.Overview.html",
)
_PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306, "sqlserver": 1433, "oracle": 1521, "aurora": 3306}


@resource_rule(
    "rds-non-default-port",
    types=STORES,
    title="Databases listen on a port of their own",
    severity=LOW,
    remedy="Set port to another number than the engine's.",
    url=GUIDE + "CHAP_Troubleshooting.html",
)
def non_default_port(resource: Resource, config: Config) -> Iterator[str]:
    engine = resource.text("engine") or ""
    default = 5432 if "postgres" in engine else next((n for name, n in _PORTS.items() if engine.startswith(name)), None)
    port = resource.number("port")
    if default is not None and not copies(resource) and port in (None, default):
        yield f"port is the default of the engine, {default}."


@resource_rule(
    "rds-snapshot-not-shared",
    types=("aws:rds/snapshot:Snapshot", "aws:rds/clusterSnapshot:ClusterSnapshot", *SNAPSHOT_COPIES),
    title="Database snapshots are shared with trusted accounts only",
    severity=CRITICAL,
    remedy="Remove sharedAccounts, or name accounts of trustedAccounts.",
    url=GUIDE + "USER_ShareSnapshot.html",
)
def snapshot_not_shared(resource: Resource, config: Config) -> Iterator[str]:
    for account in resource.texts("sharedAccounts"):
        if account == "all":
            yield "sharedAccounts: all makes the snapshot public."
        elif account not in config.trusted_accounts | config.accounts:
            yield "sharedAccounts: an account is not a trusted one."


@linked_rule(
    "rds-export-in-jurisdiction",
    types="aws:rds/exportTask:ExportTask",
    title="Databases are exported inside the jurisdiction, to a bucket of the same class, with a key",
    severity=CRITICAL,
    remedy="Export to a bucket of class phi in a region of the jurisdiction, with kmsKeyId.",
    url=GUIDE + "USER_ExportSnapshot.html",
)
def export_in_jurisdiction(task: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not task.has("kmsKeyId"):
        yield "kmsKeyId is not set."
    for bucket in stack.targets(task, "s3BucketName", BUCKET):
        region = bucket.region()
        if region is not None and region not in config.regions:
            yield f"s3BucketName: {bucket.name} is in {not_allowed(region, config)}."
        if not patient_data(bucket, config):
            yield f"s3BucketName: {bucket.name} is not tagged as holding patient data."


proxy_tls = requires(
    "rds-proxy-tls",
    "aws:rds/proxy:Proxy",
    {"requireTls": TRUE, "debugLogging": NOT_TRUE},
    title="Database proxies are reached by TLS and log no SQL",
    severity=HIGH,
    url=GUIDE + "rds-proxy-managing.html",
)
data_api_off = requires(
    "rds-data-api-off",
    CLUSTER,
    {"enableHttpEndpoint": NOT_TRUE},
    when=patient_data,
    title="Patient data is not queried over the Data API",
    severity=MEDIUM,
    url="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.html",
)
STREAM = "aws:rds/clusterActivityStream:ClusterActivityStream"


@linked_rule(
    "rds-activity-stream",
    types=CLUSTER,
    title="Activity in clusters of patient data is streamed",
    severity=LOW,
    remedy="Add a ClusterActivityStream with a customer key.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/DBActivityStreams.html",
)
def activity_stream(cluster: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    streams = stack.users(cluster, STREAM, property="resourceArn")
    if patient_data(cluster, config) and not streams:
        yield "no ClusterActivityStream."
    for stream in streams:
        if not stream.has("kmsKeyId"):
            yield Finding(stream, "kmsKeyId is not set.")


_EVENTS = {"failure", "maintenance", "configuration change"}


@stack_rule(
    "rds-event-subscription",
    title="Failures and changes of databases are told",
    severity=LOW,
    remedy="Add an EventSubscription for failure, maintenance and configuration change.",
    url=GUIDE + "USER_Events.html",
)
def event_subscription(stack: Stack, config: Config) -> Iterator[Finding]:
    stores = stack.of(*STORES)
    subscriptions = [
        each for each in stack.of("aws:rds/eventSubscription:EventSubscription") if each.flag("enabled") is not False
    ]
    if not stores:
        return
    if any(not each.has("eventCategories") for each in subscriptions):
        return
    missing = _EVENTS - {category for each in subscriptions for category in each.texts("eventCategories")}
    if missing:
        yield Finding(stores[0], f"no EventSubscription tells {', '.join(sorted(missing))}.")


backtrack = requires(
    "rds-aurora-backtrack",
    CLUSTER,
    {"backtrackWindow": at_least(1)},
    when=lambda resource, _: resource.text("engine") == "aurora-mysql",
    title="Aurora MySQL can be wound back",
    severity=LOW,
    url="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Managing.Backtrack.html",
)
