"""CloudTrail: trails."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shapes import from_tags, pascal, to_tags


@register
class Trail(Handler):
    type = "aws:cloudtrail/trail:Trail"
    inputs = frozenset(
        {
            "name", "s3BucketName", "s3KeyPrefix", "kmsKeyId", "enableLogging", "enableLogFileValidation",
            "isMultiRegionTrail", "isOrganizationTrail", "includeGlobalServiceEvents", "cloudWatchLogsGroupArn",
            "cloudWatchLogsRoleArn", "eventSelectors", "insightSelectors", "snsTopicName", "tags",
        }
    )  # fmt: skip
    replace_on = frozenset({"name"})
    autoname = "name"
    cloudformation = "AWS::CloudTrail::Trail"
    renames: ClassVar[dict[str, str]] = {
        "name": "TrailName", "tags": "-", "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
        "kmsKeyId": "KMSKeyId"}  # fmt: skip
    WIRE: ClassVar[dict[str, str]] = {
        "s3BucketName": "S3BucketName", "s3KeyPrefix": "S3KeyPrefix", "kmsKeyId": "KmsKeyId",
        "enableLogFileValidation": "EnableLogFileValidation", "isMultiRegionTrail": "IsMultiRegionTrail",
        "isOrganizationTrail": "IsOrganizationTrail", "includeGlobalServiceEvents": "IncludeGlobalServiceEvents",
        "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn", "cloudWatchLogsRoleArn": "CloudWatchLogsRoleArn",
        "snsTopicName": "SnsTopicName",
    }  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        client = call.client("cloudtrail")
        arn = client.create_trail(Name=inputs["name"], TagsList=to_tags(inputs["tags"]), **self._wire(inputs))[
            "TrailARN"
        ]
        self._settle(call, arn, inputs)
        return arn

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("cloudtrail")
        trail = client.get_trail(Name=id)["Trail"]
        live = {name: trail.get(wire) for name, wire in self.WIRE.items()}
        live["enableLogFileValidation"] = trail.get("LogFileValidationEnabled")
        selectors = client.get_event_selectors(TrailName=id).get("EventSelectors") or []
        insights = client.get_insight_selectors(TrailName=id).get("InsightSelectors") or []
        tags = client.list_tags(ResourceIdList=[id])["ResourceTagList"][0]["TagsList"]
        return {
            **live,
            "name": trail["Name"],
            "arn": id,
            "homeRegion": trail.get("HomeRegion", call.region),
            "enableLogging": client.get_trail_status(Name=id)["IsLogging"],
            "eventSelectors": [
                {
                    "readWriteType": item.get("ReadWriteType"),
                    "includeManagementEvents": item.get("IncludeManagementEvents"),
                    "dataResources": [
                        {"type": resource["Type"], "values": resource["Values"]}
                        for resource in item.get("DataResources", [])
                    ],
                }
                for item in selectors
            ],
            "insightSelectors": [{"insightType": item["InsightType"]} for item in insights],
            "tags": from_tags(tags),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("cloudtrail")
        client.update_trail(Name=id, **self._wire(new))
        self._settle(call, id, new)
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.remove_tags(ResourceId=id, TagsList=[{"Key": name} for name in gone])
        if new["tags"]:
            client.add_tags(ResourceId=id, TagsList=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("cloudtrail").delete_trail(Name=id.rsplit("/", 1)[-1])

    def _wire(self, inputs: Props) -> Props:
        return {wire: inputs[name] for name, wire in self.WIRE.items() if inputs.get(name) is not None}

    def _settle(self, call: Call, arn: str, inputs: Props) -> None:
        client = call.client("cloudtrail")
        if inputs.get("enableLogging") is False:
            client.stop_logging(Name=arn)
        else:
            client.start_logging(Name=arn)
        if inputs.get("eventSelectors"):
            client.put_event_selectors(
                TrailName=arn, EventSelectors=[pascal(item) for item in inputs["eventSelectors"]]
            )
        if inputs.get("insightSelectors"):
            client.put_insight_selectors(
                TrailName=arn, InsightSelectors=[pascal(item) for item in inputs["insightSelectors"]]
            )
