"""Progress on a terminal, and in a log."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from rich.console import Console

from operations.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(console: Console, seconds: Iterator[float]) -> str:
    with Progress(console, "Updating staging", clock=lambda: next(seconds)) as progress:
        progress.show("")
        progress.show("12 of 347 resources")
        progress.say("^C received; cancelling.")
        progress.show("340 of 347 resources")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_log_gets_the_title_a_line_every_ten_seconds_and_no_control_character() -> None:
    console = Console(file=io.StringIO(), width=80)
    assert told(console, iter([0.0, 4.0, 11.2, 15.0])) == (
        "Updating staging\nUpdating staging: 12 of 347 resources, 11 s\n^C received; cancelling.\n"
    )


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_a_pipeline_that_wants_colours_gets_no_moving_line(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    assert "\x1b[" not in told(Console(file=io.StringIO(), width=80), iter([0.0, 4.0, 11.2, 15.0]))


def test_a_terminal_shows_how_far_it_is_and_keeps_only_what_was_said() -> None:
    console = Console(file=Terminal(), width=80, force_terminal=True, color_system=None)
    written = told(console, iter([0.0, 4.0, 11.2, 15.0]))
    frames = re.split(r"\x1b\[[0-9;?]*[A-Za-z]", written)
    assert any("Updating staging" in frame for frame in frames)
    assert written.rstrip().endswith("\x1b[2K")
    assert "^C received" in written
