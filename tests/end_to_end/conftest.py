"""Embedded runs for the end-to-end tests, each in a folder of its own and never in the checkout's `.phi`."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from engine import install
from localaws import lifecycle
from operations.local import LocalRun
from operations.protections import Account
from tests.unit.conftest import pytest_configure

__all__ = ["pytest_configure"]  # stacks are built on mocks here too

ROOT = Path(__file__).parents[2]
REGION = "ca-central-1"

# No single command may take longer: a hanging engine must fail the tier, not stop it.
COMMAND_SECONDS = 240


@pytest.fixture(autouse=True)
def _real_engine(request: pytest.FixtureRequest) -> None:
    """Everything in this folder needs the engine; the marker lets a person leave it out."""
    assert request.node.get_closest_marker("end_to_end"), "mark end-to-end tests with pytest.mark.end_to_end"


@dataclass(kw_only=True)
class Phi:
    """The `phi` command as a person runs it, in one project and one folder; keeps all that was printed."""

    project: Path
    directory: Path
    transcript: list[str] = field(default_factory=list)

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `phi local …` and give the process; its errors are in its output."""
        return subprocess.Popen(
            [sys.executable, "-m", "operations.cli", "local", *arguments],
            cwd=self.project,
            env={
                **os.environ,
                "PHI_DIRECTORY": str(self.directory),
                "PYTHONPATH": str(ROOT),
                "COLUMNS": "200",
                "AWS_PROFILE": "must-not-be-read",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __call__(self, *arguments: str, fails: bool = False) -> str:
        """Run `phi local …` to its end and give what it printed; the exit code must say what `fails` says."""
        with self.command(*arguments) as process:
            try:
                output, _ = process.communicate(timeout=COMMAND_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        self.transcript.append(output)
        assert "Traceback" not in output, output
        assert (process.returncode != 0) is fails, f"phi local {' '.join(arguments)}: {process.returncode}\n{output}"
        return output

    def environment(self, stack: str) -> dict[str, str]:
        """What `phi local env` tells a shell to set, so that every other command works on the embedded AWS."""
        lines = self("env", "--stack", stack).splitlines()
        given = [shlex.split(line)[1].partition("=") for line in lines if line.startswith("export ")]
        return {**os.environ, **{name: value for name, _, value in given}, "PYTHONPATH": str(ROOT)}

    def on(self, stack: str, *arguments: str, project: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Run any other `phi` command on a stack that is deployed here."""
        return subprocess.run(
            [sys.executable, "-m", "operations.cli", *arguments], cwd=project, env=self.environment(stack),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS,
        )  # fmt: skip

    @property
    def run(self) -> LocalRun:
        return LocalRun(
            project=self.project,
            directory=self.directory,
            policy_pack=self.project / "policies",
            console=Console(file=io.StringIO()),
        )

    @property
    def endpoint(self) -> lifecycle.Endpoint:
        endpoint = lifecycle.status(self.directory)
        assert endpoint is not None, "the embedded AWS does not run"
        return endpoint

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of the embedded account, over HTTP as any auditor's."""
        return Account(url=self.endpoint.aws_url, region=region).client(service)

    def resources(self, stack: str, type_name: str) -> list[dict[str, Any]]:
        """The resources of one type in the stack's state."""
        return [resource for resource in self.run.resources(stack) if resource["type"] == type_name]

    def end(self) -> None:
        """Leave no process behind, whatever the test did."""
        endpoint = lifecycle.status(self.directory)
        with suppress(Exception):
            lifecycle.stop(self.directory)
        if endpoint is not None and lifecycle.alive(endpoint.pid):
            with suppress(ProcessLookupError):
                os.kill(endpoint.pid, 9)


@pytest.fixture(scope="session")
def engine() -> install.Engine:
    return install.install(Console(stderr=True))


@pytest.fixture(scope="session")
def phi_in(engine: install.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Phi]]:
    """Make embedded runs of a project, each in a new folder; all are ended with the session."""
    made: list[Phi] = []

    def make(project: Path) -> Phi:
        made.append(Phi(project=project, directory=tmp_path_factory.mktemp("phi") / "run"))
        return made[-1]

    yield make
    for phi in made:
        phi.end()


@pytest.fixture(scope="session")
def staging(phi_in: Callable[[Path], Phi]) -> Phi:
    """The staging stack, deployed once and shared by the tests that leave it as they found it."""
    phi = phi_in(ROOT)
    phi("up", "staging")
    return phi


@pytest.fixture(scope="session")
def berthcare(phi_in: Callable[[Path], Phi]) -> Phi:
    """The berthcare stack, shared likewise. It has no data subnets: database and cache share the private ones."""
    phi = phi_in(ROOT)
    phi("up", "berthcare")
    return phi
