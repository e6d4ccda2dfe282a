"""AWS Client VPN: people's way into the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope
from settings.edge import VpnSettings

_SESSION_HOURS = 8  # the shortest AWS offers; then people sign in again (45 CFR 164.312(a)(2)(iii))


@dataclass(frozen=True, kw_only=True)
class ClientVpnArgs:
    """Inputs of `ClientVpn`.

    subnet_ids, subnet_cidrs: private subnets, zone → id and range; one association in each zone. People reach these
        ranges and no other, so they hold the load balancer and no data.
    security_group_id: of the endpoint; what it lets out is what people reach.
    server_certificate_arn: issued certificate of the region, RSA of 2,048 bits.
    logs_kms_key_arn: key of the log of connections.
    """

    scope: Scope
    settings: VpnSettings
    vpc_id: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    subnet_cidrs: Mapping[str, str]
    security_group_id: pulumi.Input[str]
    server_certificate_arn: pulumi.Input[str]
    logs_kms_key_arn: pulumi.Input[str]


class ClientVpn(pulumi.ComponentResource):
    """An endpoint that admits groups of people by SAML, leads to the load balancer alone, and logs every connection.

    Traffic to other places stays on people's own way out (split tunnel): the endpoint has no route to the internet.
    Source: AWS Client VPN Administrator Guide, "Rules and best practices"; LWO-NET-12.
    45 CFR 164.312(d), 164.312(e)(1), 164.312(b).
    """

    endpoint_id: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    log_group_name: str

    def __init__(self, name: str, args: ClientVpnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:client_vpn:ClientVpn", name, {}, opts)
        from pulumi_aws import cloudwatch, ec2clientvpn

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        physical = scope.name("vpn")
        self.log_group_name = f"/{scope.system}/{scope.environment}/vpn"
        group = cloudwatch.LogGroup(
            f"{name}-connections",
            name=self.log_group_name,
            retention_in_days=settings.log_days,
            kms_key_id=args.logs_kms_key_arn,
            tags=scope.tagged(DataClass.INTERNAL, self.log_group_name),
            opts=child,
        )
        endpoint = ec2clientvpn.Endpoint(
            f"{name}-endpoint",
            description=f"{scope.system} {scope.environment}: people to the load balancer",
            client_cidr_block=str(settings.client_cidr),
            server_certificate_arn=args.server_certificate_arn,
            authentication_options=[
                {"type": "federated-authentication", "saml_provider_arn": settings.saml_provider_arn}
            ],
            connection_log_options={"enabled": True, "cloudwatch_log_group": group.name},
            vpc_id=args.vpc_id,
            security_group_ids=[args.security_group_id],
            split_tunnel=True,
            transport_protocol="udp",
            vpn_port=443,
            session_timeout_hours=_SESSION_HOURS,
            disconnect_on_session_timeout=True,
            self_service_portal="disabled",
            tags=scope.tagged(DataClass.INTERNAL, physical, Exposure="public"),
            opts=child,
        )
        associations = [
            ec2clientvpn.NetworkAssociation(
                f"{name}-{zone}", client_vpn_endpoint_id=endpoint.id, subnet_id=subnet, opts=child
            )
            for zone, subnet in args.subnet_ids.items()
        ]
        # AWS changes one thing of an endpoint at a time
        after = pulumi.ResourceOptions(parent=self, depends_on=associations)
        for position, group_of_people in enumerate(settings.saml_groups):
            for zone, cidr in args.subnet_cidrs.items():
                ec2clientvpn.AuthorizationRule(
                    f"{name}-group-{position}-{zone}",
                    client_vpn_endpoint_id=endpoint.id,
                    target_network_cidr=cidr,
                    access_group_id=group_of_people,
                    description="The load balancer, and nothing else",
                    opts=after,
                )
        self.endpoint_id = endpoint.id
        self.dns_name = endpoint.dns_name
        self.register_outputs({"endpoint_id": self.endpoint_id, "dns_name": self.dns_name})
