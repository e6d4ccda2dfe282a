"""`phi evidence`: every safeguard with its controls and resources, for people and, as valid OSCAL, for machines."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from trestle import oscal as trestle_oscal
from trestle.oscal.assessment_results import Model as AssessmentResults
from typer.testing import CliRunner

from checking import evidence_page, oscal
from checking.evidence import PACK, Control, Evidence, Outcome, Source, citations, gather, pack_digest, sha256
from checking.judgement import exported_text, judge
from operations.cli import app
from policies.rules import RULES

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
COMMAND = CliRunner()
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def state(*volumes: tuple[str, Any]) -> str:
    """A state with volumes: (name, whether it is encrypted)."""
    rows = [
        {
            "urn": f"urn:pulumi:old::shop::aws:ebs/volume:Volume::{name}",
            "type": "aws:ebs/volume:Volume",
            "custom": True,
            "inputs": {"encrypted": encrypted, "availabilityZone": "ca-central-1a", "size": 8},
            "outputs": {},
        }
        for name, encrypted in volumes
    ]
    return json.dumps({"version": 3, "deployment": {"resources": rows}})


def evidence(text: str, **more: Any) -> Evidence:
    judged = judge("old", Path("state.json"), exported_text(text, "state.json"), {}, **more)
    return gather(judged, Source(kind="state", name="state.json", digest=sha256(text.encode())), now=NOW)


def control(of: Evidence, id: str) -> Control:
    return next(each for each in of.controls if each.rule.id == id)


def outcomes(of: Evidence, id: str) -> dict[str, Outcome]:
    return {answer.name: answer.outcome for answer in control(of, id).answers}


def waivers(folder: Path, rule: str) -> dict[str, Any]:
    file = folder / "waivers.yaml"
    file.write_text(
        f"- rule: {rule}\n  resource: urn:pulumi:old::*::disk\n  reason: Holds nothing but a cache of public pages.\n"
        "  owner: platform lead\n  until: 2027-06-30\n"
    )
    return {"pack_config": {"region-allowed": {"waivers": str(file)}}, "today": date(2026, 11, 24)}


def test_a_resource_passes_fails_or_is_undecided_each_by_itself() -> None:
    of = evidence(state(("good", True), ("bad", False), ("late", UNKNOWN)))
    expected = {"good": Outcome.PASSED, "bad": Outcome.FAILED, "late": Outcome.UNDECIDED}
    assert outcomes(of, "ebs-volume-encrypted") == expected
    assert control(of, "ebs-volume-encrypted").outcome is Outcome.FAILED
    assert "encrypted" in control(of, "ebs-volume-encrypted").of(Outcome.FAILED)[0].messages[0]


def test_a_waiver_shows_with_its_reason_and_is_not_a_pass(tmp_path: Path) -> None:
    of = evidence(state(("disk", False)), **waivers(tmp_path, "ebs-volume-encrypted"))
    answer = control(of, "ebs-volume-encrypted").answers[0]
    assert (answer.outcome, answer.reason) == (Outcome.WAIVED, "Holds nothing but a cache of public pages.")
    assert [waiver.owner for waiver in of.waivers] == ["platform lead"]


def test_a_control_without_a_resource_has_nothing_to_judge_and_never_passes() -> None:
    of = evidence(state(("disk", True)))
    assert control(of, "rds-storage-encrypted").outcome is Outcome.ABSENT


@pytest.mark.parametrize("id", ["guardduty-on", "securityhub-on", "macie-on-phi-buckets", "budget-present"])
def test_a_rule_of_the_account_that_is_not_asked_for_does_not_pass(id: str) -> None:
    assert control(evidence(state(("disk", True))), id).outcome is Outcome.ABSENT
    baseline = evidence(state(("disk", True)), pack_config={"region-allowed": {"baseline": True}})
    if id in ("guardduty-on", "securityhub-on"):
        assert control(baseline, id).outcome is Outcome.FAILED


def test_a_rule_that_is_turned_off_is_named_and_not_judged() -> None:
    of = evidence(state(("disk", False)), pack_config={"ebs-volume-encrypted": "disabled"})
    assert of.disabled == ("ebs-volume-encrypted",)
    assert all(each.rule.id != "ebs-volume-encrypted" for each in of.controls)
    assert "configuration: ebs-volume-encrypted" in evidence_page.render(of)


def test_every_standard_of_both_laws_is_listed_with_its_controls_or_as_a_gap() -> None:
    of = evidence(state(("disk", True)))
    by_citation = {each.citation: each for each in of.safeguards}
    assert by_citation["HIPAA 164.310(b)"].controls == ()
    assert by_citation["HIPAA 164.312(a)"].controls
    assert {each.rule.id for safeguard in of.safeguards for each in safeguard.controls} == {
        rule.id for rule in RULES if rule.hipaa or rule.pipeda
    }
    page = evidence_page.render(of)
    assert "164.310(b) Workstation use" in page
    assert "Shown by other means" in page


def test_the_page_shows_failures_waivers_hashes_and_escapes_what_it_is_given(tmp_path: Path) -> None:
    of = evidence(state(("disk", False), ("<b>x</b>", False)), **waivers(tmp_path, "ebs-volume-encrypted"))
    page = evidence_page.render(of)
    for text in (of.source.digest, of.pack_digest, "2026-11-24 12:00:00 UTC", "2027-06-30", "platform lead"):
        assert text in page
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "src=" not in page  # nothing is loaded from elsewhere
    assert "url(" not in page


def test_the_hash_of_the_pack_changes_with_any_of_its_files(tmp_path: Path) -> None:
    copy = tmp_path / "policies"
    shutil.copytree(PACK, copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert pack_digest(copy) == pack_digest()
    with (copy / "waivers.yaml").open("a") as file:
        file.write("# another line\n")
    assert pack_digest(copy) != pack_digest()


def test_the_oscal_document_is_valid_and_its_references_lead_somewhere(tmp_path: Path) -> None:
    """Validated by compliance-trestle, the OSCAL library of the Cloud Native Computing Foundation."""
    text = state(("good", True), ("disk", False), ("late", UNKNOWN), ("bad", False))
    of = evidence(text, **waivers(tmp_path, "ebs-volume-encrypted"))
    document = json.loads(json.dumps(oscal.assessment_results(of)))
    AssessmentResults.model_validate(document)
    assert trestle_oscal.OSCAL_VERSION == oscal.VERSION

    result = document["assessment-results"]["results"][0]
    items = {each["uuid"] for each in result["local-definitions"]["inventory-items"]}
    observations = {each["uuid"]: each for each in result["observations"]}
    selected = {
        each["control-id"]
        for selection in result["reviewed-controls"]["control-selections"]
        for each in selection["include-controls"]
    }
    assert len(observations) == len(result["observations"])
    for observation in observations.values():
        assert {subject["subject-uuid"] for subject in observation["subjects"]} <= items
    for finding in result["findings"]:
        assert finding["target"]["target-id"] in selected
        assert {each["observation-uuid"] for each in finding["related-observations"]} <= observations.keys()
    assert "open" in {each["status"] for each in result["risks"]}
    waived = next(each for each in result["risks"] if each["status"] == "deviation-approved")
    assert waived["deadline"].startswith("2027-06-30")


def test_a_safeguard_is_satisfied_only_when_none_of_its_controls_failed_or_is_undecided() -> None:
    of = evidence(state(("good", True), ("late", UNKNOWN), ("bad", False)))
    findings = oscal.assessment_results(of)["assessment-results"]["results"][0]["findings"]
    bad = {Outcome.FAILED, Outcome.UNDECIDED}
    for finding in findings:
        serving = [each for each in of.controls if finding["title"] in citations(each.rule)]
        satisfied = finding["target"]["status"]["state"] == "satisfied"
        assert satisfied == (not any(each.outcome in bad for each in serving)), finding["title"]
    assert {finding["target"]["status"]["state"] for finding in findings} == {"satisfied", "not-satisfied"}


def test_the_same_evidence_gives_the_same_document_and_another_state_another() -> None:
    one, same, other = (evidence(state(("disk", encrypted))) for encrypted in (True, True, False))
    assert oscal.assessment_results(one) == oscal.assessment_results(same)
    ids = [oscal.assessment_results(each)["assessment-results"]["uuid"] for each in (one, other)]
    assert ids[0] != ids[1]


def test_a_citation_becomes_a_token() -> None:
    assert oscal.control_id("HIPAA 164.312(a)(2)(iv)") == "hipaa-164.312-a-2-iv"
    assert oscal.control_id("PIPEDA 4.7.3") == "pipeda-4.7.3"


def test_the_command_reports_on_a_state_by_the_law_of_its_stack_and_ends_with_1_on_failures(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(state(("disk", False)))
    stack = str(ROOT / "Pulumi.mentalspace.yaml")
    done = COMMAND.invoke(app, ["evidence", stack, "--state", str(file), "-o", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["jurisdiction"] == "united-states"
    assert found["source"]["sha256"] == sha256(file.read_bytes())
    assert "ebs-volume-encrypted" in found["failed"]
    assert Path(found["html"]).read_text().startswith("<!doctype html>")
    AssessmentResults.model_validate(json.loads(Path(found["oscal"]).read_text()))


def test_the_command_reports_on_a_program_before_anything_is_created(tmp_path: Path) -> None:
    done = COMMAND.invoke(app, ["evidence", str(ROOT / "Pulumi.omnirapeutic.yaml"), "-o", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["source"]["kind"] == "program"
    assert found["controls"]["passed"] > 100
    AssessmentResults.model_validate(json.loads(Path(found["oscal"]).read_text()))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--state", "missing.json"], "missing.json"),
        (["--state", "missing.json", "--deployed"], "expected one of them"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = COMMAND.invoke(app, ["evidence", "staging", *arguments, "-o", str(tmp_path / "out")])
    assert done.exit_code != 0
    assert said in str(done.exception)
    assert not (tmp_path / "out").exists()
