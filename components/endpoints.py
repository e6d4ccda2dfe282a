"""Interface endpoints: AWS APIs reached inside the network instead of through NAT."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope
from settings.network import InterfaceService


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    """Inputs of `Endpoints`.

    subnet_ids: one subnet per zone, of the application tier, zone → id.
    security_group_id: admits HTTPS from the service.
    """

    scope: Scope
    services: Iterable[InterfaceService]
    vpc_id: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]


class Endpoints(pulumi.ComponentResource):
    """One private interface endpoint per service, for principals of this account only (45 CFR 164.312(e)(1)).

    Source: AWS PrivateLink Guide (Control access to VPC endpoints using endpoint policies).
    """

    endpoint_ids: dict[str, pulumi.Output[str]]  # by service

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:endpoints:Endpoints", name, {}, opts)
        from pulumi_aws import ec2

        scope = args.scope
        self.endpoint_ids = {
            service.value: ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{scope.region}.{service}",
                subnet_ids=list(args.subnet_ids.values()),
                security_group_ids=[args.security_group_id],
                private_dns_enabled=True,
                policy=_policy(scope),
                tags=scope.tagged(DataClass.INTERNAL, scope.name(service.value)),
                opts=pulumi.ResourceOptions(parent=self),
            ).id
            for service in sorted(args.services)
        }
        self.register_outputs({"endpoint_ids": self.endpoint_ids})


def _policy(scope: Scope) -> str:
    statement = {
        "Sid": "OwnPrincipals",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": scope.account_id}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
