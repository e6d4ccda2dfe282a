"""The fleet: private encrypted instances, patched by replacement, that do what the application needs and no more."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from components.fleet import Fleet, FleetArgs, ScalingRole, ScalingRoleArgs
from components.scope import Scope
from settings.fleet import FleetSettings
from settings.naming import NamingSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN
from tests.unit.components.test_identity import decide
from tests.unit.conftest import Recorder

GROUP, TEMPLATE = "aws:autoscaling/group:Group", "aws:ec2/launchTemplate:LaunchTemplate"
POLICY, ALARM = "aws:autoscaling/policy:Policy", "aws:cloudwatch/metricAlarm:MetricAlarm"
SCOPE = Scope(
    system="facnet-validator",
    environment="production",
    region="ca-central-1",
    account_id=ACCOUNT_ID,
    protect=True,
    tags={"Project": "facnet-validator", "Environment": "production"},
    naming=NamingSettings(
        environment="prod",
        resource="{system}-{part}-{environment}",
        bucket="{system}-{part}-{environment}-{account}",
        secret="facnet/{part}",
    ),
)
NAME = "facnet-validator-fleet-prod"
BUCKETS = {purpose: SCOPE.bucket(purpose) for purpose in ("uploads", "backups", "deployments", "other")}
ACCESS = {"uploads": "keep", "backups": "deposit"}
SCALING_ROLE = (
    f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_{NAME}"
)
BALANCER, TARGETS = "app/facnet/1", "targetgroup/facnet/2"


def args(settings: dict[str, Any] | None = None, **more: Any) -> FleetArgs:
    values: dict[str, Any] = {
        "scope": SCOPE,
        "settings": FleetSettings.model_validate({"buckets": ACCESS, **(settings or {})}),
        "subnet_ids": {"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        "security_group_id": "sg-1",
        "target_group_arn": "arn:tg",
        "load_balancer_arn_suffix": BALANCER,
        "target_group_arn_suffix": TARGETS,
        "scaling_role_arn": SCALING_ROLE,
        "volumes_kms_key_arn": KEY_ARN,
        "logs_kms_key_arn": KEY_ARN,
        "bucket_names": BUCKETS,
        "secret_names": [SCOPE.secret("*")],
    }
    return FleetArgs(**{**values, **more})


def build(recorded: Recorder, settings: dict[str, Any] | None = None, **more: Any) -> Fleet:
    return recorded.run(lambda: Fleet("fleet", args(settings, **more)))


def permissions(recorded: Recorder) -> str:
    return recorded.one("aws:iam/rolePolicy:RolePolicy", "fleet-instance-policy").inputs["policy"]


def user_data(recorded: Recorder) -> str:
    return base64.b64decode(recorded.one(TEMPLATE).inputs["userData"]).decode()


def cloud_config(recorded: Recorder) -> dict[str, Any]:
    first, _, rest = user_data(recorded).partition("\n")
    assert first == "#cloud-config"
    return json.loads(rest)


def written(recorded: Recorder) -> dict[str, str]:
    """Files of the instance, path → content."""
    return {file["path"]: file["content"] for file in cloud_config(recorded)["write_files"]}


def object_arn(purpose: str) -> str:
    return f"arn:aws:s3:::{BUCKETS[purpose]}/records.csv"


@pytest.mark.requirement("FAC-CMP-01", "FAC-CMP-04", "FAC-NET-03", "FAC-NET-08")
def test_two_to_six_instances_run_in_the_private_subnets_behind_the_load_balancer(recorded: Recorder) -> None:
    fleet = build(recorded)
    group = recorded.one(GROUP).inputs
    assert (group["minSize"], group["desiredCapacity"], group["maxSize"]) == (2, 2, 6)
    assert group["vpcZoneIdentifiers"] == ["subnet-a", "subnet-b"]
    assert group["targetGroupArns"] == ["arn:tg"]
    assert group["name"] == fleet.group_name == NAME
    assert group["serviceLinkedRoleArn"] == SCALING_ROLE


@pytest.mark.requirement("FAC-N09")
def test_only_ec2_decides_that_an_instance_is_replaced(recorded: Recorder) -> None:
    build(recorded)
    group = recorded.one(GROUP).inputs
    assert (group["healthCheckType"], group["healthCheckGracePeriod"]) == ("EC2", 300)


@pytest.mark.requirement("FAC-CMP-02", "FAC-CMP-03", "FAC-CMP-15")
def test_every_new_instance_starts_from_the_newest_ubuntu(recorded: Recorder) -> None:
    build(recorded)
    template = recorded.one(TEMPLATE)
    assert template.inputs["instanceType"] == "t3.medium"
    assert template.inputs["imageId"] == (
        "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    )
    assert recorded.one(GROUP).property_dependencies["launchTemplate"] == {template.urn}


@pytest.mark.requirement("FAC-CMP-09", "FAC-IAM-06")
def test_disks_are_encrypted_with_the_customer_key_and_go_with_their_instance(recorded: Recorder) -> None:
    build(recorded)
    (device,) = recorded.one(TEMPLATE).inputs["blockDeviceMappings"]
    assert device == {
        "deviceName": "/dev/sda1",
        "ebs": {
            "volumeType": "gp3",
            "volumeSize": 30,
            "encrypted": "true",
            "kmsKeyId": KEY_ARN,
            "deleteOnTermination": "true",
        },
    }


@pytest.mark.requirement("FAC-CMP-10", "FAC-N05", "FAC-NET-08")
def test_an_instance_has_no_key_no_address_and_no_old_metadata_service(recorded: Recorder) -> None:
    build(recorded)
    template = recorded.one(TEMPLATE).inputs
    assert "keyName" not in template
    (interface,) = template["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"
    assert interface["securityGroups"] == ["sg-1"]
    metadata = template["metadataOptions"]
    assert (metadata["httpTokens"], metadata["httpPutResponseHopLimit"]) == ("required", 1)
    assert template["monitoring"] == {"enabled": True}


@pytest.mark.requirement("FAC-CMP-11")
def test_the_recorded_key_pair_can_be_switched_on(recorded: Recorder) -> None:
    build(recorded, key_name="facnet-validator-prod")
    assert recorded.one(TEMPLATE).inputs["keyName"] == "facnet-validator-prod"


@pytest.mark.requirement("FAC-TAG-01", "ALL-11")
def test_instances_disks_and_the_group_carry_the_tags(recorded: Recorder) -> None:
    build(recorded)
    expected = {"Project": "facnet-validator", "Environment": "production", "DataClass": "phi", "Name": NAME}
    tags = recorded.one(GROUP).inputs["tags"]
    assert {tag["key"]: tag["value"] for tag in tags} == expected
    assert all(tag["propagateAtLaunch"] for tag in tags)
    specifications = recorded.one(TEMPLATE).inputs["tagSpecifications"]
    assert {item["resourceType"]: item["tags"] for item in specifications} == dict.fromkeys(
        ("instance", "volume", "network-interface"), expected
    )


def scaling(recorded: Recorder, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Policy and alarm of one reason."""
    policy, alarm = recorded.one(POLICY, f"fleet-{name}"), recorded.one(ALARM, f"fleet-{name}-alarm")
    assert alarm.property_dependencies["alarmActions"] == {policy.urn}
    assert alarm.inputs["actionsEnabled"] is True
    return policy.inputs, alarm.inputs


