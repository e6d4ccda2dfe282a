"""Running rules: one pass over each resource, one over the stack, findings reported per rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, cast

from .baseline import fingerprint
from .config import SENSITIVE, Config
from .graph import Resource, Stack
from .rule import EVERY, NATIVE, Finding, LinkedCheck, Rule
from .values import NotKnown
from .waivers import Waiver

UNVERIFIED = "unverified-control-reported"
EXCEPTIONS = "exception-documented"


@dataclass(frozen=True)
class Verdict:
    """One finding.

    waived: the reason, when a waiver covers it.   broken: the rule itself failed.   mandatory: overrides the rule's own
    enforcement.   accepted: whether the baseline file holds it.
    """

    rule: Rule
    urn: str
    message: str
    waived: str | None = None
    broken: bool = False
    mandatory: bool | None = None
    accepted: bool = False

    @property
    def fails(self) -> bool:
        """Whether it stops an update, as the rules are enforced by default."""
        excused = self.waived is not None or self.accepted
        return not excused and (self.rule.mandatory if self.mandatory is None else self.mandatory)


@dataclass
class Judge:
    """Rules, settings and waivers. Call `resource` for each resource, then `stack` once; both give verdicts.

    today: the day waivers are judged by.   accepted: fingerprints of the baseline file.
    """

    rules: tuple[Rule, ...]
    config: Config
    waivers: list[Waiver] = field(default_factory=list[Waiver])
    waiver_problems: list[str] = field(default_factory=list[str])
    today: date = field(default_factory=date.today)
    accepted: frozenset[str] = frozenset()
    undecided: dict[str, list[Rule]] = field(default_factory=lambda: defaultdict(list), init=False)
    """URN → rules that met a value which was not known when the resource was declared."""
    doubts: list[tuple[Rule, str, str]] = field(default_factory=list[tuple[Rule, str, str]], init=False)
    """What could not be decided at all: rule, URN, path of the value that is not known. Complete after `stack`."""

    def __post_init__(self) -> None:
        self._by_id = {rule.id: rule for rule in self.rules}
        self._for_type = lru_cache(maxsize=None)(self._rules_for)

    def resource(self, resource: Resource) -> Iterator[Verdict]:
        """Verdicts of every resource rule on one resource, and on what its blocks stand for."""
        for each in (resource, *resource.readings):
            self.undecided.pop(each.urn, None)
            for rule in self._for_type(each.type, each is resource):
                try:
                    yield from self._on_resource(rule, each)
                except NotKnown:
                    self.undecided[each.urn].append(rule)

    def stack(self, stack: Stack) -> Iterator[Verdict]:
        """Verdicts of every stack rule, of what could not be decided before, and of the waivers themselves."""
        doubts = self.doubts
        doubts.clear()
        for rule in self.rules:
            if rule.on_stack is not None:
                found = ((finding.resource.subject, finding.message) for finding in rule.on_stack(stack, self.config))
                try:
                    yield from self._run(rule, stack.root.urn, found)
                except NotKnown as unknown:
                    doubts.append((rule, stack.root.urn, unknown.path))
            if rule.on_link is not None:
                for each in stack.of(*rule.types):
                    try:
                        yield from self._run(rule, each.subject, _linked(rule.on_link, each, stack, self.config))
                    except NotKnown as unknown:
                        doubts.append((rule, each.subject, unknown.path))
        for urn, rules in self.undecided.items():
            resource = stack.by_urn.get(urn)
            if resource is None:
                continue
            for rule in rules:
                try:
                    yield from self._on_resource(rule, resource)
                except NotKnown as unknown:
                    if rule.settled is None or not rule.settled(resource, stack):
                        doubts.append((rule, resource.subject, unknown.path))
        yield from self._unverified(stack, [doubt for doubt in doubts if doubt[0].mandatory])
        yield from self._waivers(stack, {(rule.id, urn) for rule, urn, _ in doubts})

    def subjects(self, rule: Rule, stack: Stack) -> list[str]:
        """URNs of what a rule looks at in a stack: resources of its types, or the stack itself.

        A rule about the stack counts when it reads any resource there: one that finds nothing of its kind, or is not
        asked for (`Config.baseline`), has looked at nothing.
        """
        if rule.on_stack is not None:
            watched = _Watched(stack)
            try:
                any(rule.on_stack(cast("Stack", watched), self.config))
            except Exception:  # its verdict, or its doubt, says so already
                return [stack.root.urn]
            return [stack.root.urn] if watched.read else []
        if rule.on_link is not None:
            return list(dict.fromkeys(each.subject for each in stack.of(*rule.types)))
        found = (
            whole.urn
            for whole in stack.resources
            for each in (whole, *whole.readings)
            if rule in self._for_type(each.type, each is whole)
        )
        return list(dict.fromkeys(found))

    def _rules_for(self, type: str, whole: bool) -> tuple[Rule, ...]:
        """Resource rules about a type; those about every type are for whole resources, not for blocks of them."""
        return tuple(
            rule
            for rule in self.rules
            if rule.on_resource is not None
            and (type in rule.types or (whole and EVERY in rule.types and type.startswith(("aws:", NATIVE))))
        )

    def _on_resource(self, rule: Rule, resource: Resource) -> Iterator[Verdict]:
        assert rule.on_resource is not None
        found = ((resource.subject, text) for text in rule.on_resource(resource, self.config))
        return self._run(rule, resource.subject, found)

    def _run(self, rule: Rule, urn: str, found: Iterable[tuple[str, str]]) -> Iterator[Verdict]:
        try:
            for subject, message in found:
                yield self._verdict(rule, subject, message)
        except NotKnown:
            raise
        except Exception as error:  # a rule that fails must not take the analysis with it, nor pass silently
            text = f"rule {rule.id} failed ({type(error).__name__}: {error}); the resource is not judged by it"
            yield Verdict(rule, urn, text, broken=True)

    def _verdict(self, rule: Rule, urn: str, message: str) -> Verdict:
        for waiver in self.waivers:
            if waiver.covers(rule.id, urn, message, self.today):
                waiver.used = True
                return Verdict(rule, urn, message, waived=waiver.reason)
        accepted = bool(self.accepted) and fingerprint(rule.id, urn, message) in self.accepted
        return Verdict(rule, urn, message, accepted=accepted)

    def _unverified(self, stack: Stack, doubts: list[tuple[Rule, str, str]]) -> Iterator[Verdict]:
        """Mandatory rules that met values not known yet: a note; a refusal of sensitive data in strict mode."""
        reporter = self._by_id.get(UNVERIFIED)
        if reporter is None or not doubts:
            return
        if self.config.strict:
            for rule, urn, path in doubts:
                resource = stack.by_urn.get(urn, stack.root)
                if resource is stack.root or _sensitive(resource, self.config):
                    verdict = self._verdict(
                        reporter, urn, f"{rule.id} cannot be decided before the update: {path} is not known."
                    )
                    yield replace(verdict, mandatory=True)
        by_rule: dict[str, list[str]] = defaultdict(list)
        for rule, urn, path in doubts:
            by_rule[rule.id].append(f"{urn.rpartition('::')[2]} ({path})")
        lines = "; ".join(f"{rule}: {', '.join(places)}" for rule, places in by_rule.items())
        yield self._verdict(
            reporter, stack.root.urn, f"not decided before the update, and judged again in it: {lines}."
        )

    def _waivers(self, stack: Stack, doubts: set[tuple[str, str]]) -> Iterator[Verdict]:
        keeper = self._by_id.get(EXCEPTIONS)
        if keeper is None:
            return
        root = stack.root.urn
        for problem in self.waiver_problems:
            yield Verdict(keeper, root, problem)
        name = root.removeprefix("urn:pulumi:").split("::")[0] if root.startswith("urn:pulumi:") else ""
        urns = [resource.urn for resource in stack.resources]
        for waiver in self.waivers:
            if not waiver.concerns(name, urns):
                continue
            subject = f"the waiver of {waiver.rule} for {waiver.resource}"
            if waiver.until < self.today:
                yield Verdict(keeper, root, f"{subject} ended on {waiver.until}: renew or remove it.")
            elif not (waiver.used or waiver.of_any_stack or any(rule == waiver.rule for rule, _ in doubts)):
                yield Verdict(keeper, root, f"{subject} excuses nothing: remove it.", mandatory=False)


class _Watched:
    """A stack that remembers whether a rule has read a resource of it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.read = False

    def of(self, *types: str) -> list[Resource]:
        return self._seen(self._stack.of(*types))

    def matching(self, pattern: str) -> list[Resource]:
        return self._seen(self._stack.matching(pattern))

    @property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(self._seen(list(self._stack.resources)))

    @property
    def everything(self) -> tuple[Resource, ...]:
        return tuple(self._seen(list(self._stack.everything)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stack, name)

    def _seen(self, found: list[Resource]) -> list[Resource]:
        self.read |= bool(found)
        return found


def _linked(check: LinkedCheck, resource: Resource, stack: Stack, config: Config) -> Iterator[tuple[str, str]]:
    for found in check(resource, stack, config):
        if isinstance(found, Finding):
            yield found.resource.subject, found.message
        else:
            yield resource.subject, found


def _sensitive(resource: Resource, config: Config) -> bool:
    try:
        return resource.tags().get(config.data_class_tag) in SENSITIVE
    except NotKnown:
        return True
