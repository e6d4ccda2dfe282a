"""Roles: what tasks and the deploying job may do, and what they may never do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from pulumi_aws import ecs

from components.deploy_policy import LINKED, PASSED_TO, POLICY_LIMIT
from components.identity import DeployRole, DeployRoleArgs, TaskRoles, TaskRolesArgs
from components.scope import Scope
from settings.identity import GithubSettings
from settings.recovery import StateBackendSettings
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

Context = Mapping[str, Any]


def some(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def holds(operator: str, wanted: Any, given: Any) -> bool:
    """One condition of a statement, for the operators the documents use; a key that is absent is None."""
    quantifier, _, name = operator.rpartition(":")
    negated, patterns = "Not" in name, some(wanted)
    values = [] if given is None else some(given)
    matches = [any(fnmatchcase(value, pattern) for pattern in patterns) != negated for value in values]
    if quantifier == "ForAnyValue":
        return any(matches)
    if quantifier == "ForAllValues":
        return all(matches)
    return all(matches) if values else negated


def covers(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    def matched(key: str, value: str, *, ignore_case: bool = False) -> bool:
        fold = str.lower if ignore_case else str
        found = [any(fnmatchcase(fold(value), fold(p)) for p in some(statement[k])) for k in (key,) if k in statement]
        absent = [not any(fnmatchcase(fold(value), fold(p)) for p in some(statement[f"Not{key}"]))
                  for k in (f"Not{key}",) if k in statement]  # fmt: skip
        return all([*found, *absent])

    conditions = statement.get("Condition", {})
    return (
        matched("Action", action, ignore_case=True)
        and matched("Resource", resource)
        and all(holds(op, want, context.get(key)) for op, pairs in conditions.items() for key, want in pairs.items())
    )


def decide(policy: str, action: str, resource: str = "*", **context: Any) -> str:
    """`denied`, `allowed` or `not allowed`, as IAM evaluates an identity policy; `__` in a key stands for a colon."""
    keys = {"aws:RequestedRegion": "ca-central-1", **{k.replace("__", ":"): v for k, v in context.items()}}
    statements = [s for s in json.loads(policy)["Statement"] if covers(s, action, resource, keys)]
    if any(s["Effect"] == "Deny" for s in statements):
        return "denied"
    return "allowed" if statements else "not allowed"


def tasks(recorded: Recorder, where: Scope | None = None, **args: Any) -> dict[str, str]:
    """`execution` and `task` → policy."""
    wiring: dict[str, Any] = {"bucket_arns": [PHOTOS], "secret_names": [DATABASE], **args}
    recorded.run(lambda: TaskRoles("roles", TaskRolesArgs(scope=where or scope(), **wiring)))
    return {inputs["name"]: inputs["policy"] for _, inputs in recorded.of(POLICY)}


def deployment(recorded: Recorder, where: Scope | None = None, github: GithubSettings = GITHUB, **args: Any) -> str:
    """The deploy role's policy."""
    made = DeployRoleArgs(scope=where or scope(), settings=github, **args)
    recorded.run(lambda: DeployRole("deploy", made))
    return recorded.one(POLICY).inputs["policy"]


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


# --- the deploying job


@pytest.mark.requirement("ALL-13")
def test_only_the_repositorys_job_in_its_environment_takes_the_deploy_role(recorded: Recorder) -> None:
    deployment(recorded)
    (statement,) = json.loads(recorded.one(ROLE).inputs["assumeRolePolicy"])["Statement"]
    issuer = "token.actions.githubusercontent.com"
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRoleWithWebIdentity")
    assert recorded.one(ROLE).inputs["maxSessionDuration"] == 3600
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{issuer}"}
    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": "repo:clinic-example/infrastructure:environment:staging",
        }
    }


@pytest.mark.requirement("ALL-13")
@pytest.mark.parametrize("create", [True, False])
def test_githubs_provider_is_made_once_per_account_and_no_key_ever(recorded: Recorder, create: bool) -> None:
    deployment(recorded, github=GITHUB.model_copy(update={"create_provider": create}))
    assert recorded.count(PROVIDER) == int(create)
    if create:
        provider = recorded.one(PROVIDER)
        assert provider.inputs["clientIdLists"] == ["sts.amazonaws.com"]
        assert provider.urn in recorded.one(ROLE).dependencies
    assert not recorded.types & {"aws:iam/accessKey:AccessKey", "aws:iam/user:User"}


