"""The generated references say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.references import files


@pytest.mark.parametrize(("target", "content"), files().items(), ids=lambda value: getattr(value, "name", ""))
def test_a_reference_is_fresh(target: Path, content: str) -> None:
    assert target.exists(), "missing: run `make docs`"
    assert target.read_text() == content, "stale: run `make docs`"
