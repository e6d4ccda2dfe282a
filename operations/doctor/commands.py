"""`phi doctor`: is this machine, and the account, ready for a stack?"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError
from rich.table import Table

from operations import outputs
from operations.aws import client
from operations.backend import place
from operations.doctor import account, quotas, tools
from operations.doctor.point import Point, Verdict, point
from operations.mistakes import FINDING, Mistake, Refused
from operations.terminal import output, project
from settings import load
from settings.base import Environment
from settings.jurisdiction import FACTS, Jurisdiction
from settings.stack import Settings

_STYLES = {Verdict.FINE: "green", Verdict.WRONG: "bold red", Verdict.ADVICE: "yellow", Verdict.UNKNOWN: "magenta"}


def doctor(
    stack: Annotated[str | None, typer.Argument(help="Name of a stack; without one, only the tools.")] = None,
    expected: Annotated[
        str | None, typer.Option("--account", help="Account the stack belongs to; default: where it is deployed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check tools, sign-in, account, quotas, agreement, backend and domain; nothing is changed.

    Exit codes: 0 ready (advice and what is unknown are listed), 1 something is wrong, 2 a mistake in the settings.
    """
    settings = None if stack is None else load.from_file(project() / f"Pulumi.{stack}.yaml")
    database = None if settings is None else settings.database
    found = [*tools.points(None if database is None else int(database.major_version))]
    if settings is not None and stack is not None:
        found += about(settings, stack, expected)
    if as_json:
        sys.stdout.write(json.dumps([document(each) for each in found], indent=2) + "\n")
    else:
        _show(stack, found)
    if any(each.verdict is Verdict.WRONG for each in found):
        raise typer.Exit(FINDING)


def about(settings: Settings, stack: str, expected: str | None) -> Iterator[Point]:
    """Points of a stack and its account."""
    yield _agreement(settings)
    yield point(
        "jurisdiction", True, f"{settings.jurisdiction.value}: {', '.join(FACTS[settings.jurisdiction].regions)}", "",
        requirements=("BER-OPS-01",),
    )  # fmt: skip
    backend, deployed = _backend(settings, stack)
    yield backend
    own = None if deployed is None else str(deployed.get("account_id") or "") or None
    signed_in = list(account.points(settings, client, account=expected or own))
    yield from signed_in
    if signed_in[0].verdict is Verdict.FINE:
        yield from quotas.points(settings, client, deployed=own is not None)


def document(found: Point) -> dict[str, Any]:
    """A point as JSON."""
    return {
        "name": found.name, "verdict": found.verdict.value, "found": found.found, "fix": found.fix,
        "requirements": list(found.requirements),
    }  # fmt: skip


def _agreement(settings: Settings) -> Point:
    """The signed agreement with AWS; without it the settings of production in the United States are refused (ALL-16)."""
    signed = settings.agreement
    ids = ("OMN-OPS-03", "OMN-OPS-04", "FAC-OPS-23")
    fix = "Sign the Business Associate Addendum in AWS Artifact, and write `agreement` into the stack file."
    if signed is not None:
        there = signed.signed <= date.today()
        return point("agreement with AWS", there, f"{signed.signed}, {signed.reference}",
                     "agreement.signed: expected a day that has come.", requirements=ids)  # fmt: skip
    needed = settings.jurisdiction is Jurisdiction.UNITED_STATES
    found = "not signed" if needed else f"not asked for by {FACTS[settings.jurisdiction].statute}"
    return point("agreement with AWS", not needed, found, fix, advice=True, requirements=ids)


def _backend(settings: Settings, stack: str) -> tuple[Point, dict[str, Any] | None]:
    """Where the state is, and the stack's outputs; None: it is not deployed, or nobody can tell."""
    ids = ("BER-OPS-02", "BER-OPS-09")
    try:
        url = place.current(project())
    except (Refused, Mistake) as error:
        return Point(name="backend", verdict=Verdict.WRONG, found=str(error),
                     fix="`pulumi login`; `phi backend create` makes a home for the state.", requirements=ids), None  # fmt: skip
    try:
        deployed = outputs.read(stack)
    except (Refused, Mistake):
        deployed = None
    found = f"{url}{'' if deployed else ', without this stack'}"
    if url.startswith("s3://"):
        there = place.place(url)
        region = there.region or os.environ.get("AWS_REGION") or settings.region
        allowed = FACTS[settings.jurisdiction].regions
        if region not in allowed:
            return point(
                "backend", False, found, f"Keep the state in {', '.join(allowed)}.", requirements=ids
            ), deployed
        try:
            versions = client("s3", region).get_bucket_versioning(Bucket=there.bucket).get("Status") == "Enabled"
        except ClientError as error:
            return point("backend", False, f"{found}: {error.response['Error']['Code']}",
                         f"`phi backend create {stack}` makes the bucket.", requirements=ids), deployed  # fmt: skip
        return point("backend", versions, f"{found}{'' if versions else ', without versions'}",
                     f"Switch versions of {there.bucket} on.", requirements=ids), deployed  # fmt: skip
    production = settings.environment is Environment.PRODUCTION
    return point(
        "backend", False, found, "Keep the state of more than one person in a bucket: `phi backend create`.",
        advice=not production, requirements=ids,
    ), deployed  # fmt: skip


def _show(stack: str | None, found: list[Point]) -> None:
    table = Table(title="This machine" if stack is None else f"{stack}: this machine and its account")
    for column in ("", "What", "Found"):
        table.add_column(column, overflow="fold")
    for each in found:
        table.add_row(f"[{_STYLES[each.verdict]}]{each.verdict.value}[/]", each.name, each.found.replace("[", r"\["))
    output.print(table)
    for each in found:
        if each.fix:
            output.print(f"• {each.name}: {each.fix}", highlight=False, markup=False)
