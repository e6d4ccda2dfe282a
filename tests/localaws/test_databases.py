"""What databases have beyond the contract: managed passwords, writers and readers, versions of each engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.cases.rds import CLUSTER, GROUP, INSTANCE
from tests.localaws.conftest import Account, Made, Refused
from tests.localaws.test_contract import resolved


def prerequisites(account: Account) -> dict[str, Made]:
    made: dict[str, Made] = {}
    for name, need in GROUP.items():
        made[name] = account.create(need.type, resolved(need.inputs, made))
    return made


def plain(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if "assword" not in name}


@pytest.mark.parametrize(
    ("type", "inputs"), [("aws:rds/instance:Instance", INSTANCE), ("aws:rds/cluster:Cluster", CLUSTER)]
)
def test_a_managed_password_is_in_a_secret_of_rds_and_in_no_output(
    account: Account, type: str, inputs: dict[str, Any]
) -> None:
    made = prerequisites(account)
    key = account.create("aws:kms/key:Key", {"description": "Secrets", "tags": {}})
    wanted = {"manageMasterUserPassword": True, "masterUserSecretKmsKeyId": key.outputs["arn"]}
    database = account.create(type, {**resolved(plain(inputs), made), **wanted})
    [secret] = database.outputs["masterUserSecrets"]
    assert ":secret:rds!" in secret["secretArn"]
    held = account.client("secretsmanager").get_secret_value(SecretId=secret["secretArn"])["SecretString"]
    assert '"password"' in held
    assert held not in str(database.outputs)


def test_the_first_instance_of_a_cluster_writes(account: Account) -> None:
    made = prerequisites(account)
    cluster = account.create("aws:rds/cluster:Cluster", resolved(CLUSTER, made))
    common = {"clusterIdentifier": cluster.id, "engine": "aurora-postgresql", "instanceClass": "db.serverless"}
    instances = [
        account.create(
            "aws:rds/clusterInstance:ClusterInstance", {**common, "identifier": f"clinic-{number}", "tags": {}}
        )
        for number in (1, 2)
    ]
    assert [each.outputs["writer"] for each in instances] == [True, False]


def test_a_capacity_range_that_falls_is_refused(account: Account) -> None:
    inputs = {**resolved(CLUSTER, prerequisites(account))}
    inputs["serverlessv2ScalingConfiguration"] = {"minCapacity": 8, "maxCapacity": 4}
    with pytest.raises(Refused, match="InvalidParameterCombination"):
        account.create("aws:rds/cluster:Cluster", inputs)


def test_a_database_whose_password_rds_keeps_has_no_replica(account: Account) -> None:
    inputs = {**resolved(plain(INSTANCE), prerequisites(account)), "manageMasterUserPassword": True}
    source = account.create("aws:rds/instance:Instance", inputs)
    replica = {"identifier": "clinic-replica", "replicateSourceDb": source.id, "instanceClass": "db.t4g.medium"}
    with pytest.raises(Refused, match="managed by Secrets Manager"):
        account.create("aws:rds/instance:Instance", {**replica, "tags": {}})


@pytest.mark.parametrize(("version", "accepted"), [("7.0", True), ("6.2", False)])
def test_redis_has_modes_of_encryption_in_transit_from_version_7_on(
    account: Account, version: str, accepted: bool
) -> None:
    inputs: dict[str, Any] = {
        "replicationGroupId": "clinic-redis", "description": "Redis", "engine": "redis", "engineVersion": version,
        "nodeType": "cache.t4g.micro", "numCacheClusters": 2, "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required", "tags": {},
    }  # fmt: skip
    if accepted:
        assert account.create("aws:elasticache/replicationGroup:ReplicationGroup", inputs).id == "clinic-redis"
    else:
        with pytest.raises(Refused, match="engine version 6"):
            account.create("aws:elasticache/replicationGroup:ReplicationGroup", inputs)


def test_a_replica_takes_its_key_from_its_source(account: Account) -> None:
    made = prerequisites(account)
    source = account.create("aws:rds/instance:Instance", resolved(INSTANCE, made))
    with pytest.raises(Refused, match="kmsKeyId cannot be set"):
        account.create(
            "aws:rds/instance:Instance",
            {
                "identifier": "clinic-replica",
                "replicateSourceDb": source.id,
                "instanceClass": "db.t4g.medium",
                "kmsKeyId": "arn:aws:kms:ca-central-1:123456789012:key/other",
                "tags": {},
            },
        )


@pytest.mark.requirement("ALL-02")
@pytest.mark.parametrize(("engine", "version"), [("aurora-postgresql", "15.19"), ("postgres", "16.15")])
def test_each_engine_has_its_own_versions(account: Account, engine: str, version: str) -> None:
    token = "aws:rds/getEngineVersion:getEngineVersion"
    found = account.invoke(token, {"engine": engine, "version": version})
    assert found["parameterGroupFamily"] == f"{engine}{version.split('.')[0]}"
    with pytest.raises(Refused):
        account.invoke(token, {"engine": engine, "version": "15.99"})
