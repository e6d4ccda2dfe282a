"""Credentials: generated, write-only, never in text."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..credentials import within
from ..documents import public
from ..graph import AWS_PROVIDER, Resource, Stack
from ..rule import EVERY, HIGH, Finding, Severity, linked_rule, resource_rule
from ..values import View

SECRETS_GUIDE = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html"
WRITE_ONLY = "Wo"
ROTATION_DAYS = 90
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 (a resource type)


@resource_rule(
    "rds-managed-master-password",
    types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
    title="Database passwords stay out of the state",
    severity=Severity.CRITICAL,
    remedy="Use passwordWo (masterPasswordWo), or manageMasterUserPassword with masterUserSecretKmsKeyId.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html",
)
def rds_password(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("password", "masterPassword"):
        if resource.has(name):
            yield f"{name} keeps the password in the state."
    managed = not resource.unknown("manageMasterUserPassword") and resource.flag("manageMasterUserPassword")
    if managed and not resource.has("masterUserSecretKmsKeyId"):
        yield "masterUserSecretKmsKeyId is not set: the managed secret needs a customer key."


@resource_rule(
    "secret-value-not-in-state",
    types=("aws:secretsmanager/secretVersion:SecretVersion",),
    title="Secret values are written, never kept",
    severity=Severity.CRITICAL,
    remedy="Use secretStringWo with secretStringWoVersion.",
    url=SECRETS_GUIDE,
)
def secret_value(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("secretString", "secretBinary"):
        if resource.has(name) and not resource.has("secretStringWo") and not resource.has("secretStringWoVersion"):
            yield f"{name} keeps the value in the state."


@resource_rule(
    "no-secret-literal-in-inputs",
    types=(EVERY, AWS_PROVIDER),
    title="No credential stands in an input",
    severity=Severity.CRITICAL,
    remedy="Keep the value in Secrets Manager and refer to it.",
    url=SECRETS_GUIDE,
)
def no_secret_literal(resource: Resource, config: Config) -> Iterator[str]:
    """Not in what is never kept, nor in what AWS has answered: a lock token of a firewall is no credential."""
    given = {
        name: value
        for name, value in resource.properties.items()
        if resource.declares(name) and not name.endswith(WRITE_ONLY)
    }
    for path, what in within(View(given)):
        yield f"{path} holds {what}."


@resource_rule(
    "vpn-psk-managed",
    types=("aws:ec2/vpnConnection:VpnConnection",),
    title="VPN keys are kept by Secrets Manager",
    severity=Severity.HIGH,
    remedy="Set presharedKeyStorage to SecretsManager and remove the literal keys.",
    url="https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html",
)
def vpn_psk(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("tunnel1PresharedKey", "tunnel2PresharedKey"):
        if resource.has(name):
            yield f"{name} is a literal key."
    if resource.text("presharedKeyStorage") != "SecretsManager":
        yield "presharedKeyStorage must be SecretsManager."


@resource_rule(
    "secret-cmk",
    types=("aws:secretsmanager/secret:Secret",),
    title="Secrets are encrypted with a customer key",
    severity=Severity.HIGH,
    remedy="Set kmsKeyId.",
    url=SECRETS_GUIDE,
)
def secret_cmk(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("kmsKeyId"):
        yield "kmsKeyId is not set."


@resource_rule(
    "secret-recovery-window",
    types=("aws:secretsmanager/secret:Secret",),
    title="Deleted secrets can be rescued",
    severity=Severity.MEDIUM,
    remedy="Set recoveryWindowInDays to 7 to 30.",
    url="https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",
)
def secret_recovery_window(resource: Resource, config: Config) -> Iterator[str]:
    if resource.number("recoveryWindowInDays") == 0:
        yield "recoveryWindowInDays 0 deletes at once."


@linked_rule(
    "secret-rotation",
    types=SECRET,
    title="Secrets rotate",
    severity=HIGH,
    remedy=f"Add a SecretRotation with automaticallyAfterDays of {ROTATION_DAYS} or less.",
    url="https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html",
)
def secret_rotation(secret: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    versions = stack.users(secret, "aws:secretsmanager/secretVersion:SecretVersion", property="secretId")
    rotations = {  # a version's secretId is the secret's ARN too
        each.urn: each
        for named in (secret, *versions)
        for each in stack.users(named, "aws:secretsmanager/secretRotation:SecretRotation", property="secretId")
    }
    if not rotations:
        yield "no SecretRotation."
    for each in rotations.values():
        path = "rotationRules.automaticallyAfterDays"
        days = each.number(path)
        if not each.has("rotationRules.scheduleExpression") and (days is None or days > ROTATION_DAYS):
            yield Finding(each, f"{path} must be {ROTATION_DAYS} or less.")


@resource_rule(
    "secret-policy-not-public",
    types="aws:secretsmanager/secretPolicy:SecretPolicy",
    title="Secrets let no stranger in",
    severity=Severity.CRITICAL,
    remedy="Name the principal, and set blockPublicPolicy: true.",
    url="https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html",
)
def secret_policy(resource: Resource, config: Config) -> Iterator[str]:
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone in."
    if not resource.path and resource.flag("blockPublicPolicy") is not True:
        yield "blockPublicPolicy must be true."
