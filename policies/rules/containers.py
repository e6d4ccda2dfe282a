"""Amazon ECS and ECR: containers without privileges, images that do not change."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..conditions import in_production, patient_data_in_production
from ..config import Config
from ..credentials import REFERENCES, SECRET_NAME, under
from ..documents import public
from ..expect import NOT_TRUE, none_of, one_of
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, Severity, linked_rule, requires, resource_rule
from ..values import View
from .iam import own_accounts
from .jurisdiction import not_allowed
from .reachability import SUBNET, tier

TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
CLUSTER = "aws:ecs/cluster:Cluster"
REPOSITORY = "aws:ecr/repository:Repository"
GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"


def containers(resource: Resource) -> list[View]:
    """Containers of a task definition, whose definitions are JSON text. Raises NotKnown."""
    definitions = resource.document("containerDefinitions")
    return View({"containerDefinitions": definitions}).views("containerDefinitions")


@resource_rule(
    "ecs-no-privileged",
    types=(TASK,),
    title="Containers have no privileges on their host",
    severity=Severity.HIGH,
    remedy="Remove privileged and added Linux capabilities.",
    url=GUIDE + "security-tasks-containers.html",
)
def no_privileged(resource: Resource, config: Config) -> Iterator[str]:
    for each in containers(resource):
        if each.flag("privileged"):
            yield f"{each.where('privileged')} is true."
        for capability in each.texts("linuxParameters.capabilities.add"):
            yield f"{each.where('linuxParameters.capabilities.add')}: {capability}."


@resource_rule(
    "ecs-readonly-root",
    types=(TASK,),
    title="Containers cannot change their own files",
    severity=Severity.MEDIUM,
    remedy="Set readonlyRootFilesystem: true and mount a volume for what must be written.",
    url=GUIDE + "security-tasks-containers.html",
)
def readonly_root(resource: Resource, config: Config) -> Iterator[str]:
    for each in containers(resource):
        if each.flag("readonlyRootFilesystem") is not True:
            yield f"{each.where('readonlyRootFilesystem')} must be true."


@resource_rule(
    "ecs-non-root-user",
    types=(TASK,),
    title="Containers do not run as root",
    severity=Severity.MEDIUM,
    remedy="Set user to a number above 0.",
    url=GUIDE + "security-tasks-containers.html",
)
def non_root_user(resource: Resource, config: Config) -> Iterator[str]:
    for each in containers(resource):
        if (each.text("user") or "root").split(":")[0] in ("0", "root"):
            yield f"{each.where('user')} must name a user other than root."


@resource_rule(
    "ecs-service-no-public-ip",
    types=(SERVICE,),
    title="Tasks have no public address",
    severity=Severity.HIGH,
    remedy="Set networkConfiguration.assignPublicIp: false and use private subnets.",
    url=GUIDE + "fargate-task-networking.html",
)
def no_public_ip(resource: Resource, config: Config) -> Iterator[str]:
    if resource.flag("networkConfiguration.assignPublicIp"):
        yield "networkConfiguration.assignPublicIp is true."


@resource_rule(
    "ecr-immutable-tags",
    types=("aws:ecr/repository:Repository",),
    title="An image's tag always means the same image",
    severity=Severity.MEDIUM,
    remedy="Set imageTagMutability: IMMUTABLE.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
)
def immutable_tags(resource: Resource, config: Config) -> Iterator[str]:
    if not (resource.text("imageTagMutability") or "").startswith("IMMUTABLE"):
        yield "imageTagMutability must be IMMUTABLE."


no_host_namespaces = requires(
    "ecs-no-host-namespaces",
    TASK,
    {"pidMode": none_of("host"), "ipcMode": none_of("host"), "networkMode": none_of("host")},
    title="Containers do not share the host's processes, memory and network",
    severity=HIGH,
    remedy="Set networkMode: awsvpc; remove pidMode and ipcMode.",
    url=GUIDE + "security-tasks-containers.html",
)


@resource_rule(
    "ecs-env-no-secrets",
    types=TASK,
    title="Settings of containers hold no credential",
    severity=CRITICAL,
    remedy="Name the secret in secrets, with valueFrom.",
    url=GUIDE + "specifying-sensitive-data.html",
)
def env_no_secrets(resource: Resource, config: Config) -> Iterator[str]:
    for each in containers(resource):
        for entry in each.views("environment"):
            name, value = entry.text("name") or "", entry.text("value") or ""
            what = under(name, value)
            plain = SECRET_NAME.search(name) and value and not value.startswith(REFERENCES)
            if what is not None:
                yield f"{entry.path}: {name} holds {what}."
            elif plain and value.lower() not in ("true", "false"):
                yield f"{entry.path}: {name} has the name of a credential and a plain value."


@resource_rule(
    "ecs-container-logging",
    types=TASK,
    title="Containers keep what they say",
    severity=MEDIUM,
    remedy="Set logConfiguration.logDriver: awslogs (or awsfirelens).",
    url=GUIDE + "using_awslogs.html",
)
def container_logging(resource: Resource, config: Config) -> Iterator[str]:
    for each in containers(resource):
        if each.text("logConfiguration.logDriver") in (None, "none", "json-file", "syslog", "journald"):
            yield f"{each.where('logConfiguration.logDriver')} must be awslogs or awsfirelens."


LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


@linked_rule(
    "ecs-log-group-hardened",
    types=TASK,
    title="Logs of containers go to groups that are encrypted and end",
    severity=MEDIUM,
    remedy="Declare the LogGroup with kmsKeyId and retentionInDays; remove awslogs-create-group.",
    url=GUIDE + "using_awslogs.html",
)
def log_group(task: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for each in containers(task):
        options = each.mapping("logConfiguration.options")
        if str(options.get("awslogs-create-group")).lower() == "true":
            yield f"{each.where('logConfiguration.options')}: awslogs-create-group makes groups without key and end."
        name = options.get("awslogs-group")
        groups = [group for group in stack.of(LOG_GROUP) if group.properties.get("name") == name]
        if isinstance(name, str) and not groups and not any(group.unknown("name") for group in stack.of(LOG_GROUP)):
            yield f"{each.where('logConfiguration.options')}: the log group {name} is not declared."
        for group in groups:
            for property in ("kmsKeyId", "retentionInDays"):
                if not group.has(property):
                    yield Finding(group, f"{property} is not set, and {task.name} writes to it.")


@resource_rule(
    "ecs-separate-roles",
    types=TASK,
    title="Starting a task and running it are different rights",
    severity=LOW,
    remedy="Set taskRoleArn to a role of its own.",
    url=GUIDE + "task-iam-roles.html",
)
def separate_roles(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.has("taskRoleArn"):
        yield "taskRoleArn is not set."
    elif resource.unknown("taskRoleArn") or resource.unknown("executionRoleArn"):
        shared = set(resource.dependencies.get("taskRoleArn", ())) & set(
            resource.dependencies.get("executionRoleArn", ())
        )
        if shared:
            yield "taskRoleArn and executionRoleArn are the same role."
    elif resource.text("taskRoleArn") == resource.text("executionRoleArn"):
        yield "taskRoleArn and executionRoleArn are the same role."


@resource_rule(
    "ecs-efs-tls-iam",
    types=TASK,
    title="Shared files are mounted by TLS, as the task",
    severity=HIGH,
    remedy="Set efsVolumeConfiguration.transitEncryption: ENABLED and authorizationConfig.iam: ENABLED.",
    url=GUIDE + "efs-volumes.html",
)
def efs_tls(resource: Resource, config: Config) -> Iterator[str]:
    for volume in resource.views("volumes"):
        if not volume.has("efsVolumeConfiguration"):
            continue
        for path in ("efsVolumeConfiguration.transitEncryption", "efsVolumeConfiguration.authorizationConfig.iam"):
            if volume.text(path) != "ENABLED":
                yield f"{volume.where(path)} must be ENABLED."


@linked_rule(
    "ecs-service-private-subnets",
    types=SERVICE,
    title="Tasks are in private subnets",
    severity=HIGH,
    remedy="Name application subnets in networkConfiguration.subnets.",
    url=GUIDE + "task-networking.html",
)
def private_subnets(service: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    for subnet in stack.targets(service, "networkConfiguration", SUBNET):
        if tier(subnet, config) == "public":
            yield f"networkConfiguration.subnets: {subnet.name} is of the public tier."


@linked_rule(
    "ecs-exec-logged",
    types=SERVICE,
    title="Sessions inside containers are encrypted and recorded",
    severity=HIGH,
    remedy="Set configuration.executeCommandConfiguration of the cluster: kmsKeyId and an encrypted log group.",
    url=GUIDE + "ecs-exec.html",
)
def exec_logged(service: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not service.flag("enableExecuteCommand"):
        return
    clusters = stack.targets(service, "cluster", CLUSTER)
    for cluster in clusters:
        settings = cluster.view("configuration.executeCommandConfiguration")
        kept = settings.has("logConfiguration.cloudWatchLogGroupName") or settings.has("logConfiguration.s3BucketName")
        if settings.text("logging") != "OVERRIDE" or not settings.has("kmsKeyId") or not kept:
            yield Finding(
                cluster, f"{service.name} allows sessions, and executeCommandConfiguration lacks kmsKeyId or logging."
            )
    if not clusters and not service.unknown("cluster"):
        yield "enableExecuteCommand is true on a cluster that this stack does not show."


exec_off = requires(
    "ecs-exec-off-on-phi",
    SERVICE,
    {"enableExecuteCommand": NOT_TRUE},
    when=patient_data_in_production,
    title="Nobody opens a shell beside patient data",
    severity=MEDIUM,
    url=GUIDE + "ecs-exec.html",
)


@resource_rule(
    "ecs-container-insights",
    types=CLUSTER,
    title="Clusters report what their tasks do",
    severity=LOW,
    remedy="Add the setting containerInsights: enabled (or enhanced).",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ContainerInsights.html",
)
def container_insights(resource: Resource, config: Config) -> Iterator[str]:
    settings = {each.text("name"): each.text("value") for each in resource.views("settings")}
    if settings.get("containerInsights") not in ("enabled", "enhanced"):
        yield "settings: containerInsights must be enabled."


platform_latest = requires(
    "ecs-platform-latest",
    SERVICE,
    {"platformVersion": one_of("LATEST", "1.4.0", or_none=True)},
    title="Tasks run on the current platform",
    severity=LOW,
    url=GUIDE + "platform-linux-fargate.html",
)
_REGISTRY = re.compile(
    r"^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)(?::([^@]+))?(@sha256:[0-9a-f]{64})?$"
)


@linked_rule(
    "ecs-images-trusted",
    types=TASK,
    title="Images come from own registries in the jurisdiction, and always mean the same",
    severity=HIGH,
    remedy="Use an image of an own ECR repository in the jurisdiction, by digest or with immutable tags.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
)
def images_trusted(task: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    own = own_accounts(stack, config)
    for each in containers(task):
        image = each.text("image") or ""
        if any(image.startswith(prefix) for prefix in config.registries):
            if "@sha256:" not in image:
                yield f"{each.where('image')} is not pinned by digest."
            continue
        found = _REGISTRY.match(image)
        if found is None:
            yield f"{each.where('image')} is not of an own registry."
            continue
        account, region, repository, _, digest = found.groups()
        if own and account not in own:
            yield f"{each.where('image')} is of an account that is not a trusted one."
        if region not in config.regions:
            yield f"{each.where('image')} is in {not_allowed(region, config)}."
        repositories = [one for one in stack.of(REPOSITORY) if one.properties.get("name") == repository]
        fixed = any(
            not one.unknown("imageTagMutability") and (one.text("imageTagMutability") or "").startswith("IMMUTABLE")
            for one in repositories
        )
        if digest is None and not fixed:
            yield f"{each.where('image')} is neither pinned by digest nor of a repository with immutable tags."


@resource_rule(
    "ecs-multi-task-multi-az",
    types=SERVICE,
    title="Services in production run two tasks, in two zones",
    severity=MEDIUM,
    remedy="Set desiredCount to 2 or more and name subnets of two zones.",
    url=GUIDE + "service-availability-zone-rebalancing.html",
)
def multi_task(resource: Resource, config: Config) -> Iterator[str]:
    if not in_production(resource, config) or resource.text("schedulingStrategy") == "DAEMON":
        return
    if not resource.unknown("desiredCount") and (resource.number("desiredCount") or 0) < 2:
        yield "desiredCount: expected 2 or more."
    subnets = resource.get("networkConfiguration.subnets")
    if isinstance(subnets, list) and len(subnets) < 2:
        yield "networkConfiguration.subnets: expected two or more."


# Registries

ECR_GUIDE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/"


@linked_rule(
    "ecr-scan-on-push",
    types=REPOSITORY,
    title="Images are scanned for known weaknesses",
    severity=MEDIUM,
    remedy="Set imageScanningConfiguration.scanOnPush: true, or add a RegistryScanningConfiguration.",
    url=ECR_GUIDE + "image-scanning.html",
)
def scan_on_push(repository: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    registry = stack.of("aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration")
    scanned = any(each.has("rules") for each in registry)
    if repository.flag("imageScanningConfiguration.scanOnPush") is not True and not scanned:
        yield "imageScanningConfiguration.scanOnPush must be true."


@resource_rule(
    "ecr-kms",
    types=REPOSITORY,
    title="Images are encrypted with a customer key",
    severity=LOW,
    remedy="Set encryptionConfigurations with encryptionType KMS and kmsKey.",
    url=ECR_GUIDE + "encryption-at-rest.html",
)
def ecr_kms(resource: Resource, config: Config) -> Iterator[str]:
    found = resource.views("encryptionConfigurations")
    if not any(each.text("encryptionType") in ("KMS", "KMS_DSSE") and each.has("kmsKey") for each in found):
        yield "encryptionConfigurations must have encryptionType KMS and kmsKey."


@resource_rule(
    "ecr-policy-not-public",
    types=("aws:ecr/repositoryPolicy:RepositoryPolicy", "aws:ecr/registryPolicy:RegistryPolicy"),
    title="Registries let no stranger in",
    severity=CRITICAL,
    remedy="Name the principal, or bind the statement to your organization.",
    url=ECR_GUIDE + "repository-policies.html",
)
def ecr_policy(resource: Resource, config: Config) -> Iterator[str]:
    for statement in public(resource, "policy"):
        yield f"{statement.path} lets anyone in."


@linked_rule(
    "ecr-lifecycle",
    types=REPOSITORY,
    title="Old images end",
    severity=LOW,
    remedy="Add a LifecyclePolicy of the repository.",
    url=ECR_GUIDE + "LifecyclePolicies.html",
)
def ecr_lifecycle(repository: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    if not stack.users(repository, "aws:ecr/lifecyclePolicy:LifecyclePolicy", property="repository"):
        yield "no LifecyclePolicy."


@resource_rule(
    "ecr-pull-through-approved",
    types="aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
    title="Images are taken from approved registries",
    severity=LOW,
    remedy="Add the registry to the pack setting registries, or remove the rule.",
    url=ECR_GUIDE + "pull-through-cache.html",
)
def pull_through(resource: Resource, config: Config) -> Iterator[str]:
    upstream = resource.text("upstreamRegistryUrl") or ""
    if not any(upstream.startswith(prefix) for prefix in config.registries):
        yield f"upstreamRegistryUrl: {upstream or 'nothing'} is not an approved registry."
