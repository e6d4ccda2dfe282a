"""IAM: roles, policies, instance profiles, identity providers."""

from __future__ import annotations

import json
from typing import Any, ClassVar
from urllib.parse import unquote

from localaws.handler import Call, Handler, Props, register
from localaws.shapes import from_tags, to_tags

SESSION_SECONDS = 3600


def document(value: Any) -> str:
    """A policy document as text, however IAM gave it back."""
    return json.dumps(value) if isinstance(value, dict) else unquote(str(value))


@register
class Role(Handler):
    type = "aws:iam/role:Role"
    inputs = frozenset(
        {
            "name", "assumeRolePolicy", "description", "maxSessionDuration", "path", "permissionsBoundary",
            "managedPolicyArns", "forceDetachPolicies", "tags",
        }
    )  # fmt: skip
    replace_on = frozenset({"name", "path"})
    defaults: ClassVar[Props] = {"path": "/", "maxSessionDuration": 3600}
    autoname = "name"
    cloudformation = "AWS::IAM::Role"
    renames: ClassVar[dict[str, str]] = {
        "name": "RoleName", "tags": "-", "assumeRolePolicy": "-", "managedPolicyArns": "-"}  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        optional = {"PermissionsBoundary": inputs["permissionsBoundary"]} if inputs.get("permissionsBoundary") else {}
        call.client("iam").create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description") or "",
            Path=inputs.get("path") or "/",
            MaxSessionDuration=inputs.get("maxSessionDuration") or SESSION_SECONDS,
            Tags=to_tags(inputs["tags"]),
            **optional,
        )
        for arn in inputs.get("managedPolicyArns") or []:
            call.client("iam").attach_role_policy(RoleName=inputs["name"], PolicyArn=arn)
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        role = call.client("iam").get_role(RoleName=id)["Role"]
        live = {
            "name": role["RoleName"],
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "assumeRolePolicy": document(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description", ""),
            "maxSessionDuration": role.get("MaxSessionDuration"),
            "path": role["Path"],
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "tags": from_tags(role.get("Tags")),
        }
        if known.get("managedPolicyArns"):
            attached = call.client("iam").list_attached_role_policies(RoleName=id)["AttachedPolicies"]
            live["managedPolicyArns"] = [policy["PolicyArn"] for policy in attached]
        return live

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("iam")
        client.update_assume_role_policy(RoleName=id, PolicyDocument=new["assumeRolePolicy"])
        client.update_role(
            RoleName=id,
            Description=new.get("description") or "",
            MaxSessionDuration=new.get("maxSessionDuration") or SESSION_SECONDS,
        )
        if new.get("permissionsBoundary"):
            client.put_role_permissions_boundary(RoleName=id, PermissionsBoundary=new["permissionsBoundary"])
        elif old.get("permissionsBoundary"):
            client.delete_role_permissions_boundary(RoleName=id)
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_role(RoleName=id, TagKeys=gone)
        client.tag_role(RoleName=id, Tags=to_tags(new["tags"]))
        before, after = set(old.get("managedPolicyArns") or []), set(new.get("managedPolicyArns") or [])
        for arn in after - before:
            client.attach_role_policy(RoleName=id, PolicyArn=arn)
        for arn in before - after:
            client.detach_role_policy(RoleName=id, PolicyArn=arn)

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("iam")
        for arn in known.get("managedPolicyArns") or []:
            client.detach_role_policy(RoleName=id, PolicyArn=arn)
        client.delete_role(RoleName=id)


@register
class RolePolicy(Handler):
    type = "aws:iam/rolePolicy:RolePolicy"
    inputs = frozenset({"name", "role", "policy"})
    replace_on = frozenset({"name", "role"})
    autoname = "name"

    def create(self, call: Call, inputs: Props) -> str:
        call.client("iam").put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        role, name = id.split(":", 1)
        found = call.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        return {"role": role, "name": name, "policy": document(found["PolicyDocument"])}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        role, name = id.split(":", 1)
        call.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


@register
class RolePolicyAttachment(Handler):
    type = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    inputs = frozenset({"role", "policyArn"})
    replace_on = frozenset({"role", "policyArn"})

    def create(self, call: Call, inputs: Props) -> str:
        call.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        role, arn = id.split("/", 1)
        attached = call.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        held = any(policy["PolicyArn"] == arn for policy in attached)
        return {"role": role, "policyArn": arn} if held else None

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Both inputs replace."""

    def delete(self, call: Call, id: str, known: Props) -> None:
        role, arn = id.split("/", 1)
        call.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


@register
class Policy(Handler):
    type = "aws:iam/policy:Policy"
    inputs = frozenset({"name", "policy", "description", "path", "tags"})
    replace_on = frozenset({"name", "description", "path"})
    defaults: ClassVar[Props] = {"path": "/"}
    autoname = "name"
    cloudformation = "AWS::IAM::ManagedPolicy"
    renames: ClassVar[dict[str, str]] = {"name": "ManagedPolicyName", "policy": "-", "tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        return call.client("iam").create_policy(
            PolicyName=inputs["name"],
            PolicyDocument=inputs["policy"],
            Description=inputs.get("description") or "",
            Path=inputs.get("path") or "/",
            Tags=to_tags(inputs["tags"]),
        )["Policy"]["Arn"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("iam")
        policy = client.get_policy(PolicyArn=id)["Policy"]
        version = client.get_policy_version(PolicyArn=id, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        return {
            "name": policy["PolicyName"],
            "arn": id,
            "path": policy["Path"],
            "description": policy.get("Description", ""),
            "policy": document(version["Document"]),
            "tags": from_tags(policy.get("Tags")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("iam")
        versions = [v for v in client.list_policy_versions(PolicyArn=id)["Versions"] if not v["IsDefaultVersion"]]
        client.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)
        for version in versions:
            client.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_policy(PolicyArn=id, TagKeys=gone)
        client.tag_policy(PolicyArn=id, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("iam")
        for version in client.list_policy_versions(PolicyArn=id)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
        client.delete_policy(PolicyArn=id)


@register
class OpenIdConnectProvider(Handler):
    type = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    inputs = frozenset({"url", "clientIdLists", "thumbprintLists", "tags"})
    replace_on = frozenset({"url"})

    def create(self, call: Call, inputs: Props) -> str:
        return call.client("iam").create_open_id_connect_provider(
            Url=inputs["url"],
            ClientIDList=inputs["clientIdLists"],
            ThumbprintList=inputs.get("thumbprintLists") or [],
            Tags=to_tags(inputs["tags"]),
        )["OpenIDConnectProviderArn"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=id)
        host = found["Url"].removeprefix("https://")
        return {
            "url": known.get("url")
            if str(known.get("url", "")).removeprefix("https://") == host
            else f"https://{host}",
            "arn": id,
            "clientIdLists": found["ClientIDList"],
            "thumbprintLists": found.get("ThumbprintList", []),
            "tags": from_tags(found.get("Tags")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("iam")
        before, after = set(old["clientIdLists"]), set(new["clientIdLists"])
        for name in after - before:
            client.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=name)
        for name in before - after:
            client.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=name)
        if new.get("thumbprintLists"):
            client.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=id, ThumbprintList=new["thumbprintLists"]
            )
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_open_id_connect_provider(OpenIDConnectProviderArn=id, TagKeys=gone)
        client.tag_open_id_connect_provider(OpenIDConnectProviderArn=id, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=id)


@register
class InstanceProfile(Handler):
    type = "aws:iam/instanceProfile:InstanceProfile"
    inputs = frozenset({"name", "path", "role", "tags"})
    replace_on = frozenset({"name", "path"})
    autoname = "name"
    defaults: ClassVar[Props] = {"path": "/"}
    cloudformation = "AWS::IAM::InstanceProfile"
    renames: ClassVar[dict[str, str]] = {"name": "InstanceProfileName", "role": "-", "tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("iam")
        client.create_instance_profile(
            InstanceProfileName=inputs["name"], Path=inputs.get("path") or "/", Tags=to_tags(inputs["tags"])
        )
        if inputs.get("role"):
            client.add_role_to_instance_profile(InstanceProfileName=inputs["name"], RoleName=inputs["role"])
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        profile = call.client("iam").get_instance_profile(InstanceProfileName=id)["InstanceProfile"]
        return {
            "name": id,
            "arn": profile["Arn"],
            "path": profile["Path"],
            "uniqueId": profile["InstanceProfileId"],
            "role": profile["Roles"][0]["RoleName"] if profile["Roles"] else None,
            "tags": from_tags(profile.get("Tags")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("iam")
        if old.get("role") != new.get("role"):
            if old.get("role"):
                client.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=old["role"])
            if new.get("role"):
                client.add_role_to_instance_profile(InstanceProfileName=id, RoleName=new["role"])
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_instance_profile(InstanceProfileName=id, TagKeys=gone)
        client.tag_instance_profile(InstanceProfileName=id, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("iam")
        for role in client.get_instance_profile(InstanceProfileName=id)["InstanceProfile"]["Roles"]:
            client.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=role["RoleName"])
        client.delete_instance_profile(InstanceProfileName=id)


@register
class ServiceLinkedRole(Handler):
    """A role AWS writes the permissions of; the suffix tells a stack's own from the account's common one."""

    type = "aws:iam/serviceLinkedRole:ServiceLinkedRole"
    inputs = frozenset({"awsServiceName", "customSuffix", "description", "tags"})
    replace_on = frozenset({"awsServiceName", "customSuffix"})
    cloudformation = "AWS::IAM::ServiceLinkedRole"
    renames: ClassVar[dict[str, str]] = {"awsServiceName": "AWSServiceName", "tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        optional = {"CustomSuffix": inputs["customSuffix"]} if inputs.get("customSuffix") else {}
        role = call.client("iam").create_service_linked_role(
            AWSServiceName=inputs["awsServiceName"], Description=inputs.get("description") or "", **optional
        )["Role"]
        if inputs["tags"]:
            call.client("iam").tag_role(RoleName=role["RoleName"], Tags=to_tags(inputs["tags"]))
        return role["Arn"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        _, _, service, name = id.rsplit("/", 3)
        role = call.client("iam").get_role(RoleName=name)["Role"]
        _, found, suffix = name.partition("_")
        return {
            "awsServiceName": service,
            "customSuffix": suffix if found else None,
            "description": role.get("Description", ""),
            "name": name,
            "path": role["Path"],
            "uniqueId": role["RoleId"],
            "arn": role["Arn"],
            "tags": from_tags(role.get("Tags")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client, name = call.client("iam"), id.rsplit("/", 1)[-1]
        if old.get("description") != new.get("description"):
            client.update_role(RoleName=name, Description=new.get("description") or "")
        gone = [tag for tag in old["tags"] if tag not in new["tags"]]
        if gone:
            client.untag_role(RoleName=name, TagKeys=gone)
        client.tag_role(RoleName=name, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("iam").delete_service_linked_role(RoleName=id.rsplit("/", 1)[-1])
