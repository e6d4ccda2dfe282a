"""`phi dr`: recovery points, the recovery stack's file, failover, failback, drill."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from operations import outputs as stack_outputs
from operations import terminal
from operations.aws import client
from operations.database.commands import Bundle, Direct, OutputsFile, Target, Through, Way, agree, parsed
from operations.dr import engine, failback, failover, points, recovery_file, rehearsal, report, steps
from operations.dr.case import Case
from operations.dr.engine import Backend
from operations.dr.steps import Journal, NotMet, Step
from operations.mistakes import FINDING, Mistake
from operations.terminal import errors, output, project
from settings import load
from settings.stack import Settings

app = typer.Typer(no_args_is_help=True, help="Disaster recovery: status, plan, failover, failback, drill.")

Stack = Annotated[str, typer.Argument(help="Name of the stack.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before each step.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the steps and what speaks against them; do nothing.")]
Embedded = Annotated[
    bool, typer.Option("--embedded", help="On an embedded AWS of its own, the whole way, with data and failback.")
]
AlthoughUp = Annotated[bool, typer.Option("--although-up", help="Go on although the stack's own region answers.")]
LostAt = Annotated[
    str | None, typer.Option("--lost-at", help="When the region was lost, with a time zone; default: now.")
]
BackendUrl = Annotated[
    str | None,
    typer.Option("--backend", help="URL of the copy of the state; default: recovery.state_backend.replica_bucket."),
]
PLAN_FIRST = (
    "The plan must exist before an outage: without copies, a copied state and a key in the second region, nothing can "
    "be restored or managed there (BER-DR-24). Two regions cost about twice as much while both run (BER-DR-23)."
)


def folder_of(stack: str) -> Path:
    """Where recoveries of a stack keep journals and reports: `.phi/dr/STACK`, or in the folder $PHI_DIRECTORY names."""
    return Path(os.environ.get("PHI_DIRECTORY") or project() / ".phi").absolute() / "dr" / stack


def settings_of(stack: str) -> tuple[Settings, Path]:
    """The settings of a stack with a recovery region. Raises Mistake without one, SettingsError for wrong ones."""
    file = engine.file_of(stack)
    if not file.exists():
        raise Mistake(f"{file}: expected the stack file, found none.")
    settings = load.from_file(file)
    if settings.recovery is None:
        raise Mistake(f"{file.name}: phi-platform:recovery: expected a recovery region, found none. {PLAN_FIRST}")
    return settings, file


@app.command()
def status(
    stack: Stack,
    outputs_file: OutputsFile = None,
    spot_checks: Annotated[
        int, typer.Option("--spot-checks", min=0, max=1000, help="Objects of each bucket to compare by content.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Show every recovery point with its age, and whether the recovery objectives are met; exit code 1 when not."""
    settings, file = settings_of(stack)
    found = points.status(settings, stack_outputs.read(stack, outputs_file), client, spot_checks=spot_checks)
    found = replace(found, objectives=(*found.objectives, *_kept(stack, settings), _planned(stack, settings, file)))
    now = datetime.now(UTC)
    if as_json:
        output.print_json(
            json.dumps(
                {
                    "stack": stack, "met": found.met, "notes": found.notes,
                    "points": [{**asdict(each), "age_minutes": each.age_minutes(now)} for each in found.points],
                    "objectives": [asdict(each) for each in found.objectives],
                },
                default=str,
            )
        )  # fmt: skip
    else:
        _show_status(found, now)
    if not found.met:
        raise typer.Exit(FINDING)


def _kept(stack: str, settings: Settings) -> Iterator[points.Objective]:
    """Whether the stack's state is in the bucket that is copied (BER-DR-05)."""
    kept = None if settings.recovery is None else settings.recovery.state_backend
    if kept is None:
        return
    written = Backend.bucket(kept.bucket, settings.region).written(client, stack)
    yield points.Objective(
        store="state", place=points.HOME, what=f"of {stack}", expected=f"in {kept.bucket}",
        found="none: see `phi backend move`" if written is None else f"written {written:%Y-%m-%d %H:%M}",
        met=written is not None,
    )  # fmt: skip


def _planned(stack: str, settings: Settings, file: Path) -> points.Objective:
    """Whether the recovery stack's file is there, and fits the stack as it is today (BER-DR-24)."""
    derived = recovery_file.derive(recovery_file.read(file), settings, None)
    there = _recovery_file(stack)
    difference = recovery_file.difference(there, derived)
    return points.Objective(
        store="recovery stack", place=points.ABROAD, what=there.name, expected="as `phi dr plan` writes it",
        found=difference or "the same", met=difference is None,
    )  # fmt: skip


