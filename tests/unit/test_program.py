"""Every stack file, built whole on mocks."""

from __future__ import annotations

import json
import re
import runpy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.cdn import CACHING_OPTIMIZED
from program import build
from settings import load
from settings.base import Environment
from settings.jurisdiction import FACTS
from settings.outputs import OUTPUTS
from settings.stack import Settings
from tests.unit.components.test_identity import decide
from tests.unit.conftest import ACCOUNT_ID, Recorder
from tests.unit.settings.test_load import smallest

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ROOT = Path(__file__).parents[2]
STACKS = sorted(path.stem.partition(".")[2] for path in ROOT.glob("Pulumi.*.yaml"))
ABROAD = {  # what AWS only has in us-east-1, and holds no patient data (ALL-07)
    "aws:acm/certificate:Certificate",
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:cloudwatch/logDelivery:LogDelivery",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:kms/alias:Alias",
    "aws:kms/key:Key",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:wafv2/webAcl:WebAcl",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
}


@dataclass(frozen=True)
class Built:
    """One stack file, built: what was registered, and its outputs."""

    name: str
    settings: Settings
    recorder: Recorder
    outputs: dict[str, Any]


@cache
def built(name: str) -> Built:
    """The stack `name`, built once for all tests, which only look at it."""
    settings = load.from_file(ROOT / f"Pulumi.{name}.yaml")
    recorder = Recorder()
    return Built(name, settings, recorder, recorder.run(lambda: build(settings), stack=name))


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> Built:
    return built(request.param)


def test_a_stack_builds_whole(stack: Built) -> None:
    assert len([entry for entry in stack.recorder.registrations if entry.custom]) > 50


@pytest.mark.requirement("ALL-22", "BER-IAM-06")
def test_outputs_hold_no_secret_and_no_unset_value(stack: Built) -> None:
    text = json.dumps(stack.outputs)
    generated = [entry.outputs["result"] for entry in stack.recorder.all("random:index/randomPassword:RandomPassword")]
    assert not any(value in text for value in generated)
    assert "null" not in text


@pytest.mark.requirement("MSP-OUT-10", "OMN-OPS-10", "BER-OPS-06")
def test_every_output_is_described_and_has_the_form_it_says(stack: Built) -> None:
    undescribed = sorted(set(stack.outputs) - set(OUTPUTS))
    assert not undescribed, f"describe {', '.join(undescribed)} in settings/outputs.py: form, and what it is for"
    for name, value in stack.outputs.items():
        assert OUTPUTS[name].form.fits(value), f"{name}: settings/outputs.py says {OUTPUTS[name].form}, found {value!r}"
        assert OUTPUTS[name].description.endswith("."), name


@pytest.mark.requirement("BER-IAM-06", "ALL-22")
def test_a_generated_secret_is_only_ever_passed_as_a_secret(stack: Built) -> None:
    generated = [entry.outputs["result"] for entry in stack.recorder.all("random:index/randomPassword:RandomPassword")]
    for entry in stack.recorder.registrations:
        for key, value in entry.inputs.items():
            if any(secret in json.dumps(value, default=str) for secret in generated):
                assert key in entry.secrets, (entry.name, key)
                assert key.endswith("Wo"), (entry.name, key)  # write-only: never in state


@pytest.mark.requirement("ALL-15", "ALL-07", "BER-OPS-09", "BER-N08")
def test_nothing_is_placed_outside_the_jurisdiction_but_what_aws_has_only_there(stack: Built) -> None:
    allowed = (None, *FACTS[stack.settings.jurisdiction].regions)
    for entry in stack.recorder.registrations:
        region = entry.inputs.get("region")
        assert region in allowed or (region == "us-east-1" and entry.type in ABROAD), entry.name


@pytest.mark.requirement("ALL-11", "BER-TAG-01", "FAC-TAG-01", "LWO-TAG-02", "MSP-TAG-02", "FAC-OBS-15")
def test_everything_that_has_tags_has_all_of_them(stack: Built) -> None:
    tagged = [entry for entry in stack.recorder.registrations if entry.custom and "tags" in entry.inputs]
    assert len(tagged) > 40
    for entry in tagged:
        tags = entry.inputs["tags"]  # a map, or of an Auto Scaling group a list
        names = {tag["key"] for tag in tags} if isinstance(tags, list) else tags.keys()
        missing = {"Project", "Environment", "ManagedBy", "CostCenter", "DataClass", "Name"} - names
        assert not missing, (entry.name, missing)


def test_every_resource_belongs_to_a_component(stack: Built) -> None:
    for entry in stack.recorder.registrations:
        if entry.custom and not entry.type.startswith("pulumi:"):
            assert "phi-platform:" in entry.parent, entry.name


def test_names_are_unique_per_type(stack: Built) -> None:
    urns = [entry.urn for entry in stack.recorder.registrations]
    assert len(urns) == len(set(urns))


@pytest.mark.requirement("ALL-12")
def test_only_production_protects_its_stores(stack: Built) -> None:
    stores = {
        "aws:rds/instance:Instance",
        "aws:rds/cluster:Cluster",
        "aws:elasticache/replicationGroup:ReplicationGroup",
    }
    for entry in stack.recorder.registrations:
        if entry.type in stores:
            assert entry.protect is (stack.settings.environment is Environment.PRODUCTION)


