from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.ec2 import SUBNET, VPC

TAGS = {"DataClass": "phi"}
KEY_ARN = "arn:aws:kms:ca-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
SUBNETS = {
    **SUBNET,
    "other": Need(
        "aws:ec2/subnet:Subnet",
        {"vpcId": Ref("vpc"), "availabilityZone": "ca-central-1b", "cidrBlock": "10.0.16.0/20", "tags": TAGS},
    ),
}
GROUP = {
    **SUBNETS,
    "subnets": Need(
        "aws:rds/subnetGroup:SubnetGroup",
        {"name": "clinic", "description": "Private", "subnetIds": [Ref("subnet"), Ref("other")], "tags": TAGS},
    ),
    "security": Need(
        "aws:ec2/securityGroup:SecurityGroup",
        {"name": "clinic-database", "description": "Database", "vpcId": Ref("vpc"), "tags": TAGS},
    ),
}
PARAMETERS = [{"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"}]
INSTANCE = {
    "identifier": "clinic-staging-postgres",
    "engine": "postgres",
    "engineVersion": "17.11",
    "instanceClass": "db.t4g.medium",
    "allocatedStorage": 100,
    "maxAllocatedStorage": 500,
    "storageType": "gp3",
    "storageEncrypted": True,
    "dbName": "clinic",
    "username": "clinic_admin",
    "passwordWo": "a-test-value-1",
    "passwordWoVersion": 1,
    "port": 5432,
    "dbSubnetGroupName": Ref("subnets"),
    "vpcSecurityGroupIds": [Ref("security")],
    "multiAz": True,
    "publiclyAccessible": False,
    "backupRetentionPeriod": 7,
    "backupWindow": "06:00-07:00",
    "maintenanceWindow": "sun:08:00-sun:09:00",
    "iamDatabaseAuthenticationEnabled": True,
    "skipFinalSnapshot": True,
    "tags": TAGS,
}

CLUSTER = {
    "clusterIdentifier": "clinic-production",
    "engine": "aurora-postgresql",
    "engineMode": "provisioned",
    "engineVersion": "15.19",
    "serverlessv2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 4},
    "storageEncrypted": True,
    "databaseName": "clinic",
    "masterUsername": "postgres",
    "masterPasswordWo": "a-test-value-1",
    "masterPasswordWoVersion": 1,
    "port": 5432,
    "iamDatabaseAuthenticationEnabled": True,
    "dbSubnetGroupName": Ref("subnets"),
    "vpcSecurityGroupIds": [Ref("security")],
    "backupRetentionPeriod": 35,
    "preferredBackupWindow": "03:00-04:00",
    "preferredMaintenanceWindow": "sun:08:00-sun:09:00",
    "copyTagsToSnapshot": True,
    "enabledCloudwatchLogsExports": ["postgresql"],
    "skipFinalSnapshot": False,
    "finalSnapshotIdentifier": "clinic-production-final",
    "tags": TAGS,
}
MANAGED = {
    **{name: value for name, value in INSTANCE.items() if not name.startswith("password")},
    "identifier": "clinic-managed",
    "manageMasterUserPassword": True,
    "masterUserSecretKmsKeyId": Ref("key", "arn"),
}
KEY = {"key": Need("aws:kms/key:Key", {"description": "Secrets", "tags": TAGS})}

