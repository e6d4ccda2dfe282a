"""Moving a database from an old server into a stack's, so that an interruption or a change of mind costs nothing.

The old server is only read. What it held at one instant (a snapshot) is dumped and fingerprinted, restored into a
database beside the stack's own, compared table by table, and takes the other's name at the very end. The database that
was there before is kept until `finish`, so going back is a change of names.
FAC-OPS-11 to 14, FAC-OPS-16, LWO-OPS-09, MSP-OPS-07; 45 CFR 164.312(c)(1) integrity.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql

from operations.database import application_user, archive, catalog, fingerprint
from operations.database.catalog import Dependent, Table
from operations.database.client_tools import ClientTools
from operations.database.connection import Connection, Server
from operations.database.fingerprint import Fingerprint
from operations.database.place import Login
from operations.mistakes import Mistake, Refused

FORMAT = 1
MAINTENANCE = "postgres"  # where one signs in to rename or drop another database
LONGEST_NAME = 63
RENAME_SECONDS = 30

STEPS = ("dump", "create", "schema", "data", "indexes", "compare", "user", "swap")

Progress = Callable[[str, int, int], None]
"""(what, done, total)"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to move.

    excluded: schemas left on the old server.   skipped_extensions: extensions not created.
    skip_dependents: whether foreign keys, policies and triggers that need an excluded schema are left out.
    expected: table → rows it must have.   schemas: where the application's user gets its privileges.
    """

    excluded: tuple[str, ...] = ()
    skipped_extensions: tuple[str, ...] = ()
    skip_dependents: bool = False
    expected: Mapping[str, int] = field(default_factory=dict[str, int])
    schemas: tuple[str, ...] = ("public",)

    def as_json(self) -> dict[str, Any]:
        return json.loads(json.dumps(asdict(self)))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a migration would do.   findings: what stands in its way.   notes: what it leaves behind."""

    source: str
    target: str
    source_version: int
    target_version: int
    tools: str
    bytes: int
    tables: tuple[Table, ...]
    extensions: Mapping[str, str]
    existing_tables: int
    sessions: int
    findings: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TableResult:
    """A table on both sides."""

    table: str
    source: Fingerprint
    target: Fingerprint

    @property
    def same(self) -> bool:
        return self.source == self.target


class State:
    """What is done, kept in a file after every step, so that the next run goes on from there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "state.json"
        self.values: dict[str, Any] = {}
        if self.file.exists():
            self.values = json.loads(self.file.read_text())
            if self.values.get("format") != FORMAT:
                raise Mistake(f"{self.file}: written by another version of phi; roll the migration back with that one.")

    @property
    def begun(self) -> bool:
        return bool(self.values)

    @property
    def finished(self) -> bool:
        return "swap" in self.values.get("steps", {})

    def done(self, step: str) -> bool:
        return step in self.values.get("steps", {})

    def update(self, **values: Any) -> None:
        """Keep values, whole or not at all."""
        self.values |= values
        temporary = self.file.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(self.values, stream, indent=2)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self.file)

    def mark(self, step: str, seconds: float) -> None:
        """Note that a step is done."""
        steps = {**self.values.get("steps", {}), step: {"at": _now(), "seconds": round(seconds, 1)}}
        self.update(steps=steps)

    def forget(self) -> None:
        """Remove the state and the archive."""
        shutil.rmtree(self.folder)


def folder_of(base: Path, stack: str) -> Path:
    """The folder of a stack's migration: readable by its owner only, because it holds a dump of patient records."""
    folder = base / stack
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


@contextlib.contextmanager
def alone(folder: Path) -> Generator[None]:
    """Hold the migration of a stack. Raises Mistake when another process does."""
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Mistake(f"Another `phi database` is at work on {folder.name}; wait for it to end.") from None
        yield


