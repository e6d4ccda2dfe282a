"""Functions about the account itself: who, where, which zones."""

from __future__ import annotations

from localaws.handler import Call, Props, invoke


@invoke("aws:index/getCallerIdentity:getCallerIdentity")
def caller_identity(call: Call, arguments: Props) -> Props:
    """The identity of the fake credentials."""
    found = call.client("sts").get_caller_identity()
    return {"accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"], "id": found["Account"]}


@invoke("aws:index/getRegion:getRegion")
def region(call: Call, arguments: Props) -> Props:
    """The provider's region."""
    name = arguments.get("region") or call.region
    return {"id": name, "name": name, "region": name, "description": name, "endpoint": f"ec2.{name}.amazonaws.com"}


@invoke("aws:index/getPartition:getPartition")
def partition(call: Call, arguments: Props) -> Props:
    """The commercial partition, the only one modelled."""
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


@invoke("aws:index/getAvailabilityZones:getAvailabilityZones")
def availability_zones(call: Call, arguments: Props) -> Props:
    """The zones of the region."""
    zones = call.client("ec2").describe_availability_zones()["AvailabilityZones"]
    return {
        "id": call.region, "names": [zone["ZoneName"] for zone in zones], "zoneIds": [zone["ZoneId"] for zone in zones],
        "state": arguments.get("state"), "region": call.region,
    }  # fmt: skip
