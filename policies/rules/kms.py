"""AWS KMS: keys rotate, are hard to lose, and answer to the account only."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..documents import public
from ..graph import Resource
from ..rule import Severity, resource_rule

KEY = "aws:kms/key:Key"
REPLICA = "aws:kms/replicaKey:ReplicaKey"
GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide/"
SHORTEST_WINDOW = 30


@resource_rule(
    "kms-rotation",
    types=(KEY,),
    title="Keys rotate",
    severity=Severity.MEDIUM,
    remedy="Set enableKeyRotation: true.",
    url=GUIDE + "rotate-keys.html",
)
def rotation(resource: Resource, config: Config) -> Iterator[str]:
    symmetric = resource.text("customerMasterKeySpec") in (None, "SYMMETRIC_DEFAULT")
    if symmetric and resource.flag("enableKeyRotation") is not True:
        yield "enableKeyRotation must be true."


@resource_rule(
    "kms-deletion-window",
    types=(KEY, REPLICA),
    title="Keys can be rescued for 30 days",
    severity=Severity.HIGH,
    remedy="Set deletionWindowInDays: 30.",
    url=GUIDE + "deleting-keys.html",
)
def deletion_window(resource: Resource, config: Config) -> Iterator[str]:
    days = resource.number("deletionWindowInDays")
    if days is not None and days < SHORTEST_WINDOW:
        yield f"deletionWindowInDays: expected {SHORTEST_WINDOW}, found {days:g}; data without its key is lost."


@resource_rule(
    "kms-policy-no-wildcard",
    types=(KEY, "aws:kms/keyPolicy:KeyPolicy", REPLICA),
    title="Key policies let no stranger in",
    severity=Severity.CRITICAL,
    remedy="Name the principal, or bind the statement to your account by kms:CallerAccount.",
    url=GUIDE + "key-policies.html",
)
def policy_no_wildcard(resource: Resource, config: Config) -> Iterator[str]:
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone use the key."


@resource_rule(
    "kms-no-lockout-bypass",
    types=(KEY, REPLICA),
    title="Keys cannot lock their owner out",
    severity=Severity.HIGH,
    remedy="Remove bypassPolicyLockoutSafetyCheck.",
    url=GUIDE + "key-policy-default.html",
)
def no_lockout_bypass(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("bypassPolicyLockoutSafetyCheck"):
        yield "bypassPolicyLockoutSafetyCheck is true."
