"""A drill of the whole way, on an embedded AWS of its own: deploy, lose the region, fail over, go home, with real data.

Failover and failback are those of `phi dr failover` and `phi dr failback`. What the embedded AWS does not do is done
here for it: behind its RDS stand real PostgreSQL servers, S3 replication is a second `put_object`, and the function
that copies snapshots is started as its schedule would.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString

from localaws import lifecycle
from operations.aws import client
from operations.database.commands import Way
from operations.database.place import StackDatabase
from operations.dr import engine, objects, points, report, servers, steps
from operations.dr.case import Case
from operations.dr.engine import Backend
from operations.dr.failback import FAILBACK
from operations.dr.failover import FAILOVER
from operations.dr.standin import Standin, standing_in
from operations.dr.steps import Facts, Journal, Step
from operations.engine_call import QUIET
from operations.local import LocalRun, isolated
from operations.mistakes import Mistake, Refused
from operations.terminal import errors
from settings.database import AuroraSettings
from settings.recovery import RecoverySettings, StateBackendSettings
from settings.stack import Settings

Show = Callable[[str], None]
"""Told what is done next."""

TABLES: LiteralString = """
create table patients (id bigserial primary key, name text not null, born date not null, notes text);
create table visits (id bigserial primary key, patient bigint not null references patients, held timestamptz not null);
insert into patients (name, born, notes)
  select 'Person ' || n, date '1930-01-01' + n % 20000, repeat(md5(n::text), 4) from generate_series(1, 5000) n;
insert into visits (patient, held)
  select 1 + n % 5000, timestamptz '2026-01-01 08:00Z' + n * interval '7 minutes' from generate_series(1, 20000) n;
"""
"""Rows nobody lived."""
OUTAGE: LiteralString = "insert into patients (name, born) values ('Person of the outage', '1950-05-05')"
OBJECTS = 20
"""Objects in each bucket that has a copy."""
_KEPT = "drill/000"  # still at home when the region is back, and written over meanwhile
_FUNCTION = Path(__file__).parents[2] / "components" / "functions" / "snapshot_copies"
_CALL = "import json, os, handler; print(json.dumps(handler.run(handler.Work.of(os.environ))))"
_NOT_LINKED = frozenset({".git", ".phi", "tests"})

Data = dict[str, Any]
"""Table or object → what tells its content from another."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What the steps know.

    recovery, kept: its settings, and where the state's copy is.   folder: where journals, logs and report stay.
    run: the embedded AWS, which ends with the drill.   ports: where the servers will answer, by phase.
    """

    stack: str
    settings: Settings
    recovery: RecoverySettings
    kept: StateBackendSettings
    folder: Path
    run: LocalRun
    standin: Standin
    journal: Journal
    ports: Mapping[str, int]
    show: Show

    @cached_property
    def home(self) -> engine.Stack:
        return engine.Stack(name=self.stack, backend=Backend.current(), file=engine.file_of(self.stack))

    @cached_property
    def outputs(self) -> dict[str, Any]:
        return self.home.outputs()

    @property
    def database(self) -> StackDatabase:
        return StackDatabase.of(self.stack, self.outputs)

    def case(self, phase: str) -> Case:
        """A recovery, whose database answers at the phase's port once it is restored."""
        folder = self.folder / phase
        way = Way(direct=False, through=f"127.0.0.1:{self.ports[phase]}", target=None, bundle=self.standin.authorities)
        return Case(
            name=self.stack, settings=self.settings, file=self.home.file, client=client, home=self.home.backend,
            abroad=Backend.bucket(self.kept.replica_bucket, self.recovery.region), folder=folder,
            journal=Journal(folder / "journal.json"), way=way,
        )  # fmt: skip

    def abroad(self) -> tuple[StackDatabase, dict[str, Any]]:
        """Database and outputs of the recovery stack."""
        stack = self.case("failover").recovery_stack
        outputs = stack.outputs()
        return StackDatabase.of(stack.name, outputs), outputs

    def saved(self, name: str) -> Data:
        return (self.journal.done(name) or {})["facts"]["data"]

    def data(self, database: StackDatabase, outputs: Mapping[str, Any]) -> Data:
        """Tables by rows and checksum, objects by digest: what is in the database and in the buckets with a copy."""
        s3 = client("s3", database.region)
        tables = {
            f"table {name}": f"{each.rows} rows, {each.checksum}"
            for name, each in self.standin.tables(database).items()
        }
        kept = {
            f"{purpose}/{key}": objects.digest(s3, bucket, key)
            for purpose in self.outputs["replica_bucket_names"]
            for bucket in [outputs["bucket_names"][purpose]]
            for key in objects.listing(s3, bucket)
        }
        return {**tables, **kept}


# The steps


def _deploy(it: Rehearsal) -> Facts:
    it.home.run("up", "--yes", *QUIET, log=it.folder / "pulumi.log")
    return {"resources": len(it.home.resources())}


