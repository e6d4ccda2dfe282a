"""A system that runs already is taken over: found by its names, imported, and updated without replacing anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import ROOT, Phi

pytestmark = pytest.mark.end_to_end

STACK = "berthcare"
SUBNETS = {"10.0.0.0/20": "a", "10.0.16.0/20": "b", "10.0.64.0/20": "a", "10.0.80.0/20": "b"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# What is made anew: generated values, what every VPC is born with, and what moto keeps nothing of.
NOT_IN_THE_ACCOUNT = {
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    "aws:ec2/defaultRouteTable:DefaultRouteTable",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:backup/restoreTestingPlan:RestoreTestingPlan",
    "aws:backup/restoreTestingSelection:RestoreTestingSelection",
    "aws:backup/selection:Selection",
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    "aws:backup/vaultPolicy:VaultPolicy",
    "aws:cloudfront/keyGroup:KeyGroup",
    "aws:cloudfront/publicKey:PublicKey",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "aws:cloudwatch/logDelivery:LogDelivery",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "aws:cloudwatch/queryDefinition:QueryDefinition",
    "aws:elasticache/parameterGroup:ParameterGroup",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
}


@pytest.fixture
def empty(phi_in: Callable[[Path], Phi]) -> Phi:
    """An embedded account with nothing in it, and no stack."""
    phi = phi_in(ROOT)
    phi("start")
    return phi


def made_by_hand(phi: Phi) -> dict[str, str]:
    """Part of the stack's system as another tool could have made it: other tags, other descriptions; ids by role."""
    ec2, kms, rds = phi.client("ec2"), phi.client("kms"), phi.client("rds")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = {"network-vpc": vpc}
    for cidr, letter in SUBNETS.items():
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"ca-central-1{letter}")
        made[cidr] = subnet["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    made["network-internet-gateway"] = gateway
    key = kms.create_key(Description="BerthCare")["KeyMetadata"]
    kms.create_alias(AliasName="alias/berthcare-staging-data", TargetKeyId=key["KeyId"])
    made["keys-data"] = key["KeyId"]
    for purpose in ("photos", "documents"):
        phi.client("s3").create_bucket(
            Bucket=f"berthcare-{purpose}-staging", CreateBucketConfiguration={"LocationConstraint": "ca-central-1"}
        )
    phi.client("logs").create_log_group(logGroupName="/aws/rds/instance/berthcare-staging-postgres/postgresql")
    rds.create_db_subnet_group(
        DBSubnetGroupName="berthcare-staging-postgres",
        DBSubnetGroupDescription="made by hand",
        SubnetIds=[made["10.0.64.0/20"], made["10.0.80.0/20"]],
    )
    rds.create_db_instance(
        DBInstanceIdentifier="berthcare-staging-postgres", Engine="postgres", EngineVersion="15.19",
        DBInstanceClass="db.t4g.small", AllocatedStorage=50, StorageType="gp3", StorageEncrypted=True,
        KmsKeyId=key["Arn"], DBName="berthcare", MasterUsername="berthcare_admin", MasterUserPassword="made-by-hand",
        DBSubnetGroupName="berthcare-staging-postgres", Port=5432,
    )  # fmt: skip
    phi.client("iam").create_role(RoleName="berthcare-staging-backup", AssumeRolePolicyDocument=json.dumps(TRUST))
    return made


def changes(phi: Phi) -> dict[str, int]:
    """How many resources a preview would create, update, replace, delete."""
    run = phi.run
    environment = run.environment(STACK, phi.endpoint)
    return json.loads(run.answer(environment, "preview", "--json"))["changeSummary"]


def outcomes(phi: Phi) -> dict[str, list[dict[str, Any]]]:
    """Findings of `phi local adopt` by outcome."""
    rows = json.loads(phi("adopt", STACK, "--json").partition("{")[2].join(("{", "")))["resources"]
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["outcome"], []).append(row)
    return grouped


