"""A whole system that breaks no rule, as plain properties: what every break in these tests starts from.

`SYSTEM` has at least one resource of every type that rules look at, by name. Ids and ARNs stand where the provider
would fill them in after an update; `first_preview` takes them away again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from policies.config import Config
from policies.graph import AWS_PROVIDER, STACK, Resource, Stack
from policies.judge import Judge, Verdict
from policies.rules import RULES
from policies.values import UNKNOWN
from policies.waivers import Waiver
from tests.policies.breaks import SERVICES
from tests.policies.sample import (
    ACCOUNT,
    ACCOUNT_STATEMENT,
    CA,
    CONTAINER,
    CW,
    EXPOSED,
    INTERNAL,
    INTERNAL_KEY,
    KEY,
    LOG_DELIVERY,
    LOGS_ENCRYPT,
    PHI,
    RECOVERY_KEY,
    TODAY,
    US,
    Sample,
    arn,
    changed,
    document,
    guards,
    tls_only,
)


def _network() -> Iterator[tuple[str, Sample]]:
    yield (
        "vpc",
        Sample(
            "aws:ec2/vpc:Vpc",
            {"id": "vpc-1", "cidrBlock": "10.0.0.0/16", "defaultNetworkAclId": "acl-default", "tags": INTERNAL},
        ),
    )
    yield "flow-log", Sample("aws:ec2/flowLog:FlowLog", {"vpcId": "vpc-1", "trafficType": "ALL"})
    yield "default-group", Sample("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {"vpcId": "vpc-1"})
    yield "internet", Sample("aws:ec2/internetGateway:InternetGateway", {"id": "igw-1", "vpcId": "vpc-1"})
    for position, tier in enumerate(("public", "application", "data")):
        for index, zone in enumerate("ab"):
            suffix = "-b" if zone == "b" else ""
            subnet = {"id": f"subnet-{tier}{suffix}", "vpcId": "vpc-1", "availabilityZone": f"{CA}{zone}",
                      "cidrBlock": f"10.0.{position * 2 + index}.0/24", "tags": {"Tier": tier},
                      "mapPublicIpOnLaunch": False}  # fmt: skip
            yield f"subnet-{tier}{suffix}", Sample("aws:ec2/subnet:Subnet", subnet)
            yield (
                f"association-{tier}{suffix}",
                Sample(
                    "aws:ec2/routeTableAssociation:RouteTableAssociation",
                    {"subnetId": f"subnet-{tier}{suffix}", "routeTableId": f"rtb-{tier}"},
                ),
            )
        yield f"table-{tier}", Sample("aws:ec2/routeTable:RouteTable", {"id": f"rtb-{tier}", "vpcId": "vpc-1"})
    route = {"routeTableId": "rtb-public", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}
    yield "route-public", Sample("aws:ec2/route:Route", route)
    route = {"routeTableId": "rtb-application", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}
    yield "route-application", Sample("aws:ec2/route:Route", route)
    entry = {
        "ruleNo": 100,
        "action": "allow",
        "protocol": "tcp",
        "cidrBlock": "10.0.0.0/16",
        "fromPort": 5432,
        "toPort": 5432,
    }
    acl = {"id": "acl-1", "vpcId": "vpc-1", "ingress": [entry], "subnetIds": ["subnet-data", "subnet-data-b"]}
    yield "acl", Sample("aws:ec2/networkAcl:NetworkAcl", acl)
    rule = {"networkAclId": "acl-1", "ruleNumber": 200, "ruleAction": "allow", "egress": False, "protocol": "tcp",
            "cidrBlock": "0.0.0.0/0", "fromPort": 443, "toPort": 443}  # fmt: skip
    yield "acl-rule", Sample("aws:ec2/networkAclRule:NetworkAclRule", rule)
    for group in ("balancer", "service", "database", "cache"):
        named = {"id": f"sg-{group}", "vpcId": "vpc-1", "description": group}
        yield f"group-{group}", Sample("aws:ec2/securityGroup:SecurityGroup", named)
    inline = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"], "description": "TLS"}
    endpoints = {"id": "sg-endpoints", "ingress": [inline], "description": "endpoints"}
    yield "group-endpoints", Sample("aws:ec2/securityGroup:SecurityGroup", endpoints)
    ways = (
        ("balancer", {"cidrIpv4": "0.0.0.0/0"}, 443), ("service", {"referencedSecurityGroupId": "sg-balancer"}, 8080),
        ("database", {"referencedSecurityGroupId": "sg-service"}, 5432),
        ("cache", {"referencedSecurityGroupId": "sg-service"}, 6379),
    )  # fmt: skip
    for group, source, port in ways:
        way = {"securityGroupId": f"sg-{group}", "ipProtocol": "tcp", "fromPort": port, "toPort": port,
               "description": "way in", **source}  # fmt: skip
        yield f"ingress-{group}", Sample("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", way)
    rule = {"type": "ingress", "securityGroupId": "sg-database", "sourceSecurityGroupId": "sg-service",
            "protocol": "tcp", "fromPort": 5432, "toPort": 5432, "description": "queries"}  # fmt: skip
    yield "rule-database", Sample("aws:ec2/securityGroupRule:SecurityGroupRule", rule)


def _data() -> Iterator[tuple[str, Sample]]:
    for kind in ("rds", "elasticache"):
        group = {"name": f"clinic-{kind}", "subnetIds": ["subnet-data", "subnet-data-b"]}
        yield f"{kind}-subnets", Sample(f"aws:{kind}/subnetGroup:SubnetGroup", group)
    parameters = [{"name": "rds.force_ssl", "value": "1"}, {"name": "log_statement", "value": "ddl"}]
    yield (
        "database-parameters",
        Sample(
            "aws:rds/parameterGroup:ParameterGroup",
            {"name": "clinic-pg", "family": "postgres17", "parameters": parameters},
        ),
    )
    audited = [{"name": "require_secure_transport", "value": "ON"}, {"name": "server_audit_logging", "value": "1"}]
    yield (
        "aurora-parameters",
        Sample(
            "aws:rds/clusterParameterGroup:ClusterParameterGroup",
            {"name": "clinic-aurora", "family": "aurora-mysql8.0", "parameters": audited},
        ),
    )
    store = {"storageEncrypted": True, "kmsKeyId": KEY, "deletionProtection": True, "skipFinalSnapshot": False,
             "copyTagsToSnapshot": True, "backupRetentionPeriod": 35, "vpcSecurityGroupIds": ["sg-database"],
             "performanceInsightsEnabled": True, "performanceInsightsKmsKeyId": KEY, "deleteAutomatedBackups": False,
             "iamDatabaseAuthenticationEnabled": True, "tags": PHI}  # fmt: skip
    watched = {"monitoringInterval": 60, "monitoringRoleArn": f"arn:aws:iam::{ACCOUNT}:role/monitoring"}
    yield (
        "database",
        Sample(
            "aws:rds/instance:Instance",
            {**store, **watched, "id": "db-1", "arn": arn("rds", "db:clinic"), "identifier": "clinic",
             "engine": "postgres", "engineVersion": "17.6", "port": 5433, "username": "clinic", "multiAz": True,
             "dbSubnetGroupName": "clinic-rds", "parameterGroupName": "clinic-pg", "publiclyAccessible": False,
             "autoMinorVersionUpgrade": True, "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
             "finalSnapshotIdentifier": "clinic-final", "passwordWoVersion": 1},
        ),
    )  # fmt: skip
    yield (
        "database-copies",
        Sample(
            "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
            {"sourceDbInstanceArn": arn("rds", "db:clinic"), "kmsKeyId": RECOVERY_KEY, "region": CW},
        ),
    )
    yield (
        "aurora",
        Sample(
            "aws:rds/cluster:Cluster",
            {**store, "arn": arn("rds", "cluster:records"), "clusterIdentifier": "records", "engine": "aurora-mysql",
             "engineVersion": "8.0.mysql_aurora.3.08.0", "port": 3307, "masterUsername": "records",
             "backtrackWindow": 86_400, "dbSubnetGroupName": "clinic-rds",
             "dbClusterParameterGroupName": "clinic-aurora",
             "enabledCloudwatchLogsExports": ["audit", "error", "slowquery"],
             "finalSnapshotIdentifier": "records-final", "manageMasterUserPassword": True,
             "masterUserSecretKmsKeyId": KEY},
        ),
    )  # fmt: skip
    member = {"clusterIdentifier": "records", "publiclyAccessible": False, "autoMinorVersionUpgrade": True,
              "performanceInsightsEnabled": True, "performanceInsightsKmsKeyId": KEY, **watched}  # fmt: skip
    yield "aurora-member", Sample("aws:rds/clusterInstance:ClusterInstance", member)
    yield "aurora-second", Sample("aws:rds/clusterInstance:ClusterInstance", member)
    world = {"storageEncrypted": True, "deletionProtection": True, "globalClusterIdentifier": "world"}
    yield "aurora-global", Sample("aws:rds/globalCluster:GlobalCluster", world)
    copy = {"destinationRegion": CW, "kmsKeyId": RECOVERY_KEY}
    yield "snapshot-copy", Sample("aws:rds/snapshotCopy:SnapshotCopy", copy)
    yield "cluster-snapshot-copy", Sample("aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy", copy)
    logs = [{"logType": kind, "destination": "/clinic/application"} for kind in ("slow-log", "engine-log")]
    yield (
        "cache",
        Sample(
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"replicationGroupId": "clinic", "engine": "valkey", "subnetGroupName": "clinic-elasticache",
             "atRestEncryptionEnabled": True, "kmsKeyId": KEY, "transitEncryptionEnabled": True,
             "transitEncryptionMode": "required", "authTokenWo": "a-token", "authTokenWoVersion": 1,
             "securityGroupIds": ["sg-cache"],
             "automaticFailoverEnabled": True, "multiAzEnabled": True, "snapshotRetentionLimit": 35, "port": 6380,
             "logDeliveryConfigurations": logs, "tags": PHI},
        ),
    )  # fmt: skip
    cluster = {"clusterId": "sessions", "engine": "memcached", "transitEncryptionEnabled": True, "port": 11_212,
               "subnetGroupName": "clinic-elasticache"}  # fmt: skip
    yield "memcached", Sample("aws:elasticache/cluster:Cluster", cluster)
    user = {"userId": "application", "engine": "valkey", "accessString": "on ~app:* +@read +@write",
            "authenticationMode": {"type": "iam"}}  # fmt: skip
    yield "cache-user", Sample("aws:elasticache/user:User", user)
    protected = {"kmsKeyArn": RECOVERY_KEY, "pointInTimeRecovery": True, "deletionProtectionEnabled": True}
    table = {"name": "visits", "arn": arn("dynamodb", "table/visits"), "billingMode": "PAY_PER_REQUEST",
             "serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY}, "pointInTimeRecovery": {"enabled": True},
             "deletionProtectionEnabled": True, "replicas": [{"regionName": CW, **protected}], "tags": PHI}  # fmt: skip
    yield "table", Sample("aws:dynamodb/table:Table", table)
    copy = {"globalTableArn": arn("dynamodb", "table/visits"), "region": CW, **protected}
    yield "table-copy", Sample("aws:dynamodb/tableReplica:TableReplica", copy)
    world = {"name": "notes", "replicas": [{"regionName": CA}, {"regionName": CW}]}
    yield "table-global", Sample("aws:dynamodb/globalTable:GlobalTable", world)
    files = {"id": "fs-1", "encrypted": True, "kmsKeyId": INTERNAL_KEY, "tags": INTERNAL}
    yield "files", Sample("aws:efs/fileSystem:FileSystem", files)
    queue = {"id": "jobs", "name": "clinic-jobs", "kmsMasterKeyId": INTERNAL_KEY, "tags": INTERNAL,
             "redrivePolicy": json.dumps({"deadLetterTargetArn": arn("sqs", "clinic-dead")})}  # fmt: skip
    yield "queue", Sample("aws:sqs/queue:Queue", queue)
    volume = {"id": "vol-1", "encrypted": True, "kmsKeyId": INTERNAL_KEY, "tags": INTERNAL}
    yield "volume", Sample("aws:ebs/volume:Volume", volume)


def _bucket(
    name: str, purpose: str, tags: dict[str, str], key: str | None, region: str
) -> Iterator[tuple[str, Sample]]:
    """A bucket and its side resources."""
    placed = {"bucket": name, "region": region}
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key} if key else {"sseAlgorithm": "AES256"}
    encryption = {"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}
    lifecycle = {"id": "old", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 90},
                 "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}  # fmt: skip
    sides: dict[str, tuple[str, dict[str, Any]]] = {
        "encryption": (
            "ServerSideEncryptionConfiguration",
            {"rules": [{**encryption, "blockedEncryptionTypes": ["SSE-C"]}]},
        ),
        "block": (
            "PublicAccessBlock",
            {
                "blockPublicAcls": True,
                "blockPublicPolicy": True,
                "ignorePublicAcls": True,
                "restrictPublicBuckets": True,
            },
        ),
        "ownership": ("OwnershipControls", {"rule": {"objectOwnership": "BucketOwnerEnforced"}}),
        "policy": (
            "Policy",
            {"policy": document(tls_only(name), *guards(name), *([LOG_DELIVERY] if purpose == "logs" else []))},
        ),
        "versioning": (
            "Versioning",
            {"versioningConfiguration": {"status": "Enabled", **({"mfaDelete": "Enabled"} if "trail" in name else {})}},
        ),
        "lifecycle": ("LifecycleConfiguration", {"rules": [lifecycle]}),
        "logging": ("Logging", {"targetBucket": "clinic-logs" if region == CA else "clinic-logs-west"}),
        "notification": ("Notification", {"eventbridge": True}),
    }
    identity = {"id": name, "arn": f"arn:aws:s3:::{name}"}
    yield f"{purpose}", Sample("aws:s3/bucket:Bucket", {**identity, **placed, "forceDestroy": False, "tags": tags})
    for side, (type, properties) in sides.items():
        if side not in ("logging", "notification") or not purpose.startswith("logs"):
            token = f"aws:s3/bucket{type}:Bucket{type}"
            yield f"{purpose}-{side}", Sample(token, {**placed, **properties})


def _storage() -> Iterator[tuple[str, Sample]]:
    yield from _bucket("clinic-photos", "photos", PHI, KEY, CA)
    yield from _bucket("clinic-photos-copy", "copy", PHI, RECOVERY_KEY, CW)
    yield from _bucket("clinic-logs", "logs", INTERNAL, None, CA)
    yield from _bucket("clinic-logs-west", "logs-west", INTERNAL, None, CW)
    yield from _bucket("clinic-trail", "trail-bucket", INTERNAL, INTERNAL_KEY, CA)
    yield from _bucket("clinic-config", "config-bucket", INTERNAL, INTERNAL_KEY, CA)
    lock = {"bucket": "clinic-trail", "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 2190}}}
    yield "trail-lock", Sample("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", lock)
    rule = {"id": "all", "status": "Enabled",
            "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
            "destination": {"bucket": "arn:aws:s3:::clinic-photos-copy",
                            "encryptionConfiguration": {"replicaKmsKeyId": RECOVERY_KEY}}}  # fmt: skip
    yield (
        "photos-replication",
        Sample("aws:s3/bucketReplicationConfig:BucketReplicationConfig", {"bucket": "clinic-photos", "rules": [rule]}),
    )


def _security() -> Iterator[tuple[str, Sample]]:
    kept = {"enableKeyRotation": True, "deletionWindowInDays": 30, "policy": document(ACCOUNT_STATEMENT, LOGS_ENCRYPT)}
    data = {"id": "data", "arn": KEY, "description": "patient data", **kept, "tags": PHI}
    yield "key", Sample("aws:kms/key:Key", data)
    other = {"id": "key-internal", "arn": INTERNAL_KEY, "description": "the rest", **kept, "tags": INTERNAL}
    yield "key-internal", Sample("aws:kms/key:Key", other)
    replica = {"deletionWindowInDays": 30, "region": CW, "policy": document(ACCOUNT_STATEMENT)}
    yield "key-copy", Sample("aws:kms/replicaKey:ReplicaKey", replica)
    yield "key-copy-external", Sample("aws:kms/replicaExternalKey:ReplicaExternalKey", {"region": CW})
    policy = {"keyId": "data", "policy": document(ACCOUNT_STATEMENT)}
    yield "key-policy", Sample("aws:kms/keyPolicy:KeyPolicy", policy)
    secret = {"arn": arn("secretsmanager", "secret:clinic-AbCdEf"), "name": "clinic/database", "kmsKeyId": KEY,
              "description": "the database's user", "recoveryWindowInDays": 30, "tags": PHI,
              "replicas": [{"region": CW, "kmsKeyId": RECOVERY_KEY}]}  # fmt: skip
    yield "secret", Sample("aws:secretsmanager/secret:Secret", secret)
    version = {"secretId": "clinic/database", "secretStringWoVersion": 1}
    yield "secret-version", Sample("aws:secretsmanager/secretVersion:SecretVersion", version)
    rotation = {"secretId": "clinic/database", "rotationRules": {"automaticallyAfterDays": 30}}
    yield "secret-rotation", Sample("aws:secretsmanager/secretRotation:SecretRotation", rotation)


def _records() -> Iterator[tuple[str, Sample]]:
    group = {"name": "/clinic/application", "kmsKeyId": KEY, "retentionInDays": 365, "tags": PHI}
    yield "log-group", Sample("aws:cloudwatch/logGroup:LogGroup", group)
    mask = {"logGroupName": "/clinic/application", "policyDocument": document()}
    yield "log-mask", Sample("aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy", mask)
    names = ("/aws/lambda/clinic-jobs", "/aws/rds/instance/clinic/postgresql", "/aws/rds/instance/clinic/upgrade",
             *(f"/aws/rds/cluster/records/{log}" for log in ("audit", "error", "slowquery")), "trail")  # fmt: skip
    for name in names:
        known = {"arn": arn("logs", "log-group:trail"), "skipDestroy": True} if name == "trail" else {}
        group = {"name": name, "kmsKeyId": INTERNAL_KEY, "retentionInDays": 365, "tags": INTERNAL, **known}
        yield f"log-group{name.replace('/', '-')}", Sample("aws:cloudwatch/logGroup:LogGroup", group)
    topic = {"arn": arn("sns", "alarms"), "kmsMasterKeyId": INTERNAL_KEY, "tags": INTERNAL}
    yield "topic", Sample("aws:sns/topic:Topic", topic)
    plain = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": "*",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}}  # fmt: skip
    policy = {"arn": arn("sns", "alarms"), "policy": document(plain)}
    yield "topic-policy", Sample("aws:sns/topicPolicy:TopicPolicy", policy)
    subscription = {"topic": arn("sns", "alarms"), "protocol": "https", "endpoint": "https://hooks.example.org/alarms",
                    "redrivePolicy": json.dumps({"deadLetterTargetArn": arn("sqs", "clinic-dead")})}  # fmt: skip
    yield "subscription", Sample("aws:sns/topicSubscription:TopicSubscription", subscription)
    recorded = [{"type": kind, "values": [whole]} for kind, whole in
                (("AWS::S3::Object", "arn:aws:s3"), ("AWS::DynamoDB::Table", "arn:aws:dynamodb"))]  # fmt: skip
    trail = {"s3BucketName": "clinic-trail", "kmsKeyId": INTERNAL_KEY, "enableLogFileValidation": True,
             "cloudWatchLogsGroupArn": arn("logs", "log-group:trail"), "isMultiRegionTrail": True,
             "cloudWatchLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/trail", "snsTopicName": "alarms",
             "insightSelectors": [{"insightType": "ApiCallRateInsight"}],
             "eventSelectors": [{"readWriteType": "All", "dataResources": recorded}]}  # fmt: skip
    yield "trail", Sample("aws:cloudtrail/trail:Trail", trail)
    export = {"logGroup": "/clinic/application", "destinationArn": arn("firehose", "deliverystream/logs")}
    yield "log-export", Sample("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", export)
    target = {"name": "logs", "targetArn": arn("kinesis", "stream/logs")}
    yield "log-destination", Sample("aws:cloudwatch/logDestination:LogDestination", target)
    stream = {"name": "metrics", "firehoseArn": arn("firehose", "deliverystream/metrics")}
    yield "metric-stream", Sample("aws:cloudwatch/metricStream:MetricStream", stream)
    firehose = {"name": "logs", "destination": "extended_s3", "extendedS3Configuration": {"kmsKeyArn": INTERNAL_KEY},
                "serverSideEncryption": {"enabled": True, "keyType": "CUSTOMER_MANAGED_CMK"}}  # fmt: skip
    yield "firehose", Sample("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", firehose)


def web_rules() -> list[dict[str, Any]]:
    """The rules of a web ACL that refuses what is known to be bad."""
    seen = {"cloudwatchMetricsEnabled": True, "metricName": "m", "sampledRequestsEnabled": False}
    names = ("CommonRuleSet", "KnownBadInputsRuleSet", "SQLiRuleSet", "AmazonIpReputationList")
    managed = [
        {"name": name, "priority": index, "overrideAction": {"none": {}}, "visibilityConfig": seen,
         "statement": {"managedRuleGroupStatement": {"vendorName": "AWS", "name": f"AWSManagedRules{name}"}}}
        for index, name in enumerate(names)
    ]  # fmt: skip
    limit = {"name": "rate", "priority": 8, "action": {"block": {}}, "visibilityConfig": seen,
             "statement": {"rateBasedStatement": {"limit": 2000, "aggregateKeyType": "IP"}}}  # fmt: skip
    here = {"geoMatchStatement": {"countryCodes": ["CA", "US"]}}
    abroad = {"name": "abroad", "priority": 9, "action": {"block": {}}, "visibilityConfig": seen,
              "statement": {"notStatement": {"statements": [here]}}}  # fmt: skip
    return [*managed, limit, abroad]


def _edge() -> Iterator[tuple[str, Sample]]:
    logs = {"enabled": True, "bucket": "clinic-logs"}
    balancer = {"internal": False, "loadBalancerType": "application", "securityGroups": ["sg-balancer"],
                "subnets": ["subnet-public", "subnet-public-b"], "dropInvalidHeaderFields": True, "accessLogs": logs,
                "connectionLogs": logs, "enableDeletionProtection": True, "tags": {**INTERNAL, **EXPOSED}}  # fmt: skip
    for twin in ("lb", "alb"):
        named = {**balancer, "arn": arn("elasticloadbalancing", f"loadbalancer/app/{twin}/1")}
        yield f"balancer-{twin}", Sample(f"aws:{twin}/loadBalancer:LoadBalancer", named)
        https = {"loadBalancerArn": named["arn"], "protocol": "HTTPS", "port": 443,
                 "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
                 "certificateArn": arn("acm", "certificate/1"), "defaultActions": [{"type": "forward"}]}  # fmt: skip
        yield f"https-{twin}", Sample(f"aws:{twin}/listener:Listener", https)
        redirect = {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
        http = {"loadBalancerArn": named["arn"], "protocol": "HTTP", "port": 80, "defaultActions": [redirect]}
        yield f"http-{twin}", Sample(f"aws:{twin}/listener:Listener", http)
        guard = {"resourceArn": named["arn"], "webAclArn": arn("wafv2", "regional/webacl/clinic/1")}
        yield f"guard-{twin}", Sample("aws:wafv2/webAclAssociation:WebAclAssociation", guard)
    behaviour = {"viewerProtocolPolicy": "redirect-to-https", "responseHeadersPolicyId": "rhp-1",
                 "cachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}  # fmt: skip
    photos = {**behaviour, "pathPattern": "/photos/*", "viewerProtocolPolicy": "https-only", "cachePolicyId": "cp-1",
              "trustedKeyGroups": ["kg-1"]}  # fmt: skip
    headers = {"securityHeadersConfig": {"strictTransportSecurity": {"accessControlMaxAgeSec": 63_072_000}}}
    yield "headers", Sample("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", {"id": "rhp-1", **headers})
    yield (
        "cdn",
        Sample(
            "aws:cloudfront/distribution:Distribution",
            {"arn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
             "origins": [
                {"originId": "photos", "domainName": f"clinic-photos.s3.{CA}.amazonaws.com",
                 "originAccessControlId": "E1"},
                {"originId": "web", "domainName": "web.example.org",
                 "customOriginConfig": {"originProtocolPolicy": "https-only", "originSslProtocols": ["TLSv1.2"]}}],
             "originGroups": [{"originId": "site", "members": [{"originId": "web"}, {"originId": "photos"}]}],
             "defaultRootObject": "index.html", "priceClass": "PriceClass_100",
             "defaultCacheBehavior": behaviour, "orderedCacheBehaviors": [photos],
             "viewerCertificate": {"acmCertificateArn": arn("acm", "certificate/2", US), "sslSupportMethod": "sni-only",
                                   "minimumProtocolVersion": "TLSv1.2_2021"},
             "restrictions": {"geoRestriction": {"restrictionType": "whitelist", "locations": ["CA", "US"]}},
             "webAclId": arn("wafv2", "global/webacl/cdn/1", US), "tags": {**PHI, **EXPOSED}},
        ),
    )  # fmt: skip
    source = {"resourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1", "region": US}
    yield "cdn-logs", Sample("aws:cloudwatch/logDeliverySource:LogDeliverySource", source)
    seen = {"cloudwatchMetricsEnabled": True, "metricName": "cdn", "sampledRequestsEnabled": False}
    acl = {"arn": arn("wafv2", "global/webacl/cdn/1", US), "scope": "CLOUDFRONT", "defaultAction": {"allow": {}},
           "rules": web_rules(), "visibilityConfig": seen}  # fmt: skip
    redacted = [{"singleHeader": {"name": name}} for name in ("authorization", "cookie")]
    edge: dict[str, tuple[str, dict[str, Any]]] = {
        "edge-certificate": (
            "aws:acm/certificate:Certificate",
            {"domainName": "clinic.example.org", "validationMethod": "DNS"},
        ),
        "edge-acl": ("aws:wafv2/webAcl:WebAcl", acl),
        "edge-acl-logs": (
            "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
            {
                "resourceArn": acl["arn"],
                "redactedFields": redacted,
                "logDestinationConfigs": [arn("logs", "log-group:aws-waf-logs-cdn", US)],
            },
        ),
        "edge-alarm": (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"namespace": "AWS/CloudFront", "metricName": "5xxErrorRate", "alarmActions": [arn("sns", "edge", US)]},
        ),
        "edge-topic": (
            "aws:sns/topic:Topic",
            {"arn": arn("sns", "edge", US), "kmsMasterKeyId": arn("kms", "key/edge", US), "tags": INTERNAL},
        ),
        "edge-topic-policy": (
            "aws:sns/topicPolicy:TopicPolicy",
            {
                "arn": arn("sns", "edge", US),
                "policy": document(
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "sns:Publish",
                        "Resource": "*",
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ),
            },
        ),
        "edge-key": (
            "aws:kms/key:Key",
            {
                "enableKeyRotation": True,
                "deletionWindowInDays": 30,
                "description": "the edge",
                "policy": document(ACCOUNT_STATEMENT),
                "tags": INTERNAL,
            },
        ),
        "edge-logs": (
            "aws:cloudwatch/logGroup:LogGroup",
            {
                "arn": arn("logs", "log-group:aws-waf-logs-cdn", US),
                "name": "aws-waf-logs-cdn",
                "kmsKeyId": arn("kms", "key/edge", US),
                "retentionInDays": 365,
                "tags": INTERNAL,
            },
        ),
    }
    for name, (type, properties) in edge.items():
        yield name, Sample(type, {**properties, "region": US})


def _compute() -> Iterator[tuple[str, Sample]]:
    task = {"family": "clinic", "networkMode": "awsvpc", "containerDefinitions": json.dumps([CONTAINER]),
            "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/start",
            "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/task"}  # fmt: skip
    yield "task", Sample("aws:ecs/taskDefinition:TaskDefinition", task)
    network = {"assignPublicIp": False, "subnets": ["subnet-application", "subnet-application-b"],
               "securityGroups": ["sg-service"]}  # fmt: skip
    service = {"name": "clinic", "cluster": "clinic", "desiredCount": 2, "networkConfiguration": network}
    yield "service", Sample("aws:ecs/service:Service", service)
    function = {"name": "clinic-jobs", "description": "jobs", "runtime": "python3.13", "kmsKeyArn": INTERNAL_KEY,
                "environment": {"variables": {"LOG_LEVEL": "info"}}, "reservedConcurrentExecutions": 5,
                "tracingConfig": {"mode": "Active"}, "deadLetterConfig": {"targetArn": arn("sqs", "clinic-dead")},
                "codeSigningConfigArn": arn("lambda", "code-signing-config:csc-1"),
                "role": f"arn:aws:iam::{ACCOUNT}:role/task", "tags": INTERNAL}  # fmt: skip
    yield "function", Sample("aws:lambda/function:Function", function)
    repository = {"name": "application", "imageTagMutability": "IMMUTABLE",
                  "imageScanningConfiguration": {"scanOnPush": True},
                  "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": INTERNAL_KEY}]}  # fmt: skip
    yield "repository", Sample("aws:ecr/repository:Repository", repository)
    lifecycle = {"repository": "application", "policy": json.dumps({"rules": []})}
    yield "repository-lifecycle", Sample("aws:ecr/lifecyclePolicy:LifecyclePolicy", lifecycle)
    rules = [{"destinations": [{"region": CW, "registryId": ACCOUNT}]}]
    yield (
        "image-copies",
        Sample(
            "aws:ecr/replicationConfiguration:ReplicationConfiguration", {"replicationConfiguration": {"rules": rules}}
        ),
    )


def _recovery() -> Iterator[tuple[str, Sample]]:
    keep = {"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}
    vault = {"name": "clinic", "arn": arn("backup", "backup-vault:clinic"), "kmsKeyArn": KEY, "tags": PHI}
    yield "vault", Sample("aws:backup/vault:Vault", vault)
    lock = {"backupVaultName": "clinic", "minRetentionDays": 35}
    yield "vault-lock", Sample("aws:backup/vaultLockConfiguration:VaultLockConfiguration", lock)
    west = {"name": "clinic-west", "arn": arn("backup", "backup-vault:clinic-west", CW), "kmsKeyArn": RECOVERY_KEY,
            "tags": PHI, "region": CW}  # fmt: skip
    yield "vault-west", Sample("aws:backup/vault:Vault", west)
    policy = {"backupVaultName": "clinic-west", "policy": document(keep), "region": CW}
    yield "vault-west-policy", Sample("aws:backup/vaultPolicy:VaultPolicy", policy)
    rule = {"ruleName": "daily", "targetVaultName": "clinic", "schedule": "cron(0 5 * * ? *)",
            "enableContinuousBackup": True, "lifecycle": {"deleteAfter": 35},
            "copyActions": [{"destinationVaultArn": west["arn"]}]}  # fmt: skip
    yield "plan", Sample("aws:backup/plan:Plan", {"id": "plan-1", "name": "daily", "rules": [rule]})
    condition = {"stringEquals": [{"key": "aws:ResourceTag/Backup", "value": "daily"}]}
    selection = {"planId": "plan-1", "name": "phi", "resources": ["*"], "conditions": [condition]}
    yield "selection", Sample("aws:backup/selection:Selection", selection)


def _system() -> Iterator[tuple[str, Sample]]:
    common = {"tags": {"DataClass": "internal", "Owner": "platform", "Environment": "production", "CostCenter": "1"}}
    provider = {"region": CA, "allowedAccountIds": json.dumps([ACCOUNT]), "defaultTags": json.dumps(common)}
    yield "provider", Sample(AWS_PROVIDER, provider)
    for part in (_network, _data, _storage, _security, _records, _edge, _compute, _recovery):
        yield from part()


SYSTEM: dict[str, Sample] = dict(_system())
for _service in SERVICES:
    SYSTEM.update(_service.SAMPLES)
CONFIG = Config(baseline=True, accounts=frozenset({ACCOUNT}))
"""The samples are an account's own safeguards too, so that one that is missing is found."""


