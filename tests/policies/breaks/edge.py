"""CloudFront, web ACLs, names and certificates, APIs."""

from __future__ import annotations

import json
from typing import Any

from policies.rules.web_acl import BASELINE
from tests.policies.breaks.form import Break, added, change, changes, without
from tests.policies.sample import (
    CA,
    EXPOSED,
    GONE,
    INTERNAL,
    INTERNAL_KEY,
    US,
    Sample,
    arn,
    document,
)

SIGN_IN = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "execute-api:Invoke",
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
}
FORMAT = '{"requestId": "$context.requestId", "status": "$context.status"}'
API = "aws:apigateway/restApi:RestApi"
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"


def _group(name: str, **more: str) -> Sample:
    """A group of rules beside the ACL of the edge."""
    group = {"webAclArn": arn("wafv2", "global/webacl/cdn/1", US), "managedRuleGroup": {"name": name}, "region": US}
    return Sample("aws:wafv2/webAclRuleGroupAssociation:WebAclRuleGroupAssociation", {**group, **more})


def _body(operations: dict[str, Any], path: str = "/records") -> str:
    return json.dumps({"openapi": "3.0.1", "paths": {path: operations}})


COUNTING = _group(next(iter(BASELINE)), overrideAction="count")
BESIDE = {f"beside-{index}": _group(name) for index, name in enumerate(BASELINE)} | {
    "beside-rate": Sample(
        "aws:wafv2/webAclRule:WebAclRule",
        {"webAclArn": arn("wafv2", "global/webacl/cdn/1", US), "region": US,
         "statement": {"rateBasedStatement": {"limit": 500}}},
    )
}  # fmt: skip

