"""IAM, Cognito, Systems Manager."""

from __future__ import annotations

import json
from typing import Any

from policies.config import Config
from tests.policies.breaks.form import Break, added, change, changes, without
from tests.policies.sample import (
    ACCOUNT,
    CA,
    CW,
    GONE,
    INTERNAL_KEY,
    KEY,
    STRANGER,
    US,
    Sample,
    arn,
    document,
)

KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
POLICY = "aws:iam/policy:Policy"
ROLE = "aws:iam/role:Role"
BOUNDED = {"permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary"}
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
ISSUER = "token.actions.githubusercontent.com"


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: Any, action: str = "sts:AssumeRole", **conditions: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return document({**statement, "Condition": conditions} if conditions else statement)


OURS = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
CLAIMS = {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "repo:clinic/platform:environment:production"}


def of_subjects(subject: str) -> str:
    """Trust in the tokens of an issuer whose subject is like this."""
    return trust(
        {"Federated": GITHUB},
        "sts:AssumeRoleWithWebIdentity",
        StringEquals={f"{ISSUER}:aud": "sts.amazonaws.com"},
        StringLike={f"{ISSUER}:sub": subject},
    )


SERVICE = trust({"Service": "ecs-tasks.amazonaws.com"}, **OURS)
READ = allow(["s3:GetObject", "dynamodb:GetItem"], "arn:aws:s3:::clinic-photos/*")
SESSION = {
    "inputs": {
        "cloudWatchLogGroupName": "sessions",
        "cloudWatchEncryptionEnabled": True,
        "kmsKeyId": KEY,
        "idleSessionTimeout": "15",
        "maxSessionDuration": "60",
    }
}


def session(**given: Any) -> str:
    return json.dumps({"inputs": {**SESSION["inputs"], **given}})


