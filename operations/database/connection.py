"""Where a PostgreSQL server is and how to sign in to it, with no password on a command line or in a log."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo

from operations.mistakes import Mistake

APPLICATION = "phi"
CONNECT_SECONDS = 20

# What the tools of every supported PostgreSQL understand; the password goes into a file of its own.
_PARAMETERS = ("host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "options")

Ask = Callable[[str, bool], str]
"""(question, whether the answer is a secret) -> answer."""

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A database on a server, and who signs in.

    parameters: of libpq, such as `host` and `dbname` (PostgreSQL documentation, "Parameter Key Words").
    """

    parameters: Mapping[str, str]
    password: str | None = field(default=None, repr=False)

    @property
    def database(self) -> str:
        return self.parameters["dbname"]

    @property
    def user(self) -> str:
        return self.parameters["user"]

    @property
    def shown(self) -> str:
        """The server for people: `user@host:port/database`."""
        where = self.parameters.get("host") or self.parameters.get("hostaddr") or "this machine"
        return f"{self.user}@{where}:{self.parameters.get('port', '5432')}/{self.database}"

    @property
    def identity(self) -> str:
        """What stays the same when a tunnel opens at another port the next time."""
        return f"{self.user}@{self.parameters.get('host', '')}/{self.database}"

    def at(self, database: str) -> Server:
        """The same server and user, another database."""
        return replace(self, parameters={**self.parameters, "dbname": database})

    def signed_in_as(self, user: str, password: str) -> Server:
        """The same database, another user."""
        return replace(self, parameters={**self.parameters, "user": user}, password=password)

    def through(self, host: str, port: int) -> Server:
        """The same server, reached at an address that forwards to it; its certificate is still checked by its name."""
        return replace(self, parameters={**self.parameters, "hostaddr": host, "port": str(port)})

    def connect(self, *, autocommit: bool = True) -> Connection:
        """Sign in. Raises psycopg.OperationalError when the server does not answer or refuses."""
        given = {name: value for name, value in self.parameters.items() if name in _PARAMETERS}
        text = conninfo.make_conninfo(
            "", **given, password=self.password, application_name=APPLICATION, connect_timeout=CONNECT_SECONDS
        )
        return psycopg.connect(text, autocommit=autocommit)


@contextlib.contextmanager
def known_to_tools(**servers: Server) -> Generator[dict[str, str]]:
    """An environment in which PostgreSQL's own tools know the servers by name: `--dbname=service=NAME`.

    Their places and passwords are in files of mode 600 that are gone afterwards, with the folder they are in.
    """
    with tempfile.TemporaryDirectory(prefix="phi-database-") as folder:
        sections: list[str] = []
        for name, server in servers.items():
            lines = [f"{key}={value}" for key, value in server.parameters.items() if key in _PARAMETERS]
            if server.password is not None:
                passwords = Path(folder) / f"{name}.password"
                escaped = re.sub(r"([:\\])", r"\\\1", server.password)
                _write_private(passwords, f"*:*:*:*:{escaped}\n")
                lines.append(f"passfile={passwords}")
            sections.append("\n".join((f"[{name}]", *lines)))
        services = Path(folder) / "services.conf"
        _write_private(services, "\n".join(sections) + "\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        yield {**kept, "PGSERVICEFILE": str(services), "PGAPPNAME": APPLICATION}


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)


def source(chosen: str, ask: Ask | None) -> Server:
    """The old server that `--from` names, as libpq understands it, after signing in once.

    chosen: `ask`, `env` (PGHOST, PGDATABASE, …), the name of a service of pg_service.conf, or a connection string
    without a password.   ask: how a person is asked; None: nobody is there.
    Raises Mistake for a password in the string, or one that is missing; psycopg.OperationalError when the server
    refuses.
    """
    parameters = _chosen(chosen, ask)
    try:
        return _resolved(parameters)
    except psycopg.OperationalError as error:
        if "no password supplied" not in str(error):
            raise
        if ask is None:
            raise Mistake(
                "--from: the old server asks for a password: put it into a password file (~/.pgpass, or the one "
                "PGPASSFILE names), or into PGPASSWORD."
            ) from None
    return _resolved({**parameters, "password": ask("Password of the old server", True)})


def _chosen(chosen: str, ask: Ask | None) -> dict[str, str]:
    if chosen == "env":
        if not {"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"} & set(os.environ):
            raise Mistake("--from env: expected PGHOST and PGDATABASE (and PGUSER) in the environment, found neither.")
        return {}
    if chosen == "ask":
        if ask is None:
            raise Mistake("--from ask: nobody is at the terminal to be asked.")
        return {
            "host": ask("Host of the old server", False),
            "port": ask("Port [5432]", False) or "5432",
            "dbname": ask("Database", False),
            "user": ask("User", False),
            "password": ask("Password", True),
        }
    if re.fullmatch(r"[A-Za-z0-9_.-]+", chosen):
        return {"service": chosen}
    try:
        parameters = {name: str(value) for name, value in conninfo.conninfo_to_dict(chosen).items()}
    except psycopg.ProgrammingError:
        # what was given may hold a password: it is not repeated
        raise Mistake(
            "--from: expected `ask`, `env`, the name of a service, or a connection string such as "
            '"host=old.example.org dbname=clinic user=reader sslmode=verify-full".'
        ) from None
    if "password" in parameters:
        raise Mistake(
            "--from: expected no password on the command line, where every user of this machine can read it: use a "
            "password file (~/.pgpass, or the one PGPASSFILE names), PGPASSWORD, or leave it out and be asked."
        )
    return parameters


def _resolved(parameters: Mapping[str, str]) -> Server:
    """Sign in and keep what libpq made of service file, environment and password file."""
    text = conninfo.make_conninfo(
        "", application_name=APPLICATION, **{"connect_timeout": str(CONNECT_SECONDS), **parameters}
    )
    with psycopg.connect(text) as connection:
        found = {option.keyword.decode(): option.val.decode() for option in connection.pgconn.info if option.val}
        password = connection.info.password or None
    return Server(parameters={name: found[name] for name in _PARAMETERS if name in found}, password=password)
