"""The embedded AWS refuses what AWS would, names the property, and gives AWS's own error code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Account, Refused

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
INSTANCE = {
    "identifier": "clinic",
    "engine": "postgres",
    "engineVersion": "17.11",
    "instanceClass": "db.t4g.medium",
    "allocatedStorage": 20,
    "username": "clinic",
    "tags": {},
}


@pytest.mark.parametrize(
    ("type", "inputs", "property"),
    [
        ("aws:rds/instance:Instance", {**INSTANCE, "instanceClass": "db.z9.tiny"}, "instanceClass"),
        ("aws:rds/instance:Instance", {**INSTANCE, "engineVersion": "17.99"}, "engineVersion"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "clinic", "retentionInDays": 12, "tags": {}}, "retentionInDays"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "a clinic!", "retentionInDays": 365, "tags": {}}, "name"),
        ("aws:kms/key:Key", {"deletionWindowInDays": 3, "tags": {}}, "deletionWindowInDays"),
        ("aws:iam/role:Role", {"name": "r" * 65, "assumeRolePolicy": "{}", "tags": {}}, "name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_that_aws_refuses_are_named_at_preview(
    account: Account, type: str, inputs: dict[str, Any], property: str
) -> None:
    _, failures = account.check(type, inputs)
    assert [name for name, _ in failures] == [property]


def test_an_input_that_is_not_modelled_is_refused_by_name(account: Account) -> None:
    _, failures = account.check("aws:s3/bucket:Bucket", {"bucket": "clinic", "accelerationStatus": "Enabled"})
    assert any("accelerationStatus" in f"{name} {reason}" for name, reason in failures)


def test_a_type_that_is_not_modelled_is_refused_by_name(account: Account) -> None:
    with pytest.raises(Refused, match="aws:redshift/cluster:Cluster"):
        account.check("aws:redshift/cluster:Cluster", {"clusterIdentifier": "clinic"})


def test_values_not_known_yet_pass_the_check(account: Account) -> None:
    _, failures = account.check("aws:rds/instance:Instance", {**INSTANCE, "instanceClass": UNKNOWN})
    assert failures == []


def test_what_the_account_refuses_carries_its_error_code(account: Account) -> None:
    bucket = account.create("aws:s3/bucket:Bucket", {"bucket": "clinic-documents", "tags": {}})
    account.client("s3").put_object(Bucket="clinic-documents", Key="visit", Body=b"")
    with pytest.raises(Refused, match="BucketNotEmpty"):
        account.delete(bucket)


def test_a_bucket_made_by_hand_can_be_adopted(account: Account) -> None:
    account.client("s3").create_bucket(
        Bucket="made-by-hand", CreateBucketConfiguration={"LocationConstraint": "ca-central-1"}
    )
    adopted = account.adopt("aws:s3/bucket:Bucket", "made-by-hand")
    assert adopted is not None
    assert adopted.outputs["bucket"] == "made-by-hand"
    assert account.adopt("aws:s3/bucket:Bucket", "nobodys-bucket") is None
