"""The frame: values not known yet, waivers, rules that fail, strict mode; and the facts beside each rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from policies import config as settings
from policies import waivers as waiver_file
from policies.config import Config
from policies.graph import Resource
from policies.judge import Judge
from policies.rule import Severity, catalogue, limits, resource_rule
from policies.rules import RULES
from policies.values import UNKNOWN
from policies.waivers import Waiver
from tests.policies.sample import GONE, TODAY, changed
from tests.policies.samples import SYSTEM, judged, resource, stack, urn, with_changes

UNENCRYPTED = with_changes("database", {"storageEncrypted": False})
NOT_KNOWN = with_changes("database", {"storageEncrypted": UNKNOWN})
ORDERED = (
    "region-allowed", "provider-region-pinned", "s3-replication-in-jurisdiction", "rds-replica-in-jurisdiction",
    "rds-snapshot-copy-in-jurisdiction", "dynamodb-replica-in-jurisdiction", "backup-copy-in-jurisdiction",
    "kms-replica-in-jurisdiction", "secret-replica-in-jurisdiction", "ecr-replication-in-jurisdiction",
    "log-export-in-jurisdiction", "cloudfront-geo-allowlist", "data-subnet-no-default-route",
    "route-igw-public-tier-only", "sg-chain-no-internet-to-data", "sg-data-tier-sources-are-groups",
    "public-path-reachability", "s3-phi-bundle", "phi-encryption-complete", "data-class-tag-required",
    "data-class-tag-inherited", "backup-selection-covers-phi", "rds-managed-master-password",
    "secret-value-not-in-state", "no-secret-literal-in-inputs", "vpn-psk-managed", "unverified-control-reported",
    "ignore-changes-not-hiding-control", "exception-documented",
)  # fmt: skip


def waiver(**changes: Any) -> Waiver:
    facts = {
        "rule": "rds-storage-encrypted",
        "resource": urn("database"),
        "reason": "The vendor's appliance encrypts its own files.",
        "owner": "privacy officer",
        "until": TODAY,
    }
    return Waiver(**{**facts, **changes})


def found(verdicts: list[Any], rule: str) -> list[Any]:
    return [verdict for verdict in verdicts if verdict.rule.id == rule]


def test_the_first_controls_to_build_are_built() -> None:
    assert set(ORDERED) <= {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_is(rule: Any) -> None:
    row = catalogue()[rule.id]
    assert rule.mandatory is (row["enforcement"] == "mandatory")
    assert (rule.on_stack is None) is bool(rule.types)
    assert [rule.on_resource, rule.on_link, rule.on_stack].count(None) == 2
    assert rule.citation
    assert rule.remedy.endswith(".")
    assert rule.url.startswith("https://")
    assert not rule.title.endswith(".")


def test_limits_are_of_rules_that_exist() -> None:
    assert set(limits()) <= {rule.id for rule in RULES}
    assert all(text.endswith(".") for text in limits().values())


def test_ids_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_a_value_not_known_at_the_preview_is_said_and_judged_again_in_the_update() -> None:
    notes = found(judged(NOT_KNOWN), "unverified-control-reported")
    assert ["rds-storage-encrypted" in note.message and "database (storageEncrypted)" in note.message for note in notes]

    judge = Judge(RULES, Config(), today=TODAY)
    for each in stack(NOT_KNOWN).resources:
        assert not found(list(judge.resource(each)), "rds-storage-encrypted")
    assert found(list(judge.stack(stack(UNENCRYPTED))), "rds-storage-encrypted")


def test_strict_mode_refuses_patient_data_that_cannot_be_judged() -> None:
    verdicts = found(judged(NOT_KNOWN, Config(strict=True)), "unverified-control-reported")
    assert any(verdict.mandatory and verdict.urn == urn("database") for verdict in verdicts)
    assert not any(verdict.mandatory for verdict in found(judged(NOT_KNOWN), "unverified-control-reported"))


def test_a_waiver_shows_the_finding_as_waived_with_its_reason() -> None:
    [verdict] = found(judged(UNENCRYPTED, waivers=[waiver()]), "rds-storage-encrypted")
    assert verdict.waived == waiver().reason
    assert not found(judged(UNENCRYPTED, waivers=[waiver()]), "exception-documented")
    narrow = judged(UNENCRYPTED, waivers=[waiver(finding="storageEncrypted *")])
    assert [verdict.waived for verdict in found(narrow, "rds-storage-encrypted")] == [waiver().reason]


@pytest.mark.parametrize(
    "other",
    [
        {"rule": "rds-cmk"},
        {"resource": urn("aurora")},
        {"until": TODAY - timedelta(days=1)},
        {"finding": "kmsKeyId *"},
    ],
)
def test_a_waiver_covers_its_rule_its_resource_and_its_time_only(other: dict[str, Any]) -> None:
    verdicts = found(judged(UNENCRYPTED, waivers=[waiver(**other)]), "rds-storage-encrypted")
    assert [verdict.waived for verdict in verdicts] == [None]


def test_an_expired_waiver_is_a_finding() -> None:
    verdicts = found(judged(waivers=[waiver(until=TODAY - timedelta(days=1))]), "exception-documented")
    assert [(verdict.mandatory, "ended on" in verdict.message) for verdict in verdicts] == [(None, True)]


def test_a_waiver_that_excuses_nothing_is_noted() -> None:
    verdicts = found(judged(waivers=[waiver()]), "exception-documented")
    assert [(verdict.mandatory, "excuses nothing" in verdict.message) for verdict in verdicts] == [(False, True)]


def test_a_waiver_for_whichever_stack_needs_it_is_not_noted_by_one_that_does_not() -> None:
    anywhere = waiver(resource="urn:pulumi:*::*::another")
    assert not found(judged(waivers=[anywhere]), "exception-documented")


def test_a_waiver_of_another_stack_is_none_of_this_ones_business() -> None:
    other = waiver(resource="urn:pulumi:elsewhere::*::database")
    assert not found(judged(waivers=[other]), "exception-documented")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"reason": None}, "reason is missing"),
        ({"reason": "because"}, "reason must say why"),
        ({"owner": ""}, "owner is missing"),
        ({"until": "soon"}, "until must be a date"),
        ({"until": None}, "until is missing"),
        ({"rule": "no-such-rule"}, "rule no-such-rule does not exist"),
        ({"approved": True}, "approved is not a part of a waiver"),
        ({"finding": ""}, "finding must be a pattern"),
    ],
)
def test_an_incomplete_waiver_is_refused_with_what_is_wrong(tmp_path: Path, entry: dict[str, Any], said: str) -> None:
    import yaml

    facts = {"rule": "rds-cmk", "resource": "*", "reason": "r" * 20, "owner": "lead", "until": date(2026, 12, 31)}
    file = tmp_path / "waivers.yaml"
    file.write_text(yaml.safe_dump([{**facts, **entry}]))
    good, problems = waiver_file.load(file, ("rds-cmk",))
    assert good == []
    assert said in problems[0]
    assert found(judged(problems=problems), "exception-documented")


def test_the_waivers_of_this_project_are_complete_and_short_lived() -> None:
    good, problems = waiver_file.load(waiver_file.FILE, (rule.id for rule in RULES))
    assert problems == []
    assert all(each.until <= date(2027, 12, 31) for each in good)


def test_a_rule_that_fails_is_reported_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(each: Resource, config: Config) -> Iterator[str]:
        raise RuntimeError("a fault")
        yield ""

    broken = resource_rule(
        "rds-cmk",
        types="aws:rds/instance:Instance",
        title="t",
        severity=Severity.LOW,
        remedy="r.",
        url="https://example.org",
    )(check)
    others = tuple(rule for rule in RULES if rule.id != "rds-cmk")
    judge = Judge((broken, *others), Config(), today=TODAY)
    unencrypted = changed(SYSTEM["database"], {"storageEncrypted": False})
    verdicts = list(judge.resource(resource("database", unencrypted)))
    assert [verdict.rule.id for verdict in verdicts if verdict.broken] == ["rds-cmk"]
    assert found(verdicts, "rds-storage-encrypted")


MARKER = "k9Qz7Lm2Xw4Rt8Vb1N"


@pytest.mark.parametrize(
    ("sample", "changes"),
    [
        ("database", {"password": MARKER}),
        ("aurora", {"masterPassword": MARKER}),
        ("cache", {"authToken": MARKER}),
        ("cache-user", {"passwords": [MARKER]}),
        ("secret-version", {"secretString": MARKER, "secretStringWoVersion": GONE}),
        ("function", {"environment.variables.API_TOKEN": MARKER}),
        ("task", {"containerDefinitions": f'[{{"environment": [{{"name": "API_TOKEN", "value": "{MARKER}"}}]}}]'}),
        ("server", {"userData": f"export API_TOKEN={MARKER}"}),
        ("rest-stage", {"variables.API_TOKEN": MARKER}),
        ("parameter-secret", {"value": MARKER}),
        ("document", {"content": f'{{"API_TOKEN": "{MARKER}"}}'}),
        ("queue", {"tags.Token": MARKER}),
        ("search", {"advancedSecurityOptions.masterUserOptions.masterUserPassword": MARKER}),
        ("certificate", {"privateKey": MARKER}),
        ("provider", {"secretKey": MARKER}),
        ("vpn", {"tunnel1PresharedKey": MARKER}),
    ],
)
def test_no_message_repeats_a_value_that_may_be_secret(sample: str, changes: dict[str, Any]) -> None:
    verdicts = judged(with_changes(sample, changes))
    assert [verdict for verdict in verdicts if verdict.urn == urn(sample)]
    assert not [verdict for verdict in verdicts if MARKER in verdict.message]


def test_the_jurisdiction_comes_from_the_pack_the_stack_or_is_canada() -> None:
    assert settings.load({}, {}).jurisdiction == "canada"
    assert settings.load({}, {"phi-platform:jurisdiction": "united-states"}).regions >= {"us-east-1", "us-west-2"}
    assert (
        settings.load({"jurisdiction": "canada"}, {"phi-platform:jurisdiction": "united-states"}).jurisdiction
        == "canada"
    )
    own = settings.load({"jurisdiction": "australia", "regions": ["ap-southeast-2"], "countries": ["AU"]}, {})
    assert own.regions == {"ap-southeast-2"}
    with pytest.raises(settings.ConfigError, match="australia"):
        settings.load({"jurisdiction": "australia"}, {})
