"""A program run to its end without the engine, against mocks that answer as AWS would, every registration kept.

`phi check` judges what it records; the unit tests look at it.
"""

# What the SDK hands to mocks carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pulumi
from pulumi.runtime import resource
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key  # pyright: ignore[reportPrivateUsage]
from pulumi.runtime.settings import reset_options
from pulumi.runtime.stack import run_pulumi_func

REGION = "ca-central-1"  # never us-east-1, so that a hard-coded region shows
ACCOUNT_ID = "111122223333"
KEY_OF_MANAGED = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/secrets"


Props = dict[str, Any]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it; `inputs` carry the wire's camelCase keys, secrets unwrapped."""

    type: str
    name: str
    inputs: Props
    outputs: Props
    urn: str
    parent: str
    custom: bool
    protect: bool
    dependencies: frozenset[str]  # URNs, from depends_on and from inputs
    property_dependencies: Mapping[str, frozenset[str]]  # input → URNs its value comes from
    secrets: frozenset[str]  # top-level inputs whose value is, or holds, a secret
    aliases: tuple[str, ...] = ()


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(_special_sig_key) == _special_secret_sig  # pyright: ignore[reportUnknownMemberType]


def _holds_secret(value: Any) -> bool:
    if _is_secret(value):
        return True
    if isinstance(value, dict):
        return any(map(_holds_secret, value.values()))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return isinstance(value, list) and any(map(_holds_secret, value))  # pyright: ignore[reportUnknownArgumentType]


def _plain(value: Any) -> Any:
    if _is_secret(value):
        return _plain(value["value"])
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, pulumi.AssetArchive):
        return {name: _plain(asset) for name, asset in value.assets.items()}
    if isinstance(value, pulumi.FileAsset):
        return Path(value.path).read_text()
    return value.text if isinstance(value, pulumi.StringAsset) else value


def _physical_name(name: str, inputs: Props) -> str:
    for key in ("bucket", "name", "identifier", "replicationGroupId", "family", "instanceIdentifier"):
        if isinstance(inputs.get(key), str):
            return inputs[key]
    return name


def _digest(name: str, length: int = 17) -> str:
    return f"{sum(ord(c) * 31**i for i, c in enumerate(name)):x}".rjust(length, "0")[-length:]


def _arn(service: str, resource: str, region: str | None = None) -> str:
    return f"arn:aws:{service}:{REGION if region is None else region}:{ACCOUNT_ID}:{resource}"


