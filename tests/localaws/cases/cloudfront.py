from __future__ import annotations

from typing import Any

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.s3 import BUCKET

PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK5y8jN3xkVv0LbgVnCkKqDBLxFQZ9ac
vw1Vb1mEH3hLrXqPzyM1uVgZ0y1iUuV2N3m2b5bZxCq1vB8dCw0CAwEAAQ==
-----END PUBLIC KEY-----
"""
KEY = {"name": "clinic-key", "encodedKey": PUBLIC_KEY, "comment": "Verifies signed URLs"}
ACCESS = {"originAccessControlOriginType": "s3", "signingBehavior": "always", "signingProtocol": "sigv4"}
DISTRIBUTION: dict[str, Any] = {
    "enabled": True,
    "comment": "clinic",
    "defaultRootObject": "index.html",
    "priceClass": "PriceClass_100",
    "httpVersion": "http2and3",
    "isIpv6Enabled": True,
    "origins": [
        {
            "originId": "documents",
            "domainName": "clinic-documents.s3.ca-central-1.amazonaws.com",
            "originAccessControlId": Ref("access"),
        }
    ],
    "defaultCacheBehavior": {
        "targetOriginId": "documents",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "cachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "compress": True,
    },
    "restrictions": {"geoRestriction": {"restrictionType": "whitelist", "locations": ["CA"]}},
    "viewerCertificate": {"cloudfrontDefaultCertificate": True},
    "tags": {"DataClass": "phi"},
}


def cached(seconds: int) -> dict[str, Any]:
    return {
        "name": "clinic-minutes",
        "comment": "Minutes, no longer",
        "minTtl": 0,
        "defaultTtl": seconds,
        "maxTtl": seconds,
        "parametersInCacheKeyAndForwardedToOrigin": {
            "cookiesConfig": {"cookieBehavior": "none"},
            "headersConfig": {"headerBehavior": "none"},
            "queryStringsConfig": {"queryStringBehavior": "none"},
            "enableAcceptEncodingGzip": True,
            "enableAcceptEncodingBrotli": True,
        },
    }


CASES = [
    Case(
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        {"name": "clinic-documents", "description": "Signs requests", **ACCESS},
        {"description": "Signs every request"},
    ),
    Case("aws:cloudfront/publicKey:PublicKey", KEY, {"comment": "Verifies"}),
    Case(
        "aws:cloudfront/keyGroup:KeyGroup",
        {"name": "clinic-signers", "items": [Ref("key")], "comment": "Signers"},
        {"comment": "Keys whose signatures admit viewers"},
        {"key": Need("aws:cloudfront/publicKey:PublicKey", KEY)},
    ),
    Case("aws:cloudfront/cachePolicy:CachePolicy", cached(300), cached(60)),
    Case(
        "aws:cloudfront/distribution:Distribution",
        DISTRIBUTION,
        {
            "restrictions": {"geoRestriction": {"restrictionType": "whitelist", "locations": ["CA", "US"]}},
            "tags": {"DataClass": "internal"},
        },
        {
            **BUCKET,
            "access": Need("aws:cloudfront/originAccessControl:OriginAccessControl", {"name": "clinic", **ACCESS}),
        },
    ),
]
