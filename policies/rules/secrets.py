"""Credentials: generated, write-only, never in text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from ..config import Config
from ..graph import Resource
from ..rule import Severity, resource_rule

SECRETS_GUIDE = "https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html"
SECRET_NAME = re.compile(r"(?i)(password|passwd|secret|token|api_?key|private_?key|access_?key)$")
PATTERNS = {
    "an AWS access key id": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."),
    "a connection string with a password": re.compile(r"\b[a-z][a-z0-9+]*://[^/\s:@]+:[^/\s:@]{6,}@"),
}
WRITE_ONLY = re.compile(r"Wo$")
ENTROPY_BITS = 3.5
LONGEST_NAME = 12


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
    types=("aws:*",),
    title="No credential stands in an input",
    severity=Severity.CRITICAL,
    remedy="Keep the value in Secrets Manager and refer to it.",
    url=SECRETS_GUIDE,
)
def no_secret_literal(resource: Resource, config: Config) -> Iterator[str]:
    for path, value in resource.leaves():
        name = path.rsplit(".", 1)[-1]
        if not isinstance(value, str) or WRITE_ONLY.search(path.split(".")[0]):
            continue
        for what, pattern in PATTERNS.items():
            if pattern.search(value):
                yield f"{path} holds {what}."
                break
        else:
            if SECRET_NAME.search(name) and _random(value):
                yield f"{path} holds what looks like a credential."


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


def _random(value: str) -> bool:
    """Whether a text is too random to be a word, a name or a reference."""
    if len(value) < LONGEST_NAME or value.startswith(("arn:", "alias/", "/")) or " " in value:
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) > ENTROPY_BITS
