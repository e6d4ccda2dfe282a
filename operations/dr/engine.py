"""Pulumi on a named stack and a named backend: the state of a stack outlives its region in a copy."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from operations.aws import Clients
from operations.backend.place import place
from operations.engine_call import required, running
from operations.mistakes import Mistake, Refused
from operations.terminal import project

_LOCKS, _STACKS = ".pulumi/locks/", ".pulumi/stacks/"


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Where states are kept: a bucket (`s3://…`) or a folder (`file://…`).

    Source: Pulumi documentation, "Managing state and backend options".
    """

    url: str

    @classmethod
    def current(cls) -> Backend:
        """The one PULUMI_BACKEND_URL names. Raises Mistake when it names none."""
        url = os.environ.get("PULUMI_BACKEND_URL", "")
        if not url.startswith(("s3://", "file://")):
            raise Mistake(f"PULUMI_BACKEND_URL: expected s3://… or file://…, found {url or 'nothing'}.")
        return cls(url=url)

    @classmethod
    def bucket(cls, name: str, region: str) -> Backend:
        """A bucket; on the embedded AWS its name cannot be part of the host."""
        style = "&use_path_style=true" if os.environ.get("AWS_ENDPOINT_URL") else ""
        return cls(url=f"s3://{name}?region={region}{style}")

    def objects(self, client: Clients, prefix: str) -> dict[str, datetime]:
        """Path → when it was written last, of what is kept under a prefix."""
        parts = urlsplit(self.url)
        if parts.scheme == "file":
            root = Path(parts.path)
            found = [path for path in (root / prefix).rglob("*") if path.is_file()]
            written = {path: datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in found}
            return {str(path.relative_to(root)): when for path, when in written.items()}
        there = place(self.url)
        s3 = client("s3", there.region or os.environ.get("AWS_REGION", ""))
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=there.bucket, Prefix=f"{there.prefix}{prefix}")
        return {each["Key"]: each["LastModified"] for page in pages for each in page.get("Contents", ())}

    def locks(self, client: Clients, stack: str) -> list[str]:
        """Locks that are held on a stack (BER-N03: Pulumi's are in the bucket, there is no lock table)."""
        return sorted(path for path in self.objects(client, _LOCKS) if f"/{stack}/" in path)

    def written(self, client: Clients, stack: str) -> datetime | None:
        """When the state of a stack was written last; None when it is not kept here."""
        states = self.objects(client, _STACKS)
        return max((when for path, when in states.items() if path.endswith(f"/{stack}.json")), default=None)


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack, the backend that keeps its state, and the file with its settings."""

    name: str
    backend: Backend
    file: Path

    def run(self, *arguments: str, text: str | None = None, log: Path | None = None) -> str:
        """What a `pulumi` command prints, which also goes into a log. Raises Refused with its last words."""
        process = self.start(*arguments, text=text)
        said, complaint = process.communicate(text)
        if log is not None:
            with log.open("a") as stream:
                stream.write(f"$ pulumi {' '.join(arguments)}\n{said}{complaint}\n")
        if process.returncode:
            words = "\n".join((complaint.strip() or said.strip()).splitlines()[-20:])
            where = "" if log is None else f" The whole of it is in {log}."
            raise Refused(f"`pulumi {' '.join(arguments[:2])}` of {self.name} fails: {words}{where}")
        return said

    def start(self, *arguments: str, text: str | None = None, log: IO[str] | None = None) -> subprocess.Popen[str]:
        """Start a `pulumi` command and give its process.   log: where its words go; None: into pipes."""
        engine = required()
        return subprocess.Popen(
            [engine.pulumi, *arguments, "--non-interactive"],
            cwd=project(),
            env=running(engine, self.environment),
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=log or subprocess.PIPE,
            stderr=subprocess.STDOUT if log else subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            **os.environ,
            "PULUMI_BACKEND_URL": self.backend.url,
            "PULUMI_STACK": self.name,
            "PULUMI_OPTION_CONFIG_FILE": str(self.file),
        }

    def exists(self) -> bool:
        listed: list[dict[str, Any]] = json.loads(self.run("stack", "ls", "--json"))
        return any(each["name"].rpartition("/")[2] == self.name for each in listed)

    def create(self, secrets_provider: str | None = None) -> None:
        """An empty stack, its secrets encrypted as its file says."""
        provider = () if secrets_provider is None else ("--secrets-provider", secrets_provider)
        self.run("stack", "init", self.name, "--no-select", *provider)

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.run("stack", "output", "--json"))

    def resources(self) -> list[dict[str, Any]]:
        return json.loads(self.run("stack", "export"))["deployment"].get("resources") or []


def file_of(stack: str) -> Path:
    """The settings of a stack, as Pulumi itself would find them here."""
    given, own = os.environ.get("PULUMI_OPTION_CONFIG_FILE"), f"Pulumi.{stack}.yaml"
    return Path(given) if given and Path(given).name == own else project() / own
