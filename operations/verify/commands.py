"""`phi verify`: is the live account what the stack says?"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from operations import state
from operations.aws import client
from operations.mistakes import FINDING
from operations.terminal import indented, output, project
from operations.verify.account import Account
from operations.verify.check import Answer, Result
from operations.verify.run import verify
from settings import load

_STYLES = {
    Answer.OK: "green", Answer.DIFFERS: "bold red", Answer.WARNS: "yellow", Answer.UNREADABLE: "magenta",
    Answer.NOT_APPLICABLE: "dim",
}  # fmt: skip


def verify_stack(
    stack: Annotated[str, typer.Argument(help="Name of a stack.")],
    file: Annotated[
        Path | None, typer.Option("--state", help="A file of `pulumi stack export` instead of the backend.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every answer as JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also list what is as it should be.")] = False,
) -> None:
    """Compare the live account with a stack's settings and state, and name everything that differs.

    Needs AWS credentials that may read; nothing is changed. Exit codes: 0 as it should be, 1 something differs, 2 a
    mistake in the settings, 3 AWS failed. Warnings and what cannot be read do not fail, but are listed.
    """
    settings = load.from_file(project() / f"Pulumi.{stack}.yaml")
    results = verify(Account(settings, state.read(stack, file), client))
    if as_json:
        sys.stdout.write(json.dumps([document(result) for result in results], indent=2, default=str) + "\n")
    else:
        _show(stack, results, everything=everything)
    if any(result.answer is Answer.DIFFERS for result in results):
        raise typer.Exit(FINDING)


def document(result: Result) -> dict[str, Any]:
    """A result as JSON."""
    return {
        "check": result.check, "answer": result.answer.value, "subject": result.subject, "what": result.what,
        "expected": result.expected, "found": result.found, "fix": result.fix,
        "requirements": list(result.requirements),
    }  # fmt: skip


def _show(stack: str, results: list[Result], *, everything: bool) -> None:
    quiet = set() if everything else {Answer.OK, Answer.NOT_APPLICABLE}
    for result in results:
        if result.answer in quiet:
            continue
        ids = f" ({', '.join(result.requirements)})" if result.requirements else ""
        output.print(Text.assemble((result.answer.value, _STYLES[result.answer]), "  ", (result.check, "bold"), ids))
        output.print(indented(": ".join(filter(None, (result.subject, result.what)))))
        for word, value in (("expected", result.expected), ("found", result.found)):
            if value is not None:
                output.print(indented(f"{word} {value if isinstance(value, str) else json.dumps(value, default=str)}"))
    for fix in dict.fromkeys(f"{result.check}: {result.fix}" for result in results if result.fix):
        output.print(f"• {fix}", highlight=False, markup=False)
    counts = Counter(result.answer for result in results)
    numbers = ", ".join(f"{counts[answer]} {answer.value}" for answer in Answer if counts[answer])
    output.print(f"{stack}: {numbers}", highlight=False)
