"""`phi database`: move data in, give the application its user, look inside, go back in time."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Generator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from operations import outputs, terminal
from operations.aws import client
from operations.database import application_user, client_tools, connection, migration, point_in_time, tunnel
from operations.database.connection import Server
from operations.database.migration import Migration, Options, Plan, State
from operations.database.place import Login, StackDatabase, certificate_bundle, login
from operations.mistakes import FINDING, Mistake
from operations.terminal import agree, errors, output, project

app = typer.Typer(no_args_is_help=True, help="The database of a stack: migrate, users, connect, restore.")

Stack = Annotated[str, typer.Argument(help="Name of the stack.")]
OutputsFile = Annotated[
    Path | None,
    typer.Option("--outputs", help="File with the outputs (pulumi stack output --json); default: the stack's state."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Bundle = Annotated[
    Path | None, typer.Option("--ca", help="File with the certificate authorities of RDS; default: PGSSLROOTCERT.")
]
Direct = Annotated[bool, typer.Option("--direct", help="Connect straight to the database: from inside its network.")]
Through = Annotated[
    str | None, typer.Option("--through", help="HOST:PORT of a tunnel that is open already.", metavar="HOST:PORT")
]
Target = Annotated[
    str | None, typer.Option("--target", help="Instance to pass through; default: the bastion, else one of the fleet.")
]
Tools = Annotated[
    Path | None, typer.Option("--tools", help="Folder of pg_dump, pg_restore and psql; default: found on this machine.")
]
Schemas = Annotated[
    list[str] | None, typer.Option("--schema", help="Schema the application works in; default: public.")
]


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the stack's database is reached from here."""

    direct: bool
    through: str | None
    target: str | None
    bundle: Path | None

    @property
    def open_tunnel(self) -> tuple[str, int] | None:
        """Host and port of the tunnel that is open already. Raises Mistake for anything else."""
        if self.through is None:
            return None
        host, _, port = self.through.rpartition(":")
        if not host or not port.isdigit():
            raise Mistake(f"--through: expected HOST:PORT such as 127.0.0.1:15432, found {self.through}.")
        return "127.0.0.1" if host == "localhost" else host, int(port)

    def require(self) -> None:
        """Raises Mistake for what this machine lacks to go this way."""
        certificate_bundle(self.bundle)
        if self.direct and self.open_tunnel is not None:
            raise Mistake("--direct, --through: expected one of them, found both.")
        if not self.direct and self.open_tunnel is None:
            tunnel.require_programs()


@contextlib.contextmanager
def reached(database: StackDatabase, who: Login, way: Way, address: str | None = None) -> Generator[Server]:
    """The stack's database, reached as asked: straight, through a tunnel that is open, or through one of our own."""
    way.require()
    server = database.server(who, certificate_bundle(way.bundle))
    if address is not None:
        server = Server(parameters={**server.parameters, "host": address}, password=server.password)
    if way.direct:
        yield server
    elif way.open_tunnel is not None:
        yield server.through(*way.open_tunnel)
    else:
        opening = tunnel.plan(database, client, target=way.target, port=None, address=address)
        with tunnel.opened(opening):
            yield server.through(tunnel.LOOPBACK, opening.port)


def ask(question: str, secret: bool) -> str:
    """Ask the person at the terminal."""
    return str(typer.prompt(question, default="" if question.endswith("]") else None, hide_input=secret, err=True,
                            show_default=False))  # fmt: skip


def may_ask() -> connection.Ask | None:
    """How to ask, when somebody is there."""
    return ask if sys.stdin.isatty() else None


def credentials(database: StackDatabase) -> Login:
    """The administrator's credentials."""
    return login(client, database.region, database.administrator_secret)


def application_login(database: StackDatabase) -> Login | None:
    """The application's credentials, where it has any of its own."""
    if database.application_secret is None:
        return None
    return login(client, database.region, database.application_secret)


