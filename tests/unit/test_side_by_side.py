"""Any two stacks can live in one account: no name, and nothing an account has only once, is wanted by both."""

from __future__ import annotations

import itertools

import pytest

from settings import load
from tests.unit.aws_limits import LIMITS, NAMES
from tests.unit.conftest import Registration
from tests.unit.test_program import ROOT, STACKS, built

GLOBAL = ("aws:iam/", "aws:s3/bucket:", "aws:cloudfront/", "aws:route53/", "aws:budgets/", "aws:costexplorer/")
# What a region of an account has once, or once per value of an input.
ONCE = {
    "aws:apigateway/account:Account": "",
    "aws:cfg/recorder:Recorder": "",
    "aws:cfg/deliveryChannel:DeliveryChannel": "",
    "aws:guardduty/detector:Detector": "",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "url",
    "aws:securityhub/account:Account": "",
    "aws:securityhub/standardsSubscription:StandardsSubscription": "standardsArn",
    "aws:xray/encryptionConfig:EncryptionConfig": "",
}
NAMED = {limit.type: limit.input for limit in LIMITS if limit.input in NAMES}
WITHIN = (
    "role",
    "logGroupName",
    "vpcId",
    "userPoolId",
    "planId",
    "cluster",
    "restApi",
    "resourceId",
)  # unique in these


def identities(stack: str) -> dict[tuple[str, ...], Registration]:
    """What no other stack of the account may have as well."""
    region = load.from_file(ROOT / f"Pulumi.{stack}.yaml").region
    found: dict[tuple[str, ...], Registration] = {}
    for entry in built(stack).recorder.registrations:
        place = "" if entry.type.startswith(GLOBAL) else str(entry.inputs.get("region") or region)
        if entry.type in ONCE:
            found[entry.type, place, str(entry.inputs.get(ONCE[entry.type], ""))] = entry
        elif entry.type in NAMED and NAMED[entry.type] in entry.inputs:
            within = [str(entry.inputs[name]) for name in WITHIN if name in entry.inputs]
            # an id of the recorder says nothing of another stack: what is in a VPC is apart as VPCs are
            if not any(value.startswith(("vpc-", "arn:")) for value in within):
                found[entry.type, place, *within, str(entry.inputs[NAMED[entry.type]])] = entry
    return found


def collisions(left: str, right: str) -> list[str]:
    ours, theirs = identities(left), identities(right)
    return [" ".join(filter(None, key)) for key in sorted(ours.keys() & theirs.keys())]


@pytest.mark.parametrize(("left", "right"), [*itertools.combinations(STACKS, 2)])
def test_two_stacks_do_not_want_the_same(left: str, right: str) -> None:
    assert collisions(left, right) == []


def test_a_stack_collides_with_itself() -> None:
    assert len(collisions("staging", "staging")) > 80
