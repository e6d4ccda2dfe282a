"""The HTTP API: every path, method and answer as a resource of its own, so that each can be judged and diffed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pulumi

from components.iam_documents import trust_of_passed_role
from components.scope import DataClass, Scope
from settings.api import ApiSettings, MockSettings, RouteSettings

if TYPE_CHECKING:
    from pulumi_aws import apigateway, cloudwatch

LOG_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
TLS_POLICY = "SecurityPolicy_TLS13_1_2_PQ_2025_09"  # TLS 1.2 or newer, with post-quantum key exchange (ALL-08)
_ACCESS_MODE = "STRICT"  # such a policy demands a mode; this one refuses requests whose SNI and Host differ
_JSON = "application/json"
_ALLOWED_ORIGIN = "Access-Control-Allow-Origin"
_ACCESS_LOG_FIELDS = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "httpMethod": "$context.httpMethod",
    "resourcePath": "$context.resourcePath",  # the route, `/patients/{id}`; $context.path would name the patient
    "status": "$context.status",
    "errorType": "$context.error.responseType",
    "authorizerStatus": "$context.authorizer.status",
    "firewallStatus": "$context.waf.status",
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integration.latency",
    "responseLatency": "$context.responseLatency",
    "responseLength": "$context.responseLength",
    "protocol": "$context.protocol",
    "tlsVersion": "$context.tlsVersion",
    "traceId": "$context.xrayTraceId",
}
"""What a line of the access log says: nothing of who called, from where, about whom (MSP-EDG-10)."""


@dataclass(frozen=True, kw_only=True)
class CalledFunction:
    """A function behind routes.   name: physical name, of a function that exists.   invoke_arn: what the API calls."""

    name: pulumi.Input[str]
    invoke_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Whose ID tokens the API accepts.   user_pool_arn: the directory.   client_id: the application they are for."""

    user_pool_arn: pulumi.Input[str]
    client_id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ApiDomain:
    """The API's own name.   certificate_arn: issued for it, in the API's region.   zone_id: hosted zone for it."""

    name: str
    certificate_arn: pulumi.Input[str]
    zone_id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ApiArgs:
    """Inputs of `Api`.

    logs_kms_key_arn: key of both log groups.   functions: name in the settings → function.
    tokens: needed when a route is authenticated.   web_acl_arn: regional firewall of the stage; None: none.
    """

    scope: Scope
    settings: ApiSettings
    logs_kms_key_arn: pulumi.Input[str]
    functions: Mapping[str, CalledFunction] = field(default_factory=dict[str, CalledFunction])
    tokens: Tokens | None = None
    web_acl_arn: pulumi.Input[str] | None = None
    domain: ApiDomain | None = None

    def __post_init__(self) -> None:
        routes = self.settings.routes
        missing = sorted({*self.settings.functions} - {*self.functions})
        if missing:
            raise ValueError(f"functions: want every function the routes name, got none for {', '.join(missing)}")
        guarded = [path for path, route in routes.items() if route.authenticated]
        if guarded and self.tokens is None:
            raise ValueError(f"tokens: want a user pool for the authenticated routes {', '.join(guarded)}, got none")
        if (self.settings.domain_name is None) != (self.domain is None):
            raise ValueError("domain: want it exactly when the settings have a domain_name")


