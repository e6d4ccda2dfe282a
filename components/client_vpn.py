"""AWS Client VPN: people's way into the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.scope import DataClass, Scope
from settings.edge import VpnSettings

if TYPE_CHECKING:
    from pulumi_aws import ec2clientvpn


@dataclass(frozen=True, kw_only=True)
class ClientVpnArgs:
    """Inputs of `ClientVpn`.

    vpc_id, vpc_cidr: the network, and the only addresses people may reach.
    subnet_ids: private subnets, zone → id; one association in each zone.
    security_group_id: of the endpoint; what it lets out is what people reach.
    server_certificate_arn: issued certificate of the region, RSA of 2,048 bits.
    logs_kms_key_arn: key of the log of connections.
    """

    scope: Scope
    settings: VpnSettings
    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    server_certificate_arn: pulumi.Input[str]
    logs_kms_key_arn: pulumi.Input[str]


class ClientVpn(pulumi.ComponentResource):
    """An endpoint that admits people by certificate or SAML, leads into the VPC alone, and logs every connection.

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
            authentication_options=[_authentication(settings)],
            connection_log_options={"enabled": True, "cloudwatch_log_group": group.name},
            vpc_id=args.vpc_id,
            security_group_ids=[args.security_group_id],
            split_tunnel=True,
            transport_protocol="udp",
            vpn_port=443,
            session_timeout_hours=settings.session_hours,
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
        for position, people in enumerate(settings.saml_groups or (None,)):
            ec2clientvpn.AuthorizationRule(
                f"{name}-everyone" if people is None else f"{name}-group-{position}",
                client_vpn_endpoint_id=endpoint.id,
                target_network_cidr=args.vpc_cidr,
                authorize_all_groups=True if people is None else None,
                access_group_id=people,
                description="The network, and nothing else",
                opts=after,
            )
        self.endpoint_id = endpoint.id
        self.dns_name = endpoint.dns_name
        self.register_outputs({"endpoint_id": self.endpoint_id, "dns_name": self.dns_name})


def _authentication(settings: VpnSettings) -> ec2clientvpn.EndpointAuthenticationOptionArgsDict:
    if settings.saml_provider_arn is not None:
        return {"type": "federated-authentication", "saml_provider_arn": settings.saml_provider_arn}
    return {"type": "certificate-authentication", "root_certificate_chain_arn": settings.client_certificate_arn}
