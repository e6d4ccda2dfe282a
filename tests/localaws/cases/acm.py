from __future__ import annotations

from tests.localaws.case import Case, Need, Ref

CERTIFICATE = {
    "validationMethod": "DNS",
    "keyAlgorithm": "RSA_2048",
    "options": {"certificateTransparencyLoggingPreference": "ENABLED"},
    "tags": {"DataClass": "public"},
}

CASES = [
    Case(
        "aws:acm/certificate:Certificate",
        {"domainName": "staging.clinic.example.org", **CERTIFICATE},
        {"tags": {"DataClass": "internal"}},
    ),
    Case(
        "aws:acm/certificateValidation:CertificateValidation",
        {"certificateArn": Ref("certificate"), "validationRecordFqdns": ["_proof.clinic.example.org"]},
        None,
        {"certificate": Need("aws:acm/certificate:Certificate", {"domainName": "clinic.example.org", **CERTIFICATE})},
        gone=False,
        imports=None,
    ),
]
