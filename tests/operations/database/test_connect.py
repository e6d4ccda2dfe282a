"""A session on the stack's database through Session Manager, whose programs are played by scripts of this test."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

from operations.database import commands, connection, tunnel
from operations.database.place import StackDatabase
from tests.operations.database.conftest import ADDRESS, REGION, Stack, tools

BASTION = "i-0123456789abcdef0"

# Forwards like the plugin does: from the local port it is told, to what the test says is that remote host.
AWS = """#!{python}
import json, os, socket, sys, threading
arguments = dict(zip(sys.argv[3::2], sys.argv[4::2]))
parameters = json.loads(arguments["--parameters"])
open({record!r}, "w").write(json.dumps(sys.argv[1:]))
if arguments["--target"] != "{bastion}":
    sys.exit("An error occurred (TargetNotConnected)")
listener = socket.create_server(("127.0.0.1", int(parameters["localPortNumber"][0])))
def copy(one, other):
    while data := one.recv(65536):
        other.sendall(data)
    other.shutdown(socket.SHUT_WR)
while True:
    near, _ = listener.accept()
    far = socket.create_connection(("127.0.0.1", {port}))
    for pair in ((near, far), (far, near)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
"""


@pytest.fixture
def session_manager(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`aws` and its plugin on PATH, and a bastion that Session Manager reaches; gives the file of what was asked."""
    programs, record = tmp_path / "programs", tmp_path / "asked.json"
    programs.mkdir()
    script = AWS.format(python=sys.executable, record=str(record), bastion=BASTION, port=stack.server.port)
    for name in ("aws", "session-manager-plugin"):
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    outputs = json.loads(stack.outputs.read_text())
    stack.outputs.write_text(json.dumps({**outputs, "bastion_instance_id": BASTION}))
    online(monkeypatch, {BASTION: "Online"})
    return record


def online(monkeypatch: pytest.MonkeyPatch, instances: dict[str, str]) -> None:
    """Answer DescribeInstanceInformation, which the embedded AWS does not have."""

    class Ssm:
        def describe_instance_information(self, Filters: list[dict[str, object]]) -> dict[str, object]:
            (asked,) = Filters[0]["Values"]  # type: ignore[misc]
            found = [{"InstanceId": asked, "PingStatus": instances[asked]}] if asked in instances else []
            return {"InstanceInformationList": found}

    real = commands.client
    monkeypatch.setattr(
        commands, "client", lambda service, region: Ssm() if service == "ssm" else real(service, region)
    )


def arguments(stack: Stack) -> list[str]:
    return ["--outputs", str(stack.outputs), "--ca", str(stack.server.certificate), "--tools", str(tools())]


def query(stack: Stack, capfd: pytest.CaptureFixture[str], *more: str) -> str:
    code, _, said = stack.phi("connect", stack.name, *arguments(stack), "-c", "select current_user, ssl from "
                              "pg_stat_ssl where pid = pg_backend_pid()", *more)  # fmt: skip
    assert code == 0, said
    return capfd.readouterr().out


@pytest.mark.requirement("FAC-OPS-12")
def test_psql_opens_through_the_bastion_and_checks_the_databases_own_certificate(
    stack: Stack, session_manager: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "clinic_admin | t" in query(stack, capfd)
    asked = json.loads(session_manager.read_text())
    assert asked[:2] == ["ssm", "start-session"]
    options = dict(zip(asked[2::2], asked[3::2], strict=True))
    assert options["--target"] == BASTION
    assert options["--document-name"] == "AWS-StartPortForwardingSessionToRemoteHost"
    assert json.loads(options["--parameters"])["host"] == [ADDRESS]
    assert json.loads(options["--parameters"])["portNumber"] == ["5432"]
    assert options["--region"] == REGION


def test_no_process_and_no_password_is_left_behind(
    stack: Stack, session_manager: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    query(stack, capfd)
    assert not list(tmp_path.glob("phi-database-*"))
    port = json.loads(json.loads(session_manager.read_text())[-1])["localPortNumber"][0]
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert f'"localPortNumber":["{port}"]' not in processes


def test_the_password_is_in_a_file_that_only_its_owner_can_read(stack: Stack) -> None:
    server = connection.Server(parameters={"dbname": "clinic", "user": "one"}, password="a:b\\c")
    with connection.known_to_tools(stack=server) as environment:
        services = Path(environment["PGSERVICEFILE"])
        assert "a:b" not in services.read_text()
        assert stat.S_IMODE(services.parent.stat().st_mode) == 0o700
        for file in services.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (services.parent / "stack.password").read_text() == "*:*:*:*:a\\:b\\\\c\n"
    assert not services.parent.exists()
    assert "a:b" not in repr(server)


def test_the_application_signs_in_as_itself(
    stack: Stack, session_manager: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert stack.phi("user", stack.name, *arguments(stack)[:4], "--yes")[0] == 0
    assert "clinic_app   | t" in query(stack, capfd, "--application")


def test_a_session_that_does_not_start_is_told_with_its_own_words(
    stack: Stack, session_manager: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    online(monkeypatch, {"i-other": "Online"})
    code, _, said = stack.phi("connect", stack.name, *arguments(stack), "--target", "i-other", "-c", "select 1")
    assert code == 3
    assert "TargetNotConnected" in said


@pytest.mark.parametrize(("status", "shown"), [({BASTION: "ConnectionLost"}, "ConnectionLost"), ({}, "not registered")])
def test_an_instance_that_is_not_reached_is_a_refusal(
    status: dict[str, str], shown: str, stack: Stack, session_manager: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    online(monkeypatch, status)
    code, _, said = stack.phi("connect", stack.name, *arguments(stack), "-c", "select 1")
    assert code == 3
    assert shown in said


def test_a_missing_program_is_named(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, _, said = stack.phi("connect", stack.name, *arguments(stack), "-c", "select 1")
    assert code == 2
    assert "aws and session-manager-plugin" in said


def test_a_stack_without_an_instance_is_told_the_other_ways(stack: Stack, session_manager: Path) -> None:
    outputs = json.loads(stack.outputs.read_text())
    stack.outputs.write_text(json.dumps({**outputs, "bastion_instance_id": None}))
    code, _, said = stack.phi("connect", stack.name, *arguments(stack), "-c", "select 1")
    assert code == 2
    assert "--direct" in said


def test_without_a_bastion_an_instance_in_service_is_passed_through(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    online(monkeypatch, {})
    group = boto3.client("autoscaling", region_name=REGION)
    group.create_launch_configuration(LaunchConfigurationName="app", ImageId="ami-12345678", InstanceType="t3.medium")
    group.create_auto_scaling_group(
        AutoScalingGroupName="clinic-fleet", LaunchConfigurationName="app", MinSize=1, MaxSize=1,
        AvailabilityZones=[f"{REGION}a"],
    )  # fmt: skip
    (instance,) = group.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    online(monkeypatch, {instance["InstanceId"]: "Online"})
    database = StackDatabase(
        stack="production", region=REGION, identifier="clinic", aurora=False, address=ADDRESS, port=5432,
        name="clinic", administrator_secret="a", application_secret=None, bastion=None, fleet="clinic-fleet",
    )  # fmt: skip
    planned = tunnel.plan(database, commands.client, target=None, port=15432)
    assert planned.target == instance["InstanceId"]
    assert planned.port == 15432


def test_a_tunnel_for_another_program_stays_open_until_it_is_ended(
    stack: Stack, session_manager: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def interrupted() -> None:
        port = int(json.loads(json.loads(session_manager.read_text())[-1])["localPortNumber"][0])
        through = connection.Server(
            parameters={"host": ADDRESS, "hostaddr": "127.0.0.1", "port": str(port), "dbname": "clinic",
                        "user": "clinic_admin", "sslmode": "verify-full",
                        "sslrootcert": str(stack.server.certificate)},
            password=stack.server.password,
        )  # fmt: skip
        with through.connect() as opened:
            seen.append(opened.execute("select current_user").fetchone())
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    monkeypatch.setattr(tunnel, "until_interrupted", interrupted)
    code, _, said = stack.phi("connect", stack.name, *arguments(stack)[:2], "--tunnel-only")
    assert code == 0
    assert seen == [("clinic_admin",)]
    assert "aws ssm start-session" in said


def test_an_iam_token_takes_the_place_of_the_password(stack: Stack) -> None:
    database = StackDatabase.of(stack.name, json.loads(stack.outputs.read_text()))
    who = commands._who(database, application=False, iam_user="reader", address=None)  # pyright: ignore[reportPrivateUsage]
    assert who.username == "reader"
    assert who.password.startswith(f"{ADDRESS}:5432/?Action=connect&DBUser=reader&")


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--direct", "--through", "127.0.0.1:1"], "--direct, --through"),
        (["--through", "nowhere"], "HOST:PORT"),
        (["--application", "--iam", "reader"], "--application, --iam"),
    ],
)
def test_ways_that_exclude_each_other_are_refused(stack: Stack, options: list[str], wrong: str) -> None:
    code, _, said = stack.phi("connect", stack.name, *arguments(stack), *options, "-c", "select 1")
    assert code == 2
    assert wrong in said


def test_a_missing_bundle_says_where_to_get_one(stack: Stack, tmp_path: Path) -> None:
    code, _, said = stack.phi(
        "connect", stack.name, "--outputs", str(stack.outputs), "--ca", str(tmp_path / "none.pem"), "--tools",
        str(tools()), "-c", "select 1",
    )  # fmt: skip
    assert code == 2
    assert "truststore.pki.rds.amazonaws.com" in said
