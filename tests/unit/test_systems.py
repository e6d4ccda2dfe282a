"""What the requirements say of whole systems: every stack file, built on mocks."""

from __future__ import annotations

import base64
import inspect
import json
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any

import pytest
import yaml

from program import build
from settings import load
from settings.base import Environment
from tests.unit.components.decisions import decide
from tests.unit.conftest import ACCOUNT_ID, Recorder
from tests.unit.settings.test_load import smallest
from tests.unit.test_program import ALARM, ROOT, STACKS, Built, built, changed, recorded_section

TRAIL, LOG_GROUP = "aws:cloudtrail/trail:Trail", "aws:cloudwatch/logGroup:LogGroup"
SNAPSHOT = f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:snapshot:facnet-validator-postgres-prod-before"


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> Built:
    return built(request.param)


def taggable(type_: str) -> bool:
    """Whether the provider's class of a type takes tags."""
    package, module, name = type_.split(":")
    module = module.split("/")[0]
    found = getattr(import_module(f"pulumi_{package}.{'lambda_' if module == 'lambda' else module}"), name)
    return "tags" in inspect.signature(found.get).parameters


def inputs(recorder: Recorder) -> dict[str, Any]:
    return {entry.urn: entry.inputs for entry in recorder.registrations}


@pytest.mark.requirement("ALL-11", "BER-TAG-01", "FAC-TAG-01", "LWO-TAG-02", "MSP-TAG-02", "OMN-TAG-01")
def test_whatever_takes_tags_is_tagged(stack: Built) -> None:
    made = [entry for entry in stack.recorder.registrations if entry.custom and entry.type.startswith("aws:")]
    bare = [entry.name for entry in made if taggable(entry.type) and not entry.inputs.get("tags")]
    assert bare == []
    assert sum(taggable(entry.type) for entry in made) > 40


@pytest.mark.requirement("OMN-TAG-01", "FAC-TAG-01", "ALL-11")
@pytest.mark.parametrize("name", ["omnirapeutic", "mentalspace", "facnet"])
def test_every_resource_of_a_system_under_hipaa_says_so(name: str) -> None:
    for entry in built(name).recorder.registrations:
        tags = entry.inputs.get("tags") or {}
        pairs = {tag["key"]: tag["value"] for tag in tags} if isinstance(tags, list) else tags
        assert not pairs or pairs["HIPAA"] == "true", entry.name


@pytest.mark.requirement("FAC-DB-05", "FAC-N12")
def test_nothing_the_program_makes_deletes_a_snapshot_of_facnets_database(recorded: Recorder) -> None:
    recorder = built("facnet").recorder
    database = recorder.one("aws:rds/instance:Instance").inputs
    assert (database["skipFinalSnapshot"], database["deleteAutomatedBackups"]) == (False, False)
    emergency = {"break_glass": {"principals": [f"arn:aws:iam::{ACCOUNT_ID}:role/on-call"]}}
    identity = {**recorded_section("facnet", "identity"), **emergency}
    recorded.run(lambda: build(changed("facnet", identity=identity)))
    policies: dict[str, list[str]] = {}
    for kind in ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"):
        for name, inputs in recorded.of(kind):
            if not name.startswith("boundary"):  # grants nothing by itself
                role = "deploy" if name.startswith("deploy-deploy") else name
                policies.setdefault(role, []).extend(json.loads(inputs["policy"])["Statement"])
    assert len(policies) > 5
    able = [
        role
        for role, statements in policies.items()
        if decide(json.dumps({"Statement": statements}), "rds:DeleteDBSnapshot", SNAPSHOT) == "allowed"
    ]
    assert able == []


@pytest.mark.requirement("FAC-DR-02", "FAC-DB-12", "FAC-CCH-02")
def test_facnet_outlives_the_loss_of_a_zone() -> None:
    outputs, recorder = built("facnet").outputs, built("facnet").recorder
    assert recorder.one("aws:rds/instance:Instance").inputs["multiAz"] is True
    cache = recorder.one("aws:elasticache/replicationGroup:ReplicationGroup").inputs
    assert (cache["automaticFailoverEnabled"], cache["multiAzEnabled"]) == (True, True)
    fleet = recorder.one("aws:autoscaling/group:Group").inputs
    assert fleet["minSize"] >= len(outputs["application_subnet_ids"]) == 2
    assert set(fleet["vpcZoneIdentifiers"]) == set(outputs["application_subnet_ids"].values())
    balancer = recorder.one("aws:lb/loadBalancer:LoadBalancer").inputs
    assert set(balancer["subnets"]) == set(outputs["public_subnet_ids"].values())
    assert len(outputs["nat_gateway_ids"]) == 2