@pytest.mark.requirement("BER-IAM-07")
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:CreateVpc", "*"),
        ("ec2:CreateSubnet", "*"),
        ("ec2:CreateRouteTable", "*"),
        ("ec2:ReplaceRoute", "*"),
        ("ec2:CreateNatGateway", "*"),
        ("ec2:AuthorizeSecurityGroupIngress", "*"),
        ("rds:CreateDBInstance", f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:db:berthcare-staging-postgres"),
        ("rds:CreateDBInstance", f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:og:default:postgres-17"),
        ("rds:ModifyDBParameterGroup", f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:pg:berthcare-staging-postgres-17"),
        ("rds:CreateDBSubnetGroup", f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:subgrp:berthcare-staging-postgres"),
        (
            "elasticache:CreateReplicationGroup",
            f"arn:aws:elasticache:ca-central-1:{ACCOUNT_ID}:replicationgroup:berthcare-staging-redis",
        ),
        ("s3:CreateBucket", PHOTOS),
        ("s3:PutEncryptionConfiguration", "arn:aws:s3:::berthcare-logs-staging-7x"),
        ("cloudfront:CreateDistribution", f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/E1"),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-ecs-task"),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-ecs-task"),
        ("kms:CreateKey", "*"),
        ("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT_ID}:dashboard/berthcare-staging-overview"),
        ("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:ca-central-1:{ACCOUNT_ID}:alarm:berthcare-staging-x"),
        (
            "secretsmanager:CreateSecret",
            f"arn:aws:secretsmanager:ca-central-1:{ACCOUNT_ID}:secret:{DATABASE}-AbCdEf",
        ),
        ("sns:CreateTopic", f"arn:aws:sns:ca-central-1:{ACCOUNT_ID}:berthcare-staging-alarms"),
        ("s3:PutObject", "arn:aws:s3:::berthcare-pulumi-state/.pulumi/stacks/phi-platform/staging.json"),
    ],
)
def test_the_deploy_role_manages_what_the_program_declares(recorded: Recorder, action: str, resource: str) -> None:
    assert decide(deployment(recorded), action, resource) == "allowed"


@pytest.mark.requirement("BER-IAM-07")
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("rds:DeleteDBInstance", f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:db:other-production-postgres"),
        ("s3:DeleteBucket", "arn:aws:s3:::other-photos-production"),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT_ID}:role/administrator"),
        ("secretsmanager:DeleteSecret", f"arn:aws:secretsmanager:ca-central-1:{ACCOUNT_ID}:secret:other/x-AbCdEf"),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT_ID}:user/berthcare-staging-x"),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT_ID}:user/berthcare-staging-x"),
        ("organizations:LeaveOrganization", "*"),
        ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:ca-central-1:{ACCOUNT_ID}:trail/berthcare-staging-trail"),
        ("ec2:RunInstances", "*"),
    ],
)
def test_the_deploy_role_leaves_everything_else_alone(recorded: Recorder, action: str, resource: str) -> None:
    assert decide(deployment(recorded), action, resource) == "not allowed"


@pytest.mark.parametrize(
    "action",
    [
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:PassRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
    ],
)
def test_the_deploy_role_cannot_change_or_pass_itself(recorded: Recorder, action: str) -> None:
    policy = deployment(recorded)
    own = recorded.one(ROLE).outputs["arn"]
    assert decide(policy, action, own, iam__PassedToService="ecs-tasks.amazonaws.com") == "denied"
    assert decide(policy, "iam:GetRole", own) == "allowed"  # a refresh reads it


def test_the_deploy_role_cannot_change_who_may_take_it(recorded: Recorder) -> None:
    policy = deployment(recorded)
    provider = recorded.one(PROVIDER).outputs["arn"]
    for action in ("AddClientIDToOpenIDConnectProvider", "DeleteOpenIDConnectProvider",
                   "UpdateOpenIDConnectProviderThumbprint"):  # fmt: skip
        assert decide(policy, f"iam:{action}", provider) == "denied"
    assert decide(policy, "iam:GetOpenIDConnectProvider", provider) == "allowed"


def test_the_deploy_role_becomes_no_other_role(recorded: Recorder) -> None:
    task = f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-ecs-task"
    assert decide(deployment(recorded), "sts:AssumeRole", task) == "denied"


@pytest.mark.parametrize(
    ("role", "service", "decision"),
    [
        ("berthcare-staging-ecs-task", "ecs-tasks.amazonaws.com", "allowed"),
        ("berthcare-staging-database-monitoring", "monitoring.rds.amazonaws.com", "allowed"),
        ("berthcare-staging-ecs-task", "lambda.amazonaws.com", "not allowed"),
        ("berthcare-staging-ecs-task", "ec2.amazonaws.com", "not allowed"),
        ("berthcare-staging-ecs-task", None, "not allowed"),
        ("administrator", "ecs-tasks.amazonaws.com", "not allowed"),
    ],
)
def test_the_deploy_role_passes_own_roles_to_the_services_that_use_them(
    recorded: Recorder, role: str, service: str | None, decision: str
) -> None:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"
    assert decide(deployment(recorded), "iam:PassRole", arn, iam__PassedToService=service) == decision


