"""Words of the samples: resources as the engine sends them, documents, names, and how to change one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

ACCOUNT = "111122223333"
CA, CW, US = "ca-central-1", "ca-west-1", "us-east-1"
STRANGER = "999988887777"
TODAY = date(2026, 6, 30)
READ_ON = date(2026, 11, 30)
"""The day that lists of what AWS supports were last compared with AWS's own."""
GONE: Final = object()
"""In a change: the property is removed."""


@dataclass(frozen=True)
class Sample:
    """A resource as the engine would send it.   computed_from: property → names of the resources it is an output of."""

    type: str
    properties: dict[str, Any]
    ignore_changes: tuple[str, ...] = ()
    computed_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False


def arn(service: str, what: str, region: str = CA) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{what}"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def tls_only(bucket: str) -> dict[str, Any]:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def guards(bucket: str) -> list[dict[str, Any]]:
    """What the policy of a bucket of patient data denies."""
    whole = {"Effect": "Deny", "Principal": "*", "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    return [
        {**whole, "Action": "s3:*", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        {**whole, "Action": "s3:PutObject", "Condition": {"StringNotEqualsIfExists": {header: "key"}}},
        {**whole, "Action": "s3:*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}},
    ]


ACCOUNT_STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
LOGS_ENCRYPT = {
    "Effect": "Allow",
    "Principal": {"Service": f"logs.{CA}.amazonaws.com"},
    "Action": "kms:GenerateDataKey*",
    "Resource": "*",
    "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{CA}:{ACCOUNT}:log-group:*"}},
}
CONTAINER = {
    "name": "application",
    "image": f"{ACCOUNT}.dkr.ecr.{CA}.amazonaws.com/application@sha256:{'0' * 64}",
    "user": "1000:1000",
    "privileged": False,
    "readonlyRootFilesystem": True,
    "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
    "environment": [{"name": "LOG_LEVEL", "value": "info"}],
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/clinic/application"}},
    "secrets": [{"name": "DATABASE_PASSWORD", "valueFrom": arn("secretsmanager", "secret:database-AbCdEf:password::")}],
}
COMMON = {"Owner": "platform", "Purpose": "clinic", "Environment": "production"}
PHI = {"DataClass": "phi", "Backup": "daily", **COMMON}
INTERNAL = {"DataClass": "internal", **COMMON}
EXPOSED = {"Exposure": "public"}
KEY, RECOVERY_KEY, INTERNAL_KEY = arn("kms", "key/data"), arn("kms", "key/recovery", CW), arn("kms", "key/internal")
LOG_DELIVERY = {
    "Effect": "Allow",
    "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::clinic-logs/*",
    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
}
"""A service that may write, for this account only."""


def changed(sample: Sample, changes: Mapping[str, Any]) -> Sample:
    """The sample with properties set or, by `GONE`, removed; paths as `rules.0.status`."""
    properties = deepcopy(sample.properties)
    for path, value in changes.items():
        *steps, last = path.split(".")
        inside: Any = properties
        for step in steps:
            inside = inside[int(step)] if isinstance(inside, list) else inside.setdefault(step, {})
        if value is GONE:
            del inside[last]
        else:
            inside[int(last) if isinstance(inside, list) else last] = value
    return replace(sample, properties=properties)
