"""What is wrong with a stack's settings, said so that a person can act on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NAMESPACE = "phi-platform"
REGION_KEY = "aws:region"


def namespaced(name: str) -> str:
    """The key of a root setting as written in a stack file."""
    return REGION_KEY if name == "region" else f"{NAMESPACE}:{name}"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One wrong setting.

    path: the key as written in the stack file (`phi-platform:network.zones[1]`).   expected, found: in words.
    fix: what to do, a full sentence, or empty when `expected` says it all.
    """

    path: str
    expected: str
    found: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}." + (f" {self.fix}" if self.fix else "")


class SettingsError(Exception):
    """A stack cannot be built from its settings; lists every problem, one line each."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        where = f" in {source}" if source else " in the settings of this stack"
        super().__init__("\n".join([f"{count}{where}:", *(f"  {problem}" for problem in problems)]))
