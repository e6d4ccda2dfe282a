"""The function that changes passwords, on a real server, with the secrets of an account on this machine."""

from __future__ import annotations

import json
import socket
import uuid
from types import SimpleNamespace
from typing import Any

import boto3
import psycopg
import pytest

from components.functions.rotation import handler
from settings.database import SECOND_USER
from tests.operations.database.conftest import ADDRESS, ADMINISTRATOR, APPLICATION, REGION, Postgres, Stack

FIRST = "only-for-tests-'application'"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


class Rotating:
    """Calls the function as Secrets Manager does, which labels the new version before it has a value."""

    def __init__(self, secret: str, patch: pytest.MonkeyPatch) -> None:
        self.secret, self.token = secret, str(uuid.uuid4())
        self.manager = boto3.client("secretsmanager", region_name=REGION)
        described = self.manager.describe_secret

        class Manager:
            exceptions = self.manager.exceptions

            def __getattr__(_, name: str) -> Any:
                return getattr(self.manager, name)

            def describe_secret(_, SecretId: str) -> dict[str, Any]:
                found = described(SecretId=SecretId)
                stages = {self.token: ["AWSPENDING"], **found["VersionIdsToStages"]}
                return {**found, "RotationEnabled": True, "VersionIdsToStages": stages}

        patch.setattr(handler, "boto3", SimpleNamespace(client=lambda _: Manager()))

    def step(self, name: str) -> None:
        handler.handler({"SecretId": self.secret, "ClientRequestToken": self.token, "Step": name}, None)

    def run(self) -> None:
        for name in STEPS:
            self.step(name)

    def value(self, stage: str = "AWSCURRENT") -> dict[str, Any]:
        return json.loads(self.manager.get_secret_value(SecretId=self.secret, VersionStage=stage)["SecretString"])


@pytest.fixture
def rotated(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack's secrets say where the database is, and its name leads to this machine."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("ADMINISTRATOR_SECRET_ARN", secret(stack, "db_credentials_secret_arn"))
    monkeypatch.setenv("CERTIFICATES_URL", stack.server.certificate.as_uri())
    handler.certificates.cache_clear()
    manager = boto3.client("secretsmanager", region_name=REGION)
    for name in ("db_credentials_secret_arn", "db_application_secret_arn"):
        value = json.loads(manager.get_secret_value(SecretId=secret(stack, name))["SecretString"])
        place = {"engine": "postgres", "host": ADDRESS, "port": str(stack.server.port), "dbname": "clinic"}
        manager.put_secret_value(SecretId=secret(stack, name), SecretString=json.dumps({**value, **place}))
    asked = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more, **options: asked("127.0.0.1" if host == ADDRESS else host, *more)
    )
    return stack


def secret(stack: Stack, name: str) -> str:
    return json.loads(stack.outputs.read_text())[name]


@pytest.fixture
def administrator(rotated: Stack, monkeypatch: pytest.MonkeyPatch) -> Any:
    yield Rotating(secret(rotated, "db_credentials_secret_arn"), monkeypatch)
    with rotated.server.connect("postgres") as connection:
        connection.execute(f"alter role {ADMINISTRATOR} password '{rotated.server.password}'")


@pytest.fixture
def application(rotated: Stack, monkeypatch: pytest.MonkeyPatch) -> Any:
    assert rotated.phi("user", rotated.name, *rotated.place, "--yes")[0] == 0
    yield Rotating(secret(rotated, "db_application_secret_arn"), monkeypatch)
    with rotated.server.connect("clinic") as connection:
        connection.execute(f"drop role if exists {APPLICATION}{SECOND_USER}")


def signs_in(server: Postgres, username: str, password: str) -> bool:
    try:
        server.connect("clinic", username, password).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.requirement("MSP-IAM-11", "OMN-IAM-09", "OMN-N13")
def test_the_administrators_password_is_changed_in_database_and_secret(rotated: Stack, administrator: Rotating) -> None:
    administrator.run()
    value = administrator.value()
    assert value["username"] == ADMINISTRATOR
    assert len(value["password"]) == 32
    assert value["password"].isalnum()
    assert signs_in(rotated.server, ADMINISTRATOR, value["password"])
    assert not signs_in(rotated.server, ADMINISTRATOR, rotated.server.password)
    assert administrator.value("AWSPREVIOUS")["password"] == rotated.server.password
    assert value["host"] == ADDRESS