def state_folder() -> Path:
    """Where migrations keep their state: `.phi/migrations` of the project, or of the folder $PHI_DIRECTORY names."""
    return Path(os.environ.get("PHI_DIRECTORY") or project() / ".phi").absolute() / "migrations"


def expected_rows(given: list[str]) -> dict[str, int]:
    """`codes=6740` → table and rows. Raises Mistake for anything else."""
    found: dict[str, int] = {}
    for text in given:
        name, _, number = text.rpartition("=")
        if not name or not number.isdigit():
            raise Mistake(f"--expect: expected TABLE=ROWS such as codes=6740, found {text}.")
        found[name] = int(number)
    return found


@app.command()
def migrate(
    stack: Stack,
    source: Annotated[
        str,
        typer.Option("--from", help="The old server: a service of pg_service.conf, `env`, `ask`, or a connection "
                     "string without password."),
    ],
    excluded: Annotated[list[str] | None, typer.Option("--exclude-schema", help="Schema to leave behind.")] = None,
    skipped: Annotated[list[str] | None, typer.Option("--skip-extension", help="Extension not to create.")] = None,
    skip_dependents: Annotated[
        bool,
        typer.Option("--skip-dependents", help="Leave out keys, policies, triggers that need an excluded schema."),
    ] = False,
    expect: Annotated[
        list[str] | None, typer.Option("--expect", help="TABLE=ROWS that must be met.", metavar="TABLE=ROWS")
    ] = None,
    schemas: Schemas = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    keep_archive: Annotated[
        bool, typer.Option("--keep-archive", help="Keep the dump until `phi database finish`.")
    ] = False,
    yes: Yes = False,
    direct: Direct = False,
    through: Through = None,
    target: Target = None,
    bundle: Bundle = None,
    tools: Tools = None,
    outputs_file: OutputsFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Move a database from its old server into the stack's; run it again to go on after an interruption.

    The old server is only read. Exit code 1: both sides differ, or something stands in the way.
    """
    database = StackDatabase.of(stack, outputs.read(stack, outputs_file))
    options = Options(
        excluded=tuple(excluded or ()),
        skipped_extensions=tuple(skipped or ()),
        skip_dependents=skip_dependents,
        expected=expected_rows(expect or []),
        schemas=tuple(schemas or ("public",)),
    )
    way = Way(direct=direct, through=through, target=target, bundle=bundle)
    base = state_folder()
    old = connection.source(source, may_ask())
    with reached(database, credentials(database), way) as new:
        chosen = client_tools.for_migration(client_tools.installed(tools), _major(old), _major(new))
        state = State(base / stack)
        work = Migration(
            source=old, target=new, application=application_login(database), tools=chosen, options=options,
            state=state, keep_archive=keep_archive,
        )  # fmt: skip
        plan = work.plan()
        if dry_run:
            _show_plan(plan, as_json=as_json)
            raise typer.Exit(FINDING if plan.findings else 0)
        if not as_json:
            _show_plan(plan, as_json=False)
        if plan.findings:
            if as_json:
                _show_plan(plan, as_json=True)
            raise typer.Exit(FINDING)
        if state.finished:
            errors.print(f"Migrated already; `phi database finish {stack}` lets go of what is kept.", highlight=False)
        else:
            verb = "Go on with moving" if state.begun else "Move"
            agree(f"{verb} {plan.source} into {plan.target}?", yes)
        with migration.alone(migration.folder_of(base, stack)), _showing() as shown:
            work.progress = shown.at
            findings = [] if state.finished else work.run()
    _show_result(work, findings, as_json=as_json)
    raise typer.Exit(FINDING if findings else 0)


@app.command()
def rollback(
    stack: Stack, yes: Yes = False, direct: Direct = False, through: Through = None, target: Target = None,
    bundle: Bundle = None, outputs_file: OutputsFile = None,
) -> None:  # fmt: skip
    """Undo a migration, complete or not: the stack's database is again the one from before it."""
    way = Way(direct=direct, through=through, target=target, bundle=bundle)
    question = "Undo the migration into {database}, and drop what it has restored?"
    with _begun(stack, outputs_file, way, question, yes) as (server, state):
        output.print(migration.rollback(server, state), highlight=False)


@app.command()
def finish(
    stack: Stack, yes: Yes = False, direct: Direct = False, through: Through = None, target: Target = None,
    bundle: Bundle = None, outputs_file: OutputsFile = None,
) -> None:  # fmt: skip
    """Let go of what a complete migration has kept: the earlier database and the archive. There is no way back."""
    way = Way(direct=direct, through=through, target=target, bundle=bundle)
    question = "Drop the database that {database} was before the migration?"
    with _begun(stack, outputs_file, way, question, yes) as (server, state):
        output.print(migration.finish(server, state), highlight=False)


@contextlib.contextmanager
def _begun(
    stack: str, outputs_file: Path | None, way: Way, question: str, yes: bool
) -> Generator[tuple[Server, State]]:
    """The stack's database and the migration that was begun into it, once the person has agreed to the question."""
    database = StackDatabase.of(stack, outputs.read(stack, outputs_file))
    state = State(state_folder() / stack)
    if not state.begun:
        raise Mistake(f"{stack}: expected a migration that was begun here, found none in {state.folder}.")
    agree(question.format(database=database.name), yes)
    with reached(database, credentials(database), way) as server, migration.alone(state.folder):
        yield server, state


@app.command()
def user(
    stack: Stack,
    schemas: Schemas = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 when privileges differ.")] = False,
    yes: Yes = False,
    direct: Direct = False,
    through: Through = None,
    target: Target = None,
    bundle: Bundle = None,
    outputs_file: OutputsFile = None,
    as_json: Json = False,
) -> None:
    """Create the application's user with exactly its privileges, or bring it in line with its secret."""
    database = StackDatabase.of(stack, outputs.read(stack, outputs_file))
    application = application_login(database)
    if application is None:
        raise Mistake(
            f"{stack}: expected an application user, found none: set `application_username` of "
            "`phi-platform:database` and deploy."
        )
    where = tuple(schemas or ("public",))
    way = Way(direct=direct, through=through, target=target, bundle=bundle)
    with reached(database, credentials(database), way) as server:
        if not check:
            agree(f"Give {application.username} its password and privileges in {database.name}?", yes)
            application_user.apply(server, application, where)
        differences = application_user.differences(server, application.username, where)
        if not check and not differences:
            with server.signed_in_as(application.username, application.password).connect():
                pass
    if as_json:
        output.print_json(json.dumps({"username": application.username, "changed": not check, "findings": differences}))
    else:
        _list(differences)
        if not differences:
            output.print(f"{application.username} signs in, and has exactly its privileges in {', '.join(where)}."
                         if not check else f"{application.username} has exactly its privileges in {', '.join(where)}.",
                         highlight=False)  # fmt: skip
    raise typer.Exit(FINDING if differences else 0)


@app.command()
def connect(
    stack: Stack,
    application: Annotated[
        bool, typer.Option("--application", help="Sign in as the application's user; default: the administrator.")
    ] = False,
    iam_user: Annotated[
        str | None, typer.Option("--iam", help="Sign in as this user with a short-lived IAM token.", metavar="USER")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Another server of the same network, such as a restored one.")
    ] = None,
    command: Annotated[
        str | None, typer.Option("--command", "-c", help="SQL to run; default: a session.", metavar="SQL")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="Local port of the tunnel; default: a free one.")] = None,
    tunnel_only: Annotated[
        bool, typer.Option("--tunnel-only", help="Only keep the tunnel open, for another program.")
    ] = False,
    direct: Direct = False,
    through: Through = None,
    target: Target = None,
    bundle: Bundle = None,
    tools: Tools = None,
    outputs_file: OutputsFile = None,
) -> None:
    """Open psql on the stack's database, through Session Manager; no password is shown or left behind."""
    database = StackDatabase.of(stack, outputs.read(stack, outputs_file))
    if tunnel_only:
        tunnel.require_programs()
        opening = tunnel.plan(database, client, target=target, port=port, address=address)
        errors.print(" ".join(opening.command), highlight=False, soft_wrap=True, markup=False)
        with tunnel.opened(opening), contextlib.suppress(KeyboardInterrupt):
            errors.print(f"{tunnel.LOOPBACK}:{opening.port} is {opening.address}; Ctrl-C ends it.", highlight=False)
            tunnel.until_interrupted()
        return
    who = _who(database, application=application, iam_user=iam_user, address=address)
    psql = client_tools.newest(client_tools.installed(tools))
    way = Way(direct=direct, through=through, target=target, bundle=bundle)
    with reached(database, who, way, address) as server, connection.known_to_tools(stack=server) as environment:
        arguments = ["--dbname=service=stack", *(["--command", command] if command else [])]
        raise typer.Exit(tunnel.session([str(psql.tool("psql")), *arguments], environment))


