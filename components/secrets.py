"""Secrets: generated, kept in Secrets Manager, never in plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope

RECOVERY_DAYS = 30
PASSWORD_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class SecretArgs:
    """Inputs of `Secret`.

    path: what the secret is, part of its name.   description: what it opens.
    kms_key_arn: key that encrypts it.   version: another number writes the value again.
    value: its fields, or its whole text; None: people supply it, and no update touches it. The write-only input is
    never read back from AWS; the state keeps it, as it keeps the generated password, encrypted with the stack's secrets
    provider, so that key guards them too.
    recovery_days: days a deleted secret can be restored, 7 to 30.
    """

    scope: Scope
    path: str
    description: str
    kms_key_arn: pulumi.Input[str]
    value: pulumi.Input[str] | Mapping[str, pulumi.Input[str]] | None
    version: pulumi.Input[int] = 1
    recovery_days: int = RECOVERY_DAYS


class Secret(pulumi.ComponentResource):
    """A secret encrypted with a customer key, recoverable for 7 to 30 days (BER-IAM-06, OMN-IAM-09, ALL-21).

    A deleted secret blocks its name for that time: restore it with `aws secretsmanager restore-secret`, then import it.
    Source: Secrets Manager User Guide, "Delete a secret"; 45 CFR 164.308(a)(5)(ii)(D) password management.
    """

    arn: pulumi.Output[str]
    name: str  # physical, without the six characters Secrets Manager adds to the ARN

    def __init__(self, name: str, args: SecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:secrets:Secret", name, {}, opts)
        from pulumi_aws import secretsmanager

        child = pulumi.ResourceOptions(parent=self)
        self.name = physical = args.scope.secret(args.path)
        secret = secretsmanager.Secret(
            f"{name}-secret",
            name=physical,
            description=args.description,
            kms_key_id=args.kms_key_arn,
            recovery_window_in_days=args.recovery_days,
            tags=args.scope.tagged(DataClass.PHI, physical),
            opts=child,
        )
        self.arn = secret.arn
        if args.value is not None:
            value = pulumi.Output.json_dumps(dict(args.value)) if isinstance(args.value, Mapping) else args.value
            version = secretsmanager.SecretVersion(
                f"{name}-version",
                secret_id=secret.id,
                secret_string_wo=pulumi.Output.secret(value),
                secret_string_wo_version=args.version,
                opts=child,
            )
            self.arn = version.secret_id  # whoever reads the value waits for it
        self.register_outputs({"arn": self.arn})


def password(name: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """A generated password of 32 letters and digits, which fit into any URL (ALL-04); always a secret."""
    from pulumi_random import RandomPassword

    generated = RandomPassword(
        name, length=PASSWORD_LENGTH, special=False, min_lower=1, min_upper=1, min_numeric=1,
        opts=pulumi.ResourceOptions(parent=parent),
    )  # fmt: skip
    return pulumi.Output.secret(generated.result)
