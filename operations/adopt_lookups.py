"""How each type's resource is found in an account: by its physical name, or by what it belongs to.

Each lookup gives every id that fits, in the form `pulumi import` takes for the type (Pulumi registry, aws 7, section
"Import" of each resource). A text instead of a lookup says why the type is made anew rather than imported.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from operations.adopt import UNKNOWN, Absent, Lookup, Search, Wanted

ROUTE_TABLE_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
ALIAS = "aws:kms/alias:Alias"
REST_RESOURCE = "aws:apigateway/resource:Resource"
ALL_PORTS = "-1"


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """Every item of a list operation, over all its pages."""
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(key) or ()
    else:
        yield from getattr(client, operation)(**arguments).get(key) or ()


def filters(**values: str) -> list[dict[str, Any]]:
    """EC2 filters; `_` in a name stands for `-`, `__` for `.`."""
    return [{"Name": name.replace("__", ".").replace("_", "-"), "Values": [value]} for name, value in values.items()]


def called(wanted: Wanted, items: Iterable[Any], tags: str = "Tags") -> list[Any]:
    """The items with the wanted `Name` tag; all of them when none has it, for other tools tag otherwise."""
    candidates = list(items)
    name = (wanted.inputs.get("tags") or {}).get("Name")
    named = [
        item for item in candidates if any(tag["Key"] == "Name" and tag["Value"] == name for tag in item.get(tags, ()))
    ]
    return named or candidates


# Network


def vpc(search: Search, wanted: Wanted) -> Iterable[str]:
    found = search.client("ec2", wanted).describe_vpcs(Filters=filters(cidr=wanted.inputs["cidrBlock"]))["Vpcs"]
    return [each["VpcId"] for each in called(wanted, (one for one in found if not one["IsDefault"]))]


def subnet(search: Search, wanted: Wanted) -> Iterable[str]:
    place = filters(vpc_id=search.reference(wanted, "vpcId"), cidr_block=wanted.inputs["cidrBlock"])
    return [each["SubnetId"] for each in search.client("ec2", wanted).describe_subnets(Filters=place)["Subnets"]]


def internet_gateway(search: Search, wanted: Wanted) -> Iterable[str]:
    attached = filters(attachment__vpc_id=search.reference(wanted, "vpcId"))
    found = search.client("ec2", wanted).describe_internet_gateways(Filters=attached)["InternetGateways"]
    return [each["InternetGatewayId"] for each in found]


def _nat_gateways(search: Search, wanted: Wanted) -> list[Any]:
    place = filters(subnet_id=search.reference(wanted, "subnetId"), state="available")
    return called(wanted, search.client("ec2", wanted).describe_nat_gateways(Filters=place)["NatGateways"])


def nat_gateway(search: Search, wanted: Wanted) -> Iterable[str]:
    return [each["NatGatewayId"] for each in _nat_gateways(search, wanted)]


def address(search: Search, wanted: Wanted) -> Iterable[str]:
    """The address of the NAT gateway that would get this one; else the one with its name."""
    through = [
        held["AllocationId"]
        for gateway in search.pointing_at(wanted, NAT_GATEWAY, "allocationId")
        for found in _nat_gateways(search, gateway)
        for held in found["NatGatewayAddresses"]
    ]
    if through:
        return through
    name = (wanted.inputs.get("tags") or {}).get("Name", "")
    named = search.client("ec2", wanted).describe_addresses(Filters=[{"Name": "tag:Name", "Values": [name]}])
    return [each["AllocationId"] for each in named["Addresses"]]


def route_table(search: Search, wanted: Wanted) -> Iterable[str]:
    """The table of the subnets that would get this one; else the one with its name."""
    client = search.client("ec2", wanted)
    place = search.reference(wanted, "vpcId")
    subnets = [
        search.reference(each, "subnetId")
        for each in search.pointing_at(wanted, ROUTE_TABLE_ASSOCIATION, "routeTableId")
    ]
    tables = client.describe_route_tables(Filters=filters(vpc_id=place))["RouteTables"]
    joined = [
        table["RouteTableId"]
        for table in tables
        if any(held.get("SubnetId") in subnets for held in table["Associations"] if not held.get("Main"))
    ]
    if joined:
        return joined
    name = (wanted.inputs.get("tags") or {}).get("Name")
    return [t["RouteTableId"] for t in tables if {"Key": "Name", "Value": name} in t.get("Tags", ())]


def route(search: Search, wanted: Wanted) -> Iterable[str]:
    table, cidr = search.reference(wanted, "routeTableId"), wanted.inputs.get("destinationCidrBlock")
    found = search.client("ec2", wanted).describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return [f"{table}_{cidr}" for each in found if each.get("DestinationCidrBlock") == cidr]


def route_table_association(search: Search, wanted: Wanted) -> Iterable[str]:
    table, place = search.reference(wanted, "routeTableId"), search.reference(wanted, "subnetId")
    found = search.client("ec2", wanted).describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Associations"]
    return [f"{place}/{table}" for each in found if each.get("SubnetId") == place]


def network_acl(search: Search, wanted: Wanted) -> Iterable[str]:
    """The list of the subnets that would get this one, unless that is the VPC's own."""
    place = [{"Name": "association.subnet-id", "Values": search.references(wanted, "subnetIds")}]
    found = search.client("ec2", wanted).describe_network_acls(Filters=place)["NetworkAcls"]
    return [each["NetworkAclId"] for each in found if not each["IsDefault"]]