def _answer(type_: str, name: str, inputs: Props) -> tuple[str, Props]:
    """Provider id and computed outputs of one resource."""
    region = inputs.get("region", REGION)
    physical = _physical_name(name, inputs)
    module, _, kind = type_.split(":")[1].partition("/")
    generic = {"arn": _arn(module, f"{kind}/{physical}", region), "region": region, "tagsAll": inputs.get("tags", {})}
    match type_:
        case "aws:s3/bucket:Bucket":
            return physical, {
                **generic,
                "arn": f"arn:aws:s3:::{physical}",
                "bucketRegion": region,
                "bucketDomainName": f"{physical}.s3.amazonaws.com",
                "bucketRegionalDomainName": f"{physical}.s3.{region}.amazonaws.com",
            }
        case "aws:ec2/vpc:Vpc":
            vpc = f"vpc-{_digest(name)}"
            return vpc, {
                **generic,
                "arn": _arn("ec2", f"vpc/{vpc}"),
                "defaultNetworkAclId": f"acl-{_digest(name)}",
                "defaultSecurityGroupId": f"sg-{_digest(name)}",
                "defaultRouteTableId": f"rtb-{_digest(name)}",
                "mainRouteTableId": f"rtb-{_digest(name)}",
            }
        case "aws:ec2/subnet:Subnet":
            return f"subnet-{_digest(name)}", generic
        case "aws:ec2/securityGroup:SecurityGroup":
            return f"sg-{_digest(name)}", generic
        case "aws:ec2/eip:Eip":
            return f"eipalloc-{_digest(name)}", {
                **generic,
                "allocationId": f"eipalloc-{_digest(name)}",
                "publicIp": "192.0.2.1",
            }
        case (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
            | "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
        ):
            return f"sgr-{_digest(name)}", {**generic, "securityGroupRuleId": f"sgr-{_digest(name)}"}
        case "aws:ec2/vpcEndpoint:VpcEndpoint":
            return f"vpce-{_digest(name)}", {**generic, "prefixListId": f"pl-{_digest(name, 8)}"}
        case "aws:kms/key:Key":
            key = f"{_digest(name, 8)}-0000-4000-8000-000000000000"
            return key, {**generic, "arn": _arn("kms", f"key/{key}", region), "keyId": key}
        case "aws:kms/alias:Alias":
            return physical, {**generic, "arn": _arn("kms", physical, region)}
        case "aws:cloudwatch/logGroup:LogGroup":
            return physical, {**generic, "arn": _arn("logs", f"log-group:{physical}", region)}
        case "aws:iam/role:Role":
            return physical, {
                **generic,
                "arn": _arn("iam", f"role/{physical}", ""),
                "uniqueId": "AROA" + _digest(name).upper(),
            }
        case "aws:iam/instanceProfile:InstanceProfile":
            return physical, {**generic, "arn": _arn("iam", f"instance-profile/{physical}", "")}
        case "aws:ec2/launchTemplate:LaunchTemplate":
            template = f"lt-{_digest(name)}"
            return template, {**generic, "arn": _arn("ec2", f"launch-template/{template}"), "latestVersion": 1}
        case "aws:iam/policy:Policy":
            return _arn("iam", f"policy/{physical}", ""), {**generic, "arn": _arn("iam", f"policy/{physical}", "")}
        case "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
            arn = _arn("iam", f"oidc-provider/{inputs['url'].removeprefix('https://')}", "")
            return arn, {**generic, "arn": arn}
        case "aws:rds/instance:Instance":
            address = f"{physical}.abcdefghijkl.{region}.rds.amazonaws.com"
            port = inputs.get("port", 5432)
            return physical, {
                **generic,
                "arn": _arn("rds", f"db:{physical}"),
                "address": address,
                "endpoint": f"{address}:{int(port)}",
                "port": port,
                "hostedZoneId": "Z1JG78T8KZQYUJ",
                "resourceId": "db-" + _digest(name).upper(),
                "identifier": physical,
                "engineVersionActual": inputs.get("engineVersion"),
                **_managed(inputs, "db", name),
            }
        case "aws:elasticache/replicationGroup:ReplicationGroup":
            return physical, {
                **generic,
                "arn": _arn("elasticache", f"replicationgroup:{physical}"),
                "primaryEndpointAddress": f"master.{physical}.abcdef.cac1.cache.amazonaws.com",
                "readerEndpointAddress": f"replica.{physical}.abcdef.cac1.cache.amazonaws.com",
                "configurationEndpointAddress": f"clustercfg.{physical}.abcdef.cac1.cache.amazonaws.com",
                "memberClusters": [f"{physical}-{n:03}" for n in range(1, int(inputs.get("numCacheClusters", 1)) + 1)],
                "engineVersionActual": inputs.get("engineVersion"),
                "port": inputs.get("port", 6379),
            }
        case "aws:secretsmanager/secret:Secret":
            arn = _arn("secretsmanager", f"secret:{physical}-AbCdEf", region)
            return arn, {**generic, "arn": arn}
        case "aws:sns/topic:Topic":
            arn = _arn("sns", physical, region)
            return arn, {**generic, "arn": arn}
        case "aws:lb/loadBalancer:LoadBalancer":
            suffix = f"app/{physical}/{_digest(name, 16)}"
            arn = _arn("elasticloadbalancing", f"loadbalancer/{suffix}")
            return arn, {
                **generic,
                "arn": arn,
                "arnSuffix": suffix,
                "dnsName": f"{physical}-1234567890.{region}.elb.amazonaws.com",
                "zoneId": "ZQSVJUPU6J1EY",
            }
        case "aws:lb/targetGroup:TargetGroup":
            suffix = f"targetgroup/{physical}/{_digest(name, 16)}"
            arn = _arn("elasticloadbalancing", suffix)
            return arn, {**generic, "arn": arn, "arnSuffix": suffix}
        case "aws:lb/listener:Listener" | "aws:lb/listenerRule:ListenerRule":
            arn = _arn("elasticloadbalancing", f"{kind.split(':')[0]}/app/{name}/{_digest(name, 16)}")
            return arn, {**generic, "arn": arn}
        case "aws:cloudfront/distribution:Distribution":
            distribution = "E" + _digest(name, 13).upper()
            return distribution, {
                **generic,
                "arn": _arn("cloudfront", f"distribution/{distribution}", ""),
                "domainName": f"{distribution.lower()}.cloudfront.net",
                "hostedZoneId": "Z2FDTNDATAQYW2",
                "etag": "E2QWRUHEXAMPLE",
                "status": "Deployed",
            }
        case "aws:acm/certificate:Certificate":
            arn = _arn("acm", f"certificate/{_digest(name, 8)}", region)
            names = [inputs["domainName"], *inputs.get("subjectAlternativeNames", [])]
            options = [
                {
                    "domainName": domain,
                    "resourceRecordName": f"_{_digest(domain, 8)}.{domain}.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": f"_{_digest(domain, 8)}.acm-validations.aws.",
                }
                for domain in dict.fromkeys(names)
            ]
            return arn, {**generic, "arn": arn, "domainValidationOptions": options, "status": "ISSUED"}
        case "aws:acm/certificateValidation:CertificateValidation":
            return "validated", {**generic, "certificateArn": inputs["certificateArn"]}
        case "aws:route53/zone:Zone":
            zone = "Z" + _digest(name, 13).upper()
            servers = [f"ns-{n}.awsdns-{n:02}.example.org" for n in range(1, 5)]
            return zone, {
                **generic,
                "arn": f"arn:aws:route53:::hostedzone/{zone}",
                "zoneId": zone,
                "nameServers": servers,
            }
        case "aws:route53/healthCheck:HealthCheck":
            check = f"{_digest(name, 8)}-0000-4000-8000-000000000000"
            return check, {**generic, "arn": f"arn:aws:route53:::healthcheck/{check}"}
        case "aws:ec2clientvpn/endpoint:Endpoint":
            endpoint = f"cvpn-endpoint-{_digest(name)}"
            return endpoint, {**generic, "dnsName": f"*.{endpoint}.prod.clientvpn.{region}.amazonaws.com"}
        case "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace":
            namespace = f"ns-{_digest(name, 16)}"
            return namespace, {**generic, "arn": _arn("servicediscovery", f"namespace/{namespace}")}
        case "aws:servicediscovery/service:Service":
            service = f"srv-{_digest(name, 16)}"
            return service, {**generic, "arn": _arn("servicediscovery", f"service/{service}")}
        case "aws:route53/record:Record":
            return f"{inputs['zoneId']}_{physical}", {**generic, "fqdn": physical}
        case "aws:ecr/repository:Repository":
            return physical, {
                **generic,
                "arn": _arn("ecr", f"repository/{physical}"),
                "registryId": ACCOUNT_ID,
                "repositoryUrl": f"{ACCOUNT_ID}.dkr.ecr.{region}.amazonaws.com/{physical}",
            }
        case "aws:ecs/taskDefinition:TaskDefinition":
            arn = _arn("ecs", f"task-definition/{physical}")
            return physical, {**generic, "arn": f"{arn}:1", "arnWithoutRevision": arn, "revision": 1}
        case "aws:ecs/cluster:Cluster" | "aws:ecs/service:Service":
            arn = _arn("ecs", f"{kind.split(':')[0]}/{physical}")
            return arn, {**generic, "arn": arn}
        case "aws:cloudtrail/trail:Trail":
            return _arn("cloudtrail", f"trail/{physical}"), {
                **generic,
                "arn": _arn("cloudtrail", f"trail/{physical}"),
                "homeRegion": region,
            }
        case "aws:cloudwatch/metricAlarm:MetricAlarm" | "aws:cloudwatch/compositeAlarm:CompositeAlarm":
            return physical, {**generic, "arn": _arn("cloudwatch", f"alarm:{physical}", region)}
        case "aws:cognito/userPool:UserPool":
            pool = f"{region}_{_digest(name, 9)}"
            arn = _arn("cognito-idp", f"userpool/{pool}")
            return pool, {**generic, "arn": arn, "endpoint": f"cognito-idp.{region}.amazonaws.com/{pool}"}
        case "aws:cognito/userPoolClient:UserPoolClient":
            return _digest(name, 26), generic
        case "aws:cognito/identityPool:IdentityPool":
            identities = f"{region}:{_digest(name, 8)}-0000-4000-8000-000000000000"
            return identities, {**generic, "arn": _arn("cognito-identity", f"identitypool/{identities}")}
        case "aws:apigateway/restApi:RestApi":
            api = _digest(name, 10)
            return api, {
                **generic,
                "arn": f"arn:aws:apigateway:{region}::/restapis/{api}",
                "executionArn": _arn("execute-api", api),
                "rootResourceId": _digest(f"{name}-root", 10),
            }
        case "aws:apigateway/stage:Stage":
            api, stage = inputs["restApi"], inputs["stageName"]
            return f"ags-{api}-{stage}", {
                **generic,
                "arn": f"arn:aws:apigateway:{region}::/restapis/{api}/stages/{stage}",
                "invokeUrl": f"https://{api}.execute-api.{region}.amazonaws.com/{stage}",
            }
        case "aws:apigateway/domainName:DomainName":
            regional = f"d-{_digest(name, 10)}.execute-api.{region}.amazonaws.com"
            return inputs["domainName"], {
                **generic,
                "regionalDomainName": regional,
                "regionalZoneId": "Z1UJRXOUMOOFQ8",
            }
        case "aws:lambda/function:Function":
            arn = _arn("lambda", f"function:{physical}")
            functions = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions"
            return physical, {**generic, "arn": arn, "invokeArn": f"{functions}/{arn}/invocations"}
        case "aws:sqs/queue:Queue":
            url = f"https://sqs.{region}.amazonaws.com/{ACCOUNT_ID}/{physical}"
            return url, {**generic, "arn": _arn("sqs", physical), "url": url}
        case "random:index/randomPassword:RandomPassword":
            length = int(inputs["length"])
            return "none", {"result": ("Aa1" * length)[:length], "bcryptHash": "$2a$10$", **_counts(inputs)}
        case "aws:rds/cluster:Cluster":
            host = f"abcdefghijkl.{region}.rds.amazonaws.com"
            return physical, {
                **generic,
                "arn": _arn("rds", f"cluster:{physical}"),
                "endpoint": f"{physical}.cluster-{host}",
                "readerEndpoint": f"{physical}.cluster-ro-{host}",
                "clusterResourceId": "cluster-" + _digest(name).upper(),
                "clusterIdentifier": physical,
                "engineVersionActual": inputs.get("engineVersion"),
                **_managed(inputs, "cluster", name),
            }
        case "random:index/randomBytes:RandomBytes":
            raw = bytes(range(int(inputs["length"])))
            return "none", {"hex": raw.hex(), "base64": base64.b64encode(raw).decode()}
        case "random:index/randomId:RandomId":
            return "AQIDBA", {"hex": "01020304", "dec": "16909060", "b64Std": "AQIDBA==", "b64Url": "AQIDBA"}
        case _:
            return f"{kind.split(':')[0]}-{_digest(name, 12)}", {**generic, "etag": "E2QWRUHEXAMPLE"}


