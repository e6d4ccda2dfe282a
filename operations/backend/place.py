"""Where a stack's state is: the URL of its backend, the buckets behind it, the objects in them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from operations.aws import Clients
from operations.engine_call import pulumi
from operations.mistakes import Mistake

STALE_MINUTES = 15
"""Age from which a lock may be released by hand (BER-OPS-11)."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A bucket of state.   prefix: folder inside it, empty or ending in `/`.   region: None when the URL says none."""

    bucket: str
    prefix: str
    region: str | None

    def key(self, *parts: str) -> str:
        """Key of an object of Pulumi's backend, under `.pulumi/`."""
        return "/".join((f"{self.prefix}.pulumi", *parts))


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Who is changing a stack.   taken: when the lock was written.   key: its object in the bucket."""

    key: str
    user: str
    host: str
    process: int
    taken: datetime

    def minutes(self, now: datetime) -> int:
        """Age, minutes."""
        return int((now - self.taken).total_seconds() // 60)

    def __str__(self) -> str:
        return f"{self.user} on {self.host}, process {self.process}, since {self.taken:%Y-%m-%d %H:%M} UTC"


def place(url: str) -> Place:
    """The bucket of an `s3://bucket/prefix?region=…` URL. Raises Mistake for any other backend."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc:
        raise Mistake(f"{url or 'no backend'}: expected s3://bucket?region=…, whose bucket can be looked into.")
    prefix = parts.path.strip("/")
    region = parse_qs(parts.query).get("region", [None])[0]
    return Place(bucket=parts.netloc, prefix=f"{prefix}/" if prefix else "", region=region)


def project_name(folder: Path) -> str:
    """Name of the Pulumi project in a folder. Raises Mistake when there is none."""
    file = folder / "Pulumi.yaml"
    if not file.exists():
        raise Mistake(f"{file}: expected the project file, found none; run this in the project's folder.")
    return str(yaml.safe_load(file.read_text())["name"])


def locks(clients: Clients, there: Place, region: str, project: str, stack: str) -> list[Lock]:
    """The locks on a stack, oldest first."""
    s3 = clients("s3", region)
    found: list[Lock] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=there.bucket, Prefix=there.key("locks/")):
        for each in page.get("Contents", ()):
            if each["Key"].split("/")[-3:-1] == [project, stack] and each["Key"].endswith(".json"):
                held: Any = json.loads(s3.get_object(Bucket=there.bucket, Key=each["Key"])["Body"].read())
                found.append(
                    Lock(
                        key=each["Key"], user=str(held.get("username")), host=str(held.get("hostname")),
                        process=int(held.get("pid", 0)), taken=each["LastModified"],
                    )
                )  # fmt: skip
    return sorted(found, key=lambda lock: lock.taken)


def current(folder: Path) -> str:
    """URL of the backend `pulumi` uses here: PULUMI_BACKEND_URL, else where it is logged in."""
    given = os.environ.get("PULUMI_BACKEND_URL")
    if given:
        return given
    return str(json.loads(pulumi("whoami", "--json", folder=folder)).get("url", ""))
