"""Edge and service settings: who is let in, names and certificates, VPN, health checks, discovery."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from settings import load
from settings.base import Section
from settings.compute import ComputeSettings, ContainerHealthSettings, DiscoverySettings, ServiceSettings
from settings.edge import (
    AMERICAN_HEALTH_CHECKERS,
    Access,
    DomainSettings,
    EdgeSettings,
    FailoverSettings,
    HealthCheckSettings,
    LoadBalancerSettings,
    VpnSettings,
    WebAclSettings,
)
from tests.unit.settings.test_load import problems, smallest

ACCOUNT = "111122223333"
CERTIFICATE = f"arn:aws:acm:ca-central-1:{ACCOUNT}:certificate/1"
ABROAD = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/staff"
DOMAIN = {"name": "app.example.org"}
SERVICE: dict[str, Any] = {"image": "1.0.0", "port": 8080}
RESTRICTED = {"access": "restricted", "sources": ["203.0.113.0/24"]}
FAILOVER = {"target": "site.example.org", "target_zone_id": "Z3AQBSTGFYJSTF"}
VPN = {"saml_provider_arn": PROVIDER, "saml_groups": ["clinicians"]}


def edge(**more: Any) -> dict[str, Any]:
    return {"domain": DOMAIN, "load_balancer": {}, **more}


ACCEPTED: list[tuple[type[Section], dict[str, Any]]] = [
    (LoadBalancerSettings, {"access": "restricted", "sources": ["10.0.0.0/8", "203.0.113.7/32"]}),
    (LoadBalancerSettings, {"access": "restricted", "sources": [f"203.0.113.{n}/32" for n in range(15)]}),
    (LoadBalancerSettings, {"access": "restricted", "source_prefix_lists": ["pl-0123456789abcdef0"]}),
    (LoadBalancerSettings, {**RESTRICTED, "health_checkers": True}),
    (LoadBalancerSettings, {"access": "internal"}),
    (LoadBalancerSettings, {"access": "internal", "sources": ["192.168.0.0/16"]}),
    (DomainSettings, {"name": "example.org", "cdn_name": "cdn.example.org"}),
    (DomainSettings, {"name": "prod.example.org", "zone_name": "example.org", "alternative_names": ["example.org"]}),
    (DomainSettings, {"name": "app.example.org", "dns": "external", "alternative_names": ["app.example.com"]}),
    (DomainSettings, {"name": "app.example.org", "certificate_arn": CERTIFICATE}),
    (VpnSettings, {**VPN, "client_cidr": "10.240.0.0/12"}),
    (VpnSettings, {**VPN, "client_cidr": "10.255.0.0/22"}),
    (HealthCheckSettings, {"interval_seconds": 10, "failures": 1}),
    (EdgeSettings, edge(load_balancer={"access": "internal"}, vpn=VPN)),
    (EdgeSettings, edge(failover=FAILOVER, health_check={})),
    (WebAclSettings, {"denied_cidrs": ["128.0.0.0/1"], "allowed_cidrs": ["203.0.113.7/32"]}),
    (ServiceSettings, {"image": "1.0.0", "port": None}),
    (ServiceSettings, {"image": "1.0.0", "port": None, "paths": []}),
    (ServiceSettings, {**SERVICE, "paths": []}),
    (ServiceSettings, {**SERVICE, "paths": ["/a", "/b", "/c", "/d"], "hosts": ["a.example.org"]}),
    (ServiceSettings, {**SERVICE, "repository": "shared/clinic-api"}),
    (ContainerHealthSettings, {"command": ["true"], "interval_seconds": 300, "timeout_seconds": 60, "retries": 10}),
    (DiscoverySettings, {"namespace": "clinic.internal", "ttl_seconds": 300}),
    (ComputeSettings, {"services": {"a": SERVICE, "worker": {"image": "1.0.0", "port": None}}}),
]


@pytest.mark.requirement("LWO-NET-07", "LWO-EDG-01", "LWO-NET-12", "FAC-EDG-06", "LWO-CMP-02")
@pytest.mark.parametrize(("model", "values"), ACCEPTED)
def test_the_edge_of_every_range_is_accepted(model: type[Section], values: dict[str, Any]) -> None:
    assert model.model_validate(values)


REFUSED: list[tuple[type[Section], dict[str, Any], str]] = [
    (LoadBalancerSettings, {"access": "restricted"}, "sources: expected one or more ranges with access: restricted"),
    (LoadBalancerSettings, {"access": "restricted", "sources": ["0.0.0.0/0"]}, "expected a range of /8 or narrower"),
    (LoadBalancerSettings, {"access": "restricted", "sources": ["128.0.0.0/7"]}, "expected a range of /8 or narrower"),
    (LoadBalancerSettings, {"access": "internal", "sources": ["0.0.0.0/0"]}, "expected a range of /8 or narrower"),
    (LoadBalancerSettings, {"access": "restricted", "sources": [f"203.0.113.{n}/32" for n in range(16)]}, "at most 15"),
    (LoadBalancerSettings, {"access": "restricted", "source_prefix_lists": ["office"]}, "pattern"),
    (LoadBalancerSettings, {"sources": ["203.0.113.0/24"]}, "sources: expected nothing with access: public"),
    (LoadBalancerSettings, {"health_checkers": True}, "health_checkers: expected false"),
    (LoadBalancerSettings, {"access": "internal", "health_checkers": True}, "health_checkers: expected false"),
    (DomainSettings, {**DOMAIN, "cdn_name": "app.example.org"}, "other than the application's"),
    (DomainSettings, {**DOMAIN, "alternative_names": ["app.example.org"]}, "every name once"),
    (DomainSettings, {**DOMAIN, "zone_name": "example.com"}, "name: expected a name under example.com"),
    (DomainSettings, {**DOMAIN, "dns": "external", "records": False}, "records: expected nothing with dns: external"),
    (DomainSettings, {**DOMAIN, "alternative_names": ["b.example.com"]}, "alternative_names[0]: expected a name under"),
    (DomainSettings, {**DOMAIN, "zone_name": "example.org", "zone_id": "Z0123456789"}, "nothing beside zone_id"),
    (DomainSettings, {**DOMAIN, "dns": "external", "zone_id": "Z0123456789"}, "zone_id: expected nothing"),
    (DomainSettings, {**DOMAIN, "dns": "external", "zone_name": "example.org"}, "zone_name: expected nothing"),
    (DomainSettings, {**DOMAIN, "certificate_arn": "arn:aws:iam::111122223333:server-certificate/x"}, "pattern"),
    (VpnSettings, {"saml_groups": ["clinicians"]}, "saml_provider_arn\n  Field required"),
    (VpnSettings, {**VPN, "saml_groups": []}, "at least 1 item"),
    (VpnSettings, {**VPN, "client_cidr": "10.255.0.0/23"}, "/12 to /22, found /23"),
    (VpnSettings, {**VPN, "client_cidr": "10.0.0.0/11"}, "/12 to /22, found /11"),
    (HealthCheckSettings, {"interval_seconds": 20}, "expected 10 or 30"),
    (HealthCheckSettings, {"path": "health"}, "pattern"),
    (EdgeSettings, edge(vpn=VPN), "load_balancer.access: with vpn expected internal, found public"),
    (EdgeSettings, edge(load_balancer=RESTRICTED, vpn=VPN), "with vpn expected internal, found restricted"),
    (EdgeSettings, {"vpn": VPN}, "vpn: expected a load_balancer"),
    (EdgeSettings, {"health_check": {}}, "health_check: expected a load_balancer"),
    (EdgeSettings, {"failover": FAILOVER}, "failover: expected a load_balancer"),
    (EdgeSettings, edge(domain={**DOMAIN, "dns": "external"}, failover=FAILOVER), "failover: expected none"),
    (FailoverSettings, {"target": "site.example.org"}, "target_zone_id"),
    (WebAclSettings, {"denied_cidrs": ["0.0.0.0/0"]}, "denied_cidrs[0]: expected a range of /1 to /32"),
    (ServiceSettings, {"image": "1.0.0", "port": None, "paths": ["/a"]}, "paths: expected nothing without a port"),
    (ServiceSettings, {"image": "1.0.0", "port": None, "hosts": ["a.example.org"]}, "hosts: expected nothing without"),
    (ServiceSettings, {**SERVICE, "paths": [], "hosts": ["a.example.org"]}, "hosts: expected nothing without paths"),
    (
        ServiceSettings,
        {**SERVICE, "paths": ["/a", "/b", "/c", "/d"], "hosts": ["a.example.org", "b.example.org"]},
        "expected 5 or fewer together, found 6",
    ),
    (ServiceSettings, {**SERVICE, "repository": "Shared"}, "pattern"),
    (ContainerHealthSettings, {"command": []}, "at least 1"),
    (ContainerHealthSettings, {"command": ["true"], "interval_seconds": 4}, "greater than or equal to 5"),
]


@pytest.mark.requirement("LWO-NET-07", "LWO-EDG-01", "LWO-NET-12", "FAC-EDG-06")
@pytest.mark.parametrize(("model", "values", "reason"), REFUSED)
def test_what_would_open_or_break_the_way_in_is_refused_with_a_reason(
    model: type[Section], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(values)
    assert reason in str(refusal.value)


@pytest.mark.requirement("FAC-NET-09", "FAC-EDG-01")
def test_a_load_balancer_is_public_unless_the_settings_say_otherwise() -> None:
    settings = LoadBalancerSettings()
    assert (settings.access, settings.internal) == (Access.PUBLIC, False)


@pytest.mark.requirement("LWO-N05", "LWO-EDG-06")
@pytest.mark.parametrize(
    ("values", "outside"),
    [
        (edge(), True),
        (edge(load_balancer=RESTRICTED), False),
        (edge(load_balancer={**RESTRICTED, "health_checkers": True}), True),
        (edge(load_balancer={"access": "internal"}), False),
        (edge(web_acl=None), True),
        (edge(web_acl={"countries": ["CA"]}), False),
        (edge(web_acl={"countries": ["CA", "US"]}), True),
        (edge(web_acl={"allowed_cidrs": ["203.0.113.0/24"]}), False),
    ],
)
def test_health_checkers_ask_only_where_group_and_firewall_let_them(values: dict[str, Any], outside: bool) -> None:
    assert EdgeSettings.model_validate(values).checked_from_outside is outside


@pytest.mark.requirement("LWO-N05")
def test_health_checkers_come_from_the_countries_the_firewall_lets_in() -> None:
    assert EdgeSettings.model_validate(edge()).health_checker_regions == ()
    chosen = EdgeSettings.model_validate(edge(web_acl={"countries": ["US"]})).health_checker_regions
    assert chosen == AMERICAN_HEALTH_CHECKERS


@pytest.mark.requirement("LWO-CMP-07")
def test_services_are_named_after_the_system_unless_told_otherwise() -> None:
    def namespace(**discovery: Any) -> str:
        compute = {"services": {"worker": {"image": "1.0.0", "port": None}}, "discovery": discovery}
        settings = load.load(smallest(compute=compute)).compute
        assert settings is not None
        assert settings.discovery is not None
        return settings.discovery.namespace

    assert namespace() == "clinic.internal"
    assert namespace(namespace="other.internal") == "other.internal"


def test_services_without_requests_need_no_load_balancer() -> None:
    workers: dict[str, Any] = {
        "services": {"worker": {"image": "1.0.0", "port": None}, "inner": {**SERVICE, "paths": []}}
    }
    assert load.load(smallest(compute=workers)).compute
    (only,) = problems(smallest(compute={"services": {"api": SERVICE}}))
    assert only.startswith("phi-platform:edge.load_balancer: expected a load balancer in front of the application")


SERVED = {"services": {"api": SERVICE}}
TRACED = {"services": {"worker": {"image": "1.0.0", "port": None, "tracing": True}}}
OFFLINE = {"nat": "none", "interface_endpoints": ["ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager"]}
ACROSS: list[tuple[dict[str, Any], str]] = [
    (
        {"edge": edge(), "compute": {**SERVED, "database_user": "clinic_app"}},
        "compute.database_user: expected nothing without a database that has iam_authentication: true",
    ),
    (
        {"edge": edge(domain={**DOMAIN, "certificate_arn": ABROAD}), "compute": SERVED},
        f"edge.domain.certificate_arn: expected a certificate in ca-central-1, found {ABROAD}",
    ),
    (
        {"edge": edge(domain={**DOMAIN, "cdn_certificate_arn": CERTIFICATE})},
        "edge.domain.cdn_certificate_arn: expected a certificate in us-east-1",
    ),
    (
        {"edge": edge(load_balancer={"access": "internal"}, vpn={**VPN, "server_certificate_arn": ABROAD})},
        "edge.vpn.server_certificate_arn: expected a certificate in ca-central-1",
    ),
    (
        {"edge": edge(load_balancer={"access": "internal"}, vpn={**VPN, "client_cidr": "10.0.0.0/16"})},
        "edge.vpn.client_cidr: expected a network apart from network.cidr 10.0.0.0/16",
    ),
    (
        {"edge": edge(), "compute": {"services": {"api": {**SERVICE, "hosts": ["b.example.org"]}}}},
        "compute.services.api.hosts[0]: expected one of app.example.org, found b.example.org",
    ),
    (
        {"edge": edge(load_balancer=RESTRICTED, health_check={})},
        "edge.health_check: expected nothing without a service behind the load balancer",
    ),
    (
        {"edge": edge(load_balancer=RESTRICTED, health_check={"target": "web"}), "compute": SERVED},
        "edge.health_check.target: expected one of api, found web",
    ),
    ({"network": OFFLINE, "compute": TRACED}, "network.interface_endpoints: expected xray"),
]


@pytest.mark.requirement("FAC-EDG-06", "ALL-07", "LWO-NET-12", "LWO-N05", "LWO-CMP-09")
@pytest.mark.parametrize(("sections", "reason"), ACROSS)
def test_what_does_not_fit_together_is_one_line(sections: dict[str, Any], reason: str) -> None:
    (only,) = problems(smallest(**sections))
    assert only.startswith(f"phi-platform:{reason}")


@pytest.mark.requirement("ALL-10")
def test_production_keeps_the_log_of_the_vpn_for_a_year() -> None:
    found = edge(load_balancer={"access": "internal"}, vpn={**VPN, "log_days": 180})
    (only,) = problems(smallest(environment="production", edge=found))
    assert only.startswith("phi-platform:edge.vpn.log_days: expected 365 days or more in production, found 180")
