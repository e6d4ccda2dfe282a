"""Roles of CI: what the deploying and the previewing job may do, and what they may never do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from botocore.session import Session

from components.boundary import boundary_arn
from components.deploy import DeployRoles, DeployRolesArgs
from components.deploy_policy import ATTACHED_LIMIT, POLICY_LIMIT, linked, passed_to
from components.scope import Scope
from operations.backend.create import planned
from settings.features import Feature
from settings.identity import GithubSettings
from settings.load import load
from settings.naming import NamingSettings
from settings.recovery import StateBackendSettings
from tests.unit.components.decisions import decide
from tests.unit.components.scopes import ACCOUNT_ID, scope
from tests.unit.conftest import Recorder
from tests.unit.settings.test_load import smallest

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
PHOTOS = "arn:aws:s3:::berthcare-photos-staging"
STATE_BUCKET = f"berthcare-pulumi-state-{ACCOUNT_ID}"
DATABASE = "berthcare/staging/database"
GITHUB = GithubSettings(organization="clinic-example", repository="infrastructure", github_environment="staging")
STATE = StateBackendSettings(bucket="berthcare-terraform-state", replica_bucket="berthcare-terraform-state-dr")
KEY = f"arn:aws:kms:ca-central-1:{ACCOUNT_ID}:key/11111111-0000-4000-8000-000000000000"
LONG = replace(scope(), system="a" * 20, environment="development")
EVERYTHING = frozenset(Feature)
BERTHCARE = frozenset(
    {Feature.BACKUP, Feature.CACHE, Feature.CDN, Feature.DATABASE, Feature.DOMAIN, Feature.FIREWALL, Feature.SECRETS,
     Feature.TRAIL}
)  # fmt: skip
BOUND = {"iam__PermissionsBoundary": f"arn:aws:iam::{ACCOUNT_ID}:policy/berthcare-staging-boundary"}


def roles(
    recorded: Recorder,
    where: Scope | None = None,
    github: GithubSettings = GITHUB,
    features: Iterable[Feature] = EVERYTHING,
    **args: Any,
) -> DeployRoles:
    made = DeployRolesArgs(scope=where or scope(), settings=github, features=frozenset(features), **args)
    return recorded.run(lambda: DeployRoles("deploy", made))


def documents(recorded: Recorder, role: str) -> dict[str, str]:
    """Area → document of the policies attached to a role, by logical name."""
    start = f"deploy-{role}-"
    attached = {entry.name for entry in recorded.all(ATTACHMENT)}
    return {
        entry.name.removeprefix(start): entry.inputs["policy"]
        for entry in recorded.all(POLICY)
        if entry.name.startswith(start) and entry.name in attached
    }


def together(policies: dict[str, str]) -> str:
    """All statements, as IAM judges the policies of a role together."""
    return json.dumps({"Statement": [s for text in policies.values() for s in json.loads(text)["Statement"]]})


def deployment(recorded: Recorder, where: Scope | None = None, github: GithubSettings = GITHUB, **args: Any) -> str:
    """What the deploy role's policies say together."""
    roles(recorded, where, github, **args)
    return together(documents(recorded, "deploy"))


@cache
def deployed(features: frozenset[Feature] = EVERYTHING) -> str:
    """The same for the usual stack with these features, built once."""
    return deployment(Recorder(), features=features)


@pytest.mark.requirement("ALL-13")
def test_only_the_repositorys_job_in_its_environment_takes_the_deploy_role(recorded: Recorder) -> None:
    deployment(recorded)
    assert recorded.count(ROLE) == 1
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
        ("s3:PutObject", f"arn:aws:s3:::{STATE_BUCKET}/.pulumi/stacks/phi-platform/staging.json"),
    ],
)
def test_the_deploy_role_manages_what_the_program_declares(action: str, resource: str) -> None:
    assert decide(deployed(), action, resource, **BOUND) == "allowed"


@pytest.mark.requirement("BER-IAM-07", "OMN-IAM-11", "OMN-N10", "FAC-IAM-05", "FAC-IAM-17")
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
def test_the_deploy_role_leaves_everything_else_alone(action: str, resource: str) -> None:
    assert decide(deployed(BERTHCARE), action, resource, **BOUND) == "not allowed"


