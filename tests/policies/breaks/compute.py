"""Instances, templates, disks, images, scaling groups, load balancers."""

from __future__ import annotations

import base64

from policies.config import Config
from tests.policies.breaks.form import Break, added, change, changes, without
from tests.policies.sample import (
    ACCOUNT,
    CW,
    EXPOSED,
    GONE,
    INTERNAL,
    INTERNAL_KEY,
    KEY,
    PHI,
    RECOVERY_KEY,
    STRANGER,
    US,
    Sample,
    document,
)

INSTANCE = "aws:ec2/instance:Instance"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
ENCRYPTED = {"encrypted": True, "kmsKeyId": KEY}
SCRIPT = base64.b64encode(f"#!/bin/sh\nexport API_TOKEN={'k9Qz7Lm2Xw4Rt8Vb1N'}\n".encode()).decode()
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
EC2 = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
ROLE = {"permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary", "maxSessionDuration": 3600}
BALANCER = {
    "internal": True,
    "loadBalancerType": "network",
    "subnets": ["subnet-application", "subnet-application-b"],
    "accessLogs": {"enabled": True, "bucket": "clinic-logs"},
    "enableDeletionProtection": True,
    "enableCrossZoneLoadBalancing": True,
}

SAMPLES: dict[str, Sample] = {
    "server": Sample(
        INSTANCE,
        {
            "id": "i-1",
            "ami": "ami-1",
            "subnetId": "subnet-application",
            "iamInstanceProfile": "server-profile",
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "monitoring": True,
            "rootBlockDevice": ENCRYPTED,
            "ebsBlockDevices": [{"deviceName": "/dev/sdf", **ENCRYPTED}],
            "disableApiTermination": True,
            "ebsOptimized": True,
            "vpcSecurityGroupIds": ["sg-service"],
            "associatePublicIpAddress": False,
            "userData": "#!/bin/sh\necho ready\n",
            "tags": PHI,
        },
    ),
    "template": Sample(
        "aws:ec2/launchTemplate:LaunchTemplate",
        {
            "id": "lt-1",
            "imageId": "ami-1",
            "iamInstanceProfile": {"name": "server-profile"},
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2},
            "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true", "kmsKeyId": KEY}}],
            "networkInterfaces": [{"associatePublicIpAddress": "false", "securityGroups": ["sg-service"]}],
            "monitoring": {"enabled": True},
            "ebsOptimized": "true",
            "tags": PHI,
        },
    ),
    "configuration": Sample(
        CONFIGURATION,
        {
            "imageId": "ami-1",
            "metadataOptions": {"httpTokens": "required"},
            "rootBlockDevice": {"encrypted": True},
            "associatePublicIpAddress": False,
        },
    ),
    "server-profile": Sample("aws:iam/instanceProfile:InstanceProfile", {"id": "server-profile", "role": "server"}),
    "server-role": Sample(
        "aws:iam/role:Role", {"id": "server", "name": "server", "assumeRolePolicy": document(EC2), **ROLE}
    ),
    "server-managed": Sample(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "server", "policyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"},
    ),
    "imds-defaults": Sample("aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults", {"httpTokens": "required"}),
    "serial-console": Sample("aws:ec2/serialConsoleAccess:SerialConsoleAccess", {"enabled": False}),
    "eip": Sample("aws:ec2/eip:Eip", {"id": "eip-1", "domain": "vpc"}),
    "attachment": Sample("aws:ec2/volumeAttachment:VolumeAttachment", {"volumeId": "vol-1", "instanceId": "i-1"}),
    "default-encryption": Sample("aws:ebs/encryptionByDefault:EncryptionByDefault", {"enabled": True}),
    "default-key": Sample("aws:ebs/defaultKmsKey:DefaultKmsKey", {"keyArn": INTERNAL_KEY}),
    "snapshot": Sample("aws:ebs/snapshot:Snapshot", {"volumeId": "vol-1"}),
    "snapshot-import": Sample("aws:ebs/snapshotImport:SnapshotImport", {"encrypted": True, "kmsKeyId": KEY}),
    "snapshot-permission": Sample(
        "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission", {"accountId": ACCOUNT}
    ),
    "snapshot-block": Sample(
        "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess", {"state": "block-all-sharing"}
    ),
    "disk-copy": Sample(
        "aws:ebs/snapshotCopy:SnapshotCopy", {"sourceRegion": CW, "encrypted": True, "kmsKeyId": RECOVERY_KEY}
    ),
    "image": Sample("aws:ec2/ami:Ami", {"ebsBlockDevices": [{"deviceName": "/dev/xvda", "encrypted": True}]}),
    "image-copy": Sample(
        "aws:ec2/amiCopy:AmiCopy", {"sourceAmiRegion": CW, "encrypted": True, "kmsKeyId": RECOVERY_KEY}
    ),
    "image-permission": Sample("aws:ec2/amiLaunchPermission:AmiLaunchPermission", {"accountId": ACCOUNT}),
    "image-block": Sample("aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess", {"state": "block-new-sharing"}),
    "scaling": Sample(
        "aws:autoscaling/group:Group",
        {
            "launchTemplate": {"id": "lt-1"},
            "targetGroupArns": ["tg"],
            "healthCheckType": "ELB",
            "vpcZoneIdentifiers": ["subnet-application", "subnet-application-b"],
            "tags": [{"key": "DataClass", "value": "phi", "propagateAtLaunch": True}],
        },
    ),
    "patching": Sample("aws:ssm/patchBaseline:PatchBaseline", {"operatingSystem": "AMAZON_LINUX_2023"}),
    "balancer-network": Sample("aws:lb/loadBalancer:LoadBalancer", BALANCER),
    "targets": Sample(
        "aws:lb/targetGroup:TargetGroup", {"protocol": "HTTPS", "healthCheck": {"path": "/health"}, "tags": PHI}
    ),
}

