"""`phi secrets`: ages, what people supply, another value, tokens. No value is ever shown, or an argument."""

from __future__ import annotations

import hmac
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from operations import outputs, stack_file, state, targeted, terminal
from operations.aws import client
from operations.mistakes import FINDING, Mistake, Refused
from operations.secrets import inventory
from operations.secrets.inventory import Kind, Known
from operations.terminal import agree, errors, output
from settings.compute import FLEET
from settings.secrets import SecretsSettings
from settings.stack import Settings
from settings.tokens import signed_token

app = typer.Typer(no_args_is_help=True, help="Secrets of a stack: list, set, rotate, tokens. Values are never shown.")

Stack = Annotated[str, typer.Argument(help="Name of the stack.")]
Name = Annotated[str, typer.Argument(help="Path of the secret, as the stack file and `phi secrets list` call it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_secrets(stack: Stack, as_json: Json = False) -> None:
    """Show every secret with its age, rotation, key and last use; exit code 1 when one has no value yet."""
    _, given, secrets = _all(stack)
    manager = client("secretsmanager", given["region"])
    now = datetime.now(UTC)
    rows = [inventory.describe(manager, each, now) for each in secrets.values()]
    if as_json:
        output.print_json(json.dumps([asdict(row) for row in rows], default=str))
    else:
        table = terminal.table("Secret", "Name", "Written by", "Age, days", "Rotates", "Last used", "Key")
        for row in rows:
            table.add_row(
                row.path, row.name, row.kind, "[red]no value[/]" if row.age_days is None else str(row.age_days),
                row.rotates or "by hand", f"{row.used:%Y-%m-%d}" if row.used else "never",
                row.key.rpartition("/")[2] or "AWS's own",
            )  # fmt: skip
        output.print(table, highlight=False)
    raise typer.Exit(FINDING if any(row.changed is None for row in rows) else 0)


@app.command("set")
def set_secret(stack: Stack, name: Name, yes: Yes = False) -> None:
    """Give a supplied secret its value: asked for without showing it, or a JSON object on standard input."""
    settings, given, secrets = _all(stack)
    secret = inventory.chosen(secrets, stack, name)
    if secret.kind is not Kind.SUPPLIED:
        raise Mistake(f"{name}: expected a secret under `secrets.supplied`, found one that {_WRITER[secret.kind]}.")
    fields = settings.secrets.fields(name)
    value = _asked(name, fields) if sys.stdin.isatty() else _read(name, fields, sys.stdin.read())
    manager = client("secretsmanager", given["region"])
    there = inventory.describe(manager, secret, datetime.now(UTC))
    if there.changed is not None:
        agree(f"{name} has a value of {there.changed:%Y-%m-%d}. Replace it?", yes)
    manager.put_secret_value(SecretId=secret.arn, SecretString=json.dumps(value))
    output.print(f"{name} has its value. {_restart_hint(settings, stack, [name])}", highlight=False, soft_wrap=True)


@app.command()
def rotate(
    stack: Stack,
    name: Name,
    restart: Annotated[bool, typer.Option("--restart", help="Start the services that read it again.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Give a secret another value: of the database by its rotation, of a generated one by drawing again.

    A generated one: `version` is raised in the stack file, and Pulumi writes the value and the tokens signed with it.
    """
    settings, given, secrets = _all(stack)
    secret = inventory.chosen(secrets, stack, name)
    changed = [name, *inventory.signed_with(settings.secrets, name)]
    if secret.kind is Kind.DATABASE:
        _rotate_database(secret, given["region"], yes=yes)
    elif secret.kind is Kind.GENERATED:
        agree(f"Draw {', '.join(changed)} anew? What was signed with the old value becomes invalid.", yes)
        _draw(stack, settings.secrets, secret)
    else:
        raise Mistake(f"{name}: expected a secret that can be rotated, found one that {_WRITER[secret.kind]}.")
    waiting = inventory.readers(settings, changed)
    restarted = _restart(given, [each for each in waiting if each != FLEET]) if restart else []
    left = [each for each in waiting if each not in restarted]
    if as_json:
        output.print_json(json.dumps({"rotated": changed, "restarted": restarted, "must_restart": left}))
        return
    output.print(f"Rotated: {', '.join(changed)}.", highlight=False)
    if restarted:
        output.print(f"Starting again: {', '.join(restarted)}.", highlight=False)
    if left:
        output.print(f"Still with the old value, until they start again: {', '.join(left)}"
                     + ("." if restart else " (`--restart`)."), highlight=False)  # fmt: skip


@app.command()
def tokens(stack: Stack, yes: Yes = False, as_json: Json = False) -> None:
    """Check that every signed token is the one of its key and settings, and write those that are not (OMN-N02).

    Changes nothing without --yes or a yes; exit code 1 when one differs or has expired, and nothing was written.
    """
    settings, given, secrets = _all(stack)
    if not settings.secrets.tokens:
        raise Mistake(f"{stack}: expected tokens under `secrets.tokens` of its stack file, found none.")
    wrong: dict[str, str] = {}
    for path, token in settings.secrets.tokens.items():
        key = inventory.value(client, given["region"], inventory.chosen(secrets, stack, token.signed_with).arn)
        if key is None:
            raise Refused(f"{token.signed_with}: expected a value to sign {path} with, found none; deploy the stack.")
        derived = signed_token(_plain(key, settings.secrets.generated[token.signed_with].field), token)
        text = derived if token.field is None else json.dumps({token.field: derived})
        there = inventory.value(client, given["region"], inventory.chosen(secrets, stack, path).arn)
        if there is None or not hmac.compare_digest(_plain(there, token.field), derived):
            wrong[path] = text
    if as_json:
        output.print_json(json.dumps({"tokens": list(settings.secrets.tokens), "differ": list(wrong), "written": yes}))
    elif not wrong:
        output.print(f"{', '.join(settings.secrets.tokens)}: signed with the key in use.", highlight=False)
    else:
        errors.print(f"{', '.join(wrong)}: not what the key in use signs.", style="red", highlight=False)
    if not wrong:
        return
    if not yes and not sys.stdin.isatty():
        raise typer.Exit(FINDING)
    agree(f"Write {', '.join(wrong)}?", yes)
    manager = client("secretsmanager", given["region"])
    for path, text in wrong.items():
        manager.put_secret_value(SecretId=secrets[path].arn, SecretString=text)
    if not as_json:
        output.print(f"Written. {_restart_hint(settings, stack, list(wrong))}", highlight=False, soft_wrap=True)


_WRITER = {
    Kind.DATABASE: "RDS or the rotation writes (`phi secrets rotate`)",
    Kind.CACHE: "the program generates with its cache; `aws elasticache modify-replication-group` changes it",
    Kind.GENERATED: "the program generates (`phi secrets rotate`)",
    Kind.TOKEN: "is signed with another (`phi secrets rotate` of that)",
    Kind.SUPPLIED: "people supply (`phi secrets set`)",
    Kind.ASSEMBLED: "the program makes of names, and is nothing secret",
}


def _all(stack: str) -> tuple[Settings, dict[str, Any], dict[str, Known]]:
    settings = stack_file.settings(stack)
    given = outputs.read(stack)
    return settings, given, inventory.known(given, settings.secrets)


def _asked(name: str, fields: tuple[str, ...]) -> dict[str, str]:
    found = {field: str(typer.prompt(f"{name} {field}", hide_input=True, err=True)) for field in fields}
    return _complete(name, fields, found)


def _read(name: str, fields: tuple[str, ...], text: str) -> dict[str, str]:
    """A value from standard input: a JSON object, or the bare text of a secret with one field."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return _complete(name, fields, found)
    if len(fields) == 1:
        return _complete(name, fields, {fields[0]: text.removesuffix("\n").removesuffix("\r")})
    raise Mistake(f"{name}: expected a JSON object with {', '.join(fields)} on standard input, found something else.")


def _complete(name: str, fields: tuple[str, ...], found: dict[str, Any]) -> dict[str, str]:
    """Raises Mistake that names fields, and no value."""
    problems = [f"{name}: expected {field}, found none" for field in fields if field not in found]
    problems += [f"{name}: expected only {', '.join(fields)}, found {field}" for field in found if field not in fields]
    problems += [
        f"{name}: expected {field} to be text, not empty, without spaces around it"
        for field, value in found.items()
        if field in fields and not (isinstance(value, str) and value.strip() and value == value.strip())
    ]
    if problems:
        raise Mistake("\n".join(problems))
    return {field: found[field] for field in fields}


def _rotate_database(secret: Known, region: str, *, yes: bool) -> None:
    manager = client("secretsmanager", region)
    found = manager.describe_secret(SecretId=secret.arn)
    if not found.get("RotationEnabled"):
        raise Mistake(
            f"{secret.path}: expected a secret with a rotation, found one without: set `rotation_days` or "
            "`managed_password` of `phi-platform:database`, and deploy."
        )
    agree(f"Rotate {found['Name']} now?", yes)
    manager.rotate_secret(SecretId=secret.arn)


def _draw(stack: str, settings: SecretsSettings, secret: Known) -> None:
    """Raise the version in the stack file and let Pulumi write; a refused plan leaves the file as it was."""
    file = stack_file.engine_file(stack)
    before = file.read_text()
    urns = inventory.urns(state.read(stack), secret.arn)
    stack_file.set_secret_version(file, secret.path, settings.generated[secret.path].version + 1)
    try:
        with errors.status(f"Drawing {secret.path} anew"):
            targeted.update(stack, urns)
    except BaseException:
        file.write_text(before)
        raise
    errors.print(f"Commit {file}: it says now which version is in use.", highlight=False, soft_wrap=True)


def _restart(given: dict[str, Any], services: list[str]) -> list[str]:
    """Let ECS start every task of these services again, a few at a time."""
    ecs = client("ecs", given["region"])
    for each in services:
        ecs.update_service(cluster=given["cluster_name"], service=given["service_names"][each], forceNewDeployment=True)
    return services


def _restart_hint(settings: Settings, stack: str, changed: list[str]) -> str:
    waiting = inventory.readers(settings, changed)
    return f"Of {stack} these read it when they start: {', '.join(waiting)}." if waiting else ""


def _plain(text: str, field: str | None) -> str:
    """The value itself, out of its field."""
    if field is None:
        return text
    try:
        return str(json.loads(text)[field])
    except (ValueError, KeyError, TypeError):
        return ""
