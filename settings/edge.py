"""Settings of the edge: domain, load balancer, VPN, health check, CDN, web application firewall."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import DomainName, LogRetentionDays, PrivateCidr, Section

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["CA"])]
"""ISO 3166-1 alpha-2 code of a country."""

PublicKeyPem = Annotated[
    str, Field(pattern=r"^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]+\n)+-----END PUBLIC KEY-----\n?$")
]
"""A public key in PEM: RSA of 2,048 bits or ECDSA P-256 (CloudFront Developer Guide: trusted signers)."""

UrlPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]{0,200}$", examples=["/callback"])]
"""Path of a web address."""

KeyLabel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$", examples=["2026"])]


class PriceClass(StrEnum):
    """Edge locations that serve: North America and Europe, most, or all."""

    NORTH_AMERICA_EUROPE = "PriceClass_100"
    MOST = "PriceClass_200"
    ALL = "PriceClass_All"


class ViewerAccess(StrEnum):
    """Who may fetch an object through the CDN."""

    SIGNED = "signed"
    OPEN = "open"


AMERICAN_HEALTH_CHECKERS = ("us-east-1", "us-west-1", "us-west-2")
"""Regions of the United States whose health checkers ask; Route 53 wants three or more (API: HealthCheckConfig)."""
WIDEST_SOURCE = 8  # prefix length; anything wider is nearer to the whole internet than to a known range
_MOST_SOURCES = 15  # two rules each, and 25 of the health checkers, within the 60 of a security group (VPC quotas)

CertificateArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+$",
        examples=["arn:aws:acm:ca-central-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"],
    ),
]
"""ARN of a certificate that AWS Certificate Manager holds already, issued or imported."""

ZoneId = Annotated[str, Field(pattern=r"^Z[A-Z0-9]{8,31}$")]
"""Id of a Route 53 hosted zone."""

PrefixListId = Annotated[str, Field(pattern=r"^pl-[0-9a-f]{8,17}$")]
"""Id of a managed prefix list of the home region."""


class Dns(StrEnum):
    """Who answers for the domain."""

    ROUTE53 = "route53"
    EXTERNAL = "external"


class DomainSettings(Section):
    """The system's domain: certificates and DNS records (BER-EDG-07, FAC-EDG-06, FAC-EDG-07, LWO-EDG-05)."""

    name: DomainName
    """The domain of the application, at the load balancer."""
    alternative_names: Annotated[tuple[DomainName, ...], Field(max_length=9)] = ()
    """More domains of the application: on the same certificate, with records of their own."""
    cdn_name: DomainName | None = None
    """The domain of the CDN. Default: `cdn.<name>`."""
    dns: Dns = Dns.ROUTE53
    """`route53`: records are made in a hosted zone; `external`: outputs say which records to make elsewhere, and `up`
    waits for the certificate until its own record is there (FAC-EDG-07)."""
    zone_id: ZoneId | None = None
    """Route 53 hosted zone of the domain; absent: a zone is created and its name servers are an output."""
    zone_name: DomainName | None = None
    """Name of the zone that is created, for an application at a host of it (LWO-EDG-05). Default: `name`."""
    records: bool = True
    """Whether the program makes the application's own records. False while another server answers for the domain in
    the same zone: `phi dns cutover` moves the domain, and `phi adopt` then hands the record over (FAC-OPS-16)."""
    certificate_arn: CertificateArn | None = None
    """Certificate of the load balancer that ACM holds already, in the home region: issued there, or imported, in which
    case its renewal is yours (FAC-EDG-06). Absent: one is issued, and renews itself. Keys never pass through here."""
    cdn_certificate_arn: CertificateArn | None = None
    """The same for the CDN, in us-east-1 (ALL-07)."""

    @property
    def cdn(self) -> str:
        """The CDN's domain in force."""
        return self.cdn_name or f"cdn.{self.name}"

    @property
    def zone(self) -> str:
        """Name of the zone that is created when none is given."""
        return self.zone_name or self.name

    @property
    def names(self) -> tuple[str, ...]:
        """Every domain of the application."""
        return (self.name, *self.alternative_names)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        problems = [*self._names_apart(), *self._names_in_zone()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _names_apart(self) -> Iterator[str]:
        if self.cdn in self.names:
            yield "cdn_name: expected a name other than the application's"
        if len(set(self.names)) < len(self.names):
            yield "alternative_names: expected every name once, and not name again"

    def _names_in_zone(self) -> Iterator[str]:
        if self.dns is Dns.EXTERNAL:
            for key, value in (("zone_id", self.zone_id), ("zone_name", self.zone_name)):
                if value is not None:
                    yield f"{key}: expected nothing with dns: external, which has no hosted zone"
            if not self.records:
                yield "records: expected nothing with dns: external, where the program makes none"
            return
        if self.zone_id is not None:
            if self.zone_name is not None:
                yield "zone_name: expected nothing beside zone_id, whose zone has its name"
            return
        named = {"name": self.name, "cdn_name": self.cdn}
        named |= {f"alternative_names[{position}]": name for position, name in enumerate(self.alternative_names)}
        for key, name in named.items():
            if name != self.zone and not name.endswith(f".{self.zone}"):
                yield f"{key}: expected a name under {self.zone}, the zone that is created; or give zone_id"


class Access(StrEnum):
    """Who reaches the load balancer."""

    PUBLIC = "public"
    RESTRICTED = "restricted"
    INTERNAL = "internal"


class LoadBalancerSettings(Section):
    """Application Load Balancer: HTTPS with TLS 1.2 or newer, HTTP redirected (BER-EDG-09, FAC-EDG-01 to 03)."""

    access: Access = Access.PUBLIC
    """`public`: everyone (FAC-NET-09); `restricted`: only `sources` and `source_prefix_lists` (LWO-NET-07);
    `internal`: no public address, reached from the VPN (`edge.vpn`) and `sources`, else from the VPC (LWO-EDG-01)."""
    sources: Annotated[tuple[IPv4Network, ...], Field(max_length=_MOST_SOURCES)] = ()
    """IPv4 ranges that are let in, each of /8 or narrower; never the whole internet (LWO-NET-07)."""
    source_prefix_lists: Annotated[tuple[PrefixListId, ...], Field(max_length=5)] = ()
    """Managed prefix lists whose ranges are let in; each counts with all its entries towards a group's 60 rules."""
    health_checkers: bool = False
    """Whether Route 53's health checkers are let in beside the `sources` of restricted access (LWO-N05)."""
    idle_timeout_seconds: Annotated[int, Field(ge=1, le=4000)] = 60
    """Seconds until a silent connection is closed."""

    @property
    def internal(self) -> bool:
        """Whether it has no public address."""
        return self.access is Access.INTERNAL

    @model_validator(mode="after")
    def _closed(self) -> Self:
        problems = [
            f"sources[{position}]: expected a range of /{WIDEST_SOURCE} or narrower, found {source}"
            for position, source in enumerate(self.sources)
            if source.prefixlen < WIDEST_SOURCE
        ]
        named = {"sources": self.sources, "source_prefix_lists": self.source_prefix_lists}
        if self.access is Access.PUBLIC:
            problems += [
                f"{key}: expected nothing with access: public, which lets everyone in"
                for key, value in named.items()
                if value
            ]
        if self.access is Access.RESTRICTED and not any(named.values()):
            problems.append("sources: expected one or more ranges with access: restricted, found none")
        if self.health_checkers and self.access is not Access.RESTRICTED:
            problems.append(
                "health_checkers: expected false unless access is restricted: they reach a public one anyway, "
                "and an internal one never"
            )
        if problems:
            raise ValueError("; ".join(problems))
        return self


class VpnSettings(Section):
    """AWS Client VPN: people's way to an internal load balancer (LWO-NET-12). It leads to nothing else."""

    client_cidr: PrivateCidr = IPv4Network("10.255.0.0/22")
    """Addresses of the clients, /22 to /12, apart from the VPC's; half of them are kept by AWS. It never changes."""
    server_certificate_arn: CertificateArn | None = None
    """Certificate the endpoint shows, RSA of 2,048 bits, in the home region. Absent: one is issued for
    `vpn.<domain>`."""
    saml_provider_arn: Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:saml-provider/[\w.-]{1,128}$")]
    """Identity provider of the account: people sign in as themselves, with its second factor."""
    saml_groups: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=255)], ...], Field(min_length=1, max_length=50)
    ]
    """Groups of the identity provider that may enter."""
    log_days: LogRetentionDays = 365
    """Days the log of connections is kept (ALL-10)."""

    @model_validator(mode="after")
    def _wide_enough(self) -> Self:
        if not 12 <= self.client_cidr.prefixlen <= 22:
            raise ValueError(f"client_cidr: expected a network of /12 to /22, found /{self.client_cidr.prefixlen}")
        return self


