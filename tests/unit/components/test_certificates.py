"""Zone and certificates."""

from __future__ import annotations

import pulumi
import pytest

from components.certificates import Certificate, CertificateArgs, Domain, DomainArgs
from settings.edge import DomainSettings
from tests.unit.components.scopes import scope
from tests.unit.conftest import Recorder


def test_a_zone_is_made_only_when_none_is_given(recorded: Recorder) -> None:
    given = DomainSettings(name="app.example.org", zone_id="Z0123456789")
    domain: Domain = recorded.run(lambda: Domain("domain", DomainArgs(scope=scope(), settings=given)))
    assert recorded.count("aws:route53/zone:Zone") == 0
    assert recorded.run(lambda: Domain("domain", DomainArgs(scope=scope(), settings=given)).zone_id) == "Z0123456789"
    assert domain.name_servers is not None


def test_a_new_zone_names_its_servers(recorded: Recorder) -> None:
    settings = DomainSettings(name="app.example.org")
    servers = recorded.run(lambda: Domain("domain", DomainArgs(scope=scope(), settings=settings)).name_servers)
    assert len(servers) == 4
    assert recorded.one("aws:route53/zone:Zone").inputs["name"] == "app.example.org"


@pytest.mark.requirement("ALL-07", "BER-N08")
@pytest.mark.parametrize("region", [None, "us-east-1"])
def test_a_certificate_is_proven_by_dns_in_its_region(recorded: Recorder, region: str | None) -> None:
    args = CertificateArgs(scope=scope(), domain_name="app.example.org", zone_id="Z1", region=region)
    recorded.run(lambda: Certificate("certificate", args))
    certificate = recorded.one("aws:acm/certificate:Certificate").inputs
    assert (certificate["validationMethod"], certificate["keyAlgorithm"]) == ("DNS", "RSA_2048")
    assert certificate["options"] == {"certificateTransparencyLoggingPreference": "ENABLED"}
    assert "privateKey" not in certificate
    for type_ in ("aws:acm/certificate:Certificate", "aws:acm/certificateValidation:CertificateValidation"):
        assert recorded.one(type_).inputs.get("region") == region
    record = recorded.one("aws:route53/record:Record").inputs
    assert (record["type"], record["zoneId"]) == ("CNAME", "Z1")
    assert record["name"].endswith("app.example.org.")


@pytest.mark.requirement("LWO-EDG-05")
def test_the_zone_may_have_a_shorter_name_than_the_application(recorded: Recorder) -> None:
    settings = DomainSettings(name="prod.example.org", zone_name="example.org")
    recorded.run(lambda: Domain("domain", DomainArgs(scope=scope(), settings=settings)))
    assert recorded.one("aws:route53/zone:Zone").inputs["name"] == "example.org"


def test_every_name_of_a_certificate_has_its_own_proof(recorded: Recorder) -> None:
    args = CertificateArgs(
        scope=scope(), domain_name="app.example.org", alternative_names=["api.example.org"], zone_id="Z1"
    )
    recorded.run(lambda: Certificate("certificate", args))
    assert recorded.one("aws:acm/certificate:Certificate").inputs["subjectAlternativeNames"] == ["api.example.org"]
    proven = [inputs["name"].partition(".")[2] for _, inputs in recorded.of("aws:route53/record:Record")]
    assert sorted(proven) == ["api.example.org.", "app.example.org."]
    assert len(recorded.one("aws:acm/certificateValidation:CertificateValidation").inputs["validationRecordFqdns"]) == 2


@pytest.mark.requirement("FAC-EDG-07", "FAC-EDG-06")
def test_without_a_zone_the_proof_is_told_and_waited_for(recorded: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, **_: said.append(text))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    args = CertificateArgs(scope=scope(), domain_name="app.example.org", zone_id=None)
    (proof,) = recorded.run(lambda: Certificate("certificate", args).proofs)
    assert recorded.count("aws:route53/record:Record") == 0
    assert recorded.count("aws:acm/certificateValidation:CertificateValidation") == 1
    assert proof["type"] == "CNAME"
    assert len(said) == 1
    assert all(proof[part] in said[0] for part in ("name", "type", "value"))