def _recovery_file(stack: str) -> Path:
    return project() / f"Pulumi.{recovery_file.name_of(stack)}.yaml"


def _show_status(found: points.Status, now: datetime) -> None:
    table = terminal.table("Store", "Where", "Recovery point", "Taken (UTC)", "Minutes old")
    for each in sorted(found.points, key=lambda point: (point.store, point.place, point.kind, point.taken)):
        name = f"{each.kind}: {each.name}" if each.name else each.kind
        table.add_row(each.store, each.place, name, f"{each.taken:%Y-%m-%d %H:%M}", f"{each.age_minutes(now):,.0f}")
    output.print(table, highlight=False, markup=False)
    table = terminal.table("Store", "Where", "What", "Expected", "Found", "Met")
    for each in found.objectives:
        met = "yes" if each.met else "[red]no[/]"
        table.add_row(each.store, each.place, each.what, each.expected, each.found, met)
    output.print(table, highlight=False)
    for note in found.notes:
        output.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def plan(stack: Stack, yes: Yes = False, as_json: Json = False) -> None:
    """Write the stack file of the recovery stack, from the stack's: region, zones and names changed."""
    settings, file = settings_of(stack)
    derived = recovery_file.derive(recovery_file.read(file), settings, None)
    target = _recovery_file(stack)
    if target.exists():
        agree(f"{target.name} is there: write it anew?", yes)
    target.write_text(derived.text)
    load.from_file(target)
    if as_json:
        output.print_json(json.dumps({"file": str(target), "notes": derived.notes}))
        return
    output.print(f"{target.name} is written. {PLAN_FIRST}", highlight=False, markup=False, soft_wrap=True)
    for note in derived.notes:
        output.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)


@app.command("failover")
def fail_over(
    stack: Stack, backend: BackendUrl = None, lost_at: LostAt = None, although_up: AlthoughUp = False,
    dry_run: DryRun = False, yes: Yes = False, as_json: Json = False, bundle: Bundle = None, direct: Direct = False,
    through: Through = None, target: Target = None,
) -> None:  # fmt: skip
    """Bring the system up in the recovery region, step by step; started again, it goes on where it stopped."""
    case = _case(stack, "failover", backend, Way(direct=direct, through=through, target=target, bundle=bundle),
                 although_up=although_up)  # fmt: skip
    _run(case, failover.FAILOVER, "failover", lost_at=lost_at, dry_run=dry_run, yes=yes, as_json=as_json)


@app.command("failback")
def fail_back(
    stack: Stack, backend: BackendUrl = None, dry_run: DryRun = False, yes: Yes = False, as_json: Json = False,
    bundle: Bundle = None, direct: Direct = False, through: Through = None, target: Target = None,
) -> None:  # fmt: skip
    """Go home again with the data, and remove the recovery stack; started again, it goes on where it stopped.

    The application must have stopped writing.
    """
    case = _case(stack, "failback", backend, Way(direct=direct, through=through, target=target, bundle=bundle))
    _run(case, failback.FAILBACK, "failback", lost_at=None, dry_run=dry_run, yes=yes, as_json=as_json)


@app.command()
def drill(
    stack: Stack, embedded: Embedded = False, backend: BackendUrl = None, dry_run: DryRun = False, yes: Yes = False,
    as_json: Json = False, bundle: Bundle = None, direct: Direct = False, through: Through = None,
    target: Target = None,
) -> None:  # fmt: skip
    """Rehearse a failover beside the running stack, measure RTO and RPO, and remove the recovery stack again.

    With --embedded the whole way, on an embedded AWS of its own: deploy, load data, destroy the primary, fail over,
    compare the data, fail back.
    """
    if embedded:
        if backend or bundle or direct or through or target or dry_run:
            raise Mistake("--embedded: expected no other option but --json, which says all there is to say of the way.")
        _rehearse(stack, as_json=as_json)
        return
    case = _case(stack, "drill", backend, Way(direct=direct, through=through, target=target, bundle=bundle),
                 although_up=True)  # fmt: skip
    _run(case, (*failover.FAILOVER, failback.REMOVE), "drill", lost_at=None, dry_run=dry_run, yes=yes, as_json=as_json)


