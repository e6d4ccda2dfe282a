"""Amazon GuardDuty: threat detection in the account."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope
from settings.detection import GuardDutyFeature, GuardDutySettings

_AGENTS = ("EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT")
_MANAGED = _AGENTS[1:]  # there is no Kubernetes here


@dataclass(frozen=True, kw_only=True)
class GuardDutyArgs:
    """Inputs of `GuardDuty`, for an account without a detector in the region."""

    scope: Scope
    settings: GuardDutySettings


class GuardDuty(pulumi.ComponentResource):
    """A detector with every protection plan switched on or off on purpose; AWS's own defaults change over time.

    Source: Amazon GuardDuty User Guide, "Foundational data sources" and "Runtime Monitoring"; BER-OBS-13.
    45 CFR 164.308(a)(1)(ii)(D) information system activity review.
    """

    detector_id: pulumi.Output[str]

    def __init__(self, name: str, args: GuardDutyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:guard_duty:GuardDuty", name, {}, opts)
        from pulumi_aws import guardduty

        child = pulumi.ResourceOptions(parent=self)
        physical = args.scope.name("detector")
        detector = guardduty.Detector(
            f"{name}-detector",
            enable=True,
            finding_publishing_frequency=args.settings.frequency.value,
            tags=args.scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        for feature in GuardDutyFeature:
            on = feature in args.settings.features
            guardduty.DetectorFeature(
                f"{name}-{feature.name.lower()}",
                detector_id=detector.id,
                name=feature.value,
                status=_status(on),
                additional_configurations=[
                    {"name": agent, "status": _status(on and agent in _MANAGED)} for agent in _AGENTS
                ]
                if feature is GuardDutyFeature.RUNTIME
                else None,
                opts=child,
            )
        self.detector_id = detector.id
        self.register_outputs({"detector_id": self.detector_id})


def _status(on: bool) -> str:
    return "ENABLED" if on else "DISABLED"
