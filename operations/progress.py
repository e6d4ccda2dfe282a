"""How far a long command is: one line that moves on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

EVERY_SECONDS = 10


class Progress:
    """Progress of what `title` names, from `with` on.

    On a terminal it is gone in the end. Elsewhere the title is a line of its own, followed by one every ten seconds.
    """

    def __init__(self, console: Console, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._title = title
        self._clock = clock
        self._status = console.status(title) if console.is_interactive and console.file.isatty() else None

    def __enter__(self) -> Self:
        self._started = self._written = self._clock()
        if self._status is None:
            self.say(self._title)
        else:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, state: str) -> None:
        """Tell how far it is, in words; empty when there is nothing to tell yet."""
        now = self._clock()
        line = f"{self._title}: {state and state + ', '}{now - self._started:.0f} s"
        if self._status is not None:
            self._status.update(Text(line))
        elif now - self._written >= EVERY_SECONDS:
            self._written = now
            self.say(line)

    def say(self, message: str) -> None:
        """Print a message that stays."""
        self._console.print(message, markup=False, highlight=False, soft_wrap=True)
