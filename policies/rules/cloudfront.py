"""Amazon CloudFront: TLS on both sides, private origins."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..graph import Resource
from ..rule import Severity, resource_rule

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
    for behaviour in [*resource.views("defaultCacheBehavior"), *resource.views("orderedCacheBehaviors")]:
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
