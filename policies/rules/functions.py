"""AWS Lambda: functions in the network, called by whom they name, without secrets in their settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..conditions import patient_data
from ..config import Config
from ..credentials import REFERENCES, SECRET_NAME, within
from ..expect import SET, none_of, one_of
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule, stack_rule
from .iam import own_accounts

FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
URL = "aws:lambda/functionUrl:FunctionUrl"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
LAYER_PERMISSION = "aws:lambda/layerVersionPermission:LayerVersionPermission"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg/"
AWS_LAYERS = frozenset(
    {"580247275435", "015030872274", "034541671702", "094274105915", "133490724326", "336392948345", "200266452380",
     "590474943231", "901920570463", "615299751070"}
)  # fmt: skip
"""Accounts in which AWS itself publishes layers (Lambda Insights, Powertools, Parameters and Secrets)."""
ENDED_RUNTIMES = (
    "nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x",
    "nodejs16.x", "nodejs18.x", "nodejs20.x", "python2.7", "python3.6", "python3.7", "python3.8", "python3.9",
    "python3.10", "java8", "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet5.0", "dotnet6",
    "dotnet7", "dotnet8", "go1.x", "ruby2.5", "ruby2.7", "ruby3.2", "provided", "provided.al2",
)  # fmt: skip
"""Runtimes past their deprecation date (Lambda developer guide, Lambda runtimes, November 2026)."""


@resource_rule(
    "lambda-in-vpc",
    types=FUNCTION,
    title="Functions that handle patient data are in the network, in two zones",
    severity=HIGH,
    remedy="Set vpcConfig with subnets of two zones.",
    url=GUIDE + "configuration-vpc.html",
)
def in_vpc(resource: Resource, config: Config) -> Iterator[str]:
    if not patient_data(resource, config):
        return
    found = resource.get("vpcConfig.subnetIds")
    if len(found if isinstance(found, list) else []) < 2:
        yield "vpcConfig.subnetIds: expected two or more."


@resource_rule(
    "lambda-no-public-permission",
    types=PERMISSION,
    title="Nobody unnamed may call a function",
    severity=CRITICAL,
    remedy="Name the principal, with sourceArn or principalOrgId.",
    url=GUIDE + "access-control-resource-based.html",
)
def no_public_permission(resource: Resource, config: Config) -> Iterator[str]:
    bound = any(resource.has(name) for name in ("sourceArn", "sourceAccount", "principalOrgId"))
    if resource.text("principal") == "*" and not bound:
        yield "principal * lets anyone call the function."


permission_bound = requires(
    "lambda-permission-source-bound",
    PERMISSION,
    {"sourceArn": SET},
    when=lambda resource, _: (
        (resource.text("principal") or "").endswith(".amazonaws.com") and not resource.has("sourceAccount")
    ),
    title="Services call functions for named resources only",
    severity=HIGH,
    remedy="Set sourceArn (or sourceAccount).",
    url=GUIDE + "permissions-function-services.html",
)
url_auth = requires(
    "lambda-url-auth",
    URL,
    {"authorizationType": none_of("NONE")},
    title="Addresses of functions ask who calls",
    severity=CRITICAL,
    remedy="Set authorizationType: AWS_IAM.",
    url=GUIDE + "urls-auth.html",
)


@resource_rule(
    "lambda-url-cors",
    types=URL,
    title="Functions answer named sites only",
    severity=LOW,
    remedy="Name the origins in cors.allowOrigins.",
    url=GUIDE + "urls-configuration.html",
)
def url_cors(resource: Resource, config: Config) -> Iterator[str]:
    if "*" in resource.texts("cors.allowOrigins"):
        yield "cors.allowOrigins must not hold *."


env_cmk = requires(
    "lambda-env-cmk",
    FUNCTION,
    {"kmsKeyArn": SET},
    when=lambda resource, _: resource.has("environment.variables"),
    title="Settings of functions are encrypted with a customer key",
    severity=MEDIUM,
    url=GUIDE + "configuration-envvars-encryption.html",
)


@resource_rule(
    "lambda-env-no-secrets",
    types=FUNCTION,
    title="Settings of functions hold no credential",
    severity=CRITICAL,
    remedy="Pass the ARN of a secret, and read it in the function.",
    url=GUIDE + "configuration-envvars.html",
)
def env_no_secrets(resource: Resource, config: Config) -> Iterator[str]:
    found = {path: what for path, what in within(resource.view("environment.variables"))}
    for name, value in resource.mapping("environment.variables").items():
        path = f"environment.variables.{name}"
        refers = isinstance(value, str) and (value.startswith(REFERENCES) or value.lower() in ("true", "false", ""))
        if path in found:
            yield f"{path} holds {found[path]}."
        elif isinstance(value, str) and SECRET_NAME.search(name) and not refers:
            yield f"{path} has the name of a credential and a plain value."


@linked_rule(
    "lambda-failure-destination",
    types=FUNCTION,
    title="Calls that fail are kept",
    severity=LOW,
    remedy="Set deadLetterConfig, or a FunctionEventInvokeConfig with destinationConfig.onFailure.",
    url=GUIDE + "invocation-async-retain-records.html",
)
def failure_destination(function: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    invoke = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    settings = stack.users(function, invoke, property="functionName")
    if not function.has("deadLetterConfig") and not any(each.has("destinationConfig.onFailure") for each in settings):
        yield "neither deadLetterConfig nor an on-failure destination."


concurrency = requires(
    "lambda-concurrency",
    FUNCTION,
    {"reservedConcurrentExecutions": SET},
    title="One function cannot starve the others",
    severity=LOW,
    url=GUIDE + "configuration-concurrency.html",
)


@resource_rule(
    "lambda-runtime-supported",
    types=FUNCTION,
    title="Functions run on supported runtimes",
    severity=HIGH,
    remedy="Set runtime to a supported one, as python3.14 or nodejs24.x.",
    url=GUIDE + "lambda-runtimes.html",
)
def runtime_supported(resource: Resource, config: Config) -> Iterator[str]:
    runtime = resource.text("runtime")
    if runtime in ENDED_RUNTIMES:
        yield f"runtime {runtime} is past its deprecation date: it gets no more security fixes."


tracing = requires(
    "lambda-tracing",
    FUNCTION,
    {"tracingConfig.mode": one_of("Active")},
    title="Calls can be followed through functions",
    severity=LOW,
    url=GUIDE + "services-xray.html",
)
code_signing = requires(
    "lambda-code-signing",
    FUNCTION,
    {"codeSigningConfigArn": SET},
    when=lambda resource, _: resource.text("packageType") != "Image",
    title="Functions run signed code",
    severity=LOW,
    url=GUIDE + "configuration-codesigning.html",
)


@linked_rule(
    "lambda-log-group-predeclared",
    types=FUNCTION,
    title="Logs of functions go to groups that are encrypted and end",
    severity=MEDIUM,
    remedy="Declare a LogGroup /aws/lambda/NAME (or loggingConfig.logGroup) with kmsKeyId and retentionInDays.",
    url=GUIDE + "monitoring-cloudwatchlogs.html",
)
def log_group(function: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    groups = stack.of(LOG_GROUP)
    if function.has("loggingConfig.logGroup"):
        path = "loggingConfig.logGroup"
        if function.unknown(path) or stack.targets(function, "loggingConfig", LOG_GROUP):
            return
        wanted = function.text(path)
    elif function.unknown("name") or not function.has("name"):
        return
    else:
        wanted = f"/aws/lambda/{function.text('name')}"
    if not any(group.unknown("name") or group.text("name") == wanted for group in groups):
        yield f"the log group {wanted} is not declared, so Lambda would create it without key and end."


@stack_rule(
    "lambda-own-role",
    title="Every function has a role of its own",
    severity=LOW,
    remedy="Give each function a role with its own rights.",
    url=GUIDE + "lambda-intro-execution-role.html",
)
def own_role(stack: Stack, config: Config) -> Iterator[Finding]:
    by_role: dict[str, list[Resource]] = defaultdict(list)
    for function in stack.of(FUNCTION):
        for role in stack.targets(function, "role", "aws:iam/role:Role"):
            by_role[role.urn].append(function)
    for functions in by_role.values():
        for function in functions[1:]:
            yield Finding(function, f"shares its role with {functions[0].name}.")


@linked_rule(
    "lambda-layers-trusted",
    types=(FUNCTION, LAYER_PERMISSION),
    title="Layers come from trusted accounts and stay private",
    severity=HIGH,
    remedy="Publish the layer in an own account; name the account in a layer's permission.",
    url=GUIDE + "chapter-layers.html",
)
def layers_trusted(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if resource.type == LAYER_PERMISSION:
        if resource.text("principal") == "*" and not resource.has("organizationId"):
            yield "principal * lets anyone use the layer."
        return
    own = own_accounts(stack, config) | AWS_LAYERS
    layers = resource.get("layers")
    for layer in layers if isinstance(layers, list) else []:
        parts = layer.split(":") if isinstance(layer, str) else []
        if len(parts) > 5 and parts[4] not in own:
            yield "layers: one is of an account that is not a trusted one."


@resource_rule(
    "lambda-source-failure-destination",
    types=MAPPING,
    title="Records that cannot be handled are set aside",
    severity=LOW,
    remedy="Set destinationConfig.onFailure and maximumRetryAttempts (streams), or a redrive policy of the queue.",
    url=GUIDE + "invocation-eventsourcemapping.html",
)
def source_failure(resource: Resource, config: Config) -> Iterator[str]:
    source = "" if resource.unknown("eventSourceArn") else resource.text("eventSourceArn") or ""
    if ":sqs:" in source:
        return
    if not resource.has("destinationConfig.onFailure"):
        yield "destinationConfig.onFailure is not set."
    if (resource.number("maximumRetryAttempts") or -1) < 0:
        yield "maximumRetryAttempts is not set: a bad record would block the stream until it ends."
