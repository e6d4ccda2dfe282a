"""Discovery: private names of services, kept short."""

from __future__ import annotations

import pytest

from components.discovery import Discovery, DiscoveryArgs
from settings.compute import DiscoverySettings
from tests.unit.components.scopes import scope
from tests.unit.conftest import Recorder


@pytest.mark.requirement("LWO-CMP-07", "OMN-CMP-01")
def test_every_service_answers_under_a_name_only_the_vpc_knows(recorded: Recorder) -> None:
    settings = DiscoverySettings(namespace="clinic.internal", ttl_seconds=15)
    args = DiscoveryArgs(scope=scope(), settings=settings, services=["api", "web"], vpc_id="vpc-1")
    discovery: Discovery = recorded.run(lambda: Discovery("discovery", args))
    namespace = recorded.one("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")
    assert (namespace.inputs["name"], namespace.inputs["vpc"]) == ("clinic.internal", "vpc-1")
    found = recorded.of("aws:servicediscovery/service:Service")
    assert sorted(inputs["name"] for _, inputs in found) == ["api", "web"]
    for _, inputs in found:
        assert inputs["dnsConfig"] == {
            "namespaceId": namespace.outputs["arn"].rpartition("/")[2],
            "routingPolicy": "MULTIVALUE",
            "dnsRecords": [{"type": "A", "ttl": 15}],
        }
        assert inputs["healthCheckCustomConfig"] == {"failureThreshold": 1}
    assert discovery.addresses == {"api": "api.clinic.internal", "web": "web.clinic.internal"}
