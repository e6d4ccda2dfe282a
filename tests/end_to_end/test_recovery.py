"""A region is lost and the system comes up in the other one, with its data, and goes home again: one command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from engine import install
from operations.dr.failback import FAILBACK
from operations.dr.failover import FAILOVER
from operations.dr.rehearsal import OBJECTS, STEPS
from tests.end_to_end.conftest import ROOT

pytestmark = pytest.mark.end_to_end

STACK, BUCKETS = "berthcare", ("documents", "photos", "signatures")
SECONDS = 900


def remains() -> set[Path]:
    """Folders of drills that were not removed."""
    return set(Path(tempfile.gettempdir()).glob("phi-drill-*"))


def names(document: dict[str, Any]) -> list[str]:
    return [step["name"] for step in document["steps"] if "finished" in step]


def facts(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(step["facts"] for step in document["steps"] if step["name"] == name)


@pytest.mark.requirement(
    "BER-DR-03", "BER-DR-04", "BER-DR-13", "BER-DR-14", "BER-DR-15", "BER-DR-16", "BER-DR-17", "BER-DR-18", "BER-DR-19",
    "BER-DR-20", "BER-DR-21", "BER-DR-22", "BER-DR-23", "FAC-DR-03", "FAC-DR-05", "FAC-DR-07", "LWO-DR-03",
)  # fmt: skip
def test_a_lost_region_comes_up_in_the_other_one_with_its_data_and_goes_home(
    engine: install.Engine, tmp_path: Path
) -> None:
    """The drill itself compares every row and object after the failover and after the failback."""
    before = {path.name: path.read_bytes() for path in ROOT.glob("Pulumi.*")}
    left = remains()
    done = subprocess.run(
        [sys.executable, "-m", "operations.cli", "dr", "drill", STACK, "--embedded", "--json"],
        cwd=ROOT, env={**os.environ, "PHI_DIRECTORY": str(tmp_path)},
        timeout=SECONDS, text=True, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    logs = "".join(file.read_text()[-4000:] for file in tmp_path.rglob("pulumi.log"))
    assert done.returncode == 0, f"{done.stdout}{done.stderr}{logs}"
    document = json.loads(done.stdout)

    assert names(document) == [step.name for step in STEPS]
    over, back = document["failover"], document["failback"]
    assert (names(over), names(back)) == ([step.name for step in FAILOVER], [step.name for step in FAILBACK])
    assert document["compared"] == {"load": 2 + 3 * OBJECTS, "work": 2 + 3 * OBJECTS + 1}

    assert (document["rto_met"], document["rpo_met"]) == (True, True)
    assert 0 < document["rto_minutes"] <= document["rto_objective_minutes"] == 45
    assert 0 < document["rpo_minutes"] <= document["rpo_objective_minutes"] == 1440

    assert facts(over, "loss")["snapshot"] == facts(document, "copy")["snapshot"], "restored from the copied snapshot"
    assert facts(over, "state")["moved"], "the state goes on in the copy"
    assert facts(over, "locks")["locks_seen"]
    assert (facts(over, "deploy")["region"], facts(over, "deploy")["resources"] > 200) == ("ca-west-1", True)
    good = {each["what"]: each["good"] for each in over["answers"]}
    assert good == {"database login": True, "cache": None, "application": None} | {f"bucket {b}": True for b in BUCKETS}
    assert facts(over, "verify")["database login"] == "2 tables, 25,000 rows read"
    assert facts(back, "verify")["database login"] == "2 tables, 25,001 rows read"
    assert facts(back, "remove")["removed"] == facts(over, "deploy")["resources"]

    (report,) = tmp_path.glob(f"dr/{STACK}/drill-*/report.md")
    assert report.read_text().startswith(f"# Drill of {STACK}")
    assert remains() == left, "the embedded AWS and the servers are gone"
    assert {path.name: path.read_bytes() for path in ROOT.glob("Pulumi.*")} == before