@pytest.mark.requirement("FAC-DR-03", "FAC-DR-04", "FAC-N17")
def test_facnets_database_can_be_restored_to_any_minute_here_and_in_the_recovery_region() -> None:
    recorder = built("facnet").recorder
    assert recorder.one("aws:rds/instance:Instance").inputs["backupRetentionPeriod"] == 7  # 0: no point in time
    abroad = recorder.one("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication").inputs
    assert abroad["region"] == "ca-west-1"
    assert abroad["retentionPeriod"] >= 7
    key = recorder.one("aws:kms/key:Key", "keys-recovery").inputs
    assert key["region"] == "ca-west-1"  # backups of another region cannot be opened with the home region's key


@pytest.mark.requirement("FAC-IAM-13", "FAC-IAM-18", "FAC-N06")
def test_facnets_pipeline_finds_what_it_expects_in_outputs_and_no_secret() -> None:
    outputs, recorder = built("facnet").outputs, built("facnet").recorder
    expected = {
        "region", "account_id", "deploy_role_arn", "db_application_secret_arn", "redis_credentials_secret_arn",
        "bucket_names", "secret_arns", "codedeploy_application", "codedeploy_group", "codedeploy_bucket",
    }  # fmt: skip
    assert expected <= outputs.keys()
    assert outputs["secret_arns"].keys() == {"auth0/credentials", "phi/redaction-salt", "s3/bucket-name"}
    assert outputs["frontend_environment"] == {
        "VITE_AUTH0_DOMAIN": "sign-in.example.org",
        "VITE_AUTH0_CLIENT_ID": "client-id-of-the-frontend",
        "VITE_AUTH0_AUDIENCE": "facnet-validator-api",
    }
    assert not [type_ for type_ in recorder.types if type_.startswith("aws:cognito/")]  # people sign in at Auth0


@pytest.mark.requirement("FAC-IAM-14", "FAC-OBS-16")
def test_error_tracking_is_two_variables_and_a_supplied_secret(recorded: Recorder) -> None:
    secrets = recorded_section("facnet", "secrets")
    secrets["supplied"]["sentry"] = {"fields": ["dsn"], "description": "Where errors are reported"}
    compute = recorded_section("facnet", "compute")
    variables = {"SENTRY_ENVIRONMENT": "production", "SENTRY_TRACES_SAMPLE_RATE": "0.1"}
    compute["fleet"]["runtime"] = {"environment": variables}
    outputs = recorded.run(lambda: build(changed("facnet", secrets=secrets, compute=compute)))
    template = recorded.one("aws:ec2/launchTemplate:LaunchTemplate").inputs
    files = yaml.safe_load(base64.b64decode(template["userData"]))["write_files"]
    (told,) = (file["content"] for file in files if file["path"] == "/etc/facnet-validator/environment")
    for name, value in variables.items():
        assert f'{name}="{value}"' in told.splitlines()
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", "fleet-instance-policy").inputs["policy"]
    assert decide(policy, "secretsmanager:GetSecretValue", outputs["secret_arns"]["sentry"]) == "allowed"


@pytest.mark.requirement("LWO-STO-01")
def test_lifeworld_has_no_volume_but_encrypted_ones(recorded: Recorder) -> None:
    for _, task in built("lifeworld").recorder.of("aws:ecs/taskDefinition:TaskDefinition"):
        assert all(set(volume) == {"name"} for volume in task.get("volumes") or [])  # memory of the task, no disk
    recorded.run(lambda: build(changed("lifeworld", bastion={})))
    bastion = recorded.one("aws:ec2/instance:Instance").inputs
    assert bastion["rootBlockDevice"]["encrypted"] is True
    assert recorded.types & {"aws:ebs/volume:Volume", "aws:efs/fileSystem:FileSystem"} == set()


@pytest.mark.requirement("LWO-IAM-08", "MSP-OBS-03", "OMN-OBS-02")
def test_every_api_call_is_recorded_who_reads_a_secret_too(stack: Built) -> None:
    trail = stack.recorder.one(TRAIL).inputs
    assert (trail["enableLogging"], trail["isMultiRegionTrail"], trail["enableLogFileValidation"]) == (True, True, True)
    (events,) = trail["eventSelectors"]
    assert (events["includeManagementEvents"], events["readWriteType"]) == (True, "All")
    assert not events.get("excludeManagementEventSources")
    assert trail["cloudWatchLogsGroupArn"]