@pytest.mark.requirement("OMN-N10", "FAC-IAM-17")
@pytest.mark.parametrize(
    ("action", "resource", "feature"),
    [
        ("ec2:RunInstances", "*", Feature.FLEET),
        (
            "autoscaling:CreateAutoScalingGroup",
            "autoscaling:{}:autoScalingGroup:1:autoScalingGroupName/{}-app",
            Feature.FLEET,
        ),
        ("codedeploy:CreateDeploymentGroup", "codedeploy:{}:deploymentgroup:{}-app/production", Feature.FLEET),
        ("lambda:CreateFunction", "lambda:{}:function:{}-health", Feature.FUNCTIONS),
        ("apigateway:POST", "*", Feature.API),
        ("cognito-idp:CreateUserPool", "*", Feature.DIRECTORY),
        ("cognito-idp:AssociateWebACL", "*", Feature.DIRECTORY),
        ("route53:AssociateVPCWithHostedZone", "*", Feature.ENDPOINTS),
        ("ecs:CreateService", "ecs:{}:service/{}-services/{}-api", Feature.CONTAINERS),
        ("servicediscovery:CreatePrivateDnsNamespace", "*", Feature.CONTAINERS),
        ("servicediscovery:DeregisterInstance", "*", Feature.CONTAINERS),
        ("ec2:DeleteNetworkInterface", "*", Feature.FUNCTIONS),
        ("ec2:CreateClientVpnEndpoint", "*", Feature.VPN),
        (
            "elasticloadbalancing:CreateLoadBalancer",
            "elasticloadbalancing:{}:loadbalancer/app/{}-alb/1",
            Feature.BALANCER,
        ),
        ("backup:PutBackupVaultLockConfiguration", "backup:{}:backup-vault:{}-backups", Feature.BACKUP),
        ("backup:CreateRestoreTestingPlan", "*", Feature.BACKUP),
        ("cloudfront:CreateDistribution", "*", Feature.CDN),
        ("wafv2:CreateIPSet", "*", Feature.FIREWALL),
        ("route53:CreateHealthCheck", "*", Feature.DOMAIN),
        ("cloudtrail:CreateTrail", "cloudtrail:{}:trail/{}-trail", Feature.TRAIL),
        ("events:PutRule", "events:{}:rule/{}-rds", Feature.EVENTS),
        ("budgets:ModifyBudget", "budgets::" + ACCOUNT_ID + ":budget/berthcare-staging-monthly", Feature.COST),
        ("ce:CreateAnomalyMonitor", "*", Feature.COST),
        ("guardduty:CreateDetector", "*", Feature.DETECTION),
        ("config:PutConfigurationRecorder", "*", Feature.DETECTION),
        ("xray:CreateGroup", "*", Feature.TRACING),
        ("rds:CreateDBCluster", "rds:{}:cluster:{}-aurora", Feature.DATABASE),
        ("elasticache:CreateCacheParameterGroup", "elasticache:{}:parametergroup:{}-redis", Feature.CACHE),
        ("secretsmanager:RotateSecret", "secretsmanager:{}:secret:berthcare/staging/database-AbCdEf", Feature.SECRETS),
    ],
)
def test_a_service_is_managed_only_by_stacks_that_use_it(action: str, resource: str, feature: Feature) -> None:
    place = f"ca-central-1:{ACCOUNT_ID}"
    arn = resource if resource == "*" else "arn:aws:" + resource.format(place, "berthcare-staging", "berthcare-staging")
    assert decide(deployed(), action, arn) == "allowed"
    assert decide(deployed(EVERYTHING - {feature}), action, arn) == "not allowed"
    if resource != "*" and feature is not Feature.COST:
        other = arn.replace("berthcare", "other")
        assert decide(deployed(), action, other) == "not allowed"


RESTORES = {  # action -> what it needs to be allowed on (Service Authorization Reference, "Amazon RDS")
    "RestoreDBInstanceFromDBSnapshot": ("snapshot:{}-postgres-2026-01-31-06-05-dr", "db:{}-postgres-dr"),
    "RestoreDBInstanceToPointInTime": ("db:{}-postgres", "subgrp:{}-postgres", "pg:{}-postgres-17"),
    "RestoreDBClusterFromSnapshot": ("cluster-snapshot:{}-aurora-2026-01-31-06-05-dr", "cluster:{}-aurora-dr"),
    "RestoreDBClusterToPointInTime": ("cluster:{}-aurora", "subgrp:{}-aurora", "cluster-pg:{}-aurora-17"),
}


