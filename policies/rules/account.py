"""Providers, tags, services: what every resource has in common."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ..conditions import holds_patient_data
from ..config import SENSITIVE, Config
from ..expect import UNSET
from ..graph import AWS_PROVIDER, Resource, Stack, default_tags, known
from ..paths import BALANCER, RESTRICTED
from ..rule import CRITICAL, EVERY, HIGH, LOW, MEDIUM, NATIVE, Finding, linked_rule, requires, resource_rule, stack_rule
from .stores import BUCKET, CLASSED, SIDE, TAG_GUIDE

PROVIDER_GUIDE = "https://www.pulumi.com/registry/packages/aws/installation-configuration/"
ELIGIBLE = "https://aws.amazon.com/compliance/hipaa-eligible-services-reference/"
NEUTRAL = frozenset(
    {"accessanalyzer", "account", "appautoscaling", "autoscaling", "index", "inspector2", "macie2", "resourcegroups",
     "servicediscovery", "xray"}
)  # fmt: skip
"""Services whose resources need no control of their own: they hold no data and open no way."""


@resource_rule(
    "provider-account-pinned",
    types=AWS_PROVIDER,
    title="Providers name their account",
    severity=LOW,
    remedy="Set allowedAccountIds on the provider, or aws:allowedAccountIds in the stack file.",
    url=PROVIDER_GUIDE,
)
def account_pinned(resource: Resource, config: Config) -> Iterator[str]:
    named = resource.document("allowedAccountIds")  # providers send their inputs as JSON text
    if not isinstance(named, list) or not named:
        yield "allowedAccountIds is not set: credentials of another account would do."


no_static_keys = requires(
    "provider-no-static-keys",
    AWS_PROVIDER,
    {"accessKey": UNSET, "secretKey": UNSET},
    title="Providers have no keys written down",
    severity=CRITICAL,
    remedy="Use a profile, a role or OpenID Connect.",
    url=PROVIDER_GUIDE,
)


@resource_rule(
    "provider-default-tags",
    types=AWS_PROVIDER,
    title="Providers tag everything with what is common",
    severity=LOW,
    remedy="Set defaultTags with data class, owner, environment and cost centre.",
    url=TAG_GUIDE,
)
def provider_tags(resource: Resource, config: Config) -> Iterator[str]:
    found = default_tags(resource)
    wanted = (config.data_class_tag, config.owner_tag, config.environment_tag, config.cost_tag)
    missing = [name for name in wanted if name not in found]
    if missing:
        yield f"defaultTags lacks {', '.join(missing)}."


@resource_rule(
    "purpose-and-owner-tags",
    types=CLASSED,
    title="Sensitive data says whose it is and what for",
    severity=LOW,
    remedy="Tag it with its owner, its purpose and, where it ends, its retention.",
    url=TAG_GUIDE,
)
def purpose_and_owner(resource: Resource, config: Config) -> Iterator[str]:
    tags = resource.tags()
    if tags.get(config.data_class_tag) not in SENSITIVE:
        return
    missing = [config.owner_tag] if config.owner_tag not in tags else []
    if not any(name in tags for name in config.purpose_tags):
        missing.append(config.purpose_tags[0])
    if missing:
        yield f"tags lacks {', '.join(missing)}."


@stack_rule(
    "eligible-service-only",
    title="Patient data is handled by services that AWS's agreement covers",
    severity=HIGH,
    remedy="Use a service that AWS lists as HIPAA eligible, or add it to the pack setting services.",
    url=ELIGIBLE,
)
def eligible_services(stack: Stack, config: Config) -> Iterator[Finding]:
    if holds_patient_data(stack, config):
        for each in stack.matching("aws:*"):
            if each.service and each.service not in config.services and each.service != "index":
                yield Finding(each, f"{each.service} is not on the list of services for patient data.")


@cache
def _covered() -> frozenset[str]:
    """Services that rules of this pack look at."""
    from . import RULES

    return NEUTRAL | {pattern.split(":")[1].split("/")[0] for rule in RULES for pattern in rule.types if "/" in pattern}


@resource_rule(
    "supported-service-only",
    types=EVERY,
    title="Every service in use has controls in this pack",
    severity=LOW,
    remedy="Review the service by hand and waive the rule for it, or leave it out.",
    url=ELIGIBLE,
)
def supported_services(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type.startswith(NATIVE):
        yield "types of aws-native are judged by their place and for credentials only."
    elif resource.service and resource.service not in _covered():
        yield f"no rule of this pack looks at {resource.service}."


ENDED = (
    "aws:waf/", "aws:wafregional/", "aws:elb/", "aws:opsworks/", "aws:simpledb/", "aws:qldb/",
    "aws:mediastore/", "aws:ec2/launchConfiguration:", "aws:rds/securityGroup:", "aws:elasticache/securityGroup:",
    "aws:redshift/securityGroup:",
)  # fmt: skip


@resource_rule(
    "deprecated-type-not-used",
    types=EVERY,
    title="Types are those of the current provider",
    severity=LOW,
    remedy="Rename the type and add an alias.",
    url="https://www.pulumi.com/registry/packages/aws/how-to-guides/7-0-migration/",
)
def deprecated_type(resource: Resource, config: Config) -> Iterator[str]:
    if resource.declared_type != resource.type:
        yield f"{resource.declared_type} is an old name of {resource.type}."
    elif resource.type.startswith(ENDED):
        yield f"{resource.type} is of a service or a feature that has ended."


_EXPOSED = {
    BALANCER: lambda r: r.flag("internal") is not True,
    "aws:cloudfront/distribution:Distribution": lambda _: True,
    "aws:apigateway/restApi:RestApi": lambda r: "PRIVATE" not in r.texts("endpointConfiguration.types"),
    "aws:apigatewayv2/api:Api": lambda _: True,
}


@resource_rule(
    "no-public-exposure-without-tag",
    types=tuple(_EXPOSED),
    title="What faces the internet says so, and who answers for it",
    severity=MEDIUM,
    remedy="Tag it Exposure: public (restricted, if it lets in listed addresses only) and with its owner.",
    url=TAG_GUIDE,
)
def exposure_tagged(resource: Resource, config: Config) -> Iterator[str]:
    if _EXPOSED[resource.type](resource):
        tags = resource.tags()
        said = ("public", RESTRICTED) if resource.type == BALANCER else ("public",)
        if tags.get(config.exposure_tag) not in said or config.owner_tag not in tags:
            yield f"faces the internet without tags {config.exposure_tag}: public and {config.owner_tag}."


_PLAIN = {
    "aws:rds/instance:Instance": {"password": "passwordWo or manageMasterUserPassword"},
    "aws:rds/cluster:Cluster": {"masterPassword": "masterPasswordWo or manageMasterUserPassword"},
    "aws:docdb/cluster:Cluster": {"masterPassword": "masterPasswordWo or manageMasterUserPassword"},
    "aws:redshift/cluster:Cluster": {"masterPassword": "masterPasswordWo or manageMasterPassword"},
    "aws:elasticache/replicationGroup:ReplicationGroup": {"authToken": "authTokenWo"},
    "aws:elasticache/user:User": {"passwords": "passwordsWo"},
    "aws:secretsmanager/secretVersion:SecretVersion": {
        "secretString": "secretStringWo",
        "secretBinary": "secretStringWo",
    },
    "aws:acm/certificate:Certificate": {"privateKey": "privateKeyWo"},
}


@resource_rule(
    "write-only-fields-preferred",
    types=(*_PLAIN, "aws:ssm/parameter:Parameter"),
    title="Credentials are written, never kept in the state",
    severity=HIGH,
    remedy="Use the write-only twin of the property, with its version.",
    url="https://www.pulumi.com/docs/iac/concepts/secrets/",
)
def write_only(resource: Resource, config: Config) -> Iterator[str]:
    for name, instead in _PLAIN.get(resource.type, {}).items():
        if resource.declares(name) and resource.has(name):
            yield f"{name} keeps the value in the state; use {instead}."
    secret = resource.type == "aws:ssm/parameter:Parameter" and resource.text("type") == "SecureString"
    if secret and resource.declares("value") and resource.has("value"):
        yield "value keeps the value in the state; use valueWo."


_OWN_PROTECTION = {
    BUCKET: lambda r: r.flag("forceDestroy") is not True,
    "aws:dynamodb/table:Table": lambda r: r.flag("deletionProtectionEnabled") is True,
    "aws:rds/cluster:Cluster": lambda r: r.flag("deletionProtection") is True,
    "aws:rds/instance:Instance": lambda r: r.flag("deletionProtection") is True,
    "aws:backup/vault:Vault": lambda r: r.flag("forceDestroy") is not True,
    "aws:efs/fileSystem:FileSystem": lambda _: False,
}


@resource_rule(
    "stateful-phi-protected",
    types=tuple(_OWN_PROTECTION),
    title="Patient data is not deleted by mistake",
    severity=HIGH,
    remedy="Turn on the type's deletion protection, or Pulumi's protect.",
    url="https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
)
def stateful_protected(resource: Resource, config: Config) -> Iterator[str]:
    held = resource.tags().get(config.data_class_tag) == "phi"
    if held and not resource.protect and not _OWN_PROTECTION[resource.type](resource):
        yield "holds patient data and can be deleted: neither protect nor its own deletion protection is on."


@stack_rule(
    "stack-phi-audit-baseline",
    title="Where patient data is, there is an audit",
    severity=HIGH,
    remedy="Declare a multi-region trail, a Config recorder, a GuardDuty detector and flow logs; or auditElsewhere.",
    url="https://docs.aws.amazon.com/prescriptive-guidance/latest/security-reference-architecture/welcome.html",
)
def audit_baseline(stack: Stack, config: Config) -> Iterator[Finding]:
    if config.audit_elsewhere or not holds_patient_data(stack, config):
        return
    trails = stack.of("aws:cloudtrail/trail:Trail", "aws:cloudtrail/eventDataStore:EventDataStore")
    wide = ("isMultiRegionTrail", "multiRegionEnabled")
    have = {
        "multi-region trail": any(t.unknown(n) or t.flag(n) for t in trails for n in wide),
        "Config recorder": bool(stack.of("aws:cfg/recorder:Recorder")),
        "GuardDuty detector": bool(stack.of("aws:guardduty/detector:Detector")),
        "flow logs": bool(stack.of("aws:ec2/flowLog:FlowLog")) or not stack.of("aws:ec2/vpc:Vpc"),
    }
    for what, found in have.items():
        if not found:
            yield Finding(stack.root, f"holds patient data and declares no {what}.")


_KEPT = {
    "aws:cloudwatch/logGroup:LogGroup": ("retentionInDays", 1.0),
    "aws:cloudtrail/eventDataStore:EventDataStore": ("retentionPeriod", 1.0),
    "aws:kinesis/stream:Stream": ("retentionPeriod", 1 / 24),
    "aws:sqs/queue:Queue": ("messageRetentionSeconds", 1 / 86_400),
    "aws:rds/instance:Instance": ("backupRetentionPeriod", 1.0),
    "aws:rds/cluster:Cluster": ("backupRetentionPeriod", 1.0),
}


def _bounds(resource: Resource, config: Config) -> tuple[float, float] | None:
    """Days of the retention tag, `365` (at least) or `365-2190`; None without one that reads so."""
    text = resource.tags().get(config.retention_tag) if known(resource.tags) else None
    parts = text.split("-") if isinstance(text, str) else []
    if not parts or len(parts) > 2 or not all(part.isdecimal() for part in parts):
        return None
    return float(parts[0]), float(parts[1]) if len(parts) == 2 else float("inf")


@linked_rule(
    "retention-within-bounds",
    types=(*_KEPT, BUCKET),
    title="Data is kept as long as its retention says",
    severity=MEDIUM,
    remedy="Bring the setting and the tag Retention (days, as 365 or 365-2190) together.",
    url=TAG_GUIDE,
)
def retention(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    bounds = _bounds(resource, config)
    if bounds is None:
        return
    if resource.type == BUCKET:
        found = [
            (rule.where("expiration.days"), days)
            for each in stack.users(resource, SIDE["a lifecycle"], property="bucket")
            for rule in each.views("rules")
            if (days := rule.number("expiration.days")) is not None
        ]
    else:
        name, unit = _KEPT[resource.type]
        value = resource.number(name)
        found = [(name, value * unit)] if value is not None else []
    least, most = bounds
    for path, days in found:
        if not least <= days <= most:
            yield f"{path}: {days:g} days is not within tags.{config.retention_tag} ({least:g} to {most:g})."
