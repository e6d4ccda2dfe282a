"""Derived defaults and checks across sections."""

from __future__ import annotations

from typing import Any

import pytest

from settings import load
from settings.jurisdiction import FACTS, Jurisdiction, zones
from settings.stack import Settings
from tests.unit.settings.test_load import problems, smallest

WAIVER = {
    "regions": ["us-east-1"],
    "reason": "The customer's contract names this region.",
    "approved_by": "Privacy officer",
    "until": "2027-06-30",
}
UNITED_STATES = {"phi-platform:jurisdiction": "united-states", "aws:region": "us-east-1"}


def loaded(config: dict[str, Any]) -> Settings:
    return load.load(config)


@pytest.mark.requirement("BER-TAG-02", "BER-DR-14")
@pytest.mark.parametrize(
    ("length", "bucket", "recovery", "fits"),
    [(63, {}, None, True), (60, {}, {}, True), (61, {}, {}, False), (63, {"replicated": False}, {}, True)],
)
def test_names_of_buckets_leave_room_for_that_of_the_copy(
    length: int, bucket: dict[str, Any], recovery: dict[str, Any] | None, fits: bool
) -> None:
    naming = {"bucket_names": {"documents": "d" * length}}
    config = smallest(naming=naming, storage={"buckets": {"documents": bucket}}, recovery=recovery)
    if fits:
        assert loaded(config).storage.buckets
    else:
        [found] = problems(config)
        assert found.startswith("phi-platform:storage.buckets.documents: expected a bucket name of at most 63")


@pytest.mark.requirement("ALL-12")
@pytest.mark.parametrize(("environment", "protect"), [("development", False), ("staging", False), ("production", True)])
def test_production_protects(environment: str, protect: bool) -> None:
    assert loaded(smallest(environment=environment)).protect is protect


@pytest.mark.requirement("BER-TAG-02")
@pytest.mark.parametrize(
    ("system", "fits"),
    [("ehr", True), ("my-clinic-2", True), ("c" * 20, True), ("eh", False), ("c" * 21, False), ("my--clinic", False),
     ("clinic-", False), ("2clinic", False)],
)  # fmt: skip
def test_a_system_has_a_name_that_may_begin_any_other(system: str, fits: bool) -> None:
    if fits:
        assert loaded(smallest(system=system)).system == system
    else:
        assert problems(smallest(system=system))[0].startswith("phi-platform:system: expected ")


@pytest.mark.requirement("ALL-11")
def test_hipaa_is_tagged_in_the_united_states_only() -> None:
    assert "HIPAA" not in loaded(smallest()).resource_tags
    tags = loaded(smallest() | UNITED_STATES).resource_tags
    assert tags == {
        "Project": "clinic",
        "Environment": "staging",
        "ManagedBy": "pulumi",
        "Owner": "platform",
        "CostCenter": "clinic",
        "HIPAA": "true",
    }


@pytest.mark.requirement("BER-NET-02")
def test_zones_default_to_the_first_two_of_the_region() -> None:
    assert loaded(smallest()).network.zones == ("ca-central-1a", "ca-central-1b")


@pytest.mark.requirement("BER-N01", "ALL-15")
@pytest.mark.parametrize(("region", "copies"), [("ca-central-1", "ca-west-1"), ("ca-west-1", "ca-central-1")])
def test_copies_go_to_the_other_region_of_the_jurisdiction(region: str, copies: str) -> None:
    settings = loaded(smallest(recovery={}) | {"aws:region": region})
    assert settings.recovery_region == copies
    assert loaded(smallest()).recovery_region is None


@pytest.mark.requirement("BER-N01", "ALL-15")
def test_copies_leave_the_jurisdiction_only_with_a_recorded_waiver() -> None:
    recovery = {"region": "us-east-1"}
    (only,) = problems(smallest(recovery=recovery))
    assert only.startswith("phi-platform:recovery.region: expected ca-west-1")
    assert loaded(smallest(recovery=recovery, residency_waiver=WAIVER)).recovery_region == "us-east-1"
    (other,) = problems(smallest(recovery={"region": "us-west-2"}, residency_waiver=WAIVER))
    assert "found us-west-2" in other


def test_a_waiver_never_moves_the_home_region() -> None:
    (only,) = problems(smallest(residency_waiver=WAIVER) | {"aws:region": "us-east-1"})
    assert only.startswith("aws:region: ")