@pytest.mark.requirement("LWO-OBS-01", "MSP-OBS-03", "OMN-OBS-01", "ALL-10")
def test_every_log_group_of_production_ends_after_a_year_or_later(stack: Built) -> None:
    groups = dict(stack.recorder.of(LOG_GROUP))
    assert groups
    for name, group in groups.items():
        assert group["retentionInDays"] >= 1, name  # 0 keeps events for ever
        assert group["kmsKeyId"], name
        if stack.settings.environment is Environment.PRODUCTION:
            assert group["retentionInDays"] >= 365, name


@pytest.mark.requirement("LWO-DR-02", "LWO-DR-04")
def test_lifeworld_can_go_back_to_an_earlier_revision_and_its_image() -> None:
    recorder = built("lifeworld").recorder
    assert recorder.count("aws:ecs/taskDefinition:TaskDefinition") == 2
    for _, task in recorder.of("aws:ecs/taskDefinition:TaskDefinition"):
        assert task["skipDestroy"] is True  # a deregistered revision cannot be deployed
    for _, service in recorder.of("aws:ecs/service:Service"):
        assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    for _, repository in recorder.of("aws:ecr/repository:Repository"):
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert not repository.get("forceDelete")


@pytest.mark.requirement("LWO-DR-05", "LWO-CMP-04")
def test_lifeworld_outlives_the_loss_of_a_zone() -> None:
    outputs, recorder = built("lifeworld").outputs, built("lifeworld").recorder
    assert list(outputs["application_subnet_ids"]) == ["ca-central-1a", "ca-central-1b"]
    for _, service in recorder.of("aws:ecs/service:Service"):
        assert set(service["networkConfiguration"]["subnets"]) == set(outputs["application_subnet_ids"].values())
        assert service["desiredCount"] == 2
        assert service["availabilityZoneRebalancing"] == "ENABLED"
    assert recorder.one("aws:rds/instance:Instance").inputs["multiAz"] is True
    balancer = recorder.one("aws:lb/loadBalancer:LoadBalancer").inputs
    assert set(balancer["subnets"]) == set(outputs["public_subnet_ids"].values())


@pytest.mark.requirement("MSP-IAM-12", "ALL-16", "FAC-IAM-16")
@pytest.mark.parametrize("name", ["mentalspace", "facnet", "omnirapeutic"])
def test_a_system_under_hipaa_waits_for_its_agreement(name: str) -> None:
    config = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]
    del config["phi-platform:agreement"]
    with pytest.raises(load.SettingsError, match="phi-platform:agreement"):
        load.load(config)