def vpc_endpoint(search: Search, wanted: Wanted) -> Iterable[str]:
    place = filters(vpc_id=search.reference(wanted, "vpcId"), service_name=wanted.inputs["serviceName"])
    found = pages(search.client("ec2", wanted), "describe_vpc_endpoints", "VpcEndpoints", Filters=place)
    return [each["VpcEndpointId"] for each in found if each["State"].lower() in ("available", "pending")]


def flow_log(search: Search, wanted: Wanted) -> Iterable[str]:
    place = filters(resource_id=search.reference(wanted, "vpcId"))
    found = pages(search.client("ec2", wanted), "describe_flow_logs", "FlowLogs", Filters=place)
    return [each["FlowLogId"] for each in called(wanted, found)]


def security_group(search: Search, wanted: Wanted) -> Iterable[str]:
    place = filters(vpc_id=search.reference(wanted, "vpcId"), group_name=wanted.inputs["name"])
    found = search.client("ec2", wanted).describe_security_groups(Filters=place)["SecurityGroups"]
    return [each["GroupId"] for each in found]


def security_group_rule(*, egress: bool) -> Lookup:
    def look_up(search: Search, wanted: Wanted) -> Iterable[str]:
        group = filters(group_id=search.reference(wanted, "securityGroupId"))
        peer = _peer(search, wanted)
        protocol = str(wanted.inputs["ipProtocol"])
        found = pages(
            search.client("ec2", wanted), "describe_security_group_rules", "SecurityGroupRules", Filters=group
        )
        return [
            rule["SecurityGroupRuleId"]
            for rule in found
            if rule["IsEgress"] is egress
            and rule["IpProtocol"] == protocol
            and (protocol == ALL_PORTS or _ports(rule) == (wanted.inputs.get("fromPort"), wanted.inputs.get("toPort")))
            and _peer_of(rule) == peer
        ]

    return look_up


def _ports(rule: Any) -> tuple[Any, Any]:
    return rule.get("FromPort"), rule.get("ToPort")


def _peer(search: Search, wanted: Wanted) -> str:
    for name in ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"):
        if name == "prefixListId" and wanted.inputs.get(name) == UNKNOWN:
            return _prefix_list(search, wanted)
        if wanted.inputs.get(name):
            return search.reference(wanted, name)
    raise Absent("its peer is not known")


def _prefix_list(search: Search, wanted: Wanted) -> str:
    """The prefix list of the gateway endpoint that the rule takes it from."""
    for id in search.references(wanted, "prefixListId"):
        client = search.client("ec2", wanted)
        service = client.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"][0]["ServiceName"]
        for each in pages(client, "describe_prefix_lists", "PrefixLists", Filters=filters(prefix_list_name=service)):
            return each["PrefixListId"]
    raise Absent("its prefix list is not there")


def _peer_of(rule: Any) -> str | None:
    group = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    return rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or group


def rules_exclusive(search: Search, wanted: Wanted) -> Iterable[str]:
    return search.references(wanted, "securityGroupId")


# Keys, identity, secrets


def key(search: Search, wanted: Wanted) -> Iterable[str]:
    """The key behind the alias that would point at this one."""
    aliases = {each.inputs["name"] for each in search.pointing_at(wanted, ALIAS, "targetKeyId")}
    held = pages(search.client("kms", wanted), "list_aliases", "Aliases")
    return [each["TargetKeyId"] for each in held if each["AliasName"] in aliases and each.get("TargetKeyId")]


def alias(search: Search, wanted: Wanted) -> Iterable[str]:
    held = pages(search.client("kms", wanted), "list_aliases", "Aliases")
    return [each["AliasName"] for each in held if each["AliasName"] == wanted.inputs["name"]]


def role_policy(search: Search, wanted: Wanted) -> Iterable[str]:
    role, name = search.reference(wanted, "role"), wanted.inputs["name"]
    search.client("iam", wanted).get_role_policy(RoleName=role, PolicyName=name)
    return [f"{role}:{name}"]


def role_policy_attachment(search: Search, wanted: Wanted) -> Iterable[str]:
    role, policy = search.reference(wanted, "role"), search.reference(wanted, "policyArn")
    held = pages(search.client("iam", wanted), "list_attached_role_policies", "AttachedPolicies", RoleName=role)
    return [f"{role}/{policy}" for each in held if each["PolicyArn"] == policy]


def policy(search: Search, wanted: Wanted) -> Iterable[str]:
    held = pages(search.client("iam", wanted), "list_policies", "Policies", Scope="Local")
    return [each["Arn"] for each in held if each["PolicyName"] == wanted.inputs["name"]]


def oidc_provider(search: Search, wanted: Wanted) -> Iterable[str]:
    host = wanted.inputs["url"].removeprefix("https://").rstrip("/")
    held = search.client("iam", wanted).list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return [each["Arn"] for each in held if each["Arn"].endswith(f":oidc-provider/{host}")]


# Storage


def bucket_part(operation: str, answer: str | None = None) -> Lookup:
    """A setting of a bucket, imported by the bucket's name where the bucket has it."""

    def look_up(search: Search, wanted: Wanted) -> Iterable[str]:
        name = search.reference(wanted, "bucket")
        held = getattr(search.client("s3", wanted), operation)(Bucket=name)
        return [name] if answer is None or held.get(answer) else []

    return look_up


# Databases, caches


