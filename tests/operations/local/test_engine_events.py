"""Event logs of the engine, read while they grow."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from operations import engine_events
from operations.engine_events import Diagnostic, EventLog
from tests.operations.local import recorded


def said(severity: str, message: str, **more: Any) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": message, **more}}


def test_a_log_is_read_as_far_as_its_last_whole_line(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events")
    assert log.follow() == []
    whole, half = json.dumps(said("info", "one")) + "\n", json.dumps(said("info", "två"), ensure_ascii=False)
    written = (whole + half).encode()
    log.file.write_bytes(written[:-6])
    assert log.follow() == [said("info", "one")]
    log.file.write_bytes(written)
    assert log.follow() == []
    log.file.write_bytes(written + b"\n")
    assert log.follow() == [said("info", "två")]
    assert log.events == [said("info", "one"), said("info", "två")]


def test_a_log_is_its_owners_alone_and_begins_empty(tmp_path: Path) -> None:
    (tmp_path / "old").write_text('{"of": "an earlier run"}\n')
    assert EventLog(tmp_path / "old").follow() == []
    assert stat.S_IMODE(EventLog(tmp_path / "new").file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "refreshed", "done"),
    [("first_preview", 0, 349), ("unchanged", 4, 4), ("failed_update", 0, 4), ("interrupted_update", 0, 0)],
)
def test_every_resource_is_counted_once_and_its_refresh_apart(
    tmp_path: Path, name: str, refreshed: int, done: int
) -> None:
    log = EventLog(tmp_path / "events")
    log.file.write_bytes((recorded.FOLDER / f"{name}.jsonl").read_bytes())
    log.follow()
    assert (len(log.refreshed), len(log.done)) == (refreshed, done)


def test_what_is_said_to_people_is_kept_and_the_rest_is_not() -> None:
    events = [
        said("debug", "registering resource"),
        said("info", "<{%reset%}>Waiting…<{%reset%}>", ephemeral=True),
        said("info#err", "  indented\n"),
        said("warning", "<{%fg 3%}>careful<{%reset%}>\n"),
        said("error", "name taken", urn="urn:pulumi:dev::notes::aws:s3/bucket:Bucket::records"),
    ]
    assert list(engine_events.diagnostics(events)) == [
        Diagnostic("info", "", "  indented"),
        Diagnostic("warning", "", "careful"),
        Diagnostic("error", "urn:pulumi:dev::notes::aws:s3/bucket:Bucket::records", "name taken"),
    ]


def test_a_resource_belongs_to_the_outermost_component_around_it() -> None:
    names = engine_events.components(recorded.log("first_preview"))
    by_name = {urn.rpartition("::")[2]: component for urn, component in names.items()}
    assert by_name["storage-documents-bucket"] == "storage"
    assert by_name["storage-documents"] == "storage"
    assert by_name["storage"] == "storage"
    assert by_name["phi-platform-staging"] == "phi-platform-staging"


def test_a_command_that_did_not_come_to_its_end_has_no_summary() -> None:
    events = recorded.log("failed_update")
    assert engine_events.summary(events) == ({"create": 2}, 4, {"phi-platform": "0.1.0"})
    assert engine_events.summary(events[:10]) is None
