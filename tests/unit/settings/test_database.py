"""The database's section: two engines, each with its own keys, and problems that say so."""

from __future__ import annotations

from typing import Any

import pytest

from settings import load, schema
from settings.database import AuroraSettings, RdsSettings
from settings.features import Feature, features
from tests.unit.settings.test_load import problems, smallest

AURORA = {"engine": "aurora-postgresql", "engine_version": "15.19"}
RDS = {"engine_version": "16.15"}


def loaded(**database: Any) -> RdsSettings | AuroraSettings:
    found = load.load(smallest(database=database)).database
    assert found is not None
    return found


def test_without_an_engine_it_is_an_instance() -> None:
    assert isinstance(loaded(**RDS), RdsSettings)
    assert isinstance(loaded(**RDS, engine="postgres"), RdsSettings)
    assert isinstance(loaded(**AURORA), AuroraSettings)


@pytest.mark.parametrize(
    ("database", "key", "owner"),
    [
        ({**RDS, "min_acu": 1}, "min_acu", "engine: aurora-postgresql"),
        ({**RDS, "readers": 1}, "readers", "engine: aurora-postgresql"),
        ({**AURORA, "instance_class": "db.t4g.medium"}, "instance_class", "engine: postgres"),
        ({**AURORA, "storage_gib": 100}, "storage_gib", "engine: postgres"),
    ],
)
def test_a_key_of_the_other_engine_is_refused_with_its_owner(database: dict[str, Any], key: str, owner: str) -> None:
    [found] = problems(smallest(database=database))
    assert found.startswith(f"phi-platform:database.{key}: expected one of engine_version, ")
    assert found.endswith(f"It belongs to {owner}.")
    assert key not in found.partition("found")[0].partition("expected")[2]


@pytest.mark.parametrize("engine", ["aurora", "mysql"])
def test_a_wrong_engine_is_one_problem_that_names_both(engine: str) -> None:
    [found] = problems(smallest(database={"engine": engine, "engine_version": "15.19"}))
    assert found == f'phi-platform:database.engine: expected postgres or aurora-postgresql, found "{engine}".'


@pytest.mark.requirement("MSP-DB-02", "OMN-DB-02")
@pytest.mark.parametrize(
    ("least", "most", "key"),
    [(0.5, 4, None), (0.5, 1, None), (256, 256, None), (0.4, 4, "min_acu"), (0.7, 4, "min_acu"),
     (0.5, 256.5, "max_acu"), (0.5, 0.5, "max_acu"), (8, 4, "max_acu"), (0, 4, "min_acu")],
)  # fmt: skip
def test_capacity_is_in_half_units_and_rises(least: float, most: float, key: str | None) -> None:
    database = {**AURORA, "min_acu": least, "max_acu": most}
    if key is None:
        assert isinstance(loaded(**database), AuroraSettings)
    else:
        [found] = problems(smallest(database=database))
        assert found.startswith(f"phi-platform:database.{key}: expected ")


@pytest.mark.requirement("MSP-DB-07", "OMN-DB-05")
@pytest.mark.parametrize(("days", "accepted"), [(6, False), (7, True), (35, True), (36, False)])
def test_backups_are_kept_seven_to_thirty_five_days(days: int, accepted: bool) -> None:
    for database in (AURORA, RDS):
        if accepted:
            assert loaded(**database, backup_days=days).backup_days == days
        else:
            [found] = problems(smallest(database={**database, "backup_days": days}))
            assert found.startswith("phi-platform:database.backup_days: ")


@pytest.mark.requirement("ALL-14")
def test_windows_of_a_cluster_do_not_overlap_either() -> None:
    [found] = problems(smallest(database={**AURORA, "backup_window": "08:30-09:30"}))
    assert found.startswith("phi-platform:database.maintenance_window: expected no overlap")


@pytest.mark.requirement("MSP-N26", "LWO-N10")
def test_a_managed_password_rotates_every_thirty_days_unless_set() -> None:
    assert loaded(**RDS, managed_password=True).rotated_every_days == 30
    assert loaded(**AURORA, managed_password=True, rotation_days=7).rotated_every_days == 7
    assert loaded(**RDS).rotated_every_days is None


@pytest.mark.requirement("LWO-DB-07", "LWO-IAM-07")
def test_a_password_that_rds_keeps_and_replicas_exclude_each_other() -> None:
    [found] = problems(smallest(database={**RDS, "managed_password": True, "read_replicas": 1}))
    assert found.startswith("phi-platform:database.managed_password: expected false with read_replicas")
    assert loaded(**AURORA, managed_password=True, readers=1).managed_password  # readers are no replicas
    assert loaded(**RDS, rotation_days=30, read_replicas=1).rotates_own


