"""CloudWatch Logs: groups, metric filters, saved queries, and the delivery of other services' logs."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, ClassVar

from localaws.emulated import Emulated
from localaws.handler import Call, Handler, Props, register

CLASS = "STANDARD"


@register
class LogGroup(Handler):
    type = "aws:cloudwatch/logGroup:LogGroup"
    inputs = frozenset(
        {"name", "retentionInDays", "kmsKeyId", "logGroupClass", "skipDestroy", "tags", "deletionProtectionEnabled"}
    )
    replace_on = frozenset({"name", "logGroupClass"})
    defaults: ClassVar[Props] = {"logGroupClass": "STANDARD"}
    autoname = "name"
    cloudformation = "AWS::Logs::LogGroup"
    renames: ClassVar[dict[str, str]] = {"name": "LogGroupName", "tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("logs")
        optional = {"kmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}
        if inputs["tags"]:
            optional["tags"] = inputs["tags"]
        client.create_log_group(logGroupName=inputs["name"], **optional)
        if inputs.get("retentionInDays"):
            client.put_retention_policy(logGroupName=inputs["name"], retentionInDays=inputs["retentionInDays"])
        return inputs["name"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("logs")
        found = client.describe_log_groups(logGroupNamePrefix=id)["logGroups"]
        group = next((group for group in found if group["logGroupName"] == id), None)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        return {
            "name": id,
            "arn": arn,
            "retentionInDays": group.get("retentionInDays"),
            "kmsKeyId": group.get("kmsKeyId"),
            "logGroupClass": group.get("logGroupClass", CLASS),
            "skipDestroy": known.get("skipDestroy"),
            "deletionProtectionEnabled": known.get("deletionProtectionEnabled"),
            "tags": client.list_tags_for_resource(resourceArn=arn).get("tags", {}),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("logs")
        if new.get("retentionInDays"):
            client.put_retention_policy(logGroupName=id, retentionInDays=new["retentionInDays"])
        else:
            client.delete_retention_policy(logGroupName=id)
        if old.get("kmsKeyId") != new.get("kmsKeyId"):
            self._associate(call, id, new.get("kmsKeyId"))
        arn = f"arn:aws:logs:{call.region}:{call.account_id}:log-group:{id}"
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(resourceArn=arn, tagKeys=gone)
        if new["tags"]:
            client.tag_resource(resourceArn=arn, tags=new["tags"])

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("logs").delete_log_group(logGroupName=id)

    def _associate(self, call: Call, id: str, key: str | None) -> None:
        """Moto has no AssociateKmsKey: the key is written into its backend."""
        from moto.backends import get_backend

        backend: Any = get_backend("logs")
        backend[call.account_id][call.region].groups[id].kms_key_id = key


@register
class LogMetricFilter(Handler):
    type = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
    inputs = frozenset({"name", "logGroupName", "pattern", "metricTransformation", "applyOnTransformedLogs"})
    replace_on = frozenset({"name", "logGroupName"})
    autoname = "name"

    def create(self, call: Call, inputs: Props) -> str:
        transformation = {
            "metricName": inputs["metricTransformation"]["name"],
            "metricNamespace": inputs["metricTransformation"]["namespace"],
            "metricValue": inputs["metricTransformation"]["value"],
        }
        if inputs["metricTransformation"].get("defaultValue") is not None:
            transformation["defaultValue"] = float(inputs["metricTransformation"]["defaultValue"])
        call.client("logs").put_metric_filter(
            logGroupName=inputs["logGroupName"],
            filterName=inputs["name"],
            filterPattern=inputs["pattern"],
            metricTransformations=[transformation],
        )
        return f"{inputs['logGroupName']}:{inputs['name']}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        group, name = id.rsplit(":", 1)
        found = call.client("logs").describe_metric_filters(logGroupName=group, filterNamePrefix=name)["metricFilters"]
        filter_ = next((item for item in found if item["filterName"] == name), None)
        if filter_ is None:
            return None
        transformation = filter_["metricTransformations"][0]
        default = transformation.get("defaultValue")
        return {
            "name": name,
            "logGroupName": group,
            "pattern": filter_["filterPattern"],
            "metricTransformation": {
                "name": transformation["metricName"],
                "namespace": transformation["metricNamespace"],
                "value": transformation["metricValue"],
                "defaultValue": None if default is None else f"{float(default):g}",
            },
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.delete(call, id, old)
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        group, name = id.rsplit(":", 1)
        call.client("logs").delete_metric_filter(logGroupName=group, filterName=name)


@register
class QueryDefinition(Emulated):
    type = "aws:cloudwatch/queryDefinition:QueryDefinition"
    inputs = frozenset({"name", "queryString", "logGroupNames"})
    autoname = "name"
    cloudformation = "AWS::Logs::QueryDefinition"

    def identify(self, call: Call, inputs: Props) -> str:
        digits = sha256(inputs["name"].encode()).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"queryDefinitionId": id}


@register
class LogDeliverySource(Emulated):
    type = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
    inputs = frozenset({"name", "logType", "resourceArn", "tags"})
    replace_on = frozenset({"name", "logType", "resourceArn"})
    cloudformation = "AWS::Logs::DeliverySource"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def identify(self, call: Call, inputs: Props) -> str:
        return inputs["name"]

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        arn = f"arn:aws:logs:{call.region}:{call.account_id}:delivery-source:{id}"
        return {"arn": arn, "service": str(inputs["resourceArn"]).split(":")[2]}


@register
class LogDeliveryDestination(Emulated):
    type = "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination"
    inputs = frozenset({"name", "deliveryDestinationConfiguration", "deliveryDestinationType", "outputFormat", "tags"})
    replace_on = frozenset({"name", "outputFormat"})
    cloudformation = "AWS::Logs::DeliveryDestination"
    renames: ClassVar[dict[str, str]] = {"tags": "-", "deliveryDestinationConfiguration": "-"}

    def identify(self, call: Call, inputs: Props) -> str:
        return inputs["name"]

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": f"arn:aws:logs:{call.region}:{call.account_id}:delivery-destination:{id}"}


@register
class LogDelivery(Emulated):
    type = "aws:cloudwatch/logDelivery:LogDelivery"
    inputs = frozenset(
        {"deliverySourceName", "deliveryDestinationArn", "fieldDelimiter", "recordFields", "s3DeliveryConfigurations",
         "tags"}
    )  # fmt: skip
    replace_on = frozenset({"deliverySourceName", "deliveryDestinationArn"})

    def identify(self, call: Call, inputs: Props) -> str:
        return f"{inputs['deliverySourceName']}-{str(inputs['deliveryDestinationArn']).rsplit(':', 1)[-1]}"[:64]

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        return {"arn": f"arn:aws:logs:{call.region}:{call.account_id}:delivery:{id}"}


@register
class LogResourcePolicy(Handler):
    type = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
    inputs = frozenset({"policyName", "policyDocument"})
    replace_on = frozenset({"policyName"})

    def create(self, call: Call, inputs: Props) -> str:
        call.client("logs").put_resource_policy(
            policyName=inputs["policyName"], policyDocument=inputs["policyDocument"]
        )
        return inputs["policyName"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("logs").describe_resource_policies()["resourcePolicies"]
        policy = next((item for item in found if item["policyName"] == id), None)
        return None if policy is None else {"policyName": id, "policyDocument": policy["policyDocument"]}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("logs").delete_resource_policy(policyName=id)
