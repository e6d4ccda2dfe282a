"""No secret in a review: not one the engine marks, not one that only looks like it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from operations.review import comment, events, masking
from tests.operations.review.recorded import SUMMARY, of, step

MARKER = "Zq7hunter2marker9Kw"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TOKEN = "ghp_" + MARKER.ljust(36, "x")
KEY = f"-----BEGIN PRIVATE KEY-----\n{MARKER}\n-----END PRIVATE KEY-----"
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{MARKER}"
URL = f"postgres://app:{MARKER}@db.example.org/clinic"

HIDING = {
    "marked by the engine": {
        "text": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": MARKER}
    },
    "under a name that says so": {"masterPassword": MARKER},
    "a write-only argument": {"passwordWo": MARKER},
    "the value of a secret": {"secretString": MARKER},
    "in an object": {"settings": {"apiKey": MARKER}},
    "in a list": {"settings": [{"client_secret": MARKER}]},
    "in an environment": {"environment": [{"name": "DB_PASSWORD", "value": MARKER}]},
    "in a JSON text": {"containerDefinitions": json.dumps([{"environment": [{"name": "TOKEN", "value": MARKER}]}])},
    "a token by its format": {"note": f"use {TOKEN} here"},
    "a private key": {"file": KEY},
    "a JSON web token": {"header": f"Bearer {JWT}"},
    "a connection string": {"endpoint": URL},
}


@pytest.mark.parametrize("inputs", HIDING.values(), ids=HIDING)
@pytest.mark.parametrize("operation", ["create", "update", "replace"])
def test_a_secret_value_appears_nowhere(inputs: dict[str, Any], operation: str) -> None:
    old = None if operation == "create" else json.loads(json.dumps(inputs).replace(MARKER, f"{MARKER}Old"))
    output = {"resOutputsEvent": {"metadata": {"type": "pulumi:pulumi:Stack", "new": {"outputs": inputs}}}}
    review = of(step(operation, TASK, "api", old=old, new=inputs), output)
    assert review.changes
    assert MARKER not in review.model_dump_json()
    assert MARKER not in comment.render(review)


@pytest.mark.parametrize("said", [URL, KEY, JWT, TOKEN, f"password={MARKER}", f'"token": "{MARKER}"'])
def test_a_secret_value_appears_in_no_message(said: str) -> None:
    error = {"diagnosticEvent": {"severity": "error", "message": f"cannot connect: {said} was refused"}}
    finding = {"policyEvent": {"policyName": "rule", "enforcementLevel": "mandatory", "message": f"found {said} here",
                               "resourceUrn": "urn:pulumi:staging::p::t::n"}}  # fmt: skip
    review = events.review([step("create", TASK, "api", new={}), error, finding, SUMMARY], source="test")
    assert MARKER not in review.model_dump_json()
    assert "cannot connect" in review.problems[0]
    assert MARKER not in comment.render(review)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secretId", "arn:aws:secretsmanager:ca-central-1:111122223333:secret:clinic"),
        ("masterUserSecret", "arn:aws:secretsmanager:ca-central-1:111122223333:secret:clinic"),
        ("passwordWoVersion", 2),
        ("description", "the password is kept elsewhere"),
        ("kmsKeyId", "alias/clinic"),
        ("containerDefinitions", '[{"name": "api", "cpu": 256}]'),
    ],
)
def test_what_is_no_secret_can_be_read(name: str, value: Any) -> None:
    assert masking.masked(value, name) == value
