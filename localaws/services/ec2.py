"""EC2's network: VPCs, subnets, gateways, route tables, endpoints, flow logs."""

from __future__ import annotations

from typing import Any, ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shapes import from_tags, to_tags


class Tagged(Handler):
    """A resource of EC2 with tags; `change` does the rest of an update."""

    resource_type: ClassVar[str]

    def specification(self, inputs: Props) -> list[Props]:
        """Tags to create it with."""
        tags = inputs.get("tags") or {}
        return [{"ResourceType": self.resource_type, "Tags": to_tags(tags)}] if tags else []

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        retag(call, id, old, new)
        self.change(call, id, old, new)

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        """What an update does beside tags."""


def retag(call: Call, id: str, old: Props, new: Props) -> None:
    """Make the tags of an EC2 resource those of `new`."""
    before, after = old.get("tags") or {}, new.get("tags") or {}
    gone = [{"Key": name} for name in before if name not in after]
    if gone:
        call.client("ec2").delete_tags(Resources=[id], Tags=gone)
    if after:
        call.client("ec2").create_tags(Resources=[id], Tags=to_tags(after))


def arn(call: Call, kind: str, id: str) -> str:
    """ARN of an EC2 resource."""
    return f"arn:aws:ec2:{call.region}:{call.account_id}:{kind}/{id}"


