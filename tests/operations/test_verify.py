"""`phi verify` on accounts whose answers are known: what the embedded AWS cannot show, refusals, what is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from localaws import services  # noqa: F401  registers the handlers
from localaws.handler import HANDLERS
from operations.state import Resource, State
from operations.verify import commands
from operations.verify.account import Account
from operations.verify.check import CHECKS, Answer, Result
from operations.verify.documents import statements
from operations.verify.run import KEPT_BESIDE, verify
from settings import load

ROOT = Path(__file__).parents[2]
REGION = "ca-central-1"
NOW = datetime.now(UTC)


def resource(type_: str, name: str = "it", **outputs: Any) -> Resource:
    urn = f"urn:pulumi:berthcare::phi-platform::{type_}::{name}"
    return Resource(
        urn=urn, type=type_, name=name, id=outputs.pop("id", name), parent=None, inputs=outputs.pop("inputs", {}),
        outputs={"region": REGION, **outputs}, protect=False, dependencies=(),
    )  # fmt: skip


class Client:
    """A boto3 client with known answers; an answer that is an error is raised, one that is missing is none known."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def can_paginate(self, _: str) -> bool:
        return False

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def answer(**_: Any) -> Any:
            found = self.answers.get(operation, error("AccessDeniedException", operation))
            if isinstance(found, ClientError):
                raise found
            return found

        return answer

    @property
    def meta(self) -> Any:
        return type("Meta", (), {"endpoint_url": "https://sts.ca-central-1.amazonaws.com"})


def error(code: str, operation: str = "DescribeIt") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)


def results(*resources: Resource, **answers: Any) -> list[Result]:
    settings = load.from_file(ROOT / "Pulumi.berthcare.yaml")
    state = State(stack="berthcare", taken="", digest="", resources=resources)
    return verify(Account(settings, state, lambda *_: Client(answers)))


def of(check: str, found: list[Result]) -> list[Result]:
    return [each for each in found if each.check == check]


KEY = resource("aws:kms/key:Key", id="a-key", inputs={"enableKeyRotation": True, "policy": '{"Statement": []}'})


def test_every_check_has_its_own_name_requirements_and_what_to_do() -> None:
    names = [check.name for check in CHECKS]
    assert len(names) == len(set(names))
    assert len(names) > 60
    for check in CHECKS:
        assert check.requirements, check.name
        assert check.fix.endswith("."), check.name


def test_a_refused_question_is_neither_right_nor_wrong_and_names_the_permission() -> None:
    [found] = of("key-enabled", results(KEY))
    assert (found.answer, found.what) == (Answer.UNREADABLE, "describe_key")
    assert "describe_key" in found.fix


def test_a_resource_that_is_gone_is_said_once_by_the_first_check_that_misses_it() -> None:
    gone = error("NotFoundException", "DescribeKey")
    found = results(KEY, describe_key=gone, get_key_rotation_status=gone, get_key_policy=gone)
    named = [each for each in found if "a-key" in each.subject]
    assert [(each.check, each.answer, each.found) for each in named] == [("key-enabled", Answer.DIFFERS, "gone")]


def test_what_a_stack_has_not_is_not_applicable() -> None:
    [found] = of("directory-mfa", results(KEY))
    assert found.answer is Answer.NOT_APPLICABLE


def test_any_other_failure_of_aws_ends_the_command() -> None:
    with pytest.raises(ClientError, match="ThrottlingException"):
        results(KEY, describe_key=error("ThrottlingException"))


@pytest.mark.requirement("BER-OPS-08", "BER-OBS-01")
@pytest.mark.parametrize(
    ("held", "said"),
    [
        ([], "gone"),
        ([{"SubscriptionArn": "PendingConfirmation"}], "waits for confirmation"),
        ([{"SubscriptionArn": "arn:aws:sns:ca-central-1:111122223333:alarms:1"}], "confirmed"),
    ],
)
def test_a_subscription_that_nobody_confirmed_differs(held: list[dict[str, str]], said: str) -> None:
    who = {"endpoint": "alarms@example.org", "protocol": "email"}
    subscription = resource("aws:sns/topicSubscription:TopicSubscription", inputs={"topic": "alarms", **who})
    answer = {"Subscriptions": [{**each, "Endpoint": who["endpoint"], "Protocol": "email"} for each in held]}
    attributes = {"Attributes": {"PendingConfirmation": "false"}}
    found = results(subscription, list_subscriptions_by_topic=answer, get_subscription_attributes=attributes)
    [seen] = of("alarm-subscription", found)
    assert (seen.found, seen.answer) == (said, Answer.OK if said == "confirmed" else Answer.DIFFERS)


