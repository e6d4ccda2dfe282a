"""Route 53: hosted zones and records."""

from __future__ import annotations

from localaws.emulated import refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shapes import from_tags, to_tags


@register
class Zone(Handler):
    type = "aws:route53/zone:Zone"
    inputs = frozenset({"name", "comment", "forceDestroy", "tags"})
    replace_on = frozenset({"name"})

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("route53")
        made = client.create_hosted_zone(
            Name=inputs["name"],
            CallerReference=f"{inputs['name']}-{len(client.list_hosted_zones()['HostedZones'])}",
            HostedZoneConfig={"Comment": inputs.get("comment") or "", "PrivateZone": False},
        )
        zone = made["HostedZone"]["Id"].rsplit("/", 1)[-1]
        self._tag(call, zone, {}, inputs)
        return zone

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("route53")
        found = client.get_hosted_zone(Id=id)
        tags = client.list_tags_for_resource(ResourceType="hostedzone", ResourceId=id)["ResourceTagSet"]
        return {
            "name": found["HostedZone"]["Name"].rstrip("."),
            "comment": found["HostedZone"]["Config"].get("Comment", ""),
            "forceDestroy": known.get("forceDestroy"),
            "zoneId": id,
            "arn": f"arn:aws:route53:::hostedzone/{id}",
            "nameServers": found.get("DelegationSet", {}).get("NameServers", []),
            "tags": from_tags(tags.get("Tags")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("route53").update_hosted_zone_comment(Id=id, Comment=new.get("comment") or "")
        self._tag(call, id, old, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("route53").delete_hosted_zone(Id=id)

    def _tag(self, call: Call, id: str, old: Props, new: Props) -> None:
        gone = [name for name in old.get("tags") or {} if name not in new["tags"]]
        change = {"ResourceType": "hostedzone", "ResourceId": id}
        if new["tags"]:
            call.client("route53").change_tags_for_resource(**change, AddTags=to_tags(new["tags"]))
        if gone:
            call.client("route53").change_tags_for_resource(**change, RemoveTagKeys=gone)


@register
class Record(Handler):
    type = "aws:route53/record:Record"
    inputs = frozenset(
        {"zoneId", "name", "type", "ttl", "records", "aliases", "allowOverwrite", "setIdentifier", "healthCheckId"}
    )
    replace_on = frozenset({"zoneId", "name", "type", "setIdentifier"})

    def create(self, call: Call, inputs: Props) -> str:
        if self._find(call, inputs["zoneId"], inputs["name"], inputs["type"]) and not inputs.get("allowOverwrite"):
            refuse(
                "ChangeResourceRecordSets", "InvalidChangeBatch", f"{inputs['name']} {inputs['type']} exists already"
            )
        self._change(call, "UPSERT", inputs)
        return f"{inputs['zoneId']}_{inputs['name']}_{inputs['type']}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        zone, rest = id.split("_", 1)
        name, kind = rest.rsplit("_", 1)
        record = self._find(call, zone, name, kind)
        if record is None:
            return None
        alias = record.get("AliasTarget")
        return {
            "zoneId": zone,
            "name": name,
            "type": kind,
            "ttl": record.get("TTL"),
            "records": [item["Value"] for item in record.get("ResourceRecords", [])],
            "aliases": [
                {
                    "name": alias["DNSName"].rstrip("."),
                    "zoneId": alias["HostedZoneId"],
                    "evaluateTargetHealth": alias["EvaluateTargetHealth"],
                }
            ]
            if alias
            else None,
            "allowOverwrite": known.get("allowOverwrite"),
            "fqdn": name.rstrip("."),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._change(call, "UPSERT", new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        if self._find(call, known["zoneId"], known["name"], known["type"]):
            self._change(call, "DELETE", known)

    def _find(self, call: Call, zone: str, name: str, kind: str) -> Props | None:
        pages = call.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
        for page in pages:
            for record in page["ResourceRecordSets"]:
                if record["Name"].rstrip(".") == name.rstrip(".") and record["Type"] == kind:
                    return record
        return None

    def _change(self, call: Call, action: str, inputs: Props) -> None:
        record: Props = {"Name": inputs["name"], "Type": inputs["type"]}
        if inputs.get("aliases"):
            alias = inputs["aliases"][0]
            record["AliasTarget"] = {
                "DNSName": alias["name"],
                "HostedZoneId": alias["zoneId"],
                "EvaluateTargetHealth": bool(alias.get("evaluateTargetHealth")),
            }
        else:
            record["TTL"] = inputs["ttl"]
            record["ResourceRecords"] = [{"Value": value} for value in inputs["records"]]
        changes = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        call.client("route53").change_resource_record_sets(HostedZoneId=inputs["zoneId"], ChangeBatch=changes)
