"""The database of a stack: what its outputs say, and the credentials in its secrets."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations.aws import Clients
from operations.database.connection import Server
from operations.mistakes import Mistake, Refused

BUNDLES = (
    Path("/etc/ssl/certs/rds-ca-bundle.pem"),  # where the fleet's instances have it
    Path("/etc/ssl/certs/rds-global-bundle.pem"),
)
BUNDLE_URL = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"


@dataclass(frozen=True, kw_only=True)
class StackDatabase:
    """Where a stack's database is.

    identifier: of the RDS instance or the Aurora cluster.   application_secret: None when the application signs in as
    the administrator.   bastion: instance id, where the stack has one.   fleet: Auto Scaling group of application
    instances, where it has one.
    """

    stack: str
    region: str
    identifier: str
    aurora: bool
    address: str
    port: int
    name: str
    administrator_secret: str
    application_secret: str | None
    bastion: str | None
    fleet: str | None

    @classmethod
    def of(cls, stack: str, outputs: Mapping[str, Any]) -> StackDatabase:
        """The database that a stack's outputs describe. Raises Mistake, naming the outputs that are missing."""
        needed = ("region", "db_identifier", "db_address", "db_endpoint", "db_name", "db_credentials_secret_arn")
        missing = [name for name in needed if not outputs.get(name)]
        if missing:
            raise Mistake(
                f"{stack}: expected the outputs of a deployed database, found none named {', '.join(missing)}. "
                "The stack has no `phi-platform:database`, or has not been deployed since it has one."
            )
        return cls(
            stack=stack,
            region=outputs["region"],
            identifier=outputs["db_identifier"],
            aurora="aurora_cluster_endpoint" in outputs,
            address=outputs["db_address"],
            port=int(str(outputs["db_endpoint"]).rpartition(":")[2]),
            name=outputs["db_name"],
            administrator_secret=outputs["db_credentials_secret_arn"],
            application_secret=outputs.get("db_application_secret_arn"),
            bastion=outputs.get("bastion_instance_id"),
            fleet=outputs.get("autoscaling_group_name"),
        )

    def server(self, login: Login, bundle: Path) -> Server:
        """The database, its certificate checked against the certificate authorities in a bundle (FAC-N15)."""
        return Server(
            parameters={
                "host": self.address,
                "port": str(self.port),
                "dbname": self.name,
                "user": login.username,
                "sslmode": "verify-full",
                "sslrootcert": str(bundle),
            },
            password=login.password,
        )


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who signs in."""

    username: str
    password: str = field(repr=False)


def login(client: Clients, region: str, secret: str) -> Login:
    """Username and password of a secret, read from Secrets Manager (LWO-N17).

    Raises ClientError when it may not be read, Refused when it holds something else.
    """
    text = client("secretsmanager", region).get_secret_value(SecretId=secret)["SecretString"]
    try:
        value = json.loads(text)
        return Login(username=value["username"], password=value["password"])
    except (ValueError, KeyError, TypeError):
        raise Refused(f"{secret}: expected JSON with username and password, found something else.") from None


def certificate_bundle(given: Path | None) -> Path:
    """The certificate authorities of RDS on this machine. Raises Mistake that says where to get them."""
    named = os.environ.get("PGSSLROOTCERT")
    candidates = [given] if given else [*([Path(named)] if named else []), *BUNDLES]
    for candidate in candidates:
        if candidate.is_file():
            return candidate.absolute()
    raise Mistake(
        f"--ca: expected the certificate authorities of RDS, found no file at {', '.join(map(str, candidates))}. "
        f"Get them from {BUNDLE_URL} and name the file with --ca or PGSSLROOTCERT."
    )
