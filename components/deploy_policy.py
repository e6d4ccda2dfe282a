"""What the deploying role may do: manage the resources the program declares, and read no patient data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.iam_documents import Statement, allow, document
from components.scope import Scope

POLICY_LIMIT = 10_240
"""Characters without white space of all inline policies of a role (IAM User Guide, "IAM and AWS STS quotas")."""
_GLOBAL_REGION = "us-east-1"  # of IAM, CloudFront and Route 53, and of the CDN's certificate and alarms (ALL-07)
_READ = (
    "acm:Describe*", "acm:List*", "application-autoscaling:Describe*", "application-autoscaling:List*",
    "backup:Describe*", "backup:Get*", "backup:List*", "cloudfront:Get*", "cloudfront:List*",
    "cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*", "cloudwatch:Describe*", "cloudwatch:Get*",
    "cloudwatch:List*", "ec2:Describe*", "ecr:Describe*", "ecr:Get*", "ecr:List*", "ecs:Describe*", "ecs:List*",
    "elasticache:Describe*", "elasticache:List*", "elasticloadbalancing:Describe*", "iam:GetOpenIDConnectProvider",
    "iam:ListOpenIDConnectProviders", "kms:Describe*", "kms:Get*", "kms:List*", "logs:Describe*", "logs:List*",
    "rds:Describe*", "rds:List*", "route53:Get*", "route53:List*", "secretsmanager:DescribeSecret",
    "secretsmanager:GetResourcePolicy", "secretsmanager:ListSecretVersionIds", "sns:Get*", "sns:List*",
    "wafv2:Get*", "wafv2:List*",
)  # fmt: skip
_UNNAMED = (  # their ARNs hold generated ids, so names cannot narrow them
    "application-autoscaling:*ScalableTarget", "application-autoscaling:*ScalingPolicy",
    "application-autoscaling:TagResource", "application-autoscaling:UntagResource", "backup:*BackupPlan",
    "backup:*BackupSelection", "backup:TagResource", "backup:UntagResource", "backup-storage:MountCapsule",
    "ec2:*Address", "ec2:*FlowLogs", "ec2:*InternetGateway", "ec2:*NatGateway", "ec2:*NetworkAcl*", "ec2:*Route",
    "ec2:*RouteTable*", "ec2:*SecurityGroup*", "ec2:*Subnet", "ec2:*Tags", "ec2:*Vpc", "ec2:*VpcEndpoint",
    "ec2:DeleteVpcEndpoints", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute", "ecs:DeregisterTaskDefinition",
)  # fmt: skip
_EDGE = (
    "acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:RemoveTagsFromCertificate", "acm:RequestCertificate",
    "cloudfront:AllowVendedLogDeliveryForResource", "cloudfront:Create*", "cloudfront:Delete*",
    "cloudfront:TagResource", "cloudfront:UntagResource", "cloudfront:Update*", "logs:*Delivery*",
    "logs:*ResourcePolic*", "route53:Change*", "route53:CreateHostedZone", "route53:DeleteHostedZone",
    "route53:UpdateHostedZoneComment", "sns:SetSubscriptionAttributes", "sns:Unsubscribe",
    "wafv2:*LoggingConfiguration", "wafv2:*WebACL", "wafv2:TagResource", "wafv2:UntagResource",
)  # fmt: skip
_BUCKETS = (
    "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:Get*Configuration", "s3:GetBucket*",
    "s3:ListBucket", "s3:ListTagsForResource", "s3:Put*Configuration", "s3:PutBucket*", "s3:TagResource",
    "s3:UntagResource",
)  # fmt: skip
_NAMED = (  # only on ARNs that carry the stack's name
    "backup:*BackupVault*", "cloudtrail:*Tags", "cloudtrail:*Trail", "cloudtrail:Put*Selectors",
    "cloudtrail:StartLogging", "cloudwatch:Delete*", "cloudwatch:Put*", "cloudwatch:TagResource",
    "cloudwatch:UntagResource", "ecr:*Layer*", "ecr:Create*", "ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository",
    "ecr:Put*", "ecr:TagResource", "ecr:UntagResource", "ecs:Create*", "ecs:Delete*", "ecs:Put*",
    "ecs:RegisterTaskDefinition", "ecs:TagResource", "ecs:UntagResource", "ecs:Update*", "elasticache:*Tags*",
    "elasticache:Create*", "elasticache:*ReplicaCount", "elasticache:Delete*", "elasticache:Modify*",
    "elasticache:Reset*", "elasticloadbalancing:*", "logs:*LogGroup", "logs:*MetricFilter", "logs:AssociateKmsKey",
    "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource", "rds:*BackupsReplication", "rds:*Tags*",
    "rds:Create*", "rds:Delete*", "rds:Modify*", "rds:RebootDBInstance", "rds:Reset*",
    "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret",
    "secretsmanager:PutSecretValue", "secretsmanager:RestoreSecret", "secretsmanager:TagResource",
    "secretsmanager:UntagResource", "secretsmanager:UpdateSecret*", "sns:CreateTopic", "sns:DeleteTopic",
    "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource", "sns:UntagResource",
)  # fmt: skip
_KEYS = (
    "kms:*Alias", "kms:*KeyDeletion", "kms:*KeyRotation", "kms:CreateGrant", "kms:EnableKey", "kms:PutKeyPolicy",
    "kms:RetireGrant", "kms:UntagResource", "kms:UpdateKeyDescription",
)  # fmt: skip
_VIA = [f"{service}.*.amazonaws.com" for service in ("backup", "elasticache", "rds", "secretsmanager")]
"""Services that try the caller's key when something is created with it (Secrets Manager User Guide, "Permissions for
the KMS key"; AWS Backup Developer Guide, "Access control")."""
_ROLES = (
    "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:GetRole*", "iam:List*",
    "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole*",
)  # fmt: skip
_ATTACHED = ("AWSBackupServiceRolePolicyFor*", "service-role/AWSBackupServiceRolePolicyFor*",
             "service-role/AmazonRDSEnhancedMonitoringRole")  # fmt: skip
