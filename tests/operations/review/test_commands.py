"""`phi review` and `phi deploy`, the engine's part recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from operations.cli import app
from operations.mistakes import Mistake, Refused
from operations.review import engine, events
from operations.review.result import Review
from tests.operations.review import recorded
from tests.operations.review.recorded import step

Phi = Callable[..., Result]


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks that were updated."""
    done: list[str] = []
    monkeypatch.setattr(engine, "update", lambda stack, _: done.append(stack))
    return done


@pytest.fixture
def phi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, updates: list[str]) -> Phi:
    """Run `phi` with what a fresh preview finds."""

    def run(*arguments: str, now: Review, reviewed: Review | None = None, answer: str = "") -> Result:
        monkeypatch.setattr(engine, "preview", lambda *_, **__: now)
        if reviewed is not None:
            (tmp_path / "review.json").write_text(reviewed.model_dump_json())
            arguments = (*arguments, "--reviewed", str(tmp_path / "review.json"))
        return CliRunner().invoke(app, arguments, input=answer)

    return run


def altered(name: str, before: str, after: str) -> Review:
    text = recorded.file(name).read_text()
    assert before in text
    return events.review(map(json.loads, text.replace(before, after).splitlines()), source="test")


SAFE = recorded.review("safe")


def test_a_review_ends_with_1_only_when_it_is_refused_or_changes_are_not_expected(phi: Phi) -> None:
    assert phi("review", "staging", now=SAFE).exit_code == 0
    assert phi("review", "staging", now=recorded.review("replacement")).exit_code == 0
    assert phi("review", "staging", now=recorded.review("policy_break")).exit_code == 1
    assert phi("review", "staging", "--expect-no-changes", now=SAFE).exit_code == 1
    unchanged = recorded.of(step("same", "aws:s3/bucket:Bucket", "records", old={}, new={}))
    assert phi("review", "staging", "--expect-no-changes", now=unchanged).exit_code == 0


def test_a_review_reads_recorded_events_of_its_own_stack_only() -> None:
    arguments = ["review", "staging", "--json", "--events", str(recorded.file("replacement"))]
    done = CliRunner().invoke(app, arguments)
    assert Review.model_validate_json(done.stdout) == recorded.review("replacement")
    done = CliRunner().invoke(app, ["review", "production", *arguments[2:]])
    assert isinstance(done.exception, Mistake)
    assert "expected a preview of production, found one of staging" in str(done.exception)


@pytest.mark.requirement("OMN-OPS-02")
def test_what_was_reviewed_is_deployed(phi: Phi, updates: list[str]) -> None:
    assert phi("deploy", "staging", "--yes", now=recorded.review("safe"), reviewed=SAFE).exit_code == 0
    assert updates == ["staging"]


@pytest.mark.parametrize(("answer", "code", "updated"), [("y\n", 0, ["staging"]), ("n\n", 1, []), ("", 1, [])])
def test_nothing_is_deployed_without_an_answer(
    phi: Phi, updates: list[str], answer: str, code: int, updated: list[str]
) -> None:
    assert phi("deploy", "staging", now=SAFE, reviewed=SAFE, answer=answer).exit_code == code
    assert updates == updated


@pytest.mark.requirement("OMN-OPS-02")
@pytest.mark.parametrize(
    ("now", "said"),
    [
        (altered("safe", '"maxCapacity":4', '"maxCapacity":40'), "reviewed as update, now with other values"),
        (recorded.review("replacement"), "now replace, not in the review"),
        (altered("safe", '"op":"update"', '"op":"delete"'), "reviewed as update, now delete"),
        (altered("safe", '"id":"service/', '"id":"another/'), "api-capacity (aws:appautoscaling/target:Target)"),
    ],
)
def test_anything_else_is_not_deployed(phi: Phi, updates: list[str], now: Review, said: str) -> None:
    done = phi("deploy", "staging", "--yes", now=now, reviewed=SAFE)
    assert done.exit_code == 1
    assert said in done.stderr
    assert updates == []


def test_other_outputs_are_other_changes(phi: Phi, updates: list[str]) -> None:
    done = phi("deploy", "staging", "--yes", now=recorded.review("replacement"),
               reviewed=altered("replacement", '"db_name":"records"', '"db_name":"other"'))  # fmt: skip
    assert done.exit_code == 1
    assert "the stack's outputs: now with other values" in done.stderr
    assert updates == []


def test_what_the_policies_refuse_is_not_deployed_whatever_the_file_says(phi: Phi, updates: list[str]) -> None:
    refused = recorded.review("policy_break")
    assert isinstance(phi("deploy", "staging", "--yes", now=refused, reviewed=refused).exception, Mistake)
    forged = refused.model_copy(update={"failed": False, "findings": ()})
    assert phi("deploy", "staging", "--yes", now=refused, reviewed=forged).exit_code == 1
    assert updates == []


def test_a_second_run_of_the_same_deployment_has_nothing_left_to_do(phi: Phi, updates: list[str]) -> None:
    deployed = recorded.of(step("same", "aws:s3/bucket:Bucket", "records", old={}, new={}))
    assert phi("deploy", "staging", "--yes", now=deployed, reviewed=SAFE).exit_code == 0
    assert updates == []


def test_a_review_of_another_stack_or_no_review_is_a_mistake(phi: Phi, tmp_path: Path) -> None:
    done = phi("deploy", "production", "--yes", now=SAFE, reviewed=SAFE)
    assert "expected a review of production, found one of staging" in str(done.exception)
    (tmp_path / "other.json").write_text("{}")
    done = phi("deploy", "staging", "--reviewed", str(tmp_path / "other.json"), now=SAFE)
    assert "expected a review as `phi review STACK --save` writes it" in str(done.exception)


def test_an_update_that_fails_is_aws_s_no(phi: Phi, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Refused("The update of staging ended with exit code 255")

    monkeypatch.setattr(engine, "update", fail)
    assert isinstance(phi("deploy", "staging", "--yes", now=SAFE, reviewed=SAFE).exception, Refused)
