"""The users of the product: user pool, its client, and AWS credentials for the users' own files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi

from components.bucket_policy import bucket_arn
from components.iam_documents import Statement, allow, document, use_keys
from components.scope import DataClass, Scope
from settings.directory import BucketReach, DeviceTracking, DirectorySettings, Flow

if TYPE_CHECKING:
    from pulumi_aws import cognito

OWN_PREFIX = "${cognito-identity.amazonaws.com:sub}/"
"""What the keys of a user's own objects begin with: his identity id, which IAM fills in (MSP-N07)."""

_SESSION_SECONDS = 3600
_FLOWS = {Flow.USER_PASSWORD: "ALLOW_USER_PASSWORD_AUTH", Flow.USER_SRP: "ALLOW_USER_SRP_AUTH"}
_REFRESH = "ALLOW_REFRESH_TOKEN_AUTH"
_OBJECT_ACTIONS = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]


@dataclass(frozen=True, kw_only=True)
class UserBucket:
    """A bucket signed-in users reach.

    name: physical name.   reach: their own prefix, or all of it.
    customer_key: whether its objects are encrypted with a customer key, which users then need too.
    """

    name: str
    reach: BucketReach
    customer_key: bool


@dataclass(frozen=True, kw_only=True)
class DirectoryArgs:
    """Inputs of `Directory`.

    buckets: purpose → bucket users reach through the identity pool; empty: there is no identity pool.
    key_aliases: aliases of the buckets' customer keys, known in advance; empty: those that follow the pattern of names.
    web_acl_arn: regional firewall in front of sign-in; None: none.
    """

    scope: Scope
    settings: DirectorySettings
    buckets: Mapping[str, UserBucket] = field(default_factory=dict[str, UserBucket])
    key_aliases: Sequence[str] = ()
    web_acl_arn: pulumi.Input[str] | None = None


