from __future__ import annotations

import base64

from tests.localaws.case import Case, Ref
from tests.localaws.cases.ec2 import GROUP, SUBNET
from tests.localaws.cases.iam import PROFILE

TAGS = {"DataClass": "phi"}
KEY = "arn:aws:kms:ca-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
TEMPLATE = {
    "imageId": "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
    "instanceType": "t3.medium",
    "ebsOptimized": "true",
    "monitoring": {"enabled": True},
    "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
    "networkInterfaces": [
        {"deviceIndex": 0, "associatePublicIpAddress": "false", "securityGroups": [Ref("group")]},
    ],
    "blockDeviceMappings": [
        {
            "deviceName": "/dev/sda1",
            "ebs": {"volumeType": "gp3", "volumeSize": 30, "encrypted": "true", "kmsKeyId": KEY},
        }
    ],
    "tagSpecifications": [{"resourceType": "volume", "tags": TAGS}],
    "updateDefaultVersion": True,
    "userData": base64.b64encode(b"#cloud-config\n{}").decode(),
    "tags": TAGS,
}
PLACED = {**SUBNET, "group": GROUP["group"], **PROFILE}
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0JzHn0fB0h1kU7YxqF6ZrO1lq3mYbQkq0o1qCF3c6H administrators"

CASES = [
    Case(
        "aws:ec2/launchTemplate:LaunchTemplate",
        {"name": "clinic-fleet", **TEMPLATE},
        {"instanceType": "t3.small", "tags": {"DataClass": "internal"}},
        GROUP,
    ),
    Case(
        "aws:ec2/instance:Instance",
        {
            "ami": "ami-0123456789abcdef0",
            "instanceType": "t4g.nano",
            "iamInstanceProfile": Ref("profile", "name"),
            "subnetId": Ref("subnet"),
            "vpcSecurityGroupIds": [Ref("group")],
            "associatePublicIpAddress": False,
            "ebsOptimized": True,
            "monitoring": True,
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
            "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 8, "encrypted": True, "kmsKeyId": KEY},
            "tags": TAGS,
        },
        {"instanceType": "t4g.micro", "tags": {"DataClass": "internal"}},
        PLACED,
    ),
    Case(
        "aws:ec2/keyPair:KeyPair",
        {"keyName": "clinic-prod", "publicKey": PUBLIC_KEY, "tags": TAGS},
        {"tags": {"DataClass": "internal"}},
        unread=("publicKey",),
    ),
]