@pytest.mark.requirement("BER-DR-19", "BER-IAM-07")
@pytest.mark.parametrize("region", ["ca-central-1", "ca-west-1"])
@pytest.mark.parametrize("action", RESTORES)
def test_the_deploy_role_restores_databases_of_its_stack_and_no_other(
    recorded: Recorder, action: str, region: str
) -> None:
    policy = deployment(recorded, features=BERTHCARE, recovery_region="ca-west-1")
    for resource in RESTORES[action]:
        for stack, decision in {"berthcare-staging": "allowed", "berthcare-production": "not allowed",
                                "other-staging": "not allowed"}.items():  # fmt: skip
            arn = f"arn:aws:rds:{region}:{ACCOUNT_ID}:{resource.format(stack)}"
            assert decide(policy, f"rds:{action}", arn, aws__RequestedRegion=region) == decision, arn
    elsewhere = f"arn:aws:rds:eu-west-1:{ACCOUNT_ID}:{RESTORES[action][0].format('berthcare-staging')}"
    assert decide(policy, f"rds:{action}", elsewhere, aws__RequestedRegion="eu-west-1") == "not allowed"


def test_actions_that_restore_are_operations_of_rds() -> None:
    names = Session().get_service_model("rds").operation_names
    assert set(RESTORES) == {name for name in names if name.startswith("RestoreDB") and not name.endswith("FromS3")}


@pytest.mark.parametrize(("bucket", "decision"), [(STATE_BUCKET, "allowed"), ("berthcare-photos-staging", "denied")])
def test_the_deploy_role_reads_earlier_versions_of_its_state_only(
    recorded: Recorder, bucket: str, decision: str
) -> None:
    assert decide(deployment(recorded), "s3:GetObjectVersion", f"arn:aws:s3:::{bucket}/.pulumi/a.json") == decision


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


def test_the_deploy_role_becomes_no_other_role() -> None:
    task = f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-ecs-task"
    assert decide(deployed(), "sts:AssumeRole", task) == "denied"


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
    role: str, service: str | None, decision: str
) -> None:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"
    policy = deployed(BERTHCARE | {Feature.CONTAINERS})
    assert decide(policy, "iam:PassRole", arn, iam__PassedToService=service) == decision


