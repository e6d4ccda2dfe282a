"""Evidence for people: one HTML file without anything beside it, for a screen, a phone and paper."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from checking.evidence import Control, Evidence, Outcome

TEMPLATE = "evidence.html.j2"

WORDS = {
    Outcome.FAILED: "failed",
    Outcome.UNDECIDED: "not decidable",
    Outcome.WAIVED: "waived",
    Outcome.ACCEPTED: "accepted",
    Outcome.PASSED: "passed",
    Outcome.ABSENT: "nothing to judge",
}
"""What the report calls an outcome."""

MEANINGS = {
    Outcome.FAILED: "a finding that nothing excuses",
    Outcome.UNDECIDED: "a value is only known after an update, or the rule itself failed",
    Outcome.WAIVED: "findings covered by a waiver with a reason, an owner and a last day",
    Outcome.ACCEPTED: "findings in the baseline file",
    Outcome.PASSED: "looked at, and nothing found",
    Outcome.ABSENT: "the stack has no resource the rule is about",
}


def render(evidence: Evidence) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    page = environment.get_template(TEMPLATE)
    return page.render(
        evidence=evidence,
        Outcome=Outcome,
        words=WORDS,
        meanings=MEANINGS,
        laws=[("HIPAA", "HIPAA Security Rule, 45 CFR"), ("PIPEDA", "PIPEDA, Schedule 1 and the Act")],
        tally=_tally,
    )


def _tally(control: Control) -> str:
    """How many resources have which outcome: `12 passed, 1 waived`."""
    return ", ".join(f"{len(found)} {WORDS[outcome]}" for outcome in Outcome if (found := control.of(outcome)))
