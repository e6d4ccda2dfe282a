"""Web application firewall of a load balancer or a distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import pulumi

from components.scope import DataClass, Scope
from settings.edge import WebAclSettings

if TYPE_CHECKING:
    from pulumi_aws import wafv2

_EDGE_REGION = "us-east-1"  # the only place for firewalls of CloudFront (AWS WAF Developer Guide)
_MANAGED = {
    "ip-reputation": "AWSManagedRulesAmazonIpReputationList",
    "common": "AWSManagedRulesCommonRuleSet",
    "known-bad-inputs": "AWSManagedRulesKnownBadInputsRuleSet",
    "sql-injection": "AWSManagedRulesSQLiRuleSet",
}


class Guarded(StrEnum):
    """What the firewall stands in front of."""

    LOAD_BALANCER = "REGIONAL"
    CDN = "CLOUDFRONT"


@dataclass(frozen=True, kw_only=True)
class WebAclArgs:
    """Inputs of `WebAcl`.

    guarded: what it stands in front of; a firewall of the CDN lives in us-east-1.
    part: part of its names. Default: `cdn` or `load-balancer`.
    logs_kms_key_arn: key of its log group, in the firewall's region, admitting CloudWatch Logs there.
    """

    scope: Scope
    settings: WebAclSettings
    guarded: Guarded
    logs_kms_key_arn: pulumi.Input[str]
    part: str | None = None


class WebAcl(pulumi.ComponentResource):
    """AWS managed rules, a rate limit, optionally countries and addresses; logged, without what identifies a session.

    Source: AWS WAF Developer Guide, "Logging AWS WAF web ACL traffic" (names begin `aws-waf-logs-`); BER-EDG-08,
    LWO-EDG-04.
    45 CFR 164.308(a)(5)(ii)(B), 164.312(b).
    """

    arn: pulumi.Output[str]
    name: str  # physical name, known in advance

    def __init__(self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:web_acl:WebAcl", name, {}, opts)
        from pulumi_aws import cloudwatch, wafv2

        child = pulumi.ResourceOptions(parent=self)
        scope = args.scope
        region = _EDGE_REGION if args.guarded is Guarded.CDN else None
        self.name = scope.name(args.part or ("cdn" if args.guarded is Guarded.CDN else "load-balancer"))
        addresses = {"denied": args.settings.denied_cidrs, "allowed": args.settings.allowed_cidrs}
        sets = {
            part: wafv2.IpSet(
                f"{name}-{part}",
                name=f"{self.name}-{part}",
                scope=args.guarded.value,
                ip_address_version="IPV4",
                addresses=[str(cidr) for cidr in cidrs],
                tags=scope.tagged(DataClass.INTERNAL, f"{self.name}-{part}"),
                region=region,
                opts=child,
            ).arn
            for part, cidrs in addresses.items()
            if cidrs
        }
        acl = wafv2.WebAcl(
            f"{name}-acl",
            name=self.name,
            scope=args.guarded.value,
            default_action={"allow": {}},
            rules=_rules(args.settings, sets),
            visibility_config=_visibility(self.name),
            tags=scope.tagged(DataClass.INTERNAL, self.name),
            region=region,
            opts=child,
        )
        group_name = f"aws-waf-logs-{self.name}"
        group = cloudwatch.LogGroup(
            f"{name}-logs",
            name=group_name,
            retention_in_days=args.settings.log_days,
            kms_key_id=args.logs_kms_key_arn,
            tags=scope.tagged(DataClass.INTERNAL, group_name),
            region=region,
            opts=child,
        )
        wafv2.WebAclLoggingConfiguration(
            f"{name}-logging",
            resource_arn=acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[
                {"single_header": {"name": "authorization"}},
                {"single_header": {"name": "cookie"}},
                {"query_string": {}},
            ],
            region=region,
            opts=child,
        )
        self.arn = acl.arn
        self.register_outputs({"arn": self.arn})


def _visibility(metric: str) -> wafv2.WebAclVisibilityConfigArgsDict:
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": False, "metric_name": metric}


def _rule_visibility(metric: str) -> wafv2.WebAclRuleVisibilityConfigArgsDict:
    """Metrics on; samples off, because they keep whole requests, which may identify patients."""
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": False, "metric_name": metric}


def _rules(settings: WebAclSettings, sets: Mapping[str, pulumi.Input[str]]) -> list[wafv2.WebAclRuleArgsDict]:
    """Cheapest first: countries, rate, addresses, then the managed groups.   sets: `denied`, `allowed` → IP set."""
    rules: list[wafv2.WebAclRuleArgsDict] = []
    if settings.countries:
        outside: wafv2.WebAclRuleStatementArgsDict = {
            "not_statement": {
                "statement": {"geo_match_statement": {"country_codes": list(settings.countries)}},
            }
        }
        rules.append(_blocking("countries", 0, outside))
    rate: wafv2.WebAclRuleStatementArgsDict = {
        "rate_based_statement": {
            "limit": settings.requests_per_five_minutes,
            "evaluation_window_sec": 300,
            "aggregate_key_type": "IP",
        }
    }
    rules.append(_blocking("rate", 1, rate))
    if "denied" in sets:
        rules.append(_blocking("denied", 2, {"ip_set_reference_statement": {"arn": sets["denied"]}}))
    if "allowed" in sets:
        elsewhere: wafv2.WebAclRuleStatementArgsDict = {
            "not_statement": {"statement": {"ip_set_reference_statement": {"arn": sets["allowed"]}}}
        }
        rules.append(_blocking("not-allowed", 3, elsewhere))
    for priority, (name, group) in enumerate(_MANAGED.items(), start=10):
        managed: wafv2.WebAclRuleStatementManagedRuleGroupStatementArgsDict = {"vendor_name": "AWS", "name": group}
        if name == "common" and settings.large_bodies:
            managed["rule_action_overrides"] = [{"name": "SizeRestrictions_BODY", "action_to_use": {"count": {}}}]
        rules.append(
            {
                "name": name,
                "priority": priority,
                "override_action": {"none": {}},
                "statement": {"managed_rule_group_statement": managed},
                "visibility_config": _rule_visibility(name),
            }
        )
    return rules


def _blocking(name: str, priority: int, statement: wafv2.WebAclRuleStatementArgsDict) -> wafv2.WebAclRuleArgsDict:
    return {
        "name": name,
        "priority": priority,
        "action": {"block": {}},
        "statement": statement,
        "visibility_config": _rule_visibility(name),
    }
