"""`python -m tests.policies.mutate`: every single break of the project's compliant stacks, and whether a rule says so.

Each break of `mutations` is made in every stack that has a place for it and judged in process. `--engine N` judges N of
them, spread over all kinds, by `pulumi policy analyze` too, which must find the same. Prints a table and JSON; exits
with 1 when a break survives without an explanation, when an explanation explains nothing, or when the two differ.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from policies import waivers
from policies.config import JURISDICTIONS, Config
from policies.graph import AWS_PROVIDER, Resource, Stack
from policies.judge import Judge, Verdict
from policies.rules import RULES
from settings import load
from tests.policies.mutations import ADDED, CHANGED, EXPLAINED, REMOVED
from tests.policies.sample import GONE
from tests.policies.test_stacks import TODAY, resources
from tests.unit.test_program import ROOT, STACKS

FRAME = frozenset({"unverified-control-reported", "exception-documented"})
SAMPLED_PLACES = 2
"""Resources of one type that one break is tried on in each stack, where not every break is made."""
Finding = tuple[str, str, str]
"""Rule, subject, message."""


@dataclass(frozen=True)
class Mutation:
    """One break of one stack.   kind, subject: what survivors are explained by.   resources: the broken stack."""

    stack: str
    kind: str
    subject: str
    resources: tuple[Resource, ...]

    @property
    def changed(self) -> list[Resource]:
        """What of it is not as in the whole stack."""
        whole = {id(each) for each in resources(self.stack)}
        return [each for each in self.resources if id(each) not in whole]


def copied(one: Resource, properties: dict[str, Any]) -> Resource:
    """The resource as its program would declare it with other properties."""
    removed, added = one.properties.keys() - properties.keys(), properties.keys() - one.properties.keys()
    declared = one.declared and frozenset((one.declared | added) - removed)
    return Resource(
        one.declared_type, properties, urn=one.urn, name=one.name, provider=one.provider._value, parent=one.parent,  # pyright: ignore[reportPrivateUsage]
        protect=one.protect, ignore_changes=one.ignore_changes, dependencies={
            key: urns for key, urns in one.dependencies.items() if properties.get(key) == one.properties.get(key)
        }, declared=declared,
    )  # fmt: skip


def broken(one: Resource, path: str, value: Any) -> Resource | None:
    """The resource with a property replaced, or None when that is no change."""
    properties = deepcopy(one.properties)
    *steps, last = path.split(".")
    inside: Any = properties
    for step in steps:
        inside = inside.get(step) if isinstance(inside, dict) else None
    if not isinstance(inside, dict) or (value is GONE and last not in inside) or inside.get(last) == value:
        return None
    if value is GONE:
        del inside[last]
    else:
        inside[last] = value
    return copied(one, properties)


def mutations(stack: str, places: int = 1_000) -> Iterator[Mutation]:
    """Every break that the stack has a place for.   places: resources of one type that one break is tried on."""
    all = resources(stack)
    by_type: dict[str, list[int]] = defaultdict(list)
    for index in sorted(range(len(all)), key=lambda index: all[index].urn):  # they are declared in any order
        by_type[all[index].declared_type].append(index)
    for type, properties in CHANGED.items():
        for path, values in properties.items():
            for value in values:
                done = 0
                for index in by_type[type]:
                    made = broken(all[index], path, value) if done < places else None
                    if made is not None:
                        done += 1
                        kind = f"{type} {path} {'-' if value is GONE else json.dumps(value)[:200]}"
                        yield Mutation(stack, kind, made.name, (*all[:index], made, *all[index + 1 :]))
    for type in REMOVED:
        for index in by_type[type][:places]:
            yield Mutation(stack, f"{type} removed", all[index].name, without(all, [all[index]]))
        if len(by_type[type]) > 1:
            gone = [all[index] for index in by_type[type]]
            yield Mutation(stack, f"{type} all removed", f"{len(gone)} of them", without(all, gone))
    region = load.from_file(ROOT / f"Pulumi.{stack}.yaml").region
    for what, (type, properties) in ADDED.items():
        new = Resource(
            type, properties, urn=f"urn:pulumi:{stack}::phi-platform::{type}::{what.replace(' ', '-')}",
            provider={} if type == AWS_PROVIDER else {"region": region},
        )  # fmt: skip
        yield Mutation(stack, f"{type} added: {what}", what, (*all, new))


def without(all: Iterable[Resource], gone: list[Resource]) -> tuple[Resource, ...]:
    """The stack without some resources, and without the properties that were computed from them alone."""
    urns = {each.urn for each in gone}
    return tuple(unlinked(each, urns) for each in all if each.urn not in urns)


def unlinked(one: Resource, gone: set[str]) -> Resource:
    """The resource when what it was computed from is not there."""
    left = {key: tuple(urn for urn in urns if urn not in gone) for key, urns in one.dependencies.items()}
    if left == one.dependencies:
        return one
    kept = {key: value for key, value in one.properties.items() if left.get(key) or not one.dependencies.get(key)}
    made = copied(one, kept)
    made.dependencies = {key: urns for key, urns in left.items() if urns}
    return made


@cache
def judge(stack: str) -> Judge:
    """The pack as this stack configures it."""
    settings = load.from_file(ROOT / f"Pulumi.{stack}.yaml")
    regions, countries = JURISDICTIONS[settings.jurisdiction]
    good, problems = waivers.load(waivers.FILE, (rule.id for rule in RULES))
    config = Config(jurisdiction=settings.jurisdiction, regions=regions, countries=countries)
    return Judge(RULES, config, good, problems, today=TODAY)


def findings(verdicts: Iterable[Verdict]) -> set[Finding]:
    """What is neither waived nor about the frame itself."""
    return {(v.rule.id, v.urn, v.message) for v in verdicts if v.waived is None and v.rule.id not in FRAME}


@cache
def before(stack: str) -> frozenset[Finding]:
    """What is said of the stack as it is."""
    all = resources(stack)
    found = findings(verdict for each in all for verdict in judge(stack).resource(each))
    return frozenset(found | findings(judge(stack).stack(Stack(all))))


MANDATORY = frozenset(rule.id for rule in RULES if rule.mandatory)


def caught(mutation: Mutation) -> set[str]:
    """Ids of the rules that say something new; the stack as a whole is only judged when no mandatory rule has yet."""
    said = before(mutation.stack)
    one = judge(mutation.stack)
    changed = mutation.changed
    new = findings(verdict for each in changed for verdict in one.resource(each)) - said
    if not any(rule in MANDATORY for rule, *_ in new):
        new |= findings(one.stack(Stack(mutation.resources))) - said
    for each in changed:
        one.undecided.pop(each.urn, None)
    return {rule for rule, *_ in new}


def explanation(mutation: Mutation) -> tuple[str, str] | None:
    """The entry of `EXPLAINED` that says why a break needs no rule."""
    place = f"{mutation.stack} {mutation.subject}"
    for kind, subject in EXPLAINED:
        if fnmatchcase(mutation.kind, kind) and fnmatchcase(place, subject):
            return kind, subject
    return None


def state(all: Iterable[Resource]) -> dict[str, Any]:
    """The resources as `pulumi stack export` would write them."""
    written: list[dict[str, Any]] = []
    providers: dict[str, str] = {}
    for each in all:
        region = each.provider.text("region")
        entry: dict[str, Any] = {
            "urn": each.urn,
            "custom": each.declared_type.startswith(("aws:", "random:", "tls:", "pulumi:providers:")),
            "type": each.declared_type,
            "inputs": {key: value for key, value in each.properties.items() if each.declares(key)},
            "outputs": each.properties,
            "propertyDependencies": {key: list(urns) for key, urns in each.dependencies.items()},
            "dependencies": sorted({urn for urns in each.dependencies.values() for urn in urns}),
            "protect": each.protect,
        }
        if entry["custom"]:
            entry["id"] = str(each.properties.get("id") or each.name)
        if each.parent:
            entry["parent"] = each.parent.replace(
                "urn:pulumi:test::", f"urn:pulumi:{each.urn.split('::')[0].rpartition(':')[2]}::"
            )
        if each.declared_type.startswith("aws:") and region:
            if region not in providers:
                prefix = "::".join(each.urn.split("::")[:2])
                providers[region] = f"{prefix}::{AWS_PROVIDER}::default_{region}"
                written.append(
                    {"urn": providers[region], "custom": True, "id": region, "type": AWS_PROVIDER,
                     "inputs": {"region": region}, "outputs": {"region": region}}
                )  # fmt: skip
            entry["provider"] = f"{providers[region]}::{region}"
        written.append(entry)
    urns = {entry["urn"] for entry in written}
    for entry in written:
        entry["dependencies"] = [urn for urn in entry.get("dependencies", ()) if urn in urns]
        entry["propertyDependencies"] = {
            key: [urn for urn in found if urn in urns] for key, found in entry.get("propertyDependencies", {}).items()
        }
        if entry.get("parent") not in urns:
            entry.pop("parent", None)
    manifest = {"time": "2026-06-30T00:00:00Z", "magic": "", "version": "v3.259.0"}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": written}}


def analyzed(
    content: dict[str, Any], config: dict[str, Any], *, pack: Path = ROOT / "policies", pulumi: Path | None = None
) -> tuple[int, set[Finding], str]:
    """Exit code, findings and output of `pulumi policy analyze` on a state."""
    from rich.console import Console

    from engine import install

    engine = pulumi or install.install(Console(stderr=True)).pulumi
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "state.json").write_text(json.dumps(content))
        (folder / "config.json").write_text(json.dumps(config))
        done = subprocess.run(
            [str(engine), "policy", "analyze", "--file", "state.json", "--policy-pack", str(pack),
             "--policy-pack-config", "config.json", "--json", "--non-interactive"],
            cwd=folder, capture_output=True, text=True, check=False,
            env={**os.environ, "PATH": f"{engine.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
                 "PULUMI_HOME": str(folder / "home"), "PULUMI_SKIP_UPDATE_CHECK": "true",
                 "VIRTUAL_ENV": str(Path(sys.executable).parent.parent)},
        )  # fmt: skip
    found: set[Finding] = set()
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            event = json.loads(line).get("policyEvent")
            if event and not event["message"].lstrip().startswith("waived:"):
                found.add((event["policyName"], event["resourceUrn"], said(event["message"])))
    return done.returncode, found, done.stdout + done.stderr


def said(message: str) -> str:
    """What a rule said, out of the engine's message, which has colours, safeguard and remedy around it."""
    return re.sub(r"<\{%.*?%\}>|\x1b\[[0-9;]*m", "", message).strip().partition("\nSafeguard: ")[0]