@dataclass(kw_only=True)
class Migration:
    """One migration into a stack's database.

    source: the old server.   target: the stack's database, signed in to as its administrator.
    application: the application's user, where the stack has one.   progress: told how far the work is.
    """

    source: Server
    target: Server
    application: Login | None
    tools: ClientTools
    options: Options
    state: State
    progress: Progress = lambda *_: None
    keep_archive: bool = False

    # Names

    @property
    def incoming(self) -> Server:
        """The database that is filled."""
        return self.target.at(_beside(self.target.database, "_incoming"))

    @property
    def maintenance(self) -> Server:
        return self.target.at(MAINTENANCE)

    @property
    def archive_file(self) -> Path:
        return self.state.folder / str(self.state.values["archive"]["file"])

    # What would happen

    def plan(self) -> Plan:
        """Look at both servers, changing neither."""
        with self.source.connect() as old, self.target.connect() as new:
            old.execute("set session characteristics as transaction read only")
            old_version, new_version = catalog.version(old), catalog.version(new)
            tables = catalog.tables(old, self.options.excluded)
            extensions = catalog.extensions(old)
            findings = [
                *self._missing_extensions(extensions, catalog.available_extensions(new)),
                *_missing_schemas(old, self.options),
                *self._standing_dependents(catalog.dependents(old, self.options.excluded)),
                *(self._unexpected(_exact(old, tables, self.options.expected))),
                *self._kept_before(new),
                *_hidden_rows(old, tables),
            ]
            notes = [
                *([] if self.application else ["no user of the application is made: the stack has none of its own"]),
                *(f"event trigger {name} is not moved: only a superuser can create one"
                  for name in catalog.event_triggers(old)),
                *(f"the old database's own setting {setting} is not moved" for setting in catalog.own_settings(old)),
                *(f"{each.description} is left out: it needs {each.needs}"
                  for each in catalog.dependents(old, self.options.excluded)
                  if each.after_data and self.options.skip_dependents),
            ]  # fmt: skip
            return Plan(
                source=self.source.shown,
                target=self.target.shown,
                source_version=old_version,
                target_version=new_version,
                tools=self.tools.shown,
                bytes=sum(table.bytes for table in tables),
                tables=tuple(tables),
                extensions={n: v for n, v in extensions.items() if n not in self.options.skipped_extensions},
                existing_tables=len(catalog.tables(new)),
                sessions=catalog.sessions(new, self.target.database),
                findings=tuple(findings),
                notes=tuple(notes),
            )

    def _missing_extensions(self, used: Mapping[str, str], available: set[str]) -> list[str]:
        return [
            f"extension {name}: expected on the stack's server, found none; --skip-extension {name} leaves it out"
            for name in used
            if name not in available and name not in self.options.skipped_extensions
        ]

    def _standing_dependents(self, dependents: Sequence[Dependent]) -> list[str]:
        found: list[str] = []
        for each in dependents:
            if not each.after_data:
                found.append(
                    f"{each.description}: expected nothing that needs an excluded schema, found {each.needs}; change "
                    "it on the old server, or do not exclude the schema"
                )
            elif not self.options.skip_dependents:
                found.append(
                    f"{each.description}: expected nothing that needs an excluded schema, found {each.needs}; "
                    "--skip-dependents leaves it out"
                )
        return found

    def _kept_before(self, connection: Connection) -> list[str]:
        before = _beside(self.target.database, "_before")
        there = catalog.database_oid(connection, before)
        if there is None or there == self.state.values.get("previous_oid"):
            return []
        return [
            f"database {before}: expected none, found the one that an earlier migration kept; `phi database finish`"
        ]

    def _unexpected(self, rows: Mapping[str, int | None]) -> list[str]:
        return [
            f"{table}: expected {wanted:,} rows, found {'no such table' if rows[table] is None else f'{rows[table]:,}'}"
            for table, wanted in self.options.expected.items()
            if rows[table] != wanted
        ]

    # Doing it

    def run(self) -> list[str]:
        """Do what is not done yet, step by step. Returns findings: what differs between both sides; empty when nothing.

        Raises Refused or psycopg.Error when a server or a tool fails; the next run goes on where this one stopped.
        """
        if not self.state.begun:
            self.state.update(
                format=FORMAT, begun=_now(), source=self.source.identity, target=self.target.identity,
                options=self.options.as_json(), steps={}, tables={},
            )  # fmt: skip
        self._require_same()
        for step in STEPS:
            if self.state.done(step):
                continue
            started = time.monotonic()
            self.progress(step, 0, 1)
            getattr(self, f"_{step}")()
            if step == "compare" and self.findings():
                return self.findings()  # not marked: compared anew by the next run
            self.state.mark(step, time.monotonic() - started)
            self.progress(step, 1, 1)
        if not self.keep_archive:
            self.archive_file.unlink(missing_ok=True)
        return []

    def _require_same(self) -> None:
        """Raises Mistake when a migration was begun with other servers or other options."""
        wanted = {"source": self.source.identity, "target": self.target.identity, "options": self.options.as_json()}
        for name, value in wanted.items():
            if self.state.values[name] != value:
                raise Mistake(
                    f"The migration begun at {self.state.values['begun']} has another {name}: expected "
                    f"{self.state.values[name]}, found {value}. Go on with that, or undo it: phi database rollback."
                )

    def _dump(self) -> None:
        """Fingerprint and dump the old database as it is at one instant, then read the archive's contents."""
        for left in self.state.folder.glob("*.dump"):
            left.unlink()
        file = self.state.folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"
        with self.target.connect() as new:
            new_version = catalog.version(new)
        with self.source.connect(autocommit=False) as old:
            old.read_only = True
            old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            version = catalog.version(old)
            fingerprint.prepare(old, min(version, new_version))
            row = old.execute("select pg_export_snapshot()").fetchone()
            snapshot = str(row[0]) if row else ""
            tables = catalog.tables(old, self.options.excluded)
            blocks, done = sum(table.blocks for table in tables), 0

            def advance(more: int) -> None:
                nonlocal done
                done += more
                self.progress("dump: fingerprints", done, blocks)

            prints = {table.shown: asdict(fingerprint.of_table(old, table, version, advance)) for table in tables}
            dependents = catalog.dependents(old, self.options.excluded)
            skipped = [each for each in dependents if each.after_data and self.options.skip_dependents]
            left_out = {(each.catalogue, each.oid) for each in skipped}
            objects = [
                each.shown
                for each in catalog.objects(old, self.options.excluded)
                if (each.catalogue, each.oid) not in left_out
            ]
            sequences = [asdict(each) for each in catalog.sequences(old, self.options.excluded)]
            self.progress("dump: pg_dump", 0, 1)
            archive.dump(self.tools, self.source, file, snapshot=snapshot, excluded=self.options.excluded)
        file.chmod(0o600)
        entries = archive.contents(self.tools, file)
        dumped = {entry.oid for entry in entries if entry.is_table_data}
        absent = [table.shown for table in tables if table.oid not in dumped]
        if absent:
            raise Refused(f"The archive lacks the rows of {', '.join(absent)}.")
        self.state.update(
            archive={"file": file.name, "sha256": archive.digest(file), "bytes": file.stat().st_size},
            oldest_version=min(version, new_version),
            table_names={str(table.oid): [table.schema, table.name] for table in tables},
            fingerprints=prints,
            objects=objects,
            sequences=sequences,
            skipped=[[each.catalogue, each.oid, f"{each.schema} {each.tag}"] for each in skipped],
            left_out=[f"{each.description} (needs {each.needs})" for each in skipped],
        )

    def _entries(self) -> list[archive.Entry]:
        """What is restored of the archive. Raises Refused when it is not the file that was written."""
        if (
            not self.archive_file.exists()
            or archive.digest(self.archive_file) != self.state.values["archive"]["sha256"]
        ):
            raise Refused(
                f"{self.archive_file}: expected the archive that was dumped, found it missing or changed. "
                "`phi database rollback` starts over."
            )
        return archive.kept(
            archive.contents(self.tools, self.archive_file),
            skipped_extensions=self.options.skipped_extensions,
            skipped={(catalogue, oid): tag for catalogue, oid, tag in self.state.values["skipped"]},
        )

    def _create(self) -> None:
        """An empty database beside the stack's own, with its encoding, order of text and settings."""
        name = self.incoming.database
        with self.maintenance.connect() as connection:
            if not _dropped(connection, self.target, name, self.state.values.get("incoming_oid")):
                raise Refused(
                    f"Database {name}: expected none, found one with tables that this migration has not made. Look at "
                    "it, then rename or drop it."
                )
            row = connection.execute(
                "select oid::bigint, pg_encoding_to_char(encoding), datcollate, datctype from pg_database "
                "where datname = %s",
                (self.target.database,),
            ).fetchone()
            if row is None:
                raise Refused(f"The server has no database {self.target.database} any more.")
            previous, encoding, collate, ctype = row
            connection.execute(
                sql.SQL("create database {} template template0 encoding {} lc_collate {} lc_ctype {}").format(
                    sql.Identifier(name), *map(sql.Literal, (encoding, collate, ctype))
                )
            )
            self.state.update(incoming_oid=catalog.database_oid(connection, name), previous_oid=previous)
        with self.target.connect() as new:
            settings = catalog.own_settings(new)
        with self.incoming.connect() as connection:
            for setting in settings:
                key, _, value = setting.partition("=")
                connection.execute("select set_config(%s, %s, false)", (key, value))
                connection.execute(
                    sql.SQL("alter database {} set {} from current").format(sql.Identifier(name), sql.Identifier(key))
                )

    def _schema(self) -> None:
        """Extensions, types, functions, tables: all of them, or none."""
        with self.incoming.connect() as connection:
            begun = bool(catalog.objects(connection))
        if begun:  # restored, and interrupted before that was noted
            self._create()
        self._settle()
        archive.restore(self.tools, self.incoming, self.archive_file, self._entries(), "pre-data", self.state.folder)

    def _data(self) -> None:
        """The rows, table by table, each compared with the old server's before it is noted as done."""
        self._settle()
        entries = [entry for entry in self._entries() if entry.is_data]
        names = {int(oid): tuple(name) for oid, name in self.state.values["table_names"].items()}
        tables = {entry.oid: entry for entry in entries if entry.is_table_data}
        with self.incoming.connect() as connection:
            fingerprint.prepare(connection, self.state.values["oldest_version"])
            for number, (oid, entry) in enumerate(tables.items()):
                schema, name = names.get(oid, ("", ""))
                shown = f"{schema}.{name}"
                if shown in self.state.values["tables"]:
                    continue
                self.progress(f"data: {shown}", number, len(tables))
                if oid not in names:  # the configuration table of an extension
                    self._load([entry])
                    continue
                started = time.monotonic()
                identifier = sql.Identifier(schema, name)
                # rows that are here came from a run that was interrupted before it could note them
                connection.execute(sql.SQL("truncate only {}").format(identifier))
                self._load([entry])
                connection.execute(sql.SQL("analyze {}").format(identifier))
                found = _measured(connection, schema, name)
                self.state.update(
                    tables={**self.state.values["tables"], shown: {**asdict(found), "seconds": _since(started)}}
                )
            large = [entry for entry in entries if entry.is_large_objects]
            if large:
                connection.execute("select lo_unlink(oid) from pg_largeobject_metadata")
                self._load(large)
        self._load([entry for entry in entries if entry.is_sequence_position])

    def _load(self, entries: Sequence[archive.Entry]) -> None:
        if entries:
            archive.restore(self.tools, self.incoming, self.archive_file, entries, "data", self.state.folder)

    def _indexes(self) -> None:
        """Indexes, constraints, triggers, policies: all of them, or none."""
        self._settle()
        entries = [entry for entry in self._entries() if not entry.is_data]
        with self.incoming.connect() as connection:
            there = {each.shown for each in catalog.objects(connection, self.options.excluded)}
        if there >= set(self.state.values["objects"]):
            return  # restored, and interrupted before that was noted
        archive.restore(self.tools, self.incoming, self.archive_file, entries, "post-data", self.state.folder)

    def _compare(self) -> None:
        """Objects, extensions, sequences and row counts of the finished database, for `findings`."""
        with self.incoming.connect() as connection:
            tables = catalog.tables(connection)
            for table in tables:
                connection.execute(sql.SQL("analyze {}").format(table.identifier))
            counts = {
                table.shown: connection.execute(
                    sql.SQL("select count(*) from only {}").format(table.identifier)
                ).fetchall()[0][0]
                for table in tables
            }
            self.state.update(
                found={
                    "objects": [each.shown for each in catalog.objects(connection, self.options.excluded)],
                    "sequences": [asdict(each) for each in catalog.sequences(connection, self.options.excluded)],
                    "extensions": catalog.extensions(connection),
                    "rows": counts,
                }
            )

    def _user(self) -> None:
        """The application's user and its privileges, in the new database."""
        if self.application is None:
            return
        with self.maintenance.connect() as connection:
            if "user_existed" not in self.state.values:
                there = catalog.role(connection, self.application.username) is not None
                self.state.update(user_existed=there, username=self.application.username)
        application_user.apply(self.incoming, self.application, self.options.schemas)
        wrong = application_user.differences(self.incoming, self.application.username, self.options.schemas)
        if wrong:
            raise Refused("The application's privileges are not the ones wanted: " + "; ".join(wrong))
        login = self.incoming.signed_in_as(self.application.username, self.application.password)
        with login.connect() as connection:
            connection.execute("select 1")

    def _swap(self) -> None:
        """The new database takes the stack's name; the one that had it is kept beside."""
        before = _beside(self.target.database, "_before")
        with self.maintenance.connect() as connection:
            if catalog.database_oid(connection, self.target.database) == self.state.values["incoming_oid"]:
                return  # swapped, and interrupted before that was noted
        _rename(
            self.maintenance,
            [(self.target.database, before), (self.incoming.database, self.target.database)],
        )

    def _settle(self) -> None:
        """End what an interrupted run has left at work in the new database."""
        with self.maintenance.connect() as connection:
            _disconnect(connection, self.incoming.database)

    # What was found

    def results(self) -> list[TableResult]:
        """Both sides of every table that has been moved."""
        prints, moved = self.state.values.get("fingerprints", {}), self.state.values.get("tables", {})
        return [
            TableResult(
                table=name,
                source=Fingerprint(**prints[name]),
                target=Fingerprint(rows=values["rows"], checksum=values["checksum"]),
            )
            for name, values in moved.items()
        ]

    def findings(self) -> list[str]:
        """What differs between the old database, as it was dumped, and the new one."""
        state = self.state.values
        found = [
            f"{each.table}: expected {each.source.rows:,} rows with checksum {each.source.checksum}, found "
            f"{each.target.rows:,} with {each.target.checksum}"
            for each in self.results()
            if not each.same
        ]
        if "found" not in state:
            return found
        now = state["found"]
        missing = [name for name in state["fingerprints"] if name not in state["tables"]]
        found += [f"{name}: expected its rows, found that they were not moved" for name in missing]
        found += [
            f"{name}: expected {values['rows']:,} rows, found {now['rows'].get(name, 0):,}"
            for name, values in state["fingerprints"].items()
            if now["rows"].get(name) != values["rows"]
        ]
        there = set(now["objects"])
        found += [f"{name}: expected, found none" for name in state["objects"] if name not in there]
        found += _behind(state["sequences"], now["sequences"])
        expected = {
            name: next((n for table, n in now["rows"].items() if table in (name, f"public.{name}")), None)
            for name in self.options.expected
        }
        return found + self._unexpected(expected)


