"""Releases of the fleet: an archive in the bucket of releases, brought to the instances by CodeDeploy.

Source: CodeDeploy User Guide, "Deployments on an EC2/On-Premises compute platform", "AppSpec file"; FAC-OPS-03 to 07,
FAC-OPS-01; 45 CFR 164.308(a)(5)(ii)(B).
"""

from __future__ import annotations

import hashlib
import re
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from operations.aws import Clients
from operations.mistakes import Mistake, Refused

POLL_SECONDS = 10  # FAC-OPS-05
LIMIT_SECONDS = 600
CONTENT = ("appspec.yml", "dist", "ecosystem.config.aws.cjs", "node_modules", "package.json")
"""What an archive has at its top: what the process manager starts (FAC-OPS-03), and what CodeDeploy reads."""
_BATCH = 25  # what BatchGetDeployments takes
_DESCRIPTION_LIMIT = 100
_ROLLBACK = re.compile(r"rollback of (\S+) to (.*)")

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Where releases of a stack's fleet go.   health_url: asked after each."""

    stack: str
    region: str
    application: str
    group: str
    bucket: str
    health_url: str | None

    @classmethod
    def of(cls, stack: str, outputs: Mapping[str, Any], health_path: str) -> Fleet:
        """The fleet a stack's outputs describe. Raises Mistake, naming the outputs that are missing."""
        needed = ("region", "codedeploy_application", "codedeploy_group", "codedeploy_bucket")
        missing = [name for name in needed if not outputs.get(name)]
        if missing:
            raise Mistake(f"{stack}: expected the outputs of a deployed fleet, found none named {', '.join(missing)}.")
        url = outputs.get("application_url")
        return cls(
            stack=stack,
            region=outputs["region"],
            application=outputs["codedeploy_application"],
            group=outputs["codedeploy_group"],
            bucket=outputs["codedeploy_bucket"],
            health_url=None if url is None else f"{url}{health_path}",
        )


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One deployment.   revision: archive, as CodeDeploy names it.   created: ISO 8601."""

    id: str
    status: str
    description: str
    created: str
    revision: dict[str, Any]

    @property
    def archive(self) -> str:
        return archive_of(self.revision)


def archive_of(revision: Mapping[str, Any]) -> str:
    """Key and version of the archive of a revision."""
    place = revision.get("s3Location", {})
    return f"{place.get('key', '?')}" + (f" ({place['version']})" if place.get("version") else "")


def problems(archive: Path) -> list[str]:
    """What is wrong with a release archive; empty: nothing (FAC-OPS-03)."""
    try:
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
            broken = opened.testzip()
    except (OSError, zipfile.BadZipFile) as error:
        return [f"{archive}: expected a zip archive, found something else ({error})"]
    parts = [PurePosixPath(name) for name in names]
    top = {each.parts[0] for each in parts if each.parts}
    found = [f"{archive}: expected {name} at its top, found none" for name in CONTENT if name not in top]
    found += [f"{archive}: expected files of its own, found {each}" for each in parts
              if each.is_absolute() or ".." in each.parts]  # fmt: skip
    found += [
        f"{archive}: expected no secrets, found {name}; the application reads Secrets Manager"
        for name in sorted(top)
        if name == ".env" or name.startswith(".env.")
    ]
    if broken is not None:
        found.append(f"{archive}: {broken} is damaged")
    return found


def upload(client: Clients, fleet: Fleet, archive: Path, commit: str) -> dict[str, Any]:
    """Put an archive into the bucket of releases; the revision as CodeDeploy names it.

    Raises Mistake with every problem of the archive, before anything is sent.
    """
    found = problems(archive)
    if found:
        raise Mistake("\n".join(found))
    with archive.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    key = f"releases/{commit}-{digest[:12]}.zip"
    s3 = client("s3", fleet.region)
    s3.upload_file(str(archive), fleet.bucket, key, ExtraArgs={"ChecksumAlgorithm": "SHA256"})
    return revision(client, fleet, key)


def revision(client: Clients, fleet: Fleet, key: str) -> dict[str, Any]:
    """The newest version of an object of the bucket as a revision. Raises Mistake when there is none."""
    s3 = client("s3", fleet.region)
    try:
        head = s3.head_object(Bucket=fleet.bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        raise Mistake(f"--key: expected an object of {fleet.bucket}, found none named {key}.") from None
    place = {"bucket": fleet.bucket, "key": key, "bundleType": "zip", "eTag": head["ETag"].strip('"')}
    if head.get("VersionId"):
        place["version"] = head["VersionId"]
    return {"revisionType": "S3", "s3Location": place}


def start(client: Clients, fleet: Fleet, revision: Mapping[str, Any], description: str) -> str:
    """Begin a deployment and give its id (FAC-OPS-04)."""
    return client("codedeploy", fleet.region).create_deployment(
        applicationName=fleet.application,
        deploymentGroupName=fleet.group,
        revision=dict(revision),
        description=description[:_DESCRIPTION_LIMIT],
    )["deploymentId"]


def finished(
    client: Clients, fleet: Fleet, deployment: str, tell: Tell, poll_seconds: float = POLL_SECONDS
) -> str | None:
    """Wait for a deployment, LIMIT_SECONDS at most (FAC-OPS-05); what went wrong, or None.

    The group rolls back what failed or was stopped (`components.code_deploy`).
    """
    codedeploy = client("codedeploy", fleet.region)
    limit = time.monotonic() + LIMIT_SECONDS
    while True:
        found = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        match found["status"]:
            case "Succeeded":
                return None
            case "Failed" | "Stopped":
                error, back = found.get("errorInformation", {}), found.get("rollbackInfo", {})
                said = ". ".join(filter(None, (error.get("message"), back.get("rollbackMessage"))))
                return (
                    f"{deployment} {found['status'].lower()}: {said or 'CodeDeploy gives no reason'}. "
                    "CodeDeploy brings the last successful release back, where there is one."
                )
            case status:
                done: dict[str, int] = found.get("deploymentOverview") or {}
                tell(f"{deployment}: {status}, {done.get('Succeeded', 0)} of {sum(done.values())} instances done")
        if time.monotonic() > limit:
            return (
                f"{deployment} is {found['status']} after {LIMIT_SECONDS} s, and goes on; `phi release history "
                f"{fleet.stack} fleet` shows how it ends."
            )
        time.sleep(poll_seconds)


def history(client: Clients, fleet: Fleet, *statuses: str) -> list[Deployment]:
    """Every deployment that CodeDeploy still knows, newest first; of these states, or of all."""
    codedeploy = client("codedeploy", fleet.region)
    filters = {"includeOnlyStatuses": list(statuses)} if statuses else {}
    pages = codedeploy.get_paginator("list_deployments").paginate(
        applicationName=fleet.application, deploymentGroupName=fleet.group, **filters
    )
    ids = [id for page in pages for id in page["deployments"]]
    found = [
        each
        for start in range(0, len(ids), _BATCH)
        for each in codedeploy.batch_get_deployments(deploymentIds=ids[start : start + _BATCH])["deploymentsInfo"]
    ]
    rows = [
        Deployment(
            id=each["deploymentId"],
            status=each["status"],
            description=each.get("description", ""),
            created=each["createTime"].isoformat(),
            revision=each["revision"],
        )
        for each in found
    ]
    return sorted(rows, key=lambda row: row.created, reverse=True)


def now(client: Clients, fleet: Fleet) -> Deployment | None:
    """The last successful deployment: what the instances run."""
    return next(iter(history(client, fleet, "Succeeded")), None)


def before(client: Clients, fleet: Fleet) -> Deployment:
    """The last successful deployment of another archive that nobody has gone back from. Raises Mistake for none."""
    succeeded = history(client, fleet, "Succeeded")
    withdrawn = {found[1] for each in succeeded if (found := _ROLLBACK.match(each.description))}
    left = {each.archive for each in succeeded if each.id in withdrawn}
    for each in succeeded:
        if each.archive not in {succeeded[0].archive, *left}:
            return each
    raise Mistake(
        f"{fleet.stack} fleet: expected an earlier successful deployment to go back to, found "
        f"{'only ' + succeeded[0].archive if succeeded else 'none'}."
    )


def rollback_description(of: str, to: Deployment) -> str:
    """What a rollback is called, by which it is found again."""
    earlier = _ROLLBACK.match(to.description)
    return f"rollback of {of} to {earlier[2] if earlier else to.description}"


def require_idle(client: Clients, fleet: Fleet) -> None:
    """Raises Refused when a deployment runs already: CodeDeploy takes one at a time."""
    running = history(client, fleet, "Created", "Queued", "InProgress")
    if running:
        raise Refused(f"{fleet.stack} fleet: {running[0].id} is {running[0].status}; wait for it, or stop it.")
