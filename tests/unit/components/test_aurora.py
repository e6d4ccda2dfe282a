"""Aurora Serverless v2: private, encrypted, over three zones, with a reader that takes over."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.aurora import Aurora, AuroraArgs
from components.scope import Scope
from settings.database import AuroraSettings
from settings.naming import NamingSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, scope
from tests.unit.conftest import Recorder

CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
PARAMETERS = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
PASSWORD = "random:index/randomPassword:RandomPassword"
SECRETS_KEY_ARN = KEY_ARN.replace("home", "secrets")
LOGS_KEY_ARN = KEY_ARN.replace("home", "logs")


def build(recorded: Recorder, *, where: Scope | None = None, secret_days: int = 30, **settings: Any) -> Aurora:
    args = AuroraArgs(
        scope=where or scope(),
        settings=AuroraSettings.model_validate(
            {"engine": "aurora-postgresql", "engine_version": "15.19", "min_acu": 2, **settings}
        ),
        subnet_ids={f"ca-central-1{zone}": f"subnet-{zone}" for zone in "abd"},
        security_group_id="sg-database",
        kms_key_arn=KEY_ARN,
        secrets_key_arn=SECRETS_KEY_ARN,
        logs_key_arn=LOGS_KEY_ARN,
        secret_recovery_days=secret_days,
    )
    return recorded.run(lambda: Aurora("database", args))


def cluster(recorded: Recorder, **options: Any) -> dict[str, Any]:
    build(recorded, **options)
    return recorded.one(CLUSTER).inputs


# --- what was recorded


@pytest.mark.requirement("MSP-DB-01", "OMN-DB-01", "MSP-N01", "OMN-N01", "ALL-01")
@pytest.mark.parametrize(("version", "family"), [("15.19", "aurora-postgresql15"), ("16.15", "aurora-postgresql16")])
def test_the_version_is_a_setting_and_the_parameter_group_follows_it(
    recorded: Recorder, version: str, family: str
) -> None:
    inputs = cluster(recorded, engine_version=version)
    assert (inputs["engine"], inputs["engineMode"], inputs["engineVersion"]) == (
        "aurora-postgresql",
        "provisioned",
        version,
    )
    assert recorded.one(PARAMETERS).inputs["family"] == family
    assert {each["engineVersion"] for _, each in recorded.of(INSTANCE)} == {version}


@pytest.mark.requirement("MSP-DB-02", "OMN-DB-02")
@pytest.mark.parametrize(("least", "most"), [(0.5, 8), (0.5, 4)])
def test_capacity_is_the_recorded_range_of_serverless_instances(recorded: Recorder, least: float, most: float) -> None:
    inputs = cluster(recorded, min_acu=least, max_acu=most)
    assert inputs["serverlessv2ScalingConfiguration"] == {"minCapacity": least, "maxCapacity": most}
    assert {each["instanceClass"] for _, each in recorded.of(INSTANCE)} == {"db.serverless"}


@pytest.mark.requirement("MSP-DB-03", "MSP-N25", "OMN-DB-03", "OMN-N04")
def test_a_writer_and_a_reader_that_scales_with_it_and_takes_over(recorded: Recorder) -> None:
    built = build(recorded)
    writer, reader = recorded.all(INSTANCE)
    assert [each.inputs["identifier"] for each in (writer, reader)] == built.instance_identifiers
    assert (writer.inputs["promotionTier"], reader.inputs["promotionTier"]) == (0, 1)
    assert writer.urn in reader.dependencies  # the first instance becomes the writer
    assert [each.inputs["availabilityZone"] for each in (writer, reader)] == ["ca-central-1a", "ca-central-1b"]
    assert recorded.one(SUBNETS).inputs["subnetIds"] == ["subnet-a", "subnet-b", "subnet-d"]


@pytest.mark.requirement("OMN-N04")
@pytest.mark.parametrize(("readers", "tiers"), [(0, [0]), (2, [0, 1, 2]), (15, list(range(16)))])
def test_the_number_of_readers_is_a_setting(recorded: Recorder, readers: int, tiers: list[int]) -> None:
    built = build(recorded, readers=readers)
    assert sorted(each["promotionTier"] for _, each in recorded.of(INSTANCE)) == tiers
    assert (built.reader_address is None) is (readers == 0)


@pytest.mark.requirement("MSP-DB-04", "MSP-DB-05", "OMN-DB-11")
def test_database_port_and_user_are_the_recorded_ones(recorded: Recorder) -> None:
    inputs = cluster(recorded, database_name="mentalspaceehr")
    assert (inputs["databaseName"], inputs["port"], inputs["masterUsername"]) == ("mentalspaceehr", 5432, "postgres")
    assert cluster(Recorder())["databaseName"] == "berthcare"


@pytest.mark.requirement("OMN-DB-11", "OMN-TAG-02")
def test_the_cluster_may_have_a_name_that_follows_no_pattern(recorded: Recorder) -> None:
    where = scope(naming=NamingSettings(names={"postgres": "omnirapeutic-production"}))
    built = build(recorded, where=where)
    assert recorded.one(CLUSTER).inputs["clusterIdentifier"] == built.identifier == "omnirapeutic-production"
    assert built.instance_identifiers == ["omnirapeutic-production-1", "omnirapeutic-production-2"]


@pytest.mark.requirement("MSP-DB-06", "OMN-DB-04")
def test_storage_is_encrypted_with_the_customer_key(recorded: Recorder) -> None:
    inputs = cluster(recorded)
    assert (inputs["storageEncrypted"], inputs["kmsKeyId"]) == (True, KEY_ARN)


@pytest.mark.requirement("MSP-DB-07", "OMN-DB-05", "ALL-14")
@pytest.mark.parametrize("days", [30, 35])
def test_backups_are_kept_as_recorded_even_after_the_cluster(recorded: Recorder, days: int) -> None:
    inputs = cluster(recorded, backup_days=days, backup_window="03:00-04:00")
    assert (inputs["backupRetentionPeriod"], inputs["preferredBackupWindow"]) == (days, "03:00-04:00")
    assert inputs["preferredMaintenanceWindow"] == "sun:08:00-sun:09:00"
    assert inputs["deleteAutomatedBackups"] is False


@pytest.mark.requirement("MSP-DB-08", "OMN-DB-07", "OMN-N16", "ALL-10", "ALL-19", "OMN-OBS-01")
def test_logs_go_to_an_encrypted_group_that_exists_before_the_cluster(recorded: Recorder) -> None:
    inputs = cluster(recorded)
    assert inputs["enabledCloudwatchLogsExports"] == ["postgresql"]
    group = recorded.one(LOG_GROUP)
    assert group.inputs["name"] == "/aws/rds/cluster/berthcare-staging-postgres/postgresql"
    assert (group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) == (LOGS_KEY_ARN, 365)
    assert group.urn in recorded.one(CLUSTER).dependencies


@pytest.mark.requirement("OMN-DB-08", "OMN-OBS-03", "OMN-DB-12")
def test_every_instance_keeps_performance_history_under_the_customer_key(recorded: Recorder) -> None:
    build(recorded)
    for _, inputs in recorded.of(INSTANCE):
        assert inputs["performanceInsightsEnabled"] is True
        assert (inputs["performanceInsightsKmsKeyId"], inputs["performanceInsightsRetentionPeriod"]) == (KEY_ARN, 7)
        assert inputs["monitoringInterval"] == 60


@pytest.mark.requirement("OMN-N14")
@pytest.mark.parametrize(("acu", "warned"), [(0.5, True), (1.5, True), (2, False)])
def test_too_little_capacity_for_performance_history_is_a_warning(
    recorded: Recorder, monkeypatch: pytest.MonkeyPatch, acu: float, warned: bool
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, _resource: said.append(message))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    build(recorded, min_acu=acu)
    assert any("OMN-N14" in message for message in said) is warned


@pytest.mark.requirement("MSP-DB-09", "OMN-DB-09", "OMN-DB-10")
def test_it_lives_in_the_private_subnets_behind_its_own_group(recorded: Recorder) -> None:
    inputs = cluster(recorded)
    assert inputs["dbSubnetGroupName"] == recorded.one(SUBNETS).inputs["name"]
    assert inputs["vpcSecurityGroupIds"] == ["sg-database"]
    for _, instance in recorded.of(INSTANCE):
        assert instance["publiclyAccessible"] is False


@pytest.mark.requirement("MSP-DB-10", "MSP-N03", "MSP-OPS-04", "OMN-DB-06", "ALL-12")
@pytest.mark.parametrize("protect", [False, True])
def test_it_refuses_deletion_and_leaves_a_last_snapshot(recorded: Recorder, protect: bool) -> None:
    build(recorded, where=scope(protect=protect))
    entry = recorded.one(CLUSTER)
    assert entry.protect is protect
    assert entry.inputs["deletionProtection"] is True
    assert entry.inputs["skipFinalSnapshot"] is False
    assert entry.inputs["finalSnapshotIdentifier"] == "berthcare-staging-postgres-final"
    assert entry.inputs["copyTagsToSnapshot"] is True


@pytest.mark.requirement("MSP-DB-11", "MSP-N24", "ALL-08")
def test_the_cluster_refuses_connections_without_tls(recorded: Recorder) -> None:
    build(recorded)
    group = recorded.one(PARAMETERS)
    found = {each["name"]: (each["value"], each["applyMethod"]) for each in group.inputs["parameters"]}
    assert found["rds.force_ssl"] == ("1", "immediate")
    assert found["shared_preload_libraries"] == ("pg_stat_statements,pgaudit", "pending-reboot")
    assert recorded.one(CLUSTER).inputs["dbClusterParameterGroupName"] == group.inputs["name"]


def test_only_rds_takes_the_monitoring_role_and_only_for_this_clusters_instances(recorded: Recorder) -> None:
    build(recorded)
    [statement] = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert statement["Condition"]["ArnLike"] == {
        "aws:SourceArn": f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:db:berthcare-staging-postgres-*"
    }


# --- credentials


@pytest.mark.requirement("MSP-DB-05", "MSP-IAM-10", "OMN-IAM-05", "ALL-04", "ALL-22")
def test_the_password_is_generated_write_only_and_in_a_secret_of_the_recorded_name(recorded: Recorder) -> None:
    where = scope(naming=NamingSettings(secret_names={"database": "mentalspace-ehr-db-credentials"}))
    built = build(recorded, where=where)
    generated = recorded.one(PASSWORD)
    assert generated.inputs["length"] == 32
    entry = recorded.one(CLUSTER)
    assert entry.inputs["masterPasswordWo"] == generated.outputs["result"]
    assert entry.inputs["masterPasswordWoVersion"] == 1
    assert "masterPasswordWo" in entry.secrets
    assert not {"masterPassword", "manageMasterUserPassword"} & entry.inputs.keys()
    secret = recorded.one(SECRET).inputs
    assert secret["name"] == built.administrator.secret_name == "mentalspace-ehr-db-credentials"
    assert secret["kmsKeyId"] == SECRETS_KEY_ARN
    value = json.loads(recorded.one(VERSION).inputs["secretStringWo"])
    assert value == {
        "username": "postgres",
        "password": generated.outputs["result"],
        "engine": "postgres",
        "host": recorded.one(CLUSTER).outputs["endpoint"],
        "port": "5432",
        "dbname": "berthcare",
    }


@pytest.mark.requirement("OMN-IAM-09", "OMN-DR-02", "ALL-21")
def test_the_deleted_secret_can_be_restored_for_the_days_that_are_set(recorded: Recorder) -> None:
    build(recorded, secret_days=7)
    assert recorded.one(SECRET).inputs["recoveryWindowInDays"] == 7


@pytest.mark.requirement("MSP-N26", "MSP-IAM-11", "OMN-N13")
@pytest.mark.parametrize(("set_days", "days"), [(None, 30), (7, 7)])
def test_a_managed_password_is_in_no_state_and_rotates(recorded: Recorder, set_days: int | None, days: int) -> None:
    build(recorded, managed_password=True, rotation_days=set_days)
    entry = recorded.one(CLUSTER)
    assert (entry.inputs["manageMasterUserPassword"], entry.inputs["masterUserSecretKmsKeyId"]) == (
        True,
        SECRETS_KEY_ARN,
    )
    assert not {"masterPasswordWo", "masterPassword"} & entry.inputs.keys()
    assert recorded.count(PASSWORD) == recorded.count(SECRET) == 0
    rotation = recorded.one(ROTATION)
    assert rotation.inputs["secretId"] == entry.outputs["masterUserSecrets"][0]["secretArn"]
    assert rotation.inputs["rotationRules"] == {"automaticallyAfterDays": days}
    assert rotation.inputs["rotateImmediately"] is False
    assert {instance.urn for instance in recorded.all(INSTANCE)} <= rotation.dependencies


def test_addresses_are_the_clusters_not_an_instances(recorded: Recorder) -> None:
    def program() -> dict[str, Any]:
        args = AuroraArgs(
            scope=scope(),
            settings=AuroraSettings(engine="aurora-postgresql", engine_version="15.19", min_acu=2),
            subnet_ids={"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
            security_group_id="sg",
            kms_key_arn=KEY_ARN,
            secrets_key_arn=SECRETS_KEY_ARN,
            logs_key_arn=LOGS_KEY_ARN,
        )
        built = Aurora("database", args)
        assert built.reader_address is not None
        return {"endpoint": built.endpoint, "address": built.address, "reader": built.reader_address}

    found = recorded.run(program)
    outputs = recorded.one(CLUSTER).outputs
    assert found == {
        "endpoint": f"{outputs['endpoint']}:5432",
        "address": outputs["endpoint"],
        "reader": outputs["readerEndpoint"],
    }


def test_the_longest_names_fit(recorded: Recorder) -> None:
    built = build(recorded, where=replace(scope(), system="a" * 20, environment="development"), readers=15)
    long = scope(naming=NamingSettings(names={"postgres": "a" * 200}))
    longest = build(Recorder(), where=long, readers=15)
    for each in (built, longest):
        assert all(len(identifier) <= 63 for identifier in (each.identifier, *each.instance_identifiers))
        assert len(set(each.instance_identifiers)) == 16
