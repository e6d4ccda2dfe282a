"""No generated secret is readable anywhere: state, outputs, logs, previews, what the commands printed."""

from __future__ import annotations

import base64
import json
import subprocess
from urllib.parse import quote

import pytest

from tests.end_to_end.conftest import Phi

pytestmark = pytest.mark.end_to_end

# How the SDK and the engine mark a secret in an exported state.
SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"


def generated_secrets(phi: Phi) -> list[str]:
    """The values of every generated password of the stack, decrypted with the run's own passphrase."""
    run = phi.run
    exported = subprocess.run(
        [run.engine.pulumi, "stack", "export", "--show-secrets"],
        cwd=run.project, env=run.environment("staging", None), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    resources = json.loads(exported)["deployment"]["resources"]
    results = [
        resource["outputs"]["result"] for resource in resources if resource["type"].startswith("random:index/random")
    ]
    return [json.loads(result["plaintext"]) for result in results if SECRET_SIGNATURE in result]


def spellings(secret: str) -> list[str]:
    return [secret, json.dumps(secret)[1:-1], quote(secret, safe=""), base64.b64encode(secret.encode()).decode()]


def test_no_generated_secret_is_in_plain_text_anywhere(staging: Phi) -> None:
    staging("preview", "staging")
    staging("run", "--", "stack", "output", "--json")
    staging("run", "--", "preview", "--diff", "--refresh")
    secrets = generated_secrets(staging)
    assert len(secrets) >= 2, "the database and the cache have one each"

    printed = "\n".join(staging.transcript)
    for secret in secrets:
        assert len(secret) >= 16
        for spelling in spellings(secret):
            assert spelling not in printed
    for file in staging.directory.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            for secret in secrets:
                assert not any(spelling.encode() in content for spelling in spellings(secret)), file


def test_the_passphrase_is_never_shown(staging: Phi) -> None:
    passphrase = staging.run.passphrase.read_text()
    assert passphrase not in staging("env", "--stack", "staging")
    assert passphrase not in "\n".join(staging.transcript)
