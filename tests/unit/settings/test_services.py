"""Storage, compute, edge and observability settings: recorded defaults, ranges, refusals that say what to do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from settings.base import Section
from settings.compute import ComputeSettings, RegistrySettings, ServiceSettings
from settings.edge import CdnSettings, DomainSettings, EdgeSettings, LoadBalancerSettings, PriceClass, ViewerAccess
from settings.naming import NamingSettings
from settings.observability import AlarmTiming, ObservabilitySettings, TrailSettings
from settings.storage import ArchiveClass, BucketSettings, LifecycleSettings, LogsBucketSettings, StorageSettings

PEM = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq\n-----END PUBLIC KEY-----\n"
SERVICE: dict[str, Any] = {"image": "1.0.0", "port": 8080}


@pytest.mark.requirement("BER-STO-07", "BER-STO-10", "BER-N19")
def test_the_recorded_lifecycle_is_the_default() -> None:
    cycle = BucketSettings().lifecycle
    assert (cycle.archive_days, cycle.deep_archive_days, cycle.noncurrent_days) == (365, None, 90)
    assert LogsBucketSettings().lifecycle.deep_archive_days == 2555
    assert BucketSettings().archive_class is ArchiveClass.FLEXIBLE
    assert BucketSettings(served_by_cdn=True).archive_class is ArchiveClass.INSTANT


def test_phi_is_copied_unless_told_otherwise() -> None:
    wanted = [
        BucketSettings.model_validate({"data_class": data_class, "replicated": replicated}).wants_replica
        for data_class in ("phi", "internal")
        for replicated in (None, True, False)
    ]
    assert wanted == [True, True, False, False, True, False]


@pytest.mark.requirement("BER-OBS-03", "BER-OBS-04", "BER-OBS-05", "BER-OBS-06", "BER-OBS-07", "BER-OBS-08", "BER-N25")
def test_the_recorded_thresholds_are_the_defaults() -> None:
    settings = ObservabilitySettings(alarm_email="ops@example.org")
    database, cache = settings.database, settings.cache
    assert (database.cpu_percent, database.freeable_memory_mib, database.free_storage_gib) == (80, 512, 10)
    assert (database.connections_percent, cache.cpu_percent, cache.memory_percent) == (80, 75, 80)
    assert (cache.evictions, settings.cdn.error_percent) == (1000, 5)
    assert (settings.timing.period_seconds, settings.timing.evaluations) == (300, 2)


@pytest.mark.requirement("BER-N24", "ALL-10")
def test_the_trail_is_on_and_kept_six_years() -> None:
    trail = ObservabilitySettings(alarm_email="ops@example.org").trail
    assert trail is not None
    assert (trail.retention_days, trail.log_days, trail.lock_days) == (2192, 2192, 2192)


@pytest.mark.requirement("BER-EDG-06", "BER-N10", "BER-N12")
def test_the_cdn_is_signed_uncached_and_near_by_default() -> None:
    cdn = CdnSettings(countries=("CA",), public_keys={"first": PEM})
    assert (cdn.viewer_access, cdn.phi_cache_seconds) == (ViewerAccess.SIGNED, 0)
    assert cdn.price_class is PriceClass.NORTH_AMERICA_EUROPE


def test_the_domain_of_the_cdn_lies_under_the_domain() -> None:
    assert DomainSettings(name="app.example.org").cdn == "cdn.app.example.org"
    assert (
        DomainSettings(name="app.example.org", cdn_name="files.example.org", zone_id="Z0123456789").cdn
        == "files.example.org"
    )


CDN: dict[str, Any] = {"countries": ["CA"], "public_keys": {"first": PEM}}
ACCEPTED: list[tuple[type[Section], dict[str, Any]]] = [
    (LifecycleSettings, {"archive_days": 1, "deep_archive_days": 91, "expire_days": 92}),
    (LifecycleSettings, {"archive_days": None, "expire_days": 1}),
    (LogsBucketSettings, {"lifecycle": {"expire_days": 2192}}),
    (NamingSettings, {"bucket": "{system}-{part}-{account}"}),
    (NamingSettings, {"names": {"postgres": "life-world-os-prod"}, "environment": "prod"}),
    (ServiceSettings, {**SERVICE, "cpu_units": 256, "memory_mib": 2048}),
    (ServiceSettings, {**SERVICE, "cpu_units": 16_384, "memory_mib": 122_880}),
    (ServiceSettings, {**SERVICE, "min_tasks": 1, "desired_tasks": 1, "max_tasks": 1}),
    (ServiceSettings, {**SERVICE, "image": "sha256:" + "a" * 64}),
    (RegistrySettings, {"keep_images": 1}),
    (CdnSettings, {**CDN, "phi_cache_seconds": 300}),
    (CdnSettings, {"countries": ["CA"], "viewer_access": "open"}),
    (EdgeSettings, {"domain": {"name": "app.example.org"}, "load_balancer": {}}),
    (LoadBalancerSettings, {"idle_timeout_seconds": 4000}),
    (AlarmTiming, {"period_seconds": 86_400, "evaluations": 1}),
    (TrailSettings, {"retention_days": 2192, "lock_days": 2192}),
    (TrailSettings, {"retention_days": 90, "lock_days": 90}),
]


@pytest.mark.parametrize(("model", "values"), ACCEPTED)
def test_the_edge_of_every_range_is_accepted(model: type[Section], values: dict[str, Any]) -> None:
    assert model.model_validate(values)


REFUSED: list[tuple[type[Section], dict[str, Any], str]] = [
    (LifecycleSettings, {"archive_days": 365, "expire_days": 365}, "expected more than archive_days"),
    (
        LifecycleSettings,
        {"archive_days": 365, "deep_archive_days": 454},
        "90 or more days after archive_days, found 89",
    ),
    (LogsBucketSettings, {"lifecycle": {"expire_days": 2191}}, "expected 2192"),
    (BucketSettings, {"served_by_cdn": True, "lifecycle": {"archive_class": "GLACIER"}}, "use GLACIER_IR"),
    (BucketSettings, {"cors": {"origins": ["*"]}}, "pattern"),
    (BucketSettings, {"data_class": "public"}, "phi"),
    (StorageSettings, {"buckets": {"logs": {}}}, "buckets.logs"),
    (StorageSettings, {"buckets": {"config": {}}}, "buckets.config"),
    (StorageSettings, {"buckets": {"photos-dr": {}}}, "buckets.photos-dr"),
    (StorageSettings, {"buckets": {"Photos": {}}}, "pattern"),
    (NamingSettings, {"bucket": "{system}_{part}"}, "pattern"),
    (NamingSettings, {"resource": "{system}-x"}, "expected a pattern with"),
    (NamingSettings, {"secret": "{part}-{zone}"}, "expected a pattern with"),
    (ServiceSettings, {**SERVICE, "cpu_units": 300}, "cpu_units: expected one of 256, 512"),
    (ServiceSettings, {**SERVICE, "cpu_units": 256, "memory_mib": 4096}, "expected one of 512, 1024, 2048, found 4096"),
    (ServiceSettings, {**SERVICE, "min_tasks": 3, "max_tasks": 2}, "expected rising numbers"),
    (ServiceSettings, {**SERVICE, "environment": {"DB_PASSWORD": "x"}}, "Secrets Manager"),
    (ServiceSettings, {**SERVICE, "user": "0"}, "pattern"),
    (ServiceSettings, {**SERVICE, "user": "root"}, "pattern"),
    (ServiceSettings, {"image": "1.0.0"}, "port"),
    (ServiceSettings, {"image": "latest/x", "port": 1}, "pattern"),
    (ComputeSettings, {"services": {}}, "services, functions, fleet: expected one or more"),
    (ComputeSettings, {"services": {"fleet": SERVICE}}, "the name is the fleet's own"),
    (ComputeSettings, {"services": {"a": SERVICE}, "fleet": {}}, "fleet.priority: 100 is already taken by a"),
    (ComputeSettings, {"services": {"a": SERVICE, "b": SERVICE}}, "already taken by a"),
    (CdnSettings, {"countries": ["CA"]}, "public_keys: signed access needs one or more"),
    (CdnSettings, {**CDN, "countries": []}, "at least 1"),
    (CdnSettings, {**CDN, "countries": ["ca"]}, "pattern"),
    (CdnSettings, {**CDN, "phi_cache_seconds": 301}, "less than or equal to 300"),
    (CdnSettings, {**CDN, "public_keys": {"a": PEM.replace("PUBLIC", "PRIVATE")}}, "pattern"),
    (EdgeSettings, {"load_balancer": {}}, "domain: the load balancer"),
    (DomainSettings, {"name": "app.example.org", "cdn_name": "files.example.org"}, "or give zone_id"),
    (AlarmTiming, {"period_seconds": 90}, "multiple of 60"),
    (AlarmTiming, {"period_seconds": 86_400, "evaluations": 2}, "86,400"),
    (ObservabilitySettings, {}, "alarm_email"),
    (ObservabilitySettings, {"alarm_email": "nobody"}, "pattern"),
    (TrailSettings, {"retention_days": 89, "lock_days": 30}, "greater than or equal to 90"),
    (TrailSettings, {"lock_days": 2193}, "lock_days: expected retention_days"),
]


@pytest.mark.parametrize(("model", "values", "reason"), REFUSED)
def test_what_aws_or_the_law_would_refuse_is_refused_with_a_reason(
    model: type[Section], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(values)
    assert reason in str(refusal.value)


def test_all_problems_of_a_service_come_at_once() -> None:
    with pytest.raises(ValidationError) as refusal:
        ServiceSettings.model_validate({**SERVICE, "cpu_units": 1, "min_tasks": 9, "environment": {"API_KEY": "x"}})
    text = str(refusal.value)
    assert all(part in text for part in ("cpu_units", "min_tasks", "environment.API_KEY"))
