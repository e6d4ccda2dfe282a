"""Can every key still be used, and does it rotate?"""

from __future__ import annotations

from collections.abc import Iterator

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen
from operations.verify.documents import statements

KEY = "aws:kms/key:Key"


@of(
    KEY,
    name="key-enabled",
    requirements=("OMN-OPS-05", "OMN-OPS-07", "BER-OPS-08"),
    fix="`aws kms cancel-key-deletion`, then `aws kms enable-key`: without the key what it encrypts is lost.",
)
def _enabled(account: Account, key: Resource) -> Iterator[Seen]:
    live = account.ask("kms", "describe_key", region=account.region(key), KeyId=key.id)["KeyMetadata"]
    yield seen("state", "Enabled", live["KeyState"])


@of(
    KEY,
    name="key-rotation",
    requirements=("OMN-OPS-07", "BER-IAM-03"),
    fix="`pulumi up --refresh` switches rotation on again.",
)
def _rotation(account: Account, key: Resource) -> Iterator[Seen]:
    if not key.inputs.get("enableKeyRotation"):
        return  # keys that sign are not rotated
    live = account.ask("kms", "get_key_rotation_status", region=account.region(key), KeyId=key.id)
    yield seen("rotation", True, live["KeyRotationEnabled"])
    if live["KeyRotationEnabled"] and key.inputs.get("rotationPeriodInDays"):
        yield seen("days between rotations", int(key.inputs["rotationPeriodInDays"]), live.get("RotationPeriodInDays"))


@of(
    KEY,
    name="key-policy",
    requirements=("BER-IAM-03", "FAC-OPS-22"),
    fix="`pulumi up --refresh` puts the policy right; CloudTrail (PutKeyPolicy) says who changed it.",
)
def _policy(account: Account, key: Resource) -> Iterator[Seen]:
    live = account.ask("kms", "get_key_policy", region=account.region(key), KeyId=key.id, PolicyName="default")
    wanted, found = statements(key.inputs["policy"]), statements(live["Policy"])
    for name in sorted(wanted.keys() | found.keys()):
        yield seen(f"statement {name}", wanted.get(name), found.get(name))
