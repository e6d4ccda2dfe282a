"""Amazon VPC beyond one network: endpoints, endpoint services, peering, transit gateways, VPNs."""

from __future__ import annotations

from collections.abc import Iterator

from ..addresses import internet, network
from ..conditions import holds_patient_data, in_production
from ..config import Config
from ..dialects import ROUTE
from ..documents import allows, bounded, everyone, statements
from ..expect import SET, TRUE
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule, stack_rule
from .jurisdiction import not_allowed
from .network import VPC
from .reachability import SUBNET, data_subnets

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ENDPOINT_POLICY = "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"
SERVICE = "aws:ec2/vpcEndpointService:VpcEndpointService"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
TRANSIT_PEERING = "aws:ec2transitgateway/peeringAttachment:PeeringAttachment"
CLIENT_VPN = "aws:ec2clientvpn/endpoint:Endpoint"
AUTHORIZATION = "aws:ec2clientvpn/authorizationRule:AuthorizationRule"
VPN = "aws:ec2/vpnConnection:VpnConnection"
LONGEST_SESSION_HOURS = 8
GATEWAY_SERVICES = ("s3",)
INTERFACE_SERVICES = ("kms", "secretsmanager", "logs", "ecr.api", "ecr.dkr", "sts")
WIDEST_PEERING_PREFIX = 16
PRIVATELINK = "https://docs.aws.amazon.com/vpc/latest/privatelink/"
PEERING_GUIDE = "https://docs.aws.amazon.com/vpc/latest/peering/"
CLIENT_VPN_GUIDE = "https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/"
VPN_GUIDE = "https://docs.aws.amazon.com/vpn/latest/s2svpn/"


def _interface(resource: Resource, config: Config) -> bool:
    return resource.text("vpcEndpointType") == "Interface"


@stack_rule(
    "vpc-endpoints-present",
    title="Private workloads reach AWS without leaving the network",
    severity=LOW,
    remedy="Add gateway endpoints for S3 and interface endpoints for KMS, Secrets Manager, Logs, ECR and STS.",
    url=PRIVATELINK + "aws-services-privatelink-support.html",
)
def endpoints_present(stack: Stack, config: Config) -> Iterator[Finding]:
    if not holds_patient_data(stack, config):
        return
    for vpc in stack.of(VPC):
        names = [each.text("serviceName") or "" for each in stack.users(vpc, ENDPOINT, property="vpcId")]
        wanted = (*GATEWAY_SERVICES, *INTERFACE_SERVICES)
        missing = [service for service in wanted if not any(name.endswith(f".{service}") for name in names)]
        if missing:
            yield Finding(vpc, f"no endpoint for {', '.join(missing)}: that traffic takes public addresses.")


@resource_rule(
    "vpc-endpoint-multi-az",
    types=ENDPOINT,
    title="Interface endpoints survive the loss of a zone",
    severity=LOW,
    remedy="Name subnets of two availability zones or more in subnetIds.",
    url=PRIVATELINK + "create-interface-endpoint.html",
)
def endpoint_multi_az(resource: Resource, config: Config) -> Iterator[str]:
    found = resource.get("subnetIds")
    if _interface(resource, config) and len(found if isinstance(found, list) else []) < 2:
        yield "subnetIds: expected two or more."


