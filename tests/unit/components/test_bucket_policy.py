"""Bucket policies: what they refuse to everyone and allow to whom."""

from __future__ import annotations

import json

import pytest

from components import bucket_policy

ARN = bucket_policy.bucket_arn("berthcare-logs-staging")
ACCOUNT = "111122223333"


def test_the_arn_comes_from_the_name() -> None:
    assert ARN == "arn:aws:s3:::berthcare-logs-staging"


@pytest.mark.requirement("ALL-08")
def test_plain_http_and_tls_before_1_2_are_refused_to_everyone_for_bucket_and_objects() -> None:
    http, old = bucket_policy.tls_only(ARN)
    for statement in (http, old):
        assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", {"AWS": "*"})
        assert statement["Resource"] == [ARN, f"{ARN}/*"]
    assert http["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert old["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}


def test_uploads_that_name_no_key_pass_and_foreign_keys_are_refused() -> None:
    algorithm, key = bucket_policy.own_keys_only(ARN, "arn:aws:kms:ca-central-1:111122223333:key/*")
    for statement in (algorithm, key):
        assert statement["Effect"] == "Deny"
        assert set(statement["Condition"]["Null"].values()) == {"false"}  # only when the header is there
    assert set(key["Condition"]["ArnNotLike"].values()) == {"arn:aws:kms:ca-central-1:111122223333:key/*"}
    assert set(algorithm["Condition"]["StringNotEquals"].values()) == {"aws:kms"}


@pytest.mark.requirement("ALL-06")
def test_only_services_may_deliver_logs_and_only_for_this_account() -> None:
    statements = [
        *bucket_policy.access_logs(ARN, ACCOUNT, ["arn:aws:s3:::berthcare-*"], "s3/"),
        *bucket_policy.load_balancer_logs(ARN, ACCOUNT, "load-balancer"),
        *bucket_policy.cdn_logs(ARN, ACCOUNT),
    ]
    assert [s["Principal"] for s in statements] == [
        {"Service": "logging.s3.amazonaws.com"},
        {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        {"Service": "delivery.logs.amazonaws.com"},
    ]
    for statement in statements:
        assert statement["Action"] == "s3:PutObject"
        assert ACCOUNT in json.dumps(statement)
    s3, balancer, cdn = statements
    assert s3["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert balancer["Resource"] == f"{ARN}/load-balancer/AWSLogs/{ACCOUNT}/*"
    assert cdn["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-source:*"}


def test_one_trail_may_write_and_nothing_else() -> None:
    trail_arn = f"arn:aws:cloudtrail:ca-central-1:{ACCOUNT}:trail/berthcare-staging-trail"
    check, write = bucket_policy.trail(ARN, ACCOUNT, trail_arn)
    assert (check["Action"], write["Action"]) == ("s3:GetBucketAcl", "s3:PutObject")
    for statement in (check, write):
        assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert statement["Condition"]["StringEquals"]["aws:SourceArn"] == trail_arn
    assert write["Condition"]["StringEquals"]["s3:x-amz-acl"] == "bucket-owner-full-control"


@pytest.mark.requirement("BER-EDG-05")
def test_one_distribution_may_read_objects_only() -> None:
    (statement,) = bucket_policy.distribution_reads(ARN, "arn:aws:cloudfront::1:distribution/E1", ACCOUNT)
    assert (statement["Action"], statement["Resource"]) == ("s3:GetObject", f"{ARN}/*")
    assert statement["Condition"]["StringEquals"]["aws:SourceArn"] == "arn:aws:cloudfront::1:distribution/E1"


@pytest.mark.requirement("BER-STO-08")
def test_no_statement_allows_everyone() -> None:
    everything = [
        *bucket_policy.tls_only(ARN),
        *bucket_policy.own_keys_only(ARN, "arn:aws:kms:ca-central-1:111122223333:key/*"),
        *bucket_policy.access_logs(ARN, ACCOUNT, [ARN], "s3/"),
        *bucket_policy.load_balancer_logs(ARN, ACCOUNT, "lb"),
        *bucket_policy.cdn_logs(ARN, ACCOUNT),
        *bucket_policy.trail(ARN, ACCOUNT, "arn:trail"),
        *bucket_policy.distribution_reads(ARN, "arn:distribution", ACCOUNT),
    ]
    allowed = [statement for statement in everything if statement["Effect"] == "Allow"]
    assert len(allowed) == 6
    assert all("Service" in statement["Principal"] for statement in allowed)
    assert len({statement["Sid"] for statement in everything}) == len(everything)


@pytest.mark.requirement("FAC-N31")
def test_flow_logs_of_this_account_and_region_may_be_delivered() -> None:
    deliver, check = bucket_policy.flow_logs(ARN, ACCOUNT, "ca-central-1")
    assert (deliver["Action"], deliver["Resource"]) == ("s3:PutObject", f"{ARN}/AWSLogs/{ACCOUNT}/vpcflowlogs/*")
    assert (check["Action"], check["Resource"]) == (["s3:GetBucketAcl", "s3:ListBucket"], ARN)
    for statement in (deliver, check):
        assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
        assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:logs:ca-central-1:{ACCOUNT}:*"}
