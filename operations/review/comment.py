"""A review as the Markdown of a pull request's comment: what loses data on top, detail folded, no secret in it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from operations.review.masking import SECRET
from operations.review.result import Change, Finding, Operation, Property, Review

GITHUB_LIMIT = 65_536
"""Characters that GitHub accepts in a comment (REST API, "body is too long (maximum is 65536 characters)")."""

_RESERVED = 2_000  # for the ends of folds, what was left out, and the footer
_NAMES = 6
_VALUE = 400
_WORST = ("critical", "high", "medium", "low")
_MARKDOWN = re.compile(r"[\\`*_\[\]|~]")
_LINK = re.compile(r"https://[^\s()<>]+")
_DONE = {
    "create": "created",
    "import": "imported",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "read": "read",
}
_ORDER: tuple[Operation, ...] = ("delete", "replace", "update", "import", "create", "read")


def marker(stack: str) -> str:
    """The first line of the comment of a stack, invisible, by which it is found again and updated."""
    return f"<!-- phi review: {stack} -->"


def render(review: Review, *, revision: str | None = None, limit: int = GITHUB_LIMIT) -> str:
    """The comment, of at most `limit` characters; when something does not fit, it says how much.

    revision: the commit that was previewed.
    """
    page = _Page(limit - _RESERVED)
    page.add(marker(review.stack), f"### Preview of `{review.stack}`: {_headline(review)}")
    _problems(page, review)
    _losses(page, review.losses)
    _mandatory(page, review.mandatory)
    if not (review.failed or review.losses):
        page.add("No policy refuses this, and nothing that holds data is replaced or deleted.")
    _table(page, review)
    if review.cost is not None:
        page.add(f"**Cost:** {_escaped(review.cost)}")
    _outputs(page, review.outputs)
    _detail(page, review)
    _advisory(page, [finding for finding in review.findings if not finding.mandatory])
    if page.left_out:
        page.end(
            f"**Left out** because a comment takes {limit:,} characters: {', '.join(page.left_out)}. "
            "All of it is in the review's JSON."
        )
    packs = ", ".join(f"{name} {version}" for name, version in sorted(review.packs.items())) or "no policy pack"
    about = [f"changes {_code(review.digest[:12])}", f"policies: {_escaped(packs)}"]
    if revision:
        about.insert(0, f"commit {_code(revision[:12])}")
    page.end(f"<sub>{' · '.join(about)}</sub>")
    return page.text


@dataclass
class _Page:
    """Blocks of Markdown up to a number of characters.   left_out: what did not fit, in words."""

    limit: int
    blocks: list[str] = field(default_factory=list[str])
    left_out: list[str] = field(default_factory=list[str])
    used: int = 0

    def add(self, *blocks: str) -> bool:
        """Add all blocks, or none when they do not fit."""
        size = sum(map(_size, blocks)) + 2 * len(blocks)
        if self.used + size > self.limit:
            return False
        self.blocks.extend(blocks)
        self.used += size
        return True

    def add_each(self, before: Sequence[str], blocks: Iterable[str], after: Sequence[str], what: str) -> None:
        """Add blocks between others, as many as fit; the rest is left out, under the name `what`."""
        waiting = list(blocks)
        if not waiting:
            return
        ends = sum(map(_size, after)) + 2 * len(after)
        self.limit -= ends
        fitted = 0
        if self.add(*before):
            while fitted < len(waiting) and self.add(waiting[fitted]):
                fitted += 1
            self.end(*after)
        self.limit += ends
        if fitted < len(waiting):
            self.left_out.append(f"{len(waiting) - fitted} of {len(waiting)} {what}")

    def end(self, *blocks: str) -> None:
        """Add blocks that space was kept for."""
        self.blocks.extend(blocks)
        self.used += sum(map(_size, blocks)) + 2 * len(blocks)

    @property
    def text(self) -> str:
        return "\n\n".join(self.blocks) + "\n"


def _size(text: str) -> int:
    """How much of the limit a text takes: UTF-16 units, the largest of the ways to count characters."""
    return len(text.encode("utf-16-le")) // 2


def _headline(review: Review) -> str:
    if review.mandatory:
        return f"refused by {_number(len({finding.rule for finding in review.mandatory}), 'policy', 'policies')}"
    if review.problems:
        return "failed"
    if not review.changes and not review.outputs:
        return "no changes"
    parts = [f"{review.count(operation)} to {operation}" for operation in _ORDER if review.count(operation)]
    return ", ".join(parts) or _number(len(review.outputs), "output changes", "outputs change")


def _problems(page: _Page, review: Review) -> None:
    if review.problems:
        whole = "\n".join(review.problems)
        shown = whole if _size(whole) <= page.limit // 8 else f"{whole[: page.limit // 8]}\n… (the log has the rest)"
        page.add("> [!CAUTION]\n> This cannot be deployed:", _fenced(shown))


def _losses(page: _Page, losses: Sequence[Change]) -> None:
    if not losses:
        return
    page.add(
        f"> [!CAUTION]\n> **{_number(len(losses), 'data store is', 'data stores are')} replaced or deleted.** "
        "What they hold is lost unless it is kept elsewhere first."
    )
    rows = [
        f"| **{_DONE[change.operation]}** | {_code(change.name)} | {_escaped(change.data_store or '')} "
        f"| {_code(change.id) if change.id else ''} | {_because(change) or 'it leaves the stack'} |"
        for change in losses
    ]
    head = "| | Resource | What it holds | In AWS | Because of |\n|---|---|---|---|---|"
    shown = rows[:50]
    page.add("\n".join((head, *shown)))
    if len(rows) > len(shown):
        page.left_out.append(f"{len(rows) - len(shown)} of {len(rows)} data stores")


def _because(change: Change) -> str:
    return ", ".join(_code(each.path) for each in change.properties if each.replaces)


def _table(page: _Page, review: Review) -> None:
    if not review.changes:
        return
    rows = ["| Change | Resources | |", "|---|---:|---|"]
    for operation in _ORDER:
        names = [change.name for change in review.changes if change.operation == operation]
        if names:
            more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
            rows.append(f"| {operation} | {len(names)} | {', '.join(map(_code, names[:_NAMES]))}{more} |")
    rows.append(f"| unchanged | {review.unchanged} | |")
    page.add("\n".join(rows))


def _mandatory(page: _Page, findings: Sequence[Finding]) -> None:
    blocks = [_rule(list(group)) for _, group in groupby(findings, key=lambda finding: finding.rule)]
    what = "policies that refuse this"
    to_fix = _number(len(findings), "finding")
    said = f"> [!CAUTION]\n> **The policies refuse this: {to_fix} to fix.** Nothing can be deployed until then."
    page.add_each([said], blocks, [], what)


def _rule(findings: Sequence[Finding]) -> str:
    first = findings[0]
    title = f"[{_code(first.rule)}]({first.url})" if _LINK.fullmatch(first.url) else _code(first.rule)
    lines = [f"**{title}** {f'({_escaped(first.severity)})' if first.severity else ''}".rstrip(), ""]
    where = [f"- {_code(finding.name)}: {_escaped(finding.message)}" for finding in findings]
    lines += where[:_NAMES]
    if len(where) > _NAMES:
        rest = [_code(finding.name) for finding in findings[_NAMES:]]
        more = f" and {len(rest) - 20} more" if len(rest) > 20 else ""
        lines.append(f"- likewise {', '.join(rest[:20])}{more}")
    lines.append("")
    if first.fix:
        lines.append(f"**Fix:** {_escaped(first.fix)}<br>")
    if first.safeguard:
        lines.append(f"**Safeguard:** {_escaped(first.safeguard)}")
    return "\n".join(lines)


def _advisory(page: _Page, findings: Sequence[Finding]) -> None:
    groups = [list(group) for _, group in groupby(findings, key=lambda finding: finding.rule)]
    groups.sort(key=lambda group: _WORST.index(group[0].severity) if group[0].severity in _WORST else len(_WORST))
    rows = [
        f"| {_code(group[0].rule)} | {_escaped(group[0].severity)} | {len(group)} | {_escaped(group[0].fix)} |"
        for group in groups
    ]
    table = "\n".join(("| Rule | Severity | Findings | Fix |", "|---|---|---:|---|", *rows))
    fold = f"<details><summary>{_number(len(findings), 'advisory finding')}, which stop nothing</summary>"
    page.add_each([], [f"{fold}\n\n{table}\n\n</details>"] if rows else [], [], "lists of advisory findings")


def _outputs(page: _Page, outputs: Sequence[Property]) -> None:
    fold = f"<details><summary>{_number(len(outputs), 'output')} of the stack</summary>"
    page.add_each([], [f"{fold}\n\n{_diff(outputs)}\n\n</details>"] if outputs else [], [], "lists of outputs")


def _detail(page: _Page, review: Review) -> None:
    ordered = sorted(review.changes, key=lambda change: (not change.loses_data, _ORDER.index(change.operation)))
    fold = f"<details><summary><b>{_number(len(ordered), 'change')} in detail</b></summary>"
    page.add_each([fold], map(_change, ordered), ["</details>"], "changes in detail")


def _change(change: Change) -> str:
    title = f"<details><summary>{change.operation} {_code(change.name)} <sub>{_escaped(change.type)}</sub></summary>"
    said = [title]
    if _because(change):
        said.append(f"Replaced because of {_because(change)}.")
    if change.operation == "delete":
        said.append(f"Deleted: {_code(change.id or change.urn)}.")
    if change.retained and change.operation in ("delete", "replace"):
        said.append("It stays in AWS, outside the stack.")
    if change.properties:
        said.append(_diff(change.properties))
    return "\n\n".join((*said, "</details>"))


def _diff(properties: Iterable[Property]) -> str:
    lines: list[str] = []
    for each in properties:
        if each.before == each.after == SECRET:
            lines.append(f"! {each.path}: {SECRET}, another value")
            continue
        if each.before is not None:
            lines += _lines("-", each.path, each.before)
        if each.after is not None:
            lines += _lines("+", each.path, each.after)
    return _fenced("\n".join(lines), "diff")


def _lines(sign: str, path: str, value: Any) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > _VALUE:
        text = f"{text[:_VALUE]}… ({len(text) - _VALUE:,} more characters)"
    first, *more = text.splitlines() or [""]
    return [f"{sign} {path}: {first}", *(f"{sign}   {line}" for line in more)]


def _fenced(text: str, language: str = "") -> str:
    """A code block that nothing in the text can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _code(text: str) -> str:
    """A text in a line of code, also in a table."""
    return f"<code>{_escaped(text)}</code>"


def _escaped(text: str) -> str:
    """A text in one line in which nothing is Markdown, HTML or a mention."""
    line = html.escape(" ".join(text.split()), quote=False)
    line = _MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", line)
    return line.replace("@", "@&#8203;")  # GitHub looks for mentions after entities are resolved


def _number(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or f'{one}s'}"
