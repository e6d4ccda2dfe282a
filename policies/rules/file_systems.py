"""Amazon EFS: file systems under a customer key, mounted by TLS and by name, backed up, kept in the jurisdiction."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import patient_data, sensitive
from ..config import Config
from ..documents import allows, bounded, conditions, everyone, statements
from ..expect import OWN_KEY, SET, TRUE, UNSET
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, Finding, linked_rule, requires, resource_rule
from .jurisdiction import not_allowed
from .messaging import denies_plain
from .reachability import SUBNET, tier
from .stores import selected

FILES = "aws:efs/fileSystem:FileSystem"
POLICY = "aws:efs/fileSystemPolicy:FileSystemPolicy"
GUIDE = "https://docs.aws.amazon.com/efs/latest/ug/"

encrypted = requires(
    "efs-encrypted",
    FILES,
    {"encrypted": TRUE},
    title="File systems are encrypted",
    severity=HIGH,
    url=GUIDE + "encryption-at-rest.html",
)
cmk = requires(
    "efs-cmk",
    FILES,
    {"kmsKeyId": OWN_KEY},
    when=patient_data,
    title="File systems of patient data use a customer key",
    severity=HIGH,
    url=GUIDE + "encryption-at-rest.html",
)


@linked_rule(
    "efs-tls-and-iam-policy",
    types=FILES,
    title="File systems are mounted by TLS, by those who are named",
    severity=HIGH,
    remedy="Add a FileSystemPolicy that denies aws:SecureTransport false and lets no stranger mount.",
    url=GUIDE + "iam-access-control-nfs-efs.html",
)
def tls_and_iam(files: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    policies = stack.users(files, POLICY, property="fileSystemId")
    found = [each for policy in policies for each in statements(policy, "policy")]
    if not any(denies_plain(each) for each in found):
        yield "no FileSystemPolicy denies mounts without TLS."
    for each in found:
        through = "elasticfilesystem:accessedviamounttarget" in {key for _, key, _ in conditions(each)}
        if allows(each) and everyone(each) and not bounded(each) and not through:
            yield Finding(policies[0], f"{each.path} lets anyone mount.")


access_point = requires(
    "efs-access-point-bounded",
    "aws:efs/accessPoint:AccessPoint",
    {"rootDirectory.path": SET, "posixUser": SET},
    title="Access points lead to one folder, as one user",
    severity=HIGH,
    url=GUIDE + "efs-access-points.html",
)


@linked_rule(
    "efs-backup",
    types=FILES,
    title="File systems of sensitive data are in a backup",
    severity=HIGH,
    remedy="Add a BackupPolicy with status ENABLED, or select it in an AWS Backup selection.",
    url=GUIDE + "awsbackup.html",
)
def backup(files: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not sensitive(files, config):
        return
    policies = stack.users(files, "aws:efs/backupPolicy:BackupPolicy", property="fileSystemId")
    if not any(each.text("backupPolicy.status") == "ENABLED" for each in policies) and not selected(stack, files):
        yield "neither a BackupPolicy nor a backup selection covers it."


multi_az = requires(
    "efs-multi-az",
    FILES,
    {"availabilityZoneName": UNSET},
    when=patient_data,
    title="File systems of patient data survive the loss of a zone",
    severity=LOW,
    url=GUIDE + "features.html",
)


@linked_rule(
    "efs-mount-target-private",
    types="aws:efs/mountTarget:MountTarget",
    title="File systems are mounted in private subnets",
    severity=HIGH,
    remedy="Name an application or data subnet.",
    url=GUIDE + "accessing-fs.html",
)
def mount_target(target: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for subnet in stack.targets(target, "subnetId", SUBNET):
        if tier(subnet, config) == "public":
            yield f"subnetId: {subnet.name} is of the public tier."


@resource_rule(
    "efs-replication-in-jurisdiction",
    types="aws:efs/replicationConfiguration:ReplicationConfiguration",
    title="File systems replicate inside the jurisdiction only, with a key",
    severity=CRITICAL,
    remedy="Set destination.region to a region of the jurisdiction and kmsKeyId to a key there.",
    url=GUIDE + "efs-replication.html",
)
def replication(resource: Resource, config: Config) -> Iterator[str]:
    region = resource.text("destination.region")
    if region is not None and region not in config.regions:
        yield f"destination.region: {not_allowed(region, config)}."
    if not resource.has("destination.kmsKeyId") and not resource.has("destination.fileSystemId"):
        yield "destination.kmsKeyId is not set."
