"""What managing each part of AWS takes, as data: the deploying role gets the rows of the features its stack uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from settings.features import Feature


class Area(StrEnum):
    """A policy of the deploying role."""

    BASE = "base"
    DATA = "data"
    COMPUTE = "compute"
    INSTANCES = "instances"
    EDGE = "edge"
    WATCH = "watch"


@dataclass(frozen=True, kw_only=True)
class Named:
    """Resources known by name: ARN pattern with `{name}`, and the longest name the service takes.

    everywhere: the ARN has no region.
    """

    service: str
    resource: str
    limit: int = 63
    everywhere: bool = False


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service.

    features: those that need it, any of them; empty: every stack does.
    reads: actions that read configuration, never data.   at_home: actions on resources with generated ids, in the
    regions of the stack.   at_edge: the same also in us-east-1.   by_name: actions on `named` resources only.
    tried: actions that a service tries as its caller, on nothing that exists, before it does as it is told.
    passed_to, linked, attached: service principals roles are passed to; of service-linked roles; AWS policies attached.
    """

    area: Area
    features: frozenset[Feature] = frozenset()
    reads: tuple[str, ...] = ()
    at_home: tuple[str, ...] = ()
    at_edge: tuple[str, ...] = ()
    by_name: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    named: tuple[Named, ...] = ()
    passed_to: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()


def _of(*features: Feature) -> frozenset[Feature]:
    return frozenset(features)


