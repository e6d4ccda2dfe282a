"""Settings of the user directory: who may sign in, how, and which of their own files they reach."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import EmailAddress, Section
from settings.storage import BucketPurpose

_LONGEST_VALUE = 2048

AttributeName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,19}$", examples=["organizationId"])]
"""Name of a custom attribute, without its `custom:`; at most 20 characters."""


class FeaturePlan(StrEnum):
    """Feature plan of the user pool; decides its price and what it offers."""

    LITE = "LITE"
    ESSENTIALS = "ESSENTIALS"
    PLUS = "PLUS"


class ThreatProtection(StrEnum):
    """What Cognito does about compromised passwords and unusual sign-ins."""

    OFF = "OFF"
    AUDIT = "AUDIT"
    ENFORCED = "ENFORCED"


class Flow(StrEnum):
    """How a client proves a password: sent over TLS, or by Secure Remote Password, which never sends it."""

    USER_PASSWORD = "user-password"  # noqa: S105  the name of a flow
    USER_SRP = "user-srp"


class DeviceTracking(StrEnum):
    """Whether Cognito remembers the devices of a user; a remembered one never replaces the second factor."""

    NONE = "none"
    ASK = "ask"
    ALWAYS = "always"


class BucketReach(StrEnum):
    """What of a bucket a signed-in user reaches."""

    OWN_PREFIX = "own-prefix"
    WHOLE_BUCKET = "whole-bucket"


class StandardAttribute(StrEnum):
    """Attributes every user pool has (OpenID Connect Core 1.0, section 5.1)."""

    ADDRESS = "address"
    BIRTHDATE = "birthdate"
    EMAIL = "email"
    EMAIL_VERIFIED = "email_verified"
    FAMILY_NAME = "family_name"
    GENDER = "gender"
    GIVEN_NAME = "given_name"
    LOCALE = "locale"
    MIDDLE_NAME = "middle_name"
    NAME = "name"
    NICKNAME = "nickname"
    PHONE_NUMBER = "phone_number"
    PHONE_NUMBER_VERIFIED = "phone_number_verified"
    PICTURE = "picture"
    PREFERRED_USERNAME = "preferred_username"
    PROFILE = "profile"
    UPDATED_AT = "updated_at"
    WEBSITE = "website"
    ZONEINFO = "zoneinfo"


_COGNITO_WRITES = (StandardAttribute.EMAIL_VERIFIED, StandardAttribute.PHONE_NUMBER_VERIFIED)
_READABLE = (
    StandardAttribute.EMAIL,
    StandardAttribute.EMAIL_VERIFIED,
    StandardAttribute.FAMILY_NAME,
    StandardAttribute.GIVEN_NAME,
    StandardAttribute.LOCALE,
    StandardAttribute.NAME,
    StandardAttribute.PHONE_NUMBER,
    StandardAttribute.PHONE_NUMBER_VERIFIED,
    StandardAttribute.ZONEINFO,
)
_WRITABLE = (
    "email",
    "family_name",
    "given_name",
    "locale",
    "name",
    "phone_number",
    "zoneinfo",
)


class PasswordSettings(Section):
    """Passwords: upper case, lower case, number and symbol always (MSP-IAM-03)."""

    min_length: Annotated[int, Field(ge=12, le=99)] = 12
    """Least number of characters."""
    history: Annotated[int, Field(ge=0, le=24)] = 0
    """Former passwords that cannot be used again; more than 0 needs plan ESSENTIALS or PLUS."""
    temporary_days: Annotated[int, Field(ge=1, le=90)] = 7
    """Days the temporary password of an invitation is good for."""


class MfaSettings(Section):
    """Second factor at sign-in (MSP-IAM-02)."""

    required: bool = True
    """Whether every user needs one; production always does."""
    totp: bool = True
    """Whether an authenticator application counts."""
    sms: bool = False
    """Whether a text message counts. Cognito then gets a role for SNS; the account must have left SNS's SMS sandbox,
    or only verified numbers receive anything (MSP-N11)."""

    @model_validator(mode="after")
    def _a_factor(self) -> Self:
        if not (self.totp or self.sms):
            raise ValueError("totp, sms: expected one of them true, as users need a second factor")
        return self


class AttributeSettings(Section):
    """A custom attribute, text. It can never be removed or renamed, nor its lengths changed (MSP-N10)."""

    min_length: Annotated[int, Field(ge=0, le=_LONGEST_VALUE)] = 1
    """Least number of characters."""
    max_length: Annotated[int, Field(ge=1, le=_LONGEST_VALUE)] = 64
    """Most characters."""
    mutable: bool = True
    """Whether administrators can change it once it is set."""
    protected: bool = True
    """Whether applications are kept from writing it on behalf of a user: true for all that gives rights (MSP-N10)."""
    values: tuple[Annotated[str, Field(min_length=1, max_length=_LONGEST_VALUE)], ...] = ()
    """Values it may have, for the commands that create users; Cognito itself takes any. Empty: any."""

    @model_validator(mode="after")
    def _lengths(self) -> Self:
        if self.min_length > self.max_length:
            raise ValueError(f"min_length: expected max_length ({self.max_length}) or less, found {self.min_length}")
        for value in self.values:
            if not self.min_length <= len(value) <= self.max_length:
                raise ValueError(
                    f"values: expected texts of {self.min_length} to {self.max_length} characters, found {value}"
                )
        return self


class TokenSettings(Section):
    """How long a sign-in lasts (MSP-IAM-07)."""

    access_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """Minutes an access token is good for."""
    id_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """Minutes an ID token is good for."""
    refresh_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days until a user must sign in again."""
    sign_in_minutes: Annotated[int, Field(ge=3, le=15)] = 3
    """Minutes a user has for the steps of one sign-in."""


