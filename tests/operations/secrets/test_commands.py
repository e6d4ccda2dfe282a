"""Secrets of a stack in an account of moto's: their ages are shown, and a value never is."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from operations import outputs, state, targeted
from operations.cli import app
from operations.mistakes import Mistake
from operations.state import Resource, State
from settings import load
from settings.tokens import signed_token

ROOT = Path(__file__).parents[3]
MARKER = "only-for-tests-4f2a9c"
TOKENS = ("supabase-anon-key", "supabase-service-key")


class Account:
    """The secrets of one stack, and every `pulumi up` that was asked for."""

    def __init__(self, stack: str, region: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.stack, self.region = stack, region
        self.file = folder / f"Pulumi.{stack}.yaml"
        self.file.write_text((ROOT / self.file.name).read_text())
        self.settings = load.from_file(self.file)
        self.api: Any = boto3.client("secretsmanager", region_name=region)
        self.arns: dict[str, str] = {}
        for path in self.settings.secrets.paths:
            self.arns[path] = self.api.create_secret(Name=f"x/{path}", KmsKeyId="alias/secrets")["ARN"]
        self.given: dict[str, Any] = {"region": region, "secret_arns": self.arns}
        self.updates: list[list[str]] = []
        patch.setenv("PULUMI_OPTION_CONFIG_FILE", str(self.file))
        patch.setattr(outputs, "read", lambda _: self.given)
        patch.setattr(targeted, "update", lambda _, urns: self.updates.append(urns))

    def phi(self, *arguments: str, given: str | None = None) -> Result:
        done = CliRunner().invoke(app, ["secrets", *arguments], input=given)
        assert MARKER not in done.output + str(done.exception), "a value was shown"
        return done

    def value(self, path: str) -> Any:
        return self.api.get_secret_value(SecretId=self.arns[path])["SecretString"]

    def put(self, path: str, value: str) -> None:
        self.api.put_secret_value(SecretId=self.arns[path], SecretString=value)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def facnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account("facnet", "ca-central-1", tmp_path, monkeypatch)


@pytest.fixture
def omnirapeutic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account("omnirapeutic", "us-east-1", tmp_path, monkeypatch)
    account.put("supabase-jwt-secret", MARKER)
    for path in TOKENS:
        account.put(path, signed_token(MARKER, account.settings.secrets.tokens[path]))
    return account


@pytest.mark.requirement("FAC-IAM-10", "FAC-N29", "LWO-N17")
def test_a_supplied_value_comes_from_standard_input(facnet: Account) -> None:
    value = {"domain": "x", "client_id": "y", "client_secret": MARKER, "audience": "z"}
    done = facnet.phi("set", "facnet", "auth0/credentials", given=json.dumps(value))
    assert done.exit_code == 0, done.output
    assert json.loads(facnet.value("auth0/credentials")) == value


@pytest.mark.requirement("FAC-IAM-11", "FAC-N29")
def test_a_value_that_is_there_is_replaced_only_with_consent(facnet: Account) -> None:
    assert facnet.phi("set", "facnet", "phi/redaction-salt", given=f"{MARKER}\n").exit_code == 0
    assert json.loads(facnet.value("phi/redaction-salt")) == {"salt": MARKER}
    done = facnet.phi("set", "facnet", "phi/redaction-salt", given="another")
    assert isinstance(done.exception, Mistake)
    assert "--yes" in str(done.exception)
    assert json.loads(facnet.value("phi/redaction-salt")) == {"salt": MARKER}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "expected a JSON object"),
        (f'"{MARKER}"', "expected a JSON object"),
        (json.dumps({"domain": MARKER}), "expected client_id, found none"),
        (json.dumps({"domain": "a", "client_id": "b", "client_secret": "", "audience": "c"}), "expected client_secret"),
        (json.dumps({"domain": "a", "client_id": "b", "client_secret": 7, "audience": "c"}), "expected client_secret"),
        (json.dumps({"domain": "a", "client_id": "b", "client_secret": "c", "audience": "d", "more": MARKER}), "more"),
    ],
)
def test_a_value_with_other_fields_is_refused_without_showing_it(facnet: Account, given: str, said: str) -> None:
    done = facnet.phi("set", "facnet", "auth0/credentials", given=given)
    assert isinstance(done.exception, Mistake)
    assert said in str(done.exception)


@pytest.mark.requirement("FAC-N29")
@pytest.mark.parametrize("name", ["s3/bucket-name", "nothing"])
def test_only_what_people_supply_is_set(facnet: Account, name: str) -> None:
    assert isinstance(facnet.phi("set", "facnet", name, given=MARKER).exception, Mistake)


def test_a_secret_without_a_value_is_listed_and_is_a_finding(facnet: Account) -> None:
    facnet.put("s3/bucket-name", json.dumps({"uploads_bucket": MARKER}))
    facnet.put("phi/redaction-salt", json.dumps({"salt": MARKER}))
    done = facnet.phi("list", "facnet", "--json")
    assert done.exit_code == 1
    ages = {row["path"]: row["age_days"] for row in json.loads(done.stdout)}
    assert ages == {"auth0/credentials": None, "phi/redaction-salt": 0, "s3/bucket-name": 0}
    assert facnet.phi("list", "facnet").exit_code == 1


@pytest.mark.requirement("OMN-IAM-07", "OMN-IAM-08", "OMN-N02")
def test_tokens_of_the_key_in_use_are_fine_and_others_are_derived_anew(omnirapeutic: Account) -> None:
    assert omnirapeutic.phi("tokens", "omnirapeutic").exit_code == 0
    omnirapeutic.put("supabase-anon-key", "old")
    done = omnirapeutic.phi("tokens", "omnirapeutic", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["differ"] == ["supabase-anon-key"]
    assert omnirapeutic.value("supabase-anon-key") == "old"
    assert omnirapeutic.phi("tokens", "omnirapeutic", "--yes").exit_code == 0
    token = omnirapeutic.settings.secrets.tokens["supabase-anon-key"]
    assert omnirapeutic.value("supabase-anon-key") == signed_token(MARKER, token)


@pytest.mark.requirement("OMN-N13", "LWO-N10")
def test_a_generated_secret_is_drawn_by_pulumi_with_the_tokens_signed_with_it(
    omnirapeutic: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resource(urn: str, type_: str, secret: str | None, *dependencies: str) -> Resource:
        return Resource(urn=urn, type=type_, name=urn, id=urn, parent=None, outputs={}, protect=False,
                        inputs={} if secret is None else {"secretId": omnirapeutic.arns[secret]},
                        dependencies=dependencies)  # fmt: skip

    version, draw = "aws:secretsmanager/secretVersion:SecretVersion", "random:index/randomPassword:RandomPassword"
    resources = (
        resource("draw", draw, None), resource("other-draw", draw, None),
        resource("key", version, "supabase-jwt-secret", "draw", "secret"),
        *(resource(path, version, path, "draw", "secret") for path in TOKENS),
    )  # fmt: skip
    found = State(stack="omnirapeutic", taken="", digest="", resources=resources)
    monkeypatch.setattr(state, "read", lambda _: found)
    done = omnirapeutic.phi("rotate", "omnirapeutic", "supabase-jwt-secret", "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert omnirapeutic.updates == [["draw", "key", *TOKENS]]
    assert load.from_file(omnirapeutic.file).secrets.generated["supabase-jwt-secret"].version == 2
    assert json.loads(done.stdout)["rotated"] == ["supabase-jwt-secret", *TOKENS]


def test_a_refused_plan_leaves_the_stack_file_as_it_was(omnirapeutic: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    before = omnirapeutic.file.read_text()
    found = State(stack="omnirapeutic", taken="", digest="", resources=())
    monkeypatch.setattr(state, "read", lambda _: found)
    assert omnirapeutic.phi("rotate", "omnirapeutic", "supabase-jwt-secret", "--yes").exit_code == 1
    assert omnirapeutic.file.read_text() == before


@pytest.mark.requirement("LWO-N10")
@pytest.mark.parametrize("name", ["auth0/credentials", "s3/bucket-name", "database"])
def test_what_has_no_rotation_is_refused_with_who_writes_it(facnet: Account, name: str) -> None:
    facnet.given["db_credentials_secret_arn"] = facnet.api.create_secret(Name="db", SecretString=MARKER)["ARN"]
    done = facnet.phi("rotate", "facnet", name, "--yes")
    assert isinstance(done.exception, Mistake)
    assert "rotat" in str(done.exception)


def test_a_rotation_of_the_database_is_started(facnet: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from operations.secrets import commands

    called: list[tuple[str, dict[str, Any]]] = []

    class Manager:
        def describe_secret(self, **_: Any) -> dict[str, Any]:
            return {"Name": "db", "RotationEnabled": True}

        def rotate_secret(self, **options: Any) -> None:
            called.append(("rotate", options))

    facnet.given["db_credentials_secret_arn"] = "arn:db"
    monkeypatch.setattr(commands, "client", lambda *_: Manager())
    done = facnet.phi("rotate", "facnet", "database", "--yes", "--json")
    assert called == [("rotate", {"SecretId": "arn:db"})]
    assert json.loads(done.stdout)["must_restart"] == ["fleet"]