def automated_backups(search: Search, wanted: Wanted) -> Iterable[str]:
    source = search.reference(wanted, "sourceDbInstanceArn").rsplit(":", 1)[-1]
    held = pages(search.client("rds", wanted), "describe_db_instance_automated_backups", "DBInstanceAutomatedBackups")
    return [each["DBInstanceAutomatedBackupsArn"] for each in held if each["DBInstanceIdentifier"] == source]


# Load balancing, services


def target_group(search: Search, wanted: Wanted) -> Iterable[str]:
    found = search.client("elbv2", wanted).describe_target_groups(Names=[wanted.inputs["name"]])["TargetGroups"]
    return [each["TargetGroupArn"] for each in found]


def listener(search: Search, wanted: Wanted) -> Iterable[str]:
    balancer = search.reference(wanted, "loadBalancerArn")
    found = pages(search.client("elbv2", wanted), "describe_listeners", "Listeners", LoadBalancerArn=balancer)
    return [each["ListenerArn"] for each in found if each["Port"] == wanted.inputs["port"]]


def listener_rule(search: Search, wanted: Wanted) -> Iterable[str]:
    above = search.reference(wanted, "listenerArn")
    found = search.client("elbv2", wanted).describe_rules(ListenerArn=above)["Rules"]
    return [each["RuleArn"] for each in found if each["Priority"] == str(wanted.inputs["priority"])]


def cluster(search: Search, wanted: Wanted) -> Iterable[str]:
    found = search.client("ecs", wanted).describe_clusters(clusters=[wanted.inputs["name"]])["clusters"]
    return [each["clusterName"] for each in found if each["status"] == "ACTIVE"]


def service(search: Search, wanted: Wanted) -> Iterable[str]:
    above, name = search.reference(wanted, "cluster").rsplit("/", 1)[-1], wanted.inputs["name"]
    found = search.client("ecs", wanted).describe_services(cluster=above, services=[name])["services"]
    return [f"{above}/{name}" for each in found if each["status"] == "ACTIVE"]


def scalable_target(search: Search, wanted: Wanted) -> Iterable[str]:
    namespace, resource = wanted.inputs["serviceNamespace"], search.reference(wanted, "resourceId")
    found = search.client("application-autoscaling", wanted).describe_scalable_targets(
        ServiceNamespace=namespace, ResourceIds=[resource], ScalableDimension=wanted.inputs["scalableDimension"]
    )["ScalableTargets"]
    return [f"{namespace}/{resource}/{each['ScalableDimension']}" for each in found]


def scaling_policy(search: Search, wanted: Wanted) -> Iterable[str]:
    namespace, name = wanted.inputs["serviceNamespace"], wanted.inputs["name"]
    found = search.client("application-autoscaling", wanted).describe_scaling_policies(
        ServiceNamespace=namespace, PolicyNames=[name]
    )["ScalingPolicies"]
    return [f"{namespace}/{each['ResourceId']}/{each['ScalableDimension']}/{name}" for each in found]


# Edge


def distribution(search: Search, wanted: Wanted) -> Iterable[str]:
    """The distribution with one of the domain names; without names of its own, the one with the same comment."""
    held = search.client("cloudfront", wanted).list_distributions()["DistributionList"].get("Items") or ()
    names = set(wanted.inputs.get("aliases") or ())
    comment = wanted.inputs.get("comment")
    if names:
        return [each["Id"] for each in held if names & set((each.get("Aliases") or {}).get("Items") or ())]
    return [each["Id"] for each in held if comment and each.get("Comment") == comment]


def cdn_part(operation: str, listing: str, summary: str | None = None, config: str | None = None) -> Lookup:
    """A part of CloudFront's, found by its name in a list that wraps its items."""

    def look_up(search: Search, wanted: Wanted) -> Iterable[str]:
        for each in getattr(search.client("cloudfront", wanted), operation)()[listing].get("Items") or ():
            item = each[summary] if summary else each
            named = item[config] if config else item
            if named["Name"] == wanted.inputs["name"]:
                yield item["Id"]

    return look_up


def certificate(search: Search, wanted: Wanted) -> Iterable[str]:
    held = pages(search.client("acm", wanted), "list_certificates", "CertificateSummaryList")
    return [each["CertificateArn"] for each in held if each["DomainName"] == wanted.inputs["domainName"]]


def zone(search: Search, wanted: Wanted) -> Iterable[str]:
    held = pages(search.client("route53", wanted), "list_hosted_zones", "HostedZones")
    private = bool(wanted.inputs.get("vpcs"))
    return [
        each["Id"].rsplit("/", 1)[-1]
        for each in held
        if each["Name"].rstrip(".") == wanted.inputs["name"].rstrip(".")
        and each.get("Config", {}).get("PrivateZone", False) is private
    ]


def record(search: Search, wanted: Wanted) -> Iterable[str]:
    place, name, kind = search.reference(wanted, "zoneId"), wanted.inputs["name"], wanted.inputs["type"]
    of_set = wanted.inputs.get("setIdentifier")
    held = pages(
        search.client("route53", wanted), "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=place
    )
    return [
        "_".join(filter(None, (place, name, kind, of_set)))
        for each in held
        if each["Name"].rstrip(".") == name.rstrip(".") and each["Type"] == kind and each.get("SetIdentifier") == of_set
    ]


def web_acl(search: Search, wanted: Wanted) -> Iterable[str]:
    scope, name = wanted.inputs["scope"], wanted.inputs["name"]
    held = search.client("wafv2", wanted).list_web_acls(Scope=scope)["WebACLs"]
    return [f"{each['Id']}/{name}/{scope}" for each in held if each["Name"] == name]


