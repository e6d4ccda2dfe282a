"""Requirements that this project does not build: whose duty each is, why, and what is offered for it here.

A row of the catalogue is either built and tested, or in this table; `tests/docs/test_requirements.py` holds that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Duty(StrEnum):
    """Who has to do what a requirement asks for."""

    APPLICATION = "the application"
    ORGANISATION = "the organisation"


@dataclass(frozen=True)
class Elsewhere:
    """Why a requirement is not built here.   offered: what is, so that its owner can do it."""

    duty: Duty
    offered: str


ELSEWHERE = {
    "BER-IAM-08": Elsewhere(
        Duty.ORGANISATION,
        "People who sign in to the console are not of a stack: the organisation's directory (IAM Identity Center) "
        "demands their second factor, and `detection.config` reports users without one. The one role for people, "
        "`identity.break_glass`, demands it itself.",
    ),
    "BER-IAM-10": Elsewhere(
        Duty.ORGANISATION,
        "Reviews are work of people. `phi check` names what is too wide at every change; docs/controls.md says what it "
        "looks at.",
    ),
    "FAC-CMP-12": Elsewhere(
        Duty.APPLICATION,
        "Where sessions are kept is decided in code. Here: a cache that evicts nothing (`cache.eviction`), reached "
        "from every instance with the token of its secret.",
    ),
    "FAC-EDG-05": Elsewhere(
        Duty.APPLICATION,
        "What the endpoint looks at is code. Here: its path (`compute.fleet.health_path`), and replacement by EC2's "
        "health, so that a failing store does not end every instance (FAC-N09).",
    ),
    "FAC-IAM-15": Elsewhere(
        Duty.ORGANISATION,
        "The root user and IAM users are the account's, and no stack makes one. `detection.config` reports those "
        "without a second factor.",
    ),
    "FAC-DR-08": Elsewhere(
        Duty.ORGANISATION,
        "The old server is outside AWS; docs/runbooks/migration.md only reads it, and says how long to keep it.",
    ),
    "MSP-STO-10": Elsewhere(
        Duty.APPLICATION,
        "Keys of objects are chosen by the code that writes them, below each user's own prefix (MSP-N07).",
    ),
}  # fmt: skip
