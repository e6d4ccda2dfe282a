"""What an RDS instance and an Aurora cluster have in common: parameters, logs, monitoring, credentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pulumi

from components.iam_documents import trust
from components.scope import DataClass, Scope
from components.secrets import RECOVERY_DAYS, Secret, SecretArgs, password
from settings.database import PostgresqlSettings

if TYPE_CHECKING:
    from pulumi_aws import rds

CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"
MONITORING_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
ADMINISTRATOR = "database"
APPLICATION_USER = "database-application"
"""Parts of the names of the two secrets; `naming.secret_names` may give either a name of its own."""


@dataclass(frozen=True, kw_only=True)
class PostgresqlArgs:
    """Inputs that `Database` and `Aurora` share.

    subnet_ids: zone → private subnet, two zones or more.   security_group_id: group that admits the application.
    kms_key_arn: key of storage, snapshots and performance history.   secrets_key_arn: key of the credentials.
    logs_key_arn: key of the engine's logs.   secret_recovery_days: days a deleted secret can be restored.
    """

    scope: Scope
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    secret_recovery_days: int = RECOVERY_DAYS


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A secret with `username` and `password`.

    secret_name: physical name without the characters Secrets Manager adds; None: RDS names the secret itself.
    """

    secret_arn: pulumi.Output[str]
    secret_name: str | None


class PostgresqlDatabase(Protocol):
    """What others need of a database, whichever engine it has.

    endpoint: host:port (BER-N15).   address, reader_address: host; readers answer at the second, where there are any.
    identifier: of the instance or the cluster.
    administrator, application: who may sign in; `application` is None when the application is the administrator.
    """

    endpoint: pulumi.Output[str]
    address: pulumi.Output[str]
    reader_address: pulumi.Output[str] | None
    arn: pulumi.Output[str]
    identifier: str
    database_name: str
    administrator: Credentials
    application: Credentials | None


