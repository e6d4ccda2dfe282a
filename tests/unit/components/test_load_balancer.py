"""The load balancer: TLS, redirect, logs, targets, firewall, address."""

from __future__ import annotations

from typing import Any

import pytest

from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.scope import Scope
from settings.compute import ServiceSettings
from settings.edge import Access, LoadBalancerSettings
from settings.fleet import FleetSettings
from tests.unit.components.scopes import ACCOUNT_ID, scope
from tests.unit.conftest import Recorder

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
API = ServiceSettings(
    image="1.0.0", port=8080, health_path="/api/health", paths=("/api/*",), priority=10, stop_seconds=45
)
WEB = ServiceSettings(image="1.0.0", port=3000)


def args(**more: Any) -> LoadBalancerArgs:
    values: dict[str, Any] = {
        "scope": scope(),
        "settings": LoadBalancerSettings(),
        "vpc_id": "vpc-1",
        "subnet_ids": {"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        "security_group_id": "sg-1",
        "certificate_arn": f"arn:aws:acm:ca-central-1:{ACCOUNT_ID}:certificate/1",
        "logs_bucket_name": "berthcare-logs-staging",
        "targets": {"api": API, "web": WEB},
    }
    return LoadBalancerArgs(**{**values, **more})


def build(recorded: Recorder, **more: Any) -> LoadBalancer:
    return recorded.run(lambda: LoadBalancer("load-balancer", args(**more)))


@pytest.mark.requirement("ALL-08", "BER-EDG-09", "FAC-EDG-02", "FAC-EDG-03", "LWO-EDG-02", "OMN-EDG-01")
def test_https_with_tls_1_2_or_newer_and_http_only_redirects(recorded: Recorder) -> None:
    build(recorded)
    listeners = {inputs["port"]: inputs for _, inputs in recorded.of(LISTENER)}
    assert set(listeners) == {80, 443}
    https = listeners[443]
    assert (https["protocol"], https["sslPolicy"]) == ("HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06")
    assert https["certificateArn"].endswith("certificate/1")
    assert https["defaultActions"][0]["fixedResponse"]["statusCode"] == "404"
    (redirect,) = listeners[80]["defaultActions"]
    assert redirect == {
        "type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
    }  # fmt: skip


@pytest.mark.requirement("FAC-EDG-01", "FAC-EDG-08")
def test_the_load_balancer_is_hardened_and_logged(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one(BALANCER).inputs
    assert inputs["dropInvalidHeaderFields"] is True
    assert inputs["desyncMitigationMode"] == "strictest"
    assert inputs["enableWafFailOpen"] is False
    for kind in ("accessLogs", "connectionLogs"):
        assert inputs[kind] == {"enabled": True, "bucket": "berthcare-logs-staging", "prefix": "load-balancer"}
    assert inputs["subnets"] == ["subnet-a", "subnet-b"]
    assert (inputs["internal"], inputs["tags"]["Exposure"]) == (False, "public")


@pytest.mark.requirement("LWO-EDG-01", "LWO-NET-12")
def test_an_internal_one_does_not_call_itself_public(recorded: Recorder) -> None:
    build(recorded, settings=LoadBalancerSettings(access=Access.INTERNAL))
    inputs = recorded.one(BALANCER).inputs
    assert (inputs["internal"], inputs["tags"]["Exposure"]) == (True, "internal")


@pytest.mark.requirement("LWO-NET-07")
def test_one_for_listed_addresses_does_not_call_itself_public(recorded: Recorder) -> None:
    build(recorded, settings=LoadBalancerSettings(access=Access.RESTRICTED, sources=("203.0.113.0/24",)))
    inputs = recorded.one(BALANCER).inputs
    assert (inputs["internal"], inputs["tags"]["Exposure"]) == (False, "restricted")


@pytest.mark.requirement("ALL-12")
@pytest.mark.parametrize("protect", [False, True])
def test_deletion_protection_follows_the_scope(recorded: Recorder, protect: bool) -> None:
    build(recorded, scope=scope(protect=protect))
    assert recorded.one(BALANCER).inputs["enableDeletionProtection"] is protect


@pytest.mark.requirement("FAC-EDG-04", "LWO-EDG-03", "FAC-N09")
def test_each_service_gets_its_paths_and_a_health_check(recorded: Recorder) -> None:
    balancer = build(recorded)
    group = recorded.one("aws:lb/targetGroup:TargetGroup", "load-balancer-api").inputs
    assert (group["port"], group["targetType"], group["deregistrationDelay"]) == (8080, "ip", 45)
    assert (group["healthCheck"]["path"], group["healthCheck"]["enabled"]) == ("/api/health", True)
    rule = recorded.one("aws:lb/listenerRule:ListenerRule", "load-balancer-api-rule").inputs
    assert rule["priority"] == 10
    assert rule["conditions"] == [{"pathPattern": {"values": ["/api/*"]}}]
    assert rule["actions"][0]["type"] == "forward"
    assert set(balancer.target_group_arns) == {"api", "web"}


@pytest.mark.requirement("FAC-EDG-04", "FAC-N09", "FAC-CMP-01")
def test_a_fleet_is_a_target_like_any_other_by_instance(recorded: Recorder) -> None:
    balancer = build(recorded, targets={"fleet": FleetSettings()})
    group = recorded.one("aws:lb/targetGroup:TargetGroup").inputs
    assert (group["port"], group["targetType"], group["deregistrationDelay"]) == (5000, "instance", 60)
    assert (group["healthCheck"]["path"], group["healthCheck"]["port"]) == ("/api/health", "traffic-port")
    assert recorded.one("aws:lb/listenerRule:ListenerRule").inputs["conditions"] == [
        {"pathPattern": {"values": ["/*"]}}
    ]
    assert balancer.target_group_names == {"fleet": group["name"]}


def test_no_services_means_no_targets(recorded: Recorder) -> None:
    build(recorded, targets={})
    assert recorded.count("aws:lb/targetGroup:TargetGroup") == 0
    assert recorded.count("aws:lb/listenerRule:ListenerRule") == 0


@pytest.mark.requirement("LWO-EDG-04")
@pytest.mark.parametrize("arn", [None, "arn:aws:wafv2:ca-central-1:111122223333:regional/webacl/x/1"])
def test_the_firewall_stands_in_front_when_there_is_one(recorded: Recorder, arn: str | None) -> None:
    build(recorded, web_acl_arn=arn)
    found = recorded.of("aws:wafv2/webAclAssociation:WebAclAssociation")
    assert [inputs["webAclArn"] for _, inputs in found] == ([] if arn is None else [arn])


def test_a_service_can_ask_for_hosts_beside_paths(recorded: Recorder) -> None:
    portal = ServiceSettings(image="1.0.0", port=3000, hosts=("portal.example.org",))
    build(recorded, targets={"portal": portal})
    rule = recorded.one("aws:lb/listenerRule:ListenerRule").inputs
    assert rule["conditions"] == [
        {"pathPattern": {"values": ["/*"]}},
        {"hostHeader": {"values": ["portal.example.org"]}},
    ]


def test_names_keep_within_32_characters(recorded: Recorder) -> None:
    wide = Scope(
        system="a-rather-long-system",
        environment="production",
        region="ca-central-1",
        account_id=ACCOUNT_ID,
        protect=True,
    )
    build(recorded, scope=wide)
    names = [
        inputs["name"] for type_ in (BALANCER, "aws:lb/targetGroup:TargetGroup") for _, inputs in recorded.of(type_)
    ]
    assert len(set(names)) == 3
    assert all(len(name) <= 32 for name in names)


def test_one_zone_or_a_service_without_requests_is_refused() -> None:
    with pytest.raises(ValueError, match="want two or more zones, got 1"):
        args(subnet_ids={"ca-central-1a": "subnet-a"})
    with pytest.raises(ValueError, match="got none for worker"):
        args(targets={"worker": ServiceSettings(image="1.0.0", port=None)})
