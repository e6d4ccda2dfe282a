"""Route 53: hosted zones, records, health checks."""

from __future__ import annotations

from localaws.emulated import refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
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
        {"zoneId", "name", "type", "ttl", "records", "aliases", "allowOverwrite", "setIdentifier", "healthCheckId",
         "failoverRoutingPolicies"}
    )  # fmt: skip
    replace_on = frozenset({"zoneId", "name", "type", "setIdentifier"})

    def create(self, call: Call, inputs: Props) -> str:
        said = f"{inputs['name']} {inputs['type']}"
        if self._find(call, inputs["zoneId"], inputs) and not inputs.get("allowOverwrite"):
            refuse("ChangeResourceRecordSets", "InvalidChangeBatch", f"{said} exists already")
        if any(
            bool(other.get("SetIdentifier")) != bool(inputs.get("setIdentifier"))
            for other in self._named(call, inputs["zoneId"], inputs["name"], inputs["type"])
        ):
            refuse("ChangeResourceRecordSets", "InvalidChangeBatch", f"{said} exists with another routing")
        self._change(call, "UPSERT", inputs)
        identity = f"{inputs['zoneId']}_{inputs['name']}_{inputs['type']}"
        return f"{identity}_{inputs['setIdentifier']}" if inputs.get("setIdentifier") else identity

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        zone, name, kind, identifier = self._parts(id)
        record = self._find(call, zone, {"name": name, "type": kind, "setIdentifier": identifier})
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
            "setIdentifier": record.get("SetIdentifier"),
            "healthCheckId": record.get("HealthCheckId"),
            "failoverRoutingPolicies": [{"type": record["Failover"]}] if record.get("Failover") else None,
            "allowOverwrite": known.get("allowOverwrite"),
            "fqdn": name.rstrip("."),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._change(call, "UPSERT", new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        if self._find(call, known["zoneId"], known):
            self._change(call, "DELETE", known)

    def _parts(self, id: str) -> tuple[str, str, str, str | None]:
        """Zone, name, type and set identifier; names may begin with an underscore, types have none."""
        zone, rest = id.split("_", 1)
        pieces = rest.split("_")
        kind = max(index for index, piece in enumerate(pieces) if piece.isupper() and index > 0)
        return zone, "_".join(pieces[:kind]), pieces[kind], "_".join(pieces[kind + 1 :]) or None

    def _named(self, call: Call, zone: str, name: str, kind: str) -> list[Props]:
        pages = call.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
        return [
            record
            for page in pages
            for record in page["ResourceRecordSets"]
            if record["Name"].rstrip(".") == name.rstrip(".") and record["Type"] == kind
        ]

    def _find(self, call: Call, zone: str, inputs: Props) -> Props | None:
        wanted = inputs.get("setIdentifier") or None
        named = self._named(call, zone, inputs["name"], inputs["type"])
        return next((record for record in named if (record.get("SetIdentifier") or None) == wanted), None)

    def _change(self, call: Call, action: str, inputs: Props) -> None:
        record: Props = {"Name": inputs["name"], "Type": inputs["type"]}
        for name in ("setIdentifier", "healthCheckId"):
            if inputs.get(name):
                record[name[0].upper() + name[1:]] = inputs[name]
        if inputs.get("failoverRoutingPolicies"):
            record["Failover"] = inputs["failoverRoutingPolicies"][0]["type"]
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


@register
class HealthCheck(Shadowed):
    type = "aws:route53/healthCheck:HealthCheck"
    WIRE = (
        ("type", "Type"), ("fqdn", "FullyQualifiedDomainName"), ("port", "Port"), ("resourcePath", "ResourcePath"),
        ("enableSni", "EnableSNI"), ("requestInterval", "RequestInterval"), ("failureThreshold", "FailureThreshold"),
        ("regions", "Regions"), ("measureLatency", "MeasureLatency"), ("invertHealthcheck", "Inverted"),
        ("disabled", "Disabled"), ("insufficientDataHealthStatus", "InsufficientDataHealthStatus"),
    )  # fmt: skip
    FIXED = frozenset({"type", "requestInterval", "measureLatency"})
    WITHOUT_INTERVAL = frozenset({"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"})
    inputs = frozenset({name for name, _ in WIRE} | {"cloudwatchAlarmName", "cloudwatchAlarmRegion", "tags"})
    replace_on = FIXED

    def make(self, call: Call, inputs: Props) -> str:
        client = call.client("route53")
        count = len(client.list_health_checks()["HealthChecks"])
        made = client.create_health_check(
            CallerReference=f"{inputs['type']}-{count}", HealthCheckConfig=self._wire(inputs, self.inputs)
        )["HealthCheck"]["Id"]
        self._tag(call, made, {"tags": {}}, inputs)
        return made

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        client = call.client("route53")
        held = client.get_health_check(HealthCheckId=id)["HealthCheck"]["HealthCheckConfig"]
        tags = client.list_tags_for_resource(ResourceType="healthcheck", ResourceId=id)["ResourceTagSet"]
        fixed = {ours: held[theirs] for ours, theirs in self.WIRE if ours in self.FIXED and theirs in held}
        if held["Type"] in self.WITHOUT_INTERVAL:  # moto says one all the same
            fixed.pop("requestInterval", None)
        return {**fixed, "arn": f"arn:aws:route53:::healthcheck/{id}", "tags": from_tags(tags.get("Tags"))}

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        wire = self._wire(new, self.inputs - self.FIXED)
        call.client("route53").update_health_check(HealthCheckId=id, **wire)
        self._tag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("route53").delete_health_check(HealthCheckId=id)

    def _wire(self, inputs: Props, names: frozenset[str]) -> Props:
        wire = {theirs: inputs[ours] for ours, theirs in self.WIRE if ours in names and inputs.get(ours) is not None}
        if inputs.get("cloudwatchAlarmName"):
            wire["AlarmIdentifier"] = {
                "Name": inputs["cloudwatchAlarmName"], "Region": inputs["cloudwatchAlarmRegion"],
            }  # fmt: skip
        return wire

    def _tag(self, call: Call, id: str, old: Props, new: Props) -> None:
        gone = [name for name in old["tags"] if name not in new["tags"]]
        change = {"ResourceType": "healthcheck", "ResourceId": id}
        if new["tags"]:
            call.client("route53").change_tags_for_resource(**change, AddTags=to_tags(new["tags"]))
        if gone:
            call.client("route53").change_tags_for_resource(**change, RemoveTagKeys=gone)
