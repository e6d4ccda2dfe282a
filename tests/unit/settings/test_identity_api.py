"""User directory, API, functions, frontend: recorded defaults, and what is refused with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from settings import load
from settings.api import ApiSettings
from settings.base import Section
from settings.directory import DirectorySettings, FeaturePlan, Flow, MfaSettings, PasswordSettings, TokenSettings
from settings.frontend import FrontendSettings
from settings.functions import FunctionSettings
from settings.stack import Settings
from tests.unit.settings.test_load import problems, smallest

CORS = {"origins": ["https://app.example.org"]}
HEALTH = {"/health": {"methods": ["GET"], "authenticated": False, "mock": {"body": {"status": "ok"}}}}
API = {"cors": CORS, "routes": HEALTH}
PACKAGE = {"package": {"bucket": "code", "key": "backend.zip"}, "runtime": "python3.13", "handler": "app.handler"}
CODE = {"buckets": {"code": {"data_class": "internal"}}}
FILES = {"buckets": {"files": {}}}
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/backend:1.0.0"
AGREEMENT = {"signed": "2026-01-31", "reference": "AWS Artifact agreement 1"}


def loaded(**sections: Any) -> Settings:
    return load.load(smallest(**sections))


@pytest.mark.requirement("MSP-IAM-02", "MSP-IAM-03", "MSP-IAM-06", "MSP-IAM-07")
def test_the_recorded_values_of_the_directory_are_the_defaults() -> None:
    directory = DirectorySettings()
    assert (directory.password.min_length, directory.password.temporary_days) == (12, 7)
    assert (directory.mfa.required, directory.mfa.totp, directory.mfa.sms) == (True, True, False)
    tokens = directory.client.tokens
    assert (tokens.access_minutes, tokens.id_minutes, tokens.refresh_days) == (60, 60, 30)
    assert directory.client.flows == (Flow.USER_PASSWORD, Flow.USER_SRP)
    assert directory.plan is FeaturePlan.ESSENTIALS


@pytest.mark.requirement("MSP-EDG-07", "MSP-EDG-08", "MSP-EDG-10", "MSP-OBS-01")
def test_the_recorded_values_of_the_api_are_the_defaults() -> None:
    api = ApiSettings.model_validate(API)
    assert (api.stage, api.throttle.rate, api.throttle.burst) == ("prod", 2000, 5000)
    assert (api.log_level, api.log_days) == ("INFO", 365)
    assert api.routes["/health"].authenticated is False


@pytest.mark.requirement("MSP-EDG-11")
def test_a_route_asks_for_a_token_unless_it_says_otherwise() -> None:
    routes = {"/patients": {"methods": ["GET"], "mock": {}}}
    assert ApiSettings.model_validate({"cors": CORS, "routes": routes}).routes["/patients"].authenticated is True


@pytest.mark.parametrize(("length", "accepted"), [(11, False), (12, True), (99, True), (100, False)])
def test_the_least_password_length_has_bounds(length: int, accepted: bool) -> None:
    if accepted:
        assert PasswordSettings(min_length=length).min_length == length
    else:
        with pytest.raises(ValidationError):
            PasswordSettings(min_length=length)


REFUSED: list[tuple[type[Section], dict[str, Any], str]] = [
    (MfaSettings, {"totp": False}, "totp, sms: expected one of them true"),
    (TokenSettings, {"access_minutes": 4}, "greater than or equal to 5"),
    (TokenSettings, {"refresh_days": 0}, "greater than or equal to 1"),
    (DirectorySettings, {"threat_protection": "ENFORCED"}, "plan: expected PLUS"),
    (DirectorySettings, {"plan": "LITE", "password": {"history": 3}}, "plan: expected ESSENTIALS or PLUS"),
    (DirectorySettings, {"attributes": {"r" * 21: {}}}, "pattern"),
    (DirectorySettings, {"attributes": {"role": {"min_length": 9, "max_length": 8}}}, "expected max_length (8)"),
    (DirectorySettings, {"attributes": {"role": {"max_length": 3, "values": ["admin"]}}}, "found admin"),
    (DirectorySettings, {"identity_pool": {"buckets": {}}}, "at least 1"),
    (DirectorySettings, {"identity_pool": {"buckets": {"files": "everything"}}}, "own-prefix"),
    (FunctionSettings, {}, "package, image: expected one of them"),
    (FunctionSettings, {**PACKAGE, "image": IMAGE}, "package, image: expected one of them"),
    (FunctionSettings, {"package": PACKAGE["package"]}, "runtime, handler: expected both"),
    (FunctionSettings, {"image": IMAGE, "handler": "app.handler"}, "runtime, handler: expected neither"),
    (FunctionSettings, {"image": "example.org/backend:1"}, "pattern"),
    (FunctionSettings, {**PACKAGE, "runtime": "python3.8"}, "python3.13"),
    (FunctionSettings, {**PACKAGE, "memory_mib": 127}, "greater than or equal to 128"),
    (FunctionSettings, {**PACKAGE, "timeout_seconds": 901}, "less than or equal to 900"),
    (FunctionSettings, {**PACKAGE, "environment": {"DB_PASSWORD": "x"}}, "Secrets Manager"),
    (FunctionSettings, {**PACKAGE, "environment": {"AWS_REGION": "x"}}, "Lambda sets it itself"),
    (ApiSettings, {"cors": CORS, "routes": {}}, "at least 1"),
    (ApiSettings, {"cors": {"origins": []}, "routes": HEALTH}, "at least 1"),
    (ApiSettings, {"cors": {"origins": ["http://app.example.org"]}, "routes": HEALTH}, "pattern"),
    (ApiSettings, {"cors": {"origins": ["https://app.example.org/"]}, "routes": HEALTH}, "pattern"),
    (ApiSettings, {"cors": {"origins": ["*", "https://example.org"]}, "routes": HEALTH}, "expected * alone"),
    (ApiSettings, {"cors": CORS, "routes": {"health": {"methods": ["GET"], "mock": {}}}}, "pattern"),
    (ApiSettings, {"cors": CORS, "routes": {"/a": {"methods": ["GET"]}}}, "function, mock: expected one of them"),
    (ApiSettings, {"cors": CORS, "routes": {"/a": {"methods": ["OPTIONS"], "mock": {}}}}, "'GET'"),
    (ApiSettings, {"cors": CORS, "routes": {"/a": {"methods": ["GET", "GET"], "mock": {}}}}, "every method once"),
    (ApiSettings, {"cors": CORS, "routes": {"/a": {"methods": ["GET"], "mock": {"body": {"a": "$x"}}}}}, "without $"),
    (ApiSettings, {"cors": CORS, "routes": {"/{a+}/b": {"methods": ["GET"], "mock": {}}}}, "{a+} at the end"),
    (
        ApiSettings,
        {"cors": CORS, "routes": {path: {"methods": ["GET"], "mock": {}} for path in ("/p/{id}", "/p/{name}/x")}},
        "expected {id}, as in another route",
    ),
    (FrontendSettings, {"variables": {"DB": "database"}}, "pattern"),
    (FrontendSettings, {"variables": {"DB": "db_address"}}, "pattern"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "values", "reason"), REFUSED)
def test_what_aws_or_the_law_would_refuse_is_refused_with_a_reason(
    model: type[Section], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(values)
    assert reason in str(refusal.value)


@pytest.mark.requirement("MSP-N10")
@pytest.mark.parametrize("name", ["custom:role", "custom:organizationId", "custom:practiceId"])
def test_a_user_can_never_be_allowed_to_raise_his_own_rights(name: str) -> None:
    attributes = {"role": {}, "organizationId": {}, "practiceId": {}}
    directory = {"attributes": attributes, "client": {"writable_attributes": ["email", name]}}
    (only,) = problems(smallest(directory=directory))
    assert only.startswith("phi-platform:directory.client.writable_attributes: expected no protected attribute")
    assert f"found {name}" in only


@pytest.mark.requirement("MSP-N10")
def test_a_harmless_attribute_may_be_written_once_it_is_said_to_be_harmless() -> None:
    attributes = {"theme": {"protected": False}, "role": {}}
    directory = {"attributes": attributes, "client": {"writable_attributes": ["custom:theme"]}}
    assert loaded(directory=directory).directory is not None
    fixed = {**directory, "attributes": {"theme": {"protected": False, "mutable": False}}}
    assert "expected mutable attributes" in problems(smallest(directory=fixed))[0]


@pytest.mark.parametrize("name", ["email_verified", "sub", "custom:unknown"])
def test_what_a_client_cannot_write_is_refused(name: str) -> None:
    (only,) = problems(smallest(directory={"client": {"writable_attributes": [name]}}))
    assert f"expected attributes a client can write, found {name}" in only


@pytest.mark.requirement("MSP-IAM-02")
def test_production_asks_everyone_for_a_second_factor() -> None:
    directory = {"mfa": {"required": False}}
    assert loaded(directory=directory).directory is not None
    (only,) = problems(smallest(environment="production", directory=directory))
    assert only.startswith("phi-platform:directory.mfa.required: expected true in production")


@pytest.mark.requirement("ALL-15")
def test_codes_are_mailed_from_the_jurisdiction() -> None:
    email = {"from_address": "a@example.org", "identity_arn": "arn:aws:ses:us-east-1:111122223333:identity/example.org"}
    (only,) = problems(smallest(directory={"email": email}))
    assert only.startswith("phi-platform:directory.email.identity_arn: expected an identity in ca-central-1")


@pytest.mark.requirement("MSP-IAM-09")
def test_users_reach_buckets_that_exist() -> None:
    directory = {"identity_pool": {"buckets": {"files": "own-prefix"}}}
    assert loaded(directory=directory, storage=FILES).directory is not None
    (only,) = problems(smallest(directory=directory))
    assert only.startswith(
        "phi-platform:directory.identity_pool.buckets.files: expected a bucket under storage.buckets"
    )


@pytest.mark.requirement("MSP-EDG-11")
def test_an_authenticated_route_needs_a_directory() -> None:
    routes = {"/patients": {"methods": ["GET"], "mock": {}}}
    (only,) = problems(smallest(api={"cors": CORS, "routes": routes}))
    assert only.startswith("phi-platform:api.routes./patients.authenticated: expected false without a user directory")
    assert loaded(api={"cors": CORS, "routes": routes}, directory={}).api is not None


@pytest.mark.requirement("MSP-N28")
def test_a_route_names_a_function_that_exists() -> None:
    routes = {"/patients": {"methods": ["GET"], "function": "backend", "authenticated": False}}
    (only,) = problems(smallest(api={"cors": CORS, "routes": routes}))
    assert only.startswith("phi-platform:api.routes./patients.function: expected a function under compute.functions")
    compute = {"functions": {"backend": PACKAGE}}
    assert loaded(api={"cors": CORS, "routes": routes}, compute=compute, storage=CODE).api is not None


@pytest.mark.requirement("MSP-EDG-09")
@pytest.mark.parametrize("origin", ["*", "http://localhost:5173"])
def test_production_answers_exact_https_origins_only(origin: str) -> None:
    api = {"cors": {"origins": [origin]}, "routes": HEALTH}
    assert loaded(api=api).api is not None
    (only,) = problems(smallest(environment="production", api=api))
    assert only.startswith("phi-platform:api.cors.origins[0]: expected an exact https:// origin in production")


@pytest.mark.requirement("ALL-10", "MSP-OBS-01")
def test_production_keeps_the_logs_of_api_and_functions_for_a_year() -> None:
    sections = {
        "api": {**API, "log_days": 180},
        "compute": {"functions": {"backend": {**PACKAGE, "log_days": 180}}},
        "storage": CODE,
    }
    assert loaded(**sections).api is not None
    found = problems(smallest(environment="production", **sections))
    assert [problem.partition(": ")[0] for problem in found] == [
        "phi-platform:compute.functions.backend.log_days", "phi-platform:api.log_days",
    ]  # fmt: skip


def test_the_apis_own_name_lies_in_a_zone_of_the_stack() -> None:
    api = {**API, "domain_name": "api.example.org"}
    assert problems(smallest(api=api))[0].startswith("phi-platform:api.domain_name: expected none without edge.domain")
    assert loaded(api=api, edge={"domain": {"name": "example.org"}}).api is not None
    (outside,) = problems(smallest(api=api, edge={"domain": {"name": "clinic.example.org"}}))
    assert "expected a name under clinic.example.org" in outside
    (taken,) = problems(
        smallest(api={**api, "domain_name": "cdn.example.org"}, edge={"domain": {"name": "example.org"}})
    )
    assert "other than those of edge.domain" in taken


@pytest.mark.requirement("MSP-CMP-01")
def test_a_functions_code_and_buckets_exist_in_its_region() -> None:
    (package,) = problems(smallest(compute={"functions": {"backend": PACKAGE}}))
    assert package.startswith("phi-platform:compute.functions.backend.package.bucket: expected a bucket")
    (image,) = problems(smallest(compute={"functions": {"backend": {"image": IMAGE}}}))
    assert image.startswith(
        "phi-platform:compute.functions.backend.image: expected an image in a registry of ca-central-1"
    )
    functions = {"backend": {**PACKAGE, "buckets": ["letters"]}}
    (bucket,) = problems(smallest(compute={"functions": functions}, storage=CODE))
    assert bucket.startswith("phi-platform:compute.functions.backend.buckets[0]: expected a bucket")


@pytest.mark.requirement("MSP-CMP-02")
def test_a_function_without_a_way_to_its_secret_is_refused() -> None:
    compute = {"functions": {"backend": PACKAGE}}
    (only,) = problems(smallest(compute=compute, storage=CODE, network={"nat": "none"}))
    assert only.startswith("phi-platform:network.interface_endpoints: expected secretsmanager")
    network = {"nat": "none", "interface_endpoints": ["secretsmanager"]}
    assert loaded(compute=compute, storage=CODE, network=network).compute is not None


def test_a_job_that_deploys_functions_may_read_their_packages() -> None:
    github = {"organization": "clinic-example", "repository": "app", "branch": "main"}
    compute = {"functions": {"backend": PACKAGE}}
    (bucket,) = problems(smallest(compute=compute, storage=CODE, identity={"github": github}))
    assert bucket.startswith("phi-platform:identity.github.release_buckets: expected code")
    told = {"github": {**github, "release_buckets": ["code"]}}
    assert loaded(compute=compute, storage=CODE, identity=told).compute is not None


def test_functions_need_no_load_balancer() -> None:
    assert loaded(compute={"functions": {"backend": PACKAGE}}, storage=CODE).edge is None


@pytest.mark.requirement("MSP-IAM-13", "MSP-N29")
def test_a_browser_is_told_only_what_exists() -> None:
    variables = {"API_ENDPOINT": "api_endpoint", "FILES_BUCKET": "buckets.files", "AWS_REGION": "region"}
    found = problems(smallest(frontend={"variables": variables}))
    assert [problem.partition(": ")[0] for problem in found] == [
        "phi-platform:frontend.variables.API_ENDPOINT", "phi-platform:frontend.variables.FILES_BUCKET",
    ]  # fmt: skip
    assert loaded(frontend={"variables": variables}, api=API, storage=FILES).frontend is not None


@pytest.mark.requirement("FAC-IAM-13", "MSP-IAM-13")
@pytest.mark.parametrize(
    ("frontend", "expected"),
    [
        ({}, "one or more"),
        ({"values": {"CLIENT_SECRET": "x"}}, "looks like a secret"),
        ({"variables": {"REGION": "region"}, "values": {"REGION": "x"}}, "a name that variables does not use"),
        ({"values": {"AUTH0_DOMAIN": "one\ntwo"}}, "one line of text"),
    ],
)
def test_what_a_browser_is_told_is_public_said_once_and_one_line(frontend: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        FrontendSettings.model_validate(frontend)
    told = FrontendSettings.model_validate({"values": {"AUTH0_DOMAIN": "sign-in.example.org"}})
    assert told.values == {"AUTH0_DOMAIN": "sign-in.example.org"}
