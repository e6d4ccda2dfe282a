"""Recovery objectives: what they derive, and what the settings cannot meet."""

from __future__ import annotations

from typing import Any

import pytest

from settings import load
from settings.objectives import Objectives
from tests.unit.settings.test_load import problems, smallest

DATABASE = {"engine_version": "17.11"}
PHOTOS: dict[str, Any] = {"buckets": {"photos": {}}}
ALONE = {"buckets": {"photos": {"replicated": False}}}  # reaches the recovery region by copied backups only
PREFIX = "phi-platform:recovery."


def derived(
    storage: dict[str, Any] | None = None, database: dict[str, Any] | None = None, **recovery: Any
) -> Objectives:
    sections = {"database": database} if database else {}
    settings = load.load(smallest(recovery=recovery, storage=storage or PHOTOS, **sections))
    assert settings.recovery_objectives is not None
    return settings.recovery_objectives


@pytest.mark.requirement("FAC-DR-01", "MSP-N15", "LWO-N13", "OMN-N12")
def test_four_hours_and_five_minutes_are_the_default() -> None:
    recovery = load.load(smallest(recovery={})).recovery
    assert recovery is not None
    assert (recovery.rto_minutes, recovery.rpo_minutes) == (240, 5)
    assert load.load(smallest()).recovery_objectives is None


@pytest.mark.requirement("FAC-DR-01", "MSP-N15")
@pytest.mark.parametrize(("minutes", "continuous"), [(5, True), (59, True), (60, False), (1440, False)])
def test_a_recovery_point_below_an_hour_asks_for_continuous_backup(minutes: int, continuous: bool) -> None:
    assert derived(rpo_minutes=minutes).continuous is continuous


def test_continuous_backup_is_a_setting_and_needs_buckets_with_versions() -> None:
    assert derived(rpo_minutes=1440, backup_plan={"continuous": True}).continuous is True
    assert derived(backup_plan={"continuous": False}).continuous is False
    assert derived({"buckets": {"videos": {"versioned": False}}}).continuous is False
    assert derived({"buckets": {"site": {"data_class": "internal"}}}).continuous is False


@pytest.mark.requirement("BER-DR-04", "FAC-N17")
@pytest.mark.parametrize(("minutes", "hours"), [(10_080, 24), (1500, 24), (1440, 12), (540, 8), (300, 4), (120, 1)])
def test_the_interval_of_copies_leaves_an_hour_to_copy(minutes: int, hours: int) -> None:
    assert derived(ALONE, region_rpo_minutes=minutes).every_hours == hours


@pytest.mark.requirement("BER-DR-04", "BER-N17")
def test_what_is_replicated_anyway_is_backed_up_daily() -> None:
    assert derived(PHOTOS, DATABASE, region_rpo_minutes=30).every_hours == 24


@pytest.mark.requirement("FAC-N17", "BER-N17", "BER-DR-04")
@pytest.mark.parametrize(
    ("sections", "floor"),
    [
        ({"storage": PHOTOS}, 15),
        ({"storage": PHOTOS, "database": DATABASE}, 30),
        ({"storage": ALONE}, 120),
    ],
)
def test_a_recovery_point_abroad_that_nothing_meets_is_refused_with_the_reason(
    sections: dict[str, Any], floor: int
) -> None:
    [found] = problems(smallest(recovery={"region_rpo_minutes": floor - 1}, **sections))
    assert found.startswith(f"{PREFIX}region_rpo_minutes: expected {floor} or more, found {floor - 1}. ")
    assert found.endswith(".")
    assert load.load(smallest(recovery={"region_rpo_minutes": floor}, **sections)).recovery is not None


@pytest.mark.requirement("BER-DR-13", "BER-N17")
def test_without_replicated_backups_the_database_depends_on_copies_and_the_reason_says_so() -> None:
    [found] = problems(smallest(database=DATABASE, recovery={"region_rpo_minutes": 60, "database_backups": False}))
    assert "expected 120 or more" in found
    assert "set recovery.database_backups: true" in found


