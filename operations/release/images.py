"""Images of the services: pushed to their repository, scanned, and free of critical findings before they run."""

from __future__ import annotations

import base64
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from operations.mistakes import Mistake, Refused

SCAN_SECONDS = 300  # an image that was pushed just now
POLL_SECONDS = 10
SCANNED = ("COMPLETE", "ACTIVE")  # basic scanning ends; enhanced scanning goes on


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image in its repository.

    version: tag or digest.   findings: severity → number, of its newest scan.   scan: state of that scan.
    """

    repository: str
    version: str
    digest: str
    scan: str
    findings: dict[str, int]

    @property
    def problem(self) -> str | None:
        """Why it should not run, or None."""
        if self.scan not in SCANNED:
            return f"{self.repository}:{self.version}: expected a finished scan, found {self.scan}"
        critical = self.findings.get("CRITICAL", 0)
        return f"{self.repository}:{self.version}: {critical} critical findings" if critical else None


def identity(version: str) -> dict[str, str]:
    """How ECR is told of a tag or a digest."""
    return {"imageDigest": version} if version.startswith("sha256:") else {"imageTag": version}


def find(ecr: Any, repository: str, version: str, tell: Callable[[str], None] = lambda _: None) -> Image:
    """An image and its scan, waited for. Raises Mistake when the repository or the image does not exist.

    Source: Amazon ECR User Guide, "Scan images for software vulnerabilities"; 45 CFR 164.308(a)(1)(ii)(A).
    """
    try:
        [found] = ecr.describe_images(repositoryName=repository, imageIds=[identity(version)])["imageDetails"]
    except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        newest = ", ".join(_tags(ecr, repository)) or "none"
        raise Mistake(
            f"{repository}: expected an image {version}, found none of that name; the newest are: {newest}. "
            "`phi release push` brings one there."
        ) from None
    limit = time.monotonic() + SCAN_SECONDS
    while True:
        scan, findings = _scan(ecr, repository, version)
        if scan not in ("IN_PROGRESS", "PENDING") or time.monotonic() > limit:
            return Image(
                repository=repository, version=version, digest=found["imageDigest"], scan=scan, findings=findings
            )
        tell(f"{repository}:{version} is being scanned")
        time.sleep(POLL_SECONDS)


def _tags(ecr: Any, repository: str) -> list[str]:
    try:
        pages = ecr.get_paginator("describe_images").paginate(repositoryName=repository)
        details = [detail for page in pages for detail in page["imageDetails"]]
    except ecr.exceptions.RepositoryNotFoundException:
        return []
    details.sort(key=lambda detail: detail["imagePushedAt"], reverse=True)
    return [tag for detail in details for tag in detail.get("imageTags", ())][:5]


def _scan(ecr: Any, repository: str, version: str) -> tuple[str, dict[str, int]]:
    try:
        found = ecr.describe_image_scan_findings(repositoryName=repository, imageId=identity(version))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ScanNotFoundException":
            return "none", {}
        raise
    return found["imageScanStatus"]["status"], dict(found.get("imageScanFindings", {}).get("findingSeverityCounts", {}))


def push(ecr: Any, repository_url: str, local: str, tag: str) -> None:
    """Push an image of this machine's Docker to a repository under a tag (LWO-OPS-01).

    The password goes to Docker by standard input, and is forgotten again. Raises Mistake without Docker, Refused with
    Docker's own words.
    """
    docker = shutil.which("docker")
    if docker is None:
        raise Mistake(
            "Pushing needs docker on PATH, found none. Push from a machine or a pipeline that has it; `phi release "
            "deploy` needs none."
        )
    registry = repository_url.partition("/")[0]
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    _docker([docker, "login", "--username", user, "--password-stdin", registry], password)
    try:
        _docker([docker, "tag", local, f"{repository_url}:{tag}"])
        _docker([docker, "push", f"{repository_url}:{tag}"])
    finally:
        _docker([docker, "logout", registry])


def _docker(command: list[str], given: str | None = None) -> None:
    done = subprocess.run(command, input=given or "", capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"`docker {command[1]}` fails: {done.stderr.strip() or done.stdout.strip()}")
