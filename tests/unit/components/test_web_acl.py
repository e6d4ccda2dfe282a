"""The firewall: rules, logs, what logs leave out, where it lives."""

from __future__ import annotations

from typing import Any

import pytest

from components.web_acl import Guarded, WebAcl, WebAclArgs
from settings.edge import WebAclSettings
from tests.unit.components.scopes import EDGE_KEY_ARN, scope
from tests.unit.conftest import Recorder

ACL = "aws:wafv2/webAcl:WebAcl"


def build(recorded: Recorder, guarded: Guarded = Guarded.LOAD_BALANCER, **settings: Any) -> WebAcl:
    args = WebAclArgs(
        scope=scope(), settings=WebAclSettings(**settings), guarded=guarded, logs_kms_key_arn=EDGE_KEY_ARN
    )
    return recorded.run(lambda: WebAcl("firewall", args))


def rules(recorded: Recorder) -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in recorded.one(ACL).inputs["rules"]}


@pytest.mark.requirement("BER-EDG-08")
def test_managed_groups_are_in_force_and_addresses_are_limited(recorded: Recorder) -> None:
    build(recorded)
    assert list(rules(recorded)) == ["rate", "ip-reputation", "common", "known-bad-inputs", "sql-injection"]
    for name in ("ip-reputation", "common", "known-bad-inputs", "sql-injection"):
        assert rules(recorded)[name]["overrideAction"] == {"none": {}}
    rate = rules(recorded)["rate"]
    assert rate["action"] == {"block": {}}
    assert rate["statement"]["rateBasedStatement"]["limit"] == 2000
    assert len({rule["priority"] for rule in rules(recorded).values()}) == 5


def test_countries_outside_the_list_are_refused_first(recorded: Recorder) -> None:
    build(recorded, countries=("CA",))
    rule = rules(recorded)["countries"]
    assert (rule["priority"], rule["action"]) == (0, {"block": {}})
    assert rule["statement"] == {"notStatement": {"statement": {"geoMatchStatement": {"countryCodes": ["CA"]}}}}


@pytest.mark.parametrize("large", [True, False])
def test_uploads_pass_the_common_group_unless_told_otherwise(recorded: Recorder, large: bool) -> None:
    build(recorded, large_bodies=large)
    group = rules(recorded)["common"]["statement"]["managedRuleGroupStatement"]
    overrides = group.get("ruleActionOverrides", [])
    assert [o["name"] for o in overrides] == (["SizeRestrictions_BODY"] if large else [])


def test_logs_are_encrypted_kept_and_without_sessions(recorded: Recorder) -> None:
    build(recorded)
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert group["name"].startswith("aws-waf-logs-")
    assert (group["retentionInDays"], group["kmsKeyId"]) == (365, EDGE_KEY_ARN)
    logging = recorded.one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration").inputs
    assert logging["redactedFields"] == [
        {"singleHeader": {"name": "authorization"}}, {"singleHeader": {"name": "cookie"}}, {"queryString": {}},
    ]  # fmt: skip
    every = [recorded.one(ACL).inputs, *rules(recorded).values()]
    assert all(entry["visibilityConfig"]["sampledRequestsEnabled"] is False for entry in every)
    assert all(entry["visibilityConfig"]["cloudwatchMetricsEnabled"] is True for entry in every)


@pytest.mark.requirement("ALL-07", "BER-N08")
@pytest.mark.parametrize(("guarded", "region"), [(Guarded.CDN, "us-east-1"), (Guarded.LOAD_BALANCER, None)])
def test_a_firewall_of_the_cdn_lives_in_us_east_1_and_no_other(
    recorded: Recorder, guarded: Guarded, region: str | None
) -> None:
    build(recorded, guarded)
    assert recorded.one(ACL).inputs["scope"] == guarded.value
    assert {entry.inputs.get("region") for entry in recorded.registrations if entry.custom} == {region}


@pytest.mark.requirement("LWO-EDG-04")
def test_addresses_are_refused_by_list_and_by_default_none_is(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.count("aws:wafv2/ipSet:IpSet") == 0
    names = {rule["name"] for rule in recorded.one(ACL).inputs["rules"]}
    assert {"rate", "sql-injection"} <= names
    assert not {"denied", "not-allowed"} & names


@pytest.mark.requirement("LWO-EDG-04")
@pytest.mark.parametrize(("guarded", "region"), [(Guarded.LOAD_BALANCER, None), (Guarded.CDN, "us-east-1")])
def test_ip_sets_live_with_their_firewall_and_each_has_its_rule(
    recorded: Recorder, guarded: Guarded, region: str | None
) -> None:
    build(recorded, guarded, denied_cidrs=["198.51.100.0/24"], allowed_cidrs=["203.0.113.0/24"])
    sets = {inputs["name"].rpartition("-")[2]: inputs for _, inputs in recorded.of("aws:wafv2/ipSet:IpSet")}
    assert {part: inputs["addresses"] for part, inputs in sets.items()} == {
        "denied": ["198.51.100.0/24"],
        "allowed": ["203.0.113.0/24"],
    }
    assert {(inputs["scope"], inputs.get("region")) for inputs in sets.values()} == {(guarded.value, region)}
    rules = {rule["name"]: rule for rule in recorded.one(ACL).inputs["rules"]}
    assert rules["denied"]["action"] == rules["not-allowed"]["action"] == {"block": {}}
    arns = {
        entry.inputs["name"].rpartition("-")[2]: entry.outputs["arn"] for entry in recorded.all("aws:wafv2/ipSet:IpSet")
    }
    assert rules["denied"]["statement"]["ipSetReferenceStatement"]["arn"] == arns["denied"]
    inner = rules["not-allowed"]["statement"]["notStatement"]["statement"]
    assert inner["ipSetReferenceStatement"]["arn"] == arns["allowed"]
    priorities = [rule["priority"] for rule in rules.values()]
    assert len(priorities) == len(set(priorities))
