"""AWS CloudTrail: the audit trail is encrypted, provable and watched."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..graph import Resource
from ..rule import Severity, resource_rule

TRAIL = "aws:cloudtrail/trail:Trail"
GUIDE = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/"


@resource_rule(
    "cloudtrail-cmk",
    types=(TRAIL,),
    title="Audit logs are encrypted with a customer key",
    severity=Severity.HIGH,
    remedy="Set kmsKeyId.",
    url=GUIDE + "encrypting-cloudtrail-log-files-with-aws-kms.html",
)
def cmk(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("kmsKeyId"):
        yield "kmsKeyId is not set."


@resource_rule(
    "cloudtrail-validation",
    types=(TRAIL,),
    title="Audit logs can be proven untouched",
    severity=Severity.HIGH,
    remedy="Set enableLogFileValidation: true.",
    url=GUIDE + "cloudtrail-log-file-validation-intro.html",
)
def validation(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("enableLogFileValidation") is not True:
        yield "enableLogFileValidation must be true."


@resource_rule(
    "cloudtrail-cloudwatch",
    types=(TRAIL,),
    title="Audit logs can raise alarms",
    severity=Severity.MEDIUM,
    remedy="Set cloudWatchLogsGroupArn and cloudWatchLogsRoleArn.",
    url=GUIDE + "send-cloudtrail-events-to-cloudwatch-logs.html",
)
def cloudwatch(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("cloudWatchLogsGroupArn", "cloudWatchLogsRoleArn"):
        if not resource.has(name):
            yield f"{name} is not set."
