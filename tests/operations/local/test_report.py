"""What `phi local` tells of recorded previews and updates."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from docs import measure
from operations.local_report import FEW, Report
from operations.review import events
from tests.operations.local import recorded
from tests.operations.review.recorded import SUMMARY, step

BUCKET, QUEUE = "aws:s3/bucket:Bucket", "aws:sqs/queue:Queue"


@pytest.fixture
def report() -> Report:
    return Report("staging", Console(file=io.StringIO(), width=120, emoji=False))


def told(report: Report) -> str:
    """What was told since the last time."""
    file = report.console.file
    assert isinstance(file, io.StringIO)
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text


def test_a_first_plan_is_counted_by_component(report: Report) -> None:
    report.preview(recorded.ended("first_preview"))
    text = told(report)
    rows = dict(re.findall(r"^│ (\S+) +│ +(\d+) │$", text, re.MULTILINE))
    assert rows["storage"] == "58"
    assert sum(map(int, rows.values())) == 347
    assert "+ 347 to create" in text
    assert len(text.splitlines()) < 45
    assert "default_7" not in text


def test_advisory_waived_and_undecided_are_counted_and_where_to_see_them_is_said(report: Report) -> None:
    report.preview(recorded.ended("first_preview"))
    text = told(report)
    assert "Policies (phi-platform 0.1.0): nothing refused" in text
    assert "54 advisory (25 rules), 4 waived (2 rules): `phi check staging` lists them." in text
    assert "10 rules could not be verified yet" in text
    assert "`phi local run --stack staging -- preview --refresh`" in text
    assert "Safeguard" not in text


def test_an_update_tells_what_was_done_and_only_the_findings_that_are_new(report: Report) -> None:
    report.preview(recorded.ended("first_preview"))
    told(report)
    report.outcome("up", recorded.ended("first_update"))
    assert told(report) == (
        "Updated staging after 40 s:\n"
        "    + 347 created\n"
        "    1 more advisory (1 rule): `phi check staging` lists them.\n"
    )


def test_nothing_to_change_is_one_line(report: Report) -> None:
    report.preview(recorded.ended("unchanged"))
    text = told(report)
    assert text.startswith("staging: nothing to change, 3 resources are as described (3 s).\n")
    assert "┃" not in text
    assert "Nothing was changed" not in text


def test_few_changes_are_listed_with_the_properties_that_change(report: Report) -> None:
    report.preview(recorded.ended("safe"))
    text = told(report)
    assert re.search(r"│ replace +│ api-task +│ aws:ecs:TaskDefinition +│ .*memory", text)
    assert re.search(r"│ update +│ api-service +│ aws:ecs:Service +│ taskDefinition", text)
    assert "~ 4 to update" in text
    assert "341 unchanged" in text


def test_data_that_is_lost_is_named_first(report: Report) -> None:
    report.preview(recorded.ended("replacement"))
    text = told(report)
    assert re.search(r"^replace database-instance \(.+\): its data is lost$", text, re.MULTILINE)
    assert text.index("its data is lost") < text.index("┃")


def test_of_many_changes_only_what_is_replaced_or_deleted_is_listed(report: Report) -> None:
    created = [step("create", BUCKET, f"bucket-{number}", new={}) for number in range(FEW)]
    steps = [*created, step("delete", QUEUE, "letters", old={"name": "letters"})]
    summary = {"summaryEvent": {**SUMMARY["summaryEvent"], "durationSeconds": 1}}
    report.preview(recorded.of(*steps, summary))
    text = told(report)
    assert re.search(r"│ delete +│ letters +│ aws:sqs:Queue", text)
    assert "│ create" not in text
    report.preview(recorded.of(*steps[2:], summary))
    assert len(re.findall(r"│ (?:create|delete) ", told(report))) == FEW - 1


def test_mandatory_findings_are_told_in_full_and_once(report: Report) -> None:
    ended = recorded.ended("policy_break", code=255)
    report.preview(ended)
    text = told(report)
    mandatory = [finding for finding in events.findings(ended.events) if finding.mandatory]
    assert mandatory
    assert text.count("[mandatory] ") == len(mandatory)
    for finding in mandatory:
        for part in (finding.rule, finding.name, finding.message, finding.safeguard, finding.fix, finding.url):
            assert part
            assert part in text
    assert f"refused, {len(mandatory)} mandatory finding" in text
    assert "Nothing was changed." in text
    assert "preview failed" not in text, "the findings say why"
    assert "as far as it came" not in text

    report.outcome("up", ended)
    assert "[mandatory]" not in told(report)


def test_a_program_that_fails_is_told_with_all_it_said(report: Report) -> None:
    report.preview(recorded.ended("broken_preview", code=255))
    text = told(report)
    assert "Plan of staging, as far as it came" in text
    assert "said by the program\n" in text
    assert "\nwarning: a warning\n" in text
    assert (
        "error: notes (aws:s3:Bucket): aws:s3/bucket:Bucket resource 'notes': property bucket value {Bad Name}" in text
    )


def test_an_update_that_fails_tells_what_was_done_and_every_error(report: Report) -> None:
    ended = recorded.ended("failed_update", code=255)
    report.outcome("up", ended)
    assert told(report) == (
        "`pulumi up` of staging failed after 4 s:\n"
        "    + 2 created\n"
        "    2 more advisory (2 rules): `phi check staging` lists them.\n"
        "warning: the topic is read at start only\n"
        "error: writers (aws:iam:Policy): aws:iam/policy:Policy: CreatePolicy failed: EntityAlreadyExists: A policy "
        "called notes-writers already exists. Duplicate names are not allowed.\n"
        "error: update failed\n"
        "What was done until then is kept: the same command goes on from there.\n"
    )
    report.outcome("up", ended)
    assert "warning" not in told(report)


def test_an_interrupted_update_says_so(report: Report) -> None:
    report.outcome("up", recorded.ended("interrupted_update", code=255))
    assert told(report).startswith("`pulumi up` of staging failed after 2 s.\nerror: context canceled\n")


def test_what_the_events_do_not_explain_is_told_in_the_engines_own_words(report: Report) -> None:
    events = recorded.log("unchanged")
    report.outcome("up", recorded.of(*events, code=255, display="panic: in the engine"))
    assert "panic: in the engine" in told(report)
    report.outcome("up", recorded.of(*events, display="Updating (dev): …"))
    assert "Updating (dev)" not in told(report)


def test_an_engine_that_could_not_start_is_told(report: Report) -> None:
    report.preview(recorded.of(code=255, errors="error: the stack is currently locked by 1 lock(s)"))
    text = told(report)
    assert "error: the stack is currently locked" in text
    assert "Plan of" not in text


def test_a_preview_that_no_pack_judged_says_so(report: Report) -> None:
    summary = {"summaryEvent": {"resourceChanges": {"create": 1}, "durationSeconds": 1}}
    report.preview(recorded.of(step("create", BUCKET, "records", new={}), summary))
    text = told(report)
    assert "No policy pack judged this preview." in text
    assert "nothing refused" not in text


def test_outputs_are_told_with_long_ones_folded_and_secrets_out(report: Report) -> None:
    arns = {name: f"arn:aws:kms:ca-central-1:111122223333:key/{name}" for name in "abcdef"}
    report.outputs(
        {"kms_key_arns": arns, "password": "[secret]", "subnets": ["one", "two", "three", "four"], "port": 5432}
    )
    text = told(report)
    assert "staging on the embedded AWS" in text
    assert arns["c"] in text
    assert arns["d"] not in text
    assert "… and 3 more" in text
    assert "[secret]" in text
    assert "four" in text, "a line that says one more takes as much room as the line itself"
    assert "`phi local run --stack staging -- stack output --json`" in text
    report.outputs({"port": 5432})
    assert "Whole values" not in told(report)


def test_the_measurement_of_the_stacks_notices_a_plan_that_changes_something(report: Report) -> None:
    for name, changes in (("first_preview", True), ("safe", True), ("unchanged", False)):
        report.preview(recorded.ended(name))
        assert bool(measure.CHANGED.search(told(report))) is changes, name