@pytest.mark.requirement("ALL-01")
def test_a_stack_is_its_file_no_other_file_and_no_environment(
    recorded: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    config: dict[str, Any] = smallest()
    first = recorded.run(lambda: build(load.load(config)))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    again = Recorder()
    assert again.run(lambda: build(load.load(config))) == first
    assert inputs(again) == inputs(recorded)


@pytest.mark.requirement("BER-EDG-03", "BER-N01", "BER-DR-05")
def test_berthcare_is_served_in_two_countries_and_copied_within_one() -> None:
    stack = built("berthcare")
    viewers = stack.recorder.one("aws:cloudfront/distribution:Distribution").inputs["restrictions"]["geoRestriction"]
    assert viewers == {"restrictionType": "whitelist", "locations": ["CA", "US"]}
    buckets = {inputs["bucket"]: inputs.get("region") for _, inputs in stack.recorder.of("aws:s3/bucket:Bucket")}
    copies = [*stack.outputs["replica_bucket_names"].values(), "berthcare-terraform-state-dr"]
    assert {buckets[copy] for copy in copies} == {"ca-west-1"}
    backups = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    assert stack.recorder.one(backups).inputs["region"] == "ca-west-1"


@pytest.mark.requirement("FAC-CMP-02", "FAC-CMP-03", "FAC-CMP-04")
def test_facnets_fleet_has_the_recorded_size() -> None:
    recorder = built("facnet").recorder
    group = recorder.one("aws:autoscaling/group:Group").inputs
    assert (group["minSize"], group["desiredCapacity"], group["maxSize"]) == (2, 2, 6)
    template = recorder.one("aws:ec2/launchTemplate:LaunchTemplate").inputs
    assert template["instanceType"] == "t3.medium"
    assert template["imageId"].startswith("resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/")


@pytest.mark.requirement("FAC-N16", "FAC-CCH-05", "FAC-OBS-06", "FAC-CCH-01", "FAC-CCH-02")
def test_facnets_cache_evicts_nothing_and_is_watched_for_missed_answers() -> None:
    recorder = built("facnet").recorder
    (parameter,) = recorder.one("aws:elasticache/parameterGroup:ParameterGroup").inputs["parameters"]
    assert parameter == {"name": "maxmemory-policy", "value": "noeviction"}
    nodes = [alarm for _, alarm in recorder.of(ALARM) if "hit-rate" in alarm["name"]]
    assert [(node["threshold"], node["comparisonOperator"]) for node in nodes] == [(80, "LessThanThreshold")] * 2


@pytest.mark.requirement("MSP-EDG-07")
def test_mentalspaces_api_is_a_rest_api_with_the_recorded_stage() -> None:
    recorder = built("mentalspace").recorder
    assert recorder.count("aws:apigateway/restApi:RestApi") == 1
    assert recorder.one("aws:apigateway/stage:Stage").inputs["stageName"] == "prod"


@pytest.mark.requirement("LWO-NET-01", "LWO-NET-04", "LWO-N03")
def test_lifeworlds_database_is_in_subnets_of_its_own() -> None:
    recorder = built("lifeworld").recorder
    tiers = {entry.urn: entry.inputs["tags"]["Tier"] for entry in recorder.all("aws:ec2/subnet:Subnet")}
    placed = recorder.one("aws:rds/subnetGroup:SubnetGroup").property_dependencies["subnetIds"]
    assert [tiers[urn] for urn in placed] == ["data", "data"]


@pytest.mark.requirement("LWO-DB-02", "LWO-DB-03", "LWO-IAM-07", "LWO-DR-01")
def test_lifeworlds_database_is_backed_up_and_its_administrators_password_rotates() -> None:
    recorder = built("lifeworld").recorder
    database = recorder.one("aws:rds/instance:Instance").inputs
    assert (database["multiAz"], database["backupRetentionPeriod"]) == (True, 7)
    assert database["manageMasterUserPassword"] is True
    rotation = recorder.one("aws:secretsmanager/secretRotation:SecretRotation").inputs
    assert 1 <= rotation["rotationRules"]["automaticallyAfterDays"] <= 90


@pytest.mark.requirement("LWO-EDG-04")
def test_lifeworlds_firewall_limits_each_address() -> None:
    rules = built("lifeworld").recorder.one("aws:wafv2/webAcl:WebAcl").inputs["rules"]
    (rate,) = (rule["statement"]["rateBasedStatement"] for rule in rules if rule["name"] == "rate")
    assert (rate["limit"], rate["evaluationWindowSec"], rate["aggregateKeyType"]) == (2000, 300, "IP")
    assert any("SQLi" in json.dumps(rule) for rule in rules)


@pytest.mark.requirement("OMN-IAM-01", "OMN-IAM-05", "OMN-IAM-06")
def test_omnirapeutics_keys_rotate_and_its_generated_secrets_are_as_long_as_recorded() -> None:
    recorder = built("omnirapeutic").recorder
    for name, key in recorder.of("aws:kms/key:Key"):
        assert (key["enableKeyRotation"], key["deletionWindowInDays"]) == (True, 30), name
    lengths = {name: inputs["length"] for name, inputs in recorder.of("random:index/randomPassword:RandomPassword")}
    assert lengths == {"database-password": 32, "secrets-supabase-jwt-secret": 64}


@pytest.mark.requirement("BER-STO-09", "FAC-STO-05", "BER-OBS-12")
def test_access_logs_are_let_in_where_they_are_sent(stack: Built) -> None:
    policies = {
        entry.inputs["bucket"]: entry.inputs["policy"]
        for entry in stack.recorder.all("aws:s3/bucketPolicy:BucketPolicy")
    }
    regions = {inputs["bucket"]: inputs.get("region") for _, inputs in stack.recorder.of("aws:s3/bucket:Bucket")}
    sent = dict(stack.recorder.of("aws:s3/bucketLogging:BucketLogging"))
    assert sent
    for name, logging in sent.items():
        source, target = logging["bucket"], logging["targetBucket"]
        assert regions[source] == regions[target], name  # S3 delivers within a region
        (statement,) = (s for s in json.loads(policies[target])["Statement"] if s["Sid"] == "S3AccessLogs")
        patterns = statement["Condition"]["ArnLike"]["aws:SourceArn"]
        assert any(fnmatchcase(f"arn:aws:s3:::{source}", pattern) for pattern in patterns), name
