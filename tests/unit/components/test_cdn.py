"""The CDN: who may view what, from where, how long edges keep it, who else reads the buckets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.bucket import BucketInfo
from components.cdn import CACHING_DISABLED, CACHING_OPTIMIZED, SECURITY_HEADERS, Cdn, CdnArgs, CdnCertificate
from components.scope import DataClass
from settings.edge import CdnSettings, ViewerAccess
from tests.unit.components.scopes import ACCOUNT_ID, scope
from tests.unit.conftest import Recorder

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
PEM = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq\n-----END PUBLIC KEY-----\n"
CERTIFICATE = CdnCertificate(
    arn=f"arn:aws:acm:us-east-1:{ACCOUNT_ID}:certificate/1", domain_name="cdn.app.example.org", zone_id="Z0123456789"
)


def bucket(purpose: str, data_class: DataClass = DataClass.PHI) -> BucketInfo:
    name = f"berthcare-{purpose}-staging"
    return BucketInfo(
        name=name,
        arn=f"arn:aws:s3:::{name}",
        data_class=data_class,
        id=name,
        regional_domain_name=f"{name}.s3.ca-central-1.amazonaws.com",
        refusals=[{"Sid": "TlsOnly", "Effect": "Deny"}],
    )


def build(
    recorded: Recorder,
    *,
    buckets: dict[str, BucketInfo] | None = None,
    certificate: CdnCertificate | None = CERTIFICATE,
    web_acl_arn: str | None = None,
    **settings: Any,
) -> Cdn:
    section = CdnSettings.model_validate({"countries": ["CA", "US"], "public_keys": {"first": PEM}, **settings})
    args = CdnArgs(
        scope=scope(),
        settings=section,
        buckets=buckets or {purpose: bucket(purpose) for purpose in ("photos", "documents", "signatures")},
        logs_bucket_arn="arn:aws:s3:::berthcare-logs-staging",
        certificate=certificate,
        web_acl_arn=web_acl_arn,
    )
    return recorded.run(lambda: Cdn("cdn", args))


def behaviors(recorded: Recorder) -> list[dict[str, Any]]:
    inputs = recorded.one(DISTRIBUTION).inputs
    return [inputs["defaultCacheBehavior"], *inputs["orderedCacheBehaviors"]]


@pytest.mark.requirement("BER-EDG-01", "BER-EDG-05")
def test_three_private_origins_each_signed_by_origin_access_control(recorded: Recorder) -> None:
    build(recorded)
    origins = recorded.one(DISTRIBUTION).inputs["origins"]
    assert [origin["originId"] for origin in origins] == ["photos", "documents", "signatures"]
    assert all(origin["originAccessControlId"] for origin in origins)
    assert all("s3OriginConfig" not in origin and "customOriginConfig" not in origin for origin in origins)
    for _, access in recorded.of("aws:cloudfront/originAccessControl:OriginAccessControl"):
        assert (access["signingBehavior"], access["signingProtocol"]) == ("always", "sigv4")
        assert access["originAccessControlOriginType"] == "s3"
    assert recorded.count("aws:cloudfront/originAccessIdentity:OriginAccessIdentity") == 0


def test_each_bucket_answers_under_its_purpose(recorded: Recorder) -> None:
    build(recorded, default_bucket="documents")
    default, *ordered = behaviors(recorded)
    assert default["targetOriginId"] == "documents"
    assert [(b["pathPattern"], b["targetOriginId"]) for b in ordered] == [
        ("/photos/*", "photos"), ("/documents/*", "documents"), ("/signatures/*", "signatures"),
    ]  # fmt: skip


@pytest.mark.requirement("BER-EDG-05")
def test_bucket_policies_admit_this_distribution_alone(recorded: Recorder) -> None:
    build(recorded)
    distribution = recorded.one(DISTRIBUTION)
    policies = recorded.of("aws:s3/bucketPolicy:BucketPolicy")
    assert len(policies) == 3
    for _, inputs in policies:
        refusal, reads = json.loads(inputs["policy"])["Statement"]
        assert refusal["Effect"] == "Deny"
        assert (reads["Action"], reads["Resource"]) == ("s3:GetObject", f"arn:aws:s3:::{inputs['bucket']}/*")
        assert reads["Condition"]["StringEquals"]["aws:SourceArn"] == distribution.outputs["arn"]


@pytest.mark.requirement("BER-EDG-02", "ALL-08")
def test_an_own_certificate_demands_tls_1_2_and_every_behaviour_https(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one(DISTRIBUTION).inputs
    assert inputs["viewerCertificate"] == {
        "acmCertificateArn": CERTIFICATE.arn,
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
    assert inputs["aliases"] == ["cdn.app.example.org"]
    assert {b["viewerProtocolPolicy"] for b in behaviors(recorded)} == {"redirect-to-https"}
    records = [inputs for _, inputs in recorded.of("aws:route53/record:Record")]
    assert sorted(record["type"] for record in records) == ["A", "AAAA"]


@pytest.mark.requirement("BER-N11")
def test_without_a_certificate_there_is_a_warning_and_no_address(
    recorded: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", lambda text, *_: warnings.append(text))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    build(recorded, certificate=None)
    inputs = recorded.one(DISTRIBUTION).inputs
    assert inputs["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}
    assert inputs["aliases"] == []
    assert recorded.count("aws:route53/record:Record") == 0
    assert len(warnings) == 1
    assert "TLS 1.0" in warnings[0]


@pytest.mark.requirement("BER-EDG-03", "BER-EDG-06", "BER-N12")
def test_only_viewers_of_the_listed_countries_from_the_nearest_edges(recorded: Recorder) -> None:
    build(recorded, countries=["US", "CA"])
    inputs = recorded.one(DISTRIBUTION).inputs
    assert inputs["restrictions"] == {"geoRestriction": {"restrictionType": "whitelist", "locations": ["CA", "US"]}}
    assert inputs["priceClass"] == "PriceClass_100"


@pytest.mark.requirement("BER-N10")
def test_every_behaviour_demands_a_signature(recorded: Recorder) -> None:
    cdn = build(recorded, public_keys={"first": PEM, "second": PEM})
    (group,) = recorded.of("aws:cloudfront/keyGroup:KeyGroup")
    assert len(group[1]["items"]) == 2
    assert all(len(b["trustedKeyGroups"]) == 1 for b in behaviors(recorded))
    assert list(cdn.key_ids) == ["first", "second"]


@pytest.mark.requirement("BER-N10")
def test_open_access_is_a_setting_and_then_no_key_exists(recorded: Recorder) -> None:
    build(recorded, viewer_access=ViewerAccess.OPEN)
    assert all(b["trustedKeyGroups"] == [] for b in behaviors(recorded))
    assert recorded.count("aws:cloudfront/publicKey:PublicKey") == 0
    assert recorded.count("aws:cloudfront/keyGroup:KeyGroup") == 0


@pytest.mark.requirement("BER-EDG-04", "BER-N12")
def test_patient_data_is_not_cached_and_static_assets_are(recorded: Recorder) -> None:
    build(recorded, buckets={"photos": bucket("photos"), "site": bucket("site", DataClass.INTERNAL)})
    policies = {b["targetOriginId"]: b["cachePolicyId"] for b in behaviors(recorded)}
    assert policies == {"photos": CACHING_DISABLED, "site": CACHING_OPTIMIZED}
    assert all(b["compress"] is True for b in behaviors(recorded))
    assert recorded.count("aws:cloudfront/cachePolicy:CachePolicy") == 0


@pytest.mark.requirement("BER-EDG-04", "BER-N12")
def test_caching_of_patient_data_is_a_setting_with_a_short_time_to_live(recorded: Recorder) -> None:
    build(recorded, phi_cache_seconds=60)
    (policy,) = recorded.of("aws:cloudfront/cachePolicy:CachePolicy")
    assert (policy[1]["minTtl"], policy[1]["defaultTtl"], policy[1]["maxTtl"]) == (0, 60, 60)
    forwarded = policy[1]["parametersInCacheKeyAndForwardedToOrigin"]
    assert forwarded["enableAcceptEncodingGzip"] is True
    assert {b["cachePolicyId"] for b in behaviors(recorded)}.isdisjoint({CACHING_DISABLED, CACHING_OPTIMIZED})


def test_responses_carry_security_headers_and_only_reading_is_allowed(recorded: Recorder) -> None:
    build(recorded)
    for behavior in behaviors(recorded):
        assert behavior["responseHeadersPolicyId"] == SECURITY_HEADERS
        assert behavior["allowedMethods"] == ["GET", "HEAD", "OPTIONS"]
        assert "functionAssociations" not in behavior
        assert "lambdaFunctionAssociations" not in behavior


def test_access_logs_go_through_log_delivery_without_signatures_and_cookies(recorded: Recorder) -> None:
    build(recorded)
    assert "loggingConfig" not in recorded.one(DISTRIBUTION).inputs
    source = recorded.one("aws:cloudwatch/logDeliverySource:LogDeliverySource").inputs
    destination = recorded.one("aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination").inputs
    delivery = recorded.one("aws:cloudwatch/logDelivery:LogDelivery").inputs
    assert (source["logType"], source["resourceArn"]) == ("ACCESS_LOGS", recorded.one(DISTRIBUTION).outputs["arn"])
    assert destination["deliveryDestinationConfiguration"] == {
        "destinationResourceArn": "arn:aws:s3:::berthcare-logs-staging"
    }
    assert {"cs-uri-query", "cs(Cookie)", "cs(Referer)"}.isdisjoint(delivery["recordFields"])
    assert {entry["region"] for entry in (source, destination, delivery)} == {"us-east-1"}


@pytest.mark.requirement("BER-EDG-08")
def test_the_firewall_is_attached_when_there_is_one(recorded: Recorder) -> None:
    build(recorded, web_acl_arn="arn:aws:wafv2:us-east-1:111122223333:global/webacl/x/1")
    assert recorded.one(DISTRIBUTION).inputs["webAclId"].startswith("arn:aws:wafv2:us-east-1:")


def test_no_bucket_or_an_unknown_default_is_refused(recorded: Recorder) -> None:
    settings = CdnSettings(countries=("CA",), public_keys={"first": PEM})
    with pytest.raises(ValueError, match="buckets: want one or more"):
        CdnArgs(scope=scope(), settings=settings, buckets={}, logs_bucket_arn="arn")
    with pytest.raises(ValueError, match="want one of photos, got videos"):
        CdnArgs(
            scope=scope(),
            settings=settings.model_copy(update={"default_bucket": "videos"}),
            buckets={"photos": bucket("photos")},
            logs_bucket_arn="arn",
        )


VIDEOS = {"videos": bucket("videos")}


@pytest.mark.requirement("MSP-EDG-01", "MSP-EDG-02", "MSP-EDG-03", "MSP-EDG-06")
def test_a_single_bucket_answers_at_the_root(recorded: Recorder) -> None:
    build(recorded, buckets=VIDEOS)
    inputs = recorded.one(DISTRIBUTION).inputs
    assert [origin["originId"] for origin in inputs["origins"]] == ["videos"]
    assert "originPath" not in inputs["origins"][0]
    assert inputs["orderedCacheBehaviors"] == []
    assert inputs["defaultCacheBehavior"]["targetOriginId"] == "videos"
    assert inputs["defaultCacheBehavior"]["viewerProtocolPolicy"] == "redirect-to-https"
    assert recorded.count("aws:cloudfront/originAccessControl:OriginAccessControl") == 1


@pytest.mark.requirement("MSP-EDG-04", "MSP-EDG-05", "MSP-N08")
def test_recordings_may_stay_at_the_edges_and_still_need_a_signature(recorded: Recorder) -> None:
    build(recorded, buckets={**VIDEOS, "photos": bucket("photos")}, cached_buckets=["videos"])
    default, videos, photos = behaviors(recorded)
    assert default["cachePolicyId"] == videos["cachePolicyId"] == CACHING_OPTIMIZED
    assert photos["cachePolicyId"] == CACHING_DISABLED
    assert all(behavior["trustedKeyGroups"] for behavior in (default, videos, photos))
    assert recorded.one(DISTRIBUTION).inputs["priceClass"] == "PriceClass_100"
