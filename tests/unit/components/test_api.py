"""The HTTP API: who may call it, what it logs, how much it takes, what pages it answers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.api import Api, ApiArgs, ApiDomain, CalledFunction, Tokens
from settings.api import ApiSettings
from tests.unit.components.scopes import ACCOUNT_ID, KEY_ARN, scope
from tests.unit.conftest import Recorder

METHOD = "aws:apigateway/method:Method"
INTEGRATION = "aws:apigateway/integration:Integration"
ANSWER = "aws:apigateway/integrationResponse:IntegrationResponse"
STAGE = "aws:apigateway/stage:Stage"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
APP, SITE = "https://app.example.org", "https://example.org"
ROUTES = {
    "/health": {"methods": ["GET"], "authenticated": False, "mock": {"body": {"status": "ok"}}},
    "/patients": {"methods": ["GET", "POST"], "function": "backend"},
    "/patients/{id}": {"methods": ["GET"], "function": "backend", "query": ["from"]},
}
INVOKE = f"arn:aws:apigateway:ca-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:ca-central-1:{ACCOUNT_ID}"
TOKENS = Tokens(user_pool_arn="arn:pool", client_id="client1")


def args(settings: dict[str, Any] | None = None, **more: Any) -> ApiArgs:
    values = {"cors": {"origins": [APP, SITE]}, "routes": ROUTES, **(settings or {})}
    wiring: dict[str, Any] = {
        "scope": scope(),
        "settings": ApiSettings.model_validate(values),
        "logs_kms_key_arn": KEY_ARN,
        "functions": {"backend": CalledFunction(name="berthcare-staging-backend", invoke_arn=f"{INVOKE}:backend")},
        "tokens": TOKENS,
    }
    return ApiArgs(**{**wiring, **more})


def build(recorded: Recorder, settings: dict[str, Any] | None = None, **more: Any) -> Api:
    return recorded.run(lambda: Api("api", args(settings, **more)))


def methods(recorded: Recorder) -> dict[str, dict[str, Any]]:
    return {name.removeprefix("api-"): inputs for name, inputs in recorded.of(METHOD)}


@pytest.mark.requirement("MSP-EDG-07")
def test_it_is_a_regional_rest_api_with_its_stage(recorded: Recorder) -> None:
    api = build(recorded)
    inputs = recorded.one("aws:apigateway/restApi:RestApi").inputs
    assert inputs["endpointConfiguration"] == {"types": "REGIONAL"}
    stage = recorded.one(STAGE)
    assert stage.inputs["stageName"] == "prod"
    assert (api.name, api.stage_name) == ("berthcare-staging-api", "prod")


@pytest.mark.requirement("ALL-08")
def test_its_own_address_takes_no_tls_before_1_2(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one("aws:apigateway/restApi:RestApi").inputs
    assert inputs["securityPolicy"].startswith("SecurityPolicy_TLS13_1_2_")
    assert inputs["endpointAccessMode"] == "STRICT"  # AWS wants a mode with such a policy


@pytest.mark.requirement("MSP-EDG-11", "MSP-EDG-12", "MSP-CMP-03")
def test_every_method_asks_for_a_token_but_health_and_preflight(recorded: Recorder) -> None:
    build(recorded)
    authorizer = recorded.one("aws:apigateway/authorizer:Authorizer")
    guarded = {name for name, inputs in methods(recorded).items() if inputs["authorization"] == "COGNITO_USER_POOLS"}
    assert guarded == {"GET/patients", "POST/patients", "GET/patients/{id}"}
    open_ = {name for name, inputs in methods(recorded).items() if inputs["authorization"] == "NONE"}
    assert open_ == {"GET/health", "OPTIONS/health", "OPTIONS/patients", "OPTIONS/patients/{id}"}
    for entry in recorded.all(METHOD):
        if entry.inputs["authorization"] != "NONE":
            assert authorizer.urn in entry.property_dependencies["authorizerId"]


@pytest.mark.requirement("MSP-EDG-11")
def test_tokens_are_those_of_one_application_in_the_authorization_header(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one("aws:apigateway/authorizer:Authorizer").inputs
    assert (inputs["type"], inputs["providerArns"]) == ("COGNITO_USER_POOLS", ["arn:pool"])
    assert inputs["identitySource"] == "method.request.header.Authorization"
    assert inputs["identityValidationExpression"] == "client1"


@pytest.mark.requirement("MSP-N28", "MSP-CMP-03", "MSP-EDG-12")
def test_health_is_answered_without_code_behind_it(recorded: Recorder) -> None:
    build(recorded)
    integration = recorded.one(INTEGRATION, "api-GET/health-fixed").inputs
    assert (integration["type"], "uri" in integration) == ("MOCK", False)
    assert json.loads(integration["requestTemplates"]["application/json"]) == {"statusCode": 200}
    answer = recorded.one(ANSWER, "api-GET/health-answer").inputs
    assert answer["statusCode"] == "200"
    assert answer["responseTemplates"]["application/json"].endswith('{"status": "ok"}')


@pytest.mark.requirement("MSP-N28", "MSP-CMP-01")
def test_a_route_calls_its_function_and_only_this_route_of_this_stage_may(recorded: Recorder) -> None:
    build(recorded)
    integration = recorded.one(INTEGRATION, "api-GET/patients/{id}-function").inputs
    assert (integration["type"], integration["integrationHttpMethod"]) == ("AWS_PROXY", "POST")
    assert integration["uri"] == f"{INVOKE}:backend"
    execution = recorded.one("aws:apigateway/restApi:RestApi").outputs["executionArn"]
    granted = [entry.inputs for entry in recorded.all("aws:lambda/permission:Permission")]
    assert sorted(inputs["sourceArn"] for inputs in granted) == [
        f"{execution}/prod/*/patients", f"{execution}/prod/*/patients/*",
    ]  # fmt: skip
    assert len({inputs["statementId"] for inputs in granted}) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", inputs["statementId"]) for inputs in granted)
    assert {inputs["principal"] for inputs in granted} == {"apigateway.amazonaws.com"}
    assert {inputs["sourceAccount"] for inputs in granted} == {ACCOUNT_ID}


def test_paths_share_their_beginnings(recorded: Recorder) -> None:
    build(recorded)
    paths = {name: inputs for name, inputs in recorded.of("aws:apigateway/resource:Resource")}
    assert sorted(paths) == ["api/health", "api/patients", "api/patients/{id}"]
    assert paths["api/patients/{id}"]["pathPart"] == "{id}"


def test_requests_without_their_parameters_are_refused_before_code_runs(recorded: Recorder) -> None:
    build(recorded)
    assert methods(recorded)["GET/patients/{id}"]["requestParameters"] == {
        "method.request.path.id": True,
        "method.request.querystring.from": True,
    }
    validator = recorded.one("aws:apigateway/requestValidator:RequestValidator")
    assert validator.inputs["validateRequestParameters"] is True
    for entry in recorded.all(METHOD):
        if entry.inputs["httpMethod"] != "OPTIONS":
            assert validator.urn in entry.property_dependencies["requestValidatorId"]


@pytest.mark.requirement("MSP-EDG-09")
def test_preflight_names_an_origin_of_the_list_and_never_all(recorded: Recorder) -> None:
    build(recorded)
    for path in ROUTES:
        answer = recorded.one(ANSWER, f"api-OPTIONS{path}-answer").inputs
        headers = answer["responseParameters"]
        assert headers["method.response.header.Access-Control-Allow-Origin"] == f"'{APP}'"
        assert headers["method.response.header.Vary"] == "'Origin'"
        assert headers["method.response.header.Access-Control-Allow-Headers"] == "'Authorization,Content-Type'"
        template = answer["responseTemplates"]["application/json"]
        assert f'$origin == "{APP}" || $origin == "{SITE}"' in template
        assert template.count("https://") == 2
    allowed = recorded.one(ANSWER, "api-OPTIONS/patients-answer").inputs["responseParameters"]
    assert allowed["method.response.header.Access-Control-Allow-Methods"] == "'GET,OPTIONS,POST'"
    assert "*" not in json.dumps([inputs for _, inputs in recorded.of(ANSWER)])


def test_one_origin_needs_no_template(recorded: Recorder) -> None:
    build(recorded, {"cors": {"origins": [APP]}})
    answer = recorded.one(ANSWER, "api-OPTIONS/patients-answer").inputs
    assert "responseTemplates" not in answer
    assert answer["responseParameters"]["method.response.header.Access-Control-Allow-Origin"] == f"'{APP}'"


def test_a_page_can_read_the_apis_own_errors(recorded: Recorder) -> None:
    build(recorded)
    found = {inputs["responseType"]: inputs for _, inputs in recorded.of("aws:apigateway/response:Response")}
    assert set(found) == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for inputs in found.values():
        assert inputs["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == f"'{APP}'"


@pytest.mark.requirement("MSP-EDG-08")
def test_it_is_throttled_as_recorded(recorded: Recorder) -> None:
    build(recorded)
    inputs = recorded.one("aws:apigateway/methodSettings:MethodSettings").inputs
    assert inputs["methodPath"] == "*/*"
    assert (inputs["settings"]["throttlingRateLimit"], inputs["settings"]["throttlingBurstLimit"]) == (2000, 5000)


@pytest.mark.requirement("MSP-EDG-10")
def test_bodies_are_never_logged_nor_who_called(recorded: Recorder) -> None:
    build(recorded)
    settings = recorded.one("aws:apigateway/methodSettings:MethodSettings").inputs["settings"]
    assert (settings["loggingLevel"], settings["dataTraceEnabled"], settings["metricsEnabled"]) == ("INFO", False, True)
    line = recorded.one(STAGE).inputs["accessLogSettings"]["format"]
    assert json.loads(line)["resourcePath"] == "$context.resourcePath"
    for telling in ("identity", "claims", "principalId", "$context.path", "querystring", "body", "message"):
        assert telling not in line


@pytest.mark.requirement("MSP-N12", "MSP-OBS-02", "MSP-OBS-01", "ALL-10")
def test_both_log_groups_and_the_accounts_role_exist_before_the_stage(recorded: Recorder) -> None:
    api = build(recorded)
    id_ = recorded.one(STAGE).inputs["restApi"]
    groups = {entry.inputs["name"]: entry for entry in recorded.all("aws:cloudwatch/logGroup:LogGroup")}
    assert set(groups) == {f"API-Gateway-Execution-Logs_{id_}/prod", "/aws/apigateway/berthcare-staging-api"}
    stage = recorded.one(STAGE)
    for group in groups.values():
        assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (365, KEY_ARN)
        assert group.urn in stage.dependencies
    assert stage.inputs["accessLogSettings"]["destinationArn"] == groups[api.access_log_group_name].outputs["arn"]
    account = recorded.one("aws:apigateway/account:Account")
    assert account.urn in stage.dependencies
    attached = recorded.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attached.inputs["policyArn"].endswith("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
    assert attached.urn in account.dependencies


@pytest.mark.requirement("MSP-N12")
def test_a_second_stack_of_the_region_leaves_the_accounts_role_alone(recorded: Recorder) -> None:
    build(recorded, {"create_log_role": False})
    assert not {"aws:apigateway/account:Account", "aws:iam/role:Role"} & recorded.types


@pytest.mark.requirement("MSP-OPS-12")
def test_a_changed_route_or_origin_is_deployed_and_nothing_else_is() -> None:
    def deployed(settings: dict[str, Any] | None = None) -> str:
        recorder = Recorder()
        build(recorder, settings)
        return recorder.one(DEPLOYMENT).inputs["triggers"]["definition"]

    first = deployed()
    assert deployed() == first
    assert deployed({"throttle": {"rate": 1}}) == first
    assert deployed({"cors": {"origins": [SITE]}}) != first
    assert deployed({"routes": {**ROUTES, "/visits": {"methods": ["GET"], "function": "backend"}}}) != first
    assert deployed({"routes": {**ROUTES, "/health": {**ROUTES["/health"], "mock": {"status": 204}}}}) != first


def test_a_deployment_waits_for_everything_it_takes_a_picture_of(recorded: Recorder) -> None:
    build(recorded)
    needed = recorded.one(DEPLOYMENT).dependencies
    for type_ in (METHOD, INTEGRATION, ANSWER, "aws:apigateway/response:Response"):
        for entry in recorded.all(type_):
            assert entry.urn in needed, entry.name


def test_its_address_has_no_slash_at_the_end(recorded: Recorder) -> None:
    endpoint = recorded.run(lambda: {"endpoint": Api("api", args()).endpoint})["endpoint"]
    assert endpoint.startswith("https://")
    assert endpoint.endswith("/prod")


@pytest.mark.requirement("ALL-08")
def test_its_own_name_replaces_the_default_address(recorded: Recorder) -> None:
    domain = ApiDomain(name="api.example.org", certificate_arn="arn:certificate", zone_id="Z1")
    settings = {"domain_name": "api.example.org"}
    endpoint = recorded.run(lambda: {"it": Api("api", args(settings, domain=domain)).endpoint})["it"]
    assert endpoint == "https://api.example.org"
    assert recorded.one("aws:apigateway/restApi:RestApi").inputs["disableExecuteApiEndpoint"] is True
    named = recorded.one("aws:apigateway/domainName:DomainName").inputs
    assert named["securityPolicy"].startswith("SecurityPolicy_TLS13_1_2_")
    assert named["regionalCertificateArn"] == "arn:certificate"
    record = recorded.one("aws:route53/record:Record").inputs
    assert (record["name"], record["type"], record["zoneId"]) == ("api.example.org", "A", "Z1")
    assert recorded.one("aws:apigateway/basePathMapping:BasePathMapping").inputs["stageName"] == "prod"


def test_a_firewall_may_stand_in_front_of_the_stage(recorded: Recorder) -> None:
    build(recorded, web_acl_arn="arn:acl")
    inputs = recorded.one("aws:wafv2/webAclAssociation:WebAclAssociation").inputs
    assert (inputs["webAclArn"], inputs["resourceArn"]) == ("arn:acl", recorded.one(STAGE).outputs["arn"])


@pytest.mark.parametrize("tracing", [True, False])
def test_tracing_is_a_choice(recorded: Recorder, tracing: bool) -> None:
    build(recorded, {"tracing": tracing})
    assert recorded.one(STAGE).inputs["xrayTracingEnabled"] is tracing


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"functions": {}}, "got none for backend"),
        ({"tokens": None}, "authenticated routes /patients, /patients/{id}, got none"),
        ({"settings": {"domain_name": "api.example.org"}}, "exactly when the settings have a domain_name"),
    ],
)
def test_wiring_that_cannot_work_is_refused_before_anything_is_registered(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        args(**more)
