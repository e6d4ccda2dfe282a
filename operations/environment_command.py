"""`phi env`: the `.env` file a frontend's build or a backend needs, from the outputs of a stack."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from operations import outputs, stack_file
from operations.aws import Clients, client
from operations.mistakes import Mistake, Refused
from operations.terminal import output
from settings.stack import Settings


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A value in Secrets Manager.   field: of its JSON."""

    arn: str
    field: str

    def __str__(self) -> str:
        return f"{self.arn}:{self.field}::"


def show_environment(
    stack: Annotated[str, typer.Argument(help="Name of the stack.")],
    backend: Annotated[
        bool, typer.Option("--backend", help="What a backend needs; default: what a frontend's build needs.")
    ] = False,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Write values of secrets too; only with --backend and --to.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write, readable by you only; default: the terminal.")
    ] = None,
    outputs_file: Annotated[
        Path | None,
        typer.Option("--outputs", help="File with the outputs (pulumi stack output --json); default: the state."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the variables of a frontend's build, or of a backend (MSP-OUT-01 to 10, BER-OPS-07).

    A backend's secrets are named by the ARN and field an ECS task definition takes; their values are written to a file
    only when asked for, never to the terminal.
    """
    if with_secrets and not (backend and to is not None):
        raise Mistake("--with-secrets: expected --backend and --to FILE beside it; secrets are never printed.")
    given = outputs.read(stack, outputs_file)
    found = backend_variables(given, stack_file.settings(stack)) if backend else frontend_variables(stack, given)
    shown = {
        name: revealed(client, given["region"], value) if with_secrets and isinstance(value, Reference) else str(value)
        for name, value in found.items()
    }
    if backend and with_secrets:
        shown |= addresses_with_passwords(shown)
    text = json.dumps(shown, indent=2) + "\n" if as_json else "".join(f"{k}={quoted(v)}\n" for k, v in shown.items())
    if to is None:
        output.print(text, end="", highlight=False, markup=False, soft_wrap=True)
    else:
        write_privately(to, text)
        output.print(f"{to}: {len(shown)} variables, readable by you only.", highlight=False, soft_wrap=True)


def frontend_variables(stack: str, given: Mapping[str, Any]) -> dict[str, str]:
    """What the stack says to a browser. Raises Mistake when it says nothing."""
    found: dict[str, str] | None = given.get("frontend_environment")
    if not found:
        raise Mistake(
            f"{stack}: expected the output frontend_environment, found none: its stack file has no "
            "`phi-platform:frontend`. For a backend say --backend."
        )
    return dict(found)


def backend_variables(given: Mapping[str, Any], settings: Settings) -> dict[str, str | Reference]:
    """What the tasks of the stack are told (BER-OPS-07), and what its functions are told (MSP-OUT-09)."""
    found: dict[str, str | Reference] = {"AWS_REGION": given["region"]}
    login = given.get("db_application_secret_arn") or given.get("db_credentials_secret_arn")
    if given.get("db_endpoint") and login:
        host, _, port = str(given["db_endpoint"]).rpartition(":")
        found |= {
            "POSTGRES_HOST": host,
            "POSTGRES_PORT": port,
            "POSTGRES_DB": given["db_name"],
            "POSTGRES_USER": Reference(arn=login, field="username"),
            "POSTGRES_PASSWORD": Reference(arn=login, field="password"),
            "PGSSLMODE": "verify-full",
        }
    for part, prefix, cache in (("redis", "REDIS", settings.cache), ("queue", "QUEUE_REDIS", settings.queue)):
        if cache is not None and given.get(f"{part}_endpoint"):
            found |= {
                f"{prefix}_HOST": given[f"{part}_endpoint"],
                f"{prefix}_PORT": str(cache.port),
                f"{prefix}_TLS": "true",
                f"{prefix}_PASSWORD": Reference(arn=given[f"{part}_credentials_secret_arn"], field="auth_token"),
            }
    for purpose, name in (given.get("bucket_names") or {}).items():
        found[f"S3_BUCKET_{purpose.upper().replace('-', '_')}"] = name
    if given.get("cloudfront_domain_name"):
        found["CLOUDFRONT_DOMAIN"] = given["cloudfront_domain_name"]
    return found | dict(given.get("backend_environment") or {})


def addresses_with_passwords(found: Mapping[str, str]) -> dict[str, str]:
    """`DATABASE_URL` and `REDIS_URL`, which hold passwords and so are only in a file with secrets (BER-OPS-07)."""
    urls: dict[str, str] = {}
    if "POSTGRES_PASSWORD" in found:
        user, password = quote(found["POSTGRES_USER"], safe=""), quote(found["POSTGRES_PASSWORD"], safe="")
        place = f"{found['POSTGRES_HOST']}:{found['POSTGRES_PORT']}/{found['POSTGRES_DB']}"
        urls["DATABASE_URL"] = f"postgresql://{user}:{password}@{place}?sslmode=verify-full"
    for prefix in ("REDIS", "QUEUE_REDIS"):
        if f"{prefix}_PASSWORD" in found:
            password = quote(found[f"{prefix}_PASSWORD"], safe="")
            urls[f"{prefix}_URL"] = f"rediss://:{password}@{found[f'{prefix}_HOST']}:{found[f'{prefix}_PORT']}/0"
    return urls


def revealed(clients: Clients, region: str, reference: Reference) -> str:
    """The value a reference stands for. Raises Refused for a secret without the field."""
    text = clients("secretsmanager", region).get_secret_value(SecretId=reference.arn)["SecretString"]
    try:
        return str(json.loads(text)[reference.field])
    except (ValueError, KeyError, TypeError):
        raise Refused(f"{reference.arn}: expected JSON with {reference.field}, found something else.") from None


def quoted(value: str) -> str:
    """A value as `.env` files take it: in single quotes where it has anything that means something there."""
    plain = value and all(letter.isalnum() or letter in "-._/:@?=&+%,~" for letter in value)
    return value if plain else "'" + value.replace("'", "'\\''") + "'"


def write_privately(file: Path, text: str) -> None:
    """Write a file only its owner can read, from its first byte on. Raises Mistake when it cannot be written."""
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(text)
        beside.replace(file)
    except OSError as error:
        raise Mistake(f"--to: {file} cannot be written ({error.strerror}).") from None
