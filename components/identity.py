"""Who the application is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.iam_documents import Statement, allow, document, read_secrets, trust, use_keys
from components.scope import DataClass, Scope

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
    BER-IAM-01, BER-IAM-02, BER-N31, LWO-IAM-01, LWO-IAM-02; a database user of their own: LWO-IAM-03, LWO-N07.
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
            permissions_boundary=scope.boundary,
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
            [
                scope.arn("ecr", f"repository/{name}")
                for name in sorted({*args.repository_names}) or scope.name_patterns()
            ],
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
