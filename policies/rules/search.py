"""Amazon OpenSearch Service: domains in the network, encrypted everywhere, that ask who searches."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import in_production
from ..config import Config
from ..documents import public
from ..expect import OWN_KEY, SET, TRUE, one_of
from ..graph import Resource, Stack
from ..paths import VPC
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule
from .jurisdiction import not_allowed

DOMAIN = "aws:opensearch/domain:Domain"
GUIDE = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/"
TLS_POLICIES = (
    "Policy-Min-TLS-1-2-2019-07", "Policy-Min-TLS-1-2-PFS-2023-10", "Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08",
    "Policy-Min-TLS-1-2-FIPS-PQ-2026-10",
)  # fmt: skip

in_vpc = requires(
    "opensearch-in-vpc",
    DOMAIN,
    {"vpcOptions": SET},
    title="Search domains are in the network",
    severity=CRITICAL,
    url=GUIDE + "vpc.html",
)
at_rest = requires(
    "opensearch-at-rest-cmk",
    DOMAIN,
    {"encryptAtRest.enabled": TRUE, "encryptAtRest.kmsKeyId": OWN_KEY},
    title="Search domains are encrypted with a customer key",
    severity=HIGH,
    url=GUIDE + "encryption-at-rest.html",
)
node_to_node = requires(
    "opensearch-node-to-node",
    DOMAIN,
    {"nodeToNodeEncryption.enabled": TRUE},
    title="Search nodes speak TLS to each other",
    severity=HIGH,
    url=GUIDE + "ntn.html",
)
https = requires(
    "opensearch-https",
    DOMAIN,
    {
        "domainEndpointOptions.enforceHttps": TRUE,
        "domainEndpointOptions.tlsSecurityPolicy": one_of(*TLS_POLICIES),
    },
    title="Search domains are reached by TLS 1.2 only",
    severity=HIGH,
    url=GUIDE + "infrastructure-security.html",
)


@resource_rule(
    "opensearch-fine-grained",
    types=DOMAIN,
    title="Search domains know who asks",
    severity=HIGH,
    remedy="Set advancedSecurityOptions.enabled: true with masterUserArn; no anonymous access, no literal password.",
    url=GUIDE + "fgac.html",
)
def fine_grained(resource: Resource, config: Config) -> Iterator[str]:
    options = resource.view("advancedSecurityOptions")
    if options.flag("enabled") is not True:
        yield "advancedSecurityOptions.enabled must be true."
    if options.flag("anonymousAuthEnabled"):
        yield "advancedSecurityOptions.anonymousAuthEnabled must not be true."
    if options.has("masterUserOptions.masterUserPassword"):
        yield "advancedSecurityOptions.masterUserOptions.masterUserPassword keeps the password in the state."


@linked_rule(
    "opensearch-policy-bounded",
    types="aws:opensearch/domainPolicy:DomainPolicy",
    title="Search domains let no stranger in",
    severity=CRITICAL,
    remedy="Name the principal in accessPolicies; or keep the domain in the network, with fine-grained access control.",
    url=GUIDE + "ac.html",
)
def policy_bounded(policy: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    """An open policy is AWS's advice for a domain that asks by itself (Fine-grained access control, Recommended …)."""
    domains = stack.targets(policy, "domainName", DOMAIN)
    if domains and all(_asks(domain) for domain in domains):
        return
    for statement in public(policy, "accessPolicies"):
        yield f"{statement.path} lets anyone in."


def _asks(domain: Resource) -> bool:
    """Whether a domain is in the network and knows who asks."""
    options = domain.view("advancedSecurityOptions")
    return domain.has("vpcOptions") and options.flag("enabled") is True and not options.flag("anonymousAuthEnabled")


@resource_rule(
    "opensearch-logs",
    types=DOMAIN,
    title="Searches and failures are recorded",
    severity=MEDIUM,
    remedy="Add logPublishingOptions of AUDIT_LOGS and ES_APPLICATION_LOGS.",
    url=GUIDE + "createdomain-configure-slow-logs.html",
)
def logs(resource: Resource, config: Config) -> Iterator[str]:
    on = {each.text("logType") for each in resource.views("logPublishingOptions") if each.flag("enabled") is not False}
    missing = {"AUDIT_LOGS", "ES_APPLICATION_LOGS"} - on
    if missing:
        yield f"logPublishingOptions lacks {', '.join(sorted(missing))}."


@resource_rule(
    "opensearch-ha",
    types=DOMAIN,
    title="Search domains in production survive the loss of a zone",
    severity=LOW,
    remedy="Set instanceCount 3 or more, dedicatedMasterCount 3 and zoneAwarenessEnabled: true.",
    url=GUIDE + "managedomains-multiaz.html",
)
def high_availability(resource: Resource, config: Config) -> Iterator[str]:
    if not in_production(resource, config):
        return
    cluster = resource.view("clusterConfig")
    if (cluster.number("instanceCount") or 1) < 3:
        yield "clusterConfig.instanceCount: expected 3 or more."
    if cluster.flag("zoneAwarenessEnabled") is not True:
        yield "clusterConfig.zoneAwarenessEnabled must be true."


@linked_rule(
    "opensearch-own-sg",
    types=DOMAIN,
    title="Search domains have a security group of their own",
    severity=HIGH,
    remedy="Name a security group in vpcOptions.securityGroupIds.",
    url=GUIDE + "vpc.html",
)
def own_group(domain: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if domain.has("vpcOptions") and not domain.has("vpcOptions.securityGroupIds"):
        yield "vpcOptions.securityGroupIds is not set: the network's default group would be used."
    defaults = stack.targets(domain, "vpcOptions", VPC, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    if any(each.type != VPC for each in defaults):
        yield "vpcOptions.securityGroupIds names the network's default group."


@resource_rule(
    "opensearch-cross-cluster-in-jurisdiction",
    types="aws:opensearch/outboundConnection:OutboundConnection",
    title="Search domains are joined inside the jurisdiction",
    severity=CRITICAL,
    remedy="Connect to a domain in a region of the jurisdiction, in a trusted account.",
    url=GUIDE + "cross-cluster-search.html",
)
def cross_cluster(resource: Resource, config: Config) -> Iterator[str]:
    region = resource.text("remoteDomainInfo.region")
    if region is not None and region not in config.regions:
        yield f"remoteDomainInfo.region: {not_allowed(region, config)}."
    owner = resource.text("remoteDomainInfo.ownerId")
    if owner is not None and config.accounts and owner not in config.accounts | config.trusted_accounts:
        yield "remoteDomainInfo.ownerId: the account is not a trusted one."


software_updates = requires(
    "opensearch-software-updates",
    DOMAIN,
    {"softwareUpdateOptions.autoSoftwareUpdateEnabled": TRUE},
    title="Search domains receive updates",
    severity=LOW,
    url=GUIDE + "service-software.html",
)
