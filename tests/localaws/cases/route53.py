from __future__ import annotations

from tests.localaws.case import Case, Need, Ref

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
        {"zone": Need("aws:route53/zone:Zone", {"name": "clinic.example.org", "tags": {}})},
    ),
]
