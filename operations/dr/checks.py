"""Whether a stack serves after it was brought back: database, cache, buckets, application (BER-DR-21)."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from operations.aws import Clients
from operations.database import catalog, fingerprint
from operations.database.connection import Server
from operations.release import health
from settings.stack import Settings

_SECONDS = 10
_START_SECONDS = 120  # of an application that has just been deployed


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was asked and answered.   good: None: it could not be asked from here, which `found` explains."""

    what: str
    found: str
    good: bool | None


def database(server: Server) -> Answer:
    """Sign in, and count every table."""
    with server.connect() as connection:
        version = catalog.version(connection)
        fingerprint.prepare(connection, version)
        tables = catalog.tables(connection)
        counted = [fingerprint.of_table(connection, table, version) for table in tables]
    rows = sum(each.rows for each in counted)
    return Answer(what="database login", found=f"{len(tables):,} tables, {rows:,} rows read", good=rows > 0)


def cache(client: Clients, region: str, outputs: Mapping[str, Any], *, direct: bool) -> Answer:
    """PING over TLS from inside the network; from outside, what ElastiCache says of it (BER-N14)."""
    host = str(outputs["redis_endpoint"])
    groups = client("elasticache", region).describe_replication_groups()["ReplicationGroups"]
    group = next((each for each in groups if host in _endpoints(each)), None)
    if group is None or group["Status"] != "available":
        return Answer(what="cache", found="not there" if group is None else str(group["Status"]), good=False)
    if not direct:
        return Answer(what="cache", found="available; PING needs --direct, from inside its network", good=None)
    port = int(group["NodeGroups"][0]["PrimaryEndpoint"]["Port"])
    secret = client("secretsmanager", region).get_secret_value(SecretId=outputs["redis_credentials_secret_arn"])
    answer = ping(host, port, json.loads(secret["SecretString"])["auth_token"])
    return Answer(what="cache", found=f"PING: {answer}", good=answer == "PONG")


def _endpoints(group: Mapping[str, Any]) -> list[str]:
    return [node["PrimaryEndpoint"]["Address"] for node in group.get("NodeGroups", ()) if "PrimaryEndpoint" in node]


def ping(host: str, port: int, token: str, context: ssl.SSLContext | None = None) -> str:
    """What Redis answers to PING after AUTH, over TLS. Raises OSError when it cannot be reached."""
    with (
        socket.create_connection((host, port), timeout=_SECONDS) as plain,
        (context or ssl.create_default_context()).wrap_socket(plain, server_hostname=host) as tls,
        tls.makefile("rwb") as stream,
    ):
        for command in (("AUTH", token), ("PING",)):
            parts = [f"*{len(command)}\r\n", *(f"${len(each)}\r\n{each}\r\n" for each in command)]
            stream.write("".join(parts).encode())
            stream.flush()
            answer = stream.readline().decode().strip()
            if answer.startswith("-"):
                return answer
    return answer.removeprefix("+")


def application(settings: Settings, outputs: Mapping[str, Any]) -> Answer:
    """Its health page, asked of the new load balancer by the application's own name: DNS may lead elsewhere still."""
    balancer, url = outputs.get("load_balancer_dns_name"), outputs.get("application_url")
    if balancer is None or url is None or settings.edge is None or settings.edge.load_balancer is None:
        return Answer(what="application", found="the stack has no load balancer to ask", good=None)
    path = health.path_of(settings)
    host = str(urlsplit(str(url)).hostname)
    problem = health.problem_through(str(balancer), host, path, seconds=_START_SECONDS)
    return Answer(what=f"application {path}", found=problem or "answers as it should", good=problem is None)