def beginning(settings: PostgresqlSettings, kms_key_arn: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """The snapshot a database is restored from, if any, and the key of its storage, which is then the snapshot's."""
    if settings.snapshot is None:
        return {"kms_key_id": kms_key_arn}
    return {"snapshot_identifier": settings.snapshot.identifier, "kms_key_id": settings.snapshot.kms_key_arn}


BEGINNING = ["snapshotIdentifier"]
"""What is only looked at when a database is created: it may be in the stack file or not, later."""


def session_parameters(settings: PostgresqlSettings) -> list[dict[str, str]]:
    """Parameters of a group, TLS forced (ALL-08, FAC-N15, MSP-N24); static ones wait for a restart, others do not."""
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


def subnet_group(name: str, args: PostgresqlArgs, identifier: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Name of the group of the subnets the database may be in.   identifier: of the instance or the cluster."""
    from pulumi_aws import rds

    group = rds.SubnetGroup(
        f"{name}-subnets",
        name=identifier,
        description="Private subnets of the database",
        subnet_ids=list(args.subnet_ids.values()),
        tags=args.scope.tagged(DataClass.PHI, identifier),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return group.name


def parameter_group(
    name: str, args: PostgresqlArgs, settings: PostgresqlSettings,
    kind: type[rds.ParameterGroup] | type[rds.ClusterParameterGroup], engine: str, identifier: str,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:  # fmt: skip
    """Name of the group of the database's parameters.   kind: an instance's or a cluster's.   engine: its family."""
    parameters: Any = session_parameters(settings)
    group = kind(
        f"{name}-parameters",
        name=f"{identifier}-{settings.major_version}",
        family=f"{engine}{settings.major_version}",
        description="TLS only, sessions and changes logged",
        parameters=parameters,
        tags=args.scope.tagged(DataClass.PHI, identifier),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return group.name


def log_groups(
    name: str, args: PostgresqlArgs, paths: Mapping[str, str], days: int, parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """The groups RDS writes to: made first, or RDS makes them without key and retention.

    paths: part of the resource's name → name of the group.   days: how long events are kept.
    """
    from pulumi_aws import cloudwatch

    return [
        cloudwatch.LogGroup(
            f"{name}-{part}-log",
            name=physical,
            retention_in_days=days,
            kms_key_id=args.logs_key_arn,
            tags=args.scope.tagged(DataClass.PHI, physical),
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for part, physical in paths.items()
    ]


def monitoring_role(name: str, scope: Scope, instances: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """ARN of the role that publishes operating-system metrics.   instances: their identifier, or a pattern of it."""
    from pulumi_aws import iam

    child = pulumi.ResourceOptions(parent=parent)
    physical = scope.name("database-monitoring", limit=64)
    role = iam.Role(
        f"{name}-monitoring",
        name=physical,
        description="Lets RDS publish operating-system metrics of the database",
        assume_role_policy=trust("monitoring.rds.amazonaws.com", scope, source=scope.arn("rds", f"db:{instances}")),
        permissions_boundary=scope.boundary,
        tags=scope.tagged(DataClass.INTERNAL, physical),
        opts=child,
    )
    attached = iam.RolePolicyAttachment(f"{name}-monitoring", role=role.name, policy_arn=MONITORING_POLICY, opts=child)
    return pulumi.Output.all(role.arn, attached.id).apply(lambda parts: str(parts[0]))


class Login:
    """How the administrator of a database signs in: with a password generated here, or with one RDS keeps itself.

    The generated one is handed to RDS and Secrets Manager through write-only inputs, encrypted in the state, and in no
    output. RDS's own is in no state at all.
    """

    def __init__(self, name: str, args: PostgresqlArgs, settings: PostgresqlSettings, parent: pulumi.Resource) -> None:
        self._name, self._args, self._settings, self._parent = name, args, settings, parent
        self._password = None if settings.managed_password else password(f"{name}-password", parent)

    def inputs(self, prefix: str = "") -> dict[str, Any]:
        """Arguments of the instance, or of the cluster with `prefix` `master_`."""
        if self._password is None:
            return {"manage_master_user_password": True, "master_user_secret_kms_key_id": self._args.secrets_key_arn}
        return {f"{prefix}password_wo": self._password, f"{prefix}password_wo_version": 1}

    def administrator(
        self, username: str, place: Mapping[str, pulumi.Input[str]], managed: pulumi.Output[Sequence[Any]],
        ready: Sequence[pulumi.Resource],
    ) -> Credentials:  # fmt: skip
        """The administrator's credentials.

        place: fields that say where the database is.   managed: `master_user_secrets` of the instance or the cluster.
        ready: what must exist before RDS may be asked to rotate.
        """
        from pulumi_aws import secretsmanager

        if self._password is not None:
            return self._kept(ADMINISTRATOR, "credentials", "Administrative user", username, self._password, place)
        arn: pulumi.Output[str] = managed[0].secret_arn
        secretsmanager.SecretRotation(
            f"{self._name}-rotation",
            secret_id=arn,
            rotate_immediately=False,
            rotation_rules={"automatically_after_days": self._settings.rotated_every_days},
            # the schedule goes with the secret, which goes with the database: there is nothing to cancel before
            opts=pulumi.ResourceOptions(parent=self._parent, depends_on=list(ready), retain_on_delete=True),
        )
        return Credentials(secret_arn=arn, secret_name=None)

    def application(self, place: Mapping[str, pulumi.Input[str]]) -> Credentials | None:
        """The application's own credentials (FAC-IAM-08), if it has any."""
        username = self._settings.application_username
        if username is None:
            return None
        secret = password(f"{self._name}-application-password", self._parent)
        return self._kept(APPLICATION_USER, "application", "The application's user", username, secret, place)

    def _kept(
        self, path: str, role: str, who: str, username: str, value: pulumi.Output[str],
        place: Mapping[str, pulumi.Input[str]],
    ) -> Credentials:  # fmt: skip
        secret = Secret(
            f"{self._name}-{role}",
            SecretArgs(
                scope=self._args.scope,
                path=path,
                description=f"{who} of the database",
                kms_key_arn=self._args.secrets_key_arn,
                value={"username": username, "password": value, "engine": "postgres", **place},
                recovery_days=self._args.secret_recovery_days,
            ),
            pulumi.ResourceOptions(parent=self._parent),
        )
        return Credentials(secret_arn=secret.arn, secret_name=secret.name)
