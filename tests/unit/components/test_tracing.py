"""X-Ray, and the role Grafana reads metrics with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.grafana import GrafanaRole, GrafanaRoleArgs
from components.tracing import Tracing, TracingArgs
from settings.observability import GrafanaSettings, TracingSettings
from tests.unit.components.scopes import KEY_ARN, scope
from tests.unit.conftest import Recorder


def trace(recorded: Recorder, **settings: Any) -> Tracing:
    args = TracingArgs(scope=scope(), settings=TracingSettings.model_validate(settings), kms_key_arn=KEY_ARN)
    return recorded.run(lambda: Tracing("tracing", args))


def grafana(recorded: Recorder, **settings: Any) -> dict[str, Any]:
    args = GrafanaRoleArgs(scope=scope(), settings=GrafanaSettings.model_validate(settings))
    recorded.run(lambda: GrafanaRole("grafana", args))
    (statement,) = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    return statement


@pytest.mark.requirement("LWO-OBS-11")
def test_traces_are_sampled_grouped_and_encrypted_with_the_customers_key(recorded: Recorder) -> None:
    built = trace(recorded, sampled_percent=5, slow_seconds=2)
    assert recorded.one("aws:xray/encryptionConfig:EncryptionConfig").inputs == {"type": "KMS", "keyId": KEY_ARN}
    rule = recorded.one("aws:xray/samplingRule:SamplingRule").inputs
    assert (rule["fixedRate"], rule["reservoirSize"], rule["priority"], rule["version"]) == (0.05, 1, 1000, 1)
    assert {rule[name] for name in ("serviceName", "serviceType", "host", "httpMethod", "urlPath", "resourceArn")} == {
        "*"
    }
    group = recorded.one("aws:xray/group:Group").inputs
    assert group["filterExpression"] == "fault OR error OR throttle OR responsetime > 2"
    assert group["groupName"] == built.group_name == "berthcare-staging-trouble"
    assert max(len(rule["ruleName"]), len(group["groupName"])) <= 32


def test_an_account_that_encrypts_traces_already_keeps_its_key(recorded: Recorder) -> None:
    trace(recorded, existing_encryption=True)
    assert recorded.count("aws:xray/encryptionConfig:EncryptionConfig") == 0


@pytest.mark.requirement("LWO-OBS-12")
def test_managed_grafana_takes_the_role_for_its_workspace_only(recorded: Recorder) -> None:
    statement = grafana(recorded, workspace="g-0123456789")
    assert statement["Principal"] == {"Service": "grafana.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:grafana:ca-central-1:111122223333:/workspaces/g-0123456789"},
    }


@pytest.mark.requirement("LWO-OBS-12")
def test_a_grafana_elsewhere_says_the_external_id(recorded: Recorder) -> None:
    statement = grafana(recorded, principal="arn:aws:iam::444455556666:root", external_id="stack-1")
    assert statement["Principal"] == {"AWS": "arn:aws:iam::444455556666:root"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "stack-1"}}


@pytest.mark.requirement("LWO-OBS-12")
def test_grafana_reads_metrics_and_never_logs_or_traces(recorded: Recorder) -> None:
    grafana(recorded, workspace="g-0123456789")
    (statement,) = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    services = {action.split(":")[0] for action in statement["Action"]}
    assert services == {"cloudwatch", "ec2", "tag"}
    assert all(action.split(":")[1].startswith(("Describe", "Get", "List")) for action in statement["Action"])
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": "ca-central-1"}}
