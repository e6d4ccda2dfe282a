"""`phi release` with the real engine: an image goes out through its health gate, and one that fails it goes back."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from settings import load
from tests.end_to_end.conftest import Phi

pytestmark = pytest.mark.end_to_end

STACK, SERVICE, RUNS, UNHEALTHY, HEALTHY = "staging", "api", "1.0.0", "1.1.0", "1.2.0"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The service as ECS and ECR have it."""

    ecs: Any
    ecr: Any
    cluster: str
    name: str
    repository: str

    def runs(self) -> str:
        """The version of the task definition it is on."""
        (found,) = self.ecs.describe_services(cluster=self.cluster, services=[self.name])["services"]
        task = self.ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
        return next(each["image"] for each in task["containerDefinitions"] if each["name"] == SERVICE).rpartition(":")[
            2
        ]


class Health(http.server.BaseHTTPRequestHandler):
    """The application's health page, as the load balancer would lead to it: unwell in one version."""

    service: Deployed

    def do_GET(self) -> None:
        self.send_response(503 if self.service.runs() == UNHEALTHY else 200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def service(staging: Phi) -> Deployed:
    outputs = staging.run.outputs(STACK)
    return Deployed(
        ecs=staging.client("ecs"), ecr=staging.client("ecr"), cluster=outputs["cluster_name"],
        name=outputs["service_names"][SERVICE], repository=outputs["repository_urls"][SERVICE].partition("/")[2],
    )  # fmt: skip


@pytest.fixture
def health(service: Deployed) -> Iterator[str]:
    handler = type("Handler", (Health,), {"service": service})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/health"
        server.shutdown()


@pytest.fixture
def images(service: Deployed) -> Iterator[None]:
    """Scanned images in the service's repository."""
    for version in (RUNS, UNHEALTHY, HEALTHY):
        manifest = {
            "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"digest": f"sha256:{version.encode().hex():0>64}", "size": 1}, "layers": [],
        }  # fmt: skip
        service.ecr.put_image(repositoryName=service.repository, imageTag=version, imageManifest=json.dumps(manifest))
        service.ecr.start_image_scan(repositoryName=service.repository, imageId={"imageTag": version})
    yield
    ids = [{"imageTag": version} for version in (RUNS, UNHEALTHY, HEALTHY)]
    service.ecr.batch_delete_image(repositoryName=service.repository, imageIds=ids)


@pytest.mark.requirement("LWO-OPS-02", "LWO-OPS-03")
def test_a_release_passes_its_health_gate_or_goes_back(
    staging: Phi, service: Deployed, images: None, health: str
) -> None:
    def release(*arguments: str, code: int = 0) -> dict[str, Any]:
        done = staging.on(
            STACK, "release", *arguments, "--health-url", health, "--health-seconds", "1", "--accept-findings",
            "a rehearsal", "--yes", "--json",
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def in_file() -> str:
        compute = load.from_file(staging.run.config_file(STACK)).compute
        assert compute is not None
        return compute.services[SERVICE].image

    resources = {each["urn"]: each.get("id") for each in staging.run.resources(STACK)}
    assert (service.runs(), in_file()) == (RUNS, RUNS)

    failed = release("deploy", STACK, SERVICE, "--image-tag", UNHEALTHY, code=1)
    assert failed["problem"].endswith("answers 503, expected 200 to 299")
    assert (failed["released"], failed["after"]) == (False, f"{RUNS} runs again.")
    assert (service.runs(), in_file()) == (RUNS, RUNS)

    done = release("deploy", STACK, SERVICE, "--image-tag", HEALTHY)
    assert (done["released"], done["before"], service.runs(), in_file()) == (True, RUNS, HEALTHY, HEALTHY)

    back = release("rollback", STACK, SERVICE)
    assert (back["released"], back["version"]) == (True, RUNS), "not to the version that failed"
    assert (service.runs(), in_file()) == (RUNS, RUNS)

    now = {each["urn"]: each.get("id") for each in staging.run.resources(STACK)}
    changed = {urn.rpartition("::")[2] for urn in now.keys() | resources.keys() if now.get(urn) != resources.get(urn)}
    assert changed == {f"{SERVICE}-task"}, "a release touches nothing but the task definition and the service"
