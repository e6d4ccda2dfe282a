"""Amazon API Gateway: callers are known, requests logged without their contents, nothing ends abroad."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..config import Config
from ..credentials import within
from ..documents import conditions, statements
from ..expect import SET, TRUE
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule
from ..values import View

STAGE = "aws:apigateway/stage:Stage"
STAGE_V2 = "aws:apigatewayv2/stage:Stage"
SETTINGS = "aws:apigateway/methodSettings:MethodSettings"
DOMAIN = "aws:apigateway/domainName:DomainName"
DOMAIN_V2 = "aws:apigatewayv2/domainName:DomainName"
METHOD = "aws:apigateway/method:Method"
PATH = "aws:apigateway/resource:Resource"
ROUTE = "aws:apigatewayv2/route:Route"
REST = "aws:apigateway/restApi:RestApi"
API = "aws:apigatewayv2/api:Api"
GUIDE = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
TLS_POLICIES = ("TLS_1_2", "SecurityPolicy_TLS12", "SecurityPolicy_TLS13")
"""What the name of a security policy of TLS 1.2 or newer begins with."""
_HEALTH = re.compile(r"(?i)/(health|healthz|ping|live|ready|status)/?$")
_PRIVATE_FIELDS = ("$context.authorizer.claims", "$context.requestOverride", "$input", "querystring", "$context.path")


access_logs = requires(
    "apigw-access-logs",
    (STAGE, STAGE_V2),
    {"accessLogSettings.destinationArn": SET},
    title="Calls of APIs are recorded",
    severity=MEDIUM,
    url=GUIDE + "set-up-logging.html",
)


def _levels(stage: Resource, stack: Stack) -> list[str | None]:
    if stage.type == STAGE_V2:
        path = "defaultRouteSettings.loggingLevel"
        return [stage.text(path)]
    settings = stack.users(stage, SETTINGS, property="stageName")
    for api in stack.targets(stage, "restApi", REST):
        settings += [each for each in stack.users(api, SETTINGS, property="restApi") if each not in settings]
    return [each.text("settings.loggingLevel") for each in settings]


@linked_rule(
    "apigw-execution-logs",
    types=(STAGE, STAGE_V2),
    title="Failures inside APIs are recorded",
    severity=MEDIUM,
    remedy="Add MethodSettings of the stage with loggingLevel ERROR or INFO.",
    url=GUIDE + "set-up-logging.html",
)
def execution_logs(stage: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if stage.type == STAGE_V2 and not _websocket(stage, stack):
        return
    if not {"ERROR", "INFO"} & set(_levels(stage, stack)):
        yield "no MethodSettings (defaultRouteSettings) with loggingLevel ERROR or INFO."


def _websocket(stage: Resource, stack: Stack) -> bool:
    """Execution logs are for WebSocket APIs; HTTP APIs have none."""
    return any(
        not api.unknown("protocolType") and api.text("protocolType") == "WEBSOCKET"
        for api in stack.targets(stage, "apiId", API)
    )


@resource_rule(
    "apigw-no-payload-trace",
    types=(SETTINGS, STAGE_V2),
    title="Bodies of requests are not logged",
    severity=CRITICAL,
    remedy="Set dataTraceEnabled: false.",
    url=GUIDE + "set-up-logging.html",
)
def no_payload_trace(resource: Resource, config: Config) -> Iterator[str]:
    views = [resource.view("settings"), resource.view("defaultRouteSettings"), *resource.views("routeSettings")]
    for view in views:
        if view.flag("dataTraceEnabled"):
            yield f"{view.where('dataTraceEnabled')} writes patient data to logs."


@resource_rule(
    "apigw-log-format-no-phi",
    types=(STAGE, STAGE_V2),
    title="Records of calls hold no patient data",
    severity=MEDIUM,
    remedy="Use a JSON accessLogSettings.format without claims, query strings and paths with identifiers.",
    url=GUIDE + "set-up-logging.html",
)
def log_format(resource: Resource, config: Config) -> Iterator[str]:
    text = resource.text("accessLogSettings.format")
    if text is None:
        return
    found = [field for field in _PRIVATE_FIELDS if re.search(re.escape(field) + r"\b", text)]
    if found:
        yield f"accessLogSettings.format holds {', '.join(found)}."
    if not text.lstrip().startswith("{"):
        yield "accessLogSettings.format is not JSON."


cache_encrypted = requires(
    "apigw-cache-encrypted",
    SETTINGS,
    {"settings.cacheDataEncrypted": TRUE},
    when=lambda resource, _: resource.flag("settings.cachingEnabled") is True,
    title="Cached answers are encrypted",
    severity=HIGH,
    url=GUIDE + "data-protection-encryption.html",
)
backend_certificate = requires(
    "apigw-backend-client-cert",
    STAGE,
    {"clientCertificateId": SET},
    title="Backends can tell API Gateway from others",
    severity=LOW,
    url=GUIDE + "getting-started-client-side-ssl-authentication.html",
)


@resource_rule(
    "apigw-domain-tls",
    types=(DOMAIN, DOMAIN_V2, REST),
    title="APIs and their domains accept TLS 1.2 and newer",
    severity=HIGH,
    remedy="Set securityPolicy: TLS_1_2.",
    url=GUIDE + "apigateway-custom-domain-tls-version.html",
)
def domain_tls(resource: Resource, config: Config) -> Iterator[str]:
    """Of an API the policy it names: what one without has is AWS's choice by its kind."""
    if resource.type == REST and not resource.has("securityPolicy"):
        return
    path = "domainNameConfiguration.securityPolicy" if resource.type == DOMAIN_V2 else "securityPolicy"
    policy = resource.text(path) or ""
    if not policy.startswith(TLS_POLICIES):
        yield f"{path} must be TLS_1_2."


