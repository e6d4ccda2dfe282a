"""What RDS does with data, done for an embedded one, which keeps none: serve, dump for a snapshot, restore from it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import LiteralString

from psycopg import sql

from operations.database import catalog, fingerprint
from operations.database.commands import credentials
from operations.database.fingerprint import Fingerprint
from operations.database.place import StackDatabase
from operations.dr import servers
from operations.dr.servers import Postgres
from operations.mistakes import Refused


class Standin:
    """One real server at a time, in place of the one that RDS would run, and the dumps of its snapshots.

    folder: where dumps and certificate are.
    """

    def __init__(self, folder: Path, programs: Path, running: contextlib.ExitStack) -> None:
        self._folder, self._programs, self._running = folder, programs, running
        self._dumps: dict[str, Path] = {}
        self._server: Postgres | None = None

    @property
    def authorities(self) -> Path:
        """The certificate of the server that runs now: what the bundle of RDS is for real ones."""
        return self._folder / "authorities.pem"

    @property
    def server(self) -> Postgres:
        assert self._server is not None, "no server runs"
        return self._server

    def serve(self, database: StackDatabase, port: int) -> None:
        """A server with an empty database, at a port of this machine, with the password that RDS was given."""
        self.end()
        self._server = self._running.enter_context(
            servers.running(self._programs, database.region, database.address, port)
        )
        self.authorities.write_bytes(self._server.certificate.read_bytes())
        login = credentials(database)
        user, name = sql.Identifier(login.username), sql.Identifier(database.name)
        make = sql.SQL("create role {user} login createdb createrole password {password}")
        with self._server.connect(servers.ADMINISTRATOR) as connection:
            connection.execute(make.format(user=user, password=login.password))
            connection.execute(sql.SQL("create database {name} owner {user}").format(name=name, user=user))

    def end(self) -> None:
        """The server is gone, with its data."""
        self._running.close()
        self._server = None

    def dump(self, database: StackDatabase, snapshot: str) -> None:
        """Keep what a snapshot holds."""
        self._dumps[snapshot] = self._folder / f"{snapshot}.dump"
        self._tool("pg_dump", "--format=custom", f"--file={self._dumps[snapshot]}", database.name)

    def restore(self, database: StackDatabase, snapshot: str, port: int) -> None:
        """A new server with what a snapshot holds."""
        self.serve(database, port)
        self._tool("pg_restore", "--exit-on-error", f"--dbname={database.name}", str(self._dumps[snapshot]))

    def fill(self, database: StackDatabase, script: LiteralString) -> None:
        """Run SQL as the administrator of the database."""
        login = credentials(database)
        with self.server.connect(database.name, login.username, login.password) as connection:
            connection.execute(script)

    def tables(self, database: StackDatabase) -> dict[str, Fingerprint]:
        """Rows and checksum of every table."""
        with self.server.connect(database.name) as connection:
            version = catalog.version(connection)
            fingerprint.prepare(connection, version)
            return {
                f"{each.schema}.{each.name}": fingerprint.of_table(connection, each, version)
                for each in catalog.tables(connection)
            }

    def _tool(self, program: str, *arguments: str) -> None:
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(self.server.port), "PGUSER": servers.ADMINISTRATOR}
        done = subprocess.run(
            [servers.tools() / program, *arguments], check=False, capture_output=True, text=True,
            env={**os.environ, **place, "PGSSLMODE": "require", "PGPASSWORD": self.server.password},
        )  # fmt: skip
        if done.returncode:
            raise Refused(f"{program} fails: {done.stderr.strip()}")


@contextlib.contextmanager
def standing_in(folder: Path) -> Generator[Standin]:
    """A stand-in whose server ends with it."""
    with servers.programs() as programs, contextlib.ExitStack() as running:
        yield Standin(folder, programs, running)
