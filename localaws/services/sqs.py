"""SQS: queues and their policies."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register


@register
class Queue(Handler):
    type = "aws:sqs/queue:Queue"
    ATTRIBUTES: ClassVar[dict[str, str]] = {
        "kmsMasterKeyId": "KmsMasterKeyId", "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
        "messageRetentionSeconds": "MessageRetentionPeriod", "visibilityTimeoutSeconds": "VisibilityTimeout",
        "delaySeconds": "DelaySeconds", "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
        "maxMessageSize": "MaximumMessageSize", "redrivePolicy": "RedrivePolicy",
    }  # fmt: skip
    inputs = frozenset({*ATTRIBUTES, "name", "tags"})
    replace_on = frozenset({"name"})
    defaults: ClassVar[Props] = {
        "kmsDataKeyReusePeriodSeconds": 300, "messageRetentionSeconds": 345600, "visibilityTimeoutSeconds": 30,
        "delaySeconds": 0, "receiveWaitTimeSeconds": 0,
    }  # fmt: skip
    left_to_aws = frozenset({"maxMessageSize"})
    autoname = "name"
    cloudformation = "AWS::SQS::Queue"
    renames: ClassVar[dict[str, str]] = {
        "name": "QueueName", "messageRetentionSeconds": "MessageRetentionPeriod",
        "visibilityTimeoutSeconds": "VisibilityTimeout", "redrivePolicy": "-", "tags": "-",
    }  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        return call.client("sqs").create_queue(
            QueueName=inputs["name"], Attributes=self._attributes(inputs), tags=inputs["tags"]
        )["QueueUrl"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("sqs")
        # an import may name the queue by the address that the account answered over HTTP with
        id = client.get_queue_url(QueueName=id.rsplit("/", 1)[-1])["QueueUrl"]
        held = client.get_queue_attributes(QueueUrl=id, AttributeNames=["All"])["Attributes"]
        live = {
            name: int(held[wire]) if held[wire].isdigit() else held[wire]
            for name, wire in self.ATTRIBUTES.items()
            if wire in held
        }
        arn = held["QueueArn"]
        tags = client.list_queue_tags(QueueUrl=id).get("Tags", {})
        return {**live, "name": arn.rsplit(":", 1)[-1], "id": id, "url": id, "arn": arn, "tags": tags}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("sqs")
        client.set_queue_attributes(QueueUrl=id, Attributes=self._attributes(new))
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_queue(QueueUrl=id, TagKeys=gone)
        if new["tags"]:
            client.tag_queue(QueueUrl=id, Tags=new["tags"])

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("sqs").delete_queue(QueueUrl=id)

    def _attributes(self, inputs: Props) -> dict[str, str]:
        return {wire: str(inputs[name]) for name, wire in self.ATTRIBUTES.items() if inputs.get(name) is not None}


@register
class QueuePolicy(Handler):
    type = "aws:sqs/queuePolicy:QueuePolicy"
    inputs = frozenset({"queueUrl", "policy"})
    replace_on = frozenset({"queueUrl"})

    def create(self, call: Call, inputs: Props) -> str:
        self._set(call, inputs["queueUrl"], inputs["policy"])
        return inputs["queueUrl"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        held = call.client("sqs").get_queue_attributes(QueueUrl=id, AttributeNames=["All"])["Attributes"]
        return {"queueUrl": id, "policy": held["Policy"]} if held.get("Policy") else None

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self._set(call, id, new["policy"])

    def delete(self, call: Call, id: str, known: Props) -> None:
        self._set(call, id, "")

    def _set(self, call: Call, url: str, policy: str) -> None:
        call.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
