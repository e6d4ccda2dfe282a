"""`phi doctor`: is this machine, and the account, ready for a stack?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

import typer

from operations import outputs, terminal
from operations.aws import client
from operations.doctor import account, backend, quotas, tools
from operations.doctor.point import Point, Verdict, point
from operations.mistakes import FINDING, Mistake, Refused
from operations.terminal import output, project
from settings import load
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
    deployed = outputs_of(stack)
    yield backend.point_of(settings, stack, client, project(), deployed=deployed is not None)
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


def outputs_of(stack: str) -> dict[str, Any] | None:
    """The stack's outputs; None: it is not deployed, or nobody can tell."""
    try:
        return outputs.read(stack) or None
    except (Refused, Mistake):
        return None


def _agreement(settings: Settings) -> Point:
    """The signed agreement with AWS (ALL-16); production in the United States is refused by the settings without it."""
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


def _show(stack: str | None, found: list[Point]) -> None:
    title = "This machine" if stack is None else f"{stack}: this machine and its account"
    table = terminal.table("", "What", "Found", title=title)
    for each in found:
        table.add_row(f"[{_STYLES[each.verdict]}]{each.verdict.value}[/]", each.name, each.found.replace("[", r"\["))
    output.print(table)
    for each in found:
        if each.fix:
            output.print(f"• {each.name}: {each.fix}", highlight=False, markup=False)
