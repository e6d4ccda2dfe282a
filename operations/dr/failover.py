"""Failover: the system comes up in the recovery region, from what is kept there (BER-DR-15 to BER-DR-21, FAC-DR-03).

The recovery stack is a stack of its own; the stack of the lost region is left alone, so Pulumi never tries to delete
what it cannot reach (BER-N05).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import yaml

from operations.backend.move import move
from operations.database.place import StackDatabase
from operations.database.point_in_time import describe
from operations.dr import objects, points, recovery_file
from operations.dr.case import Case
from operations.dr.points import Point
from operations.dr.steps import Facts, Step
from operations.engine_call import QUIET
from operations.mistakes import Refused
from operations.terminal import project
from settings import load
from settings.database import AuroraSettings

_LOOK_SECONDS = 0.05  # between looks for a lock


def copied_snapshot(case: Case) -> Point | None:
    """The newest snapshot of the database in the recovery region: a copy of an automated one, or a person's."""
    if case.settings.database is None:
        return None
    rds = case.client("rds", case.recovery.region)
    aurora = isinstance(case.settings.database, AuroraSettings)
    found = points.snapshots(
        rds, str(case.outputs["db_identifier"]), aurora=aurora, kind="manual", place=points.ABROAD,
        title="copied snapshot",
    )  # fmt: skip
    return points.newest(found, place=points.ABROAD)


# Before


def _check_loss(case: Case) -> Sequence[str]:
    """The region is down, its state is in the copy or can be read, a snapshot is there, nobody is deploying."""
    return list(_against(case))


def _against(case: Case) -> Iterator[str]:
    if not case.although_up and case.home_answers():
        yield (
            f"{case.settings.region}: expected a region that is down, found the stack's database available there. "
            "Two databases that both take writes cannot be put together again: say --although-up if that cannot happen."
        )
    yield from case.unreachable()
    if case.settings.database is not None:
        snapshot = copied_snapshot(case)
        if snapshot is None:
            yield f"{case.recovery.region}: expected a snapshot of the database, found none to restore its data from."
        elif snapshot.key is None:
            yield f"{snapshot.name}: expected an encrypted snapshot, found one that is not."
    for lock in case.abroad.locks(case.client, case.name):
        yield f"{lock}: expected no lock on the state, found one: look who deploys, then `pulumi cancel`."


def _note_loss(case: Case) -> Facts:
    snapshot, written = copied_snapshot(case), case.abroad.written(case.client, case.name)
    return {
        "home_answers": case.home_answers(),
        "state_in_copy_written": None if written is None else written.isoformat(timespec="seconds"),
        "snapshot": None if snapshot is None else snapshot.name,
        "snapshot_taken": None if snapshot is None else snapshot.taken.isoformat(timespec="seconds"),
        "snapshot_key": None if snapshot is None else snapshot.key,
    }


# The state


def _move_state(case: Case) -> Facts:
    """Keep where the state was, and go on with the copy; a state that is not replicated there is moved (BER-DR-16)."""
    there = case.abroad.written(case.client, case.name)
    if there is None:
        move(project(), case.name, case.abroad.url, source=case.home.url, recovering=True)
    return {"backend_before": case.home.url, "backend": case.abroad.url, "moved": there is None}


def _check_state(case: Case) -> Sequence[str]:
    stack = case.stack(case.abroad)
    if not stack.exists():
        return [f"{case.abroad.url}: expected stack {case.name}, found none."]
    return [] if stack.resources() else [f"{case.abroad.url}: expected the resources of {case.name}, found none."]


def _prepare(case: Case) -> Facts:
    """Write the recovery stack's file, make the stack, preview it, and see a lock come and go (BER-DR-17).

    A preview takes no lock; a refresh does.
    """
    snapshot = copied_snapshot(case)
    notes = write_file(case, None if snapshot is None else _beginning(snapshot))
    stack = case.recovery_stack
    if not stack.exists():
        stack.create(recovery_file.read(stack.file).get("secretsprovider"))
    stack.run("preview", *QUIET, log=case.log)
    seen: set[str] = set()
    with case.log.open("a") as log:
        process = stack.start("refresh", "--yes", "--skip-preview", *QUIET, log=log)
        while process.poll() is None:
            seen |= set(case.abroad.locks(case.client, stack.name))
            time.sleep(_LOOK_SECONDS)
    if process.returncode:
        raise Refused(f"The refresh of {stack.name} fails: see {case.log}.")
    return {"file": str(stack.file), "notes": notes, "locks_seen": sorted(seen)}


def _beginning(snapshot: Point) -> recovery_file.Snapshot:
    return recovery_file.Snapshot(identifier=str(snapshot.name), kms_key_arn=str(snapshot.key))


def _check_locks(case: Case) -> Sequence[str]:
    facts = (case.journal.values["steps"].get("locks") or {}).get("facts") or {}
    held = case.abroad.locks(case.client, case.recovery_name)
    found = [f"{lock}: expected it released after the refresh, found it held." for lock in held]
    if facts and not facts["locks_seen"]:
        found.append(f"{case.abroad.url}: expected a lock during the refresh, saw none.")
    return found