@pytest.mark.requirement("FAC-DB-08", "FAC-IAM-08")
def test_application_and_administrator_are_two_users() -> None:
    [found] = problems(smallest(database={**RDS, "username": "dashval", "application_username": "dashval"}))
    assert found.startswith("phi-platform:database.application_username: expected another user")


@pytest.mark.parametrize("word", ["user", "select", "table"])
def test_words_of_postgresql_are_no_names(word: str) -> None:
    for key in ("username", "application_username", "database_name"):
        [found] = problems(smallest(database={**RDS, key: word}))
        assert found.startswith(f"phi-platform:database.{key}: ")


def test_the_schema_lets_an_editor_complete_either_engine() -> None:
    database = schema.document()["properties"]["config"]["properties"]["phi-platform:database"]
    options = next(option["oneOf"] for option in database["anyOf"] if "oneOf" in option)
    assert {option["$ref"].rpartition("/")[2] for option in options} == {"RdsSettings", "AuroraSettings"}


def test_the_reference_says_whose_each_key_is() -> None:
    rows = {path: (what, about) for path, what, _, about in schema.rows() if path.startswith("database.")}
    assert rows["database.engine"][0] == "one of postgres, aurora-postgresql"
    assert rows["database.max_acu"][1].endswith("Only with `engine: aurora-postgresql`.")
    assert rows["database.storage_gib"][1].endswith("Only with `engine: postgres`.")
    assert "Only with" not in rows["database.backup_days"][1]


@pytest.mark.requirement("OMN-IAM-09", "OMN-N13", "MSP-IAM-11")
def test_passwords_generated_here_are_rotated_when_days_are_given() -> None:
    given = loaded(**RDS, rotation_days=30)
    assert given.rotates_own
    assert given.rotated_every_days == 30
    assert not loaded(**RDS).rotates_own
    assert not loaded(**RDS, managed_password=True, rotation_days=30).rotates_own  # RDS does


@pytest.mark.parametrize(("length", "accepted"), [(56, True), (57, False)])
def test_a_user_that_takes_turns_leaves_room_for_the_name_of_the_second(length: int, accepted: bool) -> None:
    database = {**RDS, "rotation_days": 30, "application_username": "a" * length}
    if accepted:
        assert loaded(**database).application_username == "a" * length
    else:
        [found] = problems(smallest(database=database))
        assert found.startswith("phi-platform:database.application_username: expected 56 characters")


def test_a_function_that_rotates_passwords_needs_a_way_to_the_internet() -> None:
    found = problems(smallest(database={**RDS, "rotation_days": 30}, network={"nat": "none"}))
    assert any(each.startswith("phi-platform:network.nat: expected one or per-zone") for each in found)


@pytest.mark.requirement("BER-DR-13")
def test_a_function_that_copies_snapshots_reaches_the_other_region_under_its_own_name() -> None:
    recovery: dict[str, Any] = {"snapshot_copies": {}}
    package = {"bucket": "code", "key": "code.zip"}
    functions = {"snapshot-copies": {"package": package, "runtime": "python3.13", "handler": "code.handler"}}
    buckets = {"buckets": {"code": {"data_class": "internal"}}}
    stack = smallest(
        database=RDS, recovery=recovery, storage=buckets, compute={"functions": functions}, network={"nat": "none"}
    )
    found = "\n".join(problems(stack))
    assert "phi-platform:network.nat: expected one or per-zone, because recovery.snapshot_copies" in found
    assert "phi-platform:compute.functions.snapshot-copies: expected another name" in found
    assert load.load(smallest(database=RDS, recovery=recovery)).recovery is not None


def test_tasks_that_run_are_not_locked_out_by_a_rotation() -> None:
    services = {"api": {"image": "1.0.0", "port": 8080}}
    sections: dict[str, Any] = {"compute": {"services": services}, "edge": {"domain": {"name": "clinic.example.org"},
                                "load_balancer": {}}}  # fmt: skip
    given = {**RDS, "rotation_days": 30}
    found = problems(smallest(database=given, **sections))
    assert [each for each in found if each.startswith("phi-platform:database.application_username: expected a user")]
    assert load.load(smallest(database={**given, "application_username": "clinic_app"}, **sections)).database


def test_a_stack_that_rotates_passwords_may_deploy_a_function() -> None:
    assert Feature.FUNCTIONS in features(load.load(smallest(database={**RDS, "rotation_days": 30})))
    assert Feature.FUNCTIONS not in features(load.load(smallest(database=RDS)))
