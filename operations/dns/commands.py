"""`phi dns`: moving the domain from the old server to the load balancer, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from operations import outputs, stack_file, state, terminal
from operations.aws import client
from operations.dns import records
from operations.dns.records import Domain
from operations.mistakes import FINDING, Mistake
from operations.release import health
from operations.terminal import agree, errors, output
from settings.stack import Settings

app = typer.Typer(no_args_is_help=True, help="The domain's move to this system: lower, cutover, cutback.")

CHANGE, ROLLBACK, LOWERED = "dns-change.json", "dns-rollback.json", "dns-lowered.json"
HEALTH_SECONDS = 30

Stack = Annotated[str, typer.Argument(help="Name of the stack.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="Where the change files are; default: cutover-STACK, to be kept.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def lower(
    stack: Stack,
    ttl: Annotated[int, typer.Option("--ttl", help="Seconds resolvers may keep an answer.", min=30, max=3600)] = 300,
    folder: Folder = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Lower the TTL of the domain's records, a day before the cutover (FAC-OPS-15); once more, to 60, just before it.

    Resolvers keep an answer as long as the TTL they were told with it, so the cutover waits for the old one.
    """
    domain, _ = _domain(stack)
    domain.require_own(state.read(stack))
    place = _folder(stack, folder)
    changes = records.lowered(domain.present(client), ttl)
    steps = _steps(place)
    if changes:
        longest = max(_ttl_now(domain, change) for change in changes)
        if not as_json:
            _show(changes)
        agree(f"Lower the TTL of {len(changes)} records to {ttl} s?", yes)
        with errors.status("Route 53") as status:
            records.apply(domain, client, {"Comment": f"TTL of {stack} to {ttl} s", "Changes": changes}, status.update)
        steps.append({"at": datetime.now(UTC).isoformat(), "before_seconds": longest, "seconds": ttl})
        place.mkdir(parents=True, exist_ok=True)
        (place / LOWERED).write_text(json.dumps(steps, indent=2) + "\n")
    ready = _ready(steps)
    if as_json:
        output.print_json(json.dumps({"changed": len(changes), "ready": ready and ready.isoformat()}))
    elif changes:
        output.print(f"No resolver keeps the old answer after {ready:%Y-%m-%d %H:%M} UTC. {place / LOWERED} says so: "
                     "keep it.", highlight=False, soft_wrap=True)  # fmt: skip
    else:
        output.print(f"No record of {', '.join(domain.names)} has a longer TTL than {ttl} s.", highlight=False)