@pytest.mark.requirement("ALL-16")
def test_production_in_the_united_states_waits_for_the_agreement() -> None:
    production = smallest(environment="production") | UNITED_STATES
    (only,) = problems(production)
    assert only.startswith("phi-platform:agreement: expected signed and reference")
    agreement = {"signed": "2026-01-31", "reference": "AWS Artifact agreement 1"}
    assert loaded(production | {"phi-platform:agreement": agreement}).agreement is not None
    assert loaded(smallest() | UNITED_STATES).agreement is None


def test_canada_needs_no_agreement_in_production() -> None:
    assert loaded(smallest(environment="production")).agreement is None


@pytest.mark.parametrize(("days", "problem"), [(180, True), (365, False)])
@pytest.mark.requirement("ALL-10")
def test_production_keeps_logs_for_a_year(days: int, problem: bool) -> None:
    config = smallest(environment="production", network={"flow_log_days": days})
    if problem:
        assert problems(config) == [
            "phi-platform:network.flow_log_days: expected 365 days or more in production, found 180."
        ]
    else:
        assert loaded(config).network.flow_log_days == days


@pytest.mark.parametrize("jurisdiction", list(Jurisdiction))
def test_every_region_has_zones_and_a_recovery_region_in_its_jurisdiction(jurisdiction: Jurisdiction) -> None:
    facts = FACTS[jurisdiction]
    assert set(facts.recovery) == set(facts.regions)
    for region in facts.regions:
        assert facts.recovery[region] in facts.regions
        assert facts.recovery[region] != region
        assert len(zones(region)) >= 2


@pytest.mark.parametrize(
    ("section", "values", "path"),
    [
        ("database", {"engine_version": "17.11", "username": "rdsadmin"}, "database.username"),
        ("database", {"engine_version": "17.11", "username": "_clinic"}, "database.username"),
        ("cache", {"engine_version": "7.9"}, "cache.engine_version"),
        (
            "recovery",
            {"state_backend": {"bucket": "state.example", "replica_bucket": "copy"}},
            "recovery.state_backend.bucket",
        ),
        (
            "recovery",
            {"state_backend": {"bucket": "state", "replica_bucket": "state"}},
            "recovery.state_backend.replica_bucket",
        ),
    ],
)
def test_names_that_aws_refuses_are_refused_first(section: str, values: dict[str, Any], path: str) -> None:
    [found] = problems(smallest(**{section: values}))
    assert found.startswith(f"phi-platform:{path}: ")


@pytest.mark.parametrize(
    ("hour", "window", "fits"),
    [(3, "06:00-07:00", True), (4, "06:00-07:00", True), (5, "06:00-07:00", False), (6, "06:00-07:00", False),
     (7, "06:00-07:00", False), (12, "06:00-07:00", True), (22, "23:30-00:30", False), (23, "00:30-01:30", False)],
)  # fmt: skip
def test_backups_keep_clear_of_the_databases_windows(hour: int, window: str, fits: bool) -> None:
    config = smallest(
        database={"engine_version": "17.11", "backup_window": window},
        recovery={"backup_plan": {"daily_hour": hour}},
    )
    if fits:
        assert loaded(config).recovery is not None
    else:
        [found] = problems(config)
        assert found.startswith("phi-platform:recovery.backup_plan.daily_hour: ")


@pytest.mark.requirement("FAC-N16")
def test_a_queue_forgets_nothing_and_answers_at_the_caches_port() -> None:
    queue = loaded(smallest(queue={})).queue
    assert queue is not None
    assert queue.eviction == "noeviction"
    [evicting] = problems(smallest(queue={"eviction": "allkeys-lru"}))
    assert evicting.startswith("phi-platform:queue.eviction: expected noeviction, found allkeys-lru.")
    [elsewhere] = problems(smallest(cache={}, queue={"port": 6380}))
    assert elsewhere.startswith("phi-platform:queue.port: expected 6379")


@pytest.mark.requirement("FAC-N31")
@pytest.mark.parametrize(("environment", "refused"), [("staging", False), ("production", True)])
def test_production_records_all_traffic(environment: str, refused: bool) -> None:
    config = smallest(environment=environment, network={"flow_log_traffic": "REJECT"})
    if refused:
        [found] = problems(config)
        assert found == "phi-platform:network.flow_log_traffic: expected ALL in production, found REJECT."
    else:
        assert loaded(config).network.flow_log_traffic == "REJECT"


