"""IAM policy documents as text, built from names known before anything exists, so they can be judged at preview."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.scope import Scope

Statement = Mapping[str, Any]


def document(*statements: Statement) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(sid: str, actions: Sequence[str], resources: Sequence[str], **condition: Mapping[str, Any]) -> Statement:
    """A statement that allows actions on resources; keyword arguments are its condition operators."""
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    if condition:
        statement["Condition"] = condition
    return statement


def trust(service: str, scope: Scope, *, source: str | None = None) -> str:
    """Trust in one AWS service acting for this account only (IAM User Guide: the confused deputy problem).

    source: pattern of the ARN the service acts for.
    """
    condition: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": scope.account_id}}
    if source is not None:
        condition["ArnLike"] = {"aws:SourceArn": source}
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }
    )


def trust_of_passed_role(service: str) -> str:
    """Trust in a service that only ever uses roles its caller may pass, which are roles of the caller's own account.

    For AWS Lambda, API Gateway, EC2 and CodeDeploy: they document no source condition for such a role, and need none.
    Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    """
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def use_keys(sid: str, scope: Scope, actions: Sequence[str], service: str, *, aliases: Sequence[str] = ()) -> Statement:
    """Keys by their aliases, only through the service that keeps the data.   aliases: none: every key of the stack."""
    own = [f"alias/{name}" for name in scope.name_patterns()]
    return allow(
        sid,
        actions,
        [scope.arn("kms", "key/*")],
        StringEquals={"kms:ViaService": f"{service}.{scope.region}.amazonaws.com"},
        **{"ForAnyValue:StringLike": {"kms:ResourceAliases": list(aliases) or own}},
    )


def read_managed_password(scope: Scope, identifier: str, *, cluster: bool) -> Statement:
    """The administrator's secret that RDS names itself, known by the database it tags it with.

    Source: Amazon RDS User Guide, "Password management with Amazon RDS and AWS Secrets Manager".
    """
    tag, kind = ("primaryDBClusterArn", "cluster") if cluster else ("primaryDBInstanceArn", "db")
    return allow(
        "ReadManagedPassword",
        ["secretsmanager:GetSecretValue"],
        [scope.arn("secretsmanager", f"secret:rds!{kind}-*")],
        StringEquals={f"secretsmanager:ResourceTag/aws:rds:{tag}": scope.arn("rds", f"{kind}:{identifier}")},
    )


def read_secrets(scope: Scope, names: Sequence[str], key_aliases: Sequence[str] = ()) -> list[Statement]:
    """Just these secrets: Secrets Manager adds a hyphen and six characters to each name."""
    if not names:
        return []
    arns = [scope.arn("secretsmanager", f"secret:{name}-??????") for name in names]
    return [
        allow("ReadSecrets", ["secretsmanager:GetSecretValue"], arns),
        use_keys("OpenSecrets", scope, ["kms:Decrypt"], "secretsmanager", aliases=key_aliases),
    ]
