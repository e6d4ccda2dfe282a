"""Fleet and bastion settings: recorded defaults, ranges in pairs, refusals that say what to do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from settings import load
from settings.base import Section
from settings.bastion import BastionSettings, SshSettings
from settings.compute import ComputeSettings, ServiceSettings
from settings.edge import EdgeSettings
from settings.fleet import (
    BucketAccess,
    FleetScalingSettings,
    FleetSettings,
    MetricsSettings,
    ModelSettings,
    Pace,
    RefreshSettings,
    ReleaseSettings,
    RuntimeSettings,
)
from settings.instances import require_one_processor
from tests.unit.settings.test_load import problems, smallest

UBUNTU_ARM = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
ENDPOINT = {"service": "endpoint", "url": "https://model.example.org:11434", "address": "198.51.100.7"}
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0JzHn0fB0h1kU7YxqF6ZrO1lq3mYbQkq0o1qCF3c6H administrators"
EDGE = {"domain": {"name": "clinic.example.org"}, "load_balancer": {}}
STORAGE = {"buckets": {"deployments": {"data_class": "internal"}}}


@pytest.mark.requirement("FAC-CMP-02", "FAC-CMP-03", "FAC-CMP-04", "FAC-CMP-08", "FAC-EDG-04", "FAC-N09")
def test_the_recorded_fleet_is_the_default() -> None:
    fleet = FleetSettings()
    assert fleet.instance_type == "t3.medium"
    assert "ubuntu/server/24.04" in fleet.image_parameter
    assert (fleet.min_instances, fleet.desired_instances, fleet.max_instances) == (2, 2, 6)
    assert (fleet.port, fleet.health_path, fleet.log_days) == (5000, "/api/health", 365)


@pytest.mark.requirement("FAC-CMP-05", "FAC-CMP-06", "FAC-CMP-07")
def test_the_recorded_scaling_is_the_default() -> None:
    scaling = FleetScalingSettings()
    assert (scaling.cpu_high_percent, scaling.cpu_high_minutes, scaling.scale_out_cooldown_seconds) == (70, 5, 300)
    assert (scaling.cpu_low_percent, scaling.cpu_low_minutes, scaling.scale_in_cooldown_seconds) == (30, 10, 600)
    assert (scaling.requests_per_target, scaling.requests_minutes) == (1000, 1)


@pytest.mark.requirement("FAC-N22", "FAC-N30", "FAC-OPS-07", "FAC-CMP-14", "FAC-N18")
def test_other_recorded_values_are_the_defaults() -> None:
    fleet = FleetSettings()
    assert fleet.runtime.node_major == 22
    assert fleet.metrics.queue_metric == "QueueLength"
    assert (fleet.release.pace, fleet.release.bucket) == (Pace.ONE, "deployments")
    assert fleet.model.service == "none"


@pytest.mark.requirement("FAC-N02")
def test_releases_are_read_whatever_else_is_said() -> None:
    assert FleetSettings().bucket_access == {"deployments": BucketAccess.READ}
    keep = FleetSettings(buckets={"deployments": BucketAccess.KEEP})
    assert keep.bucket_access == {"deployments": BucketAccess.KEEP}


@pytest.mark.parametrize(("url", "port"), [("https://model.example.org", 443), (ENDPOINT["url"], 11434)])
def test_the_port_of_a_model_is_its_urls(url: str, port: int) -> None:
    assert ModelSettings.model_validate({**ENDPOINT, "url": url}).port == port


@pytest.mark.parametrize(
    ("instance_type", "image", "fits"),
    [
        ("t3.medium", "amd64", True), ("t4g.nano", "arm64", True), ("c7gn.large", "arm64", True),
        ("g4dn.xlarge", "amd64", True), ("t4g.nano", "x86_64", False), ("t3.medium", "arm64", False),
        ("t4g.nano", "anything", True),
    ],
)  # fmt: skip
def test_the_image_is_built_for_the_processor(instance_type: str, image: str, fits: bool) -> None:
    if fits:
        require_one_processor(instance_type, f"/aws/service/{image}/ami-id")
    else:
        with pytest.raises(ValueError, match="image_parameter: expected an image for a"):
            require_one_processor(instance_type, f"/aws/service/{image}/ami-id")


def test_targets_are_services_and_fleet_alike() -> None:
    service = ServiceSettings(image="1.0.0", port=8080, priority=10)
    compute = ComputeSettings(services={"api": service}, fleet=FleetSettings())
    assert {name: target.target_type for name, target in compute.targets.items()} == {"api": "ip", "fleet": "instance"}


PORTS = {"package_mirror": "https://mirror.example.org/ubuntu-ports"}
ACCEPTED: list[tuple[type[Section], dict[str, Any]]] = [
    (FleetSettings, {"min_instances": 1, "desired_instances": 1, "max_instances": 1}),
    (FleetSettings, {"instance_type": "t4g.medium", "image_parameter": UBUNTU_ARM, "runtime": PORTS}),
    (FleetSettings, {"volume_gib": 8}),
    (FleetScalingSettings, {"cpu_low_percent": 69}),
    (RefreshSettings, {"day": 28, "hour": 23, "min_healthy_percent": 50, "max_healthy_percent": 150}),
    (RefreshSettings, {"min_healthy_percent": 100, "max_healthy_percent": 200}),
    (RuntimeSettings, {"environment": {"LOG_LEVEL": "info"}}),
    (MetricsSettings, {"namespace": "Facnet/Validation"}),
    (ReleaseSettings, {"rollback_alarms": ["a"] * 10}),
    (ModelSettings, ENDPOINT),
    (ModelSettings, {"service": "bedrock", "models": ["vendor.model-v1:0"]}),
    (ComputeSettings, {"fleet": {}}),
    (BastionSettings, {"ssh": {"key_name": "facnet-validator-prod", "public_key": PUBLIC_KEY}}),
    (EdgeSettings, {**EDGE, "sign_in": {"callback_paths": ["/callback", "/silent"]}}),
]


@pytest.mark.parametrize(("model", "values"), ACCEPTED)
def test_the_edge_of_every_range_is_accepted(model: type[Section], values: dict[str, Any]) -> None:
    assert model.model_validate(values)


REFUSED: list[tuple[type[Section], dict[str, Any], str]] = [
    (FleetSettings, {"min_instances": 3}, "expected rising numbers, found 3, 2, 6"),
    (FleetSettings, {"desired_instances": 7}, "expected rising numbers, found 2, 7, 6"),
    (FleetSettings, {"instance_type": "t3"}, "pattern"),
    (FleetSettings, {"volume_gib": 7}, "greater than or equal to 8"),
    (FleetSettings, {"image_parameter": UBUNTU_ARM}, "expected an image for amd64, the processor of t3.medium"),
    (
        FleetSettings,
        {"instance_type": "t4g.medium", "image_parameter": UBUNTU_ARM},
        "expected a mirror of ubuntu-ports",
    ),
    (FleetSettings, {"buckets": {"deployments": "deposit"}}, "expected read or keep"),
    (FleetScalingSettings, {"cpu_low_percent": 70}, "expected less than cpu_high_percent (70), found 70"),
    (RefreshSettings, {"day": 29}, "less than or equal to 28"),
    (RefreshSettings, {"min_healthy_percent": 50, "max_healthy_percent": 151}, "at most 100 above"),
    (RuntimeSettings, {"package_mirror": "http://archive.example.org/ubuntu"}, "pattern"),
    (RuntimeSettings, {"node_major": 18}, "20, 22 or 24"),
    (RuntimeSettings, {"environment": {"AUTH0_CLIENT_SECRET": "x"}}, "Secrets Manager"),
    (RuntimeSettings, {"environment": {"NAME": "a\nb"}}, "expected one line"),
    (MetricsSettings, {"namespace": "AWS/EC2"}, "does not begin with AWS/"),
    (ReleaseSettings, {"pace": "CodeDeployDefault.AllAtOnce"}, "HalfAtATime"),
    (ReleaseSettings, {"rollback_alarms": ["a"] * 11}, "at most 10"),
    (ModelSettings, {**ENDPOINT, "url": "http://model.example.org:11434"}, "health data leaves only encrypted"),
    (ModelSettings, {**ENDPOINT, "address": None}, "address: expected one with service endpoint"),
    (ModelSettings, {"url": "https://model.example.org"}, "url: expected nothing with service none"),
    (ModelSettings, {"service": "bedrock"}, "models: expected one or more with service bedrock"),
    (ModelSettings, {"models": ["vendor.model"]}, "models: expected nothing with service none"),
    (BastionSettings, {"instance_type": "t3.nano"}, "expected an image for amd64"),
    (SshSettings, {"key_name": "a", "public_key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "pattern"),
    (EdgeSettings, {"sign_in": {}}, "expected nothing without a load_balancer"),
]


@pytest.mark.requirement("FAC-N18", "FAC-N26")
@pytest.mark.parametrize(("model", "values", "reason"), REFUSED)
def test_what_aws_or_the_requirements_refuse_is_refused_with_a_reason(
    model: type[Section], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(values)
    assert reason in str(refusal.value)


def with_fleet(**more: Any) -> dict[str, Any]:
    return smallest(compute={"fleet": {}}, edge=EDGE, storage=STORAGE, **more)


def test_a_fleet_alone_is_enough() -> None:
    assert load.load(with_fleet()).compute is not None


@pytest.mark.requirement("FAC-N18")
def test_a_plain_http_model_is_refused_by_its_path() -> None:
    model = {**ENDPOINT, "url": "http://model.example.org:11434"}
    (only,) = problems(with_fleet() | {"phi-platform:compute": {"fleet": {"model": model}}})
    assert only.startswith("phi-platform:compute.fleet.model.url: expected https://")


@pytest.mark.requirement("FAC-NET-16", "FAC-CMP-01")
def test_a_fleet_needs_nat_a_load_balancer_and_its_buckets() -> None:
    config = smallest(compute={"fleet": {"buckets": {"uploads": "keep"}}}, network={"nat": "none"})
    assert [problem.split(":")[1].split(" ")[0] for problem in problems(config)] == [
        "edge.load_balancer",
        "network.nat",
        "compute.fleet.buckets.uploads",
        "compute.fleet.release.bucket",
    ]


@pytest.mark.requirement("FAC-N05", "FAC-NET-13")
def test_ssh_needs_a_fleet_and_a_bastion_a_way_to_systems_manager() -> None:
    ssh = {"ssh": {"key_name": "facnet-validator-prod", "public_key": PUBLIC_KEY}}
    (only,) = problems(smallest(bastion=ssh))
    assert only.startswith("phi-platform:bastion.ssh: expected nothing without compute.fleet")
    assert load.load(with_fleet(bastion=ssh)).bastion is not None
    (closed,) = problems(smallest(bastion={}, network={"nat": "none"}))
    assert closed.startswith("phi-platform:network.interface_endpoints: expected ssm and ssmmessages")
    reachable = {"nat": "none", "interface_endpoints": ["ssm", "ssmmessages"]}
    assert load.load(smallest(bastion={}, network=reachable)).bastion is not None


@pytest.mark.requirement("ALL-10")
def test_production_keeps_the_fleets_log_for_a_year() -> None:
    def production(days: int) -> dict[str, Any]:
        config = with_fleet() | {"phi-platform:environment": "production"}
        return config | {"phi-platform:compute": {"fleet": {"log_days": days}}}

    (only,) = problems(production(180))
    assert only.startswith("phi-platform:compute.fleet.log_days: expected 365 days or more")
    assert load.load(production(365))


@pytest.mark.requirement("ALL-16", "FAC-IAM-16")
def test_production_under_hipaa_waits_for_the_agreement_in_canada_too() -> None:
    tags = {"owner": "platform", "cost_center": "clinic", "hipaa": True}
    config = smallest(environment="production", tags=tags)
    (only,) = problems(config)
    assert only.startswith("phi-platform:agreement: expected signed and reference")
    agreement = {"signed": "2026-01-31", "reference": "AWS Artifact agreement 1"}
    assert load.load(config | {"phi-platform:agreement": agreement}).agreement is not None
