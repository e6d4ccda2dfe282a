"""Releases of the fleet through CodeDeploy, whose deployments end as the test says."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend
from moto.codedeploy.models import CodeDeployBackend

from operations.mistakes import Mistake, Refused
from operations.release import fleet
from tests.operations.release.conftest import REGION, Project

ACCOUNT, BUCKET = "123456789012", "facnet-deployments"


class CodeDeploy:
    """The deployment group of the stack, and how its next deployments end."""

    def __init__(self, project: Project) -> None:
        self.project, self.ends, self.asked = project, list[str](), set[str]()
        self.api: Any = boto3.client("codedeploy", region_name=REGION)
        self.polls = 0

    def state_of(self, deployment: Any) -> None:
        """Every deployment is under way when it is first asked for, and then ends."""
        if deployment.deployment_id not in self.asked:
            self.asked.add(deployment.deployment_id)
            deployment.status = "InProgress"
        elif deployment.status == "InProgress":
            deployment.status = self.ends.pop(0) if self.ends else "Succeeded"
        self.polls += 1

    def deployments(self) -> list[Any]:
        return [*get_backend("codedeploy")[ACCOUNT][REGION].deployments.values()]

    def archive(self, folder: Path, name: str, *without: str, also: tuple[str, ...] = ()) -> Path:
        """A release archive whose content depends on its name."""
        path = folder / f"{name}.zip"
        files = {"appspec.yml": "version: 0.0", "dist/main.js": name, "node_modules/a/index.js": "",
                 "package.json": "{}", "ecosystem.config.aws.cjs": ""}  # fmt: skip
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in files.items():
                if file not in without:
                    archive.writestr(file, text)
            for file in also:
                archive.writestr(file, "x")
        return path

    def deploy(self, archive: Path, commit: str) -> Any:
        return self.project.phi(
            "deploy", "facnet", "fleet", "--bundle", str(archive), "--commit", commit, "--yes", "--json"
        )


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CodeDeploy:
    project = Project("facnet", tmp_path, monkeypatch)
    project.outputs |= {
        "codedeploy_application": "facnet-validator", "codedeploy_group": "production", "codedeploy_bucket": BUCKET,
        "application_url": "https://validator.example.org",
    }  # fmt: skip
    made = CodeDeploy(project)
    s3: Any = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    made.api.create_application(applicationName="facnet-validator")
    made.api.create_deployment_group(
        applicationName="facnet-validator", deploymentGroupName="production",
        serviceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/x",
    )  # fmt: skip
    plain = CodeDeployBackend.get_deployment

    def get(self: Any, deployment_id: str) -> Any:
        found = plain(self, deployment_id)
        made.state_of(found)
        return found

    monkeypatch.setattr(CodeDeployBackend, "get_deployment", get)
    return made


@pytest.mark.requirement("FAC-OPS-03", "FAC-OPS-04", "FAC-OPS-06")
def test_an_archive_is_uploaded_and_deployed_with_its_commit(released: CodeDeploy, tmp_path: Path) -> None:
    done = released.deploy(released.archive(tmp_path, "one"), "4f2a9c1")
    assert done.exit_code == 0, done.output
    [deployment] = released.deployments()
    place = deployment.revision["s3Location"]
    assert (deployment.description, place["bucket"], place["bundleType"]) == ("commit 4f2a9c1", BUCKET, "zip")
    head = boto3.client("s3", region_name=REGION).head_object(Bucket=BUCKET, Key=place["key"])
    assert place["version"] == head["VersionId"]
    assert released.project.asked == "https://validator.example.org/api/health"


@pytest.mark.requirement("FAC-OPS-03")
@pytest.mark.parametrize("missing", ["appspec.yml", "dist/main.js", "node_modules/a/index.js", "package.json",
                                     "ecosystem.config.aws.cjs"])  # fmt: skip
def test_an_archive_without_a_part_is_refused_before_anything_is_sent(
    released: CodeDeploy, tmp_path: Path, missing: str
) -> None:
    done = released.deploy(released.archive(tmp_path, "one", missing), "4f2a9c1")
    assert isinstance(done.exception, Mistake)
    assert missing.partition("/")[0] in str(done.exception)
    assert released.deployments() == []
    assert "Contents" not in boto3.client("s3", region_name=REGION).list_objects_v2(Bucket=BUCKET)


@pytest.mark.parametrize("file", [".env", ".env.production", "../outside", "/etc/cron.d/x"])
def test_an_archive_with_secrets_or_files_elsewhere_is_refused(released: CodeDeploy, tmp_path: Path, file: str) -> None:
    done = released.deploy(released.archive(tmp_path, "one", also=(file,)), "4f2a9c1")
    assert isinstance(done.exception, Mistake)
    assert file in str(done.exception)


def test_a_file_that_is_no_archive_is_refused(released: CodeDeploy, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("not a zip")
    done = released.deploy(tmp_path / "a.zip", "4f2a9c1")
    assert isinstance(done.exception, Mistake)
    assert "expected a zip archive" in str(done.exception)


@pytest.mark.requirement("FAC-OPS-05")
def test_a_deployment_is_asked_for_every_ten_seconds_at_most_ten_minutes(released: CodeDeploy, tmp_path: Path) -> None:
    assert (fleet.POLL_SECONDS, fleet.LIMIT_SECONDS) == (10, 600)
    released.ends = ["InProgress"] * 1000
    done = released.deploy(released.archive(tmp_path, "one"), "4f2a9c1")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert "after 600 s, and goes on" in told["problem"]
    assert told["after"] is None, "nothing has been brought back"
    assert 60 <= released.polls <= 63


def test_a_first_release_that_does_not_answer_is_said_to_run_nevertheless(released: CodeDeploy, tmp_path: Path) -> None:
    released.project.answers = ["https://x answers 502"]
    done = released.deploy(released.archive(tmp_path, "one"), "1111111")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["released"], told["after"]) == (False, "It runs nevertheless: there is no release before it.")
    assert told["archive"].startswith("releases/1111111-")


def test_a_failed_deployment_is_told_and_left_to_codedeploy_to_roll_back(released: CodeDeploy, tmp_path: Path) -> None:
    released.ends = ["Failed"]
    done = released.deploy(released.archive(tmp_path, "one"), "4f2a9c1")
    assert done.exit_code == 1
    assert "CodeDeploy brings the last successful release back" in json.loads(done.stdout)["problem"]
    assert len(released.deployments()) == 1


def test_a_release_that_does_not_answer_is_gone_back_from(released: CodeDeploy, tmp_path: Path) -> None:
    released.deploy(released.archive(tmp_path, "one"), "1111111")
    released.project.answers = ["https://x answers 502"]
    done = released.deploy(released.archive(tmp_path, "two"), "2222222")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["after"].endswith("runs again.")
    first, second, third = released.deployments()
    assert third.revision == first.revision
    assert third.description == f"rollback of {second.deployment_id} to commit 1111111"


@pytest.mark.requirement("FAC-OPS-07")
def test_going_back_twice_leads_two_archives_back_and_never_to_one_that_was_left(
    released: CodeDeploy, tmp_path: Path
) -> None:
    for number in ("1", "2", "3"):
        released.deploy(released.archive(tmp_path, number), number * 7)
    for expected in ("2222222", "1111111"):
        done = released.project.phi("rollback", "facnet", "fleet", "--yes", "--json")
        assert done.exit_code == 0, done.output
        assert expected in json.loads(done.stdout)["archive"]
    done = released.project.phi("rollback", "facnet", "fleet", "--yes")
    assert isinstance(done.exception, Mistake)
    shown = json.loads(released.project.phi("history", "facnet", "fleet", "--json").stdout)
    assert [row["status"] for row in shown] == ["Succeeded"] * 5
    assert expected in shown[0]["archive"]
    assert shown[0]["description"].endswith(" to commit 1111111"), "the commit, not the rollback it came from"


def test_an_archive_that_is_there_already_is_deployed_in_its_newest_version(released: CodeDeploy) -> None:
    s3: Any = boto3.client("s3", region_name=REGION)
    s3.put_object(Bucket=BUCKET, Key="ci/a.zip", Body=b"x")
    newest = s3.put_object(Bucket=BUCKET, Key="ci/a.zip", Body=b"y")["VersionId"]
    arguments = ("deploy", "facnet", "fleet", "--commit", "4f2a9c1", "--yes", "--key")
    assert released.project.phi(*arguments, "ci/a.zip").exit_code == 0
    assert released.deployments()[0].revision["s3Location"]["version"] == newest
    done = released.project.phi(*arguments, "ci/b.zip")
    assert isinstance(done.exception, Mistake)
    assert "none named ci/b.zip" in str(done.exception)


def test_a_deployment_under_way_is_not_disturbed(released: CodeDeploy, tmp_path: Path) -> None:
    released.ends = ["InProgress"] * 1000
    released.deploy(released.archive(tmp_path, "one"), "1111111")
    done = released.deploy(released.archive(tmp_path, "two"), "2222222")
    assert isinstance(done.exception, Refused)
    assert "is InProgress" in str(done.exception)


def test_an_archive_whose_commit_nobody_names_is_refused(released: CodeDeploy, tmp_path: Path) -> None:
    archive = released.archive(tmp_path, "one")
    done = released.project.phi("deploy", "facnet", "fleet", "--bundle", str(archive), "--yes")
    assert isinstance(done.exception, Mistake)
    assert "--commit" in str(done.exception)