def rollback(target: Server, state: State) -> str:
    """Undo a migration: the database that was there before has its name again, what was restored is dropped.

    Returns what was done, in a sentence. Raises Refused when the earlier database is not there any more.
    """
    values, name = state.values, target.database
    before, incoming = _beside(name, "_before"), _beside(name, "_incoming")
    maintenance = target.at(MAINTENANCE)
    done = "Nothing had been restored yet"
    with maintenance.connect() as connection:
        own = values.get("incoming_oid")
        swapped = own is not None and catalog.database_oid(connection, name) == own
        if swapped and catalog.database_oid(connection, before) != values["previous_oid"]:
            raise Refused(f"Database {before}: expected the one from before the migration, found it gone or another.")
        if own is not None and not swapped and catalog.database_oid(connection, name) != values["previous_oid"]:
            raise Refused(f"Database {name}: expected the one from before the migration, found another.")
    if swapped:
        _rename(maintenance, [(name, incoming), (before, name)])
        done = f"{name} is again the database from before the migration"
    with maintenance.connect() as connection:
        there = catalog.database_oid(connection, incoming) is not None
        if there and _dropped(connection, target, incoming, own):
            done += ", what was restored is dropped" if swapped else "; the half-restored database is dropped"
        username = values.get("username")
        if username and not values.get("user_existed") and catalog.role(connection, username) is not None:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(username)))
            done += f", and so is user {username}"
    state.forget()
    return f"{done}."