@pytest.mark.requirement("MSP-IAM-11", "OMN-N13")
def test_the_application_goes_on_with_what_it_has_read_until_the_next_rotation(
    rotated: Stack, application: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = rotated
    with stack.server.connect("clinic", ADMINISTRATOR) as connection:
        connection.execute("create table codes (id serial primary key, name text)")
    application.run()
    second = application.value()
    assert second["username"] == APPLICATION + SECOND_USER
    assert signs_in(stack.server, APPLICATION, FIRST), "tasks that run have the earlier password"
    with stack.server.connect("clinic", second["username"], second["password"]) as connection:
        connection.execute("insert into codes (name) values ('one')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("truncate codes")
    code, shown, said = stack.phi("user", stack.name, *stack.place, "--check")
    assert code == 0, shown + said
    # the next one is the first user's again
    application.token = str(uuid.uuid4())
    application.run()
    first = application.value()
    assert first["username"] == APPLICATION
    assert signs_in(stack.server, APPLICATION, first["password"])
    assert not signs_in(stack.server, APPLICATION, FIRST)
    assert signs_in(stack.server, second["username"], second["password"])


def test_every_step_can_be_done_again(rotated: Stack, administrator: Rotating) -> None:
    for name in STEPS[:3]:
        administrator.step(name)
        pending = administrator.value("AWSPENDING")
        administrator.step(name)
        assert administrator.value("AWSPENDING") == pending
    administrator.step("finishSecret")
    administrator.step("finishSecret")
    assert signs_in(rotated.server, ADMINISTRATOR, administrator.value()["password"])


def test_a_rotation_broken_off_after_the_change_is_finished_by_the_next_try(
    rotated: Stack, administrator: Rotating
) -> None:
    administrator.step("createSecret")
    administrator.step("setSecret")  # and the rest never came
    assert administrator.value()["password"] == rotated.server.password
    administrator.run()
    assert signs_in(rotated.server, ADMINISTRATOR, administrator.value()["password"])


def test_a_new_password_that_does_not_work_is_not_put_into_use(rotated: Stack, administrator: Rotating) -> None:
    administrator.step("createSecret")
    with pytest.raises(handler.DatabaseError):
        administrator.step("testSecret")
    assert administrator.value()["password"] == rotated.server.password


def test_a_user_that_does_not_exist_yet_is_named(rotated: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    rotating = Rotating(secret(rotated, "db_application_secret_arn"), monkeypatch)
    rotating.step("createSecret")
    with pytest.raises(ValueError, match="phi database user"):
        rotating.step("setSecret")


def test_a_server_with_another_certificate_gets_no_password(
    rotated: Stack, administrator: Rotating, old_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator.step("createSecret")
    monkeypatch.setenv("CERTIFICATES_URL", old_server.certificate.as_uri())
    handler.certificates.cache_clear()
    with pytest.raises(Exception, match="certificate verify failed"):
        administrator.step("setSecret")


@pytest.mark.parametrize("step", ["", "createsecret"])
def test_an_unknown_step_is_refused(step: str, administrator: Rotating) -> None:
    with pytest.raises(ValueError, match="Step: want"):
        administrator.step(step)


def test_a_version_that_is_not_of_this_rotation_is_refused(rotated: Stack, administrator: Rotating) -> None:
    event = {"SecretId": administrator.secret, "ClientRequestToken": "another", "Step": "createSecret"}
    with pytest.raises(ValueError, match="is not being rotated"):
        handler.handler(event, None)


def test_no_password_reaches_the_log_of_the_server(rotated: Stack, administrator: Rotating) -> None:
    administrator.run()
    assert administrator.value()["password"] not in rotated.server.log.read_text()


def test_function_and_settings_call_the_second_user_alike() -> None:
    assert handler.SECOND == SECOND_USER
    assert handler.other("app") == "app_second"
    assert handler.other("app_second") == "app"
