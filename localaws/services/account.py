"""Functions about the account itself: who, where, which zones, which of AWS's prefix lists."""

from __future__ import annotations

from localaws.emulated import refuse
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


HEALTH_CHECKERS = "route53-healthchecks"


@invoke("aws:ec2/getManagedPrefixList:getManagedPrefixList")
def managed_prefix_list(call: Call, arguments: Props) -> Props:
    """A prefix list by name; moto lacks AWS's own list of Route 53's health checkers, which is made when asked for."""
    client, name = call.client("ec2"), arguments["name"]

    def found() -> list[Props]:
        lists = client.describe_managed_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])
        return lists["PrefixLists"]

    if not found() and name == f"com.amazonaws.{call.region}.{HEALTH_CHECKERS}":
        entry = {"Cidr": "192.0.2.0/24", "Description": "Stands for AWS's addresses"}
        client.create_managed_prefix_list(
            PrefixListName=name, AddressFamily="IPv4", MaxEntries=25, Entries=[entry], TagSpecifications=[]
        )
    lists = found()
    if not lists:
        refuse("DescribeManagedPrefixLists", "InvalidPrefixListName.NotFound", f"{name} does not exist")
    return {
        "id": lists[0]["PrefixListId"], "name": name, "arn": lists[0]["PrefixListArn"],
        "addressFamily": "IPv4", "region": call.region,
    }  # fmt: skip
