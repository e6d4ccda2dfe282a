"""The engine's part in a review and in what follows it: preview, and update to a plan, on the backend in use."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from engine.install import Engine
from operations import plan
from operations.engine_call import QUIET, required, running
from operations.mistakes import Refused
from operations.review import events, masking
from operations.review.result import Review
from operations.terminal import errors, project

_POLICY_PACK = "PULUMI_OPTION_POLICY_PACK"


@contextmanager
def workplace() -> Generator[Path]:
    """A folder only this user can read, for plans and event logs, which tell more than a review may; removed after."""
    with tempfile.TemporaryDirectory(prefix="phi-review-") as folder:
        yield Path(folder)


def preview(stack: str, folder: Path, *, refresh: bool = False) -> Review:
    """Preview a stack with the policy pack; the plan of what was previewed is left at `plan_in(folder)`.

    refresh: ask AWS first what is really there.

    Raises Refused when there is no engine, or it ends without having previewed anything.
    """
    log = folder / "events"
    log.touch(mode=0o600)
    command = ["preview", "--event-log", str(log), "--save-plan", str(plan_in(folder)), *_options(stack)]
    if refresh:
        command.append("--refresh")
    engine = required()
    with errors.status(f"Previewing {stack}"):
        done = subprocess.run(
            [engine.pulumi, *command], cwd=project(), env=_environment(engine), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if not log.stat().st_size:
        said = done.stderr.strip() or done.stdout.strip()
        raise Refused(f"`pulumi preview` of {stack} fails: {masking.text(said)}")
    return events.read(log)


def plan_in(folder: Path) -> Path:
    """Where the plan of a preview is."""
    return folder / "plan.json"


def update(stack: str, folder: Path) -> None:
    """Update a stack to the plan in `folder`, the policies enforced; the engine previews it once more before.

    Raises Refused when the update fails, or would do what the plan does not hold.
    """
    command = ["up", "--yes", "--plan", str(plan_in(folder)), *_options(stack)]
    engine = required()
    done = subprocess.run(
        [engine.pulumi, *command], cwd=project(), env=_environment(engine), stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise Refused(
            f"The update of {stack} ended with exit code {done.returncode}; the engine says why above. What it had "
            "changed until then is in the state: `phi review` shows what is left to do."
        )


def _options(stack: str) -> list[str]:
    return ["--stack", stack, "--non-interactive", *QUIET]


def _environment(engine: Engine) -> dict[str, str]:
    pack = os.environ.get(_POLICY_PACK) or str(project() / "policies")
    return {**running(engine), **plan.ENVIRONMENT, _POLICY_PACK: pack}