def finish(target: Server, state: State) -> str:
    """Let go of what a migration has kept: the database from before it, and the archive.

    Raises Mistake when the migration is not complete.
    """
    if not state.finished:
        raise Mistake("The migration is not complete: run it again, or undo it with `phi database rollback`.")
    before = _beside(target.database, "_before")
    with target.at(MAINTENANCE).connect() as connection:
        if catalog.database_oid(connection, before) == state.values["previous_oid"]:
            _disconnect(connection, before)
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(before)))
    state.forget()
    return f"The database from before the migration ({before}) and the archive are gone."


def _beside(name: str, ending: str) -> str:
    """A database's name with an ending, within what PostgreSQL allows."""
    return name[: LONGEST_NAME - len(ending)] + ending


def _dropped(connection: Connection, server: Server, name: str, own: int | None) -> bool:
    """Drop a database if it is this migration's: the one noted (`own`), or an empty one. Whether there is none now."""
    there = catalog.database_oid(connection, name)
    if there is None:
        return True
    if there != own:
        with server.at(name).connect() as other:
            if catalog.tables(other):
                return False
    _disconnect(connection, name)
    connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))
    return True


def _disconnect(connection: Connection, database: str) -> None:
    """End the sessions of a database that we may end: superusers' are RDS's own."""
    connection.execute(
        "select pg_terminate_backend(a.pid) from pg_stat_activity a join pg_roles r on r.oid = a.usesysid "
        "where a.datname = %s and a.pid <> pg_backend_pid() "
        "and (not r.rolsuper or current_setting('is_superuser') = 'on')",
        (database,),
    )


