"""`phi backend`: the home of a stack's state."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from operations import terminal
from operations.aws import client
from operations.backend import create as making
from operations.backend import move as moving
from operations.backend import place, status
from operations.mistakes import FINDING, Mistake
from operations.terminal import output, project
from settings import load
from settings.jurisdiction import FACTS
from settings.stack import Settings

app = typer.Typer(no_args_is_help=True, help="Where the program's own state is kept, copied and locked.")

Stack = Annotated[str, typer.Argument(help="Name of a stack.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Url = Annotated[
    str | None, typer.Option("--url", help="Backend, s3://bucket?region=…; default: the one pulumi uses here.")
]


@app.command()
def create(stack: Stack, yes: Yes = False, as_json: AsJson = False) -> None:
    """Make the buckets of the state in two regions, and the multi-Region key of its secrets.

    May be repeated: what is there gets its settings again. A stack with `recovery.state_backend` builds its buckets
    itself; for it only the key is made.
    """
    settings = _settings(stack)
    account = client("sts", settings.region).get_caller_identity()["Account"]
    plan = making.planned(settings, account)
    steps = [(step, step.there()) for step in making.steps(plan, client)]
    if not as_json:
        for step, there in steps:
            output.print(f"{'=' if there else '+'} {step.what}", highlight=False)
    if not yes:
        typer.confirm(f"Make this in account {account}?", abort=True)
    for step, _ in steps:
        step.make()
    if as_json:
        made = {"made": [step.what for step, there in steps if not there], "there": [s.what for s, t in steps if t]}
        _json({**made, "url": plan.url, "secrets_provider": plan.secrets_provider})
        return
    if plan.url is None:
        output.print(
            "The stack builds its buckets itself (recovery.state_backend): deploy it once with `pulumi login "
            f"file://…`, then `phi backend move {stack} --to 's3://…?region={plan.home}'`.",
            highlight=False,
        )
    else:
        output.print(f"pulumi login '{plan.url}'", highlight=False, soft_wrap=True)
    output.print(
        f"pulumi stack init {stack} --secrets-provider='{plan.secrets_provider}'\n"
        f"(an existing stack: pulumi stack change-secrets-provider -s {stack} '{plan.secrets_provider}')",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


@app.command("status")
def show(stack: Stack, url: Url = None, as_json: AsJson = False) -> None:
    """Show where the state is, how old it and its copy are, and who holds its lock.

    Ends with 1 when something is not as it should be: no copy, a late one, a lock older than 15 minutes.
    """
    settings = _settings(stack)
    there, region = _place(settings, url)
    now = datetime.now(UTC)
    found = status.read(client, there, region, place.project_name(project()), stack, now)
    if as_json:
        _json({
            "state": {name: {"bucket": kept.bucket, "region": kept.region, "versioned": kept.versioned,
                             "written": kept.written, "replication": kept.replication}
                      for name, kept in (("primary", found.primary), ("copy", found.copy)) if kept is not None},
            "latency_seconds": found.latency_seconds,
            "locks": [{"user": lock.user, "host": lock.host, "process": lock.process, "taken": lock.taken,
                       "minutes": lock.minutes(now)} for lock in found.locks],
            "problems": found.problems,
        })  # fmt: skip
    else:
        table = terminal.table("", "Bucket", "Region", "Versions", "Written (UTC)", title=f"{stack}: its state")
        for name, kept in (("state", found.primary), ("copy", found.copy)):
            if kept is not None:
                when = "not there" if kept.written is None else f"{kept.written:%Y-%m-%d %H:%M:%S}"
                table.add_row(name, kept.bucket, kept.region, "yes" if kept.versioned else "no", when)
        output.print(table)
        latency = "none reported" if found.latency_seconds is None else f"{found.latency_seconds:g} s"
        output.print(f"Longest replication of the last hour: {latency}", highlight=False)
        for lock in found.locks:
            output.print(f"Lock: {lock} ({lock.minutes(now)} minutes)", highlight=False, markup=False)
        for problem in found.problems:
            output.print(f"• {problem}", style="red", highlight=False, markup=False)
    if found.problems:
        raise typer.Exit(FINDING)


@app.command()
def unlock(stack: Stack, url: Url = None, yes: Yes = False) -> None:
    """Release a lock older than 15 minutes, after showing who holds it (BER-OPS-11).

    A younger one stays, and the exit code is 1: somebody is probably still at work.
    """
    settings = _settings(stack)
    there, region = _place(settings, url)
    now = datetime.now(UTC)
    held = place.locks(client, there, region, place.project_name(project()), stack)
    if not held:
        output.print(f"{stack} is not locked.")
        return
    for lock in held:
        output.print(f"Lock: {lock} ({lock.minutes(now)} minutes)", highlight=False, markup=False)
    stale = [lock for lock in held if lock.minutes(now) >= place.STALE_MINUTES]
    if stale:
        if not yes:
            typer.confirm("Does none of these processes run any more? Release", abort=True)
        for lock in stale:
            client("s3", region).delete_object(Bucket=there.bucket, Key=lock.key)
        output.print(f"Released {len(stale)}. `pulumi refresh -s {stack}` first: the last change may be half done.")
    if len(stale) < len(held):
        output.print(f"Younger than {place.STALE_MINUTES} minutes: not released.", style="red")
        raise typer.Exit(FINDING)


@app.command()
def move(
    stack: Stack,
    to: Annotated[str, typer.Option("--to", help="The new backend: s3://bucket?region=…, or file://….")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Copy a stack's state to another backend and compare; the old backend keeps what it has.

    Both backends must be reachable. When a region is down, the copy is the state already: `pulumi login` to its bucket,
    and `phi backend rehome`.
    """
    source = place.current(project())
    if source.rstrip("/") == to.rstrip("/"):
        raise Mistake(f"--to: expected another backend than {source}, where the state is now.")
    if not as_json:
        output.print(f"{stack}: from {source} to {to}", highlight=False, soft_wrap=True)
    if not yes:
        typer.confirm("Copy the state?", abort=True)
    moved = moving.move(project(), stack, to)
    if as_json:
        _json({"resources": moved.resources, "digest": moved.digest, "secrets_provider": moved.secrets_provider})
        return
    output.print(f"{moved.resources} resources, digest {moved.digest[:12]}, the same in both.", highlight=False)
    output.print(f"From now on: pulumi login '{to}'", highlight=False, soft_wrap=True)


@app.command()
def rehome(
    stack: Stack,
    region: Annotated[str, typer.Option("--region", help="Region whose copy of the key opens the secrets.")],
    yes: Yes = False,
) -> None:
    """Open the secrets of the state with the key's copy in another region, when the key's own is down (BER-N07).

    Writes the state, in the backend pulumi uses here, and `secretsprovider` of the stack file.
    """
    settings = _settings(stack)
    allowed = FACTS[settings.jurisdiction].regions
    if region not in allowed:
        raise Mistake(f"--region: expected one of {', '.join(allowed)}, found {region}.")
    if not yes:
        typer.confirm(f"Let the key in {region} open the secrets of {stack}?", abort=True)
    provider = moving.rehome(project(), stack, region)
    output.print(f"Secrets of {stack}: {provider}", highlight=False, soft_wrap=True)


def _settings(stack: str) -> Settings:
    return load.from_file(project() / f"Pulumi.{stack}.yaml")


def _place(settings: Settings, url: str | None) -> tuple[place.Place, str]:
    there = place.place(url or place.current(project()))
    return there, there.region or settings.region


def _json(document: object) -> None:
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
