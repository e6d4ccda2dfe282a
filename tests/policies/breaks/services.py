"""Functions, containers, messages, logs, events, audit, detection, budgets."""

from __future__ import annotations

import json
from typing import Any

from policies.config import Config
from policies.rules.logs import SECURITY_EVENTS
from tests.policies.breaks.form import Break, added, change, changes, without
from tests.policies.sample import (
    ACCOUNT,
    CA,
    CONTAINER,
    CW,
    GONE,
    INTERNAL,
    INTERNAL_KEY,
    KEY,
    PHI,
    STRANGER,
    US,
    Sample,
    arn,
    document,
)

ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
OURS = {**ANYONE, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/task"}, "Action": "sqs:SendMessage"}
PLAIN = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sqs:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
SECRET = "k9Qz7Lm2Xw4Rt8Vb1N"
FUNCTION = "aws:lambda/function:Function"
ELSEWHERE = f"{STRANGER}.dkr.ecr.{CA}.amazonaws.com/application@sha256:{'0' * 64}"


def container(**given: Any) -> str:
    return json.dumps([{**CONTAINER, **given}])


WORLDWIDE = {"allSupported": True, "includeGlobalResourceTypes": True}
SAMPLES: dict[str, Sample] = {
    # functions
    "permission": Sample(
        "aws:lambda/permission:Permission",
        {"principal": "events.amazonaws.com", "sourceArn": arn("events", "rule/daily")},
    ),
    "function-url": Sample(
        "aws:lambda/functionUrl:FunctionUrl",
        {"authorizationType": "AWS_IAM", "cors": {"allowOrigins": ["https://clinic.example.org"]}},
    ),
    "layer-permission": Sample("aws:lambda/layerVersionPermission:LayerVersionPermission", {"principal": ACCOUNT}),
    "mapping": Sample(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {
            "eventSourceArn": arn("kinesis", "stream/visits"),
            "maximumRetryAttempts": 3,
            "destinationConfig": {"onFailure": {"destinationArn": arn("sqs", "clinic-dead")}},
        },
    ),
    # containers
    "cluster": Sample(
        "aws:ecs/cluster:Cluster",
        {
            "id": "cluster-1",
            "name": "clinic",
            "settings": [{"name": "containerInsights", "value": "enabled"}],
            "configuration": {
                "executeCommandConfiguration": {
                    "kmsKeyId": KEY,
                    "logging": "OVERRIDE",
                    "logConfiguration": {
                        "cloudWatchLogGroupName": "/clinic/application",
                        "cloudWatchEncryptionEnabled": True,
                    },
                }
            },
        },
    ),
    "service-shell": Sample(
        "aws:ecs/service:Service",
        {
            "name": "tools",
            "cluster": "clinic",
            "desiredCount": 2,
            "enableExecuteCommand": True,
            "platformVersion": "LATEST",
            "networkConfiguration": {"subnets": ["subnet-application", "subnet-application-b"]},
            "tags": INTERNAL,
        },
    ),
    "task-files": Sample(
        "aws:ecs/taskDefinition:TaskDefinition",
        {
            "family": "files",
            "networkMode": "awsvpc",
            "containerDefinitions": json.dumps([CONTAINER]),
            "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/files",
            "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/start",
            "volumes": [
                {
                    "name": "files",
                    "efsVolumeConfiguration": {
                        "fileSystemId": "fs-1",
                        "transitEncryption": "ENABLED",
                        "authorizationConfig": {"iam": "ENABLED"},
                    },
                }
            ],
        },
    ),
    "repository-policy": Sample(
        "aws:ecr/repositoryPolicy:RepositoryPolicy", {"repository": "application", "policy": document(OURS)}
    ),
    # messages
    "queue-policy": Sample("aws:sqs/queuePolicy:QueuePolicy", {"queueUrl": "jobs", "policy": document(PLAIN, OURS)}),
    "topic-phi": Sample("aws:sns/topic:Topic", {"arn": arn("sns", "results"), "kmsMasterKeyId": KEY, "tags": PHI}),
    "topic-phi-policy": Sample(
        "aws:sns/topicPolicy:TopicPolicy",
        {"arn": arn("sns", "results"), "policy": document({**PLAIN, "Action": "sns:Publish"})},
    ),
    "subscription-queue": Sample(
        "aws:sns/topicSubscription:TopicSubscription",
        {
            "topic": arn("sns", "results"),
            "protocol": "sqs",
            "endpoint": arn("sqs", "clinic-jobs"),
            "redrivePolicy": "{}",
        },
    ),
    # logs
    "log-policy": Sample(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        {
            "policyDocument": document(
                {
                    **ANYONE,
                    "Principal": {"Service": "es.amazonaws.com"},
                    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
                }
            )
        },
    ),
    "log-receiver": Sample(
        "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy", {"accessPolicy": document(OURS)}
    ),
    "link": Sample("aws:oam/link:Link", {"sinkIdentifier": arn("oam", "sink/1")}),
    "stream": Sample(
        "aws:kinesis/stream:Stream", {"name": "visits", "encryptionType": "KMS", "kmsKeyId": INTERNAL_KEY}
    ),
    "alarm-composite": Sample(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm", {"alarmName": "all", "alarmActions": [arn("sns", "alarms")]}
    ),
    **{
        f"watch-{index}": Sample(
            "aws:cloudwatch/logMetricFilter:LogMetricFilter",
            {
                "logGroupName": "trail",
                "pattern": f'{{ $.eventName = "{words[0]}" }}',
                "metricTransformation": {"name": f"event-{index}", "namespace": "Security", "value": "1"},
            },
        )
        for index, words in enumerate(SECURITY_EVENTS.values())
    },
    **{
        f"watch-{index}-alarm": Sample(
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"metricName": f"event-{index}", "namespace": "Security", "alarmActions": [arn("sns", "alarms")]},
        )
        for index in range(len(SECURITY_EVENTS))
    },
    # events
    "bus-policy": Sample("aws:cloudwatch/eventBusPolicy:EventBusPolicy", {"policy": document(OURS)}),
    "target": Sample(
        "aws:cloudwatch/eventTarget:EventTarget",
        {"arn": arn("lambda", "function:clinic-jobs"), "deadLetterConfig": {"arn": arn("sqs", "clinic-dead")}},
    ),
    # audit and detection
    "lake": Sample("aws:cloudtrail/eventDataStore:EventDataStore", {"kmsKeyId": INTERNAL_KEY, "retentionPeriod": 2557}),
    "recorder": Sample(
        "aws:cfg/recorder:Recorder",
        {
            "id": "default",
            "name": "default",
            "recordingGroup": WORLDWIDE,
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
        },
    ),
    "recorder-status": Sample("aws:cfg/recorderStatus:RecorderStatus", {"name": "default", "isEnabled": True}),
    "delivery": Sample(
        "aws:cfg/deliveryChannel:DeliveryChannel", {"s3BucketName": "clinic-config", "s3KmsKeyArn": INTERNAL_KEY}
    ),
    "pack": Sample("aws:cfg/conformancePack:ConformancePack", {"name": "hipaa"}),
    "aggregator": Sample(
        "aws:cfg/configurationAggregator:ConfigurationAggregator",
        {"accountAggregationSource": {"accountIds": [ACCOUNT], "regions": [CA, CW]}},
    ),
    "detector": Sample(
        "aws:guardduty/detector:Detector",
        {"id": "d-1", "enable": True, "findingPublishingFrequency": "FIFTEEN_MINUTES"},
    ),
    **{
        f"detector-{name}": Sample(
            "aws:guardduty/detectorFeature:DetectorFeature", {"detectorId": "d-1", "name": name, "status": "ENABLED"}
        )
        for name in (
            "S3_DATA_EVENTS",
            "EBS_MALWARE_PROTECTION",
            "RDS_LOGIN_EVENTS",
            "LAMBDA_NETWORK_LOGS",
            "RUNTIME_MONITORING",
        )
    },
    "detector-export": Sample(
        "aws:guardduty/publishingDestination:PublishingDestination",
        {"detectorId": "d-1", "destinationArn": "arn:aws:s3:::clinic-trail", "kmsKeyArn": INTERNAL_KEY},
    ),
    "hub": Sample("aws:securityhub/account:Account", {"enableDefaultStandards": True}),
    "hub-regions": Sample(
        "aws:securityhub/findingAggregator:FindingAggregator",
        {"linkingMode": "SPECIFIED_REGIONS", "specifiedRegions": [CW]},
    ),
    "inspector": Sample("aws:inspector2/enabler:Enabler", {"resourceTypes": ["EC2", "ECR", "LAMBDA"]}),
    "macie": Sample("aws:macie2/account:Account", {"status": "ENABLED"}),
    "budget": Sample(
        "aws:budgets/budget:Budget",
        {"budgetType": "COST", "notifications": [{"subscriberEmailAddresses": ["owner@example.org"]}]},
    ),
}

