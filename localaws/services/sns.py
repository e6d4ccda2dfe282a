"""SNS: topics, their policies, their subscriptions."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shapes import from_tags, to_tags


@register
class Topic(Handler):
    type = "aws:sns/topic:Topic"
    inputs = frozenset({"name", "displayName", "kmsMasterKeyId", "policy", "signatureVersion", "tags", "tracingConfig"})
    replace_on = frozenset({"name"})
    left_to_aws = frozenset({"policy"})
    autoname = "name"
    cloudformation = "AWS::SNS::Topic"
    renames: ClassVar[dict[str, str]] = {"name": "TopicName", "tags": "-", "policy": "-"}
    ATTRIBUTES: ClassVar[dict[str, str]] = {
        "displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId", "signatureVersion": "SignatureVersion",
        "tracingConfig": "TracingConfig", "policy": "Policy",
    }  # fmt: skip

    def create(self, call: Call, inputs: Props) -> str:
        attributes = {wire: str(inputs[name]) for name, wire in self.ATTRIBUTES.items() if inputs.get(name)}
        return call.client("sns").create_topic(
            Name=inputs["name"], Attributes=attributes, Tags=to_tags(inputs["tags"])
        )["TopicArn"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("sns")
        attributes = client.get_topic_attributes(TopicArn=id)["Attributes"]
        live = {name: attributes.get(wire) for name, wire in self.ATTRIBUTES.items()}
        tags = from_tags(client.list_tags_for_resource(ResourceArn=id).get("Tags"))
        return {**live, "name": id.rsplit(":", 1)[-1], "arn": id, "owner": attributes.get("Owner"), "tags": tags}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("sns")
        for name, wire in self.ATTRIBUTES.items():
            if old.get(name) != new.get(name):
                value = "" if new.get(name) is None else str(new[name])
                client.set_topic_attributes(TopicArn=id, AttributeName=wire, AttributeValue=value)
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(ResourceArn=id, TagKeys=gone)
        if new["tags"]:
            client.tag_resource(ResourceArn=id, Tags=to_tags(new["tags"]))

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("sns").delete_topic(TopicArn=id)


@register
class TopicPolicy(Handler):
    type = "aws:sns/topicPolicy:TopicPolicy"
    inputs = frozenset({"arn", "policy"})
    replace_on = frozenset({"arn"})

    def create(self, call: Call, inputs: Props) -> str:
        call.client("sns").set_topic_attributes(
            TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"]
        )
        return inputs["arn"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        attributes = call.client("sns").get_topic_attributes(TopicArn=id)["Attributes"]
        return {"arn": id, "policy": attributes["Policy"], "owner": attributes.get("Owner")}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        """A topic always has a policy: AWS has no deletion, the topic's end is the policy's."""


@register
class TopicSubscription(Handler):
    type = "aws:sns/topicSubscription:TopicSubscription"
    inputs = frozenset(
        {"topic", "protocol", "endpoint", "rawMessageDelivery", "filterPolicy", "redrivePolicy",
         "endpointAutoConfirms", "confirmationTimeoutInMinutes"}
    )  # fmt: skip
    replace_on = frozenset({"topic", "protocol", "endpoint"})
    defaults: ClassVar[Props] = {"rawMessageDelivery": False}
    cloudformation = "AWS::SNS::Subscription"
    renames: ClassVar[dict[str, str]] = {"topic": "TopicArn", "filterPolicy": "-", "redrivePolicy": "-"}
    ATTRIBUTES: ClassVar[dict[str, str]] = {
        "rawMessageDelivery": "RawMessageDelivery",
        "filterPolicy": "FilterPolicy",
        "redrivePolicy": "RedrivePolicy",
    }

    def create(self, call: Call, inputs: Props) -> str:
        attributes = {wire: str(inputs[name]) for name, wire in self.ATTRIBUTES.items() if inputs.get(name)}
        return call.client("sns").subscribe(
            TopicArn=inputs["topic"], Protocol=inputs["protocol"], Endpoint=inputs["endpoint"],
            Attributes=attributes, ReturnSubscriptionArn=True,
        )["SubscriptionArn"]  # fmt: skip

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        attributes = call.client("sns").get_subscription_attributes(SubscriptionArn=id)["Attributes"]
        live = {name: attributes.get(wire) for name, wire in self.ATTRIBUTES.items()}
        return {
            **live,
            "topic": attributes["TopicArn"],
            "protocol": attributes.get("Protocol", known.get("protocol")),
            "endpoint": attributes["Endpoint"],
            "arn": id,
            "pendingConfirmation": attributes.get("PendingConfirmation", "false") == "true",
            "endpointAutoConfirms": known.get("endpointAutoConfirms"),
            "confirmationTimeoutInMinutes": known.get("confirmationTimeoutInMinutes"),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        for name, wire in self.ATTRIBUTES.items():
            if old.get(name) != new.get(name):
                call.client("sns").set_subscription_attributes(
                    SubscriptionArn=id, AttributeName=wire, AttributeValue=str(new.get(name) or "")
                )

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("sns").unsubscribe(SubscriptionArn=id)
