"""PostgreSQL for patient records: an Amazon RDS instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from components.postgresql import (
    BEGINNING,
    CERTIFICATE_AUTHORITY,
    Credentials,
    Login,
    PostgresqlArgs,
    beginning,
    log_groups,
    monitoring_role,
    parameter_group,
    subnet_group,
)
from components.scope import DataClass
from settings.database import RdsSettings

if TYPE_CHECKING:
    from pulumi_aws import rds

LOG_EXPORTS = ("postgresql", "upgrade")
REPLICA_LOG_EXPORTS = ("postgresql",)
_LONGEST_IDENTIFIER = 63


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs(PostgresqlArgs):
    """Inputs of `Database`; see `PostgresqlArgs` for the wiring.

    recovery_region, recovery_kms_key_arn, recovery_days: where, with which key and for how many days automated
    backups are replicated; None: they are not.
    """

    settings: RdsSettings
    recovery_region: str | None = None
    recovery_kms_key_arn: pulumi.Input[str] | None = None
    recovery_days: int = 7


class Database(pulumi.ComponentResource):
    """A private, encrypted PostgreSQL instance with a standby in another zone, that only speaks TLS.

    Its administrator's password is generated and write-only, or RDS's own; see `Login`.
    Source: Amazon RDS User Guide, "Security in Amazon RDS"; 45 CFR 164.312(a)(2)(iv) encryption,
    164.312(e)(1) transmission security, 164.308(a)(7)(ii)(A) data backup plan.
    BER-DB-01 to 10, BER-IAM-04, BER-DR-01, BER-DR-13, FAC-DB-01 to 14, FAC-DR-02 to 04, LWO-DB-01 to 08, ALL-08,
    ALL-12, ALL-14.
    """

    endpoint: pulumi.Output[str]  # host:port (BER-N15)
    address: pulumi.Output[str]  # host
    reader_address: pulumi.Output[str] | None  # host of the first replica
    replica_identifiers: list[str]
    arn: pulumi.Output[str]
    administrator: Credentials
    application: Credentials | None
    identifier: str
    database_name: str

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:database:Database", name, {}, opts)
        from pulumi_aws import rds

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        self.identifier = scope.name("postgres", limit=_LONGEST_IDENTIFIER)
        self.database_name = settings.named(scope.system)
        username = settings.administrator(scope.system)
        tags = scope.tagged(DataClass.PHI, self.identifier)
        subnets = subnet_group(name, args, self.identifier, self)
        parameters = parameter_group(name, args, settings, rds.ParameterGroup, "postgres", self.identifier, self)
        paths = {export: f"/aws/rds/instance/{self.identifier}/{export}" for export in LOG_EXPORTS}
        logs = log_groups(name, args, paths, settings.log_days, self)
        login = Login(name, args, settings, self)
        monitored = f"{self.identifier}*"  # replicas, and what is restored beside it
        # what the instance and its replicas share
        common: dict[str, Any] = {
            "auto_minor_version_upgrade": settings.auto_minor_version_upgrade,
            "instance_class": settings.instance_class,
            "max_allocated_storage": settings.max_storage_gib,
            "storage_type": "gp3",
            "storage_encrypted": True,
            "port": settings.port,
            "iam_database_authentication_enabled": settings.iam_authentication,
            "ca_cert_identifier": CERTIFICATE_AUTHORITY,
            "parameter_group_name": parameters,
            "vpc_security_group_ids": [args.security_group_id],
            "publicly_accessible": False,
            "maintenance_window": settings.maintenance_window,
            "copy_tags_to_snapshot": True,
            "deletion_protection": True,
            "performance_insights_enabled": True,
            "performance_insights_kms_key_id": args.kms_key_arn,
            "performance_insights_retention_period": settings.insights_days,
            "monitoring_interval": settings.monitoring_seconds,
            "monitoring_role_arn": monitoring_role(name, scope, monitored, self),
        }
        instance = rds.Instance(
            f"{name}-instance",
            identifier=self.identifier,
            engine="postgres",
            engine_version=settings.engine_version,
            allocated_storage=settings.storage_gib,
            **beginning(settings, args.kms_key_arn),
            db_name=self.database_name,
            username=username,
            **login.inputs(),
            db_subnet_group_name=subnets,
            multi_az=settings.multi_az,
            backup_retention_period=settings.backup_days,
            backup_window=settings.backup_window,
            delete_automated_backups=False,
            skip_final_snapshot=False,  # it stays, as every snapshot taken by hand does (FAC-DB-05, FAC-N12)
            final_snapshot_identifier=f"{self.identifier}-final",
            enabled_cloudwatch_logs_exports=list(LOG_EXPORTS),
            tags=tags,
            **common,
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect, depends_on=logs, ignore_changes=BEGINNING),
        )
        replicas = [
            self._replica(name, args, number, instance, common) for number in range(1, settings.read_replicas + 1)
        ]
        self.replica_identifiers = [identifier for identifier, _ in replicas]
        self.reader_address = replicas[0][1].address if replicas else None
        place = {"host": instance.address, "port": str(settings.port), "dbname": self.database_name}
        self.administrator = login.administrator(username, place, instance.master_user_secrets, [instance])
        self.application = login.application(place)
        if args.recovery_region is not None:
            rds.InstanceAutomatedBackupsReplication(
                f"{name}-backups",
                region=args.recovery_region,
                source_db_instance_arn=instance.arn,
                kms_key_id=args.recovery_kms_key_arn,
                retention_period=args.recovery_days,
                opts=child,
            )
        self.endpoint = instance.endpoint
        self.address = instance.address
        self.arn = instance.arn
        self.register_outputs({"endpoint": self.endpoint, "secret_arn": self.administrator.secret_arn})

    def _replica(
        self, name: str, args: DatabaseArgs, number: int, source: rds.Instance, common: Mapping[str, Any]
    ) -> tuple[str, rds.Instance]:
        """A copy in the same region, which takes key, users and subnets from its source (LWO-DB-07).

        RDS takes no final snapshot of a replica: its data are its source's.
        """
        from pulumi_aws import rds

        scope = args.scope
        identifier = scope.name(f"postgres-replica-{number}", limit=_LONGEST_IDENTIFIER)
        paths = {f"replica-{number}-{each}": f"/aws/rds/instance/{identifier}/{each}" for each in REPLICA_LOG_EXPORTS}
        logs: Sequence[pulumi.Resource] = log_groups(name, args, paths, args.settings.log_days, self)
        replica = rds.Instance(
            f"{name}-replica-{number}",
            identifier=identifier,
            replicate_source_db=source.identifier,
            multi_az=False,
            skip_final_snapshot=True,
            enabled_cloudwatch_logs_exports=list(REPLICA_LOG_EXPORTS),
            tags=scope.tagged(DataClass.PHI, identifier),
            **common,
            opts=pulumi.ResourceOptions(parent=self, depends_on=logs),
        )
        return identifier, replica
