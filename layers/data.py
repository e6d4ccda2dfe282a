"""Where data is kept beside the buckets: database, caches, and the secrets the application reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.application_secrets import ApplicationSecrets, ApplicationSecretsArgs
from components.aurora import Aurora, AuroraArgs
from components.bucket import BucketInfo
from components.cache import Cache, CacheArgs
from components.database import Database, DatabaseArgs
from components.postgresql import Credentials, PostgresqlDatabase
from layers.base import Base
from settings.cache import CacheSettings
from settings.database import AuroraSettings, RdsSettings
from settings.keys import Purpose
from settings.stack import Settings


@dataclass(frozen=True)
class Data:
    """The stores as the other layers use them.   queue: the second cache, which keeps job queues (FAC-N16)."""

    database: PostgresqlDatabase | None
    cache: Cache | None
    queue: Cache | None
    secrets: ApplicationSecrets
    outputs: dict[str, Any]

    @property
    def login(self) -> Credentials | None:
        """What the application signs in to the database with: its own user where it has one."""
        return None if self.database is None else self.database.application or self.database.administrator

    @property
    def secret_names(self) -> list[str]:
        """Secrets the application may read: its own login, never also the administrator's, and its own secrets."""
        login = None if self.login is None else self.login.secret_name
        caches = [cache.secret_name for cache in (self.cache, self.queue) if cache is not None]
        return [name for name in (login, *caches, *self.secrets.names.values()) if name is not None]


def build_data(settings: Settings, base: Base) -> Data:
    """The database, the caches and the application's secrets, each where the stack file has one.

    Raises pulumi.RunError when AWS no longer offers the version of the database (ALL-02).
    """
    database = None if settings.database is None else _database(settings, settings.database, base)
    cache = None if settings.cache is None else _cache(settings, settings.cache, base, name="cache", part="redis")
    queue = None if settings.queue is None else _cache(settings, settings.queue, base, name="queue", part="queue")
    secrets = ApplicationSecrets(
        "secrets",
        ApplicationSecretsArgs(
            scope=base.scope,
            settings=settings.secrets,
            kms_key_arn=base.keys.arns[Purpose.SECRETS],
            values=_references(settings, base.storage.buckets, database, cache),
        ),
    )
    outputs: dict[str, Any] = {"secret_arns": secrets.arns}
    if database is not None:
        outputs |= {
            "db_endpoint": database.endpoint,
            "db_address": database.address,
            "db_reader_address": database.reader_address,
            "db_identifier": database.identifier,
            "db_name": database.database_name,
            "db_credentials_secret_arn": database.administrator.secret_arn,
            "db_application_secret_arn": None if database.application is None else database.application.secret_arn,
        }
    if isinstance(database, Aurora):
        outputs |= {"aurora_cluster_endpoint": database.address, "aurora_database_name": database.database_name}
    for part, redis in {"redis": cache, "queue": queue}.items():
        if redis is not None:
            outputs |= {
                f"{part}_endpoint": redis.primary_endpoint,
                f"{part}_credentials_secret_arn": redis.secret_arn,
            }
    return Data(database=database, cache=cache, queue=queue, secrets=secrets, outputs=outputs)


def _database(settings: Settings, database: RdsSettings | AuroraSettings, base: Base) -> PostgresqlDatabase:
    _require_postgresql(database.engine, database.engine_version)
    wiring: dict[str, Any] = {
        "scope": base.scope,
        "subnet_ids": base.network.data_subnet_ids,
        "security_group_id": base.groups.database_id,
        "kms_key_arn": base.keys.arns[Purpose.DATABASE],
        "secrets_key_arn": base.keys.arns[Purpose.SECRETS],
        "logs_key_arn": base.keys.arns[Purpose.LOGS],
        "secret_recovery_days": settings.secrets.recovery_days,
    }
    if isinstance(database, AuroraSettings):
        return Aurora("database", AuroraArgs(settings=database, **wiring))
    recovery, objectives = settings.recovery, settings.recovery_objectives
    return Database(
        "database",
        DatabaseArgs(
            settings=database,
            recovery_region=recovery.region if recovery is not None and recovery.database_backups else None,
            recovery_kms_key_arn=base.keys.recovery_arn,
            recovery_days=7 if objectives is None else objectives.database_copy_days,
            **wiring,
        ),
    )


def _cache(settings: Settings, redis: CacheSettings, base: Base, *, name: str, part: str) -> Cache:
    return Cache(
        name,
        CacheArgs(
            scope=base.scope,
            settings=redis,
            subnet_ids=base.network.cache_subnet_ids,
            security_group_id=base.groups.cache_id,
            kms_key_arn=base.keys.arns[Purpose.CACHE],
            secrets_key_arn=base.keys.arns[Purpose.SECRETS],
            logs_key_arn=base.keys.arns[Purpose.LOGS],
            part=part,
            secret_path=name,
            secret_recovery_days=settings.secrets.recovery_days,
        ),
    )


def _require_postgresql(engine: str, version: str) -> None:
    """Ask AWS whether it offers the version, before anything is created (ALL-02, BER-N02, MSP-N01, OMN-N01)."""
    import pulumi_aws as aws

    try:
        aws.rds.get_engine_version(engine=engine, version=version)
    except Exception as error:
        offering = "Amazon Aurora" if engine.startswith("aurora") else "Amazon RDS"
        raise pulumi.RunError(
            f"phi-platform:database.engine_version: expected a PostgreSQL version {offering} offers in this region, "
            f"found {version}. List them with: aws rds describe-db-engine-versions --engine {engine} ({error})"
        ) from None


def _references(
    settings: Settings, buckets: Mapping[str, BucketInfo], database: PostgresqlDatabase | None, cache: Cache | None
) -> dict[str, pulumi.Input[str]]:
    """What an assembled secret may refer to; see `settings.secrets.Reference`."""
    found: dict[str, pulumi.Input[str]] = {"region": settings.region}
    found |= {f"bucket.{purpose}": bucket.name for purpose, bucket in buckets.items()}
    if database is not None and settings.database is not None:
        found |= {
            "database.host": database.address,
            "database.port": str(settings.database.port),
            "database.name": database.database_name,
        }
        if database.reader_address is not None:
            found["database.reader_host"] = database.reader_address
    if cache is not None and settings.cache is not None:
        found |= {"cache.host": cache.primary_endpoint, "cache.port": str(settings.cache.port)}
    return found