def urn(name: str, type: str | None = None, stack: str = "staging") -> str:
    return f"urn:pulumi:{stack}::phi-platform::{type or SYSTEM[name].type}::{name}"


def resource(name: str, sample: Sample, samples: Mapping[str, Sample] = SYSTEM) -> Resource:
    """The resource that rules see."""
    return Resource(
        sample.type,
        sample.properties,
        urn=urn(name, sample.type),
        provider={} if sample.type == AWS_PROVIDER else {"region": CA},
        ignore_changes=sample.ignore_changes,
        protect=sample.protect,
        dependencies={
            key: [urn(each, samples[each].type) for each in names if each in samples]
            for key, names in sample.computed_from.items()
        },
    )


def stack(samples: Mapping[str, Sample] = SYSTEM, name: str = "staging") -> Stack:
    """A stack of these samples, its root first."""
    root = Resource(STACK, {}, urn=urn(f"phi-platform-{name}", STACK, name))
    return Stack((root, *(resource(each, sample, samples) for each, sample in samples.items())))


def judged(
    samples: Mapping[str, Sample] = SYSTEM,
    config: Config | None = None,
    waivers: Iterable[Waiver] = (),
    problems: Iterable[str] = (),
) -> list[Verdict]:
    """Every verdict of a preview: each resource as it is declared, then the stack."""
    judge = Judge(RULES, config or CONFIG, list(waivers), list(problems), today=TODAY)
    whole = stack(samples)
    found = [verdict for each in whole.resources for verdict in judge.resource(each)]
    return found + list(judge.stack(whole))


