"""The folder of the pack alone, in an empty place, judges the exported state of a program that is not ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine import install
from tests.end_to_end.conftest import ROOT
from tests.policies.mutate import analyzed, disagreements, samples

pytestmark = pytest.mark.end_to_end
STRANGERS = ROOT / "tests" / "policies" / "strangers"


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A copy of `policies/`, nothing beside it."""
    return Path(shutil.copytree(ROOT / "policies", tmp_path / "rules-of-ours", ignore=shutil.ignore_patterns("__pyc*")))


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("rds_cluster", {"rds-storage-encrypted", "region-allowed"}),
        ("awsx_ecs", {"ecs-env-no-secrets", "lb-https-only"}),
    ],
)
def test_the_folder_alone_judges_a_strangers_state(
    alone: Path, engine: install.Engine, name: str, rules: set[str]
) -> None:
    content = json.loads((STRANGERS / f"{name}.json").read_text())
    config = {"region-allowed": {"jurisdiction": "canada"}}
    code, found, output = analyzed(content, config, pack=alone, pulumi=engine.pulumi)
    assert code != 0
    assert rules <= {rule for rule, *_ in found}, output
    assert "Traceback" not in output
    assert "failed (" not in output


def test_a_state_without_resources_is_no_failure(alone: Path, engine: install.Engine) -> None:
    content = json.loads((STRANGERS / "components_only.json").read_text())
    _, _, output = analyzed(content, {}, pack=alone, pulumi=engine.pulumi)
    assert "Traceback" not in output
    assert "failed (" not in output


def test_the_engine_finds_in_broken_stacks_what_the_pack_finds_in_process(engine: install.Engine) -> None:
    """Thirty kinds of breaks; every finding of every resource is compared. `mutate --engine N` takes all stacks."""
    breaks = samples(30, ("mentalspace", "production"))
    assert len(breaks) >= 25
    assert disagreements(breaks, engine.pulumi) == []
