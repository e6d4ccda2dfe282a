"""Settings of Lambda functions."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import SECRET_NAME, LogRetentionDays, Section
from settings.storage import BucketPurpose

FunctionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=20, examples=["backend"])]
"""A function's name; part of every name it has."""

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]+$")]

_RESERVED = re.compile(r"^(AWS_.*|LAMBDA_.*|_HANDLER|TZ)$")


class Runtime(StrEnum):
    """Runtimes AWS supports (AWS Lambda Developer Guide, "Lambda runtimes"); deprecated ones are left out."""

    DOTNET_10 = "dotnet10"
    JAVA_21 = "java21"
    JAVA_25 = "java25"
    NODEJS_22 = "nodejs22.x"
    NODEJS_24 = "nodejs24.x"
    PROVIDED_AL2023 = "provided.al2023"
    PYTHON_3_12 = "python3.12"
    PYTHON_3_13 = "python3.13"
    PYTHON_3_14 = "python3.14"
    RUBY_3_4 = "ruby3.4"


class FunctionArchitecture(StrEnum):
    """Processor the code is built for."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


class RuntimeSettings(Section):
    """How code runs, wherever it comes from."""

    runtime: Runtime | None = None
    """Runtime of a package; none for an image, which brings its own."""
    handler: Annotated[str, Field(pattern=r"^[^\s]{1,128}$", examples=["app.handler"])] | None = None
    """Entry point of a package; none for an image."""
    architecture: FunctionArchitecture = FunctionArchitecture.X86_64
    """Processor the code is built for."""
    memory_mib: Annotated[int, Field(ge=128, le=10_240)] = 512
    """Memory, MiB; CPU grows with it, 1,769 MiB are one vCPU."""
    timeout_seconds: Annotated[int, Field(ge=1, le=900)] = 29
    """Seconds a call may take; the API waits 29."""
    storage_mib: Annotated[int, Field(ge=512, le=10_240)] = 512
    """Size of `/tmp`, MiB; encrypted, gone with the execution environment."""
    reserved_concurrency: Annotated[int, Field(ge=1)] | None = None
    """Most calls at the same time, set aside for this function. Absent: what the account has left, of which AWS keeps
    100 for functions without a share."""
    tracing: bool = False
    """Whether AWS X-Ray records calls: durations and addresses of services, no content."""
    log_days: LogRetentionDays = 365
    """Days the function's output is kept (ALL-10)."""
    environment: dict[VariableName, str] = Field(default_factory=dict)
    """Variables, name → value; values that are no secrets."""

    @model_validator(mode="after")
    def _variables(self) -> Self:
        problems = [
            f"environment.{name}: looks like a secret; give it through Secrets Manager"
            for name in self.environment
            if SECRET_NAME.search(name)
        ]
        problems += [f"environment.{name}: Lambda sets it itself" for name in self.environment if _RESERVED.match(name)]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class PackageSettings(Section):
    """A version of a ZIP file in one of the stack's buckets; it must be there before the function is deployed."""

    bucket: BucketPurpose
    """Purpose of the bucket under `storage.buckets`."""
    key: Annotated[
        str, Field(min_length=1, max_length=1024, pattern=r"^[\w!/.*'() -]+$", examples=["backend/1.0.0.zip"])
    ]
    """Key of the object."""
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,1024}$")] | None = None
    """Version id of the object. Absent: the key itself says which version it is, and is never written twice."""


class FunctionSettings(RuntimeSettings):
    """One Lambda function in the private subnets, in the security group the database admits (MSP-CMP-01, MSP-N27)."""

    package: PackageSettings | None = None
    """Code as a ZIP file; or `image`."""
    image: (
        Annotated[
            str,
            Field(
                pattern=r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9._/-]+(:[A-Za-z0-9_.-]{1,128}|@sha256:[0-9a-f]{64})$"
            ),
        ]
        | None
    ) = None
    """Code as a container image in ECR of the stack's region, with its tag or digest; or `package`."""
    database: bool = True
    """Whether it gets the address of the database and may read its secret, when there is one (MSP-CMP-02)."""
    buckets: tuple[BucketPurpose, ...] = ()
    """Buckets it reads and writes objects of."""

    @model_validator(mode="after")
    def _code(self) -> Self:
        if (self.package is None) == (self.image is None):
            raise ValueError("package, image: expected one of them; code is never written into the stack file")
        if self.package is not None and (self.runtime is None or self.handler is None):
            raise ValueError("runtime, handler: expected both with a package")
        if self.image is not None and (self.runtime is not None or self.handler is not None):
            raise ValueError("runtime, handler: expected neither with an image, which names its own")
        return self