class HealthCheckSettings(Section):
    """Route 53 health check of the application (LWO-EDG-06).

    Health checkers ask `https://<domain><path>` where they are let in: access public, or restricted with
    `health_checkers`, and a firewall whose `countries` hold the United States and whose `allowed_cidrs` are empty.
    Elsewhere the check follows a CloudWatch alarm on the healthy targets (LWO-N05).
    """

    path: Annotated[str, Field(pattern=r"^/[!-~]{0,254}$")] = "/health"
    """Path the health checkers ask for; an answer of 200 to 399 is healthy."""
    target: str | None = None
    """Service (or fleet) whose healthy targets the alarm counts. Default: the first."""
    interval_seconds: Annotated[int, Field(ge=10, le=30)] = 30
    """Seconds between two questions of one health checker: 10 (costs more) or 30."""
    failures: Annotated[int, Field(ge=1, le=10)] = 3
    """Wrong answers in a row, or minutes without a healthy target, until it counts as down."""

    @model_validator(mode="after")
    def _offered(self) -> Self:
        if self.interval_seconds not in (10, 30):
            raise ValueError(f"interval_seconds: expected 10 or 30, found {self.interval_seconds}")
        return self


class FailoverSettings(Section):
    """Where the domain leads while the load balancer is down: failover routing of Route 53 (LWO-EDG-07)."""

    target: DomainName
    """DNS name of an AWS resource, such as a static site or another load balancer."""
    target_zone_id: ZoneId
    """Hosted zone of that resource: of its service and region (AWS General Reference), not of your domain."""
    evaluate_target_health: bool = False
    """Whether the second place must be healthy itself; never for CloudFront."""


