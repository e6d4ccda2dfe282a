"""An engine command, watched through its event log while it runs."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations import plan
from operations.engine_call import QUIET
from operations.engine_events import EventLog, uncoloured
from operations.progress import Progress

EVERY_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an engine command ended.

    code: its exit code.   events: its event log.   resources: how many it has worked on.   display: what it printed
    itself.   errors: what it printed to stderr, such as why it could not start.
    """

    code: int
    events: list[dict[str, Any]]
    resources: int
    display: str
    errors: str


def watch(
    command: list[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    progress: Progress,
    resources: int | None = None,
) -> Ended:
    """Run an engine command to its end, its progress shown and its own display kept. Ctrl-C is the engine's to handle.

    log: file of its event log, removed in the end.   resources: how many it will work on, when that is known.
    """
    followed = EventLog(log)
    try:
        with tempfile.TemporaryFile() as display, tempfile.TemporaryFile() as errors, progress, interrupts_ignored():
            process = subprocess.Popen(
                [*command, "--event-log", str(log), "--non-interactive", *QUIET],
                cwd=folder, env={**environment, **plan.ENVIRONMENT},
                stdin=subprocess.DEVNULL, stdout=display, stderr=errors,
            )  # fmt: skip
            code = None
            while code is None:
                with suppress(subprocess.TimeoutExpired):
                    code = process.wait(EVERY_SECONDS)
                for event in followed.follow():
                    if "stdoutEvent" in event:  # what Ctrl-C does
                        progress.say(uncoloured(event["stdoutEvent"]["message"]).strip())
                progress.show(done(followed, resources))
            return Ended(
                code=code,
                events=followed.events,
                resources=len(followed.done),
                display=_text(display),
                errors=_text(errors),
            )
    finally:
        log.unlink(missing_ok=True)


@contextmanager
def interrupts_ignored() -> Generator[None]:
    """Ctrl-C reaches the engine, which ends in its own way; this process waits for it."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def done(log: EventLog, resources: int | None) -> str:
    """How far a command is, in words."""
    if log.refreshed and not log.done:
        return f"{len(log.refreshed)} resources refreshed"
    if not log.done:
        return ""
    total = resources or len(log.refreshed)
    return f"{len(log.done)} of {total} resources" if len(log.done) <= total else f"{len(log.done)} resources"


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode(errors="replace").strip()
