"""Copies the newest automated snapshot of the database to the recovery region, and removes the oldest copies.

RDS keeps its automated snapshots in their region, and deletes them with the instance; a copy is a manual snapshot that
stays. It runs in Lambda with nothing of this project: boto3 of the runtime.
Source: Amazon RDS User Guide, "Copying a DB snapshot"; Amazon Aurora User Guide, "DB cluster snapshot copying".
BER-DR-13, BER-N16, BER-N30, FAC-DR-05; 45 CFR 164.308(a)(7)(ii)(A) data backup plan.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

ENDING = "-dr"
LONGEST = 255

Snapshot = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What RDS calls things: of an instance, or of an Aurora cluster."""

    kind: str
    owner: str
    exists: str

    @property
    def identifier(self) -> str:
        return f"{self.kind}Identifier"

    @property
    def arn(self) -> str:
        return f"{self.kind}Arn"

    def operation(self, verb: str, *, many: bool = False) -> str:
        name = {"DBSnapshot": "db_snapshot", "DBClusterSnapshot": "db_cluster_snapshot"}[self.kind]
        return f"{verb}_{name}{'s' if many else ''}"


INSTANCE = Kind(kind="DBSnapshot", owner="DBInstanceIdentifier", exists="DBSnapshotAlreadyExists")
CLUSTER = Kind(kind="DBClusterSnapshot", owner="DBClusterIdentifier", exists="DBClusterSnapshotAlreadyExistsFault")


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is copied, where to, with which key, and how many copies stay."""

    kind: Kind
    database: str
    home: str
    region: str
    key: str
    keep: int

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Work:
        return cls(
            kind=CLUSTER if environment["DATABASE_KIND"] == "cluster" else INSTANCE,
            database=environment["DATABASE"],
            home=environment["AWS_REGION"],
            region=environment["RECOVERY_REGION"],
            key=environment["RECOVERY_KEY_ARN"],
            keep=int(environment["KEEP"]),
        )


def handler(event: object, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda calls it so
    """Copy and prune; doing it again changes nothing more.

    Gives the names: `copied` (None: the newest was there already), `pruned`, `failed`.
    Raises RuntimeError when there is no automated snapshot, or an earlier copy has failed; an alarm is due then.
    """
    done = run(Work.of(os.environ))
    print(json.dumps(done))  # noqa: T201 - the log of a function
    if done["failed"]:
        raise RuntimeError(f"copies that failed, and were removed: {', '.join(done['failed'])}")
    return done


def run(work: Work) -> dict[str, Any]:
    """See `handler`."""
    abroad = boto3.client("rds", region_name=work.region)
    source = newest(_all(boto3.client("rds", region_name=work.home), work, "automated"))
    if source is None:
        raise RuntimeError(f"{work.database}: want an automated snapshot that is available, found none in {work.home}")
    failed = [copy[work.kind.identifier] for copy in _copies(abroad, work) if copy["Status"] == "failed"]
    for name in failed:
        _delete(abroad, work, name)
    copied = _copy(abroad, work, source)
    return {"copied": copied, "pruned": _prune(abroad, work), "failed": failed}


def taken(snapshot: Snapshot) -> Any:
    """When the data was as it is in the snapshot; a copy of an instance's snapshot still knows it."""
    return snapshot.get("OriginalSnapshotCreateTime") or snapshot["SnapshotCreateTime"]


def newest(snapshots: list[Snapshot]) -> Snapshot | None:
    """The newest of those that can be restored."""
    return max((each for each in snapshots if each["Status"] == "available"), key=taken, default=None)


def copy_name(name: str) -> str:
    """`<snapshot>-dr` without what only AWS may use in a name: the `rds:` of automated snapshots (BER-N16)."""
    plain = re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9-]", "-", name.removeprefix("rds:"))).strip("-")
    return plain[: LONGEST - len(ENDING)].rstrip("-") + ENDING


def _all(rds: Any, work: Work, kind: str) -> list[Snapshot]:
    pages = rds.get_paginator(work.kind.operation("describe", many=True)).paginate(
        **{work.kind.owner: work.database, "SnapshotType": kind}
    )
    return [snapshot for page in pages for snapshot in page[f"{work.kind.kind}s"]]


def _copies(rds: Any, work: Work) -> list[Snapshot]:
    return [each for each in _all(rds, work, "manual") if each[work.kind.identifier].endswith(ENDING)]


def _copy(rds: Any, work: Work, source: Snapshot) -> str | None:
    """Start the copy; its name, or None when it is there already. RDS goes on by itself, for minutes or hours."""
    name = copy_name(source[work.kind.identifier])
    request = {
        f"Source{work.kind.identifier}": source[work.kind.arn],
        f"Target{work.kind.identifier}": name,
        "SourceRegion": work.home,
        "KmsKeyId": work.key,
        "CopyTags": True,
    }
    try:
        getattr(rds, work.kind.operation("copy"))(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] == work.kind.exists:
            return None
        raise
    return name


def _prune(rds: Any, work: Work) -> list[str]:
    """Remove the oldest copies. Only those that can be restored count, so the last of them is never removed."""
    there = sorted((each for each in _copies(rds, work) if each["Status"] == "available"), key=taken, reverse=True)
    old = [copy[work.kind.identifier] for copy in there[max(work.keep, 1) :]]
    for name in old:
        _delete(rds, work, name)
    return old


def _delete(rds: Any, work: Work, name: str) -> None:
    getattr(rds, work.kind.operation("delete"))(**{work.kind.identifier: name})
