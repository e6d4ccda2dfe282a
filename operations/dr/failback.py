"""Failback: home again, with what was written in the recovery region, in nine steps (BER-DR-22).

The application must have stopped writing. The old database, if it is still there, is set aside under another name; the
new one is restored from a snapshot of the recovery stack's, by the stack itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations import protections
from operations.backend.move import move
from operations.database.place import StackDatabase
from operations.database.point_in_time import LONGEST_SECONDS, describe
from operations.dr import objects
from operations.dr.case import Case
from operations.dr.steps import Facts, Journal, Step
from operations.engine_call import QUIET
from operations.mistakes import Refused
from operations.terminal import project

_ENDING = "-failback"
_LONGEST = 63
_CLOCKS = timedelta(minutes=5)  # as far as this machine's may be from that of S3
_SNAPSHOT = "phi-platform:database.snapshot"


# 1: data in sync


def _sync(case: Case) -> Facts:
    """A snapshot of the database, copied home under the key of the stack there; objects brought home."""
    outputs = case.recovery_stack.outputs()
    facts: dict[str, Any] = {}
    if case.settings.database is not None:
        facts |= _snapshot(case, StackDatabase.of(case.recovery_name, outputs))
    there, here = case.client("s3", case.recovery.region), case.client("s3", case.settings.region)
    for purpose, bucket in outputs["bucket_names"].items():
        objects.bring(there, bucket, here, case.outputs["bucket_names"][purpose], since=_since(case))
    return facts


def _since(case: Case) -> datetime:
    """From when on objects may have been written over: until then the failover had brought them as they are at home.

    Without its journal on this machine: always.
    """
    journals = sorted(case.folder.parent.glob("failover*/journal.json"))
    brought = Journal(journals[-1]).done("objects") if journals else None
    if brought is None:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromisoformat(brought["finished"]) - _CLOCKS


def _snapshot(case: Case, database: StackDatabase) -> dict[str, Any]:
    """Wait for the snapshot and for its copy; both stay."""
    name = f"{database.identifier}{_ENDING}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    kind = "DBClusterSnapshot" if database.aurora else "DBSnapshot"
    words = "db_cluster_snapshot" if database.aurora else "db_snapshot"
    owner = "DBClusterIdentifier" if database.aurora else "DBInstanceIdentifier"
    abroad, home = case.client("rds", database.region), case.client("rds", case.settings.region)
    getattr(abroad, f"create_{words}")(**{f"{kind}Identifier": name, owner: database.identifier})
    taken = _available(abroad, words, kind, name, case)
    key = str(case.outputs["kms_key_arns"]["database"])
    getattr(home, f"copy_{words}")(
        **{
            f"Source{kind}Identifier": taken[f"{kind}Arn"], f"Target{kind}Identifier": name,
            "SourceRegion": database.region, "KmsKeyId": key, "CopyTags": True,
        }
    )  # fmt: skip
    _available(home, words, kind, name, case)
    return {"snapshot": name, "kms_key_arn": key, "taken": taken["SnapshotCreateTime"].isoformat(timespec="seconds")}


def _available(rds: Any, words: str, kind: str, name: str, case: Case) -> dict[str, Any]:
    limit = time.monotonic() + LONGEST_SECONDS
    while True:
        found = getattr(rds, f"describe_{words}s")(**{f"{kind}Identifier": name})[f"{kind}s"][0]
        if found["Status"] == "available":
            return found
        if found["Status"] == "failed" or time.monotonic() > limit:
            raise Refused(f"{name}: expected it to become available, found {found['Status']}.")
        time.sleep(case.poll_seconds)


def _check_sync(case: Case) -> Sequence[str]:
    there, here = case.client("s3", case.recovery.region), case.client("s3", case.settings.region)
    found: list[str] = []
    for purpose, bucket in case.recovery_stack.outputs()["bucket_names"].items():
        compared = objects.compare(there, bucket, here, case.outputs["bucket_names"][purpose])
        if not compared.complete:
            found.append(f"bucket {purpose}: expected {compared.source.shown}, found {compared.found}.")
    return found


# 2 to 4: backend, state, region


def _check_backend(case: Case) -> Sequence[str]:
    try:
        locks = case.home.locks(case.client, case.name)
    except (BotoCoreError, ClientError) as error:
        return [f"{case.home.url}: expected an answer, found {error}."]
    return [f"{lock}: expected no lock on the state, found one." for lock in locks]


def _note_backend(case: Case) -> Facts:
    return {"backend": case.home.url, "locks": []}


def _move_state(case: Case) -> Facts:
    """Move the stack's state home when it is only in the copy, or newer there."""
    home, copy = case.home.written(case.client, case.name), case.abroad.written(case.client, case.name)
    newer = copy is not None and (home is None or _content(case, case.abroad) != _content(case, case.home))
    moved = newer and (home is None or _serial(case, case.abroad) > _serial(case, case.home))
    if moved:
        move(project(), case.name, case.home.url, source=case.abroad.url, recovering=True)
    return {"moved": moved}