@pytest.mark.requirement("FAC-CMP-05", "FAC-CMP-07")
@pytest.mark.parametrize(
    ("name", "comparison", "threshold", "minutes", "instances", "cooldown"),
    [
        ("cpu-high", "GreaterThanThreshold", 70, 5, 1, 300),
        ("cpu-low", "LessThanThreshold", 30, 10, -1, 600),
    ],
)
def test_the_number_of_instances_follows_the_groups_cpu(
    recorded: Recorder, name: str, comparison: str, threshold: int, minutes: int, instances: int, cooldown: int
) -> None:
    build(recorded)
    policy, alarm = scaling(recorded, name)
    assert (policy["policyType"], policy["adjustmentType"]) == ("SimpleScaling", "ChangeInCapacity")
    assert (policy["scalingAdjustment"], policy["cooldown"]) == (instances, cooldown)
    assert (alarm["namespace"], alarm["metricName"], alarm["statistic"]) == ("AWS/EC2", "CPUUtilization", "Average")
    assert alarm["dimensions"] == {"AutoScalingGroupName": NAME}
    assert (alarm["comparisonOperator"], alarm["threshold"]) == (comparison, threshold)
    assert (alarm["period"], alarm["evaluationPeriods"]) == (60, minutes)


@pytest.mark.requirement("FAC-CMP-06")
def test_more_than_a_thousand_requests_a_minute_and_instance_add_one(recorded: Recorder) -> None:
    build(recorded)
    policy, alarm = scaling(recorded, "requests")
    assert (policy["scalingAdjustment"], policy["cooldown"]) == (1, 300)
    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/ApplicationELB", "RequestCountPerTarget")
    assert alarm["dimensions"] == {"LoadBalancer": BALANCER, "TargetGroup": TARGETS}
    assert (alarm["statistic"], alarm["comparisonOperator"], alarm["threshold"]) == (
        "Sum",
        "GreaterThanThreshold",
        1000,
    )
    assert (alarm["period"], alarm["evaluationPeriods"]) == (60, 1)


