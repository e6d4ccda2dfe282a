"""Amazon CloudFront: TLS on both sides, private origins."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import in_production, patient_data
from ..config import Config
from ..expect import SET, UNSET, one_of
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, Severity, linked_rule, requires, resource_rule
from ..values import UNKNOWN, View
from .jurisdiction import not_allowed, region_of_arn
from .stores import BUCKET

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
GUIDE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
TLS = ("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")


@resource_rule(
    "cloudfront-https-viewer",
    types=(DISTRIBUTION,),
    title="Viewers use HTTPS",
    severity=Severity.HIGH,
    remedy="Set viewerProtocolPolicy to redirect-to-https or https-only.",
    url=GUIDE + "using-https-viewers-to-cloudfront.html",
)
def https_viewer(resource: Resource, config: Config) -> Iterator[str]:
    for behaviour in behaviours(resource):
        if behaviour.text("viewerProtocolPolicy") not in ("redirect-to-https", "https-only"):
            yield f"{behaviour.where('viewerProtocolPolicy')} must be redirect-to-https or https-only."


@resource_rule(
    "cloudfront-tls-12",
    types=(DISTRIBUTION,),
    title="Viewers use TLS 1.2 or newer",
    severity=Severity.HIGH,
    remedy="Use a certificate of your own (us-east-1) with minimumProtocolVersion TLSv1.2_2021.",
    url=GUIDE + "secure-connections-supported-viewer-protocols-ciphers.html",
)
def tls_12(resource: Resource, config: Config) -> Iterator[str]:
    certificate = resource.view("viewerCertificate")
    if certificate.flag("cloudfrontDefaultCertificate"):
        yield "viewerCertificate.cloudfrontDefaultCertificate accepts TLS 1.0."
    elif certificate.text("minimumProtocolVersion") not in TLS:
        yield f"viewerCertificate.minimumProtocolVersion: expected one of {', '.join(TLS)}."


@resource_rule(
    "cloudfront-origin-tls",
    types=(DISTRIBUTION,),
    title="CloudFront reaches its origins by TLS 1.2",
    severity=Severity.HIGH,
    remedy="Set originProtocolPolicy https-only and originSslProtocols [TLSv1.2].",
    url=GUIDE + "using-https-cloudfront-to-custom-origin.html",
)
def origin_tls(resource: Resource, config: Config) -> Iterator[str]:
    for origin in resource.views("origins"):
        if not origin.has("customOriginConfig"):
            continue
        custom = origin.view("customOriginConfig")
        if custom.text("originProtocolPolicy") != "https-only":
            yield f"{custom.where('originProtocolPolicy')} must be https-only."
        old = sorted(set(custom.texts("originSslProtocols")) - {"TLSv1.2"})
        if old:
            yield f"{custom.where('originSslProtocols')}: {', '.join(old)} is outdated."


@resource_rule(
    "cloudfront-oac",
    types=(DISTRIBUTION,),
    title="Buckets behind CloudFront are reached by origin access control",
    severity=Severity.HIGH,
    remedy="Set originAccessControlId on the S3 origin.",
    url=GUIDE + "private-content-restricting-access-to-s3.html",
)
def oac(resource: Resource, config: Config) -> Iterator[str]:
    for origin in resource.views("origins"):
        is_bucket = not origin.has("customOriginConfig") and not origin.has("vpcOriginConfig")
        if is_bucket and not origin.has("originAccessControlId"):
            yield f"{origin.where('originAccessControlId')} is not set."


@resource_rule(
    "cloudfront-waf",
    types=(DISTRIBUTION,),
    title="A web ACL stands before CloudFront",
    severity=Severity.MEDIUM,
    remedy="Set webAclId to a web ACL of scope CLOUDFRONT.",
    url="https://docs.aws.amazon.com/waf/latest/developerguide/cloudfront-features.html",
)
def waf(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("webAclId"):
        yield "webAclId is not set."


def behaviours(resource: Resource) -> list[View]:
    """Every cache behaviour of a distribution."""
    return [*resource.views("defaultCacheBehavior"), *resource.views("orderedCacheBehaviors")]


@linked_rule(
    "cloudfront-origin-owned",
    types=DISTRIBUTION,
    title="Origins are of this stack: nobody else can take their name",
    severity=MEDIUM,
    remedy="Refer to the bucket or load balancer of the stack; remove origins that are gone.",
    url=GUIDE + "DownloadDistS3AndCustomOrigins.html",
)
def origin_owned(distribution: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    names = [bucket.properties.get("bucket") for bucket in stack.of(BUCKET)]
    for origin in distribution.views("origins"):
        host = None if origin.unknown("domainName") else origin.text("domainName")
        of_bucket = host is not None and ".s3" in host and host.endswith("amazonaws.com")
        if of_bucket and UNKNOWN not in names and str(host).split(".s3")[0] not in names:
            yield f"{origin.where('domainName')}: the bucket is not of this stack."


@linked_rule(
    "cloudfront-access-logs",
    types=DISTRIBUTION,
    title="CloudFront logs requests",
    severity=MEDIUM,
    remedy="Set loggingConfig, or add a LogDeliverySource of the distribution.",
    url=GUIDE + "AccessLogs.html",
)
def access_logs(distribution: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    sources = stack.users(distribution, "aws:cloudwatch/logDeliverySource:LogDeliverySource", property="resourceArn")
    if not distribution.has("loggingConfig") and not sources:
        yield "neither loggingConfig nor a LogDeliverySource."


CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
"""Managed cache policy that caches nothing (CloudFront developer guide, Use managed cache policies)."""


@linked_rule(
    "cloudfront-no-phi-cache",
    types=DISTRIBUTION,
    title="Patient data is not kept at edges without a signature",
    severity=HIGH,
    remedy="Use the managed policy CachingDisabled, or trustedKeyGroups so that each viewer needs a signed URL.",
    url=GUIDE + "using-managed-cache-policies.html",
)
def no_phi_cache(distribution: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not patient_data(distribution, config):
        return
    for each in behaviours(distribution):
        signed = each.has("trustedKeyGroups") or each.has("trustedSigners")
        if signed or each.unknown("cachePolicyId"):
            continue
        policy = each.text("cachePolicyId")
        policies = stack.named(policy, "aws:cloudfront/cachePolicy:CachePolicy") if policy else []
        off = policy == CACHING_DISABLED or any(one.number("maxTtl") == 0 for one in policies)
        plain = policy is None and each.number("maxTtl") == 0
        if not off and not plain:
            yield f"{each.where('cachePolicyId')}: patient data would be cached for every viewer."


no_edge_code = requires(
    "cloudfront-no-edge-code-on-phi",
    DISTRIBUTION,
    {"lambdaFunctionAssociations": UNSET},
    each="orderedCacheBehaviors",
    when=patient_data,
    title="Patient data is not handled by code at edges, in every country",
    severity=MEDIUM,
    url=GUIDE + "lambda-at-the-edge.html",
)
price_class = requires(
    "cloudfront-price-class",
    DISTRIBUTION,
    {"priceClass": one_of("PriceClass_100")},
    title="CloudFront serves from the edges that are needed",
    severity=LOW,
    url=GUIDE + "PriceClass.html",
)


@linked_rule(
    "cloudfront-security-headers",
    types=DISTRIBUTION,
    title="Browsers are told to stay with HTTPS",
    severity=LOW,
    remedy="Set responseHeadersPolicyId to a policy with strictTransportSecurity.",
    url=GUIDE + "understanding-response-headers-policies.html",
)
def security_headers(distribution: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for each in behaviours(distribution):
        if not each.has("responseHeadersPolicyId"):
            yield f"{each.where('responseHeadersPolicyId')} is not set."
    for policy in stack.of("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"):
        if not policy.has("securityHeadersConfig.strictTransportSecurity"):
            yield Finding(policy, "securityHeadersConfig.strictTransportSecurity is not set.")


_PRIVATE_FIELDS = {"cs-cookie", "cs-uri-query", "cs-headers", "cs-header-names"}


@linked_rule(
    "cloudfront-realtime-logs-in-jurisdiction",
    types="aws:cloudfront/realtimeLogConfig:RealtimeLogConfig",
    title="Live logs of requests stay in the jurisdiction and hold no credentials",
    severity=HIGH,
    remedy="Send them to a stream in a region of the jurisdiction, without cookies, query strings and headers.",
    url=GUIDE + "real-time-logs.html",
)
def realtime_logs(log: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    private = sorted(set(log.texts("fields")) & _PRIVATE_FIELDS)
    if private:
        yield f"fields: {', '.join(private)} may hold credentials or patient data."
    path = "endpoint.kinesisStreamConfig.streamArn"
    region = region_of_arn("" if log.unknown(path) else log.text(path) or "")
    placed = {each.region() for each in stack.targets(log, "endpoint", "aws:kinesis/stream:Stream")}
    for each in sorted(one for one in {region or None, *placed} if one is not None):
        if each not in config.regions:
            yield f"{path}: {not_allowed(each, config)}."


default_root = requires(
    "cloudfront-default-root",
    DISTRIBUTION,
    {"defaultRootObject": SET},
    title="The root of a distribution shows no list",
    severity=LOW,
    url=GUIDE + "DefaultRootObject.html",
)
origin_failover = requires(
    "cloudfront-origin-failover",
    DISTRIBUTION,
    {"originGroups": SET},
    when=in_production,
    title="Sites in production have a second origin",
    severity=LOW,
    url=GUIDE + "high_availability_origin_failover.html",
)


@resource_rule(
    "cloudfront-field-level-encryption",
    types=DISTRIBUTION,
    title="Forms of patient data are encrypted at the edge",
    severity=LOW,
    remedy="Set fieldLevelEncryptionId on behaviours that take POST.",
    url=GUIDE + "field-level-encryption.html",
)
def field_encryption(resource: Resource, config: Config) -> Iterator[str]:
    if patient_data(resource, config):
        for each in behaviours(resource):
            if "POST" in each.texts("allowedMethods") and not each.has("fieldLevelEncryptionId"):
                yield f"{each.where('fieldLevelEncryptionId')} is not set."
