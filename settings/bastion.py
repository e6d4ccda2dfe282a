"""Settings of the bastion: a way for administrators to the database, when the system wants one at all."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import Section
from settings.instances import ImageParameter, InstanceType, require_one_processor


class SshSettings(Section):
    """SSH from the bastion to the fleet, beside Session Manager, which needs none of it (FAC-NET-13, FAC-CMP-11)."""

    key_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,255}$", examples=["clinic-prod"])]
    """Name of the EC2 key pair."""
    public_key: Annotated[
        str, Field(pattern=r"^(ssh-ed25519 AAAAC3NzaC1lZDI1NTE5|ssh-rsa AAAAB3NzaC1yc2E)[A-Za-z0-9+/=]+( [!-~]+)?$")
    ]
    """Public half of the key, in OpenSSH's form; the private half stays with the administrators."""


class BastionSettings(Section):
    """One small private instance, reached through Session Manager only (FAC-N05, FAC-NET-18, BER-NET-12, MSP-NET-08,
    OMN-OPS-14)."""

    instance_type: InstanceType = "t4g.nano"
    """Size of the instance."""
    image_parameter: ImageParameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    """Image of the operating system, with the Systems Manager agent; a newer image replaces the instance at the next
    deployment."""
    volume_gib: Annotated[int, Field(ge=8, le=1024)] = 8
    """Disk, encrypted gp3, GiB."""
    ssh: SshSettings | None = None
    """SSH from here to the fleet; absent: port 22 stays closed everywhere (FAC-N05)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_one_processor(self.instance_type, self.image_parameter)
        return self
