"""Amazon Cognito: people prove who they are, sessions end, identities stay in the jurisdiction."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..config import Config
from ..expect import NOT_TRUE, TRUE, one_of
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule
from .jurisdiction import not_allowed, region_of_arn

POOL = "aws:cognito/userPool:UserPool"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
IDENTITIES = "aws:cognito/identityPool:IdentityPool"
RISKS = "aws:cognito/riskConfiguration:RiskConfiguration"
GUIDE = "https://docs.aws.amazon.com/cognito/latest/developerguide/"
SHORTEST_PASSWORD = 14
ACCESS_MINUTES = 60
REFRESH_HOURS = 24
PATIENT_REFRESH_HOURS = 30 * 24
_MINUTES = {"seconds": 1 / 60, "minutes": 1, "hours": 60, "days": 1440}
_CLINICAL = re.compile(r"(?i)health|diagnos|medicat|mrn|ohip|phn|condition|allerg|prescription|treatment|insurance")


def patients(resource: Resource) -> bool:
    """Whether a pool is tagged as one of patients (tag Audience); without the tag it is the workforce's."""
    return str(resource.tags().get("Audience", "")).lower() in ("patient", "patients", "public", "clients")


def _protected(resource: Resource) -> bool:
    return resource.text("userPoolAddOns.advancedSecurityMode") == "ENFORCED"


@resource_rule(
    "cognito-mfa",
    types=POOL,
    title="People sign in with a second factor",
    severity=HIGH,
    remedy="Set mfaConfiguration: ON (OPTIONAL for patients, with advancedSecurityMode ENFORCED).",
    url=GUIDE + "user-pool-settings-mfa.html",
)
def mfa(resource: Resource, config: Config) -> Iterator[str]:
    mode = resource.text("mfaConfiguration")
    optional = mode == "OPTIONAL" and patients(resource) and _protected(resource)
    if mode != "ON" and not optional:
        yield "mfaConfiguration must be ON."


@resource_rule(
    "cognito-mfa-not-sms-only",
    types=POOL,
    title="The second factor is not a text message alone",
    severity=MEDIUM,
    remedy="Set softwareTokenMfaConfiguration.enabled: true, or webAuthnConfiguration.",
    url=GUIDE + "user-pool-settings-mfa-totp.html",
)
def mfa_not_sms(resource: Resource, config: Config) -> Iterator[str]:
    asked = resource.text("mfaConfiguration") in ("ON", "OPTIONAL")
    strong = resource.flag("softwareTokenMfaConfiguration.enabled") or resource.has("webAuthnConfiguration")
    if asked and not strong:
        yield "softwareTokenMfaConfiguration.enabled must be true: text messages can be taken over."


@resource_rule(
    "cognito-password-policy",
    types=POOL,
    title="Passwords are long and mixed",
    severity=MEDIUM,
    remedy=f"Set passwordPolicy: {SHORTEST_PASSWORD} characters, every kind, temporaryPasswordValidityDays 7 at most.",
    url=GUIDE + "managing-users-passwords.html",
)
def password_policy(resource: Resource, config: Config) -> Iterator[str]:
    policy = resource.view("passwordPolicy")
    if (policy.number("minimumLength") or 8) < SHORTEST_PASSWORD:
        yield f"passwordPolicy.minimumLength must be {SHORTEST_PASSWORD} or more."
    for kind in ("Lowercase", "Numbers", "Symbols", "Uppercase"):
        if policy.flag(f"require{kind}") is not True:
            yield f"passwordPolicy.require{kind} must be true."
    if (policy.number("temporaryPasswordValidityDays") or 7) > 7:
        yield "passwordPolicy.temporaryPasswordValidityDays must be 7 or less."


