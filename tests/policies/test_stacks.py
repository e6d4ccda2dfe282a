"""Every stack file of this project, built on mocks and judged: no finding that is not waived."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

import pytest

from checking.judgement import judge, registered
from policies import waivers
from policies.graph import Resource
from policies.judge import Verdict
from policies.rules import RULES
from tests.unit.test_program import ROOT, STACKS

CATALOGUE = "".join(file.read_text() for file in sorted((ROOT / "docs/requirements").glob("*.md")))
TODAY = date(2026, 6, 30)


@cache
def resources(name: str) -> tuple[Resource, ...]:
    """The stack as its program declares it; see `registered`."""
    return registered(ROOT / f"Pulumi.{name}.yaml", name)[0]


@cache
def verdicts(name: str) -> tuple[Verdict, ...]:
    """What `phi check` says of a stack, waivers applied."""
    file = ROOT / f"Pulumi.{name}.yaml"
    return judge(name, file, *registered(file, name), today=TODAY).verdicts


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_of_this_project_breaks_no_mandatory_rule(name: str) -> None:
    found = [
        v for v in verdicts(name) if v.waived is None and (v.rule.mandatory if v.mandatory is None else v.mandatory)
    ]
    assert not [f"{verdict.rule.id} {verdict.urn.rpartition('::')[2]}: {verdict.message}" for verdict in found]


@pytest.mark.parametrize("name", STACKS)
def test_no_rule_fails_on_it(name: str) -> None:
    assert not [verdict.message for verdict in verdicts(name) if verdict.broken]


@pytest.mark.parametrize("name", STACKS)
def test_every_rule_can_be_decided_once_it_exists(name: str) -> None:
    assert not [v.message for v in verdicts(name) if v.rule.id == "unverified-control-reported"]


def test_a_waiver_names_the_requirement_that_forces_it() -> None:
    known = set(re.findall(r"^\| ([A-Z]{3}-[A-Z]*-?N?\d{2}) \|", CATALOGUE, re.MULTILINE))
    for waiver in waivers.load(waivers.FILE, [rule.id for rule in RULES])[0]:
        named = set(re.findall(r"\b(?:BER|FAC|LWO|MSP|OMN|ALL)-[A-Z0-9-]*\d{2}\b", waiver.reason))
        assert named, f"{waiver.rule} on {waiver.resource}"
        assert named <= known, named - known