def test_services_a_role_is_passed_to_are_named_one_by_one() -> None:
    named = [*passed_to(EVERYTHING), *linked(EVERYTHING)]
    assert len(named) > 20
    assert all(re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", service) for service in named)
    assert "lambda.amazonaws.com" not in passed_to(BERTHCARE)


def test_the_deploy_role_attaches_only_the_managed_policies_the_program_uses() -> None:
    policy, role = deployed(), f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-backup"
    for name, decision in {
        "service-role/AWSBackupServiceRolePolicyForBackup": "allowed",
        "AWSBackupServiceRolePolicyForS3Restore": "allowed",
        "service-role/AmazonRDSEnhancedMonitoringRole": "allowed",
        "AdministratorAccess": "not allowed",
    }.items():
        arn = f"arn:aws:iam::aws:policy/{name}"
        assert decide(policy, "iam:AttachRolePolicy", role, iam__PolicyARN=arn, **BOUND) == decision, name
        assert decide(policy, "iam:AttachRolePolicy", role, iam__PolicyARN=arn) == "not allowed"


@pytest.mark.parametrize("service", ["elasticache", "rds", "ecs", "ecs.application-autoscaling", "wafv2"])
def test_the_deploy_role_creates_the_service_linked_roles_a_new_account_lacks(service: str) -> None:
    name = f"{service}.amazonaws.com"
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/{name}/AWSServiceRole"
    assert decide(deployed(), "iam:CreateServiceLinkedRole", role, iam__AWSServiceName=name) == "allowed"
    other = "organizations.amazonaws.com"
    assert decide(deployed(), "iam:CreateServiceLinkedRole", role, iam__AWSServiceName=other) != "allowed"


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
def test_the_deploy_role_reads_no_patient_data_whatever_else_it_is_given(action: str, resource: str) -> None:
    assert decide(deployed(), action, resource) == "denied"


@pytest.mark.requirement("ALL-09")
@pytest.mark.parametrize(
    ("aliases", "via", "decision"),
    [
        (["alias/berthcare-pulumi-state"], None, "allowed"),
        (["alias/berthcare-staging-data"], None, "denied"),
        (["alias/berthcare-staging-data"], "s3.ca-central-1.amazonaws.com", "denied"),
        (["alias/berthcare-staging-data"], "secretsmanager.ca-central-1.amazonaws.com", "allowed"),  # tries the key
        (None, None, "denied"),
    ],
)
def test_the_deploy_role_decrypts_its_state_and_nothing_else_itself(
    aliases: list[str] | None, via: str | None, decision: str
) -> None:
    tags = {"aws__ResourceTag/Project": "berthcare", "aws__ResourceTag/Environment": "staging"}
    context = {"kms__ResourceAliases": aliases, "kms__ViaService": via, **tags}
    assert decide(deployed(), "kms:Decrypt", KEY, **context) == decision


def test_the_deploy_role_encrypts_variables_of_functions_and_nothing_itself() -> None:
    own = {"aws__ResourceTag/Project": "berthcare", "aws__ResourceTag/Environment": "staging"}
    via = {"kms__ViaService": "lambda.ca-central-1.amazonaws.com"}
    assert decide(deployed(), "kms:Encrypt", KEY, **own, **via) == "allowed"
    assert decide(deployed(), "kms:Encrypt", KEY, **own) == "not allowed"


def test_the_deploy_role_cannot_give_a_data_key_the_alias_of_the_states_key() -> None:
    alias = f"arn:aws:kms:ca-central-1:{ACCOUNT_ID}:alias/berthcare-pulumi-state"
    tags = {"aws__ResourceTag/Project": "berthcare", "aws__ResourceTag/Environment": "staging"}
    assert decide(deployed(), "kms:CreateAlias", alias, **tags) == "not allowed"


def test_the_deploy_role_manages_keys_of_its_stack_only() -> None:
    policy = deployed()
    own = {"aws__ResourceTag/Project": "berthcare", "aws__ResourceTag/Environment": "staging"}
    assert decide(policy, "kms:PutKeyPolicy", KEY, **own) == "allowed"
    assert decide(policy, "kms:PutKeyPolicy", KEY, **{**own, "aws__ResourceTag/Project": "other"}) == "not allowed"


@pytest.mark.parametrize(
    ("tags", "decision"),
    [({}, "allowed"), ({"Environment": "staging", "Project": "berthcare"}, "allowed"),
     ({"Environment": "production", "Project": "berthcare"}, "not allowed"), ({"Project": "other"}, "not allowed")],
)  # fmt: skip
def test_the_deploy_role_tags_its_keys_and_makes_no_other_stacks_key_its_own(
    tags: dict[str, str], decision: str
) -> None:
    held = {f"aws__ResourceTag/{name}": value for name, value in tags.items()}
    assert decide(deployed(), "kms:TagResource", KEY, **held) == decision


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


@pytest.mark.parametrize("action", ["ssm:GetParameter", "ssm:GetParameters"])
def test_images_are_looked_up_and_no_other_parameter_is_read(recorded: Recorder, action: str) -> None:
    roles(recorded, github=GITHUB.model_copy(update={"preview": True}))
    image = "arn:aws:ssm:ca-central-1::parameter/aws/service/canonical/ubuntu/server/24.04/ami-id"
    for role in ("deploy", "preview"):
        policy = together(documents(recorded, role))
        assert decide(policy, action, image) == "allowed"
        assert decide(policy, action, f"arn:aws:ssm:ca-central-1:{ACCOUNT_ID}:parameter/other") == "not allowed"
    assert decide(deployed(EVERYTHING - {Feature.FLEET}), action, image) == "not allowed"


def test_without_recovery_the_deploy_role_stays_at_home() -> None:
    assert decide(deployed(), "s3:CreateBucket", PHOTOS, aws__RequestedRegion="ca-west-1") == "not allowed"


@pytest.mark.requirement("BER-DR-06", "BER-DR-08")
def test_the_deploy_role_manages_the_recorded_state_backend(recorded: Recorder) -> None:
    policy = deployment(recorded, recovery_region="ca-west-1", state_backend=STATE)
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/S3TerraformStateReplicationRole"
    assert decide(policy, "iam:CreateRole", role, **BOUND) == "allowed"
    for bucket in (STATE.bucket, STATE.replica_bucket):
        assert decide(policy, "s3:PutReplicationConfiguration", f"arn:aws:s3:::{bucket}") == "allowed"
    assert decide(policy, "s3:GetObject", f"arn:aws:s3:::{STATE.bucket}/.pulumi/meta.yaml") == "allowed"


@pytest.mark.requirement("BER-OPS-02", "OMN-IAM-10")
def test_jobs_reach_the_state_where_phi_backend_puts_it(recorded: Recorder) -> None:
    settings = load({**smallest(), "phi-platform:system": "berthcare"})
    made = planned(settings, ACCOUNT_ID)
    bucket, key = f"arn:aws:s3:::{made.buckets['ca-central-1']}", {"kms__ResourceAliases": [made.alias]}
    roles(recorded, github=GITHUB.model_copy(update={"preview": True}))
    preview, deploy = (together(documents(recorded, role)) for role in ("preview", "deploy"))
    for policy in (preview, deploy):
        assert decide(policy, "s3:ListBucket", bucket) == "allowed"
        assert decide(policy, "s3:GetObject", f"{bucket}/.pulumi/meta.yaml") == "allowed"
        assert decide(policy, "kms:Decrypt", KEY, **key) == "allowed"
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert decide(deploy, action, f"{bucket}/.pulumi/locks/x") == "allowed"
    for action in ("kms:Encrypt", "kms:GenerateDataKey"):  # secrets of the state, and the bucket's own encryption
        assert decide(deploy, action, KEY, **key) == "allowed"
        assert decide(preview, action, KEY, **key) == "not allowed"


def test_every_statement_of_the_deploy_role_is_complete(recorded: Recorder) -> None:
    roles(recorded)
    for text in documents(recorded, "deploy").values():
        policy = json.loads(text)
        assert policy["Version"] == "2012-10-17"
        for statement in policy["Statement"]:
            assert len({"Action", "NotAction"} & statement.keys()) == 1, statement
            assert len({"Resource", "NotResource"} & statement.keys()) == 1, statement
            assert statement.get("Action") != []
            assert statement.get("Resource") != []
        sids = [statement["Sid"] for statement in policy["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


def test_the_deploy_role_names_no_whole_service_but_its_own_load_balancers() -> None:
    allowed = [s for s in json.loads(deployed())["Statement"] if s["Effect"] == "Allow"]
    whole = {(s["Sid"], action) for s in allowed for action in s["Action"] if action.endswith(":*")}
    assert whole == {("ManageByName", "elasticloadbalancing:*")}
    for by_name in (s for s in allowed if s["Sid"] == "ManageByName"):
        assert "*" not in by_name["Resource"]


@pytest.mark.requirement("OMN-N10")
def test_the_longest_names_and_every_feature_fit_into_iams_limits(recorded: Recorder) -> None:
    naming = NamingSettings(
        resource="{system}-{part}-{environment}",
        names={f"part-{n}": f"a-name-of-its-own-{n}" for n in range(6)},
        secret_names={f"part-{n}": f"a-secret-of-its-own-{n}" for n in range(6)},
    )
    state = StateBackendSettings(bucket="s" * 63, replica_bucket="r" * 63)
    roles(recorded, replace(LONG, naming=naming), recovery_region="ca-west-1", state_backend=state)
    policies = documents(recorded, "deploy")
    assert 1 < len(policies) <= ATTACHED_LIMIT
    for area, text in policies.items():
        assert len(re.sub(r"\s", "", text)) <= POLICY_LIMIT, area
    for kind, limit in ((ROLE, 64), (POLICY, 128)):
        assert all(len(inputs["name"]) <= limit for _, inputs in recorded.of(kind))


def test_more_names_than_iam_takes_are_refused_with_what_to_do() -> None:
    naming = NamingSettings(names={f"part-{n}": f"a-name-of-its-own-{n}" for n in range(200)})
    with pytest.raises(ValueError, match=r"characters, IAM takes 6144: give fewer resources names of their own"):
        roles(Recorder(), replace(scope(), naming=naming))


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
    bound = {"iam__PermissionsBoundary": boundary_arn(LONG)}
    own = arn.format(place, LONG.name(part, limit=limit))
    assert decide(deployment(recorded, LONG), action, own, **bound) == "allowed"


# --- names of the stack


NAMED = NamingSettings(
    environment="prod",
    resource="{system}-{part}-{environment}",
    secret="{system}/{part}",
    bucket="{system}-{part}-{environment}-{account}",
    names={"postgres": "records-database"},
    bucket_names={"trail": "audit-trail"},
    secret_names={"database": "records-credentials"},
)


@pytest.mark.requirement("FAC-TAG-02", "LWO-TAG-01", "MSP-TAG-01")
@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [
        ("rds:CreateDBInstance", "rds:{}:db:records-database", "allowed"),
        ("rds:CreateDBInstance", "rds:{}:db:berthcare-reports-prod", "allowed"),
        ("rds:CreateDBInstance", "rds:{}:db:berthcare-reports-staging", "not allowed"),
        ("secretsmanager:CreateSecret", "secretsmanager:{}:secret:records-credentials-AbCdEf", "allowed"),
        ("secretsmanager:CreateSecret", "secretsmanager:{}:secret:berthcare/cache-AbCdEf", "allowed"),
        ("secretsmanager:CreateSecret", "secretsmanager:{}:secret:others/cache-AbCdEf", "not allowed"),
        ("sns:CreateTopic", "sns:{}:berthcare-alarms-prod", "allowed"),
        ("sns:CreateTopic", "sns:{}:berthcare-alarms-staging", "not allowed"),
    ],
)
def test_the_deploy_role_follows_the_names_of_the_stack(
    recorded: Recorder, action: str, resource: str, decision: str
) -> None:
    arn = "arn:aws:" + resource.format(f"ca-central-1:{ACCOUNT_ID}")
    assert decide(deployment(recorded, scope(naming=NAMED)), action, arn) == decision


@pytest.mark.requirement("FAC-N01", "MSP-TAG-01")
@pytest.mark.parametrize(
    ("bucket", "decision"),
    [("audit-trail", "allowed"), (f"berthcare-uploads-prod-{ACCOUNT_ID}", "allowed"),
     (f"berthcare-uploads-prod-{ACCOUNT_ID}-dr", "allowed"), ("berthcare-uploads-staging", "not allowed")],
)  # fmt: skip
def test_the_deploy_role_manages_buckets_by_their_pattern(recorded: Recorder, bucket: str, decision: str) -> None:
    policy = deployment(recorded, scope(naming=NAMED))
    assert decide(policy, "s3:PutBucketVersioning", f"arn:aws:s3:::{bucket}") == decision


@pytest.mark.requirement("FAC-TAG-02")
@pytest.mark.parametrize("part", ["alb", "a-service-whose-name-is-rather-long"])
def test_shortened_names_of_any_pattern_are_the_deploy_roles_own(recorded: Recorder, part: str) -> None:
    where = scope(naming=NAMED)
    arn = f"arn:aws:elasticloadbalancing:ca-central-1:{ACCOUNT_ID}:targetgroup/{where.name(part, limit=32)}/1"
    assert decide(deployment(recorded, where), "elasticloadbalancing:CreateTargetGroup", arn) == "allowed"
    family = f"arn:aws:ecs:ca-central-1:{ACCOUNT_ID}:task-definition/{where.name(part)}:*"
    assert decide(deployment(Recorder(), where), "ecs:RegisterTaskDefinition", family) == "allowed"


# --- the boundary of the roles it writes


@pytest.mark.requirement("OMN-N10")
@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"])
def test_roles_are_created_and_granted_rights_only_within_the_boundary(action: str) -> None:
    policy, role = deployed(), f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-ecs-task"
    assert decide(policy, action, role, **BOUND) == "allowed"
    assert decide(policy, action, role) == "not allowed"
    other = f"arn:aws:iam::{ACCOUNT_ID}:policy/anything"
    assert decide(policy, action, role, iam__PermissionsBoundary=other) == "not allowed"


@pytest.mark.requirement("OMN-N10")
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:DeleteRolePermissionsBoundary", "role/berthcare-staging-ecs-task"),
        ("iam:CreatePolicyVersion", "policy/berthcare-staging-boundary"),
        ("iam:DeletePolicy", "policy/berthcare-staging-boundary"),
        ("iam:CreatePolicyVersion", "policy/berthcare-staging-deploy-refusals"),
        ("iam:SetDefaultPolicyVersion", "policy/berthcare-staging-preview-look"),
        ("iam:UpdateAssumeRolePolicy", "role/berthcare-staging-break-glass"),
        ("iam:PassRole", "role/berthcare-staging-break-glass"),
        ("iam:PutRolePolicy", "role/berthcare-staging-preview"),
        ("iam:DetachRolePolicy", "role/berthcare-staging-deploy"),
    ],
)
def test_the_deploy_role_lifts_no_limit_and_touches_no_other_access(action: str, resource: str) -> None:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:{resource}"
    context = {**BOUND, "iam__PassedToService": "ecs-tasks.amazonaws.com"}
    assert decide(deployed(), action, arn, **context) == "denied"
    assert decide(deployed(), "iam:GetPolicy", arn) == "allowed"  # a refresh reads it


