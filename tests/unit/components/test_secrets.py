"""Secrets: generated, write-only, recoverable."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pulumi_aws import secretsmanager, sns

from components.secrets import Secret, SecretArgs, password
from tests.unit.components.scopes import KEY_ARN, scope
from tests.unit.conftest import Recorder

SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
PASSWORD = "random:index/randomPassword:RandomPassword"


def build(recorded: Recorder, *, version: int = 1, long: bool = False) -> Secret:
    where = replace(scope(), system="a" * 20, environment="development") if long else scope()

    def program() -> Secret:
        holder = Secret(
            "credentials",
            SecretArgs(
                scope=where,
                path="database",
                description="Administrative user of the database",
                kms_key_arn=KEY_ARN,
                value={"username": "berthcare_admin", "port": "5432"},
                version=version,
            ),
        )
        password("generated", holder)
        return holder

    return recorded.run(program)


@pytest.mark.requirement("BER-IAM-04", "ALL-19")
def test_a_secret_is_encrypted_with_the_customer_key_under_the_systems_name(recorded: Recorder) -> None:
    secret = build(recorded)
    inputs = recorded.one(SECRET).inputs
    assert inputs["name"] == secret.name == "berthcare/staging/database"
    assert inputs["kmsKeyId"] == KEY_ARN
    assert inputs["description"]


@pytest.mark.requirement("ALL-21")
def test_a_deleted_secret_can_be_restored_for_thirty_days(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one(SECRET).inputs
    assert inputs["recoveryWindowInDays"] == 30
    assert not inputs.get("forceOverwriteReplicaSecret")


@pytest.mark.requirement("BER-IAM-06", "ALL-22")
def test_the_value_is_only_in_the_write_only_input_and_marked_secret(recorded: Recorder) -> None:
    build(recorded)
    version = recorded.one(VERSION)
    assert json.loads(version.inputs["secretStringWo"]) == {"username": "berthcare_admin", "port": "5432"}
    assert "secretStringWo" in version.secrets
    assert not {"secretString", "secretBinary"} & version.inputs.keys()


def test_a_raised_version_writes_the_value_again(recorded: Recorder) -> None:
    build(recorded, version=2)
    assert recorded.one(VERSION).inputs["secretStringWoVersion"] == 2


def test_the_arn_is_known_to_dependants_once_there_is_a_value(recorded: Recorder) -> None:
    def program() -> None:
        args = SecretArgs(scope=scope(), path="x", description="x", kms_key_arn=KEY_ARN, value={"a": "b"})
        secretsmanager.SecretPolicy("user", secret_arn=Secret("credentials", args).arn, policy="{}")

    recorded.run(program)
    user = recorded.one("aws:secretsmanager/secretPolicy:SecretPolicy")
    assert recorded.one(VERSION).urn in user.property_dependencies["secretArn"]


@pytest.mark.requirement("BER-IAM-06", "ALL-04")
def test_a_generated_password_is_long_and_fits_into_any_url(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one(PASSWORD).inputs
    assert (inputs["length"], inputs["special"]) == (32, False)
    assert (inputs["minLower"], inputs["minUpper"], inputs["minNumeric"]) == (1, 1, 1)


@pytest.mark.requirement("ALL-22", "BER-IAM-06")
def test_a_generated_password_is_always_a_secret(recorded: Recorder) -> None:
    def program() -> None:
        holder = Secret("holder", SecretArgs(scope=scope(), path="x", description="x", kms_key_arn=KEY_ARN, value={}))
        sns.Topic("careless", display_name=password("generated", holder))

    recorded.run(program)
    assert "displayName" in recorded.one("aws:sns/topic:Topic").secrets


@pytest.mark.requirement("BER-TAG-01", "ALL-11")
def test_a_secret_carries_the_tags_of_patient_data(recorded: Recorder) -> None:
    build(recorded)
    assert recorded.one(SECRET).inputs["tags"] == {
        "Project": "berthcare",
        "DataClass": "phi",
        "Name": "berthcare/staging/database",
    }


def test_the_longest_name_fits(recorded: Recorder) -> None:
    assert len(build(recorded, long=True).name) <= 512
