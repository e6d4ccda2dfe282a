"""Where data may be: every way it could leave the configured jurisdiction."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import SENSITIVE, Config
from ..graph import AWS_PROVIDER, Resource, Stack
from ..rule import EVERY, Finding, Severity, resource_rule, stack_rule
from .iam import own_accounts

EDGE_REGION = "us-east-1"
RULES_OF_PLACE = "https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html"
REPLICATION = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html"

# What AWS has in us-east-1 only, and what goes with it. Nothing here may hold patient data.
_EDGE_ONLY = {
    "aws:acm/certificate:Certificate",
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "aws:cloudwatch/logDelivery:LogDelivery",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:kms/alias:Alias",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    "aws:wafv2/webAclRule:WebAclRule",
    "aws:wafv2/webAclRuleGroupAssociation:WebAclRuleGroupAssociation",
}
_EDGE_SCOPED = {
    "aws:wafv2/webAcl:WebAcl",
    "aws:wafv2/ipSet:IpSet",
    "aws:wafv2/ruleGroup:RuleGroup",
    "aws:wafv2/regexPatternSet:RegexPatternSet",
}
_EDGE_INTERNAL = {"aws:sns/topic:Topic", "aws:kms/key:Key"}


def not_allowed(region: str, config: Config) -> str:
    """Why a region is refused."""
    return (
        f"{region} is outside the configured jurisdiction {config.jurisdiction} "
        f"({', '.join(sorted(config.regions))}); this is the configured policy, not the text of a statute"
    )


def region_of_arn(arn: str) -> str:
    """The region field of an ARN; empty for global services and texts that are no ARN."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""


def excepted(resource: Resource, region: str, config: Config) -> bool:
    """The fixed exceptions: control plane of the CDN, which AWS has in us-east-1 only, never a store."""
    if region != EDGE_REGION:
        return False
    if resource.type in _EDGE_ONLY:
        return True
    if resource.type in _EDGE_INTERNAL:
        return resource.tags().get(config.data_class_tag) == "internal"
    if resource.type in _EDGE_SCOPED:
        return resource.text("scope") == "CLOUDFRONT"
    if resource.type == "aws:cloudwatch/metricAlarm:MetricAlarm":
        return resource.text("namespace") == "AWS/CloudFront"
    if resource.type == "aws:cloudwatch/logGroup:LogGroup":
        return (resource.text("name") or "").startswith("aws-waf-logs-")
    return False


@resource_rule(
    "region-allowed",
    types=(EVERY, AWS_PROVIDER),
    title="Resources stay in the jurisdiction's regions",
    severity=Severity.CRITICAL,
    remedy="Set region, on the resource or its provider, to a region of the jurisdiction.",
    url=RULES_OF_PLACE,
)
def region_allowed(resource: Resource, config: Config) -> Iterator[str]:
    region = resource.region()
    if region is not None and region not in config.regions and not excepted(resource, region, config):
        yield f"region: {not_allowed(region, config)}."


