"""The way in from outside: domain, VPN, load balancer, CDN, each with its certificate and firewall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.cdn import Cdn, CdnArgs, CdnCertificate
from components.certificates import Certificate, CertificateArgs, Domain, DomainArgs
from components.client_vpn import ClientVpn, ClientVpnArgs
from components.keys import CDN_REGION
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.scope import Scope
from components.web_acl import Guarded, WebAcl, WebAclArgs
from layers.base import Base
from settings.base import Environment
from settings.edge import (
    CdnSettings,
    Dns,
    DomainSettings,
    EdgeSettings,
    LoadBalancerSettings,
    SignInSettings,
    VpnSettings,
)
from settings.keys import Purpose
from settings.stack import Settings


@dataclass(frozen=True)
class Entry:
    """The ways in as the other layers use them.   zone_id: of the Route 53 zone, where DNS is kept there."""

    zone_id: pulumi.Output[str] | None
    balancer: LoadBalancer | None
    cdn: Cdn | None
    outputs: dict[str, Any]


def build_entry(settings: Settings, base: Base) -> Entry:
    """The ways in that the stack file has: VPN and load balancer need a domain, the CDN has CloudFront's own else."""
    edge = settings.edge
    if edge is None:
        return Entry(zone_id=None, balancer=None, cdn=None, outputs={})
    outputs: dict[str, Any] = {}
    names = None if edge.domain is None else _Names.of(base.scope, edge.domain)
    balancer = None
    if names is not None:
        outputs["name_servers"] = names.name_servers
        if edge.vpn is not None:
            vpn = _vpn(edge.vpn, base, names)
            outputs |= {"vpn_endpoint_id": vpn.endpoint_id, "vpn_dns_name": vpn.dns_name}
        if edge.load_balancer is not None:
            balancer = _balancer(settings, edge, edge.load_balancer, base, names)
            outputs |= {
                "load_balancer_dns_name": balancer.dns_name,
                "application_url": f"https://{names.domain.name}",
            }
            if edge.sign_in is not None:
                outputs |= _sign_in_urls(settings.environment, edge.sign_in, names.domain.name, balancer.dns_name)
    cdn = None
    if edge.cdn is not None:
        cdn = _cdn(settings, edge, edge.cdn, base, names)
        outputs |= {
            "cloudfront_domain_name": cdn.domain_name,
            "cloudfront_distribution_id": cdn.distribution_id,
            "cloudfront_key_ids": cdn.key_ids,
        }
    if names is not None and names.domain.dns is Dns.EXTERNAL:
        outputs["dns_records"] = _records_elsewhere(names, balancer, cdn)
    return Entry(zone_id=None if names is None else names.zone_id, balancer=balancer, cdn=cdn, outputs=outputs)


@dataclass(frozen=True)
class _Names:
    """The domain, its zone, and the certificates made for its names."""

    scope: Scope
    domain: DomainSettings
    zone_id: pulumi.Output[str] | None
    name_servers: pulumi.Output[Sequence[str]] | None
    certificates: list[Certificate] = field(default_factory=list[Certificate])

    @classmethod
    def of(cls, scope: Scope, domain: DomainSettings) -> _Names:
        if domain.dns is Dns.EXTERNAL:
            return cls(scope, domain, None, None)
        made = Domain("domain", DomainArgs(scope=scope, settings=domain))
        return cls(scope, domain, made.zone_id, made.name_servers)

    def certificate_arn(
        self, given: str | None, resource: str, name: str, more: Sequence[str] = (), region: str | None = None
    ) -> pulumi.Input[str]:
        """The certificate that the stack file gives, or one of its own for the name and more."""
        if given is not None:
            return given
        certificate = Certificate(
            resource,
            CertificateArgs(
                scope=self.scope, domain_name=name, alternative_names=more, zone_id=self.zone_id, region=region
            ),
        )
        self.certificates.append(certificate)
        return certificate.arn


def _vpn(vpn: VpnSettings, base: Base, names: _Names) -> ClientVpn:
    assert base.groups.vpn_id is not None  # there with every VPN
    return ClientVpn(
        "vpn",
        ClientVpnArgs(
            scope=base.scope,
            settings=vpn,
            vpc_id=base.network.vpc_id,
            subnet_ids=base.network.application_subnet_ids,
            subnet_cidrs=base.network.application_cidrs,
            security_group_id=base.groups.vpn_id,
            server_certificate_arn=names.certificate_arn(
                vpn.server_certificate_arn, "vpn-certificate", f"vpn.{names.domain.name}"
            ),
            logs_kms_key_arn=base.keys.arns[Purpose.LOGS],
        ),
        base.ready,
    )


