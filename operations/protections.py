"""Lift what protects a stack's data: so that the embedded account can be emptied, and recovery stacks removed.

Each lift is the AWS call a person would have to make before `pulumi destroy` could remove the resource.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Account:
    """The embedded account: its endpoint (loopback only) and its home region.

    Raises ValueError for an endpoint that is not on this machine.
    """

    url: str
    region: str

    def __post_init__(self) -> None:
        if urlsplit(self.url).hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError(f"url: the embedded account answers on this machine only, found {self.url}")

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of the embedded account."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region or self.region,
            aws_access_key_id="localaws",
            aws_secret_access_key="localaws",  # noqa: S106 - the embedded account takes any
        )


class Reached(Protocol):
    """An account whose resources are asked for."""

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of the account."""


def outputs_of(resource: Resource) -> dict[str, Any]:
    """What the state holds of a resource."""
    return resource.get("outputs") or {}


def region_of(resource: Resource) -> str | None:
    """The region a resource was created in; None for a global one."""
    return outputs_of(resource).get("region")


def unprotect_instance(account: Reached, resource: Resource) -> None:
    """RDS: DeletionProtection off."""
    account.client("rds", region_of(resource)).modify_db_instance(
        DBInstanceIdentifier=outputs_of(resource)["identifier"], DeletionProtection=False, ApplyImmediately=True
    )


def unprotect_cluster(account: Reached, resource: Resource) -> None:
    """RDS: DeletionProtection of a cluster off."""
    account.client("rds", region_of(resource)).modify_db_cluster(
        DBClusterIdentifier=outputs_of(resource)["clusterIdentifier"], DeletionProtection=False, ApplyImmediately=True
    )


def unprotect_load_balancer(account: Reached, resource: Resource) -> None:
    """Elastic Load Balancing: deletion_protection.enabled off."""
    account.client("elbv2", region_of(resource)).modify_load_balancer_attributes(
        LoadBalancerArn=resource["id"], Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}]
    )


def unprotect_table(account: Reached, resource: Resource) -> None:
    """DynamoDB: DeletionProtectionEnabled off."""
    account.client("dynamodb", region_of(resource)).update_table(
        TableName=resource["id"], DeletionProtectionEnabled=False
    )


def unprotect_user_pool(account: Reached, resource: Resource) -> None:
    """Cognito: DeletionProtection INACTIVE."""
    account.client("cognito-idp", region_of(resource)).update_user_pool(
        UserPoolId=resource["id"], DeletionProtection="INACTIVE"
    )


def empty_bucket(account: Reached, resource: Resource) -> None:
    """S3: delete every version and delete marker."""
    s3 = account.client("s3", region_of(resource))
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=resource["id"]):
        versions = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        if versions:
            done = s3.delete_objects(
                Bucket=resource["id"], Delete={"Objects": versions}, BypassGovernanceRetention=True
            )
            for error in done.get("Errors", ()):
                raise ClientError({"Error": error}, "DeleteObjects")


def open_bucket(account: Reached, resource: Resource) -> None:
    """S3: no access logs, which would fill the logs' bucket again, and no policy: each refuses calls without TLS."""
    s3 = account.client("s3", region_of(resource))
    s3.put_bucket_logging(Bucket=resource["id"], BucketLoggingStatus={})
    s3.delete_bucket_policy(Bucket=resource["id"])


def empty_repository(account: Reached, resource: Resource) -> None:
    """ECR: delete every image."""
    ecr = account.client("ecr", region_of(resource))
    images = [
        image
        for page in ecr.get_paginator("list_images").paginate(repositoryName=resource["id"])
        for image in page["imageIds"]
    ]
    if images:
        ecr.batch_delete_image(repositoryName=resource["id"], imageIds=images)


def forget_secret(account: Reached, resource: Resource) -> None:
    """A deleted secret keeps its name for its recovery window; without this the next `up` could not use the name."""
    manager = account.client("secretsmanager", region_of(resource))
    with contextlib.suppress(ClientError):
        manager.restore_secret(SecretId=resource["id"])
    manager.delete_secret(SecretId=resource["id"], ForceDeleteWithoutRecovery=True)


def remove_final_cluster_snapshot(account: Reached, resource: Resource) -> None:
    """The same of a cluster."""
    name = outputs_of(resource).get("finalSnapshotIdentifier")
    if name:
        account.client("rds", region_of(resource)).delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)


def remove_final_snapshot(account: Reached, resource: Resource) -> None:
    """A final snapshot keeps its name; without this the next `down` could not use it."""
    name = outputs_of(resource).get("finalSnapshotIdentifier")
    if name:
        account.client("rds", region_of(resource)).delete_db_snapshot(DBSnapshotIdentifier=name)


Lift = Callable[[Reached, Resource], None]

FIRST: dict[str, Lift] = {"aws:s3/bucket:Bucket": open_bucket}

BEFORE_DESTROY: dict[str, Lift] = {
    "aws:cognito/userPool:UserPool": unprotect_user_pool,
    "aws:dynamodb/table:Table": unprotect_table,
    "aws:ecr/repository:Repository": empty_repository,
    "aws:lb/loadBalancer:LoadBalancer": unprotect_load_balancer,
    "aws:rds/cluster:Cluster": unprotect_cluster,
    "aws:rds/instance:Instance": unprotect_instance,
    "aws:s3/bucket:Bucket": empty_bucket,
}

AFTER_DESTROY: dict[str, Lift] = {
    "aws:rds/cluster:Cluster": remove_final_cluster_snapshot,
    "aws:rds/instance:Instance": remove_final_snapshot,
    "aws:secretsmanager/secret:Secret": forget_secret,
}

# The resource is not there (any more): nothing to lift.
ABSENT = ("NotFound", "NoSuch", "NotExist", "NonExistent")


def apply(lifts: Mapping[str, Lift], account: Reached, resources: Iterable[Resource]) -> None:
    """Call the lift of each resource that has one; what is already absent is passed over."""
    for resource in resources:
        lift_one = lifts.get(resource["type"])
        if lift_one is None or not resource.get("id"):
            continue
        try:
            lift_one(account, resource)
        except ClientError as error:
            if not any(word in error.response["Error"]["Code"] for word in ABSENT):
                raise


def lift(account: Reached, resources: Iterable[Resource]) -> None:
    """Before `pulumi destroy`: deletion protection off, versioned buckets, repositories emptied."""
    held = list(resources)
    apply(FIRST, account, held)
    apply(BEFORE_DESTROY, account, held)


def remove_remains(account: Reached, resources: Iterable[Resource]) -> None:
    """After `pulumi destroy`: what AWS keeps of deleted resources, and would be in the way of the next `up`."""
    apply(AFTER_DESTROY, account, resources)
