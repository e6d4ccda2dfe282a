"""What a rule is: a function, or a table of what properties must be, and the facts beside it.

Many rules say what single properties must be; `requires` makes one from `expect`'s words:

    volume_encrypted = requires(
        "ebs-volume-encrypted", VOLUME, {"encrypted": TRUE}, title="…", severity=HIGH, url="…"
    )

A resource rule is `def rule(resource: Resource, config: Config) -> Iterator[str]`: it yields one message per violation,
saying what is wrong, where and what to set, and never a value that may be secret. A linked rule sees the stack around
the resource: `def rule(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]`. A stack rule is
`def rule(stack: Stack, config: Config) -> Iterator[Finding]`: it says which resource each message is about.

    @resource_rule("rds-storage-encrypted", types=INSTANCES, title="…", severity=Severity.HIGH, remedy="…", url="…")
    def storage_encrypted(resource, config):
        if resource.flag("storageEncrypted") is not True:
            yield "storageEncrypted must be true: …"

Reading a value that preview cannot know raises `NotKnown`; the frame notes the rule as unverified for that resource and
goes on. Where the stack says enough of the value all the same (a certificate's ARN comes from a certificate of ACM),
`settled` of the rule says so; the rule itself reads the value in the update. Citations, enforcement and equivalents
come from `catalogue.json`, by id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, cast

from .config import Config
from .expect import Expectation
from .graph import Resource, Stack
from .values import NotKnown


class Severity(StrEnum):
    """How bad a violation is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low, more for worse."""
        return list(Severity).index(self)


LOW, MEDIUM, HIGH, CRITICAL = Severity
EVERY = "aws:*"
"""In the types of a resource rule: every type of AWS, of both providers."""
NATIVE = "aws-native:"
"""What types of the Cloud Control provider begin with."""


@dataclass(frozen=True)
class Finding:
    """A violation a stack rule found: whose it is, and what to do."""

    resource: Resource
    message: str


ResourceCheck = Callable[[Resource, Config], Iterator[str]]
LinkedCheck = Callable[[Resource, Stack, Config], Iterator["str | Finding"]]
StackCheck = Callable[[Stack, Config], Iterator[Finding]]
Condition = Callable[[Resource, Config], bool]
Settled = Callable[[Resource, Stack], bool]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A control of the catalogue that is built.

    types: resource types a resource rule or a linked rule looks at; empty for a stack rule. `EVERY`: all of AWS.
    hipaa: citations of 45 CFR.   pipeda: clauses of Schedule 1, or sections of the Act.
    equivalents: tool → its rules that check the same.
    settled: of a resource rule: whether the stack shows that what is not known of a resource cannot break it.
    """

    id: str
    title: str
    severity: Severity
    mandatory: bool
    hipaa: tuple[str, ...]
    pipeda: tuple[str, ...]
    remedy: str
    url: str
    equivalents: dict[str, list[str]]
    types: tuple[str, ...] = ()
    on_resource: ResourceCheck | None = None
    on_link: LinkedCheck | None = None
    on_stack: StackCheck | None = None
    settled: Settled | None = None

    @property
    def scope(self) -> str:
        """`resource` when one resource is enough to judge, else `stack`."""
        return "resource" if self.on_resource is not None else "stack"

    @property
    def citation(self) -> str:
        """The legal references in one line."""
        parts = [f"HIPAA 45 CFR {text}" for text in self.hipaa] + [f"PIPEDA {clause}" for clause in self.pipeda]
        return "; ".join(parts)


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Every control of the catalogue by id, built or not."""
    rows = json.loads((Path(__file__).parent / "catalogue.json").read_text())
    return {row["id"]: row for row in rows}


@cache
def limits() -> dict[str, str]:
    """What a rule does not see of its control, by id: `limits.json`."""
    return json.loads((Path(__file__).parent / "limits.json").read_text())


def resource_rule(
    id: str,
    *,
    types: str | Sequence[str],
    title: str,
    severity: Severity,
    remedy: str,
    url: str,
    settled: Settled | None = None,
) -> Callable[[ResourceCheck], Rule]:
    """Decorator: a rule judged on one resource at a time."""

    def make(check: ResourceCheck) -> Rule:
        facts = _facts(id)
        return Rule(
            id=id,
            title=title,
            severity=severity,
            remedy=remedy,
            url=url,
            types=_types(types),
            on_resource=check,
            settled=settled,
            **facts,
        )

    return make


def linked_rule(
    id: str, *, types: str | Sequence[str], title: str, severity: Severity, remedy: str, url: str
) -> Callable[[LinkedCheck], Rule]:
    """Decorator: a rule judged on one resource at a time, once all resources of the stack are known."""

    def make(check: LinkedCheck) -> Rule:
        facts = _facts(id)
        return Rule(
            id=id, title=title, severity=severity, remedy=remedy, url=url, types=_types(types), on_link=check, **facts
        )

    return make


def requires(
    id: str,
    types: str | Sequence[str],
    properties: Mapping[str, Expectation],
    *,
    title: str,
    severity: Severity,
    url: str,
    each: str = "",
    when: Condition | None = None,
    remedy: str = "",
    why: str = "",
) -> Rule:
    """A rule that says what properties must be.

    properties: path → expectation.   each: path of a list; the properties are of every object in it.
    when: which resources the rule is about; all by default.   remedy: instead of what the expectations say.
    why: ends each message.
    """

    def check(resource: Resource, config: Config) -> Iterator[str]:
        if when is not None and not when(resource, config):
            return
        doubt: NotKnown | None = None
        for view in resource.views(each) if each else [resource]:
            for path, expected in properties.items():
                try:
                    problem = expected.problem(view, path)
                except NotKnown as unknown:
                    doubt = unknown
                    continue
                if problem:
                    yield f"{view.where(path)} {problem}{f': {why}' if why else ''}."
        if doubt is not None:
            raise doubt

    steps = [expected.remedy(path) for path, expected in properties.items()]
    fix = remedy or f"{'; '.join(steps)}{f', in each of {each}' if each else ''}."
    return resource_rule(id, types=types, title=title, severity=severity, url=url, remedy=fix[0].upper() + fix[1:])(
        check
    )


def _types(types: str | Sequence[str]) -> tuple[str, ...]:
    return (types,) if isinstance(types, str) else tuple(types)


def stack_rule(id: str, *, title: str, severity: Severity, remedy: str, url: str) -> Callable[[StackCheck], Rule]:
    """Decorator: a rule judged on the whole stack."""

    def make(check: StackCheck) -> Rule:
        return Rule(id=id, title=title, severity=severity, remedy=remedy, url=url, on_stack=check, **_facts(id))

    return make


def rules_of(module: Any) -> list[Rule]:
    """The rules a module defines, in the order of its text."""
    return [value for value in vars(module).values() if isinstance(value, Rule)]


def _facts(id: str) -> dict[str, Any]:
    row = catalogue().get(id)
    if row is None:
        raise KeyError(f"{id} is not a control of catalogue.json")
    return {
        "mandatory": row["enforcement"] == "mandatory",
        "hipaa": tuple(row["hipaa"]),
        "pipeda": tuple(row["pipeda"]),
        "equivalents": cast("dict[str, list[str]]", row["equivalent"]),
    }
