"""What `phi local` tells of previews, updates and outputs: what matters in full, the rest counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from operations import engine_events, plan
from operations.engine_events import Diagnostic
from operations.review import events, shown
from operations.review.result import Change, Finding, Review
from operations.watched import Ended

FEW = 30
"""So many changes are listed one by one; more are counted by component."""
FOLDED_LINES = 3
UNVERIFIED = "unverified-control-reported"
"""The pack's note of the controls that read what is not known before the update."""
ENGINE_FAILED = {"preview failed", "update failed"}
"""What the engine says when a policy refused: the findings say why."""


class Word(NamedTuple):
    """How an operation of the engine is shown."""

    sign: str
    planned: str
    done: str
    style: str


WORDS = {
    "create": Word("+", "to create", "created", "green"),
    "import": Word("=", "to import", "imported", "green"),
    "update": Word("~", "to update", "updated", "yellow"),
    "replace": Word("+-", "to replace", "replaced", "magenta"),
    "delete": Word("-", "to delete", "deleted", "red"),
    "read": Word(">", "to read", "read", "cyan"),
    "same": Word("", "unchanged", "unchanged", "dim"),
}
OUTCOMES = {"up": "Updated", "refresh": "Refreshed", "destroy": "Destroyed"}


class Report:
    """What the engine commands on one stack have come to; a finding and a message are told once."""

    def __init__(self, stack: str, console: Console) -> None:
        self.stack = stack
        self.console = console
        self._findings: set[Finding] = set()
        self._diagnostics: set[Diagnostic] = set()

    def preview(self, ended: Ended) -> None:
        """Tell what would change, what the policies say, and what went wrong."""
        summary = engine_events.summary(ended.events)
        if summary is not None:
            self._plan(ended, summary)
        new = self._new_findings(ended)
        self._mandatory(new)
        if summary is not None:
            packs = ", ".join(f"{name} {version}" for name, version in summary.packs.items())
            refused = sum(finding.mandatory for finding in new)
            says = f"refused, {_count(refused, 'mandatory finding')}" if refused else "nothing refused"
            self._line(f"Policies ({packs}): {says}" if packs else "No policy pack judged this preview.")
        self._counted(new)
        self._problems(ended, refused=any(finding.mandatory for finding in new))
        if ended.code:
            self._line("Nothing was changed.")
        self._line(
            f"In full: `phi local run --stack {self.stack} -- preview --refresh`.",
            style="dim",
        )

    def outcome(self, command: str, ended: Ended) -> None:
        """Tell what an engine command has done (one of OUTCOMES), what the policies say more, and what went wrong."""
        summary = engine_events.summary(ended.events)
        if summary is not None:
            what = f"`pulumi {command}` of {self.stack} failed" if ended.code else f"{OUTCOMES[command]} {self.stack}"
            self._line(f"{what} after {summary.seconds} s{':' if summary.changes else '.'}")
            self._counts(summary.changes, done=True)
        new = self._new_findings(ended)
        self._mandatory(new)
        self._counted(new, more="more ")
        self._problems(ended, refused=any(finding.mandatory for finding in new))
        if ended.code and command != "refresh":
            self._line("What was done until then is kept: the same command goes on from there.")

    def outputs(self, outputs: Mapping[str, Any]) -> None:
        """Print the outputs of the stack, long ones folded."""
        table = Table(title=f"{self.stack} on the embedded AWS", title_justify="left")
        table.add_column("Output", no_wrap=True)
        table.add_column("Value", overflow="fold")
        whole = True
        for name, value in outputs.items():
            lines = _lines(value)
            more = len(lines) - FOLDED_LINES
            if more > 1:
                whole = False
                lines = [*lines[:FOLDED_LINES], f"… and {more} more"]
            table.add_row(name, "\n".join(lines))
        self.console.print()
        self.console.print(table, markup=False, highlight=False)
        if not whole:
            self._line(f"Whole values: `phi local run --stack {self.stack} -- stack output --json`.", style="dim")

    # Parts

    def _plan(self, ended: Ended, summary: engine_events.Summary) -> None:
        if not plan.changes_something(ended.events):
            same = summary.changes["same"]
            self._line(f"{self.stack}: nothing to change, {same} resources are as described ({summary.seconds} s).")
            return
        broken = any(
            each.severity == "error" and each.message not in ENGINE_FAILED
            for each in engine_events.diagnostics(ended.events)
        )
        so_far = ", as far as it came" if broken else ""
        self._line(f"Plan of {self.stack}{so_far} ({summary.seconds} s):")
        self._counts(summary.changes, done=False)
        reviewed = events.review(ended.events, source="the preview")
        shown.losses(self.console, reviewed)
        changes = [change for change in reviewed.changes if not _default_provider(change)]
        if len(changes) >= FEW:
            self.console.print(_by_component(changes, engine_events.components(ended.events)))
            changes = [change for change in changes if change.operation in ("replace", "delete")]
        if changes:
            self.console.print(shown.table(changes))
        self._changed_outputs(reviewed)

    def _changed_outputs(self, reviewed: Review) -> None:
        names = sorted({each.path.partition(".")[0].partition("[")[0] for each in reviewed.outputs})
        if names:
            self._line(f"    outputs that change: {', '.join(names) if len(names) < FEW else len(names)}")

    def _counts(self, changes: Mapping[str, int], *, done: bool) -> None:
        for operation, count in sorted(changes.items(), key=lambda each: each[0] == "same"):
            word = WORDS.get(operation, Word("", operation, operation, ""))
            self._line(f"    {f'{word.sign} {count}'.strip()} {word.done if done else word.planned}", style=word.style)

    def _new_findings(self, ended: Ended) -> list[Finding]:
        new = [finding for finding in events.findings(ended.events) if finding not in self._findings]
        self._findings.update(new)
        return new

    def _mandatory(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if finding.mandatory:
                self.console.print(f"[bold red]\\[mandatory][/] [bold]{finding.rule}[/]", end="  ", highlight=False)
                self._line(f"{_resource(finding.urn)}, severity {finding.severity}")
                self._line(f"    {finding.message}")
                facts = {"Safeguard": finding.safeguard, "Fix": finding.fix, "More": finding.url}
                for name, fact in facts.items():
                    if fact:  # findings of another pack have none
                        self._line(f"    {name}: {fact}")

    def _counted(self, findings: Iterable[Finding], more: str = "") -> None:
        rest = [finding for finding in findings if not finding.mandatory]
        notes = [finding for finding in rest if finding.rule == UNVERIFIED]
        waived = [finding for finding in rest if finding.waived]
        advisory = [finding for finding in rest if not finding.waived and finding.rule != UNVERIFIED]
        said = [
            f"{len(found)} {more}{kind} ({_count(len({finding.rule for finding in found}), 'rule')})"
            for kind, found in (("advisory", advisory), ("waived", waived))
            if found
        ]
        if said:
            self._line(f"    {', '.join(said)}: `phi check {self.stack}` lists them.")
        for note in notes:
            rules = _count(len(note.message.partition("in it: ")[2].split("; ")), "rule")
            self._line(f"    {rules} could not be verified yet: the update judges them again.")

    def _problems(self, ended: Ended, *, refused: bool) -> None:
        said = [
            each
            for each in engine_events.diagnostics(ended.events)
            if not (refused and each.message.strip() in ENGINE_FAILED)
        ]
        for diagnostic in said:
            if diagnostic.severity == "error" or diagnostic not in self._diagnostics:
                self._diagnostic(diagnostic)
        self._diagnostics.update(said)
        if ended.errors:
            self._line(ended.errors, style="red" if ended.code else "")
        if ended.code and not (refused or ended.errors or any(each.severity == "error" for each in said)):
            self._line(ended.display)

    def _diagnostic(self, diagnostic: Diagnostic) -> None:
        severity = "" if diagnostic.severity == "info" else f"{diagnostic.severity}: "
        about = f"{_resource(diagnostic.urn)}: " if diagnostic.urn else ""
        style = {"error": "red", "warning": "yellow"}.get(diagnostic.severity, "")
        self._line(f"{severity}{about}{diagnostic.message}", style=style)

    def _line(self, text: str, *, style: str = "") -> None:
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _count(number: int, of: str) -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"


def _default_provider(change: Change) -> bool:
    return change.type.startswith("pulumi:providers:") and change.name.startswith("default")


def _by_component(changes: Iterable[Change], components: Mapping[str, str]) -> Table:
    counted: dict[str, Counter[str]] = {}
    for change in changes:
        counted.setdefault(components[change.urn], Counter())[change.operation] += 1
    operations = [operation for operation in WORDS if any(operation in count for count in counted.values())]
    table = Table("Component")
    for operation in operations:
        table.add_column(operation, justify="right")
    for name, count in sorted(counted.items(), key=lambda each: (-each[1].total(), each[0])):
        table.add_row(escape(name), *(str(count[operation] or "") for operation in operations))
    return table


def _resource(urn: str) -> str:
    """A resource as a person knows it: `records (aws:s3:Bucket)`."""
    *_, types, name = urn.split("::")
    return f"{name} ({shown.short(types.rpartition('$')[2])})"


def _lines(value: object) -> list[str]:
    """A value as the lines of a table's cell: a map and a list have one for each member."""
    if isinstance(value, dict):
        return [f"{key}: {text(each)}" for key, each in cast("dict[str, Any]", value).items()]
    if isinstance(value, list):
        return [text(each) for each in cast("list[Any]", value)]
    return [text(value)]


def text(value: object) -> str:
    """A value in a table cell: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
