"""`phi review` and `phi deploy`: what an update would change, for a reviewer; and the update that was reviewed."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from operations.mistakes import FINDING, Mistake
from operations.review import comment, engine, events, result, shown
from operations.review.cost import monthly_difference
from operations.review.result import Review
from operations.terminal import errors, output, project

Stack = Annotated[str, typer.Argument(help="Name of the stack.")]


def review_stack(
    stack: Stack,
    events_file: Annotated[
        Path | None, typer.Option("--events", help="Read this event log of a preview instead of previewing.")
    ] = None,
    comment_file: Annotated[
        Path | None, typer.Option("--comment", help="Write the comment of a pull request (Markdown).")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--save", help="Write the review, for `phi deploy`.")] = None,
    before: Annotated[
        Path | None, typer.Option(help="The stack file as it was, to tell what the change costs.")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask AWS first what is really there: shows drift as a change.")
    ] = False,
    expect_no_changes: Annotated[
        bool, typer.Option("--expect-no-changes", help="End with 1 when anything would change.")
    ] = False,
    revision: Annotated[str | None, typer.Option(help="The commit that is previewed, named in the comment.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Preview a stack and say what a reviewer must know: lost data first, then policies, then every change.

    Secrets never appear. Exit codes: 0 it could be deployed, 1 a policy refuses it or the preview fails.
    Source: OMN-OPS-01, MSP-OPS-01, BER-OPS-04.
    """
    if events_file is not None:
        reviewed = events.read(events_file)
        if reviewed.stack != stack:
            raise Mistake(f"{events_file}: expected a preview of {stack}, found one of {reviewed.stack or 'no stack'}.")
    else:
        with engine.workplace() as folder:
            reviewed = engine.preview(stack, folder, refresh=refresh)
    if before is not None:
        cost = monthly_difference(before, project() / f"Pulumi.{stack}.yaml")
        reviewed = reviewed.model_copy(update={"cost": cost})
    if comment_file is not None:
        _write(comment_file, comment.render(reviewed, revision=revision))
    if json_file is not None:
        _write(json_file, reviewed.model_dump_json(indent=1) + "\n")
    if as_json:
        output.print_json(reviewed.model_dump_json())
    else:
        show(reviewed)
    unexpected = expect_no_changes and bool(reviewed.changes or reviewed.outputs)
    raise typer.Exit(FINDING if reviewed.failed or unexpected else 0)


def deploy_stack(
    stack: Stack,
    reviewed_file: Annotated[Path, typer.Option("--reviewed", help="What `phi review --save` has written.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Deploy what was reviewed, and nothing else: preview, compare, then update to that very plan.

    Exit codes: 0 deployed, 1 the changes are not the reviewed ones or a policy refuses them, 2 no such review, 3 the
    update fails.
    Source: Pulumi documentation, "Update plans"; MSP-OPS-01, OMN-OPS-02, BER-OPS-04.
    """
    reviewed = result.load(reviewed_file)
    if reviewed.stack != stack:
        raise Mistake(f"{reviewed_file}: expected a review of {stack}, found one of {reviewed.stack}.")
    if reviewed.failed:
        raise Mistake(f"{reviewed_file}: this review refuses the changes. Fix them and review again.")
    with engine.workplace() as folder:
        now = engine.preview(stack, folder)
        if now.failed:
            show(now)
            raise typer.Exit(FINDING)
        if not now.changes and not now.outputs:
            output.print(f"{stack}: nothing left to change.", highlight=False)
            return
        if now.digest != reviewed.digest:
            lines = "\n".join(f"  {line}" for line in result.differences(reviewed, now))
            errors.print(
                f"{stack} would not change as reviewed. Nothing was deployed; review it again.\n{lines}",
                style="red", markup=False, highlight=False, soft_wrap=True,
            )  # fmt: skip
            raise typer.Exit(FINDING)
        show(now)
        if not yes:
            typer.confirm(f"Deploy these changes to {stack}?", abort=True)
        engine.update(stack, folder)


def show(reviewed: Review) -> None:
    """Print a review: what loses data, what is refused, how much changes."""
    shown.losses(output, reviewed)
    for problem in reviewed.problems:
        output.print(problem, style="red", markup=False, highlight=False, soft_wrap=True)
    for rule, found in groupby(reviewed.mandatory, key=lambda finding: finding.rule):
        findings = list(found)
        output.print(f"[bold red]refused[/] {escape(rule)}: {escape(findings[0].fix)}", highlight=False, soft_wrap=True)
        for finding in findings:
            line = f"  {finding.name}: {finding.message}"
            output.print(line, markup=False, highlight=False, soft_wrap=True)
    if reviewed.changes:
        output.print(shown.table(reviewed.changes))
    if reviewed.cost is not None:
        output.print(f"Cost: {reviewed.cost}", markup=False, highlight=False)
    advisory = len(reviewed.findings) - len(reviewed.mandatory)
    output.print(
        f"{reviewed.stack}: {len(reviewed.changes)} to change, {reviewed.unchanged} unchanged; "
        f"{len(reviewed.mandatory)} mandatory and {advisory} advisory findings.",
        highlight=False,
    )  # fmt: skip


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text)
    except OSError as error:
        raise Mistake(f"{file}: cannot be written ({error.strerror}).") from None
