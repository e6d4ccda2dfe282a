"""Who the application is, and who may deploy it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.deploy_policy import Deployed, deploy_policy
from components.iam_documents import Statement, allow, document, read_secrets, trust, use_keys
from components.scope import DataClass, Scope
from settings.identity import GithubSettings
from settings.recovery import StateBackendSettings

GITHUB_ISSUER = "token.actions.githubusercontent.com"
_SESSION_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class TaskRolesArgs:
    """Inputs of `TaskRoles`.

    bucket_arns: buckets the application keeps objects in.   secret_names: secrets it and its start-up read.
    key_aliases: aliases of the keys of both, known in advance; empty: those that follow the pattern of names.
    repository_names: where its images are; empty: repositories of the stack.
    tracing: whether a collector beside it sends traces to X-Ray.
    database_user: as whom it may sign in to the database with an IAM token; None: not at all.
    """

    scope: Scope
    bucket_arns: Sequence[str]
    secret_names: Sequence[str]
    key_aliases: Sequence[str] = ()
    repository_names: Sequence[str] = ()
    tracing: bool = False
    database_user: str | None = None


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
        statements = _execution(args) if role == "execution" else _task(args)
        policy = iam.RolePolicy(
            f"{self._name}-{role}", name=role, role=made.name, policy=document(*statements), opts=child
        )
        return pulumi.Output.all(made.arn, policy.id).apply(lambda parts: str(parts[0]))


def _execution(args: TaskRolesArgs) -> list[Statement]:
    scope = args.scope
    return [
        allow("SignInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "PullImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [scope.arn("ecr", f"repository/{name}") for name in sorted({*args.repository_names}) or [scope.name("*")]],
        ),
        allow(
            "WriteLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [scope.arn("logs", f"log-group:/{scope.system}/{scope.environment}/*:*")],
        ),
        *read_secrets(args.scope, args.secret_names, args.key_aliases),
    ]


def _task(args: TaskRolesArgs) -> list[Statement]:
    statements: list[Statement] = []
    if args.bucket_arns:
        statements += [
            allow(
                "KeepObjects",
                ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
                [f"{arn}/*" for arn in args.bucket_arns],
            ),
            allow("ListObjects", ["s3:ListBucket"], list(args.bucket_arns)),
            use_keys(
                "UseObjectKeys", args.scope, ["kms:Decrypt", "kms:GenerateDataKey"], "s3", aliases=args.key_aliases
            ),
        ]
    if args.database_user is not None:
        # the instance's own id is known only once it exists
        user = args.scope.arn("rds-db", f"dbuser:*/{args.database_user}")
        statements.append(allow("SignInToDatabase", ["rds-db:connect"], [user]))
    if args.tracing:
        # X-Ray knows no resources for these (Service Authorization Reference: AWS X-Ray)
        statements.append(
            allow(
                "SendTraces",
                [
                    "xray:GetSamplingRules",
                    "xray:GetSamplingStatisticSummaries",
                    "xray:GetSamplingTargets",
                    "xray:PutTelemetryRecords",
                    "xray:PutTraceSegments",
                ],
                ["*"],
            )
        )
    return [*statements, *read_secrets(args.scope, args.secret_names, args.key_aliases)]


@dataclass(frozen=True, kw_only=True)
class DeployRoleArgs:
    """Inputs of `DeployRole`.

    recovery_region: where copies are kept, if anywhere.
    state_backend: the state's buckets and role, when this stack makes them; None: the state is in the bucket
    `<system>-pulumi-state`. Its secrets are encrypted with the key `alias/<system>-pulumi` either way.
    """

    scope: Scope
    settings: GithubSettings
    recovery_region: str | None = None
    state_backend: StateBackendSettings | None = None


class DeployRole(pulumi.ComponentResource):
    """The role a GitHub Actions job of one repository and environment takes to deploy this stack, without stored keys.

    It manages what the program declares, in the stack's regions and the global one, reads no patient data, and cannot
    change itself: an administrator deploys a change of this role (`--target` its URN) or of GitHub's provider.
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
        state = args.state_backend
        policy = deploy_policy(
            Deployed(
                scope=scope,
                role=scope.arn("iam", f"role/{physical}", region=""),
                provider=provider,
                recovery_region=args.recovery_region,
                state_bucket=f"{scope.system}-pulumi-state" if state is None else state.bucket,
                state_alias=f"alias/{scope.system}-pulumi",
                more_buckets=() if state is None else (state.bucket, state.replica_bucket),
                more_roles=() if state is None else (state.role_name,),
            )
        )
        iam.RolePolicy(f"{name}-policy", name="deploy", role=role.name, policy=policy, opts=child)
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