def test_requests_can_be_no_measure(recorded: Recorder) -> None:
    build(recorded, {"scaling": {"requests_per_target": None}})
    assert recorded.count(POLICY) == recorded.count(ALARM) == 2


@pytest.mark.requirement("FAC-CMP-15", "FAC-OPS-07")
def test_once_a_month_every_instance_is_replaced_and_none_is_missed_meanwhile(recorded: Recorder) -> None:
    build(recorded, {"refresh": {"day": 15, "hour": 7}})
    schedule = recorded.one("aws:scheduler/schedule:Schedule").inputs
    assert (schedule["scheduleExpression"], schedule["scheduleExpressionTimezone"]) == ("cron(0 7 15 * ? *)", "UTC")
    assert (schedule["state"], schedule["flexibleTimeWindow"]) == ("ENABLED", {"mode": "OFF"})
    assert schedule["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:autoscaling:startInstanceRefresh"
    asked = json.loads(schedule["target"]["input"])
    assert (asked["AutoScalingGroupName"], asked["Strategy"]) == (NAME, "Rolling")
    assert asked["Preferences"]["MinHealthyPercentage"] == 100
    assert asked["Preferences"]["SkipMatching"] is False  # else the newest image would be no reason
    refresh = recorded.one(GROUP).inputs["instanceRefresh"]
    assert refresh["strategy"] == "Rolling"
    assert refresh["preferences"]["minHealthyPercentage"] == 100


@pytest.mark.requirement("FAC-CMP-15", "FAC-IAM-17")
def test_the_schedule_may_replace_this_fleet_and_nothing_else(recorded: Recorder) -> None:
    build(recorded)
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", "fleet-refresh-policy").inputs["policy"]
    group = f"arn:aws:autoscaling:ca-central-1:{ACCOUNT_ID}:autoScalingGroup:1:autoScalingGroupName/"
    assert decide(policy, "autoscaling:StartInstanceRefresh", group + NAME) == "allowed"
    assert decide(policy, "autoscaling:StartInstanceRefresh", group + "another") == "not allowed"
    assert decide(policy, "autoscaling:DeleteAutoScalingGroup", group + NAME) == "not allowed"


@pytest.mark.requirement("FAC-IAM-01", "FAC-N01", "FAC-N08")
@pytest.mark.parametrize(
    ("purpose", "allowed"),
    [
        ("uploads", {"GetObject", "PutObject", "DeleteObject"}),
        ("backups", {"PutObject"}),
        ("deployments", {"GetObject"}),
        ("other", set[str]()),
    ],
)
def test_the_application_does_in_each_bucket_what_it_needs_there(
    recorded: Recorder, purpose: str, allowed: set[str]
) -> None:
    build(recorded)
    document = permissions(recorded)
    for action in ("GetObject", "PutObject", "DeleteObject"):
        expected = "allowed" if action in allowed else "not allowed"
        assert decide(document, f"s3:{action}", object_arn(purpose)) == expected, action
    listed = decide(document, "s3:ListBucket", f"arn:aws:s3:::{BUCKETS[purpose]}")
    assert listed == ("allowed" if purpose in ("uploads", "deployments") else "not allowed")


@pytest.mark.requirement("FAC-N02", "FAC-STO-03")
def test_release_archives_are_readable_even_when_no_bucket_is_named(recorded: Recorder) -> None:
    build(recorded, {"buckets": {}})
    assert decide(permissions(recorded), "s3:GetObject", object_arn("deployments")) == "allowed"
    assert decide(permissions(recorded), "s3:GetObject", object_arn("uploads")) == "not allowed"


@pytest.mark.requirement("FAC-IAM-02", "FAC-IAM-17", "FAC-N08")
def test_the_application_reads_the_secrets_under_its_prefix_only(recorded: Recorder) -> None:
    build(recorded)
    document = permissions(recorded)
    arn = f"arn:aws:secretsmanager:{{}}:{ACCOUNT_ID}:secret:{{}}-AbCdEf"
    read = "secretsmanager:GetSecretValue"
    for secret in ("database/rds", "redis/elasticache", "auth0/credentials", "phi/redaction-salt", "s3/bucket-name"):
        assert decide(document, read, arn.format("ca-central-1", f"facnet/{secret}")) == "allowed"
    assert decide(document, read, arn.format("ca-central-1", "another/database")) == "not allowed"
    assert decide(document, read, arn.format("us-east-1", "facnet/database/rds")) == "not allowed"
    assert decide(document, "secretsmanager:PutSecretValue", arn.format("ca-central-1", "facnet/a")) == "not allowed"


@pytest.mark.requirement("FAC-N08", "ALL-19")
def test_keys_are_used_through_the_service_that_keeps_the_data(recorded: Recorder) -> None:
    build(recorded)
    document = permissions(recorded)
    own = {"kms__ResourceAliases": ["alias/facnet-validator-data-prod"]}
    through = {service: {"kms__ViaService": f"{service}.ca-central-1.amazonaws.com", **own}
               for service in ("s3", "secretsmanager", "rds")}  # fmt: skip
    assert decide(document, "kms:Decrypt", KEY_ARN, **through["s3"]) == "allowed"
    assert decide(document, "kms:GenerateDataKey", KEY_ARN, **through["s3"]) == "allowed"
    assert decide(document, "kms:Decrypt", KEY_ARN, **through["secretsmanager"]) == "allowed"
    assert decide(document, "kms:GenerateDataKey", KEY_ARN, **through["secretsmanager"]) == "not allowed"
    assert decide(document, "kms:Decrypt", KEY_ARN, **through["rds"]) == "not allowed"
    foreign = {**through["s3"], "kms__ResourceAliases": ["alias/another"]}
    assert decide(document, "kms:Decrypt", KEY_ARN, **foreign) == "not allowed"


@pytest.mark.requirement("FAC-IAM-03", "FAC-N08", "FAC-N30", "FAC-OBS-12")
def test_logs_and_metrics_go_to_the_applications_own_places(recorded: Recorder) -> None:
    fleet = build(recorded, {"metrics": {"namespace": "Facnet/Validation"}})
    document = permissions(recorded)
    assert fleet.namespace == "Facnet/Validation"
    put = "cloudwatch:PutMetricData"
    assert decide(document, put, cloudwatch__namespace="Facnet/Validation") == "allowed"
    assert decide(document, put, cloudwatch__namespace="AWS/EC2") == "not allowed"
    logs = f"arn:aws:logs:ca-central-1:{ACCOUNT_ID}:log-group:"
    for action in ("CreateLogStream", "PutLogEvents"):
        assert decide(document, f"logs:{action}", f"{logs}{fleet.log_group_name}:log-stream:i-1/app") == "allowed"
        assert decide(document, f"logs:{action}", f"{logs}/another:log-stream:x") == "not allowed"
    assert decide(document, "logs:CreateLogGroup", f"{logs}{fleet.log_group_name}") == "not allowed"
    group = recorded.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == fleet.log_group_name == "/facnet-validator/production/fleet"
    assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (365, KEY_ARN)
    assert group.urn in recorded.one(TEMPLATE).dependencies  # it exists before an instance writes to it


@pytest.mark.requirement("FAC-N05", "FAC-CMP-10")
def test_instances_are_managed_by_systems_manager_and_read_none_of_its_parameters(recorded: Recorder) -> None:
    build(recorded)
    document = permissions(recorded)
    for action in ("ssm:UpdateInstanceInformation", "ssmmessages:OpenDataChannel", "ssmmessages:CreateControlChannel"):
        assert decide(document, action) == "allowed"
    assert decide(document, "ssm:GetParameter", f"arn:aws:ssm:ca-central-1:{ACCOUNT_ID}:parameter/x") == "not allowed"
    assert recorded.count("aws:iam/rolePolicyAttachment:RolePolicyAttachment") == 0
    role = recorded.one("aws:iam/role:Role", "fleet-instance-role").inputs
    assert json.loads(role["assumeRolePolicy"])["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}


@pytest.mark.requirement("FAC-CMP-14", "FAC-N18", "ALL-15")
def test_bedrock_may_be_asked_for_the_named_models_in_the_home_region(recorded: Recorder) -> None:
    build(recorded, {"model": {"service": "bedrock", "models": ["vendor.model-v1:0"]}})
    document = permissions(recorded)
    arn = "arn:aws:bedrock:{}::foundation-model/{}"
    assert decide(document, "bedrock:InvokeModel", arn.format("ca-central-1", "vendor.model-v1:0")) == "allowed"
    assert decide(document, "bedrock:InvokeModel", arn.format("ca-central-1", "vendor.other-v1:0")) == "not allowed"
    assert decide(document, "bedrock:InvokeModel", arn.format("us-east-1", "vendor.model-v1:0")) == "not allowed"


def test_without_a_model_service_no_model_may_be_asked(recorded: Recorder) -> None:
    build(recorded)
    assert "bedrock" not in permissions(recorded)


@pytest.mark.requirement("FAC-CMP-13", "FAC-N15", "FAC-N26", "FAC-CMP-08", "FAC-N23")
def test_an_instance_prepares_itself_over_https_alone(recorded: Recorder) -> None:
    build(recorded)
    config, script = cloud_config(recorded), written(recorded)["/opt/phi/prepare"]
    assert "http://" not in user_data(recorded)
    for source in ("primary", "security"):
        assert [mirror["uri"] for mirror in config["apt"][source]] == ["https://mirrors.edge.kernel.org/ubuntu"]
    assert config["apt"]["preserve_sources_list"] is False
    assert "https://truststore.pki.rds.amazonaws.com/ca-central-1/ca-central-1-bundle.pem" in script
    assert "node_22.x" in script
    assert "npm install --global pm2@6" in script
    assert "aws-codedeploy-ca-central-1.s3.ca-central-1.amazonaws.com/latest/install" in script
    assert "amazoncloudwatch-agent-ca-central-1.s3.ca-central-1.amazonaws.com/ubuntu/amd64" in script
    assert config["runcmd"] == [["/opt/phi/prepare"]]


@pytest.mark.requirement("FAC-N22")
@pytest.mark.parametrize("major", [20, 22, 24])
def test_the_version_of_node_is_a_setting(recorded: Recorder, major: int) -> None:
    build(recorded, {"runtime": {"node_major": major}})
    assert f"https://deb.nodesource.com/node_{major}.x" in written(recorded)["/opt/phi/prepare"]


@pytest.mark.requirement("FAC-CMP-13", "FAC-IAM-07", "ALL-22")
def test_the_application_learns_where_things_are_and_no_secret(recorded: Recorder) -> None:
    build(
        recorded,
        {"runtime": {"environment": {"LOG_LEVEL": "info"}}},
        environment={"S3_BUCKET_UPLOADS": BUCKETS["uploads"], "SECRETS_PREFIX": SCOPE.secret_prefix},
    )
    lines = written(recorded)["/etc/facnet-validator/environment"].splitlines()
    assert lines == sorted(lines)
    assert dict(line.split("=", 1) for line in lines) == {
        "AWS_REGION": '"ca-central-1"',
        "LOG_LEVEL": '"info"',
        "METRICS_NAMESPACE": '"facnet-validator/application"',
        "METRICS_QUEUE": '"QueueLength"',
        "NODE_ENV": '"production"',
        "PGSSLMODE": '"verify-full"',
        "PGSSLROOTCERT": '"/etc/ssl/certs/rds-ca-bundle.pem"',
        "PORT": '"5000"',
        "S3_BUCKET_UPLOADS": f'"{BUCKETS["uploads"]}"',
        "SECRETS_PREFIX": '"facnet/"',
    }


@pytest.mark.requirement("FAC-N23", "FAC-OBS-12", "FAC-N30")
def test_the_agent_sends_memory_of_the_group_and_the_logs_of_every_instance(recorded: Recorder) -> None:
    fleet = build(recorded)
    agent = json.loads(written(recorded)["/opt/phi/cloudwatch-agent.json"])
    assert agent["metrics"]["namespace"] == fleet.namespace
    memory = agent["metrics"]["metrics_collected"]["mem"]
    assert memory == {"measurement": ["mem_used_percent"], "append_dimensions": {"AutoScalingGroupName": NAME}}
    collected = agent["logs"]["logs_collected"]["files"]["collect_list"]
    assert {entry["log_group_name"] for entry in collected} == {fleet.log_group_name}
    assert "/var/log/facnet-validator/*.log" in {entry["file_path"] for entry in collected}


@pytest.mark.parametrize("value", ['a"b', "a$HOME", "a`id`", "a\nb", "a\\b"])
def test_a_variable_a_shell_would_read_otherwise_is_refused(recorded: Recorder, value: str) -> None:
    with pytest.raises(ValueError, match="environment: want one line"):
        build(recorded, environment={"NAME": value})


def test_user_data_longer_than_ec2_takes_is_refused(recorded: Recorder) -> None:
    with pytest.raises(ValueError, match="want 16384 bytes or less"):
        build(recorded, environment={"NAME": "x" * 16_384})


def test_one_zone_or_a_bucket_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="want two or more zones, got 1"):
        args(subnet_ids={"ca-central-1a": "subnet-a"})
    with pytest.raises(ValueError, match="got none for backups, uploads"):
        args(bucket_names={"deployments": BUCKETS["deployments"]})


def test_an_arm_image_brings_the_agents_for_arm(recorded: Recorder) -> None:
    image = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
    ports = {"package_mirror": "https://mirror.example.org/ubuntu-ports"}
    build(recorded, {"instance_type": "t4g.medium", "image_parameter": image, "runtime": ports})
    assert "/ubuntu/arm64/latest/" in written(recorded)["/opt/phi/prepare"]


@pytest.mark.requirement("FAC-CMP-09", "ALL-19")
@pytest.mark.parametrize("system", ["clinic", "a-rather-long-system"])
def test_the_scaling_role_is_the_stacks_own_and_its_name_fits(recorded: Recorder, system: str) -> None:
    scope = Scope(system=system, environment="development", region="ca-central-1", account_id=ACCOUNT_ID, protect=False)
    role: ScalingRole = recorded.run(lambda: ScalingRole("role", ScalingRoleArgs(scope=scope)))
    inputs = recorded.one("aws:iam/serviceLinkedRole:ServiceLinkedRole").inputs
    assert inputs["awsServiceName"] == "autoscaling.amazonaws.com"
    name = f"AWSServiceRoleForAutoScaling_{inputs['customSuffix']}"
    assert len(name) <= 64
    assert role.arn == f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/autoscaling.amazonaws.com/{name}"
