"""What observability watches, as the rest of the system describes it: names and ids, no components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

Inputs = Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True)
class WatchedDatabase:
    """identifier: of the RDS instance, or of the Aurora cluster.   max_connections: the most an instance accepts.

    max_acu: most capacity of each instance of a Serverless v2 cluster; None: it is an RDS instance.
    readers: whether the cluster has readers.   replicas: identifiers of the instance's read replicas.
    log_group_names: of the engine.
    """

    identifier: str
    max_connections: int
    max_acu: float | None = None
    readers: bool = False
    replicas: Sequence[str] = ()
    log_group_names: Sequence[str] = ()

    @property
    def dimensions(self) -> dict[str, str]:
        """Dimensions of the metrics of the instance, or of whichever instance of the cluster is the writer."""
        if self.max_acu is None:
            return {"DBInstanceIdentifier": self.identifier}
        return {"DBClusterIdentifier": self.identifier, "Role": "WRITER"}


@dataclass(frozen=True, kw_only=True)
class WatchedLoadBalancer:
    """arn_suffix: of the load balancer.   target_group_arn_suffixes: service → suffix."""

    arn_suffix: pulumi.Input[str]
    target_group_arn_suffixes: Inputs = field(default_factory=dict[str, pulumi.Input[str]])


@dataclass(frozen=True, kw_only=True)
class WatchedService:
    """cluster_name, service_name: physical names.   min_tasks: fewest tasks that should run.

    repository_name: of its images, None when they are not kept in ECR.   log_group_name: of its tasks.
    """

    cluster_name: str
    service_name: str
    min_tasks: int
    repository_name: str | None = None
    log_group_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class WatchedFleet:
    """EC2 instances.   autoscaling_group_name: physical name.   log_group_names: of the application.

    deployment_application: CodeDeploy's name of it; None: not deployed by CodeDeploy.
    metrics_namespace: where the CloudWatch agent of the instances writes.
    """

    autoscaling_group_name: str
    deployment_application: str | None = None
    log_group_names: Sequence[str] = ()
    metrics_namespace: str = "CWAgent"


@dataclass(frozen=True, kw_only=True)
class WatchedApi:
    """A REST API of API Gateway.   api_name, stage: by which its metrics are known.

    log_group_name: of its access log, with the fields `status` and `responseLatency`.
    """

    api_name: str
    stage: str
    log_group_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class WatchedFunction:
    """A Lambda function.   timeout_seconds: its limit.   dead_letter_queue_name: SQS queue of what it gave up on."""

    function_name: str
    timeout_seconds: int
    dead_letter_queue_name: str | None = None
    log_group_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class WatchedReplication:
    """A bucket copied to the recovery region.   source, copy: bucket names.   rule_id: of the replication rule."""

    source: str
    copy: str
    rule_id: str


@dataclass(frozen=True, kw_only=True)
class WatchedBackups:
    """AWS Backup.   vault_name: where its jobs put backups.   age_minutes: oldest the newest backup may be."""

    vault_name: str
    age_minutes: int


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Everything of one stack; what is None, empty or False does not exist and is not watched.

    cache_node_ids, queue_node_ids: `<group>-001`, `<group>-002`, …   nat_gateway_ids: zone → id.
    services, functions: name → what runs.   replications: purpose → pair of buckets.
    trail_log_group_name: known once the group exists.   flow_log_group_name: of the VPC.
    certificates: whether ACM issues certificates.
    break_glass_role_name: role for emergencies, each use of which is an alarm.
    """

    database: WatchedDatabase | None = None
    cache_node_ids: Sequence[str] = ()
    queue_node_ids: Sequence[str] = ()
    distribution_id: pulumi.Input[str] | None = None
    load_balancer: WatchedLoadBalancer | None = None
    services: Mapping[str, WatchedService] = field(default_factory=dict[str, WatchedService])
    fleet: WatchedFleet | None = None
    api: WatchedApi | None = None
    functions: Mapping[str, WatchedFunction] = field(default_factory=dict[str, WatchedFunction])
    nat_gateway_ids: Inputs = field(default_factory=dict[str, pulumi.Input[str]])
    replications: Mapping[str, WatchedReplication] = field(default_factory=dict[str, WatchedReplication])
    trail_log_group_name: pulumi.Input[str] | None = None
    flow_log_group_name: str | None = None
    certificates: bool = False
    backups: WatchedBackups | None = None
    break_glass_role_name: str | None = None
