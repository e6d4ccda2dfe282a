"""Copies of the database's snapshots in the recovery region, made on schedule by a function of this program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.function import Function, FunctionArgs, python_archive
from components.iam_documents import Statement, allow
from components.scope import DataClass, Scope
from settings.functions import FunctionArchitecture, Runtime, RuntimeSettings
from settings.recovery import SnapshotCopiesSettings

CODE = Path(__file__).parent / "functions" / "snapshot_copies"
PART = "snapshot-copies"
_RUNTIME = RuntimeSettings(
    runtime=Runtime.PYTHON_3_13,
    handler="handler.handler",
    architecture=FunctionArchitecture.ARM64,
    memory_mib=256,
    timeout_seconds=300,
)


@dataclass(frozen=True, kw_only=True)
class SnapshotCopiesArgs:
    """Inputs of `SnapshotCopies`.

    database: identifier of the instance or, with `cluster`, of the Aurora cluster.
    recovery_region, recovery_kms_key_arn: where copies go, and the key there that encrypts them.
    database_key_alias, recovery_key_alias: aliases of the keys of database and copies, known in advance.
    kms_key_arn: of the function's variables; key_aliases: its aliases.   logs_kms_key_arn: of its log group.
    log_days: how long its logs are kept.   subnet_ids, security_group_id: from where AWS is reached over HTTPS, in both
    regions: the recovery region's RDS answers on the internet only.
    """

    scope: Scope
    settings: SnapshotCopiesSettings
    database: str
    cluster: bool
    recovery_region: str
    recovery_kms_key_arn: pulumi.Input[str]
    database_key_alias: str
    recovery_key_alias: str
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    key_aliases: Sequence[str]
    logs_kms_key_arn: pulumi.Input[str]
    log_days: int


class SnapshotCopies(pulumi.ComponentResource):
    """A function that copies the newest automated snapshot abroad and removes old copies, and its schedule.

    Copies are called `<snapshot>-dr`. A failed copy, and a database without a snapshot, make the function fail.
    Source: Amazon RDS User Guide, "Copying a DB snapshot" (cross-Region copying, encrypted snapshots); BER-DR-13,
    BER-N16, BER-N30, FAC-DR-05; 45 CFR 164.308(a)(7)(ii)(A) data backup plan.
    """

    function: Function

    def __init__(self, name: str, args: SnapshotCopiesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:snapshot_copies:SnapshotCopies", name, {}, opts)
        from pulumi_aws import cloudwatch, lambda_

        child, scope, settings = pulumi.ResourceOptions(parent=self), args.scope, args.settings
        self.function = Function(
            f"{name}-function",
            FunctionArgs(
                scope=scope,
                settings=_RUNTIME.model_copy(update={"log_days": args.log_days}),
                part=PART,
                description="Copies the newest snapshot of the database to the recovery region",
                code=python_archive(CODE),
                kms_key_arn=args.kms_key_arn,
                logs_kms_key_arn=args.logs_kms_key_arn,
                subnet_ids=args.subnet_ids,
                security_group_id=args.security_group_id,
                environment={
                    "DATABASE": args.database,
                    "DATABASE_KIND": "cluster" if args.cluster else "instance",
                    "RECOVERY_REGION": args.recovery_region,
                    "RECOVERY_KEY_ARN": args.recovery_kms_key_arn,
                    "KEEP": str(settings.keep),
                },
                statements=_statements(args),
                key_aliases=args.key_aliases,
            ),
            child,
        )
        physical = scope.name(PART, limit=64)
        rule = cloudwatch.EventRule(
            f"{name}-schedule",
            name=physical,
            description="Looks for a new snapshot of the database to copy to the recovery region",
            schedule_expression=f"rate({settings.every_hours} hour{'' if settings.every_hours == 1 else 's'})",
            state="ENABLED",
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        allowed = lambda_.Permission(
            f"{name}-call",
            statement_id="schedule",
            action="lambda:InvokeFunction",
            function=self.function.deployed_name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=child,
        )
        cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            target_id="function",
            arn=self.function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        self.register_outputs({"function_arn": self.function.arn})


def _statements(args: SnapshotCopiesArgs) -> list[Statement]:
    """Copy this database's automated snapshots; delete nothing but their copies."""
    scope, abroad = args.scope, args.recovery_region
    kind, action, owner = (
        ("cluster-snapshot", "DBClusterSnapshot", "cluster") if args.cluster else ("snapshot", "DBSnapshot", "db")
    )
    copies = scope.arn("rds", f"{kind}:{args.database}-*-dr", region=abroad)
    automated = scope.arn("rds", f"{kind}:rds:{args.database}-*")
    regions = (scope.region, abroad)
    looked_at = [
        scope.arn("rds", resource, region=region)
        for region in regions
        for resource in (f"{kind}:*", f"{owner}:{args.database}")
    ]
    return [
        allow("FindSnapshots", [f"rds:Describe{action}s"], looked_at),
        allow("CopySnapshots", [f"rds:Copy{action}"], [automated, copies]),
        allow("TagCopies", ["rds:AddTagsToResource", "rds:ListTagsForResource"], [automated, copies]),
        allow("PruneCopies", [f"rds:Delete{action}"], [copies]),
        *(
            _use_key(f"{sid}Key", scope, region, alias)
            for sid, region, alias in (
                ("Database", scope.region, args.database_key_alias),
                ("Recovery", abroad, args.recovery_key_alias),
            )
        ),
        *(
            _grant_key(f"{sid}KeyGrant", scope, region, alias)
            for sid, region, alias in (
                ("Database", scope.region, args.database_key_alias),
                ("Recovery", abroad, args.recovery_key_alias),
            )
        ),
    ]


def _use_key(sid: str, scope: Scope, region: str, alias: str) -> Statement:
    return allow(
        sid,
        ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*"],
        [scope.arn("kms", "key/*", region=region)],
        **_through_rds(region, alias),
    )


def _grant_key(sid: str, scope: Scope, region: str, alias: str) -> Statement:
    """RDS copies for hours: it does so with a grant of its own."""
    return allow(
        sid,
        ["kms:CreateGrant"],
        [scope.arn("kms", "key/*", region=region)],
        Bool={"kms:GrantIsForAWSResource": "true"},
        **_through_rds(region, alias),
    )


def _through_rds(region: str, alias: str) -> dict[str, dict[str, object]]:
    return {
        "StringEquals": {"kms:ViaService": f"rds.{region}.amazonaws.com"},
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": [alias]},
    }