SAMPLES: dict[str, Sample] = {
    "role": Sample(
        ROLE, {"arn": f"arn:aws:iam::{ACCOUNT}:role/task", "name": "task", "assumeRolePolicy": SERVICE, **BOUNDED}
    ),
    "role-deploy": Sample(
        ROLE,
        {
            "name": "deploy",
            "assumeRolePolicy": trust({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", StringEquals=CLAIMS),
            **BOUNDED,
        },
    ),
    "break-glass": Sample(
        ROLE,
        {
            "name": "break-glass",
            "assumeRolePolicy": trust(
                {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Bool={"aws:MultiFactorAuthPresent": "true"}
            ),
            **BOUNDED,
        },
    ),
    "policy": Sample(POLICY, {"name": "task", "policy": document(READ)}),
    "audit": Sample(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "break-glass", "policyArn": "arn:aws:iam::aws:policy/SecurityAudit"},
    ),
    "support": Sample(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "break-glass", "policyArn": "arn:aws:iam::aws:policy/AWSSupportAccess"},
    ),
    "github": Sample("aws:iam/openIdConnectProvider:OpenIdConnectProvider", {"clientIdLists": ["sts.amazonaws.com"]}),
    "passwords": Sample(
        "aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
        {
            "minimumPasswordLength": 14,
            "requireLowercaseCharacters": True,
            "requireUppercaseCharacters": True,
            "requireNumbers": True,
            "requireSymbols": True,
            "passwordReusePrevention": 24,
            "maxPasswordAge": 90,
        },
    ),
    "regions": Sample(
        "aws:organizations/policy:Policy",
        {
            "type": "SERVICE_CONTROL_POLICY",
            "content": document(
                {
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"StringNotEquals": {"aws:RequestedRegion": [CA, CW]}},
                }
            ),
        },
    ),
    "analyzer": Sample("aws:accessanalyzer/analyzer:Analyzer", {"analyzerName": "account"}),
    # Cognito
    "pool": Sample(
        "aws:cognito/userPool:UserPool",
        {
            "id": "pool-1",
            "arn": arn("cognito-idp", "userpool/pool-1"),
            "mfaConfiguration": "ON",
            "softwareTokenMfaConfiguration": {"enabled": True},
            "userPoolAddOns": {"advancedSecurityMode": "ENFORCED"},
            "passwordPolicy": {
                "minimumLength": 14,
                "requireLowercase": True,
                "requireNumbers": True,
                "requireSymbols": True,
                "requireUppercase": True,
                "temporaryPasswordValidityDays": 7,
            },
            "adminCreateUserConfig": {"allowAdminCreateUserOnly": True},
            "deletionProtection": "ACTIVE",
            "smsConfiguration": {"snsRegion": CA},
            "emailConfiguration": {"sourceArn": arn("ses", "identity/example.org")},
            "schemas": [{"name": "department"}],
            "accountRecoverySetting": {"recoveryMechanisms": [{"name": "verified_email", "priority": 1}]},
        },
    ),
    "pool-risks": Sample(
        "aws:cognito/riskConfiguration:RiskConfiguration",
        {"userPoolId": "pool-1", "compromisedCredentialsRiskConfiguration": {"actions": {"eventAction": "BLOCK"}}},
    ),
    "pool-guard": Sample(
        "aws:wafv2/webAclAssociation:WebAclAssociation", {"resourceArn": arn("cognito-idp", "userpool/pool-1")}
    ),
    "pool-logs": Sample("aws:cognito/logDeliveryConfiguration:LogDeliveryConfiguration", {"userPoolId": "pool-1"}),
    "client": Sample(
        "aws:cognito/userPoolClient:UserPoolClient",
        {
            "accessTokenValidity": 60,
            "idTokenValidity": 60,
            "refreshTokenValidity": 24,
            "tokenValidityUnits": {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "hours"},
            "enableTokenRevocation": True,
            "explicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "allowedOauthFlows": ["code"],
            "callbackUrls": ["https://clinic.example.org", "http://localhost:3000"],
            "preventUserExistenceErrors": "ENABLED",
        },
    ),
    "identities": Sample("aws:cognito/identityPool:IdentityPool", {"allowUnauthenticatedIdentities": False}),
    # Systems Manager
    "parameter": Sample("aws:ssm/parameter:Parameter", {"name": "/clinic/level", "type": "String", "value": "info"}),
    "parameter-secret": Sample(
        "aws:ssm/parameter:Parameter",
        {"name": "/clinic/api_key", "type": "SecureString", "keyId": INTERNAL_KEY, "valueWoVersion": 1},
    ),
    "document": Sample(
        "aws:ssm/document:Document", {"documentType": "Command", "content": json.dumps({"mainSteps": []})}
    ),
    "session": Sample("aws:ssm/document:Document", {"documentType": "Session", "content": json.dumps(SESSION)}),
    "data-sync": Sample(
        "aws:ssm/resourceDataSync:ResourceDataSync", {"s3Destination": {"region": CA, "kmsKeyArn": INTERNAL_KEY}}
    ),
}

