"""Secrets of the application beside those of database and cache."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.scope import Scope
from components.secrets import Secret, SecretArgs
from settings.secrets import Characters, GeneratedSettings, SecretsSettings, TokenSettings
from settings.tokens import signed_token


@dataclass(frozen=True, kw_only=True)
class ApplicationSecretsArgs:
    """Inputs of `ApplicationSecrets`.

    kms_key_arn: key that encrypts them.
    values: reference → value, for every reference of `settings.assembled` (`bucket.uploads`, `database.host`, …).
    """

    scope: Scope
    settings: SecretsSettings
    kms_key_arn: pulumi.Input[str]
    values: Mapping[str, pulumi.Input[str]]

    def __post_init__(self) -> None:
        for key, reference in self.settings.references():
            if reference not in self.values:
                raise ValueError(f"values: want {reference}, which secrets.{key} refers to; got none")


class ApplicationSecrets(pulumi.ComponentResource):
    """Generated, signed, supplied and assembled secrets, each encrypted with the customer key.

    Generated values are encrypted in the state, and in no output. What people supply is never read or written: an
    update leaves it as it is (FAC-N29).
    Raises ValueError (from ApplicationSecretsArgs) before anything is registered.
    Source: RFC 7519 and RFC 7515 (tokens); 45 CFR 164.308(a)(5)(ii)(D), 164.312(a)(1).
    FAC-IAM-07, FAC-IAM-10 to 12, FAC-N29, LWO-IAM-05, LWO-IAM-06, OMN-IAM-06 to 09, OMN-N02, ALL-04, ALL-21.
    """

    arns: dict[str, pulumi.Output[str]]  # path → ARN
    names: dict[str, str]  # path → physical name, known in advance

    def __init__(self, name: str, args: ApplicationSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:application_secrets:ApplicationSecrets", name, {}, opts)
        self._name, self._args = name, args
        self.arns, self.names = {}, {}
        settings = args.settings
        drawn = {path: self._draw(path, each) for path, each in settings.generated.items()}
        for path, each in settings.generated.items():
            self._keep(path, each.description, _shaped(drawn[path], each.field), each.version)
        for path, token in settings.tokens.items():
            key = settings.generated[token.signed_with]
            signed = drawn[token.signed_with].apply(lambda value, token=token: signed_token(value, token))
            self._keep(path, token.description, _shaped(signed, token.field), _token_version(token, key))
        for path, each in settings.supplied.items():
            self._keep(path, f"{each.description}: {', '.join(each.fields)}", None)
        for path, each in settings.assembled.items():
            fields = {field: args.values[reference] for field, reference in each.fields.items()}
            version = pulumi.Output.json_dumps(fields, sort_keys=True).apply(_digest)
            self._keep(path, each.description, fields, version)
        self.register_outputs({"arns": self.arns})

    def _draw(self, path: str, settings: GeneratedSettings) -> pulumi.Output[str]:
        import pulumi_random as random

        name, child = f"{self._name}-{path}", pulumi.ResourceOptions(parent=self)
        keepers = {"version": str(settings.version)}
        if settings.characters is Characters.HEXADECIMAL:
            drawn = random.RandomBytes(name, length=settings.length // 2, keepers=keepers, opts=child)
            return pulumi.Output.secret(drawn.hex)
        drawn = random.RandomPassword(
            name, length=settings.length, special=False, min_lower=1, min_upper=1, min_numeric=1,
            keepers=keepers, opts=child,
        )  # fmt: skip
        return pulumi.Output.secret(drawn.result)

    def _keep(
        self,
        path: str,
        description: str,
        value: pulumi.Input[str] | Mapping[str, pulumi.Input[str]] | None,
        version: pulumi.Input[int] = 1,
    ) -> None:
        secret = Secret(
            f"{self._name}-{path}",
            SecretArgs(
                scope=self._args.scope,
                path=path,
                description=description,
                kms_key_arn=self._args.kms_key_arn,
                value=value,
                version=version,
                recovery_days=self._args.settings.recovery_days,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.arns[path], self.names[path] = secret.arn, secret.name


def _shaped(value: pulumi.Output[str], field: str | None) -> pulumi.Input[str] | Mapping[str, pulumi.Input[str]]:
    return value if field is None else {field: value}


def _token_version(token: TokenSettings, key: GeneratedSettings) -> int:
    """Another number whenever the token or its key changes, so that the new token is written."""
    return _digest(f"{token.model_dump_json()} {key.model_dump_json(exclude={'description', 'field'})}")


def _digest(text: str) -> int:
    """A positive number of 31 bits that stands for `text`, which holds nothing secret."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 2**31 or 1
