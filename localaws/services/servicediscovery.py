"""Cloud Map: private DNS namespaces and the services in them."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from localaws.handler import Call, Handler, Props, register
from localaws.shapes import from_tags, pascal, to_tags


def _wire(value: Any) -> Any:
    """The provider's form as the API's, which spells `TTL` its own way."""
    if isinstance(value, dict):
        return {"TTL" if name == "ttl" else pascal(name): _wire(item) for name, item in cast("Props", value).items()}
    return [_wire(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def _seen(value: Any) -> Any:
    """The API's form as the provider's."""
    if isinstance(value, dict):
        found = {"ttl" if name == "TTL" else name: item for name, item in cast("Props", value).items()}
        return {name[:1].lower() + name[1:]: _seen(item) for name, item in found.items()}
    return [_seen(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def _tags(call: Call, arn: str) -> dict[str, str]:
    return from_tags(call.client("servicediscovery").list_tags_for_resource(ResourceARN=arn)["Tags"])


def _retag(call: Call, arn: str, old: Props, new: Props) -> None:
    """Make the tags of a Cloud Map resource those of `new`."""
    gone = [name for name in old["tags"] if name not in new["tags"]]
    if gone:
        call.client("servicediscovery").untag_resource(ResourceARN=arn, TagKeys=gone)
    if new["tags"]:
        call.client("servicediscovery").tag_resource(ResourceARN=arn, Tags=to_tags(new["tags"]))


def _arn(call: Call, kind: str, id: str) -> str:
    return f"arn:aws:servicediscovery:{call.region}:{call.account_id}:{kind}/{id}"


@register
class PrivateDnsNamespace(Handler):
    type = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
    inputs = frozenset({"name", "description", "vpc", "tags"})
    replace_on = frozenset({"name", "vpc"})
    cloudformation = "AWS::ServiceDiscovery::PrivateDnsNamespace"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("servicediscovery")
        operation = client.create_private_dns_namespace(
            Name=inputs["name"],
            Vpc=inputs["vpc"],
            CreatorRequestId=inputs["name"],
            Description=inputs.get("description") or "",
            Tags=to_tags(inputs["tags"]),
        )["OperationId"]
        return client.get_operation(OperationId=operation)["Operation"]["Targets"]["NAMESPACE"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        id, _, vpc = id.partition(":")  # imported as namespace:vpc, for the API does not tell the VPC
        found = call.client("servicediscovery").get_namespace(Id=id)["Namespace"]
        return {
            "id": id,
            "name": found["Name"],
            "description": found.get("Description"),
            "vpc": known.get("vpc") or vpc or None,
            "arn": found["Arn"],
            "hostedZone": found["Properties"]["DnsProperties"].get("HostedZoneId"),
            "tags": _tags(call, found["Arn"]),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("servicediscovery").update_private_dns_namespace(
            Id=id, UpdaterRequestId=id, Namespace={"Description": new.get("description") or ""}
        )
        _retag(call, _arn(call, "namespace", id), old, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("servicediscovery")
        zone = client.get_namespace(Id=id)["Namespace"]["Properties"]["DnsProperties"].get("HostedZoneId")
        client.delete_namespace(Id=id)
        if zone:  # AWS deletes it with the namespace, moto does not
            call.client("route53").delete_hosted_zone(Id=zone)


@register
class Service(Handler):
    type = "aws:servicediscovery/service:Service"
    inputs = frozenset(
        {"name", "description", "namespaceId", "dnsConfig", "healthCheckConfig", "healthCheckCustomConfig",
         "forceDestroy", "type", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"name", "namespaceId", "healthCheckCustomConfig", "type"})
    cloudformation = "AWS::ServiceDiscovery::Service"
    renames: ClassVar[dict[str, str]] = {"tags": "-", "dnsConfig": "-", "type": "-", "forceDestroy": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        wire = {
            pascal(name): _wire(inputs[name])
            for name in ("dnsConfig", "healthCheckConfig", "healthCheckCustomConfig")
            if inputs.get(name)
        }
        if inputs.get("namespaceId"):
            wire["NamespaceId"] = inputs["namespaceId"]
        return call.client("servicediscovery").create_service(
            Name=inputs["name"],
            CreatorRequestId=f"{inputs['name']}-{len(call.client('servicediscovery').list_services()['Services'])}",
            Description=inputs.get("description") or "",
            Tags=to_tags(inputs["tags"]),
            **wire,
        )["Service"]["Id"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("servicediscovery").get_service(Id=id)["Service"]
        return {
            "name": found["Name"],
            "description": found.get("Description"),
            "namespaceId": found.get("NamespaceId") if known.get("namespaceId") else None,
            "dnsConfig": {**(known.get("dnsConfig") or {}), **_seen(found["DnsConfig"])}
            if found.get("DnsConfig")
            else None,
            "healthCheckConfig": _seen(found["HealthCheckConfig"]) if found.get("HealthCheckConfig") else None,
            "healthCheckCustomConfig": _seen(found["HealthCheckCustomConfig"])
            if found.get("HealthCheckCustomConfig")
            else None,
            "forceDestroy": known.get("forceDestroy"),
            "type": known.get("type"),
            "arn": found["Arn"],
            "tags": _tags(call, found["Arn"]),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        change: Props = {"Description": new.get("description") or ""}
        if new.get("dnsConfig"):
            change["DnsConfig"] = {"DnsRecords": _wire(new["dnsConfig"]["dnsRecords"])}
        if new.get("healthCheckConfig"):
            change["HealthCheckConfig"] = _wire(new["healthCheckConfig"])
        call.client("servicediscovery").update_service(Id=id, Service=change)
        _retag(call, _arn(call, "service", id), old, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("servicediscovery").delete_service(Id=id)