@pytest.mark.requirement("ALL-20", "BER-N26", "OMN-N17", "MSP-N02")
def test_what_was_made_by_hand_is_taken_over_and_nothing_of_it_replaced(empty: Phi) -> None:
    made = made_by_hand(empty)
    empty("adopt", STACK, "--yes")
    imported = {resource["urn"].rsplit("::", 1)[-1]: resource for resource in empty.run.resources(STACK)}
    for role in ("network-vpc", "network-internet-gateway", "keys-data"):
        assert imported[role]["id"] == made[role]
    assert imported["database-instance"]["id"] == "berthcare-staging-postgres"
    assert imported["storage-photos-bucket"]["id"] == "berthcare-photos-staging"
    assert all(entry.get("protect") for entry in imported.values() if entry.get("custom") and "aws:" in entry["type"])

    assert not {"replace", "delete"} & changes(empty).keys()
    empty("up", STACK)
    after = {resource["urn"].rsplit("::", 1)[-1]: resource for resource in empty.run.resources(STACK)}
    for name, resource in imported.items():
        assert after[name].get("id") == resource.get("id"), f"{name} was replaced"
    assert len(after) > 250
    instance = empty.client("rds").describe_db_instances()["DBInstances"]
    assert [each["DBInstanceClass"] for each in instance] == ["db.t4g.medium"], "brought to what the stack file says"
    assert [each["VpcId"] for each in empty.client("ec2").describe_vpcs()["Vpcs"] if not each["IsDefault"]] == [
        made["network-vpc"]
    ]
    empty("run", "--stack", STACK, "--", "preview", "--refresh", "--expect-no-changes")
    empty("down", STACK)


@pytest.mark.requirement("ALL-20")
def test_what_an_up_would_replace_is_named_before_anyone_runs_it(empty: Phi) -> None:
    rds = empty.client("rds")
    made_by_hand(empty)
    rds.delete_db_instance(DBInstanceIdentifier="berthcare-staging-postgres", SkipFinalSnapshot=True)
    rds.create_db_instance(
        DBInstanceIdentifier="berthcare-staging-postgres", Engine="postgres", DBInstanceClass="db.t4g.medium",
        AllocatedStorage=100, StorageEncrypted=True, DBName="another_name", MasterUsername="berthcare_admin",
        MasterUserPassword="made-by-hand", DBSubnetGroupName="berthcare-staging-postgres",
    )  # fmt: skip
    said = empty("adopt", STACK, "--yes", fails=True)
    assert "Do not run `up` yet" in said
    assert "aws:rds/instance:Instance database-instance" in said
    assert [each["DBName"] for each in rds.describe_db_instances()["DBInstances"]] == ["another_name"]


@pytest.mark.requirement("ALL-20", "BER-N26")
def test_a_stack_whose_state_is_lost_is_found_again_whole(phi_in: Callable[[Path], Phi]) -> None:
    phi = phi_in(ROOT)
    phi("up", STACK)
    deployed = {
        resource["urn"].rsplit("::", 1)[-1]: resource
        for resource in phi.run.resources(STACK)
        if resource["type"].startswith("aws:")
    }
    run = phi.run
    environment = run.environment(STACK, None)
    run.answer(environment, "state", "unprotect", "--all", "--yes")
    run.answer(environment, "stack", "rm", STACK, "--yes", "--force", folder=run.bare_project)

    found = outcomes(phi)
    assert "ambiguous" not in found
    lost = {row["type"] for outcome, rows in found.items() if outcome != "found" for row in rows}
    assert lost <= NOT_IN_THE_ACCOUNT
    assert len(found["found"]) > 240

    phi("adopt", STACK, "--yes")
    again = {resource["urn"].rsplit("::", 1)[-1]: resource for resource in phi.run.resources(STACK)}
    for row in found["found"]:
        assert again[row["name"]]["id"] == deployed[row["name"]]["id"], row["name"]
    assert not {"replace", "delete"} & changes(phi).keys()