def write_file(case: Case, snapshot: recovery_file.Snapshot | None) -> list[str]:
    """Write the recovery stack's file, or only name the snapshot in one that is there. Raises SettingsError."""
    file = case.recovery_stack.file
    if file.exists():
        content, notes = recovery_file.read(file), list[str]()
        if snapshot is not None:
            content["config"]["phi-platform:database"]["snapshot"] = {
                "identifier": snapshot.identifier, "kms_key_arn": snapshot.kms_key_arn,
            }  # fmt: skip
        file.write_text(recovery_file.HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    else:
        derived = recovery_file.derive(recovery_file.read(case.file), case.settings, snapshot)
        file.write_text(derived.text)
        notes = list(derived.notes)
    load.from_file(file)
    return notes


# The system


def _deploy(case: Case) -> Facts:
    """Create everything; the database is restored from the snapshot on the way (BER-DR-18, BER-DR-19)."""
    case.recovery_stack.run("up", "--yes", "--skip-preview", *QUIET, log=case.log)
    outputs = case.recovery_stack.outputs()
    return {"region": outputs["region"], "resources": len(case.recovery_stack.resources())}


def _check_deployed(case: Case) -> Sequence[str]:
    """The database has network, parameters and key of the recovery stack at once (BER-DR-19)."""
    if case.settings.database is None:
        return []
    outputs = case.recovery_stack.outputs()
    database = StackDatabase.of(case.recovery_name, outputs)
    found = describe(case.client("rds", database.region), database.identifier, aurora=database.aurora)
    if found is None:
        return [f"{database.identifier}: expected the restored database, found none."]
    groups = [group["VpcSecurityGroupId"] for group in found["VpcSecurityGroups"]]
    if database.aurora:
        subnets, parameters = found["DBSubnetGroup"], found["DBClusterParameterGroup"]
    else:
        subnets = found["DBSubnetGroup"]["DBSubnetGroupName"]
        parameters = found["DBParameterGroups"][0]["DBParameterGroupName"]
    expected = {
        "security groups": ([outputs["database_security_group_id"]], groups),
        "subnet group": (database.identifier, subnets),
        "parameter group": (True, parameters.startswith(f"{database.identifier}-")),
        "encrypted": (True, found["StorageEncrypted"]),
        "public": (False, found.get("PubliclyAccessible", False)),
    }
    return [f"{database.identifier}, {what}: expected {a}, found {b}." for what, (a, b) in expected.items() if a != b]


def _bring_objects(case: Case) -> Facts:
    """Objects from the copies into the buckets of the recovery stack (BER-DR-19)."""
    s3, target = case.client("s3", case.recovery.region), case.recovery_stack.outputs()["bucket_names"]
    left: dict[str, int] = {}
    for purpose, copy in (case.outputs.get("replica_bucket_names") or {}).items():
        left[purpose] = len(objects.bring(s3, copy, s3, target[purpose]))
    return {"buckets": sorted(left), "too_large": {purpose: number for purpose, number in left.items() if number}}


def _check_objects(case: Case) -> Sequence[str]:
    s3, target = case.client("s3", case.recovery.region), case.recovery_stack.outputs()["bucket_names"]
    found: list[str] = []
    for purpose, copy in (case.outputs.get("replica_bucket_names") or {}).items():
        compared = objects.compare(s3, copy, s3, target[purpose])
        if not compared.complete:
            found.append(
                f"bucket {purpose}: expected {compared.source.shown}, found {compared.found}. Copy what is too large "
                "with S3 Batch Operations or DataSync, then go on."
            )
    return found


def _tell_application(case: Case) -> Facts:
    """The application's password works, and what it has to be told is in a file (BER-DR-20)."""
    outputs = case.recovery_stack.outputs()
    signed_in = case.sign_application_in(case.recovery_name, outputs)
    return {"application": signed_in, **case.write_addresses(outputs)}


def _verify(case: Case) -> Facts:
    """BER-DR-21."""
    return case.ask(case.recovery_name, case.recovery_stack.outputs())


FAILOVER: tuple[Step[Case], ...] = (
    Step(
        name="loss", title="Is the region down? What is there to restore from?",
        requirements=("BER-DR-15", "BER-DR-24"), check=_check_loss, act=_note_loss,
    ),
    Step(
        name="state", title="Go on with the copy of the state", requirements=("BER-DR-16",),
        act=_move_state, verify=_check_state,
    ),
    Step(
        name="locks", title="Write the recovery stack's file, preview it, see a lock come and go",
        requirements=("BER-DR-17", "BER-N05"), act=_prepare, verify=_check_locks,
    ),
    Step(
        name="deploy", title="Deploy to the recovery region, the database restored from the newest snapshot",
        requirements=("BER-DR-18", "BER-DR-19"), act=_deploy, verify=_check_deployed,
    ),
    Step(
        name="objects", title="Bring objects from the copies into the new buckets, and compare",
        requirements=("BER-DR-19", "BER-DR-14"), act=_bring_objects, verify=_check_objects,
    ),
    Step(
        name="application", title="Give the application its new addresses and its password",
        requirements=("BER-DR-20",), act=_tell_application,
    ),
    Step(
        name="verify", title="Database login, cache, buckets, the application's health",
        requirements=("BER-DR-21",), act=_verify, verify=Case.bad_answers,
    ),
)  # fmt: skip
"""The seven steps of a failover, checks first."""
