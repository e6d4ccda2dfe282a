"""Releases of a Fargate service, with a Pulumi that does at once what the stack file says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.backends import get_backend

from operations import state, targeted
from operations.mistakes import Mistake, Refused
from operations.state import Resource, State
from settings import load
from tests.operations.release.conftest import REGION, Project

CLUSTER, SERVICE, FAMILY, REPOSITORY = "cluster", "backend-prod", "family-backend", "life-world-os-backend"
TASK_URN, SERVICE_URN = "urn:task", "urn:service"
ACCOUNT = "123456789012"


class Engine:
    """`pulumi up` of the service: a revision with the stack file's version, and the service on it.

    fails: versions whose tasks do not become healthy, so that ECS brings the revision before back.
    refuses: versions whose plan breaks a policy.
    """

    def __init__(self, project: Project) -> None:
        self.project, self.fails, self.refuses, self.updates = project, set[str](), set[str](), list[str]()
        self.ecs: Any = boto3.client("ecs", region_name=REGION)

    def register(self, version: str) -> str:
        image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}:{version}"
        return self.ecs.register_task_definition(
            family=FAMILY,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="512",
            memory="1024",
            containerDefinitions=[
                {"name": "collector", "image": "public.ecr.aws/x/y:v1"},
                {"name": "backend", "image": image},
            ],
        )["taskDefinition"]["taskDefinitionArn"]

    def deployments(self, *found: tuple[str, str]) -> None:
        """What ECS says: (task definition, rollout state), the primary one first."""
        service = get_backend("ecs")[ACCOUNT][REGION].services[f"{CLUSTER}:{SERVICE}"]
        service.deployments = [
            {
                "status": "ACTIVE" if place else "PRIMARY", "taskDefinition": arn, "rolloutState": rollout,
                "rolloutStateReason": "the circuit breaker", "runningCount": 1, "desiredCount": 2, "failedTasks": 3,
            }
            for place, (arn, rollout) in enumerate(found)
        ]  # fmt: skip

    def update(self, stack: str, urns: list[str]) -> None:
        assert (stack, urns) == ("lifeworld", [TASK_URN, SERVICE_URN])
        compute = load.from_file(self.project.file).compute
        assert compute is not None
        version = compute.services["backend"].image
        if version in self.refuses:
            raise Refused("[mandatory] a policy")
        self.updates.append(version)
        if version == running(self):
            return
        before = self.ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]["taskDefinition"]
        arn = self.register(version)
        self.ecs.update_service(cluster=CLUSTER, service=SERVICE, taskDefinition=arn)
        if version in self.fails:
            self.deployments((before, "IN_PROGRESS"), (arn, "FAILED"))
        else:
            self.deployments((arn, "COMPLETED"))


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    project = Project("lifeworld", tmp_path, monkeypatch)
    project.outputs |= {
        "cluster_name": CLUSTER,
        "service_names": {"backend": SERVICE, "frontend": "frontend-prod"},
        "repository_urls": {"backend": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}"},
        "application_url": "https://prod.lifeworld.example.org",
    }
    made = Engine(project)
    made.ecs.create_cluster(clusterName=CLUSTER)
    first = made.register("1.0.0")
    made.ecs.create_service(cluster=CLUSTER, serviceName=SERVICE, taskDefinition=first, desiredCount=2)
    made.deployments((first, "COMPLETED"))
    monkeypatch.setattr(targeted, "update", made.update)
    common: dict[str, Any] = {"parent": None, "outputs": {}, "protect": False}
    resources = (
        Resource(urn=TASK_URN, type="aws:ecs/taskDefinition:TaskDefinition", name="backend-task", id=first,
                 inputs={}, dependencies=(), **common),
        Resource(urn=SERVICE_URN, type="aws:ecs/service:Service", name="backend-service", id=SERVICE,
                 inputs={"name": SERVICE}, dependencies=("urn:cluster", TASK_URN), **common),
    )  # fmt: skip
    found = State(stack="lifeworld", taken="", digest="", resources=resources)
    monkeypatch.setattr(state, "read", lambda _stack: found)
    boto3.client("ecr", region_name=REGION).create_repository(repositoryName=REPOSITORY)
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        image(version)
    return made


def put(ecr: Any, version: str) -> None:
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": f"sha256:{version.encode().hex():0>64}", "size": 1},
        "layers": [],
    }
    ecr.put_image(repositoryName=REPOSITORY, imageTag=version, imageManifest=json.dumps(manifest))


def image(version: str) -> None:
    """A scanned image in the repository."""
    ecr: Any = boto3.client("ecr", region_name=REGION)
    put(ecr, version)
    ecr.start_image_scan(repositoryName=REPOSITORY, imageId={"imageTag": version})


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What a scan of any image finds."""
    from moto.ecr.models import ECRBackend

    found: dict[str, int] = {}

    def describe(_self: object, registry_id: str, repository_name: str, image_id: dict[str, str]) -> dict[str, Any]:
        return {"repositoryName": repository_name, "imageId": image_id, "imageScanStatus": {"status": "COMPLETE"},
                "imageScanFindings": {"findingSeverityCounts": found}}  # fmt: skip

    monkeypatch.setattr(ECRBackend, "describe_image_scan_findings", describe)
    return found


