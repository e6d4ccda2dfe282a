"""Do services, instances and functions run, as many as the settings say?"""

from __future__ import annotations

from collections.abc import Iterator

from operations.state import Resource
from operations.verify.account import Account, Missing
from operations.verify.check import Seen, of, seen

_REFRESH = "`pulumi up --refresh` puts it right."


@of(
    "aws:ecs/service:Service",
    name="service-running",
    requirements=("LWO-OPS-10", "LWO-CMP-02"),
    fix="Read its events (`aws ecs describe-services`) and its log: tasks that stop say why.",
)
def _service(account: Account, service: Resource) -> Iterator[Seen]:
    cluster, name = service.inputs["cluster"], service.outputs["name"]
    held = account.ask("ecs", "describe_services", cluster=cluster, services=[name])["services"]
    live = next((each for each in held if each["status"] != "INACTIVE"), None)
    if live is None:
        raise Missing
    yield seen("status", "ACTIVE", live["status"])
    wanted = None if account.settings.compute is None else account.settings.compute.services.get(_part(service))
    if wanted is not None:
        asked = live["desiredCount"]
        between = wanted.min_tasks <= asked <= wanted.max_tasks
        yield seen(f"tasks, {wanted.min_tasks} to {wanted.max_tasks}", "yes", "yes" if between else str(asked))
    yield seen("tasks that run", live["desiredCount"], live["runningCount"])
    yield seen("exec", bool(service.inputs.get("enableExecuteCommand")), bool(live.get("enableExecuteCommand")))
    network = live.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    if network:
        yield seen("public address", False, network.get("assignPublicIp") == "ENABLED")


@of(
    "aws:autoscaling/group:Group",
    name="fleet-running",
    requirements=("FAC-OPS-22", "FAC-CMP-01"),
    fix="Read its activities (`aws autoscaling describe-scaling-activities`). " + _REFRESH,
)
def _fleet(account: Account, group: Resource) -> Iterator[Seen]:
    live = account.one(
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups",
        AutoScalingGroupNames=[group.outputs["name"]],
    )
    wanted = None if account.settings.compute is None else account.settings.compute.fleet
    if wanted is not None:
        yield seen(
            "instances, least and most", (wanted.min_instances, wanted.max_instances),
            (live["MinSize"], live["MaxSize"]),
        )  # fmt: skip
    healthy = [
        each for each in live["Instances"] if (each["HealthStatus"], each["LifecycleState"]) == ("Healthy", "InService")
    ]
    yield seen("instances in service", live["DesiredCapacity"], len(healthy))
    yield seen("suspended processes", [], [each["ProcessName"] for each in live.get("SuspendedProcesses", ())])


@of(
    "aws:ec2/instance:Instance",
    name="instance-running",
    requirements=("FAC-OPS-12",),
    fix=_REFRESH,
)
def _instance(account: Account, instance: Resource) -> Iterator[Seen]:
    reservation = account.one("ec2", "describe_instances", "Reservations", InstanceIds=[instance.id])
    live = reservation["Instances"][0]
    if live["State"]["Name"] == "terminated":
        raise Missing
    yield Seen(what="state", expected="running", found=live["State"]["Name"], warns=True)
    yield seen("metadata only with a token", "required", live.get("MetadataOptions", {}).get("HttpTokens"))
    yield seen("public address", None, live.get("PublicIpAddress"))


@of(
    "aws:lambda/function:Function",
    name="function-ready",
    requirements=("MSP-CMP-02", "MSP-OPS-10"),
    fix=_REFRESH,
)
def _function(account: Account, function: Resource) -> Iterator[Seen]:
    live = account.ask(
        "lambda", "get_function_configuration", region=account.region(function), FunctionName=function.outputs["name"]
    )
    yield seen("state", "Active", live.get("State", "Active"))
    wanted = sorted((function.inputs.get("vpcConfig") or {}).get("subnetIds") or ())
    yield seen("subnets", wanted, sorted(live.get("VpcConfig", {}).get("SubnetIds", ())))
    yield seen("key", function.inputs.get("kmsKeyArn"), live.get("KMSKeyArn"))


def _part(service: Resource) -> str:
    """A service's name in the settings: its resource's is `service-<name>-service`."""
    return service.name.removeprefix("service-").removesuffix("-service")