class SignInSettings(Section):
    """Addresses that an identity provider outside AWS must know before it sends people back (FAC-EDG-09); it keeps the
    users and their roles (FAC-IAM-18)."""

    callback_paths: Annotated[tuple[UrlPath, ...], Field(min_length=1)] = ("/callback",)
    """Paths people return to after signing in."""
    logout_paths: Annotated[tuple[UrlPath, ...], Field(min_length=1)] = ("/",)
    """Paths people return to after signing out."""


class WebAclSettings(Section):
    """Web application firewall of the load balancer and the CDN: AWS managed rules, SQL injection among them, a rate
    limit, countries and addresses (BER-EDG-08, LWO-EDG-04)."""

    requests_per_five_minutes: Annotated[int, Field(ge=10, le=2_000_000_000)] = 2000
    """Requests one address may make in five minutes; more are refused."""
    countries: tuple[CountryCode, ...] = ()
    """Countries requests may come from; empty: any."""
    allowed_cidrs: tuple[IPv4Network, ...] = ()
    """IPv4 ranges requests may come from, /1 to /32; empty: any (LWO-EDG-04)."""
    denied_cidrs: tuple[IPv4Network, ...] = ()
    """IPv4 ranges whose requests are refused, /1 to /32 (LWO-EDG-04)."""
    large_bodies: bool = True
    """Whether bodies over 8 KB pass, as uploads need; false: the managed rule `SizeRestrictions_BODY` refuses them."""
    log_days: LogRetentionDays = 365
    """Days the firewall's log is kept (ALL-10)."""

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        named = {"allowed_cidrs": self.allowed_cidrs, "denied_cidrs": self.denied_cidrs}
        problems = [
            f"{key}[{position}]: expected a range of /1 to /32, which AWS WAF takes, found {cidr}"
            for key, cidrs in named.items()
            for position, cidr in enumerate(cidrs)
            if cidr.prefixlen == 0
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class CdnSettings(Section):
    """CloudFront in front of the buckets marked `served_by_cdn` (BER-EDG-01 to 06, MSP-EDG-01 to 06).

    One bucket answers at the root, several under `/<purpose>/` each, and one of them also for every other path.
    """

    countries: Annotated[tuple[CountryCode, ...], Field(min_length=1)]
    """Countries viewers may be in. Default: the jurisdiction's (recorded: CA, US)."""
    price_class: PriceClass = PriceClass.NORTH_AMERICA_EUROPE
    """Edge locations that serve (BER-N12)."""
    viewer_access: ViewerAccess = ViewerAccess.SIGNED
    """`signed`: a URL or cookie signed by one of `public_keys`; `open`: anyone who knows the address (BER-N10)."""
    public_keys: dict[KeyLabel, PublicKeyPem] = Field(default_factory=dict)
    """Label → public half of a signing key; the private half stays with the application. Two during a rotation."""
    phi_cache_seconds: Annotated[int, Field(ge=0, le=300)] = 0
    """Seconds edges may keep a copy of patient data, 0 to 300; edges may lie outside the jurisdiction (BER-N12)."""
    cached_buckets: tuple[str, ...] = ()
    """Purposes of buckets whose patient data edges may keep as long as CloudFront's managed policy `CachingOptimized`
    does, a day unless the object says otherwise; viewers still need a signature (MSP-EDG-04). Not in Canada, where
    few edges are. Data of other classes is always cached so."""
    default_bucket: str | None = None
    """Purpose of the bucket behind every path without a behaviour. Default: the first bucket the CDN serves."""

    @model_validator(mode="after")
    def _keys(self) -> Self:
        if self.viewer_access is ViewerAccess.SIGNED and not self.public_keys:
            raise ValueError(
                "public_keys: signed access needs one or more; or set viewer_access: open outside production"
            )
        if len(self.public_keys) > 5:
            raise ValueError(f"public_keys: a key group holds at most 5, found {len(self.public_keys)}")
        return self


class EdgeSettings(Section):
    """How requests reach the system; each part absent is not built."""

    domain: DomainSettings | None = None
    """Domain and certificates; the load balancer needs it, the CDN without it has CloudFront's own (BER-N11)."""
    load_balancer: LoadBalancerSettings | None = None
    """Application Load Balancer."""
    vpn: VpnSettings | None = None
    """Client VPN; absent: none. The load balancer must then be internal (LWO-NET-12)."""
    health_check: HealthCheckSettings | None = None
    """Route 53 health check of the application; absent: none."""
    failover: FailoverSettings | None = None
    """Second place of the domain; absent: none."""
    cdn: CdnSettings | None = None
    """CloudFront distribution."""
    web_acl: WebAclSettings | None = WebAclSettings()
    """Firewall of whichever of load balancer and CDN exists; null: none."""
    sign_in: SignInSettings | None = None
    """Addresses for an identity provider outside AWS, given as outputs; absent: none."""

    @property
    def checked_from_outside(self) -> bool:
        """Whether Route 53's health checkers reach the load balancer, and the firewall lets them (LWO-N05)."""
        balancer, acl = self.load_balancer, self.web_acl
        if balancer is None or not (balancer.access is Access.PUBLIC or balancer.health_checkers):
            return False
        return acl is None or (not acl.allowed_cidrs and (not acl.countries or "US" in acl.countries))

    @property
    def health_checker_regions(self) -> tuple[str, ...]:
        """Regions that check: those the firewall's countries allow; empty: all of Route 53's."""
        return AMERICAN_HEALTH_CHECKERS if self.web_acl is not None and self.web_acl.countries else ()

    @model_validator(mode="after")
    def _together(self) -> Self:
        problems = [*self._names(), *self._vpn()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _names(self) -> Iterator[str]:
        balancer = self.load_balancer
        if balancer is not None and self.domain is None:
            yield "domain: the load balancer's HTTPS listener needs a domain for its certificate"
        if self.sign_in is not None and balancer is None:
            yield "sign_in: expected nothing without a load_balancer, whose addresses they are"
        if self.health_check is not None and balancer is None:
            yield "health_check: expected a load_balancer to check"
        if self.failover is None:
            return
        if balancer is None:
            yield "failover: expected a load_balancer to fail over from"
        elif self.domain is not None and self.domain.dns is Dns.EXTERNAL:
            yield "failover: expected none with domain.dns: external, whose records are made elsewhere"
        elif self.domain is not None and not self.domain.records:
            yield "failover: expected none with domain.records: false; add it when the program makes them"

    def _vpn(self) -> Iterator[str]:
        if self.vpn is None:
            return
        if self.load_balancer is None:
            yield "vpn: expected a load_balancer it leads to"
        elif not self.load_balancer.internal:
            yield f"load_balancer.access: with vpn expected internal, found {self.load_balancer.access}"
