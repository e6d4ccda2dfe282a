"""The bastion: private, without a key or a way in, able to be managed and nothing else."""

from __future__ import annotations

import json

import pytest

from components.bastion import Bastion, BastionArgs, KeyPair, KeyPairArgs
from settings.bastion import BastionSettings, SshSettings
from tests.unit.components.scopes import KEY_ARN, scope
from tests.unit.conftest import Recorder

INSTANCE = "aws:ec2/instance:Instance"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0JzHn0fB0h1kU7YxqF6ZrO1lq3mYbQkq0o1qCF3c6H administrators"


def build(recorded: Recorder) -> Bastion:
    args = BastionArgs(
        scope=scope(),
        settings=BastionSettings(),
        image_id="ami-1",
        subnet_id="subnet-a",
        security_group_id="sg-bastion",
        volumes_kms_key_arn=KEY_ARN,
    )
    return recorded.run(lambda: Bastion("bastion", args))


@pytest.mark.requirement("FAC-N05", "BER-NET-12", "MSP-NET-08", "OMN-OPS-14")
def test_the_bastion_is_private_and_has_no_key(recorded: Recorder) -> None:
    build(recorded)
    instance = recorded.one(INSTANCE).inputs
    assert instance["associatePublicIpAddress"] is False
    assert "keyName" not in instance
    assert (instance["subnetId"], instance["vpcSecurityGroupIds"]) == ("subnet-a", ["sg-bastion"])
    assert (instance["ami"], instance["instanceType"], instance["monitoring"]) == ("ami-1", "t4g.nano", True)
    metadata = instance["metadataOptions"]
    assert (metadata["httpTokens"], metadata["httpPutResponseHopLimit"]) == ("required", 1)
    disk = instance["rootBlockDevice"]
    assert (disk["encrypted"], disk["kmsKeyId"], disk["volumeType"]) == (True, KEY_ARN, "gp3")
    assert disk["tags"] == instance["tags"]


@pytest.mark.requirement("FAC-N05")
def test_its_role_is_for_session_manager_alone(recorded: Recorder) -> None:
    build(recorded)
    (statement,) = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    assert {action.split(":")[0] for action in statement["Action"]} == {"ssm", "ssmmessages"}
    assert "ssm:UpdateInstanceInformation" in statement["Action"]
    profile = recorded.one("aws:iam/instanceProfile:InstanceProfile")
    assert recorded.one("aws:iam/rolePolicy:RolePolicy").urn in profile.dependencies
    assert recorded.one(INSTANCE).property_dependencies["iamInstanceProfile"] == {profile.urn}


@pytest.mark.requirement("FAC-CMP-11")
def test_the_key_pair_has_the_recorded_name_and_only_its_public_half_is_known(recorded: Recorder) -> None:
    settings = SshSettings(key_name="facnet-validator-prod", public_key=PUBLIC_KEY)
    recorded.run(lambda: KeyPair("administrators", KeyPairArgs(scope=scope(), settings=settings)))
    pair = recorded.one("aws:ec2/keyPair:KeyPair").inputs
    assert (pair["keyName"], pair["publicKey"]) == ("facnet-validator-prod", PUBLIC_KEY)