@linked_rule(
    "vpc-endpoint-policy-bounded",
    types=ENDPOINT,
    title="Endpoints pass requests of the own accounts only",
    severity=HIGH,
    remedy="Set policy, with a condition on aws:PrincipalAccount, aws:PrincipalOrgID or aws:ResourceAccount.",
    url=PRIVATELINK + "vpc-endpoints-access.html",
)
def endpoint_policy(endpoint: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if endpoint.text("vpcEndpointType") == "GatewayLoadBalancer":
        return
    policies = stack.users(endpoint, ENDPOINT_POLICY, property="vpcEndpointId")
    if not policies:
        yield "no policy: any principal may reach any resource through it."
    for policy in policies:
        for each in statements(policy, "policy"):
            if allows(each) and everyone(each) and not bounded(each) and "*" in each.texts("Resource"):
                yield Finding(policy, f"{each.path} lets anyone reach anything, without a condition on the account.")


@resource_rule(
    "vpc-endpoint-region-local",
    types=ENDPOINT,
    title="Endpoints lead to services inside the jurisdiction",
    severity=HIGH,
    remedy="Remove serviceRegion, or set it to a region of the jurisdiction.",
    url=PRIVATELINK + "create-interface-endpoint.html",
)
def endpoint_region(resource: Resource, config: Config) -> Iterator[str]:
    region = resource.text("serviceRegion")
    if region is not None and region not in config.regions:
        yield f"serviceRegion: {not_allowed(region, config)}."


@resource_rule(
    "vpc-endpoint-service-manual-accept",
    types=SERVICE,
    title="Connections to own endpoint services are accepted one by one",
    severity=HIGH,
    remedy="Set acceptanceRequired: true, name principals, and keep supportedRegions inside the jurisdiction.",
    url=PRIVATELINK + "configure-endpoint-service.html",
)
def endpoint_service(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("acceptanceRequired") is not True:
        yield "acceptanceRequired must be true."
    if "*" in resource.texts("allowedPrincipals"):
        yield "allowedPrincipals must not hold *."
    for region in resource.texts("supportedRegions"):
        if region not in config.regions:
            yield f"supportedRegions: {not_allowed(region, config)}."


@resource_rule(
    "vpc-peering-in-jurisdiction",
    types=(PEERING, TRANSIT_PEERING),
    title="Networks are joined inside the jurisdiction, with trusted accounts",
    severity=HIGH,
    remedy="Peer with a network in a region of the jurisdiction, in an account of trustedAccounts.",
    url=PEERING_GUIDE + "what-is-vpc-peering.html",
)
def peering_in_jurisdiction(resource: Resource, config: Config) -> Iterator[str]:
    region = resource.text("peerRegion")
    if region is not None and region not in config.regions:
        yield f"peerRegion: {not_allowed(region, config)}."
    for name in ("peerOwnerId", "peerAccountId"):
        account = resource.text(name)
        if account is not None and account not in config.trusted_accounts | config.accounts:
            yield f"{name}: the account is not a trusted one."


@resource_rule(
    "vpc-peering-routes-least",
    types=ROUTE,
    title="Routes to peers are no wider than what they serve",
    severity=LOW,
    remedy=f"Route to a range of /{WIDEST_PEERING_PREFIX + 1} or narrower: the peer's tier, not its whole network.",
    url=PEERING_GUIDE + "vpc-peering-routing.html",
)
def peering_routes(resource: Resource, config: Config) -> Iterator[str]:
    text = resource.text("destinationCidrBlock")
    range = network(text or "")
    if resource.has("vpcPeeringConnectionId") and range is not None and range.prefixlen <= WIDEST_PEERING_PREFIX:
        yield f"{resource.where('destinationCidrBlock')}: {text} is a whole network, not a tier."


peering_dns = requires(
    "vpc-peering-dns",
    PEERING,
    {"accepter.allowRemoteVpcDnsResolution": TRUE},
    when=lambda resource, _: not resource.has("peerRegion") and not resource.has("peerOwnerId"),
    title="Names of peers resolve to private addresses",
    severity=LOW,
    url=PEERING_GUIDE + "vpc-peering-dns.html",
)


@resource_rule(
    "tgw-no-auto-accept",
    types="aws:ec2transitgateway/transitGateway:TransitGateway",
    title="Transit gateways take no attachment unseen",
    severity=HIGH,
    remedy="Set autoAcceptSharedAttachments: disable and defaultRouteTableAssociation: disable.",
    url="https://docs.aws.amazon.com/vpc/latest/tgw/tgw-transit-gateways.html",
)
def transit_gateway(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("autoAcceptSharedAttachments") == "enable":
        yield "autoAcceptSharedAttachments must be disable."
    if resource.text("defaultRouteTableAssociation") != "disable":
        yield "defaultRouteTableAssociation must be disable, or every network joined reaches every other."


# Client VPN

clientvpn_logs = requires(
    "clientvpn-connection-logs",
    CLIENT_VPN,
    {"connectionLogOptions.enabled": TRUE, "connectionLogOptions.cloudwatchLogGroup": SET},
    title="Who connects by VPN is recorded",
    severity=HIGH,
    url=CLIENT_VPN_GUIDE + "cvpn-working-with-connection-logs.html",
)


@resource_rule(
    "clientvpn-federated",
    types=CLIENT_VPN,
    title="People, not machines, sign in to the VPN",
    severity=HIGH,
    remedy="Add authenticationOptions of type federated-authentication or directory-service-authentication.",
    url=CLIENT_VPN_GUIDE + "federated-authentication.html",
)
def clientvpn_federated(resource: Resource, config: Config) -> Iterator[str]:
    people = ("federated-authentication", "directory-service-authentication")
    if not any(each.text("type") in people for each in resource.views("authenticationOptions")):
        yield "authenticationOptions: a certificate alone says nothing of the person, nor of a second factor."


@resource_rule(
    "clientvpn-groups-only",
    types=AUTHORIZATION,
    title="VPN access is given to groups, for parts of the network",
    severity=HIGH,
    remedy="Set accessGroupId instead of authorizeAllGroups, and a targetNetworkCidr inside the network.",
    url=CLIENT_VPN_GUIDE + "cvpn-working-with-rules.html",
)
def clientvpn_groups(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("authorizeAllGroups"):
        yield "authorizeAllGroups must not be true: everyone who can sign in would be let in."
    if internet(resource.texts("targetNetworkCidr")):
        yield "targetNetworkCidr must be a part of the network, not everything."


@stack_rule(
    "clientvpn-not-to-data-tier",
    title="VPN users do not reach the data tier",
    severity=HIGH,
    remedy="Authorize ranges of the application tier, and associate the endpoint with application subnets.",
    url=CLIENT_VPN_GUIDE + "how-it-works.html",
)
def clientvpn_data_tier(stack: Stack, config: Config) -> Iterator[Finding]:
    held = data_subnets(stack, config)
    for association in stack.of("aws:ec2clientvpn/networkAssociation:NetworkAssociation"):
        for subnet in stack.targets(association, "subnetId", SUBNET):
            if subnet in held:
                yield Finding(association, f"{subnet.name} holds data.")
    for rule in stack.of(AUTHORIZATION):
        if rule.unknown("targetNetworkCidr"):
            continue
        for subnet in held:
            own = None if subnet.unknown("cidrBlock") else subnet.text("cidrBlock")
            if own is not None and _overlap(rule.text("targetNetworkCidr"), own):
                yield Finding(rule, f"targetNetworkCidr reaches {subnet.name}, which holds data.")


def _overlap(one: str | None, other: str) -> bool:
    here, there = network(one or ""), network(other)
    return here is not None and there is not None and here.version == there.version and here.overlaps(there)


@resource_rule(
    "clientvpn-auto-logoff",
    types=CLIENT_VPN,
    title="VPN sessions end by themselves",
    severity=MEDIUM,
    remedy=f"Set sessionTimeoutHours to {LONGEST_SESSION_HOURS} and disconnectOnSessionTimeout: true.",
    url=CLIENT_VPN_GUIDE + "cvpn-working-endpoints.html",
)
def clientvpn_logoff(resource: Resource, config: Config) -> Iterator[str]:
    hours = resource.number("sessionTimeoutHours")
    if hours is None or hours > LONGEST_SESSION_HOURS:
        yield f"sessionTimeoutHours must be {LONGEST_SESSION_HOURS} (AWS takes 24 without it)."
    if resource.flag("disconnectOnSessionTimeout") is not True:
        yield "disconnectOnSessionTimeout must be true, or sessions renew themselves."


clientvpn_routes = requires(
    "clientvpn-routes-enforced",
    CLIENT_VPN,
    {"clientRouteEnforcementOptions.enforced": TRUE},
    when=lambda resource, _: resource.flag("splitTunnel") is True,
    title="VPN clients keep the routes they are given",
    severity=LOW,
    url=CLIENT_VPN_GUIDE + "cvpn-working-cre.html",
)
clientvpn_banner = requires(
    "clientvpn-banner",
    CLIENT_VPN,
    {"clientLoginBannerOptions.enabled": TRUE},
    title="VPN users are told the terms",
    severity=LOW,
    url=CLIENT_VPN_GUIDE + "cvpn-working-login-banner.html",
)


# Site-to-site VPN

_WEAK_GROUPS = {2.0, 5.0}


@resource_rule(
    "vpn-strong-crypto",
    types=VPN,
    title="Tunnels use current cryptography only",
    severity=HIGH,
    remedy="For both tunnels and phases set IKE versions [ikev2], integrity SHA2-256 or better, and groups of 14 up.",
    url=VPN_GUIDE + "VPNTunnels.html",
)
def vpn_crypto(resource: Resource, config: Config) -> Iterator[str]:
    for tunnel in ("tunnel1", "tunnel2"):
        if resource.texts(f"{tunnel}IkeVersions") != ["ikev2"]:
            yield f"{tunnel}IkeVersions must be [ikev2]."
        for phase in ("Phase1", "Phase2"):
            integrity = resource.texts(f"{tunnel}{phase}IntegrityAlgorithms")
            if not integrity or "SHA1" in integrity:
                yield f"{tunnel}{phase}IntegrityAlgorithms must be set, without SHA1."
            name = f"{tunnel}{phase}DhGroupNumbers"
            groups = resource.get(name)
            found = groups if isinstance(groups, list) else []
            if not found or any(isinstance(each, (int, float)) and float(each) in _WEAK_GROUPS for each in found):
                yield f"{name} must be set, without 2 and 5."


@resource_rule(
    "vpn-tunnel-logs",
    types=VPN,
    title="Tunnels record their negotiations",
    severity=LOW,
    remedy="Set tunnel1LogOptions and tunnel2LogOptions with logEnabled: true and a log group.",
    url=VPN_GUIDE + "monitoring-logs.html",
)
def vpn_logs(resource: Resource, config: Config) -> Iterator[str]:
    for tunnel in ("tunnel1", "tunnel2"):
        path = f"{tunnel}LogOptions.cloudwatchLogOptions.logEnabled"
        if resource.flag(path) is not True:
            yield f"{path} must be true."


@stack_rule(
    "vpn-two-tunnels-routed",
    title="Links to a site survive the loss of one gateway",
    severity=LOW,
    remedy="Add a second customer gateway with a VPN connection of its own.",
    url=VPN_GUIDE + "vpn-redundant-connection.html",
)
def vpn_redundant(stack: Stack, config: Config) -> Iterator[Finding]:
    connections = [each for each in stack.of(VPN) if in_production(each, config)]
    if len(connections) == 1:
        yield Finding(connections[0], "is the only connection, over one customer gateway.")
