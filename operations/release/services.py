"""Releases of Fargate services.

Which version runs is a value of the stack file (`compute.services.<name>.image`), and the task definition is Pulumi's:
a release writes the value and lets Pulumi bring the task definition and the service, and nothing else, in line with
it. So nobody changes what Pulumi owns behind its back, the policy pack judges every release, the stack file in version
control says what runs, and the next `up` changes nothing. A rollback is the release of an earlier version.

Task definitions stay (`skip_destroy`), so they are the history. One that was gone back from has the tag WITHDRAWN.
Source: Amazon ECS Developer Guide, "Deployment circuit breaker", "Task definition states"; LWO-OPS-02, LWO-OPS-03;
45 CFR 164.308(a)(5)(ii)(B), 164.312(c)(1).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from operations import stack_file, targeted
from operations.mistakes import Mistake, Refused
from operations.state import State
from settings.stack import Settings

WITHDRAWN = "phi-withdrawn"  # key of a tag
POLL_SECONDS = 10
STEADY_SECONDS = 1800
HISTORY = 20

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A task definition of a service.   version: tag or digest of its image.   withdrawn: it was gone back from."""

    arn: str
    number: int
    version: str
    registered: datetime | None
    withdrawn: bool


@dataclass(frozen=True, kw_only=True)
class FargateService:
    """One service of a stack.

    service: name in the settings.   name: in ECS.   repository: name in ECR.   repository_url: of a repository the
    stack has made.   health_url: None where the load balancer sends nothing.
    """

    stack: str
    service: str
    region: str
    cluster: str
    name: str
    repository: str
    repository_url: str | None
    health_url: str | None

    @classmethod
    def of(cls, stack: str, service: str, outputs: Mapping[str, Any], settings: Settings) -> FargateService:
        """The service a stack's outputs and settings describe. Raises Mistake that names those there are."""
        names: dict[str, str] = outputs.get("service_names") or {}
        chosen = {} if settings.compute is None else settings.compute.services
        if service not in names or service not in chosen:
            raise Mistake(
                f"{stack}: expected a deployed service, found none named {service}; there are: "
                f"{', '.join(sorted(set(names) & set(chosen))) or 'none'}."
            )
        url = (outputs.get("repository_urls") or {}).get(service)
        address = outputs.get("application_url")
        return cls(
            stack=stack,
            service=service,
            region=outputs["region"],
            cluster=outputs["cluster_name"],
            name=names[service],
            repository=chosen[service].repository or str(url).partition("/")[2],
            repository_url=url,
            health_url=f"{address}{chosen[service].health_path}" if address and chosen[service].routed else None,
        )

    def described(self, ecs: Any) -> dict[str, Any]:
        """What ECS says of it. Raises Refused when it is gone."""
        found = ecs.describe_services(cluster=self.cluster, services=[self.name])["services"]
        if not found or found[0]["status"] != "ACTIVE":
            raise Refused(f"{self.name}: expected an active service of cluster {self.cluster}, found none.")
        return found[0]

    def running(self, ecs: Any) -> Revision:
        """The revision ECS runs, or is bringing in."""
        return self.revision(ecs, self.described(ecs)["taskDefinition"])

    def revision(self, ecs: Any, arn: str) -> Revision:
        found = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        task = found["taskDefinition"]
        image = next(each["image"] for each in task["containerDefinitions"] if each["name"] == self.service)
        return Revision(
            arn=task["taskDefinitionArn"],
            number=task["revision"],
            version=version_of(image),
            registered=task.get("registeredAt"),
            withdrawn=any(tag["key"] == WITHDRAWN for tag in found.get("tags", ())),
        )

    def history(self, ecs: Any) -> list[Revision]:
        """The newest revisions, newest first, at most HISTORY."""
        family = self.running(ecs).arn.rpartition("/")[2].rpartition(":")[0]
        pages = ecs.get_paginator("list_task_definitions").paginate(
            familyPrefix=family, status="ACTIVE", sort="DESC", PaginationConfig={"MaxItems": HISTORY}
        )
        found = [self.revision(ecs, arn) for page in pages for arn in page["taskDefinitionArns"]]
        return sorted(found, key=lambda each: each.number, reverse=True)

    def before(self, ecs: Any) -> Revision:
        """The newest revision before the running one of another version that was not withdrawn since.

        Raises Mistake when there is none.
        """
        running = self.running(ecs)
        left = {running.version}
        for each in self.history(ecs):
            if each.number < running.number and each.version not in left:
                if not each.withdrawn:
                    return each
                left.add(each.version)
        raise Mistake(
            f"{self.stack} {self.service}: expected an earlier version to go back to, found none among the last "
            f"{HISTORY} revisions; it runs {running.version}. Name one with `phi release deploy --image-tag`."
        )

    def urns(self, state: State) -> list[str]:
        """URNs of its task definition and itself. Raises Refused when the state does not have them."""
        services = [each for each in state.of_type("aws:ecs/service:Service") if each.inputs.get("name") == self.name]
        tasks = {each.urn for each in state.of_type("aws:ecs/taskDefinition:TaskDefinition")}
        needed = [urn for each in services for urn in each.dependencies if urn in tasks]
        if len(services) != 1 or len(needed) != 1:
            raise Refused(f"{self.stack}: expected service {self.name} and its task definition in the state, found "
                          f"{len(services)} and {len(needed)}.")  # fmt: skip
        return [needed[0], services[0].urn]


