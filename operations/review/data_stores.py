"""The resource types whose replacement or deletion loses data, or makes data unreadable."""

from __future__ import annotations

DATA_STORES = {
    "aws:backup/vault:Vault": "recovery points",
    "aws:cloudtrail/eventDataStore:EventDataStore": "audit trail",
    "aws:cloudwatch/logGroup:LogGroup": "log group",
    "aws:cognito/identityPool:IdentityPool": "identities",
    "aws:cognito/userPool:UserPool": "user accounts",
    "aws:docdb/cluster:Cluster": "DocumentDB cluster",
    "aws:dynamodb/globalTable:GlobalTable": "DynamoDB table",
    "aws:dynamodb/table:Table": "DynamoDB table",
    "aws:ebs/snapshot:Snapshot": "EBS snapshot",
    "aws:ebs/volume:Volume": "EBS volume",
    "aws:ecr/repository:Repository": "container images",
    "aws:efs/fileSystem:FileSystem": "EFS file system",
    "aws:elasticache/cluster:Cluster": "ElastiCache cluster",
    "aws:elasticache/replicationGroup:ReplicationGroup": "ElastiCache replication group",
    "aws:elasticache/serverlessCache:ServerlessCache": "ElastiCache cache",
    "aws:fsx/lustreFileSystem:LustreFileSystem": "FSx file system",
    "aws:fsx/ontapFileSystem:OntapFileSystem": "FSx file system",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": "FSx file system",
    "aws:fsx/windowsFileSystem:WindowsFileSystem": "FSx file system",
    "aws:glacier/vault:Vault": "Glacier vault",
    "aws:kinesis/stream:Stream": "Kinesis stream",
    "aws:kms/externalKey:ExternalKey": "key: what it encrypted",
    "aws:kms/key:Key": "key: what it encrypted",
    "aws:kms/replicaExternalKey:ReplicaExternalKey": "key: what it encrypted",
    "aws:kms/replicaKey:ReplicaKey": "key: what it encrypted",
    "aws:memorydb/cluster:Cluster": "MemoryDB cluster",
    "aws:neptune/cluster:Cluster": "Neptune cluster",
    "aws:opensearch/domain:Domain": "OpenSearch domain",
    "aws:rds/cluster:Cluster": "Aurora cluster",
    "aws:rds/clusterSnapshot:ClusterSnapshot": "Aurora snapshot",
    "aws:rds/globalCluster:GlobalCluster": "Aurora global database",
    "aws:rds/instance:Instance": "RDS database",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": "backups in a second region",
    "aws:rds/snapshot:Snapshot": "RDS snapshot",
    "aws:rds/snapshotCopy:SnapshotCopy": "RDS snapshot",
    "aws:redshift/cluster:Cluster": "Redshift cluster",
    "aws:s3/bucket:Bucket": "S3 bucket",
    "aws:s3/bucketV2:BucketV2": "S3 bucket",
    "aws:secretsmanager/secret:Secret": "secret",
    "aws:sqs/queue:Queue": "queued messages",
    "aws:ssm/parameter:Parameter": "SSM parameter",
    "aws:timestreamwrite/table:Table": "Timestream table",
}
"""Resource type → what is at stake, in words.

Source: for each service, the AWS documentation of its Delete call; KMS Developer Guide, "Delete an AWS KMS key".
"""
