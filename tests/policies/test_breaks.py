"""Every rule: a system that keeps all safeguards has no finding, and each break is caught by the rules it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from policies.config import Config
from policies.judge import Judge, Verdict
from policies.rule import Rule
from policies.rules import RULES
from policies.values import UNKNOWN
from tests.policies.breaks import SERVICES
from tests.policies.breaks.form import Break
from tests.policies.sample import TODAY, Sample, changed
from tests.policies.samples import CONFIG, SYSTEM, first_preview, judged, judged_again, resource, stack

BY_FRAME = {"unverified-control-reported", "exception-documented"}  # what the frame finds itself: test_judge.py
BY_ID = {rule.id: rule for rule in RULES}
BREAKS = [(rule, one) for service in SERVICES for rule, breaks in service.BREAKS.items() for one in breaks]
ALLOWED = [(rule, one) for service in SERVICES for rule, breaks in service.ALLOWED.items() for one in breaks]
OVERLAPS: dict[str, set[str]] = {
    "backup-selection-covers-phi": {"ec2-in-backup-plan", "rds-in-backup-plan"},
    "data-subnet-no-default-route": {"clientvpn-not-to-data-tier"},
    "dynamodb-replica-in-jurisdiction": {"dynamodb-replica-protected"},
    "elasticache-token-not-plain": {"write-only-fields-preferred"},
    "lb-https-only": {"public-path-reachability"},
    "log-export-in-jurisdiction": {"log-destinations-in-jurisdiction"},
    "log-group-cmk": {"ecs-log-group-hardened"},
    "log-group-retention": {"ecs-log-group-hardened"},
    "no-secret-literal-in-inputs": {"ecs-env-no-secrets", "lambda-env-no-secrets"},
    "public-path-reachability": {"lb-waf-attached"},
    "rds-deletion-protection": {"stateful-phi-protected"},
    "rds-export-in-jurisdiction": {"s3-mrap-in-jurisdiction"},
    "rds-managed-master-password": {"write-only-fields-preferred"},
    "region-allowed": {
        "dynamodb-export-in-jurisdiction", "kms-key-reference-in-jurisdiction", "log-destinations-in-jurisdiction",
        "rds-export-in-jurisdiction", "s3-log-target-hardened", "s3-mrap-in-jurisdiction",
    },
    "route-igw-public-tier-only": {"vpc-public-private-separated"},
    "s3-bucket-kms-encrypted": {"s3-access-logging"},
    "s3-force-destroy-off": {"stateful-phi-protected"},
    "s3-phi-bundle": {"s3-access-logging", "s3-log-target-hardened"},
    "s3-public-access-blocked": {"flow-log-store-hardened", "s3-log-target-hardened"},
    "s3-replication-in-jurisdiction": {"s3-log-target-hardened", "s3-mrap-in-jurisdiction"},
    "s3-versioning": {"s3-log-target-hardened"},
    "secret-value-not-in-state": {"write-only-fields-preferred"},
    "sg-chain-no-internet-to-data": {"sg-inline-and-rules-not-mixed", "sg-internet-ingress-only-on-entry-tier"},
    "sg-data-tier-sources-are-groups": {"sg-inline-and-rules-not-mixed"},
    "sg-no-admin-ports-from-internet": {"sg-internet-ingress-only-on-entry-tier"},
    "sg-no-data-ports-from-internet": {"sg-internet-ingress-only-on-entry-tier"},
}  # fmt: skip
"""Rule → mandatory rules that see the same wrong from another side."""


def after(one: Break) -> list[Verdict]:
    """Verdicts of a broken system."""
    found = judged_again(one.apply(SYSTEM), one.config)
    assert not [verdict.message for verdict in found if verdict.broken]
    return found


def ids(verdicts: list[Verdict], mandatory: bool) -> set[str]:
    return {verdict.rule.id for verdict in verdicts if verdict.rule.mandatory is mandatory}


def test_a_system_that_keeps_every_safeguard_has_no_finding() -> None:
    found = [verdict for verdict in judged() if verdict.rule.id != "deprecated-type-not-used"]  # old names, on purpose
    assert [f"{verdict.rule.id} {verdict.urn.rpartition('::')[2]}: {verdict.message}" for verdict in found] == []


def test_it_has_none_before_anything_exists_either() -> None:
    found = [verdict for verdict in judged(first_preview()) if verdict.rule.mandatory]
    assert [f"{verdict.rule.id} {verdict.urn.rpartition('::')[2]}: {verdict.message}" for verdict in found] == []


@pytest.mark.parametrize(("rule", "one"), BREAKS, ids=lambda value: str(value)[:60])
def test_a_break_is_caught_by_the_rules_it_names_and_no_other(rule: str, one: Break) -> None:
    found = after(one)
    assert rule in ids(found, BY_ID[rule].mandatory)
    named = {each for each in (rule, *one.also) if BY_ID[each].mandatory}
    assert named <= ids(found, True) <= named | OVERLAPS.get(rule, set())


@pytest.mark.parametrize(("rule", "one"), ALLOWED, ids=lambda value: str(value)[:60])
def test_what_only_looks_like_a_break_is_allowed(rule: str, one: Break) -> None:
    assert rule not in {verdict.rule.id for verdict in after(one)}


@pytest.mark.requirement("LWO-NET-07")
def test_a_load_balancer_for_listed_addresses_is_not_public() -> None:
    """It may say so by its tag, needs no more than that, and may not be opened to everyone."""
    said = {name: changed(SYSTEM[name], {"tags.Exposure": "restricted"}) for name in ("balancer-lb", "balancer-alb")}
    restricted = {**SYSTEM, **said}
    restricted["ingress-balancer"] = changed(SYSTEM["ingress-balancer"], {"cidrIpv4": "203.0.113.0/24"})
    assert ids(judged_again(restricted), True) == set()
    opened = {**restricted, "ingress-balancer": SYSTEM["ingress-balancer"]}
    assert ids(judged_again(opened), True) == {"sg-internet-ingress-only-on-entry-tier"}


def test_the_internet_is_not_let_in_where_only_an_internal_load_balancer_is() -> None:
    inside = {name: changed(SYSTEM[name], {"internal": True}) for name in ("balancer-lb", "balancer-alb")}
    assert ids(judged_again({**SYSTEM, **inside}), True) == {"sg-internet-ingress-only-on-entry-tier"}


@pytest.mark.parametrize(("source", "refused"), [("group-service", False), ("group-balancer", True)])
def test_a_group_is_told_from_others_before_it_has_an_id(source: str, refused: bool) -> None:
    unknown = {"ipProtocol": "-1", "securityGroupId": UNKNOWN, "referencedSecurityGroupId": UNKNOWN}
    links = {"securityGroupId": ("group-service",), "referencedSecurityGroupId": (source,)}
    way = replace(changed(SYSTEM["ingress-service"], unknown), computed_from=links)
    found = ids(judged_again({**SYSTEM, "ingress-service": way}), True)
    assert ("sg-no-all-protocol-ingress" in found) is refused


@pytest.mark.requirement("LWO-DB-07")
def test_a_replica_leaves_key_backups_and_last_snapshot_to_its_source() -> None:
    database = SYSTEM["database"]
    decided = {"kmsKeyId", "backupRetentionPeriod", "finalSnapshotIdentifier"}
    properties = {key: value for key, value in database.properties.items() if key not in decided}
    copy = {**properties, "identifier": "clinic-replica", "replicateSourceDb": "clinic", "skipFinalSnapshot": True}
    replica = replace(database, properties={**copy, "enabledCloudwatchLogsExports": []}, computed_from={})
    found = judged_again({**SYSTEM, "replica": replica})
    assert ids(found, True) == {"rds-log-exports"}  # what this one has of its own


def test_every_rule_has_a_break() -> None:
    assert {rule.id for rule in RULES} == {rule for rule, _ in BREAKS} | BY_FRAME


def test_no_rule_is_tried_in_two_places() -> None:
    tried = [rule for service in SERVICES for rule in service.BREAKS]
    assert len(tried) == len(set(tried))


SET_IS_A_BREAK = {
    "acm-dns-validated", "acm-key-not-in-state", "asg-launch-template-only", "ec2-instance-in-vpc", "ec2-no-ssh-key",
    "efs-multi-az", "eip-nat-only", "elasticache-token-not-plain", "iam-no-inline-policies",
    "log-export-in-jurisdiction", "provider-no-static-keys", "rds-managed-master-password", "s3-acl-disabled",
    "s3-no-website-on-phi", "secret-value-not-in-state", "sg-inline-and-rules-not-mixed", "ssm-parameter-not-in-state",
    "vpn-psk-managed", "write-only-fields-preferred",
}  # fmt: skip
"""Rules about properties that must not be set at all: unknown is set."""


@pytest.mark.parametrize(
    ("rule", "one"), [(rule, one) for rule, one in BREAKS if one.changes and not one.adds], ids=lambda v: str(v)[:60]
)
def test_what_is_not_known_yet_is_no_violation(rule: str, one: Break) -> None:
    """The broken value unknown instead: the rule says nothing, or that it could not judge."""
    assert one.changes is not None
    unknown = {path: UNKNOWN for path in one.changes if "." not in path}
    if unknown and rule not in SET_IS_A_BREAK:
        found = after(Break(one.name, unknown, config=one.config, without=one.without))
        assert rule not in {verdict.rule.id for verdict in found}


def leaves(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [each for key, item in value.items() for each in leaves(item, f"{path}.{key}" if path else key)]
    if isinstance(value, list):
        return [each for index, item in enumerate(value) for each in leaves(item, f"{path}.{index}")]
    return [path]


WRONG = (None, False, 7, "text", [], {}, ["text"], {"key": 1}, UNKNOWN)


@pytest.mark.parametrize("name", SYSTEM)
def test_no_value_of_any_type_makes_a_resource_rule_fail(name: str) -> None:
    """Null and the wrong type, at every place of every sample."""
    judge = Judge(RULES, CONFIG, today=TODAY)
    for path in leaves(SYSTEM[name].properties):
        for value in WRONG:
            each = resource(name, changed(SYSTEM[name], {path: value}))
            assert not [verdict for verdict in judge.resource(each) if verdict.broken], (path, value)


def rounds() -> Iterator[Mapping[str, Sample]]:
    """The system with a place of every fourth sample replaced, until each place had each wrong value."""
    places = {name: leaves(sample.properties) for name, sample in SYSTEM.items()}
    wrongs = {name: [(path, value) for value in WRONG for path in paths] for name, paths in places.items()}
    count = 50
    for turn in range(4):
        for step in range(count):
            broken = {
                name: changed(SYSTEM[name], dict(wrong[len(wrong) * step // count : len(wrong) * (step + 1) // count]))
                for index, (name, wrong) in enumerate(wrongs.items())
                if index % 4 == turn
            }
            yield {**SYSTEM, **broken}


def test_no_value_of_any_type_makes_a_stack_rule_fail() -> None:
    looking: list[Rule] = [rule for rule in RULES if rule.scope == "stack"]
    judge = Judge(tuple(looking), Config(baseline=True), today=TODAY)
    for samples in rounds():
        found = [verdict.message for verdict in judge.stack(stack(samples)) if verdict.broken]
        assert not found
