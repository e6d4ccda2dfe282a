"""The recovery stack's file: valid, in the other region, and with no name that the first stack has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.dr import recovery_file
from operations.dr.recovery_file import Derived, Snapshot
from operations.mistakes import Mistake
from settings import load
from settings.stack import Settings

ROOT = Path(__file__).parents[3]
STACKS = sorted(file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml"))
SNAPSHOT = Snapshot(identifier="clinic-dr", kms_key_arn="arn:aws:kms:ca-west-1:111122223333:key/abc")


def derived(stack: str, tmp_path: Path, snapshot: Snapshot | None = None) -> tuple[Settings, Settings, Derived]:
    """Settings of the stack and of its recovery stack, which are checked on the way."""
    file = ROOT / f"Pulumi.{stack}.yaml"
    settings = load.from_file(file)
    found = recovery_file.derive(recovery_file.read(file), settings, snapshot)
    written = tmp_path / f"Pulumi.{stack}-recovery.yaml"
    written.write_text(found.text)
    return settings, load.from_file(written), found


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.requirement("BER-N05", "BER-DR-18", "BER-DR-24")
def test_every_stack_has_a_valid_recovery_stack_in_the_other_region(stack: str, tmp_path: Path) -> None:
    settings, recovery, _ = derived(stack, tmp_path)
    assert recovery.region == settings.recovery_region
    assert recovery.recovery is None
    assert len(recovery.network.zones) == len(settings.network.zones)
    assert all(zone.startswith(recovery.region) for zone in recovery.network.zones)
    assert (recovery.environment, recovery.jurisdiction) == (settings.environment, settings.jurisdiction)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.requirement("BER-N05")
def test_no_global_name_is_used_twice(stack: str, tmp_path: Path) -> None:
    settings, recovery, _ = derived(stack, tmp_path)

    given = {"system": "s", "environment": "e", "part": "p", "account": "a"}

    def roles(of: Settings) -> set[str]:
        return {of.naming.resource.format(**given), *of.naming.names.values()}

    def buckets(of: Settings) -> set[str]:
        own = {of.naming.bucket.format(**given), *of.naming.bucket_names.values()}
        return own | {f"{name}-dr" for name in own}

    assert not roles(settings) & roles(recovery)
    assert not buckets(settings) & buckets(recovery)
    assert recovery.naming.secret == settings.naming.secret  # secrets are of a region: the application finds them


@pytest.mark.requirement("BER-DR-19")
def test_the_database_begins_as_the_snapshot_with_the_snapshots_key(tmp_path: Path) -> None:
    _, recovery, _ = derived("berthcare", tmp_path, SNAPSHOT)
    assert recovery.database is not None
    assert recovery.database.snapshot is not None
    assert recovery.database.snapshot.identifier == SNAPSHOT.identifier
    assert recovery.database.snapshot.kms_key_arn == SNAPSHOT.kms_key_arn


def test_what_the_region_has_otherwise_is_taken_from_the_stack_file(tmp_path: Path) -> None:
    settings, recovery, _ = derived("berthcare", tmp_path)
    assert settings.database is not None
    assert recovery.database is not None
    assert settings.database.model_dump()["instance_class"] == "db.t4g.medium"
    assert recovery.database.model_dump()["instance_class"] == "db.m6g.large"
    assert recovery.database.backup_days == settings.database.backup_days


def test_what_is_the_accounts_own_stays_with_the_first_stack_and_is_told(tmp_path: Path) -> None:
    settings, recovery, found = derived("facnet", tmp_path)
    assert settings.identity.github is not None
    assert recovery.identity.github is None
    assert any("identity.github is left out" in note for note in found.notes)


def test_values_that_still_name_the_old_region_are_told(tmp_path: Path) -> None:
    source: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.staging.yaml").read_text())
    settings = load.from_file(ROOT / "Pulumi.staging.yaml")
    source["config"]["phi-platform:edge"]["domain"]["certificate_arn"] = (
        f"arn:aws:acm:{settings.region}:1:certificate/1"
    )
    notes = recovery_file.derive(source, settings, None).notes
    assert any("phi-platform:edge.domain.certificate_arn still names" in note for note in notes)


def test_a_stack_without_a_recovery_region_is_refused_by_the_key() -> None:
    file = ROOT / "Pulumi.staging.yaml"
    settings = load.from_file(file).model_copy(update={"recovery": None})
    with pytest.raises(Mistake, match="phi-platform:recovery: expected a recovery region"):
        recovery_file.derive(recovery_file.read(file), settings, None)


@pytest.mark.requirement("BER-DR-24")
def test_a_file_that_is_missing_or_no_longer_fits_the_stack_is_told(tmp_path: Path) -> None:
    _, _, found = derived("berthcare", tmp_path, SNAPSHOT)
    file = tmp_path / "Pulumi.berthcare-recovery.yaml"
    source = ROOT / "Pulumi.berthcare.yaml"
    today = recovery_file.derive(recovery_file.read(source), load.from_file(source), None)
    assert recovery_file.difference(file, today) is None  # the snapshot of the last time may be named in it
    changed = yaml.safe_load(found.text)
    changed["config"]["phi-platform:cache"]["replicas"] = 2
    file.write_text(yaml.safe_dump(changed))
    assert recovery_file.difference(file, today) == "another in phi-platform:cache"
    file.unlink()
    assert recovery_file.difference(file, today) == "none"
