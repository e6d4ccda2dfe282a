"""Who the application is, and who may deploy it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.iam_documents import Statement, allow, document, trust
from components.scope import DataClass, Scope
from settings.identity import GithubSettings

GITHUB_ISSUER = "token.actions.githubusercontent.com"
_SESSION_SECONDS = 3600
_DEPLOYED_SERVICES = (
    "acm", "application-autoscaling", "backup", "backup-storage", "cloudfront", "cloudtrail", "cloudwatch", "ec2",
    "ecr", "ecs", "elasticache", "elasticloadbalancing", "kms", "logs", "rds", "route53", "s3", "secretsmanager",
    "sns", "wafv2",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TaskRolesArgs:
    """Inputs of `TaskRoles`.

    bucket_arns: buckets the application keeps objects in.   secret_arns: secrets it and its start-up read.
    kms_key_arns: keys of those buckets and secrets.
    """

    scope: Scope
    bucket_arns: Sequence[str]
    secret_arns: Sequence[pulumi.Input[str]]
    kms_key_arns: Sequence[pulumi.Input[str]]


class TaskRoles(pulumi.ComponentResource):
    """The role that starts tasks and the role they run as; both exist before any service does (BER-CMP-02).

    Source: Amazon ECS Developer Guide, "Task execution IAM role" and "Task IAM role"; 45 CFR 164.312(a)(1).
    BER-IAM-01, BER-IAM-02, BER-N31.
    """

    execution_role_arn: pulumi.Output[str]
    task_role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: TaskRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:identity:TaskRoles", name, {}, opts)
        self._name, self._scope = name, args.scope
        self.execution_role_arn = self._role(
            "execution", "Starts tasks: pulls images, writes logs, reads secrets", args
        )
        self.task_role_arn = self._role("task", "What the application may do while it runs", args)
        self.register_outputs({"execution_role_arn": self.execution_role_arn, "task_role_arn": self.task_role_arn})

    def _role(self, role: str, description: str, args: TaskRolesArgs) -> pulumi.Output[str]:
        from pulumi_aws import iam

        child, scope = pulumi.ResourceOptions(parent=self), self._scope
        physical = scope.name(f"ecs-{role}", limit=64)
        made = iam.Role(
            f"{self._name}-{role}",
            name=physical,
            description=description,
            assume_role_policy=trust("ecs-tasks.amazonaws.com", scope, source=scope.arn("ecs", "*")),
            max_session_duration=_SESSION_SECONDS,
            tags=scope.tagged(DataClass.PHI, physical),
            opts=child,
        )
        statements = _execution(scope) if role == "execution" else _task(scope, args)
        policy = iam.RolePolicy(
            f"{self._name}-{role}", name=role, role=made.name, policy=document(*statements), opts=child
        )
        return pulumi.Output.all(made.arn, policy.id).apply(lambda parts: str(parts[0]))


def _secrets(scope: Scope) -> str:
    """Secrets of this system and environment: AWS adds six characters to each name."""
    return scope.arn("secretsmanager", f"secret:{scope.system}/{scope.environment}/*")


def _decrypt(scope: Scope, services: Sequence[str]) -> dict[str, object]:
    """Keys of this stack by their aliases, through the services that keep the data."""
    return {
        "Sid": "UseKeys",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": [scope.arn("kms", "key/*")],
        "Condition": {
            "StringEquals": {"kms:ViaService": [f"{service}.{scope.region}.amazonaws.com" for service in services]},
            "ForAnyValue:StringLike": {"kms:ResourceAliases": [f"alias/{scope.system}-{scope.environment}-*"]},
        },
    }


def _execution(scope: Scope) -> list[Statement]:
    prefix = f"{scope.system}-{scope.environment}"
    return [
        allow("SignInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "PullImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [scope.arn("ecr", f"repository/{prefix}*"), scope.arn("ecr", f"repository/{scope.system}/*")],
        ),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [scope.arn("logs", f"log-group:*{scope.system}*{scope.environment}*:*")],
        ),
        allow("ReadSecrets", ["secretsmanager:GetSecretValue"], [_secrets(scope)]),
        _decrypt(scope, ["secretsmanager"]),
    ]


def _task(scope: Scope, args: TaskRolesArgs) -> list[Statement]:
    statements: list[Statement] = []
    if args.bucket_arns:
        statements += [
            allow(
                "KeepObjects",
                ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
                [f"{arn}/*" for arn in args.bucket_arns],
            ),
            allow("ListObjects", ["s3:ListBucket"], list(args.bucket_arns)),
        ]
    if args.secret_arns:
        statements.append(allow("ReadSecrets", ["secretsmanager:GetSecretValue"], [_secrets(scope)]))
    return [*statements, _decrypt(scope, ["s3", "secretsmanager"])]


@dataclass(frozen=True, kw_only=True)
class DeployRoleArgs:
    """Inputs of `DeployRole`."""

    scope: Scope
    settings: GithubSettings


class DeployRole(pulumi.ComponentResource):
    """The role a GitHub Actions job of one repository and environment takes to deploy this stack, without stored keys.

    It manages the services the program uses, in the stack's region and the global ones, and only roles of this stack.
    Source: IAM User Guide, "Create a role for OpenID Connect federation"; BER-IAM-07, ALL-13; 45 CFR 164.312(d).
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: DeployRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:identity:DeployRole", name, {}, opts)
        from pulumi_aws import iam

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        provider = scope.arn("iam", f"oidc-provider/{GITHUB_ISSUER}", region="")
        needs: list[pulumi.Resource] = []
        if settings.create_provider:
            needs.append(
                iam.OpenIdConnectProvider(
                    f"{name}-github",
                    url=f"https://{GITHUB_ISSUER}",
                    client_id_lists=["sts.amazonaws.com"],
                    tags=scope.tagged(DataClass.INTERNAL, GITHUB_ISSUER),
                    opts=child,
                )
            )
        physical = scope.name("deploy", limit=64)
        role = iam.Role(
            f"{name}-role",
            name=physical,
            description="Deploys this stack from GitHub Actions",
            assume_role_policy=_github_trust(provider, settings),
            max_session_duration=_SESSION_SECONDS,
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=pulumi.ResourceOptions(parent=self, depends_on=needs),
        )
        iam.RolePolicy(f"{name}-policy", name="deploy", role=role.name, policy=_deployment(scope), opts=child)
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _github_trust(provider: str, settings: GithubSettings) -> str:
    subject = f"repo:{settings.organization}/{settings.repository}:environment:{settings.github_environment}"
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{GITHUB_ISSUER}:aud": "sts.amazonaws.com", f"{GITHUB_ISSUER}:sub": subject}
            },
        }
    )


def _deployment(scope: Scope) -> str:
    own_roles = scope.arn("iam", f"role/{scope.system}-{scope.environment}-*", region="")
    regions = sorted({scope.region, "us-east-1", *(("ca-west-1",) if scope.region == "ca-central-1" else ())})
    return document(
        allow(
            "ManageServices",
            [f"{service}:*" for service in _DEPLOYED_SERVICES],
            ["*"],
            StringEquals={"aws:RequestedRegion": regions},
        ),
        allow(
            "ManageOwnRoles",
            [
                "iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
            ],
            [own_roles],
        ),
        allow(
            "PassOwnRoles",
            ["iam:PassRole"],
            [own_roles],
            StringLike={"iam:PassedToService": "*.amazonaws.com"},
        ),
    )  # fmt: skip