def settings_of(stack: str) -> dict[str, Any]:
    """The pack-config file that says what the stack's own configuration would."""
    return {"region-allowed": {"jurisdiction": load.from_file(ROOT / f"Pulumi.{stack}.yaml").jurisdiction}}


def samples(count: int, stacks: Iterable[str] = STACKS) -> list[Mutation]:
    """About so many breaks, spread over all kinds, and over the stacks that have a place for them."""
    by_kind: dict[str, list[Mutation]] = defaultdict(list)
    for stack in stacks:
        for one in mutations(stack, SAMPLED_PLACES):
            by_kind[one.kind].append(one)
    kinds = list(by_kind.values())
    return [found[turn % len(found)] for turn, found in enumerate(kinds[:: max(1, len(kinds) // count)])]


def combined(breaks: Iterable[Mutation]) -> list[tuple[list[Mutation], tuple[Resource, ...]]]:
    """As few broken stacks as hold all breaks: those of one stack together, unless they touch the same resources."""
    batches: list[tuple[list[Mutation], dict[str, Resource | None]]] = []
    for one in breaks:
        kept = {each.urn for each in one.resources}
        touched: dict[str, Resource | None] = {
            each.urn: None for each in resources(one.stack) if each.urn not in kept
        } | {each.urn: each for each in one.changed}
        for together, others in batches:
            if together[0].stack == one.stack and not touched.keys() & others.keys():
                together.append(one)
                others.update(touched)
                break
        else:
            batches.append(([one], touched))
    return [(together, _with(resources(together[0].stack), others)) for together, others in batches]


def _with(all: tuple[Resource, ...], others: dict[str, Resource | None]) -> tuple[Resource, ...]:
    urns = {each.urn for each in all}
    added = [each for urn, each in others.items() if urn not in urns]
    return tuple(each for each in (*(others.get(each.urn, each) for each in all), *added) if each is not None)


def disagreements(breaks: list[Mutation], pulumi: Path | None = None) -> list[str]:
    """What `pulumi policy analyze` and the judge in process do not both find, or neither finds, in broken stacks."""
    wrong: list[str] = []
    for together, all in combined(breaks):
        stack = together[0].stack
        one = judge(stack)
        here = findings(verdict for each in all for verdict in one.resource(each))
        here |= findings(one.stack(Stack(all)))
        one.undecided.clear()
        code, there, output = analyzed(state(all), settings_of(stack), pulumi=pulumi)
        urns = {each.urn for each in all}  # `state` adds default providers, which mocks have none of
        there = {finding for finding in there if finding[0] not in FRAME and finding[1] in urns}
        wrong += [f"{stack}: only in process: {finding}" for finding in sorted(here - there)]
        wrong += [f"{stack}: only by the engine: {finding}" for finding in sorted(there - here)]
        said = {rule for rule, *_ in there}
        for each in together:
            if missed := caught(each) - said:
                wrong.append(f"{stack} {each.subject}: {each.kind}: not found beside the others: {sorted(missed)}")
        if not there:
            sys.stderr.write(f"{code}: {output[-2000:]}")
    return wrong


def main() -> None:
    """Make every break, judge it, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.policies.mutate", description=__doc__)
    parser.add_argument("--engine", type=int, default=0, metavar="N", help="breaks that `pulumi policy analyze` judges")
    options = parser.parse_args()
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    survivors: list[str] = []
    explained: list[str] = []
    unused = set(EXPLAINED)
    for stack in STACKS:
        for one in mutations(stack):
            row = rows[one.kind.split()[0]]
            row[0] += 1
            by = caught(one)
            if by:
                row[1 if by & MANDATORY else 2] += 1
            elif found := explanation(one):
                unused.discard(found)
                explained.append(f"{one.stack} {one.subject}: {one.kind}: {EXPLAINED[found]}")
            else:
                survivors.append(f"{one.stack} {one.subject}: {one.kind}")
    out = sys.stdout.write
    total = [sum(row[column] for row in rows.values()) for column in range(3)]
    for type, row in (*sorted(rows.items()), ("all", total)):
        out(f"{type:90} {row[0]:5} {row[1]:5} mandatory {row[2]:4} advisory {row[0] - row[1] - row[2]:4} survive\n")
    chosen = samples(options.engine) if options.engine else []
    wrong = disagreements(chosen)
    out(
        json.dumps(
            {"breaks": total[0], "mandatory": total[1], "advisory": total[2], "explained": explained,
             "survivors": survivors, "explain nothing": sorted(unused), "engine": len(chosen), "disagreements": wrong},
            indent=2,
        )
    )  # fmt: skip
    sys.exit(bool(survivors or unused or wrong))


if __name__ == "__main__":
    main()
