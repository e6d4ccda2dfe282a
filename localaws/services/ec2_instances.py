"""EC2's machines: launch templates, instances, key pairs, and the parameters that name images."""

from __future__ import annotations

import base64
from typing import Any, ClassVar

from localaws.handler import Call, Handler, Props, invoke, register
from localaws.services.ec2 import arn, retag
from localaws.shadowed import Shadowed
from localaws.shapes import from_tags, pascal, to_tags

ENDED = ("shutting-down", "terminated")


def _specification(kind: str, tags: Props) -> list[Props]:
    return [{"ResourceType": kind, "Tags": to_tags(tags)}] if tags else []


def _true(value: Any) -> bool:
    """Booleans that the provider takes as text."""
    return str(value).lower() == "true"


@register
class LaunchTemplate(Shadowed):
    """Every change but of tags is a new version, the default one when `updateDefaultVersion` says so."""

    type = "aws:ec2/launchTemplate:LaunchTemplate"
    SAME: ClassVar[dict[str, str]] = {
        "imageId": "ImageId", "instanceType": "InstanceType", "keyName": "KeyName", "userData": "UserData",
        "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    }  # fmt: skip
    inputs = frozenset(
        {*SAME, "name", "description", "iamInstanceProfile", "ebsOptimized", "monitoring", "metadataOptions",
         "networkInterfaces", "vpcSecurityGroupIds", "blockDeviceMappings", "tagSpecifications",
         "updateDefaultVersion", "disableApiTermination", "creditSpecification", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"name"})
    autoname = "name"
    cloudformation = "AWS::EC2::LaunchTemplate"
    renames: ClassVar[dict[str, str]] = {"name": "LaunchTemplateName", "tags": "-", "tagSpecifications": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        return call.client("ec2").create_launch_template(
            LaunchTemplateName=inputs["name"],
            VersionDescription=inputs.get("description") or "",
            LaunchTemplateData=self._data(inputs),
            TagSpecifications=_specification("launch-template", inputs["tags"]),
        )["LaunchTemplate"]["LaunchTemplateId"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        client = call.client("ec2")
        found = client.describe_launch_templates(LaunchTemplateIds=[id])["LaunchTemplates"]
        if not found:
            return None
        version = client.describe_launch_template_versions(LaunchTemplateId=id, Versions=["$Latest"])
        data = version["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        tags = client.describe_tags(Filters=[{"Name": "resource-id", "Values": [id]}])["Tags"]
        return {
            **{name: data.get(wire) for name, wire in self.SAME.items()},
            "name": found[0]["LaunchTemplateName"],
            "arn": arn(call, "launch-template", id),
            "latestVersion": found[0]["LatestVersionNumber"],
            "defaultVersion": found[0]["DefaultVersionNumber"],
            "tags": from_tags(tags),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("ec2")
        unversioned = {"tags", "updateDefaultVersion"}
        if {k: v for k, v in old.items() if k in self.inputs - unversioned} != {
            k: v for k, v in new.items() if k in self.inputs - unversioned
        }:
            made = client.create_launch_template_version(
                LaunchTemplateId=id,
                VersionDescription=new.get("description") or "",
                LaunchTemplateData=self._data(new),
            )
            number = str(made["LaunchTemplateVersion"]["VersionNumber"])
            if new.get("updateDefaultVersion"):
                client.modify_launch_template(LaunchTemplateId=id, DefaultVersion=number)
        retag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").delete_launch_template(LaunchTemplateId=id)

    def _data(self, inputs: Props) -> Props:
        data: Props = {wire: inputs[name] for name, wire in self.SAME.items() if inputs.get(name)}
        if inputs.get("iamInstanceProfile"):
            data["IamInstanceProfile"] = pascal(inputs["iamInstanceProfile"])
        if inputs.get("ebsOptimized") is not None:
            data["EbsOptimized"] = _true(inputs["ebsOptimized"])
        for name in ("monitoring", "metadataOptions", "creditSpecification"):
            if inputs.get(name):
                data[pascal(name)] = pascal(inputs[name])
        groups = list(inputs.get("vpcSecurityGroupIds") or [])
        interfaces = [self._interface(interface) for interface in inputs.get("networkInterfaces") or []]
        if interfaces:
            data["NetworkInterfaces"] = interfaces
            groups += [group for interface in interfaces for group in interface.get("Groups", [])]
        if groups:
            data["SecurityGroupIds"] = groups  # moto takes the groups of new instances from here only
        if inputs.get("blockDeviceMappings"):
            data["BlockDeviceMappings"] = [self._device(device) for device in inputs["blockDeviceMappings"]]
        if inputs.get("tagSpecifications"):
            data["TagSpecifications"] = [
                {"ResourceType": item["resourceType"], "Tags": to_tags(item.get("tags") or {})}
                for item in inputs["tagSpecifications"]
            ]
        return data

    def _interface(self, interface: Props) -> Props:
        wire: Props = {"DeviceIndex": interface.get("deviceIndex") or 0}
        for name, key in (("associatePublicIpAddress", "AssociatePublicIpAddress"),
                          ("deleteOnTermination", "DeleteOnTermination")):  # fmt: skip
            if interface.get(name) is not None:
                wire[key] = _true(interface[name])
        if interface.get("securityGroups"):
            wire["Groups"] = interface["securityGroups"]
        return wire

    def _device(self, device: Props) -> Props:
        disk = dict(device.get("ebs") or {})
        for name in ("encrypted", "deleteOnTermination"):
            if disk.get(name) is not None:
                disk[name] = _true(disk[name])
        return {"DeviceName": device["deviceName"], "Ebs": pascal(disk)}


@register
class Instance(Shadowed):
    type = "aws:ec2/instance:Instance"
    inputs = frozenset(
        {"ami", "instanceType", "iamInstanceProfile", "subnetId", "vpcSecurityGroupIds", "associatePublicIpAddress",
         "ebsOptimized", "monitoring", "metadataOptions", "rootBlockDevice", "keyName", "userData", "userDataBase64",
         "disableApiTermination", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"ami", "subnetId", "associatePublicIpAddress", "keyName", "rootBlockDevice"})
    cloudformation = "AWS::EC2::Instance"
    renames: ClassVar[dict[str, str]] = {
        "ami": "ImageId", "vpcSecurityGroupIds": "SecurityGroupIds", "tags": "-", "metadataOptions": "-"}  # fmt: skip

    def make(self, call: Call, inputs: Props) -> str:
        wire: Props = {
            "ImageId": inputs["ami"],
            "InstanceType": inputs["instanceType"],
            "MinCount": 1,
            "MaxCount": 1,
            "TagSpecifications": _specification("instance", inputs["tags"]),
            "EbsOptimized": bool(inputs.get("ebsOptimized")),
            "Monitoring": {"Enabled": bool(inputs.get("monitoring"))},
        }
        for name, key in (("subnetId", "SubnetId"), ("vpcSecurityGroupIds", "SecurityGroupIds"),
                          ("keyName", "KeyName"), ("userData", "UserData")):  # fmt: skip
            if inputs.get(name):
                wire[key] = inputs[name]
        if inputs.get("userDataBase64"):
            wire["UserData"] = base64.b64decode(inputs["userDataBase64"]).decode()
        if inputs.get("iamInstanceProfile"):
            wire["IamInstanceProfile"] = {"Name": inputs["iamInstanceProfile"]}
        if inputs.get("metadataOptions"):
            wire["MetadataOptions"] = pascal(inputs["metadataOptions"])
        if inputs.get("rootBlockDevice"):
            disk = {name: value for name, value in inputs["rootBlockDevice"].items() if name != "tags"}
            wire["BlockDeviceMappings"] = [{"DeviceName": "/dev/sda1", "Ebs": pascal(disk)}]
        return call.client("ec2").run_instances(**wire)["Instances"][0]["InstanceId"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("ec2").describe_instances(InstanceIds=[id])["Reservations"]
        machine = found[0]["Instances"][0] if found else None
        if machine is None or machine["State"]["Name"] in ENDED:
            return None
        return {
            "ami": machine["ImageId"],
            "instanceType": machine["InstanceType"],
            "subnetId": machine.get("SubnetId"),
            "vpcSecurityGroupIds": [group["GroupId"] for group in machine.get("SecurityGroups", [])],
            "monitoring": machine["Monitoring"]["State"] == "enabled",
            "rootBlockDevice": {**(kept.get("rootBlockDevice") or {}), **self._root(call, machine)},
            "keyName": machine.get("KeyName"),
            "arn": arn(call, "instance", id),
            "privateIp": machine.get("PrivateIpAddress"),
            "publicIp": machine.get("PublicIpAddress"),
            "instanceState": machine["State"]["Name"],
            "tags": from_tags(machine.get("Tags")),
        }

    def _root(self, call: Call, machine: Props) -> Props:
        """The disk an instance starts from."""
        disks = {disk["DeviceName"]: disk["Ebs"]["VolumeId"] for disk in machine.get("BlockDeviceMappings", [])}
        root = disks.get(machine.get("RootDeviceName"))
        if root is None:
            return {}
        volume = call.client("ec2").describe_volumes(VolumeIds=[root])["Volumes"][0]
        return {
            "volumeType": volume["VolumeType"],
            "volumeSize": volume["Size"],
            "encrypted": volume["Encrypted"],
            "kmsKeyId": volume.get("KmsKeyId"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("ec2")
        if old.get("vpcSecurityGroupIds") != new.get("vpcSecurityGroupIds"):
            client.modify_instance_attribute(InstanceId=id, Groups=new["vpcSecurityGroupIds"])
        if old.get("instanceType") != new["instanceType"]:
            client.stop_instances(InstanceIds=[id])
            client.modify_instance_attribute(InstanceId=id, InstanceType={"Value": new["instanceType"]})
            client.start_instances(InstanceIds=[id])
        retag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").terminate_instances(InstanceIds=[id])


@register
class KeyPair(Handler):
    type = "aws:ec2/keyPair:KeyPair"
    inputs = frozenset({"keyName", "publicKey", "tags"})
    replace_on = frozenset({"keyName", "publicKey"})
    autoname = "keyName"
    cloudformation = "AWS::EC2::KeyPair"
    renames: ClassVar[dict[str, str]] = {"publicKey": "PublicKeyMaterial", "tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        call.client("ec2").import_key_pair(
            KeyName=inputs["keyName"],
            PublicKeyMaterial=inputs["publicKey"].encode(),
            TagSpecifications=_specification("key-pair", inputs["tags"]),
        )
        return inputs["keyName"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("ec2").describe_key_pairs(KeyNames=[id])["KeyPairs"]
        if not found:
            return None
        return {
            "keyName": id,
            "publicKey": known.get("publicKey"),  # EC2 gives it back on request only, in a form of its own
            "keyPairId": found[0]["KeyPairId"],
            "fingerprint": found[0]["KeyFingerprint"],
            "arn": arn(call, "key-pair", found[0]["KeyPairId"]),
            "tags": from_tags(found[0].get("Tags")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        pair = call.client("ec2").describe_key_pairs(KeyNames=[id])["KeyPairs"][0]["KeyPairId"]
        retag(call, pair, old, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").delete_key_pair(KeyName=id)


@invoke("aws:ssm/getParameter:getParameter")
def parameter(call: Call, arguments: Props) -> Props:
    """A parameter of Systems Manager; moto knows those that name Amazon's images."""
    found = call.client("ssm").get_parameter(Name=arguments["name"], WithDecryption=True)["Parameter"]
    return {
        "id": found["Name"], "name": found["Name"], "arn": found["ARN"], "type": found["Type"],
        "version": found["Version"], "value": found["Value"],
        "insecureValue": "" if found["Type"] == "SecureString" else found["Value"], "region": call.region,
    }  # fmt: skip