def _who(database: StackDatabase, *, application: bool, iam_user: str | None, address: str | None) -> Login:
    if application and iam_user is not None:
        raise Mistake("--application, --iam: expected one of them, found both.")
    if iam_user is not None:
        token = client("rds", database.region).generate_db_auth_token(
            DBHostname=address or database.address, Port=database.port, DBUsername=iam_user
        )
        return Login(username=iam_user, password=token)
    if not application:
        return credentials(database)
    found = application_login(database)
    if found is None:
        raise Mistake(f"{database.stack}: expected an application user, found none among its outputs.")
    return found


@app.command()
def restore(
    stack: Stack,
    moment: Annotated[
        str | None,
        typer.Option("--time", help="Moment to go back to, such as 2026-01-31T09:30:00Z.", metavar="TIME"),
    ] = None,
    latest: Annotated[bool, typer.Option("--latest", help="The latest moment the backups hold.")] = False,
    identifier: Annotated[
        str | None, typer.Option("--identifier", help="Name of the new one; default: the old name and a date.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    yes: Yes = False,
    poll_seconds: Annotated[
        float, typer.Option("--poll-seconds", help="How often to ask AWS how far it is.", min=0.1)
    ] = point_in_time.POLL_SECONDS,
    outputs_file: OutputsFile = None,
    as_json: Json = False,
) -> None:
    """Restore the database to a moment into a new instance or cluster, as well protected as the one there is."""
    if (moment is None) == (not latest):
        raise Mistake("--time, --latest: expected one of them, found " + ("none." if moment is None else "both."))
    database = StackDatabase.of(stack, outputs.read(stack, outputs_file))
    plan = point_in_time.plan(
        database, client, moment=None if moment is None else parsed(moment), identifier=identifier
    )
    if not as_json:
        _show_restore(plan)
    if dry_run:
        if as_json:
            output.print_json(json.dumps({"plan": _restore_row(plan)}, default=str))
        return
    agree(f"Restore {plan.source} into {plan.target}? It costs what the old one costs, until one of them is gone.", yes)
    rds = client("rds", database.region)
    source = point_in_time.describe(rds, plan.source, aurora=plan.aurora) or {}
    with errors.status("Restoring") as status:
        done = point_in_time.run(
            database, client, plan, lambda what, how: status.update(f"{what}: {how}"), poll_seconds=poll_seconds
        )
    old_id = str(source.get("DbClusterResourceId" if plan.aurora else "DbiResourceId"))
    steps = point_in_time.next_steps(database, done, old_id)
    if as_json:
        output.print_json(
            json.dumps({"plan": _restore_row(plan), "restored": asdict(done), "next": steps}, default=str)
        )
    else:
        _list(list(done.findings))
        output.print(f"{done.target} answers at {done.address} after {done.seconds:.0f} s. Next:", highlight=False,
                     soft_wrap=True)  # fmt: skip
        for step in steps:
            output.print(f"  {step}", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(FINDING if done.findings else 0)


def parsed(moment: str) -> datetime:
    """A moment with its time zone. Raises Mistake for one without, which would mean another hour elsewhere."""
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Mistake(f"--time: expected a moment with its time zone, such as 2026-01-31T09:30:00Z, found {moment}.")
    return found.astimezone(UTC)


# What is shown


class _Shown:
    """Progress of a migration on one line of the terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def at(self, what: str, done: int, total: int) -> None:
        self._progress.update(self._task, description=what, completed=done, total=max(total, 1))


@contextlib.contextmanager
def _showing() -> Generator[_Shown]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        yield _Shown(progress)


def _major(server: Server) -> int:
    with server.connect() as opened:
        return opened.info.server_version // 10_000


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        output.print_json(json.dumps({"plan": asdict(plan)}))
        return
    table = Table(show_header=False, box=None)
    table.add_row("from", f"{plan.source} (PostgreSQL {plan.source_version})")
    table.add_row("into", f"{plan.target} (PostgreSQL {plan.target_version})")
    table.add_row("with", plan.tools)
    table.add_row("tables", f"{len(plan.tables):,}, about {sum(each.rows for each in plan.tables):,} rows, "
                  f"{plan.bytes / 2**20:,.1f} MiB")  # fmt: skip
    table.add_row("extensions", ", ".join(f"{name} {version}" for name, version in plan.extensions.items()) or "none")
    table.add_row("there now", f"{plan.existing_tables:,} tables, kept until `phi database finish`; {plan.sessions:,} "
                  "sessions, ended at the change of names")  # fmt: skip
    output.print(table, highlight=False)
    for note in plan.notes:
        output.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    _list(list(plan.findings))


def _show_result(work: Migration, findings: list[str], *, as_json: bool) -> None:
    results, values = work.results(), work.state.values
    if as_json:
        document = {
            "source": values["source"],
            "target": values["target"],
            "complete": work.state.finished,
            "findings": findings,
            "steps": values["steps"],
            "tables": [{"table": each.table, "same": each.same, "source": asdict(each.source),
                        "target": asdict(each.target)} for each in results],
            "left_out": values.get("left_out", []),
            "archive_sha256": values["archive"]["sha256"],
        }  # fmt: skip
        output.print_json(json.dumps(document))
        return
    table = terminal.table("Table", "Rows", "Checksum", "Both sides", title="Old and new database")
    for each in results:
        same = "the same" if each.same else "[red]differ[/]"
        table.add_row(each.table, f"{each.target.rows:,}", each.target.checksum, same)
    output.print(table, highlight=False)
    seconds = sum(step["seconds"] for step in values["steps"].values())
    _list(findings)
    if not findings:
        rows = sum(each.target.rows for each in results)
        output.print(f"{rows:,} rows of {len(results):,} tables moved in {seconds:,.0f} s, the same on both sides.",
                     highlight=False)  # fmt: skip


def _show_restore(plan: point_in_time.Restore) -> None:
    table = Table(show_header=False, box=None)
    for name, value in _restore_row(plan).items():
        table.add_row(name, value if isinstance(value, str) else json.dumps(value, default=str))
    output.print(table, highlight=False)


def _restore_row(plan: point_in_time.Restore) -> dict[str, Any]:
    return {
        "from": plan.source,
        "into": plan.target,
        "moment": "the latest" if plan.time is None else plan.time.isoformat(),
        "earliest": plan.earliest and plan.earliest.isoformat(),
        "latest": plan.latest and plan.latest.isoformat(),
        "password": "the stack's secret" if plan.sets_password else "RDS's own, in a new secret",
        "instances": [member["DBInstanceIdentifier"] for member in plan.members] or [plan.target],
        "restored with": {name: value for name, value in plan.request.items() if name != "Tags"},
        "then set": dict(plan.later),
    }


def _list(findings: list[str]) -> None:
    for finding in findings:
        output.print(finding, style="red", highlight=False, markup=False, soft_wrap=True)