def _rename(maintenance: Server, names: Sequence[tuple[str, str]]) -> None:
    """Rename databases together, ending their sessions. Raises Refused when somebody keeps one busy."""
    limit = time.monotonic() + RENAME_SECONDS
    while True:
        with maintenance.connect(autocommit=False) as connection:
            try:
                for old, new in names:
                    _disconnect(connection, old)
                    connection.execute(
                        sql.SQL("alter database {} rename to {}").format(sql.Identifier(old), sql.Identifier(new))
                    )
                connection.commit()
                return
            except psycopg.errors.ObjectInUse as error:
                connection.rollback()
                if time.monotonic() > limit:
                    raise Refused(
                        f"A database stays in use and cannot be renamed: {error.diag.message_primary}. Stop the "
                        "application, then run the command again."
                    ) from None
        time.sleep(0.5)


def _measured(connection: Connection, schema: str, name: str) -> Fingerprint:
    table = next(each for each in catalog.tables(connection) if (each.schema, each.name) == (schema, name))
    return fingerprint.of_table(connection, table, catalog.version(connection))


def _exact(connection: Connection, tables: Sequence[Table], expected: Mapping[str, int]) -> dict[str, int | None]:
    """Exact row counts of the tables that have an expected one; None for a table that is not there."""
    found: dict[str, int | None] = {}
    for name in expected:
        table = next(
            (each for each in tables if name in (each.shown, each.name if each.schema == "public" else "")), None
        )
        found[name] = (
            table
            and connection.execute(sql.SQL("select count(*) from only {}").format(table.identifier)).fetchall()[0][0]
        )
    return found


