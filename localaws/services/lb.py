"""Elastic Load Balancing: application load balancers, target groups, listeners, rules."""

from __future__ import annotations

from typing import Any, ClassVar

from localaws.emulated import refuse
from localaws.handler import Call, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import from_tags, pascal, to_tags


def retag(call: Call, arn: str, old: Props, new: Props) -> None:
    """Make the tags of a load balancing resource those of `new`."""
    client = call.client("elbv2")
    gone = [name for name in old["tags"] if name not in new["tags"]]
    if gone:
        client.remove_tags(ResourceArns=[arn], TagKeys=gone)
    if new["tags"]:
        client.add_tags(ResourceArns=[arn], Tags=to_tags(new["tags"]))


def tags_of(call: Call, arn: str) -> dict[str, str]:
    """The tags of a load balancing resource."""
    return from_tags(call.client("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def tagged(inputs: Props) -> Props:
    """Tags to create something with; the API refuses an empty list."""
    return {"Tags": to_tags(inputs["tags"])} if inputs["tags"] else {}


def text(value: Any) -> str:
    """An attribute's value as the API has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@register
class LoadBalancer(Shadowed):
    type = "aws:lb/loadBalancer:LoadBalancer"
    ATTRIBUTES: ClassVar[dict[str, str]] = {
        "enableDeletionProtection": "deletion_protection.enabled", "idleTimeout": "idle_timeout.timeout_seconds",
        "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
        "desyncMitigationMode": "routing.http.desync_mitigation_mode", "enableHttp2": "routing.http2.enabled",
        "enableWafFailOpen": "waf.fail_open.enabled",
    }  # fmt: skip
    inputs = frozenset(
        {*ATTRIBUTES, "name", "loadBalancerType", "internal", "subnets", "securityGroups", "accessLogs",
         "connectionLogs", "ipAddressType", "xffHeaderProcessingMode", "preserveHostHeader", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"name", "internal", "loadBalancerType"})
    autoname = "name"
    cloudformation = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    renames: ClassVar[dict[str, str]] = {"loadBalancerType": "Type", "tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        if len(inputs["name"]) > 32:
            refuse("CreateLoadBalancer", "ValidationError", f"name {inputs['name']!r} has more than 32 characters")
        arn = call.client("elbv2").create_load_balancer(
            Name=inputs["name"],
            Type=inputs.get("loadBalancerType") or "application",
            Scheme="internal" if inputs.get("internal") else "internet-facing",
            Subnets=inputs["subnets"],
            SecurityGroups=inputs.get("securityGroups") or [],
            **tagged(inputs),
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self._set(call, arn, inputs)
        return arn

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        client = call.client("elbv2")
        balancer = client.describe_load_balancers(LoadBalancerArns=[id])["LoadBalancers"][0]
        held = {
            item["Key"]: item["Value"]
            for item in client.describe_load_balancer_attributes(LoadBalancerArn=id)["Attributes"]
        }
        attributes = {
            name: held[key] == "true" if held[key] in ("true", "false") else held[key]
            for name, key in self.ATTRIBUTES.items()
            if key in held
        }
        if "idleTimeout" in attributes:
            attributes["idleTimeout"] = int(attributes["idleTimeout"])
        return {
            **attributes,
            "name": balancer["LoadBalancerName"],
            "loadBalancerType": balancer["Type"],
            "internal": balancer["Scheme"] == "internal",
            "subnets": [zone["SubnetId"] for zone in balancer["AvailabilityZones"]],
            "securityGroups": balancer.get("SecurityGroups"),
            "vpcId": balancer.get("VpcId"),
            "arn": id,
            "arnSuffix": id.split(":loadbalancer/")[-1],
            "dnsName": balancer["DNSName"],
            "zoneId": balancer["CanonicalHostedZoneId"],
            "tags": tags_of(call, id),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("elbv2")
        if old.get("securityGroups") != new.get("securityGroups"):
            client.set_security_groups(LoadBalancerArn=id, SecurityGroups=new["securityGroups"])
        if old.get("subnets") != new.get("subnets"):
            client.set_subnets(LoadBalancerArn=id, Subnets=new["subnets"])
        self._set(call, id, new)
        retag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        live = self.live(call, id, known)
        if live is not None and live.get("enableDeletionProtection"):
            refuse(
                "DeleteLoadBalancer",
                "OperationNotPermitted",
                f"Load balancer '{id}' cannot be deleted because deletion protection is enabled",
            )
        call.client("elbv2").delete_load_balancer(LoadBalancerArn=id)

    def _set(self, call: Call, arn: str, inputs: Props) -> None:
        attributes = {key: text(inputs[name]) for name, key in self.ATTRIBUTES.items() if inputs.get(name) is not None}
        logs = inputs.get("accessLogs") or {}
        if logs:
            attributes["access_logs.s3.enabled"] = text(bool(logs.get("enabled")))
            attributes["access_logs.s3.bucket"] = logs["bucket"]
            if logs.get("prefix"):
                attributes["access_logs.s3.prefix"] = logs["prefix"]
        if attributes:
            call.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()]
            )


@register
class TargetGroup(Shadowed):
    type = "aws:lb/targetGroup:TargetGroup"
    inputs = frozenset(
        {"name", "port", "protocol", "protocolVersion", "targetType", "vpcId", "healthCheck", "deregistrationDelay",
         "slowStart", "stickiness", "loadBalancingAlgorithmType", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"name", "port", "protocol", "targetType", "vpcId", "protocolVersion"})
    defaults: ClassVar[Props] = {
        "healthCheck": {"enabled": True, "port": "traffic-port", "protocol": "HTTP", "interval": 30, "timeout": 5,
                        "healthyThreshold": 5, "unhealthyThreshold": 2},
    }  # fmt: skip
    autoname = "name"
    cloudformation = "AWS::ElasticLoadBalancingV2::TargetGroup"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        return call.client("elbv2").create_target_group(
            Name=inputs["name"],
            Protocol=inputs["protocol"],
            Port=inputs["port"],
            VpcId=inputs["vpcId"],
            TargetType=inputs.get("targetType") or "instance",
            **self._health(inputs),
            **tagged(inputs),
        )["TargetGroups"][0]["TargetGroupArn"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        group = call.client("elbv2").describe_target_groups(TargetGroupArns=[id])["TargetGroups"][0]
        check = {
            **(kept.get("healthCheck") or {}),
            "path": group.get("HealthCheckPath"),
            "protocol": group.get("HealthCheckProtocol"),
            "interval": group.get("HealthCheckIntervalSeconds"),
            "timeout": group.get("HealthCheckTimeoutSeconds"),
            "healthyThreshold": group.get("HealthyThresholdCount"),
            "unhealthyThreshold": group.get("UnhealthyThresholdCount"),
            "matcher": group.get("Matcher", {}).get("HttpCode"),
        }
        return {
            "name": group["TargetGroupName"],
            "port": group["Port"],
            "protocol": group["Protocol"],
            "targetType": group["TargetType"],
            "vpcId": group["VpcId"],
            "healthCheck": check,
            "arn": id,
            "arnSuffix": id.split(":")[-1],
            "tags": tags_of(call, id),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        health = {name: value for name, value in self._health(new).items() if name != "HealthCheckEnabled"}
        call.client("elbv2").modify_target_group(TargetGroupArn=id, **health)
        retag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("elbv2").delete_target_group(TargetGroupArn=id)

    def _health(self, inputs: Props) -> Props:
        check = inputs.get("healthCheck") or {}
        wire = {
            "HealthCheckEnabled": check.get("enabled"),
            "HealthCheckPath": check.get("path"),
            "HealthCheckProtocol": check.get("protocol"),
            "HealthCheckPort": check.get("port"),
            "HealthCheckIntervalSeconds": check.get("interval"),
            "HealthCheckTimeoutSeconds": check.get("timeout"),
            "HealthyThresholdCount": check.get("healthyThreshold"),
            "UnhealthyThresholdCount": check.get("unhealthyThreshold"),
            "Matcher": {"HttpCode": str(check["matcher"])} if check.get("matcher") else None,
        }
        return {name: value for name, value in wire.items() if value is not None}


def _action(action: Props) -> Props:
    wire: Props = {"Type": action["type"]}
    if action.get("targetGroupArn"):
        wire["TargetGroupArn"] = action["targetGroupArn"]
    if action.get("redirect"):
        wire["RedirectConfig"] = pascal(action["redirect"])
    if action.get("fixedResponse"):
        wire["FixedResponseConfig"] = pascal(action["fixedResponse"])
    return wire


@register
class Listener(Shadowed):
    type = "aws:lb/listener:Listener"
    inputs = frozenset(
        {"loadBalancerArn", "port", "protocol", "sslPolicy", "certificateArn", "defaultActions", "alpnPolicy",
         "routingHttpResponseStrictTransportSecurityHeaderValue", "tags"}
    )  # fmt: skip
    replace_on = frozenset({"loadBalancerArn"})
    cloudformation = "AWS::ElasticLoadBalancingV2::Listener"
    renames: ClassVar[dict[str, str]] = {"defaultActions": "-", "alpnPolicy": "-", "tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        return call.client("elbv2").create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"], **self._wire(inputs), **tagged(inputs)
        )["Listeners"][0]["ListenerArn"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        listener = call.client("elbv2").describe_listeners(ListenerArns=[id])["Listeners"][0]
        certificates = listener.get("Certificates") or [{}]
        return {
            "loadBalancerArn": listener["LoadBalancerArn"],
            "port": listener["Port"],
            "protocol": listener["Protocol"],
            "sslPolicy": listener.get("SslPolicy") if listener["Protocol"] == "HTTPS" else kept.get("sslPolicy"),
            "certificateArn": certificates[0].get("CertificateArn"),
            "arn": id,
            "tags": tags_of(call, id),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("elbv2").modify_listener(ListenerArn=id, **self._wire(new))
        retag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("elbv2").delete_listener(ListenerArn=id)

    def _wire(self, inputs: Props) -> Props:
        wire: Props = {
            "Protocol": inputs.get("protocol") or "HTTP",
            "Port": inputs["port"],
            "DefaultActions": [_action(action) for action in inputs["defaultActions"]],
        }
        if inputs.get("certificateArn"):
            wire["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
        if inputs.get("sslPolicy"):
            wire["SslPolicy"] = inputs["sslPolicy"]
        return wire


@register
class ListenerRule(Shadowed):
    type = "aws:lb/listenerRule:ListenerRule"
    inputs = frozenset({"listenerArn", "priority", "conditions", "actions", "tags"})
    replace_on = frozenset({"listenerArn"})

    def make(self, call: Call, inputs: Props) -> str:
        return call.client("elbv2").create_rule(
            ListenerArn=inputs["listenerArn"], Priority=inputs["priority"], **self._wire(inputs), **tagged(inputs)
        )["Rules"][0]["RuleArn"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        rule = call.client("elbv2").describe_rules(RuleArns=[id])["Rules"][0]
        listener = id.replace(":listener-rule/", ":listener/").rsplit("/", 1)[0]
        return {"listenerArn": listener, "priority": int(rule["Priority"]), "arn": id, "tags": tags_of(call, id)}

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("elbv2")
        client.modify_rule(RuleArn=id, **self._wire(new))
        if old.get("priority") != new.get("priority"):
            client.set_rule_priorities(RulePriorities=[{"RuleArn": id, "Priority": new["priority"]}])
        retag(call, id, old, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("elbv2").delete_rule(RuleArn=id)

    def _wire(self, inputs: Props) -> Props:
        conditions: list[Props] = []
        for condition in inputs["conditions"]:
            if condition.get("pathPattern"):
                conditions.append({"Field": "path-pattern", "Values": condition["pathPattern"]["values"]})
            if condition.get("hostHeader"):
                conditions.append({"Field": "host-header", "Values": condition["hostHeader"]["values"]})
        return {"Conditions": conditions, "Actions": [_action(action) for action in inputs["actions"]]}
