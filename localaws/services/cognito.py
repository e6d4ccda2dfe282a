"""Cognito: user pools, their clients, identity pools."""

from __future__ import annotations

from typing import Any, ClassVar

from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import camel, pascal


@register
class UserPool(Shadowed):
    type = "aws:cognito/userPool:UserPool"
    inputs = frozenset(
        {"name", "usernameAttributes", "usernameConfiguration", "autoVerifiedAttributes", "userAttributeUpdateSettings",
         "accountRecoverySetting", "adminCreateUserConfig", "mfaConfiguration", "softwareTokenMfaConfiguration",
         "smsConfiguration", "passwordPolicy", "schemas", "deviceConfiguration", "emailConfiguration", "userPoolTier",
         "userPoolAddOns", "deletionProtection", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"name", "usernameAttributes", "usernameConfiguration"})
    autoname = "name"
    cloudformation = "AWS::Cognito::UserPool"
    renames: ClassVar[dict[str, str]] = {
        "name": "UserPoolName", "schemas": "Schema", "softwareTokenMfaConfiguration": "-", "tags": "-",
    }  # fmt: skip

    def make(self, call: Call, inputs: Props) -> str:
        client = call.client("cognito-idp")
        once: Props = {"Schema": [_attribute(schema) for schema in inputs.get("schemas") or []]}
        if inputs.get("usernameAttributes"):
            once["UsernameAttributes"] = inputs["usernameAttributes"]
        if inputs.get("usernameConfiguration"):
            once["UsernameConfiguration"] = pascal(inputs["usernameConfiguration"])
        if not once["Schema"]:
            del once["Schema"]
        pool = client.create_user_pool(PoolName=inputs["name"], **_pool(inputs), **once)["UserPool"]["Id"]
        self._factors(call, pool, inputs)
        return pool

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        client = call.client("cognito-idp")
        pool = client.describe_user_pool(UserPoolId=id)["UserPool"]
        factors = client.get_user_pool_mfa_config(UserPoolId=id)
        return {
            "name": pool["Name"],
            "usernameAttributes": pool.get("UsernameAttributes"),
            "autoVerifiedAttributes": pool.get("AutoVerifiedAttributes"),
            "adminCreateUserConfig": {
                "allowAdminCreateUserOnly": pool.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly")
            },
            "passwordPolicy": camel(pool.get("Policies", {}).get("PasswordPolicy")),
            "mfaConfiguration": factors.get("MfaConfiguration"),
            "softwareTokenMfaConfiguration": camel(factors.get("SoftwareTokenMfaConfiguration")),
            "userPoolTier": pool.get("UserPoolTier"),
            "deletionProtection": pool.get("DeletionProtection"),
            "arn": pool["Arn"],
            "endpoint": f"cognito-idp.{call.region}.amazonaws.com/{id}",
            "estimatedNumberOfUsers": pool.get("EstimatedNumberOfUsers"),
            "tags": pool.get("UserPoolTags") or {},
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        before = {schema["name"]: schema for schema in old.get("schemas") or []}
        after = {schema["name"]: schema for schema in new.get("schemas") or []}
        if any(after.get(name) != schema for name, schema in before.items()):
            refuse("UpdateUserPool", "InvalidParameterException", "cannot modify or remove schema items")
        added = [_attribute(schema) for name, schema in after.items() if name not in before]
        client = call.client("cognito-idp")
        if added:
            client.add_custom_attributes(UserPoolId=id, CustomAttributes=added)
        client.update_user_pool(UserPoolId=id, **_pool(new))
        self._factors(call, id, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        client = call.client("cognito-idp")
        if client.describe_user_pool(UserPoolId=id)["UserPool"].get("DeletionProtection") == "ACTIVE":
            message = "The user pool cannot be deleted because deletion protection is activated. Deactivate it first."
            refuse("DeleteUserPool", "InvalidParameterException", message)
        client.delete_user_pool(UserPoolId=id)

    def _factors(self, call: Call, id: str, inputs: Props) -> None:
        factors: Props = {"MfaConfiguration": inputs.get("mfaConfiguration") or "OFF"}
        if inputs.get("softwareTokenMfaConfiguration"):
            factors["SoftwareTokenMfaConfiguration"] = pascal(inputs["softwareTokenMfaConfiguration"])
        if inputs.get("smsConfiguration"):
            factors["SmsMfaConfiguration"] = {"SmsConfiguration": pascal(inputs["smsConfiguration"])}
        call.client("cognito-idp").set_user_pool_mfa_config(UserPoolId=id, **factors)


def _attribute(schema: Props) -> Props:
    return pascal(schema)


def _pool(inputs: Props) -> Props:
    """What CreateUserPool and UpdateUserPool both take; what an update leaves out goes back to its default."""
    wire: Props = {"UserPoolTags": inputs["tags"]}
    for name in ("autoVerifiedAttributes", "mfaConfiguration", "deletionProtection", "userPoolTier"):
        if inputs.get(name):
            wire[pascal(name)] = inputs[name]
    for name in ("adminCreateUserConfig", "accountRecoverySetting", "deviceConfiguration", "smsConfiguration",
                 "userPoolAddOns"):  # fmt: skip
        if inputs.get(name):
            wire[pascal(name)] = pascal(inputs[name])
    if inputs.get("passwordPolicy"):
        wire["Policies"] = {"PasswordPolicy": pascal(inputs["passwordPolicy"])}
    if inputs.get("emailConfiguration"):
        email = pascal(inputs["emailConfiguration"])
        wire["EmailConfiguration"] = {("From" if name == "FromEmailAddress" else name): email[name] for name in email}
    if inputs.get("userAttributeUpdateSettings"):
        verified = inputs["userAttributeUpdateSettings"]["attributesRequireVerificationBeforeUpdates"]
        wire["UserAttributeUpdateSettings"] = {"AttributesRequireVerificationBeforeUpdate": verified}
    return wire


@register
class UserPoolClient(Shadowed):
    type = "aws:cognito/userPoolClient:UserPoolClient"
    WIRE = (
        "explicitAuthFlows", "supportedIdentityProviders", "preventUserExistenceErrors", "enableTokenRevocation",
        "authSessionValidity", "accessTokenValidity", "idTokenValidity", "refreshTokenValidity", "readAttributes",
        "writeAttributes",
    )  # fmt: skip
    inputs = frozenset({*WIRE, "name", "userPoolId", "generateSecret", "tokenValidityUnits"})
    replace_on = frozenset({"userPoolId", "generateSecret"})
    left_to_aws = frozenset({*WIRE, "tokenValidityUnits"})
    autoname = "name"
    cloudformation = "AWS::Cognito::UserPoolClient"
    renames: ClassVar[dict[str, str]] = {"name": "ClientName"}
    secret = frozenset({"clientSecret"})

    def make(self, call: Call, inputs: Props) -> str:
        made = call.client("cognito-idp").create_user_pool_client(
            UserPoolId=inputs["userPoolId"], GenerateSecret=bool(inputs.get("generateSecret")), **self._wire(inputs)
        )
        return made["UserPoolClient"]["ClientId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        if not known and "/" in id:  # as it is imported
            pool, client = id.split("/")
            live = super().read(call, client, {"userPoolId": pool})
            return None if live is None else {**live, "id": client}
        return super().read(call, id, known)

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("cognito-idp").describe_user_pool_client(UserPoolId=kept["userPoolId"], ClientId=id)
        client = found["UserPoolClient"]
        live = {name: client[pascal(name)] for name in self.WIRE if pascal(name) in client}
        return {
            **live,
            "name": client["ClientName"],
            "userPoolId": client["UserPoolId"],
            "tokenValidityUnits": camel(client.get("TokenValidityUnits")),
            "clientSecret": client.get("ClientSecret"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("cognito-idp").update_user_pool_client(UserPoolId=new["userPoolId"], ClientId=id, **self._wire(new))

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("cognito-idp").delete_user_pool_client(UserPoolId=known["userPoolId"], ClientId=id)

    def _wire(self, inputs: Props) -> Props:
        wire: Props = {pascal(name): inputs[name] for name in self.WIRE if inputs.get(name) is not None}
        if inputs.get("tokenValidityUnits"):
            wire["TokenValidityUnits"] = pascal(inputs["tokenValidityUnits"])
        return {**wire, "ClientName": inputs["name"]}


@register
class IdentityPool(Shadowed):
    type = "aws:cognito/identityPool:IdentityPool"
    inputs = frozenset(
        {"identityPoolName", "allowUnauthenticatedIdentities", "allowClassicFlow", "cognitoIdentityProviders", "tags"}
    )
    cloudformation = "AWS::Cognito::IdentityPool"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        return call.client("cognito-identity").create_identity_pool(
            **self._wire(inputs), IdentityPoolTags=inputs["tags"]
        )["IdentityPoolId"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        pool = call.client("cognito-identity").describe_identity_pool(IdentityPoolId=id)
        return {
            "allowUnauthenticatedIdentities": pool["AllowUnauthenticatedIdentities"],
            "cognitoIdentityProviders": camel(pool.get("CognitoIdentityProviders")),
            "identityPoolName": kept.get("identityPoolName") or pool["IdentityPoolName"],  # moto never renames
            "arn": f"arn:aws:cognito-identity:{call.region}:{call.account_id}:identitypool/{id}",
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("cognito-identity").update_identity_pool(
            IdentityPoolId=id, **self._wire(new), IdentityPoolTags=new["tags"]
        )

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("cognito-identity").delete_identity_pool(IdentityPoolId=id)

    def _wire(self, inputs: Props) -> Props:
        providers: list[Any] = pascal(inputs.get("cognitoIdentityProviders") or [])
        return {
            "IdentityPoolName": inputs["identityPoolName"],
            "AllowUnauthenticatedIdentities": bool(inputs.get("allowUnauthenticatedIdentities")),
            "AllowClassicFlow": bool(inputs.get("allowClassicFlow")),
            "CognitoIdentityProviders": providers,
        }


@register
class IdentityPoolRoleAttachment(Emulated):
    type = "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment"
    inputs = frozenset({"identityPoolId", "roles", "roleMappings"})
    replace_on = frozenset({"identityPoolId"})
    cloudformation = "AWS::Cognito::IdentityPoolRoleAttachment"
    renames: ClassVar[dict[str, str]] = {"roles": "-", "roleMappings": "-"}

    def identify(self, call: Call, inputs: Props) -> str:
        return inputs["identityPoolId"]
