"""What a check is, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from operations.state import Resource
from operations.verify.account import Account


class Answer(StrEnum):
    """What a check says of one subject.

    DIFFERS: somebody has to do something.   WARNS: somebody should look.
    NOT_APPLICABLE: the stack has nothing of the kind.   UNREADABLE: AWS did not tell; neither right nor wrong.
    """

    OK = "ok"
    DIFFERS = "differs"
    WARNS = "warns"
    NOT_APPLICABLE = "not applicable"
    UNREADABLE = "cannot be read"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One property of a subject: as the stack wants it, and as it is.   warns: whether a difference only warns."""

    what: str
    expected: Any
    found: Any
    warns: bool = False

    @property
    def answer(self) -> Answer:
        """Whether the two are the same."""
        if self.expected == self.found:
            return Answer.OK
        return Answer.WARNS if self.warns else Answer.DIFFERS


def seen(what: str, expected: Any, found: Any) -> Seen:
    """A property that must be as expected."""
    return Seen(what=what, expected=expected, found=found)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What `phi verify` reports, one property of one subject.

    check: its name.   subject: what was looked at, as AWS knows it.   what: the property.
    fix: what to do; empty when nothing is to be done.   requirements: ids the check holds.
    """

    check: str
    answer: Answer
    subject: str
    what: str
    expected: Any
    found: Any
    fix: str
    requirements: tuple[str, ...]


LooksAtResource = Callable[[Account, Resource], Iterable[Seen]]
LooksAtAccount = Callable[[Account], Iterable[Seen]]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question to the live account, asked of every resource of some types, or once.

    name: `<area>-<property>`.   requirements: ids it holds.   fix: what to do about a difference, one sentence.
    types: types of Pulumi resources it is asked of; empty: asked once, of the account.
    look: what it sees; nothing: not applicable.
    """

    name: str
    requirements: tuple[str, ...]
    fix: str
    types: tuple[str, ...]
    look: Callable[..., Iterable[Seen]]


CHECKS: list[Check] = []
"""Every check, in the order in which the modules of the areas are imported."""


def of(*types: str, name: str, requirements: tuple[str, ...], fix: str) -> Callable[[LooksAtResource], LooksAtResource]:
    """Ask a question of every resource of these types."""

    def register(look: LooksAtResource) -> LooksAtResource:
        CHECKS.append(Check(name=name, requirements=requirements, fix=fix, types=types, look=look))
        return look

    return register


def once(*, name: str, requirements: tuple[str, ...], fix: str) -> Callable[[LooksAtAccount], LooksAtAccount]:
    """Ask a question of the account as a whole."""

    def register(look: LooksAtAccount) -> LooksAtAccount:
        CHECKS.append(Check(name=name, requirements=requirements, fix=fix, types=(), look=look))
        return look

    return register
