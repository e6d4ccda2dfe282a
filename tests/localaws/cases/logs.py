from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

KEY = "arn:aws:kms:ca-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
GROUP = {"group": Need("aws:cloudwatch/logGroup:LogGroup", {"name": "/aws/cloudtrail/clinic", "tags": {}})}
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE"


def filter_(name: str) -> dict[str, str]:
    return {"name": name, "namespace": "Clinic/Security", "value": "1", "defaultValue": "0"}


def policy(sid: str) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "logs:PutLogEvents",
        "Resource": "arn:aws:logs:ca-central-1:123456789012:log-group:aws-waf-logs-clinic:*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


CASES = [
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        {"name": "/clinic/staging/api", "retentionInDays": 365, "kmsKeyId": KEY, "tags": {"DataClass": "phi"}},
        {"retentionInDays": 731, "tags": {"DataClass": "pii"}},
    ),
    Case(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        {
            "name": "root-sign-in",
            "logGroupName": Ref("group"),
            "pattern": '{ $.userIdentity.type = "Root" }',
            "metricTransformation": filter_("RootSignIn"),
        },
        {"metricTransformation": filter_("RootUse")},
        GROUP,
    ),
    Case(
        "aws:cloudwatch/queryDefinition:QueryDefinition",
        {"name": "clinic-staging/errors", "queryString": "filter @message like /error/", "logGroupNames": ["/clinic"]},
        {"queryString": "filter @message like /(?i)error/"},
    ),
    Case(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        {"policyName": "clinic-waf", "policyDocument": policy("Firewall")},
        {"policyDocument": policy("FirewallLogs")},
    ),
    Case(
        "aws:cloudwatch/logDeliverySource:LogDeliverySource",
        {"name": "clinic-cdn", "logType": "ACCESS_LOGS", "resourceArn": DISTRIBUTION, "tags": {}},
        {"tags": {"DataClass": "internal"}},
    ),
    Case(
        "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
        {
            "name": "clinic-cdn",
            "outputFormat": "json",
            "deliveryDestinationConfiguration": {"destinationResourceArn": "arn:aws:s3:::clinic-logs-staging"},
            "tags": {},
        },
        {"tags": {"DataClass": "internal"}},
    ),
    Case(
        "aws:cloudwatch/logDelivery:LogDelivery",
        {
            "deliverySourceName": "clinic-cdn",
            "deliveryDestinationArn": "arn:aws:logs:us-east-1:123456789012:delivery-destination:clinic-cdn",
            "recordFields": ["date", "time"],
            "tags": {},
        },
        {"recordFields": ["date", "time", "c-country"]},
    ),
]
