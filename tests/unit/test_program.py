"""Every stack file, built whole on mocks."""

from __future__ import annotations

import json
import re
import runpy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest

from program import build
from settings import load
from settings.base import Environment
from settings.jurisdiction import FACTS
from settings.stack import Settings
from tests.unit.conftest import ACCOUNT_ID, Recorder
from tests.unit.settings.test_load import smallest

ROOT = Path(__file__).parents[2]
STACKS = sorted(path.stem.partition(".")[2] for path in ROOT.glob("Pulumi.*.yaml"))
ABROAD = {  # what AWS only has in us-east-1, and holds no patient data (ALL-07)
    "aws:acm/certificate:Certificate",
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:cloudwatch/logDelivery:LogDelivery",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:kms/alias:Alias",
    "aws:kms/key:Key",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:wafv2/webAcl:WebAcl",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
}


@dataclass(frozen=True)
class Built:
    """One stack file, built: what was registered, and its outputs."""

    name: str
    settings: Settings
    recorder: Recorder
    outputs: dict[str, Any]


@cache
def built(name: str) -> Built:
    """The stack `name`, built once for all tests, which only look at it."""
    settings = load.from_file(ROOT / f"Pulumi.{name}.yaml")
    recorder = Recorder()
    return Built(name, settings, recorder, recorder.run(lambda: build(settings), stack=name))


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> Built:
    return built(request.param)


def test_a_stack_builds_whole(stack: Built) -> None:
    assert len([entry for entry in stack.recorder.registrations if entry.custom]) > 50


@pytest.mark.requirement("ALL-22", "BER-IAM-06")
def test_outputs_hold_no_secret_and_no_unset_value(stack: Built) -> None:
    text = json.dumps(stack.outputs)
    generated = [entry.outputs["result"] for entry in stack.recorder.all("random:index/randomPassword:RandomPassword")]
    assert not any(value in text for value in generated)
    assert "null" not in text


@pytest.mark.requirement("BER-IAM-06", "ALL-22")
def test_a_generated_secret_is_only_ever_passed_as_a_secret(stack: Built) -> None:
    generated = [entry.outputs["result"] for entry in stack.recorder.all("random:index/randomPassword:RandomPassword")]
    for entry in stack.recorder.registrations:
        for key, value in entry.inputs.items():
            if any(secret in json.dumps(value) for secret in generated):
                assert key in entry.secrets, (entry.name, key)
                assert key.endswith("Wo"), (entry.name, key)  # write-only: never in state


@pytest.mark.requirement("ALL-15", "ALL-07", "BER-OPS-09", "BER-N08")
def test_nothing_is_placed_outside_the_jurisdiction_but_what_aws_has_only_there(stack: Built) -> None:
    allowed = (None, *FACTS[stack.settings.jurisdiction].regions)
    for entry in stack.recorder.registrations:
        region = entry.inputs.get("region")
        assert region in allowed or (region == "us-east-1" and entry.type in ABROAD), entry.name


@pytest.mark.requirement("ALL-11", "BER-TAG-01")
def test_everything_that_has_tags_has_all_of_them(stack: Built) -> None:
    tagged = [entry for entry in stack.recorder.registrations if entry.custom and "tags" in entry.inputs]
    assert len(tagged) > 40
    for entry in tagged:
        missing = {"Project", "Environment", "ManagedBy", "CostCenter", "DataClass", "Name"} - entry.inputs[
            "tags"
        ].keys()
        assert not missing, (entry.name, missing)


def test_every_resource_belongs_to_a_component(stack: Built) -> None:
    for entry in stack.recorder.registrations:
        if entry.custom and not entry.type.startswith("pulumi:"):
            assert "phi-platform:" in entry.parent, entry.name


def test_names_are_unique_per_type(stack: Built) -> None:
    urns = [entry.urn for entry in stack.recorder.registrations]
    assert len(urns) == len(set(urns))


@pytest.mark.requirement("ALL-12")
def test_only_production_protects_its_stores(stack: Built) -> None:
    stores = {
        "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster",
        "aws:elasticache/replicationGroup:ReplicationGroup",
    }
    for entry in stack.recorder.registrations:
        if entry.type in stores:
            assert entry.protect is (stack.settings.environment is Environment.PRODUCTION)


