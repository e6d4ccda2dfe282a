"""The most any role of the stack can be given."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.iam_documents import allow, document
from components.scope import DataClass, Scope

_GLOBAL_REGION = "us-east-1"  # of IAM, CloudFront, Route 53 and billing
_SERVICES = (
    "acm", "apigateway", "application-autoscaling", "autoscaling", "backup", "backup-storage", "bedrock",
    "cloudfront", "cloudwatch", "codedeploy", "codedeploy-commands-secure", "cognito-identity", "cognito-idp",
    "cognito-sync", "config", "ec2", "ec2messages", "ecr", "ecs", "elasticache", "elasticloadbalancing", "events",
    "guardduty", "kms", "lambda", "logs", "rds", "route53", "s3", "secretsmanager", "securityhub", "servicediscovery",
    "ses", "sns", "sqs", "ssm", "ssmmessages", "tag", "wafv2", "xray",
)  # fmt: skip
"""Services that roles of a stack work with while it runs."""
_READ = ("cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*", "iam:Get*", "iam:List*")
"""What AWS Config records beside them."""
_CONNECT = (("rds-db:connect", "rds-db", "dbuser:*"), ("elasticache:Connect", "elasticache", "*"))
"""Sign-ins with tokens, which are no API requests and so have no region."""
_SAFEGUARDS = [
    "backup:DeleteBackupVault*", "backup:DeleteRecoveryPoint", "backup:PutBackupVault*", "config:Delete*",
    "config:Stop*", "guardduty:Delete*", "guardduty:Disassociate*", "guardduty:StopMonitoringMembers",
    "kms:DisableKey*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "logs:DeleteLogGroup", "logs:DeleteLogStream",
    "s3:BypassGovernanceRetention", "s3:DeleteBucketPolicy", "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock", "secretsmanager:DeleteSecret", "secretsmanager:PutResourcePolicy",
    "securityhub:Disable*",
]  # fmt: skip
_OPERATING_SYSTEM_METRICS = "log-group:RDSOSMetrics*"
"""The group RDS makes for Enhanced Monitoring, and gives a retention of 30 days, as the role it is passed."""


def boundary_name(scope: Scope) -> str:
    """Name of the boundary's policy, known before it exists."""
    return scope.name("boundary", limit=128)


def boundary_arn(scope: Scope) -> str:
    """ARN of the boundary's policy, known before it exists."""
    return scope.arn("iam", f"policy/{boundary_name(scope)}", region="")


@dataclass(frozen=True, kw_only=True)
class BoundaryArgs:
    """Inputs of `Boundary`.   recovery_region: where copies are kept, if anywhere."""

    scope: Scope
    recovery_region: str | None = None


class Boundary(pulumi.ComponentResource):
    """A permissions boundary: what a role may be given at most, whoever writes its policies.

    A role with it works with services in the stack's regions, passes roles of the stack, becomes no other identity,
    manages no identity, and undoes no safeguard: audit trail, keys, bucket policies, retention, backups, detection.
    Source: IAM User Guide, "Permissions boundaries for IAM entities"; OMN-N10, FAC-IAM-17, LWO-IAM-04;
    45 CFR 164.308(a)(4), 164.312(a)(1).
    """

    arn: pulumi.Output[str]
    name: str

    def __init__(self, name: str, args: BoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:boundary:Boundary", name, {}, opts)
        from pulumi_aws import iam

        self.name = boundary_name(args.scope)
        policy = iam.Policy(
            f"{name}-policy",
            name=self.name,
            description="The most a role of this stack can be given",
            policy=_document(args),
            tags=args.scope.tagged(DataClass.INTERNAL, self.name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})


def _document(args: BoundaryArgs) -> str:
    scope = args.scope
    regions = sorted({scope.region, args.recovery_region or scope.region, _GLOBAL_REGION})
    roles = [scope.arn("iam", f"role/{role}", region="") for role in scope.name_patterns(limit=64)]
    return document(
        allow(
            "WorkWithServices",
            [*(f"{service}:*" for service in _SERVICES), *_READ],
            ["*"],
            StringEquals={"aws:RequestedRegion": regions},
        ),
        *(
            allow(f"SignIn{position}", [action], [scope.arn(service, resource, region="*")])
            for position, (action, service, resource) in enumerate(_CONNECT)
        ),
        allow("PassOwnRoles", ["iam:PassRole"], roles),
        allow("KnowItself", ["sts:GetCallerIdentity"], ["*"]),
        {"Sid": "UndoNoSafeguard", "Effect": "Deny", "Action": _SAFEGUARDS, "Resource": "*"},
        {
            "Sid": "ShortenNoRetention",
            "Effect": "Deny",
            "Action": "logs:PutRetentionPolicy",
            "NotResource": scope.arn("logs", _OPERATING_SYSTEM_METRICS),
        },
    )
