"""What a property must be: the words of `rule.requires`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .values import View


@dataclass(frozen=True)
class Expectation:
    """problem: what is wrong with the value at a path, as the rest of a sentence that begins with the path, or None.

    remedy: what to do, for a path.
    """

    problem: Callable[[View, str], str | None]
    remedy: Callable[[str], str]


def _simple(wrong: Callable[[View, str], bool], problem: str, remedy: str) -> Expectation:
    return Expectation(lambda view, path: problem if wrong(view, path) else None, lambda path: remedy.format(path))


TRUE = _simple(lambda view, path: view.flag(path) is not True, "must be true", "set {}: true")
"""True; absent is wrong."""
FALSE = _simple(lambda view, path: view.flag(path) is not False, "must be false", "set {}: false")
"""False, where AWS's default is true; absent is wrong."""
NOT_TRUE = _simple(lambda view, path: view.flag(path) is True, "must not be true", "set {}: false, or remove it")
"""False or absent."""
NOT_FALSE = _simple(lambda view, path: view.flag(path) is False, "must not be false", "remove {}: false")
"""True or absent, where AWS's default is true."""
SET = _simple(lambda view, path: not view.has(path), "is not set", "set {}")
"""Something, known or not."""
UNSET = _simple(lambda view, path: view.given(path), "must not be set", "remove {}")
"""Nothing."""


def one_of(*values: str, or_none: bool = False) -> Expectation:
    """One of these texts.   or_none: absent is right too."""
    words = " or ".join(values)

    def problem(view: View, path: str) -> str | None:
        found = view.text(path)
        if found in values or (or_none and found is None):
            return None
        return f"must be {words}"

    return Expectation(problem, lambda path: f"set {path} to {words}")


def none_of(*values: str) -> Expectation:
    """Any text but these, or nothing."""
    words = " or ".join(values)

    def problem(view: View, path: str) -> str | None:
        return f"must not be {words}" if view.text(path) in values else None

    return Expectation(problem, lambda path: f"set {path} to something other than {words}")


def at_least(least: float, *, absent: float = 0) -> Expectation:
    """A number of this size or more.   absent: what AWS takes when nothing is set."""

    def problem(view: View, path: str) -> str | None:
        found = view.number(path)
        found = absent if found is None else found
        return f"must be {least:g} or more, found {found:g}" if found < least else None

    return Expectation(problem, lambda path: f"set {path} to {least:g} or more")


def at_most(most: float, *, absent: float = 0) -> Expectation:
    """A number of this size or less.   absent: what AWS takes when nothing is set."""

    def problem(view: View, path: str) -> str | None:
        found = view.number(path)
        found = absent if found is None else found
        return f"must be {most:g} or less, found {found:g}" if found > most else None

    return Expectation(problem, lambda path: f"set {path} to {most:g} or less")


def _not_own(view: View, path: str) -> bool:
    if not view.has(path):
        return True
    return not view.unknown(path) and "alias/aws/" in (view.text(path) or "")


OWN_KEY = _simple(_not_own, "must name a customer key", "set {} to the ARN of a customer key")
"""A customer key of KMS: set, and not the alias of a key that AWS manages."""
