"""DNS zone and certificates."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.scope import DataClass, Scope
from settings.edge import DomainSettings


@dataclass(frozen=True, kw_only=True)
class DomainArgs:
    """Inputs of `Domain`."""

    scope: Scope
    settings: DomainSettings


class Domain(pulumi.ComponentResource):
    """The hosted zone of the system: the one given, or a new one whose name servers the parent domain must name.

    Certificates of a new zone stay pending, and `up` waits, until the parent domain delegates to `name_servers`.
    """

    zone_id: pulumi.Output[str]
    name_servers: pulumi.Output[list[str]]  # empty for a zone that was given

    def __init__(self, name: str, args: DomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:certificates:Domain", name, {}, opts)
        from pulumi_aws import route53

        settings = args.settings
        if settings.zone_id is not None:
            self.zone_id = pulumi.Output.from_input(settings.zone_id)
            self.name_servers = pulumi.Output.from_input(list[str]())
        else:
            zone = route53.Zone(
                f"{name}-zone",
                name=settings.name,
                comment=f"{args.scope.system} {args.scope.environment}",
                tags=args.scope.tagged(DataClass.PUBLIC, settings.name),
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.zone_id = zone.zone_id
            self.name_servers = zone.name_servers.apply(list)
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers})


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """Inputs of `Certificate`.

    domain_name: the one name it is for.   zone_id: hosted zone that proves it.
    region: None: the provider's; `us-east-1` for CloudFront (ALL-07).
    """

    scope: Scope
    domain_name: str
    zone_id: pulumi.Input[str]
    region: str | None = None


class Certificate(pulumi.ComponentResource):
    """An ACM certificate proven through DNS, so that ACM renews it by itself.

    Source: ACM User Guide, "DNS validation"; 45 CFR 164.312(e)(2)(ii).
    """

    arn: pulumi.Output[str]  # known once the certificate is issued

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:certificates:Certificate", name, {}, opts)
        from pulumi_aws import acm, route53

        child = pulumi.ResourceOptions(parent=self)
        certificate = acm.Certificate(
            f"{name}-certificate",
            domain_name=args.domain_name,
            validation_method="DNS",
            key_algorithm="RSA_2048",
            options={"certificate_transparency_logging_preference": "ENABLED"},
            tags=args.scope.tagged(DataClass.PUBLIC, args.domain_name),
            region=args.region,
            opts=child,
        )
        proof = certificate.domain_validation_options[0]
        record = route53.Record(
            f"{name}-proof",
            zone_id=args.zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=300,
            allow_overwrite=True,  # the same name has the same proof in every region
            opts=child,
        )
        validation = acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            region=args.region,
            opts=child,
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})
