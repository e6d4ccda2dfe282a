"""Taking over running resources: which of a stack's resources exist already, and the file that imports them.

Pulumi itself says what it would create (`pulumi preview --json --import-file`); `adopt_lookups` finds the ids of
what is there by its physical name; `pulumi import` brings those into the state. Nothing in the account is changed.
(ALL-20, MSP-N02, BER-N26, OMN-N17)
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from operations.aws import Clients
from operations.local import LocalError
from operations.plan import UNKNOWN
from operations.protections import ABSENT

PLACEHOLDER = "<PLACEHOLDER>"  # how it writes an id it does not know


class Outcome(StrEnum):
    """What became of the search for one resource."""

    FOUND = "found"
    MISSING = "not there"
    AMBIGUOUS = "ambiguous"
    CREATED = "made anew"
    UNANSWERED = "no answer"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A resource that the stack would create.

    references: input → URNs of the resources its value comes from.   region: where it would be.
    """

    urn: str
    type: str
    name: str
    region: str
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    references: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    @property
    def import_suffix(self) -> str:
        """`@REGION` where the resource says its own region, as pulumi-aws 7 takes it in an id."""
        return f"@{self.region}" if "region" in self.inputs else ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One resource, what was found, and why it is not imported where it is not."""

    wanted: Wanted
    outcome: Outcome
    ids: tuple[str, ...] = ()
    why: str = ""

    @property
    def id(self) -> str:
        return self.ids[0]


class Absent(Exception):
    """The resource cannot be there: another one that it belongs to is not."""


class Search:
    """Looks wanted resources up in an account, each once; lookups may ask for the resources they belong to."""

    def __init__(self, wanted: Iterable[Wanted], clients: Clients, lookups: Mapping[str, Lookup | str]) -> None:
        self._wanted = {each.urn: each for each in wanted}
        self._clients = clients
        self._lookups = lookups
        self._found: dict[str, Finding] = {}

    def all(self) -> list[Finding]:
        """A finding for every wanted resource, in the program's order."""
        return [self.find(wanted) for wanted in self._wanted.values()]

    def find(self, wanted: Wanted) -> Finding:
        """What the account has for one wanted resource. Raises ClientError when AWS refuses the question."""
        if wanted.urn not in self._found:
            self._found[wanted.urn] = self._look_up(wanted)
        return self._found[wanted.urn]

    @cached_property
    def account(self) -> str:
        """The twelve digits of the account."""
        wanted = next(iter(self._wanted.values()))
        return str(self.client("sts", wanted).get_caller_identity()["Account"])

    def client(self, service: str, wanted: Wanted, region: str | None = None) -> Any:
        """A client in the region of the resource."""
        return self._clients(service, region or wanted.region)

    def reference(self, wanted: Wanted, name: str) -> str:
        """An input's value, or the id of the resource it comes from. Raises Absent when that one is not there."""
        value = wanted.inputs.get(name)
        if isinstance(value, str) and UNKNOWN not in value:
            return value
        return self.references(wanted, name)[0]

    def sources(self, wanted: Wanted, name: str) -> list[Wanted]:
        """The wanted resources an input comes from."""
        return [self._wanted[urn] for urn in wanted.references.get(name, ()) if urn in self._wanted]

    def references(self, wanted: Wanted, name: str) -> list[str]:
        """Ids of the resources an input comes from. Raises Absent when none of them is there."""
        ids = [found.id for found in map(self.find, self.sources(wanted, name)) if found.outcome is Outcome.FOUND]
        if not ids:
            raise Absent(f"its {name} is not there")
        return ids

    def pointing_at(self, wanted: Wanted, type_name: str, name: str) -> list[Wanted]:
        """Wanted resources of a type whose input comes from this one."""
        return [
            each
            for each in self._wanted.values()
            if each.type == type_name and wanted.urn in each.references.get(name, ())
        ]

    def _look_up(self, wanted: Wanted) -> Finding:
        lookup = self._lookups.get(wanted.type, "there is no lookup for this type")
        if isinstance(lookup, str):
            return Finding(wanted=wanted, outcome=Outcome.CREATED, why=lookup)
        try:
            ids = tuple(dict.fromkeys(lookup(self, wanted)))
        except Absent as absent:
            return Finding(wanted=wanted, outcome=Outcome.MISSING, why=str(absent))
        except ClientError as error:
            answer: Any = error.response
            if answer["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500:
                return _unanswered(wanted, error.operation_name)
            if not any(word in answer["Error"]["Code"] for word in (*ABSENT, "404")):
                raise
            ids = ()
        except ResponseParserError:  # the embedded AWS where moto lacks the call
            return _unanswered(wanted, "the call")
        if len(ids) > 1:
            return Finding(wanted=wanted, outcome=Outcome.AMBIGUOUS, ids=ids, why="more than one fits")
        return Finding(wanted=wanted, outcome=Outcome.FOUND if ids else Outcome.MISSING, ids=ids)


def _unanswered(wanted: Wanted, call: str) -> Finding:
    return Finding(wanted=wanted, outcome=Outcome.UNANSWERED, why=f"the account has no answer to {call}")


Lookup = Callable[[Search, Wanted], Iterable[str]]


def read_plan(preview: Mapping[str, Any], region: str) -> list[Wanted]:
    """The AWS resources that a preview (`pulumi preview --json`) would create."""
    wanted: list[Wanted] = []
    for step in preview["steps"]:
        state = step.get("newState") or {}
        if step["op"] != "create" or not state.get("custom") or not state["type"].startswith("aws:"):
            continue
        inputs = state.get("inputs") or {}
        wanted.append(
            Wanted(
                urn=state["urn"],
                type=state["type"],
                name=state["urn"].rsplit("::", 1)[-1],
                region=str(inputs.get("region") or region),
                inputs=inputs,
                references=state.get("propertyDependencies") or {},
            )
        )
    return wanted


def import_file(skeleton: Mapping[str, Any], findings: Iterable[Finding]) -> dict[str, Any]:
    """The engine's own import file, with the found ids filled in, and nothing else but the components around them."""
    ids = {
        (finding.wanted.type, finding.wanted.name): finding.id + finding.wanted.import_suffix
        for finding in findings
        if finding.outcome is Outcome.FOUND
    }
    resources: list[dict[str, Any]] = []
    for entry in skeleton["resources"]:
        found = ids.get((entry["type"], entry.get("logicalName") or entry["name"]))
        if found is not None:
            resources.append({**entry, "id": found})
        elif entry.get("component"):
            resources.append(entry)
    kept = _with_ancestors(resources)
    return {**skeleton, "resources": kept}


def _with_ancestors(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the components in which nothing was found."""
    by_name = {entry["name"]: entry for entry in resources}
    needed: set[str] = set()
    for entry in resources:
        if not entry.get("component"):
            name: str | None = entry["name"]
            while name is not None and name not in needed:
                needed.add(name)
                name = by_name.get(name, {}).get("parent")
    return [entry for entry in resources if entry["name"] in needed]


def preview(pulumi: Path, project: Path, environment: Mapping[str, str], stack: str) -> tuple[Any, Any]:
    """What the stack would create: the preview as JSON, and the engine's import file without ids.

    Raises LocalError with the engine's words when the program cannot be previewed.
    """
    with tempfile.TemporaryDirectory() as folder:
        skeleton = Path(folder) / "import.json"
        done = _preview(pulumi, project, environment, stack, "--import-file", str(skeleton))
        if done.returncode:
            raise LocalError(f"The preview of {stack} failed: {done.stderr.strip() or done.stdout.strip()}")
        return json.loads(done.stdout), json.loads(skeleton.read_text())


def replaced_by_update(pulumi: Path, project: Path, environment: Mapping[str, str], stack: str) -> list[str]:
    """What an update of the stack would replace or delete, each as `TYPE NAME`.

    A preview that would replace something protected fails, but tells its steps as well.
    Raises LocalError with the engine's words when it fails for another reason.
    """
    done = _preview(pulumi, project, environment, stack)
    try:
        found = replacements(json.loads(done.stdout))
    except ValueError:  # it failed before it had a plan to print
        found = []
    if done.returncode and not found:
        raise LocalError(f"The preview of {stack} failed: {done.stderr.strip() or done.stdout.strip()}")
    return found


def replacements(preview: Mapping[str, Any]) -> list[str]:
    """The resources that an update would replace or delete, as a preview says, each as `TYPE NAME`."""
    gone = ("replace", "create-replacement", "delete-replaced", "delete")
    urns = dict.fromkeys(str(step["urn"]) for step in preview.get("steps", ()) if step["op"] in gone)
    return [f"{urn.rsplit('::', 2)[-2].rsplit('$', 1)[-1]} {urn.rsplit('::', 1)[-1]}" for urn in urns]


def _preview(
    pulumi: Path, project: Path, environment: Mapping[str, str], stack: str, *options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [pulumi, "preview", "--stack", stack, "--json", "--non-interactive", *options],
        cwd=project, env=without_policies(environment), capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def without_policies(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the policy pack: what runs already is judged once it is under the program's control."""
    return {name: value for name, value in environment.items() if name != "PULUMI_OPTION_POLICY_PACK"}


def import_arguments(file: Path, stack: str) -> list[str]:
    """Arguments of the `pulumi import` of a file: state only, no code, every resource protected until the next `up`."""
    return ["import", "--stack", stack, "--file", str(file), "--generate-code=false"]
