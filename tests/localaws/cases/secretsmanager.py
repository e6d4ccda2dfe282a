from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

SECRET = {"secret": Need("aws:secretsmanager/secret:Secret", {"name": "clinic/staging/database", "tags": {}})}


def policy(sid: str) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


CASES = [
    Case(
        "aws:secretsmanager/secret:Secret",
        {"name": "clinic/staging/cache", "recoveryWindowInDays": 7, "tags": {"DataClass": "phi"}},
        {"description": "Redis token", "tags": {"DataClass": "pii"}},
        unread=("recoveryWindowInDays",),
    ),
    Case(
        "aws:secretsmanager/secretVersion:SecretVersion",
        {"secretId": Ref("secret"), "secretStringWo": '{"username": "app"}', "secretStringWoVersion": 1},
        {"secretStringWo": '{"username": "app2"}', "secretStringWoVersion": 2},
        SECRET,
        gone=False,
        unread=("secretStringWoVersion",),
    ),
    Case(
        "aws:secretsmanager/secretRotation:SecretRotation",
        {"secretId": Ref("secret"), "rotateImmediately": False, "rotationRules": {"automaticallyAfterDays": 30}},
        {"rotationRules": {"automaticallyAfterDays": 7}},
        {
            **SECRET,
            "value": Need(
                "aws:secretsmanager/secretVersion:SecretVersion",
                {"secretId": Ref("secret"), "secretStringWo": '{"username": "app"}', "secretStringWoVersion": 1},
            ),
        },
        unread=("rotateImmediately",),
    ),
    Case(
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        {"secretArn": Ref("secret"), "policy": policy("Strangers")},
        {"policy": policy("StrangersRefused")},
        SECRET,
    ),
]
