"""`phi logs`: what the application, its API and its database write."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from operations import outputs, terminal
from operations.aws import client
from operations.mistakes import Mistake
from operations.terminal import output

POLL_SECONDS = 5
DATABASE = "database"


def show_logs(
    stack: Annotated[str, typer.Argument(help="Name of the stack.")],
    source: Annotated[
        str | None, typer.Argument(help="A service, a function, `fleet`, `api`, or `database`; default: the first.")
    ] = None,
    minutes: Annotated[int, typer.Option("--minutes", help="How far back to begin.", min=0)] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Show a log of the last minutes, or follow it (MSP-OPS-09); of the database, list its log files.

    Lines may hold patient data: keep them where patient data may be.
    """
    given = outputs.read(stack)
    if source == DATABASE:
        _database_files(stack, given)
        return
    groups = log_groups(given)
    if not groups or (source is not None and source not in groups):
        there = ", ".join([*groups, *([DATABASE] if given.get("db_identifier") else [])]) or "none"
        raise Mistake(f"{stack}: expected a log, found none named {source or 'at all'}; there are: {there}.")
    group = groups[source] if source is not None else next(iter(groups.values()))
    logs = client("logs", given["region"])
    start = int((datetime.now(UTC) - timedelta(minutes=minutes)).timestamp() * 1000)
    seen: set[str] = set()
    try:
        while True:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start)
            for event in (event for page in pages for event in page["events"]):
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                    output.print(f"{moment:%Y-%m-%dT%H:%M:%SZ} {event['message'].rstrip()}", highlight=False,
                                 markup=False, soft_wrap=True)  # fmt: skip
            if not follow:
                return
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return
    except logs.exceptions.ResourceNotFoundException:
        raise Mistake(f"{group}: expected a log group, found none; has anything been written yet?") from None


def log_groups(given: Mapping[str, Any]) -> dict[str, str]:
    """Name → log group, of everything that writes one: services, fleet, functions, the API's accesses."""
    found: dict[str, str] = {**(given.get("service_log_groups") or {})}
    if given.get("fleet_log_group"):
        found["fleet"] = given["fleet_log_group"]
    if given.get("api_access_log_group_name"):
        found["api"] = given["api_access_log_group_name"]
    return found | (given.get("function_log_groups") or {})


def _database_files(stack: str, given: Mapping[str, Any]) -> None:
    identifier = given.get("db_identifier")
    if not identifier:
        raise Mistake(f"{stack}: expected a database, found no output db_identifier.")
    rds = client("rds", given["region"])
    instance = writer(rds, identifier) if "aurora_cluster_endpoint" in given else identifier
    pages = rds.get_paginator("describe_db_log_files").paginate(DBInstanceIdentifier=instance)
    table = terminal.table("File", "Bytes", "Written", title=instance)
    for file in (file for page in pages for file in page["DescribeDBLogFiles"]):
        written = datetime.fromtimestamp(file["LastWritten"] / 1000, UTC)
        table.add_row(file["LogFileName"], f"{file['Size']:,}", f"{written:%Y-%m-%d %H:%M}")
    output.print(table, highlight=False)


def writer(rds: Any, cluster: str) -> str:
    """The instance of an Aurora cluster that writes. Raises Mistake when it has none."""
    members = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]["DBClusterMembers"]
    for member in members:
        if member["IsClusterWriter"]:
            return str(member["DBInstanceIdentifier"])
    raise Mistake(f"{cluster}: expected an instance that writes, found none.")
