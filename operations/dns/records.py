"""Which records lead people to the old server, and the change batches that lead them to the load balancer and back.

Pulumi owns the application's records from the moment it makes them or takes them over; until then
(`edge.domain.records: false`) they are the old system's, and `phi dns` changes them. It refuses to touch what is in the
stack's state: the next `up --refresh` would put it back.
Source: Route 53 Developer Guide, "Choosing between alias and non-alias records"; API, ChangeResourceRecordSets;
FAC-OPS-15 to 18, FAC-N03, FAC-N04.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from operations.aws import Clients
from operations.mistakes import Mistake, Refused
from operations.state import State
from settings.edge import Dns
from settings.stack import Settings

ADDRESSES = ("A", "AAAA", "CNAME")  # types that lead to a server
SYNC_SECONDS = 300
POLL_SECONDS = 5
ROUTE53_REGION = "us-east-1"  # a global service, whose API is there

RecordSet = dict[str, Any]
Change = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The domain of a stack, and its load balancer.

    names: every domain of the application.   target, target_zone: DNS name of the load balancer, and its hosted zone.
    """

    stack: str
    names: tuple[str, ...]
    zone: str
    target: str
    target_zone: str

    @classmethod
    def of(cls, stack: str, outputs: Mapping[str, Any], settings: Settings, client: Clients) -> Domain:
        """The domain that settings and outputs describe. Raises Mistake when it is not in Route 53 or not deployed."""
        domain = None if settings.edge is None else settings.edge.domain
        if domain is None:
            raise Mistake(f"{stack}: expected a domain, found none: its stack file has no `edge.domain`.")
        if domain.dns is Dns.EXTERNAL:
            raise Mistake(
                f"{stack}: its domain is kept elsewhere (dns: external). Change the records there, to those of the "
                "output `dns_records`; first lower their TTL, and wait for the old one."
            )
        target = outputs.get("load_balancer_dns_name")
        if not target:
            raise Mistake(f"{stack}: expected the output load_balancer_dns_name of a deployed stack, found none.")
        return cls(
            stack=stack,
            names=domain.names,
            zone=domain.zone_id or _zone_named(client, domain.zone),
            target=target,
            target_zone=_zone_of(client, outputs["region"], target),
        )

    def require_own(self, state: State) -> None:
        """Raises Mistake when Pulumi owns a record of the domain: then nobody else may change it."""
        owned = [
            each.urn
            for each in state.of_type("aws:route53/record:Record")
            if str(each.inputs.get("name", "")).rstrip(".") in self.names and each.inputs.get("type") in ADDRESSES
        ]
        if owned:
            raise Mistake(
                f"{self.stack}: Pulumi owns the records of {', '.join(self.names)}, and would put them back. To move "
                "the domain by hand, set `edge.domain.records: false`, and let go of them: "
                + "; ".join(f"pulumi state delete --stack {self.stack} '{urn}'" for urn in owned)
            )

    @property
    def alias(self) -> RecordSet:
        """Where every name leads after the cutover: what `components.address` makes."""
        return {"HostedZoneId": self.target_zone, "DNSName": f"{self.target}.", "EvaluateTargetHealth": True}

    def present(self, client: Clients) -> list[RecordSet]:
        """The records that lead the names somewhere now."""
        pages = (
            client("route53", ROUTE53_REGION)
            .get_paginator("list_resource_record_sets")
            .paginate(HostedZoneId=self.zone)
        )
        return [
            record
            for page in pages
            for record in page["ResourceRecordSets"]
            if record["Name"].rstrip(".") in self.names and record["Type"] in ADDRESSES
        ]

    def leads_here(self, record: RecordSet) -> bool:
        alias = record.get("AliasTarget", {})
        return str(alias.get("DNSName", "")).rstrip(".").removeprefix("dualstack.") == self.target


def _zone_named(client: Clients, name: str) -> str:
    found = client("route53", ROUTE53_REGION).list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    zones = [each["Id"].rpartition("/")[2] for each in found
             if each["Name"].rstrip(".") == name and not each["Config"].get("PrivateZone")]  # fmt: skip
    if len(zones) != 1:
        raise Mistake(f"edge.domain: expected one public hosted zone {name}, found {len(zones)}; name it by zone_id.")
    return zones[0]


