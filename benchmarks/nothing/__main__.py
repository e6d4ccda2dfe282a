"""A policy pack whose one rule says nothing: the least a pack made with the SDK can add to a preview."""

from typing import Any

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def nothing(*_: Any) -> None:
    pass


PolicyPack(
    "nothing",
    [
        ResourceValidationPolicy(
            name="nothing",
            description="Says nothing.",
            validate=nothing,
            enforcement_level=EnforcementLevel.ADVISORY,
        )
    ],
)
