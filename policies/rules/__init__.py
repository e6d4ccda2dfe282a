"""Every rule of the pack, in the order of the modules below and of their text."""

from __future__ import annotations

from ..rule import Rule, rules_of
from . import (
    account,
    api_gateway,
    backup,
    budgets,
    cloudfront,
    cloudtrail,
    cognito,
    compute,
    containers,
    detection,
    dynamodb,
    elasticache,
    file_systems,
    functions,
    iam,
    jurisdiction,
    kms,
    load_balancing,
    logs,
    messaging,
    names,
    network,
    rds,
    reachability,
    s3,
    search,
    secrets,
    sharing,
    stores,
    systems_manager,
    verdicts,
    vpc_connections,
    web_acl,
)

MODULES = (
    jurisdiction, sharing, reachability, stores, secrets, verdicts, account, s3, rds, elasticache, dynamodb, search,
    file_systems, backup, iam, cognito, kms, network, vpc_connections, compute, load_balancing, cloudfront, web_acl,
    names, api_gateway, functions, containers, messaging, logs, cloudtrail, detection, systems_manager, budgets,
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in rules_of(module))