@pytest.mark.requirement("MSP-N05", "MSP-STO-08")
@pytest.mark.parametrize(
    ("environment", "bucket", "refused"),
    [
        ("production", {"lifecycle": {"expire_days": 400}}, True),
        ("production", {"lifecycle": {"expire_days": 400, "confirm_expiry": True}}, False),
        ("production", {"lifecycle": {}}, False),
        ("production", {"lifecycle": {"expire_days": 400}, "data_class": "internal"}, False),
        ("staging", {"lifecycle": {"expire_days": 400}}, False),
    ],
)
def test_production_deletes_patient_data_only_when_confirmed(
    environment: str, bucket: dict[str, Any], refused: bool
) -> None:
    config = smallest(environment=environment, storage={"buckets": {"videos": bucket}})
    if refused:
        [found] = problems(config)
        assert found.startswith("phi-platform:storage.buckets.videos.lifecycle.expire_days: expected no deletion")
        assert "confirm_expiry" in found
    else:
        assert loaded(config).storage.buckets["videos"].lifecycle.expire_days == bucket["lifecycle"].get("expire_days")


PEM = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq\n-----END PUBLIC KEY-----\n"
VIDEOS = {"buckets": {"videos": {"served_by_cdn": True}}}


@pytest.mark.requirement("MSP-EDG-04", "BER-N12")
@pytest.mark.parametrize(
    ("place", "cached", "refused"),
    [
        (UNITED_STATES, ["videos"], None),
        (UNITED_STATES, ["files"], "expected one of videos"),
        ({}, ["videos"], "expected no day-long copies at edges"),
        ({}, [], None),
    ],
)
def test_edges_keep_recordings_for_a_day_in_the_united_states_only(
    place: dict[str, Any], cached: list[str], refused: str | None
) -> None:
    cdn = {"public_keys": {"first": PEM}, "cached_buckets": cached}
    config = smallest(edge={"cdn": cdn}, storage=VIDEOS) | place
    if refused is None:
        assert loaded(config).edge is not None
    else:
        [found] = problems(config)
        assert found.startswith("phi-platform:edge.cdn.cached_buckets[0]: ")
        assert refused in found


@pytest.mark.requirement("MSP-N08", "MSP-N09", "BER-N10", "BER-N11")
def test_production_serves_signed_addresses_of_an_own_domain() -> None:
    production = UNITED_STATES | {"phi-platform:agreement": {"signed": "2026-01-31", "reference": "AWS Artifact 1"}}
    config = smallest(environment="production", edge={"cdn": {"viewer_access": "open"}}, storage=VIDEOS)
    found = problems(config | production)
    assert [problem.split(": ")[0] for problem in found] == [
        "phi-platform:edge.domain",
        "phi-platform:edge.cdn.viewer_access",
    ]
    assert loaded(smallest(edge={"cdn": {"viewer_access": "open"}}, storage=VIDEOS)).edge is not None


ON_CALL = {"principals": ["arn:aws:iam::111122223333:user/on-call"]}


@pytest.mark.requirement("LWO-IAM-04")
def test_a_role_for_emergencies_needs_the_trail_that_sees_it_used() -> None:
    assert loaded(smallest(identity={"break_glass": ON_CALL})).identity.break_glass is not None
    untraced = {"alarm_email": "alarms@example.org", "trail": None}
    [found] = problems(smallest(identity={"break_glass": ON_CALL}, observability=untraced))
    assert found.startswith("phi-platform:observability.trail: expected a trail")


@pytest.mark.requirement("FAC-STO-03")
@pytest.mark.parametrize(
    ("purpose", "refused"), [("deployments", None), ("uploads", "data_class: internal"), ("releases", "one of ")]
)
def test_releases_go_into_buckets_without_patient_data(purpose: str, refused: str | None) -> None:
    github = {"organization": "clinic-example", "repository": "app", "branch": "main", "release_buckets": [purpose]}
    buckets: dict[str, Any] = {"uploads": {}, "deployments": {"data_class": "internal"}}
    config = smallest(identity={"github": github}, storage={"buckets": buckets})
    if refused is None:
        assert loaded(config).identity.github is not None
    else:
        [found] = problems(config)
        assert found.startswith("phi-platform:identity.github.release_buckets[0]: ")
        assert refused in found