def _managed(inputs: Props, kind: str, name: str) -> Props:
    """The secret RDS makes when it manages the administrator's password."""
    if not inputs.get("manageMasterUserPassword"):
        return {}
    arn = _arn("secretsmanager", f"secret:rds!{kind}-{_digest(name)}-AbCdEf")
    return {"masterUserSecrets": [{"secretArn": arn, "secretStatus": "active", "kmsKeyId": KEY_OF_MANAGED}]}


def _counts(inputs: Props) -> Props:
    return {key: inputs.get(key, True) for key in ("lower", "upper", "numeric", "special")}


def _lookup(token: str, args: Props) -> Props:
    """Answer of one data source."""
    match token:
        case "aws:index/getCallerIdentity:getCallerIdentity":
            return {
                "accountId": ACCOUNT_ID,
                "arn": _arn("iam", "user/tester", ""),
                "id": ACCOUNT_ID,
                "userId": "AIDAEXAMPLE",
            }
        case "aws:index/getRegion:getRegion":
            return {"id": REGION, "name": REGION, "region": REGION, "description": "", "endpoint": ""}
        case "aws:index/getPartition:getPartition":
            return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
        case "aws:rds/getEngineVersion:getEngineVersion":
            return {**args, "id": args.get("version"), "versionActual": args.get("version"), "status": "available"}
        case "aws:ssm/getParameter:getParameter":
            image = "ami-0123456789abcdef0"  # every parameter the program asks for names an image
            return {**args, "id": args["name"], "type": "String", "value": image, "insecureValue": image, "version": 1}
        case "aws:index/getAvailabilityZones:getAvailabilityZones":
            return {"id": REGION, "names": [f"{REGION}{z}" for z in "abd"], "zoneIds": []}
        case "aws:ec2/getManagedPrefixList:getManagedPrefixList":
            return {**args, "id": "pl-0123456789abcdef0", "arn": _arn("ec2", "prefix-list/pl-0123456789abcdef0")}
        case "aws:iam/getPolicyDocument:getPolicyDocument":
            return {**args, "id": "1", "json": json.dumps({"Version": "2012-10-17", "Statement": []})}
        case _:
            raise LookupError(f"the recorder has no answer for {token}; add one to recording.py")


