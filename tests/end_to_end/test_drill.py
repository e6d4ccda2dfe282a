"""A drill beside a stack that runs: its recovery stack comes up, is measured and removed, and home stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.database.place import StackDatabase
from operations.dr import rehearsal, servers
from operations.dr.engine import Backend, Stack
from operations.dr.standin import Standin, standing_in
from tests.end_to_end.conftest import REGION, ROOT, Phi

pytestmark = pytest.mark.end_to_end

STACK, ABROAD, COPY = "berthcare", "ca-west-1", "berthcare-terraform-state-dr"


@pytest.fixture
def standin(tmp_path: Path, berthcare: Phi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """A server in the place of the restored database; this process works on the embedded AWS too."""
    for name, value in berthcare.environment(STACK).items():
        monkeypatch.setenv(name, value)
    with standing_in(tmp_path) as made:
        yield made


def names(region: str, berthcare: Phi) -> set[str]:
    """Databases and buckets of a region."""
    found = berthcare.client("rds", region).describe_db_instances()["DBInstances"]
    buckets = berthcare.client("s3", region).list_buckets()["Buckets"]
    return {each["DBInstanceIdentifier"] for each in found} | {each["Name"] for each in buckets}


@pytest.mark.requirement("BER-DR-23", "FAC-DR-06")
def test_a_drill_beside_the_running_stack_leaves_it_as_it_was(berthcare: Phi, standin: Standin, tmp_path: Path) -> None:
    project = tmp_path / "project"
    rehearsal.copy_project(ROOT, project)

    def drill(*way: str) -> tuple[int, str, str]:
        done = berthcare.on(STACK, "dr", "drill", STACK, "--yes", "--json", *way, project=project)
        return done.returncode, done.stdout, " ".join(done.stderr.split())

    resources, there = berthcare.run.resources(STACK), {each: names(each, berthcare) for each in (REGION, ABROAD)}

    through = f"127.0.0.1:{servers.free_port()}"
    code, _, said = drill("--through", through)
    assert (code, "--ca: expected the certificate authorities" in said) == (1, True), "before anything is deployed"
    authorities = ("--through", through, "--ca", str(standin.authorities))
    standin.authorities.touch()
    code, _, said = drill(*authorities)
    assert (code, "expected a snapshot of the database, found none" in said) == (1, True), said

    copied = rehearsal.copy_snapshot(STACK, REGION)
    code, _, said = drill(*authorities)
    assert (code, "Connection refused" in said, "it goes on here" in said) == (3, True, True), said

    abroad = Backend.bucket(COPY, ABROAD)
    recovery = Stack(name=f"{STACK}-recovery", backend=abroad, file=project / f"Pulumi.{STACK}-recovery.yaml")
    database = StackDatabase.of(recovery.name, recovery.outputs())
    standin.serve(database, int(through.rpartition(":")[2]))
    standin.fill(database, rehearsal.TABLES)
    code, told, said = drill(*authorities)
    assert code == 0, said
    document: dict[str, Any] = json.loads(told)
    steps = {step["name"]: step["facts"] for step in document["steps"]}
    assert (document["kind"], document["rto_met"], document["rpo_met"]) == ("drill", True, True)
    assert (steps["loss"]["snapshot"], steps["deploy"]["region"]) == (copied, ABROAD)
    assert steps["verify"]["database login"] == "2 tables, 25,000 rows read"
    assert steps["remove"]["removed"] == steps["deploy"]["resources"]

    assert {each: names(each, berthcare) for each in (REGION, ABROAD)} == there
    assert berthcare.run.resources(STACK) == resources
    assert recovery.file.exists(), "for the next time"
    assert abroad.written(berthcare.client, STACK) is None, "no copy of the state that nobody keeps up to date"
    status = json.loads(berthcare.on(STACK, "dr", "status", STACK, "--json").stdout)
    state = {each["place"]: each["met"] for each in status["objectives"] if each["store"] == "state"}
    assert state == {"home": False, "recovery": True}, "the stack's state is in a file here"
