"""Client VPN: who enters, where it leads, what is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from components.client_vpn import ClientVpn, ClientVpnArgs
from settings.edge import VpnSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, scope
from tests.unit.conftest import Recorder

ENDPOINT = "aws:ec2clientvpn/endpoint:Endpoint"
RULE = "aws:ec2clientvpn/authorizationRule:AuthorizationRule"
CERTIFICATE = f"arn:aws:acm:ca-central-1:{ACCOUNT_ID}:certificate/people"
PROVIDER = f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/staff"


def build(recorded: Recorder, **settings: Any) -> ClientVpn:
    args = ClientVpnArgs(
        scope=scope(),
        settings=VpnSettings(**settings),
        vpc_id="vpc-1",
        vpc_cidr="10.0.0.0/16",
        subnet_ids={"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        security_group_id="sg-vpn",
        server_certificate_arn=f"arn:aws:acm:ca-central-1:{ACCOUNT_ID}:certificate/server",
        logs_kms_key_arn=KEY_ARN,
    )
    return recorded.run(lambda: ClientVpn("vpn", args))


@pytest.mark.requirement("LWO-NET-12")
def test_the_vpn_leads_into_the_network_and_nowhere_else(recorded: Recorder) -> None:
    build(recorded, client_certificate_arn=CERTIFICATE)
    endpoint = recorded.one(ENDPOINT).inputs
    assert (endpoint["splitTunnel"], endpoint["securityGroupIds"], endpoint["vpcId"]) == (True, ["sg-vpn"], "vpc-1")
    assert [inputs["targetNetworkCidr"] for _, inputs in recorded.of(RULE)] == ["10.0.0.0/16"]
    associated = recorded.of("aws:ec2clientvpn/networkAssociation:NetworkAssociation")
    assert sorted(inputs["subnetId"] for _, inputs in associated) == ["subnet-a", "subnet-b"]
    assert recorded.count("aws:ec2clientvpn/route:Route") == 0


@pytest.mark.requirement("LWO-NET-12", "LWO-IAM-04", "ALL-10")
def test_every_connection_is_recorded_and_ends(recorded: Recorder) -> None:
    vpn = build(recorded, client_certificate_arn=CERTIFICATE, session_hours=10)
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert (group["kmsKeyId"], group["retentionInDays"]) == (KEY_ARN, 365)
    endpoint = recorded.one(ENDPOINT).inputs
    assert endpoint["connectionLogOptions"] == {"enabled": True, "cloudwatchLogGroup": vpn.log_group_name}
    assert (endpoint["sessionTimeoutHours"], endpoint["disconnectOnSessionTimeout"]) == (10, True)


def test_people_sign_in_with_certificates(recorded: Recorder) -> None:
    build(recorded, client_certificate_arn=CERTIFICATE)
    assert recorded.one(ENDPOINT).inputs["authenticationOptions"] == [
        {"type": "certificate-authentication", "rootCertificateChainArn": CERTIFICATE}
    ]
    assert recorded.one(RULE).inputs["authorizeAllGroups"] is True


def test_people_sign_in_with_saml_and_only_the_named_groups_enter(recorded: Recorder) -> None:
    build(recorded, saml_provider_arn=PROVIDER, saml_groups=["clinicians", "operations"])
    assert recorded.one(ENDPOINT).inputs["authenticationOptions"] == [
        {"type": "federated-authentication", "samlProviderArn": PROVIDER}
    ]
    rules = [inputs for _, inputs in recorded.of(RULE)]
    assert sorted(rule["accessGroupId"] for rule in rules) == ["clinicians", "operations"]
    assert not any("authorizeAllGroups" in rule for rule in rules)
