"""Where the application's domain leads, and how Route 53 knows whether it is up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.on_call import advised
from components.scope import DataClass, Scope
from settings.edge import FailoverSettings, HealthCheckSettings

_NAME_LIMIT = 255
_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class WatchedTargets:
    """What an alarm counts healthy targets of.

    load_balancer_arn_suffix, target_group_arn_suffix: name the pair in the metric.
    topic_arn: topic of the same region that hears of it.
    """

    load_balancer_arn_suffix: pulumi.Input[str]
    target_group_arn_suffix: pulumi.Input[str]
    topic_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class HealthCheckArgs:
    """Inputs of `HealthCheck`.

    domain_name: asked by Route 53's health checkers over HTTPS when `watched` is None.
    regions: of the health checkers; empty: all.
    watched: targets of a load balancer the health checkers cannot reach.
    """

    scope: Scope
    settings: HealthCheckSettings
    domain_name: str
    regions: Sequence[str] = ()
    watched: WatchedTargets | None = None


class HealthCheck(pulumi.ComponentResource):
    """A Route 53 health check: of the domain from outside, or of a CloudWatch alarm on the healthy targets.

    Source: Route 53 Developer Guide, "Types of Amazon Route 53 health checks"; LWO-EDG-06, LWO-N05.
    45 CFR 164.308(a)(7)(ii)(C).
    """

    id: pulumi.Output[str]

    def __init__(self, name: str, args: HealthCheckArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:address:HealthCheck", name, {}, opts)
        from pulumi_aws import route53

        child = pulumi.ResourceOptions(parent=self)
        scope, settings = args.scope, args.settings
        physical = scope.name("health")
        tags = scope.tagged(DataClass.INTERNAL, physical)
        if args.watched is None:
            check = route53.HealthCheck(
                f"{name}-check",
                type="HTTPS",
                fqdn=args.domain_name,
                port=443,
                resource_path=settings.path,
                enable_sni=True,
                request_interval=settings.interval_seconds,
                failure_threshold=settings.failures,
                regions=list(args.regions) or None,
                tags=tags,
                opts=child,
            )
        else:
            check = route53.HealthCheck(
                f"{name}-check",
                type="CLOUDWATCH_METRIC",
                cloudwatch_alarm_name=self._alarm(name, args, args.watched),
                cloudwatch_alarm_region=scope.region,
                insufficient_data_health_status="Unhealthy",  # no target has ever been healthy
                tags=tags,
                opts=child,
            )
        self.id = check.id
        self.register_outputs({"id": self.id})

    def _alarm(self, name: str, args: HealthCheckArgs, watched: WatchedTargets) -> pulumi.Output[str]:
        """Route 53 follows alarms of one metric with a plain statistic only, and evaluates the metric itself."""
        from pulumi_aws import cloudwatch

        scope = args.scope
        physical = scope.name("healthy-targets", limit=_NAME_LIMIT)
        return cloudwatch.MetricAlarm(
            f"{name}-alarm",
            name=physical,
            alarm_description=advised(
                "The load balancer has no healthy target; the domain's health check follows", "healthy-targets"
            ),
            namespace="AWS/ApplicationELB",
            metric_name="HealthyHostCount",
            dimensions={
                "LoadBalancer": watched.load_balancer_arn_suffix,
                "TargetGroup": watched.target_group_arn_suffix,
            },
            statistic="Maximum",  # of what the load balancer's nodes report
            comparison_operator="LessThanThreshold",
            threshold=1,
            period=_MINUTE,
            evaluation_periods=args.settings.failures,
            treat_missing_data="breaching",
            actions_enabled=True,
            alarm_actions=[watched.topic_arn],
            ok_actions=[watched.topic_arn],
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=pulumi.ResourceOptions(parent=self),
        ).name


@dataclass(frozen=True, kw_only=True)
class AddressArgs:
    """Inputs of `Address`.

    names: domains of the application.   zone_id: their hosted zone.
    target, target_zone_id: DNS name and hosted zone of the load balancer.
    health_check_id: decides with the load balancer's own targets whether failover happens, or None.
    failover: where the names lead meanwhile, or None.
    """

    names: Sequence[str]
    zone_id: pulumi.Input[str]
    target: pulumi.Input[str]
    target_zone_id: pulumi.Input[str]
    health_check_id: pulumi.Input[str] | None = None
    failover: FailoverSettings | None = None


class Address(pulumi.ComponentResource):
    """Alias records from the application's domains to its load balancer, never to an address of it (FAC-N04).

    With failover, Route 53 answers with the second place while the first is down.
    Source: Route 53 Developer Guide, "Failover routing"; FAC-EDG-07, LWO-EDG-05, LWO-EDG-07.
    """

    def __init__(self, name: str, args: AddressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:address:Address", name, {}, opts)
        from pulumi_aws import route53

        child = pulumi.ResourceOptions(parent=self)
        for position, domain_name in enumerate(args.names):
            role = "record" if position == 0 else f"record-{position}"
            failover = args.failover
            route53.Record(
                f"{name}-{role}",
                zone_id=args.zone_id,
                name=domain_name,
                type="A",
                aliases=[{"name": args.target, "zone_id": args.target_zone_id, "evaluate_target_health": True}],
                set_identifier=None if failover is None else "primary",
                failover_routing_policies=None if failover is None else [{"type": "PRIMARY"}],
                health_check_id=None if failover is None else args.health_check_id,
                opts=child,
            )
            if failover is not None:
                route53.Record(
                    f"{name}-{role}-secondary",
                    zone_id=args.zone_id,
                    name=domain_name,
                    type="A",
                    aliases=[
                        {
                            "name": failover.target,
                            "zone_id": failover.target_zone_id,
                            "evaluate_target_health": failover.evaluate_target_health,
                        }
                    ],
                    set_identifier="secondary",
                    failover_routing_policies=[{"type": "SECONDARY"}],
                    opts=child,
                )
        self.register_outputs({})
