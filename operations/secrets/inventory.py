"""The secrets of a stack: which there are, who writes each, and how old it is. Values are never read for this.

A generated value is Pulumi's: its state holds it, and tokens are signed with it. So another one is drawn by raising
`version` in the stack file and letting Pulumi write it; a value put into Secrets Manager behind its back would leave
tokens of the old one. What people supply is never Pulumi's. Database passwords rotate by their own function or by RDS.
Source: AWS Secrets Manager User Guide, "Rotate AWS Secrets Manager secrets"; LWO-N10, LWO-N17, OMN-N02, OMN-N13,
FAC-N29; 45 CFR 164.308(a)(5)(ii)(D).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from operations.aws import Clients
from operations.mistakes import Mistake, Refused
from operations.state import State
from settings.secrets import SecretsSettings, split_reference
from settings.stack import Settings

RANDOM = ("random:index/randomBytes:RandomBytes", "random:index/randomPassword:RandomPassword")
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
OF_DATABASE = {"database": "db_credentials_secret_arn", "database-application": "db_application_secret_arn"}
OF_CACHES = {"cache": "redis_credentials_secret_arn", "queue": "queue_credentials_secret_arn"}


class Kind(StrEnum):
    """Who writes a secret's value."""

    DATABASE = "database"
    CACHE = "cache"
    GENERATED = "generated"
    TOKEN = "token"  # noqa: S105
    SUPPLIED = "supplied"
    ASSEMBLED = "assembled"


@dataclass(frozen=True, kw_only=True)
class Known:
    """A secret of a stack.   path: what it is called in the stack file."""

    path: str
    kind: Kind
    arn: str


@dataclass(frozen=True, kw_only=True)
class Described:
    """What Secrets Manager says of a secret, without its value.

    changed: when its value last was; None: it has none yet.   used: the last day somebody read it.
    rotates: days between two rotations, `managed`, or empty.   key: ARN of the KMS key.
    """

    path: str
    kind: Kind
    name: str
    changed: datetime | None
    age_days: int | None
    used: datetime | None
    rotates: str
    key: str


def known(outputs: Mapping[str, Any], settings: SecretsSettings) -> dict[str, Known]:
    """Path → secret, of everything the outputs of a stack name."""
    found: dict[str, Known] = {}
    for kind, names in ((Kind.DATABASE, OF_DATABASE), (Kind.CACHE, OF_CACHES)):
        for path, output in names.items():
            if outputs.get(output):
                found[path] = Known(path=path, kind=kind, arn=outputs[output])
    for path, arn in (outputs.get("secret_arns") or {}).items():
        kind = next((kind for kind, paths in _kinds(settings).items() if path in paths), None)
        if kind is not None:
            found[path] = Known(path=path, kind=kind, arn=arn)
    return found


def _kinds(settings: SecretsSettings) -> dict[Kind, Mapping[str, object]]:
    return {
        Kind.GENERATED: settings.generated,
        Kind.TOKEN: settings.tokens,
        Kind.SUPPLIED: settings.supplied,
        Kind.ASSEMBLED: settings.assembled,
    }


def chosen(secrets: Mapping[str, Known], stack: str, path: str) -> Known:
    """One of them. Raises Mistake that names them all."""
    if path not in secrets:
        raise Mistake(
            f"{stack}: expected a deployed secret, found none named {path}; there are: {', '.join(secrets) or 'none'}."
        )
    return secrets[path]


def describe(manager: Any, secret: Known, now: datetime) -> Described:
    """What Secrets Manager says of it."""
    found = manager.describe_secret(SecretId=secret.arn)
    has_value = any("AWSCURRENT" in stages for stages in (found.get("VersionIdsToStages") or {}).values())
    changed = (found.get("LastChangedDate") or found.get("CreatedDate")) if has_value else None
    rules = found.get("RotationRules") or {}
    days = rules.get("AutomaticallyAfterDays")
    rotates = f"every {days} days" if days else rules.get("ScheduleExpression", "yes")
    return Described(
        path=secret.path,
        kind=secret.kind,
        name=found["Name"],
        changed=changed,
        age_days=None if changed is None else (now - changed.astimezone(UTC)).days,
        used=found.get("LastAccessedDate"),
        rotates=rotates if found.get("RotationEnabled") else "",
        key=found.get("KmsKeyId", ""),
    )


def urns(state: State, arn: str) -> list[str]:
    """URNs of what draws a generated secret and of every secret made from it: its own value, and tokens signed with it.

    Raises Refused when the state does not have them.
    """
    draws = {each.urn for type_ in RANDOM for each in state.of_type(type_)}
    versions = state.of_type(VERSION)
    sources = {urn for each in versions if each.inputs.get("secretId") == arn for urn in each.dependencies} & draws
    if len(sources) != 1:
        raise Refused(
            f"{arn}: expected one random value behind it in the state of {state.stack}, found {len(sources)}."
        )
    return [*sources, *(each.urn for each in versions if sources & {*each.dependencies})]


def readers(settings: Settings, changed: Iterable[str]) -> list[str]:
    """Services whose tasks have read one of these secrets when they started, and the fleet."""
    paths = {*changed}
    compute = settings.compute
    if compute is None:
        return []
    everyone = bool(paths & {*OF_DATABASE, *OF_CACHES})
    found = [
        name
        for name, service in compute.services.items()
        if everyone or paths & {split_reference(reference)[0] for reference in service.secrets.values()}
    ]
    return [*found, *(["fleet"] if compute.fleet is not None else [])]


def signed_with(settings: SecretsSettings, path: str) -> list[str]:
    """Tokens signed with a generated secret."""
    return [name for name, token in settings.tokens.items() if token.signed_with == path]


def value(client: Clients, region: str, arn: str) -> str | None:
    """The current value of a secret; None when it has none yet."""
    manager = client("secretsmanager", region)
    try:
        return str(manager.get_secret_value(SecretId=arn)["SecretString"])
    except manager.exceptions.ResourceNotFoundException:
        return None
