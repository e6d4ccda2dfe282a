"""Whoever leaves cdk-nag's HIPAA pack or AWS Config's finds each of its rules here, one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policies.rule import catalogue
from policies.rules import RULES

ANCHORS: dict[str, dict[str, list[str]]] = json.loads((Path(__file__).parent / "anchors.json").read_text())
"""Tool → its HIPAA rules that can be judged from a plan, in services this pack is about → the controls that judge them.

Left out: 15 of cdk-nag's (CodeBuild, DMS, Elastic Beanstalk, EMR, Redshift, SageMaker, which `supported-service-only`
names) and 19 of AWS Config's (the same services, and what only a running account shows).
"""
BUILT = {rule.id for rule in RULES}
EACH = [(tool, theirs, ours) for tool, rules in ANCHORS.items() for theirs, ours in rules.items()]


def _named(row: dict[str, Any], tool: str) -> set[str]:
    return {*row["equivalent"].get(tool, ()), *row["near"].get(tool, ())}


def test_the_anchors_are_whole() -> None:
    assert {tool: len(rules) for tool, rules in ANCHORS.items()} == {"cdk_nag": 75, "aws_config": 112}


@pytest.mark.parametrize(("tool", "theirs", "ours"), EACH, ids=[theirs for _, theirs, _ in EACH])
def test_a_rule_of_another_pack_has_its_control(tool: str, theirs: str, ours: list[str]) -> None:
    assert set(ours) <= BUILT
    assert any(theirs in _named(catalogue()[id], tool) for id in ours)


def test_every_row_of_the_catalogue_is_built() -> None:
    assert set(catalogue()) == BUILT
