"""Image repositories of the services."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope
from settings.compute import RegistrySettings


def repository_name(scope: Scope, service: str, existing: str | None = None) -> str:
    """Name of a service's repository: the existing one it shares (LWO-CMP-10), or its own."""
    return existing or scope.name(service, kind="repository")


def image_address(scope: Scope, repository: str, version: str) -> str:
    """Full address of an image: `version` is a tag or a digest; known before the repository exists."""
    host = f"{scope.account_id}.dkr.ecr.{scope.region}.amazonaws.com"
    separator = "@" if version.startswith("sha256:") else ":"
    return f"{host}/{repository}{separator}{version}"


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """Inputs of `Registry`.   services: those with a repository of their own.   kms_key_arn: key of image layers."""

    scope: Scope
    settings: RegistrySettings
    services: Sequence[str]
    kms_key_arn: pulumi.Input[str]


class Registry(pulumi.ComponentResource):
    """One ECR repository per service: tags never move, every push is scanned, old images go.

    Every version that is kept can be deployed again (LWO-DR-04).
    Source: 45 CFR 164.312(c)(1), 164.308(a)(1)(ii)(A); BER-CMP-01, LWO-CMP-10 to 12.
    """

    repository_urls: dict[str, pulumi.Output[str]]  # service → address to push to
    repository_arns: dict[str, str]  # service → ARN, known in advance

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:registry:Registry", name, {}, opts)
        from pulumi_aws import ecr

        child = pulumi.ResourceOptions(parent=self)
        self.repository_urls = {}
        self.repository_arns = {}
        for service in args.services:
            physical = repository_name(args.scope, service)
            repository = ecr.Repository(
                f"{name}-{service}",
                name=physical,
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration={"scan_on_push": True},
                encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.kms_key_arn}],
                force_delete=False,
                tags=args.scope.tagged(DataClass.INTERNAL, physical),
                opts=child,
            )
            ecr.LifecyclePolicy(
                f"{name}-{service}-lifecycle",
                repository=repository.name,
                policy=_lifecycle(args.settings),
                opts=child,
            )
            self.repository_urls[service] = repository.repository_url
            self.repository_arns[service] = args.scope.arn("ecr", f"repository/{physical}")
        self.register_outputs({"repository_urls": self.repository_urls})


def _lifecycle(settings: RegistrySettings) -> str:
    return json.dumps(
        {
            "rules": [
                {
                    "rulePriority": 1,
                    "description": f"Images without a tag go after {settings.untagged_days} days",
                    "selection": {
                        "tagStatus": "untagged",
                        "countType": "sinceImagePushed",
                        "countUnit": "days",
                        "countNumber": settings.untagged_days,
                    },
                    "action": {"type": "expire"},
                },
                {
                    "rulePriority": 2,
                    "description": f"The newest {settings.keep_images} images stay",
                    "selection": {
                        "tagStatus": "any",
                        "countType": "imageCountMoreThan",
                        "countNumber": settings.keep_images,
                    },
                    "action": {"type": "expire"},
                },
            ]
        }
    )
