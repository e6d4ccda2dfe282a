"""What the engine's policy events say of a preview, beside what `phi check` says of the same stack file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from checking.judgement import judge, registered
from policies.judge import UNVERIFIED, Verdict
from policies.rules import RULES
from tests.policies.mutate import said

NOT_ON_MOCKS = {"provider-account-pinned", "provider-default-tags"}
"""Rules about the default provider, which the engine makes and mocks do not. Advisory."""


class Late(NamedTuple):
    """Mandatory rules that read what AWS gives a value only when its stack is made.   stacks: those that have it."""

    rules: set[str]
    stacks: set[str]


UNDECIDED = {
    "containerDefinitions": Late(  # ARNs of secrets end in six characters of AWS's choice, addresses of stores too
        {
            "ecs-container-logging", "ecs-env-no-secrets", "ecs-images-trusted", "ecs-log-group-hardened",
            "ecs-no-privileged", "ecs-non-root-user", "ecs-readonly-root",
        },
        {"lifeworld", "production", "staging"},
    ),
    "policy": Late(  # the id of the distribution
        {"cross-account-principal-allowlist", "s3-tls-only"}, {"berthcare", "mentalspace", "production", "staging"}
    ),
    "assumeRolePolicy": Late(  # the id of the identity pool
        {"iam-oidc-claims-bound", "iam-trust-external-bound", "iam-trust-not-wildcard"}, {"mentalspace"}
    ),
}  # fmt: skip
"""Property → what is judged in the first update, and only noted in the preview before it."""
LATER = {"s3-vpce-or-org-bound", "s3-foreign-key-uploads-denied"}
"""Advisory rules about bucket policies; those that name a distribution are not known before it exists."""


class Finding(NamedTuple):
    """One finding, the same from both sides.   level: `mandatory` or `advisory`."""

    rule: str
    urn: str
    message: str
    level: str


def of_engine(event_log: Path) -> set[Finding]:
    """The findings in an event log."""
    with event_log.open() as lines:
        events = [event["policyEvent"] for event in map(json.loads, lines) if "policyEvent" in event]
    return {
        Finding(event["policyName"], event["resourceUrn"], said(event["message"]), event["enforcementLevel"])
        for event in events
    }


def of_check(stack: str, file: Path) -> set[Finding]:
    """The findings of `phi check`, as the pack would tell them."""
    return {
        Finding(found.rule.id, found.urn, _told(found), "mandatory" if found.fails else "advisory")
        for found in judge(stack, file, *registered(file, stack)).verdicts
    }


def _told(found: Verdict) -> str:
    return found.message if found.waived is None else f"waived: {found.message} Reason: {found.waived}"


def prove_equal(event_log: Path, stack: str, file: Path) -> None:
    """A first preview found what `phi check` does; what is listed above, and nothing else, is decided in the update."""
    engine, check = of_engine(event_log), of_check(stack, file)
    assert len(engine & check) > 20
    notes = {found for found in engine if found.rule == UNVERIFIED}
    assert {found.rule for found in engine - check - notes} <= NOT_ON_MOCKS, sorted(engine - check - notes)
    assert {found.rule for found in check - engine} <= LATER, sorted(check - engine)

    undecided = {pair for note in notes for pair in _pairs(note.message)}
    assert undecided == {
        (rule, path) for path, late in UNDECIDED.items() if stack in late.stacks for rule in late.rules
    }
    mandatory = {rule.id for rule in RULES if rule.mandatory}
    excused = {found for found in engine if found.level == "advisory" and found.rule in mandatory}
    assert all(found.message.startswith("waived: ") for found in excused), sorted(excused)


def _pairs(note: str) -> set[tuple[str, str]]:
    """(rule, property) of what a note says is not decided: `rule: resource (property), …; rule: …`."""
    entries = note.partition("in it: ")[2].rstrip(".").split("; ")
    rules = [entry.partition(": ") for entry in entries]
    return {(rule, place.rpartition(" (")[2].rstrip(")")) for rule, _, places in rules for place in places.split(", ")}
