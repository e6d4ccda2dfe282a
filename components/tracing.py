"""AWS X-Ray: which requests are traced, which traces stand out, and the key they are encrypted with."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope
from settings.observability import TracingSettings

_LONGEST_NAME = 32  # of groups and sampling rules


@dataclass(frozen=True, kw_only=True)
class TracingArgs:
    """Inputs of `Tracing`.   kms_key_arn: key of the traces."""

    scope: Scope
    settings: TracingSettings
    kms_key_arn: pulumi.Input[str]


class Tracing(pulumi.ComponentResource):
    """A sampling rule, a group of slow and failed traces, and encryption with the customer's key.

    Source: AWS X-Ray Developer Guide, "Configuring sampling rules", "Configuring groups", "Data protection";
    LWO-OBS-11; 45 CFR 164.312(a)(2)(iv).
    """

    group_name: str

    def __init__(self, name: str, args: TracingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:tracing:Tracing", name, {}, opts)
        from pulumi_aws import xray

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        self.group_name = scope.name("trouble", limit=_LONGEST_NAME)
        rule_name = scope.name("requests", limit=_LONGEST_NAME)
        if not settings.existing_encryption:
            xray.EncryptionConfig(f"{name}-encryption", type="KMS", key_id=args.kms_key_arn, opts=child)
        xray.SamplingRule(
            f"{name}-sampling",
            rule_name=rule_name,
            priority=1000,
            version=1,
            fixed_rate=settings.sampled_percent / 100,
            reservoir_size=settings.reservoir_per_second,
            service_name="*",
            service_type="*",
            host="*",
            http_method="*",
            url_path="*",
            resource_arn="*",
            tags=scope.tagged(DataClass.INTERNAL, rule_name),
            opts=child,
        )
        xray.Group(
            f"{name}-group",
            group_name=self.group_name,
            filter_expression=f"fault OR error OR throttle OR responsetime > {settings.slow_seconds}",
            insights_configuration={"insights_enabled": True, "notifications_enabled": False},
            tags=scope.tagged(DataClass.INTERNAL, self.group_name),
            opts=child,
        )
        self.register_outputs({"group_name": self.group_name})
