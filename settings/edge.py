"""Settings of the edge: domain, load balancer, CDN, web application firewall."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import DomainName, LogRetentionDays, Section

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["CA"])]
"""ISO 3166-1 alpha-2 code of a country."""

PublicKeyPem = Annotated[
    str, Field(pattern=r"^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]+\n)+-----END PUBLIC KEY-----\n?$")
]
"""A public key in PEM: RSA of 2,048 bits or ECDSA P-256 (CloudFront Developer Guide: trusted signers)."""

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


class DomainSettings(Section):
    """The system's domain: certificates and DNS records (BER-EDG-07)."""

    name: DomainName
    """The domain of the application, at the load balancer."""
    cdn_name: DomainName | None = None
    """The domain of the CDN. Default: `cdn.<name>`."""
    zone_id: Annotated[str, Field(pattern=r"^Z[A-Z0-9]{8,31}$")] | None = None
    """Route 53 hosted zone of the domain; absent: a zone `name` is created and its name servers are an output."""

    @property
    def cdn(self) -> str:
        """The CDN's domain in force."""
        return self.cdn_name or f"cdn.{self.name}"

    @model_validator(mode="after")
    def _two_names(self) -> Self:
        if self.cdn_name == self.name:
            raise ValueError("cdn_name: expected a name other than the application's")
        if self.zone_id is None and not self.cdn.endswith(f".{self.name}"):
            raise ValueError(f"cdn_name: expected a name under {self.name}, the zone that is created; or give zone_id")
        return self


class LoadBalancerSettings(Section):
    """Application Load Balancer: HTTPS with TLS 1.2 or newer, HTTP redirected (BER-EDG-09)."""

    internal: bool = False
    """Whether only the VPC can reach it."""
    idle_timeout_seconds: Annotated[int, Field(ge=1, le=4000)] = 60
    """Seconds until a silent connection is closed."""


class WebAclSettings(Section):
    """Web application firewall of the load balancer and the CDN: AWS managed rules and a rate limit (BER-EDG-08)."""

    requests_per_five_minutes: Annotated[int, Field(ge=10, le=2_000_000_000)] = 2000
    """Requests one address may make in five minutes; more are refused."""
    countries: tuple[CountryCode, ...] = ()
    """Countries requests may come from; empty: any."""
    large_bodies: bool = True
    """Whether bodies over 8 KB pass, as uploads need; false: the managed rule `SizeRestrictions_BODY` refuses them."""
    log_days: LogRetentionDays = 365
    """Days the firewall's log is kept (ALL-10)."""


class CdnSettings(Section):
    """CloudFront in front of the buckets marked `served_by_cdn` (BER-EDG-01 to 06)."""

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
    cdn: CdnSettings | None = None
    """CloudFront distribution."""
    web_acl: WebAclSettings | None = WebAclSettings()
    """Firewall of whichever of load balancer and CDN exists; null: none."""

    @model_validator(mode="after")
    def _certificate(self) -> Self:
        if self.load_balancer is not None and self.domain is None:
            raise ValueError("domain: the load balancer's HTTPS listener needs a domain for its certificate")
        return self
