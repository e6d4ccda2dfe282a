from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def grant(action: str) -> str:
    statement = {"Effect": "Allow", "Action": [action], "Resource": ["arn:aws:s3:::clinic-documents-staging/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ROLE = {
    "role": Need(
        "aws:iam/role:Role", {"name": "clinic-task", "assumeRolePolicy": trust("ecs-tasks.amazonaws.com"), "tags": {}}
    )
}
POLICY = {
    "policy": Need("aws:iam/policy:Policy", {"name": "clinic-documents", "policy": grant("s3:GetObject"), "tags": {}})
}
PROFILE = {
    "machine": Need(
        "aws:iam/role:Role", {"name": "clinic-fleet", "assumeRolePolicy": trust("ec2.amazonaws.com"), "tags": {}}
    ),
    "profile": Need("aws:iam/instanceProfile:InstanceProfile", {"name": "clinic", "role": Ref("machine"), "tags": {}}),
}
LINKED = {
    "linked": Need(
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
        {"awsServiceName": "autoscaling.amazonaws.com", "customSuffix": "clinic", "tags": {}},
    )
}

CASES = [
    Case(
        "aws:iam/instanceProfile:InstanceProfile",
        {"name": "clinic-fleet", "role": Ref("role"), "tags": {"DataClass": "phi"}},
        {"role": Ref("machine"), "tags": {"DataClass": "internal"}},
        {**ROLE, "machine": PROFILE["machine"]},
    ),
    Case(
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
        {
            "awsServiceName": "autoscaling.amazonaws.com",
            "customSuffix": "clinic-fleet",
            "description": "Starts instances",
            "tags": {"DataClass": "internal"},
        },
        {"description": "Starts and ends instances", "tags": {"DataClass": "public"}},
    ),
    Case(
        "aws:iam/role:Role",
        {
            "name": "clinic-execution",
            "assumeRolePolicy": trust("ecs-tasks.amazonaws.com"),
            "tags": {"DataClass": "phi"},
        },
        {"assumeRolePolicy": trust("backup.amazonaws.com"), "maxSessionDuration": 7200, "tags": {}},
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        {"name": "documents", "role": Ref("role"), "policy": grant("s3:GetObject")},
        {"policy": grant("s3:PutObject")},
        ROLE,
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": Ref("role"), "policyArn": Ref("policy")},
        None,
        {**ROLE, **POLICY},
    ),
    Case(
        "aws:iam/policy:Policy",
        {"name": "clinic-uploads", "policy": grant("s3:GetObject"), "tags": {"DataClass": "phi"}},
        {"policy": grant("s3:PutObject"), "tags": {"DataClass": "pii"}},
    ),
    Case(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        {
            "url": "https://token.actions.githubusercontent.com",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["a" * 40],
            "tags": {"DataClass": "internal"},
        },
        {"tags": {"DataClass": "public"}},
    ),
]