@linked_rule(
    "apigw-authorization",
    types=(METHOD, ROUTE, REST, API),
    title="Every call says who calls",
    severity=CRITICAL,
    remedy="Set authorization (authorizationType): AWS_IAM, COGNITO_USER_POOLS, CUSTOM or JWT; in a body, security.",
    url=GUIDE + "apigateway-control-access-to-api.html",
)
def authorization(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if resource.type in (REST, API):
        yield from _unguarded(resource)
        return
    if resource.type == METHOD:
        name = "authorization"
        parts = [each.text("pathPart") for each in stack.targets(resource, "resourceId", PATH)]
        free = resource.text("httpMethod") == "OPTIONS" or any(_HEALTH.search(f"/{part}") for part in parts)
    else:
        name = "authorizationType"
        key = resource.text("routeKey") or ""
        free = key.startswith("OPTIONS ") or key == "$disconnect" or _HEALTH.search(key)
    if not free and resource.text(name) in (None, "NONE"):
        yield f"{name} must not be NONE."


_OPERATIONS = ("get", "put", "post", "delete", "patch", "head", "x-amazon-apigateway-any-method")


def _unguarded(api: Resource) -> Iterator[str]:
    """Calls that an API declares itself, by its target or in its OpenAPI body, and lets anyone make."""
    if api.has("target") and not _HEALTH.search(api.text("routeKey") or ""):
        yield "target makes a route that asks nobody who they are; declare a Route with an authorizer."
    body = View(api.document("body"))
    for path, operations in body.mapping("paths").items():
        for name, operation in operations.items() if isinstance(operations, dict) else ():
            if name.lower() not in _OPERATIONS or _HEALTH.search(path) or not isinstance(operation, dict):
                continue
            if not operation.get("security") and "x-amazon-apigateway-auth" not in operation:
                yield f"body: {name} {path} has no security."


@linked_rule(
    "apigw-waf",
    types=STAGE,
    title="A web ACL stands before APIs",
    severity=HIGH,
    remedy="Add a WebAclAssociation of the stage.",
    url=GUIDE + "apigateway-control-access-aws-waf.html",
)
def waf(stage: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if any(_private(api) for api in stack.targets(stage, "restApi", REST)):
        return
    if not stack.users(stage, "aws:wafv2/webAclAssociation:WebAclAssociation", property="resourceArn"):
        yield "no WebAclAssociation names it."


def _private(api: Resource) -> bool:
    return "PRIVATE" in api.texts("endpointConfiguration.types")


request_validation = requires(
    "apigw-request-validation",
    METHOD,
    {"requestValidatorId": SET},
    when=lambda resource, _: resource.text("httpMethod") in ("POST", "PUT", "PATCH"),
    title="Malformed requests are refused before they reach code",
    severity=LOW,
    url=GUIDE + "api-gateway-method-request-validation.html",
)


@resource_rule(
    "apigw-throttling",
    types=(SETTINGS, STAGE_V2),
    title="APIs have limits of requests",
    severity=LOW,
    remedy="Set throttlingRateLimit and throttlingBurstLimit.",
    url=GUIDE + "api-gateway-request-throttling.html",
)
def throttling(resource: Resource, config: Config) -> Iterator[str]:
    view = resource.view("settings" if resource.type == SETTINGS else "defaultRouteSettings")
    for name in ("throttlingRateLimit", "throttlingBurstLimit"):
        if (view.number(name) or -1) <= 0:
            yield f"{view.where(name)} is not set."


tracing = requires(
    "apigw-tracing",
    STAGE,
    {"xrayTracingEnabled": TRUE},
    title="Calls can be followed through the system",
    severity=LOW,
    url=GUIDE + "apigateway-xray.html",
)


@resource_rule(
    "apigw-no-edge-endpoint",
    types=(REST, DOMAIN),
    title="APIs end inside the jurisdiction",
    severity=HIGH,
    remedy="Set endpointConfiguration.types: REGIONAL or PRIVATE.",
    url=GUIDE + "api-gateway-api-endpoint-types.html",
)
def no_edge(resource: Resource, config: Config) -> Iterator[str]:
    types = resource.texts("endpointConfiguration.types")
    if not types or "EDGE" in types:
        yield "endpointConfiguration.types must be REGIONAL or PRIVATE: EDGE, the default, ends TLS at edges abroad."


@linked_rule(
    "apigw-private-policy",
    types=REST,
    title="Private APIs name the endpoints that reach them",
    severity=HIGH,
    remedy="Add a RestApiPolicy with a condition on aws:SourceVpce (or aws:SourceVpc).",
    url=GUIDE + "apigateway-private-apis.html",
)
def private_policy(api: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not _private(api):
        return
    documents: list[View] = [api, *stack.users(api, "aws:apigateway/restApiPolicy:RestApiPolicy", property="restApiId")]
    keys = {key for each in documents for one in statements(each, "policy") for _, key, _ in conditions(one)}
    if not keys & {"aws:sourcevpce", "aws:sourcevpc"}:
        yield "no policy names the VPC endpoints (aws:SourceVpce) that may call it."


@linked_rule(
    "apigw-default-endpoint-off",
    types=(REST, API),
    title="APIs with a domain are reached by it only",
    severity=LOW,
    remedy="Set disableExecuteApiEndpoint: true.",
    url=GUIDE + "rest-api-disable-default-endpoint.html",
)
def default_endpoint(api: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    mapped = stack.users(api, "aws:apigateway/basePathMapping:BasePathMapping", property="restApi")
    mapped += stack.users(api, "aws:apigatewayv2/apiMapping:ApiMapping", property="apiId")
    if mapped and api.flag("disableExecuteApiEndpoint") is not True:
        yield "disableExecuteApiEndpoint must be true: the other address passes by what guards the domain."


@resource_rule(
    "apigw-cors-bounded",
    types=API,
    title="APIs answer named sites only",
    severity=MEDIUM,
    remedy="Name the origins in corsConfiguration.allowOrigins.",
    url=GUIDE + "http-api-cors.html",
)
def cors(resource: Resource, config: Config) -> Iterator[str]:
    if "*" in resource.texts("corsConfiguration.allowOrigins"):
        yield "corsConfiguration.allowOrigins must not hold *."


@resource_rule(
    "apigw-stage-variables-clean",
    types=(STAGE, STAGE_V2),
    title="Stage variables hold no credential",
    severity=CRITICAL,
    remedy="Keep the value in Secrets Manager and read it in the backend.",
    url=GUIDE + "stage-variables.html",
)
def stage_variables(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("variables", "stageVariables"):
        for path, what in within(resource.view(name)):
            yield f"{path} holds {what}."
