"""Amazon ECS and ECR: containers without privileges, images that do not change."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..config import Config
from ..graph import Resource
from ..rule import Severity, resource_rule
from ..values import View

TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"


def containers(resource: Resource) -> list[View]:
    """Containers of a task definition, whose definitions are JSON text. Raises NotKnown."""
    definitions = resource.get("containerDefinitions")
    if isinstance(definitions, str):
        try:
            definitions = json.loads(definitions)
        except ValueError:
            return []
    return View({"containerDefinitions": definitions}).views("containerDefinitions")


@resource_rule(
    "ecs-no-privileged",
    types=(TASK,),
    title="Containers have no privileges on their host",
    severity=Severity.HIGH,
    remedy="Remove privileged and added Linux capabilities.",
    url=GUIDE + "security-tasks-containers.html",
)
def no_privileged(resource: Resource, config: Config) -> Iterator[str]:
    for each in containers(resource):
        if each.flag("privileged"):
            yield f"{each.where('privileged')} is true."
        for capability in each.texts("linuxParameters.capabilities.add"):
            yield f"{each.where('linuxParameters.capabilities.add')}: {capability}."


@resource_rule(
    "ecs-readonly-root",
    types=(TASK,),
    title="Containers cannot change their own files",
    severity=Severity.MEDIUM,
    remedy="Set readonlyRootFilesystem: true and mount a volume for what must be written.",
    url=GUIDE + "security-tasks-containers.html",
)
def readonly_root(resource: Resource, config: Config) -> Iterator[str]:
    for each in containers(resource):
        if each.flag("readonlyRootFilesystem") is not True:
            yield f"{each.where('readonlyRootFilesystem')} must be true."


@resource_rule(
    "ecs-non-root-user",
    types=(TASK,),
    title="Containers do not run as root",
    severity=Severity.MEDIUM,
    remedy="Set user to a number above 0.",
    url=GUIDE + "security-tasks-containers.html",
)
def non_root_user(resource: Resource, config: Config) -> Iterator[str]:
    for each in containers(resource):
        if (each.text("user") or "root").split(":")[0] in ("0", "root"):
            yield f"{each.where('user')} must name a user other than root."


@resource_rule(
    "ecs-service-no-public-ip",
    types=(SERVICE,),
    title="Tasks have no public address",
    severity=Severity.HIGH,
    remedy="Set networkConfiguration.assignPublicIp: false and use private subnets.",
    url=GUIDE + "fargate-task-networking.html",
)
def no_public_ip(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("networkConfiguration.assignPublicIp"):
        yield "networkConfiguration.assignPublicIp is true."


@resource_rule(
    "ecr-immutable-tags",
    types=("aws:ecr/repository:Repository",),
    title="An image's tag always means the same image",
    severity=Severity.MEDIUM,
    remedy="Set imageTagMutability: IMMUTABLE.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
)
def immutable_tags(resource: Resource, config: Config) -> Iterator[str]:
    if not (resource.text("imageTagMutability") or "").startswith("IMMUTABLE"):
        yield "imageTagMutability must be IMMUTABLE."