def test_without_a_boundary_none_is_demanded(recorded: Recorder) -> None:
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-ecs-task"
    policy = deployment(recorded, bounded=False)
    assert decide(policy, "iam:CreateRole", role) == "allowed"
    assert "PermissionsBoundary" not in policy.replace("policy/berthcare-staging-boundary", "")


# --- who takes the roles


@pytest.mark.requirement("FAC-N06", "OMN-IAM-10", "ALL-13")
@pytest.mark.parametrize(
    ("github", "claims"),
    [
        ({"branch": "main"}, {"sub": "repo:clinic-example/infrastructure:ref:refs/heads/main"}),
        (
            {"branch": "main", "github_environment": "production"},
            {"sub": "repo:clinic-example/infrastructure:environment:production", "ref": "refs/heads/main"},
        ),
        ({"github_environment": "staging"}, {"sub": "repo:clinic-example/infrastructure:environment:staging"}),
    ],
)
def test_the_job_is_bound_to_its_branch_and_environment(
    recorded: Recorder, github: dict[str, str], claims: dict[str, str]
) -> None:
    where = {"organization": "clinic-example", "repository": "infrastructure"}
    roles(recorded, github=GithubSettings.model_validate({**where, **github}))
    (statement,) = json.loads(recorded.one(ROLE).inputs["assumeRolePolicy"])["Statement"]
    found = {key.rpartition(":")[2]: value for key, value in statement["Condition"]["StringEquals"].items()}
    assert found == {"aud": "sts.amazonaws.com", **claims}


