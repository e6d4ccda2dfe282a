"""Every command of a runbook is one that can be typed: each program knows its command and its options."""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import typer
from botocore import xform_name
from typer.core import TyperGroup
from typer.exceptions import TyperException

from operations.cli import app
from tests.unit.test_program import STACKS, built

RUNBOOKS = Path(__file__).parents[2] / "docs/runbooks"
FILES = sorted(RUNBOOKS.glob("*.md"))

PULUMI = {
    ("stack", "export"): {"--stack", "--file"},
    ("stack", "import"): {"--stack", "--file"},
    ("stack", "output"): {"--stack", "--json"},
    ("up",): {"--stack", "--refresh", "--yes"},
    ("destroy",): {"--stack"},
    ("preview",): {"--stack", "--refresh", "--diff"},
}
"""Commands of the Pulumi CLI that runbooks use, and their options."""
ALARMS = {"aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"}


def commands(text: str) -> list[str]:
    """The lines after `$` in console blocks."""
    blocks = re.findall(r"^[ \t]*```console\n(.*?)^[ \t]*```", text, re.DOTALL | re.MULTILINE)
    return [line.strip()[2:] for block in blocks for line in block.splitlines() if line.strip().startswith("$ ")]


ALL = [(file.name, command) for file in FILES for command in commands(file.read_text())]


def test_there_are_runbooks_and_each_has_commands() -> None:
    assert {file.stem for file in FILES} >= {"access", "migration", "restore"}
    for file in FILES:
        assert commands(file.read_text()), file.name


@pytest.mark.parametrize(("file", "command"), ALL, ids=[f"{file}: {command}" for file, command in ALL])
def test_a_command_of_a_runbook_is_one_its_program_knows(file: str, command: str) -> None:
    program, *arguments = shlex.split(command)
    check = {"phi": phi, "aws": aws, "pulumi": pulumi, "curl": other, "sed": other, "make": other}.get(program)
    assert check is not None, f"{program} is not a program of the runbooks"
    check(arguments)


def phi(arguments: list[str]) -> None:
    """Parse a command line as `phi` does, without running it."""
    command: Any = typer.main.get_command(app)
    context = typer.Context(command, info_name="phi")
    while isinstance(command, TyperGroup):
        name, *arguments = arguments
        found = command.get_command(context, name)
        assert found is not None, f"phi has no command {name}"
        command = found
        context = typer.Context(command, info_name=name, parent=context)
    command.make_context(str(context.info_name), arguments, parent=context.parent)


def aws(arguments: list[str]) -> None:
    """Check an `aws SERVICE OPERATION --option value…` against the service's own model."""
    service, operation, *options = arguments
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, f"aws {service} has no {operation}"
    shape = model.operation_model(names[operation]).input_shape
    known = {f"--{xform_name(member, '-')}" for member in ({} if shape is None else shape.members)}
    for option in options:
        if option.startswith("--"):
            assert option.replace("--no-", "--") in known | {"--region", "--query", "--output"}, option


def pulumi(arguments: list[str]) -> None:
    name = next((name for name in PULUMI if tuple(arguments[: len(name)]) == name), None)
    assert name is not None, f"pulumi {' '.join(arguments[:2])} is not known to this test"
    assert {each for each in arguments if each.startswith("--")} <= PULUMI[name]


def other(arguments: list[str]) -> None:
    assert arguments


@pytest.mark.parametrize(
    "wrong",
    [
        "phi database migrat production", "phi database migrate production --frm old",
        "phi database migrate production", "phi database connect production --port many",
        "aws rds modify-db-instanc", "aws rds modify-db-instance --new-identifier x", "pulumi up --stak x",
    ],
)  # fmt: skip
def test_a_mistyped_command_would_be_found(wrong: str) -> None:
    with pytest.raises((AssertionError, TyperException)):
        test_a_command_of_a_runbook_is_one_its_program_knows("none", wrong)


@pytest.mark.requirement("LWO-OPS-07", "FAC-OPS-19", "MSP-OPS-11", "OMN-OPS-12", "BER-OPS-12", "BER-OPS-13")
def test_the_runbooks_that_people_were_promised_are_there() -> None:
    assert {file.stem for file in FILES} >= {
        "release", "cutover", "incident", "maintenance", "on-call", "troubleshooting", "decommission",
    }  # fmt: skip


def test_every_kind_of_alarm_has_a_line_in_the_runbook_of_whoever_is_on_call() -> None:
    said = re.findall(r"`([a-z*-]+)`", (RUNBOOKS / "on-call.md").read_text())
    text = "".join(path.read_text() for path in sorted((RUNBOOKS.parents[1] / "components").glob("*.py")))
    kinds = set(re.findall(r"\bkey=f?\"([a-z{][^\"]*-[^\"]*)\"", text))
    assert len(kinds) >= 15
    for kind in kinds:
        examples = [re.sub(r"\{[^}]*\}", "x", kind.replace("{part}", "cache").replace("{key}", key))
                    for key in ("cpu", "errors", "duration", "latency")]  # fmt: skip
        assert any(fnmatch(each, pattern) for each in examples for pattern in said), f"on-call.md: nothing of {kind}"


def sections(file: Path) -> dict[str, str]:
    """Anchor of each second-level heading → the text below it."""
    parts = re.split(r"^## (.+)$", file.read_text(), flags=re.MULTILINE)[1:]
    return {title.lower().replace(" ", "-"): text for title, text in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.requirement("LWO-OPS-07", "FAC-OBS-03")
@pytest.mark.parametrize("name", STACKS)
def test_an_alarm_leads_to_the_section_that_says_what_to_do_about_it(name: str) -> None:
    there = sections(RUNBOOKS / "on-call.md")
    judged = 0
    for entry in built(name).recorder.registrations:
        if entry.type not in ALARMS or not entry.inputs.get("okActions"):  # what only scales a fleet is nobody's work
            continue
        description = entry.inputs["alarmDescription"]
        path, _, section = description.rpartition("What to do: ")[2].partition("#")
        assert (path, len(description) <= 1024) == ("docs/runbooks/on-call.md", True), entry.name
        rows = re.findall(r"`([a-z*-]+)`", there[section])
        names = (entry.name, entry.inputs.get("name") or entry.inputs["alarmName"])
        assert any(fnmatch(each, f"*{row}*") for each in names for row in rows), (
            f"{entry.name}: on-call.md has nothing of it under {section}"
        )
        judged += 1
    assert judged >= 10


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_link_of_a_runbook_leads_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", file.read_text()):
        assert target.startswith("https://") or (RUNBOOKS / target).exists(), target
