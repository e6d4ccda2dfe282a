"""`phi status`: how a deployed stack is now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from operations import outputs, terminal
from operations.aws import Clients, client
from operations.mistakes import FINDING
from operations.terminal import output

EDGE_REGION = "us-east-1"
_NAMES = 100  # what DescribeAlarms takes at once
ABSENT = ("404", "403", "NoSuchBucket", "DBInstanceNotFound", "DBClusterNotFoundFault", "ResourceNotFoundException")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a stack.   state: in the service's own word.   well: whether that is the wanted one."""

    kind: str
    name: str
    state: str
    well: bool


def show_status(
    stack: Annotated[str, typer.Argument(help="Name of the stack.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show database, services, buckets, directory, alarms (MSP-OPS-08); exit code 1 when one is not well."""
    found = list(parts(client, outputs.read(stack)))
    if as_json:
        output.print_json(json.dumps([asdict(part) for part in found]))
    else:
        table = terminal.table("Part", "Name", "State", title=stack)
        for part in found:
            table.add_row(part.kind, part.name, part.state if part.well else f"[red]{part.state}[/]")
        output.print(table, highlight=False)
    raise typer.Exit(0 if all(part.well for part in found) else FINDING)


def parts(clients: Clients, given: Mapping[str, Any]) -> Iterator[Part]:
    """Every part the outputs name that has a state of its own. Raises ClientError when AWS refuses to tell."""
    region: str = given["region"]
    if given.get("db_identifier"):
        aurora = "aurora_cluster_endpoint" in given
        state = _asked(lambda: _database(clients("rds", region), given["db_identifier"], aurora=aurora))
        kind = "database cluster" if aurora else "database"
        yield Part(kind=kind, name=given["db_identifier"], state=state, well=state == "available")
    yield from _services(clients, given)
    for purpose, bucket in (given.get("bucket_names") or {}).items():
        state = _asked(lambda bucket=bucket: _bucket(clients("s3", region), bucket))
        yield Part(kind=f"bucket {purpose}", name=bucket, state=state, well=state == "there")
    if given.get("user_pool_id"):
        state = _asked(lambda: _directory(clients("cognito-idp", region), given["user_pool_id"]))
        yield Part(kind="directory", name=given["user_pool_id"], state=state, well=state != "gone")
    for names, place in (("alarm_names", region), ("edge_alarm_names", EDGE_REGION)):
        if given.get(names):
            yield _alarms(clients("cloudwatch", place), given[names], place)


def _asked(ask: Any) -> str:
    """An answer, or `gone` for what is not there any more."""
    try:
        return str(ask())
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return "gone"
        raise


def _database(rds: Any, identifier: str, *, aurora: bool) -> str:
    if aurora:
        return rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"][0]["Status"]
    return rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]["DBInstanceStatus"]


def _services(clients: Clients, given: Mapping[str, Any]) -> Iterator[Part]:
    ecs = clients("ecs", given["region"])
    for name, physical in (given.get("service_names") or {}).items():
        found = ecs.describe_services(cluster=given["cluster_name"], services=[physical])["services"]
        if not found or found[0]["status"] != "ACTIVE":
            yield Part(kind=f"service {name}", name=physical, state="gone", well=False)
            continue
        runs, wanted = found[0]["runningCount"], found[0]["desiredCount"]
        rollout = next(each["rolloutState"] for each in found[0]["deployments"] if each["status"] == "PRIMARY")
        yield Part(
            kind=f"service {name}", name=physical, state=f"{runs} of {wanted} tasks, {rollout.lower()}",
            well=runs >= wanted and rollout == "COMPLETED",
        )  # fmt: skip


def _bucket(s3: Any, bucket: str) -> str:
    s3.head_bucket(Bucket=bucket)
    return "there"


def _directory(cognito: Any, pool: str) -> str:
    found = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    return f"{found.get('EstimatedNumberOfUsers', 0)} users, MFA {found.get('MfaConfiguration', 'OFF')}"


def _alarms(cloudwatch: Any, names: list[str], region: str) -> Part:
    found = [
        alarm
        for start in range(0, len(names), _NAMES)
        for alarm in cloudwatch.describe_alarms(AlarmNames=names[start : start + _NAMES])["MetricAlarms"]
    ]
    on = sorted(alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM")
    gone = sorted({*names} - {alarm["AlarmName"] for alarm in found})
    state = "; ".join(filter(None, (", ".join(on), f"gone: {', '.join(gone)}" if gone else "")))
    return Part(kind=f"alarms in {region}", name=str(len(names)), state=state or "quiet", well=not (on or gone))
