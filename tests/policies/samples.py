"""A whole system that breaks no rule, as plain properties: what every break in these tests starts from.

`SYSTEM` has at least one resource of every type that rules look at, by name. Ids and ARNs stand where the provider
would fill them in after an update; `first_preview` takes them away again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
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
    INTERNAL,
    KEY,
    LOG_DELIVERY,
    PHI,
    RECOVERY_KEY,
    TODAY,
    US,
    Sample,
    arn,
    changed,
    document,
    tls_only,
)


def _network() -> Iterator[tuple[str, Sample]]:
    yield "vpc", Sample("aws:ec2/vpc:Vpc", {"id": "vpc-1", "cidrBlock": "10.0.0.0/16", "tags": INTERNAL})
    yield "flow-log", Sample("aws:ec2/flowLog:FlowLog", {"vpcId": "vpc-1", "trafficType": "ALL"})
    yield "default-group", Sample("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {"vpcId": "vpc-1"})
    yield "internet", Sample("aws:ec2/internetGateway:InternetGateway", {"id": "igw-1", "vpcId": "vpc-1"})
    for tier in ("public", "application", "data"):
        subnet = {"id": f"subnet-{tier}", "vpcId": "vpc-1", "tags": {"Tier": tier}, "mapPublicIpOnLaunch": False}
        yield f"subnet-{tier}", Sample("aws:ec2/subnet:Subnet", subnet)
        yield f"table-{tier}", Sample("aws:ec2/routeTable:RouteTable", {"id": f"rtb-{tier}", "vpcId": "vpc-1"})
        yield (
            f"association-{tier}",
            Sample(
                "aws:ec2/routeTableAssociation:RouteTableAssociation",
                {"subnetId": f"subnet-{tier}", "routeTableId": f"rtb-{tier}"},
            ),
        )
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
    yield "acl", Sample("aws:ec2/networkAcl:NetworkAcl", {"id": "acl-1", "vpcId": "vpc-1", "ingress": [entry]})
    rule = {"networkAclId": "acl-1", "ruleNumber": 200, "ruleAction": "allow", "egress": False, "protocol": "tcp",
            "cidrBlock": "0.0.0.0/0", "fromPort": 443, "toPort": 443}  # fmt: skip
    yield "acl-rule", Sample("aws:ec2/networkAclRule:NetworkAclRule", rule)
    for group in ("balancer", "service", "database", "cache"):
        yield f"group-{group}", Sample("aws:ec2/securityGroup:SecurityGroup", {"id": f"sg-{group}", "vpcId": "vpc-1"})
    inline = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}
    yield "group-endpoints", Sample("aws:ec2/securityGroup:SecurityGroup", {"id": "sg-endpoints", "ingress": [inline]})
    ways = (
        ("balancer", {"cidrIpv4": "0.0.0.0/0"}, 443), ("service", {"referencedSecurityGroupId": "sg-balancer"}, 8080),
        ("database", {"referencedSecurityGroupId": "sg-service"}, 5432),
        ("cache", {"referencedSecurityGroupId": "sg-service"}, 6379),
    )  # fmt: skip
    for group, source, port in ways:
        way = {"securityGroupId": f"sg-{group}", "ipProtocol": "tcp", "fromPort": port, "toPort": port, **source}
        yield f"ingress-{group}", Sample("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", way)
    rule = {"type": "ingress", "securityGroupId": "sg-database", "sourceSecurityGroupId": "sg-service",
            "protocol": "tcp", "fromPort": 5432, "toPort": 5432}  # fmt: skip
    yield "rule-database", Sample("aws:ec2/securityGroupRule:SecurityGroupRule", rule)


def _data() -> Iterator[tuple[str, Sample]]:
    for kind in ("rds", "elasticache"):
        group = {"name": f"clinic-{kind}", "subnetIds": ["subnet-data"]}
        yield f"{kind}-subnets", Sample(f"aws:{kind}/subnetGroup:SubnetGroup", group)
    parameters = [{"name": "rds.force_ssl", "value": "1"}, {"name": "log_connections", "value": "1"}]
    yield (
        "database-parameters",
        Sample("aws:rds/parameterGroup:ParameterGroup", {"name": "clinic-pg", "parameters": parameters}),
    )
    yield (
        "aurora-parameters",
        Sample(
            "aws:rds/clusterParameterGroup:ClusterParameterGroup",
            {"name": "clinic-aurora", "parameters": [{"name": "require_secure_transport", "value": "ON"}]},
        ),
    )
    store = {"storageEncrypted": True, "kmsKeyId": KEY, "deletionProtection": True, "skipFinalSnapshot": False,
             "copyTagsToSnapshot": True, "backupRetentionPeriod": 35, "vpcSecurityGroupIds": ["sg-database"],
             "performanceInsightsEnabled": True, "performanceInsightsKmsKeyId": KEY, "tags": PHI}  # fmt: skip
    yield (
        "database",
        Sample(
            "aws:rds/instance:Instance",
            {**store, "id": "db-1", "arn": arn("rds", "db:clinic"), "identifier": "clinic", "engine": "postgres",
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
             "dbSubnetGroupName": "clinic-rds", "dbClusterParameterGroupName": "clinic-aurora",
             "enabledCloudwatchLogsExports": ["audit", "error", "slowquery"],
             "finalSnapshotIdentifier": "records-final", "manageMasterUserPassword": True,
             "masterUserSecretKmsKeyId": KEY},
        ),
    )  # fmt: skip
    member = {"clusterIdentifier": "records", "publiclyAccessible": False, "autoMinorVersionUpgrade": True,
              "performanceInsightsEnabled": True, "performanceInsightsKmsKeyId": KEY}  # fmt: skip
    yield "aurora-member", Sample("aws:rds/clusterInstance:ClusterInstance", member)
    world = {"storageEncrypted": True, "deletionProtection": True, "globalClusterIdentifier": "world"}
    yield "aurora-global", Sample("aws:rds/globalCluster:GlobalCluster", world)
    copy = {"destinationRegion": CW, "kmsKeyId": RECOVERY_KEY}
    yield "snapshot-copy", Sample("aws:rds/snapshotCopy:SnapshotCopy", copy)
    yield "cluster-snapshot-copy", Sample("aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy", copy)
    yield (
        "cache",
        Sample(
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"replicationGroupId": "clinic", "engine": "valkey", "subnetGroupName": "clinic-elasticache",
             "atRestEncryptionEnabled": True, "kmsKeyId": KEY, "transitEncryptionEnabled": True,
             "transitEncryptionMode": "required", "authTokenWoVersion": 1, "securityGroupIds": ["sg-cache"],
             "tags": PHI},
        ),
    )  # fmt: skip
    cluster = {"clusterId": "sessions", "engine": "memcached", "transitEncryptionEnabled": True}
    yield "memcached", Sample("aws:elasticache/cluster:Cluster", cluster)
    user = {"userId": "application", "engine": "valkey", "authenticationMode": {"type": "iam"}}
    yield "cache-user", Sample("aws:elasticache/user:User", user)
    replica = {"regionName": CW, "kmsKeyArn": RECOVERY_KEY}
    table = {"name": "visits", "arn": arn("dynamodb", "table/visits"), "replicas": [replica], "tags": PHI}
    yield "table", Sample("aws:dynamodb/table:Table", table)
    copy = {"globalTableArn": arn("dynamodb", "table/visits"), "region": CW}
    yield "table-copy", Sample("aws:dynamodb/tableReplica:TableReplica", copy)
    world = {"name": "notes", "replicas": [{"regionName": CA}, {"regionName": CW}]}
    yield "table-global", Sample("aws:dynamodb/globalTable:GlobalTable", world)
    yield "files", Sample("aws:efs/fileSystem:FileSystem", {"encrypted": True, "kmsKeyId": KEY, "tags": INTERNAL})
    yield "queue", Sample("aws:sqs/queue:Queue", {"name": "clinic-jobs", "kmsMasterKeyId": KEY, "tags": INTERNAL})
    yield "volume", Sample("aws:ebs/volume:Volume", {"encrypted": True, "kmsKeyId": KEY, "tags": INTERNAL})


def _bucket(
    name: str, purpose: str, tags: dict[str, str], key: str | None, region: str
) -> Iterator[tuple[str, Sample]]:
    """A bucket and its side resources."""
    placed = {"bucket": name, "region": region}
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key} if key else {"sseAlgorithm": "AES256"}
    sides: dict[str, tuple[str, dict[str, Any]]] = {
        "encryption": (
            "ServerSideEncryptionConfiguration",
            {"rules": [{"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}]},
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
            {"policy": document(tls_only(name), *([LOG_DELIVERY] if purpose == "logs" else []))},
        ),
        "versioning": ("Versioning", {"versioningConfiguration": {"status": "Enabled"}}),
        "lifecycle": ("LifecycleConfiguration", {"rules": [{"id": "old", "status": "Enabled"}]}),
        "logging": ("Logging", {"targetBucket": "clinic-logs" if region == CA else "clinic-logs-west"}),
    }
    identity = {"id": name, "arn": f"arn:aws:s3:::{name}"}
    yield f"{purpose}", Sample("aws:s3/bucket:Bucket", {**identity, **placed, "forceDestroy": False, "tags": tags})
    for side, (type, properties) in sides.items():
        if side != "logging" or tags is PHI:
            token = f"aws:s3/bucket{type}:Bucket{type}"
            yield f"{purpose}-{side}", Sample(token, {**placed, **properties})


def _storage() -> Iterator[tuple[str, Sample]]:
    yield from _bucket("clinic-photos", "photos", PHI, KEY, CA)
    yield from _bucket("clinic-photos-copy", "copy", PHI, RECOVERY_KEY, CW)
    yield from _bucket("clinic-logs", "logs", INTERNAL, None, CA)
    rule = {"id": "all", "status": "Enabled", "destination": {"bucket": "arn:aws:s3:::clinic-photos-copy"}}
    yield (
        "photos-replication",
        Sample("aws:s3/bucketReplicationConfig:BucketReplicationConfig", {"bucket": "clinic-photos", "rules": [rule]}),
    )


def _security() -> Iterator[tuple[str, Sample]]:
    yield (
        "key",
        Sample(
            "aws:kms/key:Key",
            {"id": "data", "arn": KEY, "enableKeyRotation": True, "deletionWindowInDays": 30,
             "policy": document(ACCOUNT_STATEMENT), "tags": PHI},
        ),
    )  # fmt: skip
    replica = {"deletionWindowInDays": 30, "region": CW, "policy": document(ACCOUNT_STATEMENT)}
    yield "key-copy", Sample("aws:kms/replicaKey:ReplicaKey", replica)
    yield "key-copy-external", Sample("aws:kms/replicaExternalKey:ReplicaExternalKey", {"region": CW})
    policy = {"keyId": "data", "policy": document(ACCOUNT_STATEMENT)}
    yield "key-policy", Sample("aws:kms/keyPolicy:KeyPolicy", policy)
    secret = {"name": "clinic/database", "kmsKeyId": KEY, "recoveryWindowInDays": 30, "tags": PHI,
              "replicas": [{"region": CW, "kmsKeyId": RECOVERY_KEY}]}  # fmt: skip
    yield "secret", Sample("aws:secretsmanager/secret:Secret", secret)
    version = {"secretId": "clinic/database", "secretStringWoVersion": 1}
    yield "secret-version", Sample("aws:secretsmanager/secretVersion:SecretVersion", version)
    yield "vpn", Sample("aws:ec2/vpnConnection:VpnConnection", {"presharedKeyStorage": "SecretsManager"})
    function = {"name": "clinic-jobs", "environment": {"variables": {"LOG_LEVEL": "info"}}, "tags": INTERNAL}
    yield "function", Sample("aws:lambda/function:Function", function)


def _records() -> Iterator[tuple[str, Sample]]:
    group = {"name": "/clinic/application", "kmsKeyId": KEY, "retentionInDays": 365, "tags": PHI}
    yield "log-group", Sample("aws:cloudwatch/logGroup:LogGroup", group)
    topic = {"arn": arn("sns", "alarms"), "kmsMasterKeyId": KEY, "tags": INTERNAL}
    yield "topic", Sample("aws:sns/topic:Topic", topic)
    subscription = {"topic": arn("sns", "alarms"), "protocol": "https", "endpoint": "https://hooks.example.org/alarms"}
    yield "subscription", Sample("aws:sns/topicSubscription:TopicSubscription", subscription)
    trail = {"kmsKeyId": KEY, "enableLogFileValidation": True,
             "cloudWatchLogsGroupArn": arn("logs", "log-group:trail:*"),
             "cloudWatchLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/trail"}  # fmt: skip
    yield "trail", Sample("aws:cloudtrail/trail:Trail", trail)
    export = {"logGroup": "/clinic/application", "destinationArn": arn("firehose", "deliverystream/logs")}
    yield "log-export", Sample("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", export)
    target = {"name": "logs", "targetArn": arn("kinesis", "stream/logs")}
    yield "log-destination", Sample("aws:cloudwatch/logDestination:LogDestination", target)
    stream = {"name": "metrics", "firehoseArn": arn("firehose", "deliverystream/metrics")}
    yield "metric-stream", Sample("aws:cloudwatch/metricStream:MetricStream", stream)
    firehose = {"name": "logs", "destination": "extended_s3", "extendedS3Configuration": {"kmsKeyArn": KEY}}
    yield "firehose", Sample("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", firehose)


def _edge() -> Iterator[tuple[str, Sample]]:
    balancer = {"internal": False, "loadBalancerType": "application", "securityGroups": ["sg-balancer"],
                "dropInvalidHeaderFields": True, "accessLogs": {"enabled": True, "bucket": "clinic-logs"}}  # fmt: skip
    for twin in ("lb", "alb"):
        named = {**balancer, "arn": arn("elasticloadbalancing", f"loadbalancer/app/{twin}/1")}
        yield f"balancer-{twin}", Sample(f"aws:{twin}/loadBalancer:LoadBalancer", named)
        https = {"loadBalancerArn": named["arn"], "protocol": "HTTPS", "port": 443,
                 "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "certificateArn": arn("acm", "certificate/1"),
                 "defaultActions": [{"type": "forward"}]}  # fmt: skip
        yield f"https-{twin}", Sample(f"aws:{twin}/listener:Listener", https)
        redirect = {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
        http = {"loadBalancerArn": named["arn"], "protocol": "HTTP", "port": 80, "defaultActions": [redirect]}
        yield f"http-{twin}", Sample(f"aws:{twin}/listener:Listener", http)
        guard = {"resourceArn": named["arn"], "webAclArn": arn("wafv2", "regional/webacl/clinic/1")}
        yield f"guard-{twin}", Sample("aws:wafv2/webAclAssociation:WebAclAssociation", guard)
    yield (
        "cdn",
        Sample(
            "aws:cloudfront/distribution:Distribution",
            {"origins": [
                {"originId": "photos", "domainName": f"clinic-photos.s3.{CA}.amazonaws.com",
                 "originAccessControlId": "E1"},
                {"originId": "web", "domainName": "web.example.org",
                 "customOriginConfig": {"originProtocolPolicy": "https-only", "originSslProtocols": ["TLSv1.2"]}}],
             "defaultCacheBehavior": {"viewerProtocolPolicy": "redirect-to-https"},
             "orderedCacheBehaviors": [{"pathPattern": "/photos/*", "viewerProtocolPolicy": "https-only"}],
             "viewerCertificate": {"acmCertificateArn": arn("acm", "certificate/2", US), "sslSupportMethod": "sni-only",
                                   "minimumProtocolVersion": "TLSv1.2_2021"},
             "restrictions": {"geoRestriction": {"restrictionType": "whitelist", "locations": ["CA", "US"]}},
             "webAclId": arn("wafv2", "global/webacl/cdn/1", US), "tags": PHI},
        ),
    )  # fmt: skip
    edge: dict[str, tuple[str, dict[str, Any]]] = {
        "edge-certificate": ("aws:acm/certificate:Certificate", {"domainName": "clinic.example.org"}),
        "edge-acl": ("aws:wafv2/webAcl:WebAcl", {"scope": "CLOUDFRONT"}),
        "edge-alarm": ("aws:cloudwatch/metricAlarm:MetricAlarm", {"namespace": "AWS/CloudFront"}),
        "edge-topic": ("aws:sns/topic:Topic", {"kmsMasterKeyId": arn("kms", "key/edge", US), "tags": INTERNAL}),
        "edge-key": ("aws:kms/key:Key", {"enableKeyRotation": True, "deletionWindowInDays": 30, "tags": INTERNAL}),
        "edge-logs": (
            "aws:cloudwatch/logGroup:LogGroup",
            {
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
    task = {"family": "clinic", "networkMode": "awsvpc", "containerDefinitions": json.dumps([CONTAINER])}
    yield "task", Sample("aws:ecs/taskDefinition:TaskDefinition", task)
    network = {"assignPublicIp": False, "subnets": ["subnet-application"], "securityGroups": ["sg-service"]}
    yield "service", Sample("aws:ecs/service:Service", {"name": "clinic", "networkConfiguration": network})
    repository = {"name": "application", "imageTagMutability": "IMMUTABLE"}
    yield "repository", Sample("aws:ecr/repository:Repository", repository)
    rules = [{"destinations": [{"region": CW, "registryId": ACCOUNT}]}]
    yield (
        "image-copies",
        Sample(
            "aws:ecr/replicationConfiguration:ReplicationConfiguration", {"replicationConfiguration": {"rules": rules}}
        ),
    )


def _recovery() -> Iterator[tuple[str, Sample]]:
    vault = {"name": "clinic", "arn": arn("backup", "backup-vault:clinic"), "kmsKeyArn": KEY, "tags": PHI}
    yield "vault", Sample("aws:backup/vault:Vault", vault)
    west = {"name": "clinic-west", "arn": arn("backup", "backup-vault:clinic-west", CW), "kmsKeyArn": RECOVERY_KEY,
            "tags": PHI, "region": CW}  # fmt: skip
    yield "vault-west", Sample("aws:backup/vault:Vault", west)
    rule = {"ruleName": "daily", "targetVaultName": "clinic", "copyActions": [{"destinationVaultArn": west["arn"]}]}
    yield "plan", Sample("aws:backup/plan:Plan", {"id": "plan-1", "name": "daily", "rules": [rule]})
    condition = {"stringEquals": [{"key": "aws:ResourceTag/Backup", "value": "daily"}]}
    selection = {"planId": "plan-1", "name": "phi", "resources": ["*"], "conditions": [condition]}
    yield "selection", Sample("aws:backup/selection:Selection", selection)


def _system() -> Iterator[tuple[str, Sample]]:
    yield "provider", Sample(AWS_PROVIDER, {"region": CA})
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
