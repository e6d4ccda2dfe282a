"""Honest verdicts: what could not be judged, what hides from judgement, what is excused."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..graph import Resource, Stack
from ..rule import EVERY, Finding, Severity, resource_rule, stack_rule

JUDGED = frozenset(
    {"kmsKeyId", "kmsKeyArn", "kmsMasterKeyId", "storageEncrypted", "publiclyAccessible", "policy", "ingress", "rules",
     "atRestEncryptionEnabled", "transitEncryptionEnabled", "deletionProtection", "region", "restrictions",
     "viewerCertificate", "blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}
)  # fmt: skip
WAIVERS = "https://www.pulumi.com/docs/iac/using-pulumi/crossguard/"


@stack_rule(
    "unverified-control-reported",
    title="What a preview cannot know is said",
    severity=Severity.MEDIUM,
    remedy="Build the value from names known in advance, or judge it after the update.",
    url=WAIVERS,
)
def unverified(stack: Stack, config: Config) -> Iterator[Finding]:
    """Filled by the frame, which knows which rules met unknown values."""
    yield from ()


@resource_rule(
    "ignore-changes-not-hiding-control",
    types=EVERY,
    title="Changes of safeguards are not ignored",
    severity=Severity.HIGH,
    remedy="Remove the property from ignoreChanges.",
    url="https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/",
)
def ignore_changes(resource: Resource, config: Config) -> Iterator[str]:
    hidden = sorted(
        name for name in resource.ignore_changes if name == "*" or name.split(".")[0].split("[")[0] in JUDGED
    )
    if hidden:
        yield f"ignoreChanges hides {', '.join(hidden)}, which rules of this pack judge."


@stack_rule(
    "exception-documented",
    title="Waivers are complete, valid and in use",
    severity=Severity.HIGH,
    remedy="Give the waiver rule, resource, reason, owner and until, or remove it.",
    url=WAIVERS,
)
def exception_documented(stack: Stack, config: Config) -> Iterator[Finding]:
    """Filled by the frame, which knows the waivers."""
    yield from ()
