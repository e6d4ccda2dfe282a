"""Customer-managed KMS keys: one per name in the settings, plus those of other regions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi

from components.key_policy import key_policy
from components.scope import DataClass, Scope
from settings.keys import KeysSettings, Purpose

CDN_REGION = "us-east-1"  # where CloudFront's metrics, alarms and certificates live (ALL-07)
_COPIED = {Purpose.DATABASE, Purpose.CACHE, Purpose.STORAGE, Purpose.SECRETS, Purpose.BACKUP}
_PATIENT_DATA = _COPIED | {Purpose.VOLUMES}


@dataclass(frozen=True, kw_only=True)
class KeysArgs:
    """Inputs of `Keys`.

    recovery_region: where copies of patient data are encrypted too; None builds no recovery key.
    cdn: whether CloudFront serves encrypted buckets; also builds the key of its alarms and firewall logs in us-east-1.
    scaling_role_arn: role that starts instances with encrypted disks; `ScalingRole` gives it, and must exist first.
    """

    scope: Scope
    settings: KeysSettings
    recovery_region: str | None = None
    cdn: bool = False
    scaling_role_arn: str | None = None


class Keys(pulumi.ComponentResource):
    """Rotating KMS keys whose policies admit the services of their purposes (BER-IAM-03, ALL-19).

    Keys of patient data refuse deletion when the scope protects (ALL-12).
    Source: 45 CFR 164.312(a)(2)(iv) encryption at rest; PIPEDA 4.7.3.
    """

    arns: dict[Purpose, pulumi.Output[str]]
    by_name: dict[str, pulumi.Output[str]]  # key of the settings → ARN
    key_ids: dict[Purpose, pulumi.Output[str]]
    aliases: dict[Purpose, str]  # known before the keys exist, for IAM conditions on kms:ResourceAliases
    recovery_alias: str  # of the key in the recovery region, where there is one
    recovery_arn: pulumi.Output[str] | None  # key in the recovery region: replicas and copied backups
    edge_arn: pulumi.Output[str] | None  # key in us-east-1: topic of the CDN's alarms, its firewall's logs

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:keys:Keys", name, {}, opts)
        self._name = name
        self._args = args
        scope, settings = args.scope, args.settings
        keys = {key: self._key(key, settings.purposes(key), scope.region) for key in settings.names}
        self.by_name = {key: arn for key, (arn, _) in keys.items()}
        self.arns = {purpose: keys[settings.assignments[purpose]][0] for purpose in Purpose}
        self.key_ids = {purpose: keys[settings.assignments[purpose]][1] for purpose in Purpose}
        self.aliases = {purpose: _alias(scope, settings.assignments[purpose]) for purpose in Purpose}
        self.recovery_alias = _alias(scope, "recovery")
        self.recovery_arn = None
        if args.recovery_region is not None:
            self.recovery_arn, _ = self._key("recovery", {*_COPIED, Purpose.NOTIFICATIONS}, args.recovery_region)
        self.edge_arn = None
        if args.cdn:
            self.edge_arn, _ = self._key("edge", {Purpose.NOTIFICATIONS, Purpose.LOGS}, CDN_REGION)
        self.register_outputs({"arns": {purpose.value: arn for purpose, arn in self.arns.items()}})

    def _key(
        self, role: str, purposes: Iterable[Purpose], region: str
    ) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        from pulumi_aws import kms

        scope, settings = self._args.scope, self._args.settings
        wanted = [purpose for purpose in Purpose if purpose in set(purposes)]
        patient_data = not _PATIENT_DATA.isdisjoint(wanted)
        abroad = None if region == scope.region else region
        cdn = self._args.cdn and role != "recovery"
        policy = key_policy(scope, wanted, region=region, cdn=cdn, scaling_role_arn=self._args.scaling_role_arn)
        key = kms.Key(
            f"{self._name}-{role}",
            description=f"{scope.name(role)}: {', '.join(wanted)}",
            policy=policy,
            enable_key_rotation=True,
            rotation_period_in_days=settings.rotation_days,
            deletion_window_in_days=settings.deletion_window_days,
            multi_region=False,
            region=abroad,
            tags=scope.tagged(DataClass.PHI if patient_data else DataClass.INTERNAL, scope.name(role)),
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect and patient_data),
        )
        kms.Alias(
            f"{self._name}-{role}-alias",
            name=_alias(scope, role),
            target_key_id=key.key_id,
            region=abroad,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn, key.key_id


def _alias(scope: Scope, key: str) -> str:
    return f"alias/{scope.name(key)}"