BREAKS: dict[str, list[Break]] = {
    "lambda-in-vpc": [changes("function", {"tags": PHI})],
    "lambda-no-public-permission": [changes("permission", {"principal": "*", "sourceArn": GONE})],
    "lambda-permission-source-bound": [change("permission", "sourceArn")],
    "lambda-url-auth": [change("function-url", "authorizationType", "NONE")],
    "lambda-url-cors": [change("function-url", "cors.allowOrigins", ["*"])],
    "lambda-env-cmk": [change("function", "kmsKeyArn")],
    "lambda-env-no-secrets": [
        change("function", "environment.variables.API_TOKEN", SECRET, "no-secret-literal-in-inputs"),
        change("function", "environment.variables.DATABASE_PASSWORD", "letmein"),
    ],
    "lambda-failure-destination": [change("function", "deadLetterConfig")],
    "lambda-concurrency": [change("function", "reservedConcurrentExecutions")],
    "lambda-runtime-supported": [change("function", "runtime", name) for name in ("python3.8", "provided.al2")],
    "lambda-tracing": [change("function", "tracingConfig.mode", "PassThrough")],
    "lambda-code-signing": [change("function", "codeSigningConfigArn")],
    "lambda-log-group-predeclared": [
        without("log-group-aws-lambda-clinic-jobs"),
        change("function", "loggingConfig", {"logGroup": "/elsewhere"}),
    ],
    "lambda-own-role": [
        added(
            "second",
            FUNCTION,
            {
                "name": "second",
                "role": f"arn:aws:iam::{ACCOUNT}:role/task",
                "runtime": "python3.13",
                "tags": INTERNAL,
                "loggingConfig": {"logGroup": "trail"},
            },
        ),
    ],
    "lambda-layers-trusted": [
        change("function", "layers", [f"arn:aws:lambda:{CA}:{STRANGER}:layer:tool:1"]),
        change("layer-permission", "principal", "*"),
    ],
    "lambda-source-failure-destination": [
        change("mapping", "destinationConfig"),
        change("mapping", "maximumRetryAttempts", -1),
    ],
    # containers
    "ecs-no-host-namespaces": [
        change("task", "networkMode", "host"),
        change("task", "pidMode", "host"),
        change("task", "ipcMode", "host"),
    ],
    "ecs-env-no-secrets": [
        change(
            "task",
            "containerDefinitions",
            container(environment=[{"name": "API_TOKEN", "value": SECRET}]),
            "no-secret-literal-in-inputs",
        ),
        change("task", "containerDefinitions", container(environment=[{"name": "DB_PASSWORD", "value": "letmein"}])),
    ],
    "ecs-container-logging": [
        change("task", "containerDefinitions", container(logConfiguration=None)),
        change("task", "containerDefinitions", container(logConfiguration={"logDriver": "json-file"})),
        change("task", "containerDefinitions", container(logConfiguration={"logDriver": "journald"})),
    ],
    "ecs-log-group-hardened": [
        change(
            "task",
            "containerDefinitions",
            container(logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/other"}}),
        ),
        change(
            "task",
            "containerDefinitions",
            container(
                logConfiguration={
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "/clinic/application", "awslogs-create-group": "true"},
                }
            ),
        ),
        change("log-group", "kmsKeyId", GONE, "log-group-cmk"),
    ],
    "ecs-separate-roles": [
        change("task", "taskRoleArn"),
        change("task", "taskRoleArn", f"arn:aws:iam::{ACCOUNT}:role/start"),
    ],
    "ecs-efs-tls-iam": [
        change("task-files", "volumes.0.efsVolumeConfiguration.transitEncryption", "DISABLED"),
        change("task-files", "volumes.0.efsVolumeConfiguration.authorizationConfig"),
    ],
    "ecs-service-private-subnets": [
        change("service", "networkConfiguration.subnets", ["subnet-public", "subnet-public-b"])
    ],
    "ecs-exec-logged": [
        change("cluster", "configuration"),
        change("cluster", "configuration.executeCommandConfiguration.kmsKeyId"),
        change("service-shell", "cluster", "elsewhere"),
    ],
    "ecs-exec-off-on-phi": [changes("service-shell", {"tags": PHI})],
    "ecs-container-insights": [change("cluster", "settings")],
    "ecs-platform-latest": [change("service-shell", "platformVersion", "1.3.0")],
    "ecs-images-trusted": [
        change("task", "containerDefinitions", container(image="nginx:latest")),
        change("task", "containerDefinitions", container(image=ELSEWHERE)),
        change(
            "task",
            "containerDefinitions",
            container(image=f"{ACCOUNT}.dkr.ecr.{US}.amazonaws.com/application@sha256:{'0' * 64}"),
        ),
        change("task", "containerDefinitions", container(image=f"{ACCOUNT}.dkr.ecr.{CA}.amazonaws.com/other:1.0")),
    ],
    "ecs-multi-task-multi-az": [
        change("service", "desiredCount", 1),
        change("service", "networkConfiguration.subnets", ["subnet-application"]),
    ],
    "ecr-scan-on-push": [
        change("repository", "imageScanningConfiguration"),
        change("repository", "imageScanningConfiguration.scanOnPush", False),
    ],
    "ecr-kms": [
        change("repository", "encryptionConfigurations"),
        change("repository", "encryptionConfigurations.0.kmsKey"),
    ],
    "ecr-policy-not-public": [
        change("repository-policy", "policy", document(ANYONE)),
        added("registry-policy", "aws:ecr/registryPolicy:RegistryPolicy", {"policy": document(ANYONE)}),
    ],
    "ecr-lifecycle": [without("repository-lifecycle")],
    "ecr-pull-through-approved": [
        added(
            "pull", "aws:ecr/pullThroughCacheRule:PullThroughCacheRule", {"upstreamRegistryUrl": "registry-1.docker.io"}
        ),
    ],
    # messages
    "sns-policy-bounded": [
        change("topic-policy", "policy", document(PLAIN, ANYONE)),
        change("topic", "policy", document(ANYONE)),
    ],
    "sns-tls-publish": [without("topic-policy")],
    "sns-no-mail-or-sms-for-phi": [
        changes("subscription-queue", {"protocol": "email", "endpoint": "staff@example.org"}),
        changes("subscription-queue", {"protocol": "sms", "endpoint": "+15550100"}),
    ],
    "sns-subscription-in-jurisdiction": [
        change("subscription-queue", "endpoint", arn("sqs", "clinic-jobs", US)),
        change("subscription-queue", "endpoint", f"arn:aws:sqs:{CA}:{STRANGER}:jobs"),
    ],
    "sns-subscription-dlq": [change("subscription", "redrivePolicy")],
    "sqs-encrypted": [change("queue", "kmsMasterKeyId")],
    "sqs-cmk": [changes("queue", {"tags": PHI, "kmsMasterKeyId": GONE, "sqsManagedSseEnabled": True})],
    "sqs-tls-only": [without("queue-policy")],
    "sqs-policy-bounded": [
        change("queue-policy", "policy", document(PLAIN, {**ANYONE, "Action": "sqs:SendMessage"})),
        change("queue-policy", "policy", document(PLAIN, {**OURS, "Action": "sqs:*"})),
    ],
    "sqs-dlq": [change("queue", "redrivePolicy")],
    "sqs-retention-bounded": [changes("queue", {"tags": PHI, "messageRetentionSeconds": 1_209_600})],
    # logs and events
    "log-group-undeletable-audit": [change("log-grouptrail", "skipDestroy")],
    "log-group-masking": [without("log-mask")],
    "log-resource-policy-bounded": [
        change("log-policy", "policyDocument", document(ANYONE)),
        change("log-receiver", "accessPolicy", document(ANYONE)),
    ],
    "log-cross-account-sharing-bounded": [
        change("link", "sinkIdentifier", f"arn:aws:oam:{CA}:{STRANGER}:sink/1"),
        added("sink-policy", "aws:oam/sinkPolicy:SinkPolicy", {"policy": document(ANYONE)}),
    ],
    "log-stream-encrypted": [
        change("stream", "encryptionType", "NONE"),
        change("stream", "kmsKeyId"),
        change("firehose", "serverSideEncryption"),
    ],
    "alarm-actions": [
        change("edge-alarm", "alarmActions"),
        change("edge-alarm", "actionsEnabled", False),
        change("alarm-composite", "alarmActions", []),
    ],
    "security-alarms-present": [without("watch-0"), without("watch-9-alarm")],
    "event-bus-policy-bounded": [
        change("bus-policy", "policy", document(ANYONE)),
        added(
            "bus-permission", "aws:cloudwatch/eventPermission:EventPermission", {"principal": "*", "statementId": "s"}
        ),
    ],
    "event-target-in-jurisdiction": [
        change("target", "arn", arn("events", "event-bus/other", US)),
        added(
            "api",
            "aws:cloudwatch/eventApiDestination:EventApiDestination",
            {"invocationEndpoint": "https://api.example.com/in"},
        ),
        added(
            "world",
            "aws:cloudwatch/eventEndpoint:EventEndpoint",
            {
                "eventBuses": [{"eventBusArn": arn("events", "event-bus/x")}],
                "routingConfig": {"failoverConfig": {"secondary": {"route": US}}},
            },
        ),
    ],
    "event-target-dlq": [change("target", "deadLetterConfig")],
    # audit
    "cloudtrail-multi-region": [
        change("trail", "isMultiRegionTrail", False, "stack-phi-audit-baseline"),
        change("trail", "enableLogging", False),
        change("trail", "includeGlobalServiceEvents", False),
    ],
    "cloudtrail-phi-data-events": [
        change("trail", "eventSelectors.0.readWriteType", "WriteOnly"),
        change("trail", "eventSelectors.0.dataResources.0.values", ["arn:aws:s3:::clinic-logs/"]),
        change("trail", "eventSelectors"),
    ],
    "cloudtrail-bucket-hardened": [without("trail-bucket-block", "s3-public-access-blocked")],
    "cloudtrail-no-kms-exclusion": [
        change("trail", "eventSelectors.0.excludeManagementEventSources", ["kms.amazonaws.com"]),
        change("trail", "eventSelectors.0.includeManagementEvents", False),
    ],
    "cloudtrail-insights": [change("trail", "insightSelectors")],
    "cloudtrail-notify": [change("trail", "snsTopicName")],
    "cloudtrail-lake-hardened": [
        change("lake", "kmsKeyId"),
        change("lake", "retentionPeriod", 365),
        change("lake", "terminationProtectionEnabled", False),
    ],
    "config-recorder-all": [
        change("recorder", "recordingGroup.includeGlobalResourceTypes", False),
        change("recorder", "recordingGroup.allSupported", False),
        change("recorder", "recordingGroup"),
    ],
    "config-recorder-on": [
        without("recorder-status"),
        change("recorder-status", "isEnabled", False),
        Break("recorder", also=("stack-phi-audit-baseline",), without=("recorder-status",)),
    ],
    "config-delivery-hardened": [
        change("delivery", "s3KmsKeyArn"),
        change("delivery", "s3BucketName", "clinic-trail"),  # it locks new objects, which AWS Config cannot write
        without("config-bucket-versioning", "s3-versioning"),
        without("config-bucket-block", "s3-public-access-blocked"),
    ],
    "config-service-role": [change("recorder", "roleArn", f"arn:aws:iam::{ACCOUNT}:role/own")],
    "config-hipaa-pack-deployed": [without("pack")],
    "config-aggregator-in-jurisdiction": [
        change("aggregator", "accountAggregationSource.allRegions", True),
        change("aggregator", "accountAggregationSource.regions", [CA, US]),
    ],
    "guardduty-on": [without("detector", "stack-phi-audit-baseline"), change("detector", "enable", False)],
    "guardduty-features": [without("detector-RDS_LOGIN_EVENTS")],
    "guardduty-export-in-jurisdiction": [change("detector-export", "kmsKeyArn")],
    "guardduty-frequency": [change("detector", "findingPublishingFrequency", "SIX_HOURS")],
    "securityhub-on": [without("hub")],
    "securityhub-aggregation-in-jurisdiction": [
        change("hub-regions", "linkingMode", "ALL_REGIONS"),
        change("hub-regions", "specifiedRegions", [CW, US]),
    ],
    "inspector-on": [without("inspector"), change("inspector", "resourceTypes", ["EC2"])],
    "macie-on-phi-buckets": [without("macie")],
    "budget-present": [without("budget")],
    "budget-alerts-owned": [
        change("budget", "notifications"),
        Break(
            "budget",
            {"notifications.0.subscriberEmailAddresses": ["a@example.com"]},
            config=Config(baseline=True, accounts=frozenset({ACCOUNT}), mail_domains=frozenset({"example.org"})),
        ),
    ],
}

