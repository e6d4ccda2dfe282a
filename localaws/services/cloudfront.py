"""CloudFront: distributions, origin access, signing keys, cache policies."""

from __future__ import annotations

from typing import Any, ClassVar

from localaws.emulated import Emulated
from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import from_tags, to_tags

HOSTED_ZONE = "Z2FDTNDATAQYW2"  # of every distribution (Route 53 API reference: AliasTarget)


def _list(items: list[Any] | None) -> Props:
    values = list(items or [])
    return {"Quantity": len(values), "Items": values} if values else {"Quantity": 0}


def _behavior(behavior: Props) -> Props:
    methods = _list(behavior.get("allowedMethods"))
    methods["CachedMethods"] = _list(behavior.get("cachedMethods"))
    wire: Props = {
        "TargetOriginId": behavior["targetOriginId"],
        "ViewerProtocolPolicy": behavior["viewerProtocolPolicy"],
        "AllowedMethods": methods,
        "Compress": bool(behavior.get("compress")),
        "TrustedKeyGroups": {
            "Enabled": bool(behavior.get("trustedKeyGroups")),
            **_list(behavior.get("trustedKeyGroups")),
        },
        "SmoothStreaming": False,
    }
    for name, key in (
        ("cachePolicyId", "CachePolicyId"),
        ("responseHeadersPolicyId", "ResponseHeadersPolicyId"),
        ("originRequestPolicyId", "OriginRequestPolicyId"),
        ("pathPattern", "PathPattern"),
    ):
        if behavior.get(name):
            wire[key] = behavior[name]
    return wire