def version_of(image: str) -> str:
    """Tag or digest of an image's address."""
    _, at, digest = image.partition("@")
    return digest if at else image.rpartition("/")[2].partition(":")[2]


def bring(place: FargateService, version: str, state: State) -> None:
    """Write the version into the stack file and let Pulumi deploy it; a refused one leaves the file as it was."""
    file = stack_file.engine_file(place.stack)
    before = file.read_text()
    stack_file.set_image(file, place.service, version)
    try:
        targeted.update(place.stack, place.urns(state))
    except BaseException:
        file.write_text(before)
        raise


def again(place: FargateService, ecs: Any) -> None:
    """Have ECS start tasks of the revision it has anew: it gives up on tasks whose image was not there yet."""
    ecs.update_service(cluster=place.cluster, service=place.name, forceNewDeployment=True)


def steady(place: FargateService, ecs: Any, arn: str, tell: Tell, poll_seconds: float = POLL_SECONDS) -> str | None:
    """Wait until every task is of one revision and healthy; what went wrong, or None.

    ECS's circuit breaker ends a deployment whose tasks do not become healthy, and brings the revision before it back.
    """
    limit = time.monotonic() + STEADY_SECONDS
    while True:
        found = place.described(ecs)
        primary = next(each for each in found["deployments"] if each["status"] == "PRIMARY")
        of_it = (each for each in (primary, *found["deployments"]) if each["taskDefinition"] == arn)
        ours = next(of_it, None)
        if ours is None or ours is not primary or ours["rolloutState"] == "FAILED":
            reason = "" if ours is None else ours.get("rolloutStateReason", "")
            said = next((event["message"] for event in found.get("events", ())), "")
            return f"ECS has ended the deployment, its tasks did not become healthy. {reason} {said}".strip()
        if ours["rolloutState"] == "COMPLETED":
            return None
        tell(f"{place.name}: {ours['runningCount']} of {ours['desiredCount']} tasks run"
             + (f", {ours['failedTasks']} have failed" if ours.get("failedTasks") else ""))  # fmt: skip
        if time.monotonic() > limit:
            return f"{place.name} is not steady after {STEADY_SECONDS // 60} minutes: {primary['rolloutStateReason']}"
        time.sleep(poll_seconds)


def withdraw(ecs: Any, arn: str) -> None:
    """Tag a revision that Pulumi has let go of, so that no rollback chooses it."""
    ecs.tag_resource(resourceArn=arn, tags=[{"key": WITHDRAWN, "value": "true"}])
