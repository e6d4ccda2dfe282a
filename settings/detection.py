"""Settings of the services that look for intruders and for safeguards that went missing; all of the account."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from settings.base import Section


class GuardDutyFeature(StrEnum):
    """Protection plans of GuardDuty (API reference: DetectorFeatureConfiguration)."""

    S3 = "S3_DATA_EVENTS"
    MALWARE = "EBS_MALWARE_PROTECTION"
    LOGINS = "RDS_LOGIN_EVENTS"
    FUNCTIONS = "LAMBDA_NETWORK_LOGS"
    RUNTIME = "RUNTIME_MONITORING"
    KUBERNETES = "EKS_AUDIT_LOGS"


class PublishingFrequency(StrEnum):
    """How often GuardDuty repeats a finding that goes on."""

    QUARTER_HOUR = "FIFTEEN_MINUTES"
    HOUR = "ONE_HOUR"
    SIX_HOURS = "SIX_HOURS"


class GuardDutySettings(Section):
    """Amazon GuardDuty (BER-OBS-13; 45 CFR 164.308(a)(1)(ii)(D))."""

    existing: bool = False
    """Whether the account has a detector already; this stack then only passes its findings on."""
    features: tuple[GuardDutyFeature, ...] = (
        GuardDutyFeature.S3,
        GuardDutyFeature.MALWARE,
        GuardDutyFeature.LOGINS,
        GuardDutyFeature.FUNCTIONS,
        GuardDutyFeature.RUNTIME,
    )
    """Protection plans that are on; the others are off."""
    frequency: PublishingFrequency = PublishingFrequency.QUARTER_HOUR
    """How often a finding that goes on is repeated."""
    severity: Annotated[float, Field(ge=1, le=10)] = 4
    """Findings of this severity or above are passed on: 1 low, 4 medium, 7 high, 9 critical."""


class RecordingFrequency(StrEnum):
    """When AWS Config records a change."""

    CONTINUOUS = "CONTINUOUS"
    DAILY = "DAILY"


ConfigRuleName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{2,127}$", examples=["RDS_STORAGE_ENCRYPTED"])]
"""Identifier of a managed rule of AWS Config."""

HIPAA_RULES: tuple[ConfigRuleName, ...] = (
    "CLOUD_TRAIL_ENABLED", "CLOUD_TRAIL_ENCRYPTION_ENABLED", "CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED",
    "CMK_BACKING_KEY_ROTATION_ENABLED", "DB_INSTANCE_BACKUP_ENABLED", "ENCRYPTED_VOLUMES", "IAM_ROOT_ACCESS_KEY_CHECK",
    "INCOMING_SSH_DISABLED", "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS", "RDS_INSTANCE_PUBLIC_ACCESS_CHECK",
    "RDS_STORAGE_ENCRYPTED", "ROOT_ACCOUNT_MFA_ENABLED", "S3_BUCKET_PUBLIC_READ_PROHIBITED",
    "S3_BUCKET_PUBLIC_WRITE_PROHIBITED", "S3_BUCKET_SSL_REQUESTS_ONLY", "VPC_FLOW_LOGS_ENABLED",
)  # fmt: skip
"""Managed rules of the pack "Operational Best Practices for HIPAA Security" that the whole account must pass."""


class ConfigSettings(Section):
    """AWS Config: what changed when, and which safeguards are missing (BER-OBS-13; 45 CFR 164.308(a)(8))."""

    existing: bool = False
    """Whether the account records already in this region: it can have one recorder. The rules are still added."""
    frequency: RecordingFrequency = RecordingFrequency.CONTINUOUS
    """When changes are recorded; daily costs less."""
    rules: tuple[ConfigRuleName, ...] = HIPAA_RULES
    """Managed rules that are evaluated."""


class SecurityStandard(StrEnum):
    """Standards of Security Hub, by the end of their ARN."""

    FOUNDATIONAL = "aws-foundational-security-best-practices/v/1.0.0"
    NIST_800_53 = "nist-800-53/v/5.0.0"
    CIS = "cis-aws-foundations-benchmark/v/3.0.0"


class SecurityHubSettings(Section):
    """AWS Security Hub: the findings of the other services in one place; its controls need AWS Config."""

    existing: bool = False
    """Whether the account has it already; this stack then only adds the standards."""
    standards: tuple[SecurityStandard, ...] = (SecurityStandard.FOUNDATIONAL,)
    """Standards the account is judged by."""


class DetectionSettings(Section):
    """Services an account has once in a region; a second stack of the account says `existing: true` (BER-N24)."""

    guard_duty: GuardDutySettings | None = None
    """Threat detection; absent: none."""
    config: ConfigSettings | None = None
    """Record of changes and rules; absent: none."""
    security_hub: SecurityHubSettings | None = None
    """Findings in one place; absent: none."""
    access_analyzer: bool = False
    """Whether access to the account's resources from outside is reported (45 CFR 164.308(a)(4))."""
