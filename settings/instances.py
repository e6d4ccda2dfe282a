"""What every EC2 instance of a stack is: its size and the image it starts from."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

_GRAVITON = re.compile(r"^[a-z]+\d+[a-z]*g[a-z]*\.")  # the letter g after the generation: t4g, m7gd, c8gn; not g4dn

InstanceType = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|\d*xlarge|metal)$", examples=["t3.medium"])
]
"""A size of EC2 instance."""

ImageParameter = Annotated[str, Field(pattern=r"^/aws/service/[A-Za-z0-9._/-]{1,500}$")]
"""Public Systems Manager parameter that holds the newest image of an operating system."""


def require_one_processor(instance_type: str, image_parameter: str) -> None:
    """ValueError when the image is built for another processor than the instance has."""
    named = next((word for word in ("arm64", "amd64", "x86_64") if word in image_parameter), None)
    if named is None:
        return
    graviton = _GRAVITON.match(instance_type) is not None
    if graviton != (named == "arm64"):
        expected = "an image for arm64" if graviton else "an image for amd64"
        raise ValueError(f"image_parameter: expected {expected}, the processor of {instance_type}, found {named}")