def ip_set(search: Search, wanted: Wanted) -> Iterable[str]:
    scope, name = wanted.inputs["scope"], wanted.inputs["name"]
    held = search.client("wafv2", wanted).list_ip_sets(Scope=scope)["IPSets"]
    return [f"{each['Id']}/{name}/{scope}" for each in held if each["Name"] == name]


def cloud_map_namespace(search: Search, wanted: Wanted) -> Iterable[str]:
    """A namespace is imported with its VPC, which AWS does not tell."""
    vpc = search.reference(wanted, "vpc")
    held = pages(search.client("servicediscovery", wanted), "list_namespaces", "Namespaces")
    return [f"{each['Id']}:{vpc}" for each in held if each["Name"] == wanted.inputs["name"]]


# Watching


def sampling_rule(search: Search, wanted: Wanted) -> Iterable[str]:
    held = pages(search.client("xray", wanted), "get_sampling_rules", "SamplingRuleRecords")
    names = [each["SamplingRule"]["RuleName"] for each in held]
    return [name for name in names if name == wanted.inputs["ruleName"]]


def metric_filter(search: Search, wanted: Wanted) -> Iterable[str]:
    group, name = search.reference(wanted, "logGroupName"), wanted.inputs["name"]
    held = pages(search.client("logs", wanted), "describe_metric_filters", "metricFilters", logGroupName=group)
    return [f"{group}:{name}" for each in held if each["filterName"] == name]


def dashboard(search: Search, wanted: Wanted) -> Iterable[str]:
    name = wanted.inputs["dashboardName"]
    search.client("cloudwatch", wanted).get_dashboard(DashboardName=name)
    return [name]


def alarm(kind: str) -> Lookup:
    def look_up(search: Search, wanted: Wanted) -> Iterable[str]:
        name = wanted.inputs.get("name") or wanted.inputs.get("alarmName")
        return [
            each["AlarmName"] for each in search.client("cloudwatch", wanted).describe_alarms(AlarmNames=[name])[kind]
        ]

    return look_up


def topic(search: Search, wanted: Wanted) -> Iterable[str]:
    held = pages(search.client("sns", wanted), "list_topics", "Topics")
    return [each["TopicArn"] for each in held if each["TopicArn"].rsplit(":", 1)[-1] == wanted.inputs["name"]]


def subscription(search: Search, wanted: Wanted) -> Iterable[str]:
    """A confirmed subscription; a pending one has no ARN yet, and is asked for again."""
    above = search.reference(wanted, "topic")
    held = pages(search.client("sns", wanted), "list_subscriptions_by_topic", "Subscriptions", TopicArn=above)
    wish = (wanted.inputs["protocol"], search.reference(wanted, "endpoint"))
    return [
        each["SubscriptionArn"]
        for each in held
        if (each["Protocol"], each["Endpoint"]) == wish and each["SubscriptionArn"].startswith("arn:")
    ]


def trail(search: Search, wanted: Wanted) -> Iterable[str]:
    held = search.client("cloudtrail", wanted).describe_trails(trailNameList=[wanted.inputs["name"]])["trailList"]
    return [each["TrailARN"] for each in held]


# Recovery


def backup_plan(search: Search, wanted: Wanted) -> Iterable[str]:
    held = pages(search.client("backup", wanted), "list_backup_plans", "BackupPlansList")
    return [each["BackupPlanId"] for each in held if each["BackupPlanName"] == wanted.inputs["name"]]


def backup_selection(search: Search, wanted: Wanted) -> Iterable[str]:
    plan = search.reference(wanted, "planId")
    held = pages(search.client("backup", wanted), "list_backup_selections", "BackupSelectionsList", BackupPlanId=plan)
    return [f"{plan}|{each['SelectionId']}" for each in held if each["SelectionName"] == wanted.inputs["name"]]


# Sign-in, functions, APIs


def user_pool_client(search: Search, wanted: Wanted) -> Iterable[str]:
    pool = search.reference(wanted, "userPoolId")
    held = pages(search.client("cognito-idp", wanted), "list_user_pool_clients", "UserPoolClients", UserPoolId=pool)
    return [f"{pool}/{each['ClientId']}" for each in held if each["ClientName"] == wanted.inputs["name"]]


def identity_pool(search: Search, wanted: Wanted) -> Iterable[str]:
    held = pages(search.client("cognito-identity", wanted), "list_identity_pools", "IdentityPools", MaxResults=60)
    return [each["IdentityPoolId"] for each in held if each["IdentityPoolName"] == wanted.inputs["identityPoolName"]]


def rest_stage(search: Search, wanted: Wanted) -> Iterable[str]:
    api, name = search.reference(wanted, "restApi"), wanted.inputs["stageName"]
    search.client("apigateway", wanted).get_stage(restApiId=api, stageName=name)
    return [f"{api}/{name}"]


def _rest_resource(search: Search, wanted: Wanted, name: str) -> tuple[str, str]:
    """(API, resource) ids behind an input that says where in an API something is: a resource, or the API's root."""
    api = search.reference(wanted, "restApi")
    path = _rest_path(search, wanted, name)
    held = pages(search.client("apigateway", wanted), "get_resources", "items", restApiId=api)
    for each in held:
        if each["path"] == path:
            return api, each["id"]
    raise Absent(f"its API has no {path}")


def _rest_path(search: Search, wanted: Wanted, name: str) -> str:
    for source in search.sources(wanted, name):
        if source.type == REST_RESOURCE:
            return f"{_rest_path(search, source, 'parentId').rstrip('/')}/{source.inputs['pathPart']}"
    return "/"


