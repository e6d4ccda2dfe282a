"""Steps: shown, agreed to, written down, gone on with."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import typer

from operations.dr.steps import Journal, NotMet, Step, run

Log = list[str]


def step(name: str, *, check: Sequence[str] = (), wrong: Sequence[str] = (), fails: bool = False) -> Step[Log]:
    def act(log: Log) -> dict[str, str]:
        log.append(name)
        if fails:
            raise OSError("no answer")
        return {"did": name}

    return Step(name=name, title=name, requirements=(), act=act, check=lambda _: check, verify=lambda _: wrong)


def do(steps: Sequence[Step[Log]], journal: Journal, *, dry_run: bool = False,
       agree: Callable[[Step[Log]], None] = lambda _: None) -> tuple[Log, list[str], list[str]]:  # fmt: skip
    """What was done, what was shown, what was found."""
    log: Log = []
    shown: list[str] = []
    found = run(steps, log, journal, show=lambda each, what: shown.append(f"{each.name}: {what}"), agree=agree,
                dry_run=dry_run)  # fmt: skip
    return log, shown, found


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "dr" / "journal.json")


def test_steps_are_done_in_order_and_written_down(journal: Journal) -> None:
    assert do([step("a"), step("b")], journal)[0] == ["a", "b"]
    written = json.loads(journal.file.read_text())["steps"]
    assert [(name, entry["facts"]) for name, entry in written.items()] == [("a", {"did": "a"}), ("b", {"did": "b"})]
    assert stat.S_IMODE(journal.file.stat().st_mode) == 0o600


@pytest.mark.requirement("BER-DR-23")
def test_an_interrupted_run_goes_on_at_the_step_that_failed(journal: Journal) -> None:
    with pytest.raises(OSError, match="no answer"):
        do([step("a"), step("b", fails=True), step("c")], journal)
    log, shown, _ = do([step("a"), step("b"), step("c")], Journal(journal.file))
    assert log == ["b", "c"]
    assert shown == ["a: done before", "b: next", "c: next"]


def test_what_a_check_finds_stops_before_the_step(journal: Journal) -> None:
    log: Log = []
    with pytest.raises(NotMet, match="a: the region answers"):
        run([step("a", check=["the region answers"])], log, journal, show=lambda *_: None, agree=lambda _: None)
    assert (log, journal.done("a")) == ([], None)


def test_what_was_refused_at_once_begins_anew(journal: Journal) -> None:
    journal.begin(lost="monday")
    with pytest.raises(NotMet):
        do([step("a", check=["no snapshot"])], journal)
    journal.begin(lost="tuesday")
    do([step("a")], journal)
    journal.begin(lost="wednesday")
    assert journal.values["lost"] == "tuesday"


def test_a_step_that_does_not_verify_is_not_done(journal: Journal) -> None:
    with pytest.raises(NotMet, match="rows are missing"):
        do([step("a", wrong=["rows are missing"])], journal)
    assert journal.done("a") is None
    assert do([step("a")], Journal(journal.file))[0] == ["a"]


def test_a_dry_run_does_nothing_and_tells_every_finding(journal: Journal) -> None:
    steps = [step("a", check=["one"]), step("b"), step("c", check=["two"])]
    log, shown, found = do(steps, journal, dry_run=True)
    assert (log, found) == ([], ["a: one", "c: two"])
    assert shown == ["a: would be done", "b: would be done", "c: would be done"]
    assert not journal.file.exists()


def test_nothing_is_done_without_consent(journal: Journal) -> None:
    def refuse(_: Step[Log]) -> None:
        raise typer.Abort

    with pytest.raises(typer.Abort):
        do([step("a")], journal, agree=refuse)
    assert not journal.file.exists()
