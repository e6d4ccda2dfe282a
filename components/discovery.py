"""Names by which services find each other inside the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope
from settings.compute import DiscoverySettings


@dataclass(frozen=True, kw_only=True)
class DiscoveryArgs:
    """Inputs of `Discovery`.   services: names of those that listen on a port.   vpc_id: who may ask."""

    scope: Scope
    settings: DiscoverySettings
    services: Sequence[str]
    vpc_id: pulumi.Input[str]


class Discovery(pulumi.ComponentResource):
    """A private DNS namespace of AWS Cloud Map in which every service answers as `<service>.<namespace>`.

    DNS rather than Service Connect: any client understands it, no proxy sees requests with patient data or takes a
    share of each task, and nothing leaves the VPC. ECS enters and removes tasks as they become healthy and stop.
    Source: Amazon ECS Developer Guide, "Use service discovery to connect Amazon ECS services with DNS names";
    LWO-CMP-07, OMN-CMP-01.
    """

    service_arns: dict[str, pulumi.Output[str]]
    addresses: dict[str, str]  # service → DNS name, known in advance

    def __init__(self, name: str, args: DiscoveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:discovery:Discovery", name, {}, opts)
        from pulumi_aws import servicediscovery

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        namespace = servicediscovery.PrivateDnsNamespace(
            f"{name}-namespace",
            name=settings.namespace,
            description=f"Services of {scope.system} {scope.environment}",
            vpc=args.vpc_id,
            tags=scope.tagged(DataClass.INTERNAL, settings.namespace),
            opts=child,
        )
        self.service_arns = {}
        self.addresses = {}
        for service in args.services:
            self.addresses[service] = f"{service}.{settings.namespace}"
            self.service_arns[service] = servicediscovery.Service(
                f"{name}-{service}",
                name=service,
                description=f"Tasks of {service}",
                dns_config={
                    "namespace_id": namespace.id,
                    "routing_policy": "MULTIVALUE",
                    "dns_records": [{"type": "A", "ttl": settings.ttl_seconds}],
                },
                # ECS reports the tasks' health. AWS fixes the number at 1, and the provider leaves an empty block out
                health_check_custom_config={"failure_threshold": 1},
                force_destroy=True,  # tasks are entered by ECS, not by hand
                tags=scope.tagged(DataClass.INTERNAL, self.addresses[service]),
                opts=child,
            ).arn
        self.register_outputs({"service_arns": self.service_arns})
