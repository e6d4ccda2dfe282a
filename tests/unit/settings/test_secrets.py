"""The section of application secrets, and who may refer to them."""

from __future__ import annotations

from typing import Any

import pytest

from settings import load
from settings.secrets import SecretsSettings
from tests.unit.settings.test_load import problems, smallest

SERVICE = {"image": "1.0.0", "port": 8080}


def secrets(**lists: Any) -> SecretsSettings:
    return load.load(smallest(secrets=lists)).secrets


def with_service(chosen: dict[str, str], **sections: Any) -> dict[str, Any]:
    return smallest(
        compute={"services": {"api": {**SERVICE, "secrets": chosen}}},
        edge={"domain": {"name": "clinic.example.org"}, "load_balancer": {}},
        network={"nat": "one"},
        **sections,
    )


def test_a_path_stands_in_one_list() -> None:
    [found] = problems(smallest(secrets={"generated": {"key": {}}, "supplied": {"key": {"fields": ["key"]}}}))
    assert found == "phi-platform:secrets.supplied.key: expected every path once, found it under generated too."


@pytest.mark.requirement("OMN-N02")
def test_a_token_is_signed_with_a_generated_secret() -> None:
    token = {"signed_with": "jwt", "role": "anon", "issued": "2026-01-01"}
    [found] = problems(smallest(secrets={"tokens": {"anon": token}}))
    assert found.startswith("phi-platform:secrets.tokens.anon.signed_with: expected ")
    assert secrets(generated={"jwt": {}}, tokens={"anon": token}).fields("anon") == ()


@pytest.mark.requirement("OMN-IAM-06", "FAC-DB-14")
@pytest.mark.parametrize(("length", "accepted"), [(19, False), (20, True), (64, True), (256, True), (257, False)])
def test_generated_values_are_long(length: int, accepted: bool) -> None:
    if accepted:
        assert secrets(generated={"key": {"length": length}}).generated["key"].length == length
    else:
        [found] = problems(smallest(secrets={"generated": {"key": {"length": length}}}))
        assert found.startswith("phi-platform:secrets.generated.key.length: ")


def test_hexadecimal_characters_come_in_pairs() -> None:
    [found] = problems(smallest(secrets={"generated": {"key": {"length": 33, "characters": "hexadecimal"}}}))
    assert found.startswith("phi-platform:secrets.generated.key.length: expected an even number")


@pytest.mark.requirement("ALL-22")
def test_a_value_is_no_setting() -> None:
    hidden = "k9Qz7Lm2Xw4Rt8Vb1N"
    found = problems(smallest(secrets={"supplied": {"login": {"fields": ["key"], "value": hidden}}}))
    assert found
    assert not [line for line in found if hidden in line]


@pytest.mark.requirement("FAC-IAM-12")
@pytest.mark.parametrize(
    ("reference", "sections", "accepted"),
    [
        ("bucket.uploads", {"storage": {"buckets": {"uploads": {}}}}, True),
        ("bucket.uploads", {}, False),
        ("database.host", {"database": {"engine_version": "16.15"}}, True),
        ("database.host", {}, False),
        ("database.reader_host", {"database": {"engine_version": "16.15"}}, False),
        ("database.reader_host", {"database": {"engine_version": "16.15", "read_replicas": 1}}, True),
        ("cache.port", {"cache": {}}, True),
        ("cache.port", {}, False),
        ("region", {}, True),
    ],
)
def test_references_are_to_what_the_system_has(reference: str, sections: dict[str, Any], accepted: bool) -> None:
    config = smallest(secrets={"assembled": {"where": {"fields": {"it": reference}}}}, **sections)
    if accepted:
        assert load.load(config).secrets.paths == ["where"]
    else:
        [found] = problems(config)
        assert found.startswith("phi-platform:secrets.assembled.where.fields.it: expected something this system has")


@pytest.mark.requirement("LWO-IAM-05")
@pytest.mark.parametrize(
    ("reference", "accepted"),
    [
        ("jwt", True),
        ("jwt#key", False),
        ("login#key", True),
        ("login", False),
        ("login#other", False),
        ("nothing", False),
    ],
)
def test_services_name_secrets_and_fields_that_exist(reference: str, accepted: bool) -> None:
    config = with_service(
        {"JWT_SECRET": reference}, secrets={"generated": {"jwt": {}}, "supplied": {"login": {"fields": ["key"]}}}
    )
    if accepted:
        assert load.load(config).compute is not None
    else:
        [found] = problems(config)
        assert found.startswith("phi-platform:compute.services.api.secrets.JWT_SECRET: expected ")


@pytest.mark.requirement("LWO-IAM-07", "MSP-N26")
def test_tasks_never_use_a_password_that_rotates_under_them() -> None:
    database = {"engine_version": "16.15", "managed_password": True}
    [found] = problems(with_service({}, database=database))
    assert found.startswith("phi-platform:database.application_username: expected a user of the application's own")
    own = {**database, "application_username": "lifeworld_app"}
    assert load.load(with_service({}, database=own)).database is not None
