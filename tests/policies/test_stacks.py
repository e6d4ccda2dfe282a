"""Every stack file of this project, built on mocks and judged: no finding that is not waived."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import pytest

from policies import waivers
from policies.config import JURISDICTIONS, Config
from policies.graph import STACK, Resource, Stack
from policies.judge import Judge, Verdict
from policies.rules import RULES
from settings import load
from tests.unit.conftest import REGION
from tests.unit.test_program import ROOT, STACKS, built

TODAY = date(2026, 6, 30)


@cache
def resources(name: str) -> tuple[Resource, ...]:
    """The stack as its program declares it, inputs only, with what AWS would add beside them."""
    settings = load.from_file(ROOT / f"Pulumi.{name}.yaml")
    root = Resource(STACK, {}, urn=f"urn:pulumi:{name}::phi-platform::{STACK}::phi-platform-{name}")
    found = [root]
    for entry in built(name).recorder.registrations:
        computed = {key: _placed(entry.outputs[key], settings.region) for key in ("id", "arn") if key in entry.outputs}
        inputs = {
            key: _placed(value, settings.region) if entry.property_dependencies.get(key) else value
            for key, value in entry.inputs.items()
        }
        found.append(
            Resource(
                entry.type,
                {**computed, **inputs},
                urn=entry.urn.replace("urn:pulumi:test::", f"urn:pulumi:{name}::"),
                name=entry.name,
                provider={"region": settings.region},
                parent=entry.parent,
                protect=entry.protect,
                dependencies={
                    key: [urn.replace("urn:pulumi:test::", f"urn:pulumi:{name}::") for urn in sorted(urns)]
                    for key, urns in entry.property_dependencies.items()
                },
                declared=frozenset(entry.inputs),
            )
        )
    return tuple(found)


def _placed(value: Any, region: str) -> Any:
    """What the mock answered, which is always of one region, as the stack's own region would."""
    if isinstance(value, str):
        return value.replace(f":{REGION}:", f":{region}:")
    if isinstance(value, dict):
        return {key: _placed(each, region) for key, each in value.items()}
    return [_placed(each, region) for each in value] if isinstance(value, list) else value


@cache
def verdicts(name: str) -> tuple[Verdict, ...]:
    """What the pack says of a stack, waivers applied."""
    settings = load.from_file(ROOT / f"Pulumi.{name}.yaml")
    regions, countries = JURISDICTIONS[settings.jurisdiction]
    config = Config(
        jurisdiction=settings.jurisdiction,
        regions=regions,
        countries=countries,
    )
    good, problems = waivers.load(waivers.FILE, (rule.id for rule in RULES))
    judge = Judge(RULES, config, good, problems, today=TODAY)
    all = resources(name)
    return (*(verdict for each in all for verdict in judge.resource(each)), *judge.stack(Stack(all)))


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