def _content(case: Case, backend: Any) -> list[str]:
    return sorted(f"{each['urn']} {each.get('id')}" for each in case.stack(backend).resources())


def _serial(case: Case, backend: Any) -> str:
    """When the resources of a state were last changed, as the state itself says."""
    return max((each.get("modified", "") for each in case.stack(backend).resources()), default="")


def _check_state(case: Case) -> Sequence[str]:
    exists = case.stack(case.home).exists()
    return [] if exists else [f"{case.home.url}: expected stack {case.name}, found none."]


def _check_region(case: Case) -> Sequence[str]:
    region = case.settings.region
    try:
        case.client("sts", region).get_caller_identity()
        case.client("rds", region).describe_db_instances(MaxRecords=20)
    except (BotoCoreError, ClientError) as error:
        return [f"{region}: expected a region that answers, found {error}."]
    return []


def _note_region(case: Case) -> Facts:
    return {"region": case.settings.region, "old_database_there": case.home_answers()}


# 5, 6: restore and deploy


def _restore(case: Case) -> Facts:
    """Set the old database aside, and name the snapshot that the stack's own is restored from."""
    if case.settings.database is None:
        return {}
    database = StackDatabase.of(case.name, case.outputs)
    facts = (case.journal.done("data") or {})["facts"]
    aside = _set_aside(case, database)
    stack = case.stack(case.home)
    for key in ("identifier", "kms_key_arn"):
        value = facts["snapshot" if key == "identifier" else key]
        stack.run("config", "set", "--path", f"{_SNAPSHOT}.{key}", value)
    return {"snapshot": facts["snapshot"], "set_aside": aside, "file": str(stack.file)}


def _set_aside(case: Case, database: StackDatabase) -> str | None:
    """Give the old database another name; nothing of it is lost. None: there is none."""
    rds = case.client("rds", database.region)
    if describe(rds, database.identifier, aurora=database.aurora) is None:
        return None
    ending = f"-before-{datetime.now(UTC):%Y%m%d%H%M}"
    name = database.identifier[: _LONGEST - len(ending)].rstrip("-") + ending
    if database.aurora:
        rds.modify_db_cluster(
            DBClusterIdentifier=database.identifier, NewDBClusterIdentifier=name, ApplyImmediately=True
        )
    else:
        rds.modify_db_instance(
            DBInstanceIdentifier=database.identifier, NewDBInstanceIdentifier=name, ApplyImmediately=True
        )
    limit = time.monotonic() + timedelta(hours=1).total_seconds()
    while describe(rds, name, aurora=database.aurora) is None:
        if time.monotonic() > limit:
            raise Refused(f"{database.identifier}: expected it to be called {name} by now.")
        time.sleep(case.poll_seconds)
    return name


