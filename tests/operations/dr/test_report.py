"""Reports: RTO and RPO as measured, and what they are held against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from operations.dr import report
from operations.dr.steps import Journal
from settings.recovery import RecoverySettings

RECOVERY = RecoverySettings(region="ca-west-1", rto_minutes=45, region_rpo_minutes=1440)


def journal(folder: Path, *, verified: str, taken: str) -> Journal:
    found = Journal(folder / "journal.json")
    values: dict[str, Any] = {"kind": "drill", "stack": "berthcare", "from": "ca-central-1", "to": "ca-west-1"}
    found.begin(lost="2026-01-31T09:30:00+00:00", **values)
    facts = {"snapshot": "clinic-dr", "snapshot_taken": taken}
    loss = {"started": "2026-01-31T09:31:00+00:00", "finished": "2026-01-31T09:31:30+00:00", "facts": facts}
    found.record("loss", loss)
    found.record("verify", {"started": "2026-01-31T09:31:30+00:00", "finished": verified, "facts": {}})
    answers = [
        {"what": "database login", "found": "2 tables", "good": True}, {"what": "cache", "found": "?", "good": None},
    ]  # fmt: skip
    found.note(answers={"verify": answers})
    return found


@pytest.mark.parametrize(
    ("verified", "taken", "rto", "rpo", "met"),
    [
        ("2026-01-31T10:15:00+00:00", "2026-01-30T09:30:00+00:00", 45, 1440, (True, True)),
        ("2026-01-31T10:15:01+00:00", "2026-01-31T09:00:00+00:00", 45 + 1 / 60, 30, (False, True)),
        ("2026-01-31T10:00:00+00:00", "2026-01-30T09:29:00+00:00", 30, 1441, (True, False)),
    ],
)
@pytest.mark.requirement("BER-DR-03", "BER-DR-04", "BER-DR-23", "FAC-DR-06")
def test_times_count_from_the_loss(
    verified: str, taken: str, rto: float, rpo: float, met: tuple[bool, bool], tmp_path: Path
) -> None:
    found = journal(tmp_path, verified=verified, taken=taken)
    as_data, as_text = report.write(found, RECOVERY, tmp_path)
    document = json.loads(as_data.read_text())
    assert document["rto_minutes"] == pytest.approx(rto)
    assert document["rpo_minutes"] == pytest.approx(rpo)
    assert (document["rto_met"], document["rpo_met"]) == met
    text = as_text.read_text()
    assert "# Drill of berthcare" in text
    assert "| RTO: service is back | at most 45 minutes |" in text
    assert "| cache | ? | not asked |" in text
    assert "| loss | 2026-01-31 09:31:00 UTC | 30 | snapshot: clinic-dr; snapshot taken: 2026-01-" in text


def test_what_was_not_measured_is_not_called_met(tmp_path: Path) -> None:
    found = Journal(tmp_path / "journal.json")
    values: dict[str, Any] = {"kind": "failover", "stack": "berthcare", "from": "ca-central-1", "to": "ca-west-1"}
    found.begin(lost="2026-01-31T09:30:00+00:00", **values)
    document = report.content(found, RECOVERY)
    assert (document["rto_minutes"], document["rto_met"], document["rpo_met"]) == (None, None, None)
    assert "not measured" in report.text(document)