def running(pulumi: Engine) -> str:
    arn = pulumi.ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]["taskDefinition"]
    task = pulumi.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return task["containerDefinitions"][1]["image"].rpartition(":")[2]


def stack_file_says(pulumi: Engine) -> str:
    compute = load.from_file(pulumi.project.file).compute
    assert compute is not None
    return compute.services["backend"].image


@pytest.mark.requirement("LWO-OPS-02", "FAC-OPS-07")
def test_a_release_is_what_the_stack_file_says_and_what_runs(pulumi: Engine) -> None:
    done = pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "1.1.0", "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["released"] is True
    assert running(pulumi) == stack_file_says(pulumi) == "1.1.0"
    assert pulumi.project.asked == "https://prod.lifeworld.example.org/api/health"


def test_the_version_that_runs_is_started_anew_as_its_image_may_not_have_been_there(
    pulumi: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = get_backend("ecs")[ACCOUNT][REGION]
    (first,) = [each["taskDefinition"] for each in backend.services[f"{CLUSTER}:{SERVICE}"].deployments]
    pulumi.deployments((first, "FAILED"))

    def start(_self: object, properties: dict[str, Any]) -> Any:
        assert properties == {"cluster": CLUSTER, "service": SERVICE, "force_new_deployment": True}
        pulumi.deployments((first, "COMPLETED"), (first, "FAILED"))
        return backend.services[f"{CLUSTER}:{SERVICE}"]

    monkeypatch.setattr(type(backend), "update_service", start)
    done = pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "1.0.0", "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["released"] is True


@pytest.mark.requirement("LWO-OPS-03")
def test_going_back_twice_leads_two_versions_back(pulumi: Engine) -> None:
    for version in ("1.1.0", "1.2.0"):
        pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", version, "--yes")
    for version in ("1.1.0", "1.0.0"):
        done = pulumi.project.phi("rollback", "lifeworld", "backend", "--yes")
        assert done.exit_code == 0, done.output
        assert running(pulumi) == stack_file_says(pulumi) == version
    done = pulumi.project.phi("rollback", "lifeworld", "backend", "--yes")
    assert isinstance(done.exception, Mistake)
    assert "expected an earlier version" in str(done.exception)


def test_tasks_that_do_not_become_healthy_end_with_the_version_before(pulumi: Engine) -> None:
    pulumi.fails = {"1.1.0"}
    done = pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "1.1.0", "--yes", "--json")
    assert done.exit_code == 1
    shown = json.loads(done.stdout)
    assert "did not become healthy" in shown["problem"]
    assert shown["after"] == "1.0.0 runs again."
    assert running(pulumi) == stack_file_says(pulumi) == "1.0.0"
    assert pulumi.updates == ["1.1.0", "1.0.0"]


def test_an_application_that_does_not_answer_ends_with_the_version_before(pulumi: Engine) -> None:
    pulumi.project.answers = ["https://x answers 503"]
    done = pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "1.1.0", "--yes")
    assert done.exit_code == 1
    assert "answers 503" in done.stderr
    assert running(pulumi) == stack_file_says(pulumi) == "1.0.0"


