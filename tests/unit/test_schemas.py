"""Every resource of every stack is one that AWS would take: the registry's schemas, what regions offer, name limits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

import localaws.services  # noqa: F401  registers the handlers
from localaws import check
from localaws.handler import HANDLERS
from program import build
from settings import load
from tests.unit.aws_limits import LIMITS, NAMED_BY_OTHERS, NAMES
from tests.unit.conftest import Recorder, Registration
from tests.unit.test_program import ROOT, STACKS, built

LONG = "a-very-long-system-x"  # as long as a system's name may be
RANDOM = {"random:index/randomPassword:RandomPassword", "random:index/randomId:RandomId"}

# Required by the registry, given otherwise: the official provider takes it from elsewhere.
REQUIRED_ELSEWHERE = {
    ("aws:kms/key:Key", "KeyPolicy"): "AWS's default policy, or a key policy of its own",
}


def problems(entry: Registration, region: str) -> Iterator[str]:
    """What AWS would refuse of one registered resource."""
    handler = HANDLERS.get(entry.type)
    if handler is None:
        yield f"{entry.type} {entry.name}: no handler knows what AWS accepts"
        return
    place = entry.inputs.get("region") or region
    for name, reason in check.problems(handler, place, entry.inputs):
        yield f"{entry.type} {entry.name}.{name}: {reason}"
    for name in missing(entry, place):
        yield f"{entry.type} {entry.name}: {name} is required"
    for limit in LIMITS:
        if limit.type == entry.type and isinstance(value := entry.inputs.get(limit.input), str):
            problem = limit.problem(value)
            if problem:
                yield f"{entry.type} {entry.name}.{limit.input}: {value!r}: {problem}"


def missing(entry: Registration, region: str) -> Iterator[str]:
    """Properties the registry requires, that the type's inputs have, and the resource leaves out."""
    handler = HANDLERS[entry.type]
    if handler.cloudformation is None:
        return
    schema: Any = check._schema(handler.cloudformation, region) or {}
    said = {handler.renames.get(name, name).lower() for name, value in entry.inputs.items() if value is not None}
    modelled = {handler.renames.get(name, name).lower() for name in handler.inputs}
    for name in schema.get("required", ()):
        if name.lower() in modelled - said and (entry.type, name) not in REQUIRED_ELSEWHERE:
            yield name


def recorded_types(recorder: Recorder) -> list[Registration]:
    return [entry for entry in recorder.registrations if entry.custom and entry.type not in RANDOM]


@cache
def long_named(stack: str, environment: str) -> tuple[Recorder, str]:
    """The stack under the longest system name, in an environment with a long name."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    config["phi-platform:system"] = LONG
    config["phi-platform:environment"] = environment
    config.pop("phi-platform:naming", None)  # recorded names are as long as they are
    settings = load.load(config)
    recorder = Recorder()
    recorder.run(lambda: build(settings), stack=stack)
    return recorder, settings.region


@pytest.mark.requirement("ALL-02", "BER-N02")
@pytest.mark.parametrize("name", STACKS)
def test_aws_would_take_every_resource_of_a_stack(name: str) -> None:
    recorder = built(name).recorder
    region = load.from_file(ROOT / f"Pulumi.{name}.yaml").region
    found = [problem for entry in recorded_types(recorder) for problem in problems(entry, region)]
    assert found == []


@pytest.mark.requirement("BER-TAG-02", "OMN-TAG-02")
@pytest.mark.parametrize("name", STACKS)
def test_aws_would_take_every_resource_of_a_stack_with_a_long_name(name: str) -> None:
    recorder, region = long_named(name, "development")
    entries = recorded_types(recorder)
    assert any(LONG in str(entry.inputs) for entry in entries)
    assert [problem for entry in entries for problem in problems(entry, region)] == []


@pytest.mark.parametrize("name", STACKS)
def test_long_names_stay_different(name: str) -> None:
    recorder, _ = long_named(name, "development")
    for limit in LIMITS:
        if limit.input not in NAMES:
            continue
        names = [
            (
                entry.inputs.get("region"),
                entry.inputs.get("logGroupName"),
                entry.inputs.get("role"),
                entry.inputs[limit.input],
            )
            for entry in recorded_types(recorder)
            if entry.type == limit.type and limit.input in entry.inputs
        ]
        assert len(names) == len(set(names)), f"{limit.type}: {sorted(map(str, names))}"


@pytest.mark.parametrize("name", STACKS)
def test_no_name_goes_unjudged(name: str) -> None:
    judged = {(limit.type, limit.input) for limit in LIMITS}
    for entry in recorded_types(built(name).recorder):
        if entry.type in NAMED_BY_OTHERS or HANDLERS[entry.type].autoname is None:
            continue
        given = [input_ for input_ in NAMES if input_ in entry.inputs and HANDLERS[entry.type].autoname == input_]
        assert all((entry.type, input_) in judged for input_ in given), (
            f"{entry.type}: add the limit of {given} to tests/unit/aws_limits.py"
        )


def entry(type_: str, inputs: dict[str, Any]) -> Registration:
    return Registration(
        type=type_, name="case", inputs=inputs, outputs={}, urn="urn", parent="", custom=True, protect=False,
        dependencies=frozenset(), property_dependencies={}, secrets=frozenset(),
    )  # fmt: skip


INSTANCE = {"identifier": "clinic", "engine": "postgres", "engineVersion": "17.11", "instanceClass": "db.t4g.medium"}


@pytest.mark.parametrize(
    ("type_", "inputs", "named"),
    [
        ("aws:redshift/cluster:Cluster", {"clusterIdentifier": "clinic"}, "no handler"),
        ("aws:rds/instance:Instance", {**INSTANCE, "instanceClass": "db.z9.tiny"}, "instanceClass"),
        ("aws:rds/instance:Instance", {**INSTANCE, "engineVersion": "15.99"}, "engineVersion"),
        ("aws:rds/instance:Instance", {**INSTANCE, "identifier": "clinic--records"}, "identifier"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "clinic", "retentionInDays": 12}, "retentionInDays"),
        ("aws:sns/topicSubscription:TopicSubscription", {"topic": "arn:aws:sns:x"}, "Protocol is required"),
        ("aws:lb/targetGroup:TargetGroup", {"name": "a-name-of-thirty-three-characters", "port": 80}, "32"),
        ("aws:s3/bucket:Bucket", {"bucket": "Clinic_Records"}, "bucket"),
        ("aws:secretsmanager/secret:Secret", {"name": "clinic records"}, "name"),
    ],
)
def test_what_aws_would_refuse_is_found(type_: str, inputs: dict[str, Any], named: str) -> None:
    assert any(named in problem for problem in problems(entry(type_, inputs), "ca-central-1"))


def test_the_limits_themselves_are_tight() -> None:
    for limit in LIMITS:
        assert limit.problem("") is not None or limit.pattern.endswith("*"), limit
        assert limit.problem("a" * (limit.most + 1)) is not None, limit
