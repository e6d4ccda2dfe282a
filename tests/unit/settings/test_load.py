"""Loading settings: every problem at once, in words; nothing secret shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from settings import load
from settings.problems import SettingsError
from settings.stack import Settings

BROKEN = Path(__file__).parent / "broken"
ROOT = Path(__file__).parents[3]
STACKS = sorted(ROOT.glob("Pulumi.*.yaml"))


def smallest(**more: Any) -> dict[str, Any]:
    """The least a stack file must say."""
    return {
        "aws:region": "ca-central-1",
        "phi-platform:system": "clinic",
        "phi-platform:environment": "staging",
        "phi-platform:jurisdiction": "canada",
        "phi-platform:tags": {"owner": "platform", "cost_center": "clinic"},
        "phi-platform:observability": {"alarm_email": "alarms@example.org"},
        **{f"phi-platform:{name}": value for name, value in more.items()},
    }


def problems(config: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load.load(config)
    return [str(problem) for problem in raised.value.problems]


def test_there_are_ten_broken_stack_files_or_more() -> None:
    assert len(list(BROKEN.glob("*.yaml"))) >= 10


@pytest.mark.requirement("ALL-15", "ALL-16", "ALL-03", "BER-N11", "BER-OPS-03")
@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_broken_stack_file_gives_all_its_problems_at_once(path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load.from_file(path)
    expected = path.with_suffix(".txt").read_text().splitlines()
    assert [str(problem) for problem in raised.value.problems] == expected
    assert str(raised.value).startswith(f"{len(expected)} problem")


@pytest.mark.requirement("ALL-15", "BER-OPS-09")
def test_a_region_abroad_is_one_clear_line() -> None:
    (only,) = problems(smallest() | {"aws:region": "us-east-1"})
    assert only.startswith("aws:region: expected ca-central-1 or ca-west-1")
    assert "found us-east-1" in only


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_every_stack_file_loads(path: Path) -> None:
    settings = load.from_file(path)
    name = path.stem.partition(".")[2]
    assert name == settings.environment or settings.system.replace("-", "").startswith(name)


def test_staging_and_production_differ_in_values_only() -> None:
    """The same keys; null, for a part that only one of them has, is a value too."""

    def same_keys(one: object, other: object) -> bool:
        if isinstance(one, dict) and isinstance(other, dict):
            return one.keys() == other.keys() and all(same_keys(one[key], other[key]) for key in one)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return None in (one, other) or not (isinstance(one, dict) or isinstance(other, dict))

    staging, production = (
        load.from_file(ROOT / f"Pulumi.{name}.yaml").model_dump(exclude_unset=True)
        for name in ("staging", "production")
    )
    assert same_keys(staging, production)


def test_sections_arrive_as_json_text_from_pulumi() -> None:
    config = {
        key: json.dumps(value) if isinstance(value, dict) else value
        for key, value in smallest(network={"nat": "one"}).items()
    }
    config["phi-platform:protect"] = "true"
    settings = load.load(config)
    assert settings.network.nat == "one"
    assert settings.protect is True


def test_json_text_that_breaks_is_named() -> None:
    (only,) = problems(smallest() | {"phi-platform:network": '{"nat": "one"'})
    assert only.startswith("phi-platform:network: expected a section (JSON object), found text that ends or breaks")


def test_other_namespaces_are_left_alone() -> None:
    assert load.load(smallest() | {"aws:profile": "clinic", "other:key": 1}).system == "clinic"


def test_values_of_secret_looking_keys_are_never_shown() -> None:
    text = "\n".join(
        problems(smallest(tags={"owner": {"password": "hunter2"}, "cost_center": "x", "api_token": "hunter2"}))
    )
    assert "hunter2" not in text


def test_unquoted_numbers_are_told_to_be_quoted() -> None:
    (only,) = problems(smallest(tags={"owner": 7, "cost_center": "x"}))
    assert only.endswith("found 7. Put it in quotes.")


def test_a_name_of_ones_own_that_is_not_allowed_is_told_with_its_form() -> None:
    (only,) = problems(smallest(storage={"buckets": {"Documents": {"data_class": "phi"}}}))
    assert "expected text of at most 20 characters such as photos (^[a-z]" in only
    assert only.endswith("found the name Documents.")


def test_only_a_key_much_alike_is_suggested() -> None:
    (only,) = problems(smallest(tags={"owner": "x", "cost_center": "x", "cost_centre": "x"}))
    assert only.endswith("Did you mean cost_center?")
    (only,) = problems(smallest(tags={"owner": "x", "cost_center": "x", "password": "x"}))
    assert only.endswith("Remove it, or see docs/settings.md.")


def test_a_file_that_is_not_there_is_one_problem_which_names_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.staging.yaml").write_text("")
    with pytest.raises(SettingsError, match=r"expected a stack file, found No such file .*Stacks there: staging\."):
        load.from_file(tmp_path / "Pulumi.none.yaml")


def test_a_file_without_config_says_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text("encryptionsalt: v1:abc\n")
    with pytest.raises(SettingsError, match="expected a mapping named config"):
        load.from_file(path)


@pytest.mark.parametrize(
    "text", ["", "- a\n", "config: [1]\n", "config:\n  a: &x {b: *x}\n", "{", "config: {? [a]: 1}", "\x00"]
)
def test_no_yaml_ends_in_a_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError):
        load.from_file(path)


def test_settings_cannot_be_built_around_the_checks() -> None:
    values = load.load(smallest()).model_dump()
    with pytest.raises(ValueError, match="aws:region"):
        Settings.model_validate(values | {"region": "us-east-1"})


def test_settings_survive_their_own_dump() -> None:
    for path in STACKS:
        settings = load.from_file(path)
        assert Settings.model_validate(settings.model_dump(mode="json")) == settings
