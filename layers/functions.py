"""Functions: the application's own, and those that rotate passwords and copy snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.bucket import BucketInfo
from components.function import Code, Function, FunctionArgs, ImageCode, PackageCode
from components.iam_documents import Statement, read_managed_password
from components.rotation import PART as ROTATION
from components.rotation import Rotation, RotationArgs
from components.scope import Scope
from components.snapshot_copies import PART as SNAPSHOT_COPIES
from components.snapshot_copies import SnapshotCopies, SnapshotCopiesArgs
from layers.base import Base
from layers.data import Data
from settings.database import AuroraSettings
from settings.functions import FunctionSettings
from settings.keys import Purpose
from settings.stack import Settings


@dataclass(frozen=True)
class Functions:
    """Functions as the other layers use them.   application: what an API may call.   own: of this program."""

    application: dict[str, Function]
    own: dict[str, Function]
    outputs: dict[str, Any]


def build_functions(settings: Settings, base: Base, data: Data) -> Functions:
    """Every function of the stack file, and what the settings of database and recovery ask for."""
    wanted = {} if settings.compute is None else settings.compute.functions
    reach = _reach(settings, data)
    application = {name: _function(settings, name, function, base, data, reach) for name, function in wanted.items()}
    own: dict[str, Function] = {}
    if (rotation := _rotation(settings, base, data)) is not None:
        own[ROTATION] = rotation.function
    if (copies := _snapshot_copies(settings, base, data)) is not None:
        own[SNAPSHOT_COPIES] = copies.function
    return Functions(
        application,
        own,
        {
            "backend_environment": reach,
            "function_names": {name: function.name for name, function in application.items()},
            "function_log_groups": {name: function.log_group_name for name, function in application.items()},
        },
    )


def _function(
    settings: Settings,
    name: str,
    function: FunctionSettings,
    base: Base,
    data: Data,
    reach: Mapping[str, pulumi.Input[str]],
) -> Function:
    buckets, login = base.storage.buckets, data.login if function.database else None
    return Function(
        f"function-{name}",
        FunctionArgs(
            scope=base.scope,
            settings=function,
            part=name,
            description=f"{settings.system} {settings.environment}: {name}",
            code=_code(function, buckets),
            kms_key_arn=base.keys.arns[Purpose.SECRETS],
            logs_kms_key_arn=base.keys.arns[Purpose.LOGS],
            subnet_ids=base.network.application_subnet_ids,
            security_group_id=base.groups.service_id,
            environment={**_environment(settings, function, base), **(reach if function.database else {})},
            secret_names=[] if login is None or login.secret_name is None else [login.secret_name],
            bucket_names=[buckets[purpose].name for purpose in function.buckets],
            statements=_managed_login(base.scope, settings, data) if function.database else [],
            key_aliases=base.application_key_aliases,
        ),
        base.ready,
    )


def _rotation(settings: Settings, base: Base, data: Data) -> Rotation | None:
    if settings.database is None or not settings.database.rotates_own or data.database is None:
        return None
    return Rotation(
        ROTATION,
        RotationArgs(
            scope=base.scope,
            administrator=data.database.administrator,
            application=data.database.application,
            days=settings.database.rotated_every_days or 0,
            subnet_ids=base.network.application_subnet_ids,
            security_group_id=base.groups.service_id,
            kms_key_arn=base.keys.arns[Purpose.SECRETS],
            logs_kms_key_arn=base.keys.arns[Purpose.LOGS],
            log_days=settings.database.log_days,
            key_aliases=[base.keys.aliases[Purpose.SECRETS]],
        ),
        base.ready,
    )


def _snapshot_copies(settings: Settings, base: Base, data: Data) -> SnapshotCopies | None:
    recovery, keys = settings.recovery, base.keys
    if recovery is None or recovery.snapshot_copies is None or settings.database is None or data.database is None:
        return None
    assert keys.recovery_arn is not None  # there with every recovery Region
    return SnapshotCopies(
        SNAPSHOT_COPIES,
        SnapshotCopiesArgs(
            scope=base.scope,
            settings=recovery.snapshot_copies,
            database=data.database.identifier,
            cluster=isinstance(settings.database, AuroraSettings),
            recovery_region=recovery.region,
            recovery_kms_key_arn=keys.recovery_arn,
            database_key_alias=keys.aliases[Purpose.DATABASE],
            recovery_key_alias=keys.recovery_alias,
            subnet_ids=base.network.application_subnet_ids,
            security_group_id=base.groups.service_id,
            kms_key_arn=keys.arns[Purpose.SECRETS],
            key_aliases=[keys.aliases[Purpose.SECRETS]],
            logs_kms_key_arn=keys.arns[Purpose.LOGS],
            log_days=settings.database.log_days,
        ),
        base.ready,
    )


def _reach(settings: Settings, data: Data) -> dict[str, pulumi.Input[str]]:
    """Where functions find the database and its password; a browser is never told (MSP-CMP-02, MSP-OUT-09)."""
    if data.database is None or data.login is None or settings.database is None:
        return {}
    return {
        "DATABASE_ENDPOINT": data.database.address,
        "DATABASE_PORT": str(settings.database.port),
        "DATABASE_NAME": data.database.database_name,
        "DATABASE_SECRET_ARN": data.login.secret_arn,
    }


def _managed_login(scope: Scope, settings: Settings, data: Data) -> list[Statement]:
    """Permission to read a password RDS keeps under a name of its own, if it does."""
    if data.database is None or data.login is None or data.login.secret_name is not None:
        return []
    aurora = isinstance(settings.database, AuroraSettings)
    return [read_managed_password(scope, data.database.identifier, cluster=aurora)]


def _environment(settings: Settings, function: FunctionSettings, base: Base) -> dict[str, pulumi.Input[str]]:
    """Buckets of a function, and the web pages it must name in its answers (MSP-EDG-09)."""
    found: dict[str, pulumi.Input[str]] = {**base.bucket_variables(function.buckets)}
    if settings.api is not None:
        found["CORS_ORIGINS"] = ",".join(settings.api.cors.origins)
    return found


def _code(function: FunctionSettings, buckets: Mapping[str, BucketInfo]) -> Code:
    package = function.package
    if package is not None:
        return PackageCode(bucket=buckets[package.bucket].id, key=package.key, version=package.version)
    if function.image is None:
        raise ValueError("package, image: want one of them, got neither")
    return ImageCode(address=function.image)