@resource_rule(
    "provider-region-pinned",
    types=(AWS_PROVIDER,),
    title="Providers name their region",
    severity=Severity.HIGH,
    remedy="Set aws:region in the stack file, or region on the provider.",
    url="https://www.pulumi.com/registry/packages/aws/installation-configuration/",
)
def provider_region_pinned(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("region") is None:
        yield "region is not set: where resources go would depend on the machine that deploys."


@stack_rule(
    "s3-replication-in-jurisdiction",
    title="Buckets replicate inside the jurisdiction only",
    severity=Severity.CRITICAL,
    remedy="Replicate to a bucket in a region of the jurisdiction, in a trusted account.",
    url=REPLICATION,
)
def s3_replication(stack: Stack, config: Config) -> Iterator[Finding]:
    for replication in stack.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig"):
        for target in stack.targets(replication, "rules", "aws:s3/bucket:Bucket"):
            region = target.region()
            if region is not None and region not in config.regions:
                yield Finding(replication, f"rules: {target.name} is in {not_allowed(region, config)}.")
        for rule in replication.views("rules"):
            if rule.unknown("destination.account"):
                continue
            account = rule.text("destination.account")
            if account is not None and account not in own_accounts(stack, config):
                yield Finding(replication, f"{rule.where('destination.account')}: the account is not a trusted one.")


@stack_rule(
    "rds-replica-in-jurisdiction",
    title="Databases and their backups are copied inside the jurisdiction only",
    severity=Severity.CRITICAL,
    remedy="Replicate databases and automated backups to a region of the jurisdiction.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html",
)
def rds_replica(stack: Stack, config: Config) -> Iterator[Finding]:
    sources = {
        "aws:rds/instance:Instance": "replicateSourceDb",
        "aws:rds/cluster:Cluster": "replicationSourceIdentifier",
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": "sourceDbInstanceArn",
    }
    for type, name in sources.items():
        for resource in stack.of(type):
            source = None if resource.unknown(name) else resource.text(name)
            region = region_of_arn(source or "")
            if region and region not in config.regions:
                yield Finding(resource, f"{name}: {not_allowed(region, config)}.")
            origin = None if resource.unknown("sourceRegion") else resource.text("sourceRegion")
            if origin is not None and origin not in config.regions:
                yield Finding(resource, f"sourceRegion: {not_allowed(origin, config)}.")
            placed = resource.region()
            if source is not None and placed is not None and placed not in config.regions:
                yield Finding(resource, f"region: the copy would be in {not_allowed(placed, config)}.")


@resource_rule(
    "rds-snapshot-copy-in-jurisdiction",
    types=("aws:rds/snapshotCopy:SnapshotCopy", "aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy"),
    title="Database snapshots are copied inside the jurisdiction only, with a key",
    severity=Severity.CRITICAL,
    remedy="Set destinationRegion to a region of the jurisdiction and kmsKeyId to a key there.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html",
)
def rds_snapshot_copy(resource: Resource, config: Config) -> Iterator[str]:
    region = resource.text("destinationRegion")
    if region is not None and region not in config.regions:
        yield f"destinationRegion: {not_allowed(region, config)}."
    if not resource.has("kmsKeyId"):
        yield "kmsKeyId is not set: the copy needs a key of the destination region."


@resource_rule(
    "dynamodb-replica-in-jurisdiction",
    types=(
        "aws:dynamodb/table:Table",
        "aws:dynamodb/tableReplica:TableReplica",
        "aws:dynamodb/globalTable:GlobalTable",
    ),
    title="Tables replicate inside the jurisdiction only",
    severity=Severity.CRITICAL,
    remedy="Remove replicas outside the jurisdiction.",
    url="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html",
)
def dynamodb_replica(resource: Resource, config: Config) -> Iterator[str]:
    for replica in resource.views("replicas"):
        region = replica.text("regionName")
        if region is not None and region not in config.regions:
            yield f"{replica.where('regionName')}: {not_allowed(region, config)}."
    source = region_of_arn(resource.text("globalTableArn") or "")
    if source and source not in config.regions:
        yield f"globalTableArn: {not_allowed(source, config)}."


@stack_rule(
    "backup-copy-in-jurisdiction",
    title="Backups are copied inside the jurisdiction only",
    severity=Severity.CRITICAL,
    remedy="Copy to a vault in a region of the jurisdiction, in a trusted account.",
    url="https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-region-backup.html",
)
def backup_copy(stack: Stack, config: Config) -> Iterator[Finding]:
    for plan in stack.of("aws:backup/plan:Plan"):
        for target in stack.targets(plan, "rules", "aws:backup/vault:Vault"):
            region = target.region()
            if region is not None and region not in config.regions:
                yield Finding(plan, f"rules: vault {target.name} is in {not_allowed(region, config)}.")
        if plan.unknown("rules"):
            continue
        for rule in plan.views("rules"):
            if rule.unknown("copyActions"):
                continue
            for action in rule.views("copyActions"):
                arn = "" if action.unknown("destinationVaultArn") else action.text("destinationVaultArn") or ""
                region = region_of_arn(arn)
                if region and region not in config.regions:
                    yield Finding(plan, f"{action.where('destinationVaultArn')}: {not_allowed(region, config)}.")


@resource_rule(
    "kms-replica-in-jurisdiction",
    types=("aws:kms/replicaKey:ReplicaKey", "aws:kms/replicaExternalKey:ReplicaExternalKey"),
    title="Keys replicate inside the jurisdiction only",
    severity=Severity.CRITICAL,
    remedy="Create the replica key in a region of the jurisdiction.",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html",
)
def kms_replica(resource: Resource, config: Config) -> Iterator[str]:
    region = resource.region()
    if region is not None and region not in config.regions:
        yield f"region: {not_allowed(region, config)}."


@resource_rule(
    "secret-replica-in-jurisdiction",
    types=("aws:secretsmanager/secret:Secret",),
    title="Secrets replicate inside the jurisdiction only, each copy with its own key",
    severity=Severity.CRITICAL,
    remedy="Remove replicas outside the jurisdiction and give each of the others a kmsKeyId.",
    url="https://docs.aws.amazon.com/secretsmanager/latest/userguide/create-manage-multi-region-secrets.html",
)
def secret_replica(resource: Resource, config: Config) -> Iterator[str]:
    for replica in resource.views("replicas"):
        region = replica.text("region")
        if region is not None and region not in config.regions:
            yield f"{replica.where('region')}: {not_allowed(region, config)}."
        if not replica.has("kmsKeyId"):
            yield f"{replica.where('kmsKeyId')} is not set: the replica needs a key of its region."


@resource_rule(
    "ecr-replication-in-jurisdiction",
    types=("aws:ecr/replicationConfiguration:ReplicationConfiguration",),
    title="Images replicate inside the jurisdiction only",
    severity=Severity.HIGH,
    remedy="Replicate to registries of trusted accounts in regions of the jurisdiction.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html",
)
def ecr_replication(resource: Resource, config: Config) -> Iterator[str]:
    for rule in resource.views("replicationConfiguration.rules"):
        for destination in rule.views("destinations"):
            region = destination.text("region")
            if region is not None and region not in config.regions:
                yield f"{destination.where('region')}: {not_allowed(region, config)}."


@resource_rule(
    "log-export-in-jurisdiction",
    types=(
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        "aws:cloudwatch/logDestination:LogDestination",
        "aws:cloudwatch/metricStream:MetricStream",
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    ),
    title="Logs are exported inside the jurisdiction only",
    severity=Severity.HIGH,
    remedy="Send logs to destinations in regions of the jurisdiction.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html",
)
def log_export(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("destinationArn", "targetArn", "firehoseArn"):
        region = region_of_arn(resource.text(name) or "")
        if region and region not in config.regions:
            yield f"{name}: {not_allowed(region, config)}."
    if resource.has("httpEndpointConfiguration"):
        yield "httpEndpointConfiguration: a third party would receive the logs, in a place the pack cannot judge."


@resource_rule(
    "cloudfront-geo-allowlist",
    types=("aws:cloudfront/distribution:Distribution",),
    title="Patient data is served to the allowed countries only",
    severity=Severity.HIGH,
    remedy="Set restrictions.geoRestriction to a whitelist of the allowed countries.",
    url="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/georestrictions.html",
)
def cloudfront_geo(resource: Resource, config: Config) -> Iterator[str]:
    if resource.tags().get(config.data_class_tag) not in SENSITIVE:
        return
    geo = resource.view("restrictions.geoRestriction")
    if geo.text("restrictionType") != "whitelist":
        yield "restrictions.geoRestriction.restrictionType must be whitelist."
        return
    strangers = sorted(set(geo.texts("locations")) - config.allowed_countries)
    if strangers or not geo.texts("locations"):
        yield (
            f"restrictions.geoRestriction.locations: expected some of {', '.join(sorted(config.allowed_countries))}, "
            f"found {', '.join(strangers) or 'none'}."
        )