@app.command()
def cutover(
    stack: Stack,
    health_url: Annotated[
        str | None,
        typer.Option("--health-url", help="Asked before; default: the health path, through the load balancer."),
    ] = None,
    folder: Folder = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Lead the domain to the load balancer (FAC-OPS-16). The change and its undoing are written first, for review.

    Refused while resolvers may still keep the old answer, and exit code 1 when the application does not answer.
    """
    domain, settings = _domain(stack)
    domain.require_own(state.read(stack))
    place = _folder(stack, folder)
    present = domain.present(client)
    if present and all(domain.leads_here(record) for record in present):
        raise Mistake(f"{', '.join(domain.names)} lead to {domain.target} already.")
    changes = records.cutover(domain, present)
    records.write(place / CHANGE, f"{stack}: to {domain.target}", changes)
    records.write(place / ROLLBACK, f"{stack}: back to what there was", records.cutback(domain, present))
    errors.print(f"Written: {place / CHANGE}, {place / ROLLBACK}", highlight=False, soft_wrap=True)
    _require_waited(place, present)
    problem = (
        _problem_through(domain, settings) if health_url is None else health.wait(health_url, seconds=HEALTH_SECONDS)
    )
    if problem is not None:
        errors.print(f"{problem}; nothing was changed.", style="red", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(FINDING)
    if not as_json:
        _show(changes)
    agree(f"Lead {', '.join(domain.names)} to {domain.target}?", yes)
    _apply(domain, place / CHANGE, as_json=as_json)
    if not as_json:
        output.print(f"Done. Watch errors, latency and sign-in for an hour; `phi dns cutback {stack}` undoes it.",
                     highlight=False, soft_wrap=True)  # fmt: skip


@app.command()
def cutback(stack: Stack, folder: Folder = None, yes: Yes = False, as_json: Json = False) -> None:
    """Lead the domain back to the old server, by the file that `cutover` has written (FAC-OPS-18)."""
    domain, _ = _domain(stack)
    domain.require_own(state.read(stack))
    file = _folder(stack, folder) / ROLLBACK
    batch = records.read(file, domain.names)
    if not any(domain.leads_here(record) for record in domain.present(client)):
        raise Mistake(f"{', '.join(domain.names)}: expected records that lead to {domain.target}, found none.")
    if not as_json:
        _show(batch["Changes"])
    agree(f"Lead {', '.join(domain.names)} back?", yes)
    _apply(domain, file, as_json=as_json)
    if not as_json:
        output.print("Done. Tell people; then look at logs, database, cache and buckets.", highlight=False)


def _problem_through(domain: Domain, settings: Settings) -> str | None:
    """What the application answers through the load balancer, when it is not the wanted: the request goes to its
    own name and asks for the domain, so it proves the certificate too."""
    return health.problem_through(domain.target, domain.names[0], health.path_of(settings), seconds=HEALTH_SECONDS)


def _domain(stack: str) -> tuple[Domain, Settings]:
    settings = stack_file.settings(stack)
    return Domain.of(stack, outputs.read(stack), settings, client), settings


def _folder(stack: str, folder: Path | None) -> Path:
    return folder or Path(f"cutover-{stack}")


def _steps(place: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads((place / LOWERED).read_text()))
    except FileNotFoundError:
        return []
    except ValueError:
        raise Mistake(f"{place / LOWERED}: expected what `phi dns lower` writes, found something else.") from None


def _ready(steps: Sequence[Mapping[str, Any]]) -> datetime | None:
    """When no resolver keeps an answer with a longer TTL any more."""
    moments = [datetime.fromisoformat(step["at"]) + timedelta(seconds=step["before_seconds"]) for step in steps]
    return max(moments, default=None)


def _require_waited(place: Path, present: Sequence[records.RecordSet]) -> None:
    """Raises Mistake while a resolver may keep the old answer for long (FAC-OPS-15)."""
    ready, longest = _ready(_steps(place)), max((record.get("TTL", 0) for record in present), default=0)
    if ready is None and longest:
        raise Mistake(
            f"{place / LOWERED}: expected the note of `phi dns lower`, found none, so nobody knows how long resolvers "
            "keep the old answer. Lower the TTL first, a day ahead."
        )
    if ready is not None and datetime.now(UTC) < ready:
        raise Mistake(
            f"Resolvers may keep the old answer until {ready:%Y-%m-%d %H:%M} UTC: the TTL was lowered less than the "
            "old one ago. Wait until then."
        )


def _ttl_now(domain: Domain, change: records.Change) -> int:
    wanted = change["ResourceRecordSet"]
    return next(
        int(record["TTL"])
        for record in domain.present(client)
        if (record["Name"], record["Type"], record.get("SetIdentifier"))
        == (wanted["Name"], wanted["Type"], wanted.get("SetIdentifier"))
    )


def _show(changes: Sequence[records.Change]) -> None:
    table = terminal.table("Change", "Record", "To", "TTL, s")
    for change in changes:
        record = change["ResourceRecordSet"]
        to = record.get("AliasTarget", {}).get("DNSName") or ", ".join(
            value["Value"] for value in record.get("ResourceRecords", ())
        )
        table.add_row(change["Action"], f"{record['Name']} {record['Type']}", to, str(record.get("TTL", "")))
    output.print(table, highlight=False, markup=False)


def _apply(domain: Domain, file: Path, *, as_json: bool) -> None:
    batch = records.read(file, domain.names)
    with errors.status("Route 53") as status:
        records.apply(domain, client, batch, status.update)
    if as_json:
        output.print_json(json.dumps({"applied": str(file), "names": domain.names, "changes": batch["Changes"]}))
