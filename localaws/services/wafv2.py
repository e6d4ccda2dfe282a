"""WAF: web ACLs, IP sets, what they guard, where they log."""

from __future__ import annotations

from typing import Any, ClassVar

from localaws.emulated import refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import from_tags, pascal, to_tags

OWN_SPELLING = {
    "arn": "ARN",
    "cloudwatchMetricsEnabled": "CloudWatchMetricsEnabled",
    "ipSetReferenceStatement": "IPSetReferenceStatement",
}


def _wire(value: Any) -> Any:
    """The provider's form as the API's: its names, and those it spells its own way."""
    if isinstance(value, dict):
        renamed: Props = {}
        for name, item in value.items():
            if item is None:
                continue
            renamed[OWN_SPELLING.get(name) or pascal(name)] = _wire(item)
        return renamed
    return [_wire(item) for item in value] if isinstance(value, list) else value


@register
class WebAcl(Shadowed):
    """A web ACL; the account holds its rules, and read gives back the form the program used."""

    type = "aws:wafv2/webAcl:WebAcl"
    inputs = frozenset(
        {"name", "scope", "description", "defaultAction", "rules", "visibilityConfig", "customResponseBodies", "tags"}
    )
    replace_on = frozenset({"name", "scope"})
    autoname = "name"
    cloudformation = "AWS::WAFv2::WebACL"
    renames: ClassVar[dict[str, str]] = {"tags": "-", "customResponseBodies": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        summary = call.client("wafv2").create_web_acl(
            Name=inputs["name"],
            Scope=inputs["scope"],
            DefaultAction=_wire(inputs["defaultAction"]),
            Rules=_wire(inputs.get("rules") or []),
            VisibilityConfig=_wire(inputs["visibilityConfig"]),
            **({"Tags": to_tags(inputs["tags"])} if inputs["tags"] else {}),
        )["Summary"]
        return summary["Id"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("wafv2").get_web_acl(Id=id, **self._place(call, id, kept))
        arn = found["WebACL"]["ARN"]
        tags = call.client("wafv2").list_tags_for_resource(ResourceARN=arn)["TagInfoForResource"]["TagList"]
        held = {rule["Name"] for rule in found["WebACL"].get("Rules", [])}
        return {
            "name": found["WebACL"]["Name"],
            "scope": "CLOUDFRONT" if ":global/" in arn else "REGIONAL",
            "rules": [rule for rule in kept.get("rules") or [] if rule["name"] in held],
            "arn": arn,
            "capacity": found["WebACL"].get("Capacity"),
            "lockToken": found["LockToken"],
            "tags": from_tags(tags),
        }

    def imported(self, call: Call, id: str) -> str:
        """Imports name it as `ID/NAME/SCOPE`."""
        return id.split("/")[0]

    def _place(self, call: Call, id: str, kept: Props) -> Props:
        """Name and scope, which AWS wants beside the id."""
        if "name" in kept:
            return {"Name": kept["name"], "Scope": kept["scope"]}
        for scope in ("REGIONAL", *(["CLOUDFRONT"] if call.region == "us-east-1" else [])):
            for acl in call.client("wafv2").list_web_acls(Scope=scope)["WebACLs"]:
                if acl["Id"] == id:
                    return {"Name": acl["Name"], "Scope": scope}
        return refuse("GetWebACL", "WAFNonexistentItemException", f"no web ACL {id} in {call.region}")

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("wafv2")
        token = client.get_web_acl(Id=id, Name=new["name"], Scope=new["scope"])["LockToken"]
        client.update_web_acl(
            Id=id,
            Name=new["name"],
            Scope=new["scope"],
            LockToken=token,
            DefaultAction=_wire(new["defaultAction"]),
            Rules=_wire(new.get("rules") or []),
            VisibilityConfig=_wire(new["visibilityConfig"]),
        )
        arn = client.get_web_acl(Id=id, Name=new["name"], Scope=new["scope"])["WebACL"]["ARN"]
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(ResourceARN=arn, TagKeys=gone)
        if new["tags"]:
            client.tag_resource(ResourceARN=arn, Tags=to_tags(new["tags"]))

    def remove(self, call: Call, id: str, known: Props) -> None:
        client = call.client("wafv2")
        token = client.get_web_acl(Id=id, Name=known["name"], Scope=known["scope"])["LockToken"]
        client.delete_web_acl(Id=id, Name=known["name"], Scope=known["scope"], LockToken=token)


@register
class IpSet(Handler):
    type = "aws:wafv2/ipSet:IpSet"
    inputs = frozenset({"name", "scope", "description", "ipAddressVersion", "addresses", "tags"})
    replace_on = frozenset({"name", "scope", "ipAddressVersion"})
    autoname = "name"
    cloudformation = "AWS::WAFv2::IPSet"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        return call.client("wafv2").create_ip_set(
            Name=inputs["name"],
            Scope=inputs["scope"],
            IPAddressVersion=inputs["ipAddressVersion"],
            Addresses=inputs.get("addresses") or [],
            Tags=to_tags(inputs["tags"]),
            **({"Description": inputs["description"]} if inputs.get("description") else {}),
        )["Summary"]["Id"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("wafv2")
        if not known:  # imported as id/name/scope
            id, name, scope = id.split("/")
            known = {"name": name, "scope": scope}
        found = client.get_ip_set(Id=id, Name=known["name"], Scope=known["scope"])
        held = found["IPSet"]
        tags = client.list_tags_for_resource(ResourceARN=held["ARN"])["TagInfoForResource"]["TagList"]
        return {
            "id": id,
            "name": held["Name"],
            "scope": known["scope"],
            "description": held.get("Description") or None,
            "ipAddressVersion": held["IPAddressVersion"],
            "addresses": held["Addresses"],
            "arn": held["ARN"],
            "lockToken": found["LockToken"],
            "tags": from_tags(tags),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("wafv2")
        found = client.get_ip_set(Id=id, Name=new["name"], Scope=new["scope"])
        client.update_ip_set(
            Id=id,
            Name=new["name"],
            Scope=new["scope"],
            Addresses=new.get("addresses") or [],
            LockToken=found["LockToken"],
            **({"Description": new["description"]} if new.get("description") else {}),
        )
        arn = found["IPSet"]["ARN"]
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(ResourceARN=arn, TagKeys=gone)
        if new["tags"]:
            client.tag_resource(ResourceARN=arn, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("wafv2")
        token = client.get_ip_set(Id=id, Name=known["name"], Scope=known["scope"])["LockToken"]
        client.delete_ip_set(Id=id, Name=known["name"], Scope=known["scope"], LockToken=token)


@register
class WebAclAssociation(Handler):
    type = "aws:wafv2/webAclAssociation:WebAclAssociation"
    inputs = frozenset({"resourceArn", "webAclArn"})
    replace_on = inputs

    def create(self, call: Call, inputs: Props) -> str:
        call.client("wafv2").associate_web_acl(WebACLArn=inputs["webAclArn"], ResourceArn=inputs["resourceArn"])
        return f"{inputs['webAclArn']},{inputs['resourceArn']}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        acl, resource = id.split(",")
        held = call.client("wafv2").get_web_acl_for_resource(ResourceArn=resource).get("WebACL")
        return {"resourceArn": resource, "webAclArn": acl} if held and held["ARN"] == acl else None

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Both inputs replace."""

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("wafv2").disassociate_web_acl(ResourceArn=id.split(",")[1])


@register
class WebAclLogging(Shadowed):
    type = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
    inputs = frozenset({"resourceArn", "logDestinationConfigs", "redactedFields", "loggingFilter"})
    replace_on = frozenset({"resourceArn"})

    def make(self, call: Call, inputs: Props) -> str:
        self.change(call, inputs["resourceArn"], {}, inputs)
        return inputs["resourceArn"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("wafv2").get_logging_configuration(ResourceArn=id)["LoggingConfiguration"]
        return {"resourceArn": id, "logDestinationConfigs": found["LogDestinationConfigs"]}

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        fields = [_wire(field) for field in new.get("redactedFields") or []]
        call.client("wafv2").put_logging_configuration(
            LoggingConfiguration={
                "ResourceArn": id,
                "LogDestinationConfigs": new["logDestinationConfigs"],
                **({"RedactedFields": fields} if fields else {}),
            }
        )

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("wafv2").delete_logging_configuration(ResourceArn=id)