class _Monitor(MockMonitor):
    """Keeps what the engine would be told: parent, protection, dependencies."""

    def __init__(self, mocks: Mocks, keep: list[Registration]) -> None:
        super().__init__(mocks)
        self._keep = keep

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        if request.type == "pulumi:pulumi:Stack":
            return response
        inputs = pulumi.runtime.rpc.deserialize_properties(request.object)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        self._keep.append(
            Registration(
                type=request.type,
                name=request.name,
                inputs=_plain(inputs),
                outputs=_plain(self.resources[response.urn].state),
                urn=response.urn,
                parent=request.parent,
                custom=request.custom,
                protect=request.protect,
                dependencies=frozenset(request.dependencies),
                property_dependencies={k: frozenset(v.urns) for k, v in request.propertyDependencies.items()},
                secrets=frozenset(key for key, value in inputs.items() if _holds_secret(value)),
                aliases=tuple(alias.urn or alias.spec.name for alias in request.aliases),
            )
        )
        return response


class _Mocks(Mocks):
    def __init__(
        self, answers: Mapping[str, Props], lookups: Mapping[str, Props], calls: list[tuple[str, Props]]
    ) -> None:
        self._answers = answers
        self._lookups = lookups
        self._calls = calls

    def new_resource(self, args: MockResourceArgs) -> tuple[str, Props]:
        if args.typ.startswith("phi-platform:"):
            return "", _plain(args.inputs)
        id_, computed = _answer(args.typ, args.name, _plain(args.inputs))
        return id_, {**args.inputs, **computed, **self._answers.get(args.typ, {})}

    def call(self, args: MockCallArgs) -> Any:
        self._calls.append((args.token, dict(args.args)))
        answer = self._lookups.get(args.token)
        return (answer if answer is not None else _lookup(args.token, args.args)), []


