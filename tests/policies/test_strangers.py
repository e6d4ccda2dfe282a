"""Exported states of programs that are not ours: the pack judges them, finds what is planted and never fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policies.config import Config
from policies.graph import Resource, Stack
from policies.judge import Judge, Verdict
from policies.rules import RULES
from tests.policies.sample import TODAY

FOLDER = Path(__file__).with_name("strangers")
PLANTED = {
    "aws_6_buckets": {"s3-public-access-blocked", "sg-no-admin-ports-from-internet"},
    "awsx_ecs": {"ecs-env-no-secrets", "lb-https-only"},
    "components_only": set[str](),
    "eks": set[str](),
    "empty": set[str](),
    "other_clouds": set[str](),
    "rds_cluster": {"rds-storage-encrypted", "region-allowed"},
    "serverless": {"dynamodb-replica-in-jurisdiction", "lambda-env-no-secrets"},
}
"""State → mandatory rules that must speak."""


def state(name: str) -> tuple[Resource, ...]:
    """An exported state as the engine hands it to the pack, ciphertext redacted."""
    entries: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["deployment"].get("resources", [])
    providers = {f"{entry['urn']}::{entry['id']}": entry["inputs"] for entry in entries if "id" in entry}
    return tuple(
        Resource(
            entry["type"],
            redacted(entry.get("outputs", {})),
            urn=entry["urn"],
            provider=providers.get(entry.get("provider", "")),
            parent=entry.get("parent"),
            declared=frozenset(entry.get("inputs", {})),
        )
        for entry in entries
    )


def redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return "[secret]" if "ciphertext" in value else {key: redacted(each) for key, each in value.items()}
    return [redacted(each) for each in value] if isinstance(value, list) else value


def judged(name: str) -> list[Verdict]:
    judge, all = Judge(RULES, Config(), today=TODAY), state(name)
    return [*(verdict for each in all for verdict in judge.resource(each)), *judge.stack(Stack(all))]


def test_every_state_is_tried() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(PLANTED)


@pytest.mark.parametrize("name", PLANTED)
def test_a_strangers_state_is_judged_without_a_failure_and_its_problems_are_found(name: str) -> None:
    found = judged(name)
    assert not [verdict.message for verdict in found if verdict.broken]
    assert {verdict.rule.id for verdict in found if verdict.rule.mandatory} >= PLANTED[name]


@pytest.mark.parametrize("name", ["empty", "components_only"])
def test_where_there_is_nothing_of_aws_no_single_resource_is_blamed(name: str) -> None:
    assert not [v for v in judged(name) if v.urn.partition("::")[2].count("::aws:")]
