"""Findings for people (paragraphs), for programs (JSON) and for code-scanning views (SARIF 2.1.0)."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from checking.judgement import Judged
from operations.terminal import indented
from policies.baseline import fingerprint
from policies.judge import Verdict
from policies.rule import Rule, Severity

JSON_VERSION = 1
SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SCORES = {Severity.LOW: "3.0", Severity.MEDIUM: "5.5", Severity.HIGH: "8.0", Severity.CRITICAL: "9.5"}
_STYLES = {Severity.LOW: "dim", Severity.MEDIUM: "yellow", Severity.HIGH: "red", Severity.CRITICAL: "bold red"}


STATUSES = ("mandatory", "advisory", "waived", "baseline")


def status(verdict: Verdict) -> str:
    """One of STATUSES."""
    if verdict.waived is not None:
        return "waived"
    if verdict.accepted:
        return "baseline"
    return "mandatory" if verdict.fails else "advisory"


def show(judged: Judged, console: Console) -> None:
    """Print the findings, rule by rule, what must be fixed first, and how many there are of each status."""
    by_rule: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in judged.verdicts:
        by_rule.setdefault((status(verdict), verdict.rule.id), []).append(verdict)
    for (state, id), verdicts in sorted(
        by_rule.items(), key=lambda each: (STATUSES.index(each[0][0]), -each[1][0].rule.severity.rank)
    ):
        rule = verdicts[0].rule
        console.print(Text.assemble((f"{state}, {rule.severity}", _STYLES[rule.severity]), "  ", (id, "bold")))
        for verdict in verdicts:
            kind, _, name = verdict.urn.rpartition("::")
            console.print(indented(f"• {name} ({kind.rpartition('::')[2].rpartition('$')[2]}): {verdict.message}"))
        for reason in dict.fromkeys(verdict.waived for verdict in verdicts if verdict.waived is not None):
            console.print(indented(f"Waived: {reason}", "dim"))
        for name, fact in (("Fix", rule.remedy), ("Safeguard", rule.citation)):
            if fact:
                console.print(indented(f"{name}: {fact}", "dim"))
    counts = [f"{sum(status(verdict) == each for verdict in judged.verdicts)} {each}" for each in STATUSES]
    console.print(f"{judged.name}: {judged.resources} resources; findings: {', '.join(counts)}.", markup=False)


def as_json(judged: Judged) -> dict[str, Any]:
    """The findings as plain data. `version` changes when a key changes its meaning or goes."""
    return {
        "version": JSON_VERSION,
        "stack": judged.name,
        "resources": judged.resources,
        "failed": bool(judged.failing),
        "findings": [
            {
                "rule": verdict.rule.id,
                "title": verdict.rule.title,
                "severity": str(verdict.rule.severity),
                "status": status(verdict),
                "urn": verdict.urn,
                "message": verdict.message,
                "reason": verdict.waived,
                "hipaa": list(verdict.rule.hipaa),
                "pipeda": list(verdict.rule.pipeda),
                "fix": verdict.rule.remedy,
                "url": verdict.rule.url,
                "fingerprint": fingerprint(verdict.rule.id, verdict.urn, verdict.message),
            }
            for verdict in judged.verdicts
        ],
    }


def as_sarif(judged: Judged, rules: tuple[Rule, ...]) -> dict[str, Any]:
    """The findings as SARIF 2.1.0: one run, every rule of the pack, waived and accepted findings as suppressed."""
    index = {rule.id: position for position, rule in enumerate(rules)}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "phi-platform", "rules": [_rule(rule) for rule in rules]}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(verdict, judged, index) for verdict in judged.verdicts],
            }
        ],
    }


def _level(severity: Severity, mandatory: bool) -> str:
    """Mandatory findings are errors; advisory ones are warnings, or notes when little depends on them."""
    return "error" if mandatory else "note" if severity is Severity.LOW else "warning"


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title} ({rule.citation})" if rule.citation else rule.title},
        "help": {"text": rule.remedy},
        "helpUri": rule.url,
        "defaultConfiguration": {"level": _level(rule.severity, rule.mandatory)},
        "properties": {
            "hipaa": list(rule.hipaa),
            "pipeda": list(rule.pipeda),
            "severity": str(rule.severity),
            "security-severity": _SCORES[rule.severity],
            "tags": ["security", "HIPAA", "PIPEDA"],
        },
    }


def _result(verdict: Verdict, judged: Judged, index: dict[str, int]) -> dict[str, Any]:
    excuse = verdict.waived if verdict.waived is not None else "in the baseline" if verdict.accepted else None
    mandatory = verdict.rule.mandatory if verdict.mandatory is None else verdict.mandatory
    return {
        "ruleId": verdict.rule.id,
        "ruleIndex": index[verdict.rule.id],
        "level": _level(verdict.rule.severity, mandatory),
        "message": {"text": f"{verdict.message} Fix: {verdict.rule.remedy}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": judged.file.name},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {
                        "name": verdict.urn.rpartition("::")[2],
                        "fullyQualifiedName": verdict.urn,
                        "kind": "resource",
                    }
                ],
            }
        ],
        "partialFingerprints": {"phiFinding/v1": fingerprint(verdict.rule.id, verdict.urn, verdict.message)},
        "suppressions": [] if excuse is None else [{"kind": "external", "justification": excuse}],
    }