PASSED_TO = (
    "backup.amazonaws.com", "cloudtrail.amazonaws.com", "ecs-tasks.amazonaws.com", "monitoring.rds.amazonaws.com",
    "rds.amazonaws.com", "s3.amazonaws.com", "vpc-flow-logs.amazonaws.com",
)  # fmt: skip
LINKED = (
    "backup.amazonaws.com", "delivery.logs.amazonaws.com", "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com", "elasticache.amazonaws.com", "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com", "wafv2.amazonaws.com",
)  # fmt: skip
_PATIENT_DATA = (
    "backup:StartRestoreJob", "ecs:ExecuteCommand", "elasticache:Connect", "elasticache:CopySnapshot",
    "elasticache:ExportServerlessCacheSnapshot", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogRecord",
    "logs:GetQueryResults", "logs:StartLiveTail", "logs:StartQuery", "logs:Unmask", "rds-data:*", "rds-db:connect",
    "rds:Download*", "rds:ModifyDBSnapshotAttribute", "rds:StartExportTask", "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue", "ssm:StartSession",
)  # fmt: skip
"""Ways to patient records beside objects and keys: queries, log lines, shells, shared or exported copies."""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What is deployed.

    role, provider: ARNs of the deploying role itself and of GitHub's identity provider.
    recovery_region: where copies are kept, if anywhere.
    state_bucket, state_alias: bucket of the program's state, and alias of the key its secrets are encrypted with.
    more_buckets, more_roles: names that do not follow the scope's pattern.
    """

    scope: Scope
    role: str
    provider: str
    recovery_region: str | None
    state_bucket: str
    state_alias: str
    more_buckets: Sequence[str] = ()
    more_roles: Sequence[str] = ()


def deploy_policy(deployed: Deployed) -> str:
    """The policy of the deploying role, fewer characters than IAM's limit of 10,240 (BER-IAM-07, ALL-13, ALL-15).

    It may write policies of the system's other roles, so whoever may change the deployed branch is trusted with what
    those roles could be given; it can take none of them itself.
    Source: IAM User Guide, "Policies and permissions"; 45 CFR 164.308(a)(4), 164.312(a)(1).
    """
    return document(*_allowed(deployed), *_refused(deployed))


def _any_region(scope: Scope, service: str, resource: str) -> str:
    return scope.arn(service, resource, region="*")


def _named(scope: Scope, limit: int) -> str:
    """Pattern of physical names of at most `limit` characters, shortened ones too; see `Scope.name`."""
    prefix = f"{scope.system}-{scope.environment}-"
    return (prefix if len(prefix) <= limit - 9 else prefix[: limit - 9].rstrip("-")) + "*"


def _own_names(scope: Scope) -> list[str]:
    """ARNs of everything whose name says that it is of this stack."""
    own, secret = _named(scope, 63), f"secret:{scope.secret('*')}"
    return [
        _any_region(scope, "backup", f"backup-vault:{_named(scope, 50)}"),
        _any_region(scope, "cloudtrail", f"trail/{own}"),
        _any_region(scope, "cloudwatch", f"alarm:{own}"),
        scope.arn("cloudwatch", f"dashboard/{own}", region=""),
        _any_region(scope, "ecr", f"repository/{own}"),
        _any_region(scope, "ecs", f"*/{own}"),
        _any_region(scope, "elasticache", f"*:{_named(scope, 40)}"),
        _any_region(scope, "elasticloadbalancing", f"*/{_named(scope, 32)}"),
        _any_region(scope, "logs", f"log-group:*{scope.system}*"),
        _any_region(scope, "rds", f"*:{own}"),
        _any_region(scope, "rds", "auto-backup:*"),
        _any_region(scope, "rds", "og:default*"),
        _any_region(scope, "secretsmanager", secret),
        _any_region(scope, "sns", own),
    ]


def _allowed(deployed: Deployed) -> list[Statement]:
    scope = deployed.scope
    home = sorted({scope.region} | ({deployed.recovery_region} if deployed.recovery_region else set()))
    everywhere = sorted({*home, _GLOBAL_REGION})
    in_home: dict[str, Any] = {"aws:RequestedRegion": home}
    in_all: dict[str, Any] = {"aws:RequestedRegion": everywhere}
    of_stack = {"aws:ResourceTag/Project": scope.system, "aws:ResourceTag/Environment": scope.environment}
    buckets = [f"{scope.bucket('*')}*", *deployed.more_buckets]
    roles = [scope.arn("iam", f"role/{role}", region="") for role in (_named(scope, 64), *deployed.more_roles)]
    keys, state = _any_region(scope, "kms", "key/*"), f"arn:aws:s3:::{deployed.state_bucket}"
    return [
        allow("Look", _READ, ["*"], StringEquals=in_all),
        allow("ManageNetwork", _UNNAMED, ["*"], StringEquals=in_home),
        allow("ManageEdge", _EDGE, ["*"], StringEquals=in_all),
        allow("ManageByName", _NAMED, _own_names(scope), StringEquals=in_all),
        allow("ManageBuckets", _BUCKETS, [f"arn:aws:s3:::{name}" for name in buckets], StringEquals=in_home),
        allow("CreateKeys", ["kms:CreateKey", "kms:TagResource"], ["*"], StringEquals=in_all),
        allow("ManageKeys", _KEYS, [keys], StringEquals=of_stack),
        allow(
            "NameKeys",
            ["kms:*Alias"],
            [_any_region(scope, "kms", f"alias/{_named(scope, 63)}")],
        ),
        allow(
            "TryKeys",
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            [keys],
            StringEquals=of_stack,
            StringLike={"kms:ViaService": _VIA},
        ),
        allow(
            "KeepState",
            ["s3:DeleteObject", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket", "s3:PutObject"],
            [state, f"{state}/*"],
        ),
        allow(
            "OpenState",
            ["kms:Decrypt", "kms:Encrypt"],
            [keys],
            **{"ForAnyValue:StringEquals": {"kms:ResourceAliases": [deployed.state_alias]}},
        ),
        allow("ManageRoles", _ROLES, roles),
        allow(
            "AttachPolicies",
            ["iam:AttachRolePolicy"],
            roles,
            ArnLike={"iam:PolicyARN": [f"arn:aws:iam::aws:policy/{name}" for name in _ATTACHED]},
        ),
        allow("PassRoles", ["iam:PassRole"], roles, StringEquals={"iam:PassedToService": list(PASSED_TO)}),
        allow(
            "LinkServices",
            ["iam:CreateServiceLinkedRole"],
            [scope.arn("iam", "role/aws-service-role/*", region="")],
            StringEquals={"iam:AWSServiceName": list(LINKED)},
        ),
    ]


def _refused(deployed: Deployed) -> list[Statement]:
    """Refusals win over every permission, also over one attached later."""
    return [
        {
            "Sid": "NeverChangeItself",
            "Effect": "Deny",
            "NotAction": ["iam:Get*", "iam:List*"],
            "Resource": [deployed.role, deployed.provider],
        },
        {"Sid": "NeverBecomeAnother", "Effect": "Deny", "Action": ["sts:AssumeRole"], "Resource": ["*"]},
        {"Sid": "NeverReadPatientData", "Effect": "Deny", "Action": list(_PATIENT_DATA), "Resource": ["*"]},
        {
            "Sid": "NeverReadObjectsButState",
            "Effect": "Deny",
            "Action": ["s3:GetObject*"],
            "NotResource": [f"arn:aws:s3:::{deployed.state_bucket}/*"],
        },
        {
            "Sid": "NeverDecryptButState",
            "Effect": "Deny",
            "Action": ["kms:Decrypt", "kms:ReEncryptFrom"],
            "Resource": ["*"],
            "Condition": {
                "StringNotLike": {"kms:ViaService": _VIA},
                "ForAllValues:StringNotEquals": {"kms:ResourceAliases": [deployed.state_alias]},
            },
        },
    ]