BREAKS: dict[str, list[Break]] = {
    "ec2-imdsv2-required": [
        change("server", "metadataOptions.httpTokens", "optional"),
        change("template", "metadataOptions"),
        change("configuration", "metadataOptions"),
    ],
    "ec2-imds-hop-limit": [change("template", "metadataOptions.httpPutResponseHopLimit", 3)],
    "ec2-account-imds-defaults": [without("imds-defaults"), change("imds-defaults", "httpTokens", "optional")],
    "ec2-no-public-ip": [
        change("server", "associatePublicIpAddress", True),
        change("template", "networkInterfaces.0.associatePublicIpAddress", "true"),
        change("configuration", "associatePublicIpAddress", True),
    ],
    "eip-nat-only": [
        change("eip", "instance", "i-1"),
        added(
            "bind", "aws:ec2/eipAssociation:EipAssociation", {"allocationId": "eip-1", "networkInterfaceId": "eni-1"}
        ),
        added("spare", "aws:ec2/eip:Eip", {"id": "eip-9"}),
    ],
    "ec2-instance-in-vpc": [change("server", "subnetId"), change("server", "securityGroups", ["default"])],
    "ec2-instance-profile": [change("server", "iamInstanceProfile"), change("template", "iamInstanceProfile")],
    "ec2-ssm-managed": [without("server-managed")],
    "ec2-no-ssh-key": [change("server", "keyName", "admin"), change("template", "keyName", "admin")],
    "ec2-serial-console-off": [change("serial-console", "enabled", True)],
    "ec2-volumes-encrypted": [
        change("server", "rootBlockDevice.encrypted", False),
        change("server", "ebsBlockDevices.0.encrypted"),
        change("template", "blockDeviceMappings.0.ebs.encrypted", "false"),
        change("configuration", "rootBlockDevice"),
    ],
    "ec2-volumes-cmk": [
        change("server", "rootBlockDevice.kmsKeyId"),
        change("template", "blockDeviceMappings.0.ebs.kmsKeyId"),
    ],
    "ec2-approved-image": [
        Break(
            "server",
            {"ami": "ami-other"},
            config=Config(extra={"images": ["ami-1"]}, baseline=True, accounts=frozenset({ACCOUNT})),
        ),
    ],
    "ec2-user-data-no-secrets": [
        change("server", "userData", f"#!/bin/sh\nexport AWS_ACCESS_KEY_ID={KEY_ID}", "no-secret-literal-in-inputs"),
        change("template", "userData", SCRIPT, "no-secret-literal-in-inputs"),
        change("server", "userData", "PASSWORD=k9Qz7Lm2Xw4Rt8Vb1N", "no-secret-literal-in-inputs"),
        change("configuration", "userDataBase64", SCRIPT, "no-secret-literal-in-inputs"),
    ],
    "ec2-detailed-monitoring": [
        change("server", "monitoring"),
        change("template", "monitoring.enabled", False),
        change("configuration", "enableMonitoring", False),
    ],
    "ec2-termination-protection": [change("server", "disableApiTermination")],
    "ec2-ebs-optimized": [change("server", "ebsOptimized", False)],
    "ec2-in-backup-plan": [
        change("server", "tags.Backup", "never"),
        changes("volume", {"tags": {**PHI, "Backup": "never"}}),
    ],
    "ebs-volume-encrypted": [change("volume", "encrypted", False, "ebs-snapshot-encrypted")],
    "ebs-volume-cmk": [changes("volume", {"tags": PHI, "kmsKeyId": GONE})],
    "ebs-volume-attached": [without("attachment")],
    "ebs-default-encryption": [
        change("default-encryption", "enabled", False),
        without("default-encryption"),
        without("default-key"),
    ],
    "ebs-snapshot-not-shared": [
        change("snapshot-permission", "accountId", STRANGER),
        change("snapshot-block", "state", "block-new-sharing"),
    ],
    "ebs-snapshot-encrypted": [
        change("snapshot-import", "encrypted", False),
        change("snapshot-import", "kmsKeyId"),
    ],
    "ebs-snapshot-copy-safe": [
        change("disk-copy", "encrypted"),
        change("disk-copy", "kmsKeyId"),
        change("disk-copy", "sourceRegion", US),
    ],
    "ami-encrypted": [
        change("image", "ebsBlockDevices.0.encrypted", False),
        change("image-copy", "encrypted"),
        change("image-copy", "kmsKeyId"),
        change("image-copy", "sourceAmiRegion", "eu-west-1"),
    ],
    "ami-not-public": [
        changes("image-permission", {"accountId": GONE, "group": "all"}),
        change("image-permission", "accountId", STRANGER),
        change("image-block", "state", "unblocked"),
    ],
    "asg-elb-health-check": [change("scaling", "healthCheckType", "EC2"), change("scaling", "healthCheckType")],
    "asg-multi-az": [change("scaling", "vpcZoneIdentifiers", ["subnet-application"])],
    "asg-launch-template-only": [change("scaling", "launchConfiguration", "lc")],
    "asg-tags-propagated": [change("scaling", "tags.0.propagateAtLaunch", False), change("scaling", "tags")],
    "asg-private-subnets": [change("scaling", "vpcZoneIdentifiers", ["subnet-public", "subnet-public-b"])],
    "ssm-patching-declared": [without("patching")],
    # load balancers
    "lb-connection-logs": [change("balancer-lb", "connectionLogs")],
    "lb-deletion-protection": [
        change("balancer-lb", "enableDeletionProtection", False),
        change("balancer-network", "enableDeletionProtection"),
    ],
    "lb-waf-attached": [without("guard-lb", "public-path-reachability")],
    "lb-waf-fail-closed": [change("balancer-lb", "enableWafFailOpen", True)],
    "lb-desync-mode": [change("balancer-lb", "desyncMitigationMode", "monitor")],
    "lb-multi-az": [change("balancer-lb", "subnets", ["subnet-public"])],
    "lb-nlb-cross-zone": [change("balancer-network", "enableCrossZoneLoadBalancing")],
    "lb-target-tls": [change("targets", "protocol", "HTTP")],
    "lb-target-health-check": [change("targets", "healthCheck"), change("targets", "healthCheck.enabled", False)],
    "lb-partner-mtls": [change("https-lb", "tags", {"Audience": "partners"})],
    "tls-post-quantum-ready": [change("https-lb", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06")],
    "classic-lb-forbidden": [added("classic", "aws:elb/loadBalancer:LoadBalancer", {"listeners": []})],
}

ALLOWED: dict[str, list[Break]] = {
    "ec2-imdsv2-required": [change("server", "metadataOptions", {"httpEndpoint": "disabled"})],
    "ec2-instance-profile": [
        Break(
            "template",
            {"iamInstanceProfile": GONE},
            beside={"nodes": Sample("aws:eks/nodeGroup:NodeGroup", {"launchTemplate": {"id": "lt-1"}})},
        )
    ],
    "ec2-user-data-no-secrets": [
        change("server", "userData", "TOKEN=$(aws secretsmanager get-secret-value --secret-id clinic/api)"),
        change("server", "userData", 'curl -H "X-aws-ec2-metadata-token: $TOKEN" http://169.254.169.254/latest'),
    ],
    "ec2-volumes-encrypted": [change("template", "blockDeviceMappings")],
    "lb-deletion-protection": [
        changes("balancer-lb", {"enableDeletionProtection": GONE, "tags.Environment": "staging"}),
    ],
    "lb-waf-attached": [changes("balancer-network", {"internal": False, "tags": {**INTERNAL, **EXPOSED}})],
    "lb-target-tls": [changes("targets", {"protocol": "HTTP", "tags": INTERNAL})],
    "asg-elb-health-check": [changes("scaling", {"healthCheckType": GONE, "targetGroupArns": GONE})],
}
