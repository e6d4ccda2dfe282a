"""CodeDeploy: how releases reach the fleet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.bucket_policy import bucket_arn
from components.iam_documents import Statement, allow, document, trust_of_passed_role, use_keys
from components.scope import DataClass, Scope
from settings.fleet import ReleaseSettings

_MANAGED = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole"
_NAME_LIMIT = 100


@dataclass(frozen=True, kw_only=True)
class CodeDeployArgs:
    """Inputs of `CodeDeploy`.

    autoscaling_group_name: group that gets releases, also on instances it starts later; known once it exists.
    instance_role_arn: the one role its instances have.   target_group_name: where instances are taken out meanwhile.
    bucket_name: bucket of the release archives.   key_aliases: of its key; empty: by pattern.
    alarm_names: alarms that bring the release before it back.
    """

    scope: Scope
    settings: ReleaseSettings
    autoscaling_group_name: pulumi.Input[str]
    instance_role_arn: str
    target_group_name: pulumi.Input[str]
    bucket_name: str
    key_aliases: Sequence[str] = ()
    alarm_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        if len(self.alarm_names) > 10:
            raise ValueError(f"alarm_names: want at most 10, which CodeDeploy watches, got {len(self.alarm_names)}")


class CodeDeploy(pulumi.ComponentResource):
    """An application and a deployment group: releases in place, a part of the fleet at a time, without downtime.

    A release that fails, or during which an alarm begins, is rolled back by itself.
    Raises ValueError (from CodeDeployArgs) before anything is registered.
    Source: FAC-OPS-04, FAC-OPS-07, FAC-IAM-04, FAC-N02, FAC-N07; CodeDeploy User Guide, "Create a service role" and
    "Advanced options for a deployment group"; 45 CFR 164.308(a)(5)(ii)(B).
    """

    application_name: str  # physical names, known in advance
    group_name: str

    def __init__(self, name: str, args: CodeDeployArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:code_deploy:CodeDeploy", name, {}, opts)
        from pulumi_aws import codedeploy, iam

        child, scope, settings = pulumi.ResourceOptions(parent=self), args.scope, args.settings
        self.application_name = application_name(scope)
        self.group_name = settings.group or scope.environment
        physical = scope.name("code-deploy", limit=64)
        role = iam.Role(
            f"{name}-role",
            name=physical,
            description="Brings releases to the fleet",
            assume_role_policy=trust_of_passed_role("codedeploy.amazonaws.com"),
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=child,
        )
        managed = iam.RolePolicyAttachment(f"{name}-managed", role=role.name, policy_arn=_MANAGED, opts=child)
        policy = iam.RolePolicy(
            f"{name}-policy", name="releases", role=role.name, policy=document(*_statements(args)), opts=child
        )
        application = codedeploy.Application(
            f"{name}-application",
            name=self.application_name,
            compute_platform="Server",
            tags=scope.tagged(DataClass.INTERNAL, self.application_name),
            opts=child,
        )
        rollback = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]
        if args.alarm_names:
            rollback.append("DEPLOYMENT_STOP_ON_ALARM")
        codedeploy.DeploymentGroup(
            f"{name}-group",
            app_name=application.name,
            deployment_group_name=self.group_name,
            service_role_arn=role.arn,
            deployment_config_name=settings.pace.value,
            deployment_style={"deployment_type": "IN_PLACE", "deployment_option": "WITH_TRAFFIC_CONTROL"},
            autoscaling_groups=[args.autoscaling_group_name],
            load_balancer_info={"target_group_infos": [{"name": args.target_group_name}]},
            auto_rollback_configuration={
                "enabled": True,
                "events": rollback,
            },
            alarm_configuration={"enabled": True, "alarms": list(args.alarm_names), "ignore_poll_alarm_failure": False}
            if args.alarm_names
            else None,
            outdated_instances_strategy="UPDATE",
            tags=scope.tagged(DataClass.INTERNAL, f"{self.application_name}-{self.group_name}"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[managed, policy]),
        )
        self.register_outputs({"application_name": self.application_name, "group_name": self.group_name})


def application_name(scope: Scope) -> str:
    """CodeDeploy's name of the application, known in advance."""
    return scope.name("application", limit=_NAME_LIMIT)


def _statements(args: CodeDeployArgs) -> list[Statement]:
    """What the AWS-managed policy lacks: release archives, and starting instances from the fleet's own template.

    Source: CodeDeploy User Guide, "Create a service role": three more permissions for groups with a launch template.
    """
    scope = args.scope
    started = [scope.arn("ec2", f"{kind}/*") for kind in ("instance", "network-interface", "volume")]
    given = [scope.arn("ec2", f"{kind}/*") for kind in ("key-pair", "security-group", "subnet")]
    images, template = f"arn:aws:ec2:{scope.region}::image/*", scope.arn("ec2", "launch-template/*")
    of_stack = {"aws:ResourceTag/Project": scope.system, "aws:ResourceTag/Environment": scope.environment}
    return [
        allow("ReadReleases", ["s3:GetObject", "s3:GetObjectVersion"], [f"{bucket_arn(args.bucket_name)}/*"]),
        use_keys("OpenReleases", scope, ["kms:Decrypt"], "s3", aliases=args.key_aliases),
        allow("UseOwnTemplate", ["ec2:RunInstances"], [template], StringEquals=of_stack),
        allow(
            "StartFromTemplate",
            ["ec2:RunInstances"],
            [*started, *given, images],
            ArnLike={"ec2:LaunchTemplate": template},
        ),
        allow("TagStarted", ["ec2:CreateTags"], started, StringEquals={"ec2:CreateAction": "RunInstances"}),
        allow(
            "GiveInstanceRole",
            ["iam:PassRole"],
            [args.instance_role_arn],
            StringEquals={"iam:PassedToService": "ec2.amazonaws.com"},
        ),
    ]
