"""Events of AWS that reach the alarm topic."""

from __future__ import annotations

import json
from typing import Any

import pytest

from settings.observability import EventKind
from tests.unit.components.watching import DATABASE, EVERYTHING, NODES, build
from tests.unit.conftest import Recorder

RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
DETECTION = {"guard_duty": {}, "config": {}, "access_analyzer": True}


def patterns(recorded: Recorder, settings: dict[str, Any] | None = None, **watched: Any) -> dict[str, dict[str, Any]]:
    build(recorded, settings, DETECTION if watched == EVERYTHING else None, **watched)
    return {
        inputs["name"].removeprefix("berthcare-staging-").removesuffix("-events"): json.loads(inputs["eventPattern"])
        for _, inputs in recorded.of(RULE)
    }


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether EventBridge would take the event (EventBridge User Guide, "Creating event patterns")."""
    for name, wanted in pattern.items():
        if name == "$or":
            if not any(matches(branch, event) for branch in wanted):
                return False
        elif name not in event:
            return False
        elif isinstance(wanted, dict):
            if not isinstance(event[name], dict) or not matches(wanted, event[name]):
                return False
        else:
            values = event[name] if isinstance(event[name], list) else [event[name]]
            if not any(_matches_one(rule, value) for rule in wanted for value in values):
                return False
    return True


def _matches_one(rule: Any, value: Any) -> bool:
    if not isinstance(rule, dict):
        return rule == value
    if "prefix" in rule:
        return str(value).startswith(rule["prefix"])
    operator, limit = rule["numeric"]
    return {">": value > limit, ">=": value >= limit}[operator]


def event(source: str, kind: str, **detail: Any) -> dict[str, Any]:
    return {"source": f"aws.{source}", "detail-type": kind, "detail": detail, "resources": detail.pop("resources", [])}


SERVICE = "arn:aws:ecs:ca-central-1:111122223333:service/berthcare-staging-services/berthcare-staging-backend"
OTHER = "arn:aws:ecs:ca-central-1:111122223333:service/other/backend"
RDS, ECS, DEPLOY = (
    "RDS DB Instance Event",
    "ECS Deployment State Change",
    "CodeDeploy Deployment State-change Notification",
)
RDS_ARN, REPOSITORY = "arn:aws:rds:ca-central-1:111122223333:", "berthcare-staging-backend"
INSTANCE, CLUSTER = f"{RDS_ARN}db:berthcare-staging-postgres", f"{RDS_ARN}cluster:berthcare-staging-postgres"
EVENTS: list[tuple[str, dict[str, Any], bool]] = [
    ("database", event("rds", RDS, SourceArn=INSTANCE, EventCategories=["failover"]), True),
    ("database", event("rds", RDS, SourceArn=f"{INSTANCE}-2", EventCategories=["failover"]), True),
    ("database", event("rds", "RDS DB Cluster Event", SourceArn=CLUSTER, EventCategories=["failover"]), True),
    ("database", event("rds", RDS, SourceArn=INSTANCE, EventCategories=["low storage"]), True),
    ("database", event("rds", RDS, SourceArn=INSTANCE, EventCategories=["backup"]), False),
    ("database", event("rds", RDS, SourceArn=f"{RDS_ARN}db:other", EventCategories=["failover"]), False),
    ("deployment", event("ecs", ECS, resources=[SERVICE], eventName="SERVICE_DEPLOYMENT_FAILED"), True),
    ("deployment", event("ecs", ECS, resources=[SERVICE], eventName="SERVICE_DEPLOYMENT_COMPLETED"), False),
    ("deployment", event("ecs", ECS, resources=[OTHER], eventName="SERVICE_DEPLOYMENT_FAILED"), False),
    ("deployment", event("codedeploy", DEPLOY, application="berthcare-staging", state="FAILURE"), True),
    ("deployment", event("codedeploy", DEPLOY, application="berthcare-staging", state="SUCCESS"), False),
    ("deployment", event("codedeploy", DEPLOY, application="other", state="FAILURE"), False),
    ("backup", event("backup", "Backup Job State Change", state="FAILED"), True),
    ("backup", event("backup", "Restore Job State Change", status="FAILED"), True),
    ("backup", event("backup", "Backup Job State Change", state="COMPLETED"), False),
    (
        "image-scan",
        event(
            "ecr",
            "ECR Image Scan",
            **{"scan-status": "COMPLETE", "repository-name": REPOSITORY, "finding-severity-counts": {"HIGH": 2}},
        ),
        True,
    ),
    (
        "image-scan",
        event(
            "ecr",
            "ECR Image Scan",
            **{"scan-status": "COMPLETE", "repository-name": REPOSITORY, "finding-severity-counts": {"LOW": 2}},
        ),
        False,
    ),
    ("certificate", event("acm", "ACM Certificate Approaching Expiration", DaysToExpiry=30), True),
    ("threat", event("guardduty", "GuardDuty Finding", severity=4.0), True),
    ("threat", event("guardduty", "GuardDuty Finding", severity=3.9), False),
    (
        "compliance",
        event(
            "config",
            "Config Rules Compliance Change",
            messageType="ComplianceChangeNotification",
            newEvaluationResult={"complianceType": "NON_COMPLIANT"},
        ),
        True,
    ),
    ("outside-access", event("access-analyzer", "Access Analyzer Finding", status="ACTIVE"), True),
    ("outside-access", event("access-analyzer", "Access Analyzer Finding", status="RESOLVED"), False),
    ("health", event("health", "AWS Health Event", eventTypeCategory="issue"), True),
]


@pytest.mark.requirement("BER-OBS-13")
def test_events_that_matter_match_and_the_others_do_not(recorded: Recorder) -> None:
    found = patterns(recorded, **EVERYTHING)
    assert set(found) == {kind.value for kind in EventKind}
    for kind, happened, wanted in EVENTS:
        assert matches(found[kind], happened) is wanted, (kind, happened)


def test_each_rule_tells_the_topic_which_admits_eventbridge(recorded: Recorder) -> None:
    build(recorded, None, DETECTION, **EVERYTHING)
    targets = [inputs for _, inputs in recorded.of(TARGET)]
    assert len(targets) == recorded.count(RULE) == len(EventKind)
    assert {target["rule"] for target in targets} == {inputs["name"] for _, inputs in recorded.of(RULE)}
    for target in targets:
        assert target["arn"] == "arn:aws:sns:ca-central-1:111122223333:berthcare-staging-alarms"
        assert "roleArn" not in target
    for _, inputs in recorded.of(RULE):
        assert len(inputs["name"]) <= 64
    policy = recorded.one("aws:sns/topicPolicy:TopicPolicy", "observability-alarms-topic-policy").inputs["policy"]
    assert "events.amazonaws.com" in policy


def test_what_the_stack_has_not_raises_no_events(recorded: Recorder) -> None:
    assert set(patterns(recorded, cache_node_ids=NODES)) == {"health"}


def test_kinds_and_categories_are_settings(recorded: Recorder) -> None:
    settings = {"events": {"kinds": ["database"], "database": ["backup"]}}
    found = patterns(recorded, settings, database=DATABASE)
    assert set(found) == {"database"}
    assert found["database"]["detail"]["EventCategories"] == ["backup"]


def test_without_events_the_topic_does_not_admit_eventbridge(recorded: Recorder) -> None:
    build(recorded, {"events": {"kinds": []}}, database=DATABASE)
    assert recorded.count(RULE) == 0
    assert "events.amazonaws.com" not in recorded.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"]
