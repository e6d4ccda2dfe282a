"""An account with nothing in it, and stacks whose outputs tests choose."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from operations import outputs
from operations.cli import app
from operations.release import commands, fleet, health, services

ROOT = Path(__file__).parents[3]
REGION = "ca-central-1"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("GITHUB_SHA", raising=False)
    with mock_aws():
        yield


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10**9, 10))
    for module in (services, fleet, health):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=lambda _: None, monotonic=lambda: float(next(clock))))


class Project:
    """A stack file of its own, and the outputs its stack gives."""

    def __init__(self, stack: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.stack, self.file = stack, folder / f"Pulumi.{stack}.yaml"
        self.file.write_text((ROOT / self.file.name).read_text())
        self.outputs: dict[str, Any] = {"region": REGION}
        patch.setenv("PULUMI_OPTION_CONFIG_FILE", str(self.file))
        patch.setattr(outputs, "read", lambda _stack: self.outputs)
        self.answers: list[str | None] = []
        patch.setattr(commands.health, "wait", self._answer)

    def _answer(self, url: str, **_: object) -> str | None:
        self.asked = url
        return self.answers.pop(0) if self.answers else None

    def phi(self, *arguments: str) -> Result:
        """Run `phi release`; what it raises is the result's exception."""
        return CliRunner().invoke(app, ["release", *arguments])
