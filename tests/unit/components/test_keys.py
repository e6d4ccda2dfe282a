"""KMS keys: which exist, who may use them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.key_policy import key_policy
from components.keys import Keys, KeysArgs
from components.scope import Scope
from settings.keys import KeysSettings, Purpose
from tests.unit.conftest import Recorder

KEY = "aws:kms/key:Key"


def scope(*, protect: bool = False) -> Scope:
    return Scope(
        system="clinic", environment="staging", region="ca-central-1", account_id="111122223333", protect=protect
    )  # fmt: skip


def build(recorded: Recorder, *, settings: KeysSettings | None = None, protect: bool = False, **more: Any) -> Keys:
    args = KeysArgs(scope=scope(protect=protect), settings=settings or KeysSettings(), **more)
    return recorded.run(lambda: Keys("keys", args))


def statements(*purposes: Purpose, cdn: bool = False) -> dict[str, dict[str, Any]]:
    policy = json.loads(key_policy(scope(), purposes, region="ca-central-1", cdn=cdn))
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_patient_data_and_operations_have_different_keys(recorded: Recorder) -> None:
    keys = build(recorded)
    assert sorted(name for name, _ in recorded.of(KEY)) == ["keys-data", "keys-operations"]
    assert keys.arns[Purpose.DATABASE] is keys.arns[Purpose.STORAGE]
    assert keys.arns[Purpose.DATABASE] is not keys.arns[Purpose.LOGS]
    assert keys.aliases[Purpose.CACHE] == "alias/clinic-staging-data"


@pytest.mark.requirement("BER-IAM-03")
def test_one_key_for_everything_is_a_setting(recorded: Recorder) -> None:
    build(recorded, settings=KeysSettings(assignments=dict.fromkeys(Purpose, "main")))
    assert [name for name, _ in recorded.of(KEY)] == ["keys-main"]


def test_keys_rotate_yearly_and_wait_thirty_days_before_they_go(recorded: Recorder) -> None:
    build(recorded, recovery_region="ca-west-1", cdn=True)
    for _, key in recorded.of(KEY):
        assert (key["enableKeyRotation"], key["rotationPeriodInDays"], key["deletionWindowInDays"]) == (True, 365, 30)
        assert key["multiRegion"] is False
        assert key["description"]


@pytest.mark.requirement("ALL-12")
@pytest.mark.parametrize("protect", [False, True])
def test_keys_of_patient_data_are_protected_with_their_data(recorded: Recorder, protect: bool) -> None:
    build(recorded, protect=protect, recovery_region="ca-west-1", cdn=True)
    assert {entry.name: entry.protect for entry in recorded.all(KEY)} == {
        "keys-data": protect,
        "keys-operations": False,
        "keys-recovery": protect,
        "keys-edge": False,
    }


@pytest.mark.requirement("ALL-07", "BER-N08", "BER-N16")
def test_the_recovery_key_and_the_cdns_key_live_in_their_regions(recorded: Recorder) -> None:
    keys = build(recorded, recovery_region="ca-west-1", cdn=True)
    regions = {name: key.get("region") for name, key in recorded.of(KEY)}
    assert regions == {
        "keys-data": None,
        "keys-operations": None,
        "keys-recovery": "ca-west-1",
        "keys-edge": "us-east-1",
    }
    assert {name: alias.get("region") for name, alias in recorded.of("aws:kms/alias:Alias")} == {
        f"{name}-alias": region for name, region in regions.items()
    }
    assert keys.recovery_arn is not None
    assert keys.edge_arn is not None
    edge = json.loads(recorded.one(KEY, "keys-edge").inputs["policy"])
    assert [statement["Sid"] for statement in edge["Statement"]] == [
        "AccountDelegatesToIam",
        "CloudWatchLogsEncryptsGroups",
        "AlarmsPublishToTopics",
        "EventsPublishToTopics",
        "CostsPublishToTopics",
    ]
    assert "us-east-1" in json.dumps(edge)
    assert "ca-central-1" not in json.dumps(edge)


def test_without_recovery_and_cdn_there_is_no_key_abroad(recorded: Recorder) -> None:
    keys = build(recorded)
    assert keys.recovery_arn is None
    assert keys.edge_arn is None


@pytest.mark.requirement("ALL-19")
def test_log_groups_of_the_account_are_the_only_ones_encrypted() -> None:
    statement = statements(Purpose.LOGS)["CloudWatchLogsEncryptsGroups"]
    assert statement["Principal"] == {"Service": "logs.ca-central-1.amazonaws.com"}
    context = {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:ca-central-1:111122223333:log-group:*"}
    assert statement["Condition"] == {"ArnLike": context}


@pytest.mark.requirement("ALL-19", "BER-N09")
def test_cloudfront_decrypts_only_for_distributions_of_the_account_and_only_with_a_cdn() -> None:
    assert "CloudFrontReadsEncryptedOrigins" not in statements(Purpose.STORAGE)
    assert "CloudFrontReadsEncryptedOrigins" not in statements(Purpose.DATABASE, cdn=True)
    statement = statements(Purpose.STORAGE, cdn=True)["CloudFrontReadsEncryptedOrigins"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "kms:Decrypt")
    assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:cloudfront::111122223333:distribution/*"}


@pytest.mark.requirement("ALL-18")
def test_alarms_and_events_publish_to_encrypted_topics() -> None:
    found = statements(Purpose.NOTIFICATIONS)
    assert found["AlarmsPublishToTopics"]["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
    assert "StringEquals" not in found["EventsPublishToTopics"]["Condition"]  # SNS would deliver nothing
    costs = found["CostsPublishToTopics"]
    assert costs["Principal"] == {"Service": ["budgets.amazonaws.com", "costalerts.amazonaws.com"]}
    assert costs["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}


def test_cloudtrail_uses_the_key_for_the_stacks_own_trails() -> None:
    found = statements(Purpose.TRAIL)
    source = {"aws:SourceArn": "arn:aws:cloudtrail:ca-central-1:111122223333:trail/clinic-staging-trail"}
    assert found["CloudTrailEncryptsLogs"]["Condition"] == {
        "ArnLike": source,
        "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*"},
    }
    assert found["CloudTrailReadsItsKey"]["Condition"] == {"ArnLike": source}


@pytest.mark.requirement("ALL-19")
def test_roles_of_the_account_use_data_keys_through_the_services() -> None:
    condition = statements(Purpose.DATABASE, Purpose.SECRETS)["RolesOfTheAccountThroughServices"]["Condition"]
    services = ["rds.ca-central-1.amazonaws.com", "secretsmanager.ca-central-1.amazonaws.com"]
    assert condition["StringEquals"] == {"kms:ViaService": services, "kms:CallerAccount": "111122223333"}


SCALING_ROLE = (
    "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_x"
)


@pytest.mark.requirement("FAC-CMP-09", "FAC-IAM-06", "ALL-19")
def test_the_role_that_starts_instances_uses_the_key_of_their_disks() -> None:
    document = key_policy(scope(), [Purpose.VOLUMES], region="ca-central-1", scaling_role_arn=SCALING_ROLE)
    found = {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}
    use, grant = found["AutoScalingStartsInstances"], found["AutoScalingGrantsEc2"]
    assert use["Principal"] == grant["Principal"] == {"AWS": SCALING_ROLE}
    assert {"kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"} <= set(use["Action"])
    assert grant["Action"] == "kms:CreateGrant"
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    through = found["RolesOfTheAccountThroughServices"]["Condition"]["StringEquals"]["kms:ViaService"]
    assert through == ["ec2.ca-central-1.amazonaws.com"]


def test_no_other_key_names_the_role_that_starts_instances(recorded: Recorder) -> None:
    settings = KeysSettings.model_validate({"assignments": {"volumes": "disks"}})
    build(recorded, settings=settings, recovery_region="ca-west-1", cdn=True, scaling_role_arn=SCALING_ROLE)
    named = {name for name, key in recorded.of(KEY) if SCALING_ROLE in key["policy"]}
    assert named == {"keys-disks"}


def test_without_a_fleet_no_role_is_named() -> None:
    assert "AutoScalingStartsInstances" not in statements(*Purpose)


def test_no_statement_admits_everyone() -> None:
    for statement in statements(*Purpose, cdn=True).values():
        assert statement["Principal"] != "*"
        assert statement["Principal"].get("AWS") in (None, "arn:aws:iam::111122223333:root")


def test_an_assignment_left_out_keeps_its_default() -> None:
    settings = KeysSettings.model_validate({"assignments": {"cache": "cache"}})
    assert settings.names == ["data", "cache", "operations"]
    assert settings.purposes("cache") == [Purpose.CACHE]