def _missing_schemas(connection: Connection, options: Options) -> list[str]:
    there = {name for (name,) in connection.execute("select nspname from pg_namespace").fetchall()}
    moved = there - set(options.excluded) | {"public"}
    return [
        *(f"--exclude-schema {each}: expected on the old server, found none"
          for each in options.excluded if each not in there),
        *(f"--schema {each}: expected among those that are moved, found none"
          for each in options.schemas if each not in moved),
    ]  # fmt: skip


def _hidden_rows(connection: Connection, tables: Sequence[Table]) -> list[str]:
    """Tables whose rows the user of the old server cannot read, because of missing privileges or of a policy."""
    found: list[str] = []
    for table in tables:
        row = connection.execute(
            "select has_table_privilege(%s::oid, 'SELECT'), row_security_active(%s::oid)", (table.oid, table.oid)
        ).fetchone()
        readable, filtered = cast("tuple[bool, bool]", row)
        if not readable:
            found.append(f"{table.shown}: expected that its rows can be read, found no SELECT for this user")
        elif filtered:
            found.append(f"{table.shown}: expected every row, found row security that hides some from this user")
    row = connection.execute(_HIDDEN_LARGE_OBJECTS).fetchone()
    if row and row[0]:
        found.append(f"large objects: expected that all can be read, found {row[0]:,} without SELECT for this user")
    return found


_HIDDEN_LARGE_OBJECTS = """
select count(*) from pg_largeobject_metadata m
where current_setting('is_superuser') = 'off' and not pg_has_role(m.lomowner, 'USAGE')
  and not exists (select from aclexplode(m.lomacl) a
                  where a.privilege_type = 'SELECT' and (a.grantee = 0 or pg_has_role(a.grantee, 'USAGE')))
"""


def _behind(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sequences that would give a number twice; one that is ahead was in use while the archive was written."""
    there = {(each["schema"], each["name"]): each for each in new}
    found: list[str] = []
    for each in old:
        name = f"{each['schema']}.{each['name']}"
        other = there.get((each["schema"], each["name"]))
        if other is None:
            continue  # said already: it is an object
        direction = 1 if each["increment"] > 0 else -1
        if (other["last"] * direction, other["called"]) < (each["last"] * direction, each["called"]):
            found.append(f"sequence {name}: expected {each['last']} or beyond, found {other['last']}")
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _since(started: float) -> float:
    return round(time.monotonic() - started, 1)