SAMPLES: dict[str, Sample] = {
    "live-logs": Sample(
        "aws:cloudfront/realtimeLogConfig:RealtimeLogConfig",
        {
            "fields": ["timestamp", "sc-status"],
            "endpoint": {"streamType": "Kinesis", "kinesisStreamConfig": {"streamArn": arn("kinesis", "stream/live")}},
        },
    ),
    "zone": Sample("aws:route53/zone:Zone", {"id": "Z1", "name": "clinic.example.org"}),
    "zone-log": Sample("aws:route53/queryLog:QueryLog", {"zoneId": "Z1"}),
    "zone-signed": Sample("aws:route53/hostedZoneDnsSec:HostedZoneDnsSec", {"hostedZoneId": "Z1"}),
    "record": Sample(
        "aws:route53/record:Record", {"zoneId": "Z1", "name": "www", "type": "A", "records": ["8.8.8.8"], "ttl": 300}
    ),
    "record-near": Sample(
        "aws:route53/record:Record",
        {
            "zoneId": "Z1",
            "name": "api",
            "type": "CNAME",
            "records": ["api.example.org"],
            "latencyRoutingPolicies": [{"region": CA}],
        },
    ),
    "domain": Sample("aws:route53domains/registeredDomain:RegisteredDomain", {"transferLock": True}),
    "certificate": Sample(
        "aws:acm/certificate:Certificate",
        {"domainName": "clinic.example.org", "validationMethod": "DNS", "keyAlgorithm": "EC_prime256v1"},
    ),
    "regional-acl": Sample(
        "aws:wafv2/webAcl:WebAcl",
        {
            "arn": arn("wafv2", "regional/webacl/own/1"),
            "scope": "REGIONAL",
            "ruleJson": json.dumps(
                [{"Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name}}} for name in BASELINE]
            ),
            "visibilityConfig": {"cloudwatchMetricsEnabled": True},
            "defaultAction": {"block": {}},
            "rules": [
                {
                    "name": "g",
                    "visibilityConfig": {"cloudwatchMetricsEnabled": True},
                    "statement": {
                        "rateBasedStatement": {
                            "limit": 100,
                            "scopeDownStatement": {"geoMatchStatement": {"countryCodes": ["CA"]}},
                        }
                    },
                }
            ],
        },
    ),
    "regional-acl-logs": Sample(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        {
            "resourceArn": arn("wafv2", "regional/webacl/own/1"),
            "logDestinationConfigs": ["/aws/waf"],
            "redactedFields": [{"singleHeader": {"name": name}} for name in ("authorization", "cookie")],
        },
    ),
    "log-group-waf": Sample(
        "aws:cloudwatch/logGroup:LogGroup",
        {"id": "/aws/waf", "name": "/aws/waf", "kmsKeyId": INTERNAL_KEY, "retentionInDays": 365, "tags": INTERNAL},
    ),
    # REST
    "rest": Sample(
        API,
        {
            "id": "rest-1",
            "endpointConfiguration": {"types": "REGIONAL"},
            "disableExecuteApiEndpoint": True,
            "tags": {**INTERNAL, **EXPOSED},
        },
    ),
    "rest-private": Sample(
        API, {"id": "rest-2", "endpointConfiguration": {"types": "PRIVATE"}, "policy": document(SIGN_IN)}
    ),
    "rest-stage": Sample(
        "aws:apigateway/stage:Stage",
        {
            "id": "stage-1",
            "restApi": "rest-1",
            "stageName": "live",
            "xrayTracingEnabled": True,
            "clientCertificateId": "c",
            "arn": arn("apigateway", "/restapis/rest-1/stages/live"),
            "variables": {"LEVEL": "info"},
            "accessLogSettings": {"destinationArn": arn("logs", "log-group:api"), "format": FORMAT},
        },
    ),
    "rest-guard": Sample(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        {"resourceArn": arn("apigateway", "/restapis/rest-1/stages/live")},
    ),
    "rest-settings": Sample(
        "aws:apigateway/methodSettings:MethodSettings",
        {
            "restApi": "rest-1",
            "stageName": "live",
            "methodPath": "*/*",
            "settings": {
                "loggingLevel": "ERROR",
                "dataTraceEnabled": False,
                "cachingEnabled": True,
                "cacheDataEncrypted": True,
                "throttlingRateLimit": 100,
                "throttlingBurstLimit": 50,
            },
        },
    ),
    "rest-method": Sample(
        "aws:apigateway/method:Method",
        {"httpMethod": "POST", "authorization": "COGNITO_USER_POOLS", "requestValidatorId": "v"},
    ),
    "rest-health-path": Sample("aws:apigateway/resource:Resource", {"id": "res-health", "pathPart": "health"}),
    "rest-health": Sample(
        "aws:apigateway/method:Method", {"httpMethod": "GET", "authorization": "NONE", "resourceId": "res-health"}
    ),
    "rest-preflight": Sample("aws:apigateway/method:Method", {"httpMethod": "OPTIONS", "authorization": "NONE"}),
    "rest-domain": Sample(
        "aws:apigateway/domainName:DomainName",
        {"id": "api.example.org", "securityPolicy": "TLS_1_2", "endpointConfiguration": {"types": "REGIONAL"}},
    ),
    "rest-mapping": Sample(
        "aws:apigateway/basePathMapping:BasePathMapping", {"restApi": "rest-1", "domainName": "api.example.org"}
    ),
    # HTTP
    "http": Sample(
        "aws:apigatewayv2/api:Api",
        {
            "id": "http-1",
            "protocolType": "WEBSOCKET",
            "tags": {**INTERNAL, **EXPOSED},
            "corsConfiguration": {"allowOrigins": ["https://clinic.example.org"]},
        },
    ),
    "http-stage": Sample(
        "aws:apigatewayv2/stage:Stage",
        {
            "apiId": "http-1",
            "accessLogSettings": {"destinationArn": arn("logs", "log-group:api"), "format": FORMAT},
            "defaultRouteSettings": {"loggingLevel": "ERROR", "throttlingRateLimit": 100, "throttlingBurstLimit": 50},
        },
    ),
    "http-route": Sample("aws:apigatewayv2/route:Route", {"routeKey": "GET /notes", "authorizationType": "JWT"}),
    "http-health": Sample("aws:apigatewayv2/route:Route", {"routeKey": "GET /health"}),
    "http-domain": Sample(
        "aws:apigatewayv2/domainName:DomainName", {"domainNameConfiguration": {"securityPolicy": "TLS_1_2"}}
    ),
}

BREAKS: dict[str, list[Break]] = {
    "cloudfront-origin-owned": [
        change("cdn", "origins.0.domainName", f"somebody-else.s3.{CA}.amazonaws.com"),
    ],
    "cloudfront-access-logs": [without("cdn-logs")],
    "cloudfront-no-phi-cache": [
        change("cdn", "defaultCacheBehavior.cachePolicyId", "658327ea-f89d-4fab-a63d-7e88639e58f6"),
        change("cdn", "orderedCacheBehaviors.0.trustedKeyGroups"),
    ],
    "cloudfront-no-edge-code-on-phi": [
        change("cdn", "orderedCacheBehaviors.0.lambdaFunctionAssociations", [{"eventType": "origin-request"}]),
    ],
    "cloudfront-price-class": [change("cdn", "priceClass", "PriceClass_All"), change("cdn", "priceClass")],
    "cloudfront-security-headers": [
        change("cdn", "defaultCacheBehavior.responseHeadersPolicyId"),
        change("headers", "securityHeadersConfig"),
    ],
    "cloudfront-realtime-logs-in-jurisdiction": [
        change("live-logs", "fields", ["timestamp", "cs-cookie"]),
        change("live-logs", "endpoint.kinesisStreamConfig.streamArn", arn("kinesis", "stream/live", US)),
    ],
    "cloudfront-default-root": [change("cdn", "defaultRootObject")],
    "cloudfront-origin-failover": [change("cdn", "originGroups")],
    "cloudfront-field-level-encryption": [change("cdn", "defaultCacheBehavior.allowedMethods", ["GET", "POST"])],
    # web ACLs
    "waf-logging": [without("edge-acl-logs")],
    "waf-log-redaction": [
        change("edge-acl-logs", "redactedFields"),
        change("edge-acl-logs", "redactedFields.0.singleHeader.name", "user-agent"),
    ],
    "waf-log-destination": [
        change("regional-acl-logs", "logDestinationConfigs", [arn("logs", "log-group:aws-waf-logs-x", US)]),
        change("log-group-waf", "kmsKeyId", GONE, "log-group-cmk"),
    ],
    "waf-has-rules": [change("edge-acl", "rules", GONE, "waf-managed-baseline")],
    "waf-managed-baseline": [
        change("edge-acl", "rules.2.statement.managedRuleGroupStatement.name", "AWSManagedRulesLinuxRuleSet"),
        change("edge-acl", "rules.0.overrideAction", {"count": {}}),
        change("regional-acl", "ruleJson", "[]"),
        change("regional-acl", "ruleJson", "no JSON"),
        Break("edge-acl", {"rules": GONE}, beside=BESIDE | {"beside-0": COUNTING}),
    ],
    "waf-rate-limit": [change("edge-acl", "rules.4.statement", {})],
    "waf-geo-allowlist": [
        change("edge-acl", "rules.5.statement.notStatement.statements.0.geoMatchStatement.countryCodes", ["CA", "FR"]),
        change("edge-acl", "rules.5.statement", {}),
    ],
    "waf-rule-metrics": [change("edge-acl", "rules.0.visibilityConfig.cloudwatchMetricsEnabled", False)],
    "waf-classic-forbidden": [added("old-acl", "aws:waf/webAcl:WebAcl", {"metricName": "old"})],
    # names
    "route53-query-logging": [without("zone-log")],
    "route53-dnssec": [without("zone-signed")],
    "route53-no-dangling": [
        change("record", "aliases", [{"name": "d111111abcdef8.cloudfront.net", "zoneId": "Z2FDTNDATAQYW2"}]),
    ],
    "route53-no-private-names-in-public-zone": [change("record", "records", ["10.0.0.4"])],
    "route53-routing-in-jurisdiction": [
        change("record-near", "latencyRoutingPolicies.0.region", US),
        changes("record", {"aliases": [{"name": f"app-1.{US}.elb.amazonaws.com", "zoneId": "Z35SXDOTRQ7X7K"}]}),
    ],
    "route53-domain-locked": [change("domain", "transferLock", False), change("domain", "adminPrivacy", False)],
    "acm-dns-validated": [
        change("certificate", "validationMethod", "EMAIL"),
        change("certificate", "certificateBody", "-----BEGIN CERTIFICATE-----"),
    ],
    "acm-key-strength": [change("certificate", "keyAlgorithm", "RSA_1024")],
    "acm-no-wildcard": [
        change("certificate", "domainName", "*.example.org"),
        change("certificate", "subjectAlternativeNames", ["*.clinic.example.org"]),
    ],
    "acm-transparency": [change("certificate", "options", {"certificateTransparencyLoggingPreference": "DISABLED"})],
    "acm-key-not-in-state": [
        change("certificate", "privateKey", "pem", "write-only-fields-preferred"),
        change("certificate", "options", {"export": "ENABLED"}),
    ],
    # APIs
    "apigw-access-logs": [change("rest-stage", "accessLogSettings"), change("http-stage", "accessLogSettings")],
    "apigw-execution-logs": [
        change("rest-settings", "settings.loggingLevel", "OFF"),
        without("rest-settings"),
        change("http-stage", "defaultRouteSettings.loggingLevel"),
    ],
    "apigw-no-payload-trace": [
        change("rest-settings", "settings.dataTraceEnabled", True),
        change("http-stage", "defaultRouteSettings.dataTraceEnabled", True),
        change("http-stage", "routeSettings", [{"routeKey": "GET /notes", "dataTraceEnabled": True}]),
    ],
    "apigw-log-format-no-phi": [
        change("rest-stage", "accessLogSettings.format", '{"who": "$context.authorizer.claims.email"}'),
        change("http-stage", "accessLogSettings.format", "$context.requestId"),
    ],
    "apigw-cache-encrypted": [change("rest-settings", "settings.cacheDataEncrypted")],
    "apigw-backend-client-cert": [change("rest-stage", "clientCertificateId")],
    "apigw-domain-tls": [
        change("rest-domain", "securityPolicy", "TLS_1_0"),
        change("rest-domain", "securityPolicy"),
        change("rest", "securityPolicy", "TLS_1_0"),
        change("http-domain", "domainNameConfiguration.securityPolicy"),
    ],
    "apigw-authorization": [
        change("rest-method", "authorization", "NONE"),
        change("rest-health-path", "pathPart", "records"),
        change("http-route", "authorizationType"),
        change("http-route", "authorizationType", "NONE"),
        change("http-health", "routeKey", "GET /health/records"),
        changes("http", {"target": arn("lambda", "function:records"), "routeKey": "GET /records"}),
        change("rest", "body", _body({"get": {}})),
        change("rest", "body", _body({"x-amazon-apigateway-any-method": {"security": []}})),
    ],
    "apigw-waf": [without("rest-guard")],
    "apigw-request-validation": [change("rest-method", "requestValidatorId")],
    "apigw-throttling": [
        change("rest-settings", "settings.throttlingRateLimit"),
        change("http-stage", "defaultRouteSettings.throttlingBurstLimit", -1),
    ],
    "apigw-tracing": [change("rest-stage", "xrayTracingEnabled")],
    "apigw-no-edge-endpoint": [
        change("rest", "endpointConfiguration"),
        change("rest", "endpointConfiguration.types", "EDGE"),
        change("rest-domain", "endpointConfiguration"),
    ],
    "apigw-private-policy": [
        change("rest-private", "policy"),
        change("rest-private", "policy", document({**SIGN_IN, "Condition": {}})),
    ],
    "apigw-default-endpoint-off": [change("rest", "disableExecuteApiEndpoint")],
    "apigw-cors-bounded": [change("http", "corsConfiguration.allowOrigins", ["*"])],
    "apigw-stage-variables-clean": [change("rest-stage", "variables.AWS", KEY_ID, "no-secret-literal-in-inputs")],
}

ALLOWED: dict[str, list[Break]] = {
    "cloudfront-no-phi-cache": [
        changes("cdn", {"tags.DataClass": "public", "orderedCacheBehaviors.0.trustedKeyGroups": GONE})
    ],
    "apigw-execution-logs": [changes("http", {"protocolType": "HTTP"})],
    "apigw-authorization": [
        change("rest", "body", _body({"get": {"security": [{"sigv4": []}]}, "options": {}, "parameters": []})),
        change("rest", "body", _body({"get": {}}, "/health")),
        changes("http", {"target": arn("lambda", "function:records"), "routeKey": "GET /health"}),
    ],
    "apigw-waf": [Break("rest", {"endpointConfiguration.types": "PRIVATE"}, without=("rest-guard",))],
    "acm-dns-validated": [
        changes(
            "certificate", {"validationMethod": GONE, "certificateAuthorityArn": "arn:aws:acm-pca:ca-central-1:1:x"}
        )
    ],
    "route53-no-dangling": [
        changes("record", {"aliases": [{"name": "clinic.example.org", "zoneId": "Z1"}]}),
    ],
    "waf-has-rules": [
        changes("edge-acl", {"rules": GONE, "defaultAction": {"block": {}}}),
        Break("edge-acl", {"rules": GONE}, beside=BESIDE),
    ],
    "waf-managed-baseline": [Break("edge-acl", {"rules": GONE}, beside=BESIDE)],
    "waf-rate-limit": [Break("edge-acl", {"rules": GONE}, beside=BESIDE)],
    "route53-query-logging": [Break("zone", {"vpcs": [{"vpcId": "vpc-1"}]}, without=("zone-log",))],
}
