"""PostgreSQL: private, encrypted, doubled, backed up, with its password nowhere in sight."""

from __future__ import annotations

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from pydantic import ValidationError

from components.database import Database, DatabaseArgs
from components.scope import Scope
from settings.database import RdsSettings
from settings.naming import NamingSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, RECOVERY_KEY_ARN, scope
from tests.unit.conftest import Recorder

INSTANCE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
BACKUPS = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
PASSWORD = "random:index/randomPassword:RandomPassword"
SECRETS_KEY_ARN = KEY_ARN.replace("home", "secrets")
LOGS_KEY_ARN = KEY_ARN.replace("home", "logs")


def arguments(
    *, where: Scope | None = None, recovery: bool = False, recovery_days: int = 7, **settings: Any
) -> DatabaseArgs:
    return DatabaseArgs(
        scope=where or scope(),
        settings=RdsSettings.model_validate({"engine_version": "15.15", **settings}),
        subnet_ids={"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        security_group_id="sg-database",
        kms_key_arn=KEY_ARN,
        secrets_key_arn=SECRETS_KEY_ARN,
        logs_key_arn=LOGS_KEY_ARN,
        recovery_region="ca-west-1" if recovery else None,
        recovery_kms_key_arn=RECOVERY_KEY_ARN if recovery else None,
        recovery_days=recovery_days,
    )


def build(recorded: Recorder, **options: Any) -> Database:
    return recorded.run(lambda: Database("database", arguments(**options)))


def instance(recorded: Recorder, **options: Any) -> dict[str, Any]:
    build(recorded, **options)
    return recorded.one(INSTANCE).inputs


def parameters(recorded: Recorder, **options: Any) -> dict[str, tuple[str, str]]:
    """Name → value and when it applies."""
    build(recorded, **options)
    listed = recorded.one(PARAMETERS).inputs["parameters"]
    return {each["name"]: (each["value"], each["applyMethod"]) for each in listed}


# --- what was recorded


@pytest.mark.requirement("BER-DB-01", "BER-N02", "ALL-01")
@pytest.mark.parametrize(("version", "family"), [("15.15", "postgres15"), ("17.11", "postgres17")])
def test_the_version_is_a_setting_and_the_parameter_group_follows_it(
    recorded: Recorder, version: str, family: str
) -> None:
    inputs = instance(recorded, engine_version=version)
    assert (inputs["engine"], inputs["engineVersion"]) == ("postgres", version)
    assert recorded.one(PARAMETERS).inputs["family"] == family


@pytest.mark.requirement("BER-DB-02")
def test_the_class_is_the_recorded_one_unless_set(recorded: Recorder) -> None:
    assert instance(recorded)["instanceClass"] == "db.t4g.medium"
    assert instance(Recorder(), instance_class="db.m6g.large")["instanceClass"] == "db.m6g.large"


@pytest.mark.requirement("BER-DB-03")
def test_storage_starts_at_a_hundred_and_grows_to_five_hundred(recorded: Recorder) -> None:
    inputs = instance(recorded)
    assert (inputs["allocatedStorage"], inputs["maxAllocatedStorage"], inputs["storageType"]) == (100, 500, "gp3")


@pytest.mark.requirement("BER-DB-04", "BER-DR-01")
def test_a_standby_waits_in_another_zone(recorded: Recorder) -> None:
    assert instance(recorded)["multiAz"] is True


@pytest.mark.requirement("BER-DB-05")
def test_automated_backups_are_kept_seven_days_even_after_the_database(recorded: Recorder) -> None:
    inputs = instance(recorded)
    assert inputs["backupRetentionPeriod"] == 7
    assert inputs["deleteAutomatedBackups"] is False


@pytest.mark.requirement("BER-DB-05")
def test_backups_cannot_be_turned_off() -> None:
    with pytest.raises(ValidationError, match="backup_days"):
        RdsSettings(engine_version="15.15", backup_days=0)


@pytest.mark.requirement("BER-DB-06", "BER-IAM-03")
def test_storage_and_snapshots_are_encrypted_with_the_customer_key(recorded: Recorder) -> None:
    inputs = instance(recorded)
    assert (inputs["storageEncrypted"], inputs["kmsKeyId"]) == (True, KEY_ARN)


@pytest.mark.requirement("BER-DB-07", "BER-N23")
def test_performance_history_is_kept_seven_days_under_the_customer_key(recorded: Recorder) -> None:
    inputs = instance(recorded)
    assert inputs["performanceInsightsEnabled"] is True
    assert (inputs["performanceInsightsRetentionPeriod"], inputs["performanceInsightsKmsKeyId"]) == (7, KEY_ARN)


@pytest.mark.requirement("BER-DB-08", "BER-TAG-02")
def test_it_has_the_recorded_names(recorded: Recorder) -> None:
    database = build(recorded)
    inputs = recorded.one(INSTANCE).inputs
    assert inputs["identifier"] == database.identifier == "berthcare-staging-postgres"
    assert inputs["dbName"] == database.database_name == "berthcare"
    assert (inputs["port"], inputs["username"]) == (5432, "berthcare_admin")


def test_a_hyphen_of_the_systems_name_is_no_letter_of_postgresql(recorded: Recorder) -> None:
    inputs = instance(recorded, where=replace(scope(), system="home-care"))
    assert (inputs["dbName"], inputs["username"]) == ("home_care", "home_care_admin")


@pytest.mark.requirement("BER-DB-09", "BER-NET-11")
def test_it_lives_in_the_private_subnets_behind_its_own_group(recorded: Recorder) -> None:
    inputs = instance(recorded)
    subnets = recorded.one(SUBNETS)
    assert subnets.inputs["subnetIds"] == ["subnet-a", "subnet-b"]
    assert inputs["dbSubnetGroupName"] == subnets.inputs["name"]
    assert inputs["publiclyAccessible"] is False
    assert inputs["vpcSecurityGroupIds"] == ["sg-database"]
    assert inputs["parameterGroupName"] == recorded.one(PARAMETERS).inputs["name"]


@pytest.mark.requirement("BER-DB-10")
def test_minor_versions_are_installed_in_the_maintenance_window(recorded: Recorder) -> None:
    inputs = instance(recorded)
    assert inputs["autoMinorVersionUpgrade"] is True
    assert not inputs.get("allowMajorVersionUpgrade")
    assert not inputs.get("applyImmediately")


@pytest.mark.requirement("ALL-14")
def test_backup_and_maintenance_windows_are_set_and_never_overlap(recorded: Recorder) -> None:
    inputs = instance(recorded)
    assert (inputs["backupWindow"], inputs["maintenanceWindow"]) == ("06:00-07:00", "sun:08:00-sun:09:00")
    with pytest.raises(ValidationError, match="overlap"):
        RdsSettings(engine_version="15.15", backup_window="08:30-09:30")


@pytest.mark.requirement("BER-N15")
def test_endpoint_and_address_are_two_things(recorded: Recorder) -> None:
    def program() -> dict[str, Any]:
        database = Database("database", arguments())
        return {"endpoint": database.endpoint, "address": database.address}

    found = recorded.run(program)
    assert found["endpoint"] == f"{found['address']}:5432"


# --- safeguards


@pytest.mark.requirement("ALL-08", "BER-DB-09")
def test_it_speaks_tls_only_with_a_current_authority(recorded: Recorder) -> None:
    assert parameters(recorded)["rds.force_ssl"] == ("1", "immediate")
    assert recorded.one(INSTANCE).inputs["caCertIdentifier"] == "rds-ca-rsa2048-g1"


@pytest.mark.requirement("ALL-22")
def test_with_auditing_no_statement_is_logged_with_its_password(recorded: Recorder) -> None:
    found = parameters(recorded)
    assert "log_statement" not in found
    assert found["pgaudit.log"] == ("ddl,role,write", "immediate")
    assert found["pgaudit.log_parameter"] == ("0", "immediate")  # values of parameters are patient data


def test_what_needs_a_restart_waits_for_one(recorded: Recorder) -> None:
    assert parameters(recorded)["shared_preload_libraries"] == ("pg_stat_statements,pgaudit", "pending-reboot")


def test_without_auditing_changes_of_definitions_are_logged(recorded: Recorder) -> None:
    found = parameters(recorded, audit=False)
    assert found["log_statement"] == ("ddl", "immediate")
    assert not any(name.startswith("pgaudit") for name in found)


def test_every_session_is_logged(recorded: Recorder) -> None:
    found = parameters(recorded)
    assert found["log_connections"] == found["log_disconnections"] == ("1", "immediate")


@pytest.mark.requirement("ALL-10", "ALL-19")
def test_logs_go_to_encrypted_groups_that_exist_before_the_database(recorded: Recorder) -> None:
    build(recorded)
    instance_ = recorded.one(INSTANCE)
    assert instance_.inputs["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    groups = recorded.all(LOG_GROUP)
    assert sorted(group.inputs["name"] for group in groups) == [
        "/aws/rds/instance/berthcare-staging-postgres/postgresql",
        "/aws/rds/instance/berthcare-staging-postgres/upgrade",
    ]
    for group in groups:
        assert (group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) == (LOGS_KEY_ARN, 365)
        assert group.inputs["tags"]["DataClass"] == "phi"
        assert group.urn in instance_.dependencies


@pytest.mark.requirement("ALL-12")
@pytest.mark.parametrize("protect", [False, True])
def test_it_refuses_deletion_and_leaves_a_last_snapshot(recorded: Recorder, protect: bool) -> None:
    build(recorded, where=scope(protect=protect))
    entry = recorded.one(INSTANCE)
    assert entry.protect is protect
    assert entry.inputs["deletionProtection"] is True
    assert entry.inputs["skipFinalSnapshot"] is False
    assert entry.inputs["finalSnapshotIdentifier"] == "berthcare-staging-postgres-final"


@pytest.mark.requirement("ALL-11", "BER-TAG-01")
def test_it_and_its_snapshots_carry_the_tags_of_patient_data(recorded: Recorder) -> None:
    inputs = instance(recorded)
    assert inputs["tags"] == {"Project": "berthcare", "DataClass": "phi", "Name": "berthcare-staging-postgres"}
    assert inputs["copyTagsToSnapshot"] is True
    for kind in (SUBNETS, PARAMETERS):
        assert recorded.one(kind).inputs["tags"]["DataClass"] == "phi"


def test_people_may_sign_in_with_short_lived_tokens(recorded: Recorder) -> None:
    assert instance(recorded)["iamDatabaseAuthenticationEnabled"] is True


def test_only_rds_takes_the_monitoring_role_and_only_for_this_database(recorded: Recorder) -> None:
    inputs = instance(recorded)
    role = recorded.one("aws:iam/role:Role")
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
        "ArnLike": {"aws:SourceArn": f"arn:aws:rds:ca-central-1:{ACCOUNT_ID}:db:berthcare-staging-postgres*"},
    }
    assert inputs["monitoringInterval"] == 60
    attached = recorded.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attached.inputs["policyArn"].endswith("/AmazonRDSEnhancedMonitoringRole")
    assert attached.urn in recorded.one(INSTANCE).property_dependencies["monitoringRoleArn"]


# --- credentials


@pytest.mark.requirement("BER-IAM-06", "ALL-04", "ALL-22")
def test_the_password_is_generated_and_handed_over_write_only(recorded: Recorder) -> None:
    build(recorded)
    entry = recorded.one(INSTANCE)
    assert entry.inputs["passwordWo"] == recorded.one(PASSWORD).outputs["result"]
    assert entry.inputs["passwordWoVersion"] == 1
    assert "passwordWo" in entry.secrets
    assert not {"password", "manageMasterUserPassword"} & entry.inputs.keys()


@pytest.mark.requirement("BER-IAM-06", "ALL-22")
def test_the_password_is_in_no_other_input_and_in_no_plain_one(recorded: Recorder) -> None:
    build(recorded, recovery=True)
    generated = recorded.one(PASSWORD).outputs["result"]
    holding = {
        (entry.type, key)
        for entry in recorded.registrations
        for key, value in entry.inputs.items()
        if generated in json.dumps(value)
    }
    assert holding == {(INSTANCE, "passwordWo"), (VERSION, "secretStringWo")}
    for entry in recorded.registrations:
        assert {key for type_, key in holding if type_ == entry.type} <= entry.secrets


@pytest.mark.requirement("BER-IAM-04")
def test_the_secret_holds_what_an_application_needs_to_connect(recorded: Recorder) -> None:
    database = build(recorded)
    value = json.loads(recorded.one(VERSION).inputs["secretStringWo"])
    assert value == {
        "username": "berthcare_admin",
        "password": recorded.one(PASSWORD).outputs["result"],
        "engine": "postgres",
        "host": recorded.one(INSTANCE).outputs["address"],
        "port": "5432",
        "dbname": "berthcare",
    }
    secret = recorded.one("aws:secretsmanager/secret:Secret").inputs
    assert secret["name"] == database.administrator.secret_name == "berthcare/staging/database"
    assert secret["kmsKeyId"] == SECRETS_KEY_ARN


@pytest.mark.requirement("FAC-IAM-08", "FAC-DB-08", "FAC-DB-14", "FAC-DB-06", "ALL-04", "ALL-22")
def test_the_application_has_a_user_and_a_secret_of_its_own(recorded: Recorder) -> None:
    where = scope(naming=NamingSettings(secret_names={"database-application": "facnet/database/rds"}))
    database = build(recorded, where=where, application_username="dashvalidator_app", database_name="dashvalidator")
    master, application = recorded.all(PASSWORD)
    assert master.inputs["length"] >= 20
    assert application.inputs["length"] >= 20
    assert database.application is not None
    assert database.application.secret_name == "facnet/database/rds"
    assert json.loads(recorded.one(VERSION, "database-application-version").inputs["secretStringWo"]) == {
        "username": "dashvalidator_app",
        "password": application.outputs["result"],
        "engine": "postgres",
        "host": recorded.one(INSTANCE).outputs["address"],
        "port": "5432",
        "dbname": "dashvalidator",
    }
    assert recorded.one(INSTANCE).inputs["passwordWo"] == master.outputs["result"]


def test_without_a_user_of_its_own_the_application_has_no_secret_of_its_own(recorded: Recorder) -> None:
    assert build(recorded).application is None
    assert recorded.count(VERSION) == 1


@pytest.mark.requirement("LWO-IAM-07", "LWO-N10", "MSP-N26")
@pytest.mark.parametrize(("set_days", "days"), [(None, 30), (90, 90)])
def test_a_managed_password_is_in_no_state_and_rotates(recorded: Recorder, set_days: int | None, days: int) -> None:
    build(recorded, managed_password=True, rotation_days=set_days)
    entry = recorded.one(INSTANCE)
    assert entry.inputs["manageMasterUserPassword"] is True
    assert entry.inputs["masterUserSecretKmsKeyId"] == SECRETS_KEY_ARN
    assert "passwordWo" not in entry.inputs
    assert recorded.count(PASSWORD) == recorded.count(VERSION) == 0
    rotation = recorded.one("aws:secretsmanager/secretRotation:SecretRotation").inputs
    assert rotation["secretId"] == entry.outputs["masterUserSecrets"][0]["secretArn"]
    assert (rotation["rotationRules"], rotation["rotateImmediately"]) == ({"automaticallyAfterDays": days}, False)


@pytest.mark.requirement("LWO-N10")
def test_a_password_of_our_own_is_not_rotated_by_rds(recorded: Recorder) -> None:
    build(recorded, rotation_days=30)  # components/rotation.py does
    assert recorded.count("aws:secretsmanager/secretRotation:SecretRotation") == 0


# --- read replicas


@pytest.mark.requirement("LWO-DB-07")
def test_there_is_no_replica_unless_it_is_asked_for(recorded: Recorder) -> None:
    database = build(recorded)
    assert (database.replica_identifiers, database.reader_address) == ([], None)


@pytest.mark.requirement("LWO-DB-07", "ALL-08", "ALL-12")
def test_a_replica_is_as_safe_as_its_source(recorded: Recorder) -> None:
    database = build(recorded, read_replicas=2)
    source = recorded.one(INSTANCE, "database-instance")
    replicas = [recorded.one(INSTANCE, f"database-replica-{number}") for number in (1, 2)]
    assert [each.inputs["identifier"] for each in replicas] == database.replica_identifiers
    for each in replicas:
        assert each.inputs["replicateSourceDb"] == source.inputs["identifier"]
        for key in (
            "storageEncrypted",
            "publiclyAccessible",
            "vpcSecurityGroupIds",
            "parameterGroupName",
            "deletionProtection",
            "performanceInsightsKmsKeyId",
            "monitoringRoleArn",
            "caCertIdentifier",
            "iamDatabaseAuthenticationEnabled",
        ):
            assert each.inputs[key] == source.inputs[key], key
        # what the source decides for a replica of its region, and RDS refuses to be told again
        assert not {"kmsKeyId", "dbSubnetGroupName", "dbName", "username", "passwordWo"} & each.inputs.keys()
        group = f"/aws/rds/instance/{each.inputs['identifier']}/postgresql"
        assert group in {inputs["name"] for _, inputs in recorded.of(LOG_GROUP)}


def test_the_monitoring_role_serves_the_replicas_and_what_is_restored_too(recorded: Recorder) -> None:
    build(recorded, read_replicas=1)
    [statement] = json.loads(recorded.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    pattern = statement["Condition"]["ArnLike"]["aws:SourceArn"].rpartition(":")[2]
    assert fnmatchcase("berthcare-staging-postgres-restored-202601310930", pattern)
    for _, inputs in recorded.of(INSTANCE):
        assert fnmatchcase(inputs["identifier"], pattern)


# --- names


@pytest.mark.requirement("FAC-N14", "FAC-DB-07", "LWO-N06", "LWO-DB-06")
@pytest.mark.parametrize(
    ("username", "accepted"),
    [("dashval_admin", True), ("lifeworld_admin", True), ("a" * 16, True), ("a" * 17, False),
     ("dashvalidator_admin", False), ("admin", False), ("rdsadmin", False), ("pg_owner", False), ("user", False)],
)  # fmt: skip
def test_administrators_have_names_that_rds_and_postgresql_take(username: str, accepted: bool) -> None:
    if accepted:
        assert RdsSettings(engine_version="16.15", username=username).administrator("facnet") == username
    else:
        with pytest.raises(ValidationError, match="username: expected"):
            RdsSettings(engine_version="16.15", username=username)


@pytest.mark.requirement("FAC-N14")
def test_the_administrators_name_is_cut_to_what_rds_takes() -> None:
    settings = RdsSettings(engine_version="16.15")
    assert settings.administrator("berthcare") == "berthcare_admin"
    assert settings.administrator("life-world-os-canada") == "life_world_admin"
    assert len(settings.administrator("a" * 20)) == 16


# --- the other systems


@pytest.mark.requirement(
    "FAC-DB-01", "FAC-DB-02", "FAC-DB-03", "FAC-DB-04", "FAC-DB-06", "FAC-DB-09", "FAC-DB-10", "FAC-DB-11", "FAC-DB-12",
    "FAC-DB-13", "FAC-N12", "FAC-N15",
)  # fmt: skip
def test_facnets_database_is_as_recorded(recorded: Recorder) -> None:
    found = parameters(
        recorded,
        engine_version="16.15",
        instance_class="db.t3.medium",
        storage_gib=100,
        backup_days=7,
        database_name="dashvalidator",
        maintenance_window="sun:04:00-sun:05:00",
    )
    inputs = recorded.one(INSTANCE).inputs
    assert (inputs["engine"], inputs["instanceClass"], inputs["multiAz"]) == ("postgres", "db.t3.medium", True)
    assert (inputs["allocatedStorage"], inputs["storageType"], inputs["storageEncrypted"]) == (100, "gp3", True)
    assert (inputs["backupRetentionPeriod"], inputs["maintenanceWindow"]) == (7, "sun:04:00-sun:05:00")
    assert (inputs["dbName"], inputs["port"], inputs["publiclyAccessible"]) == ("dashvalidator", 5432, False)
    assert inputs["finalSnapshotIdentifier"]
    assert found["rds.force_ssl"] == ("1", "immediate")
    assert found["pgaudit.log"][0]
    assert recorded.one(PARAMETERS).inputs["family"] == "postgres16"


@pytest.mark.requirement("LWO-DB-01", "LWO-DB-02", "LWO-DB-03", "LWO-DB-04", "LWO-DB-05", "LWO-DB-06", "LWO-DB-08")
def test_lifeworlds_database_is_as_recorded(recorded: Recorder) -> None:
    where = scope(naming=NamingSettings(names={"postgres": "life-world-os-prod"}))
    build(
        recorded, where=where, recovery=True, instance_class="db.t3.medium", username="lifeworld_admin",
        database_name="lifeworld_prod",
    )  # fmt: skip
    inputs = recorded.one(INSTANCE).inputs
    assert (inputs["identifier"], inputs["instanceClass"]) == ("life-world-os-prod", "db.t3.medium")
    assert (inputs["dbName"], inputs["username"]) == ("lifeworld_prod", "lifeworld_admin")
    assert (inputs["multiAz"], inputs["backupRetentionPeriod"], inputs["storageEncrypted"]) == (True, 7, True)
    assert inputs["monitoringInterval"] == 60
    assert recorded.count(BACKUPS) == 1


# --- recovery


@pytest.mark.requirement("BER-DR-13", "BER-N16", "BER-N17", "BER-N30")
def test_automated_backups_are_replicated_with_a_key_of_the_other_region(recorded: Recorder) -> None:
    build(recorded, recovery=True, recovery_days=9)
    assert recorded.one(BACKUPS).inputs == {
        "region": "ca-west-1",
        "sourceDbInstanceArn": recorded.one(INSTANCE).outputs["arn"],
        "kmsKeyId": RECOVERY_KEY_ARN,
        "retentionPeriod": 9,
    }


def test_without_a_recovery_region_nothing_leaves_home(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.count(BACKUPS) == 0
    assert not [entry.name for entry in recorded.registrations if "region" in entry.inputs]


@pytest.mark.requirement("BER-TAG-02")
def test_the_longest_names_fit(recorded: Recorder) -> None:
    database = build(recorded, where=replace(scope(), system="a" * 20, environment="development"))
    assert len(database.identifier) <= 63
    assert len(recorded.one("aws:iam/role:Role").inputs["name"]) <= 64
    for kind in (SUBNETS, PARAMETERS):
        assert len(recorded.one(kind).inputs["name"]) <= 255
    assert all(len(group["name"]) <= 512 for _, group in recorded.of(LOG_GROUP))
