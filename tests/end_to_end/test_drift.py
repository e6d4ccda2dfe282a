"""What happens behind Pulumi's back is seen and put right."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import Phi

pytestmark = pytest.mark.end_to_end

OPEN_TO_ALL = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def open_groups(phi: Phi) -> list[str]:
    groups = phi.client("ec2").describe_security_groups(Filters=[{"Name": "ip-permission.to-port", "Values": ["22"]}])
    return [group["GroupId"] for group in groups["SecurityGroups"]]


def test_a_security_group_opened_by_hand_shows_in_a_preview_and_is_closed_by_up(staging: Phi) -> None:
    groups = staging.resources("staging", "aws:ec2/securityGroup:SecurityGroup")
    database = next(group["id"] for group in groups if "database" in group["urn"])
    staging.client("ec2").authorize_security_group_ingress(GroupId=database, IpPermissions=[OPEN_TO_ALL])
    assert open_groups(staging) == [database]

    seen = staging("run", "--", "preview", "--refresh", "--diff", "--expect-no-changes", fails=True)
    assert "SecurityGroupRulesExclusive" in seen

    staging("up", "staging")
    assert open_groups(staging) == []
    staging("run", "--", "preview", "--refresh", "--expect-no-changes")


def test_a_bucket_made_by_hand_can_be_imported(staging: Phi) -> None:
    staging.client("s3").create_bucket(
        Bucket="made-by-hand", CreateBucketConfiguration={"LocationConstraint": "ca-central-1"}
    )
    imported = ["import", "aws:s3/bucket:Bucket", "by-hand", "made-by-hand", "--yes", "--protect=false"]
    staging("run", "--", *imported, "--generate-code=false", "--skip-preview")
    found = [
        bucket for bucket in staging.resources("staging", "aws:s3/bucket:Bucket") if bucket["id"] == "made-by-hand"
    ]
    assert [bucket["outputs"]["bucket"] for bucket in found] == ["made-by-hand"]

    staging("run", "--", "state", "delete", found[0]["urn"], "--yes")
    staging.client("s3").delete_bucket(Bucket="made-by-hand")
    staging("run", "--", "preview", "--refresh", "--expect-no-changes")
