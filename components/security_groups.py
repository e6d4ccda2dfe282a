"""Security groups of a system: load balancer, service, database, cache, interface endpoints, VPN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.scope import DataClass, Scope

HTTPS, HTTP, SSH = 443, 80, 22
_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class SecurityGroupsArgs:
    """Inputs of `SecurityGroups`.

    load_balancer: whether a load balancer stands in front of the service, or will; else nothing is let in to it.
    entry_cidrs, entry_prefix_lists: who may reach the load balancer; prefix lists by name.
    https_prefix_lists: who may reach it over HTTPS only, by name (health checkers).
    vpn: whether people enter through a VPN, which gets a group of its own and reaches the load balancer only.
    service_ports, database_port, cache_port: TCP ports.
    discovery_ports: ports on which services reach each other; empty: they do not.
    internet: whether the service reaches the internet over HTTPS, through NAT.
    gateway_prefix_lists: prefix list of each gateway endpoint, by service name.
    bastion: whether administrators have an instance that reaches database and cache.
    ssh: whether it also reaches the service, on port 22.
    model: (address, port) of a language model the service asks outside, or None.
    """

    scope: Scope
    vpc_id: pulumi.Input[str]
    load_balancer: bool = True
    entry_cidrs: Sequence[str] = (_ANYWHERE,)
    entry_prefix_lists: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    https_prefix_lists: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    vpn: bool = False
    service_ports: Sequence[int]
    discovery_ports: Sequence[int] = ()
    database_port: int = 5432
    cache_port: int = 6379
    internet: bool = True
    gateway_prefix_lists: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    bastion: bool = False
    ssh: bool = False
    model: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        if self.ssh and not self.bastion:
            raise ValueError("ssh: want a bastion, where SSH comes from")
        if self.vpn and not self.load_balancer:
            raise ValueError("vpn: want a load balancer, where the VPN leads to")


@dataclass
class _Rules:
    ingress: list[pulumi.Output[str]] = field(default_factory=list["pulumi.Output[str]"])
    egress: list[pulumi.Output[str]] = field(default_factory=list["pulumi.Output[str]"])


class SecurityGroups(pulumi.ComponentResource):
    """Groups chained so that each tier only talks to the next: load balancer, service, database and cache.

    They exist even when nothing uses them yet (BER-CMP-02, BER-N21), except the load balancer's where there is none.
    A rule added outside Pulumi is drift and goes.
    Rules: BER-NET-07 to 11, FAC-NET-09 to 12, FAC-NET-14 to 21, MSP-NET-06, MSP-NET-07, OMN-DB-10; LWO-NET-07 to 11
    (the same, from known addresses), LWO-NET-12 (VPN).
    A group of the bastion exists only where there is one: nothing comes in, as Session Manager is reached from inside
    (FAC-N05, FAC-NET-13, FAC-NET-18). Raises ValueError (from SecurityGroupsArgs) before anything is registered.
    Source: 45 CFR 164.312(e)(1) transmission security.
    """

    load_balancer_id: pulumi.Output[str] | None = None  # None without a load balancer
    service_id: pulumi.Output[str]
    database_id: pulumi.Output[str]
    cache_id: pulumi.Output[str]
    endpoints_id: pulumi.Output[str]
    vpn_id: pulumi.Output[str] | None  # None without a VPN
    bastion_id: pulumi.Output[str] | None = None

    def __init__(self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:security_groups:SecurityGroups", name, {}, opts)
        self._name = name
        self._args = args
        self._rules: dict[str, _Rules] = {}
        if args.load_balancer:
            self.load_balancer_id = self._group("load-balancer", "Load balancer: web traffic in, the service out")
        self.service_id = self._group("service", "Service: from the load balancer, to database, cache and AWS")
        self.database_id = self._group("database", "Database: from the service only, nothing out")
        self.cache_id = self._group("cache", "Cache: from the service only, nothing out")
        self.endpoints_id = self._group("endpoints", "Interface endpoints: HTTPS from the service, nothing out")

        self.vpn_id = self._group("vpn", "VPN: to the load balancer only") if args.vpn else None

        if args.load_balancer:
            self._load_balancer()
        for port in sorted(set(args.discovery_ports)):
            self._link("service", "service", port, "requests of other services")
        self._link("service", "database", args.database_port, "PostgreSQL")
        self._link("service", "cache", args.cache_port, "Redis")
        self._link("service", "endpoints", HTTPS, "AWS APIs")
        for service, prefix_list in args.gateway_prefix_lists.items():
            self._egress("service", service, HTTPS, f"HTTPS to the {service} endpoint", prefix_list_id=prefix_list)
        if args.internet:
            self._egress("service", "internet", HTTPS, "HTTPS through NAT: AWS APIs and partners", cidr_ipv4=_ANYWHERE)
        if args.model is not None:
            address, port = args.model
            self._egress("service", "model", port, "HTTPS to the language model", cidr_ipv4=f"{address}/32")
        if args.bastion:
            self._bastion()
        self._nothing_else()
        self.register_outputs(
            {
                "load_balancer_id": self.load_balancer_id,
                "service_id": self.service_id,
                "database_id": self.database_id,
                "cache_id": self.cache_id,
                "endpoints_id": self.endpoints_id,
                "vpn_id": self.vpn_id,
            }
        )

    def _load_balancer(self) -> None:
        args = self._args
        for cidr in args.entry_cidrs:
            self._entry("https", cidr.replace("/", "-"), cidr, cidr_ipv4=cidr)
            self._entry("http", cidr.replace("/", "-"), cidr, cidr_ipv4=cidr)
        for source, prefix_list in args.entry_prefix_lists.items():
            self._entry("https", source, source, prefix_list_id=prefix_list)
            self._entry("http", source, source, prefix_list_id=prefix_list)
        for source, prefix_list in args.https_prefix_lists.items():
            self._entry("https", source, source, prefix_list_id=prefix_list)
        if args.vpn:
            self._link("vpn", "load-balancer", HTTPS, "HTTPS")
            self._link("vpn", "load-balancer", HTTP, "HTTP, to be redirected,")
        for port in sorted(set(args.service_ports)):
            self._link("load-balancer", "service", port, "application requests")

    def _bastion(self) -> None:
        args = self._args
        self.bastion_id = self._group("bastion", "Bastion: nothing in, to database, cache and AWS")
        self._link("bastion", "database", args.database_port, "PostgreSQL")
        self._link("bastion", "cache", args.cache_port, "Redis")
        self._link("bastion", "endpoints", HTTPS, "AWS APIs")
        if args.ssh:
            self._link("bastion", "service", SSH, "SSH")
        if args.internet:
            self._egress("bastion", "internet", HTTPS, "HTTPS through NAT: AWS APIs", cidr_ipv4=_ANYWHERE)

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _id(self, role: str) -> pulumi.Output[str]:
        return getattr(self, f"{role.replace('-', '_')}_id")

    def _tags(self, role: str) -> dict[str, str]:
        return self._args.scope.tagged(DataClass.INTERNAL, self._args.scope.name(role))

    def _group(self, role: str, description: str) -> pulumi.Output[str]:
        from pulumi_aws import ec2

        self._rules[role] = _Rules()
        group = ec2.SecurityGroup(
            f"{self._name}-{role}",
            name=self._args.scope.name(role),
            description=description,
            vpc_id=self._args.vpc_id,
            revoke_rules_on_delete=True,
            tags=self._tags(role),
            opts=self._child,
        )
        return group.id

    def _entry(self, protocol: str, source: str, said: str, **peer: pulumi.Input[str]) -> None:
        port = {"https": HTTPS, "http": HTTP}[protocol]
        self._ingress("load-balancer", f"{protocol}-{source}", port, f"{protocol.upper()} from {said}", **peer)

    def _ingress(self, role: str, source: str, port: int, description: str, **peer: pulumi.Input[str]) -> None:
        from pulumi_aws import vpc

        rule = vpc.SecurityGroupIngressRule(
            f"{self._name}-{role}-from-{source}",
            security_group_id=self._id(role),
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            tags=self._tags(f"{role}-from-{source}"),
            opts=self._child,
            **peer,
        )
        self._rules[role].ingress.append(rule.security_group_rule_id)

    def _egress(self, role: str, target: str, port: int, description: str, **peer: pulumi.Input[str]) -> None:
        from pulumi_aws import vpc

        rule = vpc.SecurityGroupEgressRule(
            f"{self._name}-{role}-to-{target}",
            security_group_id=self._id(role),
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            tags=self._tags(f"{role}-to-{target}"),
            opts=self._child,
            **peer,
        )
        self._rules[role].egress.append(rule.security_group_rule_id)

    def _link(self, source: str, target: str, port: int, what: str) -> None:
        """Open `port` from one group to another: a way out of the first, a way into the second."""
        to, of = f"{target}-{port}", f"{source}-{port}"
        self._egress(source, to, port, f"{what} to the {target} group", referenced_security_group_id=self._id(target))
        self._ingress(
            target, of, port, f"{what} from the {source} group", referenced_security_group_id=self._id(source)
        )

    def _nothing_else(self) -> None:
        from pulumi_aws import ec2

        for role, rules in self._rules.items():
            ec2.VpcSecurityGroupRulesExclusive(
                f"{self._name}-{role}-rules",
                security_group_id=self._id(role),
                ingress_rule_ids=rules.ingress,
                egress_rule_ids=rules.egress,
                opts=self._child,
            )
