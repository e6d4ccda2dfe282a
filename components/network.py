"""The network: a VPC whose tiers, routes, endpoints and flow logs follow its settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from components.scope import DataClass, Scope
from settings.network import FlowLogDestination, GatewayService, NetworkSettings, Tier
from settings.subnets import subnets

if TYPE_CHECKING:
    from pulumi_aws import ec2

_ANYWHERE = "0.0.0.0/0"
_EPHEMERAL = (1024, 65535)  # ports of replies (Amazon VPC User Guide: Network ACLs, Ephemeral ports)
_REPLIES_FROM_OUTSIDE = ((1024, 3388), (3390, 65535))  # the same without remote desktop
_FLOW_LOG_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Inputs of `Network`.

    logs_key_arn: key of the flow logs' group; its policy must admit CloudWatch Logs.
    logs_bucket_arn: bucket of flow logs when the settings send them to S3; its policy must admit their delivery.
    database_port, cache_port: TCP ports the application tier may open in the tiers of database and cache.
    outside_ports: TCP ports it may open outside the VPC beside 443.
    """

    scope: Scope
    settings: NetworkSettings
    logs_key_arn: pulumi.Input[str]
    logs_bucket_arn: pulumi.Input[str] | None = None
    database_port: int = 5432
    cache_port: int = 6379
    outside_ports: Sequence[int] = ()

    def __post_init__(self) -> None:
        if self.settings.flow_log_destination is FlowLogDestination.S3 and self.logs_bucket_arn is None:
            raise ValueError("logs_bucket_arn: want the bucket of flow logs, because flow_log_destination is s3")


