"""Databases, caches, tables, file systems, search domains, backups."""

from __future__ import annotations

from tests.policies.breaks.form import Break, added, change, changes, without
from tests.policies.sample import (
    ACCOUNT,
    CW,
    GONE,
    INTERNAL,
    KEY,
    PHI,
    RECOVERY_KEY,
    STRANGER,
    US,
    Sample,
    arn,
    document,
)

ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
MOUNTED = {
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": "elasticfilesystem:ClientMount",
    "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
}
PLAIN = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
LOGS = [
    {"logType": kind, "cloudwatchLogGroupArn": "/clinic/application"} for kind in ("AUDIT_LOGS", "ES_APPLICATION_LOGS")
]

SAMPLES: dict[str, Sample] = {
    "proxy": Sample("aws:rds/proxy:Proxy", {"requireTls": True, "debugLogging": False}),
    "database-snapshot": Sample("aws:rds/snapshot:Snapshot", {"sharedAccounts": [ACCOUNT]}),
    "export": Sample("aws:rds/exportTask:ExportTask", {"s3BucketName": "clinic-photos", "kmsKeyId": KEY}),
    "activity": Sample(
        "aws:rds/clusterActivityStream:ClusterActivityStream",
        {"resourceArn": arn("rds", "cluster:records"), "kmsKeyId": KEY},
    ),
    "database-events": Sample(
        "aws:rds/eventSubscription:EventSubscription",
        {"eventCategories": ["failure", "maintenance", "configuration change"]},
    ),
    "cache-global": Sample(
        "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",
        {"primaryReplicationGroupId": "clinic", "id": "clinic-global"},
    ),
    "cache-serverless": Sample(
        "aws:elasticache/serverlessCache:ServerlessCache", {"engine": "valkey", "snapshotRetentionLimit": 35}
    ),
    "cache-west": Sample(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        {
            "replicationGroupId": "clinic-west",
            "engine": "valkey",
            "region": CW,
            "subnetGroupName": "west",
            "atRestEncryptionEnabled": True,
            "kmsKeyId": RECOVERY_KEY,
            "transitEncryptionEnabled": True,
            "authTokenWo": "a-token",
            "authTokenWoVersion": 1,
            "automaticFailoverEnabled": True,
            "multiAzEnabled": True,
            "port": 6380,
            "snapshotRetentionLimit": 35,
            "globalReplicationGroupId": "clinic-global",
            "tags": INTERNAL,
            "logDeliveryConfigurations": [{"logType": kind} for kind in ("slow-log", "engine-log")],
        },
    ),
    "table-policy": Sample(
        "aws:dynamodb/resourcePolicy:ResourcePolicy",
        {"policy": document({**ANYONE, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/reports"}})},
    ),
    "table-export": Sample(
        "aws:dynamodb/tableExport:TableExport",
        {"s3Bucket": "clinic-photos", "s3BucketOwner": ACCOUNT, "s3SseAlgorithm": "KMS"},
    ),
    "table-stream": Sample(
        "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination",
        {"streamArn": arn("kinesis", "stream/visits"), "tableName": "visits"},
    ),
    "dax": Sample(
        "aws:dax/cluster:Cluster", {"serverSideEncryption": {"enabled": True}, "clusterEndpointEncryptionType": "TLS"}
    ),
    "files-policy": Sample(
        "aws:efs/fileSystemPolicy:FileSystemPolicy", {"fileSystemId": "fs-1", "policy": document(PLAIN, MOUNTED)}
    ),
    "files-point": Sample(
        "aws:efs/accessPoint:AccessPoint",
        {"fileSystemId": "fs-1", "rootDirectory": {"path": "/app"}, "posixUser": {"uid": 1000, "gid": 1000}},
    ),
    "files-target": Sample(
        "aws:efs/mountTarget:MountTarget", {"fileSystemId": "fs-1", "subnetId": "subnet-application"}
    ),
    "files-copies": Sample(
        "aws:efs/replicationConfiguration:ReplicationConfiguration",
        {"sourceFileSystemId": "fs-1", "destination": {"region": CW, "kmsKeyId": RECOVERY_KEY}},
    ),
    "search": Sample(
        "aws:opensearch/domain:Domain",
        {
            "id": "search",
            "domainName": "clinic",
            "vpcOptions": {"subnetIds": ["subnet-data"], "securityGroupIds": ["sg-cache"]},
            "encryptAtRest": {"enabled": True, "kmsKeyId": KEY},
            "nodeToNodeEncryption": {"enabled": True},
            "domainEndpointOptions": {"enforceHttps": True, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
            "advancedSecurityOptions": {
                "enabled": True,
                "masterUserOptions": {"masterUserArn": "arn:aws:iam::1:role/x"},
            },
            "logPublishingOptions": LOGS,
            "softwareUpdateOptions": {"autoSoftwareUpdateEnabled": True},
            "accessPolicies": document({**ANYONE, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/task"}}),
            "clusterConfig": {"instanceCount": 3, "zoneAwarenessEnabled": True},
        },
    ),
    "search-link": Sample(
        "aws:opensearch/outboundConnection:OutboundConnection", {"remoteDomainInfo": {"region": CW, "ownerId": ACCOUNT}}
    ),
    "restore-test": Sample("aws:backup/restoreTestingPlan:RestoreTestingPlan", {"scheduleExpression": "rate(30 days)"}),
    "backup-report": Sample("aws:backup/reportPlan:ReportPlan", {"name": "backups"}),
}

BREAKS: dict[str, list[Break]] = {
    "rds-in-data-subnets": [
        change("rds-subnets", "subnetIds", ["subnet-data", "subnet-public"], "data-subnet-no-default-route"),
    ],
    "rds-multi-az": [
        change("database", "multiAz", False),
        change("database", "multiAz"),
        without("aurora-second"),
    ],
    "rds-in-backup-plan": [
        change("database", "tags.Backup", "never", "backup-selection-covers-phi"),
        changes("aurora", {"tags.Backup": "never", "tags.DataClass": "pii"}),
    ],
    "rds-keep-automated-backups": [
        change("database", "deleteAutomatedBackups"),
        change("aurora", "deleteAutomatedBackups", True),
    ],
    "rds-log-groups-predeclared": [
        without("log-group-aws-rds-instance-clinic-postgresql"),
        without("log-group-aws-rds-cluster-records-audit"),
    ],
    "rds-audit-parameters": [
        change("database-parameters", "parameters", [{"name": "rds.force_ssl", "value": "1"}]),
        change("aurora-parameters", "parameters", [{"name": "require_secure_transport", "value": "ON"}]),
    ],
    "rds-iam-auth": [change("database", "iamDatabaseAuthenticationEnabled")],
    "rds-master-user-not-default": [
        change("database", "username", "postgres"),
        change("aurora", "masterUsername", "Admin"),
    ],
    "rds-enhanced-monitoring": [
        change("database", "monitoringInterval", 0),
        change("aurora-member", "monitoringRoleArn"),
    ],
    "rds-engine-supported": [
        change("database", "engineVersion", "12.22"),
        changes("database", {"engine": "mysql", "engineVersion": "8.0.43"}, "rds-log-exports"),
        changes("database", {"engine": "mariadb", "engineVersion": "10.6.22"}, "rds-log-exports"),
        change("database", "engineLifecycleSupport", "open-source-rds-extended-support"),
    ],
    "rds-ca-current": [change("database", "caCertIdentifier", "rds-ca-2019")],
    "rds-insights-on": [change("aurora-member", "performanceInsightsEnabled", False)],
    "rds-non-default-port": [change("database", "port", 5432), change("aurora", "port")],
    "rds-snapshot-not-shared": [
        change("database-snapshot", "sharedAccounts", ["all"]),
        change("snapshot-copy", "sharedAccounts", [STRANGER]),
    ],
    "rds-export-in-jurisdiction": [
        change("export", "kmsKeyId"),
        change("export", "s3BucketName", "clinic-logs"),
        change("photos", "region", US, "region-allowed", "s3-log-target-hardened", "dynamodb-export-in-jurisdiction"),
    ],
    "rds-proxy-tls": [change("proxy", "requireTls", False), change("proxy", "debugLogging", True)],
    "rds-data-api-off": [change("aurora", "enableHttpEndpoint", True)],
    "rds-activity-stream": [without("activity"), change("activity", "kmsKeyId")],
    "rds-event-subscription": [without("database-events"), change("database-events", "eventCategories", ["failure"])],
    "rds-aurora-backtrack": [change("aurora", "backtrackWindow")],
    # caches
    "elasticache-user-least": [
        change("cache-user", "noPasswordRequired", True),
        change("cache-user", "accessString", "on ~* +@all"),
    ],
    "elasticache-multi-az": [change("cache", "automaticFailoverEnabled"), change("cache", "multiAzEnabled", False)],
    "elasticache-backup": [
        change("cache", "snapshotRetentionLimit", 14),
        change("cache-serverless", "snapshotRetentionLimit"),
    ],
    "elasticache-private-subnets": [
        change("cache", "subnetGroupName"),
        change("elasticache-subnets", "subnetIds", ["subnet-data", "subnet-public"], "data-subnet-no-default-route"),
    ],
    "elasticache-minor-upgrades": [change("cache", "autoMinorVersionUpgrade", False)],
    "elasticache-logs": [change("cache", "logDeliveryConfigurations")],
    "elasticache-global-in-jurisdiction": [
        change("cache-west", "region", US, "region-allowed"),
    ],
    "elasticache-default-port": [change("cache", "port", 6379), change("memcached", "port")],
    # tables
    "dynamodb-cmk": [
        change("table", "serverSideEncryption"),
        change("table", "serverSideEncryption.kmsKeyArn"),
    ],
    "dynamodb-pitr": [change("table", "pointInTimeRecovery.enabled", False), change("table", "pointInTimeRecovery")],
    "dynamodb-in-backup-plan": [change("table", "tags.Backup", "never", "backup-selection-covers-phi")],
    "dynamodb-deletion-protection": [change("table", "deletionProtectionEnabled", False, "stateful-phi-protected")],
    "dynamodb-replica-protected": [
        change("table", "replicas.0.pointInTimeRecovery", False),
        change("table", "replicas.0.kmsKeyArn"),
        change("table-copy", "deletionProtectionEnabled"),
    ],
    "dynamodb-autoscaling": [change("table", "billingMode", "PROVISIONED")],
    "dynamodb-policy-bounded": [change("table-policy", "policy", document(ANYONE))],
    "dynamodb-export-in-jurisdiction": [
        change("table-export", "s3SseAlgorithm", "AES256"),
        change("table-export", "s3BucketOwner", STRANGER),
        change("table-stream", "streamArn", arn("kinesis", "stream/visits", US)),
    ],
    "dynamodb-ttl-declared": [change("table", "tags.Retention", "365")],
    "dax-encrypted": [change("dax", "serverSideEncryption"), change("dax", "clusterEndpointEncryptionType", "NONE")],
    # files
    "efs-encrypted": [change("files", "encrypted", False), change("files", "encrypted")],
    "efs-cmk": [changes("files", {"tags": PHI, "kmsKeyId": GONE}, "stateful-phi-protected")],
    "efs-tls-and-iam-policy": [
        without("files-policy"),
        change("files-policy", "policy", document(MOUNTED)),
        change("files-policy", "policy", document(PLAIN, {**MOUNTED, "Condition": {}})),
    ],
    "efs-access-point-bounded": [change("files-point", "rootDirectory"), change("files-point", "posixUser")],
    "efs-backup": [changes("files", {"tags": {**PHI, "DataClass": "pii", "Backup": "never"}})],
    "efs-multi-az": [changes("files", {"tags": PHI, "availabilityZoneName": "a"}, "stateful-phi-protected")],
    "efs-mount-target-private": [change("files-target", "subnetId", "subnet-public")],
    "efs-replication-in-jurisdiction": [
        change("files-copies", "destination.region", US),
        change("files-copies", "destination.kmsKeyId"),
    ],
    # search
    "opensearch-in-vpc": [change("search", "vpcOptions")],
    "opensearch-at-rest-cmk": [
        change("search", "encryptAtRest.enabled", False),
        change("search", "encryptAtRest.kmsKeyId"),
    ],
    "opensearch-node-to-node": [change("search", "nodeToNodeEncryption")],
    "opensearch-https": [
        change("search", "domainEndpointOptions.enforceHttps", False),
        change("search", "domainEndpointOptions.tlsSecurityPolicy", "Policy-Min-TLS-1-0-2019-07"),
    ],
    "opensearch-fine-grained": [
        change("search", "advancedSecurityOptions.enabled", False),
        change("search", "advancedSecurityOptions.anonymousAuthEnabled", True),
        change("search", "advancedSecurityOptions.masterUserOptions.masterUserPassword", "word"),
    ],
    "opensearch-policy-bounded": [
        changes(
            "search",
            {"accessPolicies": document(ANYONE), "advancedSecurityOptions.enabled": False},
            "opensearch-fine-grained",
        ),
        changes("search", {"accessPolicies": document(ANYONE), "vpcOptions": GONE}, "opensearch-in-vpc"),
        added("search-policy", "aws:opensearch/domainPolicy:DomainPolicy", {"accessPolicies": document(ANYONE)}),
    ],
    "opensearch-logs": [
        change("search", "logPublishingOptions", LOGS[:1]),
        change("search", "logPublishingOptions.0.enabled", False),
    ],
    "opensearch-ha": [change("search", "clusterConfig.instanceCount", 2)],
    "opensearch-own-sg": [change("search", "vpcOptions.securityGroupIds")],
    "opensearch-cross-cluster-in-jurisdiction": [
        change("search-link", "remoteDomainInfo.region", US),
        change("search-link", "remoteDomainInfo.ownerId", STRANGER),
    ],
    "opensearch-software-updates": [change("search", "softwareUpdateOptions")],
    # backups
    "backup-vault-cmk": [
        change("vault", "kmsKeyArn"),
        added("gap", "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault", {"name": "gap"}),
    ],
    "backup-vault-locked": [
        without("vault-lock"),
        without("vault-west-policy"),
        change("vault-west-policy", "policy", document({**PLAIN, "Action": "backup:StartCopyJob"})),
    ],
    "backup-plan-frequency-retention": [
        change("plan", "rules.0.lifecycle.deleteAfter", 34),
        changes("plan", {"rules.0.schedule": "cron(0 5 ? * SUN *)", "rules.0.enableContinuousBackup": False}),
        changes("plan", {"rules.0.schedule": "rate(7 days)", "rules.0.enableContinuousBackup": False}),
    ],
    "backup-continuous": [change("plan", "rules.0.enableContinuousBackup")],
    "backup-copy-present": [change("plan", "rules.0.copyActions")],
    "backup-force-destroy-off": [change("vault", "forceDestroy", True, "stateful-phi-protected")],
    "backup-restore-tested": [without("restore-test")],
    "backup-reports": [without("backup-report")],
}

ALLOWED: dict[str, list[Break]] = {
    "opensearch-policy-bounded": [change("search", "accessPolicies", document(ANYONE))],
    "rds-engine-supported": [
        changes("database", {"engine": "mysql", "engineVersion": "8.4.6"}),
        changes("database", {"engine": "mariadb", "engineVersion": "10.11.14"}),
    ],
    "rds-multi-az": [changes("database", {"multiAz": False, "tags.Environment": "staging"})],
    "elasticache-backup": [changes("cache", {"snapshotRetentionLimit": 0, "tags.Durable": "false"})],
    "backup-plan-frequency-retention": [
        change("plan", "rules.0.schedule", "rate(12 hours)"),
        change("plan", "rules.0.lifecycle"),
    ],
    "stateful-phi-protected": [
        Break("table", adds=Sample("aws:dynamodb/table:Table", {"tags": INTERNAL, "deletionProtectionEnabled": False})),
    ],
}
