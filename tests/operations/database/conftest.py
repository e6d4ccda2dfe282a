"""Two real PostgreSQL servers that speak TLS only, and a stack whose database is one of them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from operations import cli
from operations.dr.servers import Postgres, programs, running, tools

ROOT = Path(__file__).parents[3]
REGION = "ca-central-1"
ADMINISTRATOR = "clinic_admin"
APPLICATION = "clinic_app"
ADDRESS = "clinic.example.org"  # what the certificate of the stack's server says


@pytest.fixture(scope="session")
def binaries() -> Iterator[Path]:
    with programs() as folder:
        yield folder


@pytest.fixture(scope="session")
def old_server(binaries: Path) -> Iterator[Postgres]:
    with running(binaries, "old", ADDRESS) as server:
        yield server


@pytest.fixture(scope="session")
def new_server(binaries: Path) -> Iterator[Postgres]:
    """As RDS has it: the administrator may create databases and roles, and is no superuser."""
    with running(binaries, "new", ADDRESS) as server:
        with server.connect("postgres") as connection:
            connection.execute(f"create role {ADMINISTRATOR} login createdb createrole password '{server.password}'")
            connection.execute(f"grant pg_signal_backend to {ADMINISTRATOR}")
        yield server


@pytest.fixture(scope="session")
def account() -> Iterator[str]:
    """The address of an AWS account on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture
def aws(account: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The account, for boto3 in this process and those it starts; emptied first."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "PG", "PHI_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": account, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    request = urllib.request.Request(f"{account}/moto-api/reset", method="POST")
    urllib.request.urlopen(request).close()
    return account


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack whose database is the new server, seen through a tunnel; what it says is in a file of outputs."""

    name: str
    folder: Path
    outputs: Path
    server: Postgres

    @property
    def arguments(self) -> list[str]:
        """Options that lead to its database."""
        return [*self.place, "--tools", str(tools())]

    @property
    def place(self) -> list[str]:
        return [
            "--outputs", str(self.outputs), "--ca", str(self.server.certificate),
            "--through", f"127.0.0.1:{self.server.port}",
        ]  # fmt: skip

    @property
    def state(self) -> Path:
        return self.folder / "migrations" / self.name / "state.json"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`phi database …` in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "operations.cli", "database", *arguments],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def phi(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and errors of `phi database …`, nobody being at the terminal."""
        shown, said, code = io.StringIO(), io.StringIO(), 0
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(shown),
            contextlib.redirect_stderr(said),
            Path(os.devnull).open() as nobody,
        ):
            patch.setattr(sys, "argv", ["phi", "database", *arguments])
            patch.setattr(sys, "stdin", nobody)
            try:
                cli.main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        assert self.server.password not in shown.getvalue() + said.getvalue(), "a password is shown"
        return code, shown.getvalue(), said.getvalue()


@pytest.fixture
def stack(aws: str, new_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A deployed stack with an empty database."""
    with new_server.connect("postgres") as connection:
        connection.execute(f"create database clinic owner {ADMINISTRATOR}")
    secrets = boto3.client("secretsmanager", region_name=REGION)

    def secret(name: str, username: str, password: str) -> str:
        return secrets.create_secret(Name=name, SecretString=json.dumps({"username": username, "password": password}))[
            "ARN"
        ]

    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({
        "region": REGION, "db_identifier": "clinic-production-postgres", "db_address": ADDRESS,
        "db_endpoint": f"{ADDRESS}:5432", "db_name": "clinic",
        "db_credentials_secret_arn": secret("clinic/database", ADMINISTRATOR, new_server.password),
        "db_application_secret_arn": secret("clinic/application", APPLICATION, "only-for-tests-'application'"),
    }))  # fmt: skip
    monkeypatch.setenv("PHI_DIRECTORY", str(tmp_path))
    yield Stack(name="production", folder=tmp_path, outputs=file, server=new_server)
    with new_server.connect("postgres") as connection:
        for (name,) in connection.execute("select datname from pg_database where datname like 'clinic%'").fetchall():
            connection.execute(f"drop database {name} with (force)")
        connection.execute(f"drop role if exists {APPLICATION}")


@pytest.fixture
def old_database(old_server: Postgres) -> Iterator[Callable[[str], str]]:
    """Makes databases on the old server from SQL, each with a user who may only read it; gives the name of both."""
    made: list[str] = []

    def make(script: str) -> str:
        name = f"old_{len(made)}"
        with old_server.connect("postgres") as connection:
            connection.execute(f"create database {name}")
            connection.execute(f"create role {name} login password '{old_server.password}' in role pg_read_all_data")
        made.append(name)
        with old_server.connect(name) as connection:
            connection.execute(script)
        return name

    yield make
    with old_server.connect("postgres") as connection:
        for name in made:
            connection.execute(f"drop database {name} with (force)")
            connection.execute(f"drop role {name}")


@pytest.fixture
def from_old(
    old_server: Postgres, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[str]]:
    """`--from` for a database of the old server: a service, with its password in a password file."""

    def options(name: str) -> list[str]:
        escaped = old_server.password.replace("\\", "\\\\").replace(":", "\\:")
        passwords = tmp_path / f"{name}.pgpass"
        passwords.write_text(f"127.0.0.1:{old_server.port}:{name}:{name}:{escaped}\n")
        passwords.chmod(0o600)
        services = tmp_path / "services.conf"
        services.write_text(
            f"[{name}]\nhost=127.0.0.1\nport={old_server.port}\ndbname={name}\nuser={name}\n"
            f"sslmode=verify-ca\nsslrootcert={old_server.certificate}\npassfile={passwords}\n"
        )
        monkeypatch.setenv("PGSERVICEFILE", str(services))
        return ["--from", name]

    return options
