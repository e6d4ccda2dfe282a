"""What can go wrong in a compliant stack: per type a property and its bad values, what is removed, what is added."""

from __future__ import annotations

from typing import Any, Final

from tests.policies.sample import ACCOUNT, GONE, STRANGER, document

ABROAD: Final = "eu-central-1"
"""In neither of the jurisdictions that the pack knows."""
ANYONE = document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
STRANGERS = document(
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"}, "Action": "*", "Resource": "*"}
)
EVERYTHING = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
FOREIGN_KEY = f"arn:aws:kms:{ABROAD}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"

CHANGED: dict[str, dict[str, tuple[Any, ...]]] = {
    "aws:acm/certificate:Certificate": {"validationMethod": ("EMAIL",), "keyAlgorithm": ("RSA_1024",)},
    "aws:apigateway/method:Method": {"authorization": ("NONE",)},
    "aws:apigateway/restApi:RestApi": {"securityPolicy": ("TLS_1_0",)},
    "aws:apigateway/stage:Stage": {"accessLogSettings": (GONE,), "xrayTracingEnabled": (False,)},
    "aws:autoscaling/group:Group": {"healthCheckType": ("EC2",)},
    "aws:backup/plan:Plan": {"rules": ([],)},
    "aws:backup/vault:Vault": {"kmsKeyArn": (GONE,), "forceDestroy": (True,), "region": (ABROAD,)},
    "aws:backup/vaultPolicy:VaultPolicy": {"policy": (ANYONE, STRANGERS)},
    "aws:cloudfront/distribution:Distribution": {
        "restrictions": ({"geoRestriction": {"restrictionType": "none"}},),
        "webAclId": (GONE,),
        "defaultCacheBehavior.viewerProtocolPolicy": ("allow-all",),
    },
    "aws:cloudtrail/trail:Trail": {
        "enableLogFileValidation": (False, GONE), "enableLogging": (False,), "isMultiRegionTrail": (False, GONE),
        "includeGlobalServiceEvents": (False,), "kmsKeyId": (GONE, FOREIGN_KEY),
        "cloudWatchLogsGroupArn": (GONE,),
    },
    "aws:cloudwatch/logGroup:LogGroup": {
        "retentionInDays": (1, 30), "kmsKeyId": (GONE, FOREIGN_KEY), "region": (ABROAD,),
    },
    "aws:cognito/identityPool:IdentityPool": {
        "allowUnauthenticatedIdentities": (True,), "allowClassicFlow": (True,),
    },
    "aws:cognito/userPool:UserPool": {
        "mfaConfiguration": ("OFF", "OPTIONAL", GONE), "deletionProtection": ("INACTIVE", GONE),
        "passwordPolicy": (GONE,), "userPoolAddOns": (GONE,),
    },
    "aws:cognito/userPoolClient:UserPoolClient": {
        "explicitAuthFlows": (["ALLOW_USER_PASSWORD_AUTH"],), "enableTokenRevocation": (False,),
        "preventUserExistenceErrors": ("LEGACY",),
    },
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
        "ingress": ([{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],),
    },
    "aws:ec2/flowLog:FlowLog": {"trafficType": ("ACCEPT",)},
    "aws:ec2/launchTemplate:LaunchTemplate": {
        "metadataOptions.httpTokens": ("optional", GONE), "blockDeviceMappings": (
            [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "false"}}],
        ),
        "userData": (
            "ZXhwb3J0IEFXU19TRUNSRVRfQUNDRVNTX0tFWT13SmFsclhVdG5GRU1JL0s3TURFTkcvYlB4UmZpQ1lFWEFNUExFS0VZCg==",
        ),
    },
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": (True,)},
    "aws:ecr/repository:Repository": {
        "imageTagMutability": ("MUTABLE",), "imageScanningConfiguration": ({"scanOnPush": False}, GONE),
        "encryptionConfigurations": (GONE,), "forceDelete": (True,),
    },
    "aws:ecs/cluster:Cluster": {"settings": ([{"name": "containerInsights", "value": "disabled"}],)},
    "aws:ecs/service:Service": {
        "networkConfiguration.assignPublicIp": (True,), "deploymentCircuitBreaker": (GONE,),
        "enableExecuteCommand": (True,), "platformVersion": ("1.3.0",),
    },
    "aws:ecs/taskDefinition:TaskDefinition": {
        "networkMode": ("host",), "containerDefinitions": (
            '[{"name": "a", "image": "docker.io/library/nginx:latest", "privileged": true}]',
            f'[{{"name": "a", "image": "{ACCOUNT}.dkr.ecr.ca-central-1.amazonaws.com/a:1", "environment": '
            '[{"name": "DATABASE_PASSWORD", "value": "k9Qz7Lm2Xw4Rt8Vb1N"}]}]',
        ),
    },
    "aws:elasticache/replicationGroup:ReplicationGroup": {
        "atRestEncryptionEnabled": (False, GONE), "transitEncryptionEnabled": (False, GONE),
        "kmsKeyId": (GONE, FOREIGN_KEY),
        "authTokenWo": (GONE,), "snapshotRetentionLimit": (0,), "automaticFailoverEnabled": (False,),
        "transitEncryptionMode": ("preferred",), "subnetGroupName": (GONE,), "region": (ABROAD,),
    },
    "aws:iam/role:Role": {"assumeRolePolicy": (ANYONE, STRANGERS)},
    "aws:iam/rolePolicy:RolePolicy": {"policy": (EVERYTHING,)},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
        "policyArn": ("arn:aws:iam::aws:policy/AdministratorAccess",),
    },
    "aws:kms/key:Key": {
        "enableKeyRotation": (False, GONE), "policy": (ANYONE, STRANGERS), "deletionWindowInDays": (7,),
        "region": (ABROAD,), "multiRegion": (True,),
    },
    "aws:lb/listener:Listener": {"sslPolicy": ("ELBSecurityPolicy-2016-08",), "protocol": ("HTTP",)},
    "aws:lb/loadBalancer:LoadBalancer": {
        "accessLogs": (GONE, {"bucket": "logs", "enabled": False}), "dropInvalidHeaderFields": (False, GONE),
        "enableDeletionProtection": (False,), "desyncMitigationMode": ("monitor",), "region": (ABROAD,),
    },
    "aws:lb/targetGroup:TargetGroup": {"protocol": ("HTTP",), "healthCheck.enabled": (False,)},
    "aws:rds/cluster:Cluster": {
        "storageEncrypted": (False, GONE), "kmsKeyId": (GONE, FOREIGN_KEY), "backupRetentionPeriod": (1,),
        "deletionProtection": (False,), "skipFinalSnapshot": (True,), "enabledCloudwatchLogsExports": (GONE, []),
        "iamDatabaseAuthenticationEnabled": (False,), "masterPassword": ("k9Qz7Lm2Xw4Rt8Vb1N",), "region": (ABROAD,),
        "copyTagsToSnapshot": (False,), "deleteAutomatedBackups": (True,), "dbClusterParameterGroupName": (GONE,),
    },
    "aws:rds/clusterInstance:ClusterInstance": {
        "publiclyAccessible": (True,), "autoMinorVersionUpgrade": (False,), "performanceInsightsKmsKeyId": (GONE,),
        "monitoringInterval": (0,),
    },
    "aws:rds/instance:Instance": {
        "storageEncrypted": (False, GONE), "kmsKeyId": (GONE, FOREIGN_KEY), "backupRetentionPeriod": (0, 1),
        "deletionProtection": (False, GONE), "publiclyAccessible": (True,), "skipFinalSnapshot": (True,),
        "enabledCloudwatchLogsExports": (GONE, []), "iamDatabaseAuthenticationEnabled": (False,),
        "autoMinorVersionUpgrade": (False,), "password": ("k9Qz7Lm2Xw4Rt8Vb1N",), "region": (ABROAD,),
        "deleteAutomatedBackups": (True,), "monitoringInterval": (0,), "performanceInsightsKmsKeyId": (GONE,),
        "copyTagsToSnapshot": (False,), "parameterGroupName": (GONE,), "multiAz": (False,),
    },
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": {
        "region": (ABROAD,), "kmsKeyId": (FOREIGN_KEY,),
    },
    "aws:rds/parameterGroup:ParameterGroup": {"parameters": ([], [{"name": "rds.force_ssl", "value": "0"}])},
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": {
        "parameters": ([], [{"name": "rds.force_ssl", "value": "0"}]),
    },
    "aws:s3/bucket:Bucket": {"forceDestroy": (True,), "region": (ABROAD,)},
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {"rules": ([],)},
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": {"rule": (GONE,)},
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {"rule": ({"objectOwnership": "ObjectWriter"},)},
    "aws:s3/bucketPolicy:BucketPolicy": {"policy": (ANYONE, STRANGERS, document())},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        name: (False, GONE)
        for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    },
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
        "rules": ([{"status": "Enabled", "destination": {"bucket": f"arn:aws:s3:::{STRANGER}", "account": STRANGER}}],),
    },
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "rules": ([{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}], []),
    },
    "aws:s3/bucketVersioning:BucketVersioning": {
        "versioningConfiguration": ({"status": "Suspended"}, {"status": "Disabled"}),
    },
    "aws:secretsmanager/secret:Secret": {
        "kmsKeyId": (GONE, FOREIGN_KEY), "recoveryWindowInDays": (0,), "region": (ABROAD,),
        "replicas": ([{"region": ABROAD}],),
    },
    "aws:secretsmanager/secretVersion:SecretVersion": {"secretString": ("k9Qz7Lm2Xw4Rt8Vb1N",)},
    "aws:sns/topic:Topic": {"kmsMasterKeyId": (GONE, "alias/aws/sns"), "region": (ABROAD,)},
    "aws:sns/topicPolicy:TopicPolicy": {"policy": (ANYONE, STRANGERS)},
    "aws:sns/topicSubscription:TopicSubscription": {"protocol": ("http",)},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"cidrIpv4": ("0.0.0.0/0",)},
    "aws:wafv2/webAcl:WebAcl": {"rules": ([],)},
}  # fmt: skip

