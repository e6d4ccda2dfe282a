"""The version of a service in a stack file."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.mistakes import Mistake
from operations.stack_file import set_image, with_image
from settings import load

ROOT = Path(__file__).parents[2]


def test_a_version_is_written_and_every_other_character_stays(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.lifeworld.yaml"
    before = (ROOT / "Pulumi.lifeworld.yaml").read_text()
    file.write_text(before)

    set_image(file, "backend", "2026.11.1")

    compute = load.from_file(file).compute
    assert compute is not None
    assert {name: each.image for name, each in compute.services.items()} == {
        "backend": "2026.11.1",
        "frontend": "1.0.0",
    }
    changed = [(old, new) for old, new in zip(before.splitlines(), file.read_text().splitlines(), strict=True)
               if old != new]  # fmt: skip
    assert changed == [
        (
            '        image: "1.0.0" # production\'s own version of an image, never `latest` (LWO-N12)',
            '        image: "2026.11.1" # production\'s own version of an image, never `latest` (LWO-N12)',
        )
    ]


def test_a_version_that_looks_like_a_number_stays_text() -> None:
    text = "config:\n  phi-platform:compute:\n    services:\n      api: {image: 1.0, port: 80}\n"
    assert with_image(text, "api", "20261101", "x") == text.replace("1.0", '"20261101"')


@pytest.mark.parametrize("text", ["", "config: {}", "config:\n  phi-platform:compute: '{}'\n"])
def test_a_file_without_the_version_is_named(text: str) -> None:
    with pytest.raises(Mistake, match=r"Pulumi\.x\.yaml: expected phi-platform:compute\.services\.api\.image"):
        with_image(text, "api", "1", "Pulumi.x.yaml")
