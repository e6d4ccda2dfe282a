"""ACM: certificates and their validation."""

from __future__ import annotations

import time
from typing import ClassVar

from localaws.emulated import refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import from_tags, to_tags

ISSUED_WITHIN_SECONDS = 5


@register
class Certificate(Shadowed):
    type = "aws:acm/certificate:Certificate"
    inputs = frozenset({"domainName", "validationMethod", "subjectAlternativeNames", "keyAlgorithm", "options", "tags"})
    replace_on = inputs - {"tags", "options"}
    defaults: ClassVar[Props] = {"keyAlgorithm": "RSA_2048", "validationMethod": "DNS"}
    left_to_aws = frozenset({"options"})
    cloudformation = "AWS::CertificateManager::Certificate"
    renames: ClassVar[dict[str, str]] = {"options": "-", "tags": "-", "subjectAlternativeNames": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        names = inputs.get("subjectAlternativeNames") or []
        return call.client("acm").request_certificate(
            DomainName=inputs["domainName"],
            ValidationMethod=inputs.get("validationMethod") or "DNS",
            **({"SubjectAlternativeNames": names} if names else {}),
            **({"Tags": to_tags(inputs["tags"])} if inputs["tags"] else {}),
        )["CertificateArn"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        client = call.client("acm")
        certificate = client.describe_certificate(CertificateArn=id)["Certificate"]
        proofs = [
            {
                "domainName": option["DomainName"],
                "resourceRecordName": option["ResourceRecord"]["Name"],
                "resourceRecordType": option["ResourceRecord"]["Type"],
                "resourceRecordValue": option["ResourceRecord"]["Value"],
            }
            for option in certificate.get("DomainValidationOptions", [])
            if "ResourceRecord" in option
        ]
        return {
            "domainName": certificate["DomainName"],
            "arn": id,
            "status": certificate["Status"],
            "domainValidationOptions": proofs,
            "tags": from_tags(client.list_tags_for_certificate(CertificateArn=id).get("Tags")),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("acm")
        gone = [{"Key": name} for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.remove_tags_from_certificate(CertificateArn=id, Tags=gone)
        if new["tags"]:
            client.add_tags_to_certificate(CertificateArn=id, Tags=to_tags(new["tags"]))

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("acm").delete_certificate(CertificateArn=id)


@register
class CertificateValidation(Handler):
    """Waits until a certificate is issued: nothing in the account but that."""

    type = "aws:acm/certificateValidation:CertificateValidation"
    inputs = frozenset({"certificateArn", "validationRecordFqdns"})
    replace_on = inputs

    def create(self, call: Call, inputs: Props) -> str:
        arn = inputs["certificateArn"]
        deadline = time.monotonic() + ISSUED_WITHIN_SECONDS
        while call.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]["Status"] != "ISSUED":
            if time.monotonic() > deadline:
                refuse("DescribeCertificate", "PendingValidation", f"{arn} is not issued")
            time.sleep(0.1)
        return arn

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        certificate = call.client("acm").describe_certificate(CertificateArn=id)["Certificate"]
        return {"certificateArn": id} if certificate["Status"] == "ISSUED" else None

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Both inputs replace."""

    def delete(self, call: Call, id: str, known: Props) -> None:
        """It is only a wait."""
