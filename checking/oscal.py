"""Evidence for machines: OSCAL assessment results, in JSON.

Source: NIST, "OSCAL Assessment Results Model v1.2.1: JSON Format Reference". Safeguards are the findings, rules the
observations, resources the inventory items; a waiver is a risk whose deviation is approved.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID, uuid5

from checking.evidence import Answer, Control, Evidence, Outcome, citations
from policies.waivers import Waiver

VERSION = "1.2.1"
_NAMESPACE = UUID("6f1f3a0e-52d4-5c5e-9a38-0f3f0f1f7c11")
PROPERTIES = "https://phi-platform.example.org/ns/oscal"
"""Namespace of the properties that OSCAL has no name for."""

_STATES = {
    Outcome.PASSED: ("satisfied", "pass"),
    Outcome.WAIVED: ("satisfied", "other"),
    Outcome.ACCEPTED: ("satisfied", "other"),
    Outcome.FAILED: ("not-satisfied", "fail"),
    Outcome.UNDECIDED: ("not-satisfied", "other"),
}


def assessment_results(evidence: Evidence) -> dict[str, Any]:
    """The document. The same evidence gives the same document, identifiers included."""
    return {"assessment-results": _Document(evidence).results()}


def control_id(citation: str) -> str:
    """A token for a citation: `hipaa-164.312-a-2-iv` for `HIPAA 164.312(a)(2)(iv)`."""
    return re.sub(r"[^a-z0-9.]+", "-", citation.lower()).strip("-")


class _Document:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._run = f"{evidence.stack} {evidence.source.digest} {evidence.pack_digest} {evidence.collected.isoformat()}"

    def results(self) -> dict[str, Any]:
        evidence = self._evidence
        return {
            "uuid": self._id("document"),
            "metadata": {
                "title": f"Technical safeguards of the stack {evidence.stack}",
                "last-modified": evidence.collected.isoformat(),
                "version": evidence.pack_version,
                "oscal-version": VERSION,
                "props": [_property(f"version-{_token(name)}", text) for name, text in evidence.versions.items()],
            },
            "import-ap": {"href": f"#{self._id('plan')}"},
            "results": [self._result()],
            "back-matter": {"resources": [self._plan(), self._judged()]},
        }

    def _result(self) -> dict[str, Any]:
        evidence = self._evidence
        cited = dict.fromkeys(citation for control in evidence.controls for citation in citations(control.rule))
        judged = [control for control in evidence.controls if control.answers]
        optional = {"risks": [risk for control in judged for risk in self._risks(control)]}
        return {
            "uuid": self._id("result"),
            "title": f"{evidence.stack}, {evidence.jurisdiction}",
            "description": (
                f"{len(evidence.controls)} rules over {evidence.resources} resources, as the {evidence.source.kind} "
                f"{evidence.source.name} tells them."
            ),
            "start": evidence.collected.isoformat(),
            "end": evidence.collected.isoformat(),
            "props": [
                _property("source-sha-256", evidence.source.digest),
                _property("pack-sha-256", evidence.pack_digest),
                *(_property("disabled-rule", id) for id in evidence.disabled),
            ],
            "local-definitions": {"inventory-items": self._inventory(judged)},
            "reviewed-controls": {
                "control-selections": [{"include-controls": [{"control-id": control_id(each)} for each in cited]}]
            },
            "observations": [each for control in judged for each in self._observations(control)],
            **{name: value for name, value in optional.items() if value},
            "findings": [self._finding(citation, judged) for citation in cited if self._serving(citation, judged)],
        }

    def _inventory(self, judged: list[Control]) -> list[dict[str, Any]]:
        answers = {answer.urn: answer for control in judged for answer in control.answers}
        return [
            {
                "uuid": self._item(urn),
                "description": f"{answer.type} {answer.name}",
                "props": [{"name": "asset-id", "value": urn}],
            }
            for urn, answer in answers.items()
        ]

    def _observations(self, control: Control) -> list[dict[str, Any]]:
        """One for each outcome that the rule has, with the resources it has it on."""
        evidence, rule = self._evidence, control.rule
        return [
            {
                "uuid": self._observation(control, outcome),
                "title": rule.title,
                "description": f"{rule.id}: {outcome} on {len(answers)}.",
                "props": [
                    _property("rule", rule.id),
                    _property("outcome", outcome),
                    _property("severity", rule.severity),
                    _property("enforcement", "mandatory" if rule.mandatory else "advisory"),
                ],
                "links": [{"href": rule.url, "rel": "reference"}],
                "methods": ["TEST"],
                "types": ["finding" if outcome is Outcome.FAILED else "control-objective"],
                "subjects": [self._subject(answer) for answer in answers],
                "collected": evidence.collected.isoformat(),
                **({"remarks": f"Not judged: {control.limit}"} if control.limit else {}),
            }
            for outcome in Outcome
            if (answers := control.of(outcome))
        ]

    def _subject(self, answer: Answer) -> dict[str, Any]:
        said = " ".join(answer.messages)
        return {
            "subject-uuid": self._item(answer.urn),
            "type": "inventory-item",
            "title": answer.name,
            **({"remarks": said} if said else {}),
        }

    def _risks(self, control: Control) -> list[dict[str, Any]]:
        """Failures, which are open, and waivers, which are approved deviations with a last day."""
        risks: list[dict[str, Any]] = []
        for outcome, status in ((Outcome.FAILED, "open"), (Outcome.WAIVED, "deviation-approved")):
            for answer in control.of(outcome):
                waiver = self._waiver(control, answer)
                risk: dict[str, Any] = {
                    "uuid": self._id("risk", control.rule.id, answer.urn, outcome),
                    "title": f"{control.rule.title}: {answer.name}",
                    "description": " ".join(answer.messages),
                    "statement": answer.reason or control.rule.remedy,
                    "status": status,
                    "related-observations": [{"observation-uuid": self._observation(control, outcome)}],
                }
                if waiver is not None and outcome is Outcome.WAIVED:
                    risk["props"] = [_property("waiver-owner", waiver.owner)]
                    risk["deadline"] = datetime.combine(waiver.until, time(23, 59, 59), UTC).isoformat()
                risks.append(risk)
        return risks

    def _waiver(self, control: Control, answer: Answer) -> Waiver | None:
        """The waiver that excuses what a control says of a resource."""
        for waiver in self._evidence.waivers:
            if any(waiver.covers(control.rule.id, answer.urn, said, waiver.until) for said in answer.messages):
                return waiver
        return None

    def _finding(self, citation: str, judged: list[Control]) -> dict[str, Any]:
        serving = self._serving(citation, judged)
        worst = next(outcome for outcome in Outcome if any(control.outcome is outcome for control in serving))
        state, reason = _STATES[worst]
        return {
            "uuid": self._id("finding", citation),
            "title": citation,
            "description": f"{len(serving)} rules serve {citation}; the worst outcome is {worst}.",
            "target": {
                "type": "objective-id",
                "target-id": control_id(citation),
                "status": {"state": state, "reason": reason, "remarks": f"Worst outcome of its rules: {worst}."},
            },
            "related-observations": [
                {"observation-uuid": self._observation(control, outcome)}
                for control in serving
                for outcome in Outcome
                if control.of(outcome)
            ],
        }

    @staticmethod
    def _serving(citation: str, judged: list[Control]) -> list[Control]:
        return [control for control in judged if citation in citations(control.rule)]

    def _plan(self) -> dict[str, Any]:
        return {
            "uuid": self._id("plan"),
            "title": "The policy pack, which is the plan of this assessment",
            "description": (
                "Rules of the pack phi-platform, judged automatically. There is no assessment plan beside it. "
                f"SHA-256 over its files: {self._evidence.pack_digest}."
            ),
        }

    def _judged(self) -> dict[str, Any]:
        source = self._evidence.source
        return {
            "uuid": self._id("source"),
            "title": f"The {source.kind}: {source.name}",
            "description": "What was judged; kept by its owner, not enclosed.",
            "rlinks": [{"href": source.name, "hashes": [{"algorithm": "SHA-256", "value": source.digest}]}],
        }

    def _id(self, *parts: str) -> str:
        return str(uuid5(_NAMESPACE, "\n".join((self._run, *parts))))

    def _item(self, urn: str) -> str:
        """A resource has the same identifier in every report."""
        return str(uuid5(_NAMESPACE, urn))

    def _observation(self, control: Control, outcome: Outcome) -> str:
        return self._id("observation", control.rule.id, outcome)


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": PROPERTIES, "value": value}


def _token(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).lower()
