"""Users, the API they call, and what a browser application is told of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from components.api import Api, ApiArgs, ApiDomain, CalledFunction, Tokens
from components.certificates import Certificate, CertificateArgs
from components.directory import Directory, DirectoryArgs, UserBucket
from layers.base import Base
from layers.entry import Entry, firewall_arn
from layers.functions import Functions
from settings.api import ApiSettings
from settings.directory import DirectorySettings
from settings.frontend import FrontendSettings
from settings.keys import Purpose
from settings.stack import Settings


@dataclass(frozen=True)
class Apis:
    """The API as the other layers use it."""

    api: Api | None
    outputs: dict[str, Any]


def build_api(settings: Settings, base: Base, entry: Entry, functions: Functions) -> Apis:
    """The directory of users, the API, the variables of a browser application, each where the stack file has one."""
    outputs: dict[str, Any] = {}
    acl_arn = None
    if settings.api is not None and settings.edge is not None:
        acl_arn = firewall_arn(settings.edge, base, "api-firewall", part="api")
    directory = None
    if settings.directory is not None:
        directory = _directory(settings.directory, base, acl_arn)
        outputs |= {
            "user_pool_id": directory.user_pool_id,
            "user_pool_arn": directory.user_pool_arn,
            "user_pool_client_id": directory.client_id,
            "identity_pool_id": directory.identity_pool_id,
            "user_attribute_values": {
                f"custom:{name}": list(attribute.values)
                for name, attribute in settings.directory.attributes.items()
                if attribute.values
            },
        }
    api = None
    if settings.api is not None:
        api = _api(settings.api, base, entry, functions, directory, acl_arn)
        outputs |= {
            "api_endpoint": api.endpoint,
            "api_id": api.id,
            "api_stage": api.stage_name,
            "api_access_log_group_name": api.access_log_group_name,
            "api_execution_log_group_name": api.execution_log_group_name,
        }
    if settings.frontend is not None:
        facts = _facts(settings, base, entry, directory, api)
        outputs["frontend_environment"] = _variables(settings.frontend, facts)
    return Apis(api=api, outputs=outputs)


def _directory(directory: DirectorySettings, base: Base, acl_arn: pulumi.Input[str] | None) -> Directory:
    reached = {} if directory.identity_pool is None else directory.identity_pool.buckets
    return Directory(
        "directory",
        DirectoryArgs(
            scope=base.scope,
            settings=directory,
            buckets={
                purpose: UserBucket(name=base.storage.buckets[purpose].name, reach=reach, customer_key=True)
                for purpose, reach in reached.items()
            },
            key_aliases=[base.keys.aliases[Purpose.STORAGE]],
            web_acl_arn=acl_arn if directory.web_acl else None,
        ),
    )


def _api(
    api: ApiSettings,
    base: Base,
    entry: Entry,
    functions: Functions,
    directory: Directory | None,
    acl_arn: pulumi.Input[str] | None,
) -> Api:
    domain = None
    if api.domain_name is not None and entry.zone_id is not None:
        certificate = Certificate(
            "api-certificate",
            CertificateArgs(scope=base.scope, domain_name=api.domain_name, zone_id=entry.zone_id),
        )
        domain = ApiDomain(name=api.domain_name, certificate_arn=certificate.arn, zone_id=entry.zone_id)
    tokens = None
    if directory is not None:
        tokens = Tokens(user_pool_arn=directory.user_pool_arn, client_id=directory.client_id)
    return Api(
        "api",
        ApiArgs(
            scope=base.scope,
            settings=api,
            logs_kms_key_arn=base.keys.arns[Purpose.LOGS],
            functions={
                name: CalledFunction(name=function.deployed_name, invoke_arn=function.invoke_arn)
                for name, function in functions.application.items()
            },
            tokens=tokens,
            web_acl_arn=acl_arn,
            domain=domain,
        ),
    )


def _facts(
    settings: Settings, base: Base, entry: Entry, directory: Directory | None, api: Api | None
) -> dict[str, pulumi.Input[str]]:
    """What a browser application may be told: never anything of the database (MSP-IAM-13, MSP-OUT-01 to 08)."""
    found: dict[str, pulumi.Input[str]] = {"region": settings.region}
    found |= {f"buckets.{purpose}": bucket.id for purpose, bucket in base.storage.buckets.items()}
    if directory is not None:
        found |= {"user_pool_id": directory.user_pool_id, "user_pool_client_id": directory.client_id}
        if directory.identity_pool_id is not None:
            found["identity_pool_id"] = directory.identity_pool_id
    if api is not None:
        found["api_endpoint"] = api.endpoint
    if entry.cdn is not None:
        own = None if settings.edge is None or settings.edge.domain is None else settings.edge.domain.cdn
        found["cdn_url"] = pulumi.Output.concat("https://", own or entry.cdn.domain_name)
    return found


def _variables(frontend: FrontendSettings, facts: dict[str, pulumi.Input[str]]) -> dict[str, pulumi.Input[str]]:
    told = {name: facts[fact] for name, fact in frontend.variables.items()} | frontend.values
    return {f"{frontend.prefix}{name}": value for name, value in told.items()}