def test_a_rollback_does_not_choose_a_release_that_failed(pulumi: Engine) -> None:
    pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "1.1.0", "--yes")
    pulumi.fails = {"1.2.0"}
    pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "1.2.0", "--yes")
    pulumi.project.phi("rollback", "lifeworld", "backend", "--yes")
    assert running(pulumi) == "1.0.0"
    shown = json.loads(pulumi.project.phi("history", "lifeworld", "backend", "--json").stdout)
    assert [(row["version"], row["state"]) for row in shown] == [
        ("1.0.0", "runs"), ("1.1.0", "withdrawn"), ("1.2.0", "withdrawn"), ("1.1.0", ""), ("1.0.0", ""),
    ]  # fmt: skip


def test_a_plan_that_breaks_a_policy_leaves_the_stack_file_as_it_was(pulumi: Engine) -> None:
    before = pulumi.project.file.read_text()
    pulumi.refuses = {"1.1.0"}
    done = pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "1.1.0", "--yes")
    assert isinstance(done.exception, Refused)
    assert pulumi.project.file.read_text() == before


def test_an_image_that_is_not_there_is_answered_with_those_that_are(pulumi: Engine) -> None:
    done = pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "9.9.9", "--yes")
    assert isinstance(done.exception, Mistake)
    assert "9.9.9" in str(done.exception)
    assert "1.2.0" in str(done.exception)
    assert pulumi.updates == []


def test_critical_findings_are_released_only_with_a_reason(pulumi: Engine, findings: dict[str, int]) -> None:
    findings |= {"CRITICAL": 2, "HIGH": 5}
    arguments = ("deploy", "lifeworld", "backend", "--image-tag", "1.1.0", "--yes", "--json")
    done = pulumi.project.phi(*arguments)
    assert isinstance(done.exception, Refused)
    assert "2 critical findings" in str(done.exception)
    assert pulumi.updates == []
    accepted = pulumi.project.phi(*arguments, "--accept-findings", "fixed upstream on Friday")
    assert json.loads(accepted.stdout)["accepted"] == "fixed upstream on Friday"


def test_an_image_nobody_has_scanned_is_refused(pulumi: Engine) -> None:
    ecr: Any = boto3.client("ecr", region_name=REGION)
    put(ecr, "new")
    done = pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "new", "--yes")
    assert isinstance(done.exception, Refused)
    assert "expected a finished scan, found none" in str(done.exception)


def test_without_consent_nothing_is_changed(pulumi: Engine) -> None:
    done = pulumi.project.phi("deploy", "lifeworld", "backend", "--image-tag", "1.1.0")
    assert isinstance(done.exception, Mistake)
    assert "--yes" in str(done.exception)
    assert pulumi.updates == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deploy", "lifeworld", "backend"), "--image-tag: expected"),
        (("deploy", "lifeworld", "worker", "--image-tag", "1"), "there are: backend, frontend"),
        (("deploy", "lifeworld", "fleet", "--key", "x", "--commit", "y"), "expected a fleet, found none"),
    ],
)
def test_a_mistake_is_told_with_what_was_expected(pulumi: Engine, arguments: tuple[str, ...], said: str) -> None:
    done = pulumi.project.phi(*arguments)
    assert isinstance(done.exception, Mistake)
    assert said in str(done.exception)


DOCKER = """#!/bin/sh
echo "$@" >> "$0.log"
[ "$1" = login ] && cat >> "$0.log" && echo >> "$0.log"
exit 0
"""


@pytest.mark.requirement("LWO-OPS-01")
def test_an_image_is_pushed_and_the_password_is_no_argument(
    pulumi: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    done = pulumi.project.phi("push", "lifeworld", "backend", "api:latest", "--tag", "1.3.0", "--yes")
    assert done.exit_code == 0, done.output
    registry = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
    login, password, *rest = (tmp_path / "docker.log").read_text().splitlines()
    assert login == f"login --username AWS --password-stdin {registry}"
    assert password not in login
    assert rest == [
        f"tag api:latest {registry}/{REPOSITORY}:1.3.0", f"push {registry}/{REPOSITORY}:1.3.0", f"logout {registry}",
    ]  # fmt: skip


def test_without_docker_pushing_says_so(pulumi: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = pulumi.project.phi("push", "lifeworld", "backend", "api:latest", "--tag", "1.3.0", "--yes")
    assert isinstance(done.exception, Mistake)
    assert "docker" in str(done.exception)
