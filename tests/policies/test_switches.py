"""Whatever a stack file may switch on, the policy pack lets it pass: mandatory rules hold for every optional part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from checking.judgement import judge, registered
from operations.dr.recovery_file import merged
from settings import load
from settings.stack import Settings

ROOT = Path(__file__).parents[2]
SWITCHED = sorted(Path(__file__).with_name("switches").glob("*.yaml"))
EXCEPTIONS = {"residency_waiver"}
"""A decision against a rule, which needs a waiver of the pack beside it."""


def switched(overlay: Path, folder: Path) -> Path:
    """A stack file with an overlay of `switches` laid over it, under the name that the stack's waivers are for."""
    content = yaml.safe_load((ROOT / f"Pulumi.{overlay.stem}.yaml").read_text())
    more = {f"phi-platform:{key}": value for key, value in yaml.safe_load(overlay.read_text()).items()}
    file = folder / f"Pulumi.{overlay.stem}.yaml"
    file.write_text(yaml.safe_dump({"config": merged(content["config"], more)}))
    return file


@pytest.mark.parametrize("overlay", SWITCHED, ids=lambda overlay: overlay.stem)
def test_no_mandatory_rule_refuses_what_a_switch_adds(overlay: Path, tmp_path: Path) -> None:
    file = switched(overlay, tmp_path)
    found = judge(overlay.stem, file, *registered(file, overlay.stem))
    assert [(verdict.rule.id, verdict.urn, verdict.message) for verdict in found.failing] == []


def test_every_optional_part_is_on_in_some_stack(tmp_path: Path) -> None:
    stacks = [*ROOT.glob("Pulumi.*.yaml"), *(switched(overlay, tmp_path) for overlay in SWITCHED)]
    on = {path for file in stacks for path in given(load.from_file(file))}
    assert set(optional(Settings)) - on == EXCEPTIONS


def optional(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """The sections below a section that may be absent, by key."""
    for name, field in model.model_fields.items():
        here = f"{path}.{name}".lstrip(".")
        for section in sections(field.annotation):
            if field.default is None:
                yield here
            yield from optional(section, here)


def sections(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections(part)]


def given(value: object, path: str = "") -> Iterator[str]:
    """The sections that settings hold, by key."""
    if isinstance(value, BaseModel):
        yield path
        for name in type(value).model_fields:
            yield from given(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, dict):
        for each in value.values():
            yield from given(each, path)