def test_services_a_role_is_passed_to_are_named_one_by_one() -> None:
    assert all(re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", service) for service in (*PASSED_TO, *LINKED))


def test_the_deploy_role_attaches_only_the_managed_policies_the_program_uses(recorded: Recorder) -> None:
    policy, role = deployment(recorded), f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-backup"
    for name, decision in {
        "service-role/AWSBackupServiceRolePolicyForBackup": "allowed",
        "AWSBackupServiceRolePolicyForS3Restore": "allowed",
        "service-role/AmazonRDSEnhancedMonitoringRole": "allowed",
        "AdministratorAccess": "not allowed",
    }.items():
        arn = f"arn:aws:iam::aws:policy/{name}"
        assert decide(policy, "iam:AttachRolePolicy", role, iam__PolicyARN=arn) == decision, name


@pytest.mark.parametrize("service", ["elasticache", "rds", "ecs", "ecs.application-autoscaling", "wafv2"])
def test_the_deploy_role_creates_the_service_linked_roles_a_new_account_lacks(recorded: Recorder, service: str) -> None:
    name = f"{service}.amazonaws.com"
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/{name}/AWSServiceRole"
    assert decide(deployment(recorded), "iam:CreateServiceLinkedRole", role, iam__AWSServiceName=name) == "allowed"
    other = "organizations.amazonaws.com"
    assert decide(deployment(Recorder()), "iam:CreateServiceLinkedRole", role, iam__AWSServiceName=other) != "allowed"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", f"{PHOTOS}/1.jpg"),
        ("s3:GetObjectVersion", f"{PHOTOS}/1.jpg"),
        ("s3:GetObject", "arn:aws:s3:::anything/1"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:ca-central-1:{ACCOUNT_ID}:secret:{DATABASE}-AbCdEf"),
        ("secretsmanager:BatchGetSecretValue", "*"),
        ("rds-data:ExecuteStatement", "*"),
        ("rds-db:connect", "*"),
        ("rds:ModifyDBSnapshotAttribute", f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:snapshot:berthcare-staging-x"),
        ("rds:StartExportTask", "*"),
        ("logs:GetLogEvents", "*"),
        ("logs:StartQuery", "*"),
        ("ecs:ExecuteCommand", f"arn:aws:ecs:ca-central-1:{ACCOUNT_ID}:cluster/berthcare-staging-services"),
        ("kms:Decrypt", KEY),
    ],
)
def test_the_deploy_role_reads_no_patient_data_whatever_else_it_is_given(
    recorded: Recorder, action: str, resource: str
) -> None:
    assert decide(deployment(recorded), action, resource) == "denied"


@pytest.mark.requirement("ALL-09")
@pytest.mark.parametrize(
    ("aliases", "via", "decision"),
    [
        (["alias/berthcare-pulumi"], None, "allowed"),
        (["alias/berthcare-staging-data"], None, "denied"),
        (["alias/berthcare-staging-data"], "s3.ca-central-1.amazonaws.com", "denied"),
        (["alias/berthcare-staging-data"], "secretsmanager.ca-central-1.amazonaws.com", "allowed"),  # tries the key
        (None, None, "denied"),
    ],
)
def test_the_deploy_role_decrypts_its_state_and_nothing_else_itself(
    recorded: Recorder, aliases: list[str] | None, via: str | None, decision: str
) -> None:
    tags = {"aws__ResourceTag/Project": "berthcare", "aws__ResourceTag/Environment": "staging"}
    context = {"kms__ResourceAliases": aliases, "kms__ViaService": via, **tags}
    assert decide(deployment(recorded), "kms:Decrypt", KEY, **context) == decision


def test_the_deploy_role_cannot_give_a_data_key_the_alias_of_the_states_key(recorded: Recorder) -> None:
    alias = f"arn:aws:kms:ca-central-1:{ACCOUNT_ID}:alias/berthcare-pulumi"
    tags = {"aws__ResourceTag/Project": "berthcare", "aws__ResourceTag/Environment": "staging"}
    assert decide(deployment(recorded), "kms:CreateAlias", alias, **tags) == "not allowed"


def test_the_deploy_role_manages_keys_of_its_stack_only(recorded: Recorder) -> None:
    policy = deployment(recorded)
    own = {"aws__ResourceTag/Project": "berthcare", "aws__ResourceTag/Environment": "staging"}
    assert decide(policy, "kms:PutKeyPolicy", KEY, **own) == "allowed"
    assert decide(policy, "kms:PutKeyPolicy", KEY, **{**own, "aws__ResourceTag/Project": "other"}) == "not allowed"


@pytest.mark.requirement("ALL-15", "BER-N01", "BER-N08")
@pytest.mark.parametrize(
    ("action", "region", "decision"),
    [
        ("ec2:CreateVpc", "ca-central-1", "allowed"),
        ("s3:CreateBucket", "ca-west-1", "allowed"),
        ("s3:CreateBucket", "us-east-1", "not allowed"),
        ("ec2:CreateVpc", "us-east-1", "not allowed"),
        ("acm:RequestCertificate", "us-east-1", "allowed"),
        ("acm:RequestCertificate", "eu-west-1", "not allowed"),
    ],
)
def test_the_deploy_role_works_in_the_home_and_recovery_region_and_at_the_edge(
    recorded: Recorder, action: str, region: str, decision: str
) -> None:
    policy = deployment(recorded, recovery_region="ca-west-1")
    resource = PHOTOS if action.startswith("s3") else "*"
    assert decide(policy, action, resource, aws__RequestedRegion=region) == decision


def test_without_recovery_the_deploy_role_stays_at_home(recorded: Recorder) -> None:
    assert decide(deployment(recorded), "s3:CreateBucket", PHOTOS, aws__RequestedRegion="ca-west-1") == "not allowed"


@pytest.mark.requirement("BER-DR-06", "BER-DR-08")
def test_the_deploy_role_manages_the_recorded_state_backend(recorded: Recorder) -> None:
    policy = deployment(recorded, recovery_region="ca-west-1", state_backend=STATE)
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/S3TerraformStateReplicationRole"
    assert decide(policy, "iam:CreateRole", role) == "allowed"
    for bucket in (STATE.bucket, STATE.replica_bucket):
        assert decide(policy, "s3:PutReplicationConfiguration", f"arn:aws:s3:::{bucket}") == "allowed"
    assert decide(policy, "s3:GetObject", f"arn:aws:s3:::{STATE.bucket}/.pulumi/meta.yaml") == "allowed"


def test_every_statement_of_the_deploy_role_is_complete(recorded: Recorder) -> None:
    policy = json.loads(deployment(recorded))
    assert policy["Version"] == "2012-10-17"
    for statement in policy["Statement"]:
        assert len({"Action", "NotAction"} & statement.keys()) == 1, statement
        assert len({"Resource", "NotResource"} & statement.keys()) == 1, statement
    sids = [statement["Sid"] for statement in policy["Statement"]]
    assert len(set(sids)) == len(sids)


def test_the_deploy_role_names_no_whole_service_but_its_own_load_balancers(recorded: Recorder) -> None:
    allowed = [s for s in json.loads(deployment(recorded))["Statement"] if s["Effect"] == "Allow"]
    whole = {(s["Sid"], action) for s in allowed for action in s["Action"] if action.endswith(":*")}
    assert whole == {("ManageByName", "elasticloadbalancing:*")}
    (by_name,) = (s for s in allowed if s["Sid"] == "ManageByName")
    assert "*" not in by_name["Resource"]


def test_the_longest_names_fit_into_iams_limits(recorded: Recorder) -> None:
    state = StateBackendSettings(bucket="s" * 63, replica_bucket="r" * 63)
    policy = deployment(recorded, LONG, recovery_region="ca-west-1", state_backend=state)
    assert len(re.sub(r"\s", "", policy)) <= POLICY_LIMIT
    tasks(recorded, LONG)
    for _, role in recorded.of(ROLE):
        assert len(role["name"]) <= 64


@pytest.mark.parametrize(
    ("part", "limit", "action", "arn"),
    [
        ("redis", 40, "elasticache:CreateReplicationGroup", "arn:aws:elasticache:{}:replicationgroup:{}"),
        ("alb", 32, "elasticloadbalancing:CreateLoadBalancer", "arn:aws:elasticloadbalancing:{}:loadbalancer/app/{}/1"),
        ("backups", 50, "backup:CreateBackupVault", "arn:aws:backup:{}:backup-vault:{}"),
        ("database-monitoring-of-a-long-name", 64, "iam:CreateRole", "arn:aws:iam::{}:role/{}"),
    ],
)
def test_shortened_names_are_still_the_deploy_roles_own(
    recorded: Recorder, part: str, limit: int, action: str, arn: str
) -> None:
    place = ACCOUNT_ID if ":iam:" in arn else f"ca-central-1:{ACCOUNT_ID}"
    assert decide(deployment(recorded, LONG), action, arn.format(place, LONG.name(part, limit=limit))) == "allowed"