@pytest.mark.requirement("BER-DR-04")
@pytest.mark.parametrize(
    ("vault_hours", "point_hours", "answer"),
    [(1, None, Answer.OK), (90, None, Answer.DIFFERS), (90, 20, Answer.OK), (90, 40, Answer.DIFFERS)],
)
def test_a_vault_whose_newest_backup_is_older_than_the_objective_differs(
    vault_hours: int, point_hours: int | None, answer: Answer
) -> None:
    vault = resource("aws:backup/vault:Vault", name="backups", inputs={"kmsKeyArn": "key"})
    vault.outputs["name"] = "backups"
    points = [] if point_hours is None else [{"CreationDate": NOW - timedelta(hours=point_hours)}]
    found = results(
        vault,
        describe_backup_vault={"CreationDate": NOW - timedelta(hours=vault_hours), "EncryptionKeyArn": "key"},
        list_recovery_points_by_backup_vault={"RecoveryPoints": points},
    )
    [seen] = of("backup-recent", found)
    assert seen.answer is answer


@pytest.mark.requirement("BER-DR-13")
@pytest.mark.parametrize(("status", "answer"), [("replicating", Answer.OK), ("failed", Answer.DIFFERS)])
def test_backups_of_the_database_that_are_not_replicated_differ(status: str, answer: Answer) -> None:
    type_ = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    replication = resource(type_, inputs={"sourceDbInstanceArn": "arn:db"})
    held = [{"DBInstanceArn": "arn:db", "Status": status}, {"DBInstanceArn": "arn:other", "Status": "active"}]
    found = results(replication, describe_db_instance_automated_backups={"DBInstanceAutomatedBackups": held})
    assert [each.answer for each in of("backup-replicated", found)] == [answer]


@pytest.mark.requirement("FAC-OPS-22")
@pytest.mark.parametrize(("days", "answer"), [(200, Answer.OK), (10, Answer.DIFFERS)])
def test_a_certificate_that_was_not_renewed_in_time_differs(days: int, answer: Answer) -> None:
    certificate = resource("aws:acm/certificate:Certificate")
    held = {"Certificate": {"Status": "ISSUED", "NotAfter": NOW + timedelta(days=days, hours=1)}}
    found = of("certificate-valid", results(certificate, describe_certificate=held))
    assert [each.answer for each in found] == [Answer.OK, answer]


@pytest.mark.requirement("BER-OBS-12")
@pytest.mark.parametrize(("hours", "answer"), [(1, Answer.OK), (30, Answer.WARNS)])
def test_a_log_in_which_nothing_arrives_warns(hours: int, answer: Answer) -> None:
    name = "/aws/vpc/flow-logs"
    group = resource("aws:cloudwatch/logGroup:LogGroup", name=name, inputs={"retentionInDays": 365})
    last = int((NOW - timedelta(hours=hours)).timestamp() * 1000)
    found = results(
        group,
        describe_log_groups={"logGroups": [{"logGroupName": name, "creationTime": 0, "retentionInDays": 365}]},
        describe_log_streams={"logStreams": [{"lastEventTimestamp": last}]},
    )
    assert [each.answer for each in of("log-arriving", found)] == [answer]


def test_two_policies_that_say_the_same_are_the_same() -> None:
    one = {"Statement": {"Sid": "A", "Effect": "Allow", "Action": "s3:Get*", "Resource": ["b", "a"]}}
    two = {"Statement": [{"Effect": "Allow", "Sid": "A", "Resource": ["a", "b"], "Action": ["s3:Get*"]}]}
    assert statements(one) == statements(json.dumps(two))
    two["Statement"][0]["Resource"] = ["a"]
    assert statements(one) != statements(json.dumps(two))


def test_what_the_embedded_aws_keeps_to_itself_is_known_by_type() -> None:
    asked = {type_ for check in CHECKS for type_ in check.types}
    assert {type_ for type_ in asked if type_ in HANDLERS and HANDLERS[type_].emulated} == KEPT_BESIDE


@pytest.mark.requirement("OMN-OPS-09")
def test_the_command_prints_json_with_requirements_and_ends_with_1_when_something_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = {"urn": KEY.urn, "type": KEY.type, "id": KEY.id, "inputs": KEY.inputs, "outputs": KEY.outputs}
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"version": 3, "deployment": {"manifest": {}, "resources": [exported]}}))
    pending = {"KeyMetadata": {"KeyState": "PendingDeletion"}}
    monkeypatch.setattr(commands, "client", lambda *_: Client({"describe_key": pending}))
    monkeypatch.chdir(ROOT)
    from operations.cli import app

    ended = CliRunner().invoke(app, ["verify", "berthcare", "--state", str(file), "--json"])
    assert ended.exit_code == 1
    [found] = [each for each in json.loads(ended.stdout) if each["check"] == "key-enabled"]
    assert (found["answer"], found["expected"], found["found"]) == ("differs", "Enabled", "PendingDeletion")
    assert "OMN-OPS-07" in found["requirements"]
    assert "cancel-key-deletion" in found["fix"]
