"""What a judgement proves: safeguard → controls → resources, each with its outcome.

An outcome is what can be seen in a plan or a state, not an organisation's compliance.
"""

from __future__ import annotations

import hashlib
import platform
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from importlib import metadata
from pathlib import Path

import yaml

import policies
from checking.judgement import Judged
from policies.judge import Verdict
from policies.rule import Rule, limits
from policies.rules import RULES
from policies.safeguards import SAFEGUARDS, standard
from policies.waivers import Waiver

PACK = Path(policies.__file__).parent
PACKAGES = ("phi-platform", "pulumi", "pulumi-aws", "pulumi-policy")


class Outcome(StrEnum):
    """How a control stands, worst first."""

    FAILED = "failed"
    UNDECIDED = "undecided"
    WAIVED = "waived"
    ACCEPTED = "accepted"
    PASSED = "passed"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a control says of one resource.

    messages: its findings, or the path of the value that is not known.   reason: of the waiver that excuses them.
    """

    urn: str
    outcome: Outcome
    messages: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]

    @property
    def type(self) -> str:
        """The resource's type, without the types of its parents: `aws:s3/bucket:Bucket`."""
        return self.urn.rpartition("::")[0].rpartition("::")[2].rpartition("$")[2]


@dataclass(frozen=True, kw_only=True)
class Control:
    """A rule, and its answers: none when the stack has nothing it looks at.   limit: what it does not see."""

    rule: Rule
    answers: tuple[Answer, ...]

    @cached_property
    def outcome(self) -> Outcome:
        """The worst of its answers."""
        found = {answer.outcome for answer in self.answers}
        return next((outcome for outcome in Outcome if outcome in found), Outcome.ABSENT)

    @property
    def limit(self) -> str | None:
        return limits().get(self.rule.id)

    def of(self, outcome: Outcome) -> list[Answer]:
        return [answer for answer in self.answers if answer.outcome is outcome]


@dataclass(frozen=True, kw_only=True)
class Safeguard:
    """A standard of the law, and the controls that serve it; none: no rule can judge it.

    citation: `HIPAA 164.312(a)` or `PIPEDA 4.7`.
    """

    citation: str
    title: str
    controls: tuple[Control, ...]

    @property
    def law(self) -> str:
        return self.citation.partition(" ")[0]

    @cached_property
    def outcome(self) -> Outcome:
        """The worst of its controls that found something to look at."""
        found = {control.outcome for control in self.controls}
        return next((outcome for outcome in Outcome if outcome in found), Outcome.ABSENT)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What was judged.

    kind: how its resources are known: `program` (before anything is created) or `state` (as last deployed).
    digest: SHA-256 of the stack file or of the state, in hex.
    """

    kind: str
    name: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything a report says.

    collected: when, UTC.   pack_digest: SHA-256 over the policies' files, in hex.   versions: name → version.
    waivers: those in use.   disabled: rules that the pack's configuration turned off, by id.
    """

    stack: str
    jurisdiction: str
    resources: int
    collected: datetime
    source: Source
    pack_version: str
    pack_digest: str
    versions: Mapping[str, str]
    controls: tuple[Control, ...]
    waivers: tuple[Waiver, ...]
    disabled: tuple[str, ...]

    @cached_property
    def safeguards(self) -> tuple[Safeguard, ...]:
        """Every standard of both laws, then other citations, each with its controls."""
        by_citation: dict[str, list[Control]] = defaultdict(list)
        for control in self.controls:
            for citation in dict.fromkeys(map(standard, citations(control.rule))):
                by_citation[citation].append(control)
        others = sorted(by_citation.keys() - SAFEGUARDS.keys())
        return tuple(
            Safeguard(
                citation=citation, title=SAFEGUARDS.get(citation, ""), controls=tuple(by_citation.get(citation, ()))
            )
            for citation in (*SAFEGUARDS, *others)
        )

    @cached_property
    def counts(self) -> Counter[Outcome]:
        """Controls by their outcome."""
        return Counter(control.outcome for control in self.controls)

    @property
    def failing(self) -> list[Control]:
        """Controls with findings that nothing excuses, mandatory ones first, and the worst of each."""
        failed = [control for control in self.controls if control.outcome is Outcome.FAILED]
        return sorted(failed, key=lambda control: (not control.rule.mandatory, -control.rule.severity.rank))


def gather(judged: Judged, source: Source, *, now: datetime | None = None) -> Evidence:
    """The evidence in a judgement."""
    by_rule: dict[str, dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for verdict in judged.verdicts:
        by_rule[verdict.rule.id][verdict.urn].append(verdict)
    unknown = {(rule.id, urn): path for rule, urn, path in judged.judge.doubts}
    controls = [
        Control(
            rule=rule,
            answers=tuple(
                _answer(urn, by_rule[rule.id].get(urn, []), unknown.get((rule.id, urn)))
                for urn in dict.fromkeys((*judged.judge.subjects(rule, judged.stack), *by_rule[rule.id]))
            ),
        )
        for rule in RULES
        if rule.id not in judged.disabled
    ]
    return Evidence(
        stack=judged.name,
        jurisdiction=judged.judge.config.jurisdiction,
        resources=judged.resources,
        collected=now or datetime.now(UTC).replace(microsecond=0),
        source=source,
        pack_version=str(yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())["version"]),
        pack_digest=pack_digest(),
        versions=_versions(),
        controls=tuple(controls),
        waivers=tuple(waiver for waiver in judged.judge.waivers if waiver.used),
        disabled=tuple(sorted(judged.disabled)),
    )


def citations(rule: Rule) -> list[str]:
    """Every legal reference of a rule: `HIPAA 164.312(a)(2)(iv)`, `PIPEDA 4.7.3`."""
    return [*(f"HIPAA {text}" for text in rule.hipaa), *(f"PIPEDA {clause}" for clause in rule.pipeda)]


def pack_digest(folder: Path = PACK) -> str:
    """SHA-256 over the pack: path and content of every file but compiled ones, in the order of their paths."""
    total = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            total.update(f"{file.relative_to(folder).as_posix()}\0{sha256(file.read_bytes())}\n".encode())
    return total.hexdigest()


def sha256(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def _answer(urn: str, verdicts: list[Verdict], unknown: str | None) -> Answer:
    """One answer of what may be several findings: the worst of them, with the messages of that outcome."""
    by_outcome: dict[Outcome, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_outcome[_outcome(verdict)].append(verdict)
    if unknown is not None and Outcome.FAILED not in by_outcome:
        return Answer(urn=urn, outcome=Outcome.UNDECIDED, messages=(f"{unknown} is not known yet.",))
    for outcome in Outcome:
        if outcome in by_outcome:
            found = by_outcome[outcome]
            return Answer(
                urn=urn, outcome=outcome, messages=tuple(each.message for each in found), reason=found[0].waived
            )
    return Answer(urn=urn, outcome=Outcome.PASSED)


def _outcome(verdict: Verdict) -> Outcome:
    if verdict.broken:
        return Outcome.UNDECIDED
    if verdict.waived is not None:
        return Outcome.WAIVED
    return Outcome.ACCEPTED if verdict.accepted else Outcome.FAILED


def _versions() -> dict[str, str]:
    return {"Python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}