@linked_rule(
    "cognito-threat-protection",
    types=POOL,
    title="Stolen passwords are refused",
    severity=HIGH,
    remedy="Set userPoolAddOns.advancedSecurityMode: ENFORCED; block compromised credentials by a RiskConfiguration.",
    url=GUIDE + "cognito-user-pool-settings-threat-protection.html",
)
def threat_protection(pool: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not _protected(pool):
        yield "userPoolAddOns.advancedSecurityMode must be ENFORCED."
    risks = stack.users(pool, RISKS, property="userPoolId")
    path = "compromisedCredentialsRiskConfiguration.actions.eventAction"
    if not any(each.text(path) == "BLOCK" for each in risks):
        yield "no RiskConfiguration blocks compromised credentials."


no_self_signup = requires(
    "cognito-no-self-signup",
    POOL,
    {"adminCreateUserConfig.allowAdminCreateUserOnly": TRUE},
    when=lambda resource, _: not patients(resource),
    title="Accounts of the workforce are made by its administrators",
    severity=HIGH,
    remedy="Set adminCreateUserConfig.allowAdminCreateUserOnly: true, or tag the pool Audience: patients.",
    url=GUIDE + "user-pool-settings-admin-create-user-policy.html",
)
no_guest = requires(
    "cognito-no-guest",
    IDENTITIES,
    {"allowUnauthenticatedIdentities": NOT_TRUE, "allowClassicFlow": NOT_TRUE},
    title="Nobody has rights without signing in",
    severity=CRITICAL,
    url=GUIDE + "identity-pools.html",
)
deletion_protection = requires(
    "cognito-deletion-protection",
    POOL,
    {"deletionProtection": one_of("ACTIVE")},
    title="User pools are protected against deletion",
    severity=HIGH,
    url=GUIDE + "user-pool-settings-deletion-protection.html",
)


@linked_rule(
    "cognito-session-lifetimes",
    types=CLIENT,
    title="Sessions end and can be ended",
    severity=MEDIUM,
    remedy="Set access and id tokens to 60 minutes, refresh tokens to 24 hours (30 days for patients), and revocation.",
    url=GUIDE + "amazon-cognito-user-pools-using-tokens-with-identity-providers.html",
)
def session_lifetimes(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    long = any(patients(pool) for pool in stack.targets(resource, "userPoolId", POOL))
    for name, unit, default, most in (
        ("accessTokenValidity", "accessToken", "hours", ACCESS_MINUTES),
        ("idTokenValidity", "idToken", "hours", ACCESS_MINUTES),
        ("refreshTokenValidity", "refreshToken", "days", 60 * (PATIENT_REFRESH_HOURS if long else REFRESH_HOURS)),
    ):
        value = resource.number(name)
        count = value if value is not None else (30 if unit == "refreshToken" else 1)
        minutes = count * _MINUTES.get(resource.text(f"tokenValidityUnits.{unit}") or default, 1440)
        if minutes > most:
            yield f"{name}: expected {most} minutes or less, found {minutes:g}."
    if resource.flag("enableTokenRevocation") is False:
        yield "enableTokenRevocation must not be false."


_PLAIN_FLOWS = {"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"}


@resource_rule(
    "cognito-client-safe-flows",
    types=CLIENT,
    title="Clients never see passwords, nor put tokens into addresses",
    severity=HIGH,
    remedy="Use ALLOW_USER_SRP_AUTH and the code grant, https callbacks, and preventUserExistenceErrors: ENABLED.",
    url=GUIDE + "authentication-flows-selection-sdk.html",
)
def safe_flows(resource: Resource, config: Config) -> Iterator[str]:
    plain = sorted(set(resource.texts("explicitAuthFlows")) & _PLAIN_FLOWS)
    if plain:
        yield f"explicitAuthFlows: {', '.join(plain)} sends the password itself."
    if "implicit" in resource.texts("allowedOauthFlows"):
        yield "allowedOauthFlows: implicit puts tokens into addresses."
    for url in resource.texts("callbackUrls"):
        if url.startswith("http://") and not url.startswith(("http://localhost", "http://127.0.0.1")):
            yield "callbackUrls: http sends the code in clear."
    if resource.text("preventUserExistenceErrors") != "ENABLED":
        yield "preventUserExistenceErrors must be ENABLED, or anyone can ask who is a user."


@linked_rule(
    "cognito-waf",
    types=POOL,
    title="A web ACL stands before sign-in",
    severity=LOW,
    remedy="Add a WebAclAssociation of the user pool.",
    url=GUIDE + "user-pool-waf.html",
)
def waf(pool: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not stack.users(pool, "aws:wafv2/webAclAssociation:WebAclAssociation", property="resourceArn"):
        yield "no WebAclAssociation names it."


@resource_rule(
    "cognito-messages-in-jurisdiction",
    types=POOL,
    title="Messages to people are sent from inside the jurisdiction",
    severity=HIGH,
    remedy="Set smsConfiguration.snsRegion and emailConfiguration.sourceArn to the jurisdiction.",
    url=GUIDE + "user-pool-email.html",
)
def messages(resource: Resource, config: Config) -> Iterator[str]:
    region = resource.text("smsConfiguration.snsRegion")
    if region is not None and region not in config.regions:
        yield f"smsConfiguration.snsRegion: {not_allowed(region, config)}."
    region = region_of_arn(resource.text("emailConfiguration.sourceArn") or "")
    if region and region not in config.regions:
        yield f"emailConfiguration.sourceArn: {not_allowed(region, config)}."


@linked_rule(
    "cognito-logs",
    types=POOL,
    title="Sign-ins are recorded",
    severity=LOW,
    remedy="Add a LogDeliveryConfiguration with eventSource userAuthEvents.",
    url=GUIDE + "exporting-quotas-and-usage.html",
)
def logs(pool: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not stack.users(pool, "aws:cognito/logDeliveryConfiguration:LogDeliveryConfiguration", property="userPoolId"):
        yield "no LogDeliveryConfiguration."


@resource_rule(
    "cognito-recovery-not-sms",
    types=POOL,
    title="Accounts are recovered by mail before text message",
    severity=LOW,
    remedy="Give verified_email priority 1 in accountRecoverySetting.",
    url=GUIDE + "managing-users-passwords.html",
)
def recovery(resource: Resource, config: Config) -> Iterator[str]:
    ways = {
        each.text("name"): each.number("priority") or 9
        for each in resource.views("accountRecoverySetting.recoveryMechanisms")
    }
    if "verified_phone_number" in ways and ways["verified_phone_number"] <= ways.get("verified_email", 9):
        yield "accountRecoverySetting prefers text messages."


@resource_rule(
    "cognito-no-clinical-attributes",
    types=POOL,
    title="Accounts hold no clinical facts",
    severity=MEDIUM,
    remedy="Keep them in the record store; tokens carry what is in the account.",
    url=GUIDE + "user-pool-settings-attributes.html",
)
def clinical_attributes(resource: Resource, config: Config) -> Iterator[str]:
    for schema in resource.views("schemas"):
        if _CLINICAL.search(schema.text("name") or ""):
            yield f"{schema.where('name')}: the attribute reads like a clinical fact."
