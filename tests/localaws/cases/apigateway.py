from __future__ import annotations

from tests.localaws.case import Case, Need, Ref
from tests.localaws.cases.cognito import USERS

ROLE = "arn:aws:iam::123456789012:role/clinic-staging-api-logs"
TLS = "SecurityPolicy_TLS13_1_2_PQ_2025_09"
API = {
    "description": "clinic staging",
    "endpointConfiguration": {"types": "REGIONAL"},
    "securityPolicy": TLS,
    "endpointAccessMode": "STRICT",
    "disableExecuteApiEndpoint": False,
    "tags": {"DataClass": "phi"},
}
APIS = {"api": Need("aws:apigateway/restApi:RestApi", {"name": "clinic-staging-api", **API})}
PATH = {"restApi": Ref("api"), "parentId": Ref("api", "rootResourceId"), "pathPart": "patients"}
PATHS = {**APIS, "path": Need("aws:apigateway/resource:Resource", PATH)}
TOKENS = {
    "restApi": Ref("api"),
    "type": "COGNITO_USER_POOLS",
    "providerArns": [Ref("pool", "arn")],
    "identitySource": "method.request.header.Authorization",
    "identityValidationExpression": "abc123",
}
KEY = {"restApi": Ref("api"), "resourceId": Ref("path"), "httpMethod": "GET"}
METHODS = {**PATHS, "method": Need("aws:apigateway/method:Method", {**KEY, "authorization": "NONE"})}
MOCK = {**KEY, "type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
INTEGRATIONS = {**METHODS, "integration": Need("aws:apigateway/integration:Integration", MOCK)}
ANSWERS = {"method.response.header.Access-Control-Allow-Origin": True}
RESPONSES = {
    **INTEGRATIONS,
    "response": Need(
        "aws:apigateway/methodResponse:MethodResponse", {**KEY, "statusCode": "200", "responseParameters": ANSWERS}
    ),
}
DEPLOYED = {**INTEGRATIONS, "deployment": Need("aws:apigateway/deployment:Deployment", {"restApi": Ref("api")})}
LOGGING = {**DEPLOYED, "account": Need("aws:apigateway/account:Account", {"cloudwatchRoleArn": ROLE})}
GROUP = "arn:aws:logs:ca-central-1:123456789012:log-group:/aws/apigateway/clinic"
STAGE = {
    "restApi": Ref("api"),
    "stageName": "prod",
    "deployment": Ref("deployment"),
    "accessLogSettings": {"destinationArn": GROUP, "format": '{"status": "$context.status"}'},
    "xrayTracingEnabled": False,
    "tags": {"DataClass": "phi"},
}
STAGED = {**LOGGING, "stage": Need("aws:apigateway/stage:Stage", STAGE)}
DOMAIN = {
    "regionalCertificateArn": "arn:aws:acm:ca-central-1:123456789012:certificate/11111111-1111-4111-8111-111111111111",
    "endpointConfiguration": {"types": "REGIONAL"},
    "securityPolicy": TLS,
    "endpointAccessMode": "STRICT",
    "tags": {"DataClass": "public"},
}
NAMED = {
    **STAGED,
    "domain": Need("aws:apigateway/domainName:DomainName", {"domainName": "api.staging.example.org", **DOMAIN}),
}
SETTINGS = {
    "loggingLevel": "INFO",
    "dataTraceEnabled": False,
    "metricsEnabled": True,
    "throttlingRateLimit": 2000,
    "throttlingBurstLimit": 5000,
}

CASES = [
    Case("aws:apigateway/restApi:RestApi", {"name": "clinic-api", **API}, {"description": "clinic", "tags": {}}),
    Case("aws:apigateway/resource:Resource", PATH, None, APIS, imports="{restApi}/{id}"),
    Case(
        "aws:apigateway/authorizer:Authorizer",
        {"name": "tokens", **TOKENS},
        {"identityValidationExpression": "def456"},
        {**APIS, **USERS},
        imports="{restApi}/{id}",
    ),
    Case(
        "aws:apigateway/requestValidator:RequestValidator",
        {"name": "parameters", "restApi": Ref("api"), "validateRequestParameters": True, "validateRequestBody": False},
        {"validateRequestBody": True},
        APIS,
        imports="{restApi}/{id}",
    ),
    Case(
        "aws:apigateway/method:Method",
        {**KEY, "authorization": "NONE", "requestParameters": {"method.request.querystring.from": True}},
        {"authorization": "COGNITO_USER_POOLS", "authorizerId": Ref("authorizer")},
        {**PATHS, **USERS, "authorizer": Need("aws:apigateway/authorizer:Authorizer", {"name": "t", **TOKENS})},
        imports="{restApi}/{resourceId}/{httpMethod}",
    ),
    Case(
        "aws:apigateway/integration:Integration",
        {**MOCK, "passthroughBehavior": "WHEN_NO_TEMPLATES"},
        {"requestTemplates": {"application/json": '{"statusCode": 204}'}},
        METHODS,
        imports="{restApi}/{resourceId}/{httpMethod}",
    ),
    Case(
        "aws:apigateway/methodResponse:MethodResponse",
        {**KEY, "statusCode": "200", "responseParameters": ANSWERS},
        {"responseParameters": {**ANSWERS, "method.response.header.Vary": True}},
        METHODS,
        imports="{restApi}/{resourceId}/{httpMethod}/{statusCode}",
    ),
    Case(
        "aws:apigateway/integrationResponse:IntegrationResponse",
        {
            **KEY,
            "statusCode": "200",
            "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://app.example.org'"},
            "responseTemplates": {"application/json": '{"status": "ok"}'},
        },
        {"responseTemplates": {"application/json": '{"status": "fine"}'}},
        RESPONSES,
        imports="{restApi}/{resourceId}/{httpMethod}/{statusCode}",
    ),
    Case(
        "aws:apigateway/response:Response",
        {
            "restApiId": Ref("api"),
            "responseType": "DEFAULT_4XX",
            "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://app.example.org'"},
        },
        {"responseParameters": {"gatewayresponse.header.Vary": "'Origin'"}},
        APIS,
        imports="{restApiId}/{responseType}",
    ),
    Case(
        "aws:apigateway/deployment:Deployment",
        {"restApi": Ref("api"), "triggers": {"definition": "1"}},
        None,
        INTEGRATIONS,
        imports="{restApi}/{id}",
        unread=("triggers",),
    ),
    Case(
        "aws:apigateway/stage:Stage",
        STAGE,
        {"xrayTracingEnabled": True, "tags": {"DataClass": "internal"}},
        LOGGING,
        imports="{restApi}/{stageName}",
    ),
    Case(
        "aws:apigateway/methodSettings:MethodSettings",
        {"restApi": Ref("api"), "stageName": "prod", "methodPath": "*/*", "settings": SETTINGS},
        {"settings": {**SETTINGS, "throttlingRateLimit": 100}},
        STAGED,
        imports="{restApi}/{stageName}/{methodPath}",
    ),
    Case("aws:apigateway/account:Account", {"cloudwatchRoleArn": ROLE}, {"cloudwatchRoleArn": f"{ROLE}-2"}),
    Case(
        "aws:apigateway/domainName:DomainName",
        {"domainName": "api.example.org", **DOMAIN},
        {"tags": {"DataClass": "internal"}},
    ),
    Case(
        "aws:apigateway/basePathMapping:BasePathMapping",
        {"domainName": "api.staging.example.org", "restApi": Ref("api"), "stageName": "prod"},
        None,
        NAMED,
        imports="{domainName}/",
    ),
]
