"""What `phi adopt` makes of a preview and an account: found, missing, ambiguous; the file for `pulumi import`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

import localaws.services  # noqa: F401  registers the handlers
from localaws.handler import HANDLERS
from operations import adopt
from operations.adopt import UNKNOWN, Finding, Outcome, Search, Wanted
from operations.adopt_lookups import LOOKUPS
from operations.local import LocalError

REGION = "ca-central-1"
VPC = "urn:pulumi:s::p::c$aws:ec2/vpc:Vpc::network-vpc"


def clients(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region, aws_access_key_id="x", aws_secret_access_key="x")


def wanted(type_: str, name: str, inputs: dict[str, Any], **references: str) -> Wanted:
    return Wanted(
        urn=f"urn:pulumi:s::p::c${type_}::{name}", type=type_, name=name, region=inputs.get("region", REGION),
        inputs=inputs, references={key: [urn] for key, urn in references.items()},
    )  # fmt: skip


NETWORK = wanted("aws:ec2/vpc:Vpc", "network-vpc", {"cidrBlock": "10.9.0.0/16", "tags": {"Name": "clinic-vpc"}})
SUBNET = wanted("aws:ec2/subnet:Subnet", "a", {"vpcId": UNKNOWN, "cidrBlock": "10.9.0.0/24"}, vpcId=VPC)


@mock_aws
def test_a_resource_is_found_through_the_one_it_belongs_to() -> None:
    ec2 = clients("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    found = {finding.wanted.name: finding for finding in Search([NETWORK, SUBNET], clients, LOOKUPS).all()}
    assert (found["network-vpc"].ids, found["a"].ids) == ((vpc,), (subnet,))


@mock_aws
def test_what_belongs_to_something_absent_is_absent() -> None:
    outcomes = {finding.wanted.name: finding.outcome for finding in Search([NETWORK, SUBNET], clients, LOOKUPS).all()}
    assert outcomes == {"network-vpc": Outcome.MISSING, "a": Outcome.MISSING}


@mock_aws
def test_two_that_fit_are_ambiguous_until_one_has_the_name() -> None:
    ec2 = clients("ec2", REGION)
    first, second = (ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"] for _ in range(2))
    (both,) = Search([NETWORK], clients, LOOKUPS).all()
    assert (both.outcome, set(both.ids)) == (Outcome.AMBIGUOUS, {first, second})
    ec2.create_tags(Resources=[second], Tags=[{"Key": "Name", "Value": "clinic-vpc"}])
    (one,) = Search([NETWORK], clients, LOOKUPS).all()
    assert (one.outcome, one.ids) == (Outcome.FOUND, (second,))


@mock_aws
def test_a_key_is_found_behind_its_alias() -> None:
    kms = clients("kms", "ca-west-1")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/clinic", TargetKeyId=key)
    west = {"region": "ca-west-1"}
    data = wanted("aws:kms/key:Key", "data", west)
    alias = wanted(
        "aws:kms/alias:Alias",
        "data-alias",
        {**west, "name": "alias/clinic", "targetKeyId": UNKNOWN},
        targetKeyId=data.urn,
    )
    findings = Search([data, alias], clients, LOOKUPS).all()
    assert [finding.ids for finding in findings] == [(key,), ("alias/clinic",)]
    skeleton = {
        "resources": [{"type": each.type, "name": each.name, "id": adopt.PLACEHOLDER} for each in (data, alias)]
    }
    written = adopt.import_file(skeleton, findings)["resources"]
    assert [entry["id"] for entry in written] == [f"{key}@ca-west-1", "alias/clinic@ca-west-1"]


@mock_aws
def test_a_type_that_is_made_anew_says_why() -> None:
    (finding,) = Search([wanted("aws:secretsmanager/secretVersion:SecretVersion", "v", {})], clients, LOOKUPS).all()
    assert finding.outcome is Outcome.CREATED
    assert "generated" in finding.why


@mock_aws
def test_a_refusal_of_aws_is_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    def refused(search: Search, wanted: Wanted) -> Iterable[str]:
        raise ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {}}, "DescribeVpcs")  # type: ignore[typeddict-item]

    with pytest.raises(ClientError):
        Search([NETWORK], clients, {NETWORK.type: refused}).all()


def test_only_what_was_found_and_the_components_around_it_are_written() -> None:
    skeleton = {
        "resources": [
            {"type": "phi-platform:network:Network", "name": "network", "component": True},
            {"type": "phi-platform:bucket:Bucket", "name": "logs", "parent": "storage", "component": True},
            {"type": "phi-platform:storage:Storage", "name": "storage", "component": True},
            {"type": "aws:ec2/vpc:Vpc", "name": "network-vpc", "parent": "network", "id": adopt.PLACEHOLDER},
            {"type": "aws:ec2/subnet:Subnet", "name": "a", "parent": "network", "id": adopt.PLACEHOLDER},
        ],
        "nameTable": {},
    }
    found = Finding(wanted=NETWORK, outcome=Outcome.FOUND, ids=("vpc-1",))
    missing = Finding(wanted=SUBNET, outcome=Outcome.MISSING)
    written = adopt.import_file(skeleton, [found, missing])
    assert [entry["name"] for entry in written["resources"]] == ["network", "network-vpc"]
    assert written["resources"][1]["id"] == "vpc-1"
    assert written["nameTable"] == {}


def test_the_plan_is_read_from_the_engines_preview() -> None:
    steps = [
        {"op": "create", "newState": {"urn": VPC, "type": "aws:ec2/vpc:Vpc", "custom": True, "inputs": {"a": 1}}},
        {"op": "create", "newState": {"urn": "x::n", "type": "random:index/randomId:RandomId", "custom": True}},
        {"op": "create", "newState": {"urn": "x::c", "type": "phi-platform:network:Network", "custom": False}},
        {"op": "same", "newState": {"urn": "x::s", "type": "aws:s3/bucket:Bucket", "custom": True}},
    ]
    plan = adopt.read_plan({"steps": steps}, REGION)
    assert [(each.name, each.region, each.inputs) for each in plan] == [("network-vpc", REGION, {"a": 1})]


def test_what_an_update_would_replace_or_delete_is_named_once() -> None:
    steps = [
        {"op": "create-replacement", "urn": VPC},
        {"op": "replace", "urn": VPC},
        {"op": "update", "urn": "urn:pulumi:s::p::aws:kms/key:Key::data"},
        {"op": "delete", "urn": "urn:pulumi:s::p::c$aws:s3/bucket:Bucket::photos"},
    ]
    assert adopt.replacements({"steps": steps}) == ["aws:ec2/vpc:Vpc network-vpc", "aws:s3/bucket:Bucket photos"]


def engine(folder: Path, answer: str, code: int) -> Path:
    """A program that answers as `pulumi preview` would."""
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\necho 'error: preview failed' >&2\nexit {code}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("code", [0, 255])
def test_what_is_protected_is_named_too_though_the_preview_fails(tmp_path: Path, code: int) -> None:
    answer = json.dumps({"steps": [{"op": "replace", "urn": VPC}, {"op": "same", "urn": "x::y::z"}]})
    pulumi = engine(tmp_path, answer, code)
    assert adopt.replaced_by_update(pulumi, tmp_path, {}, "berthcare") == ["aws:ec2/vpc:Vpc network-vpc"]


@pytest.mark.parametrize("answer", ["", '{"diagnostics": []}'])
def test_a_preview_that_fails_for_another_reason_is_told_with_the_engines_words(tmp_path: Path, answer: str) -> None:
    with pytest.raises(LocalError, match="preview failed"):
        adopt.replaced_by_update(engine(tmp_path, answer, 255), tmp_path, {}, "berthcare")


@pytest.mark.requirement("ALL-20")
def test_every_type_has_a_lookup_or_a_reason_to_be_made_anew() -> None:
    assert sorted(HANDLERS.keys() - LOOKUPS.keys()) == []


def test_policies_do_not_judge_what_is_only_taken_over() -> None:
    assert adopt.without_policies({"PULUMI_OPTION_POLICY_PACK": "policies", "HOME": "h"}) == {"HOME": "h"}
