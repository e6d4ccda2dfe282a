"""Every rule: a system that keeps all safeguards has no finding, and each break is caught by the rules it names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from policies.rules import RULES
from policies.values import UNKNOWN
from tests.policies.samples import (
    ACCOUNT_STATEMENT,
    CONTAINER,
    GONE,
    SYSTEM,
    US,
    Sample,
    arn,
    document,
    first_preview,
    judged,
    tls_only,
    with_changes,
)  # fmt: skip

BY_FRAME = {"unverified-control-reported", "exception-documented"}  # what the frame finds itself: test_judge.py
ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
OPEN_SSH = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}
WAY_OUT = {"routeTableId": "rtb-data", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}
WAY_IN = {"routeTableId": "rtb-application", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}


@dataclass(frozen=True)
class Break:
    """One thing wrong in the system.

    name: sample that is changed, or added when `type` is given.   changes: None removes the sample.   also: other rules
    that rightly see it too.
    """

    rule: str
    name: str
    changes: Mapping[str, Any] | None
    also: tuple[str, ...] = ()
    type: str = ""

    def __str__(self) -> str:
        what = "missing" if self.changes is None else "+".join(self.changes)
        return f"{self.rule}-{self.name}-{what or 'added'}"

    def system(self) -> dict[str, Sample]:
        """The samples with this break in them."""
        if self.type:
            return {**SYSTEM, self.name: Sample(self.type, dict(self.changes or {}))}
        if self.changes is None:
            return {name: sample for name, sample in SYSTEM.items() if name != self.name}
        return with_changes(self.name, self.changes)


def container(**changes: Any) -> dict[str, Any]:
    return {"containerDefinitions": json.dumps([{**CONTAINER, **changes}])}


BREAKS = [
    # Jurisdiction
    Break("region-allowed", "queue", {"region": US}),
    Break("region-allowed", "edge-topic", {"tags.DataClass": "phi"}),
    Break("region-allowed", "edge-acl", {"scope": "REGIONAL"}),
    Break("region-allowed", "provider", {"region": "eu-west-1"}),
    Break("provider-region-pinned", "provider", {"region": GONE}),
    Break("s3-replication-in-jurisdiction", "copy", {"region": US}, ("region-allowed",)),
    Break("s3-replication-in-jurisdiction", "photos-replication", {"rules.0.destination.account": "999999999999"}),
    Break("rds-replica-in-jurisdiction", "database-copies", {"region": US}, ("region-allowed",)),
    Break("rds-replica-in-jurisdiction", "database", {"replicateSourceDb": arn("rds", "db:elsewhere", US)}),
    Break("rds-snapshot-copy-in-jurisdiction", "snapshot-copy", {"destinationRegion": US}),
    Break("rds-snapshot-copy-in-jurisdiction", "cluster-snapshot-copy", {"kmsKeyId": GONE}),
    Break("dynamodb-replica-in-jurisdiction", "table", {"replicas.0.regionName": US}),
    Break("dynamodb-replica-in-jurisdiction", "table-copy", {"globalTableArn": arn("dynamodb", "table/visits", US)}),
    Break("backup-copy-in-jurisdiction", "vault-west", {"region": US}, ("region-allowed",)),
    Break("backup-copy-in-jurisdiction", "plan",
          {"rules.0.copyActions.0.destinationVaultArn": arn("backup", "backup-vault:abroad", US)}),
    Break("kms-replica-in-jurisdiction", "key-copy", {"region": US}, ("region-allowed",)),
    Break("secret-replica-in-jurisdiction", "secret", {"replicas.0.region": US}),
    Break("secret-replica-in-jurisdiction", "secret", {"replicas.0.kmsKeyId": GONE}),
    Break("ecr-replication-in-jurisdiction", "image-copies",
          {"replicationConfiguration.rules.0.destinations.0.region": US}),
    Break("log-export-in-jurisdiction", "log-export", {"destinationArn": arn("firehose", "deliverystream/logs", US)}),
    Break("log-export-in-jurisdiction", "firehose", {"httpEndpointConfiguration": {"url": "https://example.org"}}),
    Break("cloudfront-geo-allowlist", "cdn", {"restrictions.geoRestriction.locations": ["CA", "FR"]}),
    Break("cloudfront-geo-allowlist", "cdn", {"restrictions.geoRestriction.restrictionType": "none"}),
    # Reachability
    Break("data-subnet-no-default-route", "route-data", WAY_OUT, type="aws:ec2/route:Route"),
    Break("route-igw-public-tier-only", "route-application-2", WAY_IN, type="aws:ec2/route:Route"),
    Break("sg-chain-no-internet-to-data", "ingress-service",
          {"referencedSecurityGroupId": GONE, "cidrIpv4": "0.0.0.0/0"}),
    Break("sg-data-tier-sources-are-groups", "ingress-database",
          {"referencedSecurityGroupId": GONE, "cidrIpv4": "10.0.0.0/16"}),
    Break("public-path-reachability", "guard-lb", None),
    # Stores
    Break("s3-phi-bundle", "photos-lifecycle", None),
    Break("s3-phi-bundle", "photos-logging", None),
    Break("s3-phi-bundle", "photos-replication", None),
    Break("phi-encryption-complete", "photos-encryption",
          {"rules.0.applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}, ("s3-bucket-kms-encrypted",)),
    Break("data-class-tag-required", "queue", {"tags.DataClass": "secret"}),
    Break("data-class-tag-required", "volume", {"tags": GONE}),
    Break("data-class-tag-inherited", "copy", {"tags.DataClass": "internal"}),
    Break("backup-selection-covers-phi", "selection", None),
    Break("backup-selection-covers-phi", "database", {"tags.Backup": "never"}),
    # Secrets
    Break("rds-managed-master-password", "database", {"password": "plain"}),
    Break("rds-managed-master-password", "aurora", {"masterUserSecretKmsKeyId": GONE}),
    Break("secret-value-not-in-state", "secret-version", {"secretString": "plain", "secretStringWoVersion": GONE}),
    Break("no-secret-literal-in-inputs", "function", {"environment.variables.AWS_KEY": "AKIAIOSFODNN7EXAMPLE"}),
    Break("no-secret-literal-in-inputs", "function", {"environment.variables.API_TOKEN": "k9Qz7Lm2Xw4Rt8Vb1N"}),
    Break("vpn-psk-managed", "vpn", {"presharedKeyStorage": "Standard"}),
    Break("vpn-psk-managed", "vpn", {"tunnel1PresharedKey": "plain"}),
    Break("secret-cmk", "secret", {"kmsKeyId": GONE}),
    Break("secret-recovery-window", "secret", {"recoveryWindowInDays": 0}),
    # S3
    Break("s3-public-access-blocked", "photos-block", {"blockPublicPolicy": False}),
    Break("s3-public-access-blocked", "logs-block", None),
    Break("s3-bucket-kms-encrypted", "photos-encryption", None, ("s3-phi-bundle", "phi-encryption-complete")),
    Break("s3-acl-disabled", "photos-ownership", {"rule.objectOwnership": "ObjectWriter"}),
    Break("s3-acl-disabled", "acl-of-photos", {"bucket": "clinic-photos", "acl": "private"},
          type="aws:s3/bucketAcl:BucketAcl"),
    Break("s3-tls-only", "photos-policy", {"policy": document()}),
    Break("s3-tls-only", "logs-policy", None),
    Break("s3-versioning", "logs-versioning", {"versioningConfiguration.status": "Suspended"}),
    Break("s3-policy-no-public-principal", "photos-policy", {"policy": document(tls_only("clinic-photos"), ANYONE)}),
    Break("s3-force-destroy-off", "photos", {"forceDestroy": True}),
    Break("s3-no-website-on-phi", "site", {"bucket": "clinic-photos"},
          type="aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration"),
    # RDS
    Break("rds-storage-encrypted", "aurora-global", {"storageEncrypted": False}),
    Break("rds-storage-encrypted", "database", {"storageEncrypted": GONE}, ("phi-encryption-complete",)),
    Break("rds-cmk", "database", {"kmsKeyId": GONE}, ("phi-encryption-complete",)),
    Break("rds-not-public", "database", {"publiclyAccessible": True}),
    Break("rds-not-public", "aurora-member", {"publiclyAccessible": "true"}),
    Break("rds-backup-retention", "database", {"backupRetentionPeriod": 6}),
    Break("rds-backup-retention", "aurora", {"backupRetentionPeriod": GONE}),
    Break("rds-deletion-protection", "database", {"deletionProtection": False}),
    Break("rds-final-snapshot", "database", {"skipFinalSnapshot": True}),
    Break("rds-final-snapshot", "aurora", {"finalSnapshotIdentifier": GONE}),
    Break("rds-copy-tags-to-snapshots", "database", {"copyTagsToSnapshot": GONE}),
    Break("rds-log-exports", "aurora", {"enabledCloudwatchLogsExports": ["error"]}),
    Break("rds-minor-upgrades", "aurora-member", {"autoMinorVersionUpgrade": False}),
    Break("rds-insights-cmk", "database", {"performanceInsightsKmsKeyId": GONE}),
    Break("rds-force-tls", "database-parameters", {"parameters.0.value": "0"}),
    Break("rds-force-tls", "aurora", {"dbClusterParameterGroupName": "default.aurora-mysql8.0"}),
    # ElastiCache
    Break("elasticache-at-rest", "cache", {"atRestEncryptionEnabled": False}, ("phi-encryption-complete",)),
    Break("elasticache-cmk", "cache", {"kmsKeyId": GONE}, ("phi-encryption-complete",)),
    Break("elasticache-in-transit", "cache", {"transitEncryptionMode": "preferred"}),
    Break("elasticache-in-transit", "memcached", {"transitEncryptionEnabled": False}),
    Break("elasticache-auth", "cache", {"authTokenWoVersion": GONE}),
    Break("elasticache-token-not-plain", "cache", {"authToken": "plain"}),
    Break("elasticache-token-not-plain", "cache-user", {"passwords": ["plain"]}),
    Break("elasticache-no-plain-cluster", "memcached", {"engine": "redis"}),
    # Network
    Break("vpc-flow-logs-enabled", "flow-log", {"trafficType": "REJECT"}),
    Break("vpc-default-sg-closed", "default-group", {"ingress": [{"protocol": "-1", "self": True}]}),
    Break("vpc-default-sg-closed", "default-group", None),
    Break("vpc-default-not-used", "default-vpc", {}, type="aws:ec2/defaultVpc:DefaultVpc"),
    Break("subnet-no-auto-public-ip", "subnet-application", {"mapPublicIpOnLaunch": True}),
    Break("sg-no-admin-ports-from-internet", "group-endpoints", {"ingress": [OPEN_SSH]}),
    Break("sg-no-admin-ports-from-internet", "ingress-balancer", {"fromPort": 3389, "toPort": 3389}),
    Break("sg-no-data-ports-from-internet", "ingress-balancer", {"fromPort": 5432, "toPort": 5432}),
    Break("sg-no-data-ports-from-internet", "rule-endpoints",
          {"type": "ingress", "securityGroupId": "sg-endpoints", "protocol": "tcp", "fromPort": 6379, "toPort": 6379,
           "ipv6CidrBlocks": ["::/0"]}, type="aws:ec2/securityGroupRule:SecurityGroupRule"),
    Break("sg-no-all-protocol-ingress", "ingress-service", {"ipProtocol": "-1", "fromPort": GONE, "toPort": GONE}),
    Break("nacl-no-open-admin-ports", "acl-rule", {"fromPort": 0, "toPort": 65535}),
    Break("nacl-no-open-admin-ports", "acl",
          {"ingress.0.cidrBlock": "0.0.0.0/0", "ingress.0.fromPort": 22, "ingress.0.toPort": 22}),
    # Keys
    Break("kms-rotation", "key", {"enableKeyRotation": False}),
    Break("kms-deletion-window", "key-copy", {"deletionWindowInDays": 7}),
    Break("kms-policy-no-wildcard", "key", {"policy": document(ACCOUNT_STATEMENT, ANYONE)}),
    Break("kms-no-lockout-bypass", "key", {"bypassPolicyLockoutSafetyCheck": True}),
    # Logs and notices
    Break("log-group-cmk", "log-group", {"kmsKeyId": GONE}),
    Break("log-group-retention", "log-group", {"retentionInDays": 90}),
    Break("log-group-retention", "log-group", {"retentionInDays": GONE}),
    Break("sns-cmk", "topic", {"kmsMasterKeyId": ""}),
    Break("sns-no-http-subscription", "subscription", {"protocol": "http"}),
    Break("cloudtrail-cmk", "trail", {"kmsKeyId": GONE}),
    Break("cloudtrail-validation", "trail", {"enableLogFileValidation": False}),
    Break("cloudtrail-cloudwatch", "trail", {"cloudWatchLogsRoleArn": GONE}),
    # Load balancers and CDN
    Break("lb-https-only", "http-lb", {"defaultActions.0.type": "forward"}),
    Break("lb-https-only", "http-alb", {"defaultActions.0.redirect.protocol": "HTTP"}),
    Break("lb-tls-policy", "https-lb", {"sslPolicy": "ELBSecurityPolicy-2016-08"}),
    Break("lb-tls-policy", "https-alb", {"sslPolicy": GONE}),
    Break("lb-acm-certificate", "https-lb", {"certificateArn": GONE}),
    Break("lb-acm-certificate", "https-lb", {"certificateArn": "arn:aws:iam::111122223333:server-certificate/old"}),
    Break("lb-access-logs", "balancer-lb", {"accessLogs.enabled": False}),
    Break("lb-access-logs", "balancer-alb", {"accessLogs": GONE}),
    Break("lb-drop-invalid-headers", "balancer-lb", {"dropInvalidHeaderFields": GONE}),
    Break("cloudfront-https-viewer", "cdn", {"orderedCacheBehaviors.0.viewerProtocolPolicy": "allow-all"}),
    Break("cloudfront-tls-12", "cdn", {"viewerCertificate.minimumProtocolVersion": "TLSv1"}),
    Break("cloudfront-tls-12", "cdn", {"viewerCertificate": {"cloudfrontDefaultCertificate": True}}),
    Break("cloudfront-origin-tls", "cdn", {"origins.1.customOriginConfig.originProtocolPolicy": "match-viewer"}),
    Break("cloudfront-origin-tls", "cdn", {"origins.1.customOriginConfig.originSslProtocols": ["TLSv1", "TLSv1.2"]}),
    Break("cloudfront-oac", "cdn", {"origins.0.originAccessControlId": ""}),
    Break("cloudfront-waf", "cdn", {"webAclId": GONE}),
    # Containers
    Break("ecs-no-privileged", "task", container(privileged=True)),
    Break("ecs-no-privileged", "task", container(linuxParameters={"capabilities": {"add": ["SYS_ADMIN"]}})),
    Break("ecs-readonly-root", "task", container(readonlyRootFilesystem=False)),
    Break("ecs-non-root-user", "task", container(user="0:0")),
    Break("ecs-non-root-user", "task", container(user=None)),
    Break("ecs-service-no-public-ip", "service", {"networkConfiguration.assignPublicIp": True}),
    Break("ecr-immutable-tags", "repository", {"imageTagMutability": "MUTABLE"}),
]  # fmt: skip


def mandatory_findings(samples: Mapping[str, Sample]) -> set[str]:
    verdicts = judged(samples)
    assert not [verdict for verdict in verdicts if verdict.broken]
    return {verdict.rule.id for verdict in verdicts if verdict.rule.mandatory}


def test_a_system_that_keeps_every_safeguard_has_no_finding() -> None:
    assert judged() == []


def test_it_has_none_before_anything_exists_either() -> None:
    assert mandatory_findings(first_preview()) == set()


@pytest.mark.parametrize("one", BREAKS, ids=str)
def test_a_break_is_caught_by_the_rules_it_names_and_no_other(one: Break) -> None:
    assert mandatory_findings(one.system()) == {one.rule, *one.also}


def test_hiding_a_safeguard_by_ignore_changes_is_caught() -> None:
    samples = {**SYSTEM, "database": replace(SYSTEM["database"], ignore_changes=("storageEncrypted", "engineVersion"))}
    assert mandatory_findings(samples) == {"ignore-changes-not-hiding-control"}


@pytest.mark.requirement("LWO-DB-07")
def test_a_replica_leaves_key_backups_and_last_snapshot_to_its_source() -> None:
    database = SYSTEM["database"]
    decided = {"kmsKeyId", "backupRetentionPeriod", "finalSnapshotIdentifier"}
    properties = {key: value for key, value in database.properties.items() if key not in decided}
    copy = {**properties, "identifier": "clinic-replica", "replicateSourceDb": "clinic", "skipFinalSnapshot": True}
    assert mandatory_findings({**SYSTEM, "replica": replace(database, properties=copy)}) == set()


def test_every_rule_has_a_break() -> None:
    broken = {one.rule for one in BREAKS} | BY_FRAME | {"ignore-changes-not-hiding-control"}
    assert {rule.id for rule in RULES} == broken


def leaves(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [each for key, item in value.items() for each in leaves(item, f"{path}.{key}" if path else key)]
    if isinstance(value, list):
        return [each for index, item in enumerate(value) for each in leaves(item, f"{path}.{index}")]
    return [path]


@pytest.mark.parametrize("name", SYSTEM)
def test_no_value_of_any_type_makes_a_rule_fail(name: str) -> None:
    """Null and the wrong type, at every place of every sample."""
    for path in leaves(SYSTEM[name].properties):
        for value in (None, False, 7, "text", [], {}, ["text"], {"key": 1}):
            assert not [v for v in judged(with_changes(name, {path: value})) if v.broken], (path, value)


SET_IS_ENOUGH = {"authToken", "httpEndpointConfiguration", "password", "passwords", "tunnel1PresharedKey"}
"""Properties that are wrong to set at all: unknown is set."""


@pytest.mark.parametrize("one", [one for one in BREAKS if one.changes and not one.type], ids=str)
def test_what_is_not_known_yet_is_no_violation(one: Break) -> None:
    """The broken value unknown instead: the rule says nothing, or that it could not judge."""
    assert one.changes is not None
    unknown = {path: UNKNOWN for path in one.changes if "." not in path and path not in SET_IS_ENOUGH}
    assert not unknown or one.rule not in mandatory_findings(with_changes(one.name, unknown))
