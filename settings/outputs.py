"""What a stack gives back: every output by name, with its form and what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """What an output's value looks like."""

    TEXT = "text"
    LIST = "list"
    BY_NAME = "texts by name"
    BY_ZONE = "texts by availability zone"

    def fits(self, value: object) -> bool:
        """Whether a value has this form."""
        if self is Form.TEXT:
            return isinstance(value, str)
        return isinstance(value, list if self is Form.LIST else dict)


@dataclass(frozen=True)
class Described:
    """One output.   description: what it is and who uses it, one sentence."""

    form: Form
    description: str


OUTPUTS: dict[str, Described] = {
    # --- the stack
    "account_id": Described(Form.TEXT, "Account the stack is in (FAC-IAM-13)."),
    "region": Described(Form.TEXT, "Home region of the stack."),
    # --- base
    "kms_key_arns": Described(Form.BY_NAME, "Keys by what they encrypt; another stack encrypts with them."),
    "permissions_boundary_arn": Described(Form.TEXT, "Boundary that roles made outside this program carry too."),
    "vpc_id": Described(Form.TEXT, "The network (MSP-OUT-10)."),
    "public_subnet_ids": Described(Form.BY_ZONE, "Subnets of load balancer and NAT gateways."),
    "application_subnet_ids": Described(Form.BY_ZONE, "Private subnets of the application."),
    "data_subnet_ids": Described(
        Form.BY_ZONE, "Subnets of the database; the application's when there is no data tier."
    ),
    "cache_subnet_ids": Described(Form.BY_ZONE, "Subnets of the cache; the database's when there is no cache tier."),
    "nat_gateway_ids": Described(Form.BY_ZONE, "NAT gateways, in the zones that have one."),
    "flow_log_group_name": Described(Form.TEXT, "Log group of the network's traffic."),
    "load_balancer_security_group_id": Described(Form.TEXT, "Group of the load balancer."),
    "service_security_group_id": Described(Form.TEXT, "Group of the application; give it to what calls the database."),
    "database_security_group_id": Described(Form.TEXT, "Group of the database."),
    "cache_security_group_id": Described(Form.TEXT, "Group of the cache."),
    "endpoints_security_group_id": Described(Form.TEXT, "Group of the interface endpoints."),
    # --- data
    "bucket_names": Described(Form.BY_NAME, "Buckets by purpose."),
    "replica_bucket_names": Described(Form.BY_NAME, "Their copies in the recovery region, by purpose."),
    "logs_bucket_name": Described(Form.TEXT, "Bucket of access logs."),
    "db_endpoint": Described(Form.TEXT, "Host and port of the database (BER-N15)."),
    "db_address": Described(Form.TEXT, "Host of the database, for connection strings and checks."),
    "db_identifier": Described(Form.TEXT, "Name of the database's instance, for the AWS CLI."),
    "db_reader_address": Described(Form.TEXT, "Host that answers queries from copies of the database."),
    "db_name": Described(Form.TEXT, "Name of the first database."),
    "db_credentials_secret_arn": Described(Form.TEXT, "Secret that holds the administrator's user and password."),
    "db_application_secret_arn": Described(Form.TEXT, "Secret that holds the application's user and password."),
    "aurora_cluster_endpoint": Described(Form.TEXT, "Host of the cluster's writer (OMN-OPS-10)."),
    "aurora_database_name": Described(Form.TEXT, "Name of the cluster's first database (OMN-OPS-10)."),
    "redis_endpoint": Described(Form.TEXT, "Host of the cache's primary node."),
    "redis_credentials_secret_arn": Described(Form.TEXT, "Secret that holds the cache's token."),
    "queue_endpoint": Described(Form.TEXT, "Host of the job queues' primary node."),
    "queue_credentials_secret_arn": Described(Form.TEXT, "Secret that holds the job queues' token."),
    "secret_arns": Described(Form.BY_NAME, "Secrets of the application by path."),
    # --- edge
    "name_servers": Described(Form.LIST, "Name servers to enter at the domain's registrar."),
    "dns_records": Described(Form.LIST, "Records to make where the domain is kept, when that is not Route 53."),
    "load_balancer_dns_name": Described(Form.TEXT, "AWS's own name of the load balancer."),
    "application_url": Described(Form.TEXT, "Address of the application."),
    "cloudfront_domain_name": Described(Form.TEXT, "CloudFront's own name of the CDN."),
    "cloudfront_distribution_id": Described(Form.TEXT, "The CDN, for invalidations."),
    "cloudfront_key_ids": Described(Form.BY_NAME, "Key ids that signed URLs carry, by label of the public key."),
    # --- application
    "execution_role_arn": Described(Form.TEXT, "Role that starts tasks."),
    "task_role_arn": Described(Form.TEXT, "Role tasks run as."),
    "cluster_name": Described(Form.TEXT, "ECS cluster."),
    "service_names": Described(Form.BY_NAME, "ECS services by name in the settings."),
    "service_log_groups": Described(Form.BY_NAME, "Log groups of the services."),
    "repository_urls": Described(Form.BY_NAME, "Where CI pushes the image of each service."),
    "deploy_role_arn": Described(Form.TEXT, "Role the deploying job takes; the repository's `AWS_ROLE_ARN`."),
    "preview_role_arn": Described(Form.TEXT, "Read-only role that pull requests preview with."),
    "break_glass_role_arn": Described(Form.TEXT, "Role for emergencies; every use raises an alarm."),
    "function_names": Described(Form.BY_NAME, "Lambda functions by name in the settings."),
    "function_log_groups": Described(Form.BY_NAME, "Log groups of the functions."),
    "backend_environment": Described(
        Form.BY_NAME, "Where a backend finds database and secrets; never part of what a browser receives (MSP-OUT-09)."
    ),
    # --- users and API
    "user_pool_id": Described(Form.TEXT, "Directory of the product's users (MSP-OUT-02)."),
    "user_pool_arn": Described(Form.TEXT, "The same, for policies and authorizers."),
    "user_pool_client_id": Described(Form.TEXT, "The frontend's client of the directory (MSP-OUT-03)."),
    "user_attribute_values": Described(
        Form.BY_NAME, "Values each attribute of a user may have; applications check them."
    ),
    "identity_pool_id": Described(Form.TEXT, "Gives signed-in users credentials for their objects (MSP-OUT-04)."),
    "api_id": Described(Form.TEXT, "The API."),
    "api_stage": Described(Form.TEXT, "Its stage."),
    "api_endpoint": Described(Form.TEXT, "Address of the API's stage, without a final slash (MSP-OUT-05)."),
    "api_access_log_group_name": Described(Form.TEXT, "Log group of who called what, without bodies."),
    "api_execution_log_group_name": Described(Form.TEXT, "Log group of how each call was handled, without bodies."),
    "frontend_environment": Described(
        Form.BY_NAME, "Variables of the frontend's build (MSP-OUT-01 to 08, FAC-IAM-13)."
    ),
    # --- watching
    "trail_arn": Described(Form.TEXT, "Audit trail."),
    "trail_bucket_name": Described(Form.TEXT, "Bucket of the audit trail's files."),
    "alarm_topic_arn": Described(Form.TEXT, "Topic of the alarms."),
    "alarm_names": Described(Form.LIST, "Alarms of the home region."),
    "edge_alarm_topic_arn": Described(Form.TEXT, "Topic of the CDN's alarms, in us-east-1."),
    "edge_alarm_names": Described(Form.LIST, "Alarms of the CDN, in us-east-1."),
    "recovery_alarm_topic_arn": Described(Form.TEXT, "Topic of the alarms of the recovery region."),
    "recovery_alarm_names": Described(Form.LIST, "Alarms of the recovery region."),
    "system_alarm_name": Described(Form.TEXT, "The one alarm that goes off when any other does."),
    "dashboard_names": Described(Form.BY_NAME, "Dashboards by view."),
    "grafana_role_arn": Described(Form.TEXT, "Role Grafana reads metrics with."),
    "cloudwatch_dashboard_name": Described(Form.TEXT, "Dashboard of every metric that has an alarm."),
    # --- recovery
    "backup_vault_name": Described(Form.TEXT, "Vault of backups, by the same name in both regions."),
    "restore_testing_plan_name": Described(Form.TEXT, "Plan of the restore tests."),
    "state_bucket_name": Described(Form.TEXT, "Bucket of the program's own state."),
    # --- fleet and its releases
    "autoscaling_group_name": Described(Form.TEXT, "Auto Scaling group of the instances."),
    "fleet_role_arn": Described(Form.TEXT, "Role of the instances."),
    "fleet_log_group": Described(Form.TEXT, "Log group the instances write to."),
    "metrics_namespace": Described(Form.TEXT, "Namespace the application publishes its own metrics in."),
    "codedeploy_application": Described(Form.TEXT, "CodeDeploy application; the pipeline releases to it."),
    "codedeploy_group": Described(Form.TEXT, "CodeDeploy deployment group; the pipeline releases to it."),
    "codedeploy_bucket": Described(Form.TEXT, "Bucket the pipeline puts releases into."),
    # --- sign-in elsewhere
    "sign_in_callback_urls": Described(Form.LIST, "Addresses the identity provider may send people back to."),
    "sign_in_logout_urls": Described(
        Form.LIST, "Addresses the identity provider may send people to after signing out."
    ),
    "sign_in_web_origins": Described(Form.LIST, "Web origins the identity provider answers."),
    # --- watching the address
    "health_check_id": Described(Form.TEXT, "Route 53 health check of the application's address."),
}
"""Every output a stack may have; none is a secret (ALL-22). One that its settings do not ask for is absent."""
