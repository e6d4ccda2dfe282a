"""`phi adopt` and `phi local adopt`: take over resources that run already."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from engine import install
from operations import adopt, terminal
from operations.adopt import Finding, Outcome
from operations.adopt_lookups import LOOKUPS
from operations.aws import Clients, client
from operations.local import LocalError, LocalRun
from operations.mistakes import FINDING
from operations.protections import Account
from operations.terminal import errors, output, project
from settings import load

_STANDARD_ERROR = 2

Stack = Annotated[str, typer.Argument(help="Name of the stack: its file is Pulumi.<stack>.yaml.")]
File = Annotated[Path | None, typer.Option("--file", "-f", help="Import file to write. Default: import.<stack>.json.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Import what was found; else only the file is written.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def adopt_stack(stack: Stack, file: File = None, yes: Yes = False, as_json: Json = False) -> None:
    """Find the running resources of a stack by name, and write the file that imports them into its state.

    Looks only; with --yes, `pulumi import` then writes the state, and nothing else. Exit code 1 when something is
    ambiguous (name it in the stack file, naming, or fill its id into the file by hand), and when an update after the
    import would replace or delete something, which is then named.
    """
    folder = project()
    settings = load.from_file(_stack_file(folder, stack))
    engine = install.install(errors)
    environment = {**os.environ, **install.environment(engine)}
    _adopt(
        stack, settings.region, folder, engine.pulumi, environment,
        client,
        file or folder / f"import.{stack}.json", yes=yes, as_json=as_json,
    )  # fmt: skip


def adopt_on(run: LocalRun, stack: str, file: Path | None, *, yes: bool, as_json: bool) -> None:
    """The same on the embedded AWS of a run."""
    settings = load.from_file(run.stack_file(stack))
    endpoint = run.prepare(stack)
    account = Account(url=endpoint.aws_url, region=settings.region)
    _adopt(
        stack, settings.region, run.project, run.engine.pulumi, run.environment(stack, endpoint), account.client,
        file or run.directory / f"import.{stack}.json", yes=yes, as_json=as_json,
    )  # fmt: skip


def _adopt(
    stack: str, region: str, folder: Path, pulumi: Path, environment: Mapping[str, str], clients: Clients,
    file: Path, *, yes: bool, as_json: bool,
) -> None:  # fmt: skip
    with errors.status("Asking Pulumi what it would create"):
        plan, skeleton = adopt.preview(pulumi, folder, environment, stack)
    wanted = adopt.read_plan(plan, region)
    with errors.status(f"Looking for {len(wanted)} resources"):
        findings = adopt.Search(wanted, clients, LOOKUPS).all()
    content = adopt.import_file(skeleton, findings)
    file.write_text(json.dumps(content, indent=2) + "\n")
    found = [finding for finding in findings if finding.outcome is Outcome.FOUND]
    if not as_json:
        _show(output, stack, findings)
        output.print(f"{len(found)} of {len(findings)} are there; written to {file}", highlight=False, soft_wrap=True)
    lost: list[str] = []
    if found and yes:
        _import(stack, folder, pulumi, adopt.without_policies(environment), file)
        with errors.status("Asking Pulumi what an update would replace"):
            lost = adopt.replaced_by_update(pulumi, folder, environment, stack)
    elif found and not as_json:
        command = " ".join(["pulumi", *adopt.import_arguments(file, stack)])
        output.print(f"Import them with --yes, or: {command}", highlight=False, soft_wrap=True)
    if as_json:
        rows = [_row(finding) for finding in findings]
        output.print_json(json.dumps({"file": str(file), "resources": rows, "replaced": lost}))
    if lost:
        _warn(lost)
    if lost or any(finding.outcome is Outcome.AMBIGUOUS for finding in findings):
        raise typer.Exit(FINDING)


def _import(stack: str, folder: Path, pulumi: Path, environment: Mapping[str, str], file: Path) -> None:
    """Write what was found into the state; the engine talks on standard error, which leaves the other to JSON."""
    import subprocess

    arguments = [*adopt.import_arguments(file, stack), "--yes", "--skip-preview", "--suppress-outputs"]
    done = subprocess.run([pulumi, *arguments], cwd=folder, env=environment, check=False, stdout=_STANDARD_ERROR)
    if done.returncode:
        raise LocalError(f"The import of {stack} failed; what was imported before stays in the state. Run it again.")


def _warn(lost: list[str]) -> None:
    """Name what an update would replace: the engine lets it, where the program protects nothing."""
    errors.print("Imported. Do not run `up` yet, it would replace or delete:", style="red", highlight=False)
    for each in lost:
        errors.print(f"  {each}", style="red", highlight=False, markup=False, soft_wrap=True)
    errors.print("Make the stack file say what runs (docs/adoption.md, The import).", highlight=False)


def _stack_file(folder: Path, stack: str) -> Path:
    file = folder / f"Pulumi.{stack}.yaml"
    if not file.exists():
        raise LocalError(f"No stack file {file.name} in {folder}.")
    return file


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "type": finding.wanted.type, "name": finding.wanted.name, "outcome": finding.outcome.value,
        "ids": list(finding.ids), "why": finding.why,
    }  # fmt: skip


def _show(console: Console, stack: str, findings: list[Finding]) -> None:
    """What needs a person first; then a count of each outcome per type."""
    for finding in findings:
        if finding.outcome in (Outcome.AMBIGUOUS, Outcome.UNANSWERED):
            what = ", ".join(finding.ids) or finding.why
            console.print(
                f"{finding.outcome}: {finding.wanted.type} {finding.wanted.name}: {what}",
                style="red", highlight=False, soft_wrap=True,
            )  # fmt: skip
    table = terminal.table("Type", *(outcome.value for outcome in Outcome), title=f"Resources of {stack}")
    counts = Counter((finding.wanted.type, finding.outcome) for finding in findings)
    for type_name in sorted({finding.wanted.type for finding in findings}):
        table.add_row(type_name, *(str(counts[type_name, outcome] or "") for outcome in Outcome))
    console.print(table)