SERVICES: tuple[Service, ...] = (
    # --- base
    Service(
        area=Area.BASE,
        reads=("ec2:Describe*", "ec2:GetManagedPrefixListEntries"),
        at_home=(
            "ec2:*Address", "ec2:*FlowLogs", "ec2:*InternetGateway", "ec2:*NatGateway", "ec2:*NetworkAcl*",
            "ec2:*Route", "ec2:*RouteTable*", "ec2:*SecurityGroup*", "ec2:*Subnet", "ec2:*Tags", "ec2:*Vpc",
            "ec2:*VpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute",
        ),
        passed_to=("vpc-flow-logs.amazonaws.com",),
        linked=("delivery.logs.amazonaws.com",),
    ),
    Service(
        area=Area.BASE,
        features=_of(Feature.VPN),
        at_home=("ec2:*ClientVpn*",),
        linked=("clientvpn.amazonaws.com", "clientvpn-connections.amazonaws.com"),
    ),
    Service(
        area=Area.BASE,
        features=_of(Feature.ENDPOINTS),
        at_edge=("route53:AssociateVPCWithHostedZone",),  # private names of interface endpoints
    ),
    # --- data
    Service(
        area=Area.DATA,
        features=_of(Feature.DATABASE),
        reads=("rds:Describe*", "rds:List*"),
        by_name=(
            "rds:*BackupsReplication", "rds:*Tags*", "rds:Create*", "rds:Delete*", "rds:Modify*",
            "rds:RebootDBInstance", "rds:Reset*", "rds:RestoreDBClusterFromSnapshot",
            "rds:RestoreDBClusterToPointInTime", "rds:RestoreDBInstanceFromDBSnapshot",
            "rds:RestoreDBInstanceToPointInTime",  # a recovery stack's database begins as a snapshot (BER-DR-19)
        ),
        named=(
            Named(service="rds", resource="*:{name}"),
            Named(service="rds", resource="*:{name}-*"),  # instances of a cluster; parameter groups by version
            Named(service="rds", resource="*snapshot:{name}*"),
            Named(service="rds", resource="auto-backup:*"),
            Named(service="rds", resource="og:default*"),
            Named(service="rds", resource="pg:default*"),
        ),
        passed_to=("monitoring.rds.amazonaws.com", "rds.amazonaws.com"),
        linked=("rds.amazonaws.com",),
        attached=("service-role/AmazonRDSEnhancedMonitoringRole",),
    ),
    Service(
        area=Area.DATA,
        features=_of(Feature.CACHE),
        reads=("elasticache:Describe*", "elasticache:List*"),
        by_name=(
            "elasticache:*ReplicaCount", "elasticache:*Tags*", "elasticache:Create*", "elasticache:Delete*",
            "elasticache:Modify*", "elasticache:Reset*",
        ),
        named=(
            Named(service="elasticache", resource="*:{name}", limit=40),
            Named(service="elasticache", resource="*:{name}-*", limit=40),  # nodes; parameter groups by version
            Named(service="elasticache", resource="snapshot:{name}*", limit=40),
            Named(service="elasticache", resource="parametergroup:default*"),
        ),
        linked=("elasticache.amazonaws.com",),
    ),
    Service(
        area=Area.DATA,
        features=_of(Feature.BACKUP),
        reads=("backup:Describe*", "backup:Get*", "backup:List*"),
        at_home=(
            "backup-storage:Mount*", "backup:*BackupPlan", "backup:*BackupSelection", "backup:*RestoreTesting*",
            "backup:TagResource", "backup:UntagResource",
        ),
        by_name=("backup:*BackupVault*",),
        named=(Named(service="backup", resource="backup-vault:{name}", limit=50),),
        passed_to=("backup.amazonaws.com",),
        linked=("backup.amazonaws.com", "restore-testing.backup.amazonaws.com"),
        attached=("AWSBackupServiceRolePolicyFor*", "service-role/AWSBackupServiceRolePolicyFor*"),
    ),
    # --- compute
    Service(
        area=Area.COMPUTE,
        features=_of(Feature.CONTAINERS),
        reads=(
            "application-autoscaling:Describe*", "application-autoscaling:List*", "ecr:Describe*", "ecr:Get*",
            "ecr:List*", "ecs:Describe*", "ecs:List*", "servicediscovery:Get*", "servicediscovery:List*",
        ),
        at_home=(
            "application-autoscaling:*ScalableTarget", "application-autoscaling:*ScalingPolicy",
            "application-autoscaling:TagResource", "application-autoscaling:UntagResource",
            "ecs:DeregisterTaskDefinition", "servicediscovery:*Namespace", "servicediscovery:*Service",
            "servicediscovery:DeregisterInstance", "servicediscovery:TagResource", "servicediscovery:UntagResource",
        ),
        by_name=(
            "ecr:*Layer*", "ecr:Create*", "ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository", "ecr:Put*",
            "ecr:TagResource", "ecr:UntagResource", "ecs:Create*", "ecs:Delete*", "ecs:Put*",
            "ecs:RegisterTaskDefinition", "ecs:TagResource", "ecs:UntagResource", "ecs:Update*",
        ),
        named=(
            Named(service="ecr", resource="repository/{name}"),
            Named(service="ecs", resource="*/{name}"),
            Named(service="ecs", resource="task-definition/{name}:*"),
        ),
        # Application Auto Scaling User Guide, "Permissions validation for API calls on target resources"
        tried=("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "ecs:UpdateService"),
        passed_to=("ecs-tasks.amazonaws.com",),
        linked=("ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com"),
    ),
    Service(
        area=Area.COMPUTE,
        features=_of(Feature.BALANCER),
        reads=("elasticloadbalancing:Describe*",),
        by_name=("elasticloadbalancing:*",),
        named=(Named(service="elasticloadbalancing", resource="*/{name}/*", limit=32),),
        linked=("elasticloadbalancing.amazonaws.com",),
    ),
    Service(
        area=Area.INSTANCES,
        features=_of(Feature.FLEET),
        reads=(
            "autoscaling:Describe*", "codedeploy:BatchGet*", "codedeploy:Get*", "codedeploy:List*",
            "iam:GetInstanceProfile", "iam:GetServiceLinkedRoleDeletionStatus", "scheduler:Get*", "scheduler:List*",
            "ssm:Describe*",
        ),
        at_home=(
            "ec2:*IamInstanceProfile*", "ec2:*LaunchTemplate*", "ec2:DeleteKeyPair", "ec2:ImportKeyPair",
            "ec2:ModifyInstance*", "ec2:MonitorInstances", "ec2:RunInstances", "ec2:StartInstances",
            "ec2:StopInstances", "ec2:TerminateInstances", "ec2:UnmonitorInstances",
        ),
        by_name=(
            "autoscaling:*InstanceRefresh", "autoscaling:*LoadBalancer*", "autoscaling:*MetricsCollection",
            "autoscaling:*Policy", "autoscaling:*Processes", "autoscaling:*Tags", "autoscaling:*TrafficSources",
            "autoscaling:CreateAutoScalingGroup", "autoscaling:DeleteAutoScalingGroup", "autoscaling:*LifecycleHook",
            "autoscaling:*NotificationConfiguration", "autoscaling:Set*", "autoscaling:UpdateAutoScalingGroup",
            "codedeploy:Create*", "codedeploy:Delete*", "codedeploy:RegisterApplicationRevision",
            "codedeploy:StopDeployment", "codedeploy:TagResource", "codedeploy:UntagResource", "codedeploy:Update*",
            "iam:*InstanceProfile", "iam:DeleteServiceLinkedRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRole",
            "scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule",
        ),
        named=(
            Named(service="autoscaling", resource="autoScalingGroup:*:autoScalingGroupName/{name}", limit=255),
            Named(service="codedeploy", resource="application:{name}", limit=100),
            Named(service="codedeploy", resource="deploymentgroup:{name}/*", limit=100),
            Named(service="codedeploy", resource="deploymentconfig:*"),
            Named(service="iam", resource="instance-profile/{name}", limit=64, everywhere=True),
            Named(service="iam", resource="role/aws-service-role/autoscaling.amazonaws.com/*", everywhere=True),
            Named(service="scheduler", resource="schedule/*/{name}", limit=64),
        ),
        passed_to=("codedeploy.amazonaws.com", "ec2.amazonaws.com", "scheduler.amazonaws.com"),
        linked=("autoscaling.amazonaws.com",),
        attached=("AmazonSSMManagedInstanceCore", "service-role/AWSCodeDeployRole"),
    ),
    Service(
        area=Area.COMPUTE,
        features=_of(Feature.FUNCTIONS),
        reads=("lambda:Get*", "lambda:List*", "sqs:GetQueue*", "sqs:ListQueueTags"),
        # what a deleted function leaves in the network, for half an hour, in the way of its group and subnets
        at_home=("ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"),
        by_name=(
            "lambda:AddPermission", "lambda:Create*", "lambda:Delete*", "lambda:Publish*", "lambda:Put*",
            "lambda:RemovePermission", "lambda:TagResource", "lambda:UntagResource", "lambda:Update*",
            "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue",
        ),
        named=(
            Named(service="lambda", resource="function:{name}", limit=64),
            Named(service="sqs", resource="{name}", limit=80),
        ),
        passed_to=("lambda.amazonaws.com",),
        attached=("service-role/AWSLambdaVPCAccessExecutionRole",),
    ),
    # --- edge
    Service(
        area=Area.EDGE,
        features=_of(Feature.DOMAIN),
        reads=("acm:Describe*", "acm:Get*", "acm:List*", "route53:Get*", "route53:List*"),
        at_edge=(
            "acm:*Certificate", "route53:*HealthCheck", "route53:*QueryLoggingConfig", "route53:Change*",
            "route53:CreateHostedZone", "route53:DeleteHostedZone", "route53:UpdateHostedZoneComment",
        ),
    ),
    Service(
        area=Area.EDGE,
        features=_of(Feature.CDN),
        reads=("cloudfront:Get*", "cloudfront:List*"),
        at_edge=(
            "cloudfront:AllowVendedLogDeliveryForResource", "cloudfront:Create*", "cloudfront:Delete*",
            "cloudfront:TagResource", "cloudfront:UntagResource", "cloudfront:Update*",
        ),
        by_name=("logs:TagResource", "logs:UntagResource"),
        named=(
            Named(service="logs", resource="delivery:*"),
            Named(service="logs", resource="delivery-*:{name}", limit=60),
        ),
    ),
    Service(
        area=Area.EDGE,
        features=_of(Feature.FIREWALL),
        reads=("wafv2:Get*", "wafv2:List*"),
        at_edge=(
            "wafv2:*IPSet", "wafv2:*LoggingConfiguration", "wafv2:*WebACL", "wafv2:TagResource",
            "wafv2:UntagResource",
        ),
        linked=("wafv2.amazonaws.com",),
    ),
    Service(
        area=Area.EDGE,
        features=_of(Feature.API),
        reads=("apigateway:GET",),
        at_edge=(
            "apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:SetWebACL",
            "apigateway:UpdateRestApiPolicy",
        ),
        passed_to=("apigateway.amazonaws.com",),
        linked=("ops.apigateway.amazonaws.com",),
        attached=("service-role/AmazonAPIGatewayPushToCloudWatchLogs",),
    ),
    Service(
        area=Area.EDGE,
        features=_of(Feature.DIRECTORY),
        reads=(
            "cognito-identity:Describe*", "cognito-identity:GetIdentityPoolRoles",
            "cognito-identity:ListTagsForResource", "cognito-idp:Describe*", "cognito-idp:GetUserPoolMfaConfig",
            "cognito-idp:GetWebACLForResource", "cognito-idp:ListTagsForResource",
        ),
        at_home=(
            "cognito-identity:*IdentityPool", "cognito-identity:SetIdentityPoolRoles", "cognito-identity:TagResource",
            "cognito-identity:UntagResource", "cognito-idp:*UserPool", "cognito-idp:*UserPoolClient",
            "cognito-idp:*UserPoolDomain", "cognito-idp:*WebACL", "cognito-idp:AddCustomAttributes",
            "cognito-idp:CreateGroup", "cognito-idp:DeleteGroup", "cognito-idp:GetGroup",
            "cognito-idp:SetLogDeliveryConfiguration",
            "cognito-idp:SetUserPoolMfaConfig", "cognito-idp:TagResource", "cognito-idp:UntagResource",
            "cognito-idp:UpdateGroup",
        ),
        passed_to=("cognito-identity.amazonaws.com", "cognito-idp.amazonaws.com"),
        linked=("email.cognito-idp.amazonaws.com",),
    ),
    # --- watching
    Service(
        area=Area.WATCH,
        reads=(
            "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "logs:Describe*", "logs:GetDelivery*",
            "logs:List*", "sns:Get*", "sns:List*",
        ),
        at_edge=(
            "logs:*Delivery*", "logs:*QueryDefinition", "logs:*ResourcePolic*", "sns:SetSubscriptionAttributes",
            "sns:Unsubscribe",
        ),
        by_name=(
            "cloudwatch:Delete*", "cloudwatch:Put*", "cloudwatch:TagResource", "cloudwatch:UntagResource",
            "logs:*KmsKey", "logs:*LogGroup", "logs:*MetricFilter", "logs:*RetentionPolicy",
            "logs:TagResource", "logs:UntagResource", "sns:*Permission", "sns:CreateTopic", "sns:DeleteTopic",
            "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource", "sns:UntagResource",
        ),
        named=(
            Named(service="cloudwatch", resource="alarm:{name}", limit=255),
            Named(service="cloudwatch", resource="dashboard/{name}", everywhere=True),
            Named(service="logs", resource="log-group:*{system}*"),
            Named(service="sns", resource="{name}", limit=256),
        ),
    ),
    Service(
        area=Area.WATCH,
        features=_of(Feature.DATABASE),
        named=(Named(service="logs", resource="log-group:/aws/rds/*/{name}/*"),),
    ),
    Service(
        area=Area.WATCH,
        features=_of(Feature.API),
        by_name=("logs:*LogGroup", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"),
        named=(Named(service="logs", resource="log-group:API-Gateway-Execution-Logs_*"),),
    ),
    Service(
        area=Area.WATCH,
        features=_of(Feature.TRAIL),
        reads=("cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*"),
        by_name=("cloudtrail:*Tags", "cloudtrail:*Trail", "cloudtrail:Put*Selectors", "cloudtrail:StartLogging"),
        named=(Named(service="cloudtrail", resource="trail/{name}", limit=128),),
        passed_to=("cloudtrail.amazonaws.com",),
    ),
    Service(
        area=Area.WATCH,
        features=_of(Feature.EVENTS),
        reads=("events:Describe*", "events:List*"),
        by_name=(
            "events:DeleteRule", "events:DisableRule", "events:EnableRule", "events:PutRule", "events:PutTargets",
            "events:RemoveTargets", "events:TagResource", "events:UntagResource",
        ),
        named=(Named(service="events", resource="rule/{name}", limit=64),),
        passed_to=("events.amazonaws.com",),
    ),
    Service(
        area=Area.WATCH,
        features=_of(Feature.COST),
        reads=("budgets:ListTagsForResource", "budgets:ViewBudget", "ce:GetAnomaly*", "ce:ListTagsForResource"),
        at_edge=("ce:CreateAnomaly*", "ce:DeleteAnomaly*", "ce:TagResource", "ce:UntagResource", "ce:UpdateAnomaly*"),
        by_name=("budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"),
        named=(Named(service="budgets", resource="budget/{name}", limit=100, everywhere=True),),
    ),
    Service(
        area=Area.WATCH,
        features=_of(Feature.DETECTION),
        reads=(
            "access-analyzer:Get*", "access-analyzer:List*", "config:Describe*", "config:Get*", "config:List*",
            "guardduty:Get*", "guardduty:List*", "securityhub:Describe*", "securityhub:Get*", "securityhub:List*",
        ),
        at_home=(
            "access-analyzer:*Analyzer", "access-analyzer:TagResource", "access-analyzer:UntagResource",
            "config:*ConfigRule*", "config:*ConfigurationRecorder*", "config:*ConformancePack",
            "config:*DeliveryChannel", "config:TagResource", "config:UntagResource", "guardduty:*Detector*",
            "guardduty:*PublishingDestination", "guardduty:TagResource", "guardduty:UntagResource",
            "securityhub:BatchDisableStandards", "securityhub:BatchEnableStandards",
            "securityhub:DisableSecurityHub", "securityhub:EnableSecurityHub", "securityhub:TagResource",
            "securityhub:UntagResource", "securityhub:UpdateSecurityHubConfiguration",
        ),
        passed_to=("config.amazonaws.com",),
        linked=(
            "access-analyzer.amazonaws.com", "config-conforms.amazonaws.com", "config.amazonaws.com",
            "guardduty.amazonaws.com", "malware-protection.guardduty.amazonaws.com", "securityhub.amazonaws.com",
        ),
        attached=("service-role/AWS_ConfigRole",),
    ),
    Service(
        area=Area.WATCH,
        features=_of(Feature.TRACING),
        reads=(
            "xray:GetEncryptionConfig", "xray:GetGroup*", "xray:GetSamplingRules", "xray:ListTagsForResource",
        ),
        at_home=(
            "xray:*Group", "xray:*SamplingRule", "xray:PutEncryptionConfig", "xray:TagResource", "xray:UntagResource",
        ),
    ),
)  # fmt: skip
"""Every service the program can use; keys, buckets, secrets and roles have statements of their own."""


def used(features: frozenset[Feature]) -> list[Service]:
    """The services a stack with these features uses."""
    return [service for service in SERVICES if not service.features or service.features & features]
