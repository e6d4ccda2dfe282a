"""Rotation of the database's own passwords, by a function of this program."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.function import Function, FunctionArgs
from components.iam_documents import allow, use_keys
from components.postgresql import Credentials
from components.scope import Scope
from settings.functions import FunctionArchitecture, Runtime, RuntimeSettings

PART = "rotation"  # what its name says it is
CODE = Path(__file__).parent / "functions" / "rotation"
DRIVER = ("pg8000", "scramp", "asn1crypto", "python-dateutil", "six")
"""The PostgreSQL driver and what it needs: pure Python, so it runs on whatever Lambda runs on."""

CERTIFICATES = "https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"
_RUNTIME = RuntimeSettings(
    runtime=Runtime.PYTHON_3_13,
    handler="handler.handler",
    architecture=FunctionArchitecture.ARM64,
    memory_mib=256,
    timeout_seconds=120,
)


@dataclass(frozen=True, kw_only=True)
class RotationArgs:
    """Inputs of `Rotation`.

    administrator, application: secrets generated here, with their names; `application` may be absent.
    days: between rotations.   subnet_ids, security_group_id: from where the database and, over HTTPS, AWS are reached.
    kms_key_arn: of the function's variables.   logs_kms_key_arn: of its log group.   log_days: how long they are kept.
    key_aliases: aliases of the keys the secrets are encrypted with.
    """

    scope: Scope
    administrator: Credentials
    application: Credentials | None
    days: int
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    logs_kms_key_arn: pulumi.Input[str]
    log_days: int
    key_aliases: Sequence[str]

    def __post_init__(self) -> None:
        if not 1 <= self.days <= 365:
            raise ValueError(f"days: want 1 to 365, got {self.days}")
        if self.administrator.secret_name is None:
            raise ValueError("administrator: want a secret generated here, got one RDS rotates itself")


class Rotation(pulumi.ComponentResource):
    """A function that changes the passwords of administrator and application, and the schedule on which it is called.

    The application's secret names one of two users in turn, so tasks that run keep signing in with what they have read,
    until the next rotation. The first rotation comes after `days`.
    Raises ValueError (from RotationArgs) before anything is registered.
    Source: AWS Secrets Manager User Guide, "Rotation by Lambda function"; MSP-IAM-11, MSP-N26, OMN-IAM-09, OMN-N13;
    45 CFR 164.308(a)(5)(ii)(D) password management.
    """

    function: Function

    def __init__(self, name: str, args: RotationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:rotation:Rotation", name, {}, opts)
        from pulumi_aws import lambda_, secretsmanager

        child, scope = pulumi.ResourceOptions(parent=self), args.scope
        kept = {"administrator": args.administrator} | (
            {} if args.application is None else {"application": args.application}
        )
        names = [each.secret_name for each in kept.values() if each.secret_name is not None]
        arns = [scope.arn("secretsmanager", f"secret:{each}-??????") for each in names]
        self.function = Function(
            f"{name}-function",
            FunctionArgs(
                scope=scope,
                settings=_RUNTIME.model_copy(update={"log_days": args.log_days}),
                part=PART,
                description="Changes the passwords of the database",
                code=code(),
                kms_key_arn=args.kms_key_arn,
                logs_kms_key_arn=args.logs_kms_key_arn,
                subnet_ids=args.subnet_ids,
                security_group_id=args.security_group_id,
                environment={
                    "ADMINISTRATOR_SECRET_ARN": args.administrator.secret_arn,
                    "CERTIFICATES_URL": CERTIFICATES.format(region=scope.region),
                },
                secret_names=names,
                statements=[
                    allow(
                        "RotateSecrets",
                        [
                            "secretsmanager:DescribeSecret",
                            "secretsmanager:PutSecretValue",
                            "secretsmanager:UpdateSecretVersionStage",
                        ],
                        arns,
                    ),
                    use_keys(
                        "EncryptSecrets", scope, ["kms:GenerateDataKey"], "secretsmanager", aliases=args.key_aliases
                    ),
                ],
                key_aliases=args.key_aliases,
            ),
            child,
        )
        for who, credentials in kept.items():
            allowed = lambda_.Permission(
                f"{name}-{who}-call",
                statement_id=who,
                action="lambda:InvokeFunction",
                function=self.function.deployed_name,
                principal="secretsmanager.amazonaws.com",
                source_account=scope.account_id,
                source_arn=credentials.secret_arn,
                opts=child,
            )
            secretsmanager.SecretRotation(
                f"{name}-{who}",
                secret_id=credentials.secret_arn,
                rotation_lambda_arn=self.function.arn,
                rotate_immediately=False,
                rotation_rules={"automatically_after_days": args.days},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
            )
        self.register_outputs({"function_arn": self.function.arn})


def code() -> pulumi.AssetArchive:
    """The function's code with the driver of the locked environment beside it; paths start at the working directory."""
    files = {path.name: path for path in CODE.glob("*.py")}
    for distribution in DRIVER:
        for file in importlib.metadata.files(distribution) or ():
            if file.suffix == ".py":
                files[file.as_posix()] = Path(str(file.locate()))
    return pulumi.AssetArchive({name: pulumi.FileAsset(os.path.relpath(path)) for name, path in sorted(files.items())})