def test_neither_branch_nor_environment_is_refused() -> None:
    with pytest.raises(ValueError, match="github_environment: expected an environment, or a branch"):
        GithubSettings(organization="clinic-example", repository="infrastructure")


@pytest.mark.requirement("OMN-OPS-01", "ALL-13")
def test_pull_requests_preview_with_a_role_of_their_own_when_told(recorded: Recorder) -> None:
    assert roles(Recorder()).preview_arn is None
    roles(recorded, github=GITHUB.model_copy(update={"preview": True}))
    preview = recorded.one(ROLE, "deploy-preview").inputs
    (statement,) = json.loads(preview["assumeRolePolicy"])["Statement"]
    issuer = "token.actions.githubusercontent.com"
    assert statement["Condition"]["StringEquals"] == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": "repo:clinic-example/infrastructure:pull_request",
    }
    assert preview["maxSessionDuration"] == 3600


@pytest.mark.requirement("OMN-OPS-02")
def test_jobs_of_the_deploying_branch_preview_too_and_those_of_no_other(recorded: Recorder) -> None:
    roles(recorded, github=GITHUB.model_copy(update={"preview": True, "branch": "main"}))
    (statement,) = json.loads(recorded.one(ROLE, "deploy-preview").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] == [
        "repo:clinic-example/infrastructure:pull_request",
        "repo:clinic-example/infrastructure:ref:refs/heads/main",
    ]


