"""Access to patient data in an emergency, by named people, for an hour, seen by everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.iam_documents import Statement, allow, document
from components.scope import DataClass, Scope
from settings.identity import BreakGlassSettings

_READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_SESSION_SECONDS = 3600  # the shortest maximum IAM takes


def break_glass_name(scope: Scope) -> str:
    """Name of the role, known before it exists: what `security_events` looks for in the trail."""
    return scope.name("break-glass", limit=64)


@dataclass(frozen=True, kw_only=True)
class BreakGlassArgs:
    """Inputs of `BreakGlass`.

    bucket_arns: buckets whose objects may be read and put back.   secret_patterns: see `Scope.secret_patterns`.
    backup_role_name: role AWS Backup restores with; None: nothing is restored from its vaults.
    """

    scope: Scope
    settings: BreakGlassSettings
    bucket_arns: Sequence[str]
    secret_patterns: Sequence[str]
    backup_role_name: str | None = None


class BreakGlass(pulumi.ComponentResource):
    """A role for emergencies, taken by named principals with a fresh second factor, for at most an hour.

    It reads everything of the account and the stack's patient data, opens a shell on its hosts, restores databases and
    objects; it cannot delete them, nor touch keys, the audit trail or identities.
    Source: IAM User Guide, "Secure API access with MFA"; 45 CFR 164.312(a)(2)(ii) emergency access procedure.
    """

    arn: pulumi.Output[str]
    role_name: str

    def __init__(self, name: str, args: BreakGlassArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:break_glass:BreakGlass", name, {}, opts)
        from pulumi_aws import iam

        child, scope = pulumi.ResourceOptions(parent=self), args.scope
        self.role_name = break_glass_name(scope)
        role = iam.Role(
            f"{name}-role",
            name=self.role_name,
            description="Emergencies only: every use raises an alarm",
            assume_role_policy=_trust(args.settings),
            max_session_duration=_SESSION_SECONDS,
            tags=scope.tagged(DataClass.PHI, self.role_name, Access="break-glass"),
            opts=child,
        )
        iam.RolePolicyAttachment(f"{name}-read", role=role.name, policy_arn=_READ_ONLY, opts=child)
        iam.RolePolicy(
            f"{name}-policy", name="emergency", role=role.name, policy=document(*_allowed(args), _refused()), opts=child
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _trust(settings: BreakGlassSettings) -> str:
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": list(settings.principals)},
            "Action": "sts:AssumeRole",
            "Condition": {
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "NumericLessThanEquals": {"aws:MultiFactorAuthAge": str(settings.mfa_minutes * 60)},
            },
        }
    )


def _allowed(args: BreakGlassArgs) -> list[Statement]:
    scope = args.scope
    of_stack: dict[str, Any] = {
        "StringEquals": {"aws:ResourceTag/Project": scope.system, "aws:ResourceTag/Environment": scope.environment}
    }
    secrets = [scope.arn("secretsmanager", f"secret:{pattern}") for pattern in args.secret_patterns]
    databases = [scope.arn("rds", f"*:{name}*") for name in scope.name_patterns()]
    found = [
        allow("ReadSecrets", ["secretsmanager:GetSecretValue"], secrets),
        allow(
            "UseKeys",
            ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey*"],
            [scope.arn("kms", "key/*")],
            **of_stack,
        ),
        allow("OpenShells", ["ecs:ExecuteCommand", "ssm:StartSession"], ["*"], **of_stack),
        *_sessions(scope),
        allow(
            "RestoreDatabases",
            ["rds:AddTagsToResource", "rds:CreateDB*Snapshot", "rds:Failover*", "rds:Reboot*", "rds:Restore*"],
            [*databases, *(scope.arn("rds", f"{kind}:*") for kind in ("og", "pg", "cluster-pg", "subgrp"))],
        ),
        allow("RunServices", ["ecs:UpdateService"], [scope.arn("ecs", "service/*")], **of_stack),
    ]
    if args.bucket_arns:
        objects = [f"{arn}/*" for arn in args.bucket_arns]
        found.append(allow("PutObjectsBack", ["s3:PutObject", "s3:RestoreObject"], objects))
    if args.backup_role_name is not None:
        backup = scope.arn("iam", f"role/{args.backup_role_name}", region="")
        found += [
            allow("RestoreBackups", ["backup:StartRestoreJob"], _recovery_points(scope)),
            allow(
                "PassBackupRole",
                ["iam:PassRole"],
                [backup],
                StringEquals={"iam:PassedToService": "backup.amazonaws.com"},
            ),
        ]
    return found


def _sessions(scope: Scope) -> list[Statement]:
    """Documents that shells and tunnels to the database follow, and sessions, none of which bear the stack's tags.

    Source: Systems Manager User Guide, "Start a session with a document by specifying the session documents in IAM
    policies", "Additional sample IAM policies for Session Manager".
    """
    documents = ("SSM-SessionManagerRunShell", "AWS-StartPortForwardingSession*")
    sessions = [scope.arn("ssm", "session/*")]
    own = {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}
    return [
        allow("UseDocuments", ["ssm:StartSession"], [f"arn:aws:ssm:{scope.region}:*:document/{d}" for d in documents]),
        allow("TalkInSessions", ["ssmmessages:OpenDataChannel"], sessions),
        allow("KeepOwnSessions", ["ssm:ResumeSession", "ssm:TerminateSession"], sessions, StringLike=own),
    ]


def _recovery_points(scope: Scope) -> list[str]:
    """Recovery points of databases and buckets, which carry the ARN of what they are.

    Source: AWS Backup Developer Guide, "Access control", table of resource ARNs; Service Authorization Reference.
    """
    snapshots = [scope.arn("rds", f"{kind}:awsbackup:*") for kind in ("snapshot", "cluster-snapshot")]
    return [*snapshots, scope.arn("backup", "recovery-point:*")]


def _refused() -> Statement:
    return {"Sid": "NeverBecomeAnother", "Effect": "Deny", "Action": ["sts:AssumeRole"], "Resource": ["*"]}
