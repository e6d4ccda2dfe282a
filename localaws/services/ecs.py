"""ECS: clusters, task definitions, services."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from localaws.handler import Call, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import camel, from_tags, to_tags


def tags(inputs: Props) -> list[dict[str, str]]:
    """Tags as ECS wants them: lower-case names."""
    return to_tags(inputs["tags"], key="key", value="value")


def retag(call: Call, arn: str, old: Props, new: Props) -> None:
    """Make the tags of an ECS resource those of `new`."""
    gone = [name for name in old["tags"] if name not in new["tags"]]
    if gone:
        call.client("ecs").untag_resource(resourceArn=arn, tagKeys=gone)
    if new["tags"]:
        call.client("ecs").tag_resource(resourceArn=arn, tags=tags(new))


@register
class Cluster(Shadowed):
    type = "aws:ecs/cluster:Cluster"
    inputs = frozenset({"name", "settings", "configuration", "serviceConnectDefaults", "tags"})
    replace_on = frozenset({"name"})
    autoname = "name"
    cloudformation = "AWS::ECS::Cluster"
    renames: ClassVar[dict[str, str]] = {"name": "ClusterName", "settings": "ClusterSettings", "tags": "-"}

    def imported(self, call: Call, id: str) -> str:
        """Imports name it by name."""
        return id if id.startswith("arn:") else f"arn:aws:ecs:{call.region}:{call.account_id}:cluster/{id}"

    def make(self, call: Call, inputs: Props) -> str:
        return call.client("ecs").create_cluster(
            clusterName=inputs["name"], settings=inputs.get("settings") or [], tags=tags(inputs)
        )["cluster"]["clusterArn"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("ecs").describe_clusters(clusters=[id], include=["SETTINGS", "TAGS"])["clusters"]
        if not found or found[0]["status"] != "ACTIVE":
            return None
        return {
            "name": found[0]["clusterName"],
            "arn": id,
            "settings": found[0].get("settings"),
            "tags": from_tags(found[0].get("tags"), key="key", value="value"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("ecs").update_cluster(cluster=id, settings=new.get("settings") or [])
        retag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("ecs").delete_cluster(cluster=id)


@register
class TaskDefinition(Shadowed):
    """A revision; every change but of tags is a new one."""

    type = "aws:ecs/taskDefinition:TaskDefinition"
    inputs = frozenset(
        {"family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities",
         "runtimePlatform", "executionRoleArn", "taskRoleArn", "volumes", "ephemeralStorage", "skipDestroy", "tags"}
    )  # fmt: skip
    replace_on = inputs - {"tags", "skipDestroy"}
    cloudformation = "AWS::ECS::TaskDefinition"
    renames: ClassVar[dict[str, str]] = {"containerDefinitions": "-", "tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        wire = {
            name: inputs[name]
            for name in ("family", "cpu", "memory", "networkMode", "requiresCompatibilities", "runtimePlatform",
                         "executionRoleArn", "taskRoleArn")
            if inputs.get(name)
        }  # fmt: skip
        volumes = [{"name": volume["name"]} for volume in inputs.get("volumes") or []]
        return call.client("ecs").register_task_definition(
            containerDefinitions=json.loads(inputs["containerDefinitions"]), volumes=volumes, tags=tags(inputs), **wire
        )["taskDefinition"]["taskDefinitionArn"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        found = call.client("ecs").describe_task_definition(taskDefinition=id, include=["TAGS"])
        task = found["taskDefinition"]
        if task["status"] != "ACTIVE":
            return None
        return {
            "family": task["family"],
            "cpu": task.get("cpu"),
            "memory": task.get("memory"),
            "networkMode": task.get("networkMode"),
            "executionRoleArn": task.get("executionRoleArn"),
            "taskRoleArn": task.get("taskRoleArn"),
            "arn": id,
            "arnWithoutRevision": id.rsplit(":", 1)[0],
            "revision": task["revision"],
            "tags": from_tags(found.get("tags"), key="key", value="value"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        retag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        if not known.get("skipDestroy"):
            call.client("ecs").deregister_task_definition(taskDefinition=id)


@register
class Service(Shadowed):
    type = "aws:ecs/service:Service"
    WIRE = (
        "cluster", "taskDefinition", "desiredCount", "launchType", "platformVersion", "loadBalancers",
        "healthCheckGracePeriodSeconds", "propagateTags",
    )  # fmt: skip
    inputs = frozenset(
        {*WIRE, "name", "serviceRegistries", "networkConfiguration", "deploymentCircuitBreaker",
         "deploymentMinimumHealthyPercent",
         "deploymentMaximumPercent", "enableExecuteCommand", "enableEcsManagedTags", "availabilityZoneRebalancing",
         "waitForSteadyState", "forceNewDeployment", "capacityProviderStrategies", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"name", "cluster", "launchType"})
    autoname = "name"
    cloudformation = "AWS::ECS::Service"
    renames: ClassVar[dict[str, str]] = {
        "name": "ServiceName",
        "tags": "-",
        "networkConfiguration": "-",
        "enableEcsManagedTags": "EnableECSManagedTags",
    }

    def imported(self, call: Call, id: str) -> str:
        """Imports name it as `CLUSTER/SERVICE`."""
        return id if id.startswith("arn:") else f"arn:aws:ecs:{call.region}:{call.account_id}:service/{id}"

    def make(self, call: Call, inputs: Props) -> str:
        wire = {name: inputs[name] for name in self.WIRE if inputs.get(name) is not None}
        if inputs.get("networkConfiguration"):
            network = inputs["networkConfiguration"]
            wire["networkConfiguration"] = {
                "awsvpcConfiguration": {
                    "subnets": network["subnets"],
                    "securityGroups": network.get("securityGroups") or [],
                    "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
                }
            }
        if inputs.get("serviceRegistries"):  # the provider takes one, as ECS does; the API wants a list
            wire["serviceRegistries"] = [inputs["serviceRegistries"]]
        return call.client("ecs").create_service(serviceName=inputs["name"], tags=tags(inputs), **wire)["service"][
            "serviceArn"
        ]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        service = self._find(call, id, kept)
        if service is None:
            return None
        return {
            "name": service["serviceName"],
            "cluster": service["clusterArn"]
            if str(kept.get("cluster", "arn:")).startswith("arn:")
            else kept.get("cluster"),
            "taskDefinition": service["taskDefinition"],
            "desiredCount": service["desiredCount"],
            "launchType": service.get("launchType"),
            "loadBalancers": [camel(item) for item in service.get("loadBalancers", [])],
            "arn": id,
            "tags": from_tags(service.get("tags"), key="key", value="value"),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("ecs").update_service(
            cluster=new["cluster"],
            service=new["name"],
            desiredCount=new.get("desiredCount") or 0,
            taskDefinition=new["taskDefinition"],
        )
        retag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        if self._find(call, id, known) is not None:
            call.client("ecs").delete_service(cluster=known["cluster"], service=known["name"], force=True)

    def _find(self, call: Call, id: str, known: Props) -> Any:
        cluster = known.get("cluster") or id.split("/")[1]
        found = call.client("ecs").describe_services(cluster=cluster, services=[id], include=["TAGS"])["services"]
        return found[0] if found and found[0]["status"] == "ACTIVE" else None
