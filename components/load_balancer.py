"""Application Load Balancer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope
from components.storage import LOAD_BALANCER_PREFIX
from settings.edge import LoadBalancerSettings
from settings.targets import TargetSettings

_NAME_LIMIT = 32  # characters of load balancer and target group names (Elastic Load Balancing quotas)
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"  # TLS 1.2 and 1.3 (ALL-08)


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """Inputs of `LoadBalancer`.

    vpc_id, subnet_ids: public subnets (private ones when internal) in two or more zones, zone → id.
    certificate_arn: issued certificate of the load balancer's region.
    logs_bucket_name: AES256 bucket of the same region whose policy already admits load-balancer logs (ALL-06).
    targets: name → service or fleet; each gets a target group and the requests on its paths and hosts.
    web_acl_arn: firewall of the load balancer's region, or None.
    """

    scope: Scope
    settings: LoadBalancerSettings
    vpc_id: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    certificate_arn: pulumi.Input[str]
    logs_bucket_name: pulumi.Input[str]
    targets: Mapping[str, TargetSettings]
    web_acl_arn: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        if len(self.subnet_ids) < 2:
            raise ValueError(f"subnet_ids: want two or more zones, got {len(self.subnet_ids)}")
        unrouted = [name for name, target in self.targets.items() if target.port is None or not target.paths]
        if unrouted:
            raise ValueError(f"targets: want a port and paths, got none for {', '.join(unrouted)}")


class LoadBalancer(pulumi.ComponentResource):
    """HTTPS with TLS 1.2 or newer; HTTP is redirected; a request no target asked for gets 404.

    Raises ValueError (from LoadBalancerArgs) before anything is registered.
    Source: BER-EDG-09, BER-NET-07, FAC-EDG-01 to 04, FAC-EDG-08, LWO-EDG-01 to 03, ALL-06, ALL-08;
    45 CFR 164.312(e)(1), (e)(2)(ii), 164.312(b).
    """

    arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]  # names the load balancer in its metrics
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]  # hosted zone of its name, which aliases ask for
    https_listener_arn: pulumi.Output[str]
    target_group_arns: dict[str, pulumi.Output[str]]  # target → ARN, known once the listener forwards to it
    target_group_arn_suffixes: dict[str, pulumi.Output[str]]
    target_group_names: dict[str, str]  # physical names, known in advance

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:load_balancer:LoadBalancer", name, {}, opts)
        from pulumi_aws import lb

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        physical = scope.name("alb", limit=_NAME_LIMIT)
        balancer = lb.LoadBalancer(
            f"{name}-alb",
            name=physical,
            load_balancer_type="application",
            internal=settings.internal,
            subnets=[*args.subnet_ids.values()],
            security_groups=[args.security_group_id],
            idle_timeout=settings.idle_timeout_seconds,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            enable_deletion_protection=scope.protect,
            enable_waf_fail_open=False,
            access_logs={"enabled": True, "bucket": args.logs_bucket_name, "prefix": LOAD_BALANCER_PREFIX},
            connection_logs={"enabled": True, "bucket": args.logs_bucket_name, "prefix": LOAD_BALANCER_PREFIX},
            tags=scope.tagged(DataClass.PHI, physical, Exposure=settings.access.value),
            opts=child,
        )
        lb.Listener(
            f"{name}-http",
            load_balancer_arn=balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[
                {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}}
            ],
            tags=scope.tagged(DataClass.INTERNAL, f"{physical}-http"),
            opts=child,
        )
        https = lb.Listener(
            f"{name}-https",
            load_balancer_arn=balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=_TLS_POLICY,
            certificate_arn=args.certificate_arn,
            default_actions=[
                {
                    "type": "fixed-response",
                    "fixed_response": {"content_type": "text/plain", "status_code": "404", "message_body": "Not found"},
                }
            ],
            tags=scope.tagged(DataClass.INTERNAL, f"{physical}-https"),
            opts=child,
        )
        self.arn = balancer.arn
        self.arn_suffix = balancer.arn_suffix
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.https_listener_arn = https.arn
        self.target_group_arns = {}
        self.target_group_arn_suffixes = {}
        self.target_group_names = {target: scope.name(target, limit=_NAME_LIMIT) for target in args.targets}
        for target, settings_of_target in args.targets.items():
            self._target(name, args, target, settings_of_target, child)
        if args.web_acl_arn is not None:
            self._firewall(name, args.web_acl_arn, child)
        self.register_outputs({"dns_name": self.dns_name, "https_listener_arn": self.https_listener_arn})

    def _target(
        self, name: str, args: LoadBalancerArgs, target: str, settings: TargetSettings, child: pulumi.ResourceOptions
    ) -> None:
        from pulumi_aws import lb

        scope = args.scope
        physical = self.target_group_names[target]
        group = lb.TargetGroup(
            f"{name}-{target}",
            name=physical,
            target_type=settings.target_type,
            protocol="HTTP",
            port=settings.port,
            vpc_id=args.vpc_id,
            deregistration_delay=settings.stop_seconds,
            health_check={
                "enabled": True,
                "path": settings.health_path,
                "protocol": "HTTP",
                "port": "traffic-port",
                "matcher": "200",
                "interval": 30,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        rule = lb.ListenerRule(
            f"{name}-{target}-rule",
            listener_arn=self.https_listener_arn,
            priority=settings.priority,
            conditions=[
                {"path_pattern": {"values": list(settings.paths)}},
                *([{"host_header": {"values": list(settings.hosts)}}] if settings.hosts else []),
            ],
            actions=[{"type": "forward", "target_group_arn": group.arn}],
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        self.target_group_arns[target] = pulumi.Output.all(group.arn, rule.arn).apply(lambda arns: str(arns[0]))
        self.target_group_arn_suffixes[target] = group.arn_suffix

    def _firewall(self, name: str, web_acl_arn: pulumi.Input[str], child: pulumi.ResourceOptions) -> None:
        from pulumi_aws import wafv2

        wafv2.WebAclAssociation(f"{name}-firewall", resource_arn=self.arn, web_acl_arn=web_acl_arn, opts=child)
