"""Saved queries: every kind of log group has its questions."""

from __future__ import annotations

import pytest

from tests.unit.components.watching import DATABASE, EVERYTHING, build
from tests.unit.conftest import Recorder

QUERY = "aws:cloudwatch/queryDefinition:QueryDefinition"


@pytest.mark.requirement("LWO-OBS-10")
def test_every_kind_of_log_group_has_its_questions(recorded: Recorder) -> None:
    build(recorded, {"queries": {"slow_milliseconds": 2000, "duration_field": "took"}}, **EVERYTHING)
    found = {inputs["name"].removeprefix("berthcare-staging/"): inputs for _, inputs in recorded.of(QUERY)}
    application = ["/berthcare/staging/backend", "/aws/lambda/berthcare-staging-notes", "/berthcare/staging/fleet"]
    assert {key: inputs["logGroupNames"] for key, inputs in found.items()} == {
        "application-errors": application,
        "application-error-trend": application,
        "application-slow-requests": application,
        "api-errors": ["/berthcare/staging/api"],
        "api-slow-requests": ["/berthcare/staging/api"],
        "database-errors": ["/aws/rds/instance/berthcare-staging-postgres/postgresql"],
        "database-slow-statements": ["/aws/rds/instance/berthcare-staging-postgres/postgresql"],
        "network-refused": ["/aws/vpc/berthcare-staging-flow-logs"],
        "audit-refused-calls": ["/aws/cloudtrail/berthcare-staging-trail"],
        "audit-changes": ["/aws/cloudtrail/berthcare-staging-trail"],
    }
    assert "filter took > 2000" in found["application-slow-requests"]["queryString"]
    assert 'filter action = "REJECT"' in found["network-refused"]["queryString"]
    for inputs in found.values():
        steps = [step.strip().split()[0] for step in inputs["queryString"].split("\n|")]
        assert set(steps) <= {"fields", "filter", "parse", "stats", "sort", "limit"}
        assert len(inputs["queryString"]) <= 10_000
        assert len(inputs["logGroupNames"]) <= 50


def test_what_has_no_log_group_has_no_questions(recorded: Recorder) -> None:
    build(recorded, database=DATABASE)
    assert {inputs["name"] for _, inputs in recorded.of(QUERY)} == {
        "berthcare-staging/database-errors", "berthcare-staging/database-slow-statements",
    }  # fmt: skip


def test_they_can_be_left_out(recorded: Recorder) -> None:
    build(recorded, {"queries": None}, **EVERYTHING)
    assert recorded.count(QUERY) == 0