class Directory(pulumi.ComponentResource):
    """A Cognito user pool: sign-in by e-mail, second factor, accounts made by administrators, no hint who exists.

    Its client is a public one that may write no attribute giving rights. The identity pool gives signed-in users, and
    nobody else, AWS credentials for objects under their own identity id.
    Source: Amazon Cognito Developer Guide, "Security best practices for user pools", "Role trust and permissions";
    MSP-IAM-01 to 09, MSP-N07, MSP-N10, MSP-N11; 45 CFR 164.312(a)(2)(i), 164.312(d).
    """

    user_pool_id: pulumi.Output[str]
    user_pool_arn: pulumi.Output[str]
    client_id: pulumi.Output[str]
    identity_pool_id: pulumi.Output[str] | None

    def __init__(self, name: str, args: DirectoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:directory:Directory", name, {}, opts)
        self._name, self._args = name, args
        pool = self._pool()
        client = self._client(pool)
        self.user_pool_id, self.user_pool_arn, self.client_id = pool.id, pool.arn, client.id
        self.identity_pool_id = self._identity_pool(pool, client) if args.buckets else None
        if args.web_acl_arn is not None:
            from pulumi_aws import wafv2

            wafv2.WebAclAssociation(
                f"{name}-firewall",
                resource_arn=pool.arn,
                web_acl_arn=args.web_acl_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"user_pool_id": self.user_pool_id, "client_id": self.client_id})

    def _pool(self) -> cognito.UserPool:
        from pulumi_aws import cognito

        scope, settings = self._args.scope, self._args.settings
        physical = scope.name("users", limit=128)
        sms = self._sms() if settings.mfa.sms else None
        return cognito.UserPool(
            f"{self._name}-users",
            name=physical,
            username_attributes=["email"],
            username_configuration={"case_sensitive": settings.case_sensitive},
            auto_verified_attributes=["email"],
            user_attribute_update_settings={"attributes_require_verification_before_updates": ["email"]},
            account_recovery_setting={"recovery_mechanisms": [{"name": "verified_email", "priority": 1}]},
            admin_create_user_config={"allow_admin_create_user_only": True},
            mfa_configuration="ON" if settings.mfa.required else "OPTIONAL",
            software_token_mfa_configuration={"enabled": True} if settings.mfa.totp else None,
            sms_configuration=sms,
            password_policy={
                "minimum_length": settings.password.min_length,
                "require_lowercase": True,
                "require_uppercase": True,
                "require_numbers": True,
                "require_symbols": True,
                "temporary_password_validity_days": settings.password.temporary_days,
                "password_history_size": settings.password.history or None,
            },
            schemas=_schemas(settings),
            device_configuration=_devices(settings.devices),
            email_configuration=_email(settings),
            user_pool_tier=settings.plan.value,
            user_pool_add_ons={"advanced_security_mode": settings.threat_protection.value},
            deletion_protection="ACTIVE",
            tags=scope.tagged(DataClass.PHI, physical),
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect),
        )

    def _sms(self) -> cognito.UserPoolSmsConfigurationArgsDict:
        """The role Cognito sends text messages with; only a caller that knows the external id may take it (MSP-N11)."""
        from pulumi_aws import iam

        scope, child = self._args.scope, pulumi.ResourceOptions(parent=self)
        physical = scope.name("users-sms", limit=64)
        trusted: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Service": "cognito-idp.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": physical, "aws:SourceAccount": scope.account_id},
                "ArnLike": {"aws:SourceArn": scope.arn("cognito-idp", "userpool/*")},
            },
        }
        role = iam.Role(
            f"{self._name}-sms",
            name=physical,
            description="Lets Cognito send sign-in codes as text messages",
            assume_role_policy=document(trusted),
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        policy = iam.RolePolicy(
            f"{self._name}-sms-policy",
            name="send",
            role=role.name,
            policy=document(
                allow("SendTextMessages", ["sns:Publish"], ["*"]),  # a telephone number has no ARN
                {"Sid": "NoTopics", "Effect": "Deny", "Action": "sns:Publish", "Resource": "arn:aws:sns:*:*:*"},
            ),
            opts=child,
        )
        return {
            "external_id": physical,
            "sns_caller_arn": pulumi.Output.all(role.arn, policy.id).apply(lambda parts: str(parts[0])),
            "sns_region": scope.region,
        }

    def _client(self, pool: cognito.UserPool) -> cognito.UserPoolClient:
        from pulumi_aws import cognito

        scope, settings = self._args.scope, self._args.settings
        tokens = settings.client.tokens
        return cognito.UserPoolClient(
            f"{self._name}-client",
            name=scope.name("frontend", limit=128),
            user_pool_id=pool.id,
            generate_secret=False,
            explicit_auth_flows=[*(_FLOWS[flow] for flow in settings.client.flows), _REFRESH],
            supported_identity_providers=["COGNITO"],
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            auth_session_validity=tokens.sign_in_minutes,
            access_token_validity=tokens.access_minutes,
            id_token_validity=tokens.id_minutes,
            refresh_token_validity=tokens.refresh_days,
            token_validity_units={"access_token": "minutes", "id_token": "minutes", "refresh_token": "days"},
            read_attributes=settings.readable,
            write_attributes=sorted(settings.client.writable_attributes),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _identity_pool(self, pool: cognito.UserPool, client: cognito.UserPoolClient) -> pulumi.Output[str]:
        from pulumi_aws import cognito, iam

        child, scope = pulumi.ResourceOptions(parent=self), self._args.scope
        physical = scope.name("identities", limit=128)
        identities = cognito.IdentityPool(
            f"{self._name}-identities",
            identity_pool_name=physical,
            allow_unauthenticated_identities=False,
            allow_classic_flow=False,
            cognito_identity_providers=[
                {"client_id": client.id, "provider_name": pool.endpoint, "server_side_token_check": True}
            ],
            tags=scope.tagged(DataClass.PHI, physical),
            opts=child,
        )
        role_name = scope.name("users", limit=64)
        role = iam.Role(
            f"{self._name}-authenticated",
            name=role_name,
            description="What a signed-in user may do in AWS: keep objects",
            assume_role_policy=_authenticated_trust(identities.id),
            max_session_duration=_SESSION_SECONDS,
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.PHI, role_name),
            opts=child,
        )
        policy = iam.RolePolicy(
            f"{self._name}-objects",
            name="objects",
            role=role.name,
            policy=document(*_objects(self._args)),
            opts=child,
        )
        attached = cognito.IdentityPoolRoleAttachment(
            f"{self._name}-roles",
            identity_pool_id=identities.id,
            roles={"authenticated": role.arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        return attached.identity_pool_id


def _schemas(settings: DirectorySettings) -> list[cognito.UserPoolSchemaArgsDict]:
    """Custom attributes; every constraint is given, because Cognito answers with all of them."""
    return [
        {
            "name": name,
            "attribute_data_type": "String",
            "developer_only_attribute": False,
            "mutable": attribute.mutable,
            "required": False,  # Cognito refuses required custom attributes
            "string_attribute_constraints": {
                "min_length": str(attribute.min_length),
                "max_length": str(attribute.max_length),
            },
        }
        for name, attribute in settings.attributes.items()
    ]


def _devices(tracking: DeviceTracking) -> cognito.UserPoolDeviceConfigurationArgsDict | None:
    """Remembered devices; `challenge_required_on_new_device` would let one of them replace the second factor."""
    if tracking is DeviceTracking.NONE:
        return None
    return {
        "challenge_required_on_new_device": False,
        "device_only_remembered_on_user_prompt": tracking is DeviceTracking.ASK,
    }


def _email(settings: DirectorySettings) -> cognito.UserPoolEmailConfigurationArgsDict:
    email = settings.email
    if email is None:
        return {"email_sending_account": "COGNITO_DEFAULT"}
    found: cognito.UserPoolEmailConfigurationArgsDict = {
        "email_sending_account": "DEVELOPER",
        "from_email_address": email.from_address,
        "source_arn": email.identity_arn,
    }
    if email.reply_to is not None:
        found["reply_to_email_address"] = email.reply_to
    return found


def _authenticated_trust(identity_pool_id: pulumi.Output[str]) -> pulumi.Output[str]:
    """Trust in tokens of this identity pool for signed-in users; its id is AWS's choice, so known late."""
    return pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {"cognito-identity.amazonaws.com:aud": identity_pool_id},
                        "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
                    },
                }
            ],
        }
    )


def _objects(args: DirectoryArgs) -> list[Statement]:
    """Objects under the user's own prefix; the whole bucket where the settings say so in as many words (MSP-N07)."""
    buckets = args.buckets
    statements: list[Statement] = []
    own = [bucket_arn(b.name) for b in buckets.values() if b.reach is BucketReach.OWN_PREFIX]
    whole = [bucket_arn(b.name) for b in buckets.values() if b.reach is BucketReach.WHOLE_BUCKET]
    if own:
        statements.append(allow("OwnObjects", _OBJECT_ACTIONS, [f"{arn}/{OWN_PREFIX}*" for arn in own]))
        statements.append(
            allow("ListOwnObjects", ["s3:ListBucket"], own, StringLike={"s3:prefix": [OWN_PREFIX, f"{OWN_PREFIX}*"]})
        )
    if whole:
        statements.append(allow("AllObjects", _OBJECT_ACTIONS, [f"{arn}/*" for arn in whole]))
        statements.append(allow("ListAllObjects", ["s3:ListBucket"], whole))
    if any(bucket.customer_key for bucket in buckets.values()):
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        statements.append(use_keys("UseObjectKeys", args.scope, actions, "s3", aliases=args.key_aliases))
    return statements