class Api(pulumi.ComponentResource):
    """A regional REST API: TLS 1.2 or newer, tokens checked before any code runs, throttled, logged without bodies.

    Every path is a resource rather than a line of an OpenAPI body: policies see each method and its authorization, a
    preview shows which route changes, and a route can be waived by name.
    Raises ValueError (from ApiArgs) before anything is registered.
    Source: Amazon API Gateway Developer Guide, "Set up CloudWatch logging for REST APIs", "Control access using Cognito
    user pools", "Enable CORS for a REST API resource", "Security policies for REST APIs"; MSP-EDG-07 to 12, MSP-CMP-03,
    MSP-N12, MSP-N28, ALL-08, ALL-10; 45 CFR 164.312(a)(1), 164.312(b), 164.312(d), 164.312(e)(1).
    """

    name: str  # physical name, known in advance; dimension `ApiName` of its metrics
    stage_name: str  # dimension `Stage`
    id: pulumi.Output[str]
    endpoint: pulumi.Output[str]  # https://…, without a slash at the end
    stage_arn: pulumi.Output[str]
    access_log_group_name: str
    execution_log_group_name: pulumi.Output[str]  # AWS decides it, from the API's id

    def __init__(self, name: str, args: ApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:api:Api", name, {}, opts)
        from pulumi_aws import apigateway

        scope, settings = args.scope, args.settings
        self._name, self._args = name, args
        self._parts: list[pulumi.Resource] = []  # what a deployment takes a picture of
        self._definition: list[Any] = []  # the same as data: another one means another deployment
        self.name, self.stage_name = scope.name("api"), settings.stage
        self.access_log_group_name = f"/aws/apigateway/{self.name}"
        self._api = apigateway.RestApi(
            f"{name}-api",
            name=self.name,
            description=f"{scope.system} {scope.environment}",
            endpoint_configuration={"types": "REGIONAL"},
            security_policy=TLS_POLICY,
            endpoint_access_mode=_ACCESS_MODE,
            disable_execute_api_endpoint=args.domain is not None,
            tags=scope.tagged(DataClass.PHI, self.name, Exposure="public"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = self._api.id
        self._authorizer = self._tokens()
        self._validator = apigateway.RequestValidator(
            f"{name}-validator",
            name=f"{self.name}-parameters",
            rest_api=self._api.id,
            validate_request_parameters=True,
            validate_request_body=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._routes()
        self._errors()
        stage = self._stage(self._deployment())
        self.stage_arn = stage.arn
        self.endpoint = self._named(stage)
        if args.web_acl_arn is not None:
            from pulumi_aws import wafv2

            wafv2.WebAclAssociation(
                f"{name}-firewall",
                resource_arn=stage.arn,
                web_acl_arn=args.web_acl_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"endpoint": self.endpoint})

    # --- who may call

    def _tokens(self) -> apigateway.Authorizer | None:
        """ID tokens of the one application; those of another client of the pool are refused."""
        if self._args.tokens is None:
            return None
        from pulumi_aws import apigateway

        return apigateway.Authorizer(
            f"{self._name}-tokens",
            name=f"{self.name}-tokens",
            rest_api=self._api.id,
            type="COGNITO_USER_POOLS",
            provider_arns=[self._args.tokens.user_pool_arn],
            identity_source="method.request.header.Authorization",
            identity_validation_expression=self._args.tokens.client_id,
            opts=pulumi.ResourceOptions(parent=self),
        )

    # --- paths and methods

    def _routes(self) -> None:
        nodes: dict[str, pulumi.Output[str]] = {"": self._api.root_resource_id}
        for path, route in self._args.settings.routes.items():
            place = ""
            for part in filter(None, path.split("/")):
                parent, place = place, f"{place}/{part}"
                if place not in nodes:
                    nodes[place] = self._path(place, part, nodes[parent])
            for method in route.methods:
                self._method(path, nodes[place], method.value, route)
            self._preflight(path, nodes[place], route)
            if route.function is not None:
                self._permission(path, self._args.functions[route.function])

    def _path(self, path: str, part: str, parent_id: pulumi.Output[str]) -> pulumi.Output[str]:
        from pulumi_aws import apigateway

        resource = apigateway.Resource(
            f"{self._name}{path}",
            rest_api=self._api.id,
            parent_id=parent_id,
            path_part=part,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return resource.id

    def _method(self, path: str, resource_id: pulumi.Output[str], verb: str, route: RouteSettings) -> None:
        from pulumi_aws import apigateway

        parameters = {f"method.request.path.{name}": True for name in _variables(path)}
        parameters |= {f"method.request.querystring.{name}": True for name in route.query}
        guarded = route.authenticated and self._authorizer is not None
        method = apigateway.Method(
            f"{self._name}-{verb}{path}",
            rest_api=self._api.id,
            resource_id=resource_id,
            http_method=verb,
            authorization="COGNITO_USER_POOLS" if guarded else "NONE",
            authorizer_id=self._authorizer.id if guarded and self._authorizer is not None else None,
            request_validator_id=self._validator.id,
            request_parameters=parameters or None,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._deployed(method, verb, path, parameters, guarded)
        if route.mock is not None:
            self._answer(f"{self._name}-{verb}{path}", method, _mock(route.mock, self._args.settings.cors.origins))
        elif route.function is not None:
            integration = apigateway.Integration(
                f"{self._name}-{verb}{path}-function",
                rest_api=self._api.id,
                resource_id=resource_id,
                http_method=method.http_method,
                type="AWS_PROXY",
                integration_http_method="POST",
                uri=self._args.functions[route.function].invoke_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self._deployed(integration, verb, path, route.function)

    def _preflight(self, path: str, resource_id: pulumi.Output[str], route: RouteSettings) -> None:
        """What a browser asks before it calls from another origin; it never sends a token with that (MSP-EDG-09)."""
        from pulumi_aws import apigateway

        cors = self._args.settings.cors
        method = apigateway.Method(
            f"{self._name}-OPTIONS{path}",
            rest_api=self._api.id,
            resource_id=resource_id,
            http_method="OPTIONS",
            authorization="NONE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        verbs = sorted({*(method.value for method in route.methods), "OPTIONS"})
        headers = {
            **_origin_headers(cors.origins),
            "Access-Control-Allow-Headers": f"'{','.join(cors.headers)}'",
            "Access-Control-Allow-Methods": f"'{','.join(verbs)}'",
            "Access-Control-Max-Age": f"'{cors.max_age_seconds}'",
        }
        answer = _Fixed(status=204, headers=headers, template=_origin_template(cors.origins))
        self._answer(f"{self._name}-OPTIONS{path}", method, answer)

    def _answer(self, logical: str, method: apigateway.Method, answer: _Fixed) -> None:
        """A fixed answer: what API Gateway says when it calls nothing."""
        from pulumi_aws import apigateway

        child = pulumi.ResourceOptions(parent=self)
        integration = apigateway.Integration(
            f"{logical}-fixed",
            rest_api=self._api.id,
            resource_id=method.resource_id,
            http_method=method.http_method,
            type="MOCK",
            passthrough_behavior="WHEN_NO_TEMPLATES",
            request_templates={_JSON: json.dumps({"statusCode": answer.status})},
            opts=child,
        )
        response = apigateway.MethodResponse(
            f"{logical}-response",
            rest_api=self._api.id,
            resource_id=method.resource_id,
            http_method=method.http_method,
            status_code=str(answer.status),
            response_parameters={f"method.response.header.{header}": True for header in answer.headers},
            opts=child,
        )
        mapped = apigateway.IntegrationResponse(
            f"{logical}-answer",
            rest_api=self._api.id,
            resource_id=method.resource_id,
            http_method=integration.http_method,
            status_code=response.status_code,
            response_parameters={f"method.response.header.{key}": value for key, value in answer.headers.items()},
            response_templates={_JSON: answer.template} if answer.template else None,
            opts=child,
        )
        self._deployed(mapped, logical, answer.status, answer.headers, answer.template)
        self._parts += [method, integration, response]

    def _permission(self, path: str, function: CalledFunction) -> None:
        """Lets this route of this stage, and nothing else of API Gateway, call the function."""
        from pulumi_aws import lambda_

        route = "".join(f"/{'*' if part.startswith('{') else part}" for part in path.strip("/").split("/"))
        lambda_.Permission(
            f"{self._name}-calls{path}",
            statement_id=_statement_id(path),
            action="lambda:InvokeFunction",
            function=function.name,
            principal="apigateway.amazonaws.com",
            source_account=self._args.scope.account_id,
            source_arn=pulumi.Output.concat(self._api.execution_arn, f"/{self.stage_name}/*{route}"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _errors(self) -> None:
        """The API's own errors, readable for the first origin: without the header a page only sees that a call failed.

        API Gateway takes one fixed value here, and naming whatever origin asked would admit them all.
        """
        from pulumi_aws import apigateway

        cors = self._args.settings.cors
        headers = {**_origin_headers(cors.origins), "Access-Control-Allow-Headers": f"'{','.join(cors.headers)}'"}
        for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
            response = apigateway.Response(
                f"{self._name}-{kind.lower().replace('_', '-')}",
                rest_api_id=self._api.id,
                response_type=kind,
                response_parameters={f"gatewayresponse.header.{key}": value for key, value in headers.items()},
                opts=pulumi.ResourceOptions(parent=self),
            )
            self._deployed(response, kind, headers)

    # --- what is running

    def _deployed(self, part: pulumi.Resource, *definition: Any) -> None:
        self._parts.append(part)
        self._definition.append(definition)

    def _deployment(self) -> apigateway.Deployment:
        from pulumi_aws import apigateway

        text = json.dumps([TLS_POLICY, *self._definition], sort_keys=True)
        triggers: dict[str, pulumi.Input[str]] = {"definition": sha256(text.encode()).hexdigest()}
        if self._authorizer is not None:
            triggers["authorizer"] = self._authorizer.id
        return apigateway.Deployment(
            f"{self._name}-deployment",
            rest_api=self._api.id,
            triggers=triggers,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._parts),
        )

    def _stage(self, deployment: apigateway.Deployment) -> apigateway.Stage:
        from pulumi_aws import apigateway

        scope, settings = self._args.scope, self._args.settings
        needs = self._log_role()
        access = self._log_group("access", self.access_log_group_name, DataClass.INTERNAL)
        self.execution_log_group_name = pulumi.Output.concat(
            "API-Gateway-Execution-Logs_", self._api.id, f"/{settings.stage}"
        )
        execution = self._log_group("execution", self.execution_log_group_name, DataClass.PHI)
        stage = apigateway.Stage(
            f"{self._name}-stage",
            rest_api=self._api.id,
            stage_name=settings.stage,
            deployment=deployment.id,
            access_log_settings={"destination_arn": access.arn, "format": json.dumps(_ACCESS_LOG_FIELDS)},
            xray_tracing_enabled=settings.tracing,
            tags=scope.tagged(DataClass.PHI, self.name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[execution, *needs]),
        )
        apigateway.MethodSettings(
            f"{self._name}-methods",
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings={
                "logging_level": settings.log_level.value,
                "data_trace_enabled": False,  # it would log whole requests and answers
                "metrics_enabled": True,
                "throttling_rate_limit": settings.throttle.rate,
                "throttling_burst_limit": settings.throttle.burst,
                "caching_enabled": False,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        return stage

    def _log_group(self, role: str, physical: pulumi.Input[str], data_class: DataClass) -> cloudwatch.LogGroup:
        from pulumi_aws import cloudwatch

        scope = self._args.scope
        return cloudwatch.LogGroup(
            f"{self._name}-{role}-log",
            name=physical,
            retention_in_days=self._args.settings.log_days,
            kms_key_id=self._args.logs_kms_key_arn,
            tags=scope.tagged(data_class, scope.name(f"api-{role}")),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _log_role(self) -> list[pulumi.Resource]:
        """The role with which API Gateway writes logs, a setting of the whole account in this region (MSP-N12)."""
        if not self._args.settings.create_log_role:
            return []
        from pulumi_aws import apigateway, iam

        child, scope = pulumi.ResourceOptions(parent=self), self._args.scope
        physical = scope.name("api-logs", limit=64)
        role = iam.Role(
            f"{self._name}-logs",
            name=physical,
            description="Lets API Gateway write the logs of every API of this account and region",
            assume_role_policy=trust_of_passed_role("apigateway.amazonaws.com"),
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        # API Gateway tries the role when it is set, and refuses one with less than this policy
        policy = iam.RolePolicyAttachment(
            f"{self._name}-logs-policy", role=role.name, policy_arn=LOG_POLICY, opts=child
        )
        account = apigateway.Account(
            f"{self._name}-account",
            cloudwatch_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        return [account]

    def _named(self, stage: apigateway.Stage) -> pulumi.Output[str]:
        """The API's address: its own name when it has one, else the one AWS gives it."""
        domain, scope = self._args.domain, self._args.scope
        if domain is None:
            return stage.invoke_url
        from pulumi_aws import apigateway, route53

        child = pulumi.ResourceOptions(parent=self)
        named = apigateway.DomainName(
            f"{self._name}-domain",
            domain_name=domain.name,
            regional_certificate_arn=domain.certificate_arn,
            endpoint_configuration={"types": "REGIONAL"},
            security_policy=TLS_POLICY,
            endpoint_access_mode=_ACCESS_MODE,
            tags=scope.tagged(DataClass.PUBLIC, domain.name),
            opts=child,
        )
        mapping = apigateway.BasePathMapping(
            f"{self._name}-mapping",
            domain_name=named.domain_name,
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            opts=child,
        )
        record = route53.Record(
            f"{self._name}-record",
            zone_id=domain.zone_id,
            name=domain.name,
            type="A",
            aliases=[
                {
                    "name": named.regional_domain_name,
                    "zone_id": named.regional_zone_id,
                    "evaluate_target_health": False,
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[mapping]),
        )
        return pulumi.Output.concat("https://", record.fqdn)


@dataclass(frozen=True, kw_only=True)
class _Fixed:
    """An answer without code behind it.   headers: name → API Gateway's mapping expression.   template: of the body."""

    status: int
    headers: Mapping[str, str]
    template: str


def _mock(settings: MockSettings, origins: tuple[str, ...]) -> _Fixed:
    body = json.dumps(settings.body, ensure_ascii=False)
    return _Fixed(
        status=settings.status, headers=_origin_headers(origins), template=f"{_origin_template(origins)}{body}"
    )


def _origin_headers(origins: tuple[str, ...]) -> dict[str, str]:
    """The first origin, unless a template names another one of the list; caches must then tell origins apart."""
    vary = {} if origins == ("*",) else {"Vary": "'Origin'"}
    return {_ALLOWED_ORIGIN: f"'{origins[0]}'", **vary}


def _origin_template(origins: tuple[str, ...]) -> str:
    """Velocity that answers an origin of the list with itself; nothing for one origin, which is the fixed value."""
    if len(origins) == 1:
        return ""
    known = " || ".join(f'$origin == "{origin}"' for origin in origins)
    return (
        '#set($origin = $input.params().header.get("Origin"))\n'
        '#if(!$origin || $origin == "")#set($origin = $input.params().header.get("origin"))#end\n'
        f"#if({known})#set($context.responseOverride.header.{_ALLOWED_ORIGIN} = $origin)#end\n"
    )


def _variables(path: str) -> list[str]:
    """Names of the variable parts of a path."""
    return [part.strip("{}+") for part in path.split("/") if part.startswith("{")]


def _statement_id(path: str) -> str:
    """Name of a route's permission: Lambda takes at most 100 letters, digits, hyphens and underscores."""
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", path).strip("-")
    return f"api-{readable[:80]}-{sha256(path.encode()).hexdigest()[:8]}"
