"""The rules that were built first."""

from __future__ import annotations

import json
from typing import Any

from tests.policies.breaks.form import Break, added, change, changes, ignoring, without
from tests.policies.sample import (
    ACCOUNT,
    ACCOUNT_STATEMENT,
    CA,
    CONTAINER,
    CW,
    GONE,
    INTERNAL,
    STRANGER,
    US,
    Sample,
    arn,
    document,
    tls_only,
)

SAMPLES: dict[str, Sample] = {}
PASSWORD = "hunter2-But-L0nger"  # what must never come back in a message
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"


def _container(**given: Any) -> str:
    return json.dumps([{**CONTAINER, **given}])


def _lacking(name: str) -> str:
    return json.dumps([{key: value for key, value in CONTAINER.items() if key != name}])


def _way(**given: Any) -> list[dict[str, Any]]:
    return [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"], **given}]


def _entry(**given: Any) -> list[dict[str, Any]]:
    entry = {"action": "allow", "protocol": "tcp", "cidrBlock": "0.0.0.0/0", "fromPort": 443, "toPort": 443}
    return [{**entry, "ruleNo": 200, **given}]


def _denied(first: int, last: int, **given: Any) -> list[dict[str, Any]]:
    return _entry(**{"action": "deny", "ruleNo": 100, "fromPort": first, "toPort": last, **given})


ANYONE = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::clinic-photos/*"}
ANYONE_KMS = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"}
VIA_ACCOUNT = {**ANYONE_KMS, "Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}}}
DENY = tls_only("clinic-photos")
THEIRS = {"destination": {"accountId": STRANGER}}
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
OLD_RULE = {"type": "ingress", "securityGroupId": "sg-service", "protocol": "tcp", "fromPort": 443, "toPort": 443}
OPEN = {"securityGroupId": "sg-service", "cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 8080, "toPort": 8080}
CHAIN, SOURCES, EVERY_PORT = (
    "sg-chain-no-internet-to-data",
    "sg-data-tier-sources-are-groups",
    "sg-no-all-protocol-ingress",
)
DATA_PORTS, ADMIN_PORTS = "sg-no-data-ports-from-internet", "sg-no-admin-ports-from-internet"
BUNDLE, COMPLETE, KMS = "s3-phi-bundle", "phi-encryption-complete", "s3-bucket-kms-encrypted"
ENCRYPTION = "rules.0.applyServerSideEncryptionByDefault"

BREAKS: dict[str, list[Break]] = {
    # jurisdiction
    "region-allowed": [
        change("queue", "region", US),
        added("native", "aws-native:s3:Bucket", {"region": US}),
        change("queue", "region", "eu-west-1"),
        change("provider", "region", US),
        change("edge-topic", "tags", {"DataClass": "phi"}),
        change("edge-key", "tags.DataClass", "public"),
        change("edge-acl", "scope", "REGIONAL"),
        change("edge-alarm", "namespace", "AWS/RDS"),
        change("edge-alarm", "region", "us-west-2"),
        change("edge-certificate", "region", "eu-west-1"),
        change("edge-logs", "name", "/clinic/application"),
        change("photos", "region", US),
        change("secret", "region", "us-east-2"),
    ],
    "provider-region-pinned": [change("provider", "region"), change("provider", "region", "")],
    "s3-replication-in-jurisdiction": [
        change("copy", "region", US, "region-allowed"),
        change("photos-replication", "rules.0.destination.account", STRANGER),
        change("photos", "replicationConfiguration", {"rules": [{"status": "Disabled", **THEIRS}]}),
    ],
    "rds-replica-in-jurisdiction": [
        change("database-copies", "sourceDbInstanceArn", arn("rds", "db:clinic", US)),
        change("database-copies", "region", US, "region-allowed"),
        change("database", "replicateSourceDb", arn("rds", "db:other", "us-west-2")),
        changes("database", {"replicateSourceDb": "other", "region": US}, "region-allowed"),
        change("aurora", "replicationSourceIdentifier", arn("rds", "cluster:other", "eu-west-1")),
        change("aurora", "sourceRegion", "eu-west-1"),
    ],
    "rds-snapshot-copy-in-jurisdiction": [
        change("snapshot-copy", "destinationRegion", US),
        change("snapshot-copy", "kmsKeyId"),
        change("cluster-snapshot-copy", "destinationRegion", "us-west-2"),
        change("cluster-snapshot-copy", "kmsKeyId", ""),
    ],
    "dynamodb-replica-in-jurisdiction": [
        change("table", "replicas.0.regionName", US),
        change("table", "replicas", [{"regionName": CW}, {"regionName": "eu-west-1"}]),
        change("table-copy", "globalTableArn", arn("dynamodb", "table/visits", US)),
        change("table-global", "replicas.1.regionName", "us-west-2"),
    ],
    "backup-copy-in-jurisdiction": [
        change("vault-west", "region", US, "region-allowed"),
        change("plan", "rules.0.copyActions.0.destinationVaultArn", arn("backup", "backup-vault:far", US)),
    ],
    "kms-replica-in-jurisdiction": [
        change("key-copy", "region", US, "region-allowed"),
        change("key-copy-external", "region", US, "region-allowed"),
    ],
    "secret-replica-in-jurisdiction": [
        change("secret", "replicas.0.region", US),
        change("secret", "replicas.0.kmsKeyId"),
        change("secret", "replicas", [{"region": CW, "kmsKeyId": "k"}, {"region": US, "kmsKeyId": "k"}]),
    ],
    "ecr-replication-in-jurisdiction": [
        change("image-copies", "replicationConfiguration.rules.0.destinations.0.region", US),
        change("image-copies", "replicationConfiguration.rules", [{"destinations": [{"region": CA}, {"region": US}]}]),
    ],
    "log-export-in-jurisdiction": [
        change("log-export", "destinationArn", arn("kinesis", "stream/logs", US)),
        change("log-destination", "targetArn", arn("kinesis", "stream/logs", US)),
        change("metric-stream", "firehoseArn", arn("firehose", "deliverystream/metrics", US)),
        change("firehose", "httpEndpointConfiguration", {"url": "https://logs.example.org"}),
    ],
    "cloudfront-geo-allowlist": [
        change("cdn", "restrictions"),
        change("cdn", "restrictions.geoRestriction.restrictionType", "none"),
        change("cdn", "restrictions.geoRestriction.restrictionType", "blacklist"),
        change("cdn", "restrictions.geoRestriction.locations", ["CA", "FR"]),
        change("cdn", "restrictions.geoRestriction.locations", []),
    ],
    # reachability
    "data-subnet-no-default-route": [
        added(
            "out",
            "aws:ec2/route:Route",
            {"routeTableId": "rtb-data", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"},
        ),
        added(
            "out",
            "aws:ec2/route:Route",
            {"routeTableId": "rtb-data", "destinationIpv6CidrBlock": "::/0", "egressOnlyGatewayId": "eigw-1"},
        ),
        change("association-data", "routeTableId", "rtb-application"),
        change("rds-subnets", "subnetIds", ["subnet-data", "subnet-application"]),
        change("elasticache-subnets", "subnetIds", ["subnet-application"]),
    ],
    "route-igw-public-tier-only": [
        changes("route-application", {"gatewayId": "igw-1", "natGatewayId": GONE}),
        change("association-application", "routeTableId", "rtb-public"),
        change("subnet-public", "tags", {"Tier": "private"}),
        change("subnet-public", "tags"),
    ],
    "sg-chain-no-internet-to-data": [
        added("open", INGRESS, OPEN),
        added("open", INGRESS, {**OPEN, "cidrIpv4": GONE, "cidrIpv6": "::/0"}),
        added("open", RULE, {**OLD_RULE, "cidrBlocks": ["0.0.0.0/0"]}),
        added("open", RULE, {**OLD_RULE, "ipv6CidrBlocks": ["::/0"]}),
        change("group-service", "ingress", _way(cidrBlocks=["0.0.0.0/0"])),
        change("ingress-database", "referencedSecurityGroupId", "sg-balancer"),
        change("rule-database", "sourceSecurityGroupId", "sg-balancer"),
        change("cache", "securityGroupIds", ["sg-service", "sg-balancer"], SOURCES),
    ],
    "sg-data-tier-sources-are-groups": [
        changes("ingress-database", {"cidrIpv4": "10.0.0.0/16", "referencedSecurityGroupId": GONE}),
        changes("rule-database", {"cidrBlocks": ["10.0.0.0/16"], "sourceSecurityGroupId": GONE}),
        change("group-cache", "ingress", _way()),
        change("database", "vpcSecurityGroupIds", ["sg-database", "sg-endpoints"]),
    ],
    "public-path-reachability": [
        without("guard-lb"),
        without("guard-alb"),
        change("guard-lb", "resourceArn", arn("elasticloadbalancing", "loadbalancer/app/other/1")),
    ],
    # stores
    "s3-phi-bundle": [
        without("photos-logging"),
        without("photos-lifecycle"),
        without("photos-replication"),
        change("photos-logging", "bucket", "clinic-logs"),
    ],
    "phi-encryption-complete": [
        change("database", "storageEncrypted", False, "rds-storage-encrypted"),
        change("aurora", "kmsKeyId", GONE, "rds-cmk"),
        change("cache", "atRestEncryptionEnabled", False, "elasticache-at-rest"),
        change("cache", "kmsKeyId", GONE, "elasticache-cmk"),
        change("photos-encryption", f"{ENCRYPTION}.sseAlgorithm", "AES256", KMS),
        change("photos-encryption", f"{ENCRYPTION}.kmsMasterKeyId", GONE, KMS),
        without("photos-encryption", KMS, BUNDLE),
    ],
    "data-class-tag-required": [
        change(name, "tags") for name in ("logs", "files", "queue", "function", "volume", "key", "log-group", "topic")
    ]
    + [
        change("vault-west", "tags"),
        change("secret", "tags", {}),
        change("queue", "tags.DataClass", "secret"),
        change("queue", "tags.DataClass", ""),
        change("queue", "tags.DataClass", 7),
        change("table", "tags", {}),
    ],
    "data-class-tag-inherited": [
        change("copy", "tags", {"DataClass": "internal"}),
        change("copy", "tags", {"DataClass": "pii", "Backup": "daily"}),
        change("copy", "tags", GONE, "data-class-tag-required"),
    ],
    "backup-selection-covers-phi": [
        change("database", "tags", {"DataClass": "phi"}),
        change("aurora", "tags.Backup", "weekly"),
        change("photos", "tags", {"DataClass": "phi"}),
        change("table", "tags", {"DataClass": "phi"}),
        without("selection"),
        change("selection", "conditions.0.stringEquals.0.value", "weekly"),
    ],
    # secrets
    "rds-managed-master-password": [
        change("database", "password", "a-password"),
        change("aurora", "masterPassword", "a-password"),
        change("aurora", "masterUserSecretKmsKeyId"),
    ],
    "secret-value-not-in-state": [
        changes("secret-version", {"secretString": "value", "secretStringWoVersion": GONE}),
        changes("secret-version", {"secretBinary": "dmFsdWU=", "secretStringWoVersion": GONE}),
    ],
    "no-secret-literal-in-inputs": [
        change("queue", "tags.Note", KEY_ID),
        change("function", "environment.variables.API_KEY", PASSWORD),
        change("function", "environment.variables.DATABASE_URL", f"postgres://clinic:{PASSWORD}@db.example.org/clinic"),
        change("function", "environment.variables.CERT", "-----BEGIN RSA PRIVATE KEY-----\nMIIE"),
        change(
            "function", "environment.variables.SESSION", f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{'x' * 20}"
        ),
        change("task", "containerDefinitions", _container(environment=[{"name": "AWS", "value": KEY_ID}])),
        change(
            "task", "containerDefinitions", _container(environment=[{"name": "DATABASE_PASSWORD", "value": PASSWORD}])
        ),
    ],
    "vpn-psk-managed": [
        change("vpn", "presharedKeyStorage"),
        change("vpn", "presharedKeyStorage", "Standard"),
        change("vpn", "tunnel1PresharedKey", "a-shared-key"),
        change("vpn", "tunnel2PresharedKey", "a-shared-key"),
    ],
    "secret-cmk": [change("secret", "kmsKeyId"), change("secret", "kmsKeyId", "")],
    "secret-recovery-window": [
        change("secret", "recoveryWindowInDays", 0),
        change("secret", "recoveryWindowInDays", "0"),
    ],
    # verdicts
    "ignore-changes-not-hiding-control": [
        ignoring("database", "storageEncrypted"),
        ignoring("group-endpoints", "ingress[0].cidrBlocks"),
        ignoring("cdn", "restrictions.geoRestriction"),
        ignoring("photos-policy", "tags", "policy"),
        ignoring("queue", "*"),
    ],
    # s3
    "s3-public-access-blocked": [
        change("photos-block", "blockPublicAcls", False),
        change("photos-block", "blockPublicPolicy"),
        change("photos-block", "ignorePublicAcls", False),
        change("logs-block", "restrictPublicBuckets"),
        without("logs-block"),
    ],
    "s3-bucket-kms-encrypted": [
        without("copy-encryption", COMPLETE, BUNDLE),
        change("copy-encryption", f"{ENCRYPTION}.sseAlgorithm", "AES256", COMPLETE),
        added(
            "plain",
            "aws:s3/bucket:Bucket",
            {"bucket": "plain", "tags": INTERNAL},
            "s3-public-access-blocked",
            "s3-acl-disabled",
            "s3-tls-only",
            "s3-versioning",
        ),
    ],
    "s3-acl-disabled": [
        change("logs-ownership", "rule.objectOwnership", "ObjectWriter"),
        change("photos-ownership", "rule"),
        without("logs-ownership"),
        added("acl", "aws:s3/bucketAcl:BucketAcl", {"bucket": "clinic-logs", "acl": "private"}),
        added("acl", "aws:s3/bucketAclV2:BucketAclV2", {"bucket": "clinic-logs", "acl": "private"}),
        change("logs", "acl", "public-read"),
        change("logs", "grants", [{"type": "Group", "permissions": ["READ"]}]),
    ],
    "s3-tls-only": [
        without("logs-policy"),
        change("photos-policy", "policy", document(ACCOUNT_STATEMENT)),
        change("photos-policy", "policy", document({**DENY, "Effect": "Allow"}), "s3-policy-no-public-principal"),
        change("photos-policy", "policy", document({**DENY, "Principal": {"AWS": ACCOUNT}})),
        change("photos-policy", "policy", document({**DENY, "Action": "s3:GetObject"})),
        change("photos-policy", "policy", document({**DENY, "Condition": {}})),
        change("photos-policy", "policy", document({**DENY, "Resource": "arn:aws:s3:::clinic-photos"})),
        change("photos-policy", "policy", document({**DENY, "Resource": "arn:aws:s3:::clinic-photos/*"})),
        change(
            "photos-policy",
            "policy",
            document({**DENY, "Condition": {**DENY["Condition"], "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}),
        ),
        change("photos-policy", "policy", "no policy at all"),
    ],
    "s3-versioning": [
        without("logs-versioning"),
        change("photos-versioning", "versioningConfiguration.status", "Suspended"),
        change("photos-versioning", "versioningConfiguration", GONE),
    ],
    "s3-policy-no-public-principal": [
        change("photos-policy", "policy", document(DENY, ANYONE)),
        change("photos-policy", "policy", document(DENY, {**ANYONE, "Principal": {"AWS": ["*"]}})),
        change(
            "photos-policy",
            "policy",
            document(DENY, {**ANYONE, "Principal": GONE, "NotPrincipal": {"AWS": ACCOUNT}} | {"Principal": None}),
        ),
        change(
            "photos-policy",
            "policy",
            document(DENY, {**ANYONE, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        ),
        change(
            "photos-policy",
            "policy",
            document(DENY, {**ANYONE, "Condition": {"StringLike": {"aws:PrincipalArn": "*"}}}),
        ),
        change("logs", "policy", document(ANYONE)),
    ],
    "s3-force-destroy-off": [
        change("photos", "forceDestroy", True),
        change("copy", "forceDestroy", "true"),
        change("logs", "forceDestroy", True),
        change("trail-bucket", "forceDestroy", True),
        change("config-bucket", "forceDestroy", True),
    ],
    "s3-no-website-on-phi": [
        added("site", "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration", {"bucket": "clinic-photos"}),
        change("photos", "website", {"indexDocument": "index.html"}),
    ],
    # rds
    "rds-storage-encrypted": [
        change("database", "storageEncrypted", GONE, COMPLETE),
        change("aurora", "storageEncrypted", False, COMPLETE),
        change("aurora-global", "storageEncrypted"),
        changes("database", {"replicateSourceDb": "other", "storageEncrypted": False}, COMPLETE),
    ],
    "rds-cmk": [change("database", "kmsKeyId", GONE, COMPLETE), change("aurora", "kmsKeyId", "", COMPLETE)],
    "rds-not-public": [
        change("database", "publiclyAccessible", True),
        change("aurora-member", "publiclyAccessible", "true"),
    ],
    "rds-backup-retention": [
        change("database", "backupRetentionPeriod", 0),
        change("database", "backupRetentionPeriod"),
        change("aurora", "backupRetentionPeriod", 6),
    ],
    "rds-deletion-protection": [
        change("database", "deletionProtection", False),
        change("aurora", "deletionProtection"),
        change("aurora-global", "deletionProtection", False),
    ],
    "rds-final-snapshot": [
        change("database", "skipFinalSnapshot", True),
        change("database", "finalSnapshotIdentifier"),
        change("aurora", "skipFinalSnapshot", True),
    ],
    "rds-copy-tags-to-snapshots": [
        change("database", "copyTagsToSnapshot", False),
        change("aurora", "copyTagsToSnapshot"),
    ],
    "rds-log-exports": [
        change("database", "enabledCloudwatchLogsExports"),
        change("database", "enabledCloudwatchLogsExports", ["upgrade"]),
        change("aurora", "enabledCloudwatchLogsExports", ["audit"]),
        change("database", "engine", "mysql"),
    ],
    "rds-minor-upgrades": [
        change("database", "autoMinorVersionUpgrade", False),
        change("aurora-member", "autoMinorVersionUpgrade", False),
    ],
    "rds-insights-cmk": [
        change(name, "performanceInsightsKmsKeyId") for name in ("database", "aurora", "aurora-member")
    ],
    "rds-force-tls": [
        change("database", "parameterGroupName", "default.postgres17"),
        change("database", "parameterGroupName"),
        change("database-parameters", "parameters", []),
        change("database-parameters", "parameters.0.value", "0"),
        change("aurora-parameters", "parameters.0.value", "OFF"),
        without("aurora-parameters"),
    ],
    # elasticache
    "elasticache-at-rest": [change("cache", "atRestEncryptionEnabled", GONE, COMPLETE)],
    "elasticache-cmk": [change("cache", "kmsKeyId", "", COMPLETE)],
    "elasticache-in-transit": [
        change("cache", "transitEncryptionEnabled", False),
        change("cache", "transitEncryptionEnabled"),
        change("cache", "transitEncryptionMode", "preferred"),
        change("memcached", "transitEncryptionEnabled"),
    ],
    "elasticache-auth": [change("cache", "authTokenWo")],
    "elasticache-token-not-plain": [
        change("cache", "authToken", "a-token"),
        change("cache-user", "passwords", ["a-password"]),
        change("cache-user", "authenticationMode", {"type": "password", "passwords": ["a-password"]}),
    ],
    "elasticache-no-plain-cluster": [change("memcached", "engine", "redis"), change("memcached", "engine", "valkey")],
    # network
    "vpc-flow-logs-enabled": [
        without("flow-log"),
        change("flow-log", "trafficType", "REJECT"),
        change("flow-log", "vpcId", "vpc-2"),
    ],
    "vpc-default-sg-closed": [
        without("default-group"),
        change("default-group", "ingress", _way()),
        change("default-group", "egress", _way()),
    ],
    "vpc-default-not-used": [
        added("default", "aws:ec2/defaultVpc:DefaultVpc", {}),
        added("default", "aws:ec2/defaultSubnet:DefaultSubnet", {"availabilityZone": f"{CA}a"}),
    ],
    "subnet-no-auto-public-ip": [
        change("subnet-application", "mapPublicIpOnLaunch", True),
        change("subnet-data", "mapPublicIpOnLaunch", True),
    ],
    "sg-no-admin-ports-from-internet": [
        changes("ingress-balancer", {"fromPort": 22, "toPort": 22}),
        changes("ingress-balancer", {"fromPort": 3000, "toPort": 4000}, DATA_PORTS),
        change("group-endpoints", "ingress", _way(fromPort=3389, toPort=3389, cidrBlocks=["0.0.0.0/0"])),
        change("group-endpoints", "ingress", _way(fromPort=22, toPort=22, ipv6CidrBlocks=["::/0"])),
        added(
            "ssh",
            RULE,
            {**OLD_RULE, "securityGroupId": "sg-x", "fromPort": 22, "toPort": 22, "ipv6CidrBlocks": ["::/0"]},
        ),
        change("ingress-balancer", "ipProtocol", "-1", DATA_PORTS, EVERY_PORT),
    ],
    "sg-no-data-ports-from-internet": [
        changes("ingress-balancer", {"fromPort": 5432, "toPort": 5432}),
        changes("ingress-balancer", {"fromPort": 11211, "toPort": 11211, "ipProtocol": "udp"}),
        change(
            "group-endpoints", "ingress", _way(fromPort=27017, toPort=27017, cidrBlocks=["10.0.0.0/8", "0.0.0.0/0"])
        ),
        added(
            "redis",
            RULE,
            {**OLD_RULE, "securityGroupId": "sg-x", "fromPort": 6379, "toPort": 6379, "cidrBlocks": ["0.0.0.0/0"]},
        ),
    ],
    "sg-no-all-protocol-ingress": [
        change("ingress-service", "ipProtocol", "-1"),
        changes("ingress-service", {"fromPort": 0, "toPort": 65535}),
        change("group-endpoints", "ingress", _way(protocol="-1", fromPort=0, toPort=0)),
        change("rule-database", "protocol", "all"),
    ],
    "nacl-no-open-admin-ports": [
        changes("acl-rule", {"fromPort": 22, "toPort": 22}),
        changes("acl-rule", {"protocol": "-1", "fromPort": GONE, "toPort": GONE}),
        changes("acl-rule", {"fromPort": 3389, "toPort": 3389, "cidrBlock": GONE, "ipv6CidrBlock": "::/0"}),
        change("acl", "ingress", _entry(fromPort=0, toPort=1024)),
        change("acl", "ingress", _entry(protocol=-1, fromPort=0, toPort=0)),
        change("acl", "ingress", [*_denied(20, 22), *_entry(fromPort=1024, toPort=65535)]),
        change("acl", "ingress", [*_denied(3389, 3389, ruleNo=900), *_entry(fromPort=1024, toPort=65535)]),
        change(
            "acl", "ingress", [*_denied(3389, 3389, cidrBlock="203.0.113.0/24"), *_entry(fromPort=3389, toPort=4000)]
        ),
        added(
            "default-acl", "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", {"ingress": _entry(fromPort=22, toPort=22)}
        ),
    ],
    # kms
    "kms-rotation": [change("key", "enableKeyRotation"), change("key", "enableKeyRotation", False)],
    "kms-deletion-window": [change("key", "deletionWindowInDays", 7), change("key-copy", "deletionWindowInDays", 29)],
    "kms-policy-no-wildcard": [
        change("key", "policy", document(ACCOUNT_STATEMENT, ANYONE_KMS)),
        change("key-copy", "policy", document(ANYONE_KMS)),
        change("key-policy", "policy", document({**ANYONE_KMS, "Principal": "*"})),
    ],
    "kms-no-lockout-bypass": [
        change("key", "bypassPolicyLockoutSafetyCheck", True),
        change("key-copy", "bypassPolicyLockoutSafetyCheck", True),
    ],
    # logs
    "log-group-cmk": [change("log-group", "kmsKeyId")],
    "log-group-retention": [
        change("log-group", "retentionInDays"),
        change("log-group", "retentionInDays", 0),
        change("log-group", "retentionInDays", 180),
    ],
    "sns-cmk": [change("topic", "kmsMasterKeyId"), change("topic", "kmsMasterKeyId", "alias/aws/sns")],
    "sns-no-http-subscription": [change("subscription", "protocol", "http")],
    # cloudtrail
    "cloudtrail-cmk": [change("trail", "kmsKeyId")],
    "cloudtrail-validation": [
        change("trail", "enableLogFileValidation"),
        change("trail", "enableLogFileValidation", False),
    ],
    "cloudtrail-cloudwatch": [change("trail", "cloudWatchLogsGroupArn"), change("trail", "cloudWatchLogsRoleArn")],
    # load balancing
    "lb-https-only": [
        change("http-lb", "defaultActions", [{"type": "forward"}]),
        change("http-alb", "defaultActions.0.redirect.protocol", "HTTP"),
        change("http-lb", "defaultActions"),
    ],
    "lb-tls-policy": [
        change("https-lb", "sslPolicy", "ELBSecurityPolicy-2016-08"),
        change("https-alb", "sslPolicy"),
        change("https-lb", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"),
        change("https-lb", "sslPolicy", "ELBSecurityPolicy-TLS13-1-0-2021-06"),
    ],
    "lb-acm-certificate": [
        change("https-lb", "certificateArn"),
        change("https-alb", "certificateArn", f"arn:aws:iam::{ACCOUNT}:server-certificate/old"),
    ],
    "lb-access-logs": [
        change("balancer-lb", "accessLogs"),
        change("balancer-alb", "accessLogs.enabled", False),
        change("balancer-alb", "accessLogs.bucket"),
    ],
    "lb-drop-invalid-headers": [
        change("balancer-lb", "dropInvalidHeaderFields"),
        change("balancer-alb", "dropInvalidHeaderFields", False),
    ],
    # cloudfront
    "cloudfront-https-viewer": [
        change("cdn", "defaultCacheBehavior.viewerProtocolPolicy", "allow-all"),
        change("cdn", "orderedCacheBehaviors.0.viewerProtocolPolicy", "allow-all"),
        change("cdn", "defaultCacheBehavior.viewerProtocolPolicy"),
    ],
    "cloudfront-tls-12": [
        change("cdn", "viewerCertificate", {"cloudfrontDefaultCertificate": True}),
        change("cdn", "viewerCertificate"),
        change("cdn", "viewerCertificate.minimumProtocolVersion", "TLSv1.1_2016"),
    ],
    "cloudfront-origin-tls": [
        change("cdn", "origins.1.customOriginConfig.originProtocolPolicy", "match-viewer"),
        change("cdn", "origins.1.customOriginConfig.originSslProtocols", ["TLSv1", "TLSv1.2"]),
    ],
    "cloudfront-oac": [
        change("cdn", "origins.0.originAccessControlId"),
        change("cdn", "origins.0.originAccessControlId", ""),
    ],
    "cloudfront-waf": [change("cdn", "webAclId"), change("cdn", "webAclId", "")],
    # containers
    "ecs-no-privileged": [
        change("task", "containerDefinitions", _container(privileged=True)),
        change("task", "containerDefinitions", _container(linuxParameters={"capabilities": {"add": ["SYS_ADMIN"]}})),
    ],
    "ecs-readonly-root": [
        change("task", "containerDefinitions", _container(readonlyRootFilesystem=False)),
        change("task", "containerDefinitions", _lacking("readonlyRootFilesystem")),
    ],
    "ecs-non-root-user": [
        change("task", "containerDefinitions", _container(user=user)) for user in ("", "root", "0", "0:0", "root:root")
    ]
    + [change("task", "containerDefinitions", _lacking("user"))],
    "ecs-service-no-public-ip": [change("service", "networkConfiguration.assignPublicIp", True)],
    "ecr-immutable-tags": [
        change("repository", "imageTagMutability"),
        change("repository", "imageTagMutability", "MUTABLE"),
    ],
}

ALLOWED: dict[str, list[Break]] = {
    "region-allowed": [
        change("queue", "region", CW),
        added("answer", "aws:sns/topicSubscription:TopicSubscription", {"protocol": "email", "region": US}),
    ],
    "s3-replication-in-jurisdiction": [change("photos-replication", "rules.0.destination.account", "")],
    "rds-storage-encrypted": [
        change("aurora-global", "storageEncrypted", "true"),
        changes("aurora-global", {"storageEncrypted": GONE, "sourceDbClusterIdentifier": "records"}),
    ],
    "rds-force-tls": [change("aurora-parameters", "parameters.0.value", "1")],
    "rds-backup-retention": [
        changes(
            "database",
            {
                "replicateSourceDb": "other",
                "backupRetentionPeriod": GONE,
                "skipFinalSnapshot": GONE,
                "finalSnapshotIdentifier": GONE,
            },
        )
    ],
    "rds-managed-master-password": [change("database", "passwordWo", PASSWORD)],
    "secret-value-not-in-state": [change("secret-version", "secretStringWo", PASSWORD)],
    "no-secret-literal-in-inputs": [
        change("function", "environment.variables.API_KEY", arn("secretsmanager", "secret:api-AbCdEf")),
        change("function", "environment.variables.TOKEN", "none"),
        change("secret-version", "secretStringWo", KEY_ID),
    ],
    "ignore-changes-not-hiding-control": [ignoring("service", "desiredCount"), ignoring("queue", "tags")],
    "s3-no-website-on-phi": [
        added("site", "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration", {"bucket": "clinic-logs"})
    ],
    "s3-force-destroy-off": [added("catalogs", "aws:s3/bucket:Bucket", {"tags": INTERNAL, "forceDestroy": True})],
    "s3-policy-no-public-principal": [
        change(
            "photos-policy",
            "policy",
            document(DENY, {**ANYONE, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}),
        ),
        change(
            "photos-policy",
            "policy",
            document(DENY, {**ANYONE, "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{ACCOUNT}"}}}),
        ),
    ],
    "s3-tls-only": [
        change("photos-policy", "policy", document({**DENY, "Action": ["s3:*"], "Resource": "*"})),
        change("photos-policy", "policy", document({**DENY, "Condition": {"Bool": {"aws:SecureTransport": False}}})),
        change("photos-policy", "policy", json.loads(document(DENY))),
    ],
    "kms-policy-no-wildcard": [change("key", "policy", document(ACCOUNT_STATEMENT, VIA_ACCOUNT))],
    "kms-rotation": [
        changes("key", {"enableKeyRotation": GONE, "customerMasterKeySpec": "RSA_4096"}),
        changes("key", {"enableKeyRotation": GONE, "customKeyStoreId": "cks-1"}),
    ],
    "kms-deletion-window": [change("key", "deletionWindowInDays")],
    "sg-no-all-protocol-ingress": [
        change("group-endpoints", "ingress", [{"protocol": "-1", "self": True}]),
        changes("ingress-service", {"ipProtocol": "-1", "referencedSecurityGroupId": "sg-service"}),
    ],
    "sg-no-data-ports-from-internet": [
        added(
            "out", RULE, {**OLD_RULE, "type": "egress", "cidrBlocks": ["0.0.0.0/0"], "fromPort": 5432, "toPort": 5432}
        )
    ],
    "subnet-no-auto-public-ip": [change("subnet-public", "mapPublicIpOnLaunch", True)],
    "nacl-no-open-admin-ports": [
        changes("acl-rule", {"egress": True, "protocol": "-1"}),
        changes("acl-rule", {"ruleAction": "deny", "protocol": "-1"}),
        changes("acl-rule", {"fromPort": 22, "toPort": 22, "cidrBlock": "10.0.0.0/8"}),
        change("acl", "ingress", _entry(protocol="icmp", fromPort=0, toPort=0)),
        change("acl", "ingress", [*_denied(20, 22), *_denied(3389, 3389), *_entry(fromPort=0, toPort=65535)]),
    ],
    "public-path-reachability": [
        changes("balancer-lb", {"internal": True, "securityGroups": ["sg-balancer"]}),
    ],
    "lb-tls-policy": [change("https-lb", "sslPolicy", "ELBSecurityPolicy-TLS13-1-3-2021-06")],
    "lb-drop-invalid-headers": [
        changes("balancer-lb", {"loadBalancerType": "network", "dropInvalidHeaderFields": GONE})
    ],
    "cloudfront-geo-allowlist": [changes("cdn", {"tags": INTERNAL, "restrictions": GONE})],
    "cloudfront-oac": [changes("cdn", {"origins.0": {"originId": "app", "vpcOriginConfig": {"vpcOriginId": "vo-1"}}})],
    "elasticache-auth": [changes("cache", {"authTokenWo": GONE, "userGroupIds": ["application"]})],
    "elasticache-in-transit": [
        changes("memcached", {"engine": "redis", "replicationGroupId": "clinic", "transitEncryptionEnabled": GONE})
    ],
    "ecr-immutable-tags": [change("repository", "imageTagMutability", "IMMUTABLE_WITH_EXCLUSION")],
    "backup-selection-covers-phi": [
        changes("selection", {"conditions": GONE, "resources": ["*"]}),
        changes(
            "selection",
            {"conditions": GONE, "selectionTags": [{"type": "STRINGEQUALS", "key": "Backup", "value": "daily"}]},
        ),
        changes("database", {"tags": INTERNAL}),
    ],
    "data-class-tag-inherited": [changes("copy", {"tags": {"DataClass": "phi"}})],
    "s3-versioning": [
        Break(
            "logs-versioning",
            adds=Sample(
                "aws:s3/bucketVersioningV2:BucketVersioningV2",
                {"bucket": "clinic-logs", "versioningConfiguration": {"status": "Enabled"}},
            ),
        )
    ],
}
