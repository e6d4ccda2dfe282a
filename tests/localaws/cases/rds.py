from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.ec2 import SUBNET, VPC

TAGS = {"DataClass": "phi"}
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
