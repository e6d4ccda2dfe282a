"""The role of EC2 instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from components.iam_documents import Statement, allow, document, trust_of_passed_role
from components.scope import DataClass, Scope

_SESSION_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class InstanceRoleArgs:
    """Inputs of `InstanceRole`.

    part: what the instances are, part of the role's name.   description: for people.
    statements: what the instances may do beside being managed.
    """

    scope: Scope
    part: str
    description: str
    statements: Sequence[Statement] = field(default_factory=tuple[Statement, ...])


class InstanceRole(pulumi.ComponentResource):
    """A role and its instance profile: sessions through Systems Manager instead of SSH, and what is asked for.

    The permissions are those Session Manager needs and no more; AmazonSSMManagedInstanceCore, the AWS-managed policy,
    also reads every parameter of the account.
    Source: FAC-N05, FAC-CMP-10, FAC-IAM-17; Systems Manager User Guide, "Verify or create an IAM role with Session
    Manager permissions"; 45 CFR 164.312(a)(1), 164.312(d).
    """

    arn: str  # known in advance
    profile_arn: pulumi.Output[str]  # known once the role has its permissions
    profile_name: pulumi.Output[str]

    def __init__(self, name: str, args: InstanceRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:instance_role:InstanceRole", name, {}, opts)
        from pulumi_aws import iam

        child, scope = pulumi.ResourceOptions(parent=self), args.scope
        physical = scope.name(args.part, limit=64)
        self.arn = scope.arn("iam", f"role/{physical}", region="")
        role = iam.Role(
            f"{name}-role",
            name=physical,
            description=args.description,
            assume_role_policy=trust_of_passed_role("ec2.amazonaws.com"),
            max_session_duration=_SESSION_SECONDS,
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.PHI, physical),
            opts=child,
        )
        policy = iam.RolePolicy(
            f"{name}-policy",
            name=args.part,
            role=role.name,
            policy=document(_managed(), *args.statements),
            opts=child,
        )
        profile = iam.InstanceProfile(
            f"{name}-profile",
            name=physical,
            role=role.name,
            tags=scope.tagged(DataClass.PHI, physical),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.profile_arn, self.profile_name = profile.arn, profile.name
        self.register_outputs({"profile_arn": self.profile_arn})


def _managed() -> Statement:
    """The calls of the Systems Manager agent, which name no resource."""
    return allow(
        "SessionManager",
        [
            "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ],
        ["*"],
    )
