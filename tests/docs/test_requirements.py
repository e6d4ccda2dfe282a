"""Every requirement of the components is built and tested, or says whose duty it is."""

from __future__ import annotations

import re

import pytest

from docs.elsewhere import ELSEWHERE
from docs.requirements_table import ROOT, catalogue, citations, cited_in, proofs

GROUPS = {"NET", "CMP", "DB", "CCH", "STO", "EDG", "IAM", "OBS", "DR", "OUT", "TAG"}
DRILLS = {"BER-DR-11", *(f"BER-DR-{number}" for number in range(15, 25))}
"""Failover, failback and drills: commands rather than components."""

ROWS = [
    row
    for row in catalogue()
    if row.level == "rule"
    or (row.level in ("must", "optional") and row.id.split("-")[1] in GROUPS and row.id not in DRILLS)
]
BUILT, PROVEN = citations(), proofs()


def test_the_catalogue_is_read_whole() -> None:
    ids = [row.id for row in catalogue()]
    assert len(ids) == len(set(ids)) > 500
    assert set(ids) >= DRILLS
    assert len(ROWS) > 350


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_requirement_is_built_and_tested_or_says_whose_duty_it_is(row) -> None:
    if row.id in ELSEWHERE:
        assert row.id not in PROVEN, "tested here, so it is not elsewhere: take it out of docs/elsewhere.py"
        return
    assert BUILT.get(row.id), "cite it where it is built: a docstring, or a comment of the stack file"
    assert PROVEN.get(row.id), "mark the test that holds it: pytest.mark.requirement"


def test_a_citation_or_a_marker_names_a_requirement_there_is() -> None:
    known = {row.id for row in catalogue()}
    assert sorted((BUILT.keys() | PROVEN.keys() | ELSEWHERE.keys()) - known - notes()) == []


def notes() -> set[str]:
    """Ids of the notes, which tests may be marked with too."""
    text = "".join(file.read_text() for file in (ROOT / "docs/requirements").glob("*.md"))
    return set(re.findall(r"^\| ([A-Z]{3}-N\d{2}) \|", text, re.MULTILINE))


def test_what_is_elsewhere_says_whose_it_is_and_what_is_offered() -> None:
    for identifier, away in ELSEWHERE.items():
        assert away.offered.endswith("."), identifier
        for path in re.findall(r"docs/[a-z/]+\.md", away.offered):
            assert (ROOT / path).exists(), path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(BER-DB-03)", {"BER-DB-03"}),
        ("BER-NET-01 to 03, ALL-08", {"BER-NET-01", "BER-NET-02", "BER-NET-03", "ALL-08"}),
        ("LWO-NET-07 to\n    09", {"LWO-NET-07", "LWO-NET-08", "LWO-NET-09"}),
        ("BER-NET-01 to 12345", {"BER-NET-01"}),
        ("nothing", set()),
    ],
)  # fmt: skip
def test_a_range_stands_for_each_of_its_requirements(text: str, found: set[str]) -> None:
    assert cited_in(text) == found