def test_documents_name_no_other_account(stack: Built) -> None:
    known = {ACCOUNT_ID, "aws"}
    for entry in stack.recorder.registrations:
        found = set(re.findall(r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):", json.dumps(entry.inputs)))
        assert found <= known, (entry.name, found)


@pytest.mark.requirement("BER-OPS-06", "BER-N15", "BER-N21", "BER-OBS-02")
def test_berthcare_has_the_recorded_outputs() -> None:
    outputs = built("berthcare").outputs
    assert {
        "db_endpoint",
        "db_address",
        "redis_endpoint",
        "cloudfront_domain_name",
        "db_credentials_secret_arn",
        "redis_credentials_secret_arn",
        "cloudwatch_dashboard_name",
        "load_balancer_security_group_id",
        "service_security_group_id",
        "database_security_group_id",
        "cache_security_group_id",
    } <= outputs.keys()
    assert outputs["db_endpoint"] == f"{outputs['db_address']}:5432"


@pytest.mark.requirement("BER-CMP-02", "BER-NET-04", "BER-STO-01", "BER-STO-02", "BER-STO-03", "BER-STO-04")
def test_berthcare_has_its_base_and_no_application_yet() -> None:
    outputs, recorded = built("berthcare").outputs, built("berthcare").recorder
    assert recorded.count("aws:ec2/natGateway:NatGateway") == 2
    assert outputs["bucket_names"] == {
        purpose: f"berthcare-{purpose}-staging" for purpose in ("photos", "documents", "signatures")
    }
    assert outputs["logs_bucket_name"] == "berthcare-logs-staging"
    assert outputs["execution_role_arn"]
    assert outputs["task_role_arn"]
    assert (
        not {"aws:ecs/service:Service", "aws:lb/loadBalancer:LoadBalancer", "aws:ecr/repository:Repository"}
        & recorded.types
    )


def test_sections_that_are_absent_are_not_built(recorded: Recorder) -> None:
    settings = load.load(smallest())
    recorded.run(lambda: build(settings))
    assert (
        not {
            "aws:rds/instance:Instance",
            "aws:elasticache/replicationGroup:ReplicationGroup",
            "aws:ecs/cluster:Cluster",
            "aws:lb/loadBalancer:LoadBalancer",
            "aws:cloudfront/distribution:Distribution",
            "aws:route53/zone:Zone",
        }
        & recorded.types
    )


def test_building_twice_registers_the_same(recorded: Recorder) -> None:
    settings = load.from_file(ROOT / "Pulumi.staging.yaml")
    recorded.run(lambda: build(settings), stack="staging")
    first = built("staging").recorder
    assert sorted(entry.urn for entry in recorded.registrations) == sorted(entry.urn for entry in first.registrations)


@pytest.mark.requirement("ALL-02", "BER-N02")
def test_a_version_aws_no_longer_offers_is_one_clear_line(recorded: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    import pulumi_aws as aws

    def gone(**_: object) -> None:
        raise RuntimeError("no RDS DB Engine Versions match the criteria")

    monkeypatch.setattr(aws.rds, "get_engine_version", gone)
    with pytest.raises(pulumi.RunError, match=r"database.engine_version: expected a PostgreSQL version .* found 15"):
        recorded.run(lambda: build(load.from_file(ROOT / "Pulumi.berthcare.yaml")))


def test_wrong_settings_end_the_program_with_their_list_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {**smallest(), "aws:region": "us-east-1"}
    monkeypatch.setenv(
        "PULUMI_CONFIG", json.dumps({key: v if isinstance(v, str) else json.dumps(v) for key, v in config.items()})
    )
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", "[]")
    with pytest.raises(pulumi.RunError, match="1 problem in the settings of this stack") as raised:
        runpy.run_path(str(ROOT / "__main__.py"))
    assert raised.value.__cause__ is None
    assert "expected ca-central-1 or ca-west-1" in str(raised.value)
