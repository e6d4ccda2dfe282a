"""What a stack that came up is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from operations.dr import checks
from operations.release import health
from settings import load

ROOT = Path(__file__).parents[3]
OUTPUTS = {"load_balancer_dns_name": "clinic.elb.example.org", "application_url": "https://staging.clinic.example.org"}


@pytest.mark.requirement("BER-DR-21")
@pytest.mark.parametrize("problem", [None, "https://staging.clinic.example.org/health answers 503"])
def test_the_application_is_asked_at_the_new_load_balancer_by_its_own_name(
    problem: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def answer(*what: str, **_: float) -> str | None:
        asked.append(what)
        return problem

    monkeypatch.setattr(health, "problem_through", answer)
    settings = load.from_file(ROOT / "Pulumi.staging.yaml")
    found = checks.application(settings, OUTPUTS)
    assert asked == [("clinic.elb.example.org", "staging.clinic.example.org", health.path_of(settings))]
    assert (found.good, found.found) == (problem is None, problem or "answers as it should")
    assert checks.application(settings, {}).good is None
