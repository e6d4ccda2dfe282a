"""What a first preview does not know, and the stack says enough of: no doubt is left, and the update judges again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from policies.judge import Judge
from policies.rules import RULES
from policies.values import UNKNOWN
from tests.policies.sample import TODAY, Sample, changed, document
from tests.policies.samples import CONFIG, SYSTEM, first_preview, judged_again, stack, urn

ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::clinic-photos/*"}


def doubted(samples: Mapping[str, Sample]) -> set[tuple[str, str]]:
    """(rule, name of the resource) of what a preview of these samples cannot decide."""
    judge = Judge(RULES, CONFIG, today=TODAY)
    whole = stack(samples)
    for each in whole.resources:
        list(judge.resource(each))
    list(judge.stack(whole))
    return {(rule.id, subject.rpartition("::")[2]) for rule, subject, _ in judge.doubts}


def unknown(name: str, property: str, *sources: str, **more: Sample) -> dict[str, Sample]:
    """The system with a property unknown, computed from these resources, and more resources beside."""
    sample = changed(SYSTEM[name], {property: UNKNOWN}) if name in SYSTEM else more[name]
    return {**SYSTEM, **more, name: replace(sample, computed_from={**sample.computed_from, property: sources})}


def attached(arn: Any) -> Sample:
    return Sample(ATTACHMENT, {"role": "clinic-application", "policyArn": arn})


POLICY = Sample("aws:iam/policy:Policy", {"name": "clinic-reads", "policy": document()})
ISSUED = Sample(VALIDATION, {})


def test_a_certificate_that_comes_from_acm_is_one_of_acm() -> None:
    about = ("lb-acm-certificate", "https-lb")
    assert about not in doubted(unknown("https-lb", "certificateArn", "issued", issued=ISSUED))
    assert about not in doubted(unknown("https-lb", "certificateArn", "edge-certificate"))


@pytest.mark.parametrize("sources", [(), ("role",), ("issued", "role")])
def test_one_that_may_come_from_elsewhere_stays_undecided(sources: tuple[str, ...]) -> None:
    role = Sample("aws:iam/role:Role", {"name": "other"})
    system = unknown("https-lb", "certificateArn", *sources, issued=ISSUED, role=role)
    assert ("lb-acm-certificate", "https-lb") in doubted(system)


def test_a_policy_of_the_stack_is_none_of_aws() -> None:
    about = ("iam-no-admin-managed-policies", "attached")
    assert about not in doubted(unknown("attached", "policyArn", "own", attached=attached(UNKNOWN), own=POLICY))
    assert about in doubted(unknown("attached", "policyArn", attached=attached(UNKNOWN), own=POLICY))


def test_what_the_update_finds_instead_is_judged_all_the_same() -> None:
    system = {
        **SYSTEM,
        "attached": replace(attached(ADMINISTRATOR), computed_from={"policyArn": ("own",)}),
        "own": POLICY,
    }
    found = {verdict.urn for verdict in judged_again(system) if verdict.rule.id == "iam-no-admin-managed-policies"}
    assert found == {urn("attached", ATTACHMENT)}


def test_a_bucket_whose_block_keeps_public_policies_from_working_is_public_to_nobody() -> None:
    about = ("s3-policy-no-public-principal", "photos-policy")
    hidden = unknown("photos-policy", "policy")
    assert about not in doubted(hidden)
    assert ("cross-account-principal-allowlist", "photos-policy") in doubted(hidden)
    early = first_preview(hidden)
    assert early["photos-policy"].properties["policy"] is UNKNOWN
    assert about not in doubted(early)


@pytest.mark.parametrize("value", [False, None, UNKNOWN])
@pytest.mark.parametrize("flag", ["blockPublicPolicy", "restrictPublicBuckets"])
def test_a_bucket_without_that_block_is_not(flag: str, value: object) -> None:
    system = unknown("photos-policy", "policy")
    system["photos-block"] = changed(SYSTEM["photos-block"], {flag: value})
    assert ("s3-policy-no-public-principal", "photos-policy") in doubted(system)


def test_nor_is_one_whose_block_is_of_another_bucket() -> None:
    system = unknown("photos-policy", "policy")
    system["photos-block"] = changed(SYSTEM["photos-block"], {"bucket": UNKNOWN})
    system["photos-block"] = replace(system["photos-block"], computed_from={})
    assert ("s3-policy-no-public-principal", "photos-policy") in doubted(system)


def test_a_public_policy_that_is_known_is_a_finding_in_spite_of_the_block() -> None:
    system = {**SYSTEM, "photos-policy": changed(SYSTEM["photos-policy"], {"policy": document(ANYONE)})}
    assert "s3-policy-no-public-principal" in {verdict.rule.id for verdict in judged_again(system)}
