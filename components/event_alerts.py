"""Events of AWS itself that people must hear of, passed on to the alarm topic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.scope import DataClass, Scope
from components.watched import Watched
from settings.detection import DetectionSettings
from settings.observability import EventKind, EventSettings

Pattern = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class EventAlertsArgs:
    """Inputs of `EventAlerts`.   patterns: kind → event pattern.   topic_arn: topic that admits EventBridge."""

    scope: Scope
    patterns: Mapping[EventKind, Pattern]
    topic_arn: pulumi.Input[str]


class EventAlerts(pulumi.ComponentResource):
    """An EventBridge rule per kind of event, each with the topic as its target.

    Events name resources, never patients.
    Source: Amazon EventBridge User Guide, "Creating rules that react to events"; 45 CFR 164.308(a)(6)(ii).
    """

    rule_names: list[str]

    def __init__(self, name: str, args: EventAlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:event_alerts:EventAlerts", name, {}, opts)
        from pulumi_aws import cloudwatch

        child = pulumi.ResourceOptions(parent=self)
        self.rule_names = []
        for kind, pattern in args.patterns.items():
            physical = args.scope.name(f"{kind}-events", limit=64)
            rule = cloudwatch.EventRule(
                f"{name}-{kind}",
                name=physical,
                description=f"Passes {kind.replace('-', ' ')} events on to the alarm topic",
                event_pattern=json.dumps(pattern),
                state="ENABLED",
                tags=args.scope.tagged(DataClass.INTERNAL, physical),
                opts=child,
            )
            cloudwatch.EventTarget(
                f"{name}-{kind}-topic", rule=rule.name, target_id="alarms", arn=args.topic_arn, opts=child
            )
            self.rule_names.append(physical)
        self.register_outputs({"rule_names": self.rule_names})


def event_patterns(
    scope: Scope, settings: EventSettings, watched: Watched, detection: DetectionSettings
) -> dict[EventKind, Pattern]:
    """Patterns of the wanted kinds that this stack has the things for.

    Source: the event reference of each service in the Amazon EventBridge Events Reference.
    """
    found: dict[EventKind, Pattern] = {}
    if watched.database is not None:
        found[EventKind.DATABASE] = _event(
            "rds",
            "RDS DB Instance Event",
            "RDS DB Cluster Event",
            # not SourceIdentifier, which some events have with `rds:` in front
            SourceArn=[
                {"prefix": scope.arn("rds", f"{kind}:{identifier}")}
                for identifier in (watched.database.identifier, *watched.database.replicas)
                for kind in ("db", "cluster")
            ],
            EventCategories=[category.value for category in settings.database],
        )
    deployments = _deployments(scope, watched)
    if deployments is not None:
        found[EventKind.DEPLOYMENT] = deployments
    if watched.backups is not None:
        failed = ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"]
        found[EventKind.BACKUP] = _event(
            "backup",
            "Backup Job State Change",
            "Copy Job State Change",
            "Restore Job State Change",
            **{"$or": [{"state": failed}, {"status": failed}]},
        )
    repositories = [service.repository_name for service in watched.services.values()]
    if any(repositories):
        some = [{"numeric": [">", 0]}]
        found[EventKind.IMAGE_SCAN] = _event(
            "ecr",
            "ECR Image Scan",
            **{
                "scan-status": ["COMPLETE"],
                "repository-name": [name for name in repositories if name is not None],
                "$or": [{"finding-severity-counts": {severity: some}} for severity in ("CRITICAL", "HIGH")],
            },
        )
    if watched.certificates:
        found[EventKind.CERTIFICATE] = _event("acm", "ACM Certificate Approaching Expiration")
    if detection.guard_duty is not None:
        severe = [{"numeric": [">=", detection.guard_duty.severity]}]
        found[EventKind.THREAT] = _event("guardduty", "GuardDuty Finding", severity=severe)
    if detection.config is not None:
        found[EventKind.COMPLIANCE] = _event(
            "config",
            "Config Rules Compliance Change",
            messageType=["ComplianceChangeNotification"],
            newEvaluationResult={"complianceType": ["NON_COMPLIANT"]},
        )
    if detection.access_analyzer:
        found[EventKind.OUTSIDE_ACCESS] = _event("access-analyzer", "Access Analyzer Finding", status=["ACTIVE"])
    found[EventKind.HEALTH] = _event(
        "health", "AWS Health Event", eventTypeCategory=["accountNotification", "issue", "scheduledChange"]
    )
    return {kind: found[kind] for kind in EventKind if kind in found and kind in settings.kinds}


def _event(source: str, *types: str, **detail: Any) -> Pattern:
    pattern: Pattern = {"source": [f"aws.{source}"], "detail-type": list(types)}
    return {**pattern, "detail": detail} if detail else pattern


def _deployments(scope: Scope, watched: Watched) -> Pattern | None:
    """Failed deployments of services (ECS) and of instances (CodeDeploy), whichever there are."""
    branches: list[Pattern] = []
    clusters = sorted({service.cluster_name for service in watched.services.values()})
    if clusters:
        services = [{"prefix": scope.arn("ecs", f"service/{cluster}/")} for cluster in clusters]
        failed = ["SERVICE_DEPLOYMENT_FAILED", "SERVICE_TASK_PLACEMENT_FAILURE", "SERVICE_TASK_START_IMPAIRED"]
        types = ["ECS Deployment State Change", "ECS Service Action"]
        branches.append(
            {"source": ["aws.ecs"], "detail-type": types, "resources": services, "detail": {"eventName": failed}}
        )
    if watched.fleet is not None and watched.fleet.deployment_application is not None:
        branches.append(
            {
                "source": ["aws.codedeploy"],
                "detail-type": ["CodeDeploy Deployment State-change Notification"],
                "detail": {"application": [watched.fleet.deployment_application], "state": ["FAILURE", "STOP"]},
            }
        )
    if len(branches) > 1:
        return {"$or": branches}
    return branches[0] if branches else None
