"""AWS WAF: web ACLs that have rules, log without credentials, and stay in the jurisdiction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..config import Config
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, linked_rule, resource_rule
from ..values import View
from .jurisdiction import EDGE_REGION, not_allowed, region_of_arn

ACL = "aws:wafv2/webAcl:WebAcl"
RULE = "aws:wafv2/webAclRule:WebAclRule"
GROUP_OF_RULES = "aws:wafv2/webAclRuleGroupAssociation:WebAclRuleGroupAssociation"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
GUIDE = "https://docs.aws.amazon.com/waf/latest/developerguide/"
BASELINE = {
    "AWSManagedRulesCommonRuleSet": "the common rules",
    "AWSManagedRulesKnownBadInputsRuleSet": "known bad inputs (Log4j among them)",
    "AWSManagedRulesSQLiRuleSet": "SQL injection",
    "AWSManagedRulesAmazonIpReputationList": "addresses of bad repute",
}
_CLASSIC = (
    "aws:waf/webAcl:WebAcl", "aws:wafregional/webAcl:WebAcl", "aws:waf/rule:Rule", "aws:wafregional/rule:Rule",
    "aws:waf/ruleGroup:RuleGroup", "aws:wafregional/ruleGroup:RuleGroup", "aws:waf/rateBasedRule:RateBasedRule",
    "aws:wafregional/rateBasedRule:RateBasedRule", "aws:wafregional/webAclAssociation:WebAclAssociation",
)  # fmt: skip


def rules(acl: Resource, stack: Stack) -> list[View]:
    """The rules of a web ACL in the shape of its own: inline, as JSON in the words of the API, beside it."""
    found = acl.views("rules")
    found += View({"ruleJson": _camel(acl.document("ruleJson"))}).views("ruleJson")
    found += stack.users(acl, RULE, property="webAclArn")
    for each in stack.users(acl, GROUP_OF_RULES, property="webAclArn"):
        group = {"managedRuleGroupStatement": each.get("managedRuleGroup")}
        counting = each.text("overrideAction") == "count"
        found.append(View({"statement": group, "overrideAction": {"count": {}} if counting else {}}, each.name))
    return found


def _camel(value: Any) -> Any:
    """Names of the API (`ManagedRuleGroupStatement`) as the provider writes them."""
    if isinstance(value, dict):
        return {f"{name[:1].lower()}{name[1:]}": _camel(each) for name, each in value.items()}
    return [_camel(each) for each in value] if isinstance(value, list) else value


def statements(view: View) -> Iterator[View]:
    """Every statement under a rule, at any depth."""
    statement = view.view("statement")
    ahead = [statement]
    while ahead:
        each = ahead.pop()
        yield each
        for name in ("andStatement", "orStatement"):
            ahead += each.view(name).views("statements")
        for name in ("notStatement", "rateBasedStatement", "managedRuleGroupStatement"):
            inner = each.view(name)
            for deeper in (*inner.views("statements"), *inner.views("statement"), *inner.views("scopeDownStatement")):
                ahead.append(deeper)


@linked_rule(
    "waf-logging",
    types=ACL,
    title="Web ACLs record what they refuse",
    severity=MEDIUM,
    remedy="Add a WebAclLoggingConfiguration of the ACL.",
    url=GUIDE + "logging.html",
)
def logging(acl: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not stack.users(acl, LOGGING, property="resourceArn"):
        yield "no WebAclLoggingConfiguration."


@resource_rule(
    "waf-log-redaction",
    types=LOGGING,
    title="Records of requests hold no credentials",
    severity=HIGH,
    remedy="Add redactedFields with singleHeader authorization and cookie.",
    url=GUIDE + "logging-management-configure.html",
)
def redaction(resource: Resource, config: Config) -> Iterator[str]:
    headers = {(each.text("singleHeader.name") or "").lower() for each in resource.views("redactedFields")}
    missing = {"authorization", "cookie"} - headers
    if missing:
        yield f"redactedFields lacks {', '.join(sorted(missing))}."


@linked_rule(
    "waf-log-destination",
    types=LOGGING,
    title="Records of requests stay in the jurisdiction, encrypted",
    severity=HIGH,
    remedy="Log to a group or bucket of the jurisdiction; only the CDN's ACL logs in us-east-1.",
    url=GUIDE + "logging-cw-logs.html",
)
def log_destination(log: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    edge = any(
        not acl.unknown("scope") and acl.text("scope") == "CLOUDFRONT" for acl in stack.targets(log, "resourceArn", ACL)
    )
    edge = edge or (not log.unknown("resourceArn") and ":global/webacl/" in (log.text("resourceArn") or ""))
    allowed = config.regions | ({EDGE_REGION} if edge else frozenset())
    for target in stack.targets(log, "logDestinationConfigs"):
        region = target.region()
        if region is not None and region not in allowed:
            yield f"logDestinationConfigs: {target.name} is in {not_allowed(region, config)}."
        if target.type == "aws:cloudwatch/logGroup:LogGroup" and not target.has("kmsKeyId"):
            yield Finding(target, f"kmsKeyId is not set, and {log.name} writes to it.")
    arns = [] if log.unknown("logDestinationConfigs") else log.properties.get("logDestinationConfigs")
    for arn in arns if isinstance(arns, list) else []:
        region = region_of_arn(arn) if isinstance(arn, str) else ""
        if region and region not in allowed and not stack.named(arn):
            yield f"logDestinationConfigs: {not_allowed(region, config)}."


@linked_rule(
    "waf-has-rules",
    types=ACL,
    title="Web ACLs do something",
    severity=HIGH,
    remedy="Add rules, or block by default.",
    url=GUIDE + "web-acl.html",
)
def has_rules(acl: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not rules(acl, stack) and not _blocks(acl):
        yield "it has no rules, and defaultAction lets everything through."


def _blocks(resource: Resource) -> bool:
    action = resource.get("defaultAction")
    return isinstance(action, dict) and "block" in action and action["block"] is not None


@linked_rule(
    "waf-managed-baseline",
    types=ACL,
    title="Web ACLs refuse the known attacks",
    severity=HIGH,
    remedy="Add AWS's managed groups for common rules, known bad inputs, SQL injection and reputation, not counting.",
    url=GUIDE + "aws-managed-rule-groups-list.html",
)
def managed_baseline(acl: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    on: set[str] = set()
    for rule in rules(acl, stack):
        override = rule.get("overrideAction")
        if isinstance(override, dict) and override.get("count") is not None:
            continue
        on |= {name for each in statements(rule) if (name := each.text("managedRuleGroupStatement.name")) is not None}
    missing = [what for name, what in BASELINE.items() if name not in on]
    if missing:
        yield f"its rules lack {', '.join(missing)}."


@linked_rule(
    "waf-rate-limit",
    types=ACL,
    title="Web ACLs limit requests of one address",
    severity=LOW,
    remedy="Add a rule with rateBasedStatement.",
    url=GUIDE + "waf-rule-statement-type-rate-based.html",
)
def rate_limit(acl: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not any(each.has("rateBasedStatement") for rule in rules(acl, stack) for each in statements(rule)):
        yield "no rule of it has a rateBasedStatement."


@linked_rule(
    "waf-geo-allowlist",
    types=ACL,
    title="Patient data is asked for from the allowed countries only",
    severity=MEDIUM,
    remedy="Add a rule that blocks what does not come from the allowed countries (geoMatchStatement).",
    url=GUIDE + "waf-rule-statement-type-geo-match.html",
)
def geo_allowlist(acl: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    path = "geoMatchStatement.countryCodes"
    matches = [each for rule in rules(acl, stack) for each in statements(rule) if each.has(path)]
    if not matches:
        yield "no rule of it has a geoMatchStatement."
    for each in matches:
        strangers = sorted(set(each.texts(path)) - config.allowed_countries)
        if strangers:
            yield f"{each.where(path)}: {', '.join(strangers)} is not among the allowed countries."


@resource_rule(
    "waf-rule-metrics",
    types=(ACL, "aws:wafv2/ruleGroup:RuleGroup"),
    title="Rules of web ACLs are measured",
    severity=LOW,
    remedy="Set visibilityConfig.cloudwatchMetricsEnabled: true, in each rule too.",
    url=GUIDE + "waf-metrics.html",
)
def rule_metrics(resource: Resource, config: Config) -> Iterator[str]:
    for view in (resource, *resource.views("rules")):
        if view.flag("visibilityConfig.cloudwatchMetricsEnabled") is not True:
            yield f"{view.where('visibilityConfig.cloudwatchMetricsEnabled')} must be true."


@resource_rule(
    "waf-classic-forbidden",
    types=_CLASSIC,
    title="AWS WAF Classic is not used",
    severity=HIGH,
    remedy="Use wafv2.",
    url=GUIDE + "waf-migrating-from-classic.html",
)
def classic(resource: Resource, config: Config) -> Iterator[str]:
    yield "is of AWS WAF Classic, which has ended."
