"""`phi verify` names each change somebody made behind Pulumi's back, and nothing else; a clean stack is clean."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from operations.verify.check import Answer
from tests.end_to_end.conftest import Phi
from tests.end_to_end.verified import UNANSWERED, Deployed

pytestmark = pytest.mark.end_to_end

STACK, WEST = "berthcare", "ca-west-1"
ANYWHERE = "0.0.0.0/0"
OPEN_RULE = [{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": ANYWHERE}]}]


class Berthcare(Deployed):
    """The deployed stack, and what its drifts need."""

    def differing(self) -> list[tuple[str, str]]:
        return [(each.check, each.what) for each in self.verify() if each.answer in (Answer.DIFFERS, Answer.WARNS)]

    def client(self, service: str, region: str = "ca-central-1") -> Any:
        return self.phi.client(service, region)

    def id(self, name: str) -> str:
        """What AWS calls the resource with this name in the program."""
        return next(str(each.id) for each in self.state.resources if each.name == name and each.type.startswith("aws:"))


@pytest.fixture(scope="module")
def stack(berthcare: Phi) -> Berthcare:
    return Berthcare(berthcare, STACK)


Drift = Callable[[Berthcare], AbstractContextManager[object]]
DRIFTS: dict[str, tuple[Drift, set[tuple[str, str]]]] = {}


def drift(*named: tuple[str, str]) -> Callable[[Callable[[Berthcare], Iterator[None]]], object]:
    """A change to plant and to undo, and what must be named: check and property."""

    def register(plant: Callable[[Berthcare], Iterator[None]]) -> object:
        DRIFTS[plant.__name__] = (contextmanager(plant), set(named))
        return plant

    return register


# --- network and security groups


@drift(("network-routes", "routes"))
def a_route_to_the_internet_in_a_private_table(it: Berthcare) -> Iterator[None]:
    ec2 = it.client("ec2")
    route = next(each for each in it.state.of_type("aws:ec2/route:Route") if each.inputs.get("natGatewayId"))
    table, gateway = route.inputs["routeTableId"], it.state.of_type("aws:ec2/internetGateway:InternetGateway")[0].id
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="198.51.100.0/24", GatewayId=gateway)
    yield
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="198.51.100.0/24")


@drift(("network-acl", "ingress"))
def a_network_acl_that_lets_everything_in(it: Berthcare) -> Iterator[None]:
    ec2, acl = it.client("ec2"), it.id("network-application-acl")
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=50, Egress=False, CidrBlock=ANYWHERE, RuleAction="allow", Protocol="-1"
    )
    yield
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=50, Egress=False)


@drift(("network-subnets-per-tier", "zones of the application subnets"))
def one_more_subnet(it: Berthcare) -> Iterator[None]:
    ec2 = it.client("ec2")
    tags = [{"ResourceType": "subnet", "Tags": [{"Key": "Tier", "Value": "application"}]}]
    made = ec2.create_subnet(
        VpcId=it.id("network-vpc"), CidrBlock="10.0.250.0/24", AvailabilityZone="ca-central-1a", TagSpecifications=tags
    )["Subnet"]["SubnetId"]
    yield
    ec2.delete_subnet(SubnetId=made)


@drift(("network-subnet", "public addresses"))
def public_addresses_in_a_private_subnet(it: Berthcare) -> Iterator[None]:
    ec2, subnet = it.client("ec2"), it.id("network-application-ca-central-1a")
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    yield
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})


@drift(("network-dns", "enableDnsHostnames"))
def no_dns_names_in_the_network(it: Berthcare) -> Iterator[None]:
    ec2, vpc = it.client("ec2"), it.id("network-vpc")
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    yield
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})


@drift(("security-group-rules", "rules in"))
def a_database_group_open_to_everybody(it: Berthcare) -> Iterator[None]:
    ec2, group = it.client("ec2"), it.id("security-groups-database")
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=OPEN_RULE)
    yield
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=OPEN_RULE)


# --- database and cache


def modify(it: Berthcare, **change: Any) -> None:
    identifier = it.state.of_type("aws:rds/instance:Instance")[0].outputs["identifier"]
    it.client("rds").modify_db_instance(DBInstanceIdentifier=identifier, ApplyImmediately=True, **change)


@drift(("database-backups", "days of backups"))
def backups_kept_for_a_day(it: Berthcare) -> Iterator[None]:
    modify(it, BackupRetentionPeriod=1)
    yield
    modify(it, BackupRetentionPeriod=7)


@drift(("database-multi-az", "Multi-AZ"))
def no_standby(it: Berthcare) -> Iterator[None]:
    modify(it, MultiAZ=False)
    yield
    modify(it, MultiAZ=True)


@drift(("database-deletion-protection", "deletion protection"))
def a_database_that_may_be_deleted(it: Berthcare) -> Iterator[None]:
    modify(it, DeletionProtection=False)
    yield
    modify(it, DeletionProtection=True)


@drift(("database-private", "public address"))
def a_database_with_a_public_address(it: Berthcare) -> Iterator[None]:
    modify(it, PubliclyAccessible=True)
    yield
    modify(it, PubliclyAccessible=False)


@drift(("database-insights", "Performance Insights"))
def no_performance_insights(it: Berthcare) -> Iterator[None]:
    modify(it, EnablePerformanceInsights=False)
    yield
    modify(it, EnablePerformanceInsights=True)


@drift(("database-sign-in", "IAM authentication"))
def no_iam_authentication(it: Berthcare) -> Iterator[None]:
    modify(it, EnableIAMDatabaseAuthentication=False)
    yield
    modify(it, EnableIAMDatabaseAuthentication=True)


@drift(("database-logs", "logs in CloudWatch"))
def database_logs_that_go_nowhere(it: Berthcare) -> Iterator[None]:
    modify(it, CloudwatchLogsExportConfiguration={"DisableLogTypes": ["upgrade"]})
    yield
    modify(it, CloudwatchLogsExportConfiguration={"EnableLogTypes": ["upgrade"]})


@drift(("database-parameters", "rds.force_ssl"))
def plain_connections_to_the_database(it: Berthcare) -> Iterator[None]:
    group = it.state.of_type("aws:rds/parameterGroup:ParameterGroup")[0].outputs["name"]

    def set_to(value: str) -> None:
        parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": value, "ApplyMethod": "immediate"}
        it.client("rds").modify_db_parameter_group(DBParameterGroupName=group, Parameters=[parameter])

    set_to("0")
    yield
    set_to("1")


# --- buckets


def photos(it: Berthcare) -> tuple[Any, str]:
    return it.client("s3"), it.id("storage-photos-bucket")


@drift(("bucket-versioned", "versions"))
def a_bucket_without_versions(it: Berthcare) -> Iterator[None]:
    s3, bucket = photos(it)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    yield
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


@drift(("bucket-private", "BlockPublicPolicy"))
def a_bucket_that_may_become_public(it: Berthcare) -> Iterator[None]:
    s3, bucket = photos(it)
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**block, "BlockPublicPolicy": False})
    yield
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)


@drift(("bucket-encrypted", "encryption"), ("bucket-encrypted", "key"))
def a_bucket_without_its_key(it: Berthcare) -> Iterator[None]:
    s3, bucket = photos(it)
    own = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    yield
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=own)


@drift(("bucket-policy", "statement TlsOnly"))
def a_bucket_that_answers_plain_http(it: Berthcare) -> Iterator[None]:
    s3, bucket = photos(it)
    own = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    document = json.loads(own)
    document["Statement"] = [each for each in document["Statement"] if each.get("Sid") != "TlsOnly"]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    yield
    s3.put_bucket_policy(Bucket=bucket, Policy=own)


@drift(("bucket-lifecycle", "lifecycle"))
def versions_deleted_after_a_day(it: Berthcare) -> Iterator[None]:
    s3, bucket = photos(it)
    own = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    shorter = [{**own[0], "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": shorter})
    yield
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": own})


@drift(("bucket-logged", "bucket of access logs"))
def a_bucket_whose_readers_nobody_sees(it: Berthcare) -> Iterator[None]:
    s3, bucket = photos(it)
    own = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    yield
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": own})


@drift(("bucket-replicated", "rules"))
def state_that_is_not_copied(it: Berthcare) -> Iterator[None]:
    s3, bucket = it.client("s3"), "berthcare-terraform-state"
    own = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    s3.delete_bucket_replication(Bucket=bucket)
    yield
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=own)


# --- keys and secrets


def data_key(it: Berthcare) -> tuple[Any, str]:
    return it.client("kms"), it.id("keys-data")


@drift(("key-rotation", "rotation"))
def a_key_that_does_not_rotate(it: Berthcare) -> Iterator[None]:
    kms, key = data_key(it)
    kms.disable_key_rotation(KeyId=key)
    yield
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=365)


@drift(("key-enabled", "state"))
def a_key_on_its_way_to_deletion(it: Berthcare) -> Iterator[None]:
    kms, key = data_key(it)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    yield
    kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)


@drift(("key-policy", "statement Stranger"))
def a_key_a_stranger_may_use(it: Berthcare) -> Iterator[None]:
    kms, key = data_key(it)
    own = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    document = json.loads(own)
    stranger = {"AWS": "arn:aws:iam::444455556666:root"}
    statement = {"Sid": "Stranger", "Effect": "Allow", "Principal": stranger, "Action": "kms:Decrypt", "Resource": "*"}
    document["Statement"].append(statement)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))
    yield
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=own)


@drift(("secret-kept", "deletion scheduled"))
def a_secret_on_its_way_to_deletion(it: Berthcare) -> Iterator[None]:
    secrets, arn = it.client("secretsmanager"), it.id("cache-credentials-secret")
    secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    yield
    secrets.restore_secret(SecretId=arn)


@drift(("secret-encrypted", "key"))
def a_secret_under_another_key(it: Berthcare) -> Iterator[None]:
    secrets, arn = it.client("secretsmanager"), it.id("cache-credentials-secret")
    own = secrets.describe_secret(SecretId=arn)["KmsKeyId"]
    secrets.update_secret(SecretId=arn, KmsKeyId="alias/aws/secretsmanager")
    yield
    secrets.update_secret(SecretId=arn, KmsKeyId=own)


# --- roles


@drift(("role-policies", "attached policies"))
def a_role_that_may_do_everything(it: Berthcare) -> Iterator[None]:
    iam, role, administrator = (
        it.client("iam"),
        it.id("network-flow-logs-role"),
        "arn:aws:iam::aws:policy/AdministratorAccess",
    )
    iam.attach_role_policy(RoleName=role, PolicyArn=administrator)
    yield
    iam.detach_role_policy(RoleName=role, PolicyArn=administrator)


@drift(("role-policies", "inline policy more"))
def an_inline_policy_on_top(it: Berthcare) -> Iterator[None]:
    iam, role = it.client("iam"), it.id("network-flow-logs-role")
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=document)
    yield
    iam.delete_role_policy(RoleName=role, PolicyName="more")


@drift(("role-trust", "who may take it"))
def a_role_anybody_may_take(it: Berthcare) -> Iterator[None]:
    iam, role = it.client("iam"), it.id("network-flow-logs-role")
    own = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    yield
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(own))


@drift(("role-boundary", "permissions boundary"))
def a_role_without_limits(it: Berthcare) -> Iterator[None]:
    iam, role = it.client("iam"), it.id("network-flow-logs-role")
    own = iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    iam.delete_role_permissions_boundary(RoleName=role)
    yield
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=own)


# --- alarms and logs


@drift(("alarm-enabled", "actions enabled"))
def an_alarm_that_tells_nobody(it: Berthcare) -> Iterator[None]:
    watch, alarm = it.client("cloudwatch"), it.id("observability-alarms-database-cpu")
    watch.disable_alarm_actions(AlarmNames=[alarm])
    yield
    watch.enable_alarm_actions(AlarmNames=[alarm])


@drift(("alarm-threshold", "threshold"))
def an_alarm_that_never_goes_off(it: Berthcare) -> Iterator[None]:
    watch, alarm = it.client("cloudwatch"), it.id("observability-alarms-database-cpu")
    own = watch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]
    accepted = watch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    own = {name: value for name, value in own.items() if name in accepted}
    watch.put_metric_alarm(**{**own, "Threshold": 99.9})
    yield
    watch.put_metric_alarm(**own)


@drift(("alarm-events", "state"))
def a_rule_that_passes_nothing_on(it: Berthcare) -> Iterator[None]:
    events, rule = it.client("events"), it.id("observability-events-database")
    events.disable_rule(Name=rule)
    yield
    events.enable_rule(Name=rule)


@drift(("log-retention", "days"))
def logs_kept_for_a_day(it: Berthcare) -> Iterator[None]:
    logs, group = it.client("logs"), it.id("network-flow-logs")
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    yield
    logs.put_retention_policy(logGroupName=group, retentionInDays=365)


@drift(("trail-logging", "logging"))
def an_audit_trail_that_was_stopped(it: Berthcare) -> Iterator[None]:
    trail, name = it.client("cloudtrail"), it.id("trail-trail")
    trail.stop_logging(Name=name)
    yield
    trail.start_logging(Name=name)


@drift(("trail-settings", "validation of log files"))
def an_audit_trail_that_can_be_changed(it: Berthcare) -> Iterator[None]:
    trail, name = it.client("cloudtrail"), it.id("trail-trail")
    trail.update_trail(Name=name, EnableLogFileValidation=False)
    yield
    trail.update_trail(Name=name, EnableLogFileValidation=True)


# --- edge and backups


@drift(("cdn-deployed", "enabled"))
def a_cdn_that_is_off(it: Berthcare) -> Iterator[None]:
    cloudfront, cdn = it.client("cloudfront"), it.id("cdn-distribution")

    def enabled(value: bool) -> None:
        held = cloudfront.get_distribution_config(Id=cdn)
        config = {**held["DistributionConfig"], "Enabled": value}
        cloudfront.update_distribution(Id=cdn, IfMatch=held["ETag"], DistributionConfig=config)

    enabled(False)
    yield
    enabled(True)


@drift(("backup-locked", "locked"), ("backup-locked", "least days"))
def a_vault_without_its_lock(it: Berthcare) -> Iterator[None]:
    backup, vault = it.client("backup", WEST), it.id("backups-copies")
    backup.delete_backup_vault_lock_configuration(BackupVaultName=vault)
    yield
    backup.put_backup_vault_lock_configuration(BackupVaultName=vault, MinRetentionDays=7)


@drift(("tags", "tags"))
def a_bucket_without_its_tags(it: Berthcare) -> Iterator[None]:
    s3, bucket = photos(it)
    own = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [tag for tag in own if tag["Key"] != "Owner"]})
    yield
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": own})


# --- what is gone; last, because it cannot be put back as it was


@drift(("alarm-enabled", "existence"))
def an_alarm_that_was_deleted(it: Berthcare) -> Iterator[None]:
    watch, alarm = it.client("cloudwatch"), it.id("observability-alarms-database-memory")
    own = watch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]
    accepted = watch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    watch.delete_alarms(AlarmNames=[alarm])
    yield
    watch.put_metric_alarm(**{name: value for name, value in own.items() if name in accepted})


@pytest.mark.requirement("OMN-OPS-05", "OMN-OPS-06", "OMN-OPS-07", "OMN-OPS-08", "OMN-OPS-09", "BER-OPS-08")
def test_a_clean_stack_differs_in_nothing_and_what_cannot_be_read_is_said(stack: Berthcare) -> None:
    results = stack.prove_clean()
    assert {each.check for each in results if each.answer is Answer.UNREADABLE} == UNANSWERED
    assert len({each.check for each in results if each.answer is Answer.OK}) > 45


@pytest.mark.requirement("BER-OPS-08", "BER-OPS-09", "FAC-OPS-22")
@pytest.mark.parametrize("name", DRIFTS)
def test_a_drift_is_named_and_nothing_else(stack: Berthcare, name: str) -> None:
    plant, named = DRIFTS[name]
    with plant(stack):
        found = {(check, what.split(" of arn:")[0]) for check, what in stack.differing()}
    assert found == named


def test_every_drift_was_undone_and_there_are_more_than_25(stack: Berthcare) -> None:
    assert stack.differing() == []
    assert len(DRIFTS) > 25
