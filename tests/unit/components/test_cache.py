"""Redis: private, encrypted, doubled, with a token nobody sees."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from components.cache import Cache, CacheArgs
from components.scope import Scope
from settings.cache import CacheSettings
from settings.naming import NamingSettings
from tests.unit.components.scopes import KEY_ARN, scope
from tests.unit.conftest import Recorder

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
SUBNETS = "aws:elasticache/subnetGroup:SubnetGroup"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
PASSWORD = "random:index/randomPassword:RandomPassword"
SECRETS_KEY_ARN = KEY_ARN.replace("home", "secrets")
LOGS_KEY_ARN = KEY_ARN.replace("home", "logs")


def build(recorded: Recorder, *, where: Scope | None = None, secret_days: int = 30, **settings: Any) -> Cache:
    args = CacheArgs(
        scope=where or scope(),
        settings=CacheSettings.model_validate(settings),
        subnet_ids={"ca-central-1a": "subnet-a", "ca-central-1b": "subnet-b"},
        security_group_id="sg-cache",
        kms_key_arn=KEY_ARN,
        secrets_key_arn=SECRETS_KEY_ARN,
        logs_key_arn=LOGS_KEY_ARN,
        secret_recovery_days=secret_days,
    )
    return recorded.run(lambda: Cache("cache", args))


def group(recorded: Recorder, **options: Any) -> dict[str, Any]:
    build(recorded, **options)
    return recorded.one(GROUP).inputs


@pytest.mark.requirement("BER-CCH-01", "ALL-01")
def test_engine_and_size_are_the_recorded_ones_unless_set(recorded: Recorder) -> None:
    inputs = group(recorded)
    assert (inputs["engine"], inputs["engineVersion"], inputs["nodeType"]) == ("redis", "7.1", "cache.t4g.micro")
    assert group(Recorder(), node_type="cache.m6g.large")["nodeType"] == "cache.m6g.large"


def test_the_parameter_group_follows_the_version(recorded: Recorder) -> None:
    inputs = group(recorded, engine_version="7.0")
    parameters = recorded.one(PARAMETERS).inputs
    assert parameters["family"] == "redis7"
    assert inputs["parameterGroupName"] == parameters["name"]


@pytest.mark.requirement("BER-CCH-02", "BER-DR-02")
def test_a_replica_in_another_zone_takes_over_by_itself(recorded: Recorder) -> None:
    cache = build(recorded)
    inputs = recorded.one(GROUP).inputs
    assert inputs["numCacheClusters"] == 2
    assert inputs["multiAzEnabled"] is True
    assert inputs["automaticFailoverEnabled"] is True
    assert cache.node_ids == ["berthcare-staging-redis-001", "berthcare-staging-redis-002"]


@pytest.mark.requirement("BER-CCH-02")
def test_a_cache_without_a_replica_is_refused() -> None:
    with pytest.raises(ValidationError, match="replicas"):
        CacheSettings(replicas=0)


@pytest.mark.requirement("BER-CCH-03", "BER-IAM-03", "ALL-05")
def test_data_at_rest_is_encrypted_with_the_customer_key(recorded: Recorder) -> None:
    inputs = group(recorded)
    assert (inputs["atRestEncryptionEnabled"], inputs["kmsKeyId"]) == (True, KEY_ARN)


@pytest.mark.requirement("BER-CCH-03", "BER-N14", "ALL-05", "ALL-08")
def test_it_speaks_tls_only(recorded: Recorder) -> None:
    inputs = group(recorded)
    assert (inputs["transitEncryptionEnabled"], inputs["transitEncryptionMode"]) == (True, "required")


@pytest.mark.requirement("BER-CCH-04", "BER-IAM-06", "ALL-04", "ALL-05")
def test_it_asks_for_a_generated_token_handed_over_write_only(recorded: Recorder) -> None:
    build(recorded)
    entry = recorded.one(GROUP)
    token = recorded.one(PASSWORD)
    assert entry.inputs["authTokenWo"] == token.outputs["result"]
    assert entry.inputs["authTokenWoVersion"] == 1
    assert "authTokenWo" in entry.secrets
    assert "authToken" not in entry.inputs
    assert 16 <= token.inputs["length"] <= 128
    assert token.inputs["special"] is False


@pytest.mark.requirement("BER-IAM-06", "ALL-22")
def test_the_token_is_in_no_other_input_and_in_no_plain_one(recorded: Recorder) -> None:
    build(recorded)
    token = recorded.one(PASSWORD).outputs["result"]
    holding = {
        (entry.type, key)
        for entry in recorded.registrations
        for key, value in entry.inputs.items()
        if token in json.dumps(value)
    }
    assert holding == {(GROUP, "authTokenWo"), (VERSION, "secretStringWo")}
    for entry in recorded.registrations:
        assert {key for type_, key in holding if type_ == entry.type} <= entry.secrets


@pytest.mark.requirement("BER-CCH-05", "BER-TAG-02")
def test_it_has_the_recorded_name_and_port(recorded: Recorder) -> None:
    cache = build(recorded)
    inputs = recorded.one(GROUP).inputs
    assert inputs["replicationGroupId"] == cache.replication_group_id == "berthcare-staging-redis"
    assert inputs["port"] == 6379


@pytest.mark.requirement("BER-CCH-06", "BER-DR-04")
def test_daily_snapshots_are_kept_five_days_at_home(recorded: Recorder) -> None:
    inputs = group(recorded)
    assert (inputs["snapshotRetentionLimit"], inputs["snapshotWindow"]) == (5, "06:00-07:00")
    assert not [entry.name for entry in recorded.registrations if "region" in entry.inputs]


@pytest.mark.requirement("ALL-14")
def test_snapshot_and_maintenance_windows_never_overlap(recorded: Recorder) -> None:
    assert group(recorded)["maintenanceWindow"] == "sun:08:00-sun:09:00"
    with pytest.raises(ValidationError, match="overlap"):
        CacheSettings(snapshot_window="08:30-09:30")


@pytest.mark.requirement("BER-OPS-13")
def test_minor_versions_are_installed_in_the_maintenance_window(recorded: Recorder) -> None:
    inputs = group(recorded)
    assert inputs["autoMinorVersionUpgrade"] is True
    assert not inputs.get("applyImmediately")


@pytest.mark.requirement("BER-NET-11", "ALL-05")
def test_it_lives_in_the_private_subnets_behind_its_own_group(recorded: Recorder) -> None:
    inputs = group(recorded)
    subnets = recorded.one(SUBNETS).inputs
    assert subnets["subnetIds"] == ["subnet-a", "subnet-b"]
    assert inputs["subnetGroupName"] == subnets["name"]
    assert inputs["securityGroupIds"] == ["sg-cache"]


def test_what_happens_when_memory_is_full_is_a_setting(recorded: Recorder) -> None:
    build(recorded, eviction="noeviction")
    assert recorded.one(PARAMETERS).inputs["parameters"] == [{"name": "maxmemory-policy", "value": "noeviction"}]


@pytest.mark.requirement("ALL-10", "ALL-19")
def test_logs_go_to_encrypted_groups(recorded: Recorder) -> None:
    inputs = group(recorded)
    groups = {logs["name"]: logs for _, logs in recorded.of(LOG_GROUP)}
    delivered = {each["logType"]: each["destination"] for each in inputs["logDeliveryConfigurations"]}
    assert delivered == {
        "slow-log": "/aws/elasticache/berthcare-staging-redis/slow",
        "engine-log": "/aws/elasticache/berthcare-staging-redis/engine",
    }
    assert groups.keys() == set(delivered.values())
    for logs in groups.values():
        assert (logs["kmsKeyId"], logs["retentionInDays"]) == (LOGS_KEY_ARN, 365)
        assert logs["tags"]["DataClass"] == "phi"
    for each in inputs["logDeliveryConfigurations"]:
        assert (each["destinationType"], each["logFormat"]) == ("cloudwatch-logs", "json")


@pytest.mark.requirement("ALL-12")
@pytest.mark.parametrize("protect", [False, True])
def test_it_is_protected_in_production_and_leaves_a_last_snapshot(recorded: Recorder, protect: bool) -> None:
    build(recorded, where=scope(protect=protect))
    entry = recorded.one(GROUP)
    assert entry.protect is protect
    assert entry.inputs["finalSnapshotIdentifier"] == "berthcare-staging-redis-final"


@pytest.mark.requirement("ALL-11", "BER-TAG-01")
def test_it_carries_the_tags_of_patient_data(recorded: Recorder) -> None:
    inputs = group(recorded)
    assert inputs["tags"] == {"Project": "berthcare", "DataClass": "phi", "Name": "berthcare-staging-redis"}
    for kind in (SUBNETS, PARAMETERS):
        assert recorded.one(kind).inputs["tags"]["DataClass"] == "phi"


@pytest.mark.requirement("BER-IAM-05")
def test_the_secret_holds_what_an_application_needs_to_connect(recorded: Recorder) -> None:
    cache = build(recorded)
    assert json.loads(recorded.one(VERSION).inputs["secretStringWo"]) == {
        "auth_token": recorded.one(PASSWORD).outputs["result"],
        "host": recorded.one(GROUP).outputs["primaryEndpointAddress"],
        "port": "6379",
        "engine": "redis",
        "tls": "true",
    }
    secret = recorded.one("aws:secretsmanager/secret:Secret").inputs
    assert secret["name"] == cache.secret_name == "berthcare/staging/cache"
    assert secret["kmsKeyId"] == SECRETS_KEY_ARN


@pytest.mark.requirement("BER-TAG-02")
def test_the_longest_names_fit(recorded: Recorder) -> None:
    cache = build(recorded, where=replace(scope(), system="a" * 20, environment="development"), replicas=5)
    assert len(cache.replication_group_id) <= 40
    assert all(len(node) <= 50 for node in cache.node_ids)
    for kind in (SUBNETS, PARAMETERS):
        assert len(recorded.one(kind).inputs["name"]) <= 255


# --- facnet


@pytest.mark.requirement("FAC-CCH-05", "FAC-N16")
def test_queues_and_sessions_are_never_evicted_when_the_setting_says_so(recorded: Recorder) -> None:
    build(recorded, eviction="noeviction")
    parameters = recorded.one(PARAMETERS).inputs
    assert parameters["parameters"] == [{"name": "maxmemory-policy", "value": "noeviction"}]
    assert recorded.one(GROUP).inputs["parameterGroupName"] == parameters["name"]
    assert CacheSettings().eviction == "allkeys-lru"


@pytest.mark.requirement("FAC-CCH-01", "FAC-CCH-02", "FAC-CCH-03", "FAC-CCH-04")
def test_facnets_cache_is_as_recorded(recorded: Recorder) -> None:
    build(recorded, node_type="cache.t3.medium", replicas=1)
    inputs = recorded.one(GROUP).inputs
    assert (inputs["nodeType"], inputs["port"], inputs["numCacheClusters"]) == ("cache.t3.medium", 6379, 2)
    assert not {"numNodeGroups", "replicasPerNodeGroup", "clusterMode"} & inputs.keys()
    assert (inputs["automaticFailoverEnabled"], inputs["multiAzEnabled"]) == (True, True)
    assert (inputs["atRestEncryptionEnabled"], inputs["transitEncryptionEnabled"]) == (True, True)
    assert (inputs["transitEncryptionMode"], inputs["kmsKeyId"]) == ("required", KEY_ARN)
    assert inputs["authTokenWo"] == recorded.one(PASSWORD).outputs["result"]
    assert len(inputs["authTokenWo"]) >= 20


@pytest.mark.requirement("FAC-IAM-09", "FAC-CCH-04")
def test_the_secret_may_have_a_name_of_its_own_and_says_that_tls_is_on(recorded: Recorder) -> None:
    where = scope(naming=NamingSettings(secret_names={"cache": "facnet/redis/elasticache"}))
    assert build(recorded, where=where).secret_name == "facnet/redis/elasticache"
    value = json.loads(recorded.one(VERSION).inputs["secretStringWo"])
    assert {"host", "port", "auth_token", "tls"} <= value.keys()
    assert (value["port"], value["tls"]) == ("6379", "true")


@pytest.mark.requirement("ALL-02")
@pytest.mark.parametrize(
    ("version", "offered"), [("7.0", True), ("7.1", True), ("5.0", False), ("6.2", False), ("7.2", False)]
)
def test_only_versions_elasticache_offers_with_tls_alone_are_accepted(version: str, offered: bool) -> None:
    if offered:
        assert CacheSettings(engine_version=version).engine_version == version
    else:
        with pytest.raises(ValidationError, match="engine_version"):
            CacheSettings(engine_version=version)


@pytest.mark.requirement("ALL-21", "OMN-IAM-09")
def test_the_deleted_token_can_be_restored_for_the_days_that_are_set(recorded: Recorder) -> None:
    build(recorded, secret_days=7)
    assert recorded.one("aws:secretsmanager/secret:Secret").inputs["recoveryWindowInDays"] == 7