class ClientSettings(Section):
    """The application that signs users in: a public one without secret, as code in a browser keeps none."""

    flows: Annotated[tuple[Flow, ...], Field(min_length=1)] = (Flow.USER_PASSWORD, Flow.USER_SRP)
    """Ways to prove a password, `user-password` and `user-srp` (MSP-IAM-06)."""
    tokens: TokenSettings = TokenSettings()
    """Lifetimes."""
    readable_attributes: tuple[StandardAttribute, ...] = _READABLE
    """Standard attributes in the ID token and in a user's own profile; custom attributes always are."""
    writable_attributes: tuple[Annotated[str, Field(pattern=r"^(custom:)?[A-Za-z][A-Za-z0-9_-]*$")], ...] = _WRITABLE
    """Everything a user may change of his own profile; never a protected attribute (MSP-N10)."""


class IdentityPoolSettings(Section):
    """AWS credentials for signed-in users, to keep objects in buckets from the browser (MSP-IAM-08, MSP-IAM-09)."""

    buckets: dict[BucketPurpose, BucketReach] = Field(min_length=1)
    """Bucket → `own-prefix`: objects below the user's identity id; or `whole-bucket`: everything, of every user
    (MSP-N07)."""


class EmailSettings(Section):
    """Invitations and codes sent through Amazon SES. Without it Cognito sends them itself, at most 50 a day."""

    from_address: EmailAddress
    """Sender; of a verified SES identity."""
    identity_arn: Annotated[str, Field(pattern=r"^arn:aws:ses:[a-z0-9-]+:\d{12}:identity/\S+$")]
    """ARN of that identity."""
    reply_to: EmailAddress | None = None
    """Where answers go."""

    @property
    def region(self) -> str:
        """The region mail is sent from."""
        return self.identity_arn.split(":")[3]


class DirectorySettings(Section):
    """Cognito user pool: sign-in by e-mail, accounts made by administrators only (MSP-IAM-01 to 09)."""

    plan: FeaturePlan = FeaturePlan.ESSENTIALS
    """Feature plan: `LITE`, `ESSENTIALS` or `PLUS`; threat protection needs PLUS."""
    threat_protection: ThreatProtection = ThreatProtection.OFF
    """`OFF`, `AUDIT` (logged) or `ENFORCED` (acted upon)."""
    password: PasswordSettings = PasswordSettings()
    """Password policy."""
    mfa: MfaSettings = MfaSettings()
    """Second factor."""
    attributes: dict[AttributeName, AttributeSettings] = Field(default_factory=dict, max_length=50)
    """Name → custom attribute (MSP-IAM-05); Cognito puts `custom:` before the name."""
    case_sensitive: bool = False
    """Whether `A@example.org` and `a@example.org` are two users. Fixed when the pool is created."""
    devices: DeviceTracking = DeviceTracking.NONE
    """Whether devices are remembered: `none`, `ask` the user, or `always`."""
    client: ClientSettings = ClientSettings()
    """The application."""
    identity_pool: IdentityPoolSettings | None = None
    """AWS credentials for users; absent: none."""
    email: EmailSettings | None = None
    """Sender of mail; absent: Cognito's own."""
    web_acl: bool = True
    """Whether the firewall of the API stands in front of sign-in too, when there is one."""

    @property
    def readable(self) -> list[str]:
        """Every attribute the application reads."""
        return sorted({*self.client.readable_attributes, *(f"custom:{name}" for name in self.attributes)})

    @model_validator(mode="after")
    def _plans(self) -> Self:
        if self.threat_protection is not ThreatProtection.OFF and self.plan is not FeaturePlan.PLUS:
            raise ValueError(f"plan: expected PLUS, which threat_protection needs, found {self.plan}")
        if self.password.history and self.plan is FeaturePlan.LITE:
            raise ValueError("plan: expected ESSENTIALS or PLUS, which password.history needs, found LITE")
        return self

    @model_validator(mode="after")
    def _only_harmless_writes(self) -> Self:
        problems: list[str] = []
        for name in self.client.writable_attributes:
            own = self.attributes.get(name.removeprefix("custom:")) if name.startswith("custom:") else None
            if own is None and (name not in list(StandardAttribute) or name in _COGNITO_WRITES):
                problems.append(f"client.writable_attributes: expected attributes a client can write, found {name}")
            elif own is not None and own.protected:
                problems.append(
                    "client.writable_attributes: expected no protected attribute, with which a user could give himself "
                    f"rights, found {name}"
                )
            elif own is not None and not own.mutable:
                problems.append(f"client.writable_attributes: expected mutable attributes, found {name}")
        if problems:
            raise ValueError("; ".join(problems))
        return self
