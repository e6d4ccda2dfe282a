from __future__ import annotations

from localaws.values import ARCHIVE, ASSET, SIGNATURE
from tests.localaws.case import Case, Need, Ref

ROLE = {
    "role": Need(
        "aws:iam/role:Role",
        {
            "name": "clinic-staging-lambda",
            "assumeRolePolicy": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": '
            '{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}',
            "tags": {},
        },
    )
}


def code(text: str) -> dict[str, object]:
    """An archive of one file, as the engine sends it."""
    return {SIGNATURE: ARCHIVE, "hash": f"{text}-hash", "assets": {"app.py": {SIGNATURE: ASSET, "text": text}}}


FUNCTION = {
    "description": "Answers patients",
    "role": Ref("role", "arn"),
    "packageType": "Zip",
    "runtime": "python3.13",
    "handler": "app.handler",
    "code": code("def handler(event, context): ..."),
    "architectures": ["x86_64"],
    "memorySize": 512,
    "timeout": 29,
    "ephemeralStorage": {"size": 512},
    "environment": {"variables": {"DATABASE_PORT": "5432"}},
    "kmsKeyArn": "arn:aws:kms:ca-central-1:123456789012:key/11111111-1111-4111-8111-111111111111",
    "tracingConfig": {"mode": "PassThrough"},
    "deadLetterConfig": {"targetArn": "arn:aws:sqs:ca-central-1:123456789012:clinic-failures"},
    "loggingConfig": {"logFormat": "JSON", "logGroup": "/aws/lambda/clinic-backend"},
    "vpcConfig": {"subnetIds": ["subnet-0123456789abcdef0"], "securityGroupIds": ["sg-0123456789abcdef0"]},
    "tags": {"DataClass": "phi"},
}

CASES = [
    Case(
        "aws:lambda/function:Function",
        {"name": "clinic-backend", **FUNCTION},
        {
            "code": code("def handler(event, context): return 1"),
            "timeout": 10,
            "reservedConcurrentExecutions": 5,
            "tags": {"DataClass": "internal"},
        },
        ROLE,
    ),
    Case(
        "aws:lambda/permission:Permission",
        {
            "action": "lambda:InvokeFunction",
            "function": Ref("function"),
            "principal": "apigateway.amazonaws.com",
            "sourceArn": "arn:aws:execute-api:ca-central-1:123456789012:abcdefghij/prod/*/patients",
            "sourceAccount": "123456789012",
        },
        None,
        {**ROLE, "function": Need("aws:lambda/function:Function", {"name": "clinic-staging-backend", **FUNCTION})},
        imports="{function}/{statementId}",
    ),
]