def _balancer(
    settings: Settings, edge: EdgeSettings, balancer: LoadBalancerSettings, base: Base, names: _Names
) -> LoadBalancer:
    domain, network = names.domain, base.network
    assert base.groups.load_balancer_id is not None  # there with every load balancer
    return LoadBalancer(
        "load-balancer",
        LoadBalancerArgs(
            scope=base.scope,
            settings=balancer,
            vpc_id=network.vpc_id,
            subnet_ids=network.application_subnet_ids if balancer.internal else network.public_subnet_ids,
            security_group_id=base.groups.load_balancer_id,
            certificate_arn=names.certificate_arn(
                domain.certificate_arn, "certificate", domain.name, domain.alternative_names
            ),
            logs_bucket_name=base.storage.logs_bucket_name,
            targets={} if settings.compute is None else settings.compute.targets,
            web_acl_arn=firewall_arn(edge, base, "firewall"),
        ),
        pulumi.ResourceOptions(depends_on=[network]),  # its VPC needs the internet gateway first
    )


def _cdn(settings: Settings, edge: EdgeSettings, cdn: CdnSettings, base: Base, names: _Names | None) -> Cdn:
    certificate = None
    if names is not None:
        domain = names.domain
        certificate = CdnCertificate(
            arn=names.certificate_arn(domain.cdn_certificate_arn, "cdn-certificate", domain.cdn, region=CDN_REGION),
            domain_name=domain.cdn,
            zone_id=names.zone_id,
        )
    buckets = base.storage.buckets
    return Cdn(
        "cdn",
        CdnArgs(
            scope=base.scope,
            settings=cdn,
            buckets={purpose: buckets[purpose] for purpose in settings.storage.cdn_purposes},
            logs_bucket_arn=pulumi.Output.concat("arn:aws:s3:::", base.storage.logs_bucket_name),
            certificate=certificate,
            web_acl_arn=firewall_arn(edge, base, "cdn-firewall", Guarded.CDN),
        ),
    )


def firewall_arn(
    edge: EdgeSettings, base: Base, name: str, guarded: Guarded = Guarded.LOAD_BALANCER, part: str | None = None
) -> pulumi.Output[str] | None:
    """A firewall as the stack file describes them, of its own for each thing it guards.   part: see `WebAclArgs`."""
    key = base.keys.edge_arn if guarded is Guarded.CDN else base.keys.arns[Purpose.LOGS]
    if edge.web_acl is None or key is None:
        return None
    args = WebAclArgs(scope=base.scope, settings=edge.web_acl, guarded=guarded, logs_kms_key_arn=key, part=part)
    return WebAcl(name, args).arn


def _records_elsewhere(
    names: _Names, balancer: LoadBalancer | None, cdn: Cdn | None
) -> list[pulumi.Input[Mapping[str, pulumi.Input[str]]]]:
    """DNS records to make where the domain is kept: CNAMEs, and the proofs of certificates (FAC-EDG-07, FAC-N04)."""
    records: list[pulumi.Input[Mapping[str, pulumi.Input[str]]]] = []
    if balancer is not None:
        records += [{"name": name, "type": "CNAME", "value": balancer.dns_name} for name in names.domain.names]
    if cdn is not None:
        records.append({"name": names.domain.cdn, "type": "CNAME", "value": cdn.domain_name})
    return [*records, *(proof for certificate in names.certificates for proof in certificate.proofs)]


def _sign_in_urls(
    environment: Environment, sign_in: SignInSettings, domain: str, load_balancer: pulumi.Input[str]
) -> dict[str, Any]:
    """Addresses an identity provider must know; the load balancer's own, which the certificate does not name, are for
    trying things outside production (FAC-EDG-09, FAC-N10)."""
    hosts: list[pulumi.Input[str]] = [domain]
    if environment is not Environment.PRODUCTION:
        hosts.append(load_balancer)
    origins = [pulumi.Output.concat("https://", host) for host in hosts]
    return {
        "sign_in_callback_urls": [pulumi.Output.concat(o, path) for o in origins for path in sign_in.callback_paths],
        "sign_in_logout_urls": [pulumi.Output.concat(o, path) for o in origins for path in sign_in.logout_paths],
        "sign_in_web_origins": origins,
    }
