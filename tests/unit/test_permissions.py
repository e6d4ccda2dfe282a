"""Who may do what, over every stack file: the deploy role covers its stack, every role stays within the boundary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module, resources
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from components.boundary import boundary_arn
from components.deploy_policy import Deployed, deploy_policies, preview_policies
from localaws import services
from localaws.handler import HANDLERS
from program import build
from settings import load
from settings.features import Feature, features
from settings.stack import Settings
from tests.policies.test_switches import SWITCHED, switched
from tests.unit.components.decisions import decide, some
from tests.unit.components.scopes import scope
from tests.unit.conftest import Recorder
from tests.unit.settings.test_load import smallest
from tests.unit.test_program import ROOT, STACKS, Built, built

for _module in iter_modules(services.__path__):
    import_module(f"{services.__name__}.{_module.name}")

PLACES = {  # provider module -> registry namespace, for types the embedded AWS does not check against the registry
    "apigateway": "ApiGateway", "autoscaling": "AutoScaling", "backup": "Backup", "budgets": "Budgets",
    "cfg": "Config", "cloudfront": "CloudFront", "cloudwatch": "CloudWatch", "codedeploy": "CodeDeploy",
    "cognito": "Cognito", "costexplorer": "CE", "ec2": "EC2", "ec2clientvpn": "EC2", "ecs": "ECS",
    "elasticache": "ElastiCache", "guardduty": "GuardDuty", "kms": "KMS", "lambda": "Lambda",
    "lb": "ElasticLoadBalancingV2", "rds": "RDS", "route53": "Route53", "secretsmanager": "SecretsManager",
    "servicediscovery": "ServiceDiscovery", "sns": "SNS", "sqs": "SQS", "wafv2": "WAFv2", "xray": "XRay",
}  # fmt: skip
NEVER = (  # what the registry's own implementation does beyond what the program declares, or an administrator must do
    "*:REST.*", "access-analyzer:*ArchiveRule", "acm-pca:*", "acm:UpdateCertificateOptions",
    "apigateway:*DomainNameAccessAssociation*",
    "application-autoscaling:*ScheduledAction", "autoloop:*", "autoscaling:DescribeTags", "billing:*",
    "cloudtrail:PutEventConfiguration", "cloudtrail:StopLogging", "codedeploy:RegisterOnPremisesInstance",
    "codewhisperer:*", "cognito-idp:DescribeUserPoolClient", "cognito-sync:*", "ec2:*SubnetCidrBlock",
    "ec2:*Volume", "ec2:CreateKeyPair", "ec2:CreateVpcEncryptionControl", "ec2:Get[*]",
    "ec2:ModifyPrivateDnsNameOptions", "ec2:ModifyVpcTenancy", "ecr:*RepositoryPolicy",
    "ecs:StopServiceDeployment", "elasticfilesystem:*", "firehose:*", "iam:*Group*", "iam:*UserPolicy",
    "iam:CreatePolicy*",
    "iam:DeletePolicy*", "iam:DeleteRolePermissionsBoundary", "kms:DisableKey", "kms:ReEncrypt*",
    "lambda:*ProvisionedConcurrency*", "lambda:AssociateRuntimeAlias", "lambda:PassCapacityProvider",
    "logs:*DataProtection*", "logs:*IndexPolicy", "logs:CreateLogStream",
    "logs:PutBearerTokenAuthentication", "logs:PutLogEvents", "logs:PutLogGroupDeletionProtection",
    "managed-fleets:*", "organizations:*", "payments:*", "rds:*HttpEndpoint", "rds:*RoleFromDB*", "rds:*RoleToDB*",
    "rds:PromoteReadReplica", "rds:RemoveFromGlobalCluster", "rds:RestoreDB*FromS3",
    "route53-recovery-control-config:*",
    "s3:*BucketAcl", "s3:*Metadata*", "s3:DeleteBucket?*", "s3:PutBucketAbac",
    "s3:PutBucketReplication", "s3:PutBucketWebsite", "s3:PutObjectAcl", "s3files:*", "s3tables:*",
    "secretsmanager:*Replicat*",
    "secretsmanager:GetRandomPassword", "secretsmanager:GetSecretValue", "securityhub:UpdateStandardsControl",
    "servicediscovery:*ServiceAttributes", "sns:*DataProtection*", "ssm:*Association*", "ssm:*Parameter", "ssm:Get[*]",
    "vpc-lattice:*", "workmail:*",
)  # fmt: skip
UNBOUND = {"deploy-deploy", "deploy-preview", "break-glass-role"}  # an administrator deploys these


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> Built:
    return built(request.param)


@cache
def registry() -> dict[str, str]:
    """CloudFormation type → file of its schema."""
    return json.loads((resources.files("cfnlint.data.schemas") / "providers/ca-central-1.json").read_text())


def registered(kind: str) -> str | None:
    """The CloudFormation type of a provider type."""
    handler = HANDLERS.get(kind)
    if handler is not None and handler.cloudformation:
        return handler.cloudformation
    module, _, name = kind.removeprefix("aws:").partition("/")
    found = f"AWS::{PLACES.get(module, '')}::{name.rpartition(':')[2]}"
    return found if found in registry() else None


def needed(kind: str) -> list[str]:
    """Actions that create, change or delete a resource of the type, after the registry."""
    found = registered(kind)
    if found is None or found not in registry():
        return []
    schema = json.loads((resources.files("cfnlint.data.schemas") / f"resources/{registry()[found]}.json").read_text())
    verbs = [schema.get("handlers", {}).get(verb, {}) for verb in ("create", "update", "delete")]
    actions = {action for verb in verbs for action in verb.get("permissions", [])}
    return sorted(a for a in actions if not any(fnmatchcase(a.lower(), each.lower()) for each in NEVER))


def deployed(uses: frozenset[Feature]) -> Deployed:
    return Deployed(
        scope=scope(),
        features=uses,
        untouchable=["arn:aws:iam::111122223333:role/berthcare-staging-deploy"],
        boundary=boundary_arn(scope()),
        recovery_region="ca-west-1",
        state_bucket="berthcare-pulumi-state-111122223333",
        state_alias="alias/berthcare-pulumi-state",
    )


def allowed(policies: dict[str, str]) -> list[str]:
    """Action patterns of every permission, in lower case."""
    statements = [s for text in policies.values() for s in json.loads(text)["Statement"] if s["Effect"] == "Allow"]
    return [action.lower() for statement in statements for action in some(statement["Action"])]


def lacking(settings: Settings, recorder: Recorder) -> dict[str, list[str]]:
    """Type → actions on it that the deploy role has not."""
    patterns = allowed(deploy_policies(deployed(features(settings))))
    judged = {kind: needed(kind) for kind in recorder.types if kind.startswith("aws:")}
    assert sum(map(bool, judged.values())) > 20
    missing = {
        kind: [action for action in actions if not any(fnmatchcase(action.lower(), pattern) for pattern in patterns)]
        for kind, actions in judged.items()
    }
    return {kind: actions for kind, actions in missing.items() if actions}


@pytest.mark.requirement("BER-IAM-07", "OMN-N10", "FAC-IAM-17", "OMN-IAM-11")
def test_the_deploy_role_may_create_change_and_delete_every_resource_of_its_stack(stack: Built) -> None:
    missing = lacking(stack.settings, stack.recorder)
    assert not missing, "add to components/deploy_services.py, or the feature to settings/features.py"


NAMED = {  # type -> action that creates or tags it, and the resource of its ARN
    "autoscaling/group:Group": "autoscaling:CreateAutoScalingGroup autoScalingGroup:1:autoScalingGroupName/{name}",
    "backup/vault:Vault": "backup:CreateBackupVault backup-vault:{name}",
    "budgets/budget:Budget": "budgets:ModifyBudget budget/{name}",
    "cloudtrail/trail:Trail": "cloudtrail:CreateTrail trail/{name}",
    "cloudwatch/compositeAlarm:CompositeAlarm": "cloudwatch:PutCompositeAlarm alarm:{alarmName}",
    "cloudwatch/dashboard:Dashboard": "cloudwatch:PutDashboard dashboard/{dashboardName}",
    "cloudwatch/eventRule:EventRule": "events:PutRule rule/{name}",
    "cloudwatch/logDelivery:LogDelivery": "logs:TagResource delivery:AbCdEf",
    "cloudwatch/logDeliveryDestination:LogDeliveryDestination": "logs:TagResource delivery-destination:{name}",
    "cloudwatch/logDeliverySource:LogDeliverySource": "logs:TagResource delivery-source:{name}",
    "cloudwatch/logGroup:LogGroup": "logs:CreateLogGroup log-group:{name}",
    "cloudwatch/logMetricFilter:LogMetricFilter": "logs:PutMetricFilter log-group:{logGroupName}",
    "cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:PutMetricAlarm alarm:{name}",
    "codedeploy/application:Application": "codedeploy:CreateApplication application:{name}",
    "codedeploy/deploymentGroup:DeploymentGroup":
        "codedeploy:CreateDeploymentGroup deploymentgroup:{appName}/{deploymentGroupName}",
    "ecr/repository:Repository": "ecr:CreateRepository repository/{name}",
    "ecs/cluster:Cluster": "ecs:CreateCluster cluster/{name}",
    "ecs/service:Service": "ecs:CreateService service/cluster/{name}",
    "ecs/taskDefinition:TaskDefinition": "ecs:RegisterTaskDefinition task-definition/{family}:1",
    "elasticache/parameterGroup:ParameterGroup": "elasticache:CreateCacheParameterGroup parametergroup:{name}",
    "elasticache/replicationGroup:ReplicationGroup":
        "elasticache:CreateReplicationGroup replicationgroup:{replicationGroupId}",
    "elasticache/subnetGroup:SubnetGroup": "elasticache:CreateCacheSubnetGroup subnetgroup:{name}",
    "iam/instanceProfile:InstanceProfile": "iam:CreateInstanceProfile instance-profile/{name}",
    "iam/serviceLinkedRole:ServiceLinkedRole":
        "iam:TagRole role/aws-service-role/{awsServiceName}/AWSServiceRoleForAutoScaling_{customSuffix}",
    "kms/alias:Alias": "kms:CreateAlias {name}",
    "lambda/function:Function": "lambda:CreateFunction function:{name}",
    "lb/loadBalancer:LoadBalancer": "elasticloadbalancing:CreateLoadBalancer loadbalancer/app/{name}/1",
    "lb/targetGroup:TargetGroup": "elasticloadbalancing:CreateTargetGroup targetgroup/{name}/1",
    "rds/cluster:Cluster": "rds:CreateDBCluster cluster:{clusterIdentifier}",
    "rds/clusterInstance:ClusterInstance": "rds:CreateDBInstance db:{identifier}",
    "rds/clusterParameterGroup:ClusterParameterGroup": "rds:CreateDBClusterParameterGroup cluster-pg:{name}",
    "rds/instance:Instance": "rds:CreateDBInstance db:{identifier}",
    "rds/parameterGroup:ParameterGroup": "rds:CreateDBParameterGroup pg:{name}",
    "rds/subnetGroup:SubnetGroup": "rds:CreateDBSubnetGroup subgrp:{name}",
    "scheduler/schedule:Schedule": "scheduler:CreateSchedule schedule/default/{name}",
    "secretsmanager/secret:Secret": "secretsmanager:CreateSecret secret:{name}-AbCdEf",
    "sns/topic:Topic": "sns:CreateTopic {name}",
    "sqs/queue:Queue": "sqs:CreateQueue {name}",
}  # fmt: skip
NOWHERE = ("budget/", "dashboard/", "instance-profile/", "role/")  # ARNs without a region


def refused(settings: Settings, recorder: Recorder) -> list[str]:
    """What of a stack the deploy role may not create under its name: action and ARN."""
    where = replace(
        scope(), system=settings.system, environment=settings.environment, region=settings.region,
        naming=settings.naming,
    )  # fmt: skip
    what = replace(
        deployed(features(settings)),
        scope=where,
        boundary=boundary_arn(where),
        recovery_region=settings.recovery_region,
    )
    policies = deploy_policies(what)
    text = json.dumps({"Statement": [s for policy in policies.values() for s in json.loads(policy)["Statement"]]})
    judged: dict[str, str] = {}
    for entry in recorder.registrations:
        row = NAMED.get(entry.type.removeprefix("aws:"))
        if row is not None:
            action, _, resource = row.format_map(entry.inputs).partition(" ")
            region = entry.inputs.get("region", settings.region)
            arn = where.arn(action.partition(":")[0], resource, region="" if resource.startswith(NOWHERE) else region)
            judged[f"{action} {arn}"] = decide(text, action, arn, aws__RequestedRegion=region)
    assert len(judged) > 50
    return [what for what, decision in judged.items() if decision != "allowed"]


@pytest.mark.requirement("BER-IAM-07", "OMN-IAM-11", "FAC-IAM-05")
def test_the_deploy_role_may_create_everything_under_the_name_its_stack_gives_it(stack: Built) -> None:
    assert refused(stack.settings, stack.recorder) == []


@pytest.mark.requirement("BER-IAM-07", "OMN-N10")
@pytest.mark.parametrize("overlay", SWITCHED, ids=lambda overlay: overlay.stem)
def test_the_deploy_role_manages_every_optional_part_too(overlay: Path, tmp_path: Path) -> None:
    settings, recorder = load.from_file(switched(overlay, tmp_path)), Recorder()
    recorder.run(lambda: build(settings))
    assert (lacking(settings, recorder), refused(settings, recorder)) == ({}, [])


def test_services_that_find_each_other_by_name_need_rights_over_their_dns_zone() -> None:
    compute: dict[str, Any] = {"services": {"api": {"image": "1.0.0", "port": 8080, "paths": []}}, "discovery": {}}
    assert Feature.DOMAIN in features(load.load(smallest(compute=compute)))
    assert Feature.DOMAIN not in features(load.load(smallest(compute={**compute, "discovery": None})))


@pytest.mark.requirement("MSP-N26", "OMN-N13")
def test_the_deploy_role_calls_the_function_that_rotates_passwords_and_no_other() -> None:
    def decision(uses: frozenset[Feature], name: str) -> str:
        policies = deploy_policies(deployed(uses)).values()
        text = json.dumps({"Statement": [s for policy in policies for s in json.loads(policy)["Statement"]]})
        return decide(text, "lambda:InvokeFunction", scope().arn("lambda", f"function:{name}"))

    everything = frozenset(Feature)
    assert decision(everything, "berthcare-staging-rotation") == "allowed"
    assert decision(everything - {Feature.ROTATION}, "berthcare-staging-rotation") == "not allowed"
    assert decision(everything, "berthcare-staging-records") == "denied"


def test_every_action_pattern_means_an_action_of_aws() -> None:
    spec = find_spec("parliament")
    assert spec is not None
    assert spec.origin is not None
    known: dict[str, set[str]] = {}
    for service in json.loads((Path(spec.origin).parent / "iam_definition.json").read_text()):
        known.setdefault(service["prefix"], set()).update(p["privilege"].lower() for p in service["privileges"])
    everything = deployed(frozenset(Feature))
    texts = [*deploy_policies(everything).values(), *preview_policies(everything).values()]
    statements = [statement for text in texts for statement in json.loads(text)["Statement"]]
    for action in {a for s in statements for key in ("Action", "NotAction") for a in some(s.get(key, []))}:
        prefix, _, name = action.lower().partition(":")
        assert any(fnmatchcase(one, name) for one in known[prefix]), action


@pytest.mark.requirement("OMN-N10", "FAC-IAM-17")
def test_every_role_carries_the_permissions_boundary(stack: Built) -> None:
    (boundary,) = (e for e in stack.recorder.all("aws:iam/policy:Policy") if e.name == "boundary-policy")
    roles = [entry for entry in stack.recorder.all("aws:iam/role:Role") if entry.name not in UNBOUND]
    assert len(roles) > 4
    for role in roles:
        assert role.inputs.get("permissionsBoundary") == boundary.outputs["arn"], (
            f"{role.name}: pass permissions_boundary=scope.boundary to its iam.Role"
        )
        assert boundary.urn in role.property_dependencies["permissionsBoundary"]


def role_policies(stack: Built) -> Iterator[tuple[str, dict[str, Any]]]:
    """(logical name, statement) of every permission written into a bounded role."""
    unbound = {entry.outputs["name"] for entry in stack.recorder.all("aws:iam/role:Role") if entry.name in UNBOUND}
    for entry in stack.recorder.all("aws:iam/rolePolicy:RolePolicy"):
        if entry.inputs["role"] not in unbound:
            for statement in json.loads(entry.inputs["policy"])["Statement"]:
                if statement["Effect"] == "Allow":
                    yield entry.name, statement


@pytest.mark.requirement("OMN-N10")
def test_the_boundary_takes_nothing_from_a_role_that_the_program_gives_it(stack: Built) -> None:
    (boundary,) = (e for e in stack.recorder.all("aws:iam/policy:Policy") if e.name == "boundary-policy")
    given = list(role_policies(stack))
    assert len(given) > 5
    settings = load.from_file(ROOT / f"Pulumi.{stack.name}.yaml")
    for name, statement in given:
        for action in some(statement["Action"]):
            for resource in some(statement["Resource"]):
                decision = decide(boundary.inputs["policy"], action, resource, aws__RequestedRegion=settings.region)
                assert decision == "allowed", (name, action, resource)