def _deploy(case: Case) -> Facts:
    """`up` sees that the database is gone, and restores it."""
    stack = case.stack(case.home)
    stack.run("up", "--yes", "--refresh", "--skip-preview", *QUIET, log=case.log)
    return {"resources": len(stack.resources())}


def _check_deployed(case: Case) -> Sequence[str]:
    if case.settings.database is None or case.home_answers():
        return []
    return [f"{case.settings.region}: expected the stack's database available, found it not."]


# 7 to 9: application, verification, removal


def _tell_application(case: Case) -> Facts:
    outputs = case.stack(case.home).outputs()
    return {"application": case.sign_application_in(case.name, outputs), **case.write_addresses(outputs)}


def _verify(case: Case) -> Facts:
    return case.ask(case.name, case.stack(case.home).outputs())


class _Account:
    """The account the recovery stack is in, for lifting its protections."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def client(self, service: str, region: str | None = None) -> Any:
        return self._case.client(service, region or self._case.recovery.region)


def _remove(case: Case) -> Facts:
    """Destroy the recovery stack, protections lifted; its file stays, for the next time.

    Nothing of it is kept, neither final snapshot nor deleted secret: their names are needed again, the data are home.
    Nor is a copy of the stack's state that a drill has made: nobody keeps it up to date.
    """
    stack = case.recovery_stack
    held = stack.resources()
    if held:
        stack.run("state", "unprotect", "--all", "--yes")
        protections.lift(_Account(case), held)
        stack.run("destroy", "--yes", "--skip-preview", *QUIET, log=case.log)
        protections.remove_remains(_Account(case), held)
    stack.run("stack", "rm", stack.name, "--yes", "--preserve-config")
    drilled = case.journal.values["kind"] == "drill" and (case.journal.done("state") or {})["facts"]["moved"]
    if drilled:
        case.stack(case.abroad).run("stack", "rm", case.name, "--yes", "--force", "--preserve-config")
    return {"removed": len(held), "state_in_copy_removed": drilled}


def _check_removed(case: Case) -> Sequence[str]:
    return [f"{case.recovery_name}: expected it removed, found it there."] if case.recovery_stack.exists() else []


REMOVE: Step[Case] = Step(
    name="remove", title="Destroy the recovery stack, its buckets and its database with it",
    requirements=("BER-DR-22", "BER-DR-23", "MSP-OPS-03"), act=_remove, verify=_check_removed,
)  # fmt: skip

FAILBACK: tuple[Step[Case], ...] = (
    Step(
        name="data", title="Bring the data home: a snapshot copied, objects compared (the application has stopped)",
        requirements=("BER-DR-22", "BER-DR-14"), check=Case.unreachable, act=_sync, verify=_check_sync,
    ),
    Step(
        name="backend", title="Is the state's first home back?", requirements=("BER-DR-22",), check=_check_backend,
        act=_note_backend,
    ),
    Step(
        name="state", title="Move the state home where it is newer in the copy", requirements=("BER-DR-22",),
        act=_move_state, verify=_check_state,
    ),
    Step(
        name="region", title="Is the region back?", requirements=("BER-DR-22",), check=_check_region, act=_note_region
    ),
    Step(
        name="restore", title="Set the old database aside, and name the snapshot the new one begins as",
        requirements=("BER-DR-22",), act=_restore,
    ),
    Step(
        name="deploy", title="Deploy at home", requirements=("BER-DR-22",), act=_deploy, verify=_check_deployed
    ),
    Step(
        name="application", title="Give the application its addresses and its password", requirements=("BER-DR-22",),
        act=_tell_application,
    ),
    Step(
        name="verify", title="Database login, cache, buckets, the application's health", requirements=("BER-DR-22",),
        act=_verify, verify=Case.bad_answers,
    ),
    REMOVE,
)  # fmt: skip
"""The nine steps of a failback."""