CASES = [
    Case(
        "aws:rds/subnetGroup:SubnetGroup",
        {"name": "clinic-x", "description": "Private", "subnetIds": [Ref("subnet"), Ref("other")], "tags": TAGS},
        {"description": "Private subnets", "tags": {}},
        SUBNETS,
    ),
    Case(
        "aws:rds/parameterGroup:ParameterGroup",
        {"name": "clinic-17", "family": "postgres17", "description": "TLS", "parameters": PARAMETERS, "tags": TAGS},
        {"parameters": [*PARAMETERS, {"name": "log_connections", "value": "1", "applyMethod": "immediate"}]},
    ),
    Case(
        "aws:rds/instance:Instance",
        INSTANCE,
        {"backupRetentionPeriod": 35, "instanceClass": "db.t4g.large", "tags": {"DataClass": "pii"}},
        GROUP,
    ),
    Case(
        "aws:rds/instance:Instance",
        {
            "identifier": "clinic-staging-replica-1",
            "replicateSourceDb": Ref("source"),
            "instanceClass": "db.t4g.medium",
            "storageEncrypted": True,
            "multiAz": False,
            "publiclyAccessible": False,
            "skipFinalSnapshot": True,
            "tags": TAGS,
        },
        {"instanceClass": "db.t4g.large", "tags": {"DataClass": "pii"}},
        {**GROUP, "source": Need("aws:rds/instance:Instance", INSTANCE)},
        name="Instance-replica",
        unread=("iamDatabaseAuthenticationEnabled",),  # a replica takes it over from its source
    ),
    Case(
        "aws:rds/instance:Instance",
        MANAGED,
        {"backupRetentionPeriod": 14},
        {**GROUP, **KEY},
        name="Instance-managed-password",
    ),
    Case(
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
        {
            "name": "clinic-15",
            "family": "aurora-postgresql15",
            "description": "TLS",
            "parameters": PARAMETERS,
            "tags": TAGS,
        },
        {
            "parameters": [*PARAMETERS, {"name": "log_connections", "value": "1", "applyMethod": "immediate"}],
            "tags": {"DataClass": "pii"},
        },
    ),
    Case(
        "aws:rds/cluster:Cluster",
        CLUSTER,
        {
            "backupRetentionPeriod": 30,
            "serverlessv2ScalingConfiguration": {"minCapacity": 2, "maxCapacity": 8},
            "preferredBackupWindow": "05:00-06:00",
            "masterPasswordWo": "a-test-value-2",
            "masterPasswordWoVersion": 2,
            "tags": {"DataClass": "pii"},
        },
        GROUP,
    ),
    Case(
        "aws:rds/cluster:Cluster",
        {
            **{name: value for name, value in CLUSTER.items() if not name.startswith("masterPassword")},
            "clusterIdentifier": "clinic-managed",
            "finalSnapshotIdentifier": "clinic-managed-final",
            "manageMasterUserPassword": True,
            "masterUserSecretKmsKeyId": Ref("key", "arn"),
        },
        {"preferredMaintenanceWindow": "mon:08:00-mon:09:00"},
        {**GROUP, **KEY},
        name="Cluster-managed-password",
    ),
    Case(
        "aws:rds/clusterInstance:ClusterInstance",
        {
            "identifier": "clinic-production-1",
            "clusterIdentifier": Ref("cluster"),
            "engine": "aurora-postgresql",
            "engineVersion": "15.19",
            "instanceClass": "db.serverless",
            "promotionTier": 0,
            "availabilityZone": "ca-central-1b",
            "dbSubnetGroupName": Ref("subnets"),
            "publiclyAccessible": False,
            "caCertIdentifier": "rds-ca-rsa2048-g1",
            "autoMinorVersionUpgrade": True,
            "preferredMaintenanceWindow": "sun:08:00-sun:09:00",
            "copyTagsToSnapshot": True,
            "monitoringInterval": 60,
            "monitoringRoleArn": "arn:aws:iam::123456789012:role/clinic-monitoring",
            "performanceInsightsEnabled": True,
            "performanceInsightsKmsKeyId": KEY_ARN,
            "performanceInsightsRetentionPeriod": 7,
            "tags": TAGS,
        },
        {"promotionTier": 1, "monitoringInterval": 30, "tags": {"DataClass": "pii"}},
        {**GROUP, "cluster": Need("aws:rds/cluster:Cluster", CLUSTER)},
    ),
    Case(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        {
            "region": "ca-west-1",
            "sourceDbInstanceArn": "arn:aws:rds:ca-central-1:123456789012:db:clinic-staging-postgres",
            "kmsKeyId": "arn:aws:kms:ca-west-1:123456789012:key/11111111-2222-3333-4444-555555555555",
            "retentionPeriod": 7,
        },
    ),
]

__all__ = ["CASES", "SUBNETS", "VPC"]
