"""Roles of tasks: what they may do, and what they may never do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pulumi_aws import ecs

from components.identity import TaskRoles, TaskRolesArgs
from components.scope import Scope
from settings.identity import GithubSettings
from settings.naming import NamingSettings
from settings.recovery import StateBackendSettings
from tests.unit.components.decisions import decide
from tests.unit.components.scopes import ACCOUNT_ID, scope
from tests.unit.conftest import Recorder

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
PHOTOS = "arn:aws:s3:::berthcare-photos-staging"
DATABASE = "berthcare/staging/database"
GITHUB = GithubSettings(organization="clinic-example", repository="infrastructure", github_environment="staging")
STATE = StateBackendSettings(bucket="berthcare-terraform-state", replica_bucket="berthcare-terraform-state-dr")
KEY = f"arn:aws:kms:ca-central-1:{ACCOUNT_ID}:key/11111111-0000-4000-8000-000000000000"
LONG = replace(scope(), system="a" * 20, environment="development")


def tasks(recorded: Recorder, where: Scope | None = None, **args: Any) -> dict[str, str]:
    """`execution` and `task` → policy."""
    wiring: dict[str, Any] = {"bucket_arns": [PHOTOS], "secret_names": [DATABASE], **args}
    recorded.run(lambda: TaskRoles("roles", TaskRolesArgs(scope=where or scope(), **wiring)))
    return {inputs["name"]: inputs["policy"] for _, inputs in recorded.of(POLICY)}


# --- tasks


@pytest.mark.requirement("BER-CMP-02", "BER-IAM-01", "BER-IAM-02")
def test_both_task_roles_exist_without_any_service_bucket_or_secret(recorded: Recorder) -> None:
    policies = tasks(recorded, bucket_arns=[], secret_names=[])
    assert sorted(inputs["name"] for _, inputs in recorded.of(ROLE)) == [
        "berthcare-staging-ecs-execution",
        "berthcare-staging-ecs-task",
    ]
    assert decide(policies["execution"], "ecr:GetAuthorizationToken") == "allowed"
    assert "secretsmanager" not in "".join(policies.values())


def test_only_tasks_of_this_account_take_the_task_roles(recorded: Recorder) -> None:
    tasks(recorded)
    for _, role in recorded.of(ROLE):
        (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
        assert (statement["Principal"], statement["Action"]) == (
            {"Service": "ecs-tasks.amazonaws.com"},
            "sts:AssumeRole",
        )
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT_ID}
        assert role["maxSessionDuration"] == 3600


@pytest.mark.requirement("BER-IAM-01")
@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [
        ("ecr:BatchGetImage", f"arn:aws:ecr:ca-central-1:{ACCOUNT_ID}:repository/berthcare-staging-api", "allowed"),
        ("ecr:BatchGetImage", f"arn:aws:ecr:ca-central-1:{ACCOUNT_ID}:repository/other-staging-api", "not allowed"),
        ("ecr:PutImage", f"arn:aws:ecr:ca-central-1:{ACCOUNT_ID}:repository/berthcare-staging-api", "not allowed"),
        (
            "logs:PutLogEvents",
            f"arn:aws:logs:ca-central-1:{ACCOUNT_ID}:log-group:/berthcare/staging/api:log-stream:api/1",
            "allowed",
        ),
        (
            "logs:PutLogEvents",
            f"arn:aws:logs:ca-central-1:{ACCOUNT_ID}:log-group:/aws/cloudtrail/berthcare-staging-trail:log-stream:1",
            "not allowed",
        ),
        ("s3:GetObject", f"{PHOTOS}/1.jpg", "not allowed"),
    ],
)
def test_starting_a_task_pulls_its_images_and_writes_its_logs(
    recorded: Recorder, action: str, resource: str, decision: str
) -> None:
    assert decide(tasks(recorded)["execution"], action, resource) == decision


@pytest.mark.requirement("BER-IAM-02", "BER-N31")
@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [
        ("s3:GetObject", f"{PHOTOS}/1.jpg", "allowed"),
        ("s3:PutObject", f"{PHOTOS}/1.jpg", "allowed"),
        ("s3:ListBucket", PHOTOS, "allowed"),
        ("s3:GetObject", "arn:aws:s3:::berthcare-logs-staging/alb/1", "not allowed"),
        ("s3:DeleteObjectVersion", f"{PHOTOS}/1.jpg", "not allowed"),
        ("s3:DeleteBucket", PHOTOS, "not allowed"),
        ("s3:PutBucketPolicy", PHOTOS, "not allowed"),
        ("secretsmanager:PutSecretValue", f"arn:aws:secretsmanager:ca-central-1:{ACCOUNT_ID}:secret:x", "not allowed"),
        ("iam:PassRole", "*", "not allowed"),
    ],
)
def test_a_task_reads_and_writes_objects_of_its_buckets_only(
    recorded: Recorder, action: str, resource: str, decision: str
) -> None:
    assert decide(tasks(recorded)["task"], action, resource) == decision


@pytest.mark.requirement("BER-N31", "BER-IAM-02")
@pytest.mark.parametrize("role", ["execution", "task"])
@pytest.mark.parametrize(
    ("name", "decision"),
    [
        (f"{DATABASE}-AbCdEf", "allowed"),
        (f"{DATABASE}-replica-AbCdEf", "not allowed"),
        ("berthcare/staging/cache-AbCdEf", "not allowed"),
        ("berthcare/production/database-AbCdEf", "not allowed"),
    ],
)
def test_tasks_read_the_named_secrets_and_no_other(recorded: Recorder, role: str, name: str, decision: str) -> None:
    arn = f"arn:aws:secretsmanager:ca-central-1:{ACCOUNT_ID}:secret:{name}"
    assert decide(tasks(recorded)[role], "secretsmanager:GetSecretValue", arn) == decision


@pytest.mark.requirement("BER-N31")
@pytest.mark.parametrize(
    ("role", "alias", "service", "decision"),
    [
        ("task", "alias/berthcare-staging-data", "s3", "allowed"),
        ("task", "alias/berthcare-staging-data", "secretsmanager", "allowed"),
        ("task", "alias/berthcare-staging-data", "rds", "not allowed"),
        ("task", "alias/other-staging-data", "s3", "not allowed"),
        ("execution", "alias/berthcare-staging-data", "s3", "not allowed"),
        ("execution", "alias/berthcare-staging-data", "secretsmanager", "allowed"),
    ],
)
def test_keys_are_used_through_the_services_that_keep_the_data(
    recorded: Recorder, role: str, alias: str, service: str, decision: str
) -> None:
    via = f"{service}.ca-central-1.amazonaws.com"
    policy = tasks(recorded)[role]
    assert decide(policy, "kms:Decrypt", KEY, kms__ViaService=via, kms__ResourceAliases=[alias]) == decision
    assert decide(policy, "kms:Decrypt", KEY, kms__ResourceAliases=[alias]) == "not allowed"


@pytest.mark.requirement("BER-IAM-02")
def test_no_task_permission_names_a_whole_service_and_only_the_sign_in_every_resource(recorded: Recorder) -> None:
    for policy in tasks(recorded).values():
        for statement in json.loads(policy)["Statement"]:
            assert not any(action.endswith("*") for action in statement["Action"]), statement["Sid"]
            assert statement["Resource"] != ["*"] or statement["Sid"] == "SignInToRegistry"


@pytest.mark.requirement("LWO-CMP-10", "LWO-IAM-01", "LWO-IAM-04")
def test_starting_a_task_pulls_from_the_repositories_that_are_named(recorded: Recorder) -> None:
    policy = tasks(recorded, repository_names=["shared/api"])["execution"]
    for repository, decision in {"shared/api": "allowed", "shared/other": "not allowed"}.items():
        arn = f"arn:aws:ecr:ca-central-1:{ACCOUNT_ID}:repository/{repository}"
        assert decide(policy, "ecr:BatchGetImage", arn) == decision
    own = f"arn:aws:ecr:ca-central-1:{ACCOUNT_ID}:repository/berthcare-staging-api"
    assert decide(policy, "ecr:BatchGetImage", own) == "not allowed"


@pytest.mark.requirement("LWO-IAM-03", "LWO-N07")
@pytest.mark.parametrize("user", [None, "clinic_app"])
def test_a_task_signs_in_to_the_database_with_a_token_only_as_the_named_user(
    recorded: Recorder, user: str | None
) -> None:
    policy = tasks(recorded, database_user=user)["task"]
    for name in ("clinic_app", "clinic_admin"):
        arn = f"arn:aws:rds-db:ca-central-1:{ACCOUNT_ID}:dbuser:db-ABCDEFGHIJKL01234/{name}"
        assert decide(policy, "rds-db:connect", arn) == ("allowed" if name == user else "not allowed")


@pytest.mark.requirement("LWO-CMP-09", "LWO-OBS-11", "LWO-IAM-02")
@pytest.mark.parametrize("tracing", [True, False])
def test_a_task_sends_traces_only_when_it_has_a_collector(recorded: Recorder, tracing: bool) -> None:
    policies = tasks(recorded, tracing=tracing)
    decision = "allowed" if tracing else "not allowed"
    for action in ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"):
        assert decide(policies["task"], f"xray:{action}") == decision
    assert decide(policies["task"], "xray:GetTraceSummaries") == "not allowed"
    assert "xray" not in policies["execution"]


@pytest.mark.requirement("BER-TAG-01", "ALL-11")
def test_task_roles_carry_the_tags_of_patient_data(recorded: Recorder) -> None:
    tasks(recorded)
    for _, role in recorded.of(ROLE):
        assert role["tags"] == {"Project": "berthcare", "DataClass": "phi", "Name": role["name"]}


def test_services_get_the_roles_once_they_have_their_permissions(recorded: Recorder) -> None:
    def program() -> None:
        args = TaskRolesArgs(scope=scope(), bucket_arns=[PHOTOS], secret_names=[])
        roles = TaskRoles("roles", args)
        ecs.TaskDefinition(
            "user",
            family="user",
            container_definitions="[]",
            execution_role_arn=roles.execution_role_arn,
            task_role_arn=roles.task_role_arn,
        )

    recorded.run(program)
    user = recorded.one("aws:ecs/taskDefinition:TaskDefinition")
    for role, key in (("execution", "executionRoleArn"), ("task", "taskRoleArn")):
        assert recorded.one(POLICY, f"roles-{role}").urn in user.property_dependencies[key]


@pytest.mark.requirement("FAC-TAG-02", "LWO-TAG-01")
def test_task_roles_follow_the_names_of_the_stack(recorded: Recorder) -> None:
    naming = NamingSettings(
        environment="prod",
        resource="{system}-{part}-{environment}",
        names={"data": "patient-key", "api": "records-api"},
    )
    execution = tasks(recorded, scope(naming=naming))["execution"]
    names = {"berthcare-web-prod": "allowed", "records-api": "allowed", "berthcare-web-staging": "not allowed"}
    for name, decision in names.items():
        arn = f"arn:aws:ecr:ca-central-1:{ACCOUNT_ID}:repository/{name}"
        assert decide(execution, "ecr:BatchGetImage", arn) == decision, name
    via = {"kms__ViaService": "secretsmanager.ca-central-1.amazonaws.com"}
    aliases = {"berthcare-data-prod": "allowed", "patient-key": "allowed", "other-data-prod": "not allowed"}
    for alias, decision in aliases.items():
        assert decide(execution, "kms:Decrypt", KEY, kms__ResourceAliases=[f"alias/{alias}"], **via) == decision, alias


def test_both_roles_carry_the_permissions_boundary(recorded: Recorder) -> None:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:policy/limits"
    tasks(recorded, replace(scope(), boundary=arn))
    assert {role["permissionsBoundary"] for _, role in recorded.of(ROLE)} == {arn}
