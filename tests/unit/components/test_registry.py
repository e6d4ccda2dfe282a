"""Image repositories: immutable, scanned, encrypted, tidied."""

from __future__ import annotations

import json

import pytest

from components.registry import Registry, RegistryArgs, image_address, repository_name
from settings.compute import RegistrySettings
from settings.naming import NamingSettings
from tests.unit.components.scopes import KEY_ARN, scope
from tests.unit.conftest import Recorder


@pytest.mark.requirement("BER-CMP-01", "LWO-CMP-12", "OMN-CMP-03")
def test_every_service_has_a_hardened_repository(recorded: Recorder) -> None:
    args = RegistryArgs(scope=scope(), settings=RegistrySettings(), services=["api", "web"], kms_key_arn=KEY_ARN)
    registry: Registry = recorded.run(lambda: Registry("registry", args))
    found = recorded.of("aws:ecr/repository:Repository")
    assert sorted(inputs["name"] for _, inputs in found) == ["berthcare-staging-api", "berthcare-staging-web"]
    for _, inputs in found:
        assert inputs["imageTagMutability"] == "IMMUTABLE"
        assert inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        assert inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY_ARN}]
        assert inputs["forceDelete"] is False
    assert registry.repository_arns["api"] == "arn:aws:ecr:ca-central-1:111122223333:repository/berthcare-staging-api"
    assert recorded.count("aws:ecr/repositoryPolicy:RepositoryPolicy") == 0


@pytest.mark.requirement("LWO-CMP-11", "LWO-N12")
def test_untagged_images_go_and_the_newest_stay(recorded: Recorder) -> None:
    settings = RegistrySettings(keep_images=5, untagged_days=3)
    args = RegistryArgs(scope=scope(), settings=settings, services=["api"], kms_key_arn=KEY_ARN)
    recorded.run(lambda: Registry("registry", args))
    rules = json.loads(recorded.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"])["rules"]
    assert [(r["selection"]["tagStatus"], r["selection"]["countNumber"]) for r in rules] == [
        ("untagged", 3),
        ("any", 5),
    ]
    assert [r["rulePriority"] for r in rules] == [1, 2]


def test_the_address_of_an_image_is_known_before_its_repository() -> None:
    repository = "111122223333.dkr.ecr.ca-central-1.amazonaws.com/berthcare-staging-api"
    assert image_address(scope(), "berthcare-staging-api", "1.0") == f"{repository}:1.0"
    assert image_address(scope(), "berthcare-staging-api", "sha256:ab") == f"{repository}@sha256:ab"


@pytest.mark.requirement("LWO-CMP-10")
def test_a_repository_may_be_shared_or_have_a_name_of_its_own() -> None:
    named = scope(naming=NamingSettings(names={"repository/api": "life-world-os-api"}))
    assert repository_name(scope(), "api") == "berthcare-staging-api"
    assert repository_name(named, "api") == "life-world-os-api"
    assert repository_name(named, "api", "shared-api") == "shared-api"
