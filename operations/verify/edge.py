"""Is the way in open, on TLS, behind the firewall, with certificates that last?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from operations.state import Resource
from operations.verify.account import Account
from operations.verify.check import Seen, of, seen

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_RENEWAL_DAYS = 30  # ACM renews 60 days ahead; what is nearer has failed at least once (ACM User Guide)


@of(
    "aws:cloudfront/distribution:Distribution",
    name="cdn-deployed",
    requirements=("BER-OPS-08", "BER-EDG-01"),
    fix="InProgress takes 15 to 20 minutes; `pulumi up --refresh` puts back what else differs.",
)
def _cdn(account: Account, cdn: Resource) -> Iterator[Seen]:
    live = account.ask("cloudfront", "get_distribution", Id=cdn.id)["Distribution"]
    config = live["DistributionConfig"]
    yield seen("status", "Deployed", live["Status"])
    yield seen("enabled", True, config["Enabled"])
    yield seen("viewers", cdn.inputs["defaultCacheBehavior"]["viewerProtocolPolicy"],
               config["DefaultCacheBehavior"]["ViewerProtocolPolicy"])  # fmt: skip
    wanted = (cdn.inputs.get("restrictions") or {}).get("geoRestriction") or {}
    found = config.get("Restrictions", {}).get("GeoRestriction", {})
    yield seen("countries", sorted(wanted.get("locations") or ()), sorted(found.get("Items") or ()))
    yield seen("web ACL", cdn.inputs.get("webAclId") or "", config.get("WebACLId") or "")


@of(
    "aws:acm/certificate:Certificate",
    name="certificate-valid",
    requirements=("FAC-OPS-22", "FAC-EDG-06"),
    fix="Look whether the validation records are still in the DNS: ACM renews only what it can validate.",
)
def _certificate(account: Account, certificate: Resource) -> Iterator[Seen]:
    region = account.region(certificate)
    live = account.ask("acm", "describe_certificate", region=region, CertificateArn=certificate.id)["Certificate"]
    yield seen("status", "ISSUED", live["Status"])
    if live.get("NotAfter") is not None:
        days = (live["NotAfter"] - account.now).days
        yield seen(f"lasts {_RENEWAL_DAYS} days", "yes", "yes" if days >= _RENEWAL_DAYS else f"{days} days left")


@of(
    BALANCER,
    name="load-balancer",
    requirements=("LWO-OPS-10", "FAC-OPS-22"),
    fix="`pulumi up --refresh` puts the load balancer right.",
)
def _balancer(account: Account, balancer: Resource) -> Iterator[Seen]:
    live = account.one("elbv2", "describe_load_balancers", "LoadBalancers", LoadBalancerArns=[balancer.id])
    yield seen("state", "active", live["State"]["Code"])
    yield seen("scheme", "internal" if balancer.inputs.get("internal") else "internet-facing", live["Scheme"])
    held = account.ask("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=balancer.id)["Attributes"]
    found = {each["Key"]: each["Value"] for each in held}
    wanted = str(bool(balancer.inputs.get("enableDeletionProtection"))).lower()
    yield seen("deletion protection", wanted, found.get("deletion_protection.enabled"))
    logs = balancer.inputs.get("accessLogs") or {}
    yield seen("access logs", str(bool(logs.get("enabled"))).lower(), found.get("access_logs.s3.enabled"))


@of(
    "aws:lb/listener:Listener",
    name="load-balancer-tls",
    requirements=("FAC-OPS-22", "FAC-EDG-03"),
    fix="`pulumi up --refresh` sets the security policy and the certificate again.",
)
def _listener(account: Account, listener: Resource) -> Iterator[Seen]:
    live = account.one("elbv2", "describe_listeners", "Listeners", ListenerArns=[listener.id])
    yield seen("protocol", listener.inputs.get("protocol"), live["Protocol"])
    if live["Protocol"] in ("HTTPS", "TLS"):
        yield seen("TLS", listener.inputs.get("sslPolicy"), live.get("SslPolicy"))
    held = [each["CertificateArn"] for each in live.get("Certificates", ())]
    wanted = listener.inputs.get("certificateArn")
    yield seen("certificate", [wanted] if wanted else [], held)
    actions = [each["type"] for each in listener.inputs.get("defaultActions") or ()]
    yield seen("what it does", actions, [each["Type"] for each in live.get("DefaultActions", ())])


@of(
    "aws:lb/targetGroup:TargetGroup",
    name="target-health",
    requirements=("LWO-OPS-10", "FAC-OPS-16"),
    fix="Reason and description say why; the application's log says more.",
)
def _health(account: Account, group: Resource) -> Iterator[Seen]:
    targets = account.all("elbv2", "describe_target_health", "TargetHealthDescriptions", TargetGroupArn=group.id)
    for each in targets:
        yield seen(f"target {each['Target']['Id']}", "healthy", _health_of(each["TargetHealth"]))


@of(
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    name="web-acl",
    requirements=("FAC-OPS-22", "LWO-EDG-04"),
    fix="`pulumi up --refresh` puts the web ACL in front again.",
)
def _web_acl(account: Account, association: Resource) -> Iterator[Seen]:
    live = account.ask("wafv2", "get_web_acl_for_resource", ResourceArn=association.inputs["resourceArn"])
    yield seen("web ACL", association.inputs["webAclArn"], live.get("WebACL", {}).get("ARN"))


@of(
    "aws:route53/record:Record",
    name="dns-record",
    requirements=("FAC-EDG-07", "LWO-OPS-10"),
    fix="`pulumi up --refresh` makes the record right, unless it was moved on purpose (`phi` runbook of the cutover).",
)
def _record(account: Account, record: Resource) -> Iterator[Seen]:
    name, type_ = record.inputs["name"].rstrip("."), record.inputs["type"]
    held = account.all(
        "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=record.inputs["zoneId"]
    )
    found = [_points(each) for each in held if each["Name"].rstrip(".") == name and each["Type"] == type_]
    alias = record.inputs.get("aliases") or ()
    wanted = [each["name"].rstrip(".").lower() for each in alias] or sorted(record.inputs.get("records") or ())
    yield seen(f"{type_} {name}", [wanted], found)


def _points(live: Any) -> list[str]:
    if live.get("AliasTarget"):
        return [live["AliasTarget"]["DNSName"].rstrip(".").lower().removeprefix("dualstack.")]
    return sorted(each["Value"] for each in live.get("ResourceRecords", ()))


def _health_of(health: Any) -> str:
    return " ".join(filter(None, (health["State"], health.get("Reason"), health.get("Description"))))
