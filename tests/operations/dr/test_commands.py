"""`phi dr` as it is typed: an interrupted failover goes on, a drill that cannot be done says why."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from operations import cli
from operations.dr import failback, failover, rehearsal
from operations.dr.steps import Step
from operations.mistakes import Refused

ROOT = Path(__file__).parents[3]
Phi = Callable[..., tuple[int, str]]


@pytest.fixture
def phi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Phi:
    """Exit code and all that was said by `phi dr …`, in a project with two stacks."""
    for name in ("Pulumi.yaml", "Pulumi.berthcare.yaml", "Pulumi.mentalspace.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHI_DIRECTORY", str(tmp_path / "kept"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["phi", "dr", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, " ".join((said.out + said.err).split())

    return run


@pytest.mark.requirement("BER-DR-23")
def test_a_failover_that_stopped_goes_on_at_its_step(phi: Phi, monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[str] = []

    def steps(answers: bool) -> tuple[Step[Any], ...]:
        def act(name: str) -> dict[str, str]:
            if name == "application" and not answers:
                raise Refused("the database does not answer yet")
            did.append(name)
            return {}

        plain = {"check": lambda _: (), "verify": lambda _: ()}
        return tuple(replace(step, act=lambda _, n=step.name: act(n), **plain) for step in failover.FAILOVER)

    monkeypatch.setattr(failover, "FAILOVER", steps(answers=False))
    code, said = phi("failover", "berthcare", "--yes")
    assert (code, "the database does not answer yet" in said) == (3, True)
    assert "start `phi dr failover berthcare` again: it goes on here" in said
    monkeypatch.setattr(failover, "FAILOVER", steps(answers=True))
    code, said = phi("failover", "berthcare", "--yes")
    assert (said.count("done before"), did) == (5, [step.name for step in failover.FAILOVER])
    assert (code, "RTO: 0.0 minutes, objective 45 minutes" in said) == (0, True)


@pytest.mark.requirement("MSP-OPS-03")
def test_a_stack_is_not_destroyed_unasked_and_what_goes_with_it_is_said(
    phi: Phi, monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[str] = []
    remove = replace(failback.REMOVE, act=lambda _: did.append("removed") or {}, verify=lambda _: ())
    monkeypatch.setattr(failback, "FAILBACK", (remove,))
    code, said = phi("failback", "berthcare")
    assert (code, did) == (2, [])
    assert "Destroy the recovery stack, its buckets and its database with it? Nobody is at the terminal" in said
    assert (phi("failback", "berthcare", "--yes")[0], did) == (0, ["removed"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mentalspace", "--embedded"), "mentalspace: --embedded rehearses stacks with an RDS instance"),
        (("mentalspace",), "--backend: expected the URL of the copy of the state"),
        (("berthcare", "--embedded", "--dry-run"), "expected no other option"),
        (("berthcare", "--embedded", "--through", "127.0.0.1:5432"), "expected no other option"),
        (("nowhere", "--embedded"), "expected the stack file, found none"),
    ],
)
def test_a_drill_that_cannot_be_done_says_why(phi: Phi, arguments: tuple[str, ...], said: str) -> None:
    code, told = phi("drill", *arguments)
    assert (code, said in told) == (2, True), told


def test_a_row_or_an_object_that_differs_is_named() -> None:
    was = {"table public.visits": "20000 rows, 1", "photos/001": "a", "photos/002": "b"}
    now = {"table public.visits": "20000 rows, 2", "photos/001": "a", "photos/003": "c"}
    assert rehearsal.differing(was, was) == []
    assert rehearsal.differing(was, now) == [
        "photos/002: expected b, found none.",
        "photos/003: expected none, found c.",
        "table public.visits: expected 20000 rows, 1, found 20000 rows, 2.",
    ]
