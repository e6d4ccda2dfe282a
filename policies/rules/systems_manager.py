"""AWS Systems Manager: secret parameters are encrypted, sessions are recorded and end, documents stay private."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..config import Config
from ..credentials import SECRET_NAME, credentials, within
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, resource_rule, stack_rule
from ..values import View
from .jurisdiction import not_allowed

PARAMETER = "aws:ssm/parameter:Parameter"
DOCUMENT = "aws:ssm/document:Document"
GUIDE = "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
IDLE_MINUTES = 15


def _secret(resource: Resource) -> bool:
    return bool(SECRET_NAME.search((resource.text("name") or "").rpartition("/")[2]))


@resource_rule(
    "ssm-parameter-secure",
    types=PARAMETER,
    title="Secret parameters are encrypted with a customer key",
    severity=HIGH,
    remedy="Set type: SecureString and keyId.",
    url=GUIDE + "sysman-paramstore-securestring.html",
)
def parameter_secure(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("type") == "SecureString":
        if not resource.has("keyId"):
            yield "keyId is not set."
    elif _secret(resource):
        yield "type must be SecureString: the name says secret."


@resource_rule(
    "ssm-parameter-not-in-state",
    types=PARAMETER,
    title="Secret parameters stay out of the state",
    severity=HIGH,
    remedy="Use valueWo with valueWoVersion.",
    url=GUIDE + "sysman-paramstore-securestring.html",
)
def parameter_not_in_state(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("type") == "SecureString" or _secret(resource):
        for name in ("value", "insecureValue"):
            if resource.declares(name) and resource.has(name):
                yield f"{name} keeps the value in the state."


@resource_rule(
    "ssm-document-private",
    types=DOCUMENT,
    title="Documents are shared with trusted accounts only",
    severity=HIGH,
    remedy="Remove permissions, or name accounts of trustedAccounts.",
    url=GUIDE + "documents-ssm-sharing.html",
)
def document_private(resource: Resource, config: Config) -> Iterator[str]:
    accounts = (resource.text("permissions.account_ids") or "").replace(" ", "").split(",")
    for account in accounts:
        if account.lower() == "all":
            yield "permissions.account_ids: All makes the document public."
        elif account and account not in config.accounts | config.trusted_accounts:
            yield "permissions.account_ids: an account is not a trusted one."


def _session(resource: Resource) -> View | None:
    """`inputs` of a session document; None for other documents."""
    if resource.text("documentType") != "Session":
        return None
    return View(resource.document("content"), "content").view("inputs")


@resource_rule(
    "ssm-session-logged",
    types=DOCUMENT,
    title="Sessions are recorded, encrypted",
    severity=HIGH,
    remedy="Set inputs.cloudWatchLogGroupName with cloudWatchEncryptionEnabled (or the same of a bucket).",
    url=GUIDE + "session-manager-logging.html",
)
def session_logged(resource: Resource, config: Config) -> Iterator[str]:
    inputs = _session(resource)
    if inputs is None:
        return
    logs = inputs.has("cloudWatchLogGroupName") and inputs.flag("cloudWatchEncryptionEnabled") is not False
    bucket = inputs.has("s3BucketName") and inputs.flag("s3EncryptionEnabled") is not False
    if not logs and not bucket:
        yield "content.inputs records sessions neither to an encrypted log group nor to an encrypted bucket."
    if not inputs.has("kmsKeyId"):
        yield "content.inputs.kmsKeyId is not set: what is typed passes without a key of yours."


@resource_rule(
    "ssm-session-auto-logoff",
    types=DOCUMENT,
    title="Sessions end by themselves",
    severity=MEDIUM,
    remedy=f"Set inputs.idleSessionTimeout to {IDLE_MINUTES} or less, and maxSessionDuration.",
    url=GUIDE + "session-preferences-timeout.html",
)
def session_logoff(resource: Resource, config: Config) -> Iterator[str]:
    inputs = _session(resource)
    if inputs is None:
        return
    idle = inputs.number("idleSessionTimeout")
    if (20 if idle is None else idle) > IDLE_MINUTES:
        yield f"content.inputs.idleSessionTimeout must be {IDLE_MINUTES} or less."
    if not inputs.has("maxSessionDuration"):
        yield "content.inputs.maxSessionDuration is not set."


@resource_rule(
    "ssm-document-no-secrets",
    types=DOCUMENT,
    title="Documents hold no credential",
    severity=CRITICAL,
    remedy="Refer to a parameter: {{ssm-secure:NAME}}.",
    url=GUIDE + "documents-creating-content.html",
)
def document_no_secrets(resource: Resource, config: Config) -> Iterator[str]:
    content: Any = resource.get("content")
    found = {what for _, what in within(View({"content": content}))}
    if isinstance(content, str):
        found |= set(credentials(content))
    for what in sorted(found):
        yield f"content holds {what}."


@stack_rule(
    "ssm-patching-declared",
    title="Instances are patched by plan",
    severity=LOW,
    remedy="Add an Association of AWS-RunPatchBaseline, or a MaintenanceWindowTask.",
    url=GUIDE + "patch-manager.html",
)
def patching(stack: Stack, config: Config) -> Iterator[Finding]:
    launches = stack.of("aws:ec2/instance:Instance", "aws:ec2/launchTemplate:LaunchTemplate")
    plans = stack.of(
        "aws:ssm/patchBaseline:PatchBaseline",
        "aws:ssm/maintenanceWindowTask:MaintenanceWindowTask",
        "aws:ssm/association:Association",
    )
    if launches and not plans:
        yield Finding(launches[0], "no patch plan covers it.")


@resource_rule(
    "ssm-data-sync-in-jurisdiction",
    types="aws:ssm/resourceDataSync:ResourceDataSync",
    title="Inventories stay in the jurisdiction, encrypted",
    severity=HIGH,
    remedy="Set s3Destination.region to a region of the jurisdiction and kmsKeyArn.",
    url=GUIDE + "sysman-inventory-datasync.html",
)
def data_sync(resource: Resource, config: Config) -> Iterator[str]:
    region = resource.text("s3Destination.region")
    if region is not None and region not in config.regions:
        yield f"s3Destination.region: {not_allowed(region, config)}."
    if not resource.has("s3Destination.kmsKeyArn"):
        yield "s3Destination.kmsKeyArn is not set."
