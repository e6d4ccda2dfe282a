"""The domain's move from the old server to the load balancer and back, in a zone of moto's."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws
from typer.testing import CliRunner, Result

from operations import outputs, state
from operations.cli import app
from operations.dns import commands
from operations.mistakes import Mistake
from operations.release import health
from operations.state import Resource, State

ROOT = Path(__file__).parents[3]
REGION, NAME = "ca-central-1", "validator.example.org"
OLD_A = {"Name": f"{NAME}.", "Type": "A", "TTL": 3600, "ResourceRecords": [{"Value": "203.0.113.9"}]}
OLD_CNAME = {"Name": f"{NAME}.", "Type": "CNAME", "TTL": 3600, "ResourceRecords": [{"Value": "old.example.org"}]}
MAIL = {"Name": "example.org.", "Type": "MX", "TTL": 3600, "ResourceRecords": [{"Value": "10 mail.example.org"}]}


@dataclass
class Move:
    """A stack whose domain leads to an old server, and where its change files go."""

    zone: str
    target: str
    folder: Path
    owned: list[Resource] = field(default_factory=list[Resource])
    healthy: bool = True
    at: datetime = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)

    def phi(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["dns", *arguments, "--folder", str(self.folder)])

    def put(self, *records: dict[str, Any]) -> None:
        changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
        self.api.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": changes})

    @property
    def api(self) -> Any:
        return boto3.client("route53", region_name="us-east-1")

    def records(self) -> list[dict[str, Any]]:
        found = self.api.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return [record for record in found if record["Type"] not in ("NS", "SOA")]

    def leads_here(self) -> bool:
        [record] = [each for each in self.records() if each["Name"] == f"{NAME}."]
        return record.get("AliasTarget", {}).get("DNSName", "").rstrip(".") == self.target


@pytest.fixture
def move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Move]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        route53: Any = boto3.client("route53", region_name="us-east-1")
        zone = route53.create_hosted_zone(Name="example.org", CallerReference="1")["HostedZone"]["Id"].rpartition("/")[
            2
        ]
        ec2: Any = boto3.client("ec2", region_name=REGION)
        subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
        balancer = boto3.client("elbv2", region_name=REGION).create_load_balancer(Name="alb", Subnets=subnets)
        made = Move(zone, balancer["LoadBalancers"][0]["DNSName"], tmp_path / "cutover")
        file = tmp_path / "Pulumi.facnet.yaml"
        content = yaml.safe_load((ROOT / file.name).read_text())
        content["config"]["phi-platform:edge"]["domain"] |= {"zone_name": "example.org", "records": False}
        file.write_text(yaml.safe_dump(content))
        monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", str(file))
        monkeypatch.setattr(outputs, "read", lambda _: {"region": REGION, "load_balancer_dns_name": made.target})
        monkeypatch.setattr(
            state, "read", lambda _: State(stack="facnet", taken="", digest="", resources=tuple(made.owned))
        )
        monkeypatch.setattr(
            health,
            "problem_through",
            lambda address, host, path, **_: (
                None if made.healthy and (address, host, path) == (made.target, NAME, "/api/health") else "answers 503"
            ),
        )

        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return made.at.astimezone(tz)

        monkeypatch.setattr(commands, "datetime", Clock)
        yield made


@pytest.mark.requirement("FAC-OPS-15", "FAC-OPS-16", "FAC-N04")
def test_the_domain_moves_after_the_old_ttl_and_to_an_alias(move: Move) -> None:
    move.put(OLD_A, MAIL)
    assert move.phi("lower", "facnet", "--yes").exit_code == 0
    assert [record["TTL"] for record in move.records() if record["Name"] == f"{NAME}."] == [300]

    move.at += timedelta(minutes=59)
    early = move.phi("cutover", "facnet", "--yes")
    assert isinstance(early.exception, Mistake)
    assert "2026-01-31 10:00 UTC" in str(early.exception)
    assert not move.leads_here()

    move.at += timedelta(minutes=2)
    done = move.phi("cutover", "facnet", "--yes")
    assert done.exit_code == 0, done.output
    assert move.leads_here()
    assert MAIL in move.records()


@pytest.mark.requirement("FAC-OPS-18")
@pytest.mark.parametrize("old", [OLD_A, OLD_CNAME], ids=["A", "CNAME"])
def test_the_way_back_is_written_before_the_way_there_and_restores_what_was(move: Move, old: dict[str, Any]) -> None:
    move.put(old)
    move.phi("lower", "facnet", "--yes")
    before = move.records()
    move.at += timedelta(days=1)
    assert move.phi("cutover", "facnet", "--yes").exit_code == 0
    assert move.leads_here()
    done = move.phi("cutback", "facnet", "--yes")
    assert done.exit_code == 0, done.output
    assert move.records() == before


@pytest.mark.requirement("FAC-OPS-16")
def test_without_consent_the_files_are_there_for_review_and_nothing_has_changed(move: Move) -> None:
    move.put(OLD_A)
    move.phi("lower", "facnet", "--yes")
    move.at += timedelta(days=1)
    before = move.records()
    done = move.phi("cutover", "facnet")
    assert isinstance(done.exception, Mistake)
    assert "--yes" in str(done.exception)
    assert move.records() == before
    change = json.loads((move.folder / "dns-change.json").read_text())
    back = json.loads((move.folder / "dns-rollback.json").read_text())
    assert [each["Action"] for each in change["Changes"]] == ["UPSERT"]
    assert back["Changes"] == [{"Action": "UPSERT", "ResourceRecordSet": {**OLD_A, "TTL": 300}}]


@pytest.mark.requirement("FAC-OPS-16")
def test_an_application_that_does_not_answer_gets_nobody(move: Move) -> None:
    move.put(OLD_A)
    move.phi("lower", "facnet", "--yes")
    move.at += timedelta(days=1)
    move.healthy = False
    done = move.phi("cutover", "facnet", "--yes")
    assert done.exit_code == 1
    assert "nothing was changed" in done.stderr
    assert not move.leads_here()


@pytest.mark.requirement("FAC-OPS-15")
def test_a_ttl_nobody_has_lowered_stops_the_cutover(move: Move) -> None:
    move.put(OLD_A)
    done = move.phi("cutover", "facnet", "--yes")
    assert isinstance(done.exception, Mistake)
    assert "Lower the TTL first" in str(done.exception)


@pytest.mark.requirement("FAC-N03")
def test_the_second_lowering_does_not_shorten_the_wait_for_the_first(move: Move) -> None:
    move.put(OLD_A)
    move.phi("lower", "facnet", "--yes")
    move.at += timedelta(minutes=10)
    shown = json.loads(move.phi("lower", "facnet", "--ttl", "60", "--yes", "--json").stdout)
    assert shown["ready"].startswith("2026-01-31T10:00")
    assert [record["TTL"] for record in move.records()] == [60]


def test_a_record_that_pulumi_owns_is_left_to_pulumi(move: Move) -> None:
    move.put(OLD_A)
    move.owned = [
        Resource(urn="urn:record", type="aws:route53/record:Record", name="address-record", id="x", parent=None,
                 inputs={"name": NAME, "type": "A"}, outputs={}, protect=False, dependencies=())
    ]  # fmt: skip
    for command in ("lower", "cutover", "cutback"):
        done = move.phi(command, "facnet", "--yes")
        assert isinstance(done.exception, Mistake), done.output
        assert "edge.domain.records: false" in str(done.exception)
    assert move.records() == [OLD_A]


def test_a_way_back_that_changes_another_name_is_refused(move: Move) -> None:
    move.put(OLD_A)
    move.phi("lower", "facnet", "--yes")
    move.at += timedelta(days=1)
    move.phi("cutover", "facnet", "--yes")
    (move.folder / "dns-rollback.json").write_text(
        json.dumps({"Changes": [{"Action": "DELETE", "ResourceRecordSet": MAIL}]})
    )
    done = move.phi("cutback", "facnet", "--yes")
    assert isinstance(done.exception, Mistake)
    assert "found example.org" in str(done.exception)


def test_a_way_back_that_was_never_gone_is_refused(move: Move) -> None:
    move.put(OLD_A)
    done = move.phi("cutback", "facnet", "--yes")
    assert isinstance(done.exception, Mistake)
    assert "dns-rollback.json: cannot be read" in str(done.exception)