def rest_resource(search: Search, wanted: Wanted) -> Iterable[str]:
    api = search.reference(wanted, "restApi")
    path = f"{_rest_path(search, wanted, 'parentId').rstrip('/')}/{wanted.inputs['pathPart']}"
    held = pages(search.client("apigateway", wanted), "get_resources", "items", restApiId=api)
    return [f"{api}/{each['id']}" for each in held if each["path"] == path]


def rest_method(operation: str, *, with_status: bool = False) -> Lookup:
    def look_up(search: Search, wanted: Wanted) -> Iterable[str]:
        api, resource = _rest_resource(search, wanted, "resourceId")
        method, status = search.reference(wanted, "httpMethod"), wanted.inputs.get("statusCode")
        asked = {"restApiId": api, "resourceId": resource, "httpMethod": method.rsplit("/", 1)[-1]}
        if with_status:
            asked["statusCode"] = str(status)
        getattr(search.client("apigateway", wanted), operation)(**asked)
        return ["/".join(asked.values())]

    return look_up


def rest_validator(search: Search, wanted: Wanted) -> Iterable[str]:
    api = search.reference(wanted, "restApi")
    held = pages(search.client("apigateway", wanted), "get_request_validators", "items", restApiId=api)
    return [f"{api}/{each['id']}" for each in held if each["name"] == wanted.inputs["name"]]


def gateway_response(search: Search, wanted: Wanted) -> Iterable[str]:
    api, kind = search.reference(wanted, "restApiId"), wanted.inputs["responseType"]
    held = search.client("apigateway", wanted).get_gateway_response(restApiId=api, responseType=kind)
    return [] if held.get("defaultResponse") else [f"{api}/{kind}"]


def method_settings(search: Search, wanted: Wanted) -> Iterable[str]:
    api, stage = search.reference(wanted, "restApi"), wanted.inputs["stageName"]
    path = wanted.inputs["methodPath"]
    held = search.client("apigateway", wanted).get_stage(restApiId=api, stageName=stage).get("methodSettings", {})
    return [f"{api}/{stage}/{path}"] if path in held else []


def api_account(search: Search, wanted: Wanted) -> Iterable[str]:
    held = search.client("apigateway", wanted).get_account()
    return ["api-gateway-account"] if held.get("cloudwatchRoleArn") else []


def base_path_mapping(search: Search, wanted: Wanted) -> Iterable[str]:
    domain, path = search.reference(wanted, "domainName"), wanted.inputs.get("basePath") or ""
    search.client("apigateway", wanted).get_base_path_mapping(domainName=domain, basePath=path or "(none)")
    return [f"{domain}/{path}"]


def function_permission(search: Search, wanted: Wanted) -> Iterable[str]:
    """A permission by its statement id; one without gets a new name, and stays beside the old one."""
    function, sid = search.reference(wanted, "function"), wanted.inputs.get("statementId")
    held = json.loads(search.client("lambda", wanted).get_policy(FunctionName=function)["Policy"])["Statement"]
    return [f"{function}/{sid}" for each in held if each["Sid"] == sid]


def rest_authorizer(search: Search, wanted: Wanted) -> Iterable[str]:
    api = search.reference(wanted, "restApi")
    held = pages(search.client("apigateway", wanted), "get_authorizers", "items", restApiId=api)
    return [f"{api}/{each['id']}" for each in held if each["name"] == wanted.inputs["name"]]


# Detection, costs, events


def budget(search: Search, wanted: Wanted) -> Iterable[str]:
    account, name = search.account, wanted.inputs["name"]
    held = pages(search.client("budgets", wanted), "describe_budgets", "Budgets", AccountId=account)
    return [f"{account}:{name}" for each in held if each["BudgetName"] == name]


def detector(search: Search, wanted: Wanted) -> Iterable[str]:
    return search.client("guardduty", wanted).list_detectors()["DetectorIds"]


def security_hub(search: Search, wanted: Wanted) -> Iterable[str]:
    return [search.client("securityhub", wanted).describe_hub()["HubArn"].split(":")[4]]


def event_target(search: Search, wanted: Wanted) -> Iterable[str]:
    rule = search.reference(wanted, "rule")
    held = pages(search.client("events", wanted), "list_targets_by_rule", "Targets", Rule=rule)
    return [f"{rule}/{each['Id']}" for each in held if each["Id"] == wanted.inputs.get("targetId")]


def query_definition(search: Search, wanted: Wanted) -> Iterable[str]:
    """A saved query, imported by an ARN that nobody else uses (Pulumi registry, aws.cloudwatch.QueryDefinition)."""
    held = pages(search.client("logs", wanted), "describe_query_definitions", "queryDefinitions")
    place = f"arn:aws:logs:{wanted.region}:{search.account}:query-definition"
    return [f"{place}:{each['queryDefinitionId']}" for each in held if each["name"] == wanted.inputs["name"]]


def health_check(search: Search, wanted: Wanted) -> Iterable[str]:
    """A check of the same address, path and kind."""
    wish = [wanted.inputs.get(name) for name in ("type", "fqdn", "port", "resourcePath")]
    for each in pages(search.client("route53", wanted), "list_health_checks", "HealthChecks"):
        held = each["HealthCheckConfig"]
        if [held.get(name) for name in ("Type", "FullyQualifiedDomainName", "Port", "ResourcePath")] == wish:
            yield each["Id"]


