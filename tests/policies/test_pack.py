"""The pack as the engine talks to it, and the folder on its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2

from policies import pack
from policies.rules import RULES
from policies.values import UNKNOWN, from_struct, plain
from tests.policies.sample import Sample
from tests.policies.samples import SYSTEM, judged_again

ROOT = Path(__file__).parents[2]
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
KEY = "4dabf18193072939515e22adb298388d"
URN = "urn:pulumi:dev::careless::aws:rds/instance:Instance::database"


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


@pytest.fixture
def servicer(monkeypatch: pytest.MonkeyPatch) -> pack.OnePassServicer:
    monkeypatch.setenv("PULUMI_CONFIG", "{}")
    policies = [pack._policy(rule) for rule in RULES]
    return pack.OnePassServicer(pack.NAME, "0.1.0", policies, pack.EnforcementLevel.MANDATORY)


def request(**properties: Any) -> analyzer_pb2.AnalyzeRequest:
    return analyzer_pb2.AnalyzeRequest(
        type="aws:rds/instance:Instance", urn=URN, name="database", properties=struct(properties)
    )


def test_a_finding_tells_the_engine_rule_safeguard_fix_and_resource(servicer: pack.OnePassServicer) -> None:
    diagnostics = servicer.Analyze(request(storageEncrypted=False, engine="postgres"), None).diagnostics
    [one] = [each for each in diagnostics if each.policyName == "rds-storage-encrypted"]
    assert one.enforcementLevel == analyzer_pb2.MANDATORY
    assert one.urn == URN
    for part in ("storageEncrypted must be true", "45 CFR 164.312(a)(2)(iv)", "PIPEDA", "Fix:", "https://"):
        assert part in one.message


def test_secrets_are_opened_for_judgement_and_never_repeated(servicer: pack.OnePassServicer) -> None:
    marker = "k9Qz7Lm2Xw4Rt8Vb1N"
    answer = servicer.Analyze(request(password={KEY: SECRET[KEY], "value": marker}), None)
    assert "rds-managed-master-password" in {each.policyName for each in answer.diagnostics}
    assert marker not in str(answer)


def test_the_stack_is_judged_by_what_the_program_declares(servicer: pack.OnePassServicer) -> None:
    """What AWS reports beside it may be drift that the update repairs."""
    group = "urn:pulumi:dev::careless::aws:ec2/securityGroup:SecurityGroup::database"
    declared = {"name": "database"}
    reported = {"id": "sg-1", "ingress": [{"protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"], "fromPort": 5432}]}
    store = {"vpcSecurityGroupIds": ["sg-1"], "storageEncrypted": True}
    servicer.Analyze(
        analyzer_pb2.AnalyzeRequest(type="aws:ec2/securityGroup:SecurityGroup", urn=group, properties=struct(declared)),
        None,
    )
    answer = servicer.AnalyzeStack(
        analyzer_pb2.AnalyzeStackRequest(
            resources=[
                analyzer_pb2.AnalyzerResource(
                    type="aws:ec2/securityGroup:SecurityGroup", urn=group, properties=struct({**declared, **reported})
                ),
                analyzer_pb2.AnalyzerResource(type="aws:rds/instance:Instance", urn=URN, properties=struct(store)),
            ]
        ),
        None,
    )
    assert "sg-chain-no-internet-to-data" not in {each.policyName for each in answer.diagnostics}


@pytest.mark.requirement("ALL-15")
@pytest.mark.parametrize(("jurisdiction", "refused"), [("united-states", False), ("canada", True)])
def test_the_stacks_own_jurisdiction_is_what_the_engine_says(
    servicer: pack.OnePassServicer, jurisdiction: str, refused: bool
) -> None:
    config = {"phi-platform:jurisdiction": jurisdiction}
    servicer.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack="production", config=config), None)
    found = {each.policyName for each in servicer.Analyze(request(region="us-east-1"), None).diagnostics}
    assert ("region-allowed" in found) is refused


def test_the_engine_learns_every_rule_with_its_enforcement(servicer: pack.OnePassServicer) -> None:
    info = servicer.GetAnalyzerInfo(None, None)
    assert {policy.name for policy in info.policies} == {rule.id for rule in RULES}
    levels = {policy.name: policy.enforcementLevel for policy in info.policies}
    assert all((levels[rule.id] == analyzer_pb2.MANDATORY) is rule.mandatory for rule in RULES)


def test_the_folder_works_alone_under_another_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "safeguards", ignore=shutil.ignore_patterns("__pycache__"))
    program = "import safeguards.rules as r; print(len(r.RULES))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(len(RULES)), done.stderr


def test_unknowns_and_secrets_of_the_wire_are_read() -> None:
    wire = {"a": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "b": {KEY: SECRET[KEY], "value": ["x"]}, "c": [1, None, True]}
    expected = {"a": UNKNOWN, "b": ["x"], "c": [1.0, None, True]}
    assert from_struct(struct(wire)) == expected
    assert plain(wire) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 70_000) | st.text(max_size=8) | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150)
@given(data=st.data())
def test_no_json_makes_any_rule_fail(data: st.DataObject) -> None:
    """Any value in any of the properties that rules read, on any type, in the middle of a whole system."""
    name = data.draw(st.sampled_from(sorted(SYSTEM)))
    sample = SYSTEM[name]
    changes = data.draw(st.dictionaries(st.sampled_from(sorted(sample.properties) or ["tags"]), JSON, max_size=4))
    samples = {**SYSTEM, name: Sample(sample.type, {**sample.properties, **changes})}
    assert not [verdict for verdict in judged_again(samples) if verdict.broken]
