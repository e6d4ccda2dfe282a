"""Elastic Load Balancing: HTTPS with current TLS, requests logged, malformed headers dropped."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..graph import Resource
from ..rule import Severity, resource_rule

LISTENERS = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
BALANCERS = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
GUIDE = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
TLS_POLICIES = ("ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-", "ELBSecurityPolicy-TLS-1-2-",
                "ELBSecurityPolicy-FS-1-2-")  # fmt: skip


@resource_rule(
    "lb-https-only",
    types=LISTENERS,
    title="Listeners speak HTTPS",
    severity=Severity.HIGH,
    remedy="Use protocol HTTPS, or redirect to it as the default action.",
    url=GUIDE + "create-https-listener.html",
)
def https_only(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("protocol") != "HTTP":
        return
    actions = resource.views("defaultActions")
    redirects = [a for a in actions if a.text("type") == "redirect" and a.text("redirect.protocol") == "HTTPS"]
    if not actions or len(redirects) != len(actions):
        yield "protocol HTTP does anything but redirect to HTTPS."


@resource_rule(
    "lb-tls-policy",
    types=LISTENERS,
    title="Listeners accept TLS 1.2 and newer",
    severity=Severity.HIGH,
    remedy="Set sslPolicy to ELBSecurityPolicy-TLS13-1-2-2021-06 or newer.",
    url=GUIDE + "describe-ssl-policies.html",
)
def tls_policy(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("protocol") in ("HTTPS", "TLS"):
        policy = resource.text("sslPolicy") or ""
        if not policy.startswith(TLS_POLICIES) or "-Ext" in policy:
            yield f"sslPolicy: expected a policy of TLS 1.2 or newer without old ciphers, found {policy or 'none'}."


@resource_rule(
    "lb-acm-certificate",
    types=LISTENERS,
    title="Listeners have a certificate that renews itself",
    severity=Severity.MEDIUM,
    remedy="Set certificateArn to a certificate of AWS Certificate Manager.",
    url=GUIDE + "https-listener-certificates.html",
)
def acm_certificate(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("protocol") in ("HTTPS", "TLS"):
        if not resource.has("certificateArn"):
            yield "certificateArn is not set."
        elif ":acm:" not in (resource.text("certificateArn") or ""):
            yield "certificateArn is not a certificate of AWS Certificate Manager."


@resource_rule(
    "lb-access-logs",
    types=BALANCERS,
    title="Load balancers log requests",
    severity=Severity.MEDIUM,
    remedy="Set accessLogs with enabled: true and a bucket.",
    url=GUIDE + "load-balancer-access-logs.html",
)
def access_logs(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("loadBalancerType") == "gateway":
        return
    if resource.flag("accessLogs.enabled") is not True or not resource.has("accessLogs.bucket"):
        yield "accessLogs needs enabled: true and a bucket."


@resource_rule(
    "lb-drop-invalid-headers",
    types=BALANCERS,
    title="Load balancers drop malformed headers",
    severity=Severity.MEDIUM,
    remedy="Set dropInvalidHeaderFields: true.",
    url=GUIDE + "edit-load-balancer-attributes.html",
)
def drop_invalid_headers(resource: Resource, config: Config) -> Iterator[str]:
    if (
        resource.text("loadBalancerType") in (None, "application")
        and resource.flag("dropInvalidHeaderFields") is not True
    ):
        yield "dropInvalidHeaderFields must be true."
