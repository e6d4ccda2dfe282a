"""The variables of a frontend's build and of a backend, from the outputs of a stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from operations.cli import app
from operations.mistakes import Mistake

ROOT = Path(__file__).parents[2]
MARKER = "only-for-tests 'p@ss"
FRONTEND = {
    "VITE_AWS_REGION": "us-east-1", "VITE_COGNITO_USER_POOL_ID": "us-east-1_x", "VITE_COGNITO_CLIENT_ID": "c",
    "VITE_COGNITO_IDENTITY_POOL_ID": "us-east-1:i", "VITE_API_ENDPOINT": "https://api.example.org/prod",
    "VITE_FILES_BUCKET": "files", "VITE_VIDEOS_BUCKET": "videos", "VITE_VIDEO_CDN": "https://d1.cloudfront.net",
}  # fmt: skip


def phi(folder: Path, stack: str, given: dict[str, Any], *arguments: str) -> Result:
    file = folder / "outputs.json"
    file.write_text(json.dumps(given))
    done = CliRunner().invoke(app, ["env", stack, "--outputs", str(file), *arguments])
    assert MARKER not in done.output + str(done.exception)
    return done


@pytest.mark.requirement(*(f"MSP-OUT-0{number}" for number in range(1, 9)))
def test_a_frontend_gets_what_its_build_needs_and_nothing_else(tmp_path: Path) -> None:
    given = {"region": "us-east-1", "frontend_environment": FRONTEND, "db_endpoint": "db:5432"}
    done = phi(tmp_path, "mentalspace", given)
    assert done.stdout.splitlines() == [f"{name}={value}" for name, value in FRONTEND.items()]
    assert json.loads(phi(tmp_path, "mentalspace", given, "--json").stdout) == FRONTEND


@pytest.fixture
def berthcare(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("PULUMI_OPTION_CONFIG_FILE", str(ROOT / "Pulumi.berthcare.yaml"))
    with mock_aws():
        api: Any = boto3.client("secretsmanager", region_name="ca-central-1")
        login = {"username": "berthcare", "password": MARKER}
        yield {
            "region": "ca-central-1",
            "db_endpoint": "db.example.org:5432",
            "db_name": "berthcare",
            "db_credentials_secret_arn": api.create_secret(Name="db", SecretString=json.dumps(login))["ARN"],
            "redis_endpoint": "redis.example.org",
            "redis_credentials_secret_arn": api.create_secret(
                Name="redis", SecretString=json.dumps({"auth_token": MARKER})
            )["ARN"],
            "bucket_names": {"photos": "b-photos", "documents": "b-documents", "signatures": "b-signatures"},
            "cloudfront_domain_name": "d1.cloudfront.net",
        }


@pytest.mark.requirement("BER-OPS-07", "MSP-OUT-09")
def test_a_backend_gets_addresses_and_where_its_secrets_are(tmp_path: Path, berthcare: dict[str, Any]) -> None:
    found = json.loads(phi(tmp_path, "berthcare", berthcare, "--backend", "--json").stdout)
    assert found == {
        "AWS_REGION": "ca-central-1", "POSTGRES_HOST": "db.example.org", "POSTGRES_PORT": "5432",
        "POSTGRES_DB": "berthcare", "PGSSLMODE": "verify-full",
        "POSTGRES_USER": f"{berthcare['db_credentials_secret_arn']}:username::",
        "POSTGRES_PASSWORD": f"{berthcare['db_credentials_secret_arn']}:password::",
        "REDIS_HOST": "redis.example.org", "REDIS_PORT": "6379", "REDIS_TLS": "true",
        "REDIS_PASSWORD": f"{berthcare['redis_credentials_secret_arn']}:auth_token::",
        "S3_BUCKET_PHOTOS": "b-photos", "S3_BUCKET_DOCUMENTS": "b-documents", "S3_BUCKET_SIGNATURES": "b-signatures",
        "CLOUDFRONT_DOMAIN": "d1.cloudfront.net",
    }  # fmt: skip


@pytest.mark.requirement("BER-OPS-07")
def test_values_of_secrets_go_into_a_file_of_its_owner_only(tmp_path: Path, berthcare: dict[str, Any]) -> None:
    file = tmp_path / ".env"
    file.write_text("old")
    file.chmod(0o644)
    done = phi(tmp_path, "berthcare", berthcare, "--backend", "--with-secrets", "--to", str(file))
    assert done.exit_code == 0, done.output
    assert file.stat().st_mode & 0o777 == 0o600
    lines = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert lines["POSTGRES_PASSWORD"] == "'only-for-tests '\\''p@ss'"
    assert lines["DATABASE_URL"] == (
        "postgresql://berthcare:only-for-tests%20%27p%40ss@db.example.org:5432/berthcare?sslmode=verify-full"
    )
    assert lines["REDIS_URL"] == "rediss://:only-for-tests%20%27p%40ss@redis.example.org:6379/0"


@pytest.mark.parametrize(
    "arguments", [("--with-secrets",), ("--backend", "--with-secrets"), ("--with-secrets", "--to", "x")]
)
def test_secrets_are_never_printed(tmp_path: Path, berthcare: dict[str, Any], arguments: tuple[str, ...]) -> None:
    done = phi(tmp_path, "berthcare", berthcare, *arguments)
    assert isinstance(done.exception, Mistake)
    assert "never printed" in str(done.exception)


def test_a_stack_without_a_frontend_says_what_to_ask_for(tmp_path: Path) -> None:
    done = phi(tmp_path, "lifeworld", {"region": "ca-central-1"})
    assert isinstance(done.exception, Mistake)
    assert "--backend" in str(done.exception)