def _configuration(inputs: Props, reference: str) -> Props:
    """The distribution as the API wants it."""
    certificate = inputs.get("viewerCertificate") or {}
    viewer: Props = {"CloudFrontDefaultCertificate": bool(certificate.get("cloudfrontDefaultCertificate"))}
    if certificate.get("acmCertificateArn"):
        viewer = {
            "ACMCertificateArn": certificate["acmCertificateArn"],
            "SSLSupportMethod": certificate.get("sslSupportMethod") or "sni-only",
            "MinimumProtocolVersion": certificate.get("minimumProtocolVersion") or "TLSv1.2_2021",
        }
    geo = inputs["restrictions"]["geoRestriction"]
    origins = [
        {
            "Id": origin["originId"],
            "DomainName": origin["domainName"],
            "OriginAccessControlId": origin.get("originAccessControlId") or "",
            "OriginPath": origin.get("originPath") or "",
            "CustomHeaders": {"Quantity": 0},
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        for origin in inputs["origins"]
    ]
    return {
        "CallerReference": reference,
        "Comment": inputs.get("comment") or "",
        "Enabled": bool(inputs["enabled"]),
        "IsIPV6Enabled": bool(inputs.get("isIpv6Enabled")),
        "HttpVersion": inputs.get("httpVersion") or "http2",
        "DefaultRootObject": inputs.get("defaultRootObject") or "",
        "PriceClass": inputs.get("priceClass") or "PriceClass_All",
        "Aliases": _list(inputs.get("aliases")),
        "Origins": _list(origins),
        "DefaultCacheBehavior": _behavior(inputs["defaultCacheBehavior"]),
        "CacheBehaviors": _list([_behavior(item) for item in inputs.get("orderedCacheBehaviors") or []]),
        "Restrictions": {"GeoRestriction": {"RestrictionType": geo["restrictionType"], **_list(geo.get("locations"))}},
        "ViewerCertificate": viewer,
        "WebACLId": inputs.get("webAclId") or "",
    }


@register
class Distribution(Shadowed):
    type = "aws:cloudfront/distribution:Distribution"
    inputs = frozenset(
        {
            "comment", "enabled", "isIpv6Enabled", "httpVersion", "defaultRootObject", "priceClass", "aliases",
            "origins", "defaultCacheBehavior", "orderedCacheBehaviors", "restrictions", "viewerCertificate",
            "webAclId", "waitForDeployment", "retainOnDelete", "tags",
        }
    )  # fmt: skip

    def make(self, call: Call, inputs: Props) -> str:
        client = call.client("cloudfront")
        reference = f"{inputs.get('comment') or 'distribution'}-{client.meta.region_name}-{len(self._all(client))}"
        configuration = {
            "DistributionConfig": _configuration(inputs, reference),
            "Tags": {"Items": to_tags(inputs["tags"])},
        }
        return client.create_distribution_with_tags(DistributionConfigWithTags=configuration)["Distribution"]["Id"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        client = call.client("cloudfront")
        found = client.get_distribution(Id=id)
        distribution = found["Distribution"]
        held = distribution["DistributionConfig"]
        geo = held["Restrictions"]["GeoRestriction"]
        return {
            "comment": held["Comment"],
            "enabled": held["Enabled"],
            "priceClass": held["PriceClass"],
            "aliases": held.get("Aliases", {}).get("Items"),
            "restrictions": {
                "geoRestriction": {"restrictionType": geo["RestrictionType"], "locations": geo.get("Items")}
            },
            "arn": distribution["ARN"],
            "domainName": distribution["DomainName"],
            "hostedZoneId": HOSTED_ZONE,
            "status": distribution["Status"],
            "etag": found.get("ETag"),
            "tags": from_tags(client.list_tags_for_resource(Resource=distribution["ARN"])["Tags"]["Items"]),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("cloudfront")
        held = client.get_distribution_config(Id=id)
        reference = held["DistributionConfig"]["CallerReference"]
        client.update_distribution(Id=id, IfMatch=held["ETag"], DistributionConfig=_configuration(new, reference))
        arn = client.get_distribution(Id=id)["Distribution"]["ARN"]
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(Resource=arn, TagKeys={"Items": gone})
        if new["tags"]:
            client.tag_resource(Resource=arn, Tags={"Items": to_tags(new["tags"])})

    def remove(self, call: Call, id: str, known: Props) -> None:
        """AWS deletes disabled distributions only, so it is disabled first, as the official provider does."""
        client = call.client("cloudfront")
        held = client.get_distribution_config(Id=id)
        disabled = {**held["DistributionConfig"], "Enabled": False}
        client.update_distribution(Id=id, IfMatch=held["ETag"], DistributionConfig=disabled)
        client.delete_distribution(Id=id, IfMatch=client.get_distribution(Id=id)["ETag"])

    def _all(self, client: Any) -> list[Any]:
        return client.list_distributions()["DistributionList"].get("Items", [])


@register
class OriginAccessControl(Handler):
    type = "aws:cloudfront/originAccessControl:OriginAccessControl"
    WIRE: ClassVar[dict[str, str]] = {
        "name": "Name", "description": "Description", "originAccessControlOriginType": "OriginAccessControlOriginType",
        "signingBehavior": "SigningBehavior", "signingProtocol": "SigningProtocol",
    }  # fmt: skip
    inputs = frozenset(WIRE)
    autoname = "name"

    def create(self, call: Call, inputs: Props) -> str:
        configuration = {wire: inputs.get(name) or "" for name, wire in self.WIRE.items()}
        made = call.client("cloudfront").create_origin_access_control(OriginAccessControlConfig=configuration)
        return made["OriginAccessControl"]["Id"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("cloudfront").get_origin_access_control(Id=id)
        held = found["OriginAccessControl"]["OriginAccessControlConfig"]
        live = {name: held.get(wire) for name, wire in self.WIRE.items()}
        arn = f"arn:aws:cloudfront::{call.account_id}:origin-access-control/{id}"
        return {**live, "etag": found.get("ETag"), "arn": arn}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("cloudfront")
        etag = client.get_origin_access_control(Id=id)["ETag"]
        configuration = {wire: new.get(name) or "" for name, wire in self.WIRE.items()}
        client.update_origin_access_control(Id=id, IfMatch=etag, OriginAccessControlConfig=configuration)

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("cloudfront")
        client.delete_origin_access_control(Id=id, IfMatch=client.get_origin_access_control(Id=id)["ETag"])


@register
class PublicKey(Emulated):
    type = "aws:cloudfront/publicKey:PublicKey"
    inputs = frozenset({"name", "encodedKey", "comment"})
    replace_on = frozenset({"name", "encodedKey"})
    autoname = "name"
    cloudformation = None

    def identify(self, call: Call, inputs: Props) -> str:
        return _identifier("K", inputs["name"])

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"etag": _identifier("E", inputs["name"]), "callerReference": inputs["name"]}


@register
class KeyGroup(Emulated):
    type = "aws:cloudfront/keyGroup:KeyGroup"
    inputs = frozenset({"name", "items", "comment"})
    autoname = "name"

    def identify(self, call: Call, inputs: Props) -> str:
        return _identifier("G", inputs["name"])

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"etag": _identifier("E", inputs["name"])}


@register
class CachePolicy(Emulated):
    type = "aws:cloudfront/cachePolicy:CachePolicy"
    inputs = frozenset(
        {"name", "comment", "minTtl", "defaultTtl", "maxTtl", "parametersInCacheKeyAndForwardedToOrigin"}
    )
    autoname = "name"

    def identify(self, call: Call, inputs: Props) -> str:
        return _identifier("P", inputs["name"])

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"etag": _identifier("E", inputs["name"])}


def _identifier(kind: str, name: str) -> str:
    """An id of CloudFront's form, the same for the same name: names are unique in an account."""
    from hashlib import sha256

    return kind + sha256(name.encode()).hexdigest()[:13].upper()