def _rehearse(stack: str, *, as_json: bool) -> None:
    settings, _ = settings_of(stack)
    folder = folder_of(stack) / f"drill-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    try:
        files = rehearsal.rehearse(
            stack, settings, project(), folder, lambda what: errors.print(what, highlight=False, markup=False)
        )
    except NotMet as stopped:
        _told(stopped)
        errors.print(f"What was done is in {folder}.", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(FINDING) from None
    _finish(files, as_json=as_json)


def _told(stopped: NotMet) -> None:
    for finding in stopped.findings:
        errors.print(f"{stopped.step}: {finding}", style="red", highlight=False, markup=False, soft_wrap=True)


def _case(stack: str, kind: str, backend: str | None, way: Way, *, although_up: bool = False) -> Case:
    settings, file = settings_of(stack)
    recovery = settings.recovery
    kept = None if recovery is None else recovery.state_backend
    if backend is None and (kept is None or recovery is None):
        raise Mistake(
            f"--backend: expected the URL of the copy of the state, because {file.name} has no "
            "phi-platform:recovery.state_backend."
        )
    abroad = (
        Backend.bucket(kept.replica_bucket, recovery.region)
        if backend is None and kept is not None and recovery is not None
        else Backend(url=str(backend))
    )
    folder = _current(folder_of(stack), kind)
    return Case(
        name=stack, settings=settings, file=file, client=client, home=Backend.current(), abroad=abroad, folder=folder,
        journal=Journal(folder / "journal.json"), way=way, although_up=although_up,
    )  # fmt: skip


def _current(base: Path, kind: str) -> Path:
    """The folder of the run that is not finished yet, else a new one."""
    for folder in sorted(base.glob(f"{kind}-*"), reverse=True):
        journal = Journal(folder / "journal.json")
        if journal.begun and not journal.finished:
            return folder
    return base / f"{kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _run(
    case: Case, chosen: Sequence[Step[Case]], kind: str, *, lost_at: str | None, dry_run: bool, yes: bool, as_json: bool
) -> None:
    journal, numbers = case.journal, {step.name: number for number, step in enumerate(chosen, start=1)}
    lost = None if lost_at is None else parsed(lost_at).isoformat(timespec="seconds")
    if not dry_run:
        regions = (case.settings.region, case.recovery.region)
        start, end = reversed(regions) if kind == "failback" else regions
        lost = None if kind == "failback" else lost or steps.now()
        journal.begin(kind=kind, stack=case.name, lost=lost, **{"from": start, "to": end})

    def show(step: Step[Case], what: str) -> None:
        ids = ", ".join(step.requirements)
        errors.print(f"{numbers[step.name]}/{len(chosen)} {step.title} ({ids}): {what}", highlight=False, markup=False)

    def consent(step: Step[Case]) -> None:
        agree(f"Step {numbers[step.name]}: {step.title}?", yes)

    again = f"Once that is put right, start `phi dr {kind} {case.name}` again: it goes on here."
    try:
        findings = steps.run(chosen, case, journal, show=show, agree=consent, dry_run=dry_run)
    except NotMet as stopped:
        _told(stopped)
        errors.print(again, markup=False, highlight=False)
        raise typer.Exit(FINDING) from None
    except Exception as error:
        error.add_note(again)
        raise
    if dry_run:
        for finding in findings:
            output.print(finding, style="red", highlight=False, markup=False, soft_wrap=True)
        if findings:
            raise typer.Exit(FINDING)
        return
    journal.note(finished=steps.now())
    _finish(report.write(case.journal, case.recovery, case.folder), as_json=as_json)


def _finish(files: tuple[Path, Path], *, as_json: bool) -> None:
    """Tell what a report says.   files: it as data and as text."""
    document: dict[str, Any] = json.loads(files[0].read_text())
    if as_json:
        output.print_json(json.dumps(document))
    else:
        for name in ("rto", "rpo"):
            found = document[f"{name}_minutes"]
            shown = "not measured" if found is None else f"{found:.1f} minutes"
            limit = document[f"{name}_objective_minutes"]
            output.print(f"{name.upper()}: {shown}, objective {limit} minutes", highlight=False)
        output.print(f"Report: {files[1]}", highlight=False, markup=False, soft_wrap=True)
    if False in (document["rto_met"], document["rpo_met"]):
        raise typer.Exit(FINDING)