def autoscaling_policy(search: Search, wanted: Wanted) -> Iterable[str]:
    group, name = search.reference(wanted, "autoscalingGroupName"), search.reference(wanted, "name")
    held = pages(
        search.client("autoscaling", wanted), "describe_policies", "ScalingPolicies", AutoScalingGroupName=group
    )
    return [f"{group}/{name}" for each in held if each["PolicyName"] == name]


def deployment_group(search: Search, wanted: Wanted) -> Iterable[str]:
    application, name = search.reference(wanted, "appName"), search.reference(wanted, "deploymentGroupName")
    client = search.client("codedeploy", wanted)
    held = pages(client, "list_deployment_groups", "deploymentGroups", applicationName=application)
    return [f"{application}:{name}" for each in held if each == name]


def instance(search: Search, wanted: Wanted) -> Iterable[str]:
    name = (wanted.inputs.get("tags") or {}).get("Name", "")
    client = search.client("ec2", wanted)
    named = [
        {"Name": "tag:Name", "Values": [name]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    for reservation in pages(client, "describe_instances", "Reservations", Filters=named):
        yield from (each["InstanceId"] for each in reservation["Instances"])


def scaling_role(search: Search, wanted: Wanted) -> Iterable[str]:
    """A service's role, of one suffix (IAM User Guide, "Create a service-linked role")."""
    path = f"/aws-service-role/{wanted.inputs['awsServiceName']}/"
    suffix = wanted.inputs.get("customSuffix")
    for each in pages(search.client("iam", wanted), "list_roles", "Roles", PathPrefix=path):
        if suffix is None or each["RoleName"].endswith(f"_{suffix}"):
            yield each["Arn"]


def schedule(search: Search, wanted: Wanted) -> Iterable[str]:
    group, name = wanted.inputs.get("groupName") or "default", search.reference(wanted, "name")
    search.client("scheduler", wanted).get_schedule(GroupName=group, Name=name)
    return [f"{group}/{name}"]


# Types whose name is all it takes


def named(
    service_name: str,
    operation: str,
    key: str,
    name: str,
    *,
    by: str = "name",
    id: str | None = None,
    ask: Callable[[str], dict[str, Any]] | None = None,
) -> Lookup:
    """Items of a list operation whose `name` is the input `by`; `id` is imported (default: the name).

    ask: arguments of the operation for a name; where AWS answers "not found", nothing is there.
    """

    def look_up(search: Search, wanted: Wanted) -> Iterable[str]:
        value = search.reference(wanted, by)
        arguments = ask(value) if ask else {}
        for item in pages(search.client(service_name, wanted), operation, key, **arguments):
            if item[name] == value:
                yield item[id or name]

    return look_up


def answered(service_name: str, operation: str, argument: str, *, by: str = "name", path: str | None = None) -> Lookup:
    """The input `by` itself (or what `path`, names parted by dots, gives) where AWS answers a question about it."""

    def look_up(search: Search, wanted: Wanted) -> Iterable[str]:
        value = search.reference(wanted, by)
        answer = getattr(search.client(service_name, wanted), operation)(**{argument: value})
        for part in path.split(".") if path else ():
            answer = answer[part]
        return [str(answer)] if path else [value]

    return look_up


def above(by: str) -> Lookup:
    """Imported by the id of the resource it belongs to."""

    def look_up(search: Search, wanted: Wanted) -> Iterable[str]:
        return [search.reference(wanted, by)]

    return look_up


_SAME = "set again to the same"
_NEW_SECRET = "its value is generated: the first `up` writes the new one"  # noqa: S105

_OWN = "taking it over empties it; an import would keep what is in it"

LOOKUPS: dict[str, Lookup | str] = {
    "aws:accessanalyzer/analyzer:Analyzer": named(
        "accessanalyzer", "list_analyzers", "analyzers", "name", by="analyzerName"
    ),
    "aws:acm/certificate:Certificate": certificate,
    "aws:acm/certificateValidation:CertificateValidation": "it only waits; there is nothing to import",
    "aws:apigateway/account:Account": api_account,
    "aws:apigateway/authorizer:Authorizer": rest_authorizer,
    "aws:apigateway/basePathMapping:BasePathMapping": base_path_mapping,
    "aws:apigateway/deployment:Deployment": "a new deployment is made of the API as it is",
    "aws:apigateway/domainName:DomainName": answered("apigateway", "get_domain_name", "domainName", by="domainName"),
    "aws:apigateway/integration:Integration": rest_method("get_integration"),
    "aws:apigateway/integrationResponse:IntegrationResponse": rest_method(
        "get_integration_response", with_status=True
    ),
    "aws:apigateway/method:Method": rest_method("get_method"),
    "aws:apigateway/methodResponse:MethodResponse": rest_method("get_method_response", with_status=True),
    "aws:apigateway/methodSettings:MethodSettings": method_settings,
    "aws:apigateway/requestValidator:RequestValidator": rest_validator,
    "aws:apigateway/resource:Resource": rest_resource,
    "aws:apigateway/response:Response": gateway_response,
    "aws:apigateway/restApi:RestApi": named("apigateway", "get_rest_apis", "items", "name", id="id"),
    "aws:apigateway/stage:Stage": rest_stage,
    "aws:appautoscaling/policy:Policy": scaling_policy,
    "aws:appautoscaling/target:Target": scalable_target,
    "aws:autoscaling/group:Group": named(
        "autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName",
        ask=lambda name: {"AutoScalingGroupNames": [name]},
    ),
    "aws:autoscaling/policy:Policy": autoscaling_policy,
    "aws:backup/plan:Plan": backup_plan,
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": "it holds no data: the new one tests the same backups",
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": "it goes with its plan, which is made anew",
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": _SAME,
    "aws:backup/selection:Selection": backup_selection,
    "aws:backup/vault:Vault": named("backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    "aws:backup/vaultPolicy:VaultPolicy": answered(
        "backup", "get_backup_vault_access_policy", "BackupVaultName", by="backupVaultName"
    ),
    "aws:budgets/budget:Budget": budget,
    "aws:cfg/deliveryChannel:DeliveryChannel": named(
        "config", "describe_delivery_channels", "DeliveryChannels", "name"
    ),
    "aws:cfg/recorder:Recorder": named("config", "describe_configuration_recorders", "ConfigurationRecorders", "name"),
    "aws:cfg/recorderStatus:RecorderStatus": named(
        "config", "describe_configuration_recorder_status", "ConfigurationRecordersStatus", "name"
    ),
    "aws:cfg/rule:Rule": named("config", "describe_config_rules", "ConfigRules", "ConfigRuleName"),
    "aws:cloudfront/cachePolicy:CachePolicy": cdn_part(
        "list_cache_policies", "CachePolicyList", "CachePolicy", "CachePolicyConfig"
    ),
    "aws:cloudfront/distribution:Distribution": distribution,
    "aws:cloudfront/keyGroup:KeyGroup": cdn_part("list_key_groups", "KeyGroupList", "KeyGroup", "KeyGroupConfig"),
    "aws:cloudfront/originAccessControl:OriginAccessControl": cdn_part(
        "list_origin_access_controls", "OriginAccessControlList"
    ),
    "aws:cloudfront/publicKey:PublicKey": cdn_part("list_public_keys", "PublicKeyList"),
    "aws:cloudtrail/trail:Trail": trail,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": alarm("CompositeAlarms"),
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/eventRule:EventRule": answered("events", "describe_rule", "Name"),
    "aws:cloudwatch/eventTarget:EventTarget": event_target,
    "aws:cloudwatch/logDelivery:LogDelivery": named(
        "logs", "describe_deliveries", "deliveries", "deliverySourceName", by="deliverySourceName", id="id"
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": named(
        "logs", "describe_delivery_destinations", "deliveryDestinations", "name"
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": named(
        "logs", "describe_delivery_sources", "deliverySources", "name"
    ),
    "aws:cloudwatch/logGroup:LogGroup": named(
        "logs", "describe_log_groups", "logGroups", "logGroupName", ask=lambda name: {"logGroupNamePrefix": name}
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": metric_filter,
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": named(
        "logs", "describe_resource_policies", "resourcePolicies", "policyName", by="policyName"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm("MetricAlarms"),
    "aws:cloudwatch/queryDefinition:QueryDefinition": query_definition,
    "aws:codedeploy/application:Application": answered("codedeploy", "get_application", "applicationName"),
    "aws:codedeploy/deploymentGroup:DeploymentGroup": deployment_group,
    "aws:cognito/identityPool:IdentityPool": identity_pool,
    "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment": above("identityPoolId"),
    "aws:cognito/userPool:UserPool": named(
        "cognito-idp", "list_user_pools", "UserPools", "Name", id="Id", ask=lambda _: {"MaxResults": 60}
    ),
    "aws:cognito/userPoolClient:UserPoolClient": user_pool_client,
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": named(
        "ce", "get_anomaly_monitors", "AnomalyMonitors", "MonitorName", id="MonitorArn"
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": named(
        "ce", "get_anomaly_subscriptions", "AnomalySubscriptions", "SubscriptionName", id="SubscriptionArn"
    ),
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": _OWN,
    "aws:ec2/defaultRouteTable:DefaultRouteTable": _OWN,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _OWN,
    "aws:ec2/eip:Eip": address,
    "aws:ec2/flowLog:FlowLog": flow_log,
    "aws:ec2/instance:Instance": instance,
    "aws:ec2/internetGateway:InternetGateway": internet_gateway,
    "aws:ec2/keyPair:KeyPair": named("ec2", "describe_key_pairs", "KeyPairs", "KeyName", by="keyName"),
    "aws:ec2/launchTemplate:LaunchTemplate": named(
        "ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateName", id="LaunchTemplateId"
    ),
    "aws:ec2/natGateway:NatGateway": nat_gateway,
    "aws:ec2/networkAcl:NetworkAcl": network_acl,
    "aws:ec2/route:Route": route,
    "aws:ec2/routeTable:RouteTable": route_table,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": route_table_association,
    "aws:ec2/securityGroup:SecurityGroup": security_group,
    "aws:ec2/subnet:Subnet": subnet,
    "aws:ec2/vpc:Vpc": vpc,
    "aws:ec2/vpcEndpoint:VpcEndpoint": vpc_endpoint,
    "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive": rules_exclusive,
    "aws:ec2clientvpn/authorizationRule:AuthorizationRule": "goes with its endpoint, which is made anew",
    "aws:ec2clientvpn/endpoint:Endpoint": "has no name to be found by: import it by hand, or give people the new one",
    "aws:ec2clientvpn/networkAssociation:NetworkAssociation": "goes with its endpoint, which is made anew",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": answered(
        "ecr", "get_lifecycle_policy", "repositoryName", by="repository"
    ),
    "aws:ecr/repository:Repository": named(
        "ecr", "describe_repositories", "repositories", "repositoryName", ask=lambda name: {"repositoryNames": [name]}
    ),
    "aws:ecs/cluster:Cluster": cluster,
    "aws:ecs/service:Service": service,
    "aws:ecs/taskDefinition:TaskDefinition": "a new revision is registered, and the service moves to it",
    "aws:elasticache/parameterGroup:ParameterGroup": named(
        "elasticache", "describe_cache_parameter_groups", "CacheParameterGroups", "CacheParameterGroupName",
        ask=lambda name: {"CacheParameterGroupName": name},
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": named(
        "elasticache", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId",
        by="replicationGroupId", ask=lambda name: {"ReplicationGroupId": name},
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": named(
        "elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName",
        ask=lambda name: {"CacheSubnetGroupName": name},
    ),
    "aws:guardduty/detector:Detector": detector,
    "aws:guardduty/detectorFeature:DetectorFeature": _SAME,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": oidc_provider,
    "aws:iam/instanceProfile:InstanceProfile": answered("iam", "get_instance_profile", "InstanceProfileName"),
    "aws:iam/policy:Policy": policy,
    "aws:iam/role:Role": answered("iam", "get_role", "RoleName"),
    "aws:iam/rolePolicy:RolePolicy": role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": role_policy_attachment,
    "aws:kms/alias:Alias": alias,
    "aws:kms/key:Key": key,
    "aws:lambda/function:Function": answered("lambda", "get_function", "FunctionName"),
    "aws:lambda/permission:Permission": function_permission,
    "aws:lb/listener:Listener": listener,
    "aws:lb/listenerRule:ListenerRule": listener_rule,
    "aws:lb/loadBalancer:LoadBalancer": named(
        "elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName", id="LoadBalancerArn",
        ask=lambda name: {"Names": [name]},
    ),
    "aws:lb/targetGroup:TargetGroup": target_group,
    "aws:rds/cluster:Cluster": named(
        "rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier", by="clusterIdentifier",
        ask=lambda name: {"DBClusterIdentifier": name},
    ),
    "aws:rds/clusterInstance:ClusterInstance": named(
        "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier", by="identifier",
        ask=lambda name: {"DBInstanceIdentifier": name},
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": named(
        "rds", "describe_db_cluster_parameter_groups", "DBClusterParameterGroups", "DBClusterParameterGroupName",
        ask=lambda name: {"DBClusterParameterGroupName": name},
    ),
    "aws:rds/instance:Instance": named(
        "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier", by="identifier",
        ask=lambda name: {"DBInstanceIdentifier": name},
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": automated_backups,
    "aws:rds/parameterGroup:ParameterGroup": named(
        "rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName",
        ask=lambda name: {"DBParameterGroupName": name},
    ),
    "aws:rds/subnetGroup:SubnetGroup": named(
        "rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName",
        ask=lambda name: {"DBSubnetGroupName": name},
    ),
    "aws:route53/healthCheck:HealthCheck": health_check,
    "aws:route53/record:Record": record,
    "aws:route53/zone:Zone": zone,
    "aws:s3/bucket:Bucket": answered("s3", "head_bucket", "Bucket", by="bucket"),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": bucket_part("get_bucket_cors"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucket_part(
        "get_bucket_lifecycle_configuration"
    ),
    "aws:s3/bucketLogging:BucketLogging": bucket_part("get_bucket_logging", "LoggingEnabled"),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": bucket_part("get_object_lock_configuration"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": bucket_part("get_bucket_ownership_controls"),
    "aws:s3/bucketPolicy:BucketPolicy": bucket_part("get_bucket_policy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucket_part("get_public_access_block"),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": bucket_part("get_bucket_replication"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucket_part(
        "get_bucket_encryption"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": bucket_part("get_bucket_versioning", "Status"),
    "aws:secretsmanager/secret:Secret": answered("secretsmanager", "describe_secret", "SecretId", path="ARN"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": _SAME,
    "aws:secretsmanager/secretRotation:SecretRotation": _SAME,
    "aws:secretsmanager/secretVersion:SecretVersion": _NEW_SECRET,
    "aws:securityhub/account:Account": security_hub,
    "aws:securityhub/standardsSubscription:StandardsSubscription": named(
        "securityhub", "get_enabled_standards", "StandardsSubscriptions", "StandardsArn", by="standardsArn",
        id="StandardsSubscriptionArn",
    ),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": cloud_map_namespace,
    "aws:servicediscovery/service:Service": named("servicediscovery", "list_services", "Services", "Name", id="Id"),
    "aws:sns/topic:Topic": topic,
    "aws:sns/topicPolicy:TopicPolicy": above("arn"),
    "aws:sns/topicSubscription:TopicSubscription": subscription,
    "aws:sqs/queue:Queue": answered("sqs", "get_queue_url", "QueueName", path="QueueUrl"),
    "aws:sqs/queuePolicy:QueuePolicy": _SAME,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": security_group_rule(egress=True),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": security_group_rule(egress=False),
    "aws:wafv2/ipSet:IpSet": ip_set,
    "aws:wafv2/webAcl:WebAcl": web_acl,
    "aws:wafv2/webAclAssociation:WebAclAssociation": _SAME,
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": _SAME,
    "aws:xray/encryptionConfig:EncryptionConfig": _SAME,
    "aws:xray/group:Group": named("xray", "get_groups", "Groups", "GroupName", by="groupName", id="GroupARN"),
    "aws:xray/samplingRule:SamplingRule": sampling_rule,
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": scaling_role,
    "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration": _SAME,
    "aws:scheduler/schedule:Schedule": schedule,
}  # fmt: skip