REMOVED: tuple[str, ...] = (
    "aws:cloudtrail/trail:Trail",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/flowLog:FlowLog",
    "aws:apigateway/requestValidator:RequestValidator",
    "aws:backup/selection:Selection",
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    "aws:backup/vaultPolicy:VaultPolicy",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
)
"""Types of side resources that are a safeguard by being there."""

ADDED: dict[str, tuple[str, dict[str, Any]]] = {
    "public administration": (
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"securityGroupId": "sg-1", "cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22},
    ),
    "public administration, by half of the internet": (
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"securityGroupId": "sg-1", "cidrIpv4": "128.0.0.0/1", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22},
    ),
    "public database port": (
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        {"type": "ingress", "securityGroupId": "sg-1", "cidrBlocks": ["0.0.0.0/0"], "protocol": "tcp", "fromPort": 5432,
         "toPort": 5432},
    ),
    "administrator": (
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        {"user": "someone", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    "everything allowed": ("aws:iam/policy:Policy", {"name": "everything", "policy": EVERYTHING}),
    "trust of a stranger": ("aws:iam/role:Role", {"name": "stranger", "assumeRolePolicy": STRANGERS}),
    "access key": ("aws:iam/accessKey:AccessKey", {"user": "someone"}),
    "function for anyone": (
        "aws:lambda/permission:Permission",
        {"function": "records", "action": "lambda:InvokeFunction", "principal": "*"},
    ),
    "function address for anyone": (
        "aws:lambda/functionUrl:FunctionUrl", {"functionName": "records", "authorizationType": "NONE"},
    ),
    "bucket without safeguards": ("aws:s3/bucket:Bucket", {"bucket": "bare", "tags": {"DataClass": "phi"}}),
    "public bucket list": ("aws:s3/bucketAcl:BucketAcl", {"bucket": "bare", "acl": "public-read"}),
    "key abroad": ("aws:kms/key:Key", {"region": ABROAD, "enableKeyRotation": True}),
    "replica key abroad": (
        "aws:kms/replicaKey:ReplicaKey",
        {"region": ABROAD, "primaryKeyArn": f"arn:aws:kms:ca-central-1:{ACCOUNT}:key/mrk-1"},
    ),
    "table abroad": (
        "aws:dynamodb/table:Table",
        {"name": "records", "hashKey": "id", "replicas": [{"regionName": ABROAD}], "tags": {"DataClass": "phi"}},
    ),
    "database in the open": (
        "aws:rds/instance:Instance",
        {"identifier": "open", "engine": "postgres", "publiclyAccessible": True, "tags": {"DataClass": "phi"}},
    ),
    "shared snapshot": (
        "aws:rds/snapshot:Snapshot", {"dbSnapshotIdentifier": "copy", "sharedAccounts": ["all"]},
    ),
    "images copied abroad": (
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        {"replicationConfiguration": {"rules": [{"destinations": [{"region": ABROAD, "registryId": ACCOUNT}]}]}},
    ),
    "queue in plain": ("aws:sqs/queue:Queue", {"name": "records", "tags": {"DataClass": "phi"}}),
    "parameter in plain": (
        "aws:ssm/parameter:Parameter", {"name": "/password", "type": "String", "value": "k9Qz7Lm2Xw4Rt8Vb1N"},
    ),
    "provider abroad": ("pulumi:providers:aws", {"region": ABROAD}),
    "provider with keys": (
        "pulumi:providers:aws", {"region": "ca-central-1", "accessKey": "AKIAIOSFODNN7EXAMPLE", "secretKey": "x" * 40},
    ),
}  # fmt: skip

TRIAL: Final = "A trial environment (tag Environment: staging): the control is asked in production."
INTERNAL: Final = "A bucket of class internal: the control is about patient data and about records of what happened."
RECORDED: Final = "What the recorded system has: a waiver of the stack says the same, with its requirement."

EXPLAINED: dict[tuple[str, str], str] = {
    ("aws:s3/bucketServerSideEncryptionConfiguration:*", "* storage-logs*"):
        "S3 encrypts every object by itself, and access logs can only be delivered to a bucket of that encryption.",
    ("aws:s3/bucketServerSideEncryptionConfiguration:* rules []", "mentalspace storage-*"):
        "S3 encrypts every object with its own keys when nothing is said, which is what is recorded (MSP-STO-02).",
    ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule cidrIpv4 *", "* security-groups-endpoints-*"):
        "These stacks have no interface endpoint: nothing is in the group. With one in it, the break is caught.",
    ("aws:s3/bucketServerSideEncryptionConfiguration:*", "berthcare state-*"):
        "S3 encrypts every object with its own keys when nothing is said, which is what is recorded (BER-DR-05).",
    ("aws:s3/bucket:Bucket forceDestroy true", "berthcare state-*"): INTERNAL,
    ("aws:s3/bucketReplicationConfig:BucketReplicationConfig removed", "berthcare state-*"): INTERNAL,
    ("aws:s3/bucket:Bucket forceDestroy true", "facnet storage-deployments-bucket"): INTERNAL,
    ("aws:lb/listener:Listener sslPolicy *", "* *-http"):
        "A listener of HTTP, which only redirects, has no TLS policy.",
    ("aws:ec2/subnet:Subnet mapPublicIpOnLaunch *", "* network-public-*"):
        "A subnet of the public tier; what is launched with a public address is judged itself.",
    ("aws:backup/vaultPolicy:VaultPolicy *removed", "*"):
        "The vault is locked as well, which alone keeps recovery points from deletion; the policy denies it once more.",
    ("aws:backup/vaultLockConfiguration:VaultLockConfiguration *removed", "*"):
        "The vault's policy denies deletion of recovery points to everyone, which the control takes for a lock.",
    ("aws:backup/selection:Selection removed", "*"):
        "The second selection covers the same stores; both removed is a break of its own, which is caught.",
    ("aws:apigateway/requestValidator:RequestValidator removed", "mentalspace *"):
        "Its methods are GET without a body; the control is about methods that bear one.",
    ("aws:elasticache/replicationGroup:ReplicationGroup automaticFailoverEnabled false", "berthcare *"): TRIAL,
    ("aws:elasticache/replicationGroup:ReplicationGroup automaticFailoverEnabled false", "staging *"): TRIAL,
    ("aws:elasticache/replicationGroup:ReplicationGroup snapshotRetentionLimit 0", "berthcare *"): TRIAL,
    ("aws:elasticache/replicationGroup:ReplicationGroup snapshotRetentionLimit 0", "staging *"): TRIAL,
    ("aws:rds/instance:Instance multiAz false", "berthcare *"): TRIAL,
    ("aws:ecr/repository:Repository forceDelete true", "*"):
        "Images hold no patient data and are built anew from source; no control is about deleting them.",
    ("aws:ecs/service:Service deploymentCircuitBreaker -", "*"):
        "It rolls a failed deployment back; the old tasks serve on without it. No control is about it.",
    ("aws:cognito/userPool:UserPool userPoolAddOns -", "mentalspace *"): RECORDED,
    ("aws:cognito/userPoolClient:UserPoolClient explicitAuthFlows *", "mentalspace *"): RECORDED,
}  # fmt: skip
"""(break, stack and resource) → why no rule needs to say anything; both are patterns."""
