"""Elastic Load Balancing: HTTPS with current TLS, requests logged, malformed headers dropped."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import computed_from, in_production, patient_data
from ..config import Config
from ..expect import NOT_FALSE, NOT_TRUE, SET, TRUE, none_of
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, Severity, linked_rule, requires, resource_rule

LISTENER = "aws:lb/listener:Listener"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
CERTIFICATES = ("aws:acm/certificate:Certificate", "aws:acm/certificateValidation:CertificateValidation")
GUIDE = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
TLS_POLICIES = ("ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-", "ELBSecurityPolicy-TLS-1-2-",
                "ELBSecurityPolicy-FS-1-2-")  # fmt: skip


def _public_application(resource: Resource, config: Config) -> bool:
    return resource.text("loadBalancerType") in (None, "application") and resource.flag("internal") is not True


@resource_rule(
    "lb-https-only",
    types=LISTENER,
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
    types=LISTENER,
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
    types=LISTENER,
    title="Listeners have a certificate that renews itself",
    severity=Severity.MEDIUM,
    remedy="Set certificateArn to a certificate of AWS Certificate Manager.",
    url=GUIDE + "https-listener-certificates.html",
    settled=computed_from("certificateArn", *CERTIFICATES),
)
def acm_certificate(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("protocol") in ("HTTPS", "TLS"):
        if not resource.has("certificateArn"):
            yield "certificateArn is not set."
        elif ":acm:" not in (resource.text("certificateArn") or ""):
            yield "certificateArn is not a certificate of AWS Certificate Manager."


@resource_rule(
    "lb-access-logs",
    types=BALANCER,
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
    types=BALANCER,
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


connection_logs = requires(
    "lb-connection-logs",
    BALANCER,
    {"connectionLogs.enabled": TRUE},
    when=_public_application,
    title="Public load balancers log connections, failed handshakes included",
    severity=LOW,
    url=GUIDE + "load-balancer-connection-logs.html",
)
deletion_protection = requires(
    "lb-deletion-protection",
    BALANCER,
    {"enableDeletionProtection": TRUE},
    when=in_production,
    title="Load balancers in production are protected against deletion",
    severity=MEDIUM,
    url=GUIDE + "application-load-balancers.html#deletion-protection",
)


@linked_rule(
    "lb-waf-attached",
    types=BALANCER,
    title="A web ACL stands before public load balancers",
    severity=HIGH,
    remedy="Add a WebAclAssociation of the load balancer.",
    url="https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html",
)
def waf_attached(balancer: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if _public_application(balancer, config) and not stack.users(
        balancer, "aws:wafv2/webAclAssociation:WebAclAssociation", property="resourceArn"
    ):
        yield "no WebAclAssociation names it."


waf_fail_closed = requires(
    "lb-waf-fail-closed",
    BALANCER,
    {"enableWafFailOpen": NOT_TRUE},
    title="Requests the web ACL could not judge are refused",
    severity=MEDIUM,
    url=GUIDE + "edit-load-balancer-attributes.html",
)
desync_mode = requires(
    "lb-desync-mode",
    BALANCER,
    {"desyncMitigationMode": none_of("monitor")},
    title="Load balancers refuse ambiguous requests",
    severity=LOW,
    url=GUIDE + "edit-load-balancer-attributes.html#desync-mitigation-mode",
)


@resource_rule(
    "lb-multi-az",
    types=BALANCER,
    title="Load balancers span two zones",
    severity=MEDIUM,
    remedy="Name subnets of two availability zones or more.",
    url=GUIDE + "application-load-balancers.html",
)
def multi_az(resource: Resource, config: Config) -> Iterator[str]:
    counts = [
        len(found) if isinstance(found := resource.get(name), list) else 0 for name in ("subnets", "subnetMappings")
    ]
    if max(counts) < 2:
        yield "subnets: expected two or more."


cross_zone = requires(
    "lb-nlb-cross-zone",
    BALANCER,
    {"enableCrossZoneLoadBalancing": TRUE},
    when=lambda resource, _: resource.text("loadBalancerType") in ("network", "gateway"),
    title="Network load balancers use the targets of every zone",
    severity=LOW,
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-load-balancer-attributes.html",
)
target_tls = requires(
    "lb-target-tls",
    TARGETS,
    {"protocol": none_of("HTTP", "TCP")},
    when=patient_data,
    title="Patient data is encrypted from the load balancer to the workload",
    severity=MEDIUM,
    url=GUIDE + "load-balancer-target-groups.html",
)
target_health = requires(
    "lb-target-health-check",
    TARGETS,
    {"healthCheck": SET, "healthCheck.enabled": NOT_FALSE},
    when=lambda resource, _: resource.text("targetType") != "lambda",
    title="Load balancers ask their targets how they are",
    severity=LOW,
    url=GUIDE + "target-group-health-checks.html",
)


@resource_rule(
    "lb-partner-mtls",
    types=LISTENER,
    title="Partners and devices show a certificate",
    severity=MEDIUM,
    remedy="Set mutualAuthentication.mode: verify with a trust store.",
    url=GUIDE + "mutual-authentication.html",
)
def partner_mtls(resource: Resource, config: Config) -> Iterator[str]:
    audience = {str(value).lower() for key, value in resource.tags().items() if key.lower() in ("audience", "clients")}
    if (
        audience & {"partner", "partners", "device", "devices"}
        and resource.text("mutualAuthentication.mode") != "verify"
    ):
        yield "mutualAuthentication.mode must be verify."


@resource_rule(
    "tls-post-quantum-ready",
    types=LISTENER,
    title="TLS of listeners resists being recorded now and read later",
    severity=LOW,
    remedy="Use a security policy whose name has PQ, as ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09.",
    url=GUIDE + "describe-ssl-policies.html",
)
def post_quantum(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("protocol") in ("HTTPS", "TLS") and "-PQ-" not in (resource.text("sslPolicy") or ""):
        yield "sslPolicy has no hybrid post-quantum key exchange."


@resource_rule(
    "classic-lb-forbidden",
    types="aws:elb/loadBalancer:LoadBalancer",
    title="Classic load balancers are not used",
    severity=HIGH,
    remedy="Use an application or network load balancer.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/migrate-classic-load-balancer.html",
)
def classic_forbidden(resource: Resource, config: Config) -> Iterator[str]:
    yield "a classic load balancer has neither web ACL nor current TLS policies."