def _load(it: Rehearsal) -> Facts:
    """Rows as the administrator, objects in every bucket that has a copy, and in the copy as replication puts them."""
    it.standin.serve(it.database, it.ports["home"])
    it.standin.fill(it.database, TABLES)
    for purpose, copy in it.outputs["replica_bucket_names"].items():
        for number in range(OBJECTS):
            content = os.urandom(2000 + number)
            for region, bucket in (
                (it.settings.region, it.outputs["bucket_names"][purpose]), (it.recovery.region, copy),
            ):  # fmt: skip
                client("s3", region).put_object(Bucket=bucket, Key=f"drill/{number:03}", Body=content)
    return {"data": it.data(it.database, it.outputs)}


def copy_snapshot(stack: str, region: str) -> str:
    """Run the function of the schedule, with the variables it was deployed with; the name of the copy."""
    pages = client("lambda", region).get_paginator("list_functions").paginate()
    deployed = (
        each["Environment"]["Variables"] for page in pages for each in page["Functions"] if "Environment" in each
    )
    variables = next((each for each in deployed if "RECOVERY_KEY_ARN" in each), None)
    if variables is None:
        raise Refused(f"{stack}: expected the function that copies snapshots, found none.")
    done = subprocess.run(
        [sys.executable, "-c", _CALL], cwd=_FUNCTION, capture_output=True, text=True, check=False,
        env={**os.environ, **variables, "AWS_REGION": region},
    )  # fmt: skip
    if done.returncode:
        raise Refused(f"The function that copies snapshots fails: {done.stderr.strip()}")
    return str(json.loads(done.stdout)["copied"])


def _copy(it: Rehearsal) -> Facts:
    copied = copy_snapshot(it.stack, it.settings.region)
    it.standin.dump(it.database, copied)
    return {"snapshot": copied}


def _unmet(it: Rehearsal) -> list[str]:
    """What `phi dr status` finds unmet."""
    found = points.status(it.settings, it.outputs, client, spot_checks=OBJECTS)
    return [f"{each.store}, {each.what}: expected {each.expected}, found {each.found}." for each in found.objectives
            if not each.met]  # fmt: skip


def _check_before_copies(it: Rehearsal) -> Sequence[str]:
    return [] if _unmet(it) else ["the objectives: expected them unmet while no snapshot is copied, found them met."]


def _check_before_loss(it: Rehearsal) -> Sequence[str]:
    """While the region answers nobody fails over by mistake."""
    against = FAILOVER[0].check(it.case("failover"))
    return [] if against else ["failover: expected it refused while the region answers, found nothing against it."]


def _lose(it: Rehearsal) -> Facts:
    """The database goes with its automated backups, the server and the objects at home but one in each bucket."""
    rds, s3, name = client("rds", it.settings.region), client("s3", it.settings.region), it.database.identifier
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)
    it.standin.end()
    for purpose in it.outputs["replica_bucket_names"]:
        bucket = it.outputs["bucket_names"][purpose]
        for key in objects.listing(s3, bucket).keys() - {_KEPT}:
            s3.delete_object(Bucket=bucket, Key=key)
    return {"lost": steps.now(), "database": name}


def _fail_over(it: Rehearsal) -> Facts:
    case = it.case("failover")
    lost = (it.journal.done("lose") or {})["facts"]["lost"]
    case.journal.begin(
        kind="failover", stack=it.stack, lost=lost, **{"from": it.settings.region, "to": it.recovery.region}
    )

    def restored(_: Facts) -> None:
        snapshot = (case.journal.done("loss") or {})["facts"]["snapshot"]
        it.standin.restore(it.abroad()[0], snapshot, it.ports["failover"])

    return _done(it, case, FAILOVER, deploy=restored)


def _work_abroad(it: Rehearsal) -> Facts:
    """Life goes on there: a row and an object more, and one written over by another of the same size."""
    database, outputs = it.abroad()
    it.standin.fill(database, OUTAGE)
    purpose = next(iter(it.outputs["replica_bucket_names"]))
    s3, bucket = client("s3", database.region), outputs["bucket_names"][purpose]
    s3.put_object(Bucket=bucket, Key="drill/outage", Body=b"abroad")
    s3.put_object(Bucket=bucket, Key=_KEPT, Body=os.urandom(objects.listing(s3, bucket)[_KEPT][0]))
    return {"data": it.data(database, outputs)}


def _fail_back(it: Rehearsal) -> Facts:
    case = it.case("failback")
    case.journal.begin(
        kind="failback", stack=it.stack, lost=None, **{"from": it.recovery.region, "to": it.settings.region}
    )

    def taken(facts: Facts) -> None:
        it.standin.dump(it.abroad()[0], facts["snapshot"])

    def restored(_: Facts) -> None:
        snapshot = (case.journal.done("data") or {})["facts"]["snapshot"]
        it.standin.restore(StackDatabase.of(it.stack, it.home.outputs()), snapshot, it.ports["failback"])

    return _done(it, case, FAILBACK, data=taken, deploy=restored)


