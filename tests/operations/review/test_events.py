"""What a review makes of the engine's events."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from operations.mistakes import Mistake
from operations.review import events
from operations.review.data_stores import DATA_STORES
from tests.operations.review import recorded
from tests.operations.review.recorded import SUMMARY, of, step

BUCKET, TABLE = "aws:s3/bucket:Bucket", "aws:dynamodb/table:Table"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@pytest.mark.requirement("OMN-OPS-01", "MSP-OPS-01")
@pytest.mark.parametrize("name", recorded.NAMES)
def test_changes_are_as_many_as_the_engine_counts(name: str) -> None:
    (summary,) = (event["summaryEvent"] for event in recorded.log(name) if "summaryEvent" in event)
    counted = Counter(change.operation for change in recorded.review(name).changes)
    assert counted == {op: count for op, count in summary["resourceChanges"].items() if op != "same"}


def test_a_safe_change_is_not_refused_and_loses_nothing() -> None:
    review = recorded.review("safe")
    assert not review.failed
    assert review.losses == []
    capacity = next(change for change in review.changes if change.name == "api-capacity")
    assert [(each.path, each.before, each.after) for each in capacity.properties] == [("maxCapacity", 2, 4)]


def test_a_replaced_database_is_lost_data_and_says_for_which_properties() -> None:
    lost = {change.name: change for change in recorded.review("replacement").losses}
    assert lost.keys() == {"database-instance", "database-backups"}
    database = lost["database-instance"]
    assert (database.operation, database.id) == ("replace", "clinic-staging-postgres")
    assert {each.path for each in database.properties if each.replaces} == {"dbName", "username"}


def test_broken_policies_fail_the_review_each_with_rule_safeguard_and_fix() -> None:
    review = recorded.review("policy_break")
    assert review.failed
    assert {finding.rule for finding in review.mandatory} == {"s3-public-access-blocked"}
    assert len(review.mandatory) == 7
    assert all("164.312(a)" in finding.safeguard and finding.fix and finding.url for finding in review.mandatory)
    assert [finding.mandatory for finding in review.findings] == sorted(
        (finding.mandatory for finding in review.findings), reverse=True
    )


@pytest.mark.parametrize(
    ("operation", "more", "lost"),
    [
        ("delete", {}, True),
        ("delete", {"retainOnDelete": True}, False),
        ("replace", {}, True),
        ("create-replacement", {}, True),
        ("update", {}, False),
    ],
)
def test_what_is_deleted_or_replaced_loses_data_unless_aws_keeps_it(operation: str, more: dict, lost: bool) -> None:
    new = None if operation == "delete" else {"bucket": "b"}
    review = of(step(operation, BUCKET, "records", old={"bucket": "a"}, new=new, **more))
    assert bool(review.losses) is lost


def test_a_replacement_in_three_steps_is_one_change() -> None:
    old, new = {"name": "a"}, {"name": "b"}
    review = of(
        step("create-replacement", TABLE, "visits", old=old, new=new, keys=["name"]),
        step("replace", TABLE, "visits", old=old, new=new, keys=["name"]),
        step("delete-replaced", TABLE, "visits", old=old),
    )
    (change,) = review.changes
    assert change.operation == "replace"
    assert [(each.path, each.replaces) for each in change.properties] == [("name", True)]


def test_a_secret_that_gets_another_value_is_a_change_without_a_value() -> None:
    version = "aws:secretsmanager/secretVersion:SecretVersion"
    (change,) = of(
        step("update", version, "token", old={"secretString": SECRET}, new={"secretString": SECRET},
             diffs=["secretString"])
    ).changes  # fmt: skip
    assert [(each.path, each.before, each.after) for each in change.properties] == [
        ("secretString", "[secret]", "[secret]")
    ]


def test_a_change_inside_a_json_text_is_shown_by_its_path_and_name() -> None:
    def task(level: str) -> dict[str, str]:
        environment = [{"name": "LEVEL", "value": level}, {"name": "PORT", "value": "80"}]
        return {"containerDefinitions": json.dumps([{"name": "api", "environment": environment}])}

    (change,) = of(
        step("update", "aws:ecs/taskDefinition:TaskDefinition", "api", old=task("info"), new=task("debug"))
    ).changes
    assert [each.path for each in change.properties] == ["containerDefinitions[api].environment[LEVEL].value"]


def test_a_value_known_only_later_says_so() -> None:
    (change,) = of(step("update", TABLE, "visits", old={"kmsKeyArn": "a"}, new={"kmsKeyArn": UNKNOWN})).changes
    assert change.properties[0].after == "[known after the update]"


def test_what_a_refresh_finds_is_not_a_change_of_its_own() -> None:
    review = of(
        step("refresh", BUCKET, "records", old={"bucket": "a"}, new={"bucket": "b"}),
        step("update", BUCKET, "records", old={"bucket": "b"}, new={"bucket": "a"}),
    )
    (change,) = review.changes
    assert (change.properties[0].before, change.properties[0].after) == ("b", "a")


def test_a_preview_that_no_pack_judged_is_refused() -> None:
    summary = {"summaryEvent": {**SUMMARY["summaryEvent"], "PolicyPacks": {}}}
    review = events.review([step("create", BUCKET, "records", new={}), summary], source="test")
    assert review.failed
    assert review.problems == ("No policy pack judged this preview.",)


def test_a_preview_that_was_cut_off_is_refused() -> None:
    review = events.review([step("create", BUCKET, "records", new={})], source="test")
    assert review.failed
    assert review.problems == ("The preview ended before it was complete.",)


def test_an_error_of_the_program_is_a_problem() -> None:
    error = {"diagnosticEvent": {"severity": "error", "message": "<{%reset%}>phi-platform:network: expected a CIDR\n"}}
    review = of(error, step("create", BUCKET, "records", new={}))
    assert review.failed
    assert review.problems == ("phi-platform:network: expected a CIDR",)


@pytest.mark.parametrize("text", ["", "not JSON\n", "[]\n", "{}\n"])
def test_a_file_that_is_no_event_log_is_a_mistake(text: str, tmp_path: Path) -> None:
    (tmp_path / "events").write_text(text)
    with pytest.raises(Mistake, match="expected"):
        events.read(tmp_path / "events")


def test_every_data_store_is_a_type_the_provider_has() -> None:
    """Names are checked against the provider's package, so that a misspelt one cannot hide a lost database."""
    import pulumi_aws

    text = Path(pulumi_aws.__file__).read_text()
    assert [type_ for type_ in DATA_STORES if f'"{type_}"' not in text] == []
