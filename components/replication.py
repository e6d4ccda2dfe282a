"""Copies of buckets in another region: the role that copies, and one configuration per bucket."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.scope import DataClass, Scope

if TYPE_CHECKING:
    from pulumi_aws import s3

RULE_ID = "Rule-1"  # recorded id (BER-DR-07); replication metrics carry it as dimension RuleId (BER-N06)
_MINUTES = 15  # the only threshold S3 replication time control has
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
"""The documented trust (BER-DR-08); only an identity of this account that may pass the role can name it in a bucket."""


@dataclass(frozen=True, kw_only=True)
class ReplicaPair:
    """A bucket and its copy.

    source_name, replica_name: physical names.
    source, replica: the same names, known once both buckets have versioning, which replication needs first.
    customer_key: whether both are encrypted with KMS, else with AES256.   locked: whether both have an object lock.
    """

    source_name: str
    replica_name: str
    source: pulumi.Input[str]
    replica: pulumi.Input[str]
    customer_key: bool = True
    locked: bool = False


@dataclass(frozen=True, kw_only=True)
class ReplicationArgs:
    """Inputs of `Replication`.

    pairs: purpose → bucket and copy.   replica_region: region of the copies.   replica_kms_key_arn: key there.
    """

    scope: Scope
    pairs: Mapping[str, ReplicaPair]
    replica_region: str
    replica_kms_key_arn: pulumi.Input[str]


class Replication(pulumi.ComponentResource):
    """Whole buckets copied within 15 minutes, delete markers included, encrypted as the sources in the other region.

    Source: S3 User Guide, "Replicating encrypted objects" and "S3 Replication Time Control".
    BER-DR-04, 07, 08, BER-N18; 45 CFR 164.308(a)(7)(ii)(A) data backup plan.
    """

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ReplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:replication:Replication", name, {}, opts)
        from pulumi_aws import iam, s3

        child = pulumi.ResourceOptions(parent=self)
        scope = args.scope
        role_name = scope.name("replication", limit=64)
        role = iam.Role(
            f"{name}-role",
            name=role_name,
            description="Lets S3 copy buckets to the recovery region",
            assume_role_policy=_TRUST,
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.INTERNAL, role_name),
            opts=child,
        )
        policy = iam.RolePolicy(
            f"{name}-policy", name="ReplicationPolicy", role=role.name, policy=_policy(args), opts=child
        )
        for purpose, pair in args.pairs.items():
            s3.BucketReplicationConfig(
                f"{name}-{purpose}",
                bucket=pair.source,
                role=role.arn,
                rules=[_rule(pair, args.replica_kms_key_arn)],
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})


def _rule(pair: ReplicaPair, replica_kms_key_arn: pulumi.Input[str]) -> s3.BucketReplicationConfigRuleArgsDict:
    destination: s3.BucketReplicationConfigRuleDestinationArgsDict = {
        "bucket": pulumi.Output.concat("arn:aws:s3:::", pair.replica),
        "replication_time": {"status": "Enabled", "time": {"minutes": _MINUTES}},
        "metrics": {"status": "Enabled", "event_threshold": {"minutes": _MINUTES}},
    }
    rule: s3.BucketReplicationConfigRuleArgsDict = {
        "id": RULE_ID,
        "status": "Enabled",
        "priority": 1,
        "filter": {"prefix": ""},
        "delete_marker_replication": {"status": "Enabled"},
        "destination": destination,
    }
    if pair.customer_key:
        rule["source_selection_criteria"] = {"sse_kms_encrypted_objects": {"status": "Enabled"}}
        destination["encryption_configuration"] = {"replica_kms_key_id": replica_kms_key_arn}
    return rule


def _sources(pairs: Iterable[ReplicaPair]) -> list[str]:
    return [f"arn:aws:s3:::{pair.source_name}" for pair in pairs]


def _replicas(pairs: Iterable[ReplicaPair]) -> list[str]:
    return [f"arn:aws:s3:::{pair.replica_name}" for pair in pairs]


def _policy(args: ReplicationArgs) -> str:
    """Read the sources, write the copies, use each region's keys for just these buckets, through S3 only."""
    scope, pairs = args.scope, args.pairs.values()
    sources, replicas = _sources(pairs), _replicas(pairs)
    keyed = [pair for pair in pairs if pair.customer_key]
    locked = [f"{arn}/*" for arn in _sources(pair for pair in pairs if pair.locked)]
    statements: list[dict[str, object]] = [
        {
            "Sid": "ReadConfiguration",
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": sources,
        },
        {
            "Sid": "ReadVersions",
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": [f"{arn}/*" for arn in sources],
        },
        {
            "Sid": "WriteCopies",
            "Effect": "Allow",
            "Action": ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": [f"{arn}/*" for arn in replicas],
        },
    ]
    if locked:
        actions = ["s3:GetObjectLegalHold", "s3:GetObjectRetention"]
        statements.append({"Sid": "ReadLocks", "Effect": "Allow", "Action": actions, "Resource": locked})
    if keyed:
        encrypt = ["kms:Encrypt", "kms:GenerateDataKey"]
        statements += [
            _key_use("DecryptSources", ["kms:Decrypt"], scope, scope.region, _sources(keyed)),
            _key_use("EncryptCopies", encrypt, scope, args.replica_region, _replicas(keyed)),
        ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _key_use(sid: str, actions: list[str], scope: Scope, region: str, buckets: list[str]) -> dict[str, object]:
    """Use of a key for these buckets: the encryption context is the bucket with a bucket key, else the object."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": scope.arn("kms", "key/*", region=region),
        "Condition": {
            "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [*buckets, *(f"{arn}/*" for arn in buckets)]},
        },
    }
