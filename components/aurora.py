"""PostgreSQL for patient records: an Amazon Aurora Serverless v2 cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from settings.database import INSIGHTS_ACU, AuroraSettings

if TYPE_CHECKING:
    from pulumi_aws import rds

ENGINE = "aurora-postgresql"
INSTANCE_CLASS = "db.serverless"
LOG_EXPORTS = ("postgresql",)
_LONGEST_IDENTIFIER = 60  # RDS takes 63; instances add a hyphen and two digits
_LOWEST_TIER = 15


@dataclass(frozen=True, kw_only=True)
class AuroraArgs(PostgresqlArgs):
    """Inputs of `Aurora`; see `PostgresqlArgs` for the wiring."""

    settings: AuroraSettings


class Aurora(pulumi.ComponentResource):
    """A private, encrypted Aurora cluster, a writer and its readers, that only speaks TLS.

    Storage has copies in three zones; a reader of promotion tier 1 scales with the writer and takes over from it.
    RDS replicates automated backups of instances only: the copy in the recovery region is AWS Backup's (`BackupPlan`),
    which takes the cluster by its tags.
    Source: Amazon Aurora User Guide, "Using Aurora Serverless v2", "High availability for Amazon Aurora";
    45 CFR 164.312(a)(2)(iv), 164.312(e)(1), 164.308(a)(7)(ii)(A).
    MSP-DB-01 to 11, MSP-DR-01, MSP-IAM-10, OMN-DB-01 to 12, OMN-DR-01, OMN-OBS-01, OMN-OBS-03, MSP-N03, MSP-N24,
    MSP-N25, OMN-N04, OMN-N14, OMN-N16.
    """

    endpoint: pulumi.Output[str]  # host:port, of the writer
    address: pulumi.Output[str]  # host, of the writer
    reader_address: pulumi.Output[str] | None  # host; connections are spread over the readers
    arn: pulumi.Output[str]
    administrator: Credentials
    application: Credentials | None
    identifier: str
    instance_identifiers: list[str]  # the first is the writer until a failover
    database_name: str

    def __init__(self, name: str, args: AuroraArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:aurora:Aurora", name, {}, opts)
        from pulumi_aws import rds

        scope, settings = args.scope, args.settings
        if settings.min_acu < INSIGHTS_ACU:
            pulumi.log.warn(
                f"database.min_acu is {settings.min_acu:g}: performance history needs memory that an instance of less "
                f"than {INSIGHTS_ACU} ACU hardly has, so history may have gaps (OMN-N14).",
                self,
            )
        self.identifier = scope.name("postgres", limit=_LONGEST_IDENTIFIER)
        self.instance_identifiers = [f"{self.identifier}-{number}" for number in range(1, settings.readers + 2)]
        self.database_name = settings.named(scope.system)
        username = settings.administrator(scope.system)
        tags = scope.tagged(DataClass.PHI, self.identifier)
        subnets = subnet_group(name, args, self.identifier, self)
        parameters = parameter_group(name, args, settings, rds.ClusterParameterGroup, ENGINE, self.identifier, self)
        paths = {export: f"/aws/rds/cluster/{self.identifier}/{export}" for export in LOG_EXPORTS}
        logs = log_groups(name, args, paths, settings.log_days, self)
        login = Login(name, args, settings, self)
        cluster = rds.Cluster(
            f"{name}-cluster",
            cluster_identifier=self.identifier,
            engine=ENGINE,
            engine_mode="provisioned",  # what Serverless v2 is to the API
            engine_version=settings.engine_version,
            serverlessv2_scaling_configuration={"min_capacity": settings.min_acu, "max_capacity": settings.max_acu},
            storage_encrypted=True,
            **beginning(settings, args.kms_key_arn),
            database_name=self.database_name,
            master_username=username,
            **login.inputs("master_"),
            port=settings.port,
            iam_database_authentication_enabled=settings.iam_authentication,
            db_cluster_parameter_group_name=parameters,
            db_subnet_group_name=subnets,
            vpc_security_group_ids=[args.security_group_id],
            backup_retention_period=settings.backup_days,
            preferred_backup_window=settings.backup_window,
            preferred_maintenance_window=settings.maintenance_window,
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=True,
            skip_final_snapshot=False,
            final_snapshot_identifier=f"{self.identifier}-final",
            enabled_cloudwatch_logs_exports=list(LOG_EXPORTS),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect, depends_on=logs, ignore_changes=BEGINNING),
        )
        instances = self._instances(name, args, cluster, subnets)
        place = {"host": cluster.endpoint, "port": str(settings.port), "dbname": self.database_name}
        self.administrator = login.administrator(username, place, cluster.master_user_secrets, instances)
        self.application = login.application(place)
        self.endpoint = pulumi.Output.concat(cluster.endpoint, ":", str(settings.port))
        self.address = cluster.endpoint
        self.reader_address = cluster.reader_endpoint if settings.readers else None
        self.arn = cluster.arn
        self.register_outputs({"endpoint": self.endpoint, "secret_arn": self.administrator.secret_arn})

    def _instances(
        self, name: str, args: AuroraArgs, cluster: rds.Cluster, subnets: pulumi.Output[str]
    ) -> Sequence[pulumi.Resource]:
        """The writer, then the readers: the first instance of a cluster becomes its writer.

        Each is placed in the next zone, because RDS would choose zones at random; where one lives is decided once.
        """
        from pulumi_aws import rds

        scope, settings, zones = args.scope, args.settings, list(args.subnet_ids)
        role = monitoring_role(name, scope, f"{self.identifier}-*", self)
        made: list[pulumi.Resource] = []
        for position, identifier in enumerate(self.instance_identifiers):
            made.append(
                rds.ClusterInstance(
                    f"{name}-{position + 1}",
                    identifier=identifier,
                    cluster_identifier=cluster.id,
                    engine=rds.EngineType.AURORA_POSTGRESQL,
                    engine_version=settings.engine_version,
                    instance_class=INSTANCE_CLASS,
                    availability_zone=zones[position % len(zones)],
                    promotion_tier=min(position, _LOWEST_TIER),
                    db_subnet_group_name=subnets,
                    publicly_accessible=False,
                    ca_cert_identifier=CERTIFICATE_AUTHORITY,
                    auto_minor_version_upgrade=settings.auto_minor_version_upgrade,
                    preferred_maintenance_window=settings.maintenance_window,
                    copy_tags_to_snapshot=True,
                    performance_insights_enabled=True,
                    performance_insights_kms_key_id=args.kms_key_arn,
                    performance_insights_retention_period=settings.insights_days,
                    monitoring_interval=settings.monitoring_seconds,
                    monitoring_role_arn=role,
                    tags=scope.tagged(DataClass.PHI, identifier),
                    opts=pulumi.ResourceOptions(
                        parent=self,
                        protect=scope.protect and position == 0,
                        depends_on=made[:1],
                        ignore_changes=["availabilityZone"],
                    ),
                )
            )
        return made
