"""What a reviewer is told of a change's cost."""

from __future__ import annotations

from pathlib import Path

from operations.review.cost import monthly_difference

PRODUCTION = Path(__file__).parents[3] / "Pulumi.production.yaml"


def changed(folder: Path, old: str, new: str) -> Path:
    text = PRODUCTION.read_text()
    assert text.count(old) == 1
    file = folder / "Pulumi.changed.yaml"
    file.write_text(text.replace(old, new))
    return file


def test_the_same_file_costs_the_same() -> None:
    assert monthly_difference(PRODUCTION, PRODUCTION) == "no difference"


def test_what_costs_more_is_named_with_its_sum(tmp_path: Path) -> None:
    file = changed(tmp_path, "multi_az: true", "multi_az: false")
    told = monthly_difference(file, PRODUCTION)
    assert told.startswith("+")
    assert " USD a month, +" in told
    assert "(database +" in told


def test_a_size_without_a_price_is_said_instead(tmp_path: Path) -> None:
    file = changed(tmp_path, "instance_class: db.m6g.large", "instance_class: db.x2g.16xlarge")
    assert monthly_difference(PRODUCTION, file).startswith("not estimated: ")