def judged_again(samples: Mapping[str, Sample], config: Config | None = None) -> list[Verdict]:
    """Verdicts of a changed system. Resource rules look at what differs only: the rest was judged as it is."""
    judge = Judge(RULES, config or CONFIG, today=TODAY)
    resources: list[Resource] = []
    found: list[Verdict] = []
    for name, sample in samples.items():
        each = _unchanged().get(name) if SYSTEM.get(name) is sample else None
        if each is None:
            each = resource(name, sample, samples)
            found += judge.resource(each)
        resources.append(each)
    return found + list(judge.stack(Stack((stack({}).root, *resources))))


@cache
def _unchanged() -> dict[str, Resource]:
    return {name: resource(name, sample) for name, sample in SYSTEM.items()}


def with_changes(name: str, changes: Mapping[str, Any], samples: Mapping[str, Sample] = SYSTEM) -> dict[str, Sample]:
    """The samples with one of them changed."""
    return {**samples, name: changed(samples[name], changes)}


def first_preview(samples: Mapping[str, Sample] = SYSTEM) -> dict[str, Sample]:
    """The samples before anything exists: ids and ARNs of others are unknown, and known only as dependencies."""
    owners = {
        sample.properties[key]: name
        for name, sample in samples.items()
        for key in ("id", "arn")
        if isinstance(sample.properties.get(key), str)
    }
    hidden: dict[str, Sample] = {}
    for name, sample in samples.items():
        properties: dict[str, Any] = {}
        computed = dict(sample.computed_from)
        for key, value in sample.properties.items():
            if key in ("id", "arn"):
                continue
            used: list[str] = []
            properties[key] = _hide(value, owners, used)
            if used:
                computed[key] = tuple(dict.fromkeys(used))
        hidden[name] = replace(sample, properties=properties, computed_from=computed)
    return hidden


def _hide(value: Any, owners: Mapping[str, str], used: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: _hide(each, owners, used) for key, each in value.items()}
    if isinstance(value, list):
        return [_hide(each, owners, used) for each in value]
    if isinstance(value, str) and value in owners:
        used.append(owners[value])
        return UNKNOWN
    return value