def _zone_of(client: Clients, region: str, dns_name: str) -> str:
    pages = client("elbv2", region).get_paginator("describe_load_balancers").paginate()
    for page in pages:
        for balancer in page["LoadBalancers"]:
            if balancer["DNSName"] == dns_name:
                return str(balancer["CanonicalHostedZoneId"])
    raise Refused(f"{dns_name}: expected a load balancer of that name in {region}, found none.")


def lowered(records: Sequence[RecordSet], ttl: int) -> list[Change]:
    """Changes that lower the TTL of the records that have a longer one."""
    return [_upsert({**record, "TTL": ttl}) for record in records if record.get("TTL", 0) > ttl]


def cutover(domain: Domain, records: Sequence[RecordSet]) -> list[Change]:
    """Changes that lead every name to the load balancer, and nowhere else."""
    _require_simple(records)
    changes: list[Change] = []
    for name in domain.names:
        old = [record for record in records if record["Name"].rstrip(".") == name]
        changes += [{"Action": "DELETE", "ResourceRecordSet": record} for record in old if record["Type"] != "A"]
        changes.append(_upsert({"Name": f"{name}.", "Type": "A", "AliasTarget": domain.alias}))
    return changes


def cutback(domain: Domain, records: Sequence[RecordSet]) -> list[Change]:
    """Changes that undo `cutover`; records are those of before."""
    changes: list[Change] = []
    for name in domain.names:
        old = [record for record in records if record["Name"].rstrip(".") == name]
        if not any(record["Type"] == "A" for record in old):
            made = {"Name": f"{name}.", "Type": "A", "AliasTarget": domain.alias}
            changes.append({"Action": "DELETE", "ResourceRecordSet": made})
        changes += [_upsert(record) for record in old]
    return changes


def _upsert(record: RecordSet) -> Change:
    return {"Action": "UPSERT", "ResourceRecordSet": record}


def _require_simple(records: Sequence[RecordSet]) -> None:
    routed = sorted({record["Name"] for record in records if record.get("SetIdentifier")})
    if routed:
        raise Mistake(f"{', '.join(routed)}: expected records with simple routing, found others; move them by hand.")


def write(file: Path, comment: str, changes: Sequence[Change]) -> None:
    """A change batch as `aws route53 change-resource-record-sets --change-batch file://…` takes it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"Comment": comment, "Changes": list(changes)}, indent=2) + "\n")


def read(file: Path, names: Sequence[str]) -> dict[str, Any]:
    """A change batch that only changes records of these names. Raises Mistake for any other file."""
    try:
        batch: Any = json.loads(file.read_text())
        changed = {str(change["ResourceRecordSet"]["Name"]).rstrip(".") for change in batch["Changes"]}
    except OSError as error:
        raise Mistake(f"{file}: cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError):
        raise Mistake(f"{file}: expected a change batch of Route 53, found something else.") from None
    other = sorted(changed - set(names))
    if other:
        raise Mistake(f"{file}: expected changes of {', '.join(names)} only, found {', '.join(other)}.")
    return cast("dict[str, Any]", batch)


def apply(domain: Domain, client: Clients, batch: Mapping[str, Any], tell: Callable[[str], None]) -> None:
    """Apply a change batch and wait until every name server of Route 53 answers with it.

    Raises Refused when that takes longer than SYNC_SECONDS; usually it takes one minute.
    """
    route53 = client("route53", ROUTE53_REGION)
    change = route53.change_resource_record_sets(HostedZoneId=domain.zone, ChangeBatch=dict(batch))["ChangeInfo"]
    limit = time.monotonic() + SYNC_SECONDS
    while change["Status"] != "INSYNC":
        if time.monotonic() > limit:
            raise Refused(f"{change['Id']} is {change['Status']} after {SYNC_SECONDS} s; the change goes on.")
        tell(f"{change['Id']} is {change['Status']}")
        time.sleep(POLL_SECONDS)
        change = route53.get_change(Id=change["Id"])["ChangeInfo"]
