"""Amazon EC2: instances, launch templates and configurations, volumes, snapshots, images, scaling groups."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from ..conditions import in_production, patient_data
from ..config import Config
from ..credentials import credentials
from ..documents import statements, values
from ..expect import NOT_FALSE, NOT_TRUE, OWN_KEY, TRUE, UNSET, at_most, one_of
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule, stack_rule
from ..values import View
from .jurisdiction import not_allowed
from .reachability import SUBNET, tier
from .stores import selected

INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
LAUNCHES = (INSTANCE, TEMPLATE, CONFIGURATION)
VOLUME = "aws:ebs/volume:Volume"
SNAPSHOT = "aws:ebs/snapshot:Snapshot"
IMPORT = "aws:ebs/snapshotImport:SnapshotImport"
COPY = "aws:ebs/snapshotCopy:SnapshotCopy"
IMAGE = "aws:ec2/ami:Ami"
IMAGE_COPY = "aws:ec2/amiCopy:AmiCopy"
SCALING = "aws:autoscaling/group:Group"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
ROLE = "aws:iam/role:Role"
GUIDE = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/"
EBS_GUIDE = "https://docs.aws.amazon.com/ebs/latest/userguide/"
SCALING_GUIDE = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/"
CONTAINER_HOPS = 2


def devices(resource: Resource) -> Iterator[View]:
    """Disks that a launch creates, whichever of the three types says it."""
    for name in ("rootBlockDevice", "ebsBlockDevices"):
        yield from resource.views(name)
    for mapping in resource.views("blockDeviceMappings"):
        if mapping.has("ebs"):
            yield mapping.view("ebs")


# Instances and launch templates


@resource_rule(
    "ec2-imdsv2-required",
    types=LAUNCHES,
    title="Instance metadata is given out by session only",
    severity=HIGH,
    remedy="Set metadataOptions.httpTokens: required.",
    url=GUIDE + "configuring-instance-metadata-service.html",
)
def imdsv2(resource: Resource, config: Config) -> Iterator[str]:
    options = resource.view("metadataOptions")
    if options.text("httpEndpoint") != "disabled" and options.text("httpTokens") != "required":
        yield "metadataOptions.httpTokens must be required."


imds_hops = requires(
    "ec2-imds-hop-limit",
    LAUNCHES,
    {"metadataOptions.httpPutResponseHopLimit": at_most(CONTAINER_HOPS, absent=1)},
    title="Instance metadata stays on the instance",
    severity=LOW,
    url=GUIDE + "configuring-instance-metadata-service.html",
)


@stack_rule(
    "ec2-account-imds-defaults",
    title="The account asks for sessions of instance metadata by default",
    severity=MEDIUM,
    remedy="Add InstanceMetadataDefaults with httpTokens: required.",
    url=GUIDE + "configuring-instance-metadata-options.html",
)
def imds_defaults(stack: Stack, config: Config) -> Iterator[Finding]:
    found = stack.of("aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults")
    if config.baseline and not found:
        yield Finding(stack.root, "no InstanceMetadataDefaults.")
    for each in found:
        if each.text("httpTokens") != "required":
            yield Finding(each, "httpTokens must be required.")


@resource_rule(
    "ec2-no-public-ip",
    types=LAUNCHES,
    title="Instances have no public address",
    severity=HIGH,
    remedy="Set associatePublicIpAddress: false and use private subnets.",
    url=GUIDE + "using-instance-addressing.html",
)
def no_public_ip(resource: Resource, config: Config) -> Iterator[str]:
    for view in (resource, *resource.views("networkInterfaces")):
        if view.flag("associatePublicIpAddress"):
            yield f"{view.where('associatePublicIpAddress')} is true."


@stack_rule(
    "eip-nat-only",
    title="Elastic addresses belong to NAT gateways and load balancers",
    severity=HIGH,
    remedy="Bind the address to a NAT gateway or a network load balancer, or release it.",
    url=GUIDE + "elastic-ip-addresses-eip.html",
)
def eip_nat_only(stack: Stack, config: Config) -> Iterator[Finding]:
    for eip in stack.of("aws:ec2/eip:Eip"):
        for name in ("instance", "networkInterface"):
            if eip.declares(name) and eip.has(name):
                yield Finding(eip, f"{name} is set: the address makes a workload public.")
        if not eip.has("instance") and not eip.has("networkInterface") and not stack.users(eip):
            yield Finding(eip, "is used by nothing of this stack.")
    for association in stack.of("aws:ec2/eipAssociation:EipAssociation"):
        yield Finding(association, "binds a public address to a workload.")


@resource_rule(
    "ec2-instance-in-vpc",
    types=INSTANCE,
    title="Instances name their subnet",
    severity=HIGH,
    remedy="Set subnetId and vpcSecurityGroupIds; remove securityGroups.",
    url=GUIDE + "using-vpc.html",
)
def in_vpc(resource: Resource, config: Config) -> Iterator[str]:
    placed = any(resource.has(name) for name in ("subnetId", "networkInterfaces", "primaryNetworkInterface"))
    if not placed and not resource.has("launchTemplate"):
        yield "subnetId is not set: the instance would be in the default network."
    if resource.declares("securityGroups") and resource.has("securityGroups"):
        yield "securityGroups is of the default network; use vpcSecurityGroupIds."


@linked_rule(
    "ec2-instance-profile",
    types=(INSTANCE, TEMPLATE),
    title="Instances act by a role, not by keys",
    severity=MEDIUM,
    remedy="Set iamInstanceProfile.",
    url=GUIDE + "iam-roles-for-amazon-ec2.html",
)
def instance_profile(launch: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    """Not of a template of EKS nodes: the node group names their role, and EKS takes no template that does."""
    elsewhere = launch.has("launchTemplate") or stack.users(launch, NODE_GROUP, property="launchTemplate")
    if not launch.has("iamInstanceProfile") and not elsewhere:
        yield "iamInstanceProfile is not set."


@stack_rule(
    "ec2-ssm-managed",
    title="Instances are managed by Systems Manager",
    severity=LOW,
    remedy="Attach AmazonSSMManagedInstanceCore to the role of the instance profile.",
    url="https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html",
)
def ssm_managed(stack: Stack, config: Config) -> Iterator[Finding]:
    for launch in stack.of(INSTANCE, TEMPLATE):
        for profile in stack.targets(launch, "iamInstanceProfile", PROFILE):
            for role in stack.targets(profile, "role", ROLE):
                attached = stack.users(role, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", property="role")
                written = stack.users(role, "aws:iam/rolePolicy:RolePolicy", property="role")
                core = any(
                    str(each.properties.get("policyArn")).endswith("AmazonSSMManagedInstanceCore") for each in attached
                )
                own = any(
                    each.unknown("policy")
                    or any(
                        "ssm:UpdateInstanceInformation" in values(one, "Action") for one in statements(each, "policy")
                    )
                    for each in written
                )
                if not core and not own:
                    yield Finding(role, f"{launch.name} runs as it, and Systems Manager cannot manage the instance.")


no_ssh_key = requires(
    "ec2-no-ssh-key",
    LAUNCHES,
    {"keyName": UNSET},
    title="Nobody logs in to instances by SSH key",
    severity=LOW,
    remedy="Remove keyName; use Session Manager.",
    url="https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html",
)
serial_console = requires(
    "ec2-serial-console-off",
    "aws:ec2/serialConsoleAccess:SerialConsoleAccess",
    {"enabled": NOT_TRUE},
    title="The serial console is off",
    severity=LOW,
    url=GUIDE + "ec2-serial-console.html",
)


@resource_rule(
    "ec2-volumes-encrypted",
    types=LAUNCHES,
    title="Disks of instances are encrypted",
    severity=HIGH,
    remedy="Set encrypted: true on every block device.",
    url=EBS_GUIDE + "ebs-encryption.html",
)
def volumes_encrypted(resource: Resource, config: Config) -> Iterator[str]:
    found = list(devices(resource))
    for device in found:
        if device.flag("encrypted") is not True and not device.has("snapshotId"):
            yield f"{device.where('encrypted')} must be true."
    if not found and resource.type != TEMPLATE and not resource.has("launchTemplate"):
        yield "rootBlockDevice.encrypted must be true: the disk of the image would be as the image is."


@resource_rule(
    "ec2-volumes-cmk",
    types=(INSTANCE, TEMPLATE),
    title="Disks of patient data use a customer key",
    severity=HIGH,
    remedy="Set kmsKeyId on every block device.",
    url=EBS_GUIDE + "ebs-encryption.html",
)
def volumes_cmk(resource: Resource, config: Config) -> Iterator[str]:
    if patient_data(resource, config):
        for device in devices(resource):
            if device.flag("encrypted") and not device.has("kmsKeyId"):
                yield f"{device.where('kmsKeyId')} is not set."


@resource_rule(
    "ec2-approved-image",
    types=LAUNCHES,
    title="Instances start from approved images",
    severity=LOW,
    remedy="Use an image of the approved list (pack setting extra.images), resolved by a public parameter of AWS.",
    url=GUIDE + "AMIs.html",
)
def approved_image(resource: Resource, config: Config) -> Iterator[str]:
    approved = config.extra.get("images")
    image = resource.text("ami") or resource.text("imageId")
    if approved and image is not None and not image.startswith("resolve:ssm:") and image not in approved:
        yield f"{image} is not on the list of approved images."


def _user_data(resource: Resource) -> Iterator[tuple[str, str]]:
    for name in ("userData", "userDataBase64"):
        text = resource.text(name)
        if text is None:
            continue
        yield name, text
        try:
            yield name, base64.b64decode(text, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            continue


@resource_rule(
    "ec2-user-data-no-secrets",
    types=LAUNCHES,
    title="Start-up scripts hold no credential",
    severity=CRITICAL,
    remedy="Read the secret from Secrets Manager when the instance starts.",
    url=GUIDE + "user-data.html",
)
def user_data(resource: Resource, config: Config) -> Iterator[str]:
    yield from sorted({f"{name} holds {kind}." for name, text in _user_data(resource) for kind in credentials(text)})


@resource_rule(
    "ec2-detailed-monitoring",
    types=LAUNCHES,
    title="Instances are measured every minute",
    severity=LOW,
    remedy="Set monitoring: true (monitoring.enabled of a launch template).",
    url=GUIDE + "manage-detailed-monitoring.html",
)
def detailed_monitoring(resource: Resource, config: Config) -> Iterator[str]:
    path = {INSTANCE: "monitoring", TEMPLATE: "monitoring.enabled"}.get(resource.type, "enableMonitoring")
    if resource.type == CONFIGURATION:
        if resource.flag(path) is False:
            yield f"{path} must not be false."
    elif resource.flag(path) is not True and not resource.has("launchTemplate"):
        yield f"{path} must be true."


termination_protection = requires(
    "ec2-termination-protection",
    INSTANCE,
    {"disableApiTermination": TRUE},
    when=in_production,
    title="Instances in production are not ended by mistake",
    severity=LOW,
    url=GUIDE + "terminating-instances.html",
)
ebs_optimized = requires(
    "ec2-ebs-optimized",
    (INSTANCE, TEMPLATE),
    {"ebsOptimized": NOT_FALSE},
    title="Instances reach their disks by a lane of their own",
    severity=LOW,
    url=GUIDE + "ebs-optimized.html",
)


@linked_rule(
    "ec2-in-backup-plan",
    types=(INSTANCE, VOLUME),
    title="Instances and disks of patient data are in a backup",
    severity=HIGH,
    remedy="Select it in an AWS Backup selection, by ARN or by its tags.",
    url="https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html",
)
def in_backup(resource: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if resource.tags().get(config.data_class_tag) == "phi" and not selected(stack, resource):
        yield "holds patient data and is in no backup selection."


# Volumes, snapshots, images

volume_encrypted = requires(
    "ebs-volume-encrypted",
    VOLUME,
    {"encrypted": TRUE},
    title="Disks are encrypted",
    severity=HIGH,
    url=EBS_GUIDE + "ebs-encryption.html",
)
volume_cmk = requires(
    "ebs-volume-cmk",
    VOLUME,
    {"kmsKeyId": OWN_KEY},
    when=patient_data,
    title="Disks of patient data use a customer key",
    severity=HIGH,
    url=EBS_GUIDE + "ebs-encryption.html",
)


@linked_rule(
    "ebs-volume-attached",
    types=VOLUME,
    title="No disk lies around",
    severity=LOW,
    remedy="Attach the volume, or delete it after a snapshot.",
    url=EBS_GUIDE + "ebs-attaching-volume.html",
)
def volume_attached(volume: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not stack.users(volume, "aws:ec2/volumeAttachment:VolumeAttachment", property="volumeId"):
        yield "is attached to nothing."


@stack_rule(
    "ebs-default-encryption",
    title="The account encrypts new disks by itself, with a customer key",
    severity=HIGH,
    remedy="Add EncryptionByDefault with enabled: true and DefaultKmsKey.",
    url=EBS_GUIDE + "encryption-by-default.html",
)
def default_encryption(stack: Stack, config: Config) -> Iterator[Finding]:
    switches = stack.of("aws:ebs/encryptionByDefault:EncryptionByDefault")
    for switch in switches:
        if not switch.unknown("enabled") and switch.flag("enabled") is False:
            yield Finding(switch, "enabled must not be false.")
    if config.baseline and not switches:
        yield Finding(stack.root, "no EncryptionByDefault.")
    if config.baseline and not stack.of("aws:ebs/defaultKmsKey:DefaultKmsKey"):
        yield Finding(stack.root, "no DefaultKmsKey.")


@resource_rule(
    "ebs-snapshot-not-shared",
    types=(
        "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
        "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
    ),
    title="Snapshots of disks are shared with trusted accounts only",
    severity=CRITICAL,
    remedy="Remove the permission; set SnapshotBlockPublicAccess.state to block-all-sharing.",
    url=EBS_GUIDE + "ebs-modifying-snapshot-permissions.html",
)
def snapshot_not_shared(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type.endswith("SnapshotBlockPublicAccess"):
        if resource.text("state") != "block-all-sharing":
            yield "state must be block-all-sharing."
    elif resource.text("accountId") not in config.trusted_accounts | config.accounts:
        yield "accountId: the account is not a trusted one."


@linked_rule(
    "ebs-snapshot-encrypted",
    types=(SNAPSHOT, IMPORT),
    title="Snapshots of disks are encrypted",
    severity=HIGH,
    remedy="Encrypt the volume; set encrypted and kmsKeyId on an import.",
    url=EBS_GUIDE + "ebs-encryption.html",
)
def snapshot_encrypted(snapshot: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if snapshot.type == IMPORT and (snapshot.flag("encrypted") is not True or not snapshot.has("kmsKeyId")):
        yield "encrypted must be true, and kmsKeyId set."
    for volume in stack.targets(snapshot, "volumeId", VOLUME):
        if not volume.unknown("encrypted") and volume.flag("encrypted") is not True:
            yield f"volumeId: {volume.name} is not encrypted, so its snapshot is not."


@resource_rule(
    "ebs-snapshot-copy-safe",
    types=COPY,
    title="Copies of snapshots are encrypted and stay in the jurisdiction",
    severity=CRITICAL,
    remedy="Set encrypted: true and kmsKeyId, and copy inside the jurisdiction.",
    url=EBS_GUIDE + "ebs-copy-snapshot.html",
)
def snapshot_copy(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("encrypted") is not True:
        yield "encrypted must be true."
    if not resource.has("kmsKeyId"):
        yield "kmsKeyId is not set."
    region = resource.text("sourceRegion")
    if region is not None and region not in config.regions:
        yield f"sourceRegion: {not_allowed(region, config)}."


@resource_rule(
    "ami-encrypted",
    types=(IMAGE, IMAGE_COPY),
    title="Images are encrypted and come from the jurisdiction",
    severity=HIGH,
    remedy="Encrypt every device; set encrypted and kmsKeyId on a copy, from a region of the jurisdiction.",
    url=GUIDE + "AMIEncryption.html",
)
def image_encrypted(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type == IMAGE:
        for device in resource.views("ebsBlockDevices"):
            if device.flag("encrypted") is not True and not device.has("snapshotId"):
                yield f"{device.where('encrypted')} must be true."
        return
    if resource.flag("encrypted") is not True:
        yield "encrypted must be true."
    if not resource.has("kmsKeyId"):
        yield "kmsKeyId is not set."
    region = resource.text("sourceAmiRegion")
    if region is not None and region not in config.regions:
        yield f"sourceAmiRegion: {not_allowed(region, config)}."


@resource_rule(
    "ami-not-public",
    types=(
        "aws:ec2/amiLaunchPermission:AmiLaunchPermission",
        "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess",
    ),
    title="Images are shared with trusted accounts only",
    severity=CRITICAL,
    remedy="Remove the permission; set ImageBlockPublicAccess.state to block-new-sharing.",
    url=GUIDE + "sharingamis-intro.html",
)
def image_not_public(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type.endswith("ImageBlockPublicAccess"):
        if resource.text("state") != "block-new-sharing":
            yield "state must be block-new-sharing."
        return
    if resource.text("group") == "all":
        yield "group all makes the image public."
    account = resource.text("accountId")
    if account is not None and account not in config.trusted_accounts | config.accounts:
        yield "accountId: the account is not a trusted one."


# Scaling groups

scaling_health = requires(
    "asg-elb-health-check",
    SCALING,
    {"healthCheckType": one_of("ELB", "VPC_LATTICE", "ELB,EBS")},
    when=lambda resource, _: any(resource.has(name) for name in ("targetGroupArns", "loadBalancers", "trafficSources")),
    title="Instances that do not answer are replaced",
    severity=MEDIUM,
    remedy="Set healthCheckType: ELB.",
    url=SCALING_GUIDE + "health-checks-overview.html",
)


@resource_rule(
    "asg-multi-az",
    types=SCALING,
    title="Scaling groups span two zones",
    severity=MEDIUM,
    remedy="Name subnets of two availability zones or more in vpcZoneIdentifiers.",
    url=SCALING_GUIDE + "auto-scaling-benefits.html",
)
def scaling_multi_az(resource: Resource, config: Config) -> Iterator[str]:
    counts = [_count(resource, name) for name in ("vpcZoneIdentifiers", "availabilityZones")]
    if max(counts) < 2:
        yield "vpcZoneIdentifiers: expected two subnets or more."


def _count(resource: Resource, name: str) -> int:
    value: Any = resource.get(name)
    return len(value) if isinstance(value, list) else 0


scaling_template = requires(
    "asg-launch-template-only",
    SCALING,
    {"launchConfiguration": UNSET},
    title="Scaling groups start from launch templates",
    severity=LOW,
    remedy="Replace launchConfiguration by launchTemplate.",
    url=SCALING_GUIDE + "launch-templates.html",
)


@resource_rule(
    "asg-tags-propagated",
    types=SCALING,
    title="Instances of a scaling group carry its data class",
    severity=LOW,
    remedy="Add the data class to tags with propagateAtLaunch: true.",
    url=SCALING_GUIDE + "ec2-auto-scaling-tagging.html",
)
def scaling_tags(resource: Resource, config: Config) -> Iterator[str]:
    found = [each for each in resource.views("tags") if each.text("key") == config.data_class_tag]
    if not any(each.flag("propagateAtLaunch") for each in found):
        yield f"tags: {config.data_class_tag} is missing, or not given to instances."


@linked_rule(
    "asg-private-subnets",
    types=SCALING,
    title="Scaling groups are in private subnets",
    severity=HIGH,
    remedy="Name application subnets in vpcZoneIdentifiers.",
    url=SCALING_GUIDE + "asg-in-vpc.html",
)
def scaling_private(group: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for subnet in stack.targets(group, "vpcZoneIdentifiers", SUBNET):
        if tier(subnet, config) == "public":
            yield f"vpcZoneIdentifiers: {subnet.name} is of the public tier."