class Network(pulumi.ComponentResource):
    """A VPC with one subnet per tier and zone (BER-NET-01 to 06, FAC-NET-01 to 08, OMN-NET-01 to 09).

    Public subnets route to the internet gateway, application subnets to NAT gateways, data and cache subnets nowhere;
    without a cache tier the cache is in the data subnets (LWO-NET-04), without a data tier database and cache share
    the application subnets (BER-N28). The VPC's default security group, network ACL and route table are adopted and
    left empty, and all traffic is logged.
    Raises ValueError when the subnets do not fit.
    Source: 45 CFR 164.312(e)(1) transmission security, 164.312(b) audit controls.
    """

    vpc_id: pulumi.Output[str]
    public_subnet_ids: dict[str, pulumi.Output[str]]  # by zone
    application_subnet_ids: dict[str, pulumi.Output[str]]
    application_cidrs: dict[str, str]
    data_subnet_ids: dict[str, pulumi.Output[str]]
    cache_subnet_ids: dict[str, pulumi.Output[str]]
    nat_gateway_ids: dict[str, pulumi.Output[str]]
    gateway_prefix_lists: dict[str, pulumi.Output[str]]  # by service
    flow_log_group_name: str | None  # None when flow logs go to S3

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:network:Network", name, {}, opts)
        from pulumi_aws import ec2

        self._name = name
        self._args = args
        self._vpc = ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.settings.cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags("vpc"),
            opts=self._child,
        )
        self.vpc_id = self._vpc.id
        self._empty_defaults()
        ids = self._subnets()
        self.public_subnet_ids = ids[Tier.PUBLIC]
        self.application_subnet_ids = ids[Tier.APPLICATION]
        self.application_cidrs = {zone: str(cidr) for zone, cidr in subnets(args.settings)[Tier.APPLICATION].items()}
        self.data_subnet_ids = ids.get(Tier.DATA, self.application_subnet_ids)
        self.cache_subnet_ids = ids.get(Tier.CACHE, self.data_subnet_ids)
        gateway = self._internet_gateway()
        self.nat_gateway_ids = self._nat_gateways(gateway)
        self.gateway_prefix_lists = self._gateway_endpoints(self._routes(gateway, ids))
        self._acls(ids)
        self.flow_log_group_name = self._flow_logs()
        self.register_outputs({"vpc_id": self.vpc_id})

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _tags(self, role: str, **more: str) -> dict[str, str]:
        return self._args.scope.tagged(DataClass.INTERNAL, self._args.scope.name(role), **more)

    def _empty_defaults(self) -> None:
        """Adopt what every VPC is born with, and leave it without a rule or a route."""
        from pulumi_aws import ec2

        ec2.DefaultSecurityGroup(
            f"{self._name}-default-security-group",
            vpc_id=self._vpc.id,
            ingress=[],
            egress=[],
            tags=self._tags("default-unused"),
            opts=self._child,
        )
        ec2.DefaultRouteTable(
            f"{self._name}-default-route-table",
            default_route_table_id=self._vpc.default_route_table_id,
            routes=[],
            tags=self._tags("default-unused"),
            opts=self._child,
        )

    def _subnets(self) -> dict[Tier, dict[str, pulumi.Output[str]]]:
        from pulumi_aws import ec2

        return {
            tier: {
                zone: ec2.Subnet(
                    f"{self._name}-{tier}-{zone}",
                    vpc_id=self._vpc.id,
                    availability_zone=zone,
                    cidr_block=str(cidr),
                    map_public_ip_on_launch=False,
                    tags=self._tags(f"{tier}-{zone}", Tier=tier.value),
                    opts=self._child,
                ).id
                for zone, cidr in zones.items()
            }
            for tier, zones in subnets(self._args.settings).items()
        }

    def _internet_gateway(self) -> ec2.InternetGateway:
        from pulumi_aws import ec2

        return ec2.InternetGateway(
            f"{self._name}-internet-gateway", vpc_id=self._vpc.id, tags=self._tags("internet"), opts=self._child
        )

    def _nat_gateways(self, gateway: ec2.InternetGateway) -> dict[str, pulumi.Output[str]]:
        """NAT gateways by zone; addresses and gateways wait until the VPC has its way out."""
        from pulumi_aws import ec2

        after = pulumi.ResourceOptions(parent=self, depends_on=[gateway])
        gateways: dict[str, pulumi.Output[str]] = {}
        for zone in self._args.settings.nat_zones:
            address = ec2.Eip(f"{self._name}-nat-{zone}", domain="vpc", tags=self._tags(f"nat-{zone}"), opts=after)
            gateways[zone] = ec2.NatGateway(
                f"{self._name}-nat-gateway-{zone}",
                allocation_id=address.allocation_id,
                subnet_id=self.public_subnet_ids[zone],
                tags=self._tags(f"nat-{zone}"),
                opts=after,
            ).id
        return gateways

    def _routes(
        self, gateway: ec2.InternetGateway, ids: Mapping[Tier, Mapping[str, pulumi.Output[str]]]
    ) -> list[pulumi.Output[str]]:
        """Route tables of every tier, those of data and cache without a route; returns the application tier's."""
        from pulumi_aws import ec2

        public = self._table("public")
        ec2.Route(
            f"{self._name}-public-to-internet",
            route_table_id=public,
            destination_cidr_block=_ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )
        for zone, subnet in self.public_subnet_ids.items():
            self._associate(f"public-{zone}", public, subnet)
        application = {zone: self._table(f"application-{zone}") for zone in self.application_subnet_ids}
        for zone, table in application.items():
            self._associate(f"application-{zone}", table, self.application_subnet_ids[zone])
            nat = self.nat_gateway_ids.get(zone) or next(iter(self.nat_gateway_ids.values()), None)
            if nat is not None:
                ec2.Route(
                    f"{self._name}-application-{zone}-to-internet",
                    route_table_id=table,
                    destination_cidr_block=_ANYWHERE,
                    nat_gateway_id=nat,
                    opts=self._child,
                )
        for tier in (Tier.DATA, Tier.CACHE):
            for zone, subnet in ids.get(tier, {}).items():
                self._associate(f"{tier}-{zone}", self._table(f"{tier}-{zone}"), subnet)
        return list(application.values())

    def _table(self, role: str) -> pulumi.Output[str]:
        from pulumi_aws import ec2

        return ec2.RouteTable(
            f"{self._name}-{role}-routes", vpc_id=self._vpc.id, tags=self._tags(f"{role}-routes"), opts=self._child
        ).id

    def _associate(self, role: str, table: pulumi.Output[str], subnet: pulumi.Output[str]) -> None:
        from pulumi_aws import ec2

        ec2.RouteTableAssociation(
            f"{self._name}-{role}-routes", route_table_id=table, subnet_id=subnet, opts=self._child
        )

    def _acls(self, ids: Mapping[Tier, Mapping[str, pulumi.Output[str]]]) -> None:
        """One network ACL per tier, and the default one emptied.

        ACLs see single packets, so replies need rules of their own: NAT gateways and functions connect from any port
        above 1023. Port 3389 stays closed to the internet, as audits demand: whoever picks it as source port loses that
        one connection.
        """
        from pulumi_aws import ec2

        settings = self._args.settings
        vpc = str(settings.cidr)
        cidrs = subnets(settings)
        outside = sorted({443, *self._args.outside_ports}) if self.nat_gateway_ids or settings.gateway_endpoints else []
        replies = [_tcp(_ANYWHERE, *ports) for ports in _REPLIES_FROM_OUTSIDE]
        rules: dict[Tier, tuple[list[_Rule], list[_Rule]]] = {
            Tier.PUBLIC: (
                [_all(vpc), _tcp(_ANYWHERE, 443), _tcp(_ANYWHERE, 80), *replies],
                [_all(vpc), *(_tcp(_ANYWHERE, port) for port in outside), _tcp(_ANYWHERE, *_EPHEMERAL)],
            ),
            Tier.APPLICATION: (
                [_all(vpc), *(replies if outside else [])],
                [_all(vpc), *(_tcp(_ANYWHERE, port) for port in outside)],
            ),
        }
        application = [str(cidr) for cidr in cidrs[Tier.APPLICATION].values()]
        database, cache = self._args.database_port, self._args.cache_port
        opened = {Tier.DATA: (database,) if Tier.CACHE in cidrs else (database, cache), Tier.CACHE: (cache,)}
        for tier, ports in opened.items():
            if tier in cidrs:
                rules[tier] = (
                    [_tcp(cidr, port) for cidr in application for port in ports],
                    [_tcp(cidr, *_EPHEMERAL) for cidr in application],
                )
        for tier, (ingress, egress) in rules.items():
            ec2.NetworkAcl(
                f"{self._name}-{tier}-acl",
                vpc_id=self._vpc.id,
                subnet_ids=list(ids[tier].values()),
                ingress=_numbered(ingress),  # pyright: ignore[reportArgumentType]
                egress=_numbered(egress),  # pyright: ignore[reportArgumentType]
                tags=self._tags(tier.value),
                opts=self._child,
            )
        ec2.DefaultNetworkAcl(
            f"{self._name}-default-acl",
            default_network_acl_id=self._vpc.default_network_acl_id,
            ingress=[],
            egress=[],
            tags=self._tags("default-unused"),
            # subnets join the default ACL when their own goes, which must not look like drift
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["subnetIds"]),
        )

    def _gateway_endpoints(self, tables: list[pulumi.Output[str]]) -> dict[str, pulumi.Output[str]]:
        from pulumi_aws import ec2

        scope = self._args.scope
        return {
            service.value: ec2.VpcEndpoint(
                f"{self._name}-{service}-endpoint",
                vpc_id=self._vpc.id,
                vpc_endpoint_type="Gateway",
                service_name=f"com.amazonaws.{scope.region}.{service}",
                route_table_ids=tables,
                policy=gateway_policy(scope, service),
                tags=self._tags(service.value),
                opts=self._child,
            ).prefix_list_id
            for service in sorted(self._args.settings.gateway_endpoints)
        }

    def _flow_logs(self) -> str | None:
        """Every packet's header goes to an encrypted log group, or to the logs bucket (BER-NET-06, FAC-N31)."""
        from pulumi_aws import cloudwatch, ec2, iam

        scope, settings = self._args.scope, self._args.settings
        if settings.flow_log_destination is FlowLogDestination.S3:
            ec2.FlowLog(
                f"{self._name}-flow-log",
                vpc_id=self._vpc.id,
                traffic_type=settings.flow_log_traffic.value,
                log_destination_type="s3",
                log_destination=self._args.logs_bucket_arn,
                max_aggregation_interval=_FLOW_LOG_SECONDS,
                tags=self._tags("flow-logs"),
                opts=self._child,
            )
            return None
        group_name = f"/aws/vpc/{scope.name('flow-logs')}"
        group = cloudwatch.LogGroup(
            f"{self._name}-flow-logs",
            name=group_name,
            retention_in_days=settings.flow_log_days,
            kms_key_id=self._args.logs_key_arn,
            tags=self._tags("flow-logs"),
            opts=self._child,
        )
        role = iam.Role(
            f"{self._name}-flow-logs-role",
            name=scope.name("flow-logs", limit=64),
            description="Lets VPC Flow Logs write to its log group",
            assume_role_policy=json.dumps(_flow_log_trust(scope)),
            permissions_boundary=scope.boundary,
            tags=self._tags("flow-logs"),
            opts=self._child,
        )
        permission = iam.RolePolicy(
            f"{self._name}-flow-logs-policy",
            name="write-flow-logs",
            role=role.name,
            policy=json.dumps(_flow_log_permissions(scope, group_name)),
            opts=self._child,
        )
        ec2.FlowLog(
            f"{self._name}-flow-log",
            vpc_id=self._vpc.id,
            traffic_type=settings.flow_log_traffic.value,
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=_FLOW_LOG_SECONDS,
            tags=self._tags("flow-logs"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        return group_name


_Rule = dict[str, Any]


def _all(cidr: str) -> _Rule:
    return {"protocol": "-1", "action": "allow", "cidr_block": cidr, "from_port": 0, "to_port": 0}


def _tcp(cidr: str, first: int, last: int | None = None) -> _Rule:
    return {"protocol": "6", "action": "allow", "cidr_block": cidr, "from_port": first, "to_port": last or first}


def _numbered(rules: list[_Rule]) -> list[_Rule]:
    return [{"rule_no": 100 + 10 * position, **rule} for position, rule in enumerate(rules)]


def gateway_policy(scope: Scope, service: GatewayService) -> str:
    """Policy of a gateway endpoint: principals of the account reach resources of the account, and nothing else.

    For S3 also what AWS itself keeps in buckets: layers of container images (Amazon ECR User Guide: Interface VPC
    endpoints, Minimum Amazon S3 bucket permissions), agents of instances, and packages of Amazon Linux (Systems Manager
    User Guide: SSM Agent communications with AWS managed S3 buckets; Amazon Linux 2023: Updating packages in a VPC).
    """
    own = {"aws:PrincipalAccount": scope.account_id, "aws:ResourceAccount": scope.account_id}
    statements: list[dict[str, Any]] = [
        {
            "Sid": "OwnPrincipalsOwnResources",
            "Effect": "Allow",
            "Principal": "*",
            "Action": f"{service}:*",
            "Resource": "*",
            "Condition": {"StringEquals": own},
        }
    ]
    if service is GatewayService.S3:
        statements.append(
            {
                "Sid": "ContainerImageLayers",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::prod-{scope.region}-starport-layer-bucket/*",
            }
        )
        agents = ("aws-codedeploy", "amazoncloudwatch-agent", "amazon-ssm")
        agent_buckets = [f"arn:aws:s3:::{agent}-{scope.region}/*" for agent in agents]
        statements.append(
            {
                "Sid": "AgentsAndPackages",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": [*agent_buckets, f"arn:aws:s3:::al2023-repos-{scope.region}-de612dc2/*"],
            }
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _flow_log_trust(scope: Scope) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": scope.account_id},
                    "ArnLike": {"aws:SourceArn": scope.arn("ec2", "vpc-flow-log/*")},
                },
            }
        ],
    }


def _flow_log_permissions(scope: Scope, group_name: str) -> dict[str, Any]:
    group = scope.arn("logs", f"log-group:{group_name}")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": [group, f"{group}:*"],
            },
            {
                "Effect": "Allow",
                "Action": "logs:DescribeLogGroups",
                "Resource": scope.arn("logs", "log-group:*"),
            },
        ],
    }
