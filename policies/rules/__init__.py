"""Every rule of the pack, in the order of the modules below and of their text."""

from __future__ import annotations

from ..rule import Rule, rules_of
from . import (
    cloudfront,
    cloudtrail,
    containers,
    elasticache,
    jurisdiction,
    kms,
    load_balancing,
    logs,
    network,
    rds,
    reachability,
    s3,
    secrets,
    stores,
    verdicts,
)

MODULES = (
    jurisdiction, reachability, stores, secrets, verdicts, s3, rds, elasticache, network, kms, logs, cloudtrail,
    load_balancing, cloudfront, containers,
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in rules_of(module))
