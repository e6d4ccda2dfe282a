from __future__ import annotations

from tests.localaws.case import Case, Need, Ref


def attribute(name: str) -> dict[str, object]:
    return {
        "name": name,
        "attributeDataType": "String",
        "developerOnlyAttribute": False,
        "mutable": True,
        "required": False,
        "stringAttributeConstraints": {"minLength": "1", "maxLength": "64"},
    }


PASSWORD = {
    "minimumLength": 12,
    "requireLowercase": True,
    "requireUppercase": True,
    "requireNumbers": True,
    "requireSymbols": True,
    "temporaryPasswordValidityDays": 7,
}
POOL = {
    "usernameAttributes": ["email"],
    "usernameConfiguration": {"caseSensitive": False},
    "autoVerifiedAttributes": ["email"],
    "userAttributeUpdateSettings": {"attributesRequireVerificationBeforeUpdates": ["email"]},
    "accountRecoverySetting": {"recoveryMechanisms": [{"name": "verified_email", "priority": 1}]},
    "adminCreateUserConfig": {"allowAdminCreateUserOnly": True},
    "mfaConfiguration": "ON",
    "softwareTokenMfaConfiguration": {"enabled": True},
    "passwordPolicy": PASSWORD,
    "schemas": [attribute("role")],
    "emailConfiguration": {"emailSendingAccount": "COGNITO_DEFAULT"},
    "userPoolTier": "ESSENTIALS",
    "userPoolAddOns": {"advancedSecurityMode": "OFF"},
    "deletionProtection": "INACTIVE",
    "tags": {"DataClass": "phi"},
}
USERS = {"pool": Need("aws:cognito/userPool:UserPool", {"name": "clinic-staging-users", **POOL})}
CLIENT = {
    "userPoolId": Ref("pool"),
    "generateSecret": False,
    "explicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    "preventUserExistenceErrors": "ENABLED",
    "enableTokenRevocation": True,
    "accessTokenValidity": 60,
    "idTokenValidity": 60,
    "refreshTokenValidity": 30,
    "tokenValidityUnits": {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "days"},
    "readAttributes": ["custom:role", "email"],
    "writeAttributes": ["email"],
}
APPLICATION = {**USERS, "client": Need("aws:cognito/userPoolClient:UserPoolClient", {"name": "web", **CLIENT})}
IDENTITIES = {
    "allowUnauthenticatedIdentities": False,
    "allowClassicFlow": False,
    "cognitoIdentityProviders": [
        {"clientId": Ref("client"), "providerName": Ref("pool", "endpoint"), "serverSideTokenCheck": True}
    ],
    "tags": {"DataClass": "phi"},
}
ROLE = "arn:aws:iam::123456789012:role/clinic-staging-users"

CASES = [
    Case(
        "aws:cognito/userPool:UserPool",
        {"name": "clinic-users", **POOL},
        {
            "passwordPolicy": {**PASSWORD, "minimumLength": 14},
            "schemas": [attribute("role"), attribute("practiceId")],
            "tags": {"DataClass": "pii"},
        },
    ),
    Case(
        "aws:cognito/userPoolClient:UserPoolClient",
        {"name": "clinic-frontend", **CLIENT},
        {"refreshTokenValidity": 7, "writeAttributes": ["email", "name"]},
        USERS, imports="{userPoolId}/{id}"),
    Case(
        "aws:cognito/identityPool:IdentityPool",
        {"identityPoolName": "clinic-identities", **IDENTITIES},
        {"cognitoIdentityProviders": [], "tags": {"DataClass": "pii"}},
        APPLICATION,
    ),
    Case(
        "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment",
        {"identityPoolId": Ref("identities"), "roles": {"authenticated": ROLE}},
        {"roles": {"authenticated": f"{ROLE}-2"}},
        {**APPLICATION, "identities": Need("aws:cognito/identityPool:IdentityPool",
                                           {"identityPoolName": "clinic", **IDENTITIES})},
    ),
]  # fmt: skip
