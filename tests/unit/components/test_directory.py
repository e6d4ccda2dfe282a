"""The user directory: who gets in, what he may change of himself, which objects he reaches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.directory import Directory, DirectoryArgs, UserBucket
from settings.directory import BucketReach, DirectorySettings
from tests.unit.components.scopes import ACCOUNT_ID, scope
from tests.unit.conftest import Recorder

POOL = "aws:cognito/userPool:UserPool"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
ATTRIBUTES = {"role": {}, "organizationId": {}, "practiceId": {"max_length": 36}}
PREFIX = "${cognito-identity.amazonaws.com:sub}/"


def build(
    recorded: Recorder,
    settings: dict[str, Any] | None = None,
    buckets: dict[str, UserBucket] | None = None,
    protect: bool = False,
    **more: Any,
) -> Directory:
    args = DirectoryArgs(
        scope=scope(protect=protect),
        settings=DirectorySettings.model_validate({"attributes": ATTRIBUTES, **(settings or {})}),
        buckets=buckets or {},
        **more,
    )
    return recorded.run(lambda: Directory("directory", args))


def bucket(reach: BucketReach = BucketReach.OWN_PREFIX, *, customer_key: bool = False) -> UserBucket:
    return UserBucket(name="berthcare-files-staging", reach=reach, customer_key=customer_key)


def role_statements(recorded: Recorder) -> dict[str, Any]:
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", "directory-objects")
    return {statement["Sid"]: statement for statement in json.loads(policy.inputs["policy"])["Statement"]}


@pytest.mark.requirement("MSP-IAM-01", "MSP-IAM-04")
def test_users_sign_in_by_email_and_never_register_themselves(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one(POOL).inputs
    assert inputs["usernameAttributes"] == ["email"]
    assert inputs["autoVerifiedAttributes"] == ["email"]
    assert inputs["adminCreateUserConfig"] == {"allowAdminCreateUserOnly": True}
    assert inputs["usernameConfiguration"] == {"caseSensitive": False}


@pytest.mark.requirement("MSP-IAM-02")
def test_everyone_needs_a_second_factor_and_no_remembered_device_replaces_it(recorded: Recorder) -> None:
    build(recorded, {"devices": "always"})
    inputs = recorded.one(POOL).inputs
    assert inputs["mfaConfiguration"] == "ON"
    assert inputs["softwareTokenMfaConfiguration"] == {"enabled": True}
    assert inputs["deviceConfiguration"]["challengeRequiredOnNewDevice"] is False
    assert "smsConfiguration" not in inputs


@pytest.mark.requirement("MSP-N11", "MSP-IAM-02")
def test_text_messages_need_a_role_only_cognito_takes_with_the_external_id(recorded: Recorder) -> None:
    build(recorded, {"mfa": {"sms": True, "totp": False}})
    sms = recorded.one(POOL).inputs["smsConfiguration"]
    role = recorded.one("aws:iam/role:Role", "directory-sms")
    assert sms["snsCallerArn"] == role.outputs["arn"]
    assert sms["snsRegion"] == "ca-central-1"
    (trusted,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trusted["Principal"] == {"Service": "cognito-idp.amazonaws.com"}
    assert trusted["Condition"]["StringEquals"] == {
        "sts:ExternalId": sms["externalId"],
        "aws:SourceAccount": ACCOUNT_ID,
    }
    sending, topics = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    assert (sending["Action"], topics["Effect"]) == (["sns:Publish"], "Deny")
    assert recorded.one("aws:iam/rolePolicy:RolePolicy").urn in recorded.one(POOL).dependencies


@pytest.mark.requirement("MSP-IAM-03")
def test_passwords_are_long_and_of_every_class(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.one(POOL).inputs["passwordPolicy"] == {
        "minimumLength": 12,
        "requireLowercase": True,
        "requireUppercase": True,
        "requireNumbers": True,
        "requireSymbols": True,
        "temporaryPasswordValidityDays": 7,
    }


@pytest.mark.requirement("MSP-IAM-05", "MSP-N10")
def test_custom_attributes_are_mutable_texts_with_lengths(recorded: Recorder) -> None:
    build(recorded)
    schemas = {schema["name"]: schema for schema in recorded.one(POOL).inputs["schemas"]}
    assert list(schemas) == ["role", "organizationId", "practiceId"]
    assert schemas["practiceId"] == {
        "name": "practiceId",
        "attributeDataType": "String",
        "developerOnlyAttribute": False,
        "mutable": True,
        "required": False,
        "stringAttributeConstraints": {"minLength": "1", "maxLength": "36"},
    }


@pytest.mark.requirement("MSP-N10")
def test_the_application_reads_rights_and_never_writes_them(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one(CLIENT).inputs
    rights = {"custom:role", "custom:organizationId", "custom:practiceId"}
    assert rights <= set(inputs["readAttributes"])
    assert inputs["writeAttributes"], "an absent list would let the application write everything"
    assert not rights & set(inputs["writeAttributes"])
    assert "email_verified" not in inputs["writeAttributes"]


@pytest.mark.requirement("MSP-IAM-06", "MSP-IAM-07")
def test_the_client_has_the_recorded_flows_and_lifetimes(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one(CLIENT).inputs
    assert inputs["explicitAuthFlows"] == [
        "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
    ]  # fmt: skip
    assert (inputs["accessTokenValidity"], inputs["idTokenValidity"], inputs["refreshTokenValidity"]) == (60, 60, 30)
    assert inputs["tokenValidityUnits"] == {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "days"}
    assert inputs["enableTokenRevocation"] is True
    assert inputs["generateSecret"] is False


def test_nobody_learns_who_has_an_account(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.one(CLIENT).inputs["preventUserExistenceErrors"] == "ENABLED"


def test_a_changed_address_counts_once_it_is_verified_and_recovery_is_by_email(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one(POOL).inputs
    assert inputs["userAttributeUpdateSettings"] == {"attributesRequireVerificationBeforeUpdates": ["email"]}
    assert inputs["accountRecoverySetting"]["recoveryMechanisms"] == [{"name": "verified_email", "priority": 1}]


@pytest.mark.requirement("ALL-12", "MSP-OPS-04")
@pytest.mark.parametrize("protect", [True, False])
def test_the_directory_refuses_deletion(recorded: Recorder, protect: bool) -> None:
    build(recorded, protect=protect)
    assert recorded.one(POOL).inputs["deletionProtection"] == "ACTIVE"
    assert recorded.one(POOL).protect is protect


@pytest.mark.parametrize(("plan", "threat"), [("ESSENTIALS", "OFF"), ("PLUS", "ENFORCED")])
def test_threat_protection_comes_with_its_plan(recorded: Recorder, plan: str, threat: str) -> None:
    build(recorded, {"plan": plan, "threat_protection": threat})
    inputs = recorded.one(POOL).inputs
    assert (inputs["userPoolTier"], inputs["userPoolAddOns"]) == (plan, {"advancedSecurityMode": threat})


def test_mail_may_come_from_the_products_own_address(recorded: Recorder) -> None:
    identity = f"arn:aws:ses:ca-central-1:{ACCOUNT_ID}:identity/example.org"
    build(recorded, {"email": {"from_address": "no-reply@example.org", "identity_arn": identity}})
    assert recorded.one(POOL).inputs["emailConfiguration"] == {
        "emailSendingAccount": "DEVELOPER",
        "fromEmailAddress": "no-reply@example.org",
        "sourceArn": identity,
    }


@pytest.mark.requirement("MSP-IAM-08")
def test_only_signed_in_users_get_credentials(recorded: Recorder) -> None:
    directory = build(recorded, buckets={"files": bucket()})
    pool = recorded.one("aws:cognito/identityPool:IdentityPool")
    assert pool.inputs["allowUnauthenticatedIdentities"] is False
    assert pool.inputs["allowClassicFlow"] is False
    (provider,) = pool.inputs["cognitoIdentityProviders"]
    assert provider["providerName"] == recorded.one(POOL).outputs["endpoint"]
    assert provider["serverSideTokenCheck"] is True
    role = recorded.one("aws:iam/role:Role", "directory-authenticated")
    (trusted,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trusted["Condition"]["StringEquals"]["cognito-identity.amazonaws.com:aud"].startswith("ca-central-1:")
    assert pool.urn in role.property_dependencies["assumeRolePolicy"]
    assert trusted["Condition"]["ForAnyValue:StringLike"] == {"cognito-identity.amazonaws.com:amr": "authenticated"}
    roles = recorded.one("aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment")
    assert roles.inputs["roles"] == {"authenticated": role.outputs["arn"]}
    assert directory.identity_pool_id is not None


@pytest.mark.requirement("MSP-IAM-09", "MSP-N07")
def test_a_user_reaches_objects_under_his_own_identity_only(recorded: Recorder) -> None:
    build(recorded, buckets={"files": bucket()})
    statements = role_statements(recorded)
    assert set(statements) == {"OwnObjects", "ListOwnObjects"}
    assert statements["OwnObjects"]["Resource"] == [f"arn:aws:s3:::berthcare-files-staging/{PREFIX}*"]
    assert {"s3:GetObject", "s3:PutObject"} <= set(statements["OwnObjects"]["Action"])
    assert statements["ListOwnObjects"]["Condition"] == {"StringLike": {"s3:prefix": [PREFIX, f"{PREFIX}*"]}}


@pytest.mark.requirement("MSP-N07")
def test_the_whole_bucket_takes_an_explicit_setting(recorded: Recorder) -> None:
    build(recorded, buckets={"files": bucket(BucketReach.WHOLE_BUCKET)})
    assert role_statements(recorded)["AllObjects"]["Resource"] == ["arn:aws:s3:::berthcare-files-staging/*"]


@pytest.mark.requirement("MSP-N21")
@pytest.mark.parametrize("customer_key", [True, False])
def test_users_may_use_a_key_only_where_a_bucket_has_one(recorded: Recorder, customer_key: bool) -> None:
    build(recorded, buckets={"files": bucket(customer_key=customer_key)})
    statement = role_statements(recorded).get("UseObjectKeys")
    assert (statement is not None) is customer_key
    if statement is not None:
        assert statement["Condition"]["StringEquals"] == {"kms:ViaService": "s3.ca-central-1.amazonaws.com"}


def test_without_buckets_there_are_no_credentials(recorded: Recorder) -> None:
    directory = build(recorded)
    assert directory.identity_pool_id is None
    assert recorded.types == {POOL, CLIENT}


def test_a_firewall_may_stand_in_front_of_sign_in(recorded: Recorder) -> None:
    build(recorded, web_acl_arn="arn:acl")
    inputs = recorded.one("aws:wafv2/webAclAssociation:WebAclAssociation").inputs
    assert (inputs["webAclArn"], inputs["resourceArn"]) == ("arn:acl", recorded.one(POOL).outputs["arn"])