@pytest.mark.requirement("FAC-DR-01")
@pytest.mark.parametrize(("minutes", "refused"), [(4, True), (5, False)])
def test_a_database_cannot_lose_less_than_its_logs_lag(minutes: int, refused: bool) -> None:
    config = smallest(database=DATABASE, recovery={"rpo_minutes": minutes})
    if refused:
        [found] = problems(config)
        assert found.startswith(f"{PREFIX}rpo_minutes: expected 5 or more, found 4. ")
    else:
        assert load.load(config).recovery is not None


@pytest.mark.requirement("BER-DR-01", "BER-DR-03")
@pytest.mark.parametrize(("minutes", "multi_az", "refused"), [(45, True, False), (59, False, True), (60, False, False)])
def test_less_than_an_hour_needs_a_standby(minutes: int, multi_az: bool, refused: bool) -> None:
    config = smallest(database={**DATABASE, "multi_az": multi_az}, recovery={"rto_minutes": minutes})
    if refused:
        [found] = problems(config)
        assert found.startswith(f"{PREFIX}rto_minutes: expected 60 or more without database.multi_az")
    else:
        assert load.load(config).recovery is not None


def test_an_interval_too_long_for_the_objective_is_refused() -> None:
    [found] = problems(smallest(storage=ALONE, recovery={"region_rpo_minutes": 300, "backup_plan": {"every_hours": 6}}))
    assert found.startswith(f"{PREFIX}backup_plan.every_hours: expected 4 or less, found 6. ")
    assert derived(ALONE, region_rpo_minutes=300, backup_plan={"every_hours": 2}).every_hours == 2


@pytest.mark.requirement("OMN-DR-01", "MSP-DR-01", "BER-N30")
def test_backups_abroad_live_as_long_as_those_at_home() -> None:
    assert derived(None, {**DATABASE, "backup_days": 30}).database_copy_days == 30
    assert derived(None, DATABASE).database_copy_days == 7
    assert derived(None, DATABASE, database_backup_days=9).database_copy_days == 9
    [found] = problems(
        smallest(database={**DATABASE, "backup_days": 30}, recovery={"backup_plan": {"copy_keep_days": 29}})
    )
    assert found.startswith(f"{PREFIX}backup_plan.copy_keep_days: expected 30 or more, found 29. ")


@pytest.mark.parametrize(
    ("plan", "path"),
    [
        ({"lock": {"min_days": 36}}, "keep_days"),
        ({"lock": {"min_days": 35}}, None),
        ({"keep_days": 60, "lock": {"min_days": 36}, "copy_keep_days": 60}, "continuous"),  # which end after 35 days
        ({"keep_days": 60, "lock": {"min_days": 36}, "copy_keep_days": 60, "continuous": False}, None),
        ({"keep_days": 60, "lock": {"max_days": 60}}, None),
        ({"keep_days": 60, "lock": {"max_days": 59}}, "keep_days"),
    ],
)
def test_backups_the_lock_would_refuse_are_refused_first(plan: dict[str, Any], path: str | None) -> None:
    config = smallest(storage=PHOTOS, recovery={"backup_plan": plan})
    if path is None:
        assert load.load(config).recovery is not None
    else:
        assert problems(config)[0].startswith(f"{PREFIX}backup_plan.{path}: expected ")


@pytest.mark.requirement("FAC-DR-01", "BER-DR-04")
def test_alarms_are_due_when_a_backup_a_copy_or_the_restorable_point_is_too_old() -> None:
    found = derived(ALONE, region_rpo_minutes=300, rpo_minutes=10, rto_minutes=241)
    assert found.backup_age_minutes == 4 * 60 + 60 + 60
    assert found.copy_age_minutes == found.backup_age_minutes + 60
    assert found.restorable_age_minutes == 10
    assert found.replication_lag_minutes == 15
    assert found.test_hours == 5