@pytest.mark.requirement("OMN-OPS-01")
@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [
        ("ec2:DescribeVpcs", "*", "allowed"),
        ("rds:DescribeDBEngineVersions", "*", "allowed"),
        ("s3:GetBucketPolicy", PHOTOS, "allowed"),
        ("s3:ListBucket", PHOTOS, "allowed"),  # HeadBucket, of a refresh
        ("s3:ListBucket", "arn:aws:s3:::other-photos-staging", "not allowed"),
        ("iam:GetRolePolicy", f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-ecs-task", "allowed"),
        ("s3:GetObject", f"arn:aws:s3:::{STATE_BUCKET}/.pulumi/stacks/phi-platform/staging.json", "allowed"),
        ("s3:PutObject", f"arn:aws:s3:::{STATE_BUCKET}/.pulumi/locks/x", "not allowed"),
        ("s3:DeleteObject", f"arn:aws:s3:::{STATE_BUCKET}/.pulumi/locks/x", "not allowed"),
        ("s3:GetObject", f"{PHOTOS}/1.jpg", "denied"),
        ("secretsmanager:GetSecretValue", "*", "denied"),
        ("ec2:CreateVpc", "*", "not allowed"),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-x", "not allowed"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT_ID}:role/berthcare-staging-deploy", "denied"),
    ],
)
def test_a_preview_reads_configuration_and_state_and_writes_nothing(
    recorded: Recorder, action: str, resource: str, decision: str
) -> None:
    roles(recorded, github=GITHUB.model_copy(update={"preview": True}))
    assert decide(together(documents(recorded, "preview")), action, resource) == decision


