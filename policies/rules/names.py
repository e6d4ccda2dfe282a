"""Amazon Route 53 and AWS Certificate Manager: names lead where they should, certificates renew."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from ..config import Config
from ..expect import UNSET, none_of, one_of
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule
from .jurisdiction import not_allowed

ZONE = "aws:route53/zone:Zone"
RECORD = "aws:route53/record:Record"
CERTIFICATE = "aws:acm/certificate:Certificate"
GUIDE = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
ACM_GUIDE = "https://docs.aws.amazon.com/acm/latest/userguide/"
OWN_TARGETS = {
    ".elb.amazonaws.com": ("aws:lb/loadBalancer:LoadBalancer",),
    ".cloudfront.net": ("aws:cloudfront/distribution:Distribution",),
    ".s3-website": ("aws:s3/bucket:Bucket",),
}


def _public(zone: Resource) -> bool:
    return not zone.has("vpcs")


@linked_rule(
    "route53-query-logging",
    types=ZONE,
    title="Questions for public names are recorded",
    severity=LOW,
    remedy="Add a QueryLog of the zone, with a log group in us-east-1.",
    url=GUIDE + "query-logs.html",
)
def query_logging(zone: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if _public(zone) and not stack.users(zone, "aws:route53/queryLog:QueryLog", property="zoneId"):
        yield "no QueryLog."


@linked_rule(
    "route53-dnssec",
    types=ZONE,
    title="Public names are signed",
    severity=LOW,
    remedy="Add a KeySigningKey and HostedZoneDnsSec of the zone.",
    url=GUIDE + "dns-configuring-dnssec.html",
)
def dnssec(zone: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if _public(zone) and not stack.users(
        zone, "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec", property="hostedZoneId"
    ):
        yield "no HostedZoneDnsSec."


@linked_rule(
    "route53-no-dangling",
    types=RECORD,
    title="Names lead to what is of this stack",
    severity=MEDIUM,
    remedy="Refer to the load balancer or distribution of the stack; remove names of what is gone.",
    url="https://docs.aws.amazon.com/prescriptive-guidance/latest/patterns/detect-subdomain-takeovers.html",
)
def no_dangling(record: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for alias in record.views("aliases"):
        name = None if alias.unknown("name") else alias.text("name")
        if name is None or stack.targets(record, "aliases"):
            continue
        for suffix, types in OWN_TARGETS.items():
            if suffix in name:
                named = [
                    each
                    for each in stack.of(*types)
                    if any(
                        str(each.properties.get(key)) in name
                        for key in ("dnsName", "domainName", "bucket")
                        if each.properties.get(key)
                    )
                ]
                if not named:
                    yield f"{alias.where('name')}: its target is not of this stack."


@linked_rule(
    "route53-no-private-names-in-public-zone",
    types=RECORD,
    title="Public names tell no private address",
    severity=LOW,
    remedy="Put the record into a private zone.",
    url=GUIDE + "hosted-zones-private.html",
)
def no_private_names(record: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if any(not _public(zone) for zone in stack.targets(record, "zoneId", ZONE)):
        return
    if record.text("type") not in ("A", "AAAA"):
        return
    for text in record.texts("records"):
        try:
            private = ip_address(text).is_private
        except ValueError:
            continue
        if private:
            yield "records holds a private address, in a public zone."


@resource_rule(
    "route53-routing-in-jurisdiction",
    types=RECORD,
    title="Names lead to endpoints inside the jurisdiction",
    severity=HIGH,
    remedy="Route by latency or place between regions of the jurisdiction only.",
    url=GUIDE + "routing-policy.html",
)
def routing(resource: Resource, config: Config) -> Iterator[str]:
    regions = [(each, "region") for each in resource.views("latencyRoutingPolicies")]
    regions += [(each, "awsRegion") for each in resource.views("geoproximityRoutingPolicy")]
    for view, name in regions:
        region = view.text(name)
        if region is not None and region not in config.regions:
            yield f"{view.where(name)}: {not_allowed(region, config)}."
    for alias in resource.views("aliases"):
        parts = ("" if alias.unknown("name") else alias.text("name") or "").split(".")
        for region in parts[1:3]:
            if region.count("-") >= 2 and region.rsplit("-", 1)[-1].isdigit() and region not in config.regions:
                yield f"{alias.where('name')}: {not_allowed(region, config)}."


@resource_rule(
    "route53-domain-locked",
    types="aws:route53domains/registeredDomain:RegisteredDomain",
    title="Domains cannot be moved away, and their owners are private",
    severity=MEDIUM,
    remedy="Leave transferLock and the privacy of contacts at true.",
    url=GUIDE + "domain-lock.html",
)
def domain_locked(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("transferLock", "adminPrivacy", "registrantPrivacy", "techPrivacy", "billingPrivacy"):
        if resource.flag(name) is False:
            yield f"{name} must not be false."


# Certificates


@resource_rule(
    "acm-dns-validated",
    types=CERTIFICATE,
    title="Certificates renew themselves",
    severity=MEDIUM,
    remedy="Set validationMethod: DNS.",
    url=ACM_GUIDE + "dns-validation.html",
)
def dns_validated(resource: Resource, config: Config) -> Iterator[str]:
    if resource.has("certificateBody"):
        yield "certificateBody is given: an imported certificate does not renew."
    elif not resource.has("certificateAuthorityArn") and resource.text("validationMethod") != "DNS":
        yield "validationMethod must be DNS."


key_strength = requires(
    "acm-key-strength",
    CERTIFICATE,
    {
        "keyAlgorithm": one_of(
            "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1", or_none=True
        )
    },
    title="Keys of certificates are strong",
    severity=MEDIUM,
    url=ACM_GUIDE + "acm-certificate-characteristics.html",
)


@resource_rule(
    "acm-no-wildcard",
    types=CERTIFICATE,
    title="Certificates name their hosts",
    severity=LOW,
    remedy="Name each host in subjectAlternativeNames.",
    url=ACM_GUIDE + "acm-bestpractices.html",
)
def no_wildcard(resource: Resource, config: Config) -> Iterator[str]:
    names = [resource.text("domainName") or "", *resource.texts("subjectAlternativeNames")]
    if any(name.startswith("*.") for name in names):
        yield "domainName or subjectAlternativeNames holds a wildcard."


transparency = requires(
    "acm-transparency",
    CERTIFICATE,
    {"options.certificateTransparencyLoggingPreference": none_of("DISABLED")},
    title="Certificates are in the public logs",
    severity=LOW,
    url=ACM_GUIDE + "acm-concepts.html",
)
key_not_in_state = requires(
    "acm-key-not-in-state",
    CERTIFICATE,
    {"privateKey": UNSET, "options.export": none_of("ENABLED")},
    title="Private keys stay out of the state",
    severity=CRITICAL,
    remedy="Use privateKeyWo with privateKeyWoVersion, or let AWS issue the certificate.",
    url=ACM_GUIDE + "import-certificate.html",
)
