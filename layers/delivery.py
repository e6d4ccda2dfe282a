"""How new versions arrive: the pipeline's roles, and CodeDeploy for a fleet of instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi

from components.code_deploy import CodeDeploy, CodeDeployArgs
from components.deploy import DeployRoles, DeployRolesArgs
from components.scope import Scope
from layers.application import Application
from layers.base import Base
from layers.entry import Entry
from layers.watching import Watching
from settings.compute import FLEET
from settings.features import features
from settings.fleet import ReleaseSettings
from settings.identity import GithubSettings
from settings.keys import Purpose
from settings.stack import Settings


def build_delivery(
    settings: Settings, base: Base, entry: Entry, application: Application, watching: Watching
) -> dict[str, Any]:
    """Roles for GitHub and the releases of a fleet, each where the stack file has one. Returns their outputs."""
    outputs: dict[str, Any] = {}
    if settings.identity.github is not None:
        roles = _roles(settings, settings.identity.github, base)
        outputs |= {"deploy_role_arn": roles.arn, "preview_role_arn": roles.preview_arn}
    if settings.compute is not None and settings.compute.fleet is not None:
        release = settings.compute.fleet.release
        releases = _releases(release, base, entry, application, watching)
        outputs |= {
            "codedeploy_application": releases.application_name,
            "codedeploy_group": releases.group_name,
            "codedeploy_bucket": base.storage.buckets[release.bucket].id,
        }
    return outputs


def _roles(settings: Settings, github: GithubSettings, base: Base) -> DeployRoles:
    return DeployRoles(
        "deploy",
        DeployRolesArgs(
            scope=base.scope,
            settings=github,
            features=features(settings),
            bounded=settings.identity.boundary,
            release_buckets=[base.storage.buckets[name].name for name in github.release_buckets],
            recovery_region=settings.recovery_region,
            state_backend=None if settings.recovery is None else settings.recovery.state_backend,
        ),
    )


def _releases(
    release: ReleaseSettings, base: Base, entry: Entry, application: Application, watching: Watching
) -> CodeDeploy:
    fleet, balancer, observability = application.fleet, entry.balancer, watching.observability
    assert fleet is not None
    assert balancer is not None  # settings ask for one with every fleet
    return CodeDeploy(
        "releases",
        CodeDeployArgs(
            scope=base.scope,
            settings=release,
            autoscaling_group_name=fleet.ready_group_name,
            instance_role_arn=fleet.role_arn,
            target_group_name=balancer.target_group_names[FLEET],
            bucket_name=base.storage.buckets[release.bucket].name,
            key_aliases=[base.keys.aliases[Purpose.STORAGE]],
            alarm_names=_rollback_alarms(base.scope, release, observability.alarm_names),
        ),
        pulumi.ResourceOptions(depends_on=[observability]),  # the alarms it watches
    )


def _rollback_alarms(scope: Scope, release: ReleaseSettings, existing: Sequence[str]) -> list[str]:
    """Physical names of the alarms that end a deployment. Raises pulumi.RunError for one that does not exist."""
    found: list[str] = []
    for key in release.rollback_alarms:
        name = scope.name(key, limit=255)
        if name not in existing:
            raise pulumi.RunError(
                f"phi-platform:compute.fleet.release.rollback_alarms: expected parts of alarms of this stack, found "
                f"{key}. Alarms: {', '.join(existing)}"
            )
        found.append(name)
    return found
