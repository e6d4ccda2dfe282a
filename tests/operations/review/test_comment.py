"""The comment of a pull request. The three expected ones were rendered and looked at; `python -m` this file rewrites
them after a change that was looked at again."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from operations.review import events
from operations.review.comment import GITHUB_LIMIT, marker, render
from operations.review.result import Review
from tests.operations.review import recorded
from tests.operations.review.recorded import SUMMARY, of, step

BUCKET = "aws:s3/bucket:Bucket"


def rendered(name: str) -> str:
    review = recorded.review(name)
    return render(review, revision=recorded.REVISION)


@pytest.mark.requirement("OMN-OPS-01")
@pytest.mark.parametrize("name", recorded.NAMES)
def test_the_comment_is_the_one_that_was_looked_at(name: str) -> None:
    assert rendered(name) == recorded.comment(name)


def test_lost_data_stands_above_everything_else() -> None:
    text = rendered("replacement")
    assert text.index("data stores are replaced or deleted") < text.index("| Change |") < text.index("in detail")


def test_what_the_policies_refuse_stands_above_the_changes() -> None:
    text = rendered("policy_break")
    assert text.index("s3-public-access-blocked") < text.index("| Change |")
    assert "**Fix:**" in text
    assert "45 CFR 164.312" in text


def test_the_first_line_names_the_stack_so_that_the_comment_is_found_again() -> None:
    for name in recorded.NAMES:
        assert rendered(name).splitlines()[0] == marker("staging")


def many(count: int, size: int) -> Review:
    created = [step("create", BUCKET, f"bucket-{number}", new={"text": "x" * size}) for number in range(count)]
    deleted = [step("delete", BUCKET, f"lost-{number}", old={"bucket": "x" * size}) for number in range(count)]
    findings = [
        {"policyEvent": {"policyName": f"rule-{number}", "enforcementLevel": "mandatory", "message": "m" * size,
                         "resourceUrn": f"urn:pulumi:staging::p::t::n{number}"}}
        for number in range(count)
    ]  # fmt: skip
    error = {"diagnosticEvent": {"severity": "error", "message": "e" * size * count}}
    return events.review([*created, *deleted, *findings, error, SUMMARY], source="test")


@pytest.mark.parametrize(("count", "size"), [(50, 100), (400, 300), (2000, 50), (5, 90_000)])
def test_a_comment_fits_into_github_and_says_what_was_left_out(count: int, size: int) -> None:
    review = many(count, size)
    text = render(review)
    assert len(text.encode("utf-16-le")) // 2 <= GITHUB_LIMIT
    assert text.count("<details>") == text.count("</details>")
    shown = len(re.findall(r"<details><summary>(?:create|delete) ", text))
    left = re.search(r"(\d+) of (\d+) changes in detail", text)
    assert shown + (int(left[1]) if left else 0) == len(review.changes)


def test_nothing_is_left_out_of_a_comment_that_fits() -> None:
    assert "Left out" not in rendered("replacement")


HOSTILE = "</code></details>```\n## @everyone <img src=x onerror=y> | **a** [b](http://example.org)"


def test_a_name_or_value_cannot_break_out_of_its_place() -> None:
    """Names, values and messages come from the pull request: none becomes a heading, a link, an image or a mention."""
    finding = {"policyEvent": {"policyName": HOSTILE, "enforcementLevel": "mandatory", "message": HOSTILE,
                               "resourceUrn": f"urn:pulumi:staging::p::t::{HOSTILE}"}}  # fmt: skip
    review = of(finding, step("delete", BUCKET, HOSTILE, old={}), step("create", BUCKET, "b", new={"text": HOSTILE}))
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(render(review))
    outside = re.sub(r"<pre>.*?</pre>", "", html, flags=re.DOTALL)
    assert "<img" not in outside
    assert "<h2" not in outside
    assert "<a " not in outside
    assert "@everyone" not in outside
    assert html.count("<details>") == html.count("</details>")


def test_no_change_is_said_in_one_line() -> None:
    text = render(of(step("same", BUCKET, "records", old={}, new={})))
    assert "no changes" in text
    assert "| Change |" not in text


def test_costs_are_told_when_they_are_known() -> None:
    review = recorded.review("safe").model_copy(update={"cost": "+12.40 USD a month"})
    assert "**Cost:** +12.40 USD a month" in render(review)
    assert "Cost" not in rendered("safe")


if __name__ == "__main__":
    for each in recorded.NAMES:
        (recorded.FOLDER / "comments" / f"{each}.md").write_text(rendered(each))
