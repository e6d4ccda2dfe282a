"""PostgreSQL for patient records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.iam_documents import trust
from components.scope import DataClass, Scope
from components.secrets import Secret, SecretArgs, password
from settings.database import DatabaseSettings

if TYPE_CHECKING:
    from pulumi_aws import rds

LOG_EXPORTS = ("postgresql", "upgrade")
CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"
MONITORING_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
_LONGEST_IDENTIFIER = 63


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """Inputs of `Database`.

    subnet_ids: zone → private subnet, two zones or more.   security_group_id: group that admits the application.
    kms_key_arn: key of storage, snapshots and performance history.   secrets_key_arn: key of the credentials.
    logs_key_arn: key of the engine's logs.
    recovery_region, recovery_kms_key_arn, recovery_days: where, with which key and for how many days automated
    backups are replicated; None: they are not.
    """

    scope: Scope
    settings: DatabaseSettings
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    recovery_region: str | None = None
    recovery_kms_key_arn: pulumi.Input[str] | None = None
    recovery_days: int = 7


class Database(pulumi.ComponentResource):
    """A private, encrypted PostgreSQL instance with a standby in another zone, that only speaks TLS.

    Its password is generated, handed to RDS and Secrets Manager through write-only inputs, encrypted in the state,
    and in no output.
    Source: Amazon RDS User Guide, "Security in Amazon RDS"; 45 CFR 164.312(a)(2)(iv) encryption,
    164.312(e)(1) transmission security, 164.308(a)(7)(ii)(A) data backup plan.
    BER-DB-01 to BER-DB-10, BER-IAM-04, BER-DR-01, BER-DR-13, ALL-08, ALL-12, ALL-14.
    """

    endpoint: pulumi.Output[str]  # host:port (BER-N15)
    address: pulumi.Output[str]  # host
    arn: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    secret_name: str
    identifier: str
    database_name: str

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:database:Database", name, {}, opts)
        from pulumi_aws import rds

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        self.identifier = scope.name("postgres", limit=_LONGEST_IDENTIFIER)
        self.database_name = settings.database_name or scope.system.replace("-", "_")
        username = settings.username or f"{scope.system.replace('-', '_')}_admin"
        tags = scope.tagged(DataClass.PHI, self.identifier)
        subnets = rds.SubnetGroup(
            f"{name}-subnets",
            name=self.identifier,
            description="Private subnets of the database",
            subnet_ids=list(args.subnet_ids.values()),
            tags=tags,
            opts=child,
        )
        parameters = rds.ParameterGroup(
            f"{name}-parameters",
            name=f"{self.identifier}-{settings.major_version}",
            family=f"postgres{settings.major_version}",
            description="TLS only, sessions and changes logged",
            parameters=[*_parameters(settings)],
            tags=tags,
            opts=child,
        )
        logs = self._log_groups(name, args)
        secret_value = password(f"{name}-password", self)
        instance = rds.Instance(
            f"{name}-instance",
            identifier=self.identifier,
            engine="postgres",
            engine_version=settings.engine_version,
            auto_minor_version_upgrade=settings.auto_minor_version_upgrade,
            instance_class=settings.instance_class,
            allocated_storage=settings.storage_gib,
            max_allocated_storage=settings.max_storage_gib,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=args.kms_key_arn,
            db_name=self.database_name,
            username=username,
            password_wo=secret_value,
            password_wo_version=1,
            port=settings.port,
            iam_database_authentication_enabled=settings.iam_authentication,
            ca_cert_identifier=CERTIFICATE_AUTHORITY,
            parameter_group_name=parameters.name,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[args.security_group_id],
            publicly_accessible=False,
            multi_az=settings.multi_az,
            backup_retention_period=settings.backup_days,
            backup_window=settings.backup_window,
            maintenance_window=settings.maintenance_window,
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=True,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{self.identifier}-final",
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.kms_key_arn,
            performance_insights_retention_period=settings.insights_days,
            monitoring_interval=settings.monitoring_seconds,
            monitoring_role_arn=self._monitoring_role(name, scope),
            enabled_cloudwatch_logs_exports=list(LOG_EXPORTS),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect, depends_on=logs),
        )
        secret = Secret(
            f"{name}-credentials",
            SecretArgs(
                scope=scope,
                path="database",
                description="Administrative user of the database",
                kms_key_arn=args.secrets_key_arn,
                value={
                    "username": username,
                    "password": secret_value,
                    "engine": "postgres",
                    "host": instance.address,
                    "port": str(settings.port),
                    "dbname": self.database_name,
                },
            ),
            child,
        )
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
        self.secret_arn, self.secret_name = secret.arn, secret.name
        self.register_outputs({"endpoint": self.endpoint, "secret_arn": self.secret_arn})

    def _log_groups(self, name: str, args: DatabaseArgs) -> list[pulumi.Resource]:
        """The groups RDS writes to: made first, or RDS makes them without key and retention."""
        from pulumi_aws import cloudwatch

        groups: list[pulumi.Resource] = []
        for export in LOG_EXPORTS:
            physical = f"/aws/rds/instance/{self.identifier}/{export}"
            groups.append(
                cloudwatch.LogGroup(
                    f"{name}-{export}-log",
                    name=physical,
                    retention_in_days=args.settings.log_days,
                    kms_key_id=args.logs_key_arn,
                    tags=args.scope.tagged(DataClass.PHI, physical),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        return groups

    def _monitoring_role(self, name: str, scope: Scope) -> pulumi.Output[str]:
        from pulumi_aws import iam

        child = pulumi.ResourceOptions(parent=self)
        physical = scope.name("database-monitoring", limit=64)
        source = scope.arn("rds", f"db:{self.identifier}")
        role = iam.Role(
            f"{name}-monitoring",
            name=physical,
            description="Lets RDS publish operating-system metrics of the database",
            assume_role_policy=trust("monitoring.rds.amazonaws.com", scope, source=source),
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        attached = iam.RolePolicyAttachment(
            f"{name}-monitoring", role=role.name, policy_arn=MONITORING_POLICY, opts=child
        )
        return pulumi.Output.all(role.arn, attached.id).apply(lambda parts: str(parts[0]))


def _parameters(settings: DatabaseSettings) -> list[rds.ParameterGroupParameterArgsDict]:
    """Static parameters wait for a restart, dynamic ones do not."""
    dynamic = {"rds.force_ssl": "1", "log_connections": "1", "log_disconnections": "1"}
    static: dict[str, str] = {}
    if settings.audit:  # pgAudit hides the passwords of CREATE ROLE, which log_statement would write out
        static["shared_preload_libraries"] = "pg_stat_statements,pgaudit"
        dynamic["pgaudit.log"] = "ddl,role,write"
        dynamic["pgaudit.log_parameter"] = "0"
    else:
        dynamic["log_statement"] = "ddl"
    return [
        {"name": name, "value": value, "apply_method": method}
        for method, group in (("immediate", dynamic), ("pending-reboot", static))
        for name, value in group.items()
    ]
