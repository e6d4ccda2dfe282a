"""Do users sign in with a second factor, and is the API logged?"""

from __future__ import annotations

from collections.abc import Iterator

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen

POOL = "aws:cognito/userPool:UserPool"


@of(
    POOL,
    name="directory-mfa",
    requirements=("MSP-OPS-08", "MSP-IAM-03"),
    fix="`pulumi up --refresh` asks for the second factor again; see who has signed in without it.",
)
def _mfa(account: Account, pool: Resource) -> Iterator[Seen]:
    wanted = account.settings.directory
    if wanted is None:
        return
    live = account.ask("cognito-idp", "get_user_pool_mfa_config", UserPoolId=pool.id)
    yield seen("second factor", "ON" if wanted.mfa.required else "OPTIONAL", live.get("MfaConfiguration"))
    totp = bool(live.get("SoftwareTokenMfaConfiguration", {}).get("Enabled"))
    yield seen("one-time passwords", wanted.mfa.totp, totp)


@of(
    POOL,
    name="directory-settings",
    requirements=("MSP-OPS-08", "MSP-OPS-04", "MSP-IAM-02"),
    fix="`pulumi up --refresh` puts the directory right.",
)
def _pool(account: Account, pool: Resource) -> Iterator[Seen]:
    wanted = account.settings.directory
    if wanted is None:
        return
    live = account.ask("cognito-idp", "describe_user_pool", UserPoolId=pool.id)["UserPool"]
    password = live.get("Policies", {}).get("PasswordPolicy", {})
    yield seen("least length of passwords", wanted.password.min_length, password.get("MinimumLength"))
    yield seen("deletion protection", pool.inputs.get("deletionProtection"), live.get("DeletionProtection"))
    only = (pool.inputs.get("adminCreateUserConfig") or {}).get("allowAdminCreateUserOnly")
    if only is not None:
        found = live.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly")
        yield seen("only administrators make users", only, found)


@of(
    "aws:apigateway/stage:Stage",
    name="api-stage",
    requirements=("MSP-OPS-09", "MSP-OPS-10"),
    fix="`pulumi up --refresh` puts the stage right.",
)
def _stage(account: Account, stage: Resource) -> Iterator[Seen]:
    live = account.ask(
        "apigateway", "get_stage", restApiId=stage.inputs["restApi"], stageName=stage.inputs["stageName"]
    )
    wanted = (stage.inputs.get("accessLogSettings") or {}).get("destinationArn")
    yield seen("access log", wanted, live.get("accessLogSettings", {}).get("destinationArn"))


@of(
    "aws:apigateway/method:Method",
    name="api-authorized",
    requirements=("MSP-OPS-10",),
    fix="`pulumi up --refresh` asks for the token again; look into the access log for who called without.",
)
def _method(account: Account, method: Resource) -> Iterator[Seen]:
    live = account.ask(
        "apigateway", "get_method", restApiId=method.inputs["restApi"], resourceId=method.inputs["resourceId"],
        httpMethod=method.inputs["httpMethod"],
    )  # fmt: skip
    yield seen("who may call", method.inputs["authorization"], live["authorizationType"])