@dataclass
class Recorder:
    """Runs a program on mocks and answers questions about what it registered.

    answers: outputs to add or replace, by type token.   lookups: answers of data sources, by function token.
    """

    answers: dict[str, Props] = field(default_factory=dict[str, Props])
    lookups: dict[str, Props] = field(default_factory=dict[str, Props])
    registrations: list[Registration] = field(default_factory=list[Registration])
    calls: list[tuple[str, Props]] = field(default_factory=list[tuple[str, Props]])

    def run(self, build: Callable[[], Result], *, project: str = "phi-platform", stack: str = "test") -> Any:
        """Run `build` until every resource is registered; the result with its Outputs resolved.

        Any exception of the program, or of work it left behind, is raised here. A component is returned as it is.
        """
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        mocks = _Mocks(self.answers, self.lookups, self.calls)
        set_mocks(mocks, project=project, stack=stack, preview=False, monitor=_Monitor(mocks, self.registrations))
        kept: list[Any] = []

        async def program() -> None:
            result = build()
            if isinstance(result, (pulumi.Output, dict, list, tuple)):
                output: pulumi.Output[Any] = pulumi.Output.from_input(result)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]
                kept.append(await output.future())
            else:
                kept.append(result)

        try:
            with patch.object(resource, "_get_stack_trace", StackTrace):  # no engine asks for it: a tenth of the time
                loop.run_until_complete(run_pulumi_func(program))
        finally:
            pending = asyncio.all_tasks(loop)
            for task in pending:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            reset_options()
            loop.close()
            asyncio.set_event_loop(None)
        return kept[0]

    def of(self, type_: str) -> list[tuple[str, Props]]:
        """(logical name, inputs) of every resource of the type, in order of registration."""
        return [(entry.name, entry.inputs) for entry in self.registrations if entry.type == type_]

    def one(self, type_: str, name: str | None = None) -> Registration:
        """The only resource of the type (with that logical name); fails when there is none, or more than one."""
        found = [e for e in self.registrations if e.type == type_ and (name is None or e.name == name)]
        assert len(found) == 1, f"{type_} {name or ''}: {[entry.name for entry in found]}"
        return found[0]

    def all(self, type_: str) -> list[Registration]:
        """Every registration of the type."""
        return [entry for entry in self.registrations if entry.type == type_]

    def count(self, type_: str) -> int:
        """How many resources of the type were registered."""
        return len(self.of(type_))

    @property
    def types(self) -> set[str]:
        """Every custom type registered."""
        return {entry.type for entry in self.registrations if entry.custom}
