"""The generated schema and table, and what keys are said to be."""

from __future__ import annotations

import json

import pytest

from settings import load, schema
from tests.unit.settings.test_load import STACKS


@pytest.mark.requirement("ALL-01")
def test_generated_documents_are_current() -> None:
    for path, content in schema.files().items():
        assert path.read_text() == content, f"run python -m settings.schema ({path.name})"


def test_derived_keys_are_not_required_in_a_stack_file() -> None:
    document = schema.document()
    required = document["properties"]["config"]["required"]
    assert required == [
        "phi-platform:system",
        "phi-platform:environment",
        "phi-platform:jurisdiction",
        "aws:region",
        "phi-platform:tags",
        "phi-platform:observability",
    ]
    assert document["$defs"]["TagsSettings"]["required"] == ["owner", "cost_center"]
    assert "zones" not in document["$defs"]["NetworkSettings"].get("required", [])


def test_every_setting_is_described() -> None:
    undescribed = [path for path, _, _, description in schema.rows() if not description]
    assert undescribed == []


def test_every_key_of_every_stack_file_is_in_the_schema() -> None:
    for path in STACKS:
        for section in load.from_file(path).model_dump(exclude_unset=True, mode="json"):
            assert schema.at((section,)), section


def test_words_for_values() -> None:
    assert schema.describe(schema.at(("network", "nat"))) == "one of none, one, per-zone"
    assert schema.describe(schema.at(("keys", "deletion_window_days"))) == "a whole number from 7 to 30"
    assert schema.describe(schema.at(("network", "cidr"))) == "a network in CIDR notation such as 10.0.0.0/16"
    assert schema.describe(schema.at(("network", "zones", 0))).startswith("text such as ca-central-1a")
    assert schema.at(("network", "nowhere")) == {}


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(schema.document())) == schema.document()