def test_documents_name_no_other_account(stack: Built) -> None:
    known = {ACCOUNT_ID, "aws"}
    for entry in stack.recorder.registrations:
        found = set(re.findall(r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):", json.dumps(entry.inputs, default=str)))
        assert found <= known, (entry.name, found)


@pytest.mark.requirement("BER-OPS-06", "BER-N15", "BER-N21", "BER-OBS-02")
def test_berthcare_has_the_recorded_outputs() -> None:
    outputs = built("berthcare").outputs
    assert {
        "db_endpoint",
        "db_address",
        "redis_endpoint",
        "cloudfront_domain_name",
        "db_credentials_secret_arn",
        "redis_credentials_secret_arn",
        "cloudwatch_dashboard_name",
        "load_balancer_security_group_id",
        "service_security_group_id",
        "database_security_group_id",
        "cache_security_group_id",
    } <= outputs.keys()
    assert outputs["db_endpoint"] == f"{outputs['db_address']}:5432"


@pytest.mark.requirement("BER-CMP-02", "BER-NET-04", "BER-STO-01", "BER-STO-02", "BER-STO-03", "BER-STO-04")
def test_berthcare_has_its_base_and_no_application_yet() -> None:
    outputs, recorded = built("berthcare").outputs, built("berthcare").recorder
    assert recorded.count("aws:ec2/natGateway:NatGateway") == 2
    assert outputs["bucket_names"] == {
        purpose: f"berthcare-{purpose}-staging" for purpose in ("photos", "documents", "signatures")
    }
    assert outputs["logs_bucket_name"] == "berthcare-logs-staging"
    assert outputs["execution_role_arn"]
    assert outputs["task_role_arn"]
    assert (
        not {"aws:ecs/service:Service", "aws:lb/loadBalancer:LoadBalancer", "aws:ecr/repository:Repository"}
        & recorded.types
    )


@pytest.mark.parametrize("name", STACKS)
def test_only_an_application_without_a_load_balancer_has_no_group_for_one(name: str) -> None:
    """A base that waits for its application has the group before it (BER-N21); functions need none."""
    groups = {entry.name for entry in built(name).recorder.all("aws:ec2/securityGroup:SecurityGroup")}
    expected = name != "mentalspace"
    assert ("security-groups-load-balancer" in groups) is expected
    assert ("load_balancer_security_group_id" in built(name).outputs) is expected


@pytest.mark.requirement(
    "MSP-OUT-01", "MSP-OUT-02", "MSP-OUT-03", "MSP-OUT-04", "MSP-OUT-05", "MSP-OUT-06", "MSP-OUT-07", "MSP-OUT-10",
    "MSP-N29", "MSP-TAG-01",
)  # fmt: skip
def test_mentalspace_tells_its_frontend_where_things_are() -> None:
    outputs = built("mentalspace").outputs
    told = outputs["frontend_environment"]
    assert told["VITE_AWS_REGION"] == "us-east-1"
    assert told["VITE_COGNITO_USER_POOL_ID"] == outputs["user_pool_id"]
    assert told["VITE_COGNITO_CLIENT_ID"] == outputs["user_pool_client_id"]
    assert told["VITE_COGNITO_IDENTITY_POOL_ID"] == outputs["identity_pool_id"]
    assert told["VITE_API_ENDPOINT"] == outputs["api_endpoint"]
    assert told["VITE_API_ENDPOINT"].endswith(".amazonaws.com/prod")
    assert told["VITE_FILES_BUCKET"] == f"mentalspace-ehr-files-{ACCOUNT_ID}"
    assert told["VITE_VIDEOS_BUCKET"] == f"mentalspace-ehr-videos-{ACCOUNT_ID}"
    assert outputs["vpc_id"]


@pytest.mark.requirement("MSP-EDG-09", "MSP-EDG-11", "MSP-EDG-12", "MSP-CMP-03", "MSP-N28")
def test_mentalspace_answers_health_to_anyone_and_patients_to_users() -> None:
    recorded = built("mentalspace").recorder
    methods = {name: inputs["authorization"] for name, inputs in recorded.of("aws:apigateway/method:Method")}
    assert methods == {
        "api-GET/health": "NONE",
        "api-OPTIONS/health": "NONE",
        "api-GET/patients": "COGNITO_USER_POOLS",
        "api-OPTIONS/patients": "NONE",
    }


@pytest.mark.requirement("MSP-IAM-05", "MSP-IAM-08", "MSP-IAM-09", "MSP-N07", "MSP-N20")
def test_mentalspace_users_keep_their_own_objects_from_the_browser() -> None:
    built_, recorded = built("mentalspace"), built("mentalspace").recorder
    assert built_.outputs["user_attribute_values"] == {"custom:role": ["admin", "therapist", "patient"]}
    pool = recorded.one("aws:cognito/userPool:UserPool").inputs
    assert [schema["name"] for schema in pool["schemas"]] == ["role", "organizationId", "practiceId"]
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy", "directory-objects").inputs["policy"])
    own = next(statement for statement in policy["Statement"] if statement["Sid"] == "OwnObjects")
    assert own["Resource"] == [
        f"arn:aws:s3:::mentalspace-ehr-{purpose}-{ACCOUNT_ID}/${{cognito-identity.amazonaws.com:sub}}/*"
        for purpose in ("files", "videos")
    ]
    for _, cors in recorded.of("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"):
        (rule,) = cors["corsRules"]
        assert rule["allowedOrigins"] == ["https://app.example.org", "https://example.org"]
        assert set(rule["allowedMethods"]) == {"GET", "PUT", "POST", "HEAD"}
        assert rule["exposeHeaders"] == ["ETag"]


@pytest.mark.requirement("MSP-NET-01", "MSP-NET-02", "MSP-NET-03", "MSP-NET-04", "MSP-NET-05", "MSP-N04", "MSP-N22")
def test_mentalspace_has_two_zones_and_one_way_out() -> None:
    outputs = built("mentalspace").outputs
    zones = ["us-east-1a", "us-east-1b"]
    for tier in ("public_subnet_ids", "application_subnet_ids", "data_subnet_ids"):
        assert list(outputs[tier]) == zones
    assert len(outputs["nat_gateway_ids"]) == 1
    assert built("mentalspace").recorder.one("aws:ec2/vpc:Vpc").inputs["cidrBlock"] == "10.0.0.0/16"


@pytest.mark.requirement(
    "MSP-DB-02", "MSP-DB-03", "MSP-DB-04", "MSP-DB-05", "MSP-DB-07", "MSP-IAM-10", "MSP-OUT-09", "MSP-CMP-02"
)  # fmt: skip
def test_mentalspace_keeps_its_records_in_the_recorded_cluster() -> None:
    outputs, recorded = built("mentalspace").outputs, built("mentalspace").recorder
    cluster = recorded.one("aws:rds/cluster:Cluster").inputs
    assert cluster["serverlessv2ScalingConfiguration"] == {"minCapacity": 0.5, "maxCapacity": 8}
    assert (cluster["databaseName"], cluster["masterUsername"]) == ("mentalspaceehr", "postgres")
    assert cluster["backupRetentionPeriod"] == 30
    assert recorded.count("aws:rds/clusterInstance:ClusterInstance") == 2
    told = outputs["backend_environment"]
    assert (told["DATABASE_NAME"], told["DATABASE_PORT"]) == ("mentalspaceehr", "5432")
    assert ":secret:mentalspace-ehr-db-credentials-" in told["DATABASE_SECRET_ARN"]


BACKEND: dict[str, Any] = {
    "database": {"engine_version": "17.11", "instance_class": "db.t4g.medium", "storage_gib": 20},
    "storage": {"buckets": {"code": {"data_class": "internal"}, "files": {}}},
    "directory": {},
    "compute": {
        "functions": {
            "backend": {
                "runtime": "nodejs24.x",
                "handler": "index.handler",
                "package": {"bucket": "code", "key": "backend/1.0.0.zip"},
                "buckets": ["files"],
            },
            "letters": {
                "runtime": "python3.13",
                "handler": "app.handler",
                "package": {"bucket": "code", "key": "letters/1.0.0.zip"},
                "database": False,
            },
        }
    },
    "api": {
        "cors": {"origins": ["https://app.example.org"]},
        "routes": {"/patients": {"methods": ["GET"], "function": "backend"}},
    },
    "frontend": {"variables": {"API_ENDPOINT": "api_endpoint", "USER_POOL_ID": "user_pool_id"}},
}


@pytest.fixture(scope="module")
def backend() -> Built:
    settings, recorder = load.load(smallest(**BACKEND)), Recorder()
    return Built("backend", settings, recorder, recorder.run(lambda: build(settings)))


@pytest.mark.requirement("MSP-CMP-02", "MSP-OUT-09")
def test_the_backend_gets_the_address_of_the_database_and_the_place_of_its_password(backend: Built) -> None:
    outputs, recorded = backend.outputs, backend.recorder
    found = outputs["backend_environment"]
    assert set(found) == {"DATABASE_ENDPOINT", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_SECRET_ARN"}
    assert (found["DATABASE_ENDPOINT"], found["DATABASE_PORT"]) == (outputs["db_address"], "5432")
    functions = {
        name: inputs["environment"]["variables"] for name, inputs in recorded.of("aws:lambda/function:Function")
    }
    assert found.items() <= functions["function-backend-function"].items()
    assert functions["function-backend-function"]["S3_BUCKET_FILES"] == "clinic-files-staging"
    assert not [name for name in functions["function-letters-function"] if name.startswith("DATABASE")]
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", "function-letters-policy").inputs["policy"]
    assert "secretsmanager" not in policy


@pytest.mark.requirement("MSP-CMP-02", "MSP-N26")
def test_a_function_reads_a_password_rds_keeps_itself_by_the_database_it_belongs_to(recorded: Recorder) -> None:
    database = {"engine": "aurora-postgresql", "engine_version": "15.19", "managed_password": True}
    recorded.run(lambda: build(load.load(smallest(**{**BACKEND, "database": database}))))
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy", "function-backend-policy").inputs["policy"])
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    identifier = recorded.one("aws:rds/cluster:Cluster").inputs["clusterIdentifier"]
    assert statements["ReadManagedPassword"]["Condition"]["StringEquals"] == {
        "secretsmanager:ResourceTag/aws:rds:primaryDBClusterArn": (
            f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:cluster:{identifier}"
        )
    }
    assert "OpenSecrets" in statements
    other = recorded.one("aws:iam/rolePolicy:RolePolicy", "function-letters-policy").inputs["policy"]
    assert "secretsmanager" not in other


@pytest.mark.requirement("MSP-IAM-13", "MSP-N29")
def test_a_browser_never_learns_of_the_database(backend: Built) -> None:
    outputs = backend.outputs
    told = json.dumps(outputs["frontend_environment"])
    assert set(outputs["frontend_environment"]) == {"VITE_API_ENDPOINT", "VITE_USER_POOL_ID"}
    for secret in outputs["backend_environment"].values():
        assert secret not in told


@pytest.mark.requirement("MSP-NET-06", "MSP-NET-07", "MSP-N27", "MSP-CMP-01")
def test_the_database_admits_the_group_the_functions_run_in_and_nobody_else(backend: Built) -> None:
    outputs, recorded = backend.outputs, backend.recorder
    service, database = outputs["service_security_group_id"], outputs["database_security_group_id"]
    for _, function in recorded.of("aws:lambda/function:Function"):
        assert function["vpcConfig"]["securityGroupIds"] == [service]
        assert function["vpcConfig"]["subnetIds"] == list(outputs["application_subnet_ids"].values())
    admitted = [
        inputs
        for _, inputs in recorded.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if inputs["securityGroupId"] == database
    ]
    assert [(rule["referencedSecurityGroupId"], rule["fromPort"]) for rule in admitted] == [(service, 5432)]


@pytest.mark.requirement("MSP-N18", "MSP-OBS-06")
def test_the_api_and_its_functions_are_watched(backend: Built) -> None:
    named = [inputs.get("dimensions", {}) for _, inputs in backend.recorder.of(ALARM)]
    text = json.dumps([inputs for _, inputs in backend.recorder.of(ALARM)])
    assert {"FunctionName": "clinic-staging-backend"} in named
    assert '"ApiName": "clinic-staging-api"' in text
    assert "clinic-staging-backend-failures" in text


def test_one_firewall_stands_in_front_of_api_and_sign_in(recorded: Recorder) -> None:
    recorded.run(lambda: build(load.load(smallest(**BACKEND, edge={}))))
    acl = recorded.one("aws:wafv2/webAcl:WebAcl")
    assert (acl.inputs["name"], acl.inputs["scope"]) == ("clinic-staging-api", "REGIONAL")
    guarded = {inputs["resourceArn"] for _, inputs in recorded.of("aws:wafv2/webAclAssociation:WebAclAssociation")}
    assert guarded == {
        recorded.one("aws:cognito/userPool:UserPool").outputs["arn"],
        recorded.one("aws:apigateway/stage:Stage").outputs["arn"],
    }


@pytest.mark.requirement("LWO-CMP-01", "LWO-CMP-02", "LWO-CMP-03", "LWO-DB-01", "LWO-IAM-06", "LWO-TAG-01")
def test_lifeworld_has_the_recorded_names() -> None:
    outputs, recorded = built("lifeworld").outputs, built("lifeworld").recorder
    assert outputs["cluster_name"] == "life-world-os-production"
    assert outputs["service_names"] == {"backend": "backend-prod", "frontend": "frontend-prod"}
    families = [inputs["family"] for _, inputs in recorded.of("aws:ecs/taskDefinition:TaskDefinition")]
    assert sorted(families) == ["life-world-os-backend-prod", "life-world-os-frontend-prod"]
    database = recorded.one("aws:rds/instance:Instance").inputs
    assert (database["identifier"], database["dbName"], database["instanceClass"]) == (
        "life-world-os-prod",
        "lifeworld_prod",
        "db.t3.medium",
    )
    secrets = [inputs["name"] for _, inputs in recorded.of("aws:secretsmanager/secret:Secret")]
    assert "life-world-os/production/jwt-secret" in secrets
    assert all(name.startswith("life-world-os/production/") for name in secrets)
    assert recorded.count("aws:cloudfront/distribution:Distribution") == 0


@pytest.mark.requirement("LWO-OBS-03", "LWO-OBS-07", "LWO-N11", "LWO-OBS-09")
def test_lifeworld_has_the_recorded_alarms_and_views() -> None:
    recorded = built("lifeworld").recorder
    alarms = {inputs["name"]: inputs for _, inputs in recorded.of("aws:cloudwatch/metricAlarm:MetricAlarm")}
    cpu = alarms["backend-high-cpu"]
    assert (cpu["statistic"], cpu["period"], cpu["evaluationPeriods"], cpu["threshold"]) == ("Average", 300, 1, 80)
    assert cpu["dimensions"] == {"ClusterName": "life-world-os-production", "ServiceName": "backend-prod"}
    latency = alarms["life-world-os-load-balancer-latency-prod"]
    assert (latency["statistic"], latency["threshold"], latency["evaluationPeriods"]) == ("Average", 1, 1)
    assert recorded.count("aws:cloudwatch/dashboard:Dashboard") == 5


@pytest.mark.requirement("LWO-CMP-07", "LWO-CMP-10", "LWO-CMP-11", "LWO-N12", "LWO-N15")
def test_lifeworlds_services_find_each_other_and_keep_ten_images() -> None:
    recorded = built("lifeworld").recorder
    assert recorded.count("aws:servicediscovery/service:Service") == 2
    task = recorded.one("aws:ecs/taskDefinition:TaskDefinition", "backend-task").inputs
    (backend,) = json.loads(task["containerDefinitions"])
    assert {"name": "FRONTEND_URL", "value": "http://frontend.life-world-os.internal:3000"} in backend["environment"]
    assert backend["image"].endswith("/life-world-os-backend:1.0.0")
    for _, inputs in recorded.of("aws:ecr/lifecyclePolicy:LifecyclePolicy"):
        assert json.loads(inputs["policy"])["rules"][1]["selection"]["countNumber"] == 10


@pytest.mark.requirement("LWO-CMP-10", "BER-OBS-13")
def test_scans_of_a_shared_repository_are_heard_of_too(recorded: Recorder) -> None:
    worker: dict[str, Any] = {"image": "1.0.0", "port": None}
    services = {"api": {**worker, "repository": "clinic-shared"}, "jobs": worker}
    recorded.run(lambda: build(load.load(smallest(compute={"services": services}))))
    rules = {
        inputs["name"]: json.loads(inputs["eventPattern"])
        for _, inputs in recorded.of("aws:cloudwatch/eventRule:EventRule")
        if "eventPattern" in inputs
    }
    scanned = rules["clinic-staging-image-scan-events"]["detail"]["repository-name"]
    assert scanned == ["clinic-shared", "clinic-staging-jobs"]


@pytest.mark.requirement("LWO-NET-07", "LWO-EDG-01", "LWO-EDG-05", "LWO-EDG-06", "LWO-N05")
def test_lifeworld_lets_in_known_addresses_and_health_checkers_only() -> None:
    recorded = built("lifeworld").recorder
    assert entries(recorded) == {"203.0.113.0/24", "pl-0123456789abcdef0"}
    assert recorded.one("aws:lb/loadBalancer:LoadBalancer").inputs["internal"] is False
    assert recorded.one("aws:route53/zone:Zone").inputs["name"] == "lifeworld.example.org"
    assert recorded.one("aws:route53/record:Record", "address-record").inputs["name"] == "prod.lifeworld.example.org"
    check = recorded.one("aws:route53/healthCheck:HealthCheck").inputs
    assert (check["fqdn"], check["resourcePath"]) == ("prod.lifeworld.example.org", "/api/health")


@pytest.mark.requirement("LWO-CMP-08", "LWO-N15", "LWO-CMP-06", "LWO-NET-10", "LWO-NET-02", "LWO-NET-03", "LWO-N02")
def test_lifeworlds_tasks_are_private_checked_and_measured() -> None:
    outputs, recorded = built("lifeworld").outputs, built("lifeworld").recorder
    for _, task in recorded.of("aws:ecs/taskDefinition:TaskDefinition"):
        assert (task["cpu"], task["memory"]) == ("512", "1024")
        (only,) = json.loads(task["containerDefinitions"])
        assert only["healthCheck"]["command"][0] == "CMD"
    for _, service in recorded.of("aws:ecs/service:Service"):
        network = service["networkConfiguration"]
        assert network["assignPublicIp"] is False
        assert set(network["subnets"]) == set(outputs["application_subnet_ids"].values())
        assert service["healthCheckGracePeriodSeconds"] == 60
    metrics = {"name": "containerInsights", "value": "enhanced"}
    assert recorded.one("aws:ecs/cluster:Cluster").inputs["settings"] == [metrics]
    placed = {subnet for _, gateway in recorded.of("aws:ec2/natGateway:NatGateway") for subnet in [gateway["subnetId"]]}
    placed |= set(recorded.one("aws:lb/loadBalancer:LoadBalancer").inputs["subnets"])
    assert placed == set(outputs["public_subnet_ids"].values())


@pytest.mark.requirement("BER-CMP-01", "BER-EDG-09")
def test_berthcares_application_is_a_section_more(recorded: Recorder) -> None:
    config = yaml.safe_load((ROOT / "Pulumi.berthcare.yaml").read_text())["config"]
    config["phi-platform:compute"] = {"services": {"api": {"image": "1.0.0", "port": 80}}}
    config["phi-platform:edge"] |= {"domain": {"name": "staging.example.org"}, "load_balancer": {}}
    outputs = recorded.run(lambda: build(load.load(config)))
    assert outputs["service_names"] == {"api": "berthcare-staging-api"}
    assert recorded.one("aws:ecs/service:Service").inputs["loadBalancers"][0]["containerPort"] == 80
    assert entries(recorded) == {"0.0.0.0/0"}


@pytest.mark.requirement("OMN-CMP-01", "OMN-CMP-02", "OMN-CMP-03", "OMN-EDG-01")
def test_a_gateway_stands_before_services_that_only_it_reaches(recorded: Recorder) -> None:
    inner: dict[str, Any] = {"image": "1.0.0", "paths": []}
    services: dict[str, Any] = {
        "kong": {"image": "1.0.0", "port": 8000},
        "postgrest": {**inner, "port": 3000, "repository": "omnirapeutic-postgrest"},
        "gotrue": {**inner, "port": 9999},
        "realtime": {**inner, "port": 4000},
    }
    config = smallest(
        compute={"services": services, "discovery": {}},
        edge={"domain": {"name": "app.example.org"}, "load_balancer": {}},
    )
    recorded.run(lambda: build(load.load(config)))
    assert [inputs["port"] for _, inputs in recorded.of("aws:lb/targetGroup:TargetGroup")] == [8000]
    assert recorded.count("aws:servicediscovery/service:Service") == 4
    assert recorded.count("aws:ecr/repository:Repository") == 3
    rules = recorded.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    among = {int(inputs["fromPort"]) for name, inputs in rules if "-service-from-service-" in name}
    assert among == {8000, 3000, 9999, 4000}
    outside = {int(inputs["fromPort"]) for name, inputs in rules if "-service-from-load-balancer-" in name}
    assert outside == {8000}


def entries(recorded: Recorder) -> set[str]:
    """Addresses and prefix lists that the load balancer's security group lets in."""
    rules = recorded.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    own = [rule for rule in rules if rule.name.startswith("security-groups-load-balancer-from-")]
    peers = [rule.inputs.get("cidrIpv4") or rule.inputs.get("prefixListId") for rule in own]
    return {peer for peer in peers if peer}


def lifeworld(**edge: Any) -> Settings:
    """The stack with other parts of its edge."""
    config = yaml.safe_load((ROOT / "Pulumi.lifeworld.yaml").read_text())["config"]
    config["phi-platform:edge"] |= edge
    return load.load(config)


@pytest.mark.requirement("LWO-NET-12", "LWO-EDG-01", "LWO-N05", "LWO-NET-07")
def test_behind_a_vpn_the_load_balancer_has_no_public_address(recorded: Recorder) -> None:
    vpn = {"saml_provider_arn": f"arn:aws:iam::{ACCOUNT_ID}:saml-provider/staff", "saml_groups": ["staff"]}
    settings = lifeworld(load_balancer={"access": "internal"}, vpn=vpn)
    outputs = recorded.run(lambda: build(settings))
    balancer = recorded.one("aws:lb/loadBalancer:LoadBalancer").inputs
    assert balancer["internal"] is True
    assert set(balancer["subnets"]) == set(outputs["application_subnet_ids"].values())
    assert entries(recorded) == set()
    endpoint = recorded.one("aws:ec2clientvpn/endpoint:Endpoint").inputs
    assert endpoint["securityGroupIds"] == [outputs["vpn_security_group_id"]]
    assert recorded.count("aws:ec2clientvpn/networkAssociation:NetworkAssociation") == 2
    assert recorded.one("aws:acm/certificate:Certificate", "vpn-certificate-certificate")
    assert recorded.one("aws:route53/healthCheck:HealthCheck").inputs["type"] == "CLOUDWATCH_METRIC"
    alarm = recorded.one("aws:cloudwatch/metricAlarm:MetricAlarm", "health-alarm").inputs
    assert "life-world-os-backend-prod" in alarm["dimensions"]["TargetGroup"]


@pytest.mark.requirement("LWO-EDG-01", "LWO-NET-07")
@pytest.mark.parametrize(("sources", "entered"), [([], "10.0.0.0/16"), (["192.168.0.0/24"], "192.168.0.0/24")])
def test_an_internal_load_balancer_is_reached_from_the_network_or_from_its_sources(
    recorded: Recorder, sources: list[str], entered: str
) -> None:
    settings = lifeworld(load_balancer={"access": "internal", "sources": sources})
    recorded.run(lambda: build(settings))
    assert entries(recorded) == {entered}


@pytest.mark.requirement("FAC-EDG-06", "FAC-EDG-07", "FAC-N04")
def test_with_dns_elsewhere_outputs_say_which_records_to_make(recorded: Recorder) -> None:
    settings = lifeworld(domain={"name": "prod.example.org", "dns": "external"}, failover=None)
    outputs = recorded.run(lambda: build(settings))
    assert not {"aws:route53/zone:Zone", "aws:route53/record:Record"} & recorded.types
    address, proof = outputs["dns_records"]
    assert (address["name"], address["type"]) == ("prod.example.org", "CNAME")
    assert address["value"] == outputs["load_balancer_dns_name"]
    assert (proof["type"], proof["name"].endswith("prod.example.org.")) == ("CNAME", True)


@pytest.mark.requirement("FAC-EDG-06")
def test_a_certificate_that_exists_is_used_as_it_is(recorded: Recorder) -> None:
    arn = f"arn:aws:acm:ca-central-1:{ACCOUNT_ID}:certificate/imported"
    settings = lifeworld(domain={"name": "prod.example.org", "dns": "external", "certificate_arn": arn})
    outputs = recorded.run(lambda: build(settings))
    assert recorded.count("aws:acm/certificate:Certificate") == 0
    assert recorded.one("aws:lb/listener:Listener", "load-balancer-https").inputs["certificateArn"] == arn
    assert [record["type"] for record in outputs["dns_records"]] == ["CNAME"]


@pytest.mark.requirement("LWO-EDG-07", "LWO-EDG-04")
def test_failover_and_a_system_without_firewall_are_settings(recorded: Recorder) -> None:
    failover = {"target": "site.example.org", "target_zone_id": "Z3AQBSTGFYJSTF"}
    outputs = recorded.run(lambda: build(lifeworld(failover=failover, web_acl=None)))
    first = recorded.one("aws:route53/record:Record", "address-record").inputs
    assert first["healthCheckId"] == outputs["health_check_id"]
    assert recorded.one("aws:route53/record:Record", "address-record-secondary").inputs["setIdentifier"] == "secondary"
    assert recorded.count("aws:wafv2/webAcl:WebAcl") == 0


def test_a_region_without_the_health_checkers_list_is_one_clear_line(
    recorded: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pulumi_aws as aws

    def gone(**_: object) -> None:
        raise RuntimeError("empty result")

    monkeypatch.setattr(aws.ec2, "get_managed_prefix_list", gone)
    with pytest.raises(pulumi.RunError, match=r"edge.load_balancer.health_checkers: expected false in ca-central-1"):
        recorded.run(lambda: build(lifeworld()))


def test_sections_that_are_absent_are_not_built(recorded: Recorder) -> None:
    settings = load.load(smallest())
    recorded.run(lambda: build(settings))
    assert (
        not {
            "aws:rds/instance:Instance",
            "aws:elasticache/replicationGroup:ReplicationGroup",
            "aws:ecs/cluster:Cluster",
            "aws:lb/loadBalancer:LoadBalancer",
            "aws:cloudfront/distribution:Distribution",
            "aws:route53/zone:Zone",
            "aws:cognito/userPool:UserPool",
            "aws:apigateway/restApi:RestApi",
            "aws:lambda/function:Function",
        }
        & recorded.types
    )


def test_building_twice_registers_the_same(recorded: Recorder) -> None:
    settings = load.from_file(ROOT / "Pulumi.staging.yaml")
    recorded.run(lambda: build(settings), stack="staging")
    first = built("staging").recorder
    assert sorted(entry.urn for entry in recorded.registrations) == sorted(entry.urn for entry in first.registrations)


@pytest.mark.requirement("ALL-02", "BER-N02")
def test_a_version_aws_no_longer_offers_is_one_clear_line(recorded: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    import pulumi_aws as aws

    def gone(**_: object) -> None:
        raise RuntimeError("no RDS DB Engine Versions match the criteria")

    monkeypatch.setattr(aws.rds, "get_engine_version", gone)
    with pytest.raises(pulumi.RunError, match=r"database.engine_version: expected a PostgreSQL version .* found 15"):
        recorded.run(lambda: build(load.from_file(ROOT / "Pulumi.berthcare.yaml")))


def test_wrong_settings_end_the_program_with_their_list_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {**smallest(), "aws:region": "us-east-1"}
    monkeypatch.setenv(
        "PULUMI_CONFIG", json.dumps({key: v if isinstance(v, str) else json.dumps(v) for key, v in config.items()})
    )
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", "[]")
    with pytest.raises(pulumi.RunError, match="1 problem in the settings of this stack") as raised:
        runpy.run_path(str(ROOT / "__main__.py"))
    assert raised.value.__cause__ is None
    assert "expected ca-central-1 or ca-west-1" in str(raised.value)


# --- OmniRapeutic: an Aurora cluster and the secrets of Supabase


@pytest.mark.requirement("OMN-DB-01", "OMN-DB-02", "OMN-DB-05", "OMN-DB-06", "OMN-DB-11", "OMN-N01", "OMN-N04")
def test_omnirapeutic_has_the_recorded_cluster() -> None:
    recorded = built("omnirapeutic").recorder
    inputs = recorded.one("aws:rds/cluster:Cluster").inputs
    assert inputs["clusterIdentifier"] == "omnirapeutic-production"
    assert (inputs["databaseName"], inputs["masterUsername"], inputs["port"]) == ("omnirapeutic", "postgres", 5432)
    assert inputs["engineVersion"].startswith("15.")
    assert inputs["serverlessv2ScalingConfiguration"] == {"minCapacity": 0.5, "maxCapacity": 4}
    assert (inputs["backupRetentionPeriod"], inputs["preferredBackupWindow"]) == (35, "03:00-04:00")
    assert inputs["deletionProtection"] is True
    assert recorded.count("aws:rds/clusterInstance:ClusterInstance") == 2


@pytest.mark.requirement("OMN-IAM-01", "OMN-IAM-02", "OMN-IAM-03", "OMN-IAM-04", "OMN-DB-04", "OMN-OPS-10", "OMN-DR-02")
def test_omnirapeutic_has_the_recorded_keys_and_uses_each_for_its_purpose() -> None:
    recorded, outputs = built("omnirapeutic").recorder, built("omnirapeutic").outputs
    aliases = {
        inputs["name"]: inputs["targetKeyId"]
        for _, inputs in recorded.of("aws:kms/alias:Alias")
        if "region" not in inputs
    }
    arns = outputs["kms_key_arns"]
    for key in ("aurora", "s3", "secrets"):
        assert arns[key].endswith(f"/{aliases[f'alias/{key}-encryption-key']}")
        assert recorded.one("aws:kms/key:Key", f"keys-{key}").inputs["deletionWindowInDays"] == 30
        assert recorded.one("aws:kms/key:Key", f"keys-{key}").inputs["enableKeyRotation"] is True
        assert recorded.one("aws:kms/key:Key", f"keys-{key}").inputs["tags"]["HIPAA"] == "true"
    assert recorded.one("aws:rds/cluster:Cluster").inputs["kmsKeyId"] == arns["aurora"]
    assert (
        recorded.one("aws:secretsmanager/secret:Secret", "database-credentials-secret").inputs["kmsKeyId"]
        == (arns["secrets"])
    )


@pytest.mark.requirement("OMN-IAM-05", "OMN-IAM-06", "OMN-IAM-07", "OMN-IAM-08", "OMN-IAM-09", "OMN-N02", "OMN-DR-02")
def test_omnirapeutic_has_its_four_secrets_with_seven_days_to_restore_them() -> None:
    recorded = built("omnirapeutic").recorder
    secrets = {inputs["name"]: inputs for _, inputs in recorded.of("aws:secretsmanager/secret:Secret")}
    assert set(secrets) == {
        "aurora-master-password",
        "supabase-jwt-secret",
        "supabase-anon-key",
        "supabase-service-key",
    }
    assert {each["recoveryWindowInDays"] for each in secrets.values()} == {7}
    assert len({each["kmsKeyId"] for each in secrets.values()}) == 1


@pytest.mark.requirement("OMN-IAM-02", "OMN-IAM-04", "ALL-19")
def test_tasks_may_open_secrets_though_the_keys_names_follow_no_pattern() -> None:
    recorded = built("omnirapeutic").recorder
    policy = json.loads(recorded.one("aws:iam/rolePolicy:RolePolicy", "roles-task").inputs["policy"])
    [opens] = [each for each in policy["Statement"] if each["Sid"] == "OpenSecrets"]
    aliases = opens["Condition"]["ForAnyValue:StringLike"]["kms:ResourceAliases"]
    assert "alias/secrets-encryption-key" in aliases
    [reads] = [each for each in policy["Statement"] if each["Sid"] == "ReadSecrets"]
    assert len(reads["Resource"]) == 4


@pytest.mark.requirement("OMN-N15", "ALL-17", "MSP-N13")
def test_omnirapeutic_watches_capacity_and_no_storage() -> None:
    alarms = {inputs["metricName"] for _, inputs in built("omnirapeutic").recorder.of(ALARM)}
    assert {"CPUUtilization", "FreeableMemory", "DatabaseConnections", "ACUUtilization"} <= alarms
    assert "FreeStorageSpace" not in alarms


# --- credentials of the application


def with_database(services: dict[str, Any] | None = None, **database: Any) -> dict[str, Any]:
    return smallest(
        database={"engine_version": "16.15", **database},
        secrets={"supplied": {"auth0": {"fields": ["client_secret"]}}, "generated": {"jwt": {}}},
        compute={"services": {"api": {"image": "1", "port": 8080, **(services or {})}}},
        edge={"domain": {"name": "clinic.example.org"}, "load_balancer": {}},
        network={"nat": "one"},
    )


@pytest.mark.requirement("FAC-DB-08", "FAC-IAM-08", "FAC-IAM-07", "LWO-IAM-05")
def test_an_application_with_its_own_user_never_reads_the_administrators_secret(recorded: Recorder) -> None:
    settings = load.load(with_database(application_username="clinic_app"))
    recorded.run(lambda: build(settings))
    policies = json.dumps([inputs["policy"] for _, inputs in recorded.of("aws:iam/rolePolicy:RolePolicy")])
    assert "secret:clinic/staging/database-application-??????" in policies
    assert "secret:clinic/staging/database-??????" not in policies
    for path in ("auth0", "jwt"):
        assert f"secret:clinic/staging/{path}-??????" in policies
    arn = recorded.one("aws:secretsmanager/secret:Secret", "database-application-secret").outputs["arn"]
    definitions = recorded.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"]
    [container] = json.loads(definitions)
    values = {each["name"]: each["valueFrom"] for each in container["secrets"]}
    assert values["POSTGRES_PASSWORD"] == f"{arn}:password::"


@pytest.mark.requirement("OMN-IAM-09", "OMN-N13", "MSP-IAM-11")
def test_passwords_generated_here_are_rotated_by_a_watched_function_beside_the_database(recorded: Recorder) -> None:
    settings = load.load(with_database(application_username="clinic_app", rotation_days=30))
    recorded.run(lambda: build(settings))
    rotated = [inputs["secretId"] for _, inputs in recorded.of("aws:secretsmanager/secretRotation:SecretRotation")]
    secrets = "aws:secretsmanager/secret:Secret"
    kept = [recorded.one(secrets, f"database-{who}-secret").inputs["name"] for who in ("credentials", "application")]
    assert [name for name in kept if any(name in each for each in rotated)] == kept
    assert len(rotated) == len(kept)
    service_group = recorded.one("aws:ec2/securityGroup:SecurityGroup", "security-groups-service")
    assert service_group.urn in recorded.one("aws:lambda/function:Function").property_dependencies["vpcConfig"]
    alarms = [inputs.get("dimensions", {}) for _, inputs in recorded.of(ALARM)]
    assert {"FunctionName": "clinic-staging-rotation"} in alarms


@pytest.mark.requirement("LWO-IAM-05", "LWO-IAM-06", "FAC-IAM-10")
def test_services_get_application_secrets_whole_or_by_field(recorded: Recorder) -> None:
    chosen = {"JWT_SECRET": "jwt", "AUTH0_CLIENT_SECRET": "auth0#client_secret"}
    settings = load.load(with_database({"secrets": chosen}))
    outputs = recorded.run(lambda: build(settings))
    [container] = json.loads(recorded.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"])
    values = {each["name"]: each["valueFrom"] for each in container["secrets"]}
    assert values["JWT_SECRET"] == outputs["secret_arns"]["jwt"]
    assert values["AUTH0_CLIENT_SECRET"] == f"{outputs['secret_arns']['auth0']}:client_secret::"


@pytest.mark.requirement("ALL-02", "OMN-N01", "MSP-N01")
def test_an_aurora_version_is_asked_for_by_its_own_engine(recorded: Recorder) -> None:
    settings = load.load(smallest(database={"engine": "aurora-postgresql", "engine_version": "15.19"}))
    recorded.run(lambda: build(settings))
    [asked] = [args for token, args in recorded.calls if token == "aws:rds/getEngineVersion:getEngineVersion"]
    assert (asked["engine"], asked["version"]) == ("aurora-postgresql", "15.19")


@pytest.mark.requirement("FAC-N16", "FAC-CCH-05")
def test_a_second_redis_keeps_job_queues_and_evicts_nothing(recorded: Recorder) -> None:
    config = with_database() | {"phi-platform:cache": {}, "phi-platform:queue": {}}
    settings = load.load(config)
    outputs = recorded.run(lambda: build(settings))
    groups = {
        inputs["name"]: inputs["parameters"]
        for _, inputs in recorded.of("aws:elasticache/parameterGroup:ParameterGroup")
    }
    assert {name: each[0]["value"] for name, each in groups.items()} == {
        "clinic-staging-redis-7": "allkeys-lru",
        "clinic-staging-queue-7": "noeviction",
    }
    assert outputs["queue_endpoint"] != outputs["redis_endpoint"]
    [container] = json.loads(recorded.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"])
    assert {"QUEUE_REDIS_PASSWORD", "REDIS_PASSWORD"} <= {each["name"] for each in container["secrets"]}
    watched = {inputs.get("dimensions", {}).get("CacheClusterId") for _, inputs in recorded.of(ALARM)}
    assert {"clinic-staging-queue-001", "clinic-staging-queue-002", "clinic-staging-redis-001"} <= watched


@pytest.mark.requirement("BER-OBS-11", "BER-N06")
def test_berthcare_watches_every_copied_bucket_and_the_copied_state() -> None:
    names = {inputs["name"] for _, inputs in built("berthcare").recorder.of("aws:cloudwatch/metricAlarm:MetricAlarm")}
    for purpose in ("photos", "documents", "signatures", "state"):
        for kind in ("failed", "late", "pending"):
            assert f"berthcare-staging-{purpose}-replication-{kind}" in names


@pytest.mark.requirement("BER-N24")
def test_no_stack_looks_for_intruders_or_counts_costs_unless_its_file_says_so(stack: Built) -> None:
    types = {"aws:guardduty/detector:Detector", "aws:cfg/recorder:Recorder", "aws:budgets/budget:Budget"}
    raw = (ROOT / f"Pulumi.{stack.name}.yaml").read_text()
    if "detection:" not in raw and "cost:" not in raw:
        assert not types & stack.recorder.types


@pytest.mark.requirement("MSP-N17", "FAC-OBS-11", "FAC-N11")
def test_the_trail_records_the_listed_buckets_and_is_kept_as_long_as_wanted(recorded: Recorder) -> None:
    trail = {"data_events": ["files"], "retention_days": 90, "lock_days": 90}
    config = {
        **smallest(),
        "phi-platform:storage": {"buckets": {"files": {"replicated": False}, "videos": {"replicated": False}}},
        "phi-platform:observability": {"alarm_email": "ops@example.org", "trail": trail},
    }
    recorded.run(lambda: build(load.load(config)))
    (selector,) = recorded.one("aws:cloudtrail/trail:Trail").inputs["eventSelectors"]
    (objects,) = (resource["values"] for resource in selector["dataResources"])
    assert [arn.split(":::")[1].partition("-")[2].split("-")[0] for arn in objects] == ["files"]
    (rules,) = (
        inputs["rules"]
        for _, inputs in recorded.of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
        if "trail" in inputs["bucket"]
    )
    assert [rule["expiration"]["days"] for rule in rules if "expiration" in rule] == [90]


@pytest.mark.requirement("BER-OBS-13", "FAC-OBS-13", "LWO-OBS-11", "LWO-OBS-12", "FAC-OBS-08", "LWO-OBS-09")
def test_every_optional_part_of_observability_is_switched_on_by_the_stack_file_alone(recorded: Recorder) -> None:
    config = {
        **smallest(),
        "phi-platform:observability": {
            "alarm_email": "ops@example.org",
            "dashboards": ["overview", "infrastructure"],
            "cost": {"budget": {"monthly_usd": 700}, "anomalies": {}},
            "tracing": {},
            "grafana": {"workspace": "g-0123456789"},
        },
        "phi-platform:detection": {"guard_duty": {}, "config": {}, "security_hub": {}, "access_analyzer": True},
    }
    outputs = recorded.run(lambda: build(load.load(config)))
    assert {
        "aws:budgets/budget:Budget", "aws:costexplorer/anomalyMonitor:AnomalyMonitor", "aws:xray/group:Group",
        "aws:guardduty/detector:Detector", "aws:cfg/recorder:Recorder", "aws:securityhub/account:Account",
        "aws:accessanalyzer/analyzer:Analyzer", "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/queryDefinition:QueryDefinition",
    } <= recorded.types  # fmt: skip
    assert outputs["grafana_role_arn"].endswith(":role/clinic-staging-grafana")
    assert outputs["dashboard_names"] == {
        "overview": "clinic-staging-overview", "infrastructure": "clinic-staging-infrastructure",
    }  # fmt: skip
    delivery = recorded.one("aws:cfg/deliveryChannel:DeliveryChannel").inputs
    assert (delivery["s3BucketName"], delivery["s3KmsKeyArn"]) == (
        "clinic-config-staging",
        outputs["kms_key_arns"]["trail"],
    )
    encryption = recorded.one("aws:xray/encryptionConfig:EncryptionConfig").inputs
    assert encryption["keyId"] == outputs["kms_key_arns"]["logs"]


def changed(stack: str, **sections: Any) -> Settings:
    """The settings of a stack file with some sections replaced."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return load.load({**config, **{f"phi-platform:{name}": value for name, value in sections.items()}})


def recorded_section(stack: str, section: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"][f"phi-platform:{section}"]


@pytest.mark.requirement("LWO-CMP-09", "LWO-OBS-11")
def test_the_collector_beside_a_traced_service_comes_from_the_stacks_own_registry(recorded: Recorder) -> None:
    compute = recorded_section("production", "compute")
    compute["services"]["api"]["tracing"] = True
    outputs = recorded.run(lambda: build(changed("production", compute=compute)))
    _, collector = json.loads(recorded.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"])
    host = f"{ACCOUNT_ID}.dkr.ecr.ca-central-1.amazonaws.com"
    assert collector["image"] == f"{host}/clinic-production-collector:v0.45.1"
    assert set(outputs["repository_urls"]) == {"api", "collector"}
    pull = recorded.one("aws:iam/rolePolicy:RolePolicy", "roles-execution").inputs["policy"]
    assert "repository/clinic-production-collector" in pull


@pytest.mark.requirement("FAC-TAG-02", "FAC-N01", "FAC-STO-01", "FAC-STO-02", "FAC-STO-03", "FAC-OPS-04")
def test_facnet_has_the_recorded_names() -> None:
    outputs = built("facnet").outputs
    assert outputs["bucket_names"] == {
        purpose: f"facnet-validator-{purpose}-prod-{ACCOUNT_ID}" for purpose in ("uploads", "backups", "deployments")
    }
    assert (outputs["codedeploy_application"], outputs["codedeploy_group"]) == ("facnet-validator", "production")
    assert outputs["codedeploy_bucket"] == outputs["bucket_names"]["deployments"]
    assert outputs["autoscaling_group_name"] == "facnet-validator-fleet-prod"
    assert outputs["metrics_namespace"] == "Facnet/Validation"


@pytest.mark.requirement("FAC-CMP-01", "FAC-CMP-04", "FAC-CMP-10", "FAC-N05", "FAC-NET-06", "FAC-NET-08", "FAC-NET-13")
def test_facnet_runs_on_instances_behind_the_load_balancer_and_has_no_bastion() -> None:
    recorded = built("facnet").recorder
    assert (
        recorded.count("aws:autoscaling/group:Group") == recorded.count("aws:codedeploy/application:Application") == 1
    )
    (targets,) = recorded.of("aws:lb/targetGroup:TargetGroup")
    assert (targets[1]["targetType"], targets[1]["port"]) == ("instance", 5000)
    assert targets[1]["healthCheck"]["path"] == "/api/health"
    assert recorded.count("aws:ec2/natGateway:NatGateway") == 2
    assert (
        not {
            "aws:ec2/instance:Instance", "aws:ec2/keyPair:KeyPair", "aws:ecs/cluster:Cluster",
            "aws:ecs/service:Service", "aws:ecr/repository:Repository", "aws:iam/user:User",
        }
        & recorded.types
    )  # fmt: skip
    assert not any(entry.name.startswith("roles-") for entry in recorded.all("aws:iam/role:Role"))  # no tasks


@pytest.mark.requirement("FAC-NET-02", "FAC-NET-03", "FAC-NET-04", "FAC-N25", "FAC-NET-01")
def test_facnet_keeps_its_data_in_subnets_of_their_own() -> None:
    recorded = built("facnet").recorder
    assert recorded.one("aws:ec2/vpc:Vpc").inputs["cidrBlock"] == "10.0.0.0/16"
    subnets = [inputs for _, inputs in recorded.of("aws:ec2/subnet:Subnet")]
    assert {inputs["availabilityZone"] for inputs in subnets} == {"ca-central-1a", "ca-central-1b"}
    assert all(inputs["cidrBlock"].endswith("/24") for inputs in subnets)
    group = recorded.one("aws:autoscaling/group:Group")
    data = recorded.one("aws:rds/subnetGroup:SubnetGroup")
    assert not group.property_dependencies["vpcZoneIdentifiers"] & data.property_dependencies["subnetIds"]


@pytest.mark.requirement(
    "FAC-DB-01", "FAC-DB-02", "FAC-DB-03", "FAC-DB-04", "FAC-DB-06", "FAC-DB-10", "FAC-N14", "FAC-N21"
)
def test_facnet_has_the_recorded_database() -> None:
    database = built("facnet").recorder.one("aws:rds/instance:Instance").inputs
    assert database["engineVersion"].startswith("16.")
    assert (database["engine"], database["instanceClass"], database["multiAz"]) == ("postgres", "db.t3.medium", True)
    assert (database["allocatedStorage"], database["storageType"], database["backupRetentionPeriod"]) == (100, "gp3", 7)
    assert (database["dbName"], database["username"], database["port"]) == ("dashvalidator", "dashval_admin", 5432)
    assert len(database["username"]) <= 16
    assert (database["maintenanceWindow"], database["backupWindow"]) == ("sun:04:00-sun:05:00", "06:00-07:00")


@pytest.mark.requirement("FAC-CCH-01", "FAC-CCH-02", "FAC-N27", "FAC-N28")
def test_facnet_has_the_recorded_cache() -> None:
    cache = built("facnet").recorder.one("aws:elasticache/replicationGroup:ReplicationGroup").inputs
    assert (cache["nodeType"], cache["numCacheClusters"], cache["port"]) == ("cache.t3.medium", 2, 6379)
    assert (cache["automaticFailoverEnabled"], cache["multiAzEnabled"]) == (True, True)
    assert "numNodeGroups" not in cache


@pytest.mark.requirement("FAC-DB-08", "FAC-IAM-02", "FAC-IAM-17")
def test_facnets_application_cannot_read_the_administrators_password() -> None:
    stack = built("facnet")
    policy = stack.recorder.one("aws:iam/rolePolicy:RolePolicy", "fleet-instance-policy").inputs["policy"]
    read = "secretsmanager:GetSecretValue"
    assert decide(policy, read, stack.outputs["redis_credentials_secret_arn"]) == "allowed"
    assert decide(policy, read, stack.outputs["db_credentials_secret_arn"]) == "not allowed"


@pytest.mark.requirement(
    "FAC-IAM-02", "FAC-IAM-07", "FAC-IAM-08", "FAC-IAM-09", "FAC-IAM-10", "FAC-IAM-11", "FAC-IAM-12", "FAC-N29"
)
def test_facnets_application_has_exactly_the_five_recorded_secrets() -> None:
    recorded = built("facnet").recorder
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", "fleet-instance-policy").inputs["policy"]
    (resources,) = (s["Resource"] for s in json.loads(policy)["Statement"] if s["Sid"] == "ReadSecrets")
    names = {
        "facnet/database/rds", "facnet/redis/elasticache", "facnet/auth0/credentials", "facnet/phi/redaction-salt",
        "facnet/s3/bucket-name",
    }  # fmt: skip
    prefix = f"arn:aws:secretsmanager:ca-central-1:{ACCOUNT_ID}:secret:"
    assert set(resources) == {f"{prefix}{name}-??????" for name in names}
    secrets = {inputs["name"] for _, inputs in recorded.of("aws:secretsmanager/secret:Secret")}
    assert secrets == names | {"facnet-validator-database-admin-prod"}


@pytest.mark.requirement("FAC-OBS-02", "FAC-OBS-05", "FAC-OBS-06", "FAC-OBS-07", "FAC-OBS-08", "FAC-OBS-13", "FAC-N30")
def test_facnet_is_watched_as_recorded() -> None:
    stack = built("facnet")
    alarms = {inputs["name"]: inputs for _, inputs in stack.recorder.of(ALARM)}
    cpu = alarms["facnet-validator-fleet-cpu-prod"]
    assert (cpu["dimensions"], cpu["threshold"]) == ({"AutoScalingGroupName": "facnet-validator-fleet-prod"}, 80)
    queue = alarms["facnet-validator-validation-queue-prod"]
    assert (queue["namespace"], queue["metricName"], queue["threshold"]) == ("Facnet/Validation", "QueueLength", 100)
    assert "facnet-validator-load-balancer-errors-prod" in alarms
    assert stack.outputs["dashboard_names"].keys() == {"application", "database", "infrastructure"}
    assert stack.recorder.one("aws:budgets/budget:Budget").inputs["limitAmount"] == "700"
    bodies = "".join(inputs["dashboardBody"] for _, inputs in stack.recorder.of("aws:cloudwatch/dashboard:Dashboard"))
    assert "mem_used_percent" in bodies
    assert "CWAgent" not in bodies  # the agent may write to the application's namespace only


@pytest.mark.requirement("FAC-EDG-09", "FAC-N10")
def test_the_addresses_of_sign_in_are_outputs_and_the_load_balancers_own_only_outside_production(
    recorded: Recorder,
) -> None:
    outputs = built("facnet").outputs
    assert outputs["sign_in_callback_urls"] == ["https://validator.example.org/callback"]
    assert outputs["sign_in_logout_urls"] == ["https://validator.example.org/"]
    assert outputs["sign_in_web_origins"] == ["https://validator.example.org"]
    tried = recorded.run(lambda: build(changed("facnet", environment="staging", protect=False)))
    name = tried["load_balancer_dns_name"]
    assert tried["sign_in_callback_urls"] == ["https://validator.example.org/callback", f"https://{name}/callback"]
    assert tried["sign_in_web_origins"] == ["https://validator.example.org", f"https://{name}"]


@pytest.mark.requirement("FAC-NET-13", "FAC-NET-18", "FAC-CMP-11", "FAC-N05", "BER-NET-12")
def test_one_section_adds_the_bastion_with_its_rules_and_key(recorded: Recorder) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0JzHn0fB0h1kU7YxqF6ZrO1lq3mYbQkq0o1qCF3c6H administrators"
    ssh = {"key_name": "facnet-validator-prod", "public_key": key}
    outputs = recorded.run(lambda: build(changed("facnet", bastion={"ssh": ssh})))
    instance = recorded.one("aws:ec2/instance:Instance")
    assert outputs["bastion_instance_id"]
    assert instance.property_dependencies["subnetId"] <= {
        urn for entry in recorded.all("aws:ec2/subnet:Subnet") if "application" in entry.name for urn in [entry.urn]
    }
    assert recorded.calls.count(("aws:ssm/getParameter:getParameter", {
        "name": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"})) == 1  # fmt: skip
    assert recorded.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["keyName"] == "facnet-validator-prod"
    ways_in = [inputs for _, inputs in recorded.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    assert len([rule for rule in ways_in if rule["toPort"] == 22]) == 1
    assert all("cidrIpv4" not in rule for rule in ways_in if rule["toPort"] == 22)


@pytest.mark.requirement("FAC-NET-22", "FAC-CMP-14", "FAC-N18")
def test_a_model_of_ones_own_is_reached_on_its_port_alone(recorded: Recorder) -> None:
    model = {"service": "endpoint", "url": "https://model.example.org:11434", "address": "198.51.100.7"}
    compute = recorded_section("facnet", "compute")
    fleet = {**compute["fleet"], "model": model}
    recorded.run(lambda: build(changed("facnet", compute={"fleet": fleet})))
    ways_out = [inputs for _, inputs in recorded.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")]
    (rule,) = [rule for rule in ways_out if rule["toPort"] == 11434]
    assert rule["cidrIpv4"] == "198.51.100.7/32"
    acl = recorded.one("aws:ec2/networkAcl:NetworkAcl", "network-application-acl").inputs
    assert [entry["toPort"] for entry in acl["egress"] if entry["cidrBlock"] == "0.0.0.0/0"] == [443, 11434]
    assert not [
        inputs
        for _, inputs in built("facnet").recorder.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
        if inputs["toPort"] == 11434
    ]


@pytest.mark.requirement("FAC-OPS-07")
def test_a_rollback_alarm_that_does_not_exist_is_one_clear_line(recorded: Recorder) -> None:
    compute = recorded_section("facnet", "compute")
    fleet = {**compute["fleet"], "release": {"rollback_alarms": ["nothing"]}}
    with pytest.raises(pulumi.RunError, match=r"release.rollback_alarms: expected parts of alarms .* found nothing"):
        recorded.run(lambda: build(changed("facnet", compute={"fleet": fleet})))


@pytest.mark.requirement("FAC-OPS-07")
def test_facnets_releases_are_rolled_back_by_an_alarm_that_exists() -> None:
    stack = built("facnet")
    group = stack.recorder.one("aws:codedeploy/deploymentGroup:DeploymentGroup").inputs
    assert group["alarmConfiguration"]["alarms"] == ["facnet-validator-load-balancer-errors-prod"]
    assert set(group["alarmConfiguration"]["alarms"]) <= set(stack.outputs["alarm_names"])


@pytest.mark.requirement("FAC-CMP-09", "ALL-19")
def test_the_key_of_the_disks_waits_for_the_role_it_names() -> None:
    recorded = built("facnet").recorder
    role = recorded.one("aws:iam/serviceLinkedRole:ServiceLinkedRole")
    key = recorded.one("aws:kms/key:Key", "keys-data")
    assert f"AWSServiceRoleForAutoScaling_{role.inputs['customSuffix']}" in key.inputs["policy"]
    assert role.urn in recorded.one("phi-platform:keys:Keys").dependencies  # its children wait with it


@pytest.mark.requirement("BER-CMP-01", "FAC-CMP-01")
def test_services_and_a_fleet_can_stand_side_by_side(recorded: Recorder) -> None:
    service = {"image": "1.0.0", "port": 8080, "paths": ["/reports/*"], "priority": 10}
    compute = {**recorded_section("facnet", "compute"), "services": {"reports": service}}
    outputs = recorded.run(lambda: build(changed("facnet", compute=compute)))
    assert {inputs["targetType"] for _, inputs in recorded.of("aws:lb/targetGroup:TargetGroup")} == {"ip", "instance"}
    assert outputs["service_names"].keys() == {"reports"}
    ports = {
        inputs["toPort"]
        for name, inputs in recorded.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
        if "load-balancer-to" in name
    }
    assert ports == {5000, 8080}


@pytest.mark.requirement(
    "OMN-NET-01", "OMN-NET-02", "OMN-NET-03", "OMN-NET-04", "OMN-NET-05", "OMN-NET-06", "OMN-NET-08", "OMN-N03",
)  # fmt: skip
def test_omnirapeutic_has_the_recorded_network() -> None:
    recorder = built("omnirapeutic").recorder
    blocks = sorted(entry["cidrBlock"] for _, entry in recorder.of("aws:ec2/subnet:Subnet"))
    assert blocks == sorted(f"10.0.{tens}{zone}.0/24" for tens in ("", "1", "2") for zone in (1, 2, 3))
    assert recorder.one("aws:ec2/vpc:Vpc").inputs["cidrBlock"] == "10.0.0.0/16"
    gateways = {entry.urn: entry.name[-1] for entry in recorder.all("aws:ec2/natGateway:NatGateway")}
    assert sorted(gateways.values()) == ["a", "b"]
    routes = {e.name: e for e in recorder.all("aws:ec2/route:Route") if "natGatewayId" in e.inputs}
    third = routes["network-application-us-east-1c-to-internet"]
    assert [gateways[urn] for urn in third.property_dependencies["natGatewayId"]] == ["a"]
    assert not any("-data-" in name for name in routes)


@pytest.mark.requirement("OMN-IAM-10", "OMN-OPS-02", "OMN-N10", "FAC-N06")
def test_omnirapeutic_deploys_from_main_behind_its_protected_environment() -> None:
    built_ = built("omnirapeutic")
    trust = json.loads(built_.recorder.one("aws:iam/role:Role", "deploy-deploy").inputs["assumeRolePolicy"])
    claims = trust["Statement"][0]["Condition"]["StringEquals"]
    assert claims["token.actions.githubusercontent.com:ref"] == "refs/heads/main"
    assert claims["token.actions.githubusercontent.com:sub"].endswith(":environment:production")
    assert built_.outputs["deploy_role_arn"] != built_.outputs["preview_role_arn"]
    assert not built_.recorder.types & {"aws:iam/user:User", "aws:iam/accessKey:AccessKey"}


@pytest.mark.requirement("OMN-N12", "OMN-DR-01")
def test_omnirapeutic_copies_its_cluster_often_enough_for_the_loss_of_the_region() -> None:
    recorder = built("omnirapeutic").recorder
    (rule,) = recorder.one("aws:backup/plan:Plan", "backups-plan").inputs["rules"]
    assert rule["schedule"] == "cron(0 5,17 * * ? *)"  # a cluster's own backups stay in their region
    assert rule["lifecycle"]["deleteAfter"] >= 35
    tests = [
        entry["protectedResourceType"]
        for _, entry in recorder.of("aws:backup/restoreTestingSelection:RestoreTestingSelection")
    ]
    assert tests == ["Aurora"]


@pytest.mark.requirement(
    "MSP-STO-02", "MSP-STO-05", "MSP-STO-06", "MSP-STO-07", "MSP-STO-08", "MSP-EDG-01", "MSP-EDG-02", "MSP-EDG-04",
    "MSP-EDG-05", "MSP-N08", "MSP-N09", "MSP-N21",
)  # fmt: skip
def test_mentalspace_serves_its_recordings_as_recorded() -> None:
    recorder = built("mentalspace").recorder
    videos = f"mentalspace-ehr-videos-{ACCOUNT_ID}"
    distribution = recorder.one("aws:cloudfront/distribution:Distribution").inputs
    assert [origin["originId"] for origin in distribution["origins"]] == ["videos"]
    assert distribution["priceClass"] == "PriceClass_100"
    assert distribution["defaultCacheBehavior"]["cachePolicyId"] == CACHING_OPTIMIZED
    assert distribution["defaultCacheBehavior"]["trustedKeyGroups"]
    assert distribution["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"
    versioned = {entry["bucket"] for _, entry in recorder.of("aws:s3/bucketVersioning:BucketVersioning")}
    assert videos not in versioned
    assert f"mentalspace-ehr-files-{ACCOUNT_ID}" in versioned
    (rule,) = recorder.one(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "storage-videos-lifecycle"
    ).inputs["rules"]
    assert rule["transitions"] == [{"storageClass": "GLACIER_IR", "days": 90}]
    assert rule["expiration"] == {"days": 365}
    left_out = {arn for _, entry in recorder.of("aws:backup/selection:Selection") for arn in entry["notResources"]}
    assert left_out == {f"arn:aws:s3:::{videos}"}


@pytest.mark.requirement("MSP-OUT-08")
def test_mentalspace_tells_its_frontend_the_cdns_own_name() -> None:
    told = built("mentalspace").outputs["frontend_environment"]
    assert told["VITE_VIDEO_CDN"] == "https://videos.mentalspace.example.org"


@pytest.mark.requirement(
    "FAC-NET-01", "FAC-NET-02", "FAC-NET-03", "FAC-NET-04", "FAC-NET-05", "FAC-NET-06", "FAC-NET-07", "FAC-N25",
)  # fmt: skip
def test_facnet_has_the_recorded_network() -> None:
    recorder = built("facnet").recorder
    tiers: dict[str, int] = {}
    for _, entry in recorder.of("aws:ec2/subnet:Subnet"):
        tiers[entry["tags"]["Tier"]] = tiers.get(entry["tags"]["Tier"], 0) + 1
        assert entry["cidrBlock"].endswith("/24")
    assert tiers == {"public": 2, "application": 2, "data": 2, "cache": 2}
    assert recorder.count("aws:ec2/natGateway:NatGateway") == 2
    groups = {
        kind: recorder.one(kind).property_dependencies["subnetIds"]
        for kind in ("aws:rds/subnetGroup:SubnetGroup", "aws:elasticache/subnetGroup:SubnetGroup")
    }
    names = {entry.urn: entry.name for entry in recorder.all("aws:ec2/subnet:Subnet")}
    placed = {kind: {names[urn].rsplit("-ca-", 1)[0] for urn in urns} for kind, urns in groups.items()}
    assert list(placed.values()) == [{"network-data"}, {"network-cache"}]


@pytest.mark.requirement("FAC-N06", "FAC-IAM-05", "FAC-OPS-02", "FAC-STO-03")
def test_facnet_releases_from_main_without_a_user_or_a_key() -> None:
    recorder = built("facnet").recorder
    trust = json.loads(recorder.one("aws:iam/role:Role", "deploy-deploy").inputs["assumeRolePolicy"])
    claims = trust["Statement"][0]["Condition"]["StringEquals"]
    subject = claims["token.actions.githubusercontent.com:sub"]
    assert subject == "repo:facnet-example/facnet-validator:ref:refs/heads/main"
    assert not recorder.types & {"aws:iam/user:User", "aws:iam/accessKey:AccessKey"}
    base = recorder.one("aws:iam/policy:Policy", "deploy-deploy-base").inputs["policy"]
    archive = f"arn:aws:s3:::facnet-validator-deployments-prod-{ACCOUNT_ID}/deployment-1.zip"
    assert decide(base, "s3:PutObject", archive) == "allowed"
    instances = recorder.one("aws:iam/policy:Policy", "deploy-deploy-instances").inputs["policy"]
    group = f"arn:aws:codedeploy:ca-central-1:{ACCOUNT_ID}:deploymentgroup:facnet-validator/production"
    assert decide(instances, "codedeploy:CreateDeployment", group) == "allowed"


@pytest.mark.requirement("FAC-DR-01", "FAC-DR-05", "FAC-DR-06", "FAC-N17", "FAC-STO-06")
def test_facnet_keeps_its_recovery_objectives() -> None:
    recorder = built("facnet").recorder
    assert recorder.count("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication") == 1
    plan = recorder.one("aws:backup/restoreTestingPlan:RestoreTestingPlan").inputs
    assert plan["scheduleExpression"] == "cron(0 12 1 1,4,7,10 ? *)"
    kinds = {
        entry["protectedResourceType"]
        for _, entry in recorder.of("aws:backup/restoreTestingSelection:RestoreTestingSelection")
    }
    assert kinds == {"RDS", "S3"}
    (continuous,) = recorder.one("aws:backup/plan:Plan", "backups-continuous").inputs["rules"]
    assert continuous["enableContinuousBackup"] is True
    (rule,) = recorder.one(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "storage-backups-lifecycle"
    ).inputs["rules"]
    assert rule["transitions"] == [{"storageClass": "INTELLIGENT_TIERING", "days": 90}]
