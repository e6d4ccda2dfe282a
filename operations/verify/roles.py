"""May every role do exactly what the stack says, and nobody everything?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen
from operations.verify.documents import statements

ROLE = "aws:iam/role:Role"
_WHO = "CloudTrail says who changed it; `pulumi up --refresh` puts back what the stack says."


@of(
    ROLE,
    name="role-trust",
    requirements=("BER-OPS-08", "FAC-OPS-22"),
    fix=_WHO,
)
def _trust(account: Account, role: Resource) -> Iterator[Seen]:
    live = account.ask("iam", "get_role", RoleName=role.outputs["name"])["Role"]
    yield seen("who may take it", _said(role.inputs["assumeRolePolicy"]), _said(live["AssumeRolePolicyDocument"]))


@of(
    ROLE,
    name="role-boundary",
    requirements=("OMN-N10",),
    fix=_WHO,
)
def _boundary(account: Account, role: Resource) -> Iterator[Seen]:
    live = account.ask("iam", "get_role", RoleName=role.outputs["name"])["Role"]
    found = live.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    yield seen("permissions boundary", role.inputs.get("permissionsBoundary"), found)


@of(
    ROLE,
    name="role-policies",
    requirements=("BER-OPS-08", "FAC-OPS-22", "BER-IAM-01"),
    fix=f"Detach and delete what the stack does not know. {_WHO}",
)
def _policies(account: Account, role: Resource) -> Iterator[Seen]:
    name = role.outputs["name"]
    wanted = {
        each.inputs["policyArn"]
        for each in account.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if each.inputs["role"] == name
    } | set(role.inputs.get("managedPolicyArns") or ())
    live = account.all("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    yield seen("attached policies", sorted(wanted), sorted(each["PolicyArn"] for each in live))
    inline = {
        each.outputs["name"]: _said(each.inputs["policy"])
        for each in account.of("aws:iam/rolePolicy:RolePolicy")
        if each.inputs["role"] == name
    }
    held: dict[str, Any] = {}
    for policy in account.all("iam", "list_role_policies", "PolicyNames", RoleName=name):
        answer = account.ask("iam", "get_role_policy", RoleName=name, PolicyName=policy)
        held[policy] = _said(answer["PolicyDocument"])
    for policy in sorted(inline.keys() | held.keys()):
        yield seen(f"inline policy {policy}", inline.get(policy), held.get(policy))


@of(
    "aws:iam/policy:Policy",
    name="role-managed-policy",
    requirements=("OMN-N10", "FAC-OPS-22"),
    fix=_WHO,
)
def _managed(account: Account, policy: Resource) -> Iterator[Seen]:
    live = account.ask("iam", "get_policy", PolicyArn=policy.id)["Policy"]
    version = account.ask("iam", "get_policy_version", PolicyArn=policy.id, VersionId=live["DefaultVersionId"])
    yield seen("document", _said(policy.inputs["policy"]), _said(version["PolicyVersion"]["Document"]))


def _said(document: object) -> list[Any]:
    """What a document says, whatever the order of its statements."""
    return sorted(statements(document).values(), key=repr)
