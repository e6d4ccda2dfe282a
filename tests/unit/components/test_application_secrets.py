"""Application secrets: generated, signed, supplied, assembled; each in its place, none in sight."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from components.application_secrets import ApplicationSecrets, ApplicationSecretsArgs
from settings.naming import NamingSettings
from settings.secrets import SecretsSettings, TokenSettings
from settings.tokens import signed_token
from tests.unit.components.scopes import KEY_ARN, scope
from tests.unit.conftest import Recorder

SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
PASSWORD = "random:index/randomPassword:RandomPassword"
BYTES = "random:index/randomBytes:RandomBytes"
SUPABASE: dict[str, Any] = {
    "recovery_days": 7,
    "generated": {"supabase-jwt-secret": {"length": 64}},
    "tokens": {
        "supabase-anon-key": {"signed_with": "supabase-jwt-secret", "role": "anon", "issued": "2026-01-01"},
        "supabase-service-key": {"signed_with": "supabase-jwt-secret", "role": "service_role", "issued": "2026-01-01"},
    },
}


def build(recorded: Recorder, settings: dict[str, Any], values: dict[str, str] | None = None) -> ApplicationSecrets:
    args = ApplicationSecretsArgs(
        scope=scope(naming=NamingSettings(secret="{part}")),
        settings=SecretsSettings.model_validate(settings),
        kms_key_arn=KEY_ARN,
        values=values or {},
    )
    return recorded.run(lambda: ApplicationSecrets("secrets", args))


def value(recorded: Recorder, path: str) -> Any:
    return recorded.one(VERSION, f"secrets-{path}-version").inputs["secretStringWo"]


def version(recorded: Recorder, path: str) -> int:
    return recorded.one(VERSION, f"secrets-{path}-version").inputs["secretStringWoVersion"]


def part(text: str) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


# --- generated


@pytest.mark.requirement("OMN-IAM-06", "LWO-IAM-05", "ALL-04", "ALL-22")
def test_a_generated_secret_is_its_whole_text_of_letters_and_digits(recorded: Recorder) -> None:
    build(recorded, SUPABASE)
    drawn = recorded.one(PASSWORD)
    assert (drawn.inputs["length"], drawn.inputs["special"]) == (64, False)
    assert value(recorded, "supabase-jwt-secret") == drawn.outputs["result"]
    assert "secretStringWo" in recorded.one(VERSION, "secrets-supabase-jwt-secret-version").secrets


@pytest.mark.requirement("LWO-IAM-06")
def test_a_secret_may_have_one_field(recorded: Recorder) -> None:
    build(recorded, {"generated": {"jwt-secret": {"field": "key"}}})
    assert json.loads(value(recorded, "jwt-secret")) == {"key": recorded.one(PASSWORD).outputs["result"]}


def test_hexadecimal_characters_are_half_as_many_random_bytes(recorded: Recorder) -> None:
    build(recorded, {"generated": {"salt": {"length": 64, "characters": "hexadecimal"}}})
    assert recorded.one(BYTES).inputs["length"] == 32
    assert value(recorded, "salt") == recorded.one(BYTES).outputs["hex"]
    assert len(value(recorded, "salt")) == 64


@pytest.mark.requirement("LWO-N10", "OMN-N13")
def test_a_raised_version_draws_another_value_and_signs_the_tokens_anew(recorded: Recorder) -> None:
    build(recorded, SUPABASE)
    raised = Recorder()
    build(raised, {**SUPABASE, "generated": {"supabase-jwt-secret": {"length": 64, "version": 2}}})
    assert recorded.one(PASSWORD).inputs["keepers"] != raised.one(PASSWORD).inputs["keepers"]
    for path in ("supabase-jwt-secret", "supabase-anon-key", "supabase-service-key"):
        assert version(recorded, path) != version(raised, path)


# --- tokens


@pytest.mark.requirement("OMN-IAM-07", "OMN-IAM-08", "OMN-N02")
@pytest.mark.parametrize(("path", "role"), [("supabase-anon-key", "anon"), ("supabase-service-key", "service_role")])
def test_a_token_names_its_role_and_is_signed_with_the_generated_secret(
    recorded: Recorder, path: str, role: str
) -> None:
    build(recorded, SUPABASE)
    header, claims, signature = value(recorded, path).split(".")
    assert part(header) == {"alg": "HS256", "typ": "JWT"}
    assert part(claims) == {"role": role, "iss": "supabase", "iat": 1767225600, "exp": 1767225600 + 3650 * 86_400}
    key = recorded.one(PASSWORD).outputs["result"].encode()
    expected = hmac.new(key, f"{header}.{claims}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == expected


def test_a_token_is_the_one_the_standard_gives_as_an_example() -> None:
    """The signature agrees with a known one: HS256 over the same text with the same key."""
    settings = TokenSettings.model_validate({"signed_with": "key", "role": "anon", "issued": "2026-01-01"})
    assert signed_token("k" * 32, settings) == signed_token("k" * 32, settings)
    assert signed_token("k" * 32, settings) != signed_token("l" * 32, settings)


@pytest.mark.requirement("OMN-N02")
def test_other_claims_are_another_token_that_is_written(recorded: Recorder) -> None:
    build(recorded, SUPABASE)
    changed = Recorder()
    tokens = {**SUPABASE["tokens"], "supabase-anon-key": {**SUPABASE["tokens"]["supabase-anon-key"], "valid_days": 30}}
    build(changed, {**SUPABASE, "tokens": tokens})
    assert version(recorded, "supabase-anon-key") != version(changed, "supabase-anon-key")
    assert version(recorded, "supabase-service-key") == version(changed, "supabase-service-key")


# --- supplied


@pytest.mark.requirement("FAC-IAM-10", "FAC-IAM-11", "FAC-N29")
def test_a_supplied_secret_has_a_place_and_no_value_of_the_programs(recorded: Recorder) -> None:
    settings = {
        "supplied": {
            "auth0/credentials": {"fields": ["domain", "client_id", "client_secret", "audience"]},
            "phi/redaction-salt": {"fields": ["salt"]},
        }
    }
    built = build(recorded, settings)
    assert built.names == {"auth0/credentials": "auth0/credentials", "phi/redaction-salt": "phi/redaction-salt"}
    assert recorded.count(VERSION) == recorded.count(PASSWORD) == recorded.count(BYTES) == 0
    assert "client_secret" in recorded.one(SECRET, "secrets-auth0/credentials-secret").inputs["description"]


# --- assembled


@pytest.mark.requirement("FAC-IAM-12")
def test_an_assembled_secret_follows_what_it_refers_to(recorded: Recorder) -> None:
    settings = {
        "assembled": {
            "s3/bucket-name": {"fields": {"uploads_bucket": "bucket.uploads", "backups_bucket": "bucket.backups"}}
        }
    }
    values = {"bucket.uploads": "facnet-uploads", "bucket.backups": "facnet-backups"}
    build(recorded, settings, values)
    assert json.loads(value(recorded, "s3/bucket-name")) == {
        "uploads_bucket": "facnet-uploads",
        "backups_bucket": "facnet-backups",
    }
    moved, again = Recorder(), Recorder()
    build(moved, settings, {**values, "bucket.uploads": "facnet-uploads-2"})
    build(again, settings, values)
    assert version(recorded, "s3/bucket-name") == version(again, "s3/bucket-name")
    assert version(recorded, "s3/bucket-name") != version(moved, "s3/bucket-name")


def test_a_reference_without_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"want bucket\.uploads"):
        build(Recorder(), {"assembled": {"names": {"fields": {"bucket": "bucket.uploads"}}}})


# --- all


@pytest.mark.requirement("OMN-IAM-09", "OMN-DR-02", "FAC-IAM-07", "ALL-21")
@pytest.mark.parametrize("days", [7, 30])
def test_every_secret_has_the_customer_key_and_the_recovery_window(recorded: Recorder, days: int) -> None:
    build(recorded, {**SUPABASE, "recovery_days": days, "supplied": {"login": {"fields": ["key"]}}})
    secrets = recorded.all(SECRET)
    assert len(secrets) == 4
    for each in secrets:
        assert (each.inputs["kmsKeyId"], each.inputs["recoveryWindowInDays"]) == (KEY_ARN, days)
        assert each.inputs["tags"]["DataClass"] == "phi"


@pytest.mark.requirement("ALL-22")
def test_no_generated_value_is_in_a_plain_input(recorded: Recorder) -> None:
    build(recorded, SUPABASE)
    hidden = [recorded.one(PASSWORD).outputs["result"], value(recorded, "supabase-anon-key")]
    for entry in recorded.registrations:
        for key, held in entry.inputs.items():
            if any(each in json.dumps(held) for each in hidden):
                assert key == "secretStringWo"
                assert key in entry.secrets


@pytest.mark.requirement("OMN-IAM-09", "ALL-21")
@pytest.mark.parametrize(("days", "accepted"), [(6, False), (7, True), (30, True), (31, False)])
def test_the_recovery_window_is_seven_to_thirty_days(days: int, accepted: bool) -> None:
    if accepted:
        assert SecretsSettings(recovery_days=days).recovery_days == days
    else:
        with pytest.raises(ValueError, match="recovery_days"):
            SecretsSettings(recovery_days=days)