WHOLE = document(allow("*"))
PHOTOS = "arn:aws:s3:::clinic-photos/*"
OVER_TLS = {"Bool": {"aws:SecureTransport": "true"}}
BREAKS: dict[str, list[Break]] = {
    "iam-no-admin-statements": [
        change("policy", "policy", WHOLE),
        change("role", "inlinePolicies", [{"name": "all", "policy": WHOLE}]),
        added("own", "aws:iam/rolePolicy:RolePolicy", {"role": "task", "policy": document(allow(["*"], ["*"]))}),
    ],
    "iam-no-full-service-access": [
        change("policy", "policy", document(allow(["ecs:*", "xray:*"]))),
        change("policy", "policy", document(allow("ecs:*", "arn:aws:ecs:*:*:*"))),
        change("policy", "policy", document(allow("*", "arn:aws:xray:*:*:*"))),
    ],
    "iam-no-broad-kms-actions": [
        change("policy", "policy", document(allow("kms:Decrypt"))),
        change("policy", "policy", document(allow("kms:Decrypt", arn("kms", "key/*")))),
    ],
    "iam-no-audit-tampering": [change("policy", "policy", document(allow(["cloudtrail:StopLogging"])))],
    "iam-no-phi-data-wildcard": [
        change("policy", "policy", document(allow("s3:GetObject"))),
        change("policy", "policy", document(allow("secretsmanager:Get*"))),
        change("policy", "policy", document(allow("s3:GetObject", "arn:aws:s3:::*/*"))),
        change("policy", "policy", document(allow("dynamodb:Scan", "arn:aws:dynamodb:*:*:table/*"))),
        change("policy", "policy", document(allow("s3:GetObject", Condition=OVER_TLS))),
        change("policy", "policy", document(allow("rds-data:*", arn("rds", "cluster:*")))),
    ],
    "iam-no-write-or-permission-wildcard": [change("policy", "policy", document(allow("s3:PutObject")))],
    "iam-no-privilege-escalation": [
        change("policy", "policy", document(allow(["iam:PassRole", "ec2:RunInstances"]))),
        change("policy", "policy", document(allow("iam:PassRole"), allow("ecs:RunTask"))),
        change("policy", "policy", document(allow("iam:CreatePolicyVersion"))),
    ],
    "iam-no-allow-not-action": [
        change("policy", "policy", document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::x"})),
        change(
            "policy",
            "policy",
            document({"Effect": "Allow", "Action": "s3:ListBucket", "NotResource": "arn:aws:s3:::x"}),
        ),
    ],
    "iam-no-inline-policies": [change("role", "inlinePolicies", [{"name": "read", "policy": document(READ)}])],
    "iam-users-have-no-policies": [
        added(
            "bound",
            "aws:iam/userPolicyAttachment:UserPolicyAttachment",
            {"user": "u", "policyArn": "arn:aws:iam::1:policy/p"},
        ),
        added(
            "bound",
            "aws:iam/policyAttachment:PolicyAttachment",
            {"users": ["u"], "policyArn": "arn:aws:iam::1:policy/p"},
        ),
    ],
    "iam-users-forbidden": [
        added("person", "aws:iam/user:User", {"name": "person", **BOUNDED}),
        added("login", "aws:iam/userLoginProfile:UserLoginProfile", {"user": "person"}),
    ],
    "iam-access-keys-forbidden": [
        added("access", "aws:iam/accessKey:AccessKey", {"user": "person"}),
        added("access", "aws:iam/serviceSpecificCredential:ServiceSpecificCredential", {"userName": "person"}),
    ],
    "iam-users-in-groups": [added("person", "aws:iam/user:User", {"name": "person", **BOUNDED}, "iam-users-forbidden")],
    "iam-no-admin-managed-policies": [
        change("audit", "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
        change("role", "managedPolicyArns", ["arn:aws:iam::aws:policy/AmazonS3FullAccess"]),
        added(
            "attached",
            "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
            {"roleName": "task", "policyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        ),
    ],
    "iam-trust-not-wildcard": [
        change("role", "assumeRolePolicy", trust("*")),
        change("role", "assumeRolePolicy", trust({"AWS": "*"})),
        change("role", "assumeRolePolicy", trust({"Service": "*.amazonaws.com"}, **OURS)),
    ],
    "iam-trust-external-bound": [
        change("role", "assumeRolePolicy", trust({"AWS": f"arn:aws:iam::{STRANGER}:root"})),
        Break(
            "role",
            {"assumeRolePolicy": trust({"AWS": STRANGER})},
            config=Config(baseline=True, accounts=frozenset({ACCOUNT}), trusted_accounts=frozenset({STRANGER})),
        ),
    ],
    "iam-oidc-claims-bound": [
        change("role-deploy", "assumeRolePolicy", of_subjects(subject))
        for subject in ("*", "repo:clinic/*", "project_path:clinic/*:ref:main", "system:serviceaccount:*:api")
    ]
    + [
        change("role-deploy", "assumeRolePolicy", trust({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity")),
        change("github", "clientIdLists", []),
    ],
    "iam-confused-deputy": [change("role", "assumeRolePolicy", trust({"Service": "ecs-tasks.amazonaws.com"}))],
    "iam-permissions-boundary": [change("role", "permissionsBoundary")],
    "iam-session-length": [change("role", "maxSessionDuration", 43_200)],
    "iam-break-glass-role": [
        without("break-glass"),
        change("break-glass", "assumeRolePolicy", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
    ],
    "iam-phi-roles-need-mfa": [
        changes(
            "break-glass",
            {"assumeRolePolicy": trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "tags": {"DataClass": "phi"}},
        ),
    ],
    "iam-password-policy": [
        without("passwords"),
        change("passwords", "minimumPasswordLength", 13),
        change("passwords", "requireSymbols"),
        change("passwords", "passwordReusePrevention", 23),
        change("passwords", "maxPasswordAge", 0),
        change("passwords", "maxPasswordAge", 91),
    ],
    "iam-region-deny": [
        change("regions", "content", document({"Effect": "Deny", "Action": "*", "Resource": "*"})),
        change(
            "regions",
            "content",
            document(
                {
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"StringNotEquals": {"aws:RequestedRegion": [CA, US]}},
                }
            ),
        ),
    ],
    "iam-access-analyzer": [without("analyzer")],
    "iam-audit-roles-present": [without("audit")],
    "iam-no-marketplace-subscribe": [change("policy", "policy", document(allow("aws-marketplace:Subscribe")))],
    "iam-federation-present": [without("github")],
    # Cognito
    "cognito-mfa": [
        change("pool", "mfaConfiguration", "OPTIONAL"),
        change("pool", "mfaConfiguration"),
        changes(
            "pool",
            {
                "mfaConfiguration": "OPTIONAL",
                "tags": {"Audience": "patients"},
                "userPoolAddOns.advancedSecurityMode": "AUDIT",
            },
            "cognito-threat-protection",
        ),
    ],
    "cognito-mfa-not-sms-only": [change("pool", "softwareTokenMfaConfiguration")],
    "cognito-password-policy": [
        change("pool", "passwordPolicy.minimumLength", 13),
        change("pool", "passwordPolicy.requireSymbols", False),
        change("pool", "passwordPolicy.temporaryPasswordValidityDays", 8),
        change("pool", "passwordPolicy"),
    ],
    "cognito-threat-protection": [
        change("pool", "userPoolAddOns"),
        without("pool-risks"),
        change("pool-risks", "compromisedCredentialsRiskConfiguration.actions.eventAction", "NO_ACTION"),
    ],
    "cognito-no-self-signup": [
        change("pool", "adminCreateUserConfig"),
        change("pool", "adminCreateUserConfig.allowAdminCreateUserOnly", False),
    ],
    "cognito-no-guest": [
        change("identities", "allowUnauthenticatedIdentities", True),
        change("identities", "allowClassicFlow", True),
    ],
    "cognito-deletion-protection": [
        change("pool", "deletionProtection", "INACTIVE"),
        change("pool", "deletionProtection"),
    ],
    "cognito-session-lifetimes": [
        change("client", "accessTokenValidity", 61),
        change("client", "tokenValidityUnits"),
        change("client", "refreshTokenValidity"),
        change("client", "enableTokenRevocation", False),
    ],
    "cognito-client-safe-flows": [
        change("client", "explicitAuthFlows", ["ALLOW_USER_PASSWORD_AUTH"]),
        change("client", "allowedOauthFlows", ["implicit"]),
        change("client", "callbackUrls", ["http://clinic.example.org"]),
        change("client", "preventUserExistenceErrors", "LEGACY"),
    ],
    "cognito-waf": [without("pool-guard")],
    "cognito-messages-in-jurisdiction": [
        change("pool", "smsConfiguration.snsRegion", US),
        change("pool", "emailConfiguration.sourceArn", arn("ses", "identity/example.org", US)),
    ],
    "cognito-logs": [without("pool-logs")],
    "cognito-recovery-not-sms": [
        change("pool", "accountRecoverySetting.recoveryMechanisms", [{"name": "verified_phone_number", "priority": 1}]),
    ],
    "cognito-no-clinical-attributes": [change("pool", "schemas.0.name", "diagnosis")],
    # Systems Manager
    "ssm-parameter-secure": [
        change("parameter-secret", "keyId"),
        change("parameter-secret", "type", "String"),
    ],
    "ssm-parameter-not-in-state": [change("parameter-secret", "value", "word", "write-only-fields-preferred")],
    "ssm-document-private": [
        change("document", "permissions", {"type": "Share", "account_ids": "All"}),
        change("document", "permissions", {"type": "Share", "account_ids": STRANGER}),
    ],
    "ssm-session-logged": [
        change("session", "content", session(cloudWatchLogGroupName="")),
        change("session", "content", session(cloudWatchEncryptionEnabled=False)),
        change("session", "content", session(kmsKeyId="")),
    ],
    "ssm-session-auto-logoff": [
        change("session", "content", session(idleSessionTimeout="16")),
        change("session", "content", session(maxSessionDuration="")),
    ],
    "ssm-document-no-secrets": [
        change(
            "document",
            "content",
            json.dumps({"mainSteps": [{"inputs": {"key": KEY_ID}}]}),
            "no-secret-literal-in-inputs",
        ),
    ],
    "ssm-data-sync-in-jurisdiction": [
        change("data-sync", "s3Destination.region", US),
        change("data-sync", "s3Destination.kmsKeyArn"),
    ],
}

CONDITION = {"Condition": {"StringEquals": {"aws:ResourceTag/Project": "clinic"}}}
ALLOWED: dict[str, list[Break]] = {
    "iam-no-full-service-access": [
        change("policy", "policy", document(allow("ecs:*", "arn:aws:ecs:ca-central-1:1:cluster/x"))),
        change("policy", "policy", document(allow("ecs:*", **CONDITION))),
    ],
    "iam-no-broad-kms-actions": [change("policy", "policy", document(allow("kms:Decrypt", KEY)))],
    "iam-oidc-claims-bound": [
        change("role-deploy", "assumeRolePolicy", of_subjects(subject))
        for subject in ("repo:clinic/api:*", "system:serviceaccount:clinic:*", "org/1/project/2/user/*", "{id}:*")
    ],
    "iam-no-phi-data-wildcard": [
        change("policy", "policy", document(allow("s3:GetObject", PHOTOS))),
        change("policy", "policy", document(allow("backup:StartRestoreJob", arn("backup", "recovery-point:*")))),
        change("policy", "policy", document(allow("dynamodb:Query", arn("dynamodb", "table/visits/index/*")))),
        change("policy", "policy", document(allow(["s3:GetObject", "ecs:ListTasks"], [PHOTOS, arn("ecs", "task/*")]))),
    ],
    "iam-no-privilege-escalation": [
        change(
            "policy",
            "policy",
            document(allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/task"), allow("ecs:RunTask")),
        ),
    ],
    "cognito-mfa": [changes("pool", {"mfaConfiguration": "OPTIONAL", "tags": {"Audience": "patients"}})],
    "cognito-session-lifetimes": [
        Break(
            "app",
            adds=Sample(
                "aws:cognito/userPoolClient:UserPoolClient",
                {"userPoolId": "pool-2", "preventUserExistenceErrors": "ENABLED"},
            ),
            beside={
                "patients": Sample("aws:cognito/userPool:UserPool", {"id": "pool-2", "tags": {"Audience": "patients"}})
            },
        )
    ],
    "cognito-no-self-signup": [changes("pool", {"adminCreateUserConfig": GONE, "tags": {"Audience": "patients"}})],
    "iam-users-have-no-policies": [
        added(
            "bound",
            "aws:iam/policyAttachment:PolicyAttachment",
            {"roles": ["task"], "policyArn": "arn:aws:iam::1:policy/p"},
        ),
    ],
    "iam-password-policy": [
        Break("passwords", config=Config(accounts=frozenset({ACCOUNT}))),
    ],
}
