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
PROVIDER = f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/staff"


def build(recorded: Recorder, **settings: Any) -> ClientVpn:
    args = ClientVpnArgs(
        scope=scope(),
        settings=VpnSettings(saml_provider_arn=PROVIDER, saml_groups=("clinicians", "operations"), **settings),
        vpc_id="vpc-1",
        subnet_ids={"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        subnet_cidrs={"ca-central-1a": "10.0.16.0/20", "ca-central-1b": "10.0.32.0/20"},
        security_group_id="sg-vpn",
        server_certificate_arn=f"arn:aws:acm:ca-central-1:{ACCOUNT_ID}:certificate/server",
        logs_kms_key_arn=KEY_ARN,
    )
    return recorded.run(lambda: ClientVpn("vpn", args))


@pytest.mark.requirement("LWO-NET-12")
def test_the_vpn_leads_to_the_load_balancers_subnets_and_nowhere_else(recorded: Recorder) -> None:
    build(recorded)
    endpoint = recorded.one(ENDPOINT).inputs
    assert (endpoint["splitTunnel"], endpoint["securityGroupIds"], endpoint["vpcId"]) == (True, ["sg-vpn"], "vpc-1")
    assert {inputs["targetNetworkCidr"] for _, inputs in recorded.of(RULE)} == {"10.0.16.0/20", "10.0.32.0/20"}
    associated = recorded.of("aws:ec2clientvpn/networkAssociation:NetworkAssociation")
    assert sorted(inputs["subnetId"] for _, inputs in associated) == ["subnet-a", "subnet-b"]
    assert recorded.count("aws:ec2clientvpn/route:Route") == 0


@pytest.mark.requirement("LWO-NET-12", "LWO-IAM-04", "ALL-10")
def test_every_connection_is_recorded_and_ends(recorded: Recorder) -> None:
    vpn = build(recorded)
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert (group["kmsKeyId"], group["retentionInDays"]) == (KEY_ARN, 365)
    endpoint = recorded.one(ENDPOINT).inputs
    assert endpoint["connectionLogOptions"] == {"enabled": True, "cloudwatchLogGroup": vpn.log_group_name}
    assert (endpoint["sessionTimeoutHours"], endpoint["disconnectOnSessionTimeout"]) == (8, True)


def test_people_sign_in_with_saml_and_only_the_named_groups_enter(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.one(ENDPOINT).inputs["authenticationOptions"] == [
        {"type": "federated-authentication", "samlProviderArn": PROVIDER}
    ]
    rules = [inputs for _, inputs in recorded.of(RULE)]
    assert sorted(rule["accessGroupId"] for rule in rules) == ["clinicians", "clinicians", "operations", "operations"]
    assert not any("authorizeAllGroups" in rule for rule in rules)
