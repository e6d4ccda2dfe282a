"""Is every secret there, under the right key, and as fresh as its rotation promises?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, once, seen
from operations.verify.database import CLUSTER, INSTANCE, live_of

SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type
_SLACK_DAYS = 2  # a rotation starts within its window, a day by default


@of(
    SECRET,
    name="secret-kept",
    requirements=("OMN-OPS-05", "OMN-OPS-07", "BER-OPS-08"),
    fix="`aws secretsmanager restore-secret` brings a deleted one back; `phi secrets set` or `pulumi up` its value.",
)
def _kept(account: Account, secret: Resource) -> Iterator[Seen]:
    live = account.ask("secretsmanager", "describe_secret", region=account.region(secret), SecretId=secret.id)
    yield seen("deletion scheduled", False, live.get("DeletedDate") is not None)
    if secret.id not in _supplied_arns(account).values():
        yield seen("has a value", True, _has_value(live))


@of(
    SECRET,
    name="secret-encrypted",
    requirements=("OMN-OPS-07", "BER-IAM-04"),
    fix="`pulumi up --refresh` names the key again; the next version of the secret is encrypted with it.",
)
def _encrypted(account: Account, secret: Resource) -> Iterator[Seen]:
    live = account.ask("secretsmanager", "describe_secret", region=account.region(secret), SecretId=secret.id)
    yield seen("key", secret.inputs.get("kmsKeyId"), live.get("KmsKeyId"))


@of(
    "aws:secretsmanager/secretRotation:SecretRotation",
    name="secret-rotated",
    requirements=("OMN-IAM-09", "OMN-OPS-07"),
    fix="Read the log of the rotating function; `aws secretsmanager rotate-secret` tries again.",
)
def _rotated(account: Account, rotation: Resource) -> Iterator[Seen]:
    secret = rotation.inputs["secretId"]
    live = account.ask("secretsmanager", "describe_secret", region=account.region(rotation), SecretId=secret)
    yield seen(f"rotation of {live['Name']}", True, bool(live.get("RotationEnabled")))
    days = live.get("RotationRules", {}).get("AutomaticallyAfterDays")
    wanted = (rotation.inputs.get("rotationRules") or {}).get("automaticallyAfterDays")
    if wanted is not None:
        yield seen("days between rotations", int(wanted), days)
    last = live.get("LastRotatedDate") or live.get("CreatedDate")
    if days and last is not None:
        late = account.now - last > timedelta(days=days + _SLACK_DAYS)
        yield seen(f"rotated within {days} days", True, not late)


@of(
    INSTANCE,
    CLUSTER,
    name="secret-of-rds",
    requirements=("MSP-N26", "OMN-OPS-07", "MSP-OPS-10"),
    fix="`pulumi up --refresh`; RDS makes the secret again when it manages the password.",
)
def _managed(account: Account, database: Resource) -> Iterator[Seen]:
    wanted = account.settings.database
    if wanted is None or not wanted.managed_password or database.inputs.get("replicateSourceDb"):
        return
    live = live_of(account, database).get("MasterUserSecret") or {}
    yield seen("status of the password's secret", "active", live.get("SecretStatus"))
    yield seen("its key", database.inputs.get("masterUserSecretKmsKeyId"), live.get("KmsKeyId"))


@once(
    name="secret-supplied",
    requirements=("FAC-IAM-10", "FAC-IAM-11"),
    fix="`phi secrets set` gives it its value.",
)
def _supplied(account: Account) -> Iterator[Seen]:
    for path, arn in _supplied_arns(account).items():
        live = account.ask("secretsmanager", "describe_secret", SecretId=arn)
        yield Seen(what=f"{path} has a value", expected=True, found=_has_value(live), warns=True)


def _supplied_arns(account: Account) -> dict[str, str]:
    """Path → ARN of the secrets whose value people supply, after the first `up`."""
    arns: dict[str, str] = account.outputs.get("secret_arns") or {}
    return {path: arns[path] for path in account.settings.secrets.supplied if path in arns}


def _has_value(live: Any) -> bool:
    return any("AWSCURRENT" in stages for stages in live.get("VersionIdsToStages", {}).values())
