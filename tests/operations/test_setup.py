"""`phi setup`: answers become a stack file that loads; a wrong answer, or one that is missing, writes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from operations.cli import app
from operations.mistakes import Mistake
from operations.setup import commands, draft
from settings import load
from settings.base import Environment
from settings.jurisdiction import Jurisdiction
from settings.load import SettingsError

ROOT = Path(__file__).parents[2]
GIVEN = {
    "--system": "newclinic", "--environment": "staging", "--jurisdiction": "canada", "--region": "ca-west-1",
    "--domain": "app.newclinic.example.org", "--alarm-email": "ops@newclinic.example.org",
}  # fmt: skip


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def setup(*more: str, without: str = "", **changed: str) -> Result:
    """Run it without a terminal; `changed` names options without dashes."""
    options = {**GIVEN, **{f"--{name.replace('_', '-')}": value for name, value in changed.items()}}
    arguments = [part for name, value in options.items() if name != without for part in (name, value)]
    return CliRunner().invoke(app, ["setup", "first", "--yes", *arguments, *more])


@pytest.mark.requirement("OMN-OPS-03", "BER-OPS-03", "BER-OPS-04")
def test_the_answers_become_a_stack_file_with_a_comment_over_each_section(project: Path) -> None:
    ended = setup()
    assert ended.exit_code == 0, ended.output
    assert "phi doctor first" in ended.output
    file = project / "Pulumi.first.yaml"
    settings = load.from_file(file)
    assert (settings.system, settings.environment, settings.region) == ("newclinic", Environment.STAGING, "ca-west-1")
    assert settings.recovery_region == "ca-central-1"
    assert settings.network.zones == ("ca-west-1a", "ca-west-1b")
    assert settings.observability.alarm_email == "ops@newclinic.example.org"
    assert settings.edge is not None
    assert settings.edge.domain is not None
    assert settings.edge.domain.name == "app.newclinic.example.org"
    text = file.read_text()
    assert "clinic.example.org" not in text.replace("newclinic.example.org", "")
    lines = text.splitlines()
    sections = [number for number, line in enumerate(lines) if line.startswith(("  phi-platform:", "  aws:region"))]
    assert all(lines[number - 1].startswith("  # ") for number in sections)
    assert text.count("|\n          -----BEGIN PUBLIC KEY-----\n") == 1


@pytest.mark.parametrize(("jurisdiction", "region"), [("canada", "ca-west-1"), ("united-states", "us-west-2")])
def test_what_is_written_breaks_no_policy(jurisdiction: str, region: str, project: Path) -> None:
    assert setup(jurisdiction=jurisdiction, region=region).exit_code == 0
    ended = subprocess.run(
        [sys.executable, "-m", "operations.cli", "check", "first", "--json"],
        cwd=project, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    findings = json.loads(ended.stdout)["findings"]
    assert [each["message"] for each in findings if each["status"] == "mandatory"] == []


def test_a_file_that_is_there_stays_as_it_is(project: Path) -> None:
    (project / "Pulumi.first.yaml").write_text("mine")
    ended = setup()
    assert isinstance(ended.exception, Mistake)
    assert (project / "Pulumi.first.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("region", "us-east-1", "--region: expected one of ca-central-1, ca-west-1, found us-east-1"),
        ("system", "New Clinic", "--system: expected 3 to 20 lower-case letters"),
        ("alarm_email", "nobody", "--alarm-email: expected an e-mail address, found nobody"),
        ("domain", "clinic", "--domain: expected a domain"),
        ("like", "nothing", r"Pulumi\.nothing\.yaml: expected a stack to start from"),
    ],
)
def test_a_wrong_answer_is_named_and_nothing_is_written(project: Path, option: str, value: str, said: str) -> None:
    ended = setup(**{option: value})
    assert isinstance(ended.exception, Mistake)
    assert ended.exception.args[0].startswith(said.replace("\\", ""))
    assert not (project / "Pulumi.first.yaml").exists()


def test_without_a_terminal_all_missing_answers_are_named_at_once(project: Path) -> None:
    ended = CliRunner().invoke(app, ["setup", "first"])
    assert isinstance(ended.exception, Mistake)
    for option in GIVEN:
        assert option in str(ended.exception)


@pytest.mark.requirement("OMN-OPS-03", "OMN-OPS-04")
def test_production_in_the_united_states_waits_for_the_signed_agreement(project: Path) -> None:
    place = {"environment": "production", "jurisdiction": "united-states", "region": "us-east-2"}
    ended = setup(**place)
    assert isinstance(ended.exception, Mistake)
    assert "--agreement-signed, --agreement-reference" in str(ended.exception)
    assert not (project / "Pulumi.first.yaml").exists()

    ended = setup(**place, agreement_signed="2026-01-31", agreement_reference="AWS Artifact, filed")
    assert ended.exit_code == 0, ended.output
    settings = load.from_file(project / "Pulumi.first.yaml")
    assert settings.agreement is not None
    assert settings.agreement.signed == date(2026, 1, 31)
    assert settings.edge is not None
    assert settings.edge.cdn is not None
    assert settings.edge.cdn.countries == ("US",)


@pytest.mark.requirement("OMN-OPS-03")
def test_a_person_is_asked_what_no_option_answers_and_asked_again_after_a_wrong_answer(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = commands.Asking
    monkeypatch.setattr(commands, "Asking", lambda *, terminal: asking(terminal=True))
    lines = ["staging", "united-states", "us-east-2", "x", "newclinic", "ops@newclinic.example.org", "", "",
             "app.newclinic.example.org", "y", "2026-01-31", "AWS Artifact, filed", "y"]  # fmt: skip
    ended = CliRunner().invoke(app, ["setup", "first"], input="\n".join(lines) + "\n")
    assert ended.exit_code == 0, ended.output
    assert "expected 3 to 20 lower-case letters" in ended.output
    settings = load.from_file(project / "Pulumi.first.yaml")
    assert (settings.system, settings.tags.cost_center) == ("newclinic", "newclinic-staging")
    assert settings.agreement is not None


def test_without_a_terminal_nothing_is_written_without_yes(project: Path) -> None:
    ended = CliRunner().invoke(app, ["setup", "first", *(part for each in GIVEN.items() for part in each)])
    assert isinstance(ended.exception, Mistake)
    assert "--yes" in str(ended.exception)
    assert not (project / "Pulumi.first.yaml").exists()


def written(project: Path, like: str, jurisdiction: Jurisdiction) -> str:
    first = draft.start(project / f"Pulumi.{like}.yaml")
    answers = draft.Answers(
        system="another", environment=Environment.STAGING, jurisdiction=jurisdiction,
        region="us-west-2" if jurisdiction is Jurisdiction.UNITED_STATES else "ca-west-1",
        alarm_email="ops@example.org", owner="platform", cost_center="another",
        domain=None if first.domain is None else "another.example.org",
    )  # fmt: skip
    return draft.text(draft.drafted(first, answers), first, answers)


@pytest.mark.parametrize("jurisdiction", list(Jurisdiction))
@pytest.mark.parametrize(
    "like", ["staging", "production", "berthcare", "facnet", "lifeworld", "mentalspace", "omnirapeutic"]
)
def test_every_stack_can_be_started_from_in_both_jurisdictions(
    like: str, jurisdiction: Jurisdiction, project: Path
) -> None:
    if (like, jurisdiction) == ("mentalspace", Jurisdiction.CANADA):  # its recordings are cached at edges for a day
        with pytest.raises(SettingsError, match=r"edge\.cdn\.cached_buckets"):
            written(project, like, jurisdiction)
        return
    settings = load.load(yaml.safe_load(written(project, like, jurisdiction))["config"])
    before = load.from_file(project / f"Pulumi.{like}.yaml")
    assert (settings.system, settings.environment) == ("another", Environment.STAGING)
    assert len(settings.network.zones) == len(before.network.zones)
    assert all(zone.startswith(settings.region) for zone in settings.network.zones)
    assert type(settings.database) is type(before.database)
    assert settings.identity.github is None, "another repository's"
