"""Events of the audit trail that people must hear of: metric filters, and an alarm for each."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.alarms import Alarm, Comparison
from components.scope import Scope
from settings.alarms import Missing

_PERIOD_SECONDS = 300


def _any_event(*names: str) -> str:
    return " || ".join(f"($.eventName = {name})" for name in names)


def _events(*names: str) -> str:
    return f"{{ {_any_event(*names)} }}"


def _of_service(source: str, *names: str) -> str:
    return f"{{ ($.eventSource = {source}.amazonaws.com) && ({_any_event(*names)}) }}"


EVENTS: dict[str, str] = {
    "root-use": (
        '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }'
    ),
    "unauthorized-call": '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }',
    "sign-in-failure": '{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }',
    "sign-in-without-mfa": (
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") '
        '&& ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }'
    ),
    "iam-change": _of_service(
        "iam", "DeleteGroupPolicy", "DeleteRolePolicy", "DeleteUserPolicy", "PutGroupPolicy", "PutRolePolicy",
        "PutUserPolicy", "CreatePolicy", "DeletePolicy", "CreatePolicyVersion", "DeletePolicyVersion",
        "AttachRolePolicy", "DetachRolePolicy", "AttachUserPolicy", "DetachUserPolicy", "AttachGroupPolicy",
        "DetachGroupPolicy",
    ),
    "trail-change": _events("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
    "config-change": _of_service(
        "config", "StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel", "PutConfigurationRecorder"
    ),
    "key-disabled": _of_service("kms", "DisableKey", "ScheduleKeyDeletion"),
    "bucket-policy-change": _of_service(
        "s3", "PutBucketAcl", "PutBucketPolicy", "PutBucketCors", "PutBucketLifecycle", "PutBucketReplication",
        "DeleteBucketPolicy", "DeleteBucketCors", "DeleteBucketLifecycle", "DeleteBucketReplication",
    ),
    "security-group-change": _events(
        "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress", "CreateSecurityGroup", "DeleteSecurityGroup", "ModifySecurityGroupRules",
    ),
    "network-acl-change": _events(
        "CreateNetworkAcl", "CreateNetworkAclEntry", "DeleteNetworkAcl", "DeleteNetworkAclEntry",
        "ReplaceNetworkAclEntry", "ReplaceNetworkAclAssociation",
    ),
    "gateway-change": _events(
        "CreateCustomerGateway", "DeleteCustomerGateway", "AttachInternetGateway", "CreateInternetGateway",
        "DeleteInternetGateway", "DetachInternetGateway",
    ),
    "route-table-change": _of_service(
        "ec2", "CreateRoute", "CreateRouteTable", "ReplaceRoute", "ReplaceRouteTableAssociation", "DeleteRouteTable",
        "DeleteRoute", "DisassociateRouteTable",
    ),
    "vpc-change": _events(
        "CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "AcceptVpcPeeringConnection", "CreateVpcPeeringConnection",
        "DeleteVpcPeeringConnection", "RejectVpcPeeringConnection",
    ),
    "organization-change": _of_service(
        "organizations", "AcceptHandshake", "AttachPolicy", "CreateAccount", "CreateOrganizationalUnit", "CreatePolicy",
        "DeclineHandshake", "DeleteOrganization", "DeleteOrganizationalUnit", "DeletePolicy", "DetachPolicy",
        "DisablePolicyType", "EnablePolicyType", "InviteAccountToOrganization", "LeaveOrganization", "MoveAccount",
        "RemoveAccountFromOrganization", "UpdatePolicy", "UpdateOrganizationalUnit",
    ),
}  # fmt: skip
"""Event → filter pattern (CIS AWS Foundations Benchmark, monitoring; CloudWatch Logs User Guide: filter syntax)."""


def namespace(scope: Scope) -> str:
    """Namespace of the metrics the filters count in."""
    return f"{scope.system}/{scope.environment}/security"


def events(break_glass_role_name: str | None) -> dict[str, str]:
    """Event → filter pattern; with a role for emergencies, also every use of it."""
    if break_glass_role_name is None:
        return EVENTS
    taken = (
        '{ ($.eventName = "AssumeRole*") && ($.requestParameters.roleArn = "*:role/' + break_glass_role_name + '") }'
    )
    return {**EVENTS, "break-glass": taken}


def security_alarms(scope: Scope, break_glass_role_name: str | None = None) -> list[Alarm]:
    """One alarm per event, from its first occurrence in five minutes."""
    return [
        Alarm(
            key=f"security-{event}",
            title=f"Audit trail, {event.replace('-', ' ')}: events",
            namespace=namespace(scope),
            metric=event,
            dimensions={},
            statistic="Sum",
            comparison=Comparison.ABOVE,
            threshold=0,
            missing=Missing.FINE,
            period_seconds=_PERIOD_SECONDS,
            evaluations=1,
        )
        for event in events(break_glass_role_name)
    ]


@dataclass(frozen=True, kw_only=True)
class SecurityEventsArgs:
    """Inputs of `SecurityEvents`.

    log_group_name: of the trail's events.   break_glass_role_name: role for emergencies; None: there is none.
    """

    scope: Scope
    log_group_name: pulumi.Input[str]
    break_glass_role_name: str | None = None


class SecurityEvents(pulumi.ComponentResource):
    """Metric filters that count sign-ins, refusals and changes of safeguards in the audit trail.

    Source: 45 CFR 164.308(a)(5)(ii)(C) log-in monitoring, 164.308(a)(6)(ii) response and reporting; PIPEDA s10.1.
    """

    def __init__(self, name: str, args: SecurityEventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:security_events:SecurityEvents", name, {}, opts)
        from pulumi_aws import cloudwatch

        for event, pattern in events(args.break_glass_role_name).items():
            cloudwatch.LogMetricFilter(
                f"{name}-{event}",
                name=args.scope.name(event, limit=512),
                log_group_name=args.log_group_name,
                pattern=pattern,
                metric_transformation={"namespace": namespace(args.scope), "name": event, "value": "1"},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