def test_a_preview_is_allowed_nothing_that_changes_anything(recorded: Recorder) -> None:
    roles(recorded, github=GITHUB.model_copy(update={"preview": True}))
    reading = re.compile(r"[a-z0-9-]+:(Describe|Get|List|View|BatchGet|Decrypt$|GET$)")
    for statement in json.loads(together(documents(recorded, "preview")))["Statement"]:
        if statement["Effect"] == "Allow":
            assert all(reading.match(action) for action in statement["Action"]), statement["Sid"]


@pytest.mark.requirement("FAC-STO-03", "FAC-OPS-02", "FAC-IAM-05")
def test_a_job_keeps_release_archives_in_the_named_bucket_only(recorded: Recorder) -> None:
    policy = deployment(recorded, release_buckets=["berthcare-deployments-staging"])
    archive = "arn:aws:s3:::berthcare-deployments-staging/deployment-1.zip"
    assert decide(policy, "s3:PutObject", archive) == "allowed"
    assert decide(policy, "s3:GetObject", archive) == "allowed"  # HeadObject, and Lambda, ask for it
    assert decide(policy, "s3:PutObject", f"{PHOTOS}/1.jpg") == "not allowed"
    assert decide(policy, "s3:GetObject", f"{PHOTOS}/1.jpg") == "denied"
    assert decide(deployed(), "s3:PutObject", archive) == "not allowed"
    assert decide(deployed(), "s3:GetObject", archive) == "denied"


@pytest.mark.requirement("FAC-STO-03", "FAC-OPS-02")
@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_release_archives_are_encrypted_with_a_key_of_the_stack_as_they_are_put(
    recorded: Recorder, action: str
) -> None:
    policy = deployment(recorded, release_buckets=["berthcare-deployments-staging"])
    via = {"kms__ViaService": "s3.ca-central-1.amazonaws.com"}
    own = {"aws__ResourceTag/Project": "berthcare", "aws__ResourceTag/Environment": "staging"}
    assert decide(policy, action, KEY, **via, **own) == "allowed"
    assert decide(policy, action, KEY, **via, **{**own, "aws__ResourceTag/Project": "other"}) == "not allowed"
    assert decide(policy, action, KEY, **own) != "allowed"
    assert decide(deployed(), action, KEY, **via, **own) != "allowed"


@pytest.mark.parametrize("action", ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "ecs:UpdateService"])
def test_application_auto_scaling_may_try_what_it_will_do_and_the_job_itself_may_not(action: str) -> None:
    alarm = f"arn:aws:cloudwatch:ca-central-1:{ACCOUNT_ID}:alarm:"
    assert decide(deployed(), action, alarm, aws__ViaAWSService="true") == "allowed"
    assert decide(deployed(), action, alarm, aws__ViaAWSService="false") == "not allowed"
    assert decide(deployed(BERTHCARE), action, alarm, aws__ViaAWSService="true") == "not allowed"


@pytest.mark.requirement("FAC-OPS-04", "FAC-OPS-05")
@pytest.mark.parametrize("action", ["codedeploy:CreateDeployment", "codedeploy:RegisterApplicationRevision"])
def test_a_job_releases_through_codedeploy(action: str) -> None:
    policy = deployed()
    for kind in ("application:berthcare-staging-app", "deploymentgroup:berthcare-staging-app/production"):
        assert decide(policy, action, f"arn:aws:codedeploy:ca-central-1:{ACCOUNT_ID}:{kind}") == "allowed"
    assert decide(policy, "codedeploy:GetDeployment", "*") == "allowed"
