"""A fleet of EC2 instances: all alike, private, replaceable."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi

from components.alarms import Comparison
from components.bucket_policy import bucket_arn
from components.iam_documents import Statement, allow, document, read_secrets, trust, use_keys
from components.instance_role import InstanceRole, InstanceRoleArgs
from components.scope import DataClass, Scope
from components.user_data import CA_BUNDLE, UserData
from settings.fleet import BucketAccess, FleetSettings, ModelService

if TYPE_CHECKING:
    from pulumi_aws import autoscaling

_SERVICE = "autoscaling.amazonaws.com"
_SUFFIX_LIMIT = 35  # a role's name has 64 characters, and the service writes 29 before the suffix
_MINUTE_SECONDS = 60
_ROOT_DEVICE = "/dev/sda1"  # of Ubuntu's images
_GROUP_METRICS = (
    "GroupMinSize", "GroupMaxSize", "GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances",
    "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances",
)  # fmt: skip
_REFRESH = "arn:aws:scheduler:::aws-sdk:autoscaling:startInstanceRefresh"
_OBJECT_ACTIONS: Mapping[BucketAccess, tuple[str, ...]] = {
    BucketAccess.KEEP: ("s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
    BucketAccess.DEPOSIT: ("s3:PutObject",),
    BucketAccess.READ: ("s3:GetObject", "s3:GetObjectVersion"),
}


@dataclass(frozen=True, kw_only=True)
class ScalingRoleArgs:
    """Inputs of `ScalingRole`."""

    scope: Scope


class ScalingRole(pulumi.ComponentResource):
    """The role by which EC2 Auto Scaling starts this fleet's instances, one per stack, named in the key of their disks.

    It exists before the key, as KMS refuses policies that name nobody, and is not the account's common one, which a
    young account does not have yet.
    Source: EC2 Auto Scaling User Guide, "Service-linked roles"; FAC-CMP-09, ALL-19.
    """

    arn: str  # known in advance

    def __init__(self, name: str, args: ScalingRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:fleet:ScalingRole", name, {}, opts)
        from pulumi_aws import iam

        scope = args.scope
        suffix = scope.name("fleet", limit=_SUFFIX_LIMIT)
        physical = f"AWSServiceRoleForAutoScaling_{suffix}"
        self.arn = scope.arn("iam", f"role/aws-service-role/{_SERVICE}/{physical}", region="")
        iam.ServiceLinkedRole(
            f"{name}-role",
            aws_service_name=_SERVICE,
            custom_suffix=suffix,
            description="Starts and ends the instances of the fleet",
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"arn": self.arn})


@dataclass(frozen=True, kw_only=True)
class FleetArgs:
    """Inputs of `Fleet`.

    subnet_ids: private subnets in two or more zones, zone → id.   security_group_id: of the instances.
    target_group_arn: where instances register, known once a listener forwards to it.
    load_balancer_arn_suffix, target_group_arn_suffix: name the pair in the metric that counts requests per instance.
    scaling_role_arn: role of `ScalingRole`, which the key of the disks admits.
    volumes_kms_key_arn, logs_kms_key_arn: keys of the disks and of the log group.
    bucket_names: purpose → bucket; the settings say which of them the application may use.
    secret_names: secrets the application reads when it starts.
    key_aliases: aliases of the keys of buckets and secrets; empty: those that follow the pattern of names.
    environment: variables beside those of the settings; no secrets.   key_name: key pair for SSH, or None.
    """

    scope: Scope
    settings: FleetSettings
    subnet_ids: Mapping[str, pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    target_group_arn: pulumi.Input[str]
    load_balancer_arn_suffix: pulumi.Input[str]
    target_group_arn_suffix: pulumi.Input[str]
    scaling_role_arn: str
    volumes_kms_key_arn: pulumi.Input[str]
    logs_kms_key_arn: pulumi.Input[str]
    bucket_names: Mapping[str, str] = field(default_factory=dict[str, str])
    secret_names: Sequence[str] = ()
    key_aliases: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    key_name: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        if len(self.subnet_ids) < 2:
            raise ValueError(f"subnet_ids: want two or more zones, got {len(self.subnet_ids)}")
        unknown = sorted(self.settings.bucket_access.keys() - self.bucket_names.keys())
        if unknown:
            raise ValueError(f"bucket_names: want every bucket of the settings, got none for {', '.join(unknown)}")


@dataclass(frozen=True, kw_only=True)
class _Measure:
    """A metric of CloudWatch."""

    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str


@dataclass(frozen=True, kw_only=True)
class _Reason:
    """Why the fleet grows or shrinks: a measure beyond a threshold for some minutes, and what follows."""

    name: str
    title: str
    measure: _Measure
    comparison: Comparison
    threshold: int
    minutes: int
    instances: int
    cooldown_seconds: int


class Fleet(pulumi.ComponentResource):
    """An Auto Scaling group of private instances, patched by monthly replacement, entered through Session Manager only.

    The load balancer's health check decides who gets requests; only an instance EC2 calls broken is replaced, so that a
    database or a bucket that does not answer never takes every instance away at once (FAC-N09).
    Scaling policies are simple ones, the only kind that waits for a cooldown (EC2 Auto Scaling User Guide, "Step and
    simple scaling policies").
    Raises ValueError (from FleetArgs and UserData) before anything is created.
    Source: FAC-CMP-01 to 15, FAC-IAM-01 to 03, FAC-N05, FAC-N08, FAC-N26; 45 CFR 164.312(a)(1), 164.312(b),
    164.308(a)(5)(ii)(B).
    """

    group_name: str  # physical names, known in advance
    log_group_name: str
    namespace: str  # of the application's metrics
    role_arn: str
    ready_group_name: pulumi.Output[str]  # the same, known once the group exists

    def __init__(self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:fleet:Fleet", name, {}, opts)
        from pulumi_aws import cloudwatch

        self._name, self._args = name, args
        scope, settings = args.scope, args.settings
        self.group_name = scope.name("fleet")
        self.log_group_name = f"/{scope.system}/{scope.environment}/fleet"
        self.namespace = settings.metrics.namespace or f"{scope.system}/application"
        user_data = self._user_data().text()
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            name=self.log_group_name,
            retention_in_days=settings.log_days,
            kms_key_id=args.logs_kms_key_arn,
            tags=scope.tagged(DataClass.PHI, self.log_group_name),
            opts=self._child,
        )
        role = InstanceRole(
            f"{name}-instance",
            InstanceRoleArgs(
                scope=scope,
                part="fleet",
                description="What the application may do on its instances",
                statements=self._statements(),
            ),
            self._child,
        )
        self.role_arn = role.arn
        group = self._group(user_data, role, logs)
        self.ready_group_name = group.name
        for reason in self._reasons():
            self._scale(reason, group)
        self._refresh()
        self.register_outputs({"group_name": self.group_name, "log_group_name": self.log_group_name})

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _user_data(self) -> UserData:
        args, settings = self._args, self._args.settings
        return UserData(
            system=args.scope.system,
            region=args.scope.region,
            architecture="arm64" if "arm64" in settings.image_parameter else "amd64",
            runtime=settings.runtime,
            group_name=self.group_name,
            log_group_name=self.log_group_name,
            namespace=self.namespace,
            environment={
                "AWS_REGION": args.scope.region,
                "METRICS_NAMESPACE": self.namespace,
                "METRICS_QUEUE": settings.metrics.queue_metric,
                "NODE_ENV": "production",  # what libraries call anything that is deployed
                "PGSSLMODE": "verify-full",
                "PGSSLROOTCERT": CA_BUNDLE,
                "PORT": str(settings.port),
                **({} if settings.model.url is None else {"MODEL_URL": settings.model.url}),
                **args.environment,
                **settings.runtime.environment,
            },
        )

    def _statements(self) -> list[Statement]:
        """What the application needs, resource by resource (FAC-IAM-01 to 03, FAC-N02, FAC-N08)."""
        args, scope, settings = self._args, self._args.scope, self._args.settings
        access = settings.bucket_access
        statements: list[Statement] = []
        for kind, actions in _OBJECT_ACTIONS.items():
            arns = [bucket_arn(args.bucket_names[purpose]) for purpose in access if access[purpose] is kind]
            if arns:
                statements.append(allow(f"{kind.capitalize()}Objects", actions, [f"{arn}/*" for arn in arns]))
        listed = [bucket_arn(args.bucket_names[p]) for p in access if access[p] is not BucketAccess.DEPOSIT]
        statements += [
            allow("ListObjects", ["s3:ListBucket"], listed),
            use_keys("UseObjectKeys", scope, ["kms:Decrypt", "kms:GenerateDataKey"], "s3", aliases=args.key_aliases),
            *read_secrets(scope, args.secret_names, args.key_aliases),
            allow(
                "WriteLogs",
                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [scope.arn("logs", f"log-group:{self.log_group_name}:*")],
            ),
            allow(
                "WriteMetrics",
                ["cloudwatch:PutMetricData"],
                ["*"],
                StringEquals={"cloudwatch:namespace": self.namespace},
            ),
        ]
        if settings.model.service is ModelService.BEDROCK:
            models = [f"arn:aws:bedrock:{scope.region}::foundation-model/{model}" for model in settings.model.models]
            actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
            statements.append(allow("AskModels", actions, models))
        return statements

    def _group(self, user_data: str, role: InstanceRole, logs: pulumi.Resource) -> autoscaling.Group:
        from pulumi_aws import autoscaling, ec2

        args, scope, settings = self._args, self._args.scope, self._args.settings
        tags = scope.tagged(DataClass.PHI, self.group_name)
        template = ec2.LaunchTemplate(
            f"{self._name}-template",
            name=self.group_name,
            description="Instances of the application",
            image_id=f"resolve:ssm:{settings.image_parameter}",  # the newest when an instance starts
            instance_type=settings.instance_type,
            iam_instance_profile={"arn": role.profile_arn},
            key_name=args.key_name,
            ebs_optimized="true",
            monitoring={"enabled": True},
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
                "instance_metadata_tags": "disabled",
            },
            network_interfaces=[
                {
                    "device_index": 0,
                    "associate_public_ip_address": "false",
                    "delete_on_termination": "true",
                    "security_groups": [args.security_group_id],
                }
            ],
            block_device_mappings=[
                {
                    "device_name": _ROOT_DEVICE,
                    "ebs": {
                        "volume_type": "gp3",
                        "volume_size": settings.volume_gib,
                        "encrypted": "true",
                        "kms_key_id": args.volumes_kms_key_arn,
                        "delete_on_termination": "true",
                    },
                }
            ],
            instance_initiated_shutdown_behavior="terminate",
            tag_specifications=[
                {"resource_type": kind, "tags": tags} for kind in ("instance", "volume", "network-interface")
            ],
            update_default_version=True,
            user_data=base64.b64encode(user_data.encode()).decode(),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
        return autoscaling.Group(
            f"{self._name}-group",
            name=self.group_name,
            min_size=settings.min_instances,
            desired_capacity=settings.desired_instances,
            max_size=settings.max_instances,
            vpc_zone_identifiers=[*args.subnet_ids.values()],
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            target_group_arns=[args.target_group_arn],
            health_check_type="EC2",
            health_check_grace_period=settings.health_grace_seconds,
            default_instance_warmup=settings.health_grace_seconds,
            default_cooldown=settings.scaling.scale_out_cooldown_seconds,
            metrics_granularity="1Minute",
            enabled_metrics=[autoscaling.Metric(metric) for metric in _GROUP_METRICS],
            service_linked_role_arn=args.scaling_role_arn,
            instance_refresh={"strategy": "Rolling", "preferences": _preferences(settings)},
            tags=[{"key": key, "value": value, "propagate_at_launch": True} for key, value in sorted(tags.items())],
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["desiredCapacity"]),  # scaling owns it
        )

    def _reasons(self) -> list[_Reason]:
        """CPU above and below, requests above (FAC-CMP-05 to 07)."""
        args, scaling = self._args, self._args.settings.scaling
        group = {"AutoScalingGroupName": self.group_name}
        cpu = _Measure(namespace="AWS/EC2", metric="CPUUtilization", dimensions=group, statistic="Average")
        reasons = [
            _Reason(
                name="cpu-high",
                title=f"Fleet CPU above {scaling.cpu_high_percent} %: one instance more",
                measure=cpu,
                comparison=Comparison.ABOVE,
                threshold=scaling.cpu_high_percent,
                minutes=scaling.cpu_high_minutes,
                instances=1,
                cooldown_seconds=scaling.scale_out_cooldown_seconds,
            ),
            _Reason(
                name="cpu-low",
                title=f"Fleet CPU below {scaling.cpu_low_percent} %: one instance less",
                measure=cpu,
                comparison=Comparison.BELOW,
                threshold=scaling.cpu_low_percent,
                minutes=scaling.cpu_low_minutes,
                instances=-1,
                cooldown_seconds=scaling.scale_in_cooldown_seconds,
            ),
        ]
        if scaling.requests_per_target is not None:
            pair = {"LoadBalancer": args.load_balancer_arn_suffix, "TargetGroup": args.target_group_arn_suffix}
            reasons.append(
                _Reason(
                    name="requests",
                    title=f"More than {scaling.requests_per_target} requests a minute and instance: one instance more",
                    measure=_Measure(
                        namespace="AWS/ApplicationELB",
                        metric="RequestCountPerTarget",
                        dimensions=pair,
                        statistic="Sum",
                    ),
                    comparison=Comparison.ABOVE,
                    threshold=scaling.requests_per_target,
                    minutes=scaling.requests_minutes,
                    instances=1,
                    cooldown_seconds=scaling.scale_out_cooldown_seconds,
                )
            )
        return reasons

    def _scale(self, reason: _Reason, group: autoscaling.Group) -> None:
        from pulumi_aws import autoscaling, cloudwatch

        scope, measure = self._args.scope, reason.measure
        physical = scope.name(f"fleet-{reason.name}", limit=255)
        policy = autoscaling.Policy(
            f"{self._name}-{reason.name}",
            name=physical,
            autoscaling_group_name=group.name,
            policy_type="SimpleScaling",
            adjustment_type="ChangeInCapacity",
            scaling_adjustment=reason.instances,
            cooldown=reason.cooldown_seconds,
            opts=self._child,
        )
        cloudwatch.MetricAlarm(
            f"{self._name}-{reason.name}-alarm",
            name=physical,
            alarm_description=reason.title,
            namespace=measure.namespace,
            metric_name=measure.metric,
            dimensions=measure.dimensions,
            statistic=measure.statistic,
            comparison_operator=reason.comparison.value,
            threshold=reason.threshold,
            period=_MINUTE_SECONDS,
            evaluation_periods=reason.minutes,
            treat_missing_data="missing",  # no data is no reason to grow or shrink
            actions_enabled=True,
            alarm_actions=[policy.arn],
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=self._child,
        )

    def _refresh(self) -> None:
        """Once a month every instance is replaced by one of the newest image (FAC-CMP-15)."""
        from pulumi_aws import iam, scheduler

        scope, refresh = self._args.scope, self._args.settings.refresh
        physical = scope.name("fleet-refresh", limit=64)
        role = iam.Role(
            f"{self._name}-refresh-role",
            name=physical,
            description="Starts the monthly replacement of the fleet's instances",
            assume_role_policy=trust(
                "scheduler.amazonaws.com", scope, source=scope.arn("scheduler", "schedule-group/default")
            ),
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=self._child,
        )
        group = scope.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{self.group_name}")
        permission = iam.RolePolicy(
            f"{self._name}-refresh-policy",
            name="refresh",
            role=role.name,
            policy=document(allow("ReplaceInstances", ["autoscaling:StartInstanceRefresh"], [group])),
            opts=self._child,
        )
        scheduler.Schedule(
            f"{self._name}-refresh",
            name=physical,
            description="Patches: every instance is replaced by one of the newest image",
            schedule_expression=f"cron(0 {refresh.hour} {refresh.day} * ? *)",
            schedule_expression_timezone="UTC",
            flexible_time_window={"mode": "OFF"},
            state="ENABLED",
            target={
                "arn": _REFRESH,
                "role_arn": role.arn,
                "input": json.dumps(
                    {
                        "AutoScalingGroupName": self.group_name,
                        "Strategy": "Rolling",
                        "Preferences": {
                            "MinHealthyPercentage": refresh.min_healthy_percent,
                            "MaxHealthyPercentage": refresh.max_healthy_percent,
                            "InstanceWarmup": self._args.settings.health_grace_seconds,
                            "SkipMatching": False,
                        },
                    }
                ),
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 3},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )


def _preferences(settings: FleetSettings) -> autoscaling.GroupInstanceRefreshPreferencesArgsDict:
    """Of a replacement by a deployment. AWS cannot roll back to an image that a parameter names."""
    return {
        "min_healthy_percentage": settings.refresh.min_healthy_percent,
        "max_healthy_percentage": settings.refresh.max_healthy_percent,
        "instance_warmup": str(settings.health_grace_seconds),
        "skip_matching": False,
    }
