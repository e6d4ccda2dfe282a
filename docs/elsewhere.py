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
    "BER-OPS-15": Elsewhere(
        Duty.ORGANISATION,
        "Commitments are bought for an account, not for a stack, and when staging may rest is decided by who works "
        "with it: `aws rds stop-db-instance` stops its database for seven days at most. Here: `phi cost` tells what "
        "each part costs on demand, sizes are lines of the stack file, objects go to an archive class by "
        "`storage.buckets`.",
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
    "FAC-OPS-08": Elsewhere(
        Duty.ORGANISATION,
        "Who is on call and who writes to users are people (docs/runbooks/incident.md). Here: every pushed image is "
        "scanned, and `phi release` refuses critical findings; the fleet's instances are replaced with patched ones "
        "every month, or at once by a command; minor versions of the database come by themselves.",
    ),
    "FAC-OPS-09": Elsewhere(
        Duty.APPLICATION,
        "Its tests and its load are the application's, run against staging. Here: production follows staging in "
        "`deploy.yml`, the policies judge both before anything is made, `phi verify` asks the account afterwards.",
    ),
    "FAC-OPS-28": Elsewhere(
        Duty.ORGANISATION,
        "Reserved instances are bought for an account; about US$108 a month, not US$160 (FAC-N20). Here: `phi cost` "
        "tells what each part costs, transfer too; of copied snapshots only the newest are kept "
        "(`recovery.snapshot_copies.keep`).",
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
