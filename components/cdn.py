"""CloudFront distribution over private buckets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.bucket import BucketInfo
from components.bucket_policy import CDN_LOGS_REGION, distribution_reads
from components.scope import DataClass, Scope
from settings.edge import CdnSettings, ViewerAccess

if TYPE_CHECKING:
    from pulumi_aws import cloudfront

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"
"""Managed policies (CloudFront Developer Guide: managed cache policies, managed response headers policies)."""

_LOGGED_FIELDS = (
    "date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status",
    "cs(User-Agent)", "x-edge-result-type", "x-edge-request-id", "x-host-header", "cs-protocol", "cs-bytes",
    "time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher", "x-edge-response-result-type",
    "cs-protocol-version", "c-port", "time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type",
    "sc-content-len",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CdnCertificate:
    """Own domain of the distribution.

    arn: issued certificate in us-east-1 (ALL-07).   domain_name, zone_id: the address and its hosted zone, if any.
    """

    arn: pulumi.Input[str]
    domain_name: str
    zone_id: pulumi.Input[str] | None


@dataclass(frozen=True, kw_only=True)
class CdnArgs:
    """Inputs of `Cdn`.

    buckets: purpose → bucket served under `/<purpose>/`, without a policy of its own yet.
    logs_bucket_arn: bucket whose policy already admits CloudFront's deliveries.
    certificate: own domain; None: CloudFront's certificate, which allows TLS 1.0 and is warned about (BER-N11).
    web_acl_arn: firewall in us-east-1, or None.
    """

    scope: Scope
    settings: CdnSettings
    buckets: Mapping[str, BucketInfo]
    logs_bucket_arn: pulumi.Input[str]
    certificate: CdnCertificate | None = None
    web_acl_arn: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        if not self.buckets:
            raise ValueError("buckets: want one or more marked served_by_cdn, got none")
        if self.settings.default_bucket not in (None, *self.buckets):
            served = ", ".join(self.buckets)
            raise ValueError(f"settings.default_bucket: want one of {served}, got {self.settings.default_bucket}")


class Cdn(pulumi.ComponentResource):
    """A distribution that alone may read its buckets, for viewers of some countries with signed URLs.

    One bucket answers at the root: its object `a/b.mp4` is `https://<domain>/a/b.mp4` (MSP-EDG-06).
    Patient data is not kept at edges unless `phi_cache_seconds` or `cached_buckets` says so; other buckets are cached
    and compressed.
    Access logs use standard logging v2: the legacy kind writes with ACLs, which BucketOwnerEnforced buckets refuse.
    They carry no query string and no cookie, where signatures would be.
    Raises ValueError (from CdnArgs) before anything is registered.
    Source: BER-EDG-01 to 06, BER-N10 to N12, MSP-EDG-01 to 06; CloudFront Developer Guide; 45 CFR 164.312(a)(1), (b),
    (e)(1).
    """

    distribution_arn: pulumi.Output[str]
    distribution_id: pulumi.Output[str]
    domain_name: pulumi.Output[str]  # CloudFront's own
    key_ids: dict[str, pulumi.Output[str]]  # label of a public key → id that signed URLs carry

    def __init__(self, name: str, args: CdnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:cdn:Cdn", name, {}, opts)
        from pulumi_aws import cloudfront

        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        if args.certificate is None:
            pulumi.log.warn("no certificate: CloudFront's own allows viewers TLS 1.0; set edge.domain (BER-N11)", self)
        self.key_ids = {}
        self._trusted = self._key_groups()
        self._phi_cache = self._phi_cache_policy()
        physical = scope.name("cdn")
        default = settings.default_bucket or next(iter(args.buckets))
        distribution = cloudfront.Distribution(
            f"{name}-distribution",
            comment=physical,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            default_root_object="index.html",
            price_class=settings.price_class.value,
            aliases=[] if args.certificate is None else [args.certificate.domain_name],
            origins=[self._origin(purpose, bucket) for purpose, bucket in args.buckets.items()],
            default_cache_behavior=self._behavior(default, args.buckets[default]),
            ordered_cache_behaviors=[
                {"path_pattern": f"/{purpose}/*", **self._behavior(purpose, bucket)}
                for purpose, bucket in args.buckets.items()
                if len(args.buckets) > 1
            ],
            restrictions={
                "geo_restriction": {"restriction_type": "whitelist", "locations": sorted(settings.countries)},
            },
            viewer_certificate=_viewer_certificate(args.certificate),
            web_acl_id=args.web_acl_arn,
            tags=scope.tagged(DataClass.PHI, physical, Exposure="public"),
            opts=self._child,
        )
        self.distribution_arn = distribution.arn
        self.distribution_id = distribution.id
        self.domain_name = distribution.domain_name
        self._policies()
        self._logs()
        if args.certificate is not None and args.certificate.zone_id is not None:
            self._addresses(args.certificate.domain_name, args.certificate.zone_id, distribution.hosted_zone_id)
        self.register_outputs({"distribution_id": self.distribution_id, "domain_name": self.domain_name})

    def _key_groups(self) -> list[pulumi.Output[str]]:
        from pulumi_aws import cloudfront

        scope, settings = self._args.scope, self._args.settings
        if settings.viewer_access is ViewerAccess.OPEN:
            return []
        for label, pem in settings.public_keys.items():
            key = cloudfront.PublicKey(
                f"{self._name}-key-{label}",
                name=scope.name(f"cdn-{label}"),
                encoded_key=pem.rstrip("\n") + "\n",
                comment="Verifies signed URLs",
                opts=self._child,
            )
            self.key_ids[label] = key.id
        group = cloudfront.KeyGroup(
            f"{self._name}-signers",
            name=scope.name("cdn-signers"),
            items=[*self.key_ids.values()],
            comment="Keys whose signatures admit viewers",
            opts=self._child,
        )
        return [group.id]

    def _phi_cache_policy(self) -> pulumi.Input[str]:
        from pulumi_aws import cloudfront

        seconds = self._args.settings.phi_cache_seconds
        if seconds == 0:
            return CACHING_DISABLED
        policy = cloudfront.CachePolicy(
            f"{self._name}-phi-cache",
            name=self._args.scope.name("cdn-phi"),
            comment=f"Patient data stays at edges for at most {seconds} s",
            min_ttl=0,
            default_ttl=seconds,
            max_ttl=seconds,
            parameters_in_cache_key_and_forwarded_to_origin={
                "cookies_config": {"cookie_behavior": "none"},
                "headers_config": {"header_behavior": "none"},
                "query_strings_config": {"query_string_behavior": "none"},
                "enable_accept_encoding_brotli": True,
                "enable_accept_encoding_gzip": True,
            },
            opts=self._child,
        )
        return policy.id

    def _origin(self, purpose: str, bucket: BucketInfo) -> cloudfront.DistributionOriginArgsDict:
        from pulumi_aws import cloudfront

        access = cloudfront.OriginAccessControl(
            f"{self._name}-{purpose}-access",
            name=self._args.scope.name(f"cdn-{purpose}", limit=64),
            description=f"Signs requests to {bucket.name}",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._child,
        )
        return {
            "origin_id": purpose,
            "domain_name": bucket.regional_domain_name,
            "origin_access_control_id": access.id,
        }

    def _behavior(self, purpose: str, bucket: BucketInfo) -> cloudfront.DistributionDefaultCacheBehaviorArgsDict:
        kept = bucket.data_class is not DataClass.PHI or purpose in self._args.settings.cached_buckets
        return {
            "target_origin_id": purpose,
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": ["GET", "HEAD", "OPTIONS"],
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "cache_policy_id": CACHING_OPTIMIZED if kept else self._phi_cache,
            "response_headers_policy_id": SECURITY_HEADERS,
            "trusted_key_groups": self._trusted,
        }

    def _policies(self) -> None:
        """Only this distribution reads the buckets; roles of the account keep what IAM gives them (BER-EDG-05)."""
        from pulumi_aws import s3

        account = self._args.scope.account_id
        for purpose, bucket in self._args.buckets.items():
            reads = distribution_reads(bucket.arn, self.distribution_arn, account)
            s3.BucketPolicy(
                f"{self._name}-{purpose}-policy",
                bucket=bucket.id,
                policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [*bucket.refusals, *reads]}),
                opts=self._child,
            )

    def _logs(self) -> None:
        from pulumi_aws import cloudwatch

        scope = self._args.scope
        physical = scope.name("cdn-access", limit=60)  # the API's limit for names of sources and destinations
        tags = scope.tagged(DataClass.INTERNAL, physical)
        source = cloudwatch.LogDeliverySource(
            f"{self._name}-logs-source",
            name=physical,
            log_type="ACCESS_LOGS",
            resource_arn=self.distribution_arn,
            region=CDN_LOGS_REGION,
            tags=tags,
            opts=self._child,
        )
        destination = cloudwatch.LogDeliveryDestination(
            f"{self._name}-logs-destination",
            name=physical,
            output_format="json",
            delivery_destination_configuration={"destination_resource_arn": self._args.logs_bucket_arn},
            region=CDN_LOGS_REGION,
            tags=tags,
            opts=self._child,
        )
        cloudwatch.LogDelivery(
            f"{self._name}-logs",
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            record_fields=list(_LOGGED_FIELDS),
            region=CDN_LOGS_REGION,
            tags=tags,
            opts=self._child,
        )

    def _addresses(self, domain_name: str, zone_id: pulumi.Input[str], target_zone_id: pulumi.Input[str]) -> None:
        from pulumi_aws import route53

        for kind in ("A", "AAAA"):
            route53.Record(
                f"{self._name}-address-{kind.lower()}",
                zone_id=zone_id,
                name=domain_name,
                type=kind,
                aliases=[{"name": self.domain_name, "zone_id": target_zone_id, "evaluate_target_health": False}],
                opts=self._child,
            )


def _viewer_certificate(certificate: CdnCertificate | None) -> cloudfront.DistributionViewerCertificateArgsDict:
    if certificate is None:
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": certificate.arn,
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }
