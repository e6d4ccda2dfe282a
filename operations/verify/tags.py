"""Is everything in the jurisdiction, tagged, under an agreement?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from operations.verify.account import Account
from operations.verify.check import Seen, once, seen
from settings.base import Environment
from settings.jurisdiction import FACTS, Jurisdiction

_MOST_ARNS = 100  # of one GetResources call
_EDGE_REGION = "us-east-1"
_EDGE = ("aws:cloudfront/", "aws:acm/", "aws:wafv2/", "aws:cloudwatch/", "aws:sns/", "aws:kms/")
"""What CloudFront needs in us-east-1; none of it holds a record (BER-N08)."""


@once(
    name="region-in-jurisdiction",
    requirements=("BER-OPS-09", "BER-N01"),
    fix="Move the resource, or record the decision in `residency_waiver`.",
)
def _regions(account: Account) -> Iterator[Seen]:
    settings = account.settings
    waived = () if settings.residency_waiver is None else settings.residency_waiver.regions
    allowed = {*FACTS[settings.jurisdiction].regions, *waived}
    outside = sorted(
        f"{resource.name} in {resource.outputs['region']}"
        for resource in account.state.resources
        if resource.type.startswith("aws:")
        and resource.outputs.get("region", settings.region) not in allowed
        and not (resource.outputs["region"] == _EDGE_REGION and resource.type.startswith(_EDGE))
    )
    yield seen("resources elsewhere", [], outside)


@once(
    name="tags",
    requirements=("OMN-OPS-09", "BER-OPS-08", "ALL-11"),
    fix="`pulumi up --refresh` sets the tags again; backups and costs go by them.",
)
def _tags(account: Account) -> Iterator[Seen]:
    regions: dict[str, list[str]] = {}
    for resource in account.state.resources:
        arn = resource.outputs.get("arn")
        if resource.type.startswith("aws:") and resource.inputs.get("tags") and isinstance(arn, str):
            regions.setdefault(account.region(resource), []).append(arn)
    wanted = account.settings.resource_tags
    for region, arns in sorted(regions.items()):
        known = sorted(set(arns))
        for start in range(0, len(known), _MOST_ARNS):
            some = known[start : start + _MOST_ARNS]
            held = account.ask("resourcegroupstaggingapi", "get_resources", region=region, ResourceARNList=some)
            for each in held["ResourceTagMappingList"]:
                found = {tag["Key"]: tag["Value"] for tag in each["Tags"]}
                differing = {key: found.get(key) for key, value in wanted.items() if found.get(key) != value}
                yield seen(f"tags of {each['ResourceARN']}", {key: wanted[key] for key in differing}, differing)


@once(
    name="agreement-signed",
    requirements=("OMN-OPS-09", "ALL-16"),
    fix="Sign the AWS Business Associate Agreement (AWS Artifact) and write `agreement` into the stack file.",
)
def _agreement(account: Account) -> Iterator[Seen]:
    settings = account.settings
    if settings.jurisdiction is not Jurisdiction.UNITED_STATES:
        return
    signed = settings.agreement is not None and settings.agreement.signed <= date.today()
    yield Seen(
        what="signed AWS agreement", expected=True, found=signed,
        warns=settings.environment is not Environment.PRODUCTION,
    )  # fmt: skip
