"""A Lambda function: code from a bucket, an image or this repository, in private subnets, with a role of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi

from components.bucket_policy import bucket_arn
from components.iam_documents import Statement, allow, document, trust_of_passed_role, use_keys
from components.scope import DataClass, Scope
from settings.functions import RuntimeSettings

if TYPE_CHECKING:
    from pulumi_aws import lambda_

_LONGEST_NAME = 64
_LONGEST_QUEUE_NAME = 80
_KEPT_SECONDS = 14 * 24 * 3600  # the longest SQS keeps a message
_INTERFACES = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]


@dataclass(frozen=True, kw_only=True)
class PackageCode:
    """A ZIP file in a bucket.   bucket: its name.   version: id of the object's version; None: the newest."""

    bucket: pulumi.Input[str]
    key: str
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class ImageCode:
    """A container image.   address: in ECR of the function's region, with tag or digest."""

    address: str


Code = PackageCode | ImageCode | pulumi.Archive
"""Where code comes from; an archive is uploaded with the deployment (see `python_archive`)."""


def python_archive(folder: Path) -> pulumi.AssetArchive:
    """The Python files of a folder, and of the folders in it, as code of a function.

    It is the same on every machine: no path of this one, no compiled file. Raises ValueError when there is none.
    """
    files = sorted(path for path in folder.rglob("*.py") if path.is_file())
    if not files:
        raise ValueError(f"folder: want Python files, got none in {folder}")
    # an empty file, as `__init__.py` often is, would be no valid asset
    texts = {str(path.relative_to(folder)): path.read_text() or "\n" for path in files}
    return pulumi.AssetArchive({name: pulumi.StringAsset(text) for name, text in texts.items()})


def function_name(scope: Scope, part: str) -> str:
    """Physical name of a function, known before it exists."""
    return scope.name(part, limit=_LONGEST_NAME)


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """Inputs of `Function`.

    part: what it is, part of its names.   description: what it does, for people.   code: see `Code`.
    kms_key_arn: key of its variables and of the queue of calls that failed.   logs_kms_key_arn: key of its log group.
    subnet_ids, security_group_id: where it runs; both absent: outside the VPC, for code that only calls AWS.
    environment: variables beside those of the settings.
    secret_names: secrets it reads, without the characters Secrets Manager adds.
    bucket_names: buckets whose objects it reads and writes.
    statements: what else its role may do.
    key_aliases: aliases of the keys of all that, known in advance; empty: those that follow the pattern of names.
    """

    scope: Scope
    settings: RuntimeSettings
    part: str
    description: str
    code: Code
    kms_key_arn: pulumi.Input[str]
    logs_kms_key_arn: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    security_group_id: pulumi.Input[str] | None = None
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    secret_names: Sequence[str] = ()
    bucket_names: Sequence[str] = ()
    statements: Sequence[Statement] = ()
    key_aliases: Sequence[str] = ()

    def __post_init__(self) -> None:
        twice = sorted({*self.environment} & {*self.settings.environment})
        if twice:
            raise ValueError(f"environment: want names the settings do not use, got twice: {', '.join(twice)}")
        if bool(self.subnet_ids) != (self.security_group_id is not None):
            raise ValueError("subnet_ids, security_group_id: want both or neither, got one")
        packaged = not isinstance(self.code, ImageCode)
        if packaged != (self.settings.runtime is not None and self.settings.handler is not None):
            raise ValueError("settings: want runtime and handler for a package, neither for an image")


