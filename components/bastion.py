"""A way for administrators to the database, through Session Manager."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.instance_role import InstanceRole, InstanceRoleArgs
from components.scope import DataClass, Scope
from settings.bastion import BastionSettings, SshSettings


@dataclass(frozen=True, kw_only=True)
class KeyPairArgs:
    """Inputs of `KeyPair`."""

    scope: Scope
    settings: SshSettings


class KeyPair(pulumi.ComponentResource):
    """The public half of the administrators' SSH key, where the system wants SSH at all (FAC-CMP-11, FAC-N05)."""

    name: pulumi.Output[str]

    def __init__(self, name: str, args: KeyPairArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:bastion:KeyPair", name, {}, opts)
        from pulumi_aws import ec2

        settings = args.settings
        pair = ec2.KeyPair(
            f"{name}-pair",
            key_name=settings.key_name,
            public_key=settings.public_key,
            tags=args.scope.tagged(DataClass.INTERNAL, settings.key_name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = pair.key_name
        self.register_outputs({"name": self.name})


@dataclass(frozen=True, kw_only=True)
class BastionArgs:
    """Inputs of `Bastion`.

    image_id: newest image under the settings' parameter; another one replaces the instance.
    subnet_id: a private subnet.   security_group_id: a group without a way in.   volumes_kms_key_arn: key of the disk.
    """

    scope: Scope
    settings: BastionSettings
    image_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    volumes_kms_key_arn: pulumi.Input[str]


class Bastion(pulumi.ComponentResource):
    """One private instance without a key, an address or a way in; sessions begin in Systems Manager.

    It keeps nothing. Its role may be managed and nothing else.
    Source: FAC-N05, FAC-NET-18, BER-NET-12, MSP-NET-08, OMN-OPS-14; Systems Manager User Guide, "Starting a session
    (port forwarding to remote host)"; 45 CFR 164.312(a)(1), 164.312(d).
    """

    instance_id: pulumi.Output[str]

    def __init__(self, name: str, args: BastionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:bastion:Bastion", name, {}, opts)
        from pulumi_aws import ec2

        scope, settings = args.scope, args.settings
        physical = scope.name("bastion")
        tags = scope.tagged(DataClass.INTERNAL, physical)
        role = InstanceRole(
            f"{name}-instance",
            InstanceRoleArgs(scope=scope, part="bastion", description="Lets administrators in through Session Manager"),
            pulumi.ResourceOptions(parent=self),
        )
        instance = ec2.Instance(
            f"{name}-instance",
            ami=args.image_id,
            instance_type=settings.instance_type,
            iam_instance_profile=role.profile_name,
            subnet_id=args.subnet_id,
            vpc_security_group_ids=[args.security_group_id],
            associate_public_ip_address=False,
            ebs_optimized=True,
            monitoring=True,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "disabled",
            },
            root_block_device={
                "volume_type": "gp3",
                "volume_size": settings.volume_gib,
                "encrypted": True,
                "kms_key_id": args.volumes_kms_key_arn,
                "delete_on_termination": True,
                "tags": tags,
            },
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.instance_id = instance.id
        self.register_outputs({"instance_id": self.instance_id})
