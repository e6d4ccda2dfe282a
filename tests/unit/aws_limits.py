# ruff: noqa: E501  one row per limit
"""Documented limits of physical names: how long a name may be, of what characters, and the page that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """The name in one input of one type.

    most: characters, at most.   pattern: what the whole name must match.   source: title of AWS's page.
    """

    type: str
    input: str
    most: int
    pattern: str
    source: str
    least: int = 1

    def problem(self, name: str) -> str | None:
        """What is wrong with a name; None when AWS takes it."""
        if not self.least <= len(name) <= self.most:
            return f"{len(name)} characters, {self.source} allows {self.least} to {self.most}"
        if not re.fullmatch(self.pattern, name):
            return f"{self.source} allows {self.pattern}"
        return None


_RDS = r"[a-z](?!.*--)[a-z0-9-]*[a-z0-9]"
_ELB = r"(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_IAM = r"[\w+=,.@-]+"
_ECS = r"[A-Za-z0-9_-]+"
_ALARM = r"[^\x00-\x1f\x7f]+"
_WAF = r"[\w-]+"
_RDS_PAGE = "Amazon RDS User Guide, Quotas and naming constraints"
_IAM_PAGE = "IAM User Guide, IAM and AWS STS quotas"

LIMITS = (
    Limit("aws:apigateway/authorizer:Authorizer", "name", 128, r".+", "API Gateway, CreateAuthorizer"),
    Limit("aws:apigateway/requestValidator:RequestValidator", "name", 128, r".+", "API Gateway, CreateRequestValidator"),
    Limit("aws:scheduler/schedule:Schedule", "name", 64, r"[0-9A-Za-z._-]+", "EventBridge Scheduler, CreateSchedule"),
    Limit("aws:apigateway/restApi:RestApi", "name", 1024, r".+", "API Gateway, CreateRestApi"),
    Limit("aws:appautoscaling/policy:Policy", "name", 256, _ALARM, "Application Auto Scaling, PutScalingPolicy"),
    Limit("aws:autoscaling/group:Group", "name", 255, r"[\x20-\x7e]+", "Amazon EC2 Auto Scaling, CreateAutoScalingGroup"),
    Limit("aws:autoscaling/policy:Policy", "name", 255, r"[\x20-\x7e]+", "Amazon EC2 Auto Scaling, PutScalingPolicy"),
    Limit("aws:backup/plan:Plan", "name", 50, r"[A-Za-z0-9_.-]+", "AWS Backup, CreateBackupPlan"),
    Limit("aws:backup/selection:Selection", "name", 50, r"[A-Za-z0-9_.-]+", "AWS Backup, BackupSelection"),
    Limit("aws:backup/vault:Vault", "name", 50, r"[A-Za-z0-9_-]+", "AWS Backup, CreateBackupVault", 2),
    Limit("aws:cfg/deliveryChannel:DeliveryChannel", "name", 256, r".+", "AWS Config, DeliveryChannel"),
    Limit("aws:cfg/recorder:Recorder", "name", 256, r".+", "AWS Config, ConfigurationRecorder"),
    Limit("aws:cfg/rule:Rule", "name", 128, r".*\S.*", "AWS Config, ConfigRule"),
    Limit("aws:cloudfront/cachePolicy:CachePolicy", "name", 128, r"[\w-]+", "CloudFront, CachePolicyConfig"),
    Limit("aws:cloudfront/function:Function", "name", 64, r"[A-Za-z0-9-_]+", "CloudFront, CreateFunction"),
    Limit("aws:cloudfront/originAccessControl:OriginAccessControl", "name", 64, r".+", "CloudFront, OriginAccessControlConfig"),
    Limit("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "name", 128, r"[\w-]+", "CloudFront, ResponseHeadersPolicyConfig"),
    Limit("aws:cloudtrail/trail:Trail", "name", 128, r"[A-Za-z0-9](?!.*[._-]{2})[A-Za-z0-9._-]*[A-Za-z0-9]", "CloudTrail, CreateTrail", 3),
    Limit("aws:cloudwatch/compositeAlarm:CompositeAlarm", "alarmName", 255, _ALARM, "CloudWatch, PutCompositeAlarm"),
    Limit("aws:cloudwatch/dashboard:Dashboard", "dashboardName", 255, r"[A-Za-z0-9_-]+", "CloudWatch, PutDashboard"),
    Limit("aws:cloudwatch/eventRule:EventRule", "name", 64, r"[.\w-]+", "EventBridge, PutRule"),
    Limit("aws:cloudwatch/logGroup:LogGroup", "name", 512, r"[\w./#-]+", "CloudWatch Logs, CreateLogGroup"),
    Limit("aws:cloudwatch/logDeliverySource:LogDeliverySource", "name", 60, r"[\w-]+", "CloudWatch Logs, PutDeliverySource"),
    Limit("aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination", "name", 60, r"[\w-]+", "CloudWatch Logs, PutDeliveryDestination"),
    Limit("aws:cloudwatch/logMetricFilter:LogMetricFilter", "name", 512, r"[^:*]+", "CloudWatch Logs, PutMetricFilter"),
    Limit("aws:cloudwatch/metricAlarm:MetricAlarm", "name", 255, _ALARM, "CloudWatch, PutMetricAlarm"),
    Limit("aws:cloudwatch/queryDefinition:QueryDefinition", "name", 255, r"[^:*\"]+", "CloudWatch Logs, PutQueryDefinition"),
    Limit("aws:codedeploy/application:Application", "name", 100, r".+", "CodeDeploy, CreateApplication"),
    Limit("aws:codedeploy/deploymentGroup:DeploymentGroup", "deploymentGroupName", 100, r".+", "CodeDeploy, CreateDeploymentGroup"),
    Limit("aws:cognito/identityPool:IdentityPool", "identityPoolName", 128, r"[\w\s+=,.@-]+", "Amazon Cognito, CreateIdentityPool"),
    Limit("aws:cognito/userPool:UserPool", "name", 128, r"[\w\s+=,.@-]+", "Amazon Cognito, CreateUserPool"),
    Limit("aws:cognito/userPoolClient:UserPoolClient", "name", 128, r"[\w\s+=,.@-]+", "Amazon Cognito, CreateUserPoolClient"),
    Limit("aws:cognito/userPoolDomain:UserPoolDomain", "domain", 63, r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", "Amazon Cognito, CreateUserPoolDomain"),
    Limit("aws:ec2/launchTemplate:LaunchTemplate", "name", 128, r"[A-Za-z0-9()./_-]+", "Amazon EC2, CreateLaunchTemplate", 3),
    Limit("aws:ec2/securityGroup:SecurityGroup", "name", 255, r"(?!sg-)[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+", "Amazon EC2, CreateSecurityGroup"),
    Limit("aws:ec2/securityGroup:SecurityGroup", "description", 255, r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*", "Amazon EC2, CreateSecurityGroup"),
    Limit("aws:ecr/repository:Repository", "name", 256, r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*", "Amazon ECR, CreateRepository", 2),
    Limit("aws:ecs/cluster:Cluster", "name", 255, _ECS, "Amazon ECS, CreateCluster"),
    Limit("aws:ecs/service:Service", "name", 255, _ECS, "Amazon ECS, CreateService"),
    Limit("aws:ecs/taskDefinition:TaskDefinition", "family", 255, _ECS, "Amazon ECS, RegisterTaskDefinition"),
    Limit("aws:elasticache/parameterGroup:ParameterGroup", "name", 255, r"[a-z](?!.*--)[a-z0-9-]*[a-z0-9]", "ElastiCache, CreateCacheParameterGroup"),
    Limit("aws:elasticache/replicationGroup:ReplicationGroup", "replicationGroupId", 40, _RDS, "ElastiCache, CreateReplicationGroup"),
    Limit("aws:elasticache/subnetGroup:SubnetGroup", "name", 255, r"[A-Za-z0-9-]+", "ElastiCache, CreateCacheSubnetGroup"),
    Limit("aws:iam/instanceProfile:InstanceProfile", "name", 128, _IAM, _IAM_PAGE),
    Limit("aws:iam/policy:Policy", "name", 128, _IAM, _IAM_PAGE),
    Limit("aws:iam/role:Role", "name", 64, _IAM, _IAM_PAGE),
    Limit("aws:iam/rolePolicy:RolePolicy", "name", 128, _IAM, _IAM_PAGE),
    Limit("aws:kms/alias:Alias", "name", 256, r"alias/(?!aws/)[A-Za-z0-9/_-]+", "AWS KMS, CreateAlias"),
    Limit("aws:lambda/function:Function", "name", 64, r"[A-Za-z0-9_-]+", "AWS Lambda, CreateFunction"),
    Limit("aws:lb/loadBalancer:LoadBalancer", "name", 32, _ELB, "Elastic Load Balancing, CreateLoadBalancer"),
    Limit("aws:lb/targetGroup:TargetGroup", "name", 32, _ELB, "Elastic Load Balancing, CreateTargetGroup"),
    Limit("aws:rds/cluster:Cluster", "clusterIdentifier", 63, _RDS, _RDS_PAGE),
    Limit("aws:rds/clusterInstance:ClusterInstance", "identifier", 63, _RDS, _RDS_PAGE),
    Limit("aws:rds/clusterParameterGroup:ClusterParameterGroup", "name", 255, _RDS, _RDS_PAGE),
    Limit("aws:rds/instance:Instance", "identifier", 63, _RDS, _RDS_PAGE),
    Limit("aws:rds/instance:Instance", "dbName", 63, r"[A-Za-z_]\w*", _RDS_PAGE),
    Limit("aws:rds/instance:Instance", "finalSnapshotIdentifier", 255, r"[A-Za-z](?!.*--)[A-Za-z0-9-]*[A-Za-z0-9]", _RDS_PAGE),
    Limit("aws:rds/instance:Instance", "username", 63, r"[A-Za-z]\w*", _RDS_PAGE),
    Limit("aws:rds/parameterGroup:ParameterGroup", "name", 255, _RDS, _RDS_PAGE),
    Limit("aws:rds/subnetGroup:SubnetGroup", "name", 255, r"[a-z0-9._ -]+", _RDS_PAGE),
    Limit("aws:s3/bucket:Bucket", "bucket", 63, r"(?!xn--)(?!.*-s3alias$)[a-z0-9][a-z0-9-]*[a-z0-9]", "Amazon S3, General purpose bucket naming rules", 3),
    Limit("aws:secretsmanager/secret:Secret", "name", 512, r"[A-Za-z0-9/_+=.@-]+", "Secrets Manager, CreateSecret"),
    Limit("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", "name", 253, r"[!-~]+", "AWS Cloud Map, CreatePrivateDnsNamespace"),
    Limit("aws:sns/topic:Topic", "name", 256, r"[\w-]+", "Amazon SNS, CreateTopic"),
    Limit("aws:sqs/queue:Queue", "name", 80, r"[\w-]+(\.fifo)?", "Amazon SQS, CreateQueue"),
    Limit("aws:ssm/parameter:Parameter", "name", 1011, r"[A-Za-z0-9_./-]+", "Systems Manager, PutParameter"),
    Limit("aws:wafv2/ipSet:IpSet", "name", 128, _WAF, "AWS WAF, CreateIPSet"),
    Limit("aws:wafv2/webAcl:WebAcl", "name", 128, _WAF, "AWS WAF, CreateWebACL"),
    Limit("aws:xray/group:Group", "groupName", 32, r".+", "AWS X-Ray, CreateGroup"),
    Limit("aws:budgets/budget:Budget", "name", 100, r"(?!.*/action/)[^:\\]+", "AWS Budgets, CreateBudget"),
)  # fmt: skip

# Inputs that name their resource; a type with one of them needs a row above, so that no name goes unjudged.
NAMES = (
    "name", "bucket", "identifier", "clusterIdentifier", "replicationGroupId", "family", "dashboardName", "alarmName",
    "groupName", "identityPoolName", "deploymentGroupName",
)  # fmt: skip

# Types whose `name` is no name of their own.
NAMED_BY_OTHERS = {
    "aws:route53/record:Record": "a DNS name; the zone's rules",
    "aws:route53/zone:Zone": "a DNS name; settings check it",
    "aws:cloudfront/publicKey:PublicKey": "128 characters in the registry's schema",
    "aws:cloudfront/keyGroup:KeyGroup": "128 characters in the registry's schema",
    "aws:acm/certificate:Certificate": "has no name",
}