ALLOWED: dict[str, list[Break]] = {
    "config-recorder-all": [
        Break(
            "recorder",
            {"recordingGroup.includeGlobalResourceTypes": False},
            beside={"recorder-home": Sample("aws:cfg/recorder:Recorder", {"recordingGroup": WORLDWIDE})},
        )
    ],
    "lambda-env-no-secrets": [
        change("function", "environment.variables.API_TOKEN", arn("secretsmanager", "secret:api-AbCdEf")),
        change("function", "environment.variables.USE_TOKEN", "true"),
        change("function", "environment.variables.CLIENT_SECRET", "https://vault.example.org/clinic"),
    ],
    "ecs-env-no-secrets": [
        change("task", "containerDefinitions", container(environment=[{"name": "TOKEN", "value": "ssm:/clinic/token"}]))
    ],
    "lambda-code-signing": [changes("function", {"codeSigningConfigArn": GONE, "packageType": "Image"})],
    "ecs-images-trusted": [
        change(
            "task", "containerDefinitions", container(image=f"{ACCOUNT}.dkr.ecr.{CA}.amazonaws.com/application:1.0")
        ),
        Break(
            "task",
            {"containerDefinitions": container(image=f"public.ecr.aws/x/y@sha256:{'0' * 64}")},
            config=Config(baseline=True, accounts=frozenset({ACCOUNT}), registries=frozenset({"public.ecr.aws/x/"})),
        ),
    ],
    "ecr-scan-on-push": [
        Break(
            "scanning",
            adds=Sample(
                "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
                {"rules": [{"scanFrequency": "SCAN_ON_PUSH"}]},
            ),
        ),
    ],
    "sns-no-mail-or-sms-for-phi": [changes("subscription", {"protocol": "email", "endpoint": "staff@example.org"})],
    "guardduty-on": [Break("detector", config=Config(accounts=frozenset({ACCOUNT}), audit_elsewhere=True))],
    "stack-phi-audit-baseline": [Break("detector", config=Config(accounts=frozenset({ACCOUNT}), audit_elsewhere=True))],
    "cloudtrail-phi-data-events": [
        changes(
            "trail",
            {
                "eventSelectors": GONE,
                "advancedEventSelectors": [
                    {
                        "fieldSelectors": [
                            {"field": "eventCategory", "equals": ["Data"]},
                            {"field": "resources.type", "equals": [kind]},
                        ]
                    }
                    for kind in ("AWS::S3::Object", "AWS::DynamoDB::Table")
                ],
            },
        ),
    ],
    "event-target-in-jurisdiction": [
        Break(
            "api",
            adds=Sample(
                "aws:cloudwatch/eventApiDestination:EventApiDestination",
                {"invocationEndpoint": "https://api.example.org/in"},
            ),
            config=Config(baseline=True, accounts=frozenset({ACCOUNT}), destinations=frozenset({"api.example.org"})),
        ),
    ],
    "log-stream-encrypted": [
        changes("firehose", {"serverSideEncryption": GONE, "kinesisSourceConfiguration": {"kinesisStreamArn": "a"}})
    ],
}
