"""A region is lost and the system comes up in the other one, with its data, and goes home again.

Behind the embedded RDS, which keeps no data, stand real PostgreSQL servers: this file does for them what RDS does. It
dumps a server when a snapshot is taken, and fills a new server from the dump when one is restored.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.functions.snapshot_copies import handler
from operations.database import catalog, fingerprint
from tests.end_to_end.conftest import REGION, ROOT, Phi
from tests.operations.database.conftest import Postgres, binaries, running, tools

pytestmark = pytest.mark.end_to_end

__all__ = ["binaries"]  # a fixture
STACK, DATABASE, ADMINISTRATOR, ABROAD = "berthcare", "berthcare", "berthcare_admin", "ca-west-1"
SECONDS = 600
DATA = """
create table patients (id bigserial primary key, name text not null, born date not null, notes text);
create table visits (id bigserial primary key, patient bigint not null references patients, held timestamptz not null);
insert into patients (name, born, notes)
  select 'Person ' || n, date '1930-01-01' + n % 20000, repeat(md5(n::text), 4) from generate_series(1, 5000) n;
insert into visits (patient, held)
  select 1 + n % 5000, timestamptz '2026-01-01 08:00Z' + n * interval '7 minutes' from generate_series(1, 20000) n;
"""


class Rehearsal:
    """The stack on the embedded AWS, and a real server in place of each database that RDS would run."""

    def __init__(self, phi: Phi, folder: Path, servers: contextlib.ExitStack, binaries: Path) -> None:
        self.phi, self.folder, self.servers, self.binaries = phi, folder, servers, binaries
        self.dumps: dict[str, Path] = {}  # snapshot → what it holds
        lines = phi("env", "--stack", STACK).splitlines()
        given = [shlex.split(line)[1].partition("=") for line in lines if line.startswith("export ")]
        self.environment = {name: value for name, _, value in given}

    def dr(self, *arguments: str, code: int = 0) -> str:
        """`phi dr …` on the stack; gives what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "operations.cli", "dr", *arguments],
            cwd=self.phi.project, timeout=SECONDS, text=True,
            env={**os.environ, **self.environment, "PYTHONPATH": str(ROOT), "PHI_DIRECTORY": str(self.phi.directory),
                 "COLUMNS": "200"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stdout, done.stdout
        assert done.returncode == code, f"phi dr {' '.join(arguments)}: {done.returncode}\n{done.stdout}{self.logs()}"
        return done.stdout

    def logs(self) -> str:
        return "".join(file.read_text()[-8000:] for file in self.phi.directory.glob("dr/*/*/pulumi.log"))

    def report(self, kind: str) -> dict[str, Any]:
        (file,) = self.phi.directory.glob(f"dr/{STACK}/{kind}-*/report.json")
        assert file.with_suffix(".md").read_text().startswith(f"# {kind.capitalize()} of {STACK}")
        return json.loads(file.read_text())

    def instance(self, region: str) -> dict[str, Any]:
        (found,) = self.phi.client("rds", region).describe_db_instances()["DBInstances"]
        return found

    def password(self, region: str) -> str:
        """What RDS was given as the administrator's password: it is in the stack's secret of that region."""
        manager = self.phi.client("secretsmanager", region)
        value = manager.get_secret_value(SecretId=f"{STACK}/staging/database")["SecretString"]
        return json.loads(value)["password"]

    def serve(self, name: str, region: str) -> Postgres:
        """A server with an empty database, at the address that RDS has given its instance."""
        address = self.instance(region)["Endpoint"]["Address"]
        server = self.servers.enter_context(running(self.binaries, name, address))
        with server.connect("postgres") as connection:
            connection.execute(
                f"create role {ADMINISTRATOR} login createdb createrole password '{self.password(region)}'"
            )
            connection.execute(f"create database {DATABASE} owner {ADMINISTRATOR}")
        return server

    def dump(self, server: Postgres, name: str) -> Path:
        file = self.folder / f"{name}.dump"
        self._tool("pg_dump", server, "--format=custom", f"--file={file}", DATABASE)
        return file

    def restore(self, snapshot: str, name: str, region: str) -> Postgres:
        """What RDS does: a new server with what the snapshot holds, and the new password."""
        server = self.serve(name, region)
        self._tool("pg_restore", server, "--exit-on-error", f"--dbname={DATABASE}", str(self.dumps[snapshot]))
        return server

    def _tool(self, program: str, server: Postgres, *arguments: str) -> None:
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres", "PGSSLMODE": "require"}
        subprocess.run(
            [tools() / program, *arguments], check=True, capture_output=True,
            env={**os.environ, **place, "PGPASSWORD": server.password},
        )  # fmt: skip

    def copy_snapshots(self) -> str:
        """Call the function the schedule calls, with the variables it was deployed with; the name of the new copy."""
        function = self.phi.client("lambda").get_function(FunctionName=f"{STACK}-staging-snapshot-copies")
        variables: Mapping[str, str] = function["Configuration"]["Environment"]["Variables"]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            done = handler.run(handler.Work.of({**variables, "AWS_REGION": REGION}))
        return done["copied"]


def checksums(server: Postgres) -> dict[str, fingerprint.Fingerprint]:
    with server.connect(DATABASE) as connection:
        version = catalog.version(connection)
        fingerprint.prepare(connection, version)
        return {
            f"{each.schema}.{each.name}": fingerprint.of_table(connection, each, version)
            for each in catalog.tables(connection)
        }


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reach(server: Postgres | None, certificate: Path) -> list[str]:
    """How `phi dr` reaches the database; a port where nobody answers while there is no server."""
    port = closed_port() if server is None else server.port
    return ["--yes", "--through", f"127.0.0.1:{port}", "--ca", str(certificate)]


@pytest.fixture
def rehearsal(
    phi_in: Callable[[Path], Phi], binaries: Path, tmp_path: Path
) -> Iterator[Rehearsal]:  # fmt: skip
    """The stack, deployed from a folder of its own, into which the recovery stack's file will be written."""
    project = tmp_path / "project"
    project.mkdir()
    for path in ROOT.iterdir():
        if path.name.startswith("Pulumi."):
            shutil.copy(path, project)
        elif path.name not in (".git", ".phi", "tests"):
            (project / path.name).symlink_to(path)
    phi = phi_in(project)
    phi("up", STACK)
    with contextlib.ExitStack() as servers:
        yield Rehearsal(phi, tmp_path, servers, binaries)


@pytest.mark.requirement(
    "BER-DR-03", "BER-DR-04", "BER-DR-13", "BER-DR-14", "BER-DR-15", "BER-DR-16", "BER-DR-17", "BER-DR-18", "BER-DR-19",
    "BER-DR-20", "BER-DR-21", "BER-DR-22", "BER-DR-23", "FAC-DR-03", "FAC-DR-05", "FAC-DR-07", "LWO-DR-03",
)  # fmt: skip
def test_a_lost_region_comes_up_in_the_other_one_with_its_data_and_goes_home(rehearsal: Rehearsal) -> None:
    client = rehearsal.phi.client
    s3, s3_abroad = client("s3"), client("s3", ABROAD)
    first = rehearsal.serve("first", REGION)
    with first.connect(DATABASE, user=ADMINISTRATOR, password=rehearsal.password(REGION)) as connection:
        connection.execute(DATA)
    saved = checksums(first)
    photos = {f"visit-{number}.jpg": os.urandom(2000 + number) for number in range(40)}
    for key, content in photos.items():  # S3 replication, which the embedded S3 does not do, copies each
        s3.put_object(Bucket="berthcare-photos-staging", Key=key, Body=content)
        s3_abroad.put_object(Bucket="berthcare-photos-staging-dr", Key=key, Body=content)

    # without a copied snapshot the objective is not met; the function copies one, and it is
    rehearsal.dr("plan", STACK)
    assert "copied snapshot, which failover" in rehearsal.dr("status", STACK, code=1)
    copied = rehearsal.copy_snapshots()
    rehearsal.dumps[copied] = rehearsal.dump(first, "copied")
    status = json.loads(rehearsal.dr("status", STACK, "--spot-checks", "10", "--json"))
    assert status["met"] is True
    assert {point["name"] for point in status["points"] if point["kind"] == "copied snapshot"} == {copied}

    # while the region answers nobody fails over by mistake
    assert "Two databases" in rehearsal.dr("failover", STACK, "--dry-run", code=1)

    # the region is lost: the database with its automated backups, and the server
    rds = client("rds")
    name = rehearsal.instance(REGION)["DBInstanceIdentifier"]
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    certificate = first.certificate.read_bytes()
    rehearsal.servers.close()
    authorities = rehearsal.folder / "authorities.pem"
    authorities.write_bytes(certificate)
    rehearsal.dr("failover", STACK, "--dry-run")

    # the failover stops where the database does not answer yet, and goes on there
    assert "7/7" in rehearsal.dr("failover", STACK, *reach(None, authorities), code=3)
    written = yaml.safe_load((rehearsal.phi.project / f"Pulumi.{STACK}-recovery.yaml").read_text())
    snapshot = written["config"]["phi-platform:database"]["snapshot"]["identifier"]
    assert snapshot == copied
    second = rehearsal.restore(snapshot, "second", ABROAD)
    went_on = rehearsal.dr("failover", STACK, *reach(second, second.certificate))
    assert went_on.count("done before") == 6

    assert checksums(second) == saved
    abroad = rehearsal.instance(ABROAD)
    assert (abroad["DBInstanceIdentifier"], abroad["StorageEncrypted"]) == (f"{STACK}-staging-postgres-dr", True)
    kept = s3_abroad.list_objects_v2(Bucket="berthcare-photos-staging-recovery")["Contents"]
    assert {each["Key"]: each["Size"] for each in kept} == {key: len(content) for key, content in photos.items()}
    report = rehearsal.report("failover")
    assert (report["rto_met"], report["rpo_met"]) == (True, True)
    assert 0 < report["rto_minutes"] <= report["rto_objective_minutes"] == 45
    assert 0 < report["rpo_minutes"] <= report["rpo_objective_minutes"] == 1440
    assert {each["what"]: each["good"] for each in report["answers"]} | {"database login": True} == {
        "database login": True, "cache": None, "bucket photos": True, "bucket documents": True,
        "bucket signatures": True, "application": None,
    }  # fmt: skip

    # life goes on there; then everything goes home
    with second.connect(DATABASE) as connection:
        connection.execute("insert into patients (name, born) values ('Person of the outage', '1950-05-05')")
    s3_abroad.put_object(Bucket="berthcare-photos-staging-recovery", Key="outage.jpg", Body=b"taken abroad")
    saved = checksums(second)
    dumped = rehearsal.dump(second, "failback")
    rehearsal.dr("failback", STACK, *reach(None, authorities), code=3)
    home = yaml.safe_load(rehearsal.phi.run.config_file(STACK).read_text())
    snapshot = home["config"]["phi-platform:database"]["snapshot"]["identifier"]
    rehearsal.dumps[snapshot] = dumped
    third = rehearsal.restore(snapshot, "third", REGION)
    assert "9/9" in rehearsal.dr("failback", STACK, *reach(third, third.certificate))

    assert checksums(third) == saved
    assert s3.get_object(Bucket="berthcare-photos-staging", Key="outage.jpg")["Body"].read() == b"taken abroad"
    assert client("rds", ABROAD).describe_db_instances()["DBInstances"] == []
    stacks = subprocess.run(
        ["pulumi", "stack", "ls", "--json"], cwd=rehearsal.phi.project, capture_output=True, check=True,
        env={**os.environ, **rehearsal.environment},
    )  # fmt: skip
    assert [each["name"].rpartition("/")[2] for each in json.loads(stacks.stdout)] == [STACK]
    assert rehearsal.report("failback")["steps"][-1]["name"] == "remove"