@register
class Vpc(Tagged):
    type = "aws:ec2/vpc:Vpc"
    resource_type = "vpc"
    inputs = frozenset({"cidrBlock", "enableDnsSupport", "enableDnsHostnames", "instanceTenancy", "tags"})
    replace_on = frozenset({"cidrBlock"})
    defaults: ClassVar[Props] = {"instanceTenancy": "default"}
    cloudformation = "AWS::EC2::VPC"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("ec2")
        vpc = client.create_vpc(
            CidrBlock=inputs["cidrBlock"],
            InstanceTenancy=inputs.get("instanceTenancy") or "default",
            TagSpecifications=self.specification(inputs),
        )["Vpc"]["VpcId"]
        self.change(call, vpc, {}, inputs)
        return vpc

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("ec2")
        vpc = client.describe_vpcs(VpcIds=[id])["Vpcs"][0]

        def attribute(name: str) -> bool:
            answer = client.describe_vpc_attribute(VpcId=id, Attribute=name)
            return answer[name[0].upper() + name[1:]]["Value"]

        def default(what: str, answer: str, key: str, *filters: Props) -> str | None:
            of_vpc = {"Name": "vpc-id", "Values": [id]}
            found = getattr(client, what)(Filters=[of_vpc, *filters])[answer]
            return found[0][key] if found else None

        main = {"Name": "association.main", "Values": ["true"]}
        return {
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc["InstanceTenancy"],
            "enableDnsSupport": attribute("enableDnsSupport"),
            "enableDnsHostnames": attribute("enableDnsHostnames"),
            "arn": arn(call, "vpc", id),
            "ownerId": call.account_id,
            "defaultSecurityGroupId": default(
                "describe_security_groups", "SecurityGroups", "GroupId", {"Name": "group-name", "Values": ["default"]}
            ),
            "defaultNetworkAclId": default(
                "describe_network_acls", "NetworkAcls", "NetworkAclId", {"Name": "default", "Values": ["true"]}
            ),
            "defaultRouteTableId": default("describe_route_tables", "RouteTables", "RouteTableId", main),
            "mainRouteTableId": default("describe_route_tables", "RouteTables", "RouteTableId", main),
            "tags": from_tags(vpc.get("Tags")),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("ec2")
        support, names = new.get("enableDnsSupport"), new.get("enableDnsHostnames")
        client.modify_vpc_attribute(VpcId=id, EnableDnsSupport={"Value": True if support is None else support})
        client.modify_vpc_attribute(VpcId=id, EnableDnsHostnames={"Value": bool(names)})

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").delete_vpc(VpcId=id)


@register
class Subnet(Tagged):
    type = "aws:ec2/subnet:Subnet"
    resource_type = "subnet"
    inputs = frozenset({"vpcId", "availabilityZone", "cidrBlock", "mapPublicIpOnLaunch", "tags"})
    replace_on = frozenset({"vpcId", "availabilityZone", "cidrBlock"})
    cloudformation = "AWS::EC2::Subnet"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("ec2")
        zone = {"AvailabilityZone": inputs["availabilityZone"]} if inputs.get("availabilityZone") else {}
        subnet = client.create_subnet(
            VpcId=inputs["vpcId"],
            CidrBlock=inputs["cidrBlock"],
            TagSpecifications=self.specification(inputs),
            **zone,
        )["Subnet"]["SubnetId"]
        self.change(call, subnet, {}, inputs)
        return subnet

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        subnet = call.client("ec2").describe_subnets(SubnetIds=[id])["Subnets"][0]
        return {
            "vpcId": subnet["VpcId"],
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet.get("AvailabilityZoneId"),
            "cidrBlock": subnet["CidrBlock"],
            "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
            "arn": arn(call, "subnet", id),
            "ownerId": call.account_id,
            "tags": from_tags(subnet.get("Tags")),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        public = bool(new.get("mapPublicIpOnLaunch"))
        call.client("ec2").modify_subnet_attribute(SubnetId=id, MapPublicIpOnLaunch={"Value": public})

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").delete_subnet(SubnetId=id)


@register
class InternetGateway(Tagged):
    type = "aws:ec2/internetGateway:InternetGateway"
    resource_type = "internet-gateway"
    inputs = frozenset({"vpcId", "tags"})
    replace_on = frozenset({"vpcId"})

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("ec2")
        made = client.create_internet_gateway(TagSpecifications=self.specification(inputs))["InternetGateway"]
        if inputs.get("vpcId"):
            client.attach_internet_gateway(InternetGatewayId=made["InternetGatewayId"], VpcId=inputs["vpcId"])
        return made["InternetGatewayId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        gateway = call.client("ec2").describe_internet_gateways(InternetGatewayIds=[id])["InternetGateways"][0]
        attached = [item["VpcId"] for item in gateway.get("Attachments", [])]
        return {
            "vpcId": attached[0] if attached else None,
            "arn": arn(call, "internet-gateway", id),
            "ownerId": call.account_id,
            "tags": from_tags(gateway.get("Tags")),
        }

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("ec2")
        gateway = client.describe_internet_gateways(InternetGatewayIds=[id])["InternetGateways"][0]
        for attachment in gateway.get("Attachments", []):
            client.detach_internet_gateway(InternetGatewayId=id, VpcId=attachment["VpcId"])
        client.delete_internet_gateway(InternetGatewayId=id)


@register
class Eip(Tagged):
    type = "aws:ec2/eip:Eip"
    resource_type = "elastic-ip"
    inputs = frozenset({"domain", "tags"})
    replace_on = frozenset({"domain"})

    def create(self, call: Call, inputs: Props) -> str:
        made = call.client("ec2").allocate_address(Domain="vpc", TagSpecifications=self.specification(inputs))
        return made["AllocationId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        address = call.client("ec2").describe_addresses(AllocationIds=[id])["Addresses"][0]
        return {
            "domain": address["Domain"],
            "allocationId": id,
            "associationId": address.get("AssociationId"),
            "publicIp": address["PublicIp"],
            "arn": arn(call, "elastic-ip", id),
            "tags": from_tags(address.get("Tags")),
        }

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").release_address(AllocationId=id)


@register
class NatGateway(Tagged):
    type = "aws:ec2/natGateway:NatGateway"
    resource_type = "natgateway"
    inputs = frozenset({"allocationId", "subnetId", "connectivityType", "tags"})
    replace_on = frozenset({"allocationId", "subnetId", "connectivityType"})
    defaults: ClassVar[Props] = {"connectivityType": "public"}

    def create(self, call: Call, inputs: Props) -> str:
        return call.client("ec2").create_nat_gateway(
            AllocationId=inputs["allocationId"],
            SubnetId=inputs["subnetId"],
            TagSpecifications=self.specification(inputs),
        )["NatGateway"]["NatGatewayId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("ec2").describe_nat_gateways(NatGatewayIds=[id])["NatGateways"]
        if not found or found[0]["State"] in ("deleted", "deleting"):
            return None
        addresses = found[0].get("NatGatewayAddresses", [])
        return {
            "allocationId": addresses[0]["AllocationId"] if addresses else known.get("allocationId"),
            "subnetId": found[0]["SubnetId"],
            "connectivityType": found[0].get("ConnectivityType", "public"),
            "publicIp": addresses[0].get("PublicIp") if addresses else None,
            "tags": from_tags(found[0].get("Tags")),
        }

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").delete_nat_gateway(NatGatewayId=id)


@register
class RouteTable(Tagged):
    """A route table; its routes are resources of their own."""

    type = "aws:ec2/routeTable:RouteTable"
    resource_type = "route-table"
    inputs = frozenset({"vpcId", "tags"})
    replace_on = frozenset({"vpcId"})

    def create(self, call: Call, inputs: Props) -> str:
        return call.client("ec2").create_route_table(
            VpcId=inputs["vpcId"], TagSpecifications=self.specification(inputs)
        )["RouteTable"]["RouteTableId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        table = call.client("ec2").describe_route_tables(RouteTableIds=[id])["RouteTables"][0]
        return {
            "vpcId": table["VpcId"],
            "arn": arn(call, "route-table", id),
            "ownerId": call.account_id,
            "tags": from_tags(table.get("Tags")),
        }

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").delete_route_table(RouteTableId=id)


@register
class DefaultRouteTable(RouteTable):
    """The VPC's own route table, adopted: no routes but the local one. AWS keeps it when its resource goes."""

    type = "aws:ec2/defaultRouteTable:DefaultRouteTable"

    def imported(self, call: Call, id: str) -> str:
        """Imports name it by its VPC."""
        if not id.startswith("vpc-"):
            return id
        main = [{"Name": "vpc-id", "Values": [id]}, {"Name": "association.main", "Values": ["true"]}]
        found = call.client("ec2").describe_route_tables(Filters=main)["RouteTables"]
        return found[0]["RouteTableId"] if found else id

    inputs = frozenset({"defaultRouteTableId", "routes", "tags"})
    replace_on = frozenset({"defaultRouteTableId"})

    def create(self, call: Call, inputs: Props) -> str:
        id = inputs["defaultRouteTableId"]
        retag(call, id, {}, inputs)
        self._empty(call, id)
        return id

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        live = super().read(call, id, known)
        return None if live is None else {**live, "defaultRouteTableId": id, "routes": _routes(call, id)}

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._empty(call, id)

    def delete(self, call: Call, id: str, known: Props) -> None:
        """It goes with its VPC."""

    def _empty(self, call: Call, id: str) -> None:
        for route in _routes(call, id):
            call.client("ec2").delete_route(RouteTableId=id, DestinationCidrBlock=route["cidrBlock"])


def _routes(call: Call, table: str) -> list[Props]:
    found = call.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return [
        {"cidrBlock": route["DestinationCidrBlock"], "gatewayId": route.get("GatewayId")}
        for route in found
        if route.get("GatewayId") != "local" and "DestinationCidrBlock" in route
    ]


@register
class Route(Handler):
    type = "aws:ec2/route:Route"
    TARGETS: ClassVar[dict[str, str]] = {
        "gatewayId": "GatewayId", "natGatewayId": "NatGatewayId", "transitGatewayId": "TransitGatewayId",
        "vpcPeeringConnectionId": "VpcPeeringConnectionId", "networkInterfaceId": "NetworkInterfaceId",
    }  # fmt: skip
    inputs = frozenset({"routeTableId", "destinationCidrBlock", *TARGETS})
    replace_on = frozenset({"routeTableId", "destinationCidrBlock"})

    def create(self, call: Call, inputs: Props) -> str:
        call.client("ec2").create_route(
            RouteTableId=inputs["routeTableId"],
            DestinationCidrBlock=inputs["destinationCidrBlock"],
            **self._target(inputs),
        )
        return f"{inputs['routeTableId']}_{inputs['destinationCidrBlock']}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        table, cidr = id.split("_", 1)
        routes = call.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        route = next((item for item in routes if item.get("DestinationCidrBlock") == cidr), None)
        if route is None:
            return None
        targets = {name: route.get(wire) for name, wire in self.TARGETS.items()}
        return {"routeTableId": table, "destinationCidrBlock": cidr, "state": route.get("State"), **targets}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("ec2").replace_route(
            RouteTableId=new["routeTableId"],
            DestinationCidrBlock=new["destinationCidrBlock"],
            **self._target(new),
        )

    def delete(self, call: Call, id: str, known: Props) -> None:
        table, cidr = id.split("_", 1)
        call.client("ec2").delete_route(RouteTableId=table, DestinationCidrBlock=cidr)

    def _target(self, inputs: Props) -> Props:
        return {wire: inputs[name] for name, wire in self.TARGETS.items() if inputs.get(name)}


@register
class RouteTableAssociation(Handler):
    type = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    inputs = frozenset({"routeTableId", "subnetId"})
    replace_on = frozenset({"routeTableId", "subnetId"})

    def imported(self, call: Call, id: str) -> str:
        """Imports name it as `SUBNET/ROUTE-TABLE`."""
        subnet, _, table = id.partition("/")
        if not table:
            return id
        held = call.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Associations"]
        return next((item["RouteTableAssociationId"] for item in held if item.get("SubnetId") == subnet), id)

    def create(self, call: Call, inputs: Props) -> str:
        return call.client("ec2").associate_route_table(
            RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"]
        )["AssociationId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        by_id = [{"Name": "association.route-table-association-id", "Values": [id]}]
        for table in call.client("ec2").describe_route_tables(Filters=by_id)["RouteTables"]:
            for association in table["Associations"]:
                if association["RouteTableAssociationId"] == id:
                    return {"routeTableId": table["RouteTableId"], "subnetId": association.get("SubnetId")}
        return None

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Both inputs replace."""

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").disassociate_route_table(AssociationId=id)


@register
class VpcEndpoint(Tagged):
    type = "aws:ec2/vpcEndpoint:VpcEndpoint"
    resource_type = "vpc-endpoint"
    inputs = frozenset(
        {"vpcId", "serviceName", "vpcEndpointType", "routeTableIds", "subnetIds", "securityGroupIds",
         "privateDnsEnabled", "policy", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"vpcId", "serviceName", "vpcEndpointType"})
    left_to_aws = frozenset({"policy"})

    def create(self, call: Call, inputs: Props) -> str:
        optional: Props = {}
        for name, wire in (
            ("routeTableIds", "RouteTableIds"), ("subnetIds", "SubnetIds"), ("securityGroupIds", "SecurityGroupIds"),
            ("policy", "PolicyDocument"), ("privateDnsEnabled", "PrivateDnsEnabled"),
        ):  # fmt: skip
            if inputs.get(name):
                optional[wire] = inputs[name]
        return call.client("ec2").create_vpc_endpoint(
            VpcId=inputs["vpcId"],
            ServiceName=inputs["serviceName"],
            VpcEndpointType=inputs.get("vpcEndpointType") or "Gateway",
            TagSpecifications=self.specification(inputs),
            **optional,
        )["VpcEndpoint"]["VpcEndpointId"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"]
        if not found or found[0]["State"] == "deleted":
            return None
        endpoint = found[0]
        prefix_lists = call.client("ec2").describe_managed_prefix_lists()["PrefixLists"]
        name = endpoint["ServiceName"]
        prefix_list = next((item["PrefixListId"] for item in prefix_lists if item["PrefixListName"] == name), None)
        interfaces = endpoint["VpcEndpointType"] == "Interface"
        return {
            "vpcId": endpoint["VpcId"],
            "serviceName": name,
            "vpcEndpointType": endpoint["VpcEndpointType"],
            "routeTableIds": endpoint.get("RouteTableIds"),
            "subnetIds": endpoint.get("SubnetIds"),
            "securityGroupIds": [group["GroupId"] for group in endpoint.get("Groups") or []]
            or known.get("securityGroupIds"),
            "privateDnsEnabled": endpoint.get("PrivateDnsEnabled") if interfaces else None,
            "policy": endpoint.get("PolicyDocument"),
            "prefixListId": None if interfaces else prefix_list,
            "arn": arn(call, "vpc-endpoint", id),
            "state": endpoint["State"],
            "tags": from_tags(endpoint.get("Tags")),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        wire: Props = {}
        if old.get("policy") != new.get("policy") and new.get("policy"):
            wire["PolicyDocument"] = new["policy"]
        for name, added, removed in (
            ("routeTableIds", "AddRouteTableIds", "RemoveRouteTableIds"),
            ("subnetIds", "AddSubnetIds", "RemoveSubnetIds"),
            ("securityGroupIds", "AddSecurityGroupIds", "RemoveSecurityGroupIds"),
        ):
            before, after = set(old.get(name) or []), set(new.get(name) or [])
            if after - before:
                wire[added] = sorted(after - before)
            if before - after:
                wire[removed] = sorted(before - after)
        if wire:
            call.client("ec2").modify_vpc_endpoint(VpcEndpointId=id, **wire)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[id])


@register
class FlowLog(Tagged):
    type = "aws:ec2/flowLog:FlowLog"
    resource_type = "vpc-flow-log"
    inputs = frozenset(
        {"vpcId", "trafficType", "logDestinationType", "logDestination", "iamRoleArn", "maxAggregationInterval",
         "logFormat", "tags"}
    )  # fmt: skip
    replace_on = inputs - {"tags"}
    left_to_aws = frozenset({"logFormat"})
    cloudformation = "AWS::EC2::FlowLog"
    renames: ClassVar[dict[str, str]] = {"vpcId": "ResourceId", "iamRoleArn": "DeliverLogsPermissionArn", "tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        optional: Props = {}
        for name, wire in (("iamRoleArn", "DeliverLogsPermissionArn"), ("logFormat", "LogFormat")):
            if inputs.get(name):
                optional[wire] = inputs[name]
        made = call.client("ec2").create_flow_logs(
            ResourceIds=[inputs["vpcId"]],
            ResourceType="VPC",
            TrafficType=inputs.get("trafficType") or "ALL",
            LogDestinationType=inputs.get("logDestinationType") or "cloud-watch-logs",
            LogDestination=inputs["logDestination"],
            MaxAggregationInterval=inputs.get("maxAggregationInterval") or 600,
            TagSpecifications=self.specification(inputs),
            **optional,
        )
        if made.get("Unsuccessful"):
            raise ValueError(made["Unsuccessful"][0]["Error"]["Message"])
        id = made["FlowLogIds"][0]
        self._deliver(call, id, str(inputs["logDestination"]))
        return id

    def _deliver(self, call: Call, id: str, destination: str) -> None:
        """Moto looks for a log group by name only, and calls a delivery to its ARN failed."""
        from moto.backends import get_backend

        _, marked, group = destination.partition(":log-group:")
        found = call.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"] if marked else ()
        if any(each["logGroupName"] == group.removesuffix(":*") for each in found):
            backend: Any = get_backend("ec2")
            kept = backend[call.account_id][call.region].flow_logs[id]
            kept.deliver_logs_status, kept.deliver_logs_error_message = "SUCCESS", None

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("ec2").describe_flow_logs(FlowLogIds=[id])["FlowLogs"]
        if not found:
            return None
        flow = found[0]
        return {
            "vpcId": flow["ResourceId"],
            "trafficType": flow["TrafficType"],
            "logDestinationType": flow["LogDestinationType"],
            "logDestination": flow.get("LogDestination"),
            "iamRoleArn": flow.get("DeliverLogsPermissionArn"),
            "maxAggregationInterval": flow.get("MaxAggregationInterval"),
            "logFormat": flow.get("LogFormat"),
            "arn": arn(call, "vpc-flow-log", id),
            "tags": from_tags(flow.get("Tags")),
        }

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ec2").delete_flow_logs(FlowLogIds=[id])
