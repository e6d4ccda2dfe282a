"""What a command of `phi` ends with when it cannot do its work."""

from __future__ import annotations

FINDING = 1  # the answer is not the wanted one
MISTAKE = 2  # in the command line or in what it names
FAILED = 3  # AWS or the database refused, or could not be reached


class Mistake(Exception):
    """What the person at the terminal can put right, in a sentence or two; exit code 2."""


class Refused(Exception):
    """Why AWS, the database or a tool could not do what was asked, and what to do about it; exit code 3."""