def _done(it: Rehearsal, case: Case, chosen: Sequence[Step[Case]], **after: Callable[[Facts], None]) -> Facts:
    """Do the steps of a failover or a failback; after some of them, by name, RDS does its part."""
    steps.run(
        [_followed(step, after[step.name]) if step.name in after else step for step in chosen], case, case.journal,
        show=lambda step, _: it.show(f"  {step.title}"), agree=lambda _: None,
    )  # fmt: skip
    case.journal.note(finished=steps.now())
    return {"steps": len(chosen)}


def _followed(step: Step[Case], then: Callable[[Facts], None]) -> Step[Case]:
    def act(case: Case) -> Facts:
        facts = step.act(case)
        then(facts)
        return facts

    return replace(step, act=act)


def _check_abroad(it: Rehearsal) -> Sequence[str]:
    return differing(it.saved("load"), it.data(*it.abroad()))


def _check_home(it: Rehearsal) -> Sequence[str]:
    outputs = it.home.outputs()
    return differing(it.saved("work"), it.data(StackDatabase.of(it.stack, outputs), outputs))


def differing(was: Data, now: Data) -> list[str]:
    """What is not now as it was."""
    return [
        f"{name}: expected {was.get(name, 'none')}, found {now.get(name, 'none')}."
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]


STEPS: tuple[Step[Rehearsal], ...] = (
    Step(name="deploy", title="Deploy the stack", requirements=(), act=_deploy),
    Step(name="load", title="Load rows and objects", requirements=("BER-DR-11",), act=_load),
    Step(
        name="copy", title="Copy a snapshot to the recovery region, as every day", requirements=("BER-DR-13",),
        check=_check_before_copies, act=_copy, verify=_unmet,
    ),
    Step(
        name="lose", title="Lose the database, its backups and the objects at home", requirements=("BER-DR-15",),
        check=_check_before_loss, act=_lose,
    ),
    Step(
        name="failover", title="Fail over, and compare the data", requirements=("BER-DR-21",), act=_fail_over,
        verify=_check_abroad,
    ),
    Step(name="work", title="Write in the recovery region", requirements=("BER-DR-22",), act=_work_abroad),
    Step(
        name="failback", title="Go home, and compare the data", requirements=("BER-DR-22",), act=_fail_back,
        verify=_check_home,
    ),
)  # fmt: skip


def rehearse(stack: str, settings: Settings, project: Path, folder: Path, show: Show) -> tuple[Path, Path]:
    """Do it all; the report as data and as text.

    project: the folder of the stack files, which is only read.   folder: where journals, logs and report stay.
    Raises Mistake for a stack that cannot be rehearsed so, NotMet with what is not as it should be.
    """
    recovery = settings.recovery
    kept = None if recovery is None else recovery.state_backend
    if (
        recovery is None or recovery.snapshot_copies is None or kept is None or settings.database is None
        or isinstance(settings.database, AuroraSettings)
        or (settings.edge is not None and settings.edge.load_balancer is not None)
    ):  # fmt: skip
        raise Mistake(
            f"{stack}: --embedded rehearses stacks with an RDS instance, which a server here stands in for, with "
            "recovery.snapshot_copies and recovery.state_backend, and without a load balancer, behind which nobody "
            f"answers here; this is none. `phi dr drill {stack}` in its account takes any stack."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with _embedded(stack, project) as run, standing_in(run.directory) as standin:
        ports = {phase: servers.free_port() for phase in ("home", "failover", "failback")}
        journal = Journal(folder / "journal.json")
        it = Rehearsal(
            stack=stack, settings=settings, recovery=recovery, kept=kept, folder=folder, run=run,
            standin=standin, journal=journal, ports=ports, show=show,
        )  # fmt: skip
        journal.begin(kind="drill", stack=stack)
        number = {step.name: place for place, step in enumerate(STEPS, start=1)}
        steps.run(
            STEPS, it, journal, agree=lambda _: None,
            show=lambda step, _: show(f"{number[step.name]}/{len(STEPS)} {step.title}"),
        )  # fmt: skip
        journal.note(finished=steps.now())
        return report.write_rehearsal(
            journal, it.case("failover").journal, it.case("failback").journal, recovery, folder
        )


def copy_project(project: Path, folder: Path) -> None:
    """A project whose stack files may be written to."""
    folder.mkdir()
    for path in project.iterdir():
        if path.name.startswith("Pulumi."):
            shutil.copy(path, folder)
        elif path.name not in _NOT_LINKED:
            (folder / path.name).symlink_to(path)


@contextlib.contextmanager
def _embedded(stack: str, project: Path) -> Generator[LocalRun]:
    """An embedded AWS and a copy of the project's stack files, both gone afterwards; this process works there."""
    with tempfile.TemporaryDirectory(prefix="phi-drill-") as made:
        copied, directory = Path(made) / "project", Path(made) / "run"
        copy_project(project, copied)
        run = LocalRun(project=copied, directory=directory, policy_pack=copied / "policies", console=errors)
        try:
            with contextlib.chdir(copied), _environment(isolated(os.environ)):
                endpoint = run.prepare(stack)
                with _environment(run.environment(stack, endpoint)):
                    yield run
        finally:
            lifecycle.stop(directory)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Generator[None]:
    """Nothing else in this process's environment, for a while."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
