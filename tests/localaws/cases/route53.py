from __future__ import annotations

from tests.localaws.case import Case, Need, Ref

ZONE = {"zone": Need("aws:route53/zone:Zone", {"name": "clinic.example.org", "tags": {}})}
ASKED = {
    "type": "HTTPS",
    "fqdn": "app.clinic.example.org",
    "port": 443,
    "resourcePath": "/health",
    "enableSni": True,
    "requestInterval": 30,
    "failureThreshold": 3,
    "regions": ["us-east-1", "us-west-1", "us-west-2"],
    "tags": {"DataClass": "internal"},
}


def place(target: str) -> list[dict[str, object]]:
    return [{"name": target, "zoneId": "ZQSVJUPU6J1EY", "evaluateTargetHealth": True}]


CASES = [
    Case(
        "aws:route53/zone:Zone",
        {"name": "staging.clinic.example.org", "comment": "clinic staging", "tags": {"DataClass": "public"}},
        {"comment": "clinic", "tags": {"DataClass": "internal"}},
    ),
    Case(
        "aws:route53/record:Record",
        {
            "zoneId": Ref("zone"),
            "name": "api.clinic.example.org",
            "type": "CNAME",
            "ttl": 300,
            "records": ["a.example.org"],
        },
        {"ttl": 60, "records": ["b.example.org"]},
        ZONE,
    ),
    Case(
        "aws:route53/record:Record",
        {
            "zoneId": Ref("zone"),
            "name": "app.clinic.example.org",
            "type": "A",
            "aliases": place("first.ca-central-1.elb.amazonaws.com"),
            "setIdentifier": "primary",
            "failoverRoutingPolicies": [{"type": "PRIMARY"}],
            "healthCheckId": Ref("check"),
        },
        {"aliases": place("second.ca-central-1.elb.amazonaws.com")},
        {
            **ZONE,
            "check": Need("aws:route53/healthCheck:HealthCheck", ASKED),
            "secondary": Need(
                "aws:route53/record:Record",
                {
                    "zoneId": Ref("zone"),
                    "name": "app.clinic.example.org",
                    "type": "A",
                    "aliases": place("site.ca-central-1.elb.amazonaws.com"),
                    "setIdentifier": "secondary",
                    "failoverRoutingPolicies": [{"type": "SECONDARY"}],
                },
            ),
        },
        name="Record-with-failover",
    ),
    Case(
        "aws:route53/healthCheck:HealthCheck",
        ASKED,
        {"resourcePath": "/api/health", "failureThreshold": 5, "tags": {"DataClass": "public"}},
    ),
    Case(
        "aws:route53/healthCheck:HealthCheck",
        {
            "type": "CLOUDWATCH_METRIC",
            "cloudwatchAlarmName": "clinic-healthy-targets",
            "cloudwatchAlarmRegion": "ca-central-1",
            "insufficientDataHealthStatus": "Unhealthy",
            "tags": {},
        },
        {"cloudwatchAlarmName": "clinic-other"},
        name="HealthCheck-of-an-alarm",
    ),
]
