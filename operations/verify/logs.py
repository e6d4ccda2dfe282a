"""Is what happens recorded, under a key, long enough, and does it arrive?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from operations.state import Resource
from operations.verify.account import Account, Missing
from operations.verify.check import Seen, of, once, seen

GROUP = "aws:cloudwatch/logGroup:LogGroup"
TRAIL = "aws:cloudtrail/trail:Trail"
_QUIET_HOURS = 24
_BUSY = ("/aws/vpc/", "/aws/cloudtrail/", "/aws/rds/")
"""Groups in which a day without an event is a fault; others may have nothing to say."""


@of(
    GROUP,
    name="log-retention",
    requirements=("OMN-OPS-09", "ALL-10"),
    fix="`pulumi up --refresh` sets the retention again; events older than the shorter one are lost.",
)
def _retention(account: Account, group: Resource) -> Iterator[Seen]:
    yield seen("days", group.inputs.get("retentionInDays"), _live(account, group).get("retentionInDays"))


@of(
    GROUP,
    name="log-encrypted",
    requirements=("OMN-OPS-09", "OMN-OPS-07"),
    fix="`pulumi up --refresh` names the key again; events written in between stay without it.",
)
def _encrypted(account: Account, group: Resource) -> Iterator[Seen]:
    yield seen("key", group.inputs.get("kmsKeyId"), _live(account, group).get("kmsKeyId"))


@of(
    GROUP,
    name="log-arriving",
    requirements=("BER-OBS-12", "OMN-OPS-06"),
    fix="Nothing has arrived for a day: look at who writes there (flow log, trail, database) and at its role.",
)
def _arriving(account: Account, group: Resource) -> Iterator[Seen]:
    if not str(group.id).startswith(_BUSY):
        return
    made = _moment(_live(account, group).get("creationTime"))
    streams = account.ask(
        "logs", "describe_log_streams", region=account.region(group), logGroupName=group.id,
        orderBy="LastEventTime", descending=True, limit=1,
    )["logStreams"]  # fmt: skip
    last = _moment(streams[0].get("lastEventTimestamp")) if streams else None
    since = last or made
    hours = None if since is None else int((account.now - since).total_seconds() // 3600)
    late = hours is not None and hours >= _QUIET_HOURS
    found = f"none for {hours} hours" if late else "yes"
    yield Seen(what="events in the last 24 hours", expected="yes", found=found, warns=True)


@of(
    TRAIL,
    name="trail-logging",
    requirements=("OMN-OPS-09", "FAC-OPS-22", "BER-IAM-09"),
    fix="`aws cloudtrail start-logging` at once; an audit trail that was stopped is an incident.",
)
def _logging(account: Account, trail: Resource) -> Iterator[Seen]:
    live = account.ask("cloudtrail", "get_trail_status", Name=trail.outputs["arn"])
    yield seen("logging", True, live["IsLogging"])
    yield seen("delivery error", "", live.get("LatestDeliveryError") or "")


@of(
    TRAIL,
    name="trail-settings",
    requirements=("OMN-OPS-09", "FAC-OPS-22", "BER-IAM-09"),
    fix="`pulumi up --refresh` puts the trail right; its log files since then may lack what was switched off.",
)
def _trail(account: Account, trail: Resource) -> Iterator[Seen]:
    live = account.ask("cloudtrail", "get_trail", Name=trail.outputs["arn"])["Trail"]
    yield seen("validation of log files", True, bool(live.get("LogFileValidationEnabled")))
    yield seen("every region", True, bool(live.get("IsMultiRegionTrail")))
    yield seen("global services", True, bool(live.get("IncludeGlobalServiceEvents")))
    yield seen("key", trail.inputs.get("kmsKeyId"), live.get("KmsKeyId"))
    yield seen("bucket", trail.inputs["s3BucketName"], live.get("S3BucketName"))


@of(
    TRAIL,
    name="trail-objects",
    requirements=("MSP-N17", "BER-IAM-09"),
    fix="`pulumi up --refresh` records access to the objects of patient data again.",
)
def _objects(account: Account, trail: Resource) -> Iterator[Seen]:
    live = account.ask("cloudtrail", "get_event_selectors", TrailName=trail.outputs["arn"])
    wanted = [
        value
        for selector in trail.inputs.get("eventSelectors") or ()
        for each in selector.get("dataResources") or ()
        for value in each["values"]
    ]
    found = [
        value
        for selector in live.get("EventSelectors") or ()
        for each in selector.get("DataResources") or ()
        for value in each["Values"]
    ]
    yield seen("buckets whose objects are watched", sorted(wanted), sorted(found))


@once(
    name="detector-enabled",
    requirements=("BER-OBS-13",),
    fix="`pulumi up --refresh` switches GuardDuty on again.",
)
def _detector(account: Account) -> Iterator[Seen]:
    if account.settings.detection.guard_duty is None:
        return
    ids = account.all("guardduty", "list_detectors", "DetectorIds")
    states = [account.ask("guardduty", "get_detector", DetectorId=id)["Status"] for id in ids]
    yield seen("GuardDuty", ["ENABLED"], states)


def _live(account: Account, group: Resource) -> Any:
    held = account.all(
        "logs", "describe_log_groups", "logGroups", region=account.region(group), logGroupNamePrefix=group.id
    )
    found = next((each for each in held if each["logGroupName"] == group.id), None)
    if found is None:
        raise Missing
    return found


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
