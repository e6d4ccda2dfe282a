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
