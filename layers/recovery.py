"""What is left after a loss: backups and the state, copied to the second Region; the role for emergencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.backup import BackupPlan, BackupPlanArgs
from components.break_glass import BreakGlass, BreakGlassArgs
from components.scope import DataClass
from components.state_backend import StateBackend, StateBackendArgs
from layers.base import Base
from layers.data import Data
from settings.database import AuroraSettings
from settings.keys import Purpose
from settings.recovery import RecoverySettings, StateBackendSettings
from settings.stack import Settings


def build_recovery(settings: Settings, base: Base, data: Data) -> dict[str, Any]:
    """The backup plan, the buckets of the state, the role for emergencies, where the stack file has them.

    Returns their outputs.
    """
    recovery = settings.recovery
    outputs: dict[str, Any] = {}
    backups = None
    if recovery is not None:
        backups = _backups(settings, recovery, base, data)
        outputs |= {
            "backup_vault_name": backups.vault_name,
            "restore_testing_plan_name": backups.restore_testing_plan_name,
        }
        if recovery.state_backend is not None:
            outputs["state_bucket_name"] = _state(recovery, recovery.state_backend, base).bucket_name
    if settings.identity.break_glass is not None:
        emergency = BreakGlass(
            "break-glass",
            BreakGlassArgs(
                scope=base.scope,
                settings=settings.identity.break_glass,
                bucket_arns=[bucket.arn for bucket in base.storage.buckets.values()],
                secret_patterns=base.scope.secret_patterns(),
                backup_role_name=None if backups is None else backups.role_name,
            ),
        )
        outputs["break_glass_role_arn"] = emergency.arn
    return outputs


def _backups(settings: Settings, recovery: RecoverySettings, base: Base, data: Data) -> BackupPlan:
    buckets, objectives = base.storage.buckets, settings.recovery_objectives
    assert objectives is not None  # there with every recovery section
    assert base.keys.recovery_arn is not None  # there with every recovery Region
    return BackupPlan(
        "backups",
        BackupPlanArgs(
            scope=base.scope,
            settings=recovery.backup_plan,
            objectives=objectives,
            kms_key_arn=base.keys.arns[Purpose.BACKUP],
            recovery_region=recovery.region,
            recovery_kms_key_arn=base.keys.recovery_arn,
            left_out_arns=[
                buckets[purpose].arn for purpose, bucket in settings.storage.buckets.items() if not bucket.versioned
            ],
            restore_testing=recovery.restore_testing,
            tested=_tested(settings, base, data),
        ),
    )


def _tested(settings: Settings, base: Base, data: Data) -> dict[str, Mapping[str, pulumi.Input[str]]]:
    """What restore tests restore: the database into its own subnets and group, objects under the storage key."""
    found: dict[str, Mapping[str, pulumi.Input[str]]] = {}
    if data.database is not None:
        found["aurora" if isinstance(settings.database, AuroraSettings) else "rds"] = {
            "dbSubnetGroupName": data.database.identifier,  # the subnet group bears the database's name
            "vpcSecurityGroupIds": pulumi.Output.json_dumps([base.groups.database_id]),
        }
    buckets, chosen = base.storage.buckets, settings.storage.buckets
    if any(bucket.data_class is DataClass.PHI and chosen[purpose].versioned for purpose, bucket in buckets.items()):
        found["s3"] = {"encryptionType": "SSE-KMS", "kmsKey": base.keys.arns[Purpose.STORAGE]}
    return found


def _state(recovery: RecoverySettings, state: StateBackendSettings, base: Base) -> StateBackend:
    return StateBackend(
        "state",
        StateBackendArgs(
            scope=base.scope,
            settings=state,
            logs_bucket_name=base.storage.logs_bucket_name,
            recovery_region=recovery.region,
            recovery_logs_bucket_name=base.storage.recovery_logs_bucket_name,
        ),
    )
