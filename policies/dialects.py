"""Older and shorter ways to write a resource, translated into one, so that a rule names one type and reads one shape.

pulumi-aws has renamed types over its versions (`…V2`, `alb`) and lets many things be said twice: as a block inside a
resource and as a resource of their own. `current` gives a type's name today; `readings` gives the resources that the
blocks of a resource stand for, in the shape of the separate type. Their paths lead back to the block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .values import UNKNOWN, View

Properties = dict[str, Any]

_TWINS = {
    "aws:alb/": "aws:lb/",
    "aws:elasticloadbalancingv2/": "aws:lb/",
    "aws:applicationloadbalancing/": "aws:lb/",
    "aws:elasticloadbalancing/": "aws:elb/",
    "aws:elasticsearch/domain:": "aws:opensearch/domain:",
    "aws:elasticsearch/domainPolicy:": "aws:opensearch/domainPolicy:",
    "aws:s3/bucketObject:BucketObject": "aws:s3/bucketObjectv2:BucketObjectv2",
}
_V2 = re.compile(r"^aws:s3/(bucket\w*)V2:(Bucket\w*)V2$")

BUCKET = "aws:s3/bucket:Bucket"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
ROUTE = "aws:ec2/route:Route"
WAYS_OUT = (
    "gatewayId", "natGatewayId", "transitGatewayId", "vpcPeeringConnectionId", "egressOnlyGatewayId",
    "carrierGatewayId", "coreNetworkArn", "localGatewayId", "networkInterfaceId", "vpcEndpointId",
)  # fmt: skip
"""Properties of a route that say where it leads."""
OLD_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"


def current(type: str) -> str:
    """The name a type has in pulumi-aws 7."""
    for old, new in _TWINS.items():
        if type.startswith(old):
            return new + type[len(old) :]
    found = _V2.match(type)
    return f"aws:s3/{found[1]}:{found[2]}" if found else type


@dataclass(frozen=True)
class Reading:
    """What a block stands for.

    link: property that names the owner.   sources: property of the reading → property of the owner it comes from.
    """

    type: str
    properties: Properties
    path: str
    sources: dict[str, str]
    link: str = ""


@dataclass(frozen=True)
class _Block:
    """A property that stands for resources of another type.

    link: property of those resources that names the owner; `names` says which of the owner's own properties do that.
    shape: properties of each such resource, from one object of the block.
    """

    property: str
    type: str
    link: str
    shape: Callable[[Any], Iterator[Properties]]
    names: tuple[str, ...] = ("id",)
    references: tuple[str, ...] = ()


def readings(type: str, properties: Properties, declared: Callable[[str], bool]) -> Iterator[Reading]:
    """The resources that blocks of this resource stand for. A block that is not known gives one unknown resource."""
    for block in _BLOCKS.get(type, ()):
        value = properties.get(block.property)
        if value is None or value in ("", [], {}) or not declared(block.property):
            continue
        owner = next((properties[name] for name in block.names if properties.get(name)), UNKNOWN)
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            path = f"{block.property}.{index}" if isinstance(value, list) else block.property
            for shaped in _shapes(block, item):
                sources = dict.fromkeys(block.references, block.property)
                placed = {"region": properties["region"]} if properties.get("region") else {}
                yield Reading(block.type, {**placed, **shaped, block.link: owner}, path, sources, block.link)


def _shapes(block: _Block, item: Any) -> Iterator[Properties]:
    if item is UNKNOWN:
        yield {UNREADABLE: UNKNOWN}
    else:
        yield from block.shape(item)


UNREADABLE = "*"
"""Property of a reading whose block is not known: every property of it is then unknown."""


def _versioning(block: Any) -> Iterator[Properties]:
    view = View({"block": block})
    if view.unknown("block.enabled"):
        yield {"versioningConfiguration": {"status": UNKNOWN}}
    else:
        status = "Enabled" if view.flag("block.enabled") else "Suspended"
        delete = "Enabled" if not view.unknown("block.mfaDelete") and view.flag("block.mfaDelete") else "Disabled"
        yield {"versioningConfiguration": {"status": status, "mfaDelete": delete}}


def _rules(block: Any) -> Iterator[Properties]:
    """Encryption, replication, lock: an object with `rule` or `rules`."""
    if isinstance(block, dict):
        rules = block.get("rules", block.get("rule"))
        if rules is UNKNOWN:
            yield {**block, "rules": rules}
        elif rules is not None:
            yield {**block, "rules": [_rule(each) for each in (rules if isinstance(rules, list) else [rules])]}


_SINGULAR = {
    "applyServerSideEncryptionByDefaults": "applyServerSideEncryptionByDefault",
    "destinations": "destination",
    "sourceSelectionCriterias": "sourceSelectionCriteria",
    "defaultRetentions": "defaultRetention",
}


def _rule(block: Any) -> Any:
    """A rule in a bucket, as the separate types have it: `BucketV2` says in lists of one what they say in objects."""
    if not isinstance(block, dict):
        return block
    rule = {_SINGULAR.get(name, name): value for name, value in block.items()}
    destination, selection = _only(rule.get("destination")), _only(rule.get("sourceSelectionCriteria"))
    if isinstance(destination, dict):
        key = {"replicaKmsKeyId": destination.get("replicaKmsKeyId")}
        rule["destination"] = {**destination, "account": destination.get("accountId"), "encryptionConfiguration": key}
    if isinstance(selection, dict) and isinstance(objects := _only(selection.get("sseKmsEncryptedObjects")), dict):
        rule["sourceSelectionCriteria"] = {"sseKmsEncryptedObjects": {"status": _status(objects, "enabled")}}
    return rule


def _only(block: Any) -> Any:
    return block[0] if isinstance(block, list) and block else block


def _status(block: Properties, switch: str) -> Any:
    view = View(block)
    return UNKNOWN if view.unknown(switch) else "Enabled" if view.flag(switch) else "Disabled"


def _lock(block: Any) -> Iterator[Properties]:
    if isinstance(block, dict):
        yield {**block, "rule": _rule(_only(block.get("rule", block.get("rules"))))}


def _same(block: Any) -> Iterator[Properties]:
    if isinstance(block, dict):
        yield block


def _lifecycle(block: Any) -> Iterator[Properties]:
    if not isinstance(block, dict):
        return
    rule = {"id": block.get("id"), "status": "Enabled" if block.get("enabled") else "Disabled"}
    for name in ("expiration", "expirations"):
        if name in block:
            rule["expiration"] = block[name]
    view = View(block)
    for name in ("noncurrentVersionExpiration", "noncurrentVersionExpirations"):
        if view.has(f"{name}.days"):
            rule["noncurrentVersionExpiration"] = {"noncurrentDays": _at(view, f"{name}.days")}
    if view.has("abortIncompleteMultipartUploadDays"):
        rule["abortIncompleteMultipartUpload"] = {
            "daysAfterInitiation": _at(view, "abortIncompleteMultipartUploadDays")
        }
    yield {"rules": [rule]}


def _at(view: View, path: str) -> Any:
    return UNKNOWN if view.unknown(path) else view.get(path)


def _policy(block: Any) -> Iterator[Properties]:
    if isinstance(block, (str, dict)):
        yield {"policy": block}


def _named(property: str) -> Callable[[Any], Iterator[Properties]]:
    def shape(block: Any) -> Iterator[Properties]:
        if isinstance(block, str):
            yield {property: block}

    return shape


def ways(block: Any) -> Iterator[Properties]:
    """Rules of a security group in the shape of one resource per source."""
    if not isinstance(block, dict):
        return
    view = View(block)
    shared = {"ipProtocol": protocol(block.get("protocol")), "description": block.get("description")}
    if shared["ipProtocol"] != "-1":
        shared |= {"fromPort": block.get("fromPort"), "toPort": block.get("toPort")}
    for name, target in _SOURCES.items():
        values = block.get(name)
        for value in values if isinstance(values, list) else [values]:
            if value is not None and value != "":
                yield {**shared, target: value}
    if not view.unknown("self") and view.flag("self"):
        yield {**shared, "self": True}


_SOURCES = {
    "cidrBlocks": "cidrIpv4",
    "ipv6CidrBlocks": "cidrIpv6",
    "securityGroups": "referencedSecurityGroupId",
    "sourceSecurityGroupId": "referencedSecurityGroupId",
    "prefixListIds": "prefixListId",
}
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "all": "-1", "58": "icmpv6"}


def protocol(value: Any) -> Any:
    """A protocol by its name; `-1` for all."""
    if value is UNKNOWN:
        return value
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return _PROTOCOLS.get(text.lower(), text.lower()) if value is not None else "-1"


def _entries(egress: bool) -> Callable[[Any], Iterator[Properties]]:
    def shape(block: Any) -> Iterator[Properties]:
        if isinstance(block, dict):
            yield {
                **block,
                "ruleAction": block.get("action"),
                "ruleNumber": block.get("ruleNo"),
                "egress": egress,
                "protocol": protocol(block.get("protocol")),
            }

    return shape


def _route(block: Any) -> Iterator[Properties]:
    if isinstance(block, dict):
        yield {
            **block,
            "destinationCidrBlock": block.get("cidrBlock"),
            "destinationIpv6CidrBlock": block.get("ipv6CidrBlock"),
        }


def _s3(name: str) -> str:
    return f"aws:s3/bucket{name}:Bucket{name}"


_ON_BUCKET = ("bucket", "id")
_BLOCKS: dict[str, tuple[_Block, ...]] = {
    BUCKET: (
        *(_Block(name, _s3("Versioning"), "bucket", _versioning, _ON_BUCKET) for name in ("versioning", "versionings")),
        *(
            _Block(name, _s3("ServerSideEncryptionConfiguration"), "bucket", _rules, _ON_BUCKET)
            for name in ("serverSideEncryptionConfiguration", "serverSideEncryptionConfigurations")
        ),
        *(
            _Block(name, _s3("Logging"), "bucket", _same, _ON_BUCKET, ("targetBucket",))
            for name in ("logging", "loggings")
        ),
        *(
            _Block(name, _s3("ReplicationConfig"), "bucket", _rules, _ON_BUCKET, ("rules",))
            for name in ("replicationConfiguration", "replicationConfigurations")
        ),
        *(_Block(name, _s3("WebsiteConfiguration"), "bucket", _same, _ON_BUCKET) for name in ("website", "websites")),
        _Block("lifecycleRules", _s3("LifecycleConfiguration"), "bucket", _lifecycle, _ON_BUCKET),
        _Block("objectLockConfiguration", _s3("ObjectLockConfiguration"), "bucket", _lock, _ON_BUCKET),
        _Block("policy", _s3("Policy"), "bucket", _policy, _ON_BUCKET),
        _Block("acl", _s3("Acl"), "bucket", _named("acl"), _ON_BUCKET),
        _Block("grants", _s3("Acl"), "bucket", _same, _ON_BUCKET),
        _Block(
            "corsRules", _s3("CorsConfiguration"), "bucket", lambda block: iter([{"corsRules": [block]}]), _ON_BUCKET
        ),
    ),
    GROUP: (
        _Block("ingress", INGRESS, "securityGroupId", ways, references=("referencedSecurityGroupId", "prefixListId")),
        _Block("egress", EGRESS, "securityGroupId", ways, references=("referencedSecurityGroupId", "prefixListId")),
    ),
    **{
        type: (
            _Block("ingress", ACL_RULE, "networkAclId", _entries(False)),
            _Block("egress", ACL_RULE, "networkAclId", _entries(True)),
        )
        for type in ("aws:ec2/networkAcl:NetworkAcl", "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
    },
    **{
        type: (_Block("routes", ROUTE, "routeTableId", _route, references=(*WAYS_OUT, "destinationPrefixListId")),)
        for type in ("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable")
    },
    "aws:iam/role:Role": (
        _Block("inlinePolicies", "aws:iam/rolePolicy:RolePolicy", "role", _same, ("name", "id")),
        _Block(
            "managedPolicyArns",
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "role",
            _named("policyArn"),
            ("name", "id"),
            ("policyArn",),
        ),
    ),
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": (
        _Block(
            "policyArns",
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "role",
            _named("policyArn"),
            ("roleName",),
            ("policyArn",),
        ),
    ),
    "aws:sqs/queue:Queue": (_Block("policy", "aws:sqs/queuePolicy:QueuePolicy", "queueUrl", _policy, ("url", "id")),),
    "aws:sns/topic:Topic": (_Block("policy", "aws:sns/topicPolicy:TopicPolicy", "arn", _policy, ("arn", "id")),),
    "aws:secretsmanager/secret:Secret": (
        _Block("policy", "aws:secretsmanager/secretPolicy:SecretPolicy", "secretArn", _policy, ("arn", "id", "name")),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        _Block("policy", "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy", "vpcEndpointId", _policy),
    ),
    "aws:opensearch/domain:Domain": (
        _Block(
            "accessPolicies",
            "aws:opensearch/domainPolicy:DomainPolicy",
            "domainName",
            lambda block: iter([{"accessPolicies": block}]),
            ("domainName", "id"),
        ),
    ),
}


def of_old_group_rule(properties: Properties) -> Iterator[tuple[str, Properties]]:
    """(type, properties) of the rules that a `SecurityGroupRule`, which may name many sources, stands for."""
    kind = properties.get("type")
    if kind == "ingress" or kind is UNKNOWN:
        type = INGRESS
    elif kind == "egress":
        type = EGRESS
    else:
        return
    for way in ways(properties):
        yield type, {**way, "securityGroupId": properties.get("securityGroupId", UNKNOWN)}
