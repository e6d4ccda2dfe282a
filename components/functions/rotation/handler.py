"""Changes a password of the database, in the four steps in which Secrets Manager asks for it.

The administrator's own password is changed (single user). The application has two users that take turns, the second a
member of the first, so that whoever signed in with the earlier password can go on until the next rotation.
Source: AWS Secrets Manager User Guide, "Rotation by Lambda function", "Lambda function rotation strategies".
It runs in Lambda with nothing of this project: boto3 of the runtime, and the driver that is packed beside it.
MSP-IAM-11, MSP-N26, OMN-IAM-09, OMN-N13; 45 CFR 164.308(a)(5)(ii)(D) password management.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import ssl
import string
import urllib.request
from collections.abc import Generator, Mapping
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection, identifier, literal

SECOND = "_second"  # what the application's other user has at the end of its name
LENGTH = 32
SECONDS = 20
ITERATIONS = 4096

Value = dict[str, Any]


def handler(event: Mapping[str, str], context: object) -> None:  # noqa: ARG001 - Lambda calls it so
    """Do one step of a rotation; doing it again changes nothing more.

    event: `SecretId`, `ClientRequestToken` and `Step`, as Secrets Manager sends them.
    Raises ValueError for a secret that is not being rotated; whatever a step cannot do is raised too, and the rotation
    is tried again.
    """
    rotation = Rotation(secret=event["SecretId"], token=event["ClientRequestToken"])
    if rotation.finished():
        return
    match event["Step"]:
        case "createSecret":
            rotation.create()
        case "setSecret":
            rotation.change()
        case "testSecret":
            rotation.test()
        case "finishSecret":
            rotation.finish()
        case other:
            raise ValueError(f"Step: want createSecret, setSecret, testSecret or finishSecret, got {other}")


class Rotation:
    """One rotation of one secret.   token: id of its new version."""

    def __init__(self, *, secret: str, token: str) -> None:
        self._secret, self._token = secret, token
        self._manager: Any = boto3.client("secretsmanager")
        self._administrator = os.environ["ADMINISTRATOR_SECRET_ARN"]

    @property
    def _single(self) -> bool:
        return self._secret == self._administrator

    def finished(self) -> bool:
        """Whether the new version is in use already. Raises ValueError when it is not one of this secret's."""
        described = self._manager.describe_secret(SecretId=self._secret)
        stages = described["VersionIdsToStages"].get(self._token)
        if not described.get("RotationEnabled") or stages is None:
            raise ValueError(f"{self._secret}: version {self._token} is not being rotated")
        if "AWSCURRENT" in stages:
            return True
        if "AWSPENDING" not in stages:
            raise ValueError(f"{self._secret}: version {self._token} is not the pending one")
        return False

    def create(self) -> None:
        """Make up the new password, once."""
        with contextlib.suppress(self._manager.exceptions.ResourceNotFoundException):
            self._value("AWSPENDING", self._token)
            return
        value = self._value("AWSCURRENT")
        username = value["username"] if self._single else other(value["username"])
        alphabet = string.ascii_letters + string.digits  # fits into any URL
        password = "".join(secrets.choice(alphabet) for _ in range(LENGTH))
        self._manager.put_secret_value(
            SecretId=self._secret,
            ClientRequestToken=self._token,
            SecretString=json.dumps({**value, "username": username, "password": password}),
            VersionStages=["AWSPENDING"],
        )

    def change(self) -> None:
        """Make the database take the new password."""
        pending = self._value("AWSPENDING", self._token)
        with contextlib.suppress(DatabaseError), connected(pending):
            return  # it does already
        if self._single:
            self._change_own(pending)
        else:
            self._change_other(pending)

    def _change_own(self, pending: Value) -> None:
        """Sign in with the password in use, or with the one before it if a rotation was broken off, and change it."""
        try:
            self._set(self._value("AWSCURRENT"), pending)
        except DatabaseError:
            try:
                previous = self._value("AWSPREVIOUS")
            except ClientError:
                raise ValueError(
                    f"{self._secret}: the database takes neither the new password nor the one in use"
                ) from None
            self._set(previous, pending)

    def _set(self, who: Value, pending: Value) -> None:
        with connected(who) as connection:
            connection.run(f"alter role {identifier(pending['username'])} password {literal(verifier(pending))}")

    def _change_other(self, pending: Value) -> None:
        """As the administrator, give the application's other user the new password, and what the first may do."""
        administrator = self._value("AWSCURRENT", secret=self._administrator)
        first, user = pending["username"].removesuffix(SECOND), pending["username"]
        login = {**pending, "username": administrator["username"], "password": administrator["password"]}
        with connected(login) as connection:
            found = connection.run(
                "select rolname from pg_roles where rolname in (:one, :other)", one=first, other=user
            )
            there = {name for (name,) in found or ()}
            if first not in there:
                raise ValueError(f"user {first} does not exist yet: `phi database user` creates it")
            connection.run("start transaction")
            verb = "alter" if user in there else "create"
            connection.run(f"{verb} role {identifier(user)} login password {literal(verifier(pending))}")
            if user != first:
                connection.run(f"grant {identifier(first)} to {identifier(user)}")
            connection.run("commit")

    def test(self) -> None:
        """Sign in with the new password."""
        with connected(self._value("AWSPENDING", self._token)) as connection:
            connection.run("select 1")

    def finish(self) -> None:
        """Make the new version the one that everybody reads; the one before it is kept as the previous."""
        described = self._manager.describe_secret(SecretId=self._secret)
        current = next(version for version, stages in described["VersionIdsToStages"].items() if "AWSCURRENT" in stages)
        self._manager.update_secret_version_stage(
            SecretId=self._secret,
            VersionStage="AWSCURRENT",
            MoveToVersionId=self._token,
            RemoveFromVersionId=current,
        )

    def _value(self, stage: str, version: str | None = None, *, secret: str | None = None) -> Value:
        which = {"VersionId": version} if version else {}
        found = self._manager.get_secret_value(SecretId=secret or self._secret, VersionStage=stage, **which)
        return json.loads(found["SecretString"])


def other(username: str) -> str:
    """The application's other user."""
    return username.removesuffix(SECOND) if username.endswith(SECOND) else username + SECOND


def verifier(login: Value) -> str:
    """What PostgreSQL keeps of a password, so that the password itself is in no statement and no log (RFC 5803)."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", login["password"].encode(), salt, ITERATIONS)
    client, server = (hmac.digest(salted, name, "sha256") for name in (b"Client Key", b"Server Key"))
    kept, own, spice = (base64.b64encode(each).decode() for each in (hashlib.sha256(client).digest(), server, salt))
    return f"SCRAM-SHA-256${ITERATIONS}:{spice}${kept}:{own}"


@cache
def certificates() -> str:
    """The certificate authorities of the region's databases, from AWS, over a connection that is checked itself."""
    with urllib.request.urlopen(os.environ["CERTIFICATES_URL"], timeout=SECONDS) as answer:  # noqa: S310 - set at deploy
        return answer.read().decode()


@contextlib.contextmanager
def connected(login: Value) -> Generator[Connection]:
    """Sign in over TLS, the server's certificate and name checked.

    Raises DatabaseError when the server refuses, InterfaceError when it cannot be reached.
    """
    connection = Connection(
        login["username"],
        host=login["host"],
        port=int(login["port"]),
        database=login["dbname"],
        password=login["password"],
        timeout=SECONDS,
        ssl_context=ssl.create_default_context(cadata=certificates()),
    )
    try:
        yield connection
    finally:
        with contextlib.suppress(InterfaceError, OSError):
            connection.close()
