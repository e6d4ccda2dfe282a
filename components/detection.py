"""What looks for intruders and for safeguards that went missing, as far as the settings want it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.config_recorder import ConfigRecorder, ConfigRecorderArgs
from components.guard_duty import GuardDuty, GuardDutyArgs
from components.scope import DataClass, Scope
from settings.detection import DetectionSettings, SecurityHubSettings


@dataclass(frozen=True, kw_only=True)
class DetectionArgs:
    """Inputs of `Detection`.   kms_key_arn, key_alias, logs_bucket_name: of AWS Config; see `ConfigRecorderArgs`."""

    scope: Scope
    settings: DetectionSettings
    kms_key_arn: pulumi.Input[str]
    key_alias: str
    logs_bucket_name: pulumi.Input[str]


class Detection(pulumi.ComponentResource):
    """GuardDuty, AWS Config, Security Hub and Access Analyzer, each at most once in an account and region.

    Source: BER-OBS-13, BER-N24; 45 CFR 164.308(a)(1)(ii)(D), 164.308(a)(8).
    """

    detector_id: pulumi.Output[str] | None

    def __init__(self, name: str, args: DetectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:detection:Detection", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        self.detector_id = None
        if settings.guard_duty is not None and not settings.guard_duty.existing:
            guard_duty = GuardDuty(
                f"{name}-guard-duty", GuardDutyArgs(scope=scope, settings=settings.guard_duty), child
            )
            self.detector_id = guard_duty.detector_id
        if settings.config is not None:
            ConfigRecorder(
                f"{name}-config",
                ConfigRecorderArgs(
                    scope=scope,
                    settings=settings.config,
                    kms_key_arn=args.kms_key_arn,
                    key_alias=args.key_alias,
                    logs_bucket_name=args.logs_bucket_name,
                ),
                child,
            )
        if settings.security_hub is not None:
            self._security_hub(name, scope, settings.security_hub)
        if settings.access_analyzer:
            from pulumi_aws import accessanalyzer

            physical = scope.name("outside-access", limit=255)
            accessanalyzer.Analyzer(
                f"{name}-outside-access",
                analyzer_name=physical,
                type="ACCOUNT",
                tags=scope.tagged(DataClass.INTERNAL, physical),
                opts=child,
            )
        self.register_outputs({"detector_id": self.detector_id})

    def _security_hub(self, name: str, scope: Scope, settings: SecurityHubSettings) -> None:
        from pulumi_aws import securityhub

        hub: list[pulumi.Resource] = []
        if not settings.existing:
            account = securityhub.Account(
                f"{name}-security-hub",
                enable_default_standards=False,
                auto_enable_controls=True,
                control_finding_generator="SECURITY_CONTROL",
                opts=pulumi.ResourceOptions(parent=self),
            )
            hub.append(account)
        for standard in settings.standards:
            securityhub.StandardsSubscription(
                f"{name}-{standard.name.lower().replace('_', '-')}",
                standards_arn=f"arn:aws:securityhub:{scope.region}::standards/{standard.value}",
                opts=pulumi.ResourceOptions(parent=self, depends_on=hub),
            )
