"""AWS Config, GuardDuty, Security Hub, Inspector, Macie: the account watches itself, and keeps what it sees here."""

from __future__ import annotations

from collections.abc import Iterator

from ..conditions import holds_patient_data
from ..config import Config
from ..expect import one_of
from ..graph import Resource, Stack
from ..rule import HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule, stack_rule
from ..values import some
from .jurisdiction import not_allowed
from .stores import BUCKET, LOCK, SIDE

RECORDER = "aws:cfg/recorder:Recorder"
CHANNEL = "aws:cfg/deliveryChannel:DeliveryChannel"
DETECTOR = "aws:guardduty/detector:Detector"
FEATURE = "aws:guardduty/detectorFeature:DetectorFeature"
CONFIG_GUIDE = "https://docs.aws.amazon.com/config/latest/developerguide/"
GUARDDUTY_GUIDE = "https://docs.aws.amazon.com/guardduty/latest/ug/"


@linked_rule(
    "config-recorder-all",
    types=RECORDER,
    title="Changes of every kind of resource are recorded",
    severity=MEDIUM,
    remedy="Set recordingGroup.allSupported: true, and includeGlobalResourceTypes: true in one region.",
    url=CONFIG_GUIDE + "select-resources.html",
)
def recorder_all(recorder: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    of_all, worldwide = "recordingGroup.allSupported", "recordingGroup.includeGlobalResourceTypes"
    if recorder.has("recordingGroup") and recorder.flag(of_all) is not True:
        yield f"{of_all} must be true."
    if not some(stack.of(RECORDER), lambda each: each.flag(worldwide) is True):
        yield f"{worldwide} must be true."


@stack_rule(
    "config-recorder-on",
    title="Changes of resources are recorded",
    severity=HIGH,
    remedy="Add a Recorder and a RecorderStatus with isEnabled: true.",
    url=CONFIG_GUIDE + "stop-start-recorder.html",
)
def recorder_on(stack: Stack, config: Config) -> Iterator[Finding]:
    recorders = stack.of(RECORDER)
    if config.baseline and not recorders:
        yield Finding(stack.root, "no Recorder.")
    for recorder in recorders:
        status = stack.users(recorder, "aws:cfg/recorderStatus:RecorderStatus", property="name")
        if not any(each.unknown("isEnabled") or each.flag("isEnabled") for each in status):
            yield Finding(recorder, "no RecorderStatus with isEnabled: true.")


@linked_rule(
    "config-delivery-hardened",
    types=CHANNEL,
    title="Records of changes are encrypted and kept in the jurisdiction",
    severity=HIGH,
    remedy="Set s3KmsKeyArn, and deliver to a bucket of the jurisdiction with a public access block and versioning,"
    " without default retention of an object lock.",
    url=CONFIG_GUIDE + "manage-delivery-channel.html",
)
def delivery(channel: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not channel.has("s3KmsKeyArn"):
        yield "s3KmsKeyArn is not set."
    for bucket in stack.targets(channel, "s3BucketName", BUCKET):
        region = bucket.region()
        if region is not None and region not in config.regions:
            yield f"s3BucketName: {bucket.name} is in {not_allowed(region, config)}."
        wanted = ("the public access block", "versioning")
        missing = [what for what in wanted if not stack.users(bucket, SIDE[what], property="bucket")]
        if missing:
            yield Finding(bucket, f"keeps records of changes and lacks {', '.join(missing)}.")
        if any(lock.has("rule.defaultRetention") for lock in stack.users(bucket, LOCK, property="bucket")):
            yield f"s3BucketName: {bucket.name} locks new objects, which AWS Config cannot write to."


@resource_rule(
    "config-service-role",
    types=RECORDER,
    title="AWS Config records with its own role",
    severity=LOW,
    remedy="Set roleArn to the service-linked role AWSServiceRoleForConfig.",
    url=CONFIG_GUIDE + "using-service-linked-roles.html",
)
def service_role(resource: Resource, config: Config) -> Iterator[str]:
    if not (resource.text("roleArn") or "").endswith("/AWSServiceRoleForConfig"):
        yield "roleArn is not the service-linked role."


@stack_rule(
    "config-hipaa-pack-deployed",
    title="The account is measured against HIPAA after each change",
    severity=LOW,
    remedy="Add a ConformancePack of Operational-Best-Practices-for-HIPAA-Security.",
    url=CONFIG_GUIDE + "operational-best-practices-for-hipaa_security.html",
)
def hipaa_pack(stack: Stack, config: Config) -> Iterator[Finding]:
    packs = (
        "aws:cfg/conformancePack:ConformancePack",
        "aws:cfg/organizationConformancePack:OrganizationConformancePack",
    )
    if config.baseline and not stack.of(*packs):
        yield Finding(stack.root, "no conformance pack.")


@resource_rule(
    "config-aggregator-in-jurisdiction",
    types="aws:cfg/configurationAggregator:ConfigurationAggregator",
    title="Records of changes are gathered from the jurisdiction only",
    severity=MEDIUM,
    remedy="Name the jurisdiction's regions instead of allRegions.",
    url=CONFIG_GUIDE + "aggregate-data.html",
)
def aggregator(resource: Resource, config: Config) -> Iterator[str]:
    for name in ("accountAggregationSource", "organizationAggregationSource"):
        source = resource.view(name)
        if source.flag("allRegions"):
            yield f"{source.where('allRegions')} must not be true."
        for region in source.texts("regions"):
            if region not in config.regions:
                yield f"{source.where('regions')}: {not_allowed(region, config)}."


# GuardDuty


@stack_rule(
    "guardduty-on",
    title="Attacks on the account are looked for",
    severity=HIGH,
    remedy="Add a Detector; leave enable at true.",
    url=GUARDDUTY_GUIDE + "guardduty_settingup.html",
)
def guardduty_on(stack: Stack, config: Config) -> Iterator[Finding]:
    found = stack.of(DETECTOR)
    if config.baseline and not found:
        yield Finding(stack.root, "no Detector.")
    for each in found:
        if not each.unknown("enable") and each.flag("enable") is False:
            yield Finding(each, "enable must not be false.")


FEATURES = ("S3_DATA_EVENTS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS", "RUNTIME_MONITORING")


@linked_rule(
    "guardduty-features",
    types=DETECTOR,
    title="Attacks are looked for in storage, databases, functions, disks and containers",
    severity=LOW,
    remedy="Add a DetectorFeature with status ENABLED for each.",
    url=GUARDDUTY_GUIDE + "guardduty-features-activation-model.html",
)
def features(detector: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    on = {
        each.text("name")
        for each in stack.users(detector, FEATURE, property="detectorId")
        if each.text("status") == "ENABLED"
    }
    missing = [name for name in FEATURES if name not in on]
    if missing:
        yield f"no DetectorFeature turns on {', '.join(missing)}."


@linked_rule(
    "guardduty-export-in-jurisdiction",
    types="aws:guardduty/publishingDestination:PublishingDestination",
    title="Findings are kept in the jurisdiction, encrypted",
    severity=HIGH,
    remedy="Export to a bucket of the jurisdiction, with kmsKeyArn.",
    url=GUARDDUTY_GUIDE + "guardduty_exportfindings.html",
)
def export(destination: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not destination.has("kmsKeyArn"):
        yield "kmsKeyArn is not set."
    for bucket in stack.targets(destination, "destinationArn", BUCKET):
        region = bucket.region()
        if region is not None and region not in config.regions:
            yield f"destinationArn: {bucket.name} is in {not_allowed(region, config)}."


frequency = requires(
    "guardduty-frequency",
    DETECTOR,
    {"findingPublishingFrequency": one_of("FIFTEEN_MINUTES")},
    title="Findings are told within fifteen minutes",
    severity=LOW,
    url=GUARDDUTY_GUIDE + "guardduty_findings_eventbridge.html",
)


# Security Hub, Inspector, Macie


@stack_rule(
    "securityhub-on",
    title="Findings are gathered in one place",
    severity=LOW,
    remedy="Add a securityhub Account.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-settingup.html",
)
def securityhub(stack: Stack, config: Config) -> Iterator[Finding]:
    if config.baseline and not stack.of("aws:securityhub/account:Account"):
        yield Finding(stack.root, "no securityhub Account.")


@resource_rule(
    "securityhub-aggregation-in-jurisdiction",
    types="aws:securityhub/findingAggregator:FindingAggregator",
    title="Findings are gathered from the jurisdiction only",
    severity=MEDIUM,
    remedy="Set linkingMode: SPECIFIED_REGIONS and name the jurisdiction's regions.",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/finding-aggregation.html",
)
def securityhub_aggregation(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("linkingMode") in ("ALL_REGIONS", "ALL_REGIONS_EXCEPT_SPECIFIED"):
        yield "linkingMode must be SPECIFIED_REGIONS."
        return
    for region in resource.texts("specifiedRegions"):
        if region not in config.regions:
            yield f"specifiedRegions: {not_allowed(region, config)}."


@stack_rule(
    "inspector-on",
    title="Instances, images and functions are scanned for weaknesses",
    severity=LOW,
    remedy="Add an Enabler with resourceTypes EC2, ECR and LAMBDA.",
    url="https://docs.aws.amazon.com/inspector/latest/user/what-is-inspector.html",
)
def inspector(stack: Stack, config: Config) -> Iterator[Finding]:
    found = stack.of("aws:inspector2/enabler:Enabler")
    if config.baseline and not found:
        yield Finding(stack.root, "no Enabler of Inspector.")
    for each in found:
        missing = {"EC2", "ECR", "LAMBDA"} - set(each.texts("resourceTypes"))
        if missing:
            yield Finding(each, f"resourceTypes lacks {', '.join(sorted(missing))}.")


@stack_rule(
    "macie-on-phi-buckets",
    title="Buckets are searched for patient data that should not be there",
    severity=LOW,
    remedy="Add a macie2 Account and a ClassificationJob.",
    url="https://docs.aws.amazon.com/macie/latest/user/discovery-jobs.html",
)
def macie(stack: Stack, config: Config) -> Iterator[Finding]:
    if config.baseline and holds_patient_data(stack, config) and not stack.of("aws:macie2/account:Account"):
        yield Finding(stack.root, "no macie2 Account.")