class Function(pulumi.ComponentResource):
    """A Lambda function that can do just what it is given, logs to an encrypted group, and loses no failed call.

    Calls that fail for good when nobody waits for them are kept 14 days in an encrypted queue.
    Raises ValueError (from FunctionArgs) before anything is registered.
    Source: AWS Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC"; MSP-CMP-01,
    MSP-CMP-02, MSP-N27, ALL-10; 45 CFR 164.312(a)(1), 164.312(b).
    """

    name: str  # physical name, known in advance
    deployed_name: pulumi.Output[str]  # the same, known to dependants once the function exists
    arn: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]  # what API Gateway calls
    role_name: str
    log_group_name: str
    timeout_seconds: int
    failures_queue_name: str  # of calls that failed for good
    failures_queue_arn: str

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:function:Function", name, {}, opts)
        from pulumi_aws import cloudwatch, lambda_

        scope, settings = args.scope, args.settings
        self._name, self._args = name, args
        self.name = function_name(scope, args.part)
        self.role_name = scope.name(f"lambda-{args.part}", limit=_LONGEST_NAME)
        self.timeout_seconds = settings.timeout_seconds
        self.log_group_name = f"/aws/lambda/{self.name}"
        self.failures_queue_name = scope.name(f"{args.part}-failures", limit=_LONGEST_QUEUE_NAME)
        self.failures_queue_arn = scope.arn("sqs", self.failures_queue_name)
        group = cloudwatch.LogGroup(
            f"{name}-logs",
            name=self.log_group_name,
            retention_in_days=settings.log_days,
            kms_key_id=args.logs_kms_key_arn,
            tags=scope.tagged(DataClass.PHI, self.log_group_name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        role_arn, policy = self._role()
        queue_arn = self._failures()
        variables = {**settings.environment, **args.environment}
        function = lambda_.Function(
            f"{name}-function",
            name=self.name,
            description=args.description,
            role=role_arn,
            architectures=[settings.architecture.value],
            memory_size=settings.memory_mib,
            timeout=settings.timeout_seconds,
            ephemeral_storage={"size": settings.storage_mib},
            reserved_concurrent_executions=settings.reserved_concurrency,
            environment={"variables": variables} if variables else None,
            kms_key_arn=args.kms_key_arn,
            dead_letter_config={"target_arn": queue_arn},
            tracing_config={"mode": "Active" if settings.tracing else "PassThrough"},
            logging_config={"log_format": "JSON", "log_group": group.name},
            vpc_config=self._network(),
            tags=scope.tagged(DataClass.PHI, self.name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group, policy]),
            **self._code(),
        )
        self.deployed_name, self.arn = function.name, function.arn
        self.invoke_arn = function.invoke_arn
        self.register_outputs({"arn": self.arn})

    def _code(self) -> dict[str, Any]:
        code, settings = self._args.code, self._args.settings
        match code:
            case ImageCode():
                return {"package_type": "Image", "image_uri": code.address}
            case PackageCode():
                source: dict[str, Any] = {
                    "s3_bucket": code.bucket,
                    "s3_key": code.key,
                    "s3_object_version": code.version,
                }
            case _:
                source = {"code": code}
        runtime = None if settings.runtime is None else settings.runtime.value
        return {"package_type": "Zip", "runtime": runtime, "handler": settings.handler, **source}

    def _network(self) -> lambda_.FunctionVpcConfigArgsDict | None:
        if self._args.security_group_id is None:
            return None
        return {
            "subnet_ids": [*self._args.subnet_ids.values()],
            "security_group_ids": [self._args.security_group_id],
        }

    def _failures(self) -> pulumi.Output[str]:
        from pulumi_aws import sqs

        child, scope = pulumi.ResourceOptions(parent=self), self._args.scope
        queue = sqs.Queue(
            f"{self._name}-failures",
            name=self.failures_queue_name,
            kms_master_key_id=self._args.kms_key_arn,
            message_retention_seconds=_KEPT_SECONDS,
            tags=scope.tagged(DataClass.PHI, self.failures_queue_name),
            opts=child,
        )
        tls_only = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "sqs:*",
            "Resource": self.failures_queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        sqs.QueuePolicy(f"{self._name}-failures-policy", queue_url=queue.url, policy=document(tls_only), opts=child)
        return queue.arn

    def _role(self) -> tuple[pulumi.Output[str], pulumi.Resource]:
        from pulumi_aws import iam

        child, scope = pulumi.ResourceOptions(parent=self), self._args.scope
        role = iam.Role(
            f"{self._name}-role",
            name=self.role_name,
            description=f"What {self.name} may do while it runs",
            assume_role_policy=trust_of_passed_role("lambda.amazonaws.com"),
            permissions_boundary=scope.boundary,
            tags=scope.tagged(DataClass.PHI, self.role_name),
            opts=child,
        )
        policy = iam.RolePolicy(
            f"{self._name}-policy",
            name="function",
            role=role.name,
            policy=document(*self._statements()),
            opts=child,
        )
        return role.arn, policy

    def _statements(self) -> list[Statement]:
        args, scope = self._args, self._args.scope
        statements = [
            allow(
                "WriteLogs",
                ["logs:CreateLogStream", "logs:PutLogEvents"],
                [scope.arn("logs", f"log-group:{self.log_group_name}:*")],
            ),
            allow("KeepFailedCalls", ["sqs:SendMessage"], [self.failures_queue_arn]),
            self._use_keys("EncryptFailedCalls", ["kms:Decrypt", "kms:GenerateDataKey"], "sqs"),
            self._use_keys("ReadVariables", ["kms:Decrypt"], "lambda"),
        ]
        if args.security_group_id is not None:
            # AWSLambdaVPCAccessExecutionRole without its right to write any log group, or to make one without a key;
            # EC2 knows no narrower resource for most of these (Service Authorization Reference)
            statements.append(allow("ReachTheNetwork", _INTERFACES, ["*"]))
        if args.settings.tracing:
            statements.append(allow("Trace", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]))
        if args.secret_names:
            arns = [scope.arn("secretsmanager", f"secret:{name}-??????") for name in args.secret_names]
            statements.append(allow("ReadSecrets", ["secretsmanager:GetSecretValue"], arns))
        if args.bucket_names:
            buckets = [bucket_arn(name) for name in args.bucket_names]
            actions = ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
            statements.append(allow("KeepObjects", actions, [f"{arn}/*" for arn in buckets]))
            statements.append(allow("ListObjects", ["s3:ListBucket"], buckets))
            statements.append(self._use_keys("UseObjectKeys", ["kms:Decrypt", "kms:GenerateDataKey"], "s3"))
        statements += args.statements
        if any("secretsmanager:GetSecretValue" in statement["Action"] for statement in statements):
            statements.append(self._use_keys("OpenSecrets", ["kms:Decrypt"], "secretsmanager"))
        return statements

    def _use_keys(self, sid: str, actions: Sequence[str], service: str) -> Statement:
        return use_keys(sid, self._args.scope, actions, service, aliases=self._args.key_aliases)
